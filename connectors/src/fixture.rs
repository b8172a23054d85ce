//! Plays a fixture: a server on this machine expects the requests that the fixture names, byte for byte, and answers as
//! it says; what comes of the call is compared with what it expects. Nothing else is reached.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use dsl::catalog::{Failure, FailureKind};
use dsl::expr::{self, Scope};
use dsl::template;
use dsl::value::{File, Object, Value};
use dsl::workflow::Arg;
use jiff::Timestamp;
use secret::{Open, Refused, Secret};
use serde_json::Value as Json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::connection::{Coming, Connection, Connections};
use crate::contents::Contents;
use crate::library::Library;
use crate::manifest::Manifest;
use crate::meter::Metered;
use crate::{Connectors, Request, Settings};

/// What the step's key is where a fixture does not say it.
const KEY: &str = "key-1";

/// What stands before the name of a secret, in place of what it holds.
pub(crate) const SECRET: &str = "secret-";

/// The longest request that is heard, in bytes.
const LONGEST: usize = 16 * 1024 * 1024;

/// One case of an action.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// The connector.
    pub connector: String,
    /// The action, by its name in the manifest.
    pub action: String,
    /// What is given, expected and answered.
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

    /// What is wrong with its form, if anything.
    pub fn misshapen(&self, manifest: &Manifest) -> Option<String> {
        let Json::Object(entries) = &self.json else { return Some("a fixture is an object".into()) };
        let known =
            ["input", "connection", "key", "below", "exchanges", "expect_request", "response", "expect"];
        if let Some(other) = entries.keys().find(|key| !known.contains(&key.as_str())) {
            return Some(format!("a fixture has no `{other}`; it has `{}`", known.join("`, `")));
        }
        let auth = self.json.get("connection").and_then(|connection| connection.get("auth"));
        if let Some(auth) =
            auth.filter(|auth| manifest.auth.iter().all(|way| Some(way.id.as_str()) != auth.as_str()))
        {
            return Some(format!("{} has no way to sign in {auth}", manifest.name));
        }
        for (at, exchange) in self.exchanges().iter().enumerate() {
            let texts = ["method", "url"].iter().all(|key| {
                exchange.get("expect_request").and_then(|wanted| wanted.get(key)).is_some_and(Json::is_string)
            });
            if !texts || !exchange.get("response").is_some_and(Json::is_object) {
                let wants = "`expect_request` with `method` and `url`, and a `response`";
                return Some(format!("exchange {} lacks something: it has {wants}", at + 1));
            }
        }
        match self.json.get("expect") {
            Some(Json::Object(expect)) if expect.contains_key("output") || expect.contains_key("error") => {
                None
            }
            _ => Some("`expect` says what comes of it: `output` or `error`".into()),
        }
    }
}

/// Opens each secret as its name, so that a fixture can say where it stands.
pub(crate) struct Named;

impl Open for Named {
    fn open(&self, name: &str, _: &str) -> Result<Secret, Refused> {
        Ok(Secret::new(format!("{SECRET}{name}")))
    }
}

/// The connection that a fixture describes; renewed, its secrets are others.
struct Kept {
    json: Json,
}

impl Kept {
    fn connection(&self, manifest: &Manifest, version: i64) -> Result<Connection, Failure> {
        let text = |key: &str| self.json.get(key).and_then(Json::as_str);
        let auth = text("auth").or(manifest.auth.first().map(|way| way.id.as_str())).unwrap_or_default();
        let way = manifest.auth.iter().find(|way| way.id == auth).ok_or_else(|| {
            Failure::new(FailureKind::Invalid, format!("{} has no way to sign in `{auth}`", manifest.name))
        })?;
        let fields = match self.json.get("fields").map(|fields| Value::from_json(fields.clone())) {
            Some(Value::Object(fields)) => (*fields).clone(),
            _ => Object::new(),
        };
        let names = way.secrets.iter().map(|field| field.name.as_str());
        let names = names.chain(if way.kind.is_given() { None } else { Some("access") });
        let kept = |name: &str| if version == 0 { name.to_owned() } else { format!("{name}-{version}") };
        let secrets: BTreeMap<String, String> = names.map(|name| (name.to_owned(), kept(name))).collect();
        let none = Connection::nobody(auth);
        Ok(Connection { name: "test".into(), fields, secrets, version, open: Arc::new(Named), ..none })
    }
}

