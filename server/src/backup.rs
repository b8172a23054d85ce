//! Backups of a data directory: made while runs go on, looked through, and put in its place.
//!
//! A backup is the database alone, in one file. It holds secrets as the database does, sealed; the root key stands
//! elsewhere, and is in none.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use store::Writer;
use store::backup::{self, Counted};
use tempfile::{Builder, NamedTempFile, TempDir};
use vault::Findings;

use crate::error::Error;
use crate::home::{Home, sync_folder};
use crate::safe;

/// What looking through a backup found.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Runs, rows and values, all as they were written.
    pub counted: Counted,
    /// What is in its vault.
    pub sealed: Sealed,
}

/// What was found of the vault in a backup.
#[derive(Clone, Debug)]
pub enum Sealed {
    /// It was never used.
    Blank,
    /// It was opened whole, and this was found.
    Opened(Findings),
    /// It cannot be opened here.
    Shut {
        /// Why, in a sentence.
        why: String,
    },
}

/// What becomes of a database that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Present {
    /// Nothing is restored.
    Refuse,
    /// It is kept in a folder of its own, and the backup takes its place.
    SetAside,
}

/// What was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What the backup holds.
    pub counted: Counted,
    /// Where the database from before is.
    pub aside: Option<PathBuf>,
    /// Why its secrets do not open here; nothing where they do, or there are none.
    pub shut: Option<String>,
}

/// Writes a backup to a new file, for this user alone. It has its name once it is whole and on the disk, and not before.
/// Gives its length.
///
/// # Errors
/// Where there is nothing to back up, the file is there already, or it cannot be written.
pub fn make(home: &Home, to: &Path) -> Result<u64, Error> {
    let unusable = |source| Error::Backup { path: to.to_owned(), source };
    if to.exists() {
        return Err(unusable(io::ErrorKind::AlreadyExists.into()));
    }
    // SQLite writes beside it meanwhile: all that is gone with the folder.
    let scratch = beside(to).map_err(unusable)?;
    let part = part_in(scratch.path()).map_err(unusable)?;
    backup::copy(&home.database(), part.path()).map_err(vault::Error::from)?;
    let length = part.as_file().metadata().map_err(unusable)?.len();
    part.persist_noclobber(to).map_err(|error| unusable(error.error))?;
    sync_folder(folder(to)).map_err(unusable)?;
    note_last(home, to);
    Ok(length)
}

/// Looks a backup through: its structure, the seal of each row, and, where the root key is at hand, each secret and the
/// audit. Nothing about it is changed.
///
/// # Errors
/// Where it is damaged, of a later version, or cannot be read.
pub fn check(home: &Home, file: &Path) -> Result<Checked, Error> {
    let counted = backup::check(file).map_err(vault::Error::from)?;
    // A vault writes its file when it is opened.
    let scratch = beside(file).or_else(|_| tempfile::tempdir());
    let scratch = scratch.map_err(|source| Error::Backup { path: file.to_owned(), source })?;
    let copy = scratch.path().join("keyway.db");
    let mut part = part_in(scratch.path()).map_err(|source| Error::Backup { path: copy.clone(), source })?;
    fill(&mut part, file)?;
    part.persist(&copy).map_err(|error| Error::Backup { path: copy.clone(), source: error.error })?;
    let vault = safe::at(home, &copy)?;
    let sealed = match vault.verify() {
        Ok(findings) => Sealed::Opened(findings),
        Err(vault::Error::Blank) => Sealed::Blank,
        Err(error) if is_shut(&error) => Sealed::Shut { why: crate::chain(&error) },
        Err(error) => return Err(error.into()),
    };
    Ok(Checked { counted, sealed })
}

