//! Services that are told an address, through the binary: told when a workflow is enabled, told again before they forget,
//! heard, and told that nobody listens when it is disabled.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::place::Place;
use tests::service::{Came, Service};

/// How long something may take before the test gives up: what is due is looked for at least once a minute.
const PATIENCE: Duration = Duration::from_secs(150);

const MANIFEST: &str = r#"connector: demo
name: Demo
version: 1.0.0
about: A service for trying.
hosts: [demo.example.com]
base: https://demo.example.com
auth:
  token:
    kind: bearer
    about: A token.
    secrets: { token: { type: string, description: "The token." } }
actions:
  get:
    about: Something.
    effect: read
    safety: read
    request: { method: GET, path: /it }
    returns: { name: string }
triggers:
  changed:
    about: Something changed.
    kind: webhook_subscription
    verify: { scheme: hmac, secret: hook, signature: { header: x-signature } }
    subscribe:
      method: POST
      path: /subscriptions
      json: { url: "{{ hook.url }}", secret: "{{ hook.secret }}" }
    remember: { id: "{{ response.body.id }}", expires: "{{ response.body.expires }}" }
    renew:
      request: { method: PATCH, path: "/subscriptions/{{ subscription.id }}", json: { longer: true } }
      expires: subscription.expires
      before: 1h
    unsubscribe: { method: DELETE, path: "/subscriptions/{{ subscription.id }}" }
    dedupe: { key: "{{ request.body.id }}" }
    output: "{{ request.body }}"
    returns: { id: string }
"#;

const FLOW: &str = "name: changes\ninputs: { id: string }\ntriggers:\n  - event: demo.changed\n    inputs: { id: \"{{ trigger.event.id }}\" }\n\
    steps: { a: { set: { id: \"{{ inputs.id }}\" } } }\noutput: \"{{ inputs.id }}\"\n";

/// A service that forgets after so long, and after two hours once it is told again.
fn service(lasts: SignedDuration) -> Service {
    let until = |lasts: SignedDuration| (Timestamp::now() + lasts).to_string();
    Service::start(move |came| match (came.method.as_str(), came.path.as_str()) {
        ("POST", "/subscriptions") => (201, json!({ "id": "s1", "expires": until(lasts) })),
        ("PATCH", "/subscriptions/s1") => (200, json!({ "expires": until(SignedDuration::from_hours(2)) })),
        ("DELETE", "/subscriptions/s1") => (204, Value::Null),
        _ => (404, Value::Null),
    })
}

/// `keyway serve`, killed when it is dropped.
struct Serving {
    child: Child,
    address: SocketAddr,
}

impl Serving {
    fn of(place: &Place) -> Serving {
        let arguments =
            ["serve", "--listen", "127.0.0.1:0", "--public-url", "https://kw.example.com", "--allow-private"];
        let mut child = place.keyway.spawn(&arguments);
        let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let address = lines.find_map(|line| line.ok()?.split_once("listening at http://")?.1.parse().ok());
        std::thread::spawn(move || lines.for_each(drop));
        Serving { child, address: address.expect("it says where it listens") }
    }

