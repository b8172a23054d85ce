//! Models with tools, from the binary: a provider on this machine wants tools called, a service on this machine counts
//! what was called. Every turn and every call is a step of its own, paid and made once, also across kills.

#[path = "agents/double.rs"]
mod double;

use std::time::{Duration, Instant};

use double::{Double, Says, TAKES, call, calls, text};
use serde_json::{Value, json};
use tests::effects::Service;
use tests::keyway::kill;
use tests::place::Place;

/// No log, event, message or row may have it.
const CANARY: &str = "sk-canary-77c1e0b2d94f4f0aa1c9";

/// An agent that acts over HTTP, with this beside its prompt.
fn agent(more: &str) -> String {
    format!(
        "name: agent\nsteps:\n  turn: {{ set: {{ name: Ada }} }}\n  helper:\n    ai: \"Help {{{{ steps.turn.name }}}}.\"\n    \
         system: You are brief.\n    model: openai/gpt-5.4-mini\n    tools: [http.request]\n    {more}\n\
         output: \"{{{{ steps.helper }}}}\"\n"
    )
}

/// An agent whose calls nobody is asked about.
fn free(more: &str) -> String {
    agent(&format!("allow: [untrusted_tools]\n    {more}"))
}

/// The parameters of a call that the service counts under this name.
fn post(service: &Service, step: &str) -> Value {
    json!({ "method": "POST", "url": service.url("/do"), "json": { "step": step } })
}

/// A place with a key for the provider.
fn place(double: &Double) -> Place {
    let place = Place::new();
    let base = double.base();
    let added = place.keyway.run_with(
        &["keys", "add", "openai", "--name", "mine", "--base-url", &base, "--no-test", "--stdin"],
        CANARY,
    );
    assert_eq!(added.code, Some(0), "{added:?}");
    place
}

fn run(place: &Place, workflow: &str) -> Value {
    let file = place.file("flow.yaml", workflow);
    let answer = place.keyway.run(&["run", &file, "--allow-private", "--json"]);
    assert!(
        !answer.stderr.contains(CANARY) && !answer.stdout.contains(CANARY),
        "the key is told: {answer:?}"
    );
    answer.json()
}

/// The steps of a run with their states.
fn states(shown: &Value) -> Vec<(String, String)> {
    let steps = shown["steps"].as_object().expect("the steps");
    steps
        .iter()
        .map(|(path, step)| (path.clone(), step["state"].as_str().unwrap_or_default().into()))
        .collect()
}

/// How each call to a model ended, of a step that all of them belong to.
fn classes(shown: &Value) -> Vec<String> {
    let calls = shown["calls"].as_array().cloned().unwrap_or_default();
    assert!(calls.iter().all(|call| call["step"] == "helper"), "{calls:?}");
    calls.iter().map(|call| call["class"].as_str().unwrap_or_default().into()).collect()
}

