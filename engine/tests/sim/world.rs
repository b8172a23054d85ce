//! One world: a plan, virtual time, and everything that can go wrong around a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use dsl::value::{NoValues, Value};
use dsl::workflow::{OnDoubt, Workflow};
use engine::command::{Call, Command};
use engine::event::{Event, Recorded};
use engine::fork::Past;
use engine::input::{Cancel, Input, Known, Start};
use engine::plan::Plan;
use engine::run::{At, Hold, Run, RunId, Status};
use engine::spent::{Spent, Tokens};
use engine::view::Timeline;
use jiff::{SignedDuration, Timestamp};

use crate::chance::{Chance, mix};
use crate::golden;
use crate::invariants::{Broken, demand};
use crate::model::{Cause, Model, Stage, key_of};
use crate::plans::{SIGNALS, Shape};
use crate::takeover::{Takeover, known};
use crate::weather::{Tally, Weather, answer, knows, says, word};

/// How often runs take over from one another, one after another.
const GENERATIONS: u64 = 2;

/// What came of a call that was cut off.
#[derive(Clone, Debug, PartialEq)]
pub enum CutOff {
    Again,
    GivenUp,
    Happened(Value),
}

/// What many worlds share.
pub struct Setting {
    pub workflow: Workflow,
    pub plan: Plan,
    pub shape: Shape,
    pub telling: Telling,
}

/// Whether a world tells what happens in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    Silent,
    Aloud,
}

pub struct World<'a> {
    setting: &'a Setting,
    plan: &'a Plan,
    name: String,
    /// What the world says is drawn from this.
    pub words: u64,
    pub chance: Chance,
    pub weather: Weather,
    pub run: Run,
    /// The same run, folded from what was stored.
    shadow: Run,
    log: Vec<Recorded>,
    pub model: Model<'a>,
    pub timeline: Timeline,
    pub now: Timestamp,
    /// What is under way: by time, then by order of issue.
    queue: BTreeMap<(Timestamp, u64), Input>,
    issued: u64,
    /// Inputs that were already delivered: what a repeated one is drawn from.
    pub delivered: Vec<Input>,
    pub tally: Tally,
    /// True once something happened of which even a sequential plan must not know the time.
    pub timed: bool,
    /// The signals that woke steps.
    pub heard: BTreeMap<String, Value>,
    /// What came of the calls that were cut off.
    pub cut_off: BTreeMap<(String, u32), CutOff>,
}

/// Runs one world to its end, and with chance others that take over from it.
pub fn live(seed: u64, setting: &Setting, tally: &mut Tally) -> Result<(), Broken> {
    let mut world = World::new(setting, seed, seed, None);
    world.tally.worlds = 1;
    for generation in 1.. {
        world.go()?;
        world.judge(&setting.workflow, setting.shape)?;
        if setting.telling == Telling::Aloud {
            golden::add(&format!("world_{seed}_{generation}"), &setting.plan, &world.log);
        }
        *tally += std::mem::take(&mut world.tally);
        if generation > GENERATIONS {
            break;
        }
        match world.fork(mix(seed ^ generation))? {
            Some(next) => world = next,
            None => break,
        }
    }
    Ok(())
}

