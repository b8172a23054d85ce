//! Conditions in words: amounts, senders, words in a title; and what only a model can judge.

use std::sync::LazyLock;

use dsl::types::{Field, Type};
use regex::Regex;

use super::data::{bare, field, fields, open};
use super::trigger::has_word;
use super::{Done, Planner, ask};
use crate::clause::{Clause, own_words};
use crate::sketch::Does;

static MORE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:over|above|more than|greater than|exceeds?|exceeding|higher than|at least|uber|ueber|mehr als|hoher als|depasse|superieure? a|plus de|mas de|supera|mayor que|oltre|piu di|supera i|>=|>)\s*(?:[$€£]|eur |usd )?\s*(\d[\d.,]*)").ok()
});
static LESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:below|under|less than|lower than|at most|unter|weniger als|inferieure? a|moins de|menos de|por debajo de|menor que|meno di|sotto i|sotto|<=|<)\s*(?:[$€£]|eur |usd )?\s*(\d[\d.,]*)").ok()
});
static CONTAINS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:contains?|containing|mentions|mentioning|about|enthalt|contient|contiene|contenga)\s+(?:the word|the words|das wort|le mot|la palabra|la parola)\s+([a-z0-9]+)|(?:contains?|containing|has|with|enthalt|contient|contiene)\s+(_+)").ok()
});

/// Amounts, by the names that services give them.
const AMOUNTS: &[&str] = &[
    "amount",
    "total",
    "amount_total",
    "amount_paid",
    "total_price",
    "Total",
    "TotalAmt",
    "AmountDue",
    "balance",
    "price",
    "sum",
    "value",
    "available",
];
/// What stands in for a title.
const TITLES: &[&str] = &["title", "subject", "name", "summary", "raw_subject", "text"];
/// What stands in for a text.
const TEXTS: &[&str] = &["subject", "title", "text", "snippet", "body", "description", "name", "summary"];
/// Who it is from.
const SENDERS: &[&str] = &["from", "sender", "author", "email"];

/// Words that only somebody who reads can judge.
const JUDGED: &[&str] = &[
    "urgent",
    "angry",
    "important",
    "negative",
    "positive",
    "spam",
    "rude",
    "unhappy",
    "critical",
    "interesting",
    "relevant",
    "high priority",
    "dringend",
    "wichtig",
    "urgente",
    "important",
    "importante",
    "enfadado",
    "en colere",
    "wutend",
    "arrabbiato",
];

/// Words of an address that gives no answer, or none that is right.
const DOWN: &[&str] = &[
    "down",
    "offline",
    "unreachable",
    "not reachable",
    "not available",
    "unavailable",
    "fails",
    "broken",
    "does not answer",
    "does not respond",
    "doesn t answer",
    "doesn t respond",
    "nicht erreichbar",
    "ausfallt",
    "hors ligne",
    "en panne",
    "caido",
    "caida",
    "no responde",
    "non risponde",
    "irraggiungibile",
];

/// Words before a condition.
const IF: &[&str] = &["if", "only if", "unless", "falls", "wenn", "sofern", "si", "se", "in case"];

/// Words that leave something out, or keep only some.
const NARROWS: &[&str] = &[
    "older than",
    "newer than",
    "younger than",
    "unless",
    "except",
    "but not",
    "whose",
    "ausser",
    "alter als",
    "sauf",
    "excepto",
    "tranne",
];

