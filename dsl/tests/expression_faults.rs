//! What is wrong with expressions, in words, with places and fixes; and what they read.

mod shared;

use dsl::diagnostic::Diagnostic;
use dsl::expr::{self, Expr, Root};
use dsl::span::SpanMap;
use shared::told;

fn parse(text: &str) -> Result<Expr, Vec<Diagnostic>> {
    expr::parse(text, &SpanMap::plain(0, text.len()))
}

#[track_caller]
fn faults(rows: &[(&str, &str)]) {
    for (text, wanted) in rows {
        match parse(text) {
            Ok(_) => panic!("{text} is taken"),
            Err(faults) => assert_eq!(told(&faults), *wanted, "{text}"),
        }
    }
}

/// The text after the first fix of the first fault.
#[track_caller]
fn mended(text: &str) -> String {
    let faults = parse(text).expect_err(text);
    let fix = faults[0].fixes.first().unwrap_or_else(|| panic!("{text} has a fix"));
    let mut mended = text.to_owned();
    for edit in fix.edits.iter().rev() {
        mended.replace_range(edit.span.range(), &edit.text);
    }
    mended
}

#[test]
fn the_grammar_speaks_our_words() {
    faults(&[
        ("", "KW0301 0..0 an expression is missing here"),
        ("1 +", "KW0301 2..3 expected a value, the expression ends here"),
        ("1 + * 2", "KW0301 4..5 expected a value, found `*`"),
        ("1 2", "KW0301 2..3 expected an operator or the end, found `2`"),
        ("a b", "KW0301 2..3 expected an operator or the end, found `b`"),
        ("(1", "KW0301 0..1 `(` is never closed"),
        ("1)", "KW0301 1..2 `)` closes nothing"),
        ("[1)", "KW0301 2..3 `)` does not close `[`"),
        ("a ? 1", "KW0301 4..5 expected `:`, the expression ends here"),
        ("{ a 1 }", "KW0301 4..5 expected `:`, found `1`"),
        ("{ 1: 1 }", "KW0301 2..3 expected a name, found `1`"),
        ("steps.", "KW0301 5..6 expected a name, the expression ends here"),
        ("x | 3", "KW0301 4..5 expected the name of a function behind `|`, found `3`"),
        ("x | len > 3", "KW0301 8..9 `>` cannot stand behind a `|` without parentheses"),
        ("1 < 2 < 3", "KW0301 6..7 comparisons do not chain"),
        ("1 == 2 != 3", "KW0301 7..9 comparisons do not chain"),
        ("xs.0", "KW0301 3..4 an item is read by `[0]`, not by `.0`"),
        ("wait > 5m", "KW0301 7..9 `5m` is neither a number nor a name"),
        ("name.upper()", "KW0301 10..11 `.upper(…)` is no call: functions are not part of a value"),
        ("upper name", "KW0301 6..10 the arguments of `upper` stand in parentheses"),
        ("a; b", "KW0301 1..2 `;` means nothing here"),
        ("a `b`", "KW0301 2..3 a text stands in `'…'` or `\"…\"`"),
        ("../a", "KW0301 0..2 there is no `..`"),
        ("{{ a }} > 3", "KW0301 0..2 an expression has no `{{` in it"),
        ("and", "KW0301 0..3 expected a value, found `and`"),
    ]);
}

#[test]
fn what_other_languages_write_is_known() {
    for (wrong, right) in [
        ("a && b", "a and b"),
        ("a&&b", "a and b"),
        ("a || b", "a or b"),
        ("!a", "not a"),
        ("a = b", "a == b"),
        ("a === b", "a == b"),
        ("a !== b", "a != b"),
        ("a <> b", "a != b"),
        ("@index + 1", "index + 1"),
        ("x | len > 3", "(x | len) > 3"),
        ("[1, x | len > 3]", "[1, (x | len) > 3]"),
        ("upper name", "upper(name)"),
        ("trigger.headers.user-agent", "trigger.headers[\"user-agent\"]"),
        ("a | length", "a | len"),
        ("a | uper", "a | upper"),
        ("steps?.a", "steps.a"),
    ] {
        assert_eq!(mended(wrong), right, "{wrong}");
    }
}

