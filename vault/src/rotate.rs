//! Changing keys while everything goes on. A step is one transaction; whatever it leaves behind is readable,
//! and the next step goes on from what stands in the file, whoever makes it.

use store::{Edit, vault as rows};

use crate::audit::Action;
use crate::cipher;
use crate::error::Error;
use crate::keys::{ITSELF, Keys, Vault, Who, damaged};
use crate::root;
use crate::secrets::About;

/// How many rows a step moves, where nothing else is said.
pub const BATCH: usize = 500;

/// The value under which a change of the keys of versions remembers since when.
const DATA: &str = "rotating_data";

/// Which keys are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The root key: the keys of all owners are sealed anew.
    Root,
    /// An owner's key: the keys of all its versions are sealed anew.
    OwnerKey,
    /// The keys of an owner's versions: all that it stored is sealed anew.
    DataKeys,
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many rows were moved; there is more to do.
    Moved(usize),
    /// There was nothing left to do.
    Done,
}

impl Vault {
    /// Changes keys to the end; `told` hears of every step. Where it was cut off before, it goes on. For the
    /// root the owner does not matter.
    ///
    /// # Errors
    /// Where a key is not at hand, something does not open, or the store cannot be written. What was moved
    /// until then stays moved, and everything stays readable.
    pub fn rotate(&self, who: Who<'_>, rotation: Rotation, told: &mut dyn FnMut(Step)) -> Result<(), Error> {
        self.rotate_by(BATCH, who, rotation, told)
    }

    /// As `rotate`, with at most so many rows in a step.
    ///
    /// # Errors
    /// As for `rotate`.
    pub fn rotate_by(
        &self,
        batch: usize,
        who: Who<'_>,
        rotation: Rotation,
        told: &mut dyn FnMut(Step),
    ) -> Result<(), Error> {
        let (batch, mut begun) = (batch.max(1), false);
        loop {
            let step = self.rotate_step(batch, who, rotation, begun)?;
            begun = true;
            told(step);
            if step == Step::Done {
                return Ok(());
            }
        }
    }

    /// Makes one step. `begun` says that a change was begun here, so that none is begun again.
    ///
    /// # Errors
    /// As for `rotate`.
    fn rotate_step(
        &self,
        batch: usize,
        who: Who<'_>,
        rotation: Rotation,
        begun: bool,
    ) -> Result<Step, Error> {
        let result = match rotation {
            Rotation::Root => self.root_step(batch, who, begun),
            Rotation::OwnerKey => self.owner_key_step(batch, who, begun),
            Rotation::DataKeys => self.data_step(batch, who, begun),
        };
        match result {
            // Something was added or used at the same moment: the next step sees it.
            Err(Error::Stale { .. } | Error::Taken { .. }) => Ok(Step::Moved(0)),
            other => other,
        }
    }

    fn root_step(&self, batch: usize, who: Who<'_>, begun: bool) -> Result<Step, Error> {
        let keys = self.load()?;
        let known = self.reader.roots()?;
        let newest = known.last().map_or(keys.current, |root| root.generation);
        if newest == keys.current {
            // The old ones go first: a change that was cut off at its end is finished, not begun again.
            if let Some(old) = known.iter().find(|root| !root.current) {
                return self.leave_root(batch, &keys, old.generation);
            }
            if root::retire(&self.source, keys.current)? {
                self.load()?;
                return Ok(if begun { Step::Done } else { Step::Moved(1) });
            }
            return if begun { Ok(Step::Done) } else { self.begin_root(keys.current) };
        }
        if let Some(moved) = self.move_keys(batch, &keys, keys.current, newest)? {
            return Ok(moved);
        }
        self.check_root(&keys, newest)?;
        let who = Who { owner: ITSELF, ..who };
        let told = Action::RootRotated.row(who, "vault", &format!("root {newest}"));
        self.change(vec![Edit::CurrentRoot { generation: newest }], vec![told], "the root key")?;
        self.load()?;
        Ok(Step::Moved(1))
    }

