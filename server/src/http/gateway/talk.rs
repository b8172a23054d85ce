//! An answer that goes out while it comes in. The connection drives it: what the program does not take is not asked for
//! further, so that a slow one holds nothing up but its own answer; and where it goes away the call is given up, and
//! settled with what was written until then.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use ai::ask::Heard;
use ai::ask::live::{Asked, News};
use ai::ask::program::{Answered, No};
use ai::chat::{Answer, Question};
use ai::estimate;
use ai::gateway::{Heading, Pieces, Shape, Trouble};
use ai::price::Money;
use axum::body::{Body, Bytes, HttpBody};
use hyper::Response;
use hyper::body::Frame;
use hyper::header::HeaderValue;
use tokio::time::{Instant, Sleep, sleep};

use super::{Asking, put, trouble};

/// After how long a silence something is sent, so that nobody on the way gives the stream up.
const SILENCE: Duration = Duration::from_secs(15);

/// What is written of an answer.
pub(super) struct Writing {
    pieces: Box<dyn Pieces>,
    heading: Heading,
    question: Question,
    called: Option<Asked>,
    /// What was written and not yet taken.
    out: String,
}

impl Writing {
    pub fn new(pieces: Box<dyn Pieces>, heading: Heading, question: &Question) -> Writing {
        Writing { pieces, heading, question: question.clone(), called: None, out: String::new() }
    }

    /// Writes what is heard.
    pub fn hear(&mut self, news: &News<'_>) -> Heard {
        match news {
            News::Asked(called) => {
                self.heading.model.clone_from(&called.model);
                if let Some(provider) = ai::provider::find(&called.provider) {
                    self.heading.reads = estimate::question(&self.question, &provider.estimate).likely;
                }
                self.called = Some((*called).clone());
                Heard::Nobody
            }
            News::Piece(delta) => {
                let before = self.out.len();
                self.pieces.say(&self.heading, delta, &mut self.out);
                if self.out.len() > before { Heard::Somebody } else { Heard::Nobody }
            }
            News::Refused(_) => Heard::Nobody,
        }
    }

    fn end(&mut self, answer: &Answer) {
        self.pieces.end(&self.heading, answer, &mut self.out);
    }
}

/// The body of an answer.
pub(super) struct Talk {
    shape: Shape,
    /// Nothing once it has ended.
    asking: Option<Asking>,
    writing: Arc<Mutex<Writing>>,
    silence: Pin<Box<Sleep>>,
}

/// How far it has come.
enum Step {
    /// Something was written.
    Wrote(String),
    /// All was said.
    Ended(Result<Option<Money>, No>),
}

impl Talk {
    pub fn new(shape: Shape, asking: Asking, writing: Arc<Mutex<Writing>>) -> Talk {
        Talk { shape, asking: Some(asking), writing, silence: Box::pin(sleep(SILENCE)) }
    }

    /// Waits until the first piece is written: until then trouble has a status of its own.
    pub async fn begun(mut self) -> Result<Response<Body>, Trouble> {
        let (first, cost) = match std::future::poll_fn(|context| self.step(context)).await {
            Step::Wrote(text) => (text, None),
            Step::Ended(Ok(cost)) => (std::mem::take(&mut self.writing().out), cost),
            Step::Ended(Err(no)) => return Err(trouble(&no)),
        };
        let (heading, called) = {
            let mut writing = self.writing();
            writing.out.insert_str(0, &first);
            (writing.heading.clone(), writing.called.clone())
        };
        let shape = self.shape;
        let mut response = Response::new(Body::new(self));
        let heads = response.headers_mut();
        heads.insert("content-type", HeaderValue::from_static("text/event-stream"));
        // Proxies that gather answers are asked to let it pass.
        heads.insert("x-accel-buffering", HeaderValue::from_static("no"));
        put(heads, shape, &heading, called.as_ref(), cost);
        Ok(response)
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was written, or what comes of going on.
    fn step(&mut self, context: &mut Context<'_>) -> Poll<Step> {
        let written =
            |talk: &Talk| Some(std::mem::take(&mut talk.writing().out)).filter(|out| !out.is_empty());
        if let Some(out) = written(self) {
            return Poll::Ready(Step::Wrote(out));
        }
        let Some(asking) = &mut self.asking else { return Poll::Ready(Step::Ended(Ok(None))) };
        match asking.as_mut().poll(context) {
            Poll::Ready(answered) => {
                self.asking = None;
                let ended = answered.map(|Answered { answer, cost }| {
                    self.writing().end(&answer);
                    cost
                });
                Poll::Ready(Step::Ended(ended))
            }
            Poll::Pending => match written(self) {
                Some(out) => Poll::Ready(Step::Wrote(out)),
                None => Poll::Pending,
            },
        }
    }
}

impl HttpBody for Talk {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = |text: String| Poll::Ready(Some(Ok(Frame::data(Bytes::from(text)))));
        let out = match self.step(context) {
            Poll::Ready(Step::Wrote(out)) => out,
            Poll::Ready(Step::Ended(Ok(_))) => {
                let rest = std::mem::take(&mut self.writing().out);
                return if rest.is_empty() { Poll::Ready(None) } else { frame(rest) };
            }
            Poll::Ready(Step::Ended(Err(no))) => {
                let rest = std::mem::take(&mut self.writing().out);
                return frame(rest + &self.shape.breaks(&trouble(&no)));
            }
            Poll::Pending => {
                if self.silence.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                self.shape.alive().to_owned()
            }
        };
        self.silence.as_mut().reset(Instant::now() + SILENCE);
        frame(out)
    }
}
