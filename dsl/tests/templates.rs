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

#[test]
fn blocks_are_rendered() {
    all(&[
        ("{{#if inputs.n > 2}}many{{else}}few{{/if}}", "many"),
        ("{{#if inputs.n > 9}}a{{else if inputs.n > 2}}b{{else if true}}c{{else}}d{{/if}}", "b"),
        ("{{#if false}}a{{else if false}}b{{else}}c{{/if}}", "c"),
        ("{{#if false}}a{{/if}}.", "."),
        ("{{#unless false}}a{{else}}b{{/unless}}", "a"),
        ("{{#unless true}}a{{else if inputs.n == 3}}b{{else}}c{{/unless}}", "b"),
        ("{{#each inputs.xs}}{{ index }}:{{ this }} {{/each}}", "0:1 1:2 2:3 "),
        ("{{#each inputs.rows as |row i|}}{{ i }}={{ row.a }};{{/each}}", "0=1;1=2;"),
        ("{{#each { a: 1, b: 2 } as |v k|}}{{ k }}{{ key }}{{ v }}{{ index }} {{/each}}", "aa10 bb21 "),
        ("{{#each []}}x{{else}}none{{/each}}", "none"),
        ("{{#each inputs.xs as |x|}}{{#if x == 2}}two{{else}}{{ x }}{{/if}}{{else}}none{{/each}}", "1two3"),
        ("{{#with inputs.rows[0] as |r|}}{{ r.a }}{{ this.a }}{{else}}no{{/with}}", "11"),
        ("{{#with inputs.none}}x{{else}}no{{/with}}", "no"),
        (
            "{{#each inputs.rows as |r|}}{{#each inputs.xs as |x|}}{{ r.a * x }}{{#if index < 2}},{{/if}}{{/each}}|{{/each}}",
            "1,2,3|2,4,6|",
        ),
        (r"\{{#if x}} {{#if true}}\{{y}}{{/if}}", "{{#if x}} {{y}}"),
    ]);
}

#[test]
fn a_line_of_its_own_leaves_no_trace() {
    all(&[
        ("a\n{{#each inputs.xs as |x|}}\n- {{ x }}\n{{/each}}\nb\n", "a\n- 1\n- 2\n- 3\nb\n"),
        ("{{#if true}}\n  x\n  {{else}}\n  y\n{{/if}}\n", "  x\n"),
        ("a\n{{!-- nothing --}}\nb {{!-- nothing --}}\nc", "a\nb \nc"),
        ("a {{#if true}}\nb{{/if}}", "a \nb"),
        ("a\n{{ 1 }}\nb", "a\n1\nb"),
        ("a  {{~#if true~}}  b  {{~/if~}}  c", "abc"),
        ("{{#if true}}\r\nx\r\n{{/if}}\r\ny", "x\r\ny"),
    ]);
}

#[test]
fn a_rendered_value_is_never_read_again() {
    all(&[
        ("{{#if true}}{{ '{' + '{ 1 + 1 }' + '}' }}{{/if}}", "{{ 1 + 1 }}"),
        ("{{#each ['{{> x}}', '{{#if', '\\\\', '<b>&']}}{{ this }} {{/each}}", "{{> x}} {{#if \\ <b>& "),
        ("\\\\{{#if true}}\\\\a{{/if}}", "\\\\\\a"),
    ]);
}
