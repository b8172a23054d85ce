//! People: the first account, signing in and out, invitations, roles, and what ends with them.

use std::io::Write;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use server::Secret;
use server::accounts::{IDLE, LASTS, No};
use server::http::Limits;
use server::http::door::{COOKIE, csrf};
use server::http::routes::ROUTES;
use server::role::Role;
use server::token::{SESSION, Scope, Token};
use server::vault::Who;
use store::accounts::{People, Session};
use store::{Change, Desk, Edit};
use tests::browser::{Browser, PASSWORD, account, accounts, with_heads};
use tests::web::{Heard, Web, hear, request};

use super::served;

fn web() -> Web {
    served(ROUTES, Limits { rate: 10_000, burst: 10_000, ..Limits::default() })
}

fn json_of(heard: &Heard) -> Value {
    serde_json::from_str(&heard.body).unwrap_or_else(|error| panic!("{error}: {heard:?}"))
}

fn post(web: &Web, path: &str, body: &Value) -> Heard {
    web.ask(request("POST", path, None, Some(&body.to_string())))
}

fn sign_in(web: &Web, name: &str, password: &str) -> Heard {
    post(web, "/api/v1/session", &json!({ "name": name, "password": password }))
}

#[test]
fn the_first_account_is_made_once_by_its_link() {
    let web = web();
    let needed = || json_of(&web.ask(request("GET", "/api/v1/setup", None, None)))["needed"] == true;
    assert!(needed());
    let earlier = accounts(&web).setup_link().expect("it is written").expect("there is no account");
    let link = accounts(&web).setup_link().expect("it is written").expect("there is no account");
    let wish = |link: &Token, name: &str, password: &str| json!({ "link": link.expose(), "name": name, "password": password });
    for (what, body) in [
        ("one of an earlier start", wish(&earlier, "ada", PASSWORD)),
        ("one that was never made", wish(&Token::random_as("kwl_"), "ada", PASSWORD)),
        ("a token of a program", wish(&Token::random(), "ada", PASSWORD)),
        ("a short password", wish(&link, "ada", "short")),
        ("the name as the password", wish(&link, "ada.lovelace@example.com", "Ada.Lovelace@example.com")),
        ("a name with a blank", wish(&link, "a da", PASSWORD)),
    ] {
        let heard = post(&web, "/api/v1/setup", &body);
        assert_eq!(heard.status, 422, "{what}: {heard:?}");
        assert!(needed(), "{what}");
    }
    let made = post(&web, "/api/v1/setup", &wish(&link, "Ada", PASSWORD));
    assert_eq!(
        (made.status, json_of(&made)["name"].as_str(), json_of(&made)["role"].as_str()),
        (201, Some("ada"), Some("owner"))
    );
    let cookie =
        made.head.lines().find(|line| line.starts_with("set-cookie: ")).expect("a cookie").to_owned();
    for part in
        ["__host-keyway=kws_", "; path=/", "; secure", "; httponly", "; samesite=strict", "; max-age=1209600"]
    {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("domain"), "{cookie}");
    assert_eq!(json_of(&made)["csrf"].as_str().map(str::len), Some(64));
    assert!(!needed());
    assert_eq!(post(&web, "/api/v1/setup", &wish(&link, "eve", PASSWORD)).status, 422, "it counted once");
    assert!(accounts(&web).setup_link().expect("it is read").is_none(), "nobody needs one any more");
}

