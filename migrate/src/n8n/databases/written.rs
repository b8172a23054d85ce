//! Statements that are written out: their marks become those of the database, and a value that stands as a text becomes
//! a mark. Any other value within a statement is told, since it would be a part of its text.

use serde_json::Value;

use super::{Dialect, Gives, Statement, listed};
use crate::js;
use crate::n8n::params::Params;
use crate::n8n::say::{Piece, Say, pieces};
use crate::n8n::weave::{Place, Res, Weave};
use crate::report::{Kind, Why};
use crate::tree::Tree;

/// Stands around the number of a value while a statement is taken apart; no statement has it.
const MARK: char = '\u{0}';

/// A statement that is written out, with its marks and what stands for them.
pub fn written(
    weave: &mut Weave,
    place: &Place,
    params: &Params,
    version: f64,
    statement: &mut Statement,
) -> Res<Gives> {
    let raw = params.text("query").unwrap_or_default().replace(MARK, "");
    let given = replacements(weave, place, params, version)?;
    let mut text = String::new();
    let mut made = vec![];
    for piece in pieces(raw.trim_start_matches('=')) {
        match piece {
            Piece::Plain(plain) => text += &plain,
            // Of a value only its place is left, where it cannot be anything but a value.
            Piece::Code(code) => {
                made.push(Value::from(format!("={{{{ {code} }}}}")));
                text += &format!("{MARK}{}{MARK}", made.len() - 1);
            }
        }
    }
    let (sql, used) = marked(text.trim(), statement.dialect, given.len())?;
    for used in used {
        let value = match used {
            Used::Given(at) => given[at].clone(),
            Used::Made(at) => Say::new(weave, place).tree(&made[at])?,
        };
        statement.params.push(value);
    }
    statement.sql = sql;
    Ok(kind(&statement.sql, statement.dialect))
}

/// What stands for the marks of a statement that is written out.
fn replacements(weave: &mut Weave, place: &Place, params: &Params, version: f64) -> Res<Vec<Tree>> {
    if version < 2.0 {
        let names = listed(params, "additionalFields.queryParams");
        return names.iter().map(|name| Ok(Tree::Text(place.item.field(name)?.hole()))).collect();
    }
    let Some(found) = params.get("options.queryReplacement") else { return Ok(vec![]) };
    let Value::String(raw) = found else {
        let Value::Array(items) = found else {
            return Err(Why::new(Kind::Setting, "values of its statement that are no list"));
        };
        return items.iter().map(|item| Say::new(weave, place).tree(item)).collect();
    };
    let is_made = raw.starts_with('=');
    let mut words = vec![String::new()];
    for piece in pieces(raw.trim_start_matches('=')) {
        match piece {
            Piece::Plain(plain) => {
                for (at, part) in plain.split(',').enumerate() {
                    if at > 0 {
                        words.push(String::new());
                    }
                    if let Some(word) = words.last_mut() {
                        *word += part;
                    }
                }
            }
            Piece::Code(code) => {
                if let Some(word) = words.last_mut() {
                    *word += &format!("{{{{ {code} }}}}");
                }
            }
        }
    }
    let words: Vec<&str> = words.iter().map(|word| word.trim()).filter(|word| !word.is_empty()).collect();
    // One expression may give them all.
    if let [only] = words[..]
        && let Some(code) = only.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"))
        && code.trim().starts_with('[')
    {
        let unread = |why| Why::new(Kind::Expression, format!("the values of its statement: {why}"));
        let js::Js::List(items) = js::read(code.trim()).map_err(unread)? else {
            return Err(Why::new(Kind::Setting, "values of its statement that are made as a whole"));
        };
        let mut say = Say::new(weave, place);
        return items.iter().map(|item| Ok(Tree::Text(say.value(item)?.hole()))).collect();
    }
    let as_value = |word: &str| {
        if is_made || word.contains("{{") { Value::from(format!("={word}")) } else { Value::from(word) }
    };
    words.into_iter().map(|word| Say::new(weave, place).tree(&as_value(word))).collect()
}

