//! The description of the API is right OpenAPI, has every route and no other, and live answers are as it says.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};
use server::http::Limits;
use server::http::openapi::{document, name};
use server::http::routes::{Handler, ROUTES, Route, Takes};
use server::role::Role;
use server::token::Scope;
use tests::browser::{Browser, PASSWORD, account, accounts};
use tests::models::Provider;
use tests::web::{Heard, Web, request};

use super::served;

/// What is wrong with the structure of a document, as far as this table needs it.
fn faults_of(document: &Value) -> Vec<String> {
    let mut faults = vec![];
    if document["openapi"] != "3.1.0" {
        faults.push("it is not OpenAPI 3.1".into());
    }
    let mut names = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let here = format!("{method} {path}");
            if !names.insert(operation["operationId"].as_str().unwrap_or_default().to_owned()) {
                faults.push(format!("{here}: its name is taken"));
            }
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let of_path: BTreeSet<&str> = parameters
                .iter()
                .filter(|parameter| parameter["in"] == "path" && parameter["required"] == true)
                .filter_map(|parameter| parameter["name"].as_str())
                .collect();
            let wanted: BTreeSet<&str> =
                path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
            if of_path != wanted {
                faults.push(format!("{here}: its parameters are {of_path:?}"));
            }
            if operation["responses"]
                .as_object()
                .is_none_or(|all| !all.keys().any(|status| status.starts_with(['2', '3'])))
            {
                faults.push(format!("{here}: nothing is said of an answer"));
            }
            for scheme in operation["security"].as_array().into_iter().flatten().filter_map(Value::as_object)
            {
                for name in
                    scheme.keys().filter(|name| document["components"]["securitySchemes"].get(name).is_none())
                {
                    faults.push(format!("{here}: there is no security scheme `{name}`"));
                }
            }
        }
    }
    references(document, document, &mut faults);
    faults
}

/// Finds references that lead nowhere.
fn references(value: &Value, document: &Value, faults: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(to) = fields.get("$ref").and_then(Value::as_str)
                && document.pointer(to.trim_start_matches('#')).is_none()
            {
                faults.push(format!("`{to}` leads nowhere"));
            }
            fields.values().for_each(|field| references(field, document, faults));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, document, faults)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_document_is_right_and_has_every_route_and_no_other() {
    let document = document(ROUTES);
    assert_eq!(faults_of(&document), Vec::<String>::new());
    let told: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .expect("paths")
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("methods").keys();
            methods.map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
        })
        .collect();
    let routes = ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned()));
    assert_eq!(told, routes.collect::<BTreeSet<_>>());
    for route in ROUTES {
        assert!(!route.says.answers.is_empty(), "{}: nothing is said of its answers", name(route));
        let takes = route.takes != Takes::Nothing;
        assert_eq!(takes, route.says.body.is_some(), "{}: what it takes has a shape", name(route));
    }
    // Each name of a schema stands for one shape.
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    assert!(schemas.len() >= 15 && schemas.values().all(Value::is_object), "{schemas:?}");
}

#[test]
fn what_is_wrong_with_a_document_is_seen() {
    let right = document(ROUTES);
    let broken: [fn(&mut Value); 5] = [
        |it| it["openapi"] = "3.0.3".into(),
        |it| it["paths"]["/api/v1/runs"]["get"]["operationId"] = "get_healthz".into(),
        |it| it["paths"]["/api/v1/runs/{run}"]["get"]["parameters"] = json!([]),
        |it| it["components"]["schemas"]["RunListed"] = Value::Null,
        |it| it["components"]["securitySchemes"]["token"] = Value::Null,
    ];
    for (at, break_it) in broken.into_iter().enumerate() {
        let mut document = right.clone();
        break_it(&mut document);
        // What is null is there for a pointer: it is taken away.
        let text = document.to_string().replace("\"RunListed\":null,", "").replace("\"token\":null,", "");
        let document: Value = serde_json::from_str(&text).expect("JSON");
        assert!(!faults_of(&document).is_empty(), "{at}");
    }
}

