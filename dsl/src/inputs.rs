//! What a run is given: unknown and missing inputs, wrong types, defaults; and texts from a command line.

use std::sync::Arc;

use crate::diagnostic::nearest;
use crate::duration;
use crate::fields::a;
use crate::json;
use crate::types::{Field, Type, fit_field};
use crate::value::{Object, Value};
use crate::workflow::Workflow;

/// Checks what was given against the inputs of a workflow and fills in the defaults.
///
/// # Errors
/// Everything that is wrong, a sentence each.
pub fn inputs(workflow: &Workflow, given: &Object) -> Result<Value, Vec<String>> {
    fields(&workflow.name, &workflow.inputs, given, "input")
}

/// Checks what was given against the fields of something and fills in the defaults; `what` is the word for one.
///
/// # Errors
/// Everything that is wrong, a sentence each.
pub fn fields(owner: &str, known: &[Field], given: &Object, what: &str) -> Result<Value, Vec<String>> {
    let mut wrong = vec![];
    for name in given.keys() {
        if find(known, name).is_none() {
            wrong.push(unknown(owner, known, name, what));
        }
    }
    let mut filled = Object::new();
    for field in known {
        let value = match (given.get(&*field.name), &field.default) {
            (Some(value), _) => match fit_field(value, field) {
                Ok(value) => value,
                Err(misfit) => {
                    wrong.push(format!("the {what} `{}` does not fit: {misfit}", field.name));
                    continue;
                }
            },
            (None, Some(default)) => default.clone(),
            (None, None) if field.optional => Value::Null,
            (None, None) => {
                wrong.push(format!("the {what} `{}`, {}, is missing", field.name, a(&field.ty.to_string())));
                continue;
            }
        };
        filled.insert(field.name.as_str().into(), value);
    }
    if wrong.is_empty() { Ok(Value::Object(Arc::new(filled))) } else { Err(wrong) }
}

/// Checks what a model wants to call something with, as `fields` does; a parameter that is left out is not there, for whoever
/// reads what is to be called.
///
/// # Errors
/// Everything that is wrong, a sentence each.
pub fn wanted(tool: &str, known: &[Field], given: &Object) -> Result<Value, Vec<String>> {
    let Value::Object(filled) = fields(tool, known, given, "parameter")? else { return Ok(Value::Null) };
    let kept: Object = filled
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Ok(Value::Object(kept.into()))
}

/// Reads `name=text` by the type of the input, as a command line gives it.
///
/// # Errors
/// What is wrong, in a sentence.
pub fn read(workflow: &Workflow, pair: &str) -> Result<(String, Value), String> {
    let Some((name, text)) = pair.split_once('=') else {
        return Err(format!("`{pair}` is not of the form `name=value`"));
    };
    let name = name.trim();
    let Some(field) = find(&workflow.inputs, name) else {
        return Err(unknown(&workflow.name, &workflow.inputs, name, "input"));
    };
    let value = typed(text, &field.ty);
    let value = value
        .ok_or_else(|| format!("the input `{name}` is {}, and `{text}` is none", a(&field.ty.to_string())))?;
    match fit_field(&value, field) {
        Ok(value) => Ok((name.into(), value)),
        Err(misfit) => Err(format!("the input `{name}` does not fit: {misfit}")),
    }
}

fn find<'w>(known: &'w [Field], name: &str) -> Option<&'w Field> {
    known.iter().find(|field| field.name == name)
}

fn unknown(owner: &str, known: &[Field], name: &str, what: &str) -> String {
    let names: Vec<&str> = known.iter().map(|field| field.name.as_str()).collect();
    match (nearest(name, names.iter().copied()), names.is_empty()) {
        (Some(near), _) => format!("`{owner}` has no {what} `{name}`; did you mean `{near}`?"),
        (None, true) => format!("`{owner}` has no {what}s, so not `{name}` either"),
        (None, false) => {
            format!("`{owner}` has no {what} `{name}`; it has {}", crate::fields::listed(&names))
        }
    }
}

/// Reads a text as a type wants it: texts as they stand, everything else as it would be written in YAML or JSON.
fn typed(text: &str, ty: &Type) -> Option<Value> {
    let json = || json::parse(text).ok();
    match ty {
        Type::String | Type::Enum(_) | Type::Time | Type::Bytes => Some(Value::text(text)),
        Type::Duration => duration::parse(text.trim()).map(Value::Duration),
        Type::Boolean => text.trim().parse().ok().map(Value::Bool),
        Type::Integer => text.trim().parse().ok().map(Value::Int),
        Type::Number => match text.trim().parse() {
            Ok(whole) => Some(Value::Int(whole)),
            Err(_) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Number),
        },
        Type::Null => matches!(text.trim(), "" | "null").then_some(Value::Null),
        Type::Nullable(_) if text.trim() == "null" => Some(Value::Null),
        Type::Nullable(inner) => typed(text, inner),
        Type::Any => json().or_else(|| Some(Value::text(text))),
        Type::List(item) => match json() {
            Some(list @ Value::List(_)) => Some(list),
            // `a,b,c` is what people type.
            _ => text
                .split(',')
                .map(|part| typed(part.trim(), item))
                .collect::<Option<Vec<_>>>()
                .map(Value::list),
        },
        Type::AnyObject | Type::Object(_) => json().filter(|value| matches!(value, Value::Object(_))),
        Type::Union(arms) => arms
            .iter()
            .filter(|arm| !matches!(arm, Type::String | Type::Any))
            .chain(arms.iter().filter(|arm| matches!(arm, Type::String | Type::Any)))
            .find_map(|arm| typed(text, arm)),
    }
}
