//! What texts with holes and blocks render to.

mod shared;

use dsl::span::SpanMap;
use dsl::template::{self, Sink};
use dsl::value::Value;
use shared::{World, halted, told};

fn render(text: &str) -> Result<Value, String> {
    let arg =
        template::parse(text, &SpanMap::plain(0, text.len()), Sink::Text).map_err(|faults| told(&faults))?;
    template::fill(&arg, &World::new()).map_err(|halt| halted(&halt))
}

#[track_caller]
fn all(rows: &[(&str, &str)]) {
    for (text, wanted) in rows {
        assert_eq!(render(text), Ok(Value::text(*wanted)), "{text}");
    }
}

#[test]
fn holes_are_filled() {
    all(&[
        ("a {{ inputs.n }} b", "a 3 b"),
        (r"\{{ a }} {{ '}}' }}", "{{ a }} }}"),
        ("{{ inputs.rows }}!", r#"[{"a":1},{"a":2}]!"#),
        ("<{{ inputs.none }}>", "<>"),
        ("a {{~ 1 ~}} b {{!-- {{ x --}}c", "a1b c"),
    ]);
    assert_eq!(render("{{ inputs.n }}"), Ok(Value::Int(3)));
}
