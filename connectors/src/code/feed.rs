//! Feeds: RSS of any version, Atom, RDF and JSON Feed, read at an address and given in one form. No entity is opened and
//! nothing is had from elsewhere.

use dsl::catalog::{Failure, FailureKind, Safety};
use dsl::value::{Hash, Value};
use egress::{Header, Method, Request};
use feed_rs::model::{Entry, Feed, Link, Text};
use feed_rs::parser::{Builder, ParseFeedError};
use jiff::Timestamp;

use super::Coded;
use crate::builtin::http::answer::{Content, refusal};
use crate::call::{Preview, unanswered};
use crate::params::{Params, short};

/// The longest feed that is read, in bytes.
const LONGEST: usize = 5 * 1024 * 1024;

/// The most items that are given where no limit is said.
const MOST: usize = 200;

/// The longest text of an item, in bytes: the rest is left out.
const TEXT: usize = 64 * 1024;

const TAKEN: &str =
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5";

/// Reads a feed.
pub(super) async fn read(call: &Coded<'_>, params: &Params) -> Result<Value, Failure> {
    let (request, name) = asked(params)?;
    let request = Request { timeout: Some(call.timeout), ..request };
    let response =
        call.egress.send(request).await.map_err(|error| unanswered(&error, &name, Safety::Read))?;
    let header = |name: &str| {
        response.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    };
    if !(200..300).contains(&response.status) {
        let none = Content::Bytes(String::new());
        return Err(refusal(response.status, header("retry-after"), &none, &response.body, &name));
    }
    let limit = params.count("limit").unwrap_or(MOST);
    let (body, at) = (response.body.clone(), response.url.clone());
    let parsed = tokio::task::spawn_blocking(move || given(&body, &at, limit)).await;
    let parsed = parsed.map_err(|_| Failure::new(FailureKind::Server, "reading a feed was cut off"))?;
    parsed.map_err(|why| Failure {
        status: Some(response.status),
        answered: true,
        ..Failure::new(FailureKind::Server, format!("what `{name}` answers is no feed: {why}"))
    })
}

/// What would be sent.
pub(super) fn preview(params: &Params) -> Result<Preview, Failure> {
    let (request, _) = asked(params)?;
    let headers = vec![("accept".into(), TAKEN.into())];
    Ok(Preview { method: "GET".into(), url: request.url, headers, body: String::new() })
}

/// The request, and what is said of it: nothing of the query, which may hold what proves who asks.
fn asked(params: &Params) -> Result<(Request, String), Failure> {
    let url = params.required_text("url")?;
    let known = url::Url::parse(url)
        .map_err(|error| Failure::new(FailureKind::Invalid, format!("`url` is no address: {error}")))?;
    let name = format!("GET {}{}", known.host_str().unwrap_or_default(), short(known.path()));
    let request = Request {
        headers: vec![Header::new("accept", TAKEN)],
        max_response: Some(LONGEST),
        ..Request::new(Method::GET, url)
    };
    Ok((request, name))
}

/// A feed in the form that workflows see.
fn given(body: &[u8], at: &str, limit: usize) -> Result<Value, String> {
    // An id that is made by chance would be another one at each reading.
    let parser = Builder::new().base_uri(Some(at)).id_generator(|_, _, _| String::new()).build();
    let feed = parser.parse(body).map_err(|error| told(&error))?;
    let Feed { title, description, updated, language, .. } = &feed;
    Ok(Value::object([
        ("title", written(title.as_ref())),
        ("about", written(description.as_ref())),
        ("link", page(&feed.links)),
        ("language", language.as_deref().map_or(Value::Null, Value::text)),
        ("updated", time(updated.as_ref().map(|time| time.timestamp()))),
        ("items", Value::list(feed.entries.iter().take(limit).map(item).collect())),
    ]))
}

/// Why something is no feed, without anything of it.
fn told(error: &ParseFeedError) -> String {
    match error {
        ParseFeedError::ParseError(kind) => short(&kind.to_string()),
        ParseFeedError::IoError(_) => "it cannot be read as text".into(),
        ParseFeedError::JsonSerde(_) => "it is not the JSON it begins as".into(),
        ParseFeedError::JsonUnsupportedVersion(_) => "it is a JSON Feed of an unknown version".into(),
        ParseFeedError::XmlReader(_) => "it is no well-formed XML".into(),
    }
}

fn item(entry: &Entry) -> Value {
    let content = entry.content.as_ref().and_then(|content| content.body.as_deref());
    let (link, title) = (page(&entry.links), written(entry.title.as_ref()));
    let published = entry.published.or(entry.updated).map(|time| time.timestamp());
    let summary = written(entry.summary.as_ref());
    let names = entry.authors.iter().filter_map(|person| {
        let name = person.name.as_deref().or(person.email.as_deref())?.trim();
        (!name.is_empty()).then_some(name)
    });
    let authors: Vec<&str> = names.collect();
    let files = entry.media.iter().flat_map(|media| &media.content).filter_map(|content| {
        let kind = content.content_type.as_ref().map(ToString::to_string);
        let size = content.size.and_then(|size| i64::try_from(size).ok());
        Some(Value::object([
            ("url", Value::text(content.url.as_ref()?.as_str())),
            ("type", kind.map_or(Value::Null, Value::text)),
            ("size", size.map_or(Value::Null, Value::Int)),
        ]))
    });
    let categories = entry.categories.iter().map(|category| Value::text(cut(&category.term)));
    Value::object([
        ("id", Value::text(id(entry, &link, content))),
        ("title", title),
        ("link", link),
        ("published", time(published)),
        ("updated", time(entry.updated.map(|time| time.timestamp()))),
        ("author", if authors.is_empty() { Value::Null } else { Value::text(cut(&authors.join(", "))) }),
        ("summary", summary),
        ("content", content.map_or(Value::Null, |content| Value::text(cut(content)))),
        ("categories", Value::list(categories.collect())),
        ("files", Value::list(files.collect())),
    ])
}

/// What makes an item one: its own id, else its address, else what it says.
fn id(entry: &Entry, link: &Value, content: Option<&str>) -> String {
    let own = entry.id.trim();
    if !own.is_empty() {
        return cut(own);
    }
    if let Some(link) = link.as_text() {
        return link.to_owned();
    }
    let said = |text: Option<&Text>| text.map(|text| text.content.clone()).unwrap_or_default();
    let all = [said(entry.title.as_ref()), said(entry.summary.as_ref()), content.unwrap_or_default().into()];
    Hash::of(all.join("\n").as_bytes()).to_string()
}

/// The address for people: that of the page, and not of the feed itself or of a file.
fn page(links: &[Link]) -> Value {
    let is_page = |link: &&Link| matches!(link.rel.as_deref(), None | Some("alternate"));
    let found =
        links.iter().find(is_page).or_else(|| links.iter().find(|link| link.rel.as_deref() != Some("self")));
    found
        .map(|link| link.href.trim())
        .filter(|href| !href.is_empty())
        .map_or(Value::Null, |href| Value::text(cut(href)))
}

fn written(text: Option<&Text>) -> Value {
    text.map(|text| text.content.trim())
        .filter(|text| !text.is_empty())
        .map_or(Value::Null, |text| Value::text(cut(text)))
}

fn time(seconds: Option<i64>) -> Value {
    seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()).map_or(Value::Null, Value::Time)
}

/// The beginning of a text, where it is longer than texts of feeds are.
fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(TEXT.min(text.len()))].to_owned()
}
