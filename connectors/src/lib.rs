//! Actions over other people's APIs and over files, as data.
//!
//! A call takes the parameters of one action and gives a value or a `Failure`. It does not retry, knows no
//! run, and never sees a secret: holes go to `egress` as they are. The families that are written in code
//! stand in `builtin`; every other connector is a manifest, one file in `manifests/`: `read` makes a `Manifest` of it,
//! `catalog` tells the checker of its actions, and `call` carries them out.

mod builtin;
mod call;
pub mod catalog;
mod code;
pub mod connection;
pub mod contents;
mod download;
pub mod event;
mod failure;
pub mod fixture;
pub mod hook;
pub mod import;
pub mod keys;
pub mod library;
pub mod manifest;
pub mod meter;
pub mod page;
mod params;
pub mod read;
pub mod record;
pub mod sample;
pub mod signin;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use dsl::catalog::{Action, Catalog, Failure, FailureKind, Shelf};
use dsl::value::{NoValues, Value};

use builtin::Builtin;
use call::Job;
use connection::Connections;
use contents::Contents;
use library::Library;
use meter::Metered;
use params::Params;

pub use call::Preview;
pub use code::Code;

/// What the actions work with.
#[derive(Clone)]
pub struct Settings {
    /// The folder that `file` actions are kept in.
    pub files: PathBuf,
    /// What belongs to the program: a file here, such as the workflow that is running, is not written; a
    /// folder here, such as that of the runs and secrets, is neither written nor read nor listed.
    pub protected: Vec<PathBuf>,
    /// Where the contents of large files are kept.
    pub contents: Contents,
    /// The way out to the network.
    pub egress: egress::Client,
    /// The manifests.
    pub library: Arc<Library>,
    /// Who keeps the connections to their services.
    pub connections: Arc<dyn Connections>,
    /// What counts how often services are asked, over all runs.
    pub meter: Metered,
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
    /// What this call is known by when it comes back after it was told to wait: other than its key it stays the same.
    pub name: &'a str,
    /// The name of the connection; the owner's only one where there is none.
    pub connection: Option<&'a str>,
    /// Where the paths of a manifest begin instead of at its own base, for trying an action.
    pub base: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// A call with the owner's only connection.
    pub fn new(action: &'a str, args: &'a Value, key: &'a str) -> Request<'a> {
        Request { action, args, key, name: key, connection: None, base: None }
    }
}

/// All actions, ready to be called.
#[derive(Clone)]
pub struct Connectors {
    settings: Settings,
}

/// The manifests that this process knows: those in the program, and those of a folder that was named in time.
pub fn library() -> &'static Arc<Library> {
    known().get_or_init(|| Arc::new(Library::embedded()))
}

/// Names the manifests that this process knows from here on; nothing happens where somebody asked for them before.
pub fn know(library: Library) {
    let _ = known().set(Arc::new(library));
}

fn known() -> &'static OnceLock<Arc<Library>> {
    static KNOWN: OnceLock<Arc<Library>> = OnceLock::new();
    &KNOWN
}

/// What can be called, without settings: enough to check a workflow.
pub fn catalog() -> Catalog {
    let shelf: Arc<dyn Shelf> = library().clone();
    Catalog { shelf: Some(shelf), ..Catalog::new(Builtin::ALL.into_iter().map(Builtin::action)) }
}

impl Connectors {
    /// Makes the actions work with these settings.
    pub fn new(settings: Settings) -> Connectors {
        Connectors { settings }
    }

    /// Makes one call. Dropping the future gives it up; what a disk has begun with still ends, as a whole.
    ///
    /// # Errors
    /// Where the parameters do not fit the action, or the world says no.
    pub async fn call(&self, call: Request<'_>) -> Result<Value, Failure> {
        let args = loaded(&call)?;
        if let Some(builtin) = Builtin::find(call.action) {
            let params = Params::check(call.action, &builtin.action().input, &args)?;
            return builtin.call(&self.settings, params, call.key).await;
        }
        let (job, action) = self.job(&call)?;
        job.run(&Params::check_with_nulls(call.action, &action.input, &args)?).await
    }

    /// The first request of a call, as it would be sent, its secrets as stars.
    ///
    /// # Errors
    /// Where the parameters do not fit the action, or it is none of a manifest.
    pub async fn preview(&self, call: Request<'_>) -> Result<Preview, Failure> {
        let args = loaded(&call)?;
        let (job, action) = self.job(&call)?;
        job.preview(&Params::check_with_nulls(call.action, &action.input, &args)?).await
    }

    /// Asks a service whether a connection works; gives what the account is called, be it nothing.
    ///
    /// # Errors
    /// Where the service says no, or its manifest has nothing that tells it.
    pub async fn verify(&self, connector: &str, connection: Option<&str>) -> Result<String, Failure> {
        let verify = self.settings.library.find(connector).and_then(|known| known.account.verify.as_deref());
        let Some(verify) = verify else {
            let message = format!("`{connector}` has no action that tells whether a connection works");
            return Err(Failure::new(FailureKind::NotFound, message));
        };
        let (id, none) = (format!("{connector}.{verify}"), Value::Null);
        let call = Request { connection, ..Request::new(&id, &none, "") };
        let (job, action) = self.job(&call)?;
        job.verify(&Params::check_with_nulls(&id, &action.input, &none)?).await
    }

    fn job<'a>(&'a self, call: &Request<'a>) -> Result<(Job<'a>, &'a Action), Failure> {
        let unknown = || {
            let message = format!("there is no action `{}`", call.action);
            Failure::new(FailureKind::NotFound, message)
        };
        let connector = call.action.split_once('.').map_or(call.action, |(connector, _)| connector);
        let library = &*self.settings.library;
        let manifest = library.find(connector).ok_or_else(unknown)?;
        let action = library.actions(connector).and_then(|actions| actions.get(call.action));
        let job = Job {
            manifest,
            id: call.action,
            egress: &self.settings.egress,
            contents: &self.settings.contents,
            connections: &*self.settings.connections,
            meter: &self.settings.meter,
            key: call.key,
            name: call.name,
            connection: call.connection,
            base: call.base,
            recorder: None,
        };
        Ok((job, action.ok_or_else(unknown)?))
    }
}

/// The host that the requests of a connection go to, as far as its manifest's base says it.
///
/// # Errors
/// Where the base needs a field that is not there, or leads to a host that the manifest does not allow.
pub fn base_host(
    manifest: &manifest::Manifest,
    auth: &manifest::auth::Auth,
    fields: &dsl::value::Object,
) -> Result<String, Failure> {
    call::base_host(manifest, auth, fields)
}

/// True if secrets of a connector may be sent to a host.
pub fn allows(manifest: &manifest::Manifest, host: &str) -> bool {
    read::hosts::allows(&manifest.hosts, host)
}

fn loaded(call: &Request<'_>) -> Result<Value, Failure> {
    call.args.load_all(&NoValues).ok_or_else(|| {
        let message = format!("a large value for `{}` is not at hand", call.action);
        Failure::new(FailureKind::Invalid, message)
    })
}
