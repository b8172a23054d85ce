//! Sessions of browsers: the first account, signing in and out, and on whose things a session acts.

use secret::Secret;
use serde_json::{Value, json};

use super::door::{COOKIE, Person, csrf};
use super::{Answer, Ask, Refusal};
use crate::accounts::{Accounts, Begun, LASTS, No};
use crate::error::Error;
use crate::role::Role;
use runtime::schedule::books::timestamp;

impl From<No> for Refusal {
    fn from(no: No) -> Refusal {
        match no {
            No::Wrong => Refusal::wrong_password(),
            No::TooMany { again } => Refusal::tries(again),
            No::Link => Refusal::spent_link(),
            No::Uninvited => Refusal::uninvited(),
            No::Taken(name) => Refusal::taken(&name),
            No::SignedOut => Refusal::signed_out("who began this is not signed in any more"),
            No::Unfit(why) => Refusal::unfit(why),
            No::Role(wanted) => Refusal::role(wanted),
            No::Error(error) => error.into(),
        }
    }
}

/// Whether the first account is still to be made.
pub fn needed(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::ok(json!({ "needed": ask.house.accounts()?.is_empty()? })))
}

/// Makes the first account, and signs its person in.
pub fn setup(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let accounts = ask.house.accounts()?;
    let account = accounts.setup(text(ask, "link"), text(ask, "name"), &password(ask, "password"))?;
    Ok(begun(&accounts, &accounts.begin(&account)?)?.with(201))
}

/// Signs somebody in.
pub fn begin(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let accounts = ask.house.accounts()?;
    let begun_ = accounts.sign_in(text(ask, "name"), &password(ask, "password"), ask.said.from)?;
    begun(&accounts, &begun_)
}

/// Who is signed in, and where.
pub fn show(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (accounts, person) = (ask.house.accounts()?, person(ask)?);
    Ok(Answer::ok(shown(&accounts, person, &ask.who.owner)?))
}

/// Signs out.
pub fn end(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let person = person(ask)?;
    ask.house.accounts()?.sign_out((&ask.who.owner, &person.name), person.session)?;
    Ok(Answer::ok(json!({ "signed_out": true })).head("set-cookie", cookie("", 0)))
}

/// Acts on the things of another owner from here on.
pub fn space(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (accounts, person) = (ask.house.accounts()?, person(ask)?);
    let space = text(ask, "space");
    accounts.move_to((space, &person.name), person.session)?;
    let role = accounts.spaces(&person.account)?.into_iter().find(|it| it.id == space).and_then(|it| it.role);
    let moved = Person { role, ..person.clone() };
    Ok(Answer::ok(shown(&accounts, &moved, space)?))
}

/// The person who asks; the policy of the route lets in nobody else.
pub(super) fn person<'a>(ask: &'a Ask<'_>) -> Result<&'a Person, Refusal> {
    ask.who.person.as_ref().ok_or_else(Refusal::broke)
}

/// A text of the body that its shape says is there.
pub(super) fn text<'a>(ask: &'a Ask<'_>, name: &str) -> &'a str {
    ask.said.text(name).unwrap_or_default()
}

/// A secret of the body that its shape says is there.
pub(super) fn password(ask: &Ask<'_>, name: &str) -> Secret {
    Secret::new(text(ask, name).to_owned())
}

/// What a browser is given when a session begins.
pub(super) fn begun(accounts: &Accounts, begun: &Begun) -> Result<Answer, Refusal> {
    let session = &begun.session;
    let person = Person {
        account: session.account.clone(),
        name: session.name.clone(),
        role: session.role.as_deref().and_then(Role::of),
        session: session.hash,
        csrf: csrf(&begun.token),
        until: timestamp(session.expires),
    };
    let answer = Answer::ok(shown(accounts, &person, &session.space)?);
    Ok(answer.head("set-cookie", cookie(begun.token.expose(), LASTS.as_secs())))
}

/// The cookie: it goes to this host alone, over TLS or within this machine, to no page of another site, and no script
/// reads it.
fn cookie(value: &str, seconds: i64) -> String {
    format!("{COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}")
}

fn shown(accounts: &Accounts, person: &Person, space: &str) -> Result<Value, Error> {
    let spaces = accounts.spaces(&person.account)?;
    let row = |id: &str, name: &str, role: Option<Role>| json!({ "space": id, "name": name, "role": role.map(Role::name) });
    Ok(json!({
        "account": person.account,
        "name": person.name,
        "space": space,
        "role": person.role.map(Role::name),
        "csrf": person.csrf,
        "expires": person.until.to_string(),
        "spaces": spaces.iter().map(|it| row(&it.id, &it.name, it.role)).collect::<Vec<_>>(),
    }))
}
