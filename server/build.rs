//! Takes the examples of workflows with their tests into the program: a file that is put there is known, and no list is kept by
//! hand but that of what they are for.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = "../workflows";
    println!("cargo::rerun-if-changed={folder}");
    let mut names = vec![];
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if let Some(stem) = name.strip_suffix(".yaml").filter(|stem| !stem.ends_with(".test")) {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    let mut code = String::from("const EXAMPLES: &[(&str, &str, &str)] = &[\n");
    for name in names {
        let file = fs::canonicalize(format!("{folder}/{name}.yaml"))?;
        let test = fs::canonicalize(format!("{folder}/{name}.test.yaml"))?;
        let _ = writeln!(code, "    ({name:?}, include_str!({file:?}), include_str!({test:?})),");
    }
    let purposes = fs::canonicalize(format!("{folder}/purposes.txt"))?;
    let _ = writeln!(code, "];\nconst PURPOSES: &str = include_str!({purposes:?});");
    let out = env::var_os("OUT_DIR").unwrap_or_default();
    fs::write(Path::new(&out).join("examples.rs"), code)
}
