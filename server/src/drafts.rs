//! Drafts of workflows out of plain words: what `generate` needs of a data directory is brought together here. Nothing is
//! stored and nothing is started.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ai::ask::{Asking, By, Heard, Models, Tally};
use dsl::catalog::{Catalog, Failure};
use dsl::types::Field;
use dsl::value::Value;
use engine::outline::{Beside, Outline};
use engine::plan::Plan;
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
use crate::change::Change;
use crate::connections::{lacks, of_plan};
use crate::costs::costs;
use crate::error::Error;
use crate::home::Home;
use crate::serve::Reach;
use crate::shown;

/// How long is waited for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// What can be called, to be found by words; made once.
fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        crate::connector::library().read_all();
        Library::new(crate::plain())
    })
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

/// What is asked for.
#[derive(Clone, Debug)]
pub enum Asked {
    /// A workflow out of a wish.
    New(Wish),
    /// A change of a text.
    Edit {
        /// The text.
        text: String,
        /// The change.
        wish: Wish,
    },
    /// A text without what is wrong with it.
    Fix {
        /// The text.
        text: String,
    },
}

impl Asked {
    /// The text that is there, where there is one.
    fn text(&self) -> Option<&str> {
        match self {
            Asked::New(_) => None,
            Asked::Edit { text, .. } | Asked::Fix { text } => Some(text),
        }
    }
}

/// The models of an owner, asked through the same router, ledger and budgets as those of a step.
struct Own<'a>(&'a Asking<'a>);

impl Model for Own<'_> {
    async fn ask(&self, system: &str, prompt: &str, returns: &[Field]) -> Result<Said, Failure> {
        let Asking { models, vault, owner, by, reach, tally: _ } = self.0;
        // What each question takes is told apart.
        let (vault, tally) = (vault.clone(), Tally::default());
        let asking = Asking { models, vault, owner, by: by.clone(), reach: *reach, tally };
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

/// Answers with the owner's models; where there is no key, without one, and the answer says so. Whoever types here asks.
///
/// # Errors
/// Where the vault or the ledger cannot be used.
pub async fn answer_at(
    asked: &Asked,
    wisher: &Wisher,
    catalog: &Catalog,
    (home, owner, reach): (&Home, &str, Reach),
) -> Result<Answer, Error> {
    let vault = Arc::new(crate::safe::open(home)?);
    let desk = Arc::new(Desk::open(&home.database(), PATIENCE).map_err(DriverError::from)?);
    let models = Models::new(desk);
    let hand = |_: ai::ask::live::Piece<'_>| Heard::Nobody;
    let by = By::Step { run: "", place: "generate".into(), attempt: 1, hand: &hand };
    let asking =
        Asking { models: &models, vault, owner, by, reach: models_at(reach), tally: Tally::default() };
    let answer = answer_with(asked, wisher, catalog, &asking).await;
    models.settled();
    Ok(answer)
}

/// Where models may be.
fn models_at(reach: Reach) -> ai::ask::Reach {
    match reach {
        Reach::Public => ai::ask::Reach::Public,
        Reach::Private => ai::ask::Reach::Private,
    }
}

/// The same for who asks models in some way.
pub async fn answer_with(asked: &Asked, wisher: &Wisher, catalog: &Catalog, asking: &Asking<'_>) -> Answer {
    let (own, means) = (Own(asking), Means { catalog, ..wisher.means() });
    let (answer, _) = match asked {
        Asked::New(wish) => generate::model::draft_with(wish, &means, &own).await,
        Asked::Edit { text, wish } => generate::patch::edit_with(text, wish, &means, &own).await,
        Asked::Fix { text } => generate::repair::repair_with(text, &means, &own).await,
    };
    compared(asked, answer, catalog)
}

/// Answers without a model.
pub fn answer(asked: &Asked, wisher: &Wisher, catalog: &Catalog) -> Answer {
    let means = Means { catalog, ..wisher.means() };
    let answer = match asked {
        Asked::New(wish) => generate::draft::draft(wish, &means),
        Asked::Edit { text, wish } => generate::edit::edit(text, wish, &means),
        Asked::Fix { text } => generate::repair::repair(text, &means),
    };
    compared(asked, answer, catalog)
}

/// What differs from the text that is there: line by line, and in what it does.
fn compared(asked: &Asked, mut answer: Answer, catalog: &Catalog) -> Answer {
    let (Some(before), Some(after)) = (asked.text(), answer.yaml.as_deref()) else { return answer };
    let diff = similar::TextDiff::from_lines(before, after);
    answer.diff = Some(diff.unified_diff().context_radius(3).header("before", "after").to_string());
    let (old, new) = (dsl::check(before, catalog).workflow, dsl::check(after, catalog).workflow);
    // What a text does that could not be read before is not told as new.
    if let (Some(old), Some(new)) = (old, new) {
        let change = Change::of(Some(&old), &new);
        answer.changes = serde_json::to_value(change.lines).ok();
    }
    answer
}

/// Looks closer at a draft: what the owner's connections lack, and what its models would cost with the owner's keys.
///
/// # Errors
/// Where the vault or the ledger cannot be read.
pub async fn look_closer(
    answer: &mut Answer,
    catalog: &Catalog,
    home: &Home,
    owner: &str,
    vault: Option<&Vault>,
) -> Result<(), Error> {
    let checked = answer.yaml.as_deref().map(|text| dsl::check(text, catalog));
    let Some(workflow) = checked.and_then(|checked| checked.workflow) else { return Ok(()) };
    let plan = Plan::new(&workflow);
    let lacks = lacks(vault, owner, &of_plan(&plan))?;
    let named = |json: &serde_json::Value| {
        json["what"] == "connection" && lacks.iter().any(|lack| json["connector"] == lack.connector.as_str())
    };
    answer.missing.retain(|json| !named(json));
    answer.missing.extend(lacks.iter().map(shown::lack));
    let outline = Outline::new(&plan, None, &Beside::default());
    answer.cost = shown::costs(&costs(home, owner, &outline).await?);
    Ok(())
}

/// Drafts a workflow without a model.
pub fn draft(wish: &Wish, wisher: &Wisher) -> Answer {
    generate::draft::draft(wish, &wisher.means())
}
