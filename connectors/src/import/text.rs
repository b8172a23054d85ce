//! Texts of a description as sentences of a manifest: one, short, without marks of HTML and Markdown, and without
//! anything that looks like a secret.

use std::sync::OnceLock;

use regex::Regex;
use serde_json::Value as Json;

use super::bounds::LONGEST_TEXT;

/// A text as one sentence; empty where it says nothing.
pub(super) fn sentence(text: &str) -> String {
    // What is longer than many sentences is a page, of which the beginning is enough.
    let begin = text.char_indices().nth(2_000).map_or(text, |(at, _)| &text[..at]);
    let plain = plain(begin);
    let mut words = first(&plain).trim().trim_end_matches([':', ',', ';', '-', ' ']).to_owned();
    if words.chars().count() > LONGEST_TEXT {
        let cut = words.char_indices().nth(LONGEST_TEXT).map_or(words.len(), |(at, _)| at);
        let end = words[..cut].rfind(' ').unwrap_or(cut);
        words.truncate(end);
        words = words.trim_end_matches([',', ';', ':', '-', ' ', '(', '.']).to_owned();
    }
    if words.chars().filter(|letter| letter.is_alphanumeric()).count() < 2 || is_secret(&words) {
        return String::new();
    }
    let first = words.chars().next().unwrap_or(' ');
    if first.is_lowercase() {
        words = first.to_uppercase().chain(words.chars().skip(1)).collect();
    }
    if !words.ends_with(['.', '!', '?', ')']) {
        words.push('.');
    }
    if words.len() > 3 { words } else { String::new() }
}

/// Without marks, and in one line.
fn plain(text: &str) -> String {
    static TAGS: OnceLock<Regex> = OnceLock::new();
    static LINKS: OnceLock<Regex> = OnceLock::new();
    let tags =
        TAGS.get_or_init(|| Regex::new(r"<[/A-Za-z!][^<>]{0,500}>").expect("a pattern that is written here"));
    let links = LINKS.get_or_init(|| {
        Regex::new(r"!?\[([^\[\]]{0,300})\]\([^()]{0,500}\)").expect("a pattern that is written here")
    });
    let text = text.split("\n\n").find(|part| !part.trim().is_empty()).unwrap_or(text);
    let text = tags.replace_all(text, " ");
    let text = links.replace_all(&text, "$1");
    let mut out = String::new();
    for word in text.split_whitespace() {
        let word = word.trim_matches(['*', '#']);
        let word =
            word.replace("&nbsp;", " ").replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");
        let word: String =
            word.chars().filter(|letter| !letter.is_control() && !is_unseen(*letter)).collect();
        // Two braces are a hole to whoever reads the page of the connector.
        let word = word.replace("{{", "{ {").replace("}}", "} }");
        if !word.is_empty() {
            if !out.is_empty() {
                out.push(' ');
            }
            out += &word;
        }
    }
    // Where a mark stood, a blank is left.
    out.replace(" .", ".").replace(" ,", ",")
}

fn is_unseen(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The first sentence.
fn first(text: &str) -> &str {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = text[at..].find(['.', '!', '?']) {
        let end = at + found;
        let next = text[end + 1..].chars().next();
        let before = text[..end].rsplit(' ').next().unwrap_or_default();
        let short = matches!(
            before,
            "e.g" | "i.e" | "etc" | "vs" | "cf" | "no" | "No" | "e" | "i" | "approx" | "max" | "min"
        );
        if next.is_none_or(|next| next == ' ') && !short && bytes[end] != b':' && end > 3 {
            return &text[..=end];
        }
        at = end + 1;
    }
    text
}

/// A scalar as text.
pub(super) fn scalar(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(flag) => Some(flag.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// The beginning of a text, for messages.
pub(super) fn short(text: &str) -> String {
    crate::params::short(text)
}

/// True for what looks like a secret: the keys of services have beginnings of their own, and what is drawn by chance is
/// long and mixed.
pub(super) fn is_secret(text: &str) -> bool {
    static KNOWN: OnceLock<Regex> = OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        Regex::new(
            r"xox[abeprs]-[0-9A-Za-z-]{8}|gh[pousr]_[0-9A-Za-z]{16}|github_pat_|glpat-|[srp]k_(live|test)_|rk_live_|AKIA[0-9A-Z]{12}|AIza[0-9A-Za-z_-]{20}|ya29\.|sk-[A-Za-z0-9-]{16}|eyJ[A-Za-z0-9_-]{10,}\.|-----BEGIN|shp[a-z]{2}_[0-9a-f]{16}|secret_[A-Za-z0-9]{16}|ntn_[A-Za-z0-9]{16}|whsec_|(?i:bearer) [A-Za-z0-9._~+/-]{16}|(?i:basic) [A-Za-z0-9+/]{12}=*",
        )
        .expect("a pattern that is written here")
    });
    if known.is_match(text) {
        return true;
    }
    text.split(|letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/' | '_' | '=')))
        .any(|word| {
            let has = |of: fn(&char) -> bool| word.chars().filter(of).count();
            let (digits, small, large) =
                (has(char::is_ascii_digit), has(char::is_ascii_lowercase), has(char::is_ascii_uppercase));
            let hex = word.len() >= 32 && word.chars().all(|letter| letter.is_ascii_hexdigit()) && digits > 4;
            hex || (word.len() >= 28 && digits >= 3 && small >= 3 && large >= 3 && !word.contains('/'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_one_sentence() {
        for (text, sentence) in [
            ("the id of a thing", "The id of a thing."),
            ("<p>Sends <b>mail</b>.</p> More of it.", "Sends mail."),
            ("**Lists** [things](https://a.example/b?c). And more", "Lists things."),
            ("Which, e.g. `a`, is taken. Then", "Which, e.g. `a`, is taken."),
            ("Version 1.5 of it", "Version 1.5 of it."),
            ("\n\n First part\nin two lines\n\nSecond", "First part in two lines."),
            ("...", ""),
            ("", ""),
            ("Reads {{ secret }}", "Reads { { secret } }."),
        ] {
            assert_eq!(super::sentence(text), sentence, "{text}");
        }
        let long = super::sentence(&"word ".repeat(200));
        assert!(long.chars().count() <= LONGEST_TEXT + 1 && long.ends_with("word."), "{long}");
    }

    #[test]
    fn what_looks_like_a_secret_is_seen() {
        for secret in [
            "xoxb-123456789012-abcdef",
            "Use sk_live_abc here",
            "Bearer abcdefghijklmnop1234",
            "d41d8cd98f00b204e9800998ecf8427e",
            "Zm9vYmFyMTIzNDU2Nzg5MDEyMzQ1Njc4OTA",
            "-----BEGIN PRIVATE KEY-----",
        ] {
            assert!(is_secret(secret), "{secret}");
        }
        for plain in [
            "The id of the thing.",
            "application/vnd.github+json",
            "2022-11-28",
            "createOrUpdateTheLongestOfThings",
        ] {
            assert!(!is_secret(plain), "{plain}");
        }
    }
}
