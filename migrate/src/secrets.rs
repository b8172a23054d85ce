//! Secrets that stand in files: how they are known, and the net through which everything goes that was made of a file.

use crate::finish::{Draft, barred};
use crate::report::{Kind, Part, Why};
use crate::tree::{Entry, Tree};

/// How tokens of known services begin.
const BEGINNINGS: &[&str] = &[
    "sk-",
    "xoxb-",
    "xoxp-",
    "ghp_",
    "github_pat_",
    "glpat-",
    "AKIA",
    "AIza",
    "pk_live",
    "sk_live",
    "SG.",
    "eyJ",
];

/// How names of secrets end, in small letters and without what stands between words.
const NAMES: &[&str] = &[
    "authorization",
    "auth",
    "apikey",
    "token",
    "secret",
    "accesskey",
    "privatekey",
    "rapidapikey",
    "credential",
];

/// How names of secrets end whose values are secrets whatever they look like.
const WORDS: &[&str] = &["password", "passwd", "passphrase", "pwd"];

/// What stands where a secret was outside of steps.
const STAND_IN: &str = "a secret that was not copied";

/// True if a value under this name would be a secret that stands in the file.
pub fn is_secret(name: &str, value: &str) -> bool {
    let name: String = name.chars().filter(|char| char.is_alphanumeric()).collect::<String>().to_lowercase();
    let bare = value.trim_start_matches("Bearer ").trim_start_matches("Basic ").trim();
    if bare.is_empty() || value.contains("{{") || bare.contains(' ') {
        return has_token(value);
    }
    let mixed =
        bare.chars().any(|char| char.is_ascii_digit()) && bare.chars().any(|char| char.is_alphabetic());
    let signed = bare.len() < value.trim().len();
    let named = NAMES.iter().any(|end| name.ends_with(end));
    // Short values under these names are as often a key of a record or the name of an app.
    let vague = matches!(&*name, "key" | "appid");
    WORDS.iter().any(|end| name.ends_with(end))
        || named && (signed || mixed && bare.len() >= 8)
        || vague && mixed && bare.len() >= 16
        || has_token(value)
}

