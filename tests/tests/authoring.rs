//! What authors have beside `check`: mocks that look at what they are asked, money, coverage, expectations that are written anew,
//! crash tests, recordings, examples to begin from. The commands of the pages about them give what stands there; with
//! `KEYWAY_WRITE` set the pages are written anew: read them before they are accepted.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::{Duration, Instant};

use server::rehearse::crash::Verdict;
use server::rehearse::{Tested, Tester, Way, updated};
use tests::keyway::{Keyway, profile};
use tests::machine;
use tests::markdown::blocks;
use tests::place::Place;
use tests::report::Report;
use tests::service::Service;

fn test(workflow: &str, text: &str) -> Tested {
    Tester::new(Path::new("workflow.yaml"), workflow).test(text, &|_| true)
}

fn said(tested: &Tested) -> Vec<String> {
    let unmet = tested.cases.iter().flat_map(|tried| &tried.unmet).map(|unmet| &unmet.diagnostic);
    let warned = tested.cases.iter().flat_map(|tried| &tried.warnings);
    tested.diagnostics.iter().chain(unmet).chain(warned).map(|it| it.message.clone()).collect()
}

const EACH: &str = "name: x\ninputs: { all: [string] }\nsteps:\n  all:\n    for_each: inputs.all\n    parallel: 3\n    on_error: collect\n    steps:\n      say: { http: { method: POST, url: \"https://example.com\", json: { to: \"{{ item }}\" } } }\n    output: \"{{ steps.say.body }}\"\noutput: \"{{ steps.all }}\"\n";

fn of_each(mocks: &str, output: &str) -> String {
    format!(
        "cases:\n  one:\n    inputs: {{ all: [a, b, c] }}\n    mocks: {mocks}\n    expect: {{ output: {output} }}\n"
    )
}

#[test]
fn an_answer_is_given_to_the_calls_that_it_is_meant_for() {
    let to = |name: &str, gives: &str| {
        format!("{{ with: {{ json: {{ to: {name} }} }}, gives: {{ body: {gives} }} }}")
    };
    // In whatever order they stand.
    let list = format!("{{ all.say: [{}, {}, {}] }}", to("c", "3"), to("a", "1"), to("b", "2"));
    assert_eq!(said(&test(EACH, &of_each(&list, "[1, 2, 3]"))), Vec::<String>::new());
    // One that is meant for one, and one for all others.
    let list = format!("{{ all.say: [{}, {{ gives: {{ body: 0 }}, times: any }}] }}", to("b", "2"));
    assert_eq!(said(&test(EACH, &of_each(&list, "[0, 2, 0]"))), Vec::<String>::new());
    // What the closest mock is not meant for goes on to the next one.
    let list = format!("{{ all.say: {}, http.request: {{ gives: {{ body: 7 }} }} }}", to("b", "2"));
    assert_eq!(said(&test(EACH, &of_each(&list, "[7, 2, 7]"))), Vec::<String>::new());
}

#[test]
fn a_call_that_no_answer_is_meant_for_is_told_with_the_nearest_one() {
    let list = "{ all.say: { with: { json: { to: a } }, gives: { body: 1 } } }";
    let tested = test(EACH, &of_each(list, "[1]"));
    assert_eq!(said(&tested), ["no answer is for this call of `all[1].say`"]);
    let help = &tested.cases[0].unmet[0].diagnostic.help;
    assert_eq!(help[0], "its `json.to` is `\"b\"`, and the nearest answer is for `\"a\"`");
    let list = "{ all.say: [{ gives: { body: 1 }, times: 2 }] }";
    assert_eq!(
        said(&test(EACH, &of_each(list, "[1]"))),
        ["the list has 1 answer, and `all[2].say` makes call 3"]
    );
}

const ASKS: &str = "name: x\nlimits: { ai_cost: 0.01 }\nsteps:\n  one: { ai: One }\n  two: { ai: \"{{ steps.one.text }}\" }\noutput: \"{{ meta.one.cost }}\"\n";

