//! Files that were not there before: a failed write leaves nothing that would be in the way of the next.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Writes a file that is not there yet.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let file = File::create_new(path)?;
    fill(file, text).inspect_err(|_| {
        // The error of the write is told; that a part of it stays as well would tell no more.
        std::fs::remove_file(path).ok();
    })
}

fn fill(mut file: File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// True where something is at a path, be it a link to nothing.
pub fn is_taken(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_kept() {
        let path = std::env::temp_dir().join(format!("keyway-fresh-{}", std::process::id()));
        write(&path, "one").unwrap();
        assert_eq!(write(&path, "two").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one");
        std::fs::remove_file(&path).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_nothing_is_in_the_way_and_stays() {
        let path = std::env::temp_dir().join(format!("keyway-fresh-link-{}", std::process::id()));
        std::os::unix::fs::symlink("/nowhere/at/all", &path).unwrap();
        assert!(is_taken(&path) && write(&path, "one").is_err() && is_taken(&path));
        std::fs::remove_file(&path).unwrap();
    }
}
