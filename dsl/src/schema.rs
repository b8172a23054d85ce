//! The JSON Schema of workflows, for editors. It is made of what verbs and keys say of themselves, and of the catalog.
//!
//! It knows the shape of a file, not its meaning: `check` says more. What it refuses, `check` refuses.

mod types;

use serde_json::{Map, Value, json};

use crate::catalog::{Catalog, Event};
use crate::keys;
use crate::shape::{Field, Shape};
use crate::test;
use crate::verb::{self, Verb};

/// Makes the schema, JSON Schema 2020-12.
pub fn schema(catalog: &Catalog) -> Value {
    let mut defs = Map::new();
    defs.insert("action".into(), action(catalog));
    defs.insert("event".into(), event(catalog));
    defs.insert("steps".into(), steps());
    defs.insert("step".into(), step());
    for verb in verb::VERBS {
        defs.insert(format!("step_{}", verb.key), with_verb(verb, catalog));
    }
    defs.insert("trigger".into(), trigger());
    for kind in keys::TRIGGERS {
        let mut fields = object(kind.fields);
        fields["description"] = json!(kind.about);
        if kind.key == "event" {
            fields["properties"]["event"]["$ref"] = json!("#/$defs/event");
            fields["allOf"] = parameters("event", catalog.all_events().into_iter().map(Event::takes));
        }
        defs.insert(format!("trigger_{}", kind.key), fields);
    }
    types::define(&mut defs);
    let mut whole = object(keys::TOP);
    whole["patternProperties"] = json!({ "^x-": {} });
    let mut document = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Keyway workflow",
        "description": "One workflow: what starts it, what it is given, its steps and what it gives.",
    });
    merge(&mut document, whole);
    document["$defs"] = Value::Object(defs);
    document
}

/// Makes the schema of test files, JSON Schema 2020-12.
pub fn tests(catalog: &Catalog) -> Value {
    let mut defs = Map::new();
    defs.insert("action".into(), action(catalog));
    types::define(&mut defs);
    let mut whole = object(test::keys::TOP);
    whole["patternProperties"] = json!({ "^x-": {} });
    let mut document = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Keyway tests",
        "description": "Cases of a workflow: what each is given, what stands in for the world, what must come of it.",
    });
    merge(&mut document, whole);
    document["$defs"] = Value::Object(defs);
    document
}

/// Makes the schema of a mapping with these keys, JSON Schema 2020-12: for data that is read as workflows are.
pub fn of_keys(title: &str, about: &str, fields: &[Field]) -> Value {
    let mut defs = Map::new();
    types::define(&mut defs);
    let mut document = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": about,
    });
    merge(&mut document, object(fields));
    document["$defs"] = Value::Object(defs);
    document
}

