//! What a first-time author gets wrong, from all parts of the language: one diagnostic each, at the wrong word,
//! with what is wrong in its first line and what to do in its help or its fix.
//!
//! The expectations in `data/mistakes.txt` were typed by hand before the messages existed.

#![allow(clippy::unwrap_used)]

mod support;

use dsl::codes::Code;
use dsl::diagnostic::Diagnostic;
use dsl::span::Lines;

/// One mistake with what is expected of its diagnostic.
struct Mistake<'a> {
    title: &'a str,
    /// As in `8:13 KW0012`.
    place: &'a str,
    says: &'a str,
    does: &'a str,
    text: String,
}

fn mistakes() -> Vec<Mistake<'static>> {
    let read = |block: &'static str| {
        let mut lines = block.lines();
        let mut next = || lines.next().unwrap();
        let (title, place, says, does) = (next(), next(), next(), next());
        let text = lines.map(|line| format!("{line}\n")).collect();
        Mistake { title, place, says, does, text }
    };
    include_str!("data/mistakes.txt").split("\n=== ").skip(1).map(read).collect()
}

/// What is there to be mended: that something has no effect yet is no mistake.
fn found(text: &str) -> Vec<Diagnostic> {
    let mut found = dsl::check(text, &support::catalog()).diagnostics;
    found.retain(|one| !matches!(one.code, Code::NotYet | Code::TriggerNotYet));
    found
}

fn place(text: &str, diagnostic: &Diagnostic) -> String {
    let place = Lines::new(text).place(diagnostic.span.range().start);
    format!("{}:{} {}", place.line, place.column, diagnostic.code.id())
}

/// All that a diagnostic says of what to do.
fn remedy(diagnostic: &Diagnostic) -> String {
    let edits = diagnostic.fixes.iter().flat_map(|fix| &fix.edits).map(|edit| &*edit.text);
    let titles = diagnostic.fixes.iter().map(|fix| &*fix.title);
    let all: Vec<&str> = diagnostic.help.iter().map(|help| &**help).chain(titles).chain(edits).collect();
    all.join("\n")
}

#[test]
fn each_mistake_gets_one_diagnostic_at_the_wrong_word() {
    let mut wrong = vec![];
    let mistakes = mistakes();
    assert!(mistakes.len() >= 60);
    for mistake in &mistakes {
        let found = found(&mistake.text);
        let shown: Vec<String> = found
            .iter()
            .map(|one| format!("{} {}\n    {}", place(&mistake.text, one), one.message, remedy(one)))
            .collect();
        let good = matches!(&found[..], [one] if place(&mistake.text, one) == mistake.place
            && one.message.contains(mistake.says)
            && remedy(one).contains(mistake.does));
        if !good {
            let wanted = format!("{} [{}] [{}]", mistake.place, mistake.says, mistake.does);
            wrong.push(format!("{}\n  wanted {wanted}\n  got {}", mistake.title, shown.join("\n  and ")));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), mistakes.len(), wrong.join("\n"));
}

#[test]
fn every_fix_of_a_mistake_mends_it() {
    let mut wrong = vec![];
    let mut mended = 0;
    for mistake in mistakes() {
        for one in found(&mistake.text) {
            for fix in &one.fixes {
                let mut text = mistake.text.clone();
                let mut edits = fix.edits.clone();
                edits.sort_by_key(|edit| edit.span);
                for edit in edits.iter().rev() {
                    text.replace_range(edit.span.range(), &edit.text);
                }
                mended += 1;
                let left = found(&text);
                if left.iter().any(|other| other.code == one.code && other.message == one.message) {
                    wrong.push(format!("{}: `{}` does not help\n{text}", mistake.title, fix.title));
                } else if left.iter().any(|other| other.code == Code::Yaml) {
                    wrong.push(format!("{}: `{}` breaks the file\n{text}", mistake.title, fix.title));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(mended > 40, "{mended}");
}

/// Ten mistakes that have nothing to do with one another.
const TEN: &str = r#"name: Ten
inputs:
  who: { type: strng }
  urls: [string]
steps:
  fetch:
    http: { url: "https://example.com/", headrs: { a: b } }
  pages:
    for_each: inputs.url
    steps:
      page: { http: { url: "{{ item }}" } }
  note:
    uses: file.write
    with: { path: out.md, text: "{{ steps.fech.body }}" }
  pause: { wait: 5 }
  stop:
    if: inputs.who = "x"
    fail: {{ inputs.who }}
  last: { fail: "{{ toUpper(inputs.who) }}" }
"#;

#[test]
fn ten_mistakes_in_one_file_are_ten_diagnostics() {
    let places: Vec<String> = found(TEN).iter().map(|one| place(TEN, one)).collect();
    let wanted = [
        "1:7 KW0110",
        "3:16 KW0205",
        "7:42 KW0101",
        "9:22 KW0103",
        "13:5 KW0150",
        "14:43 KW0102",
        "15:18 KW0204",
        "17:20 KW0301",
        "18:11 KW0012",
        "19:21 KW0303",
    ];
    assert_eq!(places, wanted);
}
