//! `rss`: every usual kind of feed becomes the same value, and a hostile one becomes nothing.

#![allow(clippy::unwrap_used)]

#[path = "../../egress/tests/support/mod.rs"]
mod support;

use std::sync::{Arc, LazyLock};
use std::time::Instant;

use connectors::connection::NoConnections;
use connectors::event::poll::Question;
use connectors::library::Library;
use connectors::manifest::trigger::TriggerKind;
use connectors::{Connectors, Request, Settings};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::Value;
use egress::{Client, Policy};
use secret::NoVault;
use serde_json::{Value as Json, json};
use support::{Reply, Server, answer, header, ok};

static EGRESS: LazyLock<Client> = LazyLock::new(|| {
    let policy = Policy { allow_private: true, ..Policy::default() };
    Client::new(policy, Arc::new(NoVault))
});

fn connectors() -> Connectors {
    Connectors::new(Settings {
        files: "/nowhere".into(),
        protected: vec![],
        contents: connectors::contents::Contents::none(),
        egress: EGRESS.clone(),
        library: Arc::new(Library::embedded()),
        connections: Arc::new(NoConnections),
        meter: connectors::meter::Metered::default(),
    })
}

async fn read(url: &str) -> Result<Json, Failure> {
    let with = Value::from_json(json!({ "url": url }));
    Ok(connectors().call(Request::new("rss.read", &with, "k")).await?.to_json())
}

/// What comes of a feed.
async fn of(kind: &'static str, text: impl Into<String>) -> Result<Json, Failure> {
    let text = text.into();
    let server = Server::start(move |_| ok(kind, &text));
    read(&server.url("/blog/feed")).await
}

const RSS: &str = r#"<?xml version="1.0"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>News &amp; more</title><link>https://example.com/</link><description>What is new.</description>
<language>en</language>
<item><title>One</title><link>https://example.com/1</link><guid isPermaLink="false">n-1</guid>
<pubDate>Mon, 05 Jan 2026 09:00:00 +0100</pubDate><dc:creator>Ada</dc:creator><category>a</category><category>b</category>
<description>Short.</description><content:encoded><![CDATA[<p>Long.</p>]]></content:encoded>
<enclosure url="https://example.com/1.mp3" type="audio/mpeg" length="17"/></item>
<item><title>Two</title><link>https://example.com/2</link></item>
<item><description>Nothing but this.</description></item>
</channel></rss>"#;

