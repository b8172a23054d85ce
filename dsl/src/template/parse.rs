//! Tokens to parts: which block is opened, continued and ended where, and what does not belong here.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, nearest};
use crate::expr::ast::{Kind, Operator};
use crate::expr::parse::plural;
use crate::expr::place::placed;
use crate::expr::{self, Expr, RESERVED, scan};
use crate::span::{Span, SpanMap};
use crate::template::blocks::Frame;
use crate::template::tokens::{Tag, Token, braces, tokens};
use crate::template::{MAX_DEPTH, MAX_PARTS, MAX_TAGS, Part, Sink, Template};
use crate::value::Value;
use crate::workflow::Arg;

const BLOCKS: [&str; 4] = ["each", "if", "unless", "with"];

/// Parses a text; see `template::parse`.
pub fn parse(text: &str, map: &SpanMap, sink: Sink) -> Result<Arg, Vec<Diagnostic>> {
    if braces(text).is_none() {
        return Ok(Arg::Value(Value::text(text)));
    }
    let mut faults = vec![];
    let mut found = tokens(text, &mut faults);
    trim(text, &mut found);
    let mut reader = Reader {
        text,
        map,
        sink,
        faults: vec![],
        parts: vec![],
        open: vec![],
        started: false,
        too_deep: false,
        tags: 0,
    };
    for token in found {
        reader.token(token);
        if reader.parts.len() > MAX_PARTS || reader.tags > MAX_TAGS {
            let message = match reader.tags > MAX_TAGS {
                true => format!("a text has at most {MAX_TAGS} tags of blocks"),
                false => format!("a text has at most {MAX_PARTS} parts"),
            };
            faults.push(Diagnostic::error(Code::TemplateLimit, Span::new(0, text.len()), message));
            break;
        }
    }
    if faults.is_empty()
        && let Some(open) = reader.open.last().filter(|open| !open.name.is_empty())
    {
        let message = format!("`{{{{#{}}}}}` is never closed", open.name);
        let fault = Diagnostic::error(Code::TemplateBlock, open.span, message);
        faults.push(fault.help(format!("close it with `{{{{/{}}}}}`", open.name)));
    }
    let mut all: Vec<Diagnostic> = faults.into_iter().map(|fault| placed(fault, map)).collect();
    all.append(&mut reader.faults);
    if !all.is_empty() {
        all.sort_by_key(|fault| fault.span.start);
        return Err(all);
    }
    let mut parts = reader.parts;
    match parts.as_slice() {
        [] => Ok(Arg::Value(Value::text(""))),
        [Part::Text(plain)] => Ok(Arg::Value(Value::Text(plain.clone()))),
        [Part::Hole(_)] if text.starts_with("{{") && text.ends_with("}}") => match parts.pop() {
            Some(Part::Hole(expr)) => Ok(Arg::Expr(expr)),
            _ => Ok(Arg::Value(Value::Null)),
        },
        _ => Ok(Arg::Text(Template { span: map.whole, parts, frame: Frame::default() })),
    }
}

/// A block that is open.
struct Open {
    name: &'static str,
    span: Span,
    /// True behind its `{{else}}`.
    last: bool,
}

struct Reader<'a> {
    text: &'a str,
    map: &'a SpanMap,
    sink: Sink,
    /// Already at their places in the file.
    faults: Vec<Diagnostic>,
    parts: Vec<Part>,
    open: Vec<Open>,
    /// True once anything stands in front, so that a hole is not at the very start.
    started: bool,
    too_deep: bool,
    /// How many tags of blocks there were.
    tags: usize,
}

