//! Expectations that are written anew: what came takes the place of what was expected, and all else of the file stays, comments
//! among it.

use jiff::Timestamp;

use super::Wanted;
use crate::format::flow_text;
use crate::span::Span;
use crate::value::Value;
use crate::yaml::{Kind, Node};

/// A part of a text, and the value that takes its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Rewrite {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub value: Value,
}

impl Wanted {
    /// What has to be written anew so that this is what came: the smallest parts that differ. A mapping or a list that has other
    /// entries is written as a whole.
    pub fn rewrites(&self, got: &Value) -> Vec<Rewrite> {
        let mut found = vec![];
        collect(&self.node, got, &Keys::All, &mut found);
        found
    }

    /// The same where only the fields that stand here are compared.
    pub fn rewrites_of_part(&self, got: &Value) -> Vec<Rewrite> {
        let mut found = vec![];
        collect(&self.node, got, &Keys::Named, &mut found);
        found
    }
}

/// Which keys of a mapping count.
enum Keys {
    All,
    Named,
}

fn collect(node: &Node, got: &Value, keys: &Keys, found: &mut Vec<Rewrite>) {
    match (&node.kind, got) {
        (Kind::Map(entries), Value::Object(own)) => {
            let known = entries.iter().all(|entry| own.contains_key(entry.key.text.as_str()));
            let whole = match keys {
                Keys::All => own.len() == entries.len(),
                Keys::Named => true,
            };
            if known && whole {
                for entry in entries {
                    let own = own.get(entry.key.text.as_str()).cloned().unwrap_or_default();
                    collect(&entry.value, &own, keys, found);
                }
                return;
            }
        }
        (Kind::List(items), Value::List(own)) if items.len() == own.len() => {
            for (item, own) in items.iter().zip(own.iter()) {
                collect(item, own, keys, found);
            }
            return;
        }
        _ => {}
    }
    if !same(&node.value(), got) {
        found.push(Rewrite { span: node.span, value: got.clone() });
    }
}

/// True for what reads alike in JSON, and for one moment in two offsets.
fn same(wanted: &Value, got: &Value) -> bool {
    let (wanted, got) = (wanted.to_json(), got.to_json());
    let moment = |json: &serde_json::Value| json.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    wanted == got || moment(&wanted).is_some_and(|time| Some(time) == moment(&got))
}

/// A value on one line of YAML.
pub fn flow(value: &Value) -> String {
    flow_json(&value.to_json())
}

/// The same of JSON.
pub fn flow_json(json: &serde_json::Value) -> String {
    let mut out = String::new();
    write(json, &mut out);
    out
}

fn write(json: &serde_json::Value, out: &mut String) {
    use serde_json::Value as Json;
    match json {
        Json::String(text) => *out += &flow_text(text),
        Json::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                *out += if at > 0 { ", " } else { "" };
                write(item, out);
            }
            out.push(']');
        }
        Json::Object(entries) if entries.is_empty() => *out += "{}",
        Json::Object(entries) => {
            *out += "{ ";
            for (at, (key, value)) in entries.iter().enumerate() {
                *out += if at > 0 { ", " } else { "" };
                *out += &flow_text(key);
                *out += ": ";
                write(value, out);
            }
            *out += " }";
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => *out += &json.to_string(),
    }
}

/// The text with these parts written anew. Of two that overlap the outer one counts.
pub fn rewritten(text: &str, rewrites: &[Rewrite]) -> String {
    let mut sorted: Vec<&Rewrite> = rewrites.iter().collect();
    sorted.sort_by_key(|rewrite| (rewrite.span.range().start, std::cmp::Reverse(rewrite.span.range().end)));
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for Rewrite { span, value } in sorted {
        let range = span.range();
        let Some(between) = text.get(done..range.start) else { continue };
        let Some(before) = text.get(range.clone()) else { continue };
        out += between;
        without_opening(&mut out);
        // Behind a key without a value there is no blank yet.
        if before.is_empty() && out.ends_with(':') {
            out.push(' ');
        }
        out += &flow(value);
        // A text in lines of its own ends with the end of its last line.
        if before.ends_with('\n') {
            out.push('\n');
        }
        done = range.end;
    }
    out + text.get(done..).unwrap_or_default()
}

/// Takes off what opens a text in lines of its own, as `|-`: it stands in front of the place of such a text.
fn without_opening(out: &mut String) {
    let Some(line) = out.trim_end_matches(' ').strip_suffix('\n') else { return };
    let start = line.rfind('\n').map_or(0, |at| at + 1);
    let opens = |at: &usize| {
        let (before, sign) = line[start..].split_at(*at);
        let sign = sign[1..]
            .trim_start_matches(['+', '-', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
            .trim_start();
        before.ends_with(' ') && (sign.is_empty() || sign.starts_with('#'))
    };
    let sign = line[start..].match_indices(['|', '>']).map(|(at, _)| at).find(opens);
    if let Some(at) = sign {
        out.truncate(start + at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn anew(text: &str, got: &str) -> String {
        let root = yaml::read(text).0.unwrap();
        let wanted = Wanted { value: root.value(), node: root };
        rewritten(text, &wanted.rewrites(&crate::json::parse(got).unwrap()))
    }

    #[test]
    fn the_smallest_part_is_written_anew_and_comments_stay() {
        let text = "a: 1 # one\n# two\nb:\n  - x\n  - y: 2 # three\n";
        assert_eq!(
            anew(text, r#"{"a":1,"b":["x",{"y":3}]}"#),
            "a: 1 # one\n# two\nb:\n  - x\n  - y: 3 # three\n"
        );
        assert_eq!(
            anew(text, r#"{"a":"yes: no","b":["x"]}"#),
            "a: \"yes: no\" # one\n# two\nb:\n  [x] # three\n"
        );
        assert_eq!(anew(text, r#"{"a":1,"b":["x",{"y":2}]}"#), text);
    }

    #[test]
    fn a_text_in_lines_and_a_moment_in_another_offset() {
        assert_eq!(anew("a: |\n  one\n  two\nb: 1\n", r#"{"a":"three\n","b":1}"#), "a: \"three\\n\"\nb: 1\n");
        assert_eq!(anew("a: >- # why\n  one\n  two\nb: 1\n", r#"{"a":"three","b":1}"#), "a: three\nb: 1\n");
        let text = "at: 2026-01-05T09:00:00+01:00\nn: 1\n";
        assert_eq!(
            anew(text, r#"{"at":"2026-01-05T08:00:00Z","n":2}"#),
            "at: 2026-01-05T09:00:00+01:00\nn: 2\n"
        );
    }
}
