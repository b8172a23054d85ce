//! Following a run: what is shown while it goes on, and how it ended.

mod screen;
mod spoken;

use dsl::value::Value;
use server::engine::run::{RunId, Status};
use server::engine::view::{Shown, Timeline};
use server::history::History;
use server::home::Home;
use server::owner::News;
use server::protocol::Hears;
use server::session::Session;

use crate::cmd::data_flag;
use crate::error::{Exit, Trouble};
use crate::output::{self, BAD, FAINT, GOOD, STRONG};
use crate::progress::screen::Screen;
pub use crate::progress::screen::{length, mark};

/// A pause that is longer is a long wait.
const LONG: jiff::SignedDuration = jiff::SignedDuration::from_secs(5);

/// How a run is followed.
pub struct Want {
    /// The result is printed as JSON.
    pub json: bool,
    /// The first long wait detaches.
    pub no_wait: bool,
    /// Where this process takes the run up, its calls may go to private addresses.
    pub allow_private: bool,
}

/// Follows a run to its end and prints its result.
pub async fn follow(session: &mut Session, home: &Home, run: RunId, want: &Want) -> Result<Exit, Trouble> {
    let (timeline, history) = match watch(session, home, &run, want).await? {
        Some(ended) => ended,
        None => return Ok(Exit::Unfinished),
    };
    let exit = match timeline.status() {
        Status::Succeeded(_) => Exit::Done,
        Status::New | Status::Running | Status::Failed(_) | Status::Cancelled => Exit::No,
    };
    tell(&timeline, &history, want);
    stay(session).await;
    Ok(exit)
}

/// Follows a run that was cancelled to its end. That it has ended otherwise is a no.
pub async fn cancelled(
    session: &mut Session,
    home: &Home,
    run: &RunId,
    want: &Want,
) -> Result<Exit, Trouble> {
    let (timeline, history) = match watch(session, home, run, want).await? {
        Some(ended) => ended,
        None => return Ok(Exit::Unfinished),
    };
    tell(&timeline, &history, want);
    stay(session).await;
    Ok(match timeline.status() {
        Status::Cancelled => Exit::Done,
        Status::New | Status::Running | Status::Failed(_) | Status::Succeeded(_) => Exit::No,
    })
}

/// Shows a run while it goes on. Nothing if somebody detached before its end.
async fn watch(
    session: &mut Session,
    home: &Home,
    run: &RunId,
    want: &Want,
) -> Result<Option<(Timeline, History)>, Trouble> {
    output::note(&format!("{FAINT}run{FAINT:#} {run}"));
    let history = History::open(home).map_err(server::error::Error::from)?;
    let mut timeline = history.timeline(run).map_err(server::error::Error::from)?;
    // What happened before is no reason to leave.
    let known = history.log(run).map_err(server::error::Error::from)?.last().map_or(0, |row| row.seq);
    let mut screen = Screen::new(data_flag(home));
    // Who reads JSON wants the whole, and where there is no terminal nobody sees it come.
    let hears = if screen.moves() && !want.json { Hears::Answers } else { Hears::Rows };
    let mut follower = session.follow(run.clone(), want.allow_private, hears);
    let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        let news = tokio::select! {
            news = follower.next() => news,
            _ = &mut interrupt => return Ok(detach(&mut screen, home, run, "detached")),
        };
        let row = match news? {
            Some(News::Row(row)) => row,
            Some(News::Piece(piece)) => {
                screen.hear(&timeline, piece);
                continue;
            }
            None => break,
        };
        let changed = timeline.apply(&row);
        screen.show(&timeline, &changed);
        if want.no_wait && row.seq >= known && waits_long(&timeline) {
            return Ok(detach(&mut screen, home, run, "waiting"));
        }
    }
    screen.end();
    Ok(Some((timeline, history)))
}

fn detach<T>(screen: &mut Screen, home: &Home, run: &RunId, why: &str) -> Option<T> {
    screen.end();
    output::note(&format!("{why}; `keyway resume {run}{}` goes on with it", data_flag(home)));
    None
}

/// True if nothing happens in the next seconds.
fn waits_long(timeline: &Timeline) -> bool {
    let soon = jiff::Timestamp::now().saturating_add(LONG);
    timeline.is_waiting()
        && soon.is_ok_and(|soon| {
            timeline.steps().values().all(|entry| entry.until.is_none_or(|until| until > soon))
        })
}

/// Prints how a run ended.
fn tell(timeline: &Timeline, history: &History, want: &Want) {
    let took = match (timeline.started(), timeline.ended()) {
        (Some(started), Some(ended)) => length(ended.duration_since(started)),
        _ => String::new(),
    };
    match timeline.status() {
        Status::Succeeded(_) => output::note(&format!("{GOOD}succeeded{GOOD:#} {FAINT}in {took}{FAINT:#}")),
        Status::Failed(failure) => {
            let step =
                if failure.step.is_empty() { String::new() } else { format!(" at `{}`", failure.step) };
            output::note(&format!("{BAD}failed{BAD:#}{step} {FAINT}after {took}{FAINT:#}"));
            output::note(&format!("  {STRONG}{}{STRONG:#}", failure.failure));
        }
        Status::Cancelled => output::note(&format!("{BAD}cancelled{BAD:#} {FAINT}after {took}{FAINT:#}")),
        Status::New | Status::Running => output::note("not finished"),
    }
    if want.json {
        output::json(&loaded(timeline, history).to_json());
    } else if let Status::Succeeded(value) = timeline.status() {
        match value.load_all(history).unwrap_or_else(|| value.clone()) {
            Value::Null => {}
            Value::Text(text) => output::result(&text),
            other => output::json(&other.to_json()),
        }
    }
}

/// The timeline with its large values at hand.
pub fn loaded(timeline: &Timeline, history: &History) -> Timeline {
    let mut timeline = timeline.clone();
    timeline.load(history);
    timeline
}

/// Where other processes have their runs carried here, stays for them.
async fn stay(session: &Session) {
    if session.guests() > 0 {
        output::note("runs of other terminals go on here; Ctrl-C leaves them to those");
        tokio::select! {
            () = session.alone() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    }
}

/// The word for how a step stands, for people.
pub fn word(state: Shown) -> &'static str {
    match state {
        Shown::NotStarted => "not started",
        Shown::Running => "running",
        Shown::Waiting => "waiting",
        Shown::Succeeded => "succeeded",
        Shown::Skipped => "skipped",
        Shown::Failed => "failed",
        Shown::Cancelled => "cancelled",
        Shown::InDoubt => "in doubt",
    }
}
