//! What imported workflows call, and with what: their steps are played, and mocks answer.

use std::borrow::Cow;
use std::collections::BTreeMap;

use dsl::expr::{self, Scope, Seen};
use dsl::span::SpanMap;
use dsl::value::Value;
use jiff::Timestamp;
use migrate::Verdict;
use serde_json::{Map, Value as Json, json};

use crate::{catalog, told};

/// What the expressions of a block see.
#[derive(Clone, Default)]
struct World {
    names: BTreeMap<String, Value>,
    steps: BTreeMap<String, Option<Value>>,
}

impl Scope for World {
    fn name(&self, name: &str) -> Option<Cow<'_, Value>> {
        self.names.get(name).map(Cow::Borrowed)
    }

    fn step(&self, name: &str) -> Seen<'_> {
        match self.steps.get(name) {
            Some(Some(value)) => Seen::Value(Cow::Borrowed(value)),
            Some(None) | None => Seen::Absent,
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn seed(&self) -> [u8; 32] {
        [7; 32]
    }
}

fn eval(text: &str, world: &World) -> Option<Value> {
    let parsed = expr::parse(text, &SpanMap::plain(0, text.len())).ok()?;
    expr::eval(&parsed, world).ok()
}

/// A text with its holes filled in: a lone one gives its value. Secrets stay what they are called.
fn filled(text: &str, world: &World) -> Option<Json> {
    if text.contains("secret(") {
        return Some(text.into());
    }
    if let Some(inner) = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"))
        && !inner.contains("{{")
    {
        return Some(eval(inner.trim(), world)?.to_json());
    }
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("{{") {
        let (inner, after) = after.split_once("}}")?;
        out += before;
        match eval(inner.trim(), world)?.to_json() {
            Json::String(text) => out += &text,
            Json::Null => {}
            other => out += &other.to_string(),
        }
        rest = after;
    }
    Some((out + rest).into())
}

fn rendered(value: &Json, world: &World) -> Option<Json> {
    Some(match value {
        Json::String(text) => filled(text, world)?,
        Json::Array(items) => items.iter().map(|item| rendered(item, world)).collect::<Option<_>>()?,
        Json::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| Some((key.clone(), rendered(value, world)?)));
            Json::Object(fields.collect::<Option<Map<_, _>>>()?)
        }
        other => other.clone(),
    })
}

/// The steps of a block, each after those that it reads.
fn block(steps: &Map<String, Json>, world: &mut World, mocks: &Json, calls: &mut Vec<(String, Json)>) {
    loop {
        let ready = steps.iter().find(|(name, step)| {
            let text = step.to_string();
            let reads = |other: &String| {
                text.contains(&format!("steps.{other}."))
                    || text.contains(&format!("steps.{other}?"))
                    || text.contains(&format!("steps.{other},"))
                    || text.contains(&format!("steps.{other} "))
                    || text.contains(&format!("errors.{other}"))
                    || step["after"].to_string().contains(&format!("\"{other}\""))
            };
            !world.steps.contains_key(*name)
                && steps
                    .keys()
                    .all(|other| other == *name || !reads(other) || world.steps.contains_key(other))
        });
        let Some((name, step)) = ready else { break };
        let open = step["if"].as_str().is_none_or(|condition| {
            eval(condition, world).is_some_and(|value| value.to_json() == json!(true))
        });
        let value = if open { one(name, step, world, mocks, calls) } else { None };
        world.steps.insert(name.clone(), value);
    }
}

