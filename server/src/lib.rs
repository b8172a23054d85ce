//! Where the parts meet: connectors become the executor of the driver, and one process owns a data
//! directory for all that use it.
//!
//! It decides nothing about a run; that is `engine`'s.

pub mod accounts;
pub mod backup;
pub mod beside;
pub mod change;
pub mod config;
pub mod connections;
pub mod costs;
pub mod doctor;
pub mod drafts;
pub mod error;
pub mod executor;
pub mod export;
mod folder;
pub mod history;
pub mod home;
pub mod hooks;
pub mod http;
pub mod kept;
mod left;
pub mod live;
pub mod loopback;
pub mod metrics;
pub mod order;
pub mod owner;
pub mod prices;
pub mod probe;
pub mod protocol;
pub mod rehearse;
pub mod role;
pub mod route;
pub mod safe;
pub mod serve;
pub mod served;
pub mod session;
pub mod shown;
pub mod since;
pub mod telemetry;
pub mod templates;
pub mod token;
pub mod tokens;
pub mod usage;
pub mod words;
mod zone;

pub use ai::price::Money;
pub use connectors as connector;
pub use egress::Error as EgressError;
pub use engine;
pub use runtime::clean::{Cleaned, Keeping};
pub use runtime::driver::{Error as DriverError, State, Summary};
pub use secret::Secret;
pub use store::Edit;
pub use store::backup::Counted;
pub use store::calls;
pub use vault;

/// An error and what is behind it, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let message = inner.to_string();
        // An outer message that already tells the inner one does not tell it twice.
        if !text.contains(&message) {
            text += ": ";
            text += &message;
        }
        cause = inner.source();
    }
    text
}

/// What can be called.
pub fn catalog() -> dsl::catalog::Catalog {
    plain().clone()
}

/// The same, made once.
pub(crate) fn plain() -> &'static dsl::catalog::Catalog {
    static PLAIN: std::sync::OnceLock<dsl::catalog::Catalog> = std::sync::OnceLock::new();
    PLAIN.get_or_init(|| {
        let mut catalog = connectors::catalog();
        catalog.actions.extend(ai::ask::catalog().actions);
        catalog
    })
}
