//! Test files: that their cases are played as a run would go, that what is wrong fails, and that the tests of our own
//! examples would notice if the examples were broken.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dsl::diagnostic::{Diagnostic, Severity};
use dsl::workflow::{Block, Op, Step};
use server::rehearse::{Tested, Tester};
use tests::place::Place;

/// Plays a test of a workflow that stands alone.
fn test(workflow: &str, text: &str) -> Tested {
    Tester::new(Path::new("workflow.yaml"), workflow).test(text, &|_| true)
}

/// All that was said, errors and warnings, a line each.
fn said(tested: &Tested) -> Vec<String> {
    let unmet = tested.cases.iter().flat_map(|tried| &tried.unmet).map(|unmet| &unmet.diagnostic);
    let warned = tested.cases.iter().flat_map(|tried| &tried.warnings);
    let line = |it: &Diagnostic| format!("{}: {}", it.code.id(), it.message);
    let broken = tested.workflow.iter().flat_map(|(_, _, found)| found);
    let broken = broken.filter(|it| it.severity == Severity::Error);
    tested.diagnostics.iter().chain(unmet).chain(warned).chain(broken).map(line).collect()
}

#[track_caller]
fn passes(workflow: &str, text: &str) {
    let tested = test(workflow, text);
    assert_eq!(said(&tested), Vec::<String>::new());
    assert!(!tested.cases.is_empty());
}

/// That a test fails with this alone, at this word of its text.
#[track_caller]
fn fails(workflow: &str, text: &str, message: &str, word: &str) {
    let tested = test(workflow, text);
    assert_eq!(said(&tested), [message]);
    let unmet = tested.cases.iter().flat_map(|tried| &tried.unmet).map(|unmet| &unmet.diagnostic);
    let found = tested.diagnostics.iter().chain(unmet).chain(tested.cases.iter().flat_map(|it| &it.warnings));
    let spans: Vec<&str> = found.map(|it| &text[it.span.range()]).collect();
    assert_eq!(spans, [word]);
}

const POST: &str = "name: post\ninputs: { who: string }\nsteps:\n  say:\n    http: { method: POST, url: \"https://example.com\", json: { to: \"{{ inputs.who }}\" } }\noutput: { status: \"{{ steps.say.status }}\", who: \"{{ inputs.who }}\" }\n";

fn of_post(rest: &str) -> String {
    format!(
        "cases:\n  one:\n    inputs: {{ who: Ann }}\n    mocks: {{ say: {{ gives: {{ status: 201 }} }} }}\n    expect: {rest}\n"
    )
}

#[test]
fn a_right_expectation_passes_and_each_wrong_one_fails_at_its_word() {
    passes(POST, &of_post("{ output: { status: 201, who: Ann }, calls: { say: [{ json: { to: Ann } }] } }"));
    let wrong = [
        (
            "{ output: { status: 200, who: Ann } }",
            "KW0132: `output.status` is `201`, and `200` is expected",
            "200",
        ),
        (
            "{ output_has: { who: Bob } }",
            "KW0132: `output.who` is `\"Ann\"`, and `\"Bob\"` is expected",
            "Bob",
        ),
        (
            "{ output: { status: 201 } }",
            "KW0132: `output.who` is `\"Ann\"`, and is not expected",
            "{ status: 201 }",
        ),
        ("{ status: failed }", "KW0132: the run succeeded, and `failed` is expected", "failed"),
        ("{ error: no }", "KW0132: the run succeeded, and `failed` is expected", "one"),
        ("{ steps: { say: skipped } }", "KW0132: `say` is `succeeded`, and `skipped` is expected", "skipped"),
        ("{ steps: { say: { attempts: 2 } } }", "KW0132: `say` was tried once, and 2 is expected", "2"),
        (
            "{ steps: { say: { value_has: { status: 5 } } } }",
            "KW0132: `steps.say.status` is `201`, and `5` is expected",
            "5",
        ),
        ("{ calls: { say: 0 } }", "KW0132: `say` was called once, and 0 is expected", "0"),
        (
            "{ calls: { http.request: [] } }",
            "KW0132: `http.request` was called once, and 0 is expected",
            "http.request",
        ),
        (
            "{ calls: { say: { with: { json: { to: Bob } } } } }",
            "KW0132: `calls.say[0].json.to` is `\"Ann\"`, and `\"Bob\"` is expected",
            "Bob",
        ),
        ("{ took: 1s }", "KW0132: the run took 0s, and 1s is expected", "1s"),
        ("{ that: output.status == 5 }", "KW0132: `output.status == 5` is false", "output.status == 5"),
        (
            "{ that: steps.say.status > 1 and len(calls.say) == 2 }",
            "KW0132: `steps.say.status > 1 and len(calls.say) == 2` is false",
            "steps.say.status > 1 and len(calls.say) == 2",
        ),
    ];
    for (expect, message, word) in wrong {
        fails(POST, &of_post(expect), message, word);
    }
}

