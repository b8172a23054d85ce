//! Random plans: all operations, nested, with needs that are inferred from what expressions read.

use dsl::catalog::{FailureKind, Safety};
use dsl::expr;
use dsl::span::{Span, SpanMap};
use dsl::value::Value;
use dsl::workflow::{
    Act, Arg, Block, Case, EMIT, Need, NeedKind, OnDoubt, OnError, OnTimeout, Op, Phase, Question, Retry,
    Step, Wait, Workflow,
};
use jiff::SignedDuration;

use crate::chance::Chance;

/// The signals of all plans: so few that they are mistaken for one another where that can be.
pub const SIGNALS: [&str; 2] = ["go", "on"];

/// What kind of plans are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Anything goes.
    Wild,
    /// Nothing happens at the same time as anything else, so that all of it can be foretold.
    Sequential,
}

/// A step that may be read.
#[derive(Clone)]
struct Known {
    name: String,
    slot: u16,
    phase: Phase,
    number: bool,
}

/// A block that is being made, seen from within.
struct Level {
    known: Vec<Known>,
    phase: Phase,
}

struct Maker<'a> {
    chance: &'a mut Chance,
    shape: Shape,
    levels: Vec<Level>,
    /// Names that may be read bare as numbers: items, `round`, `index`.
    numbers: Vec<String>,
    catching: u32,
    /// True within a `for_each`, where sequential plans do without pauses.
    within_each: u32,
    steps: u32,
}

/// Makes a plan.
pub fn make(chance: &mut Chance, shape: Shape) -> Workflow {
    let mut maker =
        Maker { chance, shape, levels: vec![], numbers: vec![], catching: 0, within_each: 0, steps: 0 };
    let most = maker.chance.range(1, 7);
    let mut root = maker.block(most, 0, &[]);
    if maker.chance.one_in(3) {
        maker.levels.push(Level { known: vec![], phase: Phase::Catch });
        let first = u16::try_from(root.steps.len()).unwrap();
        let known = known_of(&root);
        maker.levels.last_mut().unwrap().known = known;
        let count = maker.chance.range(1, 2);
        maker.catching += 1;
        maker.steps_of(&mut root, Phase::Catch, first, count, 1);
        maker.levels.pop();
    }
    let timeout = (shape == Shape::Wild && maker.chance.one_in(12))
        .then(|| SignedDuration::from_secs(i64::from(maker.chance.range(1, 40))));
    let max_steps = maker.chance.one_in(6).then(|| u64::from(maker.chance.range(1, 30)));
    if shape == Shape::Wild {
        shuffle(&mut root, &mut vec![], chance);
    }
    Workflow { name: "plan".into(), timeout, max_steps, root, ..Workflow::default() }
}

fn known_of(block: &Block) -> Vec<Known> {
    let steps = (0..).zip(&block.steps);
    steps
        .map(|(slot, step)| Known {
            name: step.name.to_string(),
            slot,
            phase: step.phase,
            number: is_number(&step.op),
        })
        .collect()
}

fn is_number(op: &Op) -> bool {
    match op {
        Op::Act(act) => &*act.action != EMIT,
        Op::Child { .. } | Op::Set { .. } | Op::Wait(Wait::Signal { .. }) => true,
        Op::Each { .. }
        | Op::Fail { .. }
        | Op::Repeat { .. }
        | Op::Switch { .. }
        | Op::Try { .. }
        | Op::Wait(Wait::For { .. } | Wait::Person(_) | Wait::Until { .. }) => false,
    }
}

