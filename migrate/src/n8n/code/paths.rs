//! Where a statement changes something: a name of its own, or what came in, and the fields that lead there.

use super::run::Run;
use crate::js::Js;
use crate::n8n::say::{Now, Said, Val, no};
use crate::n8n::weave::{Item, Res, Rest};
use crate::ours::{self, Ex, Sort};

/// What a path begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// A name of the code's own.
    Var(String),
    /// What came in.
    Now(Now),
}

impl Run<'_, '_, '_> {
    /// The place that an expression names, where it names one that may be changed.
    pub fn place_of(&self, js: &Js) -> Option<(Root, Vec<String>)> {
        match js {
            Js::Name(name) => match (self.say.var(name), name.as_str(), self.say.now.said) {
                (Some(Val::Now(now)), _, _) => Some((Root::Now(*now), vec![])),
                (Some(_), _, _) => Some((Root::Var(name.clone()), vec![])),
                (None, "$json", _) => Some((Root::Now(Now::Json), vec![])),
                (None, "items", Said::Items) => Some((Root::Now(Now::Items), vec![])),
                (None, "item", Said::Item) => Some((Root::Now(Now::Wrap), vec![])),
                (None, "item", Said::Fields) => Some((Root::Now(Now::Json), vec![])),
                _ => None,
            },
            Js::Unary("?.", of) => self.place_of(of),
            Js::Member(of, name) if **of == Js::Name("$input".into()) && name == "item" => {
                Some((Root::Now(Now::Wrap), vec![]))
            }
            Js::Call(of, args) if args.is_empty() => match &**of {
                Js::Member(of, name) if **of == Js::Name("$input".into()) => match name.as_str() {
                    "all" => Some((Root::Now(Now::Items), vec![])),
                    "first" | "last" if self.is_one() => Some((Root::Now(Now::Wrap), vec![])),
                    _ => None,
                },
                _ => None,
            },
            Js::Index(of, at) => match self.place_of(of)? {
                (Root::Now(Now::Items), path) if path.is_empty() && self.is_one() => {
                    (**at == Js::Number("0".into())).then_some((Root::Now(Now::Wrap), vec![]))
                }
                _ => None,
            },
            Js::Member(of, name) => match self.place_of(of)? {
                (Root::Now(Now::Wrap), path) if path.is_empty() => {
                    (name == "json").then_some((Root::Now(Now::Json), vec![]))
                }
                (Root::Now(Now::Items), _) => None,
                (root, mut path) => {
                    path.push(name.clone());
                    Some((root, path))
                }
            },
            _ => None,
        }
    }

    /// Changes what stands at a place; without a value it is gone.
    pub fn change(&mut self, target: &Js, value: Option<Ex>) -> Res<()> {
        let Some((root, path)) = self.place_of(target) else {
            return no("a change of what has no name of its own");
        };
        match root {
            Root::Now(Now::Json) if path.len() == 1 => {
                let item = changed_item(&self.say.item(), &path, value);
                if item.whole.is_too_long() {
                    return no(ours::TOO_LONG);
                }
                self.say.now.item = Some(item);
                Ok(())
            }
            Root::Now(_) => no("a change deep within what came in"),
            Root::Var(name) => {
                self.may_change(&name, &path)?;
                let Some(var) = self.say.var(&name).cloned() else { return no(format!("`{name}`")) };
                let var = match var {
                    Val::Wrap(item) if path.len() == 2 && path[0] == "json" => {
                        self.say.now.more.extend(value.is_some().then(|| path[1].clone()));
                        Val::Wrap(changed_item(&item, &path[1..], value))
                    }
                    Val::Json(item) if path.len() == 1 => Val::Json(changed_item(&item, &path, value)),
                    Val::Ex(ex) if !path.is_empty() => Val::Ex(changed(&ex, &path, value)),
                    _ => return no(format!("a change of `{name}`")),
                };
                self.rebind(&name, var)
            }
        }
    }

    /// Whether nobody else sees a change of this name's value.
    pub fn may_change(&self, name: &str, path: &[String]) -> Res<()> {
        let Some(began) = self.fresh.get(name) else {
            return no(format!("a change of `{name}`, which something else may be as well"));
        };
        // Deeper down only what was made here as well is sure to be its own.
        let mut at = began.as_ref();
        let inner = path.len().saturating_sub(1);
        for key in &path[..inner] {
            at = at.and_then(|js| match js {
                Js::Object(fields) => {
                    fields.iter().find(|(known, _)| known.as_deref() == Some(key)).map(|(_, value)| value)
                }
                _ => None,
            });
        }
        let made = inner == 0 || matches!(at, Some(Js::Object(_) | Js::List(_)));
        let member = began.is_none() && path.len() == 2 && path[0] == "json";
        if made && !self.leaked.contains(name) || member || inner == 0 {
            Ok(())
        } else {
            no(format!("a change deep within `{name}`"))
        }
    }
}

