//! Opening a secret in one change with what else must be on disk before it is used: one commit instead of two, and no
//! thread that waits for it.

use store::{Edit, Unfit};

use crate::error::Error;
use crate::keys::Vault;
use crate::resolve::{Resolved, Want};

/// What came of opening a secret beside other edits.
pub enum Beside {
    /// It is open. Its use and the edits are on disk, in one change.
    Opened(Box<Resolved>),
    /// The edits do not fit. Nothing is written, and nothing was opened.
    Unfit(Unfit),
    /// Nothing is written: the edits are to be made alone, and the secret resolved as ever. So it is where a use is counted
    /// against a quota, or the secret is being changed.
    Apart,
}

impl Vault {
    /// Opens the secret that serves a wish once its use **and** these edits are on disk. The edits must be none of the
    /// vault's own. It reads a few rows, for which nobody is waited for.
    ///
    /// # Errors
    /// As for [`Vault::resolve`]. Nothing is written then.
    pub async fn resolve_beside(&self, want: &Want<'_>, edits: Vec<Edit>) -> Result<Beside, Error> {
        let Some(ready) = self.ready(want)?.filter(|ready| !ready.is_counted()) else {
            return Ok(Beside::Apart);
        };
        let mut change = ready.change(want);
        change.edits.extend(edits);
        match self.desk.post(change).await? {
            Ok(()) => Ok(Beside::Opened(Box::new(ready.resolved()))),
            Err(Unfit::Stale) => Ok(Beside::Apart),
            Err(unfit @ Unfit::Audit) => Err(self.unfit(unfit, "the secret")),
            Err(unfit @ (Unfit::Spent | Unfit::Taken)) => Ok(Beside::Unfit(unfit)),
        }
    }
}