impl Reader<'_> {
    fn fault(&mut self, fault: Diagnostic) {
        self.faults.push(placed(fault, self.map));
    }

    fn block_fault(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.fault(Diagnostic::error(Code::TemplateBlock, span, message).help(help));
    }

    fn token(&mut self, token: Token<'_>) {
        match token {
            Token::Text(text) if text.is_empty() => {}
            Token::Text(text) => {
                self.started = true;
                match self.parts.last_mut() {
                    Some(Part::Text(before)) => *before = format!("{before}{text}").into(),
                    _ => self.parts.push(Part::Text(text.into())),
                }
            }
            Token::Tag(tag) if tag.comment => {}
            Token::Tag(tag) => self.tag(&tag),
        }
    }

    fn tag(&mut self, tag: &Tag) {
        let inner = &self.text[tag.inner.range()];
        self.tags += usize::from(inner.starts_with(['#', '/']) || word(inner, "else").is_some());
        let foreign = |message: &str, help: &str| {
            Diagnostic::error(Code::TemplateForeign, tag.span, message).help(help)
        };
        if inner.starts_with("#*") || inner.starts_with('*') {
            self.fault(foreign("there are no decorators", "compute the text in a `set` step and read it"));
            self.open_unknown(tag, inner);
        } else if inner.starts_with('>') || inner.starts_with("#>") {
            self.fault(foreign("there are no partials", "compute the text in a `set` step and read it"));
            self.open_unknown(tag, inner);
        } else if inner.starts_with('&') {
            self.fault(foreign(
                "there is no `{{&`",
                "nothing is escaped unless asked by `| html`: write `{{ x }}`",
            ));
        } else if inner.starts_with('^') {
            self.fault(foreign("there is no `{{^`", "write `{{else}}` or `{{#unless c}}`"));
        } else if inner.starts_with("../") {
            self.fault(foreign(
                "there is no `../`",
                "give the outer item a name, as in `{{#each xs as |x|}}`, and read it by that name",
            ));
        } else if let Some(rest) = inner.strip_prefix('#') {
            let name: &str = rest.split(|char| !scan::is_name(char)).next().unwrap_or_default();
            let head = Span::new(tag.inner.start as usize + 1 + name.len(), tag.inner.end as usize);
            self.block(tag, name, head);
        } else if let Some(rest) = inner.strip_prefix('/') {
            self.end(tag, rest.trim());
        } else if let Some(rest) = word(inner, "else") {
            let from = tag.inner.end as usize - rest.trim_start().len();
            match word(rest.trim_start(), "if") {
                Some(condition) => {
                    let from = tag.inner.end as usize - condition.len();
                    self.otherwise(tag, Some(Span::new(from, tag.inner.end as usize)));
                }
                None if rest.trim().is_empty() => self.otherwise(tag, None),
                None => {
                    let span = Span::new(from, tag.inner.end as usize);
                    self.block_fault(
                        span,
                        "behind `else` stands nothing or `if`",
                        "write `{{else}}` or `{{else if c}}`",
                    );
                }
            }
        } else {
            self.hole(tag);
        }
    }

    fn hole(&mut self, tag: &Tag) {
        let first = !std::mem::replace(&mut self.started, true);
        if let Some(expr) = self.expr(tag.inner, tag.span) {
            self.parts.push(match self.sink {
                Sink::Url if !first => Part::Encoded(expr),
                Sink::Url | Sink::Text => Part::Hole(expr),
            });
        }
    }

    fn expr(&mut self, inner: Span, whole: Span) -> Option<Expr> {
        let text = self.text[inner.range()].trim_start();
        let from = inner.end as usize - text.len();
        let text = text.trim_end();
        if text.is_empty() {
            let fault = Diagnostic::error(Code::TemplateHole, whole, "nothing stands between these braces");
            self.fault(fault.help("write an expression, or `\\{{` for literal braces"));
            return None;
        }
        match expr::parse::parse(text, self.map, from) {
            Ok(expr) => Some(expr),
            Err(mut faults) => {
                self.faults.append(&mut faults);
                None
            }
        }
    }

    fn block(&mut self, tag: &Tag, name: &str, head: Span) {
        self.started = true;
        let Some(name) = BLOCKS.into_iter().find(|known| *known == name) else {
            let span = Span::new(tag.inner.start as usize, tag.inner.start as usize + 1 + name.len());
            let fault = Diagnostic::error(Code::TemplateBlock, span, format!("there is no block `#{name}`"));
            self.fault(match nearest(name, BLOCKS) {
                Some(near) => fault.help(format!("did you mean `#{near}`?")).fix(
                    format!("write `#{near}`"),
                    span,
                    format!("#{near}"),
                ),
                None => fault.help("there are `#if`, `#unless`, `#each` and `#with`"),
            });
            self.open_unknown(tag, "#");
            return;
        };
        if self.open.len() >= MAX_DEPTH && !std::mem::replace(&mut self.too_deep, true) {
            let message = format!("blocks nest at most {MAX_DEPTH} deep");
            self.fault(Diagnostic::error(Code::TemplateLimit, tag.span, message));
        }
        let (head, names) = match name {
            "each" | "with" => self.given_names(head, if name == "each" { 2 } else { 1 }),
            _ => (head, vec![]),
        };
        let expr = self.expr(head, tag.span);
        if name == "each"
            && let Some(expr) = &expr
        {
            self.check_in(expr);
        }
        self.open.push(Open { name, span: tag.span, last: false });
        self.parts.extend(expr.map(|expr| match name {
            "each" => Part::Each(expr, names),
            "with" => Part::With(expr, names),
            "unless" => Part::Unless(expr),
            _ => Part::If(expr),
        }));
    }

    /// Opens a block that there is not: it is closed like a known one, so that its end is no further problem.
    fn open_unknown(&mut self, tag: &Tag, inner: &str) {
        if inner.starts_with('#') {
            self.open.push(Open { name: "", span: tag.span, last: false });
        }
    }

    /// `{{#each x in xs}}` would ask whether `x` is in `xs`.
    fn check_in(&mut self, expr: &Expr) {
        let nodes = expr.nodes();
        if let Some(Kind::Chain(first, rest)) = nodes.last().map(|node| &node.kind)
            && let [(Operator::In, right)] = rest.as_slice()
            && let Some(Kind::Name(name)) = nodes.get(usize::from(*first)).map(|node| &node.kind)
        {
            let list = expr.quote(*right);
            let message = format!("`{name} in {list}` is a question, not a list");
            let fault = Diagnostic::error(Code::TemplateBlock, expr.span, message);
            let form = format!("{list} as |{name}|");
            self.faults.push(fault.help(format!("write `{{{{#each {form}}}}}`")).fix(
                format!("write `{form}`"),
                expr.span,
                form,
            ));
        }
    }

    /// Takes `as |x i|` off the head of a block.
    fn given_names(&mut self, head: Span, most: usize) -> (Span, Vec<Arc<str>>) {
        let text = &self.text[head.range()];
        let Some(at) = text.rfind(" as |") else { return (head, vec![]) };
        let from = head.start as usize + at + 5;
        let listed = text[at + 5..].trim_end();
        let span = Span::new(from, from + listed.len());
        let expr = Span::new(head.start as usize, head.start as usize + at);
        let Some(listed) = listed.strip_suffix('|') else {
            self.block_fault(
                span,
                "the names are not closed by `|`",
                "write `as |item|` or `as |item index|`",
            );
            return (expr, vec![]);
        };
        let names: Vec<&str> = listed.split([' ', ',']).filter(|name| !name.is_empty()).collect();
        if names.is_empty() || names.len() > most {
            let message = match names.len() {
                0 => "no name stands here".to_owned(),
                count => format!("at most {} can stand here, and there are {count}", plural(most, "name")),
            };
            self.block_fault(span, message, "write `as |item|` or, in `#each`, `as |item index|`");
        }
        for name in &names {
            let well_formed =
                name.chars().all(scan::is_name) && !name.starts_with(|char: char| char.is_ascii_digit());
            if !well_formed {
                self.block_fault(span, format!("`{name}` is no name"), "a name has letters, digits and `_`");
            } else if RESERVED.contains(name) {
                let message = format!("`{name}` is a word of the language and cannot be given here");
                self.fault(Diagnostic::error(Code::ReservedName, span, message).help("use another name"));
            }
        }
        (expr, names.into_iter().map(Arc::from).collect())
    }

    fn otherwise(&mut self, tag: &Tag, condition: Option<Span>) {
        let Some(open) = self.open.last_mut() else {
            self.block_fault(tag.span, "this `else` belongs to no block", "open one with `{{#if c}}`");
            return;
        };
        let (name, span, late) = (open.name, open.span, open.last);
        open.last |= condition.is_none();
        if late {
            let fault = Diagnostic::error(
                Code::TemplateBlock,
                tag.span,
                "nothing follows an `{{else}}` but the end of its block",
            );
            self.fault(fault.label(span, "of this block"));
        }
        match condition {
            Some(_) if !matches!(name, "if" | "unless" | "") => {
                let message = format!("`#{name}` has no `else if`");
                self.block_fault(tag.span, message, "put an `{{#if c}}` within its `{{else}}`");
            }
            Some(condition) => {
                let expr = self.expr(condition, tag.span);
                self.parts.extend(expr.map(Part::ElseIf));
            }
            None => self.parts.push(Part::Else),
        }
    }

    fn end(&mut self, tag: &Tag, name: &str) {
        let Some(open) = self.open.pop() else {
            self.block_fault(
                tag.span,
                format!("`{{{{/{name}}}}}` closes nothing"),
                "take it away, or open the block",
            );
            return;
        };
        if open.name != name && !open.name.is_empty() {
            let message = format!("`{{{{/{name}}}}}` does not close `{{{{#{}}}}}`", open.name);
            let fault =
                Diagnostic::error(Code::TemplateBlock, tag.span, message).label(open.span, "opened here");
            let right = format!("{{{{/{}}}}}", open.name);
            self.fault(fault.fix(format!("write `{right}`"), tag.span, right));
        }
        self.parts.push(Part::End);
    }
}

