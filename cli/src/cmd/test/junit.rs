//! What came of tests as JUnit XML, which build servers read.

use std::fmt::Write;

use dsl::render::{Color, text};
use dsl::xml::escaped;

use super::{Count, Played};

/// Makes the document.
pub fn xml(played: &[Played]) -> String {
    let count = Count::of(played);
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let tests = count.passed + count.failed + count.broken;
    let (failed, broken) = (count.failed, count.broken);
    // A `String` takes everything.
    let _ = writeln!(
        xml,
        "<testsuites name=\"keyway\" tests=\"{tests}\" failures=\"{failed}\" errors=\"{broken}\">"
    );
    for file in played {
        suite(file, &mut xml);
    }
    xml + "</testsuites>\n"
}

fn suite(played: &Played, xml: &mut String) {
    let cases = &played.tested.cases;
    let failures = cases.iter().filter(|tried| !tried.passed()).count();
    let errors = usize::from(played.is_broken());
    let (name, tests, time) = (escaped(&played.file), cases.len() + errors, played.took.as_secs_f64());
    let _ = writeln!(
        xml,
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{time:.3}\">"
    );
    let told = |found: &[dsl::diagnostic::Diagnostic]| {
        escaped(&text(&played.file, &played.text, found, Color::Never))
    };
    if played.is_broken() {
        let _ = writeln!(xml, "    <testcase name=\"{name}\" classname=\"{name}\">");
        let _ = writeln!(xml, "      <error>{}</error>\n    </testcase>", told(&played.tested.diagnostics));
    }
    for tried in cases {
        let (case, time) = (escaped(&tried.name), tried.played.as_secs_f64());
        let begin = format!("    <testcase name=\"{case}\" classname=\"{name}\" time=\"{time:.3}\"");
        if tried.passed() {
            let _ = writeln!(xml, "{begin}/>");
            continue;
        }
        let _ = writeln!(xml, "{begin}>");
        for unmet in &tried.unmet {
            let message = escaped(&unmet.diagnostic.message);
            let all = told(std::slice::from_ref(&unmet.diagnostic));
            let _ = writeln!(xml, "      <failure message=\"{message}\">{all}</failure>");
        }
        let _ = writeln!(xml, "    </testcase>");
    }
    let _ = writeln!(xml, "  </testsuite>");
}
