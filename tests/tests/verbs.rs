//! What the command line says of settings without effect, of calls, and of the schema.

use serde_json::Value;
use tests::place::Place;

#[test]
fn a_setting_that_has_no_effect_is_told_and_the_run_goes_on() {
    let place = Place::new();
    let text = "name: x\ntriggers: [{ cron: \"0 9 * * *\" }]\nsteps:\n  \
                a: { use: file.list, connection: mine }\noutput: \"{{ steps.a }}\"\n";
    let answer = place.keyway.run(&["run", &place.file("x.yaml", text), "--json"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert!(answer.stderr.contains("`connection` has no effect, since `file` has no accounts"), "{answer:?}");
}

#[test]
fn a_called_workflow_is_looked_for_in_the_folder() {
    let place = Place::new();
    let report = "name: report\ninputs: { week: integer }\nsteps: { a: { set: { b: 1 } } }\n\
                  output: { url: \"{{ steps.a.b }}\" }\n";
    place.file("report.yaml", report);
    let caller =
        |call: &str| format!("name: caller\nsteps:\n  a: {{ {call} }}\noutput: \"{{{{ steps.a.url }}}}\"\n");
    let right = place.file("right.yaml", &caller("call: report, with: { week: 1 }"));
    let checked = place.check(&right).json();
    assert_eq!((&checked["errors"], &checked["warnings"]), (&Value::from(0), &Value::from(0)), "{checked}");
    let missing = place.file("missing.yaml", &caller("call: reports"));
    let checked = place.check(&missing).json();
    assert_eq!((&checked["errors"], &checked["warnings"]), (&Value::from(0), &Value::from(1)), "{checked}");
    assert_eq!(checked["diagnostics"][0]["code"], "KW0122");
    let wrong = place.file("wrong.yaml", &caller("call: report, with: { weak: 1 }"));
    assert_eq!(place.check(&wrong).json()["diagnostics"][0]["code"], "KW0203");
}

#[test]
fn workflows_that_call_each_other_are_found_across_files() {
    let place = Place::new();
    let one = place.file("one.yaml", "name: one\nsteps: { a: { call: two } }\n");
    place.file("two.yaml", "name: two\nsteps: { a: { call: one } }\n");
    let checked = place.check(&one);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    let message = checked.json()["diagnostics"][0]["message"].clone();
    assert_eq!(message, "these workflows call each other: `one` -> `two` -> `one`");
}

#[test]
fn the_schema_is_printed_as_json() {
    let place = Place::new();
    let answer = place.keyway.run(&["schema"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let schema: Value = serde_json::from_str(&answer.stdout).expect("JSON");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(schema["$defs"]["action"].to_string().contains("file.read"));
}
