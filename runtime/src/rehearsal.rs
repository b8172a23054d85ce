//! A run of one case of a test file: the engine alone, without a clock, a thread or a store. Time jumps to what comes
//! next, so that a wait of three days takes none; calls are answered by mocks; the same case gives the same run.

mod answers;
mod begin;
mod calls;
mod coverage;
mod differ;
mod fault;
mod judge;
mod scope;
mod turns;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dsl::catalog::{Failure, Safety};
use dsl::codes::Code;
use dsl::diagnostic::Diagnostic;
use dsl::span::Span;
use dsl::test::{Case, Mock, Reply, Subject, When};
use dsl::value::{Hash, Value, Values};
use engine::command::{Call, Command, TimerKind};
use engine::event::{Event, Recorded};
use engine::input::{Cancel, Input};
use engine::large::each_big;
use engine::plan::{CALL, Plan};
use engine::run::{At, Attempt, Run, RunId, Status};
use engine::view::{Entry, Shown, Timeline};
use indexmap::IndexMap;
use jiff::{SignedDuration, Timestamp};

use crate::child::result_of;
use crate::executor::Found;

pub use coverage::{Covered, Point, Way, points};
pub use fault::{Fault, Lost, Moment};
pub use judge::{Unmet, judge, written_out};
pub use turns::whole as step_of_round;

/// So many things may happen in one case.
const MOST: usize = 50_000;

/// What a case is rehearsed with.
pub struct Stage<'s> {
    /// What the run follows.
    pub plan: Arc<Plan>,
    /// The workflow, as tests speak of it.
    pub subject: &'s Subject<'s>,
    /// What stands in for the world in all cases.
    pub mocks: &'s [Mock],
    /// Finds a workflow that is called, by its name, with its inputs.
    pub find: &'s dyn Fn(&str, &Value) -> Result<Found, Failure>,
    /// Carries out what a case allows.
    pub real: &'s dyn Fn(&Call) -> Result<Value, Failure>,
}

/// What came of a case.
#[derive(Debug, Default)]
pub struct Rehearsed {
    /// How the run stands at the end; one that nothing moves any more is under way.
    pub status: Status,
    /// What it was given.
    pub inputs: Value,
    /// The steps by their paths, those of called workflows below the step that calls.
    pub steps: IndexMap<String, Entry>,
    /// The calls that were made, signals that were raised among them, in their order.
    pub calls: Vec<Made>,
    /// How long it took.
    pub took: SignedDuration,
    /// What its models cost, in units of `engine::spent`.
    pub cost: i64,
    /// The steps and the branches that it went through.
    pub covered: Covered,
    /// How many rows were written, those of called workflows among them.
    pub rows: usize,
    /// How many calls had been made when the process died of a fault.
    pub died: Option<usize>,
    /// The keys in the test file that had an effect.
    pub used: BTreeSet<Span>,
    /// Why it could not be played to its end.
    pub trouble: Option<Diagnostic>,
}

/// A call that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// The path of the step.
    pub step: String,
    /// The action.
    pub action: Arc<str>,
    /// Its parameters.
    pub args: Value,
    /// Which try of the step.
    pub attempt: Attempt,
    /// When.
    pub at: Timestamp,
    /// What may be done about it twice.
    pub safety: Safety,
    /// Its key.
    pub key: Arc<str>,
    /// True if the world did what it asks for, whatever became of the answer.
    pub took: bool,
}

/// Plays a case.
pub fn rehearse(stage: &Stage<'_>, case: &Case) -> Rehearsed {
    play(stage, case, None)
}

/// Plays a case in which one thing goes wrong beside what the case says. Nobody answers a doubt then.
pub fn rehearse_with(stage: &Stage<'_>, case: &Case, fault: Fault) -> Rehearsed {
    play(stage, case, Some(fault))
}

fn play(stage: &Stage<'_>, case: &Case, fault: Option<Fault>) -> Rehearsed {
    let mut play = Play {
        stage,
        case,
        fault,
        mute: false,
        given: BTreeMap::new(),
        lost: BTreeSet::new(),
        now: case.now,
        queue: BTreeMap::new(),
        order: 0,
        runs: BTreeMap::new(),
        children: BTreeMap::new(),
        shelf: Shelf::default(),
        mail: vec![],
        answered: BTreeMap::new(),
        life: Life::First,
        out: Rehearsed::default(),
    };
    match play.begin() {
        Ok(run) => {
            play.play(&run);
            play.close(&run)
        }
        Err(trouble) => Rehearsed { trouble: Some(*trouble), ..Rehearsed::default() },
    }
}

