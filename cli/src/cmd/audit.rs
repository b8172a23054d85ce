//! `keyway audit`: who did what with which secret.

use clap::{Args as ClapArgs, Subcommand};
use server::vault::Told;

use super::Data;
use super::secrets::timestamp;
use crate::error::{Exit, Trouble};
use crate::output::{self, FAINT, STRONG};

/// Tell who did what with which secret
#[derive(ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Tell only of this owner
    #[arg(long)]
    owner: Option<String>,
    /// Tell only of what this person did, by the name of their account, or this program, as `token NAME`
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Tell only of the key or secret of this name
    #[arg(long, value_name = "NAME")]
    key: Option<String>,
    /// Tell only what is not older: a day, a moment, or a length such as `24h`
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

#[derive(Subcommand)]
enum Command {
    /// Look whether the audit is as it was written
    Verify {
        #[command(flatten)]
        data: Data,
    },
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    if let Some(Command::Verify { data }) = &args.command {
        let (rows, link) = data.vault()?.verify_audit()?;
        let witness: String = link.iter().map(|byte| format!("{byte:02x}")).collect();
        output::result(&format!(
            "{rows} rows follow one another\n{FAINT}witness{FAINT:#} {rows}:{witness}\n"
        ));
        return Ok(Exit::Done);
    }
    let since = args.since.as_deref().map_or(Ok(i64::MIN), moment)?;
    let mut rows = vec![];
    let vault = args.data.vault()?;
    // What becomes of the keys that serve somebody concerns them as well.
    let serving = match &args.owner {
        Some(owner) => server::served::organisations(&vault, owner)?,
        None => vec![],
    };
    let serving: Vec<String> = serving.into_iter().map(|(id, _)| id).collect();
    vault.audit(since, &mut |row| {
        if is_meant(args, &serving, &row) {
            rows.push(row);
        }
    })?;
    if args.json {
        output::json(&rows.iter().map(server::shown::told).collect());
        return Ok(Exit::Done);
    }
    let mut table = format!("{STRONG}{:<21} {:<21} {:<18} WHAT{STRONG:#}\n", "WHEN", "WHO", "DID");
    for row in &rows {
        let when = super::runs::shown(timestamp(row.time));
        table += &format!(
            "{when:<21} {:<21} {:<18} {} {FAINT}{}{FAINT:#}\n",
            row.actor, row.action, row.subject, row.detail
        );
    }
    output::result(&table);
    Ok(Exit::Done)
}

fn is_meant(args: &Args, serving: &[String], row: &Told) -> bool {
    let serves = ["added", "replaced", "revoked", "removed"].contains(&&*row.action)
        && row.subject.starts_with("key/")
        && serving.contains(&row.owner);
    let name = row.subject.split_once('/').map_or("", |(_, name)| name);
    let name = name.rsplit_once('@').map_or(name, |(name, _)| name);
    args.owner.as_ref().is_none_or(|owner| *owner == row.owner || serves)
        && args.key.as_deref().is_none_or(|key| key == name)
        && args.actor.as_deref().is_none_or(|actor| actor == row.actor)
}

/// Nanoseconds since 1970 of a moment, a day in UTC, or so long ago.
pub fn moment(text: &str) -> Result<i64, Trouble> {
    server::since::since(text).ok_or_else(|| {
        Trouble::no(format!("`{text}` is no moment"))
            .help("write it as in `--since 2026-11-01`, `--since 2026-11-01T09:00:00Z` or `--since 24h`")
    })
}
