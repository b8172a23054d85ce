//! Schedules under clocks that jump and processes that die: each instant is accounted for once.

#![allow(clippy::unwrap_used)]

#[path = "schedule/worlds.rs"]
mod worlds;

use dsl::workflow::{CatchUp, Keeping, Moment, Overlap, Start};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use runtime::schedule::{
    AT_ONCE, Before, Decision, Entry, Missed, Outcome, Schedule, decide, enabled, texts,
};
use worlds::{Fault, World};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn cron(expression: &str, keeping: Keeping) -> Start {
    Start::Cron { schedule: expression.into(), keeping }
}

fn kept(start: &Start, since: &str) -> Schedule {
    let text = texts([start]).remove(0);
    Schedule::new("w", (start, text), &TimeZone::UTC, at(since)).unwrap().unwrap()
}

/// What becomes of each instant, as `09:00 start`.
fn told(decision: &Decision) -> Vec<String> {
    let time = |instant: Timestamp| instant.to_string()[11..16].to_owned();
    let one = |entry: &Entry| {
        let outcome = match entry.outcome {
            Outcome::Start => "start",
            Outcome::Replace => "replace",
            Outcome::Queue => "queue",
            Outcome::Skipped => "skipped",
            Outcome::Missed(Missed::NotCaughtUp) => "missed",
            Outcome::Missed(Missed::Later) => "missed for a later one",
            Outcome::Missed(Missed::TooMany) => "missed, too many",
        };
        match entry.count {
            1 => format!("{} {outcome}", time(entry.first)),
            count => format!("{} to {} ({count}) {outcome}", time(entry.first), time(entry.last)),
        }
    };
    decision.entries.iter().map(one).collect()
}

#[test]
fn a_time_that_is_due_starts_once_and_the_next_is_awaited() {
    let schedule = kept(&cron("0 * * * *", Keeping::default()), "2026-01-01T08:30:00Z");
    let first =
        decide(&schedule, enabled(at("2026-01-01T08:30:00Z")), at("2026-01-01T08:59:59Z"), Before::Ended);
    assert_eq!((told(&first), first.wake), (vec![], Some(at("2026-01-01T09:00:00Z"))));
    let second = decide(&schedule, first.accounted, at("2026-01-01T09:00:00.02Z"), Before::Ended);
    assert_eq!((told(&second), second.wake), (vec!["09:00 start".into()], Some(at("2026-01-01T10:00:00Z"))));
    let third = decide(&schedule, second.accounted, at("2026-01-01T09:00:00.02Z"), Before::Ended);
    assert_eq!(told(&third), Vec::<String>::new());
}

#[test]
fn the_instant_of_enabling_is_still_to_come() {
    let schedule = kept(
        &Start::Every { length: SignedDuration::from_mins(10), from: None, keeping: Keeping::default() },
        "2026-01-01T09:00:00Z",
    );
    let decision =
        decide(&schedule, enabled(at("2026-01-01T09:00:00Z")), at("2026-01-01T09:00:00Z"), Before::Ended);
    assert_eq!(told(&decision), ["09:00 start"]);
}

#[test]
fn overlap_says_what_a_further_run_does() {
    let cases = [
        (Overlap::Skip, "skipped"),
        (Overlap::Queue, "queue"),
        (Overlap::Allow, "start"),
        (Overlap::CancelOldest, "replace"),
    ];
    for (overlap, outcome) in cases {
        let schedule =
            kept(&cron("0 * * * *", Keeping { overlap, ..Keeping::default() }), "2026-01-01T00:00:00Z");
        let decision =
            decide(&schedule, at("2026-01-01T08:00:00Z"), at("2026-01-01T09:00:00Z"), Before::UnderWay);
        assert_eq!(told(&decision), [format!("09:00 {outcome}")]);
    }
}

