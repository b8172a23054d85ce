//! The canonical layout: pairs of files before and after, and what holds for every text that is YAML: formatting
//! twice is formatting once, the workflow stays the same, every comment is still there.
//! `KEYWAY_ACCEPT=1 cargo test -p dsl --test format` writes the pairs; read them before they are committed.

#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

mod shared;
mod support;

use std::path::{Path, PathBuf};

use dsl::format::{Refused, format};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "md"))
        .collect();
    files.sort();
    files
}

#[test]
fn pairs_of_files_before_and_after() {
    let mut wrong = vec![];
    let pairs = files("tests/cases/format");
    assert!(pairs.len() >= 25, "{}", pairs.len());
    for path in pairs {
        let before = std::fs::read_to_string(&path).unwrap();
        let got = format(&before, &support::catalog());
        let got = got.unwrap_or_else(|refused| format!("refused: {refused:?}\n"));
        let expected = path.with_extension("out");
        if std::env::var("KEYWAY_ACCEPT").is_ok() {
            std::fs::write(&expected, &got).unwrap();
        }
        let wanted = std::fs::read_to_string(&expected).unwrap_or_default();
        if wanted != got {
            wrong.push(format!("{}\n--- wanted\n{wanted}\n--- got\n{got}", path.display()));
        }
        if format(&got, &support::catalog()).ok().as_ref() != Some(&got) {
            wrong.push(format!("{} changes when it is formatted again", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn what_is_no_yaml_is_refused_with_its_diagnostics() {
    for text in ["steps: [1", "a: {{ x }}", "a: 1\na: 2\n", "", "- 1\n", "a: !x 1\n", "a: 1\n---\nb: 2\n"] {
        match format(text, &support::catalog()) {
            Err(Refused::Unreadable(diagnostics)) => assert!(!diagnostics.is_empty(), "{text:?}"),
            other => panic!("{text:?}: {other:?}"),
        }
    }
}

#[test]
fn a_file_with_other_mistakes_is_formatted() {
    let text = "steps:\n    a:   { sett: {x: 1} }\nname: 'Not a name'\n";
    let wanted = "name: Not a name\nsteps:\n  a: { sett: { x: 1 } }\n";
    assert_eq!(format(text, &support::catalog()).unwrap(), wanted);
}

/// Texts to begin with: the case files, the examples, the blocks of the pages.
fn sources() -> Vec<String> {
    let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
    let mut texts: Vec<String> = vec![];
    for folder in ["tests/cases/ok", "tests/cases/err", "tests/cases/format", "../workflows"] {
        texts.extend(files(folder).iter().map(read));
    }
    for folder in ["../docs", ".."] {
        for page in files(folder).iter().filter(|path| path.extension().unwrap() == "md").map(read) {
            let blocks = page.split("```yaml").skip(1).filter_map(|rest| rest.split("```").next());
            texts.extend(blocks.filter_map(|block| Some(block.split_once('\n')?.1.to_owned())));
        }
    }
    texts
}

/// A small generator: the same seed gives the same texts for ever.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % most.max(1) as u64) as usize
    }
}

/// Another layout of about the same file: comments, blank lines, indentation, other quotes, lines that moved.
fn shaken(chance: &mut Chance, source: &str) -> String {
    let mut lines: Vec<String> = source.lines().map(str::to_owned).collect();
    for mark in 0..chance.below(8) {
        let at = chance.below(lines.len() + 1);
        let indent = " ".repeat(chance.below(9));
        match chance.below(12) {
            0..=2 => lines.insert(at, format!("{indent}# mark {mark}")),
            3 | 4 if at < lines.len() => lines[at] += &format!(" # mark {mark}"),
            5 => lines.insert(at, indent),
            6 if at < lines.len() => {
                let moved = lines.remove(at);
                let to = chance.below(lines.len() + 1);
                lines.insert(to, moved);
            }
            7 if at < lines.len() => lines[at] = lines[at].replace('"', "'"),
            8 if at < lines.len() => lines[at] = lines[at].replacen(": ", ":\n            ", 1),
            9 if at < lines.len() => {
                lines[at] = lines[at].replace(", ", ",\n                # mark in\n             ")
            }
            10 if at < lines.len() => lines[at] = lines[at].replacen(": ", ": &anchor ", 1),
            11 => lines.iter_mut().for_each(|line| {
                let blanks = line.len() - line.trim_start().len();
                line.insert_str(0, &" ".repeat(blanks));
            }),
            _ => {}
        }
    }
    let end = ["\n", "\r\n"][chance.below(2)];
    lines.join(end) + ["", "\n", "\n\n"][chance.below(3)]
}

#[test]
fn formatting_keeps_the_meaning_and_settles_at_once() {
    let (sources, catalog) = (sources(), support::catalog());
    assert!(sources.len() > 150, "{}", sources.len());
    let mut chance = Chance(11);
    let (mut formatted, mut with_marks) = (0, 0);
    let mut wrong = vec![];
    for round in 0..2_000 {
        let source = &sources[round % sources.len()];
        let text = if round < sources.len() { source.clone() } else { shaken(&mut chance, source) };
        let out = match format(&text, &catalog) {
            Ok(out) => out,
            Err(Refused::Unreadable(_)) => continue,
            Err(Refused::Changed) => {
                wrong.push(format!("round {round}: would change\n{text}"));
                continue;
            }
        };
        formatted += 1;
        with_marks += usize::from(text.contains("# mark"));
        match format(&out, &catalog) {
            Ok(again) if again == out => {}
            other => wrong
                .push(format!("round {round}: not settled\n{text}\n--- once\n{out}\n--- twice\n{other:?}")),
        }
        let marks = |text: &str| text.matches("# mark").count();
        if marks(&text) != marks(&out) {
            wrong.push(format!("round {round}: comments are lost\n{text}\n--- got\n{out}"));
        }
        if out.contains('\r') || !out.ends_with('\n') || (out.ends_with("\n\n") && !out.contains("+")) {
            wrong.push(format!("round {round}: line ends\n{text}\n--- got\n{out:?}"));
        }
        if wrong.len() > 3 {
            break;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    // Texts that are all refused would prove little.
    assert!(formatted > 800 && with_marks > 250, "{formatted} {with_marks}");
}

#[test]
fn what_only_looks_blank_or_like_a_mark_stays_what_it_is() {
    // Found by mutating files: a line separator as the only text of a block, and a lone `?` before a bracket.
    shared::properties::formatter("name: ends\r\nsteps:\r\n  a:\r\n    fail: |\r\n     \u{2028}");
    shared::properties::formatter("name: a\nsteps:\n  a: { set: { c: 1 ,?} }\noutput: \"{{ steps.a }}\"\n");
}
