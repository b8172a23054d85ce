//! The file of a root key: for its owner alone, written whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use zeroize::Zeroizing;

use crate::error::Error;

/// A file that is longer holds no keys.
const LONGEST: u64 = 64 * 1024;

/// Reads the file; nothing where there is none. A file that others may read is refused.
pub(super) fn read(path: &Path) -> Result<Option<Zeroizing<String>>, Error> {
    let unusable = |source| Error::RootFile { path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(error)),
    };
    let about = file.metadata().map_err(unusable)?;
    if about.is_file() && about.mode() & 0o077 != 0 {
        return Err(Error::RootShared { path: path.to_owned() });
    }
    let room = usize::try_from(about.len().min(LONGEST)).unwrap_or(0) + 1;
    let mut text = Zeroizing::new(String::with_capacity(room));
    file.take(LONGEST).read_to_string(&mut text).map_err(unusable)?;
    Ok(Some(text))
}

/// Makes the file and its folder, for their owner alone. A file that is there stays as it is.
pub(super) fn make(path: &Path, text: &str) -> Result<(), Error> {
    match export(path, text) {
        Err(Error::RootFile { source, .. }) if source.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// Makes the file and its folder, for their owner alone; a file that is there is an error.
pub(super) fn export(path: &Path, text: &str) -> Result<(), Error> {
    let unusable = |source| Error::RootFile { path: path.to_owned(), source };
    if let Some(folder) = folder(path) {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(unusable)?;
    }
    // Under another name first, since a file that was cut off would be no key, and there is no other.
    let beside = beside(path);
    let linked = put(&beside, text).and_then(|()| fs::hard_link(&beside, path));
    let _ = fs::remove_file(&beside);
    linked.and_then(|()| keep_folder(path)).map_err(unusable)
}

/// Keeps others from changing the file, until what this gives is dropped.
pub(super) fn lock(path: &Path) -> Result<File, Error> {
    let unusable = |source| Error::RootFile { path: path.to_owned(), source };
    // The file itself is replaced; its folder stays.
    let folder = File::open(folder(path).unwrap_or(Path::new("."))).map_err(unusable)?;
    rustix::fs::flock(&folder, rustix::fs::FlockOperation::LockExclusive)
        .map_err(|errno| unusable(errno.into()))?;
    Ok(folder)
}

/// Puts other text in the place of the file, at once.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Error> {
    let unusable = |source| Error::RootFile { path: path.to_owned(), source };
    let beside = beside(path);
    let written = put(&beside, text).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written.and_then(|()| keep_folder(path)).map_err(unusable)
}

fn put(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn keep_folder(path: &Path) -> std::io::Result<()> {
    File::open(folder(path).unwrap_or(Path::new(".")))?.sync_all()
}

fn folder(path: &Path) -> Option<&Path> {
    path.parent().filter(|folder| !folder.as_os_str().is_empty())
}

fn beside(path: &Path) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    let mut chance = [0; 8];
    // Without chance the name is only less likely to be free.
    let _ = getrandom::fill(&mut chance);
    name.push(format!(".{:016x}.new", u64::from_le_bytes(chance)));
    name.into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_made_for_its_owner_alone_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/root.key");
        assert!(read(&path).unwrap().is_none());
        make(&path, "one").unwrap();
        make(&path, "two").unwrap();
        assert_eq!(read(&path).unwrap().unwrap().as_str(), "one");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        write(&path, "three").unwrap();
        assert_eq!(read(&path).unwrap().unwrap().as_str(), "three");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.key");
        make(&path, "one").unwrap();
        for mode in [0o640, 0o604, 0o660] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(read(&path), Err(Error::RootShared { .. })), "{mode:o}");
        }
    }
}
