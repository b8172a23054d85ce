//! Every route and everybody who may ask: nobody, a token that was never made, one whose time is over, one of another
//! owner, one that does not go so far, and the right one. The rows come from the table of routes.

use jiff::SignedDuration;
use serde_json::Value;
use server::http::routes::{Handler, Policy, ROUTES, Route, Says, Takes};
use server::http::{Answer, Limits, Who};
use server::token::{Scope, Token};
use tests::models::Provider;
use tests::web::{Heard, Web, request};

use super::served;

/// What anybody may ask. It stands here a second time, so that a route does not become public by one word.
const PUBLIC: [&str; 2] = ["GET /healthz", "GET /readyz"];

/// What is let in by its address, which nobody can guess: for the same reason it stands here a second time.
const CALLED: [&str; 2] = ["GET /hooks/{token}", "POST /hooks/{token}"];

/// What a question to a model says, in either shape.
const QUESTION: &str =
    r#"{"model":"compatible/m","max_tokens":9,"messages":[{"role":"user","content":"x"}],"input":"x"}"#;

/// Who asks.
struct Askers {
    unknown: Token,
    expired: Token,
    foreign: Token,
    small: Token,
    /// May ask models, and nothing else.
    ai: Token,
    right: Token,
}

/// What is wrong with a table, as everybody sees it.
fn faults(web: &Web, table: &[Route]) -> Vec<String> {
    let askers = Askers {
        unknown: Token::random(),
        expired: web.token("local", "expired", Scope::Admin, Some(SignedDuration::from_nanos(1))),
        foreign: web.token("somebody", "foreign", Scope::Admin, None),
        small: web.token("local", "small", Scope::Read, None),
        ai: web.token("local", "ai", Scope::Ai, None),
        right: web.token("local", "right", Scope::Admin, None),
    };
    table.iter().flat_map(|route| faults_of(web, route, &askers)).collect()
}

fn faults_of(web: &Web, route: &Route, askers: &Askers) -> Vec<String> {
    let name = format!("{} {}", route.method, route.path);
    let mut faults = vec![];
    let run = waiting(web, askers.right.expose());
    let path = |run: &str, thing: &str| {
        let path = route.path.replace("{run}", run);
        let path = if path.contains("/workflows/") {
            path.replace("{name}", thing)
        } else {
            path.replace("{name}", "go")
        };
        let path = path.replace("{model}", "keyway%2Flow").replace("{token}", "kwh_0");
        assert!(!path.contains('{'), "tell this matrix what stands for the part of {path}");
        path
    };
    let asked = |token: Option<&str>, run: &str, thing: &str| {
        let body = (route.method == "POST" && is_of_models(route)).then_some(QUESTION);
        web.ask(request(route.method, &path(run, thing), token, body))
    };
    let mut expect = |who: &str, heard: &Heard, statuses: std::ops::RangeInclusive<u16>| {
        if !statuses.contains(&heard.status) {
            faults.push(format!("{name}: {who} hears {}", heard.status));
        }
    };
    let known = |token: Option<&Token>| asked(token.map(Token::expose), &run, "hello");
    if route.policy == Policy::Address {
        if !CALLED.contains(&&*name) {
            faults.push(format!("{name}: it is let in by its address"));
            return faults;
        }
        // Without the address no token helps; what an address lets in, `webhooks.rs` tries.
        for token in [None, Some(&askers.unknown), Some(&askers.right)] {
            expect("anybody without the address", &known(token), 404..=404);
        }
        return faults;
    }
    if route.policy == Policy::Public {
        if !PUBLIC.contains(&&*name) {
            faults.push(format!("{name}: it is public"));
            return faults;
        }
        for token in [None, Some(&askers.unknown), Some(&askers.expired)] {
            expect("anybody", &known(token), 200..=200);
        }
        return faults;
    }
    expect("nobody", &known(None), 401..=401);
    expect("a typo", &asked(Some("kw_x"), &run, "hello"), 401..=401);
    expect("a token that was never made", &known(Some(&askers.unknown)), 401..=401);
    expect("a token whose time is over", &known(Some(&askers.expired)), 401..=401);
    // What changes anything takes more than the right to read.
    if route.method != "GET" || is_of_models(route) {
        expect("a token that may only read", &known(Some(&askers.small)), 403..=403);
    }
    let of_models = if is_of_models(route) { 200..=200 } else { 403..=403 };
    expect("a token that may only ask models", &known(Some(&askers.ai)), of_models);
    let foreign = known(Some(&askers.foreign));
    let is_list = route.method == "GET" && !route.path.contains('{');
    let refused =
        if route.policy == Policy::Token(Scope::Ai) && !route.path.contains('{') { 403 } else { 404 };
    expect("another owner", &foreign, if is_list { 200..=200 } else { refused..=refused });
    for ours in [&*run, "patient", "compatible"] {
        if is_list && foreign.body.contains(ours) {
            faults.push(format!("{name}: another owner sees `{ours}`"));
        }
    }
    // What is somebody else's and what is nowhere read alike, but for the name that was asked for.
    if route.path.contains("{run}") || route.path.contains("/workflows/") {
        let absent = asked(Some(askers.right.expose()), "0000000000000000", "nowhere");
        let body = foreign.body.replace(&run, "0000000000000000").replace("`hello`", "`nowhere`");
        if (absent.status, absent.body.as_str(), plain(&absent.head))
            != (foreign.status, body.as_str(), plain(&foreign.head))
        {
            faults.push(format!("{name}: {absent:?} is not {foreign:?}"));
        }
    }
    let mut expect = |who: &str, heard: &Heard, statuses: std::ops::RangeInclusive<u16>| {
        if !statuses.contains(&heard.status) {
            faults.push(format!("{name}: {who} hears {}", heard.status));
        }
    };
    expect("the right token", &known(Some(&askers.right)), 200..=202);
    if route.policy == Policy::Token(Scope::Read) {
        expect("a token that may read", &known(Some(&askers.small)), 200..=200);
    }
    faults
}