#[test]
fn who_knows_no_password_learns_nothing_of_who_has_an_account() {
    let web = web();
    account(&web, "local", "ada", Role::Owner);
    assert_eq!(sign_in(&web, "ADA", PASSWORD).status, 200);
    let (wrong, unknown) =
        (sign_in(&web, "ada", "not the password"), sign_in(&web, "eve", "not the password"));
    assert_eq!((wrong.status, &wrong.body), (401, &unknown.body));
    assert!(!wrong.head.contains("www-authenticate"), "a browser asks its person for nothing");
    let accounts = accounts(&web);
    let time = |name: &str| {
        let began = Instant::now();
        assert!(accounts.sign_in(name, &Secret::new("not the password".into()), None).is_err());
        began.elapsed()
    };
    // The least of eight: what else this machine does only adds.
    let least = |names: Vec<String>| names.iter().map(|name| time(name)).min().expect("eight");
    let known = least(vec!["ada".into(); 8]);
    let none = least((0..8).map(|at| format!("nobody{at}")).collect());
    println!("known {known:?}, unknown {none:?}");
    assert!(known < none * 2 && none < known * 2, "known {known:?}, unknown {none:?}");
    assert!(none > Duration::from_millis(3), "looking at a password takes its time: {none:?}");
}

#[test]
fn after_ten_wrong_passwords_also_the_right_one_waits() {
    let web = web();
    account(&web, "local", "ada", Role::Owner);
    account(&web, "local", "bob", Role::Viewer);
    let statuses: Vec<u16> = (0..12).map(|_| sign_in(&web, "ada", "not the password").status).collect();
    assert_eq!(statuses, [vec![401; 10], vec![429; 2]].concat());
    let right = sign_in(&web, "ada", PASSWORD);
    assert!(right.status == 429 && right.head.contains("retry-after: 60"), "{right:?}");
    assert_eq!(sign_in(&web, "bob", PASSWORD).status, 200, "others are let in");
    // An account that there is not is counted in the same way.
    let statuses: Vec<u16> = (0..12).map(|_| sign_in(&web, "eve", "not the password").status).collect();
    assert_eq!(statuses, [vec![401; 10], vec![429; 2]].concat());
}

/// Begins a session in the past.
fn session_of(web: &Web, account: &str, (began, seen): (SignedDuration, SignedDuration)) -> Browser {
    let token = Token::random_as(SESSION);
    let ago = |length: SignedDuration| {
        let time = Timestamp::now().checked_sub(length).expect("a time");
        i64::try_from(time.as_nanosecond()).expect("it fits")
    };
    let lasts = i64::try_from(LASTS.as_nanos()).expect("it fits");
    let session = Session {
        hash: token.hash(),
        account: account.into(),
        name: String::new(),
        space: "local".into(),
        role: None,
        created: ago(began),
        seen: ago(seen),
        expires: ago(began) + lasts,
    };
    let desk = Desk::open(&web.home.database(), Duration::from_secs(5)).expect("a database");
    let accounts = desk.reader().and_then(|reader| reader.accounts()).expect("they can be read");
    let changed = accounts.iter().find(|it| it.id == account).expect("it is there").changed;
    let edit = Edit::People(People::Session { session, changed });
    let made = desk.make(Change::untold(vec![edit])).expect("it is written");
    made.expect("a fresh hash");
    Browser { csrf: csrf(&token), cookie: token.expose().into() }
}

#[test]
fn a_session_ends_when_it_is_idle_and_in_any_case() {
    let web = web();
    let ada = account(&web, "local", "ada", Role::Owner);
    let second = SignedDuration::from_secs(1);
    let minute = SignedDuration::from_mins(1);
    let cases = [
        ("fresh", (second, second), 200),
        ("not quite idle", (IDLE, IDLE - minute), 200),
        ("idle", (IDLE * 2, IDLE + second), 401),
        ("old and busy", (LASTS - minute, second), 200),
        ("too old", (LASTS + second, second), 401),
    ];
    for (what, ago, status) in cases {
        let browser = session_of(&web, &ada.id, ago);
        let heard = web.ask(browser.request("GET", "/api/v1/session", None));
        assert_eq!(heard.status, status, "{what}: {heard:?}");
        let runs = web.ask(browser.request("GET", "/api/v1/runs", None));
        assert_eq!(runs.status, status, "{what}: {runs:?}");
    }
    // Two cookies, one that is no session, and a session as a token are nobody.
    let right = Browser::of(&web, &ada);
    for heads in [
        vec![("cookie", format!("{COOKIE}={0}; {COOKIE}={0}", right.cookie))],
        vec![("cookie", format!("{COOKIE}=kws_x"))],
        vec![("cookie", format!("keyway={}", right.cookie))],
        vec![("authorization", format!("Bearer {}", right.cookie))],
        vec![("authorization", "Bearer kw_x".into()), ("cookie", format!("{COOKIE}={}", right.cookie))],
    ] {
        assert_eq!(web.ask(with_heads("GET", "/api/v1/runs", &heads, None)).status, 401, "{heads:?}");
    }
}

