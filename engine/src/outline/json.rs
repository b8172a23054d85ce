//! An outline as JSON.

use dsl::duration;
use dsl::workflow::NeedKind;
use serde_json::{Map, Value, json};

use crate::outline::{Bound, Call, Child, Connection, Entry, Outline, Part, Skip};

/// The whole.
pub fn outline(outline: &Outline) -> Value {
    let mut out = Map::new();
    out.insert("workflow".into(), json!(outline.name));
    if let Some(timeout) = outline.timeout {
        out.insert("timeout".into(), json!(duration::format(timeout)));
    }
    out.insert("calls".into(), bound(&outline.calls));
    out.insert(
        "critical_path".into(),
        json!({ "calls": outline.critical.calls, "steps": outline.critical.steps }),
    );
    out.insert("connectors".into(), json!(outline.connectors));
    out.insert("connections".into(), outline.connections.iter().map(connection).collect());
    out.insert("secrets".into(), json!(outline.secrets));
    out.insert("workflows".into(), json!(outline.workflows));
    out.insert("stages".into(), stages(&outline.body));
    if let Some(part) = &outline.on_failure {
        out.insert("on_failure".into(), stages(part));
    }
    Value::Object(out)
}

fn stages(part: &Part) -> Value {
    part.stages.iter().map(|stage| stage.iter().map(entry).collect::<Value>()).collect()
}

fn entry(entry: &Entry) -> Value {
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| {
        out.insert(key.into(), value);
    };
    put("step", json!(entry.name));
    put("does", json!(entry.about));
    put(
        "waits_for",
        entry.waits.iter().map(|(name, kind)| json!({ "step": name, "kind": word(*kind) })).collect(),
    );
    if let Some(skip) = &entry.skip {
        put("skipped", skipped(skip));
    }
    if let Some(call) = &entry.call {
        put("call", self::call(call));
    }
    if let Some(child) = &entry.child {
        put("child", self::child(child));
    }
    if entry.pauses {
        put("pauses", json!(true));
    }
    if entry.on_error != dsl::workflow::OnError::Fail {
        put("on_error", serde_json::to_value(entry.on_error).unwrap_or_default());
    }
    if let Some(timeout) = entry.timeout {
        put("timeout", json!(duration::format(timeout)));
    }
    put("calls", bound(&entry.calls));
    if let Some(rounds) = entry.rounds {
        put("rounds", json!({ "most": rounds.most, "parallel": rounds.parallel }));
    }
    if !entry.parts.is_empty() {
        let part = |part: &Part| json!({ "label": part.label, "stages": stages(part) });
        put("blocks", entry.parts.iter().map(part).collect());
    }
    Value::Object(out)
}

fn connection(connection: &Connection) -> Value {
    let mut out = json!({ "connector": connection.connector });
    if let Some(name) = &connection.name {
        out["name"] = json!(name);
    }
    out
}

fn child(child: &Child) -> Value {
    let mut out = json!({ "workflow": child.workflow });
    if let Some(bounds) = &child.bounds {
        out["calls"] = bound(&bounds.calls);
        out["workflows"] = json!(bounds.workflows);
    }
    out
}

fn call(call: &Call) -> Value {
    let retry = &call.retry;
    let mut tried = json!({ "attempts": retry.attempts });
    if retry.attempts > 1 {
        tried = json!({
            "attempts": retry.attempts,
            "delay": duration::format(retry.delay),
            "factor": retry.factor,
            "max_delay": duration::format(retry.max_delay),
            "on": retry.on.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
        });
    }
    let mut out = json!({ "action": call.action, "safety": call.safety, "retry": tried });
    if let Some(connection) = &call.connection {
        out["connection"] = json!(connection);
    }
    out
}

fn skipped(skip: &Skip) -> Value {
    match skip {
        Skip::Condition(condition) => json!({ "if_not": condition }),
        Skip::With(steps) => json!({ "with": steps }),
        Skip::Both(condition, steps) => json!({ "if_not": condition, "with": steps }),
    }
}

fn bound(bound: &Bound) -> Value {
    let open = bound.open.iter().map(|term| json!({ "each": term.each, "item_of": term.loops }));
    json!({ "most": bound.fixed, "and": open.collect::<Vec<_>>() })
}

fn word(kind: NeedKind) -> &'static str {
    match kind {
        NeedKind::Hard => "hard",
        NeedKind::Soft => "soft",
        NeedKind::After => "after",
    }
}
