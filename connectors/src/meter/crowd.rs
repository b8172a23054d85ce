//! Many workflows with one connection, under a clock that stands still while anybody has something to do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dsl::catalog::FailureKind;
use tokio::time::{Instant, sleep};

use super::{Meter, Metered, Want, Whose};
use crate::connection::Connection;

const WORKFLOWS: usize = 20;
const CALLS: usize = 50;
const LIMIT: u32 = 10;
const PER: Duration = Duration::from_secs(1);

fn line(name: &str) -> Whose {
    Whose { line: name.into(), made: 0 }
}

/// A service that counts.
#[derive(Default)]
struct Double {
    asked: Mutex<Vec<(Instant, usize)>>,
}

impl Double {
    /// The most requests that it saw within the time of a window.
    fn busiest(&self) -> usize {
        let asked = self.asked.lock().unwrap();
        let within =
            |from: &Instant| asked.iter().filter(|(at, _)| *at >= *from && *at - *from < PER).count();
        asked.iter().map(|(at, _)| within(at)).max().unwrap_or_default()
    }

    /// How far a workflow was behind another one, at most, while both still had something to ask.
    fn widest(&self) -> usize {
        let (mut had, mut widest) = (BTreeMap::from_iter((0..WORKFLOWS).map(|workflow| (workflow, 0))), 0);
        for (_, workflow) in &*self.asked.lock().unwrap() {
            *had.entry(*workflow).or_insert(0) += 1;
            let asking = had.values().filter(|calls| **calls < CALLS);
            let (least, most) = (asking.clone().min(), asking.max());
            widest = widest.max(most.unwrap_or(&0) - least.unwrap_or(&0));
        }
        widest
    }
}

/// Asks as a run does: where it is to come later, it comes then. Gives how often it was sent away.
async fn ask(meter: Metered, double: Arc<Double>, (workflow, call): (usize, usize)) -> usize {
    let name = format!("{workflow}.{call}");
    let mut away = 0;
    loop {
        let wants = vec![Want { key: "all".into(), limit: LIMIT, per: PER }];
        match meter.admit(&line("line"), (&name, "a.b"), wants, Some(8)).await {
            Ok(_place) => {
                double.asked.lock().unwrap().push((Instant::now(), workflow));
                sleep(Duration::from_millis(30)).await;
                return away;
            }
            Err(failure) => {
                assert_eq!(failure.kind, FailureKind::RateLimited);
                assert!(failure.retryable && failure.answered);
                away += 1;
                sleep(failure.retry_after.unwrap().try_into().unwrap()).await;
            }
        }
    }
}

/// All workflows at once, the calls of each one behind another. Gives the most times that one call was sent away.
async fn crowd(meters: impl Fn(usize) -> Metered) -> (Arc<Double>, usize) {
    let double = Arc::new(Double::default());
    let mut tasks = vec![];
    for workflow in 0..WORKFLOWS {
        for call in 0..CALLS {
            tasks.push(tokio::spawn(ask(meters(workflow), double.clone(), (workflow, call))));
        }
    }
    let mut away = 0;
    for task in tasks {
        away = away.max(task.await.unwrap());
    }
    (double, away)
}

