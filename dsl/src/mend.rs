//! Applies the fixes that diagnostics offer. What is no part of a fix stays as it was, byte for byte.

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Fix, Severity};
use crate::span::Lines;

/// How often a text is looked at anew: a fix may bring to light what stood behind it.
const ROUNDS: usize = 20;

/// What came of mending a text.
#[derive(Debug)]
pub struct Mended {
    /// The text with all fixes that were applied.
    pub text: String,
    /// The fixes, in the order in which they were applied.
    pub applied: Vec<Applied>,
    /// The problems that are left, in the order of the text.
    pub left: Vec<Diagnostic>,
}

/// A fix that was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The problem that it mended.
    pub code: Code,
    /// What it did, in the imperative.
    pub title: String,
    /// The line at the time when it was applied, from 1.
    pub line: usize,
}

/// Applies every fix that needs no choice: the only one of its problem. A fix that does not mend its problem, or
/// after which the text cannot be read any more, is taken back.
pub fn mend(text: &str, catalog: &Catalog) -> Mended {
    let mut mended =
        Mended { text: text.to_owned(), applied: vec![], left: crate::check(text, catalog).diagnostics };
    let mut refused: Vec<(Code, String)> = vec![];
    for _ in 0..ROUNDS {
        let open: Vec<&Diagnostic> = mended
            .left
            .iter()
            .filter(|found| {
                found.fixes.len() == 1
                    && !refused.iter().any(|(code, message)| found.code == *code && found.message == *message)
            })
            .collect();
        let chosen = apart(&open);
        if chosen.is_empty() {
            break;
        }
        let next = attempt(&mended, &chosen, catalog).or_else(|| {
            // Together they do not help: find the first that does so alone.
            chosen.iter().find_map(|one| {
                let next = attempt(&mended, std::slice::from_ref(one), catalog);
                if next.is_none() {
                    refused.push((one.code, one.message.clone()));
                }
                next
            })
        });
        let Some((text, left, applied)) = next else { break };
        mended.text = text;
        mended.left = left;
        mended.applied.extend(applied);
    }
    mended
}

/// Those whose edits do not touch each other, earlier ones first.
fn apart<'a>(open: &[&'a Diagnostic]) -> Vec<&'a Diagnostic> {
    let mut taken: BTreeMap<u32, u32> = BTreeMap::new();
    let mut chosen = vec![];
    for found in open {
        let edits = &found.fixes[0].edits;
        let free = edits.iter().all(|edit| {
            taken.range(..=edit.span.end).next_back().is_none_or(|(_, end)| *end < edit.span.start)
        });
        if free {
            taken.extend(edits.iter().map(|edit| (edit.span.start, edit.span.end)));
            chosen.push(*found);
        }
    }
    chosen
}

type Attempt = (String, Vec<Diagnostic>, Vec<Applied>);

/// The text with the fixes of these problems, if each of them is mended by it.
fn attempt(now: &Mended, chosen: &[&Diagnostic], catalog: &Catalog) -> Option<Attempt> {
    let text = apply(&now.text, chosen.iter().map(|found| &found.fixes[0]))?;
    let left = crate::check(&text, catalog).diagnostics;
    let count = |list: &[Diagnostic], like: &Diagnostic| {
        list.iter().filter(|found| found.code == like.code && found.message == like.message).count()
    };
    let helps = chosen.iter().all(|found| {
        let mended = chosen.iter().filter(|other| other.code == found.code && other.message == found.message);
        count(&left, found) + mended.count() <= count(&now.left, found)
    });
    if !helps || unreadable(&left) > unreadable(&now.left) {
        return None;
    }
    let lines = Lines::new(&now.text);
    let applied = chosen.iter().map(|found| Applied {
        code: found.code,
        title: found.fixes[0].title.clone(),
        line: lines.place(found.span.range().start).line,
    });
    Some((text, left, applied.collect()))
}

/// The text with all edits of these fixes, which do not overlap.
pub fn apply<'a>(text: &str, fixes: impl IntoIterator<Item = &'a Fix>) -> Option<String> {
    let mut edits: Vec<_> = fixes.into_iter().flat_map(|fix| &fix.edits).collect();
    edits.sort_by_key(|edit| edit.span);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        let range = edit.span.range();
        out.push_str(text.get(at..range.start)?);
        out.push_str(&edit.text);
        at = range.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

/// How many problems keep the text from being read as YAML.
fn unreadable(found: &[Diagnostic]) -> usize {
    found.iter().filter(|found| found.severity == Severity::Error && found.code.id() < "KW0100").count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(text: &str) -> Mended {
        mend(text, &Catalog::default())
    }

    #[test]
    fn what_is_no_part_of_a_fix_stays_byte_for_byte() {
        let text = "name: x   # a name\r\nsteps:\r\n  a:   { set : { n: 1 } }  # one\r\noutput: '{{ stesp.a.n }}'\r\n\r\n";
        let done = mended(text);
        assert_eq!(done.text, text.replace("stesp", "steps"));
        assert!(done.left.is_empty(), "{:?}", done.left);
        assert_eq!(done.applied.len(), 1);
        assert_eq!(done.applied[0].line, 4);
    }

    #[test]
    fn a_fix_brings_the_next_problem_to_light() {
        let text = "name: x\nsteps:\n  a: { set: { count: 1 } }\noutput: '{{ stesp.a.cuont }}'\n";
        let done = mended(text);
        assert!(done.text.contains("steps.a.count"), "{}", done.text);
        assert_eq!(done.applied.len(), 2);
    }

    #[test]
    fn a_text_without_problems_is_left_alone() {
        let text = "name: x\nsteps: { a: { set: { n: 1 } } }\noutput: { a: \"{{ steps.a }}\" }\n";
        let done = mended(text);
        assert_eq!((done.text.as_str(), done.applied.len(), done.left.len()), (text, 0, 0));
    }

    #[test]
    fn edits_that_touch_each_other_wait_for_the_next_round() {
        let fix = |start, end, text: &str| {
            Diagnostic::error(Code::UnknownKey, crate::span::Span { start, end }, format!("{start}")).fix(
                "t",
                crate::span::Span { start, end },
                text,
            )
        };
        let all = [fix(0, 3, "a"), fix(3, 4, "b"), fix(6, 7, "c")];
        let chosen = apart(&all.iter().collect::<Vec<_>>());
        assert_eq!(chosen.len(), 2);
        assert_eq!(apply("0123456789", chosen.iter().map(|d| &d.fixes[0])), Some("a345c789".into()));
    }
}
