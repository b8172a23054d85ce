//! A first look at an expression, before the grammar: brackets, texts, depth, and what authors bring along
//! from other languages. It does not recurse, so that the grammar may.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::expr::{MAX_DEPTH, MAX_LENGTH};
use crate::habits;
use crate::span::Span;
use crate::yaml::traps;

/// A bracket that is open, and what was seen in it.
struct Open {
    bracket: char,
    at: usize,
    /// Conditions (`? :`) since the last comma; each nests.
    choices: usize,
}

/// Finds what the grammar need not see. The spans are bytes of `text`.
pub fn scan(text: &str) -> Result<(), Diagnostic> {
    if text.len() > MAX_LENGTH {
        let message = format!("an expression has at most {MAX_LENGTH} bytes, this one {}", text.len());
        return Err(limit(0, text.len(), message));
    }
    let mut open = vec![Open { bracket: ' ', at: 0, choices: 0 }];
    let mut depth = 0;
    let mut prefixes = 0;
    let mut at = 0;
    while let Some(char) = text[at..].chars().next() {
        let end = at + char.len_utf8();
        let next = text[end..].chars().next();
        let mut after = end;
        match char {
            ' ' | '\t' | '\r' | '\n' => {
                at = end;
                continue;
            }
            '\'' | '"' => after = end_of_text(text, at)?,
            '(' | '[' | '{' => {
                if char == '{' && next == Some('{') {
                    return Err(syntax(at, end + 1, "an expression has no `{{` in it")
                        .help("`{{ }}` stands around a whole expression, and a field that is an expression needs none"));
                }
                open.push(Open { bracket: char, at, choices: 0 });
                depth += 1;
            }
            ')' | ']' | '}' => {
                let closes = match char {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                let last = open.last().expect("the outermost is never closed");
                if last.bracket == ' ' {
                    return Err(syntax(at, end, format!("`{char}` closes nothing")));
                }
                if last.bracket != closes {
                    let message = format!("`{char}` does not close `{}`", last.bracket);
                    let label = Span::new(last.at, last.at + 1);
                    return Err(syntax(at, end, message).label(label, "opened here"));
                }
                depth -= 1 + last.choices;
                open.pop();
            }
            ',' => {
                let last = open.last_mut().expect("the outermost is never closed");
                depth -= last.choices;
                last.choices = 0;
            }
            '?' if next == Some('?') || next == Some('.') => after = end + 1,
            '?' => {
                open.last_mut().expect("the outermost is never closed").choices += 1;
                depth += 1;
            }
            '!' if next == Some('=') => {
                after = end + 1;
                if text[after..].starts_with('=') {
                    return Err(syntax(at, after + 1, "there is no `!==`").fix(
                        "write `!=`",
                        Span::new(at, after + 1),
                        "!=",
                    ));
                }
            }
            '!' => {
                let span = Span::new(at, end);
                return Err(syntax(at, end, "there is no `!`").help("write `not`").fix(
                    "write `not`",
                    span,
                    "not ",
                ));
            }
            '&' => return Err(foreign(text, at, "&", "and")),
            '|' if next == Some('|') => return Err(foreign(text, at, "|", "or")),
            '=' if next == Some('=') => {
                after = end + 1;
                if text[after..].starts_with('=') {
                    return Err(syntax(at, after + 1, "there is no `===`").fix(
                        "write `==`",
                        Span::new(at, after + 1),
                        "==",
                    ));
                }
            }
            '=' if next == Some('>') => after = end + 1,
            '=' => {
                let fix = "write `==`";
                return Err(syntax(at, end, "there is no `=` in an expression")
                    .help("`==` compares; nothing is assigned")
                    .fix(fix, Span::new(at, end), "=="));
            }
            '<' | '>' if next == Some('=') => after = end + 1,
            '<' if next == Some('>') => {
                return Err(syntax(at, end + 1, "there is no `<>`").fix(
                    "write `!=`",
                    Span::new(at, end + 1),
                    "!=",
                ));
            }
            '*' if next == Some('*') => {
                return Err(syntax(at, end + 1, "there is no `**`").help("multiply with `*`"));
            }
            '.' if next == Some('.') => {
                return Err(syntax(at, end + 1, "there is no `..`")
                    .help("a name is found by itself; an outer step is `steps.NAME`"));
            }
            '@' => {
                let word: String = text[end..].chars().take_while(|char| is_name(*char)).collect();
                let fault = syntax(at, end + word.len(), format!("there is no `@{word}`"));
                return Err(match word.as_str() {
                    "index" | "key" => {
                        let title = format!("write `{word}`");
                        fault.help(&title).fix(title, Span::new(at, end + word.len()), word)
                    }
                    _ => fault.help("within `{{#each}}` there are `this`, `index` and `key`"),
                });
            }
            '`' => {
                return Err(syntax(at, end, "a text stands in `'…'` or `\"…\"`").help(
                    "a text with holes needs no expression around it: `Hello {{ x }}`; `+` joins texts",
                ));
            }
            '$' => return Err(habits::dollar(text, at)),
            _ if traps::is_curly(char) => return Err(curly(text, at)),
            _ if traps::is_odd_blank(char) => return Err(traps::odd_blank(text, at)),
            '-' | '+' | '*' | '/' | '%' | '<' | '>' | '|' | ':' | '.' => {}
            _ if is_name(char) => {
                let length: usize =
                    text[at..].chars().take_while(|char| is_name(*char)).map(char::len_utf8).sum();
                after = at + length;
            }
            _ => return Err(syntax(at, end, format!("`{}` means nothing here", char.escape_debug()))),
        }
        prefixes = if char == '-' || &text[at..after] == "not" { prefixes + 1 } else { 0 };
        if depth > MAX_DEPTH || prefixes > MAX_DEPTH {
            let message = format!("an expression nests at most {MAX_DEPTH} deep");
            return Err(limit(at, after, message).help("compute a part of it in a `set` step before"));
        }
        at = after;
    }
    match open.last() {
        Some(last) if last.bracket != ' ' => {
            Err(syntax(last.at, last.at + 1, format!("`{}` is never closed", last.bracket)))
        }
        _ => Ok(()),
    }
}

/// Where the innermost expression around a place begins: after the last open bracket, comma or colon.
pub fn start_around(text: &str, place: usize) -> usize {
    let mut starts = vec![0];
    let mut at = 0;
    while at < place {
        let Some(char) = text[at..].chars().next() else { break };
        let end = at + char.len_utf8();
        at = match char {
            '\'' | '"' => end_of_text(text, at).unwrap_or(text.len()),
            '(' | '[' | '{' => {
                starts.push(end);
                end
            }
            ')' | ']' | '}' if starts.len() > 1 => {
                starts.pop();
                end
            }
            ',' | ':' => {
                if let Some(last) = starts.last_mut() {
                    *last = end;
                }
                end
            }
            '=' if text[end..].starts_with('>') => {
                if let Some(last) = starts.last_mut() {
                    *last = end + 1;
                }
                end + 1
            }
            _ => end,
        };
    }
    let start = starts.last().copied().unwrap_or(0);
    start + text[start..].len() - text[start..].trim_start().len()
}

/// True for what names are made of.
pub fn is_name(char: char) -> bool {
    char == '_' || char.is_alphanumeric() || is_mark(char)
}

/// Marks that combine with a letter: the grammar knows them exactly, here it is enough not to cut a name.
fn is_mark(char: char) -> bool {
    !char.is_ascii()
        && !char.is_whitespace()
        && !char.is_control()
        && unicode_normalization::char::is_combining_mark(char)
}

/// The byte after the text that begins here.
pub fn end_of_text(text: &str, at: usize) -> Result<usize, Diagnostic> {
    let quote = text.as_bytes()[at];
    let mut escaped = false;
    for (offset, byte) in text.as_bytes().iter().enumerate().skip(at + 1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            byte if *byte == quote => return Ok(offset + 1),
            _ => {}
        }
    }
    Err(syntax(at, at + 1, "a text that begins here never ends"))
}