/// A rehearsal under way.
struct Play<'s> {
    stage: &'s Stage<'s>,
    case: &'s Case,
    /// What goes wrong beside what the case says.
    fault: Option<Fault>,
    /// True once the process has died before what was decided went out.
    mute: bool,
    /// Which answer each step got last: where it was lost, a call that is made again gets the same one.
    given: BTreeMap<String, &'s Reply>,
    /// The steps whose last answers were lost.
    lost: BTreeSet<String>,
    now: Timestamp,
    /// What is to come, by its time and in the order in which it was put there.
    queue: BTreeMap<(Timestamp, u64), Due>,
    order: u64,
    runs: BTreeMap<RunId, Moved>,
    /// The runs that steps have called.
    children: BTreeMap<(RunId, At, Attempt), RunId>,
    shelf: Shelf,
    /// Signals from outside that no step listens for yet, by their places in the case.
    mail: Vec<usize>,
    /// How many answers of a mock or to a step were given, by the place of the key.
    answered: BTreeMap<Span, usize>,
    life: Life,
    out: Rehearsed,
}

/// How far the process is that dies once in a case, if at all.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    /// It has not died.
    First,
    /// It dies before anything else happens.
    Ending,
    /// It has gone on from what was recorded.
    Second,
}

/// Something to come.
enum Due {
    /// The world says something to a run.
    World(RunId, Input),
    /// A person does.
    Person(RunId, Input),
    /// A signal of the case comes, by its place there.
    Signal(usize),
}

/// A run that is moved here.
struct Moved {
    plan: Arc<Plan>,
    run: Run,
    timeline: Timeline,
    log: Vec<Recorded>,
    /// The path of the step that called it; empty for the one that is tested.
    prefix: String,
}

/// Large values.
#[derive(Default)]
struct Shelf(BTreeMap<Hash, Value>);

impl Values for Shelf {
    fn get(&self, hash: &Hash) -> Option<Value> {
        self.0.get(hash).cloned()
    }
}

/// What follows from a row.
#[derive(Default)]
struct Follows {
    /// Commands with the paths of their steps.
    commands: Vec<(String, Command)>,
    /// The steps that ask something.
    asks: Vec<(String, At, Asks)>,
    /// The steps that have ended.
    ended: Vec<String>,
}

/// What a step asks a person.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// A question of the workflow.
    Question,
    /// Whether a call took effect.
    Doubt,
}

