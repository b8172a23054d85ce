//! What a model may call: how it is told of it, whether what it wants can be called so, and how it reads what came.
//!
//! What a model writes is not to be trusted: nothing of it is called before it was held against the tool's parameters.
//! What cannot be called goes back to the model with the reason.

use dsl::catalog::{Failure, FailureKind};
use dsl::diagnostic::nearest;
use dsl::inputs;
use dsl::types::Field;
use dsl::value::Value;

use super::value::schema;
use crate::chat::{Call, Tool, ToolResult};

/// So many calls are made of one turn.
const MOST: usize = 32;

/// The longest name of a tool, which all providers take.
const NAME: usize = 64;

/// How deep the parameters of a call may nest.
const DEEPEST: usize = 32;

/// How long they may be.
const LONGEST: usize = 1 << 20;

/// So much of what a tool gave is read by the model, in letters.
const READ: usize = 60_000;

/// The tools of a step.
pub(super) struct Tools(Vec<Offered>);

/// One of them.
struct Offered {
    /// The action's id.
    id: String,
    /// What it is called where it is told: no provider takes a point.
    name: String,
    about: String,
    /// True if a call changes something.
    acts: bool,
    input: Vec<Field>,
}

impl Tools {
    /// Reads the parameter `tools`.
    ///
    /// # Errors
    /// Where it is none: a step that was checked has it.
    pub fn of(args: &Value) -> Result<Tools, Failure> {
        let wrong = |what: &str| Failure::new(FailureKind::Invalid, format!("`ai` has {what}"));
        let Some(Value::List(items)) = args.get("tools") else { return Err(wrong("no tools")) };
        let mut tools: Vec<Offered> = vec![];
        for item in items.iter() {
            let text = |key: &str| item.get(key).map(Value::to_string).unwrap_or_default();
            let fields = item.get("input").map(Value::to_json).unwrap_or_default();
            let input = serde_json::from_value(fields)
                .map_err(|error| wrong(&format!("a tool that cannot be read: {error}")))?;
            let id = text("id");
            let name = name(&id, |name| tools.iter().any(|tool| tool.name == name));
            // Of a step that was made before this was said, all act.
            let acts = !matches!(item.get("acts"), Some(Value::Bool(false)));
            tools.push(Offered { id, name, about: text("about"), acts, input });
        }
        Ok(Tools(tools))
    }

    /// As a model is told of them.
    pub fn told(&self) -> Vec<Tool> {
        let tool = |tool: &Offered| Tool {
            name: tool.name.clone(),
            about: tool.about.clone(),
            schema: schema(&tool.input),
        };
        self.0.iter().map(tool).collect()
    }

    /// True if a call does no harm that fits and is wrong.
    pub fn only_read(&self) -> bool {
        self.0.iter().all(|tool| !tool.acts)
    }

    /// Why the calls that a model wants cannot be made, if there is one that cannot.
    pub fn misfit<'c>(&self, mut calls: impl Iterator<Item = &'c Call>) -> Option<String> {
        calls.find_map(|call| self.held(call).err())
    }

    /// The calls that a model wants, as the step makes them: each with its action and its parameters, or with what is
    /// wrong with it.
    pub fn calls<'c>(&self, calls: impl Iterator<Item = &'c Call>) -> Value {
        Value::list(calls.enumerate().map(|(at, call)| self.call(at, call)).collect())
    }

    fn call(&self, at: usize, call: &Call) -> Value {
        let held = match at {
            ..MOST => self.held(call),
            _ => Err(format!("more than {MOST} calls in one turn are not made; make fewer")),
        };
        let (name, arguments, wrong) = match held {
            Ok((id, arguments)) => (Value::text(id), arguments, Value::Null),
            Err(wrong) => (Value::text(call.name.as_str()), Value::Null, Value::text(wrong)),
        };
        let id = Value::text(call.id.as_str());
        Value::object([("id", id), ("name", name), ("arguments", arguments), ("wrong", wrong)])
    }

    /// The action of a call and its parameters, if they fit.
    fn held(&self, call: &Call) -> Result<(&str, Value), String> {
        let names = || self.0.iter().map(|tool| tool.name.as_str());
        let Some(tool) = self.0.iter().find(|tool| tool.name == call.name) else {
            let near = nearest(&call.name, names()).map(|name| format!("; did you mean `{name}`?"));
            let known = || format!("; there is `{}`", names().collect::<Vec<_>>().join("`, `"));
            let name = shortened(&call.name, NAME);
            return Err(format!("there is no tool `{name}`{}", near.unwrap_or_else(known)));
        };
        let text = call.arguments.to_string();
        if text.len() > LONGEST {
            return Err(format!("the parameters have {} bytes; at most {LONGEST} are taken", text.len()));
        }
        let given =
            dsl::json::parse(&text).map_err(|error| format!("the parameters cannot be read: {error}"))?;
        let Value::Object(given) = &given else {
            return Err("the parameters are no JSON object".into());
        };
        if Value::Object(given.clone()).depth() > DEEPEST {
            return Err(format!("the parameters nest more than {DEEPEST} deep"));
        }
        let wanted = inputs::wanted(&tool.name, &tool.input, given).map_err(|wrong| wrong.join("; "))?;
        Ok((&tool.id, wanted))
    }
}

