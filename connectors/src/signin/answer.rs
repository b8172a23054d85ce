//! What a service says where it was asked for tokens: tokens, or why there are none.

use dsl::catalog::{Failure, FailureKind};
use dsl::value::Value;
use jiff::{SignedDuration, Timestamp};
use secret::Secret;

use super::check::Check;
use super::exchange::{Heard, passes};
use super::refusal::{Refusal, word};
use super::service::Service;
use super::tokens::Tokens;
use crate::call::fill::{found, holds};
use crate::params::short_of;

/// What the door to the network puts where a service says back what it was sent.
const VEILED: &str = "***";

/// The longest time that a token is believed to last, in seconds: ten years.
const LONGEST: i64 = 10 * 365 * 24 * 3600;

/// What was asked for.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) scopes: &'a [String],
    /// The refresh token that was sent, if it was one.
    pub(super) refresh: Option<&'a Secret>,
    pub(super) now: Timestamp,
}

/// Reads an answer.
pub(super) fn tokens(service: &Service<'_>, heard: Heard, asked: Asked<'_>) -> Result<Tokens, Refusal> {
    let oauth2 = service.oauth2;
    let names = service.names().with("response", heard.response.clone());
    let error = found(&oauth2.answer.error, &names);
    let well = (200..300).contains(&heard.status)
        && (is_nothing(&error) || !Check::Error.is_made())
        && oauth2.success_when.as_ref().is_none_or(|when| holds(when, &names));
    if !well {
        let dead =
            asked.refresh.is_some() && oauth2.rotation.invalid_when.iter().any(|when| holds(when, &names));
        return Err(refused(service, &heard, &error, (dead, asked.refresh.is_some())));
    }
    let incomplete = |what: &str| {
        let message = format!("`{}` answered {}, and {what}", heard.call, heard.status);
        let failure = Failure::new(FailureKind::Server, message);
        Refusal::from(Failure { status: Some(heard.status), answered: true, ..failure })
    };
    let access = match found(&oauth2.answer.access, &names) {
        Value::Text(text) if !text.is_empty() => text,
        _ => return Err(incomplete("its answer holds no access token")),
    };
    let refresh = match found(&oauth2.answer.refresh, &names) {
        // The same one again: the door has replaced what was sent.
        Value::Text(text) if &*text == VEILED => asked.refresh.cloned(),
        Value::Text(text) if !text.is_empty() => Some(Secret::new(text.to_string())),
        _ => None,
    };
    let veiled = |secret: &str| secret.contains(VEILED);
    if veiled(&access) || refresh.as_ref().is_some_and(|refresh| veiled(refresh.expose())) {
        return Err(incomplete("a token in it is made of a secret that was sent"));
    }
    let lasts = seconds(&found(&oauth2.answer.expires_in, &names)).map(SignedDuration::from_secs);
    let lasts = lasts.or_else(|| SignedDuration::try_from(oauth2.expiry.default?).ok());
    let expires = lasts.map(|lasts| asked.now.saturating_add(lasts).unwrap_or(Timestamp::MAX));
    let given = scopes(&found(&oauth2.answer.scope, &names));
    let access = Secret::new(access.to_string());
    let mut hidden = vec![access.clone()];
    hidden.extend(refresh.clone());
    let body = heard.response.get("body").cloned().unwrap_or_default();
    secrets_of(&body, &mut hidden);
    let identity = body.get("id_token").and_then(Value::as_text).map(|text| Secret::new(text.to_owned()));
    Ok(Tokens {
        access,
        refresh,
        expires,
        scopes: given.unwrap_or_else(|| asked.scopes.to_vec()),
        identity,
        extra: without(&body, &hidden).unwrap_or_default(),
    })
}

/// A no of a service. What it says of it is shown as far as it is a word or stands where a description does.
pub(super) fn refused(
    service: &Service<'_>,
    heard: &Heard,
    error: &Value,
    (dead, refreshing): (bool, bool),
) -> Refusal {
    let said = match error {
        Value::Text(text) => word(text),
        _ => "no reason that is known".into(),
    };
    let body = heard.response.get("body");
    let described = body.and_then(|body| body.get("error_description")).and_then(Value::as_text);
    let described = described.map(|text| format!(" ({})", short_of(text, 200))).unwrap_or_default();
    if dead {
        return Refusal::Reconnect(format!("{} takes its refresh token no more: {said}", service.name));
    }
    let message = format!("`{}` answered {}: {said}{described}", heard.call, heard.status);
    let kind = match heard.status {
        429 => FailureKind::RateLimited,
        500..=599 => FailureKind::Server,
        _ => FailureKind::Auth,
    };
    Refusal::from(Failure {
        status: Some(heard.status),
        // A token that is not renewed today may be tomorrow; what a person just did will not go better by itself.
        retryable: refreshing || passes(heard.status),
        answered: true,
        ..Failure::new(kind, message)
    })
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.is_empty(),
        _ => false,
    }
}

