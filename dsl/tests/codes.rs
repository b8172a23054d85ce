//! The examples in the long story of each code: what is `wrong` has the problem, what is `right` has none.

#![allow(clippy::unwrap_used)]

mod support;

use dsl::codes::Code;

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

#[test]
fn wrong_examples_have_the_problem_and_right_ones_have_none() {
    let mut wrong = vec![];
    for code in Code::ALL {
        for (kind, text) in blocks(code.story()) {
            let found = dsl::check(&text, &support::catalog()).diagnostics;
            let shown: Vec<&str> = found.iter().map(|diagnostic| diagnostic.code.id()).collect();
            let good = match kind {
                "yaml wrong" => shown.iter().any(|id| *id == code.id()),
                "yaml right" => shown.is_empty(),
                _ => false,
            };
            if !good {
                wrong.push(format!("{}: a block `{kind}` gives {shown:?}\n{text}", code.id()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