#[test]
fn a_call_without_a_mock_fails_and_the_lines_that_it_offers_mend_it() {
    let text = "cases:\n  one:\n    inputs: { who: Ann }\n    expect: { steps: { say: succeeded } }\n";
    fails(POST, text, "KW0130: `say` calls `http.request`, and no mock answers", "one");
    let help = test(POST, text).cases[0].unmet[0].diagnostic.help[0].clone();
    let lines = help.strip_prefix("add to the case: `").and_then(|rest| rest.strip_suffix('`'));
    passes(POST, &text.replace("    expect", &format!("    {}\n    expect", lines.expect("lines to paste"))));
}

#[test]
fn what_is_never_used_is_a_warning_and_fails_nothing() {
    let text = of_post("{}").replace("mocks: {", "mocks: { http.request: { gives: {} },");
    let tested = test(POST, &text);
    assert!(tested.cases[0].passed());
    assert_eq!(said(&tested), ["KW0133: this mock is never used: nothing that it stands in for is called"]);
    assert!(tested.cases[0].warnings.iter().all(|it| it.severity == Severity::Warning));
}

#[test]
fn a_mock_that_does_not_fit_is_an_error_before_anything_is_played() {
    let text = of_post("{}").replace("status: 201", "status: many");
    fails(
        POST,
        &text,
        "KW0201: what the mock gives does not fit: `status`: an integer is wanted, and here stands the text `many`",
        "many",
    );
    let text = of_post("{}").replace("say:", "sya:");
    fails(POST, &text, "KW0102: `post` has no step `sya`", "sya");
}

#[test]
fn a_list_gives_one_answer_for_each_call_and_failures_are_tried_again() {
    let workflow = "name: x\nsteps:\n  get: { http: { url: \"https://example.com\" }, retry: { attempts: 3, delay: 1m } }\noutput: \"{{ steps.get.body }}\"\n";
    let text = |list: &str| {
        format!(
            "cases:\n  one:\n    mocks: {{ get: [{list}] }}\n    expect: {{ output: ok, calls: {{ get: 3 }} }}\n"
        )
    };
    passes(workflow, &text("{ fails: network }, { fails: server }, { gives: { body: ok } }"));
    fails(
        workflow,
        &text("{ fails: network }"),
        "KW0131: the list has 1 answer, and `get` makes call 2",
        "get",
    );
}

