//! Owners: people, organisations, and the platform itself; and what the tier of each allows.

use store::{Edit, vault as rows};

use crate::audit::Action;
use crate::error::Error;
use crate::keys::{ITSELF, Vault, Who, new_id};

/// The person whose machine this is. Whoever does not know of owners is this one.
pub const LOCAL: &str = "local";

/// Who runs the program for others, and may pay for them.
pub const PLATFORM: &str = "platform";

/// What an owner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerKind {
    /// A person.
    User,
    /// People together.
    Organisation,
}

impl OwnerKind {
    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            OwnerKind::User => "user",
            OwnerKind::Organisation => "organisation",
        }
    }

    fn of(name: &str) -> Option<OwnerKind> {
        [OwnerKind::User, OwnerKind::Organisation].into_iter().find(|kind| kind.name() == name)
    }
}

/// What owners of a tier may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Its name.
    pub name: String,
    /// Whether they may use keys of their own.
    pub own_keys: bool,
    /// How many calls a month they may make with the platform's keys; 0 for none.
    pub quota: u32,
}

impl Tier {
    fn edit(&self) -> Edit {
        Edit::Tier { name: self.name.clone(), own_keys: self.own_keys, quota: self.quota.into() }
    }
}

/// The tiers and owners that are always there.
pub(crate) fn first() -> Vec<Edit> {
    let free = Tier { name: "free".into(), own_keys: false, quota: 1000 };
    let paid = Tier { name: "paid".into(), own_keys: true, quota: 0 };
    let owner = |id: &str, kind, name: &str| Edit::Owner {
        id: id.into(),
        kind,
        name: name.into(),
        tier: "paid".into(),
        created: crate::now(),
    };
    vec![
        free.edit(),
        paid.edit(),
        owner(LOCAL, OwnerKind::User.name(), "the owner of this machine"),
        owner(PLATFORM, "platform", "who runs this program"),
    ]
}

/// An owner as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its id.
    pub id: String,
    /// What it is; nothing for the platform.
    pub kind: Option<OwnerKind>,
    /// What it is called.
    pub name: String,
    /// Its tier.
    pub tier: String,
}

impl Vault {
    /// The owner of this name or id, of this kind where one is named.
    ///
    /// # Errors
    /// Where there is none, or more than one, or the store cannot be read.
    pub fn find_owner(&self, name: &str, kind: Option<OwnerKind>) -> Result<Owner, Error> {
        let what = kind.map_or("owner", OwnerKind::name);
        let found = self.reader.owners_named(name)?.into_iter().map(to_owner);
        let mut found: Vec<Owner> =
            found.filter(|owner| kind.is_none() || owner.kind == kind).collect();
        match found.len() {
            0 => Err(Error::Unknown { what, name: name.into() }),
            1 => Ok(found.remove(0)),
            _ => Err(Error::Several { what, name: name.into() }),
        }
    }

    /// Adds or changes a tier.
    ///
    /// # Errors
    /// Where the vault is sealed or cannot be written.
    pub fn set_tier(&self, actor: &str, tier: &Tier) -> Result<(), Error> {
        self.keys_or_make()?;
        let who = Who { owner: ITSELF, actor };
        let detail = format!("own keys {}, quota {}", tier.own_keys, tier.quota);
        let told = Action::TierChanged.row(who, &format!("tier/{}", tier.name), &detail);
        self.change(vec![tier.edit()], vec![told], "the tier")
    }

    /// Adds an owner; gives its id.
    ///
    /// # Errors
    /// Where there is no such tier, or the vault is sealed or cannot be written.
    pub fn add_owner(&self, actor: &str, kind: OwnerKind, name: &str, tier: &str) -> Result<String, Error> {
        self.keys_or_make()?;
        let id = new_id()?;
        let edit = Edit::Owner {
            id: id.clone(),
            kind: kind.name(),
            name: name.into(),
            tier: tier.into(),
            created: crate::now(),
        };
        let told = Action::OwnerAdded.row(Who { owner: &id, actor }, &format!("owner/{id}"), name);
        match self.change(vec![edit], vec![told], "the owner") {
            // Its tier is the one thing that it rests on.
            Err(Error::Stale { .. }) => Err(Error::Unknown { what: "tier", name: tier.into() }),
            other => other.map(|()| id),
        }
    }

    /// Gives an owner another tier.
    ///
    /// # Errors
    /// Where there is no such owner or tier, or the vault is sealed or cannot be written.
    pub fn give_tier(&self, who: Who<'_>, tier: &str) -> Result<(), Error> {
        let edit = Edit::OwnerTier { owner: who.owner.into(), tier: tier.into() };
        let told = Action::TierChanged.row(who, &format!("owner/{}", who.owner), tier);
        self.change(vec![edit], vec![told], "the owner")
    }

    /// Makes somebody a member of an organisation, who may then use its secrets and keys.
    ///
    /// # Errors
    /// Where there is no such owner, or the vault is sealed or cannot be written.
    pub fn join(&self, who: Who<'_>, member: &str) -> Result<(), Error> {
        let edit = Edit::Join { organisation: who.owner.into(), member: member.into() };
        let told = Action::Joined.row(who, &format!("owner/{member}"), "");
        self.change(vec![edit], vec![told], "the owner")
    }

    /// Ends a membership.
    ///
    /// # Errors
    /// Where there is none, or the vault is sealed or cannot be written.
    pub fn leave(&self, who: Who<'_>, member: &str) -> Result<(), Error> {
        let edit = Edit::Leave { organisation: who.owner.into(), member: member.into() };
        let told = Action::Left.row(who, &format!("owner/{member}"), "");
        self.change(vec![edit], vec![told], "the membership")
    }

    /// Removes an owner and destroys its keys: nothing that they sealed opens any more, but for copies of the
    /// file that were made before.
    ///
    /// # Errors
    /// Where there is no such owner, or the vault is sealed or cannot be written.
    pub fn remove_owner(&self, who: Who<'_>) -> Result<(), Error> {
        let edit = Edit::RemoveOwner { owner: who.owner.into() };
        let told = Action::OwnerRemoved.row(who, &format!("owner/{}", who.owner), "");
        self.change(vec![edit], vec![told], "the owner")?;
        match self.desk.scrub() {
            // Somebody reads an older state just now; the next checkpoint removes it.
            Ok(()) | Err(store::Error::Locked { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn to_owner(row: rows::Owner) -> Owner {
    Owner { id: row.id, kind: OwnerKind::of(&row.kind), name: row.name, tier: row.tier }
}
