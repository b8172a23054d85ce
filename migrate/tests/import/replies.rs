//! What imported workflows answer and remember, and which of several items they mean: the examples are played.

use std::fs;

use serde_json::{Value as Json, json};

use crate::calls::played;
use crate::here;

/// An example of a workflow of n8n.
fn example(name: &str) -> Json {
    serde_json::from_str(&fs::read_to_string(here(&format!("tests/n8n/{name}.json"))).unwrap()).unwrap()
}

fn called(query: Json, body: Json) -> Json {
    json!({ "kind": "webhook", "query": query, "body": body, "headers": {} })
}

/// The calls of a kind, without what they are called by.
fn of<'c>(calls: &'c [(String, Json)], kind: &str) -> Vec<&'c Json> {
    calls.iter().filter(|(called, _)| called == kind).map(|(_, with)| with).collect()
}

#[test]
fn a_webhook_answers_with_a_page_or_with_another_address() {
    let page = example("webhook-page");
    let (_, answer) = played(&page, called(json!({ "name": "Ada" }), json!({})), &json!({})).unwrap();
    let heads = json!({ "Content-Type": "text/html; charset=UTF-8", "X-Greeted": "Ada" });
    assert_eq!(answer, json!({ "headers": heads, "body": "<h1>Hello Ada</h1>" }));
    let (_, answer) = played(&page, called(json!({}), json!({})), &json!({})).unwrap();
    assert_eq!(answer, json!({ "status": 302, "headers": { "location": "https://example.com/sign-in" } }));
    // A text is called HTML there, where the file does not say what it is.
    let text = example("webhook-says-a-text");
    let (_, answer) = played(&text, called(json!({}), json!({ "word": "yes" })), &json!({})).unwrap();
    assert_eq!(answer, json!({ "headers": { "content-type": "text/html; charset=utf-8" }, "body": "yes" }));
    // The control: what has no equal is no answer.
    assert!(played(&example("webhooks-without-an-equal"), called(json!({}), json!({})), &json!({})).is_err());
}

#[test]
fn of_two_ways_the_later_one_that_anything_comes_to_is_answered() {
    let file = example("last-of-two-ways");
    let orders = |orders: Json| called(json!({}), json!({ "orders": orders }));
    let paid = json!({ "id": 1, "paid": true });
    let mocks = json!({ "remind": { "body": { "told": true } } });
    let (calls, answer) = played(&file, orders(json!([paid])), &mocks).unwrap();
    assert_eq!((calls.len(), &answer), (0, &json!([paid])));
    let (calls, answer) = played(&file, orders(json!([paid, { "id": 2, "paid": false }])), &mocks).unwrap();
    assert_eq!(calls[0].1["url"], "https://example.com/orders/2/remind");
    assert_eq!(answer, json!([{ "told": true }]));
}

#[test]
fn what_code_remembers_is_read_before_and_written_after() {
    let file = example("code-that-remembers");
    let run = |before: Json| {
        let mocks = json!({ "ask": { "body": { "balance": 7 } }, "compare_remembers": before });
        let (calls, _) = played(&file, json!({ "kind": "cron" }), &mocks).unwrap();
        let written = of(&calls, "file.write")[0].clone();
        assert_eq!(of(&calls, "file.read")[0]["path"], written["path"]);
        (of(&calls, "http")[1]["json"]["changed"].clone(), written["json"].clone())
    };
    assert_eq!(run(json!({ "balance": 5, "other": 1 })), (json!(true), json!({ "balance": 7, "other": 1 })));
    // The controls: nothing new, and the first run, which finds no file.
    assert_eq!(run(json!({ "balance": 7 })), (json!(false), json!({ "balance": 7 })));
    assert_eq!(run(Json::Null), (json!(false), json!({ "balance": 7 })));
}

