//! Why the vault cannot go on, with what to do about it. No text here holds a secret or a part of one.

use std::path::PathBuf;

/// We cannot go on, or may not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system gives no randomness.
    #[error("the system gives no randomness")]
    Chance,
    /// It is too long to be kept.
    #[error("a secret may have at most {} bytes", crate::secrets::LONGEST)]
    TooLong,
    /// It is empty.
    #[error("the secret is empty")]
    Empty,
    /// It cannot be a key of a provider.
    #[error("a key holds no blanks and no line breaks, and this one does")]
    NoKey,
    /// It cannot be a name.
    #[error("`{name}` cannot be a name: letters, digits, `_`, `-`, `.` and `/`, at most 100")]
    Name {
        /// What was given.
        name: String,
    },
    /// It cannot be a host.
    #[error("`{host}` is not a host: a name or an address, without scheme, port and path")]
    Host {
        /// What was given.
        host: String,
    },
    /// It cannot be the base of a provider's addresses.
    #[error("`{url}` is not a base URL: https, a host, no user and no query")]
    Base {
        /// What was given.
        url: String,
    },
    /// No root key is at hand.
    #[error("the vault is sealed: {why}")]
    Sealed {
        /// Why.
        why: String,
    },
    /// It was never used.
    #[error("the vault is empty: it holds nothing yet")]
    Blank,
    /// Somebody sealed it.
    #[error("the vault is sealed: somebody sealed it")]
    Closed,
    /// The root key at hand is another one.
    #[error("the root key from {from} is not the one of this vault")]
    WrongRoot {
        /// Where it is from.
        from: String,
    },
    /// Two places give a root key.
    #[error("more than one place gives a root key: {places}")]
    TwoSources {
        /// Which.
        places: String,
    },
    /// What should be a root key is something else.
    #[error("{from} holds no root key: {why}")]
    NotARoot {
        /// Where it is from.
        from: String,
        /// What is wrong.
        why: &'static str,
    },
    /// Others may read the file of the root key.
    #[error("others may read the root key `{}`", path.display())]
    RootShared {
        /// The file.
        path: PathBuf,
    },
    /// The root key stands beside what it opens.
    #[error("the root key `{}` stands within the data directory", path.display())]
    RootInside {
        /// The file.
        path: PathBuf,
    },
    /// The file of the root key cannot be used.
    #[error("the root key `{}` cannot be used", path.display())]
    RootFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The place of the root key is not one that can be written.
    #[error("there is no new root key at {from}")]
    NoNewRoot {
        /// Where it is from.
        from: String,
    },
    /// There is no such thing.
    #[error("there is no {what} `{name}`")]
    Unknown {
        /// What it would be.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// There is one of that name already.
    #[error("the {what} `{name}` is there already")]
    Taken {
        /// What it is.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// More than one could be meant.
    #[error("there is more than one {what} `{name}`")]
    Several {
        /// What it would be.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Something else changed it at the same moment.
    #[error("somebody else changed {what} at the same moment")]
    Stale {
        /// What.
        what: &'static str,
    },
    /// It does not open: it, or what it belongs to, was changed by somebody else.
    #[error("{what} does not open: its row or a key above it was changed")]
    Damaged {
        /// What.
        what: String,
    },
    /// The audit was changed by somebody else.
    #[error("the audit is broken: {why}")]
    Audit {
        /// Where and how.
        why: String,
    },
    /// It may not be used so.
    #[error(transparent)]
    Refused(#[from] secret::Refused),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    /// What to do about it, where something can be done.
    pub fn help(&self) -> Option<String> {
        let text = match self {
            Error::Chance => "try again; if it stays, the machine's random device is broken",
            Error::TooLong | Error::Empty | Error::NoKey => "look at what was given, and give it again",
            Error::Name { .. } => "choose another name",
            Error::Host { .. } => "write it as in `--host api.example.com`",
            Error::Base { .. } => "write it as in `--base-url https://models.example.com/v1`",
            Error::Blank => "`keyway secrets add` or `keyway keys add` stores the first, and makes its keys",
            Error::Closed => "`keyway vault unseal` opens it again",
            Error::Sealed { .. } => {
                "give the root key as before (KEYWAY_ROOT_KEY_FILE, KEYWAY_ROOT_KEY, KEYWAY_ROOT_COMMAND or \
                 KEYWAY_PASSPHRASE_FILE)"
            }
            Error::WrongRoot { .. } => {
                "give the root key that the vault was made with; a new one cannot open what an old one sealed"
            }
            Error::TwoSources { .. } => "leave one of them",
            Error::NotARoot { .. } => {
                "a line of a root key is `keyway-root`, a number and 32 bytes in base64"
            }
            Error::RootShared { .. } => "take the right to read it from all others: `chmod 600`",
            Error::RootInside { .. } => "keep it elsewhere, so that a copy of the data does not open itself",
            Error::RootFile { .. } => "check that the file is there, and its owner and permissions",
            Error::NoNewRoot { .. } => "add a line with the next number there, beside the one in use",
            Error::Several { .. } => "give its id",
            Error::Unknown { what: "owner" | "user" | "organisation", .. } => {
                "`keyway owner list` and `keyway org list` show who there is"
            }
            Error::Unknown { what: "account" | "member", .. } => "`keyway user list` shows who there is",
            Error::Unknown { what: "invitation", .. } => "it was accepted, taken back, or its time is over",
            Error::Taken { what: "account", .. } => "choose another name, or give that account another role",
            Error::Unknown { what: "token", .. } => "`keyway token list` shows what there is",
            Error::Unknown { .. } => "`keyway secrets list` and `keyway keys list` show what there is",
            Error::Taken { what: "token", .. } => "choose another name, or remove that one first",
            Error::Taken { .. } => "choose another name, or use `rotate` to change what it holds",
            Error::Stale { .. } => "try again",
            Error::Damaged { .. } => "enter it again, or restore the database from a backup",
            Error::Audit { .. } => {
                "keep a copy of the database, find out who can write it, and restore it from a backup"
            }
            Error::Refused(refused) => return refused_help(refused),
            Error::Store(error) => error.help(),
        };
        Some(text.to_owned())
    }
}

fn refused_help(refused: &secret::Refused) -> Option<String> {
    match refused {
        secret::Refused::Unknown { name } => {
            Some(format!("`keyway secrets add {name} --host HOST` stores it"))
        }
        secret::Refused::Host { name, host } => Some(format!(
            "`keyway secrets rotate {name} --host {host}` stores it for this host; it must be entered again"
        )),
        _ => None,
    }
}
