//! Why a text could not be read as YAML: a trap if we know it, else the parser's reason in our words.

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Edit, Fix};
use crate::span::Span;
use crate::yaml::around::{self, Line, Value};
use crate::yaml::traps::{
    bare_hole, block_of_text, is_condition, is_odd_blank, lacks_blank, missing_blank, odd_blank, quoted,
};

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
    /// A bracket that is closed by one of another kind.
    Mismatch,
    /// A quote that is not closed.
    Quote,
    /// A line among the items of a list that is none.
    Dash(String),
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
        Stop::Mismatch => Some(mismatch(text, at)),
        Stop::Layout(_) | Stop::Bracket(_) | Stop::Dash(_) | Stop::Other(_) => odd_blank_near(text, at)
            .or_else(|| indented_under(text, at))
            .or_else(|| blank_near(text, at))
            .or_else(|| colon_above(text, at))
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
        Stop::Dash(message) => wrong(message).help("begin the line with a dash").fix(
            "begin it with a dash",
            Span::new(at, at),
            "- ",
        ),
        Stop::Other(message) => wrong(message),
        Stop::Tab | Stop::UnknownAnchor | Stop::TooDeep | Stop::Quote | Stop::Mismatch => {
            wrong("YAML cannot be read here".into())
        }
    }
}

/// A tab in the indentation. Those of the lines that follow are replaced with it.
fn tab(text: &str, at: usize) -> Diagnostic {
    let tab = text[..at].rfind('\t').filter(|tab| !text[*tab..at].contains('\n')).unwrap_or(at);
    let span = Span::new(tab, tab + 1);
    let mut wrong = Diagnostic::error(Code::Tab, span, "YAML does not allow a tab in the indentation")
        .help("use spaces; most editors can convert tabs");
    let mut start = Line::at(text, tab).start;
    let mut edits = vec![];
    for line in text[start..].split_inclusive('\n') {
        let margin = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
        if !margin.contains('\t') {
            break;
        }
        let tabs = margin.match_indices('\t').map(|(at, _)| start + at);
        edits.extend(tabs.map(|at| Edit { span: Span::new(at, at + 1), text: "  ".into() }));
        start += line.len();
    }
    if edits.is_empty() {
        return wrong;
    }
    wrong.fixes.push(Fix { title: "replace each tab by two spaces".into(), edits });
    wrong
}

fn unknown_anchor(text: &str, at: usize) -> Diagnostic {
    let name = text[at..].split([' ', '\r', '\n', ',', ']', '}']).next().unwrap_or("*");
    let span = Span::new(at, at + name.len());
    let wrong = Diagnostic::error(Code::Alias, span, format!("`{name}` names no anchor that stands above"));
    match around::value(text, at).filter(|value| value.span.range().start == at) {
        Some(value) => {
            let quoted = quoted(&text[value.span.range()]);
            wrong.help(format!("a text that begins with `*` needs quotes: {quoted}")).fix(
                "put it in quotes",
                value.span,
                quoted,
            )
        }
        None => wrong.help("a text that begins with `*` needs quotes"),
    }
}