#[test]
fn an_item_beside_the_only_other_one_is_still_that_item() {
    let file = example("items-beside-the-only-one");
    let wishes =
        json!([{ "id": "a", "text": "one" }, { "id": "b", "text": "two" }, { "id": "c", "text": "three" }]);
    let mocks = json!({ "ask": { "body": { "wishes": wishes } } });
    let (calls, _) = played(&file, json!({ "kind": "manual" }), &mocks).unwrap();
    let made: Vec<&Json> = of(&calls, "http").into_iter().filter(|call| call["method"] == "POST").collect();
    let texts: Vec<&Json> = made.iter().map(|call| &call["json"]["text"]).collect();
    assert_eq!(texts, [&json!("one"), &json!("three")]);
    // The control: a field that both have is not the item's own any more.
    let both = file
        .to_string()
        .replace("\"name\":\"known\",\"type\":\"array\"", "\"name\":\"text\",\"type\":\"array\"");
    assert_ne!(both, file.to_string());
    let told =
        played(&serde_json::from_str(&both).unwrap(), json!({ "kind": "manual" }), &mocks).unwrap_err();
    assert!(told.contains("belongs to this one"), "{told}");
}

#[test]
fn requests_that_follow_a_first_one_are_those_that_n8n_sends() {
    let file = example("people-of-hubspot");
    let person =
        json!({ "company": "Acme", "domain": "acme.example", "email": "a@acme.example", "first": "Ada" });
    let mocks = json!({
        "make_the_company": { "body": { "companyId": 11 } },
        "keep_the_person": { "body": { "vid": 22 } },
        "keep_another": { "body": { "vid": 33 } },
    });
    let (calls, _) = played(&file, called(json!({}), person), &mocks).unwrap();
    let asked: Vec<String> = of(&calls, "hubspot.request")
        .iter()
        .map(|call| format!("{} {}", call["method"].as_str().unwrap(), call["path"].as_str().unwrap()))
        .collect();
    assert_eq!(
        asked,
        [
            "POST /companies/v2/companies",
            "POST /contacts/v1/contact/createOrUpdate/email/a%40acme.example",
            "PUT /crm-associations/v1/associations/create-batch",
            "PUT /companies/v2/companies/11",
            "POST /contacts/v1/contact/createOrUpdate/email/ada@example.com",
            "GET /contacts/v1/contact/vid/33/profile",
        ]
    );
    let sent = |at: usize| of(&calls, "hubspot.request")[at]["json"].clone();
    assert_eq!(
        sent(0)["properties"],
        json!([{ "name": "name", "value": "Acme" }, { "name": "domain", "value": "acme.example" },
            { "name": "description", "value": "A customer" }])
    );
    assert_eq!(sent(1)["properties"], json!([{ "property": "firstname", "value": "Ada" }]));
    let tie =
        json!([{ "fromObjectId": 22, "toObjectId": 11, "category": "HUBSPOT_DEFINED", "definitionId": 1 }]);
    assert_eq!(sent(2), tie);
    // The control: what turns out to be nothing is left out, as there.
    let bare = json!({ "company": "Acme", "domain": "", "email": "a@acme.example" });
    let (calls, _) = played(&file, called(json!({}), bare), &mocks).unwrap();
    let sent = of(&calls, "hubspot.request")[0]["json"]["properties"].clone();
    assert_eq!(
        sent,
        json!([{ "name": "name", "value": "Acme" }, { "name": "description", "value": "A customer" }])
    );
}

#[test]
fn what_is_gone_back_to_is_asked_until_it_is_done() {
    let file = example("asks-until-done");
    let body =
        |state: &str| json!({ "body": { "job": 7, "state": state, "at": "https://example.com/result" } });
    let mocks =
        json!({ "start": { "body": { "job": 7 } }, "look": [body("waits"), body("waits"), body("done")] });
    let (calls, _) = played(&file, called(json!({}), json!({})), &mocks).unwrap();
    let urls: Vec<&str> = of(&calls, "http").iter().map(|call| call["url"].as_str().unwrap()).collect();
    let look = "https://example.com/jobs/7";
    assert_eq!(urls, ["https://example.com/jobs", look, look, look, "https://example.com/result"]);
    // The controls: what is done at once is asked once, and a way back that is none of these is told.
    let mocks = json!({ "start": { "body": { "job": 7 } }, "look": body("done") });
    let (calls, _) = played(&file, called(json!({}), json!({})), &mocks).unwrap();
    assert_eq!(of(&calls, "http").len(), 3);
    let mut other = file.clone();
    other["connections"]["Look"]["main"][0]
        .as_array_mut()
        .unwrap()
        .push(json!({ "node": "Result", "type": "main", "index": 0 }));
    let told = played(&other, called(json!({}), json!({})), &mocks).unwrap_err();
    assert!(told.contains("makes a circle"), "{told}");
}
