//! Who is left alone for a while: circuits of keys, models and providers, with one probe at a time once it is over.
//!
//! Pure: time is given. What shuts a circuit, and which one, is said by the rule of the refusal's class; for how long
//! stands here. Where a provider names a time, it is kept to: nothing else opens the circuit before. Pauses have no
//! chance in them, since of all who wait only one probes.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::refusal::{Cooldown, Refusal};

/// What may be left alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// A provider: much of what it has fails.
    Provider(String),
    /// A model of a provider, whoever asks.
    Model(String, String),
    /// A key.
    Key(String),
    /// A key with a model.
    KeyAndModel(String, String),
}

/// Whom a call asks, and with which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The provider.
    pub provider: String,
    /// The model.
    pub model: String,
    /// The key, by whatever names it alone.
    pub key: String,
}

impl Asked {
    fn scopes(&self) -> [Scope; 4] {
        [
            Scope::Provider(self.provider.clone()),
            Scope::Model(self.provider.clone(), self.model.clone()),
            Scope::Key(self.key.clone()),
            Scope::KeyAndModel(self.key.clone(), self.model.clone()),
        ]
    }
}

/// A call that went out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Whom it asks.
    pub asked: Asked,
    /// When it went out.
    pub began: Timestamp,
}

/// Whether a call may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Yes.
    Open,
    /// As a probe: one, and what comes of it decides for all.
    Probe,
    /// Not before this time.
    Shut {
        /// When it may be tried.
        until: Timestamp,
        /// Why, for people.
        why: String,
    },
}

/// What is known of all who were asked.
#[derive(Clone, Debug, Default)]
pub struct Health {
    circuits: BTreeMap<Scope, Circuit>,
    /// When failures that need several happened, oldest first.
    failures: BTreeMap<Scope, Vec<Timestamp>>,
}

#[derive(Clone, Debug)]
struct Circuit {
    until: Timestamp,
    why: String,
    /// How often it was shut without an answer in between.
    times: u32,
    /// When a probe went out that has not come back.
    probe: Option<Timestamp>,
    /// Since when it has been shut without an answer in between.
    since: Timestamp,
}

/// A provider, or one of its models, that is left alone since too much of what it was asked failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Down {
    /// The provider.
    pub provider: String,
    /// The model; nothing where it is the whole provider.
    pub model: Option<String>,
    /// Since when nothing was answered.
    pub since: Timestamp,
    /// When it is tried again.
    pub until: Timestamp,
    /// How often it was shut since then, without an answer in between; the first time is 0.
    pub times: u32,
}

/// A probe that is out longer is lost.
const LOST: Duration = Duration::from_secs(600);

/// A circuit that was due so long ago is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(24 * 3600);

/// Failures older than this are forgotten.
const WINDOW: Duration = Duration::from_secs(60);

/// So many failures within the window shut a model,
const MODEL: usize = 5;

/// and so many a provider.
const PROVIDER: usize = 15;

impl Health {
    /// Whether a call may be made now.
    pub fn gate(&self, asked: &Asked, now: Timestamp) -> Gate {
        let circuits = asked.scopes().into_iter().filter_map(|scope| self.circuits.get(&scope));
        let gates = circuits.map(|circuit| circuit.gate(now));
        gates.fold(Gate::Open, |one, other| match (one, other) {
            (Gate::Shut { until, why }, Gate::Shut { until: later, why: other }) => match until < later {
                true => Gate::Shut { until: later, why: other },
                false => Gate::Shut { until, why },
            },
            (shut @ Gate::Shut { .. }, _) | (_, shut @ Gate::Shut { .. }) => shut,
            (Gate::Probe, Gate::Open | Gate::Probe) | (Gate::Open, Gate::Probe) => Gate::Probe,
            (Gate::Open, Gate::Open) => Gate::Open,
        })
    }

    /// True if nothing shuts it but a probe that is out: that comes back soon, or is lost after a long time.
    pub fn is_probed(&self, asked: &Asked, now: Timestamp) -> bool {
        let circuits = asked.scopes().into_iter().filter_map(|scope| self.circuits.get(&scope));
        let mut shut = circuits.filter(|circuit| matches!(circuit.gate(now), Gate::Shut { .. })).peekable();
        shut.peek().is_some() && shut.all(|circuit| circuit.until <= now)
    }

    /// A call goes out, after `gate` allowed it.
    pub fn begin(&mut self, asked: &Asked, now: Timestamp) -> Call {
        for scope in asked.scopes() {
            if let Some(circuit) = self.circuits.get_mut(&scope) {
                circuit.probe = Some(now);
            }
        }
        Call { asked: asked.clone(), began: now }
    }

