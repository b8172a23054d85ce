//! Accounts of steps and of runs in plain words: one sentence says why, one says how.

use dsl::workflow::Phase;
use jiff::{SignedDuration, Timestamp};

use super::{Account, Chapter, Fact, Failed, Moment, Next, Parts, Story, length};
use crate::plan::{Plan, Step};
use crate::run::{Hold, Status};
use crate::view::{Entry, Shown, Waits};

/// The account of one step.
pub(super) fn of(story: &Story, path: &str, chapter: &Chapter) -> Account {
    let plan = story.timeline.plan();
    let entry = story.timeline.steps().get(path).cloned().unwrap_or_default();
    // How long it may take is no part of what happened.
    let moments: Vec<&Moment> =
        story.of_step(path).filter(|moment| !matches!(moment.fact, Fact::Limited { .. })).collect();
    let after = after(plan, chapter, path);
    let teller = Teller { story, path, chapter, entry: &entry, moments: &moments, after: &after };
    let text = teller.text();
    Account {
        step: path.to_owned(),
        state: entry.state,
        time: moments.first().map(|moment| moment.time),
        after,
        text,
    }
}

/// The paths of the steps that a step waits for.
fn after(plan: &Plan, chapter: &Chapter, path: &str) -> Vec<String> {
    let Some(step) = plan.step(chapter.block, chapter.slot) else { return vec![] };
    let mut names = vec![];
    for need in &step.needs {
        // Outward through the blocks, and through the path along with them.
        let (mut block, mut prefix) = (chapter.block, outer(path));
        for _ in 0..need.up {
            let Some((parent, _)) = plan.block(block).and_then(|block| block.parent) else { break };
            (block, prefix) = (parent, outer(prefix));
        }
        if let Some(found) = plan.step(block, need.step) {
            let name = crate::path::join(prefix.to_owned(), &found.name);
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// The path of the instance that a step stands in: `a[1]` of `a[1].b`, and of `a` that of the step around it.
fn outer(path: &str) -> &str {
    path.rsplit_once('.').map(|(outer, _)| outer).unwrap_or_default()
}

struct Teller<'a> {
    story: &'a Story,
    path: &'a str,
    chapter: &'a Chapter,
    entry: &'a Entry,
    moments: &'a [&'a Moment],
    after: &'a [String],
}

impl Teller<'_> {
    fn text(&self) -> String {
        let Some(first) = self.moments.first() else { return self.never() };
        match &first.fact {
            Fact::TakenOver { .. } => self.taken_over("It"),
            Fact::Failed { failure, .. } if self.is_of_the_past() => {
                format!("{} It had failed: {failure}.", self.taken_over("Its failure"))
            }
            Fact::Skipped { of, .. } => self.skipped(of.as_deref()),
            _ => {
                let ran = if self.only_computed() { "was computed" } else { "ran" };
                sentences(format!("It {ran} {}", self.why()), &self.course())
            }
        }
    }

    /// True if it was settled at once.
    fn only_computed(&self) -> bool {
        matches!(self.moments, [Moment { fact: Fact::Gave { .. } | Fact::Failed { .. }, .. }])
    }

    fn step(&self) -> Option<&Step> {
        self.story.timeline.plan().step(self.chapter.block, self.chapter.slot)
    }

    /// Why it was its turn.
    fn why(&self) -> String {
        let phase = self.step().map(|step| step.phase).unwrap_or_default();
        let owner = match outer(self.path) {
            "" => "the run".to_owned(),
            outer => format!("`{outer}`"),
        };
        let after = match self.after {
            [] => None,
            names => Some(format!("once {} had ended", list(names))),
        };
        match (phase, after) {
            (Phase::Body, None) => "at once, since it waits for no other step".into(),
            (Phase::Body, Some(after)) => after,
            (Phase::Catch, None) => format!("since {owner} had failed"),
            (Phase::Catch, Some(after)) => format!("since {owner} had failed, {after}"),
            (Phase::Finally, None) => format!("as the end of {owner}, which runs in any case"),
            (Phase::Finally, Some(after)) => format!("as the end of {owner}, {after}"),
        }
    }

    /// True if what came of it came in the run that this one takes over from.
    fn is_of_the_past(&self) -> bool {
        self.story.timeline.past().is_some_and(|past| past.steps.contains_key(self.path))
    }

    fn taken_over(&self, what: &str) -> String {
        let of = self.story.timeline.past().map(|past| format!(" from run {}", past.of)).unwrap_or_default();
        format!("{what} was taken over{of}, and not done again: nothing that it rests on had changed.")
    }

    fn skipped(&self, of: Option<&str>) -> String {
        let Some(of) = of else { return "It was skipped, since its condition is false.".into() };
        let state = self
            .after
            .iter()
            .filter(|after| after.rsplit('.').next() == Some(of))
            .find_map(|after| self.story.timeline.steps().get(after).map(|entry| entry.state));
        let why = match state {
            Some(Shown::Skipped) => "was skipped itself",
            Some(Shown::Failed) => "failed, and the run went on without it",
            _ => "gave nothing",
        };
        format!("It was skipped, since it reads `{of}`, which {why}.")
    }

    /// It never began.
    fn never(&self) -> String {
        let timeline = &self.story.timeline;
        let handler = self.step().is_some_and(|step| step.phase == Phase::Catch);
        match timeline.status() {
            Status::Succeeded(_) | Status::Failed(_) | Status::Cancelled if handler => {
                "It never began, since there was no failure for it to handle.".into()
            }
            Status::Failed(failure) => match failure.step.as_str() {
                "" => "It never began, since the run failed first.".into(),
                step => format!("It never began, since `{step}` failed first."),
            },
            Status::Cancelled => "It never began, since the run was cancelled first.".into(),
            Status::Succeeded(_) => "It never began.".into(),
            Status::New | Status::Running => self.not_yet(),
        }
    }

    fn not_yet(&self) -> String {
        let timeline = &self.story.timeline;
        let open = |path: &&String| {
            let entry = timeline.steps().get(*path);
            entry.is_none_or(|entry| entry.ended.is_none() && entry.state != Shown::Skipped)
        };
        let missing: Vec<String> = self.after.iter().filter(open).cloned().collect();
        match (missing.as_slice(), timeline.hold()) {
            ([], Some(Hold::Paused)) => "It has not begun, since the run is paused.".into(),
            ([], Some(Hold::Queued)) => "It has not begun, since other runs go first.".into(),
            ([], None) => "It has not begun.".into(),
            (names, _) => format!("It has not begun: it waits for {}.", list(names)),
        }
    }

    /// What happened to it from its beginning to its end, in pieces of a sentence.
    fn course(&self) -> Vec<String> {
        let mut pieces = vec![];
        let mut failed: Vec<(&Failed, Timestamp, Timestamp)> = vec![];
        for (place, moment) in self.moments.iter().enumerate() {
            let next = self.moments.get(place + 1);
            let lasted = next.map(|next| next.time.duration_since(moment.time));
            match &moment.fact {
                Fact::Failed { failure, then: Next::Again(due) } => failed.push((failure, moment.time, *due)),
                Fact::Sent { .. } | Fact::Due | Fact::Limited { .. } => {}
                other => {
                    pieces.extend(again(&std::mem::take(&mut failed)));
                    pieces.extend(self.piece(other, next.copied(), lasted));
                }
            }
            if let Fact::Sent { run: Some(run), attempt: 1, .. } = &moment.fact {
                pieces.push(format!("called a workflow, as run {run}"));
            }
        }
        pieces.extend(again(&failed));
        pieces.extend(self.now());
        pieces
    }

    fn piece(&self, fact: &Fact, next: Option<&Moment>, lasted: Option<SignedDuration>) -> Option<String> {
        let lasted = lasted.map(|lasted| format!(" for {}", length(lasted)));
        let so_long = lasted.clone().unwrap_or_default();
        Some(match fact {
            // What it still waits for is told at the end.
            Fact::Pausing { .. } | Fact::Listening { .. } | Fact::Asked { .. } if lasted.is_none() => {
                return None;
            }
            Fact::Pausing { .. } => format!("paused{so_long}"),
            Fact::Listening { signal } => format!("waited{so_long} for the signal `{signal}`"),
            Fact::Asked { who, .. } => match next.map(|next| &next.fact) {
                Some(Fact::Gave { value, .. }) => {
                    let by = value["by"].as_str().map(|by| format!(" by {by}")).unwrap_or_default();
                    let how =
                        if value["approved"].as_bool() == Some(false) { "rejected" } else { "approved" };
                    format!("asked {who}, was {how}{by} after{}", so_long.trim_start_matches(" for"))
                }
                _ => format!("asked {who}, waited{so_long}"),
            },
            Fact::InDoubt { sent, .. } => {
                let when = sent.map(|sent| format!(" at {sent:.0}")).unwrap_or_default();
                let said = match next.map(|next| &next.fact) {
                    Some(Fact::Gave { .. }) => ". Somebody then said that the call had happened",
                    Some(Fact::Due | Fact::Sent { .. }) => {
                        ". Somebody then said that the call had not happened, and it was made again"
                    }
                    Some(Fact::Failed { .. }) => ". Somebody then said that it must not be made again",
                    _ => "",
                };
                format!("Its call was sent{when}, and the process ended before the answer was recorded{said}")
            }
            Fact::SignalTaken { signal } => format!("took the signal `{signal}`, which had come before"),
            Fact::SignalRaised { signal, to } => {
                let to = to.as_ref().map(|run| format!(" for run {run}")).unwrap_or_default();
                format!("raised the signal `{signal}`{to}")
            }
            Fact::Gave { from: Some(from), .. } => {
                format!("used the answer of {from:.0} to the same call again, so that nothing was called")
            }
            Fact::Gave { .. } | Fact::Done => "succeeded".into(),
            Fact::Failed { failure, then: Next::GoesOn } => {
                format!("failed: {failure}. Since it has `on_error: continue`, the run went on without it")
            }
            Fact::Failed { failure, .. } if failure.step == self.path => format!("failed: {failure}"),
            Fact::Failed { failure, .. } => {
                format!("failed, since `{}` in it failed: {failure}", failure.step)
            }
            Fact::GivenUp => "was given up".into(),
            Fact::Opened { parts: Parts::Steps } => return None,
            Fact::Opened { parts: parts @ Parts::Rounds(_) } => {
                format!("went through {} of {parts}", self.entry.children_done)
            }
            Fact::Opened { parts } => format!("went through {parts}"),
            Fact::Expired { .. } => "took longer than its `timeout`".into(),
            Fact::RoundPaused { .. } => return None,
            Fact::Began { .. }
            | Fact::Held { .. }
            | Fact::Released
            | Fact::SignalKept { .. }
            | Fact::CancelAsked
            | Fact::RunExpired
            | Fact::Ended { .. }
            | Fact::Stopped { .. }
            | Fact::Part { .. }
            | Fact::InstanceBegan
            | Fact::InstanceEnded
            | Fact::Yielded
            | Fact::Resumed
            | Fact::TakenOver { .. }
            | Fact::Skipped { .. }
            | Fact::Sent { .. }
            | Fact::Limited { .. }
            | Fact::Due => return None,
        })
    }

    /// What it does at the end of the log.
    fn now(&self) -> Option<String> {
        if self.story.timeline.status().has_ended() {
            let given_up = self.entry.state == Shown::Cancelled
                && !self.moments.iter().any(|moment| moment.fact == Fact::GivenUp);
            return given_up.then(|| "was given up when the run ended".into());
        }
        match (&self.entry.waits, self.entry.state, self.entry.until) {
            (Some(Waits::Signal(name)), ..) => Some(format!("now waits for the signal `{name}`")),
            (Some(Waits::Person(asked)), ..) => {
                Some(format!("now waits for the answer of {}", super::who(&asked.who)))
            }
            (Some(Waits::Doubt), ..) => Some("now waits for somebody who knows whether it happened".into()),
            (None, Shown::Waiting, Some(_)) if self.entry.error.is_some() => None,
            (None, Shown::Waiting, Some(until)) => Some(format!("now pauses until {until:.0}")),
            (None, Shown::Running, _) => Some("is under way".into()),
            _ => None,
        }
    }
}

