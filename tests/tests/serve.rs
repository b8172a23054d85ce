//! `keyway serve`: killed at its ticks, stopped with grace, with a folder that changes, and with versions.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tests::chance::Chance;
use tests::effects::{Moment, Service};
use tests::faults::{Fault, Kinds, Page, Span, available};
use tests::keyway::{Answer, Keyway, wait};
use tests::report::{Report, number};
use tests::ticks::{Beat, Times, blind, judge, table};

const SECOND: i64 = 1_000_000_000;

/// A schedule of each kind that comes within seconds, with runs that take no time, some, and longer than its length.
const WORKFLOWS: [&str; 3] = [
    "name: every\ntriggers: [{ every: 1s, catch_up: all }]\nsteps: { a: { set: { b: 1 } } }\noutput: \"{{ steps.a.b }}\"\n",
    "name: cron\ntriggers: [{ cron: \"* * * * * *\", overlap: allow }]\nsteps: { a: { wait: 30ms } }\n",
    "name: queue\ntriggers: [{ cron: \"*/2 * * * * *\", overlap: queue }]\nsteps: { a: { wait: 2500ms } }\n",
];

const BEATS: [Beat<'static>; 3] = [
    Beat { workflow: "every", times: Times::Enabling(SECOND) },
    Beat { workflow: "cron", times: Times::Clock(SECOND) },
    Beat { workflow: "queue", times: Times::Clock(2 * SECOND) },
];

fn serve(keyway: &Keyway, more: &[&str]) -> Child {
    let arguments: Vec<&str> = ["serve"].iter().chain(more).copied().collect();
    let mut command = keyway.command(&arguments);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("`keyway` starts")
}

fn end(child: Child, signal: Signal) -> Answer {
    kill_process(Pid::from_child(&child), signal).expect("a child that was not waited for has a process");
    wait(child)
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    std::fs::write(&file, text).expect("a file in a folder of ours");
    file.to_string_lossy().into_owned()
}

fn deploy(keyway: &Keyway, folder: &Path, text: &str) -> Answer {
    let answer = keyway.run(&["deploy", &write(folder, "workflow.yaml", text), "--yes"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    answer
}

/// Asks until it is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "{what} did not come about");
        std::thread::sleep(Duration::from_millis(30));
    }
}

fn ended(keyway: &Keyway) -> bool {
    let runs = keyway.run(&["runs", "--json"]).json();
    runs.as_array().is_some_and(|runs| runs.iter().all(|run| run["status"] != "running"))
}

/// Sleeps to a moment shortly before or after a whole second, at least this far away.
fn sleep_to_a_tick(chance: &mut Chance, least: Duration) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    let earliest = now + least;
    let edge = Duration::from_secs(earliest.as_secs() + 1);
    let aim = edge - Duration::from_millis(3) + Duration::from_micros(chance.below(25_000));
    std::thread::sleep(aim - now);
}

#[test]
fn killed_at_its_ticks_it_starts_each_once_and_loses_none() {
    let kills = number("KEYWAY_KILLS", 30);
    let report = Report::begin("Killed at its ticks", "cargo test -p tests --test serve killed_at_its_ticks");
    let (mut chance, seed) = Chance::from_env("KEYWAY_SEED");
    println!("seed {seed}");
    let began = Instant::now();
    let folder = tempfile::tempdir().expect("a folder");
    let keyway = Keyway::at(folder.path().join("data"));
    for text in WORKFLOWS {
        deploy(&keyway, folder.path(), text);
    }
    for _ in 0..kills {
        let service = serve(&keyway, &[]);
        sleep_to_a_tick(&mut chance, Duration::from_millis(250));
        let answer = end(service, Signal::KILL);
        assert_eq!(answer.code, None, "it went on until it was killed: {answer:?}");
    }
    let service = serve(&keyway, &[]);
    std::thread::sleep(Duration::from_secs(2));
    for beat in BEATS {
        assert_eq!(keyway.run(&["disable", beat.workflow]).code, Some(0));
    }
    until("the end of the runs", || ended(&keyway));
    let answer = end(service, Signal::TERM);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let database = keyway.data.join("keyway.db");
    let (wrong, counted) = judge(&database, &BEATS).expect("the database can be read");
    report.tell(&format!(
        "`keyway serve` with three schedules, each once in one or two seconds, killed {kills} times within some milliseconds of \
         a tick (seed {seed}, {:.0} s). Times that are wrong: {}. What became of them:\n\n{}",
        began.elapsed().as_secs_f64(),
        wrong.len(),
        table(&counted)
    ));
    assert_eq!(wrong, Vec::<String>::new());
    assert!(counted.get("started").is_some_and(|started| *started >= kills), "{counted:?}");
    assert_eq!(blind(&database, &BEATS).expect("a copy can be judged"), Vec::<&str>::new());
}

