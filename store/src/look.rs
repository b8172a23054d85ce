//! What can be said of a file without changing it, as for somebody who looks after it.

use std::path::Path;
use std::time::Duration;

use crate::{Error, file};

/// How long is waited where SQLite must lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// The version of its tables, of this program or an earlier one.
///
/// # Errors
/// Where there is no store, or it is none of ours, damaged, or of a later program.
pub fn version(path: &Path) -> Result<i64, Error> {
    Ok(file::open_any(path, PATIENCE)?.1)
}

/// Reads the whole file for contradictions of its structure, and not the contents of its indexes; it takes about a second for a
/// gigabyte.
///
/// # Errors
/// Where it is damaged or cannot be read.
pub fn quick(path: &Path) -> Result<(), Error> {
    let (connection, _) = file::open_any(path, PATIENCE)?;
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|source| Error::sqlite(path, source))?;
    match found.as_str() {
        "ok" => Ok(()),
        _ => Err(Error::Damaged { path: path.to_owned(), detail: found }),
    }
}
