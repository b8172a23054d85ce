//! What texts with holes and blocks render to.

mod shared;

use std::sync::Arc;

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

#[track_caller]
fn faults(rows: &[(&str, &str)]) {
    for (text, wanted) in rows {
        assert_eq!(render(text), Err((*wanted).to_owned()), "{text}");
    }
}

#[test]
fn what_is_wrong_with_a_hole_is_told_at_its_place() {
    faults(&[
        ("a {{ x", "KW0401 2..4 a hole that begins here never ends"),
        ("a {{ 'x }}", "KW0401 5..6 a text that begins here with `'` never ends"),
        ("a {{{ x }}}", "KW0401 2..5 a hole begins with two braces"),
        ("a {{}} b", "KW0401 2..6 nothing stands between these braces"),
        ("a {{!-- x }}", "KW0401 2..7 a comment that begins here never ends"),
        ("a {{ f(1 }} b", "KW0301 6..7 `(` is never closed"),
        (
            "a {{ 1 + }} {{ nope(1) }}",
            "KW0301 7..8 expected a value, the expression ends here; KW0303 15..19 there is no function `nope`",
        ),
        ("{{ upper inputs.name }}!", "KW0301 9..15 the arguments of `upper` stand in parentheses"),
    ]);
}

#[test]
fn what_is_wrong_with_a_block_is_told_at_its_place() {
    faults(&[
        ("{{#if true}}a", "KW0402 0..12 `{{#if}}` is never closed"),
        ("a{{/if}}", "KW0402 1..8 `{{/if}}` closes nothing"),
        ("{{#if true}}a{{/each}}", "KW0402 13..22 `{{/each}}` does not close `{{#if}}`"),
        ("{{#ech []}}a{{/ech}}", "KW0402 2..6 there is no block `#ech`"),
        ("a{{else}}b", "KW0402 1..9 this `else` belongs to no block"),
        (
            "{{#if true}}{{else}}{{else}}{{/if}}",
            "KW0402 20..28 nothing follows an `{{else}}` but the end of its block",
        ),
        ("{{#each []}}{{else if true}}{{/each}}", "KW0402 12..28 `#each` has no `else if`"),
        ("{{#if true}}{{else x}}{{/if}}", "KW0402 19..20 behind `else` stands nothing or `if`"),
        ("{{#if}}{{/if}}", "KW0401 0..7 nothing stands between these braces"),
        ("{{#each x in inputs.xs}}{{/each}}", "KW0402 8..22 `x in inputs.xs` is a question, not a list"),
        (
            "{{#each [] as |steps|}}{{/each}}",
            "KW0306 15..21 `steps` is a word of the language and cannot be given here",
        ),
        ("{{#each [] as |a b c|}}{{/each}}", "KW0402 15..21 at most 2 names can stand here, and there are 3"),
    ]);
}

#[test]
fn other_template_languages_are_known() {
    faults(&[
        ("{{> part}}", "KW0404 0..10 there are no partials"),
        ("{{#> part}}", "KW0404 0..11 there are no partials"),
        ("{{#*inline 'p'}}", "KW0404 0..16 there are no decorators"),
        ("{{* d}}", "KW0404 0..7 there are no decorators"),
        ("{{& x}}", "KW0404 0..7 there is no `{{&`"),
        ("{{^}}", "KW0404 0..5 there is no `{{^`"),
        ("{{../x}}", "KW0404 0..8 there is no `../`"),
        ("{{ @index }}", "KW0301 3..9 there is no `@index`"),
    ]);
}

#[test]
fn a_text_is_bounded() {
    let deep = |count: usize| "{{#if true}}".repeat(count) + "x" + &"{{/if}}".repeat(count);
    assert_eq!(render(&deep(32)), Ok("x".into()));
    assert!(
        render(&deep(33)).is_err_and(|fault| fault.contains("KW0403") && fault.contains("at most 32 deep"))
    );
    assert!(render(&deep(5000)).is_err_and(|fault| fault.contains("KW0403")));
    assert!(render(&"a{{ 1 }}".repeat(6000)).is_err_and(|fault| fault.contains("KW0403")));
    let arms = "{{#if false}}".to_owned() + &"{{else if false}}".repeat(900) + "{{else}}x{{/if}}";
    assert_eq!(render(&arms), Ok("x".into()));
    assert!(render(&"{{#if true}}{{/if}}".repeat(600)).is_err_and(|fault| fault.contains("KW0403")));
    let endless = "{{#each range(100000)}}{{#each range(100000)}}a{{/each}}{{/each}}";
    assert!(render(endless).is_err_and(|fault| fault.starts_with("limit")));
    let wide = "{{#each range(100000) as |x|}}{{ pad('a', 1000) }}{{/each}}";
    assert!(render(wide).is_err_and(|fault| fault.starts_with("limit")));
}

#[test]
fn what_fails_in_a_block_fails_the_text() {
    faults(&[
        (
            "{{#if inputs.xs}}{{/if}}",
            "type: a condition is true or false, `inputs.xs` is a list: ask `len(…) > 0`",
        ),
        (
            "{{#each inputs.none}}{{/each}}",
            "type: `#each` wants a list or an object, `inputs.none` is null (write `?? []` in it)",
        ),
        ("{{#if true}}{{ steps.gone.a }}{{/if}}", "skip gone"),
        (
            "{{#if true}}{{ secret('A') }}{{/if}}",
            "type: the secret in `secret('A')` cannot stand in a text that has blocks",
        ),
    ]);
    all(&[("{{#if false}}{{ steps.gone.a }}{{/if}}.", ".")]);
}

