//! `sqlmap`, a tool of attackers, looks for a way into the database through every parameter of every route.
//!
//! It takes minutes, so that it runs by `KEYWAY_SQLMAP=1` alone; docs/measured/attacks.md has the last time.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Instant;

use serde_json::{Map, Value, json};
use server::http::Limits;
use server::http::openapi::document;
use server::http::routes::{ROUTES, Route};
use server::role::Role;
use server::token::Scope;
use tests::browser::{Browser, account, with_heads};
use tests::models::Provider;
use tests::tool::installed;
use tests::web::request;

use super::served;

/// Where it puts what it tries.
const HERE: char = '*';

/// The tool, where it is asked for and there.
fn tool() -> Option<PathBuf> {
    if std::env::var_os("KEYWAY_SQLMAP").is_none() {
        eprintln!("SKIPPED: `KEYWAY_SQLMAP=1` asks for it");
        return None;
    }
    installed("api/bin/sqlmap")
}

/// What it found in a request, in its words, and how many parameters it tried.
struct Found {
    holes: Vec<String>,
    tried: usize,
}

/// Lets it try every marked place of a request.
fn tried(tool: &Path, address: SocketAddr, asked: &str) -> Found {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("request.txt");
    std::fs::write(&file, asked.replace("localhost", &address.to_string())).expect("a file");
    let mut command = Command::new(tool);
    command.arg("-r").arg(&file).args(["--batch", "--smart", "--level", "1", "--risk", "1", "--skip-waf"]);
    command.args(["--technique", "BE", "--flush-session", "--disable-coloring", "--ignore-code"]);
    command.args(["400,401,403,404,409,413,415,422,429,500,502,503", "--output-dir"]).arg(folder.path());
    let output = command.env("HOME", folder.path()).output().expect("it is installed");
    let text = String::from_utf8_lossy(&output.stdout);
    // It says of each request that it came to its end, or what it found.
    let ends =
        ["all tested parameters do not appear to be injectable", "identified the following injection point"];
    assert!(ends.iter().any(|end| text.contains(end)), "{asked}{text}");
    let holes = text.lines().filter(|line| line.starts_with("Parameter: ")).map(str::to_owned).collect();
    // One line is said of each, whatever comes of it.
    let tried =
        text.lines().filter(|line| line.contains("] [INFO] testing if ") && line.contains("is dynamic"));
    Found { holes, tried: tried.count() }
}

/// Which places are marked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marks {
    /// Texts alone; all else is as the description wants it, so that it is not refused for that.
    Texts,
    /// Numbers and words as well, as texts.
    All,
}

/// A value that a schema takes, with marks.
fn marked(schema: &Value, document: &Value, marks: Marks) -> Value {
    let schema = match schema["$ref"].as_str() {
        Some(to) => document.pointer(to.trim_start_matches('#')).expect("it leads somewhere"),
        None => schema,
    };
    let schema = schema["anyOf"].get(0).unwrap_or(schema);
    let text = |text: &str| Value::String(format!("{text}{HERE}"));
    match (schema["type"].as_str(), marks) {
        (Some("object"), _) => {
            let fields = schema["properties"].as_object().cloned().unwrap_or_default();
            let made = fields.iter().map(|(name, field)| (name.clone(), marked(field, document, marks)));
            let mut made: Map<String, Value> = made.collect();
            if schema["additionalProperties"] != false {
                made.insert("other".into(), text("1"));
            }
            made.into()
        }
        (Some("array"), _) => json!([marked(&schema["items"], document, marks)]),
        (Some("boolean"), _) => json!(true),
        (Some("integer"), Marks::Texts) => json!(1),
        (Some("integer"), Marks::All) => text("1"),
        _ => match (schema["enum"].get(0).and_then(Value::as_str), marks) {
            (Some(word), Marks::Texts) => word.into(),
            (Some(word), Marks::All) => text(word),
            (None, _) => text("hello"),
        },
    }
}

/// The address of a route with its query, its parts marked.
fn address(route: &Route, operation: &Value, marks: Marks) -> String {
    let parts = BTreeMap::from([("name", "hello"), ("connector", "slack"), ("model", "m")]);
    let path = route.path.split('/').map(|part| {
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        name.map_or(part.to_owned(), |name| format!("{}{HERE}", parts.get(name).unwrap_or(&"1")))
    });
    let path = path.collect::<Vec<_>>().join("/");
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let query = parameters.iter().filter(|parameter| parameter["in"] == "query").filter_map(|it| {
        let (name, schema) = (it["name"].as_str()?, &it["schema"]);
        let value = match (schema["enum"].get(0).and_then(Value::as_str), name) {
            (Some(word), _) => word,
            (None, "since") => "24h",
            (None, _) if schema["type"] == "integer" => "1",
            (None, _) => "hello",
        };
        let is_text = schema["type"] == "string" && schema["enum"].is_null() && name != "since";
        let mark = if marks == Marks::All || is_text { "*" } else { "" };
        Some(format!("{name}={value}{mark}"))
    });
    let query: Vec<String> = query.collect();
    if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
}

