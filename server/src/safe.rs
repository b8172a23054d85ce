//! The vault of a data directory, opened when the first secret is needed: a run without secrets needs no key.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use engine::run::RunId;
use secret::{Open, Refused, Secret};
use store::Desk;
use vault::{Bound, Source, Vault};

use crate::connections::Health;
use crate::error::Error;
use crate::home::Home;

/// The vault of a data directory, opened when it is needed.
pub struct Safe {
    desk: Arc<Desk>,
    home: Home,
    open: Mutex<Option<Arc<Vault>>>,
    health: Arc<Health>,
}

/// What opens secrets for a run.
pub struct OfRun {
    safe: Arc<Safe>,
    owner: String,
    run: RunId,
}

/// Opens the vault of a data directory for a command, alongside whoever moves its runs.
///
/// # Errors
/// Where the directory or its database cannot be used, or more than one place gives a root key.
pub fn open(home: &Home) -> Result<Vault, Error> {
    let beside = home.write_beside()?;
    Ok(at(home, &home.database())?.holding(beside))
}

/// Opens the vault in a database that may stand elsewhere, by the root keys of a data directory.
///
/// # Errors
/// As for `open`.
pub(crate) fn at(home: &Home, database: &Path) -> Result<Vault, Error> {
    Ok(Vault::at(database, source(home)?)?)
}

fn source(home: &Home) -> Result<Source, vault::Error> {
    // Without a folder nothing is found there, and the vault says where it looked.
    Source::of_environment(home.keys().map_or_else(|| PathBuf::from("/nonexistent"), ToOwned::to_owned))
}

impl Safe {
    /// The safe of a data directory whose database is written here.
    pub fn new(desk: Arc<Desk>, home: Home) -> Safe {
        Safe { desk, home, open: Mutex::new(None), health: Arc::default() }
    }

    /// What opens secrets for a run of an owner.
    pub fn of_run(self: &Arc<Safe>, run: &RunId, owner: &str) -> OfRun {
        OfRun { safe: self.clone(), owner: owner.into(), run: run.clone() }
    }

    /// What was written down last of how accounts stand.
    pub(crate) fn health(&self) -> &Arc<Health> {
        &self.health
    }

    /// The vault, where it has been opened.
    pub fn opened(&self) -> Option<Arc<Vault>> {
        self.open.try_lock().ok()?.clone()
    }

    /// The vault, opened if it is not yet. It may block.
    ///
    /// # Errors
    /// Where it cannot be read, or more than one place gives a root key.
    pub fn vault(&self) -> Result<Arc<Vault>, vault::Error> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(vault) = &*open {
            return Ok(vault.clone());
        }
        let vault = Arc::new(Vault::open(self.desk.clone(), source(&self.home)?)?);
        *open = Some(vault.clone());
        Ok(vault)
    }
}

impl Open for OfRun {
    fn open(&self, name: &str, host: &str) -> Result<Secret, Refused> {
        let vault = self
            .safe
            .vault()
            .map_err(|error| Refused::Sealed { name: name.into(), why: error.to_string() })?;
        let (owner, actor) = (self.owner.clone(), format!("run {}", self.run));
        Bound { vault, owner, actor, connector: HTTP.into() }.open(name, host)
    }
}

/// What `secret("…")` in a workflow is opened for.
pub const HTTP: &str = "http";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_not_replaced_while_its_vault_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path().join("data")).with_keys(folder.path().join("roots"));
        let (first, second) = (open(&home).unwrap(), open(&home).unwrap());
        assert!(home.write_alone().unwrap().is_none());
        drop(first);
        assert!(home.write_alone().unwrap().is_none());
        drop(second);
        assert!(home.write_alone().unwrap().is_some());
    }

    #[test]
    fn restoring_waits_for_nobody_who_writes() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path().join("data")).with_keys(folder.path().join("roots"));
        let file = folder.path().join("backup");
        drop(open(&home).unwrap());
        crate::backup::make(&home, &file).unwrap();
        let writing = open(&home).unwrap();
        let refused = crate::backup::restore(&home, &file, crate::backup::Present::SetAside);
        assert!(matches!(refused, Err(Error::Written { .. })), "{refused:?}");
        drop(writing);
        crate::backup::restore(&home, &file, crate::backup::Present::SetAside).unwrap();
    }
}