/// Tries that failed, one after another.
fn again(failed: &[(&Failed, Timestamp, Timestamp)]) -> Option<String> {
    match failed {
        [] => None,
        [(failure, time, due)] => {
            let pause = length(due.duration_since(*time));
            Some(format!("failed at first with “{failure}”, was tried again {pause} later"))
        }
        [.., (failure, ..)] => Some(format!(
            "failed {} times, the last time with “{failure}”, was tried again each time",
            failed.len()
        )),
    }
}

/// The run as a whole.
pub(super) fn of_run(story: &Story) -> String {
    let timeline = &story.timeline;
    let mut text = vec![];
    if let Some(past) = timeline.past() {
        let taken =
            timeline.steps().values().filter(|entry| entry.reused == Some(crate::view::Reused::Run)).count();
        let anew = match past.from.as_slice() {
            [] => "what had not ended there is done here".to_owned(),
            from => format!("{} and what rests on {} is done anew", list(from), it(from)),
        };
        text.push(format!("The run takes over from run {}: {anew}, {} taken over.", past.of, steps(taken)));
    }
    if let Some(parent) = timeline.parent() {
        text.push(format!("It was called by run {}.", parent.run));
    }
    text.push(match timeline.status() {
        Status::New => "The run has not begun.".into(),
        Status::Succeeded(_) => {
            "The run succeeded: every step ended, and nothing failed that was not caught.".into()
        }
        Status::Failed(failure) => {
            let why = &failure.failure;
            match failure.step.as_str() {
                "" => format!("The run failed: {why}."),
                step => format!("The run failed, since `{step}` failed and nothing caught it: {why}."),
            }
        }
        Status::Cancelled => "The run was cancelled.".into(),
        Status::Running => match timeline.hold() {
            Some(Hold::Paused) => "The run is paused: nothing new starts until it is resumed.".into(),
            Some(Hold::Queued) => {
                "The run is queued: as many runs of its workflow are under way as may be.".into()
            }
            None if timeline.is_waiting() => "The run is not finished: it waits.".into(),
            None => "The run is not finished.".into(),
        },
    });
    text.join(" ")
}

fn steps(count: usize) -> String {
    match count {
        1 => "one step is".into(),
        count => format!("{count} steps are"),
    }
}

fn it(names: &[String]) -> &'static str {
    if names.len() == 1 { "it" } else { "them" }
}

/// Names with commas and a last `and`.
fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A beginning and what follows it. A piece that begins with a capital is a sentence of its own.
fn sentences(beginning: String, pieces: &[String]) -> String {
    let mut text = beginning;
    let own = |piece: &&String| piece.starts_with(char::is_uppercase);
    for (place, group) in pieces.chunk_by(|one, two| !own(&one) && !own(&two)).enumerate() {
        if group.iter().any(|piece| own(&piece)) {
            text += &format!(". {}", group.concat());
        } else if place == 0 {
            text += &format!(", {}", joined(group));
        } else {
            text += &format!(". It {}", joined(group).trim_start_matches("and "));
        }
    }
    text + "."
}

/// Pieces of a sentence.
fn joined(pieces: &[String]) -> String {
    match pieces {
        [] => String::new(),
        [one] => format!("and {one}"),
        [first @ .., last] => format!("{}, and {last}", first.join(", ")),
    }
}
