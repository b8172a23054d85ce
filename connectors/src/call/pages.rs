//! A whole list, page by page. It ends: by its manifest's rule, by the limit that was asked for, or with a failure where
//! pages go round in a circle or are too many.

use std::collections::BTreeSet;

use dsl::catalog::{Failure, FailureKind};
use dsl::value::Value;
use url::Url;

use super::build::Turn;
use super::fill::{self, Names};
use super::{Called, Session, answer};
use crate::manifest::Action;
use crate::manifest::paging::{PageKind, Pages};
use crate::manifest::request::Request;

/// The most that the answers of all pages may have together, in bytes.
const MOST: usize = 64 * 1024 * 1024;

/// Follows the pages and gives what the action makes of the items.
pub(super) async fn all(
    session: &mut Session<'_>,
    called: &Called<'_>,
    (action, request): (&Action, &Request),
    pages: &Pages,
    names: &Names,
) -> Result<Value, Failure> {
    let id = session.job.id;
    let limit = limit(pages, names);
    let first = session.outgoing(called, request, names, None)?.url;
    let (mut items, mut size, mut turn) = (vec![], 0, None);
    let mut asked = BTreeSet::new();
    let mut page = 0;
    let last = loop {
        let answered = match (&turn, &pages.kind) {
            (Some(Turn::Call(next)), PageKind::Continue { request, .. }) => {
                session.exchange(called, request, &names.with("next", next.clone()), turn.as_ref()).await?
            }
            _ => session.exchange(called, request, names, turn.as_ref()).await?,
        };
        let Some((seen, names)) = answered else { return Ok(Value::Null) };
        page += 1;
        size += seen.size;
        if size > MOST {
            return Err(stopped(
                FailureKind::Limit,
                format!("the pages of `{id}` have more than {MOST} bytes"),
            ));
        }
        let found = match fill::found(&pages.items, &names) {
            Value::List(found) => found,
            Value::Null => Default::default(),
            other => {
                let kind = other.type_name();
                let message = format!("`{id}` answered with a {kind} where its items are a list");
                return Err(stopped(FailureKind::Server, message));
            }
        };
        items.extend(found.iter().cloned());
        if limit.is_some_and(|limit| items.len() >= limit) {
            items.truncate(limit.unwrap_or(items.len()));
            break names;
        }
        let read = names.with("items", Value::List(found.clone()));
        if pages.stop_when.as_ref().is_some_and(|stop| fill::holds(stop, &read)) {
            break names;
        }
        let next = match &pages.kind {
            PageKind::Continue { next, .. } => value(fill::found(next, &names)).map(Turn::Call),
            PageKind::Cursor { next, into } => {
                value(fill::found(next, &names)).map(|next| Turn::Place(into.clone(), next))
            }
            PageKind::Keyset { next, into } => found.last().and_then(|last| {
                let next = fill::found(next, &names.with("item", last.clone()));
                value(next).map(|next| Turn::Place(into.clone(), next))
            }),
            PageKind::Offset { into, first } if !found.is_empty() => {
                let offset = first + i64::try_from(items.len()).unwrap_or(i64::MAX);
                Some(Turn::Place(into.clone(), Value::Int(offset)))
            }
            PageKind::Page { into, first } if !found.is_empty() => {
                Some(Turn::Place(into.clone(), Value::Int(first + page)))
            }
            PageKind::Offset { .. } | PageKind::Page { .. } => None,
            PageKind::LinkHeader => match next_link(&seen.link) {
                Some(text) => Some(Turn::Url(follow(text, &first, id)?)),
                None => None,
            },
            PageKind::NextUrl { next } => match value(fill::found(next, &names)) {
                Some(text) => Some(Turn::Url(follow(&text.to_string(), &first, id)?)),
                None => None,
            },
        };
        let Some(next) = next else { break names };
        if !asked.insert(shown(&next)) {
            let message = format!("the pages of `{id}` go round in a circle: the next one was there before");
            return Err(stopped(FailureKind::Server, message));
        }
        if page >= i64::try_from(pages.max_pages).unwrap_or(i64::MAX) {
            let message = format!("`{id}` has more than {} pages; ask for fewer", pages.max_pages);
            return Err(stopped(FailureKind::Limit, message));
        }
        turn = Some(next);
    };
    if let Some(each) = &action.each {
        items.truncate(each.max);
        items = session.each(called, (each, &action.made), items, names).await?;
    }
    let names = last.with("items", Value::list(items));
    let output = match &action.answer.output {
        Some(output) => {
            fill::value(output, &names).map_err(|failure| Failure { answered: true, ..failure })?
        }
        None => None,
    };
    Ok(answer::picked(&output.unwrap_or_default(), &action.answer.returns))
}

fn stopped(kind: FailureKind, message: String) -> Failure {
    Failure { answered: true, ..Failure::new(kind, message) }
}

/// How many items are wanted; all where nothing was said.
fn limit(pages: &Pages, names: &Names) -> Option<usize> {
    match fill::found(pages.limit.as_ref()?, names) {
        Value::Int(limit) => usize::try_from(limit).ok(),
        _ => None,
    }
}

/// What continues a list, if it does.
fn value(next: Value) -> Option<Value> {
    match next {
        Value::Null | Value::Bool(false) => None,
        Value::Text(text) if text.is_empty() => None,
        next => Some(next),
    }
}

fn shown(turn: &Turn) -> String {
    match turn {
        Turn::Place(_, value) | Turn::Call(value) => value.to_string(),
        Turn::Url(url) => url.to_string(),
    }
}

/// The address of the next page, on the same server: it is asked with the same secrets.
fn follow(text: &str, first: &Url, id: &str) -> Result<Url, Failure> {
    let url = first.join(text);
    let url = url.map_err(|_| {
        stopped(
            FailureKind::Server,
            format!("the next page of `{id}` is said to be at something that is no address"),
        )
    })?;
    if url.origin() != first.origin() {
        let message = format!("the next page of `{id}` is said to be on another server, which is not asked");
        return Err(stopped(FailureKind::Refused, message));
    }
    Ok(url)
}

/// The address with `rel="next"` in a `link` header.
fn next_link(header: &str) -> Option<&str> {
    let mut rest = header;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>')?;
        let url = &rest[start + 1..end];
        let parameters = &rest[end + 1..];
        // The next entry begins behind a comma before a `<`.
        let until = parameters.find('<').unwrap_or(parameters.len());
        let own = parameters[..until].trim_end().trim_end_matches(',');
        let is_next = own.split(';').any(|part| {
            let (name, value) = part.split_once('=').unwrap_or_default();
            let value = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("rel")
                && value.split(' ').any(|rel| rel.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(url);
        }
        rest = &parameters[until..];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::next_link;

    #[test]
    fn the_next_page_is_found_among_links() {
        let github = "<https://api.github.com/x?page=1>; rel=\"prev\", <https://api.github.com/x?page=3>; rel=\"next\", \
                      <https://api.github.com/x?page=9>; rel=\"last\"";
        assert_eq!(next_link(github), Some("https://api.github.com/x?page=3"));
        assert_eq!(next_link("</a,b>; rel=next"), Some("/a,b"));
        assert_eq!(next_link("<a>; rel=\"first next\""), Some("a"));
        for none in ["", "<a>; rel=\"prev\"", "<a", "rel=next", "<a>; title=next"] {
            assert_eq!(next_link(none), None, "{none}");
        }
    }
}