#[test]
fn another_password_signs_out_everywhere() {
    let web = web();
    let ada = account(&web, "local", "ada", Role::Owner);
    let (first, second) = (Browser::of(&web, &ada), Browser::of(&web, &ada));
    let is_in = |browser: &Browser| web.ask(browser.request("GET", "/api/v1/session", None)).status == 200;
    let change = |browser: &Browser, old: &str, new: &str| {
        let body = json!({ "password": old, "new": new }).to_string();
        web.ask(browser.request("POST", "/api/v1/account/password", Some(&body)))
    };
    assert_eq!(change(&first, "not the password", "another of twelve").status, 401);
    assert_eq!(change(&first, PASSWORD, "short").status, 422);
    assert!(is_in(&first) && is_in(&second));
    let changed = change(&first, PASSWORD, "another of twelve");
    assert!(changed.status == 200 && changed.head.contains("set-cookie: __host-keyway=kws_"), "{changed:?}");
    assert!(!is_in(&first) && !is_in(&second));
    assert_eq!(sign_in(&web, "ada", PASSWORD).status, 401);
    assert_eq!(sign_in(&web, "ada", "another of twelve").status, 200);
    let third = Browser::of(&web, &ada);
    let link = accounts(&web).reset_link("test", &ada).expect("it is written");
    let reset = json!({ "link": link.expose(), "password": PASSWORD });
    assert_eq!(post(&web, "/api/v1/account/reset", &reset).status, 200);
    assert!(!is_in(&third));
    assert_eq!(post(&web, "/api/v1/account/reset", &reset).status, 422, "it counted once");
    let fourth = Browser::of(&web, &ada);
    let out = web.ask(fourth.request("DELETE", "/api/v1/session", None));
    assert!(out.status == 200 && out.head.contains("max-age=0"), "{out:?}");
    assert!(!is_in(&fourth));
}

#[test]
fn what_somebody_could_ends_with_their_password_and_their_seat() {
    let web = web();
    let (ada, eve) = (account(&web, "local", "ada", Role::Owner), account(&web, "local", "eve", Role::Admin));
    let (of, who) = (accounts(&web), Who { owner: "local", actor: "eve" });
    // Who was proven by the password before begins no session behind its change.
    let new = Secret::new("another of twelve".to_owned());
    of.set_password("ada", &eve, &new).expect("it can be taken");
    assert!(matches!(of.begin(&eve), Err(No::Wrong)), "it would go on for two weeks");
    assert!(of.begin(&of.named("eve").expect("it is there")).is_ok());
    // What she gave away goes with what she had.
    let invite = || of.invite(who, Some(Role::Admin), ("friend", Role::Admin)).expect("she may").token;
    let (kept, lost) = (invite(), invite());
    let password = Secret::new(PASSWORD.to_owned());
    assert!(of.accept(kept.expose(), ("friend", &password), None).is_ok());
    let seat = of.member("local", "eve").expect("a seat");
    of.take(Who { owner: "local", actor: "ada" }, Some(Role::Owner), &seat).expect("an owner may");
    assert!(matches!(of.accept(lost.expose(), ("back", &password), None), Err(No::Link)));
    // Somebody who is named as another's id is meant by that id in no case.
    let named = account(&web, "local", &ada.id, Role::Viewer);
    assert_eq!(of.member("local", &ada.id).expect("a seat").name, "ada");
    assert_eq!(of.member("local", &named.id).expect("a seat").account, named.id);
    // One more browser takes the place of the oldest.
    let first = Browser::of(&web, &ada);
    for _ in 0..50 {
        Browser::of(&web, &ada);
    }
    assert_eq!(of.sessions(&ada.id).expect("they can be read").len(), 50);
    assert_eq!(web.ask(first.request("GET", "/api/v1/session", None)).status, 401);
}