impl Maker<'_> {
    /// A block with a body and, where `phases` says so, handlers.
    fn block(&mut self, count: u32, depth: u32, phases: &[Phase]) -> Block {
        let mut block = Block::default();
        self.levels.push(Level { known: vec![], phase: Phase::Body });
        self.steps_of(&mut block, Phase::Body, 0, count, depth);
        for phase in phases {
            self.levels.last_mut().unwrap().phase = *phase;
            let first = u16::try_from(block.steps.len()).unwrap();
            let count = self.chance.range(0, 2);
            self.catching += u32::from(*phase == Phase::Catch);
            self.steps_of(&mut block, *phase, first, count, depth + 1);
            self.catching -= u32::from(*phase == Phase::Catch);
        }
        block.output = self.output(depth);
        self.levels.pop();
        block
    }

    /// The value of a block; that of the root is left to be the map.
    fn output(&mut self, depth: u32) -> Option<Arg> {
        if depth == 0 || self.chance.one_in(2) {
            return None;
        }
        let known = self.levels.last().unwrap().known.clone();
        let texts: Vec<String> = known.iter().map(|step| read(self.chance, step)).collect();
        Some(match (self.chance.range(0, 3), texts.as_slice()) {
            (0, [.., last]) => expression(last),
            (1, [first, .., last]) => expression(&format!("[{first}, {last}]")),
            (2, [.., _]) => expression(&format!("steps.{}", known[known.len() - 1].name)),
            _ => Arg::Value(Value::Int(7)),
        })
    }

    fn steps_of(&mut self, block: &mut Block, phase: Phase, first: u16, count: u32, depth: u32) {
        for slot in (first..).take(count as usize) {
            let step = self.step(slot, phase, depth);
            let known = Known { name: step.name.to_string(), slot, phase, number: is_number(&step.op) };
            self.levels.last_mut().unwrap().known.push(known);
            block.steps.push(step);
        }
    }

    fn step(&mut self, slot: u16, phase: Phase, depth: u32) -> Step {
        self.steps += 1;
        let name = format!("s{}", self.steps);
        let mut needs: Vec<Need> = vec![];
        if self.shape == Shape::Sequential
            && let Some(before) = slot.checked_sub(1)
        {
            needs.push(Need { up: 0, step: before, kind: NeedKind::After });
        }
        let condition = self.chance.one_in(4).then(|| {
            let text = self.condition();
            self.need(&text, &mut needs);
            parse(&text)
        });
        let op = self.op(&mut needs, depth);
        if self.chance.one_in(8)
            && let Some(known) = self.pick()
        {
            needs.push(Need { up: known.0, step: known.1.slot, kind: NeedKind::After });
        }
        needs.sort_by_key(|need| (need.up, need.step, std::cmp::Reverse(need.kind)));
        needs.dedup_by_key(|need| (need.up, need.step));
        let act = matches!(op, Op::Act(_) | Op::Child { .. });
        let each = matches!(op, Op::Each { .. });
        let quiet = self.shape == Shape::Sequential && self.within_each > 0;
        let retry = Retry {
            attempts: if act && !quiet { self.chance.range(1, 3) } else { 1 },
            on: if self.chance.one_in(6) { vec![FailureKind::Server, FailureKind::Timeout] } else { vec![] },
            ..Retry::default_for(Safety::Keyed)
        };
        let patience = if matches!(op, Op::Wait(Wait::Person(_) | Wait::Signal { .. })) { 2 } else { 7 };
        let timeout = (self.shape == Shape::Wild && self.chance.one_in(patience))
            .then(|| SignedDuration::from_millis(i64::from(self.chance.range(100, 12_000))));
        let on_error = match self.chance.range(0, 9) {
            0..=2 => OnError::Continue,
            3..=5 if each => OnError::Collect,
            _ => OnError::Fail,
        };
        Step {
            name: name.into(),
            span: Span::default(),
            phase,
            needs,
            condition,
            op,
            retry,
            timeout,
            on_error,
            on_doubt: *self.chance.pick(&[OnDoubt::Ask, OnDoubt::Ask, OnDoubt::Fail, OnDoubt::Retry]),
        }
    }

    fn op(&mut self, needs: &mut Vec<Need>, depth: u32) -> Op {
        let deep = depth < 4 && self.steps < 60;
        // What others must say would let items of a sequential plan overtake one another, as pauses would.
        let may_wait = self.shape == Shape::Wild || self.within_each == 0;
        match self.chance.range(0, if deep { 23 } else { 15 }) {
            0..=7 => Op::Act(self.act(needs)),
            8..=9 => Op::Set { value: self.argument(needs) },
            10 if may_wait => {
                let length = Arg::Value(Value::text(format!("{}ms", self.chance.range(0, 9000))));
                Op::Wait(Wait::For { length })
            }
            11 if may_wait => {
                let name = Arg::Value(Value::text(*self.chance.pick(&SIGNALS)));
                Op::Wait(Wait::Signal { name })
            }
            12 if may_wait => Op::Wait(Wait::Person(self.question(needs))),
            10..=12 => Op::Set { value: Arg::Value(Value::Int(3)) },
            13 => Op::Act(self.emit(needs)),
            14 if self.chance.one_in(2) => {
                Op::Child { workflow: "other".into(), inputs: self.argument(needs) }
            }
            15 if self.chance.one_in(3) => Op::Fail { message: self.argument(needs) },
            14 | 15 => Op::Set { value: Arg::Value(Value::Int(4)) },
            16..=18 => self.each(needs, depth),
            19..=20 => self.repeat(needs, depth),
            21 => self.switch(needs, depth),
            _ => self.try_(needs, depth),
        }
    }

    fn act(&mut self, needs: &mut Vec<Need>) -> Act {
        let safety = *self.chance.pick(&[Safety::Read, Safety::Idempotent, Safety::Keyed, Safety::Once]);
        let cached = safety == Safety::Read && self.chance.one_in(2);
        Act {
            action: "test.call".into(),
            // Each try draws anew, unless it must send what the one before sent.
            args: if self.chance.one_in(4) { expression("uuid()") } else { self.argument(needs) },
            safety,
            connection: None,
            cache: cached.then(|| SignedDuration::from_hours(1)),
        }
    }

    fn emit(&mut self, needs: &mut Vec<Need>) -> Act {
        let signal = Arg::Value(Value::text(*self.chance.pick(&SIGNALS)));
        let mut args = vec![("signal".into(), signal), ("with".into(), self.argument(needs))];
        if self.chance.one_in(3) {
            args.push(("run".into(), Arg::Value(Value::text("another"))));
        }
        let (action, args) = (EMIT.into(), Arg::Object(args));
        Act { action, args, safety: Safety::Once, connection: None, cache: None }
    }

    fn question(&mut self, needs: &mut Vec<Need>) -> Question {
        Question {
            who: self.chance.one_in(2).then(|| Arg::Value(Value::text("ann"))),
            message: self.argument(needs),
            fields: vec![],
            on_timeout: *self.chance.pick(&[OnTimeout::Approve, OnTimeout::Fail, OnTimeout::Reject]),
        }
    }

    fn each(&mut self, needs: &mut Vec<Need>, depth: u32) -> Op {
        let items = match self.chance.range(0, 5) {
            0 => {
                let argument = self.number(needs);
                expression(&format!("[1, {argument}, 3]"))
            }
            1 => Arg::Value(Value::object([("a", Value::Int(1)), ("b", Value::Int(2))])),
            2 => Arg::Value(Value::list(vec![])),
            _ => {
                let most = i64::from(self.chance.range(1, 5));
                Arg::Value(Value::list((0..most).map(Value::Int).collect()))
            }
        };
        let plain = !matches!(&items, Arg::Value(Value::Object(_)));
        let name = format!("i{}", self.steps);
        let parallel = if self.shape == Shape::Sequential { 1 } else { self.chance.range(1, 3) };
        let before = self.numbers.len();
        self.numbers.push("index".into());
        if plain {
            self.numbers.push(name.clone());
        }
        self.within_each += 1;
        let count = self.chance.range(0, 3);
        let body = self.inner(needs, count, depth, &[]);
        self.within_each -= 1;
        self.numbers.truncate(before);
        Op::Each { items, name: name.into(), parallel, body }
    }

    fn repeat(&mut self, needs: &mut Vec<Need>, depth: u32) -> Op {
        let rounds = i64::from(self.chance.range(1, 3));
        let start = self.chance.one_in(3).then(|| self.number(needs));
        let before = self.numbers.len();
        self.numbers.push("round".into());
        if start.is_some() {
            self.numbers.push("(round == 1 ? last : round)".into());
        }
        let count = self.chance.range(1, 3);
        let body = self.inner(needs, count, depth, &[]);
        let until = self.chance.one_in(2).then(|| match body.steps.first() {
            Some(step) if is_number(&step.op) && self.chance.one_in(2) => {
                format!("(steps.{} ?? 0) > 4", step.name)
            }
            _ => format!("round >= {}", self.chance.range(1, 3)),
        });
        self.numbers.truncate(before);
        let quiet = self.shape == Shape::Sequential && self.within_each > 0;
        let every = (!quiet && self.chance.one_in(2))
            .then(|| SignedDuration::from_millis(i64::from(self.chance.range(0, 3000))));
        Op::Repeat {
            rounds: Arg::Value(Value::Int(rounds)),
            start: start.map(|text| expression(&text)),
            until: until.map(|text| parse(&text)),
            every,
            body,
        }
    }

    fn switch(&mut self, needs: &mut Vec<Need>, depth: u32) -> Op {
        let on = self.number(needs);
        let cases = (0..self.chance.range(1, 2)).map(i64::from);
        let cases = cases
            .map(|key| {
                let count = self.chance.range(1, 2);
                Case { key: Value::Int(key), block: self.inner(needs, count, depth, &[]) }
            })
            .collect();
        let default = self.chance.one_in(2).then(|| {
            let count = self.chance.range(1, 2);
            self.inner(needs, count, depth, &[])
        });
        Op::Switch { on: expression(&format!("({on}) % 3")), cases, default }
    }

    fn try_(&mut self, needs: &mut Vec<Need>, depth: u32) -> Op {
        let catches = self.chance.one_in(2);
        let mut phases = vec![];
        phases.extend(catches.then_some(Phase::Catch));
        phases.extend(self.chance.one_in(2).then_some(Phase::Finally));
        let count = self.chance.range(1, 3);
        let body = self.inner(needs, count, depth, &phases);
        Op::Try { body, catches }
    }

    /// A block within a step, which waits for all that is read in it.
    fn inner(&mut self, needs: &mut Vec<Need>, count: u32, depth: u32, phases: &[Phase]) -> Block {
        let block = self.block(count, depth + 1, phases);
        outward(&block, needs);
        block
    }

    /// A value that reads some steps.
    fn argument(&mut self, needs: &mut Vec<Need>) -> Arg {
        match self.chance.range(0, 3) {
            0 => Arg::Value(Value::Int(i64::from(self.chance.range(0, 9)))),
            _ => {
                let text = self.number(needs);
                expression(&text)
            }
        }
    }

    /// An expression that gives a number, or fails.
    fn number(&mut self, needs: &mut Vec<Need>) -> String {
        let text = match (self.chance.range(0, 9), self.numbers.len()) {
            (0, count) if count > 0 => {
                let at = self.chance.range(0, u32::try_from(count).unwrap() - 1);
                self.numbers[at as usize].clone()
            }
            (1, _) if self.catching > 0 => "len(error.kind)".into(),
            (2, _) if self.chance.one_in(8) => "1 + null".into(),
            _ => match self.pick() {
                Some((_, known)) => read(self.chance, &known),
                None => self.chance.range(0, 5).to_string(),
            },
        };
        self.need(&text, needs);
        text
    }

    fn condition(&mut self) -> String {
        match self.pick() {
            Some((_, known)) if self.chance.one_in(4) => format!("errors.{} == null", known.name),
            Some((_, known)) => format!("({}) % 3 != 1", read(self.chance, &known)),
            None => if self.chance.one_in(3) { "false" } else { "true" }.into(),
        }
    }

    /// A step that may be read from here: an earlier one, in this block or further out.
    fn pick(&mut self) -> Option<(u16, Known)> {
        let depth = self.levels.len();
        let mut found = vec![];
        for (at, level) in self.levels.iter().enumerate() {
            let up = u16::try_from(depth - 1 - at).unwrap();
            let seen = level.known.iter().filter(|known| known.phase <= level.phase);
            // Nearer ones more often.
            found.extend(seen.flat_map(|known| std::iter::repeat_n((up, known.clone()), 1 + at)));
        }
        (!found.is_empty()).then(|| self.chance.pick(&found).clone())
    }

    /// Adds the needs of what an expression reads.
    fn need(&mut self, text: &str, needs: &mut Vec<Need>) {
        for read in parse(text).reads() {
            let levels = self.levels.iter().rev().zip(0u16..);
            let found = levels.into_iter().find_map(|(level, up)| {
                let known = level.known.iter().find(|known| *known.name == *read.step)?;
                Some((up, known.slot))
            });
            let (up, step) = found.expect("only known steps are read");
            let kind = if read.soft { NeedKind::Soft } else { NeedKind::Hard };
            needs.push(Need { up, step, kind });
        }
    }
}

