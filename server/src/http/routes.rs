//! The table of routes. Nothing answers that is not in it, and a route cannot be written down without saying who may use
//! it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts as _, RawPathParams};
use axum::routing::{MethodFilter, on};
use hyper::{Method, Request, Response};

use super::{Answer, Ask, House, Refusal, answer, ask, health, runs, schedules, signals};
use crate::token::Scope;

/// A route.
///
/// Without a policy it does not compile:
/// ```compile_fail
/// use server::http::routes::{Route, Takes};
/// use server::http::Answer;
/// const ROUTE: Route = Route {
///     method: "GET",
///     path: "/open",
///     takes: Takes::Nothing,
///     handler: |_| Ok(Answer::ok(serde_json::Value::Null)),
///     about: "Answers anybody.",
/// };
/// ```
/// with one it does:
/// ```
/// use server::http::routes::{Policy, Route, Takes};
/// use server::http::Answer;
/// const ROUTE: Route = Route {
///     method: "GET",
///     path: "/open",
///     policy: Policy::Public,
///     takes: Takes::Nothing,
///     handler: |_| Ok(Answer::ok(serde_json::Value::Null)),
///     about: "Answers anybody.",
/// };
/// ```
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The address; a part in braces has a name.
    pub path: &'static str,
    /// Who may use it.
    pub policy: Policy,
    /// What it takes.
    pub takes: Takes,
    /// What it does. It may block, and it is asked only where the policy lets it.
    pub handler: fn(&Ask<'_>) -> Result<Answer, Refusal>,
    /// A sentence about it.
    pub about: &'static str,
}

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Anybody.
    Public,
    /// Who shows a token that goes so far.
    Token(Scope),
}

/// What body a route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// None.
    Nothing,
    /// A JSON object, or none.
    Json {
        /// The most bytes.
        most: usize,
    },
}

/// The usual size of a body.
const MEGABYTE: Takes = Takes::Json { most: 1 << 20 };

/// All routes, by their addresses.
pub const ROUTES: &[Route] = &[
    Route {
        method: "GET",
        path: "/api/v1/runs",
        policy: Policy::Token(Scope::Read),
        takes: Takes::Nothing,
        handler: runs::list,
        about: "Lists runs, the latest first: `limit` of them (100), that began before the run `before`.",
    },
    Route {
        method: "GET",
        path: "/api/v1/runs/{run}",
        policy: Policy::Token(Scope::Read),
        takes: Takes::Nothing,
        handler: runs::show,
        about: "Shows a run with all its steps, as `keyway show --json` does.",
    },
    Route {
        method: "POST",
        path: "/api/v1/runs/{run}/cancel",
        policy: Policy::Token(Scope::Run),
        takes: MEGABYTE,
        handler: runs::cancel,
        about: "Cancels a run; its `finally` blocks still run.",
    },
    Route {
        method: "GET",
        path: "/api/v1/schedules",
        policy: Policy::Token(Scope::Read),
        takes: Takes::Nothing,
        handler: schedules::list,
        about: "Lists schedules with their next and last times, and what is late.",
    },
    Route {
        method: "POST",
        path: "/api/v1/signals/{name}",
        policy: Policy::Token(Scope::Run),
        takes: MEGABYTE,
        handler: signals::raise,
        about: "Raises a signal that carries `with`, for whoever has listened longest or for the run `run`.",
    },
    Route {
        method: "POST",
        path: "/api/v1/workflows/{name}/runs",
        policy: Policy::Token(Scope::Run),
        takes: MEGABYTE,
        handler: runs::start,
        about: "Starts the version in force with `inputs`; once for each `idempotency-key`.",
    },
    Route {
        method: "GET",
        path: "/healthz",
        policy: Policy::Public,
        takes: Takes::Nothing,
        handler: health::alive,
        about: "Answers while the process lives.",
    },
    Route {
        method: "GET",
        path: "/readyz",
        policy: Policy::Public,
        takes: Takes::Nothing,
        handler: health::ready,
        about: "Answers 200 where the database and the thread that moves the runs answer, else 503.",
    },
];

/// What answers by a table.
pub(super) fn router(table: &'static [Route], house: Arc<House>) -> Router {
    let mut router = Router::new();
    for route in table {
        let method = Method::from_bytes(route.method.as_bytes()).expect("a route names a method");
        let filter = MethodFilter::try_from(method).expect("a route names a method that there is");
        let house = house.clone();
        let carried = move |request| answered(route, house.clone(), request);
        router = router.route(route.path, on(filter, carried));
    }
    router
        .fallback(|| async { answer::written(Err(Refusal::nowhere())) })
        .method_not_allowed_fallback(|| async { answer::written(Err(Refusal::method())) })
}

async fn answered(route: &'static Route, house: Arc<House>, request: Request<Body>) -> Response<Body> {
    answer::written(carry_out(route, house, request).await)
}

/// Finds out who asks, then whether they may, then what they say; only then the route does what it does.
async fn carry_out(
    route: &'static Route,
    house: Arc<House>,
    request: Request<Body>,
) -> Result<Answer, Refusal> {
    let (mut parts, body) = request.into_parts();
    // It reads one row by its key, which takes microseconds.
    let (who, used) = house.door.check(route.policy, &parts.headers)?;
    house.note(used);
    let path = match RawPathParams::from_request_parts(&mut parts, &()).await {
        Ok(found) => {
            found.iter().map(|(name, part)| (name.to_owned(), part.to_owned())).collect::<BTreeMap<_, _>>()
        }
        Err(_) => return Err(Refusal::bad("the address is not UTF-8")),
    };
    let said = ask::read(&parts, path, (body, route.takes), &house.limits).await?;
    let hands = house.clone();
    let _permit = match route.policy {
        // Whether it lives must be told also while all hands are full.
        Policy::Public => None,
        Policy::Token(_) => hands.hands.acquire().await.ok(),
    };
    let done = tokio::task::spawn_blocking(move || {
        let ask = Ask { house: &house, who, said };
        (route.handler)(&ask)
    });
    // A panic there has been reported by the panic hook.
    done.await.unwrap_or_else(|_| Err(Refusal::broke()))
}