#[test]
fn a_wait_takes_no_time_and_a_slow_answer_runs_into_a_timeout() {
    let workflow = "name: x\nsteps:\n  long: { wait: 3d }\n  get: { http: { url: \"https://example.com\" }, after: long, timeout: 10s, retry: 1 }\n";
    let began = Instant::now();
    let text = |takes: &str, expect: &str| {
        format!(
            "cases:\n  one:\n    mocks: {{ get: {{ gives: {{}}, takes: {takes} }} }}\n    expect: {{ {expect} }}\n"
        )
    };
    passes(workflow, &text("9s", "took: 3d9s"));
    passes(workflow, &text("11s", "took: 3d10s, error: { kind: timeout, step: get }"));
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn chance_is_the_same_for_one_seed_and_another_for_another() {
    let workflow = "name: x\nsteps: { a: { set: { id: \"{{ uuid() }}\", n: \"{{ random() }}\" } } }\noutput: \"{{ steps.a }}\"\n";
    let text = |seed: u32| {
        format!("cases: {{ one: {{ seed: {seed}, expect: {{ steps: {{ a: succeeded }} }} }} }}\n")
    };
    let value =
        |seed| test(workflow, &text(seed)).cases[0].came.steps["a"].value.clone().expect("it succeeded");
    assert_eq!(value(1), value(1));
    assert_ne!(value(1), value(2));
}

#[test]
fn signals_wake_who_waits_and_what_is_raised_is_seen() {
    let workflow = "name: x\nsteps:\n  go: { wait: { signal: go, timeout: 1d } }\n  tell: { emit: { signal: done, with: \"{{ steps.go.n }}\" } }\noutput: \"{{ steps.go.n }}\"\n";
    let text = |after: &str, expect: &str| {
        format!(
            "cases:\n  one:\n    signals: [{{ name: go, with: {{ n: 7 }}, after: {after} }}]\n    expect: {{ {expect} }}\n"
        )
    };
    passes(
        workflow,
        &text("2h", "output: 7, took: 2h, calls: { tell: [{ signal: done, with: 7 }], signal.emit: 1 }"),
    );
    let late = test(workflow, &text("2d", "error: { kind: timeout }"));
    assert_eq!(said(&late), ["KW0133: no step waited for the signal `go`"]);
}

#[test]
fn a_trigger_gives_the_inputs_and_shows_in_the_run() {
    let workflow = "name: x\ntriggers:\n  - webhook: { respond: now }\n    inputs: { who: \"{{ trigger.body.name }}\" }\ninputs: { who: string }\nsteps: { a: { set: { who: \"{{ inputs.who }}\", kind: \"{{ trigger.kind }}\" } } }\noutput: \"{{ steps.a }}\"\n";
    let text = "cases:\n  one:\n    trigger: { webhook: { body: { name: Ann } } }\n    expect: { output: { who: Ann, kind: webhook } }\n";
    passes(workflow, text);
    let text = text.replace("webhook: { body: { name: Ann } }", "signal: 1");
    fails(workflow, &text, "KW0602: `x` has no trigger `signal`", "signal");
}

#[test]
fn a_secret_is_a_hole_and_is_never_opened() {
    let workflow = "name: x\nsteps:\n  get: { http: { url: \"https://example.com\", auth: { bearer: \"{{ secret('TOKEN') }}\" } } }\n";
    passes(
        workflow,
        "cases:\n  one:\n    mocks: { get: { gives: {} } }\n    expect: { calls: { get: [{ auth: { bearer: \"***\" } }] } }\n",
    );
}

#[test]
fn a_model_is_answered_by_a_mock() {
    let workflow = "name: x\nsteps:\n  kind: { ai: What is it?, returns: { kind: { enum: [bug, wish] } } }\noutput: \"{{ steps.kind.kind }}\"\n";
    let text = |kind: &str| {
        format!(
            "cases:\n  one:\n    mocks: {{ kind: {{ gives: {{ kind: {kind} }} }} }}\n    expect: {{ output: wish }}\n"
        )
    };
    passes(workflow, &text("wish"));
    fails(
        workflow,
        &text("fish"),
        "KW0201: what the mock gives does not fit: `kind`: one of `bug`, `wish` is wanted, and here stands the text `fish`",
        "fish",
    );
}

/// A workflow that calls one beside it, in a folder of its own.
fn family() -> Place {
    let place = Place::new();
    place.file("child.yaml", "name: child\ninputs: { n: integer }\nsteps:\n  rest: { wait: 1h }\n  pay: { http: { method: POST, url: \"https://example.com/pay\" }, after: rest }\noutput: { paid: \"{{ steps.pay.body.sum }}\" }\n");
    place.file(
        "parent.yaml",
        "name: parent\nsteps:\n  one: { call: child, with: { n: 1 } }\noutput: \"{{ steps.one.paid }}\"\n",
    );
    place
}

fn beside(place: &Place, text: &str) -> Tested {
    let file = place.path("parent.test.yaml");
    server::rehearse::test(&file, text, &|_| true)
}

#[test]
fn a_called_workflow_is_rehearsed_too_or_mocked() {
    let place = family();
    let inner = "cases:\n  one:\n    mocks: { one.pay: { gives: { body: { sum: 5 } } } }\n    expect: { output: 5, took: 1h, steps: { one.rest: succeeded }, calls: { one.pay: 1 } }\n";
    assert_eq!(said(&beside(&place, inner)), Vec::<String>::new());
    let outer =
        "cases:\n  one:\n    mocks: { one: { gives: { paid: 6 } } }\n    expect: { output: 6, took: 0s }\n";
    assert_eq!(said(&beside(&place, outer)), Vec::<String>::new());
}

#[test]
fn after_a_crash_a_run_goes_on_from_what_was_recorded() {
    let place = family();
    let text = |answer: &str, expect: &str| {
        format!(
            "cases:\n  one:\n    mocks: {{ one.pay: {{ gives: {{ body: {{ sum: 5 }} }} }} }}\n    crash: {{ during: one.pay }}\n    {answer}\n    expect: {{ {expect} }}\n"
        )
    };
    let doubt = text("", "status: waiting, steps: { one.pay: in_doubt }, calls: { one.pay: 1 }");
    assert_eq!(said(&beside(&place, &doubt)), Vec::<String>::new());
    let again = text("answers: { one.pay: no }", "output: 5, calls: { one.pay: 2 }");
    assert_eq!(said(&beside(&place, &again)), Vec::<String>::new());
    let stop = text("answers: { one.pay: stop }", "status: failed");
    assert_eq!(said(&beside(&place, &stop)), Vec::<String>::new());
    let known = text(
        "answers: { one.pay: { answer: yes, gave: { body: { sum: 9 } } } }",
        "output: 9, calls: { one.pay: 1 }",
    );
    assert_eq!(said(&beside(&place, &known)), Vec::<String>::new());
    let workflow = "name: x\nsteps:\n  get: { http: { url: \"https://example.com\" } }\n  rest: { wait: 1h, after: get }\noutput: \"{{ steps.get.body }}\"\n";
    let text = "cases:\n  one:\n    mocks: { get: { gives: { body: 5 } } }\n    crash: { WHEN: get }\n    expect: { output: 5, took: 1h, calls: { get: COUNT } }\n";
    passes(workflow, &text.replace("WHEN", "after").replace("COUNT", "1"));
    passes(workflow, &text.replace("WHEN", "during").replace("COUNT", "2"));
}

#[test]
fn what_goes_on_for_ever_is_stopped() {
    let workflow = "name: x\nsteps:\n  all: { for_each: range(100000), steps: { get: { http: { url: \"https://example.com\" } } } }\n";
    let text = "cases:\n  one:\n    mocks: { all.get: { gives: {} } }\n    expect: {}\n";
    let tested = test(workflow, text);
    assert_eq!(said(&tested), ["KW0134: the case goes on and on: 50000 things have happened in it"]);
}

/// The examples with their tests.
fn examples() -> Vec<(std::path::PathBuf, String)> {
    let folder = tests::root().join("workflows");
    let files = fs::read_dir(folder).expect("the examples").flatten().map(|entry| entry.path());
    let mut files: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|it| it == "yaml"))
        .filter(|path| !path.to_string_lossy().ends_with(dsl::test::ENDING))
        .map(|path| {
            let test = path.with_extension("test.yaml");
            let text = fs::read_to_string(&test).unwrap_or_else(|_| panic!("{} has no test", path.display()));
            (path, text)
        })
        .collect();
    files.sort();
    files
}

