//! Signing in by a service: beginning, coming back, and by which services an account signs in.

use connectors::signin::Transport;
use hyper::header::HeaderMap;
use runtime::schedule::books::timestamp;
use secret::Secret;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::session::{begun, person};
use super::{Answer, Ask, House, Refusal};
use crate::accounts::{Proven, Purpose, Started, Way, issuers};
use crate::serve::Reach;

/// What a browser shows of an attempt when it comes back. It comes from a page of another site, which `Strict` would not let
/// through; it serves nothing but this attempt.
pub const COOKIE: &str = "__Host-keyway-attempt";

/// How long a browser keeps it, in seconds.
const LASTS: u64 = connectors::signin::LASTS.as_secs();

/// By which services somebody can sign in.
pub fn list(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let all = issuers(&*ask.house.vault()?)?;
    let names: Vec<Value> = all.iter().map(|it| json!({ "issuer": it.name })).collect();
    Ok(Answer::ok(json!({ "issuers": names })))
}

/// Begins to sign in by a service, or to accept an invitation by it.
pub fn begin(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let purpose = match ask.said.text("link") {
        Some(link) => Purpose::Accept(Secret::new(link.to_owned())),
        None => Purpose::SignIn,
    };
    started(ask, purpose)
}

/// Begins to let the account of who is signed in sign in by a service.
pub fn link(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let person = person(ask)?;
    let purpose = Purpose::Link { account: person.account.clone(), session: person.session };
    started(ask, purpose)
}

fn started(ask: &Ask<'_>, purpose: Purpose) -> Result<Answer, Refusal> {
    let (name, house) = (ask.said.part("issuer"), ask.house);
    let accounts = house.accounts()?;
    let (redirect, way) = (redirect(house, name), way(house));
    accounts.gate.enter(ask.said.from).map_err(Refusal::tries)?;
    let starting = house.provers().begin(&accounts, (name, purpose), &redirect, &way);
    let Started { address, cookie, expires } = tokio::runtime::Handle::current().block_on(starting)?;
    let answer = Answer::ok(json!({ "address": address, "expires": expires.to_string() }));
    Ok(answer.head("set-cookie", shown(cookie.expose(), LASTS)))
}

/// Takes what a browser comes back with from a service.
pub fn back(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (name, house) = (ask.said.part("issuer"), ask.house);
    let accounts = house.accounts()?;
    let query = Serializer::new(String::new()).extend_pairs(&ask.said.query).finish();
    let (redirect, way) = (redirect(house, name), way(house));
    let finishing =
        house.provers().finish(&accounts, (name, ask.said.attempt.as_deref()), (&redirect, &query), &way);
    let answer = match tokio::runtime::Handle::current().block_on(finishing)? {
        Proven::In(session) => begun(&accounts, &session)?,
        Proven::Linked => Answer::ok(Value::Null),
    };
    // What is told stands in no page: the next one asks for it.
    let answer = Answer { body: json!({ "signed_in": true }), ..answer }.with(303);
    Ok(answer.head("location", "/").head("set-cookie", shown("", 0)))
}

/// By which services the account signs in.
pub fn own(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let person = person(ask)?;
    let all = ask.house.accounts()?.identities(&person.account)?;
    let row = |(name, identity): &(Option<String>, store::accounts::Identity)| {
        json!({
            "issuer": name.as_deref().unwrap_or(&identity.issuer),
            "address": identity.issuer,
            "subject": identity.subject,
            "since": timestamp(identity.since).to_string(),
        })
    };
    Ok(Answer::ok(json!({ "identities": all.iter().map(row).collect::<Vec<_>>() })))
}

/// Lets the account sign in by a service no more.
pub fn unlink(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (person, issuer) = (person(ask)?, ask.said.part("issuer"));
    ask.house.accounts()?.unlink((&person.account, &person.name), issuer)?;
    Ok(Answer::ok(json!({ "removed": issuer })))
}

/// Where a browser comes back to from a service, as the app is registered there.
fn redirect(house: &House, name: &str) -> String {
    format!("{}/api/v1/issuers/{name}/back", house.base())
}

fn way(house: &House) -> Way {
    let reach = house.reach();
    let transport = match reach {
        Reach::Public => Transport::Encrypted,
        Reach::Private => Transport::Plain,
    };
    Way { egress: crate::connections::way_out(reach), transport }
}

fn shown(value: &str, seconds: u64) -> String {
    format!("{COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}")
}

/// What the cookie of an attempt says.
pub(super) fn attempt(headers: &HeaderMap) -> Option<String> {
    super::door::cookie_of(headers, COOKIE)
}
