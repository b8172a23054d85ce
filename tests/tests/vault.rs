//! Secrets from the terminal to the service that they are for, and nowhere else.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use server::vault::{Bound, Entry, Kind, LOCAL, Source, Vault, Want, What, Who};
use tempfile::TempDir;
use tests::canary::{Canary, Trace};
use tests::keyway::{Answer, Keyway, wait};

/// A service that remembers what it was sent and says it back in the way that the path asks for.
struct Echo {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Echo {
    fn start() -> Echo {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let echo = Echo { address: listener.local_addr().expect("it has an address"), seen: Arc::default() };
        let (seen, address) = (echo.seen.clone(), echo.address);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = seen.clone();
                // A client that goes away has nothing to be told.
                std::thread::spawn(move || drop(serve(stream, &seen, address)));
            }
        });
        echo
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(stream: TcpStream, seen: &Mutex<Vec<String>>, own: SocketAddr) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let all = format!("{head}{}", String::from_utf8_lossy(&body));
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(all.clone());
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let (status, more) = match &*path {
        "/401" => (401, String::new()),
        "/429" => (429, "retry-after: 0\r\n".into()),
        "/500" => (500, String::new()),
        // To another origin: `localhost` is not `127.0.0.1`.
        "/redirect" => (302, format!("location: http://localhost:{}/after\r\n", own.port())),
        "/slow" => {
            std::thread::sleep(Duration::from_secs(3));
            (200, String::new())
        }
        "/cut" => {
            writer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")?;
            return writer.write_all(all.as_bytes());
        }
        _ => (200, String::new()),
    };
    let echoed = serde_json::json!({ "you_said": all }).to_string();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\n{more}content-length: {}\r\n\r\n",
        echoed.len()
    );
    writer.write_all(head.as_bytes())?;
    writer.write_all(echoed.as_bytes())
}

struct Place {
    folder: TempDir,
    keyway: Keyway,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let keyway = Keyway::at(folder.path().join("data"));
        Place { folder, keyway }
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("a file in a folder of ours");
        path.display().to_string()
    }

    fn data(&self) -> PathBuf {
        self.keyway.data.clone()
    }

    fn store(&self, name: &str, value: &str, host: &str) -> Answer {
        let answer = self.keyway.run_with(&["secrets", "add", name, "--host", host, "--stdin"], value);
        assert_eq!(answer.code, Some(0), "{answer:?}");
        answer
    }

    fn run(&self, file: &str) -> Answer {
        let mut command = self.keyway.command(&["run", file, "--json", "--allow-private"]);
        // All that could be logged is.
        command.env("KEYWAY_LOG", "trace");
        tests::keyway::finish(command)
    }
}

/// A workflow that sends a secret in every way that it may be sent.
fn asking(url: &str) -> String {
    format!(
        "name: asking\nsteps:\n  ask:\n    http:\n      method: POST\n      url: \"{url}\"\n      \
         auth: {{ bearer: \"{{{{ secret('CRM') }}}}\" }}\n      headers: {{ x-signed: \"{{{{ hmac_sha256(secret('CRM'), 'a') }}}}\", \
         x-coded: \"{{{{ base64(secret('CRM')) }}}}\" }}\n      json: {{ token: \"{{{{ secret('CRM') }}}}\" }}\n    \
         timeout: 1s\n    retry: 1\noutput: {{ said: \"{{{{ steps.ask.body }}}}\" }}\n"
    )
}

fn traces(canary: &Canary, place: &Place, answers: &[(&str, &Answer)]) -> Vec<Trace> {
    let (files, mut traces) = canary.in_folder(&place.data());
    assert!(files >= 2, "the database and the lock are there");
    for (name, answer) in answers {
        for text in [&answer.stdout, &answer.stderr] {
            traces.extend(canary.in_bytes(Path::new(name), text.as_bytes()));
        }
    }
    traces
}

