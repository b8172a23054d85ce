//! Paths of JMESPath, as `$jmespath()` takes them: fields, lists that are opened, and objects that are made of each.

use crate::js::Js;
use crate::n8n::say::{Say, no};
use crate::n8n::weave::Res;
use crate::names::is_name;
use crate::ours::{self, Bind, Ex, Sort};

/// What `$jmespath()` gives of a value.
pub fn called(say: &mut Say, of: &Js, path: &Js) -> Res<Ex> {
    match path {
        Js::Text(path) => said(&say.value(of)?, path),
        Js::Template(parts) => match &parts[..] {
            [Js::Text(path)] => said(&say.value(of)?, path),
            _ => no("`$jmespath()` of a path that is made"),
        },
        _ => no("`$jmespath()` of a path that is made"),
    }
}

/// What a path gives of a value.
fn said(of: &Ex, path: &str) -> Res<Ex> {
    let tokens = tokens(path)?;
    let mut at = 0;
    let found = chain(of, &tokens, &mut at, true, false)?;
    if at == tokens.len() { Ok(found) } else { other() }
}

fn other<T>() -> Res<T> {
    no("`$jmespath()` of such a path")
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Sign(char),
    /// `[]` or `[*]`: whether lists within the list are opened.
    Each(bool),
}

fn tokens(path: &str) -> Res<Vec<Token>> {
    let (mut out, mut rest) = (vec![], path.trim());
    while let Some(char) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("[]") {
            out.push(Token::Each(true));
            rest = after;
        } else if let Some(after) = rest.strip_prefix("[*]") {
            out.push(Token::Each(false));
            rest = after;
        } else if char.is_ascii_alphabetic() || char == '_' {
            let end =
                rest.find(|char: char| !(char.is_ascii_alphanumeric() || char == '_')).unwrap_or(rest.len());
            out.push(Token::Name(rest[..end].to_owned()));
            rest = &rest[end..];
        } else if matches!(char, '.' | '{' | '}' | '(' | ')' | ':' | ',') {
            out.push(Token::Sign(char));
            rest = &rest[1..];
        } else {
            return other();
        }
        rest = rest.trim_start();
    }
    Ok(out)
}

/// A path from a value on; where it begins, a name stands without a dot before it. Within a list that is gone through a
/// list that is opened gives its items to the one around it.
fn chain(of: &Ex, tokens: &[Token], at: &mut usize, begins: bool, inside: bool) -> Res<Ex> {
    let mut found = of.clone();
    let mut begins = begins;
    loop {
        match tokens.get(*at) {
            Some(Token::Each(opens)) => {
                *at += 1;
                let list = found.instead(&Ex::new("[]", Bind::Path, Sort::List)).text;
                if inside && !opens {
                    return other();
                }
                let list = if *opens && !inside { format!("flatten({list})") } else { list };
                let var = Ex::path("x");
                let made = chain(&var, tokens, at, false, true)?;
                if made == var {
                    return Ok(Ex::new(list, Bind::Instead, Sort::List));
                }
                let each = format!("map({list}, x => {})", made.text);
                let each = if made.sort == Sort::List { format!("flatten({each})") } else { each };
                return Ok(Ex::new(format!("compact({each})"), Bind::Path, Sort::List));
            }
            Some(Token::Sign('.')) if !begins => {
                *at += 1;
                found = step(&found, tokens, at)?;
            }
            Some(Token::Name(_)) if begins => found = step(&found, tokens, at)?,
            _ => return Ok(found),
        }
        begins = false;
    }
}

fn step(of: &Ex, tokens: &[Token], at: &mut usize) -> Res<Ex> {
    match tokens.get(*at) {
        Some(Token::Name(name)) if is_name(name) => {
            *at += 1;
            if tokens.get(*at) != Some(&Token::Sign('(')) {
                return Ok(of.field(name));
            }
            *at += 1;
            let inner = chain(of, tokens, at, true, true)?;
            if inner.sort == Sort::List {
                return other();
            }
            if name != "to_string" || tokens.get(*at) != Some(&Token::Sign(')')) {
                return other();
            }
            *at += 1;
            Ok(inner.as_text())
        }
        Some(Token::Sign('{')) => {
            let mut fields = vec![];
            loop {
                *at += 1;
                let (Some(Token::Name(key)), Some(Token::Sign(':'))) = (tokens.get(*at), tokens.get(*at + 1))
                else {
                    return other();
                };
                *at += 2;
                let value = chain(of, tokens, at, true, false)?;
                fields.push((key.clone(), value));
                match tokens.get(*at) {
                    Some(Token::Sign(',')) => {}
                    Some(Token::Sign('}')) => break,
                    _ => return other(),
                }
            }
            *at += 1;
            Ok(ours::object(&fields))
        }
        _ => other(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn paths_open_lists_and_make_objects() {
        let of = Ex::path("v");
        let text = |path: &str| said(&of, path).unwrap().text;
        assert_eq!(text("a.b"), "v?.a?.b");
        assert_eq!(text("[].id"), "compact(map(flatten(v ?? []), x => x?.id))");
        assert_eq!(
            text("[].properties.{id:to_string(hs_sku)}"),
            "compact(map(flatten(v ?? []), x => { id: join([x?.properties?.hs_sku], '') }))"
        );
        assert_eq!(
            text("[].to[].{id: to_string(toObjectId)}"),
            "compact(flatten(map(flatten(v ?? []), x => compact(map(x?.to ?? [], x => { id: join([x?.toObjectId], '') })))))"
        );
        for path in ["[?a > 1]", "a || b", "sort(a)", "a[0]", "a.{b}", "length(a)", "a."] {
            assert!(said(&of, path).is_err(), "{path}");
        }
    }
}
