//! What a service says when it calls: whether it is the service, what it asks first, and what has happened. It waits for
//! nothing and keeps nothing: whoever is called opens the secret before and remembers the events after.

mod jwt;
mod known;
pub mod poll;
mod proof;
mod said;
pub mod subscribe;

use std::time::Duration;

use dsl::value::Value;
use jiff::Timestamp;
use secret::Secret;

use crate::call::answer::picked;
use crate::call::fill::{self, Names};
use crate::connection::Connection;
use crate::manifest::trigger::{Handshake, Trigger, TriggerKind, Verify, Webhook};

pub use known::{Known, Verified};
pub use said::{KEPT_OUT, Said};

/// The secret that a subscription told the service.
pub const OWN: &str = "hook";

/// Why a call is not heard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nothing in it proves who it is.
    #[error("the call does not say who it is: {0} is missing")]
    Unsigned(String),
    /// What it shows does not prove that it is the service.
    #[error("the call does not prove who it is: {0}")]
    Unproven(String),
    /// It was made too long ago, or in the future.
    #[error("the call was made at another time than now")]
    Stale,
    /// It cannot be read.
    #[error("the call cannot be read: {0}")]
    Unreadable(String),
}

/// What was heard.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// The service asks something first, and is answered.
    Asked(Answer),
    /// This has happened; nothing, where it is none of what the trigger wants.
    Events(Vec<Event>),
}

/// How a service is answered that asks something.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body, and whether it is JSON.
    pub body: Option<Value>,
}

/// Something that has happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What makes two tellings of it one.
    pub key: String,
    /// How long that is remembered.
    pub keep: Duration,
    /// What the run is given.
    pub value: Value,
}

/// What is called, and what is needed to hear it.
pub struct Called<'a> {
    /// The trigger.
    pub trigger: &'a Trigger,
    /// Its parameters.
    pub input: &'a Value,
    /// The connection.
    pub connection: &'a Connection,
    /// The secret that `secret_of` names.
    pub secret: Option<&'a Secret>,
    /// The text behind the address that `keys_of` names.
    pub keys: Option<&'a str>,
    /// The time.
    pub now: Timestamp,
}

/// The webhook of a trigger; nothing where the service is asked instead.
pub fn webhook(trigger: &Trigger) -> Option<&Webhook> {
    match &trigger.kind {
        TriggerKind::Poll(_) => None,
        TriggerKind::Subscription(subscription) => Some(&subscription.webhook),
        TriggerKind::Webhook(webhook) => Some(webhook),
    }
}

/// The secret of the connection that calls are held against, by its name in the manifest.
pub fn secret_of(webhook: &Webhook) -> Option<&str> {
    match &webhook.verify {
        Verify::Signed(signed) => proof::secret_of(&signed.scheme),
        Verify::Token { secret, .. } => Some(secret),
        Verify::Jwt { .. } | Verify::Address => None,
    }
}

/// The address of the keys that calls are held against.
///
/// # Errors
/// Where the connection lacks what it is made of.
pub fn keys_of(webhook: &Webhook, connection: &Connection) -> Result<Option<String>, Refused> {
    let Verify::Jwt { keys, .. } = &webhook.verify else { return Ok(None) };
    let names = Names::new("").with("connection", connection.value());
    filled_text(keys, &names, "the address of its keys").map(Some)
}

/// True if the service chooses the secret of a subscription, and says it in what it asks first or in its answer.
pub fn chooses(trigger: &Trigger) -> bool {
    let answered = match &trigger.kind {
        TriggerKind::Subscription(subscription) => subscription.secret.is_some(),
        TriggerKind::Poll(_) | TriggerKind::Webhook(_) => false,
    };
    answered || webhook(trigger).is_some_and(asks)
}

/// True if the service says in what it asks first which secret it chooses.
fn asks(webhook: &Webhook) -> bool {
    webhook.handshake.as_ref().is_some_and(|asked| asked.secret.is_some())
}

/// The lengths that a secret may have which a service chooses.
const CHOSEN: std::ops::RangeInclusive<usize> = 16..=512;

/// The secret that a service has chosen, in a call that asks something first; nothing where it chooses none.
///
/// # Errors
/// Where it is none that could be kept secret.
pub fn chosen(called: &Called<'_>, said: &Said) -> Result<Option<Secret>, Refused> {
    let handshake = webhook(called.trigger).and_then(|webhook| webhook.handshake.as_ref());
    let Some(secret) = handshake.and_then(|asked| asked.secret.as_ref()) else { return Ok(None) };
    let names = Names::new("").with("request", said.value()?);
    let given = fitting(&fill::found(secret, &names));
    given.map(Some).ok_or_else(|| Refused::Unreadable(UNFIT.into()))
}

