//! Every route and everybody who may ask: nobody, tokens that were never made or whose time is over, tokens of each scope,
//! people with each role, people without a seat, and those of another organisation. The rows come from the table of routes,
//! and so do the bodies.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use server::accounts::Account;
use server::http::routes::{Handler, Policy, ROUTES, Route, Says, Takes};
use server::http::shape::{Field, Must, Shape};
use server::http::{Answer, Limits, Refusal, Who};
use server::role::Role;
use server::token::{Scope, Token};
use tests::browser::{Browser, account, accounts, with_heads};
use tests::web::{Heard, Web, request};

use super::served;

/// What is done to the heads of a request.
type Change<'a> = &'a dyn Fn(&mut Vec<(&'static str, String)>);

/// What anybody may ask. It stands here a second time, so that a route does not become public by one word.
const PUBLIC: [&str; 12] = [
    "GET /api/v1/issuers",
    "GET /api/v1/issuers/{issuer}/back",
    "GET /api/v1/openapi.json",
    "GET /api/v1/setup",
    "GET /connect/{connector}",
    "GET /healthz",
    "GET /readyz",
    "POST /api/v1/account/reset",
    "POST /api/v1/invitations/accept",
    "POST /api/v1/issuers/{issuer}/begin",
    "POST /api/v1/session",
    "POST /api/v1/setup",
];

/// What is let in by its address, which nobody can guess: for the same reason it stands here a second time.
const CALLED: [&str; 2] = ["GET /hooks/{token}", "POST /hooks/{token}"];

/// Everybody who asks.
struct Askers {
    /// Tokens of the local owner, by their scopes.
    tokens: Vec<(Scope, Token)>,
    /// Shown, and never let in.
    unknown: Token,
    expired: Token,
    /// A token of another organisation that may do everything there.
    foreign: Token,
    /// People with a seat at the local owner's things, by their roles.
    people: Vec<(Role, Account)>,
    /// Somebody without any seat.
    seatless: Account,
    /// The owner of another organisation.
    stranger: Account,
}

impl Askers {
    fn new(web: &Web) -> Askers {
        let people = Role::ALL.map(|role| (role, account(web, "local", role.name(), role)));
        let stranger = account(web, "local", "stranger", Role::Viewer);
        let seatless = account(web, "local", "seatless", Role::Viewer);
        let accounts = accounts(web);
        let org = accounts.organise((&stranger.id, &stranger.name), "acme", "paid").expect("a free name");
        for other in ["stranger", "seatless"] {
            let seat = accounts.member("local", other).expect("a seat");
            let who = server::vault::Who { owner: "local", actor: "test" };
            accounts.take(who, None, &seat).expect("it is not the last owner");
        }
        Askers {
            tokens: Scope::ALL.map(|scope| (scope, web.token("local", scope.name(), scope, None))).into(),
            unknown: Token::random(),
            expired: web.token("local", "expired", Scope::Admin, Some(SignedDuration::from_nanos(1))),
            foreign: web.token(&org, "foreign", Scope::Admin, None),
            people: people.into(),
            seatless,
            stranger,
        }
    }
}

/// Things of the local owner that have names.
#[derive(Clone)]
struct Names {
    run: String,
    workflow: String,
    key: String,
    secret: String,
    token: String,
    account: String,
    invitation: String,
}

impl Names {
    fn new(web: &Web) -> Names {
        web.deploy("name: mine\nsteps: { a: { wait: { signal: never, timeout: 1d } } }\n");
        let token = web.token("local", "maker", Scope::Admin, None);
        let heard = web.ask(request("POST", "/api/v1/workflows/mine/runs", Some(token.expose()), None));
        let post = |path: &str, body: Value| {
            let body = body.to_string();
            let heard = web.ask(request("POST", path, Some(token.expose()), Some(&body)));
            assert_eq!(heard.status, 201, "{path}: {heard:?}");
        };
        post(
            "/api/v1/keys",
            json!({ "provider": "openai", "name": "minekey", "key": "sk-of-nobody-0123456789" }),
        );
        post("/api/v1/secrets", json!({ "name": "MINE", "value": "of nobody", "hosts": ["a.example"] }));
        let mine = account(web, "local", "mine@example.com", Role::Viewer);
        let who = server::vault::Who { owner: "local", actor: "test" };
        let invited = accounts(web).invite(who, None, ("guest", Role::Viewer)).expect("an invitation");
        Names {
            run: body_of(&heard)["run"].as_str().expect("a run").to_owned(),
            workflow: "mine".into(),
            key: "minekey".into(),
            secret: "MINE".into(),
            token: "maker".into(),
            account: mine.id,
            invitation: invited.link.id,
        }
    }

    /// Names of nothing.
    fn none() -> Names {
        Names {
            run: "0000000000000000".into(),
            workflow: "none".into(),
            key: "none-of-it".into(),
            secret: "NONE".into(),
            token: "none-0".into(),
            account: "0000000000000000".into(),
            invitation: "0000000000000000".into(),
        }
    }

    /// The address of a route.
    fn path(&self, route: &Route) -> String {
        let name = match route.path {
            path if path.contains("/workflows/") => self.workflow.as_str(),
            path if path.contains("/keys/") => self.key.as_str(),
            path if path.contains("/secrets/") => self.secret.as_str(),
            path if path.contains("/tokens/") => self.token.as_str(),
            _ => "go",
        };
        let path = route.path.replace("{run}", &self.run).replace("{name}", name);
        let path = path.replace("{account}", &self.account).replace("{invitation}", &self.invitation);
        let path = path
            .replace("{connector}", "slack")
            .replace("{issuer}", "none")
            .replace("{model}", "keyway%2Flow")
            .replace("{token}", "kwh_0");
        assert!(!path.contains('{'), "tell this matrix what stands for the part of {path}");
        path
    }

    /// The same text with names of nothing in the place of these.
    fn hidden(&self, text: &str) -> String {
        let none = Names::none();
        let pairs = [
            (&self.run, &none.run),
            (&self.key, &none.key),
            (&self.secret, &none.secret),
            (&self.token, &none.token),
            (&self.account, &none.account),
            (&self.invitation, &none.invitation),
        ];
        let text =
            pairs.into_iter().fold(text.to_owned(), |text, (own, none)| text.replace(own.as_str(), none));
        text.replace(&format!("`{}`", self.workflow), &format!("`{}`", none.workflow))
    }
}

/// A body that fits a route, made of what the route says of it.
pub fn sample(route: &Route) -> Option<String> {
    let Some(body) = &route.says.body else { return (route.takes != Takes::Nothing).then(|| "{}".into()) };
    Some(value(body).to_string())
}

fn value(shape: &Shape) -> Value {
    match shape {
        Shape::Any | Shape::Maybe(_) => Value::Null,
        Shape::Flag => true.into(),
        Shape::Count => 1.into(),
        Shape::Text => "x".into(),
        Shape::Moment => "2026-11-30T09:00:00Z".into(),
        Shape::Secret => "long-enough-for-one".into(),
        Shape::Word(words) => words[words.len() - 1].into(),
        Shape::List(_) => json!([]),
        Shape::Named(_) => json!({}),
        Shape::Fields(fields) | Shape::Open(fields) => object(fields),
        Shape::Of(known) => value(&known.shape),
    }
}

fn object(fields: &[Field]) -> Value {
    let must = fields.iter().filter(|field| field.must == Must::Always);
    must.map(|field| (field.name.to_owned(), value(&field.shape))).collect::<Map<_, _>>().into()
}

fn body_of(heard: &Heard) -> Value {
    serde_json::from_str(&heard.body).unwrap_or_default()
}

/// True where who asks was let in, whatever came of it.
fn is_let_in(heard: &Heard) -> bool {
    let body = body_of(heard);
    let code = body["code"].as_str().unwrap_or_default();
    let refused = ["unauthorized", "signed_out", "forbidden", "forged"].contains(&code)
        || heard.status == 403
        // Those of models have a form of their own.
        || heard.status == 401 && code != "wrong_password";
    !refused && (heard.status < 500 || code == "upstream")
}

/// What is wrong with a service, of which this is to be the table.
fn faults(web: &Web, table: &[Route]) -> Vec<String> {
    let (askers, names) = (Askers::new(web), Names::new(web));
    let mut faults = vec![];
    for route in table {
        let name = format!("{} {}", route.method, route.path);
        let mut asked = Asked { web, route, names: &names, faults: &mut faults, name };
        asked.all(&askers);
    }
    // Nothing of it was changed by who may not.
    let mine = |path: &str| {
        let (_, admin) = &askers.tokens[4];
        web.ask(request("GET", path, Some(admin.expose()), None)).body
    };
    for (path, own) in [("keys", &names.key), ("secrets", &names.secret), ("tokens", &names.token)] {
        if !mine(&format!("/api/v1/{path}")).contains(own.as_str()) {
            faults.push(format!("`{own}` is gone"));
        }
    }
    faults
}

/// One route, asked by all.
struct Asked<'a> {
    web: &'a Web,
    route: &'a Route,
    names: &'a Names,
    faults: &'a mut Vec<String>,
    name: String,
}

impl Asked<'_> {
    fn by_token(&self, token: Option<&str>, names: &Names) -> Heard {
        let (route, body) = (self.route, sample(self.route));
        self.web.ask(request(route.method, &names.path(route), token, body.as_deref()))
    }

    /// Each time with a fresh session: a route may end it.
    fn by_person(&self, account: &Account, names: &Names) -> Heard {
        let (route, body) = (self.route, sample(self.route));
        let browser = Browser::of(self.web, account);
        self.web.ask(browser.request(route.method, &names.path(route), body.as_deref()))
    }

    fn expect(&mut self, who: &str, heard: &Heard, expected: Expected) {
        let right = match expected {
            Expected::In => is_let_in(heard),
            Expected::Status(status) => heard.status == status && !is_let_in(heard),
            Expected::Absent => heard.status == 404,
        };
        if !right {
            let Heard { status, body, .. } = heard;
            self.faults.push(format!("{}: {who} hears {status} {}", self.name, body.trim()));
        }
    }

    fn all(&mut self, askers: &Askers) {
        let none = Names::none();
        match self.route.policy {
            Policy::Address => {
                if !CALLED.contains(&&*self.name) {
                    self.faults.push(format!("{}: it is let in by its address", self.name));
                }
                // Without the address no token helps; what an address lets in, `webhooks.rs` tries.
                for token in [None, Some(&askers.unknown), Some(&askers.tokens[4].1)] {
                    let heard = self.by_token(token.map(Token::expose), &none);
                    self.expect("anybody without the address", &heard, Expected::Absent);
                }
                return;
            }
            Policy::Public => {
                if !PUBLIC.contains(&&*self.name) {
                    self.faults.push(format!("{}: it is public", self.name));
                }
                for token in [None, Some(&askers.unknown), Some(&askers.expired)] {
                    let heard = self.by_token(token.map(Token::expose), &none);
                    self.expect("anybody", &heard, Expected::In);
                }
                return;
            }
            Policy::Token(_) | Policy::Person | Policy::Role(_) => {}
        }
        for (who, token) in [
            ("nobody", None),
            ("a typo", Some("kw_x")),
            ("a token that was never made", Some(askers.unknown.expose())),
            ("a token whose time is over", Some(askers.expired.expose())),
        ] {
            let heard = self.by_token(token, &none);
            self.expect(who, &heard, Expected::Status(401));
        }
        for (scope, token) in &askers.tokens {
            let heard = self.by_token(Some(token.expose()), &none);
            let expected = match self.route.policy {
                Policy::Token(wanted) if scope.covers(wanted) => Expected::In,
                Policy::Token(_) => Expected::Status(403),
                _ => Expected::Status(401),
            };
            self.expect(&format!("a token that goes as far as `{}`", scope.name()), &heard, expected);
        }
        for (role, account) in &askers.people {
            let heard = self.by_person(account, &none);
            let may = match self.route.policy {
                Policy::Token(wanted) => role.covers(wanted),
                Policy::Role(least) => *role >= least,
                _ => true,
            };
            let expected = if may { Expected::In } else { Expected::Status(403) };
            self.expect(&format!("the role `{}`", role.name()), &heard, expected);
        }
        let heard = self.by_person(&askers.seatless, &none);
        // Without a seat there is nothing that a token could act on.
        let is_own = self.route.policy == Policy::Person && self.route.path != "/api/v1/account/tokens"
            || (self.route.method, self.route.path) == ("GET", "/api/v1/account/tokens");
        self.expect(
            "somebody without a seat",
            &heard,
            if is_own { Expected::In } else { Expected::Status(403) },
        );
        self.strangers(askers);
    }

    /// People and programs of another organisation, who may do everything there.
    fn strangers(&mut self, askers: &Askers) {
        let none = Names::none();
        let mut ways: Vec<(&str, [Heard; 2])> = vec![(
            "a person of another organisation",
            [self.by_person(&askers.stranger, self.names), self.by_person(&askers.stranger, &none)],
        )];
        if matches!(self.route.policy, Policy::Token(_)) {
            let token = Some(askers.foreign.expose());
            let both = [self.by_token(token, self.names), self.by_token(token, &none)];
            ways.push(("a token of another organisation", both));
        }
        for (who, [foreign, absent]) in ways {
            for own in [self.names.run.as_str(), "mine@example.com", "minekey", "MINE"] {
                if foreign.body.contains(own) && !self.names.path(self.route).contains(own) {
                    self.faults.push(format!("{}: {who} sees `{own}`", self.name));
                }
            }
            if !has_own(self.route) {
                continue;
            }
            self.expect(who, &foreign, Expected::Absent);
            // What is somebody else's and what is nowhere read alike, but for the name that was asked for.
            let hidden = self.names.hidden(&foreign.body);
            if (absent.status, &absent.body, plain(&absent.head))
                != (foreign.status, &hidden, plain(&foreign.head))
            {
                self.faults.push(format!("{}: {who}: {absent:?} is not {foreign:?}", self.name));
            }
        }
    }
}