#[test]
fn money_is_counted_held_against_what_is_expected_and_against_the_limit_of_the_workflow() {
    let text = |one: &str, expect: &str| {
        format!(
            "cases:\n  one:\n    mocks: {{ one: {{ gives: {{ text: a }}, costs: {one} }}, two: {{ gives: {{ text: b }}, costs: 0.003 }} }}\n    expect: {{ {expect} }}\n"
        )
    };
    let passes =
        |one: &str, expect: &str| assert_eq!(said(&test(ASKS, &text(one, expect))), Vec::<String>::new());
    passes("0.002", "cost: 0.005, output: 0.002");
    passes("0.002", "cost: { most: 0.005 }, that: cost < 0.006");
    passes("0.008", "cost: 0.008, error: { kind: budget, step: two }");
    assert_eq!(
        said(&test(ASKS, &text("0.002", "cost: 0.004"))),
        ["the models took 0.005 USD, and 0.004 is expected"]
    );
    assert_eq!(
        said(&test(ASKS, &text("0.002", "cost: { most: 0.004 }"))),
        ["the models took 0.005 USD, and at most 0.004 is expected"]
    );
    let free =
        "cases: { one: { inputs: { all: [] }, mocks: { all.say: { gives: {}, costs: 1 } }, expect: {} } }\n";
    assert_eq!(said(&test(EACH, free)), ["only asking a model costs money here, and this asks none"]);
}

const BRANCHES: &str = "name: x\ninputs: { kind: string, sum: number }\nsteps:\n  ask: { if: inputs.sum > 100, approve: { message: Sure?, timeout: 1d } }\n  route:\n    after: ask\n    switch: inputs.kind\n    cases:\n      a: { one: { set: { n: 1 } } }\n      b: { one: { set: { n: 2 } } }\n    default: { one: { fail: \"no {{ inputs.kind }}\" } }\n    output: \"{{ steps.one.n }}\"\noutput: \"{{ steps.route }}\"\non_failure: { tell: { set: { why: \"{{ error.message }}\" } } }\n";

fn never(tested: &Tested) -> Vec<String> {
    tested.points.iter().filter(|point| !point.shown).map(|point| point.told.clone()).collect()
}

#[test]
fn coverage_tells_which_steps_and_branches_no_case_goes_through() {
    let one = "cases:\n  a: { inputs: { kind: a, sum: 1 }, expect: { output: 1 } }\n";
    let tested = test(BRANCHES, one);
    assert_eq!(said(&tested), Vec::<String>::new());
    let steps = tested.points.iter().filter(|point| point.way == Way::Ran).count();
    assert_eq!((steps, tested.points.len()), (6, 14));
    assert_eq!(
        never(&tested),
        [
            "`ask` runs",
            "somebody says yes to `ask`",
            "somebody says no to `ask`",
            "nobody answers `ask` in time",
            "`route` chooses the case `b`",
            "`route` chooses its default",
            "`route.one` runs",
            "`route.one` runs",
            "`tell` runs",
            "the run fails and `on_failure` handles it",
        ]
    );
    // Each case more leaves less.
    let more = "  b: { inputs: { kind: b, sum: 101 }, answers: { ask: yes }, expect: { output: 2 } }\n  c: { inputs: { kind: c, sum: 1 }, expect: { error: no c } }\n  d: { inputs: { kind: a, sum: 101 }, answers: { ask: no }, expect: { error: { kind: rejected } } }\n  e: { inputs: { kind: a, sum: 101 }, expect: { error: { kind: timeout } } }\n";
    let tested = test(BRANCHES, &(one.to_owned() + more));
    assert_eq!((said(&tested), never(&tested)), (vec![], vec![]));
}

