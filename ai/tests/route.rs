//! The first router: what is chosen, why, and why nothing else.

#![allow(clippy::unwrap_used)]

mod exchanges;

use std::collections::BTreeSet;

use ai::chat::Question;
use ai::health::Gate;
use ai::price::Money;
use ai::provider::{Agreed, Feature, PROVIDERS, Quality, find};
use ai::route::{Basis, Choice, Need, Offer, Strategy, Why, choose};
use exchanges::{Dice, now};
use jiff::civil::{Date, date};

const DAY: Date = date(2026, 11, 29);

/// A key for each of these providers, with all of its models.
fn offers(providers: &[&str]) -> Vec<Offer<'static>> {
    let of = |name: &&str| {
        let provider = find(name).unwrap();
        provider.models.keys().map(move |model| Offer { provider, name: model, model, key: "k" })
    };
    providers.iter().flat_map(of).collect()
}

fn need(quality: Quality, features: &[Feature]) -> Need {
    let features = features.iter().copied().collect();
    Need { model: None, quality, features, writes: 200, limit: None, strategy: Strategy::Cheapest }
}

fn chosen<'a>(need: &Need, question: &Question, offers: &[Offer<'a>]) -> Choice<'a> {
    choose(need, question, offers, &Basis::of_prices(DAY, &Agreed::default()))
}

fn hello() -> Question {
    let mut question = Question::new("", "Sort this mail: it is about the bridge.");
    question.max_output = Some(500);
    question
}

#[test]
fn the_cheapest_that_is_good_enough_is_asked() {
    let choice =
        chosen(&need(Quality::Standard, &[Feature::Tools]), &hello(), &offers(&["openai", "anthropic"]));
    assert_eq!(
        choice.why,
        "`gpt-5.4-mini` of OpenAI: the cheapest of 14 that meet the need; about 0.0009105 USD"
    );
    assert!(choice.rejected.iter().all(|(_, why)| *why == Why::Quality));
    let choice = chosen(&need(Quality::Low, &[]), &hello(), &offers(&["openai", "anthropic"]));
    assert_eq!(choice.candidates[0].offer.name, "gpt-5-nano");
    let choice =
        chosen(&need(Quality::High, &[Feature::Images, Feature::Json]), &hello(), &offers(&["deepseek"]));
    assert_eq!(choice.why, "none of 4 models meets the need");
}

#[test]
fn a_model_that_the_step_names_is_asked_whatever_its_quality() {
    let mut wanted = need(Quality::High, &[]);
    for name in ["gpt-6-luna", "openai/gpt-6-luna"] {
        wanted.model = Some(name.into());
        let choice = chosen(&wanted, &hello(), &offers(&["openai", "gemini"]));
        assert_eq!(choice.candidates.len(), 1);
        assert!(
            choice.why.starts_with("`gpt-6-luna` of OpenAI: it was asked for by name; about 0.0"),
            "{}",
            choice.why
        );
    }
    wanted.model = Some("azure/gpt-6-luna".into());
    assert_eq!(chosen(&wanted, &hello(), &offers(&["openai"])).why, "there is no key for `azure/gpt-6-luna`");
    wanted.model = Some("command-r7b-12-2024".into());
    wanted.features = [Feature::Images].into();
    let choice = chosen(&wanted, &hello(), &offers(&["cohere"]));
    assert_eq!(choice.why, "`command-r7b-12-2024` cannot be asked");
    assert!(choice.rejected.iter().any(|(_, why)| *why == Why::Lacks(Feature::Images)));
    assert_eq!(chosen(&need(Quality::Low, &[]), &hello(), &[]).why, "there is no key for any model");
}

#[test]
fn a_deployment_is_priced_as_its_model() {
    let azure = find("azure").unwrap();
    let offer = Offer { provider: azure, name: "my-luna", model: "gpt-6-luna", key: "k" };
    let choice = chosen(&need(Quality::Low, &[]), &hello(), &[offer]);
    assert_eq!(
        choice.why,
        "`my-luna` of Azure OpenAI: the only one that meets the need; about 0.0001014 USD"
    );
    let unmapped = Offer { model: "my-luna", ..offer };
    let choice = chosen(&need(Quality::Low, &[]), &hello(), &[unmapped]);
    assert_eq!(choice.rejected[0].1, Why::NotKnown);
}

