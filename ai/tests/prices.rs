//! Money is exact, tiers count for the whole call, dates decide, and what is not known is never free.

#![allow(clippy::unwrap_used)]

use ai::chat::Keep;
use ai::price::{Bounds, Money, Price, Priced, Rate};
use ai::provider::{Agreed, Agreements, PROVIDERS, Provider, find};
use ai::usage::Usage;
use jiff::civil::{Date, date};
use serde_json::json;

const DAY: Date = date(2026, 11, 29);

fn money(text: &str) -> Money {
    Money::parse(text).unwrap()
}

fn price(json: serde_json::Value) -> Price {
    serde_json::from_value(json).unwrap()
}

#[test]
fn money_is_read_and_written_as_it_is() {
    for text in ["0.00", "1.00", "0.10", "0.000000000001", "1234567.891", "-0.50", "0.0375"] {
        assert_eq!(Money::parse(text).unwrap().to_string(), text);
    }
    assert_eq!(money("3"), money("3.00"));
    for wrong in
        ["", ".5", "5.", "1e3", "0x1", "1,5", "+1", "--1", "0.0000000000001", "1234567890123456", "NaN", " 1"]
    {
        assert_eq!(Money::parse(wrong), None, "{wrong}");
    }
    let read: Vec<Money> = serde_json::from_value(json!([0.1, "0.2", 3, 0.0375])).unwrap();
    assert_eq!(read, [money("0.1"), money("0.2"), money("3"), money("0.0375")]);
    assert_eq!(serde_json::to_value(money("0.30")).unwrap(), json!("0.30"));
    assert_eq!(money("0.1") + money("0.2"), money("0.3"), "which binary fractions do not say");
    assert_eq!(Money::from_units(money("0.000000000001").units()).to_string(), "0.000000000001");
}

