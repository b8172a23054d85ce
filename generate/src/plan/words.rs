//! What a clause wants to be said or written, in its own words.

use crate::clause::Clause;

/// What something is to be called: `a task called Buy milk`.
pub(super) fn called(clause: &Clause) -> Option<String> {
    const CALLED: &[&str] = &[
        " called ",
        " named ",
        " titled ",
        " with the title ",
        " with the name ",
        " namens ",
        " mit dem titel ",
        " intitulee ",
        " intitule ",
        " llamada ",
        " llamado ",
        " intitolata ",
        " intitolato ",
        " chiamata ",
    ];
    // The words are looked for as they were said, whose letters are as long only where they are plain.
    let small = clause.said.to_lowercase();
    let at = CALLED.iter().filter_map(|word| Some(small.find(word)? + word.len())).min()?;
    let tail = clause.said.get(at..)?;
    without_places(tail, clause)
        .map(|said| said.trim_matches(['.', ' ']).to_owned())
        .filter(|said| !said.is_empty())
}

/// What was said, as a text in which nothing is computed.
pub(super) fn plain(text: &str) -> String {
    text.replace("{{", "{ {").replace("}}", "} }")
}

/// What a clause wants to be said, in its own words: `to fill in their timesheets`. Nothing where it says no more than to whom,
/// and where.
pub(super) fn spoken(clause: &Clause) -> Option<String> {
    let said = clause.said.as_str();
    let tails = |word: &'static str| said.match_indices(word).map(move |(at, _)| &said[at + word.len()..]);
    let clear = [" that ", " saying ", " dass ", " que ", " che "].into_iter().flat_map(tails);
    let others = [" to ", " de "].into_iter().flat_map(tails);
    let text = clear.chain(others).find_map(|tail| without_places(tail, clause))?;
    let mut chars = text.chars();
    let first = chars.next()?;
    let text = first.to_uppercase().collect::<String>() + chars.as_str();
    Some(text)
}

/// A text without the channel, the address and the service at its end; nothing, where it begins with whom it goes to, or
/// nothing is left.
fn without_places<'a>(text: &'a str, clause: &Clause) -> Option<&'a str> {
    let is_place = |word: &str| {
        let word = word.trim_matches([',', '.', '!']);
        word.starts_with('#')
            || word.contains('@')
            || clause.services.iter().any(|(_, id)| word.to_lowercase() == id.replace('_', " "))
            || matches!(&*word.to_lowercase(), "email" | "e-mail" | "mail" | "me" | "mir" | "us")
    };
    if text.split_whitespace().next().is_none_or(is_place) {
        return None;
    }
    let mut rest = text.trim();
    while let Some((before, last)) = rest.rsplit_once(' ')
        && is_place(last)
        && let Some((front, word)) = before.trim_end().rsplit_once(' ')
        && ["on", "in", "to", "by", "via", "over", "auf", "per", "an", "sur", "en", "su", "a"]
            .contains(&&*word.to_lowercase())
    {
        rest = front.trim_end();
    }
    (!rest.is_empty()).then_some(rest)
}