/// What follows a word, if the text begins with it.
fn word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    text.strip_prefix(word).filter(|rest| !rest.starts_with(scan::is_name))
}

/// Takes away white space where `~` asks for it, and the lines on which a block's tag or a comment stands alone.
fn trim(text: &str, found: &mut [Token<'_>]) {
    for at in 0..found.len() {
        let Token::Tag(tag) = &found[at] else { continue };
        let tag = tag.clone();
        let inner = &text[tag.inner.range()];
        let is_block = tag.comment || inner.starts_with(['#', '/']) || word(inner, "else").is_some();
        let before = match at.checked_sub(1).map(|at| &found[at]) {
            None => Some(""),
            Some(Token::Text(text)) => Some(&**text),
            Some(Token::Tag(_)) => None,
        };
        let after = match found.get(at + 1) {
            None => Some(""),
            Some(Token::Text(text)) => Some(&**text),
            Some(Token::Tag(_)) => None,
        };
        // Lines are told by the text as it was written: an earlier tag may have taken this one's line break.
        let starts_line = line_before(&text[..tag.span.start as usize]);
        let ends_line = line_after(&text[tag.span.end as usize..]);
        let alone = is_block && starts_line && ends_line.is_some();
        let cut = before.map(|before| {
            if tag.trims_before {
                before.trim_end().len()
            } else if alone {
                before.trim_end_matches([' ', '\t']).len()
            } else {
                before.len()
            }
        });
        let skip = after.map(|after| {
            if tag.trims_after {
                after.len() - after.trim_start().len()
            } else if alone {
                ends_line.unwrap_or(0).min(after.len())
            } else {
                0
            }
        });
        if let (Some(cut), Some(Token::Text(text))) =
            (cut, at.checked_sub(1).and_then(|at| found.get_mut(at)))
        {
            keep(text, 0..cut);
        }
        if let (Some(skip), Some(Token::Text(text))) = (skip, found.get_mut(at + 1)) {
            keep(text, skip..text.len());
        }
    }
}

/// Keeps a part of a text.
fn keep(text: &mut Cow<'_, str>, part: Range<usize>) {
    *text = match std::mem::take(text) {
        Cow::Borrowed(text) => Cow::Borrowed(&text[part]),
        Cow::Owned(text) => Cow::Owned(text[part].to_owned()),
    };
}

/// True if only blanks stand between the last line break and the end.
fn line_before(text: &str) -> bool {
    let text = text.trim_end_matches([' ', '\t']);
    text.is_empty() || text.ends_with('\n')
}

/// How many bytes stand up to and with the next line break, if they are blanks.
fn line_after(text: &str) -> Option<usize> {
    let rest = text.trim_start_matches([' ', '\t']);
    let blanks = text.len() - rest.len();
    match rest {
        "" => Some(blanks),
        _ if rest.starts_with("\r\n") => Some(blanks + 2),
        _ if rest.starts_with('\n') => Some(blanks + 1),
        _ => None,
    }
}
