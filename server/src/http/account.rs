//! One's own account: its password and its sessions.

use runtime::schedule::books::timestamp;
use serde_json::json;

use super::session::{begun, password, person, text};
use super::{Answer, Ask, Refusal};

/// Sets another password. All sessions end, and another one begins.
pub fn change_password(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (accounts, person) = (ask.house.accounts()?, person(ask)?);
    let passwords = (&password(ask, "password"), &password(ask, "new"));
    let session = accounts.change_password((&person.name, &ask.who.owner), passwords, ask.said.from)?;
    begun(&accounts, &session)
}

/// Sets another password by a link.
pub fn reset(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    ask.house.accounts()?.reset(text(ask, "link"), &password(ask, "password"))?;
    Ok(Answer::ok(json!({ "password_set": true })))
}

/// The browsers that are signed in.
pub fn sessions(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let person = person(ask)?;
    let sessions = ask.house.accounts()?.sessions(&person.account)?;
    let row = |session: &store::accounts::Session| {
        json!({
            "began": timestamp(session.created).to_string(),
            "used": timestamp(session.seen).to_string(),
            "expires": timestamp(session.expires).to_string(),
            "this": session.hash == person.session,
        })
    };
    Ok(Answer::ok(json!({ "sessions": sessions.iter().map(row).collect::<Vec<_>>() })))
}

/// Signs all browsers out, this one as well.
pub fn end_sessions(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (accounts, person) = (ask.house.accounts()?, person(ask)?);
    let account = accounts.named(&person.name)?;
    accounts.end_sessions(&person.name, &account)?;
    Ok(Answer::ok(json!({ "signed_out": true })))
}
