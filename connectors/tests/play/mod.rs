//! Plays a fixture: a server on this machine expects the requests that the fixture names, byte for byte, and answers as
//! it says; what comes of the call is compared with what it expects.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use connectors::connection::{Coming, Connection, Connections};
use connectors::library::Library;
use connectors::manifest::Manifest;
use connectors::{Connectors, Request, Settings};
use dsl::catalog::{Failure, FailureKind};
use dsl::expr::{self, Scope};
use dsl::template;
use dsl::value::Value;
use dsl::workflow::Arg;
use egress::{Client, Policy};
use jiff::Timestamp;
use secret::{NoVault, Open, Refused, Secret};
use serde_json::Value as Json;

use crate::support::{self, Reply, Server};

/// One case of an action.
#[derive(Clone, Debug)]
pub struct Fixture {
    pub connector: String,
    /// The name of the file without its ending: `post_message_right`.
    pub name: String,
    pub action: String,
    pub case: String,
    pub json: Json,
}

impl Fixture {
    /// The exchanges that it expects, in order.
    pub fn exchanges(&self) -> Vec<Json> {
        match self.json.get("exchanges") {
            Some(Json::Array(all)) => all.clone(),
            _ => vec![self.json.clone()],
        }
    }
}

/// The folder of all fixtures.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The fixtures of a connector, by their names.
pub fn of(manifest: &Manifest) -> Vec<Fixture> {
    let mut all = vec![];
    let Ok(entries) = fs::read_dir(folder().join(&manifest.id)) else { return all };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let json = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        // The longest name of an action that begins the file's: `list_issues` and not `list`.
        let names = manifest.actions.iter().map(|action| action.name.as_str()).chain(["request"]);
        let begun =
            names.filter(|action| name.strip_prefix(action).is_some_and(|rest| rest.starts_with('_')));
        let action = begun.max_by_key(|action| action.len());
        let action = action.unwrap_or_else(|| panic!("{} is about no action", path.display())).to_owned();
        let case = name[action.len() + 1..].to_owned();
        all.push(Fixture { connector: manifest.id.clone(), name, action, case, json });
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// The way out, made once: it reads the trusted certificates.
static EGRESS: LazyLock<Client> = LazyLock::new(|| {
    let policy = Policy { allow_private: true, ..Policy::default() };
    Client::new(policy, Arc::new(NoVault))
});

/// Opens each secret as its name with stars around it, so that a fixture can say where it stands.
struct Named;

impl Open for Named {
    fn open(&self, name: &str, _: &str) -> Result<Secret, Refused> {
        Ok(Secret::new(format!("secret-{name}")))
    }
}

/// The connection that a fixture describes; renewed, its secrets are others.
pub struct Kept {
    json: Json,
    renewals: Mutex<usize>,
}

impl Kept {
    fn connection(&self, manifest: &Manifest, version: i64) -> Connection {
        let text = |key: &str| self.json.get(key).and_then(Json::as_str);
        let auth = text("auth").unwrap_or(&manifest.auth[0].id).to_owned();
        let way = manifest.auth.iter().find(|way| way.id == auth).expect("a way to sign in of the manifest");
        let fields = match self.json.get("fields") {
            Some(fields) => Value::from_json(fields.clone()),
            None => Value::object::<&str>([]),
        };
        let Value::Object(fields) = fields else { panic!("`fields` are an object") };
        let names = way.secrets.iter().map(|field| field.name.as_str());
        let names = names.chain(if way.kind.is_given() { None } else { Some("access") });
        let kept = |name: &str| if version == 0 { name.to_owned() } else { format!("{name}-{version}") };
        let secrets: BTreeMap<String, String> = names.map(|name| (name.to_owned(), kept(name))).collect();
        let open: Arc<dyn Open> = Arc::new(Named);
        let (name, fields, base) = ("test".into(), (*fields).clone(), None);
        Connection { name, auth, fields, secrets, version, base, open }
    }
}

impl Connections for Kept {
    fn fresh<'a>(&'a self, manifest: &'a Manifest, _: Option<&'a str>) -> Coming<'a> {
        Box::pin(async move { Ok(self.connection(manifest, 0)) })
    }

    fn refused<'a>(&'a self, manifest: &'a Manifest, connection: &'a Connection) -> Coming<'a> {
        Box::pin(async move {
            *self.renewals.lock().unwrap() += 1;
            if self.json.get("renews").and_then(Json::as_bool).unwrap_or(false) {
                return Ok(self.connection(manifest, connection.version + 1));
            }
            Err(Failure::new(FailureKind::Auth, "the connection has to be made again"))
        })
    }
}

/// What a fixture's server expects and answers, and what went wrong.
#[derive(Default)]
struct Stage {
    at: usize,
    wrong: Vec<String>,
}

/// The fields of a connection, as the base of a manifest sees them.
struct Fields(Value);