fn one(
    name: &str,
    step: &Json,
    world: &World,
    mocks: &Json,
    calls: &mut Vec<(String, Json)>,
) -> Option<Value> {
    if let Some(fields) = step.get("set") {
        return rendered(fields, world).map(Value::from_json);
    }
    if let Some(over) = step.get("for_each").and_then(Json::as_str) {
        let called = step["as"].as_str().unwrap_or("item");
        let items = eval(over, world)?.to_json();
        let mut out = vec![];
        for (at, item) in items.as_array()?.iter().enumerate() {
            let mut inner = world.clone();
            inner.names.insert(called.to_owned(), Value::from_json(item.clone()));
            inner.names.insert("index".to_owned(), Value::from_json(json!(at)));
            block(step["steps"].as_object()?, &mut inner, mocks, calls);
            out.push(rendered(&step["output"], &inner).unwrap_or(Json::Null));
        }
        return Some(Value::from_json(out.into()));
    }
    if let Some(most) = step.get("repeat").and_then(Json::as_u64) {
        let mut last = Json::Null;
        for round in 1..=most {
            let mut inner = world.clone();
            inner.names.insert("round".to_owned(), Value::from_json(json!(round)));
            inner.names.insert("last".to_owned(), Value::from_json(last.clone()));
            block(step["steps"].as_object()?, &mut inner, mocks, calls);
            last = rendered(&step["output"], &inner).unwrap_or(Json::Null);
            if eval(step["until"].as_str()?, &inner).is_some_and(|value| value.to_json() == json!(true)) {
                return Some(Value::from_json(last));
            }
        }
        return None;
    }
    let (verb, args) = match (step.get("http"), step.get("use").and_then(Json::as_str)) {
        (Some(http), _) => ("http", http.clone()),
        (None, Some(action)) => (action, step.get("with").cloned().unwrap_or_else(|| json!({}))),
        (None, None) => return Some(Value::from_json(json!({}))),
    };
    calls.push((verb.to_owned(), rendered(&args, world)?));
    // Of several answers each call has its own, the last one again and again.
    let told = match mocks.get(name) {
        Some(Json::Array(answers)) => {
            let own =
                |call: &&(String, Json)| call.0 == verb && call.1["url"] == calls[calls.len() - 1].1["url"];
            let before = calls.iter().filter(own).count() - 1;
            answers.get(before).or(answers.last()).cloned()
        }
        told => told.cloned(),
    };
    Some(Value::from_json(told.unwrap_or_else(|| json!({ "body": {} }))))
}

/// What a file's only workflow calls, where all of it was carried over, and what it gives in the end.
pub fn played(file: &Json, trigger: Json, mocks: &Json) -> Result<(Vec<(String, Json)>, Json), String> {
    let imported = migrate::n8n::import(&file.to_string(), &catalog()).unwrap();
    if imported.verdict != Verdict::Whole {
        return Err(told(&imported));
    }
    let workflow = dsl::yaml::read_value(&imported.workflows[0].text).unwrap().to_json();
    let mut world = World::default();
    world.names.insert("trigger".to_owned(), Value::from_json(trigger));
    let mut calls = vec![];
    block(workflow["steps"].as_object().unwrap(), &mut world, mocks, &mut calls);
    let output = rendered(&workflow["output"], &world).unwrap_or(Json::Null);
    Ok((calls, output))
}

/// A file whose nodes stand one behind the other.
fn chain(nodes: &Json) -> Json {
    let nodes = nodes.as_array().unwrap();
    let mut connections = Map::new();
    for pair in nodes.windows(2) {
        let to = json!({ "main": [[{ "node": pair[1]["name"], "type": "main", "index": 0 }]] });
        connections.insert(pair[0]["name"].as_str().unwrap().to_owned(), to);
    }
    json!({ "name": "played", "nodes": nodes, "connections": connections })
}

#[test]
fn answers_of_a_form_are_read_by_the_titles_of_its_fields() {
    let file = chain(&json!([
        { "name": "Form", "type": "n8n-nodes-base.typeformTrigger", "typeVersion": 1, "parameters": { "formId": "f" } },
        { "name": "Tell", "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2, "parameters": { "url": "https://example.com/",
            "method": "POST", "sendBody": true, "bodyParameters": { "parameters": [
                { "name": "what", "value": "={{ $json['How was it?'] }}" },
                { "name": "which", "value": "={{ $json.Which }}" },
                { "name": "all", "value": "={{ $('Form').item.json.All }}" } ] } } }
    ]));
    let call = |title: &str| {
        json!({ "kind": "webhook", "body": { "form_response": {
            "definition": { "fields": [ { "id": "a", "title": title }, { "id": "b", "title": "Which" }, { "id": "c", "title": "All" } ] },
            "answers": [
                { "type": "text", "text": "well", "field": { "id": "a" } },
                { "type": "choice", "choice": { "label": "red" }, "field": { "id": "b" } },
                { "type": "choices", "choices": { "labels": ["x", "y"] }, "field": { "id": "c" } } ] } } })
    };
    let (calls, _) = played(&file, call("How was it?"), &json!({})).unwrap();
    let body = &calls[0].1["json"];
    assert_eq!(*body, json!({ "what": "well", "which": "red", "all": ["x", "y"] }));
    // The control: a form that asks something else.
    let (calls, _) = played(&file, call("How are you?"), &json!({})).unwrap();
    assert_eq!(calls[0].1["json"]["what"], Json::Null);
}

