//! `keyway connector new`: a manifest to begin with.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use clap::Args as ClapArgs;
use server::connector::sample;

use crate::error::{Exit, Trouble};
use crate::output;

/// Write a manifest to begin with
#[derive(ClapArgs)]
pub struct Args {
    /// What workflows will call it: `a` to `z`, digits and `_`
    name: String,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if !args.name.starts_with(|letter: char| letter.is_ascii_lowercase()) || !args.name.chars().all(fits) {
        return Err(Trouble::no(format!("`{}` cannot be the name of a connector", args.name))
            .help("names are made of `a` to `z`, digits and `_`, and begin with a letter"));
    }
    let path = PathBuf::from(format!("{}.yaml", args.name));
    let told =
        |error: std::io::Error| Trouble::no(format!("`{}` cannot be written: {error}", path.display()));
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(told)?;
    file.write_all(sample::manifest(&args.name).as_bytes()).map_err(told)?;
    output::note(&format!("wrote {}", path.display()));
    if let Some(folder) = super::folder() {
        output::note(&format!("it is known to workflows once it stands in {}", folder.display()));
    }
    Ok(Exit::Done)
}
