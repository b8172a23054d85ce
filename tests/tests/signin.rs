//! Signing in, judged by what others wrote: `oauth2-mock-server` and `oidc-provider` of npm. Ours (`signin::double`) may
//! have our own mistakes in it; these have others, and the second holds whoever asks to the letter of the standards.
//!
//! `KEYWAY_DOUBLES` names the folder into which they are installed: `.ci/run` says how. A test whose tool is absent says
//! so and does nothing, and where `CI` is set it fails.

#[path = "signin/binary.rs"]
mod binary;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use connectors::library::embedded_families;
use connectors::manifest::Manifest;
use connectors::signin::{Accepted, App, Attempts, Callback, Refusal, Service, Tokens, Who, Wish};
use dsl::value::Object;
use jiff::Timestamp;
use secret::{NoVault, Secret};
use url::Url;

/// The app's secret, which the script of `oidc-provider` has too.
const SECRET: &str = "cnry-app-secret-0123456789";

const ADDRESS: &str = "https://keyway.example/connect/demo";

/// How long a tool may take until it answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// A tool that listens on a port of this machine.
struct Tool {
    child: Child,
    origin: String,
}

impl Tool {
    /// Starts a script and waits until it listens; nothing where its package is not installed.
    fn start(package: &str, script: &str, how: &[(&str, &str)]) -> Option<Tool> {
        let npm = std::env::var_os("KEYWAY_DOUBLES").map(|folder| PathBuf::from(folder).join("npm"));
        let Some(npm) = npm.filter(|npm| npm.join("node_modules").join(package).exists()) else {
            assert!(std::env::var_os("CI").is_none(), "`{package}` is not installed in KEYWAY_DOUBLES");
            eprintln!("SKIPPED: `{package}` is not installed in KEYWAY_DOUBLES");
            return None;
        };
        let port = free_port();
        let mut command = Command::new("node");
        command.args(["--input-type=module", "--eval", script]).current_dir(npm);
        command.env("PORT", port.to_string()).envs(how.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("node can be started");
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = child.try_wait().expect("a child can be asked");
            assert!(ended.is_none() && Instant::now() < end, "`{package}` does not answer: {ended:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(Tool { child, origin: format!("http://127.0.0.1:{port}") })
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}

fn mock(how: &str) -> Option<Tool> {
    Tool::start("oauth2-mock-server", include_str!("doubles/mock_oauth2.mjs"), &[("HOW", how)])
}

fn provider() -> Option<Tool> {
    Tool::start("oidc-provider", include_str!("doubles/oidc.mjs"), &[])
}

/// A browser with cookies, as far as a form of one button needs it.
#[derive(Default)]
struct Browser {
    /// By name: the path that a cookie is for, and its value.
    cookies: BTreeMap<String, (String, String)>,
}

/// A page, or where it sends whoever asks.
struct Page {
    location: Option<String>,
    body: String,
}

impl Browser {
    /// Goes to an address, and on to where it is sent, answering each question; gives the query with which it is sent
    /// back to an address of ours.
    fn agree(&mut self, address: &str, back: &str) -> String {
        let url = self.follow(Url::parse(address).expect("an address"), back);
        assert!(url.as_str().starts_with(back), "it ends at {url}");
        url.query().unwrap_or_default().into()
    }

    /// Follows to where it is sent, answering each question, until that is an address of ours or nothing more is asked.
    fn follow(&mut self, from: Url, back: &str) -> Url {
        let mut url = from;
        let mut questions = ["prompt=login&login=ada&password=secret", "prompt=consent"].into_iter();
        for _ in 0..12 {
            let sent_on = match self.ask(&url, None) {
                Some(sent_on) => sent_on,
                None => {
                    let Some(answer) = questions.next() else { return url };
                    self.ask(&url, Some(answer)).expect("an answer leads on")
                }
            };
            url = url.join(&sent_on).expect("it is sent to an address");
            if url.as_str().starts_with(back) {
                return url;
            }
        }
        panic!("it goes round in a circle at {url}");
    }

    /// One request; where it is sent on to, if it is.
    fn ask(&mut self, url: &Url, form: Option<&str>) -> Option<String> {
        self.page(url, form).location
    }

    /// One request, and what came.
    fn page(&mut self, url: &Url, form: Option<&str>) -> Page {
        let port = url.port().expect("a port of this machine");
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time can be set");
        let held = self.cookies.iter().filter(|(_, (path, _))| url.path().starts_with(path.as_str()));
        let cookies: Vec<String> = held.map(|(name, (_, value))| format!("{name}={value}")).collect();
        let method = if form.is_some() { "POST" } else { "GET" };
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let body = form.unwrap_or_default();
        let request = format!(
            "{method} {}{query} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\ncookie: {}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            url.path(),
            cookies.join("; "),
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = vec![];
        stream.read_to_end(&mut answer).expect("it answers");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let mut location = None;
        for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
            match name.to_ascii_lowercase().as_str() {
                "location" => location = Some(value.to_owned()),
                "set-cookie" => self.keep(value),
                _ => {}
            }
        }
        Page { location, body: body.to_owned() }
    }

    fn keep(&mut self, cookie: &str) {
        let mut parts = cookie.split("; ");
        let pair = parts.next().and_then(|pair| pair.split_once('='));
        let path = parts.find_map(|part| part.strip_prefix("path=")).unwrap_or("/").to_owned();
        if let Some((name, value)) = pair {
            self.cookies.insert(name.to_owned(), (path, value.into()));
        }
    }
}

/// A person who signs in at a service.
struct Person {
    manifest: Manifest,
    fields: Object,
    app: App,
    egress: egress::Client,
    origin: String,
    attempts: Attempts,
    who: Who,
}

impl Person {
    fn new(tool: &Tool, auth: &str) -> Person {
        let text = format!(
            "connector: demo\nname: Demo\nversion: 1.0.0\nabout: A service for trying.\nhosts: [as.example.com]\n\
             base: https://as.example.com\nauth:\n  oauth:\n    about: Agree in a browser.\n{auth}actions:\n  whoami:\n    \
             about: Who is signed in.\n    effect: read\n    safety: read\n    request: {{ method: GET, path: /me }}\n    returns: any\n"
        );
        let read = connectors::read::manifest(&text, None, embedded_families());
        let policy = egress::Policy { allow_private: true, ..egress::Policy::default() };
        Person {
            manifest: read.value.unwrap_or_else(|| panic!("{:#?}", read.diagnostics)),
            fields: Object::new(),
            app: App { id: "keyway".into(), secret: Some(Secret::new(SECRET.into())) },
            egress: egress::Client::new(policy, Arc::new(NoVault)),
            origin: tool.origin.clone(),
            attempts: Attempts::new(&[7; 32]),
            who: Who { person: "ada".into(), session: "browser".into() },
        }
    }

    fn service(&self) -> Service<'_> {
        let service = Service::of(&self.manifest, "oauth", (&self.fields, &self.app), &self.egress);
        Service { origin: Some(&self.origin), ..service.expect("the manifest has it") }
    }

    /// Agrees in a browser, and takes what it comes back with.
    fn agree(&self, chance: u8) -> Result<Accepted, Refusal> {
        let wish = Wish { who: self.who.clone(), redirect: ADDRESS.into(), scopes: vec![] };
        let begun = self.attempts.begin(&self.service(), wish, &[chance; 64], Timestamp::now())?;
        let query = Browser::default().agree(&begun.address, ADDRESS);
        let callback = Callback { connector: "demo", address: ADDRESS, who: &self.who, query: &query };
        self.attempts.accept(&callback, Timestamp::now())
    }
}

fn refresh(tokens: &Tokens) -> String {
    tokens.refresh.as_ref().expect("there is a refresh token").expose().to_owned()
}

const MOCK: &str = "    kind: oauth2_code\n    authorize: https://as.example.com/authorize\n    \
    token: https://as.example.com/token\n    revoke: https://as.example.com/revoke\n    scopes: { default: [read] }\n";

/// `prompt` makes the provider give out a refresh token; it says who it is in each answer.
fn strict(tool: &Tool, more: &str) -> String {
    format!(
        "    kind: oauth2_code\n    authorize: https://as.example.com/auth\n    token: https://as.example.com/token\n    \
         revoke: https://as.example.com/token/revocation\n    issuer: {}\n    authorize_params: {{ prompt: consent }}\n    \
         scopes: {{ default: [openid, offline_access] }}\n    rotation: {{ refreshed: rotates }}\n{more}",
        tool.origin
    )
}

#[tokio::test]
async fn a_person_signs_in_at_the_mock_and_is_renewed() {
    let Some(tool) = mock("") else { return };
    let person = Person::new(&tool, MOCK);
    let accepted = person.agree(1).expect("it agrees");
    let tokens = person.service().exchange(&accepted, Timestamp::now()).await.expect("it gives tokens");
    assert!(tokens.expires.is_some() && !refresh(&tokens).is_empty());
    let renewed = person.service().renew(&tokens, None, Timestamp::now()).await.expect("it renews them");
    assert!(!renewed.access.expose().is_empty());
    let app = person.service().client_credentials(&[], Timestamp::now()).await.expect("it knows the app");
    assert!(!app.access.expose().is_empty());
    let printed = format!("{accepted:?} {tokens:?} {renewed:?} {:?}", person.attempts);
    for secret in [tokens.access.expose(), renewed.access.expose(), &refresh(&tokens), accepted.code.expose()]
    {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[tokio::test]
async fn the_mock_wants_the_verifier_that_the_challenge_was_made_of() {
    let Some(tool) = mock("") else { return };
    let person = Person::new(&tool, MOCK);
    let (mut injected, second) = (person.agree(1).expect("it agrees"), person.agree(2).expect("it agrees"));
    injected.code = second.code.clone();
    let refusal = person.service().exchange(&injected, Timestamp::now()).await.expect_err("it is another's");
    assert!(!refusal.to_string().contains(second.code.expose()), "{refusal}");
    // The control: with its own verifier a code serves. The mock has forgotten the one that was tried.
    let third = person.agree(3).expect("it agrees");
    person.service().exchange(&third, Timestamp::now()).await.expect("it is its own");
}

#[tokio::test]
async fn a_refresh_token_that_the_mock_takes_no_more_needs_a_person() {
    let Some(tool) = mock("dead") else { return };
    let person = Person::new(&tool, MOCK);
    let accepted = person.agree(1).expect("it agrees");
    let tokens = person.service().exchange(&accepted, Timestamp::now()).await.expect("it gives tokens");
    let refusal = person.service().renew(&tokens, None, Timestamp::now()).await.expect_err("it is dead");
    assert_eq!(refusal, Refusal::Reconnect("Demo takes its refresh token no more: invalid_grant".into()));
}

#[tokio::test]
async fn a_person_signs_in_at_a_strict_provider_whose_tokens_rotate() {
    let Some(tool) = provider() else { return };
    let person = Person::new(&tool, &strict(&tool, ""));
    let accepted = person.agree(1).expect("it agrees, and says who it is");
    let service = person.service();
    let tokens = service.exchange(&accepted, Timestamp::now()).await.expect("it gives tokens");
    assert!(!tokens.extra.to_string().contains(tokens.access.expose()), "{}", tokens.extra);
    let renewed = service.renew(&tokens, None, Timestamp::now()).await.expect("it renews them");
    assert_ne!(refresh(&tokens), refresh(&renewed));
    // Used a second time it is dead, and so is what came of it: somebody may have stolen it.
    let refusal = service.renew(&tokens, None, Timestamp::now()).await.expect_err("it was used");
    assert!(refusal.needs_person(), "{refusal:?}");
    assert!(
        service.renew(&renewed, None, Timestamp::now()).await.expect_err("its family is dead").needs_person()
    );
}

#[tokio::test]
async fn a_strict_provider_takes_a_code_once_and_tokens_back() {
    let Some(tool) = provider() else { return };
    let person = Person::new(&tool, &strict(&tool, ""));
    let service = person.service();
    let accepted = person.agree(1).expect("it agrees");
    let tokens = service.exchange(&accepted, Timestamp::now()).await.expect("it gives tokens");
    assert!(service.revoke(&tokens).await.expect("it takes them back"));
    assert!(service.renew(&tokens, None, Timestamp::now()).await.expect_err("it is gone").needs_person());
    let again = person.agree(2).expect("it agrees again");
    service.exchange(&again, Timestamp::now()).await.expect("once");
    let twice = service.exchange(&again, Timestamp::now()).await.expect_err("not twice");
    assert!(twice.to_string().contains("invalid_grant"), "{twice}");
}

#[tokio::test]
async fn a_strict_provider_says_no_without_pkce_and_to_another_secret() {
    let Some(tool) = provider() else { return };
    let person = Person::new(&tool, &strict(&tool, "    pkce: off\n"));
    let refusal = person.agree(1).expect_err("it asks for PKCE");
    assert_eq!(refusal, Refusal::Denied("invalid_request".into()));
    let mut person = Person::new(&tool, &strict(&tool, ""));
    person.app.secret = Some(Secret::new("cnry-another-secret".into()));
    let accepted = person.agree(1).expect("it agrees");
    let refusal =
        person.service().exchange(&accepted, Timestamp::now()).await.expect_err("it is another app");
    assert!(refusal.to_string().contains("invalid_client"), "{refusal}");
    assert!(!refusal.to_string().contains("cnry"), "{refusal}");
}

#[tokio::test]
async fn an_answer_of_the_provider_is_no_answer_of_somebody_else() {
    let Some(tool) = provider() else { return };
    let auth =
        strict(&tool, "").replace(&format!("issuer: {}", tool.origin), "issuer: https://other.example");
    assert_eq!(Person::new(&tool, &auth).agree(1).expect_err("it says who it is"), Refusal::IssuerMismatch);
}
