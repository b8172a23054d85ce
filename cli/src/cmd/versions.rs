//! `keyway workflows` and `keyway versions`: what is deployed.

use clap::Args as ClapArgs;
use jiff::Timestamp;
use server::kept::{Kept, note};

use super::Data;
use super::runs::shown;
use crate::error::{Exit, Trouble};
use crate::output::{self, BUSY, FAINT, GOOD, STRONG};

/// List the workflows that are deployed
#[derive(ClapArgs)]
pub struct ListArgs {
    /// Print the list as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

/// List the versions of a workflow, latest first
#[derive(ClapArgs)]
pub struct Args {
    /// The workflow's name
    name: String,
    /// Print the text of a version
    #[arg(long, value_name = "N")]
    text: Option<i64>,
    /// Print the list as JSON
    #[arg(long, conflicts_with = "text")]
    json: bool,
    #[command(flatten)]
    data: Data,
}

/// Carries `workflows` out.
pub fn list(args: &ListArgs) -> Result<Exit, Trouble> {
    let kept = Kept::open(&args.data.home()?)?;
    let workflows = kept.workflows()?;
    if args.json {
        output::json(&workflows.iter().map(server::shown::workflow).collect());
    } else if workflows.is_empty() {
        output::note("nothing is deployed yet; `keyway deploy FILE` does");
    } else {
        let width = workflows.iter().map(|it| it.name.len()).max().unwrap_or(0).max(8);
        let mut page = format!("{STRONG}{:<width$}  {:>7}  STATE{STRONG:#}\n", "WORKFLOW", "VERSION");
        for it in &workflows {
            let state = match it.enabled {
                true => format!("{GOOD}enabled{GOOD:#}"),
                false => format!("{BUSY}disabled{BUSY:#} {FAINT}since{FAINT:#} {}", shown(time(it.changed))),
            };
            page += &format!("{:<width$}  {:>7}  {state}\n", it.name, it.version);
        }
        output::result(&page);
    }
    Ok(Exit::Done)
}

/// Carries `versions` out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let kept = Kept::open(&args.data.home()?)?;
    if let Some(number) = args.text {
        output::result(&kept.version(&args.name, number)?.text);
        return Ok(Exit::Done);
    }
    let standing = kept.workflow(&args.name)?;
    let versions = kept.versions(&args.name)?;
    if args.json {
        output::json(&versions.iter().map(|version| server::shown::version(version, &standing)).collect());
        return Ok(Exit::Done);
    }
    let mut page = format!("{STRONG}{:>7}  {:<20}  FROM{STRONG:#}\n", "VERSION", "DEPLOYED");
    for version in &versions {
        let here = if version.number == standing.version {
            format!("  {GOOD}in force{GOOD:#}")
        } else {
            String::new()
        };
        let from = note(version).map(|note| note.file.display().to_string()).unwrap_or_default();
        let (deployed, by) = (shown(time(version.deployed)), &version.author);
        page += &format!("{:>7}  {deployed:<20}  {from} {FAINT}by{FAINT:#} {by}{here}\n", version.number);
    }
    output::result(&page);
    Ok(Exit::Done)
}

fn time(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or(Timestamp::UNIX_EPOCH)
}
