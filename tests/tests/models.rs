//! Steps that ask a model, from the binary, with keys of the owner, against a provider on this machine that counts
//! exactly what it sends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tests::place::Place;

/// No log, event, error or row may have it.
const CANARY: &str = "sk-canary-5f1d0c9b8a7e6d5c4b3a";

/// What the provider does with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    /// It answers piece by piece, and says what that took.
    Streams,
    /// It answers at once, though it was asked for pieces.
    AtOnce,
    /// It answers with the schema ignored.
    Ignores,
    /// It breaks off in the middle.
    Cuts,
    /// It asks for time, in seconds.
    TooMany(u32),
    /// It fails.
    Fails,
    /// A page comes from somebody on the way.
    Page,
    /// It does not take the key, and says it back.
    BadKey,
    /// Nothing is left to pay with.
    NoCredit,
}

/// A provider of the wire of OpenAI.
struct Provider {
    address: SocketAddr,
    script: Arc<Mutex<Vec<Does>>>,
    seen: Arc<Mutex<Vec<Value>>>,
}

impl Provider {
    /// Starts one that does this, call by call, and then streams.
    fn start(script: &[Does]) -> Provider {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let provider = Provider {
            address,
            script: Arc::new(Mutex::new(script.iter().rev().copied().collect())),
            seen: Arc::default(),
        };
        let (script, seen) = (provider.script.clone(), provider.seen.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, seen) = (script.clone(), seen.clone());
                // A client that goes away has nothing to be told.
                std::thread::spawn(move || drop(serve(stream, &script, &seen)));
            }
        });
        provider
    }

    fn base(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The questions that came.
    fn seen(&self) -> Vec<Value> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What each whole answer takes: read, of it from the cache, written, of it in thinking.
const TAKES: [i64; 4] = [120, 20, 15, 5];

fn usage() -> Value {
    let [read, cached, written, thought] = TAKES;
    json!({
        "prompt_tokens": read,
        "prompt_tokens_details": { "cached_tokens": cached },
        "completion_tokens": written,
        "completion_tokens_details": { "reasoning_tokens": thought },
        "total_tokens": read + written,
    })
}

fn serve(stream: TcpStream, script: &Mutex<Vec<Does>>, seen: &Mutex<Vec<Value>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    let (mut length, mut key) = (0, String::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if lower.starts_with("authorization:") {
            key = line["authorization:".len()..].trim().to_owned();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let question: Value = serde_json::from_slice(&body).unwrap_or_default();
    let does = script.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or(Does::Streams);
    let is_form = question["response_format"].is_object() || question["tools"].is_array();
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(question);
    let text = match (does, is_form) {
        (Does::Ignores, _) => "I would say that it is urgent.",
        (_, true) => "{\"urgency\": 4, \"reason\": \"it burns\"}",
        (_, false) => "Hello.",
    };
    let error =
        |message: &str, code: &str| json!({ "error": { "message": message, "type": code, "code": code } });
    let (status, more, body) = match does {
        Does::Streams | Does::Cuts | Does::Ignores => {
            let frame = |frame: Value| format!("data: {frame}\n\n");
            let delta = |delta: Value, finish: Value| {
                frame(json!({ "id": "c", "object": "chat.completion.chunk", "model": "m",
                    "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] }))
            };
            let (first, rest) = text.split_at(text.len() / 2);
            let mut body = delta(json!({ "role": "assistant", "content": first }), Value::Null);
            if does != Does::Cuts {
                body += &delta(json!({ "content": rest }), Value::Null);
                body += &delta(json!({}), json!("stop"));
                body += &frame(
                    json!({ "id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [], "usage": usage() }),
                );
                body += "data: [DONE]\n\n";
            }
            (200, "content-type: text/event-stream\r\n".to_owned(), body)
        }
        Does::AtOnce => {
            let choice = json!({ "index": 0, "message": { "role": "assistant", "content": text }, "finish_reason": "stop" });
            (
                200,
                String::new(),
                json!({ "id": "c", "model": "m", "choices": [choice], "usage": usage() }).to_string(),
            )
        }
        Does::TooMany(seconds) => (
            429,
            format!("retry-after: {seconds}\r\n"),
            error("slow down", "rate_limit_exceeded").to_string(),
        ),
        Does::Fails => (500, String::new(), error("oh", "server_error").to_string()),
        Does::Page => (
            502,
            "content-type: text/html\r\n".to_owned(),
            "<html><body>Bad gateway</body></html>".to_owned(),
        ),
        Does::BadKey => {
            (401, String::new(), error(&format!("wrong key {key}"), "invalid_api_key").to_string())
        }
        Does::NoCredit => (429, String::new(), error("no money", "insufficient_quota").to_string()),
    };
    // One that breaks off has promised more.
    let promised = if does == Does::Cuts { body.len() + 1000 } else { body.len() };
    write!(
        writer,
        "HTTP/1.1 {status} x\r\n{more}content-length: {promised}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// A place with a key for the provider, and one for another where there is one.
fn with_key(provider: &Provider, name: &str) -> Place {
    let place = Place::new();
    add(&place, provider, name);
    place
}

fn add(place: &Place, provider: &Provider, name: &str) {
    add_to(place, provider, ("compatible", name));
}

fn add_to(place: &Place, provider: &Provider, (of, name): (&str, &str)) {
    let base = provider.base();
    let arguments = ["keys", "add", of, "--name", name, "--base-url", &base, "--no-test", "--stdin"];
    let added = place.keyway.run_with(&arguments, CANARY);
    assert_eq!(added.code, Some(0), "{added:?}");
}

const TEXT: &str =
    "name: hello\nsteps:\n  ask: { ai: Say hello, model: compatible/m }\noutput: \"{{ steps.ask.text }}\"\n";

const RANK: &str = "name: rank\nsteps:\n  rank:\n    ai: How urgent is a fire?\n    model: compatible/m\n    \
                    returns: { urgency: integer, reason: string }\noutput: \"{{ steps.rank.urgency }}\"\n";

fn run(place: &Place, text: &str) -> Value {
    let file = place.file("flow.yaml", text);
    let answer = place.keyway.run(&["run", &file, "--allow-private", "--json"]);
    assert!(
        !answer.stderr.contains(CANARY) && !answer.stdout.contains(CANARY),
        "the key is told: {answer:?}"
    );
    answer.json()
}

/// How the keys stand.
fn statuses(place: &Place) -> Vec<String> {
    let list = place.keyway.run(&["keys", "list", "--json"]).json();
    let keys = list.as_array().expect("a list");
    keys.iter().map(|key| key["status"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The sums of the ledger, all in one.
fn used(place: &Place) -> Value {
    let answer = place.keyway.run(&["usage", "--by", "owner", "--json"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    answer.json()[0].clone()
}

#[test]
fn a_step_asks_a_model_on_the_key_of_its_owner_and_the_ledger_has_what_it_took() {
    let provider = Provider::start(&[Does::Streams, Does::AtOnce]);
    let place = with_key(&provider, "mine");
    for _ in 0..2 {
        let ended = run(&place, TEXT);
        assert_eq!((&ended["status"], &ended["output"]), (&json!("succeeded"), &json!("Hello.")), "{ended}");
    }
    let sum = used(&place);
    let [read, cached, written, thought] = TAKES.map(|count| 2 * count);
    assert_eq!(
        (&sum["calls"], &sum["failed"], &sum["estimated"]),
        (&json!(2), &json!(0), &json!(0)),
        "{sum}"
    );
    assert_eq!(sum["tokens"]["input_uncached"], json!(read - cached), "{sum}");
    assert_eq!(sum["tokens"]["input_cached"], json!(cached), "{sum}");
    assert_eq!(sum["tokens"]["output_visible"], json!(written - thought), "{sum}");
    assert_eq!(sum["tokens"]["output_reasoning"], json!(thought), "{sum}");
    assert_eq!(sum["unpriced"], json!(2), "a price that nobody knows is not zero: {sum}");
    place.hides(CANARY);
}

#[test]
fn an_answer_has_the_form_that_the_step_wants_and_is_mended_once() {
    let provider = Provider::start(&[Does::Ignores, Does::Streams]);
    let place = with_key(&provider, "mine");
    let ended = run(&place, RANK);
    assert_eq!((&ended["status"], &ended["output"]), (&json!("succeeded"), &json!(4)), "{ended}");
    let seen = provider.seen();
    assert_eq!(seen.len(), 2);
    let told = seen[1]["messages"].to_string();
    assert!(told.contains("no JSON object"), "the model is told what is wrong: {told}");
    let provider = Provider::start(&[Does::Ignores; 8]);
    let place = with_key(&provider, "mine");
    let ended = run(&place, RANK);
    assert_eq!(ended["status"], json!("failed"), "{ended}");
    assert!(ended.to_string().contains("is not what the step wants"), "{ended}");
    assert_eq!(provider.seen().len(), 2, "one answer, and one mended");
}

#[test]
fn what_passes_is_waited_out_and_every_call_is_counted() {
    let faults = [Does::Fails, Does::Page, Does::TooMany(1), Does::Streams];
    let provider = Provider::start(&faults);
    let place = with_key(&provider, "mine");
    let ended = run(&place, TEXT);
    assert_eq!(ended["status"], json!("succeeded"), "{ended}");
    let sum = used(&place);
    assert_eq!((&sum["calls"], &sum["failed"]), (&json!(4), &json!(3)), "{sum}");
    assert_eq!(sum["tokens"]["input_uncached"], json!(TAKES[0] - TAKES[1]), "refusals take nothing: {sum}");
}

#[test]
fn an_answer_that_breaks_off_is_counted_and_marked() {
    let provider = Provider::start(&[Does::Cuts, Does::Streams]);
    let place = with_key(&provider, "mine");
    let ended = run(&place, TEXT);
    assert_eq!(ended["status"], json!("succeeded"), "{ended}");
    let sum = used(&place);
    assert_eq!(
        (&sum["calls"], &sum["estimated"], &sum["failed"]),
        (&json!(2), &json!(1), &json!(1)),
        "{sum}"
    );
    let run = ended["run"].as_str().unwrap_or_default().to_owned();
    let calls = place.keyway.run(&["show", &run, "--json"]).json()["calls"].clone();
    assert_eq!((&calls[0]["class"], &calls[1]["class"]), (&json!("cut"), &json!("ok")), "{calls}");
    assert!(calls[0]["tokens"]["output_visible"].as_i64() > Some(0), "what was said was paid for: {calls}");
}

#[test]
fn a_wrong_key_is_told_once_and_the_next_one_is_taken() {
    let (wrong, right) = (Provider::start(&[Does::BadKey; 9]), Provider::start(&[]));
    let place = with_key(&wrong, "a-wrong");
    let ended = run(&place, TEXT);
    assert_eq!(ended["status"], json!("failed"), "{ended}");
    assert!(ended.to_string().contains("the key is not accepted"), "{ended}");
    assert_eq!(wrong.seen().len(), 1, "it would say the same");
    assert_eq!(statuses(&place), ["invalid"]);
    let ended = run(&place, TEXT);
    assert!(ended.to_string().contains("no key may be used: `a-wrong` is invalid"), "{ended}");
    assert_eq!(wrong.seen().len(), 1, "nobody is asked with a key that is known to be wrong");
    add(&place, &right, "b-right");
    let ended = run(&place, TEXT);
    assert_eq!(ended["status"], json!("succeeded"), "{ended}");
    let poor = Provider::start(&[Does::NoCredit; 9]);
    let place = with_key(&poor, "poor");
    let ended = run(&place, TEXT);
    assert!(ended.to_string().contains("the key has no credit left"), "{ended}");
    assert_eq!(poor.seen().len(), 1);
    // Only the provider knows when there is credit again: it is asked.
    assert_eq!(statuses(&place), ["no_credit"]);
    run(&place, TEXT);
    assert_eq!(poor.seen().len(), 2);
    place.hides(CANARY);
}

#[test]
fn under_a_budget_a_call_of_unknown_price_is_refused_and_nothing_is_sent() {
    let provider = Provider::start(&[]);
    let place = with_key(&provider, "mine");
    let limited = TEXT.replace("model: compatible/m", "model: compatible/m, max_cost: 1");
    let ended = run(&place, &limited);
    assert_eq!(ended["status"], json!("failed"), "{ended}");
    assert!(ended.to_string().contains("price is not known"), "{ended}");
    let set = place.keyway.run(&["budget", "set", "5"]);
    assert_eq!(set.code, Some(0), "{set:?}");
    let ended = run(&place, TEXT);
    assert!(ended.to_string().contains("a budget must be kept"), "{ended}");
    assert_eq!(provider.seen().len(), 0);
    assert_eq!(place.keyway.run(&["budget", "rm"]).code, Some(0));
    assert_eq!(run(&place, TEXT)["status"], json!("succeeded"));
}

#[test]
fn without_a_key_the_step_says_how_to_store_one() {
    let place = Place::new();
    let ended = run(&place, TEXT);
    assert_eq!(ended["status"], json!("failed"), "{ended}");
    assert!(ended.to_string().contains("keyway keys add"), "{ended}");
}

/// What an answer costs with `gpt-5.4-mini`, in millionths of a dollar: tokens times 0.75, 0.075 and 4.5.
const COSTS: i64 = 144;

/// The price of `gpt-5.4-mini` in the file of its provider, on which `COSTS` rests.
const PRICED: &str = "model: openai/gpt-5.4-mini";

fn millionths(amount: &Value) -> f64 {
    amount.as_str().and_then(|text| text.parse::<f64>().ok()).expect("an amount") * 1e6
}

#[test]
fn two_hundred_calls_with_faults_are_counted_exactly() {
    let faults = [Does::Fails, Does::Page, Does::Cuts, Does::TooMany(0), Does::Cuts];
    let script: Vec<Does> = (1..=200)
        .map(|at| match at % 20 {
            10 => faults[at / 20 % faults.len()],
            even if even % 2 == 0 => Does::Streams,
            _ => Does::AtOnce,
        })
        .collect();
    let (faulty, cut) = (10, script.iter().filter(|does| **does == Does::Cuts).count());
    let provider = Provider::start(&script);
    let place = Place::new();
    add_to(&place, &provider, ("openai", "mine"));
    let text = format!(
        "name: many\ninputs: {{ items: [integer] }}\nsteps:\n  all:\n    for_each: inputs.items\n    steps:\n      \
         ask: {{ ai: \"Say hello\", {PRICED} }}\noutput: \"{{{{ len(steps.all) }}}}\"\n"
    );
    let (file, items) = (place.file("many.yaml", &text), json!((0..190).collect::<Vec<_>>()).to_string());
    let answer =
        place.keyway.run(&["run", &file, "--allow-private", "--json", "--input", &format!("items={items}")]);
    assert_eq!(answer.json()["status"], json!("succeeded"), "{answer:?}");
    let run = answer.json()["run"].as_str().unwrap_or_default().to_owned();
    let calls = place.keyway.run(&["show", &run, "--json"]).json()["calls"].clone();
    let calls = calls.as_array().expect("the calls");
    assert_eq!((calls.len(), provider.seen().len()), (200, 200));
    let of = |class: &str| calls.iter().filter(|call| call["class"] == class).collect::<Vec<_>>();
    assert_eq!((of("ok").len(), of("cut").len()), (200 - faulty, cut));
    assert_eq!(of("cut").len() + of("broken").len() + of("rate_limited").len(), faulty);
    let [read, cached, written, thought] = TAKES;
    for call in of("ok") {
        let tokens = json!({ "input_uncached": read - cached, "input_cached": cached, "cache_write_5m": 0,
            "cache_write_1h": 0, "output_visible": written - thought, "output_reasoning": thought });
        assert_eq!((&call["tokens"], &call["estimated"]), (&tokens, &json!(false)), "{call}");
        assert_eq!(call["cost_usd"], json!("0.000144"), "tokens times price: {call}");
    }
    assert!(of("cut").iter().all(|call| call["estimated"] == true), "{calls:?}");
    for class in ["broken", "rate_limited"] {
        assert!(of(class).iter().all(|call| call["cost_usd"] == "0.00"), "{calls:?}");
    }
    let sum = used(&place);
    let cuts: f64 = of("cut").iter().map(|call| millionths(&call["cost_usd"])).sum();
    let finished = millionths(&sum["cost_usd"]) - cuts;
    let expected = (COSTS * i64::try_from(200 - faulty).unwrap_or(0)) as f64;
    assert!((finished - expected).abs() < 1e-3, "{finished} {expected}");
    place.hides(CANARY);
}

#[test]
fn a_step_with_a_limit_asks_for_an_answer_that_it_can_pay_and_stops_at_the_budget() {
    let provider = Provider::start(&[]);
    let place = Place::new();
    add_to(&place, &provider, ("openai", "mine"));
    let text = |limit: &str| TEXT.replace("model: compatible/m", &format!("{PRICED}, max_cost: {limit}"));
    assert_eq!(run(&place, &text("0.05"))["status"], json!("succeeded"));
    assert_eq!(provider.seen()[0]["max_completion_tokens"], json!(8192), "{:?}", provider.seen());
    let ended = run(&place, &text("0.0000001"));
    assert!(ended.to_string().contains("which is more than the limit"), "{ended}");
    // Of the month 144 millionths are spent; another call may cost more than is left.
    assert_eq!(place.keyway.run(&["budget", "set", "0.0002", "--workflow", "hello"]).code, Some(0));
    let ended = run(&place, &text("0.05"));
    assert_eq!(ended["status"], json!("failed"), "{ended}");
    let told = "0.000056 of 0.0002 USD are left for this month in the budget of the workflow `hello`";
    assert!(ended.to_string().contains(told), "{ended}");
    assert_eq!(provider.seen().len(), 1, "what is refused is not sent");
    let listed = place.keyway.run(&["budget", "list", "--json"]).json();
    assert_eq!(listed[0]["spent_usd"], json!("0.000144"), "{listed}");
    assert_eq!(place.keyway.run(&["budget", "rm", "--workflow", "hello"]).code, Some(0));
    assert_eq!(
        place.keyway.run(&["budget", "rm", "--workflow", "hello"]).code,
        Some(1),
        "there is none any more"
    );
    let told = place.keyway.run(&["audit", "--json"]).json();
    let of_budgets: Vec<[&str; 3]> = told
        .as_array()
        .into_iter()
        .flatten()
        .filter(|row| row["subject"] == json!("budget/workflow/hello"))
        .map(|row| ["actor", "action", "detail"].map(|key| row[key].as_str().unwrap_or_default()))
        .collect();
    let actor = of_budgets.first().map_or("", |row| row[0]);
    assert!(!actor.is_empty(), "{told}");
    let wanted = [[actor, "budget_set", "0.0002 USD a month"], [actor, "budget_removed", ""]];
    assert_eq!(of_budgets, wanted, "each change once, and no change that was none");
}

#[test]
fn a_model_looks_at_pictures_and_one_that_cannot_is_not_asked() {
    let provider = Provider::start(&[]);
    let place = Place::new();
    add_to(&place, &provider, ("openai", "mine"));
    let text = |images: &str| {
        format!(
            "name: look\nsteps:\n  pictures: {{ set: {{ all: [\"https://example.com/a.png\", \"data:image/png;base64,AAAA\"] }} }}\n  \
             ask: {{ ai: What is there?, {PRICED}, images: {images} }}\noutput: \"{{{{ steps.ask.text }}}}\"\n"
        )
    };
    let ended = run(&place, &text("\"{{ steps.pictures.all }}\""));
    assert_eq!(ended["status"], json!("succeeded"), "{ended}");
    let content = &provider.seen()[0]["messages"][0]["content"];
    let at = |place: usize| &content[place]["image_url"]["url"];
    assert_eq!((at(0), at(1)), (&json!("https://example.com/a.png"), &json!("data:image/png;base64,AAAA")));
    assert_eq!(content[2]["text"], json!("What is there?"), "{content}");
    let ended = run(&place, &text("[\"{{ steps.pictures.all[0] }}\"]"));
    assert_eq!(ended["status"], json!("succeeded"), "{ended}");
    assert_eq!(provider.seen()[1]["messages"][0]["content"].as_array().map(Vec::len), Some(2));
    for wrong in ["a.png", "\"data:text/plain;base64,AAAA\"", "\"data:image/png,AAAA\""] {
        let ended = run(&place, &text(wrong));
        assert!(ended.to_string().contains("a picture in `images` is"), "{wrong}: {ended}");
    }
    assert_eq!(provider.seen().len(), 2, "what is no picture is not sent");
    let place = Place::new();
    add_to(&place, &provider, ("deepseek", "blind"));
    let ended =
        run(&place, &text("https://example.com/a.png").replace(PRICED, "model: deepseek/deepseek-v4-pro"));
    assert!(ended.to_string().contains("does not look at pictures"), "{ended}");
    assert_eq!(provider.seen().len(), 2);
}

/// One step by itself, one for each item of a list that only an input knows, and one with tools.
const PLANNED: &str = "name: planned\nlimits: { ai_cost: 3 }\ninputs: { letters: [string] }\nsteps:\n  \
    one: { ai: Say hello, model: openai/gpt-5.4-mini, max_cost: 0.05 }\n  \
    each:\n    for_each: inputs.letters\n    as: letter\n    steps:\n      \
    of: { ai: \"Sort {{ letter }}\", model: openai/gpt-5.4-mini }\n  \
    free: { ai: Say hello, model: compatible/m }\n  \
    agent: { ai: Look, model: openai/gpt-5.4-mini, tools: [file.read], max_turns: 4 }\n\
    output: \"{{ [steps.one.text, steps.free.text, steps.agent.text, steps.each] }}\"\n";

#[test]
fn a_plan_tells_what_its_models_would_cost_and_what_is_not_known_is_never_zero() {
    let provider = Provider::start(&[]);
    let place = Place::new();
    let file = place.file("planned.yaml", PLANNED);
    let without = place.keyway.run(&["plan", &file]);
    assert_eq!(without.code, Some(0), "{without:?}");
    assert!(
        without.stdout.contains("models    not known of agent, each.of, free, one"),
        "{}",
        without.stdout
    );
    assert!(without.stdout.contains("there is no key for any model"), "{}", without.stdout);
    assert!(!place.keyway.data.join("keyway.db").exists(), "a plan makes no store");
    add_to(&place, &provider, ("openai", "mine"));
    add(&place, &provider, "other");
    let json = place.keyway.run(&["plan", &file, "--json"]).json()["models"].clone();
    let step = |path: &str| {
        let steps = json["steps"].as_array().expect("steps");
        steps.iter().find(|step| step["step"] == json!(path)).cloned().expect("it is there")
    };
    let dollars = |amount: &Value| amount.as_str().and_then(|text| text.parse::<f64>().ok());
    let one = step("one");
    assert_eq!((&one["model"], &one["key"]), (&json!("gpt-5.4-mini"), &json!("mine")), "{one}");
    assert_eq!(one["max_cost_usd"], json!("0.05"), "{one}");
    // Five hundred tokens are likely written, at 4.5 USD for a million.
    let likely = dollars(&one["likely_usd"]).expect("its price is known");
    assert!((0.00225..0.0024).contains(&likely), "{one}");
    let free = step("free");
    assert!(free["likely_usd"].is_null() && free["most_usd"].is_null(), "no price is no zero: {free}");
    assert_eq!(json["unknown"], json!(["free"]), "{json}");
    let of = step("each.of");
    assert_eq!((&of["item_of"], &of["not_known"]), (&json!(["each"]), &json!(["prompt"])), "{of}");
    let sums = json["sum"].as_array().expect("sums");
    assert_eq!(sums.len(), 2, "once, and for each item: {json}");
    assert!(
        dollars(&sums[1]["most_usd"]) > Some(0.1),
        "who fills in may fill in all that a model reads: {json}"
    );
    assert_eq!((&json["limit_usd"], &json["most_usd"]), (&json!("3.00"), &json!("3.00")), "{json}");
    assert_eq!(step("agent")["turns"], json!(4));
    let known = place.keyway.run(&["plan", &file, "--json", "--input", "letters=[\"a\",\"b\",\"c\"]"]).json();
    assert_eq!(known["models"]["sum"].as_array().map(Vec::len), Some(1), "three items are three: {known}");
    assert_eq!(place.keyway.run(&["budget", "set", "0.001"]).code, Some(0));
    let tight = place.keyway.run(&["plan", &file]);
    let told = "the budget of the owner would stop it: 0.001 USD are left for this month";
    assert!(tight.stdout.contains(told), "{}", tight.stdout);
    assert_eq!(place.keyway.run(&["budget", "set", "100"]).code, Some(0));
    let wide = place.keyway.run(&["plan", &file]).stdout;
    assert!(!wide.contains("would stop it") && !wide.contains("may stop it"), "the run may cost 3: {wide}");
    assert!(wide.contains("for each item of each") && wide.contains("not known of free"), "{wide}");
    assert!(provider.seen().is_empty(), "nothing goes out");
}
