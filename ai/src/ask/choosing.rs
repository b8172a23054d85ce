//! Who can be asked for a step as it stands: by whose keys, at which grade, and how long an answer may be so that a limit is
//! kept; and why, where there is nobody.

use dsl::catalog::{Failure, FailureKind};
use jiff::Timestamp;

use super::{Step, call, offers};
use crate::chat::Question;
use crate::price::Money;
use crate::provider::Quality;
use crate::route::{self, Basis, Candidate, Choice, Offer};

/// Lengths of an answer that are tried where a limit of cost leaves no room for the longest.
pub(super) const LENGTHS: [Option<u64>; 6] =
    [None, Some(32_768), Some(8_192), Some(2_048), Some(1_024), Some(512)];

impl Step<'_> {
    /// The next better quality, where the step leaves the model open and there is one of it.
    pub(super) fn better(&self, question: &Question) -> Option<Quality> {
        let next = match (self.quality, &self.wish.need.model) {
            (_, Some(_)) | (Quality::High, None) => return None,
            (Quality::Low, None) => Quality::Standard,
            (Quality::Standard, None) => Quality::High,
        };
        let found = self.choose(question, next).is_ok_and(|(choice, _)| !choice.candidates.is_empty());
        found.then_some(next)
    }

    /// Who can be asked, the best choice first, and how long an answer may be.
    pub(super) fn choose(
        &self,
        question: &Question,
        quality: Quality,
    ) -> Result<(Choice<'_>, Option<u64>), Failure> {
        let need = route::Need { quality, limit: self.left(), ..self.wish.need.clone() };
        let day = call::day(Timestamp::now());
        let lately = |offer: &Offer<'_>| self.history.lately(offer);
        let lengths = if need.limit.is_some() { &LENGTHS[..] } else { &LENGTHS[..1] };
        let (mut why, mut dear) = (None, false);
        for payer in offers::payers(&self.keys) {
            let offers = offers::offers(&self.keys, &payer);
            let agreed = offers::agreed(&self.keys, &payer, day);
            let basis = Basis {
                lately: &lately,
                prospect: self.prospect.as_ref(),
                again: self.is_again(),
                ..Basis::of_prices(day, &agreed)
            };
            for length in lengths {
                let length = [*length, question.max_output].into_iter().flatten().min();
                let question = Question { max_output: length, ..question.clone() };
                let choice = route::choose(&need, &question, &offers, &basis);
                if !choice.candidates.is_empty() {
                    return Ok((choice, length));
                }
                dear |= choice.rejected.iter().any(|(_, why)| is_of_cost(why));
                why = Some(nobody(&choice));
            }
        }
        let kind = if dear { FailureKind::Budget } else { FailureKind::Invalid };
        Err(self.unasked(kind, why))
    }

    /// Why there is nobody to ask: by the keys, or else for another reason of this kind.
    pub(super) fn unasked(&self, kind: FailureKind, why: Option<String>) -> Failure {
        let kind = match self.keys.is_empty() {
            true => FailureKind::Auth,
            false => kind,
        };
        let none = || match self.out_of_use.is_empty() {
            true => "there is no key for any model; `keyway keys add PROVIDER` stores one".to_owned(),
            false => format!(
                "no key may be used: {}; `keyway keys rotate` stores another one, `keyway keys test` asks again",
                self.out_of_use.join(", ")
            ),
        };
        Failure::new(kind, why.unwrap_or_else(none))
    }

    /// What may still be spent here; the store knows what earlier tries of the step and other steps have spent.
    pub(super) fn left(&self) -> Option<Money> {
        let step = self.wish.max_cost.map(|most| most - self.spent);
        [step, self.wish.run_cost].into_iter().flatten().min()
    }
}

/// A model with its provider, as a step would name it; empty where there is none.
pub(super) fn full(candidate: &Option<Candidate<'_>>) -> String {
    let name = |one: &Candidate<'_>| format!("{}/{}", one.offer.provider.name, one.offer.model);
    candidate.as_ref().map_or_else(String::new, name)
}

/// True if a model is not asked for what it costs, or may cost.
fn is_of_cost(why: &route::Why) -> bool {
    matches!(why, route::Why::TooDear(_) | route::Why::NoPrice)
}

/// Why there is nobody to ask.
pub(super) fn nobody(choice: &Choice<'_>) -> String {
    let mut reasons: Vec<String> = choice
        .rejected
        .iter()
        .filter(|(_, why)| *why != route::Why::NotNamed)
        .map(|(offer, why)| format!("`{}`: {}", offer.name, why.words()))
        .collect();
    reasons.dedup();
    reasons.truncate(3);
    match reasons.is_empty() {
        true => choice.why.clone(),
        false => format!("{} ({})", choice.why, reasons.join("; ")),
    }
}
