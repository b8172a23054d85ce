//! The ledger of calls to models: what is reserved counts as spent, so that nobody passes a limit, however many ask at
//! the same moment.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use store::calls::{Budget, By, Call, Limits, Outcome};
use store::{Change, Desk, Edit, Reader, Unfit};

fn desk(folder: &Path) -> Arc<Desk> {
    Arc::new(Desk::open(&folder.join("keyway.db"), Duration::from_secs(5)).unwrap())
}

fn make(desk: &Desk, edit: Edit) -> Result<(), Unfit> {
    desk.make(Change::untold(vec![edit])).unwrap()
}

fn call(owner: &str, id: &str, reserved: Option<i64>) -> Edit {
    let call =
        Call { owner: owner.into(), id: id.into(), time: 10, run: "r".into(), reserved, ..Call::default() };
    Edit::OpenCall {
        call: Box::new(Call { workflow: "w".into(), place: "0.0".into(), ..call }),
        limits: Limits::default(),
    }
}

fn settle(owner: &str, id: &str, cost: i64) -> Edit {
    let outcome = Outcome { cost: Some(cost), class: "ok".into(), ..Outcome::default() };
    Edit::SettleCall { owner: owner.into(), call: id.into(), outcome }
}

fn budget(scope: &str, name: &str, most: i64) -> Edit {
    Edit::Budget(Budget { owner: "o".into(), scope: scope.into(), name: name.into(), most })
}

fn spent(desk: &Desk) -> i64 {
    let reader = Reader::open(desk.path(), Duration::ZERO).unwrap();
    reader.usage("o", By::Owner, i64::MIN).unwrap().iter().map(|sum| sum.cost).sum()
}

/// A hundred threads each make a call that can cost 10 of 300, and costs so much.
fn storm(reserve: Option<i64>) -> i64 {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    make(&desk, budget("owner", "", 300)).unwrap();
    let barrier = Arc::new(std::sync::Barrier::new(100));
    let threads: Vec<_> = (0..100)
        .map(|number| {
            let (desk, barrier) = (desk.clone(), barrier.clone());
            std::thread::spawn(move || {
                let id = number.to_string();
                let went = make(&desk, call("o", &id, reserve)).is_ok();
                // All are under way at once.
                barrier.wait();
                if went {
                    make(&desk, settle("o", &id, 10)).unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    spent(&desk)
}

#[test]
fn a_hundred_calls_at_once_never_pass_the_limit() {
    assert_eq!(storm(Some(10)), 300);
}

#[test]
fn without_a_reservation_they_would() {
    assert!(storm(Some(0)) > 300, "this is what a reservation is for");
}

#[test]
fn what_can_cost_nobody_knows_what_is_refused_under_a_limit_alone() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    assert_eq!(make(&desk, call("o", "1", None)), Ok(()));
    make(&desk, budget("workflow", "other", 5)).unwrap();
    assert_eq!(make(&desk, call("o", "2", None)), Ok(()));
    make(&desk, budget("workflow", "w", 5)).unwrap();
    assert_eq!(make(&desk, call("o", "3", None)), Err(Unfit::Spent));
    assert_eq!(make(&desk, call("another", "3", None)), Ok(()), "a budget is its owner's");
}

#[test]
fn what_was_under_way_when_a_process_died_costs_the_most_that_it_could() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    make(&desk, call("o", "1", Some(70))).unwrap();
    make(&desk, call("o", "2", Some(70))).unwrap();
    make(&desk, settle("o", "2", 5)).unwrap();
    assert_eq!(make(&desk, settle("o", "2", 6)), Err(Unfit::Stale), "a call is settled once");
    make(&desk, Edit::LoseCalls).unwrap();
    assert_eq!(spent(&desk), 75);
    let reader = Reader::open(desk.path(), Duration::ZERO).unwrap();
    let calls = reader.calls_of_run("o", "r").unwrap();
    assert_eq!((&*calls[0].outcome.class, calls[0].outcome.estimated), ("lost", true));
    assert_eq!(make(&desk, settle("o", "1", 1)), Err(Unfit::Stale), "what comes late changes nothing");
}

#[test]
fn a_run_and_a_step_have_limits_over_all_their_tries() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    let limited = |id: &str, run: Option<i64>, step: Option<i64>| {
        let Edit::OpenCall { call, .. } = call("o", id, Some(10)) else { unreachable!() };
        make(&desk, Edit::OpenCall { call, limits: Limits { run, step, month: 0 } })
    };
    assert_eq!(limited("1", Some(15), None), Ok(()));
    assert_eq!(limited("2", Some(15), None), Err(Unfit::Spent));
    assert_eq!(limited("3", None, Some(19)), Err(Unfit::Spent));
    assert_eq!(limited("4", Some(20), Some(20)), Ok(()));
}

#[test]
fn a_token_has_a_budget_of_its_own_and_steps_have_none_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    let asked = |id: &str, token: &str| {
        let Edit::OpenCall { call, limits } = call("o", id, Some(10)) else { unreachable!() };
        let call = Call { token: token.into(), ..*call };
        make(&desk, Edit::OpenCall { call: Box::new(call), limits })
    };
    make(&desk, budget("token", "editor", 20)).unwrap();
    make(&desk, budget("token", "", 0)).unwrap();
    assert_eq!((asked("1", "editor"), asked("2", "editor")), (Ok(()), Ok(())));
    assert_eq!(asked("3", "editor"), Err(Unfit::Spent));
    assert_eq!((asked("4", "other"), asked("5", "")), (Ok(()), Ok(())));
    let reader = Reader::open(desk.path(), Duration::ZERO).unwrap();
    let sums = reader.usage("o", By::Token, i64::MIN).unwrap();
    let by: Vec<_> = sums.iter().map(|sum| (&*sum.name, sum.calls)).collect();
    assert_eq!(by, [("", 1), ("editor", 2), ("other", 1)]);
}

#[test]
fn who_pays_limits_what_others_spend() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    let paid = |owner: &str, id: &str, payer: &str| {
        let Edit::OpenCall { call, limits } = call(owner, id, Some(10)) else { unreachable!() };
        let call = Call { payer: payer.into(), key: "work".into(), ..*call };
        make(&desk, Edit::OpenCall { call: Box::new(call), limits })
    };
    make(&desk, budget("owner", "", 20)).unwrap();
    assert_eq!(paid("ann", "1", "o"), Ok(()));
    assert_eq!(paid("bob", "2", "o"), Ok(()));
    assert_eq!(paid("bob", "3", "o"), Err(Unfit::Spent));
    assert_eq!(paid("bob", "4", "own"), Ok(()), "what bob pays is no business of theirs");
    assert_eq!(paid("o", "5", "own"), Err(Unfit::Spent), "their own runs count as well");
    let reader = Reader::open(desk.path(), Duration::ZERO).unwrap();
    assert_eq!(reader.usage("o", By::Owner, i64::MIN).unwrap().len(), 2, "ann and bob");
    // A key is its payer's: another owner's of the same name is another key.
    make(&desk, Edit::RemoveBudget { owner: "o".into(), scope: "owner".into(), name: String::new() })
        .unwrap();
    make(&desk, budget("key", "work", 30)).unwrap();
    assert_eq!(paid("ann", "6", "own"), Ok(()));
    assert_eq!(paid("ann", "7", "o"), Ok(()));
    assert_eq!(paid("ann", "8", "o"), Err(Unfit::Spent));
}

