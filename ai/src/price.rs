//! What tokens cost, in exact decimals.
//!
//! Money is a whole number of millionths of a millionth of a US dollar (`docs/decisions/0045-money.md`), a rate a whole
//! number of them for a token. Prices are told for a million tokens with at most six decimals, so that tokens times
//! rate is exact. What is not known is `Unknown`, and never free.

mod batch;

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::chat::Keep;
use crate::usage::Usage;
pub use batch::Cached;

/// How many of our units a US dollar has.
const DOLLAR: i128 = 1_000_000_000_000;

/// How many decimals that is.
const DECIMALS: usize = 12;

/// An amount of US dollars, exact to twelve decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(i128);

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);

    /// An amount in millionths of a millionth of a dollar, as it is stored.
    pub fn from_units(units: i128) -> Money {
        Money(units)
    }

    /// As it is stored: millionths of a millionth of a dollar.
    pub fn units(self) -> i128 {
        self.0
    }

    /// Reads an amount as in `0.25`; nothing where it is none, or has more than twelve decimals.
    pub fn parse(text: &str) -> Option<Money> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(whole) || !plain(part) || whole.len() > 15 || part.len() > DECIMALS {
            return None;
        }
        let units: i128 = format!("{part:0<DECIMALS$}").parse().ok()?;
        Some(Money(sign * (whole.parse::<i128>().ok()? * DOLLAR + units)))
    }
}

impl Add for Money {
    type Output = Money;

    fn add(self, other: Money) -> Money {
        Money(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Money) {
        *self = *self + other;
    }
}

impl Sub for Money {
    type Output = Money;

    fn sub(self, other: Money) -> Money {
        Money(self.0.saturating_sub(other.0))
    }
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Money {
        amounts.fold(Money::ZERO, Add::add)
    }
}

/// All decimals that are not zero, and at least two.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = self.0.unsigned_abs();
        let dollar = DOLLAR.unsigned_abs();
        let decimals = format!("{:0DECIMALS$}", units % dollar);
        let kept = decimals.trim_end_matches('0').len().max(2);
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{}", units / dollar, &decimals[..kept])
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Money, D::Error> {
        from.deserialize_any(Decimal)
    }
}

/// Reads an amount from a text or a number. A number of a file is read as it was written: the shortest text of a
/// binary fraction is that for all decimals of up to fifteen digits.
struct Decimal;

impl Visitor<'_> for Decimal {
    type Value = Money;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount with at most twelve decimals")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Money, E> {
        Money::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Money, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Money, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Money, E> {
        self.visit_str(&number.to_string())
    }
}

/// What a token costs. Files tell it for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u64);

impl Rate {
    /// A rate from what a million tokens cost; nothing below zero, above a thousand dollars for a thousand tokens, or
    /// finer than six decimals.
    pub fn per_million(amount: Money) -> Option<Rate> {
        let units = u64::try_from(amount.0).ok()?;
        (units % 1_000_000 == 0 && amount.0 <= 1_000_000 * DOLLAR).then_some(Rate(units / 1_000_000))
    }

    /// A rate of so many millionths of a millionth of a dollar for a token, as it is stored.
    pub(crate) fn of_units(units: u64) -> Rate {
        Rate(units)
    }

    /// As it is stored.
    pub fn units(self) -> u64 {
        self.0
    }

    /// What so many tokens cost.
    pub fn times(self, tokens: u64) -> Money {
        Money(i128::from(self.0) * i128::from(tokens))
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Rate, D::Error> {
        let amount = Money::deserialize(from)?;
        Rate::per_million(amount).ok_or_else(|| {
            de::Error::custom(format!(
                "`{amount}` is no price of a million tokens: 0 to 1000000, at most six decimals"
            ))
        })
    }
}

/// What a model costs, for a million tokens each.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// What is read anew.
    pub input: Rate,
    /// What is read from the provider's cache; without it nothing is cheaper there.
    pub cached: Option<Rate>,
    /// What is read anew and kept; without it keeping costs nothing more.
    pub write_5m: Option<Rate>,
    /// What is read anew and kept for an hour.
    pub write_1h: Option<Rate>,
    /// What is written; nothing for models that write nothing.
    pub output: Option<Rate>,
    /// What is written in thinking, where that has a price of its own.
    pub reasoning: Option<Rate>,
    /// Other prices of the whole call where it reads much.
    #[serde(default)]
    pub above: Vec<Tier>,
}

/// Prices of the whole call once it reads more than so many tokens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// The most tokens that are read below this tier.
    pub tokens: u64,
    /// As in `Price`.
    pub input: Rate,
    /// As in `Price`.
    pub cached: Option<Rate>,
    /// As in `Price`.
    pub write_5m: Option<Rate>,
    /// As in `Price`.
    pub write_1h: Option<Rate>,
    /// As in `Price`.
    pub output: Option<Rate>,
    /// As in `Price`.
    pub reasoning: Option<Rate>,
}

