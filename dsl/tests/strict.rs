//! `--strict`: reads of values of which nothing is known are reported, and only those.

#![allow(clippy::unwrap_used)]

mod support;

use dsl::codes::Code;
use dsl::{Options, Strictness};

const SOURCE: &str = "\
name: strict
inputs: { data: any, known: '{ n: integer }' }
steps:
  get: { http: { url: 'https://example.com/' } }
  tell: { fail: '{{ steps.get.body.title }} {{ steps.get.status }} {{ inputs.data.x.y }} {{ inputs.known.n }}' }
  each: { for_each: steps.get.body, steps: { a: { fail: '{{ item.name }} {{ item }}' } } }
";

fn found(strictness: Strictness) -> Vec<(&'static str, String)> {
    let checked = dsl::check_with(SOURCE, &support::catalog(), &Options { strictness });
    let shown =
        |wrong: &dsl::diagnostic::Diagnostic| (wrong.code.id(), SOURCE[wrong.span.range()].to_owned());
    checked.diagnostics.iter().map(shown).collect()
}

#[test]
fn a_gradual_check_is_silent_about_what_is_unknown() {
    assert_eq!(found(Strictness::Gradual), []);
}

#[test]
fn a_strict_check_names_each_field_that_is_read_of_what_is_unknown() {
    let id = Code::UntypedField.id();
    let wanted = ["title", "x", "name"].map(|name| (id, name.to_owned()));
    assert_eq!(found(Strictness::Strict), wanted);
}
