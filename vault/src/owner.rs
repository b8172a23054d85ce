//! Owners: people, organisations, and the platform itself; and what the tier of each allows.

use store::{Edit, vault as rows};

use crate::audit::Action;
use crate::cipher::{self, Context, Key, Purpose};
use crate::error::Error;
use crate::keys::{ITSELF, Vault, Who, damaged, new_id};
use crate::secrets::check_name;

/// How many rows are read at a time.
const PAGE: usize = 500;

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

/// The tiers that are always there. Rows of earlier versions, which have no signature, count if they say the same.
fn first_tiers() -> [Tier; 2] {
    let tier = |name: &str, own_keys, quota| Tier { name: name.into(), own_keys, quota };
    [tier("free", false, 1000), tier("paid", true, 0)]
}

/// The tier of the owners that are always there.
const FIRST: &str = "paid";

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
        let mut found: Vec<Owner> = found.filter(|owner| kind.is_none() || owner.kind == kind).collect();
        match found.len() {
            0 => Err(Error::Unknown { what, name: name.into() }),
            1 => Ok(found.remove(0)),
            _ => Err(Error::Several { what, name: name.into() }),
        }
    }

    /// All owners, by name; of one kind where one is named. The platform is none of them.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn owners(&self, kind: Option<OwnerKind>) -> Result<Vec<Owner>, Error> {
        let (mut all, mut after) = (vec![], String::new());
        loop {
            let rows = self.reader.owners(&after, PAGE)?;
            let Some(last) = rows.last() else { break };
            after.clone_from(&last.id);
            all.extend(rows.into_iter().map(to_owner));
        }
        all.retain(|owner: &Owner| owner.kind.is_some() && (kind.is_none() || owner.kind == kind));
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    /// The members of an organisation, by name.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn members(&self, organisation: &str) -> Result<Vec<Owner>, Error> {
        let rows = self.reader.members(organisation)?;
        let owners = rows.into_iter().map(|row| self.reader.owner(&row.member));
        let mut all: Vec<Owner> = owners
            .filter_map(Result::transpose)
            .map(|row| Ok(to_owner(row?)))
            .collect::<Result<_, Error>>()?;
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    /// All tiers, by name.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn tiers(&self) -> Result<Vec<Tier>, Error> {
        Ok(self.reader.tiers()?.into_iter().map(to_tier).collect())
    }

    /// Adds or changes a tier.
    ///
    /// # Errors
    /// Where the vault is sealed or cannot be written.
    pub fn set_tier(&self, actor: &str, tier: &Tier) -> Result<(), Error> {
        check_name(&tier.name)?;
        let keys = self.keys_or_make()?;
        let who = Who { owner: ITSELF, actor };
        let detail = format!("own keys {}, quota {}", tier.own_keys, tier.quota);
        let told = Action::TierChanged.row(who, &format!("tier/{}", tier.name), &detail);
        self.change(vec![Edit::Tier(self.signed_tier(&keys.own, tier))], vec![told], "the tier")
    }

    /// Adds an owner; gives its id.
    ///
    /// # Errors
    /// Where there is one of that name or no such tier, or the vault is sealed or cannot be written.
    pub fn add_owner(&self, actor: &str, kind: OwnerKind, name: &str, tier: &str) -> Result<String, Error> {
        check_name(name)?;
        let keys = self.keys_or_make()?;
        if !self.reader.owners_named(name)?.is_empty() {
            return Err(Error::Taken { what: "owner", name: name.into() });
        }
        let id = new_id()?;
        let row = self.signed_owner(&keys.own, new_owner(&id, kind.name(), name, tier));
        let told = Action::OwnerAdded.row(Who { owner: &id, actor }, &format!("owner/{id}"), name);
        match self.change(vec![Edit::Owner(row)], vec![told], "the owner") {
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
        let keys = self.keys()?;
        if self.reader.tier(tier)?.is_none() {
            return Err(Error::Unknown { what: "tier", name: tier.into() });
        }
        let before = self.checked_owner(&keys.own, who.owner)?;
        let from = before.mac.clone();
        let to = self.signed_owner(&keys.own, rows::Owner { tier: tier.into(), ..before });
        let told = Action::TierChanged.row(who, &format!("owner/{}", who.owner), tier);
        self.change(vec![Edit::RestateOwner { from, to }], vec![told], "the owner")
    }

    /// Makes somebody a member of an organisation, who may then use its secrets and keys.
    ///
    /// # Errors
    /// Where there is no such owner, or the vault is sealed or cannot be written.
    pub fn join(&self, who: Who<'_>, member: &str) -> Result<(), Error> {
        self.keys_or_make()?;
        let row = self.reader.owner(member)?;
        if row.is_none_or(|row| row.kind != OwnerKind::User.name()) {
            return Err(Error::Unknown { what: "user", name: member.into() });
        }
        self.change_members(who, member, Action::Joined)
    }

    /// Ends a membership.
    ///
    /// # Errors
    /// Where there is none, or the vault is sealed or cannot be written.
    pub fn leave(&self, who: Who<'_>, member: &str) -> Result<(), Error> {
        self.change_members(who, member, Action::Left)
    }

    /// Writes the members of an organisation anew, under its next count: a row that was written before, put back, is one
    /// of an earlier count.
    fn change_members(&self, who: Who<'_>, member: &str, action: Action) -> Result<(), Error> {
        let keys = self.keys()?;
        let before = self.checked_owner(&keys.own, who.owner)?;
        if before.kind != OwnerKind::Organisation.name() {
            return Err(Error::Unknown { what: "organisation", name: before.name });
        }
        let mut names = vec![];
        for row in self.reader.members(who.owner)? {
            self.check_member(&keys.own, &before, &row)?;
            names.push(row.member);
        }
        match (action, names.iter().position(|name| name == member)) {
            (Action::Left, Some(at)) => drop(names.remove(at)),
            (Action::Left, None) => return Err(Error::Unknown { what: "member", name: member.into() }),
            (_, Some(_)) => return Ok(()),
            (_, None) => names.push(member.to_owned()),
        }
        let (from, epoch) = (before.mac.clone(), before.epoch + 1);
        let to = self.signed_owner(&keys.own, rows::Owner { epoch, ..before });
        let members = names.into_iter().map(|member| self.signed_member(&keys.own, who.owner, member, epoch));
        let members = Edit::Members { organisation: who.owner.into(), members: members.collect() };
        let told = action.row(who, &format!("owner/{member}"), "");
        self.change(vec![Edit::RestateOwner { from, to }, members], vec![told], "the members")
    }

    /// The organisations that somebody is in, each found to be as it was written.
    pub(crate) fn organisations(&self, member: &str) -> Result<Vec<String>, Error> {
        let (keys, mut all) = (self.keys()?, vec![]);
        for row in self.reader.memberships(member)? {
            let organisation = self.checked_owner(&keys.own, &row.organisation)?;
            self.check_member(&keys.own, &organisation, &row)?;
            all.push(row.organisation);
        }
        Ok(all)
    }

    /// What an owner's tier allows; nothing where there is no such owner.
    pub(crate) fn allowance(&self, owner: &str) -> Result<Option<Tier>, Error> {
        let keys = self.keys()?;
        let Some(row) = self.reader.owner(owner)? else { return Ok(None) };
        self.check_owner(&keys.own, &row)?;
        let tier = self.reader.tier(&row.tier)?;
        let tier = tier.ok_or_else(|| damaged(&format!("the tier `{}`", row.tier)))?;
        self.check_tier_row(&keys.own, &tier)?;
        Ok(Some(to_tier(tier)))
    }

    fn checked_owner(&self, by: &Key, id: &str) -> Result<rows::Owner, Error> {
        let row = self.reader.owner(id)?.ok_or_else(|| Error::Unknown { what: "owner", name: id.into() })?;
        self.check_owner(by, &row)?;
        Ok(row)
    }

    /// True to what was written of an owner. One that has no signature may only be what is always there.
    pub(crate) fn check_owner(&self, by: &Key, row: &rows::Owner) -> Result<(), Error> {
        let first = [LOCAL, PLATFORM].contains(&&*row.id) && row.tier == FIRST && row.epoch == 0;
        match cipher::is_signed(by, &self.context_of_owner(row), &row.mac) || row.mac.is_empty() && first {
            true => Ok(()),
            false => Err(damaged(&format!("the owner `{}`", row.name))),
        }
    }

    pub(crate) fn check_member(
        &self,
        by: &Key,
        organisation: &rows::Owner,
        row: &rows::Member,
    ) -> Result<(), Error> {
        let signed = cipher::is_signed(by, &self.context_of_member(row), &row.mac);
        match signed && row.epoch == organisation.epoch && row.organisation == organisation.id {
            true => Ok(()),
            false => Err(damaged(&format!("a membership of `{}`", organisation.name))),
        }
    }

    pub(crate) fn check_tier_row(&self, by: &Key, row: &rows::Tier) -> Result<(), Error> {
        let first = row.mac.is_empty() && first_tiers().contains(&to_tier(row.clone()));
        match cipher::is_signed(by, &self.context_of_tier(row), &row.mac) || first {
            true => Ok(()),
            false => Err(damaged(&format!("the tier `{}`", row.name))),
        }
    }

    /// The tiers and owners that are always there.
    pub(crate) fn first_owners(&self, by: &Key) -> Vec<Edit> {
        let owner = |id, kind, name| Edit::Owner(self.signed_owner(by, new_owner(id, kind, name, FIRST)));
        let tiers = first_tiers();
        let tiers = tiers.iter().map(|tier| Edit::Tier(self.signed_tier(by, tier)));
        let owners = [
            owner(LOCAL, OwnerKind::User.name(), "the owner of this machine"),
            owner(PLATFORM, "platform", "who runs this program"),
        ];
        tiers.chain(owners).collect()
    }

    pub(crate) fn signed_owner(&self, by: &Key, mut row: rows::Owner) -> rows::Owner {
        row.mac = cipher::sign(by, &self.context_of_owner(&row)).to_vec();
        row
    }

    fn signed_member(&self, by: &Key, organisation: &str, member: String, epoch: i64) -> rows::Member {
        let mut row = rows::Member { organisation: organisation.into(), member, epoch, mac: vec![] };
        row.mac = cipher::sign(by, &self.context_of_member(&row)).to_vec();
        row
    }

    fn signed_tier(&self, by: &Key, tier: &Tier) -> rows::Tier {
        let Tier { name, own_keys, quota } = tier.clone();
        let mut row = rows::Tier { name, own_keys, quota: quota.into(), mac: vec![] };
        row.mac = cipher::sign(by, &self.context_of_tier(&row)).to_vec();
        row
    }

    fn context_of_owner(&self, row: &rows::Owner) -> Context {
        Context::new(Purpose::Owner)
            .text(&self.id)
            .text(&row.id)
            .text(&row.kind)
            .text(&row.name)
            .text(&row.tier)
            .number(row.epoch)
    }

    fn context_of_member(&self, row: &rows::Member) -> Context {
        let context = Context::new(Purpose::Member).text(&self.id);
        context.text(&row.organisation).text(&row.member).number(row.epoch)
    }

    fn context_of_tier(&self, row: &rows::Tier) -> Context {
        let context = Context::new(Purpose::Tier).text(&self.id);
        context.text(&row.name).number(row.own_keys.into()).number(row.quota)
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

fn to_tier(row: rows::Tier) -> Tier {
    Tier { name: row.name, own_keys: row.own_keys, quota: row.quota.try_into().unwrap_or(0) }
}

pub(crate) fn new_owner(id: &str, kind: &str, name: &str, tier: &str) -> rows::Owner {
    rows::Owner {
        id: id.into(),
        kind: kind.into(),
        name: name.into(),
        tier: tier.into(),
        created: crate::now(),
        epoch: 0,
        mac: vec![],
    }
}