/// True of a route whose address names a thing of somebody's.
fn has_own(route: &Route) -> bool {
    let named = ["{run}", "{account}", "{invitation}", "/workflows/{", "/keys/{", "/secrets/{", "/tokens/{"];
    // Where an account is connected, the address names the service.
    let connection = route.path.contains("/connections/{") && route.path != "/api/v1/connections/{connector}";
    named.iter().any(|part| route.path.contains(part)) || connection
}

/// What is to be heard.
#[derive(Clone, Copy)]
enum Expected {
    /// It is let in.
    In,
    /// It is refused with this status.
    Status(u16),
    /// It is let in, and there is no such thing.
    Absent,
}

/// The head without what tells the time and the length of the name.
fn plain(head: &str) -> String {
    let lines =
        head.lines().filter(|line| !line.starts_with("date:") && !line.starts_with("content-length:"));
    lines.collect::<Vec<_>>().join("\n")
}

fn limits() -> Limits {
    Limits { rate: 100_000, burst: 100_000, ..Limits::default() }
}

#[test]
fn every_route_lets_in_whom_it_should_and_nobody_else() {
    let web = served(ROUTES, limits());
    assert_eq!(faults(&web, ROUTES), Vec::<String>::new());
    let public: Vec<_> = ROUTES.iter().filter(|route| route.policy == Policy::Public).collect();
    assert_eq!((public.len(), ROUTES.len()), (PUBLIC.len(), 101), "say here how many there are");
}

