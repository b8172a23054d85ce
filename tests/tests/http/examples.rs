//! A fuzzer of others, `schemathesis`, asks every route for what its description says and for what it does not say: nothing
//! breaks off, what is wrong is refused, and nothing is answered that the description does not tell.
//!
//! `KEYWAY_EXAMPLES=100` asks each route so often in each way; docs/measured/attacks.md has the last long run.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde_json::{Value, json};
use server::http::openapi::document;
use server::http::routes::{Handler, Policy, ROUTES, Route, Takes};
use server::http::shape::{Shape, always};
use server::http::{Answer, Ask, Limits, Refusal};
use server::role::Role;
use server::token::{Scope, Token};
use tests::browser::{Browser, account};
use tests::models::Provider;
use tests::tool::installed;
use tests::web::{Web, request};

use super::served;

/// How often each route is asked in each way where nothing is said.
const FEW: usize = 2;

/// What is held against each answer. `positive_data_acceptance` is left out: that a text is a workflow, or a name one that
/// there is, no schema can say.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,negative_data_rejection,missing_required_header,\
    unsupported_method,use_after_free,ignored_auth";

/// Addresses for which a person has to be signed in.
const OF_PEOPLE: &str = "^/api/v1/(account|invitations|issuers|members|orgs|session|setup)";

/// Those with which a token or a session ends, so that all others would be asked by nobody.
const TOKENS: &[&str] = &["delete_tokens_by_name"];
const SESSIONS: &[&str] = &["delete_account_sessions", "delete_session"];

/// Who asks, for what.
struct Pass<'a> {
    name: &'a str,
    heads: Vec<(&'static str, String)>,
    /// What they show, by the names of the description.
    shows: Vec<(&'static str, &'static str, String)>,
    /// Arguments that choose the routes.
    which: Vec<String>,
}

/// What came of it.
#[derive(Debug, Default)]
struct Told {
    /// How many requests were made.
    cases: u64,
    /// How many routes were asked.
    routes: u64,
    /// What was wrong, in its words.
    faults: Vec<String>,
    /// All that it printed.
    text: String,
}

/// A program shows its token.
fn bearer(token: &Token) -> Vec<(&'static str, &'static str, String)> {
    vec![("token", "bearer", token.expose().to_owned())]
}

/// A page shows the cookie of its browser, and what it was told.
fn signed_in(browser: &Browser) -> Vec<(&'static str, &'static str, String)> {
    vec![("session", "api_key", browser.cookie.clone()), ("csrf", "api_key", browser.csrf.clone())]
}

fn examples() -> usize {
    std::env::var("KEYWAY_EXAMPLES").ok().and_then(|text| text.parse().ok()).unwrap_or(FEW)
}

/// What is shown, and names that there are, so that what is asked for is not always nowhere.
fn settings(run: &str, pass: &Pass<'_>) -> String {
    let shown =
        pass.shows.iter().map(|(scheme, how, what)| format!("[auth.openapi.{scheme}]\n{how} = \"{what}\"\n"));
    let shown: String = shown.collect();
    format!(
        "{shown}[dictionaries]\nnames.values = [\"hello\", \"patient\", \"asks\", \"compatible\", \"S\", \"slack\"]\n\
         runs.values = [\"{run}\"]\nconnectors.values = [\"slack\", \"github\", \"email\"]\n\
         texts.values = [\"name: x\\nsteps: {{ a: {{ set: {{ x: 1 }} }} }}\\n\", \"name: x\"]\n\
         [parameters]\n\"path.name\" = {{ dictionary = \"names\", probability = 0.5 }}\n\
         \"path.run\" = {{ dictionary = \"runs\", probability = 0.5 }}\n\
         \"path.connector\" = {{ dictionary = \"connectors\", probability = 0.5 }}\n\
         \"body.text\" = {{ dictionary = \"texts\", probability = 0.5 }}\n"
    )
}

