//! What the calls of one question took together, for whoever asked: the ledger has each of them.

use std::sync::{Mutex, PoisonError};

use store::calls::{Call, Outcome};

/// What calls took, as long as they are counted.
#[derive(Debug, Default)]
pub struct Tally(Mutex<Option<Taken>>);

/// What calls took together, and whom the last one asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The provider.
    pub provider: String,
    /// The model.
    pub model: String,
    /// Who paid.
    pub payer: String,
    /// Tokens by kind, as the ledger has them.
    pub tokens: [i64; 6],
    /// What they cost, in the ledger's units; nothing where a price is not known.
    pub cost: Option<i64>,
}

impl Tally {
    /// Counts a call that is settled. One that was turned away and took nothing is nobody's answer.
    pub(super) fn count(&self, call: &Call, outcome: &Outcome) {
        let took =
            outcome.tokens.iter().any(|tokens| *tokens > 0) || outcome.cost.is_some_and(|cost| cost > 0);
        if outcome.class != "ok" && !took {
            return;
        }
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = counted.take();
        let cost = match &before {
            None => outcome.cost,
            Some(before) => before.cost.zip(outcome.cost).map(|(one, other)| one.saturating_add(other)),
        };
        let mut tokens = outcome.tokens;
        if let Some(before) = &before {
            tokens.iter_mut().zip(before.tokens).for_each(|(sum, more)| *sum = sum.saturating_add(more));
        }
        *counted = Some(Taken {
            provider: call.provider.clone(),
            model: call.model.clone(),
            payer: call.payer.clone(),
            tokens,
            cost,
        });
    }

    /// What was counted; nothing where nobody was asked.
    pub fn taken(&self) -> Option<Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(class: &str, read: i64, cost: Option<i64>) -> Outcome {
        Outcome { tokens: [read, 0, 0, 0, 1, 0], cost, class: class.into(), ..Outcome::default() }
    }

    #[test]
    fn all_that_took_something_is_counted_and_the_last_of_them_named() {
        let (tally, call) = (Tally::default(), |model: &str| Call { model: model.into(), ..Call::default() });
        let refused = Outcome { class: "rate_limited".into(), cost: Some(0), ..Outcome::default() };
        tally.count(&call("busy"), &refused);
        assert_eq!(tally.taken(), None);
        tally.count(&call("small"), &came("ok", 10, Some(5)));
        tally.count(&call("large"), &came("cut", 20, Some(50)));
        tally.count(&call("busy"), &refused);
        let taken = tally.taken().expect("something was taken");
        assert_eq!((&*taken.model, taken.tokens, taken.cost), ("large", [30, 0, 0, 0, 2, 0], Some(55)));
        tally.count(&call("free"), &came("ok", 1, None));
        assert_eq!(tally.taken().and_then(|taken| taken.cost), None);
    }
}
