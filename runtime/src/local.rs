//! The driver within one process: one thread moves all runs, over a journal in memory or in SQLite.

mod alarms;
mod calls;
mod clean;
mod fair;
mod mailbox;
mod mover;
mod names;
mod places;
mod rooms;
mod turn;
mod values;
mod watchers;

pub use clean::files;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use dsl::value::{Hash, Value, Values as _};
use engine::command::Emitted;
use engine::event::Recorded;
use engine::input::{Cancel, Input, Start};
use engine::plan::Plan;
use engine::run::RunId;
use store::arrivals::Poll;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::arrival::{Came, Coming};
use crate::clock::Clock;
use crate::driver::{Driver, Error, State, Summary};
use crate::executor::Executor;
use crate::journal::Journal;
use crate::journal::memory::Memory;
use crate::journal::sqlite::Sqlite;
use crate::listeners::Listeners;
use crate::timekeeper::kept::Kept;
pub(crate) use mover::caused;
use mover::{Message, Mover, Reply};
use values::Shelf;
use watchers::Watchers;

/// The driver within one process. Dropping it is `stop`.
pub struct Local {
    inbox: Sender<Message>,
    journal: Arc<dyn Journal>,
    values: Arc<Shelf>,
    watchers: Arc<Watchers>,
    listeners: Arc<Listeners>,
    thread: Mutex<Option<JoinHandle<()>>>,
    cleaning: Mutex<()>,
}

/// How the runs stand that a driver moves.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// The runs.
    pub runs: BTreeSet<RunId>,
    /// How many calls are under way.
    pub calls: usize,
    /// The runs of which something is due that nobody works on, and what.
    pub late: Vec<(RunId, String)>,
}

/// How much there is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Runs that are moved here.
    pub runs: usize,
    /// Inputs that nobody has decided yet: those in line, and those that are tried again after a commit that failed.
    pub inputs: usize,
    /// Calls that wait for a place.
    pub waiting: usize,
}

/// How the runs of one process share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// The most calls under way at once, of all runs.
    pub process: usize,
    /// The most of one owner.
    pub owner: usize,
    /// The most of one workflow.
    pub workflow: usize,
    /// Who comes next.
    pub turns: Turns,
}

/// Who comes next, where many wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turns {
    /// The owners in turn, and the workflows of each.
    Fair,
    /// Whoever came first.
    Arrival,
}

impl Default for Shares {
    fn default() -> Shares {
        Shares { process: 1024, owner: 512, workflow: 256, turns: Turns::Fair }
    }
}

