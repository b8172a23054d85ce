//! Webhooks through the binary: who may call, that what was answered is not lost, and that what is told twice starts one run.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::place::Place;

/// How long an answer may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

const ORDER: &str = "name: order\ninputs: { n: integer }\n\
    triggers: [{ webhook: { verify: { scheme: github, secret: SHOP } }, inputs: { n: \"{{ trigger.body.n }}\" } }]\n\
    steps: { a: { set: { heads: \"{{ trigger.headers }}\", n: \"{{ inputs.n }}\" } } }\noutput: \"{{ steps.a }}\"\n";

const SUM: &str = "name: sum\n\
    triggers: [{ webhook: { verify: { scheme: bearer, secret: SHOP }, respond: output } }]\n\
    steps:\n  a: { if: trigger.body.bad == true, fail: \"it is bad\" }\n  b: { set: { n: \"{{ trigger.body.n + 1 }}\" } }\n\
    output: \"{{ steps.b.n }}\"\n";

/// `keyway serve`, killed when it is dropped.
struct Serving {
    child: Child,
    address: SocketAddr,
}

impl Serving {
    fn of(place: &Place) -> Serving {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--public-url", "https://kw.example.com/"];
        let mut child = place.keyway.spawn(&arguments);
        let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let address = lines.find_map(|line| line.ok()?.split_once("listening at http://")?.1.parse().ok());
        std::thread::spawn(move || lines.for_each(drop));
        Serving { child, address: address.expect("it says where it listens") }
    }

    fn open(&self) -> Line {
        let stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Line(BufReader::new(stream))
    }

