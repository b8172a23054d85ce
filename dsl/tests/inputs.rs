//! What a run is given is checked against the inputs of its workflow.

mod support;

use dsl::inputs::{inputs, read};
use dsl::value::{Object, Value};
use dsl::workflow::Workflow;

fn workflow() -> Workflow {
    let source = "name: x
inputs:
  name: string
  count: { type: integer, min: 1, max: 5, default: 3 }
  tags: \"[string]?\"
  kind: { enum: [bug, feature], default: bug }
  code: { type: string, pattern: \"^[A-Z]+$\", optional: true }
  pause: { type: duration, default: 5m }
  user: { type: { id: integer, mail: string? }, optional: true }
steps: { stop: { fail: no } }
";
    let checked = dsl::check(source, &support::catalog());
    checked.workflow.unwrap_or_else(|| panic!("{:#?}", checked.diagnostics))
}

fn given(entries: &[(&str, Value)]) -> Object {
    entries.iter().map(|(key, value)| ((*key).into(), value.clone())).collect()
}

#[test]
fn defaults_are_filled_in() {
    let value = inputs(&workflow(), &given(&[("name", "a".into())])).unwrap();
    let text = r#"{"name":"a","count":3,"tags":null,"kind":"bug","code":null,"pause":"5m","user":null}"#;
    assert_eq!(value.to_json().to_string(), text);
    assert!(matches!(value.get("pause"), Some(Value::Duration(_))));
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let entries = [
        ("count", Value::Int(9)),
        ("tags", Value::list(vec![Value::Int(1)])),
        ("kind", "bgu".into()),
        ("code", "abc".into()),
        ("cuont", Value::Int(1)),
        ("user", Value::object([("id", Value::Int(1)), ("x", Value::Null)])),
    ];
    assert_eq!(
        inputs(&workflow(), &given(&entries)).unwrap_err(),
        [
            "`x` has no input `cuont`; did you mean `count`?",
            "the input `name`, a string, is missing",
            "the input `count` does not fit: at most 5 is wanted, and here is 9",
            "the input `tags` does not fit: `0`: a string is wanted, and here stands `1`",
            "the input `kind` does not fit: one of `bug`, `feature` is wanted, and here stands the text `bgu`",
            "the input `code` does not fit: `abc` does not match the pattern `^[A-Z]+$`",
            "the input `user` does not fit: the field `x` is unknown",
        ]
    );
}

#[test]
fn texts_of_a_command_line_are_read_by_type() {
    let workflow = workflow();
    let value = |pair| read(&workflow, pair).map(|(_, value)| value);
    assert_eq!(value("name=3"), Ok(Value::text("3")));
    assert_eq!(value("name=a=b"), Ok(Value::text("a=b")));
    assert_eq!(value("count=3"), Ok(Value::Int(3)));
    assert_eq!(value("tags=a, b"), Ok(Value::list(vec!["a".into(), "b".into()])));
    assert_eq!(value(r#"tags=["a"]"#), Ok(Value::list(vec!["a".into()])));
    assert_eq!(value(r#"user={"id":1}"#), Ok(Value::object([("id", Value::Int(1)), ("mail", Value::Null)])));
    assert_eq!(value("count=abc"), Err("the input `count` is an integer, and `abc` is none".into()));
    assert_eq!(
        value("count=7"),
        Err("the input `count` does not fit: at most 5 is wanted, and here is 7".into())
    );
    assert_eq!(value("name"), Err("`name` is not of the form `name=value`".into()));
    assert_eq!(value("nam=x"), Err("`x` has no input `nam`; did you mean `name`?".into()));
}
