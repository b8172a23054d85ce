//! What an editor asks. Each file in `tests/ide` holds cases: a name after `===`, a text with `▮` at the cursor, a
//! question after `---`, and the expected answer. `KEYWAY_ACCEPT=1 cargo test -p dsl --test ide` writes the answers;
//! read them before they are committed.

#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

mod support;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use dsl::diagnostic::{Edit, Fix};
use dsl::ide::{Connection, Document, Symbol};
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
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|it| it == extension)).collect();
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
        "hover" => document
            .hover(at)
            .map_or("nothing\n".into(), |hover| format!("{}{}\n", shown(hover.span), hover.text)),
        "definition" => document.definition(at).map_or("nothing\n".into(), shown),
        "references" => document.references(at).into_iter().map(shown).collect(),
        "rename" => match document.rename(at, argument) {
            Ok(edits) => mend::apply(&document.text, [&Fix { title: String::new(), edits }]).unwrap(),
            Err(reason) => format!("refused: {reason}\n"),
        },
        "prepare" => match document.renamable(at) {
            Ok(span) => shown(span),
            Err(reason) => format!("refused: {reason}\n"),
        },
        "snippets" => {
            let items = document.complete(at);
            let found = items.iter().filter_map(|item| Some((&item.label, item.snippet.as_ref()?)));
            found.take(LISTED).fold(String::new(), |mut text, (label, snippet)| {
                let _ = writeln!(text, "{label}: {}", snippet.replace('\n', "\n  | "));
                text
            })
        }
        "connections" => {
            let known = |(connector, name): (&str, &str)| Connection {
                connector: connector.into(),
                name: name.into(),
            };
            let known: Vec<Connection> =
                [("mail", "work"), ("mail", "home"), ("other", "no")].map(known).into();
            let items = document.complete_with(at, &known);
            items.iter().map(|item| format!("{}  {:?}  {}\n", item.label, item.kind, item.detail)).collect()
        }
        "hints" => document.hints().iter().fold(String::new(), |mut text, hint| {
            let place = lines.place(hint.at);
            let _ = writeln!(text, "{}:{} {}  ({})", place.line, place.column, hint.label, hint.about);
            text
        }),
        "folds" => document.folds().iter().fold(String::new(), |mut text, fold| {
            let (start, end) = (lines.place(fold.start), lines.place(fold.end));
            let _ = writeln!(text, "{} to {} {:?}", start.line, end.line, fold.kind);
            text
        }),
        "tokens" => {
            document.tokens().iter().map(|token| format!("{:?} {}", token.kind, shown(token.span))).collect()
        }
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

/// The texts of the cases of the language.
fn sources(path: &str) -> Vec<(PathBuf, String)> {
    files(path, "yaml")
        .into_iter()
        .map(|path| (path.clone(), std::fs::read_to_string(&path).unwrap()))
        .collect()
}

fn applied(text: &str, edits: Vec<Edit>) -> String {
    mend::apply(text, [&Fix { title: String::new(), edits }]).unwrap()
}

/// The places of the names in an outline.
fn names(symbols: &[Symbol]) -> Vec<(String, Span)> {
    symbols
        .iter()
        .flat_map(|symbol| {
            let own = (symbol.name.clone(), symbol.name_span);
            std::iter::once(own).chain(names(&symbol.children))
        })
        .collect()
}

