//! An answer that is handed on while it comes: beside the log, which has the whole of it, and to whoever listens. What was
//! handed on cannot be taken back, so that nobody else is asked after it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::refusal::Class;
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

/// What a program hears of its question.
#[derive(Clone, Debug, PartialEq)]
pub enum News<'a> {
    /// A call goes out.
    Asked(&'a Asked),
    /// A piece of the answer.
    Piece(&'a Delta),
    /// Who was asked says no.
    Refused(Class),
}

/// Who is asked, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The provider.
    pub provider: String,
    /// What the model is called there.
    pub model: String,
    /// The name of the key.
    pub key: String,
    /// Who pays: `own`, `platform`, or the id of an organisation.
    pub payer: String,
    /// Why this model, in words.
    pub why: String,
    /// Whether it is known what its tokens cost.
    pub price: Known,
}

/// Whether something is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// Hears all of that at once.
pub type Ear<'a> = &'a (dyn Fn(News<'_>) -> Heard + Send + Sync);

/// Who hears.
#[derive(Clone, Copy)]
pub(super) enum Hears<'a> {
    /// Nobody: the answer is not a text to be read, since it has a form, or may still be turned down.
    Nobody,
    /// Whoever reads the text of a step.
    Text(Hand<'a>),
    /// A program that asks.
    All(Ear<'a>),
}

/// What is heard of answers while they come.
pub(super) struct Live<'a> {
    hears: Hears<'a>,
    from: AtomicU64,
    handed_on: AtomicBool,
}

impl<'a> Live<'a> {
    pub fn new(hears: Hears<'a>) -> Live<'a> {
        Live { hears, from: AtomicU64::new(0), handed_on: AtomicBool::new(false) }
    }

    /// Somebody is asked, and another answer begins.
    pub fn begin(&self, asked: impl FnOnce() -> Asked) {
        self.from.store(0, Ordering::Relaxed);
        if let Hears::All(ear) = self.hears {
            ear(News::Asked(&asked()));
        }
    }

    /// Who was asked says no.
    pub fn refused(&self, class: Class) {
        if let Hears::All(ear) = self.hears {
            ear(News::Refused(class));
        }
    }

    /// Hands on what is in a part of an answer.
    pub fn tell(&self, deltas: &[Delta]) {
        for delta in deltas {
            let heard = match self.hears {
                Hears::Nobody => Heard::Nobody,
                Hears::Text(hand) => self.read(hand, delta),
                Hears::All(ear) => ear(News::Piece(delta)),
            };
            match heard {
                Heard::Somebody => self.handed_on.store(true, Ordering::Relaxed),
                Heard::Nobody => {}
            }
        }
    }

    /// Lets somebody read the text of a piece, if it has any.
    fn read(&self, hand: Hand<'_>, delta: &Delta) -> Heard {
        let text = match delta {
            Delta::Text(text) => text,
            Delta::Thinking(_) | Delta::Beside(_) | Delta::Call { .. } | Delta::Arguments { .. } => {
                return Heard::Nobody;
            }
        };
        let from = self.from.fetch_add(text.len() as u64, Ordering::Relaxed);
        hand(Piece { from, text })
    }

    /// True once somebody has heard a part of an answer.
    pub fn handed_on(&self) -> bool {
        self.handed_on.load(Ordering::Relaxed)
    }
}
