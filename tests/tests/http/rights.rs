//! Rights are looked at when something is done, not only when it is asked for: hands may have been waited for between.

use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use server::http::routes::{Handler, Policy, ROUTES, Route, Says, Takes};
use server::http::{Answer, Limits};
use server::role::Role;
use server::token::Scope;
use server::vault::Who;
use tests::browser::{Browser, account, accounts};
use tests::web::{Web, hear, request};

/// True while the first one has the only pair of hands.
static HELD: AtomicBool = AtomicBool::new(false);

/// How often something was done by who came behind.
static DONE: AtomicUsize = AtomicUsize::new(0);

const HOLD: Handler = Handler::Blocks(|_| {
    HELD.store(true, Ordering::SeqCst);
    while HELD.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(Answer::ok(Value::Null))
});

const ACT: Handler = Handler::Blocks(|_| {
    DONE.fetch_add(1, Ordering::SeqCst);
    Ok(Answer::ok(Value::Null))
});

const fn route(method: &'static str, path: &'static str, policy: Policy, handler: Handler) -> Route {
    Route { method, path, policy, takes: Takes::Nothing, handler, about: "", says: Says::NOTHING }
}

const TABLE: &[Route] = &[
    route("GET", "/hold", Policy::Token(Scope::Read), HOLD),
    route("GET", "/bare", Policy::Token(Scope::Read), ACT),
    route("DELETE", "/bare", Policy::Token(Scope::Admin), ACT),
    Route { takes: Takes::Json { most: 1000 }, ..route("POST", "/body", Policy::Token(Scope::Edit), ACT) },
    route("GET", "/seat", Policy::Role(Role::Admin), ACT),
    route("GET", "/person", Policy::Person, ACT),
];

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Asks while all hands are full, does something before there are any, and gives what is answered and how often it was done.
fn behind(
    web: &Web,
    holder: &str,
    asked: &str,
    used: impl Fn() -> bool,
    between: impl FnOnce(),
) -> (u16, usize) {
    let done = DONE.load(Ordering::SeqCst);
    let mut first = web.connect();
    first.write_all(request("GET", "/hold", Some(holder), None).as_bytes()).expect("it reads");
    until("nobody holds them", || HELD.load(Ordering::SeqCst));
    let mut second = web.connect();
    second.write_all(asked.as_bytes()).expect("it reads");
    until("it was not let in", used);
    // It has been let in when that is written down; a moment later it waits.
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(DONE.load(Ordering::SeqCst), done, "there are no hands");
    between();
    HELD.store(false, Ordering::SeqCst);
    let status = hear(&mut second).expect("an answer").status;
    assert_eq!(hear(&mut first).map(|heard| heard.status), Some(200));
    (status, DONE.load(Ordering::SeqCst) - done)
}

