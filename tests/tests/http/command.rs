//! `keyway serve` and `keyway token`, as they are typed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tests::keyway::{Answer, Keyway};
use tests::web::request;

fn refused(answer: &Answer, code: i32, says: &str) {
    assert_eq!(answer.faults_as_refusal(code), Vec::<String>::new(), "{answer:?}");
    assert!(answer.stderr.contains(says), "{answer:?}");
}

#[test]
fn what_other_machines_reach_is_asked_for_in_words_and_a_port_is_had_by_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let keyway = Keyway::at(folder.path().join("data"));
    refused(&keyway.run(&["serve", "--listen", "0.0.0.0:0"]), 1, "--allow-remote");
    refused(&keyway.run(&["serve", "--listen", "[::]:0"]), 1, "--allow-remote");
    let taken = TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let address = taken.local_addr().expect("it has one").to_string();
    refused(&keyway.run(&["serve", "--listen", &address]), 2, "--no-http");
    assert_eq!(keyway.run(&["serve", "--no-http", "--host", "x"]).code, Some(2));
    assert_eq!(keyway.run(&["serve", "--calls", "0"]).code, Some(2));
}

#[test]
fn it_ends_while_somebody_holds_a_connection_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let keyway = Keyway::at(folder.path().join("data"));
    let mut service = keyway.spawn(&["serve", "--listen", "127.0.0.1:0"]);
    let mut lines = BufReader::new(service.stderr.take().expect("it is piped")).lines();
    let address = lines.find_map(|line| line.ok()?.split_once("http://").map(|(_, it)| it.to_owned()));
    let mut stream = TcpStream::connect(address.expect("it says where it listens")).expect("it listens");
    stream.write_all(request("GET", "/healthz", None, None).as_bytes()).expect("it reads");
    let mut first = [0; 15];
    stream.read_exact(&mut first).expect("it answers");
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    let began = Instant::now();
    kill_process(Pid::from_child(&service), Signal::TERM).expect("it runs");
    assert_eq!(service.wait().expect("it ends").code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(8), "it waits for nobody: {:?}", began.elapsed());
}

