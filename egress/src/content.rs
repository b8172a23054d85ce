//! Bodies that are longer than memory should be: read piece by piece while they are sent, their length known before.

use std::fmt;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use secret::{Refused, Secret};
use tokio::sync::mpsc;

use crate::redact::Opened;
use crate::request::Part;

/// How many bytes are read at once.
const PIECE: usize = 128 * 1024;

/// How many pieces wait to be sent.
const AHEAD: usize = 2;

/// Bytes of a known number that are read when they are sent, once more where a redirect asks for them again.
pub trait Content: fmt::Debug + Send + Sync {
    /// How many there are.
    fn size(&self) -> u64;

    /// Begins to read them from the first on.
    ///
    /// # Errors
    /// Where they are not to be had.
    fn open(&self) -> io::Result<Box<dyn Read + Send>>;
}

/// What stands in a body whose holes are filled.
enum Stretch {
    Plain(Bytes),
    Secret(Secret),
    Content(Arc<dyn Content>),
}

impl Stretch {
    fn size(&self) -> u64 {
        match self {
            Stretch::Plain(bytes) => bytes.len() as u64,
            Stretch::Secret(secret) => secret.expose().len() as u64,
            Stretch::Content(content) => content.size(),
        }
    }
}

/// A body that is read while it is sent.
pub(crate) struct Streamed {
    left: u64,
    pieces: mpsc::Receiver<io::Result<Bytes>>,
}

/// How many bytes of a body are read while it is sent.
pub(crate) fn streamed(parts: &[Part]) -> u64 {
    let sizes = parts.iter().map(|part| match part {
        Part::Content(content) => content.size(),
        Part::Plain(_) | Part::Hole(..) => 0,
    });
    sizes.sum()
}

impl Streamed {
    /// Begins to read a body, with its holes filled. To be called within the runtime.
    pub(crate) fn begin(parts: &[Part], opened: &Opened, host: &str) -> Result<Streamed, Refused> {
        let stretches = parts.iter().map(|part| match part {
            Part::Plain(bytes) => Ok(Stretch::Plain(bytes.clone())),
            Part::Hole(hole, escape) => {
                let filled = escape.apply(opened.fill(hole, host)?.expose());
                Ok(Stretch::Secret(Secret::new(filled)))
            }
            Part::Content(content) => Ok(Stretch::Content(content.clone())),
        });
        let stretches = stretches.collect::<Result<Vec<_>, Refused>>()?;
        let left = stretches.iter().map(Stretch::size).sum();
        let (send, pieces) = mpsc::channel(AHEAD);
        // It ends with the last piece, or with whoever takes them.
        tokio::task::spawn_blocking(move || {
            for stretch in stretches {
                let given = match stretch {
                    Stretch::Plain(bytes) => send.blocking_send(Ok(bytes)).is_ok(),
                    Stretch::Secret(secret) => {
                        send.blocking_send(Ok(Bytes::copy_from_slice(secret.expose().as_bytes()))).is_ok()
                    }
                    Stretch::Content(content) => read(&*content, &send),
                };
                if !given {
                    return;
                }
            }
        });
        Ok(Streamed { left, pieces })
    }

    /// How many bytes it has.
    pub(crate) fn size(&self) -> u64 {
        self.left
    }
}

/// Hands on what is read. False where nobody takes it any more, or nothing more can be read.
fn read(content: &dyn Content, send: &mpsc::Sender<io::Result<Bytes>>) -> bool {
    let mut left = content.size();
    let mut file = match content.open() {
        Ok(file) => file,
        Err(error) => {
            let _ = send.blocking_send(Err(error));
            return false;
        }
    };
    while left > 0 {
        let mut piece = vec![0; PIECE.min(usize::try_from(left).unwrap_or(PIECE))];
        let read = file.read_exact(&mut piece);
        left -= piece.len() as u64;
        let went = read.is_ok();
        if send.blocking_send(read.map(|()| piece.into())).is_err() || !went {
            return false;
        }
    }
    true
}

impl Body for Streamed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.pieces.poll_recv(context).map(|piece| {
            piece.map(|piece| {
                piece.map(|bytes| {
                    self.left = self.left.saturating_sub(bytes.len() as u64);
                    Frame::data(bytes)
                })
            })
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
