//! Answers that are seen while they come: on a terminal, from the binary, also where another process moves the run; beside
//! the log and never in it; and never so that a reader slows a run.

use std::io::{Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;
use tests::keyway::{Keyway, wait};
use tests::models::{Does, Provider};
use tests::place::Place;

const KEY: &str = "sk-canary-7a6b5c4d3e2f1a0b9c8d";

/// Its halves are told apart: `FIRST` is in the first, `SECOND` in the second.
const TEXT: &str = "The FIRST half of this answer is here.\nAnd so on, to the middle of it; \
                    now comes the SECOND half, which ends here.";

const FLOW: &str = "name: hello\nsteps:\n  ask: { ai: Say hello, model: compatible/m }\noutput: \"{{ len(steps.ask.text) }}\"\n";

const WAIT: Duration = Duration::from_secs(30);

/// A command on a terminal of its own.
struct Terminal {
    child: Child,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Starts `keyway` on a terminal whose output is kept.
    fn start(keyway: &Keyway, arguments: &[&str]) -> Terminal {
        let inner = keyway.command(arguments);
        let quoted = |text: &std::ffi::OsStr| format!("'{}'", text.to_string_lossy().replace('\'', "'\\''"));
        let line: Vec<String> =
            std::iter::once(inner.get_program()).chain(inner.get_args()).map(quoted).collect();
        let mut command = Command::new("script");
        command.args(["-qefc", &line.join(" "), "/dev/null"]);
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.env("TERM", "xterm").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("`script` can be started");
        let seen: Arc<Mutex<Vec<u8>>> = Arc::default();
        let (mut from, kept) = (child.stdout.take().expect("it is piped"), seen.clone());
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut piece) {
                kept.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&piece[..count]);
            }
        });
        Terminal { child, seen }
    }

    fn seen(&self) -> String {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&seen).into_owned()
    }

    /// Waits until it shows this.
    fn until(&self, word: &str) {
        let end = Instant::now() + WAIT;
        while !self.seen().contains(word) {
            assert!(Instant::now() < end, "it does not show {word:?}: {}", self.seen());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn end(mut self) -> String {
        let end = Instant::now() + WAIT;
        while self.child.try_wait().expect("it can be waited for").is_none() {
            assert!(Instant::now() < end, "it does not end: {}", self.seen());
            std::thread::sleep(Duration::from_millis(5));
        }
        // What it said last is on its way through the pipe.
        std::thread::sleep(Duration::from_millis(50));
        self.seen()
    }
}

fn place(script: &[Does]) -> (Provider, Place, String) {
    let provider = Provider::start(TEXT, script);
    let place = Place::new();
    provider.key(&place, "compatible", "mine", KEY);
    let file = place.file("flow.yaml", FLOW);
    (provider, place, file)
}

#[test]
fn a_terminal_shows_an_answer_while_it_comes() {
    let (provider, place, file) = place(&[Does::Pauses]);
    let terminal = Terminal::start(&place.keyway, &["run", &file, "--allow-private"]);
    terminal.until("FIRST");
    assert!(!terminal.seen().contains("SECOND"), "{}", terminal.seen());
    provider.go_on();
    let seen = terminal.end();
    assert!(seen.contains("SECOND half, which ends here."), "the last line is shown as well: {seen}");
    assert!(seen.contains(&TEXT.len().to_string()), "and the result: {seen}");
    assert!(!seen.contains(KEY));
}

#[test]
fn json_and_pipes_get_the_whole_and_no_pieces() {
    let (_provider, place, file) = place(&[]);
    let seen = Terminal::start(&place.keyway, &["run", &file, "--allow-private", "--json"]).end();
    assert_eq!(seen.matches("FIRST").count(), 1, "only in the value of the step: {seen}");
    let answer = place.keyway.run(&["run", &file, "--allow-private"]);
    assert!(!answer.stderr.contains("FIRST"), "{answer:?}");
}

#[test]
fn another_process_moves_the_run_and_the_terminal_shows_it_all_the_same() {
    let (provider, place, file) = place(&[Does::Pauses]);
    let mut serving = place.keyway.spawn(&["serve", "--allow-private"]);
    let socket = Instant::now() + WAIT;
    while std::os::unix::net::UnixStream::connect(place.keyway.data.join("keyway.sock")).is_err() {
        assert!(Instant::now() < socket, "it does not listen");
        std::thread::sleep(Duration::from_millis(10));
    }
    let terminal = Terminal::start(&place.keyway, &["run", &file, "--allow-private"]);
    terminal.until("FIRST");
    provider.go_on();
    assert!(terminal.end().contains("SECOND"));
    serving.kill().expect("it can be ended");
    let _ = serving.wait();
}

#[test]
fn the_log_has_the_whole_and_no_pieces() {
    let (_provider, place, file) = place(&[]);
    let seen = Terminal::start(&place.keyway, &["run", &file, "--allow-private"]).end();
    let run = tests::keyway::run_id(&seen.replace('\r', "")).expect("the run is named");
    let shown = place.shown(&run);
    assert_eq!(shown["steps"]["ask"]["value"]["text"], json!(TEXT), "{shown}");
    let quiet = place.keyway.run(&["run", &file, "--allow-private"]).run_id();
    let rows = |run: &str| {
        let database = rusqlite::Connection::open(place.keyway.data.join("keyway.db")).expect("the database");
        let count = database.query_row("select count(*) from events where run = ?1", [run], |row| row.get(0));
        count.unwrap_or(-1_i64)
    };
    assert!(rows(&run) > 0);
    assert_eq!(rows(&run), rows(&quiet), "a run that is watched has the same log");
}

#[test]
fn what_was_shown_does_not_begin_anew_within_a_try_and_unseen_it_does() {
    // Nobody sees it: the call is made again within the try.
    let (provider, place, file) = place(&[Does::Cuts(50), Does::Streams]);
    let ended = place.keyway.run(&["run", &file, "--allow-private", "--json"]).json();
    assert_eq!(
        (&ended["status"], &ended["steps"]["ask"]["attempts"]),
        (&json!("succeeded"), &json!(1)),
        "{ended}"
    );
    assert_eq!(provider.asked().len(), 2);
    // Somebody sees it: the try fails, and the engine's next one begins anew, as it says.
    let (provider, place, file) = self::place(&[Does::Cuts(50), Does::Streams]);
    let seen = Terminal::start(&place.keyway, &["run", &file, "--allow-private"]).end();
    let run = tests::keyway::run_id(&seen.replace('\r', "")).expect("the run is named");
    let shown = place.shown(&run);
    assert_eq!(shown["steps"]["ask"]["attempts"], json!(2), "{shown}");
    assert!(seen.contains("broke off") && seen.contains("SECOND"), "{seen}");
    assert_eq!(provider.asked().len(), 2);
    // An answer that is too long is not mended under the eyes of its reader either.
    let (provider, place, file) = self::place(&[Does::Stops; 9]);
    let seen = Terminal::start(&place.keyway, &["run", &file, "--allow-private"]).end();
    assert!(seen.contains("longest length"), "{seen}");
    assert_eq!(provider.asked().len(), 1, "{seen}");
    let ended = place.keyway.run(&["run", &file, "--allow-private", "--json"]).json();
    assert_eq!(
        (&ended["status"], provider.asked().len()),
        (&json!("failed"), 3),
        "unseen it is asked once more"
    );
}

#[test]
fn an_answer_with_a_form_or_a_check_is_not_shown_before_it_is_known_to_be_right() {
    for more in ["check: value.text != ''", "returns: { urgency: integer }"] {
        let provider = Provider::start("{\"urgency\": 4, \"FIRST\": 1}", &[]);
        let place = Place::new();
        provider.key(&place, "compatible", "mine", KEY);
        let text = format!(
            "name: hello\nsteps:\n  ask: {{ ai: Say hello, model: compatible/m, {more} }}\noutput: 1\n"
        );
        let file = place.file("flow.yaml", &text);
        let seen = Terminal::start(&place.keyway, &["run", &file, "--allow-private"]).end();
        assert!(seen.contains("succeeded") && !seen.contains("FIRST"), "{more}: {seen}");
    }
}

#[test]
fn a_reader_that_has_stopped_reading_does_not_slow_a_run() {
    // More than pipes, sockets and the queue of a reader hold together.
    let text = "a line of an answer that is long enough\n".repeat(100_000);
    let provider = Provider::start(&text, &[]);
    let place = Place::new();
    provider.key(&place, "compatible", "mine", KEY);
    let file = place.file("flow.yaml", FLOW);
    let mut serving = place.keyway.spawn(&["serve", "--allow-private"]);
    let socket = place.keyway.data.join("keyway.sock");
    let end = Instant::now() + WAIT;
    while std::os::unix::net::UnixStream::connect(&socket).is_err() {
        assert!(Instant::now() < end, "it does not listen");
        std::thread::sleep(Duration::from_millis(10));
    }
    let started = place.keyway.spawn(&["run", &file, "--allow-private", "--json"]);
    provider.until(1);
    // It asks for the answers as they come, and reads none of them.
    let runs = place.keyway.run(&["runs", "--json"]).json();
    let run = runs[0]["run"].as_str().expect("it is under way").to_owned();
    let mut deaf = std::os::unix::net::UnixStream::connect(&socket).expect("it listens");
    let asks = json!({ "do": "follow", "run": run, "seen": 0, "allow_private": true, "hears": "answers" });
    deaf.write_all(format!("{asks}\n").as_bytes()).expect("it is asked");
    let answer = wait(started);
    assert_eq!(answer.json()["status"], json!("succeeded"));
    assert_eq!(answer.json()["output"], json!(text.len()));
    let mut first = [0; 1];
    assert_eq!(deaf.read(&mut first).ok(), Some(1), "it was told something");
    serving.kill().expect("it can be ended");
    let _ = serving.wait();
}
