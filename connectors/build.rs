//! Takes the folders of manifests and families into the program: a file that is put there is known, and no list is
//! kept by hand.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let mut code = String::new();
    for (folder, name) in [("manifests", "MANIFESTS"), ("families", "FAMILIES")] {
        println!("cargo::rerun-if-changed={folder}");
        let mut files = vec![];
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "yaml") {
                files.push(fs::canonicalize(path)?);
            }
        }
        files.sort();
        let _ = writeln!(code, "const {name}: &[(&str, &str)] = &[");
        for file in files {
            let id = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let _ = writeln!(code, "    ({id:?}, include_str!({file:?})),");
        }
        let _ = writeln!(code, "];");
    }
    let out = env::var_os("OUT_DIR").unwrap_or_default();
    fs::write(Path::new(&out).join("embedded.rs"), code)
}
