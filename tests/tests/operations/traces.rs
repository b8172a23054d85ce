//! Traces and metrics over OTLP: a receiver within this process, what it is sent, and what becomes of it where the receiver is
//! away.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tests::place::Place;

use super::exposition::read;
use super::{CANARY, Serving, until};

/// A collector that takes what comes, or refuses it with a status, and remembers it.
struct Collector {
    url: String,
    came: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Collector {
    /// Answers the first requests with these statuses, and all others with 200.
    fn start(statuses: &'static [u16]) -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let came = Arc::new(Mutex::new(vec![]));
        let taking = came.clone();
        std::thread::spawn(move || {
            let mut statuses = statuses.iter();
            for stream in listener.incoming().map_while(Result::ok) {
                let mut reader = BufReader::new(stream);
                while let Some((path, body)) = asked(&mut reader) {
                    taking.lock().unwrap().push((path, body));
                    let status = statuses.next().unwrap_or(&200);
                    let answer = format!(
                        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
                    );
                    if reader.get_mut().write_all(answer.as_bytes()).is_err() {
                        break;
                    }
                }
            }
        });
        Collector { url, came }
    }

    fn came(&self, path: &str) -> Vec<Value> {
        let came = self.came.lock().unwrap();
        came.iter().filter(|(of, _)| of == path).map(|(_, body)| body.clone()).collect()
    }

    /// All spans that came, without those that came again.
    fn spans(&self) -> Vec<Value> {
        let mut spans: Vec<Value> = vec![];
        for body in self.came("/v1/traces") {
            for span in body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap() {
                if !spans.iter().any(|known| known["spanId"] == span["spanId"]) {
                    spans.push(span.clone());
                }
            }
        }
        spans
    }
}

/// The path and the body of the next request of a connection.
fn asked(reader: &mut impl BufRead) -> Option<(String, Value)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let (mut length, mut is_json) = (0, false);
    loop {
        let mut head = String::new();
        reader.read_line(&mut head).ok()?;
        let head = head.trim_end().to_lowercase();
        if head.is_empty() {
            break;
        }
        if let Some(it) = head.strip_prefix("content-length: ") {
            length = it.parse().ok()?;
        }
        is_json |= head == "content-type: application/json";
    }
    assert!(is_json, "{path}");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((path, serde_json::from_slice(&body).expect("the body is JSON")))
}

/// An attribute of a span.
fn of<'a>(span: &'a Value, key: &str) -> Option<&'a str> {
    let all = span["attributes"].as_array().unwrap();
    let value = &all.iter().find(|it| it["key"] == key)?["value"];
    value["stringValue"].as_str().or_else(|| value["intValue"].as_str())
}

/// Has a block, a step that fails, and a text in its inputs that no trace may tell.
const WORK: &str = "name: work\ninputs: { word: string }\nsteps:\n  each:\n    for_each: [1, 2]\n    as: it\n    steps:\n\
    \x20     one: { set: { text: \"{{ inputs.word }} {{ it }}\" } }\n    output: \"{{ steps.one.text }}\"\n\
    \x20 bad: { after: each, http: { url: \"http://127.0.0.1:9/\" } }\n";

#[test]
fn a_run_that_ended_is_one_trace_with_a_span_of_each_step_and_none_of_its_values() {
    let collector = Collector::start(&[503]);
    let place = Place::new();
    let serving = Serving::of(&place, &["--otlp", &collector.url]);
    let file = place.file("work.yaml", WORK);
    assert_eq!(place.keyway.run(&["deploy", &file, "--yes"]).code, Some(0));
    let ran = place.keyway.run(&["run", "work", "--allow-private", "--input", &format!("word={CANARY}")]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    // The first try is refused and comes again.
    until("the trace is taken", || {
        read(&serving.told()).unwrap().sum("keyway_traces_sent_total", &[]) == 1.0
    });
    assert!(collector.came("/v1/traces").len() >= 2);
    let spans = collector.spans();
    let named = |name: &str| {
        spans.iter().find(|span| span["name"] == name).unwrap_or_else(|| panic!("{name}: {spans:?}"))
    };
    let root = named("run work");
    assert_eq!(of(root, "keyway.status"), Some("failed"));
    assert_eq!(root["status"]["code"], 2);
    assert!(root.get("parentSpanId").is_none());
    let run = ran.run_id();
    assert_eq!(of(root, "keyway.run"), Some(&*run));
    for (name, parent) in
        [("each", "run work"), ("each[0].one", "each"), ("each[1].one", "each"), ("bad", "run work")]
    {
        let span = named(name);
        assert_eq!(span["parentSpanId"], named(parent)["spanId"], "{name}");
        assert_eq!(span["traceId"], root["traceId"]);
        let time = |key: &str| span[key].as_str().unwrap().parse::<u128>().unwrap();
        assert!(time("startTimeUnixNano") <= time("endTimeUnixNano"));
        assert_eq!(
            (span["traceId"].as_str().unwrap().len(), span["spanId"].as_str().unwrap().len()),
            (32, 16)
        );
    }
    assert_eq!(of(named("bad"), "error.type"), Some("network"));
    assert_eq!((named("bad")["status"]["code"].clone(), named("bad")["kind"].clone()), (json!(2), json!(3)));
    assert_eq!(spans.len(), 5, "{spans:?}");
    // At its end a service tells metrics once more.
    serving.stop();
    let told = collector.came("/v1/metrics");
    let metrics =
        told.last().unwrap()["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].as_array().unwrap().clone();
    let metric =
        |name: &str| metrics.iter().find(|it| it["name"] == name).unwrap_or_else(|| panic!("{name}"));
    let started = &metric("keyway_runs_started_total")["sum"];
    assert_eq!((&started["isMonotonic"], &started["dataPoints"][0]["asDouble"]), (&json!(true), &json!(1.0)));
    let point = &metric("keyway_commit_duration_seconds")["histogram"]["dataPoints"][0];
    let counts = point["bucketCounts"].as_array().unwrap();
    assert_eq!(counts.len(), point["explicitBounds"].as_array().unwrap().len() + 1);
    let sum: u64 = counts.iter().map(|it| it.as_str().unwrap().parse::<u64>().unwrap()).sum();
    assert_eq!(sum.to_string(), point["count"].as_str().unwrap());
    let all = format!("{:?}", collector.came.lock().unwrap());
    for never in [CANARY, "127.0.0.1:9", "local"] {
        assert!(!all.contains(never), "{never}");
    }
}

#[test]
fn where_nobody_is_named_nothing_is_sent_and_where_the_collector_refuses_it_is_counted() {
    let collector = Collector::start(&[400; 1]);
    let place = Place::new();
    let file = place.file("a.yaml", "name: a\nsteps: { a: { set: { text: x } } }\n");
    let serving = Serving::of(&place, &[]);
    assert_eq!(place.keyway.run(&["run", &file]).code, Some(0));
    serving.stop();
    assert!(collector.came.lock().unwrap().is_empty());
    let serving = Serving::of(&place, &["--otlp", &collector.url]);
    assert_eq!(place.keyway.run(&["run", &file]).code, Some(0));
    until("it is dropped", || read(&serving.told()).unwrap().sum("keyway_traces_dropped_total", &[]) == 1.0);
    assert_eq!(read(&serving.told()).unwrap().sum("keyway_traces_sent_total", &[]), 0.0);
}
