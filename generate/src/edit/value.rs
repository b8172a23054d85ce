//! Another value in the place of one: the default of an input, a channel, an address, a text that is named.

use std::sync::LazyLock;

use dsl::types::Type;
use dsl::yaml::{Entry, Kind, Node, Scalar};
use regex::Regex;

use super::page::{Page, Piece, entry};
use super::{Asked, Change};
use crate::clause::{Names, parts};
use crate::plan::extend::says_also;
use crate::plan::{Done, ask};
use crate::sketch::Val;
use crate::write::scalar;

/// Words behind which the new value of something stands.
static TO: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\s(?:should default to|defaults to|default to|should be|to be|to|auf|soll|à|a)\s+|\s*(?:=|:)\s+")
        .ok()
});

/// Words behind which the old value of something stands.
static OLD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:instead of|rather than|replace|replacing|not to|statt|anstatt|ersetze|au lieu de|remplace|en lugar de|en vez de|invece di|al posto di|from|von)\s+").ok()
});

/// Words that say that something else is to stand there.
const OTHERWISE: &[&str] = &[
    "instead",
    "rather than",
    "change",
    "replace",
    "switch",
    "move it",
    "use",
    "set",
    "statt",
    "anstatt",
    "stattdessen",
    "andere",
    "ersetze",
    "au lieu",
    "plutot",
    "remplace",
    "change",
    "en lugar",
    "en vez",
    "cambia",
    "invece",
    "al posto",
    "sostituisci",
];

/// The default of an input that is named.
pub(super) fn defaults(asked: &Asked<'_>) -> Done<Option<Change>> {
    let page = asked.page;
    let Some(inputs) = page.entry("inputs") else { return Ok(None) };
    let Kind::Map(entries) = &inputs.value.kind else { return Ok(None) };
    let Some(hit) = TO.as_ref().and_then(|form| form.find_iter(&asked.wish).last()) else { return Ok(None) };
    let before = asked.wish[..hit.start()].to_lowercase();
    let is_named = |entry: &&Entry| super::has(&before, &entry.key.text.to_lowercase());
    let speaks = ["default", "input", "set", "change", "standard", "eingabe", "entree", "entrada", "cambia"];
    if !speaks.iter().any(|word| super::has(&before, word)) {
        return Ok(None);
    }
    let Some(input) = entries.iter().rev().find(is_named) else { return Ok(None) };
    let value = said_value(asked.wish[hit.end()..].trim());
    let known = asked.workflow.inputs.iter().find(|field| field.name == input.key.text);
    let Some(field) = known else { return Ok(None) };
    Ok(Some(Change { pieces: vec![default(page, input, &typed(&value, &field.ty)?)?], assumed: vec![] }))
}

/// A value without quotes and what ends a sentence.
fn said_value(said: &str) -> String {
    let said = said.trim_end_matches(['.', '!']);
    let inner = [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('„', '“')]
        .iter()
        .find_map(|(open, close)| said.strip_prefix(*open)?.strip_suffix(*close));
    inner.unwrap_or(said).to_owned()
}

/// A value of a type, as it is written; asked about where it is none of it.
fn typed(value: &str, ty: &Type) -> Done<Val> {
    let raw = match ty {
        Type::Nullable(inner) => return typed(value, inner),
        Type::Integer => value.parse::<i64>().is_ok(),
        Type::Number => value.parse::<f64>().is_ok_and(f64::is_finite),
        Type::Boolean => ["true", "false"].contains(&value),
        Type::Duration => dsl::duration::parse(value).is_some(),
        Type::Enum(words) if !words.iter().any(|word| word == value) => {
            return ask(format!("`{value}` is none of its values. Which of them is it?"), words.clone());
        }
        Type::String | Type::Any | Type::Enum(_) | Type::Time | Type::Union(_) => return Ok(text(value)),
        Type::Null | Type::Bytes | Type::List(_) | Type::Object(_) | Type::AnyObject => {
            return ask(format!("it is a `{ty}`: write its default by hand, in YAML"), []);
        }
    };
    if raw {
        return Ok(Val::Raw(value.to_owned()));
    }
    ask(format!("`{value}` is no `{ty}`. What is it to be?"), [])
}

/// A text in which nothing is a hole.
fn text(value: &str) -> Val {
    Val::Text(value.replace("{{", "{ {").replace("}}", "} }"))
}

