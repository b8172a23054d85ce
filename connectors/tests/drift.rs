//! What a newer description changes is said, each kind of change with its weight and place; and what changes nothing is not.

#![allow(clippy::unwrap_used)]

mod asking;

use std::collections::BTreeSet;
use std::path::Path;

use connectors::import::drift::{self, Drift, Weight};
use connectors::import::{self, Wish};
use connectors::manifest::Manifest;
use serde_json::{Value as Json, json};

fn older(file: &str) -> (Json, Manifest) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import").join(file);
    let root = dsl::yaml::read_value(&std::fs::read_to_string(path).unwrap()).unwrap().to_json();
    let id = file.split('.').next().unwrap();
    let wish = Wish { service: Some(id.into()), all: true, ..Wish::default() };
    let made = import::import(&import::read(&root.to_string()).unwrap(), &wish).unwrap();
    let manifest = asking::right(&made.text, id).unwrap();
    (root, manifest)
}

fn against(manifest: &Manifest, newer: &Json) -> Drift {
    drift::of(manifest, &import::read(&newer.to_string()).unwrap(), None)
}

fn lines(drift: &Drift) -> Vec<String> {
    let line = |change: &drift::Change| {
        let action = change.action.as_deref().map(|action| format!("{action}, ")).unwrap_or_default();
        format!("{}: {action}{}: {}", change.weight.name(), change.place, change.what)
    };
    drift.changes.iter().map(line).collect()
}

#[test]
fn the_same_description_changes_nothing() {
    for file in ["depot.json", "notes.json", "shelves.yaml", "parcels.yaml"] {
        let (root, manifest) = older(file);
        let told = lines(&against(&manifest, &root));
        // That something goes away is said as long as it is there.
        let told: Vec<&String> = told.iter().filter(|line| !line.contains("is said to go away")).collect();
        assert!(told.is_empty(), "{file}: {told:?}");
    }
}

/// A change of the description, and the line that tells of it.
type Case = (&'static str, fn(&mut Json), &'static str);

