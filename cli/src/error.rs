//! How a command ends: its exit code, and what an error looks like.

use std::process::ExitCode;

use crate::output;

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It was done.
    Done,
    /// The answer is no.
    No,
    /// It could not be tried.
    NotTried,
    /// It is not finished yet.
    Unfinished,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::No => 1,
            Exit::NotTried => 2,
            Exit::Unfinished => 3,
        })
    }
}

/// Why a command could not be tried, with what to do about it.
#[derive(Debug)]
pub struct Trouble {
    exit: Exit,
    message: String,
    help: Option<String>,
}

impl Trouble {
    /// Something that keeps the command from being tried.
    pub fn new(message: impl Into<String>) -> Trouble {
        Trouble { exit: Exit::NotTried, message: message.into(), help: None }
    }

    /// Something that is wrong with what was given: the answer is no.
    pub fn no(message: impl Into<String>) -> Trouble {
        Trouble { exit: Exit::No, ..Trouble::new(message) }
    }

    /// Adds what to do.
    pub fn help(mut self, text: impl Into<String>) -> Trouble {
        self.help = Some(text.into());
        self
    }

    /// Tells it, and gives the exit.
    pub fn tell(&self) -> Exit {
        output::error(&self.message, self.help.as_deref());
        self.exit
    }
}

impl From<server::vault::Error> for Trouble {
    fn from(error: server::vault::Error) -> Trouble {
        server::error::Error::from(error).into()
    }
}

impl From<server::error::Error> for Trouble {
    fn from(error: server::error::Error) -> Trouble {
        use server::DriverError;
        use server::error::Error;
        use server::vault;
        let exit = match error {
            Error::Inputs(_)
            | Error::LastOwner
            | Error::NoEarlier { .. }
            | Error::NoVersion { .. }
            | Error::NoWorkflow { .. }
            | Error::NotYet(_)
            | Error::Present { .. }
            | Error::SignIn(_)
            | Error::Unfit { .. }
            | Error::Wanting { .. }
            | Error::Workflow { .. }
            | Error::Wrong(_) => Exit::No,
            Error::Driver(DriverError::Full(_) | DriverError::Stale(_) | DriverError::Refused(_)) => Exit::No,
            Error::Vault(
                vault::Error::Blank
                | vault::Error::TooLong
                | vault::Error::Empty
                | vault::Error::NoKey
                | vault::Error::Name { .. }
                | vault::Error::Host { .. }
                | vault::Error::Base { .. }
                | vault::Error::Unknown { .. }
                | vault::Error::Several { .. }
                | vault::Error::Taken { .. }
                | vault::Error::Audit { .. },
            ) => Exit::No,
            _ => Exit::NotTried,
        };
        Trouble { exit, help: error.help(), message: server::chain(&error) }
    }
}