/// What a call cost, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// What was read anew.
    pub input: Money,
    /// What was read from the cache.
    pub cached: Money,
    /// What was kept.
    pub written: Money,
    /// What was written for the reader.
    pub output: Money,
    /// What was written in thinking.
    pub reasoning: Money,
}

impl Cost {
    /// The sum.
    pub fn total(&self) -> Money {
        [self.input, self.cached, self.written, self.output, self.reasoning].into_iter().sum()
    }
}

/// What something costs, if that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Priced<T> {
    /// It is known.
    Known(T),
    /// It is not, and must not be taken for nothing.
    Unknown {
        /// What is missing, for people.
        why: String,
    },
}

impl<T> Priced<T> {
    /// It, if it is known.
    pub fn known(self) -> Option<T> {
        match self {
            Priced::Known(value) => Some(value),
            Priced::Unknown { .. } => None,
        }
    }
}

/// What a call reads and writes at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// What it reads.
    pub input: u64,
    /// What it writes, thinking included.
    pub output: u64,
    /// How long the provider is asked to remember.
    pub keep: Option<Keep>,
}

/// The rates of one call.
struct Rates {
    input: Rate,
    cached: Option<Rate>,
    write_5m: Option<Rate>,
    write_1h: Option<Rate>,
    output: Option<Rate>,
    reasoning: Option<Rate>,
}

impl Rates {
    /// The most that a call can cost at these rates; nothing where one is missing that it may come to.
    fn most(&self, bounds: &Bounds) -> Option<Money> {
        let kept_long = match bounds.keep {
            Some(Keep::Hour) => self.write_1h?,
            Some(Keep::Minutes) | None => self.input,
        };
        let read = self.input.max(self.cached?).max(self.write_5m?).max(kept_long).times(bounds.input);
        match bounds.output {
            0 => Some(read),
            tokens => Some(read + self.output?.max(self.reasoning?).times(tokens)),
        }
    }
}

impl Price {
    /// What a usage costs.
    pub fn cost(&self, usage: &Usage) -> Priced<Cost> {
        let rates = self.rates(usage.input());
        let part = |tokens: u64, rate: Option<Rate>, what: &str| match (tokens, rate) {
            (0, _) => Ok(Money::ZERO),
            (tokens, Some(rate)) => Ok(rate.times(tokens)),
            (_, None) => Err(format!("no price of {what} is known")),
        };
        let cost = || {
            Ok(Cost {
                input: rates.input.times(usage.input_uncached),
                cached: part(usage.input_cached, rates.cached, "what is read from the cache")?,
                written: part(usage.cache_write_5m, rates.write_5m, "what is kept in the cache")?
                    + part(usage.cache_write_1h, rates.write_1h, "what is kept in the cache for an hour")?,
                output: part(usage.output_visible, rates.output, "what is written")?,
                reasoning: part(usage.output_reasoning, rates.reasoning, "what is written in thinking")?,
            })
        };
        match cost() {
            Ok(cost) => Priced::Known(cost),
            Err(why) => Priced::Unknown { why },
        }
    }

    /// The most that a call within these bounds can cost, whatever part of it is read anew, from the cache, or kept.
    pub fn most(&self, bounds: &Bounds) -> Priced<Money> {
        let reached = self.above.iter().map(|tier| tier.tokens).filter(|tokens| *tokens < bounds.input);
        let mut most = Money::ZERO;
        for from in reached.map(|tokens| tokens + 1).chain([0]) {
            match self.rates(from).most(bounds) {
                Some(amount) => most = most.max(amount),
                None => {
                    return Priced::Unknown {
                        why: format!("a price of calls that read {from} tokens is not known"),
                    };
                }
            }
        }
        Priced::Known(most)
    }

    /// The rates of a call that reads so much. What has a price below a tier and none in it is not known there.
    fn rates(&self, input: u64) -> Rates {
        let tier = self.above.iter().filter(|tier| input > tier.tokens).max_by_key(|tier| tier.tokens);
        let else_input = |here: Option<Rate>, below: Option<Rate>, input: Rate| match below {
            None => here.or(Some(input)),
            Some(_) => here,
        };
        match tier {
            None => Rates {
                input: self.input,
                cached: self.cached.or(Some(self.input)),
                write_5m: self.write_5m.or(Some(self.input)),
                write_1h: self.write_1h.or(self.write_5m.is_none().then_some(self.input)),
                output: self.output,
                reasoning: self.reasoning.or(self.output),
            },
            Some(tier) => Rates {
                input: tier.input,
                cached: else_input(tier.cached, self.cached, tier.input),
                write_5m: else_input(tier.write_5m, self.write_5m, tier.input),
                write_1h: else_input(tier.write_1h, self.write_1h.or(self.write_5m), tier.input),
                output: tier.output,
                reasoning: tier.reasoning.or(tier.output),
            },
        }
    }
}
