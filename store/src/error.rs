//! Why a store cannot be used: each cause with the file and what to do.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;

/// We cannot go on with this file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such file.
    #[error("there is no store at `{path}`")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// It is not a database at all.
    #[error("`{path}` is not a database")]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// It is a database of another program.
    #[error("`{path}` is a database, but not one of keyway's")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A later version of the program has written it.
    #[error("`{path}` has version {found}, and this program knows versions up to {known}")]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: i64,
        /// The latest version that is known here.
        known: i64,
    },
    /// An earlier version of the program has written it, and it may only be read here.
    #[error("`{path}` has version {found}, and reading needs version {known}")]
    Older {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: i64,
        /// The version that is needed.
        known: i64,
    },
    /// Its content contradicts itself.
    #[error("`{path}` is damaged: {detail}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// The file or its folder may not be written.
    #[error("cannot write `{path}`: {detail}")]
    CannotWrite {
        /// The file.
        path: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// The file may not be read.
    #[error("cannot read `{path}`: {detail}")]
    CannotRead {
        /// The file.
        path: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// No room is left.
    #[error("no room is left to write `{path}`")]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Another process is writing it.
    #[error("`{path}` is in use by another process")]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// A row that was to be written is there already: somebody else moved the run.
    #[error("`{path}` has a row of run `{run}` that somebody else wrote")]
    Conflict {
        /// The file.
        path: PathBuf,
        /// The run.
        run: String,
    },
    /// An entry of the books that was to be written is there already, or is not as it was read.
    #[error("`{path}` has an entry about `{workflow}` that somebody else wrote")]
    Books {
        /// The file.
        path: PathBuf,
        /// The workflow.
        workflow: String,
    },
    /// The SQLite library is older than this program needs.
    #[error("SQLite {found} is too old, this program needs at least {needed}")]
    Library {
        /// The version at hand.
        found: &'static str,
        /// The version that is needed.
        needed: &'static str,
    },
    /// Anything else that SQLite says.
    #[error("`{path}` cannot be used: {source}")]
    Other {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

impl Error {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Error::Missing { .. } => {
                "name the folder of an existing store, or run a workflow once to make one"
            }
            Error::NotADatabase { .. } | Error::Foreign { .. } => {
                "name another folder for the store, or move the file away"
            }
            Error::Newer { .. } => "use the later version of keyway that wrote it",
            Error::Older { .. } => "run a workflow once with this version, which brings the store up to date",
            Error::Damaged { .. } => {
                "restore the file from a backup, or move it away to begin with an empty store"
            }
            Error::CannotWrite { .. } => "check the owner and the permissions of the file and its folder",
            Error::CannotRead { .. } => "check the owner and the permissions of the file",
            Error::Full { .. } => {
                "make room on the disk; nothing that was recorded is lost, and `keyway resume` goes on"
            }
            Error::Locked { .. } => "stop the other process, or name another folder for the store",
            Error::Books { .. } | Error::Conflict { .. } => "let only one process move the runs of a store",
            Error::Library { .. } => "build with the bundled SQLite",
            Error::Other { .. } => "try again; if it stays, report it with this message",
        }
    }

    /// Sorts what SQLite said about the file.
    pub(crate) fn sqlite(path: &Path, source: rusqlite::Error) -> Error {
        let path = path.to_owned();
        let detail = source.to_string();
        // The index beside the log cannot grow: SQLite calls it an I/O error, and it is a full disk.
        if source.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_IOERR_SHMSIZE) {
            return Error::Full { path };
        }
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Error::NotADatabase { path },
            Some(ErrorCode::DatabaseCorrupt) => Error::Damaged { path, detail },
            Some(ErrorCode::DiskFull) => Error::Full { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Locked { path },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                Error::CannotWrite { path, detail }
            }
            _ if is_of_another_type(&source) => Error::Damaged { path, detail },
            _ => Error::Other { path, source },
        }
    }
}

/// True where a column holds what was never written into it.
fn is_of_another_type(source: &rusqlite::Error) -> bool {
    matches!(
        source,
        rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..)
    )
}
