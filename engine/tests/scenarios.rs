//! Transcripts: a workflow, then inputs and the events that each one causes.
//!
//! A file in `scenarios/` begins with comments that say what it shows, then a workflow in YAML up to a line
//! `---`, then one line for each input. With `KEYWAY_BLESS` set the right sides are written anew: read them
//! before they are accepted. With `KEYWAY_GOLDEN` set, histories that are not among the golden ones are added.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod golden;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use dsl::catalog::{Action, Catalog, Failure, FailureKind, Safety, Trust};
use dsl::types::Type;
use dsl::value::{NoValues, Object, Value};
use engine::command::{Command, Timer, TimerKind};
use engine::diff::Diff;
use engine::event::{Event, Gave, Head, Recorded, Then};
use engine::fork::Past;
use engine::input::{Answer, Cancel, Choice, Input, Known, Start};
use engine::plan::{Op, Plan};
use engine::run::{At, Hold, Run, RunId};
use engine::story::Story;
use engine::view::Timeline;
use jiff::{SignedDuration, Timestamp};

#[test]
#[allow(clippy::disallowed_methods, reason = "a test reads its files and whether to write them")]
fn transcripts_are_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 25, "transcripts are missing");
    let mut wrong = String::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.file_stem().unwrap().to_string_lossy();
        let played = play(&name, &text).unwrap_or_else(|problem| panic!("{}: {problem}", file.display()));
        if played != text && std::env::var("KEYWAY_BLESS").is_ok() {
            std::fs::write(&file, &played).unwrap();
        } else if played != text {
            let lines = text.lines().zip(played.lines()).filter(|(old, new)| old != new);
            writeln!(wrong, "{}:", file.display()).unwrap();
            lines.for_each(|(old, new)| writeln!(wrong, "  expected {old}\n  got      {new}").unwrap());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test reads its files")]
fn golden_histories_are_read_as_ever() {
    let files = std::fs::read_dir(golden::folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|file| file.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    assert!(files.len() >= 60, "golden histories are missing");
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let stored: serde_json::Value = serde_json::from_str(&text).unwrap();
        let golden::Golden { plan, log } = serde_json::from_str(&text).unwrap();
        let name = file.display();
        let told = std::fs::read_to_string(file.with_extension("txt")).unwrap();
        assert_eq!(golden::tell(&plan, &log), told, "{name} is no longer read as it was");
        assert_eq!(
            serde_json::to_value(&plan).unwrap(),
            stored["plan"],
            "{name}: the plan is stored otherwise"
        );
        assert_eq!(serde_json::to_value(&log).unwrap(), stored["log"], "{name}: the log is stored otherwise");
        let mut timeline = Timeline::new(&plan);
        for row in &log {
            timeline.apply(row);
            assert!(timeline.to_json()["steps"].is_object(), "{name} cannot be shown");
        }
    }
}

/// Plays a transcript and gives it back with what really happened.
fn play(name: &str, text: &str) -> Result<String, String> {
    let (head, lines) = text.split_once("\n---\n").ok_or("no line `---`")?;
    let checked = dsl::check(head, &catalog());
    let workflow = checked.workflow.ok_or_else(|| format!("{:?}", checked.diagnostics))?;
    let mut stage = Stage {
        plan: Plan::new(&workflow),
        run: Run::default(),
        log: vec![],
        names: BTreeMap::new(),
        now: Timestamp::UNIX_EPOCH,
        budget: engine::BUDGET,
        zone: None,
        old: None,
    };
    let mut runs = 0;
    let mut played = format!("{head}\n---\n");
    for line in lines.lines() {
        if line.trim().is_empty() || line.starts_with('#') {
            writeln!(played, "{line}").unwrap();
            continue;
        }
        let input = line.split_once("=>").map_or(line, |(input, _)| input).trim_end();
        if input.starts_with("fork ") {
            runs += 1;
            golden::add(&format!("{name}_{runs}"), &stage.plan, &stage.log);
        }
        let happened = stage.act(input).map_err(|problem| format!("`{input}`: {problem}"))?;
        writeln!(played, "{input:<26} => {happened}").unwrap();
    }
    golden::add(&format!("{name}_{}", runs + 1), &stage.plan, &stage.log);
    Ok(played)
}

/// Actions of every safety that take anything.
fn catalog() -> Catalog {
    let action = |id: &str, safety| Action {
        id: id.into(),
        about: "Does nothing.".into(),
        safety,
        input: vec![dsl::types::Field::optional("n", Type::Any, "Anything.")],
        output: Type::Any,
        trust: Trust::Untrusted,
    };
    Catalog::new([
        action("test.keyed", Safety::Keyed),
        action("test.once", Safety::Once),
        action("test.read", Safety::Read),
    ])
}

struct Stage {
    plan: Plan,
    run: Run,
    log: Vec<Recorded>,
    /// The path and the block of each instance that was ever open.
    names: BTreeMap<u32, (String, u32)>,
    now: Timestamp,
    budget: usize,
    zone: Option<Arc<str>>,
    /// The run that this one takes over from.
    old: Option<Timeline>,
}

impl Stage {
    fn act(&mut self, line: &str) -> Result<String, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let input = match words.as_slice() {
            ["start"] => {
                let run = RunId("r1".into());
                let inputs = Value::Object(Object::new().into());
                Input::Start(self.starting(Start::new(run, inputs, Value::Null)))
            }
            ["queue"] => {
                let run = RunId("r1".into());
                let inputs = Value::Object(Object::new().into());
                let start = Start { hold: Some(Hold::Queued), ..Start::new(run, inputs, Value::Null) };
                Input::Start(start)
            }
            ["zone", zone] => {
                self.zone = Some((*zone).into());
                return Ok("from here on".into());
            }
            ["fork", run, from @ ..] => return self.fork(run, from),
            ["hold"] => Input::Hold(Hold::Paused),
            ["release"] => Input::Release(Hold::Paused),
            ["admit"] => Input::Release(Hold::Queued),
            ["signal", name, value @ ..] => {
                Input::Signal { name: (*name).into(), value: json(value)?, to: None }
            }
            [path, "hears", name, value @ ..] => {
                Input::Signal { name: (*name).into(), value: json(value)?, to: Some(self.at(path)?) }
            }
            [path, choice @ ("approve" | "reject"), by, comment @ ..] => {
                let choice = if *choice == "approve" { Choice::Approve } else { Choice::Reject };
                let comment = (!comment.is_empty()).then(|| comment.join(" ").into());
                let values = Value::object::<&str>([]);
                let answer = Answer { choice, by: Some((*by).into()), comment, values };
                Input::Answer { at: self.at(path)?, answer }
            }
            [path, "happened", value @ ..] => {
                Input::Resolve { at: self.at(path)?, known: Known::Happened(json(value)?) }
            }
            [path, "did", "not"] => Input::Resolve { at: self.at(path)?, known: Known::DidNot },
            [path, "stops"] => Input::Resolve { at: self.at(path)?, known: Known::Stop },
            ["budget", count] => {
                self.budget = count.parse().map_err(|_| "no number")?;
                return Ok("from here on".into());
            }
            ["clock", length] => {
                self.now = Timestamp::UNIX_EPOCH + duration(length)?;
                return Ok("later".into());
            }
            ["crash"] => return self.crash(),
            ["steps"] => return Ok(self.steps()),
            ["story"] => return Ok(Story::of(&self.plan, &self.log).whole()),
            ["story", step] => return self.story(step),
            ["events", step] => return Ok(self.events(step)),
            ["diff"] => return self.diff(),
            ["cancel"] => Input::Cancel(Cancel::Finally),
            ["kill"] => Input::Cancel(Cancel::Kill),
            ["nudge"] => Input::Nudge,
            [call, "returns", value @ ..] => {
                let (at, attempt) = self.call(call)?;
                Input::Returned { at, attempt, result: Ok(json(value)?), from: None, spent: None }
            }
            [call, "fails", kind, rest @ ..] => {
                let (at, attempt) = self.call(call)?;
                Input::Returned { at, attempt, result: Err(failure(kind, rest)?), from: None, spent: None }
            }
            [call, "in", "doubt"] => {
                let (at, attempt) = self.call(call)?;
                Input::InDoubt { at, attempt }
            }
            [path, kind, rest @ ..] => {
                let timer = self.timer(path, kind)?;
                match rest {
                    ["early"] => {}
                    _ => self.now = self.now.max(timer.due),
                }
                Input::Fired(timer)
            }
            _ => return Err("not understood".into()),
        };
        Ok(self.take(&input))
    }

    fn starting(&self, start: Start) -> Start {
        Start { zone: self.zone.clone(), ..start }
    }

    /// Starts another run that takes over from this one; from here on it is the run.
    fn fork(&mut self, run: &str, from: &[&str]) -> Result<String, String> {
        let old = self.timeline();
        let (set, from): (Vec<&str>, Vec<&str>) = from.iter().partition(|word| word.contains('='));
        let from: Vec<String> = from.into_iter().map(str::to_owned).collect();
        let set = set.into_iter().filter_map(|word| word.split_once('='));
        let set = set.map(|(path, value)| Ok((path.to_owned(), json(&[value])?)));
        let set = set.collect::<Result<BTreeMap<_, _>, String>>()?;
        let past = Past::of(&old, &from, &set, &self.plan)?;
        self.old = Some(old);
        (self.run, self.log, self.names) = (Run::default(), vec![], BTreeMap::new());
        let inputs = Value::Object(Object::new().into());
        let start = Start::new(RunId(run.into()), inputs, Value::Null);
        Ok(self.take(&Input::Start(self.starting(Start { past: Some(past.into()), ..start }))))
    }

    fn take(&mut self, input: &Input) -> String {
        let events =
            engine::advance_within(self.budget, &self.plan, &mut self.run, &NoValues, input, self.now);
        if events.is_empty() {
            return "nothing".into();
        }
        let texts: Vec<String> = events.iter().filter_map(|event| self.tell(event)).collect();
        self.log.push(Recorded { seq: self.run.seq, time: self.now, events });
        texts.join("; ")
    }

    /// Throws the run away and takes it up again from its stored log.
    fn crash(&mut self) -> Result<String, String> {
        let stored = serde_json::to_vec(&self.log).map_err(|error| error.to_string())?;
        let log: Vec<Recorded> = serde_json::from_slice(&stored).map_err(|error| error.to_string())?;
        self.run = Run::fold(&log).map_err(|error| error.to_string())?;
        let outstanding = self.run.outstanding();
        let texts = outstanding.iter().map(|command| match command {
            Command::Call(call) => format!("call {}#{} {}", self.path(call.at), call.attempt, call.key),
            Command::Wake(timer) => {
                format!("{} {} at {}", self.path(timer.at), kind_name(timer.kind), self.offset(timer.due))
            }
            Command::Abort { at, .. } => format!("abort {}", self.path(*at)),
            Command::Nudge => "nudge".into(),
            Command::Listen { at, name, .. } => format!("{} listens for {name}", self.path(*at)),
            Command::Emit(signal) => format!("emit {}", signal.name),
        });
        Ok(texts.collect::<Vec<_>>().join("; "))
    }

    /// The account of a step.
    fn story(&self, step: &str) -> Result<String, String> {
        let story = Story::of(&self.plan, &self.log);
        let found = story.accounts().into_iter().find(|account| account.step == step);
        found.map(|account| account.text).ok_or_else(|| "there is no such step".into())
    }

    /// What happened to a step, or to the `run`, in words.
    fn events(&self, step: &str) -> String {
        let story = Story::of(&self.plan, &self.log);
        let step = if step == "run" { "" } else { step };
        let facts = story.moments().iter().filter(|moment| moment.step == step);
        facts
            .map(|moment| format!("{} {}", self.offset(moment.time), moment.fact))
            .collect::<Vec<_>>()
            .join("; ")
    }

    /// What differs between the run and the one that it takes over from.
    fn diff(&self) -> Result<String, String> {
        let old = self.old.as_ref().ok_or("there is no earlier run")?;
        let diff = Diff::of(old, &self.timeline());
        let text =
            |value: &Option<serde_json::Value>| value.as_ref().map_or("nothing".into(), ToString::to_string);
        let texts = diff.differences.iter().map(|difference| {
            let [one, two] = &difference.values;
            format!("{}: {} or {}", difference.place, text(one), text(two))
        });
        Ok(texts.chain([format!("{} the same", diff.same)]).collect::<Vec<_>>().join("; "))
    }

    fn timeline(&self) -> Timeline {
        let mut timeline = Timeline::new(&self.plan);
        self.log.iter().for_each(|row| {
            timeline.apply(row);
        });
        timeline
    }

    /// How each step stands, as people see it.
    fn steps(&self) -> String {
        let timeline = self.timeline();
        let states = timeline.steps().iter().map(|(path, entry)| format!("{path} {}", entry.state.name()));
        states.collect::<Vec<_>>().join("; ")
    }

    fn call(&self, call: &str) -> Result<(At, u32), String> {
        let (path, attempt) = call.split_once('#').ok_or("no attempt")?;
        Ok((self.at(path)?, attempt.parse().map_err(|_| "no number")?))
    }

    /// The place of a step by its path; a place beyond all for one whose block is not open.
    fn at(&self, path: &str) -> Result<At, String> {
        let found = self.run.frames.iter().find_map(|(id, frame)| {
            let slots = (0u16..).take(frame.slots.len());
            slots.map(|slot| At { frame: *id, slot }).find(|at| self.path(*at) == path)
        });
        Ok(found.unwrap_or(At { frame: 999, slot: 0 }))
    }

    fn timer(&self, path: &str, kind: &str) -> Result<Timer, String> {
        let at = if path == "run" { At::RUN } else { self.at(path)? };
        let commands =
            self.log.iter().flat_map(|row| row.events.iter().filter_map(|event| event.command(row.time)));
        let mut timers = commands.filter_map(|command| match command {
            Command::Wake(timer) if timer.at == at && kind_name(timer.kind) == kind => Some(timer),
            _ => None,
        });
        timers.next_back().ok_or_else(|| "there is no such timer".into())
    }

    fn path(&self, at: At) -> String {
        if at == At::RUN {
            return "run".into();
        }
        let Some((path, block)) = self.names.get(&at.frame) else { return "?".into() };
        let name = self.plan.step(*block, at.slot).map_or("?", |step| &*step.name);
        if path.is_empty() { name.into() } else { format!("{path}.{name}") }
    }

    fn offset(&self, time: Timestamp) -> String {
        format!("+{}", dsl::duration::format(time.duration_since(Timestamp::UNIX_EPOCH)))
    }

    fn frame(&self, frame: u32) -> &str {
        match self.names.get(&frame) {
            Some((path, _)) if path.is_empty() => "run",
            Some((path, _)) => path,
            None => "?",
        }
    }

    fn tell(&mut self, event: &Event) -> Option<String> {
        Some(match event {
            Event::RunStarted { .. } => "run started".into(),
            Event::RunSucceeded { gave } => format!("run succeeded{}", gave_text(gave)),
            Event::RunFailed { failure } => {
                format!("run failed: {} of `{}`", failure.failure.kind.name(), failure.step)
            }
            Event::RunCancelled {} => "run cancelled".into(),
            Event::CancelRequested {} => "cancel requested".into(),
            Event::RunExpired {} => "run expired".into(),
            Event::Yielded {} => "yielded".into(),
            Event::Resumed {} => "resumed".into(),
            Event::FrameOpened { frame, parent, index, block, .. } => {
                let Some(at) = parent else {
                    self.names.insert(*frame, (String::new(), *block));
                    return None;
                };
                let path = self.path(*at);
                let outer = self.names.get(&at.frame).map(|(_, block)| *block);
                let op = outer.and_then(|block| self.plan.step(block, at.slot)).map(|step| &step.op);
                let many = matches!(op, Some(Op::Each { .. } | Op::Repeat { .. }));
                let name = if many { format!("{path}[{index}]") } else { path };
                self.names.insert(*frame, (name.clone(), *block));
                if !many {
                    return None;
                }
                format!("{name} opened")
            }
            Event::PhaseBegan { frame, phase } => {
                format!("{} of {} began", format!("{phase:?}").to_lowercase(), self.frame(*frame))
            }
            Event::Stopped { until, .. } => format!("{} stopped", self.frame(*until)),
            Event::FrameClosed { frame, gave, .. } => {
                format!("{} ended{}", self.frame(*frame), gave_text(gave))
            }
            Event::StepSkipped { at, why } => format!("{} skipped: {why}", self.path(*at)),
            Event::StepStarted { at, attempt, args, .. } => {
                let args = match args {
                    Value::Object(entries) if entries.is_empty() => String::new(),
                    args => format!(" {}", args.to_json()),
                };
                format!("{}#{attempt} started{args}", self.path(*at))
            }
            Event::TimeoutSet { timer } => {
                format!("{} timeout at {}", self.path(timer.at), self.offset(timer.due))
            }
            Event::StepWaiting { at, until } => {
                format!("{} waiting until {}", self.path(*at), self.offset(*until))
            }
            Event::ModelsAsked { at, .. } => format!("{} has asked", self.path(*at)),
            Event::StepDue { at } => format!("{} due", self.path(*at)),
            Event::StepSucceeded { at, value, .. } => {
                format!("{} succeeded {}", self.path(*at), value.to_json())
            }
            Event::StepReused { at, value } => format!("{} taken over: {}", self.path(*at), value.to_json()),
            Event::StepListening { at, name } => format!("{} listens for {name}", self.path(*at)),
            Event::StepAsked { at, asked } => {
                format!("{} asks {}: {}", self.path(*at), asked.who.to_json(), asked.message)
            }
            Event::StepInDoubt { at, attempt } => format!("{}#{attempt} in doubt", self.path(*at)),
            Event::SignalKept { name, .. } => format!("{name} kept"),
            Event::SignalTaken { at, name } => format!("{} took {name}", self.path(*at)),
            Event::SignalEmitted { at, signal } => {
                let to = signal.to.as_ref().map(|run| format!(" to {run}")).unwrap_or_default();
                format!("{} emits {}{to} {}", self.path(*at), signal.name, signal.value.to_json())
            }
            Event::RunHeld { why } => format!("run held: {}", format!("{why:?}").to_lowercase()),
            Event::RunReleased {} => "run released".into(),
            Event::StepFailed { at, failure, then } => {
                let then = match then {
                    Then::Retry { due } => format!(", again at {}", self.offset(*due)),
                    Then::Continue => ", continued".into(),
                    Then::Fatal => String::new(),
                };
                format!("{} failed: {}{then}", self.path(*at), failure.failure.kind.name())
            }
            Event::CallAborted { at, attempt } => format!("{}#{attempt} aborted", self.path(*at)),
            Event::StepDropped { at } => format!("{} dropped", self.path(*at)),
            Event::BlockOpened { at, head } => match head {
                Head::Each { count, .. } => format!("{} opened: {count} items", self.path(*at)),
                Head::Repeat { .. } | Head::One => format!("{} opened", self.path(*at)),
            },
            Event::BlockExpired { at, .. } => format!("{} expired", self.path(*at)),
            Event::RoundPaused { at, until, .. } => {
                format!("{} pausing until {}", self.path(*at), self.offset(*until))
            }
            Event::BlockDone { at } => format!("{} succeeded", self.path(*at)),
        })
    }
}

