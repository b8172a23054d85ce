//! Reading a mapping: required and optional keys, unknown ones with "did you mean", and the small things that
//! stand behind keys. An unknown key with a near known one is read as that one, so that nothing cascades.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::ast::{Arg, ArgKind};
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, nearest};
use crate::duration;
use crate::expr::{self, Expr, Name, Read};
use crate::habits;
use crate::span::{Span, SpanMap, Spanned};
use crate::template::{self, Sink};
use crate::value::Value;
use crate::workflow;
use crate::yaml::{Entry, Kind, Node, Scalar, Style, traps};

/// What reading has in hand throughout a file.
#[derive(Debug)]
pub struct Reader<'t> {
    /// The whole text.
    pub text: &'t str,
    /// What was found wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// What could not be read.
    pub unread: Vec<Span>,
    /// How many steps were read.
    pub steps: usize,
    keys: Keys,
}

/// Whose keys an unknown one may have been meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keys {
    /// Those of workflows and tests.
    Workflow,
    /// Those of other data, which has words of its own.
    Data,
}

impl<'t> Reader<'t> {
    /// Begins with a text, and with what was found wrong with it before.
    pub fn new(text: &'t str, diagnostics: Vec<Diagnostic>) -> Reader<'t> {
        Reader { text, diagnostics, unread: vec![], steps: 0, keys: Keys::Workflow }
    }

    /// Begins with the text of data, to whose keys the hints for those of workflows do not belong.
    pub fn of_data(text: &'t str, diagnostics: Vec<Diagnostic>) -> Reader<'t> {
        Reader { keys: Keys::Data, ..Reader::new(text, diagnostics) }
    }
}

/// A mapping whose keys are known.
#[derive(Debug)]
pub struct Fields<'r, 't, 'n> {
    /// Where diagnostics go.
    pub reader: &'r mut Reader<'t>,
    /// What a missing key is reported at: the verb, or the key that holds the mapping.
    pub owner: Span,
    found: Vec<(&'static str, &'n Entry)>,
}

impl<'r, 't, 'n> Fields<'r, 't, 'n> {
    /// Opens a mapping; anything else is reported.
    pub fn open(
        reader: &'r mut Reader<'t>,
        node: &'n Node,
        owner: &Owner<'_>,
        known: &[&'static str],
    ) -> Option<Fields<'r, 't, 'n>> {
        match &node.kind {
            Kind::Map(entries) => Some(Fields::of(reader, entries, owner, known)),
            Kind::List(_) | Kind::Scalar(_) => {
                let message = format!("{} is a mapping, and here stands {}", owner.what, node.describe());
                let keys = known.iter().take(6).map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
                let wrong = Diagnostic::error(Code::WrongShape, node.span, message);
                reader.fail(wrong.help(format!("its keys are {keys}")), node.span);
                None
            }
        }
    }

