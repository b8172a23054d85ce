//! Answers that are used again: each has a row that costs nothing and says what it would have cost, in the commit of its use and nowhere
//! else; what was paid and what is left of budgets stays as it was.

#![allow(clippy::unwrap_used)]

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use store::calls::{Budget, By, Call, Limits, Outcome, Sum};
use store::{Asker, Batch, Change, Desk, Edit, Kept, NewRun, Plan, Reader, Reused};

fn desk(folder: &Path) -> Arc<Desk> {
    Arc::new(Desk::open(&folder.join("keyway.db"), Duration::from_secs(5)).unwrap())
}

fn make(desk: &Desk, edit: Edit) {
    desk.make(Change::untold(vec![edit])).unwrap().unwrap();
}

fn asker(run: usize) -> Asker {
    Asker { owner: "o".into(), run: format!("r{run}").into(), place: "0.0".into(), attempt: 1 }
}

/// A call of a run, with what came of it.
fn pay(desk: &Desk, run: usize, id: &str, class: &str, cost: Option<i64>) {
    let by = asker(run);
    let call = Call {
        owner: by.owner.to_string(),
        id: id.into(),
        time: 10,
        workflow: "w".into(),
        run: by.run.to_string(),
        step: "ask".into(),
        place: by.place,
        attempt: by.attempt,
        provider: "openai".into(),
        model: "m".into(),
        key: "work".into(),
        payer: "own".into(),
        reserved: Some(1000),
        ..Call::default()
    };
    make(desk, Edit::OpenCall { call: Box::new(call), limits: Limits::default() });
    let outcome = Outcome { cost, tokens: [7, 0, 0, 0, 3, 0], class: class.into(), ..Outcome::default() };
    make(desk, Edit::SettleCall { owner: "o".into(), call: id.into(), outcome });
}

fn kept(run: usize) -> Kept {
    Kept { hash: [u8::try_from(run).unwrap(); 32], time: 10 }
}

fn answered(run: usize) -> Batch {
    let mut batch = Batch::default();
    batch.answered_by.push((kept(run), asker(run)));
    batch
}

fn reused(of: usize, by: usize) -> Batch {
    let mut batch = Batch::default();
    batch.reused.push(Reused { kept: kept(of), by: asker(by), time: 20 });
    batch
}

fn sum(desk: &Desk) -> Sum {
    let reader = Reader::open(desk.path(), Duration::ZERO).unwrap();
    reader.usage("o", By::Workflow, i64::MIN).unwrap().into_iter().next().unwrap_or_default()
}

fn spent(desk: &Desk) -> i64 {
    let reader = Reader::open(desk.path(), Duration::ZERO).unwrap();
    let budgets = reader.budgets("o").unwrap();
    reader.spent(&budgets[0], 1).unwrap()
}

/// What is told beside what must be, after questions whose answers were used again at random: paid, spent of the budget, calls, answers
/// that were used again, what they saved, and of how many that is not known.
fn played(seed: u64) -> ([i64; 6], [i64; 6]) {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    make(
        &desk,
        Edit::Budget(Budget { owner: "o".into(), scope: "owner".into(), name: String::new(), most: 1 << 40 }),
    );
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut chance = |most: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % most).unwrap()
    };
    let (mut paid, mut calls, mut again, mut saved, mut unsaved) = (0, 0, 0, 0, 0);
    // What an answer cost, by the run that asked for it; nothing where a price is not known.
    let mut answers: Vec<(usize, Option<i64>)> = vec![];
    for run in 0..60 {
        if answers.is_empty() || chance(3) == 0 {
            let mut cost = Some(0);
            for at in 0..=chance(3) {
                // The last one answers; one before it may have failed.
                let class = if at == 0 || chance(2) == 0 { "ok" } else { "cut" };
                let one = (chance(8) > 0).then(|| i64::try_from(chance(900)).unwrap());
                pay(&desk, run, &format!("{run}-{at}"), class, one);
                (paid, calls) = (paid + one.unwrap_or(0), calls + 1);
                if class == "ok" {
                    cost = cost.zip(one).map(|(sum, one)| sum + one);
                }
            }
            desk.append(&answered(run)).unwrap();
            answers.push((run, cost));
        } else {
            let (of, cost) = answers[chance(answers.len() as u64)];
            desk.append(&reused(of, run)).unwrap();
            again += 1;
            match cost {
                Some(cost) => saved += cost,
                None => unsaved += 1,
            }
        }
    }
    let told = sum(&desk);
    // A budget counts what is not known with what was reserved.
    let unknown = told.unpriced * 1000;
    let came = [told.cost, spent(&desk), told.calls, told.reused, told.saved, told.unsaved];
    (came, [paid, paid + unknown, calls, again, saved, unsaved])
}

