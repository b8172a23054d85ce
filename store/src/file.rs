//! Opening the file: what is looked at before SQLite may touch it, settings, and the steps from one
//! version of the tables to the next.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::ffi::SQLITE_READONLY_ROLLBACK;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::{Error, backup};

/// How the tables came to be; the place in the list is the version less one.
const MIGRATIONS: [&str; 27] = [
    include_str!("../migrations/1.sql"),
    include_str!("../migrations/2.sql"),
    include_str!("../migrations/3.sql"),
    include_str!("../migrations/4.sql"),
    include_str!("../migrations/5.sql"),
    include_str!("../migrations/6.sql"),
    include_str!("../migrations/7.sql"),
    include_str!("../migrations/8.sql"),
    include_str!("../migrations/9.sql"),
    include_str!("../migrations/10.sql"),
    include_str!("../migrations/11.sql"),
    include_str!("../migrations/12.sql"),
    include_str!("../migrations/13.sql"),
    include_str!("../migrations/14.sql"),
    include_str!("../migrations/15.sql"),
    include_str!("../migrations/16.sql"),
    include_str!("../migrations/17.sql"),
    include_str!("../migrations/18.sql"),
    include_str!("../migrations/19.sql"),
    include_str!("../migrations/20.sql"),
    include_str!("../migrations/21.sql"),
    include_str!("../migrations/22.sql"),
    include_str!("../migrations/23.sql"),
    include_str!("../migrations/24.sql"),
    include_str!("../migrations/25.sql"),
    include_str!("../migrations/26.sql"),
    include_str!("../migrations/27.sql"),
];

/// The version of the tables that this program writes.
pub const KNOWN: i64 = MIGRATIONS.len() as i64;

/// From this version on a store counts how often it was written.
const COUNTED: i64 = 10;

/// Stands in the header of every store: "KWAY".
const APPLICATION: i64 = 0x4B57_4159;

/// Earlier versions can damage a file in WAL mode when a checkpoint and a commit meet.
const NEEDED: (i32, &str) = (3_051_003, "3.51.3");

/// The first bytes of every SQLite file.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// How many statements a connection keeps prepared: more than there are, since preparing one takes longer than running it.
const STATEMENTS: usize = 128;

/// Up to this length a file is checked whole when it is opened; that takes well under a second.
const CHECKED_WHOLE: u64 = 32 << 20;

