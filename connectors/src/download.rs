//! A body that is taken piece by piece. Where its line breaks, it goes on where it stopped, if the service says that it is still
//! the same; nothing of that is kept beyond the call.

use std::time::{Duration, Instant};

use dsl::catalog::Failure;
use dsl::value::Content;
use egress::{Client, Error, Header, Incoming, Pieces, Response};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use tokio::time::{sleep, timeout_at};

use crate::contents::{Arrival, Contents};

/// So many lines in a row may bring next to nothing, and how long is waited before each of them; together less than what
/// belongs to the engine.
const PAUSES: [Duration; 3] = [Duration::ZERO, Duration::from_millis(250), Duration::from_millis(1000)];

/// What is more than next to nothing, in bytes.
const WORTH: u64 = 1 << 20;

/// So many lines are tried for one body, all in all.
const LINES: usize = 50;

/// So often a body begins anew because it is another one by now, or the service gives no part of it.
const ANEW: usize = 2;

/// Where a body is taken to.
pub(crate) struct Download<'a> {
    /// Where it is kept when it is long.
    pub contents: &'a Contents,
    /// The most bytes that it may have.
    pub most: u64,
    /// Until when one that is short has to be there, where that is told apart.
    pub due: Option<Instant>,
}

/// Why there is no whole body.
pub(crate) enum Broken {
    /// Its line broke, or it took too long.
    Line(Error),
    /// It cannot be kept, or may not be asked for now.
    Here(Failure),
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Broken {
        Broken::Here(failure)
    }
}

/// Asks for a part of a body with these headers beside those of its request.
pub(crate) trait Again {
    /// # Errors
    /// Where it may not be asked, or nobody answers.
    fn ask(&self, headers: Vec<Header>) -> impl Future<Output = Result<Incoming, Broken>> + Send;
}

/// Asks with a request that may be sent as often as one likes.
pub(crate) struct Same<'a> {
    /// The way out.
    pub client: &'a Client,
    /// The request.
    pub request: egress::Request,
}

impl Again for Same<'_> {
    async fn ask(&self, headers: Vec<Header>) -> Result<Incoming, Broken> {
        let mut request = self.request.clone();
        request.headers.extend(headers);
        self.client.open(request).await.map_err(Broken::Line)
    }
}

impl Download<'_> {
    /// Takes a body to its end. Gives its answer without it, and where it is.
    ///
    /// # Errors
    /// Where it is too long, cannot be kept, or breaks off and does not go on.
    pub(crate) async fn take(
        &self,
        incoming: Incoming,
        again: Option<&impl Again>,
    ) -> Result<(Response, Content), Broken> {
        let mut body = self.begin(incoming)?;
        let (mut fruitless, mut lines, mut anew, mut since) = (0, 0, 0, 0);
        loop {
            let error = match self.next(&mut body).await? {
                Ok(Some(piece)) => {
                    body.arrival.push(piece).await?;
                    continue;
                }
                Ok(None) => match body.missing() {
                    None => return Ok((body.response, body.arrival.finish().await?)),
                    Some(error) => error,
                },
                Err(error) => error,
            };
            let (Some(again), Some(mark)) = (again, &body.mark) else { return Err(Broken::Line(error)) };
            if body.pieces.came() - since >= WORTH {
                fruitless = 0;
            }
            since = body.pieces.came();
            let Some(pause) = PAUSES.get(fruitless).filter(|_| lines < LINES) else {
                return Err(Broken::Line(error));
            };
            (fruitless, lines) = (fruitless + 1, lines + 1);
            sleep(*pause).await;
            let from = body.pieces.came();
            let answer = match again.ask(mark.headers(from)).await {
                Ok(answer) => answer,
                // Perhaps the next one: the body is still at the same place.
                Err(Broken::Line(Error::Network { .. } | Error::Timeout { .. })) => {
                    body.broken = Some(error);
                    continue;
                }
                Err(other) => return Err(other),
            };
            match answer.status() {
                206 if mark.goes_on(&answer, from, body.total) => body.pieces.go_on(answer),
                200 if anew < ANEW => {
                    (anew, since) = (anew + 1, 0);
                    body = self.begin(answer)?;
                }
                // What it says of a part says nothing of the whole: the call ends as the line did.
                _ => return Err(Broken::Line(error)),
            }
        }
    }

    fn begin(&self, incoming: Incoming) -> Result<Body<'_>, Failure> {
        let (mark, total) = (Mark::of(&incoming), incoming.length());
        let arrival = self.contents.begin(total, self.most)?;
        let (response, pieces) = incoming.parted();
        Ok(Body { arrival, response, pieces, mark, total, broken: None })
    }

    /// The next piece; within its time where the body is short.
    async fn next(&self, body: &mut Body<'_>) -> Result<Result<Option<egress::Bytes>, Error>, Broken> {
        if let Some(error) = body.broken.take() {
            return Ok(Err(error));
        }
        let next = match self.due.filter(|_| body.arrival.is_short()) {
            None => body.pieces.next().await,
            Some(due) => {
                let next = timeout_at(due.into(), body.pieces.next()).await;
                let (host, limit) = (body.pieces.host().to_owned(), body.pieces.pause());
                next.map_err(|_| Broken::Line(Error::Timeout { host, limit }))?
            }
        };
        match next {
            Err(error @ (Error::Network { .. } | Error::Timeout { .. })) => Ok(Err(error)),
            Err(error) => Err(Broken::Line(error)),
            Ok(piece) => Ok(Ok(piece)),
        }
    }
}

