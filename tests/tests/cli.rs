//! Real use of the command line: what it prints, what it keeps, and how several processes share a data directory.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::Value;
use tests::effects::{Moment, Service};
use tests::keyway::wait;
use tests::place::Place;

const TWO_STEPS: &str = "name: two-steps\n\
    inputs:\n  name: { type: string, default: world }\n\
    steps:\n\
    \x20 greet: { set: { text: \"hello {{ inputs.name }}\" } }\n\
    \x20 note: { use: file.write, with: { path: note.txt, text: \"{{ steps.greet.text }}\" } }\n\
    output: { text: \"{{ steps.greet.text }}\", size: \"{{ steps.note.size }}\" }\n";

/// Reads the run's id from a running process, and goes on reading so that its pipe never fills.
fn id_of(child: &mut std::process::Child) -> String {
    let mut lines = BufReader::new(child.stderr.take().expect("standard error is piped"));
    let mut line = String::new();
    loop {
        line.clear();
        assert!(lines.read_line(&mut line).expect("text") > 0, "it ended without naming its run");
        if let Some(id) = tests::keyway::run_id(&line) {
            std::thread::spawn(move || lines.read_to_end(&mut vec![]));
            return id;
        }
    }
}

#[test]
fn a_run_prints_the_json_that_the_language_promises() {
    let place = Place::new();
    let file = place.file("two-steps.yaml", TWO_STEPS);
    let answer = place.keyway.run(&["run", &file, "--input", "name=you", "--json"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let told = answer.json();
    assert_eq!(told["run"], answer.run_id());
    assert_eq!(told["workflow"], "two-steps");
    assert_eq!(told["status"], "succeeded");
    assert_eq!(told["output"], serde_json::json!({ "text": "hello you", "size": 9 }));
    assert!(told.get("error").is_none_or(Value::is_null), "{told}");
    let steps = told["steps"].as_object().expect("a map of steps");
    assert_eq!(steps.keys().collect::<Vec<_>>(), ["greet", "note"]);
    for (name, step) in steps {
        assert_eq!(step["state"], "succeeded", "{name}");
        for time in ["started", "ended"] {
            let text = step[time].as_str().unwrap_or_default();
            assert!(text.parse::<jiff::Timestamp>().is_ok(), "{name}.{time} is no time: {step}");
        }
    }
    assert_eq!(steps["note"]["attempts"], 1);
    assert_eq!(steps["greet"]["value"], serde_json::json!({ "text": "hello you" }));
    assert_eq!(fs::read_to_string(place.path("note.txt")).expect("the effect"), "hello you");
}

#[test]
fn a_finished_run_is_listed_and_shown_as_it_ended() {
    let place = Place::new();
    let file = place.file("two-steps.yaml", TWO_STEPS);
    let answer = place.keyway.run(&["run", &file, "--json"]);
    let run = answer.run_id();
    let listed = place.keyway.run(&["runs"]);
    let line = listed.stdout.lines().find(|line| line.contains(&run)).expect("the run is listed");
    assert!(line.contains("two-steps") && line.contains("succeeded"), "{line}");
    let json = place.keyway.run(&["runs", "--json"]).json();
    assert!(json.to_string().contains(&format!("\"{run}\"")), "{json}");
    let shown = place.keyway.run(&["show", &run]);
    for word in ["two-steps", "succeeded", "greet", "note", "hello world", "note.txt"] {
        assert!(shown.stdout.contains(word), "`{word}` is not shown: {}", shown.stdout);
    }
    let (told, again) = (answer.json(), place.shown(&run));
    for key in ["run", "workflow", "status", "output", "steps"] {
        assert_eq!(told[key], again[key], "{key}");
    }
}

#[test]
fn a_failing_run_says_where_and_why_and_exits_with_1() {
    let place = Place::new();
    let text = "name: failing\nsteps:\n  bad: { fail: \"no luck\" }\n  later: { after: bad, wait: 1s }\n";
    let file = place.file("failing.yaml", text);
    let answer = place.keyway.run(&["run", &file, "--json"]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    let told = answer.json();
    assert_eq!(told["status"], "failed");
    assert_eq!((&told["error"]["kind"], &told["error"]["step"]), (&"fail".into(), &"bad".into()), "{told}");
    assert_eq!(told["error"]["message"], "no luck");
    assert_eq!(told["steps"]["later"]["state"], "not_started");
    assert!(!answer.stderr.contains("panicked"), "{answer:?}");
}

#[test]
fn results_go_to_standard_output_and_all_else_to_standard_error() {
    let place = Place::new();
    let file = place.file("two-steps.yaml", TWO_STEPS);
    let checked = place.keyway.run(&["check", &file, "--format", "json"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let json = checked.json();
    assert_eq!((json["errors"].as_u64(), json["warnings"].as_u64()), (Some(0), Some(0)), "{json}");
    let answer = place.keyway.run(&["run", &file, "--json"]);
    assert!(answer.stderr.contains("note"), "progress names the steps: {answer:?}");
    assert!(!answer.stderr.contains('\u{1b}'), "no colours where it is not a terminal: {answer:?}");
}

#[test]
fn all_mistakes_of_a_file_are_told_in_one_go() {
    let place = Place::new();
    let text = "name: wrong\nsteps:\n  a: { sett: { x: 1 } }\n  b: { use: file.raed, with: { path: a } }\n\
                \x20 c: { set: { y: \"{{ steps.d.z }}\" } }\n";
    let file = place.file("wrong.yaml", text);
    let checked = place.keyway.run(&["check", &file, "--format", "json"]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    let json = checked.json();
    let lines: Vec<u64> = json["diagnostics"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|it| it["severity"] == "error")
        .filter_map(|it| it["line"].as_u64())
        .collect();
    assert_eq!(lines, [3, 4, 5], "{json}");
    let text = place.keyway.run(&["check", &file]);
    let said = format!("{}{}", text.stdout, text.stderr);
    for word in ["wrong.yaml:3", "`sett`", "set", "file.read", "^"] {
        assert!(said.contains(word), "`{word}` is not said: {said}");
    }
}

/// A workflow that asks a service of the test, and waits for its slow answer.
fn asking(service: &Service, name: &str, delay: u64) -> String {
    let url = service.url("/do");
    format!(
        "name: {name}\nsteps:\n  ask:\n    http: {{ method: POST, url: \"{url}\", idempotency: Idempotency-Key, \
         json: {{ step: {name}, delay: {delay} }} }}\noutput: {{ receipt: \"{{{{ steps.ask.body.receipt }}}}\" }}\n"
    )
}

#[test]
fn two_runs_at_once_on_one_data_directory_both_work() {
    let place = Place::new();
    let service = Service::start().expect("a port");
    service.next_life();
    let first = place.file("first.yaml", &asking(&service, "first", 400));
    let second = place.file("second.yaml", &asking(&service, "second", 100));
    let owner = place.keyway.spawn(&["run", &first, "--json", "--allow-private"]);
    assert!(service.wait_for(Moment::Arrived(1), Duration::from_secs(30), || false), "the first run asks");
    let guest = place.keyway.run(&["run", &second, "--json", "--allow-private"]);
    assert_eq!(guest.code, Some(0), "{guest:?}");
    assert_eq!(guest.json()["output"]["receipt"], "done second");
    let owner = wait(owner);
    assert_eq!(owner.code, Some(0), "{owner:?}");
    assert_eq!(owner.json()["output"]["receipt"], "done first");
    assert_eq!(service.requests().len(), 2, "each asked once");
}

#[test]
fn a_guest_whose_owner_ends_first_still_finishes() {
    let place = Place::new();
    let service = Service::start().expect("a port");
    service.next_life();
    let first = place.file("first.yaml", &asking(&service, "first", 200));
    let second = place.file("second.yaml", &asking(&service, "second", 1_000));
    let owner = place.keyway.spawn(&["run", &first, "--json", "--allow-private"]);
    assert!(service.wait_for(Moment::Arrived(1), Duration::from_secs(30), || false), "the first run asks");
    let guest = place.keyway.run(&["run", &second, "--json", "--allow-private"]);
    assert_eq!(guest.code, Some(0), "{guest:?}");
    assert_eq!(guest.json()["status"], "succeeded", "{guest:?}");
    assert_eq!(wait(owner).code, Some(0));
    let applied = service.requests().iter().filter(|request| request.applied).count();
    assert_eq!(applied, 2, "each had its effect once");
}

#[test]
fn many_runs_at_once_on_a_fresh_data_directory_all_work() {
    let place = Place::new();
    let file = place.file("two-steps.yaml", TWO_STEPS);
    let children: Vec<_> = (0..6).map(|_| place.keyway.spawn(&["run", &file, "--json"])).collect();
    let mut runs = std::collections::BTreeSet::new();
    for child in children {
        let answer = wait(child);
        assert_eq!(answer.code, Some(0), "{answer:?}");
        assert_eq!(answer.json()["status"], "succeeded");
        runs.insert(answer.run_id());
    }
    assert_eq!(runs.len(), 6, "each has its own run");
}

/// A line to the owner of a data directory, on which a run is followed.
fn follow(place: &Place, run: &str) -> BufReader<UnixStream> {
    let mut stream =
        UnixStream::connect(place.keyway.data.join("keyway.sock")).expect("an owner that listens");
    let request = serde_json::json!({ "do": "follow", "run": run, "seen": 0, "allow_private": false });
    stream.write_all(format!("{request}\n").as_bytes()).expect("a line");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time above zero");
    BufReader::new(stream)
}

#[test]
fn an_owner_takes_up_a_run_that_somebody_follows_and_nobody_moves() {
    let place = Place::new();
    let short = place.file("short.yaml", "name: short\nsteps:\n  nap: { wait: 1s }\n");
    let long = place.file("long.yaml", "name: long\nsteps:\n  nap: { wait: 1h }\n");
    let mut gone = place.keyway.spawn(&["run", &short]);
    let run = id_of(&mut gone);
    gone.kill().expect("it is running");
    gone.wait().expect("it was killed");
    let mut owner = place.keyway.spawn(&["run", &long]);
    id_of(&mut owner);
    // Started with an owner that is gone, followed with the next, which was told nothing else of it.
    let last = follow(&place, &run).lines().map(|line| line.expect("an answer in time")).last();
    assert_eq!(last.as_deref(), Some("\"done\""));
    owner.kill().expect("it is running");
    assert_eq!(place.shown(&run)["status"], "succeeded");
}

#[test]
fn a_guest_that_has_gone_keeps_no_owner() {
    let place = Place::new();
    let long = place.file("long.yaml", "name: long\nsteps:\n  nap: { wait: 1h }\n");
    let short = place.file("short.yaml", "name: short\nsteps:\n  nap: { wait: 1s }\n");
    let mut gone = place.keyway.spawn(&["run", &long]);
    let run = id_of(&mut gone);
    gone.kill().expect("it is running");
    gone.wait().expect("it was killed");
    let mut owner = place.keyway.spawn(&["run", &short]);
    id_of(&mut owner);
    let mut guest = follow(&place, &run);
    guest.read_line(&mut String::new()).expect("the beginning of the long run");
    drop(guest);
    assert_eq!(wait(owner).code, Some(0), "its own run has ended, and nobody else is there");
}

#[test]
fn a_waiting_run_is_cancelled_from_another_process() {
    let place = Place::new();
    let file = place.file("waiting.yaml", "name: waiting\nsteps:\n  long: { wait: 1h }\n");
    let mut waiting = place.keyway.spawn(&["run", &file, "--json"]);
    let run = id_of(&mut waiting);
    place.until(&run, |shown| shown["steps"]["long"]["state"] == "waiting");
    let cancelled = place.keyway.run(&["cancel", &run]);
    assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
    let answer = wait(waiting);
    assert_eq!(answer.code, Some(1), "a cancelled run is no success: {answer:?}");
    assert_eq!(answer.json()["status"], "cancelled");
    let shown = place.shown(&run);
    assert_eq!(
        (&shown["status"], &shown["steps"]["long"]["state"]),
        (&"cancelled".into(), &"cancelled".into())
    );
}

#[test]
fn a_run_that_nobody_moves_is_cancelled_too() {
    let place = Place::new();
    let file = place.file("waiting.yaml", "name: waiting\nsteps:\n  long: { wait: 1h }\n");
    let mut waiting = place.keyway.spawn(&["run", &file]);
    let run = id_of(&mut waiting);
    place.until(&run, |shown| shown["steps"]["long"]["state"] == "waiting");
    waiting.kill().expect("it is running");
    waiting.wait().expect("it ends");
    assert_eq!(place.keyway.run(&["cancel", &run]).code, Some(0));
    assert_eq!(place.shown(&run)["status"], "cancelled");
}

#[test]
fn an_interrupted_run_is_detached_and_can_be_resumed() {
    let place = Place::new();
    let text = "name: pausing\nsteps:\n  a: { set: { x: 1 } }\n  pause: { wait: 3s }\n\
                \x20 b: { after: pause, set: { y: \"{{ steps.a.x + 1 }}\" } }\noutput: { y: \"{{ steps.b.y }}\" }\n";
    let file = place.file("pausing.yaml", text);
    let mut pausing = place.keyway.spawn(&["run", &file, "--json"]);
    let stderr = pausing.stderr.take().expect("standard error is piped");
    let reader = std::thread::spawn(move || {
        let mut lines = BufReader::new(stderr);
        let mut said = String::new();
        // Text that is cut off ends what was said.
        let _ = lines.read_to_string(&mut said);
        said
    });
    let run = loop {
        let listed = place.keyway.run(&["runs"]);
        if let Some(line) = listed.stdout.lines().find(|line| line.contains("pausing")) {
            break line.split_whitespace().next().expect("a first word").to_owned();
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    place.until(&run, |shown| shown["steps"]["pause"]["state"] == "waiting");
    let pid = rustix::process::Pid::from_child(&pausing);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it is running");
    let status = pausing.wait().expect("it ends");
    let said = reader.join().expect("it reads");
    assert_eq!(status.code(), Some(3), "not finished yet: {said}");
    assert!(said.contains(&format!("keyway resume {run}")), "it says how to go on: {said}");
    let shown = place.shown(&run);
    assert_eq!(shown["status"], "waiting", "{shown}");
    let resumed = place.keyway.run(&["resume", &run]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(place.shown(&run)["output"]["y"], 2);
    let again = place.keyway.run(&["resume", &run]);
    assert_eq!(again.code, Some(0), "an ended run needs nothing: {again:?}");
}

#[test]
fn resume_without_a_run_takes_up_all_that_are_unfinished() {
    let place = Place::new();
    let service = Service::start().expect("a port");
    let mut runs = vec![];
    for name in ["one", "two"] {
        service.next_life();
        let file = place.file(&format!("{name}.yaml"), &asking(&service, name, 300));
        let mut child = place.keyway.spawn(&["run", &file, "--allow-private"]);
        runs.push(id_of(&mut child));
        assert!(service.wait_for(Moment::Arrived(1), Duration::from_secs(30), || false), "it asks");
        child.kill().expect("it is running");
        child.wait().expect("it ends");
    }
    let resumed = place.keyway.run(&["resume", "--allow-private"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    for run in runs {
        assert_eq!(place.shown(&run)["status"], "succeeded");
    }
    let nothing = place.keyway.run(&["resume"]);
    assert_eq!(nothing.code, Some(0), "{nothing:?}");
}

#[test]
fn a_private_address_is_refused_unless_it_is_allowed() {
    let place = Place::new();
    let service = Service::start().expect("a port");
    service.next_life();
    let file = place.file("asking.yaml", &asking(&service, "asking", 0));
    let answer = place.keyway.run(&["run", &file, "--json"]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert_eq!(answer.json()["error"]["kind"], "refused", "{answer:?}");
    assert_eq!(service.requests().len(), 0, "nothing was sent");
}

#[test]
fn data_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let file = place.file("waiting.yaml", "name: waiting\nsteps:\n  long: { wait: 1h }\n");
    let mut waiting = place.keyway.spawn(&["run", &file]);
    let run = id_of(&mut waiting);
    place.until(&run, |shown| shown["steps"]["long"]["state"] == "waiting");
    for name in ["keyway.db", "keyway.sock"] {
        let mode = fs::metadata(place.keyway.data.join(name)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "`{name}` has the mode {mode:o}");
    }
    waiting.kill().expect("it is running");
    waiting.wait().expect("it ends");
}