#[test]
fn every_example_has_tests_and_they_pass() {
    for (path, text) in examples() {
        let tested = server::rehearse::test(&path.with_extension("test.yaml"), &text, &|_| true);
        assert_eq!(said(&tested), Vec::<String>::new(), "{}", path.display());
        assert!(tested.cases.len() >= 3, "{}", path.display());
    }
}

/// Where the names of steps stand whose keys stand below them, with the text of their conditions.
fn steps(block: &Block, found: &mut Vec<(usize, Option<String>)>) {
    for Step { span, condition, op, .. } in &block.steps {
        found.push((span.range().start, condition.as_ref().map(|condition| condition.source().to_owned())));
        match op {
            Op::Each { body, .. } | Op::Repeat { body, .. } | Op::Try { body, .. } => steps(body, found),
            Op::Switch { cases, default, .. } => {
                cases.iter().map(|case| &case.block).chain(default).for_each(|block| steps(block, found));
            }
            Op::Act(_) | Op::Child { .. } | Op::Set { .. } | Op::Wait(_) | Op::Fail { .. } => {}
        }
    }
}

/// A workflow with each step left out in turn, and each condition turned round.
fn mutants(text: &str) -> Vec<(String, String)> {
    let workflow = dsl::check(text, &server::catalog()).workflow.expect("an example is right");
    let mut found = vec![];
    steps(&workflow.root, &mut found);
    let mut mutants = vec![];
    for (at, condition) in found {
        let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
        let name = text[at..end].trim().trim_end_matches(':').to_owned();
        if !text[at..end].trim_end().ends_with(':') {
            continue;
        }
        let indent = at - text[..at].rfind('\n').map_or(0, |newline| newline + 1) + 2;
        let with = |written: &str| {
            let (head, rest) = text.split_at(end + 1);
            // The step's own condition goes.
            let own = condition.as_ref().map(|it| format!("{}if: {it}\n", " ".repeat(indent)));
            let rest = own.map_or(rest.to_owned(), |own| rest.replacen(&own, "", 1));
            format!("{head}{}if: {written}\n{rest}", " ".repeat(indent))
        };
        mutants.push((format!("`{name}` left out"), with("1 > 2")));
        if let Some(condition) = &condition {
            mutants.push((
                format!("the condition of `{name}` turned round"),
                with(&format!("not ({condition})")),
            ));
        }
    }
    mutants
}