/// What stands beside each budget after many calls, and what their rows add up to.
fn followed(seed: u64, settles: bool) -> Vec<(i64, i64)> {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    let mut state = seed;
    let mut chance = |most: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % most
    };
    let budgets = [("owner", ""), ("workflow", "w"), ("key", "work"), ("token", "editor")];
    let mut open: Vec<(String, String)> = vec![];
    let mut month = 1_000;
    for id in 0..200 {
        match chance(12) {
            0 => {
                let (scope, name) = budgets[usize::try_from(chance(4)).unwrap()];
                make(&desk, budget(scope, name, 100_000)).unwrap();
            }
            1 => month += i64::try_from(chance(60)).unwrap(),
            2..=5 if settles && !open.is_empty() => {
                let at = usize::try_from(chance(open.len() as u64)).unwrap();
                let (owner, id) = open.swap_remove(at);
                let cost = (chance(4) > 0).then(|| i64::try_from(chance(90)).unwrap());
                let outcome = Outcome { cost, class: "ok".into(), ..Outcome::default() };
                make(&desk, Edit::SettleCall { owner, call: id, outcome }).unwrap();
            }
            6 if settles => {
                make(&desk, Edit::LoseCalls).unwrap();
                open.clear();
            }
            _ => {
                let owner = ["o", "ann"][usize::try_from(chance(2)).unwrap()];
                let payer = ["own", "o"][usize::try_from(chance(2)).unwrap()];
                let reserved = Some(i64::try_from(chance(100)).unwrap());
                let call = Call {
                    owner: owner.into(),
                    id: id.to_string(),
                    time: month + i64::try_from(chance(20)).unwrap(),
                    workflow: ["w", "v"][usize::try_from(chance(2)).unwrap()].into(),
                    key: ["work", "home"][usize::try_from(chance(2)).unwrap()].into(),
                    payer: payer.into(),
                    token: ["", "editor"][usize::try_from(chance(2)).unwrap()].into(),
                    reserved,
                    ..Call::default()
                };
                let limits = Limits { month, ..Limits::default() };
                make(&desk, Edit::OpenCall { call: Box::new(call), limits }).unwrap();
                open.push((owner.into(), id.to_string()));
            }
        }
    }
    let reader = Reader::open(desk.path(), Duration::ZERO).unwrap();
    let stands = reader.budgets("o").unwrap();
    let as_it_stands: Vec<i64> = stands.iter().map(|budget| reader.spent(budget, month).unwrap()).collect();
    for budget in &stands {
        // One that was just set is added up from the rows.
        make(&desk, Edit::Budget(budget.clone())).unwrap();
    }
    let added_up = stands.iter().map(|budget| reader.spent(budget, month).unwrap());
    as_it_stands.into_iter().zip(added_up).collect()
}

