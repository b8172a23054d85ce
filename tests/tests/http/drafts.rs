//! Drafts over HTTP: as the terminal gives them, once for a key, with the owner's models through the router, and nothing is kept.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use server::http::Limits;
use server::http::routes::ROUTES;
use server::token::Scope;
use tests::models::scripted::Scripted;
use tests::web::{Heard, Web, request};

use super::served;

const PATH: &str = "/api/v1/generate";
const WISH: &str = "post \"Hi\" to #general in Slack every day at 8";
/// A draft of it, as a model might write it, with a typing error.
const WRONG: &str = "name: hi\ntriggers:\n  - cron: \"0 8 * * *\"\nsteps:\n  post: { use: slack.post_mesage, with: { channel: \"#general\", text: Hi } }\n";

fn ask(web: &Web, token: &str, body: &Value) -> (u16, Value) {
    let heard = web.ask(request("POST", PATH, Some(token), Some(&body.to_string())));
    (heard.status, told(&heard))
}

fn told(heard: &Heard) -> Value {
    serde_json::from_str(&heard.body).unwrap_or_else(|error| panic!("{error}: {heard:?}"))
}

fn limits() -> Limits {
    Limits { rate: 10_000, burst: 10_000, ..Limits::default() }
}

fn drafted(yaml: &str) -> String {
    json!({ "kind": "draft", "yaml": yaml, "question": null, "choices": [], "reason": null, "assumptions": [] })
        .to_string()
}

/// What is deployed, and the runs.
fn kept(web: &Web, token: &str) -> (usize, usize) {
    let count = |path: &str, key: &str| {
        told(&web.ask(request("GET", path, Some(token), None)))[key].as_array().expect("a list").len()
    };
    (count("/api/v1/workflows", "workflows"), count("/api/v1/runs", "runs"))
}

#[test]
fn a_wish_a_change_and_a_broken_text_are_answered_and_nothing_is_kept() {
    let web = served(ROUTES, limits());
    let token = web.token("local", "editor", Scope::Edit, None);
    let token = token.expose();
    let before = kept(&web, token);
    let (status, draft) =
        ask(&web, token, &json!({ "prompt": WISH, "offline": true, "zone": "Europe/Berlin" }));
    assert_eq!((status, &draft["kind"]), (200, &json!("draft")), "{draft}");
    assert!(!draft["plan"].is_null() && !draft["cost"].is_null() && !draft["missing"].is_null(), "{draft}");
    let text = draft["yaml"].as_str().expect("a text");
    let (_, changed) =
        ask(&web, token, &json!({ "prompt": "run it at 10 instead of 8", "text": text, "offline": true }));
    assert_eq!(changed["yaml"], json!(text.replace("0 8 * * *", "0 10 * * *")), "{changed}");
    assert!(changed["diff"].as_str().expect("a difference").contains("\n+  - cron: \"0 10 * * *\""));
    assert_eq!(changed["changes"][0]["of"], "trigger", "{changed}");
    let (_, mended) = ask(&web, token, &json!({ "text": WRONG, "offline": true }));
    assert_eq!(mended["yaml"], json!(WRONG.replace("mesage", "message")), "{mended}");
    let (_, asked) = ask(&web, token, &json!({ "prompt": WISH.replace('8', "5"), "offline": true }));
    assert_eq!(asked["kind"], "question", "{asked}");
    let again =
        json!({ "prompt": WISH.replace('8', "5"), "answers": [asked["choices"][1]], "offline": true });
    assert!(ask(&web, token, &again).1["yaml"].as_str().expect("a text").contains("0 17 * * *"));
    assert_eq!(kept(&web, token), before, "nothing was stored, and nothing was started");
    for (body, word) in [
        (json!({}), "no wish"),
        (json!({ "prompt": "x".repeat(4001) }), "too long"),
        (json!({ "prompt": WISH, "zone": "Nowhere/Here", "offline": true }), "no time zone"),
        (json!({ "prompt": WISH, "wish": 1 }), "wish"),
    ] {
        let (status, told) = ask(&web, token, &body);
        assert_eq!(status, 422, "{told}");
        assert!(told["message"].as_str().expect("a message").contains(word), "{told}");
    }
}

