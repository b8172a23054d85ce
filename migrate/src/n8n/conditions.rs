//! Conditions of nodes that choose: each operator of n8n as an expression of ours.

use serde_json::Value;

use super::methods::{is_empty, regex};
use super::params::Params;
use super::say::{Say, no, truth_of};
use super::weave::Res;
use crate::ours::{Bind, Ex, Sort};
use crate::report::{Kind, Why};

/// The condition of an If or a Filter.
pub fn of_node(say: &mut Say, params: &Params, version: f64) -> Res<Ex> {
    if version >= 2.0 {
        params.ignore(&["looseTypeValidation", "options.looseTypeValidation"]);
        let found = params.get("conditions").unwrap_or(Value::Null);
        let ignore_case = params.flag("options.ignoreCase");
        return of_set(say, &found, ignore_case);
    }
    let any = params.text("combineOperation").or_else(|| params.text("combineConditions"));
    let any = any.is_some_and(|word| word.eq_ignore_ascii_case("any") || word.eq_ignore_ascii_case("or"));
    let groups = params.get("conditions").unwrap_or(Value::Null);
    let mut all = vec![];
    for (sort, conditions) in groups.as_object().into_iter().flatten() {
        for condition in conditions.as_array().into_iter().flatten() {
            let operation = condition.get("operation").and_then(Value::as_str);
            let operation = operation.unwrap_or(match sort.as_str() {
                "number" => "smaller",
                "dateTime" => "after",
                _ => "equal",
            });
            let left = say.ex(condition.get("value1").unwrap_or(&Value::Null))?;
            let right = say.ex(condition.get("value2").unwrap_or(&Value::Null))?;
            all.push(holds(sort, operation, &left, &right, false)?);
        }
    }
    together(all, any)
}

/// The conditions of one set, as nodes have them from their second version on.
pub fn of_set(say: &mut Say, set: &Value, ignore_case: Option<bool>) -> Res<Ex> {
    let any = set.get("combinator").and_then(Value::as_str) == Some("or");
    let sensitive = set.pointer("/options/caseSensitive").and_then(Value::as_bool);
    let folded = ignore_case.unwrap_or_else(|| sensitive == Some(false));
    let mut all = vec![];
    for condition in set.get("conditions").and_then(Value::as_array).into_iter().flatten() {
        let text = |at: &str| condition.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
        let left = say.ex(condition.get("leftValue").unwrap_or(&Value::Null))?;
        let right = say.ex(condition.get("rightValue").unwrap_or(&Value::Null))?;
        all.push(holds(&text("/operator/type"), &text("/operator/operation"), &left, &right, folded)?);
    }
    together(all, any)
}

fn together(all: Vec<Ex>, any: bool) -> Res<Ex> {
    let joined = all.into_iter().reduce(|left, right| if any { left.or(&right) } else { left.and(&right) });
    joined.ok_or_else(|| Why::new(Kind::Setting, "it has no condition"))
}