/// The default of an input, in whichever form it stands.
fn default(page: &Page<'_>, input: &Entry, value: &Val) -> Done<Piece> {
    let written = match value {
        Val::Text(text) if text.contains('\n') => {
            return ask("a default of several lines is written by hand", []);
        }
        value => scalar(value, 0),
    };
    match &input.value.kind {
        // The short form: its type alone.
        Kind::Scalar(ty) if !ty.text.is_empty() => {
            let place = input.value.span.range();
            let ty = &page.text[place.clone()];
            Ok(Piece { text: format!("{{ type: {ty}, default: {} }}", inline(&written)), place })
        }
        Kind::Map(_) => match entry(&input.value, "default") {
            Some(old) if matches!(old.value.kind, Kind::Scalar(_)) => {
                let inside = page.in_braces(&input.value);
                let text = if inside { inline(&written) } else { written };
                Ok(Piece { place: old.value.span.range(), text })
            }
            Some(_) => ask("its default is no single value: write it by hand", []),
            None if page.in_braces(&input.value) => {
                let end = input.value.span.range().end;
                let at = page.text[..end - 1].trim_end().len();
                Ok(Piece { place: at..at, text: format!(", default: {}", inline(&written)) })
            }
            None => {
                let at = page.column(input.value.span.range().start);
                Ok(page.behind(page.end_of(&input.value), &format!("{}default: {written}", " ".repeat(at))))
            }
        },
        Kind::Scalar(_) | Kind::List(_) => {
            ask("this input is written in a way that I do not change: do it by hand", [])
        }
    }
}

/// A scalar between braces: what ends one there stands in quotes.
fn inline(written: &str) -> String {
    if written.starts_with('"') || !written.contains([',', '}', ']', '{', '[']) {
        return written.to_owned();
    }
    serde_json::to_string(written).unwrap_or_default()
}

/// Another channel, address or text in the place of one.
pub(super) fn others(asked: &Asked<'_>) -> Done<Option<Change>> {
    let parts = parts(&asked.wish, asked.means.here, &[]);
    let (old, fresh) = old_and_fresh(&asked.wish, &parts.names);
    let Some(fresh) = fresh else { return Ok(None) };
    let otherwise = asked.says(OTHERWISE);
    let page = asked.page;
    let mut all = vec![];
    values(&page.root, "", &mut all);
    if let Some(old) = old {
        let hits: Vec<&(String, &Node, &Scalar)> =
            all.iter().filter(|(_, _, scalar)| scalar.text == old.text).collect();
        return match hits[..] {
            [] => ask(
                format!("`{}` stands nowhere in it as a value of its own. What is to change?", old.text),
                [],
            ),
            [(_, node, _)] => Ok(Some(one(page, node, &fresh.text))),
            _ => Ok(Some(Change {
                assumed: vec![format!(
                    "all {} places where `{}` stood say `{}`",
                    hits.len(),
                    old.text,
                    fresh.text
                )],
                pieces: hits.iter().flat_map(|(_, node, _)| one(page, node, &fresh.text).pieces).collect(),
            })),
        };
    }
    let keys: &[&str] = match fresh.kind {
        What::Channel => &["channel", "channel_id"],
        What::Mail => &["to", "email", "emails", "recipient", "recipients"],
        What::Url => &["url"],
        What::Text => return Ok(None),
    };
    let hits: Vec<&(String, &Node, &Scalar)> =
        all.iter().filter(|(key, _, _)| keys.contains(&key.as_str())).collect();
    let here: Vec<_> = hits.iter().filter(|(_, _, scalar)| scalar.text != fresh.text).collect();
    match (here[..].len(), otherwise, says_also(&asked.words)) {
        (_, _, true) | (0, _, _) => Ok(None),
        (1, true, false) => {
            let (_, node, scalar) = here[0];
            match input_in(&scalar.text) {
                // The address comes from an input: its default changes.
                Some(name) => of_input(asked, &name, &fresh.text).map(Some),
                None if scalar.text.contains("{{") => {
                    ask(format!("`{}` is made by the run: what is to stand there always?", scalar.text), [])
                }
                None => Ok(Some(one(page, node, &fresh.text))),
            }
        }
        (1, false, false) => {
            let (_, _, scalar) = here[0];
            ask(
                format!("is that in place of `{}`, or as well?", scalar.text),
                [format!("instead of {}", scalar.text), "as well".to_owned()],
            )
        }
        (_, true, false) => ask(
            format!("which one does `{}` stand for?", fresh.text),
            here.iter().map(|(_, _, scalar)| format!("instead of {}", scalar.text)),
        ),
        (_, false, false) => Ok(None),
    }
}

/// The input that is all of a hole.
fn input_in(text: &str) -> Option<String> {
    let inner = text.strip_prefix("{{")?.strip_suffix("}}")?.trim();
    let inner = inner.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(inner);
    let name = inner.trim().strip_prefix("inputs.")?;
    name.chars().all(|char| char.is_alphanumeric() || char == '_').then(|| name.to_owned())
}

