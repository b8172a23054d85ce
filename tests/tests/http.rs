//! The way in over HTTP: who may do what, what is taken at most, what is malformed, and that it goes on under all of it.

#[path = "http/calls.rs"]
mod calls;
#[path = "http/client.rs"]
mod client;
#[path = "http/command.rs"]
mod command;
#[path = "http/connecting.rs"]
mod connecting;
#[path = "http/drafts.rs"]
mod drafts;
#[path = "http/editor.rs"]
mod editor;
#[path = "http/examples.rs"]
mod examples;
#[path = "http/injection.rs"]
mod injection;
#[path = "http/issuers.rs"]
mod issuers;
#[path = "http/limits.rs"]
mod limits;
#[path = "http/live.rs"]
mod live;
#[path = "http/malformed.rs"]
mod malformed;
#[path = "http/matrix.rs"]
mod matrix;
#[path = "http/obeyed.rs"]
mod obeyed;
#[path = "http/openapi.rs"]
mod openapi;
#[path = "http/page.rs"]
mod page;
#[path = "http/people.rs"]
mod people;
#[path = "http/rights.rs"]
mod rights;
#[path = "http/tenants.rs"]
mod tenants;
#[path = "http/traced.rs"]
mod traced;
#[path = "http/wishes.rs"]
mod wishes;

use std::io::{Read, Write};

use server::http::routes::ROUTES;
use tests::web::{Web, request};

/// Ends at once, and gives its input back.
const HELLO: &str = "name: hello\ninputs: { who: { type: string, default: you } }\n\
    steps: { a: { set: { text: \"hello {{ inputs.who }}\" } } }\noutput: \"{{ steps.a.text }}\"\n";

/// Waits for somebody.
const PATIENT: &str = "name: patient\nsteps: { a: { wait: { signal: go, timeout: 1d } } }\n";

/// The headers of every answer.
const HEADS: [&str; 5] = [
    "cache-control: no-store",
    "content-security-policy: default-src 'none'; frame-ancestors 'none'",
    "referrer-policy: no-referrer",
    "x-content-type-options: nosniff",
    "x-frame-options: deny",
];

/// A service with both workflows.
fn served(table: &'static [server::http::routes::Route], limits: server::http::Limits) -> Web {
    let web = Web::open(table, limits, &[]);
    web.deploy(HELLO);
    web.deploy(PATIENT);
    web
}

/// What every answer must have and none may have.
fn faults_of_head(head: &str) -> Vec<String> {
    let mut faults: Vec<String> = HEADS
        .iter()
        .filter(|line| !head.contains(**line))
        .map(|line| format!("`{line}` is missing"))
        .collect();
    for none in ["\r\nserver:", "\r\nx-powered-by:", "\r\naccess-control-"] {
        if head.contains(none) {
            faults.push(format!("`{}` is there", none.trim()));
        }
    }
    faults
}

#[test]
fn every_answer_is_guarded_and_names_no_program() {
    let web = served(ROUTES, server::http::Limits::default());
    let cases = [
        (200, request("GET", "/healthz", None, None)),
        (200, request("GET", "/readyz", None, None)),
        (401, request("GET", "/api/v1/runs", None, None)),
        (303, request("GET", "/", None, None)),
        (404, request("GET", "/nowhere", None, None)),
        (404, request("GET", "/api/v1/runs/", None, None)),
        (405, request("DELETE", "/api/v1/runs", None, None)),
        (
            405,
            request("OPTIONS", "/api/v1/runs", None, None)
                .replace("\r\n\r\n", "\r\norigin: http://evil.example\r\n\r\n"),
        ),
        (421, request("GET", "/healthz", None, None).replace("localhost", "evil.example")),
    ];
    for (status, asked) in cases {
        let heard = web.ask(&asked);
        assert_eq!((heard.status, faults_of_head(&heard.head)), (status, vec![]), "{asked}{heard:?}");
        if status >= 400 {
            let body: serde_json::Value = serde_json::from_str(&heard.body).expect("JSON");
            assert!(body["code"].is_string() && body["message"].is_string() && body.get("help").is_some());
        }
    }
    let mut stream = web.connect();
    let asked = request("HEAD", "/healthz", None, None).replacen("\r\n", "\r\nconnection: close\r\n", 1);
    stream.write_all(asked.as_bytes()).expect("it listens");
    let mut heard = String::new();
    stream.read_to_string(&mut heard).expect("text");
    assert!(heard.starts_with("HTTP/1.1 200") && heard.ends_with("\r\n\r\n"), "a head alone: {heard}");
    assert_eq!(
        faults_of_head("http/1.1 200 ok\r\nserver: x").len(),
        HEADS.len() + 1,
        "it sees what is wrong"
    );
}

/// Who else makes routes than the table. Tests, and what only speaks of it, are left out.
fn trespasses(file: &str, text: &str) -> Vec<String> {
    let words =
        ["axum::Router", "Router::new", ".route(", ".route_service(", ".nest(", ".nest_service(", ".merge("];
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let lines = code.filter(|line| words.iter().any(|word| line.contains(word)));
    lines.map(|line| format!("{file}: {}", line.trim())).collect()
}

#[test]
fn only_the_table_makes_routes() {
    let root = tests::root();
    let mut found = vec![];
    for name in ["server", "cli", "runtime", "vault", "store", "connectors", "egress"] {
        let mut folders = vec![root.join(name).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a folder of sources") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|end| end == "rs") {
                    let text = std::fs::read_to_string(&path).expect("a source");
                    found.extend(trespasses(&path.display().to_string(), &text));
                }
            }
        }
    }
    let (table, others): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|line| line.contains("server/src/http/routes.rs: "));
    assert!(!table.is_empty(), "what it looks for is found where it may stand");
    // A connection holds what the table made.
    let others: Vec<_> =
        others.into_iter().filter(|line| !line.ends_with("line.rs: use axum::Router;")).collect();
    assert_eq!(others, Vec::<String>::new());
    assert_eq!(trespasses("x", "let all = more.route(\"/secret\", get(show));").len(), 1);
}
