//! An answer whose body is read piece by piece, by whoever wants to keep it elsewhere than in memory.

use std::time::Duration;

use bytes::Bytes;

use crate::client::{Head, Response, told};
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
}

impl Incoming {
    pub(crate) fn new(
        head: Head,
        url: Url,
        opened: Opened,
        response: reqwest::Response,
        pause: Duration,
    ) -> Incoming {
        Incoming { head, url, opened, response, pause }
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.head.0
    }

    /// How long the body is said to be, where that is said.
    pub fn length(&self) -> Option<u64> {
        self.response.content_length()
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
        (response, Pieces { host, response: Some(self.response), veil: Some(veil), pause: self.pause })
    }
}

/// A body, piece by piece.
pub struct Pieces {
    host: String,
    response: Option<reqwest::Response>,
    veil: Option<Veil>,
    pause: Duration,
}

impl Pieces {
    /// The next piece; none at the end.
    ///
    /// # Errors
    /// Where the body breaks off, or stands still for too long.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        while let Some(response) = &mut self.response {
            let piece = tokio::time::timeout(self.pause, response.chunk()).await;
            let late = |_| Error::Timeout { host: self.host.clone(), limit: self.pause };
            let piece = piece.map_err(late)?.map_err(|error| Error::network(error, &self.host, false))?;
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
}