impl Planner<'_> {
    /// The condition beside a time, as a clause of its own.
    pub(super) fn conditional(&self) -> Option<Clause> {
        let timed = matches!(self.sketch.triggers.first(), Some(crate::sketch::Trigger::Time(_)));
        self.parts.trigger.clone().filter(|_| timed)
    }

    /// The condition that stands behind what is to be done: `alert #ops if it is down`.
    pub(super) fn behind(clause: &Clause) -> Option<Clause> {
        let at = IF.iter().filter_map(|word| clause.text.find(&format!(" {word} "))).min()?;
        Some(clause.from(at + 1))
    }

    /// Where an address was got and the clause speaks of its not being there: the condition, and the news.
    pub(super) fn down(&mut self, clause: &Clause) -> Option<String> {
        let spoken = self.conditional().into_iter().chain(Planner::behind(clause));
        if !spoken.into_iter().any(|said| DOWN.iter().any(|word| has_word(&said.text, word))) {
            return None;
        }
        let steps = self.sketch.steps.iter_mut().rev();
        let (name, url) = steps.into_iter().find_map(|step| match &mut step.does {
            Does::Get { url, lenient } => {
                *lenient = true;
                Some((step.name.clone(), url.clone()))
            }
            _ => None,
        })?;
        self.news =
            Some(format!("{url} does not answer as it should: {{{{ errors.{name}?.message ?? \"\" }}}}"));
        self.assume(format!("`{url}` counts as down where it gives no answer, or one with an error"));
        Some(format!("errors.{name} != null"))
    }

    /// Asks about a condition that was said and that nothing of the draft looks at.
    pub(super) fn conditions_met(&self) -> Done<()> {
        let text = self.sketch.text();
        let looks = ["\n    if: ", "    filter: ", " | filter(", "query:", "jql:", "search:"];
        if looks.iter().any(|sign| text.contains(sign)) || self.parts.text.len() > own_words(&self.parts.text)
        {
            return Ok(());
        }
        let happens = matches!(
            self.sketch.triggers.first(),
            Some(crate::sketch::Trigger::Event { .. } | crate::sketch::Trigger::Webhook)
        );
        let plain = ["if", "only if", "falls", "sofern"];
        let words = NARROWS.iter().chain(plain.iter().filter(|_| !happens));
        let spoken = || words.clone().find(|word| has_word(&self.parts.text, word));
        let open =
            self.conditional().map(|trigger| trigger.said).or_else(|| spoken().map(|it| (*it).to_owned()));
        match open {
            Some(said) => ask(
                format!(
                    "by what is it known, as to `{}`? Nothing that I read tells it: name a word, a sender or an amount, or leave it out",
                    said.trim()
                ),
                [],
            ),
            None => Ok(()),
        }
    }

    /// What is said of a thing as a condition over it; nothing where nothing is said that its fields tell.
    pub(super) fn filter(&mut self, clause: &Clause, ty: &Type, var: &str) -> Option<String> {
        let mut all = vec![];
        if let Some((sign, amount)) = compared(&clause.text) {
            all.extend(self.amount(clause, ty, var, sign, &amount));
        }
        if let Some(mail) = clause.names.mails.first()
            && ["from", "von", "de", "da", "by"].iter().any(|word| clause.text.contains(&format!("{word} _")))
            && let Some(field) = field(ty, SENDERS)
        {
            all.push(contains(var, field, mail));
        }
        if let Some(word) = word(clause) {
            let names = if ["title", "titel", "titre", "titulo", "titolo", "subject", "betreff"]
                .iter()
                .any(|word| has_word(&clause.text, word))
            {
                TITLES
            } else {
                TEXTS
            };
            if let Some(field) = field(ty, names) {
                all.push(contains(var, field, &word));
            }
        }
        (!all.is_empty()).then(|| all.join(" and "))
    }

    fn amount(&mut self, clause: &Clause, ty: &Type, var: &str, sign: &str, amount: &str) -> Option<String> {
        let (path, field) = amount_field(ty, var)?;
        let cents =
            matches!(bare(&field.ty), Type::Integer) && (clause.names_service("stripe") || self.is_stripe());
        let amount = if cents {
            self.assume(format!(
                "Stripe counts in the smallest unit of a currency, so {amount} is written as {amount}00"
            ));
            format!("{amount}00")
        } else {
            amount.to_owned()
        };
        Some(match bare(&field.ty) {
            Type::String | Type::Any => {
                format!("number({path}{}) {sign} {amount}", if open(field) { " ?? \"0\"" } else { "" })
            }
            _ if open(field) => format!("({path} ?? 0) {sign} {amount}"),
            _ => format!("{path} {sign} {amount}"),
        })
    }

    fn is_stripe(&self) -> bool {
        self.data.iter().any(|data| data.service() == Some("stripe"))
    }

    /// What a model has to judge, in words.
    pub(super) fn judged(clause: &Clause) -> Option<String> {
        JUDGED.iter().find(|word| has_word(&clause.text, word)).map(|word| (*word).to_owned())
    }
}

/// Compares with a number: the sign and the number.
pub(super) fn compared(text: &str) -> Option<(&'static str, String)> {
    let of = |form: &LazyLock<Option<Regex>>| {
        let hit = form.as_ref()?.captures(text)?;
        Some(hit.get(1)?.as_str().trim_end_matches(['.', ',']).replace(',', ""))
    };
    of(&MORE).map(|amount| (">", amount)).or_else(|| of(&LESS).map(|amount| ("<", amount)))
}

/// The field that holds an amount, at the top or one level below, in the first item of a list there.
pub(super) fn amount_field<'t>(ty: &'t Type, var: &str) -> Option<(String, &'t Field)> {
    if let Some(found) = field(ty, AMOUNTS)
        .filter(|found| super::data::scalar(&found.ty) || matches!(bare(&found.ty), Type::Any))
    {
        return Some((format!("{var}.{}", found.name), found));
    }
    fields(ty).iter().find_map(|outer| match bare(&outer.ty) {
        Type::Object(_) => {
            let inner = field(&outer.ty, AMOUNTS).filter(|found| super::data::scalar(&found.ty))?;
            let dot = if open(outer) { "?." } else { "." };
            Some((format!("{var}.{}{dot}{}", outer.name, inner.name), inner))
        }
        Type::List(item) => {
            let inner = field(item, AMOUNTS)
                .filter(|found| super::data::scalar(&found.ty) && AMOUNTS.contains(&outer.name.as_str()))?;
            Some((format!("{var}.{}[0].{}", outer.name, inner.name), inner))
        }
        _ => None,
    })
}

fn word(clause: &Clause) -> Option<String> {
    let hit = CONTAINS.as_ref()?.captures(&clause.text)?;
    match (hit.get(1), hit.get(2)) {
        (Some(word), _) => Some(word.as_str().to_owned()),
        (None, Some(_)) => clause.names.quoted.first().cloned(),
        (None, None) => None,
    }
}

pub(super) fn contains(var: &str, field: &Field, word: &str) -> String {
    let word = word.replace(['\\', '"', '\'', '{', '}'], "").to_lowercase();
    let value =
        if open(field) { format!("({var}.{} ?? \"\")", field.name) } else { format!("{var}.{}", field.name) };
    format!("contains(lower({value}), \"{word}\")")
}
