//! The pages as people use them, in a browser: scenes that `tests/dashboard/scenes.mjs` plays on a service of its own, and each of
//! which says what it tried. They need Node, what `npm install` installs in `server/dashboard`, and Chromium.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use server::http::Limits;
use server::http::pages::BASE;
use server::http::routes::ROUTES;
use tests::browser::accounts;
use tests::models::{Does, Provider};
use tests::service::{Came, Service};
use tests::web::Web;

use super::source::folder;

/// What the double of a provider says: half of it first, and the rest when the scene has seen that.
const TEXT: &str = "Keyway is a program that runs workflows which are written as text, and here it stops for a moment; \
    it goes on where it was when the power comes back, and keeps keys encrypted.";

/// The scenes, with how many checks each makes at least.
const SCENES: [(&str, u64); 17] = [
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
    ("keyboard alone", 6),
    ("texts that would be scripts", 7),
    ("phone", 23),
    ("axe", 49),
    ("shots", 0),
    ("control", 5),
];

fn tool(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut all =
        names.iter().flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)));
    all.find(|file| file.is_file())
}

/// Node, Chromium and the folder of packages; nothing, which is said, where one of them is not there.
fn tools() -> Option<(PathBuf, PathBuf, PathBuf)> {
    let packages = folder().join("node_modules");
    let packages = packages.join("playwright-core/package.json").is_file().then_some(folder());
    let found = (tool(&["node"]), tool(&["chromium", "chromium-browser", "google-chrome"]), packages);
    let (Some(node), Some(chromium), Some(packages)) = found else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "CI has no Node, Chromium, or packages of the pages"
        );
        println!(
            "SKIPPED: there is no Node, no Chromium, or nothing that `npm install` installs in server/dashboard"
        );
        return None;
    };
    Some((node, chromium, packages))
}

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
    let Some((node, chromium, packages)) = tools() else { return };
    let web = Web::open(ROUTES, Limits::default(), &[]);
    let provider = Provider::start(TEXT, &[Does::Pauses]);
    provider.takes_every_key();
    let service = slack();
    let link = accounts(&web).setup_link().unwrap().expect("nobody can sign in yet");
    let url = format!("http://{}", web.address);
    let link = format!("{url}{BASE}/setup#{}", link.expose());
    let mut play = Command::new(node);
    play.arg(tests::root().join("tests/dashboard/play.mjs"));
    play.env("KEYWAY_URL", url).env("KEYWAY_LINK", link);
    play.env("KEYWAY_PROVIDER", format!("http://{}", provider.address()));
    play.env("KEYWAY_SERVICE", service.origin());
    play.env("KEYWAY_NPM", packages).env("KEYWAY_CHROMIUM", chromium).env("KEYWAY_NAUGHTY", naughty());
    if std::env::var_os("KEYWAY_WRITE").is_some() {
        play.env("KEYWAY_SHOTS", tests::root().join("docs/images/dashboard"));
    }
    let mut play = play.stdout(Stdio::piped()).spawn().unwrap();
    let mut played = BTreeMap::new();
    for line in BufReader::new(play.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        println!("{line}");
        let told: Value = serde_json::from_str(&line).unwrap();
        if told["go_on"] == true {
            provider.go_on();
        } else {
            played.insert(told["scene"].as_str().unwrap().to_owned(), told);
        }
    }
    let ended = play.wait().unwrap();
    let faults = faults(&played);
    assert!(faults.is_empty() && ended.success(), "{}", faults.join("\n"));
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
