//! The pages that are made from the code are what the code says. `KEYWAY_WRITE=1` writes them anew.

use dsl::codes::Code;
use dsl::expr::functions;
use dsl::types::Field;
use dsl::verb;

/// Compares a page with what it should be, or writes it.
fn page(name: &str, expected: &str) {
    let path = tests::root().join("docs").join(name);
    if std::env::var_os("KEYWAY_WRITE").is_some() {
        std::fs::write(&path, expected).expect("the page can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "docs/{name} is not what the code says; `KEYWAY_WRITE=1 cargo test -p tests --test generated` writes it"
    );
}

/// A text within a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[test]
fn the_page_of_functions() {
    let mut text = String::from(
        "# Functions\n\nEvery function can be called as `f(x, …)` or `x | f(…)`. Each example is a test.\n\n\
         | Function | Does | Example |\n| --- | --- | --- |\n",
    );
    let mut all = functions::all().to_vec();
    all.sort_by_key(|function| function.name);
    for function in all {
        let (form, about) = (cell(&function.form()), cell(function.about));
        text += &format!("| `{form}` | {about} | `{}` |\n", cell(function.example));
    }
    page("functions.md", &text);
}

#[test]
fn the_page_of_verbs() {
    let mut text =
        String::from("# Verbs\n\nA step has one of these, and may have the keys at the end beside it.\n");
    for verb in verb::VERBS {
        let (key, about) = (verb.key, verb.about);
        text += &format!("\n## `{key}`\n\n{about}\n\n| Key | Type | |\n| --- | --- | --- |\n");
        verb.fields.iter().for_each(|field| text += &key_row(field));
        text += &format!("\n```yaml fragment\n{}\n```\n", verb.example.trim_end());
    }
    text += "\n## Beside any verb\n\n| Key | Type | |\n| --- | --- | --- |\n";
    verb::STEP.iter().for_each(|field| text += &key_row(field));
    text += "\n## Not there yet\n\n";
    verb::LATER.iter().for_each(|(key, about)| text += &format!("- `{key}` {about}\n"));
    page("verbs.md", &text);
}

fn key_row(field: &verb::Field) -> String {
    let must = if field.required { ", must be given" } else { "" };
    format!("| `{}` | {}{must} | {} |\n", field.name, cell(field.ty), cell(field.about))
}

#[test]
fn the_page_of_codes() {
    let mut text = String::from("# Codes of diagnostics\n\nA code keeps its meaning for ever.\n");
    for code in Code::ALL {
        text += &format!("\n## {}: {}\n\n{}\n", code.id(), code.title(), code.story());
    }
    page("codes.md", &text);
}

#[test]
fn the_page_of_actions() {
    let mut text = String::from("# Built-in actions\n");
    for action in connectors::catalog().actions.values() {
        let safety = serde_json::to_value(action.safety).expect("a safety is a word");
        let safety = safety.as_str().unwrap_or_default();
        text += &format!("\n## `{}`\n\n{} Its safety is `{safety}`", action.id, action.about);
        text += &format!("; it gives `{}`.\n\n| Parameter | Type | |\n| --- | --- | --- |\n", action.output);
        action.input.iter().for_each(|field| text += &parameter_row(field));
    }
    page("actions.md", &text);
}

fn parameter_row(field: &Field) -> String {
    let must = if field.optional { "" } else { ", must be given" };
    let default = field.default.as_ref().map(|value| format!(", default `{value}`")).unwrap_or_default();
    format!(
        "| `{}` | `{}`{must}{default} | {} |\n",
        field.name,
        cell(&field.ty.to_string()),
        cell(&field.about)
    )
}

#[test]
fn the_picture_of_the_first_page() {
    let file = tests::root().join("workflows/weather-digest.yaml");
    let text = std::fs::read_to_string(file).expect("the example is there");
    let (graph, _) = dsl::graph::read(&text, &connectors::catalog());
    let graph = graph.expect("the example is right");
    page("images/weather-digest.svg", &dsl::graph::svg(&dsl::graph::picture(&graph)));
}