/// Sends a body in two parts, with something done between them; what is answered.
fn trickled(web: &Web, token: &Token, between: impl FnOnce()) -> u16 {
    let body = json!({ "name": "T", "value": "of nobody", "hosts": ["a.example"] }).to_string();
    let whole = request("POST", "/api/v1/secrets", Some(token.expose()), Some(&body));
    let (first, rest) = whole.split_at(whole.len() - 5);
    let mut stream = web.connect();
    stream.write_all(first.as_bytes()).expect("it reads");
    // It has looked who asks by then: it looks when the head is there.
    std::thread::sleep(Duration::from_millis(300));
    between();
    stream.write_all(rest.as_bytes()).expect("it reads");
    hear(&mut stream).expect("an answer").status
}

#[test]
fn who_is_shut_out_while_a_body_still_comes_does_nothing_by_it() {
    let web = web();
    let (kept, lost) =
        (web.token("local", "kept", Scope::Admin, None), web.token("local", "lost", Scope::Admin, None));
    let names = || {
        let heard = web.ask(request("GET", "/api/v1/secrets", Some(kept.expose()), None));
        json_of(&heard)["secrets"].as_array().expect("a list").len()
    };
    let status = trickled(&web, &lost, || {
        let vault = server::safe::open(&web.home).expect("a vault");
        server::tokens::remove(&vault, Who { owner: "local", actor: "test" }, "lost").expect("it is there");
    });
    assert_eq!((status, names()), (401, 0), "it was revoked before the body was there");
    // The control: a token that stays.
    assert_eq!((trickled(&web, &kept, || {}), names()), (201, 1));
}

#[test]
fn a_token_makes_none_that_counts_longer_than_it_does() {
    let web = web();
    let hour = web.token("local", "hour", Scope::Admin, Some(SignedDuration::from_hours(1)));
    let end = Timestamp::now() + SignedDuration::from_hours(1);
    let long = web.token("local", "long", Scope::Admin, None);
    let made = |by: &Token, body: Value| {
        let body = body.to_string();
        let made = web.ask(request("POST", "/api/v1/tokens", Some(by.expose()), Some(&body)));
        assert_eq!(made.status, 201, "{made:?}");
    };
    made(&hour, json!({ "name": "a", "scope": "admin", "expires": "90d" }));
    made(&hour, json!({ "name": "b", "scope": "admin" }));
    made(&hour, json!({ "name": "c", "scope": "read", "expires": "1m" }));
    made(&long, json!({ "name": "d", "scope": "admin" }));
    let all = json_of(&web.ask(request("GET", "/api/v1/tokens", Some(long.expose()), None)));
    let expires = |name: &str| {
        let token = all["tokens"]
            .as_array()
            .expect("tokens")
            .iter()
            .find(|it| it["name"] == name)
            .expect("it is there");
        token["expires"].as_str().map(|text| text.parse::<Timestamp>().expect("a moment"))
    };
    assert!(["a", "b"].iter().all(|name| expires(name).is_some_and(|ends| ends <= end)), "{all}");
    assert!(expires("c").is_some_and(|ends| ends < end - SignedDuration::from_mins(50)), "{all}");
    // The control: what never ends may make what never ends.
    assert_eq!(expires("d"), None);
}