#[test]
fn who_only_reads_or_runs_gets_no_draft() {
    let web = served(ROUTES, limits());
    for scope in [Scope::Read, Scope::Run] {
        let token = web.token("local", scope.name(), scope, None);
        assert_eq!(ask(&web, token.expose(), &json!({ "prompt": WISH, "offline": true })).0, 403);
    }
}

#[test]
fn a_draft_with_an_error_goes_back_through_the_router_and_is_in_the_ledger() {
    let right = WRONG.replace("mesage", "message");
    let model = Scripted::start(&[drafted(WRONG), drafted(&right)]);
    let web = served(ROUTES, limits());
    web.key("local", "openai", model.address());
    let token = web.token("local", "editor", Scope::Admin, None);
    let token = token.expose();
    let (status, draft) = ask(&web, token, &json!({ "prompt": WISH }));
    assert_eq!((status, &draft["kind"]), (200, &json!("draft")), "{draft}");
    assert_eq!(draft["yaml"], json!(right.trim_end()), "{draft}");
    let asked = model.asked();
    assert_eq!(asked.len(), 2, "{asked:?}");
    // It is told what was wrong, in the checker's words, and no secret.
    assert!(asked[1].contains("post_mesage") && asked[1].contains("KW"), "{}", asked[1]);
    assert!(asked.iter().all(|one| !one.contains("sk-canary")));
    let usage = told(&web.ask(request("GET", "/api/v1/usage?by=token", Some(token), None)));
    let calls: i64 =
        usage["usage"].as_array().expect("rows").iter().filter_map(|row| row["calls"].as_i64()).sum();
    assert_eq!(calls, 2, "{usage}");
}

#[test]
fn a_budget_that_is_spent_leaves_the_planner_which_says_so() {
    let model = Scripted::start(&[drafted(WRONG)]);
    let web = served(ROUTES, limits());
    web.key("local", "openai", model.address());
    let token = web.token("local", "admin", Scope::Admin, None);
    let token = token.expose();
    let budget = json!({ "scope": "owner", "name": "", "most_usd": "0.000001" }).to_string();
    let set = web.ask(request("PUT", "/api/v1/budgets", Some(token), Some(&budget)));
    assert_eq!(set.status, 200, "{set:?}");
    let (_, draft) = ask(&web, token, &json!({ "prompt": WISH }));
    assert_eq!(draft["kind"], "draft", "{draft}");
    let first = draft["assumptions"][0].as_str().expect("it says so");
    assert!(first.contains("no model could be asked") && first.contains("budget"), "{first}");
    assert_eq!(model.asked().len(), 0);
}

#[test]
fn under_a_key_a_model_is_asked_once_and_another_wish_is_refused() {
    let right = WRONG.replace("mesage", "message");
    let model = Scripted::start(&[drafted(&right), drafted(&right)]);
    let web = served(ROUTES, limits());
    web.key("local", "openai", model.address());
    let token = web.token("local", "editor", Scope::Edit, None);
    let keyed = |key: &str, prompt: &str| {
        let body = json!({ "prompt": prompt }).to_string();
        let plain = request("POST", PATH, Some(token.expose()), Some(&body));
        web.ask(plain.replacen("\r\n", &format!("\r\nidempotency-key: {key}\r\n"), 1))
    };
    let replayed = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let heard = keyed("one", WISH);
                assert_eq!(heard.status, 200, "{heard:?}");
                replayed
                    .fetch_add(usize::from(heard.head.contains("idempotency-replayed")), Ordering::Relaxed);
            });
        }
    });
    let again = keyed("one", WISH);
    assert!(again.head.contains("idempotency-replayed: true"), "{again:?}");
    assert_eq!(model.asked().len(), 1, "however many ask at once");
    assert_eq!(keyed("one", "post \"Bye\" to #general in Slack every day at 8").status, 409);
    // The control: under another key it is asked again.
    keyed("two", WISH);
    assert_eq!(model.asked().len(), 2);
}