    /// Takes the entries of a mapping, reporting those that are not known.
    pub fn of(
        reader: &'r mut Reader<'t>,
        entries: impl IntoIterator<Item = &'n Entry>,
        owner: &Owner<'_>,
        known: &[&'static str],
    ) -> Fields<'r, 't, 'n> {
        let entries: Vec<&'n Entry> = entries.into_iter().collect();
        let mut found: Vec<(&'static str, &'n Entry)> = vec![];
        for entry in &entries {
            if let Some(key) = known.iter().find(|key| **key == entry.key.text) {
                found.push((key, entry));
            }
        }
        for entry in entries {
            if known.contains(&&*entry.key.text) {
                continue;
            }
            let wrote = &entry.key.text;
            // Only where workflows and steps are read; other mappings have words of their own.
            let foreign = habits::foreign_key(wrote)
                .filter(|_| reader.keys == Keys::Workflow)
                .filter(|_| ["if", "triggers"].iter().any(|key| known.contains(key)));
            let misplaced = misplaced(wrote).filter(|_| reader.keys == Keys::Workflow);
            if let Some(foreign) = foreign {
                let free = |key: &str| known.contains(&key) && found.iter().all(|(taken, _)| *taken != key);
                let value = (entry.value.span, reader.text.get(entry.value.span.range()).unwrap_or(""));
                let wrong = foreign.diagnose(owner.what, entry.key.span(), value, free);
                reader.diagnostics.push(wrong);
                match foreign.read_as().and_then(|ours| known.iter().find(|key| **key == ours)) {
                    Some(key) if found.iter().all(|(taken, _)| taken != key) => found.push((key, entry)),
                    _ => reader.unread.push(entry.value.span),
                }
                continue;
            }
            let message = format!("{} has no key `{wrote}`", owner.what);
            let wrong = Diagnostic::error(Code::UnknownKey, entry.key.span(), message);
            let free = known.iter().copied().filter(|key| found.iter().all(|(taken, _)| taken != key));
            // A key that belongs elsewhere is not a misspelt one.
            match nearest(wrote, free).filter(|_| misplaced.is_none()) {
                Some(near) => {
                    let help = format!("did you mean `{near}`?");
                    let title = format!("write `{near}`");
                    reader.diagnostics.push(wrong.help(help).fix(title, entry.key.span(), near));
                    if let Some(key) = known.iter().find(|key| **key == near) {
                        found.push((key, entry));
                    }
                }
                None => {
                    let wrong = match misplaced {
                        Some(help) => wrong.help(help),
                        None => wrong.help(format!("known are {}", listed(known))),
                    };
                    reader.fail(wrong, entry.value.span);
                }
            }
        }
        Fields { reader, owner: owner.span, found }
    }

    /// The value of a key, if it is there.
    pub fn take(&self, key: &str) -> Option<&'n Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// A key with its value, if it is there.
    pub fn entry(&self, key: &str) -> Option<&'n Entry> {
        self.found.iter().find(|(name, _)| *name == key).map(|(_, entry)| *entry)
    }

    /// The value of a key that must be there.
    pub fn required(&mut self, key: &str, what: &str) -> Option<&'n Node> {
        let found = self.take(key);
        if found.is_none() {
            let message = format!("{what} needs `{key}`");
            self.reader.diagnostics.push(Diagnostic::error(Code::MissingKey, self.owner, message));
        }
        found
    }

    /// A duration, if the key is there.
    pub fn duration(&mut self, key: &str) -> Option<SignedDuration> {
        let node = self.take(key)?;
        self.reader.duration(node)
    }

    /// A whole number within a range, if the key is there.
    pub fn integer(&mut self, key: &str, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let node = self.take(key)?;
        self.reader.integer(node, key, range)
    }

    /// A number within a range, if the key is there.
    pub fn number(&mut self, key: &str, range: std::ops::RangeInclusive<f64>) -> Option<f64> {
        let node = self.take(key)?;
        self.reader.number(node, key, range)
    }

    /// True or false, if the key is there.
    pub fn boolean(&mut self, key: &str) -> Option<bool> {
        let node = self.take(key)?;
        Some(self.reader.choice(node, key, &["false", "true"])? == "true")
    }

    /// A text with holes, if the key is there.
    pub fn template(&mut self, key: &str) -> Option<Arg> {
        let node = self.take(key)?;
        self.reader.template(node, &format!("`{key}`"))
    }

    /// A mapping of names to values with holes; empty if the key is not there.
    pub fn values(&mut self, key: &str) -> Vec<(Spanned<String>, Arg)> {
        let Some(node) = self.take(key).filter(|node| !node.is_null()) else { return vec![] };
        match &node.kind {
            Kind::Map(entries) => self.reader.entries(entries),
            Kind::List(_) | Kind::Scalar(_) => {
                let message =
                    format!("`{key}` is a mapping of names to values, and here stands {}", node.describe());
                self.reader.fail(Diagnostic::error(Code::WrongShape, node.span, message), node.span);
                vec![]
            }
        }
    }

    /// A value with holes, if the key is there.
    pub fn arg(&mut self, key: &str) -> Option<Arg> {
        let node = self.take(key)?;
        Some(self.reader.arg(node, Sink::Text))
    }
}