    /// Seals keys of owners anew that only the one root seals; nothing where there are none.
    fn move_keys(&self, batch: usize, keys: &Keys, from: i64, to: i64) -> Result<Option<Step>, Error> {
        let rows = self.reader.keys_to_move(from, to, batch)?;
        if rows.is_empty() {
            return Ok(None);
        }
        let root = |generation| {
            keys.roots.get(generation).ok_or_else(|| Error::NoNewRoot { from: self.source.place() })
        };
        let (by, next) = (root(from)?, root(to)?);
        let moved = rows.iter().map(|row| {
            let key = cipher::unwrap(by, &self.context_of(row), &row.sealed);
            let key = key.map_err(|_| damaged(&format!("the key of the owner `{}`", row.owner)))?;
            Ok(Edit::OwnerKeyTwin(self.sealed_key(&row.owner, row.generation, (next, to), &key)?))
        });
        let edits = moved.collect::<Result<Vec<_>, Error>>()?;
        let count = edits.len();
        self.change(edits, vec![], "the key of an owner")?;
        Ok(Some(Step::Moved(count)))
    }

    /// Takes leave of a root key that is not current any more.
    fn leave_root(&self, batch: usize, keys: &Keys, old: i64) -> Result<Step, Error> {
        // Somebody who did not know yet may have sealed a key by it after the change.
        if let Some(moved) = self.move_keys(batch, keys, old, keys.current)? {
            return Ok(moved);
        }
        self.change(vec![Edit::RemoveRoot { generation: old }], vec![], "a root key")?;
        Ok(Step::Moved(1))
    }

    fn begin_root(&self, current: i64) -> Result<Step, Error> {
        let new = root::next(&self.source, current)?;
        let proof = new.proof(&self.id)?;
        let edit = Edit::Root { generation: new.generation, salt: new.salt, proof };
        let begun = self.change(vec![edit], vec![], "the root key");
        drop(new.lock);
        begun.map(|()| Step::Moved(0))
    }

    /// Reads back all that a new root sealed, before the old one may go.
    fn check_root(&self, keys: &Keys, generation: i64) -> Result<(), Error> {
        let by = keys.roots.get(generation).ok_or_else(|| Error::WrongRoot { from: self.source.place() })?;
        let mut after = (String::new(), i64::MIN);
        loop {
            let rows = self.reader.keys_under(generation, (&after.0, after.1), BATCH)?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = (last.owner.clone(), last.generation);
            for row in &rows {
                cipher::unwrap(by, &self.context_of(row), &row.sealed)
                    .map_err(|_| damaged(&format!("the key of the owner `{}`", row.owner)))?;
            }
        }
    }

    fn owner_key_step(&self, batch: usize, who: Who<'_>, begun: bool) -> Result<Step, Error> {
        let keys = self.keys()?;
        let rows = self.reader.owner_keys(who.owner)?;
        let Some(current) = rows.iter().find(|row| row.current).map(|row| row.generation) else {
            return Err(Error::Unknown { what: "key of the owner", name: who.owner.into() });
        };
        let Some(old) = rows.iter().map(|row| row.generation).find(|generation| *generation != current)
        else {
            if begun {
                return Ok(Step::Done);
            }
            let row = self.new_key(&keys, who.owner, current + 1)?;
            let detail = format!("generation {}", current + 1);
            let told = Action::OwnerKeyRotated.row(who, &format!("owner/{}", who.owner), &detail);
            let edit = Edit::OwnerKey(rows::OwnerKey { current: true, ..row });
            self.change(vec![edit], vec![told], "the owner's key")?;
            return Ok(Step::Moved(0));
        };
        let versions = self.reader.versions_under(who.owner, old, ("", i64::MIN), batch)?;
        if versions.is_empty() {
            self.check_owner_key(who.owner, current)?;
            let edit = Edit::RemoveOwnerKey { owner: who.owner.into(), generation: old };
            self.change(vec![edit], vec![], "the owner's key")?;
            return Ok(Step::Moved(1));
        }
        let (_, from) = self.owner_key(who.owner, Some(old))?;
        let (_, to) = self.owner_key(who.owner, Some(current))?;
        let moved = versions.into_iter().map(|mut version| {
            let key = cipher::unwrap(&from, &self.context_of_key(&version), &version.key);
            let key = key.map_err(|_| damaged("the key of a secret"))?;
            version.generation = current;
            let key = cipher::wrap(&to, &self.context_of_key(&version), &key)?;
            let rows::Version { owner, secret, version, .. } = version;
            Ok(Edit::Rewrap { owner, secret, version, from: old, to: current, key })
        });
        let edits = moved.collect::<Result<Vec<_>, Error>>()?;
        let count = edits.len();
        self.change(edits, vec![], "a secret")?;
        Ok(Step::Moved(count))
    }

