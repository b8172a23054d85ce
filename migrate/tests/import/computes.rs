//! Code that became expressions gives what the code gives. What each sample gives was written down by a machine for JavaScript
//! that ran it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;

use dsl::expr::{self, Scope, Seen};
use dsl::span::SpanMap;
use dsl::value::Value;
use jiff::Timestamp;
use migrate::Verdict;
use serde_json::{Value as Json, json};

use crate::{catalog, here, told};

/// What the expressions of a workflow see.
#[derive(Default)]
struct World {
    trigger: Value,
    steps: BTreeMap<String, Value>,
}

impl Scope for World {
    fn name(&self, name: &str) -> Option<Cow<'_, Value>> {
        (name == "trigger").then_some(Cow::Borrowed(&self.trigger))
    }

    fn step(&self, name: &str) -> Seen<'_> {
        self.steps.get(name).map_or(Seen::Absent, |value| Seen::Value(Cow::Borrowed(value)))
    }

    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn seed(&self) -> [u8; 32] {
        [7; 32]
    }
}

fn eval(text: &str, world: &World) -> Option<Value> {
    let parsed = expr::parse(text, &SpanMap::plain(0, text.len())).unwrap();
    expr::eval(&parsed, world).ok()
}

/// The fields that a step sets.
fn set(fields: &Json, world: &World) -> Option<Json> {
    let fields = fields.as_object()?.iter().map(|(name, made)| {
        let value = match made.as_str().filter(|text| text.starts_with("{{")) {
            Some(text) => eval(text, world)?.to_json(),
            None => made.clone(),
        };
        Some((name.clone(), value))
    });
    fields.collect::<Option<serde_json::Map<String, Json>>>().map(Json::Object)
}

/// What the steps of a workflow are after they have run: all of them only compute.
fn played(text: &str, trigger: &Json) -> BTreeMap<String, Json> {
    let workflow = dsl::yaml::read_value(text).unwrap().to_json();
    let steps = workflow["steps"].as_object().unwrap();
    let mut world = World { trigger: Value::from_json(trigger.clone()), ..World::default() };
    let mut out = BTreeMap::new();
    // A step that reads another comes to its value once that one has it.
    for _ in 0..=steps.len() {
        for (name, step) in steps {
            let open = step.get("if").is_none_or(|condition| {
                eval(condition.as_str().unwrap(), &world).is_some_and(|value| value.to_json() == json!(true))
            });
            let made = step.get("set").filter(|_| open).and_then(|fields| set(fields, &world));
            if let Some(value) = made {
                world.steps.insert(name.clone(), Value::from_json(value.clone()));
                out.insert(name.clone(), value);
            }
        }
    }
    out
}

/// What the node `Compute` of a file gives for these lines: a list of items.
fn computed(code: &str, lines: &Json) -> Result<Json, String> {
    let file = json!({ "name": "computes", "nodes": [
        { "name": "Hook", "type": "n8n-nodes-base.webhook", "typeVersion": 2, "parameters": { "httpMethod": "POST" } },
        { "name": "Lines", "type": "n8n-nodes-base.splitOut", "typeVersion": 1, "parameters": { "fieldToSplitOut": "body.lines" } },
        { "name": "Compute", "type": "n8n-nodes-base.code", "typeVersion": 2, "parameters": { "jsCode": code } } ],
        "connections": { "Hook": { "main": [[{ "node": "Lines", "type": "main", "index": 0 }]] },
            "Lines": { "main": [[{ "node": "Compute", "type": "main", "index": 0 }]] } } });
    let imported = migrate::n8n::import(&file.to_string(), &catalog()).unwrap();
    if imported.verdict != Verdict::Whole {
        return Err(told(&imported));
    }
    let text = &imported.workflows[0].text;
    let steps = played(text, &json!({ "kind": "webhook", "body": { "lines": lines } }));
    let step = steps.get("compute").ok_or_else(|| format!("no value:\n{text}"))?;
    Ok(step.get("items").cloned().unwrap_or_else(|| json!([step["item"]])))
}

#[test]
fn code_that_became_expressions_gives_what_it_gives_as_code() {
    let data: Json =
        serde_json::from_str(&fs::read_to_string(here("tests/import/code.json")).unwrap()).unwrap();
    let mut wrong = vec![];
    for sample in data["samples"].as_array().unwrap() {
        match computed(sample["code"].as_str().unwrap(), &data["lines"]) {
            Ok(found) if found == sample["gives"] => {}
            Ok(found) => wrong.push(format!("{}: {found} is not {}", sample["what"], sample["gives"])),
            Err(why) => wrong.push(format!("{}: {why}", sample["what"])),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The control: other code, and code that cannot be said.
    let other = computed("return [{ json: { s: items[0].json.price + 1 } }];", &data["lines"]).unwrap();
    assert_ne!(other, json!([{ "s": 5 }]));
    assert!(computed("return [{ json: { s: eval('1') } }];", &data["lines"]).is_err());
}