#[test]
fn a_ping_of_a_service_starts_nothing_and_an_event_does() {
    let file = chain(&json!([
        { "name": "Issues", "type": "n8n-nodes-base.githubTrigger", "typeVersion": 1,
            "parameters": { "owner": "o", "repository": "r", "events": ["issues"] } },
        { "name": "Tell", "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2, "parameters": { "url": "https://example.com/",
            "method": "POST", "sendBody": true, "bodyParameters": { "parameters": [
                { "name": "title", "value": "={{ $json.body.issue.title }}" } ] } } }
    ]));
    let call = |body: Json| json!({ "kind": "webhook", "body": body, "headers": {}, "query": {} });
    let event = call(json!({ "action": "opened", "hook_id": 1, "issue": { "title": "late" } }));
    let (calls, _) = played(&file, event, &json!({})).unwrap();
    assert_eq!(calls[0].1["json"], json!({ "title": "late" }));
    let (calls, _) = played(&file, call(json!({ "zen": "Keep it", "hook_id": 1 })), &json!({})).unwrap();
    assert_eq!(calls, []);
}

#[test]
fn requests_of_services_are_those_that_n8n_sends() {
    let node = |form: &str, params: Json| {
        chain(&json!([
            { "name": "Hook", "type": "n8n-nodes-base.webhook", "typeVersion": 2, "parameters": { "httpMethod": "POST" } },
            { "name": "Ask", "type": format!("n8n-nodes-base.{form}"), "typeVersion": 1, "parameters": params },
            { "name": "Tell", "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2, "parameters": {
                "url": "https://example.com/", "method": "POST", "sendBody": true, "specifyBody": "json",
                "jsonBody": "={{ JSON.stringify($json) }}" } }
        ]))
    };
    let trigger = || json!({ "kind": "webhook", "body": { "text": "hello" }, "headers": {}, "query": {} });
    let first = |form: &str, params: Json, answer: Json| {
        let (calls, _) =
            played(&node(form, params), trigger(), &json!({ "ask": { "body": answer } })).unwrap();
        (calls[0].1.clone(), calls[1].1["json"].clone())
    };
    let (call, item) = first(
        "googleCloudNaturalLanguage",
        json!({ "content": "={{ $json.body.text }}", "options": {} }),
        json!({ "documentSentiment": { "score": 1 } }),
    );
    assert_eq!(call["url"], "https://language.googleapis.com/v1/documents:analyzeSentiment");
    assert_eq!(
        call["json"],
        json!({ "document": { "type": "PLAIN_TEXT", "content": "hello" }, "encodingType": "UTF16" })
    );
    assert_eq!(item, json!({ "documentSentiment": { "score": 1 } }));
    let (call, item) = first(
        "googleTranslate",
        json!({ "query": "={{ $json.body.text }}", "translateTo": "de" }),
        json!({ "data": { "translations": [{ "translatedText": "hallo" }] } }),
    );
    assert_eq!(call["json"], json!({ "q": "hello", "target": "de" }));
    assert_eq!(item, json!({ "translatedText": "hallo" }));
    let (call, _) = first("clearbit", json!({ "domain": "example.com", "additionalFields": {} }), json!({}));
    assert_eq!(call["url"], "https://company-stream.clearbit.com/v2/companies/find");
    assert_eq!(call["query"], json!({ "domain": "example.com" }));
    let (call, item) = first(
        "openAi",
        json!({ "resource": "chat", "model": "gpt-4", "options": { "n": 2 },
            "prompt": { "messages": [{ "content": "={{ $json.body.text }}" }, { "role": "system", "content": "Be short" }] } }),
        json!({ "choices": [{ "index": 0, "message": { "content": "hi" } }] }),
    );
    assert_eq!(
        call["json"],
        json!({ "model": "gpt-4", "n": 2, "messages": [
            { "role": "user", "content": "hello" }, { "role": "system", "content": "Be short" } ] })
    );
    assert_eq!(item, json!({ "index": 0, "message": { "content": "hi" } }));
    let (call, item) = first(
        "discord",
        json!({ "webhookUri": "={{ $json.body.text }}", "text": "done", "options": { "username": "me" } }),
        json!({}),
    );
    assert_eq!(
        (&call["url"], &call["json"]),
        (&json!("hello"), &json!({ "content": "done", "username": "me" }))
    );
    assert_eq!(item, json!({ "success": true }));
    // The control: what n8n would send beside this is not left out unseen.
    let more = json!({ "query": "a", "translateTo": "de", "format": "text" });
    assert!(played(&node("googleTranslate", more), trigger(), &json!({})).is_err());
    // An address that is a key is not copied.
    let hook = "https://discord.com/api/webhooks/123456789012345678/abcdefghijklmnopqrstuvwx";
    let told = played(&node("discord", json!({ "webhookUri": hook, "text": "a" })), trigger(), &json!({}));
    assert!(told.unwrap_err().contains("a secret stands in the file"));
}

