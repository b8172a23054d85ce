//! An answer whose body is read piece by piece, by whoever wants to keep it elsewhere than in memory.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::client::{Head, Response, SLOW, told};
use crate::error::Error;
use crate::limits::read_body;
use crate::policy::host_of;
use crate::redact::{Opened, Veil};
use url::Url;

/// An answer whose body is still to be read. Secrets that the server says back are replaced by `***`.
pub struct Incoming {
    head: Head,
    url: Url,
    opened: Opened,
    response: reqwest::Response,
    /// Longest time from one piece to the next.
    pause: Duration,
    due: Instant,
}

impl Incoming {
    /// The answer of a request: its head, where it is from, and the secrets that were opened for it.
    pub(crate) fn new(
        (head, url, opened): (Head, Url, Opened),
        response: reqwest::Response,
        (pause, due): (Duration, Instant),
    ) -> Incoming {
        Incoming { head, url, opened, response, pause, due }
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.head.0
    }

    /// How long the body is said to be, where that is said.
    pub fn length(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// A header as it came; the first one of this name, which is in lower case. A secret is not replaced in it.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.1.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Until when the whole answer would have to be there if nothing were said of pieces.
    pub fn due(&self) -> Instant {
        self.due
    }

    /// Reads the whole body, which may have so many bytes.
    ///
    /// # Errors
    /// Where it is longer, breaks off, or stands still for too long.
    pub async fn whole(self, limit: usize) -> Result<Response, Error> {
        let host = host_of(&self.url);
        let read = tokio::time::timeout(self.pause, read_body(self.response, &host, limit)).await;
        let body = read.unwrap_or(Err(Error::Timeout { host, limit: self.pause }))?;
        Ok(told(self.head, body, self.url, &self.opened))
    }

    /// The answer without its body, and the body to be read.
    pub fn parted(self) -> (Response, Pieces) {
        let veil = Veil::new(self.opened.needles());
        let host = host_of(&self.url);
        let response = told(self.head, Bytes::new(), self.url, &self.opened);
        let (body, pause) = (Some(self.response), self.pause);
        let line = (Instant::now(), 0);
        (response, Pieces { host, response: body, veil: Some(veil), came: 0, pause, line })
    }
}

/// A body, piece by piece.
pub struct Pieces {
    host: String,
    response: Option<reqwest::Response>,
    veil: Option<Veil>,
    /// How many bytes came, whatever of them was given.
    came: u64,
    pause: Duration,
    /// When the line was begun that it comes over, and how many bytes had come before.
    line: (Instant, u64),
}

impl Pieces {
    /// The next piece; none at the end.
    ///
    /// # Errors
    /// Where the body breaks off, stands still for too long, or drips: a line that carries less than `SLOW` is not worth
    /// waiting for, and would hold a run for as long as the server likes.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        while let Some(response) = &mut self.response {
            let (began, before) = self.line;
            let carried = Duration::from_secs((self.came - before) / SLOW);
            let left = (self.pause + carried).saturating_sub(began.elapsed());
            let piece = tokio::time::timeout(self.pause.min(left), response.chunk()).await;
            let late = |_| Error::Timeout { host: self.host.clone(), limit: self.pause };
            let piece = piece.map_err(late)?.map_err(|error| Error::network(error, &self.host, false))?;
            self.came += piece.as_ref().map_or(0, |piece| piece.len() as u64);
            let seen = match (piece, &mut self.veil) {
                (Some(piece), Some(veil)) => veil.push(piece),
                (Some(piece), None) => piece,
                (None, _) => {
                    self.response = None;
                    self.veil.take().map(Veil::end).unwrap_or_default()
                }
            };
            if !seen.is_empty() {
                return Ok(Some(seen));
            }
        }
        Ok(None)
    }

    /// How many bytes of the body came. Fewer may have been given: what may be the beginning of a secret waits for the rest.
    pub fn came(&self) -> u64 {
        self.came
    }

    /// Whose answer it is.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Longest time from one piece to the next.
    pub fn pause(&self) -> Duration {
        self.pause
    }

    /// Goes on with another answer, whose body begins where this one broke off. Nothing is forgotten of what waits.
    pub fn go_on(&mut self, with: Incoming) {
        let needles = with.opened.needles();
        match &mut self.veil {
            Some(veil) => veil.learn(needles),
            None => self.veil = Some(Veil::new(needles)),
        }
        self.line = (Instant::now(), self.came);
        (self.host, self.response) = (host_of(&with.url), Some(with.response));
    }
}
