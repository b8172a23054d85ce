//! Recorded outcomes, asked again: the product's own way of asking a model, with its router, its cascade, its vault, its ledger and
//! its report, against a double that answers as the models did.

mod double;
pub mod figures;
mod form;
pub mod lesson;
pub mod trial;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ai::ask::{self, Asking, Heard, Models, Reach};
use ai::price::Money;
use ai::savings::Savings;
use anyhow::{Context, Result};
use dsl::value::Value;
use dsl::workflow::ACCOUNT;
use server::Secret;
use server::home::Home;
use store::calls::{Answered, By};
use store::{Desk, Reader};
use vault::{Entry, Kind, LOCAL, Vault, Who};

use crate::outcomes::Row;
use lesson::Learned;

/// Whether the step tells itself whether an answer fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It wants a text, of any form.
    Text,
    /// It says what it returns, and a cheap model is asked first.
    Checked,
    /// It wants a text of a cheap model: what `Checked` is without its check.
    Unchecked,
}

/// What came of a question.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The model whose answer was used; nothing where the step failed.
    pub model: Option<String>,
    /// What all its calls cost.
    pub cost: Money,
    /// How many calls there were.
    pub calls: usize,
    /// True if a better model had to stand in.
    pub escalated: bool,
    /// Why its first model was asked.
    pub why: String,
}

/// What came of all.
pub struct Replayed {
    /// Of each row, in order.
    pub ended: Vec<Ended>,
    /// What the product's report says.
    pub report: Savings,
    /// What the product's sums over the ledger say.
    pub ledger: Money,
}

/// Asks all rows again.
///
/// # Errors
/// Where a store cannot be made, written or read.
pub fn replay(learned: &Learned, rows: &[Row], step: Step) -> Result<Replayed> {
    let folder = tempfile::tempdir()?;
    let home = Home::new(folder.path().join("data")).with_keys(folder.path().join("roots"));
    let vault = server::safe::open(&home)?;
    let address = double::start(rows);
    key(&vault, &format!("http://{address}/v1"))?;
    let desk = Arc::new(Desk::open(&home.database(), Duration::from_secs(5))?);
    let ways = learned.ways();
    let (models, vault) = (Models::with(desk, ways), Arc::new(vault));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    for (at, row) in rows.iter().enumerate() {
        let run = run(at);
        let asking = Asking {
            models: &models,
            vault: vault.clone(),
            owner: LOCAL,
            by: ask::By::Step { run: &run, place: "0.0".into(), attempt: 1, hand: &|_| Heard::Nobody },
            reach: Reach::Private,
            tally: ask::Tally::default(),
        };
        // A step that fails has no answer, and its calls are in the ledger.
        drop(runtime.block_on(ai::ask::ask(&asking, &args(row, step))));
    }
    models.settled();
    let reader = Reader::open(&home.database(), Duration::from_secs(5))?;
    let answered = reader.answered(LOCAL, i64::MIN)?;
    let sums = reader.usage(LOCAL, By::Owner, i64::MIN)?;
    let ledger = Money::from_units(sums.iter().map(|sum| i128::from(sum.cost)).sum());
    let report = Savings::of(&answered, learned.providers);
    let mut by_run: BTreeMap<String, Vec<Answered>> = BTreeMap::new();
    for answered in answered {
        by_run.entry(answered.call.run.clone()).or_default().push(answered);
    }
    let ended = (0..rows.len())
        .map(|at| by_run.get(&run(at)).map(|calls| ended(calls)).context("a row was not asked"));
    Ok(Replayed { ended: ended.collect::<Result<_>>()?, report, ledger })
}

fn run(at: usize) -> String {
    format!("r{at}")
}

fn key(vault: &Vault, base: &str) -> Result<()> {
    let endpoint = vault::provider::endpoint(base)?;
    let entry = Entry {
        kind: Kind::Key,
        name: "recorded".into(),
        connector: "openai".into(),
        hosts: vec![endpoint.host],
        settings: BTreeMap::from([("base".to_owned(), endpoint.base)]),
        rank: 100,
        value: Secret::new("sk-recorded-outcomes-0000".into()),
    };
    vault.add(Who { owner: LOCAL, actor: "replay" }, &entry)?;
    Ok(())
}

fn args(row: &Row, step: Step) -> Value {
    let account = [("workflow", Value::text("replay")), ("step", Value::text("ask"))];
    let mut args = vec![("prompt", Value::text(row.shown())), (ACCOUNT, Value::object(account))];
    match step {
        Step::Text => {}
        Step::Checked => args.push(("returns", dsl::types::as_value(&form::returns(row)))),
        Step::Unchecked => args.push(("quality", Value::text("low"))),
    }
    Value::object(args)
}

fn ended(calls: &[Answered]) -> Ended {
    let used = calls.iter().rev().find(|call| call.used);
    // An answer that does not fit and is told so goes back once; if the step fails then, nothing was used.
    let repaired = calls.iter().filter(|call| call.used).count() > 1;
    Ended {
        model: used.filter(|_| !repaired).map(|used| used.call.model.clone()),
        cost: Money::from_units(calls.iter().map(|one| i128::from(one.call.outcome.cost.unwrap_or(0))).sum()),
        calls: calls.len(),
        escalated: calls.iter().any(|one| one.call.level == 2),
        why: calls.first().map_or_else(String::new, |one| one.call.why.clone()),
    }
}
