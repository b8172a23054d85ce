//! Wishes of people who had read nothing: each has the answer that was found right for it, and no title is made of the wish.
#![allow(clippy::unwrap_used)]

#[path = "support/pages.rs"]
mod pages;

use generate::draft::{Wish, draft};
use generate::eval::{run, suite};
use generate::index::Library;
use generate::plan::Means;
use generate::when::Here;

#[test]
fn each_is_answered_as_it_was_found_right() {
    let catalog = pages::catalog();
    let library = Library::new(&catalog);
    let here = Here::new("2026-01-05T07:30:00Z".parse().unwrap(), "Europe/Berlin").unwrap();
    let means = Means { catalog: &catalog, library: &library, connected: &[], here: &here, answers: &[] };
    let prompts = suite(include_str!("../suites/strangers.txt"));
    assert!(prompts.len() >= 40, "{}", prompts.len());
    let judged = run(&prompts, &means, &mut |wish| {
        let answer = draft(&Wish { text: wish.into(), answers: vec![] }, &means);
        if std::env::var_os("KEYWAY_SHOW").is_some() {
            println!(
                "=== {wish}\n{}{:?}\n",
                answer.yaml.as_deref().unwrap_or_default(),
                answer.question.as_ref().or(answer.reason.as_ref())
            );
            println!("{:?}\n{:?}", answer.assumptions, answer.choices);
        }
        answer
    });
    let unmet: Vec<String> = judged
        .iter()
        .filter(|one| !one.unmet.is_empty())
        .map(|one| format!("{}\n  {}\n{}", one.prompt.wish, one.unmet.join("; "), one.told))
        .collect();
    println!("{} of {} as found right", judged.len() - unmet.len(), judged.len());
    assert!(unmet.is_empty(), "{}", unmet.join("\n\n"));
}
