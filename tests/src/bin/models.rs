//! What asking a model costs beside the model's own time: CPU of a step, the first piece of an answer on its way to a
//! reader beside the same piece on its way to a plain client, memory of 1,000 answers that come at once. The provider is a
//! double in this process.
//!
//! `cargo run --release -p tests --bin models` measures and writes `docs/measured/ai.md`; it wants the release binary
//! (`cargo build --release`). `--quick` measures a tenth, `--part NAME` one of `steps`, `pieces` and `memory`; both write nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use server::home::Home;
use server::order::{Order, new_run};
use server::owner::News;
use server::protocol::Hears;
use server::session::Session;
use server::vault::LOCAL;
use tests::machine;
use tests::models::{Does, Provider};
use tests::place::Place;

const KEY: &str = "sk-measured-0123456789abcdef";

const STEP: &str = "name: hello\nsteps:\n  ask: { ai: Say hello, model: compatible/m }\noutput: \"{{ len(steps.ask.text) }}\"\n";

fn main() -> Result<()> {
    let (mut quick, mut part) = (1, None);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match &*word {
            "--quick" => quick = 10,
            "--part" => part = Some(words.next().context("`--part` wants `steps`, `pieces` or `memory`")?),
            word => bail!("`{word}` is none of its words: `--quick`, `--part NAME`"),
        }
    }
    let wants = |name: &str| part.as_deref().is_none_or(|part| part == name);
    let (commit, at_first) = (machine::commit(), machine::load());
    let mut rows = vec![];
    if wants("steps") {
        eprintln!("steps …");
        rows.push(steps(2_000 / quick)?);
    }
    if wants("pieces") {
        eprintln!("first pieces …");
        rows.extend(first_pieces(1_000 / quick)?);
    }
    if wants("memory") {
        eprintln!("answers at once …");
        rows.push(at_once(1_000 / quick)?);
    }
    let now = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC");
    let (processor, cores) = machine::processor();
    let load = machine::load();
    let report = format!(
        "# What asking a model costs beside the model\n\nWritten by `cargo run --release -p tests --bin models` on {now}, commit \
         {commit}, on {cores} cores of {processor}; the load was {at_first} at the beginning and {load} at the end, of which a part \
         is this measurement's own. The provider is a double on the same machine. Not to be changed by hand.\n\n\
         | What | Measured | Aim |\n| --- | ---: | ---: |\n{}",
        rows.concat()
    );
    println!("{report}");
    if quick == 1 && part.is_none() {
        std::fs::write(tests::root().join("docs/measured/ai.md"), report)?;
        eprintln!("written to docs/measured/ai.md");
    }
    Ok(())
}

fn row(what: &str, measured: &str, aim: &str) -> String {
    format!("| {what} | {measured} | {aim} |\n")
}

fn place(script: &[Does]) -> (Provider, Place) {
    let provider = Provider::start("Hello, this is the answer of a double, in a few pieces.", script);
    let place = Place::new();
    provider.key(&place, "compatible", "mine", KEY);
    (provider, place)
}

/// CPU time of the whole process for each step, beside a run of as many steps that ask nobody.
fn steps(count: usize) -> Result<String> {
    let (provider, place) = place(&[]);
    let items = json!((0..count).collect::<Vec<_>>());
    let inputs = place.file("inputs.json", &json!({ "items": items }).to_string());
    let flow = |step: &str| {
        format!(
            "name: many\ninputs: {{ items: [integer] }}\nsteps:\n  all:\n    for_each: inputs.items\n    parallel: 8\n    steps:\n      \
             ask: {step}\noutput: \"{{{{ len(steps.all) }}}}\"\n"
        )
    };
    let run = |name: &str, step: &str| -> Result<Duration> {
        let file = place.file(name, &flow(step));
        let before = machine::cpu_time_of_children()?;
        let answer = place.keyway.run(&["run", &file, "--allow-private", "--json", "--inputs", &inputs]);
        ensure!(answer.code == Some(0), "the run fails: {}", answer.stderr);
        Ok(machine::cpu_time_of_children()?.saturating_sub(before))
    };
    let asked = run("asked.yaml", "{ ai: Say hello, model: compatible/m }")?;
    let set = run("set.yaml", "{ set: { text: Hello } }")?;
    ensure!(provider.asked().len() == count, "{} calls came, not {count}", provider.asked().len());
    let each = |time: Duration| time.as_secs_f64() * 1000.0 / count as f64;
    let measured =
        format!("{:.2} ms, without the run itself {:.2} ms", each(asked), each(asked.saturating_sub(set)));
    Ok(row(&format!("CPU of an `ai` step, of {count} in one run, eight at once"), &measured, "1 ms"))
}

