//! Functions over texts.

use super::{Function, optional, value};
use crate::expr::Halt;
use crate::expr::eval::Call;
use crate::value::Value;

pub const TEXT: &[Function] = &[
    Function {
        name: "lower",
        parameters: &[value("text")],
        about: "The text in lower case.",
        example: "lower('Ada') => 'ada'",
        body: |call| Ok(Value::text(call.text(0)?.to_lowercase())),
    },
    Function {
        name: "trim",
        parameters: &[value("text")],
        about: "The text without white space at both ends.",
        example: "trim(' a b ') => 'a b'",
        body: |call| Ok(Value::text(call.text(0)?.trim())),
    },
    Function {
        name: "upper",
        parameters: &[value("text")],
        about: "The text in upper case.",
        example: "'ada' | upper => 'ADA'",
        body: |call| Ok(Value::text(call.text(0)?.to_uppercase())),
    },
    Function {
        name: "join",
        parameters: &[value("list"), optional("between")],
        about: "The items as one text, with a text between them.",
        example: "['a', 1] | join(', ') => 'a, 1'",
        body: join,
    },
];

fn join(call: &mut Call<'_, '_>) -> Result<Value, Halt> {
    let items = call.list(0)?;
    let between = if call.has(1) { call.text(1)? } else { "".into() };
    let mut text = String::new();
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push_str(&between);
        }
        let shown = call.shown(item)?;
        call.machine.spend_bytes(text.len().saturating_add(shown.len()).saturating_sub(text.len()))?;
        text.push_str(&shown);
        if text.len() > crate::expr::eval::MAX_WEIGHT {
            return Err(crate::expr::eval::too_large());
        }
    }
    Ok(Value::text(text))
}