/// What a tool is called that no other one is called so far: letters, digits and `_`.
fn name(id: &str, taken: impl Fn(&str) -> bool) -> String {
    let plain: String =
        id.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' }).take(NAME - 4).collect();
    let numbered = (2..).map(|number| format!("{plain}_{number}"));
    std::iter::once(plain.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
}

/// What came of a call, as its model reads it.
pub(super) fn result(call: &Call, came: Option<&Value>) -> ToolResult {
    let at = |key: &str| came.and_then(|came| came.get(key)).filter(|value| !value.is_null());
    let (text, failed) = match (came, at("error")) {
        (None, _) => ("the call was not made".to_owned(), true),
        (Some(_), Some(error)) => (error.get("message").map(Value::to_string).unwrap_or_default(), true),
        (Some(_), None) => (at("value").map_or("null".into(), shown), false),
    };
    ToolResult { call: call.id.clone(), name: call.name.clone(), text: cut(text), failed }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        other => plain(other).to_string(),
    }
}

/// Plain JSON, of files no more than what they are.
fn plain(value: &Value) -> serde_json::Value {
    match value {
        Value::File(file) => {
            serde_json::json!({ "type": &*file.media_type, "size": file.size(), "content": "bytes, not shown" })
        }
        Value::List(items) => items.iter().map(plain).collect(),
        Value::Object(entries) => {
            entries.iter().map(|(key, value)| (key.to_string(), plain(value))).collect()
        }
        other => other.to_json(),
    }
}

/// A text that is no longer than a model reads of a tool, with what is missing.
fn cut(text: String) -> String {
    match text.char_indices().nth(READ) {
        None => text,
        Some((at, _)) => {
            let missing = text[at..].chars().count();
            format!("{}\n[cut off here: {missing} more letters]", &text[..at])
        }
    }
}

