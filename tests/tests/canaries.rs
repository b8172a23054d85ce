//! Secrets of connections, in all that comes of calls. Every way to sign in of every connector has a secret of each kind
//! that it knows, and calls a service that answers well, badly, late, not at all, from elsewhere, and with all that it was
//! sent. Then the secrets are looked for, in eight spellings: in what runs gave, in why they failed, in their events, in
//! the database, in the files that were kept and in what was logged.

#![allow(clippy::unwrap_used)]

#[path = "../../egress/tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connectors::connection::{Coming, Connection, Connections};
use connectors::contents::Contents;
use connectors::manifest::Manifest;
use connectors::manifest::auth::Auth;
use connectors::meter::Meter;
use connectors::{Connectors, Request, Settings};
use dsl::catalog::{Failure, FailureKind};
use dsl::types::{Field, Type};
use dsl::value::{Object, Value};
use egress::{Client, Policy};
use engine::command::Call;
use engine::input::Start;
use engine::plan::Plan;
use engine::run::RunId;
use runtime::clock::Wall;
use runtime::driver::{Driver, State};
use runtime::executor::{Calling, Executor};
use runtime::local::{Local, Surroundings};
use secret::{NoVault, Open, Refused, Secret};
use support::{Reply, Server};
use tests::canary::{Canary, Flock};

/// What a service does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Situation {
    Success,
    Unauthorized,
    TooMany,
    Broken,
    Late,
    BadTls,
    Redirect,
    Echo,
    Panic,
}

impl Situation {
    const ALL: [Situation; 9] = [
        Situation::Success,
        Situation::Unauthorized,
        Situation::TooMany,
        Situation::Broken,
        Situation::Late,
        Situation::BadTls,
        Situation::Redirect,
        Situation::Echo,
        Situation::Panic,
    ];

    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// Whether secrets can be looked for in what the service was sent.
    fn is_heard(self) -> bool {
        !matches!(self, Situation::BadTls)
    }

    fn server(self, elsewhere: &str) -> Server {
        let elsewhere = elsewhere.to_owned();
        Server::start(move |request| {
            // It says everything back: what it says is shown in failures, results and names of requests.
            let said = request.replace(['\r', '\n'], " ");
            let head = [("x-request-id", &*said), ("content-type", "application/json")];
            let body =
                serde_json::json!({ "ok": true, "error": said, "message": said, "name": said, "id": said });
            let answer = |status| support::answer(status, &head, &body.to_string());
            match self {
                Situation::Success => answer(200),
                Situation::Unauthorized => answer(401),
                Situation::TooMany => answer(429),
                Situation::Broken => answer(500),
                Situation::Late => Reply::Stall(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n".to_vec()),
                Situation::BadTls => Reply::Bytes(b"no TLS is spoken here".to_vec()),
                Situation::Redirect => support::answer(302, &[("location", &elsewhere)], &said),
                Situation::Echo => {
                    support::answer(200, &[("content-type", "text/plain"), ("x-request-id", &said)], request)
                }
                Situation::Panic => answer(200),
            }
        })
    }
}

/// A connection with canaries as secrets.
#[derive(Clone)]
struct Nest {
    auth: String,
    fields: Object,
    canaries: Arc<BTreeMap<String, Canary>>,
}

impl Nest {
    fn new(manifest: &Manifest, way: &Auth) -> Nest {
        let given = way.secrets.iter().chain(&manifest.account.secrets).map(|field| field.name.clone());
        let tokens = ["access", "refresh"].map(str::to_owned);
        let names = given.chain(tokens.into_iter().filter(|_| !way.kind.is_given()));
        let canary =
            |name: String| (name.clone(), Canary::new(&format!("{}-{}-{name}", manifest.id, way.id)));
        let derived = manifest.account.derive.iter().map(|derive| derive.to.as_str());
        let asked = manifest.account.fields.iter().map(|field| field.name.as_str());
        let known = asked.chain(derived).chain(way.fields.iter().map(|field| field.name.as_str()));
        let fields = known.map(|name| (name.into(), Value::text("a1"))).collect();
        Nest { auth: way.id.clone(), fields, canaries: Arc::new(names.map(canary).collect()) }
    }

