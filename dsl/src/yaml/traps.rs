//! The classic traps: what YAML makes of text that an author meant otherwise, said in our words.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Edit, Fix};
use crate::span::Span;
use crate::yaml::around;

/// `key: {{ x }}`: YAML reads a mapping in a mapping.
pub fn bare_hole(text: &str, span: Span) -> Diagnostic {
    let source = text.get(span.range()).unwrap_or("");
    let whose = whose(text, span.range().start);
    let message = format!("{whose} begins with `{{{{` and needs quotes: YAML reads a mapping here");
    Diagnostic::error(Code::BareHole, span, message).help(format!("write {}", quoted(source))).fix(
        "put it in quotes",
        span,
        quoted(source),
    )
}

/// `{{ x }}: 1`: quotes would not help, since keys are texts as they stand.
pub fn hole_as_key(text: &str, span: Span) -> Diagnostic {
    let source = text.get(span.range()).unwrap_or("");
    let message = format!("`{source}` stands as a key, and keys have no holes");
    let help = "write the key itself; where it must be computed, make the object by `from_entries`";
    Diagnostic::error(Code::BareHole, span, message).help(help)
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

/// What stands at a place, for messages: the value of its key where that is on the line.
fn whose(text: &str, at: usize) -> String {
    match around::value(text, at).filter(|value| !value.key.is_empty()) {
        Some(value) => format!("the value of `{}`", value.key),
        None => "this value".into(),
    }
}

/// True where a bare expression stands.
pub fn in_condition(text: &str, span: Span) -> bool {
    around::value(text, span.range().start).is_some_and(|value| is_condition(value.key))
}

/// `if: x #y`: YAML cuts the value.
pub fn cut(text: &str, value: Span, comment: Span) -> Diagnostic {
    let whole = value.to(comment);
    let quoted = quoted(text.get(whole.range()).unwrap_or(""));
    let message = format!("YAML cuts {} here: ` #` begins a comment", whose(text, value.range().start));
    Diagnostic::warning(Code::CutComment, comment, message)
        .help(format!("put the value in quotes: {quoted}, or a blank after `#`"))
        .fix("put the value in quotes", whole, quoted)
}

/// True where a comment, without its `#`, could be meant as the value of what stands before it: `#general`, `#fff`.
pub fn may_be_meant(comment: &str) -> bool {
    !comment.starts_with([' ', '\t', '#', '!', '-', '='])
}

/// `channel: #standup`: the value is a comment.
pub fn instead(comment: &str, span: Span) -> Diagnostic {
    let quoted = quoted(&format!("#{comment}"));
    Diagnostic::error(Code::CutComment, span, "YAML reads a comment here, so the key has no value")
        .help(format!("put the value in quotes: {quoted}, or a blank after `#`"))
        .fix("put the value in quotes", span, quoted)
}

/// `say: &co was here`: YAML reads a mark that nothing names.
pub fn unused_anchor(text: &str, anchor: Span, node: Span) -> Diagnostic {
    let name = text.get(anchor.range()).unwrap_or("&");
    let whole = anchor.to(node);
    let quoted = quoted(text.get(whole.range()).unwrap_or(""));
    let message = format!("YAML reads `{name}` as a mark for this value, and nothing names it");
    Diagnostic::warning(Code::UnusedAnchor, anchor, message)
        .help(format!("put the text in quotes: {quoted}, or remove the mark"))
        .fix("put the text in quotes", whole, quoted)
}

/// `text: “hello”`: to YAML these are letters.
pub fn curly_quotes(source: &str, span: Span) -> Option<Diagnostic> {
    let first = source.chars().next().filter(|first| is_curly(*first))?;
    let inner = source.trim_matches(is_curly);
    if inner.contains(is_curly) || !source.ends_with(is_curly) || inner.contains('"') {
        return None;
    }
    let message = format!("`{first}` is no quote to YAML: it is part of the text");
    let straight = quoted(inner);
    Some(Diagnostic::warning(Code::CurlyQuotes, span, message).help(format!("write {straight}")).fix(
        "write straight quotes",
        span,
        straight,
    ))
}

/// True for the quotes of word processors.
pub fn is_curly(char: char) -> bool {
    matches!(char, '“' | '”' | '„' | '‘' | '’')
}

/// True for what looks like a blank and is none.
pub fn is_odd_blank(char: char) -> bool {
    matches!(char, '\u{a0}' | '\u{2000}'..='\u{200b}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\u{feff}')
}

/// A blank that is none, where structure hangs on it.
pub fn odd_blank(text: &str, at: usize) -> Diagnostic {
    let run: usize = text[at..].chars().take_while(|char| is_odd_blank(*char)).map(char::len_utf8).sum();
    let span = Span::new(at, at + run);
    let char = text[at..].chars().next().unwrap_or('\u{a0}');
    let plain: String =
        text[span.range()].chars().filter(|char| !is_zero_width(*char)).map(|_| ' ').collect();
    let message =
        format!("here stands U+{:04X}, which looks like a blank and is none to YAML", u32::from(char));
    Diagnostic::error(Code::OddBlank, span, message)
        .help("write a plain blank; such characters come with text from web pages")
        .fix("write plain blanks", span, plain)
}

fn is_zero_width(char: char) -> bool {
    matches!(char, '\u{200b}' | '\u{feff}')
}

/// Lines that end in a carriage return alone.
pub fn lone_returns(text: &str) -> Option<Diagnostic> {
    let lone = |at: &usize| !text[at + 1..].starts_with('\n');
    let all: Vec<usize> = memchr::memchr_iter(b'\r', text.as_bytes()).filter(lone).collect();
    let first = *all.first()?;
    let edits = all.iter().map(|at| Edit { span: Span::new(*at, at + 1), text: "\n".into() }).collect();
    let message = "a line ends in a carriage return alone, as on very old systems";
    let mut wrong = Diagnostic::error(Code::LoneReturn, Span::new(first, first + 1), message)
        .help("end each line in a line feed; most editors can convert it");
    wrong.fixes.push(Fix { title: "end these lines in line feeds".into(), edits });
    Some(wrong)
}

/// `use:file.read`: without a blank YAML reads one text.
pub fn missing_blank(text: &str, span: Span) -> Diagnostic {
    let word = text.get(span.range()).unwrap_or("");
    let colon = word.find(':').unwrap_or(0);
    let spaced = format!("{}: {}", &word[..colon], &word[colon + 1..]);
    let place = Span::new(span.range().start + colon + 1, span.range().start + colon + 1);
    let message = format!("a blank is missing behind the colon of `{word}`, so YAML reads one text");
    Diagnostic::error(Code::MissingBlank, span, message).help(format!("write `{spaced}`")).fix(
        format!("write `{spaced}`"),
        place,
        " ",
    )
}

/// True for `key:value` where both look like what they are.
pub fn lacks_blank(word: &str) -> bool {
    word.split_once(':').is_some_and(|(key, value)| {
        let named = key.starts_with(|first: char| first.is_ascii_alphabetic());
        let is_key = key.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-'));
        named && is_key && !value.is_empty() && !value.starts_with(['/', ':', '\\'])
    })
}

/// `if: > 3`: YAML reads the beginning of a block of text.
pub fn block_of_text(sign: char, span: Span) -> Diagnostic {
    let message = format!("YAML reads `{sign}` as the beginning of a block of text");
    Diagnostic::error(Code::BareExpression, span, message)
        .help("a comparison has a left side, as in `x > 3`; a text of several lines begins on the next line")
}

/// True for keys whose value is a bare expression.
pub fn is_condition(key: &str) -> bool {
    matches!(key, "if" | "until" | "switch" | "for_each" | "filter" | "when" | "check")
}

/// Writes a text as a YAML scalar in the quotes that need least.
pub fn quoted(text: &str) -> String {
    let text = text.trim();
    if !text.contains(['"', '\\']) {
        format!("\"{text}\"")
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}
