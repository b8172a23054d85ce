//! By what a step's model is chosen beside its own words: which models there are, who judges how hard a question is, and
//! what a wrong answer counts.

use super::history::History;
use super::wish::Wish;
use crate::chat::{Part, Question};
use crate::difficulty::{Judge, Outlook, SHIPPED, Traits};
use crate::provider::{PROVIDERS, Provider, Quality};
use crate::route::{Miss, Prospect};

/// What is believed of a cascade before any: as if so many of so many answers had fitted.
const BELIEVED: (f64, f64) = (4.0, 5.0);

/// What an answer that does not fit counts: the call above, and as much again for the time that it takes.
const AGAIN: Miss = Miss::Times(2.0);

/// What models are chosen by, for all questions of a process.
#[derive(Clone)]
pub struct Ways {
    /// The models.
    pub providers: &'static [Provider],
    /// Who judges how hard a question is; without one, the judge that is shipped.
    pub judge: Option<Judge>,
    /// What a wrong answer counts that nothing checks.
    pub miss: Miss,
    /// Which part of the words of a question must be known for it to be judged.
    pub known: f64,
}

impl Default for Ways {
    fn default() -> Ways {
        Ways { providers: &PROVIDERS, judge: None, miss: Miss::Times(20.0), known: 0.6 }
    }
}

impl Ways {
    /// What is foretold of the answers to what a step wants; nothing where the floor is kept whatever is foretold.
    pub(super) fn prospect(&self, wish: &Wish, history: &History) -> Option<Prospect> {
        if !wish.may_begin_below() {
            return None;
        }
        match wish.is_checked() {
            true => Some(checked(history)),
            false => self.judged(&wish.question),
        }
    }

    /// What is foretold of the answers to a question by its words; nothing where too few of them are known. A judge without
    /// skill foretells nothing and says why.
    pub fn judged(&self, question: &Question) -> Option<Prospect> {
        let judge = self.judge.as_ref().unwrap_or(&SHIPPED);
        if let Some(lacks) = &judge.lacks {
            return Some(Prospect {
                outlook: Outlook::default(),
                miss: self.miss,
                rests_on: format!("not judged by its words: {lacks}"),
            });
        }
        let outlook = judge.foretell(&Traits::of(&words(question)));
        (outlook.known >= self.known).then(|| Prospect {
            outlook,
            miss: self.miss,
            rests_on: "judged by its words".into(),
        })
    }
}

/// What is foretold where the step itself tells whether an answer fits.
fn checked(History { begun, fitted, .. }: &History) -> Prospect {
    let rests_on = match begun {
        0 => "the step checks the answer".to_owned(),
        all => format!("the step checks the answer, and {fitted} of its last {all} fitted"),
    };
    let chance = (*fitted as f64 + BELIEVED.0) / (*begun as f64 + BELIEVED.1);
    let chances = vec![(Quality::Low.name().to_owned(), chance), (Quality::Standard.name().to_owned(), 1.0)];
    Prospect { outlook: Outlook { chances, known: 1.0 }, miss: AGAIN, rests_on }
}

/// The words of a question by which it is judged: what people said in it.
fn words(question: &Question) -> String {
    let parts = question.messages.iter().flat_map(|message| &message.parts);
    let texts = parts.filter_map(|part| match part {
        Part::Text { text, .. } => Some(text.as_str()),
        Part::Image(_) | Part::Call(_) | Part::Result(_) | Part::Thinking(_) => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}
