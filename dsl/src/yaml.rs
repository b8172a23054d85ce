//! Text to a tree of nodes: a byte span on every key and value, a map of bytes for every scalar.
//!
//! The only file that knows the YAML parser. What YAML reads otherwise than an author of expressions expects
//! (a bare `{{ x }}`, `!ready`, a cut at ` #`) gets words of its own here; see `yaml/traps.rs`.

mod map;
mod traps;

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, Placement, ScalarStyle, StructureStyle};

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::span::{Span, SpanMap};
use crate::value::Value;

/// The longest text that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// The deepest nesting of mappings and lists.
pub const MAX_DEPTH: usize = 64;
/// How many nodes aliases may add.
pub const MAX_ALIASED: usize = 10_000;

/// A value as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A text, number, boolean or nothing.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// A mapping in the order of the file.
    Map(Vec<Entry>),
}

/// A scalar with its style.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    /// The text, escapes and folding undone.
    pub text: String,
    /// How it was written.
    pub style: Style,
    /// Where the bytes of the text stand.
    pub map: SpanMap,
}

/// How a scalar was written. Only plain ones are more than text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// After `|` or `>`.
    Block,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Scalar,
    /// The value.
    pub value: Node,
}

impl Scalar {
    /// What it is by the core schema of YAML 1.2, where `yes` is a text.
    pub fn literal(&self) -> Value {
        if self.style != Style::Plain {
            return Value::text(&*self.text);
        }
        match &*self.text {
            "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
            "true" | "True" | "TRUE" => return Value::Bool(true),
            "false" | "False" | "FALSE" => return Value::Bool(false),
            _ => {}
        }
        number(&self.text).unwrap_or_else(|| Value::text(&*self.text))
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        self.map.whole
    }
}

/// Reads a number of the core schema; integers beyond 64 bits and infinities stay text.
fn number(text: &str) -> Option<Value> {
    let radix = |digits: &str, radix| i64::from_str_radix(digits, radix).ok().map(Value::Int);
    if let Some(digits) = text.strip_prefix("0x").filter(|rest| !rest.starts_with(['+', '-'])) {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o").filter(|rest| !rest.starts_with(['+', '-'])) {
        return radix(digits, 8);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Value::Int);
    }
    let shaped = unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && unsigned.contains(|char: char| char.is_ascii_digit())
        && unsigned
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    text.parse::<f64>().ok().filter(|number| shaped && number.is_finite()).map(Value::Number)
}

impl Node {
    /// The scalar, if this is one.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(scalar),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// True for nothing at all: an empty value, `~`, `null`.
    pub fn is_null(&self) -> bool {
        self.scalar().is_some_and(|scalar| scalar.literal().is_null())
    }

    /// What an author calls it, for messages.
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
            Kind::Scalar(scalar) => match scalar.literal() {
                Value::Null => "nothing",
                Value::Bool(_) => "a boolean",
                Value::Int(_) => "an integer",
                Value::Number(_) => "a number",
                _ => "a text",
            },
        }
    }

    /// The value of a key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let Kind::Map(entries) = &self.kind else { return None };
        entries.iter().find(|entry| entry.key.text == key).map(|entry| &entry.value)
    }

    fn count(&self) -> usize {
        1 + match &self.kind {
            Kind::Scalar(_) => 0,
            Kind::List(items) => items.iter().map(Node::count).sum(),
            Kind::Map(entries) => entries.iter().map(|entry| 1 + entry.value.count()).sum(),
        }
    }

    fn depth(&self) -> usize {
        match &self.kind {
            Kind::Scalar(_) => 0,
            Kind::List(items) => 1 + items.iter().map(Node::depth).max().unwrap_or(0),
            Kind::Map(entries) => 1 + entries.iter().map(|entry| entry.value.depth()).max().unwrap_or(0),
        }
    }
}

