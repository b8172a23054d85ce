//! A manifest as text, laid out as those that people write: short mappings in braces, one key on a line where they are
//! long, and what a person must decide above the place where it stands.

use std::sync::OnceLock;

use regex::Regex;

use super::Decision;

/// The longest line in which a mapping stands in braces, in letters.
const WIDTH: usize = 120;

/// A value of YAML.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tree {
    /// A number, a boolean or null, as it is written.
    Bare(String),
    /// A text of several lines.
    Block(String),
    /// A list.
    List(Vec<Tree>),
    /// A mapping.
    Map(Vec<Entry>),
    /// A text.
    Text(String),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub key: String,
    pub value: Tree,
    /// What a person must decide about it.
    pub notes: Vec<String>,
    /// A line that says why, which no person must decide.
    pub why: Option<String>,
    /// Whether a blank line stands before it.
    pub apart: bool,
}

impl Entry {
    pub fn new(key: impl Into<String>, value: Tree) -> Entry {
        Entry { key: key.into(), value, notes: vec![], why: None, apart: false }
    }

    pub fn text(key: impl Into<String>, text: impl Into<String>) -> Entry {
        Entry::new(key, Tree::Text(text.into()))
    }

    /// With what a person must decide.
    pub fn noted(mut self, notes: impl IntoIterator<Item = String>) -> Entry {
        self.notes.extend(notes);
        self
    }

    /// With a blank line before it.
    pub fn apart(mut self) -> Entry {
        self.apart = true;
        self
    }
}

impl Tree {
    pub fn texts<'a>(texts: impl IntoIterator<Item = &'a String>) -> Tree {
        Tree::List(texts.into_iter().cloned().map(Tree::Text).collect())
    }

    fn is_noted(&self) -> bool {
        match self {
            Tree::Bare(_) | Tree::Text(_) => false,
            Tree::Block(_) => true,
            Tree::List(items) => items.iter().any(Tree::is_noted),
            Tree::Map(entries) => entries.iter().any(|entry| {
                !entry.notes.is_empty() || entry.why.is_some() || entry.apart || entry.value.is_noted()
            }),
        }
    }
}

/// What a person must decide, with the places in the manifest.
pub(super) fn decisions(tree: &Tree, place: &str, found: &mut Vec<Decision>) {
    match tree {
        Tree::Map(entries) => {
            for entry in entries {
                let place =
                    if place.is_empty() { entry.key.clone() } else { format!("{place}.{}", entry.key) };
                found.extend(
                    entry.notes.iter().map(|what| Decision { place: place.clone(), what: what.clone() }),
                );
                decisions(&entry.value, &place, found);
            }
        }
        Tree::List(items) => items.iter().for_each(|item| decisions(item, place, found)),
        Tree::Bare(_) | Tree::Block(_) | Tree::Text(_) => {}
    }
}

/// The text of a mapping.
pub(super) fn write(tree: &Tree) -> String {
    let mut out = String::new();
    if let Tree::Map(entries) = tree {
        block(entries, 0, &mut out);
    }
    out
}

fn block(entries: &[Entry], indent: usize, out: &mut String) {
    for entry in entries {
        if entry.apart && !out.is_empty() {
            out.push('\n');
        }
        if let Some(why) = &entry.why {
            comment(why, indent, out);
        }
        for note in &entry.notes {
            comment(&format!("decide: {note}"), indent, out);
        }
        let head = format!("{}{}:", " ".repeat(indent), key(&entry.key));
        value(&entry.value, &head, indent, out);
    }
}

fn value(tree: &Tree, head: &str, indent: usize, out: &mut String) {
    let line = if tree.is_noted() { None } else { Some(flow(tree, Spot::Block)) };
    let fits = line.as_ref().is_some_and(|line| head.chars().count() + 1 + line.chars().count() <= WIDTH);
    match (tree, line) {
        (_, Some(line)) if fits => *out += &format!("{head} {line}\n"),
        (Tree::Block(text), _) => {
            *out += &format!("{head} |-\n");
            for line in text.lines() {
                let pad = if line.is_empty() { 0 } else { indent + 2 };
                *out += &format!("{}{line}\n", " ".repeat(pad));
            }
        }
        // A type with its sentence is read as one line, however long the sentence is.
        (Tree::Map(entries), Some(line)) if is_type(entries) => *out += &format!("{head} {line}\n"),
        (Tree::Map(entries), _) if !entries.is_empty() => {
            *out += &format!("{head}\n");
            block(entries, indent + 2, out);
        }
        (Tree::List(items), _) if !items.is_empty() => {
            *out += &format!("{head}\n");
            for item in items {
                let mut text = String::new();
                match item {
                    Tree::Map(entries)
                        if item.is_noted() || flow(item, Spot::Block).chars().count() + indent > WIDTH =>
                    {
                        block(entries, indent + 4, &mut text);
                        let text = text.trim_start_matches(' ');
                        *out += &format!("{}- {text}", " ".repeat(indent + 2));
                    }
                    item => *out += &format!("{}- {}\n", " ".repeat(indent + 2), flow(item, Spot::Block)),
                }
            }
        }
        (_, Some(line)) => *out += &format!("{head} {line}\n"),
        (_, None) => *out += &format!("{head} {{}}\n"),
    }
}

/// True for a type in its long form, all of whose parts are short.
fn is_type(entries: &[Entry]) -> bool {
    let described = entries.iter().any(|entry| entry.key == "description");
    let short = |entry: &Entry| match &entry.value {
        Tree::Bare(_) | Tree::Text(_) => true,
        Tree::List(items) => items.len() <= 8,
        Tree::Block(_) | Tree::Map(_) => false,
    };
    described && entries.iter().all(short)
}

