//! Texts that are expressions but for their braces: `output: steps.a.total` is a text.

use crate::ast::{Arg, ArgKind};
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::expr::scan;
use crate::span::Span;
use crate::value::Value;

/// Warns of each text that is the path of a step or an input that there is.
pub fn missing(
    arg: &Arg,
    is_step: &dyn Fn(&str) -> bool,
    is_input: &dyn Fn(&str) -> bool,
) -> Vec<Diagnostic> {
    let mut found = vec![];
    look(arg, is_step, is_input, &mut found);
    found
}

fn look(
    arg: &Arg,
    is_step: &dyn Fn(&str) -> bool,
    is_input: &dyn Fn(&str) -> bool,
    found: &mut Vec<Diagnostic>,
) {
    match &arg.kind {
        ArgKind::Value(Value::Text(text)) => {
            let known = |root: &str, is: &dyn Fn(&str) -> bool| path(text, root).is_some_and(is);
            if known("steps.", is_step) || known("inputs.", is_input) {
                found.push(warning(text, arg.span));
            }
        }
        ArgKind::List(items) => items.iter().for_each(|item| look(item, is_step, is_input, found)),
        ArgKind::Object(entries) => {
            entries.iter().for_each(|(_, value)| look(value, is_step, is_input, found));
        }
        ArgKind::Value(_) | ArgKind::Expr(_) | ArgKind::Text(_) | ArgKind::Wrong => {}
    }
}

fn warning(text: &str, span: Span) -> Diagnostic {
    let mended = format!("\"{{{{ {text} }}}}\"");
    Diagnostic::warning(
        Code::MissingBraces,
        span,
        format!("`{text}` is a text here, not the value of that name"),
    )
    .help(format!("write {mended}"))
    .fix(format!("write {mended}"), span, mended)
}

/// The name behind the root, where the whole text is a path from there.
fn path<'t>(text: &'t str, root: &str) -> Option<&'t str> {
    let rest = text.strip_prefix(root)?;
    let is_path = rest.chars().all(|char| scan::is_name(char) || matches!(char, '.' | '?' | '[' | ']'));
    let name = rest.split(|char| !scan::is_name(char)).next()?;
    is_path.then_some(name).filter(|name| !name.is_empty())
}
