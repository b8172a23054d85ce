//! Calls from outside: over an address that nobody can guess, from senders that prove who they are. What they bring is on
//! disk before they are answered.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use connectors::event::{self, Refused, Said};
use dsl::value::Value;
use dsl::workflow::Respond;
use engine::run::RunId;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use runtime::arrival::Came;
use runtime::driver::State;
use secret::Secret;
use serde_json::json;
use url::form_urlencoded;

use super::{Answer, House, Refusal, answer, ask};
use crate::hooks::{PATH, hash};
use crate::owner::hearing::{Answered, Unheard};

/// The most bytes of a call.
pub const MOST: usize = 4 << 20;

/// How long the output of a run is waited for.
const OUTPUT: Duration = Duration::from_secs(25);

/// Hears a call and answers it.
pub(super) async fn called(
    house: Arc<House>,
    token: String,
    parts: Parts,
    body: Body,
) -> Result<Response<Body>, Refusal> {
    let hook = house.hook(&hash(&token))?.ok_or_else(Refusal::nowhere)?;
    let raw = ask::collected(&parts, body, MOST, &house.limits).await?;
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let query = parts.uri.query().unwrap_or_default();
    let said = Said {
        method: parts.method.as_str().to_owned(),
        url: Secret::new(format!("{}{PATH}{token}", house.core().base())),
        headers: parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        query: form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
        raw,
    };
    let method = said.method.clone();
    let heard = {
        let _permit = house.hands.acquire().await.ok();
        house.core().hear(hook, said).await
    };
    match heard {
        Ok(Answered::Asked(asked)) => Ok(asked_for(&asked)),
        // Who only looks whether somebody is there is told so, and starts nothing.
        Ok(Answered::Came(came, respond)) => Ok(answer::written(told(&house, came, respond).await)),
        Err(unheard) => Err(refused(unheard, &method)),
    }
}

async fn told(house: &House, came: Vec<Came>, respond: Respond) -> Result<Answer, Refusal> {
    let run = |run: &RunId| json!(run.to_string());
    match &came[..] {
        [] => Ok(Answer::ok(json!({ "run": null }))),
        [Came::Started(id)] | [Came::Before(Some(id))] if respond == Respond::Output => {
            output(house, id).await
        }
        [Came::Started(id)] => Ok(Answer::ok(json!({ "run": run(id) }))),
        [Came::Before(id)] => Ok(Answer::ok(json!({ "run": id.as_ref().map(run), "again": true }))),
        [Came::Refused(why)] => Err(Refusal::unfit(why.as_str())),
        [Came::Noted] => Ok(Answer::ok(json!({ "run": null }))),
        all => {
            let runs: Vec<_> = all
                .iter()
                .filter_map(|came| match came {
                    Came::Started(id) | Came::Before(Some(id)) => Some(run(id)),
                    Came::Before(None) | Came::Noted | Came::Refused(_) => None,
                })
                .collect();
            Ok(Answer::ok(json!({ "runs": runs })))
        }
    }
}

/// The output of a run; where it takes too long, its name.
async fn output(house: &House, run: &RunId) -> Result<Answer, Refusal> {
    let core = house.core();
    let ended = tokio::time::timeout(OUTPUT, core.end_of(run)).await;
    let still = || Ok(Answer::ok(json!({ "run": run.to_string() })).with(202));
    let state = match ended {
        Err(_) => return still(),
        Ok(state) => state?,
    };
    let whole = house.whole(run)?.to_json();
    match state {
        State::Running => still(),
        State::Succeeded => Ok(Answer::ok(whole["output"].clone())),
        State::Cancelled => Err(Refusal::failed(format!("the run {run} was cancelled"))),
        State::Failed => {
            let why = whole["error"]["message"].as_str().unwrap_or("it failed").to_owned();
            Err(Refusal::failed(format!("the run {run} failed: {why}")))
        }
    }
}

/// What a service asks, answered as its manifest says: text as it is, else JSON.
fn asked_for(asked: &event::Answer) -> Response<Body> {
    let (kind, body) = match &asked.body {
        None => ("text/plain; charset=utf-8", String::new()),
        Some(Value::Text(text)) => ("text/plain; charset=utf-8", text.to_string()),
        Some(other) => ("application/json", other.to_json().to_string()),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(asked.status).unwrap_or_default();
    let heads = response.headers_mut();
    heads.insert("content-type", HeaderValue::from_static(kind));
    for (name, value) in &asked.headers {
        // What cannot stand in a head is left out.
        if let (Ok(name), Ok(value)) = (
            hyper::header::HeaderName::from_bytes(name.to_ascii_lowercase().as_bytes()),
            HeaderValue::from_str(value),
        ) {
            heads.insert(name, value);
        }
    }
    response
}

fn refused(unheard: Unheard, method: &str) -> Refusal {
    match unheard {
        Unheard::Nowhere => Refusal::nowhere(),
        // Browsers and checks of links look at an address; it is for senders.
        Unheard::Refused(Refused::Unsigned(_)) if method != "POST" => Refusal::method(),
        Unheard::Refused(refused @ (Refused::Stale | Refused::Unproven(_) | Refused::Unsigned(_))) => {
            Refusal::unproven(refused.to_string())
        }
        Unheard::Refused(refused @ Refused::Unreadable(_)) => Refusal::bad(refused.to_string()),
        Unheard::Unsure(why) => {
            tracing::warn!(why, "a call from outside cannot be checked");
            Refusal::unsure()
        }
        Unheard::Error(error) => error.into(),
    }
}
