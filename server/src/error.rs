//! Why the product cannot go on, with what to do about it.

use std::io;
use std::path::PathBuf;

/// We cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The data directory cannot be used.
    #[error("the data directory `{}` cannot be used", path.display())]
    Directory {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A backup cannot be read or written.
    #[error("the backup `{}` cannot be used", path.display())]
    Backup {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A database is where a backup was to be restored.
    #[error("there is a database at `{}` already", path.display())]
    Present {
        /// Where.
        path: PathBuf,
    },
    /// The socket beside the database cannot be used.
    #[error("the socket `{}` cannot be used", path.display())]
    Socket {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An address cannot be listened at.
    #[error("cannot listen at {address}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Another process owns the data directory and does not answer.
    #[error("another process uses the data directory `{}` and does not answer", path.display())]
    Busy {
        /// Where.
        path: PathBuf,
    },
    /// A command writes to the database beside its owner, so that it cannot be replaced.
    #[error("a command writes to the database in `{}` just now", path.display())]
    Written {
        /// Where.
        path: PathBuf,
    },
    /// Another process owns the data directory that the service needs for itself.
    #[error("{holder} has the data directory `{}`", path.display())]
    Owned {
        /// Where.
        path: PathBuf,
        /// Who has it.
        holder: String,
    },
    /// What was given for a connection does not fit.
    #[error("{why}")]
    Unfit {
        /// Why.
        why: String,
    },
    /// No workflow of this name is kept.
    #[error("no workflow `{name}` is deployed")]
    NoWorkflow {
        /// Its name.
        name: String,
    },
    /// A workflow has no version of this number.
    #[error("`{name}` has no version {number}")]
    NoVersion {
        /// The workflow.
        name: String,
        /// The number.
        number: i64,
    },
    /// No version comes before the one in force.
    #[error("no version of `{name}` comes before the one in force")]
    NoEarlier {
        /// The workflow.
        name: String,
    },
    /// A workflow calls one that is not found.
    #[error("`{workflow}` calls `{called}`, which is neither deployed nor in its folder")]
    Wanting {
        /// The workflow.
        workflow: String,
        /// What it calls.
        called: String,
    },
    /// The owner of the data directory went away in the middle of an answer.
    #[error("the process that carried the run has ended")]
    OwnerGone,
    /// The owner of the data directory said something that is not understood.
    #[error("the process that uses the data directory answers in another way than this version: {0}")]
    Protocol(String),
    /// The owner of the data directory cannot do what was asked.
    #[error("{message}")]
    Owner {
        /// What it says.
        message: String,
        /// What it says to do.
        help: Option<String>,
    },
    /// The workflow has errors.
    #[error("the workflow `{file}` has errors")]
    Workflow {
        /// Its file.
        file: String,
    },
    /// The workflow is right, but this version cannot carry it out.
    #[error("{}", .0.join("\n"))]
    NotYet(Vec<String>),
    /// What was said makes no sense to the run.
    #[error("{0}")]
    Wrong(String),
    /// A trigger lacks something without which it would hear nobody, or anybody.
    #[error("{why}")]
    Unready {
        /// What it lacks.
        why: String,
        /// What to do.
        help: String,
    },
    /// Nobody would own something any more.
    #[error("somebody has to own it, and nobody else does")]
    LastOwner,
    /// An account would have no way to sign in any more.
    #[error("the account has no other way to sign in")]
    LastWayIn,
    /// No trigger of a workflow has an address.
    #[error("no trigger of `{workflow}` has an address")]
    NoAddress {
        /// The workflow.
        workflow: String,
    },
    /// The inputs do not fit the workflow.
    #[error("{}", .0.join("\n"))]
    Inputs(Vec<String>),
    /// A run's log does not tell where its files are.
    #[error("the log of run `{run}` does not tell where its files are")]
    NoNote {
        /// Which.
        run: engine::run::RunId,
    },
    /// Somebody is not signed in at a service.
    #[error(transparent)]
    SignIn(#[from] connectors::signin::Refusal),
    /// The vault cannot go on, or may not.
    #[error(transparent)]
    Vault(#[from] vault::Error),
    /// The driver cannot go on.
    #[error(transparent)]
    Driver(#[from] runtime::driver::Error),
}

impl Error {
    /// What to do about it, where something can be done.
    pub fn help(&self) -> Option<String> {
        match self {
            Error::Backup { source, .. } => Some(backup_help(source).into()),
            Error::Present { .. } => {
                Some("`--replace` restores the backup in its place, and keeps it in a folder beside".into())
            }
            Error::Directory { .. } => Some("give another one with `--data DIR`".into()),
            Error::Socket { .. } => Some("give another data directory with `--data DIR`".into()),
            Error::Listen { .. } => {
                Some("give another address with `--listen ADDRESS:PORT`, or none with `--no-http`".into())
            }
            Error::Written { .. } => Some("try again when it has ended".into()),
            Error::Busy { .. } => {
                Some("wait for it, end it, or give another data directory with `--data DIR`".into())
            }
            Error::Owned { .. } => Some(
                "one process serves a data directory: end that one, or give another directory with `--data DIR`"
                    .into(),
            ),
            Error::NoWorkflow { .. } => Some("`keyway workflows` lists them; `keyway deploy FILE` adds one".into()),
            Error::NoVersion { name, .. } | Error::NoEarlier { name } => {
                Some(format!("`keyway versions {name}` lists them"))
            }
            Error::Wanting { .. } => Some("deploy the other one first, or put its file beside this one".into()),
            Error::OwnerGone => Some("`keyway resume` takes up what is not finished".into()),
            Error::Protocol(_) => Some("end the other process, then try again".into()),
            Error::Owner { help, .. } => help.clone(),
            Error::Workflow { file } => Some(format!("`keyway check {file}` shows them")),
            Error::NotYet(_) => Some("a later version will run it".into()),
            Error::Wrong(_) => Some("`keyway show RUN` tells how the run stands".into()),
            Error::Inputs(_) => Some("give inputs with `--input NAME=VALUE` or `--inputs FILE`".into()),
            Error::LastOwner => Some("make somebody else an owner first".into()),
            Error::LastWayIn => Some("`keyway user password NAME` gives it a password first".into()),
            Error::SignIn(_) | Error::Unfit { .. } => None,
            Error::Unready { help, .. } => Some(help.clone()),
            Error::NoAddress { .. } => Some("`keyway webhooks` lists the addresses there are".into()),
            Error::NoNote { .. } => Some("start the workflow again".into()),
            Error::Vault(error) => error.help(),
            Error::Driver(error) => error.help().map(str::to_owned),
        }
    }
}

fn backup_help(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AlreadyExists => "give the name of a file that is not there yet",
        io::ErrorKind::StorageFull => "make room on the disk; nothing was written under that name",
        _ => "check that the file or its folder is there, and their owner and permissions",
    }
}
