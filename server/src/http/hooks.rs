//! Calls from outside: over an address that nobody can guess, from senders that prove who they are. What they bring is on
//! disk before they are answered.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use connectors::event::{self, Refused, Said};
use dsl::value::Value;
use dsl::workflow::Respond;
use engine::run::RunId;
use hyper::header::{HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use runtime::arrival::Came;
use runtime::driver::State;
use secret::Secret;
use serde_json::json;
use url::form_urlencoded;

use super::pages::OwnHeads;
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
        // A run whose output is the whole answer.
        Ok(Answered::Came(came, Respond::Answer)) if is_one(&came) => {
            match told(&house, came, Respond::Answer).await {
                Ok(Answer { status: 200, body, .. }) => said_whole(&body),
                other => Ok(answer::written(other)),
            }
        }
        // Who only looks whether somebody is there is told so, and starts nothing.
        Ok(Answered::Came(came, respond)) => Ok(answer::written(told(&house, came, respond).await)),
        Err(unheard) => Err(refused(unheard, &method)),
    }
}

async fn told(house: &House, came: Vec<Came>, respond: Respond) -> Result<Answer, Refusal> {
    let run = |run: &RunId| json!(run.to_string());
    match &came[..] {
        [] => Ok(Answer::ok(json!({ "run": null }))),
        [Came::Started(id)] | [Came::Before(Some(id))] if respond != Respond::Now => output(house, id).await,
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

/// True where there is one run, whose output is waited for.
fn is_one(came: &[Came]) -> bool {
    matches!(came, [Came::Started(_)] | [Came::Before(Some(_))])
}

/// The heads that no workflow sets: they say how the answer travels, or what may be done at this origin, where the
/// pages of the dashboard are as well.
const OURS: &[&str] = &[
    "alt-svc",
    "clear-site-data",
    "connection",
    "content-encoding",
    "content-length",
    "content-security-policy",
    "date",
    "keep-alive",
    "nel",
    "report-to",
    "reporting-endpoints",
    "service-worker-allowed",
    "set-cookie",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "www-authenticate",
    "x-content-type-options",
];

/// What an answer has that a workflow makes whole: a page of it may do nothing at this origin.
const KEPT_APART: [(&str, &str); 5] = [
    ("cache-control", "no-store"),
    (
        "content-security-policy",
        "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts",
    ),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
];

/// An output that is the whole answer: `{ status, headers, body }`.
fn said_whole(output: &serde_json::Value) -> Result<Response<Body>, Refusal> {
    let unfit = |why: &str| Refusal::failed(format!("the run's output is no answer: {why}"));
    let said = output.as_object().ok_or_else(|| unfit("it is not `{ status, headers, body }`"))?;
    if said.keys().any(|key| !matches!(key.as_str(), "status" | "headers" | "body")) {
        return Err(unfit("it has more than `status`, `headers` and `body`"));
    }
    let status = match said.get("status") {
        None | Some(serde_json::Value::Null) => Some(StatusCode::OK),
        Some(number) => number
            .as_u64()
            .and_then(|number| u16::try_from(number).ok())
            .filter(|number| (200..600).contains(number))
            .and_then(|number| StatusCode::from_u16(number).ok()),
    };
    let status = status.ok_or_else(|| unfit("its `status` is no number from 200 to 599"))?;
    let (kind, body) = match said.get("body") {
        None | Some(serde_json::Value::Null) => ("text/plain; charset=utf-8", String::new()),
        Some(serde_json::Value::String(text)) => ("text/plain; charset=utf-8", text.clone()),
        Some(other) => ("application/json", other.to_string()),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let heads = response.headers_mut();
    for (name, value) in KEPT_APART {
        heads.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    heads.insert("content-type", HeaderValue::from_static(kind));
    for (name, value) in said.get("headers").and_then(|heads| heads.as_object()).into_iter().flatten() {
        let name = name.to_ascii_lowercase();
        let value = match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if OURS.contains(&&*name) {
            continue;
        }
        // What cannot stand in a head is left out.
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value))
        {
            heads.insert(name, value);
        }
    }
    response.extensions_mut().insert(OwnHeads);
    Ok(response)
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
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.to_ascii_lowercase().as_bytes()), HeaderValue::from_str(value))
        {
            heads.insert(name, value);
        }
    }
    response
}

fn refused(unheard: Unheard, method: &str) -> Refusal {
    match unheard {
        Unheard::Nowhere => Refusal::nowhere(),
        // Browsers and checks of links look at an address; it is for senders.
        Unheard::Method => Refusal::method(),
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