#[test]
fn a_text_around_a_secret_is_a_secret() {
    use dsl::value::Hole;
    let rendered = render("Bearer {{ secret('T') }}!{{ inputs.n }}").unwrap();
    let Value::Hole(hole) = rendered else { panic!("it is a secret") };
    let parts = vec![Hole::Plain("Bearer ".into()), Hole::Name("T".into()), Hole::Plain("!3".into())];
    assert_eq!(*hole, Hole::Join(parts));
    assert!(render("x {{ [secret('T')] }}").is_err_and(|fault| fault.contains("cannot be written out")));
}

#[test]
fn what_stands_in_a_block_is_read_softly() {
    let text = "{{ steps.a }}{{#if steps.b}}{{ steps.c }}{{else if steps.d}}{{/if}}{{#each steps.e as |x|}}{{ x.y + z + this.w }}{{/each}}{{ x }}";
    let arg = template::parse(text, &SpanMap::plain(0, text.len()), Sink::Text).unwrap();
    let reads: Vec<(Arc<str>, bool)> = arg.reads().into_iter().map(|read| (read.step, read.soft)).collect();
    let wanted = [("a", false), ("b", false), ("c", true), ("d", true), ("e", false)];
    assert_eq!(reads, wanted.map(|(name, soft)| (Arc::from(name), soft)));
    let names: Vec<Arc<str>> = arg.names().into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names.iter().map(|name| &**name).collect::<Vec<_>>(), ["z", "x"]);
    let spans: Vec<_> = arg.names().into_iter().map(|(_, span, _)| arg.item_at(span)).collect();
    assert_eq!(spans, [Some("x".to_owned()), None]);
}

#[test]
fn a_stored_text_comes_back() {
    let text = "{{#each inputs.xs as |x|}}{{#if x > 1}}{{ x }}{{else}}-{{/if}}{{else}}none{{/each}}";
    let arg = template::parse(text, &SpanMap::plain(7, text.len()), Sink::Text).unwrap();
    let back: dsl::workflow::Arg = serde_json::from_str(&serde_json::to_string(&arg).unwrap()).unwrap();
    assert_eq!(back, arg);
    assert_eq!(template::fill(&back, &World::new()), Ok("-23".into()));
}

#[test]
fn a_damaged_stored_text_is_refused() {
    let stored = |parts: &str| format!(r#"{{"span":[0,1],"parts":[{parts}]}}"#);
    let arg = template::parse("{{#if true}}{{/if}}", &SpanMap::plain(0, 19), Sink::Text).unwrap();
    let json = serde_json::to_value(&arg).unwrap();
    let opening = json["text"]["parts"][0].to_string();
    for parts in
        [opening.clone(), r#""end""#.into(), r#""else""#.into(), vec![opening.as_str(); 5000].join(",")]
    {
        assert!(serde_json::from_str::<template::Template>(&stored(&parts)).is_err());
    }
    assert!(serde_json::from_str::<template::Template>(&stored(&format!(r#"{opening},"end""#))).is_ok());
}

#[test]
fn what_is_filled_is_bounded_as_a_whole() {
    let part = template::parse("{{ pad('a', 9000000) }}", &SpanMap::plain(0, 23), Sink::Text).unwrap();
    assert!(template::fill(&part, &World::new()).is_ok());
    let whole = dsl::workflow::Arg::List(vec![part.clone(), part]);
    assert!(template::fill(&whole, &World::new()).is_err_and(|halt| halted(&halt).starts_with("limit")));
}

#[test]
fn each_hole_draws_its_own_id() {
    let Ok(Value::Text(ids)) = render("{{ uuid() }} {{ uuid() }}") else { panic!("a text") };
    let (a, b) = ids.split_once(' ').unwrap();
    assert_ne!(a, b);
    assert_eq!(render("{{ uuid() }} {{ uuid() }}"), Ok(Value::Text(ids.clone())));
}

fn url(text: &str) -> Result<String, String> {
    let arg =
        template::parse(text, &SpanMap::plain(0, text.len()), Sink::Url).map_err(|faults| told(&faults))?;
    template::fill(&arg, &World::new()).map(|value| value.to_string()).map_err(|halt| halted(&halt))
}

#[test]
fn in_a_url_a_hole_is_one_place() {
    for (text, wanted) in [
        ("https://x.org/{{ 'a/b c?' }}/d", "https://x.org/a%2Fb%20c%3F/d"),
        ("https://x.org/?q={{ 'a&b=ü' }}&n={{ 1 }}", "https://x.org/?q=a%26b%3D%C3%BC&n=1"),
        ("{{ 'https://x.org/a?b' }}/{{ 'c/d' }}", "https://x.org/a?b/c%2Fd"),
        ("{{ 'https://x.org' }}", "https://x.org"),
        ("https://x.org/{{#each ['a b', 'c']}}{{ this }},{{/each}}", "https://x.org/a%20b,c,"),
        ("https://x.org/a/../v{{ '.' }}1/{{ '...' }}", "https://x.org/a/../v.1/..."),
        ("https://x.org/?q={{ '..' }}", "https://x.org/?q=.."),
    ] {
        assert_eq!(url(text).as_deref(), Ok(wanted), "{text}");
    }
    for text in
        ["https://x.org/{{ '..' }}/a", "https://x.org/a/{{ '.' }}{{ '.' }}", "https://x.org/.{{ '.' }}?a"]
    {
        assert_eq!(url(text), Err("type: a segment of a path cannot be `.` or `..`".into()), "{text}");
    }
    assert!(url("https://x.org/{{ secret('T') }}").is_err());
}
