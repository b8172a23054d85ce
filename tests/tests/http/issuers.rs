//! Signing in by a service, judged by what others wrote: `oauth2-mock-server` and `oidc-provider` of npm. Each way in which a
//! service may say something wrong of who signs in is refused, and each honest one beside it lets in. That each check is what
//! refuses it is shown in `connectors/src/signin/stating.rs`, which leaves each out in turn.

use std::sync::{Mutex, MutexGuard};

use serde_json::Value;
use server::Secret;
use server::accounts::{NewIssuer, add_issuer};
use server::http::Limits;
use server::http::door::COOKIE;
use server::http::routes::ROUTES;
use server::role::Role;
use server::vault::Who;
use tests::browser::{Browser, PASSWORD, account, accounts};
use tests::tool::Tool;
use tests::walker::{Page, Walker};
use tests::web::{Web, request};
use url::Url;

use super::served;

/// The app's secret, which the script of `oidc-provider` has too.
const SECRET: &str = "cnry-app-secret-0123456789";

/// The cookie of an attempt.
const ATTEMPT: &str = "__Host-keyway-attempt";

/// Each starts programs of Node, of which this machine carries few at once.
fn one_at_a_time() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

struct World {
    web: Web,
    _tool: Option<Tool>,
}

fn web() -> Web {
    served(ROUTES, Limits { rate: 10_000, burst: 10_000, ..Limits::default() })
}

/// Stores a service; people of `example.com` come in as editors.
fn store(web: &Web, name: &str, issuer: &str) {
    let vault = server::safe::open(&web.home).expect("a vault");
    let domains = ["example.com".to_owned()];
    let secret = Some(Secret::new(SECRET.to_owned()));
    let new =
        NewIssuer { name, issuer, id: "keyway", secret, hosts: &[], domains: &domains, role: Role::Editor };
    add_issuer(&vault, "test", new).expect("a free name");
}

impl World {
    /// With the mock, that misbehaves in this way.
    fn mock(how: &str) -> Option<World> {
        let script = include_str!("../doubles/mock_oauth2.mjs");
        let tool = Tool::script("oauth2-mock-server", script, &[("HOW", how)])?;
        let web = web();
        // It calls itself by that name.
        store(&web, "demo", &tool.base("").replace("127.0.0.1", "localhost"));
        Some(World { web, _tool: Some(tool) })
    }

    /// With the strict one.
    fn strict() -> Option<World> {
        let web = web();
        let redirect = format!("http://{}/api/v1/issuers/demo/back", web.address);
        let script = include_str!("../doubles/oidc.mjs");
        let tool = Tool::script("oidc-provider", script, &[("REDIRECT", &redirect)])?;
        store(&web, "demo", &tool.base(""));
        Some(World { web, _tool: Some(tool) })
    }

    fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.web.address)).expect("an address")
    }

    /// Begins, with a body.
    fn begin(&self, browser: &mut Walker, body: &str) -> String {
        let url = self.url("/api/v1/issuers/demo/begin");
        let page = browser.send("POST", &url, &[("content-type", "application/json")], body);
        assert_eq!(page.status, 200, "{page:?}");
        json(&page)["address"].as_str().expect("an address").to_owned()
    }

    /// Agrees at the service; the query with which the browser comes back.
    fn agree(&self, browser: &mut Walker, address: &str) -> String {
        browser.agree(address, self.url("/api/v1/issuers/demo/back").as_str())
    }

    fn back(&self, browser: &mut Walker, query: &str) -> Page {
        browser.send("GET", &self.url(&format!("/api/v1/issuers/demo/back?{query}")), &[], "")
    }

    /// All of it.
    fn sign_in(&self, browser: &mut Walker, body: &str) -> Page {
        let address = self.begin(browser, body);
        let query = self.agree(browser, &address);
        self.back(browser, &query)
    }

    /// Who is signed in.
    fn session(&self, browser: &mut Walker) -> Value {
        json(&browser.send("GET", &self.url("/api/v1/session"), &[], ""))
    }
}

fn json(page: &Page) -> Value {
    serde_json::from_str(&page.body).unwrap_or_default()
}

