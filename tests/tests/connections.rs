//! Accounts that somebody signs in to, through the binary, at a service that counts what it is asked (`tests::authority`):
//! connected, used, renewed once however many want it, found dead, connected again, taken back. And never a token where it
//! does not belong.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tests::authority::{APP_SECRET, Authority, CANARY};
use tests::keyway::{Answer, finish, wait};
use tests::place::Place;

const MANIFEST: &str = include_str!("connections/demo.yaml");

const FLOW: &str =
    "name: who\nsteps:\n  me: { use: demo.whoami }\noutput: { name: \"{{ steps.me.name }}\" }\n";

const WRITES: &str = "name: writes\nsteps:\n  it: { use: demo.write }\noutput: \"{{ steps.it.name }}\"\n";

/// A key that was drawn for this test, as a service gives it out.
const KEY_FILE: &str = r#"{ "type": "service_account", "client_email": "robot@demo.example",
  "private_key": "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgXHDCfHGq65zvLF8Q\nudeGPVtr/AlN/N+LpUJ0kxW4cjGhRANCAAQOwLbaac3m5oT3uVhNlyE+u/oMzk34\nl1GNUhKmyjnXMMuE8iQyDHBhjFz9w/VicCMXXH/tbdlnZSppbpT8UfyQ\n-----END PRIVATE KEY-----\n" }"#;

/// A folder, a service, and an app at it.
struct Desk {
    place: Place,
    service: Authority,
}

impl Desk {
    fn new() -> Desk {
        let (place, service) = (Place::new(), Authority::start());
        let folder = place.keyway.config().join("keyway/connectors");
        std::fs::create_dir_all(&folder).expect("a folder of ours");
        std::fs::write(folder.join("demo.yaml"), MANIFEST).expect("a file of ours");
        let desk = Desk { place, service };
        desk.add_app(&[]);
        desk
    }

    /// Stores the app, whose browsers come back to any port of this machine that is free.
    fn add_app(&self, more: &[&str]) {
        let redirect = "http://127.0.0.1:0/connect/demo";
        let add =
            ["app", "add", "demo", "--id", "app-1", "--host", "127.0.0.1", "--redirect", redirect, "--stdin"];
        self.well(&self.place.keyway.run_with(&[&add[..], more].concat(), APP_SECRET));
    }

    fn well(&self, answer: &Answer) {
        assert_eq!(answer.code, Some(0), "{answer:?}");
        self.clean(answer);
    }

    /// No secret stands in what was said.
    fn clean(&self, answer: &Answer) {
        assert!(!format!("{answer:?}").contains(CANARY), "{answer:?}");
    }

    fn connecting(&self, more: &[&str]) -> Vec<String> {
        let origin = self.service.origin();
        let mut all = vec!["connect", "demo", "--no-browser", "--allow-private", "--base-url", &origin];
        all.extend(more);
        all.into_iter().map(str::to_owned).collect()
    }

    /// Connects an account in a browser.
    fn connect(&self, more: &[&str]) -> Answer {
        let mut child = self.place.keyway.spawn(&self.connecting(more));
        let (address, before) = address(&mut child);
        let Some(address) = address else { return Answer { stderr: before, ..wait(child) } };
        go(&self.service.agree(&address));
        let answer = wait(child);
        Answer { stderr: before + &answer.stderr, ..answer }
    }

    fn calling(&self) -> Command {
        let data = self.place.keyway.data.display().to_string();
        self.place.keyway.command(&["connector", "call", "demo.whoami", "--allow-private", "--data", &data])
    }

    /// Calls an action by hand.
    fn call(&self) -> Answer {
        let answer = finish(self.calling());
        self.clean(&answer);
        answer
    }

    /// The one connection as it is listed.
    fn listed(&self) -> Value {
        let answer = self.place.keyway.run(&["connections", "--json"]);
        self.well(&answer);
        answer.json()[0].clone()
    }

    /// Changes the database behind the program's back.
    fn tamper(&self, sql: &str) {
        let file = self.place.keyway.data.join("keyway.db");
        let database = rusqlite::Connection::open(file).expect("a database of ours");
        database.busy_timeout(Duration::from_secs(5)).expect("a time can be set");
        database.execute_batch(sql).expect("it can be changed");
    }