#[test]
fn what_stands_beside_a_budget_is_what_its_calls_add_up_to() {
    let mut compared = 0;
    for seed in 0..40 {
        for (stands, adds_up) in followed(seed, seed % 2 == 0) {
            assert_eq!(stands, adds_up, "seed {seed}");
            compared += i32::from(stands > 0);
        }
    }
    assert!(compared > 60, "only {compared} sums were of anything");
}

#[test]
fn a_call_in_a_batch_outlives_its_process_and_stays_reserved() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    make(&desk, budget("owner", "", 25)).unwrap();
    let note = |call: &str, name: &str| {
        let (owner, call, name) = ("o".to_owned(), call.to_owned(), name.to_owned());
        make(&desk, Edit::NoteBatch { owner, call, name }).unwrap();
    };
    make(&desk, call("o", "batched", Some(10))).unwrap();
    note("batched", "");
    make(&desk, call("o", "plain", Some(10))).unwrap();
    make(&desk, Edit::LoseCalls).unwrap();
    let reader = Reader::open(desk.path(), Duration::ZERO).unwrap();
    let classes: Vec<String> =
        reader.calls_of_run("o", "r").unwrap().into_iter().map(|call| call.outcome.class).collect();
    assert_eq!(classes, ["open", "lost"], "the one beside it is lost");
    assert_eq!(make(&desk, call("o", "third", Some(10))), Err(Unfit::Spent), "it is reserved still");
    assert_eq!(reader.batched("o", "plain").unwrap(), None);
    note("batched", "batch_1");
    let found = reader.batched("o", "batched").unwrap().unwrap();
    assert_eq!((&*found.name, found.call.reserved), ("batch_1", Some(10)));
    assert_eq!(reader.batched("p", "batched").unwrap(), None, "it is its owner's");
    assert!(reader.has_batches("o").unwrap() && !reader.has_batches("p").unwrap());
    assert_eq!(reader.left_batches("o").unwrap(), [], "its run has not ended");
    make(&desk, settle("o", "batched", 4)).unwrap();
    assert!(!reader.has_batches("o").unwrap());
    make(&desk, call("o", "third", Some(10))).unwrap();
}

#[test]
fn an_answer_for_which_a_better_model_stood_in_was_not_used_and_a_step_sees_its_own_calls_alone() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    let open = |id: &str, step: &str, run: &str, level: i64, time: i64| {
        let Edit::OpenCall { call, limits } = call("o", id, Some(10)) else { unreachable!() };
        let call = Call { step: step.into(), run: run.into(), level, time, ..*call };
        make(&desk, Edit::OpenCall { call: Box::new(call), limits }).unwrap();
        make(&desk, settle("o", id, 10)).unwrap();
    };
    open("a", "s", "one", 1, 10);
    open("b", "s", "one", 2, 11);
    open("c", "s", "two", 1, 12);
    open("d", "other", "two", 0, 13);
    let reader = Reader::open(desk.path(), Duration::ZERO).unwrap();
    let answered = reader.answered("o", i64::MIN).unwrap();
    let used: Vec<(&str, bool)> =
        answered.iter().map(|answered| (&*answered.call.id, answered.used)).collect();
    assert!(used.contains(&("a", false)) && used.contains(&("b", true)) && used.contains(&("c", true)));
    let levels = |since, most| {
        let calls = reader.calls_of_step(("o", "w", "s"), since, most).unwrap();
        calls.into_iter().map(|call| (call.run, call.level)).collect::<Vec<_>>()
    };
    let [one, better, two] = [("one", 1), ("one", 2), ("two", 1)].map(|(run, level)| (run.to_owned(), level));
    assert_eq!(levels(i64::MIN, 50), [two.clone(), better.clone(), one]);
    assert_eq!(levels(11, 50), [two.clone(), better]);
    assert_eq!(levels(i64::MIN, 1), [two]);
    assert!(reader.calls_of_step(("another", "w", "s"), i64::MIN, 50).unwrap().is_empty());
}