/// Opens the file for its one writer; makes it if there is none.
pub(crate) fn open_to_write(path: &Path, patience: Duration) -> Result<Connection, Error> {
    check_library()?;
    check_header(path)?;
    make(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let told = |source| Error::sqlite(path, source);
    let mut connection = Connection::open_with_flags(path, flags).map_err(told)?;
    connection.busy_timeout(patience).map_err(told)?;
    let version = match identity(&connection).map_err(told)? {
        // A file that was made and never written.
        (0, 0) if is_blank(&connection).map_err(told)? => 0,
        (APPLICATION, version) => version,
        _ => return Err(Error::Foreign { path: path.to_owned() }),
    };
    if version > KNOWN {
        return Err(Error::Newer { path: path.to_owned(), found: version, known: KNOWN });
    }
    if version >= COUNTED {
        check_log(&connection, path)?;
    }
    if version > 0 {
        check_short(&connection, path)?;
    }
    let mode: String =
        connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(told)?;
    if mode != "wal" {
        let detail = format!("its folder does not allow a write-ahead log (`{mode}` was offered)");
        return Err(Error::CannotWrite { path: path.to_owned(), detail });
    }
    connection
        .execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON")
        .map_err(told)?;
    if (1..KNOWN).contains(&version) {
        keep_before(&connection, path, version)?;
    }
    migrate(&mut connection).map_err(told)?;
    keep_statements(&connection).map_err(told)?;
    Ok(connection)
}

/// Opens the file to read alongside its writer.
pub(crate) fn open_to_read(path: &Path, patience: Duration) -> Result<Connection, Error> {
    match open_any(path, patience)? {
        (connection, KNOWN) => Ok(connection),
        (_, found) => Err(Error::Older { path: path.to_owned(), found, known: KNOWN }),
    }
}

/// Opens the file of this version or an earlier one to read it, and tells which.
pub(crate) fn open_any(path: &Path, patience: Duration) -> Result<(Connection, i64), Error> {
    check_library()?;
    if !path.exists() {
        return Err(Error::Missing { path: path.to_owned() });
    }
    check_header(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let told = |source| match Error::sqlite(path, source) {
        Error::CannotWrite { path, detail } => Error::CannotRead { path, detail },
        other => other,
    };
    let connection = Connection::open_with_flags(path, flags).map_err(told)?;
    connection.busy_timeout(patience).map_err(told)?;
    keep_statements(&connection).map_err(told)?;
    let path = path.to_owned();
    let identity = match identity(&connection) {
        // Its making was cut off. The next writer undoes that, and begins again.
        Err(source) if is_half_made(&source) => return Err(Error::Missing { path }),
        other => other.map_err(told)?,
    };
    match identity {
        (APPLICATION, found) if found > KNOWN => Err(Error::Newer { path, found, known: KNOWN }),
        (APPLICATION, found) => {
            if found >= COUNTED {
                check_log(&connection, &path)?;
            }
            Ok((connection, found))
        }
        (0, 0) if is_blank(&connection).map_err(told)? => Err(Error::Missing { path }),
        (0, found) => Err(Error::Older { path, found, known: KNOWN }),
        _ => Err(Error::Foreign { path }),
    }
}

/// Keeps statements for the next time. SQLite would plan them anew for each value that a plan might fit better; ours have
/// one plan that fits all.
fn keep_statements(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// True if SQLite would have to undo something, which a reader may not.
fn is_half_made(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_READONLY_ROLLBACK)
}

/// Reads the whole file for contradictions, if it is short enough for that at every opening.
pub(crate) fn check_short(connection: &Connection, path: &Path) -> Result<(), Error> {
    match std::fs::metadata(path) {
        Ok(file) if file.len() > CHECKED_WHOLE => Ok(()),
        Ok(_) | Err(_) => check(connection, path),
    }
}

/// Reads the whole file for contradictions: its structure, its indexes, and that each row of a log belongs to a run. A
/// row whose run is misspelt would be no gap in the log of any.
pub(crate) fn check(connection: &Connection, path: &Path) -> Result<(), Error> {
    let found: String = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(|source| Error::sqlite(path, source))?;
    if found != "ok" {
        return Err(Error::Damaged { path: path.to_owned(), detail: found });
    }
    check_references(connection, path, ORPHANS)
}

/// Tells the table of rows of a log whose run is not there.
pub(crate) const ORPHANS: &str =
    "SELECT 'events' FROM events WHERE NOT EXISTS (SELECT 1 FROM runs WHERE id = events.run) LIMIT 1";

/// Looks for rows that rest on others which are not there.
pub(crate) fn check_references(connection: &Connection, path: &Path, pragma: &str) -> Result<(), Error> {
    let told = |source| Error::sqlite(path, source);
    let mut select = connection.prepare(pragma).map_err(told)?;
    let mut rows = select.query([]).map_err(told)?;
    let Some(row) = rows.next().map_err(told)? else { return Ok(()) };
    let table: String = row.get(0).map_err(told)?;
    let detail = format!("a row of the table `{table}` rests on one that is gone");
    Err(Error::Damaged { path: path.to_owned(), detail })
}

/// Looks whether the log reaches as far as what was copied out of it. Where a part of it cannot be read any more, SQLite
/// takes what stands before that from the log and all else from the file, which may be later.
fn check_log(connection: &Connection, path: &Path) -> Result<(), Error> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    if std::fs::metadata(log).map_or(true, |log| log.len() == 0) {
        return Ok(());
    }
    // In this order: somebody may be writing, and counts only go up.
    let in_file = count_in_file(path).unwrap_or(0);
    let read = count(connection).map_err(|source| Error::sqlite(path, source))?;
    if in_file <= read {
        return Ok(());
    }
    let detail =
        "a part of its `-wal` file cannot be read, and the file itself is later than what stands before that";
    Err(Error::Damaged { path: path.to_owned(), detail: detail.into() })
}

/// The count as it stands in the file alone. Nothing where it has none yet, or is being written just now.
fn count_in_file(path: &Path) -> Option<i64> {
    let mut name = String::from("file:");
    for byte in std::path::absolute(path).ok()?.to_str()?.bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' => name.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => name.push(char::from(byte)),
            byte => name.push_str(&format!("%{byte:02X}")),
        }
    }
    // Without its log, and without a lock.
    name.push_str("?immutable=1");
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    count(&Connection::open_with_flags(name, flags).ok()?).ok()
}

fn count(from: &Connection) -> rusqlite::Result<i64> {
    from.query_row("SELECT count FROM pulse", [], |row| row.get(0))
}

/// Counts a commit, within its transaction.
pub(crate) fn count_on(to: &Connection) -> rusqlite::Result<()> {
    to.prepare_cached("UPDATE pulse SET count = count + 1")?.execute([]).map(drop)
}

fn check_library() -> Result<(), Error> {
    if rusqlite::version_number() < NEEDED.0 {
        return Err(Error::Library { found: rusqlite::version(), needed: NEEDED.1 });
    }
    Ok(())
}