#[test]
fn who_calls_is_answered_with_the_first_item_or_with_all() {
    let file = |with: &str, options: Json| {
        chain(&json!([
            { "name": "Hook", "type": "n8n-nodes-base.webhook", "typeVersion": 2,
                "parameters": { "httpMethod": "POST", "responseMode": "responseNode" } },
            { "name": "Lines", "type": "n8n-nodes-base.splitOut", "typeVersion": 1, "parameters": { "fieldToSplitOut": "body.lines" } },
            { "name": "Answer", "type": "n8n-nodes-base.respondToWebhook", "typeVersion": 1.1,
                "parameters": { "respondWith": with, "options": options } }
        ]))
    };
    let trigger = || json!({ "kind": "webhook", "body": { "lines": [{ "a": 1 }, { "a": 2 }] } });
    let answer = |file: &Json| played(file, trigger(), &json!({})).map(|(_, output)| output);
    assert_eq!(answer(&file("firstIncomingItem", json!({}))).unwrap(), json!({ "a": 1 }));
    assert_eq!(answer(&file("allIncomingItems", json!({}))).unwrap(), json!([{ "a": 1 }, { "a": 2 }]));
    assert_eq!(
        answer(&file("allIncomingItems", json!({ "responseKey": "data" }))).unwrap(),
        json!({ "data": [{ "a": 1 }, { "a": 2 }] })
    );
    // An answer that says no is a whole one.
    let no = answer(&file("allIncomingItems", json!({ "responseCode": 404 }))).unwrap();
    assert_eq!(no, json!({ "status": 404, "body": [{ "a": 1 }, { "a": 2 }] }));
    // The controls: an answer that is a file, and one whose number is made.
    assert!(answer(&file("binary", json!({}))).is_err());
    assert!(answer(&file("allIncomingItems", json!({ "responseCode": "={{ 400 + 4 }}" }))).is_err());
}

/// A file in which two lists of a call meet in a node, and each item of what comes out is told.
fn meeting(merge: Json, always: bool, told: &str) -> Json {
    let split = |name: &str, field: &str| json!({ "name": name, "type": "n8n-nodes-base.splitOut", "typeVersion": 1, "parameters": { "fieldToSplitOut": field } });
    let to = |name: &str, index: usize| json!({ "node": name, "type": "main", "index": index });
    json!({ "name": "meets", "nodes": [
        { "name": "Hook", "type": "n8n-nodes-base.webhook", "typeVersion": 2, "parameters": { "httpMethod": "POST" } },
        split("Lines", "body.lines"), split("Others", "body.others"),
        { "name": "Meet", "type": "n8n-nodes-base.merge", "typeVersion": 3, "parameters": merge, "alwaysOutputData": always },
        { "name": "Tell", "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2, "parameters": { "url": "https://example.com/",
            "method": "POST", "sendBody": true, "bodyParameters": { "parameters": [{ "name": "is", "value": told }] } } } ],
        "connections": {
            "Hook": { "main": [[to("Lines", 0), to("Others", 0)]] },
            "Lines": { "main": [[to("Meet", 0)]] }, "Others": { "main": [[to("Meet", 1)]] },
            "Meet": { "main": [[to("Tell", 0)]] } } })
}

