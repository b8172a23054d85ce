//! What a page asks of a text and of a run: places are bytes, paths in pictures are those of runs, and no secret is told.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use server::http::Limits;
use server::http::routes::ROUTES;
use server::token::Scope;
use tests::web::{Web, request};

use super::served;

/// Every kind of block, one in another, and a name that is no ASCII before all of it.
const NESTED: &str = "name: nested\ndescription: Größe ohne Ende.\nsteps:\n  each:\n    for_each: [1, 2]\n    as: n\n    steps:\n      \
    choose:\n        switch: n\n        cases:\n          1: { one: { set: { x: \"{{ n }}\" } } }\n        \
    default: { other: { set: { x: 0 } } }\n  safe:\n    try: { risky: { set: { y: 1 } } }\n    \
    catch: { mend: { set: { y: 2 } } }\n";

/// Asks as somebody who may do all.
struct Asker<'a> {
    web: &'a Web,
    token: String,
}

impl Asker<'_> {
    fn new(web: &Web) -> Asker<'_> {
        Asker { web, token: web.token("local", "asker", Scope::Admin, None).expose().to_owned() }
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let heard = self.web.ask(request("POST", path, Some(&self.token), Some(&body.to_string())));
        serde_json::from_str(&heard.body).unwrap_or_else(|error| panic!("{error}: {heard:?}"))
    }

    fn get(&self, path: &str) -> Value {
        let heard = self.web.ask(request("GET", path, Some(&self.token), None));
        serde_json::from_str(&heard.body).unwrap_or_else(|error| panic!("{error}: {heard:?}"))
    }
}

#[test]
fn places_are_bytes_also_behind_letters_of_several() {
    let web = served(ROUTES, Limits::default());
    let asker = Asker::new(&web);
    let text = "name: a\ndescription: Größe Größe Größe Größe Größe Größe\nsteps:\n  first: { set: { x: 1 } }\n  second: { set: { y: \"{{ steps.fi }}\" } }\n";
    let at = text.find("fi }}").expect("it is there") + 2;
    let told = asker.post("/api/v1/editor/complete", &json!({ "text": text, "at": at }));
    let item = told["items"].as_array().and_then(|items| items.iter().find(|item| item["label"] == "first"));
    let item = item.unwrap_or_else(|| panic!("{told}"));
    assert_eq!(
        (item["kind"].as_str(), item["to"].as_u64()),
        (Some("step"), u64::try_from(at).ok()),
        "{item}"
    );
    let from = usize::try_from(item["from"].as_u64().expect("a number")).expect("a place");
    assert_eq!(&text[from..at], "fi");
    // In a place that is counted in letters, it would be another word.
    let letters = text[..at].chars().count();
    let other = asker.post("/api/v1/editor/complete", &json!({ "text": text, "at": letters }));
    assert_ne!(other["items"][0]["to"], json!(at));

    let at = text.find("set").expect("it is there") + 1;
    let hover = asker.post("/api/v1/editor/hover", &json!({ "text": text, "at": at }))["hover"].clone();
    let place = |name: &str| usize::try_from(hover[name].as_u64().expect("a number")).expect("a place");
    assert_eq!(&text[place("from")..place("to")], "set", "{hover}");
    assert!(hover["text"].as_str().is_some_and(|text| text.len() > 10), "{hover}");
    assert_eq!(asker.post("/api/v1/editor/hover", &json!({ "text": "", "at": 0 }))["hover"], Value::Null);
}

#[test]
fn a_place_that_is_none_is_no_trouble() {
    let web = served(ROUTES, Limits::default());
    let asker = Asker::new(&web);
    for (text, at) in [("", 5), ("name: ü", 7), ("a: [", 4), ("\u{feff}name: a", 1), ("x", i64::MAX)] {
        for path in ["complete", "hover"] {
            let told = asker.post(&format!("/api/v1/editor/{path}"), &json!({ "text": text, "at": at }));
            assert!(told["code"].is_null(), "{path} {text:?} {at}: {told}");
        }
    }
    let told = asker.post("/api/v1/editor/hover", &json!({ "text": "a", "at": -1 }));
    assert_eq!(told["code"], "invalid");
}

/// The paths that a picture has.
fn paths(told: &Value) -> BTreeSet<String> {
    let frames = told["picture"]["frames"].as_array().cloned().unwrap_or_default();
    frames.iter().filter_map(|frame| frame["step"].as_str().map(str::to_owned)).collect()
}

/// A path of a run without the numbers of items.
fn plain(path: &str) -> String {
    let mut plain = String::new();
    let mut inside = false;
    for letter in path.chars() {
        match letter {
            '[' => inside = true,
            ']' => inside = false,
            other if !inside => plain.push(other),
            _ => {}
        }
    }
    plain
}

