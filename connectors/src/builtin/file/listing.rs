//! What is in a folder, by a pattern.

use std::path::PathBuf;

use cap_std::fs::{Dir, Metadata};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::Value;
use jiff::Timestamp;
use regex::Regex;

use super::folder::{Folder, is_unfinished};
use super::own::Own;
use super::path;
use crate::failure::of_io;

/// The most entries that are looked at.
const MOST: usize = 100_000;
/// The most entries that are given.
const MOST_GIVEN: usize = 10_000;
/// How deep folders are looked into.
const DEEPEST: usize = 64;

impl Folder {
    /// Lists a folder; with a pattern that has a `/`, also what is in the folders of it.
    pub(crate) fn list(&self, text: Option<&str>, pattern: Option<&str>) -> Result<Value, Failure> {
        let start = path::parse(text.unwrap_or_default())?;
        self.refuse_own(&start, text.unwrap_or_default())?;
        let root = self.open()?;
        let prefix = start.to_string_lossy().replace('\\', "/");
        let failed = |error| of_io(&error, if prefix.is_empty() { "the folder of files" } else { &prefix });
        let dir = if prefix.is_empty() { root } else { root.open_dir(&start).map_err(failed)? };
        let mut walk = Walk {
            pattern: pattern.map(compile).transpose()?,
            deep: pattern.is_some_and(|pattern| pattern.contains('/')),
            own: &self.own,
            start: self.root.join(&start),
            seen: 0,
            found: vec![],
        };
        walk.folder(&dir, &prefix, "", 0).map_err(|stop| match stop {
            Stop::Io(error) => failed(error),
            Stop::TooMany(most) => {
                let message =
                    format!("there are more than {most} files; ask for less by `path` and `pattern`");
                Failure::new(FailureKind::Limit, message)
            }
        })?;
        walk.found.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Value::list(walk.found.into_iter().map(|(_, value)| value).collect()))
    }
}

enum Stop {
    Io(std::io::Error),
    TooMany(usize),
}

struct Walk<'a> {
    own: &'a Own,
    /// Where the listing began.
    start: PathBuf,
    pattern: Option<Regex>,
    deep: bool,
    seen: usize,
    found: Vec<(String, Value)>,
}

impl Walk<'_> {
    /// `prefix` leads to where the listing began, `below` from there to this folder.
    fn folder(&mut self, dir: &Dir, prefix: &str, below: &str, depth: usize) -> Result<(), Stop> {
        for entry in dir.entries().map_err(Stop::Io)? {
            let entry = entry.map_err(Stop::Io)?;
            // A name that is not Unicode cannot be written in a workflow either.
            let Ok(name) = entry.file_name().into_string() else { continue };
            self.seen += 1;
            if self.seen > MOST {
                return Err(Stop::TooMany(MOST));
            }
            // A link that leads out, or nowhere, is not there for anybody who reads.
            let (Ok(kind), Ok(data)) = (entry.file_type(), dir.metadata(&name)) else { continue };
            if is_unfinished(&name) {
                continue;
            }
            let here = join(below, &name);
            if !kind.is_file() && self.own.is_within(&self.start.join(&here)) {
                continue;
            }
            if self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(&here)) {
                if self.found.len() == MOST_GIVEN {
                    return Err(Stop::TooMany(MOST_GIVEN));
                }
                let path = join(prefix, &here);
                self.found.push((path.clone(), described(path, &data)));
            }
            // Links are not followed: they may lead round in a circle.
            if self.deep && kind.is_dir() && depth < DEEPEST {
                match dir.open_dir(&name) {
                    Ok(inner) => self.folder(&inner, prefix, &here, depth + 1)?,
                    Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {}
                    Err(error) => return Err(Stop::Io(error)),
                }
            }
        }
        Ok(())
    }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn described(path: String, data: &Metadata) -> Value {
    let modified = data.modified().ok().and_then(|time| Timestamp::try_from(time.into_std()).ok());
    Value::object([
        ("path", Value::text(path)),
        ("size", Value::Int(if data.is_dir() { 0 } else { i64::try_from(data.len()).unwrap_or(i64::MAX) })),
        ("modified", modified.map_or(Value::Null, Value::Time)),
        ("folder", Value::Bool(data.is_dir())),
    ])
}

/// A pattern as a regular expression over whole paths.
fn compile(pattern: &str) -> Result<Regex, Failure> {
    let invalid = |why: &str| Failure::new(FailureKind::Invalid, format!("`pattern` {why}"));
    if pattern.len() > 1000 {
        return Err(invalid("is longer than 1000 bytes"));
    }
    let mut out = String::from("(?s)^");
    let mut rest = pattern;
    while let Some(letter) = rest.chars().next() {
        let (piece, taken) = if rest.starts_with("**/") {
            ("(?:[^/]+/)*".to_owned(), 3)
        } else if rest.starts_with("**") {
            (".*".to_owned(), 2)
        } else {
            match letter {
                '*' => ("[^/]*".to_owned(), 1),
                '?' => ("[^/]".to_owned(), 1),
                other => (regex::escape(&other.to_string()), other.len_utf8()),
            }
        };
        out.push_str(&piece);
        rest = &rest[taken..];
    }
    out.push('$');
    Regex::new(&out).map_err(|_| invalid("is too complicated"))
}

#[cfg(test)]
mod tests {
    use super::compile;

    #[test]
    fn patterns_match_whole_paths() {
        let matches = |pattern: &str, path: &str| compile(pattern).unwrap().is_match(path);
        for (pattern, path) in [
            ("*.csv", "a.csv"),
            ("*", ".hidden"),
            ("a?c", "abc"),
            ("**/*.csv", "a.csv"),
            ("**/*.csv", "x/y/a.csv"),
            ("x/**", "x/y/z"),
            ("x/*/z", "x/y/z"),
            ("a+(b)[c].txt", "a+(b)[c].txt"),
            ("ü*", "über"),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in
            [("*.csv", "x/a.csv"), ("*.csv", "a.csvx"), ("a?c", "a/c"), ("x/*", "x/y/z"), ("a.c", "abc")]
        {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }
}
