//! `keyway-desktop [ADDRESS]`: the pages of a Keyway service in a window of their own.
#![cfg_attr(windows, windows_subsystem = "windows")]

use std::process::ExitCode;

use keyway_desktop::address::Address;
use keyway_desktop::window;

const HELP: &str = "Show the pages of a Keyway service in a window

Usage: keyway-desktop [ADDRESS]

  ADDRESS    Where the service answers, as `http://127.0.0.1:7878` or `https://keyway.example.com`. Without it, the
             service of this machine is found, or `keyway serve` is started and stopped with the window.
";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let wanted = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => None,
        ["-h" | "--help"] => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        ["-V" | "--version"] => {
            println!("keyway-desktop {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        [address] => match Address::read(address) {
            Ok(address) => Some(address),
            Err(error) => return refused(&error.to_string()),
        },
        _ => return refused("more than one address; name one, or none"),
    };
    match window::open(wanted) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refused(&format!("no window can be opened: {error}")),
    }
}

fn refused(message: &str) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::from(2)
}
