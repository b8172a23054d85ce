//! What an editor asks. Each file in `tests/ide` holds cases: a name after `===`, a text with `▮` at the cursor, a
//! question after `---`, and the expected answer. `KEYWAY_ACCEPT=1 cargo test -p dsl --test ide` writes the answers;
//! read them before they are committed.

#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

mod support;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use dsl::diagnostic::{Edit, Fix};
use dsl::ide::{Document, Symbol};
use dsl::mend;
use dsl::span::{Lines, Span};

const CURSOR: char = '▮';

/// The most items that a case lists.
const LISTED: usize = 14;

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

fn files(path: &str, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder(path)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|it| it == extension)).collect();
    files.sort();
    assert!(!files.is_empty(), "{path}");
    files
}

fn answer(text: &str, question: &str) -> String {
    let catalog = support::catalog();
    let at = text.find(CURSOR).unwrap_or(0);
    let document = Document::new(text.replace(CURSOR, ""), &catalog);
    let lines = Lines::new(&document.text);
    let shown = |span: Span| {
        let place = lines.place(span.start as usize);
        format!("{}:{} {}\n", place.line, place.column, document.text[span.range()].replace('\n', "⏎"))
    };
    let (question, argument) = question.split_once(' ').unwrap_or((question, ""));
    match question {
        "complete" => {
            let items = document.complete(at);
            let mut text: String = items.iter().take(LISTED).fold(String::new(), |mut text, item| {
                let _ = writeln!(text, "{}  {:?}  {}", item.label, item.kind, item.detail);
                text
            });
            if items.len() > LISTED {
                let _ = writeln!(text, "… {} more", items.len() - LISTED);
            }
            text
        }
        "edit" => document.complete(at).first().map_or("nothing\n".into(), |item| {
            let edits = vec![Edit { span: item.span, text: item.text.clone() }];
            mend::apply(&document.text, [&Fix { title: String::new(), edits }]).unwrap()
        }),
        "hover" => document.hover(at).map_or("nothing\n".into(), |hover| format!("{}{}\n", shown(hover.span), hover.text)),
        "definition" => document.definition(at).map_or("nothing\n".into(), shown),
        "references" => document.references(at).into_iter().map(shown).collect(),
        "rename" => match document.rename(at, argument) {
            Ok(edits) => mend::apply(&document.text, [&Fix { title: String::new(), edits }]).unwrap(),
            Err(reason) => format!("refused: {reason}\n"),
        },
        "fixes" => document.fixes(Span::new(at, at)).iter().map(|fix| format!("{}\n", fix.title)).collect(),
        "symbols" => outline(&document.symbols(), 0),
        _ => panic!("{question}"),
    }
}

fn outline(symbols: &[Symbol], depth: usize) -> String {
    symbols.iter().fold(String::new(), |mut text, symbol| {
        let _ = writeln!(text, "{}{} {:?}", "  ".repeat(depth), symbol.name, symbol.kind);
        text + &outline(&symbol.children, depth + 1)
    })
}

#[test]
fn questions_are_answered() {
    let (mut count, mut wrong) = (0, vec![]);
    for path in files("ide", "txt") {
        let source = std::fs::read_to_string(&path).unwrap();
        let mut written = String::new();
        for case in source.split("=== ").skip(1) {
            let (name, rest) = case.split_once('\n').unwrap();
            let (text, rest) = rest.split_once("--- ").unwrap();
            let (question, wanted) = rest.split_once('\n').unwrap_or((rest, ""));
            let got = answer(text, question);
            count += 1;
            if got.trim_end() != wanted.trim_end() {
                wrong.push(format!("{name}\n{text}--- wanted\n{}\n--- got\n{got}", wanted.trim_end()));
            }
            let _ = writeln!(written, "=== {name}\n{text}--- {question}\n{}\n", got.trim_end());
        }
        if std::env::var("KEYWAY_ACCEPT").is_ok() {
            std::fs::write(&path, written.trim_end().to_owned() + "\n").unwrap();
            wrong.clear();
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 60, "{count} cases");
}
