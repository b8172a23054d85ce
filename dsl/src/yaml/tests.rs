//! What scalars are, and where their bytes stand.

use super::*;

fn value(source: &str) -> Node {
    let (root, wrong) = read(source);
    assert!(wrong.is_empty(), "{wrong:?}");
    root.unwrap().get("a").unwrap().clone()
}

#[test]
fn plain_scalars_follow_the_core_schema() {
    let literal = |text: &str| value(&format!("a: {text}\n")).scalar().unwrap().literal();
    for (text, wanted) in [
        ("1", Value::Int(1)),
        ("-7", Value::Int(-7)),
        ("0x1F", Value::Int(31)),
        ("0o17", Value::Int(15)),
        ("017", Value::Int(17)),
        ("1.5", Value::Number(1.5)),
        ("1e3", Value::Number(1000.0)),
        (".5", Value::Number(0.5)),
        ("true", Value::Bool(true)),
        ("~", Value::Null),
        ("", Value::Null),
        ("null", Value::Null),
        ("yes", Value::text("yes")),
        ("\"1\"", Value::text("1")),
        ("1.2.3", Value::text("1.2.3")),
        ("12:30", Value::text("12:30")),
        ("2026-01-01", Value::text("2026-01-01")),
        ("nan", Value::text("nan")),
        ("1e999", Value::text("1e999")),
        ("99999999999999999999", Value::text("99999999999999999999")),
    ] {
        assert_eq!(literal(text), wanted, "{text}");
    }
}

/// Finds `mark` in the value of `a` and in the file: the map must bring one to the other.
fn found(source: &str) {
    let node = value(source);
    let scalar = node.scalar().unwrap();
    let marks: Vec<usize> = scalar.text.match_indices("mark").map(|(at, _)| at).collect();
    let places: Vec<usize> = source.match_indices("mark").map(|(at, _)| at).collect();
    assert_eq!(marks.len(), places.len());
    for (mark, place) in marks.into_iter().zip(places) {
        let span = scalar.map.map(Span::new(mark, mark + 4));
        assert_eq!(&source[span.range()], "mark", "{source:?}");
        assert_eq!(span.range().start, place, "{source:?}");
    }
}

#[test]
fn every_byte_of_a_scalar_is_found_in_the_file() {
    for source in [
        "a: x mark y mark\n",
        "a: x mark\n  y\n  mark\n",
        "a: 'it''s mark ''mark'''\n",
        "a: \"a\\tb\\u00e9 mark \\U0001F600 mark \\\\ \\\" mark\"\n",
        "a: \"\\ud83d\\ude00 mark\"\n",
        "a: \"one\n  two mark \\\n  three mark\n\n  four mark\"\n",
        "a: |\n  one mark\n    two mark\n\n  three mark\n",
        "a: |2\n   one mark\n  two mark\n",
        "a: |-\n\n  one mark\n",
        "a: >\n  one mark\n  two mark\n\n  three mark\n    more mark\n  last mark\n",
        "a: >-\n\n  one\n  mark\n",
        "x: &x \"é mark\"\na: *x\n",
        "a: |\r\n  one mark\r\n  two mark\r\n",
        "a: ü mark\n",
    ] {
        found(source);
    }
}

#[test]
fn aliases_and_merge_keys_copy_what_they_name() {
    let node = value("x: &x { b: 1, c: 2 }\na: { <<: *x, c: 3, d: *x }\n");
    let int = |node: Option<&Node>| node.unwrap().scalar().unwrap().literal();
    assert_eq!(int(node.get("b")), Value::Int(1));
    assert_eq!(int(node.get("c")), Value::Int(3));
    assert_eq!(int(node.get("d").unwrap().get("c")), Value::Int(2));
}

#[test]
fn every_character_that_no_text_has_is_found() {
    for char in ('\0'..='\u{2fff}').chain('\u{f000}'..='\u{10fff}') {
        let text = format!("ä{char}ü");
        assert_eq!(first_unprintable(&text).is_some(), unprintable(char), "{char:?}");
    }
}
