//! What a refusal says of a key, written down where keys stand.

use vault::{Status, Who};

use super::Asking;
use super::offers::{self, Key};
use crate::refusal::{Class, Refusal};

impl Asking<'_> {
    /// Writes down what a refusal says of a key, for those who list it and for the next step.
    pub(super) async fn note(&self, key: &Key, refusal: &Refusal) {
        let Some(status) = learned(refusal).filter(|status| key.usable.status != status.name()) else {
            return;
        };
        let owner = offers::payer(&key.usable.payer, self.owner);
        let (vault, owner, actor) = (self.vault.clone(), owner.to_owned(), self.by.words());
        let (name, version) = (key.usable.name.clone(), key.usable.version);
        let marked = tokio::task::spawn_blocking(move || {
            vault.mark(Who { owner: &owner, actor: &actor }, &name, version, status)
        });
        // Whoever replaced it meanwhile knows better.
        if let Ok(Err(error)) = marked.await
            && !matches!(error, vault::Error::Stale { .. })
        {
            tracing::warn!(%error, "what a provider said of a key cannot be written down");
        }
    }
}

/// How a key stands after a refusal; nothing where that was not said of the key.
fn learned(refusal: &Refusal) -> Option<Status> {
    match (refusal.class, refusal.status) {
        // No provider has said it, or it is about what the key may do from here: another region, another model.
        (_, None | Some(403)) => None,
        (Class::BadKey, Some(_)) if refusal.message.contains("the key is expired") => Some(Status::Expired),
        (Class::BadKey, Some(_)) => Some(Status::Invalid),
        (Class::NoCredit, Some(_)) => Some(Status::NoCredit),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_provider_says_of_a_key_is_learned_of_it() {
        let said =
            |class, status, message: &str| learned(&Refusal { status, ..Refusal::new(class, message) });
        assert_eq!(said(Class::BadKey, Some(401), "the key is not accepted"), Some(Status::Invalid));
        assert_eq!(said(Class::BadKey, Some(400), "the key is not accepted"), Some(Status::Invalid));
        assert_eq!(said(Class::BadKey, Some(401), "the key is expired"), Some(Status::Expired));
        assert_eq!(said(Class::NoCredit, Some(429), "no credit"), Some(Status::NoCredit));
        for (class, status) in [
            (Class::BadKey, None),
            (Class::BadKey, Some(403)),
            (Class::NoCredit, None),
            (Class::RateLimited, Some(429)),
            (Class::Filtered, Some(400)),
        ] {
            assert_eq!(said(class, status, "no"), None, "{class:?} {status:?}");
        }
    }
}
