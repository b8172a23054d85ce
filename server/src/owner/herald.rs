//! Events of the product itself that no run tells: a budget that is nearly spent, a connection that has to be made again, a
//! provider of models that is left alone. They are found by looking at what stands in the database and in memory, so that
//! nothing is missed which happens while nobody serves; what was told stands beside the run that it started.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use dsl::catalog::own::SHARES;
use dsl::value::Value;
use jiff::{SignedDuration, Timestamp};
use runtime::arrival::{Coming, Means};
use runtime::driver::Error as DriverError;
use runtime::listeners::Listener;
use store::Reader;
use store::calls::Budget;
use tokio::task::JoinHandle;
use tracing::error;

use super::Core;
use crate::connections::typed;
use crate::error::Error;

const BUDGET: &str = "keyway.budget";
const EXPIRED: &str = "keyway.connection_expired";
const DOWN: &str = "keyway.provider_down";

/// How often it looks.
const LOOK: Duration = Duration::from_secs(2);

/// How long it is remembered what was told: longer than a month lasts, and as long as a connection may lie dead.
const MONTH: Duration = Duration::from_secs(40 * 24 * 3600);
const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);

/// Whoever is left alone for less than this is only busy.
const WHILE: SignedDuration = SignedDuration::from_secs(30);

/// Tells events of the product until it is dropped.
pub(super) struct Herald {
    task: JoinHandle<()>,
}

impl Herald {
    /// Begins to look.
    pub fn open(core: &Arc<Core>) -> Herald {
        Herald { task: tokio::spawn(run(Arc::downgrade(core))) }
    }

