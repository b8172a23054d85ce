//! Functions over texts.

use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::shape::{INTEGERS, LISTS, Shape, TEXTS, Wants};
use super::{Function, optional, value};
use crate::expr::Halt;
use crate::expr::call::Call;
use crate::expr::fault::named;
use crate::types::Type;
use crate::value::{Object, Value};

const PADDED: Wants = &[Shape::String, Shape::Number];

pub const TEXT: &[Function] = &[
    Function {
        name: "ends_with",
        parameters: &[value("text", TEXTS), value("end", TEXTS)],
        gives: |_| Type::Boolean,
        about: "True if the text ends with another.",
        example: "'a.csv' | ends_with('.csv') => true",
        body: |call| Ok(Value::Bool(call.text(0)?.ends_with(&*call.text(1)?))),
    },
    Function {
        name: "extract",
        parameters: &[value("text", TEXTS), value("pattern", TEXTS)],
        gives: |_| Type::Any,
        about: "What a regular expression finds first: the one group, an object of named groups, a list of several, \
                or the whole where there are none; null if nothing is found.",
        example: "extract('order 17, paid', 'order ([0-9]+)') => '17'",
        body: extract,
    },
    Function {
        name: "join",
        parameters: &[value("list", LISTS), optional("between", TEXTS)],
        gives: |_| Type::String,
        about: "The items as one text, with a text between them.",
        example: "['a', 1] | join(', ') => 'a, 1'",
        body: join,
    },
    Function {
        name: "lines",
        parameters: &[value("text", TEXTS)],
        gives: |_| Type::list(Type::String),
        about: "The lines of a text.",
        example: "lines('a\\nb\\n') => ['a', 'b']",
        body: |call| {
            let text = call.text(0)?;
            call.collected(text.lines())
        },
    },
    Function {
        name: "lower",
        parameters: &[value("text", TEXTS)],
        gives: |_| Type::String,
        about: "The text in lower case.",
        example: "lower('Ada') => 'ada'",
        body: |call| Ok(Value::text(call.text(0)?.to_lowercase())),
    },
    Function {
        name: "matches",
        parameters: &[value("text", TEXTS), value("pattern", TEXTS)],
        gives: |_| Type::Boolean,
        about: "True if a regular expression matches somewhere in the text.",
        example: "matches('a17', '[0-9]+$') => true",
        body: |call| {
            let (text, pattern) = (call.text(0)?, call.text(1)?);
            let pattern = call.pattern(&pattern, text.len())?;
            Ok(Value::Bool(pattern.is_match(&text)))
        },
    },
    Function {
        name: "pad",
        parameters: &[value("text", PADDED), value("width", INTEGERS), optional("with", TEXTS)],
        gives: |_| Type::String,
        about: "The text filled up to a width in characters, a number on its left and a text on its right.",
        example: "pad(7, 3, '0') + pad('a', 2) + '|' => '007a |'",
        body: pad,
    },
    Function {
        name: "replace",
        parameters: &[value("text", TEXTS), value("find", TEXTS), value("with", TEXTS)],
        gives: |_| Type::String,
        about: "The text with each occurrence of another replaced.",
        example: "replace('a-b-c', '-', '+') => 'a+b+c'",
        body: |call| {
            let (text, find, with) = (call.text(0)?, call.text(1)?, call.text(2)?);
            if find.is_empty() {
                return Err(call.fail("there is nothing to find in an empty text"));
            }
            let count = text.matches(&*find).count();
            call.machine.spend_bytes(text.len().saturating_add(count.saturating_mul(with.len())))?;
            Ok(Value::text(text.replace(&*find, &with)))
        },
    },
    Function {
        name: "slug",
        parameters: &[value("text", TEXTS)],
        gives: |_| Type::String,
        about: "The text as it may stand in an address: lower case, digits and `-`.",
        example: "slug('Crème brûlée, 2 pcs!') => 'creme-brulee-2-pcs'",
        body: slug,
    },
    Function {
        name: "split",
        parameters: &[value("text", TEXTS), value("at", TEXTS)],
        gives: |_| Type::list(Type::String),
        about: "The parts of a text between occurrences of another; its characters where that is empty.",
        example: "'a,b' | split(',') => ['a', 'b']",
        body: |call| {
            let (text, at) = (call.text(0)?, call.text(1)?);
            if at.is_empty() {
                let mut buffer = [0; 4];
                let mut parts = vec![];
                for char in text.chars() {
                    call.machine.spend(1)?;
                    parts.push(Value::text(&*char.encode_utf8(&mut buffer)));
                }
                return Ok(Value::list(parts));
            }
            call.collected(text.split(&*at))
        },
    },
    Function {
        name: "starts_with",
        parameters: &[value("text", TEXTS), value("start", TEXTS)],
        gives: |_| Type::Boolean,
        about: "True if the text begins with another.",
        example: "starts_with('abc', 'ab') => true",
        body: |call| Ok(Value::Bool(call.text(0)?.starts_with(&*call.text(1)?))),
    },
    Function {
        name: "title",
        parameters: &[value("text", TEXTS)],
        gives: |_| Type::String,
        about: "The text with each word's first letter in upper case.",
        example: "title('ada lovelace') => 'Ada Lovelace'",
        body: |call| {
            let text = call.text(0)?;
            let mut titled = String::with_capacity(text.len());
            let mut within = false;
            for char in text.chars() {
                match within {
                    true => titled.extend(char.to_lowercase()),
                    false => titled.extend(char.to_uppercase()),
                }
                within = char.is_alphanumeric()
                    || is_combining_mark(char)
                    || (within && matches!(char, '\'' | '’'));
            }
            Ok(Value::text(titled))
        },
    },
    Function {
        name: "trim",
        parameters: &[value("text", TEXTS)],
        gives: |_| Type::String,
        about: "The text without white space at both ends.",
        example: "trim(' a b ') => 'a b'",
        body: |call| Ok(Value::text(call.text(0)?.trim())),
    },
    Function {
        name: "truncate",
        parameters: &[value("text", TEXTS), value("length", INTEGERS), optional("end", TEXTS)],
        gives: |_| Type::String,
        about: "The text cut to so many characters, with `…` or another end where something was cut.",
        example: "truncate('abcdef', 4) => 'abc…'",
        body: |call| {
            let (text, length) = (call.text(0)?, call.size(1)?);
            let end: Arc<str> = if call.has(2) { call.text(2)? } else { "…".into() };
            if text.chars().nth(length).is_none() {
                return Ok(Value::Text(text));
            }
            let kept = length.saturating_sub(end.chars().count());
            let cut: String = text.chars().take(kept).chain(end.chars()).take(length).collect();
            Ok(Value::text(cut))
        },
    },
    Function {
        name: "upper",
        parameters: &[value("text", TEXTS)],
        gives: |_| Type::String,
        about: "The text in upper case.",
        example: "'ada' | upper => 'ADA'",
        body: |call| Ok(Value::text(call.text(0)?.to_uppercase())),
    },
    Function {
        name: "words",
        parameters: &[value("text", TEXTS)],
        gives: |_| Type::list(Type::String),
        about: "The parts of a text between white space.",
        example: "words(' a  b ') => ['a', 'b']",
        body: |call| {
            let text = call.text(0)?;
            call.collected(text.split_whitespace())
        },
    },
];

