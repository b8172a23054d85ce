//! A draft as text: YAML as an author would write it.

use crate::sketch::{Does, Input, Step, Trigger, Val};
use crate::when::Start;

/// A text in lines of some width.
pub fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = vec![];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < 100 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A value as it stands in YAML behind a key that stands this deep.
pub fn scalar(value: &Val, depth: usize) -> String {
    match value {
        Val::Raw(raw) => raw.clone(),
        Val::Text(text) if text.contains('\n') => {
            let indent = "  ".repeat(depth + 1);
            let lines: Vec<String> = text
                .trim_end()
                .lines()
                .map(|line| if line.is_empty() { String::new() } else { format!("{indent}{line}") })
                .collect();
            // A first line that begins with a space would be taken for the indent.
            if text.starts_with(' ') { quoted(text) } else { format!("|\n{}", lines.join("\n")) }
        }
        Val::Text(text) if is_plain(text) => text.clone(),
        Val::Text(text) => quoted(text),
    }
}

/// True for a text that YAML reads as the same text without quotes, whatever stands around it.
fn is_plain(text: &str) -> bool {
    let inside = |char: char| char.is_ascii_alphanumeric() || matches!(char, ' ' | '_' | '.' | '/' | '-');
    let word = text.trim();
    !word.is_empty()
        && word == text
        && text.starts_with(|char: char| char.is_ascii_alphabetic())
        && text.chars().all(inside)
        && !["true", "false", "null", "yes", "no", "on", "off", "nan", "inf"]
            .contains(&text.to_lowercase().as_str())
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".into())
}

/// A trigger.
pub fn trigger(trigger: &Trigger) -> String {
    let zoned = |zone: &Option<String>| {
        zone.as_ref().map(|zone| format!("    timezone: {zone}\n")).unwrap_or_default()
    };
    match trigger {
        Trigger::Time(Start::Cron { expr, zone }) => format!("  - cron: {}\n{}", quoted(expr), zoned(zone)),
        Trigger::Time(Start::Every { length, from, zone }) => {
            let from = from.as_ref().map(|from| format!("    from: {}\n", quoted(from))).unwrap_or_default();
            format!("  - every: {length}\n{from}{}", zoned(zone))
        }
        Trigger::Time(Start::At { local, zone }) => format!("  - at: {}\n{}", quoted(local), zoned(zone)),
        Trigger::Event { id, with, filter } => {
            let mut out = format!("  - event: {id}\n");
            if !with.is_empty() {
                out += "    with:\n";
                with.iter().for_each(|(name, value)| out += &format!("      {name}: {}\n", scalar(value, 3)));
            }
            if let Some(filter) = filter {
                out += &format!("    filter: {}\n", expression(filter));
            }
            out
        }
        Trigger::Webhook => "  - webhook: {}\n".into(),
    }
}

/// An expression as it stands behind `if`, `filter` or `for_each`.
pub fn expression(expr: &str) -> String {
    let safe = !expr.contains(": ")
        && !expr.contains(" #")
        && expr.starts_with(|char: char| char.is_ascii_alphabetic());
    if safe { expr.to_owned() } else { quoted(expr) }
}

/// An input.
pub fn input(input: &Input) -> String {
    let default = input
        .default
        .as_ref()
        .map(|value| format!("    default: {}\n", scalar(value, 2)))
        .unwrap_or_default();
    format!(
        "  {}:\n    type: {}\n{default}    description: {}\n",
        input.name,
        ty(&input.ty.to_string()),
        scalar(&Val::Text(input.about.clone()), 2)
    )
}

fn ty(text: &str) -> String {
    let plain = text.chars().all(|char| char.is_ascii_alphanumeric());
    if plain { text.to_owned() } else { quoted(text) }
}

/// A step, so deep.
pub fn step(step: &Step, depth: usize) -> String {
    let pad = "  ".repeat(depth);
    let mut out = format!("{pad}{}:\n", step.name);
    let mut key = |name: &str, value: String| out += &format!("{pad}  {name}: {value}\n");
    if let Some(cond) = &step.cond {
        key("if", expression(cond));
    }
    if let Some(after) = &step.after {
        key("after", after.clone());
    }
    match &step.does {
        Does::Use { action, with } => {
            key("use", action.clone());
            if !with.is_empty() {
                out += &format!("{pad}  with:\n");
                with.iter().for_each(|(name, value)| {
                    out += &format!("{pad}    {name}: {}\n", scalar(value, depth + 2))
                });
            }
        }
        Does::Get { url, lenient } => {
            if *lenient {
                key("on_error", "continue".into());
            }
            out += &format!("{pad}  http:\n{pad}    url: {}\n", quoted(url));
        }
        Does::Ask { prompt, returns } => {
            key("ai", scalar(&Val::Text(prompt.clone()), depth + 1));
            if !returns.is_empty() {
                out += &format!("{pad}  returns:\n");
                returns.iter().for_each(|(name, ty)| out += &format!("{pad}    {name}: {ty}\n"));
            }
        }
        Does::Approve { message } => {
            out += &format!(
                "{pad}  approve:\n{pad}    message: {}\n{pad}    timeout: 1d\n",
                scalar(&Val::Text(message.clone()), depth + 2)
            );
        }
        Does::Wait { length } => key("wait", length.clone()),
        Does::Keep { list } => {
            out += &format!("{pad}  set:\n{pad}    list: {}\n", quoted(&format!("{{{{ {list} }}}}")))
        }
        Does::Each { list, item, steps, output } => {
            key("for_each", expression(list));
            key("as", item.clone());
            out += &format!("{pad}  steps:\n");
            steps.iter().for_each(|step| out += &self::step(step, depth + 2));
            if let Some(output) = output {
                out += &format!("{pad}  output: {}\n", quoted(&format!("{{{{ {output} }}}}")));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_yaml_reads_otherwise_stands_in_quotes() {
        for (text, written) in [
            ("hello", "hello"),
            ("no", "\"no\""),
            ("a: b", "\"a: b\""),
            ("#general", "\"#general\""),
            ("{{ steps.a }}", "\"{{ steps.a }}\""),
            ("12", "\"12\""),
        ] {
            assert_eq!(scalar(&Val::Text(text.into()), 1), written);
        }
    }
}