fn foreign(text: &str, at: usize, sign: &str, word: &str) -> Diagnostic {
    let end = at + text[at..].bytes().take_while(|byte| *byte == sign.as_bytes()[0]).count();
    let written = &text[at..end];
    let left = text[..at].ends_with(|char: char| !char.is_whitespace());
    let right = text[end..].starts_with(|char: char| !char.is_whitespace());
    let (before, after) = (if left { " " } else { "" }, if right { " " } else { "" });
    syntax(at, end, format!("there is no `{written}`")).help(format!("write `{word}`")).fix(
        format!("write `{word}`"),
        Span::new(at, end),
        format!("{before}{word}{after}"),
    )
}

/// Quotes of a word processor around a text.
fn curly(text: &str, at: usize) -> Diagnostic {
    let char = text[at..].chars().next().unwrap_or('“');
    let end = at + char.len_utf8();
    let wrong =
        Diagnostic::error(Code::CurlyQuotes, Span::new(at, end), format!("`{char}` is no quote here"));
    match text[end..].find(traps::is_curly) {
        Some(length) if !text[end..end + length].contains(['"', '\'', '\\']) => {
            let close = text[end + length..].chars().next().map_or(0, char::len_utf8);
            let inner = &text[end..end + length];
            let fixed = format!("\"{inner}\"");
            wrong.help(format!("write `{fixed}`")).fix(
                "write straight quotes",
                Span::new(at, end + length + close),
                fixed,
            )
        }
        _ => wrong.help("a text stands in `'…'` or `\"…\"`"),
    }
}

pub(super) fn syntax(start: usize, end: usize, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Code::ExprSyntax, Span::new(start, end), message)
}

fn limit(start: usize, end: usize, message: String) -> Diagnostic {
    Diagnostic::error(Code::ExprLimit, Span::new(start, end), message)
}