/// A mapping with these keys and no others.
fn object(fields: &[Field]) -> Value {
    let properties = fields.iter().map(|field| (field.name.to_owned(), property(field)));
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let mut object = json!({
        "type": "object",
        "properties": properties.collect::<Map<_, _>>(),
        "additionalProperties": false,
    });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

fn property(field: &Field) -> Value {
    let mut schema = shape(&field.shape);
    if field.required && matches!(field.shape, Shape::Steps) {
        // What must be there must hold something.
        schema = json!({ "$ref": "#/$defs/steps", "type": "object", "minProperties": 1 });
    }
    schema["description"] = json!(field.about);
    schema
}

fn shape(shape: &Shape) -> Value {
    match shape {
        Shape::Action => json!({ "$ref": "#/$defs/action" }),
        Shape::Any => json!({}),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Cases => json!({ "type": "object", "additionalProperties": { "$ref": "#/$defs/steps" } }),
        Shape::Choice(words) => json!({ "enum": words }),
        Shape::Cron => json!({ "type": "string", "minLength": 2 }),
        Shape::Duration => types::duration(),
        Shape::Either(shapes) => either(shapes),
        Shape::Expression => json!({ "type": ["string", "number", "boolean"], "minLength": 1 }),
        Shape::Fields(fields) => object(fields),
        Shape::Holes => types::holes(),
        Shape::Integer(least, most) => {
            let mut schema = json!({ "type": "integer", "minimum": least });
            if *most < i64::MAX {
                schema["maximum"] = json!(most);
            }
            schema
        }
        Shape::List(item) => json!({ "type": "array", "items": self::shape(item) }),
        Shape::Map(value) => {
            json!({ "type": ["object", "null"], "additionalProperties": self::shape(value) })
        }
        Shape::Name => types::name(),
        Shape::Nothing => json!({ "type": "null" }),
        Shape::Number(least, most) => {
            let mut schema = json!({ "type": "number", "minimum": least });
            if *most < f64::MAX {
                schema["maximum"] = json!(most);
            }
            schema
        }
        Shape::OneOf(fields) => {
            let mut schema = object(fields);
            schema["minProperties"] = json!(1);
            schema["maxProperties"] = json!(1);
            schema
        }
        Shape::Parameters => json!({ "type": ["object", "null"] }),
        Shape::Steps => json!({ "$ref": "#/$defs/steps" }),
        Shape::Template | Shape::Text => json!({ "type": ["string", "number", "boolean"] }),
        Shape::Time => json!({ "type": "string", "pattern": r"^\s*[0-9]{4}-?[0-9]{2}-?[0-9]{2}" }),
        Shape::Triggers => json!({ "type": ["array", "null"], "items": { "$ref": "#/$defs/trigger" } }),
        Shape::Type => json!({ "$ref": "#/$defs/type" }),
        Shape::Types => json!({ "$ref": "#/$defs/types" }),
        Shape::Workflow => json!({ "type": ["string", "number", "boolean"], "pattern": "^[a-z0-9-]+$" }),
    }
}

fn either(shapes: &[Shape]) -> Value {
    json!({ "anyOf": shapes.iter().map(shape).collect::<Vec<_>>() })
}

/// A map of steps, be it empty.
fn steps() -> Value {
    json!({
        "type": ["object", "null"],
        "propertyNames": types::name(),
        "additionalProperties": { "$ref": "#/$defs/step" },
    })
}

/// A step of any verb: what it may have follows from the verb that it has.
fn step() -> Value {
    let about = |field: &Field| (field.name.to_owned(), json!({ "description": field.about }));
    let verbs = verb::VERBS.iter().map(|verb| (verb.key.to_owned(), json!({ "description": verb.about })));
    let then = |verb: &Verb| json!({ "if": { "required": [verb.key] }, "then": { "$ref": format!("#/$defs/step_{}", verb.key) } });
    json!({
        "type": "object",
        "description": "A step: one verb, and what belongs to it.",
        "properties": verbs.chain(verb::STEP.iter().map(about)).collect::<Map<_, _>>(),
        "oneOf": verb::VERBS.iter().map(|verb| json!({ "required": [verb.key] })).collect::<Vec<_>>(),
        "allOf": verb::VERBS.iter().map(then).collect::<Vec<_>>(),
    })
}

/// A step of one verb.
fn with_verb(verb: &Verb, catalog: &Catalog) -> Value {
    let fields: Vec<Field> = verb.beside().copied().collect();
    let mut step = object(&fields);
    step["description"] = json!(verb.about);
    if verb.fields.iter().any(|field| matches!(field.shape, Shape::Parameters)) {
        let takes = catalog.all_actions().into_iter().map(|action| (action.id.as_str(), &action.input[..]));
        step["allOf"] = parameters(verb.key, takes);
    }
    step
}

/// What stands in `with`, by what is named under a key.
fn parameters<'c>(key: &str, takes: impl Iterator<Item = (&'c str, &'c [crate::types::Field])>) -> Value {
    let one = |(id, input): (&str, &[crate::types::Field])| {
        let mut then = json!({ "properties": { "with": types::parameters(input) } });
        if input.iter().any(types::is_required) {
            then["required"] = json!(["with"]);
        }
        json!({ "if": { "properties": { key: { "const": id } } }, "then": then })
    };
    Value::Array(takes.map(one).collect())
}

impl Event {
    fn takes(&self) -> (&str, &[crate::types::Field]) {
        (&self.id, &self.input)
    }
}

fn action(catalog: &Catalog) -> Value {
    let about = |action: &crate::catalog::Action| json!({ "const": action.id, "description": action.about });
    let all = catalog.all_actions().into_iter().map(about);
    json!({ "type": "string", "oneOf": all.collect::<Vec<_>>() })
}

fn event(catalog: &Catalog) -> Value {
    let all = catalog
        .all_events()
        .into_iter()
        .map(|event| json!({ "const": event.id, "description": event.about }));
    json!({ "type": "string", "oneOf": all.collect::<Vec<_>>() })
}

/// A trigger of any kind: an event may have an `every` of its own.
fn trigger() -> Value {
    let key = |key: &str| json!({ "required": [key] });
    let asks = |kind: &keys::Kind| match kind.key {
        "every" => json!({ "required": ["every"], "not": { "required": ["event"] } }),
        other => key(other),
    };
    let then = |kind: &keys::Kind| json!({ "if": asks(kind), "then": { "$ref": format!("#/$defs/trigger_{}", kind.key) } });
    let kinds = keys::TRIGGERS.iter().map(|kind| (kind.key.to_owned(), json!({ "description": kind.about })));
    json!({
        "type": "object",
        "description": "What starts runs by itself.",
        "properties": kinds.collect::<Map<_, _>>(),
        "oneOf": keys::TRIGGERS.iter().map(asks).collect::<Vec<_>>(),
        "allOf": keys::TRIGGERS.iter().map(then).collect::<Vec<_>>(),
    })
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}
