//! Large files are checked in a time that grows with their size alone.

mod support;

use std::fmt::Write;

#[test]
fn a_file_of_a_thousand_steps_becomes_a_workflow() {
    let mut source = String::from("name: large\nsteps:\n  s0: { set: { x: 1 } }\n");
    for step in 1..1000 {
        let before = step - 1;
        let _ = write!(
            source,
            "  s{step}:\n    if: steps.s{before}.x > 0\n    set:\n      x: \"{{{{ steps.s{before}.x + 1 }}}}\"\n"
        );
    }
    source += "output: \"{{ steps.s999.x }}\"\n";
    let checked = dsl::check(&source, &support::catalog());
    let workflow = checked.workflow.unwrap_or_else(|| panic!("{:#?}", checked.diagnostics));
    assert_eq!(workflow.root.steps.len(), 1000);
    assert_eq!(workflow.root.steps[999].needs.len(), 1);
}

#[test]
fn a_cycle_of_many_steps_is_named_once() {
    let mut source = String::from("name: large\nsteps:\n");
    for step in 0..500 {
        let _ = writeln!(source, "  s{step}: {{ after: s{}, fail: no }}", (step + 1) % 500);
    }
    let checked = dsl::check(&source, &support::catalog());
    assert_eq!(checked.diagnostics.len(), 1);
    assert_eq!(checked.diagnostics[0].labels.len(), 500);
}