/// `{ … ]`: the place is that of either bracket.
fn mismatch(text: &str, at: usize) -> Diagnostic {
    let sign = text[at..].chars().next().unwrap_or('{');
    let span = Span::new(at, at + sign.len_utf8());
    let wrong = |message: String| Diagnostic::error(Code::Yaml, span, message);
    match sign {
        '{' => wrong("`{` is closed by a bracket of another kind".into()).help("close it with `}`"),
        '[' => wrong("`[` is closed by a bracket of another kind".into()).help("close it with `]`"),
        _ => wrong(format!("`{sign}` closes a bracket of another kind")),
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
    if flow || end <= at {
        wrong
    } else {
        wrong.fix("close it at the end of the line", Span::new(end, end), quote)
    }
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
    let key = line.text.trim_start_matches(' ').split(':').next()?;
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
    let key = line
        .text
        .trim_start_matches(' ')
        .split(':')
        .next()
        .filter(|key| !key.is_empty() && !key.contains([' ', '"']))?;
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
    // Between two margins of one distance it may belong to either.
    let inner = margins.iter().copied().rfind(|margin| *margin > line.indent());
    let unclear = inner.is_some_and(|inner| inner - line.indent() <= line.indent() - outer);
    let wrong = Diagnostic::error(
        Code::Indentation,
        Span::new(start, start + key.len()),
        format!("`{key}` is indented by {}, which fits none of the lines above", line.indent()),
    );
    margins.reverse();
    let margins: Vec<String> = margins.iter().map(usize::to_string).collect();
    let mut wrong = wrong.help(format!("the lines above are indented by {}", margins.join(", ")));
    if !unclear {
        let edits = dedented(text, line, line.indent() - outer);
        wrong.fixes.push(Fix { title: format!("indent it by {outer}"), edits });
    }
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

/// `fetch` on a line of its own, with keys below it: its colon is missing.
fn colon_above(text: &str, at: usize) -> Option<Diagnostic> {
    let line = Line::at(text, at);
    let above = line.above(text)?;
    let word = above.text.trim();
    let is_key = word.chars().all(|char| char.is_alphanumeric() || matches!(char, '_' | '-'))
        && word.starts_with(char::is_alphabetic);
    let key = line.text.trim_start_matches(' ').split(':').next().unwrap_or("");
    let first_colon = line.start + line.indent() + key.len() == at;
    if !is_key || !first_colon || line.indent() <= above.indent() {
        return None;
    }
    let start = above.start + above.indent();
    let span = Span::new(start, start + word.len());
    let message = format!("a colon is missing behind `{word}`, so YAML reads a text");
    let fix = format!("write `{word}:`");
    Some(Diagnostic::error(Code::MissingBlank, span, message).help(fix.clone()).fix(
        fix,
        Span::new(start + word.len(), start + word.len()),
        ":",
    ))
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
    let whole = |what: &str| format!("YAML takes {what} for the whole value of `{key}`, and more follows");
    match first {
        '{' if value.starts_with("{{") => Some(bare_hole(text, span)),
        '"' | '\'' => {
            let close = value[1..].find(first)? + 1;
            let rest = &value[close + 1..];
            let inner = value[1..].strip_suffix(first);
            match inner.filter(|_| rest.starts_with(char::is_alphanumeric)) {
                _ if rest.trim().is_empty() => None,
                Some(inner) => {
                    quote(Code::BareExpression, whole(&format!("the text in {first}…{first}")), quoted(inner))
                }
                None => {
                    quote(Code::BareExpression, whole(&format!("the text in {first}…{first}")), quoted(value))
                }
            }
        }
        '{' => None,
        '[' if value.ends_with(']') || !value.contains(']') => None,
        '[' => quote(Code::BareExpression, whole("the list"), quoted(value)),
        '>' | '|' if value[1..].trim_start_matches(['+', '-', '1', '2', '3', '4']).is_empty() => {
            unindented_block(text, key, at)
        }
        '>' | '|' => Some(block_of_text(first, span)),
        '@' | '`' | '%' => quote(
            Code::FirstCharacter,
            format!("the value of `{key}` cannot begin with {} in YAML", in_backticks(first)),
            quoted(value),
        ),
        _ if flow && value.contains("{{") => quote(
            Code::BareHole,
            format!("the text of `{key}` needs quotes, for the hole in it: YAML reads a mapping here"),
            quoted(value),
        ),
        _ if !value.contains(": ") && !value.ends_with(':') => None,
        _ if flow && missing_comma(value).is_some() => {
            let (before, name) = missing_comma(value)?;
            let place = Span::new(span.range().start + before, span.range().start + before);
            let wrong = Diagnostic::error(
                Code::Yaml,
                Span::new(place.range().start + 1, place.range().start + 1 + name.len()),
                format!("a comma is missing before `{name}`"),
            );
            Some(wrong.help(format!("write `, {name}: …`")).fix("write a comma", place, ","))
        }
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

/// `1 b: 2` within braces: how long the first value is, and the key behind it.
fn missing_comma(value: &str) -> Option<(usize, &str)> {
    let (first, rest) = value.split_once(' ')?;
    let (name, _) = rest.split_once(':')?;
    let whole = first.parse::<f64>().is_ok()
        || matches!(first, "true" | "false" | "null")
        || first.ends_with(['"', '\'', ']', '}']);
    let is_key = !name.is_empty() && name.chars().all(|char| char.is_alphanumeric() || char == '_');
    (whole && is_key).then_some((first.len(), name))
}

/// `fail: |` with its text at the margin of the key.
fn unindented_block(text: &str, key: &str, at: usize) -> Option<Diagnostic> {
    let line = Line::at(text, at);
    let start = line.start + line.indent();
    let wrong = Diagnostic::error(
        Code::Indentation,
        Span::new(start, line.end().max(start)),
        format!("the block of text of `{key}` begins here and is not indented further than its key"),
    );
    (start < line.end()).then(|| {
        wrong.help(format!("indent each line of the text further than `{key}`")).fix(
            "indent this line",
            Span::new(line.start, line.start),
            "  ",
        )
    })
}

fn in_backticks(char: char) -> String {
    if char == '`' { "a backtick (```)".into() } else { format!("`{char}`") }
}
