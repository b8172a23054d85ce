//! Connecting accounts over HTTP: with a key that is given, in a browser that comes back, and by a program that brings the
//! address at which one ended. What somebody began nobody else finishes.

use serde_json::{Value, json};
use server::Secret;
use server::connections::{NewApp, add_app};
use server::http::Limits;
use server::http::door::COOKIE;
use server::http::routes::ROUTES;
use server::role::Role;
use server::token::{Scope, Token};
use server::vault::Who;
use tests::browser::{Browser, account, accounts};
use tests::service::{Came, Service};
use tests::walker::{Page, Walker};
use tests::web::{Heard, Web, request};
use url::Url;

use super::served;

const ATTEMPT: &str = "__Host-keyway-attempt";

/// What stands in every secret of these tests.
const CANARY: &str = "cnry";

/// A service that takes keys of one kind, and gives tokens for codes.
fn slack() -> Service {
    Service::start(|came: &Came| {
        let of = |end: &str| came.path.ends_with(end);
        let shown = came.headers.get("authorization").map_or("", String::as_str);
        match () {
            () if of("oauth.v2.access") => (
                200,
                json!({ "ok": true, "access_token": "xoxb-cnry-of-code", "scope": "chat:write", "team": { "id": "T1" } }),
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

struct World {
    web: Web,
    service: Service,
    admin: Token,
}

impl World {
    fn new() -> World {
        let web = served(ROUTES, Limits { rate: 10_000, burst: 10_000, ..Limits::default() });
        let admin = web.token("local", "admin", Scope::Admin, None);
        World { web, service: slack(), admin }
    }

    fn ask(&self, token: &Token, path: &str, body: &Value) -> (u16, Value) {
        let heard: Heard = self.web.ask(request("POST", path, Some(token.expose()), Some(&body.to_string())));
        assert!(!heard.body.contains(CANARY), "{heard:?}");
        (heard.status, serde_json::from_str(&heard.body).unwrap_or_default())
    }

    /// Stores an app, whose browsers come back to this address.
    fn app(&self, redirect: &str) {
        let vault = server::safe::open(&self.web.home).expect("a vault");
        let manifest = connectors::library().find("slack").expect("it is there");
        let hosts = ["127.0.0.1".to_owned()];
        let secret = Some(Secret::new("cnry-app-secret-0123".into()));
        let app = NewApp { manifest, id: "app-1", secret, redirect: Some(redirect), hosts: &hosts };
        add_app(&vault, Who { owner: "local", actor: "test" }, app).expect("it can be stored");
    }

    fn here(&self) -> String {
        format!("http://{}/connect/slack", self.web.address)
    }

    fn connections(&self) -> Vec<Value> {
        let heard = self.web.ask(request("GET", "/api/v1/connections", Some(self.admin.expose()), None));
        assert!(!heard.body.contains(CANARY), "{heard:?}");
        let told: Value = serde_json::from_str(&heard.body).expect("JSON");
        told["connections"].as_array().expect("a list").clone()
    }

    /// Begins in a browser, and gives the query with which it comes back.
    fn begin(&self, session: &Browser, browser: &mut Walker, name: &str) -> String {
        browser.hold(COOKIE, &session.cookie);
        let own = format!("http://{}", self.web.address);
        let heads = [
            ("origin", own.as_str()),
            ("x-csrf-token", session.csrf.as_str()),
            ("content-type", "application/json"),
        ];
        let body = json!({ "name": name, "auth": "oauth", "base_url": self.service.origin() }).to_string();
        let url = Url::parse(&format!("{own}/api/v1/connections/slack")).expect("an address");
        let page = browser.send("POST", &url, &heads, &body);
        assert_eq!(page.status, 202, "{page:?}");
        let told: Value = serde_json::from_str(&page.body).expect("JSON");
        assert_eq!((&told["state"], &told["comes_back_to"]), (&"browser".into(), &self.here().into()));
        answer(told["address"].as_str().expect("an address"))
    }

    fn back(&self, browser: &mut Walker, query: &str) -> Page {
        let url = Url::parse(&format!("{}?{query}", self.here())).expect("an address");
        browser.send("GET", &url, &[], "")
    }
}

/// What a service sends a browser back with that was sent there.
fn answer(address: &str) -> String {
    let url = Url::parse(address).expect("an address");
    let state = url.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
    format!("code=cnry-code&state={state}")
}

#[test]
fn a_key_is_stored_and_asked_about_and_what_does_not_fit_is_refused() {
    let world = World::new();
    let connect = |more: Value| {
        let mut body = json!({ "base_url": world.service.origin(), "secrets": { "token": "xoxb-cnry-1" } });
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        world.ask(&world.admin, "/api/v1/connections/slack", &body)
    };
    let (status, told) = connect(json!({}));
    assert_eq!((status, &told["state"], &told["works"]), (201, &"connected".into(), &true.into()), "{told}");
    assert_eq!(told["account"], "bot in Acme");
    assert_eq!(world.connections().len(), 1);
    assert_eq!(connect(json!({})).0, 409, "one that works is not replaced unasked");
    assert_eq!(connect(json!({ "again": true })).0, 201);
    let (status, told) = connect(json!({ "name": "wrong", "secrets": { "token": "xoxb-wrong" } }));
    assert_eq!((status, &told["works"]), (201, &false.into()), "{told}");
    for (what, more) in [
        ("no secret", json!({ "name": "a", "secrets": {} })),
        (
            "a secret that nobody asked for",
            json!({ "name": "a", "secrets": { "token": "xoxb-1", "x": "y" } }),
        ),
        ("a secret of another form", json!({ "name": "a", "secrets": { "token": "sk-of-others" } })),
        ("a field that there is not", json!({ "name": "a", "fields": { "site": "x" } })),
        ("a way that there is not", json!({ "name": "a", "auth": "magic" })),
        ("no address", json!({ "name": "a", "base_url": "nowhere" })),
        ("a way that needs an app", json!({ "name": "a", "auth": "oauth", "secrets": {} })),
    ] {
        assert_eq!(connect(more).0, 422, "{what}");
    }
    assert_eq!(world.connections().len(), 2);
    assert_eq!(world.ask(&world.admin, "/api/v1/connections/nothing", &json!({})).0, 404);
}

#[test]
fn a_browser_connects_for_who_began_there_and_for_nobody_else() {
    let world = World::new();
    world.app(&world.here());
    let ada = account(&world.web, "local", "ada", Role::Admin);
    let session = Browser::of(&world.web, &ada);
    // Whoever is lured to an answer of somebody else's connects nothing.
    let mut browser = Walker::default();
    let query = world.begin(&session, &mut browser, "main");
    assert_eq!(world.back(&mut Walker::default(), &query).status, 422, "a browser that began nothing");
    let mut other = Walker::default();
    world.begin(&session, &mut other, "other");
    assert_eq!(world.back(&mut other, &query).status, 422, "a browser that began another");
    let mut forged = Walker::default();
    forged.hold(ATTEMPT, "kwb_forged");
    assert_eq!(world.back(&mut forged, &query).status, 422, "a cookie that was never given");
    assert!(world.connections().is_empty());
    // The control: its own, which counts once.
    let page = world.back(&mut browser, &query);
    assert_eq!(
        (page.status, page.location.as_deref()),
        (303, Some("/dashboard/connections/slack?connected=main")),
        "{page:?}"
    );
    let told = world.connections();
    assert_eq!((told.len(), &told[0]["account"]), (1, &"bot in Acme".into()));
    assert_eq!(world.back(&mut browser, &query).status, 422, "the same again");
    // Who says no at the service is told so where it was begun, and the attempt is over.
    let mut denied = Walker::default();
    let query = world.begin(&session, &mut denied, "denied");
    let state = query.split_once("state=").expect("a state").1;
    let page = world.back(&mut denied, &format!("error=access_denied&state={state}"));
    let asks = "/dashboard/connections/slack?connecting=denied";
    assert_eq!((page.status, page.location.as_deref()), (303, Some(asks)), "{page:?}");
    let finish = "/api/v1/connections/slack/denied/finish";
    let told = world.web.ask(session.request("POST", finish, Some("{}")));
    assert!(told.status >= 400 && told.body.contains("access_denied"), "{told:?}");
    assert_eq!(world.back(&mut denied, &query).status, 422, "and a code that comes after it");
    assert_eq!(world.connections().len(), 1);
    // Who signed out, or may not do it any more, connects nothing.
    let mut gone = Walker::default();
    let query = world.begin(&session, &mut gone, "second");
    accounts(&world.web).end_sessions("test", &ada).expect("it is written");
    assert_eq!(world.back(&mut gone, &query).status, 401);
    let (session, mut lesser) = (Browser::of(&world.web, &ada), Walker::default());
    let query = world.begin(&session, &mut lesser, "third");
    let who = Who { owner: "local", actor: "test" };
    accounts(&world.web).give(who, None, &ada, Role::Viewer).expect("it may be given");
    assert_eq!(world.back(&mut lesser, &query).status, 401);
    assert_eq!(world.connections().len(), 1);
}

#[test]
fn a_program_brings_the_address_at_which_a_browser_ended() {
    let world = World::new();
    let elsewhere = "http://127.0.0.1:8976/connect/slack";
    world.app(elsewhere);
    let body = json!({ "auth": "oauth", "base_url": world.service.origin(), "scopes": ["channels:read"] });
    let (status, told) = world.ask(&world.admin, "/api/v1/connections/slack", &body);
    assert_eq!((status, &told["comes_back_to"]), (202, &elsewhere.into()), "{told}");
    let ended = format!("{elsewhere}?{}", answer(told["address"].as_str().expect("an address")));
    let finish =
        |token: &Token, body: &Value| world.ask(token, "/api/v1/connections/slack/main/finish", body);
    let other = world.web.token("local", "other", Scope::Admin, None);
    assert_eq!(finish(&other, &json!({ "answer": ended })).0, 404, "another program began nothing");
    assert_eq!(finish(&world.admin, &json!({})).0, 202, "nobody has agreed yet");
    let wrong = ended.replace("8976", "8977");
    assert_eq!(finish(&world.admin, &json!({ "answer": wrong })).0, 422, "an address that is not the one");
    let (status, told) = finish(&world.admin, &json!({ "answer": ended }));
    assert_eq!((status, &told["account"]), (201, &"bot in Acme".into()), "{told}");
    assert_eq!(finish(&world.admin, &json!({ "answer": ended })).0, 422, "the same again");
    let (status, told) = finish(&world.admin, &json!({}));
    assert_eq!((status, &told["state"]), (201, &"connected".into()), "what came of it is told again: {told}");
    assert_eq!(finish(&other, &json!({})).0, 404, "and to nobody else");
    assert_eq!(world.connections().len(), 1);
}

#[test]
fn an_app_is_stored_and_what_connecting_takes_is_told() {
    let world = World::new();
    let shown = || {
        let heard =
            world.web.ask(request("GET", "/api/v1/connectors/slack", Some(world.admin.expose()), None));
        assert!(!heard.body.contains(CANARY), "{heard:?}");
        serde_json::from_str::<Value>(&heard.body).expect("JSON")
    };
    let way = |told: &Value, name: &str| {
        let ways = told["ways"].as_array().expect("a list");
        ways.iter().find(|way| way["way"] == name).expect("it is there").clone()
    };
    world
        .web
        .deploy("name: says\nsteps: { a: { use: slack.post_message, with: { channel: C1, text: hi } } }\n");
    let told = shown();
    assert_eq!((&told["comes_back_to"], &told["usual"]), (&world.here().into(), &"token".into()), "{told}");
    assert_eq!(told["needs"][0]["workflow"], "says");
    assert!(told["needs"][0]["scopes"].to_string().contains("chat:write"), "{told}");
    assert_eq!(
        (&way(&told, "token")["begins"], &way(&told, "token")["needs_app"]),
        (&"given".into(), &false.into())
    );
    assert_eq!(way(&told, "token")["secrets"][0]["name"], "token");
    let oauth = way(&told, "oauth");
    assert_eq!(
        (&oauth["begins"], &oauth["needs_app"], &oauth["app"]),
        (&"browser".into(), &true.into(), &Value::Null)
    );
    let path = "/api/v1/connectors/slack/app";
    assert_eq!(world.ask(&world.admin, path, &json!({ "id": "" })).0, 422, "no id");
    let app = json!({ "id": "app-1", "secret": "cnry-app-secret-0123" });
    assert_eq!(world.ask(&world.admin, path, &app).0, 201);
    assert_eq!(world.ask(&world.admin, path, &app).0, 409, "one is there already");
    assert_eq!(world.ask(&world.admin, "/api/v1/connectors/nothing/app", &app).0, 404);
    let told = shown();
    assert_eq!(way(&told, "oauth")["app"], json!({ "comes_back_to": world.here(), "here": true }));
    assert_eq!(told["usual"], "oauth");
}
