//! How the world's ways to say no become failures.

use std::io;

use dsl::catalog::{Failure, FailureKind};

/// What went wrong with a file or folder, which is named as the author named it.
pub(crate) fn of_io(error: &io::Error, path: &str) -> Failure {
    let path = crate::params::short(path);
    let plain = |kind, message: &str| Failure::new(kind, format!("`{path}` {message}"));
    match error.kind() {
        io::ErrorKind::NotFound => plain(FailureKind::NotFound, "does not exist"),
        // The sandbox says so without asking the system.
        io::ErrorKind::PermissionDenied if error.raw_os_error().is_none() => {
            plain(FailureKind::Refused, "leads out of the folder of files")
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            plain(FailureKind::Permission, "may not be used by this program")
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            plain(FailureKind::Limit, "cannot be written: there is no room left")
        }
        io::ErrorKind::FileTooLarge => plain(FailureKind::Limit, "is too large for the file system"),
        io::ErrorKind::InvalidFilename => plain(FailureKind::Invalid, "is too long or cannot be a name"),
        io::ErrorKind::IsADirectory => plain(FailureKind::Invalid, "is a folder"),
        io::ErrorKind::NotADirectory => plain(FailureKind::Invalid, "has a part that is not a folder"),
        io::ErrorKind::AlreadyExists => plain(FailureKind::Conflict, "exists already"),
        // The kind has no stable name yet, only a text.
        other if other.to_string().starts_with("filesystem loop") => {
            plain(FailureKind::Refused, "is a link that leads round in a circle")
        }
        _ => plain(FailureKind::Server, &format!("cannot be used: {error}")),
    }
}

/// What went wrong on the way to a server. `call` is method, host and path.
pub(crate) fn of_egress(error: &egress::Error, call: &str) -> Failure {
    let (kind, retryable, answered) = match error {
        egress::Error::Network { .. } => (FailureKind::Network, true, false),
        egress::Error::Timeout { .. } => (FailureKind::Timeout, true, false),
        egress::Error::TooLarge { .. } => (FailureKind::Limit, false, true),
        egress::Error::Said { code, .. } => (crate::code::smtp::kind(*code), (400..500).contains(code), true),
        egress::Error::Database { state, .. } => {
            let (kind, retryable) = crate::code::sql::kind(state);
            (kind, retryable, true)
        }
        egress::Error::Mailbox { no, .. } => {
            let (kind, retryable) = crate::code::imap::kind(*no);
            (kind, retryable, true)
        }
        egress::Error::Invalid(_) => (FailureKind::Invalid, false, false),
        egress::Error::Refused(_) | egress::Error::Secret(_) => (FailureKind::Refused, false, false),
        // The enum may grow; what is not known here is not repeated.
        _ => (FailureKind::Network, false, false),
    };
    Failure { retryable, answered, ..Failure::new(kind, format!("`{call}`: {error}")) }
}
