//! Random edits: after each the editor is told what `keyway check` finds.

use std::path::{Path, PathBuf};

use dsl::diagnostic::{Diagnostic, Severity};
use dsl::span::Span;
use serde_json::{Value, json};
use tests::editor::Editor;
use tests::keyway::Keyway;

use super::{able, folder, position, range};
use mutation::Chance;

#[path = "../../../dsl/tests/shared/mutation.rs"]
#[allow(dead_code)]
mod mutation;

/// The texts that are edited.
fn sources() -> Vec<String> {
    let folders = ["workflows", "dsl/tests/cases/ok"].map(|name| tests::root().join(name));
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap().flatten());
    let mut files: Vec<PathBuf> = files.map(|entry| entry.path()).collect();
    files.retain(|path| {
        path.to_string_lossy().ends_with(".yaml") && !path.to_string_lossy().ends_with(".test.yaml")
    });
    files.sort();
    let texts = files.iter().map(|path| std::fs::read_to_string(path).unwrap().replace('\r', ""));
    texts.filter(|text| text.len() < 3_000).collect()
}

/// What the editor must be told of a text, from what `dsl` finds in it.
fn wanted(text: &str, found: &[Diagnostic]) -> Vec<Value> {
    let edit =
        |edit: &dsl::diagnostic::Edit| json!({ "range": range(text, edit.span), "newText": edit.text });
    let fix = |fix: &dsl::diagnostic::Fix| json!({ "title": fix.title, "edits": fix.edits.iter().map(edit).collect::<Vec<_>>() });
    let one = |found: &Diagnostic| {
        json!({
            "range": range(text, found.span),
            "severity": if found.severity == Severity::Error { 1 } else { 2 },
            "code": found.code.id(),
            "message": found.message,
            "help": found.help,
            "related": found.labels.iter().map(|label| (range(text, label.span), &label.message)).collect::<Vec<_>>(),
            "fixes": found.fixes.iter().map(fix).collect::<Vec<_>>(),
        })
    };
    found.iter().map(one).collect()
}

/// The same of what it was told.
fn told(params: &Value) -> Vec<Value> {
    let one = |found: &Value| {
        let related = found["relatedInformation"].as_array().into_iter().flatten();
        json!({
            "range": found["range"],
            "severity": found["severity"],
            "code": found["code"],
            "message": found["data"]["message"],
            "help": found["data"]["help"],
            "related": related.map(|it| (&it["location"]["range"], &it["message"])).collect::<Vec<_>>(),
            "fixes": found["data"]["fixes"],
        })
    };
    params["diagnostics"].as_array().unwrap().iter().map(one).collect()
}

/// One edit of a text as the protocol tells it, with what becomes of the text.
fn edit(chance: &mut Chance, text: &str, sources: &[String]) -> (Value, String) {
    let whole = mutation::mutated(chance, &[text.to_owned()]).replace('\r', "");
    if whole.len() > 6_000 || chance.below(40) == 0 {
        let fresh = sources[chance.below(sources.len())].clone();
        return (json!({ "text": fresh }), fresh);
    }
    // What stays at both ends is not sent.
    let start = text.char_indices().zip(whole.chars()).find(|((_, one), other)| one != other);
    let start = start.map_or(text.len().min(whole.len()), |((at, _), _)| at);
    let rest = |all: &str| all[start..].chars().rev().collect::<Vec<_>>();
    let same = rest(text)
        .iter()
        .zip(&rest(&whole))
        .take_while(|(one, other)| one == other)
        .map(|(char, _)| char.len_utf8())
        .sum::<usize>();
    let span = Span::new(start, text.len() - same);
    let new = &whole[start..whole.len() - same];
    (json!({ "range": range(text, span), "text": new }), whole)
}

/// What of the states of one text was told otherwise than `dsl` finds it, where the server misses the edit with this number.
fn faults(seed: u64, edits: usize, missed: Option<usize>) -> Vec<String> {
    let sources = sources();
    let (place, keyway) = folder();
    let file = place.path().join("edited.yaml");
    let uri = format!("file://{}", file.display());
    let mut chance = Chance(seed);
    let mut text = sources[chance.below(sources.len())].clone();
    let mut editor = Editor::start(&keyway, place.path());
    editor.initialize(able());
    editor.open(&uri, "keyway", &text);
    editor.diagnostics(&uri, &json!(1));
    let mut found = vec![];
    for at in 0..edits {
        let (change, now) = edit(&mut chance, &text, &sources);
        text = now;
        let changes = if missed == Some(at) { json!([]) } else { json!([change]) };
        let document = json!({ "uri": uri, "version": at + 2 });
        editor.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
        // A question at some places, whatever the text has become.
        if at % 5 == 0 {
            let offset =
                (0..=chance.below(text.len() + 1)).rev().find(|at| text.is_char_boundary(*at)).unwrap();
            let place = json!({ "textDocument": { "uri": uri }, "position": position(&text, offset), "newName": "n" });
            for method in
                ["completion", "hover", "rename", "foldingRange", "references", "semanticTokens/full"]
            {
                let answer = editor.ask(&format!("textDocument/{method}"), place.clone());
                assert!(
                    answer.get("result").is_some() || answer["error"]["code"] == -32803,
                    "{method}: {answer}"
                );
            }
        }
        let params = editor.diagnostics(&uri, &json!(at + 2));
        let checked = dsl::check(&text, &server::beside::catalog(&file, &text)).diagnostics;
        if told(&params) != wanted(&text, &checked) {
            found.push(format!(
                "edit {at}: {:#?}\nnot {:#?}\nof {text}",
                told(&params),
                wanted(&text, &checked)
            ));
        }
        // Sometimes the command itself is asked.
        if at % 50 == 0 && missed.is_none() {
            found.extend(unlike_the_command(&keyway, &file, &text, &params));
        }
    }
    let end = editor.quit();
    assert_eq!((end.code, end.stderr.as_str()), (Some(0), ""));
    found
}

/// How `keyway check` tells it otherwise.
fn unlike_the_command(keyway: &Keyway, file: &Path, text: &str, params: &Value) -> Option<String> {
    std::fs::write(file, text).unwrap();
    let said = keyway.run(&["check", "--format", "json", &file.display().to_string()]).json();
    std::fs::remove_file(file).unwrap();
    let of_command = said["diagnostics"].as_array().unwrap().iter().map(|found| {
        let line = found["line"].as_u64().unwrap();
        (found["code"].clone(), found["message"].clone(), line, found["severity"].clone())
    });
    let of_server = params["diagnostics"].as_array().unwrap().iter().map(|found| {
        let line = found["range"]["start"]["line"].as_u64().unwrap() + 1;
        let severity = if found["severity"] == 1 { "error" } else { "warning" };
        (found["code"].clone(), found["data"]["message"].clone(), line, json!(severity))
    });
    let (one, other): (Vec<_>, Vec<_>) = (of_command.collect(), of_server.collect());
    (one != other).then(|| format!("`keyway check` says {one:?}, the server {other:?}, of {text}"))
}

#[test]
fn after_each_of_2_000_random_edits_it_says_what_the_check_says() {
    // Each server waits most of the time, for a question that may come with a keystroke.
    let servers: Vec<_> = (1..=5).map(|seed| std::thread::spawn(move || faults(seed, 400, None))).collect();
    let found: Vec<String> = servers.into_iter().flat_map(|server| server.join().unwrap()).collect();
    assert!(found.is_empty(), "{} faults, the first: {}", found.len(), found[0]);
}

#[test]
fn an_edit_that_is_missed_is_seen() {
    assert!(!faults(1, 30, Some(3)).is_empty());
}
