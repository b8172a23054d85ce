//! `keyway man`: a manual page for each command.

use std::path::PathBuf;

use clap::{Args as ClapArgs, CommandFactory};

use super::Line;
use super::check::plural;
use crate::error::{Exit, Trouble};
use crate::output::{self, GOOD};

/// Write manual pages, one for each command, into a folder
///
/// `keyway man ~/.local/share/man/man1` lets `man keyway` and `man keyway-run` find them.
#[derive(ClapArgs)]
pub struct Args {
    /// The folder; it is made if it is not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let folder = args.folder.display();
    let written = std::fs::create_dir_all(&args.folder).and_then(|()| write(args));
    let count = written.map_err(|error| {
        Trouble::new(format!("manual pages cannot be written to `{folder}`: {error}"))
            .help("give a folder that you may write to")
    })?;
    output::note(&format!("{GOOD}✓{GOOD:#} {} in `{folder}`", plural(count, "page")));
    Ok(Exit::Done)
}

fn write(args: &Args) -> std::io::Result<usize> {
    let mut line = Line::command();
    line.build();
    let mut pages = vec![];
    collect(line, &mut pages);
    for page in &pages {
        page.generate_to(&args.folder)?;
    }
    Ok(pages.len())
}

/// The page of a command, and those of the commands below it.
fn collect(command: clap::Command, pages: &mut Vec<clap_mangen::Man>) {
    // Below others `help` is no command of ours, and says what their pages say.
    let is_own = |below: &clap::Command| below.get_name() != "help" || command.get_name() == "keyway";
    for below in command.get_subcommands().filter(|below| is_own(below)) {
        collect(below.clone(), pages);
    }
    pages.push(clap_mangen::Man::new(command.disable_help_subcommand(true)));
}
