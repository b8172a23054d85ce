//! `keyway schedules`: when triggers come next, what became of their last time, and what is late.

use clap::Args as ClapArgs;
use jiff::Timestamp;
use server::kept::{self, Kept, Timing};
use server::protocol::Watched;
use server::session::Session;

use super::Data;
use super::runs::shown;
use crate::error::{Exit, Trouble};
use crate::output::{self, BAD, BUSY, FAINT, STRONG};
use crate::progress::length;

/// List schedules with their next and last times, and why a run started or did not
#[derive(ClapArgs)]
pub struct Args {
    /// Print the list as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub async fn main(args: Args) -> Result<Exit, Trouble> {
    let home = args.data.home()?;
    let kept = Kept::open(&home)?;
    let timings = kept.timings(Timestamp::now())?;
    let mut services = kept.callers()?;
    services.retain(|caller| caller.poll.is_some() || caller.subscription.is_some());
    // Who asks does not become the owner.
    let watched = match home.is_owned() {
        true => Session::open(home).await?.watched().await?,
        false => None,
    };
    if args.json {
        let mut told = kept::to_json(&timings, watched.as_ref());
        told["services"] = services.iter().map(kept::Caller::to_json).collect();
        output::json(&told);
        return Ok(Exit::Done);
    }
    let nothing = timings.is_empty() && services.is_empty();
    if nothing {
        output::note("no workflow that is deployed has a schedule; `keyway deploy FILE` adds one");
    } else {
        let mut page: String = timings.iter().map(lines).collect();
        for caller in &services {
            let polls = watched.iter().flat_map(|watched| &watched.polls);
            let mut its =
                polls.filter(|polled| polled.workflow == caller.workflow && polled.trigger == caller.text);
            page += &super::webhooks::lines(caller, its.next());
        }
        output::result(&page);
    }
    match watched {
        None if nothing => {}
        None => output::note(&format!("{BUSY}nobody keeps them just now; `keyway serve` does{BUSY:#}")),
        Some(watched) => tell(&watched),
    }
    Ok(Exit::Done)
}

fn lines(timing: &Timing) -> String {
    let mut page = format!("{STRONG}{}{STRONG:#}  {}\n", timing.workflow, timing.text);
    let mut line = |name: &str, text: String| page += &format!("  {FAINT}{name:<5}{FAINT:#} {text}\n");
    match timing.next {
        _ if !timing.enabled => line("next", format!("{BUSY}none: the workflow is disabled{BUSY:#}")),
        Some(next) => line("next", shown(next)),
        None => line("next", "none: it does not come again".into()),
    }
    if timing.behind.is_positive() {
        line("clock", format!("was set back: all is accounted for {} ahead", length(timing.behind)));
    }
    if timing.queued > 0 {
        line("queue", format!("{} for the run under way to end", crate::waits::count(timing.queued, "time")));
    }
    if let Some(last) = &timing.last {
        let until = if last.last == last.first { String::new() } else { format!(" to {}", shown(last.last)) };
        line("last", format!("{}{until}: {}", shown(last.first), last.sentence()));
    }
    page
}

fn tell(watched: &Watched) {
    if let Some(trouble) = &watched.trouble {
        output::note(&format!("{BAD}nothing can be started just now{BAD:#}: {trouble}"));
    }
    for late in &watched.late {
        output::note(&format!("{BAD}late{BAD:#}: {late}"));
    }
    if watched.late.is_empty() && watched.found > 0 {
        output::note(&format!("{FAINT}late since the service began, and mended:{FAINT:#} {}", watched.found));
    }
}
