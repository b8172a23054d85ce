//! What comes from outside: it is remembered in the commit in which its run begins.

use dsl::value::Value;
use dsl::workflow::Start as When;
use engine::cause;
use engine::input::Start;
use engine::run::{RunId, Status};
use jiff::Timestamp;
use store::Book;
use store::arrivals::{Arrival, Poll};
use tokio::sync::oneshot;
use tracing::error;

use super::{Mover, Reply, Tracked};
use crate::arrival::{Came, Coming, KEEP, Means, NoValues};
use crate::driver::Error;
use crate::journal::Mail;
use crate::schedule::books::nanoseconds;

/// What became of all that came.
pub(crate) type Answered = oneshot::Sender<Result<Vec<Came>, Error>>;

/// The events of the product itself: a run has failed, and one has succeeded.
const FAILED: &str = "keyway.run_failed";
const SUCCEEDED: &str = "keyway.run_succeeded";

/// What a run is told that an event of the product itself has started.
const OWN: &str = "keyway.";

impl Mover {
    /// Takes in what has come, and with it how far a service was asked. Where something cannot be read, what came before it
    /// counts, and the service is asked again.
    pub(super) fn arrive(&mut self, comings: Vec<Coming>, poll: Option<Poll>, answer: Answered) {
        let mut came = vec![];
        let mut told = Ok(());
        // What was under way when its workflow was disabled starts nothing.
        let in_force = |workflow: &str, text: &str| self.listeners.find(workflow, text).is_some();
        let poll = poll.filter(|poll| in_force(&poll.workflow, &poll.text));
        let comings: Vec<Coming> = comings
            .into_iter()
            .filter(|coming| in_force(&coming.listener.workflow, &coming.listener.text))
            .collect();
        for coming in comings {
            match self.take_in(&coming) {
                Ok(became) => came.push(became),
                Err(error) => {
                    told = Err(error);
                    break;
                }
            }
        }
        if told.is_ok() {
            self.turn.batch.books.extend(poll.map(Book::Poll));
        }
        // Whoever asked may have gone.
        let reply: Reply = Box::new(move |result| drop(answer.send(result.map(|()| came))));
        self.turn.answer(reply, told);
    }

    fn take_in(&mut self, coming: &Coming) -> Result<Came, Error> {
        let now = self.clock.now();
        if let Some(known) = self.known(coming)? {
            return Ok(self.again(coming, known, now));
        }
        let came = match &coming.means {
            Means::Nothing => Came::Noted,
            Means::Start(cause) => self.begin_coming(coming, cause, now)?,
        };
        self.turn.batch.books.push(Book::Arrival(coming.row(now, &came)));
        Ok(came)
    }

    /// What became of it where it has come before, be it in this turn.
    fn known(&self, coming: &Coming) -> Result<Option<Arrival>, Error> {
        let (of, key) = (coming.listener.of(), coming.digest());
        let same = |row: &&Arrival| row.key == key && [&row.owner, &row.workflow, &row.text] == of;
        let rows = self.turn.batch.books.iter().filter_map(|book| match book {
            Book::Arrival(row) => Some(row),
            _ => None,
        });
        match rows.into_iter().find(same) {
            Some(row) => Ok(Some(row.clone())),
            None => self.journal.arrival(of, &key),
        }
    }

    fn again(&mut self, coming: &Coming, known: Arrival, now: Timestamp) -> Came {
        // What still comes is remembered on, and that is written now and then.
        let until = coming.until(now);
        if until.saturating_sub(known.until) > until.saturating_sub(nanoseconds(now)) / 2 {
            let of = coming.listener.of().map(str::to_owned);
            self.turn.batch.books.push(Book::Remember { of, key: known.key, until });
        }
        let run = known.run.map(|run| RunId(run.into()));
        // Its start may have been reported as failed, and was none.
        if let Some(run) = run.as_ref().filter(|run| !self.runs.contains_key(run))
            && let Err(error) = self.track(run)
        {
            error!(%run, %error, "a run that was started from outside cannot be taken up");
        }
        Came::Before(run)
    }