fn of_input(asked: &Asked<'_>, name: &str, value: &str) -> Done<Change> {
    let page = asked.page;
    let found = page.entry("inputs").and_then(|inputs| entry(&inputs.value, name));
    let Some(input) = found else { return ask(format!("there is no input `{name}`"), []) };
    Ok(Change {
        pieces: vec![default(page, input, &text(value))?],
        assumed: vec![format!("it comes from the input `{name}`, so its default changes")],
    })
}

/// Puts a text in the place of a scalar.
fn one(page: &Page<'_>, node: &Node, fresh: &str) -> Change {
    let place = node.span.range();
    let was = &page.text[place.clone()];
    let plain = !was.starts_with(['"', '\'', '|', '>']);
    let written = match (was.starts_with('\''), scalar(&text(fresh), 0)) {
        (true, _) if !fresh.contains(['\'', '\n']) && !fresh.contains("{{") => format!("'{fresh}'"),
        (_, written) if plain || written.starts_with('"') => inline(&written),
        (_, written) => serde_json::to_string(&written).unwrap_or(written),
    };
    Change { pieces: vec![Piece { place, text: written }], assumed: vec![] }
}

/// All scalars that are values, with the nearest key.
fn values<'n>(node: &'n Node, key: &str, all: &mut Vec<(String, &'n Node, &'n Scalar)>) {
    match &node.kind {
        Kind::Scalar(scalar) => all.push((key.to_owned(), node, scalar)),
        Kind::List(items) => items.iter().for_each(|item| values(item, key, all)),
        Kind::Map(entries) => entries
            .iter()
            .filter(|entry| {
                !["name", "description", "use", "event"].contains(&entry.key.text.as_str()) || !key.is_empty()
            })
            .for_each(|entry| values(&entry.value, &entry.key.text, all)),
    }
}

/// What kind of thing is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Channel,
    Mail,
    Url,
    Text,
}

/// Something that is named in a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    kind: What,
    text: String,
}

/// What is to go, and what is to stand there.
fn old_and_fresh(wish: &str, names: &Names) -> (Option<Named>, Option<Named>) {
    let all = [
        (What::Channel, &names.channels),
        (What::Mail, &names.mails),
        (What::Url, &names.urls),
        (What::Text, &names.quoted),
    ];
    let mut found: Vec<(usize, Named)> = all
        .iter()
        .flat_map(|(kind, texts)| {
            texts.iter().filter_map(|text| {
                Some((wish.find(text.as_str())?, Named { kind: *kind, text: text.clone() }))
            })
        })
        .collect();
    found.sort_by_key(|(at, _)| *at);
    let goes = |at: usize| {
        let before = wish[..at].trim_end_matches(['"', '“', '„', '«', '`']);
        OLD.as_ref().is_some_and(|form| {
            form.find_iter(before).last().is_some_and(|hit| {
                before[hit.end()..]
                    .split_whitespace()
                    .all(|word| ["the", "channel", "to", "den", "kanal"].contains(&word))
            })
        })
    };
    match &found[..] {
        [(_, only)] => (None, Some(only.clone())),
        [(one, first), (two, second)] if first.kind == second.kind => match (goes(*one), goes(*two)) {
            (true, false) => (Some(first.clone()), Some(second.clone())),
            (false, true) => (Some(second.clone()), Some(first.clone())),
            // `change #a to #b`
            _ => (Some(first.clone()), Some(second.clone())),
        },
        _ => (None, None),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_goes_and_what_comes_are_told_apart() {
        let of = |wish: &str| {
            let names = crate::clause::Clause::of(wish).names;
            let (old, fresh) = old_and_fresh(wish, &names);
            (old.map(|it| it.text), fresh.map(|it| it.text))
        };
        let pair = |old: &str, fresh: &str| (Some(old.to_owned()), Some(fresh.to_owned()));
        assert_eq!(of("post to #a instead of #b"), pair("#b", "#a"));
        assert_eq!(of("change the channel from #a to #b"), pair("#a", "#b"));
        assert_eq!(of("change #a to #b"), pair("#a", "#b"));
        assert_eq!(of("say \"Bye\" instead of \"Hi\""), pair("Hi", "Bye"));
        assert_eq!(of("post to #a"), (None, Some("#a".to_owned())));
    }

    #[test]
    fn a_value_stands_in_braces_only_where_it_ends_nothing() {
        assert_eq!(inline("a, b"), "\"a, b\"");
        assert_eq!(inline("\"a, b\""), "\"a, b\"");
        assert_eq!(said_value("\"x y\"."), "x y");
    }
}