#[test]
fn a_secret_arrives_and_leaves_no_trace_whatever_the_service_does() {
    let (place, echo) = (Place::new(), Echo::start());
    let canary = Canary::new("crm");
    let mut answers = vec![("add", place.store("CRM", &format!("{}\n", canary.value), "127.0.0.1"))];
    for path in ["/200", "/401", "/429", "/500", "/redirect", "/slow", "/cut"] {
        let file = place.file(&format!("{}.yaml", &path[1..]), &asking(&echo.url(path)));
        let answer = place.run(&file);
        let wanted = if matches!(path, "/200" | "/redirect") { Some(0) } else { Some(1) };
        assert_eq!(answer.code, wanted, "{path}: {answer:?}");
        let run = answer.run_id();
        answers.push((path, answer));
        for shown in [&["show", &run, "--full"][..], &["show", &run, "--json"], &["runs", "--json"]] {
            answers.push(("show", place.keyway.run(shown)));
        }
    }
    let seen = echo.seen();
    let authorised = format!("authorization: Bearer {}", canary.value);
    assert_eq!(
        seen.iter().filter(|request| request.to_lowercase().contains(&authorised.to_lowercase())).count(),
        7
    );
    let elsewhere = seen.iter().find(|request| request.starts_with("GET /after")).expect("it is followed");
    assert_eq!(canary.in_bytes(Path::new("/after"), elsewhere.as_bytes()), [], "and takes no secret along");
    for command in
        [&["secrets", "list"][..], &["secrets", "list", "--json"], &["audit", "--json"], &["vault", "verify"]]
    {
        let answer = place.keyway.run(command);
        assert_eq!(answer.code, Some(0), "{command:?}: {answer:?}");
        answers.push(("list", answer));
    }
    let said = answers.iter().map(|(name, answer)| (*name, answer)).collect::<Vec<_>>();
    assert_eq!(traces(&canary, &place, &said), []);
    assert!(answers[1].1.stdout.contains("***"), "what the service said back was there, and is covered");
    let used = place.keyway.run(&["audit", "--key", "CRM", "--json"]).json();
    let used = used.as_array().expect("a list").iter().filter(|row| row["action"] == "used").count();
    assert_eq!(used, 7, "one use for each exchange");
}

