//! What happens in a run: a page of it, or all of it as it happens. Who was cut off says what it saw last, and hears the
//! rest.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use engine::event::Recorded;
use engine::run::{RunId, Status};
use engine::view::Timeline;
use hyper::Response;
use hyper::body::Frame;
use hyper::header::HeaderValue;
use serde_json::{Map, Value, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep};

use super::routes::{Answering, Asked};
use super::{Answer, Refusal, answer};
use crate::error::Error;
use crate::owner::{Feed, News};
use crate::protocol::Hears;

/// After how long a silence something is sent, so that nobody on the way gives the stream up.
const SILENCE: Duration = Duration::from_secs(15);

/// How many rows a page has where nothing is said, and at most.
const USUAL: usize = 200;
const MOST: usize = 1000;

/// A page of it, or a stream where that is asked for.
pub fn events(asked: Asked) -> Answering {
    Box::pin(async move {
        // What has happened so far is read from the disk.
        let done = tokio::task::spawn_blocking(move || match asked.said.streams {
            true => stream(&asked),
            false => page(&asked).map(|page| answer::written(Ok(page))),
        });
        // A panic there has been reported by the panic hook.
        done.await.unwrap_or_else(|_| Err(Refusal::broke()))
    })
}

fn page(asked: &Asked) -> Result<Answer, Refusal> {
    let most = asked.said.number("limit", USUAL, MOST)?;
    let after = seen(asked)?;
    let run = RunId(asked.said.part("run").into());
    let history = asked.house.part(&asked.who).history(&run)?;
    let mut telling = Telling(history.timeline(&run).map_err(Error::from)?);
    let (mut events, mut next) = (vec![], None);
    for row in history.log(&run).map_err(Error::from)? {
        let told = telling.row(&row);
        if row.seq <= after {
            continue;
        }
        if events.len() == most {
            next = events.last().and_then(|last: &Value| last["seq"].as_u64());
            break;
        }
        events.push(told);
    }
    Ok(Answer::ok(json!({ "events": events, "next": next })))
}

/// The last row that is known already: said in the head by who was cut off, else in the query.
fn seen(asked: &Asked) -> Result<u64, Refusal> {
    let said = asked.said.last_event.as_ref().or_else(|| asked.said.query.get("after"));
    let Some(said) = said else { return Ok(0) };
    said.parse().map_err(|_| Refusal::bad("`after` and `last-event-id` are the number of a row"))
}

fn stream(asked: &Asked) -> Result<Response<Body>, Refusal> {
    let held = asked.house.streams.clone().try_acquire_owned().map_err(|_| Refusal::often(5))?;
    let seen = seen(asked)?;
    let run = RunId(asked.said.part("run").into());
    let history = asked.house.part(&asked.who).history(&run)?;
    let mut telling = Telling(history.timeline(&run).map_err(Error::from)?);
    for row in history.log(&run).map_err(Error::from)?.into_iter().take_while(|row| row.seq <= seen) {
        telling.row(&row);
    }
    let feed = asked.house.core().follow(&run, seen, false, Hears::Answers)?;
    let mut response = Response::new(Body::new(Telegraph {
        telling,
        waiting: Some(next(feed)),
        silence: Box::pin(sleep(SILENCE)),
        _held: held,
    }));
    let heads = response.headers_mut();
    heads.insert("content-type", HeaderValue::from_static("text/event-stream"));
    // Proxies that gather answers are asked to let it pass.
    heads.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// How far a run has come, for who is told what changes.
struct Telling(Timeline);

impl Telling {
    /// A row: when it was, how the run stands since, and the steps that it changed.
    fn row(&mut self, row: &Recorded) -> Value {
        let changed = self.0.apply(row);
        let steps = changed.into_iter().filter_map(|at| self.0.steps().get_index(at));
        let steps: Map<String, Value> = steps.map(|(path, entry)| (path.clone(), entry.to_json())).collect();
        json!({ "seq": row.seq, "time": row.time.to_string(), "status": self.status(), "steps": steps })
    }

    fn status(&self) -> &'static str {
        match self.0.status() {
            Status::New | Status::Running if self.0.is_waiting() => "waiting",
            Status::New | Status::Running => "running",
            Status::Succeeded(_) => "succeeded",
            Status::Failed(_) => "failed",
            Status::Cancelled => "cancelled",
        }
    }

    /// What came, as it goes out.
    fn event(&mut self, news: &News) -> String {
        match news {
            News::Row(row) => format!("id: {}\nevent: row\ndata: {}\n\n", row.seq, self.row(row)),
            News::Piece(piece) => {
                let data = json!({
                    "step": self.0.path(piece.at),
                    "attempt": piece.attempt,
                    "from": piece.from,
                    "text": piece.text,
                });
                format!("event: piece\ndata: {data}\n\n")
            }
        }
    }
}

/// What comes next, and from where it came.
type Next = Pin<Box<dyn Future<Output = (Feed, Option<News>)> + Send>>;

fn next(mut feed: Feed) -> Next {
    Box::pin(async move {
        let news = feed.recv().await;
        (feed, news)
    })
}

/// The body of a stream. The connection drives it; where the other side goes away, nothing is left.
struct Telegraph {
    telling: Telling,
    /// Nothing once the run has ended.
    waiting: Option<Next>,
    silence: Pin<Box<Sleep>>,
    _held: OwnedSemaphorePermit,
}

impl HttpBody for Telegraph {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = |text: String| Poll::Ready(Some(Ok(Frame::data(Bytes::from(text)))));
        let Some(waiting) = &mut self.waiting else { return Poll::Ready(None) };
        if let Poll::Ready((feed, news)) = waiting.as_mut().poll(context) {
            self.silence = Box::pin(sleep(SILENCE));
            return match news {
                Some(news) => {
                    self.waiting = Some(next(feed));
                    let text = self.telling.event(&news);
                    frame(text)
                }
                None => {
                    self.waiting = None;
                    frame(format!("event: end\ndata: {}\n\n", json!({ "status": self.telling.status() })))
                }
            };
        }
        if self.silence.as_mut().poll(context).is_ready() {
            self.silence = Box::pin(sleep(SILENCE));
            // A comment, which nobody is told of.
            return frame(": \n\n".into());
        }
        Poll::Pending
    }
}
