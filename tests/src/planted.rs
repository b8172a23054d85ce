//! Faults that a test must find: a patch is applied to a copy of a crate, and one of the crate's own tests must fail
//! there, which passes without the patch.
//!
//! This file uses nothing but the standard library, since the simulator's faults are planted with it as well.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The most lines that a fault may change.
pub const LINES: usize = 10;

/// A copy of a crate in a workspace of its own, which shares the build folder.
pub struct Bench {
    name: String,
    /// The repository.
    pub root: PathBuf,
    /// The workspace of the copy.
    pub copy: PathBuf,
}

impl Bench {
    /// A place for the copy of this crate; nothing is written yet.
    ///
    /// # Panics
    /// Where the crate that asks does not stand in the repository.
    pub fn new(name: &str) -> Bench {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a crate stands in the repository");
        let copy = root.join(format!("target/planted-{name}"));
        Bench { name: name.into(), root: root.to_owned(), copy }
    }

    /// Writes these parts of the sound crate. Files that are as they should be keep their times, so that little is
    /// rebuilt.
    ///
    /// # Panics
    /// Where they cannot be read or written.
    pub fn lay_out(&self, parts: &[&str]) {
        let manifest = read(&self.root.join("Cargo.toml"));
        let mut lines: Vec<String> = vec![];
        for line in manifest.lines() {
            lines.push(match line.split_once(" = ") {
                Some(("members", _)) => format!("members = [{:?}]", self.name),
                Some(("default-members", _)) => continue,
                // Each fault is compiled once and runs for some seconds: to compile fast is faster.
                Some(("opt-level", _)) if lines.last().is_some_and(|line| line.ends_with(".engine]")) => {
                    "opt-level = 1".into()
                }
                Some((name, value)) if value.starts_with("{ path = \"") => {
                    format!("{name} = {{ path = {:?} }}", self.root.join(name))
                }
                _ => line.into(),
            });
        }
        write(&self.copy.join("Cargo.toml"), &(lines.join("\n") + "\n"));
        write(&self.copy.join("Cargo.lock"), &read(&self.root.join("Cargo.lock")));
        for part in parts {
            copy(&self.root.join(&self.name).join(part), &self.copy.join(&self.name).join(part));
        }
    }

    /// Applies a patch to the copy: each of its hunks must stand in its file exactly once.
    ///
    /// # Errors
    /// Where it does not fit or changes too much.
    ///
    /// # Panics
    /// Where the copy cannot be read or written.
    pub fn apply(&self, patch: &str) -> Result<(), String> {
        let changed = patch.lines().filter(|line| line.starts_with(['+', '-']) && !line.starts_with("+++ "));
        let changed = changed.filter(|line| !line.starts_with("--- ")).count();
        if changed == 0 || changed > LINES {
            return Err(format!("{changed} lines are changed"));
        }
        let file = field(patch, "+++ b/").ok_or("no file is named")?;
        let path = self.copy.join(&self.name).join(file);
        let mut text = read(&path);
        for hunk in patch.split("\n@@ ").skip(1) {
            let lines: Vec<&str> = hunk.lines().skip(1).collect();
            let side = |other: char| -> String {
                let lines = lines.iter().filter(|line| !line.starts_with(other));
                lines.map(|line| format!("{}\n", line.get(1..).unwrap_or_default())).collect()
            };
            let (old, new) = (side('+'), side('-'));
            if text.matches(&old).count() != 1 {
                return Err(format!("this does not stand there once:\n{old}"));
            }
            text = text.replace(&old, &new);
        }
        write(&path, &text);
        Ok(())
    }

    /// Builds a test of the copy; gives the command that runs it.
    ///
    /// # Panics
    /// Where it does not build.
    pub fn build(&self, test: &str) -> Command {
        let mut command = Command::new(env!("CARGO"));
        command.args(["test", "--offline", "-p", &self.name, "--test", test, "--no-run"]);
        command.current_dir(&self.copy).env("CARGO_TARGET_DIR", self.root.join("target"));
        // A fault changes little: most of what was compiled for the one before is good for it.
        command.env("CARGO_INCREMENTAL", "1");
        let built = command.output().expect("cargo can be run");
        let said = text(&built);
        assert!(built.status.success(), "the copy does not build:\n{said}");
        let line = field(&said, "Executable ").expect("cargo says what it built");
        let (_, program) = line.rsplit_once('(').expect("cargo says where");
        let program = self.copy.join(program.trim_end_matches(')'));
        let mut command = Command::new(program);
        // As cargo does it.
        command.current_dir(self.copy.join(&self.name)).env("RUST_BACKTRACE", "0");
        command
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        for entry in fs::read_dir(from).expect("a folder can be read").flatten() {
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else if fs::read(to).ok() != fs::read(from).ok() {
        fs::create_dir_all(to.parent().expect("a file stands in a folder")).expect("it can be made");
        fs::copy(from, to).expect("it can be written");
    }
}

/// Writes a file unless it says the same already.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return;
    }
    fs::create_dir_all(path.parent().expect("a file stands in a folder")).expect("it can be made");
    fs::write(path, text).expect("it can be written");
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a process said.
pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// What follows a word, up to the end of its line.
pub fn field(text: &str, word: &str) -> Option<String> {
    let at = text.find(word)? + word.len();
    text[at..].lines().next().map(|line| line.trim().to_string())
}
