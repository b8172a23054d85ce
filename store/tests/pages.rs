//! Runs of an owner, page by page: the same as all runs, looked through one by one.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use store::pages::Wanted;
use store::{Batch, End, NewRun, Plan, Reader, Writer};

const SOON: Duration = Duration::from_millis(200);

/// Whose the run of a number is: of an earlier version every seventh, else of one of three.
fn owner(at: usize) -> Option<&'static str> {
    match at % 7 {
        0 => None,
        rest => Some(["", "acme", "bravo"][rest % 3]),
    }
}

fn filled(runs: usize) -> (tempfile::TempDir, Reader) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut writer = Writer::open(&path, SOON).unwrap();
    let mut batch = Batch::default();
    batch.plans.push(Plan { digest: [7; 32], body: b"plan".to_vec() });
    for at in 0..runs {
        let id: Arc<str> = format!("r{at:06}").into();
        let workflow = ["one", "two"][at % 2].to_owned();
        let owner = owner(at).map(str::to_owned);
        // Several begin at the same moment.
        let started = (at / 3) as i64;
        batch.runs.push(NewRun { id: id.clone(), workflow, owner, plan: [7; 32], state: "running", started });
        if at % 5 != 0 {
            batch.ends.push(End { run: id, state: "succeeded", ended: started + 1 });
        }
    }
    writer.append(&batch).unwrap();
    drop(writer);
    (folder, Reader::open(&path, SOON).unwrap())
}

#[test]
fn pages_of_an_owner_are_all_their_runs_and_nobody_elses() {
    let (_folder, reader) = filled(600);
    let all = reader.runs().unwrap();
    let number = |id: &str| id[1..].parse::<usize>().unwrap();
    let mut told = 0;
    for own in ["", "acme", "bravo", "nobody"] {
        for workflow in [None, Some("one")] {
            for state in [None, Some("running"), Some("succeeded")] {
                for since in [None, Some(100)] {
                    let expected: Vec<&str> = all
                        .iter()
                        .filter(|run| owner(number(&run.id)).is_none_or(|it| it == own))
                        .filter(|run| workflow.is_none_or(|it| it == run.workflow))
                        .filter(|run| state.is_none_or(|it| it == run.state))
                        .filter(|run| since.is_none_or(|it| run.started >= it))
                        .map(|run| run.id.as_str())
                        .collect();
                    let mut found: Vec<String> = vec![];
                    loop {
                        let wanted = Wanted { workflow, state, since };
                        let before = found.last().map(String::as_str);
                        let page = reader.runs_of(own, before, 7, wanted).unwrap();
                        if page.is_empty() {
                            break;
                        }
                        found.extend(page.into_iter().map(|run| run.id));
                    }
                    assert_eq!(found, expected, "{own} {workflow:?} {state:?} {since:?}");
                    told += found.len();
                }
            }
        }
        let waiting: Vec<String> =
            reader.unfinished_of(own, 1000).unwrap().into_iter().map(|run| run.id).collect();
        let expected: Vec<String> = all
            .iter()
            .filter(|run| run.ended.is_none() && owner(number(&run.id)).is_none_or(|it| it == own))
            .map(|run| run.id.clone())
            .collect();
        assert_eq!(waiting, expected, "{own}");
    }
    assert!(told > 1000, "{told}");
    assert!(reader.runs_of("acme", Some("nowhere"), 7, Wanted::default()).unwrap().is_empty());
}

#[test]
fn who_has_few_runs_does_not_wait_for_those_of_others() {
    // The control is the list of all, which is what was read before there was a column.
    let (_folder, reader) = filled(20_000);
    let least = |read: &dyn Fn() -> usize| {
        let took = |read: &dyn Fn() -> usize| {
            let began = Instant::now();
            let count = read();
            (began.elapsed(), count)
        };
        (0..5).map(|_| took(read)).min().unwrap()
    };
    let (own, count) = least(&|| reader.runs_of("acme", None, 20, Wanted::default()).unwrap().len());
    let (all, _) = least(&|| reader.runs().unwrap().len());
    println!("twenty of an owner: {own:?}; all: {all:?}");
    assert!(count == 20 && own * 10 < all, "{own:?} of {all:?}");
}
