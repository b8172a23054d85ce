//! The form that an answer must have which calls functions, as a step's `returns` says it, and answers that have it or break
//! it as an error of a grader says.

use dsl::types::{Field, Type};
use serde_json::{Value, json};

use crate::outcomes::Row;

/// What a step returns that is to call the functions of a row.
pub fn returns(row: &Row) -> Vec<Field> {
    let arms: Vec<Type> = row.functions().into_iter().map(call).collect();
    let call = if arms.len() == 1 { arms.into_iter().next().unwrap_or(Type::Any) } else { Type::Union(arms) };
    vec![Field::required("calls", Type::List(Box::new(call)), "The calls, in order.")]
}

fn call(function: &Value) -> Type {
    let name = Type::Enum(vec![name(function).to_owned()]);
    let arguments = Type::Object(parameters(function));
    Type::Object(vec![Field::required("name", name, ""), Field::required("arguments", arguments, "")])
}

fn name(function: &Value) -> &str {
    function["name"].as_str().unwrap_or_default()
}

fn parameters(function: &Value) -> Vec<Field> {
    fields(&function["parameters"])
}

fn fields(schema: &Value) -> Vec<Field> {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .map(|(name, schema)| match required.contains(&&**name) {
            true => Field::required(name, of(schema), ""),
            false => Field::optional(name, of(schema), ""),
        })
        .collect()
}

fn of(schema: &Value) -> Type {
    match schema["type"].as_str().unwrap_or_default().to_lowercase().as_str() {
        "string" | "char" => Type::String,
        "integer" | "long" => Type::Integer,
        "float" | "double" => Type::Number,
        "boolean" => Type::Boolean,
        "array" | "tuple" | "arraylist" => Type::List(Box::new(match &schema["items"] {
            Value::Null => Type::Any,
            items => of(items),
        })),
        "dict" if schema["properties"].is_object() => Type::Object(fields(schema)),
        "dict" | "hashmap" => Type::AnyObject,
        _ => Type::Any,
    }
}

/// What a model says whose answer has this error, or none: broken as the error says, where a checker that does not know
/// the right answer could see it.
pub fn answer(row: &Row, error: Option<&str>) -> String {
    let functions = row.functions();
    let Some(function) = functions.first() else { return "An answer.".into() };
    let mut arguments = serde_json::Map::new();
    let parameters = parameters(function);
    for field in parameters.iter().filter(|field| !field.optional) {
        arguments.insert(field.name.clone(), value(&field.ty));
    }
    let mut name = name(function).to_owned();
    let error = error.unwrap_or_default();
    if error.contains("decoder") {
        return format!("I would call {name} with what you said.");
    } else if error.contains("missing_required") {
        let first = arguments.keys().next().cloned();
        first.map(|first| arguments.remove(&first));
    } else if error.contains("wrong_func_name") {
        name += "_of_another_kind";
    } else if error.contains("unexpected_param") {
        arguments.insert("a_parameter_that_nobody_knows".into(), json!(1));
    } else if error.starts_with("type_error") {
        let typed = parameters.iter().find(|field| field.ty != Type::Any);
        typed.map(|field| arguments.insert(field.name.clone(), wrong(&field.ty)));
    }
    json!({ "calls": [{ "name": name, "arguments": arguments }] }).to_string()
}

fn value(ty: &Type) -> Value {
    match ty {
        Type::Integer => json!(1),
        Type::Number => json!(1.5),
        Type::Boolean => json!(true),
        Type::List(_) => json!([]),
        Type::AnyObject => json!({}),
        Type::Object(fields) => {
            let entries = fields.iter().filter(|field| !field.optional);
            entries.map(|field| (field.name.clone(), value(&field.ty))).collect()
        }
        _ => json!("x"),
    }
}

/// A value that is of another type.
fn wrong(ty: &Type) -> Value {
    match ty {
        Type::AnyObject | Type::Object(_) => json!("no object"),
        _ => json!({ "of": "another type" }),
    }
}
