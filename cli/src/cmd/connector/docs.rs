//! `keyway connector docs`: the page of a connector.

use clap::Args as ClapArgs;
use dsl::diagnostic::nearest;
use server::connector::manifest::Manifest;
use server::connector::page;

use crate::error::{Exit, Trouble};
use crate::output;

/// Print what a connector can do, as Markdown
#[derive(ClapArgs)]
pub struct Args {
    /// The connector, as in `slack`; all where none is given
    #[arg(value_name = "CONNECTOR")]
    connector: Option<String>,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    match &args.connector {
        Some(id) => output::result(&page::of(find(id)?)),
        None => {
            let library = server::connector::library();
            let pages = library
                .read_all()
                .names()
                .filter_map(|id| library.find(id))
                .map(|manifest| page::of(manifest));
            output::result(&pages.collect::<Vec<_>>().join("\n"));
        }
    }
    Ok(Exit::Done)
}

/// The manifest of a connector.
pub fn find(id: &str) -> Result<&'static Manifest, Trouble> {
    let library = server::connector::library();
    if let Some(manifest) = library.find(id) {
        return Ok(manifest);
    }
    if library.text(id).is_some() {
        let file = library.file(id).map_or_else(|| id.to_owned(), |file| file.display().to_string());
        let wrong = Trouble::no(format!("the manifest of `{id}` has errors"));
        return Err(wrong.help(format!("`keyway connector check {file}` shows them")));
    }
    let wrong = Trouble::no(format!("there is no connector `{id}`"));
    Err(match nearest(id, library.names()) {
        Some(near) => wrong.help(format!("did you mean `{near}`?")),
        None => wrong.help("`keyway connector list` lists them"),
    })
}
