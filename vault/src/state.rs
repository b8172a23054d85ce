//! How the vault stands, and sealing it by hand.

use std::path::Path;
use std::sync::Arc;

use store::{Change, Edit};

use crate::audit::Action;
use crate::error::Error;
use crate::keys::{ITSELF, Vault, Who};
use crate::root::{self, Source};

/// How a vault stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Its id.
    pub id: String,
    /// Why it is sealed; nothing where it is open, or empty.
    pub sealed: Option<String>,
    /// Where the root key comes from.
    pub root: String,
    /// The generation of the root key; nothing where the vault is empty.
    pub generation: Option<i64>,
    /// Whether a change of the root key is under way.
    pub rotating: bool,
    /// How many owners there are.
    pub owners: i64,
    /// How many secrets and keys there are.
    pub secrets: i64,
    /// How many rows the audit has.
    pub audit: i64,
}

impl Vault {
    /// How it stands.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn state(&self) -> Result<State, Error> {
        let (owners, secrets, audit) = self.reader.vault_counts()?;
        let roots = self.reader.roots()?;
        let sealed = match self.keys() {
            Ok(_) | Err(Error::Blank) => None,
            Err(Error::Closed) => Some("somebody sealed it".into()),
            Err(Error::Sealed { why }) => Some(why),
            Err(error) => Some(error.to_string()),
        };
        Ok(State {
            id: self.id.clone(),
            sealed,
            root: self.source.place(),
            generation: roots.iter().find(|root| root.current).map(|root| root.generation),
            rotating: roots.len() > 1,
            owners,
            secrets,
            audit,
        })
    }

    /// True if its keys are at hand, false if somebody sealed it; nothing where nobody has needed them yet. It opens nothing.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn is_open(&self) -> Result<Option<bool>, Error> {
        if self.reader.vault_value("sealed")?.is_some() {
            return Ok(Some(false));
        }
        Ok(self.has_keys().then_some(true))
    }

    /// Writes the root keys at hand to a new file, which is then all that is needed to open the vault. That it was
    /// done is in the audit before.
    ///
    /// # Errors
    /// Where the vault is sealed or empty, or the file is there already, would stand within the data directory, or
    /// cannot be written.
    pub fn export_root(&self, actor: &str, to: &Path) -> Result<(), Error> {
        let keys = self.keys()?;
        let path = to.to_owned();
        if to.exists() {
            return Err(Error::RootFile { path, source: std::io::ErrorKind::AlreadyExists.into() });
        }
        if let Some(data) = self.path().parent()
            && root::is_inside(&Source::File(path), data).is_some()
        {
            return Err(Error::RootInside { path: to.to_owned() });
        }
        let detail = to.display().to_string();
        let told = Action::RootExported.row(Who { owner: ITSELF, actor }, "vault", &detail);
        self.change(vec![], vec![told], "the vault")?;
        keys.roots.write(to)
    }

    /// Writes down that the database is an earlier one, put back.
    ///
    /// # Errors
    /// Where the vault is sealed or empty, or cannot be written.
    pub fn was_restored(&self, actor: &str, from: &str) -> Result<(), Error> {
        self.keys()?;
        let told = Action::Restored.row(Who { owner: ITSELF, actor }, "vault", from);
        self.change(vec![], vec![told], "the vault")
    }

    /// True if nothing was ever sealed here.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn is_blank(&self) -> Result<bool, Error> {
        Ok(self.reader.vault_is_blank()?)
    }

    /// Seals it for every process, until it is unsealed.
    ///
    /// # Errors
    /// Where it is sealed already or cannot be written.
    pub fn seal(&self, actor: &str) -> Result<(), Error> {
        let told = Action::Sealed.row(Who { owner: ITSELF, actor }, "vault", "");
        self.change(vec![Edit::Set { name: "sealed", value: vec![1] }], vec![told], "the vault")
    }

    /// Unseals it, if the root key at hand is the right one.
    ///
    /// # Errors
    /// Where the root key is not at hand or another one, or the store cannot be written.
    pub fn unseal(&self, actor: &str) -> Result<(), Error> {
        let keys = self.load()?;
        if self.reader.vault_value("sealed")?.is_none() {
            return Ok(());
        }
        let told = Action::Unsealed.row(Who { owner: ITSELF, actor }, "vault", "");
        let edits = vec![Edit::Unset { name: "sealed" }];
        let change =
            Change { edits, audit: vec![told], chain: Arc::clone(&keys.links) as Arc<dyn store::Chain> };
        self.desk.make(change)?.map_err(|unfit| self.unfit(unfit, "the vault"))
    }
}