/// True of a route that speaks as a provider of models does.
fn is_of_models(route: &Route) -> bool {
    matches!(route.handler, Handler::Speaks(..))
}

/// The head without what tells the time and the length of the name.
fn plain(head: &str) -> String {
    let lines =
        head.lines().filter(|line| !line.starts_with("date:") && !line.starts_with("content-length:"));
    lines.collect::<Vec<_>>().join("\n")
}

/// A run that waits.
fn waiting(web: &Web, token: &str) -> String {
    let heard = web.ask(request("POST", "/api/v1/workflows/patient/runs", Some(token), None));
    let body: Value = serde_json::from_str(&heard.body).expect("JSON");
    body["run"].as_str().expect("a run").to_owned()
}

fn limits() -> Limits {
    Limits { rate: 100_000, burst: 100_000, ..Limits::default() }
}

#[test]
fn every_route_lets_in_whom_it_should_and_nobody_else() {
    let web = served(ROUTES, limits());
    let provider = Provider::start("Hello.", &[]);
    ["compatible", "openai"].iter().for_each(|of| web.key("local", of, provider.address()));
    assert_eq!(faults(&web, ROUTES), Vec::<String>::new());
    // Of each of the three questions, in two shapes, only the two that may ask.
    assert_eq!(provider.asked().len(), 6);
    let public: Vec<_> = ROUTES.iter().filter(|route| route.policy == Policy::Public).collect();
    assert_eq!(public.len(), PUBLIC.len());
}

/// The table with routes that are wrong in one way each. It starts runs as the real one does, since the matrix needs one.
const PLANTED: &[Route] = &[
    Route {
        method: "POST",
        path: "/api/v1/workflows/{name}/runs",
        policy: Policy::Token(Scope::Run),
        takes: Takes::Json { most: 1 << 20 },
        handler: Handler::Blocks(start),
        about: "It is right.",
        says: Says::NOTHING,
    },
    Route {
        method: "GET",
        path: "/public",
        policy: Policy::Public,
        takes: Takes::Nothing,
        handler: Handler::Blocks(|_| Ok(Answer::ok(Value::Null))),
        about: "Nobody said that it is public.",
        says: Says::NOTHING,
    },
    Route {
        method: "POST",
        path: "/small/{run}",
        policy: Policy::Token(Scope::Read),
        takes: Takes::Nothing,
        handler: Handler::Blocks(|ask| {
            ask.house.part(&ask.who).history(&named(ask))?;
            Ok(Answer::ok(Value::Null))
        }),
        about: "It changes something, and the right to read is enough.",
        says: Says::NOTHING,
    },
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
            Err(_) if ask.who.owner == "local" => {
                Err(server::http::Refusal::absent("run", ask.said.part("run")))
            }
            Err(_) => Err(server::http::Refusal::absent("run of yours", ask.said.part("run"))),
        }),
        about: "It tells what is somebody else's from what is nowhere.",
        says: Says::NOTHING,
    },
    Route {
        method: "GET",
        path: "/leaking",
        policy: Policy::Token(Scope::Read),
        takes: Takes::Nothing,
        handler: Handler::Blocks(|_| Ok(Answer::ok("it runs patient".into()))),
        about: "It lists what is somebody else's.",
        says: Says::NOTHING,
    },
    Route {
        method: "GET",
        path: "/loose",
        policy: Policy::Token(Scope::Read),
        takes: Takes::Nothing,
        handler: ROUTES[13].handler,
        about: "It speaks of models to who may only read.",
        says: Says::NOTHING,
    },
];

/// As the real one.
fn start(ask: &server::http::Ask<'_>) -> Result<Answer, server::http::Refusal> {
    match ROUTES[5].handler {
        Handler::Blocks(handler) => handler(ask),
        Handler::Hears | Handler::Speaks(..) => unreachable!("it starts runs"),
    }
}

fn named(ask: &server::http::Ask<'_>) -> server::engine::run::RunId {
    server::engine::run::RunId(ask.said.part("run").into())
}

#[test]
fn a_route_that_is_wrong_is_seen() {
    assert_eq!((ROUTES[5].path, ROUTES[13].path), ("/api/v1/workflows/{name}/runs", "/v1/models"));
    let web = served(PLANTED, limits());
    let found = faults(&web, PLANTED);
    let of = |path: &str| found.iter().filter(|fault| fault.contains(path)).count();
    for route in &PLANTED[1..] {
        assert!(of(route.path) > 0, "{} is not seen: {found:#?}", route.path);
    }
    assert_eq!(of(PLANTED[0].path), 0, "{found:#?}");
}