#[test]
fn what_was_missed_follows_catch_up() {
    let decided = |catch_up, now: &str| {
        let keeping = Keeping { catch_up, ..Keeping::default() };
        let schedule = kept(&cron("0 * * * *", keeping), "2026-01-01T00:00:00Z");
        told(&decide(&schedule, at("2026-01-01T08:00:00Z"), at(now), Before::Ended))
    };
    let later = "2026-01-01T11:30:00Z";
    assert_eq!(decided(CatchUp::None, later), ["09:00 to 11:00 (3) missed"]);
    assert_eq!(decided(CatchUp::Latest, later), ["09:00 to 10:00 (2) missed for a later one", "11:00 start"]);
    assert_eq!(decided(CatchUp::All, later), ["09:00 start", "10:00 queue", "11:00 queue"]);
    // The one at 12:00 is on time, and serves for those before it.
    let on_time = "2026-01-01T12:00:01Z";
    assert_eq!(decided(CatchUp::None, on_time), ["09:00 to 11:00 (3) missed", "12:00 start"]);
    assert_eq!(
        decided(CatchUp::Latest, on_time),
        ["09:00 to 11:00 (3) missed for a later one", "12:00 start"]
    );
    assert_eq!(
        decided(CatchUp::All, on_time),
        ["09:00 start", "10:00 queue", "11:00 queue", "12:00 skipped"]
    );
}

#[test]
fn a_hundred_are_made_up_for_at_most() {
    let keeping = Keeping { catch_up: CatchUp::All, overlap: Overlap::Allow, ..Keeping::default() };
    let schedule = kept(&cron("*/10 * * * *", keeping), "2026-01-01T00:00:00Z");
    let decision = decide(&schedule, at("2026-01-01T00:00:00Z"), at("2026-01-02T00:05:00Z"), Before::Ended);
    let started = decision.entries.iter().filter(|entry| entry.outcome == Outcome::Start).count();
    assert_eq!((started, told(&decision)[0].as_str()), (100, "00:10 to 07:20 (44) missed, too many"));
}

#[test]
fn a_leap_of_a_year_takes_few_calls_and_accounts_for_all() {
    let schedule = kept(&cron("*/5 * * * *", Keeping::default()), "2026-01-01T00:00:00Z");
    let (mut accounted, now) = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:02:00Z"));
    let (mut calls, mut count, mut started) = (0, 0, vec![]);
    loop {
        let decision = decide(&schedule, accounted, now, Before::Ended);
        calls += 1;
        count += decision.entries.iter().map(|entry| entry.count).sum::<u64>();
        started.extend(decision.entries.iter().filter(|it| it.outcome == Outcome::Start).map(|it| it.first));
        accounted = decision.accounted;
        if decision.wake.is_none_or(|wake| wake > now) {
            break;
        }
    }
    assert_eq!((count, started), (365 * 288, vec![at("2027-01-01T00:00:00Z")]));
    assert!(calls <= 2 + 365 * 288 / AT_ONCE, "{calls} calls");
}

#[test]
fn a_clock_that_was_set_back_starts_nothing_again() {
    let schedule = kept(&cron("0 * * * *", Keeping::default()), "2026-01-01T00:00:00Z");
    let decision = decide(&schedule, at("2026-01-01T12:00:00Z"), at("2026-01-01T09:00:00Z"), Before::Ended);
    assert_eq!(told(&decision), Vec::<String>::new());
    assert_eq!(decision.accounted, at("2026-01-01T12:00:00Z"));
    assert_eq!(decision.wake, Some(at("2026-01-01T13:00:00Z")));
    assert_eq!(decision.behind, SignedDuration::from_hours(3));
}

#[test]
fn jitter_is_the_same_each_time_and_stays_before_the_next() {
    let keeping = Keeping { jitter: Some(SignedDuration::from_hours(3)), ..Keeping::default() };
    let schedule = kept(&cron("*/10 * * * *", keeping.clone()), "2026-01-01T00:00:00Z");
    let other = Schedule { workflow: "v".into(), ..schedule.clone() };
    let (mut last, mut distances, mut differs) = (at("2026-01-01T00:00:00Z"), vec![], false);
    for _ in 0..200 {
        let next = schedule.timetable.next(last).unwrap();
        let due = schedule.due(next);
        assert_eq!(due, schedule.due(next));
        assert!(due >= next && due < next + SignedDuration::from_mins(10), "{next} is due at {due}");
        differs |= due != other.due(next);
        distances.push(due.duration_since(next).as_secs());
        last = next;
    }
    assert!(differs, "two workflows start together");
    // All over the ten minutes.
    for part in 0..10 {
        assert!(distances.iter().any(|distance| distance / 60 == part), "none in minute {part}");
    }
    let short = Keeping { jitter: Some(SignedDuration::from_secs(5)), ..keeping };
    let short = kept(&cron("*/10 * * * *", short), "2026-01-01T00:00:00Z");
    assert!(short.due(last).duration_since(last) < SignedDuration::from_secs(5));
}