/// What the tools gave, as the model was told in its n-th question.
fn told(double: &Double, question: usize) -> Vec<String> {
    let questions = double.questions();
    let messages = questions[question]["messages"].as_array().cloned().expect("messages");
    let results = messages.iter().filter(|message| message["role"] == "tool");
    results.map(|message| message["content"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_model_calls_a_tool_and_answers_with_what_it_gave() {
    let service = Service::start().expect("a port");
    let double =
        Double::start(&[call("http_request", &post(&service, "first")), text("The service says done.")]);
    let place = place(&double);
    let ended = run(&place, &free(""));
    assert_eq!(ended["status"], json!("succeeded"), "{ended}");
    assert_eq!(ended["output"], json!({ "text": "The service says done." }), "as without tools: {ended}");
    assert_eq!((double.questions().len(), service.requests().len()), (2, 1));
    let questions = double.questions();
    assert_eq!(
        questions[0]["messages"][1]["content"],
        json!("Help Ada."),
        "a step named `turn` is the author's"
    );
    assert_eq!(questions[0]["tools"][0]["function"]["name"], json!("http_request"));
    let offered = &questions[0]["tools"][0]["function"]["parameters"]["properties"];
    assert!(offered["url"].is_object() && offered["auth"].is_null() && offered["idempotency"].is_null());
    // The question, what the model wanted, and what came of it, in this order.
    let roles: Vec<&str> = questions[1]["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .map(|message| message["role"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool"]);
    assert_eq!(
        questions[1]["messages"][3]["tool_call_id"],
        questions[1]["messages"][2]["tool_calls"][0]["id"]
    );
    assert!(told(&double, 1)[0].contains("done first"), "{:?}", told(&double, 1));
    let shown = place.shown(ended["run"].as_str().expect("a run"));
    let states = states(&shown);
    let done = |path: &str| states.contains(&(path.to_owned(), "succeeded".to_owned()));
    for path in ["helper[1].turn", "helper[1].calls[0].tool.http_request", "helper[2].turn", "helper"] {
        assert!(done(path), "{path}: {states:?}");
    }
    assert_eq!(classes(&shown), ["ok", "ok"], "one row for each turn");
    place.hides(CANARY);
}

/// An agent that reads what is in a folder, with a model of its step's own choice.
fn reader() -> String {
    "name: reader\nsteps:\n  helper: { ai: How many notes are there?, tools: [file.list, file.read] }\noutput: \"{{ steps.helper.text }}\"\n"
        .into()
}

/// The models that were asked, and for each call whether the ledger says that what another one answered did not fit.
fn led(double: &Double, shown: &Value) -> (Vec<String>, Vec<bool>) {
    let models =
        double.questions().iter().map(|asked| asked["model"].as_str().unwrap_or_default().into()).collect();
    let calls = shown["calls"].as_array().cloned().unwrap_or_default();
    let rose = |call: &Value| call["why"].as_str().is_some_and(|why| why.contains("does not fit"));
    (models, calls.iter().map(rose).collect())
}

#[test]
fn tools_that_only_read_are_first_given_to_a_cheaper_model_and_a_wrong_call_hands_the_rest_to_the_better_one()
{
    let right = || call("file_list", &json!({ "path": "." }));
    let wrong = || call("file_list", &json!({ "pth": "." }));
    let done = || text("There are none.");
    let asked = |script: &[Says], workflow: &str| {
        let double = Double::start(script);
        let place = place(&double);
        let ended = run(&place, workflow);
        assert_eq!(ended["status"], json!("succeeded"), "{ended}");
        let shown = place.shown(ended["run"].as_str().expect("a run"));
        let led = led(&double, &shown);
        (double, led)
    };
    let (_, (models, rose)) = asked(&[right(), done()], &reader());
    let below = models[0].clone();
    assert_eq!((models, rose), (vec![below.clone(), below.clone()], vec![false, false]));
    // A wrong call is not made, and the better model does not read of it; what follows is led by that one.
    let (double, (models, rose)) = asked(&[wrong(), right(), done()], &reader());
    let questions = double.questions();
    assert_eq!((&*models[0], &models[1], rose), (&*below, &models[2], vec![false, true, false]));
    assert_ne!(models[0], models[1]);
    assert_eq!(questions[0]["messages"], questions[1]["messages"]);
    assert_eq!(told(&double, 2).len(), 1);
    // In a later turn too, and an end that is not what the step wants is as wrong as a call.
    let (_, (models, rose)) = asked(&[right(), wrong(), done()], &reader());
    assert_eq!((&*models[0], &*models[1], rose), (&*below, &*below, vec![false, false, true]));
    assert_ne!(models[2], below);
    let fields = reader().replace("tools:", "returns: { notes: integer }, tools:").replace(".text", ".notes");
    let (_, (models, rose)) = asked(&[text("None."), text("{\"notes\": 0}")], &fields);
    assert_eq!((&*models[0], rose), (&*below, vec![false, true]));
    // Where one acts, whoever leads is as good as the step asks from the first turn on.
    let acting = reader().replace("file.read]", "file.append], allow: [untrusted_tools]");
    let (_, (models, _)) = asked(&[right(), done()], &acting);
    assert!(models.iter().all(|model| *model != below), "{models:?}");
}

#[test]
fn an_answer_with_fields_that_does_not_fit_goes_back_once_as_a_turn_of_its_own() {
    let returns = free("returns: { urgency: integer }");
    let double = Double::start(&[text("I would say high."), text("{\"urgency\": 4}")]);
    let place_one = place(&double);
    let ended = run(&place_one, &returns);
    assert_eq!(
        (&ended["status"], &ended["output"]),
        (&json!("succeeded"), &json!({ "urgency": 4 })),
        "{ended}"
    );
    assert_eq!(classes(&place_one.shown(ended["run"].as_str().expect("a run"))), ["ok", "ok"]);
    let double = Double::always(text("I would say high."));
    let place = place(&double);
    let ended = run(&place, &returns);
    assert_eq!(ended["error"]["kind"], json!("invalid"), "{ended}");
    assert_eq!(double.questions().len(), 2, "once");
}

#[test]
fn the_calls_of_one_turn_are_made_and_told_in_their_order() {
    let double = Double::start(&[calls(&[
        ("file_read", json!({ "path": "a.txt" })),
        ("file_read", json!({ "path": "gone.txt" })),
        ("file_read", json!({ "path": "b.txt" })),
    ])]);
    let place = place(&double);
    place.file("a.txt", "alpha");
    place.file("b.txt", "beta");
    let workflow =
        free("").replace("http.request", "file.read").replace("allow: [untrusted_tools]", "max_turns: 3");
    let ended = run(&place, &workflow);
    assert_eq!(ended["output"], json!({ "text": "Done." }), "{ended}");
    let told = told(&double, 1);
    assert_eq!((told.len(), &*told[0], &*told[2]), (3, "alpha", "beta"));
    assert!(told[1].contains("gone.txt"), "a failure is told: {told:?}");
    let shown = place.shown(ended["run"].as_str().expect("a run"));
    assert!(
        states(&shown).contains(&("helper[1].calls[1].tool.file_read".into(), "failed".into())),
        "{shown}"
    );
}

#[test]
fn what_cannot_be_called_is_told_and_nothing_goes_out() {
    let service = Service::start().expect("a port");
    let mut with_account = post(&service, "account");
    with_account["auth"] = json!({ "bearer": "x" });
    let script = [
        Says::Calls(vec![
            ("file_write".into(), json!({ "path": "x", "text": "y" }).to_string()),
            ("http_request".into(), json!({ "url": 7 }).to_string()),
            ("http_request".into(), "{ \"url\": ".into()),
            ("http_request".into(), with_account.to_string()),
            ("http_request".into(), json!({ "method": "POST" }).to_string()),
        ]),
        call("http_request", &post(&service, "right")),
    ];
    let double = Double::start(&script);
    let place = place(&double);
    let ended = run(&place, &free(""));
    assert_eq!(ended["status"], json!("succeeded"), "{ended}");
    let told = told(&double, 1);
    let reasons = [
        "there is no tool `file_write`; there is `http_request`",
        "the parameter `url` does not fit",
        "the parameters are no JSON object",
        "`http_request` has no parameter `auth`",
        "the parameter `url`, a string, is missing",
    ];
    for (said, reason) in told.iter().zip(reasons) {
        assert!(said.starts_with(reason), "{said} / {reason}");
    }
    assert_eq!(told.len(), reasons.len());
    assert!(!place.path("x").exists(), "a tool that is not listed is not called");
    let steps: Vec<String> = service.requests().into_iter().map(|request| request.step).collect();
    assert_eq!(steps, ["right"], "the first wrong, then right");
}

#[test]
fn a_model_that_does_not_come_to_an_end_is_stopped() {
    let service = Service::start().expect("a port");
    let double = Double::always(call("http_request", &post(&service, "again")));
    let place = place(&double);
    let ended = run(&place, &free("max_turns: 3"));
    assert_eq!(ended["error"]["kind"], json!("exhausted"), "{ended}");
    let message = ended["error"]["message"].as_str().unwrap_or_default();
    assert_eq!(
        message,
        "the model did not come to an end in 3 turns: it wants to call `http_request`; `max_turns` allows more"
    );
    assert_eq!(
        (double.questions().len(), service.requests().len()),
        (3, 2),
        "what nobody would read is not called"
    );
    let double = Double::start(&[Says::Late(Duration::from_secs(60))]);
    let place_late = self::place(&double);
    let ended = run(&place_late, &free("timeout: 300ms"));
    assert_eq!(ended["error"]["kind"], json!("timeout"), "{ended}");
    assert_eq!(ended["error"]["step"], json!("helper"), "{ended}");
}

#[test]
fn a_limit_of_cost_is_for_all_turns_together() {
    let service = Service::start().expect("a port");
    let double = Double::always(call("http_request", &post(&service, "again")));
    let place = place(&double);
    // A turn costs 0.00165: 1,000 tokens for 0.75 and 200 for 4.5 dollars a million.
    let ended = run(&place, &free("max_turns: 20\n    max_cost: 0.012"));
    assert_eq!(ended["error"]["kind"], json!("budget"), "{ended}");
    let turns = double.questions().len();
    let shown = place.shown(ended["run"].as_str().expect("a run"));
    let cost =
        |call: &Value| call["cost_usd"].as_str().and_then(|cost| cost.parse::<f64>().ok()).expect("a cost");
    let sum: f64 = shown["calls"].as_array().expect("the calls").iter().map(cost).sum();
    assert!((sum - 0.00165 * turns as f64).abs() < 1e-9, "{sum} of {turns} {TAKES:?}");
    assert!((2..=7).contains(&turns) && sum <= 0.012, "{turns} turns for {sum}");
    // Each turn alone would keep the limit: without it, all of them are made.
    let double = Double::always(call("http_request", &post(&service, "again")));
    let free_place = self::place(&double);
    let ended = run(&free_place, &free("max_turns: 12"));
    assert_eq!((&ended["error"]["kind"], double.questions().len()), (&json!("exhausted"), 12), "{ended}");
}

/// An agent of which each call is asked.
fn asking(more: &str) -> String {
    agent(&format!("confirm: true\n    {more}"))
}

const ASKS: &str = "helper[1].calls[0].tool.approve";

#[test]
fn a_call_that_acts_waits_for_a_person_and_a_no_is_told_to_the_model() {
    let service = Service::start().expect("a port");
    let wants = |step: &str| call("http_request", &post(&service, step));
    let double = Double::start(&[wants("asked"), wants("again"), text("I could not.")]);
    let place = place(&double);
    let file = place.file("flow.yaml", &asking(""));
    let waiting = place.keyway.run(&["run", &file, "--allow-private", "--json", "--no-wait"]);
    let run = waiting.run_id();
    let shown = place.until(&run, |shown| shown["steps"][ASKS]["state"] == "waiting");
    assert_eq!(service.requests().len(), 0, "nothing goes out before the answer: {shown}");
    let page = place.keyway.run(&["show", &run]).stdout;
    assert!(page.contains("the model wants to call `http.request` with"), "{page}");
    assert!(page.contains(&service.url("/do")), "what is approved is shown: {page}");
    let answer = |step: &str, word: &str| {
        place.keyway.run(&["answer", &run, step, word, "--allow-private", "--json", "--no-wait"])
    };
    answer(ASKS, "no");
    let second = "helper[2].calls[0].tool.approve";
    place.until(&run, |shown| shown["steps"][second]["state"] == "waiting");
    assert_eq!(service.requests().len(), 0, "what was rejected is not called");
    assert!(told(&double, 1)[0].contains("said no"), "{:?}", told(&double, 1));
    answer(second, "yes");
    let shown = place.until(&run, |shown| shown["status"] == "succeeded");
    let steps: Vec<String> = service.requests().into_iter().map(|request| request.step).collect();
    assert_eq!(steps, ["again"], "{shown}");
    assert!(told(&double, 2)[1].contains("done again"), "{:?}", told(&double, 2));
    assert_eq!(shown["output"], json!({ "text": "I could not." }));
    let skipped = ("helper[1].calls[0].tool.http_request".to_owned(), "skipped".to_owned());
    assert!(states(&shown).contains(&skipped), "{shown}");
}

#[test]
fn killed_between_a_turn_and_its_call_neither_is_repeated() {
    let service = Service::start().expect("a port");
    let double = Double::start(&[call("http_request", &post(&service, "once"))]);
    let place = place(&double);
    let (child, run) = place.started(&asking(""));
    place.until(&run, |shown| shown["steps"][ASKS]["state"] == "waiting");
    kill(child);
    assert_eq!((double.questions().len(), service.requests().len()), (1, 0));
    place.keyway.run(&["answer", &run, ASKS, "yes", "--allow-private", "--json"]);
    let shown = place.until(&run, |shown| shown["status"] == "succeeded");
    assert_eq!((double.questions().len(), service.requests().len()), (2, 1), "{shown}");
    assert_eq!(classes(&shown), ["ok", "ok"]);
    place.hides(CANARY);
}

#[test]
fn killed_between_a_call_and_the_next_turn_neither_is_repeated() {
    let service = Service::start().expect("a port");
    let late = Says::Late(Duration::from_secs(60));
    let double = Double::start(&[call("http_request", &post(&service, "once")), late]);
    let place = place(&double);
    let (child, run) = place.started(&free(""));
    // The call is over and written down, and the next turn has been asked for and not paid.
    double.wait_for(2);
    kill(child);
    assert_eq!((double.answered(), service.requests().len()), (1, 1));
    let ended = place.resumed(&run, CANARY);
    assert_eq!(ended["output"], json!({ "text": "Done." }), "{ended}");
    assert_eq!(service.requests().len(), 1, "the call is not made again");
    assert_eq!((double.questions().len(), double.answered()), (3, 2), "each turn is answered once");
    let shown = place.shown(&run);
    assert_eq!(classes(&shown), ["ok", "lost", "ok"], "what was under way at the kill is counted as lost");
    place.hides(CANARY);
}

#[test]
fn killed_in_a_call_that_must_not_be_repeated_it_is_in_doubt() {
    let service = Service::start().expect("a port");
    let mut slow = post(&service, "slow");
    slow["json"]["delay"] = json!(30_000);
    let double = Double::start(&[call("http_request", &slow)]);
    let place = place(&double);
    let (child, run) = place.started(&free("on_doubt: fail"));
    let end = Instant::now() + Duration::from_secs(60);
    while service.requests().is_empty() {
        assert!(Instant::now() < end, "the call does not come");
        std::thread::sleep(Duration::from_millis(10));
    }
    kill(child);
    let ended = place.resumed(&run, CANARY);
    assert_eq!(ended["status"], json!("succeeded"), "{ended}");
    assert_eq!((double.questions().len(), service.requests().len()), (2, 1), "{ended}");
    assert!(told(&double, 1)[0].contains("not known"), "the model is told: {:?}", told(&double, 1));
}

#[test]
fn acting_tools_beside_what_comes_from_outside_are_refused_before_anything_happens() {
    let double = Double::start(&[]);
    let place = place(&double);
    let mut before = 0;
    for (tools, refused) in [
        ("[http.request]", true),
        ("[file.read, file.write]", true),
        // Of what these give nothing was written by anybody else.
        ("[file.write]", false),
        ("[file.read, file.list]", false),
    ] {
        let file = place.file("flow.yaml", &agent("max_turns: 2").replace("[http.request]", tools));
        let answer = place.keyway.run(&["run", &file, "--allow-private", "--json"]);
        assert_eq!(answer.stderr.contains("KW0702"), refused, "{tools}: {answer:?}");
        let asked = double.questions().len();
        assert_eq!(asked > before, !refused, "{tools}: {answer:?}");
        before = asked;
    }
}

#[test]
fn a_test_gives_the_answer_of_the_whole() {
    let place = Place::new();
    let workflow = "name: agent\ninputs: { question: string }\nsteps:\n  all:\n    for_each: [1, 2]\n    steps:\n      helper:\n        \
                    ai: \"Help with {{ inputs.question }}.\"\n        tools: [file.read, file.write]\n        \
                    confirm: true\n        returns: { answer: string }\noutput: \"{{ steps.all[1].helper.answer }}\"\n";
    let tests = "cases:\n  answers:\n    inputs: { question: x }\n    mocks: { all.helper: [{ gives: { answer: one } }, { gives: { answer: two } }] }\n    \
                 expect:\n      output: two\n      steps: { \"all[0].helper\": { value: { answer: one } } }\n      \
                 calls: { all.helper: [{ prompt: Help with x. }, { prompt: Help with x. }] }\n  \
                 fails:\n    inputs: { question: x }\n    mocks: { ai.ask: { fails: refused } }\n    \
                 expect: { error: { kind: refused, step: \"all[0].helper[1].turn\" } }\n";
    let file = place.file("agent.yaml", workflow);
    let test = place.file("agent.test.yaml", tests);
    let passed = place.keyway.run(&["test", &file]);
    assert_eq!(passed.code, Some(0), "{passed:?}");
    place.file("agent.test.yaml", &tests.replace("gives: { answer: two }", "gives: { text: two }"));
    let wrong = place.keyway.run(&["test", &test]);
    assert_eq!(wrong.code, Some(1), "what does not fit is seen: {wrong:?}");
    place
        .file("agent.test.yaml", "cases:\n  none:\n    inputs: { question: x }\n    expect: { output: x }\n");
    let none = place.keyway.run(&["test", &file]);
    assert!((none.stdout.clone() + &none.stderr).contains("mocks: { all.helper:"), "{none:?}");
}

#[test]
fn what_a_step_took_of_models_is_told_to_those_that_read_its_meta() {
    let service = Service::start().expect("a port");
    let double = Double::start(&[call("http_request", &post(&service, "first")), text("Well.")]);
    let place = place(&double);
    let text = free("").replace(
        "output: \"{{ steps.helper }}\"",
        "  other: { set: { gave: \"{{ steps.helper.text }}\" } }\noutput: { of: \"{{ meta.helper }}\", none: \"{{ meta.other }}\" }",
    );
    let ended = run(&place, &text);
    let of = &ended["output"]["of"];
    assert_eq!((&of["model"], &of["provider"]), (&json!("gpt-5.4-mini"), &json!("openai")), "{ended}");
    assert_eq!(of["paid_by"], json!("own"), "{of}");
    let shown = place.shown(ended["run"].as_str().expect("a run"));
    let sum =
        |of: &dyn Fn(&Value) -> i64| -> i64 { shown["calls"].as_array().into_iter().flatten().map(of).sum() };
    let tokens = |names: &'static [&str]| {
        move |call: &Value| names.iter().filter_map(|name| call["tokens"][*name].as_i64()).sum()
    };
    assert_eq!(of["tokens"]["input"], json!(sum(&tokens(&["input_uncached", "input_cached"]))), "{of}");
    assert_eq!(of["tokens"]["output"], json!(sum(&tokens(&["output_visible", "output_reasoning"]))), "{of}");
    assert!(of["tokens"]["input"].as_i64() > i64::try_from(TAKES.0).ok(), "both turns count: {of}");
    let units = |amount: &str| (amount.parse::<f64>().unwrap_or_default() * 1e12).round() as i64;
    let cost = sum(&|call| units(call["cost_usd"].as_str().unwrap_or_default()));
    assert!(cost > 0, "{shown}");
    assert_eq!(units(&of["cost"].to_string()), cost, "{of}");
    let entry = &shown["steps"]["helper"]["models"];
    assert_eq!(units(entry["cost_usd"].as_str().unwrap_or_default()), cost, "{entry}");
    assert!(shown["steps"]["other"]["models"].is_null(), "who asks nobody says nothing of models");
    assert!(ended["output"]["none"]["cost"].is_null() && ended["output"]["none"]["attempts"].is_number());
}
