//! What lies in the folder of files and is no business of workflows: the program's own data, and workflows
//! themselves.
//!
//! Paths are only compared here; nothing is opened by them.

use std::path::{Path, PathBuf};

/// What no workflow may touch, by its true paths.
pub(crate) struct Own {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Own {
    /// Finds out which of these are files and which are folders; what does not exist needs no care.
    pub(crate) fn new(paths: &[PathBuf]) -> Own {
        let found = paths.iter().filter_map(|path| path.canonicalize().ok());
        let (folders, files) = found.partition(|path| path.is_dir());
        Own { files, folders }
    }

    /// True for one of the files.
    pub(crate) fn is_file(&self, path: &Path) -> bool {
        !self.files.is_empty() && path.canonicalize().is_ok_and(|path| self.files.contains(&path))
    }

    /// True for one of the folders and all that is or would be in it.
    pub(crate) fn is_within(&self, path: &Path) -> bool {
        !self.folders.is_empty()
            && path
                .ancestors()
                .find_map(|path| path.canonicalize().ok())
                .is_some_and(|path| self.folders.iter().any(|folder| path.starts_with(folder)))
    }
}

/// True if a text has the key `steps` at its top level. A text that is not YAML is looked at by lines: it
/// may be a workflow that somebody is writing.
pub(crate) fn is_workflow(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    match dsl::yaml::read_value(&text) {
        Ok(value) => value.get("steps").is_some(),
        Err(_) => text.lines().any(|line| {
            let key = line.trim_start_matches(['{', ' ']).trim_start_matches(['"', '\'']);
            key.strip_prefix("steps")
                .is_some_and(|rest| rest.trim_start_matches(['"', '\'', ' ']).starts_with(':'))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::is_workflow;

    #[test]
    fn workflows_are_known_by_their_steps() {
        for text in [
            "steps: {}",
            "name: a\nsteps:\n  b: { wait: 1s }",
            "{ steps: {} }",
            "\"steps\": {}",
            "steps:\n\t:[",
        ] {
            assert!(is_workflow(text.as_bytes()), "{text}");
        }
        for text in ["", "a: { steps: 1 }", "- steps: 1", "stepson: 1", "steps", "a: [", "# steps: {}"] {
            assert!(!is_workflow(text.as_bytes()), "{text}");
        }
    }
}