#[test]
fn whole_days_from_a_local_time_keep_it_in_summer() {
    let keeping = Keeping { timezone: Some("Europe/Berlin".into()), ..Keeping::default() };
    let every = |length, from| Start::Every { length, from: Some(from), keeping: keeping.clone() };
    let times = |start: &Start| {
        let schedule = kept(start, "2026-01-01T00:00:00Z");
        let times = std::iter::successors(schedule.timetable.next(at("2026-03-20T00:00:00Z")), |last| {
            schedule.timetable.next(*last)
        });
        times.take(2).map(|time| time.to_string()).collect::<Vec<_>>()
    };
    let week = SignedDuration::from_hours(24 * 7);
    let local = Moment::Local("2026-01-05T09:00".parse().unwrap());
    assert_eq!(times(&every(week, local)), ["2026-03-23T08:00:00Z", "2026-03-30T07:00:00Z"]);
    let exact = Moment::Exact(at("2026-01-05T08:00:00Z"));
    assert_eq!(times(&every(week, exact)), ["2026-03-23T08:00:00Z", "2026-03-30T08:00:00Z"]);
}

#[test]
fn once_is_once() {
    let start = Start::At {
        time: Moment::Local("2026-12-24T09:00".parse().unwrap()),
        timezone: Some("Europe/Berlin".into()),
        catch_up: CatchUp::Latest,
    };
    let schedule = kept(&start, "2026-01-01T00:00:00Z");
    let decision = decide(&schedule, at("2026-01-01T00:00:00Z"), at("2026-12-25T00:00:00Z"), Before::Ended);
    assert_eq!((told(&decision), decision.wake), (vec!["08:00 start".into()], None));
    let again = decide(&schedule, decision.accounted, at("2027-12-25T00:00:00Z"), Before::Ended);
    assert_eq!((told(&again), again.wake), (vec![], None));
}

#[test]
fn the_same_times_have_one_text_and_two_triggers_have_two() {
    let zoned = Keeping { timezone: Some("Europe/Berlin".into()), ..Keeping::default() };
    let starts = [
        cron("0 9 * * MON-FRI", Keeping::default()),
        cron("0  9 * * 1-5", Keeping { overlap: Overlap::Queue, ..Keeping::default() }),
        cron("0 9 * * 1-5", zoned),
        Start::Every { length: SignedDuration::from_hours(48), from: None, keeping: Keeping::default() },
    ];
    let told = texts(&starts);
    assert_eq!(
        told,
        ["cron 0 9 * * 1-5", "cron 0 9 * * 1-5 #2", "cron 0 9 * * 1-5 Europe/Berlin", "every 2d"]
    );
}

/// `KEYWAY_WORLDS` says how many; `KEYWAY_SEED` which one alone.
#[test]
fn each_instant_is_accounted_for_once_whatever_the_clock_does() {
    let mut seen = worlds::Seen::default();
    for seed in worlds::seeds() {
        let mut world = World::new(seed, None);
        if let Err(broken) = world.live() {
            panic!("world {seed}: {broken}\n{:#?}", world.schedule);
        }
        seen.add(&world.seen);
    }
    // Worlds in which nothing happens would prove nothing.
    assert!(seen.is_varied(), "{seen:?}");
}

#[test]
fn a_planted_fault_is_found() {
    for fault in Fault::ALL {
        let found =
            (0..400).find_map(|seed| World::new(seed, Some(fault)).live().err().map(|why| (seed, why)));
        assert!(found.is_some(), "{fault:?} is not found");
    }
}
