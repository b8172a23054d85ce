//! What is made of an answer.

use dsl::expr::Expr;
use dsl::types::{Field, Type};
use dsl::workflow::Arg;

/// What is made of an answer that is no refusal.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Whether it is one, over `response`, for services that say no with status 200.
    pub success_when: Option<Expr>,
    /// The type of what the action gives.
    pub returns: Type,
    /// The value, over `response`, `input` and `connection`, and over `items` where there are pages. Without it, the
    /// body of the answer, as far as `returns` names its fields.
    pub output: Option<Arg>,
}

impl Answer {
    /// The fields of what is given, where it has any.
    pub fn fields(&self) -> &[Field] {
        self.returns.fields().unwrap_or_default()
    }
}
