//! A value of the wrong type whose spelling tells what was meant: `yes` for true, `1.10` for a text, one value for
//! a list of one.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::habits;
use crate::types::Type;
use crate::value::Value;
use crate::yaml::traps;

/// Adds to a diagnostic about a value of the wrong type what would be right, where the spelling shows it. The span
/// of the diagnostic is the value as it was written.
pub fn mended(text: &str, wrong: Diagnostic, value: &Value, wanted: &Type) -> Diagnostic {
    let span = wrong.span;
    let source = text.get(span.range()).unwrap_or("");
    let wanted = match wanted {
        Type::Nullable(inner) => inner,
        other => other,
    };
    match (value, wanted) {
        (Value::Text(word), Type::Boolean) => match habits::boolean(word) {
            Some(ours) => wrong.help(format!("write `{ours}`")).fix(format!("write `{ours}`"), span, ours),
            None => wrong,
        },
        (Value::Int(_) | Value::Number(_) | Value::Bool(_), Type::String) => {
            let quoted = traps::quoted(source);
            let read = value.to_string();
            let wrong = match read == source {
                true => wrong,
                false => Diagnostic::error(
                    Code::LostSpelling,
                    span,
                    format!("YAML reads `{source}` as the number {read}, and a text is wanted"),
                ),
            };
            wrong.help(format!("put it in quotes: {quoted}")).fix("put it in quotes", span, quoted)
        }
        (Value::Text(_) | Value::Int(_) | Value::Number(_), Type::List(item))
            if crate::types::fit(value, item).is_ok() =>
        {
            let listed = format!("[{source}]");
            let help = format!("write a list of one: `{listed}`");
            match source.contains(['\n', ',']) {
                true => wrong.help("write a list: `[first, second]`"),
                false => wrong.help(help).fix("make a list of it", span, listed),
            }
        }
        _ => wrong,
    }
}
