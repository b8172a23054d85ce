//! The rounds of a step that asks a model: its turns where it has tools, its looks where it has time. The file has one step, and what
//! stands in for it answers round by round.

use dsl::catalog::{Failure, FailureKind};
use dsl::codes::Code;
use dsl::diagnostic::Diagnostic;
use dsl::inputs;
use dsl::test::{Reply, Want};
use dsl::types::Field;
use dsl::value::Value;
use engine::command::Call;

use super::Play;

/// A round of a step.
pub(super) enum Round {
    /// Whether a batch is answered.
    Look,
    /// A turn of a model with tools, with its parameters.
    Turn(Value),
}

/// A call that something stands in for.
pub(super) struct Made<'a> {
    /// The path of its step.
    pub path: &'a str,
    /// The call.
    pub call: &'a Call,
    /// Its parameters, as a case sees them.
    pub args: &'a Value,
    /// Which round it is, where it is one.
    pub round: Option<&'a Round>,
}

impl Play<'_> {
    /// The turn of a model that wants calls first: each is held against the tools of the step, as in a run, and what is wrong with one
    /// is told to the model.
    pub(super) fn wanted(
        &self,
        wants: &[Want],
        reply: &Reply,
        made: &Made<'_>,
    ) -> Result<Result<Value, Failure>, Box<Diagnostic>> {
        let Some(Round::Turn(turn)) = made.round else {
            let message = format!("`{}` gives its model no tools, so that it wants no calls", made.path);
            let wrong = Diagnostic::error(Code::MockFails, reply.span, message);
            return Err(Box::new(wrong.help("write what the model answers with `gives`")));
        };
        if number(turn, "round") >= number(turn, "turns") {
            let names: Vec<&str> = wants.iter().map(|want| &*want.tool).collect();
            let message = format!(
                "the model did not come to an end in {} turns: it wants to call `{}`; `max_turns` allows more",
                number(turn, "turns"),
                names.join("`, `")
            );
            return Ok(Err(Failure { answered: true, ..Failure::new(FailureKind::Exhausted, message) }));
        }
        let mut calls = vec![];
        for (want, number) in wants.iter().zip(1..) {
            let given = self.filled(&want.with, reply, made)?;
            let (name, arguments, wrong) = match held(turn, &want.tool, &given) {
                Ok((id, arguments)) => (id, arguments, Value::Null),
                Err(wrong) => (want.tool.clone(), Value::Null, Value::text(wrong)),
            };
            calls.push(Value::object([
                ("id", Value::text(format!("call-{number}"))),
                ("name", Value::text(name)),
                ("arguments", arguments),
                ("wrong", wrong),
            ]));
        }
        Ok(Ok(Value::object([
            ("done", Value::Bool(false)),
            ("answer", Value::Null),
            ("calls", Value::list(calls)),
            ("conversation", begun(turn)),
        ])))
    }
}

/// The action of a call that a model wants and its parameters, if they fit.
fn held(turn: &Value, tool: &str, given: &Value) -> Result<(String, Value), String> {
    let tools = match turn.get("tools") {
        Some(Value::List(tools)) => &tools[..],
        _ => &[],
    };
    let id = |tool: &Value| tool.get("id").map(Value::to_string).unwrap_or_default();
    let Some(found) = tools.iter().find(|one| id(one) == tool) else {
        let known: Vec<String> = tools.iter().map(id).collect();
        return Err(format!("there is no tool `{tool}`; there is `{}`", known.join("`, `")));
    };
    let fields = found.get("input").map(Value::to_json).unwrap_or_default();
    let fields: Vec<Field> = serde_json::from_value(fields)
        .map_err(|error| format!("the parameters of `{tool}` are not known: {error}"))?;
    let Value::Object(given) = given else { return Err("the parameters are no JSON object".into()) };
    let wanted = inputs::wanted(tool, &fields, given).map_err(|wrong| wrong.join("; "))?;
    Ok((tool.to_owned(), wanted))
}

/// What the first turn began with, which stands in place of a conversation.
fn begun(turn: &Value) -> Value {
    let last = turn.get("last");
    last.and_then(|last| last.get("conversation")).or(last).cloned().unwrap_or_default()
}

fn number(args: &Value, key: &str) -> i64 {
    match args.get(key) {
        Some(Value::Int(number)) => *number,
        _ => 0,
    }
}

/// The path of the step whose rounds a step stands in: `all[0].a` of `all[0].a[1].turn`.
pub fn whole(path: &str) -> Option<String> {
    let (round, _) = path.rsplit_once('.')?;
    let (step, _) = round.strip_suffix(']')?.rsplit_once('[')?;
    Some(step.to_owned())
}

/// The path of the step whose model wants what is asked about: `all[0].a` of `all[0].a[1].calls[0].tool.approve`.
pub(super) fn of_agent(path: &str) -> Option<&str> {
    let (turn, _) = path.rsplit_once(".calls[")?;
    let (step, _) = turn.strip_suffix(']')?.rsplit_once('[')?;
    Some(step)
}

/// The parameters of a model's round as those of a model without tools and without time; a turn after the first also has what
/// its calls gave, as `results`.
pub(super) fn asked(args: &Value) -> Value {
    let (Value::Object(given), Some(Value::Object(last))) = (args, args.get("last")) else {
        return args.clone();
    };
    let fixed = given.iter().filter(|(key, _)| !["last", "round", "turns"].contains(&&***key));
    let start = match last.get("conversation") {
        Some(Value::Object(start)) => start,
        _ => last,
    };
    let own = start.iter().filter(|(key, _)| !["id", "until"].contains(&&***key));
    let results = last.get_key_value("results");
    Value::object(own.chain(results).chain(fixed).map(|(key, value)| (key.clone(), value.clone())))
}

/// What a call gives; where it is a round, that of one that is done.
pub(super) fn ended(answer: Value, round: Option<&Round>) -> Value {
    match round {
        None => answer,
        Some(Round::Look | Round::Turn(_)) => {
            Value::object([("done", Value::Bool(true)), ("answer", answer), ("calls", Value::list(vec![]))])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_of_a_round_and_of_what_it_asks_is_found() {
        assert_eq!(whole("all[0].a[1].turn").as_deref(), Some("all[0].a"));
        assert_eq!(whole("a.b"), None);
        assert_eq!(of_agent("all[0].a[1].calls[0].tool.approve"), Some("all[0].a"));
        assert_eq!(of_agent("all[0].approve"), None);
    }
}
