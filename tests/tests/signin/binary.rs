//! The same two through the binary: `keyway connect` with a manifest of a folder whose addresses lead to the tool. The ways of
//! a browser, of another device and of an app itself, and a renewal that two processes want at once.

use std::io::{BufRead, BufReader, Read};
use std::process::{ChildStderr, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tests::keyway::{Answer, wait};
use tests::place::Place;
use tests::port::Port;

use super::*;

/// What stands in all secrets of ours here.
const CANARY: &str = "cnry-app-secret";

/// A manifest whose service is the strict provider; `WHO` is where it says who is signed in.
const MANIFEST: &str = r#"connector: demo
name: Demo
version: 1.0.0
about: A service for trying.
hosts: [as.example.com]
base: https://as.example.com
connection: { verify: whoami, label: "{{ response.body.sub }}" }
auth:
  oauth:
    kind: oauth2_code
    about: Agree in a browser.
    authorize: https://as.example.com/AUTHORIZE
    token: https://as.example.com/token
    revoke: https://as.example.com/REVOKE
    authorize_params: { prompt: consent }
    scopes: { default: [openid, offline_access] }
    rotation: { refreshed: rotates, invalid_when: ['response.body.error == "invalid_grant"'] }
  device:
    kind: oauth2_device_code
    about: Agree at another device.
    device: https://as.example.com/device/auth
    token: https://as.example.com/token
    scopes: { default: [openid, offline_access] }
  itself:
    kind: oauth2_client_credentials
    about: The app itself.
    token: https://as.example.com/token
defaults:
  errors:
    - { when: response.status == 401, as: auth_refresh_then_retry }
actions:
  whoami:
    about: Who is signed in.
    effect: read
    safety: read
    request: { method: GET, path: /WHO }
    returns: { sub: string }
"#;

/// A folder, a tool, and the app that it knows.
struct Desk {
    place: Place,
    tool: Tool,
    redirect: String,
    /// Where `keyway connect` listens.
    _port: Port,
}

impl Desk {
    fn at(tool: Tool, (port, redirect): (Port, String), [authorize, revoke, who]: [&str; 3]) -> Desk {
        let place = Place::new();
        let folder = place.keyway.config().join("keyway/connectors");
        std::fs::create_dir_all(&folder).expect("a folder of ours");
        let text = MANIFEST.replace("AUTHORIZE", authorize).replace("REVOKE", revoke).replace("WHO", who);
        std::fs::write(folder.join("demo.yaml"), text).expect("a file of ours");
        let desk = Desk { place, tool, redirect, _port: port };
        let id = ["--id", "keyway", "--host", "127.0.0.1", "--redirect", &desk.redirect, "--stdin"];
        desk.well(&desk.place.keyway.run_with(&[&["app", "add", "demo"][..], &id].concat(), SECRET));
        desk
    }

    /// At the strict provider.
    fn strict() -> Option<Desk> {
        let port = Port::free();
        let redirect = format!("http://127.0.0.1:{}/connect/demo", port.number());
        let script = include_str!("../doubles/oidc.mjs");
        let tool = Tool::script("oidc-provider", script, &[("REDIRECT", &redirect)])?;
        Some(Desk::at(tool, (port, redirect), ["auth", "token/revocation", "me"]))
    }

    /// At the mock.
    fn mock() -> Option<Desk> {
        let port = Port::free();
        let redirect = format!("http://127.0.0.1:{}/connect/demo", port.number());
        Some(Desk::at(mock("")?, (port, redirect), ["authorize", "revoke", "userinfo"]))
    }

    /// It went well, and tells no secret.
    fn well(&self, answer: &Answer) {
        assert_eq!(answer.code, Some(0), "{answer:?}");
        assert!(!format!("{answer:?}").contains(CANARY), "{answer:?}");
    }

    fn connecting(&self, more: &[&str]) -> Vec<String> {
        let origin = &self.tool.base("");
        let mut all = vec!["connect", "demo", "--no-browser", "--allow-private", "--base-url", origin];
        all.extend(more);
        all.into_iter().map(str::to_owned).collect()
    }

    /// Connects, and lets a person do what has to be done at what is said behind these words.
    fn connect(&self, more: &[&str], words: &[&str], person: impl FnOnce(&[String])) -> Answer {
        let mut child = self.place.keyway.spawn(&self.connecting(more));
        let mut lines = BufReader::new(child.stderr.take().expect("standard error is piped"));
        let (told, before) = heard(&mut lines, words);
        if told.len() < words.len() {
            return Answer { stderr: before, ..wait(child) };
        }
        // Whoever reads no more would let it wait.
        let rest = std::thread::spawn(move || {
            let mut rest = String::new();
            let _ = lines.read_to_string(&mut rest);
            rest
        });
        person(&told);
        let answer = wait(child);
        let rest = rest.join().expect("it reads");
        Answer { stderr: before + &rest, ..answer }
    }

    /// Connects an account in a browser.
    fn by_browser(&self) -> Answer {
        self.connect(&["--auth", "oauth"], &["agree in a browser: "], |told| {
            let mut browser = Walker::default();
            let query = browser.agree(&told[0], &self.redirect);
            let back = Url::parse(&format!("{}?{query}", self.redirect)).expect("an address");
            browser.page(&back, None);
        })
    }

    fn calling(&self) -> Command {
        let data = self.place.keyway.data.display().to_string();
        self.place.keyway.command(&["connector", "call", "demo.whoami", "--allow-private", "--data", &data])
    }

    /// Asks who is signed in.
    fn call(&self) -> Answer {
        tests::keyway::finish(self.calling())
    }

    fn listed(&self) -> Value {
        let answer = self.place.keyway.run(&["connections", "--json"]);
        self.well(&answer);
        answer.json()[0].clone()
    }

    fn tamper(&self, sql: &str) {
        let file = self.place.keyway.data.join("keyway.db");
        let database = rusqlite::Connection::open(file).expect("a database of ours");
        database.busy_timeout(Duration::from_secs(5)).expect("a time can be set");
        database.execute_batch(sql).expect("it can be changed");
    }

    /// How often tokens of a kind were given out, or refused, by the provider's own count.
    fn counts(&self, grant: &str, status: u16) -> u64 {
        let url = Url::parse(&format!("{}/counts", self.tool.base(""))).expect("an address");
        let page = Walker::default().page(&url, None);
        let counts: Value = serde_json::from_str(&page.body).expect("its counts");
        counts[format!("{grant} {status}")].as_u64().unwrap_or_default()
    }
}

/// What is said behind each of these words, one line after another; and all that was read.
fn heard(lines: &mut BufReader<ChildStderr>, words: &[&str]) -> (Vec<String>, String) {
    let (mut told, mut before, mut line) = (vec![], String::new(), String::new());
    while told.len() < words.len() && lines.read_line(&mut line).expect("text") > 0 {
        before += &line;
        told.extend(line.trim().strip_prefix(words[told.len()]).map(str::to_owned));
        line.clear();
    }
    (told, before)
}

#[test]
fn a_person_signs_in_at_the_mock_by_a_command() {
    let Some(desk) = Desk::mock() else { return };
    desk.well(&desk.by_browser());
    assert_eq!(desk.listed()["account"], "johndoe");
    desk.tamper("UPDATE sign_ins SET expires = 1");
    let version = |desk: &Desk| {
        let file = desk.place.keyway.data.join("keyway.db");
        let database = rusqlite::Connection::open(file).expect("a database of ours");
        database.query_row("SELECT version FROM sign_ins", [], |row| row.get::<_, i64>(0)).expect("a row")
    };
    let before = version(&desk);
    desk.well(&desk.call());
    assert_eq!(version(&desk), before + 1, "it was renewed once");
    let robot = desk.place.keyway.run(&desk.connecting(&["--auth", "itself", "--name", "app"]));
    desk.well(&robot);
}

#[test]
fn a_strict_provider_is_signed_in_to_renewed_and_left_by_commands() {
    let Some(desk) = Desk::strict() else { return };
    desk.well(&desk.by_browser());
    assert_eq!(desk.listed()["account"], "ada");
    for renewals in 1..=3 {
        desk.tamper("UPDATE sign_ins SET expires = 1");
        desk.well(&desk.call());
        assert_eq!(desk.counts("refresh_token", 200), renewals, "each time with the token that it gave last");
    }
    assert_eq!((desk.counts("authorization_code", 200), desk.counts("refresh_token", 400)), (1, 0));
    // What is left has its tokens taken back.
    desk.well(&desk.place.keyway.run(&["disconnect", "demo", "--allow-private"]));
    assert!(desk.counts("revocation", 200) > 0);
    assert_eq!(desk.call().code, Some(1));
}

/// So many processes call at once with tokens that are over.
fn at_once(desk: &Desk) -> Vec<Answer> {
    desk.tamper("UPDATE sign_ins SET expires = 1");
    let mut children = vec![];
    for _ in 0..2 {
        let mut command = desk.calling();
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        children.push(command.spawn().expect("`keyway` can be started"));
    }
    children.into_iter().map(wait).collect()
}

#[test]
fn two_processes_at_once_renew_once_at_a_provider_that_lets_a_token_serve_once() {
    let Some(desk) = Desk::strict() else { return };
    desk.well(&desk.by_browser());
    for times in 1..=3 {
        at_once(&desk).iter().for_each(|answer| desk.well(answer));
        assert_eq!((desk.counts("refresh_token", 200), desk.counts("refresh_token", 400)), (times, 0));
    }
    // The control: where nobody has the right alone, it is used twice, and the provider ends them all.
    desk.tamper(
        "CREATE TRIGGER no_lease AFTER UPDATE OF until ON sign_ins WHEN new.until IS NOT NULL
         BEGIN UPDATE sign_ins SET until = NULL WHERE name = new.name; END",
    );
    let answers = at_once(&desk);
    assert!(desk.counts("refresh_token", 400) > 0, "{answers:?}");
}

#[test]
fn a_person_agrees_at_another_device() {
    let Some(desk) = Desk::strict() else { return };
    let answer = desk.connect(&["--auth", "device"], &["open ", "and type "], |told| {
        let mut browser = Walker::default();
        let url = Url::parse(&told[0]).expect("an address");
        let page = browser.page(&url, None);
        let typed = format!("xsrf={}&user_code={}", hidden(&page.body), told[1]);
        let page = browser.page(&url, Some(&typed));
        let confirmed = format!("xsrf={}&user_code={}&confirm=yes", hidden(&page.body), told[1]);
        let sent_on = browser.page(&url, Some(&confirmed)).location.expect("it asks who it is");
        browser.follow(url.join(&sent_on).expect("an address"), "no address");
    });
    desk.well(&answer);
    assert_eq!(desk.listed()["account"], "ada");
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    assert_eq!(desk.counts(grant, 200), 1);
    desk.tamper("UPDATE sign_ins SET expires = 1");
    desk.well(&desk.call());
    assert_eq!(desk.counts("refresh_token", 200), 1);
}

/// What a form brings along that proves that it was shown.
fn hidden(page: &str) -> String {
    let value = page.split_once("name=\"xsrf\" value=\"").map(|(_, rest)| rest);
    value.and_then(|rest| rest.split('"').next()).expect("a form").to_owned()
}

#[test]
fn an_app_itself_has_tokens_without_a_person() {
    let Some(desk) = Desk::strict() else { return };
    // Its token is no person's: nobody is asked who it is.
    let app = desk.place.keyway.run(&desk.connecting(&["--auth", "itself", "--no-verify"]));
    desk.well(&app);
    assert_eq!(desk.counts("client_credentials", 200), 1);
}