/// Puts a backup in the place of the database, once it was looked through. The database from before, if there is one,
/// is kept.
///
/// # Errors
/// Where the backup is not whole, somebody moves runs here or writes beside them, a database is there that is not to be set aside, or
/// something cannot be written: then the database is as it was.
pub fn restore(home: &Home, file: &Path, present: Present) -> Result<Restored, Error> {
    let counted = backup::check(file).map_err(vault::Error::from)?;
    let Some(_lock) = home.own()? else {
        return Err(Error::Busy { path: home.directory().to_owned() });
    };
    let Some(_alone) = home.write_alone()? else {
        return Err(Error::Written { path: home.directory().to_owned() });
    };
    let (directory, database) = (home.directory(), home.database());
    let unusable = |source| Error::Directory { path: directory.to_owned(), source };
    if present == Present::Refuse && database.exists() {
        return Err(Error::Present { path: database });
    }
    let scratch = beside(&database).map_err(unusable)?;
    let mut part = part_in(scratch.path()).map_err(unusable)?;
    fill(&mut part, file)?;
    // Brought up to date while it has no name: what is cut off in the middle of that has none either.
    drop(Writer::open(part.path(), Duration::ZERO).map_err(vault::Error::from)?);
    if database.exists() {
        backup::settle(&database);
    }
    let aside = set_aside(directory, &database).map_err(unusable)?;
    part.persist(&database).map_err(|error| unusable(error.error))?;
    sync_folder(directory).map_err(unusable)?;
    let vault = safe::at(home, &database)?;
    let shut = match vault.was_restored("keyway", &file.display().to_string()) {
        Ok(()) | Err(vault::Error::Blank) => None,
        Err(error) if is_shut(&error) => Some(crate::chain(&error)),
        Err(error) => return Err(error.into()),
    };
    Ok(Restored { counted, aside, shut })
}

/// Keeps the files of a database in a folder of its own beside it; nothing where there are none. Where only the
/// database itself was there it stays, to be replaced at once.
fn set_aside(directory: &Path, database: &Path) -> io::Result<Option<PathBuf>> {
    let files = backup::files(database);
    if files.is_empty() {
        return Ok(None);
    }
    let name = format!("replaced-{}-", Timestamp::now().strftime("%Y-%m-%dT%H-%M-%S"));
    let aside = Builder::new().prefix(&name).tempdir_in(directory)?.keep();
    for file in &files {
        fs::hard_link(file, aside.join(file.file_name().unwrap_or_default()))?;
    }
    sync_folder(&aside)?;
    sync_folder(directory)?;
    // A log of one database beside another would be taken for the other's.
    if files.len() > 1 || files[0] != database {
        files.iter().try_for_each(fs::remove_file)?;
        sync_folder(directory)?;
    }
    Ok(Some(aside))
}

/// True where all is well but the key.
fn is_shut(error: &vault::Error) -> bool {
    use vault::Error;
    matches!(
        error,
        Error::Closed
            | Error::Sealed { .. }
            | Error::WrongRoot { .. }
            | Error::TwoSources { .. }
            | Error::NotARoot { .. }
            | Error::RootShared { .. }
            | Error::RootFile { .. }
    )
}

/// A file without its name yet, for this user alone. It is gone with this value, unless it gets its name.
fn part_in(folder: &Path) -> io::Result<NamedTempFile> {
    Builder::new().prefix(".keyway-").suffix(".part").tempfile_in(folder)
}

/// Copies a backup, and puts the copy on the disk.
fn fill(part: &mut NamedTempFile, from: &Path) -> Result<(), Error> {
    let unreadable = |source| Error::Backup { path: from.to_owned(), source };
    let mut file = File::open(from).map_err(unreadable)?;
    let copied = io::copy(&mut file, part.as_file_mut()).and_then(|_| part.as_file().sync_all());
    copied.map_err(|source| Error::Backup { path: part.path().to_owned(), source })
}

/// A folder for what is not whole yet, beside a file.
fn beside(file: &Path) -> io::Result<TempDir> {
    Builder::new().prefix(".keyway-").tempdir_in(folder(file))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The name of the file in a data directory that tells of the last backup.
const TOLD: &str = "keyway.backup";

/// When the last backup of a data directory was made here, and where; nothing where none was.
pub fn last(home: &Home) -> Option<(Timestamp, PathBuf)> {
    let said = fs::read_to_string(home.directory().join(TOLD)).ok()?;
    let (time, file) = said.trim_end().split_once(' ')?;
    Some((time.parse().ok()?, file.into()))
}

/// Notes that a backup was made. It is for whoever looks after the machine, and no part of the backup: where it cannot be
/// written, the backup is as good.
fn note_last(home: &Home, file: &Path) {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let text = format!("{} {}\n", Timestamp::now(), file.display());
    let _ = fs::write(home.directory().join(TOLD), text);
}