fn extract(call: &mut Call<'_, '_>) -> Result<Value, Halt> {
    let (text, pattern) = (call.text(0)?, call.text(1)?);
    let pattern = call.pattern(&pattern, text.len())?;
    let Some(found) = pattern.captures(&text) else { return Ok(Value::Null) };
    let group = |at: usize| found.get(at).map_or(Value::Null, |part| Value::text(part.as_str()));
    let names =
        pattern.capture_names().enumerate().filter_map(|(at, name)| Some((Arc::from(name?), group(at))));
    let named: Object = names.collect();
    Ok(match found.len() {
        _ if !named.is_empty() => Value::Object(Arc::new(named)),
        1 => group(0),
        2 => group(1),
        count => Value::list((1..count).map(group).collect()),
    })
}

fn join(call: &mut Call<'_, '_>) -> Result<Value, Halt> {
    let items = call.list(0)?;
    let between = if call.has(1) { call.text(1)? } else { "".into() };
    let mut text = String::new();
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push_str(&between);
        }
        let before = text.len();
        match item {
            Value::Text(item) => text.push_str(item),
            item => text.push_str(&call.shown(item)?),
        }
        call.machine.spend((text.len() - before) / 64)?;
        call.within_bounds(text.len())?;
    }
    Ok(Value::text(text))
}

fn pad(call: &mut Call<'_, '_>) -> Result<Value, Halt> {
    let value = call.any(0);
    let text = match &value {
        Value::Text(_) => call.text(0)?,
        Value::Int(_) | Value::Number(_) => value.to_string().into(),
        other => return Err(call.fail(format!("a text or a number is wanted, found {}", named(other)))),
    };
    let width = call.size(1)?;
    let with: Arc<str> = if call.has(2) { call.text(2)? } else { " ".into() };
    let missing = width.saturating_sub(text.chars().count());
    if with.is_empty() {
        return Err(call.fail("there is nothing to fill with in an empty text"));
    }
    let widest = with.chars().map(char::len_utf8).max().unwrap_or(1);
    call.machine.spend_bytes(missing.saturating_mul(widest).saturating_add(text.len()))?;
    let length = with.chars().count();
    let mut filling = with.repeat(missing / length);
    filling.extend(with.chars().take(missing % length));
    Ok(Value::text(match value {
        Value::Text(_) => format!("{text}{filling}"),
        _ => format!("{filling}{text}"),
    }))
}

fn slug(call: &mut Call<'_, '_>) -> Result<Value, Halt> {
    let text = call.text(0)?;
    let mut slug = String::with_capacity(text.len());
    for char in text.nfkd().filter(|char| !is_combining_mark(*char)) {
        match char {
            'ß' => slug.push_str("ss"),
            'æ' | 'Æ' => slug.push_str("ae"),
            'ø' | 'Ø' => slug.push('o'),
            _ if char.is_alphanumeric() => slug.extend(char.to_lowercase()),
            '\'' | '’' => {}
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
    }
    Ok(Value::text(slug.trim_end_matches('-')))
}
