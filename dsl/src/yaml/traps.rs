//! The classic traps: what YAML makes of text that an author meant otherwise, said in our words.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Edit, Fix};
use crate::span::Span;
use crate::yaml::around::{self, Line, Value};

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
    around::value(text, span.range().start).is_some_and(|value| is_condition(value.key))
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
    Some(
        Diagnostic::warning(Code::CurlyQuotes, span, message)
            .help(format!("write {straight}"))
            .fix("write straight quotes", span, straight),
    )
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
    let plain: String = text[span.range()].chars().filter(|char| !is_zero_width(*char)).map(|_| ' ').collect();
    let message = format!("here stands U+{:04X}, which looks like a blank and is none to YAML", u32::from(char));
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
    let all: Vec<usize> = text.match_indices('\r').map(|(at, _)| at).filter(lone).collect();
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
    Diagnostic::error(Code::MissingBlank, span, message)
        .help(format!("write `{spaced}`"))
        .fix(format!("write `{spaced}`"), place, " ")
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
    /// A quote that is not closed.
    Quote,
    /// Anything else, in a sentence.
    Other(String),
}

/// What the YAML parser did not take: a trap if we know it, else its reason.
pub fn syntax(text: &str, at: usize, stop: Stop) -> Diagnostic {
    let trap = match stop {
        Stop::Tab => Some(tab(text, at)),
        Stop::UnknownAnchor => Some(unknown_anchor(text, at)),
        Stop::TooDeep => Some(Diagnostic::error(Code::TooDeep, Span::new(at, at + 1), "this nests too deep")),
        Stop::Quote => Some(unclosed_quote(text, at)),
        Stop::Layout(_) | Stop::Bracket(_) | Stop::Other(_) => odd_blank_near(text, at)
            .or_else(|| indented_under(text, at))
            .or_else(|| blank_near(text, at))
            .or_else(|| value(text, at))
            .or_else(|| quote_above(text, at))
            .or_else(|| misaligned(text, at)),
    };
    trap.unwrap_or_else(|| plain(text, at, stop))
}

fn plain(text: &str, at: usize, stop: Stop) -> Diagnostic {
    let end = text[at..].chars().next().map_or(at, |char| at + char.len_utf8());
    let wrong = |message: String| Diagnostic::error(Code::Yaml, Span::new(at, end), message);
    match stop {
        Stop::Layout(message) => wrong(message)
            .help("check the indentation of this line, and put a text that contains `: ` in quotes"),
        Stop::Bracket(message) => wrong(message).help("close it with `]` or `}`"),
        Stop::Other(message) => wrong(message),
        Stop::Tab | Stop::UnknownAnchor | Stop::TooDeep | Stop::Quote => wrong("YAML cannot be read here".into()),
    }
}

fn tab(text: &str, at: usize) -> Diagnostic {
    let tab = text[..at].rfind('\t').filter(|tab| !text[*tab..at].contains('\n')).unwrap_or(at);
    let span = Span::new(tab, tab + 1);
    Diagnostic::error(Code::Tab, span, "YAML does not allow a tab in the indentation")
        .help("use spaces")
        .fix("replace the tab by two spaces", span, "  ")
}

fn unknown_anchor(text: &str, at: usize) -> Diagnostic {
    let name = text[at..].split([' ', '\r', '\n', ',', ']', '}']).next().unwrap_or("*");
    let span = Span::new(at, at + name.len());
    let wrong = Diagnostic::error(Code::Alias, span, format!("`{name}` names no anchor that stands above"));
    match around::value(text, at).filter(|value| value.span.range().start == at) {
        Some(value) => {
            let quoted = quoted(&text[value.span.range()]);
            wrong
                .help(format!("a text that begins with `*` needs quotes: {quoted}"))
                .fix("put it in quotes", value.span, quoted)
        }
        None => wrong.help("a text that begins with `*` needs quotes"),
    }
}

/// A quote that nothing closes up to the end of the file.
fn unclosed_quote(text: &str, at: usize) -> Diagnostic {
    let line = Line::at(text, at);
    let quote = text[at..].chars().next().filter(|char| matches!(char, '"' | '\'')).unwrap_or('"');
    let wrong = Diagnostic::error(
        Code::UnclosedQuote,
        Span::new(at, (at + 1).min(text.len())),
        "the quote that opens here is never closed",
    )
    .help(format!("close it with `{quote}` at the end of the text"));
    let flow = around::value(text, at).is_some_and(|value| value.flow);
    let end = line.start + line.text.trim_end().len();
    if flow || end <= at { wrong } else { wrong.fix("close it at the end of the line", Span::new(end, end), quote) }
}