/// The table with one route after another let in more than it should.
#[test]
fn a_route_that_is_let_in_further_is_seen() {
    let loosened: [(&str, &str, Policy); 6] = [
        ("POST", "/api/v1/secrets", Policy::Token(Scope::Run)),
        ("POST", "/api/v1/workflows", Policy::Token(Scope::Read)),
        ("GET", "/api/v1/audit", Policy::Person),
        ("DELETE", "/api/v1/members/{account}", Policy::Role(Role::Viewer)),
        ("POST", "/api/v1/orgs", Policy::Person),
        ("GET", "/api/v1/keys", Policy::Public),
    ];
    let mut table = ROUTES.to_vec();
    for (method, path, policy) in loosened {
        let route = table.iter_mut().find(|route| (route.method, route.path) == (method, path));
        route.expect("a route of the table").policy = policy;
    }
    let web = served(Vec::leak(table), limits());
    let found = faults(&web, ROUTES);
    for (method, path, _) in loosened {
        let start = format!("{method} {path}: ");
        assert!(found.iter().any(|fault| fault.starts_with(&start)), "{start} is not seen: {found:#?}");
    }
    // What answers anybody shows nobody's keys to who has some.
    let others: Vec<_> = found
        .iter()
        .filter(|fault| !fault.starts_with("`minekey`"))
        .filter(|fault| {
            !loosened.iter().any(|(method, path, _)| fault.starts_with(&format!("{method} {path}: ")))
        })
        .collect();
    assert_eq!(others, Vec::<&String>::new());
}

