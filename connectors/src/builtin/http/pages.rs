//! All pages of a list: each answer says where the next one is.

use std::borrow::Cow;
use std::collections::BTreeSet;

use dsl::catalog::{Failure, FailureKind};
use dsl::expr::{self, Expr, Halt, Scope};
use dsl::span::SpanMap;
use dsl::value::{Hash, Value};
use jiff::Timestamp;
use url::Url;

use super::answer::Answer;
use super::build::{Call, invalid};
use crate::params::{Params, wrong_type};

/// Pages where the author says nothing.
const DEFAULT_PAGES: usize = 10;

/// The most that the answers of all pages may have together, in bytes.
const MOST: usize = 16 * 1024 * 1024;

/// Follows the pages and gives `{ items, pages }`.
pub(crate) async fn all(
    egress: &egress::Client,
    first: &Call,
    paginate: &Params,
    key: &str,
) -> Result<Value, Failure> {
    let next = parse("next", paginate.required_text("next")?)?;
    let items = parse("items", paginate.required_text("items")?)?;
    let most = paginate.count("max_pages").unwrap_or(DEFAULT_PAGES);
    let seed = Hash::of(key.as_bytes()).0;
    let mut call = first.clone();
    let mut seen = BTreeSet::from([call.url.clone()]);
    let (mut all, mut pages, mut size) = (Vec::new(), 0, 0);
    loop {
        let answer = super::exchange(egress, &call).await?;
        pages += 1;
        size += answer.size;
        if size > MOST {
            let message = format!("the pages of `{}` are together longer than {MOST} bytes", first.name());
            return Err(Failure::new(FailureKind::Limit, message));
        }
        let page = Page { answer, now: Timestamp::now(), seed };
        match evaluate("items", &items, &page)? {
            Value::List(items) => all.extend(items.iter().cloned()),
            Value::Null => {}
            other => return Err(wrong_type("`paginate.items`", "list", &other)),
        }
        let next = match evaluate("next", &next, &page)? {
            Value::Null => break,
            Value::Text(text) if text.is_empty() => break,
            Value::Text(text) => follow(&text, &page.answer.url, &first.url)?,
            other => return Err(wrong_type("`paginate.next`", "string?", &other)),
        };
        if pages == most || !seen.insert(next.clone()) {
            break;
        }
        call.url = next;
    }
    Ok(Value::object([("items", Value::list(all)), ("pages", Value::Int(pages as i64))]))
}

/// The next page's URL: on the same server, since it is asked with the same credentials.
fn follow(text: &str, current: &str, first: &Url) -> Result<Url, Failure> {
    let base = Url::parse(current).unwrap_or_else(|_| first.clone());
    let mut url =
        base.join(text).map_err(|_| invalid("`paginate.next` gives something that is not a URL"))?;
    if url.origin() != first.origin() {
        let message = "`paginate.next` leads to another server, which is not followed";
        return Err(Failure::new(FailureKind::Refused, message));
    }
    url.set_fragment(None);
    Ok(url)
}

fn parse(name: &str, text: &str) -> Result<Expr, Failure> {
    expr::parse(text, &SpanMap::plain(0, text.len())).map_err(|problems| {
        let why = problems.first().map(|problem| format!(": {}", problem.message)).unwrap_or_default();
        invalid(&format!("`paginate.{name}` is not an expression{why}"))
    })
}

fn evaluate(name: &str, expr: &Expr, page: &Page) -> Result<Value, Failure> {
    expr::eval(expr, page).map_err(|halt| match halt {
        Halt::Failure(failure) => {
            Failure { message: format!("`paginate.{name}`: {}", failure.message), ..*failure }
        }
        Halt::Skip { .. } => invalid(&format!("`paginate.{name}` sees the answer alone, and no steps")),
    })
}

/// What the expressions see: the answer's four fields.
struct Page {
    answer: Answer,
    now: Timestamp,
    seed: [u8; 32],
}

impl Scope for Page {
    fn name(&self, name: &str) -> Option<Cow<'_, Value>> {
        match name {
            "status" => Some(Cow::Owned(Value::Int(self.answer.status.into()))),
            "headers" => Some(Cow::Borrowed(&self.answer.headers)),
            "body" => Some(Cow::Borrowed(&self.answer.body)),
            "url" => Some(Cow::Owned(Value::text(self.answer.url.as_str()))),
            _ => None,
        }
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn seed(&self) -> [u8; 32] {
        self.seed
    }
}