/// A number of seconds, as a number or a text; some services send `"3600"`.
fn seconds(value: &Value) -> Option<i64> {
    let seconds = match value {
        Value::Int(seconds) => *seconds,
        Value::Number(seconds) => *seconds as i64,
        Value::Text(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    Some(seconds.clamp(0, LONGEST))
}

/// The scopes that were given, whatever stands between them.
fn scopes(value: &Value) -> Option<Vec<String>> {
    let all: Vec<String> = match value {
        Value::Text(text) => {
            text.split([' ', ',']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
        }
        Value::List(items) => items.iter().filter_map(Value::as_text).map(str::to_owned).collect(),
        _ => return None,
    };
    Some(all).filter(|all| !all.is_empty())
}

/// True for the name of a field that holds what is secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["token", "secret", "assertion", "password", "signature", "api_key"].iter().any(|end| name.ends_with(end))
}

/// Gathers every text of a field whose name says that it is secret.
fn secrets_of(value: &Value, out: &mut Vec<Secret>) {
    match value {
        Value::Object(entries) => {
            for (name, value) in entries.iter() {
                match value {
                    Value::Text(text) if is_secret(name) && text.len() >= 8 => {
                        out.push(Secret::new(text.to_string()));
                    }
                    other => secrets_of(other, out),
                }
            }
        }
        Value::List(items) => items.iter().for_each(|item| secrets_of(item, out)),
        _ => {}
    }
}

/// A value without the fields that are secret, and without texts that hold what is.
fn without(value: &Value, hidden: &[Secret]) -> Option<Value> {
    match value {
        Value::Text(text) => {
            (!hidden.iter().any(|secret| text.contains(secret.expose()))).then(|| value.clone())
        }
        Value::Object(entries) => {
            let kept = entries.iter().filter(|(name, _)| !is_secret(name));
            Some(Value::object(
                kept.filter_map(|(name, value)| Some((name.clone(), without(value, hidden)?))),
            ))
        }
        Value::List(items) => {
            Some(Value::list(items.iter().filter_map(|item| without(item, hidden)).collect()))
        }
        other => Some(other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_does_not_stay_in_the_rest() {
        let body = Value::from_json(serde_json::json!({
            "access_token": "canary-access", "id_token": "canary-identity", "team": { "id": "T1" },
            "authed_user": { "access_token": "canary-user", "id": "U1" },
            "webhook": { "url": "https://h.example/1/canary-hook", "token": "canary-hook" },
            "list": ["canary-access", "x"],
        }));
        let mut hidden = vec![Secret::new("canary-access".into())];
        secrets_of(&body, &mut hidden);
        let rest = without(&body, &hidden).unwrap();
        assert!(!rest.to_string().contains("canary"), "{rest}");
        let expected = serde_json::json!({
            "team": { "id": "T1" }, "authed_user": { "id": "U1" }, "webhook": {}, "list": ["x"],
        });
        assert_eq!(rest.to_json(), expected);
    }

    #[test]
    fn times_are_read_as_services_write_them() {
        assert_eq!(seconds(&Value::Int(60)), Some(60));
        assert_eq!(seconds(&Value::text("3600")), Some(3600));
        assert_eq!(seconds(&Value::Number(59.9)), Some(59));
        assert_eq!(seconds(&Value::Int(-5)), Some(0));
        assert_eq!(seconds(&Value::Int(i64::MAX)), Some(LONGEST));
        assert_eq!(seconds(&Value::text("soon")), None);
        assert_eq!(seconds(&Value::Null), None);
    }

    #[test]
    fn scopes_are_read_with_blanks_and_commas_and_as_lists() {
        let two = Some(vec!["a".to_owned(), "b:c".into()]);
        assert_eq!(scopes(&Value::text("a b:c")), two);
        assert_eq!(scopes(&Value::text("a,b:c")), two);
        assert_eq!(scopes(&Value::list(vec![Value::text("a"), Value::text("b:c")])), two);
        assert_eq!(scopes(&Value::text("")), None);
    }
}
