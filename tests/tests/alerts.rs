//! Events of the product itself start runs: a budget that is nearly spent, a connection that died, a provider that is left
//! alone. Each is told once, whatever is killed in between, and to its owner alone.

use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::models::{Does, Provider};
use tests::place::Place;

/// How long something may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Longer than it takes to look twice.
const LOOKS: Duration = Duration::from_secs(5);

const MONEY: &str = "name: money\ninputs: { said: string }\ntriggers:\n\
    \x20 - event: keyway.budget\n    inputs: { said: \"{{ trigger.event.scope }} {{ trigger.event.percent }} {{ trigger.event.spent }}\" }\n\
    steps: { a: { set: { said: \"{{ inputs.said }}\" } } }\noutput: \"{{ inputs.said }}\"\n";

const MOST: &str = "name: most\ntriggers:\n  - { event: keyway.budget, with: { percent: 80 }, filter: 'event.scope == \"owner\"' }\n\
    steps: { a: { set: { said: 1 } } }\n";

const DOWN: &str = "name: down\ninputs: { said: string }\ntriggers:\n\
    \x20 - event: keyway.provider_down\n    inputs: { said: \"{{ trigger.event.provider }} {{ trigger.event.model ?? 'all' }}\" }\n\
    steps: { a: { set: { said: \"{{ inputs.said }}\" } } }\noutput: \"{{ inputs.said }}\"\n";

const ASKS: &str = "name: asks\nsteps:\n  ask: { ai: Say hello, model: openai/gpt-5.4-mini, retry: 1 }\noutput: \"{{ steps.ask.text }}\"\n";

/// A service, killed when it is dropped.
struct Serving(Child);

