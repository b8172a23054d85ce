//! What the system sees of a service at work, by `strace`: it starts no process, and connects to nobody but whom a workflow
//! names.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::place::Place;
use tests::served::Said;
use tests::service::Service;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is watched: processes that are started, and connections that are made.
const WATCHED: &str = "trace=execve,execveat,connect,sendto,sendmsg";

/// What was seen of a process and its threads.
#[derive(Debug, Default)]
struct Seen {
    /// Programs that were started, the first one being the one that was asked for.
    started: Vec<String>,
    /// Addresses of the network to which it connected.
    called: BTreeSet<SocketAddr>,
    /// What else it spoke to: sockets of this machine, and lines that were not understood.
    other: Vec<String>,
}

/// Whether `strace` is there, and may look at a process here.
fn is_there() -> bool {
    let looks = Command::new("strace").args(["-qq", "-e", WATCHED, "true"]).stderr(Stdio::null()).status();
    let there = looks.is_ok_and(|status| status.success());
    if !there {
        assert!(std::env::var_os("CI").is_none(), "`strace` is not installed, or may not look");
        eprintln!("SKIPPED: `strace` is not installed, or may not look");
    }
    there
}

/// Reads what `strace` wrote.
fn read(trace: &str) -> Seen {
    let mut seen = Seen::default();
    for line in trace.lines() {
        let call = line.split_once(' ').map_or(line, |(_, call)| call.trim_start());
        if call.starts_with("execve") {
            seen.started.push(call.to_owned());
        } else if call.starts_with("connect(") || call.starts_with("send") && call.contains("sa_family=") {
            match address(call) {
                Some(address) => drop(seen.called.insert(address)),
                None => seen.other.push(call.to_owned()),
            }
        }
    }
    seen
}

/// The address of the network that a call names.
fn address(call: &str) -> Option<SocketAddr> {
    let between = |from: &str, to: &str| call.split_once(from)?.1.split_once(to).map(|(found, _)| found);
    let port = between("port=htons(", ")")?;
    let host = between("inet_addr(\"", "\")").or_else(|| between("inet_pton(AF_INET6, \"", "\""))?;
    Some(SocketAddr::new(host.parse().ok()?, port.parse().ok()?))
}

/// Asks over HTTP.
fn ask(address: SocketAddr, token: &str, method: &str, path: &str, body: &Value) -> Value {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let body = if method == "GET" { String::new() } else { body.to_string() };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut bytes = vec![];
    stream.read_to_end(&mut bytes).expect("an answer");
    let said = Said::read(&bytes).expect("an answer");
    assert!(said.status < 300, "{method} {path}: {said:?}");
    said.json()
}

