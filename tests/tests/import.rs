//! Manifests that are made of descriptions, and what a newer description changes, through the binary.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use tests::place::Place;

/// What a service says of itself; a change is made to it where one is tried.
fn description(change: impl Fn(&mut Value)) -> String {
    let parcel = json!({
        "type": "object",
        "required": ["id"],
        "properties": { "id": { "type": "string" }, "weight": { "type": "number" } },
    });
    let mut described = json!({
        "openapi": "3.0.3",
        "info": { "title": "Parcels", "version": "1" },
        "servers": [{ "url": "https://api.parcels.example/v1" }],
        "security": [{ "key": [] }],
        "components": { "securitySchemes": { "key": { "type": "http", "scheme": "bearer" } } },
        "paths": {
            "/parcels/{id}": {
                "get": {
                    "operationId": "getParcel",
                    "summary": "Get a parcel",
                    "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } }],
                    "responses": { "200": { "description": "It", "content": { "application/json": { "schema": parcel } } } },
                },
            },
            "/parcels": {
                "post": {
                    "operationId": "createParcel",
                    "summary": "Send a parcel",
                    "requestBody": { "required": true, "content": { "application/json": { "schema": {
                        "type": "object",
                        "required": ["to"],
                        "properties": { "to": { "type": "string" }, "weight": { "type": "number" } },
                    } } } },
                    "responses": { "201": { "description": "It", "content": { "application/json": { "schema": parcel } } } },
                },
            },
        },
    });
    change(&mut described);
    described.to_string()
}

#[test]
fn a_manifest_is_made_of_a_description_and_holds_against_it() {
    let place = Place::new();
    let described = place.file("parcels.json", &description(|_| ()));
    let out = place.path("parcels.yaml").display().to_string();
    let listed = place.keyway.run(&["connector", "import", &described, "--list", "--json"]);
    assert_eq!(listed.code, Some(0), "{listed:?}");
    let made = place.keyway.run(&["connector", "import", &described, "--out", &out]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.stderr.contains("wrote"), "{made:?}");
    let text = std::fs::read_to_string(&out).unwrap();
    assert!(text.contains("get_parcel:") && text.contains("create_parcel:"), "{text}");
    // A file is never written over, and what was made is right.
    let again = place.keyway.run(&["connector", "import", &described, "--out", &out]);
    assert_eq!(again.faults_as_refusal(1), Vec::<String>::new(), "{again:?}");
    let checked = place.keyway.run(&["connector", "check", &out]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let same = place.keyway.run(&["connector", "diff", &out, &described, "--json"]);
    assert_eq!((same.code, &same.json()["changes"]), (Some(0), &json!([])), "{same:?}");
    // What the description does not say is asked.
    let decide = place.keyway.run(&["connector", "import", &described, "--json"]).json();
    assert!(!decide["decisions"].as_array().unwrap().is_empty(), "{decide}");
}

#[test]
fn what_breaks_is_told_and_exits_with_one() {
    let place = Place::new();
    let out = place.path("parcels.yaml").display().to_string();
    let described = place.file("parcels.json", &description(|_| ()));
    assert_eq!(place.keyway.run(&["connector", "import", &described, "--out", &out]).code, Some(0));
    let newer = place.file(
        "newer.json",
        &description(|described| {
            let body = "/paths/~1parcels/post/requestBody/content/application~1json/schema/required";
            *described.pointer_mut(body).unwrap() = json!(["to", "from"]);
            described["paths"].as_object_mut().unwrap().remove("/parcels/{id}");
        }),
    );
    let told = place.keyway.run(&["connector", "diff", &out, &newer, "--json"]);
    assert_eq!(told.code, Some(1), "{told:?}");
    let told = told.json();
    assert_eq!(
        told["breaks"],
        json!(told["changes"].as_array().unwrap().iter().filter(|it| it["weight"] == "breaks").count())
    );
    let of = |action: &str| {
        told["changes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["action"] == action && it["weight"] == "breaks")
    };
    assert!(of("get_parcel") && of("create_parcel"), "{told}");
    let shown = place.keyway.run(&["connector", "diff", &out, &newer]);
    assert!(shown.stdout.contains("get_parcel") && shown.stdout.contains("it is gone"), "{shown:?}");
}

#[test]
fn only_what_deployed_workflows_use_is_looked_at_where_that_is_said() {
    let place = Place::new();
    let described = place.file("github.json", &description(|_| ()));
    let data = place.keyway.data.display().to_string();
    let diff = ["connector", "diff", "github", &described, "--in-use", "--data", &data];
    let nobody = place.keyway.run(&diff);
    assert_eq!(nobody.faults_as_refusal(1), Vec::<String>::new(), "{nobody:?}");
    assert!(nobody.stderr.contains("no deployed workflow uses `github`"), "{nobody:?}");
    let flow = place.file(
        "tell.yaml",
        "name: tell\nsteps:\n  look: { use: github.get_issue, with: { owner: a, repo: b, number: 1 } }\n",
    );
    let deployed = place.keyway.run(&["deploy", &flow, "--yes"]);
    assert_eq!(deployed.code, Some(0), "{deployed:?}");
    // Nothing of GitHub is in this description: of all its actions the one is told that is used.
    let used = place.keyway.run(&[&diff[..], &["--json"]].concat());
    assert_eq!((used.code, &used.json()["actions"]), (Some(1), &json!(1)), "{used:?}");
    let all = place.keyway.run(&["connector", "diff", "github", &described, "--json"]).json();
    assert!(all["actions"].as_u64() > Some(10), "{all}");
    let gone = |told: &Value| {
        let gone = told["changes"].as_array().unwrap().iter().filter(|it| it["what"] == "it is gone");
        gone.map(|it| it["action"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(gone(&used.json()), [json!("get_issue")]);
    assert!(gone(&all).len() > 10);
}
