//! The table of routes. Nothing but the files of the pages answers that is not in it, and a route cannot be written down
//! without saying who may use it.

mod table;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use ai::gateway::Shape;
use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts as _, RawPathParams};
use axum::routing::{MethodFilter, on};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};

use super::crowd::Place;
use super::lasting::Asker;
use super::shape::{self, Field};
use super::{Answer, Ask, House, Refusal, Who, answer, ask, gateway, hooks, pages};
use crate::role::Role;
use crate::token::Scope;
pub use table::ROUTES;

/// A route.
///
/// Without a policy it does not compile:
/// ```compile_fail
/// use server::http::routes::{Handler, Route, Says, Takes};
/// use server::http::Answer;
/// const ROUTE: Route = Route {
///     method: "GET",
///     path: "/open",
///     takes: Takes::Nothing,
///     handler: Handler::Blocks(|_| Ok(Answer::ok(serde_json::Value::Null))),
///     about: "Answers anybody.",
///     says: Says::NOTHING,
/// };
/// ```
/// with one it does:
/// ```
/// use server::http::routes::{Handler, Policy, Route, Says, Takes};
/// use server::http::Answer;
/// const ROUTE: Route = Route {
///     method: "GET",
///     path: "/open",
///     policy: Policy::Public,
///     takes: Takes::Nothing,
///     handler: Handler::Blocks(|_| Ok(Answer::ok(serde_json::Value::Null))),
///     about: "Answers anybody.",
///     says: Says::NOTHING,
/// };
/// ```
#[derive(Clone, Copy)]
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
    /// What it is asked with, and what it answers.
    pub says: Says,
}

/// What a route is asked with, and what it answers: of this its description is made, and bodies are held against it.
#[derive(Clone, Copy, Debug)]
pub struct Says {
    /// The parameters of its query.
    pub query: &'static [Field],
    /// Whether it takes other parameters too: who sends somebody back adds what they like.
    pub open: bool,
    /// Its body. Where there is a shape, a body that does not fit it is refused before the route sees it.
    pub body: Option<shape::Shape>,
    /// What it answers where it did what it was asked: a status and a body.
    pub answers: &'static [(u16, shape::Shape)],
    /// Whether it takes a key of the asker's, under which it does a thing once.
    pub once: bool,
    /// Whether it can answer as a stream of events.
    pub streams: bool,
    /// Whether a service is asked meanwhile, which may say no.
    pub asks: bool,
}

impl Says {
    /// Nothing is said.
    pub const NOTHING: Says =
        Says { query: &[], open: false, body: None, answers: &[], once: false, streams: false, asks: false };
}

impl Route {
    /// A route of which nothing is said yet, and that takes no body.
    pub const fn on(
        (method, path): (&'static str, &'static str),
        policy: Policy,
        handler: Handler,
        about: &'static str,
    ) -> Route {
        Route { method, path, policy, takes: Takes::Nothing, handler, about, says: Says::NOTHING }
    }

    /// The same with parameters of its query.
    pub const fn query(self, query: &'static [Field]) -> Route {
        Route { says: Says { query, ..self.says }, ..self }
    }

    /// The same, with other parameters too.
    pub const fn open(self) -> Route {
        Route { says: Says { open: true, ..self.says }, ..self }
    }

    /// The same with a body of so many bytes at most.
    pub const fn body(self, takes: Takes, body: shape::Shape) -> Route {
        Route { takes, says: Says { body: Some(body), ..self.says }, ..self }
    }

    /// The same with what it answers.
    pub const fn gives(self, answers: &'static [(u16, shape::Shape)]) -> Route {
        Route { says: Says { answers, ..self.says }, ..self }
    }

    /// The same, done once for each key of the asker's.
    pub const fn once(self) -> Route {
        Route { says: Says { once: true, ..self.says }, ..self }
    }

    /// The same, with a service that is asked and may say no.
    pub const fn asks(self) -> Route {
        Route { says: Says { asks: true, ..self.says }, ..self }
    }

    /// The same, answered as a stream of events where that is wanted.
    pub const fn streams(self) -> Route {
        Route { says: Says { streams: true, ..self.says }, ..self }
    }
}