#[test]
fn what_has_no_partner_is_kept_with_the_item_that_it_was() {
    let trigger = || {
        json!({ "kind": "webhook", "body": {
            "lines": [{ "name": "a", "text": "x" }, { "name": "b", "text": "y" }, { "text": "z" }],
            "others": [{ "name": "a" }, { "text": "nameless" }] } })
    };
    let told = |file: &Json| {
        let (calls, _) = played(file, trigger(), &json!({}))?;
        Ok::<Vec<Json>, String>(calls.into_iter().map(|(_, args)| args["json"]["is"].clone()).collect())
    };
    let sql = |query: &str| json!({ "mode": "combineBySql", "query": query });
    let query = "SELECT input1.name, input1.text\nFROM input1\nLEFT JOIN input2\nON input1.name = input2.name\nWHERE input2.name IS NULL";
    assert_eq!(told(&meeting(sql(query), false, "={{ $json.text }}")).unwrap(), [json!("y"), json!("z")]);
    // The control: any other statement is not read.
    for other in
        ["SELECT * FROM input1 LEFT JOIN input2 ON input1.name = input2.id", "SELECT input1.name FROM input1"]
    {
        assert!(told(&meeting(sql(other), false, "={{ $json.name }}")).is_err(), "{other}");
    }
    let fields = |join: &str| {
        json!({ "mode": "combine", "joinMode": join, "outputDataFrom": "input1",
            "mergeByFields": { "values": [{ "field1": "name", "field2": "name" }] } })
    };
    let own = "={{ $('Lines').item.json.text }}";
    assert_eq!(told(&meeting(fields("keepNonMatches"), true, own)).unwrap(), [json!("y")]);
    // The control: of what was made of two items it is not said which one is meant.
    assert!(told(&meeting(fields("enrichInput1"), true, own)).is_err());
}

#[test]
fn what_a_request_gives_is_a_file_where_it_is_read_as_one() {
    let file = |next: Json| {
        chain(&json!([
            { "name": "Go", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "parameters": {} },
            { "name": "Fetch", "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2, "parameters": { "url": "https://example.com/a.pdf" } },
            next
        ]))
    };
    let upload = json!({ "name": "Keep", "type": "n8n-nodes-base.googleDrive", "typeVersion": 3, "parameters": { "name": "a.pdf",
        "driveId": { "__rl": true, "mode": "list", "value": "My Drive" }, "folderId": { "__rl": true, "mode": "id", "value": "root" } } });
    let (calls, _) =
        played(&file(upload), json!({ "kind": "manual" }), &json!({ "fetch": { "body": "bytes" } })).unwrap();
    assert_eq!(calls[1].1["file"], "bytes");
    // The control: what takes no file gets the fields of the answer.
    let set = json!({ "name": "Keep", "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2, "parameters": {
        "url": "https://example.com/", "sendQuery": true, "queryParameters": { "parameters": [{ "name": "n", "value": "={{ $json.n }}" }] } } });
    let (calls, _) =
        played(&file(set), json!({ "kind": "manual" }), &json!({ "fetch": { "body": { "n": 7 } } })).unwrap();
    assert_eq!(calls[1].1["query"], json!({ "n": 7 }));
}

#[test]
fn the_last_node_answers_with_its_first_item_or_with_all() {
    let file = |data: &str| {
        chain(&json!([
            { "name": "Hook", "type": "n8n-nodes-base.webhook", "typeVersion": 2,
                "parameters": { "httpMethod": "POST", "responseMode": "lastNode", "responseData": data } },
            { "name": "Lines", "type": "n8n-nodes-base.splitOut", "typeVersion": 1, "parameters": { "fieldToSplitOut": "body.lines" } }
        ]))
    };
    let trigger = || json!({ "kind": "webhook", "body": { "lines": [{ "a": 1 }, { "a": 2 }] } });
    let answer = |data: &str| played(&file(data), trigger(), &json!({})).map(|(_, output)| output);
    assert_eq!(answer("firstEntryJson").unwrap(), json!({ "a": 1 }));
    assert_eq!(answer("allEntries").unwrap(), json!([{ "a": 1 }, { "a": 2 }]));
    assert_eq!(answer("noData").unwrap(), Json::Null);
    // The control: what is no JSON.
    assert!(answer("firstEntryBinary").is_err());
}

#[test]
fn an_address_that_is_none_is_to_be_settled_and_leads_nowhere() {
    let file = |url: &str| {
        chain(&json!([
            { "name": "Go", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "parameters": {} },
            { "name": "Ask", "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2, "parameters": { "url": url } }
        ]))
    };
    let imported = |url: &str| migrate::n8n::import(&file(url).to_string(), &catalog()).unwrap();
    for none in ["", "YOUR ADDRESS"] {
        let found = imported(none);
        assert_eq!(found.verdict, Verdict::Whole, "{none}");
        assert!(found.workflows[0].text.contains("https://address.invalid/"), "{none}");
        assert!(found.settle.iter().any(|line| line.contains("the address of `Ask`")), "{:?}", found.settle);
    }
    // The control: an address that is one.
    let found = imported("https://example.com/");
    assert!(found.settle.iter().all(|line| !line.contains("the address of")), "{:?}", found.settle);
}

#[test]
fn rows_that_were_added_or_changed_start_a_run_and_chosen_columns_do_not() {
    let file = |options: Json| {
        chain(&json!([
            { "name": "Rows", "type": "n8n-nodes-base.googleSheetsTrigger", "typeVersion": 1, "parameters": { "options": options,
                "documentId": { "__rl": true, "mode": "id", "value": "d" }, "sheetName": { "__rl": true, "mode": "list", "value": "gid=0", "cachedResultName": "S" } } },
            { "name": "Tell", "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2, "parameters": { "url": "https://example.com/",
                "method": "POST", "sendBody": true, "bodyParameters": { "parameters": [{ "name": "who", "value": "={{ $json.Name }}" }] } } }
        ]))
    };
    let trigger = json!({ "kind": "event", "event": { "number": 3, "values": { "Name": "Ada" } } });
    let (calls, _) = played(&file(json!({})), trigger.clone(), &json!({})).unwrap();
    assert_eq!(calls[0].1["json"], json!({ "who": "Ada" }));
    assert!(played(&file(json!({ "columnsToWatch": ["Name"] })), trigger, &json!({})).is_err());
}

