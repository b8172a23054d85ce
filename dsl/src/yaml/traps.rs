//! The classic traps: what YAML makes of text that an author meant otherwise, said in our words.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// `key: {{ x }}`: YAML reads a mapping in a mapping.
pub fn bare_hole(source: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::BareHole,
        span,
        "a value that begins with `{{` needs quotes: YAML reads a mapping here",
    )
    .help(format!("write {}", quoted(source)))
    .fix("put it in quotes", span, quoted(source))
}

/// `if: !ready`: YAML reads a tag.
pub fn tag(text: &str, span: Span) -> Diagnostic {
    let wrote = text.get(span.range()).unwrap_or("!");
    let name = wrote.trim_start_matches('!');
    let wrong =
        Diagnostic::error(Code::Tag, span, format!("YAML reads `{wrote}` as a tag, and workflows have none"));
    if !name.is_empty() && !wrote.starts_with("!!") && in_condition(text, span) {
        return wrong.help(format!("write `not {name}`")).fix(
            "write `not` in place of `!`",
            Span::new(span.range().start, span.range().start + 1),
            "not ",
        );
    }
    wrong.help("put the value in quotes if the `!` belongs to it, else remove the tag")
}

/// True where a bare expression stands.
pub fn in_condition(text: &str, span: Span) -> bool {
    field(text, span.range().start).is_some_and(|(_, key)| is_condition(key))
}

/// `if: x #y`: YAML cuts the value.
pub fn cut(text: &str, value: Span, comment: Span) -> Diagnostic {
    let whole = value.to(comment);
    let quoted = quoted(text.get(whole.range()).unwrap_or(""));
    Diagnostic::warning(Code::CutComment, comment, "YAML cuts the value here: ` #` begins a comment")
        .help(format!("put the value in quotes: {quoted}, or a blank after `#`"))
        .fix("put the value in quotes", whole, quoted)
}

/// `channel: #standup`: the value is a comment.
pub fn instead(comment: &str, span: Span) -> Diagnostic {
    let quoted = quoted(&format!("#{comment}"));
    Diagnostic::error(Code::CutComment, span, "YAML reads a comment here, so the key has no value")
        .help(format!("put the value in quotes: {quoted}, or a blank after `#`"))
        .fix("put the value in quotes", span, quoted)
}

/// Why reading stopped.
#[derive(Debug)]
pub enum Stop {
    /// A tab in the indentation.
    Tab,
    /// An alias of nothing.
    UnknownAnchor,
    /// Too many brackets.
    TooDeep,
    /// The lines do not fit together.
    Layout(String),
    /// A bracket that is not closed.
    Bracket(String),
    /// Anything else, in a sentence.
    Other(String),
}

/// What the YAML parser did not take: a trap if we know it, else its reason.
pub fn syntax(text: &str, at: usize, stop: Stop) -> Diagnostic {
    let (message, help) = match stop {
        Stop::Tab => {
            let tab = text[..at].rfind('\t').filter(|tab| !text[*tab..at].contains('\n')).unwrap_or(at);
            let span = Span::new(tab, tab + 1);
            return Diagnostic::error(Code::Tab, span, "YAML does not allow a tab in the indentation")
                .help("use spaces")
                .fix("replace the tab by two spaces", span, "  ");
        }
        Stop::UnknownAnchor => {
            let name = text[at..].split([' ', '\n', ',', ']', '}']).next().unwrap_or("*");
            let span = Span::new(at, at + name.len());
            return Diagnostic::error(
                Code::Alias,
                span,
                format!("`{name}` names no anchor that stands above"),
            )
            .help("a text that begins with `*` needs quotes");
        }
        Stop::TooDeep => {
            return Diagnostic::error(Code::TooDeep, Span::new(at, at + 1), "this nests too deep");
        }
        Stop::Layout(message) => {
            (message, Some("check the indentation of this line, and put a text that contains `: ` in quotes"))
        }
        Stop::Bracket(message) => (message, Some("close it with `]` or `}`")),
        Stop::Other(message) => (message, None),
    };
    if let Some(trap) = on_line(text, at) {
        return trap;
    }
    let end = text[at..].chars().next().map_or(at, |char| at + char.len_utf8());
    let wrong = Diagnostic::error(Code::Yaml, Span::new(at, end), message);
    match help {
        Some(help) => wrong.help(help),
        None => wrong,
    }
}

/// Looks for a trap in the line where reading stopped.
fn on_line(text: &str, at: usize) -> Option<Diagnostic> {
    let (start, key) = field(text, at)?;
    let line = text[start..].split('\n').next().unwrap_or("");
    let value = line.trim_end();
    let span = Span::new(start, start + value.len());
    let quote = |code, message: String| {
        Some(
            Diagnostic::error(code, span, message)
                .help(format!("put it in quotes: `{key}: {}`", quoted(value)))
                .fix("put it in quotes", span, quoted(value)),
        )
    };
    let first = value.chars().next()?;
    let closed = |open: char, close: char| value.starts_with(open) && !value.ends_with(close);
    match first {
        '{' if value.starts_with("{{") => quote(
            Code::BareHole,
            "a value that begins with `{{` needs quotes: YAML reads a mapping here".into(),
        ),
        '"' | '\'' if value[1..].contains(first) && !value[1..].trim_end().ends_with(first) => quote(
            Code::BareExpression,
            format!("YAML takes the text in {first}…{first} for the whole value, and more follows"),
        ),
        '[' if closed('[', ']') && value.contains(']') => {
            quote(Code::BareExpression, "YAML takes the list for the whole value, and more follows".into())
        }
        '>' | '|' => {
            quote(Code::BareExpression, format!("YAML reads `{first}` as the beginning of a block of text"))
        }
        '@' | '`' | '%' => {
            quote(Code::BareExpression, format!("a value cannot begin with `{first}` in YAML"))
        }
        _ if value.contains(": ") && (is_condition(key) || value.contains(" ? ")) => {
            quote(Code::BareExpression, format!("YAML reads `: ` as a mapping, so `{key}` needs quotes here"))
        }
        _ => None,
    }
}

/// The value that begins on the line of `at`, and its key.
fn field(text: &str, at: usize) -> Option<(usize, &str)> {
    let at = at.min(text.len());
    let mut line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    // Where reading stopped on the next line, the cause is on the one before.
    if text[line_start..at].trim().is_empty() && line_start > 1 {
        line_start = text[..line_start - 1].rfind('\n').map_or(0, |newline| newline + 1);
    }
    let line = text[line_start..].split('\n').next().unwrap_or("");
    let (start, key) = value_on(line)?;
    Some((line_start + start, key))
}

/// Splits a line into the place of its value and its key, as in `- key: value`.
fn value_on(line: &str) -> Option<(usize, &str)> {
    let colon = line.find(": ")?;
    let key = line[..colon].trim_start_matches([' ', '-', '{', '\t']).trim_end();
    let value = &line[colon + 2..];
    Some((colon + 2 + (value.len() - value.trim_start().len()), key))
}

fn is_condition(key: &str) -> bool {
    matches!(key, "if" | "until" | "switch" | "for_each" | "filter" | "when" | "check")
}

/// Writes a text as a YAML scalar in the quotes that need least.
fn quoted(text: &str) -> String {
    let text = text.trim();
    if !text.contains(['"', '\\']) {
        format!("\"{text}\"")
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}
