//! Reading a refusal from an answer: status, headers, and a body of any shape: JSON, a page, nothing, a part of it.

use jiff::Timestamp;
use serde_json::Value;

use super::wait::wait;
use super::{Class, Refusal};

/// An answer as it came. Secrets in it are replaced before it gets here.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: &'a [(String, String)],
    /// The body.
    pub body: &'a [u8],
}

impl<'a> Reply<'a> {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }
}

/// What an answer of a wire means, where the status alone does not tell. The first that fits counts.
#[derive(Clone, Copy, Debug)]
pub struct Says {
    /// With one of these statuses; with any where there is none.
    pub status: &'static [u16],
    /// With a code that has one of these in it,
    pub codes: &'static [&'static str],
    /// or a message that has, in lower case;
    pub words: &'static [&'static str],
    /// it means this.
    pub class: Class,
}

/// Most characters of an answer that are shown.
const SHOWN: usize = 300;

/// How keys of providers begin, as far as they can be told.
const KEYS: [&str; 4] = ["sk-", "AIza", "xai-", "co-"];

/// Reads a refusal from an answer; `title` is what people call the provider.
pub(crate) fn refusal(says: &[Says], title: &str, reply: &Reply<'_>, now: Timestamp) -> Refusal {
    let said = Said::read(reply.body);
    let class = match said.page {
        // A page of somebody on the way says nothing of a key.
        true if matches!(reply.status, 401 | 403) => Class::Broken,
        true => by_status(reply.status),
        false => class(says, Some(reply.status), &said),
    };
    let timed = match class {
        Class::RateLimited | Class::Overloaded | Class::Broken => true,
        // A time in seconds is told for a quota of a day as well, and means nothing.
        Class::DailyQuota
        | Class::BadKey
        | Class::NoCredit
        | Class::TooLong
        | Class::Filtered
        | Class::NotOffered
        | Class::Invalid => false,
    };
    let request =
        ["request-id", "x-request-id", "apim-request-id"].into_iter().find_map(|name| reply.header(name));
    Refusal {
        class,
        message: told(title, class, &said, Some(reply.status)),
        status: Some(reply.status),
        wait: wait(reply, &said.json, now).filter(|_| timed),
        request: request.map(|id| id.chars().take(100).collect()),
    }
}

/// Reads a refusal that came within a stream, after a status that was right.
pub(crate) fn in_stream(says: &[Says], title: &str, said: Value) -> Refusal {
    let said = Said::of(said);
    let class = class(says, said.status(), &said);
    Refusal::new(class, told(title, class, &said, said.status()))
}

/// What is said of an answer with a right status that cannot be read.
pub(crate) fn unreadable(title: &str, body: &[u8], why: &str) -> Refusal {
    let blank = body.iter().all(u8::is_ascii_whitespace);
    let message = match blank {
        true => format!("the answer is empty ({title})"),
        false if Said::read(body).page => format!("{PAGE} ({title}): {}", excerpt(body)),
        false => format!("the answer cannot be read ({title}), {why}: {}", excerpt(body)),
    };
    Refusal::new(Class::Broken, message)
}

/// What came is not the provider's own.
const PAGE: &str = "a page came instead of data";

/// What an answer says, as far as it can be read.
struct Said {
    json: Value,
    codes: Vec<String>,
    message: String,
    /// True if it is none of the provider's own: text that is no JSON, and no beginning of it.
    page: bool,
}

impl Said {
    fn read(body: &[u8]) -> Said {
        let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
        match serde_json::from_slice(body) {
            Ok(json) => Said::of(json),
            Err(_) => Said {
                page: first.is_some_and(|byte| !matches!(byte, b'{' | b'[')),
                message: excerpt(body),
                ..Said::of(Value::Null)
            },
        }
    }

    fn of(json: Value) -> Said {
        // Some send a list of one.
        let json = match json {
            Value::Array(items) => items.into_iter().next().unwrap_or_default(),
            other => other,
        };
        let text = |place: &str| json.pointer(place).and_then(Value::as_str);
        let message = ["/error/message", "/message", "/error", "/detail"].into_iter().find_map(text);
        let message = message.unwrap_or_default().to_owned();
        let mut codes = vec![];
        gather(&json, 0, &mut codes);
        Said { json, codes, message, page: false }
    }

    /// The status that a code repeats, where it is one.
    fn status(&self) -> Option<u16> {
        self.codes.iter().find_map(|code| code.parse().ok().filter(|status| (400..600).contains(status)))
    }
}