#[tokio::test]
async fn rss_is_read() {
    let got = of("application/rss+xml", RSS).await.unwrap();
    assert_eq!(got["title"], "News & more");
    assert_eq!((&got["link"], &got["language"]), (&json!("https://example.com/"), &json!("en")));
    let wanted = json!({
        "id": "n-1", "title": "One", "link": "https://example.com/1",
        "published": "2026-01-05T08:00:00Z", "updated": got["items"][0]["updated"], "author": "Ada",
        "summary": "Short.", "content": "<p>Long.</p>", "categories": ["a", "b"],
        "files": [{ "url": "https://example.com/1.mp3", "type": "audio/mpeg", "size": 17 }],
    });
    assert_eq!(got["items"][0], wanted);
    // An item without an id has that of its address, else of what it says: the same at each reading.
    assert_eq!(got["items"][1]["id"], "https://example.com/2");
    let again = of("text/xml", RSS).await.unwrap();
    assert_eq!(got["items"][2]["id"], again["items"][2]["id"]);
    assert!(got["items"][2]["id"].as_str().is_some_and(|id| id.len() == 64), "{}", got["items"][2]);
    assert_eq!(got["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn atom_rdf_and_json_feeds_are_read() {
    let atom = r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><id>f</id><updated>2026-01-05T09:00:00Z</updated>
        <entry><id>tag:a,1</id><title type="html">&lt;b&gt;One&lt;/b&gt;</title><link rel="self" href="/self"/>
        <link rel="alternate" href="https://example.com/1"/><updated>2026-01-05T09:00:00Z</updated>
        <author><name>Ada</name></author><summary>S</summary></entry></feed>"#;
    let got = of("application/atom+xml", atom).await.unwrap();
    let item = &got["items"][0];
    assert_eq!((&item["id"], &item["link"]), (&json!("tag:a,1"), &json!("https://example.com/1")));
    assert_eq!((&item["published"], &item["author"]), (&json!("2026-01-05T09:00:00Z"), &json!("Ada")));
    let rdf = r#"<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
        <channel rdf:about="https://example.com/"><title>R</title><link>https://example.com/</link><description>d</description></channel>
        <item rdf:about="https://example.com/1"><title>One</title><link>https://example.com/1</link></item></rdf:RDF>"#;
    let got = of("application/xml", rdf).await.unwrap();
    assert_eq!((&got["title"], &got["items"][0]["link"]), (&json!("R"), &json!("https://example.com/1")));
    let feed = json!({ "version": "https://jsonfeed.org/version/1.1", "title": "J",
        "items": [{ "id": "1", "url": "https://example.com/1", "content_text": "x" }] });
    let got = of("application/feed+json", feed.to_string()).await.unwrap();
    assert_eq!((&got["title"], &got["items"][0]["id"]), (&json!("J"), &json!("1")));
    // Letters in another coding than usual.
    let server = Server::start(|_| {
        let mut bytes = b"HTTP/1.1 200 X\r\nconnection: close\r\ncontent-type: text/xml\r\n\r\n".to_vec();
        bytes.extend_from_slice(
            b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><rss version=\"2.0\"><channel>",
        );
        bytes.extend_from_slice(
            b"<title>Gr\xfc\xdfe</title><link>https://a.example</link><description/></channel></rss>",
        );
        Reply::Bytes(bytes)
    });
    assert_eq!(read(&server.url("/")).await.unwrap()["title"], "Grüße");
}

#[tokio::test]
async fn nothing_is_opened_and_nothing_grows() {
    let other = Server::saying("secret-of-another-page");
    let entity = |definition: &str, text: &str| {
        format!(
            "<?xml version=\"1.0\"?><!DOCTYPE rss [{definition}]><rss version=\"2.0\"><channel><title>{text}</title>\
             <link>https://a.example</link><description>d</description></channel></rss>"
        )
    };
    let outside = format!("<!ENTITY x SYSTEM \"{}\">", other.url("/"));
    for definition in [outside.as_str(), "<!ENTITY x SYSTEM \"file:///etc/passwd\">"] {
        let got = of("text/xml", entity(definition, "a&x;b")).await;
        let told = format!("{got:?}");
        assert!(!told.contains("secret-of-another-page") && !told.contains("root:"), "{told}");
    }
    assert_eq!(other.connections(), 0);
    let mut laughs = "<!ENTITY l0 \"lol\">".to_owned();
    for at in 1..12 {
        laughs += &format!("<!ENTITY l{at} \"{}\">", format!("&l{};", at - 1).repeat(10));
    }
    let began = Instant::now();
    let got = of("text/xml", entity(&laughs, "&l11;")).await;
    assert!(format!("{got:?}").len() < 10_000 && began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    // So deep that a reader which calls itself would fall.
    let deep = format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>t</title><entry><id>1</id><content type=\"xhtml\">{}{}</content></entry></feed>",
        "<b>".repeat(100_000),
        "</b>".repeat(100_000)
    );
    let _ = of("text/xml", deep).await;
}

#[tokio::test]
async fn what_is_no_feed_is_a_failure_that_shows_nothing_of_it() {
    for text in ["<html><body>secret-page</body></html>", "secret-page", "{\"secret-page\": 1}", "<rss", ""] {
        let failure = of("text/html", text).await.unwrap_err();
        assert_eq!(
            (failure.kind, failure.retryable, failure.answered),
            (FailureKind::Server, false, true),
            "{text}"
        );
        assert!(
            failure.message.contains("is no feed") && !failure.message.contains("secret-page"),
            "{failure}"
        );
    }
    let gone = Server::start(|_| answer(404, &[], "no"));
    let failure = read(&gone.url("/?key=canary")).await.unwrap_err();
    assert_eq!((failure.kind, failure.status), (FailureKind::NotFound, Some(404)));
    assert!(!failure.message.contains("canary"), "{failure}");
    let busy = Server::start(|_| answer(503, &[("retry-after", "7")], ""));
    let failure = read(&busy.url("/")).await.unwrap_err();
    assert!(failure.retryable && failure.retry_after.map(|wait| wait.as_secs()) == Some(7), "{failure:?}");
    let long = Server::start(|_| ok("text/xml", &"x".repeat(6 * 1024 * 1024)));
    assert_eq!(read(&long.url("/")).await.unwrap_err().kind, FailureKind::Limit);
}

#[tokio::test]
async fn a_feed_is_asked_for_as_one_and_told_item_by_item() {
    let server = Server::start(|request| {
        assert!(header(request, "accept").is_some_and(|accept| accept.contains("application/atom+xml")));
        ok("application/rss+xml", RSS)
    });
    let library = Library::embedded();
    let manifest = library.find("rss").unwrap();
    let trigger = &manifest.triggers[0];
    let TriggerKind::Poll(poll) = &trigger.kind else { panic!("it is asked") };
    let input = Value::from_json(json!({ "url": server.url("/feed") }));
    let question =
        Question { manifest, trigger, poll, input: &input, connection: None, since: None, base: None };
    let told = connectors().ask(&question).await.unwrap();
    assert_eq!(told.events.len(), 3);
    let mut keys: Vec<&str> = told.events.iter().map(|event| event.key.as_str()).collect();
    let again = connectors().ask(&question).await.unwrap();
    assert_eq!(keys, again.events.iter().map(|event| event.key.as_str()).collect::<Vec<_>>());
    keys.dedup();
    assert_eq!(keys.len(), 3);
    assert_eq!(told.events[0].value.to_json()["title"], "One");
}
