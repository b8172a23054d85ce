//! The events of the YAML parser to a tree of nodes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

use granit_parser::{ErrorKind, Event, Parser, Placement, ScalarStyle, StructureStyle};

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Severity};
use crate::span::{Span, SpanMap};
use crate::yaml::map::{self, Form};
use crate::yaml::stopped::{self, Stop as Reason};
use crate::yaml::traps;
use crate::yaml::{Entry, Kind, MAX_ALIASED, MAX_BYTES, MAX_DEPTH, Node, Scalar, Style};

/// Builds the tree; where reading stopped, a diagnostic says why and there is none.
pub fn build(text: &str) -> (Option<Node>, Vec<Diagnostic>) {
    let mut builder = Builder { text, ..Builder::default() };
    let root = match builder.run() {
        Ok(root) => root,
        Err(wrong) => {
            builder.stopped(*wrong);
            None
        }
    };
    (root, builder.diagnostics)
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
    /// Anchors of plain texts that no alias has named so far.
    unnamed: BTreeMap<usize, Span>,
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
                Box::new(stopped::syntax(self.text, at, stop(wrong.kind())))
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
                    if anchor > 0 && node.scalar().is_some_and(|scalar| scalar.style == Style::Plain) {
                        self.unnamed.insert(anchor, node.span);
                    }
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
                Event::Comment(comment, Placement::Right) if traps::may_be_meant(&comment) => {
                    self.comment(&comment, span);
                }
                _ => {}
            }
        }
        self.unnamed_anchors();
        Ok(self.root.take())
    }

    /// Texts that begin with `&` lose their first word where nothing names it.
    fn unnamed_anchors(&mut self) {
        for node in self.unnamed.values() {
            let before = self.text.get(..node.range().start).unwrap_or("").trim_end();
            let Some(at) = before.rfind('&').filter(|at| !before[*at..].contains(char::is_whitespace)) else {
                continue;
            };
            if !node.range().is_empty() {
                let anchor = Span::new(at, before.len());
                self.diagnostics.push(traps::unused_anchor(self.text, anchor, *node));
            }
        }
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
                traps::bare_hole(self.text, Span::new(open.start, open.start + source.len()))
            }
            // A pair within a list, as in `[a: 1]`, has no bracket of its own.
            None => match self.open.iter().rev().find(|open| open.flow && self.is_bracket(open.start)) {
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

    fn is_bracket(&self, at: usize) -> bool {
        matches!(self.text.as_bytes().get(at), Some(b'[' | b'{'))
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
        let form = match style {
            ScalarStyle::Plain => Form::Plain,
            ScalarStyle::SingleQuoted => Form::Single,
            ScalarStyle::DoubleQuoted => Form::Double,
            ScalarStyle::Literal => Form::Literal,
            ScalarStyle::Folded => Form::Folded,
        };
        if kind == Style::Plain {
            self.diagnostics.extend(traps::curly_quotes(source, span));
        }
        let map = map::build(self.text, value, form, span);
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
        self.diagnostics.push(traps::bare_hole(self.text, span));
        let map = SpanMap::plain(span.range().start, source.len());
        Node { span, kind: Kind::Scalar(Scalar { text: source.into(), style: Style::Quoted, map }) }
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<(), Stop> {
        self.unnamed.remove(&id);
        let Some(node) = self.anchors.get(&id) else {
            let name = self.text.get(span.range()).unwrap_or("*");
            let message = format!("`{name}` stands within what it names");
            return Err(Box::new(Diagnostic::error(Code::Alias, span, message)));
        };
        self.aliased += node.count();
        if self.aliased > MAX_ALIASED {
            let message = format!("aliases add more than {MAX_ALIASED} nodes");
            let wrong = Diagnostic::error(Code::AliasBudget, span, message);
            return Err(Box::new(
                wrong.help("name a smaller part, or use `for_each` where many steps do the same"),
            ));
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
                    if !*holes {
                        hole_as_key(self.text, node.span, &mut self.diagnostics);
                    }
                    *key = Some(straightened(node, &mut self.diagnostics));
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
                    self.diagnostics.extend(wrong_key(self.text, &key)?);
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
        if all_differ(&entries) {
            return entries;
        }
        let mut own: BTreeMap<(String, bool), Span> = BTreeMap::new();
        let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
        let mut merged: Vec<Entry> = vec![];
        for entry in entries {
            if entry.key.text == "<<" && entry.key.style == Style::Plain {
                self.copied(entry.value, &mut merged);
                continue;
            }
            let key = (entry.key.text.clone(), entry.key.constant().is_none());
            if let Some(first) = own.get(&key) {
                let message = format!("the key `{}` stands twice", shortened(&entry.key.text));
                let wrong = Diagnostic::error(Code::DuplicateKey, entry.key.span(), message);
                self.diagnostics
                    .push(wrong.label(*first, "first here").help("keep one of them; the first is read"));
                continue;
            }
            own.insert(key, entry.key.span());
            kept.push(entry);
        }
        for entry in merged {
            let key = (entry.key.text.clone(), entry.key.constant().is_none());
            if let Slot::Vacant(slot) = own.entry(key) {
                slot.insert(entry.key.span());
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

/// True if no key stands twice, and none is `<<`. `1` and `"1"` are two keys.
fn all_differ(entries: &[Entry]) -> bool {
    let mut keys: Vec<(&str, bool)> =
        entries.iter().map(|entry| (entry.key.text.as_str(), entry.key.constant().is_none())).collect();
    keys.sort_unstable();
    keys.windows(2).all(|pair| pair[0] != pair[1]) && keys.iter().all(|(key, _)| *key != "<<")
}

/// A key in the quotes of a word processor is read without them, and that is an error: no key has them.
fn straightened(mut key: Node, diagnostics: &mut [Diagnostic]) -> Node {
    if let (Kind::Scalar(scalar), Some(last)) = (&mut key.kind, diagnostics.last_mut())
        && last.code == Code::CurlyQuotes
        && last.span == key.span
    {
        last.severity = Severity::Error;
        scalar.text = scalar.text.trim_matches(traps::is_curly).to_owned();
    }
    key
}

/// A key must be there. A blank that is none at its ends stops everything: such a line is not where it seems.
fn wrong_key(text: &str, key: &Scalar) -> Result<Option<Diagnostic>, Stop> {
    let span = key.span();
    if key.style != Style::Plain {
        return Ok(None);
    }
    let source = text.get(span.range()).unwrap_or("");
    let kept = source.trim_end_matches(traps::is_odd_blank).len();
    if source.starts_with(traps::is_odd_blank) || kept < source.len() {
        let at = if source.starts_with(traps::is_odd_blank) { 0 } else { kept };
        return Err(Box::new(traps::odd_blank(text, span.range().start + at)));
    }
    let message = "a key must be a text, and before this `:` stands nothing";
    Ok(key.text.is_empty().then(|| Diagnostic::error(Code::ComplexKey, span, message)))
}

/// A hole that turns out to be a key was reported as a value without quotes.
fn hole_as_key(text: &str, key: Span, diagnostics: &mut [Diagnostic]) {
    if let Some(told) = diagnostics.last_mut().filter(|it| it.code == Code::BareHole && it.span == key) {
        *told = traps::hole_as_key(text, key);
    }
}

fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::error(Code::TooDeep, span, format!("this nests more than {MAX_DEPTH} deep"))
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= 40 { text.into() } else { text.chars().take(39).chain(['…']).collect() }
}

/// Why the parser stopped, in our words.
fn stop(kind: &ErrorKind) -> Reason {
    match kind {
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation => {
            Reason::Tab
        }
        ErrorKind::UnknownAnchor => Reason::UnknownAnchor,
        ErrorKind::RecursionLimitExceeded => Reason::TooDeep,
        ErrorKind::MappingValueNotAllowed
        | ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockMappingKey => Reason::Layout(words(kind)),
        ErrorKind::UnclosedFlowCollection { .. } => Reason::Bracket(words(kind)),
        ErrorKind::MismatchedFlowCollectionEnd { .. } => Reason::Mismatch,
        ErrorKind::UnclosedQuotedScalar => Reason::Quote,
        ErrorKind::ExpectedBlockSequenceEntry => Reason::Dash(words(kind)),
        _ => Reason::Other(words(kind)),
    }
}

fn words(kind: &ErrorKind) -> String {
    use ErrorKind as Kind;
    match kind {
        Kind::UnexpectedEofFlowSequence
        | Kind::UnexpectedEofFlowMapping
        | Kind::UnclosedFlowCollection { .. } => "a bracket is opened here or above and never closed".into(),
        Kind::MappingValueNotAllowed => "a key and its value cannot stand here".into(),
        Kind::ExpectedBlockMappingKey => "YAML expects a key here".into(),
        Kind::ExpectedFlowMappingSeparator => "YAML expects `,` or `}` here".into(),
        Kind::ExpectedFlowSequenceSeparator => "YAML expects `,` or `]` here".into(),
        Kind::ExpectedBlockSequenceEntry => "YAML expects `- ` here, as in the items above".into(),
        Kind::InvalidIndentation => "the indentation fits none of the lines above".into(),
        Kind::UnexpectedCharacter { character } => format!("a value cannot begin with `{character}` in YAML"),
        Kind::UnknownQuotedScalarEscape => {
            "this escape is unknown; in single quotes a backslash is a backslash".into()
        }
        Kind::BlockSequenceEntryNotAllowed => "a list cannot begin here; put it on a line of its own".into(),
        Kind::InvalidQuotedScalarIndent | Kind::InvalidFlowScalarIndent => {
            "a text that goes on must be indented further than its key".into()
        }
        Kind::InvalidTrailingDoubleQuotedScalar | Kind::InvalidTrailingSingleQuotedScalar => {
            "something follows a text in quotes".into()
        }
        Kind::MisplacedFlowCollectionEnd => "this bracket closes nothing".into(),
        Kind::InvalidBlockScalarHeader => {
            "`|` or `>` begins a block of text, and the text begins on the next line".into()
        }
        Kind::SimpleKeyExpected | Kind::InvalidSimpleKey => "YAML expects `:` after this key".into(),
        other => {
            let words: String =
                format!("{other:?}").chars().take_while(|char| char.is_alphanumeric()).collect();
            let mut message = String::from("YAML cannot be read here:");
            for char in words.chars() {
                if char.is_uppercase() {
                    message.push(' ');
                }
                message.extend(char.to_lowercase());
            }
            message
        }
    }
}
