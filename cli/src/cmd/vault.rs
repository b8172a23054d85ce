//! `keyway vault`: how the vault stands, and the keys over the secrets.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use server::vault::{Rotation, Step};

use super::{Data, ME};
use crate::error::{Exit, Trouble};
use crate::output::{self, BAD, FAINT, GOOD, STRONG};

/// Look after the vault of secrets and keys
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Tell how the vault stands
    Status {
        /// Print it as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: Data,
    },
    /// Change a key over the secrets, while runs go on
    Rotate {
        /// Which
        which: Which,
        #[command(flatten)]
        data: Data,
    },
    /// Look after the root key
    RootKey {
        #[command(subcommand)]
        command: RootKey,
    },
    /// Let nobody open anything until it is unsealed
    Seal(Place),
    /// Let secrets be opened again, if the root key is the right one
    Unseal(Place),
    /// Look whether everything opens, and whether it is what the audit tells
    Verify {
        /// Print it as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: Data,
    },
}

#[derive(Subcommand)]
enum RootKey {
    /// Write the root key to a file of its own; whoever has it and the database has every secret
    Export {
        /// The file; it must not be there yet
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        #[command(flatten)]
        data: Data,
    },
}

#[derive(ClapArgs)]
struct Place {
    #[command(flatten)]
    data: Data,
}

#[derive(Clone, Copy, ValueEnum)]
enum Which {
    /// The root key
    Root,
    /// Your key, which seals the keys of your secrets
    Owner,
    /// The keys of your secrets, and what they seal
    Data,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    match &args.command {
        Command::Status { json, data } => return status(*json, data),
        Command::Rotate { which, data } => rotate(*which, data)?,
        Command::RootKey { command: RootKey::Export { to, data } } => {
            data.vault()?.export_root(ME.actor, to)?;
            output::note(&format!(
                "wrote the root key to `{}`; keep it apart from the backups",
                to.display()
            ));
        }
        Command::Seal(Place { data }) => {
            data.vault()?.seal(ME.actor)?;
            output::note("sealed; `keyway vault unseal` opens it again");
        }
        Command::Unseal(Place { data }) => {
            data.vault()?.unseal(ME.actor)?;
            output::note("unsealed");
        }
        Command::Verify { json, data } => return verify(*json, data),
    }
    Ok(Exit::Done)
}

fn status(json: bool, data: &Data) -> Result<Exit, Trouble> {
    let state = data.vault()?.state()?;
    let word = match (&state.sealed, state.generation) {
        (Some(_), _) => "sealed",
        (None, None) => "empty",
        (None, Some(_)) => "open",
    };
    if json {
        output::json(&serde_json::json!({
            "state": word,
            "why": state.sealed,
            "vault": state.id,
            "root": { "from": state.root, "generation": state.generation, "rotating": state.rotating },
            "owners": state.owners,
            "secrets": state.secrets,
            "audit": state.audit,
        }));
        return Ok(Exit::Done);
    }
    let style = if state.sealed.is_some() { BAD } else { GOOD };
    let mut page = format!("{STRONG}vault{STRONG:#} {} {style}{word}{style:#}\n", state.id);
    let mut line = |name: &str, text: String| page += &format!("  {FAINT}{name:<8}{FAINT:#} {text}\n");
    if let Some(why) = state.sealed {
        line("why", why);
    }
    let generation = state.generation.map_or_else(|| "none yet".into(), |number| format!("number {number}"));
    let rotating = if state.rotating { ", being changed" } else { "" };
    line("root", format!("{generation}{rotating}, from {}", state.root));
    line("secrets", state.secrets.to_string());
    line("audit", format!("{} rows", state.audit));
    output::result(&page);
    Ok(Exit::Done)
}

fn rotate(which: Which, data: &Data) -> Result<(), Trouble> {
    let rotation = match which {
        Which::Root => Rotation::Root,
        Which::Owner => Rotation::OwnerKey,
        Which::Data => Rotation::DataKeys,
    };
    let vault = data.vault()?;
    let mut moved = 0;
    vault.rotate(ME, rotation, &mut |step| match step {
        Step::Moved(count) => moved += count,
        Step::Done => {}
    })?;
    output::note(&format!("changed; {moved} rows were moved"));
    Ok(())
}

fn verify(json: bool, data: &Data) -> Result<Exit, Trouble> {
    let findings = data.vault()?.verify()?;
    let witness: String = findings.link.iter().map(|byte| format!("{byte:02x}")).collect();
    if json {
        output::json(&serde_json::json!({
            "secrets": findings.secrets,
            "owners": findings.owners,
            "audit": findings.rows,
            "witness": witness,
            "wrong": findings.wrong,
        }));
    } else {
        let mut page = format!(
            "{} secrets of {} owners open, {} rows of the audit follow one another\n",
            findings.secrets, findings.owners, findings.rows
        );
        findings.wrong.iter().for_each(|wrong| page += &format!("{BAD}wrong{BAD:#} {wrong}\n"));
        if !witness.is_empty() {
            page += &format!("{FAINT}witness{FAINT:#} {}:{witness}\n", findings.rows);
        }
        output::result(&page);
    }
    Ok(if findings.wrong.is_empty() { Exit::Done } else { Exit::No })
}
