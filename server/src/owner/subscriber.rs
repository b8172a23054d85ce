//! Services that have to be told an address: told when a workflow is enabled, reminded before they forget, and told that
//! nobody listens when it is disabled. What is to be done stands in the database, and is done again until it is.

use std::sync::{Arc, Weak};
use std::time::Duration;

use connectors::event::subscribe::{About, Hook, renewal};
use connectors::manifest::trigger::TriggerKind;
use dsl::catalog::{Failure, FailureKind};
use dsl::value::Value;
use jiff::{SignedDuration, Timestamp};
use runtime::driver::Error as DriverError;
use runtime::schedule::books::nanoseconds;
use secret::Secret;
use store::Book;
use store::subscriptions::Subscription as Row;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tracing::{error, warn};
use vault::LOCAL;

use super::Core;
use super::callers::declared;
use crate::hooks::{self, PATH};

/// How long it waits at most before it looks again.
const LOOK: Duration = Duration::from_secs(60);

/// The first pause after a failure, and the longest.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);
const LONGEST: SignedDuration = SignedDuration::from_hours(1);

/// Tells services addresses until it is dropped.
pub(super) struct Subscriber {
    bell: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Subscriber {
    /// Begins with what stands in the database.
    pub fn open(core: &Arc<Core>) -> Subscriber {
        let bell = Arc::new(Notify::new());
        let task = tokio::spawn(run(Arc::downgrade(core), bell.clone()));
        Subscriber { bell, task }
    }

    /// Has it look at once.
    pub fn ring(&self) {
        self.bell.notify_one();
    }

    /// Tells nobody anything more; what is to be done is done by whoever serves next.
    pub fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn run(core: Weak<Core>, bell: Arc<Notify>) {
    loop {
        let wait = match core.upgrade() {
            None => return,
            Some(core) => core.look_at_subscriptions().await,
        };
        tokio::select! {
            () = bell.notified() => {}
            () = tokio::time::sleep(wait.min(LOOK)) => {}
        }
    }
}

/// What is to be done about a subscription.
enum Deed {
    Subscribe,
    Renew(Value),
    TakeBack(Value),
    Forget,
}

impl Core {
    /// Does what is due, and tells how long to wait for the next.
    async fn look_at_subscriptions(self: &Arc<Core>) -> Duration {
        let rows = match self.kept().and_then(|kept| kept.subscriptions()) {
            Ok(rows) => rows,
            Err(error) => {
                error!(
                    error = crate::chain(&error),
                    "it cannot be read which services are to be told an address"
                );
                return LOOK;
            }
        };
        let mut next = LOOK;
        for row in rows {
            let now = nanoseconds(Timestamp::now());
            // A service that knows an address which begins elsewhere is told another.
            let moved = row.wanted && row.kept.is_some() && row.base != self.base();
            match row.due {
                None if !moved => {}
                Some(due) if due > now && !moved => {
                    next = next.min(Duration::from_nanos(u64::try_from(due - now).unwrap_or(0)));
                }
                _ => self.do_due(row).await,
            }
        }
        next
    }

    async fn do_due(self: &Arc<Core>, row: Row) {
        let deed = deed(&row, self.base());
        let done = self.done(&row, &deed).await;
        let book = match (done, deed) {
            (Ok(_), Deed::Forget | Deed::TakeBack(_)) if !row.wanted => {
                Book::Unsubscribed { of: [row.owner, row.workflow, row.text] }
            }
            // It was told an address that counts no more: now it is told the one that does.
            (Ok(_), Deed::Forget | Deed::TakeBack(_)) => {
                let due = Some(nanoseconds(Timestamp::now()));
                Book::Subscription(Row { kept: None, due, failures: 0, why: String::new(), ..row })
            }
            (Ok((kept, due)), Deed::Subscribe | Deed::Renew(_)) => Book::Subscription(Row {
                kept: Some(kept.to_json().to_string()),
                due: due.map(nanoseconds),
                base: self.base().to_owned(),
                failures: 0,
                why: String::new(),
                ..row
            }),
            (Err(failure), _) => {
                let failures = row.failures.saturating_add(1);
                warn!(
                    workflow = row.workflow,
                    trigger = row.text,
                    why = failure.message,
                    "a service cannot be told an address"
                );
                let due = Timestamp::now().saturating_add(pause(failures, failure.retry_after));
                let due = Some(nanoseconds(due.unwrap_or(Timestamp::MAX)));
                Book::Subscription(Row { failures, why: failure.message, due, ..row })
            }
        };
        let mut batch = store::Batch::default();
        batch.books.push(book);
        let desk = self.desk.clone();
        let written =
            tokio::task::spawn_blocking(move || desk.append(&batch).map_err(DriverError::from)).await;
        match written {
            Ok(Ok(())) => {}
            Ok(Err(error)) => error!(%error, "how a subscription stands cannot be recorded"),
            Err(_) => error!("how a subscription stands cannot be recorded: it broke off"),
        }
    }

    /// Does one thing; gives what is remembered, and when to do the next.
    async fn done(self: &Arc<Core>, row: &Row, deed: &Deed) -> Result<(Value, Option<Timestamp>), Failure> {
        let unknown =
            || Failure::new(FailureKind::NotFound, format!("the event `{}` is not known here", row.event));
        let (manifest, trigger) = declared(&row.event).ok_or_else(unknown)?;
        let TriggerKind::Subscription(subscription) = &trigger.kind else { return Err(unknown()) };
        let input = dsl::json::parse(&row.input).unwrap_or_default();
        let connection = Some(row.connection.as_str()).filter(|name| !name.is_empty());
        let about = About { manifest, trigger, subscription, input: &input, connection, base: None };
        let connectors = self.services.get().map(|services| services.connectors().clone());
        let stopped = || Failure::new(FailureKind::Refused, "nobody serves");
        let connectors = connectors.ok_or_else(stopped)?;
        let told = match deed {
            Deed::Forget => return Ok((Value::Null, None)),
            Deed::TakeBack(kept) => {
                connectors.unsubscribe(&about, kept).await?;
                return Ok((Value::Null, None));
            }
            Deed::Subscribe => connectors.subscribe(&about, &self.hook_of(row).await?).await?,
            Deed::Renew(kept) => connectors.renew(&about, kept, &self.hook_of(row).await?).await?,
        };
        // Before anything says that the service knows the address: its calls are held against this from then on.
        if let Some(secret) = told.secret {
            self.keep_answered(row, secret).await?;
        }
        let due = renewal(subscription, &told.kept);
        Ok((told.kept, due))
    }

    /// Keeps the secret that a service chose in its answer.
    async fn keep_answered(self: &Arc<Core>, row: &Row, secret: Secret) -> Result<(), Failure> {
        let (core, workflow, text) = (self.clone(), row.workflow.clone(), row.text.clone());
        let kept = tokio::task::spawn_blocking(move || {
            let vault = core.safe.vault()?;
            hooks::choose(&vault, "triggers", (&workflow, &text), &secret)?;
            core.ears.forget(hooks::seed(&vault, "triggers", &workflow, &text)?.hash());
            Ok(())
        });
        let unkept = |why: String| {
            Failure::new(FailureKind::Auth, format!("the secret that it chose cannot be kept: {why}"))
        };
        let kept = kept.await.map_err(|error| unkept(error.to_string()))?;
        kept.map_err(|error: crate::error::Error| unkept(crate::chain(&error)))
    }

    /// The address that a service is told, and the secret that goes with it.
    async fn hook_of(self: &Arc<Core>, row: &Row) -> Result<Hook, Failure> {
        let base = self.base().to_owned();
        let is_reached = base.starts_with("https://");
        if !is_reached {
            let why = "the service cannot call this machine: `keyway serve --public-url https://…` says where it is reached";
            return Err(Failure::new(FailureKind::Invalid, why));
        }
        let (core, workflow, text) = (self.clone(), row.workflow.clone(), row.text.clone());
        let sealed =
            |why: String| Failure::new(FailureKind::Auth, format!("the address cannot be opened: {why}"));
        let seed = tokio::task::spawn_blocking(move || {
            let vault = core.safe.vault()?;
            hooks::seed(&vault, "triggers", &workflow, &text)
        });
        let seed = seed.await.map_err(|error| sealed(error.to_string()))?;
        let seed = seed.map_err(|error: crate::error::Error| sealed(crate::chain(&error)))?;
        let url = Secret::new(format!("{base}{PATH}{}", seed.token().expose()));
        Ok(Hook { url, secret: seed.signing() })
    }

    /// What is written where these events are to be subscribed to for a workflow, and no others.
    pub(super) fn subscribed(
        &self,
        workflow: &str,
        wanted: &[(String, &dsl::workflow::Trigger)],
        now: Timestamp,
    ) -> Result<Vec<Book>, crate::error::Error> {
        let rows = self.kept()?.subscriptions()?;
        let mut rows: Vec<Row> = rows.into_iter().filter(|row| row.workflow == workflow).collect();
        let mut books = vec![];
        let due = Some(nanoseconds(now));
        for (text, trigger) in wanted {
            let dsl::workflow::Start::Event { event, connection, with, .. } = &trigger.start else {
                continue;
            };
            let at = rows.iter().position(|row| row.text == *text);
            match at.map(|at| rows.swap_remove(at)) {
                Some(row) if row.wanted => {}
                // It comes back before it was taken back.
                Some(row) => books.push(Book::Subscription(Row {
                    wanted: true,
                    due: due.filter(|_| row.kept.is_none()),
                    ..row
                })),
                None => books.push(Book::Subscription(Row {
                    owner: LOCAL.into(),
                    workflow: workflow.into(),
                    text: text.clone(),
                    event: event.clone(),
                    connection: connection.clone().unwrap_or_default(),
                    input: runtime::listeners::given(with).to_json().to_string(),
                    wanted: true,
                    base: String::new(),
                    kept: None,
                    due,
                    failures: 0,
                    why: String::new(),
                })),
            }
        }
        books.extend(rows.into_iter().filter(|row| row.wanted).map(|row| {
            Book::Subscription(Row { wanted: false, due, failures: 0, why: String::new(), ..row })
        }));
        Ok(books)
    }
}

fn deed(row: &Row, base: &str) -> Deed {
    let kept = row.kept.as_deref().map(|kept| dsl::json::parse(kept).unwrap_or_default());
    match (row.wanted, kept) {
        (true, None) => Deed::Subscribe,
        (true, Some(kept)) if row.base != base => Deed::TakeBack(kept),
        (true, Some(kept)) => Deed::Renew(kept),
        (false, Some(kept)) => Deed::TakeBack(kept),
        (false, None) => Deed::Forget,
    }
}

/// How long to wait after so many failures in a row.
fn pause(failures: i64, asked: Option<SignedDuration>) -> SignedDuration {
    let doubled = u32::try_from(failures.clamp(1, 16)).unwrap_or(16) - 1;
    let pause = PAUSE.checked_mul(1 << doubled).unwrap_or(LONGEST).min(LONGEST);
    pause.max(asked.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(wanted: bool, kept: Option<&str>, base: &str) -> Row {
        Row {
            owner: LOCAL.into(),
            workflow: "w".into(),
            text: "event github.push".into(),
            event: "github.push".into(),
            connection: String::new(),
            input: "{}".into(),
            wanted,
            base: base.into(),
            kept: kept.map(str::to_owned),
            due: Some(0),
            failures: 0,
            why: String::new(),
        }
    }

    #[test]
    fn what_is_to_be_done_follows_from_what_is_wanted_and_what_the_service_knows() {
        let here = "https://here.example";
        assert!(matches!(deed(&row(true, None, ""), here), Deed::Subscribe));
        assert!(matches!(deed(&row(true, Some("{}"), here), here), Deed::Renew(_)));
        assert!(matches!(deed(&row(true, Some("{}"), "https://gone.example"), here), Deed::TakeBack(_)));
        assert!(matches!(deed(&row(false, Some("{}"), here), here), Deed::TakeBack(_)));
        assert!(matches!(deed(&row(false, None, ""), here), Deed::Forget));
    }

    #[test]
    fn after_failures_the_pause_grows_to_an_hour() {
        let pauses: Vec<i64> = [1, 2, 3, 100].map(|times| pause(times, None).as_secs()).to_vec();
        assert_eq!(pauses, [10, 20, 40, 3600]);
        assert_eq!(pause(1, Some(SignedDuration::from_hours(2))), SignedDuration::from_hours(2));
    }
}
