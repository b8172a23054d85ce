//! What a run waits for and the command that goes on with it: the same words on the screen and in `keyway show`.

use dsl::workflow::Wait;
use server::engine::plan::Op;
use server::engine::run::Hold;
use server::engine::story::who;
use server::engine::view::{Entry, Reused, Timeline, Waits};
use server::order::Note;

use crate::output::{FAINT, STRONG};

/// What a step waits for, and how to go on.
pub struct Waiting {
    /// What it waits for, in one line.
    pub what: String,
    /// The commands that go on, each with what it means.
    pub commands: Vec<(String, &'static str)>,
}

/// What a step waits for, if not for time alone. `data` is what a command needs to find the run.
pub fn of(timeline: &Timeline, path: &str, entry: &Entry, data: &str) -> Option<Waiting> {
    let run = timeline.run()?;
    let answer = |reply: &str| format!("keyway answer {run} {} {reply}{data}", quoted(path));
    Some(match entry.waits.as_ref()? {
        Waits::Signal(name) => Waiting {
            what: format!("waits for the signal `{name}`"),
            commands: vec![(format!("keyway signal {} --run {run}{data}", quoted(name)), "")],
        },
        Waits::Person(asked) => {
            let fills =
                if asks_fields(timeline, path) { "approves, and fills in what is asked for" } else { "" };
            let mut commands = vec![(answer("yes"), "approves"), (answer("no"), "rejects")];
            if !fills.is_empty() {
                commands.insert(1, (answer("--value JSON"), fills));
            }
            Waiting { what: format!("asks {}: {}", who(&asked.who), asked.message), commands }
        }
        Waits::Doubt => {
            let action = entry.action.as_deref().unwrap_or("an action");
            let sent = entry.sent.map(|sent| format!(" was sent at {sent:.0}")).unwrap_or_default();
            Waiting {
                what: format!(
                    "the call of `{action}`{sent}, and the process ended before its answer was recorded: it may or \
                     may not have happened"
                ),
                commands: vec![
                    (answer("yes"), "it happened; `--value JSON` says what it gave"),
                    (answer("no"), "it did not: it is made again"),
                    (answer("stop"), "nobody knows: the step fails"),
                ],
            }
        }
    })
}

/// Why nothing new starts in a run, and how it goes on.
pub fn held(timeline: &Timeline, data: &str) -> Option<String> {
    let run = timeline.run()?;
    let name = &timeline.plan().name;
    Some(match timeline.hold()? {
        Hold::Paused => format!("paused: nothing new starts until `keyway resume {run}{data}`"),
        Hold::Queued => {
            format!(
                "queued: as many runs of `{name}` are under way as may be; it begins when one of them ends"
            )
        }
    })
}

/// Where a run comes from, if not from a person alone: one line for each thing to say.
pub fn origins(timeline: &Timeline) -> Vec<String> {
    let parent = timeline.parent().map(|parent| format!("{FAINT}called by run{FAINT:#} {}", parent.run));
    let past = timeline.past().map(|past| {
        let taken = timeline.steps().values().filter(|entry| entry.reused == Some(Reused::Run)).count();
        let anew = match past.from.as_slice() {
            [] => "what had not ended there".to_owned(),
            from => format!("{} and what rests on it", from.join(", ")),
        };
        format!(
            "{FAINT}takes over from run{FAINT:#} {}{FAINT}: {} taken over; done anew: {anew}{FAINT:#}",
            past.of,
            count(taken, "step")
        )
    });
    let version = Note::of(&timeline.state().note).and_then(|note| note.version);
    let version = version.map(|version| format!("{FAINT}version{FAINT:#} {version}"));
    version.into_iter().chain(parent).chain(past).collect()
}

/// The lines of a wait, indented under its step.
pub fn lines(waiting: &Waiting, indent: usize) -> Vec<String> {
    let blank = " ".repeat(indent);
    let width = waiting.commands.iter().map(|(command, _)| command.chars().count()).max().unwrap_or(0);
    let mut lines = wrapped(&waiting.what, 98_usize.saturating_sub(indent));
    lines.iter_mut().for_each(|line| line.insert_str(0, &blank));
    let meanings = waiting.commands.iter().map(|(_, meaning)| meaning.chars().count()).max().unwrap_or(0);
    for (command, meaning) in &waiting.commands {
        // Where a meaning does not fit beside its command, all stand below theirs.
        let line = if meaning.is_empty() {
            format!("{blank}{STRONG}{command}{STRONG:#}")
        } else if indent + width + 2 + meanings > 98 {
            format!("{blank}{STRONG}{command}{STRONG:#}\n{blank}  {FAINT}{meaning}{FAINT:#}")
        } else {
            format!("{blank}{STRONG}{command:<width$}{STRONG:#}  {FAINT}{meaning}{FAINT:#}")
        };
        lines.push(line);
    }
    lines
}

/// A text in lines that are not wider than this, broken at blanks.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += length;
        }
    }
    lines
}

fn asks_fields(timeline: &Timeline, path: &str) -> bool {
    let step = timeline.place(path).and_then(|at| {
        let block = timeline.state().frames.get(&at.frame)?.block;
        timeline.plan().step(block, at.slot)
    });
    step.is_some_and(|step| match &step.op {
        Op::Wait(Wait::Person(question)) => !question.fields.is_empty(),
        _ => false,
    })
}

/// A word as the shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "._-/:=,".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// So many of something that is counted in words with an `s`.
pub fn count(count: usize, what: &str) -> String {
    match count {
        0 => format!("no {what}s"),
        1 => format!("one {what}"),
        count => format!("{count} {what}s"),
    }
}
