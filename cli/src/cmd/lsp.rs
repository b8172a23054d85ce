//! `keyway lsp`: the server that editors talk to.

use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use clap::Args as ClapArgs;
use dsl::catalog::Catalog;
use dsl::diagnostic::Diagnostic;
use dsl::ide::Connection;
use lsp::{Ended, World};
use server::beside::Writing;
use server::connector::{library, read};
use server::vault::LOCAL;

use super::Data;
use crate::error::{Exit, Trouble};

/// Serve an editor over standard input and output: diagnostics, completion, hover, rename and more
///
/// An editor starts it by itself; `docs/editors.md` says how each is set up. It speaks the language server protocol, reads
/// workflows, test files (`NAME.test.yaml`) and manifests of connectors, and leaves other files alone.
#[derive(ClapArgs)]
pub struct Args {
    /// Talk over standard input and output, as is always done; some editors say it
    #[arg(long)]
    stdio: bool,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let here = Here { data: &args.data, writing: Writing::default() };
    let input = BufReader::new(std::io::stdin());
    match lsp::serve(input, &mut std::io::stdout().lock(), &here) {
        Ok(Ended::Orderly) => Ok(Exit::Done),
        // The protocol wants 1 where nobody said `shutdown`.
        Ok(Ended::Abruptly) => Ok(Exit::No),
        Err(error) => Err(Trouble::new(match &error {
            lsp::Error::Io(cause) => format!("{error}: {cause}"),
            lsp::Error::Framing(_) => error.to_string(),
        })
        .help("an editor starts `keyway lsp`; nothing is typed here")),
    }
}

/// What stands around the texts that an editor has open.
struct Here<'a> {
    data: &'a Data,
    writing: Writing,
}

impl World for Here<'_> {
    fn catalog(&self, file: &Path, text: &str) -> Arc<Catalog> {
        self.writing.catalog(file, text)
    }

    fn test(&self, file: &Path, text: &str) -> Vec<Diagnostic> {
        server::rehearse::check(file, text)
    }

    fn manifest(&self, file: &Path, text: &str) -> Vec<Diagnostic> {
        let stem = file.file_stem().and_then(|stem| stem.to_str());
        read::manifest(text, stem, library::embedded_families()).diagnostics
    }

    fn connections(&self) -> Vec<Connection> {
        // Names are a convenience: without a data directory, or with one that cannot be read, there are none.
        let known = || {
            let home = self.data.home().ok().filter(|home| home.database().exists())?;
            server::safe::open(&home).ok()?.connections(LOCAL, None).ok()
        };
        let rows = known().unwrap_or_default().into_iter();
        rows.map(|row| Connection { connector: row.connector, name: row.name }).collect()
    }
}
