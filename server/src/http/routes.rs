//! The table of routes. Nothing answers that is not in it, and a route cannot be written down without saying who may use
//! it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ai::gateway::Shape;
use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts as _, RawPathParams};
use axum::routing::{MethodFilter, on};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};

use super::crowd::Place;
use super::{
    Answer, Ask, House, Refusal, Who, answer, ask, gateway, health, hooks, runs, schedules, signals,
};
use crate::token::Scope;

/// A route.
///
/// Without a policy it does not compile:
/// ```compile_fail
/// use server::http::routes::{Handler, Route, Takes};
/// use server::http::Answer;
/// const ROUTE: Route = Route {
///     method: "GET",
///     path: "/open",
///     takes: Takes::Nothing,
///     handler: Handler::Blocks(|_| Ok(Answer::ok(serde_json::Value::Null))),
///     about: "Answers anybody.",
/// };
/// ```
/// with one it does:
/// ```
/// use server::http::routes::{Handler, Policy, Route, Takes};
/// use server::http::Answer;
/// const ROUTE: Route = Route {
///     method: "GET",
///     path: "/open",
///     policy: Policy::Public,
///     takes: Takes::Nothing,
///     handler: Handler::Blocks(|_| Ok(Answer::ok(serde_json::Value::Null))),
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
    /// What it does. It is asked only where the policy lets it.
    pub handler: Handler,
    /// A sentence about it.
    pub about: &'static str,
}

/// What a route does.
#[derive(Clone, Copy)]
pub enum Handler {
    /// It may block, and answers at once.
    Blocks(fn(&Ask<'_>) -> Result<Answer, Refusal>),
    /// It hears a call from outside, which is read as it comes.
    Hears,
    /// It speaks as a provider of models does, waits for models, and may answer piece by piece.
    Speaks(Shape, fn(gateway::Asked) -> gateway::Answering),
}

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Who knows an address that nobody can guess, and proves who it is as the trigger behind it wants.
    Address,
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
    /// JSON that the route reads by itself.
    Bytes {
        /// The most bytes.
        most: usize,
    },
}

/// The usual size of a body.
const MEGABYTE: Takes = Takes::Json { most: 1 << 20 };

/// The size of a question with pictures; providers take as much.
const QUESTION: Takes = Takes::Bytes { most: 32 << 20 };

/// All routes, by their addresses.
pub const ROUTES: &[Route] = &[
    Route {
        method: "GET",
        path: "/api/v1/runs",
        policy: Policy::Token(Scope::Read),
        takes: Takes::Nothing,
        handler: Handler::Blocks(runs::list),
        about: "Lists runs, the latest first: `limit` of them (100), that began before the run `before`.",
    },
    Route {
        method: "GET",
        path: "/api/v1/runs/{run}",
        policy: Policy::Token(Scope::Read),
        takes: Takes::Nothing,
        handler: Handler::Blocks(runs::show),
        about: "Shows a run with all its steps, as `keyway show --json` does.",
    },
    Route {
        method: "POST",
        path: "/api/v1/runs/{run}/cancel",
        policy: Policy::Token(Scope::Run),
        takes: MEGABYTE,
        handler: Handler::Blocks(runs::cancel),
        about: "Cancels a run; its `finally` blocks still run.",
    },
    Route {
        method: "GET",
        path: "/api/v1/schedules",
        policy: Policy::Token(Scope::Read),
        takes: Takes::Nothing,
        handler: Handler::Blocks(schedules::list),
        about: "Lists schedules with their next and last times, and what is late.",
    },
    Route {
        method: "POST",
        path: "/api/v1/signals/{name}",
        policy: Policy::Token(Scope::Run),
        takes: MEGABYTE,
        handler: Handler::Blocks(signals::raise),
        about: "Raises a signal that carries `with`, for whoever has listened longest or for the run `run`.",
    },
    Route {
        method: "POST",
        path: "/api/v1/workflows/{name}/runs",
        policy: Policy::Token(Scope::Run),
        takes: MEGABYTE,
        handler: Handler::Blocks(runs::start),
        about: "Starts the version in force with `inputs`; once for each `idempotency-key`.",
    },
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
        path: "/hooks/{token}",
        policy: Policy::Address,
        takes: Takes::Bytes { most: hooks::MOST },
        handler: Handler::Hears,
        about: "Answers a service that looks whether somebody is there before it calls: [triggers.md](triggers.md).",
    },
    Route {
        method: "POST",
        path: "/hooks/{token}",
        policy: Policy::Address,
        takes: Takes::Bytes { most: hooks::MOST },
        handler: Handler::Hears,
        about: "Hears a call from outside, and starts a run of the workflow whose address it is.",
    },
    Route {
        method: "GET",
        path: "/readyz",
        policy: Policy::Public,
        takes: Takes::Nothing,
        handler: Handler::Blocks(health::ready),
        about: "Answers 200 where the service can do its work, else 503, and tells how its parts stand.",
    },
    Route {
        method: "POST",
        path: "/v1/chat/completions",
        policy: Policy::Token(Scope::Ai),
        takes: QUESTION,
        handler: Handler::Speaks(Shape::OpenAi, gateway::question),
        about: "Asks a model, in OpenAI's shape: [gateway.md](gateway.md).",
    },
    Route {
        method: "POST",
        path: "/v1/embeddings",
        policy: Policy::Token(Scope::Ai),
        takes: QUESTION,
        handler: Handler::Speaks(Shape::OpenAi, gateway::meaning),
        about: "Tells the meaning of texts as numbers, in OpenAI's shape.",
    },
    Route {
        method: "POST",
        path: "/v1/messages",
        policy: Policy::Token(Scope::Ai),
        takes: QUESTION,
        handler: Handler::Speaks(Shape::Anthropic, gateway::question),
        about: "Asks a model, in Anthropic's shape.",
    },
    Route {
        method: "GET",
        path: "/v1/models",
        policy: Policy::Token(Scope::Ai),
        takes: Takes::Nothing,
        handler: Handler::Speaks(Shape::OpenAi, gateway::models),
        about: "Lists the models that can be asked; in Anthropic's shape with a head `anthropic-version`.",
    },
    Route {
        method: "GET",
        path: "/v1/models/{model}",
        policy: Policy::Token(Scope::Ai),
        takes: Takes::Nothing,
        handler: Handler::Speaks(Shape::OpenAi, gateway::model),
        about: "Shows one of them.",
    },
];

