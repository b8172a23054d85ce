//! A broken text is mended: what the checker's own fixes mend without a choice, and with a model what is left. No byte moves
//! that no fix needs.

use dsl::diagnostic::{Diagnostic, Severity};
use dsl::mend::{Applied, mend};
use serde_json::{Value, json};

use crate::draft::{Answer, Kind, problems, told};
use crate::model::{Model, REPAIRS, Took, plain};
use crate::patch::{Said, can_be_shown, fields, mending, read};
use crate::plan::Means;
use crate::{guard, simulate};

/// Mends a text without a model.
pub fn repair(text: &str, means: &Means<'_>) -> Answer {
    let mended = mend(text, means.catalog);
    let applied = mended.applied.iter().map(shown).collect();
    answered(&Mended { was: text, text: &mended.text, left: &mended.left }, applied, vec![], means)
}

/// Mends a text, and has a model mend what is left, in at most three rounds. Where it cannot be asked that is said.
pub async fn repair_with<M: Model + Sync>(text: &str, means: &Means<'_>, model: &M) -> (Answer, Took) {
    let mut took = Took::default();
    let first = mend(text, means.catalog);
    let mut applied: Vec<Value> = first.applied.iter().map(shown).collect();
    let (mut now, mut left) = (first.text, first.left);
    let mut assumed = vec![];
    let mut unfit = String::new();
    // Without what a model changes.
    let (first, before, own) = (now.clone(), left.clone(), applied.len());
    for _ in 0..REPAIRS {
        if errors(&left) == 0 {
            break;
        }
        if !can_be_shown(&now) {
            assumed.push("the file is too long for a model".to_owned());
            break;
        }
        let wrong = problems(&now, &left.iter().filter(|it| is_error(it)).cloned().collect::<Vec<_>>());
        let prompt = format!("The workflow:\n{now}\n\nIts problems:\n{wrong}\n{unfit}");
        let said = match model.ask(&mending(&now, means), &prompt, &fields()).await {
            Ok(said) => said,
            Err(failure) => {
                assumed.push(format!("no model could be asked: {}", plain(&failure.message)));
                break;
            }
        };
        took.rounds += 1;
        took.tokens += said.tokens;
        match read(&said.value, &now) {
            Said::Answer(answer) => {
                let told = answer.question.or(answer.reason).unwrap_or_default();
                assumed.push(format!("the model leaves the rest: {told}"));
                break;
            }
            Said::Unfit(why) => unfit = format!("\nYour edits do not fit: {why}\n"),
            Said::Text(fresh, more) => {
                let fresh = mend(&fresh, means.catalog);
                // What makes it worse is not taken.
                if errors(&fresh.left) > errors(&left) {
                    let wrong = problems(&fresh.text, &fresh.left);
                    unfit =
                        format!("\nYour edits were not taken, since they brought more problems: {wrong}\n");
                    continue;
                }
                if let Some(question) = unasked(text, &fresh.text, means) {
                    assumed.push(format!("what the model would have changed was not taken: {question}"));
                    break;
                }
                applied.push(json!({ "by": "model", "title": summary(&now, &fresh.text) }));
                applied.extend(fresh.applied.iter().map(shown));
                assumed.extend(more);
                (now, left) = (fresh.text, fresh.left);
                unfit.clear();
            }
        }
    }
    // What still is no workflow nobody can look through: nothing that a model put there is taken.
    if now != first && dsl::check(&now, means.catalog).workflow.is_none() {
        assumed.push("what the model changed was not taken, since errors are left behind it".to_owned());
        (now, left) = (first, before);
        applied.truncate(own);
    }
    (answered(&Mended { was: text, text: &now, left: &left }, applied, assumed, means), took)
}

/// What a mended text would do and must be asked about; nothing also while it is no workflow.
fn unasked(was: &str, text: &str, means: &Means<'_>) -> Option<String> {
    let workflow = dsl::check(text, means.catalog).workflow?;
    let found = guard::look_mended(was, (&workflow, text));
    (!found.is_empty()).then(|| found.question())
}

/// How many lines a model changed.
fn summary(was: &str, text: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (was.lines().collect(), text.lines().collect());
    let gone = old.iter().filter(|line| !new.contains(line)).count();
    let fresh = new.iter().filter(|line| !old.contains(line)).count();
    format!("change {} of its lines", gone.max(fresh))
}

fn shown(fix: &Applied) -> Value {
    json!({ "by": "checker", "code": fix.code.id(), "line": fix.line, "title": fix.title })
}

fn is_error(found: &Diagnostic) -> bool {
    found.severity == Severity::Error
}

fn errors(found: &[Diagnostic]) -> usize {
    found.iter().filter(|it| is_error(it)).count()
}

/// A text with what is left of it.
struct Mended<'a> {
    was: &'a str,
    text: &'a str,
    left: &'a [Diagnostic],
}

fn answered(mended: &Mended<'_>, applied: Vec<Value>, assumed: Vec<String>, means: &Means<'_>) -> Answer {
    let workflow = dsl::check(mended.text, means.catalog).workflow;
    let mut answer = match workflow {
        Some(workflow) => {
            let played = simulate::simulate(mended.text, &workflow, means.catalog, means.here);
            told(mended.text, &workflow, means, assumed, &played)
        }
        None => Answer {
            reason: Some(format!(
                "what is left needs a choice: {}",
                problems(
                    mended.text,
                    &mended.left.iter().filter(|it| is_error(it)).cloned().collect::<Vec<_>>()
                )
            )),
            yaml: (mended.text != mended.was).then(|| mended.text.to_owned()),
            assumptions: assumed,
            ..Answer::empty(Kind::Refusal)
        },
    };
    answer.applied = Some(applied);
    answer.left = Some(dsl::render::json("workflow.yaml", mended.text, mended.left));
    answer
}