impl Play<'_> {
    /// Lets happen what is to come until the run has ended or nothing is to come.
    fn play(&mut self, run: &RunId) {
        let mut count = 0;
        while self.out.trouble.is_none() && self.runs.get(run).is_some_and(|moved| !moved.has_ended()) {
            if self.life == Life::Ending {
                self.life = Life::Second;
                self.mute = false;
                self.crash();
            }
            let Some(((time, _), due)) = self.queue.pop_first() else { break };
            self.now = self.now.max(time);
            match due {
                Due::World(run, input) | Due::Person(run, input) => self.tell(&run, &input),
                Due::Signal(at) => self.post(at),
            }
            count += 1;
            if count > MOST {
                let message = format!("the case goes on and on: {MOST} things have happened in it");
                let wrong = Diagnostic::error(Code::EndlessCase, self.case.name.span, message);
                self.out.trouble = Some(wrong.help("let its loops be shorter"));
            }
        }
    }

    fn put(&mut self, time: Timestamp, due: Due) {
        self.order += 1;
        self.queue.insert((time.max(self.now), self.order), due);
    }

    fn put_after(&mut self, length: SignedDuration, due: Due) {
        self.put(self.now.saturating_add(length).unwrap_or(Timestamp::MAX), due);
    }

    /// Tells a run something, and does what follows.
    fn tell(&mut self, id: &RunId, input: &Input) {
        let Some(moved) = self.runs.get_mut(id) else { return };
        let events = engine::advance(&moved.plan, &mut moved.run, &self.shelf, input, self.now);
        if events.is_empty() {
            return;
        }
        let dies = self.row_written();
        let Some(moved) = self.runs.get_mut(id) else { return };
        let row = Recorded { seq: moved.run.seq, time: self.now, events };
        let late = matches!(input, Input::Fired(timer) if timer.kind == TimerKind::Timeout);
        let covered = moved.prefix.is_empty().then_some(&mut self.out.covered);
        let follows = moved.take(row, &mut self.shelf, covered, late);
        let ended = result_of(&moved.plan.name, &moved.run.status);
        let parent = moved.run.parent.clone();
        for (path, command) in follows.commands {
            // A signal that is raised stands in the row itself.
            if !self.mute || matches!(command, Command::Emit(_)) {
                self.obey(id, path, command);
            }
        }
        if dies == Some(Moment::Sent) {
            self.life = Life::Ending;
        }
        for (path, at, asks) in follows.asks {
            self.ask(id, &path, at, asks);
        }
        if let Some(crash) = self.case.crash.as_ref().filter(|crash| crash.when == When::After)
            && follows.ended.iter().any(|path| dsl::test::names(&crash.step.value, path).is_some())
        {
            self.die();
        }
        if let (Some(result), Some(parent)) = (ended, parent) {
            let call = self
                .children
                .iter()
                .find(|((run, at, _), child)| *run == parent.run && *at == parent.at && *child == id);
            if let Some(((_, at, attempt), _)) = call {
                let input = Input::Returned { at: *at, attempt: *attempt, result, from: None, spent: None };
                self.put(self.now, Due::World(parent.run, input));
            }
        }
    }

    /// Makes happen what was decided.
    fn obey(&mut self, run: &RunId, path: String, command: Command) {
        match command {
            Command::Call(call) => self.call(run, path, call),
            Command::Wake(timer) => self.put(timer.due, Due::World(run.clone(), Input::Fired(timer))),
            Command::Nudge => self.put(self.now, Due::World(run.clone(), Input::Nudge)),
            Command::Abort { at, attempt } => {
                if let Some(child) = self.children.remove(&(run.clone(), at, attempt)) {
                    self.put(self.now, Due::World(child, Input::Cancel(Cancel::Finally)));
                }
            }
            Command::Listen { name, .. } => {
                if let Some(place) =
                    self.mail.iter().position(|at| *self.case.signals[*at].name.value == *name)
                {
                    let at = self.mail.remove(place);
                    self.put(self.now, Due::Signal(at));
                }
            }
            Command::Emit(signal) => {
                let to = signal.to.as_ref().map_or(Value::Null, |run| Value::Text(run.0.clone()));
                let args = [
                    ("signal", Value::Text(signal.name.clone())),
                    ("with", signal.value.clone()),
                    ("run", to),
                ];
                let args = Value::object(args);
                let (action, key) = (dsl::workflow::EMIT.into(), signal.id.clone());
                self.note(Made {
                    step: path,
                    action,
                    args,
                    attempt: 1,
                    at: self.now,
                    safety: Safety::Keyed,
                    key,
                    took: true,
                });
                if let Some(to) = signal.to.filter(|to| self.runs.contains_key(to)) {
                    let input = Input::Signal { name: signal.name, value: signal.value, to: None };
                    self.put(self.now, Due::World(to, input));
                }
            }
        }
    }

    /// Notes a call that is made.
    fn note(&mut self, made: Made) {
        let args = made.args.load_all(&self.shelf).unwrap_or(made.args);
        self.out.calls.push(Made { args, ..made });
    }

    /// The process is to die, once in a case.
    fn die(&mut self) {
        if let Some(crash) = self.case.crash.as_ref().filter(|_| self.life == Life::First) {
            self.life = Life::Ending;
            self.out.used.insert(crash.step.span);
        }
    }

    /// Forgets all but what was recorded and what comes from outside, and goes on from there.
    fn crash(&mut self) {
        self.out.died = Some(self.out.calls.len());
        self.queue.retain(|_, due| !matches!(due, Due::World(..)));
        let ids: Vec<RunId> =
            self.runs.iter().filter(|(_, moved)| !moved.has_ended()).map(|(id, _)| id.clone()).collect();
        for id in ids {
            let Some(moved) = self.runs.get_mut(&id) else { continue };
            moved.forget();
            let timeline = &moved.timeline;
            let prefix = &moved.prefix;
            let at = |command: &Command| match command {
                Command::Call(call) => Some(call.at),
                Command::Listen { at, .. } => Some(*at),
                Command::Wake(_) | Command::Abort { .. } | Command::Nudge | Command::Emit(_) => None,
            };
            let outstanding: Vec<(String, Command)> = moved
                .run
                .outstanding()
                .into_iter()
                .map(|command| {
                    let path = at(&command).and_then(|at| timeline.path(at)).unwrap_or_default();
                    (joined(prefix, path), command)
                })
                .collect();
            for (path, command) in outstanding {
                match command {
                    Command::Call(call) => self.take_up(&id, path, call),
                    other => self.obey(&id, path, other),
                }
            }
        }
    }

    /// Goes on with a call of which nothing but its start is known.
    fn take_up(&mut self, run: &RunId, path: String, call: Call) {
        let key = (run.clone(), call.at, call.attempt);
        if *call.action == *CALL
            && let Some(moved) = self.children.get(&key).and_then(|child| self.runs.get(child))
        {
            if let Some(result) = result_of(&moved.plan.name, &moved.run.status) {
                let input =
                    Input::Returned { at: call.at, attempt: call.attempt, result, from: None, spent: None };
                self.put(self.now, Due::World(run.clone(), input));
            }
        } else if call.safety.repeatable() {
            self.lost.insert(path.clone());
            self.call(run, path, call);
        } else {
            let input = Input::InDoubt { at: call.at, attempt: call.attempt };
            self.put(self.now, Due::World(run.clone(), input));
        }
    }

    /// What came of it.
    fn close(mut self, run: &RunId) -> Rehearsed {
        for moved in self.runs.values_mut() {
            moved.timeline.load(&self.shelf);
        }
        let Some(main) = self.runs.get(run) else { return self.out };
        self.out.inputs = main.run.inputs.load_all(&self.shelf).unwrap_or_default();
        self.out.status = main.timeline.status().clone();
        self.out.took = self.now.duration_since(self.case.now);
        let runs =
            std::iter::once(main).chain(self.runs.iter().filter(|(id, _)| *id != run).map(|(_, it)| it));
        for moved in runs {
            let steps = moved.timeline.steps().iter();
            self.out.steps.extend(steps.map(|(path, entry)| (joined(&moved.prefix, path), entry.clone())));
        }
        self.out
    }
}

