//! Puts the settings, the pages and the icon of the shell into the program.

fn main() {
    tauri_build::build()
}
