//! What an answer means: a value, or a failure by the rules of the manifest; the first rule that holds is taken, and
//! where none does, the status decides.

use std::sync::Arc;

use dsl::catalog::{Failure, FailureKind, Safety};
use dsl::types::{self, Type};
use dsl::value::{File, MAX_DEPTH, Object, UNKNOWN, Value};
use jiff::{SignedDuration, Timestamp};

use super::fill::{self, Names};
use crate::builtin::http::answer::{Content, content, excerpt, joined, parse, wait as http_wait};
use crate::contents;
use crate::manifest::limits::{Class, Limits, Rule, Unit, Wait, WaitPlace};
use crate::manifest::request::Reads;

/// The longest that a service may ask to wait.
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Headers in which services name a request, for whoever asks them about it.
const REQUEST_IDS: [&str; 6] =
    ["x-request-id", "request-id", "x-github-request-id", "x-slack-req-id", "x-amzn-requestid", "cf-ray"];

/// An answer as a manifest sees it, and how many bytes its body has.
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) response: Value,
    pub(crate) link: String,
    pub(crate) size: usize,
    /// The beginning of the body, for a message where no rule has one.
    said: String,
}

/// What an answer means.
pub(crate) enum Meaning {
    /// It is what was asked for.
    Yes,
    /// No harm: there is nothing.
    Nothing,
    /// No, and how that is told.
    No(Class, Box<Failure>),
}

/// By what an answer is judged.
pub(crate) struct Judge<'a> {
    /// The rules of the action, then those of all.
    pub rules: Vec<&'a Rule>,
    /// Whether it is a yes, where the status does not say it.
    pub success_when: Option<&'a dsl::expr::Expr>,
    /// The limits of the action, then those of all.
    pub limits: [&'a Limits; 2],
    /// What may be repeated.
    pub safety: Safety,
    /// The action's id, for messages.
    pub action: &'a str,
}

/// Reads an answer. A body that is not what it claims to be is a text where the answer is a refusal anyway.
pub(crate) fn read(response: egress::Response, reads: Reads, call: &str) -> Result<Seen, Failure> {
    let headers = joined(&response.headers);
    let header = |name: &str| headers.get(name).and_then(Value::as_text).unwrap_or_default();
    let told = content(header("content-type"), header("content-encoding"));
    let well = (200..300).contains(&response.status);
    let kind = match reads {
        Reads::Auto => told,
        // A refusal is no file: it says why.
        Reads::Bytes if !well => told,
        Reads::Json => Content::Json,
        Reads::Text | Reads::Xml => Content::Text,
        // What is no file after all says what it is.
        Reads::Bytes => told,
    };
    let parsed = match reads {
        Reads::Xml if !response.body.is_empty() => super::xml::value(&response.body)
            .map_err(|why| (FailureKind::Server, format!("its body is not the XML it should be: {why}"))),
        Reads::Auto | Reads::Bytes | Reads::Json | Reads::Text | Reads::Xml => parse(&kind, &response.body),
    };
    let body = match parsed {
        Ok(body) => body,
        Err(_) if !well => Value::text(String::from_utf8_lossy(&response.body)),
        Err((kind, why)) => {
            return Err(Failure {
                status: Some(response.status),
                answered: true,
                ..Failure::new(kind, format!("`{call}` answered {}, but {why}", response.status))
            });
        }
    };
    let said = match &kind {
        Content::Bytes(_) => String::new(),
        Content::Json | Content::Text => excerpt(&response.body),
    };
    let size = response.body.len();
    Ok(seen(response.status, headers, body, size, said))
}

fn seen(status: u16, headers: Object, body: Value, size: usize, said: String) -> Seen {
    let link = headers.get("link").and_then(Value::as_text).unwrap_or_default().to_owned();
    let response = Value::object([
        ("status", Value::Int(status.into())),
        ("headers", Value::Object(Arc::new(headers))),
        ("body", body),
    ]);
    Seen { status, response, link, size, said }
}

/// What stands for the answer where a request was not sent: the address that was made of it.
pub(crate) fn of_link(url: String) -> Seen {
    seen(200, Object::new(), Value::text(url), 0, String::new())
}

/// An answer whose body is a file. Its name is the one that the manifest gives, or the answer's own, or that of the
/// address; its type is the answer's, or what the name stands for.
pub(crate) fn file(
    response: egress::Response,
    content: dsl::value::Content,
    name: Option<&str>,
    path: &str,
) -> Seen {
    let headers = joined(&response.headers);
    let header = |name: &str| headers.get(name).and_then(Value::as_text).unwrap_or_default();
    let name = name.and_then(contents::safe);
    let name = name.or_else(|| contents::of_disposition(header("content-disposition")));
    let name = name.or_else(|| contents::of_path(path));
    let kind = header("content-type").split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let media_type = match (kind.as_str(), &name) {
        ("" | UNKNOWN, Some(name)) => mime_guess::from_path(&**name).first_raw().unwrap_or(UNKNOWN).into(),
        ("", None) => UNKNOWN.into(),
        (kind, _) => kind.into(),
    };
    let size = usize::try_from(content.size()).unwrap_or(usize::MAX);
    let file = Value::File(Arc::new(File { content, media_type, name }));
    seen(response.status, headers, file, size, String::new())
}

