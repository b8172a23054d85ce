//! The big list of naughty strings: each comes out as it went in, wherever a text can stand, and no value is ever
//! read again as a template.

#![allow(clippy::unwrap_used)]

mod shared;

use dsl::expr;
use dsl::span::SpanMap;
use dsl::template::{self, Sink};
use dsl::value::Value;
use dsl::yaml;
use shared::World;

fn strings() -> Vec<String> {
    serde_json::from_str(include_str!("data/naughty-strings/blns.json")).unwrap()
}

/// A text as JSON writes it, which YAML and expressions read alike.
fn literal(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn with(input: &str) -> World {
    let mut world = World::new();
    world.names.insert("inputs".into(), Value::object([("x", Value::text(input))]));
    world
}

/// A character that no text file has, as an escape.
fn escaped(char: char) -> String {
    match char.is_control() || matches!(char, '\u{fffe}' | '\u{ffff}') {
        true => format!("\\u{:04x}", u32::from(char)),
        false => char.into(),
    }
}

/// The value of a text with holes, as a parameter would have it.
fn filled(text: &str, world: &World) -> Value {
    let arg = template::parse(text, &SpanMap::plain(0, text.len()), Sink::Text).unwrap();
    template::fill(&arg, world).unwrap()
}

#[test]
fn each_is_read_as_it_was_written_in_yaml() {
    for text in strings() {
        let written = literal(&text);
        match yaml::read_value(&format!("a: {written}\n")) {
            Ok(value) => assert_eq!(value.get("a").unwrap().as_text(), Some(&*text), "{text:?}"),
            // A control character stands as an escape in a text file.
            Err(wrong) => {
                assert_eq!(wrong[0].code.id(), "KW0011", "{text:?}");
                let escaped: String = written.chars().map(escaped).collect();
                let value = yaml::read_value(&format!("a: {escaped}\n"))
                    .unwrap_or_else(|wrong| panic!("{escaped}: {wrong:?}"));
                assert_eq!(value.get("a").unwrap().as_text(), Some(&*text), "{text:?}");
            }
        }
    }
}

#[test]
fn each_is_the_same_behind_every_way_of_a_value() {
    for text in strings() {
        let world = with(&text);
        let wanted = Value::text(&*text);
        assert_eq!(filled("{{ inputs.x }}", &world), wanted, "{text:?}");
        assert_eq!(filled("<{{ inputs.x }}>", &world), Value::text(format!("<{text}>")), "{text:?}");
        assert_eq!(filled("{{#each [inputs.x]}}{{ this }}{{/each}}", &world), wanted, "{text:?}");
        assert_eq!(filled("{{#if true}}{{ inputs.x }}{{/if}}", &world), wanted, "{text:?}");
        for way in [
            "parse_json(json(inputs.x))",
            "(inputs.x + '') ",
            "unbase64(base64(inputs.x))",
            "[inputs.x][0]",
            "{ a: inputs.x }.a",
        ] {
            assert_eq!(shared::run(way, &world), Ok(wanted.clone()), "{way}: {text:?}");
        }
    }
}

#[test]
fn each_is_the_same_as_a_literal_of_an_expression() {
    for text in strings() {
        let source = literal(&text);
        let parsed = expr::parse(&source, &SpanMap::plain(0, source.len()));
        let parsed = parsed.unwrap_or_else(|wrong| panic!("{source}: {}", shared::told(&wrong)));
        assert_eq!(expr::eval(&parsed, &World::new()), Ok(Value::text(&*text)), "{text:?}");
        let single = format!("'{}'", source[1..source.len() - 1].replace("\\\"", "\"").replace('\'', "\\'"));
        assert_eq!(shared::run(&single, &World::new()), Ok(Value::text(&*text)), "{single}");
        assert_eq!(filled(&format!("a {{{{ {source} }}}}"), &World::new()), Value::text(format!("a {text}")));
    }
}

#[test]
fn no_value_is_read_again_as_a_template() {
    for text in
        ["{{ 1 + 1 }}", "{{> x}}", "{{#if true}}a{{/if}}", "\\{{ x }}", "{{{ x }}}", "{{inputs.x}}", "&lt;{{"]
    {
        let world = with(text);
        assert_eq!(filled("{{ inputs.x }}{{ inputs.x }}", &world), Value::text(format!("{text}{text}")));
        let nested = "{{#each [inputs.x]}}{{#if true}}{{ this }}{{/if}}{{/each}}";
        assert_eq!(filled(nested, &world), Value::text(text));
        assert_eq!(filled("{{#with inputs.x}}{{ this }}{{/with}}", &world), Value::text(text));
    }
}

/// The control: a second reading of what was filled would be seen by the test above.
#[test]
fn a_second_reading_would_be_seen() {
    let world = with("{{ 1 + 1 }}");
    let once = filled("{{ inputs.x }}", &world);
    assert_eq!(once, Value::text("{{ 1 + 1 }}"));
    let twice = filled("{{ 1 + 1 }}", &world);
    assert_ne!(twice, once, "the text means something else where it is read again");
}

#[test]
fn partials_and_endless_nesting_are_diagnostics() {
    let codes = |text: &str| -> Vec<&'static str> {
        let wrong = template::parse(text, &SpanMap::plain(0, text.len()), Sink::Text).unwrap_err();
        wrong.iter().map(|one| one.code.id()).collect()
    };
    assert_eq!(codes("{{#*inline \"x\"}}{{> x}}{{/inline}}{{> x}}")[0], "KW0404");
    assert_eq!(codes("{{> self}}"), ["KW0404"]);
    let nested = |depth: usize| format!("{}x{}", "{{#if true}}".repeat(depth), "{{/if}}".repeat(depth));
    assert!(codes(&nested(5_000)).contains(&"KW0403"));
    assert!(codes(&"{{#if true}}".repeat(5_000)).contains(&"KW0403"));
    assert!(codes(&nested(template::MAX_DEPTH + 1)).contains(&"KW0403"));
    assert_eq!(filled(&nested(template::MAX_DEPTH), &World::new()), Value::text("x"));
}

/// Each limit of evaluation ends what would not end, with a failure of kind `limit`.
#[test]
fn every_limit_ends_what_has_no_end() {
    let world = World::new();
    let kind = |text: &str| shared::run(text, &world).unwrap_err();
    for (what, text) in [
        ("fuel", "range(100000) | map(x => range(100000) | map(y => y)) | len"),
        ("fuel", "range(2000) | sort_by(x => range(2000) | sum)"),
        ("size", "range(100000) | map(x => pad('a', 1000)) | join('')"),
        ("size", "pad('a', 100000000)"),
        ("size", "range(100000000)"),
    ] {
        let failure = kind(text);
        assert!(failure.starts_with("limit: "), "{what}: {text} gave {failure}");
    }
    let deep = format!("{}1{}", "[".repeat(65), "]".repeat(65));
    assert!(kind(&deep).contains("KW0302"), "depth");
    let long = format!("'{}'", "a".repeat(expr::MAX_LENGTH));
    assert!(kind(&long).contains("KW0302"), "length");
}
