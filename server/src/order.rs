//! What somebody wants to run, and what is kept beside the run.

use std::path::PathBuf;

use dsl::value::Value;
use engine::run::RunId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use vault::LOCAL;

/// A wish to run a workflow.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// The run's name, chosen by who wants it: asking twice starts it once.
    pub run: RunId,
    /// The workflow's file, for messages.
    pub file: PathBuf,
    /// Its text.
    pub text: String,
    /// The inputs given, an object.
    pub inputs: Value,
    /// The directory that `file.*` may use.
    pub files: PathBuf,
    /// The version that it is, where it was deployed.
    #[serde(default)]
    pub version: Option<i64>,
    /// The id of the owner whose secrets and keys the run may use.
    #[serde(default = "local")]
    pub owner: String,
    /// Whether calls may go to private addresses. Not kept with the run.
    pub allow_private: bool,
}

fn local() -> String {
    LOCAL.into()
}

/// What is kept with a run, so that it can be taken up again.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// The workflow's file, absolute.
    pub file: PathBuf,
    /// The directory that `file.*` may use, absolute.
    pub files: PathBuf,
    /// The version that the run started with, where it was deployed.
    pub version: Option<i64>,
    /// The id of the owner whose secrets and keys the run may use, and the runs that it calls.
    pub owner: String,
}

impl Note {
    /// As it stands in the log; the local owner is left out.
    pub fn to_value(&self) -> Value {
        let text = |path: &PathBuf| Value::text(path.to_string_lossy());
        let version = self.version.map(|version| ("version", Value::Int(version)));
        let paths = [("file", text(&self.file)), ("files", text(&self.files))];
        let owner = (self.owner != LOCAL).then(|| ("owner", Value::text(&*self.owner)));
        Value::object(paths.into_iter().chain(version).chain(owner))
    }

    /// Reads what stands in the log.
    pub fn of(value: &Value) -> Option<Note> {
        let path = |key| value.get(key)?.as_text().map(PathBuf::from);
        let version = match value.get("version") {
            Some(Value::Int(version)) => Some(*version),
            _ => None,
        };
        let owner = match value.get("owner") {
            None => local(),
            Some(owner) => owner.as_text()?.into(),
        };
        Some(Note { file: path("file")?, files: path("files")?, version, owner })
    }
}

/// Makes a name for a run: ten letters of time, so that names sort by it, and six of chance.
pub fn new_run() -> RunId {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut chance = [0; 4];
    getrandom::fill(&mut chance).expect("the system has randomness");
    let time = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0);
    let digits = (0..10).rev().map(|at| (time >> (at * 5)) & 31);
    let chance = u64::from(u32::from_le_bytes(chance));
    let digits = digits.chain((0..6).map(|at| (chance >> (at * 5)) & 31));
    let name: String = digits.map(|digit| char::from(LETTERS[usize::try_from(digit).unwrap_or(0)])).collect();
    RunId(name.into())
}
