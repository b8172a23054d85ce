//! What is said over the socket beside the database: one JSON line a request, JSON lines as the answer, one request after
//! another. Only who follows a run says nothing more.

use engine::command::Emitted;
use engine::event::Recorded;
use engine::run::RunId;
use runtime::clean::{Cleaned, Keeping};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::error::Error;
use crate::live::Piece;
use crate::order::Order;
use crate::owner::callers::Address;
use crate::owner::deploy::{Deployment, Outcome, Wish};
use crate::words::{Again, Word};

/// The longest line: a workflow of 1 MB, its inputs, or what one input caused.
const LONGEST: u64 = 64 * 1024 * 1024;

/// What a process asks of the owner of a data directory.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Request {
    /// Start a run. Answered by `Started`.
    Run(Order),
    /// Take up one run, or all that are unfinished. Answered by `Resumed`.
    Resume {
        /// Which; nothing means all.
        run: Option<RunId>,
        /// Whether its calls may go to private addresses.
        allow_private: bool,
    },
    /// Cancel a run. Answered by `Done`.
    Cancel {
        /// Which.
        run: RunId,
        /// Whether the calls of its `finally` blocks may go to private addresses.
        allow_private: bool,
    },
    /// Say something to a run. Answered by `Done`.
    Say {
        /// Which.
        run: RunId,
        /// What.
        word: Word,
        /// Whether its calls may go to private addresses.
        allow_private: bool,
    },
    /// Raise a signal for whoever listens. Answered by `Done`.
    Signal(Emitted),
    /// Start a run that takes over from an earlier one. Answered by `Started`.
    Again(Again),
    /// Remove runs that need not be kept any more. Answered by `Cleaned`.
    Clean {
        /// Which are kept.
        keeping: Keeping,
        /// Whether they are removed, or only named.
        act: Act,
    },
    /// Keep a version of a workflow. Answered by `Deployed`.
    Deploy(Deployment),
    /// Enable, disable or roll back a workflow that is kept. Answered by `Deployed`.
    Put {
        /// Which.
        workflow: String,
        /// What is wanted.
        wish: Wish,
    },
    /// The addresses of the triggers of a workflow, or of one of them. Answered by `Addresses`.
    Addresses {
        /// Which.
        workflow: String,
        /// The canonical text of one trigger.
        trigger: Option<String>,
        /// Whether others take their place, or they are told.
        act: Act,
    },
    /// Tell what is late. Answered by `Watched`.
    Watch,
    /// Wait for the end of a run that is moved here. Answered by `Ended`.
    Await {
        /// Which.
        run: RunId,
    },
    /// Tell what happens in a run, from a row on. Answered by `Recorded` for each row, `Piece` for each piece of an answer
    /// where that is wanted, then `Done`.
    Follow {
        /// Which.
        run: RunId,
        /// The last row that is known already.
        seen: u64,
        /// Whether it may reach private addresses, where it has to be taken up for this.
        allow_private: bool,
        /// What is told.
        #[serde(default)]
        hears: Hears,
    },
}

/// What is told of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hears {
    /// What is recorded.
    #[default]
    Rows,
    /// Also the texts of answers, while they come.
    Answers,
}

/// Whether something is done, or only told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// It is done.
    Do,
    /// It is told what would be done.
    Tell,
}

/// What the service found when it looked last whether anything is late.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// When it looked.
    pub looked: Option<String>,
    /// What was late then.
    pub late: Vec<String>,
    /// How many times something was found late since the service began.
    pub found: u64,
    /// Why no schedule can be kept just now.
    pub trouble: Option<String>,
    /// The services that are asked again and again.
    #[serde(default)]
    pub polls: Vec<Polled>,
}

/// A service that is asked again and again, as it stands just now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Polled {
    /// The workflow.
    pub workflow: String,
    /// The trigger's canonical text.
    pub trigger: String,
    /// When it was asked last; nothing where it was not yet.
    pub asked: Option<String>,
    /// When it is asked next; nothing while it is being asked.
    pub next: Option<String>,
}

/// What the owner answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The run has begun, durably.
    Started(RunId),
    /// These runs are under way.
    Resumed(Vec<RunId>),
    /// The run has ended, in this state.
    Ended(String),
    /// This happened.
    Recorded(Recorded),
    /// This much of an answer came.
    Piece(Piece),
    /// This was removed, or would be.
    Cleaned(Cleaned),
    /// This is what became of the workflow.
    Deployed(Box<Outcome>),
    /// These are the addresses.
    Addresses(Vec<Address>),
    /// This was found late; nothing where no schedules are kept.
    Watched(Option<Watched>),
    /// That was all.
    Done,
    /// It cannot be done.
    Refused {
        /// Why.
        message: String,
        /// What to do.
        help: Option<String>,
    },
}

/// Reads one line. Nothing at the end of the stream.
///
/// # Errors
/// Where the line is too long, cut off, or not what was expected.
pub async fn read<T: DeserializeOwned>(from: &mut (impl AsyncBufRead + Unpin)) -> Result<Option<T>, Error> {
    let mut line = Vec::new();
    let got = from.take(LONGEST).read_until(b'\n', &mut line).await;
    match got {
        Ok(0) | Err(_) => Ok(None),
        Ok(_) if !line.ends_with(b"\n") => Ok(None),
        Ok(_) => serde_json::from_slice(&line).map(Some).map_err(|error| Error::Protocol(error.to_string())),
    }
}

/// Writes one line; false if the other side has gone.
pub async fn write(to: &mut (impl AsyncWrite + Unpin), message: &impl Serialize) -> bool {
    let mut line = serde_json::to_vec(message).expect("a message has only text keys");
    line.push(b'\n');
    to.write_all(&line).await.is_ok()
}
