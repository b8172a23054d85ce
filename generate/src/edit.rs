//! A change of a workflow in plain words: the smallest one that does what is said. Without a model only those are made that
//! have one reading: another time or trigger, a step more or less, another channel, address or default, a condition. What
//! has to be asked is asked. No byte moves that the change does not need.

mod narrow;
pub mod page;
mod start;
mod steps;
mod value;

use dsl::workflow::Workflow;

use crate::draft::{Answer, Before, Unproved, Wish, named, problems, proved_beside};
use crate::normal::normal;
use crate::plan::extend::{Base, allowed};
use crate::plan::{Done, Means, No, ask};
use page::{Page, Piece};

/// What a change puts where, and what was taken to be meant.
pub(crate) struct Change {
    pieces: Vec<Piece>,
    assumed: Vec<String>,
}

/// What is changed, and how.
pub(crate) struct Asked<'a> {
    page: &'a Page<'a>,
    workflow: &'a Workflow,
    means: &'a Means<'a>,
    /// What was said, without what says only that it is a change.
    wish: String,
    /// What was said and answered, in the normal form.
    words: String,
}

/// Changes a workflow without a model.
pub fn edit(text: &str, wish: &Wish, means: &Means<'_>) -> Answer {
    let workflow = match right(text, means) {
        Ok(workflow) => workflow,
        Err(answer) => return *answer,
    };
    let Some(page) = Page::read(text) else {
        return Answer::question(
            "the file shows parts of itself at several places, with aliases. Which of them is to change? Write it by hand there",
            vec![],
        );
    };
    let means = Means { answers: &wish.answers, ..*means };
    let asked = Asked {
        page: &page,
        workflow: &workflow,
        means: &means,
        wish: bare(&wish.text),
        words: normal(&named(wish)),
    };
    let change = match changed(&asked) {
        Ok(change) => change,
        Err(No::Ask(question, choices)) => return Answer::question(question, choices),
        Err(No::Refuse(reason)) => return Answer::refusal(reason),
    };
    let Some(fresh) = page.with(change.pieces).filter(|fresh| fresh != text) else {
        return Answer::question("it does that already. What else is to change?", vec![]);
    };
    shown(&fresh, (text, &workflow), wish, &means, change.assumed)
}

/// A text that was changed, as it is answered.
fn shown(
    fresh: &str,
    before: (&str, &Workflow),
    wish: &Wish,
    means: &Means<'_>,
    assumed: Vec<String>,
) -> Answer {
    match proved_change(fresh, before, wish, means, assumed) {
        Ok(answer) => answer,
        Err(Unproved::Guarded(question)) => Answer::question(question, vec![]),
        Err(Unproved::Wrong(why)) => Answer::question(
            format!("changed so, it would not run ({why}). What is to be done about that?"),
            vec![],
        ),
    }
}

/// Proves a text that was changed against the one before it.
pub(crate) fn proved_change(
    fresh: &str,
    (text, workflow): (&str, &Workflow),
    wish: &Wish,
    means: &Means<'_>,
    assumed: Vec<String>,
) -> Result<Answer, Unproved> {
    proved_beside(fresh, Some(Before { text, workflow }), means, &named(wish), assumed)
}

/// The workflow of a text that is to be changed; what is answered where it is none.
pub(crate) fn right(text: &str, means: &Means<'_>) -> Result<Workflow, Box<Answer>> {
    let checked = dsl::check(text, means.catalog);
    let wrong: Vec<_> = checked
        .diagnostics
        .into_iter()
        .filter(|it| it.severity == dsl::diagnostic::Severity::Error)
        .collect();
    checked.workflow.ok_or_else(|| {
        Box::new(Answer::refusal(format!(
            "the file has errors, and what is wrong cannot be changed safely ({}). Near to it: `keyway fix FILE` mends what it can",
            problems(text, &wrong)
        )))
    })
}

fn changed(asked: &Asked<'_>) -> Done<Change> {
    allowed(&asked.wish, asked.means)?;
    if let Some(change) = steps::removed(asked)? {
        return Ok(change);
    }
    if let Some(change) = value::defaults(asked)? {
        return Ok(change);
    }
    if let Some(change) = value::others(asked)? {
        return Ok(change);
    }
    if let Some(change) = narrow::narrowed(asked)? {
        return Ok(change);
    }
    if let Some(change) = start::starts(asked)? {
        return Ok(change);
    }
    if asked.says(&BENDING) {
        return ask(
            "how a text is written, only a model can change: with a stored key it is asked. What else is to change?",
            [],
        );
    }
    steps::added(asked)
}

/// Words that ask for other words, which no planner finds.
const BENDING: [&str; 10] = [
    "shorter",
    "longer",
    "friendlier",
    "nicer",
    "rewrite",
    "rephrase",
    "reword",
    "kurzer",
    "freundlicher",
    "plus court",
];

impl<'a> Asked<'a> {
    fn base(&self) -> Base<'a> {
        Base { text: self.page.text, workflow: self.workflow }
    }

    fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|word| has(&self.words, word))
    }
}

/// True if a text in its normal form has these words.
fn has(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

/// A wish without the words before it that say only that something is to change.
fn bare(wish: &str) -> String {
    const BEFORE: &[&str] = &[
        "please ",
        "also, ",
        "also ",
        "and then ",
        "and ",
        "then ",
        "can you ",
        "could you ",
        "bitte ",
        "additionally ",
        "at the end ",
        "at the end, ",
        "afterwards ",
        "afterwards, ",
        "add a step that ",
        "add a step to ",
        "add a step which ",
        "it should also ",
        "it should ",
        "make it ",
        "und ",
        "auch ",
        "ausserdem ",
        "aussi ",
        "et ",
        "y ",
        "tambien ",
        "anche ",
    ];
    let mut rest = wish.trim();
    loop {
        let small = rest.to_lowercase();
        let cut = BEFORE
            .iter()
            .filter(|word| small.starts_with(**word))
            .map(|word| word.len())
            .max()
            .filter(|length| rest.is_char_boundary(*length));
        match cut {
            Some(length) => rest = rest[length..].trim_start(),
            None => return rest.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_only_that_it_is_a_change_goes() {
        assert_eq!(bare("Please also skip newsletters"), "skip newsletters");
        assert_eq!(bare("add a step that posts it to #a"), "posts it to #a");
        assert_eq!(bare("andere Zeit"), "andere Zeit");
        assert!(has("skip the rest", "skip") && !has("skipper", "skip"));
    }
}