#[test]
fn who_a_step_names_answers_it_and_owners_may_stand_in() {
    let web = web();
    web.deploy("name: asks\nsteps: { a: { approve: { message: \"may I?\", who: ada, timeout: 1d } } }\n");
    web.deploy("name: open\nsteps: { a: { approve: { message: \"may I?\", timeout: 1d } } }\n");
    let person = |name: &str, role: Role| Browser::of(&web, &account(&web, "local", name, role));
    let (ada, bob, eve) =
        (person("ada", Role::Editor), person("bob", Role::Editor), person("eve", Role::Owner));
    let answered = |workflow: &str, by: &Browser| {
        let begun = web.ask(eve.request("POST", &format!("/api/v1/workflows/{workflow}/runs"), Some("{}")));
        let run = json_of(&begun)["run"].as_str().expect("a run").to_owned();
        let end = Instant::now() + Duration::from_secs(20);
        let waits = || {
            let shown = web.ask(eve.request("GET", &format!("/api/v1/runs/{run}"), None));
            shown.body.contains("may I?")
        };
        while !waits() {
            assert!(Instant::now() < end, "it asks nobody");
            std::thread::sleep(Duration::from_millis(20));
        }
        web.ask(by.request("POST", &format!("/api/v1/runs/{run}/answer"), Some("{\"reply\":\"yes\"}"))).status
    };
    assert_eq!([&ada, &bob, &eve].map(|by| answered("asks", by)), [202, 403, 202]);
    // Where nobody is named, whoever may act may answer.
    assert_eq!([&ada, &bob].map(|by| answered("open", by)), [202, 202]);
}

#[test]
fn nobody_gives_more_than_they_have_and_somebody_always_owns() {
    let web = web();
    let owner = account(&web, "local", "owner", Role::Owner);
    let admin = account(&web, "local", "admin", Role::Admin);
    let viewer = account(&web, "local", "viewer", Role::Viewer);
    let (by_owner, by_admin) = (Browser::of(&web, &owner), Browser::of(&web, &admin));
    let ask = |by: &Browser, method: &str, path: &str, body: Value| {
        web.ask(by.request(method, path, Some(&body.to_string()))).status
    };
    let member = |account: &server::accounts::Account| format!("/api/v1/members/{}", account.id);
    let role = |role: &str| json!({ "role": role });
    assert_eq!(ask(&by_admin, "POST", "/api/v1/invitations", json!({ "name": "x", "role": "owner" })), 403);
    assert_eq!(ask(&by_admin, "POST", "/api/v1/invitations", json!({ "name": "x", "role": "admin" })), 201);
    assert_eq!(ask(&by_admin, "PUT", &member(&viewer), role("owner")), 403);
    assert_eq!(ask(&by_admin, "PUT", &member(&admin), role("owner")), 403, "not even oneself");
    assert_eq!(ask(&by_admin, "PUT", &member(&owner), role("viewer")), 403);
    assert_eq!(web.ask(by_admin.request("DELETE", &member(&owner), None)).status, 403);
    assert_eq!(ask(&by_admin, "PUT", &member(&viewer), role("editor")), 200);
    assert_eq!(ask(&by_owner, "PUT", &member(&owner), role("viewer")), 409, "the last owner");
    assert_eq!(web.ask(by_owner.request("DELETE", &member(&owner), None)).status, 409);
    assert_eq!(ask(&by_owner, "PUT", &member(&admin), role("owner")), 200);
    assert_eq!(ask(&by_owner, "PUT", &member(&owner), role("viewer")), 200);
    assert_eq!(ask(&by_owner, "PUT", &member(&admin), role("viewer")), 403, "from the next request on");
    assert_eq!(web.ask(by_admin.request("DELETE", &member(&viewer), None)).status, 200);
    let gone = Browser::of(&web, &viewer);
    assert_eq!(web.ask(gone.request("GET", "/api/v1/runs", None)).status, 403);
    assert_eq!(
        web.ask(gone.request("GET", "/api/v1/session", None)).status,
        200,
        "the account is still there"
    );
}