/// What a driver needs from outside.
#[derive(Clone)]
pub struct Surroundings {
    /// Carries out the calls.
    pub executor: Arc<dyn Executor>,
    /// Where calls run that are not ready at once.
    pub tokio: Handle,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl Local {
    /// Makes a driver that keeps runs in memory.
    pub fn in_memory(surroundings: Surroundings) -> Local {
        Local::over(Arc::new(Memory::default()), surroundings)
    }

    /// Makes a driver that keeps runs in a SQLite file, which is made if there is none. The caller sees to
    /// it that no other process moves the runs of that file.
    ///
    /// # Errors
    /// Where the file cannot be used; the error says why and what to do.
    pub fn on_sqlite(path: &Path, surroundings: Surroundings) -> Result<Local, Error> {
        Ok(Local::over(Arc::new(Sqlite::open(path)?), surroundings))
    }

    /// Makes a driver over any journal.
    pub fn over(journal: Arc<dyn Journal>, surroundings: Surroundings) -> Local {
        Local::sharing(journal, surroundings, Shares::default())
    }

    /// Makes a driver over any journal whose runs share the process in this way.
    pub fn sharing(journal: Arc<dyn Journal>, surroundings: Surroundings, shares: Shares) -> Local {
        let (inbox, arrivals) = channel();
        let values = Arc::new(Shelf::new(journal.clone()));
        let watchers = Arc::new(Watchers::default());
        let listeners = Arc::new(Listeners::default());
        let wake = Mutex::new(inbox.clone());
        surroundings.clock.on_jump(Box::new(move || {
            // Where the driver has stopped there is nobody to wake.
            let _ = wake.lock().unwrap_or_else(PoisonError::into_inner).send(Message::Jumped);
        }));
        let mover = Mover::new(
            (inbox.clone(), arrivals),
            journal.clone(),
            (values.clone(), listeners.clone()),
            watchers.clone(),
            surroundings,
            shares,
        );
        let thread = std::thread::Builder::new().name("runs".into()).spawn(move || mover.run());
        let thread = Mutex::new(Some(thread.expect("the system gives a thread")));
        Local { inbox, journal, values, watchers, listeners, thread, cleaning: Mutex::default() }
    }

    /// Starts a run and does not wait: the answer comes once its start is committed.
    pub fn begin(&self, plan: Arc<Plan>, start: Start) -> oneshot::Receiver<Result<(), Error>> {
        let (answer, answered) = oneshot::channel();
        // A caller that has gone away needs no answer.
        let reply: Reply = Box::new(move |result| drop(answer.send(result)));
        self.send(Message::Start { plan, start, reply });
        answered
    }

    /// Keeps what a schedule has decided, and does not wait: the answer comes once it is committed.
    pub fn keep(&self, kept: Kept) -> impl FnOnce() -> Result<(), Error> + use<> {
        let (reply, answer) = answer();
        self.send(Message::Keep { kept: Box::new(kept), reply });
        answer
    }

    /// Takes in what has come from outside, and does not wait: what became of each is told once it is committed, with how far
    /// a service was asked.
    pub fn arrive(
        &self,
        comings: Vec<Coming>,
        poll: Option<Poll>,
    ) -> oneshot::Receiver<Result<Vec<Came>, Error>> {
        let (answer, answered) = oneshot::channel();
        self.send(Message::Arrive { comings, poll, answer });
        answered
    }

    /// The triggers that wait for something from outside.
    pub fn listeners(&self) -> &Listeners {
        &self.listeners
    }

    /// Tells how a run ends, once its end is committed. Nothing is told where the driver stops before that, does not move the
    /// run any more, or has never moved it.
    pub fn end_of(&self, run: &RunId) -> oneshot::Receiver<State> {
        self.watchers.add_end(run)
    }

    /// Has this called from here on, on the thread that moves the runs, whenever some have ended. Only the first who asks
    /// is called.
    pub fn on_end(&self, told: impl Fn() + Send + Sync + 'static) {
        self.watchers.on_end(Box::new(told));
    }

    /// How the runs stand that are moved here.
    ///
    /// # Errors
    /// Where the driver has stopped.
    pub fn standing(&self) -> Result<Standing, Error> {
        let (reply, standing) = sync_channel(1);
        self.send(Message::Standing { reply });
        standing.recv().map_err(|_| Error::Stopped)
    }

    /// How much there is to do, if that is told within a time.
    ///
    /// # Errors
    /// Where the driver has stopped, or takes longer.
    pub fn load(&self, within: Duration) -> Result<Load, Error> {
        let (reply, load) = sync_channel(1);
        self.send(Message::Load { reply });
        load.recv_timeout(within).map_err(|_| Error::Stopped)
    }

    /// Whether the thread that moves the runs answers within a time.
    pub fn answers(&self, within: Duration) -> bool {
        let (reply, answer) = sync_channel(1);
        self.send(Message::Ping { reply });
        answer.recv_timeout(within).is_ok()
    }

    /// Since when nothing can be read or committed, and why; nothing where all is well. It is tried again and again.
    pub fn trouble(&self) -> Option<(Instant, Error)> {
        self.watchers.troubled()
    }

    /// Resumes every run that has not ended; says how many there are and which could not be taken up.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn resume_all(&self) -> Result<(usize, Vec<Error>), Error> {
        let open = self.journal.unfinished()?;
        let asked: Vec<_> = open
            .iter()
            .map(|run| {
                let (reply, answer) = answer();
                self.send(Message::Resume { run: run.clone(), reply });
                answer
            })
            .collect();
        let failed = asked.into_iter().filter_map(|answer| answer().err()).collect();
        // Only now is it known which of them are under way, and which wait for room.
        self.send(Message::Admit);
        Ok((open.len(), failed))
    }