impl Judge<'_> {
    /// What an answer means; `names` has `response`.
    pub(crate) fn judge(&self, seen: &Seen, names: &Names) -> Meaning {
        let rule = self.rules.iter().find(|rule| fill::holds(&rule.when, names));
        let class = match rule {
            Some(rule) => rule.class,
            None if !(200..300).contains(&seen.status) => of_status(seen.status),
            None if self.success_when.is_some_and(|when| !fill::holds(when, names)) => Class::Fail,
            None => return Meaning::Yes,
        };
        match class.kind() {
            None if class == Class::Ignore => Meaning::Nothing,
            None => Meaning::Yes,
            Some(kind) => Meaning::No(class, Box::new(self.failure(class, kind, rule.copied(), seen, names))),
        }
    }

    fn failure(
        &self,
        class: Class,
        kind: FailureKind,
        rule: Option<&Rule>,
        seen: &Seen,
        names: &Names,
    ) -> Failure {
        let said = rule.and_then(|rule| rule.message.as_ref());
        let said = said.and_then(|message| fill::value(message, names).ok().flatten());
        let said = said.map(|said| said.to_string()).filter(|said| !said.is_empty());
        let said = said.unwrap_or_else(|| seen.said.clone());
        let code = rule.and_then(|rule| rule.code.as_ref()).map(|code| fill::found(code, names));
        let code = match code {
            Some(Value::Text(code)) if !code.is_empty() && !said.contains(&*code) => Some(code.to_string()),
            Some(Value::Int(code)) => Some(code.to_string()),
            _ => None,
        };
        let mut message = format!("`{}` answered {}", self.action, seen.status);
        if !said.is_empty() {
            message += &format!(": {}", crate::params::short_of(&said, 400));
        }
        let request = seen.response.get("headers").and_then(|headers| {
            REQUEST_IDS.iter().find_map(|name| headers.get(name).and_then(Value::as_text))
        });
        let more: Vec<String> = code
            .map(|code| format!("code {code}"))
            .into_iter()
            .chain(request.map(|id| format!("request {}", crate::params::short(id))))
            .collect();
        if !more.is_empty() {
            message += &format!(" ({})", more.join(", "));
        }
        let retry_after = self.wait(class, seen, names);
        // A call that must not be made twice is made again only where it is known that nothing happened.
        let nothing_happened = class == Class::RateLimited || (seen.status == 503 && retry_after.is_some());
        Failure {
            status: Some(seen.status),
            retryable: class.passes() && (self.safety.repeatable() || nothing_happened),
            retry_after,
            answered: true,
            ..Failure::new(kind, message)
        }
    }

    /// How long the service asks to wait.
    fn wait(&self, class: Class, seen: &Seen, names: &Names) -> Option<SignedDuration> {
        if !class.passes() {
            return None;
        }
        let now = Timestamp::now();
        let headers = seen.response.get("headers");
        let header = |name: &str| headers.and_then(|headers| headers.get(name)).cloned().unwrap_or_default();
        let asked = self.limits.iter().flat_map(|limits| &limits.wait).find_map(|wait| {
            let value = match &wait.place {
                WaitPlace::Header(name) => header(name),
                WaitPlace::Body(expr) => fill::found(expr, names),
            };
            waited(wait, &value, now)
        });
        let usual = || http_wait(header("retry-after").as_text().unwrap_or_default(), now);
        let fallback = || {
            let own = self.limits.iter().find_map(|limits| limits.fallback);
            let own = own.filter(|_| class == Class::RateLimited)?;
            SignedDuration::try_from(own).ok()
        };
        asked.or_else(usual).or_else(fallback)
    }
}

