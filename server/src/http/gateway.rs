//! Models for programs that speak as OpenAI's or Anthropic's libraries do: whoever has a token may ask, with the keys of its
//! owner, within budgets, in the ledger. The shapes are `ai::gateway`'s, who is asked is `ai::ask`'s: here they meet a
//! connection.

mod heads;
mod talk;

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use ai::ask::Heard;
use ai::ask::live::{Asked as Called, News};
use ai::ask::program::{self, Answered, No};
use ai::chat::{Answer, Delivery, Question};
use ai::gateway::{Heading, Kind, Shape, Trouble, Vectored};
use axum::body::Body;
use hyper::header::HeaderMap;
use hyper::{Response, StatusCode};
use jiff::Timestamp;

use super::ask::Said;
use super::{House, Refusal, Who};
use heads::put;
use talk::{Talk, Writing};

/// What is asked of a route that speaks a shape.
pub struct Asked {
    /// Where things are.
    pub house: Arc<House>,
    /// Who asks.
    pub who: Who,
    /// The rest.
    pub said: Said,
    /// How it speaks.
    pub shape: Shape,
}

/// An answer that is on its way.
pub type Answering = Pin<Box<dyn Future<Output = Result<Response<Body>, Trouble>> + Send>>;

/// An answer of a model that is on its way.
type Asking = Pin<Box<dyn Future<Output = Result<Answered<Answer>, No>> + Send>>;

/// The shape of a route for who asks: the address of the models is the same in both.
pub(super) fn shape(of_route: Shape, headers: &HeaderMap) -> Shape {
    if headers.contains_key("anthropic-version") { Shape::Anthropic } else { of_route }
}

/// A question, which is answered whole or piece by piece.
pub fn question(asked: Asked) -> Answering {
    Box::pin(async move {
        let shape = asked.shape;
        let request = shape.read(&asked.said.bytes)?;
        let heading = heading(&request.question.model);
        match request.question.delivery {
            Delivery::Stream => {
                let writing = Writing::new(shape.pieces(request.tells), heading, &request.question);
                let writing = Arc::new(Mutex::new(writing));
                let asking = streamed(asked, request.question, writing.clone());
                Talk::new(shape, asking, writing).begun().await
            }
            Delivery::Whole => whole(&asked, &request.question, heading).await,
        }
    })
}

async fn whole(asked: &Asked, question: &Question, heading: Heading) -> Result<Response<Body>, Trouble> {
    let called = Mutex::new(None);
    let ear = |news: News<'_>| note(&called, &news);
    let part = asked.house.part(&asked.who);
    let asking = part.asking().await.map_err(|failure| trouble(&failure.into()))?;
    let answered = program::question(&asking, question, &ear).await.map_err(|no| trouble(&no))?;
    let called = taken(called);
    let heading = named(heading, called.as_ref());
    let mut response = json(200, &asked.shape.whole(&heading, &answered.answer));
    put(response.headers_mut(), asked.shape, &heading, called.as_ref(), answered.cost);
    Ok(response)
}

fn streamed(asked: Asked, question: Question, writing: Arc<Mutex<Writing>>) -> Asking {
    Box::pin(async move {
        let ear = |news: News<'_>| writing.lock().unwrap_or_else(PoisonError::into_inner).hear(&news);
        let part = asked.house.part(&asked.who);
        program::question(&part.asking().await?, &question, &ear).await
    })
}

/// The meaning of texts.
pub fn meaning(asked: Asked) -> Answering {
    Box::pin(async move {
        let vectored = Vectored::read(&asked.said.bytes)?;
        let heading = heading(&vectored.texts.model);
        let called = Mutex::new(None);
        let ear = |news: News<'_>| note(&called, &news);
        let part = asked.house.part(&asked.who);
        let asking = part.asking().await.map_err(|failure| trouble(&failure.into()))?;
        let told = program::texts(&asking, &vectored.texts, &ear).await.map_err(|no| trouble(&no))?;
        let called = taken(called);
        let heading = named(heading, called.as_ref());
        let mut response = json(200, &vectored.told(&heading, &told.answer));
        put(response.headers_mut(), asked.shape, &heading, called.as_ref(), told.cost);
        Ok(response)
    })
}