impl Scope for Fields {
    fn name(&self, name: &str) -> Option<Cow<'_, Value>> {
        (name == "connection").then_some(Cow::Borrowed(&self.0))
    }

    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn seed(&self) -> [u8; 32] {
        [0; 32]
    }
}

/// The path of the base of the fixture's way to sign in, which the server has too, or the one that a fixture names because
/// its connection begins elsewhere.
fn below(manifest: &Manifest, fixture: &Fixture, connection: &Json) -> String {
    if let Some(below) = fixture.json.get("below").and_then(Json::as_str) {
        return below.to_owned();
    }
    let id = connection.get("auth").and_then(Json::as_str).unwrap_or(&manifest.auth[0].id);
    let own = manifest.auth.iter().find(|way| way.id == id).and_then(|way| way.base.as_ref());
    let fields = connection.get("fields").cloned().unwrap_or_else(|| serde_json::json!({}));
    let scope = Fields(Value::from_json(fields));
    let base = match own.unwrap_or(&manifest.base) {
        Arg::Value(value) => Ok(value.clone()),
        Arg::Expr(expr) => expr::eval(expr, &scope),
        Arg::Text(text) => template::render(text, &scope),
        Arg::List(_) | Arg::Object(_) => Ok(Value::Null),
    };
    let base = base.map(|base| base.to_string()).unwrap_or_default();
    // A field of the connection may hold all that stands before the path.
    let host = base.strip_prefix("https://").unwrap_or(&base);
    match host.split_once('/') {
        Some((_, rest)) if !rest.is_empty() => format!("/{rest}"),
        _ => String::new(),
    }
}

/// Plays a fixture. Gives what is not as it should be, or nothing.
pub fn play(runtime: &tokio::runtime::Runtime, library: &Arc<Library>, fixture: &Fixture) -> Option<String> {
    let manifest = library.find(&fixture.connector).expect("the manifest of the fixture");
    let exchanges = fixture.exchanges();
    let stage = Arc::new(Mutex::new(Stage::default()));
    let server = {
        let (stage, exchanges) = (stage.clone(), exchanges.clone());
        Server::start(move |request| answer(request, &stage, &exchanges))
    };
    let json = fixture.json.get("connection").cloned().unwrap_or(Json::Null);
    let below = below(manifest, fixture, &json);
    let kept = Arc::new(Kept { json, renewals: Mutex::new(0) });
    let connectors = Connectors::new(Settings {
        files: "/nowhere".into(),
        protected: vec![],
        contents: connectors::contents::Contents::none(),
        egress: EGRESS.clone(),
        library: library.clone(),
        connections: kept,
        meter: connectors::meter::Metered::default(),
    });
    let input = fixture.json.get("input").cloned().unwrap_or(Json::Null);
    let args = input_of(&input);
    let action = format!("{}.{}", fixture.connector, fixture.action);
    let base = server.url(&below);
    let request = Request { connection: Some("test"), ..Request::new(&action, &args, "key-1") };
    let mut wrong = vec![];
    // Where the request goes is seen without a server that stands in for it.
    let first =
        exchanges[0].get("expect_request").and_then(|wanted| wanted.get("url")).and_then(Json::as_str);
    let first = first.map(|url| starred(url, manifest));
    match (runtime.block_on(connectors.preview(request)), first) {
        (Ok(preview), Some(url)) if preview.url != url => {
            wrong.push(format!("the first request goes to {}, not to {url}", preview.url));
        }
        _ => {}
    }
    let got = runtime.block_on(connectors.call(Request { base: Some(&base), ..request }));
    drop(server);
    let stage = stage.lock().unwrap();
    wrong.extend(stage.wrong.iter().cloned());
    if stage.at != exchanges.len() {
        wrong.push(format!("{} requests came, not {}", stage.at, exchanges.len()));
    }
    wrong.extend(judge(&got, fixture.json.get("expect").unwrap_or(&Json::Null)));
    (!wrong.is_empty()).then(|| format!("{}/{}: {}", fixture.connector, fixture.name, wrong.join("\n    ")))
}

/// An address as people see it, with the part of its path that holds a secret as stars.
fn starred(url: &str, manifest: &Manifest) -> String {
    let secrets = manifest.auth.iter().flat_map(|way| &way.secrets);
    secrets.fold(url.to_owned(), |url, secret| url.replace(&format!("/secret-{}/", secret.name), "/***/"))
}

/// An input as a run gives it: `{ "$file": …, "name": …, "type": … }` is a file.
fn input_of(json: &Json) -> Value {
    match json {
        Json::Object(entries) => {
            if let Some(text) = entries.get("$file").and_then(Json::as_str) {
                let known = |key: &str| entries.get(key).and_then(Json::as_str);
                let file = dsl::value::File::new(text.as_bytes(), known("type").unwrap_or("text/plain"));
                return Value::File(Arc::new(dsl::value::File {
                    name: known("name").map(Arc::from),
                    ..file
                }));
            }
            Value::object(entries.iter().map(|(name, value)| (name.as_str(), input_of(value))))
        }
        Json::Array(items) => Value::list(items.iter().map(input_of).collect()),
        other => Value::from_json(other.clone()),
    }
}

