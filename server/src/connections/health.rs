//! How accounts stand, as real calls tell it: written down when it changes, and else once a minute, so that a loop of
//! thousands of calls costs no thousands of commits.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use dsl::catalog::{Failure, FailureKind};
use jiff::Timestamp;
use vault::{ConnectionTold, Vault};

use super::measure::Gathered;

/// The account was taken by its service.
pub const WORKS: &str = "works";

/// Its service took it no more.
pub const REFUSED: &str = "refused";

/// How often the same is written down.
const OFTEN: Duration = Duration::from_secs(60);

/// What was written down last, by account, and the requests that were measured since.
#[derive(Default)]
pub struct Health {
    written: Mutex<BTreeMap<String, (Instant, &'static str)>>,
    pub(super) gathered: Gathered,
}

impl Health {
    /// Takes in how a call went: nothing, or why it failed.
    pub(super) fn told(
        &self,
        vault: &Vault,
        (owner, connector, name): (&str, &str, &str),
        failure: Option<&Failure>,
    ) {
        let health = match failure {
            None => Some((WORKS, String::new())),
            Some(failure) if failure.kind == FailureKind::Auth => Some((REFUSED, failure.message.clone())),
            Some(_) => None,
        };
        let word = health.as_ref().map_or("", |(word, _)| word);
        if !self.is_new(format!("{owner}\n{connector}\n{name}"), word) {
            return;
        }
        let known = vault.usable_connections(owner, connector).unwrap_or_default();
        let Some(row) = known.into_iter().find(|row| row.name == name) else { return };
        // It is posted, and nobody waits for it.
        drop(vault.told_connection(ConnectionTold {
            owner: row.owner,
            connector: row.connector,
            name: row.name,
            time: super::nanoseconds(Timestamp::now()),
            health,
            label: None,
        }));
    }

    /// Has what was measured written, without waiting for the disk.
    pub(crate) fn write(&self, vault: &Vault) {
        self.gathered.write(vault);
    }

    fn is_new(&self, account: String, word: &'static str) -> bool {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match written.get(&account) {
            Some((when, known)) if *known == word && now.duration_since(*when) < OFTEN => false,
            _ => {
                written.insert(account, (now, word));
                true
            }
        }
    }
}