    fn connection(&self) -> Connection {
        let secrets = self.canaries.keys().map(|name| (name.clone(), name.clone())).collect();
        let (fields, open) = (self.fields.clone(), Arc::new(self.clone()));
        Connection { name: "main".into(), fields, secrets, open, ..Connection::nobody(&self.auth) }
    }
}

impl Open for Nest {
    fn open(&self, name: &str, _: &str) -> Result<Secret, Refused> {
        let canary = self.canaries.get(name).ok_or_else(|| Refused::Unknown { name: name.into() })?;
        Ok(Secret::new(canary.value.clone()))
    }
}

impl Connections for Nest {
    fn fresh<'a>(&'a self, _: &'a Manifest, _: Option<&'a str>) -> Coming<'a> {
        Box::pin(std::future::ready(Ok(self.connection())))
    }

    fn refused<'a>(&'a self, manifest: &'a Manifest, _: &'a Connection) -> Coming<'a> {
        let message = format!("{} has to be connected again", manifest.name);
        Box::pin(std::future::ready(Err(Failure::new(FailureKind::Auth, message))))
    }
}

/// One case: who calls, and where.
struct Case {
    nest: Nest,
    connectors: Connectors,
    base: String,
    situation: Situation,
}

/// Carries out the calls of all cases, by the names of their runs.
#[derive(Default)]
struct Hands {
    cases: Mutex<BTreeMap<RunId, Arc<Case>>>,
}

impl Executor for Hands {
    fn call<'a>(&'a self, run: &'a RunId, call: &'a Call) -> Calling<'a> {
        Box::pin(async move {
            let case = self.cases.lock().unwrap().get(run).unwrap().clone();
            let request = Request::new(&call.action, &call.args, &call.key);
            let got = case.connectors.call(Request { base: Some(&case.base), ..request }).await;
            if case.situation == Situation::Panic {
                let secrets: Vec<Secret> =
                    case.nest.canaries.keys().map(|name| case.nest.open(name, "").unwrap()).collect();
                panic!("{got:?} {call:?} {:?} {secrets:?}", case.nest.connection());
            }
            got.into()
        })
    }
}

/// A value that fits a type.
fn fitting(ty: &Type) -> serde_json::Value {
    match ty {
        Type::Integer | Type::Number => 1.into(),
        Type::Boolean => true.into(),
        Type::List(item) => vec![fitting(item)].into(),
        Type::AnyObject => serde_json::json!({}),
        Type::Object(fields) => inputs(fields),
        Type::Enum(words) => words[0].as_str().into(),
        Type::Union(arms) => fitting(&arms[0]),
        Type::Nullable(inner) => fitting(inner),
        Type::Time => "2026-01-02T03:04:05Z".into(),
        Type::Duration => "1m".into(),
        Type::Bytes => "YQ==".into(),
        _ => "a1".into(),
    }
}

fn inputs(fields: &[Field]) -> serde_json::Value {
    let needed = fields.iter().filter(|field| !field.optional && field.default.is_none());
    needed.map(|field| (field.name.clone(), fitting(&field.ty))).collect::<serde_json::Map<_, _>>().into()
}

/// A workflow with one call: the one that tells whether a connection works, or the first that reads.
fn plan(manifest: &Manifest) -> Option<Arc<Plan>> {
    let verify = manifest.account.verify.as_deref();
    let named = manifest.actions.iter().find(|action| Some(action.name.as_str()) == verify);
    let action = named.or_else(|| manifest.actions.first())?;
    let with = inputs(&action.input);
    let text = format!(
        "name: canary\nsteps:\n  call:\n    use: {}.{}\n    with: {with}\n    timeout: 2s\n    retry: {{ attempts: 1 }}\n\
         output: \"{{{{ steps.call }}}}\"\n",
        manifest.id, action.name
    );
    let checked = dsl::check(&text, &connectors::catalog());
    let workflow = checked.workflow;
    assert!(workflow.is_some(), "{text}\n{:#?}", checked.diagnostics);
    workflow.map(|workflow| Arc::new(Plan::from(workflow)))
}