/// What a route does.
#[derive(Clone, Copy)]
pub enum Handler {
    /// It may block, and answers at once.
    Blocks(fn(&Ask<'_>) -> Result<Answer, Refusal>),
    /// It hears a call from outside, which is read as it comes.
    Hears,
    /// It may answer as a stream, which lasts as long as what it tells of.
    Streams(fn(Asked) -> Answering),
    /// It speaks as a provider of models does, waits for models, and may answer piece by piece.
    Speaks(Shape, fn(gateway::Asked) -> gateway::Answering),
}

/// What is asked of a route that answers as a stream.
pub struct Asked {
    /// Where things are.
    pub house: Arc<House>,
    /// Who asks.
    pub who: Who,
    /// The rest.
    pub said: ask::Said,
}

/// An answer that is on its way.
pub type Answering = Pin<Box<dyn Future<Output = Result<Response<Body>, Refusal>> + Send>>;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Who knows an address that nobody can guess, and proves who it is as the trigger behind it wants.
    Address,
    /// Anybody.
    Public,
    /// A program with a token that goes so far, or a person whose role does.
    Token(Scope),
    /// A person who is signed in.
    Person,
    /// A person who is signed in, and has this role or one that goes further.
    Role(Role),
}

impl Policy {
    /// A word for it.
    pub fn name(self) -> &'static str {
        match self {
            Policy::Address => "address",
            Policy::Public => "public",
            Policy::Token(scope) => scope.name(),
            Policy::Person => "person",
            Policy::Role(role) => role.name(),
        }
    }
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
        .fallback(|request: Request<Body>| async move {
            pages::answered(request.method(), request.uri(), request.headers())
        })
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
                let (parts, said) = let_in(route, &house, parts, body).await?;
                carry_out(route.policy, handler, house, (parts, said)).await
            };
            answer::written(done.await)
        }
        Handler::Streams(handler) => {
            if let Some(place) = parts.extensions.get::<Arc<Place>>() {
                place.takes_long();
            }
            let done = async {
                let (parts, said) = let_in(route, &house, parts, body).await?;
                let who = house.door.again(route.policy, &parts)?;
                let asker = Asker::new(&house, route.policy, parts, &who);
                Ok(asker.hears(handler(Asked { house, who, said }).await?))
            };
            done.await.unwrap_or_else(|refusal| answer::written(Err(refusal)))
        }
        Handler::Speaks(shape, handler) => {
            if let Some(place) = parts.extensions.get::<Arc<Place>>() {
                place.takes_long();
            }
            let shape = gateway::shape(shape, &parts.headers);
            let done = async {
                let (parts, said) = let_in(route, &house, parts, body).await?;
                let who = house.door.again(route.policy, &parts)?;
                let asker = Asker::new(&house, route.policy, parts, &who);
                Ok(asker.hears(handler(gateway::Asked { house, who, said, shape }).await?))
            };
            done.await.unwrap_or_else(|trouble| gateway::troubled(shape, &trouble))
        }
    }
}

/// Finds out whether who asks may, then what they say. By whom it is done is found out once more when it is done: here they
/// may have kept it waiting.
async fn let_in(
    route: &'static Route,
    house: &Arc<House>,
    mut parts: Parts,
    body: Body,
) -> Result<(Parts, ask::Said), Refusal> {
    // It reads one row by its key, which takes microseconds.
    let (_, used) = house.door.check(route.policy, &parts)?;
    house.note(used);
    let path = path_of(&mut parts).await?;
    let mut said = ask::read(&parts, path, (body, route), &house.limits).await?;
    if house.door.is_behind_proxy() {
        // The address is the proxy's, whoever asks.
        said.from = None;
    }
    // What is done does not hold the connection's place.
    parts.extensions.clear();
    Ok((parts, said))
}

/// The parts of the address by their names.
async fn path_of(parts: &mut Parts) -> Result<BTreeMap<String, String>, Refusal> {
    match RawPathParams::from_request_parts(parts, &()).await {
        Ok(found) => Ok(found.iter().map(|(name, part)| (name.to_owned(), part.to_owned())).collect()),
        Err(_) => Err(Refusal::bad("the address is not UTF-8")),
    }
}

/// Lets a route do what may block, once there are hands for it, for who may ask for it then: a token may have been withdrawn
/// while the body came, and while it waited.
async fn carry_out(
    policy: Policy,
    handler: fn(&Ask<'_>) -> Result<Answer, Refusal>,
    house: Arc<House>,
    (parts, said): (Parts, ask::Said),
) -> Result<Answer, Refusal> {
    let hands = house.clone();
    let _permit = match policy {
        // Whether it lives must be told also while all hands are full.
        Policy::Address | Policy::Public => None,
        Policy::Token(_) | Policy::Person | Policy::Role(_) => hands.hands.acquire().await.ok(),
    };
    let done = tokio::task::spawn_blocking(move || {
        // Here, since threads may be waited for as well.
        let who = house.door.again(policy, &parts)?;
        let ask = Ask { house: &house, who, said };
        handler(&ask)
    });
    // A panic there has been reported by the panic hook.
    done.await.unwrap_or_else(|_| Err(Refusal::broke()))
}
