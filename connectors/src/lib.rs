//! Actions over other people's APIs and over files, as data.
//!
//! A call takes the parameters of one action and gives a value or a `Failure`. It does not retry, knows no
//! run, and never sees a secret: holes go to `egress` as they are. The families that are written in code
//! stand in `builtin`; every other connector is to be a manifest, and gives the same two things: a line in
//! the catalog, and what to do with checked parameters.

mod builtin;
pub mod catalog;
mod failure;
pub mod keys;
pub mod library;
pub mod manifest;
mod params;
pub mod read;

use std::path::PathBuf;

use dsl::catalog::{Catalog, Failure, FailureKind};
use dsl::value::{NoValues, Value};

use builtin::Builtin;
use params::Params;

/// What the actions work with.
#[derive(Clone)]
pub struct Settings {
    /// The folder that `file` actions are kept in.
    pub files: PathBuf,
    /// What belongs to the program: a file here, such as the workflow that is running, is not written; a
    /// folder here, such as that of the runs and secrets, is neither written nor read nor listed.
    pub protected: Vec<PathBuf>,
    /// The way out to the network.
    pub egress: egress::Client,
}

/// One call of an action.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The action's id, `connector.action`.
    pub action: &'a str,
    /// Its parameters: an object. Large values in it are at hand.
    pub args: &'a Value,
    /// What makes repeats of this call known as such.
    pub key: &'a str,
}

/// All actions, ready to be called.
#[derive(Clone)]
pub struct Connectors {
    settings: Settings,
}

/// What can be called, without settings: enough to check a workflow.
pub fn catalog() -> Catalog {
    Catalog::new(Builtin::ALL.into_iter().map(Builtin::action))
}

impl Connectors {
    /// Makes the actions work with these settings.
    pub fn new(settings: Settings) -> Connectors {
        Connectors { settings }
    }

    /// What can be called.
    pub fn catalog(&self) -> Catalog {
        catalog()
    }

    /// Makes one call. Dropping the future gives it up; what a disk has begun with still ends, as a whole.
    ///
    /// # Errors
    /// Where the parameters do not fit the action, or the world says no.
    pub async fn call(&self, call: Request<'_>) -> Result<Value, Failure> {
        let Some(builtin) = Builtin::find(call.action) else {
            let message = format!("there is no action `{}`", call.action);
            return Err(Failure::new(FailureKind::NotFound, message));
        };
        let Some(args) = call.args.load_all(&NoValues) else {
            let message = format!("a large value for `{}` is not at hand", call.action);
            return Err(Failure::new(FailureKind::Invalid, message));
        };
        let params = Params::check(call.action, &builtin.action().input, &args)?;
        builtin.call(&self.settings, params, call.key).await
    }
}
