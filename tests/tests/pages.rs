//! What the pages cost where there is much: ten thousand runs, and a workflow of five hundred steps. What somebody does is measured
//! from the click to the picture on the screen, the first picture with both processors busy, and the service while nobody touches a page.

#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::io::{BufRead, BufReader};
use std::process::Child;
use std::time::{Duration, Instant};

use dsl::value::Value;
use engine::run::RunId;
use serde_json::{Value as Json, json};
use server::home::Home;
use server::order::{Order, new_run};
use server::owner::Owner;
use server::owner::deploy::Deployment;
use server::protocol::{Act, Reply, Request};
use server::serve::Reach;
use tests::keyway::profile;
use tests::place::Place;
use tests::report::{Report, number};
use tests::{chromium, machine};

/// What is wanted: an interaction in the middle of several, and the first picture and all of a large one, in milliseconds; all that is
/// sent, in bytes; and what pages that nobody touches take of one processor, in percent.
const INTERACTION: f64 = 100.0;
const PAINT: f64 = 1000.0;
const BYTES: u64 = 500_000;
const IDLE: f64 = 1.0;

/// How many steps the large workflow has: so many layers of so many.
const LAYERS: usize = 25;
const ACROSS: usize = 20;

fn many(at: usize) -> String {
    match at {
        0 => "name: many-0\nsteps:\n  ask:\n    approve: { message: \"Go on?\", timeout: 30d }\n".into(),
        1 => "name: many-1\nsteps:\n  look: { set: { seen: true } }\n  stop:\n    after: look\n    fail: \"it is not good\"\n".into(),
        _ => format!(
            "name: many-{at}\nsteps:\n  first: {{ set: {{ n: {at} }} }}\n  second: {{ set: {{ n: \"{{{{ steps.first.n + 1 }}}}\" }} }}\n"
        ),
    }
}

/// Each step wants two of the layer before.
fn large() -> String {
    let mut text = String::from("name: large\nsteps:\n");
    for layer in 0..LAYERS {
        for at in 0..ACROSS {
            let needs = |other: usize| format!("{{{{ steps.s{}_{}.n }}}}", layer - 1, other % ACROSS);
            let value = match layer {
                0 => "n: 1".into(),
                _ => format!("n: \"{}\", m: \"{}\"", needs(at), needs(at + 1)),
            };
            writeln!(text, "  s{layer}_{at}: {{ set: {{ {value} }} }}").unwrap();
        }
    }
    text
}

/// Writes runs into a data directory as `keyway serve` does, many beside one another; gives the large one.
fn seed(home: &Home, runs: usize) -> RunId {
    let files = home.directory().join("files");
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let _inside = tokio.enter();
    let owner = Owner::open(home, home.own().unwrap().unwrap()).unwrap();
    owner.serve(Reach::Private).unwrap();
    let texts: Vec<String> = (0..5).map(many).chain([large()]).collect();
    for text in &texts {
        let file = files.join("workflow.yaml");
        let wish = Deployment {
            file,
            text: text.clone(),
            files: files.clone(),
            by: "test".into(),
            act: Act::Do,
            enabled: None,
        };
        let reply = owner.handle(&Request::Deploy(wish));
        assert!(matches!(reply, Ok(Reply::Deployed(_))), "{reply:?}");
    }
    let start = |text: &str| {
        let order = Order {
            run: new_run(),
            file: files.join("workflow.yaml"),
            text: text.into(),
            inputs: Value::object::<&str>([]),
            files: files.clone(),
            version: Some(1),
            owner: "local".into(),
            allow_private: true,
        };
        match owner.handle(&Request::Run(order)) {
            Ok(Reply::Started(run)) => run,
            other => panic!("{other:?}"),
        }
    };
    std::thread::scope(|scope| {
        for part in 0..16 {
            let (start, texts) = (&start, &texts);
            // One in five hundred waits for a person, one in ten fails.
            scope.spawn(move || {
                for at in (part..runs).step_by(16) {
                    let which = if at % 500 == 0 {
                        0
                    } else if at % 10 == 1 {
                        1
                    } else {
                        2 + at % 3
                    };
                    start(&texts[which]);
                }
            });
        }
    });
    start(&texts[5])
}

/// `keyway serve` with its address and the link of the first start. It is killed when this is dropped.
struct Service {
    process: Child,
    url: String,
    link: String,
}

impl Service {
    fn start(place: &Place) -> Service {
        let mut process = place.keyway.spawn(&["serve", "--listen", "127.0.0.1:0", "--allow-private"]);
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.find_map(|line| Some(line.split_once("listening at ")?.1.to_owned())).unwrap();
        let link = lines.find_map(|line| {
            let at = line.find("http://")?;
            line.contains("/setup#").then(|| line[at..].split_whitespace().next().unwrap().to_owned())
        });
        // What it logs is read on, so that it does not wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Service { process, url: address.trim().to_owned(), link: link.unwrap() }
    }

