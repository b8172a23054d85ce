//! One world: a plan, virtual time, and everything that can go wrong around a run.

use std::collections::BTreeMap;
use std::fmt;

use dsl::catalog::{Failure, FailureKind};
use dsl::value::{NoValues, Value};
use dsl::workflow::Workflow;
use engine::command::{Call, Command, Timer, TimerKind};
use engine::event::{Event, Recorded};
use engine::input::{Cancel, Input, Start};
use engine::plan::{Op, Plan};
use engine::run::{At, Run, RunId, Status};
use engine::view::{Shown, Timeline};
use jiff::{SignedDuration, Timestamp};

use crate::chance::{Chance, hash};
use crate::invariants::{Broken, demand};
use crate::model::{Model, key_of};
use crate::plans::Shape;
use crate::reference::{Fate, foretell};

/// What was counted over many worlds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub worlds: u64,
    pub events: u64,
    pub inputs: u64,
    /// Inputs that meant nothing.
    pub meaningless: u64,
    pub crashes: u64,
    /// Crashes of a run that was half settled.
    pub half: u64,
    pub cancels: u64,
    /// Runs whose every step was foretold.
    pub foretold: u64,
    pub failed: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        let Tally { worlds, events, inputs, meaningless, crashes, half, cancels, foretold, failed } = other;
        self.worlds += worlds;
        self.events += events;
        self.inputs += inputs;
        self.meaningless += meaningless;
        self.crashes += crashes;
        self.half += half;
        self.cancels += cancels;
        self.foretold += foretold;
        self.failed += failed;
    }
}

/// How a world treats its run.
struct Weather {
    budget: usize,
    /// One in so many inputs is followed by a crash; 0 for none.
    crash: u32,
    /// One in so many inputs is answered with nonsense.
    noise: u32,
    cancel: u32,
    kill: u32,
    latency: u32,
}

struct World<'a> {
    plan: &'a Plan,
    seed: u64,
    chance: Chance,
    weather: Weather,
    run: Run,
    /// The same run, folded from what was stored.
    shadow: Run,
    log: Vec<Recorded>,
    model: Model<'a>,
    timeline: Timeline,
    paths: BTreeMap<u32, String>,
    now: Timestamp,
    /// What is under way: by time, then by order of issue.
    queue: BTreeMap<(Timestamp, u64), Input>,
    issued: u64,
    /// Inputs that were already delivered: what a repeated one is drawn from.
    past: Vec<Input>,
    tally: Tally,
    in_doubt: bool,
}

/// Runs one world to its end.
pub fn live(
    seed: u64,
    workflow: &Workflow,
    plan: &Plan,
    shape: Shape,
    tally: &mut Tally,
) -> Result<(), Broken> {
    let mut chance = Chance::new(seed);
    let weather = Weather {
        budget: *chance.pick(&[1, 2, 6, 6, 30, 1000, 1000]),
        crash: *chance.pick(&[0, 3, 10, 30]),
        noise: *chance.pick(&[0, 4, 15]),
        cancel: *chance.pick(&[0, 0, 0, 8, 40]),
        kill: *chance.pick(&[0, 0, 0, 0, 0, 0, 30]),
        latency: *chance.pick(&[0, 10, 3000, 8000]),
    };
    let mut world = World {
        plan,
        seed,
        chance,
        weather,
        run: Run::default(),
        shadow: Run::default(),
        log: vec![],
        model: Model::new(plan),
        timeline: Timeline::new(plan),
        paths: BTreeMap::new(),
        now: Timestamp::UNIX_EPOCH,
        queue: BTreeMap::new(),
        issued: 0,
        past: vec![],
        tally: Tally { worlds: 1, ..Tally::default() },
        in_doubt: false,
    };
    world.go()?;
    world.judge(workflow, shape)?;
    tally.add(&world.tally);
    Ok(())
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} worlds, {} events, {} inputs ({} that meant nothing), {} crashes ({} of half-settled runs), \
             {} cancels, {} failed runs, {} runs foretold step by step,",
            self.worlds,
            self.events,
            self.inputs,
            self.meaningless,
            self.crashes,
            self.half,
            self.cancels,
            self.failed,
            self.foretold,
        )
    }
}

impl Tally {
    pub fn add(&mut self, other: &Tally) {
        self.worlds += other.worlds;
        self.events += other.events;
        self.inputs += other.inputs;
        self.meaningless += other.meaningless;
        self.crashes += other.crashes;
        self.half += other.half;
        self.cancels += other.cancels;
        self.foretold += other.foretold;
        self.failed += other.failed;
    }
}