#[test]
fn a_picture_names_the_steps_as_runs_do() {
    let web = served(ROUTES, Limits::default());
    let asker = Asker::new(&web);
    assert_eq!(
        asker.post("/api/v1/editor/picture", &json!({ "text": "name: a\nsteps: { a: { st: 1 } }\n" })),
        json!({ "picture": null }),
    );
    let drawn = asker.post("/api/v1/editor/picture", &json!({ "text": NESTED }));
    let expected =
        ["each", "each.choose", "each.choose.one", "each.choose.other", "safe", "safe.mend", "safe.risky"];
    assert_eq!(paths(&drawn), expected.map(str::to_owned).into(), "{drawn}");
    web.deploy(NESTED);
    let run =
        asker.post("/api/v1/workflows/nested/runs", &json!({}))["run"].as_str().expect("a run").to_owned();
    super::wishes::until(&web, &asker.token, &run, "succeeded");
    assert_eq!(asker.get(&format!("/api/v1/runs/{run}/picture")), drawn);
    let shown = asker.get(&format!("/api/v1/runs/{run}"));
    let ran: BTreeSet<String> =
        shown["steps"].as_object().expect("steps").keys().map(|path| plain(path)).collect();
    assert!(ran.len() >= 6 && ran.is_subset(&paths(&drawn)), "{ran:?}");
    // Without what is around a step, its path is another.
    assert!(!paths(&drawn).contains("one") && plain("each[1].choose.one") == "each.choose.one");
}

#[test]
fn what_was_given_is_told_and_no_secret() {
    let web = served(ROUTES, Limits::default());
    let asker = Asker::new(&web);
    let secret = "canary-5b1f0c77d2";
    asker.post("/api/v1/secrets", &json!({ "name": "SHOP", "value": secret, "hosts": ["127.0.0.1"] }));
    web.deploy(
        "name: calls\ninputs: { who: { type: string, default: you } }\nsteps:\n  call:\n    http: { url: \"http://127.0.0.1:9/x\", \
         headers: { authorization: \"{{ secret('SHOP') }}\", x-who: \"{{ inputs.who }}\" } }\n    retry: 1\n",
    );
    let told = asker.post("/api/v1/workflows/calls/runs", &json!({ "inputs": { "who": "me" } }));
    let run = told["run"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned();
    super::wishes::until(&web, &asker.token, &run, "failed");
    let given = asker.get(&format!("/api/v1/runs/{run}/given"));
    assert_eq!(given["inputs"], json!({ "who": "me" }));
    let call = given["steps"]["call"].to_string();
    assert!(call.contains("/x") && call.contains("me") && call.contains("***"), "{call}");
    assert!(!given.to_string().contains(secret), "{given}");
}

#[test]
fn two_runs_are_compared_and_nobody_elses() {
    let web = served(ROUTES, Limits::default());
    let asker = Asker::new(&web);
    web.deploy(
        "name: says\ninputs: { who: string }\nsteps: { say: { set: { to: \"{{ inputs.who }}\" } } }\n",
    );
    let run = |who: &str| {
        let told = asker.post("/api/v1/workflows/says/runs", &json!({ "inputs": { "who": who } }));
        let run = told["run"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned();
        super::wishes::until(&web, &asker.token, &run, "succeeded");
        run
    };
    let (one, two, again) = (run("you"), run("me"), run("you"));
    let told = asker.get(&format!("/api/v1/runs/{one}/differences?with={two}"));
    let places: Vec<&str> = told["differences"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| it["place"].as_str().expect("a text"))
        .collect();
    assert_eq!(places, ["inputs.who", "output", "steps.say value"], "{told}");
    assert_eq!(told["differences"][0]["values"], json!(["you", "me"]));
    let alike = asker.get(&format!("/api/v1/runs/{one}/differences?with={again}"));
    assert_eq!((&alike["differences"], &alike["same"]), (&json!([]), &json!(1)));
    let others = web.start_for("somebody-else", "name: theirs\nsteps: { a: { set: { x: 1 } } }\n");
    let ask = |end: &str| {
        let path = format!("/api/v1/runs/{one}/differences{end}");
        web.ask(tests::web::request("GET", &path, Some(&asker.token), None)).status
    };
    assert_eq!((ask(&format!("?with={others}")), ask("?with=nothing"), ask("")), (404, 404, 400));
}

#[test]
fn a_plan_tells_what_is_missing_and_what_is_not_known() {
    let web = served(ROUTES, Limits::default());
    let asker = Asker::new(&web);
    let text = "name: asks\nsteps:\n  sum: { ai: Say hello }\n  post: { use: slack.post_message, with: { channel: general, text: hi } }\n";
    let plan = asker.post("/api/v1/plan", &json!({ "text": text }));
    assert_eq!(plan["missing"][0]["what"], "connection", "{plan}");
    assert_eq!(plan["missing"][0]["type"], "keyway connect slack", "{plan}");
    // Without a key nobody knows, and that is no zero.
    assert_eq!(plan["models"]["unknown"], json!(["sum"]), "{plan}");
    assert_eq!(plan["models"]["most_usd"], Value::Null);
    let plain = asker.post("/api/v1/plan", &json!({ "text": "name: a\nsteps: { a: { set: { x: 1 } } }\n" }));
    assert_eq!((&plain["missing"], &plain["models"]["steps"]), (&json!([]), &json!([])));
}