/// Whose keys are read: for messages.
#[derive(Clone, Debug)]
pub struct Owner<'a> {
    /// As in "`retry` has no key …".
    pub what: &'a str,
    /// Where a missing key is reported.
    pub span: Span,
}

/// Says where a key belongs that stands in the wrong place.
fn misplaced(key: &str) -> Option<&'static str> {
    match key {
        "catch" | "finally" => Some("`catch` and `finally` stand beside `try`"),
        "cases" | "default" => Some("`cases` and `default` stand beside `switch`"),
        "as" | "parallel" => Some("`as` and `parallel` stand beside `for_each`"),
        "until" | "every" => Some("`until` and `every` stand beside `repeat`"),
        "with" => Some("`with` stands beside `use` and `call`"),
        "required" => Some("what has no default is required; what may be missing has `optional: true`"),
        "returns" | "quality" | "strategy" | "model" | "tools" | "max_cost" | "patience" | "check"
        | "confirm" | "system" | "images" => Some("this stands beside `ai`"),
        "who" | "message" | "on_timeout" => Some("this stands inside of `approve`"),
        "catch_up" | "jitter" | "overlap" => Some("this stands beside `cron` or `every`"),
        "timezone" => Some("`timezone` stands beside `cron`, `every` or `at`"),
        "filter" => Some("`filter` stands beside `event`"),
        _ => None,
    }
}

/// A word with its article.
pub fn a(word: &str) -> String {
    let article = if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {word}")
}