/// A body on its way.
struct Body<'a> {
    arrival: Arrival<'a>,
    response: Response,
    pieces: Pieces,
    mark: Option<Mark>,
    /// How long it is, where that was said.
    total: Option<u64>,
    /// How its last line broke, where there is no other yet.
    broken: Option<Error>,
}

impl Body<'_> {
    /// What is wrong at its end: a part may end before the whole does.
    fn missing(&self) -> Option<Error> {
        let (host, came) = (self.pieces.host(), self.pieces.came());
        self.total.filter(|total| came < *total).map(|total| Error::Network {
            message: format!("the answer of `{host}` ended after {came} of {total} bytes"),
            before_send: false,
        })
    }
}

/// By what a body is known again.
struct Mark {
    /// `etag`, or the time of its last change.
    of: String,
    /// Its `etag`, where it has a strong one.
    tag: Option<String>,
}

impl Mark {
    /// Of a whole answer; nothing where nobody could tell whether a later one is the same.
    fn of(incoming: &Incoming) -> Option<Mark> {
        let refuses = incoming.header("accept-ranges").is_some_and(|ranges| ranges.trim() == "none");
        if incoming.status() != 200 || refuses {
            return None;
        }
        // A weak one stands for what means the same, byte by byte or not.
        let strong = |tag: &str| tag.starts_with('"') && tag.len() > 2;
        if let Some(tag) = incoming.header("etag") {
            return strong(tag).then(|| Mark { of: tag.to_owned(), tag: Some(tag.to_owned()) });
        }
        let changed = incoming.header("last-modified")?;
        let now = incoming.header("date")?;
        // It may have changed twice in the second in which it was given.
        let age = time(now)?.duration_since(time(changed)?);
        (age.as_secs() >= 1).then(|| Mark { of: changed.to_owned(), tag: None })
    }

    /// What asks for the rest behind so many bytes, or for all if it is another one.
    fn headers(&self, from: u64) -> Vec<Header> {
        vec![Header::new("range", format!("bytes={from}-")), Header::new("if-range", self.of.as_str())]
    }

    /// True if an answer goes on with the same body behind so many bytes.
    fn goes_on(&self, answer: &Incoming, from: u64, total: Option<u64>) -> bool {
        let same_tag = match (&self.tag, answer.header("etag")) {
            (Some(known), Some(tag)) => known == tag,
            _ => true,
        };
        let place = answer.header("content-range").and_then(place);
        same_tag
            && place.is_some_and(|(first, whole)| {
                first == from && whole.zip(total).is_none_or(|(whole, total)| whole == total)
            })
    }
}

/// Where a part begins and how long the whole is, as in `bytes 5-9/10`.
fn place(range: &str) -> Option<(u64, Option<u64>)> {
    let (bounds, whole) = range.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, _) = bounds.split_once('-')?;
    Some((first.trim().parse().ok()?, whole.trim().parse().ok()))
}

fn time(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text).ok()
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn a_part_says_where_it_begins_and_how_long_the_whole_is() {
        assert_eq!(place("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(place("bytes 5-9/*"), Some((5, None)));
        for wrong in ["", "bytes */10", "5-9/10", "bytes 5/10", "bytes x-9/10"] {
            assert_eq!(place(wrong), None, "{wrong}");
        }
    }
}
