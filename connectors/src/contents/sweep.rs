//! Removing contents that nothing refers to any more.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::time::SystemTime;

use dsl::value::Hash;

use super::Contents;
use super::arrival::UNFINISHED;

/// What a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many files.
    pub files: usize,
    /// How many bytes they had.
    pub bytes: u64,
}

impl Contents {
    /// True if none are kept.
    pub fn is_empty(&self) -> bool {
        let Some(root) = &self.root else { return true };
        fs::read_dir(root).map_or(true, |mut entries| entries.next().is_none())
    }

    /// Removes the contents that are not needed, and those that never became whole. What came after a moment stays: a
    /// call that is under way has written it, and no log has it yet.
    ///
    /// # Errors
    /// Where the folder cannot be read, or a file not be removed.
    pub fn sweep(&self, needed: &BTreeSet<Hash>, before: SystemTime) -> io::Result<Swept> {
        let mut swept = Swept::default();
        let Some(root) = &self.root else { return Ok(swept) };
        let entries = match fs::read_dir(root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(swept),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_str().unwrap_or_default();
            let free = match Hash::parse(name) {
                Some(hash) => !needed.contains(&hash),
                None => name.starts_with(UNFINISHED),
            };
            let found = match entry.metadata() {
                // It was renamed or removed meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                found => found?,
            };
            if free && found.is_file() && found.modified()? < before {
                fs::remove_file(entry.path())?;
                swept.files += 1;
                swept.bytes += found.len();
            }
        }
        Ok(swept)
    }
}
