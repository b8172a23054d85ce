//! Circuits: what shuts which, for how long, and that one probe goes out at a time; a storm of 429 is kept to.

#![allow(clippy::unwrap_used)]

mod exchanges;

use std::time::Duration;

use ai::health::{Asked, Call, Gate, Health};
use ai::refusal::{Class, Refusal};
use exchanges::{Dice, now};
use jiff::Timestamp;

fn asked(provider: &str, model: &str, key: &str) -> Asked {
    Asked { provider: provider.into(), model: model.into(), key: key.into() }
}

fn at(seconds: u64) -> Timestamp {
    now() + Duration::from_secs(seconds)
}

/// A call that went out long ago, when nothing was shut.
fn old(asked: &Asked) -> Call {
    Call { asked: asked.clone(), began: Timestamp::UNIX_EPOCH }
}

fn refusal(class: Class, wait: Option<u64>) -> Refusal {
    Refusal { wait: wait.map(Duration::from_secs), ..Refusal::new(class, class.name()) }
}

/// When it may be tried, where it is shut.
fn until(health: &Health, asked: &Asked, now: Timestamp) -> Option<Timestamp> {
    match health.gate(asked, now) {
        Gate::Open | Gate::Probe => None,
        Gate::Shut { until, .. } => Some(until),
    }
}

#[test]
fn a_wrong_key_is_off_until_it_is_changed_and_others_go_on() {
    let mut health = Health::default();
    let wrong = asked("openai", "a", "1");
    health.refused(&old(&wrong), &refusal(Class::BadKey, None), at(0));
    let years = at(20 * 365 * 24 * 3600);
    assert!(until(&health, &wrong, years).is_some());
    assert!(until(&health, &asked("openai", "b", "1"), years).is_some(), "with every model");
    assert_eq!(health.gate(&asked("openai", "a", "2"), at(0)), Gate::Open);
    health.renewed("1");
    assert_eq!(health.gate(&wrong, at(0)), Gate::Open);
}

#[test]
fn a_rate_limit_shuts_the_key_with_the_model_for_the_time_that_was_asked_for() {
    let mut health = Health::default();
    let limited = asked("openai", "a", "1");
    health.refused(&old(&limited), &refusal(Class::RateLimited, Some(20)), at(0));
    assert_eq!(until(&health, &limited, at(19)), Some(at(20)));
    assert_eq!(health.gate(&asked("openai", "b", "1"), at(1)), Gate::Open, "another model");
    assert_eq!(health.gate(&asked("openai", "a", "2"), at(1)), Gate::Open, "another key");
    assert_eq!(health.gate(&limited, at(20)), Gate::Probe);
}

#[test]
fn a_call_that_began_before_does_not_open_what_was_shut() {
    let mut health = Health::default();
    let limited = asked("openai", "a", "1");
    health.refused(&old(&limited), &refusal(Class::RateLimited, Some(20)), at(0));
    health.answered(&old(&limited));
    assert_eq!(until(&health, &limited, at(19)), Some(at(20)));
    health.refused(&old(&limited), &refusal(Class::RateLimited, Some(1)), at(6));
    assert_eq!(until(&health, &limited, at(19)), Some(at(20)), "nor does a shorter time shorten it");
}

#[test]
fn one_probe_goes_out_and_what_comes_of_it_decides() {
    let mut health = Health::default();
    let busy = asked("anthropic", "a", "1");
    let other = asked("anthropic", "a", "2");
    health.refused(&old(&busy), &refusal(Class::Overloaded, None), at(0));
    assert_eq!(until(&health, &other, at(0)), Some(at(5)), "the model is busy for all keys");
    assert_eq!(health.gate(&other, at(5)), Gate::Probe);
    let probe = health.begin(&other, at(5));
    assert!(until(&health, &busy, at(6)).is_some(), "a second does not go out");
    assert!(
        health.is_probed(&busy, at(6)) && !health.is_probed(&busy, at(4)),
        "it waits for the first alone"
    );
    health.refused(&old(&busy), &refusal(Class::Invalid, None), at(6));
    assert!(until(&health, &busy, at(6)).is_some(), "nor when another call comes back");
    health.refused(&probe, &refusal(Class::Overloaded, None), at(7));
    assert_eq!(until(&health, &busy, at(7)), Some(at(17)), "the pause doubles");
    assert!(!health.is_probed(&busy, at(7)));
    let probe = health.begin(&busy, at(17));
    health.answered(&probe);
    assert_eq!(health.gate(&other, at(18)), Gate::Open);
    health.refused(&old(&busy), &refusal(Class::Overloaded, None), at(19));
    assert_eq!(until(&health, &busy, at(19)), Some(at(24)), "an answer begins anew");
}

#[test]
fn a_probe_that_is_lost_does_not_shut_for_ever() {
    let mut health = Health::default();
    let busy = asked("anthropic", "a", "1");
    health.refused(&old(&busy), &refusal(Class::Overloaded, None), at(0));
    let _lost = health.begin(&busy, at(5));
    assert_eq!(until(&health, &busy, at(300)), Some(at(605)));
    assert_eq!(health.gate(&busy, at(605)), Gate::Probe);
}

