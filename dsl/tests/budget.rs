//! Each limit of expressions and texts binds, one after the other: what would go beyond it fails, and says so.
//!
//! What goes beyond goes only a little beyond, so that it ends where a limit is switched off. `tests/tests/patches.rs`
//! does that, and wants to see this test fail.

mod shared;

use dsl::span::SpanMap;
use dsl::template::{self, Sink};
use dsl::value::Value;
use shared::{World, halted, run, told};

fn render(text: &str) -> Result<Value, String> {
    let arg =
        template::parse(text, &SpanMap::plain(0, text.len()), Sink::Text).map_err(|faults| told(&faults))?;
    template::fill(&arg, &World::new()).map_err(|halt| halted(&halt))
}

/// A limit, and what it says to something that is too much.
type Row = (&'static str, Result<Value, String>, &'static str);

fn expressions() -> Vec<Row> {
    let world = World::new();
    let of = |text: &str| run(text, &world);
    let shared = format!("[1]{}", " | map(x => [x, x])".repeat(22));
    let nested = format!("[1]{}", " | map(x => [x])".repeat(60));
    let brackets = format!("{}1{}", "(".repeat(70), ")".repeat(70));
    let pipes = format!("1{}", " | abs".repeat(70));
    let long = format!("1{}", " + 1".repeat(2_100));
    let pattern = "matches('a', '(([ab]{90}){90}){3}')";
    vec![
        (
            "steps",
            of("range(1500) | map(x => len(range(1500))) | sum"),
            "limit: the expression takes too many steps",
        ),
        ("made text", of("len(pad('a', 17000000))"), "limit: the result has more than 16 MB"),
        ("weight", of(&shared), "limit: the result has more than 16 MB"),
        ("depth", of(&nested), "limit: the result nests more than 56 deep"),
        ("brackets", of(&brackets), "an expression nests at most 64 deep"),
        ("nesting", of(&pipes), "an expression nests at most 64 deep"),
        ("length", of(&long), "an expression has at most 8192 bytes"),
        ("pattern", of(pattern), "the pattern"),
    ]
}

fn texts() -> Vec<Row> {
    let blocks = format!("{}x{}", "{{#if true}}".repeat(33), "{{/if}}".repeat(33));
    vec![
        ("steps of a text", render("{{#each range(250000)}}{{/each}}"), "the text takes too many steps"),
        ("bytes of a text", render("{{#each range(170)}}{{ pad('a', 100000) }}{{/each}}"), "more than 16 MB"),
        ("blocks", render(&blocks), "blocks nest at most 32 deep"),
        ("tags", render(&"{{#if true}}{{/if}}".repeat(501)), "at most 1000 tags"),
        ("parts", render(&"a{{ 1 }}".repeat(5_001)), "at most 10000 parts"),
    ]
}

#[test]
fn each_limit_binds() {
    let rows = [expressions(), texts()].concat();
    let loose = rows.into_iter().filter(|(_, gave, says)| !matches!(gave, Err(why) if why.contains(says)));
    let loose: Vec<String> = loose
        .map(|(limit, gave, _)| match gave {
            Ok(_) => format!("the limit of `{limit}` does not bind"),
            Err(why) => format!("the limit of `{limit}` says `{why}`"),
        })
        .collect();
    assert!(loose.is_empty(), "{}", loose.join("; "));
}