/// What stands for a mark.
enum Used {
    Given(usize),
    Made(usize),
}

/// A statement with the marks of the database, and what stands for each, in its order.
fn marked(text: &str, dialect: &Dialect, given: usize) -> Res<(String, Vec<Used>)> {
    let inside = || {
        Why::new(
            Kind::Expression,
            "a value within its statement: write a mark in its place, and pass it by `params`",
        )
    };
    let chars: Vec<char> = text.chars().collect();
    let (mut out, mut used, mut at) = (String::new(), Vec::<Used>::new(), 0);
    // Numbered marks keep their numbers, and what is made comes behind what is given.
    let mut made: Vec<usize> = vec![];
    let mut write = |out: &mut String, one: Used| {
        if dialect.numbered {
            let number = match one {
                Used::Given(at) => at + 1,
                Used::Made(at) => {
                    made.push(at);
                    given + made.len()
                }
            };
            *out += &format!("${number}");
        } else {
            out.push('?');
            used.push(one);
        }
    };
    while at < chars.len() {
        let char = chars[at];
        match char {
            // Text: a hole alone in it is a value, and one within it is not carried over.
            '\'' | '"' | '`' => {
                let end = (at + 1..chars.len()).find(|end| chars[*end] == char).ok_or_else(inside)?;
                let inner: String = chars[at + 1..end].iter().collect();
                let hole = inner.strip_prefix(MARK).and_then(|rest| rest.strip_suffix(MARK));
                match hole.and_then(|number| number.parse().ok()) {
                    Some(number) if char == '\'' => write(&mut out, Used::Made(number)),
                    _ if inner.contains(MARK) => return Err(inside()),
                    _ if inner.contains('$') && has_mark(&inner) => {
                        return Err(Why::new(Kind::Setting, "a mark within a text of its statement"));
                    }
                    _ => out.extend(&chars[at..=end]),
                }
                at = end + 1;
            }
            MARK => return Err(inside()),
            '$' if chars.get(at + 1).is_some_and(char::is_ascii_digit) => {
                let digits: String =
                    chars[at + 1..].iter().take_while(|char| char.is_ascii_digit()).collect();
                at += 1 + digits.len();
                if chars.get(at) == Some(&':') && chars.get(at + 1) != Some(&':') {
                    return Err(Why::new(Kind::Setting, "a name or a list that is passed to its statement"));
                }
                match digits.parse::<usize>() {
                    Ok(number) if (1..=given).contains(&number) => write(&mut out, Used::Given(number - 1)),
                    _ => return Err(Why::new(Kind::Setting, "a mark of its statement without a value")),
                }
            }
            ';' if chars[at + 1..].iter().any(|char| !char.is_whitespace()) => {
                return Err(Why::new(Kind::Setting, "several statements in one"));
            }
            ';' => at += 1,
            _ => {
                out.push(char);
                at += 1;
            }
        }
    }
    if dialect.numbered {
        used = (0..given).map(Used::Given).chain(made.into_iter().map(Used::Made)).collect();
    }
    Ok((out.trim_end().to_owned(), used))
}

fn has_mark(text: &str) -> bool {
    text.split('$').skip(1).any(|rest| rest.starts_with(|char: char| char.is_ascii_digit()))
}

/// Whether a statement reads, and what it gives.
fn kind(sql: &str, dialect: &Dialect) -> Gives {
    let low = sql.to_lowercase();
    let words: Vec<&str> = low
        .split(|char: char| !(char.is_alphanumeric() || char == '_'))
        .filter(|word| !word.is_empty())
        .collect();
    let any = |of: &[&str]| words.iter().any(|word| of.contains(word));
    let reads = matches!(
        words.first(),
        Some(&("select" | "with" | "show" | "explain" | "values" | "describe" | "table"))
    );
    let changes = any(&["insert", "update", "delete", "merge", "into"]);
    match (reads && !changes, dialect.returns && any(&["returning"])) {
        (true, _) => Gives::Rows,
        (false, true) => Gives::Changed,
        (false, false) => Gives::Done,
    }
}