#[test]
fn who_is_deployed_disabled_starts_nothing() {
    let web = served(ROUTES, limits());
    let token = web.token("local", "editor", Scope::Edit, None);
    let token = token.expose();
    let deploy = |name: &str, more: Value| {
        let text =
            format!("name: {name}\ntriggers: [{{ every: 1s }}]\nsteps: {{ a: {{ set: {{ x: 1 }} }} }}\n");
        let mut body = json!({ "text": text });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        told(&web.ask(request("POST", "/api/v1/workflows", Some(token), Some(&body.to_string()))))
    };
    let runs = |name: &str| {
        let path = format!("/api/v1/runs?workflow={name}&limit=1000");
        told(&web.ask(request("GET", &path, Some(token), None)))["runs"].as_array().expect("a list").len()
    };
    let quiet = deploy("quiet", json!({ "enabled": false }));
    assert_eq!((&quiet["enabled"], &quiet["version"]), (&json!(false), &json!(1)), "{quiet}");
    // The control: the same text under another name, and enabled, does start runs while the other does not.
    let loud = deploy("loud", json!({}));
    assert_eq!(loud["enabled"], true, "{loud}");
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while runs("loud") < 2 {
        assert!(std::time::Instant::now() < end, "an enabled one starts runs");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(runs("quiet"), 0);
    // What is deployed again says nothing of it, and stays as it was; what says so, changes it, with the same text too.
    assert_eq!(deploy("quiet", json!({}))["deployed"], false);
    let on = deploy("quiet", json!({ "enabled": true }));
    assert_eq!((&on["enabled"], &on["version"]), (&json!(true), &json!(1)), "{on}");
    let off = deploy("quiet", json!({ "enabled": false }));
    assert_eq!((&off["enabled"], &off["deployed"]), (&json!(false), &json!(true)), "{off}");
}

/// Wishes of the suite: the first of each class, and some in each language.
fn wishes() -> Vec<String> {
    let all = server::drafts::eval::suite(server::drafts::eval::SUITE);
    let mut seen = std::collections::BTreeSet::new();
    let firsts = all.into_iter().filter(|one| {
        let class = seen.insert(one.class.clone());
        class | (one.language != "en" && seen.insert(format!("{} {}", one.class == "simple", one.language)))
    });
    firsts.map(|one| one.wish).collect()
}

#[test]
fn the_same_wishes_are_answered_alike_from_terminal_api_and_page() {
    let web = served(ROUTES, limits());
    let token = web.token("local", "editor", Scope::Edit, None);
    let place = tests::place::Place::new();
    // What the page sends is made as in `Generate.svelte`: with the answers so far, and with the zone where it is another than UTC.
    let source = include_str!("../../../server/dashboard/src/pages/Generate.svelte");
    assert!(source.contains("const body = { prompt, answers, offline, ...(zone && zone !== \"UTC\" ? { zone } : {}), ...(about === \"change\" ? { text } : {}) };"));
    assert!(source.contains("ask(\"post\", \"/api/v1/generate\", { body,"));
    let (mut kinds, mut asked) = (std::collections::BTreeSet::new(), 0);
    let mut alike = |said: &str, text: Option<&str>| {
        let mut typed = vec!["generate", said, "--offline", "--zone", "Europe/Berlin", "--json"];
        let file = text.map(|text| place.file("was.yaml", text));
        if let Some(file) = &file {
            typed.extend(["--edit", file]);
        }
        let terminal = place.keyway.run(&typed).json();
        let mut api = json!({ "prompt": said, "offline": true, "zone": "Europe/Berlin" });
        let mut page = json!({ "prompt": said, "answers": [], "offline": true, "zone": "Europe/Berlin" });
        for body in [&mut api, &mut page] {
            if let Some(text) = text {
                body["text"] = json!(text);
            }
        }
        for body in [api, page] {
            let (status, answer) = ask(&web, token.expose(), &body);
            assert_eq!(status, 200, "{answer}");
            for key in [
                "kind",
                "yaml",
                "question",
                "choices",
                "reason",
                "assumptions",
                "explanation",
                "plan",
                "missing",
                "diff",
                "changes",
            ] {
                assert_eq!(answer[key], terminal[key], "{key} of `{said}`");
            }
            assert_eq!(answer["cost"].is_null(), terminal["cost"].is_null(), "{said}");
        }
        kinds.insert(terminal["kind"].to_string());
        asked += 1;
        terminal["yaml"].as_str().map(str::to_owned)
    };
    for wish in wishes() {
        alike(&wish, None);
    }
    let draft = alike(WISH, None).expect("a draft");
    alike("run it at 10 instead of 8", Some(&draft)).expect("a change");
    println!("{asked} wishes, three ways: {kinds:?}");
    assert!(asked >= 15, "{asked}");
    assert_eq!(kinds.len(), 3, "drafts, questions and refusals are among them");
}