#[tokio::test(start_paused = true)]
async fn twenty_workflows_keep_within_the_window_and_none_is_starved() {
    let (meter, began) = (Meter::default(), Instant::now());
    let (double, away) = crowd(|workflow| meter.of("o", &workflow.to_string())).await;
    assert_eq!(double.asked.lock().unwrap().len(), WORKFLOWS * CALLS);
    assert_eq!(double.busiest(), LIMIT as usize);
    // Who came first had the first window, before anybody else was there.
    assert!(double.widest() <= LIMIT as usize, "one was {} calls behind another", double.widest());
    assert!(away <= 4, "one was sent away {away} times");
    // Nothing is left unused either: a window's worth in each window.
    let least = PER * (WORKFLOWS * CALLS) as u32 / LIMIT;
    assert!(began.elapsed() < least + least / 10, "{:?} instead of {least:?}", began.elapsed());
    println!("busiest {}, widest {}, away {away}, {:?}", double.busiest(), double.widest(), began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn without_turns_one_workflow_stands_before_all_others() {
    // The control of the test above: for the meter it is one workflow.
    let meter = Meter::default();
    let (double, _) = crowd(|_| meter.of("o", "the only one")).await;
    assert!(double.widest() >= CALLS / 2, "{}", double.widest());
}

#[tokio::test(start_paused = true)]
async fn runs_that_count_by_themselves_pass_the_window() {
    // The control of the test above: a meter for each workflow.
    let meters: Vec<Meter> = (0..WORKFLOWS).map(|_| Meter::default()).collect();
    let (double, _) = crowd(|workflow| meters[workflow].of("o", &workflow.to_string())).await;
    assert!(double.busiest() > LIMIT as usize * 10, "{}", double.busiest());
}

#[tokio::test(start_paused = true)]
async fn a_workflow_that_comes_late_is_next_in_turn() {
    let meter = Meter::default();
    let double = Arc::new(Double::default());
    let first: Vec<_> =
        (0..CALLS).map(|call| tokio::spawn(ask(meter.of("o", "many"), double.clone(), (0, call)))).collect();
    sleep(PER * 2 + Duration::from_millis(1)).await;
    let before = double.asked.lock().unwrap().len();
    ask(meter.of("o", "one"), double.clone(), (1, 0)).await;
    let place = double.asked.lock().unwrap().iter().position(|(_, workflow)| *workflow == 1).unwrap();
    assert!(place - before <= LIMIT as usize + 1, "{place} behind {before}");
    for task in first {
        task.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn who_asked_too_often_keeps_all_others_of_its_connection_back() {
    let meter = Meter::default();
    let (one, other) = (meter.of("o", "a"), meter.of("o", "b"));
    one.hold(&line("line"), Duration::from_secs(1));
    let began = Instant::now();
    drop(other.admit(&line("line"), ("c", "a.b"), vec![], None).await.unwrap());
    assert_eq!(began.elapsed().as_secs(), 1, "a short wait is waited");
    one.hold(&line("line"), Duration::from_secs(60));
    let failure = other.admit(&line("line"), ("c", "a.b"), vec![], None).await.unwrap_err();
    assert_eq!(failure.retry_after.map(|wait| wait.as_secs()), Some(60), "a long one is the engine's");
    drop(other.admit(&line("another line"), ("c", "a.b"), vec![], None).await.unwrap());
    sleep(Duration::from_secs(60)).await;
    drop(other.admit(&line("line"), ("c", "a.b"), vec![], None).await.unwrap());
}

/// How many of ten members ask at once with a connection of this owner, where the service takes three in a while.
async fn at_once(owner: &str) -> usize {
    let (meter, double) = (Meter::default(), Arc::new(Double::default()));
    let connection = Connection { owner: owner.into(), name: "main".into(), ..Connection::nobody("token") };
    for member in 0..10 {
        let metered = meter.of(&format!("member-{member}"), "w");
        let wants = vec![Want { key: "all".into(), limit: 3, per: Duration::from_secs(60) }];
        if metered.admit(&metered.line("slack", &connection), ("c", "a.b"), wants, None).await.is_ok() {
            double.asked.lock().unwrap().push((Instant::now(), member));
        }
    }
    double.busiest()
}

#[tokio::test(start_paused = true)]
async fn a_connection_of_an_organisation_is_counted_once_for_all_its_members() {
    assert_eq!(at_once("organisation").await, 3);
    // The control: each has one of their own.
    assert_eq!(at_once("").await, 10);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_leaves_its_place_to_others() {
    let meter = Meter::default().of("o", "a");
    let place = meter.admit(&line("line"), ("c", "a.b"), vec![], Some(1)).await.unwrap();
    let of = line("line");
    let waiting =
        tokio::time::timeout(Duration::from_millis(50), meter.admit(&of, ("c", "a.b"), vec![], Some(1)));
    assert!(waiting.await.is_err());
    drop(place);
    let began = Instant::now();
    drop(meter.admit(&line("line"), ("c", "a.b"), vec![], Some(1)).await.unwrap());
    drop(meter.admit(&line("line"), ("c", "a.b"), vec![], Some(1)).await.unwrap());
    assert_eq!(began.elapsed(), Duration::ZERO);
}
