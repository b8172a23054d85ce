//! Diagnostics as JSON have the shape that programs rely on.

mod support;

use dsl::render::{Color, json, text};

const SOURCE: &str = "name: x\nsteps:\n  ü: { fail: \"ä {{ steps.feld }}\" }\n  fold: { fail: no }\n";

#[test]
fn lines_and_columns_count_characters_and_edits_count_bytes() {
    let checked = dsl::check(SOURCE, &support::catalog());
    let value = json("a.yaml", SOURCE, &checked.diagnostics);
    let expected = serde_json::json!({
        "diagnostics": [{
            "code": "KW0102",
            "severity": "error",
            "message": "no step is called `feld`",
            "file": "a.yaml",
            "line": 3, "column": 26, "end_line": 3, "end_column": 30,
            "labels": [],
            "help": ["did you mean `fold`?"],
            "fixes": [{ "title": "write `fold`", "edits": [{ "start": 42, "end": 46, "text": "fold" }] }],
        }],
        "errors": 1,
        "warnings": 0,
    });
    assert_eq!(value, expected);
}

#[test]
fn color_is_a_choice() {
    let checked = dsl::check(SOURCE, &support::catalog());
    assert!(text("a.yaml", SOURCE, &checked.diagnostics, Color::Always).contains('\u{1b}'));
    assert!(!text("a.yaml", SOURCE, &checked.diagnostics, Color::Never).contains('\u{1b}'));
}
