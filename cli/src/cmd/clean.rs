//! `keyway clean`: removes runs that have ended and need not be kept any more.

use clap::Args as ClapArgs;
use jiff::SignedDuration;
use server::protocol::Act;
use server::session::Session;
use server::{Cleaned, Keeping};

use super::Data;
use crate::error::{Exit, Trouble};
use crate::output::{self, FAINT};
use crate::waits::count;

/// How long runs are kept where nothing else is said.
const USUAL: &str = "30d";

/// Remove runs that ended long ago, and what only they needed
///
/// A run that is not finished stays, with the runs that it called, the run that called it and the run that it takes
/// over from. Large values go once nothing refers to them any more.
#[derive(ClapArgs)]
pub struct Args {
    /// Remove runs that ended longer ago than this
    #[arg(long, value_name = "DURATION", default_value = USUAL)]
    older_than: String,
    /// Keep so many of each workflow, the latest, however old they are
    #[arg(long, value_name = "N", default_value_t = 0)]
    keep: usize,
    /// Tell what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Print what was removed as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub async fn main(args: Args) -> Result<Exit, Trouble> {
    let home = args.data.home()?;
    let younger_than = duration(&args.older_than)?;
    let act = if args.dry_run { Act::Tell } else { Act::Do };
    let mut session = Session::open(home).await?;
    let cleaned = session.clean(Keeping { younger_than, latest: args.keep }, act).await?;
    if args.json {
        output::json(&serde_json::json!({
            "runs": cleaned.runs.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "answers": cleaned.answers,
            "values": cleaned.values,
            "files": cleaned.files,
            "removed": !args.dry_run,
        }));
    } else {
        tell(&cleaned, act);
    }
    Ok(Exit::Done)
}

fn duration(text: &str) -> Result<SignedDuration, Trouble> {
    dsl::duration::parse(text).filter(|length| !length.is_negative()).ok_or_else(|| {
        Trouble::no(format!("`{text}` is not a duration")).help("write it as `30d`, `12h` or `1w`")
    })
}

fn tell(cleaned: &Cleaned, act: Act) {
    let runs = count(cleaned.runs.len(), "run");
    match act {
        Act::Tell => {
            cleaned.runs.iter().for_each(|run| output::result(&run.to_string()));
            let answers = count(cleaned.answers, "answer");
            output::note(&format!(
                "{FAINT}would remove{FAINT:#} {runs}, {answers} of calls, and what only they need"
            ));
        }
        Act::Do => {
            let (answers, values) = (count(cleaned.answers, "answer"), count(cleaned.values, "large value"));
            let files = match cleaned.files {
                0 => String::new(),
                files => format!(", {}", count(files, "file")),
            };
            output::note(&format!("{FAINT}removed{FAINT:#} {runs}, {answers} of calls, {values}{files}"));
        }
    }
}
