//! The texts that are measured.

use std::fmt::Write;

/// How many steps the small texts have.
pub const COUNTS: [usize; 6] = [10, 100, 300, 1_000, 3_000, 10_000];

/// Ten operations: arithmetic, comparison, a default, a choice.
pub const TEN_OPERATIONS: &str =
    "inputs.n * 2 + 3 - inputs.m / 4 > 10 and inputs.n % 2 == 1 ? inputs.n + 1 : (inputs.m ?? 0) - 1";

/// A workflow of so many steps, about 100 bytes each: chains of ten, with conditions and templates.
pub fn small(count: usize) -> String {
    let mut text = String::from("name: small\ninputs: { n: { type: integer, default: 1 } }\nsteps:\n");
    for step in 0..count {
        let _ = match step % 10 {
            0 => writeln!(text, "  s{step}: {{ set: {{ x: \"{{{{ inputs.n + {step} }}}}\" }} }}"),
            _ => writeln!(
                text,
                "  s{step}: {{ if: steps.s{0}.x > 0, set: {{ x: \"{{{{ steps.s{0}.x + 1 }}}}\" }} }}",
                step - 1
            ),
        };
    }
    let _ = write!(text, "output: [");
    for last in (0..count).filter(|step| step % 10 == 9 || step + 1 == count) {
        let _ = write!(text, "\"{{{{ steps.s{last}.x }}}}\", ");
    }
    text.push_str("]\n");
    text
}

/// A workflow of 1,000 steps and nearly 1 MB: loops, and files with long texts in blocks.
pub fn large() -> String {
    let mut text = String::from("name: large\nsteps:\n  s0: { set: { items: [1, 2, 3] } }\n");
    let line =
        "Dear reader, this is item {{ this }} of {{ len(steps.s0.items) }}, and there is more to say of it.";
    for step in 1..334 {
        let _ = writeln!(
            text,
            "  s{step}:\n    for_each: steps.s0.items\n    as: item\n    steps:\n      inner: {{ set: {{ text: \"{{{{ item }}}} \
             of {{{{ index }}}}\" }} }}\n    output: \"{{{{ steps.inner.text }}}}\"\n  t{step}:\n    use: file.write\n    \
             with:\n      path: \"out/{{{{ steps.s{step}[0] | upper }}}}.txt\"\n      text: |\n        \
             {{{{#each steps.s0.items}}}}"
        );
        for _ in 0..24 {
            let _ = writeln!(text, "        {line}");
        }
        text.push_str("        {{/each}}\n");
    }
    text
}