/// What a page of another site can have a browser send, and what it cannot: the rest is refused.
fn forgeries(web: &Web, table: &[Route]) -> (usize, Vec<String>) {
    let owner = account(web, "local", "boss", Role::Owner);
    let (mut tried, mut faults) = (0, vec![]);
    let none = Names::none();
    for route in table.iter().filter(|route| route.method != "GET") {
        let (path, body, name) =
            (none.path(route), sample(route), format!("{} {}", route.method, route.path));
        let is_public = matches!(route.policy, Policy::Public);
        if matches!(route.policy, Policy::Address) {
            continue;
        }
        let mut case = |what: &str, change: Change<'_>, refused: bool| {
            let mut heads = Browser::of(web, &owner).heads();
            change(&mut heads);
            let heard = web.ask(with_heads(route.method, &path, &heads, body.as_deref()));
            let is_refused = heard.status == 403
                && (heard.body.contains("\"forged\"")
                    || heard.body.contains("x-csrf-token")
                    || heard.body.contains("another site")
                    || heard.body.contains("neither"));
            tried += 1;
            if is_refused != refused {
                faults.push(format!("{name}: {what} hears {} {}", heard.status, heard.body.trim()));
            }
        };
        let other = Browser::of(web, &owner).csrf;
        let set = |heads: &mut Vec<(&'static str, String)>, name: &'static str, value: &str| {
            heads.retain(|(known, _)| *known != name);
            heads.push((name, value.to_owned()));
        };
        case("a page of ours", &|_| {}, false);
        case("a page of another site", &|heads| set(heads, "origin", "https://evil.example"), true);
        case("a page of a like name", &|heads| set(heads, "origin", "http://localhost.evil.example"), true);
        case("a page without an origin", &|heads| set(heads, "origin", "null"), true);
        case(
            "a page that the browser calls another site's",
            &|heads| set(heads, "sec-fetch-site", "cross-site"),
            true,
        );
        case("a page beside", &|heads| set(heads, "sec-fetch-site", "same-site"), true);
        if is_public {
            continue;
        }
        case(
            "a page that says nothing of itself",
            &|heads| heads.retain(|(name, _)| *name != "origin" && *name != "sec-fetch-site"),
            true,
        );
        case("a page without the token", &|heads| heads.retain(|(name, _)| *name != "x-csrf-token"), true);
        case("a page with a wrong token", &|heads| set(heads, "x-csrf-token", "0"), true);
        case("a page with the token of another session", &|heads| set(heads, "x-csrf-token", &other), true);
    }
    (tried, faults)
}