    /// A call was answered: what was due when it began is open. What was shut since then stays so.
    pub fn answered(&mut self, call: &Call) {
        for scope in call.asked.scopes() {
            if self.circuits.get(&scope).is_some_and(|circuit| circuit.until <= call.began) {
                self.circuits.remove(&scope);
            }
            self.failures.remove(&scope);
        }
    }

    /// A call was refused.
    pub fn refused(&mut self, call: &Call, refusal: &Refusal, now: Timestamp) {
        // A probe that comes back leaves the way free for the next; another call says nothing of a probe that is out.
        for scope in call.asked.scopes() {
            if let Some(circuit) = self.circuits.get_mut(&scope) {
                circuit.probe = circuit.probe.filter(|began| *began != call.began);
            }
        }
        let [provider, model, key, key_and_model] = call.asked.scopes();
        match refusal.class.rule().cooldown {
            Cooldown::Nothing => {}
            Cooldown::KeyUntilChanged => self.shut(key, refusal, now, |_| Duration::MAX),
            Cooldown::KeyUntilPaid => self.shut(key, refusal, now, |times| growing(3600, times, 24 * 3600)),
            Cooldown::KeyAndModel => self.shut(key_and_model, refusal, now, |times| growing(2, times, 300)),
            Cooldown::KeyAndModelUntilNewQuota => {
                self.shut(key_and_model, refusal, now, |times| growing(3600, times, 6 * 3600));
            }
            Cooldown::ModelBriefly => self.shut(model, refusal, now, |times| growing(5, times, 120)),
            Cooldown::ModelAfterSeveral => {
                for (scope, most) in [(model, MODEL), (provider, PROVIDER)] {
                    if self.fails(&scope, most, now) {
                        self.shut(scope, refusal, now, |times| growing(30, times, 600));
                    }
                }
            }
        }
    }

    /// Who is left alone, whichever key is used: providers and models.
    pub fn down(&self) -> Vec<Down> {
        let down = |(scope, circuit): (&Scope, &Circuit)| {
            let (provider, model) = match scope {
                Scope::Provider(provider) => (provider.clone(), None),
                Scope::Model(provider, model) => (provider.clone(), Some(model.clone())),
                Scope::Key(_) | Scope::KeyAndModel(..) => return None,
            };
            let Circuit { since, until, times, .. } = *circuit;
            Some(Down { provider, model, since, until, times })
        };
        self.circuits.iter().filter_map(down).collect()
    }

    /// A key was changed, or found right: it is as new.
    pub fn renewed(&mut self, key: &str) {
        self.circuits.retain(|scope, _| match scope {
            Scope::Key(shut) | Scope::KeyAndModel(shut, _) => shut != key,
            Scope::Provider(_) | Scope::Model(..) => true,
        });
    }

    /// Notes a failure; true if it was one too many. Whoever was shut before is so at once.
    fn fails(&mut self, scope: &Scope, most: usize, now: Timestamp) -> bool {
        let seen = self.failures.entry(scope.clone()).or_default();
        seen.retain(|then| now.duration_since(*then).unsigned_abs() < WINDOW);
        seen.push(now);
        let many = seen.len() >= most || self.circuits.contains_key(scope);
        if many {
            self.failures.remove(scope);
        }
        many
    }

    fn shut(&mut self, scope: Scope, refusal: &Refusal, now: Timestamp, pause: impl Fn(u32) -> Duration) {
        let before = self.circuits.get(&scope);
        let times = match before {
            // Calls that were under way together are refused together: that is one time.
            Some(circuit) if circuit.until > now => circuit.times,
            Some(circuit) => circuit.times.saturating_add(1),
            None => 0,
        };
        let pause = refusal.wait.unwrap_or_else(|| pause(times));
        let until = after(now, pause).max(before.map_or(now, |circuit| circuit.until));
        let probe = before.and_then(|circuit| circuit.probe);
        let since = before.map_or(now, |circuit| circuit.since);
        // What was due long ago is asked by nobody any more.
        self.circuits.retain(|_, circuit| now <= after(circuit.until, FORGOTTEN));
        self.circuits.insert(scope, Circuit { until, why: refusal.message.clone(), times, probe, since });
    }
}

impl Circuit {
    fn gate(&self, now: Timestamp) -> Gate {
        let shut = |until| Gate::Shut { until, why: self.why.clone() };
        match self.probe.map(|out| after(out, LOST)) {
            _ if now < self.until => shut(self.until),
            Some(lost) if now < lost => shut(lost),
            Some(_) | None => Gate::Probe,
        }
    }
}

/// A pause that doubles each time, up to a longest.
fn growing(first: u64, times: u32, longest: u64) -> Duration {
    let doubled = first.saturating_mul(2_u64.saturating_pow(times.min(32)));
    Duration::from_secs(doubled.min(longest))
}

fn after(now: Timestamp, pause: Duration) -> Timestamp {
    now.checked_add(pause).unwrap_or(Timestamp::MAX)
}
