//! The value of an answer: its schema, reading it, and what is wrong with it, as the model is told.

use std::borrow::Cow;
use std::sync::Arc;

use dsl::expr::{self, Expr, Scope};
use dsl::types::{Field, Type, fit};
use dsl::value::{Object, Value};
use jiff::Timestamp;
use serde_json::{Map, json};

use crate::chat::{Answer, Finish};

/// The schema of an object with these fields, as a model is given it.
pub(super) fn schema(fields: &[Field]) -> serde_json::Value {
    let properties: Map<String, _> =
        fields.iter().map(|field| (field.name.clone(), property(field))).collect();
    let required: Vec<&str> =
        fields.iter().filter(|field| !is_left_out(field)).map(|field| &*field.name).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn is_left_out(field: &Field) -> bool {
    field.optional || field.default.is_some()
}

fn property(field: &Field) -> serde_json::Value {
    let mut schema = of_type(&field.ty);
    for (name, bound) in bounds(&field.ty).into_iter().zip([field.min, field.max]) {
        if let (Some(bound), Some(entries)) = (bound, schema.as_object_mut()) {
            let whole = bound.fract() == 0.0 && bound.abs() < 9e15;
            entries.insert(name.into(), if whole { json!(bound as i64) } else { json!(bound) });
        }
    }
    if let Some(entries) = schema.as_object_mut() {
        if let Some(pattern) = &field.pattern {
            entries.insert("pattern".into(), json!(pattern));
        }
        if !field.about.is_empty() {
            entries.insert("description".into(), json!(field.about));
        }
    }
    schema
}

/// What the bounds of a field of this type are called; nothing where it has none.
fn bounds(ty: &Type) -> Vec<&'static str> {
    match ty {
        Type::Integer | Type::Number => vec!["minimum", "maximum"],
        Type::String => vec!["minLength", "maxLength"],
        Type::List(_) => vec!["minItems", "maxItems"],
        Type::Any
        | Type::Null
        | Type::Boolean
        | Type::Time
        | Type::Duration
        | Type::Bytes
        | Type::AnyObject
        | Type::Object(_)
        | Type::Enum(_)
        | Type::Nullable(_)
        | Type::Union(_) => vec![],
    }
}

fn of_type(ty: &Type) -> serde_json::Value {
    match ty {
        Type::Any => json!({}),
        Type::Null => json!({ "type": "null" }),
        Type::Boolean => json!({ "type": "boolean" }),
        Type::Integer => json!({ "type": "integer" }),
        Type::Number => json!({ "type": "number" }),
        Type::String => json!({ "type": "string" }),
        Type::Time => json!({ "type": "string", "format": "date-time" }),
        Type::Duration => json!({ "type": "string", "description": "A length of time as in 1h30m." }),
        Type::Bytes | Type::AnyObject => json!({ "type": "object" }),
        Type::Object(fields) => schema(fields),
        Type::List(item) => json!({ "type": "array", "items": of_type(item) }),
        Type::Enum(texts) => json!({ "type": "string", "enum": texts }),
        Type::Nullable(inner) => json!({ "anyOf": [of_type(inner), { "type": "null" }] }),
        Type::Union(arms) => json!({ "anyOf": arms.iter().map(of_type).collect::<Vec<_>>() }),
    }
}

/// The value of an answer.
///
/// # Errors
/// What is wrong with it, as a sentence goes on.
pub(super) fn read(answer: &Answer, returns: Option<&[Field]>) -> Result<Value, String> {
    if answer.finish == Finish::Length {
        return Err("it was cut off at the longest length of an answer".into());
    }
    let text = answer.text();
    let Some(fields) = returns else { return Ok(Value::object([("text", Value::text(text))])) };
    let inner = match (text.find('{'), text.rfind('}')) {
        (Some(from), Some(to)) if from < to => &text[from..=to],
        _ => return Err("it is no JSON object".into()),
    };
    let value = dsl::json::parse(inner).map_err(|error| format!("it is no JSON object: {error}"))?;
    fit(&without(&value, fields), &Type::Object(fields.to_vec())).map_err(|wrong| wrong.to_string())
}

/// The value without fields that nobody asked for, and without null where a field may be left out and is not nullable.
fn without(value: &Value, fields: &[Field]) -> Value {
    let Value::Object(entries) = value else { return value.clone() };
    let mut kept = Object::new();
    for field in fields {
        match entries.get(&*field.name) {
            Some(value) if value.is_null() && is_left_out(field) => {}
            Some(value) => {
                kept.insert(field.name.as_str().into(), inner(value, &field.ty));
            }
            None => {}
        }
    }
    Value::Object(Arc::new(kept))
}

fn inner(value: &Value, ty: &Type) -> Value {
    match (ty, value) {
        (Type::Object(fields), _) => without(value, fields),
        (Type::Nullable(ty), _) => inner(value, ty),
        (Type::List(ty), Value::List(items)) => {
            Value::list(items.iter().map(|item| inner(item, ty)).collect())
        }
        (_, value) => value.clone(),
    }
}

/// What is wrong with a value by the step's own condition.
pub(super) fn checked(value: &Value, check: &Expr) -> Result<(), String> {
    let failed = |why: &str| Err(format!("it does not meet `{}`{why}", check.source().trim()));
    match expr::eval(check, &Named(value)) {
        Ok(Value::Bool(true)) => Ok(()),
        Ok(_) => failed(""),
        Err(expr::Halt::Failure(failure)) => failed(&format!(": {}", failure.message)),
        Err(expr::Halt::Skip { .. }) => failed(""),
    }
}

/// `value`, and nothing else.
struct Named<'a>(&'a Value);

impl Scope for Named<'_> {
    fn name(&self, name: &str) -> Option<Cow<'_, Value>> {
        (name == "value").then_some(Cow::Borrowed(self.0))
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn seed(&self) -> [u8; 32] {
        [0; 32]
    }
}
