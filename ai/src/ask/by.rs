//! Who stands behind a question: the step of a run, or a program with a token. It decides whom the log, the audit and the
//! ledger name.

use super::live::Hand;

/// What asks for an owner.
#[derive(Clone)]
pub enum By<'a> {
    /// A step of a run.
    Step {
        /// The run.
        run: &'a str,
        /// Which of its steps, by whatever names it alone.
        place: String,
        /// Which try of the step.
        attempt: i64,
        /// Who takes the text of an answer while it comes.
        hand: Hand<'a>,
    },
    /// A program that shows a token.
    Token {
        /// The name of the token.
        name: &'a str,
    },
}

impl By<'_> {
    /// It as the log and the audit tell it.
    pub(super) fn words(&self) -> String {
        match self {
            By::Step { run, .. } => format!("run {run}"),
            By::Token { name } => format!("token {name}"),
        }
    }
}