#[test]
fn what_changes_anything_is_the_wish_of_a_page_of_ours() {
    let web = served(ROUTES, limits());
    let (tried, found) = forgeries(&web, ROUTES);
    println!("{tried} requests");
    assert_eq!(found, Vec::<String>::new());
    assert!(tried >= 400, "{tried}");
}

#[test]
fn a_route_that_takes_what_a_page_of_another_site_sends_is_seen() {
    let mut table = ROUTES.to_vec();
    let route = table.iter_mut().find(|route| (route.method, route.path) == ("POST", "/api/v1/tokens"));
    route.expect("a route of the table").policy = Policy::Public;
    let web = served(Vec::leak(table), limits());
    let (_, found) = forgeries(&web, ROUTES);
    assert!(
        !found.is_empty() && found.iter().all(|fault| fault.starts_with("POST /api/v1/tokens: ")),
        "{found:#?}"
    );
}

/// Routes that let in whom they should, and then do not look whose things they give.
const PLANTED: &[Route] = &[
    Route {
        method: "GET",
        path: "/blind/{run}",
        policy: Policy::Token(Scope::Read),
        takes: Takes::Nothing,
        handler: Handler::Blocks(|ask| {
            let forged = Who { owner: "local".into(), ..ask.who.clone() };
            ask.house.part(&forged).history(&named(ask))?;
            Ok(Answer::ok(Value::Null))
        }),
        about: "It does not look who asks.",
        says: Says::NOTHING,
    },
    Route {
        method: "GET",
        path: "/telling/{run}",
        policy: Policy::Token(Scope::Read),
        takes: Takes::Nothing,
        handler: Handler::Blocks(|ask| match ask.house.part(&ask.who).history(&named(ask)) {
            Ok(_) => Ok(Answer::ok(Value::Null)),
            Err(_) if ask.said.part("run") == "0000000000000000" => {
                Err(Refusal::absent("run", ask.said.part("run")))
            }
            Err(_) => Err(Refusal::absent("run of yours", ask.said.part("run"))),
        }),
        about: "It tells what is somebody else's from what is nowhere.",
        says: Says::NOTHING,
    },
    Route {
        method: "GET",
        path: "/leaking",
        policy: Policy::Token(Scope::Read),
        takes: Takes::Nothing,
        handler: Handler::Blocks(|_| Ok(Answer::ok("the key is minekey".into()))),
        about: "It lists what is somebody else's.",
        says: Says::NOTHING,
    },
];

fn named(ask: &server::http::Ask<'_>) -> server::engine::run::RunId {
    server::engine::run::RunId(ask.said.part("run").into())
}

#[test]
fn a_route_that_gives_what_is_somebody_elses_is_seen() {
    let mut table = ROUTES.to_vec();
    table.extend(PLANTED);
    let web = served(Vec::leak(table), limits());
    let found = faults(&web, PLANTED);
    for route in PLANTED {
        assert!(
            found.iter().any(|fault| fault.contains(route.path)),
            "{} is not seen: {found:#?}",
            route.path
        );
    }
}