/// Looks at the first bytes, since SQLite would take an emptied file for a fresh one, and says less about
/// a file that was cut off.
fn check_header(path: &Path) -> Result<(), Error> {
    let unreadable =
        |error: std::io::Error| Error::CannotRead { path: path.to_owned(), detail: error.to_string() };
    let damaged = |detail: &str| Error::Damaged { path: path.to_owned(), detail: detail.into() };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unreadable(error)),
    };
    let about = file.metadata().map_err(unreadable)?;
    if about.is_dir() {
        return Err(Error::NotADatabase { path: path.to_owned() });
    }
    let length_beside = |ending: &str| {
        let mut beside = path.as_os_str().to_owned();
        beside.push(ending);
        std::fs::metadata(beside).map_or(0, |file| file.len())
    };
    // Its making was cut off, and SQLite undoes what was half written, its first bytes as well.
    if length_beside("-journal") > 0 {
        return Ok(());
    }
    let log = length_beside("-wal");
    if about.len() == 0 {
        return if log == 0 {
            Ok(())
        } else {
            Err(damaged("it is empty, but not the `-wal` file beside it"))
        };
    }
    let mut header = Vec::with_capacity(100);
    file.by_ref().take(100).read_to_end(&mut header).map_err(unreadable)?;
    if !header.starts_with(&MAGIC[..header.len().min(MAGIC.len())]) {
        return Err(Error::NotADatabase { path: path.to_owned() });
    }
    if header.len() < 100 {
        return Err(damaged("it ends within its header"));
    }
    // With a log beside it, a checkpoint may have been cut off, and SQLite completes it.
    let page = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        size => u64::from(size),
    };
    let pages = u64::from(u32::from_be_bytes([header[28], header[29], header[30], header[31]]));
    if log == 0 && about.len() < page * pages {
        return Err(damaged("its end is missing"));
    }
    Ok(())
}

/// Makes the file before SQLite does, readable by its owner alone. The files beside it inherit that.
fn make(path: &Path) -> Result<(), Error> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == ErrorKind::StorageFull => Err(Error::Full { path: path.to_owned() }),
        Err(error) => Err(Error::CannotWrite { path: path.to_owned(), detail: error.to_string() }),
    }
}

/// Whose file it is, and the version of its tables.
fn identity(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    let application = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let version = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok((application, version))
}

fn is_blank(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))
}

/// Keeps a copy of the file beside it before its tables change: `NAME.version-N`.
fn keep_before(connection: &Connection, path: &Path, version: i64) -> Result<(), Error> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".version-{version}"));
    let kept = PathBuf::from(name);
    let mut part = kept.clone().into_os_string();
    part.push(format!(".{}", std::process::id()));
    let part = PathBuf::from(part);
    let unwritable = |error: std::io::Error| match error.kind() {
        ErrorKind::StorageFull => Error::Full { path: kept.clone() },
        _ => Error::CannotWrite { path: kept.clone(), detail: error.to_string() },
    };
    // One that was cut off earlier may have left its own there.
    let _ = std::fs::remove_file(&part);
    let copied = make(&part).and_then(|()| backup::copy_of(connection, path, &part)).and_then(|()| {
        let told = |source| Error::sqlite(&part, source);
        let copy = Connection::open_with_flags(&part, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(told)?;
        // Another process may have changed the tables since; then it has kept a copy as well.
        let (_, found) = identity(&copy).map_err(told)?;
        if found == version { std::fs::rename(&part, &kept).map_err(unwritable) } else { Ok(()) }
    });
    // It is there unless it got its name.
    let _ = std::fs::remove_file(&part);
    copied?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(unwritable)
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Asked again within the transaction: another process may have been faster.
    let (_, version) = identity(&transaction)?;
    let applied = usize::try_from(version).unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(applied) {
        transaction.execute_batch(migration)?;
    }
    if applied < MIGRATIONS.len() {
        count_on(&transaction)?;
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use rusqlite::StatementStatus;

    use super::*;

    /// How often the plan of a kept statement was made anew in a hundred uses.
    fn made_anew(connection: &Connection, sql: &str) -> i32 {
        (0..100)
            .map(|_| {
                let mut select = connection.prepare_cached(sql).unwrap();
                let mut rows = select.query(("o", 1_i64)).unwrap();
                while rows.next().unwrap().is_some() {}
                drop(rows);
                select.reset_status(StatementStatus::RePrepare)
            })
            .sum()
    }

    #[test]
    fn a_kept_statement_is_planned_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let writer = open_to_write(&path, Duration::ZERO).unwrap();
        let reader = open_to_read(&path, Duration::ZERO).unwrap();
        let sql = "SELECT id FROM calls WHERE owner = ?1 AND time >= 0 ORDER BY time LIMIT ?2";
        for connection in [&writer, &reader] {
            assert_eq!(made_anew(connection, sql), 0);
        }
        reader.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, false).unwrap();
        reader.flush_prepared_statement_cache();
        assert!(made_anew(&reader, sql) > 90, "it would not be seen");
    }
}
