//! Seats: who may do what with the things of an owner. Nobody gives more than they have, and somebody always owns them.

use jiff::Timestamp;
use store::accounts::{Account, People, Seat};
use vault::{Action, LOCAL, OwnerKind, Who};

use super::{Accounts, No, seat};
use crate::error::Error;
use crate::role::Role;

/// What an owner is called, and what an account may do there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The role; nothing where a later version wrote another word.
    pub role: Option<Role>,
}

impl Accounts {
    /// Where an account has a seat: what is on this machine first, then organisations by their names.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn spaces(&self, account: &str) -> Result<Vec<Space>, Error> {
        let seats = self.read(|reader| reader.seats_of(account))?;
        let mut spaces: Vec<Space> = seats
            .into_iter()
            .map(|seat| Space { name: self.name_of(&seat.space), role: Role::of(&seat.role), id: seat.space })
            .collect();
        spaces.sort_by(|one, other| (one.id != LOCAL, &one.name).cmp(&(other.id != LOCAL, &other.name)));
        Ok(spaces)
    }

    /// What an owner is called.
    pub fn name_of(&self, space: &str) -> String {
        match space {
            LOCAL | "" => space.to_owned(),
            id => self.vault.find_owner(id, None).map_or_else(|_| id.to_owned(), |owner| owner.name),
        }
    }

    /// Who has a seat at an owner, by their names.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn members(&self, space: &str) -> Result<Vec<Seat>, Error> {
        self.read(|reader| reader.seats(space))
    }

    /// Gives an account another role at an owner, or a seat there. A `giver` is a person with that role; without one, it is
    /// whoever works at this machine.
    ///
    /// # Errors
    /// Where the giver's role does not go so far, or nobody would own the things any more.
    pub fn give(&self, who: Who<'_>, giver: Option<Role>, account: &Account, role: Role) -> Result<(), No> {
        let before = self.read(|reader| reader.seat(who.owner, &account.id))?;
        let before = before.and_then(|seat| Role::of(&seat.role));
        may(giver, before.max(Some(role)))?;
        let edits = vec![seat(who.owner, &account.id, role, Timestamp::now())];
        let subject = format!("account/{}", account.name);
        let given = self.record((who, Action::SeatGiven), (&subject, role.name()), edits);
        Ok(self.or_last_owner(given)?)
    }

    /// Takes the seat of an account at an owner away. What it did stays, and its sessions see nothing of it any more.
    ///
    /// # Errors
    /// Where the giver's role does not go so far, there is no such seat, or nobody would own the things any more.
    pub fn take(&self, who: Who<'_>, giver: Option<Role>, member: &Seat) -> Result<(), No> {
        may(giver, Role::of(&member.role))?;
        let edits = vec![People::RemoveSeat { space: who.owner.to_owned(), account: member.account.clone() }];
        let subject = format!("account/{}", member.name);
        let taken = self.record((who, Action::SeatTaken), (&subject, &member.role), edits);
        Ok(self.or_last_owner(taken)?)
    }

    /// A seat that is there can only be kept from being changed by being the last owner's.
    fn or_last_owner(&self, made: Result<vault::Recorded, vault::Error>) -> Result<(), Error> {
        match made {
            Err(vault::Error::Stale { .. }) => Err(Error::LastOwner),
            other => Ok(other.map(drop)?),
        }
    }

    /// The seat of an account at an owner, by the account's id or name.
    ///
    /// # Errors
    /// Where there is none.
    pub fn member(&self, space: &str, named: &str) -> Result<Seat, Error> {
        let all = self.members(space)?;
        // An account may be named as another's id is.
        let found = all
            .iter()
            .find(|seat| seat.account == named)
            .or_else(|| all.iter().find(|seat| seat.name == named));
        found.cloned().ok_or_else(|| vault::Error::Unknown { what: "member", name: named.into() }.into())
    }

    /// Makes an organisation that an account owns; gives its id.
    ///
    /// # Errors
    /// Where the name is taken, or the vault is sealed.
    pub fn organise(&self, (account, actor): (&str, &str), name: &str, tier: &str) -> Result<String, No> {
        let id = self.vault.add_owner(actor, OwnerKind::Organisation, name, tier)?;
        let edits = vec![seat(&id, account, Role::Owner, Timestamp::now())];
        let who = Who { owner: &id, actor };
        self.record((who, Action::SeatGiven), (&format!("account/{actor}"), Role::Owner.name()), edits)?;
        Ok(id)
    }

    /// Lets a session act on the things of another owner.
    ///
    /// # Errors
    /// Where its account has no seat there: that is not told from an owner that is nowhere.
    pub fn move_to(&self, (space, actor): (&str, &str), hash: [u8; 32]) -> Result<(), Error> {
        let unknown = || vault::Error::Unknown { what: "organisation", name: space.into() };
        let edits = vec![People::Move { hash, space: space.to_owned() }];
        match self.record((Who { owner: LOCAL, actor }, Action::SignedIn), ("session", space), edits) {
            Err(vault::Error::Stale { .. }) => Err(unknown().into()),
            other => Ok(other.map(drop)?),
        }
    }
}

/// Looks whether somebody may give a role, or take it away: an admin up to an admin's, an owner every one.
pub(super) fn may(giver: Option<Role>, role: Option<Role>) -> Result<(), No> {
    match (giver, role) {
        (None, _) | (Some(Role::Owner), _) => Ok(()),
        (Some(Role::Admin), Some(Role::Admin | Role::Editor | Role::Viewer) | None) => Ok(()),
        (Some(Role::Admin), Some(Role::Owner)) => Err(No::Role(Role::Owner.name())),
        (Some(Role::Editor | Role::Viewer), _) => Err(No::Role(Role::Admin.name())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gives_more_than_they_have() {
        for giver in Role::ALL {
            for role in Role::ALL {
                let allowed = may(Some(giver), Some(role)).is_ok();
                let expected = giver >= Role::Admin && role <= giver;
                assert_eq!(allowed, expected, "{giver:?} gives {role:?}");
            }
        }
        assert!(may(None, Some(Role::Owner)).is_ok(), "whoever works at this machine");
    }
}
