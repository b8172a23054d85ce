//! Answers that last, as a stream does: they end when whoever asked for them may not any more.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::Response;
use hyper::body::Frame;
use hyper::http::request::Parts;
use tokio::time::{Sleep, sleep};

use super::routes::Policy;
use super::{House, Who};

/// Who asked for an answer that lasts.
pub(super) struct Asker {
    house: Arc<House>,
    policy: Policy,
    /// What was shown.
    parts: Parts,
    owner: String,
}

/// Why an answer breaks off.
#[derive(Debug, thiserror::Error)]
#[error("whoever asked may not any more")]
struct Withdrawn;

/// The body of such an answer.
struct Lasting {
    body: Body,
    asker: Asker,
    next: Pin<Box<Sleep>>,
}

impl Asker {
    pub fn new(house: &Arc<House>, policy: Policy, parts: Parts, who: &Who) -> Asker {
        Asker { house: house.clone(), policy, parts, owner: who.owner.clone() }
    }

    /// Lets an answer that is not there as a whole break off where who asked may not any more. What breaks off is told from
    /// what has come to its end: whoever goes on asks again, and hears why not.
    pub fn hears(self, response: Response<Body>) -> Response<Body> {
        if response.body().size_hint().exact().is_some() {
            return response;
        }
        let next = self.soon();
        response.map(|body| Body::new(Lasting { body, asker: self, next }))
    }

    fn soon(&self) -> Pin<Box<Sleep>> {
        Box::pin(sleep(self.house.limits.looks_again))
    }

    /// True as long as they may, and act for the same owner. It reads one row by its key.
    fn may(&self) -> bool {
        self.house.door.again(self.policy, &self.parts).is_ok_and(|who| who.owner == self.owner)
    }
}

impl HttpBody for Lasting {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        // Before anything goes out, so that who has read nothing for long hears no more either.
        while self.next.as_mut().poll(context).is_ready() {
            if !self.asker.may() {
                // What it tells of is not followed any longer.
                self.body = Body::empty();
                return Poll::Ready(Some(Err(axum::Error::new(Withdrawn))));
            }
            self.next = self.asker.soon();
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}