    /// Stops moving runs: what has been decided is committed, calls under way are given up, and watchers'
    /// channels end. It returns when the thread has ended; a second time it does nothing.
    pub fn stop(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            self.send(Message::Stop);
            // A panic there has been reported by the panic hook, and there is nothing left to tidy up.
            let _ = thread.join();
        }
    }

    fn send(&self, message: Message) {
        // Where the thread is gone, the message and its reply are dropped, which the caller sees.
        let _ = self.inbox.send(message);
    }

    fn ask(&self, message: impl FnOnce(Reply) -> Message) -> Result<(), Error> {
        let (reply, answer) = answer();
        self.send(message(reply));
        answer()
    }
}

/// A reply and the wait for it. Where nobody will reply any more, the driver has stopped.
fn answer() -> (Reply, impl FnOnce() -> Result<(), Error>) {
    let (sender, receiver) = sync_channel(1);
    let reply: Reply = Box::new(move |result| drop(sender.send(result)));
    (reply, move || receiver.recv().unwrap_or(Err(Error::Stopped)))
}

impl Drop for Local {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Driver for Local {
    fn start(&self, plan: Arc<Plan>, start: Start) -> Result<(), Error> {
        self.ask(|reply| Message::Start { plan, start, reply })
    }

    fn cancel(&self, run: &RunId, how: Cancel) -> Result<(), Error> {
        self.ask(|reply| Message::Cancel { run: run.clone(), how, reply })
    }

    fn tell(&self, run: &RunId, input: Input) -> Result<(), Error> {
        self.ask(|reply| Message::Tell { run: run.clone(), input, reply })
    }

    fn signal(&self, signal: Emitted) -> Result<(), Error> {
        self.ask(|reply| Message::Signal { signal, reply })
    }

    fn resume(&self, run: &RunId) -> Result<(), Error> {
        self.ask(|reply| Message::Resume { run: run.clone(), reply })?;
        self.send(Message::Admit);
        Ok(())
    }

    fn history(&self, run: &RunId) -> Result<Vec<Recorded>, Error> {
        let log = self.journal.log(run, 0)?;
        if log.is_empty() { Err(Error::NoRun(run.clone())) } else { Ok(log) }
    }

    fn plan(&self, run: &RunId) -> Result<Arc<Plan>, Error> {
        let (_, digest) = self.journal.run(run)?.ok_or_else(|| Error::NoRun(run.clone()))?;
        mover::plan_of(&*self.journal, run, &digest).map(Arc::new)
    }

    fn unfinished(&self) -> Result<Vec<RunId>, Error> {
        self.journal.unfinished()
    }

    fn summary(&self, run: &RunId) -> Result<Summary, Error> {
        let (summary, _) = self.journal.run(run)?.ok_or_else(|| Error::NoRun(run.clone()))?;
        Ok(summary)
    }

    fn list(&self) -> Result<Vec<Summary>, Error> {
        self.journal.runs()
    }

    fn watch(&self, run: &RunId) -> mpsc::UnboundedReceiver<Recorded> {
        // Listening first: a run that ends in between is seen here as ended.
        let receiver = self.watchers.add(run);
        if let Ok(Some((summary, _))) = self.journal.run(run)
            && summary.state != State::Running
        {
            self.watchers.close(run);
        }
        receiver
    }

    fn value(&self, hash: &Hash) -> Option<Value> {
        self.values.get(hash)
    }
}