/// The beginning of what a model wrote, for messages.
fn shortened(text: &str, most: usize) -> String {
    text.chars().take(most).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use dsl::types::{Type, as_value};
    use serde_json::json;

    use super::*;

    fn tools() -> Tools {
        let tool = |id: &str, input: Vec<Field>| {
            Value::object([
                ("id", Value::text(id)),
                ("about", "It does.".into()),
                ("input", as_value(&input)),
            ])
        };
        let wait = Field { default: Some("1m".into()), ..Field::optional("wait", Type::Duration, "") };
        let input = vec![
            Field::required("path", Type::String, "Which."),
            Field { min: Some(1.0), max: Some(5.0), ..Field::optional("count", Type::Integer, "") },
            Field::optional("until", Type::Time, ""),
            wait,
        ];
        let list = vec![tool("a_b.c", input), tool("a.b_c", vec![])];
        Tools::of(&Value::object([("tools", Value::list(list))])).unwrap()
    }

    fn wanted(name: &str, arguments: serde_json::Value) -> Value {
        let call = Call { id: "1".into(), name: name.into(), arguments, seal: None };
        let Value::List(calls) = tools().calls([&call].into_iter()) else { panic!("no list") };
        calls[0].clone()
    }

    fn wrong(name: &str, arguments: serde_json::Value) -> String {
        let call = wanted(name, arguments);
        assert!(call.get("arguments").unwrap().is_null(), "what does not fit is not called");
        call.get("wrong").unwrap().to_string()
    }

    #[test]
    fn names_differ_and_no_provider_refuses_them() {
        let told = tools().told();
        assert_eq!((&*told[0].name, &*told[1].name), ("a_b_c", "a_b_c_2"));
        assert_eq!(told[0].schema["required"], json!(["path"]));
        assert_eq!(told[0].schema["additionalProperties"], json!(false));
    }

    #[test]
    fn what_fits_is_called_by_its_action_with_what_was_left_out_filled_in() {
        let call = wanted("a_b_c", json!({ "path": "x", "until": "2026-12-24T09:00:00Z", "count": null }));
        assert_eq!(call.get("name").unwrap().to_string(), "a_b.c");
        assert!(call.get("wrong").unwrap().is_null());
        let arguments = call.get("arguments").unwrap();
        assert!(matches!(arguments.get("until"), Some(Value::Time(_))), "{arguments}");
        assert!(arguments.get("count").is_none() && arguments.get("wait").is_some(), "{arguments}");
        assert_eq!(wanted("a_b_c_2", json!({})).get("name").unwrap().to_string(), "a.b_c");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let path = |more: serde_json::Value| {
            let mut all = json!({ "path": "x" });
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            all
        };
        for (name, arguments, told) in [
            ("a_b_d", json!({}), "there is no tool `a_b_d`; did you mean `a_b_c`?"),
            ("send", json!({}), "there is no tool `send`; there is `a_b_c`, `a_b_c_2`"),
            ("a_b.c", path(json!({})), "there is no tool `a_b.c`; did you mean `a_b_c`?"),
            ("a_b_c", json!({}), "the parameter `path`, a string, is missing"),
            (
                "a_b_c",
                json!({ "path": 7 }),
                "the parameter `path` does not fit: a string is wanted, and here stands `7`",
            ),
            ("a_b_c", path(json!({ "cuont": 1 })), "`a_b_c` has no parameter `cuont`; did you mean `count`?"),
            ("a_b_c", path(json!({ "account": "x" })), "`a_b_c` has no parameter `account`"),
            ("a_b_c", path(json!({ "count": 9 })), "the parameter `count` does not fit"),
            ("a_b_c", path(json!({ "count": "2" })), "the parameter `count` does not fit"),
            ("a_b_c", json!("{ \"path\": "), "the parameters are no JSON object"),
            ("a_b_c", json!(["x"]), "the parameters are no JSON object"),
        ] {
            let said = wrong(name, arguments.clone());
            assert!(said.starts_with(told), "{name} {arguments}: {said}");
        }
        let mut deep = json!({});
        for _ in 0..40 {
            deep = json!({ "a": deep });
        }
        assert!(wrong("a_b_c", path(json!({ "x": deep }))).contains("deep"));
        assert!(wrong("a_b_c", json!({ "path": "x".repeat(LONGEST) })).contains("bytes"));
        // A word for a secret is no secret.
        let hole = wanted("a_b_c", json!({ "path": "{{ secret(\"KEY\") }}" }));
        assert!(matches!(hole.get("arguments").unwrap().get("path"), Some(Value::Text(_))));
        assert!(
            wrong("a_b_c", json!({ "path": { "$hole": { "name": "KEY" } } })).contains("`path` does not fit")
        );
    }

    #[test]
    fn no_more_calls_are_made_of_a_turn_than_there_may_be() {
        let call = Call { id: "1".into(), name: "a_b_c_2".into(), arguments: json!({}), seal: None };
        let many = vec![call; MOST + 1];
        let Value::List(calls) = tools().calls(many.iter()) else { panic!("no list") };
        let wrong = calls.iter().filter(|call| !call.get("wrong").unwrap().is_null()).count();
        assert_eq!((calls.len(), wrong), (MOST + 1, 1));
    }

    #[test]
    fn a_model_reads_what_came_and_of_much_the_beginning() {
        let call = Call { id: "1".into(), name: "a".into(), arguments: json!({}), seal: None };
        let came = |key: &str, value: Value| result(&call, Some(&Value::object([(key.to_owned(), value)])));
        assert_eq!(came("value", "yes".into()).text, "yes");
        assert_eq!(came("value", Value::object([("a", Value::Int(1))])).text, "{\"a\":1}");
        assert_eq!(came("value", Value::Null).text, "null");
        let no = came("error", Value::object([("message", Value::text("it is not there"))]));
        assert!(no.failed && no.text == "it is not there", "{no:?}");
        assert!(result(&call, None).failed);
        let long = came("value", Value::text("é".repeat(READ + 3)));
        assert!(long.text.ends_with("é\n[cut off here: 3 more letters]"), "{}", long.text.len());
    }
}