#[test]
fn calls_are_checked() {
    faults(&[
        ("nope(1)", "KW0303 0..4 there is no function `nope`"),
        ("upper()", "KW0304 0..5 `upper` takes 1 argument, here are 0"),
        ("'a' | upper('b')", "KW0304 6..11 `upper` takes 1 argument, here are 2"),
        ("join()", "KW0304 0..4 `join` takes 1 to 2 arguments, here are 0"),
        ("merge({})", "KW0304 0..5 `merge` takes at least 2 arguments, here is 1"),
        ("upper(x => x)", "KW0305 6..12 `upper` takes no lambda here"),
        ("[1] | map(3)", "KW0305 10..11 `map` wants a lambda here"),
        ("[1] | map((a, b, c) => 1)", "KW0305 10..19 this lambda takes at most 2 parameters, here are 3"),
        (
            "[1] | map(steps => 1)",
            "KW0306 10..15 `steps` is a word of the language and no name of a parameter",
        ),
        (
            "nope(1) + upper() + what(2)",
            "KW0303 0..4 there is no function `nope`; KW0304 10..15 `upper` takes 1 argument, here are 0; KW0303 20..24 there is no function `what`",
        ),
    ]);
    let fault = parse("merge({})").unwrap_err().remove(0);
    assert_eq!(
        fault.help,
        ["it is called as `merge(object: object, other: object, [more: object, …]) -> object`"]
    );
}

#[test]
fn steps_have_names_with_a_dot() {
    faults(&[
        ("steps", "KW0307 0..5 `steps` stands before the name of a step, as in `steps.fetch`"),
        ("steps['a']", "KW0307 0..5 `steps` stands before the name of a step, as in `steps.fetch`"),
        ("errors?.a", "KW0307 0..6 `errors` stands before the name of a step, as in `errors.fetch`"),
        ("steps.a-b", "KW0308 6..9 `a-b` is read as a subtraction of `b`"),
    ]);
    assert!(
        parse("steps.a - b").is_ok()
            && parse("steps.a-1").is_ok()
            && parse("xs | map(x => inputs.a-x)").is_ok()
    );
}

#[test]
fn places_are_those_of_the_file() {
    // In the file: `"a\t + nope()"` at byte 20; the escape takes two bytes.
    let map = SpanMap { points: vec![(0, 21), (2, 24)], whole: dsl::span::Span::new(20, 34) };
    let faults = expr::parse("a\t + nope()", &map).unwrap_err();
    assert_eq!((faults[0].span.start, faults[0].span.end), (27, 31));
    let expr = expr::parse("{{ steps.a.b }}", &SpanMap::plain(100, 15)).unwrap();
    assert_eq!(expr.reads()[0].span, dsl::span::Span::new(109, 110));
}

#[track_caller]
fn reads(rows: &[(&str, &[&str])]) {
    for (text, wanted) in rows {
        let parsed = parse(text).unwrap_or_else(|faults| panic!("{text}: {}", told(&faults)));
        let reads: Vec<String> = parsed
            .reads()
            .into_iter()
            .map(|read| {
                let root = match read.root {
                    Root::Steps => "",
                    Root::Errors => "errors.",
                    Root::Meta => "meta.",
                };
                assert_eq!(&text[read.span.range()], &*read.step);
                format!("{root}{}{}", read.step, if read.soft { "?" } else { "" })
            })
            .collect();
        assert_eq!(reads, *wanted, "{text}");
    }
}

#[test]
fn reads_are_hard_or_soft() {
    reads(&[
        ("steps.a + steps.b.c[steps.d]", &["a", "b", "d"]),
        ("steps.a?.b", &["a?"]),
        ("steps.a?.[0]", &["a?"]),
        ("steps.a.b?.c", &["a"]),
        ("steps.a ?? steps.b", &["a?", "b?"]),
        ("(steps.a ?? 1) + steps.b", &["a?", "b"]),
        ("len(steps.a.b) ?? 1", &["a?"]),
        ("steps.a and steps.b or steps.c", &["a", "b?", "c?"]),
        ("steps.a ? steps.b : steps.c", &["a", "b?", "c?"]),
        ("not steps.a", &["a"]),
        ("errors.a", &["errors.a?"]),
        ("meta.a.attempts > 1", &["meta.a?"]),
        ("[steps.a] | map(x => x + steps.b)", &["a", "b?"]),
        ("{ a: steps.a }", &["a"]),
        ("x?.y[steps.a]", &["a?"]),
        ("'a' in steps.b", &["b"]),
        ("inputs.steps.a", &[]),
    ]);
}

#[test]
fn bare_names_are_listed_with_their_field() {
    let names = |text: &str| -> Vec<String> {
        let names = parse(text).unwrap().names();
        names
            .into_iter()
            .map(|(name, _, field)| match field {
                Some((field, at)) => {
                    assert_eq!(&text[at.range()], &*field);
                    format!("{name}.{field}")
                }
                None => name.to_string(),
            })
            .collect()
    };
    assert_eq!(names("inputs.channel + item"), ["inputs.channel", "item"]);
    assert_eq!(
        names("xs | map(x => x.a + y.b) | filter((z, i) => i > inputs['n'])"),
        ["xs", "y.b", "inputs"]
    );
    assert_eq!(names("steps.a ? errors.b : meta.c"), Vec::<String>::new());
    assert_eq!(names("inputs?.a"), ["inputs.a"]);
}

