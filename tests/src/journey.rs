//! A workflow with every kind of block that runs, files and effects, and what it promises whatever breaks.
//!
//! Twenty steps: branches side by side, `for_each`, `repeat`, `switch`, `try`, a retry, waits, files that are
//! written and read, and calls to a service that counts them by key.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Its text; calls go to this address.
pub fn text(url: &str) -> String {
    let http = |step: &str, more: &str| {
        format!(
            "{{ method: POST, url: \"{url}\", idempotency: Idempotency-Key, json: {{ step: \"{step}\"{more} }} }}"
        )
    };
    format!(
        r#"name: journey
steps:
  first: {{ http: {first} }}
  notes: {{ after: first, use: file.write, with: {{ path: out/notes.txt, text: "{NOTES}" }} }}
  orders:
    after: first
    for_each: [2, 3, 5]
    as: order
    parallel: 2
    steps:
      charge: {{ http: {charge} }}
      pause: {{ after: charge, wait: 2ms }}
      ship: {{ after: pause, http: {ship} }}
    output: {{ order: "{{{{ order }}}}", receipt: "{{{{ steps.charge.body.receipt }}}}", ship: "{{{{ steps.ship.status }}}}" }}
  poll:
    after: first
    repeat: 3
    every: 2ms
    until: round == 2
    steps:
      look: {{ http: {look} }}
    output: "{{{{ steps.look.status }}}}"
  shaky:
    after: first
    http: {shaky}
    retry: {{ attempts: 4, delay: 3ms, factor: 1 }}
  rest: {{ after: orders, wait: 5ms }}
  route:
    after: rest
    switch: steps.first.status
    cases:
      200: {{ label: {{ http: {label} }} }}
    default: {{ label: {{ fail: "the service said something else" }} }}
  safe:
    after: rest
    try: {{ get: {{ http: {get}, retry: 1 }} }}
    catch: {{ spare: {{ http: {spare} }} }}
    finally: {{ log: {{ http: {log} }} }}
  copy: {{ after: notes, use: file.read, with: {{ path: out/notes.txt }} }}
  again: {{ use: file.write, with: {{ path: out/copy.txt, text: "{{{{ steps.copy }}}}" }} }}
  last:
    after: [again, shaky, poll, route, safe]
    http: {last}
output:
  orders: "{{{{ steps.orders }}}}"
  poll: "{{{{ steps.poll }}}}"
  copy: "{{{{ steps.copy }}}}"
  last: "{{{{ steps.last.body.receipt }}}}"
"#,
        first = http("first", ""),
        charge = http("orders[{{ index }}].charge", ", delay: 1"),
        ship = http("orders[{{ index }}].ship", ""),
        look = http("poll[{{ round }}].look", ""),
        shaky = http("shaky", ", flaky: true"),
        label = http("route.label", ""),
        get = http("safe.get", ", status: 422"),
        spare = http("safe.spare", ""),
        log = http("safe.log", ""),
        last = http("last", ""),
    )
}

/// What it writes to files.
pub const NOTES: &str = "what was noted";

/// The files that it has written at its end, below its folder.
pub const FILES: [&str; 2] = ["out/notes.txt", "out/copy.txt"];

/// How often each step has its effect at the service.
pub fn effects() -> BTreeMap<String, u64> {
    let mut effects: BTreeMap<String, u64> =
        ["first", "shaky", "route.label", "safe.spare", "safe.log", "last"]
            .map(|step| (step.to_owned(), 1))
            .into();
    effects.insert("safe.get".into(), 0);
    for index in 0..3 {
        effects.insert(format!("orders[{index}].charge"), 1);
        effects.insert(format!("orders[{index}].ship"), 1);
    }
    for round in 1..=2 {
        effects.insert(format!("poll[{round}].look"), 1);
    }
    effects
}

/// What a step that has been sent rests on: the steps whose results were recorded before.
pub fn rests_on(step: &str) -> Vec<String> {
    let orders =
        ["charge", "ship"].into_iter().flat_map(|it| (0..3).map(move |at| format!("orders[{at}].{it}")));
    let after_orders = || orders.clone().chain(["first".to_owned()]);
    let name = |step: &str| step.to_owned();
    match step {
        "first" => vec![],
        "route.label" | "safe.get" => after_orders().collect(),
        "safe.spare" => after_orders().chain([name("safe.get")]).collect(),
        "safe.log" => after_orders().chain([name("safe.get"), name("safe.spare")]).collect(),
        "poll[2].look" => vec![name("first"), name("poll[1].look")],
        "last" => effects().into_keys().filter(|other| other != "last").collect(),
        _ => match step.strip_suffix("ship") {
            Some(item) => vec![name("first"), format!("{item}charge")],
            None => vec![name("first")],
        },
    }
}

/// Its output.
pub fn output() -> Value {
    let orders = [2, 3, 5].into_iter().enumerate().map(|(index, order)| {
        json!({ "order": order, "receipt": format!("done orders[{index}].charge"), "ship": 200 })
    });
    json!({ "orders": orders.collect::<Vec<_>>(), "poll": 200, "copy": NOTES, "last": "done last" })
}