#[test]
fn a_tool_of_attackers_finds_no_way_into_the_database() {
    let Some(tool) = tool() else { return };
    let web = served(ROUTES, Limits { rate: 1_000_000, burst: 1_000_000, ..Limits::default() });
    let provider = Provider::start("Hello.", &[]);
    web.key("local", "compatible", provider.address());
    let owner = account(&web, "local", "owner", Role::Owner);
    let (admin, ai) =
        (web.token("local", "admin", Scope::Admin, None), web.token("local", "ai", Scope::Ai, None));
    let document = document(ROUTES);
    let mut requests = vec![];
    for (route, marks) in ROUTES.iter().flat_map(|route| [(route, Marks::Texts), (route, Marks::All)]) {
        let operation = &document["paths"][route.path][route.method.to_ascii_lowercase()];
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let body = (!schema.is_null()).then(|| marked(schema, &document, marks).to_string());
        let (path, body) = (address(route, operation, marks), body.as_deref());
        let shown = operation["security"].as_array().cloned().unwrap_or_default();
        let takes = |scheme: &str| shown.iter().any(|all| all.get(scheme).is_some());
        requests.push(match (takes("token"), takes("key"), takes("session")) {
            (_, true, _) => request(route.method, &path, Some(ai.expose()), body),
            (true, ..) => request(route.method, &path, Some(admin.expose()), body),
            // Each in a browser of its own, since some end a session.
            (_, _, true) => Browser::of(&web, &owner).request(route.method, &path, body),
            _ => request(route.method, &path, None, body),
        });
    }
    // Where there are texts alone, both are the same; what ends a session differs by its session alone.
    let mut seen = BTreeSet::new();
    requests.retain(|request| {
        let (first, body) =
            (request.lines().next().unwrap_or_default(), request.lines().last().unwrap_or_default());
        request.contains(HERE) && seen.insert((first.to_owned(), body.to_owned()))
    });
    // What is shown, and a key of the asker's, are read from the database as well.
    requests.push(request("GET", "/api/v1/runs", Some("kw_1*"), None));
    let cookie = [("cookie", "__Host-keyway=kws_1*".to_owned())];
    requests.push(with_heads("GET", "/api/v1/session", &cookie, None));
    let keyed = request("POST", "/api/v1/workflows/hello/runs", Some(admin.expose()), Some("{}"));
    requests.push(keyed.replacen("\r\n", "\r\nidempotency-key: k*\r\n", 1));
    let marked = requests.len();
    let (began, holes, tries) = (Instant::now(), Mutex::new(vec![]), Mutex::new(0));
    let queue = Mutex::new(requests.into_iter());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(asked) = { queue.lock().expect("nobody panics").next() } {
                    let found = tried(&tool, web.address, &asked);
                    *tries.lock().expect("nobody panics") += found.tried;
                    let line = asked.lines().next().unwrap_or_default();
                    println!("{line}: {} tried, {} holes", found.tried, found.holes.len());
                    let found = found.holes.iter().map(|hole| format!("{line}: {hole}"));
                    holes.lock().expect("nobody panics").extend(found);
                }
            });
        }
    });
    let (holes, tries) =
        (holes.into_inner().expect("nobody panics"), tries.into_inner().expect("nobody panics"));
    println!("{marked} requests with {tries} places in {:?}: {} holes", began.elapsed(), holes.len());
    assert_eq!(holes, Vec::<String>::new());
    assert!(tries > marked, "it tried them");
    assert_eq!(
        web.ask(request("GET", "/api/v1/runs", Some(admin.expose()), None)).status,
        200,
        "it is as it was"
    );
}

/// A service that puts what it is asked for into a statement.
fn gullible() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let database = rusqlite::Connection::open_in_memory().expect("memory");
        database
            .execute_batch("CREATE TABLE runs (name TEXT); INSERT INTO runs VALUES ('hello'), ('other');")
            .expect("SQL");
        for stream in listener.incoming().map_while(Result::ok) {
            drop(answered(&database, stream));
        }
    });
    address
}

fn answered(database: &rusqlite::Connection, mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if let Some(said) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = said.trim().parse().unwrap_or(0);
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    let part =
        url::form_urlencoded::parse(format!("x={last}").as_bytes()).next().map(|(_, it)| it.into_owned());
    let name = body["name"].as_str().map(str::to_owned).or(part).unwrap_or_default();
    let rows =
        database.prepare(&format!("SELECT name FROM runs WHERE name = '{name}'")).and_then(|mut select| {
            let rows = select.query_map([], |row| row.get::<_, String>(0))?;
            rows.collect::<Result<Vec<String>, _>>()
        });
    let (status, body) = match rows {
        Ok(rows) => (200, json!({ "runs": rows })),
        Err(error) => (500, json!({ "message": format!("sqlite3.OperationalError: {error}") })),
    };
    let body = body.to_string();
    write!(
        stream,
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn it_finds_a_way_where_there_is_one() {
    let Some(tool) = tool() else { return };
    let address = gullible();
    for asked in [
        request("GET", "/runs/hello*", None, None),
        request("POST", "/runs", None, Some("{\"name\":\"hello*\"}")),
    ] {
        let found = tried(&tool, address, &asked);
        assert!(!found.holes.is_empty() && found.tried > 0, "{asked}");
    }
}