/// A wait as a number or a time says it.
fn waited(wait: &Wait, value: &Value, now: Timestamp) -> Option<SignedDuration> {
    let text = match value {
        Value::Null => return None,
        value => value.to_string(),
    };
    let text = text.trim();
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    let until = |milliseconds: f64| {
        Timestamp::from_millisecond(milliseconds as i64).ok().map(|then| then.duration_since(now))
    };
    let length = match wait.unit {
        Unit::Seconds => match number {
            Some(number) => Some(SignedDuration::from_millis((number.min(1e9) * 1000.0).ceil() as i64)),
            None => http_wait(text, now),
        },
        Unit::Milliseconds => {
            number.map(|number| SignedDuration::from_millis(number.min(1e12).ceil() as i64))
        }
        Unit::Epoch => number.and_then(|number| until(number.min(1e12) * 1000.0)),
        Unit::EpochMilliseconds => number.and_then(|number| until(number.min(1e15))),
        Unit::Time => text.parse::<Timestamp>().ok().map(|then| then.duration_since(now)),
    };
    length.map(|length| length.clamp(SignedDuration::ZERO, LONGEST))
}

/// What a status means where no rule says it.
fn of_status(status: u16) -> Class {
    match status {
        401 => Class::AuthRefreshThenRetry,
        403 | 407 | 451 => Class::Permission,
        404 | 410 => Class::NotFound,
        409 | 412 | 423 => Class::Conflict,
        429 => Class::RateLimited,
        408 | 425 | 500..=599 => Class::Retry,
        _ => Class::InvalidInput,
    }
}

/// The part of a value that a type names: what it does not is left behind, what may be null and is not there is null.
/// A value that does not fit goes on as it is, since a service may say more than its manifest knows.
pub(crate) fn picked(value: &Value, ty: &Type) -> Value {
    let picked = pick(value, ty);
    types::fit(&picked, ty).unwrap_or(picked)
}

fn pick(value: &Value, ty: &Type) -> Value {
    match (ty, value) {
        (Type::Object(fields), Value::Object(entries)) => {
            let mut kept = Object::with_capacity(fields.len());
            for field in fields {
                match entries.get(field.name.as_str()) {
                    Some(value) => {
                        kept.insert(field.name.as_str().into(), pick(value, &field.ty));
                    }
                    None if field.ty.takes_null() => {
                        kept.insert(field.name.as_str().into(), Value::Null);
                    }
                    None => {}
                }
            }
            Value::Object(Arc::new(kept))
        }
        (Type::List(item), Value::List(items)) => {
            Value::list(items.iter().map(|value| pick(value, item)).collect())
        }
        (Type::Nullable(inner), value) if !value.is_null() => pick(value, inner),
        _ => value.clone(),
    }
}

/// Refuses what nests deeper than values may.
pub(crate) fn bounded(value: Value, action: &str) -> Result<Value, Failure> {
    if value.depth() > MAX_DEPTH {
        let message = format!("what `{action}` gives nests deeper than {MAX_DEPTH}");
        return Err(Failure { answered: true, ..Failure::new(FailureKind::Limit, message) });
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_read_in_each_unit() {
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let of = |unit, value: Value| {
            let wait = Wait { place: WaitPlace::Header("x".into()), unit };
            waited(&wait, &value, now).map(|length| length.as_millis())
        };
        assert_eq!(of(Unit::Seconds, Value::text("2")), Some(2_000));
        assert_eq!(of(Unit::Seconds, Value::Number(0.25)), Some(250));
        assert_eq!(of(Unit::Seconds, Value::text("Fri, 02 Jan 2026 03:05:05 GMT")), Some(60_000));
        assert_eq!(of(Unit::Milliseconds, Value::Int(1_500)), Some(1_500));
        assert_eq!(of(Unit::Epoch, Value::Int(now.as_second() + 30)), Some(30_000));
        assert_eq!(of(Unit::EpochMilliseconds, Value::Int(now.as_millisecond() + 30)), Some(30));
        assert_eq!(of(Unit::Time, Value::text("2026-01-02T03:04:15Z")), Some(10_000));
        // What lies behind is over, what is too far ahead is cut, and what is nothing says nothing.
        assert_eq!(of(Unit::Epoch, Value::Int(5)), Some(0));
        assert_eq!(of(Unit::Seconds, Value::text("1e300")), Some(7 * 24 * 3600 * 1000));
        for nothing in [Value::Null, Value::text("soon"), Value::text("-5"), Value::text("NaN")] {
            assert_eq!(of(Unit::Seconds, nothing), None);
        }
    }

    #[test]
    fn only_what_the_type_names_goes_on() {
        let ty = types::parse("{ id: string, more: [{ n: integer }], gone: string? }").unwrap();
        let json = r#"{"id":"a","extra":1,"more":[{"n":1,"m":2}]}"#;
        let value = dsl::json::parse(json).unwrap();
        assert_eq!(picked(&value, &ty).to_json().to_string(), r#"{"id":"a","more":[{"n":1}],"gone":null}"#);
        // A service that says something else is believed.
        let other = dsl::json::parse(r#"{"id":7,"more":"x"}"#).unwrap();
        assert_eq!(picked(&other, &ty).to_json().to_string(), r#"{"id":7,"more":"x","gone":null}"#);
    }
}