/// The control: what a workflow keeps on purpose is found, and so is each spelling in a file.
#[test]
fn a_planted_leak_is_found() {
    let place = Place::new();
    let canary = Canary::new("leak");
    let file = place.file(
        "leak.yaml",
        "name: leak\ninputs: { a: string }\nsteps: { a: { set: { b: \"{{ inputs.a }}\" } } }\n",
    );
    let answer = place.keyway.run(&["run", &file, "--json", "--input", &format!("a={}", canary.value)]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let found = traces(&canary, &place, &[("run", &answer)]);
    assert!(found.iter().any(|trace| trace.place.to_string_lossy().contains("keyway.db")), "{found:?}");
    assert!(found.iter().any(|trace| trace.place == Path::new("run")), "{found:?}");
    let mut missed = vec![];
    for (name, text) in canary.spellings() {
        let path = place.data().join("planted");
        std::fs::write(&path, text).expect("a file in a folder of ours");
        let (_, found) = canary.in_folder(&place.data());
        if !found.iter().any(|trace| trace.place == path && trace.spelling == name) {
            missed.push(name);
        }
    }
    assert_eq!(missed, Vec::<&str>::new());
}

fn refusal(answer: &Answer) -> String {
    assert_eq!(answer.code, Some(1), "{answer:?}");
    let error = answer.json()["error"].clone();
    assert_eq!(error["kind"], "refused", "{error}");
    error["message"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_secret_goes_to_its_hosts_alone_and_a_sealed_vault_opens_nothing() {
    let (place, echo) = (Place::new(), Echo::start());
    let file = place.file("asking.yaml", &asking(&echo.url("/200")));
    assert!(refusal(&place.run(&file)).contains("there is no secret `CRM`"));
    place.store("OTHER", "value", "127.0.0.1");
    assert!(refusal(&place.run(&file)).contains("there is no secret `CRM`"));
    place.store("CRM", "the-secret-value", "api.example.com");
    assert!(refusal(&place.run(&file)).contains("the secret `CRM` is not for the host `127.0.0.1`"));
    let rotated = ["secrets", "rotate", "CRM", "--host", "127.0.0.1", "--stdin"];
    assert_eq!(place.keyway.run_with(&rotated, "another-value").code, Some(0));
    assert_eq!(place.run(&file).code, Some(0));
    assert_eq!(place.keyway.run(&["vault", "seal"]).code, Some(0));
    assert!(refusal(&place.run(&file)).contains("the vault is sealed: somebody sealed it"));
    let plain = place.file("plain.yaml", "name: plain\nsteps: { a: { set: { b: 1 } } }\n");
    assert_eq!(place.run(&plain).code, Some(0), "what needs no secret runs");
    assert_eq!(place.keyway.run(&["vault", "unseal"]).code, Some(0));
    assert_eq!(place.run(&file).code, Some(0));
    assert_eq!(place.keyway.run(&["secrets", "rm", "CRM"]).code, Some(0));
    assert!(refusal(&place.run(&file)).contains("there is no secret `CRM`"));
    assert_eq!(echo.seen().len(), 2, "nothing was sent without its secret");
}

#[test]
fn secrets_are_stored_and_keys_are_changed_beside_a_process_that_moves_runs() {
    let (place, echo) = (Place::new(), Echo::start());
    place.store("FIRST", "value", "127.0.0.1");
    let text =
        asking(&echo.url("/200")).replace("  ask:\n", "  pause: { wait: 4s }\n  ask:\n    after: pause\n");
    let file = place.file("later.yaml", &text);
    let running = place.keyway.spawn(&["run", &file, "--json", "--allow-private"]);
    place.store("CRM", "a-late-secret", "127.0.0.1");
    for which in ["root", "owner", "data"] {
        let rotated = place.keyway.run(&["vault", "rotate", which]);
        assert_eq!(rotated.code, Some(0), "{which}: {rotated:?}");
    }
    let answer = wait(running);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert!(echo.seen()[0].contains("a-late-secret"));
}

#[test]
fn a_process_that_is_killed_while_it_changes_keys_leaves_everything_readable() {
    let place = Place::new();
    for n in 0..10 {
        place.store(&format!("S{n}"), &format!("value {n}"), "127.0.0.1");
    }
    for n in 0..12 {
        let which = ["root", "owner", "data"][n % 3];
        let mut rotating = place.keyway.spawn(&["vault", "rotate", which]);
        std::thread::sleep(Duration::from_millis(4 * n as u64));
        // It may have ended by itself.
        let _ = rotating.kill();
        rotating.wait().expect("it can be waited for");
        let verified = place.keyway.run(&["vault", "verify", "--json"]).json();
        assert_eq!(
            (&verified["secrets"], &verified["wrong"]),
            (&10.into(), &serde_json::json!([])),
            "{which}"
        );
    }
}

#[test]
fn keys_are_listed_without_what_they_hold_and_one_comes_first() {
    let place = Place::new();
    let key = "sk-canary0123456789abcdef4f2a";
    let add = |arguments: &[&str]| {
        place.keyway.run_with(&[&["keys", "add"], arguments, &["--stdin"]].concat(), key)
    };
    assert_eq!(add(&["openai", "--no-test"]).code, Some(0));
    assert_eq!(add(&["openai", "--name", "second", "--no-test"]).code, Some(0));
    let azure = add(&[
        "azure",
        "--base-url",
        "https://mine.openai.azure.com",
        "--api-version",
        "2024-10-21",
        "--deployment",
        "d=gpt-5-mini",
        "--no-test",
    ]);
    assert_eq!(azure.code, Some(0), "{azure:?}");
    for (wrong, told) in [
        (&["opnai"][..], "did you mean `openai`"),
        (&["azure"], "--base-url"),
        (&["compatible", "--base-url", "http://a.example"], "is not a base URL"),
        (&["openai"], "the key `openai` is there already"),
    ] {
        let answer = add(wrong);
        assert_eq!(answer.code, Some(1), "{answer:?}");
        assert!(answer.stderr.contains(told), "{answer:?}");
    }
    assert_eq!(place.keyway.run(&["keys", "use", "second"]).code, Some(0));
    let list = place.keyway.run(&["keys", "list"]);
    let names: Vec<&str> =
        list.stdout.lines().skip(1).filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert_eq!(names, ["azure", "second", "openai"]);
    assert!(
        list.stdout.contains("sk-…4f2a") && list.stdout.contains("untested") && !list.stdout.contains(key)
    );
    assert_eq!(place.keyway.run(&["keys", "revoke", "second"]).code, Some(0));
    assert!(place.keyway.run(&["keys", "list"]).stdout.contains("revoked"));
    assert_eq!(place.keyway.run(&["keys", "rm", "second"]).code, Some(0));
    assert_eq!(place.keyway.run(&["keys", "rm", "second"]).code, Some(1));
    let audit = place.keyway.run(&["audit", "--since", "1h"]);
    for word in ["added", "preferred", "revoked", "removed", "key/second@1"] {
        assert!(audit.stdout.contains(word), "{word}: {audit:?}");
    }
    assert_eq!(place.keyway.run(&["audit", "verify"]).code, Some(0));
}

#[test]
fn what_cannot_be_is_one_clear_message() {
    let place = Place::new();
    place.store("OTHER", "value", "127.0.0.1");
    let none = place.keyway.run(&["secrets", "add", "A"]);
    assert_eq!(none.faults_as_refusal(2), Vec::<String>::new());
    assert!(none.stderr.contains("there is no terminal to type it at"), "{none:?}");
    for (arguments, input, told) in [
        (&["secrets", "add", "a b", "--stdin"][..], "x", "cannot be a name"),
        (&["secrets", "add", "A", "--stdin"], "", "the secret is empty"),
        (&["secrets", "add", "A", "--stdin"], &"x".repeat(1 << 20), "at most 65536 bytes"),
        (&["secrets", "add", "A", "--host", "https://a.example", "--stdin"], "x", "is not a host"),
        (&["secrets", "rm", "B"], "", "there is no secret `B`"),
        (&["keys", "add", "openai", "--stdin"], "two words", "no blanks"),
        (&["audit", "--since", "yesterday"], "", "is no moment"),
    ] {
        let answer = place.keyway.run_with(arguments, input);
        assert!(answer.stderr.contains(told), "{arguments:?}: {answer:?}");
        let code = answer.code.unwrap_or(0);
        assert!((1..=2).contains(&code) && answer.faults_as_refusal(code).is_empty(), "{answer:?}");
    }
    // A value cannot be an argument at all.
    let argument = place.keyway.run(&["secrets", "add", "A", "the-value"]);
    assert_eq!(argument.code, Some(2), "{argument:?}");
}

#[test]
fn without_its_root_key_the_vault_says_so_and_keeps_what_it_has() {
    let place = Place::new();
    place.store("CRM", "value", "127.0.0.1");
    let roots = place.keyway.config().join("keyway/roots");
    let moved = place.folder.path().join("moved");
    std::fs::rename(&roots, &moved).expect("the folder of root keys");
    let status = place.keyway.run(&["vault", "status", "--json"]).json();
    assert_eq!(status["state"], "sealed", "{status}");
    let add = place.keyway.run_with(&["secrets", "add", "B", "--stdin"], "x");
    assert_eq!(add.faults_as_refusal(2), Vec::<String>::new());
    assert!(
        add.stderr.contains("the vault is sealed: there is no root key at") && !roots.exists(),
        "{add:?}"
    );
    std::fs::rename(&moved, &roots).expect("it can be moved back");
    assert_eq!(place.keyway.run(&["vault", "status", "--json"]).json()["state"], "open");
}

#[test]
fn no_core_file_is_written_of_a_process_that_holds_secrets() {
    let (place, echo) = (Place::new(), Echo::start());
    place.store("CRM", "value", "127.0.0.1");
    let file = place.file("slow.yaml", &asking(&echo.url("/slow")));
    let mut running = place.keyway.spawn(&["run", &file, "--json", "--allow-private"]);
    let limits = std::fs::read_to_string("/proc/self/limits").expect("this is Linux");
    let core = |limits: &str| limits.lines().find(|line| line.starts_with("Max core")).map(str::to_owned);
    assert!(core(&limits).is_some());
    let end = std::time::Instant::now() + Duration::from_secs(30);
    while echo.seen().is_empty() {
        assert!(std::time::Instant::now() < end, "it asks");
        std::thread::sleep(Duration::from_millis(5));
    }
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", running.id())).expect("it is running");
    running.kill().expect("it is running");
    running.wait().expect("it ends");
    let numbers: Vec<String> =
        core(&limits).expect("a line").split_whitespace().skip(4).take(2).map(str::to_owned).collect();
    assert_eq!(numbers, ["0", "0"]);
}

/// Breaks off in a process that has a secret open, and prints all that can be printed of what is at hand.
#[test]
#[ignore = "it panics: the next test starts it in a process of its own"]
fn breaks_off_with_a_secret_open() {
    let value = std::env::var("KEYWAY_CANARY").expect("the next test gives it");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("data")).expect("a folder");
    let source = Source::File(folder.path().join("keys/root.key"));
    let vault = Arc::new(Vault::at(&folder.path().join("data/keyway.db"), source).expect("a vault"));
    let who = Who { owner: LOCAL, actor: "run 1" };
    let (name, connector, host) = ("CRM", "http", "api.example.com");
    let entry = Entry {
        kind: Kind::Secret,
        name: name.into(),
        connector: connector.into(),
        hosts: vec![host.into()],
        settings: Default::default(),
        rank: 0,
        value: server::Secret::new(value),
    };
    vault.add(who, &entry).expect("it is stored");
    let want = Want { who, what: What::Secret(name), connector, host };
    let held = vault.resolve(&want).expect("it opens");
    let bound = Bound {
        vault: vault.clone(),
        owner: LOCAL.into(),
        actor: "run 1".into(),
        connector: connector.into(),
    };
    let filled = server::probe::Open::open(&bound, name, host).expect("it opens");
    let refused = server::probe::Open::open(&bound, name, "evil.example").err();
    let listed = vault.list(LOCAL, Kind::Secret).expect("a list");
    // The control: somebody exposes it on purpose.
    let exposed = std::env::var_os("KEYWAY_EXPOSED").map(|_| (held.secret.expose(), filled.expose()));
    panic!(
        "{want:?} {:?} {:?} {:?} {refused:?} {listed:?} {exposed:?}",
        held.name, held.payer, held.settings
    );
}

#[test]
fn a_panic_while_a_secret_is_open_tells_nothing_of_it() {
    let canary = Canary::new("panic");
    let traces = |exposed: bool| {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", "breaks_off_with_a_secret_open", "--ignored", "--nocapture"]);
        command.env("KEYWAY_CANARY", &canary.value).env("RUST_BACKTRACE", "full");
        if exposed {
            command.env("KEYWAY_EXPOSED", "1");
        }
        let output = command.output().expect("it can be run");
        let said = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&said);
        assert!(text.contains("panicked at") && text.contains("evil.example"), "{text}");
        canary.in_bytes(Path::new("panic"), &said)
    };
    assert_eq!(traces(false), []);
    assert_ne!(traces(true), [], "what is exposed on purpose is found");
}
