//! What a call of a connector costs beside the network, and the memory of a large file on its way: against a server of its
//! own process on this machine. `cargo run --release -p tests --bin connectors`; `KEYWAY_REPORT` names the page to write.

mod double;

use std::io::BufRead as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use connectors::connection::{Coming, Connection, Connections};
use connectors::contents::Contents;
use connectors::library::Library;
use connectors::manifest::Manifest;
use connectors::meter::Meter;
use connectors::{Connectors, Request, Settings};
use dsl::catalog::Failure;
use dsl::value::Value;
use egress::{Client, Policy};
use secret::{NoVault, Open, Refused, Secret};
use tests::machine::{cpu_time, peak_memory_of};
use tests::report::{Report, number};
use tokio::runtime::Runtime;

const MANIFEST: &str = r#"
connector: double
name: Double
version: 1.0.0
about: A service on this machine.
hosts: [double.example]
base: https://double.example
auth: { token: { kind: bearer } }
defaults:
  headers: { accept: application/json }
  errors:
    - { when: response.status == 429, as: rate_limited }
    - { when: not response.body.ok, as: fail, message: "{{ response.body.error }}" }
  limits: { budgets: [{ limit: 1000000, per: 1s }], concurrency: 100 }
actions:
  post:
    about: Post a message.
    effect: create
    safety: keyed
    input:
      channel: { type: string, description: "Where." }
      text: { type: string, description: "What." }
      thread: { type: string, optional: true, description: "Beside what." }
    request:
      method: POST
      path: /channels/{{ input.channel }}/messages
      json: { text: "{{ input.text }}", thread: "{{ input.thread }}", blocks: [{ kind: text, text: "{{ upper(input.text) }}" }] }
    idempotency: { header: idempotency-key }
    returns: { id: string, text: string, author: { id: string, name: string? } }
  download:
    about: Download.
    effect: read
    safety: read
    request: { method: GET, path: /file, reads: bytes }
    errors: [{ when: response.status == 200, as: ok }]
    output: { file: "{{ response.body }}" }
    returns: { file: bytes }
  upload:
    about: Upload.
    effect: create
    safety: once
    input: { file: { type: bytes, description: "The file." } }
    request: { method: POST, path: /file, bytes: "{{ input.file }}" }
    returns: { size: integer }
"#;

/// A connection with one token.
struct One;

impl Open for One {
    fn open(&self, _: &str, _: &str) -> Result<Secret, Refused> {
        Ok(Secret::new("token-0123456789".into()))
    }
}

impl Connections for One {
    fn fresh<'a>(&'a self, _: &'a Manifest, _: Option<&'a str>) -> Coming<'a> {
        let secrets = [("token".to_owned(), "token".to_owned())].into();
        let connection = Connection { secrets, open: Arc::new(One), ..Connection::nobody("token") };
        Box::pin(std::future::ready(Ok(connection)))
    }

    fn refused<'a>(&'a self, manifest: &'a Manifest, _: &'a Connection) -> Coming<'a> {
        self.fresh(manifest, None)
    }
}

/// A server in a process of its own; it ends with this value.
struct Double {
    child: Child,
    base: String,
}