impl Serving {
    fn of(place: &Place) -> Serving {
        let child = place.keyway.spawn(&["serve", "--allow-private"]);
        let end = Instant::now() + PATIENCE;
        while std::os::unix::net::UnixStream::connect(place.keyway.data.join("keyway.sock")).is_err() {
            assert!(Instant::now() < end, "it does not serve");
            std::thread::sleep(Duration::from_millis(20));
        }
        Serving(child)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn deploy(place: &Place, text: &str) {
    let name = text.lines().next().and_then(|line| line.strip_prefix("name: ")).expect("a name");
    let file = place.file(&format!("{name}.yaml"), text);
    let deployed = place.keyway.run(&["deploy", "--yes", &file]);
    assert_eq!(deployed.code, Some(0), "{deployed:?}");
}

/// The runs of a workflow.
fn runs(place: &Place, workflow: &str) -> Vec<String> {
    let all = place.keyway.run(&["runs", "--json"]).json();
    let theirs = all.as_array().into_iter().flatten().filter(|run| run["workflow"] == workflow);
    theirs.map(|run| run["run"].as_str().or(run["id"].as_str()).expect("an id").to_owned()).collect()
}

/// What the runs of a workflow gave, sorted, once there are so many of them.
fn gave(place: &Place, workflow: &str, count: usize) -> Vec<String> {
    let end = Instant::now() + PATIENCE;
    while runs(place, workflow).len() < count {
        assert!(Instant::now() < end, "there are {:?}, not {count}", runs(place, workflow));
        std::thread::sleep(Duration::from_millis(100));
    }
    let ended = |run: String| place.until(&run, |shown| shown["status"] == "succeeded")["output"].clone();
    let mut all: Vec<String> = runs(place, workflow)
        .into_iter()
        .map(|run| ended(run).as_str().unwrap_or_default().to_owned())
        .collect();
    all.sort();
    all
}

fn tamper(place: &Place, sql: &str) {
    let file = place.keyway.data.join("keyway.db");
    let database = rusqlite::Connection::open(file).expect("a database of ours");
    database.busy_timeout(Duration::from_secs(5)).expect("a time can be set");
    database.execute_batch(sql).expect("it can be changed");
}

/// A call of an owner stands in the ledger that took so many cents, or that may take them where it is open.
fn spend(place: &Place, owner: &str, id: &str, cents: i64, class: &str) {
    let time = jiff::Timestamp::now().as_nanosecond();
    let cost = cents * 10_000_000_000;
    let (reserved, cost) =
        if class == "open" { (cost.to_string(), "NULL".into()) } else { ("1".into(), cost.to_string()) };
    tamper(
        place,
        &format!(
            "INSERT INTO calls (owner, id, time, workflow, run, step, place, attempt, provider, model, \"key\", payer,
                 reserved, cost, class, why)
             VALUES ('{owner}', '{id}', {time}, 'w', 'r', 's', 'p', 1, 'openai', 'm', 'k', 'own', {reserved}, {cost},
                 '{class}', '')"
        ),
    );
}

#[test]
fn each_share_of_a_budget_is_told_once_whatever_is_killed_in_between() {
    let place = Place::new();
    for text in [MONEY, MOST] {
        deploy(&place, text);
    }
    for arguments in [&["budget", "set", "10"][..], &["budget", "set", "1", "--workflow", "other"]] {
        assert_eq!(place.keyway.run(arguments).code, Some(0));
    }
    // Somebody else's money is told to nobody here, and what is only reserved is not spent.
    tamper(
        &place,
        "INSERT INTO budgets (owner, scope, name, most) VALUES ('somebody', 'owner', '', 10000000000000)",
    );
    spend(&place, "somebody", "theirs", 950, "ok");
    let serving = Serving::of(&place);
    spend(&place, "local", "first", 499, "ok");
    std::thread::sleep(LOOKS);
    assert_eq!(runs(&place, "money"), [""; 0]);
    spend(&place, "local", "second", 351, "ok");
    assert_eq!(gave(&place, "money", 2), ["owner 50 8.5", "owner 80 8.5"]);
    assert_eq!(gave(&place, "most", 1).len(), 1);
    // It dies, and more is spent while nobody serves; whoever serves next tells that, and nothing again.
    drop(serving);
    spend(&place, "local", "third", 60, "ok");
    for _ in 0..3 {
        let serving = Serving::of(&place);
        assert_eq!(gave(&place, "money", 3), ["owner 50 8.5", "owner 80 8.5", "owner 90 9.1"]);
        std::thread::sleep(LOOKS / 2);
        drop(serving);
    }
    let serving = Serving::of(&place);
    spend(&place, "local", "fourth", 90, "ok");
    assert_eq!(gave(&place, "money", 4).last().map(String::as_str), Some("owner 90 9.1"));
    std::thread::sleep(LOOKS);
    assert_eq!((runs(&place, "money").len(), runs(&place, "most").len()), (4, 1));
    drop(serving);
    // The control: what was told is forgotten, and is told again.
    tamper(&place, "DELETE FROM arrivals");
    let _serving = Serving::of(&place);
    assert_eq!(gave(&place, "money", 8).len(), 8);
}

#[test]
fn what_is_only_reserved_is_not_spent() {
    let place = Place::new();
    deploy(&place, MONEY);
    assert_eq!(place.keyway.run(&["budget", "set", "10"]).code, Some(0));
    let _serving = Serving::of(&place);
    spend(&place, "local", "open", 990, "open");
    std::thread::sleep(LOOKS);
    assert_eq!(runs(&place, "money"), [""; 0]);
    // The control: the same, spent.
    tamper(&place, "UPDATE calls SET cost = reserved, class = 'ok'");
    assert_eq!(gave(&place, "money", 3).len(), 3);
}

#[test]
fn a_provider_that_is_left_alone_is_told_once() {
    let place = Place::new();
    deploy(&place, DOWN);
    let provider = Provider::start("Hello.", &[Does::Fails; 40]);
    provider.key(&place, "openai", "mine", "sk-test-0123456789abcdef0123456789abcdef");
    let serving = Serving::of(&place);
    std::thread::sleep(LOOKS);
    assert_eq!(runs(&place, "down"), [""; 0], "nobody was asked");
    let file = place.file("asks.yaml", ASKS);
    let end = Instant::now() + PATIENCE;
    while provider.asked().len() < 5 {
        assert!(Instant::now() < end, "{} calls came", provider.asked().len());
        assert_eq!(place.keyway.run(&["run", &file, "--allow-private"]).code, Some(1));
    }
    let told = gave(&place, "down", 1);
    assert!(told.iter().all(|said| said.starts_with("openai ")), "{told:?}");
    std::thread::sleep(LOOKS);
    assert_eq!(gave(&place, "down", told.len()), told, "each is told once");
    drop(serving);
    // Another process knows nothing of it, and tells nothing.
    let _serving = Serving::of(&place);
    std::thread::sleep(LOOKS);
    let after: Vec<Value> = gave(&place, "down", told.len()).into_iter().map(Value::from).collect();
    assert_eq!(json!(after), json!(told));
}