#[test]
fn on_a_disk_that_is_full_at_its_ticks_it_says_so_and_loses_none() {
    if !available() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let keyway = Keyway::at(folder.path().join("data"));
    for text in WORKFLOWS {
        deploy(&keyway, folder.path(), text);
    }
    let page = Page::new(folder.path()).expect("a page");
    let mut command = keyway.command(&["serve"]);
    page.equip(&mut command).expect("the shim is there");
    let service = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("`keyway` starts");
    let told = || keyway.run(&["schedules", "--json"]).json()["service"]["trouble"].clone();
    until("the service", || told().is_null() && !keyway.run(&["runs", "--json"]).json()[0].is_null());
    for _ in 0..3 {
        page.restart().expect("our own file");
        page.set(Fault::NoSpace, Kinds::ALL, Span::from(1)).expect("our own file");
        until("the trouble", || told().as_str().is_some_and(|told| told.contains("room")));
        std::thread::sleep(Duration::from_millis(2500));
        page.clear().expect("our own file");
        until("the end of the trouble", || told().is_null());
        std::thread::sleep(Duration::from_millis(1200));
    }
    for beat in BEATS {
        assert_eq!(keyway.run(&["disable", beat.workflow]).code, Some(0));
    }
    until("the end of the runs", || ended(&keyway));
    assert_eq!(end(service, Signal::TERM).code, Some(0));
    let (wrong, counted) = judge(&keyway.data.join("keyway.db"), &BEATS).expect("the database can be read");
    println!("{counted:?}");
    assert_eq!(wrong, Vec::<String>::new());
    // Times within a minute are not late: each of those without room has its run afterwards, but for what still waited for
    // others when its workflow was disabled.
    for late in ["later_one_served", "not_caught_up", "refused", "too_many"] {
        assert_eq!(counted.get(late), None, "{counted:?}");
    }
}

#[test]
fn a_second_service_is_told_who_has_the_directory_and_commands_talk_to_the_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let keyway = Keyway::at(folder.path().join("data"));
    let service = serve(&keyway, &[]);
    let pid = service.id();
    until("the service", || keyway.data.join("keyway.sock").exists());
    let refused = keyway.run(&["serve"]);
    assert_eq!(refused.faults_as_refusal(2), Vec::<String>::new());
    assert!(refused.stderr.contains(&format!("process {pid} (`keyway serve`) has")), "{refused:?}");
    deploy(&keyway, folder.path(), WORKFLOWS[0]);
    until("a run of the schedule", || {
        keyway.run(&["runs", "--json"]).json().as_array().is_some_and(|runs| runs.len() >= 2)
    });
    let schedules = keyway.run(&["schedules", "--json"]).json();
    assert_eq!(schedules["schedules"][0]["last"]["outcome"], "started", "{schedules}");
    assert!(schedules["service"].is_object(), "{schedules}");
    assert_eq!(schedules["service"]["late"], json!([]));
    let why = keyway.run(&["why-not", "every"]);
    assert!(why.stdout.contains("a run was started: "), "{why:?}");
    assert_eq!(keyway.run(&["disable", "every"]).code, Some(0));
    let disabled = keyway.run(&["why-not", "every"]);
    assert!(disabled.stdout.contains("the workflow is disabled since"), "{disabled:?}");
    let answer = end(service, Signal::TERM);
    assert_eq!((answer.code, answer.stderr.contains("stopped")), (Some(0), true), "{answer:?}");
}

#[test]
fn it_stops_when_the_call_under_way_has_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let keyway = Keyway::at(folder.path().join("data"));
    let effects = Service::start().expect("a port");
    let text = format!(
        "name: slow\ntriggers: [{{ every: 1w }}]\nsteps:\n  a: {{ http: {{ method: POST, url: \"{}\", json: {{ step: a, delay: 700 }} }} }}\n",
        effects.url("/do")
    );
    deploy(&keyway, folder.path(), &text);
    effects.next_life();
    let service = serve(&keyway, &["--allow-private"]);
    effects.wait_for(Moment::Arrived(1), Duration::from_secs(20), || false);
    let answer = end(service, Signal::TERM);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let runs = keyway.run(&["runs", "--json"]).json();
    assert_eq!(runs[0]["status"], "succeeded", "{runs}");
    assert_eq!(runs[0]["version"], 1);
    assert_eq!(effects.requests().len(), 1);
}

