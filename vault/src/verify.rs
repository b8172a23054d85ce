//! Looking through the whole vault: whether everything opens, and whether it is what the audit tells.

use std::collections::{BTreeMap, BTreeSet};

use store::vault as rows;
use zeroize::Zeroizing;

use crate::audit::Action;
use crate::cipher;
use crate::error::Error;
use crate::keys::{Vault, damaged};
use crate::secrets::told;

/// How many rows are read at a time.
const PAGE: usize = 500;

/// What looking through a vault gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// How many owners have been looked at.
    pub owners: usize,
    /// How many secrets open.
    pub secrets: usize,
    /// How many rows of the audit follow one another.
    pub rows: i64,
    /// The last link of the audit, to be kept elsewhere as a witness.
    pub link: Vec<u8>,
    /// What is amiss.
    pub wrong: Vec<String>,
}

impl Vault {
    /// Opens everything once, tells nobody, and compares it with what the audit says was stored last.
    ///
    /// # Errors
    /// Where no key is at hand, or the store cannot be read.
    pub fn verify(&self) -> Result<Findings, Error> {
        self.load()?;
        let mut findings = Findings::default();
        match self.verify_audit() {
            Ok((rows, link)) => (findings.rows, findings.link) = (rows, link),
            Err(error @ Error::Audit { .. }) => findings.wrong.push(error.to_string()),
            Err(error) => return Err(error),
        }
        self.verify_rights(&mut findings)?;
        let mut stored = self.stored()?;
        let mut after = String::new();
        loop {
            let owners = self.reader.owners(&after, PAGE)?;
            let Some(last) = owners.last() else { break };
            after.clone_from(&last.id);
            for owner in &owners {
                findings.owners += 1;
                self.each_secret(&owner.id, &mut |secret| {
                    match self.check(&secret) {
                        Ok(()) => findings.secrets += 1,
                        Err(Error::Damaged { what }) => findings.wrong.push(format!("{what} does not open")),
                        Err(Error::Unknown { what, name }) => {
                            findings.wrong.push(format!("there is no {what} `{name}`"))
                        }
                        Err(error) => return Err(error),
                    }
                    let name = format!("{}/{}", secret.kind, secret.name);
                    if let Some(at_least) = stored.remove(&(owner.id.clone(), name))
                        && at_least > secret.version
                    {
                        findings.wrong.push(format!("{} is older than the audit tells", told(&secret)));
                    }
                    Ok(())
                })?;
            }
        }
        for (_, name) in stored.into_keys() {
            findings.wrong.push(format!("`{name}` is gone, and the audit does not tell of it"));
        }
        Ok(findings)
    }

    /// Looks whether owners, tiers and memberships are as they were written, and memberships are those of the audit.
    fn verify_rights(&self, findings: &mut Findings) -> Result<(), Error> {
        let (keys, mut joined, mut members) = (self.keys()?, self.joined()?, vec![]);
        let mut wrong = |result| match result {
            Ok(()) => Ok(()),
            Err(Error::Damaged { what }) => {
                findings.wrong.push(format!("{what} is not as it was written"));
                Ok(())
            }
            Err(error) => Err(error),
        };
        for tier in self.reader.tiers()? {
            wrong(self.check_tier_row(&keys.own, &tier))?;
        }
        let mut after = String::new();
        loop {
            let owners = self.reader.owners(&after, PAGE)?;
            let Some(last) = owners.last() else { break };
            after.clone_from(&last.id);
            for owner in &owners {
                wrong(self.check_owner(&keys.own, owner))?;
                for row in self.reader.members(&owner.id)? {
                    wrong(self.check_member(&keys.own, owner, &row))?;
                    members.push((owner.id.clone(), row.member));
                }
            }
        }
        for (organisation, member) in members {
            if !joined.remove(&(organisation.clone(), member.clone())) {
                findings
                    .wrong
                    .push(format!("`{member}` is in `{organisation}`, and the audit does not tell of it"));
            }
        }
        for (organisation, member) in joined {
            findings.wrong.push(format!("`{member}` is not in `{organisation}`, as the audit tells"));
        }
        Ok(())
    }

    /// Who should be in which organisation.
    fn joined(&self) -> Result<BTreeSet<(String, String)>, Error> {
        let mut joined = BTreeSet::new();
        self.each_row(&mut |row| {
            let member = row.subject.strip_prefix("owner/").unwrap_or_default().to_owned();
            if row.action == Action::Joined.name() {
                joined.insert((row.owner, member));
            } else if row.action == Action::Left.name() {
                joined.remove(&(row.owner, member));
            } else if row.action == Action::OwnerRemoved.name() {
                joined.retain(|(organisation, member)| *organisation != row.owner && *member != row.owner);
            }
            Ok(())
        })?;
        Ok(joined)
    }

    /// The secrets that there should be, with the version that was entered last.
    fn stored(&self) -> Result<BTreeMap<(String, String), i64>, Error> {
        let mut stored = BTreeMap::new();
        self.each_row(&mut |row| {
            let Some((name, version)) = row.subject.rsplit_once('@') else {
                if row.action == Action::OwnerRemoved.name() {
                    stored.retain(|(owner, _), _| *owner != row.owner);
                }
                return Ok(());
            };
            let name = (row.owner, name.to_owned());
            if [Action::Added, Action::Replaced].iter().any(|action| row.action == action.name()) {
                stored.insert(name, version.parse().unwrap_or(0));
            } else if row.action == Action::Removed.name() {
                stored.remove(&name);
            }
            Ok(())
        })?;
        Ok(stored)
    }

    /// Opens a secret to see that it opens.
    pub(crate) fn check(&self, secret: &rows::Secret) -> Result<(), Error> {
        let version = self.current(secret)?;
        self.plain(secret, &version).map(drop)
    }

    /// What a secret holds, for sealing it anew or seeing that it opens. It does not leave the crate.
    pub(crate) fn plain(
        &self,
        secret: &rows::Secret,
        version: &rows::Version,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let key = self.checked_key(secret, version)?;
        let plain = cipher::open(&key, &self.context_of_value(secret, version), &version.value);
        plain.map_err(|_| damaged(&told(secret)))
    }
}
