//! What an outline says of plans: stages, bounds, skips, the longest chain of calls.

#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

use dsl::catalog::{Action, Catalog, Safety, Trust};
use dsl::types::Type;
use engine::outline::{Outline, Part, Skip};
use engine::plan::Plan;

fn outline(text: &str) -> Outline {
    let action = |id: &str, safety| Action {
        id: id.into(),
        about: String::new(),
        safety,
        input: vec![],
        output: Type::Any,
        trust: Trust::Untrusted,
    };
    let catalog = Catalog::new([action("a.read", Safety::Read), action("a.act", Safety::Once)]);
    let checked = dsl::check(text, &catalog);
    Outline::new(&Plan::new(&checked.workflow.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))), None)
}

fn names(part: &Part) -> Vec<Vec<&str>> {
    part.stages.iter().map(|stage| stage.iter().map(|entry| &*entry.name).collect()).collect()
}

#[test]
fn steps_stand_in_the_first_stage_that_they_can_run_in() {
    let outline = outline(
        "name: x\nsteps:\n  d: { set: { x: \"{{ [steps.b, steps.c] }}\" } }\n  a: { use: a.read }\n  \
         b: { set: { x: \"{{ steps.a.x }}\" } }\n  c: { after: a, use: a.act }\n  e: { use: a.act }\n\
         output: \"{{ steps.d.x }}\"\n",
    );
    assert_eq!(names(&outline.body), [vec!["a", "e"], vec!["b", "c"], vec!["d"]]);
    assert_eq!(outline.calls.fixed, 3);
    assert_eq!((outline.critical.calls, outline.critical.steps.join(" ")), (2, "a c".to_owned()));
}

#[test]
fn loops_multiply_and_only_one_case_counts() {
    let outline = outline(
        "name: x\ninputs: { xs: [string], k: string }\nsteps:\n  \
         fixed: { for_each: [1, 2, 3], steps: { one: { use: a.act }, two: { repeat: 2, steps: { t: { use: a.act } } } } }\n  \
         open: { for_each: inputs.xs, steps: { one: { use: a.act } } }\n  \
         route: { switch: inputs.k, cases: { a: { one: { use: a.act } }, b: { one: { use: a.act }, two: { use: a.act } } } }\n  \
         safe: { try: { one: { use: a.act } }, catch: { two: { use: a.act } } }\n",
    );
    // 3 × (1 + 2), 2 of the larger case, 2 of `try` with `catch`.
    assert_eq!(outline.calls.fixed, 13);
    let open: Vec<_> = outline.calls.open.iter().map(|term| (term.loops.join("/"), term.each)).collect();
    assert_eq!(open, [("open".to_owned(), 1)]);
}

#[test]
fn a_skip_is_told_with_its_reason() {
    let outline = outline(
        "name: x\ninputs: { on: boolean }\nsteps:\n  a: { if: inputs.on, use: a.read }\n  \
         b: { set: { x: \"{{ steps.a.x }}\" } }\n  c: { set: { x: \"{{ steps.b?.x }}\" } }\n  \
         d: { use: a.read, on_error: continue }\n  e: { if: steps.c.x == null, set: { x: \"{{ steps.d.x }}\" } }\n\
         output: \"{{ steps.e?.x }}\"\n",
    );
    let skip = |name: &str| outline.body.entries().find(|entry| entry.name == name).unwrap().skip.clone();
    assert_eq!(skip("a"), Some(Skip::Condition("inputs.on".into())));
    assert_eq!(skip("b"), Some(Skip::With(vec!["a".into()])));
    assert_eq!(skip("c"), None);
    assert_eq!(skip("e"), Some(Skip::Both("steps.c.x == null".into(), vec!["d".into()])));
}

#[test]
fn deep_nesting_is_laid_out_at_once() {
    let open: String = (0..20).map(|at| format!("s{at}: {{ for_each: [1, 2], steps: {{ ")).collect();
    let text = format!("name: x\nsteps: {{ {open} end: {{ use: a.act }} {} }}\n", "} }".repeat(20));
    let outline = outline(&text);
    assert_eq!(outline.calls.fixed, 1 << 20);
    assert_eq!(outline.critical.calls, 1);
}
