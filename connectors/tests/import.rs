//! Descriptions of our own, one for each form, and the manifests that come of them; what a hostile description does; and a
//! judge that holds the requests of those manifests against their descriptions, with faults that it must see.

#![allow(clippy::unwrap_used)]

mod asking;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use connectors::import::{self, Refused, Wish};
use serde_json::{Value as Json, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import")
}

fn text(file: &str) -> String {
    std::fs::read_to_string(folder().join(file)).unwrap()
}

fn imported(text: &str, service: &str) -> import::Imported {
    let wish = Wish { service: Some(service.into()), all: true, ..Wish::default() };
    import::import(&import::read(text).unwrap(), &wish).unwrap()
}

/// A description as JSON, whatever it is written in.
fn json_of(file: &str) -> Json {
    dsl::yaml::read_value(&text(file)).unwrap().to_json()
}

const SMALL: &[&str] =
    &["asked.json", "depot.json", "notes.json", "parcels.yaml", "shelves.yaml", "tasks.graphql"];

#[test]
fn each_form_of_description_becomes_the_manifest_that_was_read() {
    let mut wrong = vec![];
    for file in SMALL {
        let id = file.split('.').next().unwrap();
        let made = imported(&text(file), id);
        let decisions = made.decisions.iter().map(|open| format!("decide {}: {}\n", open.place, open.what));
        let left = made.left.iter().map(|left| format!("left {}: {}\n", left.operation, left.why));
        for (ending, got) in [("manifest.yaml", made.text.clone()), ("told", decisions.chain(left).collect())]
        {
            let path = folder().join(format!("{id}.{ending}"));
            if std::env::var_os("KEYWAY_ACCEPT").is_some() {
                std::fs::write(&path, &got).unwrap();
            }
            if std::fs::read_to_string(&path).unwrap_or_default() != got {
                wrong.push(format!("{} is not what comes of {file}:\n{got}", path.display()));
            }
        }
        // Neither errors nor warnings.
        wrong.extend(asking::right(&made.text, id).err().map(|why| format!("{file}:\n    {why}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the judge says to the requests of a manifest: how many there are, and which it refuses.
fn judge(file: &str, text: &str) -> (usize, Vec<String>) {
    let (root, id) = (json_of(file), file.split('.').next().unwrap());
    let manifest = asking::right(text, id).unwrap_or_else(|why| panic!("{text}\n{why}"));
    let (mut count, mut refused) = (0, vec![]);
    for action in &manifest.actions {
        for all in [false, true] {
            count += 1;
            let args = asking::args(&action.input, all);
            let told = asking::preview(&manifest, text, action, &args)
                .and_then(|preview| asking::judged(&root, &preview));
            refused.extend(told.err().map(|why| format!("{}: {why}", action.name)));
        }
    }
    (count, refused)
}

const JUDGED: &[&str] = &["depot.json", "parcels.yaml", "shelves.yaml"];

#[test]
fn every_request_of_an_imported_action_fits_its_description() {
    let mut all = 0;
    for file in JUDGED {
        let (count, refused) = judge(file, &imported(&text(file), file.split('.').next().unwrap()).text);
        all += count;
        assert!(refused.is_empty(), "{file}: {} of {count}:\n{}", refused.len(), refused.join("\n"));
    }
    println!("{all} requests judged, none refused");
    assert_eq!(all, 30);
}

/// Faults in the mapping: what is written, what stands there instead, and what the judge says then.
const FAULTS: &[(&str, &str, &str, &str)] = &[
    (
        "parcels.yaml",
        "method: GET, path: \"/parcels/{{ input.parcel_id }}\"",
        "method: GET, path: /parcels, query: { parcelId: \"{{ input.parcel_id }}\" }",
        "get_parcel: no query is `parcelId`",
    ),
    ("parcels.yaml", "page_size: 200", "page_sise: 200", "list_parcels: no query is `page_sise`"),
    ("parcels.yaml", "enum: [waiting, moving, there]", "enum: [wating]", "list_parcels: `state` is wating"),
    (
        "parcels.yaml",
        "grams: \"{{ input.grams }}\"",
        "weight: \"{{ input.grams }}\"",
        "create_parcel: the body: \"grams\" is a required property",
    ),
    ("parcels.yaml", "grams: { type: integer", "grams: { type: string", "create_parcel: the body: "),
    (
        "parcels.yaml",
        "parcels-version: \"2026-01-01\"",
        "x-other: \"1\"",
        "list_parcels: the header Parcels-Version is missing",
    ),
    ("parcels.yaml", "multipart:", "form:", "create_photo: `photo` has to be of type `string`, not `bytes`"),
    ("depot.json", "kind: box", "kind: bag", "create_box: the body: "),
    ("shelves.yaml", "path: /shelves,", "path: /shelf,", ": no path is `/shelf`"),
];

#[test]
fn a_fault_in_the_mapping_is_seen() {
    for (file, from, to, said) in FAULTS {
        let made = imported(&text(file), file.split('.').next().unwrap()).text;
        assert!(made.contains(from), "{file} has no `{from}`:\n{made}");
        let (_, refused) = judge(file, &made.replacen(from, to, 1));
        assert!(refused.iter().any(|told| told.contains(said)), "{from} -> {to}: {refused:?}");
    }
}

#[test]
fn no_secret_of_a_description_comes_into_a_manifest() {
    for file in SMALL {
        let made = imported(&text(file), "made").text;
        for secret in ["sk_live", "a1b2c3d4e5f6"] {
            assert!(!made.contains(secret), "{file} gives away {secret}");
        }
    }
    assert!(text("parcels.yaml").contains("sk_live") && text("parcels.yaml").contains("a1b2c3d4e5f6"));
}

#[test]
fn what_is_wanted_is_made_and_what_is_not_there_is_said() {
    let description = import::read(&text("parcels.yaml")).unwrap();
    let wish = |actions: &[&str]| Wish {
        actions: Some(actions.iter().map(|name| (*name).to_owned()).collect()),
        ..Wish::default()
    };
    let made = import::import(&description, &wish(&["get_parcel", "get_me"])).unwrap();
    assert_eq!(
        (made.id.as_str(), made.actions),
        ("parcels", vec!["get_me".to_owned(), "get_parcel".to_owned()])
    );
    let told = import::import(&description, &wish(&["get_parcle"])).unwrap_err();
    assert_eq!(told.to_string(), "there is no action `get_parcle`; did you mean `get_parcel`?");
    let elsewhere = Wish { base: Some("https://eu.parcels.test/v3".into()), ..wish(&["get_me"]) };
    assert!(
        import::import(&description, &elsewhere)
            .unwrap()
            .text
            .contains("\nbase: https://eu.parcels.test/v3\n")
    );
    for (wish, refused) in [
        (
            Wish { service: Some("My Parcels".into()), ..wish(&["get_me"]) },
            Refused::Name("My Parcels".into()),
        ),
        (Wish { base: Some("parcels".into()), ..wish(&["get_me"]) }, Refused::Base("parcels".into())),
    ] {
        assert_eq!(import::import(&description, &wish).unwrap_err(), refused);
    }
    let names: Vec<String> = import::list(&description).0.into_iter().map(|listed| listed.name).collect();
    assert_eq!(names.len(), 9);
    assert!(names.contains(&"search_parcels".to_owned()), "{names:?}");
}

fn empty() -> Json {
    json!({ "openapi": "3.0.0", "info": { "title": "Wide", "version": "1" }, "servers": [{ "url": "https://wide.test" }], "paths": {} })
}

#[test]
fn what_is_no_description_is_refused_with_its_reason() {
    for (text, said) in [
        (String::new(), "this is no description that is known"),
        ("{".into(), "the description cannot be read: EOF while parsing an object at line 1 column 1"),
        ("{\"openapi\": \"4.0\"}".into(), "this is no description that is known"),
        ("a: b: c".into(), "the description cannot be read: line 1: "),
        (
            "type Query {\n  a(: Int\n}".into(),
            "the description cannot be read: line 2: nobody expects `:` here",
        ),
        ("[".repeat(100_000), "the description cannot be read: recursion limit exceeded"),
        (
            format!("{{\"a\": \"{}\"}}", "x".repeat(import::MOST_BYTES)),
            "bytes, and at most 33554432 are read",
        ),
        (
            format!("type Query {{ a: {}Int{} }}", "[".repeat(50_000), "]".repeat(50_000)),
            "the description cannot be read: line 1",
        ),
        (format!("openapi: {}", "[".repeat(5_000)), "the description cannot be read: line 1"),
    ] {
        let told = import::read(&text).unwrap_err().to_string();
        assert!(told.contains(said), "{told}");
    }
    let none = import::import(&import::read(&empty().to_string()).unwrap(), &Wish::default()).unwrap_err();
    assert_eq!(none, Refused::Empty);
}

#[test]
fn a_hostile_description_costs_little_and_harms_nothing() {
    let mut root = empty();
    // Each schema holds the next ten times: written out, they would be ten to the power of thirty.
    for at in 0..30 {
        let fields: serde_json::Map<String, Json> = (0..10)
            .map(|field| {
                (format!("f{field}"), json!({ "$ref": format!("#/components/schemas/S{}", at + 1) }))
            })
            .collect();
        root["components"]["schemas"][format!("S{at}")] = json!({ "type": "object", "properties": fields });
    }
    root["components"]["schemas"]["S30"] = json!({ "allOf": [{ "$ref": "#/components/schemas/S30" }, { "oneOf": [{ "$ref": "#/components/schemas/Loop" }] }] });
    root["components"]["schemas"]["Loop"] = json!({ "$ref": "#/components/schemas/Loop" });
    // All of them again as one of very many.
    let arms: Vec<Json> = (0..2_000).map(|_| json!({ "anyOf": [{ "$ref": "#/components/schemas/S0" }, { "$ref": "#/components/schemas/S1" }] })).collect();
    root["components"]["schemas"]["Arms"] = json!({ "oneOf": arms });
    let strange = [
        "",
        "request",
        "../../etc/passwd",
        "a\n  b: c",
        "{{ connection.token }}",
        "☃",
        "x".repeat(5_000).leak(),
        "# decide",
        "'\"",
        "__",
        "1",
        "null",
    ];
    for (at, id) in strange.iter().enumerate() {
        let schema = |name: &str| json!({ "application/json": { "schema": { "$ref": format!("#/components/schemas/{name}") } } });
        let mut fields = serde_json::Map::new();
        for name in strange.iter().filter(|name| name.len() < 4_000) {
            fields.insert((*name).to_owned(), json!({ "type": "string", "enum": [name], "description": name, "default": name, "pattern": "(" }));
        }
        root["paths"][format!("/x/{at}/{{a b}}/{{c")] =
            json!({ "get": { "operationId": id, "responses": {} } });
        root["paths"][format!("/y/{at}/{{{id}}}")] = json!({ "post": {
            "operationId": id, "summary": id, "description": "{{ secret }}",
            "parameters": [{ "in": "query", "name": id, "schema": { "$ref": "#/components/schemas/Arms" } }, { "in": "header", "name": id, "required": true }],
            "requestBody": { "content": schema(if at % 2 == 0 { "S0" } else { "Arms" }) },
            "responses": { "200": { "content": schema("S0") } },
            "security": [{ (*id): [id] }] } });
        root["paths"][format!("/z/{at}")] = json!({ "put": { "requestBody": { "content": { "application/json": { "schema": { "properties": fields } } } } } });
        root["components"]["securitySchemes"][*id] =
            json!({ "type": "apiKey", "in": "header", "name": id, "description": id });
    }
    let begun = Instant::now();
    let made = imported(&root.to_string(), "wide");
    let took = begun.elapsed();
    asking::right(&made.text, "wide").unwrap_or_else(|why| panic!("{why}\n{}", made.text));
    println!(
        "{} actions, {} left out, {} bytes in {took:?}",
        made.actions.len(),
        made.left.len(),
        made.text.len()
    );
    // A hole that came of it would read what is not there, and the manifest would have an error.
    assert!(made.text.contains("{{ connection.token }}"));
    assert_eq!((made.actions.len(), made.left.len()), (21, 15), "{:?}", made.left);
    // Many times what it takes, and far below what it would take without bounds.
    assert!(took < Duration::from_secs(60), "{took:?}");
}

#[test]
fn very_many_operations_are_not_taken_unasked() {
    let mut root = empty();
    for at in 0..3_000 {
        root["paths"][format!("/things{at}")] =
            json!({ "get": { "responses": { "200": { "description": "" } } } });
    }
    let description = import::read(&root.to_string()).unwrap();
    assert_eq!(import::import(&description, &Wish::default()).unwrap_err(), Refused::TooMany(3_000));
    let told = import::import(&description, &Wish { all: true, ..Wish::default() });
    assert!(told.is_ok_and(|made| made.actions.len() == 3_000));
}