fn fuzz(tool: &Path, web: &Web, run: &str, pass: &Pass<'_>) -> Told {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file in a folder of ours");
        path.display().to_string()
    };
    let config = file("schemathesis.toml", &settings(run, pass));
    let report = folder.path().join("report.json");
    let mut command = Command::new(tool);
    command.args(["--config-file", &config, "run", &format!("http://{}/api/v1/openapi.json", web.address)]);
    command.args(["--checks", CHECKS, "--continue-on-failure", "--no-color", "--warnings", "off"]);
    command.args([
        "--max-examples",
        &examples().to_string(),
        "--seed",
        "1",
        "--suppress-health-check",
        "all",
    ]);
    command.args(["--generation-database", "none", "--request-timeout", "20", "--workers", "2"]);
    command.args(["--report-json-path", &report.display().to_string(), "--output-sanitize", "false"]);
    if examples() == FEW {
        command.arg("--no-shrink");
    }
    for (name, value) in &pass.heads {
        command.args(["--header", &format!("{name}: {value}")]);
    }
    let output = command.args(&pass.which).current_dir(folder.path()).output().expect("it is installed");
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let report = std::fs::read(&report).unwrap_or_else(|error| panic!("{error}: {text}"));
    let report: Value = serde_json::from_slice(&report).expect("JSON");
    let list = |name: &str| report[name].as_array().cloned().unwrap_or_default();
    let said =
        |it: Value| format!("{}: {} ({} times) {}", pass.name, it["title"], it["count"], it["operations"]);
    let mut faults: Vec<String> = list("failures").into_iter().chain(list("errors")).map(said).collect();
    if report["complete"] != true {
        faults.push(format!("{}: it did not come to its end: {}", pass.name, report["stop_reason"]));
    }
    let count = |at: &str| report.pointer(at).and_then(Value::as_u64).unwrap_or_default();
    Told { cases: count("/test_cases/generated"), routes: count("/operations/tested"), faults, text }
}

/// A service with something of everything, and a run of it.
fn filled() -> (Web, Provider, String) {
    let web = served(ROUTES, Limits { rate: 1_000_000, burst: 1_000_000, ..Limits::default() });
    web.deploy("name: asks\nsteps: { a: { approve: { message: \"may I?\", timeout: 1d } } }\n");
    let provider = Provider::start("Hello.", &[]);
    web.key("local", "compatible", provider.address());
    let token = web.token("local", "first", Scope::Admin, None);
    let body = json!({ "name": "S", "value": "of nobody", "hosts": ["a.example"] }).to_string();
    assert_eq!(web.ask(request("POST", "/api/v1/secrets", Some(token.expose()), Some(&body))).status, 201);
    let begun = web.ask(request("POST", "/api/v1/workflows/hello/runs", Some(token.expose()), None));
    let begun: Value = serde_json::from_str(&begun.body).expect("JSON");
    let run = begun["run"].as_str().expect("a run").to_owned();
    (web, provider, run)
}

