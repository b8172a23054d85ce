//! Invitations: a link that gives one person a seat, once, to whoever has it.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use runtime::schedule::books::nanoseconds;
use secret::Secret;
use store::accounts::{Account, Link, People};
use vault::{Action, Who};

use super::{Accounts, No, new_link, seat, seats};
use crate::error::Error;
use crate::role::Role;
use crate::token::Token;

/// How long an invitation counts.
pub const INVITATION: SignedDuration = SignedDuration::from_hours(7 * 24);

/// An invitation that was just made.
pub struct Invited {
    /// What the link shows; it is told this once.
    pub token: Token,
    /// What is known of it later.
    pub link: Link,
}

impl Accounts {
    /// Invites somebody to a seat at an owner.
    ///
    /// # Errors
    /// Where the role of who invites does not go so far.
    pub fn invite(
        &self,
        who: Who<'_>,
        giver: Option<Role>,
        (name, role): (&str, Role),
    ) -> Result<Invited, No> {
        seats::may(giver, Some(role))?;
        let (token, link) = new_link("invitation", (who.owner, role.name()), INVITATION);
        let link = Link { name: name.into(), maker: who.actor.into(), ..link };
        let subject = format!("invitation/{}", link.id);
        self.record((who, Action::Invited), (&subject, role.name()), vec![People::Link(link.clone())])?;
        Ok(Invited { token, link })
    }

    /// The invitations to an owner that count still, the latest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn invitations(&self, space: &str) -> Result<Vec<Link>, Error> {
        let now = nanoseconds(Timestamp::now());
        let links = self.read(|reader| reader.links(space))?;
        Ok(links.into_iter().filter(|link| link.expires > now).collect())
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// Where there is none of this name.
    pub fn take_back(&self, who: Who<'_>, id: &str) -> Result<(), Error> {
        let edits = vec![People::RemoveLink { space: who.owner.into(), id: id.into() }];
        let subject = format!("invitation/{id}");
        match self.record((who, Action::InvitationTakenBack), (&subject, ""), edits) {
            Err(vault::Error::Stale { .. }) => {
                Err(vault::Error::Unknown { what: "invitation", name: id.into() }.into())
            }
            other => Ok(other.map(drop)?),
        }
    }

    /// Accepts an invitation: with the account of this name where the password is its own, else with one that is made.
    ///
    /// # Errors
    /// Where the link counts no more, the name is another's, or the name or the password cannot be taken.
    pub fn accept(
        &self,
        link: &str,
        (name, password): (&str, &Secret),
        from: Option<IpAddr>,
    ) -> Result<Account, No> {
        // A link that counts no more costs nobody a password.
        self.link(link, "invitation")?;
        let known = self.read(|reader| reader.account_named(&name.trim().to_lowercase()))?;
        let (account, made) = match known {
            Some(_) => (self.proven(name.trim(), password, from)?, vec![]),
            None => {
                let account = self.new_account(name, password)?;
                (account.clone(), vec![People::Account(account)])
            }
        };
        self.seated(link, &account, made)?;
        Ok(account)
    }

    /// Takes a link, and gives an account the seat that it is for; `made` makes the account where it is not there yet.
    pub(super) fn seated(&self, link: &str, account: &Account, made: Vec<People>) -> Result<(), No> {
        let link = self.link(link, "invitation")?;
        let (role, now) = (Role::of(&link.role).ok_or(No::Link)?, Timestamp::now());
        let is_new = !made.is_empty();
        let mut edits = vec![People::TakeLink { hash: link.hash, now: nanoseconds(now) }];
        edits.extend(made);
        let has = self.read(|reader| reader.seat(&link.space, &account.id))?;
        // Who goes further already is not put back by it.
        if has.and_then(|seat| Role::of(&seat.role)) < Some(role) {
            edits.push(seat(&link.space, &account.id, role, now));
        }
        let who = Who { owner: &link.space, actor: &account.name };
        let subject = format!("account/{}", account.name);
        match self.record((who, Action::SeatGiven), (&subject, role.name()), edits) {
            Err(vault::Error::Stale { .. }) => Err(No::Link),
            // Somebody else has the name.
            Err(vault::Error::Taken { .. }) if is_new && account.password.is_empty() => {
                Err(No::Taken(account.name.clone()))
            }
            Err(vault::Error::Taken { .. }) => Err(No::Wrong),
            other => other.map(drop).map_err(No::from),
        }
    }
}