/// Names in backticks.
pub fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl Reader<'_> {
    /// Reports, and remembers what stays unread.
    pub fn fail(&mut self, wrong: Diagnostic, unread: Span) {
        self.diagnostics.push(wrong);
        self.unread.push(unread);
    }

    /// A text; numbers and booleans count as what was written.
    pub fn text(&mut self, node: &Node, what: &str) -> Option<Spanned<String>> {
        match node.scalar() {
            Some(scalar) if !node.is_null() => Some(Spanned::new(scalar.text.clone(), node.span)),
            _ => {
                let message = format!("{what} is a text, and here stands {}", node.describe());
                self.fail(Diagnostic::error(Code::WrongShape, node.span, message), node.span);
                None
            }
        }
    }

    /// A text or a list of texts.
    pub fn texts(&mut self, node: &Node, what: &str) -> Vec<Spanned<String>> {
        match &node.kind {
            Kind::List(items) => items.iter().filter_map(|item| self.text(item, what)).collect(),
            Kind::Scalar(_) | Kind::Map(_) => self.text(node, what).into_iter().collect(),
        }
    }

    /// A fixed duration that is not negative.
    pub fn duration(&mut self, node: &Node) -> Option<SignedDuration> {
        let wrote = node.scalar().map_or("", |scalar| scalar.text.trim());
        let found = duration::parse(wrote).filter(|length| !length.is_negative());
        if found.is_none() {
            self.fail(invalid_duration(node), node.span);
        }
        found
    }

    /// A whole number within a range.
    pub fn integer(&mut self, node: &Node, what: &str, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let (least, most) = (range.start(), range.end());
        match node.scalar().map(Scalar::literal) {
            Some(Value::Int(number)) if range.contains(&number) => Some(number),
            Some(Value::Int(number)) => {
                let wanted = match most {
                    &i64::MAX => format!("at least {least}"),
                    most => format!("between {least} and {most}"),
                };
                let message = format!("`{what}` is {wanted}, and here stands {number}");
                self.diagnostics.push(Diagnostic::error(Code::OutOfRange, node.span, message));
                None
            }
            _ => {
                let message = format!("`{what}` is a whole number, and here stands {}", self.shown(node));
                let wrong = Diagnostic::error(Code::WrongType, node.span, message);
                let wrote = node.scalar().map_or("", |scalar| &*scalar.text);
                let wrong = match wrote.strip_suffix(',').filter(|rest| rest.parse::<i64>().is_ok()) {
                    Some(rest) => wrong.help("a line of YAML has no comma at its end").fix(
                        "leave the comma out",
                        node.span,
                        rest,
                    ),
                    None => wrong,
                };
                self.fail(wrong, node.span);
                None
            }
        }
    }

    /// A number within a range.
    pub fn number(&mut self, node: &Node, what: &str, range: std::ops::RangeInclusive<f64>) -> Option<f64> {
        let number = match node.scalar().map(Scalar::literal) {
            Some(Value::Int(number)) => Some(number as f64),
            Some(Value::Number(number)) => Some(number),
            _ => None,
        };
        let fits = number.filter(|number| range.contains(number));
        if fits.is_none() {
            let wanted = match *range.end() {
                f64::MAX => format!("of at least {}", range.start()),
                most => format!("between {} and {most}", range.start()),
            };
            let message = format!("`{what}` is a number {wanted}, and here stands {}", self.shown(node));
            let code = if number.is_some() { Code::OutOfRange } else { Code::WrongType };
            self.diagnostics.push(Diagnostic::error(code, node.span, message));
        }
        fits
    }

    /// A text with holes.
    pub fn template(&mut self, node: &Node, what: &str) -> Option<Arg> {
        let text = self.text(node, what)?;
        let arg = self.arg(node, Sink::Text);
        match &arg.kind {
            ArgKind::Value(_) => Some(Arg::value(text.value, node.span)),
            ArgKind::Expr(_) | ArgKind::Text(_) => Some(arg),
            ArgKind::List(_) | ArgKind::Object(_) | ArgKind::Wrong => None,
        }
    }

    /// True if an expression sees nothing but these names; `who` is asked, for the message.
    pub fn sees_only(&mut self, expr: &Expr, who: &str, names: &[&str]) -> bool {
        self.only((expr.reads(), expr.names()), who, names)
    }

    /// As `sees_only`, for a value with holes.
    pub fn holes_see_only(&mut self, arg: &workflow::Arg, who: &str, names: &[&str]) -> bool {
        self.only((arg.reads(), arg.names()), who, names)
    }

    fn only(&mut self, (reads, named): (Vec<Read>, Vec<Name>), who: &str, names: &[&str]) -> bool {
        let steps = reads.into_iter().map(|read| (read.step, read.span));
        let others = named.into_iter().filter(|(name, ..)| !names.contains(&&**name));
        let others: Vec<(Arc<str>, Span)> = steps.chain(others.map(|(name, span, _)| (name, span))).collect();
        for (name, span) in &others {
            let message = format!("{who} sees {} alone, not `{name}`", listed(names));
            self.diagnostics.push(Diagnostic::error(Code::UnknownName, *span, message));
        }
        others.is_empty()
    }

    /// One of several words.
    pub fn choice(&mut self, node: &Node, what: &str, choices: &[&'static str]) -> Option<&'static str> {
        let wrote = node.scalar().map_or("", |scalar| &*scalar.text);
        if let Some(choice) = choices.iter().find(|choice| **choice == wrote) {
            return Some(choice);
        }
        let message = format!("`{what}` is one of {}, and here stands {}", listed(choices), self.shown(node));
        let wrong = Diagnostic::error(Code::InvalidChoice, node.span, message);
        let wrong = match nearest(wrote, choices.iter().copied()) {
            Some(near) => {
                wrong.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), node.span, near)
            }
            None => match habits::choice(wrote).filter(|ours| choices.contains(ours)) {
                Some(ours) => {
                    wrong.help(format!("write `{ours}`")).fix(format!("write `{ours}`"), node.span, ours)
                }
                None => wrong,
            },
        };
        self.fail(wrong, node.span);
        None
    }

    /// What stands there, for a message: the text itself where it is short.
    pub fn shown(&self, node: &Node) -> String {
        match node.scalar() {
            Some(scalar) if !node.is_null() && scalar.text.len() <= 40 && !scalar.text.contains('\n') => {
                format!("`{}`", scalar.text)
            }
            _ => node.describe().into(),
        }
    }

    /// A bare expression; one `{{ }}` around it is taken too.
    pub fn expr(&mut self, node: &Node, key: &str) -> Option<Expr> {
        let Some(scalar) = node.scalar() else {
            let message = format!("`{key}` is an expression, and here stands {}", node.describe());
            self.fail(Diagnostic::error(Code::WrongShape, node.span, message), node.span);
            return None;
        };
        if scalar.text.trim().is_empty() {
            let message = format!("`{key}` is an expression, and here stands nothing");
            let wrong = match scalar.style {
                Style::Block => self.block_of_text(node),
                Style::Plain | Style::Quoted => Diagnostic::error(Code::WrongShape, node.span, message),
            };
            self.fail(wrong, node.span);
            return None;
        }
        let parsed = if scalar.text.trim_start().starts_with("{{") {
            match template::parse(scalar.text.trim_end(), &scalar.map, Sink::Text) {
                Ok(workflow::Arg::Expr(expr)) => Ok(expr),
                Ok(_) => {
                    let message = format!("`{key}` is one expression, and this is a text with holes");
                    let wrong = Diagnostic::error(Code::WrongShape, node.span, message);
                    Err(vec![wrong.help("leave the braces out: a bare field is an expression as it stands")])
                }
                Err(wrong) => Err(wrong),
            }
        } else {
            expr::parse(&scalar.text, &scalar.map)
        };
        self.parsed(parsed, node.span)
    }

    /// `if: > 3`, which begins a block of text: the node stands at its key, the sign behind it.
    fn block_of_text(&self, node: &Node) -> Diagnostic {
        let from = node.span.range().start;
        let line = self.text.get(from..).and_then(|rest| rest.lines().next()).unwrap_or("");
        let at = line.find(['>', '|']).unwrap_or(0);
        let sign = line[at..].chars().next().unwrap_or('>');
        traps::block_of_text(sign, Span::new(from + at, from + line.trim_end().len()))
    }

    /// A bare expression, or a YAML list or mapping with holes.
    pub fn head(&mut self, node: &Node, key: &str) -> Option<Arg> {
        match &node.kind {
            Kind::Scalar(_) => {
                let expr = self.expr(node, key)?;
                Some(Arg { span: node.span, kind: ArgKind::Expr(expr) })
            }
            Kind::List(_) | Kind::Map(_) => Some(self.arg(node, Sink::Text)),
        }
    }

    /// A value with holes.
    pub fn arg(&mut self, node: &Node, sink: Sink) -> Arg {
        let kind = match &node.kind {
            Kind::List(items) => ArgKind::List(items.iter().map(|item| self.arg(item, sink)).collect()),
            Kind::Map(entries) => ArgKind::Object(self.entries(entries)),
            Kind::Scalar(scalar) => match scalar.constant() {
                Some(constant) => ArgKind::Value(constant),
                None => self.hole_text(scalar, node.span, sink),
            },
        };
        Arg { span: node.span, kind }
    }

    /// The entries of a mapping as values with holes.
    pub fn entries(&mut self, entries: &[Entry]) -> Vec<(Spanned<String>, Arg)> {
        let read = |entry: &Entry| {
            let key = Spanned::new(entry.key.text.clone(), entry.key.span());
            (key, self.arg(&entry.value, Sink::Text))
        };
        entries.iter().map(read).collect()
    }

    fn hole_text(&mut self, scalar: &Scalar, span: Span, sink: Sink) -> ArgKind {
        if !scalar.text.contains("{{") {
            self.diagnostics.extend(habits::marks(&scalar.text, &scalar.map));
            return ArgKind::Value(Value::text(&*scalar.text));
        }
        let parsed = template::parse(&scalar.text, &scalar.map, sink);
        if parsed.is_ok() {
            self.diagnostics.extend(habits::marks(&scalar.text, &scalar.map));
        }
        match self.parsed(parsed, span) {
            Some(workflow::Arg::Value(value)) => ArgKind::Value(value),
            Some(workflow::Arg::Expr(expr)) => ArgKind::Expr(expr),
            Some(workflow::Arg::Text(template)) => ArgKind::Text(template),
            Some(workflow::Arg::List(_) | workflow::Arg::Object(_)) | None => ArgKind::Wrong,
        }
    }

    /// Keeps what was parsed, or reports why it was not.
    pub fn parsed<T>(&mut self, parsed: Result<T, Vec<Diagnostic>>, span: Span) -> Option<T> {
        match parsed {
            Ok(parsed) => Some(parsed),
            Err(wrong) => {
                self.diagnostics.extend(wrong);
                self.unread.push(span);
                None
            }
        }
    }

    /// Parses a text that is not from the file but stands for a part of it.
    pub fn made(&mut self, text: &str, map: &SpanMap) -> Option<Expr> {
        let parsed = expr::parse(text, map);
        self.parsed(parsed, map.whole)
    }
}

