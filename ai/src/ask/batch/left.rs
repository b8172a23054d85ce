//! Batches that nobody will read: those of runs that have ended, cancelled or stopped by a limit, while one was waited for.

use std::sync::Arc;

use dsl::catalog::Failure;
use vault::Vault;

use super::super::{Asking, By, Heard, Models, Reach, Tally};
use super::talk::{Talk, lose};
use super::{broken, key_of, offers};
use crate::chat::Question;

impl Models {
    /// Notes that an owner has batches.
    pub(super) fn note_batches(&self, owner: &str) {
        self.without_batches().remove(owner);
    }

    /// True unless it is known that an owner has no open batches.
    pub fn may_have_batches(&self, owner: &str) -> bool {
        !self.without_batches().contains(owner)
    }

    /// True if runs of an owner that have ended left batches behind. It looks at a few rows.
    pub fn has_left_batches(&self, owner: &str) -> bool {
        let mut without = self.without_batches();
        // Looked at under the lock: a batch that begins meanwhile is noted after its row is written.
        let looked = self.reader().and_then(|reader| match reader.has_batches(owner)? {
            true => Ok((true, !reader.left_batches(owner)?.is_empty())),
            false => Ok((false, false)),
        });
        let (has, left) = looked.unwrap_or_else(|error| {
            tracing::warn!(%error, "it cannot be read which batches are left");
            (true, false)
        });
        if !has {
            without.insert(owner.to_owned());
        }
        left
    }
}

/// Cancels the batches of an owner's runs that have ended, and settles their calls: with what they took where that is known
/// by now, else with the most that they can cost.
///
/// # Errors
/// Where the ledger or the vault cannot be read or written.
pub async fn give_up(models: &Models, vault: Arc<Vault>, owner: &str, reach: Reach) -> Result<(), Failure> {
    let unread = |error: store::Error| broken(&error.to_string());
    let left = models.reader().map_err(unread)?.left_batches(owner).map_err(unread)?;
    if !left.is_empty() {
        let (of, whose, providers) = (vault.clone(), owner.to_owned(), models.ways.providers);
        let ledger = models.ledger();
        let look = move || offers::keys(providers, &of, &whose, None, &|payer| ledger.prices(payer));
        let found = tokio::task::spawn_blocking(look).await;
        let (keys, _) = found.map_err(|error| broken(&error.to_string()))??;
        for batched in left {
            let call = &batched.call;
            let asking = Asking {
                models,
                vault: vault.clone(),
                owner,
                by: By::Step {
                    run: &call.run,
                    place: call.place.clone(),
                    attempt: call.attempt,
                    hand: &|_| Heard::Nobody,
                },
                reach,
                tally: Tally::default(),
            };
            match key_of(&keys, call) {
                Some(key) if !batched.name.is_empty() => {
                    let question = Question::new(&call.model, "");
                    Talk { asking: &asking, key }.stop(&question, &batched).await?;
                }
                Some(_) | None => drop(lose(&asking, call, store::calls::LOST).await?),
            }
        }
    }
    Ok(())
}