/// `a: "x` with a quote on a later line: the text ends there, and what follows makes no sense.
fn quote_above(text: &str, at: usize) -> Option<Diagnostic> {
    let before = text[..at].trim_end();
    let quote = before.chars().next_back().filter(|char| matches!(char, '"' | '\''))?;
    let open = before[..before.len() - 1].rfind(quote)?;
    if !before[open..].contains('\n') {
        return None;
    }
    let mut wrong = unclosed_quote(text, open);
    wrong.message = "the quote that opens here is not closed on its line".into();
    Some(wrong.label(Span::new(before.len() - 1, before.len()), "so that this one closes it"))
}

/// A blank that is none, in the indentation or behind a colon or dash of this line or the one above.
fn odd_blank_near(text: &str, at: usize) -> Option<Diagnostic> {
    let line = Line::at(text, at);
    std::iter::once(line).chain(line.above(text)).find_map(|line| {
        let found = line.text.char_indices().find(|(at, char)| {
            let before = line.text[..*at].trim_end_matches([' ', '-']);
            is_odd_blank(*char) && (before.is_empty() || before.ends_with(':'))
        });
        found.map(|(at, _)| odd_blank(text, line.start + at))
    })
}

/// A key indented below one that has a value already: YAML reads it as part of that value.
fn indented_under(text: &str, at: usize) -> Option<Diagnostic> {
    let line = Line::at(text, at);
    let above = line.above(text)?;
    let key = line.text.trim_start().split(':').next()?;
    let colon = line.start + line.indent() + key.len();
    let (owner, value) = above.text.trim_start_matches([' ', '-']).split_once(": ")?;
    let begins = |signs: &[char]| value.trim_start().starts_with(signs);
    let fits = colon == at
        && line.indent() > above.indent()
        && !key.trim().is_empty()
        && !key.contains([' ', '"', '\''])
        && !value.trim().is_empty()
        && !begins(&['|', '>', '"', '\'', '{', '[', '&', '*', '!', '#']);
    if !fits {
        return None;
    }
    let margin = above.text.len() - above.text.trim_start_matches([' ', '-']).len();
    let start = line.start + line.indent();
    let span = Span::new(start, start + key.len());
    let message = format!("`{key}` is indented below `{owner}`, so YAML reads it as part of its value");
    let mut wrong = Diagnostic::error(Code::Indentation, span, message)
        .help(format!("begin `{key}` below the first letter of `{owner}`"));
    let edits = dedented(text, line, line.indent() - margin.min(line.indent()));
    wrong.fixes.push(Fix { title: format!("move `{key}` below `{owner}`"), edits });
    Some(wrong)
}

/// A line whose indentation lies between those of the lines above.
fn misaligned(text: &str, at: usize) -> Option<Diagnostic> {
    let line = Line::at(text, at);
    let key = line.text.trim_start().split(':').next().filter(|key| !key.is_empty() && !key.contains([' ', '"']))?;
    let start = line.start + line.indent();
    let mut margins: Vec<usize> = vec![];
    let mut above = line;
    while let Some(next) = above.above(text) {
        above = next;
        if margins.last().is_none_or(|margin| above.indent() < *margin) {
            margins.push(above.indent());
        }
        if above.indent() == 0 {
            break;
        }
    }
    if at != start || margins.contains(&line.indent()) {
        return None;
    }
    let outer = margins.iter().copied().find(|margin| *margin < line.indent())?;
    let wrong = Diagnostic::error(
        Code::Indentation,
        Span::new(start, start + key.len()),
        format!("`{key}` is indented by {}, which fits none of the lines above", line.indent()),
    );
    margins.reverse();
    let margins: Vec<String> = margins.iter().map(usize::to_string).collect();
    let mut wrong = wrong.help(format!("the lines above are indented by {}", margins.join(", ")));
    let edits = dedented(text, line, line.indent() - outer);
    wrong.fixes.push(Fix { title: format!("indent it by {outer}"), edits });
    Some(wrong)
}

