//! Reading an answer without ever holding more than is allowed.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use reqwest::Response;
use reqwest::header::HeaderMap;

use crate::error::Error;

/// Refuses a head that is longer than allowed.
pub(crate) fn check_head(headers: &HeaderMap, host: &str, limit: usize) -> Result<(), Error> {
    // Each line has a colon, a space and its end beside name and value.
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if size > limit { Err(Error::TooLarge { host: host.into(), what: "head", limit }) } else { Ok(()) }
}

/// Reads a body piece by piece and stops at the first that is too much.
pub(crate) async fn read_body(response: Response, host: &str, limit: usize) -> Result<Bytes, Error> {
    let mut body = Body::new(response, limit);
    body.read(host, Instant::now(), &mut |_| {}).await?;
    Ok(body.bytes())
}

/// A body that is read, and what came of it so far.
pub(crate) struct Body {
    response: Response,
    limit: usize,
    bytes: BytesMut,
    /// How long it took until it began.
    pub first: Option<Duration>,
}

impl Body {
    pub(crate) fn new(response: Response, limit: usize) -> Body {
        Body { response, limit, bytes: BytesMut::new(), first: None }
    }

    /// Reads to the end, and tells of each piece. What came before an error stays.
    pub(crate) async fn read(
        &mut self,
        host: &str,
        began: Instant,
        hear: &mut (dyn FnMut(&[u8]) + Send),
    ) -> Result<(), Error> {
        let limit = self.limit;
        let too_large = || Error::TooLarge { host: host.into(), what: "body", limit };
        if self.response.content_length().is_some_and(|length| length > self.limit as u64) {
            return Err(too_large());
        }
        while let Some(piece) =
            self.response.chunk().await.map_err(|error| Error::network(error, host, false))?
        {
            self.first.get_or_insert_with(|| began.elapsed());
            if piece.len() > self.limit - self.bytes.len() {
                return Err(too_large());
            }
            self.bytes.extend_from_slice(&piece);
            hear(&piece);
            // Whoever drives this may want to hand the piece on before the next is read, and others want their turn.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    pub(crate) fn bytes(self) -> Bytes {
        self.bytes.freeze()
    }
}