/// What is seen of a service in which these workflows, texts behind their names, are deployed and run.
fn watched(workflows: &[(&str, String)]) -> Seen {
    let place = Place::new();
    let token = place.keyway.run(&["token", "add", "watched", "--scope", "admin"]).stdout;
    let token = token.trim();
    let trace = place.path("trace.txt");
    let served = ["serve", "--listen", "127.0.0.1:0", "--allow-private"];
    let plain = place.keyway.command(&served);
    let mut command = Command::new("strace");
    // `-D`: the service is the child, and who watches it is not.
    command.args(["-D", "-f", "-q", "-s", "200", "-e", WATCHED, "-o"]).arg(&trace).arg(plain.get_program());
    command.args(plain.get_args()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let mut service = command.spawn().expect("it was started before");
    let mut lines = BufReader::new(service.stderr.take().expect("it is piped")).lines();
    let address = lines.find_map(|line| line.ok()?.split_once("listening at http://")?.1.parse().ok());
    let address: SocketAddr = address.expect("it says where it listens");
    std::thread::spawn(move || lines.for_each(drop));
    for (name, text) in workflows {
        ask(address, token, "POST", "/api/v1/workflows", &json!({ "text": text }));
        let begun = ask(address, token, "POST", &format!("/api/v1/workflows/{name}/runs"), &json!({}));
        let run = begun["run"].as_str().expect("a run").to_owned();
        let end = Instant::now() + PATIENCE;
        while ask(address, token, "GET", &format!("/api/v1/runs/{run}"), &Value::Null)["status"]
            != "succeeded"
        {
            assert!(Instant::now() < end, "the run does not end");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    let process = rustix::process::Pid::from_child(&service);
    rustix::process::kill_process(process, rustix::process::Signal::TERM).expect("it runs");
    assert!(service.wait().expect("it ends").success(), "it ends in order");
    // Who watches tells last that it has ended.
    let (own, end) = (service.id().to_string(), Instant::now() + PATIENCE);
    loop {
        let text = std::fs::read_to_string(&trace).expect("it was written");
        let has_ended = |line: &str| {
            line.split_once(' ').is_some_and(|(pid, rest)| pid == own && rest.contains("+++ exited"))
        };
        if text.lines().any(has_ended) {
            return read(&text);
        }
        assert!(Instant::now() < end, "it is watched for ever: {text}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn calls(name: &str, address: SocketAddr) -> (&str, String) {
    let step = format!("{{ a: {{ http: {{ url: \"http://{address}/{name}\" }} }} }}");
    (name, format!("name: {name}\nsteps: {step}\noutput: \"{{{{ steps.a.status }}}}\"\n"))
}

#[test]
fn a_service_starts_no_process_and_calls_nobody_who_is_not_named() {
    if !is_there() {
        return;
    }
    let answers = || Service::start(|_| (200, json!({ "ok": true })));
    let (named, other) = (answers(), answers());
    let allowed = BTreeSet::from([named.address]);
    let seen = watched(&[calls("named", named.address)]);
    assert_eq!(named.came_to("GET", "/named").len(), 1, "it was called");
    assert_eq!(seen.started.len(), 1, "{seen:#?}");
    assert_eq!(seen.called, allowed, "{seen:#?}");
    assert_eq!(seen.other, Vec::<String>::new(), "it speaks to nobody else on this machine");
    // The control: one that a workflow calls beside it is seen.
    let seen = watched(&[calls("named", named.address), calls("other", other.address)]);
    assert_eq!(seen.called, BTreeSet::from([named.address, other.address]), "{seen:#?}");
}

#[test]
fn a_process_that_is_started_is_seen() {
    if !is_there() {
        return;
    }
    let place = Place::new();
    let trace = place.path("trace.txt");
    let plain = place.keyway.command(&["secrets", "add", "S", "--stdin"]);
    let mut command = Command::new("strace");
    command
        .args(["-f", "-qq", "-e", WATCHED, "-o"])
        .arg(&trace)
        .arg(plain.get_program())
        .args(plain.get_args());
    // A command that prints the root key is the one thing that it starts.
    command.env("KEYWAY_ROOT_COMMAND", "echo no key").env("XDG_CONFIG_HOME", place.keyway.config());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().expect("it was started before");
    let seen = read(&std::fs::read_to_string(&trace).expect("it was written"));
    assert!(seen.started.len() > 1, "{seen:#?}");
}

#[test]
fn what_strace_writes_is_understood() {
    let seen = read(
        "12 execve(\"/bin/keyway\", [\"keyway\"], 0x7ffd /* 20 vars */) = 0\n\
         13    connect(9, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0\n\
         13 connect(9, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, \"::1\", &sin6_addr), sin6_scope_id=0}, 28) = 0\n\
         14 sendto(3, \"x\", 1, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr(\"9.9.9.9\")}, 16) = 1\n\
         14 sendto(3, \"x\", 1, MSG_NOSIGNAL, NULL, 0) = 1\n\
         15 connect(4, {sa_family=AF_UNIX, sun_path=\"/run/nscd\"}, 110) = -1 ENOENT\n",
    );
    assert_eq!((seen.started.len(), seen.other.len()), (1, 1));
    let called: Vec<String> = seen.called.iter().map(ToString::to_string).collect();
    assert_eq!(called, ["9.9.9.9:53", "127.0.0.1:8080", "[::1]:443"]);
}
