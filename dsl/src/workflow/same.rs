//! Parts of a workflow compared by what they do: their stored form without places in the text.

use serde::Serialize;
use serde_json::Value;

/// What of the stored form are places, wherever they stand.
const PLACES: [&str; 3] = ["at", "map", "span"];

/// What of the stored form is a name and its place.
const NAMED: [&str; 2] = ["field", "soft_field"];

/// The stored form of a part of a workflow without places in its text: what does the same has the same.
///
/// # Panics
/// Where it is no part of a workflow, and has keys that are no texts.
pub fn without_places(part: &impl Serialize) -> Value {
    let mut stored = serde_json::to_value(part).expect("a part of a workflow has only text keys");
    strip(&mut stored);
    stored
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            entries.retain(|key, _| !PLACES.contains(&key.as_str()));
            for (key, inner) in entries {
                match inner {
                    // The author's own data stay as they are.
                    _ if key == "value" && !is_tree(inner) => {}
                    Value::Array(pair) if NAMED.contains(&key.as_str()) && pair.len() == 2 => {
                        pair.truncate(1)
                    }
                    other => strip(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// True for a part of the workflow, which is always an object with one of these keys.
fn is_tree(value: &Value) -> bool {
    const PARTS: [&str; 5] = ["value", "expr", "text", "list", "object"];
    value
        .as_object()
        .is_some_and(|entries| entries.len() == 1 && entries.keys().all(|key| PARTS.contains(&key.as_str())))
}

#[cfg(test)]
mod tests {
    use crate::catalog::Catalog;

    fn same(one: &str, other: &str) -> bool {
        let step = |body: &str| {
            let text = format!("name: x\ninputs: {{ n: integer, o: {{ at: {{ a: integer }} }} }}\n{body}");
            let checked = crate::check(&text, &Catalog::new([]));
            let workflow = checked.workflow.unwrap_or_else(|| panic!("{text}\n{:#?}", checked.diagnostics));
            workflow.root.steps[0].clone()
        };
        step(one).does_the_same(&step(other))
    }

    #[test]
    fn places_do_not_count_and_everything_else_does() {
        let step = "steps: { a: { set: { b: \"{{ inputs.o.at.a + inputs.n }}\", at: [x, [1, 2]] } } }\n";
        assert!(same(step, &format!("\n# moved\n{step}")));
        for (from, to) in [("inputs.n", "inputs.o.at.a"), ("[1, 2]", "[1, 3]"), ("at:", "au:"), ("+", "-")] {
            assert!(!same(step, &step.replace(from, to)), "{from} and {to} are one");
        }
    }
}