/// The codes of an error: what stands behind the keys for them, at any place.
fn gather(json: &Value, depth: usize, codes: &mut Vec<String>) {
    const KEYS: [&str; 6] = ["code", "error_code", "quotaId", "reason", "status", "type"];
    match json {
        Value::Object(entries) if depth < 6 => {
            for (key, value) in entries {
                match value {
                    Value::String(text) if KEYS.contains(&&**key) => codes.push(text.clone()),
                    Value::Number(number) if KEYS.contains(&&**key) => codes.push(number.to_string()),
                    other => gather(other, depth + 1, codes),
                }
            }
        }
        Value::Array(items) if depth < 6 => items.iter().for_each(|item| gather(item, depth + 1, codes)),
        _ => {}
    }
}

fn class(says: &[Says], status: Option<u16>, said: &Said) -> Class {
    let lower = said.message.to_lowercase();
    let fits = |rule: &&Says| {
        let coded = said.codes.iter().any(|code| rule.codes.iter().any(|part| code.contains(part)));
        let worded = rule.words.iter().any(|part| lower.contains(part));
        (rule.status.is_empty() || status.is_some_and(|status| rule.status.contains(&status)))
            && (coded || worded)
    };
    match says.iter().find(fits) {
        Some(rule) => rule.class,
        None => status.map_or(Class::Broken, by_status),
    }
}

/// What a status means with everybody.
fn by_status(status: u16) -> Class {
    match status {
        401 | 403 | 498 => Class::BadKey,
        402 => Class::NoCredit,
        404 | 410 => Class::NotOffered,
        408 | 409 | 425 | 499 => Class::Broken,
        413 => Class::TooLong,
        429 => Class::RateLimited,
        503 | 529 => Class::Overloaded,
        300..=499 | 501 => Class::Invalid,
        _ => Class::Broken,
    }
}

/// What people read. Answers to a wrong key repeat it in parts, so they are not quoted.
fn told(title: &str, class: Class, said: &Said, status: Option<u16>) -> String {
    let by = match status {
        Some(status) => format!("({title}, status {status})"),
        None => format!("({title})"),
    };
    let quote = quoted(&said.message);
    if said.page && class == Class::Broken {
        return format!("{PAGE} {by}: {quote}");
    }
    if class == Class::BadKey && said.message.to_lowercase().contains("expired") {
        return format!("the key is expired {by}");
    }
    match quote.is_empty() || class == Class::BadKey {
        true => format!("{} {by}", class.says()),
        false => format!("{} {by}: {quote}", class.says()),
    }
}

fn excerpt(body: &[u8]) -> String {
    // Replacing may make three bytes of one: what is cut is more than what is shown.
    quoted(&String::from_utf8_lossy(&body[..body.len().min(4 * SHOWN)]))
}

/// A text of somebody else's in a message: on one line, not too long, without what looks like a key.
pub(crate) fn quoted(text: &str) -> String {
    let words = text
        .split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty());
    let mut shown = String::new();
    for word in words {
        if !shown.is_empty() {
            shown.push(' ');
        }
        shown.push_str(&masked(word));
        if shown.len() > 4 * SHOWN {
            break;
        }
    }
    match shown.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}

/// A word, stars from where it begins to look like a key.
fn masked(word: &str) -> String {
    let bounded = |at: &usize| word[..*at].chars().next_back().is_none_or(|letter| !letter.is_alphanumeric());
    let begins = KEYS.iter().flat_map(|key| word.match_indices(key)).map(|(at, _)| at).filter(bounded).min();
    match begins.filter(|at| word.len() - at > 8) {
        Some(at) => format!("{}***", &word[..at]),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotation_is_short_on_one_line_and_has_no_key() {
        assert_eq!(quoted("a\n b\t\u{0}c"), "a b c");
        assert_eq!(quoted("Incorrect key: sk-proj-12345678."), "Incorrect key: ***");
        assert_eq!(
            quoted("key=AIzaSyCanary123 is wrong, task-1234567890 is not one"),
            "key=*** is wrong, task-1234567890 is not one"
        );
        let long = quoted(&"ü".repeat(5000));
        assert_eq!(long.chars().count(), SHOWN + 1);
    }

    #[test]
    fn a_page_says_nothing_of_a_key() {
        let reply = |status, body: &'static str| Reply { status, headers: &[], body: body.as_bytes() };
        let of = |status, body| refusal(&[], "Acme", &reply(status, body), Timestamp::UNIX_EPOCH);
        assert_eq!(of(401, "<html>proxy</html>").class, Class::Broken);
        assert_eq!(of(401, "").class, Class::BadKey);
        assert_eq!(of(401, "{\"error\":{\"mess").class, Class::BadKey);
        assert_eq!(of(503, "<html>busy</html>").class, Class::Overloaded);
        assert_eq!(of(401, "").message, "the key is not accepted (Acme, status 401)");
        assert_eq!(of(500, "<b>x</b>").message, "a page came instead of data (Acme, status 500): <b>x</b>");
    }
}
