//! Reading an answer without ever holding more than is allowed.

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
pub(crate) async fn read_body(
    mut response: Response,
    host: &str,
    limit: usize,
    first: bool,
) -> Result<Bytes, Error> {
    let too_large = || Error::TooLarge { host: host.into(), what: "body", limit };
    if response.content_length().is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    while let Some(piece) = response.chunk().await.map_err(|error| Error::network(error, host, first))? {
        if piece.len() > limit - body.len() {
            return Err(too_large());
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}
