//! `keyway connector`: the services that workflows can name, their manifests, and trying an action.

mod call;
mod check;
mod diff;
mod docs;
mod import;
mod list;
mod new;
mod record;
mod tried;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use server::connector::keys;
use server::connector::library::Library;

use crate::error::{Exit, Trouble};
use crate::output;

/// Look at connectors, write one, and try their actions
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Call(call::Args),
    Check(check::Args),
    Diff(diff::Args),
    Docs(docs::Args),
    Import(import::Args),
    List(list::Args),
    New(new::Args),
    Record(record::Args),
    /// Print the JSON Schema of manifests, for editors
    Schema,
}

/// Carries the command out.
pub fn main(args: Args) -> Result<Exit, Trouble> {
    match args.command {
        Command::Call(args) => super::on_runtime(call::main(args)),
        Command::Check(args) => super::on_runtime(check::main(args)),
        Command::Diff(args) => diff::main(&args),
        Command::Docs(args) => docs::main(&args),
        Command::Import(args) => import::main(&args),
        Command::List(args) => Ok(list::main(&args)),
        Command::New(args) => new::main(&args),
        Command::Record(args) => super::on_runtime(record::main(args)),
        Command::Schema => {
            let about = "One connector: a service, how an account signs in, and what can be asked of it.";
            output::json(&dsl::schema::of_keys("Keyway connector", about, keys::TOP));
            Ok(Exit::Done)
        }
    }
}

pub use docs::find;

/// The folder of a person's own manifests: `KEYWAY_CONNECTORS`, else one beside the program's settings.
pub fn folder() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("KEYWAY_CONNECTORS") {
        return Some(named.into());
    }
    Some(directories::ProjectDirs::from("", "", "keyway")?.config_dir().join("connectors"))
}

/// Takes in a person's own manifests, before anybody asks for one.
pub fn take_folder() -> Result<(), Trouble> {
    let Some(folder) = folder() else { return Ok(()) };
    match Library::embedded().with_folder(&folder) {
        Ok(library) => server::connector::know(library),
        Err(broken) => {
            let file = broken.file.display();
            return Err(Trouble::new(format!("the manifest `{file}` cannot be read: {}", broken.source)));
        }
    }
    Ok(())
}
