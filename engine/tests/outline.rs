//! What an outline says of plans: stages, bounds, skips, the longest chain of calls.

#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

use dsl::catalog::{Action, Catalog, Safety, Trust};
use dsl::types::Type;
use engine::outline::{Beside, Bound, Connection, Outline, Part, Skip};
use engine::plan::Plan;

fn outline(text: &str) -> Outline {
    outline_with(text, &Beside::default())
}

fn outline_with(text: &str, beside: &Beside) -> Outline {
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
    let workflow = checked.workflow.unwrap_or_else(|| panic!("{:?}", checked.diagnostics));
    Outline::new(&Plan::new(&workflow), None, beside)
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

#[test]
fn a_workflow_that_is_run_is_named_with_its_bounds_and_not_added_up() {
    let child = outline(
        "name: child\ninputs: { xs: [string] }\nsteps:\n  a: { use: a.act }\n  \
         each: { for_each: inputs.xs, steps: { b: { use: a.act } } }\n  c: { call: grandchild }\n",
    );
    let beside = Beside { workflows: [("child".to_owned(), child)].into(), ..Beside::default() };
    let text = "name: x\nsteps:\n  own: { use: a.act }\n  known: { call: child, with: { xs: [] } }\n  other: { call: other }\n";
    let outline = outline_with(text, &beside);
    let child = |name: &str| outline.body.entries().find(|entry| entry.name == name).unwrap().child.clone();
    let bounds = child("known").and_then(|child| child.bounds).unwrap();
    assert_eq!(bounds.calls, Bound::fixed(1).and(Bound::fixed(1).times(None, "each")));
    assert_eq!(bounds.workflows, ["grandchild".to_owned()].into());
    assert_eq!(child("other").map(|child| (child.workflow, child.bounds)), Some(("other".into(), None)));
    assert_eq!(child("own"), None);
    assert_eq!(outline.calls, Bound::fixed(1));
    assert_eq!(outline.workflows, ["child".to_owned(), "other".to_owned()].into());
}

#[test]
fn only_a_connector_that_needs_a_connection_is_told_with_it() {
    let text = "name: x\nconnections: { a: main }\nsteps:\n  b: { use: a.act }\n  \
                c: { for_each: [1], steps: { d: { use: a.read, connection: other } } }\n\
                on_failure: { e: { use: a.act } }\n";
    assert!(outline(text).connections.is_empty());
    let beside = Beside { connected: ["a".to_owned(), "b".to_owned()].into(), ..Beside::default() };
    let named = |name: &str| Connection { connector: "a".into(), name: Some(name.into()) };
    assert_eq!(outline_with(text, &beside).connections, [named("main"), named("other")].into());
}