#[test]
fn a_mix_of_arithmetic_and_a_default_is_a_warning() {
    let warnings = |text: &str| -> Vec<String> {
        parse(text).unwrap().warnings().into_iter().map(|warning| warning.help[0].clone()).collect()
    };
    assert_eq!(
        warnings("a + b.c ?? 1"),
        ["it is read as `(a + b.c) ?? …`; `a + (b.c ?? …)` gives the value for `b.c` alone"]
    );
    assert_eq!(warnings("a ?? 1 + b"), ["it is read as `… ?? (1 + b)`; `(… ?? 1) + …` is the other reading"]);
    for right in ["(a + b) ?? 1", "a + (b ?? 1)", "a ?? (1 + b)", "f ?? 1 > 2", "len(a ?? [])"] {
        assert_eq!(warnings(right), Vec::<String>::new(), "{right}");
    }
}

#[test]
fn the_stored_form_is_stable_and_comes_back() {
    let text = "steps.a?.b[0] + 1 > len(inputs.xs | map(x => -x)) and 'a' not in { k: [true, null] }";
    let parsed = parse(text).unwrap();
    let stored = serde_json::to_string(&parsed).unwrap();
    assert_eq!(serde_json::from_str::<Expr>(&stored).unwrap(), parsed);
    let short = serde_json::to_string(&parse("steps.a?.b ?? x | len").unwrap()).unwrap();
    assert_eq!(
        short,
        concat!(
            r#"{"span":[0,21],"text":"steps.a?.b ?? x | len","map":[[0,0]],"nodes":["#,
            r#"{"at":[0,7],"is":{"step":{"root":"steps","name":"a","at":[6,7]}}},"#,
            r#"{"at":[0,10],"is":{"path":[0,[{"soft_field":["b",[9,10]]}]]}},"#,
            r#"{"at":[14,15],"is":{"name":"x"}},"#,
            r#"{"at":[0,15],"is":{"chain":[1,[["??",2]]]}},"#,
            r#"{"at":[0,21],"is":{"call":["len",[3]]}}]}"#
        )
    );
}

#[test]
fn a_damaged_stored_form_is_refused() {
    let stored = |nodes: &str| format!(r#"{{"span":[0,1],"text":"x","map":[[0,0]],"nodes":{nodes}}}"#);
    for nodes in [
        "[]",
        r#"[{"at":[0,1],"is":{"not":0}}]"#,
        r#"[{"at":[0,1],"is":{"not":1}},{"at":[0,1],"is":{"name":"x"}}]"#,
        r#"[{"at":[0,1],"is":{"call":["no_such_function",[]]}}]"#,
    ] {
        assert!(serde_json::from_str::<Expr>(&stored(nodes)).is_err(), "{nodes}");
    }
    let deep: Vec<String> = (0..1000)
        .map(|at: usize| match at {
            0 => r#"{"at":[0,1],"is":{"name":"x"}}"#.to_owned(),
            _ => format!(r#"{{"at":[0,1],"is":{{"not":{}}}}}"#, at - 1),
        })
        .collect();
    assert!(serde_json::from_str::<Expr>(&stored(&format!("[{}]", deep.join(",")))).is_err());
}

#[test]
fn depth_and_length_are_bounded() {
    let limit = |text: &str| parse(text).is_err_and(|faults| faults[0].code.id() == "KW0302");
    assert!(limit(&("(".repeat(50_000) + "1" + &")".repeat(50_000))));
    assert!(limit(&("(".repeat(65) + "1" + &")".repeat(65))));
    assert!(limit(&("-".repeat(4000) + "a")));
    assert!(limit(&("not ".repeat(1000) + "a")));
    assert!(limit(&("a ? ".repeat(1000) + "1" + &" : 1".repeat(1000))));
    assert!(limit(&("a ? 1 : ".repeat(1000) + "1")));
    assert!(limit(&("a".to_owned() + &"[0".repeat(100) + &"]".repeat(100))));
    assert!(limit(&("1 | json".to_owned() + &" | json".repeat(100))));
    assert!(limit(&format!("'{}'", "x".repeat(8192))));
    assert!(parse(&("(".repeat(64) + "1" + &")".repeat(64))).is_ok());
    // A row of operators is long, not deep.
    assert!(parse(&vec!["1"; 2000].join(" + ")).is_ok());
    assert!(parse(&format!("a{}", ".b".repeat(3000))).is_ok());
}
