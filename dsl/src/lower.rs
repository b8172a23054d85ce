//! The workflow as it was written, all names resolved, to the workflow that runs. Only reached without errors.

mod agent;
mod patient;
mod triggers;

use std::sync::Arc;

use jiff::SignedDuration;

use crate::ast::{self, ArgKind, Ast, Defaults};
use crate::catalog::{Catalog, Safety};
use crate::check::Resolved;
use crate::span::Spanned;
use crate::value::Value;
use crate::workflow::{
    ACCOUNT, ASK, Act, Arg, Block, Case, EMBED, Need, Op, Question, Retry, Step, Wait, Workflow,
};

/// Builds the workflow; nothing where a part is missing, which was reported as an error then. What was written is
/// taken apart for it, since most of it becomes part of the workflow as it is.
pub fn lower(ast: Ast, resolved: &Resolved, catalog: &Catalog) -> Option<Workflow> {
    let name = ast.name?.value;
    let account = Account { workflow: &name, limit: ast.limits.ai_cost };
    let lowering =
        Lowering { account, connections: &ast.connections, defaults: &ast.defaults, resolved, catalog };
    Some(Workflow {
        root: lowering.block(ast.root)?,
        name,
        description: ast.description,
        inputs: ast.inputs.into_iter().map(|input| input.field).collect(),
        timeout: ast.limits.timeout,
        max_steps: ast.limits.steps,
        ai_cost: ast.limits.ai_cost,
        concurrency: ast.concurrency,
        triggers: triggers::lower(ast.triggers, &ast.connections)?,
    })
}

/// To what the calls of models are counted.
struct Account<'a> {
    workflow: &'a str,
    /// US dollars that a run may spend.
    limit: Option<f64>,
}

impl Account<'_> {
    fn of(&self, step: &str) -> Value {
        let limit = self.limit.map(|dollars| ("limit", Value::Number(dollars)));
        let names = [("workflow", Value::text(self.workflow)), ("step", Value::text(step))];
        Value::object(names.into_iter().chain(limit))
    }
}

struct Lowering<'a> {
    account: Account<'a>,
    connections: &'a [(Spanned<String>, Spanned<String>)],
    defaults: &'a Defaults,
    resolved: &'a Resolved,
    catalog: &'a Catalog,
}