/// Reads a text. Without a node the diagnostics say why; with one they say what was mended.
pub fn read(text: &str) -> (Option<Node>, Vec<Diagnostic>) {
    if text.len() > MAX_BYTES {
        let message = format!("the file has {} bytes; a workflow has at most {MAX_BYTES}", text.len());
        return (None, vec![Diagnostic::error(Code::TooLarge, Span::new(0, 0), message)]);
    }
    if let Some((at, char)) = text.char_indices().find(|(_, char)| unprintable(*char)) {
        let message = format!("the file contains the control character U+{:04X}", u32::from(char));
        let wrong = Diagnostic::error(Code::NotText, Span::new(at, at + char.len_utf8()), message);
        return (None, vec![wrong.help("a workflow is a text file in UTF-8; is this the right file?")]);
    }
    let mut builder = Builder { text, ..Builder::default() };
    let root = builder.run();
    let root = match root {
        Ok(root) => root,
        Err(wrong) => {
            builder.stopped(*wrong);
            None
        }
    };
    if builder.diagnostics.is_empty() && root.as_ref().is_none_or(Node::is_null) {
        let wrong = Diagnostic::error(Code::Empty, Span::new(0, 0), "there is no workflow in the file");
        return (None, vec![wrong.help("a workflow begins with `name:` and has `steps:`")]);
    }
    let root = root.filter(|root| match &root.kind {
        Kind::Map(_) => true,
        Kind::Scalar(_) | Kind::List(_) => {
            let message = format!("a workflow is a mapping, and here stands {}", root.describe());
            let wrong = Diagnostic::error(Code::NotAMapping, root.span, message);
            builder.diagnostics.push(wrong.help("a workflow begins with `name:` and has `steps:`"));
            false
        }
    });
    (root, builder.diagnostics)
}

fn unprintable(char: char) -> bool {
    (char.is_control() && !matches!(char, '\t' | '\n' | '\r' | '\u{85}'))
        || matches!(char, '\u{FFFE}' | '\u{FFFF}')
}

/// A list or mapping that is being read.
struct Open {
    start: usize,
    flow: bool,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<Node>, holes: bool },
}

#[derive(Default)]
struct Builder<'a> {
    text: &'a str,
    open: Vec<Open>,
    /// Finished nodes by the number of their anchor.
    anchors: BTreeMap<usize, Node>,
    aliased: usize,
    root: Option<Node>,
    diagnostics: Vec<Diagnostic>,
}

/// Boxed, since it is rare and large.
type Stop = Box<Diagnostic>;

