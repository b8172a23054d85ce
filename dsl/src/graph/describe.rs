//! What a step does, in the few words that fit into a picture.

use crate::duration;
use crate::expr::Expr;
use crate::graph::Sort;
use crate::value::Value;
use crate::workflow::{ASK, Act, Arg, BATCH, EMIT, Keeping, Moment, Op, REQUEST, Start, TURN, Trigger, Wait};

/// What sort of step it is.
pub fn sort(op: &Op) -> Sort {
    match op {
        Op::Act(act) => match &*act.action {
            REQUEST => Sort::Request,
            ASK | BATCH | TURN => Sort::Ask,
            EMIT => Sort::Emit,
            _ => Sort::Call,
        },
        Op::Child { .. } => Sort::Child,
        Op::Wait(Wait::Person(_)) => Sort::Person,
        Op::Wait(Wait::For { .. } | Wait::Signal { .. } | Wait::Until { .. }) => Sort::Wait,
        Op::Set { .. } => Sort::Set,
        Op::Fail { .. } => Sort::Fail,
        Op::Each { .. } => Sort::Each,
        Op::Repeat { .. } if op.turn().or(op.batch()).is_some() => Sort::Ask,
        Op::Repeat { .. } => Sort::Repeat,
        Op::Switch { .. } => Sort::Switch,
        Op::Try { .. } => Sort::Try,
    }
}

/// What it does.
pub fn about(op: &Op) -> String {
    match op {
        Op::Act(act) => match &*act.action {
            REQUEST => request(act).unwrap_or_else(|| REQUEST.into()),
            ASK => parameter(&act.args, "prompt").unwrap_or_default(),
            BATCH => "a look at the batch".into(),
            TURN => "a turn of the model".into(),
            EMIT => format!("signal {}", parameter(&act.args, "signal").unwrap_or_default()),
            action => action.to_owned(),
        },
        Op::Repeat { start: Some(start), .. } if op.turn().or(op.batch()).is_some() => {
            parameter(start, "prompt").unwrap_or_default()
        }
        Op::Child { workflow, .. } => format!("workflow {workflow}"),
        Op::Set { value } => fields(value),
        Op::Wait(Wait::For { length }) => short(length),
        Op::Wait(Wait::Until { at }) => format!("until {}", short(at)),
        Op::Wait(Wait::Signal { name }) => format!("for the signal {}", short(name)),
        Op::Wait(Wait::Person(question)) => short(&question.message),
        Op::Fail { message } => short(message),
        Op::Each { items, name, parallel, .. } => {
            let beside = if *parallel > 1 { format!(", {parallel} at once") } else { String::new() };
            format!("for {name} in {}{beside}", short(items))
        }
        Op::Repeat { rounds, until, every, .. } => {
            let every = every.map_or(String::new(), |every| format!(", every {}", duration::format(every)));
            let until =
                until.as_ref().map_or(String::new(), |until| format!(", until {}", expression(until)));
            format!("at most {} times{every}{until}", short(rounds))
        }
        Op::Switch { on, .. } => format!("by {}", short(on)),
        Op::Try { catches: true, .. } => "and catch what fails".into(),
        Op::Try { catches: false, .. } => "and clean up at the end".into(),
    }
}

/// The text of an expression in one line.
pub fn expression(expr: &Expr) -> String {
    one_line(expr.source())
}

/// The names of an object's fields; else the value in short.
pub fn fields(arg: &Arg) -> String {
    let names: Vec<&str> = match arg {
        Arg::Object(entries) => entries.iter().map(|(name, _)| &**name).collect(),
        Arg::Value(Value::Object(entries)) => entries.keys().map(|name| &**name).collect(),
        Arg::Value(_) | Arg::Expr(_) | Arg::Text(_) | Arg::List(_) => return short(arg),
    };
    names.join(", ")
}

/// A trigger, as in `cron 0 9 * * *`.
pub fn trigger(trigger: &Trigger) -> String {
    let zoned = |zone: &Option<String>| zone.as_ref().map_or(String::new(), |zone| format!(" {zone}"));
    let kept = |keeping: &Keeping| zoned(&keeping.timezone);
    match &trigger.start {
        Start::At { time: Moment::Exact(time), .. } => format!("at {time}"),
        Start::At { time: Moment::Local(time), timezone, .. } => format!("at {time}{}", zoned(timezone)),
        Start::Cron { schedule, keeping } => format!("cron {}{}", one_line(schedule), kept(keeping)),
        Start::Event { event, .. } => format!("event {event}"),
        Start::Every { length, .. } => format!("every {}", duration::format(*length)),
        Start::Signal { name } => format!("signal {name}"),
        Start::Webhook { .. } => "webhook".to_owned(),
    }
}

/// The method, and where to without the scheme and the query; nothing where only a model will say it.
fn request(act: &Act) -> Option<String> {
    if let Arg::Expr(_) = &act.args {
        return None;
    }
    let (method, url) = (parameter(&act.args, "method"), parameter(&act.args, "url").unwrap_or_default());
    let place = match url.split_once("://") {
        Some((_, rest)) => rest.split('?').next().unwrap_or(rest),
        None => &url,
    };
    Some(format!("{} {}", method.unwrap_or_default(), place.trim_end_matches('/')))
}

/// A parameter of a call in short.
fn parameter(args: &Arg, wanted: &str) -> Option<String> {
    match args {
        Arg::Object(entries) => entries.iter().find(|(name, _)| &**name == wanted).map(|(_, arg)| short(arg)),
        Arg::Value(Value::Object(entries)) => entries.get(wanted).map(|value| one_line(&value.to_string())),
        Arg::Value(_) | Arg::Expr(_) | Arg::Text(_) | Arg::List(_) => None,
    }
}

/// A value with holes in one line: holes as `…` in texts, expressions as they stand.
pub fn short(arg: &Arg) -> String {
    match arg {
        Arg::Value(Value::List(items)) => one_line(&Value::List(items.clone()).to_json().to_string()),
        Arg::Value(value) => one_line(&value.to_string()),
        Arg::Expr(expr) => expression(expr),
        Arg::Text(template) => one_line(&template.outline()),
        Arg::List(items) => format!("[{}]", items.iter().map(short).collect::<Vec<_>>().join(", ")),
        Arg::Object(_) => format!("{{ {} }}", fields(arg)),
    }
}

fn one_line(text: &str) -> String {
    const LONGEST: usize = 200;
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(LONGEST).collect()
}
