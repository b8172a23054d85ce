//! A workflow while it is made: values with places, and its text in YAML.

use std::ops::Range;

use serde_json::Value;

/// A value of YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree {
    /// A number, a boolean, null, or a duration: stands as it is.
    Bare(String),
    /// A text.
    Text(String),
    List(Vec<Tree>),
    Map(Vec<Entry>),
}

/// An entry of a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub key: String,
    pub value: Tree,
    /// Which part of the report it belongs to.
    pub part: Option<usize>,
}

impl Entry {
    pub fn new(key: impl Into<String>, value: Tree) -> Entry {
        Entry { key: key.into(), value, part: None }
    }

    pub fn text(key: impl Into<String>, value: impl Into<String>) -> Entry {
        Entry::new(key, Tree::Text(value.into()))
    }

    pub fn bare(key: impl Into<String>, value: impl ToString) -> Entry {
        Entry::new(key, Tree::Bare(value.to_string()))
    }

    pub fn map(key: impl Into<String>, entries: Vec<Entry>) -> Entry {
        Entry::new(key, Tree::Map(entries))
    }
}

impl Tree {
    pub fn text(text: impl Into<String>) -> Tree {
        Tree::Text(text.into())
    }

    /// A value of JSON as it is, its texts without holes.
    pub fn of(value: &Value) -> Tree {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Tree::Bare(value.to_string()),
            Value::String(text) => Tree::Text(crate::ours::plain(text)),
            Value::Array(items) => Tree::List(items.iter().map(Tree::of).collect()),
            Value::Object(entries) => {
                Tree::Map(entries.iter().map(|(key, value)| Entry::new(key, Tree::of(value))).collect())
            }
        }
    }

    /// True if any text in it has these letters, followed by no letter of a name.
    pub fn mentions(&self, words: &str) -> bool {
        match self {
            Tree::Bare(text) | Tree::Text(text) => mentions(text, words),
            Tree::List(items) => items.iter().any(|item| item.mentions(words)),
            Tree::Map(entries) => entries.iter().any(|entry| entry.value.mentions(words)),
        }
    }
}

/// True if a text has these letters, followed by no letter of a name.
pub fn mentions(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        let after = text[at + words.len()..].chars().next();
        after.is_none_or(|char| !(char.is_alphanumeric() || char == '_'))
    })
}

/// Where an entry that belongs to a part of the report stands in the text.
#[derive(Clone, Debug)]
pub struct Place {
    pub range: Range<usize>,
    /// Its number among all such entries, an outer one before those in it.
    pub number: usize,
}

/// The text of a mapping, and where each part of the report stands in it.
pub fn write(entries: &[Entry]) -> (String, Vec<Place>) {
    let mut writer = Writer { out: String::new(), places: vec![], count: 0 };
    writer.map(entries, 0);
    (writer.out, writer.places)
}

struct Writer {
    out: String,
    places: Vec<Place>,
    count: usize,
}

impl Writer {
    fn map(&mut self, entries: &[Entry], depth: usize) {
        for entry in entries {
            let (from, number) = (self.out.len(), self.count);
            self.count += usize::from(entry.part.is_some());
            self.out += &"  ".repeat(depth);
            self.key(&entry.key);
            self.value(&entry.value, depth + 1);
            if entry.part.is_some() {
                self.places.push(Place { range: from..self.out.len(), number });
            }
        }
    }

    fn key(&mut self, key: &str) {
        if crate::names::is_name(key)
            && !matches!(key, "true" | "false" | "null" | "yes" | "no" | "on" | "off")
        {
            self.out += key;
        } else {
            self.out += &json(key);
        }
        self.out.push(':');
    }

    fn value(&mut self, value: &Tree, depth: usize) {
        match value {
            Tree::Map(entries) if entries.is_empty() => self.out += " {}\n",
            Tree::List(items) if items.is_empty() => self.out += " []\n",
            Tree::Map(entries) => {
                self.out.push('\n');
                self.map(entries, depth);
            }
            Tree::List(items) => {
                self.out.push('\n');
                for item in items {
                    self.out += &"  ".repeat(depth);
                    self.out.push('-');
                    match item {
                        Tree::Map(entries) if !entries.is_empty() => {
                            self.out.push('\n');
                            self.map(entries, depth + 1);
                        }
                        other => self.value(other, depth + 1),
                    }
                }
            }
            Tree::Bare(text) => {
                self.out.push(' ');
                self.out += text;
                self.out.push('\n');
            }
            Tree::Text(text) if is_block(text) => self.block(text, depth),
            Tree::Text(text) => {
                self.out.push(' ');
                self.out += &json(text);
                self.out.push('\n');
            }
        }
    }

    fn block(&mut self, text: &str, depth: usize) {
        self.out += if text.ends_with('\n') { " |\n" } else { " |-\n" };
        for line in text.trim_end_matches('\n').split('\n') {
            if !line.is_empty() {
                self.out += &"  ".repeat(depth);
                self.out += line;
            }
            self.out.push('\n');
        }
    }
}

/// True if a text stands in lines of its own and comes back as it was.
fn is_block(text: &str) -> bool {
    let lines = text.strip_suffix('\n').unwrap_or(text);
    lines.contains('\n')
        && !lines.ends_with('\n')
        && !lines.starts_with([' ', '\n'])
        && lines.split('\n').all(|line| !line.ends_with(' '))
        && lines.chars().all(|char| {
            char == '\n' || !(char.is_control() || matches!(char, '\u{feff}' | '\u{2028}' | '\u{2029}'))
        })
}

/// A text in double quotes, with what YAML does not take as it is escaped.
fn json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let odd = |char: char| {
        matches!(char, '\u{7f}'..='\u{9f}' | '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}')
    };
    if !quoted.contains(odd) {
        return quoted;
    }
    quoted
        .chars()
        .map(|char| if odd(char) { format!("\\u{:04x}", char as u32) } else { char.to_string() })
        .collect()
}
