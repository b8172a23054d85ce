//! Whatever an author writes, the parsers answer, and what they take ends within its budget.

mod shared;

use dsl::expr;
use dsl::span::SpanMap;
use shared::{World, properties};

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
    let mut taken = 0;
    for _ in 0..200_000 {
        let count = 1 + dice.roll(14);
        let text: String = (0..count).map(|_| dice.pick(TOKENS)).collect();
        taken += usize::from(expr::parse(&text, &SpanMap::plain(0, text.len())).is_ok());
        properties::expression(&text);
        properties::template(&text);
    }
    assert!(taken > 1000, "only {taken} rows were expressions");
}

/// The texts of the YAML test suite.
fn suite() -> Vec<String> {
    let lines = include_str!("data/yaml-test-suite/cases.jsonl").lines();
    let yaml =
        |line| serde_json::from_str::<serde_json::Value>(line).ok()?.get("yaml")?.as_str().map(String::from);
    lines.filter_map(yaml).collect()
}

#[test]
fn yaml_that_is_read_is_the_same_when_it_was_written() {
    let mut dice = Dice(3);
    let suite = suite();
    assert_eq!(suite.len(), 402);
    for round in 0..3_000 {
        let mut chars: Vec<char> = suite[round % suite.len()].chars().collect();
        // The texts as they are come first.
        for _ in 0..(round / suite.len()).min(4) {
            let at = dice.roll(chars.len() + 1);
            let end = (at + dice.roll(6)).min(chars.len());
            let piece = dice.pick(&[
                "\n", "  ", "- ", ": ", "\"", "'", "{", "]", "|\n", ">", "&a ", "*a", "#", "\t", "é", "\\x7f",
            ]);
            drop(chars.splice(at..end, piece.chars()));
        }
        let text: String = chars.into_iter().collect();
        properties::yaml(&text);
        properties::checker(&text);
    }
}

/// What a piece of a well-formed expression gives: number, text, list, boolean, or anything.
const KINDS: &[char] = &['N', 'T', 'L', 'B', 'A'];

/// Expressions of a kind; a capital letter stands for an expression of that kind.
fn forms(kind: char) -> &'static [&'static str] {
    match kind {
        'N' => &[
            "1",
            "0",
            "2.5",
            "-7",
            "inputs.n",
            "steps.got.body.n",
            "len(L)",
            "len(T)",
            "sum([N, N])",
            "(N + N)",
            "(N * N)",
            "(N - N)",
            "(N / N)",
            "(N % N)",
            "(max(L | map(x => N)) ?? N)",
            "(B ? N : N)",
            "round(N)",
            "count(L, x => B)",
            "abs(N)",
            "[N, N][0]",
        ],
        'T' => &[
            "'a'",
            "'x, y'",
            "\"é\"",
            "inputs.name",
            "(T + T)",
            "upper(T)",
            "json(A)",
            "join(L | map(x => T), T)",
            "replace(T, 'a', T)",
            "csv([{ a: N, b: T }])",
            "yaml(A)",
            "slice(T, N | int, 5)",
            "html(T)",
            "pad(T, 9)",
            "truncate(T, 3)",
            "sha256(T)",
            "uuid()",
            "(inputs.zz ?? T)",
            "(steps.gone?.x ?? T)",
            "format_time(now(), '%Y')",
            "base64(T)",
            "slug(T)",
            "url_encode(T)",
        ],
        'L' => &[
            "[]",
            "inputs.xs",
            "inputs.rows",
            "[A, A]",
            "range(9)",
            "(L + L)",
            "(L | map(x => A))",
            "(L | map((x, i) => [x, i, A]))",
            "(L | filter(x => B))",
            "(L | sort_by(x => N))",
            "(L | group_by(x => A))",
            "unique(L)",
            "split(T, ',')",
            "zip(L, L)",
            "flatten([L, L])",
            "chunk(L, 2)",
            "reverse(L)",
            "keys({ a: A })",
            "parse_csv('a,b\\n1,2')",
            "(L ?? L)",
            "compact(L)",
        ],
        'B' => &[
            "true",
            "false",
            "(N < N)",
            "(A == A)",
            "(B and B)",
            "(B or B)",
            "not B",
            "(A in L)",
            "(T in T)",
            "any(L, x => B)",
            "all(L, x => B)",
            "matches(T, '[a-z]+')",
            "starts_with(T, T)",
            "(B ?? B)",
        ],
        _ => &[
            "N",
            "T",
            "L",
            "B",
            "null",
            "{ a: A, 'b c': A }",
            "steps.got",
            "errors.gone",
            "now()",
            "steps.gone",
            "secret('token')",
        ],
    }
}

fn expression(dice: &mut Dice, kind: char, depth: usize, out: &mut String) {
    let forms = forms(kind);
    // The first forms are leaves.
    let form = forms[dice.roll(if depth == 0 { 2 } else { forms.len() })];
    let mut within_word = false;
    for char in form.chars() {
        if KINDS.contains(&char) && !within_word {
            let leaf = if char == 'A' { KINDS[dice.roll(4)] } else { char };
            expression(dice, leaf, depth.saturating_sub(1), out);
        } else {
            out.push(char);
        }
        within_word = char.is_alphanumeric();
    }
}

#[test]
fn what_is_well_formed_ends_within_its_budget() {
    let mut dice = Dice(42);
    let world = World::new();
    let (mut parsed, mut values) = (0, 0);
    for round in 0..10_000 {
        let mut text = String::new();
        let kind = KINDS[round % KINDS.len()];
        expression(&mut dice, kind, round % 6, &mut text);
        let expr = match expr::parse(&text, &SpanMap::plain(0, text.len())) {
            Ok(expr) => expr,
            Err(faults) => {
                assert!(faults.iter().all(|fault| fault.code.id() == "KW0302"), "{text}: {faults:?}");
                continue;
            }
        };
        parsed += 1;
        if let Ok(value) = expr::eval(&expr, &world) {
            values += 1;
            assert!(value.weight(usize::MAX) <= 17 << 20 && value.depth() <= dsl::value::MAX_DEPTH, "{text}");
        }
    }
    assert!(parsed > 9000 && values > 5000, "{parsed} were taken, {values} had a value");
}
