//! The grammar's errors in our words, with what was probably meant.

use pest::error::{ErrorVariant, InputLocation};

use crate::diagnostic::Diagnostic;
use crate::expr::functions;
use crate::expr::grammar::Rule;
use crate::expr::scan::{self, syntax};
use crate::span::Span;

/// The grammar's error in our words.
pub fn reworded(text: &str, error: &pest::error::Error<Rule>) -> Diagnostic {
    let at = match error.location {
        InputLocation::Pos(at) => at,
        InputLocation::Span((start, _)) => start,
    };
    let at = at + text[at..].len() - text[at..].trim_start().len();
    let wanted = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives.as_slice(),
        ErrorVariant::CustomError { .. } => &[],
    };
    meant(text, at, wanted).unwrap_or_else(|| expected(text, at, wanted))
}

/// What was probably meant, where that can be told.
fn meant(text: &str, at: usize, wanted: &[Rule]) -> Option<Diagnostic> {
    let word = word_at(&text[at..]);
    let end = at + word.len();
    let before = text[..at].trim_end();
    let in_operand = wanted.contains(&Rule::add);
    if wanted.contains(&Rule::pipe) && !in_operand && OPERATORS.contains(&word) {
        let start = scan::start_around(text, at);
        let piped = text[start..at].trim_end();
        let message = format!("`{word}` cannot stand behind a `|` without parentheses");
        let fault = syntax(at, end, message).help(format!("write `({piped}) {word} …`"));
        let span = Span::new(start, start + piped.len());
        return Some(fault.fix(format!("write `({piped})`"), span, format!("({piped})")));
    }
    if word == "(" && before.ends_with(scan::is_name) {
        let name = before.rsplit(|char| !scan::is_name(char)).next().unwrap_or_default();
        let message = format!("`.{name}(…)` is no call: functions are not part of a value");
        return Some(syntax(at, end, message).help(format!("write `x | {name}` or `{name}(x)`")));
    }
    if word.starts_with(|char: char| char.is_ascii_digit()) {
        if before.ends_with('.') {
            return Some(syntax(at, end, format!("an item is read by `[{word}]`, not by `.{word}`")));
        }
        if !in_operand && !word.bytes().all(|byte| byte.is_ascii_digit()) {
            let help = match crate::duration::parse(word) {
                Some(_) => format!("a length of time is `duration(\"{word}\")`"),
                None => "a name does not begin with a digit".into(),
            };
            return Some(syntax(at, end, format!("`{word}` is neither a number nor a name")).help(help));
        }
    }
    if in_operand && !word.is_empty() && functions::find(before).is_some() {
        let argument = text[at..].trim_end();
        let message = format!("the arguments of `{before}` stand in parentheses");
        let call = format!("{before}({argument})");
        let span = Span::new(before.len() - before.trim_start().len(), at + argument.len());
        return Some(syntax(at, end, message).fix(format!("write `{call}`"), span, call));
    }
    None
}

/// What the grammar expected.
fn expected(text: &str, at: usize, wanted: &[Rule]) -> Diagnostic {
    let word = word_at(&text[at..]);
    let before = text[..at].trim_end();
    let wants = |rule| wanted.contains(&rule);
    let operand = [Rule::number, Rule::operation, Rule::choice, Rule::expression];
    let what = if operand.into_iter().any(wants) {
        "a value"
    } else if wants(Rule::target) || before.ends_with('|') {
        "the name of a function behind `|`"
    } else if wants(Rule::colon) {
        "`:`"
    } else if !wants(Rule::add) && (wants(Rule::word) || wants(Rule::entry)) {
        "a name"
    } else {
        "an operator or the end"
    };
    if word.is_empty() {
        let last = before.chars().next_back().map_or(0, char::len_utf8);
        return syntax(
            before.len() - last,
            before.len(),
            format!("expected {what}, the expression ends here"),
        );
    }
    let fault = syntax(at, at + word.len(), format!("expected {what}, found `{word}`"));
    if what == "an operator or the end" {
        fault.help("two values need an operator between them")
    } else {
        fault
    }
}

const OPERATORS: [&str; 16] =
    ["<", ">", "<=", ">=", "==", "!=", "+", "-", "*", "/", "%", "??", "and", "or", "in", "not"];

/// The word or sign that begins here.
fn word_at(text: &str) -> &str {
    let Some(first) = text.chars().next() else { return "" };
    if scan::is_name(first) {
        let end = text.find(|char| !scan::is_name(char)).unwrap_or(text.len());
        return &text[..end];
    }
    if first == '"' || first == '\'' {
        let end = scan::end_of_text(text, 0).unwrap_or(first.len_utf8());
        return &text[..end];
    }
    for sign in ["??", "?.", "==", "!=", "<=", ">=", "=>"] {
        if text.starts_with(sign) {
            return &text[..2];
        }
    }
    &text[..first.len_utf8()]
}