    /// What the service tells; gives the status and the answer.
    fn call(&self, path: &str, signature: &str, body: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: kw.example.com\r\nconnection: close\r\ncontent-type: application/json\r\n\
             x-signature: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (status, serde_json::from_str(body).unwrap_or_default())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signed(secret: &str, body: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    let tag = ring::hmac::sign(&key, body.as_bytes());
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A place where the workflow is deployed, with a connection to the service.
fn place(service: &Service) -> Place {
    place_of(service, MANIFEST)
}

fn place_of(service: &Service, manifest: &str) -> Place {
    let place = Place::new();
    let folder = place.keyway.config().join("keyway/connectors");
    std::fs::create_dir_all(&folder).expect("a folder of ours");
    std::fs::write(folder.join("demo.yaml"), manifest).expect("a file of ours");
    let origin = service.origin();
    let connect = ["connect", "demo", "--allow-private", "--base-url", &origin, "--no-verify", "--stdin"];
    let connected = place.keyway.run_with(&connect, "token");
    assert_eq!(connected.code, Some(0), "{connected:?}");
    let file = place.file("changes.yaml", FLOW);
    let deployed = place.keyway.run(&["deploy", "--yes", &file]);
    assert_eq!(deployed.code, Some(0), "{deployed:?}");
    place
}

/// Waits until so much of a method has come.
fn until(service: &Service, method: &str, count: usize) -> Vec<Came> {
    let end = Instant::now() + PATIENCE;
    loop {
        let came: Vec<Came> = service.came().into_iter().filter(|came| came.method == method).collect();
        if came.len() >= count {
            return came;
        }
        assert!(Instant::now() < end, "{} of {method} came, not {count}", came.len());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn methods(service: &Service) -> Vec<String> {
    service.came().into_iter().map(|came| came.method).collect()
}

/// What `keyway schedules` tells of the only service.
fn told(place: &Place) -> Value {
    let answer = place.keyway.run(&["schedules", "--json"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    answer.json()["services"][0].clone()
}

#[test]
fn a_service_is_told_an_address_told_again_before_it_forgets_heard_and_told_that_nobody_listens() {
    let lasts = SignedDuration::from_secs(3600 + 5);
    let service = service(lasts);
    let place = place(&service);
    assert_eq!(methods(&service), [""; 0], "nobody serves yet");
    assert_eq!(told(&place)["subscription"]["known"], false);
    let serving = Serving::of(&place);
    let subscribed = until(&service, "POST", 1);
    let url = subscribed[0].body["url"].as_str().expect("an address").to_owned();
    let path = url.strip_prefix("https://kw.example.com").expect("where it is reached").to_owned();
    let secret = subscribed[0].body["secret"].as_str().expect("a secret").to_owned();
    assert!(path.starts_with("/hooks/kwh_") && secret.len() >= 32, "{url}");
    assert_eq!(subscribed[0].headers["authorization"], "Bearer token");
    // Before it forgets: an hour before its time is over, which is in five seconds.
    until(&service, "PATCH", 1);
    let end = Instant::now() + PATIENCE;
    let renewed = loop {
        let told = told(&place);
        let next = told["subscription"]["next"].as_str().and_then(|next| next.parse::<Timestamp>().ok());
        let wait = next.map_or(0, |next| next.duration_since(Timestamp::now()).as_secs());
        if wait > 600 || Instant::now() > end {
            break told;
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(
        (&renewed["subscription"]["known"], &renewed["subscription"]["failures"]),
        (&json!(true), &json!(0))
    );
    let next: Timestamp = renewed["subscription"]["next"].as_str().expect("a time").parse().expect("a time");
    let wait = next.duration_since(Timestamp::now()).as_secs();
    assert!((3000..=3600).contains(&wait), "two hours less the one before: {renewed}");
    // It calls, and proves it with the secret that it was told.
    let body = r#"{"id":"c1"}"#;
    let (status, heard) = serving.call(&path, &signed(&secret, body), body);
    assert_eq!(status, 200, "{heard}");
    let run = heard["run"].as_str().expect("a run").to_owned();
    assert_eq!(place.until(&run, |shown| shown["status"] == "succeeded")["output"], "c1");
    let (status, again) = serving.call(&path, &signed(&secret, body), body);
    assert_eq!((status, &again["again"]), (200, &json!(true)), "{again}");
    for (signature, body) in
        [(signed("another secret", body), body), (signed(&secret, body), r#"{"id":"c2"}"#)]
    {
        assert_eq!(serving.call(&path, &signature, body).0, 401);
    }
    // It dies and comes back: the service knows the address, and is told nothing.
    drop(serving);
    let serving = Serving::of(&place);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(methods(&service), ["POST", "PATCH"]);
    assert_eq!(place.keyway.run(&["disable", "changes"]).code, Some(0));
    until(&service, "DELETE", 1);
    let other = r#"{"id":"c3"}"#;
    assert_eq!(serving.call(&path, &signed(&secret, other), other).0, 404);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(methods(&service), ["POST", "PATCH", "DELETE"]);
    let listed = place.keyway.run(&["schedules"]);
    assert!(!format!("{listed:?}").contains("kwh_"), "{listed:?}");
}

#[test]
fn one_that_does_not_forget_so_soon_is_not_told_again() {
    let service = service(SignedDuration::from_hours(30));
    let place = place(&service);
    let _serving = Serving::of(&place);
    until(&service, "POST", 1);
    std::thread::sleep(Duration::from_secs(10));
    assert_eq!(methods(&service), ["POST"], "what was seen to be renewed was renewed since its end came");
}

/// As it is where the service chooses the secret, and wants to read it back while it is told the address.
fn choosing() -> String {
    let sent = r#"      json: { url: "{{ hook.url }}", secret: "{{ hook.secret }}" }"#;
    assert!(MANIFEST.contains(sent));
    let asks = "    handshake:\n      when: request.headers[\"x-secret\"] != null\n      \
                headers: { x-secret: \"{{ request.headers[\\\"x-secret\\\"] }}\" }\n      \
                secret: request.headers[\"x-secret\"]\n    subscribe:\n";
    MANIFEST.replace(sent, r#"      json: { url: "{{ hook.url }}" }"#).replacen("    subscribe:\n", asks, 1)
}

/// A service chooses a secret; gives the status that it is answered, and whether it reads the secret back.
fn choose(address: SocketAddr, path: &str, secret: &str) -> (u16, bool) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: kw.example.com\r\nconnection: close\r\nx-secret: {secret}\r\ncontent-length: 0\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, answer.contains(&format!("x-secret: {secret}")))
}

const CHOSEN: &str = "cnry-chosen-0123456789abcdef";

#[test]
fn a_service_chooses_the_secret_while_it_is_told_the_address_and_at_no_other_time() {
    let (known, told) = (Arc::new(Mutex::new(None::<SocketAddr>)), Arc::new(Mutex::new(vec![])));
    let service = {
        let (known, told) = (known.clone(), told.clone());
        Service::start(move |came| match came.method.as_str() {
            "POST" => {
                let url = came.body["url"].as_str().unwrap_or_default();
                let path = url.strip_prefix("https://kw.example.com").unwrap_or_default();
                let address = loop {
                    if let Some(address) = *known.lock().expect("nobody panics") {
                        break address;
                    }
                    std::thread::sleep(Duration::from_millis(10));
                };
                let answered = choose(address, path, CHOSEN);
                told.lock().expect("nobody panics").push(answered);
                (201, json!({ "id": "s1", "expires": "2099-01-01T00:00:00Z" }))
            }
            _ => (204, Value::Null),
        })
    };
    let place = place_of(&service, &choosing());
    let serving = Serving::of(&place);
    *known.lock().expect("nobody panics") = Some(serving.address);
    let subscribed = until(&service, "POST", 1);
    let url = subscribed[0].body["url"].as_str().expect("an address").to_owned();
    let path = url.strip_prefix("https://kw.example.com").expect("where it is reached").to_owned();
    let end = Instant::now() + PATIENCE;
    while self::told(&place)["subscription"]["known"] != true {
        assert!(Instant::now() < end, "{}", self::told(&place));
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(*told.lock().expect("nobody panics"), [(200, true)]);
    // Its calls are held against what it chose, also by a process that comes later.
    let body = r#"{"id":"c1"}"#;
    assert_eq!(serving.call(&path, &signed(CHOSEN, body), body).0, 200);
    drop(serving);
    let serving = Serving::of(&place);
    let (status, again) = serving.call(&path, &signed(CHOSEN, body), body);
    assert_eq!((status, &again["again"]), (200, &json!(true)), "{again}");
    // Whoever knows the address chooses nothing any more, and a secret that is none is not kept either.
    let other = "another-secret-0123456789";
    assert_eq!(choose(serving.address, &path, other), (401, false));
    assert_eq!(choose(serving.address, &path, "short").0, 400);
    let body = r#"{"id":"c2"}"#;
    assert_eq!(serving.call(&path, &signed(other, body), body).0, 401);
    assert_eq!(serving.call(&path, &signed(CHOSEN, body), body).0, 200);
    drop(serving);
    // It lies sealed: no file of the data directory has it.
    for entry in std::fs::read_dir(&place.keyway.data).expect("a folder").flatten() {
        if let Ok(bytes) = std::fs::read(entry.path()) {
            let seen = bytes.windows(CHOSEN.len()).any(|window| window == CHOSEN.as_bytes());
            assert!(!seen, "{}", entry.path().display());
        }
    }
}

#[test]
fn a_service_says_in_its_answer_which_secret_it_chose() {
    let service = Service::start(|came| match came.method.as_str() {
        "POST" => (201, json!({ "id": "s1", "expires": "2099-01-01T00:00:00Z", "secret": CHOSEN })),
        _ => (204, Value::Null),
    });
    let sent = r#"      json: { url: "{{ hook.url }}", secret: "{{ hook.secret }}" }"#;
    let answered = "      json: { url: \"{{ hook.url }}\" }\n    secret: response.body.secret";
    assert!(MANIFEST.contains(sent));
    let place = place_of(&service, &MANIFEST.replace(sent, answered));
    let serving = Serving::of(&place);
    let subscribed = until(&service, "POST", 1);
    let url = subscribed[0].body["url"].as_str().expect("an address").to_owned();
    let path = url.strip_prefix("https://kw.example.com").expect("where it is reached").to_owned();
    let end = Instant::now() + PATIENCE;
    while self::told(&place)["subscription"]["known"] != true {
        assert!(Instant::now() < end, "{}", self::told(&place));
        std::thread::sleep(Duration::from_millis(100));
    }
    // Its calls are held against it, also by a process that comes later, and nothing else is heard.
    let body = r#"{"id":"c1"}"#;
    assert_eq!(serving.call(&path, &signed("another-secret-0123456789", body), body).0, 401);
    assert_eq!(serving.call(&path, &signed(CHOSEN, body), body).0, 200);
    drop(serving);
    let serving = Serving::of(&place);
    let (status, again) = serving.call(&path, &signed(CHOSEN, body), body);
    assert_eq!((status, &again["again"]), (200, &json!(true)), "{again}");
    drop(serving);
    // It lies sealed: no file of the data directory has it.
    for entry in std::fs::read_dir(&place.keyway.data).expect("a folder").flatten() {
        if let Ok(bytes) = std::fs::read(entry.path()) {
            let seen = bytes.windows(CHOSEN.len()).any(|window| window == CHOSEN.as_bytes());
            assert!(!seen, "{}", entry.path().display());
        }
    }
}