const CASES: &[Case] = &[
    (
        "an operation is gone",
        |root| drop(root["paths"].as_object_mut().unwrap().remove("/parcels/search")),
        "breaks: search_parcels, operation `POST /parcels/search`: it is gone",
    ),
    (
        "an operation goes away",
        |root| root["paths"]["/me"]["get"]["deprecated"] = json!(true),
        "may break: get_me, operation `GET /me`: it is said to go away",
    ),
    (
        "there is another operation",
        |root| root["paths"]["/vans"] = json!({ "get": { "responses": {} } }),
        "new: operations: 1 operation is no action of this manifest",
    ),
    (
        "a query is required",
        |root| root["paths"]["/parcels"]["get"]["parameters"][0]["required"] = json!(true),
        "may break: list_parcels, query `state`: it must be given, and may be left out",
    ),
    (
        "a query that must be given is new",
        |root| {
            push(
                &mut root["paths"]["/me"]["get"]["parameters"],
                json!({ "name": "as", "in": "query", "required": true, "schema": { "type": "string" } }),
            )
        },
        "breaks: get_me, query `as`: it must be given, and is not sent",
    ),
    (
        "a query that may be given is new",
        |root| {
            push(
                &mut root["paths"]["/me"]["get"]["parameters"],
                json!({ "name": "as", "in": "query", "schema": { "type": "string" } }),
            )
        },
        "new: get_me, query `as`: it can be given",
    ),
    (
        "a query is gone",
        |root| drop(root["paths"]["/parcels"]["get"]["parameters"].as_array_mut().unwrap().remove(0)),
        "may break: list_parcels, query `state`: it is not known any more",
    ),
    (
        "a query of pages is gone",
        |root| drop(root["paths"]["/parcels"]["get"]["parameters"].as_array_mut().unwrap().remove(2)),
        "breaks: list_parcels, query `cursor`: the list goes on by it, and it is not known any more",
    ),
    (
        "a query goes away",
        |root| root["paths"]["/parcels"]["get"]["parameters"][1]["deprecated"] = json!(true),
        "may break: list_parcels, query `tags`: it is said to go away",
    ),
    (
        "words are fewer",
        |root| {
            root["paths"]["/parcels"]["get"]["parameters"][0]["schema"]["enum"] = json!(["waiting", "there"])
        },
        "breaks: list_parcels, query `state`: `moving` is not taken any more",
    ),
    (
        "words are more",
        |root| {
            root["paths"]["/parcels"]["get"]["parameters"][0]["schema"]["enum"] =
                json!(["waiting", "moving", "there", "lost"])
        },
        "new: list_parcels, query `state`: it can be `lost`",
    ),
    (
        "a header must be given",
        |root| {
            push(
                &mut root["paths"]["/parcels/{parcelId}"]["parameters"],
                json!({ "name": "If-Match", "in": "header", "required": true, "schema": { "type": "string" } }),
            )
        },
        "breaks: get_parcel, header `If-Match`: it must be given, and is not sent",
    ),
    (
        "a field must be given",
        |root| require(&mut root["components"]["schemas"]["NewParcel"], "gift"),
        "may break: create_parcel, body `gift`: it must be given, and may be left out",
    ),
    (
        "a field that must be given is new",
        |root| {
            root["components"]["schemas"]["NewParcel"]["properties"]["insured"] =
                json!({ "type": "boolean" });
            require(&mut root["components"]["schemas"]["NewParcel"], "insured");
        },
        "breaks: create_parcel, body `insured`: it must be given, and is not sent",
    ),
    (
        "a field is gone",
        |root| remove(&mut root["components"]["schemas"]["NewParcel"]["properties"], "note"),
        "may break: create_parcel, body `note`: it is not known any more",
    ),
    (
        "a field is of another type",
        |root| {
            root["paths"]["/parcels"]["post"]["requestBody"]["content"]["application/json"]["schema"]["allOf"]
                [1]["properties"]["grams"] = json!({ "type": "string" })
        },
        "breaks: create_parcel, body `grams`: it is `string`, and `integer` is sent",
    ),
    (
        "a field within must be given",
        |root| require(&mut root["components"]["schemas"]["Address"], "zip"),
        "may break: create_parcel, body `to`, `zip`: it must be given, and may be left out",
    ),
    (
        "a field within is of another type",
        |root| root["components"]["schemas"]["Address"]["properties"]["city"] = json!({ "type": "integer" }),
        "breaks: create_parcel, body `to`, `city`: it is `integer`, and `string` is sent",
    ),
    (
        "the body is another",
        |root| {
            let content =
                root["paths"]["/parcels/search"]["post"]["requestBody"]["content"].as_object_mut().unwrap();
            let schema = content.remove("application/json").unwrap();
            content.insert("application/x-www-form-urlencoded".into(), schema);
        },
        "may break: search_parcels, body: it is sent as JSON, and `application/x-www-form-urlencoded` is taken",
    ),
    (
        "a field of an answer is gone",
        |root| remove(&mut root["components"]["schemas"]["Shop"]["properties"], "name"),
        "breaks: get_me, answer `name`: it is gone",
    ),
    (
        "a field of an answer that may be null is gone",
        |root| remove(&mut root["components"]["schemas"]["Parcel"]["properties"], "changed"),
        "may break: list_parcels, answer `[].changed`: it is gone, and will be null",
    ),
    (
        "a field of an answer is of another type",
        |root| root["components"]["schemas"]["Parcel"]["properties"]["id"] = json!({ "type": "integer" }),
        "breaks: get_parcel, answer `id`: it is `integer`, and `string` is promised",
    ),
    (
        "what continues a list is gone",
        |root| {
            remove(
                &mut root["paths"]["/parcels"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
                    ["properties"],
                "next_cursor",
            )
        },
        "breaks: list_parcels, answer `next_cursor`: the list goes on by it, and it is gone",
    ),
    (
        "the service stands elsewhere",
        |root| root["servers"] = json!([{ "url": "https://api.letters.test/v2" }]),
        "breaks: base: the service stands at `https://api.letters.test/v2`, and not at `*.parcels.test`",
    ),
    (
        "a way to sign in is gone",
        |root| remove(&mut root["components"]["securitySchemes"], "key"),
        "may break: auth `key`: no way of the kind `api_key` is described any more",
    ),
    (
        "all ways to sign in are gone",
        |root| {
            root["components"]["securitySchemes"] = json!({ "basic": { "type": "http", "scheme": "basic" } })
        },
        "breaks: auth `oauth`: no way of the kind `oauth2_code` is described any more",
    ),
    (
        "tokens are had elsewhere",
        |root| {
            root["components"]["securitySchemes"]["oauth"]["flows"]["authorizationCode"]["tokenUrl"] =
                json!("https://id.parcels.test/token")
        },
        "may break: auth `oauth`: tokens are had at `https://id.parcels.test/token`, and not at `https://login.parcels.test/token`",
    ),
    (
        "another scope is needed",
        |root| root["paths"]["/parcels"]["post"]["security"] = json!([{ "oauth": ["parcels.create"] }]),
        "may break: create_parcel, scopes: it needs `parcels.create`",
    ),
];

fn push(list: &mut Json, item: Json) {
    match list.as_array_mut() {
        Some(items) => items.push(item),
        None => *list = json!([item]),
    }
}

fn require(schema: &mut Json, name: &str) {
    push(&mut schema["required"], json!(name));
}

fn remove(object: &mut Json, name: &str) {
    object.as_object_mut().unwrap().shift_remove(name).unwrap();
}

#[test]
fn each_kind_of_change_is_told_with_its_weight_and_place() {
    let (root, manifest) = older("parcels.yaml");
    let before = lines(&against(&manifest, &root));
    let mut wrong = vec![];
    for (name, change, line) in CASES {
        let mut newer = root.clone();
        change(&mut newer);
        assert_ne!(newer, root, "{name} changes nothing");
        let told = lines(&against(&manifest, &newer));
        let news: Vec<&String> = told.iter().filter(|told| !before.contains(told)).collect();
        if !news.iter().any(|told| told == line) {
            wrong.push(format!("{name}: {line}\n    got {news:#?}"));
        }
    }
    println!("{} kinds of change", CASES.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}

#[test]
fn actions_that_nobody_uses_change_nothing() {
    let (mut root, manifest) = older("parcels.yaml");
    root["paths"].as_object_mut().unwrap().remove("/parcels/search");
    let newer = import::read(&root.to_string()).unwrap();
    let used = |name: &str| BTreeSet::from([name.to_owned()]);
    let quiet = drift::of(&manifest, &newer, Some(&used("get_me")));
    assert_eq!((quiet.actions, quiet.changes.len()), (1, 0), "{:?}", quiet.changes);
    assert_eq!(drift::of(&manifest, &newer, Some(&used("search_parcels"))).count(Weight::Breaks), 1);
}

#[test]
fn a_newer_schema_is_held_against_the_arguments_of_documents() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import/tasks.graphql");
    let text = std::fs::read_to_string(path).unwrap();
    let wish = Wish { service: Some("tasks".into()), all: true, ..Wish::default() };
    let made = import::import(&import::read(&text).unwrap(), &wish).unwrap();
    let manifest = asking::right(&made.text, "tasks").unwrap();
    let told = |newer: &str| lines(&drift::of(&manifest, &import::read(newer).unwrap(), None));
    assert!(told(&text).iter().all(|line| line.starts_with("new: ")), "{:?}", told(&text));
    for (from, to, line) in [
        ("  task(id: ID!): Task\n", "", "breaks: get_task, operation `task`: it is gone"),
        ("task(id: ID!)", "task(key: ID!)", "breaks: get_task, argument `id`: it is not known any more"),
        (
            "task(id: ID!)",
            "task(id: ID!, team: ID!)",
            "breaks: get_task, argument `team`: it must be given, and is not sent",
        ),
        ("task(id: ID!)", "task(id: ID!, team: ID)", "new: get_task, argument `team`: it can be given"),
    ] {
        assert!(text.contains(from));
        let told = told(&text.replace(from, to));
        assert!(told.iter().any(|known| known == line), "{line}: {told:?}");
    }
}
