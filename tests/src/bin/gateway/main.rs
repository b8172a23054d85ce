//! What the way over Keyway costs a program beside asking the model itself: time that is added, CPU, how many questions a
//! second, memory; with a token, a route, a budget and a durable ledger in the path. `wrk` asks, and the provider is a double
//! in a process of its own, which answers at once.
//!
//! `cargo run --release -p tests --bin gateway` measures and writes `docs/measured/gateway.md`; it wants `wrk` and the release
//! binary (`cargo build --release`). `--upstream FILE.py` takes another double, which is started with a port; `--quick`
//! measures a fifth and writes nothing.

mod double;
mod wrk;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tests::machine;
use tests::served::Served;
use wrk::{Ask, Figures};

const KEY: &str = "sk-measured-0123456789abcdef";

/// How many ask at once.
const AT_ONCE: [u32; 3] = [1, 8, 32];

/// What is asked for.
#[derive(Clone)]
struct Plan {
    seconds: u64,
    writes: bool,
    upstream: Option<String>,
}

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let mut plan = Plan { seconds: 10, writes: true, upstream: None };
    while let Some(word) = words.next() {
        match &*word {
            "--double" => return double::serve(&words.next().context("a port")?),
            "--quick" => (plan.seconds, plan.writes) = (2, false),
            "--upstream" => plan.upstream = Some(words.next().context("`--upstream` wants a file")?),
            word => bail!("`{word}` is none of its words: `--quick`, `--upstream FILE`"),
        }
    }
    let report = measured(&plan)?;
    println!("{report}");
    if plan.writes {
        std::fs::write(tests::root().join("docs/measured/gateway.md"), report)?;
        eprintln!("written to docs/measured/gateway.md");
    }
    Ok(())
}

/// A double that ends with this.
struct Double {
    child: Child,
    port: u16,
}

impl Double {
    fn start(plan: &Plan) -> Result<Double> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        drop(listener);
        let mut command = match &plan.upstream {
            Some(file) => {
                let mut command = Command::new("python3");
                command.arg(file);
                command
            }
            None => {
                let mut command = Command::new(std::env::current_exe()?);
                command.arg("--double");
                command
            }
        };
        let child = command.arg(port.to_string()).stdin(Stdio::null()).spawn()?;
        let double = Double { child, port };
        let end = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(Instant::now() < end, "the double does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(double)
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn measured(plan: &Plan) -> Result<String> {
    let (commit, at_first) = (machine::commit(), machine::load());
    let double = Double::start(plan)?;
    let served = Served::with(|place| {
        let base = format!("{}/v1", double.url());
        let add = ["keys", "add", "openai", "--name", "mine", "--base-url", &base, "--no-test", "--stdin"];
        place.keyway.run_with(&add, KEY);
        place.keyway.run(&["budget", "set", "100000"]);
        place.keyway.run(&["budget", "set", "100000", "--token", "editor"]);
    });
    let (direct, over) = (double.url(), served.url());
    let ask = |url: &str, stream: bool, at_once: u32, seconds: u64| {
        let ask = Ask { url: format!("{url}/v1/chat/completions"), token: &served.token, stream, at_once };
        ask.figures(&served.place, seconds)
    };
    // The first ones open connections and warm what is cold.
    ask(&over, false, 8, 1)?;
    let mut rows = vec![];
    let mut asked = served.ledger(|row| row["calls"].as_u64() > Some(0))["calls"].as_u64().unwrap_or(0);
    for (stream, kind) in [(false, "whole"), (true, "streamed")] {
        for at_once in AT_ONCE {
            eprintln!("{kind}, {at_once} at once …");
            let plain = ask(&direct, stream, at_once, plan.seconds)?;
            let before = machine::cpu_time_of(served.process())?;
            let figures = ask(&over, stream, at_once, plan.seconds)?;
            let used = machine::cpu_time_of(served.process())?.saturating_sub(before);
            ensure!(figures.failed == 0, "{} of {} fail", figures.failed, figures.asked);
            asked += figures.asked;
            rows.push(row(kind, at_once, &plain, &figures, used));
        }
    }
    // What was under way when time was up is in the ledger as well.
    let calls = served.ledger(|row| row["calls"].as_u64() >= Some(asked))["calls"].clone();
    let peak = machine::peak_memory_of(served.process())? / 1_000_000;
    let (processor, cores) = machine::processor();
    let now = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC");
    let disk = machine::disk(served.place.folder.path())?.kind;
    let upstream = match &plan.upstream {
        Some(file) => format!("`{}`", file.rsplit('/').next().unwrap_or(file)),
        None => "the program's own".to_owned(),
    };
    Ok(format!(
        "# What the way over Keyway costs a program\n\nWritten by `cargo run --release -p tests --bin gateway` on {now}, commit \
         {commit}, on {cores} cores of {processor}, which the double of the provider ({upstream}) and `wrk` share; the load was \
         {at_first} at the beginning and {load} at the end, of which a part is this measurement's own. The ledger is on {disk}. Each \
         figure is of {seconds} seconds. Not to be changed by hand.\n\nA token, the route, two budgets and a durable ledger (two \
         commits a question, which share their syncs) are in the path. What is added is the time over Keyway without that of asking \
         the double itself.\n\n| Answers | At once | A second | Added, middle | Added, 99 of 100 | CPU a question |\n| --- | ---: | ---: | ---: | ---: | ---: |\n{rows}\n\
         The most memory that the process had was {peak} MB. The ledger has {calls} calls, {asked} of which `wrk` heard the end of.\n",
        load = machine::load(),
        seconds = plan.seconds,
        rows = rows.concat(),
    ))
}

fn row(kind: &str, at_once: u32, plain: &Figures, over: &Figures, used: Duration) -> String {
    let added = |over: Duration, plain: Duration| over.as_secs_f64() * 1e3 - plain.as_secs_f64() * 1e3;
    let cpu = used.as_secs_f64() * 1e3 / over.asked.max(1) as f64;
    format!(
        "| {kind} | {at_once} | {:.0} | {:.2} ms | {:.2} ms | {cpu:.2} ms |\n",
        over.a_second,
        added(over.middle, plain.middle),
        added(over.most, plain.most),
    )
}
