//! Writes YAML: block style, with quotes wherever a reader could take a text for anything else.

use std::fmt::Write;

use crate::value::Value;

/// A value as YAML, with a line break at its end.
pub fn write(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::List(items) if !items.is_empty() => block(&mut text, value, 0),
        Value::Object(entries) if !entries.is_empty() => block(&mut text, value, 0),
        _ => inline(&mut text, value),
    }
    text
}

/// The lines of a list or an object that is not empty.
fn block(text: &mut String, value: &Value, level: usize) {
    match value {
        Value::List(items) => {
            for (at, item) in items.iter().enumerate() {
                // The first line of a block within an item stands behind its dash.
                if at > 0 || !text.ends_with("- ") {
                    indent(text, level);
                }
                text.push_str("- ");
                match item {
                    Value::List(inner) if !inner.is_empty() => block(text, item, level + 1),
                    Value::Object(inner) if !inner.is_empty() => block(text, item, level + 1),
                    _ => inline(text, item),
                }
            }
        }
        Value::Object(entries) => {
            for (at, (key, item)) in entries.iter().enumerate() {
                if at > 0 || !text.ends_with("- ") {
                    indent(text, level);
                }
                scalar(text, key);
                match item {
                    Value::List(inner) if !inner.is_empty() => {
                        text.push_str(":\n");
                        block(text, item, level + 1);
                    }
                    Value::Object(inner) if !inner.is_empty() => {
                        text.push_str(":\n");
                        block(text, item, level + 1);
                    }
                    _ => {
                        text.push_str(": ");
                        inline(text, item);
                    }
                }
            }
        }
        other => inline(text, other),
    }
}

fn indent(text: &mut String, level: usize) {
    text.extend(std::iter::repeat_n("  ", level));
}

/// A value that fits on a line, and the end of that line.
fn inline(text: &mut String, value: &Value) {
    match value {
        Value::Null => text.push_str("null"),
        Value::List(_) => text.push_str("[]"),
        Value::Object(_) => text.push_str("{}"),
        Value::Text(plain) => scalar(text, plain),
        Value::Number(number) if number.fract() == 0.0 && number.abs() < 1e17 => {
            let _ = write!(text, "{number}.0");
        }
        other => scalar_or_plain(text, other),
    }
    text.push('\n');
}

fn scalar_or_plain(text: &mut String, value: &Value) {
    match value {
        Value::Time(_) | Value::Duration(_) => scalar(text, &value.to_string()),
        other => {
            let _ = write!(text, "{other}");
        }
    }
}

/// A text, in quotes unless it can be nothing else.
fn scalar(text: &mut String, plain: &str) {
    let simple = plain
        .chars()
        .all(|char| char.is_alphanumeric() || matches!(char, ' ' | '_' | '/' | '.' | '(' | ')' | '-'))
        && plain.starts_with(char::is_alphabetic)
        && !plain.ends_with(' ');
    let taken = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "nan"];
    if simple && !taken.contains(&plain.to_lowercase().as_str()) {
        text.push_str(plain);
    } else {
        // JSON's quotes and escapes are YAML's, too; JSON leaves some characters bare that no text file has.
        for char in serde_json::Value::from(plain).to_string().chars() {
            match char.is_control() || matches!(char, '\u{feff}' | '\u{fffe}' | '\u{ffff}') {
                true => drop(write!(text, "\\u{:04x}", u32::from(char))),
                false => text.push(char),
            }
        }
    }
}