/// True if a word of a text begins as tokens of known services do.
fn has_token(text: &str) -> bool {
    let words = text.split(|char: char| !(char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.')));
    words.filter(|word| word.len() >= 16).any(|word| BEGINNINGS.iter().any(|start| word.starts_with(start)))
}

/// True if a text holds a secret: a token, a name with its value as in JSON, forms and queries, or one in an address.
fn holds(text: &str) -> bool {
    has_token(text)
        || in_address(text)
        || is_key_of_a_hook(text)
        || text.match_indices([':', '=']).any(|(at, _)| is_pair(text, at))
}

/// True if what stands before and after a sign is a name and its secret.
fn is_pair(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end().trim_end_matches(['"', '\'']);
    let is_name = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-');
    let name = &before[before.trim_end_matches(is_name).len()..];
    let after = text[at + 1..].trim_start();
    let value = match after.chars().next() {
        Some(quote @ ('"' | '\'')) => after[1..].split(quote).next(),
        // A path or a call of an expression is no value that stands in the file.
        _ => after
            .split(['&', ',', ';', '}', ')', '"', '\'', '\n', '#'])
            .next()
            .filter(|value| is_plain(value)),
    };
    !name.is_empty() && value.is_some_and(|value| is_secret(name, value.trim()))
}

fn is_plain(value: &str) -> bool {
    !value.starts_with('=') && !value.contains(['(', '[', '?']) && !value.contains("steps.")
}

/// Addresses whose last pieces are a key: whoever has one may write to where it leads.
const HOOKS: &[&str] = &[
    "discord.com/api/webhooks/",
    "discordapp.com/api/webhooks/",
    "hooks.slack.com/services/",
    ".webhook.office.com/webhookb2/",
];

/// True if a text has an address that is a key by itself.
pub fn is_key_of_a_hook(text: &str) -> bool {
    HOOKS.iter().any(|hook| {
        text.split(hook).skip(1).any(|rest| {
            let key = rest.split([' ', '"', '\'', '\n', '{', ')']).next().unwrap_or_default();
            key.len() >= 24 && key.chars().any(|char| char.is_ascii_digit())
        })
    })
}

/// True if an address has a password before its host.
fn in_address(text: &str) -> bool {
    text.match_indices("://").any(|(at, _)| {
        let host = text[at + 3..].split(['/', '?', '#', ' ', '"', '\'']).next().unwrap_or_default();
        host.rsplit_once('@')
            .and_then(|(user, _)| user.split_once(':'))
            .is_some_and(|(_, password)| !password.is_empty() && !password.starts_with("{{"))
    })
}

/// True if a value that stands under this name holds a secret. Steps that have parts of their own are left to themselves.
fn stands_in(key: &str, value: &Tree) -> bool {
    match value {
        Tree::Bare(_) => false,
        Tree::Text(text) if key == "fail" => has_token(text) || in_address(text),
        Tree::Text(text) => is_secret(key, text) || holds(text),
        Tree::List(items) => items.iter().any(|item| stands_in(key, item)),
        Tree::Map(entries) => {
            let text = |wanted: &[&str]| {
                entries.iter().find_map(|entry| match &entry.value {
                    Tree::Text(text) if wanted.contains(&&*entry.key) => Some(text),
                    _ => None,
                })
            };
            let pair = text(&["name", "key"]).zip(text(&["value"]));
            pair.is_some_and(|(name, value)| is_secret(name, value))
                || entries.iter().any(|entry| {
                    entry.part.is_none() && (has_token(&entry.key) || stands_in(&entry.key, &entry.value))
                })
        }
    }
}

/// Takes the secrets out of a draft. A step that has one is replaced by one that fails.
pub fn net(draft: &mut Draft, parts: &mut [Part]) {
    for part in parts.iter_mut() {
        for why in part.why.iter_mut().filter(|why| has_token(&why.text) || in_address(&why.text)) {
            why.text = "what cannot be shown, as a secret stands in it".into();
        }
    }
    draft.notes.retain(|line| !holds(line));
    draft.description = draft.description.take().filter(|text| !holds(text));
    steps(&mut draft.steps, parts);
    let mut found = false;
    for tree in draft.triggers.iter_mut().chain(&mut draft.output) {
        found |= blank("", tree);
    }
    for entry in draft.inputs.iter_mut().chain(&mut draft.more) {
        found |= blank(&entry.key, &mut entry.value);
    }
    if found && let Some(part) = parts.first_mut() {
        part.person(Why::new(Kind::Setting, "a secret stands in the file: it is not copied"));
    }
}

fn steps(entries: &mut [Entry], parts: &mut [Part]) {
    for entry in entries {
        within(&mut entry.value, parts);
        if !stands_in(&entry.key, &entry.value) {
            continue;
        }
        match entry.part {
            Some(_) => barred(
                entry,
                "a secret stands in the file, which is not copied: store it by `keyway secrets add` and write `secret(\"NAME\")`",
                parts,
            ),
            None => {
                blank(&entry.key, &mut entry.value);
            }
        }
    }
}

/// Goes through the steps that stand within a step.
fn within(value: &mut Tree, parts: &mut [Part]) {
    match value {
        Tree::Map(entries) => {
            for entry in entries {
                match entry.part {
                    Some(_) => steps(std::slice::from_mut(entry), parts),
                    None => within(&mut entry.value, parts),
                }
            }
        }
        Tree::List(items) => items.iter_mut().for_each(|item| within(item, parts)),
        Tree::Bare(_) | Tree::Text(_) => {}
    }
}

/// Puts the stand-in where secrets are; gives whether there were any.
fn blank(key: &str, value: &mut Tree) -> bool {
    if !stands_in(key, value) {
        return false;
    }
    match value {
        Tree::List(items) => {
            for item in items {
                blank(key, item);
            }
        }
        Tree::Map(entries) => {
            for entry in entries {
                blank(&entry.key, &mut entry.value);
            }
        }
        Tree::Bare(_) | Tree::Text(_) => {}
    }
    // What is a secret only by what stands beside it goes as a whole.
    if stands_in(key, value) {
        *value = Tree::text(STAND_IN);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_wherever_they_stand() {
        for (name, value) in [
            ("x-auth", "abcd1234efgh"),
            ("apiToken", "abcd1234efgh"),
            ("passphrase", "sesame"),
            ("pwd", "hunter"),
            ("Other", "Bearer sk-live0123456789abcdef {{ inputs.x }}"),
        ] {
            assert!(is_secret(name, value), "{name}");
        }
        for text in [
            "https://example.com/?key=AIzaSyA0123456789",
            "https://example.com/?a=1&api_key=0123456789abcdef",
            "https://me:hunter2@example.com/",
            "{\"password\": \"hunter2\"}",
            "{{ { token: 'abcd1234efgh' } }}",
            "use ghp_0123456789abcdefgh here",
            "https://discord.com/api/webhooks/123456789012345678/abcdefghijklmnop",
        ] {
            assert!(holds(text), "{text}");
        }
        // The control: what is none.
        for text in [
            "https://example.com/?page=2",
            "https://discord.com/api/webhooks/ID/TOKEN",
            "{{ secret(\"TOKEN\") }}",
            "{{ steps.a.token == 'x' }}",
            "10:30",
        ] {
            assert!(!holds(text), "{text}");
        }
        assert!(!is_secret("authorization", "Bearer {{ secret(\"TOKEN\") }}"));
    }
}