/// What the world answers to one try of the step at a path.
pub fn answer(seed: u64, path: &str, attempt: u32) -> Result<Value, Failure> {
    let draw = hash(seed.wrapping_add(u64::from(attempt)), path);
    let failing = hash(seed, "failing") % 4;
    let chance = match failing {
        0 => 0,
        1 => 10,
        2 => 30,
        _ => 60,
    };
    if draw % 100 >= chance {
        return Ok(Value::Int(i64::try_from(draw % 10).unwrap()));
    }
    let (kind, retryable) = match draw >> 32 & 3 {
        0 => (FailureKind::Invalid, false),
        1 => (FailureKind::Network, true),
        _ => (FailureKind::Server, true),
    };
    let retry_after = (draw >> 40 & 7 == 0).then(|| SignedDuration::from_secs(7));
    let answered = kind != FailureKind::Network;
    Err(Failure { retryable, retry_after, answered, ..Failure::new(kind, "no") })
}

impl World<'_> {
    fn go(&mut self) -> Result<(), Broken> {
        let run = RunId(format!("r{}", self.seed).into());
        let start = Input::Start(Start::new(run, Value::Null, Value::Null));
        self.deliver(&start)?;
        let mut steps = 0;
        while let Some(((time, order), input)) = self.queue.pop_first() {
            steps += 1;
            demand(steps < 20_000, "a run comes to an end", || "20,000 inputs".into())?;
            if self.once_in(self.weather.noise) {
                self.nonsense(&input, time)?;
            }
            // Clocks go wrong: a timer may come a little late, and time may stand still.
            self.now = self.now.max(time);
            if self.once_in(self.weather.noise) {
                self.now = later(self.now, self.chance.range(0, 50));
            }
            let _ = order;
            self.deliver(&input)?;
            self.past.push(input);
            if self.once_in(self.weather.cancel) {
                self.tally.cancels += 1;
                self.deliver(&Input::Cancel(Cancel::Finally))?;
            }
            if self.once_in(self.weather.kill) {
                self.deliver(&Input::Cancel(Cancel::Kill))?;
            }
            if self.once_in(self.weather.crash) {
                self.crash()?;
            }
        }
        let ended = self.run.status.has_ended();
        demand(ended, "no run gets stuck", || format!("{:?}", self.run))?;
        self.after_the_end()
    }

    fn once_in(&mut self, times: u32) -> bool {
        times > 0 && self.chance.one_in(times)
    }

    /// Gives the run an input and checks all that must hold.
    fn deliver(&mut self, input: &Input) -> Result<(), Broken> {
        self.tally.inputs += 1;
        // What is decided on a run that was folded must be what the live one decides.
        let mut folded = self.shadow.clone();
        let foreseen =
            engine::advance_within(self.weather.budget, self.plan, &mut folded, &NoValues, input, self.now);
        let events =
            engine::advance_within(self.weather.budget, self.plan, &mut self.run, &NoValues, input, self.now);
        demand(foreseen == events, "a folded run decides as the live one", || {
            format!("{input:?}: live {events:?} folded {foreseen:?}")
        })?;
        demand(folded == self.run, "a folded run becomes what the live one does", || format!("{input:?}"))?;
        if events.is_empty() {
            self.tally.meaningless += 1;
            return demand(self.shadow == self.run, "no events, no change", || format!("{input:?}"));
        }
        self.tally.events += events.len() as u64;
        let bounded = events.len() <= self.weather.budget + 8 || matches!(input, Input::Cancel(Cancel::Kill));
        demand(bounded, "one input causes a bounded number of events", || format!("{}", events.len()))?;
        let row = Recorded { seq: self.run.seq, time: self.now, events };
        let stored = serde_json::to_string(&row).unwrap();
        let row: Recorded = match serde_json::from_str(&stored) {
            Ok(back) if back == row => back,
            other => return demand(false, "events survive being stored", || format!("{stored} {other:?}")),
        };
        self.shadow.seq = row.seq;
        for event in &row.events {
            self.model.take(event, self.now)?;
            self.shadow.evolve(event, row.time);
            self.name(event);
            self.check_outstanding()?;
        }
        self.timeline.apply(&row);
        demand(self.shadow == self.run, "the fold of the log is the live run", || {
            format!("{stored}: folded {:?} live {:?}", self.shadow, self.run)
        })?;
        let under_way = self.run.status.has_ended() || !self.run.outstanding().is_empty();
        demand(under_way, "no run gets stuck", || format!("{:?}", self.run))?;
        for command in row.events.iter().filter_map(|event| event.command(row.time)) {
            self.carry_out(command);
        }
        self.log.push(row);
        Ok(())
    }

    /// After each event: what the state says is under way is what was issued and is not done.
    fn check_outstanding(&self) -> Result<(), Broken> {
        let outstanding = self.shadow.outstanding();
        let same = outstanding.len() == self.model.issued.len()
            && outstanding.iter().all(|command| {
                key_of(command).is_some_and(|key| self.model.issued.get(&key) == Some(command))
            });
        demand(same, "what is outstanding was issued and is not done", || {
            format!("outstanding {outstanding:?} issued {:?}", self.model.issued)
        })
    }

    /// Does what a driver does for a command, in its own time.
    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Call(call) => {
                let result = answer(self.seed, &self.path_of(call.at), call.attempt);
                let time = later(self.now, self.chance.range(0, self.weather.latency));
                self.enqueue(
                    time,
                    Input::Returned { at: call.at, attempt: call.attempt, result, from: None },
                );
            }
            Command::Wake(timer) => self.enqueue(timer.due.max(self.now), Input::Fired(timer)),
            Command::Nudge => self.enqueue(self.now, Input::Nudge),
            // The answer may have been on its way already, so it is left where it is.
            Command::Abort { .. } | Command::Emit(_) => {}
            Command::Listen { at, name, .. } => {
                let time = later(self.now, self.chance.range(0, self.weather.latency));
                self.enqueue(time, Input::Signal { name, value: Value::Int(1), to: Some(at) });
            }
        }
    }

    fn enqueue(&mut self, time: Timestamp, input: Input) {
        self.issued += 1;
        self.queue.insert((time, self.issued), input);
    }

    /// The process dies and another takes over from the log.
    fn crash(&mut self) -> Result<(), Broken> {
        if self.run.status == Status::New || self.run.status.has_ended() {
            return Ok(());
        }
        self.tally.crashes += 1;
        self.tally.half += u64::from(self.run.nudge);
        self.run = match Run::fold(&self.log) {
            Ok(run) => run,
            Err(error) => return demand(false, "the fold of the log is the live run", || error.to_string()),
        };
        // Some of what was under way arrives all the same: answers that were on the wire.
        let queue = std::mem::take(&mut self.queue);
        for ((time, _), input) in queue {
            if self.chance.one_in(6) {
                self.enqueue(time, input);
            }
        }
        for command in self.run.outstanding() {
            match command {
                Command::Call(Call { at, attempt, safety, .. }) if !safety.repeatable() => {
                    self.in_doubt = true;
                    self.enqueue(self.now, Input::InDoubt { at, attempt });
                }
                other => self.carry_out(other),
            }
        }
        Ok(())
    }

    /// Inputs that must mean nothing: repeated, too early, about what is not there.
    fn nonsense(&mut self, next: &Input, due: Timestamp) -> Result<(), Broken> {
        let frame = self.chance.range(0, 40);
        let slot = u16::try_from(self.chance.range(0, 12)).unwrap();
        let at = At { frame, slot };
        let known = self.run.slot(at).map(|slot| slot.attempts);
        let input = match self.chance.range(0, 6) {
            0 => Input::Returned {
                at,
                attempt: known.unwrap_or(0) + 1,
                result: Ok(Value::Int(99)),
                from: None,
            },
            1 => Input::Fired(Timer { at, kind: TimerKind::Wait, attempt: 3, due: self.now }),
            2 if due > self.now => match next {
                // The clock stands before the timer's time.
                Input::Fired(_) => next.clone(),
                _ => return Ok(()),
            },
            3 => Input::InDoubt { at, attempt: 0 },
            4 => Input::Start(Start::new(RunId("again".into()), Value::Null, Value::Null)),
            5 if !self.run.nudge => Input::Nudge,
            _ => {
                // Something that was delivered already; a nudge may mean something again.
                let Some(count) = u32::try_from(self.past.len()).ok().filter(|count| *count > 0) else {
                    return Ok(());
                };
                let at = self.chance.range(0, count - 1) as usize;
                match &self.past[at] {
                    Input::Nudge => return Ok(()),
                    // What is outstanding again after a crash is not stale.
                    input if self.is_outstanding(input) => return Ok(()),
                    input => input.clone(),
                }
            }
        };
        let events = self.tally.events;
        self.deliver(&input)?;
        demand(events == self.tally.events, "a meaningless input means nothing", || format!("{input:?}"))
    }

    fn is_outstanding(&self, input: &Input) -> bool {
        self.run.outstanding().iter().any(|command| match (command, input) {
            (Command::Call(call), Input::Returned { at, attempt, .. } | Input::InDoubt { at, attempt }) => {
                call.at == *at && call.attempt == *attempt
            }
            (Command::Wake(timer), Input::Fired(fired)) => timer == fired,
            _ => false,
        })
    }

    fn after_the_end(&mut self) -> Result<(), Broken> {
        demand(self.run.outstanding().is_empty(), "nothing is under way after the end", String::new)?;
        let last = self.past.last().cloned();
        let inputs = last.into_iter().chain([Input::Cancel(Cancel::Kill), Input::Nudge]);
        for input in inputs.collect::<Vec<_>>() {
            let events = self.tally.events;
            self.deliver(&input)?;
            demand(events == self.tally.events, "nothing after the end", || format!("{input:?}"))?;
        }
        Ok(())
    }

    fn name(&mut self, event: &Event) {
        if let Event::FrameOpened { frame, parent, index, .. } = event {
            let path = parent.map_or(String::new(), |at| {
                let path = self.path_of(at);
                match self.step_op(at) {
                    Some(Op::Each { .. } | Op::Repeat { .. }) => format!("{path}[{index}]"),
                    _ => path,
                }
            });
            self.paths.insert(*frame, path);
        }
    }

    fn step_op(&self, at: At) -> Option<&Op> {
        Some(&self.plan.step(self.run.frames.get(&at.frame)?.block, at.slot)?.op)
    }

    fn path_of(&self, at: At) -> String {
        let path = self.paths.get(&at.frame).map_or("", String::as_str);
        let block = self.run.frames.get(&at.frame).map(|frame| frame.block);
        let name = block.and_then(|block| self.plan.step(block, at.slot)).map_or("", |step| &*step.name);
        if path.is_empty() { name.into() } else { format!("{path}.{name}") }
    }

    /// Compares what came of the run with what was foretold, where timing cannot matter.
    fn judge(&mut self, workflow: &Workflow, shape: Shape) -> Result<(), Broken> {
        demand(*self.timeline.status() == self.run.status, "the timeline shows the run", String::new)?;
        self.tally.failed += u64::from(matches!(self.run.status, Status::Failed(_)));
        let disturbed = self.in_doubt || self.tally.cancels > 0 || self.weather.kill > 0;
        if disturbed || (shape == Shape::Wild && self.model.disturbed) {
            return Ok(());
        }
        let seed = self.seed;
        let told = foretell(workflow, &|path, attempt| answer(seed, path, attempt));
        if shape == Shape::Wild && told.stopped {
            return demand(false, "a run goes as foretold", || "a failure should have stopped it".into());
        }
        self.tally.foretold += 1;
        for (path, entry) in self.timeline.steps() {
            let fate = told.steps.get(path);
            let same = match (entry.state, fate) {
                (Shown::NotStarted, Some(Fate::NotStarted)) => true,
                (Shown::Skipped, Some(Fate::Skipped)) => true,
                (Shown::Failed, Some(Fate::Failed(kind))) => {
                    entry.error.as_ref().is_some_and(|error| error.failure.kind == *kind)
                }
                (Shown::Succeeded, Some(Fate::Succeeded(value))) => {
                    entry.value.as_ref().map(plain).as_ref() == Some(value)
                }
                _ => false,
            };
            demand(same, "a run goes as foretold", || format!("`{path}`: {entry:?} foretold {fate:?}"))?;
        }
        let missing = told.steps.keys().find(|path| !self.timeline.steps().contains_key(*path));
        demand(missing.is_none(), "a run goes as foretold", || format!("{missing:?} is missing"))?;
        let same = match (&self.run.status, &told.end) {
            (Status::Succeeded(output), Some(Ok(told))) => plain(output) == *told,
            (Status::Failed(failure), Some(Err(told))) => {
                failure.failure.kind == told.kind && failure.step == told.step
            }
            _ => false,
        };
        demand(same, "a run goes as foretold", || format!("{:?} foretold {:?}", self.run.status, told.end))
    }
}

fn later(now: Timestamp, millis: u32) -> Timestamp {
    now + SignedDuration::from_millis(i64::from(millis))
}

/// The value with each collected failure as its kind alone.
fn plain(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::list(items.iter().map(plain).collect()),
        Value::Object(entries) => Value::object(entries.iter().map(|(key, value)| {
            let kind = value.get("kind").filter(|_| **key == *"error");
            (key.clone(), kind.cloned().unwrap_or_else(|| plain(value)))
        })),
        other => other.clone(),
    }
}
