//! An answer that is handed on while it comes: beside the log, which has the whole of it, and to whoever listens. What was
//! handed on cannot be taken back, so that nobody else is asked after it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::wire::Delta;

/// A piece of the text of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// How many bytes of the answer came before it.
    pub from: u64,
    /// The piece.
    pub text: &'a str,
}

/// Whether a piece was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Somebody listens.
    Somebody,
    /// Nobody does.
    Nobody,
}

/// Takes a piece at once, whether anybody reads it or not.
pub type Hand<'a> = &'a (dyn Fn(Piece<'_>) -> Heard + Send + Sync);

/// The text of a step's answers, as it comes.
pub(super) struct Live<'a> {
    /// Nothing where the answer is not a text to be read: it has a form, or may still be turned down.
    hand: Option<Hand<'a>>,
    from: AtomicU64,
    handed_on: AtomicBool,
}

impl<'a> Live<'a> {
    pub fn new(hand: Option<Hand<'a>>) -> Live<'a> {
        Live { hand, from: AtomicU64::new(0), handed_on: AtomicBool::new(false) }
    }

    /// Another answer begins.
    pub fn begin(&self) {
        self.from.store(0, Ordering::Relaxed);
    }

    /// Hands the text on that is in a part of an answer.
    pub fn tell(&self, deltas: &[Delta]) {
        let Some(hand) = self.hand else { return };
        for delta in deltas {
            let text = match delta {
                Delta::Text(text) => text,
                Delta::Thinking(_) | Delta::Call { .. } | Delta::Arguments { .. } => continue,
            };
            let from = self.from.fetch_add(text.len() as u64, Ordering::Relaxed);
            match hand(Piece { from, text }) {
                Heard::Somebody => self.handed_on.store(true, Ordering::Relaxed),
                Heard::Nobody => {}
            }
        }
    }

    /// True once somebody has heard a part of an answer.
    pub fn handed_on(&self) -> bool {
        self.handed_on.load(Ordering::Relaxed)
    }
}