fn comment(text: &str, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    let mut line = format!("{pad}#");
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            *out += &format!("{line}\n");
            line = format!("{pad}#  ");
        }
        line.push(' ');
        line += word;
    }
    *out += &format!("{line}\n");
}

/// Where a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spot {
    Block,
    Flow,
}

fn flow(tree: &Tree, spot: Spot) -> String {
    match tree {
        Tree::Bare(text) => text.clone(),
        Tree::Text(text) | Tree::Block(text) => scalar(text, spot),
        Tree::List(items) => {
            let items: Vec<String> = items.iter().map(|item| flow(item, Spot::Flow)).collect();
            format!("[{}]", items.join(", "))
        }
        Tree::Map(entries) if entries.is_empty() => "{}".into(),
        Tree::Map(entries) => {
            let entries = entries
                .iter()
                .map(|entry| format!("{}: {}", key(&entry.key), flow(&entry.value, Spot::Flow)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

fn key(text: &str) -> String {
    static PLAIN: OnceLock<Regex> = OnceLock::new();
    let plain = PLAIN
        .get_or_init(|| Regex::new(r"^[A-Za-z_$][A-Za-z0-9_.$-]*$").expect("a pattern that is written here"));
    if plain.is_match(text) && !is_word(text) { text.to_owned() } else { quoted(text) }
}

/// True for what readers of YAML take for something else than a text.
fn is_word(text: &str) -> bool {
    ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"]
        .contains(&&*text.to_ascii_lowercase())
}

fn scalar(text: &str, spot: Spot) -> String {
    static BLOCK: OnceLock<Regex> = OnceLock::new();
    static FLOW: OnceLock<Regex> = OnceLock::new();
    let plain = match spot {
        Spot::Block => BLOCK.get_or_init(|| {
            Regex::new(r#"^[A-Za-z/_$][A-Za-z0-9 /_.,;!?+*='"`@$|<>&%()~-]*$"#)
                .expect("a pattern that is written here")
        }),
        Spot::Flow => FLOW.get_or_init(|| {
            Regex::new(r"^[A-Za-z/_$][A-Za-z0-9 /_.!+*='`@$()~-]*$").expect("a pattern that is written here")
        }),
    };
    let address = spot == Spot::Block
        && text.starts_with("https://")
        && !text.contains([' ', '#', '{', '}', '"', '\'']);
    let holes = spot == Spot::Block && text.starts_with(['/', 'h']) && text.contains("{{") && {
        let rest = text.replace("{{ ", "").replace(" }}", "");
        let rest = rest.strip_prefix("https:").unwrap_or(&rest).to_owned();
        rest.chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "/_.-()'@|,".contains(letter) || letter == ' ')
    };
    let begins_path = text.starts_with('/')
        && text.chars().all(|letter| letter.is_ascii_graphic() && !"{}[],#&*!|>'\"%@`:".contains(letter));
    if !text.ends_with(' ') && !is_word(text) && (plain.is_match(text) || address || holes || begins_path) {
        return text.to_owned();
    }
    quoted(text)
}

fn quoted(text: &str) -> String {
    let special = text.chars().any(|letter| letter.is_control() || !letter.is_ascii());
    let marks = text.chars().filter(|letter| matches!(letter, '"' | '\\')).count();
    if !special && marks > text.matches('\'').count() {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\n' => out += "\\n",
            '\r' => out += "\\r",
            '\t' => out += "\\t",
            letter
                if letter.is_control()
                    || matches!(
                        letter,
                        '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{a0}' | '\u{ad}'
                    ) =>
            {
                out += &format!("\\u{:04x}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_they_were_meant() {
        for text in [
            "plain",
            "a b, c",
            "yes",
            "no",
            "1",
            "1.5",
            "null",
            "~",
            "",
            " x",
            "x ",
            "a: b",
            "a #b",
            "#a",
            "- a",
            "[a",
            "{a",
            "'a'",
            "\"a\"",
            "a\\b",
            "a\nb",
            "/a/{{ input.b }}",
            "{{ input.a }}",
            "https://a.example/b?c=d&e=f",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a`",
            "“a”",
            "a\u{a0}b",
            "☃",
            "true",
            "on",
            "2022-11-28",
            "^[a-z]+$",
            "a}b",
            "a]b",
            "x, y",
            "?",
            "? a",
            ":",
            "a:",
            "---",
            "a{{b",
            "\u{7f}",
        ] {
            let tree = Tree::Map(vec![
                Entry::text("block", text),
                Entry::new(
                    "flow",
                    Tree::Map(vec![
                        Entry::text(text, text),
                        Entry::new("l", Tree::List(vec![Tree::Text(text.into())])),
                    ]),
                ),
            ]);
            let written = write(&tree);
            let read = dsl::yaml::read_value(&written).unwrap_or_else(|wrong| panic!("{written}\n{wrong:?}"));
            let json = serde_json::json!({ "block": text, "flow": { text: text, "l": [text] } });
            assert_eq!(read.to_json(), json, "{written}");
        }
    }

    #[test]
    fn what_must_be_decided_stands_above_its_place() {
        let tree = Tree::Map(vec![
            Entry::new("a", Tree::Map(vec![Entry::text("b", "c").noted(["what it is".to_owned()])])),
            Entry::new("d", Tree::Map(vec![Entry::text("e", "f")])).apart(),
        ]);
        assert_eq!(write(&tree), "a:\n  # decide: what it is\n  b: c\n\nd: { e: f }\n");
        let mut found = vec![];
        decisions(&tree, "", &mut found);
        assert_eq!(found, [Decision { place: "a.b".into(), what: "what it is".into() }]);
    }
}