/// The models that can be asked.
pub fn models(asked: Asked) -> Answering {
    Box::pin(async move {
        let names = names(&asked).await?;
        Ok(json(200, &asked.shape.models(names.iter().map(|name| &**name))))
    })
}

/// One of them.
pub fn model(asked: Asked) -> Answering {
    Box::pin(async move {
        let wanted = asked.said.part("model");
        let names = names(&asked).await?;
        let is = |name: &&String| {
            **name == wanted || name.split_once('/').is_some_and(|(_, short)| short == wanted)
        };
        let found = names.iter().find(is);
        let none =
            || Trouble::new(Kind::NoModel, format!("there is no model `{wanted}` for which there is a key"));
        found.map(|_| json(200, &asked.shape.model(wanted))).ok_or_else(none)
    })
}

/// The names under which the router chooses, and those of the models that the owner can ask.
async fn names(asked: &Asked) -> Result<Vec<String>, Trouble> {
    let part = asked.house.part(&asked.who);
    let listed = async { program::models(&part.asking().await?).await };
    let listed = listed.await.map_err(|failure| trouble(&failure.into()))?;
    let chosen = ai::gateway::CHOSEN.iter().map(|(name, _)| *name).filter(|name| name.contains('/'));
    // Where there is no key there is nothing to choose from.
    let chosen = chosen.filter(|_| !listed.is_empty()).map(str::to_owned);
    Ok(chosen.chain(listed.iter().cloned()).collect())
}

/// Keeps who is called last. Nothing of an answer that is given whole is handed on before its end.
fn note(called: &Mutex<Option<Called>>, news: &News<'_>) -> Heard {
    if let News::Asked(asked) = news {
        *called.lock().unwrap_or_else(PoisonError::into_inner) = Some((*asked).clone());
    }
    Heard::Nobody
}

fn taken(called: Mutex<Option<Called>>) -> Option<Called> {
    called.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn trouble(no: &No) -> Trouble {
    Trouble::of(&no.failure, no.class)
}

/// The head of an answer, of a model that is not yet known but by the name that was given.
fn heading(model: &str) -> Heading {
    Heading { id: id(), model: model.to_owned(), created: Timestamp::now().as_second(), reads: 0 }
}

/// What names an answer, so that one can ask about it.
fn id() -> String {
    let mut chance = [0; 16];
    getrandom::fill(&mut chance).expect("the system has randomness");
    chance.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The head of an answer, of the model that is called.
fn named(heading: Heading, called: Option<&Called>) -> Heading {
    match called {
        Some(called) => Heading { model: called.model.clone(), ..heading },
        None => heading,
    }
}

fn json(status: u16, body: &impl std::fmt::Display) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    response
}

/// Trouble as a shape tells it.
pub(super) fn troubled(shape: Shape, trouble: &Trouble) -> Response<Body> {
    let mut response = json(trouble.status(shape), &trouble.body(shape));
    let mut heads = trouble.heads();
    heads.push((heads::request(shape), id()));
    match trouble.kind {
        Kind::Unknown => heads.push(("www-authenticate", "Bearer".into())),
        // What is still to come of the body is not waited for.
        Kind::TooLarge => heads.push(("connection", "close".into())),
        _ => {}
    }
    heads::add(response.headers_mut(), heads);
    response
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Trouble {
        let kind = match refusal.status {
            401 => Kind::Unknown,
            403 => Kind::Forbidden,
            404 => Kind::Nowhere,
            413 => Kind::TooLarge,
            429 => Kind::TooOften,
            503 => Kind::Busy,
            500.. => Kind::Ours,
            _ => Kind::Wrong,
        };
        let message = match &*refusal.help {
            "" => refusal.message,
            // It may be shown in either head.
            _ if kind == Kind::Unknown => {
                format!("{}: `keyway token add NAME --scope ai` makes one for models", refusal.message)
            }
            help => format!("{}: {help}", refusal.message),
        };
        let again = match refusal.again {
            Some(seconds) => ai::gateway::Again::After(std::time::Duration::from_secs(seconds.into())),
            None => ai::gateway::Again::Never,
        };
        Trouble { again, ..Trouble::new(kind, message) }
    }
}
