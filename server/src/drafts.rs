//! Drafts of workflows out of plain words: what `generate` needs of a data directory is brought together here. Nothing is
//! stored and nothing is started.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ai::ask::{Asking, By, Heard, Models, Reach, Tally};
use dsl::catalog::{Catalog, Failure};
use dsl::types::Field;
use dsl::value::Value;
pub use generate::draft::{Answer, Kind, Wish};
pub use generate::eval;
pub use generate::explain::explain;
use generate::index::Library;
use generate::model::{Model, Said};
use generate::plan::Means;
use generate::when::Here;
use jiff::Timestamp;
use store::Desk;
use vault::Vault;

use crate::DriverError;
use crate::error::Error;
use crate::home::Home;

/// How long is waited for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

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
        Means {
            catalog: catalog(),
            library: library(),
            connected: &self.connected,
            here: &self.here,
            answers: &[],
        }
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
    let mut names: Vec<String> =
        vault.connections(owner, None)?.into_iter().map(|connection| connection.connector).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// The models of an owner, asked through the same router, ledger and budgets as those of a step.
struct Own<'a> {
    models: &'a Models,
    vault: Arc<Vault>,
    owner: &'a str,
}

impl Model for Own<'_> {
    async fn ask(&self, system: &str, prompt: &str, returns: &[Field]) -> Result<Said, Failure> {
        let by = By::Step { run: "", place: "generate".into(), attempt: 1, hand: &|_| Heard::Nobody };
        let (vault, tally) = (self.vault.clone(), Tally::default());
        let asking =
            Asking { models: self.models, vault, owner: self.owner, by, reach: Reach::Public, tally };
        let returns = serde_json::to_value(returns).unwrap_or_default();
        let args = [
            ("prompt", Value::text(prompt)),
            ("system", Value::text(system)),
            ("quality", Value::text("high")),
            ("returns", Value::from_json(returns)),
        ];
        let value = ai::ask::ask(&asking, &Value::object(args)).await?;
        let taken = asking.tally.taken();
        let tokens = taken.as_ref().map_or(0, |taken| taken.tokens.iter().sum());
        Ok(Said { value: value.to_json(), tokens })
    }
}

/// Drafts a workflow with the owner's models; where there is no key, without one, and the answer says so.
///
/// # Errors
/// Where the vault or the ledger cannot be used.
pub async fn draft_with(wish: &Wish, wisher: &Wisher, home: &Home, owner: &str) -> Result<Answer, Error> {
    let vault = Arc::new(crate::safe::open(home)?);
    let desk = Arc::new(Desk::open(&home.database(), PATIENCE).map_err(DriverError::from)?);
    let models = Models::new(desk);
    let own = Own { models: &models, vault, owner };
    let (answer, _) = generate::model::draft_with(wish, &wisher.means(), &own).await;
    models.settled();
    Ok(answer)
}

/// Drafts a workflow without a model.
pub fn draft(wish: &Wish, wisher: &Wisher) -> Answer {
    generate::draft::draft(wish, &wisher.means())
}
