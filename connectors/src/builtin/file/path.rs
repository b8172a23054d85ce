//! Paths as authors write them: relative, with `/`, and downwards only.

use std::path::PathBuf;

use dsl::catalog::{Failure, FailureKind};

use crate::params::short;

/// Longer paths are no system's.
const LONGEST: usize = 4096;

/// Reads a path below the folder of files. Links are not looked at here; the sandbox follows them.
pub(crate) fn parse(text: &str) -> Result<PathBuf, Failure> {
    let fail = |kind, why: &str| Err(Failure::new(kind, format!("`{}` {why}", short(text))));
    if text.len() > LONGEST {
        return fail(FailureKind::Invalid, "is too long for a path");
    }
    if text.chars().any(char::is_control) {
        return fail(FailureKind::Invalid, "has a control character, which no path may have");
    }
    if text.contains('\\') {
        return fail(FailureKind::Invalid, "has a `\\`; folders are parted by `/`");
    }
    if text.starts_with('/') || text.as_bytes().get(1) == Some(&b':') {
        return fail(FailureKind::Refused, "is absolute; paths begin in the folder of files");
    }
    let mut path = PathBuf::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => return fail(FailureKind::Refused, "goes up by `..`, which no path may do"),
            name => path.push(name),
        }
    }
    Ok(path)
}

/// Reads the path of a file: one that has a name.
pub(crate) fn parse_file(text: &str) -> Result<PathBuf, Failure> {
    let path = parse(text)?;
    if path.as_os_str().is_empty() || text.ends_with('/') {
        let message = format!("`{}` does not name a file", short(text));
        return Err(Failure::new(FailureKind::Invalid, message));
    }
    Ok(path)
}
