//! The data directory: where the database, the socket and the lock stand, and who owns them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use connectors::contents::Contents;
use rustix::fs::{FlockOperation, flock};

use crate::error::Error;

/// A data directory. One process at a time owns it; others read alongside and ask the owner to act.
#[derive(Clone, Debug)]
pub struct Home {
    directory: PathBuf,
    keys: Option<PathBuf>,
}

/// Where a data directory keeps the contents of large files.
pub(crate) fn contents(directory: &Path) -> Contents {
    Contents::new(directory.join("contents"))
}

/// The right to write to a data directory, held as long as this lives.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Home {
    /// Names a data directory; nothing is created yet.
    pub fn new(directory: impl Into<PathBuf>) -> Home {
        Home { directory: directory.into(), keys: None }
    }

    /// Names the folder where root keys are kept, which is not the data directory.
    pub fn with_keys(self, folder: impl Into<PathBuf>) -> Home {
        Home { keys: Some(folder.into()), ..self }
    }

    /// The folder of root keys; nothing where they are only looked for in the environment.
    pub fn keys(&self) -> Option<&Path> {
        self.keys.as_deref()
    }

    /// The directory itself.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The database's file.
    pub fn database(&self) -> PathBuf {
        self.directory.join("keyway.db")
    }

    /// Where the contents of large files are kept.
    pub fn contents(&self) -> Contents {
        contents(&self.directory)
    }

    /// The socket that the owner listens on.
    pub fn socket(&self) -> PathBuf {
        self.directory.join("keyway.sock")
    }

    /// Who has it, as far as that is known.
    pub fn holder(&self) -> String {
        let said = fs::read_to_string(self.directory.join("keyway.lock")).unwrap_or_default();
        let said = said.trim();
        if said.is_empty() { "another process".into() } else { said.into() }
    }

    /// True if a process owns it and listens: it moves runs.
    pub fn is_owned(&self) -> bool {
        std::os::unix::net::UnixStream::connect(self.socket()).is_ok()
    }

    /// Creates the directory, for this user alone.
    ///
    /// # Errors
    /// Where it cannot be created.
    pub fn create(&self) -> Result<(), Error> {
        let unusable = |source| Error::Directory { path: self.directory.clone(), source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.directory).map_err(unusable)
    }

    /// Keeps the database from being replaced while a command writes to it beside the owner. It waits where that is
    /// happening just now.
    ///
    /// # Errors
    /// Where the directory cannot be created or written.
    pub fn write_beside(&self) -> Result<Lock, Error> {
        self.create()?;
        match self.locked("keyway.use", FlockOperation::LockShared)? {
            Some(file) => Ok(Lock { _file: file }),
            // A lock that is waited for is had.
            None => Err(Error::Busy { path: self.directory.clone() }),
        }
    }

    /// Waits for nobody: the right to replace the database, or nothing where a command writes to it beside the owner.
    ///
    /// # Errors
    /// Where the directory cannot be written.
    pub fn write_alone(&self) -> Result<Option<Lock>, Error> {
        let file = self.locked("keyway.use", FlockOperation::NonBlockingLockExclusive)?;
        Ok(file.map(|file| Lock { _file: file }))
    }

    /// A file of the directory with a lock on it; nothing where another process has that.
    fn locked(&self, name: &str, how: FlockOperation) -> Result<Option<File>, Error> {
        let unusable = |source| Error::Directory { path: self.directory.clone(), source };
        let path = self.directory.join(name);
        let opened = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
        let file = opened.map_err(unusable)?;
        loop {
            return match flock(&file, how) {
                Ok(()) => Ok(Some(file)),
                Err(rustix::io::Errno::INTR) => continue,
                Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
                Err(errno) => Err(unusable(io::Error::from(errno))),
            };
        }
    }

    /// Takes ownership, or nothing if another process has it. Creates the directory, for this user alone.
    ///
    /// # Errors
    /// Where the directory cannot be created or written.
    pub fn own(&self) -> Result<Option<Lock>, Error> {
        self.create()?;
        let unusable = |source| Error::Directory { path: self.directory.clone(), source };
        if !self.database().exists() {
            sync_name(&self.directory).map_err(unusable)?;
        }
        let Some(file) = self.locked("keyway.lock", FlockOperation::NonBlockingLockExclusive)? else {
            return Ok(None);
        };
        // Who it is stands there for others to tell; it is no part of the lock.
        let _ = file.set_len(0).and_then(|()| (&file).write_all(myself().as_bytes()));
        Ok(Some(Lock { _file: file }))
    }
}

/// This process, for people.
fn myself() -> String {
    let command = std::env::args().nth(1).map(|word| format!(" (`keyway {word}`)")).unwrap_or_default();
    format!("process {}{command}\n", std::process::id())
}

/// Puts the name of a directory on the disk, and those of the ones around it, which may be as fresh. A database in
/// a directory whose name is lost with the power would be lost whole, however often it was synced.
fn sync_name(directory: &Path) -> io::Result<()> {
    for folder in std::path::absolute(directory)?.ancestors().skip(1) {
        // Where it may not be read, it was not made here.
        if let Ok(folder) = File::open(folder) {
            synced(&folder)?;
        }
    }
    Ok(())
}

/// Puts the names in a folder on the disk.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    synced(&File::open(folder)?)
}

fn synced(folder: &File) -> io::Result<()> {
    match folder.sync_all() {
        // Some file systems have nothing to sync in folders.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_owner_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path().join("deep/data"));
        let first = home.own().unwrap();
        assert!(first.is_some());
        assert!(home.own().unwrap().is_none());
        drop(first);
        assert!(home.own().unwrap().is_some());
    }

    #[test]
    fn a_directory_below_a_file_is_an_error() {
        let folder = tempfile::NamedTempFile::new().unwrap();
        assert!(Home::new(folder.path().join("data")).own().is_err());
    }
}