#[test]
fn a_name_is_changed_everywhere_and_back_again() {
    const NEW: &str = "quite_another_name";
    let catalog = support::catalog();
    let (mut renamed, mut refused) = (0, vec![]);
    for (path, text) in sources("cases/ok") {
        let document = Document::new(text.as_str(), &catalog);
        let picture = dsl::check(&text, &catalog).workflow.map(|workflow| support::picture(&workflow));
        for (name, span) in names(&document.symbols()) {
            let case = format!("{}: {name}", path.display());
            let edits = match document.rename(span.end as usize, NEW) {
                Ok(edits) => edits,
                Err(reason) => {
                    refused.push(format!("{case}: {reason}"));
                    continue;
                }
            };
            renamed += 1;
            let back = edits.clone();
            let changed = applied(&text, edits);
            let now = dsl::check(&changed, &catalog).workflow.map(|workflow| support::picture(&workflow));
            let mapped = now.map(|now| now.replace(NEW, &name));
            let lines = |picture: &Option<String>| {
                let mut words: Vec<String> =
                    picture.iter().flat_map(|text| text.split_whitespace()).map(String::from).collect();
                words.sort();
                words
            };
            assert_eq!(lines(&mapped), lines(&picture), "{case}");
            let at = changed.find(NEW).unwrap();
            let second = Document::new(changed.as_str(), &catalog);
            let edits =
                second.rename(at, &name).unwrap_or_else(|reason| panic!("{case}: {reason}\n{changed}"));
            assert_eq!(edits.len(), back.len(), "{case}");
            assert_eq!(applied(&changed, edits), text, "{case}");
        }
    }
    println!("{renamed} names were changed; refused: {refused:#?}");
    assert!(renamed > 100, "{renamed}");
    assert!(refused.len() * 20 < renamed, "{refused:#?}");
}

/// All questions at one place; what is answered must lie within the text.
fn ask(document: &Document<'_>, at: usize) {
    let fits =
        |span: Span| assert!(document.text.get(span.range()).is_some(), "{span:?} in {:?}", document.text);
    for item in document.complete(at) {
        fits(item.span);
        assert!(item.span.start as usize <= at && at <= item.span.end as usize, "{item:?} at {at}");
    }
    document.hover(at).into_iter().for_each(|hover| fits(hover.span));
    document.definition(at).into_iter().for_each(fits);
    document.references(at).into_iter().for_each(fits);
    document.renamable(at).into_iter().for_each(fits);
    document.fixes(Span::new(at, at));
    document.hints().iter().for_each(|hint| fits(Span::new(hint.at, hint.at)));
    document.folds().iter().for_each(|fold| fits(Span::new(fold.start, fold.end)));
    let mut end = 0;
    for token in document.tokens() {
        fits(token.span);
        assert!(token.span.start >= end, "{token:?} overlaps in {:?}", document.text);
        end = token.span.end;
    }
}

/// The nearest place that is within the text and between two characters.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap()
}

#[test]
fn no_question_panics_wherever_it_is_asked() {
    let catalog = support::catalog();
    let mut asked = 0;
    let cases = files("ide", "txt").into_iter().flat_map(|path| {
        let source = std::fs::read_to_string(path).unwrap();
        let cases: Vec<String> =
            source.split("=== ").skip(1).map(|case| case.split("--- ").next().unwrap().into()).collect();
        cases
    });
    for (round, text) in cases.chain(sources("cases/err").into_iter().map(|(_, text)| text)).enumerate() {
        if text.len() > 1_500 {
            continue;
        }
        // Some texts at each byte, the others from another byte on; and texts that end anywhere.
        let document = Document::new(text.as_str(), &catalog);
        document.symbols();
        let step = if round < 4 { 1 } else { 43 };
        for at in (round % step..=text.len() + 1).step_by(step) {
            ask(&document, floor(&text, at));
            asked += 1;
        }
        let end = floor(&text, text.len() * (round % 7) / 7);
        ask(&Document::new(&text[..end], &catalog), end);
    }
    assert!(asked > 1_000, "{asked}");
}

#[test]
fn no_question_panics_in_a_text_that_was_damaged() {
    const PIECES: [&str; 20] = [
        "{{",
        "}}",
        "\"",
        "'",
        ":",
        ": ",
        "\n",
        "  ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        "|",
        "steps.",
        "?.",
        "#",
        "&a ",
        "*a",
        "é▮\u{301}",
    ];
    let catalog = support::catalog();
    let texts = sources("cases/ok");
    let mut seed = 7_u64;
    let mut roll = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).unwrap()
    };
    for _ in 0..600 {
        let mut text = texts[roll(texts.len())].1.clone();
        let mut at = 0;
        for _ in 0..=roll(3) {
            at = floor(&text, roll(text.len() + 1));
            let end = floor(&text, at + roll(4));
            text.replace_range(at..end.max(at), PIECES[roll(PIECES.len())]);
        }
        let document = Document::new(text, &catalog);
        ask(&document, floor(&document.text, at));
        ask(&document, floor(&document.text, at + 2));
        let _ = document.rename(floor(&document.text, at), "new");
    }
}