impl Moved {
    fn has_ended(&self) -> bool {
        self.run.status.has_ended()
    }

    /// Takes in a row; gives what follows from it. `late` is true where time caused it.
    fn take(
        &mut self,
        row: Recorded,
        shelf: &mut Shelf,
        mut covered: Option<&mut Covered>,
        late: bool,
    ) -> Follows {
        let Moved { timeline, prefix, .. } = self;
        let mut follows = Follows::default();
        timeline.follow(&row, |timeline, event, changed| {
            if let Some(covered) = &mut covered {
                covered.see(timeline, event, late);
            }
            each_big(event, &mut |big| {
                if let Some(value) = &big.value {
                    shelf.0.entry(big.hash).or_insert_with(|| (**value).clone());
                }
            });
            let changed = changed.map(|(path, entry)| (joined(prefix, path), entry));
            if let Some(command) = event.command(row.time) {
                // A signal that is raised changes no step yet.
                let raised =
                    if let Event::SignalEmitted { at, .. } = event { timeline.path(*at) } else { None };
                let path = raised.map(|path| joined(prefix, path));
                let path = path.or_else(|| Some(changed.as_ref()?.0.clone())).unwrap_or_default();
                follows.commands.push((path, command));
            }
            let Some((path, entry)) = changed else { return };
            if let Event::StepAsked { at, .. } = event {
                follows.asks.push((path, *at, Asks::Question));
            } else if let Event::StepInDoubt { at, .. } = event {
                follows.asks.push((path, *at, Asks::Doubt));
            } else if entry.ended.is_some() {
                follows.ended.push(path);
            }
        });
        self.log.push(row);
        follows
    }

    /// Makes the run anew from what was recorded of it, as it stands in a store.
    fn forget(&mut self) {
        let stored = serde_json::to_string(&self.log).ok();
        let log: Option<Vec<Recorded>> = stored.and_then(|text| serde_json::from_str(&text).ok());
        if let Some(run) = log.and_then(|log| Run::fold(&log).ok()) {
            self.run = run;
        }
    }
}

/// A path below another.
fn joined(prefix: &str, path: &str) -> String {
    if prefix.is_empty() { path.to_owned() } else { format!("{prefix}.{path}") }
}

/// True for a step that is under way or waits.
fn is_open(entry: &Entry) -> bool {
    match entry.state {
        Shown::Running | Shown::Waiting => true,
        Shown::InDoubt => entry.ended.is_none(),
        Shown::NotStarted | Shown::Succeeded | Shown::Skipped | Shown::Failed | Shown::Cancelled => false,
    }
}
