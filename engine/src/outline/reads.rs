//! What can be known before a run: values made of inputs alone, the secrets and the connectors that are named.

use std::borrow::Cow;
use std::collections::BTreeSet;

use dsl::expr::ast::Kind;
use dsl::expr::{Expr, Scope};
use dsl::template;
use dsl::value::Value;
use dsl::workflow::Arg;
use jiff::Timestamp;

use crate::plan::{CALL, Op, Plan};

/// Functions of which the value is another in each run.
const OF_A_RUN: &[&str] = &["now", "today", "random", "uuid"];

/// The value of something that depends on nothing, or on inputs alone that are given.
pub fn known(arg: &Arg, inputs: Option<&Value>) -> Option<Value> {
    if let Arg::Value(value) = arg {
        return Some(value.clone());
    }
    let names = arg.names();
    let fixed = arg.reads().is_empty()
        && names.iter().all(|(name, ..)| **name == *"inputs" && inputs.is_some())
        && calls(arg).iter().all(|name| !OF_A_RUN.contains(name));
    let scope = Given { inputs };
    if fixed { template::fill(arg, &scope).ok() } else { None }
}

/// What is called, and the secrets that are named, anywhere in a plan.
pub fn needed(plan: &Plan, secrets: &mut BTreeSet<String>, connectors: &mut BTreeSet<String>) {
    for step in plan.blocks.iter().flat_map(|block| &block.steps) {
        if let Op::Act { action, args, .. } = &step.op {
            let connector = action.split('.').next().filter(|_| **action != *CALL);
            connectors.extend(connector.map(str::to_owned));
            exprs(args, &mut |expr| secrets_of(expr, secrets));
        }
    }
}

fn secrets_of(expr: &Expr, found: &mut BTreeSet<String>) {
    for node in expr.nodes() {
        let Kind::Call(function, args) = &node.kind else { continue };
        let name = args.first().and_then(|at| expr.nodes().get(usize::from(*at)));
        if let (true, Some(Kind::Value(Value::Text(name)))) =
            (function.0.name == "secret", name.map(|node| &node.kind))
        {
            found.insert(name.to_string());
        }
    }
}

/// The names of the functions that a value calls.
fn calls(arg: &Arg) -> Vec<&'static str> {
    let mut found = vec![];
    exprs(arg, &mut |expr| {
        found.extend(expr.nodes().iter().filter_map(|node| match &node.kind {
            Kind::Call(function, _) => Some(function.0.name),
            _ => None,
        }));
    });
    found
}

fn exprs(arg: &Arg, found: &mut dyn FnMut(&Expr)) {
    match arg {
        Arg::Value(_) => {}
        Arg::Expr(expr) => found(expr),
        Arg::Text(template) => template.exprs().for_each(found),
        Arg::List(items) => items.iter().for_each(|item| exprs(item, found)),
        Arg::Object(entries) => entries.iter().for_each(|(_, item)| exprs(item, found)),
    }
}

/// A scope of nothing but inputs. Only what reads nothing else is evaluated in it.
struct Given<'a> {
    inputs: Option<&'a Value>,
}

impl Scope for Given<'_> {
    fn name(&self, name: &str) -> Option<Cow<'_, Value>> {
        self.inputs.filter(|_| name == "inputs").map(Cow::Borrowed)
    }

    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn seed(&self) -> [u8; 32] {
        [0; 32]
    }
}
