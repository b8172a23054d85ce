//! What is told at the address for metrics: all of it to anybody who reaches it, which is why it is an address of its own.

use super::routes::{Handler, Policy, Route, Takes};
use super::{Answer, Ask, Refusal, health};
use crate::metrics::text;

/// The routes of the address for metrics.
pub const TABLE: &[Route] = &[
    Route {
        method: "GET",
        path: "/healthz",
        policy: Policy::Public,
        takes: Takes::Nothing,
        handler: Handler::Blocks(health::alive),
        about: "Answers while the process lives.",
    },
    Route {
        method: "GET",
        path: "/metrics",
        policy: Policy::Public,
        takes: Takes::Nothing,
        handler: Handler::Blocks(told),
        about: "Tells all metrics, in Prometheus' text format.",
    },
    Route {
        method: "GET",
        path: "/readyz",
        policy: Policy::Public,
        takes: Takes::Nothing,
        handler: Handler::Blocks(health::ready),
        about: "Answers 200 where the service can do its work, else 503.",
    },
];

fn told(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let gathered = ask.house.core().gather();
    Ok(Answer::ok(text::text(&gathered).into()).head("content-type", text::CONTENT))
}