    fn begin_coming(&mut self, coming: &Coming, cause: &Value, now: Timestamp) -> Result<Came, Error> {
        let listener = &coming.listener;
        let plan = match listener.recipe.plan() {
            Ok(plan) => plan,
            Err(why) => return Ok(Came::Refused(why)),
        };
        let inputs = match cause::inputs(&plan, &listener.trigger, cause, &NoValues, now) {
            Ok(inputs) => inputs,
            Err(failure) => {
                let why = format!("the inputs that the trigger gives are wrong: {}", failure.message);
                return Ok(Came::Refused(why));
            }
        };
        let run = coming.run(now);
        self.calls.executor().equip(&run, &listener.note);
        let (note, zone) = (listener.note.clone(), Some(listener.zone.clone()));
        let start = Start { note, zone, ..Start::new(run.clone(), inputs, cause.clone()) };
        match self.start(plan, start) {
            Ok(()) => Ok(Came::Started(run)),
            Err(error) => {
                self.calls.executor().release(&run);
                match error {
                    Error::Full(_) | Error::Refused(_) => Ok(Came::Refused(error.to_string())),
                    other => Err(other),
                }
            }
        }
    }

    /// Tells whoever waits for it that a run has ended, in the commit in which it does. A run that another one called tells
    /// that one; a run that was started in this way tells nobody, so that nothing goes in circles.
    pub(super) fn tell_of_end(&mut self, run: &RunId) {
        let Some(Tracked { plan, lane, state: Some(state), .. }) = self.runs.get(run) else { return };
        let (id, last) = match &state.status {
            Status::Failed(failure) => (FAILED, ("error", failure.to_value())),
            Status::Succeeded(output) => (SUCCEEDED, ("output", output.clone())),
            Status::New | Status::Running | Status::Cancelled => return,
        };
        let listeners = self.listeners.of_event(id);
        let of = state.trigger.get("of").and_then(Value::as_text).unwrap_or_default();
        if listeners.is_empty() || state.parent.is_some() || of.starts_with(OWN) {
            return;
        }
        let now = self.clock.now();
        let (workflow, owner) = (plan.name.clone(), lane.owner.clone());
        let event = Value::object([
            ("run", Value::Text(run.0.clone())),
            ("workflow", Value::text(workflow.as_str())),
            ("started", state.started.map_or(Value::Null, Value::Time)),
            ("ended", Value::Time(now)),
            last,
        ]);
        for listener in listeners {
            let only = listener.given().get("workflow").cloned().unwrap_or_default();
            if listener.owner != owner
                || *listener.workflow == *workflow
                || only.as_text().is_some_and(|only| *only != *workflow)
            {
                continue;
            }
            let means = match listener.wants(&event, now) {
                Ok(true) => Means::Start(caused(&listener.trigger.start, now, event.clone())),
                Ok(false) => continue,
                Err(why) => {
                    error!(workflow = %listener.workflow, why, "an event starts no run");
                    continue;
                }
            };
            self.hear(Coming { listener, key: run.to_string(), keep: KEEP, means });
        }
    }

    /// Starts a run for each trigger that waits for a signal, in the commit that keeps it. A signal that has started a run
    /// is kept for a step only where one listens.
    pub(super) fn tell_of_signals(&mut self, from: usize) {
        let raised: Vec<Mail> = self.turn.batch.mail.get(from..).unwrap_or_default().to_vec();
        for mail in raised.into_iter().filter(|mail| mail.signal.to.is_none()) {
            let signal = &mail.signal;
            let listeners = self.listeners.of_signal(&signal.name);
            let mut heard = false;
            for listener in listeners {
                let cause = caused(&listener.trigger.start, self.clock.now(), signal.value.clone());
                let (key, means) = (signal.id.to_string(), Means::Start(cause));
                heard |= self.hear(Coming { listener, key, keep: KEEP, means });
            }
            if heard && !self.mailbox.is_listened_for(&signal.name) {
                self.turn.batch.mail.retain(|kept| kept.signal.id != signal.id);
            }
        }
    }

    /// True if it came to somebody.
    fn hear(&mut self, coming: Coming) -> bool {
        self.turn.urgent = true;
        match self.take_in(&coming) {
            Ok(_) => true,
            Err(error) => {
                error!(workflow = %coming.listener.workflow, %error, "a trigger cannot start a run");
                false
            }
        }
    }
}

/// What a run is told of what has started it.
pub(crate) fn caused(start: &When, now: Timestamp, value: Value) -> Value {
    let at = ("at", Value::Time(now));
    match start {
        When::Signal { .. } => Value::object([("kind", Value::text("signal")), at, ("signal", value)]),
        When::Event { event, .. } => Value::object([
            ("kind", Value::text("event")),
            at,
            ("of", Value::text(event.as_str())),
            ("event", value),
        ]),
        When::At { .. } | When::Cron { .. } | When::Every { .. } | When::Webhook { .. } => {
            Value::object([("kind", Value::text("webhook")), at])
        }
    }
}