    /// Tells nothing more; what is still to be told is told by whoever serves next.
    pub fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Herald {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn run(core: Weak<Core>) {
    let seen = Arc::new(Mutex::new(Seen::default()));
    loop {
        let Some(core) = core.upgrade() else { return };
        if core.has_listeners() {
            core.look_around(&seen).await;
        }
        drop(core);
        tokio::time::sleep(LOOK).await;
    }
}

/// What was seen at the last look.
#[derive(Default)]
struct Seen {
    reader: Option<Arc<Reader>>,
    /// Whose it is, the workflow, the text of a trigger, and the key of what it was told: nobody has to ask for it again.
    told: BTreeSet<Told>,
}

/// An owner, a workflow, the text of a trigger, a key.
type Told = (Arc<str>, Arc<str>, String, String);

/// Something that has happened.
struct Happening {
    key: String,
    keep: Duration,
    value: Value,
}

impl Core {
    fn has_listeners(&self) -> bool {
        [BUDGET, EXPIRED, DOWN].iter().any(|event| !self.driver.listeners().of_event(event).is_empty())
    }

    /// Looks at all that is listened for, and tells what is new.
    async fn look_around(self: &Arc<Core>, seen: &Arc<Mutex<Seen>>) {
        let (core, looked) = (self.clone(), seen.clone());
        // Reading may block.
        let found = tokio::task::spawn_blocking(move || core.found(&looked)).await;
        let comings = match found {
            Ok(Ok(comings)) => comings,
            Ok(Err(error)) => return cannot_be_read(&error),
            // A panic there has been reported by the panic hook.
            Err(_) => return,
        };
        // One by one by their owners: what cannot be recorded of one keeps nothing from the others.
        let mut of_owner: BTreeMap<Arc<str>, Vec<Coming>> = BTreeMap::new();
        for coming in comings {
            of_owner.entry(coming.listener.owner.clone()).or_default().push(coming);
        }
        for (owner, comings) in of_owner {
            let told: Vec<_> = comings.iter().map(told_of).collect();
            match self.driver.arrive(comings, None).await.unwrap_or(Err(DriverError::Stopped)) {
                // What a listener that was switched off meanwhile did not hear is told it when it is switched on again.
                Ok(came) if came.len() < told.len() => {}
                Ok(_) => seen.lock().unwrap_or_else(PoisonError::into_inner).told.extend(told),
                Err(DriverError::Stopped) => return,
                Err(error) => error!(%owner, %error, "an event cannot be recorded; it is told again"),
            }
        }
    }

    fn found(&self, seen: &Mutex<Seen>) -> Result<Vec<Coming>, Error> {
        let now = Timestamp::now();
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Seen { reader, told } = &mut *seen;
        if reader.is_none() {
            *reader = Some(self.desk.reader().map_err(DriverError::from)?);
        }
        let Some(reader) = reader else { return Ok(vec![]) };
        let mut comings = vec![];
        let mut of_owner: BTreeMap<(&str, Arc<str>), Vec<Happening>> = BTreeMap::new();
        // What happens now or cannot be looked at, which is remembered; the rest will not be told again.
        let (mut current, mut unread) = (BTreeSet::new(), BTreeSet::new());
        for event in [BUDGET, EXPIRED, DOWN] {
            for listener in self.driver.listeners().of_event(event) {
                let key = (event, listener.owner.clone());
                if !of_owner.contains_key(&key) {
                    let found = match event {
                        BUDGET => budgets(reader, &listener.owner, now),
                        EXPIRED => expired(reader, &listener.owner),
                        _ => Ok(self.down()),
                    };
                    let found = found.unwrap_or_else(|error| {
                        // What of one owner cannot be read keeps nothing from the others.
                        cannot_be_read(&error);
                        unread.insert(listener.owner.clone());
                        vec![]
                    });
                    of_owner.insert(key.clone(), found);
                }
                for happening in of_owner.get(&key).into_iter().flatten() {
                    let of = told_to(&listener, &happening.key);
                    current.insert(of.clone());
                    if told.contains(&of) {
                        continue;
                    }
                    match coming(&listener, event, happening, now) {
                        Ok(coming) => comings.extend(coming),
                        // It fails the same way at each look, and is said once.
                        Err(why) => {
                            error!(workflow = %listener.workflow, why, "an event starts no run");
                            told.insert(of);
                        }
                    }
                }
            }
        }
        told.retain(|of| current.contains(of) || unread.contains(&of.0));
        Ok(comings)
    }

    /// Providers and models that are left alone.
    fn down(&self) -> Vec<Happening> {
        let down = self.hands.models().down().into_iter();
        let down = down.filter(|down| down.until.duration_since(down.since) >= WHILE);
        let happening = |down: ai::health::Down| {
            let model = down.model.as_deref().unwrap_or_default();
            Happening {
                key: format!("{DOWN}\n{}\n{model}\n{}", down.provider, down.since),
                keep: MONTH,
                value: Value::object([
                    ("provider", Value::text(down.provider.as_str())),
                    ("model", or_null(model)),
                    ("since", Value::Time(down.since)),
                    ("until", Value::Time(down.until)),
                ]),
            }
        };
        down.map(happening).collect()
    }
}

fn told_of(coming: &Coming) -> Told {
    told_to(&coming.listener, &coming.key)
}

fn told_to(listener: &Listener, key: &str) -> Told {
    (listener.owner.clone(), listener.workflow.clone(), listener.text.clone(), key.to_owned())
}

fn cannot_be_read(error: &Error) {
    error!(error = crate::chain(error), "it cannot be read what is to be told");
}

/// The shares of an owner's budgets that are spent in this month.
fn budgets(reader: &Reader, owner: &str, now: Timestamp) -> Result<Vec<Happening>, Error> {
    let month = ai::ask::month(now);
    let name = now.strftime("%Y-%m").to_string();
    let mut found = vec![];
    for budget in reader.budgets(owner).map_err(DriverError::from)? {
        let spent = reader.settled(&budget, month).map_err(DriverError::from)?;
        let Budget { scope, name: of, most, .. } = &budget;
        for share in SHARES.into_iter().filter(|share| is_reached(spent, *most, *share)) {
            found.push(Happening {
                // A budget that is set anew is another one.
                key: format!("{BUDGET}\n{scope}\n{of}\n{most}\n{name}\n{share}"),
                keep: MONTH,
                value: Value::object([
                    ("scope", Value::text(scope.as_str())),
                    ("name", or_null(of)),
                    ("percent", Value::Int(share)),
                    ("spent", Value::Number(dollars(spent))),
                    ("most", Value::Number(dollars(*most))),
                    ("month", Value::text(name.as_str())),
                ]),
            });
        }
    }
    Ok(found)
}

/// True if so many percent of the most are spent. Where nothing may be spent nothing is told.
fn is_reached(spent: i64, most: i64, share: i64) -> bool {
    most > 0 && i128::from(spent) * 100 >= i128::from(most) * i128::from(share)
}

/// An amount as it is stored, in dollars.
fn dollars(units: i64) -> f64 {
    units as f64 / 1e12
}

/// The connections of an owner that somebody has to make again.
fn expired(reader: &Reader, owner: &str) -> Result<Vec<Happening>, Error> {
    let mut found = vec![];
    for row in reader.connections(owner).map_err(DriverError::from)? {
        if row.state != vault::RECONNECT {
            continue;
        }
        let sign_in = reader.sign_in(owner, &row.connector, &row.name).map_err(DriverError::from)?;
        let (version, why) = sign_in.map(|known| (known.version, known.why)).unwrap_or_default();
        found.push(Happening {
            // One that was made again and dies again has died twice.
            key: format!("{EXPIRED}\n{}\n{}\n{}\n{version}", row.connector, row.name, row.created),
            keep: YEAR,
            value: Value::object([
                ("connector", Value::text(row.connector.as_str())),
                ("connection", Value::text(row.name.as_str())),
                ("account", or_null(&row.label)),
                ("why", Value::text(why.as_str())),
                ("command", Value::text(typed(&row))),
            ]),
        });
    }
    Ok(found)
}

fn or_null(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { Value::text(text) }
}

/// Something that has happened, as it comes over a trigger; nothing where the trigger does not want it.
///
/// # Errors
/// Where its filter fails.
fn coming(
    listener: &Arc<Listener>,
    event: &str,
    happening: &Happening,
    now: Timestamp,
) -> Result<Option<Coming>, String> {
    let Happening { key, keep, value } = happening;
    let Value::Object(given) = listener.given() else { return Ok(None) };
    // Each parameter names what the field of the event must be.
    let fits = given.iter().all(|(name, wanted)| match (&**name, event) {
        ("workflow", BUDGET) => {
            value.get("scope").and_then(Value::as_text) == Some("workflow")
                && value.get("name") == Some(wanted)
        }
        (name, _) => wanted.is_null() || value.get(name) == Some(wanted),
    });
    if !fits || !listener.wants(value, now)? {
        return Ok(None);
    }
    let cause = Value::object([
        ("kind", Value::text("event")),
        ("at", Value::Time(now)),
        ("of", Value::text(event)),
        ("event", value.clone()),
    ]);
    let means = Means::Start(cause);
    Ok(Some(Coming { listener: listener.clone(), key: key.clone(), keep: *keep, means }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_reached_when_so_much_is_spent_and_not_a_unit_before() {
        for share in SHARES {
            assert!(is_reached(share * 7, 700, share));
            assert!(!is_reached(share * 7 - 1, 700, share));
        }
        assert!(!is_reached(0, 0, 50), "where nothing may be spent nothing is reached");
        assert!(is_reached(i64::MAX, i64::MAX, 100));
    }
}