/// Writes what is logged to a file.
fn log_to(path: &Path) {
    let file = std::fs::File::create(path).unwrap();
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(Mutex::new(file))
        .init();
    let panics = path.with_extension("panics");
    std::panic::set_hook(Box::new(move |panic| {
        use std::io::Write as _;
        // What a step panics with is looked through; what this test itself says is read by people.
        if std::thread::current().name().is_some_and(|name| name.starts_with("no_secret")) {
            eprintln!("{panic}");
            return;
        }
        let mut file = std::fs::File::options().create(true).append(true).open(&panics).unwrap();
        writeln!(file, "{panic}").unwrap();
    }));
}

#[test]
fn no_secret_of_a_connection_is_in_anything_that_comes_of_a_call() {
    let folder = tempfile::tempdir().unwrap();
    log_to(&folder.path().join("log"));
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let hands = Arc::new(Hands::default());
    let surroundings =
        Surroundings { executor: hands.clone(), tokio: tokio.handle().clone(), clock: Arc::new(Wall) };
    let driver = Local::on_sqlite(&folder.path().join("keyway.db"), surroundings).unwrap();
    let policy = Policy { allow_private: true, ..Policy::default() };
    let egress = Client::new(policy, Arc::new(NoVault));
    let elsewhere = Server::start(|request| support::ok("text/plain", request));
    let servers: Vec<(Situation, Server)> = Situation::ALL
        .into_iter()
        .map(|situation| (situation, situation.server(&elsewhere.url("/"))))
        .collect();
    let library = connectors::library();
    let (mut canaries, mut runs, mut connected) = (vec![], vec![], 0);
    for name in library.names() {
        let read = library.read(name).unwrap();
        let Some(manifest) = &read.value else { panic!("{name}: {:#?}", read.diagnostics) };
        let Some(plan) = plan(manifest) else { continue };
        connected += 1;
        for way in &manifest.auth {
            let nest = Nest::new(manifest, way);
            canaries.extend(nest.canaries.values().cloned());
            for (situation, server) in &servers {
                let run = RunId(format!("{name}.{}.{}", way.id, situation.name()).into());
                let url = server.url("");
                let base = if *situation == Situation::BadTls { url.replace("http:", "https:") } else { url };
                let connectors = Connectors::new(Settings {
                    files: folder.path().join("files"),
                    protected: vec![],
                    contents: Contents::new(folder.path().join("contents")),
                    egress: egress.clone(),
                    library: library.clone(),
                    connections: Arc::new(nest.clone()),
                    // Each by itself: what one is told is no reason for another one to wait.
                    meter: Meter::default().of("o", "w"),
                });
                let case = Case { nest: nest.clone(), connectors, base, situation: *situation };
                hands.cases.lock().unwrap().insert(run.clone(), Arc::new(case));
                let start = Start::new(run.clone(), Value::object::<&str>([]), Value::Null);
                driver.start(plan.clone(), start).unwrap();
                runs.push(run);
            }
        }
    }
    let mut states = BTreeMap::new();
    let mut said = String::new();
    for run in &runs {
        let ended = loop {
            let summary = driver.summary(run).unwrap();
            if summary.state != State::Running {
                break summary;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        *states.entry(format!("{:?}", ended.state)).or_insert(0) += 1;
        for row in driver.history(run).unwrap() {
            said += &format!("{row:?}\n{}\n", serde_json::to_string(&row.events).unwrap());
        }
    }
    drop(driver);
    let flock = Flock::new(&canaries);
    let (looked, mut hits) = flock.in_folder(folder.path());
    hits.extend(flock.in_bytes(Path::new("events"), said.as_bytes()));
    // Where a redirect leads to another server, no secret goes along.
    hits.extend(flock.in_bytes(Path::new("another server"), elsewhere.requests().concat().as_bytes()));
    println!(
        "{connected} connectors, {} secrets, {} runs: {states:?}; {} KB of events, {looked} files",
        canaries.len(),
        runs.len(),
        said.len() / 1000
    );
    assert!(hits.is_empty(), "{hits:#?}");
    // The control: the services were told, so that there was something to be found.
    for (situation, server) in servers.iter().filter(|(situation, _)| situation.is_heard()) {
        let heard = server.requests().concat();
        let known =
            canaries.iter().filter(|canary| !canary.in_bytes(Path::new("wire"), heard.as_bytes()).is_empty());
        let known = known.count();
        assert!(known * 3 >= connected, "{situation:?} heard {known} of {} secrets", canaries.len());
    }
    assert!(states.len() > 1 && looked >= 3, "{states:?}");
}