impl Double {
    fn start() -> Result<Double> {
        let mut child = Command::new(std::env::current_exe()?).arg("serve").stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let out = child.stdout.take().context("the server has an output")?;
        std::io::BufReader::new(out).read_line(&mut line)?;
        Ok(Double { child, base: format!("http://{}", line.trim()) })
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn connectors(folder: &std::path::Path) -> Connectors {
    let policy = Policy { allow_private: true, ..Policy::default() };
    Connectors::new(Settings {
        files: folder.join("files"),
        protected: vec![],
        contents: Contents::new(folder.join("contents")),
        egress: Client::new(policy, Arc::new(NoVault)),
        library: Arc::new(Library::default().with_text("double", MANIFEST.into())),
        connections: Arc::new(One),
        meter: Meter::default().of("o", "w"),
    })
}

fn main() -> Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("serve") => return double::serve(),
        Some("file") => return file(&std::env::args().nth(2).context("an address")?),
        _ => {}
    }
    let report =
        Report::begin("What a call of a connector costs", "cargo run --release -p tests --bin connectors");
    let double = Double::start()?;
    let folder = tempfile::tempdir_in(tests::root().join("target"))?;
    let connectors = connectors(folder.path());
    let calls = usize::try_from(number("KEYWAY_CALLS", 50_000))?;
    let mut body = String::from("| What | Aim | Measured |\n| --- | --- | --- |\n");
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    // What comes first is slower: connections are made, the manifest is read.
    tokio.block_on(many(&connectors, &double.base, calls / 10, 16))?;
    for at_once in [1, 64] {
        let (clock, cpu) = (Instant::now(), cpu_time());
        tokio.block_on(many(&connectors, &double.base, calls, at_once))?;
        let (clock, cpu) = (clock.elapsed(), cpu_time() - cpu);
        let each = cpu.as_secs_f64() * 1e6 / calls as f64;
        let aim = if at_once > 1 { ["150 µs", "5000"] } else { ["", ""] };
        body += &format!("| processor time of a call, {at_once} at once | {} | {each:.0} µs |\n", aim[0]);
        let speed = calls as f64 / clock.as_secs_f64();
        body += &format!("| calls in a second, {at_once} at once | {} | {speed:.0} |\n", aim[1]);
    }
    body += &through(&double.base)?;
    body += &format!(
        "\n{calls} calls for each figure; a call has JSON both ways, a token, a key, rules and a budget.\n"
    );
    body += &format!("Load of the machine at the end: {}.\n", tests::machine::load());
    report.tell(&body);
    Ok(())
}

/// So many calls, so many of them at once.
async fn many(connectors: &Connectors, base: &str, calls: usize, at_once: usize) -> Result<()> {
    let args = Value::object([("channel", Value::text("C 012")), ("text", Value::text("Hello, world"))]);
    let mut tasks = tokio::task::JoinSet::new();
    for one in 0..at_once {
        let (connectors, base, args) = (connectors.clone(), base.to_owned(), args.clone());
        tasks.spawn(async move {
            for at in (one..calls).step_by(at_once) {
                let key = format!("key-{at}");
                let request = Request { base: Some(&base), ..Request::new("double.post", &args, &key) };
                connectors.call(request).await?;
            }
            Ok::<(), Failure>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done?.map_err(|failure| anyhow::anyhow!("{failure}"))?;
    }
    Ok(())
}

/// A large file in a process of its own, so that its memory is that of the file alone.
fn through(base: &str) -> Result<String> {
    let output = Command::new(std::env::current_exe()?).args(["file", base]).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// Downloads a file, and uploads it again. Tells the rows of the table.
fn file(base: &str) -> Result<()> {
    let folder = tempfile::tempdir_in(tests::root().join("target"))?;
    let connectors = connectors(folder.path());
    let tokio = Runtime::new()?;
    let call = |action: &'static str, args: Value| -> Result<(Value, Duration)> {
        let begun = Instant::now();
        let request = Request { base: Some(base), ..Request::new(action, &args, "key") };
        let value =
            tokio.block_on(connectors.call(request)).map_err(|failure| anyhow::anyhow!("{failure}"))?;
        Ok((value, begun.elapsed()))
    };
    let (gave, down) = call("double.download", Value::Null)?;
    let file = gave.get("file").context("a file")?.clone();
    let (told, up) = call("double.upload", Value::object([("file", file.clone())]))?;
    ensure!(told.get("size") == Some(&Value::Int(double::size() as i64)), "{told}");
    let url = format!("{base}/file");
    let (answer, by_http) = call("http.request", Value::object([("url", Value::text(url))]))?;
    let same = matches!((answer.get("body"), &file), (Some(Value::File(long)), Value::File(file)) if long.content == file.content);
    ensure!(same, "another content: {answer}");
    let peak = peak_memory_of(std::process::id())?;
    let (mb, seconds) = (double::size() / 1_000_000, |length: Duration| length.as_secs_f64());
    println!("| {mb} MB are downloaded and kept | | {:.1} s |", seconds(down));
    println!("| {mb} MB are uploaded from there | | {:.1} s |", seconds(up));
    println!("| {mb} MB are the answer of `http.request` | | {:.1} s |", seconds(by_http));
    println!("| most memory of the process with them | 50 MB | {} MB |", peak.div_ceil(1_000_000));
    Ok(())
}
