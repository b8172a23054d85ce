//! The long story of each code shows it: a block that is `wrong` has this problem and no other, one that is
//! `right` has none.

#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

mod support;

use dsl::codes::Code;
use dsl::{Options, Strictness};
use support::made;

/// The fenced blocks of a story, with what stands behind their ```.
fn blocks(story: &str) -> Vec<(&str, String)> {
    let mut blocks = vec![];
    let mut open: Option<(&str, String)> = None;
    for line in story.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some((_, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, Some(kind)) => open = Some((kind, String::new())),
            (None, None) => {}
        }
    }
    blocks
}

/// The codes that a text gives, without those that depend on the version.
fn found(text: &str, strictness: Strictness) -> Vec<Code> {
    let diagnostics = dsl::check_with(text, &support::catalog(), &Options { strictness }).diagnostics;
    let codes = diagnostics.iter().map(|diagnostic| diagnostic.code);
    codes.filter(|code| !made::OF_A_VERSION.contains(code)).collect()
}

fn ids(codes: &[Code]) -> Vec<&'static str> {
    codes.iter().map(|code| code.id()).collect()
}

#[test]
fn wrong_examples_have_this_problem_alone_and_right_ones_have_none() {
    let mut wrong = vec![];
    for code in Code::ALL {
        for (kind, text) in blocks(code.story())
            .into_iter()
            .filter(|(kind, _)| !kind.ends_with(" test") && !kind.ends_with(" manifest"))
        {
            let (kind, strictness) = match kind.strip_suffix(" strict") {
                Some(kind) => (kind, Strictness::Strict),
                None => (kind, Strictness::Gradual),
            };
            let found = found(&text, strictness);
            let good = match kind {
                "yaml wrong" => !found.is_empty() && found.iter().all(|other| other == code),
                "yaml right" | "yaml" => found.is_empty(),
                _ => false,
            };
            if !good {
                wrong.push(format!("{}: a block `{kind}` gives {:?}\n{text}", code.id(), ids(&found)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_code_has_a_wrong_example_and_a_right_one() {
    let made: Vec<Code> = made::texts().into_iter().map(|(code, _)| code).collect();
    for code in Code::ALL {
        let kinds: Vec<&str> = blocks(code.story()).iter().map(|(kind, _)| *kind).collect();
        let excepted = made.contains(code) || made::OF_A_VERSION.contains(code) || *code == Code::OtherName;
        if excepted {
            assert!(!kinds.contains(&"yaml wrong"), "{} can be shown, so it is no exception", code.id());
        } else if made::OF_MANIFESTS.contains(code) {
            // `connectors/tests/codes.rs` looks whether they are right.
            assert_eq!(kinds, ["yaml wrong manifest", "yaml right manifest"], "{}", code.id());
        } else if made::OF_TESTS.contains(code) {
            assert_eq!(kinds, ["yaml", "yaml wrong test", "yaml right test"], "{}", code.id());
        } else if made::OF_STRICT.contains(code) {
            assert_eq!(kinds, ["yaml wrong strict", "yaml right strict"], "{}", code.id());
        } else {
            assert_eq!(kinds, ["yaml wrong", "yaml right"], "{}", code.id());
        }
    }
}

#[test]
fn what_no_page_can_show_is_found_in_a_text_that_is_made() {
    for (code, text) in made::texts() {
        assert_eq!(ids(&found(&text, Strictness::Gradual)), [code.id()]);
    }
}

#[test]
fn stories_are_told_at_some_length_and_in_lines_that_fit() {
    for code in Code::ALL {
        let story = code.story();
        let told = story.lines().filter(|line| !line.is_empty()).count();
        assert!((4..=40).contains(&told) || made::OF_A_VERSION.contains(code), "{}: {told} lines", code.id());
        assert!(story.lines().all(|line| line.chars().count() <= 120), "{}", code.id());
        assert!(story.ends_with('\n') && !story.ends_with("\n\n"), "{}", code.id());
    }
}

#[test]
fn every_story_is_of_a_code_that_exists() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/codes");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let id = name.strip_suffix(".md").unwrap();
        assert!(Code::find(id).is_some_and(|code| code.id() == id), "{name} is the story of no code");
    }
}