/// Takes blanks from the beginnings of a line and of those that belong to it.
fn dedented(text: &str, first: Line<'_>, by: usize) -> Vec<Edit> {
    let mut edits = vec![];
    let mut line = first;
    loop {
        if !line.text.trim().is_empty() {
            if line.indent() < first.indent() {
                return edits;
            }
            edits.push(Edit { span: Span::new(line.start, line.start + by), text: String::new() });
        }
        match text[line.end()..].find('\n') {
            Some(newline) if line.end() + newline + 1 < text.len() => {
                line = Line::at(text, line.end() + newline + 1);
            }
            _ => return edits,
        }
    }
}

/// `use:file.read` in this line or the one above.
fn blank_near(text: &str, at: usize) -> Option<Diagnostic> {
    let line = Line::at(text, at);
    std::iter::once(line).chain(line.above(text)).find_map(|line| {
        let content = line.text.trim_start_matches([' ', '-']);
        let word = content.split(' ').next().filter(|word| lacks_blank(word))?;
        let start = line.start + line.text.len() - content.len();
        Some(missing_blank(text, Span::new(start, start + word.len())))
    })
}

/// True for `key:value` where both look like what they are.
pub fn lacks_blank(word: &str) -> bool {
    word.split_once(':').is_some_and(|(key, value)| {
        let named = key.starts_with(|first: char| first.is_ascii_alphabetic());
        let is_key = key.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-'));
        named && is_key && !value.is_empty() && !value.starts_with(['/', ':', '\\'])
    })
}

/// Looks for a trap in the value where reading stopped.
fn value(text: &str, at: usize) -> Option<Diagnostic> {
    let around = around::value(text, at)?;
    let Value { key, span, flow } = around;
    let value = &text[span.range()];
    let first = value.chars().next()?;
    let quote = |code, message: String, mended: String| {
        let help = format!("put it in quotes: `{key}: {mended}`");
        Some(Diagnostic::error(code, span, message).help(help).fix("put it in quotes", span, mended))
    };
    let whole = |what: &str| format!("YAML takes {what} for the whole value, and more follows");
    match first {
        '{' if value.starts_with("{{") => quote(
            Code::BareHole,
            "a value that begins with `{{` needs quotes: YAML reads a mapping here".into(),
            quoted(value),
        ),
        '"' | '\'' => {
            let close = value[1..].find(first)? + 1;
            let rest = &value[close + 1..];
            let inner = value[1..].strip_suffix(first);
            match inner.filter(|_| rest.starts_with(char::is_alphanumeric)) {
                _ if rest.trim().is_empty() => None,
                Some(inner) => quote(Code::BareExpression, whole(&format!("the text in {first}…{first}")), quoted(inner)),
                None => quote(Code::BareExpression, whole(&format!("the text in {first}…{first}")), quoted(value)),
            }
        }
        '{' if value.ends_with('}') => None,
        '[' if value.ends_with(']') => None,
        '[' if value.contains(']') => {
            quote(Code::BareExpression, whole("the list"), quoted(value))
        }
        '>' | '|' => Some(block_of_text(first, span)),
        '@' | '`' | '%' => quote(
            Code::FirstCharacter,
            format!("a value cannot begin with {} in YAML", in_backticks(first)),
            quoted(value),
        ),
        _ if flow && value.contains("{{") => quote(
            Code::BareHole,
            "a text with a hole needs quotes between braces: YAML reads a mapping here".into(),
            quoted(value),
        ),
        _ if !value.contains(": ") && !value.ends_with(':') => None,
        _ if is_condition(key) || value.contains(" ? ") => quote(
            Code::BareExpression,
            format!("YAML reads `: ` as a mapping, so `{key}` needs quotes here"),
            quoted(value),
        ),
        _ => quote(
            Code::ColonInText,
            format!("YAML reads `: ` as a mapping, so the text of `{key}` needs quotes"),
            quoted(value),
        ),
    }
}

/// `if: > 3`: YAML reads the beginning of a block of text.
pub fn block_of_text(sign: char, span: Span) -> Diagnostic {
    let message = format!("YAML reads `{sign}` as the beginning of a block of text");
    Diagnostic::error(Code::BareExpression, span, message)
        .help("a comparison has a left side, as in `x > 3`; a text of several lines begins on the next line")
}

fn in_backticks(char: char) -> String {
    if char == '`' { "a backtick (```)".into() } else { format!("`{char}`") }
}

fn is_condition(key: &str) -> bool {
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