#[test]
fn somebody_of_the_domain_comes_in_and_is_known_again() {
    let _one = one_at_a_time();
    for world in [World::mock(""), World::strict()] {
        let Some(world) = world else { return };
        let mut browser = Walker::default();
        let page = world.sign_in(&mut browser, "{}");
        assert_eq!((page.status, page.location.as_deref()), (303, Some("/")), "{page:?}");
        let session = world.session(&mut browser);
        assert_eq!((&session["name"], &session["role"]), (&"ada@example.com".into(), &"editor".into()));
        // Another day, another browser: the same account, whatever its seat is by then.
        let mut other = Walker::default();
        assert_eq!(world.sign_in(&mut other, "{}").status, 303);
        assert_eq!(world.session(&mut other)["account"], session["account"]);
        // It has no password that somebody could know.
        for password in ["", "a password of twelve"] {
            let body = serde_json::json!({ "name": "ada@example.com", "password": password }).to_string();
            assert_eq!(world.web.ask(request("POST", "/api/v1/session", None, Some(&body))).status, 401);
        }
        // What it signs in by last stays; with a password it can go.
        let csrf = session["csrf"].as_str().expect("a text").to_owned();
        let remove = |browser: &mut Walker| {
            let own = format!("http://{}", world.web.address);
            let heads = [("origin", own.as_str()), ("x-csrf-token", csrf.as_str())];
            browser.send("DELETE", &world.url("/api/v1/account/identities/demo"), &heads, "").status
        };
        assert_eq!(remove(&mut browser), 409);
        let told = browser.send("GET", &world.url("/api/v1/account/identities"), &[], "");
        assert_eq!(json(&told)["identities"][0]["issuer"], "demo", "{told:?}");
        let page = browser.send("GET", &world.url("/api/v1/issuers"), &[], "");
        assert_eq!(page.body.trim(), r#"{"issuers":[{"issuer":"demo"}]}"#);
    }
}

#[test]
fn what_a_service_says_wrong_lets_nobody_in() {
    let _one = one_at_a_time();
    // What it does, and what is answered: each is one thing beside the honest one, which comes in.
    let cases = [
        ("", 303),
        ("issuer", 422),
        ("audience", 422),
        ("nonce", 422),
        ("over", 422),
        ("none", 422),
        ("claims", 422),
        ("silent", 422),
        ("unverified", 403),
        ("elsewhere", 403),
    ];
    for (how, status) in cases {
        let Some(world) = World::mock(how) else { return };
        let mut browser = Walker::default();
        let page = world.sign_in(&mut browser, "{}");
        assert_eq!(page.status, status, "{how}: {page:?}");
        let all = accounts(&world.web).list().expect("they can be read");
        assert_eq!(all.len(), usize::from(status == 303), "{how}");
        assert_eq!(browser.cookie(COOKIE).is_some(), status == 303, "{how}");
        assert!(!format!("{page:?}").contains("cnry"), "{how}");
    }
}

#[test]
fn an_answer_counts_once_in_its_own_browser_and_at_its_own_address() {
    let _one = one_at_a_time();
    let Some(world) = World::mock("") else { return };
    // A second service of the same maker, which an attacker may run.
    let issuer = server::accounts::issuers(&server::safe::open(&world.web.home).expect("a vault"));
    store(&world.web, "other", &issuer.expect("it can be read")[0].issuer);
    let begun = || {
        let mut browser = Walker::default();
        let address = world.begin(&mut browser, "{}");
        let query = world.agree(&mut browser, &address);
        (browser, query)
    };
    let (_, query) = begun();
    let (_, others) = begun();
    let code = |query: &str| query.split('&').find(|it| it.starts_with("code=")).expect("a code").to_owned();
    let refused = |what: &str, page: Page| assert_eq!(page.status, 422, "{what}: {page:?}");
    // Whoever is lured to an answer of somebody else's has not begun it.
    refused("another browser", world.back(&mut Walker::default(), &query));
    let mut lured = begun().0;
    refused("a browser that began another", world.back(&mut lured, &query));
    let mut forged = begun().0;
    forged.hold(ATTEMPT, "kwb_forged");
    refused("a cookie that was never given", world.back(&mut forged, &query));
    let (mut without, state) = begun();
    refused("no state", world.back(&mut without, &code(&state)));
    let (mut injected, mine) = begun();
    refused(
        "a code of another attempt",
        world.back(&mut injected, &mine.replace(&code(&mine), &code(&others))),
    );
    let (mut mixed, from) = begun();
    let url = world.url(&format!("/api/v1/issuers/other/back?{from}"));
    refused("at the address of another service", mixed.send("GET", &url, &[], ""));
    let (mut named, from) = begun();
    refused(
        "from another service",
        world.back(&mut named, &format!("{from}&iss=https%3A%2F%2Fevil.example")),
    );
    // The control: its own, which counts once. What was tried on another is over.
    let (mut browser, query) = begun();
    let shown = browser.cookie(ATTEMPT).expect("it was given one").to_owned();
    assert_eq!(world.back(&mut browser, &query).status, 303);
    browser.hold(ATTEMPT, &shown);
    refused("the same again", world.back(&mut browser, &query));
    let head = world.sign_in(&mut Walker::default(), "{}").head;
    for part in ["__Host-keyway=kws_", "SameSite=Strict", "__Host-keyway-attempt=;", "HttpOnly; SameSite=Lax"]
    {
        assert!(head.contains(part), "{part}: {head}");
    }
    assert_eq!(accounts(&world.web).list().expect("they can be read").len(), 1);
}

#[test]
fn an_account_of_the_same_address_is_not_taken_over_and_can_be_linked_by_its_person() {
    let _one = one_at_a_time();
    let Some(world) = World::mock("") else { return };
    let ada = account(&world.web, "local", "ada@example.com", Role::Owner);
    // The address may have changed hands at the service.
    let page = world.sign_in(&mut Walker::default(), "{}");
    assert_eq!((page.status, json(&page)["code"].as_str()), (409, Some("conflict")), "{page:?}");
    let own = format!("http://{}", world.web.address);
    let link = |session: &Browser, browser: &mut Walker| {
        browser.hold(COOKIE, &session.cookie);
        let heads = [("origin", own.as_str()), ("x-csrf-token", session.csrf.as_str())];
        let page = browser.send("POST", &world.url("/api/v1/account/identities/demo"), &heads, "");
        assert_eq!(page.status, 200, "{page:?}");
        let address = json(&page)["address"].as_str().expect("an address").to_owned();
        world.agree(browser, &address)
    };
    // Who signed out meanwhile links nothing.
    let (session, mut browser) = (Browser::of(&world.web, &ada), Walker::default());
    let query = link(&session, &mut browser);
    accounts(&world.web).end_sessions("test", &ada).expect("it is written");
    assert_eq!(world.back(&mut browser, &query).status, 401);
    let (session, mut browser) = (Browser::of(&world.web, &ada), Walker::default());
    let query = link(&session, &mut browser);
    assert_eq!(world.back(&mut browser, &query).status, 303);
    let mut other = Walker::default();
    assert_eq!(world.sign_in(&mut other, "{}").status, 303);
    assert_eq!(world.session(&mut other)["account"], ada.id.as_str());
    // Nobody else is the same person, also with an account of their own.
    let eve = account(&world.web, "local", "eve", Role::Viewer);
    let (session, mut browser) = (Browser::of(&world.web, &eve), Walker::default());
    let query = link(&session, &mut browser);
    assert_eq!(world.back(&mut browser, &query).status, 422);
    assert!(accounts(&world.web).identities(&eve.id).expect("they can be read").is_empty());
    // With a password beside it, it can go; then nobody comes in by it as this account.
    accounts(&world.web).unlink((&ada.id, &ada.name), "demo").expect("there is a password");
    assert_eq!(world.sign_in(&mut Walker::default(), "{}").status, 409);
    assert!(accounts(&world.web).sign_in("ada@example.com", &Secret::new(PASSWORD.into()), None).is_ok());
    // Whoever has let themselves in at a stolen session is out when the password is reset.
    let known = accounts(&world.web);
    let password = Secret::new(PASSWORD.into());
    for by_link in [true, false] {
        let (session, mut browser) = (Browser::of(&world.web, &ada), Walker::default());
        let query = link(&session, &mut browser);
        assert_eq!(world.back(&mut browser, &query).status, 303);
        assert_eq!(known.identities(&ada.id).expect("they can be read").len(), 1);
        if by_link {
            let shown = known.reset_link("test", &ada).expect("it is written");
            known.reset(shown.expose(), &password).expect("it is reset");
        } else {
            known.set_password("test", &ada, &password).expect("it is set");
        }
        assert!(known.identities(&ada.id).expect("they can be read").is_empty());
        assert_eq!(world.sign_in(&mut Walker::default(), "{}").status, 409);
    }
}

#[test]
fn an_invitation_lets_in_by_a_service_whoever_has_it_and_once() {
    let _one = one_at_a_time();
    // Its address is not verified, and of no domain that comes in: the link is what counts.
    let Some(world) = World::mock("unverified") else { return };
    let who = Who { owner: "local", actor: "test" };
    let invited = accounts(&world.web).invite(who, None, ("ada", Role::Admin)).expect("an invitation");
    let body = serde_json::json!({ "link": invited.token.expose() }).to_string();
    assert_eq!(world.sign_in(&mut Walker::default(), "{}").status, 403, "without it nobody comes in");
    let mut browser = Walker::default();
    let page = world.sign_in(&mut browser, &body);
    assert_eq!(page.status, 303, "{page:?}");
    let session = world.session(&mut browser);
    assert_eq!((&session["name"], &session["role"]), (&"ada-1@demo".into(), &"admin".into()));
    assert_eq!(world.sign_in(&mut Walker::default(), &body).status, 422, "it counted once");
    assert_eq!(world.sign_in(&mut Walker::default(), "{}").status, 303, "from here on they are known");
}

#[test]
fn a_secret_goes_to_no_host_that_it_was_not_stored_for() {
    let vault_of = |web: &Web| server::safe::open(&web.home).expect("a vault");
    let web = web();
    let add = |name: &str, issuer: &str, domains: &[String]| {
        let new = NewIssuer { name, issuer, id: "x", secret: None, hosts: &[], domains, role: Role::Viewer };
        add_issuer(&vault_of(&web), "test", new).is_ok()
    };
    assert!(add("google", "https://accounts.google.com", &[]));
    for (name, issuer, domain) in [
        ("google", "https://accounts.google.com", "a.example"),
        ("UPPER", "https://a.example", "a.example"),
        ("a/b", "https://a.example", "a.example"),
        ("a", "ftp://a.example", "a.example"),
        ("a", "nothing", "a.example"),
        ("a", "https://a.example", "nodomain"),
        ("a", "https://a.example", "a.example,b.example"),
    ] {
        assert!(!add(name, issuer, &[domain.to_owned()]), "{name} {issuer} {domain}");
    }
    let known = server::accounts::issuers(&vault_of(&web)).expect("they can be read");
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].hosts, ["accounts.google.com"]);
}