    fn renewals(&self) -> usize {
        self.service.asked_for("refresh_token")
    }
}

/// Reads until an address to agree at is printed; gives it, and all that was read.
fn address(child: &mut Child) -> (Option<String>, String) {
    let mut lines = BufReader::new(child.stderr.take().expect("standard error is piped"));
    let (mut before, mut line) = (String::new(), String::new());
    while lines.read_line(&mut line).expect("text") > 0 {
        before += &line;
        if let Some(address) = line.trim().strip_prefix("agree in a browser: ") {
            let address = address.to_owned();
            std::thread::spawn(move || lines.read_to_end(&mut vec![]));
            return (Some(address), before);
        }
        line.clear();
    }
    (None, before)
}

/// A browser goes to an address of this machine.
fn go(address: &str) {
    let url = url::Url::parse(address).expect("an address");
    let host = format!("127.0.0.1:{}", url.port().expect("a port"));
    let mut stream = TcpStream::connect(&host).expect("it listens");
    let target = format!("{}?{}", url.path(), url.query().unwrap_or_default());
    let request = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn an_account_is_connected_called_listed_and_taken_back_and_no_token_is_seen() {
    let desk = Desk::new();
    let answer = desk.connect(&[]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    desk.clean(&answer);
    assert_eq!(desk.listed()["health"]["state"], "works");
    let called = desk.call();
    assert_eq!((called.code, called.stdout.contains("ada")), (Some(0), true), "{called:?}");
    let flow = desk.place.file("who.yaml", FLOW);
    let ran = desk.place.keyway.run(&["run", &flow, "--json", "--allow-private"]);
    desk.well(&ran);
    assert_eq!(ran.json()["output"]["name"], "ada", "{ran:?}");
    let listed = desk.listed();
    assert_eq!((&listed["account"], &listed["state"]), (&"ada".into(), &"ready".into()), "{listed}");
    assert_eq!(
        (&listed["health"]["state"], &listed["scopes"][0]),
        (&"works".into(), &"read".into()),
        "{listed}"
    );
    assert!(listed["used"].is_string() && listed["expires"].is_string(), "{listed}");
    assert_eq!(desk.service.asked_for("authorization_code"), 1);
    // All that was written, in whichever file.
    let traces = found(&desk.place.keyway.data, CANARY);
    assert_eq!(traces, [""; 0]);
    // The control: what is known of the account stands there, and is found.
    assert!(!found(&desk.place.keyway.data, "app-1").is_empty());
    let removed = desk.place.keyway.run(&["disconnect", "demo", "--allow-private"]);
    desk.well(&removed);
    assert_eq!(desk.service.came_to("/revoke"), 1, "{removed:?}");
    let gone = desk.call();
    assert_eq!(gone.code, Some(1), "{gone:?}");
    assert!(gone.stderr.contains("`keyway connect demo` makes one"), "{gone:?}");
}

/// The files in a folder that hold a text.
fn found(folder: &std::path::Path, text: &str) -> Vec<String> {
    let mut files = vec![];
    for entry in std::fs::read_dir(folder).expect("a folder of ours").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(found(&path, text));
        } else if std::fs::read(&path)
            .is_ok_and(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
        {
            files.push(path.display().to_string());
        }
    }
    files
}

#[test]
fn tokens_that_are_nearly_over_are_renewed_before_a_call_and_not_again() {
    let desk = Desk::new();
    desk.service.state().lasts = 60;
    assert_eq!(desk.connect(&[]).code, Some(0));
    desk.service.state().lasts = 3600;
    let before = desk.listed()["expires"].clone();
    for _ in 0..3 {
        desk.well(&desk.call());
    }
    assert_eq!(desk.renewals(), 1);
    assert_ne!(desk.listed()["expires"], before);
    // The control: where they are always nearly over, each call renews them.
    desk.service.state().lasts = 60;
    desk.tamper("UPDATE sign_ins SET expires = 1");
    for _ in 0..3 {
        desk.well(&desk.call());
    }
    assert_eq!(desk.renewals(), 4);
}

/// So many processes call at once with tokens that are over; how often the service was asked for others.
fn at_once(desk: &Desk) -> (usize, Vec<Answer>) {
    desk.service.state().slow = Duration::from_millis(300);
    desk.tamper("UPDATE sign_ins SET expires = 1");
    let mut children = vec![];
    for _ in 0..4 {
        let mut command = desk.calling();
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        children.push(command.spawn().expect("`keyway` can be started"));
    }
    let answers: Vec<Answer> = children.into_iter().map(wait).collect();
    answers.iter().for_each(|answer| desk.clean(answer));
    (desk.renewals(), answers)
}

#[test]
fn four_processes_at_once_renew_once() {
    let desk = Desk::new();
    assert_eq!(desk.connect(&[]).code, Some(0));
    let (renewals, answers) = at_once(&desk);
    assert_eq!(renewals, 1, "{answers:?}");
    assert!(answers.iter().all(|answer| answer.code == Some(0)), "{answers:?}");
}

#[test]
fn without_the_lease_four_processes_at_once_renew_more_than_once() {
    let desk = Desk::new();
    assert_eq!(desk.connect(&[]).code, Some(0));
    desk.tamper(
        "CREATE TRIGGER no_lease AFTER UPDATE OF until ON sign_ins WHEN new.until IS NOT NULL
         BEGIN UPDATE sign_ins SET until = NULL WHERE name = new.name; END",
    );
    let (renewals, answers) = at_once(&desk);
    assert!(renewals > 1, "{renewals}: {answers:?}");
}

#[test]
fn a_refusal_of_the_api_renews_once_and_is_tried_again_once() {
    let desk = Desk::new();
    assert_eq!(desk.connect(&[]).code, Some(0));
    desk.service.forget_access();
    let calls = desk.service.came_to("/me");
    desk.well(&desk.call());
    assert_eq!((desk.renewals(), desk.service.came_to("/me") - calls), (1, 2));
    // Where nothing helps, it ends after the second no.
    desk.service.state().closed = true;
    let calls = desk.service.came_to("/me");
    let answer = desk.call();
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert_eq!((desk.renewals(), desk.service.came_to("/me") - calls), (2, 2));
    assert_eq!(desk.listed()["health"]["state"], "refused");
}

#[test]
fn a_dead_refresh_token_is_found_once_and_connecting_again_heals_it() {
    let desk = Desk::new();
    assert_eq!(desk.connect(&[]).code, Some(0));
    desk.service.state().dead = true;
    desk.tamper("UPDATE sign_ins SET expires = 1");
    for _ in 0..4 {
        let answer = desk.call();
        assert_eq!(answer.code, Some(1), "{answer:?}");
        assert!(answer.stderr.contains("`keyway connect demo --auth oauth` does it"), "{answer:?}");
        assert!(answer.stderr.contains("Demo takes its refresh token no more"), "{answer:?}");
    }
    assert_eq!(desk.renewals(), 1);
    let listed = desk.listed();
    assert_eq!((&listed["state"], desk.renewals()), (&"reconnect".into(), 1), "{listed}");
    assert_eq!(listed["reconnect"]["type"], "keyway connect demo --auth oauth", "{listed}");
    // The control: a word that is forgotten lets it be asked again.
    desk.tamper("UPDATE connections SET state = 'ready'; UPDATE sign_ins SET why = ''");
    assert_eq!((desk.call().code, desk.renewals()), (Some(1), 2));
    desk.service.state().dead = false;
    let again = desk.connect(&[]);
    assert_eq!(again.code, Some(0), "{again:?}");
    desk.well(&desk.call());
    assert_eq!((desk.listed()["state"].clone(), desk.renewals()), ("ready".into(), 2));
}

/// A workflow that is told of connections that died.
const DEAD: &str = "name: dead\ninputs: { said: string }\ntriggers:\n  - event: keyway.connection_expired\n    with: { connector: demo }\n    inputs: { said: \"{{ trigger.event.connection }}: {{ trigger.event.command }}\" }\nsteps: { a: { set: { said: 1 } } }\noutput: \"{{ inputs.said }}\"\n";

#[test]
fn a_connection_that_died_is_told_once_each_time_it_dies() {
    let desk = Desk::new();
    assert_eq!(desk.connect(&[]).code, Some(0));
    let file = desk.place.file("dead.yaml", DEAD);
    let deployed = desk.place.keyway.run(&["deploy", "--yes", &file]);
    assert_eq!(deployed.code, Some(0), "{deployed:?}");
    let runs = || {
        let all = desk.place.keyway.run(&["runs", "--json"]).json();
        all.as_array().map_or(0, Vec::len)
    };
    let serve = || {
        let serving = desk.place.keyway.spawn(&["serve", "--allow-private"]);
        std::thread::sleep(Duration::from_secs(5));
        serving
    };
    let stop = |mut serving: Child| {
        serving.kill().expect("it runs");
        serving.wait().expect("it has ended");
    };
    for deaths in 1..=2 {
        let serving = serve();
        assert_eq!(runs(), deaths - 1, "it lives");
        desk.service.state().dead = true;
        desk.tamper("UPDATE sign_ins SET expires = 1");
        assert_eq!(desk.call().code, Some(1));
        let end = std::time::Instant::now() + Duration::from_secs(30);
        while runs() < deaths {
            assert!(std::time::Instant::now() < end, "it is told to nobody");
            std::thread::sleep(Duration::from_millis(100));
        }
        stop(serving);
        // Whoever serves next finds it dead as well, and tells nothing.
        stop(serve());
        assert_eq!(runs(), deaths);
        desk.service.state().dead = false;
        let again = desk.connect(&["--again"]);
        assert_eq!(again.code, Some(0), "{again:?}");
    }
    let all = desk.place.keyway.run(&["runs", "--json"]).json();
    let run = all[0]["run"].as_str().or(all[0]["id"].as_str()).expect("an id").to_owned();
    let shown = desk.place.until(&run, |shown| shown["status"] == "succeeded");
    assert_eq!(shown["output"], "main: keyway connect demo --auth oauth", "{shown}");
}

/// A process dies after the service has given others for its tokens, and before they are stored.
fn die(desk: &Desk) {
    desk.service.state().silent = true;
    desk.tamper("UPDATE sign_ins SET expires = 1");
    let before = desk.renewals();
    let mut child = desk.calling().stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let end = std::time::Instant::now() + Duration::from_secs(30);
    while desk.renewals() == before {
        assert!(std::time::Instant::now() < end, "it does not ask");
        std::thread::sleep(Duration::from_millis(10));
    }
    // Its answer is on its way.
    std::thread::sleep(Duration::from_millis(100));
    child.kill().expect("it runs");
    child.wait().expect("it has ended");
    desk.service.state().silent = false;
}

#[test]
fn after_a_death_before_storing_it_is_tried_once_more_when_the_lease_is_over() {
    for (grace, code, state) in [(true, Some(0), "ready"), (false, Some(1), "reconnect")] {
        let desk = Desk::new();
        desk.service.state().grace = grace;
        assert_eq!(desk.connect(&[]).code, Some(0));
        die(&desk);
        // Nobody else renews while the right lasts.
        let held = desk.call();
        assert!(held.stderr.contains("is being renewed"), "{held:?}");
        assert_eq!((held.code, desk.renewals()), (Some(1), 1), "{held:?}");
        desk.tamper("UPDATE sign_ins SET until = 1");
        for _ in 0..3 {
            let answer = desk.call();
            assert_eq!(answer.code, code, "{answer:?}");
            assert!(grace || answer.stderr.contains("may have used it"), "{answer:?}");
        }
        assert_eq!((desk.listed()["state"].clone(), desk.renewals()), (state.into(), 2));
    }
}

#[test]
fn a_connection_that_works_is_not_replaced_unasked() {
    let desk = Desk::new();
    assert_eq!(desk.connect(&[]).code, Some(0));
    let answer = desk.place.keyway.run(&desk.connecting(&[]));
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert!(answer.stderr.contains("`--again` this one again"), "{answer:?}");
    assert_eq!(desk.service.asked_for("authorization_code"), 1);
    desk.service.state().account = "grace".into();
    let again = desk.connect(&["--again"]);
    assert_eq!((again.code, desk.listed()["account"].clone()), (Some(0), "grace".into()), "{again:?}");
}

#[test]
fn without_an_app_it_is_said_how_one_is_made() {
    let desk = Desk::new();
    desk.well(&desk.place.keyway.run(&["app", "rm", "demo"]));
    let answer = desk.place.keyway.run(&["connect", "demo", "--auth", "oauth"]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    for said in [
        "Open demo.example",
        "http://127.0.0.1:8976/connect/demo",
        "keyway app add demo --id ID",
        "there is no app",
    ] {
        assert!(answer.stderr.contains(said), "{said}: {answer:?}");
    }
    assert!(desk.service.state().came.is_empty());
}

#[test]
fn another_device_and_the_app_itself_need_no_browser() {
    let desk = Desk::new();
    let answer = desk.place.keyway.run(&desk.connecting(&["--auth", "device"]));
    desk.well(&answer);
    assert!(answer.stderr.contains("ABCD-EFGH"), "{answer:?}");
    let answer = desk.place.keyway.run(&desk.connecting(&["--auth", "itself", "--name", "robot"]));
    desk.well(&answer);
    assert_eq!(desk.service.asked_for("client_credentials"), 1);
    // What has no refresh token is had anew as it was had first.
    desk.tamper("UPDATE sign_ins SET expires = 1 WHERE name = 'robot'");
    let tested = desk.place.keyway.run(&["connections", "test", "demo", "robot", "--allow-private"]);
    desk.well(&tested);
    assert_eq!(desk.service.asked_for("client_credentials"), 2);
}

#[test]
fn a_private_key_is_read_with_what_stands_beside_it_and_serves_again() {
    let desk = Desk::new();
    let key = desk.place.file("key.json", KEY_FILE);
    let answer = desk.place.keyway.run(&desk.connecting(&["--auth", "robot", "--key-file", &key]));
    desk.well(&answer);
    assert!(!format!("{answer:?}").contains("PRIVATE KEY"), "{answer:?}");
    assert_eq!(desk.listed()["fields"]["client_email"], "robot@demo.example");
    desk.tamper("UPDATE sign_ins SET expires = 1");
    desk.well(&desk.call());
    assert_eq!(desk.service.asked_for("urn:ietf:params:oauth:grant-type:jwt-bearer"), 2);
    // The control: without a key nothing is asked.
    let answer = desk.place.keyway.run(&desk.connecting(&["--auth", "robot", "--name", "other"]));
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert!(answer.stderr.contains("`--key-file FILE`"), "{answer:?}");
    assert_eq!(desk.service.asked_for("urn:ietf:params:oauth:grant-type:jwt-bearer"), 2);
}

#[test]
fn a_connection_of_an_organisation_serves_its_members_and_nobody_else() {
    let desk = Desk::new();
    let keyway = &desk.place.keyway;
    desk.well(&keyway.run(&["org", "create", "acme"]));
    // Everybody here may sign in with the platform's.
    desk.add_app(&["--owner", "platform"]);
    assert_eq!(desk.connect(&["--org", "acme"]).code, Some(0));
    // Whoever is no member finds none.
    let answer = desk.call();
    assert!(answer.stderr.contains("there is no connection to Demo"), "{answer:?}");
    desk.well(&keyway.run(&["org", "add", "acme", "local"]));
    desk.well(&desk.call());
    // What is over is renewed for the organisation, once.
    desk.tamper("UPDATE sign_ins SET expires = 1");
    for _ in 0..2 {
        desk.well(&desk.call());
    }
    assert_eq!(desk.renewals(), 1);
    desk.well(&keyway.run(&["org", "remove", "acme", "local"]));
    assert_eq!(desk.call().code, Some(1));
}

#[test]
fn a_service_and_a_command_at_once_renew_once() {
    let desk = Desk::new();
    assert_eq!(desk.connect(&[]).code, Some(0));
    let mut serving = desk.place.keyway.spawn(&["serve", "--allow-private"]);
    let end = std::time::Instant::now() + Duration::from_secs(30);
    while !desk.place.keyway.data.join("keyway.sock").exists() {
        assert!(std::time::Instant::now() < end, "it does not serve");
        std::thread::sleep(Duration::from_millis(20));
    }
    desk.service.state().slow = Duration::from_millis(300);
    desk.tamper("UPDATE sign_ins SET expires = 1");
    let flow = desk.place.file("who.yaml", FLOW);
    // The run is carried out by the process that serves.
    let running = desk.place.keyway.spawn(&["run", &flow, "--json", "--allow-private"]);
    let called = desk.call();
    let ran = wait(running);
    rustix::process::kill_process(rustix::process::Pid::from_child(&serving), rustix::process::Signal::TERM)
        .expect("it runs");
    serving.wait().expect("it ends");
    desk.well(&called);
    desk.well(&ran);
    assert_eq!(ran.json()["output"]["name"], "ada", "{ran:?}");
    assert_eq!(desk.renewals(), 1);
}

#[test]
fn what_a_service_does_not_take_is_not_stored_and_given_back() {
    let desk = Desk::new();
    desk.service.state().closed = true;
    let answer = desk.connect(&[]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    desk.clean(&answer);
    assert_eq!(desk.place.keyway.run(&["connections", "--json"]).json(), serde_json::json!([]));
    assert_eq!(desk.service.came_to("/revoke"), 1);
}

#[test]
fn a_plan_says_what_is_missing_and_what_to_type() {
    let desk = Desk::new();
    let flow = desk.place.file("writes.yaml", WRITES);
    let missing = |desk: &Desk| {
        let answer = desk.place.keyway.run(&["plan", &flow, "--json"]);
        desk.well(&answer);
        answer.json()["missing"].clone()
    };
    let first = missing(&desk);
    assert_eq!(first[0]["what"], "connection", "{first}");
    assert_eq!(first[0]["type"], "keyway connect demo", "{first}");
    assert_eq!(desk.connect(&[]).code, Some(0));
    let scopes = missing(&desk);
    assert_eq!(
        (&scopes[0]["what"], &scopes[0]["scopes"][0]),
        (&"scopes".into(), &"write".into()),
        "{scopes}"
    );
    assert_eq!(scopes[0]["type"], "keyway connect demo --auth oauth --again --scope write", "{scopes}");
    // What deployed workflows need is asked for unasked, and a file that is named as well.
    desk.well(&desk.place.keyway.run(&["deploy", &flow, "--yes"]));
    assert_eq!(desk.listed()["missing_scopes"], serde_json::json!(["write"]));
    assert_eq!(desk.listed()["workflows"], serde_json::json!(["writes"]));
    let again = desk.connect(&["--again"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(missing(&desk), serde_json::json!([]));
    desk.tamper("UPDATE connections SET state = 'reconnect'");
    let person = missing(&desk);
    assert_eq!(
        (&person[0]["what"], &person[0]["type"]),
        (&"reconnect".into(), &"keyway connect demo --auth oauth".into())
    );
    let data = desk.place.keyway.data.display().to_string();
    let checked = desk.place.keyway.run(&["check", "--connections", &flow, "--data", &data]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert!(checked.stderr.contains("help: `keyway connect demo --auth oauth`"), "{checked:?}");
    // Without it a check is of the file alone.
    assert_eq!(desk.place.keyway.run(&["check", &flow]).code, Some(0));
    let page = desk.place.keyway.run(&["plan", &flow]);
    assert!(page.stdout.contains("has to be connected again"), "{page:?}");
}

#[test]
fn a_request_is_shown_before_anybody_has_signed_in() {
    let place = Place::new();
    let arguments = ["connector", "call", "gmail.get_profile", "--dry-run", "--with", "{}"];
    let shown = place.keyway.run(&arguments);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(shown.stdout.contains("authorization: Bearer ***"), "{shown:?}");
}