/// An expression that reads a step as a number, hard or soft.
fn read(chance: &mut Chance, known: &Known) -> String {
    let name = &known.name;
    match (known.number, chance.range(0, 5)) {
        (true, 0 | 1) => format!("steps.{name}"),
        (true, 2) => format!("steps.{name} + 1"),
        (true, 3) => format!("(steps.{name} ?? 5) + 1"),
        (true, _) => format!("steps.{name} ?? 2"),
        (false, 0 | 1) => format!("steps.{name} == null ? 1 : 2"),
        (false, 2) => format!("(steps.{name} ?? null) == null ? 3 : 4"),
        (false, 3) => format!("meta.{name}?.attempts ?? 6"),
        (false, _) => format!("errors.{name} == null ? 7 : 8"),
    }
}

/// What the steps of a block need outside of it, softly.
fn outward(block: &Block, needs: &mut Vec<Need>) {
    for need in block.steps.iter().flat_map(|step| &step.needs) {
        if let Some(up) = need.up.checked_sub(1) {
            needs.push(Need { up, step: need.step, kind: NeedKind::Soft });
        }
    }
}

fn parse(text: &str) -> expr::Expr {
    expr::parse(text, &SpanMap::plain(0, text.len())).unwrap_or_else(|found| panic!("{text}: {found:?}"))
}