impl Connections for Kept {
    fn fresh<'a>(&'a self, manifest: &'a Manifest, _: Option<&'a str>) -> Coming<'a> {
        Box::pin(async move { self.connection(manifest, 0) })
    }

    fn refused<'a>(&'a self, manifest: &'a Manifest, connection: &'a Connection) -> Coming<'a> {
        Box::pin(async move {
            if self.json.get("renews").and_then(Json::as_bool).unwrap_or(false) {
                return self.connection(manifest, connection.version + 1);
            }
            Err(Failure::new(FailureKind::Auth, "the connection has to be made again"))
        })
    }
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

/// The base of a way to sign in, with the fields of a connection.
pub(crate) fn base(manifest: &Manifest, auth: Option<&str>, fields: Json) -> String {
    let id = auth.or(manifest.auth.first().map(|way| way.id.as_str()));
    let own = manifest.auth.iter().find(|way| Some(way.id.as_str()) == id).and_then(|way| way.base.as_ref());
    let scope = Fields(Value::from_json(fields));
    let base = match own.unwrap_or(&manifest.base) {
        Arg::Value(value) => Ok(value.clone()),
        Arg::Expr(expr) => expr::eval(expr, &scope),
        Arg::Text(text) => template::render(text, &scope),
        Arg::List(_) | Arg::Object(_) => Ok(Value::Null),
    };
    base.map(|base| base.to_string()).unwrap_or_default()
}

/// The path of the base of the fixture's way to sign in, which the server has too, or the one that a fixture names because
/// its connection begins elsewhere.
fn below(manifest: &Manifest, fixture: &Fixture, connection: &Json) -> String {
    if let Some(below) = fixture.json.get("below").and_then(Json::as_str) {
        return below.to_owned();
    }
    let fields = connection.get("fields").cloned().unwrap_or_else(|| serde_json::json!({}));
    let base = base(manifest, connection.get("auth").and_then(Json::as_str), fields);
    // A field of the connection may hold all that stands before the path.
    let host = base.strip_prefix("https://").unwrap_or(&base);
    match host.split_once('/') {
        Some((_, rest)) if !rest.is_empty() => format!("/{rest}"),
        _ => String::new(),
    }
}

/// What a fixture's server expects and answers, and what went wrong.
#[derive(Default)]
struct Stage {
    at: usize,
    wrong: Vec<String>,
}

