//! Names of other systems as names of ours.

use std::collections::BTreeSet;

/// The longest name that is made, in letters.
const LONGEST: usize = 40;

/// The name of a step: lower case, letters of any script, digits and `_`, and none that is taken.
pub fn step(name: &str, taken: &mut BTreeSet<String>) -> String {
    let plain = words(name, '_', is_letter);
    let plain = match plain.chars().next() {
        None => "step".to_owned(),
        Some(first) if first.is_alphabetic() => plain,
        Some(_) => format!("n_{plain}"),
    };
    free(&plain, '_', taken)
}

/// Letters and digits that stay what they are in every form of Unicode: names that differ here differ for the checker.
fn is_letter(char: char) -> bool {
    let composes = matches!(
        char as u32,
        0x1100..=0x11ff | 0xa960..=0xa97f | 0xd7b0..=0xd7ff | 0xf900..=0xfaff | 0x2f800..=0x2fa1f
    );
    char.is_ascii_digit() || char.is_alphabetic() && !composes
}

/// The name of a workflow: `a` to `z`, digits and `-`.
pub fn workflow(name: &str, taken: &mut BTreeSet<String>) -> String {
    let plain = words(name, '-', |char| char.is_ascii_alphanumeric());
    free(if plain.is_empty() { "imported" } else { &plain }, '-', taken)
}

/// The name of a secret, in capitals.
pub fn secret(name: &str) -> String {
    let plain = words(name, '_', |char| char.is_ascii_alphanumeric()).to_uppercase();
    match plain.chars().next() {
        None => "SECRET".to_owned(),
        Some(first) if first.is_ascii_alphabetic() => plain,
        Some(_) => format!("N_{plain}"),
    }
}

/// True for what may stand behind a dot.
pub fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|char| char.is_ascii_alphanumeric() || char == '_')
}

/// A text of another system in one line of a message, and not too long.
pub fn shown(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|char| !char.is_control()).collect();
    if line.chars().count() > 100 { line.chars().take(99).chain(['…']).collect() } else { line }
}

fn words(name: &str, between: char, takes: impl Fn(char) -> bool) -> String {
    let mut out = String::new();
    for char in name.chars().flat_map(char::to_lowercase) {
        if takes(char) {
            out.push(char);
        } else if !out.is_empty() && !out.ends_with(between) {
            out.push(between);
        }
    }
    let short: String = out.chars().take(LONGEST).collect();
    short.trim_end_matches(between).to_owned()
}

fn free(plain: &str, between: char, taken: &mut BTreeSet<String>) -> String {
    let mut name = plain.to_owned();
    let mut count = 2;
    while !taken.insert(name.clone()) {
        name = format!("{plain}{between}{count}");
        count += 1;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_ours_and_differ() {
        let mut taken = BTreeSet::new();
        let made =
            ["HTTP Request", "HTTP-Request", "3 times", "🎉", "Größe", ""].map(|name| step(name, &mut taken));
        assert_eq!(made, ["http_request", "http_request_2", "n_3_times", "step", "größe", "step_2"]);
        let odd =
            ["x² ½", "\u{1112}\u{1161}\u{11ab}", "\u{f900}", "a\u{301}b"].map(|name| step(name, &mut taken));
        assert_eq!(odd, ["x", "step_3", "step_4", "a_b"]);
        assert_eq!(workflow("Ünïcode & more!", &mut BTreeSet::new()), "n-code-more");
        assert_eq!(secret("My key 2"), "MY_KEY_2");
    }
}