#[test]
fn the_tests_of_the_examples_notice_every_step_that_is_left_out_and_every_condition_that_is_turned_round() {
    let mut unnoticed = vec![];
    let mut count = 0;
    for (path, text) in examples() {
        let workflow = fs::read_to_string(&path).expect("an example");
        for (what, mutant) in mutants(&workflow) {
            assert_ne!(mutant, workflow, "{what}");
            let tested = Tester::new(&path, &mutant).test(&text, &|_| true);
            // What `check` refuses is noticed, too.
            count += usize::from(!tested.cases.is_empty());
            if !tested.cases.is_empty() && tested.cases.iter().all(|tried| tried.passed()) {
                unnoticed.push(format!("{}: {what}", path.display()));
            }
        }
    }
    println!("{count} mutants that are workflows still");
    assert!(count >= 20, "{count}");
    assert_eq!(unnoticed, Vec::<String>::new());
}

#[test]
fn a_test_that_expects_little_notices_little() {
    let named = |(path, _): &(PathBuf, String)| path.ends_with("late-invoices.yaml");
    let (path, text) = examples().into_iter().find(named).expect("an example of many steps");
    let (head, _) = text.split_once("cases:\n").expect("cases");
    let lax = format!("{head}cases:\n  lax:\n    expect: {{}}\n");
    let workflow = fs::read_to_string(&path).expect("an example");
    let played =
        mutants(&workflow).into_iter().map(|(_, mutant)| Tester::new(&path, &mutant).test(&lax, &|_| true));
    assert!(played.filter(|tested| tested.cases.iter().any(|tried| tried.passed())).count() >= 5);
}