/// How long the first piece takes from the provider to a reader of the run, beside a plain client, one after the other.
fn first_pieces(count: usize) -> Result<Vec<String>> {
    let (provider, place) = place(&[]);
    let file = place.file("hello.yaml", STEP);
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let home = Home::new(&place.keyway.data).with_keys(place.keyway.config().join("keyway/roots"));
    let (mut ours, mut plain) = (vec![], vec![]);
    tokio.block_on(async {
        let mut session = Session::open(home).await?;
        for at in 0..count {
            let heard = heard(&mut session, &file).await?;
            let asked = provider.asked().last().context("a call came")?.when;
            let client = tokio::task::spawn_blocking({
                let provider = provider.clone();
                move || plain_client(&provider)
            });
            let beside = client.await??;
            // The first ones open connections and warm what is cold.
            if at >= count / 10 {
                ours.push(heard.duration_since(asked));
                plain.push(beside);
            }
        }
        anyhow::Ok(())
    })?;
    let (ours, plain) = (percentiles(ours), percentiles(plain));
    let show = |time: Duration| format!("{:.0} µs", time.as_secs_f64() * 1e6);
    let both =
        |times: [Duration; 2]| format!("middle {}, 99 of 100 within {}", show(times[0]), show(times[1]));
    let added = ours[0].saturating_sub(plain[0]);
    Ok(vec![
        row("the first piece, from the question to a plain client", &both(plain), "–"),
        row("the first piece, from the question to a reader of the run", &both(ours), "–"),
        row("so that a streamed answer adds to its first piece, in the middle", &show(added), "1 ms"),
    ])
}

/// Runs a workflow, and tells when the first piece of its answer was heard.
async fn heard(session: &mut Session, file: &str) -> Result<Instant> {
    let file = std::path::PathBuf::from(file);
    let files = file.parent().context("it stands in a folder")?.to_owned();
    let order = Order {
        run: new_run(),
        file,
        text: STEP.to_owned(),
        inputs: dsl::value::Value::object::<&str>([]),
        files,
        version: None,
        owner: LOCAL.to_owned(),
        allow_private: true,
    };
    let run = session.start(&order).await?;
    let mut follower = session.follow(run, true, Hears::Answers);
    let mut heard = None;
    while let Some(news) = follower.next().await? {
        if matches!(news, News::Piece(_)) {
            heard.get_or_insert_with(Instant::now);
        }
    }
    heard.context("a piece was heard")
}

/// How long the first piece takes to a client that does nothing else, from the question's arrival.
fn plain_client(provider: &Provider) -> Result<Duration> {
    let mut stream = TcpStream::connect(provider.address())?;
    stream.set_nodelay(true)?;
    let body =
        json!({ "model": "m", "stream": true, "messages": [{ "role": "user", "content": "Say hello" }] })
            .to_string();
    write!(
        stream,
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let (mut seen, mut piece) = (vec![], [0; 4096]);
    loop {
        let count = stream.read(&mut piece)?;
        ensure!(count > 0, "the answer ends before its first piece");
        seen.extend_from_slice(&piece[..count]);
        if seen.windows(5).any(|word| word == b"Hello") {
            break;
        }
    }
    let heard = Instant::now();
    let asked = provider.asked().last().context("a call came")?.when;
    // Whoever goes away in the middle makes the double's thread end with an error, which is nobody's.
    let _ = stream.read_to_end(&mut seen);
    Ok(heard.duration_since(asked))
}

/// The middle, and what 99 of 100 are within.
fn percentiles(mut times: Vec<Duration>) -> [Duration; 2] {
    times.sort_unstable();
    [times.len() / 2, times.len() * 99 / 100].map(|at| times.get(at).copied().unwrap_or_default())
}

/// The memory of a process in which so many answers come at once, each in the middle.
fn at_once(count: usize) -> Result<String> {
    let (provider, place) = place(&vec![Does::Pauses; count]);
    let items = json!({ "items": (0..count).collect::<Vec<_>>() });
    let inputs = place.file("inputs.json", &items.to_string());
    let text = format!(
        "name: wide\ninputs: {{ items: [integer] }}\nsteps:\n  all:\n    for_each: inputs.items\n    parallel: {count}\n    steps:\n      \
         ask: {{ ai: Say hello, model: compatible/m }}\noutput: \"{{{{ len(steps.all) }}}}\"\n"
    );
    let file = place.file("wide.yaml", &text);
    let most = count.to_string();
    let serve = [
        "serve",
        "--allow-private",
        "--calls",
        &most,
        "--calls-per-owner",
        &most,
        "--calls-per-workflow",
        &most,
    ];
    let mut serving = place.keyway.spawn(&serve);
    while std::os::unix::net::UnixStream::connect(place.keyway.data.join("keyway.sock")).is_err() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let running = place.keyway.spawn(&["run", &file, "--allow-private", "--json", "--inputs", &inputs]);
    provider.until(count);
    // The halves that are said are on their way.
    std::thread::sleep(Duration::from_secs(1));
    let peak = machine::peak_memory_of(serving.id());
    provider.go_on();
    let answer = tests::keyway::wait(running);
    // One that has ended by itself cannot be ended.
    let _ = serving.kill();
    serving.wait()?;
    ensure!(answer.json()["output"] == json!(count), "the run fails: {}", answer.stderr);
    let measured = format!("{} MB", peak? / 1_000_000);
    Ok(row(&format!("most memory of a process with {count} answers under way at once"), &measured, "200 MB"))
}