#[test]
fn every_price_of_the_files_is_exact_as_a_number() {
    // A number of a file goes through a binary fraction; its shortest text is what was written.
    for written in ["0.0375", "0.006", "0.025", "12.5", "0.028", "1.32", "0.143", "1000000", "0.000001"] {
        let number: f64 = written.parse().unwrap();
        let rate: Rate = serde_json::from_value(json!(number)).unwrap();
        assert_eq!(rate.times(1_000_000), money(written));
    }
    for wrong in [json!(-1), json!(0.0000001), json!(1_000_001), json!("much"), json!(null)] {
        assert!(serde_json::from_value::<Rate>(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn a_cost_is_tokens_times_price_to_the_last_decimal() {
    let price = price(json!({ "input": 3, "cached": 0.3, "write_5m": 3.75, "write_1h": 6, "output": 15 }));
    let usage = Usage {
        input_uncached: 1,
        input_cached: 7,
        cache_write_5m: 3,
        cache_write_1h: 2,
        output_visible: 11,
        output_reasoning: 5,
        estimated: false,
    };
    let cost = price.cost(&usage).known().unwrap();
    assert_eq!(cost.input, money("0.000003"));
    assert_eq!(cost.cached, money("0.0000021"));
    assert_eq!(cost.written, money("0.00002325"));
    assert_eq!(cost.output, money("0.000165"));
    assert_eq!(cost.reasoning, money("0.000075"), "thinking costs as what is written, unless it has a price");
    assert_eq!(cost.total(), money("0.00026835"));
}

#[test]
fn a_tier_counts_for_the_whole_call_once_it_reads_more() {
    let price = price(json!({
        "input": 2, "cached": 0.2, "output": 10,
        "above": [{ "tokens": 1000, "input": 4, "cached": 0.4, "output": 15 }],
    }));
    let cost = |input_uncached, input_cached| {
        let usage = Usage { input_uncached, input_cached, output_visible: 10, ..Usage::default() };
        price.cost(&usage).known().unwrap().total()
    };
    assert_eq!(cost(500, 500), money("0.0012"), "a thousand is not more than a thousand");
    assert_eq!(cost(501, 500), money("0.002354"), "what comes from the cache counts, and all is dearer");
}

#[test]
fn the_most_is_never_passed_and_unknown_where_a_price_is_missing() {
    let price = price(json!({
        "input": 2, "cached": 0.2, "write_5m": 2.5, "write_1h": 4, "output": 10,
        "above": [{ "tokens": 1000, "input": 1, "cached": 0.1, "write_5m": 1.25, "output": 5 }],
    }));
    let most = |input, output, keep| price.most(&Bounds { input, output, keep });
    assert_eq!(most(1000, 10, None), Priced::Known(money("0.0026")));
    // Above the tier all is cheaper here; a call that reads less than it may is dearer.
    assert_eq!(most(1500, 10, None), Priced::Known(money("0.00385")));
    assert_eq!(most(1000, 0, Some(Keep::Hour)), Priced::Known(money("0.004")));
    assert!(
        matches!(most(1500, 0, Some(Keep::Hour)), Priced::Unknown { .. }),
        "an hour has no price above the tier"
    );
}

#[test]
fn what_is_not_known_is_not_free() {
    let agreed = Agreed::default();
    let unknown = |provider: &str, model: &str, day| {
        let provider = find(provider).unwrap();
        match provider.price(model, day, &agreed) {
            Priced::Known(price) => panic!("{price:?}"),
            Priced::Unknown { why } => why,
        }
    };
    assert_eq!(
        unknown("cohere", "command-a-plus-05-2026", DAY),
        "no price of `command-a-plus-05-2026` of Cohere is known for 2026-11-29"
    );
    unknown("cohere", "embed-multilingual-light-v3.0", DAY);
    unknown("openai", "gpt-99", DAY);
    unknown("compatible", "anything", DAY);
    let price = price(json!({ "input": 1 }));
    let usage = Usage { input_uncached: 5, output_visible: 1, ..Usage::default() };
    assert_eq!(price.cost(&usage), Priced::Unknown { why: "no price of what is written is known".into() });
    assert!(price.cost(&Usage { output_visible: 0, ..usage }).known().is_some());
}

#[test]
fn no_model_is_free_by_mistake() {
    for provider in PROVIDERS.iter() {
        for (name, model) in provider.models.iter().chain(&provider.embeddings) {
            for dated in &model.prices {
                let one = Usage { input_uncached: 1, ..Usage::default() };
                assert!(dated.usd.cost(&one).known().unwrap().total() > Money::ZERO, "{name}");
            }
        }
    }
}

#[test]
fn the_owners_price_comes_first_and_dates_decide() {
    let file = "provider: acme\nwire: openai\npaths: { chat: /chat }\n\
                estimate: { times: 1, image: 1, image_at_most: 1 }\nmodels:\n  small:\n    context: 1000\n    \
                prices:\n    - { until: 2026-03-01, usd: { input: 1, output: 2 } }\n    \
                - { from: 2026-03-01, until: 2026-09-01, usd: { input: 3, output: 4 } }\n    \
                - { from: 2026-10-01, usd: { input: 5, output: 6 } }\n";
    let acme = Provider::read(file).unwrap();
    let input = |day, agreed: &Agreed| {
        acme.price("small", day, agreed).known().map(|price| price.input.times(1_000_000))
    };
    let none = Agreed::default();
    assert_eq!(input(date(2020, 1, 1), &none), Some(money("1")));
    assert_eq!(input(date(2026, 2, 28), &none), Some(money("1")));
    assert_eq!(input(date(2026, 3, 1), &none), Some(money("3")));
    assert_eq!(input(date(2026, 9, 1), &none), None, "a gap is not known");
    assert_eq!(input(date(2026, 10, 1), &none), Some(money("5")));
    let agreed: Agreed =
        serde_json::from_value(json!({ "acme": { "small": { "input": 0.5, "output": 1 } } })).unwrap();
    assert_eq!(input(date(2026, 9, 1), &agreed), Some(money("0.5")));
    // As the store keeps them, with days of their own: the one that began last counts.
    let row = |since: &str, until: &str, input: i64| store::calls::Price {
        provider: "acme".into(),
        model: "small".into(),
        since: since.into(),
        until: until.into(),
        input,
        output: Some(9),
        ..Default::default()
    };
    let rows = [
        row("", "2026-02-01", 100_000),
        row("2026-01-01", "", 200_000),
        row("2026-05-01", "2026-06-01", 300_000),
        row("2026-07-01", "no day", 0),
        row("2026-07-02", "", -1),
    ];
    let agreements = Agreements::of(&rows);
    let counted = |day| input(day, &agreements.on(day)).unwrap();
    assert_eq!(counted(date(2025, 12, 31)), money("0.1"));
    assert_eq!(counted(date(2026, 1, 1)), money("0.2"), "of two that count the later one");
    assert_eq!(counted(date(2026, 4, 30)), money("0.2"));
    assert_eq!(counted(date(2026, 5, 1)), money("0.3"));
    assert_eq!(counted(date(2026, 6, 1)), money("0.2"), "what has ended counts no more");
    assert_eq!(counted(date(2026, 9, 1)), money("0.2"), "what cannot be read is never a price of nothing");
    let ended = Agreements::of(&rows[..1]);
    let day = date(2026, 3, 1);
    assert_eq!(input(day, &ended.on(day)), Some(money("3")), "then the file counts again");
}
