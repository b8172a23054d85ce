//! The long story of each code of manifests shows it: a block that is `wrong` has this problem and no other, one that is
//! `right` has none.

#![allow(clippy::unwrap_used)]

use connectors::library::embedded_families;
use connectors::read;
use dsl::codes::Code;

fn found(text: &str, file: Option<&str>) -> Vec<&'static str> {
    let read = read::manifest(text, file, embedded_families());
    read.diagnostics.iter().map(|wrong| wrong.code.id()).collect()
}

#[test]
fn wrong_examples_have_this_problem_alone_and_right_ones_have_none() {
    let mut shown = 0;
    for code in Code::ALL {
        let mut open: Option<(&str, String)> = None;
        for line in code.story().lines() {
            match (&mut open, line.strip_prefix("```")) {
                (Some((kind, text)), Some(_)) => {
                    if kind.ends_with(" manifest") {
                        shown += 1;
                        let found = found(text, None);
                        match *kind {
                            "yaml wrong manifest" => assert_eq!(found, [code.id()], "{text}"),
                            _ => assert!(found.is_empty(), "{}: {found:?}\n{text}", code.id()),
                        }
                    }
                    open = None;
                }
                (Some((_, text)), None) => *text += &format!("{line}\n"),
                (None, Some(kind)) => open = Some((kind, String::new())),
                (None, None) => {}
            }
        }
    }
    assert_eq!(shown, 10, "five codes have a wrong and a right example");
}

#[test]
fn a_manifest_under_another_name_is_refused() {
    let text = connectors::sample::manifest("acme");
    assert_eq!(found(&text, Some("acme")), [""; 0]);
    assert_eq!(found(&text, Some("other")), [Code::OtherName.id()]);
}
