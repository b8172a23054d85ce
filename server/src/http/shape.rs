//! What a body or an answer looks like, as data beside its route: bodies are held against it before a handler sees them,
//! the description of the API is made of it, and tests hold live answers against that.

use dsl::diagnostic::nearest;
use dsl::value::{Object, Value};
use serde_json::{Map, Value as Json, json};

use super::Refusal;

/// What a value looks like.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Anything.
    Any,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Count,
    /// A text.
    Text,
    /// A moment, as in `2026-11-30T09:00:00Z`.
    Moment,
    /// A text that is never told again.
    Secret,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of such.
    List(&'static Shape),
    /// Such by their names.
    Named(&'static Shape),
    /// These fields, and no others.
    Fields(&'static [Field]),
    /// These fields, and perhaps others, of which the page that is named in the route tells.
    Open(&'static [Field]),
    /// Such, or null.
    Maybe(&'static Shape),
    /// A shape that has a name.
    Of(&'static Known),
}

/// A shape that has a name.
#[derive(Debug)]
pub struct Known {
    /// Its name, as a type of a program would be called.
    pub name: &'static str,
    /// A sentence about it.
    pub about: &'static str,
    /// The shape.
    pub shape: Shape,
}

/// A field of an object, or a parameter of a query.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Whether it is always there.
    pub must: Must,
    /// What it looks like.
    pub shape: Shape,
    /// A sentence about it.
    pub about: &'static str,
}

/// Whether a field is always there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Must {
    /// It is.
    Always,
    /// It may be left out.
    Perhaps,
}

/// A field that is always there.
pub const fn always(name: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { name, must: Must::Always, shape, about }
}

/// A field that may be left out.
pub const fn perhaps(name: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { name, must: Must::Perhaps, shape, about }
}

impl Shape {
    /// Holds a body against it.
    ///
    /// # Errors
    /// Where it has a field that is not known, lacks one, or has one of another type.
    pub fn check(&self, body: &Object) -> Result<(), Refusal> {
        match self {
            Shape::Fields(fields) => checked(fields, body),
            Shape::Of(known) => known.shape.check(body),
            Shape::Any
            | Shape::Flag
            | Shape::Count
            | Shape::Text
            | Shape::Moment
            | Shape::Secret
            | Shape::Word(_)
            | Shape::List(_)
            | Shape::Named(_)
            | Shape::Open(_)
            | Shape::Maybe(_) => Ok(()),
        }
    }

    /// True if a value looks like this.
    fn takes(&self, value: &Value) -> bool {
        match self {
            Shape::Any => true,
            Shape::Flag => matches!(value, Value::Bool(_)),
            Shape::Count => matches!(value, Value::Int(_)),
            Shape::Text | Shape::Secret => matches!(value, Value::Text(_)),
            Shape::Moment => value.as_text().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
            Shape::Word(words) => value.as_text().is_some_and(|text| words.contains(&text)),
            Shape::List(of) => matches!(value, Value::List(items) if items.iter().all(|item| of.takes(item))),
            Shape::Named(of) => {
                matches!(value, Value::Object(fields) if fields.values().all(|field| of.takes(field)))
            }
            Shape::Fields(fields) => {
                matches!(value, Value::Object(found) if checked(fields, found).is_ok())
            }
            Shape::Open(_) => matches!(value, Value::Object(_)),
            Shape::Maybe(of) => matches!(value, Value::Null) || of.takes(value),
            Shape::Of(known) => known.shape.takes(value),
        }
    }

    /// In words, for who sent another.
    fn words(&self) -> String {
        match self {
            Shape::Any => "anything".into(),
            Shape::Flag => "true or false".into(),
            Shape::Count => "a whole number".into(),
            Shape::Text | Shape::Secret => "a text".into(),
            Shape::Moment => "a moment such as `2026-11-30T09:00:00Z`".into(),
            Shape::Word(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                format!("one of {}", words.join(", "))
            }
            Shape::List(of) => format!("a list whose items are each {}", of.words()),
            Shape::Named(_) | Shape::Fields(_) | Shape::Open(_) => "an object".into(),
            Shape::Maybe(of) => of.words(),
            Shape::Of(known) => known.shape.words(),
        }
    }

    /// As JSON Schema, of a body that is taken: it says what `check` does.
    pub fn taken(&self, named: &mut Map<String, Json>) -> Json {
        match self {
            Shape::Fields(fields) => object(fields, (false, or_null), named),
            other => other.schema(named),
        }
    }

    /// As JSON Schema; named shapes are referred to, and gathered.
    pub fn schema(&self, named: &mut Map<String, Json>) -> Json {
        match self {
            Shape::Any => json!({}),
            Shape::Flag => json!({ "type": "boolean" }),
            Shape::Count => json!({ "type": "integer" }),
            Shape::Text => json!({ "type": "string" }),
            Shape::Moment => json!({ "type": "string", "format": "date-time" }),
            Shape::Secret => json!({ "type": "string", "writeOnly": true }),
            Shape::Word(words) => json!({ "type": "string", "enum": words }),
            Shape::List(of) => json!({ "type": "array", "items": of.schema(named) }),
            Shape::Named(of) => json!({ "type": "object", "additionalProperties": of.schema(named) }),
            Shape::Fields(fields) => object(fields, (false, as_it_is), named),
            Shape::Open(fields) => object(fields, (true, as_it_is), named),
            Shape::Maybe(of) => json!({ "anyOf": [of.schema(named), { "type": "null" }] }),
            Shape::Of(known) => {
                if !named.contains_key(known.name) {
                    // It may name itself.
                    named.insert(known.name.into(), Json::Null);
                    let mut schema = known.shape.schema(named);
                    schema["description"] = known.about.into();
                    named.insert(known.name.into(), schema);
                }
                json!({ "$ref": format!("#/components/schemas/{}", known.name) })
            }
        }
    }
}

/// What may be left out may be null as well.
fn or_null(schema: Json) -> Json {
    match schema.as_object().is_some_and(Map::is_empty) {
        true => schema,
        false => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}

fn checked(fields: &[Field], body: &Object) -> Result<(), Refusal> {
    if let Some(other) = body.keys().find(|name| fields.iter().all(|field| field.name != &***name)) {
        let names = || fields.iter().map(|field| field.name);
        let help = match nearest(other, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if fields.is_empty() => "it takes none".into(),
            None => format!("it has {}", names().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ")),
        };
        return Err(Refusal::unfit(format!("the body has no field `{other}`")).help(help));
    }
    for field in fields {
        match (body.get(field.name), field.must) {
            (None, Must::Always) => return Err(Refusal::unfit(format!("the body lacks `{}`", field.name))),
            // What may be left out may be null.
            (None | Some(Value::Null), Must::Perhaps) => {}
            (Some(value), _) if field.shape.takes(value) => {}
            (Some(value), _) => {
                let (name, found, wanted) = (field.name, value.type_name(), field.shape.words());
                let article = if found.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
                return Err(Refusal::unfit(format!("`{name}` is {article} {found}, not {wanted}")));
            }
        }
    }
    Ok(())
}

fn as_it_is(schema: Json) -> Json {
    schema
}

/// The schema of an object that may have other fields too, and of whose fields those that may be left out are written so.
fn object(
    fields: &[Field],
    (open, perhaps): (bool, fn(Json) -> Json),
    named: &mut Map<String, Json>,
) -> Json {
    let mut properties = Map::new();
    for field in fields {
        let mut schema = field.shape.schema(named);
        if field.must == Must::Perhaps {
            schema = perhaps(schema);
        }
        if !field.about.is_empty() {
            schema["description"] = field.about.into();
        }
        properties.insert(field.name.into(), schema);
    }
    let required: Vec<&str> =
        fields.iter().filter(|field| field.must == Must::Always).map(|field| field.name).collect();
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": open });
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: Shape = Shape::Fields(&[
        always("name", Shape::Text, ""),
        perhaps("hosts", Shape::List(&Shape::Text), ""),
        perhaps("role", Shape::Word(&["viewer", "editor"]), ""),
        perhaps("limit", Shape::Maybe(&Shape::Count), ""),
    ]);

    fn refused(text: &str) -> Option<(String, String)> {
        let Ok(Value::Object(body)) = dsl::json::parse(text) else { panic!("{text}") };
        BODY.check(&body).err().map(|refusal| (refusal.message, refusal.help))
    }

    #[test]
    fn a_body_is_held_against_its_shape() {
        for right in [
            r#"{"name":"a"}"#,
            r#"{"name":"a","hosts":["x"],"role":"editor","limit":5}"#,
            r#"{"name":"a","hosts":null,"role":null,"limit":null}"#,
        ] {
            assert_eq!(refused(right), None, "{right}");
        }
        for (wrong, says) in [
            (r"{}", "the body lacks `name`"),
            (r#"{"name":null}"#, "`name` is a null, not a text"),
            (r#"{"name":"a","hosts":[1]}"#, "`hosts` is a list, not a list whose items are each a text"),
            (r#"{"name":"a","role":"king"}"#, "`role` is a string, not one of `viewer`, `editor`"),
            (r#"{"name":"a","limit":1.5}"#, "`limit` is a number, not a whole number"),
            (r#"{"name":"a","host":[]}"#, "the body has no field `host`"),
        ] {
            assert_eq!(refused(wrong).map(|(message, _)| message).as_deref(), Some(says), "{wrong}");
        }
        assert_eq!(refused(r#"{"nam":"a"}"#).unwrap().1, "did you mean `name`?");
    }

    #[test]
    fn a_schema_says_the_same() {
        let mut named = Map::new();
        let schema = BODY.schema(&mut named);
        assert_eq!(schema["required"], json!(["name"]));
        assert_eq!(schema["additionalProperties"], json!(false));
        assert_eq!(schema["properties"]["role"]["enum"], json!(["viewer", "editor"]));
        assert!(named.is_empty());
        // What is answered may be left out; what is asked may be null instead.
        assert_eq!(schema["properties"]["hosts"]["type"], json!("array"));
        let taken = BODY.taken(&mut named);
        assert_eq!(taken["properties"]["hosts"]["anyOf"][1], json!({ "type": "null" }));
        assert_eq!(taken["properties"]["name"], json!({ "type": "string" }));
        assert_eq!((&taken["required"], &taken["additionalProperties"]), (&json!(["name"]), &json!(false)));
    }
}
