//! Asking a service again and again what has happened: which items of an answer are new, and from where to ask next.

use std::cmp::Ordering;
use std::time::Duration;

use dsl::catalog::{Failure, FailureKind};
use dsl::value::{Object, Value};
use jiff::{SignedDuration, Timestamp};

use super::{Event, Refused, event};
use crate::call::fill::{self, Names};
use crate::catalog::is_connected;
use crate::connection::Connection;
use crate::manifest::Manifest;
use crate::manifest::trigger::{Poll, Trigger};
use crate::{Connectors, Request};

/// Numbers above this are times in milliseconds: in seconds it is the year 5138.
const MILLISECONDS: i64 = 100_000_000_000;

/// What a service is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The service.
    pub manifest: &'a Manifest,
    /// What is asked for.
    pub trigger: &'a Trigger,
    /// How.
    pub poll: &'a Poll,
    /// The trigger's parameters.
    pub input: &'a Value,
    /// The name of the connection; the owner's only one where there is none.
    pub connection: Option<&'a str>,
    /// The largest cursor so far, or what the last answer gave as `next`.
    pub since: Option<&'a Value>,
    /// Where the paths of the manifest begin instead of at its own base, for trying.
    pub base: Option<&'a str>,
}

/// What a service told.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// What has happened, as far as it is not surely known before: the oldest first.
    pub events: Vec<Event>,
    /// From where to ask the next time: the largest cursor, or `next`; nothing where there is neither.
    pub since: Option<Value>,
}

impl Connectors {
    /// Asks a service what has happened.
    ///
    /// # Errors
    /// Where it says no, or its answer has not what its manifest promises.
    pub async fn ask(&self, question: &Question<'_>) -> Result<Told, Failure> {
        let Question { manifest, trigger, poll, input, .. } = *question;
        let connection = match (is_connected(manifest), manifest.auth.first()) {
            (false, Some(auth)) => Connection::nobody(&auth.id),
            _ => self.settings.connections.fresh(manifest, question.connection).await?,
        };
        let names = Names::new("")
            .with("input", input.clone())
            .with("connection", connection.value())
            .with("since", question.since.map_or(Value::Null, |since| before(since, poll.overlap)));
        let mut args = Object::new();
        for (name, value) in fill::pairs(&poll.with, &names)? {
            // Before there is a cursor, nothing is said of it.
            if !value.is_null() {
                args.insert(name.into(), value);
            }
        }
        let (id, args) = (format!("{}.{}", manifest.id, poll.action), Value::Object(args.into()));
        let request =
            Request { connection: question.connection, base: question.base, ..Request::new(&id, &args, "") };
        let result = self.call(request).await?;
        told(trigger, poll, &names.with("result", result), question.since)
    }
}

/// What an answer tells.
fn told(trigger: &Trigger, poll: &Poll, names: &Names, since: Option<&Value>) -> Result<Told, Failure> {
    let broken = |why: String| Failure::new(FailureKind::Server, why);
    let Value::List(items) = fill::eval(&poll.items, names)? else {
        return Err(broken(format!("the answer for `{}` has no list of items", trigger.name)));
    };
    let mut found = vec![];
    for item in items.iter() {
        let names = names.with("item", item.clone());
        let cursor = poll.cursor.as_ref().map(|cursor| fill::found(cursor, &names));
        let cursor = cursor.filter(|cursor| !cursor.is_null());
        let event = event(trigger, &names, item.clone()).map_err(|refused| match refused {
            Refused::Unreadable(why) => broken(format!("an item for `{}`: {why}", trigger.name)),
            other => broken(other.to_string()),
        })?;
        found.push((cursor, event));
    }
    if let Some(next) = &poll.next {
        let since = Some(fill::found(next, names)).filter(|next| !next.is_null());
        return Ok(Told { events: found.into_iter().filter_map(|(_, event)| event).collect(), since });
    }
    let largest = found.iter().filter_map(|(cursor, _)| cursor.as_ref()).chain(since);
    let largest = largest.max_by(|one, other| order(one, other)).cloned();
    // Where nothing was known, what is the newest now tells what is old.
    let floor = since.or(largest.as_ref()).map(|since| before(since, poll.overlap));
    let is_new = |cursor: &Option<Value>| match (cursor, &floor) {
        (Some(cursor), Some(floor)) => order(cursor, floor) != Ordering::Less,
        _ => true,
    };
    // With `first: emit` all that is there at first counts.
    let all = since.is_none() && poll.first == crate::manifest::trigger::First::Emit;
    let mut kept: Vec<_> = found.into_iter().filter(|(cursor, _)| all || is_new(cursor)).collect();
    kept.sort_by(|(one, _), (other, _)| match (one, other) {
        (Some(one), Some(other)) => order(one, other),
        _ => Ordering::Equal,
    });
    Ok(Told { events: kept.into_iter().filter_map(|(_, event)| event).collect(), since: largest })
}

/// Which of two cursors is the larger: numbers by their size, times by the time, else texts by their letters.
fn order(one: &Value, other: &Value) -> Ordering {
    if let (Value::Int(one), Value::Int(other)) = (one, other) {
        return one.cmp(other);
    }
    match (time(one), time(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => one.to_string().cmp(&other.to_string()),
    }
}

fn time(value: &Value) -> Option<Timestamp> {
    super::proof::moment(value)
}

/// A cursor so much earlier: what comes late is found all the same.
fn before(cursor: &Value, overlap: Duration) -> Value {
    if overlap.is_zero() {
        return cursor.clone();
    }
    let overlap = SignedDuration::try_from(overlap).unwrap_or(SignedDuration::MAX);
    match cursor {
        Value::Int(number) if *number > MILLISECONDS => {
            Value::Int(number.saturating_sub(i64::try_from(overlap.as_millis()).unwrap_or(i64::MAX)))
        }
        Value::Int(number) => Value::Int(number.saturating_sub(overlap.as_secs())),
        Value::Time(time) => Value::Time(time.saturating_sub(overlap).unwrap_or(Timestamp::MIN)),
        Value::Text(text) => match text.parse::<Timestamp>() {
            Ok(time) => Value::text(time.saturating_sub(overlap).unwrap_or(Timestamp::MIN).to_string()),
            Err(_) => cursor.clone(),
        },
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_goes_back_by_the_overlap_whatever_it_is() {
        let minute = Duration::from_secs(60);
        assert_eq!(before(&Value::Int(1_000), minute), Value::Int(940));
        assert_eq!(before(&Value::Int(1_700_000_000_000), minute), Value::Int(1_699_999_940_000));
        let text = before(&Value::text("2026-01-05T09:00:00+01:00"), minute);
        assert_eq!(text, Value::text("2026-01-05T07:59:00Z"));
        assert_eq!(before(&Value::text("abc"), minute), Value::text("abc"));
        assert_eq!(before(&Value::Int(1_000), Duration::ZERO), Value::Int(1_000));
    }

    #[test]
    fn cursors_are_ordered_by_what_they_are() {
        let text = |text: &str| Value::text(text);
        assert_eq!(order(&Value::Int(9), &Value::Int(10)), Ordering::Less);
        assert_eq!(order(&text("2026-01-05T09:00:00+01:00"), &text("2026-01-05T08:30:00Z")), Ordering::Less);
        assert_eq!(order(&text("b"), &text("a")), Ordering::Greater);
    }
}
