//! Calls under way.

use std::any::Any;
use std::collections::HashSet;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::task::{Context, Poll, Waker};

use dsl::catalog::{Failure, FailureKind, Safety};
use dsl::value::{Hash, MAX_DEPTH, Value, Values};
use engine::BIG;
use engine::command::Call;
use engine::run::{At, Attempt, RunId};
use engine::spent::Spent;
use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::Shares;
use super::fair::Lane;
use super::mover::Message;
use super::places::{Place, Places};
use crate::executor::{Came, Executor};

/// Makes calls and hands their answers on.
pub(super) struct Calls {
    executor: Arc<dyn Executor>,
    tokio: Handle,
    inbox: Sender<Message>,
    places: Places,
    last: u64,
    /// Actions that were not ready at once before: they go to the async runtime straight away.
    slow: HashSet<Arc<str>>,
}

/// A call under way, or one that waits for a place. Dropping it aborts it.
pub(super) struct Flight {
    /// Tells its answer from one of an earlier try to make the same call.
    pub token: u64,
    /// True if it changes nothing.
    pub reads: bool,
    /// Under which hash its answer is kept for later.
    pub keep: Option<Hash>,
    task: Option<AbortHandle>,
    _place: Option<Place>,
}

impl Drop for Flight {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// What came of a call.
pub(super) struct Answer<T = Value> {
    pub run: RunId,
    pub at: At,
    pub attempt: Attempt,
    pub token: u64,
    pub result: Result<T, Failure>,
    /// What it took, where models were asked.
    pub spent: Option<Spent>,
}

impl Calls {
    pub fn new(executor: Arc<dyn Executor>, tokio: Handle, inbox: Sender<Message>, shares: Shares) -> Calls {
        Calls { executor, tokio, inbox, places: Places::new(shares), last: 0, slow: HashSet::new() }
    }

    /// True if a call is made without waiting: it needs no place, or finds one.
    pub fn may_go(&self, lane: &Lane, action: &str) -> bool {
        !self.slow.contains(action) || self.places.has_room(lane)
    }

    /// The flight of a call that waits for a place.
    pub fn grounded(&mut self, call: &Call) -> Flight {
        let (token, reads) = (self.token(), call.safety == Safety::Read);
        Flight { token, reads, keep: None, task: None, _place: None }
    }

    /// True if a call of a workflow finds a place.
    pub fn has_room(&self, lane: &Lane) -> bool {
        self.places.has_room(lane)
    }

    fn token(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Makes a call. Where its answer is there at once it is given back; else it will arrive.
    pub fn make(
        &mut self,
        (run, lane): (&RunId, &Lane),
        mut call: Call,
        values: &dyn Values,
    ) -> (Flight, Option<Answer>) {
        let (token, reads) = (self.token(), call.safety == Safety::Read);
        let (at, attempt, action) = (call.at, call.attempt, call.action.clone());
        let answer = {
            let run = run.clone();
            move |Came { result, spent }| Answer { run, at, attempt, token, result, spent }
        };
        match call.args.load_all(values) {
            Some(args) => call.args = args,
            None => {
                let message = format!("a large value that `{action}` needs cannot be read");
                let failure = Failure { answered: true, ..Failure::new(FailureKind::NotFound, message) };
                let flight = Flight { token, reads, keep: None, task: None, _place: None };
                return (flight, Some(answer(Err(failure).into())));
            }
        }
        let keep = call.cache.map(|_| hash_of(&self.executor.owner(run), &call));
        let mut calling = self.calling(run.clone(), call);
        if !self.slow.contains(&action) {
            // A call that is ready needs neither a task nor a wake-up.
            let _inside = self.tokio.enter();
            match calling.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(came) => {
                    let flight = Flight { token, reads, keep, task: None, _place: None };
                    return (flight, Some(answer(came)));
                }
                Poll::Pending => self.slow.insert(action),
            };
        }
        let (inbox, place) = (self.inbox.clone(), self.places.enter(lane));
        let task = self.tokio.spawn(async move {
            let came = calling.await;
            // Where the driver has stopped, the call is made again after the next start, or is in doubt.
            let _ = inbox.send(Message::Returned(answer(came)));
        });
        (Flight { token, reads, keep, task: Some(task.abort_handle()), _place: Some(place) }, None)
    }

    /// Looks for the workflow that a step calls. What is found arrives.
    pub fn find(&mut self, run: &RunId, call: &Call, values: &dyn Values) -> Flight {
        let (token, at, attempt) = (self.token(), call.at, call.attempt);
        let (executor, inbox, run) = (self.executor.clone(), self.inbox.clone(), run.clone());
        let args = call.args.load_all(values);
        let task = self.tokio.spawn(async move {
            let args = args.unwrap_or_default();
            let workflow = args.get("workflow").map(Value::to_string).unwrap_or_default();
            let inputs = args.get("with").cloned().unwrap_or_default();
            let finding = AssertUnwindSafe(executor.find(&run, &workflow, &inputs)).catch_unwind().await;
            let found = finding.unwrap_or_else(|panic| Err(panicked("call", &*panic)));
            let _ =
                inbox.send(Message::Found(Answer { run, at, attempt, token, result: found, spent: None }));
        });
        Flight { token, reads: false, keep: None, task: Some(task.abort_handle()), _place: None }
    }

    /// The executor.
    pub fn executor(&self) -> &dyn Executor {
        &*self.executor
    }

    fn calling(&self, run: RunId, call: Call) -> Pin<Box<dyn Future<Output = Came> + Send>> {
        let executor = self.executor.clone();
        Box::pin(async move {
            let made = AssertUnwindSafe(async { executor.call(&run, &call).await }).catch_unwind().await;
            let came = made.unwrap_or_else(|panic| Err(panicked(&call.action, &*panic)).into());
            Came { result: came.result.and_then(|value| sealed(&call.action, value)), ..came }
        })
    }
}

/// What tells one call of an owner from another: its action and its parameters. What one owner was answered is no other's
/// to read.
pub(super) fn hash_of(owner: &str, call: &Call) -> Hash {
    let mut bytes = vec![];
    for name in [owner, &*call.action] {
        bytes.extend(name.as_bytes());
        bytes.push(0);
    }
    bytes.extend(call.args.stored());
    // What one account answers is not what another does.
    if let Some(connection) = &call.connection {
        bytes.push(0);
        bytes.extend(connection.as_bytes());
    }
    Hash::of(&bytes)
}

/// The value as the engine takes it: not too deep to be read again, and by reference where it is large.
fn sealed(action: &str, value: Value) -> Result<Value, Failure> {
    if value.depth() > MAX_DEPTH {
        let message = format!("what `{action}` gave nests deeper than {MAX_DEPTH}");
        return Err(Failure { answered: true, ..Failure::new(FailureKind::Limit, message) });
    }
    Ok(value.sealed(BIG))
}

fn panicked(action: &str, panic: &(dyn Any + Send)) -> Failure {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Failure::new(FailureKind::Server, format!("`{action}` broke off: {text}"))
}
