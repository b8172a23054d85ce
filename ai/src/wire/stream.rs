//! Reading an answer that comes piece by piece. What was said before it broke stays, with its usage.

use serde_json::Value;

use super::draft::{Delta, Draft};
use super::sse::{Reader, TooMuch, WHOLE};
use super::{Wire, error_in};
use crate::chat::{Answer, Question};
use crate::provider::{Provider, Quirks};
use crate::refusal::{Class, Refusal, in_stream, unreadable};

/// An answer that comes piece by piece.
pub struct Stream {
    wire: &'static Wire,
    quirks: Quirks,
    title: String,
    draft: Draft,
    body: Body,
    /// True once a frame was read.
    begun: bool,
    broken: Option<Refusal>,
}

/// What comes.
enum Body {
    /// Nothing but blanks so far.
    Blank(usize),
    /// Events, as was asked for.
    Events(Reader),
    /// Something else: a whole answer of a server that does not stream, or a page.
    Other(Vec<u8>),
}

impl Stream {
    pub(super) fn new(question: &Question, provider: &Provider) -> Stream {
        Stream {
            wire: provider.wire,
            quirks: provider.quirks.clone(),
            title: provider.title.clone(),
            draft: Draft::new(question, provider),
            body: Body::Blank(0),
            begun: false,
            broken: None,
        }
    }

    /// Takes the next bytes, split anywhere, and gives what is new in them.
    ///
    /// # Errors
    /// Where the provider says no in the middle, or what comes cannot be read. Nothing of this piece is handed on then;
    /// `cut` has all that was said.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Delta>, Refusal> {
        if let Some(refusal) = &self.broken {
            return Err(refusal.clone());
        }
        match self.read(bytes) {
            Ok(()) => Ok(self.draft.take_deltas()),
            Err(refusal) => {
                self.broken = Some(refusal.clone());
                Err(refusal)
            }
        }
    }

    /// Nothing more comes. An answer that did not come to its end is cut, and its usage estimated.
    ///
    /// # Errors
    /// Where it broke before, or there is no answer at all.
    pub fn end(mut self) -> Result<Answer, Refusal> {
        if let Some(refusal) = self.broken {
            return Err(refusal);
        }
        match std::mem::replace(&mut self.body, Body::Blank(0)) {
            Body::Events(reader) => {
                if let Some(said) = reader.end().and_then(|data| serde_json::from_slice(&data).ok()) {
                    self.frame(said)?;
                }
            }
            Body::Other(bytes) => {
                let said: Value = serde_json::from_slice(&bytes)
                    .map_err(|error| unreadable(&self.title, &bytes, &error.to_string()))?;
                if error_in(&said) {
                    return Err(in_stream(self.wire.says, &self.title, said));
                }
                self.begun = (self.wire.whole)(&mut self.draft, &said, &self.quirks).is_some();
            }
            Body::Blank(_) => {}
        }
        match self.begun {
            true => Ok(self.draft.finished()),
            false => Err(unreadable(&self.title, b"", "")),
        }
    }

    /// What was said so far, for whoever stops listening or was refused in the middle. Its usage is estimated unless the
    /// provider has told it.
    pub fn cut(self) -> Answer {
        self.draft.finished()
    }

    fn read(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        if let Body::Blank(seen) = &mut self.body {
            // A byte order mark begins events.
            match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
                Some(b'{' | b'[' | b'<') => self.body = Body::Other(vec![]),
                Some(_) => self.body = Body::Events(Reader::default()),
                None => {
                    *seen = seen.saturating_add(bytes.len());
                    return if *seen > WHOLE { Err(self.too_much(TooMuch::Whole)) } else { Ok(()) };
                }
            }
        }
        let events = match &mut self.body {
            Body::Events(reader) => reader.push(bytes),
            Body::Other(body) if body.len() + bytes.len() > WHOLE => Err(TooMuch::Whole),
            Body::Other(body) => {
                body.extend_from_slice(bytes);
                Ok(vec![])
            }
            Body::Blank(_) => Ok(vec![]),
        };
        for data in events.map_err(|limit| self.too_much(limit))? {
            if data.trim_ascii() == b"[DONE]" {
                continue;
            }
            let said = serde_json::from_slice(&data)
                .map_err(|error| unreadable(&self.title, &data, &error.to_string()))?;
            self.frame(said)?;
        }
        Ok(())
    }

    fn frame(&mut self, said: Value) -> Result<(), Refusal> {
        if error_in(&said) {
            return Err(in_stream(self.wire.says, &self.title, said));
        }
        self.begun = true;
        (self.wire.frame)(&mut self.draft, &said, &self.quirks);
        Ok(())
    }

    fn too_much(&self, limit: TooMuch) -> Refusal {
        Refusal::new(Class::Broken, format!("the answer is too long ({}): {}", self.title, limit.says()))
    }
}