#[test]
fn what_has_no_price_comes_last_and_not_at_all_under_a_limit() {
    let mut asked = need(Quality::High, &[]);
    let all = offers(&["cohere", "deepseek"]);
    let choice = chosen(&asked, &hello(), &all);
    let names: Vec<&str> = choice.candidates.iter().map(|candidate| candidate.offer.name).collect();
    assert_eq!(names, ["deepseek-v4-pro", "command-a-plus-05-2026"]);
    assert_eq!(choice.candidates[1].likely, None);
    asked.limit = Money::parse("1");
    let choice = chosen(&asked, &hello(), &all);
    assert_eq!(choice.candidates.len(), 1);
    let unpriced = choice.rejected.iter().find(|(offer, _)| offer.name == "command-a-plus-05-2026").unwrap();
    assert_eq!(unpriced.1, Why::NoPrice);
    asked.limit = Money::parse("0.0001");
    let choice = chosen(&asked, &hello(), &all);
    let dear = choice.rejected.iter().find(|(offer, _)| offer.name == "deepseek-v4-pro").unwrap();
    let Why::TooDear(most) = dear.1 else { panic!("{:?}", dear.1) };
    assert_eq!(dear.1.words(), format!("a call may cost {most} USD, which is more than the limit"));
}

#[test]
fn what_is_too_long_retired_or_shut_is_not_asked() {
    let huge = Question::new("", "word ".repeat(200_000));
    let choice = chosen(&need(Quality::Low, &[]), &huge, &offers(&["anthropic"]));
    let small = choice.rejected.iter().find(|(offer, _)| offer.name == "claude-haiku-4-5").unwrap();
    assert!(small.1.words().starts_with("it holds 200000 tokens, and 210"), "{}", small.1.words());

    let agreed = Agreed::default();
    let late = Basis::of_prices(date(2029, 1, 1), &agreed);
    let choice = choose(&need(Quality::Low, &[]), &hello(), &offers(&["azure"]), &late);
    assert!(choice.rejected.iter().any(|(_, why)| *why == Why::Retired(date(2027, 9, 21))));

    let shut = |offer: &Offer<'_>| match offer.name {
        "gpt-6-luna" => Gate::Shut { until: now(), why: "the provider failed (OpenAI)".into() },
        _ => Gate::Open,
    };
    let basis = Basis { gate: &shut, ..Basis::of_prices(DAY, &agreed) };
    let choice = choose(&need(Quality::Low, &[]), &hello(), &offers(&["openai"]), &basis);
    let luna = choice.rejected.iter().find(|(offer, _)| offer.name == "gpt-6-luna").unwrap();
    assert_eq!(luna.1.words(), "it is left alone until 2026-11-01T12:00:00Z: the provider failed (OpenAI)");
}

#[test]
fn whatever_is_needed_each_model_is_a_candidate_or_has_a_reason_and_none_is_cheaper_than_the_first() {
    let names: Vec<&str> = PROVIDERS.iter().map(|provider| &*provider.name).collect();
    let all = offers(&names);
    let features = [Feature::Tools, Feature::Images, Feature::Json, Feature::Reasoning, Feature::Cache];
    let mut dice = Dice(0xD1B5_4A32_D192_ED03);
    for _ in 0..500 {
        let most = 1 << dice.roll(21);
        let mut question = Question::new("", "x".repeat(dice.roll(most)));
        question.max_output = (dice.roll(2) == 0).then_some(dice.roll(20_000) as u64);
        let quality = [Quality::Low, Quality::Standard, Quality::High][dice.roll(3)];
        let wanted: BTreeSet<Feature> = features.into_iter().filter(|_| dice.roll(4) == 0).collect();
        let limit = (dice.roll(2) == 0).then(|| Money::from_units(dice.roll(1_000_000_000_000) as i128));
        let wanted: Vec<Feature> = wanted.into_iter().collect();
        let need = Need { writes: dice.roll(5_000) as u64, limit, ..need(quality, &wanted) };
        let choice = chosen(&need, &question, &all);
        assert_eq!(choice.candidates.len() + choice.rejected.len(), all.len());
        for candidate in &choice.candidates {
            let model = candidate.offer.provider.model(candidate.offer.model).unwrap();
            assert!(
                model.quality >= Some(quality) && need.features.iter().all(|feature| model.has(*feature))
            );
            assert!(need.limit.is_none_or(|limit| candidate.most.unwrap() <= limit));
            if let (Some(first), Some(likely)) = (choice.candidates[0].likely, candidate.likely) {
                assert!(first <= likely);
            }
            if let (Some(likely), Some(most)) = (candidate.likely, candidate.most) {
                let within = question.max_output.is_none_or(|limit| need.writes <= limit);
                assert!(!within || need.writes > 4_000 || likely <= most, "{likely} {most}");
            }
        }
        let again = chosen(&need, &question, &all);
        let order = |choice: &Choice<'_>| {
            choice
                .candidates
                .iter()
                .map(|one| (one.offer.provider.name.clone(), one.offer.name.to_owned()))
                .collect::<Vec<_>>()
        };
        assert_eq!(order(&choice), order(&again));
    }
}
