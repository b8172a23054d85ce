//! The models that an owner can ask: those of the providers for which there is a key, paid as the vault says.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use dsl::catalog::{Failure, FailureKind};
use jiff::civil::Date;
use secret::Refused;
use store::calls::Price;
use vault::provider::DEPLOYMENT;
use vault::{Payer, Usable, Vault};

use crate::provider::{Agreed, Agreements, Provider};
use crate::route::Offer;

/// A key that may be used, and what can be asked with it.
pub(super) struct Key {
    /// What names it alone, and anew when it is changed or found right.
    pub id: String,
    /// Its provider.
    pub provider: &'static Provider,
    /// It, as the vault tells it.
    pub usable: Usable,
    /// What whoever pays has agreed on with providers.
    pub agreed: Arc<Agreements>,
    /// What it can ask: how that is called in a question, and in the files.
    models: BTreeMap<String, String>,
}

/// The keys of an owner, in the vault's order, and in words those that are out of use; `wanted` is the model that a step
/// names.
///
/// # Errors
/// Where the vault cannot be read.
pub(super) fn keys(
    providers: &'static [Provider],
    vault: &Vault,
    owner: &str,
    wanted: Option<&str>,
    prices: &dyn Fn(&str) -> Result<Vec<Price>, store::Error>,
) -> Result<(Vec<Key>, Vec<String>), Failure> {
    let (mut keys, mut out_of_use) = (vec![], vec![]);
    let mut agreed: BTreeMap<String, Arc<Agreements>> = BTreeMap::new();
    let cannot = |error: &dyn std::error::Error| {
        Failure::new(FailureKind::Auth, format!("the keys cannot be used: {error}"))
    };
    let mut all = vault.usable(owner).map_err(|error| cannot(&error))?;
    for provider in providers {
        let usable = match all.remove(&provider.name) {
            Some(Ok(usable)) => usable,
            None => continue,
            // Nobody knows who pays, so nobody does.
            Some(Err(Refused::Ambiguous { .. })) => {
                tracing::warn!(
                    provider = provider.name,
                    "more than one organisation has a key, so that none is used"
                );
                continue;
            }
            Some(Err(refused)) => return Err(cannot(&refused)),
        };
        for usable in usable {
            if !usable.serves {
                out_of_use.push(format!("`{}` is {}", usable.name, usable.status));
                continue;
            }
            let id = format!(
                "{}/{}/{}@{}:{}",
                provider.name,
                usable.payer.name(),
                usable.name,
                usable.version,
                usable.status
            );
            let models = models(providers, provider, &usable, wanted);
            let agreed = match agreed.entry(payer(&usable.payer, owner).to_owned()) {
                Entry::Occupied(known) => known.get().clone(),
                Entry::Vacant(payer) => {
                    let rows = prices(payer.key()).map_err(|error| {
                        Failure::passing(
                            FailureKind::Server,
                            format!("agreed prices cannot be read: {error}"),
                        )
                    })?;
                    payer.insert(Arc::new(Agreements::of(&rows))).clone()
                }
            };
            keys.push(Key { id, provider, usable, agreed, models });
        }
    }
    Ok((keys, out_of_use))
}

/// The owner whose money it is.
pub(super) fn payer<'a>(payer: &'a Payer, owner: &'a str) -> &'a str {
    match payer {
        Payer::Own => owner,
        Payer::Organisation(id) => id,
        Payer::Platform => vault::PLATFORM,
    }
}

/// What can be asked with a key: its deployments, or all models of its provider; and the one that is named, where only
/// the owner of the endpoint knows its models.
fn models(
    providers: &[Provider],
    provider: &Provider,
    usable: &Usable,
    wanted: Option<&str>,
) -> BTreeMap<String, String> {
    let deployments = usable
        .settings
        .iter()
        .filter_map(|(name, model)| Some((name.strip_prefix(DEPLOYMENT)?.to_owned(), model.clone())));
    let mut models: BTreeMap<String, String> = deployments.collect();
    if models.is_empty() {
        models.extend(provider.models.keys().map(|name| (name.clone(), name.clone())));
    }
    let open = provider.models.is_empty();
    let named = wanted.and_then(|wanted| {
        let of_provider = wanted.strip_prefix(&*provider.name).and_then(|rest| rest.strip_prefix('/'));
        let of_another = providers.iter().any(|other| {
            wanted.strip_prefix(&*other.name).is_some_and(|rest| rest.starts_with('/'))
                || other.model(wanted).is_some()
        });
        let tells = provider.embeddings.contains_key(wanted);
        of_provider.or(Some(wanted).filter(|_| tells || open && !of_another))
    });
    if let Some(named) = named {
        models.entry(named.to_owned()).or_insert_with(|| named.to_owned());
    }
    models
}

/// What can be asked where this one pays.
pub(super) fn offers<'a>(keys: &'a [Key], payer: &Payer) -> Vec<Offer<'a>> {
    let paid = keys.iter().filter(|key| key.usable.payer == *payer);
    paid.flat_map(|key| {
        key.models.iter().map(|(name, model)| Offer { provider: key.provider, name, model, key: &key.id })
    })
    .collect()
}

/// What this one has agreed on, as it counts on a day.
pub(super) fn agreed(keys: &[Key], payer: &Payer, day: Date) -> Agreed {
    let of_payer = keys.iter().find(|key| key.usable.payer == *payer);
    of_payer.map_or_else(Agreed::default, |key| key.agreed.on(day))
}

/// Who pays for any of them, the owner first.
pub(super) fn payers(keys: &[Key]) -> Vec<Payer> {
    let mut payers: Vec<Payer> = keys.iter().map(|key| key.usable.payer.clone()).collect();
    payers.sort();
    payers.dedup();
    payers
}
