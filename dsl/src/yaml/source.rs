//! The text as it is laid out: rows with their keys, values, anchors, blank lines and comments, nothing resolved.
//! What rewrites a file reads this; what a workflow means is read by `tree.rs`.

mod attach;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use crate::span::Span;
use crate::yaml::MAX_BYTES;
use crate::yaml::map::Form;

/// A value as it stands.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Where it stands, its anchor left out; of a block, from its first row; of a block of text, from its `|`.
    pub span: Span,
    /// The name of its anchor.
    pub anchor: Option<String>,
    /// What it is.
    pub content: Content,
    /// Comments behind the last row of a collection.
    pub tail: Vec<Lead>,
}

/// What a piece is.
#[derive(Clone, Debug)]
pub enum Content {
    /// `*name`.
    Alias(String),
    /// A scalar with its text, escapes and folding undone.
    Scalar(String, Form),
    /// Items; their rows have no keys.
    List(Layout, Vec<Row>),
    /// Keys with values.
    Map(Layout, Vec<Row>),
}

/// How a collection is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A row on a line.
    Block,
    /// In brackets.
    Flow,
}

/// An entry of a mapping or an item of a list.
#[derive(Clone, Debug)]
pub struct Row {
    /// What stands above it.
    pub lead: Vec<Lead>,
    /// The key, where it is an entry.
    pub key: Option<Piece>,
    /// The value.
    pub value: Piece,
    /// Comments at the end of its first line.
    pub beside: Vec<String>,
}

/// What can stand on the lines above a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lead {
    /// A line with nothing on it, or several.
    Blank,
    /// A comment, from its `#` on.
    Comment(String),
}

impl Piece {
    /// The rows, where it is a collection.
    pub fn rows(&self) -> &[Row] {
        match &self.content {
            Content::Alias(_) | Content::Scalar(..) => &[],
            Content::List(_, rows) | Content::Map(_, rows) => rows,
        }
    }

    fn rows_mut(&mut self) -> &mut [Row] {
        match &mut self.content {
            Content::Alias(_) | Content::Scalar(..) => &mut [],
            Content::List(_, rows) | Content::Map(_, rows) => rows,
        }
    }

    fn is_block(&self) -> bool {
        matches!(&self.content, Content::List(Layout::Block, _) | Content::Map(Layout::Block, _))
    }
}

impl Row {
    /// The text of the key, where it is a scalar.
    pub fn name(&self) -> &str {
        match self.key.as_ref().map(|key| &key.content) {
            Some(Content::Scalar(text, _)) => text,
            Some(Content::Alias(_) | Content::List(..) | Content::Map(..)) | None => "",
        }
    }

    fn start(&self) -> usize {
        self.key.as_ref().unwrap_or(&self.value).span.range().start
    }
}

