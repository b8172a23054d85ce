//! Who opens secrets, and how that is refused.

use crate::value::Secret;

/// Opens secrets by name, for one host.
pub trait Open: Send + Sync {
    /// Opens the secret of this name, to be sent to this host: a bare name or address, without a port.
    /// It may block: that a secret was used is on a disk before it is opened.
    ///
    /// # Errors
    /// Where there is no such secret, or it is not for this host.
    fn open(&self, name: &str, host: &str) -> Result<Secret, Refused>;

    /// Gives the secret of this name for this host where it is open already, at once; that it is used there is on a disk.
    fn held(&self, _name: &str, _host: &str) -> Option<Secret> {
        None
    }
}

/// Why a secret was not opened. It holds names, never a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// Nobody keeps secrets here.
    #[error("there is no vault yet; the secret `{name}` cannot be opened")]
    NoVault {
        /// The secret's name.
        name: String,
    },
    /// There is no secret of this name.
    #[error("there is no secret `{name}`")]
    Unknown {
        /// The name.
        name: String,
    },
    /// The secret is not for this host.
    #[error("the secret `{name}` is not for the host `{host}`")]
    Host {
        /// The secret's name.
        name: String,
        /// Where it was to go.
        host: String,
    },
    /// The secret is for another connector.
    #[error("the secret `{name}` is not for the connector `{connector}`")]
    Connector {
        /// The secret's name.
        name: String,
        /// What was to use it.
        connector: String,
    },
    /// It was taken out of use.
    #[error("the secret `{name}` is revoked")]
    Revoked {
        /// The secret's name.
        name: String,
    },
    /// Whoever issued it says that it does not serve.
    #[error("the key `{name}` is {status}, as its provider says")]
    Unusable {
        /// The key's name.
        name: String,
        /// How it stands, in a word.
        status: &'static str,
    },
    /// More than one secret could be meant.
    #[error("more than one organisation has a secret `{name}`")]
    Ambiguous {
        /// The name.
        name: String,
    },
    /// Who asks may not spend what it costs.
    #[error("`{name}` cannot be used: {why}")]
    Payer {
        /// What was asked for.
        name: String,
        /// Why nobody pays.
        why: String,
    },
    /// There is no key to open it.
    #[error("the secret `{name}` cannot be opened: {why}")]
    Sealed {
        /// The secret's name.
        name: String,
        /// Why there is none.
        why: String,
    },
    /// It does not open: it, or what it belongs to, was changed by somebody else.
    #[error("the secret `{name}` does not open: its row or a key above it was changed")]
    Damaged {
        /// The secret's name.
        name: String,
    },
    /// Its use cannot be recorded, so it stays shut.
    #[error("the secret `{name}` stays shut, since its use cannot be recorded: {why}")]
    NotRecorded {
        /// The secret's name.
        name: String,
        /// Why.
        why: String,
    },
    /// What is made of secrets nests too deep.
    #[error("a value made of secrets nests deeper than {limit}")]
    Depth {
        /// The deepest that is allowed.
        limit: usize,
    },
}

/// Stands where no vault is: it refuses every secret.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoVault;

impl Open for NoVault {
    fn open(&self, name: &str, _: &str) -> Result<Secret, Refused> {
        Err(Refused::NoVault { name: name.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_vault_every_secret_is_refused_by_name() {
        let refused = NoVault.open("SLACK", "slack.com").unwrap_err();
        assert_eq!(refused.to_string(), "there is no vault yet; the secret `SLACK` cannot be opened");
    }
}
