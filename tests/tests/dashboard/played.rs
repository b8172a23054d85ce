//! The pages as people use them, in a browser: scenes that `tests/dashboard/scenes.mjs` plays on a service of its own, and each of
//! which says what it tried. They need Node, what `npm install` installs in `server/dashboard`, and Chromium.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use server::http::Limits;
use server::http::pages::BASE;
use server::http::routes::ROUTES;
use tests::browser::accounts;
use tests::chromium;
use tests::effects::{self, Moment};
use tests::models::{Does, Provider};
use tests::service::{Came, Service};
use tests::web::Web;

/// What the double of a provider says: half of it first, and the rest when the scene has seen that.
const TEXT: &str = "Keyway is a program that runs workflows which are written as text, and here it stops for a moment; \
    it goes on where it was when the power comes back, and keeps keys encrypted.";

/// The scenes, with how many checks each makes at least.
const SCENES: [(&str, u64); 23] = [
    ("first run", 4),
    ("signing out and in", 1),
    ("key", 1),
    ("an error and its fix", 5),
    ("watching and an approval", 3),
    ("a failure, a retry and a fork", 1),
    ("a signal, a pause and an end", 1),
    ("another role", 8),
    ("in plain words", 8),
    ("a token is told once", 2),
    ("connecting accounts", 16),
    ("a doubt", 5),
    ("what it cost", 12),
    ("two runs compared", 7),
    ("an earlier version", 4),
    ("what somebody did", 5),
    ("keyboard alone", 6),
    ("texts that would be scripts", 7),
    ("phone", 23),
    ("axe", 55),
    ("pictures", 26),
    ("another style", 6),
    ("control", 5),
];

/// Texts that break programs, one in an element of a list of JSON.
fn naughty() -> String {
    let path = tests::root().join("dsl/tests/data/naughty-strings/blns.json");
    std::fs::read_to_string(path).unwrap()
}

/// A service that takes tokens of one kind, and gives them for codes.
fn slack() -> Service {
    Service::start(|came: &Came| {
        let of = |end: &str| came.path.ends_with(end);
        let shown = came.headers.get("authorization").map_or("", String::as_str);
        match () {
            () if of("oauth.v2.access") => (
                200,
                json!({ "ok": true, "access_token": "xoxb-cnry-of-code", "scope": "chat:write,channels:read", "team": { "id": "T1" } }),
            ),
            () if of("auth.test") && shown.contains("xoxb-cnry") => (
                200,
                json!({ "ok": true, "user": "bot", "team": "Acme", "team_id": "T1", "user_id": "U1", "url": "https://acme.example" }),
            ),
            () if of("auth.revoke") => (200, json!({ "ok": true, "revoked": true })),
            () => (200, json!({ "ok": false, "error": "invalid_auth" })),
        }
    })
}

#[test]
fn people_do_what_they_came_for() {
    let Some(mut play) = chromium::plays("play.mjs") else { return };
    let mut web = Web::open(ROUTES, Limits::default(), &[]);
    let provider = Provider::start(TEXT, &[Does::Pauses]);
    provider.takes_every_key();
    let service = slack();
    let shop = effects::Service::start().unwrap();
    shop.next_life();
    let link = accounts(&web).setup_link().unwrap().expect("nobody can sign in yet");
    let url = format!("http://{}", web.address);
    let link = format!("{url}{BASE}/setup#{}", link.expose());
    play.env("KEYWAY_URL", url).env("KEYWAY_LINK", link);
    play.env("KEYWAY_PROVIDER", format!("http://{}", provider.address()));
    play.env("KEYWAY_SERVICE", service.origin())
        .env("KEYWAY_SHOP", shop.url("/"))
        .env("KEYWAY_NAUGHTY", naughty());
    play.env("KEYWAY_PICTURES", tests::root().join("docs/images/dashboard"));
    let differing = tests::root().join("target/pictures");
    std::fs::create_dir_all(&differing).unwrap();
    play.env("KEYWAY_DIFFERING", differing);
    let played = chromium::played(play, |told| match told["wish"].as_str() {
        Some("go on") => provider.go_on(),
        // The call is out, and no answer has come.
        Some("restart") => {
            assert!(shop.wait_for(Moment::Arrived(1), Duration::from_secs(60), || false), "the call is made");
            web.restart();
        }
        other => panic!("{other:?}"),
    });
    let faults = faults(&played);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is wrong with what was played.
fn faults(played: &BTreeMap<String, Value>) -> Vec<String> {
    let mut faults = vec![];
    for (scene, least) in SCENES {
        match played.get(scene) {
            None => faults.push(format!("{scene}: it was not played")),
            Some(told) if !told["trouble"].is_null() => {
                faults.push(format!("{scene}: {}", told["trouble"].as_str().unwrap_or_default()));
            }
            Some(told) if told["checks"].as_u64() < Some(least) => {
                faults.push(format!("{scene}: it checked {} things, not {least}", told["checks"]));
            }
            Some(_) => {}
        }
    }
    faults
}

#[test]
fn a_scene_that_breaks_or_checks_nothing_is_seen() {
    let well = || -> BTreeMap<String, Value> {
        let told = |least: u64| json!({ "checks": least, "trouble": null });
        SCENES.iter().map(|(scene, least)| ((*scene).to_owned(), told(*least))).collect()
    };
    assert_eq!(faults(&well()), Vec::<String>::new());
    let mut less = well();
    less.remove("axe");
    assert_eq!(faults(&less).len(), 1);
    for (key, value) in [("trouble", json!("not so")), ("checks", json!(1))] {
        let mut broken = well();
        broken.get_mut("phone").unwrap()[key] = value;
        assert_eq!(faults(&broken).len(), 1, "{key}");
    }
}
