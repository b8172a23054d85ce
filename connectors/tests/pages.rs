//! `html`: what stands in a page, and that a hostile one is given up.

#![allow(clippy::unwrap_used)]

#[path = "support/local.rs"]
mod local;

use dsl::catalog::FailureKind;
use local::call;
use serde_json::json;

const SHOP: &str = r#"<!doctype html><html><head><title>Shop &amp; more</title><style>p { color: red }</style>
<script type="application/ld+json">{"a": 1}</script></head><body>
<nav><a href="/">Home</a></nav>
<main><h1>All <em>things</em></h1>
<ul class="items">
  <li class="item" data-id="7"><a href="things/7?x=1&amp;y=2"><b>Lamp</b></a> <span class="price">12.50&nbsp;€</span></li>
  <li class="item" data-id="8"><a href="https://other.example/8">Chair</a><script>alert(1)</script></li>
</ul>
<table id="t"><tr><th>Name</th><th>Price</th><th></th><th>Price</th></tr>
<tr><td>Lamp</td><td> 12.50 </td><td></td><td>a</td></tr>
<tr><td colspan="2">Chair<table><tr><td>inner</td></tr></table></td><td>x</td></tr></table>
</main></body>"#;

#[tokio::test]
async fn texts_attributes_and_lists_are_taken_out_of_a_page() {
    let with = json!({
        "html": SHOP,
        "base": "https://shop.example/all/",
        "fields": {
            "title": "title",
            "heading": "h1",
            "none": "h2",
            "first": { "css": ".item a", "attr": "HREF" },
            "links": { "css": ".item a", "attr": "href", "all": true },
            "inner": { "css": ".item a", "html": true },
            "data": "script[type='application/ld+json']",
            "ids": { "css": ".item", "attr": "data-id", "all": true },
            "nothing": { "css": ".nope", "all": true },
        },
    });
    let wanted = json!({
        "title": "Shop & more",
        "heading": "All things",
        "none": null,
        "first": "https://shop.example/all/things/7?x=1&y=2",
        "links": ["https://shop.example/all/things/7?x=1&y=2", "https://other.example/8"],
        "inner": "<b>Lamp</b>",
        "data": "{\"a\": 1}",
        "ids": ["7", "8"],
        "nothing": [],
    });
    assert_eq!(call("html.extract", with).await.unwrap(), wanted);
}

#[tokio::test]
async fn with_each_there_is_an_object_for_each_match() {
    let with = json!({
        "html": SHOP,
        "each": ".item",
        "fields": { "id": { "attr": "data-id" }, "name": "a", "price": ".price" },
    });
    let wanted = json!([
        { "id": "7", "name": "Lamp", "price": "12.50 €" },
        { "id": "8", "name": "Chair", "price": null },
    ]);
    assert_eq!(call("html.extract", with).await.unwrap(), wanted);
}

#[tokio::test]
async fn rows_of_a_table_have_the_names_of_its_head_line() {
    let wanted = json!([
        { "Name": "Lamp", "Price": "12.50", "column 3": null, "Price 2": "a" },
        { "Name": "Chair inner", "Price": "Chair inner", "column 3": "x", "Price 2": null },
    ]);
    assert_eq!(call("html.table", json!({ "html": SHOP, "css": "#t" })).await.unwrap(), wanted);
    let none = call("html.table", json!({ "html": "<p>x</p>" })).await.unwrap_err();
    assert_eq!(none.to_string(), "the page has no table that `table` matches (not_found)");
    assert_eq!(call("html.table", json!({ "html": "<table></table>" })).await.unwrap(), json!([]));
}

#[tokio::test]
async fn text_is_what_people_read() {
    let text = call("html.text", json!({ "html": SHOP, "css": "main ul" })).await.unwrap();
    assert_eq!(text, "- Lamp 12.50 €\n- Chair");
    let page = "<body><h1> A\n b</h1><p>One<br>two<p>Three <b>f</b>our<div>five</div><noscript>no</noscript>";
    let text = call("html.text", json!({ "html": page })).await.unwrap();
    assert_eq!(text, "A b\n\nOne\ntwo\n\nThree four\n\nfive");
    assert_eq!(call("html.text", json!({ "html": "" })).await.unwrap(), "");
}

#[tokio::test]
async fn what_cannot_be_followed_is_named_with_its_place() {
    let told = async |with: serde_json::Value| {
        let failure = call("html.extract", with).await.unwrap_err();
        assert!(!failure.retryable);
        failure.to_string()
    };
    let of = |fields: serde_json::Value| json!({ "html": "<p>", "fields": fields });
    assert_eq!(
        told(of(json!({ "a": "p[" }))).await,
        "`fields.a`: `p[` is no CSS selector that can be followed (invalid)"
    );
    assert_eq!(
        told(of(json!({ "a": { "csss": "p" } }))).await,
        "`fields.a` has a key `csss` that says nothing; it has `css`, `attr`, `html` and `all` (invalid)"
    );
    assert_eq!(
        told(of(json!({ "a": { "css": "p", "attr": "x", "html": true } }))).await,
        "`fields.a`: `attr` and `html` exclude each other (invalid)"
    );
    assert_eq!(
        told(of(json!({ "a": 5 }))).await,
        "`fields.a` has to be of type `string | object`, not `integer` (type)"
    );
    assert_eq!(told(of(json!({}))).await, "`fields` names nothing that is wanted (invalid)");
    assert_eq!(
        told(json!({ "html": "<p>", "base": "x", "fields": { "a": "p" } })).await,
        "`base` is no address: relative URL without a base (invalid)"
    );
}

#[tokio::test]
async fn a_page_out_of_which_more_comes_than_it_has_is_given_up() {
    let long = "x".repeat(5 * 1024 * 1024 + 1);
    let failure = call("html.text", json!({ "html": long })).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Limit, "{failure}");
    // Each element holds all those within it: the square of the page.
    let nested = format!("{}{}", "<i>".repeat(400), "text ".repeat(20_000));
    let with = json!({ "html": nested, "fields": { "all": { "css": "i", "html": true, "all": true } } });
    let failure = call("html.extract", with).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Limit, "{failure}");
    assert!(failure.message.contains("come out of the page"), "{failure}");
    let wide = "<table><tr><td colspan=1000>a</td></tr></table>";
    assert_eq!(call("html.table", json!({ "html": wide })).await.unwrap(), json!([]));
}