#[test]
fn a_fuzzer_of_others_finds_nothing_that_the_description_does_not_say() {
    let Some(tool) = installed("api/bin/schemathesis") else { return };
    let (web, _provider, run) = filled();
    let owner = account(&web, "local", "owner", Role::Owner);
    let admin = web.token("local", "fuzzer", Scope::Admin, None);
    let ai = web.token("local", "models", Scope::Ai, None);
    let here = vec![("origin", format!("http://{}", web.address))];
    let chosen = |arguments: &[&str]| arguments.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let all_of = |flag: &str, names: &[&str]| {
        names.iter().flat_map(|name| [flag.to_owned(), (*name).to_owned()]).collect::<Vec<_>>()
    };
    let (here_in, gone) = (Browser::of(&web, &owner), web.token("local", "gone", Scope::Admin, None));
    let passes = [
        Pass {
            name: "a program",
            heads: vec![],
            shows: bearer(&admin),
            which: [
                chosen(&["--exclude-path-regex", OF_PEOPLE, "--exclude-tag", "models"]),
                all_of("--exclude-operation-id", TOKENS),
            ]
            .concat(),
        },
        Pass {
            name: "a program that goes",
            heads: vec![],
            shows: bearer(&gone),
            which: all_of("--include-operation-id", TOKENS),
        },
        Pass {
            name: "a program that asks models",
            heads: vec![],
            shows: bearer(&ai),
            which: chosen(&["--include-tag", "models"]),
        },
        Pass {
            name: "a person",
            heads: here.clone(),
            shows: signed_in(&here_in),
            which: [chosen(&["--include-path-regex", OF_PEOPLE]), all_of("--exclude-operation-id", SESSIONS)]
                .concat(),
        },
        // Where the description itself is had is asked by name alone.
        Pass {
            name: "anybody",
            heads: vec![],
            shows: vec![],
            which: chosen(&["--include-path", "/api/v1/openapi.json"]),
        },
        Pass {
            name: "a person who goes",
            heads: here.clone(),
            shows: signed_in(&Browser::of(&web, &owner)),
            which: all_of("--include-operation-id", SESSIONS),
        },
    ];
    let (began, mut all) = (Instant::now(), Told::default());
    for pass in &passes {
        let told = fuzz(&tool, &web, &run, pass);
        println!(
            "{}: {} requests to {} routes, {:?} so far",
            pass.name,
            told.cases,
            told.routes,
            began.elapsed()
        );
        all.cases += told.cases;
        all.routes += told.routes;
        if !told.faults.is_empty() {
            all.text += &told.text;
        }
        all.faults.extend(told.faults);
        // Whoever asks is known to the end, or it was asked in vain.
        let counts = [
            request("GET", "/api/v1/runs", Some(admin.expose()), None),
            request("GET", "/v1/models", Some(ai.expose()), None),
            here_in.request("GET", "/api/v1/members", None),
        ];
        if pass.name != "a person who goes" {
            assert_eq!(counts.map(|asked| web.ask(asked).status), [200; 3], "behind {}", pass.name);
        }
    }
    println!(
        "{} requests to {} routes in {:?}, {} faults",
        all.cases,
        all.routes,
        began.elapsed(),
        all.faults.len()
    );
    assert!(all.faults.is_empty(), "{:#?}\n{}", all.faults, all.text);
    assert_eq!(all.routes, u64::try_from(ROUTES.len()).expect("few"), "each was asked by somebody");
}

/// Describes them.
fn described(_: &Ask<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::ok(document(WRONG)))
}

const READS: Policy = Policy::Token(Scope::Read);

const ANYTHING: &[(u16, Shape)] = &[(200, Shape::Any)];

/// Routes that do what their descriptions do not say, or break off.
const WRONG: &[Route] = &[
    Route::on(("GET", "/api/v1/openapi.json"), Policy::Public, Handler::Blocks(described), "")
        .gives(ANYTHING),
    Route::on(("GET", "/broken"), READS, Handler::Blocks(|_| panic!("as planted")), "").gives(ANYTHING),
    Route::on(("GET", "/unsaid"), READS, Handler::Blocks(|_| Ok(Answer::ok(Value::Null).with(418))), "")
        .gives(ANYTHING),
    Route::on(("GET", "/other"), READS, Handler::Blocks(|_| Ok(Answer::ok(json!({ "a": 1 })))), "")
        .gives(&[(200, Shape::Text)]),
    Route::on(("POST", "/lax"), READS, Handler::Blocks(|_| Ok(Answer::ok(Value::Null))), "")
        .body(Takes::Json { most: 1000 }, Shape::Open(&[always("n", Shape::Count, "")]))
        .gives(ANYTHING),
];

#[test]
fn it_sees_what_is_wrong() {
    let Some(tool) = installed("api/bin/schemathesis") else { return };
    let web = Web::open(WRONG, Limits { rate: 1_000_000, burst: 1_000_000, ..Limits::default() }, &[]);
    let token = web.token("local", "fuzzer", Scope::Read, None);
    let pass = Pass { name: "a program", heads: vec![], shows: bearer(&token), which: vec![] };
    let told = fuzz(&tool, &web, "none", &pass);
    for (path, title) in [
        ("GET /broken", "Server error"),
        ("GET /unsaid", "Undocumented status code"),
        ("GET /other", "Response violates schema"),
        ("POST /lax", "Schema-violating request accepted"),
    ] {
        let seen = |fault: &String| fault.contains(path) && fault.contains(title);
        assert!(told.faults.iter().any(seen), "{path}: {:#?}\n{}", told.faults, told.text);
    }
}
