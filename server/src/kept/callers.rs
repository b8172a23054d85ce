//! Triggers that wait for something from outside, and what came last.

use dsl::workflow::Start;
use runtime::arrival::Came;
use runtime::schedule::books::timestamp;
use runtime::schedule::texts;
use serde_json::{Value, json};
use store::arrivals::{Arrival, Hook, Poll};
use store::subscriptions::Subscription;
use vault::LOCAL;

use super::{Kept, read_text};
use crate::error::Error;

/// A trigger that waits for something from outside, as it stands.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The workflow.
    pub workflow: String,
    /// The trigger's canonical text.
    pub text: String,
    /// Whether the workflow is enabled.
    pub enabled: bool,
    /// Its address, where it has one.
    pub hook: Option<Hook>,
    /// How far its service was asked, where it is asked.
    pub poll: Option<Poll>,
    /// Whether its service knows the address, where it has to be told.
    pub subscription: Option<Subscription>,
    /// What came last.
    pub last: Option<Arrived>,
}

/// Something that has come.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// When, in nanoseconds since 1970.
    pub time: i64,
    /// What became of it, in a word.
    pub outcome: String,
    /// The run that was started.
    pub run: Option<String>,
    /// More about why there is none.
    pub why: String,
}

impl Arrived {
    /// What became of it, in a sentence without the time.
    pub fn sentence(&self) -> String {
        match (&self.run, self.outcome.as_str()) {
            (Some(run), _) => format!("a run was started: {run}"),
            (None, Came::REFUSED) => format!("no run: it could not be started: {}", self.why),
            (None, _) => "no run: it was there before anybody asked".into(),
        }
    }
}

impl From<Arrival> for Arrived {
    fn from(row: Arrival) -> Arrived {
        Arrived { time: row.time, outcome: row.outcome, run: row.run, why: row.why }
    }
}

impl Kept {
    /// The addresses that others call, and what came last over each: a webhook, an event, a signal.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn callers(&self) -> Result<Vec<Caller>, Error> {
        let mut callers = vec![];
        let (hooks, polls) =
            (self.read(|reader| reader.hooks(LOCAL))?, self.read(|reader| reader.polls(LOCAL))?);
        let subscriptions = self.subscriptions()?;
        for standing in self.workflows()? {
            let version = self.version(&standing.name, standing.version)?;
            let Some(workflow) = read_text(&version) else { continue };
            let starts = workflow.triggers.iter().map(|trigger| &trigger.start);
            for (start, text) in starts.clone().zip(texts(starts)) {
                if matches!(start, Start::At { .. } | Start::Cron { .. } | Start::Every { .. }) {
                    continue;
                }
                let of =
                    |owner: &str, of: &str, its: &str| owner == LOCAL && of == standing.name && its == text;
                let last = self.read(|reader| reader.latest_arrivals([LOCAL, &standing.name, &text], 1))?;
                callers.push(Caller {
                    workflow: standing.name.clone(),
                    enabled: standing.enabled,
                    hook: hooks.iter().find(|hook| of(&hook.owner, &hook.workflow, &hook.text)).cloned(),
                    poll: polls.iter().find(|poll| of(&poll.owner, &poll.workflow, &poll.text)).cloned(),
                    subscription: subscriptions
                        .iter()
                        .find(|row| of(&row.owner, &row.workflow, &row.text))
                        .cloned(),
                    last: last.into_iter().next().map(Arrived::from),
                    text,
                });
            }
        }
        Ok(callers)
    }
}

impl Caller {
    /// As JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "workflow": self.workflow,
            "trigger": self.text,
            "enabled": self.enabled,
            "address": self.hook.is_some(),
            "poll": self.poll.as_ref().map(|poll| json!({
                "since": poll.since,
                "answered": (poll.answered > 0).then(|| timestamp(poll.answered).to_string()),
                "failures": poll.failures,
                "why": poll.why,
            })),
            "subscription": self.subscription.as_ref().map(|told| json!({
                "known": told.kept.is_some(),
                "next": told.due.map(|due| timestamp(due).to_string()),
                "failures": told.failures,
                "why": told.why,
            })),
            "last": self.last.as_ref().map(|last| json!({
                "time": timestamp(last.time).to_string(),
                "outcome": last.outcome,
                "run": last.run,
                "reason": last.sentence(),
            })),
        })
    }
}
