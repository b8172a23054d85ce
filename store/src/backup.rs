//! Copies of a store: made whole while others write it, looked through from the first row to the last, and put in
//! its place.
//!
//! Where copies lie and what they are called is the caller's business.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use sha2::{Digest, Sha256};

use crate::{Error, Reader, file};

/// How long is waited where SQLite must lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// The version from which on runs and their rows have seals, and that from which on signals and answers have.
const SEALED: i64 = 3;
const ALL_SEALED: i64 = 7;

/// What beside its own name belongs to a store.
const ENDINGS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// What looking through a store found in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// The version of its tables.
    pub version: i64,
    /// How many runs there are.
    pub runs: usize,
    /// How many of them have not ended.
    pub unfinished: usize,
    /// How many rows their logs have.
    pub rows: usize,
    /// How many large values there are.
    pub values: usize,
}

/// Copies a store as it is at one moment into an empty file, and puts that on the disk. Whoever writes the store goes
/// on meanwhile.
///
/// # Errors
/// Where the store cannot be read, or the copy not written; what was written of it by then is the caller's.
pub fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    copy_of(&file::open_any(from, PATIENCE)?.0, from, to)
}

/// Copies what a connection sees, without what was removed.
pub(crate) fn copy_of(connection: &Connection, from: &Path, to: &Path) -> Result<(), Error> {
    let unwritable = |detail: String| Error::CannotWrite { path: to.to_owned(), detail };
    let name = to.to_str().ok_or_else(|| unwritable("its name is not text in UTF-8".into()))?;
    connection.execute("VACUUM INTO ?1", [name]).map_err(|source| match Error::sqlite(from, source) {
        Error::Full { .. } => Error::Full { path: to.to_owned() },
        Error::CannotWrite { detail, .. } => unwritable(detail),
        Error::Other { source, .. } => Error::Other { path: to.to_owned(), source },
        other => other,
    })?;
    // SQLite syncs nothing of such a copy.
    File::open(to).and_then(|copy| copy.sync_all()).map_err(|error| match error.kind() {
        io::ErrorKind::StorageFull => Error::Full { path: to.to_owned() },
        _ => unwritable(error.to_string()),
    })
}

/// Looks through a whole store of this or an earlier version: its structure, the seal of each row, the hash of each
/// plan and value. Nothing is written.
///
/// # Errors
/// Where something is not what was written, or the store cannot be read.
pub fn check(path: &Path) -> Result<Counted, Error> {
    let (connection, version) = file::open_any(path, PATIENCE)?;
    file::check(&connection, path)?;
    file::check_references(&connection, path, "PRAGMA foreign_key_check")?;
    file::check_references(&connection, path, file::ORPHANS)?;
    let mut counted = Counted { version, ..Counted::default() };
    let reader = Reader::over(connection, path, PATIENCE);
    if version < SEALED {
        return Ok(counted);
    }
    for run in reader.runs()? {
        counted.runs += 1;
        counted.unfinished += usize::from(run.ended.is_none());
        reader.log(&run.id, 0, &mut |_| counted.rows += 1)?;
        let plan = reader.plan(&run.plan)?;
        check_hash(path, "plan", &run.plan, plan)?;
    }
    for hash in reader.values()? {
        counted.values += 1;
        let value = reader.value(&hash)?;
        check_hash(path, "value", &hash, value)?;
    }
    if version >= ALL_SEALED {
        reader.signals()?.into_iter().collect::<Result<Vec<_>, _>>()?;
        reader.answers()?;
    }
    Ok(counted)
}

fn check_hash(path: &Path, what: &str, hash: &[u8; 32], body: Option<Vec<u8>>) -> Result<(), Error> {
    match body {
        Some(body) if Sha256::digest(&body)[..] == hash[..] => Ok(()),
        Some(_) | None => {
            let short: String = hash[..4].iter().map(|byte| format!("{byte:02x}")).collect();
            let detail = format!("the {what} `{short}…` is not what was written");
            Err(Error::Damaged { path: path.to_owned(), detail })
        }
    }
}

/// The files that a store consists of, as far as they are there: its own first.
pub fn files(path: &Path) -> Vec<PathBuf> {
    let beside = ENDINGS.iter().map(|ending| {
        let mut beside = path.as_os_str().to_owned();
        beside.push(ending);
        PathBuf::from(beside)
    });
    std::iter::once(path.to_owned()).chain(beside).filter(|file| file.exists()).collect()
}

/// Brings all that was written into the store's own file, so that it is whole without those beside it. Where that
/// cannot be, they stay.
pub fn settle(path: &Path) {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let Ok(connection) = Connection::open_with_flags(path, flags) else { return };
    // What is damaged beyond opening is kept as it is. The last connection that closes removes the log.
    let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
}