/// Reads the layout; nothing where the text is no YAML.
pub fn read(text: &str) -> Option<Piece> {
    let options =
        granit_parser::options! { max_buffered_comment_events: MAX_BYTES, emit_anchor_events: true };
    let mut open: Vec<Piece> = vec![];
    let mut root = None;
    let mut comments = vec![];
    // Where the last node ended.
    let mut end = 0;
    // An anchor comes after its node, which may be finished by then.
    let mut last = Last::Open;
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, place) = next.ok()?;
        let range = place.byte_range().unwrap_or(0..0);
        let span = Span::new(range.start, range.end);
        let before = end;
        if !matches!(event, Event::Comment(..)) {
            end = end.max(range.end);
        }
        match event {
            Event::Comment(..) => comments.push(span),
            Event::Anchor(_, name) => {
                let piece = match last {
                    Last::Open => open.last_mut(),
                    Last::Root => root.as_mut(),
                    Last::Key => open.last_mut()?.last_row()?.key.as_mut(),
                    Last::Value => open.last_mut()?.last_row().map(|row| &mut row.value),
                };
                piece?.anchor = Some(name.into_owned());
            }
            Event::Scalar(value, style, ..) => {
                let form = form(style);
                let start = match form {
                    Form::Literal | Form::Folded => header(text, before),
                    Form::Plain | Form::Single | Form::Double => range.start,
                };
                let span = Span::new(start, range.end);
                last = finish(&mut open, &mut root, piece(span, Content::Scalar(value.into(), form)));
            }
            Event::Alias(_) => {
                let name = text.get(range)?.trim_start_matches('*').to_owned();
                last = finish(&mut open, &mut root, piece(span, Content::Alias(name)));
            }
            Event::SequenceStart(style, ..) => {
                open.push(piece(span, Content::List(layout(style), vec![])));
                last = Last::Open;
            }
            Event::MappingStart(style, ..) => {
                open.push(piece(span, Content::Map(layout(style), vec![])));
                last = Last::Open;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let mut done = open.pop()?;
                if !done.is_block() {
                    done.span = Span::new(done.span.range().start, span.range().end);
                }
                last = finish(&mut open, &mut root, done);
            }
            _ => {}
        }
    }
    comments.sort_by_key(|span| span.start);
    let mut root = root?;
    attach::attach(text, &mut root, &comments);
    Some(root)
}

/// Where the node stands that came last.
#[derive(Clone, Copy)]
enum Last {
    Open,
    Root,
    Key,
    Value,
}

fn piece(span: Span, content: Content) -> Piece {
    Piece { span, anchor: None, content, tail: vec![] }
}

impl Piece {
    fn last_row(&mut self) -> Option<&mut Row> {
        self.rows_mut().last_mut()
    }
}

/// Puts a finished piece where it belongs. A key waits for its value in a row of its own.
fn finish(open: &mut [Piece], root: &mut Option<Piece>, mut done: Piece) -> Last {
    let Some(around) = open.last_mut() else {
        *root = Some(done);
        return Last::Root;
    };
    let row = |key, value| Row { lead: vec![], key, value, beside: vec![] };
    match &mut around.content {
        Content::Alias(_) | Content::Scalar(..) => Last::Value,
        Content::List(_, rows) => {
            rows.push(row(None, done));
            Last::Value
        }
        Content::Map(_, rows) => match rows.last_mut() {
            Some(Row { key: Some(key), value, .. }) if is_awaited(value) => {
                if done.span.range().is_empty() && matches!(done.content, Content::Scalar(..)) {
                    // What is not there stands behind its key.
                    done.span = Span { start: key.span.end, end: key.span.end };
                }
                *value = done;
                Last::Value
            }
            _ => {
                let awaited = piece(Span::new(usize::MAX, usize::MAX), Content::Alias(String::new()));
                rows.push(row(Some(done), awaited));
                Last::Key
            }
        },
    }
}

fn is_awaited(value: &Piece) -> bool {
    value.span.start == u32::MAX
}

/// The place of the `|` or `>` that stands next: before it come only signs, an anchor and comments.
fn header(text: &str, from: usize) -> usize {
    let mut at = from.min(text.len());
    while let Some(char) = text[at..].chars().next() {
        match char {
            '|' | '>' => break,
            '#' => at += text[at..].find('\n').unwrap_or(text.len() - at),
            '&' => at += text[at..].find(char::is_whitespace).unwrap_or(text.len() - at),
            _ => at += char.len_utf8(),
        }
    }
    at
}

fn form(style: ScalarStyle) -> Form {
    match style {
        ScalarStyle::Plain => Form::Plain,
        ScalarStyle::SingleQuoted => Form::Single,
        ScalarStyle::DoubleQuoted => Form::Double,
        ScalarStyle::Literal => Form::Literal,
        ScalarStyle::Folded => Form::Folded,
    }
}

fn layout(style: StructureStyle) -> Layout {
    match style {
        StructureStyle::Block => Layout::Block,
        StructureStyle::Flow => Layout::Flow,
    }
}