    fn cpu(&self) -> Duration {
        machine::cpu_time_of(self.process.id()).unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn middle(all: &[f64]) -> f64 {
    let mut all = all.to_vec();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn numbers(told: &Json) -> Vec<f64> {
    told.as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect()
}

#[test]
fn much_stays_fluid() {
    // It takes minutes.
    if std::env::var_os("KEYWAY_TIMES").is_none() {
        println!("SKIPPED: `just pages` measures");
        return;
    }
    let Some(mut play) = chromium::plays("large.mjs") else { return };
    let report = Report::begin("What the pages cost", "cargo test --workspace --test pages much");
    let (runs, times) = (number("KEYWAY_RUNS", 10_000), number("KEYWAY_TIMES", 5));
    let idle_for = number("KEYWAY_IDLE", 10);
    let place = Place::new();
    let began = Instant::now();
    let large = seed(&Home::new(&place.keyway.data), usize::try_from(runs).unwrap());
    println!("{runs} runs are there after {:.1} s", began.elapsed().as_secs_f64());
    let service = Service::start(&place);
    play.env("KEYWAY_URL", &service.url).env("KEYWAY_LINK", &service.link).env("KEYWAY_LARGE", &*large.0);
    play.env("KEYWAY_TIMES", times.to_string()).env("KEYWAY_IDLE", idle_for.to_string());
    let mut told = vec![];
    let mut idle = (Duration::ZERO, Instant::now(), 0.0);
    let played = chromium::played(play, |line| match line["wish"].as_str() {
        Some("idle") => idle = (service.cpu(), Instant::now(), 0.0),
        Some(_) => {
            idle.2 = (service.cpu() - idle.0).as_secs_f64() / idle.1.elapsed().as_secs_f64() * 100.0;
        }
        None => told.push(line.clone()),
    });
    let (body, faults) = judged(&told, idle.2);
    report.tell(&format!(
        "A `keyway serve` of the profile `{}` with {runs} runs of six workflows, one of which has {} steps; each {times} times, \
         {idle_for} s for pages that nobody touches. Chromium draws without a graphics processor, on the same processors.\n\n{body}\n\
         Load of the machine at the end: {}.",
        profile(),
        LAYERS * ACROSS,
        machine::load()
    ));
    assert!(played["large"]["trouble"].is_null() && faults.is_empty(), "{}", faults.join("\n"));
}

/// A table of what was told, and what of it is not as it is wanted.
fn judged(told: &[Json], idle: f64) -> (String, Vec<String>) {
    let mut table =
        String::from("| What | Wanted | In the middle | Slowest |\n| --- | ---: | ---: | ---: |\n");
    let mut faults = vec![];
    let mut seen = 0;
    let mut row = |what: &str, most: f64, all: &[f64]| {
        let (usual, slowest) = (middle(all), all.iter().copied().fold(0.0, f64::max));
        writeln!(table, "| {what} | {most:.0} ms | {usual:.0} ms | {slowest:.0} ms |").unwrap();
        if usual >= most {
            faults.push(format!("{what}: {usual:.0} ms, and {most:.0} are wanted: {all:.0?}"));
        }
    };
    let mut rest = (0, 0, 1, 0);
    for told in told {
        if let Some(what) = told["interaction"].as_str() {
            row(what, INTERACTION, &numbers(&told["ms"]));
            seen += 1;
        } else if let Some(what) = told["whole"].as_str() {
            row(what, PAINT, &numbers(&told["ms"]));
        } else if told["paint"].is_array() {
            row("the first picture of the first page, two processors busy", PAINT, &numbers(&told["paint"]));
            row("all of the first page, two processors busy", 2.0 * PAINT, &numbers(&told["content"]));
            rest.0 = told["bytes"].as_u64().unwrap();
        } else if told["files"].is_number() {
            rest.1 = told["bytes_of_all_files"].as_u64().unwrap();
            rest.2 = told["others"].as_array().unwrap().len();
            rest.3 = told["files"].as_u64().unwrap();
        }
    }
    let (first, files, others, count) = rest;
    write!(
        table,
        "\nThe first page brings {:.0} kB, its data and all, and all pages together {:.0} kB in {count} files (wanted: {} kB). \
         Requests to another host: {others}.\nThree pages that are open and that nobody touches take {idle:.2} % of a processor from \
         the service (wanted: {IDLE:.0} %).\n",
        first as f64 / 1000.0,
        files as f64 / 1000.0,
        BYTES / 1000
    )
    .unwrap();
    for (holds, what) in [
        (seen >= 13, format!("only {seen} things were measured")),
        (0 < first && first < BYTES, format!("the first page brings {first} bytes")),
        (0 < files && files < BYTES, format!("all pages bring {files} bytes")),
        (others == 0, format!("{others} requests went to other hosts")),
        (idle < IDLE, format!("pages that nobody touches cost {idle:.2} %")),
    ] {
        if !holds {
            faults.push(what);
        }
    }
    (table, faults)
}

#[test]
fn what_is_slow_large_or_asked_elsewhere_is_seen() {
    let well = || -> Vec<Json> {
        let mut told: Vec<Json> = (0..13)
            .map(|at| json!({ "interaction": format!("one {at}"), "ms": [20.0, 30.0, 900.0] }))
            .collect();
        told.push(
            json!({ "paint": [400.0, 500.0, 600.0], "content": [800.0, 900.0, 1000.0], "bytes": 90_000 }),
        );
        told.push(json!({ "whole": "all", "ms": [400.0, 500.0, 600.0] }));
        told.push(json!({ "files": 9, "bytes_of_all_files": 200_000, "others": [] }));
        told
    };
    assert_eq!(judged(&well(), 0.2).1, Vec::<String>::new());
    assert_eq!(judged(&well(), 2.0).1.len(), 1);
    for (at, key, value) in [
        (0, "ms", json!([20.0, 120.0, 130.0])),
        (13, "paint", json!([400.0, 1200.0, 1300.0])),
        (13, "bytes", json!(600_000)),
        (14, "ms", json!([400.0, 1200.0, 1300.0])),
        (15, "bytes_of_all_files", json!(600_000)),
        (15, "others", json!(["https://elsewhere.example/"])),
    ] {
        let mut told = well();
        told[at][key] = value;
        assert_eq!(judged(&told, 0.2).1.len(), 1, "{key}");
    }
    assert_eq!(judged(&well()[1..], 0.2).1.len(), 1);
}