fn json(words: &[&str]) -> Result<Value, String> {
    if words.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&words.join(" ")).map(Value::from_json).map_err(|error| error.to_string())
}

fn gave_text(gave: &Gave) -> String {
    match gave {
        Gave::Value(value) => format!(" {}", value.to_json()),
        Gave::Slot(slot) => format!(" with the value of step {slot}"),
        Gave::Map(_) | Gave::Nothing => String::new(),
    }
}

fn kind_name(kind: TimerKind) -> &'static str {
    match kind {
        TimerKind::Backoff => "backoff",
        TimerKind::Every => "pause",
        TimerKind::Timeout => "timeout",
        TimerKind::Wait => "timer",
    }
}

fn duration(text: &str) -> Result<SignedDuration, String> {
    dsl::duration::parse(text).ok_or_else(|| format!("`{text}` is no duration"))
}

/// Reads a failure: its kind, then `passing`, `answered`, `after 5s`, or an HTTP status.
fn failure(kind: &str, rest: &[&str]) -> Result<Failure, String> {
    let kind = FailureKind::ALL.into_iter().find(|known| known.name() == kind).ok_or("no such kind")?;
    let mut failure = Failure::new(kind, "no");
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        match *word {
            "passing" => failure.retryable = true,
            "answered" => failure.answered = true,
            "after" => failure.retry_after = rest.next().map(|length| duration(length)).transpose()?,
            status => failure.status = Some(status.parse().map_err(|_| "no status")?),
        }
    }
    Ok(failure)
}