#[test]
fn several_failures_shut_a_model_and_many_a_provider() {
    let mut health = Health::default();
    let broken = refusal(Class::Broken, None);
    for second in 0..4 {
        health.refused(&old(&asked("gemini", "a", "1")), &broken, at(second));
    }
    assert_eq!(health.gate(&asked("gemini", "a", "1"), at(4)), Gate::Open, "four are not enough");
    health.refused(&old(&asked("gemini", "a", "1")), &broken, at(4));
    assert_eq!(until(&health, &asked("gemini", "a", "2"), at(4)), Some(at(34)));
    assert_eq!(health.gate(&asked("gemini", "b", "1"), at(4)), Gate::Open);
    for (second, model) in (5..).zip(["b", "c", "d", "e", "f", "g", "h", "i", "j", "k"]) {
        health.refused(&old(&asked("gemini", model, "1")), &broken, at(second));
    }
    assert!(until(&health, &asked("gemini", "z", "9"), at(15)).is_some(), "fifteen of all models");
    assert_eq!(health.gate(&asked("cohere", "z", "9"), at(15)), Gate::Open);
}

#[test]
fn failures_that_are_far_apart_shut_nothing() {
    let mut health = Health::default();
    for minute in 0..100 {
        health.refused(&old(&asked("gemini", "a", "1")), &refusal(Class::Broken, None), at(20 * minute));
        assert_eq!(health.gate(&asked("gemini", "a", "1"), at(20 * minute)), Gate::Open);
    }
}

#[test]
fn what_is_the_questions_own_fault_shuts_nothing() {
    let mut health = Health::default();
    let same = asked("openai", "a", "1");
    for class in [Class::TooLong, Class::Filtered, Class::NotOffered, Class::Invalid] {
        (0..50).for_each(|second| health.refused(&old(&same), &refusal(class, None), at(second)));
    }
    assert_eq!(health.gate(&same, at(50)), Gate::Open);
}

#[test]
fn a_storm_of_ten_minutes_lets_no_call_out_before_its_time() {
    let keys: Vec<Asked> = ["1", "2", "3"]
        .into_iter()
        .map(|key| asked("openai", "a", key))
        .chain([asked("gemini", "b", "4")])
        .collect();
    let mut health = Health::default();
    let mut dice = Dice(7);
    let mut due = vec![at(0); keys.len()];
    let mut calls = 0;
    for second in 0..600 {
        // A hundred wait for any of them, every second.
        for _ in 0..100 {
            let key = dice.roll(keys.len());
            if until(&health, &keys[key], at(second)).is_some() {
                continue;
            }
            assert!(at(second) >= due[key], "asked before its time");
            let call = health.begin(&keys[key], at(second));
            let wait = 1 + dice.roll(60) as u64;
            health.refused(&call, &refusal(Class::RateLimited, Some(wait)), at(second));
            due[key] = at(second + wait);
            calls += 1;
        }
    }
    assert!((60..200).contains(&calls), "{calls} of 60,000 went out");
}

#[test]
fn whatever_happens_there_is_one_probe_at_a_time_and_a_way_back() {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for _ in 0..200 {
        let mut health = Health::default();
        let mut out: Vec<(Call, Gate)> = vec![];
        let mut second = 0;
        for _ in 0..200 {
            second += 1 + dice.roll(20) as u64;
            let who =
                asked(["p", "q"][dice.roll(2)], ["a", "b"][dice.roll(2)], ["1", "2", "3"][dice.roll(3)]);
            let gate = health.gate(&who, at(second));
            if let Gate::Probe = gate {
                let twice = out.iter().any(|(call, gate)| *gate == Gate::Probe && call.asked == who);
                assert!(!twice, "a second probe");
            }
            match gate {
                Gate::Open | Gate::Probe => out.push((health.begin(&who, at(second)), gate)),
                Gate::Shut { until, .. } => assert!(until > at(second)),
            }
            if dice.roll(2) == 0 && !out.is_empty() {
                let (call, _) = out.swap_remove(dice.roll(out.len()));
                match Class::ALL.get(dice.roll(14)) {
                    Some(class) => {
                        let wait = (dice.roll(3) == 0).then_some(dice.roll(90) as u64);
                        health.refused(&call, &refusal(*class, wait), at(second));
                    }
                    None => health.answered(&call),
                }
            }
            // What is out for long is lost.
            if out.len() > 6 {
                second += 700;
                out.clear();
            }
        }
        let day = at(second + 2 * 24 * 3600);
        for key in ["1", "2", "3"] {
            health.renewed(key);
            for (provider, model) in [("p", "a"), ("p", "b"), ("q", "a"), ("q", "b")] {
                let who = asked(provider, model, key);
                assert!(until(&health, &who, day).is_none(), "{who:?} is shut for ever");
                let call = health.begin(&who, day);
                health.answered(&call);
                assert_eq!(health.gate(&who, day), Gate::Open);
            }
        }
    }
}
