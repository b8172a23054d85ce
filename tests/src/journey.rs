//! A workflow with every kind of block that runs, files and effects, and what it promises whatever breaks.
//!
//! 29 steps in two runs: branches side by side, `for_each`, `repeat`, `switch`, `try`, a retry, waits, files that are
//! written and read, calls to a service that counts them by key, a run that is called, two signals for it (one is there
//! before anybody listens, one comes later), and a question that a person answers.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The step that asks a person, who says yes.
pub const ASKS: &str = "agree";

/// A call to the service.
fn http(url: &str, step: &str, more: &str) -> String {
    format!(
        "{{ method: POST, url: \"{url}\", idempotency: Idempotency-Key, json: {{ step: \"{step}\"{more} }} }}"
    )
}

/// Its text; calls go to this address.
pub fn text(url: &str) -> String {
    let http = |step: &str, more: &str| http(url, step, more);
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
  early: {{ after: first, emit: {{ signal: labelled, with: 8 }} }}
  courier: {{ after: [rest, again], call: courier, with: {{ parcel: 7 }} }}
  tick: {{ after: [rest, again], wait: 15ms }}
  tell: {{ after: tick, emit: {{ signal: packed, with: 6 }} }}
  {ASKS}: {{ after: [shaky, poll, route, safe, courier, tell, early], approve: {{ message: "Send the last?" }} }}
  last: {{ after: {ASKS}, http: {last} }}
output:
  orders: "{{{{ steps.orders }}}}"
  poll: "{{{{ steps.poll }}}}"
  copy: "{{{{ steps.copy }}}}"
  courier: "{{{{ steps.courier }}}}"
  agreed: "{{{{ steps.{ASKS}.approved }}}}"
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

/// The workflow that it calls.
pub fn courier(url: &str) -> String {
    format!(
        r#"name: courier
inputs: {{ parcel: integer }}
steps:
  fetch: {{ http: {} }}
  packed: {{ after: fetch, wait: {{ signal: packed }} }}
  labelled: {{ after: packed, wait: {{ signal: labelled }} }}
  deliver: {{ after: labelled, http: {} }}
output: "{{{{ inputs.parcel }}}} {{{{ steps.packed }}}} {{{{ steps.labelled }}}} {{{{ steps.deliver.body.receipt }}}}"
"#,
        http(url, "courier.fetch", ""),
        http(url, "courier.deliver", ""),
    )
}

/// What it writes to files.
pub const NOTES: &str = "what was noted";

/// The files that it has written at its end, below its folder.
pub const FILES: [&str; 2] = ["out/notes.txt", "out/copy.txt"];

/// How often each step has its effect at the service.
pub fn effects() -> BTreeMap<String, u64> {
    let once = [
        "first",
        "shaky",
        "route.label",
        "safe.spare",
        "safe.log",
        "courier.fetch",
        "courier.deliver",
        "last",
    ];
    let mut effects: BTreeMap<String, u64> = once.map(|step| (step.to_owned(), 1)).into();
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
        "route.label" | "safe.get" | "courier.fetch" => after_orders().collect(),
        "courier.deliver" => after_orders().chain([name("courier.fetch")]).collect(),
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
    json!({
        "orders": orders.collect::<Vec<_>>(),
        "poll": 200,
        "copy": NOTES,
        "courier": "7 6 8 done courier.deliver",
        "agreed": true,
        "last": "done last",
    })
}
