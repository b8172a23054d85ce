//! How long a check takes grows with the size of the file alone. Times are printed by `--nocapture`; what is asserted
//! is the growth.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod support;

use std::fmt::Write;
use std::time::{Duration, Instant};

/// A workflow of so many steps, each of about 1,000 bytes, that read each other.
fn workflow(steps: usize) -> String {
    let mut text = String::from(
        "name: speed\ninputs: { rows: \"[{ n: integer, name: string }]\" }\nsteps:\n  s0: { set: { n: 1, rows: \"{{ inputs.rows }}\" } }\n",
    );
    for step in 1..steps {
        let before = step - 1;
        let _ = write!(
            text,
            "  s{step}:\n    if: steps.s{before}.n > 0 and len(steps.s{before}.rows) > 0\n    set:\n      n: \"{{{{ steps.s{before}.n + 1 }}}}\"\n      rows: \"{{{{ steps.s{before}.rows | filter(r => r.n > 1 and r.name != 'x') | map(r => {{ n: r.n + 1, name: upper(r.name) }}) }}}}\"\n      text: |\n"
        );
        for line in 0..6 {
            let _ = writeln!(
                text,
                "        {{{{#each steps.s{before}.rows}}}}line {line} of {{{{ this.name }}}} and {{{{ this.n + index }}}}, some more words here{{{{/each}}}}"
            );
        }
    }
    let _ = writeln!(text, "output: \"{{{{ steps.s{}.n }}}}\"", steps - 1);
    text
}

fn timed(text: &str) -> Duration {
    let catalog = support::catalog();
    let times = (0..3).map(|_| {
        let start = Instant::now();
        let checked = dsl::check(text, &catalog);
        let time = start.elapsed();
        assert!(checked.workflow.is_some(), "{:?}", checked.diagnostics.first());
        time
    });
    times.min().unwrap()
}

#[test]
fn the_time_of_a_check_grows_with_the_file_alone() {
    // `KEYWAY_STEPS=1000 cargo test --release` measures a file of about 1 MB.
    let steps = std::env::var("KEYWAY_STEPS").ok().and_then(|steps| steps.parse().ok()).unwrap_or(200);
    let small = workflow(steps / 5);
    let large = workflow(steps);
    let (short, long) = (timed(&small), timed(&large));
    println!("{} KB: {short:?}; {} KB: {long:?}", small.len() / 1024, large.len() / 1024);
    // Five times the size; twice that is the noise of a busy machine.
    assert!(long < short * 10, "{short:?} and {long:?}");
}

#[test]
fn types_that_double_with_each_step_stay_small() {
    let mut text = String::from("name: speed\nsteps:\n  s0: { set: { a: 1, b: 2 } }\n");
    for step in 1..200 {
        let before = step - 1;
        let _ = writeln!(
            text,
            "  s{step}: {{ set: {{ a: \"{{{{ steps.s{before} }}}}\", b: \"{{{{ steps.s{before} }}}}\" }} }}"
        );
    }
    text += "output: \"{{ steps.s199 }}\"\n";
    let time = timed(&text);
    println!("doubling: {time:?}");
    assert!(time < Duration::from_secs(5), "{time:?}");
}

#[test]
fn an_answer_to_an_editor_takes_a_few_checks_at_most() {
    let catalog = support::catalog();
    let text = workflow(1000);
    let check = timed(&text);
    let asked = |written: &str| {
        let at = text.find("  s990:").unwrap();
        let (before, after) = text.split_at(at);
        let changed = format!("{before}{written}\n{after}");
        let document = dsl::ide::Document::new(changed, &catalog);
        let start = Instant::now();
        let items = document.complete(at + written.len());
        let time = start.elapsed();
        println!("{} KB: check {check:?}, `{written}` {time:?}, {} items", text.len() / 1024, items.len());
        assert!(!items.is_empty(), "{written}");
        time
    };
    let time = asked("  new: { set: { a: \"{{ steps.s900.")
        .max(asked("  new: { set: { a: \"{{ steps.s900.ro }}\" } }\n  other:\n    if: inputs."))
        .max(asked("  new:\n    ht"));
    assert!(time < check * 8, "{time:?} and {check:?}");
    let document = dsl::ide::Document::new(text.as_str(), &catalog);
    let at = text.find("steps.s500.rows").unwrap() + 8;
    let start = Instant::now();
    assert!(document.hover(at).is_some() && document.definition(at).is_some());
    let looked = start.elapsed();
    let start = Instant::now();
    assert_eq!(document.rename(at, "other").unwrap().len(), document.references(at).len());
    println!("hover and definition {looked:?}, rename {:?}", start.elapsed());
}
