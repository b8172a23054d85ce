//! People with seats at the things of an owner, invitations to them, and organisations.

use runtime::schedule::books::timestamp;
use serde_json::{Value, json};
use store::accounts::{Link, Seat};
use vault::LOCAL;

use super::session::{person, text};
use super::{Answer, Ask, Refusal};
use crate::role::Role;

/// The tier of an organisation that is made here.
const TIER: &str = "paid";

/// Who has a seat.
pub fn list(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let members = ask.house.accounts()?.members(&ask.who.owner)?;
    Ok(Answer::ok(json!({ "members": members.iter().map(member).collect::<Vec<_>>() })))
}

fn member(seat: &Seat) -> Value {
    json!({
        "account": seat.account,
        "name": seat.name,
        "role": seat.role,
        "since": timestamp(seat.since).to_string(),
    })
}

/// Gives somebody another role.
pub fn change(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (accounts, person, part) = (ask.house.accounts()?, person(ask)?, ask.house.part(&ask.who));
    let seat = accounts.member(part.owner(), ask.said.part("account"))?;
    let role = role(ask)?;
    let account = accounts.named(&seat.name)?;
    accounts.give(part.acts(&person.name), person.role, &account, role)?;
    let seat = accounts.member(part.owner(), &seat.account)?;
    Ok(Answer::ok(member(&seat)))
}

/// Takes somebody's seat away.
pub fn remove(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (accounts, person, part) = (ask.house.accounts()?, person(ask)?, ask.house.part(&ask.who));
    let seat = accounts.member(part.owner(), ask.said.part("account"))?;
    accounts.take(part.acts(&person.name), person.role, &seat)?;
    Ok(Answer::ok(json!({ "removed": seat.account })))
}

fn role(ask: &Ask<'_>) -> Result<Role, Refusal> {
    Role::of(text(ask, "role")).ok_or_else(|| Refusal::unfit("`role` is none"))
}

/// The invitations that count still.
pub fn invitations(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let links = ask.house.accounts()?.invitations(&ask.who.owner)?;
    Ok(Answer::ok(json!({ "invitations": links.iter().map(invitation).collect::<Vec<_>>() })))
}

fn invitation(link: &Link) -> Value {
    json!({
        "id": link.id,
        "name": link.name,
        "role": link.role,
        "by": link.maker,
        "created": timestamp(link.created).to_string(),
        "expires": timestamp(link.expires).to_string(),
    })
}

/// Invites somebody. What the link shows is told this once.
pub fn invite(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (accounts, person, part) = (ask.house.accounts()?, person(ask)?, ask.house.part(&ask.who));
    let wish = (text(ask, "name"), role(ask)?);
    let invited = accounts.invite(part.acts(&person.name), person.role, wish)?;
    let mut told = invitation(&invited.link);
    told["link"] = invited.token.expose().into();
    Ok(Answer::ok(told).with(201))
}

/// Takes an invitation back.
pub fn take_back(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (accounts, person, part) = (ask.house.accounts()?, person(ask)?, ask.house.part(&ask.who));
    let id = ask.said.part("invitation");
    accounts.take_back(part.acts(&person.name), id)?;
    Ok(Answer::ok(json!({ "removed": id })))
}

/// Accepts an invitation, and signs its person in.
pub fn accept(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let accounts = ask.house.accounts()?;
    let password = super::session::password(ask, "password");
    let account = accounts.accept(text(ask, "link"), (text(ask, "name"), &password), ask.said.from)?;
    Ok(super::session::begun(&accounts, &accounts.begin(&account)?)?.with(201))
}

/// Where one has a seat.
pub fn orgs(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let spaces = ask.house.accounts()?.spaces(&person(ask)?.account)?;
    let row = |id: &str, name: &str, role: Option<Role>| json!({ "space": id, "name": name, "role": role.map(Role::name) });
    let spaces: Vec<Value> = spaces.iter().map(|it| row(&it.id, &it.name, it.role)).collect();
    Ok(Answer::ok(json!({ "orgs": spaces })))
}

/// Makes an organisation. It may cost whoever runs this program money, so that only their people make one.
pub fn organise(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let (accounts, person) = (ask.house.accounts()?, person(ask)?);
    if ask.who.owner != LOCAL {
        let refusal = Refusal::role(Role::Admin.name());
        return Err(refusal.help("an owner or admin of `local` makes organisations"));
    }
    let name = text(ask, "name");
    let id = accounts.organise((&person.account, &person.name), name, TIER)?;
    Ok(Answer::ok(json!({ "space": id, "name": name, "role": Role::Owner.name() })).with(201))
}