/// Says what durations look like.
pub fn invalid_duration(node: &Node) -> Diagnostic {
    let wrote = node.scalar().map_or("", |scalar| &*scalar.text);
    let message = match node.scalar() {
        Some(_) if !wrote.is_empty() => format!("`{wrote}` is not a duration"),
        _ => format!("a duration is wanted, and here stands {}", node.describe()),
    };
    let wrong = Diagnostic::error(Code::InvalidDuration, node.span, message);
    match wrote.trim().parse::<u32>() {
        Ok(number) => wrong.help(format!("say the unit: `{number}s` or `{number}m`")),
        Err(_) => wrong.help("write it as `500ms`, `10s`, `5m`, `1h30m`, `2d` or `1w`"),
    }
}

/// True for a name of steps, inputs and loop variables.
pub fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && chars.all(|char| char.is_alphanumeric() || char == '_' || is_mark(char))
}

/// Combining marks, which some scripts need within words.
fn is_mark(char: char) -> bool {
    unicode_normalization::char::is_combining_mark(char)
}

/// Reads the name of a workflow, reporting what cannot be one.
pub fn workflow_name(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<Spanned<String>> {
    let name = reader.text(node, what)?;
    if !is_workflow_name(&name.value) {
        let mended: String = name
            .value
            .to_lowercase()
            .chars()
            .map(|char| if of_workflow(char) { char } else { '-' })
            .collect();
        let mended = mended.trim_matches('-').to_owned();
        let message = format!("`{}` cannot be the name of a workflow", name.value);
        let wrong = Diagnostic::error(Code::InvalidName, name.span, message)
            .help("workflow names are made of `a` to `z`, digits and `-`");
        let wrong =
            if mended.is_empty() { wrong } else { wrong.fix(format!("write `{mended}`"), name.span, mended) };
        reader.diagnostics.push(wrong);
    }
    Some(name)
}

/// True for the name of a workflow.
pub fn is_workflow_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(of_workflow)
}

fn of_workflow(char: char) -> bool {
    char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-'
}

/// Reads a name in NFC, reporting what cannot be one. A wrong name is kept, so that nothing else is reported.
pub fn name(reader: &mut Reader<'_>, key: &Scalar, what: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let name: String = key.text.nfc().collect();
    if !is_name(&name) {
        let message = format!("`{name}` cannot be the name of {what}");
        let wrong = Diagnostic::error(Code::InvalidName, key.span(), message);
        let mended: String = name
            .chars()
            .map(|char| if char.is_alphanumeric() || is_mark(char) { char } else { '_' })
            .collect();
        let wrong = if name.contains('-') {
            wrong.help(format!("`-` would be a subtraction in `steps.{name}`; write `{mended}`"))
        } else {
            wrong.help("names consist of letters, digits and `_`, and begin with no digit")
        };
        let wrong =
            if is_name(&mended) { wrong.fix(format!("write `{mended}`"), key.span(), mended) } else { wrong };
        reader.diagnostics.push(wrong);
    }
    name
}