/// Another program's judgement, where it is there: `pip install openapi-spec-validator`.
#[test]
fn a_validator_of_others_takes_the_document() {
    let python = std::env::var("KEYWAY_PYTHON").unwrap_or_else(|_| "python3".into());
    let judge = "import json,sys\nfrom openapi_spec_validator import OpenAPIV31SpecValidator as V\n\
        errors=list(V(json.load(open(sys.argv[1]))).iter_errors())\nprint(len(errors), errors[:1])\nsys.exit(1 if errors else 0)";
    let there = Command::new(&python).args(["-c", "import openapi_spec_validator"]).output();
    if !there.is_ok_and(|there| there.status.success()) {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI has no `openapi_spec_validator`");
        println!("SKIPPED: there is no `openapi_spec_validator` for `{python}`");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let judged = |document: &Value| {
        let file = folder.path().join("openapi.json");
        std::fs::write(&file, document.to_string()).expect("a file in a folder of ours");
        Command::new(&python).args(["-c", judge]).arg(&file).output().expect("it ran before")
    };
    let document = document(ROUTES);
    let right = judged(&document);
    assert!(right.status.success(), "{}", String::from_utf8_lossy(&right.stdout));
    let mut wrong = document;
    wrong["paths"]["/healthz"]["get"]["responses"] = json!([]);
    assert!(!judged(&wrong).status.success(), "it sees what is wrong");
}

/// Live answers, held against the document.
struct Judge {
    document: Value,
    answered: BTreeSet<String>,
    faults: Vec<String>,
}

impl Judge {
    fn new(document: Value) -> Judge {
        Judge { document, answered: BTreeSet::new(), faults: vec![] }
    }

    /// Holds an answer against what the document says of it; gives its body.
    fn judge(&mut self, (method, path): (&str, &str), heard: &Heard) -> Value {
        let found = ROUTES.iter().find(|route| route.method == method && is_at(route, path));
        let Some(route) = found else { panic!("{method} {path} is in no row of the table") };
        let body: Value =
            serde_json::from_str(&heard.body).unwrap_or_else(|error| panic!("{error}: {heard:?}"));
        let operation = &self.document["paths"][route.path][method.to_ascii_lowercase()];
        let mut answer = &operation["responses"][heard.status.to_string()];
        if let Some(to) = answer["$ref"].as_str() {
            answer = self.document.pointer(to.trim_start_matches('#')).expect("it leads somewhere");
        }
        let schema = &answer["content"]["application/json"]["schema"];
        if schema.is_null() {
            self.faults.push(format!("{method} {path}: nothing is said of {}: {}", heard.status, heard.body));
            return body;
        }
        let whole = json!({ "allOf": [schema], "components": self.document["components"] });
        let validator = jsonschema::validator_for(&whole).expect("a schema");
        self.faults.extend(validator.iter_errors(&body).map(|error| {
            format!("{method} {path} {}: {} at `{}`", heard.status, error, error.instance_path())
        }));
        if heard.status < 300 {
            self.answered.insert(name(route));
        }
        body
    }
}

/// True of a route to which an address leads.
fn is_at(route: &Route, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or(path);
    let (mut own, mut asked) = (route.path.split('/'), path.split('/'));
    loop {
        match (own.next(), asked.next()) {
            (None, None) => return true,
            (Some(own), Some(asked)) if own == asked || own.starts_with('{') && !is_exact(path) => {}
            _ => return false,
        }
    }
}

/// True of an address that is a row of its own, though another row with a part would fit.
fn is_exact(path: &str) -> bool {
    ROUTES.iter().any(|route| route.path == path)
}

/// What a judge finds who asks a service for everything.
fn judged(web: &Web, document: Value) -> Judge {
    let mut judge = Judge::new(document);
    let token = web.token("local", "judge", Scope::Admin, None);
    let mut ask = |method: &str, path: &str, body: Option<Value>| -> Value {
        let body = body.map(|body| body.to_string());
        let heard = web.ask(request(method, path, Some(token.expose()), body.as_deref()));
        judge.judge((method, path), &heard)
    };
    let run = ask("POST", "/api/v1/workflows/hello/runs", Some(json!({ "inputs": { "who": "me" } })));
    let run = run["run"].as_str().expect("a run").to_owned();
    let asks = ask("POST", "/api/v1/workflows/asks/runs", None)["run"].as_str().expect("a run").to_owned();
    let fails = ask("POST", "/api/v1/workflows/fails/runs", None)["run"].as_str().expect("a run").to_owned();
    let patient =
        ask("POST", "/api/v1/workflows/patient/runs", None)["run"].as_str().expect("a run").to_owned();
    for (run, status) in [(&run, "succeeded"), (&fails, "failed"), (&asks, "waiting")] {
        super::wishes::until(web, token.expose(), run, status);
        ask("GET", &format!("/api/v1/runs/{run}"), None);
        ask("GET", &format!("/api/v1/runs/{run}/explanation"), None);
        ask("GET", &format!("/api/v1/runs/{run}/events?limit=2"), None);
        ask("GET", &format!("/api/v1/runs/{run}/given"), None);
        ask("GET", &format!("/api/v1/runs/{run}/differences?with={run}"), None);
        ask("GET", &format!("/api/v1/runs/{run}/picture"), None);
    }
    assert_eq!(ask("GET", "/api/v1/approvals", None)["approvals"][0]["run"], asks.as_str());
    ask("POST", &format!("/api/v1/runs/{patient}/pause"), None);
    ask("POST", &format!("/api/v1/runs/{patient}/resume"), None);
    ask("POST", &format!("/api/v1/runs/{asks}/answer"), Some(json!({ "reply": "yes", "comment": "fine" })));
    ask("POST", &format!("/api/v1/runs/{fails}/retry"), None);
    ask("POST", &format!("/api/v1/runs/{run}/fork"), Some(json!({ "from": ["a"] })));
    ask("POST", &format!("/api/v1/runs/{patient}/cancel"), None);
    ask("POST", "/api/v1/signals/go", Some(json!({ "with": { "x": 1 } })));
    ask("GET", "/api/v1/runs?workflow=hello&status=succeeded&since=1h", None);
    ask("GET", "/api/v1/runs/nowhere", None);
    let text = "name: fresh\nsteps: { a: { set: { x: 1 } } }\n";
    ask("POST", "/api/v1/check", Some(json!({ "text": "name: fresh\nsteps: { a: { st: 1 } }\n" })));
    ask("POST", "/api/v1/check", Some(json!({ "text": text })));
    ask("POST", "/api/v1/graph", Some(json!({ "text": text, "format": "mermaid" })));
    ask("POST", "/api/v1/plan", Some(json!({ "text": text })));
    ask("POST", "/api/v1/editor/complete", Some(json!({ "text": text, "at": 3 })));
    ask("POST", "/api/v1/editor/hover", Some(json!({ "text": text, "at": 26 })));
    ask("POST", "/api/v1/editor/picture", Some(json!({ "text": text })));
    let wish = "post \"Hi\" to #general in Slack every day at 8";
    ask("POST", "/api/v1/generate", Some(json!({ "prompt": wish, "offline": true })));
    ask(
        "POST",
        "/api/v1/generate",
        Some(json!({ "prompt": "every day at 5 post \"Hi\" to #a in Slack", "offline": true })),
    );
    ask(
        "POST",
        "/api/v1/generate",
        Some(json!({ "prompt": "run it every day at 9", "text": text, "offline": true })),
    );
    ask("POST", "/api/v1/generate", Some(json!({ "text": text.replace("set", "st"), "offline": true })));
    ask("POST", "/api/v1/generate", Some(json!({ "text": "name: x\nsteps: {}\n", "offline": true })));
    ask("POST", "/api/v1/workflows", Some(json!({ "text": text, "dry_run": true })));
    ask("POST", "/api/v1/workflows", Some(json!({ "text": text })));
    ask("POST", "/api/v1/workflows", Some(json!({ "text": text.replace("x: 1", "x: 2") })));
    for word in ["disable", "enable", "rollback"] {
        ask("POST", &format!("/api/v1/workflows/fresh/{word}"), None);
    }
    for path in ["", "/versions", "/graph?format=text", "/plan"] {
        ask("GET", &format!("/api/v1/workflows/fresh{path}"), None);
    }
    ask("POST", "/api/v1/secrets", Some(json!({ "name": "S", "value": "hidden-1", "hosts": ["a.example"] })));
    ask("POST", "/api/v1/connectors/slack/app", Some(json!({ "id": "app-1", "secret": "hidden-3" })));
    ask("POST", "/api/v1/secrets/S/rotate", Some(json!({ "value": "hidden-2" })));
    let key = json!({ "provider": "openai", "key": "sk-hidden-3-0123456789", "base_url": "https://models.example/v1" });
    ask("POST", "/api/v1/keys", Some(key));
    ask("POST", "/api/v1/keys/openai/rotate", Some(json!({ "key": "sk-hidden-4-0123456789" })));
    ask("POST", "/api/v1/keys/openai/prefer", None);
    ask("POST", "/api/v1/keys/compatible/test", None);
    ask("PUT", "/api/v1/budgets", Some(json!({ "scope": "workflow", "name": "hello", "most_usd": "0.50" })));
    ask("POST", "/api/v1/tokens", Some(json!({ "name": "small", "expires": "1d" })));
    for path in [
        "approvals",
        "audit?limit=3",
        "audit?actor=nobody&since=7d",
        "budgets",
        "connections",
        "connectors",
        "connectors/slack",
        "keys",
        "openapi.json",
        "providers",
        "runs?limit=2",
        "schedules",
        "secrets",
        "tokens",
        "usage?by=day",
        "usage/savings?by=model",
        "webhooks",
        "workflows",
    ] {
        let told = ask("GET", &format!("/api/v1/{path}"), None);
        assert!(!told.to_string().contains("hidden-"), "{path} tells a secret: {told}");
    }
    ask("DELETE", "/api/v1/tokens/small", None);
    ask("DELETE", "/api/v1/budgets?scope=workflow&name=hello", None);
    ask("DELETE", "/api/v1/secrets/S", None);
    ask("DELETE", "/api/v1/keys/openai", None);
    ask("GET", "/healthz", None);
    ask("GET", "/readyz", None);
    people(web, &mut judge);
    judge
}

/// The routes of people, as a browser asks them.
fn people(web: &Web, judge: &mut Judge) {
    let plain = |judge: &mut Judge, method: &str, path: &str, body: Value| {
        let heard = web.ask(request(method, path, None, Some(&body.to_string())));
        judge.judge((method, path), &heard)
    };
    let heard = web.ask(request("GET", "/api/v1/setup", None, None));
    assert_eq!(judge.judge(("GET", "/api/v1/setup"), &heard)["needed"], true);
    let link = accounts(web).setup_link().expect("it can be written").expect("there is no account");
    let body = json!({ "link": link.expose(), "name": "ada@example.com", "password": PASSWORD });
    plain(judge, "POST", "/api/v1/setup", body);
    plain(judge, "POST", "/api/v1/session", json!({ "name": "Ada@example.com", "password": PASSWORD }));
    plain(
        judge,
        "POST",
        "/api/v1/session",
        json!({ "name": "ada@example.com", "password": "something else" }),
    );
    let ada = accounts(web).named("ada@example.com").expect("it was made");
    let mut browser = Browser::of(web, &ada);
    let guest = account(web, "local", "guest", Role::Viewer);
    let mut ask = |browser: &Browser, method: &str, path: &str, body: Option<Value>| -> Value {
        let body = body.map(|body| body.to_string());
        let heard = web.ask(browser.request(method, path, body.as_deref()));
        judge.judge((method, path), &heard)
    };
    ask(&browser, "GET", "/api/v1/session", None);
    ask(&browser, "GET", "/api/v1/account/sessions", None);
    ask(&browser, "GET", "/api/v1/account/identities", None);
    ask(&browser, "GET", "/api/v1/issuers", None);
    ask(&browser, "POST", "/api/v1/account/tokens", Some(json!({ "name": "own", "scope": "run" })));
    ask(&browser, "GET", "/api/v1/account/tokens", None);
    ask(&browser, "DELETE", "/api/v1/account/tokens/own", None);
    ask(&browser, "GET", "/api/v1/members", None);
    ask(&browser, "PUT", &format!("/api/v1/members/{}", guest.id), Some(json!({ "role": "editor" })));
    ask(&browser, "DELETE", &format!("/api/v1/members/{}", guest.id), None);
    let invited =
        ask(&browser, "POST", "/api/v1/invitations", Some(json!({ "name": "Bob", "role": "admin" })));
    let second =
        ask(&browser, "POST", "/api/v1/invitations", Some(json!({ "name": "Eve", "role": "viewer" })));
    ask(&browser, "GET", "/api/v1/invitations", None);
    ask(&browser, "DELETE", &format!("/api/v1/invitations/{}", second["id"].as_str().expect("an id")), None);
    let org = ask(&browser, "POST", "/api/v1/orgs", Some(json!({ "name": "acme" })));
    ask(&browser, "GET", "/api/v1/orgs", None);
    ask(&browser, "PUT", "/api/v1/session/space", Some(json!({ "space": org["space"] })));
    ask(&browser, "DELETE", "/api/v1/session", None);
    browser = Browser::of(web, &ada);
    ask(
        &browser,
        "POST",
        "/api/v1/account/password",
        Some(json!({ "password": PASSWORD, "new": "another one of twelve" })),
    );
    browser = Browser::of(web, &ada);
    ask(&browser, "DELETE", "/api/v1/account/sessions", None);
    let body = json!({ "link": invited["link"], "name": "bob@example.com", "password": PASSWORD });
    let accepted = plain(judge, "POST", "/api/v1/invitations/accept", body);
    assert_eq!(accepted["role"], "admin");
    let reset = accounts(web).reset_link("test", &ada).expect("it can be written");
    plain(judge, "POST", "/api/v1/account/reset", json!({ "link": reset.expose(), "password": PASSWORD }));
}

/// A service with workflows of every kind.
fn every_kind() -> (Web, Provider) {
    let web = served(ROUTES, Limits { rate: 10_000, burst: 10_000, ..Limits::default() });
    web.deploy("name: asks\nsteps: { a: { approve: { message: \"may I?\", timeout: 1d } } }\n");
    web.deploy("name: fails\nsteps: { a: { fail: no } }\n");
    web.deploy("name: timed\ntriggers: [{ every: 1h }]\nsteps: { a: { set: { x: 1 } } }\n");
    let provider = Provider::start("Hello.", &[]);
    web.key("local", "compatible", provider.address());
    (web, provider)
}

#[test]
fn live_answers_are_as_the_document_says() {
    let (web, _provider) = every_kind();
    let judge = judged(&web, document(ROUTES));
    assert_eq!(judge.faults, Vec::<String>::new());
    let all: BTreeSet<String> = ROUTES.iter().map(name).collect();
    // Those that need a service, or speak a shape that is not ours.
    let elsewhere = |route: &Route| {
        let there = ["/connections/{", "/connect/{", "/identities/{", "/issuers/{"];
        matches!(route.handler, Handler::Hears | Handler::Speaks(..))
            || there.iter().any(|part| route.path.contains(part))
    };
    let elsewhere: BTreeSet<String> = ROUTES.iter().filter(|route| elsewhere(route)).map(name).collect();
    let missing: Vec<&String> =
        all.difference(&judge.answered).filter(|name| !elsewhere.contains(*name)).collect();
    assert_eq!(missing, Vec::<&String>::new(), "they were not asked for, or did not answer");
    assert_eq!((all.len(), elsewhere.len()), (101, 16));
}

#[test]
fn an_answer_that_is_not_as_the_document_says_is_seen() {
    let (web, _provider) = every_kind();
    let mut document = document(ROUTES);
    document["components"]["schemas"]["RunListed"]["properties"]["started"] = json!({ "type": "integer" });
    document["components"]["schemas"]["Key"]["properties"]
        .as_object_mut()
        .expect("an object")
        .remove("shown");
    document["components"]["schemas"]["Session"]["required"] = json!(["nothing"]);
    let found = judged(&web, document).faults;
    for at in ["/api/v1/runs", "/api/v1/keys", "/api/v1/session"] {
        assert!(found.iter().any(|fault| fault.contains(at)), "{at} is not seen: {found:#?}");
    }
}