/// What answers by a table.
pub(super) fn router(table: &'static [Route], house: Arc<House>) -> Router {
    let mut router = Router::new();
    for route in table {
        let method = Method::from_bytes(route.method.as_bytes()).expect("a route names a method");
        let filter = MethodFilter::try_from(method).expect("a route names a method that there is");
        let house = house.clone();
        let carried = move |request| {
            let answering = answered(route, house.clone(), request);
            async move {
                let mut response = answering.await;
                // For whoever counts answers.
                response.extensions_mut().insert(route);
                response
            }
        };
        router = router.route(route.path, on(filter, carried));
    }
    router
        .fallback(|| async { answer::written(Err(Refusal::nowhere())) })
        .method_not_allowed_fallback(|| async { answer::written(Err(Refusal::method())) })
}

async fn answered(route: &'static Route, house: Arc<House>, request: Request<Body>) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    match route.handler {
        Handler::Hears => {
            let done = async {
                let mut path = path_of(&mut parts).await?;
                let token = path.remove("token").unwrap_or_default();
                hooks::called(house, token, parts, body).await
            };
            done.await.unwrap_or_else(|refusal| answer::written(Err(refusal)))
        }
        Handler::Blocks(handler) => {
            let done = async {
                let (who, said) = let_in(route, &house, parts, body).await?;
                carry_out(route.policy, handler, house, (who, said)).await
            };
            answer::written(done.await)
        }
        Handler::Speaks(shape, handler) => {
            if let Some(place) = parts.extensions.get::<Arc<Place>>() {
                place.takes_long();
            }
            let shape = gateway::shape(shape, &parts.headers);
            let done = async {
                let (who, said) = let_in(route, &house, parts, body).await?;
                handler(gateway::Asked { house, who, said, shape }).await
            };
            done.await.unwrap_or_else(|trouble| gateway::troubled(shape, &trouble))
        }
    }
}

/// Finds out who asks, then whether they may, then what they say.
async fn let_in(
    route: &'static Route,
    house: &Arc<House>,
    mut parts: Parts,
    body: Body,
) -> Result<(Who, ask::Said), Refusal> {
    // It reads one row by its key, which takes microseconds.
    let (who, used) = house.door.check(route.policy, &parts.headers)?;
    house.note(used);
    let path = path_of(&mut parts).await?;
    let said = ask::read(&parts, path, (body, route.takes), &house.limits).await?;
    Ok((who, said))
}

/// The parts of the address by their names.
async fn path_of(parts: &mut Parts) -> Result<BTreeMap<String, String>, Refusal> {
    match RawPathParams::from_request_parts(parts, &()).await {
        Ok(found) => Ok(found.iter().map(|(name, part)| (name.to_owned(), part.to_owned())).collect()),
        Err(_) => Err(Refusal::bad("the address is not UTF-8")),
    }
}

/// Lets a route do what may block.
async fn carry_out(
    policy: Policy,
    handler: fn(&Ask<'_>) -> Result<Answer, Refusal>,
    house: Arc<House>,
    (who, said): (Who, ask::Said),
) -> Result<Answer, Refusal> {
    let hands = house.clone();
    let _permit = match policy {
        // Whether it lives must be told also while all hands are full.
        Policy::Address | Policy::Public => None,
        Policy::Token(_) => hands.hands.acquire().await.ok(),
    };
    let done = tokio::task::spawn_blocking(move || {
        let ask = Ask { house: &house, who, said };
        handler(&ask)
    });
    // A panic there has been reported by the panic hook.
    done.await.unwrap_or_else(|_| Err(Refusal::broke()))
}
