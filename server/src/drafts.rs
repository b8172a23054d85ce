//! Drafts of workflows out of plain words: what `generate` needs of a data directory is brought together here. Nothing is
//! stored and nothing is started.

use std::sync::OnceLock;

use dsl::catalog::Catalog;
pub use generate::draft::{Answer, Kind, Wish};
pub use generate::eval;
pub use generate::explain::explain;
use generate::index::Library;
use generate::plan::Means;
use generate::when::Here;
use jiff::Timestamp;
use vault::Vault;

use crate::error::Error;

/// What can be called, to be found by words; made once.
fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| Library::new(crate::plain()))
}

/// Who has a wish: what is connected, and where it is said.
#[derive(Clone, Debug)]
pub struct Wisher {
    /// The services that are connected.
    pub connected: Vec<String>,
    /// When and where.
    pub here: Here,
}

impl Wisher {
    /// Somebody in a zone, by default that of this machine; nothing where there is no such zone.
    pub fn new(zone: Option<&str>, connected: Vec<String>) -> Option<Wisher> {
        let own = crate::zone::own();
        Some(Wisher { connected, here: Here::new(Timestamp::now(), zone.unwrap_or(&own))? })
    }

    /// With what a wish is planned.
    pub fn means(&self) -> Means<'_> {
        Means { catalog: catalog(), library: library(), connected: &self.connected, here: &self.here, answers: &[] }
    }
}

/// What can be called.
pub fn catalog() -> &'static Catalog {
    crate::plain()
}

/// The services that an owner has connected.
///
/// # Errors
/// Where the vault cannot be read.
pub fn connected(vault: &Vault, owner: &str) -> Result<Vec<String>, Error> {
    let mut names: Vec<String> = vault.connections(owner)?.into_iter().map(|connection| connection.connector).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// Drafts a workflow without a model.
pub fn draft(wish: &Wish, wisher: &Wisher) -> Answer {
    generate::draft::draft(wish, &wisher.means())
}