impl Stage {
    fn of(stage: &Mutex<Stage>) -> std::sync::MutexGuard<'_, Stage> {
        stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Plays a fixture, over a way out that reaches this machine. Gives what is not as it should be.
pub async fn play(library: &Arc<Library>, egress: &egress::Client, fixture: &Fixture) -> Vec<String> {
    let Some(manifest) = library.find(&fixture.connector) else {
        return vec![format!("there is no connector `{}` without errors", fixture.connector)];
    };
    if let Some(wrong) = fixture.misshapen(manifest) {
        return vec![wrong];
    }
    let exchanges = Arc::new(fixture.exchanges());
    let stage = Arc::new(Mutex::new(Stage::default()));
    let listener = match TcpListener::bind("127.0.0.1:0").await {
        Ok(listener) => listener,
        Err(error) => return vec![format!("no server can be started on this machine: {error}")],
    };
    let Ok(address) = listener.local_addr() else { return vec!["the server has no address".into()] };
    let serving = tokio::spawn(serve(listener, stage.clone(), exchanges.clone()));
    let json = fixture.json.get("connection").cloned().unwrap_or(Json::Null);
    let below = below(manifest, fixture, &json);
    let connectors = Connectors::new(Settings {
        files: "/nowhere".into(),
        protected: vec![],
        contents: Contents::none(),
        egress: egress.clone(),
        library: library.clone(),
        connections: Arc::new(Kept { json }),
        meter: Metered::default(),
    });
    let args = input_of(fixture.json.get("input").unwrap_or(&Json::Null));
    let action = format!("{}.{}", fixture.connector, fixture.action);
    let key = fixture.json.get("key").and_then(Json::as_str).unwrap_or(KEY);
    let request = Request { connection: Some("test"), ..Request::new(&action, &args, key) };
    let mut wrong = vec![];
    // Where the request goes is seen without a server that stands in for it.
    let first = exchanges.first().and_then(|first| first.get("expect_request")?.get("url")?.as_str());
    let first = first.map(|url| starred(url, manifest));
    if let (Ok(preview), Some(url)) = (connectors.preview(request).await, first)
        && preview.url != url
    {
        wrong.push(format!("the first request goes to {}, not to {url}", preview.url));
    }
    let base = format!("http://{address}{below}");
    let got = connectors.call(Request { base: Some(&base), ..request }).await;
    serving.abort();
    let stage = Stage::of(&stage);
    wrong.extend(stage.wrong.iter().cloned());
    if stage.at != exchanges.len() {
        wrong.push(format!("{} requests came, not {}", stage.at, exchanges.len()));
    }
    wrong.extend(judge(&got, fixture.json.get("expect").unwrap_or(&Json::Null)));
    wrong
}

/// An address as people see it, with each part of its path that holds a secret as stars.
fn starred(url: &str, manifest: &Manifest) -> String {
    let secrets = manifest.auth.iter().flat_map(|way| &way.secrets);
    let secrets: Vec<String> = secrets.map(|secret| format!("{SECRET}{}", secret.name)).collect();
    let shown = |part| if secrets.iter().any(|secret| str::contains(part, secret)) { "***" } else { part };
    let (path, query) = url.split_at(url.find('?').unwrap_or(url.len()));
    path.split('/').map(shown).collect::<Vec<_>>().join("/") + query
}

/// An input as a run gives it: `{ "$file": …, "name": …, "type": … }` is a file.
fn input_of(json: &Json) -> Value {
    match json {
        Json::Object(entries) => {
            if let Some(text) = entries.get("$file").and_then(Json::as_str) {
                let known = |key: &str| entries.get(key).and_then(Json::as_str);
                let file = File::new(text.as_bytes(), known("type").unwrap_or("text/plain"));
                return Value::File(Arc::new(File { name: known("name").map(Arc::from), ..file }));
            }
            Value::object(entries.iter().map(|(name, value)| (name.as_str(), input_of(value))))
        }
        Json::Array(items) => Value::list(items.iter().map(input_of).collect()),
        other => Value::from_json(other.clone()),
    }
}

async fn serve(listener: TcpListener, stage: Arc<Mutex<Stage>>, exchanges: Arc<Vec<Json>>) {
    while let Ok((stream, address)) = listener.accept().await {
        tokio::spawn(one(stream, address, stage.clone(), exchanges.clone()));
    }
}

async fn one(mut stream: TcpStream, _: SocketAddr, stage: Arc<Mutex<Stage>>, exchanges: Arc<Vec<Json>>) {
    let Some(request) = heard(&mut stream).await else { return };
    let reply = answer(&request, &stage, &exchanges);
    let _ = stream.write_all(&reply).await;
    let _ = stream.shutdown().await;
    // Until the other side has closed, so that nothing that was sent is lost to a reset.
    let mut rest = [0; 1024];
    while matches!(stream.read(&mut rest).await, Ok(count) if count > 0) {}
}

/// A whole request as text.
async fn heard(stream: &mut TcpStream) -> Option<String> {
    let (mut bytes, mut piece) = (vec![], [0; 8192]);
    loop {
        if let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
            if bytes.len() >= head + 4 + length {
                return Some(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        match stream.read(&mut piece).await {
            Ok(count) if count > 0 && bytes.len() < LONGEST => bytes.extend_from_slice(&piece[..count]),
            _ => return None,
        }
    }
}

fn answer(request: &str, stage: &Mutex<Stage>, exchanges: &[Json]) -> Vec<u8> {
    let mut stage = Stage::of(stage);
    let at = stage.at;
    stage.at += 1;
    let Some(exchange) = exchanges.get(at) else { return said(500, &[], "no request was expected") };
    let before = stage.wrong.len();
    compare(request, exchange.get("expect_request").unwrap_or(&Json::Null), at, &mut stage.wrong);
    if stage.wrong.len() > before {
        return said(418, &[], "");
    }
    let response = exchange.get("response").unwrap_or(&Json::Null);
    if response.get("cut").is_some() {
        return b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec();
    }
    let status = response.get("status").and_then(Json::as_u64).unwrap_or(200);
    let (kind, body) = match response.get("body") {
        None | Some(Json::Null) => (None, String::new()),
        Some(Json::String(text)) => (Some("text/plain"), text.clone()),
        Some(json) => (Some("application/json; charset=utf-8"), json.to_string()),
    };
    // The server's own address stands where the service's own would.
    let host = header(request, "host").unwrap_or_default();
    let headers = response.get("headers").and_then(Json::as_object);
    let mut pairs: Vec<(String, String)> = vec![];
    for (name, value) in headers.into_iter().flatten() {
        pairs.push((name.clone(), here(value.as_str().unwrap_or_default(), host)));
    }
    let has_kind = pairs.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    pairs.extend(kind.filter(|_| !has_kind).map(|kind| ("content-type".to_owned(), kind.to_owned())));
    said(status, &pairs, &here(&body, host))
}

fn said(status: u64, headers: &[(String, String)], body: &str) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    format!("{text}\r\n{body}").into_bytes()
}

/// `{SERVER}` is the address that was asked.
fn here(text: &str, host: &str) -> String {
    text.replace("{SERVER}", &format!("http://{host}"))
}

/// The value of a header in a request.
fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let head = request.split("\r\n\r\n").next()?;
    head.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

fn compare(request: &str, wanted: &Json, at: usize, wrong: &mut Vec<String>) {
    let mut differ = |what: &str, got: &str, wanted: &str| {
        if got != wanted {
            wrong.push(format!("request {}: {what} is `{got}`, not `{wanted}`", at + 1));
        }
    };
    let mut words = request.lines().next().unwrap_or_default().split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let text = |key: &str| wanted.get(key).and_then(Json::as_str).unwrap_or_default();
    differ("the method", method, text("method"));
    // Behind scheme and host, which the preview has shown.
    let path = text("url").splitn(4, '/').nth(3).map_or("/".to_owned(), |rest| format!("/{rest}"));
    differ("the path with its query", target, &path);
    // The line between parts is drawn from what is sent.
    let line = header(request, "content-type").and_then(|kind| kind.split_once("boundary="));
    let told = |text: &str| text.replace("{BOUNDARY}", line.map_or("{BOUNDARY}", |(_, line)| line));
    for (name, value) in wanted.get("headers").and_then(Json::as_object).into_iter().flatten() {
        let got = header(request, name).unwrap_or("not there");
        let wanted = match value {
            Json::Null => "not there".to_owned(),
            value => told(value.as_str().unwrap_or_default()),
        };
        differ(&format!("the header {name}"), got, &wanted);
    }
    let body = match wanted.get("body") {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => told(text),
        Some(json) => json.to_string(),
    };
    differ("the body", request.split_once("\r\n\r\n").map_or("", |(_, body)| body), &body);
}

/// What came of a call, as a fixture expects it.
pub(crate) fn expected(got: &Result<Value, Failure>) -> Json {
    match got {
        Ok(value) => serde_json::json!({ "output": value.to_json() }),
        Err(failure) => {
            let wait = failure.retry_after.and_then(|wait| i64::try_from(wait.as_millis()).ok());
            let mut error = serde_json::json!({
                "kind": failure.kind.name(),
                "message": failure.message,
                "status": failure.status,
                "retryable": failure.retryable,
                "waits_ms": wait,
            });
            if let Json::Object(error) = &mut error {
                error.retain(|_, value| !value.is_null());
            }
            serde_json::json!({ "error": error })
        }
    }
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
            let wait = failure.retry_after.and_then(|wait| i64::try_from(wait.as_millis()).ok());
            differ("waits_ms", wait.map_or(Json::Null, Json::from));
        }
        (Ok(value), None, _) => wrong.push(format!("it gave {}, and should have failed", value.to_json())),
        (Err(failure), ..) => wrong.push(format!("it failed: {failure} (status {:?})", failure.status)),
    }
    wrong
}