    fn post(&self, path: &str, heads: &[(&str, &str)], body: &str) -> (u16, Value) {
        self.open().ask("POST", path, heads, body)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that is used again and again.
struct Line(BufReader<TcpStream>);

impl Line {
    fn ask(&mut self, method: &str, path: &str, heads: &[(&str, &str)], body: &str) -> (u16, Value) {
        let heads: String = heads.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: kw.example.com\r\ncontent-type: application/json\r\n{heads}\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.get_mut().write_all(request.as_bytes()).expect("it reads");
        let mut line = String::new();
        self.0.read_line(&mut line).expect("an answer");
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let mut length = 0;
        loop {
            line.clear();
            self.0.read_line(&mut line).expect("a head");
            if line.trim().is_empty() {
                break;
            }
            if let Some(("content-length", value)) = line.to_ascii_lowercase().split_once(": ") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).expect("a body");
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }
}

fn signed(body: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"open sesame");
    let tag = ring::hmac::sign(&key, body.as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

/// A place with the secret, and these workflows deployed.
fn place(workflows: &[&str]) -> Place {
    let place = Place::new();
    let stored = place.piped(&["secrets", "add", "SHOP", "--webhook", "--stdin"], "open sesame");
    assert_eq!(stored.code, Some(0), "{stored:?}");
    for (at, text) in workflows.iter().enumerate() {
        let file = place.file(&format!("{at}.yaml"), text);
        let deployed = place.keyway.run(&["deploy", "--yes", &file]);
        assert_eq!(deployed.code, Some(0), "{deployed:?}");
        assert!(deployed.stderr.contains("/hooks/kwh_"), "{deployed:?}");
    }
    place
}

/// The path of a workflow's address.
fn path(place: &Place, workflow: &str) -> String {
    let shown = place.keyway.run(&["webhooks", "show", workflow, "--json"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let url = shown.json()["addresses"][0]["url"].as_str().expect("an address").to_owned();
    let begin = url.find("/hooks/").expect("a path");
    assert!(["", "https://kw.example.com"].contains(&&url[..begin]), "{url}");
    url[begin..].to_owned()
}

fn runs(place: &Place) -> usize {
    place.keyway.run(&["runs", "--json"]).json().as_array().map_or(0, Vec::len)
}

#[test]
fn a_webhook_is_in_force_only_with_what_it_is_held_against() {
    let place = Place::new();
    let file = place.file("order.yaml", ORDER);
    let refused = place.keyway.run(&["deploy", "--yes", &file]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("there is no secret `SHOP`"), "{refused:?}");
    assert!(refused.stderr.contains("keyway secrets add SHOP --webhook"), "{refused:?}");
    // A secret to be sent is none to hold calls against.
    let arguments = ["secrets", "add", "SHOP", "--host", "shop.example.com", "--stdin"];
    assert_eq!(place.piped(&arguments, "open sesame").code, Some(0));
    let refused = place.keyway.run(&["deploy", "--yes", &file]);
    assert!(refused.code == Some(2) && refused.stderr.contains("one to be sent"), "{refused:?}");
    let open = place.file("open.yaml", &ORDER.replace("{ verify: { scheme: github, secret: SHOP } }", "{}"));
    let refused = place.keyway.run(&["deploy", "--yes", &open]);
    assert!(
        refused.code == Some(2) && refused.stderr.contains("does not say who may call it"),
        "{refused:?}"
    );
    let none = "{ verify: { scheme: none } }";
    let open = place.file("open.yaml", &ORDER.replace("{ verify: { scheme: github, secret: SHOP } }", none));
    assert_eq!(place.keyway.run(&["deploy", "--yes", &open]).code, Some(0));
}

#[test]
fn calls_start_runs_once_and_only_from_who_proves_who_they_are() {
    let place = place(&[ORDER]);
    let serving = Serving::of(&place);
    let path = path(&place, "order");
    let body = r#"{"n":7}"#;
    let signature = signed(body);
    let right = [("x-hub-signature-256", signature.as_str()), ("cookie", "a=b"), ("x-shop", "1")];
    let (status, told) = serving.post(&path, &right, body);
    assert_eq!((status, told.get("again")), (200, None), "{told}");
    let run = told["run"].as_str().expect("a run").to_owned();
    let ended = place.until(&run, |shown| shown["status"] == "succeeded");
    assert_eq!(ended["output"]["n"], 7);
    let heads = ended["output"]["heads"].as_object().expect("heads");
    assert!(heads.contains_key("x-shop") && !heads.contains_key("cookie"), "{heads:?}");
    assert!(!heads.contains_key("x-hub-signature-256"), "{heads:?}");
    assert_eq!(serving.post(&path, &right, body), (200, json!({ "run": run, "again": true })));
    // Somebody who changes what is signed, or shows nothing, and what only looks.
    for (heads, body, wanted) in [
        (&right[..], r#"{"n":8}"#, 401),
        (&[("x-hub-signature-256", "sha256=00")][..], body, 401),
        (&[][..], body, 401),
    ] {
        assert_eq!(serving.post(&path, heads, body).0, wanted, "{heads:?}");
    }
    assert_eq!(serving.open().ask("GET", &path, &[], "").0, 405);
    let wrong = r#"{"n":"x"}"#;
    let told = serving.post(&path, &[("x-hub-signature-256", &signed(wrong))], wrong);
    assert!(told.0 == 422 && told.1["message"].as_str().unwrap_or("").contains("inputs"), "{told:?}");
    assert_eq!(serving.post("/hooks/kwh_0", &right, body).0, 404);
    assert_eq!(runs(&place), 1);
    // A disabled workflow is nowhere, and comes back at the same address; another address makes the first one nowhere.
    let other = r#"{"n":9}"#;
    let heads = [("x-hub-signature-256", &*signed(other))].map(|(name, value)| (name, value.to_owned()));
    let heads: Vec<(&str, &str)> = heads.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(place.keyway.run(&["disable", "order"]).code, Some(0));
    assert_eq!(serving.post(&path, &heads, other).0, 404);
    assert_eq!(place.keyway.run(&["enable", "order"]).code, Some(0));
    assert_eq!(self::path(&place, "order"), path);
    assert_eq!(serving.post(&path, &heads, other).0, 200);
    assert_eq!(place.keyway.run(&["webhooks", "rotate", "order"]).code, Some(0));
    assert_eq!(serving.post(&path, &heads, other).0, 404);
    assert_eq!(serving.post(&self::path(&place, "order"), &heads, other).0, 200);
    let listed = place.keyway.run(&["webhooks", "list"]);
    assert!(listed.stdout.contains("a run was started"), "{listed:?}");
    assert!(!listed.stdout.contains("kwh_"), "{listed:?}");
}

#[test]
fn the_output_of_a_run_is_answered_where_it_is_wanted() {
    let place = place(&[SUM]);
    let serving = Serving::of(&place);
    let path = path(&place, "sum");
    let bearer = [("authorization", "Bearer open sesame")];
    assert_eq!(serving.post(&path, &bearer, r#"{"n":41,"bad":false}"#), (200, json!(42)));
    let told = serving.post(&path, &bearer, r#"{"n":1,"bad":true}"#);
    assert!(told.0 == 502 && told.1["message"].as_str().unwrap_or("").contains("it is bad"), "{told:?}");
    // Without an id each call is one of its own; with one, the same is one.
    let keyed = [bearer[0], ("idempotency-key", "k1")];
    assert_eq!(serving.post(&path, &keyed, r#"{"n":1,"bad":false}"#), (200, json!(2)));
    assert_eq!(serving.post(&path, &keyed, r#"{"n":1,"bad":false}"#), (200, json!(2)));
    assert_eq!(runs(&place), 3);
}

#[test]
fn ten_thousand_replays_start_one_run_and_what_was_answered_survives_a_kill() {
    let place = place(&[ORDER]);
    let path = path(&place, "order");
    let serving = Serving::of(&place);
    let begun = Instant::now();
    let body = r#"{"n":1}"#;
    let (signature, first) = (signed(body), std::sync::Mutex::new(None));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut line = serving.open();
                for delivery in 0..2_500 {
                    // Who replays can say that it is another delivery: that is signed by nobody.
                    let id = delivery.to_string();
                    let heads = [("x-hub-signature-256", signature.as_str()), ("x-github-delivery", &id)];
                    let (status, told) = line.ask("POST", &path, &heads, body);
                    assert_eq!(status, 200, "{told}");
                    let run = told["run"].as_str().expect("a run").to_owned();
                    let mut first = first.lock().expect("nobody panics");
                    assert_eq!(*first.get_or_insert_with(|| run.clone()), run);
                }
            });
        }
    });
    println!("10,000 replays in {:?}", begun.elapsed());
    assert_eq!(runs(&place), 1);
    // Others are answered, and then it is killed.
    let mut answered = vec![];
    for n in 2..20 {
        let body = format!("{{\"n\":{n}}}");
        let (status, told) = serving.post(&path, &[("x-hub-signature-256", &signed(&body))], &body);
        assert_eq!(status, 200, "{told}");
        answered.push(told["run"].as_str().expect("a run").to_owned());
    }
    drop(serving);
    let serving = Serving::of(&place);
    for run in answered {
        place.until(&run, |shown| shown["status"] == "succeeded");
    }
    let (status, told) = serving.post(&path, &[("x-hub-signature-256", &signature)], body);
    assert_eq!((status, &told["again"]), (200, &json!(true)), "{told}");
    assert_eq!(runs(&place), 19);
}

/// Says itself what is answered, to whoever looks; its body is no JSON.
const PAGE: &str = r#"
name: page
triggers:
  - webhook: { method: get, verify: { scheme: none }, respond: answer }
steps:
  made:
    set:
      answer:
        status: 203
        headers: { Content-Type: text/html; charset=utf-8, Set-Cookie: a=b, X-Shop: 1, Content-Security-Policy: none }
        body: <h1>{{ trigger.query.who }}</h1>
output: "{{ steps.made.answer }}"
"#;

/// An answer as it comes: its head in small letters, and its body.
fn whole(serving: &Serving, method: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(serving.address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let asked = format!("{method} {path} HTTP/1.1\r\nhost: kw.example.com\r\nconnection: close\r\n\r\n");
    stream.write_all(asked.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    (head.to_lowercase(), body.to_owned())
}

#[test]
fn a_workflow_says_the_whole_answer_and_nothing_that_reaches_beyond_it() {
    let place = place(&[PAGE]);
    let serving = Serving::of(&place);
    let path = path(&place, "page");
    let (head, body) = whole(&serving, "GET", &format!("{path}?who=Ada"));
    assert!(head.starts_with("http/1.1 203"), "{head}");
    assert_eq!(body, "<h1>Ada</h1>");
    assert!(head.contains("content-type: text/html; charset=utf-8") && head.contains("x-shop: 1"), "{head}");
    // The pages of the dashboard are at the same origin: a page of a workflow is none of that origin, and sets nothing there.
    assert!(
        head.contains("content-security-policy: sandbox ") && !head.contains("allow-same-origin"),
        "{head}"
    );
    assert!(!head.contains("set-cookie") && head.matches("content-security-policy").count() == 1, "{head}");
    assert!(head.contains("x-content-type-options: nosniff"), "{head}");
    // What is called otherwise starts nothing.
    let before = runs(&place);
    assert!(whole(&serving, "POST", &path).0.starts_with("http/1.1 405"), "another method");
    assert_eq!(runs(&place), before);
}

#[test]
fn an_output_that_is_no_answer_is_told_and_a_post_is_what_is_meant_by_default() {
    let wrong = PAGE.replace("name: page", "name: wrong").replace("status: 203", "status: 99");
    let more = PAGE.replace("name: page", "name: more").replace("status: 203", "other: 1");
    let posted = PAGE.replace("name: page", "name: posted").replace("method: get, ", "");
    let place = place(&[&wrong, &more, &posted]);
    let serving = Serving::of(&place);
    for (name, why) in [("wrong", "from 200 to 599"), ("more", "more than")] {
        let (head, body) = whole(&serving, "GET", &format!("{}?who=Ada", path(&place, name)));
        assert!(head.starts_with("http/1.1 502") && body.contains(why), "{head} {body}");
    }
    let before = runs(&place);
    assert!(
        whole(&serving, "GET", &path(&place, "posted")).0.starts_with("http/1.1 405"),
        "a look starts nothing"
    );
    assert_eq!(runs(&place), before);
}