#[test]
fn a_hundred_cases_of_ten_steps_are_played_in_no_time() {
    let mut workflow = String::from("name: x\nsteps:\n  s0: { http: { url: \"https://example.com\" } }\n");
    for at in 1..10 {
        workflow += &format!(
            "  s{at}: {{ http: {{ url: \"https://example.com/{{{{ steps.s{}.body }}}}\" }} }}\n",
            at - 1
        );
    }
    let mut text = String::from("mocks: { http.request: { gives: { body: \"{{ args.url }}\" } } }\ncases:\n");
    for at in 0..100 {
        text += &format!(
            "  case {at}: {{ expect: {{ steps: {{ s9: succeeded }}, calls: {{ http.request: 10 }} }} }}\n"
        );
    }
    let began = Instant::now();
    let tested = test(&workflow, &text);
    let took = began.elapsed();
    println!("100 cases of ten steps in {took:?}");
    assert_eq!(said(&tested), Vec::<String>::new());
    assert_eq!(tested.cases.len(), 100);
    // An unoptimized build on a busy machine; the figure of a release stands in `docs/testing.md`.
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn the_command_says_what_failed_in_words_in_json_and_in_xml() {
    let place = Place::new();
    place.file("post.yaml", POST);
    let good = of_post("{ output_has: { status: 201 } }");
    let bad = good
        .replace("cases:\n  one:", "cases:\n  \"<two>\":")
        .replace("201 } } }\n    expect", "202 } } }\n    expect");
    let test = place.file("post.test.yaml", &good);
    let answer = place.keyway.run(&["test", &test]);
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""), "{answer:?}");
    assert!(answer.stdout.contains("✓ one") && answer.stdout.contains("1 case passed"), "{answer:?}");
    let both = good + bad.strip_prefix("cases:\n").expect("its head");
    place.file("post.test.yaml", &both);
    let folder = place.folder.path().display().to_string();
    let xml = place.path("out.xml").display().to_string();
    let answer = place.keyway.run(&["test", &folder, "--json", "--junit", &xml]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    let json = answer.json();
    assert_eq!((&json["passed"], &json["failed"]), (&1.into(), &1.into()));
    let unmet = &json["files"][0]["cases"][1]["unmet"][0];
    assert_eq!((&unmet["expected"]["status"], &unmet["got"]["status"]), (&201.into(), &202.into()));
    assert_eq!(unmet["code"], "KW0132");
    let xml = place.text("out.xml");
    assert!(xml.contains("tests=\"2\" failures=\"1\" errors=\"0\""), "{xml}");
    assert!(xml.contains("<testcase name=\"&lt;two&gt;\"") && xml.contains("<failure message="), "{xml}");
    let answer = place.keyway.run(&["test", &folder, "--case", "one"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let answer = place.keyway.run(&["test", &folder]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert!(answer.stdout.contains("`output.status` is `202`, and `201` is expected"), "{answer:?}");
    assert!(answer.stdout.contains("post.test.yaml:9:"), "{answer:?}");
    assert_eq!(place.keyway.run(&["test", &folder, "--case", "none"]).code, Some(1));
    place.file("post.test.yaml", "cases: { one: { expect: {}, inptus: {} } }\n");
    for command in ["test", "check"] {
        let answer = place.keyway.run(&[command, &test]);
        assert_eq!(answer.code, Some(1), "{answer:?}");
        assert!(answer.stderr.contains("did you mean `inputs`?"), "{answer:?}");
    }
}

const AGENT: &str = "name: agent\nsteps:\n  look:\n    ai: Who has the key?\n    tools: [file.read, file.append]\n    confirm: true\n    max_turns: 3\n    returns: { answer: string }\noutput: \"{{ steps.look.answer }}\"\n";

fn of_agent(turns: &str, rest: &str) -> String {
    format!(
        "cases:\n  one:\n    mocks:\n      look: [{turns}]\n      file.read: {{ gives: Ann has it. }}\n      file.append: {{ gives: {{ path: a.txt, size: 3 }} }}\n{rest}\n"
    )
}

const READS: &str =
    "{ calls: [{ tool: file.read, with: { path: a.txt } }, { tool: file.read, with: { path: b.txt } }] }";
const ADDS: &str = "{ calls: [{ tool: file.append, with: { path: a.txt, text: Ann } }] }";
const SAYS: &str = "{ gives: { answer: \"{{ args.results[0].value ?? args.results[0].error.message }}\" } }";

#[test]
fn a_model_with_tools_is_played_turn_by_turn() {
    let reads = |expect: &str| of_agent(&format!("{READS}, {SAYS}"), &format!("    expect: {expect}"));
    let reads_right =
        "{ output: Ann has it., calls: { look: 2, file.read: [{ path: a.txt }, { path: b.txt }] } }";
    // The mock of what is never called is told of as one without an effect.
    let without = |text: String| text.replace("      file.append: { gives: { path: a.txt, size: 3 } }\n", "");
    passes(AGENT, &without(reads(reads_right)));
    fails(
        AGENT,
        &without(reads("{ output: Ann has it., calls: { file.read: 1 } }")),
        "KW0132: `file.read` was called twice, and 1 is expected",
        "1",
    );
    // A person is asked before a call that acts, and what they say is told to the model.
    let told = "{ gives: { answer: \"{{ args.results[0].error == null ? 'added' : 'refused' }}\" } }";
    let adds = |answer: &str, mock: &str, expect: &str| {
        format!(
            "cases:\n  one:\n    mocks: {{ look: [{ADDS}, {told}]{mock} }}\n    answers: {{ look: {answer} }}\n    expect: {expect}\n"
        )
    };
    let mock = ", file.append: { gives: { path: a.txt, size: 3 } }";
    let yes = "{ output: added, calls: { file.append: [{ path: a.txt, text: Ann }] } }";
    passes(AGENT, &adds("yes", mock, yes));
    passes(AGENT, &adds("no", "", "{ output: refused, calls: { file.append: 0, look: 2 } }"));
}

#[test]
fn a_model_is_told_what_cannot_be_called_and_does_not_go_on_for_ever() {
    let bare = |turns: &str, expect: &str| {
        format!("cases:\n  one:\n    mocks: {{ look: [{turns}] }}\n    expect: {expect}\n")
    };
    let wrong = "{ calls: [{ tool: file.delete }] }";
    passes(
        AGENT,
        &bare(
            &format!("{wrong}, {SAYS}"),
            "{ that: [\"contains(output, 'there is no tool `file.delete`')\"] }",
        ),
    );
    let missing = "{ calls: [{ tool: file.read, with: { pth: a.txt } }] }";
    passes(AGENT, &bare(&format!("{missing}, {SAYS}"), "{ that: [\"contains(output, 'pth')\"] }"));
    // Of three turns the third has to answer.
    passes(AGENT, &bare(&format!("{wrong}, {wrong}, {SAYS}"), "{ calls: { look: 3 } }"));
    passes(
        AGENT,
        &bare(&format!("{wrong}, {wrong}, {wrong}"), "{ error: { kind: exhausted }, calls: { look: 3 } }"),
    );
    fails(AGENT, &bare(wrong, "{}"), "KW0131: the list has 1 answer, and `look` makes call 2", "look");
}