fn answer(request: &str, stage: &Mutex<Stage>, exchanges: &[Json]) -> Reply {
    let mut stage = stage.lock().unwrap();
    let at = stage.at;
    stage.at += 1;
    let Some(exchange) = exchanges.get(at) else {
        return support::answer(500, &[], "no request was expected");
    };
    let wanted = exchange.get("expect_request").expect("an exchange expects a request");
    let before = stage.wrong.len();
    compare(request, wanted, at, &mut stage.wrong);
    if stage.wrong.len() > before {
        return support::answer(418, &[], "");
    }
    let response = exchange.get("response").expect("an exchange has a response");
    if response.get("cut").is_some() {
        return Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec());
    }
    let status = response.get("status").and_then(Json::as_u64).unwrap_or(200);
    let (kind, body) = match response.get("body") {
        None | Some(Json::Null) => (None, String::new()),
        Some(Json::String(text)) => (Some("text/plain"), text.clone()),
        Some(json) => (Some("application/json; charset=utf-8"), json.to_string()),
    };
    // The server's own address stands where the service's own would.
    let host = support::header(request, "host").unwrap_or_default().to_owned();
    let headers = response.get("headers").and_then(Json::as_object).cloned().unwrap_or_default();
    let mut pairs: Vec<(String, String)> = vec![];
    for (name, value) in &headers {
        pairs.push((name.clone(), here(value.as_str().expect("a header is a text"), &host)));
    }
    if let Some(kind) = kind.filter(|_| headers.keys().all(|name| !name.eq_ignore_ascii_case("content-type")))
    {
        pairs.push(("content-type".into(), kind.into()));
    }
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
    support::answer(u16::try_from(status).unwrap(), &pairs, &here(&body, &host))
}

/// `{SERVER}` is the address that was asked.
fn here(text: &str, host: &str) -> String {
    text.replace("{SERVER}", &format!("http://{host}"))
}

fn compare(request: &str, wanted: &Json, at: usize, wrong: &mut Vec<String>) {
    let mut differ = |what: &str, got: &str, wanted: &str| {
        if got != wanted {
            wrong.push(format!("request {}: {what} is `{got}`, not `{wanted}`", at + 1));
        }
    };
    let mut words = support::line(request).split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let text = |key: &str| wanted.get(key).and_then(Json::as_str);
    differ("the method", method, text("method").expect("a method"));
    let url = text("url").expect("a url");
    // Behind scheme and host, which the preview has shown.
    let path = url.splitn(4, '/').nth(3).map_or("/".to_owned(), |rest| format!("/{rest}"));
    differ("the path with its query", target, &path);
    // The line between parts is drawn from what is sent.
    let line = support::header(request, "content-type").and_then(|kind| kind.split_once("boundary="));
    let told = |text: &str| text.replace("{BOUNDARY}", line.map_or("{BOUNDARY}", |(_, line)| line));
    for (name, value) in wanted.get("headers").and_then(Json::as_object).into_iter().flatten() {
        let got = support::header(request, name);
        match value {
            Json::Null => differ(&format!("the header {name}"), got.unwrap_or("not there"), "not there"),
            value => differ(
                &format!("the header {name}"),
                got.unwrap_or("not there"),
                &told(value.as_str().unwrap_or_default()),
            ),
        }
    }
    let body = match wanted.get("body") {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => told(text),
        Some(json) => json.to_string(),
    };
    differ("the body", support::body(request), &body);
}

fn judge(got: &Result<Value, Failure>, wanted: &Json) -> Vec<String> {
    let mut wrong = vec![];
    match (got, wanted.get("output"), wanted.get("error")) {
        (Ok(value), Some(output), _) => {
            let value = value.to_json();
            if value != *output {
                wrong.push(format!("it gave {value}, not {output}"));
            }
        }
        (Err(failure), _, Some(error)) => {
            let mut differ = |key: &str, got: Json| {
                if let Some(wanted) = error.get(key).filter(|wanted| **wanted != got) {
                    wrong.push(format!("its failure has {key} {got}, not {wanted}"));
                }
            };
            differ("kind", failure.kind.name().into());
            differ("message", failure.message.as_str().into());
            differ("status", failure.status.map_or(Json::Null, Json::from));
            differ("retryable", failure.retryable.into());
            let wait = failure.retry_after.map(|wait| i64::try_from(wait.as_millis()).unwrap());
            differ("waits_ms", wait.map_or(Json::Null, Json::from));
        }
        (Ok(value), None, _) => wrong.push(format!("it gave {}, and should have failed", value.to_json())),
        (Err(failure), ..) => wrong.push(format!("it failed: {failure} (status {:?})", failure.status)),
    }
    wrong
}