fn changed_item(item: &Item, path: &[String], value: Option<Ex>) -> Item {
    let Some(name) = path.first() else { return item.clone() };
    let mut known = item.known.clone();
    known.retain(|(known, _)| known != name);
    match value {
        Some(value) => {
            let whole = with(&item.whole, name, &value);
            known.push((name.clone(), value));
            Item { whole, known, rest: item.rest.clone() }
        }
        None => {
            let whole = Ex::new(
                format!("omit({}, {})", item.whole.text, ours::quoted(name)),
                ours::Bind::Path,
                Sort::Object,
            );
            let rest = match &item.rest {
                Rest::Open(_) => Rest::Open(whole.clone()),
                other => other.clone(),
            };
            Item { whole, known, rest }
        }
    }
}

/// An object with a field more.
fn with(object: &Ex, name: &str, value: &Ex) -> Ex {
    let one = ours::object(&[(name.to_owned(), value.clone())]);
    // What is set one after the other stands in one object.
    if let Some((before, last)) = last_object(object)
        && !last.contains(&format!(" {}: ", one.text[2..].split(':').next().unwrap_or_default()))
    {
        let text = format!("{before}{last}, {})", &one.text[2..]);
        return Ex::new(text, ours::Bind::Path, Sort::Object);
    }
    if object.text == "{}" {
        return one;
    }
    Ex::call("merge", &[object, &one], Sort::Object)
}

fn changed(ex: &Ex, path: &[String], value: Option<Ex>) -> Ex {
    match path {
        [] => value.unwrap_or_else(Ex::null),
        [name] => match value {
            Some(value) => with(ex, name, &value),
            None => {
                Ex::new(format!("omit({}, {})", ex.text, ours::quoted(name)), ours::Bind::Path, Sort::Object)
            }
        },
        [name, rest @ ..] => with(ex, name, &changed(&ex.field(name), rest, value)),
    }
}

/// A merge whose last part is an object as it stands: what is before that object, and it without its end.
fn last_object(ex: &Ex) -> Option<(&str, &str)> {
    let inner = ex.text.strip_prefix("merge(")?.strip_suffix(" })")?;
    let (mut depth, mut quoted, mut comma, mut opened) = (0usize, false, None, None);
    let mut chars = inner.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' if quoted => drop(chars.next()),
            '\'' => quoted = !quoted,
            _ if quoted => {}
            ',' if depth == 0 => (comma, opened) = (Some(at), None),
            '{' if depth == 0 => {
                opened = opened.or(Some(at));
                depth += 1;
            }
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    let from = comma.map_or(0, |at| at + 2);
    // Only the last brace is still open, and nothing stands before it.
    (depth == 1 && opened == Some(from) && comma.is_some())
        .then(|| ex.text.split_at("merge(".len() + from))
        .map(|(before, last)| (before, last.strip_suffix(" })").unwrap_or(last)))
}