impl<'a> World<'a> {
    fn new(setting: &'a Setting, seed: u64, words: u64, takeover: Option<Takeover>) -> World<'a> {
        let plan = &setting.plan;
        let mut chance = Chance::new(seed);
        let weather = Weather::draw(&mut chance);
        World {
            setting,
            plan,
            name: format!("r{seed}"),
            words,
            chance,
            weather,
            run: Run::default(),
            shadow: Run::default(),
            log: vec![],
            model: Model::new(plan, takeover),
            timeline: Timeline::new(plan),
            now: Timestamp::UNIX_EPOCH,
            queue: BTreeMap::new(),
            issued: 0,
            delivered: vec![],
            tally: Tally::default(),
            timed: false,
            heard: BTreeMap::new(),
            cut_off: BTreeMap::new(),
        }
    }

    fn go(&mut self) -> Result<(), Broken> {
        let start = Start::new(RunId(self.name.as_str().into()), Value::Null, Value::Null);
        let past = self.model.takeover.as_ref().map(|takeover| takeover.past.clone());
        let hold = self.chance.one_in(8).then_some(Hold::Queued);
        self.deliver(&Input::Start(Start { past, hold, ..start }))?;
        if hold.is_some() {
            self.later(Input::Release(Hold::Queued));
            // Somebody may be impatient with it already.
            self.happen()?;
        }
        let mut steps = 0;
        while let Some(((time, _), input)) = self.queue.pop_first() {
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
            self.deliver(&input)?;
            self.delivered.push(input);
            self.happen()?;
        }
        let ended = self.run.status.has_ended();
        demand(ended, "no run gets stuck", || format!("{:?}", self.run))?;
        self.after_the_end()
    }

    /// What comes out of the blue.
    fn happen(&mut self) -> Result<(), Broken> {
        if self.once_in(self.weather.signal) {
            let name = (*self.chance.pick(&SIGNALS)).into();
            let value = word(self.chance.next());
            self.deliver(&Input::Signal { name, value, to: None })?;
        }
        if self.once_in(self.weather.hold) {
            self.deliver(&Input::Hold(Hold::Paused))?;
            self.later(Input::Release(Hold::Paused));
        }
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
        Ok(())
    }

    fn once_in(&mut self, times: u32) -> bool {
        times > 0 && self.chance.one_in(times)
    }

    /// Gives the run an input and checks all that must hold.
    pub fn deliver(&mut self, input: &Input) -> Result<(), Broken> {
        self.tally.inputs += 1;
        // What is decided on a run that was folded must be what the live one decides.
        let mut folded = self.shadow.clone();
        let budget = self.weather.budget;
        let foreseen = engine::advance_within(budget, self.plan, &mut folded, &NoValues, input, self.now);
        let events = engine::advance_within(budget, self.plan, &mut self.run, &NoValues, input, self.now);
        demand(foreseen == events, "a folded run decides as the live one", || {
            format!("{input:?}: live {events:?} folded {foreseen:?}")
        })?;
        demand(folded == self.run, "a folded run becomes what the live one does", || format!("{input:?}"))?;
        if self.setting.telling == Telling::Aloud {
            println!("{} {input:?} => {events:?}", self.now);
        }
        self.model.judge_meaning(input, &events, self.now)?;
        if events.is_empty() {
            self.tally.meaningless += 1;
            return demand(self.shadow == self.run, "no events, no change", || format!("{input:?}"));
        }
        self.remember(input);
        self.tally.events += events.len() as u64;
        let bounded = events.len() <= budget + 8 || matches!(input, Input::Cancel(Cancel::Kill));
        demand(bounded, "one input causes a bounded number of events", || format!("{}", events.len()))?;
        let row = Recorded { seq: self.run.seq, time: self.now, events };
        let stored = serde_json::to_string(&row).unwrap();
        let row: Recorded = match serde_json::from_str(&stored) {
            Ok(back) if back == row => back,
            other => return demand(false, "events survive being stored", || format!("{stored} {other:?}")),
        };
        self.shadow.seq = row.seq;
        self.model.cause = Cause::of(input);
        for event in &row.events {
            self.tally.seen.count(&self.shadow, event)?;
            self.listen(event);
            let taken = self.oldest_kept(event);
            self.model.take(event, self.now)?;
            self.shadow.evolve(event, row.time);
            self.check_signals(event, taken)?;
            self.check_outstanding()?;
        }
        self.timeline.apply(&row);
        demand(self.shadow == self.run, "the fold of the log is the live run", || {
            format!("{stored}: folded {:?} live {:?}", self.shadow, self.run)
        })?;
        self.model.judge_rest()?;
        if !self.run.nudge && self.run.hold.is_none() {
            self.model.judge_rest_of_settled()?;
        }
        let under_way = self.run.status.has_ended() || !self.run.outstanding().is_empty();
        let under_way = under_way || self.model.waits_for_somebody();
        demand(under_way, "no run gets stuck", || format!("{:?}", self.run))?;
        for command in row.events.iter().filter_map(|event| event.command(row.time)) {
            self.carry_out(command);
        }
        row.events.iter().for_each(|event| self.attend(event));
        self.log.push(row);
        Ok(())
    }

    /// Notes what the world has said that is not a matter of its seed alone.
    fn remember(&mut self, input: &Input) {
        match input {
            Input::InDoubt { at, attempt } => {
                self.tally.doubts += 1;
                let policy = self.model.step(*at).map(|(_, step)| step.on_doubt).unwrap_or_default();
                let path = self.model.path_of(*at);
                match policy {
                    // While a person is asked, another item may go ahead.
                    OnDoubt::Ask => self.timed |= path.contains('['),
                    OnDoubt::Retry => drop(self.cut_off.insert((path, *attempt), CutOff::Again)),
                    OnDoubt::Fail => drop(self.cut_off.insert((path, *attempt), CutOff::GivenUp)),
                }
            }
            Input::Resolve { at, known } => {
                self.tally.answers += 1;
                let attempt = self.model.slot(*at).map_or(0, |slot| slot.attempts);
                let cut_off = match known {
                    Known::Happened(value) => CutOff::Happened(value.clone()),
                    Known::DidNot => CutOff::Again,
                    Known::Stop => CutOff::GivenUp,
                };
                self.cut_off.insert((self.model.path_of(*at), attempt), cut_off);
            }
            Input::Answer { .. } => self.tally.answers += 1,
            Input::Signal { .. } => self.tally.signals += 1,
            Input::Hold(_) => self.tally.holds += 1,
            Input::Fired(timer) => {
                self.timed |= self.model.slot(timer.at).is_ok_and(|slot| slot.stage == Stage::Asking);
            }
            Input::Start(start) => self.tally.forks += u64::from(start.past.is_some()),
            Input::Returned { .. } | Input::Release(_) | Input::Cancel(_) | Input::Nudge => {}
        }
    }

    /// Notes which signal wakes a step, before the event is taken in.
    fn listen(&mut self, event: &Event) {
        let heard = match event {
            Event::SignalTaken { at, .. } => self.oldest_kept(event).map(|value| (*at, value)),
            Event::StepSucceeded { at, value, .. } => {
                let listens = self.model.slot(*at).is_ok_and(|slot| slot.stage == Stage::Listening);
                listens.then(|| (*at, value.clone()))
            }
            Event::StepReused { .. } => {
                self.tally.reused += 1;
                None
            }
            Event::StepFailed { failure, .. } => {
                // Who comes too late for the limit depends on who came before.
                let limit = failure.failure.kind == dsl::catalog::FailureKind::Limit;
                self.timed |= limit && self.setting.shape == Shape::Wild;
                None
            }
            _ => None,
        };
        if let Some((at, value)) = heard {
            self.heard.insert(self.model.path_of(at), value);
        }
    }

    /// The signal that a step must take.
    fn oldest_kept(&self, event: &Event) -> Option<Value> {
        let Event::SignalTaken { name, .. } = event else { return None };
        self.model.kept.get(name)?.front().cloned()
    }

    fn check_signals(&self, event: &Event, taken: Option<Value>) -> Result<(), Broken> {
        if let Event::SignalTaken { at, .. } = event {
            let value = self.shadow.slot(*at).and_then(|slot| slot.state.value());
            demand(value == taken.as_ref(), "signals are taken in the order in which they came", || {
                format!("{at:?} took {value:?} instead of {taken:?}")
            })?;
        }
        let shadow = &self.shadow;
        demand(shadow.signals == self.model.kept, "what is kept is what came and was not taken", || {
            format!("{:?} instead of {:?}", shadow.signals, self.model.kept)
        })?;
        demand(
            shadow.listening == self.model.listening,
            "who listens is on the list and nobody else",
            || format!("{:?} instead of {:?}", shadow.listening, self.model.listening),
        )?;
        demand(shadow.steps == self.model.begun, "steps are counted when they begin", || {
            format!("{} instead of {}: {event:?}", shadow.steps, self.model.begun)
        })
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
                let result = answer(self.words, &self.model.path_of(call.at), call.attempt);
                let earlier = call.cache.is_some() && result.is_ok() && self.chance.one_in(2);
                let from = earlier.then_some(Timestamp::UNIX_EPOCH);
                // By chance of the place, so that worlds stay what they were.
                let spent = (from.is_none() && (call.at.frame + call.attempt).is_multiple_of(3)).then(spent);
                self.later(Input::Returned { at: call.at, attempt: call.attempt, result, from, spent });
            }
            Command::Wake(timer) => self.enqueue(timer.due.max(self.now), Input::Fired(timer)),
            Command::Nudge => self.enqueue(self.now, Input::Nudge),
            // The answer may have been on its way already, so it is left where it is.
            Command::Abort { .. } => {}
            Command::Emit(signal) => {
                if self.chance.one_in(2) {
                    self.later(Input::Signal { name: signal.name, value: signal.value, to: None });
                }
            }
            Command::Listen { at, name, .. } => {
                let value = word(mix(self.words ^ u64::from(at.slot)));
                if self.chance.one_in(3) {
                    self.later(Input::Signal { name: name.clone(), value: value.clone(), to: None });
                }
                if !self.gives_up(at) {
                    self.later(Input::Signal { name, value, to: Some(at) });
                }
            }
        }
    }

    /// What people do because something happened.
    fn attend(&mut self, event: &Event) {
        let stage = |at: &At| self.model.slot(*at).map(|slot| slot.stage).ok();
        match event {
            Event::StepAsked { at, .. } if stage(at) == Some(Stage::Asking) => {
                let answer = says(self.words, &self.model.path_of(*at));
                if self.chance.one_in(4) {
                    self.later(Input::Answer { at: *at, answer: answer.clone() });
                }
                if !self.gives_up(*at) {
                    self.later(Input::Answer { at: *at, answer });
                }
            }
            Event::StepInDoubt { at, attempt } if stage(at) == Some(Stage::Doubtful) => {
                let known = knows(self.words, &self.model.path_of(*at), *attempt);
                self.later(Input::Resolve { at: *at, known });
            }
            _ => {}
        }
    }

    /// True, with chance, where a step does not wait for ever: nothing comes for it.
    fn gives_up(&mut self, at: At) -> bool {
        self.run.slot(at).is_some_and(|slot| slot.timeout.is_some()) && self.chance.one_in(2)
    }

    fn later(&mut self, input: Input) {
        let time = later(self.now, self.chance.range(0, self.weather.latency));
        self.enqueue(time, input);
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
        // What people do does not depend on the process, and some of the rest arrives all the same: answers
        // that were on the wire.
        let queue = std::mem::take(&mut self.queue);
        for ((time, _), input) in queue {
            if is_of_people(&input) || self.chance.one_in(6) {
                self.enqueue(time, input);
            }
        }
        for command in self.run.outstanding() {
            match command {
                Command::Call(Call { at, attempt, safety, .. }) if !safety.repeatable() => {
                    self.enqueue(self.now, Input::InDoubt { at, attempt });
                }
                other => self.carry_out(other),
            }
        }
        Ok(())
    }

    /// With chance, a world in which another run takes over from this one: from its end, or from where it was at
    /// some time.
    fn fork(&mut self, seed: u64) -> Result<Option<World<'a>>, Broken> {
        if !self.chance.one_in(3) {
            return Ok(None);
        }
        let most = u32::try_from(self.log.len()).unwrap();
        let rows = if self.chance.one_in(3) { self.chance.range(1, most) } else { most };
        let mut old = Timeline::new(self.plan);
        self.log.iter().take(rows as usize).for_each(|row| drop(old.apply(row)));
        let paths: Vec<String> = old.steps().keys().cloned().collect();
        if paths.is_empty() {
            return Ok(None);
        }
        let mut from = vec![];
        for _ in 0..self.chance.range(0, 2) {
            from.push(self.chance.pick(&paths).clone());
        }
        let mut set = BTreeMap::new();
        let given = self.chance.pick(&paths).clone();
        let apart = |path: &String| !path.starts_with(&given) && !given.starts_with(path.as_str());
        if self.chance.one_in(3) && from.iter().all(apart) {
            set.insert(given, word(seed));
        }
        let past = match Past::of(&old, &from, &set, self.plan) {
            Ok(past) => Arc::new(past),
            Err(problem) => return demand(false, "a run can be taken over", || problem).map(|()| None),
        };
        let known = known(&old, self.model.takeover.as_ref());
        if self.setting.telling == Telling::Aloud {
            println!("fork from {from:?} with {set:?}: {past:?}");
        }
        let before = self.model.takeover.iter().flat_map(|before| before.given.clone());
        let given = before.chain(set.keys().cloned()).collect();
        let takeover = Takeover { past, from, set, given, known };
        Ok(Some(World::new(self.setting, seed, mix(seed), Some(takeover))))
    }
}

/// True if an input comes from people or other programs, whatever becomes of this one.
fn is_of_people(input: &Input) -> bool {
    match input {
        Input::Answer { .. }
        | Input::Resolve { .. }
        | Input::Signal { to: None, .. }
        | Input::Hold(_)
        | Input::Release(_)
        | Input::Cancel(_) => true,
        Input::Start(_)
        | Input::Returned { .. }
        | Input::InDoubt { .. }
        | Input::Signal { to: Some(_), .. }
        | Input::Fired(_)
        | Input::Nudge => false,
    }
}

fn later(now: Timestamp, millis: u32) -> Timestamp {
    now + SignedDuration::from_millis(i64::from(millis))
}

/// What asking a model took, always the same.
fn spent() -> Spent {
    let tokens = Tokens { input: 12, cached: 4, output: 3, reasoning: 1 };
    Spent { model: "m".into(), provider: "p".into(), paid_by: "own".into(), tokens, cost: Some(7) }
}
