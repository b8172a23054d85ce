//! Codes that no text on a page can show, with a text that is made for each, those that say what a version
//! cannot do, and those that are given on demand.

use std::fmt::Write;

use dsl::codes::Code;

/// Codes that speak of what a version cannot do, so that no example of them lasts. Beside them an example is
/// as good as without.
pub const OF_A_VERSION: &[Code] = &[Code::VerbNotYet, Code::NotYet, Code::TriggerNotYet];

/// Codes that only a strict check gives.
pub const OF_STRICT: &[Code] = &[Code::UntypedField];

/// Codes of test files: their pages show a workflow and a wrong and a right test of it, which are played where all
/// of the product is at hand.
pub const OF_TESTS: &[Code] =
    &[Code::NeedsNoMock, Code::NotMocked, Code::MockFails, Code::Unmet, Code::NeverUsed, Code::EndlessCase];

/// Codes of manifests, which this crate does not read.
pub const OF_MANIFESTS: &[Code] = &[
    Code::OutsideHosts,
    Code::OpenHost,
    Code::UnknownPart,
    Code::UnkeptSafety,
    Code::NoSentence,
    Code::OtherName,
];

/// Codes whose problem no text on a page has, as those of limits, each with a text that has it.
pub fn texts() -> Vec<(Code, String)> {
    let saying = |text: &str| format!("name: made\nsteps: {{ stop: {{ fail: \"{text}\" }} }}\n");
    vec![
        (Code::TooLarge, saying("no") + "#" + &" ".repeat(1 << 20)),
        (Code::TooDeep, format!("{}x-deep: {}{}\n", saying("no"), "[".repeat(65), "]".repeat(65))),
        (Code::NotText, saying("\u{7}")),
        (Code::LoneReturn, saying("no").replace('\n', "\r")),
        (Code::TooManySteps, many_steps()),
        (Code::ExprLimit, saying(&format!("{{{{ {}1{} }}}}", "(".repeat(65), ")".repeat(65)))),
        (Code::TemplateLimit, saying(&"{{ 1 }} ".repeat(6_000))),
    ]
}

/// One step more than a workflow may have, in as few bytes as it can be written.
fn many_steps() -> String {
    let letters: Vec<char> = ('a'..='z').chain('A'..='Z').collect();
    let letter = |at: usize| letters[at % letters.len()];
    let mut text = String::from("name: made\nsteps:\n");
    for at in 0..65_001 {
        let (first, second, third) = (letter(at / 2_704), letter(at / 52), letter(at));
        let _ = writeln!(text, " {first}{second}{third}: {{fail: x}}");
    }
    text
}