#[test]
fn what_was_paid_stays_and_what_was_saved_is_what_the_answers_had_cost() {
    let mut compared = 0;
    for seed in 0..14 {
        let (came, wanted) = played(seed);
        assert_eq!(came, wanted, "seed {seed}");
        compared += wanted[3];
    }
    assert!(compared > 400, "only {compared} answers were used again");
}

#[test]
fn were_it_counted_as_a_call_more_would_be_paid() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    pay(&desk, 1, "1", "ok", Some(40));
    desk.append(&answered(1)).unwrap();
    desk.append(&reused(1, 2)).unwrap();
    assert_eq!((sum(&desk).cost, sum(&desk).saved), (40, 40));
    pay(&desk, 3, "3", "ok", Some(40));
    assert_eq!(sum(&desk).cost, 80, "this is what a row without a cost is for");
}

#[test]
fn a_row_stands_with_its_use_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    pay(&desk, 1, "1", "ok", Some(40));
    desk.append(&answered(1)).unwrap();
    let with_log = |seq: u64| {
        let mut batch = reused(1, 2);
        let write = |to: &mut Vec<u8>| {
            to.extend_from_slice(b"[]");
            Ok::<_, Infallible>(())
        };
        batch.event(&Arc::from("r2"), seq, 20, write).unwrap();
        batch
    };
    let mut begun = Batch::default();
    begun.plans.push(Plan { digest: [7; 32], body: b"plan".to_vec() });
    let run = NewRun {
        id: "r2".into(),
        workflow: "w".into(),
        owner: None,
        plan: [7; 32],
        state: "running",
        started: 5,
    };
    begun.runs.push(run);
    let write = |to: &mut Vec<u8>| {
        to.extend_from_slice(b"[]");
        Ok::<_, Infallible>(())
    };
    begun.event(&Arc::from("r2"), 1, 5, write).unwrap();
    desk.append(&begun).unwrap();
    assert!(desk.append(&with_log(1)).is_err(), "somebody else has written that row");
    assert_eq!(sum(&desk).reused, 0);
    desk.append(&with_log(2)).unwrap();
    assert_eq!(sum(&desk).reused, 1);
    // Decided anew after a crash, it is the same use.
    desk.append(&with_log(3)).unwrap();
    assert_eq!(sum(&desk).reused, 1);
}

#[test]
fn of_whom_nobody_knows_what_they_asked_there_is_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    pay(&desk, 1, "1", "ok", Some(40));
    desk.append(&reused(1, 2)).unwrap();
    assert_eq!(sum(&desk).reused, 0, "an action without a model, or an answer of an earlier version");
    desk.append(&answered(1)).unwrap();
    // An answer that took its place came at another time.
    let mut later = reused(1, 2);
    later.reused[0].kept.time = 11;
    desk.append(&later).unwrap();
    // Another owner's is nobody else's to count.
    let mut other = reused(1, 2);
    other.reused[0].by.owner = "p".into();
    desk.append(&other).unwrap();
    assert_eq!(sum(&desk).reused, 0);
    // What is cleaned away leaves nothing to count from.
    let mut cleaned = Batch::default();
    cleaned.stale.push(([1; 32], 10));
    desk.append(&cleaned).unwrap();
    desk.append(&reused(1, 3)).unwrap();
    assert_eq!(sum(&desk).reused, 0);
}
