//! A run that was killed, answered late and forked tells its story, and can be read elsewhere.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use dsl::value::{Hash, Value, Values};
use engine::event::Recorded;
use engine::plan::Plan;
use engine::view::Timeline;
use tempfile::TempDir;
use tests::effects::{Moment, Service};
use tests::keyway::Keyway;

fn place() -> (TempDir, Keyway) {
    let folder = tempfile::tempdir().expect("a folder");
    let keyway = Keyway::at(folder.path().join("data"));
    (folder, keyway)
}

/// Runs a command and gives what it says, results and all.
fn said(keyway: &Keyway, arguments: &[&str]) -> String {
    let answer = keyway.run(arguments);
    answer.stderr + &answer.stdout
}

fn only_run(keyway: &Keyway) -> String {
    let runs = keyway.run(&["runs", "--json"]).json();
    runs[0]["run"].as_str().expect("there is a run").to_owned()
}

#[test]
fn a_run_that_was_killed_in_a_call_tells_what_is_known_and_how_to_go_on() {
    let (folder, keyway) = place();
    let service = Service::start().expect("a port");
    let file = folder.path().join("pay.yaml");
    let text = format!(
        "name: pay\nsteps:\n  first: {{ set: {{ n: 1 }} }}\n  charge:\n    http: {{ method: POST, url: \"{}\", json: {{ step: charge, \
         delay: 60000 }} }}\n    after: first\noutput: \"{{{{ steps.charge.status }}}}\"\n",
        service.url("/")
    );
    fs::write(&file, text).expect("a file in a folder of ours");
    service.next_life();
    let mut child = keyway.spawn(&["run", &file.display().to_string(), "--allow-private"]);
    assert!(service.wait_for(Moment::Arrived(1), Duration::from_secs(60), || false), "the call is made");
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    let run = only_run(&keyway);

    let shown = said(&keyway, &["show", &run]);
    assert!(shown.contains("no process moves it just now"), "{shown}");
    assert!(shown.contains(&format!("keyway resume {run}")), "{shown}");

    let resumed = said(&keyway, &["resume", &run, "--allow-private", "--no-wait"]);
    for shown in [resumed, said(&keyway, &["show", &run])] {
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(shown.contains("the call of `http.request` was sent at 20"), "{shown}");
        assert!(shown.contains("it may or may not have happened"), "{shown}");
        for answer in ["yes", "no", "stop"] {
            assert!(shown.contains(&format!("keyway answer {run} charge {answer}")), "{shown}");
        }
    }
    assert!(said(&keyway, &["runs"]).contains("`charge` is in doubt"));

    let value = r#"{"status":201,"headers":{},"body":null,"url":""}"#;
    let answered = keyway.run(&["answer", &run, "charge", "yes", "--value", value]);
    assert_eq!(answered.code, Some(0), "{answered:?}");
    let told = said(&keyway, &["explain-run", &run]).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("Its call was sent at 20"), "{told}");
    assert!(told.contains("Somebody then said that the call had happened. It succeeded."), "{told}");
    assert_eq!(service.requests().len(), 1, "nothing was sent twice");
}

#[test]
fn what_takes_over_and_what_is_called_name_one_another() {
    let (folder, keyway) = place();
    fs::write(
        folder.path().join("small.yaml"),
        "name: small\ninputs: { n: integer }\nsteps: { a: { set: { n: \"{{ inputs.n }}\" } } }\noutput: \"{{ steps.a.n }}\"\n",
    )
    .expect("a file in a folder of ours");
    let file = folder.path().join("big.yaml");
    let text = "name: big\nsteps: { one: { call: small, with: { n: 1 } }, two: { set: { n: \"{{ steps.one }}\" } } }\noutput: \"{{ steps.two.n }}\"\n";
    fs::write(&file, text).expect("a file in a folder of ours");
    assert_eq!(keyway.run(&["run", &file.display().to_string()]).code, Some(0));
    let runs = keyway.run(&["runs", "--json"]).json();
    let (child, parent) = (&runs[0], &runs[1]);
    let (child_name, name) = (child["run"].as_str().expect("text"), parent["run"].as_str().expect("text"));
    assert_eq!(child["called_by"], parent["run"]);
    assert!(said(&keyway, &["show", name]).contains(&format!("run  {child_name}")));
    assert!(said(&keyway, &["show", child_name]).contains(&format!("called by run {name}")));

    let forked = said(&keyway, &["fork", name, "--from", "two"]);
    assert!(
        forked.contains(&format!("takes over from run {name}: one step taken over; done anew: two")),
        "{forked}"
    );
    let fork = only_run(&keyway);
    let shown = said(&keyway, &["show", &fork]);
    assert!(shown.contains(&format!("from run {name}, taken over")), "{shown}");
    let diff = keyway.run(&["diff", name, &fork]);
    assert_eq!(diff.code, Some(0), "{diff:?}");
    assert!(diff.stdout.contains("2 steps are the same in both"), "{diff:?}");
}

/// Large values as an export has them.
struct Carried(BTreeMap<String, Value>);

impl Values for Carried {
    fn get(&self, hash: &Hash) -> Option<Value> {
        self.0.get(&hash.to_string()).cloned()
    }
}

#[test]
fn an_export_is_enough_to_read_a_run_elsewhere() {
    let (folder, keyway) = place();
    let file = folder.path().join("many.yaml");
    let text = "name: many\nsteps: { all: { set: { list: \"{{ range(5000) }}\" } } }\noutput: \"{{ steps.all.list }}\"\n";
    fs::write(&file, text).expect("a file in a folder of ours");
    assert_eq!(keyway.run(&["run", &file.display().to_string()]).code, Some(0));
    let export = keyway.run(&["export", &only_run(&keyway)]).json();
    assert_eq!(export["form"], "keyway.run/1");
    let plan: Plan = serde_json::from_value(export["plan"].clone()).expect("a plan");
    let log: Vec<Recorded> = serde_json::from_value(export["log"].clone()).expect("a log");
    let values: BTreeMap<String, Value> = serde_json::from_value(export["values"].clone()).expect("values");
    assert!(!values.is_empty(), "the list is a large value");
    let mut timeline = Timeline::new(&plan);
    for row in &log {
        timeline.apply(row);
    }
    timeline.load(&Carried(values));
    let read = timeline.to_json();
    assert_eq!(read, export["shown"]);
    assert_eq!(read["output"].as_array().map(Vec::len), Some(5000));
}
