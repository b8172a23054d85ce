//! The requests of fixtures against descriptions in GraphQL, where they are at hand: `KEYWAY_SPECS` names the folder of the script
//! `graphql-mock.py`, `KEYWAY_DESCRIPTIONS` that of the descriptions, `NAME.graphql` for each service, and `KEYWAY_PYTHON` a Python
//! with `graphql-core`. Without them nothing is judged, since the project stands alone. `KEYWAY_WRITE=1` keeps the verdict on each
//! service all of whose requests fit, as `specs.rs` does.

#![allow(clippy::unwrap_used)]

mod play;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use connectors::library::Library;
use serde_json::{Value as Json, json};

/// How long the validator may take to read a description.
const PATIENCE: Duration = Duration::from_secs(60);

/// A validator that has read a description.
struct Judge {
    child: Child,
    port: u16,
}

impl Judge {
    fn of(tools: &Path, description: &Path) -> Judge {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let python = std::env::var("KEYWAY_PYTHON").unwrap_or_else(|_| "python3".into());
        let mut command = Command::new(python);
        command.arg(tools.join("graphql-mock.py")).arg(description).arg(port.to_string());
        let judge = Judge { child: command.spawn().unwrap(), port };
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "`{}` is not read", description.display());
            std::thread::sleep(Duration::from_millis(50));
        }
        judge
    }

    /// What is wrong with a request, if anything.
    fn refuses(&self, body: &Json) -> Option<String> {
        let body = body.to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = "POST / HTTP/1.0\r\nauthorization: x\r\ncontent-type: application/json";
        write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap_or_default();
        (status != "200").then(|| answer.lines().last().unwrap_or_default().to_owned())
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn named() -> Option<(PathBuf, PathBuf)> {
    let folder = |name: &str| {
        let folder = PathBuf::from(std::env::var_os(name)?);
        assert!(folder.is_dir(), "{name} names `{}`, which is no folder", folder.display());
        Some(folder)
    };
    let named = folder("KEYWAY_SPECS").zip(folder("KEYWAY_DESCRIPTIONS"));
    if named.is_none() {
        println!("SKIPPED: KEYWAY_SPECS and KEYWAY_DESCRIPTIONS name nothing, and nothing is judged");
    }
    named
}

#[test]
fn every_document_of_a_fixture_fits_the_description_of_its_service() {
    let Some((tools, descriptions)) = named() else { return };
    let only = std::env::var("KEYWAY_SERVICES").ok();
    let only: Option<Vec<&str>> = only.as_deref().map(|names| names.split(',').collect());
    let library = Library::embedded();
    let (mut judged, mut faults) = (0, vec![]);
    for name in library.names().filter(|name| only.as_ref().is_none_or(|only| only.contains(name))) {
        let file = descriptions.join(format!("{}.graphql", name.replace('_', "-")));
        if !file.is_file() {
            continue;
        }
        let judge = Judge::of(&tools, &file);
        // The control: what the description has not is refused.
        assert!(
            judge.refuses(&json!({ "query": "query { nothing_of_this_name { id } }" })).is_some(),
            "{name}"
        );
        let (mut actions, mut wrong): (BTreeMap<String, usize>, Vec<String>) = (BTreeMap::new(), vec![]);
        for fixture in play::of(library.find(name).unwrap()) {
            for exchange in fixture.exchanges() {
                let body = &exchange["expect_request"]["body"];
                if body.get("query").is_none() {
                    continue;
                }
                judged += 1;
                let why = judge.refuses(body);
                wrong.extend(why.map(|why| format!("{name}/{}: {why}", fixture.name)));
            }
            *actions.entry(fixture.action).or_default() += 1;
        }
        println!("{name}: {} actions, {} requests refused", actions.len(), wrong.len());
        if wrong.is_empty() && std::env::var_os("KEYWAY_WRITE").is_some() {
            let date = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
            let state = play::state(&library, name);
            keep(name, json!({ "date": date, "state": state, "actions": actions, "beyond": 0 }));
        }
        faults.extend(wrong);
    }
    println!("{judged} requests judged");
    assert!(judged > 0 || only.is_some(), "nothing is judged");
    assert!(faults.is_empty(), "{} of {judged} requests:\n{}", faults.len(), faults.join("\n"));
}

/// Keeps a verdict, in the place of the one before.
fn keep(name: &str, verdict: Json) {
    let kept = std::fs::read_to_string(play::judged()).unwrap_or_default();
    let mut kept: BTreeMap<String, Json> = serde_json::from_str(&kept).unwrap_or_default();
    kept.insert(name.to_owned(), verdict);
    std::fs::write(play::judged(), serde_json::to_string_pretty(&kept).unwrap() + "\n").unwrap();
}