impl Lowering<'_> {
    fn block(&self, block: ast::Block) -> Option<Block> {
        let steps = block.steps.into_iter().map(|step| self.step(step)).collect::<Option<Vec<_>>>()?;
        Some(Block { steps, output: maybe(block.output, arg)? })
    }

    fn step(&self, mut step: ast::Step) -> Option<Step> {
        let written = step.op.take()?;
        let patience = patience(&written);
        let mut op = self.op(&step, written)?;
        let safety = match &op {
            Op::Act(act) => Some(act.safety),
            _ => None,
        };
        let timeout = patience.or(step.timeout).or(safety.and(self.defaults.timeout));
        if let (Op::Act(act), Some(length)) = (&mut op, timeout) {
            allow(act, length);
        }
        Some(Step {
            needs: self.needs(&step),
            retry: self.retry(step.retry.value.as_ref(), safety),
            name: step.name.value,
            span: step.name.span,
            phase: step.phase,
            condition: step.condition,
            op,
            timeout,
            on_error: step.on_error.value,
            on_doubt: step.on_doubt.value.unwrap_or_default(),
        })
    }

    /// Each step once, with the strongest of the kinds in which it is needed.
    fn needs(&self, step: &ast::Step) -> Vec<Need> {
        let mut needs: Vec<Need> = vec![];
        let mut edges: Vec<_> = self.resolved.edges[step.id].iter().collect();
        edges.sort_by_key(|edge| (edge.up, edge.index, edge.kind));
        for edge in edges {
            // Both fit: depth and number of steps have limits of their own.
            let (Ok(up), Ok(index)) = (u16::try_from(edge.up), u16::try_from(edge.index)) else { continue };
            match needs.last_mut().filter(|last| last.up == up && last.step == index) {
                Some(last) => last.kind = edge.kind,
                None => needs.push(Need { up, step: index, kind: edge.kind }),
            }
        }
        needs
    }

    fn act(&self, step: &ast::Step, mut act: ast::Act) -> Option<Act> {
        if act.action.value == ASK {
            self.asking(step, &mut act);
        }
        if act.action.value == EMBED {
            let key = Spanned::new(ACCOUNT.into(), act.action.span);
            act.args.push((key, ast::Arg::value(self.account.of(&step.name.value), act.action.span)));
        }
        let id = act.action.value.as_str();
        let connection = step.connection.as_ref().map(|name| Arc::from(name.value.as_str()));
        Some(Act {
            connection: connection.or_else(|| self.connection(id)),
            safety: act.safety.or_else(|| self.catalog.get(id).map(|action| action.safety))?,
            action: id.into(),
            args: object(act.args)?,
            cache: step.cache.as_ref().map(|length| length.value),
        })
    }

    /// Adds what a model is asked with and the step does not say.
    fn asking(&self, step: &ast::Step, act: &mut ast::Act) {
        if let (Some(quality), None, None) = (self.defaults.quality, act.arg("quality"), act.arg("model")) {
            let key = Spanned::new("quality".into(), act.action.span);
            act.args.push((key, ast::Arg::value(quality, act.action.span)));
        }
        let key = Spanned::new(ACCOUNT.into(), act.action.span);
        act.args.push((key, ast::Arg::value(self.account.of(&step.name.value), act.action.span)));
    }

    /// The connection that a file names for all calls of an action's connector.
    fn connection(&self, action: &str) -> Option<Arc<str>> {
        let connector = action.split('.').next().unwrap_or_default();
        let general = self.connections.iter().find(|(name, _)| name.value == connector);
        general.map(|(_, connection)| connection.value.as_str().into())
    }

    /// How often is tried: as the step says, else as the file says, else as its safety wants it.
    fn retry(&self, own: Option<&ast::Retry>, safety: Option<Safety>) -> Retry {
        let Some(safety) = safety else { return Retry { attempts: 1, ..Retry::default_for(Safety::Once) } };
        let mut retry = Retry::default_for(safety);
        // A default for the whole file is no leave to repeat what must not be repeated: that is said at the step.
        let general = Some(&self.defaults.retry).filter(|_| safety.repeatable());
        for said in [general, own].into_iter().flatten() {
            retry.attempts = said.attempts.unwrap_or(retry.attempts);
            retry.delay = said.delay.unwrap_or(retry.delay);
            retry.factor = said.factor.unwrap_or(retry.factor);
            retry.max_delay = said.max_delay.unwrap_or(retry.max_delay);
            if let Some(kinds) = &said.on {
                retry.on.clone_from(kinds);
            }
        }
        retry
    }

    fn op(&self, step: &ast::Step, op: ast::Op) -> Option<Op> {
        Some(match op {
            ast::Op::Act(act) if agent::has_tools(&act) => self.agent(step, act)?,
            ast::Op::Act(act) => match patient::patience(&act) {
                Some(patience) => self.patient(step, act, patience)?,
                None => Op::Act(self.act(step, act)?),
            },
            ast::Op::Child { workflow, inputs } => {
                Op::Child { workflow: workflow.value.into(), inputs: object(inputs)? }
            }
            ast::Op::Set { value } => Op::Set { value: arg(value)? },
            ast::Op::Wait(wait) => Op::Wait(self::wait(wait)?),
            ast::Op::Fail { message } => Op::Fail { message: arg(message)? },
            ast::Op::Each { items, name, parallel, body } => {
                Op::Each { items: arg(items)?, name: name.value, parallel, body: self.block(body)? }
            }
            ast::Op::Repeat { rounds, until, every, body } => {
                Op::Repeat { rounds: arg(rounds)?, start: None, until, every, body: self.block(body)? }
            }
            ast::Op::Switch { on, cases, default, output } => {
                let output = maybe(output, arg)?;
                let block = |block: ast::Block| Some(Block { output: output.clone(), ..self.block(block)? });
                let case = |(key, body): (Spanned<Value>, ast::Block)| {
                    Some(Case { key: key.value, block: block(body)? })
                };
                let default = maybe(default, block)?;
                Op::Switch {
                    on: arg(on)?,
                    cases: cases.into_iter().map(case).collect::<Option<_>>()?,
                    default,
                }
            }
            ast::Op::Try { body, catches } => Op::Try { body: self.block(body)?, catches },
        })
    }
}

