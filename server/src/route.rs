//! Who would be asked for a question, and why: the choice of a step, made for a person who wants to see it.

use std::sync::Arc;
use std::time::Duration;

use ai::ask::{Asking, By, Heard, Models, Reach, Tally};
pub use ai::ask::{Explained, Weighed};
use dsl::value::Value;
use store::Desk;

use crate::DriverError;
use crate::error::Error;
use crate::home::Home;

/// How long is waited for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Explains who would be asked for `ai.ask` with these parameters, or why nobody. Who is left alone for a while is known to the
/// process that asks, and not here.
///
/// # Errors
/// Where the vault or the store cannot be used.
pub async fn explain(
    home: &Home,
    owner: &str,
    args: &Value,
) -> Result<Result<Explained, dsl::catalog::Failure>, Error> {
    let vault = Arc::new(crate::safe::open(home)?);
    let desk = Arc::new(Desk::open(&home.database(), PATIENCE).map_err(DriverError::from)?);
    let models = Models::new(desk);
    let asking = Asking {
        models: &models,
        vault,
        owner,
        by: By::Step { run: "", place: String::new(), attempt: 1, hand: &|_| Heard::Nobody },
        reach: Reach::Public,
        tally: Tally::default(),
    };
    Ok(ai::ask::explain(&asking, args).await)
}
