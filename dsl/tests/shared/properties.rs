//! What holds for any text at all. Property tests give generated texts, fuzzing finds its own.

use dsl::diagnostic::{Diagnostic, Fix};
use dsl::expr::{self, Expr};
use dsl::format::{Refused, format};
use dsl::render::{Color, json, text as rendered};
use dsl::span::SpanMap;
use dsl::template::{self, Sink};
use dsl::value::Value;
use dsl::workflow::Arg;
use dsl::yaml;
use dsl::yaml::source::{self, Lead, Piece};

use super::World;
use super::catalog::catalog;

/// YAML is read as a value that is the same when it was written and read again, or refused with a reason.
pub fn yaml(text: &str) {
    let value = match yaml::read_value(text) {
        Ok(value) => value,
        Err(wrong) => return judge(text, &wrong),
    };
    let mut world = World::new();
    world.names.insert("inputs".into(), Value::object([("x", value.clone())]));
    let Ok(Value::Text(written)) = super::run("yaml(inputs.x)", &world) else { return };
    match yaml::read_value(&written) {
        Ok(again) => assert!(super::same(&again, &value), "{text:?} was written as {written:?}"),
        // What was just within the limits may be beyond them in another form.
        Err(wrong) => {
            assert!(
                wrong.iter().all(|one| matches!(one.code.id(), "KW0002" | "KW0003")),
                "{written:?}: {wrong:?}"
            );
        }
    }
}

/// An expression that is taken has a value or a failure, the same each time, and survives being stored.
pub fn expression(text: &str) {
    let world = World::new();
    match expr::parse(text, &SpanMap::plain(0, text.len())) {
        Ok(parsed) => {
            let value = expr::eval(&parsed, &world);
            assert_eq!(value, expr::eval(&parsed, &world), "{text:?}");
            if let Ok(value) = &value {
                assert!(value.depth() <= dsl::value::MAX_DEPTH && value.weight(usize::MAX) <= 17 << 20);
            }
            let stored = serde_json::to_string(&parsed).expect("an expression is stored");
            let again: Expr = serde_json::from_str(&stored).expect("a stored expression is read");
            assert_eq!(again, parsed, "{text:?}");
            let _ = (parsed.reads(), parsed.names(), parsed.warnings());
        }
        Err(wrong) => judge(text, &wrong),
    }
}

/// A text with holes that is taken is rendered the same each time, and survives being stored.
pub fn template(text: &str) {
    let world = World::new();
    for sink in [Sink::Text, Sink::Url] {
        match template::parse(text, &SpanMap::plain(0, text.len()), sink) {
            Ok(arg) => {
                let value = template::fill(&arg, &world);
                assert_eq!(value, template::fill(&arg, &world), "{text:?}");
                let stored = serde_json::to_string(&arg).expect("a text is stored");
                let again: Arg = serde_json::from_str(&stored).expect("a stored text is read");
                assert_eq!(value, template::fill(&again, &world), "{text:?}");
                let _ = (arg.reads(), arg.names());
            }
            Err(wrong) => judge(text, &wrong),
        }
    }
}

/// A text becomes a workflow or is refused; what is told of it can be shown, and each fix can be made.
pub fn checker(text: &str) {
    let catalog = catalog();
    let checked = dsl::check(text, &catalog);
    assert_eq!(checked.workflow.is_none(), checked.has_errors(), "{text:?}");
    if !checked.diagnostics.is_empty() {
        judge(text, &checked.diagnostics);
    }
    rendered("a.yaml", text, &checked.diagnostics, Color::Never);
    json("a.yaml", text, &checked.diagnostics);
    for fix in checked.diagnostics.iter().flat_map(|diagnostic| &diagnostic.fixes).take(4) {
        dsl::check(&made(text, fix), &catalog);
    }
}

/// A text that is YAML is laid out: it means the same, says the same beside it, and is laid out for good.
pub fn formatter(text: &str) {
    let catalog = catalog();
    let out = match format(text, &catalog) {
        Ok(out) => out,
        Err(Refused::Unreadable(wrong)) => return judge(text, &wrong),
        Err(Refused::Changed) => panic!("{text:?} would mean something else"),
    };
    assert!(!out.contains('\r') && out.ends_with('\n'), "{text:?} became {out:?}");
    match format(&out, &catalog) {
        Ok(again) => assert_eq!(again, out, "{text:?}"),
        Err(refused) => panic!("{text:?} became {out:?}: {refused:?}"),
    }
    assert_eq!(comments(text), comments(&out), "{text:?} became {out:?}");
    let is_one = |text| dsl::check(text, &catalog).workflow.is_some();
    assert_eq!(is_one(text), is_one(&out), "{text:?} became {out:?}");
}

/// The comments of a text that is YAML, sorted.
fn comments(text: &str) -> Vec<String> {
    let lines = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    let mut found = vec![];
    let mut waiting: Vec<Piece> = source::read(&lines).into_iter().collect();
    while let Some(piece) = waiting.pop() {
        let above = piece.rows().iter().flat_map(|row| &row.lead);
        found.extend(above.chain(&piece.tail).filter_map(|lead| match lead {
            Lead::Comment(words) => Some(words.clone()),
            Lead::Blank => None,
        }));
        for row in piece.rows() {
            found.extend(row.beside.iter().cloned());
            waiting.extend(row.key.iter().chain([&row.value]).cloned());
        }
    }
    found.sort_unstable();
    found
}

/// The text after a fix.
fn made(text: &str, fix: &Fix) -> String {
    let mut edits: Vec<_> = fix.edits.iter().collect();
    edits.sort_by_key(|edit| edit.span);
    let mut text = text.to_owned();
    for edit in edits.into_iter().rev() {
        text.replace_range(edit.span.range(), &edit.text);
    }
    text
}

/// Something is said, and all of it about places that there are.
fn judge(text: &str, wrong: &[Diagnostic]) {
    assert!(!wrong.is_empty(), "{text:?} is refused without a word");
    for one in wrong {
        let edits = one.fixes.iter().flat_map(|fix| &fix.edits).map(|edit| edit.span);
        for span in edits.chain(one.labels.iter().map(|label| label.span)).chain([one.span]) {
            assert!(text.get(span.range()).is_some(), "{text:?}: {one:?}");
        }
    }
}