#[test]
fn tokens_are_made_listed_and_removed_and_the_audit_tells_of_it_where_it_can() {
    let folder = tempfile::tempdir().expect("a folder");
    let keyway = Keyway::at(folder.path().join("data"));
    let made = keyway.run(&["token", "add", "ci", "--scope", "run", "--expires", "90d"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let token = made.stdout.trim();
    assert!(token.starts_with("kw_") && token.len() == 52, "{made:?}");
    assert!(
        made.stderr.contains("not shown again") && made.stderr.contains("the audit does not tell"),
        "{made:?}"
    );
    refused(&keyway.run(&["token", "add", "ci"]), 1, "`ci` is there already");
    refused(&keyway.run(&["token", "add", "c i"]), 1, "cannot be a name");
    refused(&keyway.run(&["token", "add", "short", "--expires", "0s"]), 1, "is not a duration");
    refused(&keyway.run(&["token", "rm", "other"]), 1, "there is no token `other`");
    refused(&keyway.run(&["token", "list", "--owner", "nobody"]), 1, "there is no owner `nobody`");
    let listed = keyway.run(&["token", "list", "--json"]);
    let rows = listed.json();
    assert_eq!(
        (&rows[0]["name"], &rows[0]["scope"], &rows[0]["used"]),
        (&json!("ci"), &json!("run"), &json!(null))
    );
    assert!(rows[0]["expires"].is_string() && !listed.stdout.contains(&token[3..]), "{listed:?}");
    // With the first secret the vault has a key, and the audit begins.
    let stored = keyway.run_with(&["secrets", "add", "X", "--host", "a.example", "--stdin"], "value");
    assert_eq!(stored.code, Some(0), "{stored:?}");
    let second = keyway.run(&["token", "add", "second"]);
    assert!(second.code == Some(0) && !second.stderr.contains("audit"), "{second:?}");
    assert_eq!(keyway.run(&["token", "rm", "ci"]).code, Some(0));
    let audit = keyway.run(&["audit", "--json"]);
    let told = audit.json();
    let of: Vec<_> =
        told.as_array().expect("a list").iter().map(|row| (&row["action"], &row["subject"])).collect();
    assert!(of.contains(&(&json!("token_added"), &json!("token/second"))), "{audit:?}");
    assert!(of.contains(&(&json!("token_removed"), &json!("token/ci"))), "{audit:?}");
    assert!(!audit.stdout.contains(second.stdout.trim()));
    // Of one person or program alone: whoever works at the terminal did all of it.
    let actor = told[0]["actor"].as_str().expect("somebody").to_owned();
    let by = |actor: &str| keyway.run(&["audit", "--actor", actor, "--json"]).json();
    assert!(!actor.is_empty() && by(&actor).as_array().is_some_and(|rows| !rows.is_empty()));
    assert_eq!(by("somebody-else"), json!([]));
    assert_eq!(keyway.run(&["audit", "verify"]).code, Some(0));
    // Also what a sealed vault lets in can be put out.
    assert_eq!(keyway.run(&["vault", "seal"]).code, Some(0));
    let removed = keyway.run(&["token", "rm", "second"]);
    assert!(removed.code == Some(0) && removed.stderr.contains("the audit does not tell"), "{removed:?}");
    assert_eq!(keyway.run(&["token", "list", "--json"]).json(), json!([]));
}

#[test]
fn people_are_kept_at_the_terminal_and_the_first_is_let_in_by_the_link_of_the_service() {
    let folder = tempfile::tempdir().expect("a folder");
    let keyway = Keyway::at(folder.path().join("data"));
    let mut service = keyway.spawn(&["serve", "--listen", "127.0.0.1:0"]);
    let mut lines = BufReader::new(service.stderr.take().expect("it is piped")).lines();
    let line = lines.find_map(|line| line.ok().filter(|line| line.contains("nobody can sign in yet")));
    let link = line.expect("it tells a link").split_whitespace().find_map(|word| {
        word.split_once("http://")?
            .1
            .split_once("/dashboard/setup#")
            .map(|(at, link)| (at.to_owned(), link.to_owned()))
    });
    let (address, link) = link.expect("a link");
    let body = json!({ "link": link, "name": "ada", "password": "a password of twelve" }).to_string();
    let mut stream = TcpStream::connect(&address).expect("it listens");
    stream.write_all(request("POST", "/api/v1/setup", None, Some(&body)).as_bytes()).expect("it reads");
    let mut first = [0; 20];
    stream.read_exact(&mut first).expect("it answers");
    assert_eq!(&first, b"HTTP/1.1 201 Created");
    drop(stream);
    kill_process(Pid::from_child(&service), Signal::TERM).expect("it runs");
    assert_eq!(service.wait().expect("it ends").code(), Some(0));
    // The second start tells no link.
    let mut service = keyway.spawn(&["serve", "--listen", "127.0.0.1:0"]);
    let mut lines = BufReader::new(service.stderr.take().expect("it is piped")).lines();
    assert!(lines.by_ref().any(|line| line.is_ok_and(|line| line.contains("listening at"))));
    kill_process(Pid::from_child(&service), Signal::TERM).expect("it runs");
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    assert!(!rest.iter().any(|line| line.contains("nobody can sign in")), "{rest:?}");
    service.wait().expect("it ends");
    let add = |name: &str, password: &str| {
        keyway.run_with(&["user", "add", name, "--role", "editor", "--stdin"], password)
    };
    refused(&add("bob", "short"), 1, "12 letters");
    assert_eq!(add("bob", "a password of twelve").code, Some(0));
    refused(&add("Bob", "a password of twelve"), 1, "`bob` is there already");
    let listed = keyway.run(&["user", "list", "--json"]).json();
    let seats = |at: usize| (&listed[at]["name"], &listed[at]["seats"][0]["role"]);
    assert_eq!((seats(0), seats(1)), ((&json!("ada"), &json!("owner")), (&json!("bob"), &json!("editor"))));
    refused(&keyway.run(&["user", "rm", "ada"]), 1, "nobody else does");
    refused(&keyway.run(&["user", "role", "ada", "viewer"]), 1, "nobody else does");
    assert_eq!(keyway.run(&["user", "role", "bob", "owner"]).code, Some(0));
    assert_eq!(keyway.run(&["user", "unseat", "ada"]).code, Some(0));
    refused(&keyway.run(&["user", "unseat", "ada"]), 1, "there is no member `ada`");
    for what in ["invite", "reset"] {
        let made = keyway.run(&["user", what, "ada"]);
        assert!(made.code == Some(0) && made.stdout.starts_with("kwl_"), "{made:?}");
    }
    assert_eq!(keyway.run_with(&["user", "password", "ada", "--stdin"], "another of twelve").code, Some(0));
    assert_eq!(keyway.run(&["user", "rm", "ada"]).code, Some(0));
    refused(&keyway.run(&["user", "reset", "ada"]), 1, "there is no account `ada`");
}
