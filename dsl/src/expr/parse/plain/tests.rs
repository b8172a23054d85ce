//! What is read without the grammar is read as the grammar reads it: the same nodes at the same places.

use super::nodes;
use crate::expr::parse::by_grammar;

/// Texts that are read here.
const TAKEN: &[&str] = &[
    "this",
    " steps.a.b ",
    "steps . a\t?.b [ 0 ] ?. [ 'k' ].and",
    "len(steps.s0.items)",
    "steps.s1[0] | upper",
    "a | upper |\n lower  | pad( 3 )",
    "f.x + 1",
    "now()",
    "inputs.n * 2 + 3 - inputs.m / 4 > 10 and inputs.n % 2 == 1 or a ?? b ?? 'c' in d",
    "a - b - c * d * e + f",
    "join(split(\"a,b\", ','), upper(x),)",
    "slice(x, 1, 2) != null",
    "true and false",
    "meta.a.cost<=9223372036854775807",
    "nota + android / inn % orb",
];

/// Texts that are left to the grammar: other shapes, and mistakes.
const LEFT: &[&str] = &[
    "",
    "-1",
    "not a",
    "a not in b",
    "(a)",
    "[a]",
    "{ a: 1 }",
    "a ? b : c",
    "1.5",
    "1e3",
    "'a\\n'",
    "'ä'",
    "xs | map(x => x)",
    "a < b < c",
    "a == b == c",
    "steps",
    "steps?.a",
    "steps.a-b",
    "a.b-c",
    "9223372036854775808",
    "nothing(a)",
    "upper()",
    "upper(a, b)",
    "a || b",
    "a === b",
    "a..b",
    "a b",
    "a +",
    "and",
    "a.1",
    "x[0",
    "x[0))",
];

const PIECES: &[&str] = &[
    "a",
    "b.c",
    "steps.a",
    "steps",
    "errors.x",
    "meta",
    "inputs.n",
    "this",
    "true",
    "null",
    "and",
    "or",
    "in",
    "not",
    "1",
    "20",
    "1.5",
    "9223372036854775808",
    "'t'",
    "\"u\"",
    "'",
    "\"",
    "\\",
    "upper",
    "len",
    "join",
    "now",
    "map",
    "filter",
    "nothing",
    "x => x",
    ".",
    "?.",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    ",",
    ":",
    "?",
    "??",
    "|",
    "+",
    "-",
    "*",
    "/",
    "%",
    "<",
    "<=",
    ">",
    ">=",
    "==",
    "!=",
    "=",
    "!",
    " ",
    "  ",
    "\t",
    "\n",
    "é",
    "_",
    "e5",
    "$",
    "@",
    "&",
];

/// Numbers that look like chance, the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }
}

/// True if the text was read here; then the grammar has to read the same.
fn agrees(text: &str) -> bool {
    let Some(read) = nodes(text) else { return false };
    assert_eq!(Ok(read), by_grammar(text), "{text:?}");
    true
}

#[test]
fn the_commonest_shapes_are_read_as_the_grammar_reads_them() {
    for text in TAKEN {
        assert!(agrees(text), "{text:?} is left to the grammar");
    }
    for text in LEFT {
        assert!(!agrees(text), "{text:?} is read without the grammar");
    }
}

#[test]
fn pieces_in_any_order_are_read_as_the_grammar_reads_them() {
    let mut chance = Chance(1);
    let taken = (0..60_000).filter(|_| {
        let text: String = (0..=chance.below(9)).map(|_| PIECES[chance.below(PIECES.len())]).collect();
        agrees(&text)
    });
    assert!(taken.count() > 500);
}

#[test]
fn changed_texts_are_read_as_the_grammar_reads_them() {
    let mut chance = Chance(2);
    let taken = (0..20_000).filter(|_| {
        let mut chars: Vec<char> = TAKEN[chance.below(TAKEN.len())].chars().collect();
        for _ in 0..=chance.below(3) {
            let at = chance.below(chars.len());
            let piece = PIECES[chance.below(PIECES.len())].chars();
            match chance.below(3) {
                0 => drop(chars.splice(at..at, piece)),
                1 => drop(chars.splice(at..=at, piece)),
                _ if chars.len() > 1 => drop(chars.remove(at)),
                _ => {}
            }
        }
        agrees(&chars.into_iter().collect::<String>())
    });
    assert!(taken.count() > 1_000);
}

#[test]
fn brackets_nest_as_deep_as_the_grammar_lets_them() {
    for depth in 1..70 {
        let text = format!("{}1{}", "abs(".repeat(depth), ")".repeat(depth));
        assert_eq!(agrees(&text), depth <= super::MAX_BRACKETS, "{depth}");
    }
}