#[test]
fn a_folder_is_deployed_as_it_changes_and_a_broken_file_leaves_what_was_in_force() {
    let folder = tempfile::tempdir().expect("a folder");
    let keyway = Keyway::at(folder.path().join("data"));
    let watched = folder.path().join("workflows");
    std::fs::create_dir(&watched).expect("a folder in a folder of ours");
    let text = |value: u32| {
        format!("name: a\nsteps: {{ a: {{ set: {{ b: {value} }} }} }}\noutput: \"{{{{ steps.a.b }}}}\"\n")
    };
    write(&watched, "a.yaml", &text(1));
    write(&watched, "a.test.yaml", "tests: []\n");
    let service = serve(&keyway, &["--workflows", &watched.to_string_lossy()]);
    let version = || {
        let list = keyway.run(&["workflows", "--json"]);
        if list.code == Some(0) { list.json()[0]["version"].as_i64() } else { None }
    };
    until("version 1", || version() == Some(1));
    write(&watched, "a.yaml", &text(22));
    until("version 2", || version() == Some(2));
    write(&watched, "a.yaml", "name: a\nsteps: { a: { sett: { b: 3 } } }\n");
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!(version(), Some(2));
    let run = keyway.run(&["run", "a"]);
    assert_eq!((run.code, run.stdout.trim()), (Some(0), "22"), "{run:?}");
    let answer = end(service, Signal::TERM);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert_eq!(answer.stderr.matches("not deployed").count(), 1, "it is said once: {answer:?}");
    assert!(answer.stderr.contains("error[KW0101]"), "{answer:?}");
}

#[test]
fn runs_stay_with_their_version_and_a_rollback_puts_the_one_before_in_force() {
    let folder = tempfile::tempdir().expect("a folder");
    let keyway = Keyway::at(folder.path().join("data"));
    let text = |value: u32| {
        format!(
            "name: a\nsteps:\n  a: {{ set: {{ b: {value} }} }}\n  w: {{ after: a, wait: {{ signal: go }} }}\n\
             output: {{ b: \"{{{{ steps.a.b }}}}\", w: \"{{{{ steps.w }}}}\" }}\n"
        )
    };
    deploy(&keyway, folder.path(), &text(1));
    let waiting = keyway.run(&["run", "a", "--no-wait"]);
    assert_eq!(waiting.code, Some(3), "{waiting:?}");
    let answer = deploy(&keyway, folder.path(), &text(2));
    assert!(answer.stdout.contains("~ step     a"), "{answer:?}");
    assert!(answer.stdout.contains("version 1 → 2"), "{answer:?}");
    let again = deploy(&keyway, folder.path(), &text(2));
    assert!(again.stdout.contains("nothing has changed"), "{again:?}");
    assert_eq!(keyway.run(&["signal", "go", "--with", "5"]).code, Some(0));
    let ended = keyway.run(&["resume", &waiting.run_id(), "--json"]).json();
    assert_eq!(ended["output"], json!({ "b": 1, "w": 5 }), "{ended}");
    let shown = keyway.run(&["show", &waiting.run_id()]);
    assert!(shown.stdout.contains("version 1"), "{shown:?}");
    assert_eq!(keyway.run(&["rollback", "a"]).code, Some(0));
    let versions = keyway.run(&["versions", "a", "--json"]).json();
    assert_eq!((&versions[1]["version"], &versions[1]["in_force"]), (&json!(1), &json!(true)), "{versions}");
    assert_eq!(keyway.run(&["versions", "a", "--text", "2"]).stdout, text(2));
    let none = keyway.run(&["rollback", "a"]);
    assert_eq!(none.faults_as_refusal(1), Vec::<String>::new());
    let unknown = keyway.run(&["enable", "b"]);
    assert_eq!(unknown.faults_as_refusal(1), Vec::<String>::new());
    let wrong = keyway.run(&[
        "deploy",
        &write(folder.path(), "b.yaml", "name: b\nsteps: { a: { call: nowhere } }\n"),
        "-y",
    ]);
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert!(wrong.stderr.contains("neither deployed nor in its folder"), "{wrong:?}");
}

#[test]
fn a_cleaning_takes_what_became_of_times_that_started_no_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let keyway = Keyway::at(folder.path().join("data"));
    let text =
        "name: long\ntriggers: [{ cron: \"* * * * * *\", overlap: skip }]\nsteps: { a: { wait: 1h } }\n";
    deploy(&keyway, folder.path(), text);
    let count = |outcome: &str| {
        let connection = Connection::open(keyway.data.join("keyway.db")).expect("the database");
        let count = "SELECT count(*) FROM ticks WHERE outcome = ?1";
        connection.query_row(count, [outcome], |row| row.get::<_, i64>(0)).expect("the books")
    };
    let service = serve(&keyway, &[]);
    until("two times that were skipped", || count("skipped") >= 2);
    assert_eq!(end(service, Signal::TERM).code, Some(0));
    let kept = keyway.run(&["clean", "--older-than", "1h"]);
    assert_eq!((kept.code, count("skipped") >= 2), (Some(0), true), "those are young");
    assert_eq!(keyway.run(&["clean", "--older-than", "0s"]).code, Some(0));
    assert_eq!((count("skipped"), count("started")), (0, 1), "the run goes on, and so does its time");
}