/// One condition.
pub fn holds(sort: &str, operation: &str, left: &Ex, right: &Ex, folded: bool) -> Res<Ex> {
    let compare = |op: &str, left: &Ex, right: &Ex| left.binary(op, right, Bind::Compare, Sort::Bool);
    if matches!(operation, "exists" | "notExists") {
        return Ok(compare(if operation == "exists" { "!=" } else { "==" }, left, &Ex::null()));
    }
    if matches!(operation, "empty" | "isEmpty" | "notEmpty" | "isNotEmpty") {
        let there = is_empty(left);
        return Ok(if operation.contains("ot") && operation != "isEmpty" { there.not() } else { there });
    }
    match sort {
        "string" => text(operation, left, right, folded),
        "number" => {
            let zero = Ex::number("0");
            let (left, right) = (some(left, &zero, Sort::Number), some(right, &zero, Sort::Number));
            let (left, right) = (number(&left), number(&right));
            Ok(compare(
                match operation {
                    "equal" | "equals" => "==",
                    "notEqual" | "notEquals" => "!=",
                    "smaller" | "lt" => "<",
                    "smallerEqual" | "lte" => "<=",
                    "larger" | "gt" => ">",
                    "largerEqual" | "gte" => ">=",
                    _ => return no(format!("the comparison `{operation}` of numbers")),
                },
                &left,
                &right,
            ))
        }
        "boolean" => {
            let left = truth_of(left);
            Ok(match (operation, right.text.as_str()) {
                ("true", _) | ("equal" | "equals", "true") | ("notEqual" | "notEquals", "false") => left,
                ("false", _)
                | ("equal" | "equals", "false" | "null" | "''")
                | ("notEqual" | "notEquals", "true") => left.not(),
                ("equal" | "equals", _) => compare("==", &left, &truth_of(right)),
                ("notEqual" | "notEquals", _) => compare("!=", &left, &truth_of(right)),
                _ => return no(format!("the comparison `{operation}` of truth values")),
            })
        }
        "dateTime" => {
            let time = |ex: &Ex| {
                if ex.sort == Sort::Time { ex.clone() } else { Ex::call("time", &[ex], Sort::Time) }
            };
            let op = match operation {
                "after" => ">",
                "before" => "<",
                "afterOrEquals" => ">=",
                "beforeOrEquals" => "<=",
                "equals" => "==",
                "notEquals" => "!=",
                _ => return no(format!("the comparison `{operation}` of times")),
            };
            Ok(compare(op, &time(left), &time(right)))
        }
        "array" => {
            let left = some(left, &Ex::new("[]", Bind::Path, Sort::List), Sort::List);
            let length = Ex::call("len", &[&left], Sort::Number);
            Ok(match operation {
                "contains" => Ex::call("contains", &[&left, right], Sort::Bool),
                "notContains" => Ex::call("contains", &[&left, right], Sort::Bool).not(),
                "lengthEquals" => compare("==", &length, right),
                "lengthNotEquals" => compare("!=", &length, right),
                "lengthGt" => compare(">", &length, right),
                "lengthLt" => compare("<", &length, right),
                "lengthGte" => compare(">=", &length, right),
                "lengthLte" => compare("<=", &length, right),
                _ => return no(format!("the comparison `{operation}` of lists")),
            })
        }
        other => no(format!("a comparison of `{other}`")),
    }
}

fn text(operation: &str, left: &Ex, right: &Ex, folded: bool) -> Res<Ex> {
    let nothing = Ex::literal("");
    let fold = |ex: Ex| if folded { Ex::call("lower", &[&ex], Sort::Text) } else { ex };
    let (left, right) = (fold(some(left, &nothing, Sort::Text)), fold(some(right, &nothing, Sort::Text)));
    let f = |name: &str| Ex::call(name, &[&left, &right], Sort::Bool);
    let by_pattern = || -> Res<Ex> {
        let raw = right.text.trim_matches('\'').replace("\\\\", "\\");
        let (pattern, flags) = match raw.strip_prefix('/').and_then(|rest| rest.rsplit_once('/')) {
            Some((pattern, flags)) => (pattern.to_owned(), flags.to_owned()),
            None => (raw, String::new()),
        };
        if right.sort != Sort::Text || !right.text.starts_with('\'') {
            return no("a pattern that is made");
        }
        Ok(Ex::call("matches", &[&left, &Ex::literal(&regex(&pattern, &flags)?)], Sort::Bool))
    };
    Ok(match operation {
        "equal" | "equals" => left.is(&right),
        "notEqual" | "notEquals" => left.binary("!=", &right, Bind::Compare, Sort::Bool),
        "contains" => f("contains"),
        "notContains" => f("contains").not(),
        "startsWith" => f("starts_with"),
        "notStartsWith" => f("starts_with").not(),
        "endsWith" => f("ends_with"),
        "notEndsWith" => f("ends_with").not(),
        "regex" => by_pattern()?,
        "notRegex" => by_pattern()?.not(),
        _ => return no(format!("the comparison `{operation}` of texts")),
    })
}

/// It, or another where it is not there; of known sort.
fn some(ex: &Ex, instead: &Ex, sort: Sort) -> Ex {
    match ex.sort {
        Sort::Any => Ex { sort, ..ex.instead(instead) },
        Sort::Null => instead.clone(),
        _ => ex.clone(),
    }
}

/// A text that is a number, as one.
fn number(ex: &Ex) -> Ex {
    let inner = ex.text.trim_matches('\'');
    if ex.text.starts_with('\'') && inner.parse::<f64>().is_ok() { Ex::number(inner) } else { ex.clone() }
}
