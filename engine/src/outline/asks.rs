//! What a step would ask a model, as far as it is known before the run.

use std::sync::Arc;

use dsl::value::Value;
use dsl::workflow::{ASK, Act, Arg, EMBED, Op};

use super::reads;

/// A picture of which only the run will know where it is.
const PICTURE: &str = "https://example.com/";

/// What a step would ask.
#[derive(Clone, Debug, PartialEq)]
pub struct Asks {
    /// The action: how it is asked.
    pub action: Arc<str>,
    /// The parameters as far as they are known; in a text `…` stands where something is filled in.
    pub args: Value,
    /// The parameters of which a part is not known.
    pub open: Vec<String>,
    /// How many answers a model with tools gives at most.
    pub turns: Option<u64>,
}

/// What an operation asks a model; nothing for all others.
pub(super) fn asks(op: &Op, inputs: Option<&Value>) -> Option<Asks> {
    match op {
        Op::Act(act) if [ASK, EMBED].contains(&&*act.action) => Some(known(act, None, inputs)),
        Op::Repeat { rounds, start, .. } => {
            let turns = op.turn().and_then(|_| match rounds {
                Arg::Value(Value::Int(turns)) => u64::try_from(*turns).ok(),
                _ => None,
            });
            let act = op.turn().or_else(|| op.batch())?;
            Some(Asks { turns, ..known(act, start.as_ref(), inputs) })
        }
        Op::Act(_)
        | Op::Set { .. }
        | Op::Wait(_)
        | Op::Fail { .. }
        | Op::Each { .. }
        | Op::Switch { .. }
        | Op::Child { .. }
        | Op::Try { .. } => None,
    }
}

fn known(act: &Act, start: Option<&Arg>, inputs: Option<&Value>) -> Asks {
    let entries = |arg: &Arg| match arg {
        Arg::Object(entries) => entries.clone(),
        Arg::Value(Value::Object(entries)) => {
            entries.iter().map(|(key, value)| (key.clone(), Arg::Value(value.clone()))).collect()
        }
        Arg::Value(_) | Arg::Expr(_) | Arg::Text(_) | Arg::List(_) => vec![],
    };
    let (mut args, mut open): (Vec<(Arc<str>, Value)>, Vec<String>) = (vec![], vec![]);
    for (key, arg) in entries(&act.args).into_iter().chain(start.map(entries).into_iter().flatten()) {
        // These are of the rounds, and say nothing of what is asked.
        if ["id", "last", "round", "turns", "until"].contains(&&*key) {
            continue;
        }
        let value = reads::known(&arg, inputs).or_else(|| {
            open.push(key.to_string());
            match (&arg, &*key) {
                (Arg::Text(template), _) => Some(Value::text(template.outline())),
                (_, "images") => Some(Value::text(PICTURE)),
                (_, "prompt") => Some(Value::text("")),
                _ => None,
            }
        });
        args.extend(value.map(|value| (key, value)));
    }
    Asks { action: act.action.clone(), args: Value::object(args), open, turns: None }
}
