//! What is told at the address for metrics: all of it to anybody who reaches it, which is why it is an address of its own.

use super::routes::{Handler, Policy, Route};
use super::{Answer, Ask, Refusal, health};
use crate::metrics::text;

/// The routes of the address for metrics.
pub const TABLE: &[Route] = &[
    Route::on(
        ("GET", "/healthz"),
        Policy::Public,
        Handler::Blocks(health::alive),
        "Answers while the process lives.",
    ),
    Route::on(
        ("GET", "/metrics"),
        Policy::Public,
        Handler::Blocks(told),
        "Tells all metrics, in Prometheus' text format.",
    ),
    Route::on(
        ("GET", "/readyz"),
        Policy::Public,
        Handler::Blocks(health::ready),
        "Answers 200 where the service can do its work, else 503.",
    ),
];

fn told(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let gathered = ask.house.core().gather();
    Ok(Answer::ok(text::text(&gathered).into()).head("content-type", text::CONTENT))
}