    /// Reads back all that an owner's new key sealed, before the old one may go.
    fn check_owner_key(&self, owner: &str, generation: i64) -> Result<(), Error> {
        let (_, by) = self.owner_key(owner, Some(generation))?;
        let mut after = (String::new(), i64::MIN);
        loop {
            let versions = self.reader.versions_under(owner, generation, (&after.0, after.1), BATCH)?;
            let Some(last) = versions.last() else { return Ok(()) };
            after = (last.secret.clone(), last.version);
            for version in &versions {
                cipher::unwrap(&by, &self.context_of_key(version), &version.key)
                    .map_err(|_| damaged("the key of a secret"))?;
            }
        }
    }

    fn data_step(&self, batch: usize, who: Who<'_>, begun: bool) -> Result<Step, Error> {
        let Some((owner, since)) = self.data_mark()? else {
            return if begun { Ok(Step::Done) } else { self.begin_data(who) };
        };
        // One that was cut off is finished, whoever it was for.
        let who = Who { owner: &owner, ..who };
        let secrets = self.reader.secrets_before(who.owner, since, batch)?;
        if !secrets.is_empty() {
            let count = secrets.len();
            let edits =
                secrets.into_iter().map(|secret| self.reseal(secret)).collect::<Result<Vec<_>, _>>()?;
            self.change(edits.into_iter().flatten().collect(), vec![], "a secret")?;
            return Ok(Step::Moved(count));
        }
        let doubled = self.reader.secrets_with_old(who.owner, batch)?;
        let mut edits = vec![];
        for secret in &doubled {
            self.check(secret)?;
            edits.push(Edit::RemoveOldVersions { owner: secret.owner.clone(), secret: secret.id.clone() });
        }
        let count = edits.len();
        if count == 0 {
            edits.push(Edit::Unset { name: DATA });
        }
        self.change(edits, vec![], "a secret")?;
        Ok(Step::Moved(count))
    }

    fn begin_data(&self, who: Who<'_>) -> Result<Step, Error> {
        let value = [&crate::now().to_be_bytes(), who.owner.as_bytes()].concat();
        let told = Action::DataKeysRotated.row(who, &format!("owner/{}", who.owner), "");
        self.change(vec![Edit::SetOnce { name: DATA, value }], vec![told], "the keys of secrets")?;
        Ok(Step::Moved(0))
    }

    fn data_mark(&self) -> Result<Option<(String, i64)>, Error> {
        let Some(value) = self.reader.vault_value(DATA)? else { return Ok(None) };
        let (time, owner) = value.split_at(value.len().min(8));
        let time = time.try_into().map(i64::from_be_bytes).map_err(|_| damaged("the mark of a rotation"))?;
        Ok(Some((String::from_utf8_lossy(owner).into_owned(), time)))
    }

    /// The same value in a version of its own, under a key of its own.
    fn reseal(&self, before: rows::Secret) -> Result<[Edit; 2], Error> {
        let version = self.current(&before)?;
        let plain = self.plain(&before, &version)?;
        let about = About { connector: version.connector, hosts: version.hosts, settings: version.settings };
        let next = rows::Secret { version: before.version + 1, ..before.clone() };
        let (secret, version) = self.sealed(next, about, &plain)?;
        Ok([Edit::Version(version), Edit::Restate { from: before.mac, to: secret }])
    }
}
