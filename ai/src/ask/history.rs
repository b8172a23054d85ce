//! What the ledger knows of a step's last calls: how its cascades went, how much its models write, what they read from a
//! cache, and how fast they are. Bounded: of the last weeks, and of few calls.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use store::Desk;
use store::calls::{Past, Price};

use super::call;
use super::wish::Wish;
use crate::route::{Lately, Offer, Strategy};

/// How many of a step's last calls count.
const CALLS: i64 = 50;

/// How long they count, in nanoseconds: thirty days. A step that begins higher since then is tried below again after that.
const LONG: i64 = 30 * 24 * 3600 * 1_000_000_000;

/// How long providers remember what they are asked to, in nanoseconds: five minutes.
const REMEMBERED: i64 = 5 * 60 * 1_000_000_000;

/// How many of the owner's last calls tell how fast models are.
const PACED: i64 = 200;

/// What the ledger knows of a step's last calls.
#[derive(Default)]
pub(super) struct History {
    /// How many answers were asked for below what the step wants.
    pub begun: usize,
    /// How many of them fitted.
    pub fitted: usize,
    /// How many tokens an answer has, on the average.
    pub writes: Option<u64>,
    /// True if it was answered so lately that what its provider was asked to remember is still there.
    pub recent: bool,
    /// What is known of each model, by provider and name.
    models: BTreeMap<(String, String), Lately>,
}

/// The ledger, for those who learn from it.
pub(super) struct Ledger {
    /// Who keeps it.
    pub desk: Arc<Desk>,
}

impl Ledger {
    /// What it knows of a step. What cannot be read is not known. It may block.
    pub fn history(&self, owner: &str, wish: &Wish) -> History {
        let read = || {
            let reader = self.desk.reader()?;
            let mut history = match wish.step.is_empty() {
                true => History::default(),
                false => {
                    let since = call::nanoseconds(Timestamp::now()).saturating_sub(LONG);
                    let step = (owner, &*wish.workflow, &*wish.step);
                    let calls = reader.calls_of_step(step, since, CALLS)?;
                    let fresh = call::nanoseconds(Timestamp::now()).saturating_sub(REMEMBERED);
                    let recent = calls.first().is_some_and(|last| last.time >= fresh);
                    History { recent, ..History::of(&calls) }
                }
            };
            if wish.need.strategy == Strategy::Fastest {
                for pace in reader.paces(owner, PACED)? {
                    let latency = Duration::from_nanos(u64::try_from(pace.latency).unwrap_or(0));
                    history.models.entry((pace.provider, pace.model)).or_default().pace = Some(latency);
                }
            }
            Ok(history)
        };
        read().unwrap_or_else(|error: store::Error| {
            tracing::warn!(%error, "what a step learned cannot be read");
            History::default()
        })
    }

    /// What an owner has agreed on with providers. It may block.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn prices(&self, owner: &str) -> Result<Vec<Price>, store::Error> {
        self.desk.reader()?.prices(owner)
    }
}

impl History {
    fn of(calls: &[Past]) -> History {
        let question = |call: &Past| (call.run.clone(), call.place.clone(), call.attempt);
        let at = |level: i64| -> BTreeSet<_> {
            calls.iter().filter(|call| call.level == level).map(question).collect()
        };
        let (begun, above) = (at(1), at(2));
        let mut history =
            History { begun: begun.len(), fitted: begun.difference(&above).count(), ..History::default() };
        let (mut wrote, mut read): (u64, BTreeMap<_, [u64; 3]>) = Default::default();
        for call in calls {
            let [uncached, cached, minutes, hour, visible, thought] =
                call.tokens.map(|tokens| u64::try_from(tokens).unwrap_or(0));
            wrote += visible + thought;
            let sums = read.entry((call.provider.clone(), call.model.clone())).or_default();
            let kept = minutes + hour;
            *sums = [sums[0] + cached, sums[1] + kept, sums[2] + uncached + cached + kept];
        }
        history.writes = wrote.checked_div(calls.len() as u64);
        for (model, [cached, kept, all]) in read {
            let lately = history.models.entry(model).or_default();
            (lately.cached, lately.written) =
                (cached as f64 / all.max(1) as f64, kept as f64 / all.max(1) as f64);
        }
        history
    }

    /// What is known of one.
    pub fn lately(&self, offer: &Offer<'_>) -> Lately {
        self.models.get(&(offer.provider.name.clone(), offer.name.to_owned())).copied().unwrap_or_default()
    }
}
