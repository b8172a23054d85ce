//! Apps that somebody registered at services, so that people sign in there: one for each service and owner. The app's id
//! stands beside its secret, and both serve the connector alone.

use store::vault as rows;

use crate::error::Error;
use crate::keys::Vault;
use crate::owner::PLATFORM;
use crate::secrets::{Kind, Listed};

impl Vault {
    /// The app of a service that an owner may sign in with: their own, else that of the one organisation that has one, else
    /// the platform's.
    ///
    /// # Errors
    /// Where more than one organisation has one, or the store cannot be read.
    pub fn usable_app(&self, owner: &str, connector: &str) -> Result<Option<Listed>, Error> {
        if self.reader.vault_is_blank()? {
            return Ok(None);
        }
        if let Some(own) = self.app(owner, connector)? {
            return Ok(Some(own));
        }
        let mut found = None;
        for organisation in self.organisations(owner)? {
            if let Some(app) = self.app(&organisation, connector)?
                && found.replace(app).is_some()
            {
                return Err(secret::Refused::Ambiguous { name: connector.into() }.into());
            }
        }
        match found {
            Some(app) => Ok(Some(app)),
            None => self.app(PLATFORM, connector),
        }
    }

    /// The app of an owner at a service.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn app(&self, owner: &str, connector: &str) -> Result<Option<Listed>, Error> {
        let Some(secret) = self.reader.secret(owner, Kind::App.name(), connector)? else { return Ok(None) };
        let version: rows::Version = self.current(&secret)?;
        Ok(Some(crate::secrets::to_listed(secret, version)))
    }
}
