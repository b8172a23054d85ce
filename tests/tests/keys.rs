//! Keys of providers are asked about before they are stored, and whatever answers is one clear message.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tests::canary::Canary;
use tests::keyway::{Answer, Keyway};
use tests::port::Port;

const MODELS: &str = r#"{"object":"list","data":[{"id":"m"}]}"#;

/// What the provider says next.
#[derive(Clone)]
struct Said {
    status: u16,
    kind: &'static str,
    body: String,
    location: Option<String>,
    after: Duration,
}

fn json(status: u16, body: &str) -> Said {
    Said { status, kind: "application/json", body: body.into(), location: None, after: Duration::ZERO }
}

/// A provider that says what it is told to say, and remembers what it was asked.
struct Provider {
    address: SocketAddr,
    words: Arc<Mutex<Words>>,
    seen: Arc<Mutex<Vec<String>>>,
}

/// What a provider says: to requests of a deployment, by its name, and to all others.
struct Words {
    next: Said,
    deployments: Vec<(&'static str, Said)>,
}

impl Words {
    fn to(&self, request: &str) -> Said {
        let found =
            self.deployments.iter().find(|(name, _)| request.contains(&format!("/deployments/{name}/")));
        found.map_or(&self.next, |(_, said)| said).clone()
    }
}

impl Provider {
    fn start() -> Provider {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let words = Words { next: json(200, MODELS), deployments: vec![] };
        let provider = Provider { address, words: Arc::new(Mutex::new(words)), seen: Arc::default() };
        let (words, seen) = (provider.words.clone(), provider.seen.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (words, seen) = (words.clone(), seen.clone());
                // A client that goes away has nothing to be told.
                std::thread::spawn(move || drop(serve(stream, &words, &seen)));
            }
        });
        provider
    }

    fn says(&self, said: Said) {
        self.words.lock().unwrap_or_else(PoisonError::into_inner).next = said;
    }

    fn deploys(&self, deployments: Vec<(&'static str, Said)>) {
        self.words.lock().unwrap_or_else(PoisonError::into_inner).deployments = deployments;
    }

    fn base(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(stream: TcpStream, words: &Mutex<Words>, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        head += &line;
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.and_then(|length| length.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let said = words.lock().unwrap_or_else(PoisonError::into_inner).to(&head);
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(head + &String::from_utf8_lossy(&body));
    std::thread::sleep(said.after);
    let location = said.location.map_or_else(String::new, |to| format!("location: {to}\r\n"));
    let head = format!(
        "HTTP/1.1 {} X\r\ncontent-type: {}\r\nconnection: close\r\n{location}content-length: {}\r\n\r\n",
        said.status,
        said.kind,
        said.body.len()
    );
    writer.write_all(head.as_bytes())?;
    writer.write_all(said.body.as_bytes())
}

struct Place {
    _folder: TempDir,
    keyway: Keyway,
    provider: Provider,
    key: Canary,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let keyway = Keyway::at(folder.path().join("data"));
        Place { _folder: folder, keyway, provider: Provider::start(), key: Canary::new("key") }
    }

    fn add(&self, more: &[&str]) -> Answer {
        let base = self.provider.base();
        let arguments = [&["keys", "add", "compatible", "--base-url", &base, "--stdin"], more].concat();
        self.keyway.run_with(&arguments, &self.key.value)
    }

    fn statuses(&self) -> Vec<String> {
        let list = self.keyway.run(&["keys", "list", "--json"]).json();
        let keys = list.as_array().expect("a list");
        keys.iter().map(|key| key["status"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

fn page(length: usize) -> Said {
    let body = format!("<!doctype html><title>Sign in</title>{}", "x".repeat(length));
    Said { kind: "text/html", ..json(200, &body) }
}

#[test]
fn a_key_that_its_provider_refuses_is_not_stored_and_the_message_tells_why() {
    let place = Place::new();
    let error = |code: &str| format!(r#"{{"error":{{"message":"no","type":"{code}","code":"{code}"}}}}"#);
    let elsewhere = Provider::start();
    let redirect = Said { location: Some(elsewhere.base()), ..json(302, "{}") };
    for (said, code, told) in [
        (json(401, &error("invalid_api_key")), 1, "does not know this key; nothing was stored"),
        (json(401, &error("key_expired")), 1, "says that this key has expired"),
        (json(503, &error("overloaded")), 2, "cannot tell at the moment (status 503)"),
        (json(404, &error("not_found")), 1, "does not speak as an endpoint"),
        (page(10), 1, "does not speak as an endpoint"),
        (page(1 << 20), 1, "does not speak as an endpoint"),
        (page(5 << 20), 2, "cannot be reached: the body of the answer of `127.0.0.1` is longer than"),
        (redirect, 1, "redirects elsewhere, where the key is not sent"),
    ] {
        place.provider.says(said);
        let answer = place.add(&["--allow-private"]);
        assert_eq!(answer.faults_as_refusal(code), Vec::<String>::new(), "{answer:?}");
        assert!(answer.stderr.contains(told), "{told}: {answer:?}");
        assert_eq!(place.key.in_bytes(Path::new("stderr"), answer.stderr.as_bytes()), []);
    }
    assert_eq!(place.statuses(), Vec::<String>::new());
    assert_eq!(elsewhere.seen(), Vec::<String>::new());
    let bearer = format!("authorization: Bearer {}", place.key.value);
    assert!(
        place
            .provider
            .seen()
            .iter()
            .all(|head| head.contains(&bearer) && head.starts_with("GET /v1/models "))
    );
}

#[test]
fn a_key_is_stored_with_what_its_provider_says_of_it() {
    let place = Place::new();
    let quota = r#"{"error":{"type":"insufficient_quota","code":"insufficient_quota"}}"#;
    let long = format!(r#"{{"data":["{}"]}}"#, "x".repeat(1 << 20));
    for (said, name, told) in [
        (json(200, MODELS), "a", "valid"),
        (json(200, &long), "b", "valid"),
        (json(429, quota), "c", "right, but its account has no credit"),
        (json(402, "{}"), "d", "right, but its account has no credit"),
        (json(429, "{}"), "e", "right, but used too often just now"),
    ] {
        place.provider.says(said);
        let answer = place.add(&["--allow-private", "--name", name]);
        assert!(answer.code == Some(0) && answer.stderr.contains(told), "{told}: {answer:?}");
    }
    let before = place.provider.seen().len();
    let private = place.add(&["--name", "f"]);
    assert_eq!(private.faults_as_refusal(2), Vec::<String>::new(), "{private:?}");
    assert!(private.stderr.contains("--allow-private"), "{private:?}");
    assert_eq!(place.add(&["--name", "g", "--no-test"]).code, Some(0));
    assert_eq!(place.add(&["--name", "a", "--allow-private"]).code, Some(1), "the name is taken");
    assert_eq!(place.provider.seen().len(), before, "none of these was sent");
    let wanted = ["valid", "valid", "no_credit", "no_credit", "rate_limited", "untested"];
    assert_eq!(place.statuses(), wanted);
}

#[test]
fn stored_keys_are_asked_about_again_and_the_audit_tells_of_it() {
    let place = Place::new();
    assert_eq!(place.add(&["--no-test", "--name", "one"]).code, Some(0));
    assert_eq!(place.add(&["--no-test", "--name", "two"]).code, Some(0));
    let test = |more: &[&str]| place.keyway.run(&[&["keys", "test", "--allow-private"], more].concat());
    let all = test(&["--all"]);
    assert!(all.code == Some(0) && all.stdout.matches(" valid ").count() == 2, "{all:?}");
    place.provider.says(json(401, "{}"));
    let wrong = test(&["one", "--json"]);
    assert_eq!((wrong.code, &wrong.json()[0]["status"]), (Some(1), &"invalid".into()), "{wrong:?}");
    assert_eq!(place.statuses(), ["invalid", "valid"]);
    // Where nothing is learned, what was known stays.
    place.provider.says(page(10));
    let unknown = test(&["two"]);
    assert!(unknown.code == Some(2) && unknown.stdout.contains("unknown"), "{unknown:?}");
    assert_eq!(place.statuses(), ["invalid", "valid"]);
    // A key that was wrong may be right again; one that is revoked is not asked about.
    place.provider.says(json(200, MODELS));
    assert_eq!(test(&[]).code, Some(0));
    assert_eq!(place.statuses(), ["valid", "valid"]);
    assert_eq!(place.keyway.run(&["keys", "revoke", "two"]).code, Some(0));
    let revoked = test(&["two"]);
    assert!(revoked.stdout.contains("is revoked"), "{revoked:?}");
    assert_eq!(test(&["three"]).code, Some(1));
    // Another key in its place is asked about first.
    place.provider.says(json(401, "{}"));
    let rotate = ["keys", "rotate", "one", "--allow-private", "--stdin"];
    let refused = place.keyway.run_with(&rotate, "another-key-of-some-length");
    assert!(refused.code == Some(1) && refused.stderr.contains("nothing was stored"), "{refused:?}");
    place.provider.says(json(200, MODELS));
    assert_eq!(place.keyway.run_with(&rotate, "another-key-of-some-length").code, Some(0));
    assert_eq!(place.statuses(), ["valid", "revoked"]);
    let audit = place.keyway.run(&["audit", "--key", "one", "--json"]).json();
    let told: Vec<String> = audit
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| {
            format!("{} {}", row["action"].as_str().unwrap_or(""), row["detail"].as_str().unwrap_or(""))
        })
        .collect();
    let asked = "used compatible to 127.0.0.1";
    assert_eq!(
        told,
        [
            "added 127.0.0.1",
            asked,
            "tested valid",
            asked,
            "tested invalid",
            asked,
            "tested valid",
            "replaced 127.0.0.1",
            "tested valid",
        ]
    );
    let (_, traces) = place.key.in_folder(&place.keyway.data);
    assert_eq!(traces, []);
}

#[test]
fn a_provider_that_is_slow_or_away_is_told() {
    let place = Place::new();
    place.provider.says(Said { after: Duration::from_secs(15), ..json(200, MODELS) });
    let slow = place.add(&["--allow-private"]);
    assert_eq!(slow.faults_as_refusal(2), Vec::<String>::new(), "{slow:?}");
    assert!(slow.stderr.contains("no whole answer from `127.0.0.1` within 10s"), "{slow:?}");
    // A port that nobody listens on.
    let nobody = Port::free();
    let base = format!("http://127.0.0.1:{}", nobody.number());
    let away = place.keyway.run_with(
        &["keys", "add", "compatible", "--base-url", &base, "--allow-private", "--stdin"],
        "some-key",
    );
    assert_eq!(away.faults_as_refusal(2), Vec::<String>::new(), "{away:?}");
    assert!(away.stderr.contains("cannot be reached: cannot connect to `127.0.0.1`"), "{away:?}");
}

#[test]
fn each_provider_is_asked_in_its_own_way() {
    let place = Place::new();
    let at = format!("http://{}", place.provider.address);
    for (provider, more, line, header) in [
        ("openai", &[][..], "GET /models ", "authorization: Bearer some-key"),
        ("anthropic", &[], "GET /v1/models ", "x-api-key: some-key"),
        ("gemini", &[], "GET /v1beta/models?pageSize=1 ", "x-goog-api-key: some-key"),
        ("deepseek", &[], "GET /user/balance ", "authorization: Bearer some-key"),
        ("azure", &[], "GET /openai/v1/models ", "api-key: some-key"),
        (
            "azure",
            &["--api-version", "2024-10-21"],
            "GET /openai/models?api-version=2024-10-21 ",
            "api-key: some-key",
        ),
        ("cohere", &[], "POST /v1/check-api-key ", "authorization: Bearer some-key"),
    ] {
        place.provider.says(json(401, "{}"));
        let arguments =
            [&["keys", "add", provider, "--base-url", &at, "--allow-private", "--stdin"], more].concat();
        let answer = place.keyway.run_with(&arguments, "some-key");
        assert!(answer.stderr.contains("does not know this key"), "{answer:?}");
        let head = place.provider.seen().pop().expect("it was asked");
        assert!(head.starts_with(line) && head.contains(header), "{provider}: {head}");
        assert_eq!(head.contains("anthropic-version: 2023-06-01"), provider == "anthropic");
    }
}

/// An answer of one token.
const TOKEN: &str = r#"{"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"H"},"finish_reason":"length"}],"usage":{"prompt_tokens":8,"completion_tokens":1,"total_tokens":9}}"#;

#[test]
fn each_deployment_of_azure_is_asked_for_one_token() {
    let place = Place::new();
    let at = format!("http://{}", place.provider.address);
    let error = |code: &str, said: &str| format!(r#"{{"error":{{"code":"{code}","message":"{said}"}}}}"#);
    let gone =
        json(404, &error("DeploymentNotFound", "The API deployment for this resource does not exist."));
    let limited = json(429, &error("429", "Requests have exceeded the rate limit."));
    let few = json(400, &error("invalid", "max_tokens or model output limit was reached"));
    let add = |more: &[&str]| {
        let arguments = [
            &[
                "keys",
                "add",
                "azure",
                "--base-url",
                &at,
                "--api-version",
                "2024-10-21",
                "--allow-private",
                "--stdin",
            ],
            &["--deployment", "d1=gpt-5-mini", "--deployment", "d2=gpt-4.1"][..],
            more,
        ];
        place.keyway.run_with(&arguments.concat(), &place.key.value)
    };

    place.provider.deploys(vec![("d1", json(200, TOKEN)), ("d2", gone.clone())]);
    let missing = add(&[]);
    assert_eq!(missing.faults_as_refusal(1), Vec::<String>::new(), "{missing:?}");
    assert!(missing.stderr.contains("no answer comes from the deployment `d2`"), "{missing:?}");
    assert!(
        missing.stderr.contains("does not exist") && missing.stderr.contains("nothing was stored"),
        "{missing:?}"
    );
    place.provider.deploys(vec![("d1", json(200, TOKEN)), ("d2", json(503, "{}"))]);
    let away = add(&[]);
    assert_eq!(away.faults_as_refusal(2), Vec::<String>::new(), "{away:?}");
    assert_eq!(place.statuses(), Vec::<String>::new());

    // A deployment that has too much to do is there, and so is one whose model needs more than one token.
    place.provider.deploys(vec![("d1", few), ("d2", limited)]);
    let stored = add(&[]);
    assert_eq!((stored.code, place.statuses()), (Some(0), vec!["valid".to_owned()]), "{stored:?}");
    let seen = place.provider.seen();
    let last = &seen[seen.len() - 1];
    assert!(
        last.starts_with("POST /openai/deployments/d2/chat/completions?api-version=2024-10-21 "),
        "{last}"
    );
    assert!(last.contains(&format!("api-key: {}", place.key.value)), "{last}");
    assert!(last.contains(r#""max_completion_tokens":1"#), "{last}");

    place.provider.deploys(vec![("d1", json(200, TOKEN)), ("d2", gone)]);
    let tested = place.keyway.run(&["keys", "test", "--all", "--allow-private", "--json"]);
    let told = &tested.json()[0];
    assert_eq!((tested.code, told["status"].as_str()), (Some(1), Some("valid")), "{tested:?}");
    assert_eq!(told["deployments"]["d1"], "`d1` answers");
    assert!(told["deployments"]["d2"].as_str().is_some_and(|told| told.contains("does not exist")), "{told}");

    // With a key that is wrong no deployment is asked.
    place.provider.says(json(401, "{}"));
    let before = place.provider.seen().len();
    assert_eq!(place.keyway.run(&["keys", "test", "azure", "--allow-private"]).code, Some(1));
    assert_eq!(place.provider.seen().len(), before + 1);
}
