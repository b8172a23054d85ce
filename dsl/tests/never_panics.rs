//! Whatever an author writes, the parsers answer, and what they take ends within its budget.

mod shared;

use dsl::expr;
use dsl::span::SpanMap;
use dsl::template::{self, Sink};
use shared::World;

/// A small generator of numbers: the same at every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

const TOKENS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "{{",
    "}}",
    "{{#if ",
    "{{#each ",
    "{{/if}}",
    "{{/each}}",
    "{{else}}",
    "{{else if ",
    "{{~",
    "~}}",
    "{{!--",
    "--}}",
    "\\{{",
    "\\",
    "|",
    "||",
    "&&",
    "??",
    "?.",
    "?",
    ":",
    ",",
    ".",
    "..",
    "+",
    "-",
    "*",
    "/",
    "%",
    "=",
    "==",
    "!=",
    "!",
    "<",
    "<=",
    "=>",
    "not",
    "in",
    "and",
    "or",
    "not in",
    "true",
    "null",
    "steps",
    ".a",
    "inputs",
    "x",
    "xs",
    "é",
    "e\u{301}",
    "\u{301}",
    "1",
    "0.5",
    "1e9",
    "9223372036854775808",
    "5m",
    "'a'",
    "\"b\"",
    "'",
    "\"",
    "\\'",
    "\\u00",
    "\\ud83d",
    "len",
    "map(",
    "x =>",
    "(x, i) =>",
    "upper(",
    "nope(",
    "@index",
    "../",
    "#",
    ">",
    "as |x|",
    " ",
    "  ",
    "\n",
    "\t",
    "\u{a0}",
    "\u{0}",
    "😀",
    "ß",
    "`",
    "$",
    "~",
    "^",
    "&",
    ";",
];

#[test]
fn no_row_of_tokens_makes_a_parser_panic() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let world = World::new();
    let mut taken = 0;
    for _ in 0..200_000 {
        let count = 1 + dice.roll(14);
        let text: String = (0..count).map(|_| dice.pick(TOKENS)).collect();
        let map = SpanMap::plain(3, text.len());
        match expr::parse(&text, &map) {
            Ok(parsed) => {
                taken += 1;
                let _ = (parsed.reads(), parsed.names(), parsed.warnings(), expr::eval(&parsed, &world));
            }
            Err(faults) => {
                assert!(!faults.is_empty(), "{text:?} is refused without a word");
                for fault in faults {
                    let (start, end) = (fault.span.start as usize, fault.span.end as usize);
                    assert!(
                        (3..=3 + text.len()).contains(&start) && end <= 3 + text.len() && start <= end,
                        "{text:?}: {fault:?}"
                    );
                    let place = (start - 3)..(end - 3);
                    assert!(text.get(place).is_some(), "{text:?}: {fault:?}");
                }
            }
        }
        match template::parse(&text, &map, Sink::Text) {
            Ok(arg) => {
                let _ = (arg.reads(), arg.names(), template::fill(&arg, &world));
            }
            Err(faults) => assert!(!faults.is_empty(), "{text:?} is refused without a word"),
        }
    }
    assert!(taken > 1000, "only {taken} rows were expressions");
}

/// An expression that the grammar takes, of about this depth.
fn expression(dice: &mut Dice, depth: usize, out: &mut String) {
    if depth == 0 {
        out.push_str(dice.pick(&[
            "1",
            "0",
            "2.5",
            "'text'",
            "true",
            "null",
            "[]",
            "{}",
            "inputs.n",
            "inputs.xs",
            "inputs.rows",
            "inputs.name",
            "steps.got.body",
            "steps.gone",
            "steps.got?.zz",
            "errors.gone",
            "now()",
            "uuid()",
            "range(50)",
            "secret('T')",
        ]));
        return;
    }
    let mut part = |text: &str, dice: &mut Dice| {
        let mut pieces = text.split('~');
        out.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            expression(dice, depth - 1, out);
            out.push_str(piece);
        }
    };
    const FORMS: &[&str] = &[
        "(~ + ~)",
        "(~ - ~)",
        "(~ * ~)",
        "(~ / ~)",
        "(~ % ~)",
        "(~ ?? ~)",
        "(~ == ~)",
        "(~ < ~)",
        "(~ in ~)",
        "(~ and ~)",
        "(not ~)",
        "(-~)",
        "(~ ? ~ : ~)",
        "[~, ~]",
        "{ a: ~, 'b c': ~ }",
        "(~)[~]",
        "(~)?.a",
        "(~).items",
        "(~ | map(x => ~))",
        "(~ | filter(x => ~))",
        "(~ | map((x, i) => [x, i, ~]))",
        "(~ | sort_by(x => ~))",
        "(~ | group_by(x => ~))",
        "(~ | flatten)",
        "(~ | join(~))",
        "json(~)",
        "csv(~)",
        "yaml(~)",
        "len(~)",
        "sum(~)",
        "unique(~)",
        "range(~)",
        "pad(~, ~)",
        "replace(~, ~, ~)",
        "split(~, ~)",
        "matches(~, ~)",
        "slice(~, ~)",
        "zip(~, ~)",
        "merge(~, ~)",
        "entries(~)",
        "format_time(~, ~)",
        "add_months(~, ~)",
        "round(~, ~)",
        "chunk(~, ~)",
        "truncate(~, ~)",
    ];
    let form = dice.pick(FORMS);
    part(form, dice);
}

#[test]
fn what_is_well_formed_ends_within_its_budget() {
    let mut dice = Dice(42);
    let world = World::new();
    let mut values = 0;
    for round in 0..10_000 {
        let mut text = String::new();
        expression(&mut dice, 1 + round % 4, &mut text);
        let Ok(parsed) = expr::parse(&text, &SpanMap::plain(0, text.len())) else { continue };
        if let Ok(value) = expr::eval(&parsed, &world) {
            values += 1;
            assert!(value.weight(usize::MAX) <= 17 << 20 && value.depth() <= dsl::value::MAX_DEPTH, "{text}");
        }
    }
    assert!(values > 1000, "only {values} had a value");
}