#[test]
fn a_pdf_is_read_and_a_sheet_is_made() {
    let go =
        json!({ "name": "Go", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "parameters": {} });
    let fetch = json!({ "name": "Fetch", "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2, "parameters": { "url": "https://example.com/a.pdf" } });
    let tell = json!({ "name": "Tell", "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2, "parameters": { "url": "https://example.com/",
        "method": "POST", "sendBody": true, "bodyParameters": { "parameters": [{ "name": "text", "value": "={{ $json.text }}" }] } } });
    let manual = || json!({ "kind": "manual" });
    let mocks = json!({ "fetch": { "body": "bytes" }, "pages": { "pages": ["one", "two"], "count": 2, "more": false } });
    for (kind, params) in [("extractFromFile", json!({ "operation": "pdf" })), ("readPDF", json!({}))] {
        let read = json!({ "name": "Pages", "type": format!("n8n-nodes-base.{kind}"), "typeVersion": 1, "parameters": params });
        let file = chain(&json!([go, fetch, read, tell]));
        let (calls, _) = played(&file, manual(), &mocks).unwrap();
        assert_eq!((&*calls[1].0, &calls[1].1["file"]), ("pdf.text", &json!("bytes")), "{kind}");
        assert_eq!(calls[2].1["json"], json!({ "text": "one\n\ntwo" }), "{kind}");
        let locked = json!({ "name": "Pages", "type": format!("n8n-nodes-base.{kind}"), "typeVersion": 1,
            "parameters": { "operation": "pdf", "encrypted": true, "options": { "password": "a" } } });
        // The control: what is locked.
        assert!(played(&chain(&json!([go, fetch, locked, tell])), manual(), &mocks).is_err(), "{kind}");
    }
    let lines = json!({ "name": "Lines", "type": "n8n-nodes-base.splitOut", "typeVersion": 1, "parameters": { "fieldToSplitOut": "body.lines" } });
    let keep = json!({ "name": "Keep", "type": "n8n-nodes-base.writeBinaryFile", "typeVersion": 1, "parameters": { "fileName": "a.xlsx" } });
    let hook = json!({ "name": "Hook", "type": "n8n-nodes-base.webhook", "typeVersion": 2, "parameters": { "httpMethod": "POST" } });
    let trigger = || json!({ "kind": "webhook", "body": { "lines": [{ "a": 1 }, { "a": 2 }] } });
    let sheet = |kind: &str, params: Json| {
        let made = json!({ "name": "Sheet", "type": format!("n8n-nodes-base.{kind}"), "typeVersion": 2, "parameters": params });
        played(&chain(&json!([hook, lines, made, keep])), trigger(), &json!({ "sheet": "bytes" }))
    };
    for (kind, params) in [
        ("convertToFile", json!({ "operation": "xlsx", "options": { "sheetName": "All" } })),
        (
            "spreadsheetFile",
            json!({ "operation": "toFile", "fileFormat": "xlsx", "options": { "sheetName": "All" } }),
        ),
    ] {
        let (calls, _) = sheet(kind, params).unwrap();
        assert_eq!(&*calls[0].0, "sheet.write", "{kind}");
        assert_eq!(calls[0].1, json!({ "rows": [{ "a": 1 }, { "a": 2 }], "sheet": "All" }), "{kind}");
        assert_eq!(calls[1].1["bytes"], json!("bytes"), "{kind}");
    }
    // The control: a kind of file that is not made here.
    assert!(sheet("convertToFile", json!({ "operation": "ods" })).is_err());
}