/// What may be left out: nothing in place of it is well, and nothing made of it is not.
fn maybe<A, B>(from: Option<A>, lower: impl FnOnce(A) -> Option<B>) -> Option<Option<B>> {
    match from {
        Some(from) => lower(from).map(Some),
        None => Some(None),
    }
}

/// How long at most a wait lasts, where it says so itself.
fn patience(op: &ast::Op) -> Option<SignedDuration> {
    match op {
        ast::Op::Wait(ast::Wait::Signal { timeout, .. }) => *timeout,
        ast::Op::Wait(ast::Wait::Person(question)) => question.timeout,
        ast::Op::Wait(ast::Wait::For { .. } | ast::Wait::Until { .. })
        | ast::Op::Act(_)
        | ast::Op::Child { .. }
        | ast::Op::Set { .. }
        | ast::Op::Fail { .. }
        | ast::Op::Each { .. }
        | ast::Op::Repeat { .. }
        | ast::Op::Switch { .. }
        | ast::Op::Try { .. } => None,
    }
}

fn wait(wait: ast::Wait) -> Option<Wait> {
    Some(match wait {
        ast::Wait::For { length } => Wait::For { length: arg(length)? },
        ast::Wait::Until { at } => Wait::Until { at: arg(at)? },
        ast::Wait::Signal { name, .. } => Wait::Signal { name: arg(name)? },
        ast::Wait::Person(question) => Wait::Person(Question {
            who: maybe(question.who, arg)?,
            message: arg(question.message)?,
            fields: question.fields,
            on_timeout: question.on_timeout,
        }),
    })
}

/// Drops the places; what holds nothing to evaluate becomes one value.
pub(crate) fn arg(from: ast::Arg) -> Option<Arg> {
    Some(match from.kind {
        ArgKind::Value(value) => Arg::Value(value),
        ArgKind::Expr(expr) => Arg::Expr(expr),
        ArgKind::Text(template) => Arg::Text(template),
        ArgKind::List(items) => {
            let items = items.into_iter().map(arg).collect::<Option<Vec<_>>>()?;
            let values: Option<Vec<Value>> = items.iter().map(constant).collect();
            values.map_or(Arg::List(items), |values| Arg::Value(Value::list(values)))
        }
        ArgKind::Object(entries) => object(entries)?,
        ArgKind::Wrong => return None,
    })
}

fn object(entries: Vec<(Spanned<String>, ast::Arg)>) -> Option<Arg> {
    let entry = |(key, value): (Spanned<String>, ast::Arg)| Some((Arc::<str>::from(key.value), arg(value)?));
    let entries = entries.into_iter().map(entry).collect::<Option<Vec<_>>>()?;
    let values: Option<Vec<Value>> = entries.iter().map(|(_, value)| constant(value)).collect();
    Some(match values {
        Some(values) => Arg::Value(Value::object(entries.into_iter().map(|(key, _)| key).zip(values))),
        None => Arg::Object(entries),
    })
}

fn constant(arg: &Arg) -> Option<Value> {
    match arg {
        Arg::Value(value) => Some(value.clone()),
        Arg::Expr(_) | Arg::Text(_) | Arg::List(_) | Arg::Object(_) => None,
    }
}

/// Lets a request take as long as its step may: without it, it has a limit of its own.
fn allow(act: &mut Act, length: SignedDuration) {
    if &*act.action != "http.request" {
        return;
    }
    let (key, length) = ("timeout", Value::Duration(length));
    match &mut act.args {
        Arg::Object(args) if args.iter().all(|(known, _)| &**known != key) => {
            args.push((key.into(), Arg::Value(length)));
        }
        Arg::Value(Value::Object(args)) if !args.contains_key(key) => {
            Arc::make_mut(args).insert(key.into(), length);
        }
        _ => {}
    }
}
