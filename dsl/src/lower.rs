//! The workflow as it was written, all names resolved, to the workflow that runs. Only reached without errors.

mod triggers;

use std::sync::Arc;

use jiff::SignedDuration;

use crate::ast::{self, ArgKind, Ast};
use crate::catalog::{Catalog, Safety};
use crate::check::Resolved;
use crate::value::Value;
use crate::workflow::{ASK, Act, Arg, Block, Case, Need, Op, Question, Retry, Step, Wait, Workflow};

/// Builds the workflow; nothing where a part is missing, which was reported as an error then.
pub fn lower(ast: &Ast, resolved: &Resolved, catalog: &Catalog) -> Option<Workflow> {
    let lowering = Lowering { ast, resolved, catalog };
    Some(Workflow {
        name: ast.name.as_ref()?.value.clone(),
        description: ast.description.clone(),
        inputs: ast.inputs.iter().map(|input| input.field.clone()).collect(),
        timeout: ast.limits.timeout,
        max_steps: ast.limits.steps,
        ai_cost: ast.limits.ai_cost,
        concurrency: ast.concurrency.clone(),
        triggers: triggers::lower(ast)?,
        root: lowering.block(&ast.root)?,
    })
}

struct Lowering<'a> {
    ast: &'a Ast,
    resolved: &'a Resolved,
    catalog: &'a Catalog,
}

impl Lowering<'_> {
    fn block(&self, block: &ast::Block) -> Option<Block> {
        let steps = block.steps.iter().map(|step| self.step(step)).collect::<Option<Vec<_>>>()?;
        let output = block.output.as_ref().map(arg);
        Some(Block { steps, output: output.map_or(Some(None), |output| output.map(Some))? })
    }

    fn step(&self, step: &ast::Step) -> Option<Step> {
        let written = step.op.as_ref()?;
        let mut op = self.op(step, written)?;
        let safety = match &op {
            Op::Act(act) => Some(act.safety),
            _ => None,
        };
        let timeout = patience(written).or(step.timeout).or(safety.and(self.ast.defaults.timeout));
        if let (Op::Act(act), Some(length)) = (&mut op, timeout) {
            allow(act, length);
        }
        Some(Step {
            name: step.name.value.clone(),
            span: step.name.span,
            phase: step.phase,
            needs: self.needs(step),
            condition: step.condition.clone(),
            retry: self.retry(step, safety),
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

    fn act(&self, step: &ast::Step, act: &ast::Act) -> Option<Act> {
        let id = act.action.value.as_str();
        let safety = act.safety.or_else(|| self.catalog.get(id).map(|action| action.safety))?;
        let mut args = act.args.clone();
        if id == ASK
            && let (Some(quality), None, None) =
                (self.ast.defaults.quality, act.arg("quality"), act.arg("model"))
        {
            let key = crate::span::Spanned::new("quality".into(), act.action.span);
            args.push((key, ast::Arg::value(quality, act.action.span)));
        }
        let connection = step.connection.as_ref().map(|name| name.value.as_str());
        let connector = id.split('.').next().unwrap_or_default();
        let general = || {
            let mut all = self.ast.connections.iter();
            all.find(|(name, _)| name.value == connector).map(|(_, connection)| connection.value.as_str())
        };
        Some(Act {
            action: id.into(),
            args: object(&args)?,
            safety,
            connection: connection.or_else(general).map(Arc::from),
            cache: step.cache.as_ref().map(|length| length.value),
        })
    }

    fn retry(&self, step: &ast::Step, safety: Option<Safety>) -> Retry {
        let Some(safety) = safety else { return Retry { attempts: 1, ..Retry::default_for(Safety::Once) } };
        let mut retry = Retry::default_for(safety);
        // A default for the whole file is no leave to repeat what must not be repeated: that is said at the step.
        let general = Some(&self.ast.defaults.retry).filter(|_| safety.repeatable());
        for said in [general, step.retry.value.as_ref()].into_iter().flatten() {
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

    fn op(&self, step: &ast::Step, op: &ast::Op) -> Option<Op> {
        Some(match op {
            ast::Op::Act(act) => Op::Act(self.act(step, act)?),
            ast::Op::Child { workflow, inputs } => {
                Op::Child { workflow: workflow.value.as_str().into(), inputs: object(inputs)? }
            }
            ast::Op::Set { value } => Op::Set { value: arg(value)? },
            ast::Op::Wait(wait) => Op::Wait(self::wait(wait)?),
            ast::Op::Fail { message } => Op::Fail { message: arg(message)? },
            ast::Op::Each { items, name, parallel, body } => Op::Each {
                items: arg(items)?,
                name: name.value.clone(),
                parallel: *parallel,
                body: self.block(body)?,
            },
            ast::Op::Repeat { rounds, until, every, body } => Op::Repeat {
                rounds: arg(rounds)?,
                until: until.clone(),
                every: *every,
                body: self.block(body)?,
            },
            ast::Op::Switch { on, cases, default, output } => {
                let output = match output {
                    Some(output) => Some(arg(output)?),
                    None => None,
                };
                let block = |block: &ast::Block| Some(Block { output: output.clone(), ..self.block(block)? });
                let case = |(key, body): &(crate::span::Spanned<Value>, ast::Block)| {
                    Some(Case { key: key.value.clone(), block: block(body)? })
                };
                let default = match default {
                    Some(default) => Some(block(default)?),
                    None => None,
                };
                Op::Switch { on: arg(on)?, cases: cases.iter().map(case).collect::<Option<_>>()?, default }
            }
            ast::Op::Try { body, catches } => Op::Try { body: self.block(body)?, catches: *catches },
        })
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

fn wait(wait: &ast::Wait) -> Option<Wait> {
    Some(match wait {
        ast::Wait::For { length } => Wait::For { length: arg(length)? },
        ast::Wait::Until { at } => Wait::Until { at: arg(at)? },
        ast::Wait::Signal { name, .. } => Wait::Signal { name: arg(name)? },
        ast::Wait::Person(question) => Wait::Person(Question {
            who: match &question.who {
                Some(who) => Some(arg(who)?),
                None => None,
            },
            message: arg(&question.message)?,
            fields: question.fields.clone(),
            on_timeout: question.on_timeout,
        }),
    })
}

/// Drops the places; what holds nothing to evaluate becomes one value.
fn arg(from: &ast::Arg) -> Option<Arg> {
    Some(match &from.kind {
        ArgKind::Value(value) => Arg::Value(value.clone()),
        ArgKind::Expr(expr) => Arg::Expr(expr.clone()),
        ArgKind::Text(template) => Arg::Text(template.clone()),
        ArgKind::List(items) => {
            let items = items.iter().map(arg).collect::<Option<Vec<_>>>()?;
            let values: Option<Vec<Value>> = items.iter().map(constant).collect();
            values.map_or(Arg::List(items), |values| Arg::Value(Value::list(values)))
        }
        ArgKind::Object(entries) => object(entries)?,
        ArgKind::Wrong => return None,
    })
}

fn object(entries: &[(crate::span::Spanned<String>, ast::Arg)]) -> Option<Arg> {
    let entry = |(key, value): &(crate::span::Spanned<String>, ast::Arg)| {
        Some((Arc::<str>::from(key.value.as_str()), arg(value)?))
    };
    let entries = entries.iter().map(entry).collect::<Option<Vec<_>>>()?;
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