#[test]
fn what_came_is_written_down_and_comments_stay() {
    let place = Place::new();
    place.file("x.yaml", EACH);
    let text = "# All of it.\nmocks:\n  all.say: { gives: { body: \"{{ args.json.to }}\" } } # An echo.\n\ncases:\n  one: # The first.\n    inputs: { all: [a, b] }\n    expect:\n      output: [a, c] # Not c.\n      # Both are called.\n      calls: { all.say: 3 }\n\n  two:\n    inputs: { all: [] }\n    expect: {}\n";
    let file = place.file("x.test.yaml", text);
    assert_eq!(place.keyway.run(&["test", &file]).code, Some(1));
    let answer = place.keyway.run(&["test", &file, "--update"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let expected = text
        .replace("[a, c] #", "[a, b] #")
        .replace("say: 3", "say: 2")
        .replace("expect: {}", "expect: { output: [] }");
    assert_eq!(place.text("x.test.yaml"), expected);
    // What is as expected is left as it is, and what no rewriting mends too.
    let path = place.path("x.test.yaml");
    let again = server::rehearse::test(&path, &expected, &|_| true);
    assert_eq!(updated(&path, &expected, &again), None);
    let broken = expected.replace("expect: { output: [] }", "expect: { that: 1 > 2 }");
    let tested = server::rehearse::test(&path, &broken, &|_| true);
    assert_eq!(updated(&path, &broken, &tested), None);
}

/// The steps with what becomes of them, the worst first.
fn found(workflow: &str, text: &str) -> Vec<(String, Verdict)> {
    let crashed = Tester::new(Path::new("workflow.yaml"), workflow).crash(text, &|_| true, 5_000);
    assert!(crashed.cases > 0, "{crashed:?}");
    assert!(crashed.faults >= 6, "{crashed:?}");
    crashed.findings.iter().map(|finding| (finding.step.clone(), finding.verdict)).collect()
}

#[test]
fn a_workflow_that_acts_twice_is_told_so_and_its_mended_form_passes() {
    let workflow = |more: &str, retry: &str| {
        format!(
            "name: x\nsteps:\n  pay: {{ http: {{ method: POST, url: \"https://example.com\"{more} }}{retry} }}\n"
        )
    };
    let text = "cases: { one: { mocks: { pay: { gives: {} } }, expect: {} } }\n";
    let pay = |verdict| ("pay".to_owned(), verdict);
    let (twice, doubt, unnoticed) = (pay(Verdict::Twice), pay(Verdict::Doubt), pay(Verdict::Unnoticed));
    // A lost answer looks like a service that is down.
    assert_eq!(found(&workflow("", ", retry: 3"), text), [twice.clone(), doubt.clone()]);
    assert_eq!(found(&workflow("", ""), text), [unnoticed.clone(), doubt.clone()]);
    assert_eq!(
        found(&workflow("", ", retry: { attempts: 3, on: [rate_limited] }"), text),
        [unnoticed, doubt]
    );
    // What is in doubt at a crash is done again, since the author says so.
    assert!(found(&workflow("", ", on_doubt: retry"), text).contains(&twice));
    assert!(!found(&workflow("", ", on_doubt: fail"), text).contains(&twice));
    // With a key there is nothing to find, however often it is made again.
    assert!(found(&workflow(", idempotency: Idempotency-Key", ", retry: 3"), text).is_empty());
    assert!(found(&workflow("", ", retry: 3").replace("POST", "PUT"), text).is_empty());
}

#[test]
fn a_connector_that_knows_better_is_not_blamed_but_a_timeout_of_the_step_is() {
    let workflow = |more: &str| {
        format!(
            "name: x\nsteps:\n  send: {{ use: email.send, with: {{ to: a@example.com, subject: Hi }}, retry: 3{more} }}\n"
        )
    };
    let text =
        "cases: { one: { mocks: { send: { gives: { message_id: a, to: [], said: ok } } }, expect: {} } }\n";
    let twice = ("send".to_owned(), Verdict::Twice);
    assert!(!found(&workflow(""), text).contains(&twice));
    assert!(found(&workflow(", timeout: 10s"), text).contains(&twice));
}

#[test]
fn crash_test_exits_with_1_where_a_step_acts_twice_and_says_what_to_write() {
    let place = Place::new();
    let workflow =
        "name: x\nsteps:\n  pay: { http: { method: POST, url: \"https://example.com\" }, retry: 3 }\n";
    let file = place.file("x.yaml", workflow);
    place.file("x.test.yaml", "cases:\n  one: { mocks: { pay: { gives: {} } }, expect: {} }\n  two: { mocks: { pay: { gives: {} } }, expect: { output: 7 } }\n");
    let answer = place.keyway.run(&["crash-test", &file]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    for told in ["acts twice", "x.yaml:3", "idempotency: Idempotency-Key", "not played two: it fails"] {
        assert!(answer.stdout.contains(told), "`{told}` is not said: {}", answer.stdout);
    }
    let json = place.keyway.run(&["crash-test", &file, "--json"]).json();
    let first = &json["files"][0]["findings"][0];
    assert_eq!(
        (&first["step"], &first["verdict"], &first["line"]),
        (&"pay".into(), &"acts_twice".into(), &3.into())
    );
    place.file("x.yaml", &workflow.replace(", retry: 3", ""));
    assert_eq!(place.keyway.run(&["crash-test", &file]).code, Some(0));
    assert_eq!(place.keyway.run(&["crash-test", &file, "--strict"]).code, Some(1));
    // Of which nothing is played, nothing is known.
    assert_eq!(place.keyway.run(&["crash-test", &file, "--case", "two"]).code, Some(1));
}

#[test]
fn a_run_becomes_a_test_that_passes_and_holds_no_secret() {
    let service = Service::start(|came| {
        let token = came.headers.get("authorization").cloned().unwrap_or_default();
        let body = serde_json::json!({
            "echo": token, "mail": "ada@acme.example", "random": "aB3dE6gH9jK2mN5pQ8sT1vW4", "n": came.body["n"],
        });
        (200, body)
    });
    let place = Place::new();
    let workflow = format!(
        "name: x\ninputs: {{ all: [integer] }}\nsteps:\n  all:\n    for_each: inputs.all\n    parallel: 2\n    steps:\n      ask:\n        http:\n          method: POST\n          url: \"{}/ask\"\n          auth: {{ bearer: \"{{{{ secret('API_TOKEN') }}}}\" }}\n          json: {{ n: \"{{{{ item }}}}\", id: \"{{{{ uuid() }}}}\" }}\n    output: \"{{{{ steps.ask.body.n }}}}\"\noutput: \"{{{{ steps.all }}}}\"\n",
        service.origin()
    );
    let file = place.file("x.yaml", &workflow);
    let value = "the quiet value of the vault";
    let added =
        place.keyway.run_with(&["secrets", "add", "API_TOKEN", "--host", "127.0.0.1", "--stdin"], value);
    assert_eq!(added.code, Some(0), "{added:?}");
    let ran = place.keyway.run(&["run", &file, "--input", "all=[3, 4]", "--allow-private"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let run = ran.run_id();
    let answer = place.keyway.run(&["record", &run, "--hide-people"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert!(answer.stderr.contains("all.ask.json.id"), "what is another one each time is told: {answer:?}");
    let text = place.text("x.test.yaml");
    for hidden in [value, "ada@acme", "aB3dE6gH9"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    assert!(text.contains("person-1@example.com") && text.contains("hidden-"), "{text}");
    let tested = place.keyway.run(&["test", &file]);
    assert_eq!(tested.code, Some(0), "{tested:?}");
    // Opening the secret for it stands in the audit.
    let audit = place.keyway.run(&["audit"]);
    assert!(audit.stdout.contains("keyway record"), "{audit:?}");
    // It notices a workflow that goes another way.
    place.file("x.yaml", &workflow.replace("n: \"{{ item }}\"", "n: \"{{ item + 1 }}\""));
    assert_eq!(place.keyway.run(&["test", &file]).code, Some(1));
    assert_eq!(
        place.keyway.run(&["record", &run, "-o", &place.path("y.test.yaml").display().to_string()]).code,
        Some(1)
    );
    // Without the flag an address stays; and what is there is not written over.
    place.file("x.yaml", &workflow);
    let open = place.path("open.test.yaml").display().to_string();
    assert_eq!(place.keyway.run(&["record", &run, "-o", &open]).code, Some(0));
    assert!(place.text("open.test.yaml").contains("ada@acme.example"));
    assert_eq!(place.keyway.run(&["record", &run, "-o", &open]).code, Some(1));
}

#[test]
fn a_newer_run_is_held_against_a_recording() {
    let place = Place::new();
    let file = place.file("x.yaml", "name: x\ninputs: { path: string }\nsteps:\n  get: { use: file.list, with: { path: \"{{ inputs.path }}\" } }\noutput: \"{{ len(steps.get) }}\"\n");
    let run = |path: &str| place.keyway.run(&["run", &file, "--input", &format!("path={path}")]).run_id();
    let first = run(".");
    let test = place.path("x.test.yaml").display().to_string();
    assert_eq!(place.keyway.run(&["record", &first]).code, Some(0));
    let same = place.keyway.run(&["record", &first, "--drift", &test]);
    assert_eq!(same.code, Some(0), "{same:?}");
    let text = place.text("x.test.yaml").replace("size:", "length:");
    assert_ne!(text, place.text("x.test.yaml"));
    place.file("old.test.yaml", &text);
    let old = place.path("old.test.yaml").display().to_string();
    let drifted = place.keyway.run(&["record", &run("."), "--drift", &old]);
    assert_eq!(drifted.code, Some(1), "{drifted:?}");
    assert!(drifted.stdout.contains("length was a number, and is missing"), "{drifted:?}");
}

#[test]
fn runs_that_cannot_be_recorded_are_refused_with_what_to_do() {
    let place = Place::new();
    let file = place.file("x.yaml", "name: x\nsteps: { a: { approve: { message: Sure? } } }\n");
    let waiting = place.keyway.run(&["run", &file, "--no-wait"]).run_id();
    let answer = place.keyway.run(&["record", &waiting]);
    assert!(answer.faults_as_refusal(1).is_empty() && answer.stderr.contains("has not ended"), "{answer:?}");
    place.keyway.run(&["cancel", &waiting]);
    let answer = place.keyway.run(&["record", &waiting]);
    assert!(answer.faults_as_refusal(1).is_empty() && answer.stderr.contains("was cancelled"), "{answer:?}");
    assert_ne!(place.keyway.run(&["record", "nothing"]).code, Some(0));
}

#[test]
fn every_example_is_listed_once_and_what_new_writes_passes() {
    let listed: Vec<&str> = server::templates::purposes().into_iter().flat_map(|(_, names)| names).collect();
    let mut sorted = listed.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        server::templates::names().collect::<Vec<_>>(),
        "workflows/purposes.txt lists each example once"
    );
    assert!(listed.len() >= 60, "{}", listed.len());
    let place = Place::new();
    for name in ["late-invoices", "refund-desk", "night-watch"] {
        let file = place.path("mine").join(format!("my-{name}.yaml")).display().to_string();
        let answer = place.keyway.run(&["new", name, &file]);
        assert_eq!(answer.code, Some(0), "{answer:?}");
        assert!(std::fs::read_to_string(&file).unwrap().contains(&format!("name: my-{name}\n")));
        assert_eq!(place.keyway.run(&["test", &file]).code, Some(0));
        let again = place.keyway.run(&["new", name, &file]);
        assert!(
            again.faults_as_refusal(1).is_empty() && again.stderr.contains("is there already"),
            "{again:?}"
        );
    }
    let found = place.keyway.run(&["new", "--find", "stripe", "money", "--json"]).json();
    let names: Vec<&str> = found.as_array().unwrap().iter().filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(names, ["refund-desk", "till-book"]);
    let near = place.keyway.run(&["new", "refund-dsk"]);
    assert!(near.code == Some(1) && near.stderr.contains("did you mean `refund-desk`?"), "{near:?}");
    let about = place.keyway.run(&["new", "invoice"]);
    assert!(about.code == Some(1) && about.stderr.contains("late-invoices"), "{about:?}");
    assert_eq!(place.keyway.run(&["new", "refund-desk", "No Name.yaml"]).code, Some(1));
}

/// A test file of so many cases, each of ten calls.
fn many(cases: usize) -> (String, String) {
    let mut workflow = String::from("name: x\nsteps:\n  s0: { http: { url: \"https://example.com\" } }\n");
    for at in 1..10 {
        let before = at - 1;
        workflow += &format!(
            "  s{at}: {{ http: {{ url: \"https://example.com/{{{{ steps.s{before}.body }}}}\" }} }}\n"
        );
    }
    let mut text = String::from("mocks: { http.request: { gives: { body: \"{{ args.url }}\" } } }\ncases:\n");
    for at in 0..cases {
        text += &format!(
            "  case {at}: {{ expect: {{ steps: {{ s9: succeeded }}, calls: {{ http.request: 10 }} }} }}\n"
        );
    }
    (workflow, text)
}

/// The binary of a release does 1,000 cases in 2 s on two cores: `docs/testing.md` has the figure. An unoptimized one has ten times that.
#[test]
fn a_thousand_cases_are_played_in_no_time() {
    let place = Place::new();
    let (workflow, text) = many(1000);
    place.file("x.yaml", &workflow);
    let file = place.file("x.test.yaml", &text);
    let report = Report::begin("What 1,000 cases cost", "cargo test --workspace --test authoring a_thousand");
    let began = Instant::now();
    let answer = place.keyway.run(&["test", &file]);
    let took = began.elapsed();
    report.tell(&format!(
        "`keyway test` of the profile `{}`, the whole command, reading and checking among it.\n\n\
         | What | Aim | Measured |\n| --- | --- | --- |\n| 1,000 cases of ten calls each | 2 s | {:.2} s |\n\n\
         Load of the machine at the end: {}.",
        profile(),
        took.as_secs_f64(),
        machine::load()
    ));
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(answer.stdout.contains("1000 cases passed"), "{}", answer.stdout);
    let most = if cfg!(debug_assertions) { 30 } else { 2 };
    assert!(took < Duration::from_secs(most), "{took:?}");
}

const PAGES: [&str; 2] = ["docs/testing.md", "docs/authoring.md"];

#[test]
fn the_commands_of_the_pages_give_what_stands_there() {
    let mut wrong = vec![];
    for name in PAGES {
        let path = tests::root().join(name);
        let page = std::fs::read_to_string(&path).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let keyway = Keyway::at(folder.path().join("data"));
        let mut runs: Vec<(String, String)> = vec![];
        let mut written = page.clone();
        for block in blocks(&page) {
            if block.is("yaml") {
                // The file is named in the last words before its block.
                let before = page.lines().take(block.line.saturating_sub(2)).collect::<Vec<_>>().join("\n");
                let named = before.rsplit("\n\n").find(|part| !part.trim().is_empty()).unwrap_or_default();
                let named = named.split('`').skip(1).step_by(2).filter(|word| word.ends_with(".yaml")).last();
                if let Some(named) = named {
                    std::fs::write(folder.path().join(named), &block.text).unwrap();
                }
            } else if block.is("console") {
                let told = told(&keyway, folder.path(), &block.text, &mut runs);
                if plain(&told) != plain(&block.text) {
                    wrong.push(format!("{name}:{}:\n{told}", block.line));
                    let fenced = |text: &str| format!("```console\n{}\n```", text.trim_end());
                    written = written.replacen(&fenced(&block.text), &fenced(&told), 1);
                }
            }
        }
        if std::env::var_os("KEYWAY_WRITE").is_some() {
            std::fs::write(&path, written).unwrap();
        }
    }
    assert!(wrong.is_empty() || std::env::var_os("KEYWAY_WRITE").is_some(), "{}", wrong.join("\n"));
}

/// What the commands of a block say, one after another. Names of runs are those of the page.
fn told(keyway: &Keyway, folder: &Path, block: &str, runs: &mut Vec<(String, String)>) -> String {
    let mut told = String::new();
    for line in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
        told += &format!("$ {line}\n");
        let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        for word in &mut words {
            let is_run = word.len() == 16
                && word.starts_with("06")
                && word.chars().all(|it| it.is_ascii_alphanumeric());
            if !is_run {
                continue;
            }
            if !runs.iter().any(|(page, _)| page == word) {
                let all = keyway.run(&["runs", "--json"]).json();
                let all: Vec<String> =
                    all.as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap().into()).collect();
                let fresh = all.into_iter().find(|run| !runs.iter().any(|(_, real)| real == run));
                runs.push((word.clone(), fresh.expect("the page names a run that is there")));
            }
            let (_, real) = runs.iter().find(|(page, _)| page == word).unwrap();
            word.clone_from(real);
        }
        // What goes into a file, errors as well, is not shown.
        let into = words.iter().position(|word| word == ">").map(|at| words.split_off(at)[1].clone());
        let mut command = keyway.command(&words[1..]);
        command.current_dir(folder).env("COLUMNS", "100");
        let mut answer = tests::keyway::finish(command);
        if let Some(file) = into {
            let said = std::mem::take(&mut answer.stdout) + &std::mem::take(&mut answer.stderr);
            std::fs::write(folder.join(file), said).unwrap();
        }
        let mut said = answer.stdout + &answer.stderr;
        for (page, real) in runs.iter() {
            said = said.replace(real.as_str(), page);
        }
        told += &said;
    }
    told
}

/// The text without what is another one each time: how long it was played.
fn plain(text: &str) -> String {
    let digits =
        |text: &str| text.chars().map(|it| if it.is_ascii_digit() { '0' } else { it }).collect::<String>();
    let line = |line: &str| {
        let line = line.trim_end();
        match line.contains(" in ") && line.ends_with(" s") {
            true => digits(line),
            false => line.to_owned(),
        }
    };
    let lines: Vec<String> = text.lines().map(line).filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}
