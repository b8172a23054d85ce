//! Tokens of programs: made, listed and removed. One that a person makes for themselves goes no further than they do.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::session::{person, text};
use super::{Answer, Ask, Refusal};
use crate::error::Error;
use crate::shown;
use crate::token::Scope;
use crate::tokens::{Listed, Wanted, add, list as listed, remove as removed};

/// The words for how far one goes.
pub const SCOPES: [&str; 5] = ["ai", "read", "run", "edit", "admin"];

/// All of them, without what they are.
pub fn list(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    told(&listed(&*part.vault()?, part.owner())?)
}

/// Those of the person who is signed in.
pub fn own(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (part, person) = (ask.house.part(&ask.who), person(ask)?);
    let mut tokens = listed(&*part.vault()?, part.owner())?;
    tokens.retain(|token| token.account.as_ref() == Some(&person.account));
    told(&tokens)
}

fn told(tokens: &[Listed]) -> Result<Answer, Refusal> {
    let row = |token: &Listed| {
        let mut row = shown::token(token);
        row["personal"] = token.account.is_some().into();
        row
    };
    Ok(Answer::ok(json!({ "tokens": tokens.iter().map(row).collect::<Vec<Value>>() })))
}

/// Makes one of no person, which is told this once. One that a person's token makes is that person's.
pub fn make(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    made(ask, scope(ask)?, ask.who.account.as_deref())
}

/// Makes one of the person who is signed in: it goes no further than they do, also later.
pub fn make_own(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (scope, person) = (scope(ask)?, person(ask)?);
    match person.role {
        Some(role) if role.covers(scope) => made(ask, scope, Some(&person.account)),
        Some(_) | None => Err(Refusal::role(scope.name())),
    }
}

fn scope(ask: &Ask<'_>) -> Result<Scope, Refusal> {
    let scope = Scope::of(ask.said.text("scope").unwrap_or("read"));
    scope.ok_or_else(|| Refusal::unfit("`scope` is none"))
}

fn made(ask: &Ask<'_>, scope: Scope, account: Option<&str>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let lasts = match ask.said.text("expires") {
        None => None,
        Some(text) => {
            let length = dsl::duration::parse(text).filter(|length| length.is_positive());
            let wrong =
                || Refusal::unfit("`expires` is no length of time").help("write it as `12h` or `90d`");
            Some(length.ok_or_else(wrong)?)
        }
    };
    // Nobody makes what counts longer than they do. It begins to count when it is written, within a second.
    let second = SignedDuration::from_secs(1);
    let left = ask.who.expires.map(|ends| SignedDuration::from_nanos(ends) - since_1970() - second);
    let lasts = lasts.into_iter().chain(left).min();
    let wanted = Wanted { name: text(ask, "name"), scope, lasts, account };
    let (token, _) = add(&*part.vault()?, part.acts(&ask.who.actor()), &wanted)?;
    let told = json!({ "name": wanted.name, "scope": scope.name(), "token": token.expose() });
    Ok(Answer::ok(told).with(201))
}

fn since_1970() -> SignedDuration {
    Timestamp::now().as_duration()
}

/// Removes one: it counts no more.
pub fn remove(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (part, name) = (ask.house.part(&ask.who), ask.said.part("name"));
    removed(&*part.vault()?, part.acts(&ask.who.actor()), name)?;
    Ok(Answer::ok(json!({ "removed": name })))
}

/// Removes one of the person who is signed in.
pub fn remove_own(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (part, person, name) = (ask.house.part(&ask.who), person(ask)?, ask.said.part("name"));
    let known = listed(&*part.vault()?, part.owner())?.into_iter().find(|token| token.name == name);
    match known {
        Some(token) if token.account.as_ref() == Some(&person.account) => remove(ask),
        // Others' are not told from none.
        Some(_) | None => Err(Error::from(vault::Error::Unknown { what: "token", name: name.into() }).into()),
    }
}
