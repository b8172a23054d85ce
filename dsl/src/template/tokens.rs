//! Finds the holes and tags of a text, with their places, before anybody asks what is in them.

use std::borrow::Cow;

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::expr::scan;
use crate::span::Span;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Token<'t> {
    /// Text as it stands.
    Text(Cow<'t, str>),
    /// What stands between braces.
    Tag(Tag),
}

/// What stands between `{{` and `}}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Tag {
    /// The whole, braces included.
    pub span: Span,
    /// What is within, without white space and `~` at its ends.
    pub inner: Span,
    /// `{{~`: the text before loses its white space.
    pub trims_before: bool,
    /// `~}}`: the text behind loses its white space.
    pub trims_after: bool,
    /// True for `{{!-- … --}}`.
    pub comment: bool,
}

/// Cuts a text into tokens. What is not closed is a diagnostic, and the rest is left.
pub fn tokens<'t>(text: &'t str, faults: &mut Vec<Diagnostic>) -> Vec<Token<'t>> {
    let mut found = vec![];
    let mut plain = Cow::Borrowed("");
    let mut at = 0;
    while let Some(offset) = braces(&text[at..]) {
        let start = at + offset;
        // One backslash makes the braces literal; of several one is taken away, and the hole is a hole.
        let slashes = text[at..start].bytes().rev().take_while(|byte| *byte == b'\\').count();
        plain += &text[at..start - usize::from(slashes > 0)];
        if slashes == 1 {
            plain += "{{";
            at = start + 2;
            continue;
        }
        if text[start..].starts_with("{{{") {
            let braces = text[start..].bytes().take_while(|byte| *byte == b'{').count();
            let fault = Diagnostic::error(
                Code::TemplateHole,
                Span::new(start, start + braces),
                "a hole begins with two braces",
            )
            .help("a hole that begins with an object is written `{{ { a: 1 } }}`");
            faults.push(match braces {
                3 => fault.fix("write `{{ {`", Span::new(start, start + 3), "{{ {"),
                _ => fault,
            });
            return found;
        }
        match tag(text, start) {
            Ok(tag) => {
                if !plain.is_empty() {
                    found.push(Token::Text(std::mem::take(&mut plain)));
                }
                at = tag.span.end as usize;
                found.push(Token::Tag(tag));
            }
            Err(fault) => {
                faults.push(fault);
                return found;
            }
        }
    }
    plain += &text[at..];
    if !plain.is_empty() {
        found.push(Token::Text(plain));
    }
    found
}

/// Where the first `{{` stands. Nearly every brace has another behind it, so that a search for one is faster.
pub fn braces(text: &str) -> Option<usize> {
    memchr::memchr_iter(b'{', text.as_bytes()).find(|at| text[at + 1..].starts_with('{'))
}

fn tag(text: &str, start: usize) -> Result<Tag, Diagnostic> {
    let mut from = start + 2;
    let trims_before = text[from..].starts_with('~');
    from += usize::from(trims_before);
    if text[from..].starts_with("!--") {
        let ends = ["--}}", "--~}}"].map(|end| text[from + 3..].find(end).map(|at| (from + 3 + at, end)));
        let Some((at, end)) = ends.into_iter().flatten().min() else {
            let fault = Diagnostic::error(
                Code::TemplateHole,
                Span::new(start, from + 3),
                "a comment that begins here never ends",
            );
            return Err(fault.help("it ends with `--}}`"));
        };
        let span = Span::new(start, at + end.len());
        let inner = Span::new(from + 3, at);
        return Ok(Tag { span, inner, trims_before, trims_after: end == "--~}}", comment: true });
    }
    let close = close(text, from, start)?;
    let trims_after = text[from..close].ends_with('~');
    let end = close - usize::from(trims_after);
    let within = &text[from..end];
    let first = from + within.len() - within.trim_start().len();
    let inner = Span::new(first, first + within.trim().len());
    Ok(Tag { span: Span::new(start, close + 2), inner, trims_before, trims_after, comment: false })
}

/// Where the `}}` of a hole stands: the first outside texts and brackets.
fn close(text: &str, from: usize, start: usize) -> Result<usize, Diagnostic> {
    let mut open: Vec<u8> = vec![];
    let bytes = text.as_bytes();
    let mut at = from;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'\'' | b'"') => match scan::end_of_text(text, at) {
                Ok(end) => {
                    at = end;
                    continue;
                }
                Err(_) => {
                    let message = format!("a text that begins here with `{}` never ends", char::from(quote));
                    return Err(Diagnostic::error(Code::TemplateHole, Span::new(at, at + 1), message));
                }
            },
            bracket @ (b'(' | b'[' | b'{') => open.push(bracket),
            b')' | b']' => {
                open.pop();
            }
            b'}' if open.last() == Some(&b'{') => {
                open.pop();
            }
            // Within a bracket that is not closed the end of the hole is nearer to what was meant.
            b'}' if bytes.get(at + 1) == Some(&b'}') => return Ok(at),
            _ => {}
        }
        at += 1;
    }
    let fault = Diagnostic::error(
        Code::TemplateHole,
        Span::new(start, start + 2),
        "a hole that begins here never ends",
    );
    Err(fault.help("it ends with `}}`; a literal `{{` is written `\\{{`"))
}