#[test]
fn a_token_of_a_person_goes_no_further_than_the_person() {
    let web = web();
    let boss = account(&web, "local", "boss", Role::Owner);
    let editor = account(&web, "local", "editor", Role::Editor);
    let browser = Browser::of(&web, &editor);
    let make = |scope: &str| {
        let body = json!({ "name": format!("own-{scope}"), "scope": scope }).to_string();
        web.ask(browser.request("POST", "/api/v1/account/tokens", Some(&body)))
    };
    assert_eq!(make("admin").status, 403);
    let token = json_of(&make("run"))["token"].as_str().expect("a token").to_owned();
    let start = || web.ask(request("POST", "/api/v1/workflows/hello/runs", Some(&token), None)).status;
    let read = || web.ask(request("GET", "/api/v1/runs", Some(&token), None)).status;
    assert_eq!((start(), read()), (201, 200));
    let accounts = accounts(&web);
    let who = server::vault::Who { owner: "local", actor: "test" };
    accounts.give(who, None, &editor, Role::Viewer).expect("a seat");
    assert_eq!((start(), read()), (403, 200), "a viewer starts nothing");
    let seat = accounts.member("local", "editor").expect("a seat");
    accounts.take(who, None, &seat).expect("a seat");
    assert_eq!((start(), read()), (403, 403), "without a seat");
    accounts.remove("test", &editor).expect("an account");
    assert_eq!((start(), read()), (401, 401), "without an account");
    assert!(accounts.remove("test", &boss).is_err(), "somebody has to own it");
    let service = web.token("local", "service", Scope::Run, None);
    assert_eq!(web.ask(request("GET", "/api/v1/runs", Some(service.expose()), None)).status, 200);
}

#[test]
fn an_invitation_counts_once_and_a_session_moves_only_where_it_has_a_seat() {
    let web = web();
    let boss = account(&web, "local", "boss", Role::Owner);
    let bob = account(&web, "local", "bob", Role::Viewer);
    let browser = Browser::of(&web, &boss);
    let ask = |by: &Browser, method: &str, path: &str, body: Value| {
        web.ask(by.request(method, path, Some(&body.to_string())))
    };
    let org = json_of(&ask(&browser, "POST", "/api/v1/orgs", json!({ "name": "acme" })))["space"].clone();
    assert_eq!(ask(&browser, "PUT", "/api/v1/session/space", json!({ "space": org })).status, 200);
    assert_eq!(
        ask(&browser, "POST", "/api/v1/orgs", json!({ "name": "more" })).status,
        403,
        "only from `local`"
    );
    let invited =
        json_of(&ask(&browser, "POST", "/api/v1/invitations", json!({ "name": "Bob", "role": "editor" })));
    let mut theirs = Browser::of(&web, &bob);
    let moved = |by: &Browser| ask(by, "PUT", "/api/v1/session/space", json!({ "space": org })).status;
    assert_eq!(moved(&theirs), 404);
    let accept = |password: &str| {
        post(
            &web,
            "/api/v1/invitations/accept",
            &json!({ "link": invited["link"], "name": "bob", "password": password }),
        )
    };
    assert_eq!(accept("not the password").status, 401, "the name is somebody's");
    assert_eq!(accept(PASSWORD).status, 201);
    assert_eq!(accept(PASSWORD).status, 422, "it counted once");
    theirs = Browser::of(&web, &bob);
    assert_eq!(moved(&theirs), 200);
    let shown = json_of(&web.ask(theirs.request("GET", "/api/v1/session", None)));
    assert_eq!((&shown["space"], &shown["role"]), (&org, &json!("editor")));
    // What is kept here is that of the organisation, and not what is on this machine.
    assert_eq!(json_of(&web.ask(theirs.request("GET", "/api/v1/workflows", None)))["workflows"], json!([]));
    let unknown = ask(&theirs, "PUT", "/api/v1/session/space", json!({ "space": "nowhere" }));
    assert_eq!(unknown.status, 404);
}
