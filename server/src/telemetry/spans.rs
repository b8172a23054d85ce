//! The spans of a run: one of itself, and one of each step that began, with its block above it.

use dsl::value::Hash;
use engine::run::RunId;
use engine::view::{Entry, Shown, Timeline};
use jiff::Timestamp;
use runtime::driver::{State, Summary};
use serde_json::{Value, json};

use super::{text, whole};

/// The most steps of a run that have spans; how many more there were, the run's span tells.
const MOST: usize = 1_000;

/// The kind of a span whose work stays within, and of one that calls somebody.
const INTERNAL: u8 = 1;
const CLIENT: u8 = 3;

/// How a span ended: nothing is said, or it failed.
const UNSET: u8 = 0;
const ERROR: u8 = 2;

/// The span of a run of which no more is told.
pub fn of_summary(summary: &Summary) -> Value {
    run(summary, vec![attribute_of_left_out(None)], None)
}

/// The spans of a run.
pub fn of_timeline(summary: &Summary, timeline: &Timeline) -> Vec<Value> {
    let steps: Vec<(&String, &Entry)> =
        timeline.steps().iter().filter(|(_, entry)| entry.started.is_some()).collect();
    let mut more = vec![whole("keyway.steps", steps.len() as i64)];
    if steps.len() > MOST {
        more.push(attribute_of_left_out(Some(steps.len() - MOST)));
    }
    let parent = timeline.parent().map(|parent| &parent.run);
    let mut spans = vec![run(summary, more, parent)];
    let end = summary.ended.unwrap_or(summary.started);
    spans.extend(steps.into_iter().take(MOST).map(|(path, entry)| step(summary, (path, entry), end)));
    spans
}

fn attribute_of_left_out(steps: Option<usize>) -> Value {
    match steps {
        Some(steps) => whole("keyway.steps_left_out", steps as i64),
        None => text("keyway.steps_left_out", "all"),
    }
}

/// The trace of a run: the same however often it is sent.
pub fn trace_of(run: &RunId) -> String {
    hex(&Hash::of(run.0.as_bytes()).0[..16])
}

/// The span of a place in a run; the run's own has an empty path.
pub fn span_of(run: &RunId, path: &str) -> String {
    hex(&Hash::of(format!("{run}/{path}").as_bytes()).0[..8])
}

fn run(summary: &Summary, more: Vec<Value>, parent: Option<&RunId>) -> Value {
    let mut attributes = vec![
        text("keyway.workflow", &summary.workflow),
        text("keyway.run", &summary.run.0),
        text("keyway.status", summary.state.name()),
    ];
    attributes.extend(more);
    let code = if summary.state == State::Failed { ERROR } else { UNSET };
    let links: Vec<Value> = parent
        .map(|parent| json!({ "traceId": trace_of(parent), "spanId": span_of(parent, "") }))
        .into_iter()
        .collect();
    json!({
        "traceId": trace_of(&summary.run),
        "spanId": span_of(&summary.run, ""),
        "name": format!("run {}", summary.workflow),
        "kind": INTERNAL,
        "startTimeUnixNano": nanos(summary.started),
        "endTimeUnixNano": nanos(summary.ended.unwrap_or(summary.started)),
        "attributes": attributes,
        "links": links,
        "status": { "code": code },
    })
}

fn step(summary: &Summary, (path, entry): (&str, &Entry), end: Timestamp) -> Value {
    let started = entry.started.unwrap_or(summary.started);
    let mut attributes = vec![
        text("keyway.step", path),
        text("keyway.state", entry.state.name()),
        whole("keyway.attempts", i64::from(entry.attempts)),
    ];
    if let Some(action) = &entry.action {
        attributes.push(text("keyway.action", action));
    }
    if let Some(error) = &entry.error {
        attributes.push(text("error.type", error.failure.kind.name()));
    }
    if let Some(spent) = &entry.spent {
        attributes.push(text("gen_ai.request.model", &spent.model));
        attributes.push(whole("gen_ai.usage.input_tokens", spent.tokens.input));
        attributes.push(whole("gen_ai.usage.output_tokens", spent.tokens.output));
        attributes.extend(spent.dollars().map(|cost| text("keyway.cost_usd", &cost)));
    }
    let failed = matches!(entry.state, Shown::Failed | Shown::InDoubt);
    json!({
        "traceId": trace_of(&summary.run),
        "spanId": span_of(&summary.run, path),
        "parentSpanId": span_of(&summary.run, above(path)),
        "name": path,
        "kind": if entry.action.is_some() { CLIENT } else { INTERNAL },
        "startTimeUnixNano": nanos(started),
        "endTimeUnixNano": nanos(entry.ended.unwrap_or(end).max(started)),
        "attributes": attributes,
        "status": { "code": if failed { ERROR } else { UNSET } },
    })
}

/// The path of the block that a step stands in, `urgent` of `urgent[3].rank`; empty for the run itself.
fn above(path: &str) -> &str {
    let block = path.rsplit_once('.').map_or("", |(block, _)| block);
    block.rsplit_once('[').map_or(block, |(block, _)| block)
}

fn nanos(time: Timestamp) -> String {
    time.as_nanosecond().to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_hangs_below_its_block() {
        for (path, block) in
            [("a", ""), ("urgent[3].rank", "urgent"), ("a.b", "a"), ("a[1].b[2].c", "a[1].b"), ("a[1]", "")]
        {
            assert_eq!(above(path), block, "{path}");
        }
    }

    #[test]
    fn ids_have_their_lengths_and_are_the_same_each_time() {
        let run = RunId("0abc".into());
        assert_eq!((trace_of(&run).len(), span_of(&run, "").len()), (32, 16));
        assert_eq!(span_of(&run, "a"), span_of(&run, "a"));
        assert_ne!(span_of(&run, "a"), span_of(&run, ""));
    }
}
