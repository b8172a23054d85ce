//! The text in the one layout.

use serde_json::{Value, json};

use dsl::diagnostic::Edit;
use dsl::format::{self, Refused};
use dsl::span::Span;

use super::Asked;
use crate::message::Refusal;

/// The edits that lay a text out. What cannot be read is left as it is: its diagnostics say why.
pub fn format(asked: &mut Asked<'_>) -> Result<Value, Refusal> {
    let catalog = asked.file.catalog(asked.world);
    match format::format(&asked.file.text, &catalog) {
        Ok(formatted) => {
            let edits = difference(&asked.file.text, &formatted).into_iter();
            Ok(edits.map(|edit| json!({ "range": asked.range(edit.span), "newText": edit.text })).collect())
        }
        Err(Refused::Unreadable(_)) => Ok(Value::Null),
        Err(Refused::Changed) => Err(Refusal::failed(
            "the text would mean something else in the canonical layout; this is a fault of `keyway`, please report it",
        )),
    }
}

/// What makes one text of another: nothing, or one edit of the lines between those that stay at both ends.
pub fn difference(old: &str, new: &str) -> Option<Edit> {
    if old == new {
        return None;
    }
    let pairs = old.split_inclusive('\n').zip(new.split_inclusive('\n'));
    let start: usize = pairs.take_while(|(one, other)| one == other).map(|(line, _)| line.len()).sum();
    let (rest, wanted) = (&old[start..], &new[start..]);
    let pairs = rest.split_inclusive('\n').rev().zip(wanted.split_inclusive('\n').rev());
    let end: usize = pairs.take_while(|(one, other)| one == other).map(|(line, _)| line.len()).sum();
    let text = wanted[..wanted.len() - end].to_owned();
    Some(Edit { span: Span::new(start, old.len() - end), text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_makes_one_text_of_the_other_and_leaves_the_ends() {
        let texts =
            ["", "a\n", "a\nb\n", "a\nc\nb\n", "a\nb", "b\na\n", "a\na\n", "a\na\na\n", "x\r\na\n", "é\n𝄞"];
        for old in texts {
            for new in texts {
                let made = match difference(old, new) {
                    None => old.to_owned(),
                    Some(edit) => format!(
                        "{}{}{}",
                        &old[..edit.span.range().start],
                        edit.text,
                        &old[edit.span.range().end..]
                    ),
                };
                assert_eq!(made, new, "from {old:?}");
            }
        }
        let edit = difference("a\nb\nc\n", "a\nB\nc\n");
        assert_eq!(edit, Some(Edit { span: Span::new(2, 4), text: "B\n".into() }));
    }
}