#[test]
fn who_is_shut_out_while_all_hands_are_full_does_nothing_when_there_are_some() {
    let web = Web::open(TABLE, Limits { at_once: 1, ..Limits::default() }, &[]);
    let vault = || server::safe::open(&web.home).expect("a vault");
    let who = Who { owner: "local", actor: "test" };
    let holder = web.token("local", "holder", Scope::Read, None);
    let used = |name: &str| {
        let all = server::tokens::list(&vault(), "local").expect("they can be read");
        all.iter().any(|token| token.name == name && token.used.is_some())
    };
    for (at, (method, path, body)) in
        [("GET", "/bare", None), ("DELETE", "/bare", None), ("POST", "/body", Some("{}"))]
            .into_iter()
            .enumerate()
    {
        let [kept, lost] = ["kept", "lost"].map(|name| format!("{name}{at}"));
        let asked = |name: &str| {
            let token = web.token("local", name, Scope::Admin, None);
            request(method, path, Some(token.expose()), body)
        };
        let lose = || {
            server::tokens::remove(&vault(), who, &lost).expect("it is there");
        };
        let heard = behind(&web, holder.expose(), &asked(&lost), || used(&lost), lose);
        assert_eq!(heard, (401, 0), "{method} {path}");
        // The control: a token that stays.
        let heard = behind(&web, holder.expose(), &asked(&kept), || used(&kept), || {});
        assert_eq!(heard, (200, 1), "{method} {path}");
    }
    account(&web, "local", "owner", Role::Owner);
    for (path, name, left) in [("/seat", "eve", 403), ("/person", "mia", 200)] {
        let person = account(&web, "local", name, Role::Admin);
        let role = |role| accounts(&web).give(who, None, &person, role).expect("a seat");
        let asked = || Browser::of(&web, &person).request("GET", path, None);
        let used = || {
            let all = accounts(&web).sessions(&person.id).expect("they can be read");
            all.iter().max_by_key(|session| session.created).is_some_and(|last| last.seen > last.created)
        };
        let heard = |between: &dyn Fn()| behind(&web, holder.expose(), &asked(), used, between);
        assert_eq!(heard(&|| {}), (200, 1), "{path}: the control");
        assert_eq!(heard(&|| role(Role::Viewer)), (left, usize::from(left == 200)), "{path}: the role");
        role(Role::Admin);
        let ends = || accounts(&web).end_sessions("test", &person).expect("they can be ended");
        assert_eq!(heard(&ends), (401, 0), "{path}: the session");
    }
}

/// The time in the middle that it takes to answer about each of these, asked in turn.
fn middles<const N: usize>(web: &Web, token: &str, paths: [&str; N], rounds: usize) -> [Duration; N] {
    let mut took: [Vec<Duration>; N] = std::array::from_fn(|_| vec![]);
    for _ in 0..rounds {
        for (path, took) in paths.iter().zip(&mut took) {
            let began = Instant::now();
            web.ask(request("GET", path, Some(token), None));
            took.push(began.elapsed());
        }
    }
    took.map(|mut took| {
        took.sort();
        took[took.len() / 2]
    })
}

/// That nothing more is read of one than of the other, `store/src/pages.rs` shows by counting; this is the time itself.
/// `KEYWAY_ROUNDS=5000` asks so often.
#[test]
fn anothers_run_is_refused_as_soon_as_one_that_is_nowhere() {
    let web = super::served(ROUTES, Limits { rate: 1_000_000, burst: 1_000_000, ..Limits::default() });
    let token = web.token("local", "asks", Scope::Read, None);
    // What a run was given stands in the first row of its log.
    let input = |at: usize| format!("i{at}: {{ type: string, default: \"{}\" }}", "x".repeat(400));
    let inputs: Vec<String> = (0..300).map(input).collect();
    let text =
        format!("name: large\ninputs: {{ {} }}\nsteps: {{ a: {{ set: {{ x: 1 }} }} }}\n", inputs.join(", "));
    let [others, own] =
        ["acme", "local"].map(|owner| format!("/api/v1/runs/{}", web.start_for(owner, &text)));
    let last = if others.ends_with('0') { "1" } else { "0" };
    let nowhere = format!("{}{last}", &others[..others.len() - 1]);
    for (path, status) in [(&others, 404), (&nowhere, 404), (&own, 200)] {
        assert_eq!(web.ask(request("GET", path, Some(token.expose()), None)).status, status, "{path}");
    }
    let rounds = std::env::var("KEYWAY_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    let [others, nowhere, own] = middles(&web, token.expose(), [&others, &nowhere, &own], rounds);
    println!(
        "in the middle of {rounds}: another's {others:?}, one that is nowhere {nowhere:?}, one's own {own:?}"
    );
    let apart = |one: Duration, other: Duration| one.as_secs_f64() / other.as_secs_f64();
    assert!((0.67..1.5).contains(&apart(others, nowhere)), "{others:?} {nowhere:?}");
    assert!(apart(own, nowhere) > 1.5, "the control: what is read takes time, and is seen");
}
