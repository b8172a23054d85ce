//! What calls cost, and what their answers would have cost otherwise: with the one model that a choice by price alone
//! would ask, and with the best. Pure: calls, models and prices of their days are given.
//!
//! All that was paid counts on our side, also what failed, was cut off, or gave an answer that did not fit. On the other
//! side each answer that was used counts once, at as many tokens as it had: another model would write more or fewer, and would
//! fail as well at times.

use jiff::Timestamp;
use store::calls::{Answered, Call, REUSED};

use crate::price::Money;
use crate::provider::{Agreements, Provider};
use crate::usage::Usage;

/// What calls cost together, and what they would have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Savings {
    /// How many calls there are.
    pub calls: u64,
    /// How many answers were used.
    pub answers: u64,
    /// How many answers came from a model below what the step asks for.
    pub below: u64,
    /// How many calls gave an answer for which a better model had to stand in.
    pub escalated: u64,
    /// How many answers cannot be compared: a price or a model is not known. Theirs is the same on all sides.
    pub uncompared: u64,
    /// How many answers were used again, for which nobody was asked. They stand on no side but this: `calls` and the sums
    /// below leave them out.
    pub reused: u64,
    /// Of how many of them it is not known what they would have cost.
    pub unsaved: u64,
    /// What the others would have cost.
    pub saved: Money,
    /// What they cost.
    pub cost: Money,
    /// What the answers would have cost with the model that a choice by price alone asks.
    pub single: Money,
    /// What they would have cost with the best model.
    pub reference: Money,
}

impl Savings {
    /// Sums calls up, with the models and prices of these providers.
    pub fn of<'a>(calls: impl IntoIterator<Item = &'a Answered>, providers: &[Provider]) -> Savings {
        let mut savings = Savings::default();
        let agreed = Agreements::default();
        calls.into_iter().for_each(|answered| savings.count(answered, providers, &agreed));
        savings
    }

    /// Counts one more, whose payer has agreed on this.
    pub fn count(&mut self, Answered { call, used }: &Answered, providers: &[Provider], agreed: &Agreements) {
        if call.outcome.class == REUSED {
            self.reused += 1;
            match call.saved {
                Some(units) => self.saved += Money::from_units(units.into()),
                None => self.unsaved += 1,
            }
            return;
        }
        let cost = call.outcome.cost.map_or(Money::ZERO, |units| Money::from_units(units.into()));
        self.calls += 1;
        self.cost += cost;
        if call.level == 1 && call.outcome.class == "ok" {
            self.below += u64::from(*used);
            self.escalated += u64::from(!used);
        }
        if !used {
            return;
        }
        self.answers += 1;
        match (
            otherwise(call, &call.single, providers, agreed),
            otherwise(call, &call.reference, providers, agreed),
        ) {
            (Some(single), Some(reference)) => {
                self.single += single;
                self.reference += reference;
            }
            (None, _) | (_, None) => {
                self.uncompared += 1;
                self.single += cost;
                self.reference += cost;
            }
        }
    }

    /// Which part of an amount is saved beside it, in percent; negative where more was paid.
    pub fn percent(&self, beside: Money) -> Option<f64> {
        let (cost, beside) = (self.cost.units() as f64, beside.units() as f64);
        (beside > 0.0).then(|| (1.0 - cost / beside) * 100.0)
    }
}

impl std::ops::Add for Savings {
    type Output = Savings;

    fn add(self, other: Savings) -> Savings {
        Savings {
            calls: self.calls + other.calls,
            answers: self.answers + other.answers,
            below: self.below + other.below,
            escalated: self.escalated + other.escalated,
            uncompared: self.uncompared + other.uncompared,
            reused: self.reused + other.reused,
            unsaved: self.unsaved + other.unsaved,
            saved: self.saved + other.saved,
            cost: self.cost + other.cost,
            single: self.single + other.single,
            reference: self.reference + other.reference,
        }
    }
}

/// What a call would have cost with another model, at as many tokens.
fn otherwise(call: &Call, model: &str, providers: &[Provider], agreed: &Agreements) -> Option<Money> {
    let cost = Money::from_units(call.outcome.cost?.into());
    let (provider, model) = model.split_once('/')?;
    if provider == call.provider && model == call.model {
        return Some(cost);
    }
    let provider = providers.iter().find(|one| one.name == provider)?;
    let time = Timestamp::from_nanosecond(call.time.into()).ok()?;
    let day = time.to_zoned(jiff::tz::TimeZone::UTC).date();
    let agreed = agreed.on(day);
    let price = provider.price(model, day, &agreed).known()?;
    let [uncached, cached, minutes, hour, visible, reasoning] =
        call.outcome.tokens.map(|tokens| u64::try_from(tokens).unwrap_or(0));
    let usage = Usage {
        input_uncached: uncached,
        input_cached: cached,
        cache_write_5m: minutes,
        cache_write_1h: hour,
        output_visible: visible,
        output_reasoning: reasoning,
        ..Usage::default()
    };
    price.cost(&usage).known().map(|cost| cost.total())
}
