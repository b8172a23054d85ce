//! What is wrong with an installation, and what to do: each thing is looked up, and nothing is changed.
//!
//! What is well is not told. What cannot be looked up is told as wrong, with why.

mod house;
mod work;

use jiff::{SignedDuration, Timestamp};

use crate::config::Config;
use crate::error::Error;
use crate::home::Home;
use crate::protocol::Watched;

/// How much a complaint weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Something does not work, or is in danger.
    Wrong,
    /// Something will not work before long, unless somebody does something.
    Soon,
}

impl Weight {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Weight::Wrong => "wrong",
            Weight::Soon => "soon",
        }
    }
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Of what, in a word.
    pub part: &'static str,
    /// How much it weighs.
    pub weight: Weight,
    /// What is the case.
    pub what: String,
    /// What to do.
    pub help: String,
}

/// What is looked at.
pub struct Patient<'a> {
    /// The data directory.
    pub home: &'a Home,
    /// What is configured.
    pub config: &'a Config,
    /// What a service says that is late; nothing where none runs.
    pub watched: Option<Watched>,
    /// Whether a process owns the data directory.
    pub is_owned: bool,
    /// What is too little or too old.
    pub limits: Limits,
    /// When it is looked.
    pub now: Timestamp,
}

/// What is too little or too old.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The fewest bytes that should be free on the disk.
    pub least_free: u64,
    /// The age from which on a backup is too old.
    pub backup_age: SignedDuration,
    /// How long before a token ends that is told.
    pub ahead: SignedDuration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            least_free: 1 << 30,
            backup_age: SignedDuration::from_hours(7 * 24),
            ahead: SignedDuration::from_hours(7 * 24),
        }
    }
}

/// Looks at everything; gives what is wrong, in the order in which it is best mended.
pub fn look(patient: &Patient<'_>) -> Vec<Complaint> {
    let mut found = vec![];
    for problem in &patient.config.problems {
        let what = format!("{}: {}", problem.place, problem.message);
        found.push(Complaint { part: "settings", weight: Weight::Wrong, what, help: problem.help.clone() });
    }
    house::directory(patient, &mut found);
    house::clock(&mut found);
    house::disk(patient, &mut found);
    house::port(patient, &mut found);
    // Nothing else can be looked up in a database that cannot be read, or that this program would change first.
    if house::database(patient, &mut found) {
        house::recorded(patient, &mut found);
        work::workflows(patient, &mut found);
        work::service(patient, &mut found);
        work::late(patient, &mut found);
        work::vault(patient, &mut found);
        work::backups(patient, &mut found);
    }
    found
}

impl Complaint {
    fn wrong(part: &'static str, what: impl Into<String>, help: impl Into<String>) -> Complaint {
        Complaint { part, weight: Weight::Wrong, what: what.into(), help: help.into() }
    }

    fn soon(part: &'static str, what: impl Into<String>, help: impl Into<String>) -> Complaint {
        Complaint { weight: Weight::Soon, ..Complaint::wrong(part, what, help) }
    }

    /// What could not be looked up.
    fn of(part: &'static str, error: &Error) -> Complaint {
        let help = error.help().unwrap_or_else(|| "mend that first, then ask again".into());
        Complaint::wrong(part, crate::chain(error), help)
    }
}
