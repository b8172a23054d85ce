//! Backups of a data directory: made while runs go on, looked through, and put in its place.
//!
//! A backup is the database in one file, and beside it a folder with the contents of large files, where there are any. It
//! holds secrets as the database does, sealed; the root key stands elsewhere, and is in none.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use connectors::contents::Contents;
use dsl::value::Hash;
use jiff::Timestamp;
use runtime::journal::sqlite::Sqlite;
use store::Writer;
use store::backup::{self, Counted};
use tempfile::{Builder, NamedTempFile, TempDir};
use vault::Findings;

pub use connectors::contents::Copied;

use crate::error::Error;
use crate::home::{Home, sync_folder};
use crate::safe;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The length of the file, in bytes.
    pub length: u64,
    /// The contents of large files that stand beside it.
    pub contents: Copied,
    /// Where they stand.
    pub folder: PathBuf,
}

/// What looking through a backup found.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Runs, rows and values, all as they were written.
    pub counted: Counted,
    /// What is in its vault.
    pub sealed: Sealed,
    /// The contents of large files beside it.
    pub contents: Copied,
    /// Contents that its runs refer to and that are not beside it.
    pub missing: Vec<Hash>,
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
    /// Contents that its runs refer to and that are not here: a step that needs one fails.
    pub missing: Vec<Hash>,
}

/// Writes a backup to a new file, for this user alone. It has its name once it is whole and on the disk, and not before:
/// the folder of contents has its name just before it.
///
/// # Errors
/// Where there is nothing to back up, the file or its folder is there already, or something cannot be written.
pub fn make(home: &Home, to: &Path) -> Result<Made, Error> {
    let unusable = |source| Error::Backup { path: to.to_owned(), source };
    let named = contents_of(to);
    for taken in [to, &named] {
        if taken.exists() {
            return Err(Error::Backup {
                path: taken.to_owned(),
                source: io::ErrorKind::AlreadyExists.into(),
            });
        }
    }
    // SQLite writes beside it meanwhile: all that is gone with the folder.
    let scratch = beside(to).map_err(unusable)?;
    let part = part_in(scratch.path()).map_err(unusable)?;
    let (from, into) = (home.contents(), scratch.path().join("contents"));
    // Before the database, since what is there may be cleaned away meanwhile, and behind it, since more may come: what is
    // younger than a copy takes is not cleaned away.
    let before = from.copy_to(&Contents::new(&into)).map_err(unusable)?;
    backup::copy(&home.database(), part.path()).map_err(vault::Error::from)?;
    let behind = from.copy_to(&Contents::new(&into)).map_err(unusable)?;
    let contents = Copied {
        files: before.files + behind.files,
        bytes: before.bytes + behind.bytes,
        damaged: behind.damaged,
    };
    let length = part.as_file().metadata().map_err(unusable)?.len();
    if contents.files > 0 {
        fs::rename(&into, &named).map_err(unusable)?;
    }
    part.persist_noclobber(to).map_err(|error| unusable(error.error))?;
    sync_folder(folder(to)).map_err(unusable)?;
    note_last(home, to);
    Ok(Made { length, contents, folder: named })
}

/// The folder beside a backup that has the contents of its large files.
fn contents_of(backup: &Path) -> PathBuf {
    let mut name = OsString::from(backup);
    name.push(".contents");
    name.into()
}

/// What a database refers to of the contents of files, but for those that are there.
fn lacking(database: &Path, contents: &Contents) -> Result<Vec<Hash>, Error> {
    let journal = Sqlite::open_to_read(database)?;
    let needed = runtime::local::files(&journal)?;
    if needed.is_empty() {
        return Ok(vec![]);
    }
    let unusable =
        |source| Error::Directory { path: contents.folder().unwrap_or(database).to_owned(), source };
    let there: BTreeSet<Hash> = contents.all().map_err(unusable)?.into_iter().map(|(hash, _)| hash).collect();
    Ok(needed.difference(&there).copied().collect())
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
    let kept = Contents::new(contents_of(file));
    let contents = kept.look_through().map_err(|source| Error::Backup { path: contents_of(file), source })?;
    Ok(Checked { counted, sealed, contents, missing: lacking(&copy, &kept)? })
}

/// Puts a backup in the place of the database, once it was looked through, and the contents of its files to those that are
/// there. The database from before, if there is one, is kept.
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
    let from = contents_of(file);
    let copied = Contents::new(&from).copy_to(&home.contents()).map_err(unusable)?;
    if let Some(damaged) = copied.damaged.first() {
        let source = io::Error::new(io::ErrorKind::InvalidData, format!("`{damaged}` is not what it was"));
        return Err(Error::Backup { path: from, source });
    }
    let missing = lacking(part.path(), &home.contents())?;
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
    Ok(Restored { counted, aside, shut, missing })
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