/// What is said of a chosen secret that is none.
const UNFIT: &str = "what it chooses is no secret of 16 to 512 letters";

/// A chosen secret that could be kept secret.
fn fitting(value: &Value) -> Option<Secret> {
    let given = text(value)?;
    let fits = CHOSEN.contains(&given.len()) && given.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| Secret::new(given))
}

/// True if this version can hold calls against what a manifest declares. A secret that the service chooses is kept where it is
/// the one of a subscription.
pub fn is_provable(webhook: &Webhook) -> bool {
    if asks(webhook) && secret_of(webhook) != Some(OWN) {
        return false;
    }
    match &webhook.verify {
        Verify::Signed(signed) => proof::is_known(&signed.scheme),
        Verify::Address | Verify::Jwt { .. } | Verify::Token { .. } => true,
    }
}

/// Hears a call of a service.
///
/// # Errors
/// Where it does not prove that it is the service, is not of now, or cannot be read.
pub fn hear(called: &Called<'_>, said: &Said) -> Result<Heard, Refused> {
    let webhook = webhook(called.trigger)
        .ok_or_else(|| Refused::Unreadable("the service is asked for this, and does not call".into()))?;
    let names = Names::new("")
        .with("input", called.input.clone())
        .with("connection", called.connection.value())
        .with("request", said.value()?);
    let handshake = webhook.handshake.as_ref().filter(|asked| fill::holds(&asked.when, &names));
    match (proof::check(webhook, called, said, &names), handshake) {
        // Some ask before they can sign: what they ask is answered, and starts nothing. A wrong signature stays one.
        (Ok(()) | Err(Refused::Unsigned(_)), Some(asked)) => {
            let names = match &asked.proof {
                Some(proof) => {
                    let made = proof::made((webhook, proof), called, &names)?;
                    names.with("proof", Value::text(made))
                }
                None => names,
            };
            return answered(asked, &names).map(Heard::Asked);
        }
        (Err(refused), _) => return Err(refused),
        (Ok(()), None) => proof::check_body(webhook, said)?,
    }
    let items = match &webhook.items {
        None => vec![None],
        Some(items) => match fill::found(items, &names) {
            Value::List(items) => items.iter().cloned().map(Some).collect(),
            _ => return Err(Refused::Unreadable("its body has no list of events".into())),
        },
    };
    let mut events = vec![];
    for item in items {
        let names = match &item {
            Some(item) => names.with("item", item.clone()),
            None => names.clone(),
        };
        let whole = item.unwrap_or_else(|| said.body());
        events.extend(event(called.trigger, &names, whole)?);
    }
    Ok(Heard::Events(events))
}

/// An event of a trigger, over names that have what it is read from; nothing where the filter leaves it out.
///
/// # Errors
/// Where it has not what makes two tellings of it one.
pub(crate) fn event(trigger: &Trigger, names: &Names, whole: Value) -> Result<Option<Event>, Refused> {
    if trigger.filter.as_ref().is_some_and(|filter| !fill::holds(filter, names)) {
        return Ok(None);
    }
    let (key, keep) = match &trigger.dedupe {
        Some(dedupe) => (filled_text(&dedupe.key, names, "what makes it unique")?, dedupe.keep),
        None => return Err(Refused::Unreadable("nothing makes it unique".into())),
    };
    let value = match &trigger.output {
        Some(output) => {
            let unreadable = |failure: dsl::catalog::Failure| Refused::Unreadable(failure.message);
            fill::value(output, names).map_err(unreadable)?.unwrap_or_default()
        }
        None => whole,
    };
    Ok(Some(Event { key, keep, value: picked(&value, &trigger.returns) }))
}

fn answered(asked: &Handshake, names: &Names) -> Result<Answer, Refused> {
    let unreadable = |failure: dsl::catalog::Failure| Refused::Unreadable(failure.message);
    let headers = fill::pairs(&asked.headers, names).map_err(unreadable)?;
    let headers = headers.into_iter().filter_map(|(name, value)| Some((name, text(&value)?)));
    let body = asked.body.as_ref().map(|body| fill::value(body, names)).transpose().map_err(unreadable)?;
    Ok(Answer { status: asked.status, headers: headers.collect(), body: body.flatten() })
}

fn filled_text(arg: &dsl::workflow::Arg, names: &Names, what: &str) -> Result<String, Refused> {
    let lacks = || Refused::Unreadable(format!("it lacks {what}"));
    let filled = fill::value(arg, names).map_err(|_| lacks())?;
    filled.as_ref().and_then(text).filter(|text| !text.is_empty()).ok_or_else(lacks)
}

/// A value as a text; nothing where it is none.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_string()),
        Value::Int(_) | Value::Number(_) | Value::Bool(_) | Value::Time(_) => Some(value.to_string()),
        _ => None,
    }
}