fn expression(text: &str) -> Arg {
    Arg::Expr(parse(text))
}

/// The blocks of a step.
pub fn blocks_of(op: &mut Op) -> Vec<&mut Block> {
    match op {
        Op::Each { body, .. } | Op::Repeat { body, .. } | Op::Try { body, .. } => vec![body],
        Op::Switch { cases, default, .. } => {
            cases.iter_mut().map(|case| &mut case.block).chain(default.as_mut()).collect()
        }
        Op::Act(_) | Op::Child { .. } | Op::Set { .. } | Op::Wait(_) | Op::Fail { .. } => vec![],
    }
}

/// Puts the steps of each block in another order: that of the text means nothing.
fn shuffle(block: &mut Block, outer: &mut Vec<Vec<u16>>, chance: &mut Chance) {
    let count = block.steps.len();
    let mut order: Vec<usize> = (0..count).collect();
    for at in (1..count).rev() {
        let other = chance.range(0, u32::try_from(at).unwrap()) as usize;
        order.swap(at, other);
    }
    let mut moved = vec![0; count];
    for (to, from) in (0..).zip(&order) {
        moved[*from] = to;
    }
    outer.push(moved);
    let mut steps: Vec<Option<Step>> = std::mem::take(&mut block.steps).into_iter().map(Some).collect();
    block.steps = order.into_iter().map(|from| steps[from].take().unwrap()).collect();
    for step in &mut block.steps {
        for need in &mut step.needs {
            let level = &outer[outer.len() - 1 - usize::from(need.up)];
            need.step = level[usize::from(need.step)];
        }
        blocks_of(&mut step.op).into_iter().for_each(|inner| shuffle(inner, outer, chance));
    }
    outer.pop();
}