impl Builder<'_> {
    fn run(&mut self) -> Result<Option<Node>, Stop> {
        let options = granit_parser::options! { max_buffered_comment_events: MAX_BYTES };
        let mut documents = 0;
        for next in Parser::new_from_str_with_options(self.text, options) {
            let (event, place) = next.map_err(|wrong| {
                let at = wrong.marker().byte_offset().unwrap_or(0).min(self.text.len());
                Box::new(traps::syntax(self.text, at, wrong.kind()))
            })?;
            let range = place.byte_range().unwrap_or(0..0);
            let span = Span::new(range.start, range.end);
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        let message = "a second document begins here; a file holds one workflow";
                        let wrong = Diagnostic::error(Code::Documents, span, message);
                        return Err(Box::new(wrong.help("put it in a file of its own")));
                    }
                }
                Event::Scalar(value, style, anchor, tag) => {
                    let node = match tag {
                        None => self.scalar(&value, style, span),
                        Some(_) => {
                            let tag = self.tag(place.tag_span().and_then(|tag| tag.byte_range()), span);
                            if span.range().is_empty() {
                                self.tagged(tag)
                            } else {
                                self.scalar(&value, style, span)
                            }
                        }
                    };
                    self.finish(node, anchor)?;
                }
                Event::SequenceStart(style, anchor, tag) => {
                    if tag.is_some() {
                        self.tag(place.tag_span().and_then(|tag| tag.byte_range()), span);
                    }
                    self.begin(span, style, anchor, Content::List(vec![]))?;
                }
                Event::MappingStart(style, anchor, tag) => {
                    if tag.is_some() {
                        self.tag(place.tag_span().and_then(|tag| tag.byte_range()), span);
                    }
                    self.begin(
                        span,
                        style,
                        anchor,
                        Content::Map { entries: vec![], key: None, holes: false },
                    )?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.end(span)?,
                Event::Alias(id) => self.alias(id, span)?,
                Event::Comment(comment, Placement::Right)
                    if !comment.starts_with([' ', '\t', '#', '!', '-', '=']) =>
                {
                    self.comment(&comment, span);
                }
                _ => {}
            }
        }
        Ok(self.root.take())
    }

    /// A comment right behind a value, without a blank after its `#`: often the value was meant to go on.
    fn comment(&mut self, comment: &str, span: Span) {
        let before = self.text.get(..span.range().start).unwrap_or("");
        let Some(Open { content: Content::Map { entries, key: None, .. }, .. }) = self.open.last_mut() else {
            return;
        };
        let Some(last) = entries.last_mut() else { return };
        if before[last.key.span().range().end.min(before.len())..].contains('\n') {
            return;
        }
        if last.value.is_null() && last.value.span == last.key.span() {
            self.diagnostics.push(traps::instead(comment, span));
            // Read as the text that was meant.
            let map = SpanMap::plain(span.range().start, comment.len() + 1);
            let text = format!("#{comment}");
            last.value = Node { span, kind: Kind::Scalar(Scalar { text, style: Style::Quoted, map }) };
        } else if last.value.scalar().is_some_and(|scalar| scalar.style == Style::Plain) {
            self.diagnostics.push(traps::cut(self.text, last.value.span, span));
        }
    }

    /// Reports why reading stopped. Where it stopped within a hole that has no quotes, that is the reason.
    fn stopped(&mut self, wrong: Diagnostic) {
        let hole = self
            .open
            .iter()
            .find(|open| open.flow && self.text.get(open.start..).is_some_and(|rest| rest.starts_with("{{")));
        let wrong = match hole {
            Some(open) => {
                let line = self.text[open.start..].split('\n').next().unwrap_or("").trim_end();
                let source = line.rfind("}}").map_or(line, |end| &line[..end + 2]);
                traps::bare_hole(source, Span::new(open.start, open.start + source.len()))
            }
            None => match self.open.iter().rev().find(|open| open.flow) {
                Some(open)
                    if self
                        .text
                        .get(open.start..wrong.span.range().start)
                        .is_some_and(|between| between.contains('\n')) =>
                {
                    wrong.label(Span::new(open.start, open.start + 1), "this bracket is still open")
                }
                _ => wrong,
            },
        };
        self.diagnostics.retain(|known| known.code != Code::BareHole || known.span.start != wrong.span.start);
        self.diagnostics.push(wrong);
    }

    fn tag(&mut self, tag: Option<std::ops::Range<usize>>, node: Span) -> Span {
        let span = tag.map_or(node, |range| Span::new(range.start, range.end));
        self.diagnostics.push(traps::tag(self.text, span));
        span
    }

    /// `!ready` alone came as a tag of nothing: read as the text that was meant.
    fn tagged(&self, span: Span) -> Node {
        let source = self.text.get(span.range()).unwrap_or("");
        let (text, map) = match source.strip_prefix('!').filter(|_| traps::in_condition(self.text, span)) {
            Some(name) => (
                format!("not {name}"),
                SpanMap { points: vec![(0, span.start), (4, span.start + 1)], whole: span },
            ),
            None => (source.to_owned(), SpanMap::plain(span.range().start, source.len())),
        };
        Node { span, kind: Kind::Scalar(Scalar { text, style: Style::Quoted, map }) }
    }

    fn scalar(&mut self, value: &str, style: ScalarStyle, span: Span) -> Node {
        let source = self.text.get(span.range()).unwrap_or("");
        let kind = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        // The parser writes `~` for a value that is not there.
        let value = if kind == Style::Plain && source.is_empty() { "" } else { value };
        let map = map::build(self.text, value, style, span);
        Node { span, kind: Kind::Scalar(Scalar { text: value.into(), style: kind, map }) }
    }

    fn begin(
        &mut self,
        span: Span,
        style: StructureStyle,
        anchor: usize,
        content: Content,
    ) -> Result<(), Stop> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Box::new(too_deep(span)));
        }
        let flow = style == StructureStyle::Flow;
        self.open.push(Open { start: span.range().start, flow, anchor, content });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<(), Stop> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let node = match open.content {
            Content::List(items) => {
                let end = items.last().map_or(open.start, |last| last.span.range().end);
                let end = if open.flow { span.range().end } else { end };
                Node { span: Span::new(open.start, end), kind: Kind::List(items) }
            }
            Content::Map { holes: true, .. } => self.hole(Span::new(open.start, span.range().end)),
            Content::Map { entries, .. } => {
                let end = entries.last().map_or(open.start, |last| last.value.span.range().end);
                let end = if open.flow { span.range().end } else { end };
                let entries = self.merge(entries);
                Node { span: Span::new(open.start, end), kind: Kind::Map(entries) }
            }
        };
        self.finish(node, open.anchor)
    }

    /// `{{ x }}` without quotes came as a mapping in a mapping: reported, and read as the text that was meant.
    fn hole(&mut self, span: Span) -> Node {
        let source = self.text.get(span.range()).unwrap_or("");
        self.diagnostics.push(traps::bare_hole(source, span));
        let map = SpanMap::plain(span.range().start, source.len());
        Node { span, kind: Kind::Scalar(Scalar { text: source.into(), style: Style::Quoted, map }) }
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<(), Stop> {
        let Some(node) = self.anchors.get(&id) else {
            let name = self.text.get(span.range()).unwrap_or("*");
            let message = format!("`{name}` stands within what it names");
            return Err(Box::new(Diagnostic::error(Code::Alias, span, message)));
        };
        self.aliased += node.count();
        if self.aliased > MAX_ALIASED {
            let message = format!("aliases add more than {MAX_ALIASED} nodes");
            return Err(Box::new(Diagnostic::error(Code::AliasBudget, span, message)));
        }
        if node.depth() + self.open.len() > MAX_DEPTH {
            return Err(Box::new(too_deep(span)));
        }
        let node = node.clone();
        self.finish(node, 0)
    }

    /// Puts a finished node where it belongs.
    fn finish(&mut self, node: Node, anchor: usize) -> Result<(), Stop> {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open { content: Content::List(items), .. }) => items.push(node),
            Some(Open { start, flow, content: Content::Map { entries, key, holes }, .. }) => match key.take()
            {
                None => {
                    let double = self.text.get(*start..*start + 2) == Some("{{");
                    let braced = matches!(node.kind, Kind::Map(_)) && node.span.range().start == *start + 1;
                    let nested =
                        matches!(&node.kind, Kind::Scalar(_)) && node.span.range().start == *start + 1;
                    // `{{{ x }}}` came as a hole within braces.
                    *holes |= *flow && double && (braced || nested);
                    *key = Some(node);
                }
                Some(wrote) => {
                    let mut value = node;
                    let Kind::Scalar(key) = wrote.kind else {
                        if !*holes {
                            let message = "a key must be a text, and here stands a list or a mapping";
                            self.diagnostics.push(Diagnostic::error(Code::ComplexKey, wrote.span, message));
                        }
                        return Ok(());
                    };
                    // A value that is not there stands where its key does.
                    if value
                        .scalar()
                        .is_some_and(|scalar| value.span.range().is_empty() && scalar.text.is_empty())
                    {
                        value.span = key.span();
                    }
                    entries.push(Entry { key, value });
                }
            },
        }
        Ok(())
    }

    /// Copies what `<<` names, and reports keys that stand twice; the first of two is kept.
    fn merge(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        let mut own: BTreeMap<(String, bool), Span> = BTreeMap::new();
        let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
        let mut merged: Vec<Entry> = vec![];
        for entry in entries {
            if entry.key.text == "<<" && entry.key.style == Style::Plain {
                self.copied(entry.value, &mut merged);
                continue;
            }
            // `1` and `"1"` are two keys.
            let key = (entry.key.text.clone(), matches!(entry.key.literal(), Value::Text(_)));
            if let Some(first) = own.get(&key) {
                let message = format!("the key `{}` stands twice", shortened(&entry.key.text));
                let wrong = Diagnostic::error(Code::DuplicateKey, entry.key.span(), message);
                self.diagnostics.push(wrong.label(*first, "first here"));
                continue;
            }
            own.insert(key, entry.key.span());
            kept.push(entry);
        }
        for entry in merged {
            let key = (entry.key.text.clone(), matches!(entry.key.literal(), Value::Text(_)));
            if !own.contains_key(&key) {
                own.insert(key, entry.key.span());
                kept.push(entry);
            }
        }
        kept
    }

    fn copied(&mut self, value: Node, merged: &mut Vec<Entry>) {
        match value.kind {
            Kind::Map(entries) => merged.extend(entries),
            Kind::List(items) => items.into_iter().for_each(|item| self.copied(item, merged)),
            Kind::Scalar(_) => {
                let wrong = Diagnostic::error(Code::MergeKey, value.span, "`<<` wants a mapping");
                self.diagnostics.push(wrong.help("write `<<: *name`, where `&name` marks a mapping"));
            }
        }
    }
}

fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::error(Code::TooDeep, span, format!("this nests more than {MAX_DEPTH} deep"))
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= 40 { text.into() } else { text.chars().take(39).chain(['…']).collect() }
}
