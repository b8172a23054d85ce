//! The process that owns a data directory: it moves the runs, and does so for others who ask.

mod asking;
pub mod callers;
pub mod deploy;
mod gathering;
pub(crate) mod hearing;
mod herald;
mod plans;
mod socket;
mod subscriber;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use dsl::value::Value;
use dsl::workflow::Workflow;
use engine::event::{Event, Recorded};
use engine::input::{Cancel, Input, Start};
use engine::plan::Plan;
use engine::run::{Hold, RunId};
use engine::view::Timeline;
use jiff::Timestamp;
use runtime::clean::{Cleaned, Keeping};
use runtime::clock::Wall;
use runtime::driver::{Driver, Error as DriverError, State};
use runtime::executor::Executor;
use runtime::journal::sqlite::Sqlite;
use runtime::listeners::Listener;
use runtime::local::{Local, Shares, Surroundings};
use runtime::poller::Poller;
use runtime::schedule::books::nanoseconds;
use runtime::timekeeper::{self, Keeper, Timekeeper};
use store::{Book, Change, Desk, Edit};
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc};
use tracing::{error, warn};
use vault::LOCAL;

use crate::connections::counted;
use crate::error::Error;
use crate::executor::Hands;
use crate::home::{Home, Lock};
use crate::live::{Ear, Piece};
use crate::metrics::{self, Metrics};
use crate::order::{Note, Order};
use crate::protocol::{Act, Hears, Polled, Reply, Request, Watched};
use crate::safe::Safe;
use crate::serve::{Reach, StandIn};
use crate::words::{self, Again, Word};
use asking::Services;
use hearing::Ears;
use herald::Herald;
use plans::Plans;
use socket::Listening;
use subscriber::Subscriber;

/// How long a commit waits for another process that writes.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// How long the content of a file stays whether or not anything refers to it: longer than any call lasts.
const LATELY: Duration = Duration::from_secs(24 * 3600);

/// What happens in a run; it ends when the run has.
pub struct Feed {
    rows: mpsc::UnboundedReceiver<Recorded>,
    ear: Option<Ear>,
}

impl Feed {
    /// The next row, or a piece of an answer; nothing once the run has ended. What came of an answer before a row comes
    /// before it here.
    pub async fn recv(&mut self) -> Option<News> {
        let Some(ear) = &mut self.ear else { return self.rows.recv().await.map(News::Row) };
        tokio::select! {
            biased;
            piece = ear.next() => Some(News::Piece(piece)),
            row = self.rows.recv() => row.map(News::Row),
        }
    }
}

/// What is told of a run.
#[derive(Debug)]
pub enum News {
    /// This was recorded.
    Row(Recorded),
    /// This much of an answer came.
    Piece(Piece),
}

/// The owner of a data directory.
pub struct Owner {
    core: Arc<Core>,
    listening: Option<Listening>,
    // Given back last, when nothing writes any more.
    _lock: Lock,
}

/// What moves the runs and writes down what is said about them.
pub(crate) struct Core {
    pub(crate) driver: Arc<Local>,
    pub(crate) desk: Arc<Desk>,
    /// Where schedules are kept here.
    timekeeper: OnceLock<Timekeeper>,
    /// Where services are asked from here.
    poller: OnceLock<Poller>,
    services: OnceLock<Services>,
    /// Where services are told addresses from here.
    subscriber: OnceLock<Subscriber>,
    /// Where events of the product itself are told from here.
    herald: OnceLock<Herald>,
    safe: Arc<Safe>,
    ears: Ears,
    /// Where the addresses begin that others call.
    base: OnceLock<String>,
    hands: Arc<Hands>,
    /// What is counted of all this.
    pub(crate) metrics: Arc<Metrics>,
    plans: Plans,
    guests: AtomicUsize,
    left: Notify,
}

impl Owner {
    /// Takes ownership and begins to listen. Nothing is resumed by itself.
    ///
    /// # Errors
    /// Where the database or the socket cannot be used.
    pub fn open(home: &Home, lock: Lock) -> Result<Owner, Error> {
        Owner::sharing(home, lock, Shares::default(), None)
    }

    /// The same, with limits of its own for what is under way at once, and perhaps something that stands in for what is called.
    ///
    /// # Errors
    /// As for `open`.
    pub fn sharing(
        home: &Home,
        lock: Lock,
        shares: Shares,
        stand_in: Option<StandIn>,
    ) -> Result<Owner, Error> {
        let desk = Arc::new(Desk::open(&home.database(), PATIENCE).map_err(DriverError::from)?);
        let safe = Arc::new(Safe::new(desk.clone(), home.clone()));
        let data = std::path::absolute(home.directory()).unwrap_or_else(|_| home.directory().to_owned());
        // Nobody waits for the calls of a process that died: they cost the most that they could.
        let lost = desk.make(Change::untold(vec![Edit::LoseCalls])).map_err(DriverError::from)?;
        if let Err(unfit) = lost {
            warn!(?unfit, "calls to models of an earlier process are still open in the ledger");
        }
        let meter = counted::meter(&desk).map_err(DriverError::from)?;
        let hands = Arc::new(Hands::new(data, safe.clone(), desk.clone(), meter));
        let executor: Arc<dyn Executor> = hands.clone();
        let executor = stand_in.map_or(executor.clone(), |stand_in| stand_in(executor));
        let metrics = Arc::new(Metrics::default());
        let executor = Arc::new(metrics::Metered::new(executor, metrics.clone()));
        let heard = metrics.clone();
        desk.on_change(move |change| heard.changed(change));
        let surroundings = Surroundings { executor, tokio: Handle::current(), clock: Arc::new(Wall) };
        let journal = Arc::new(Sqlite::over(desk.clone())?);
        let journal = Arc::new(metrics::Watched::new(journal, metrics.clone()));
        let driver = Arc::new(Local::sharing(journal, surroundings, shares));
        let listener = socket::listen(&home.socket())?;
        let (guests, left, plans) = (AtomicUsize::new(0), Notify::new(), Plans::default());
        let (timekeeper, poller, base) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        let core = Arc::new(Core {
            driver,
            desk,
            timekeeper,
            poller,
            services: OnceLock::new(),
            subscriber: OnceLock::new(),
            herald: OnceLock::new(),
            safe,
            ears: Ears::default(),
            base,
            hands,
            metrics,
            plans,
            guests,
            left,
        });
        let listening = Listening::open(listener, core.clone());
        let listening = Some(listening.map_err(|source| Error::Socket { path: home.socket(), source })?);
        Ok(Owner { core, listening, _lock: lock })
    }

    /// What other ways in share with the socket.
    pub(crate) fn core(&self) -> Arc<Core> {
        self.core.clone()
    }

    /// Does what is asked. To follow a run is another matter.
    ///
    /// # Errors
    /// Where it cannot be done; the error says why.
    pub fn handle(&self, request: &Request) -> Result<Reply, Error> {
        self.core.handle(request)
    }

    /// Tells what happens in a run after a row that is known already, and takes the run up where nobody does.
    ///
    /// # Errors
    /// Where there is no such run, or its log is damaged.
    pub fn follow(&self, run: &RunId, seen: u64, allow_private: bool, hears: Hears) -> Result<Feed, Error> {
        self.core.follow(run, seen, allow_private, hears)
    }

    /// Says where the addresses begin that others call.
    pub fn reached_at(&self, base: &str) {
        // It is said once for each owner.
        let _ = self.core.base.set(base.trim_end_matches('/').to_owned());
    }

    /// Takes up all runs that are not finished, and begins to keep schedules. Gives how many there are of both.
    ///
    /// # Errors
    /// Where something of that cannot be read.
    pub fn serve(&self, reach: Reach) -> Result<(usize, usize), Error> {
        let counted = self.core.serve(reach)?;
        let _ = self.core.subscriber.set(Subscriber::open(&self.core));
        let _ = self.core.herald.set(Herald::open(&self.core));
        Ok(counted)
    }

    /// Stops keeping schedules.
    pub fn stop_keeping(&self) {
        if let Some(timekeeper) = self.core.timekeeper.get() {
            timekeeper.stop();
        }
        if let Some(poller) = self.core.poller.get() {
            poller.stop();
        }
        if let Some(subscriber) = self.core.subscriber.get() {
            subscriber.stop();
        }
        if let Some(herald) = self.core.herald.get() {
            herald.stop();
        }
    }

    /// How many calls are under way.
    pub fn calls(&self) -> usize {
        self.core.driver.standing().map_or(0, |standing| standing.calls)
    }

    /// Since when nothing can be recorded, and why; nothing where all is well.
    pub fn trouble(&self) -> Option<(std::time::Instant, runtime::driver::Error)> {
        self.core.driver.trouble()
    }

    /// How many processes follow their runs here.
    pub fn guests(&self) -> usize {
        self.core.guests.load(Ordering::Acquire)
    }

    /// Waits until nobody else's run is followed here.
    pub async fn alone(&self) {
        loop {
            let left = self.core.left.notified();
            if self.guests() == 0 {
                return;
            }
            left.await;
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.listening.take();
        self.stop_keeping();
        self.core.driver.stop();
        self.core.hands.settled();
    }
}

impl Core {
    /// Where secrets lie.
    pub(crate) fn safe(&self) -> &Arc<Safe> {
        &self.safe
    }

    /// What carries calls out.
    pub(crate) fn hands(&self) -> &Hands {
        &self.hands
    }

    pub(crate) fn handle(&self, request: &Request) -> Result<Reply, Error> {
        match request {
            Request::Run(order) => self.start(order).map(Reply::Started),
            Request::Resume { run, allow_private } => {
                self.resume(run.as_ref(), *allow_private).map(Reply::Resumed)
            }
            Request::Cancel { run, allow_private } => self.cancel(run, *allow_private).map(|()| Reply::Done),
            Request::Say { run, word, allow_private } => {
                self.say(run, word, *allow_private).map(|()| Reply::Done)
            }
            Request::Signal(signal) => {
                self.driver.signal(signal.clone())?;
                Ok(Reply::Done)
            }
            Request::Again(wish) => self.again(wish).map(Reply::Started),
            Request::Clean { keeping, act } => {
                let now = Timestamp::now();
                Ok(Reply::Cleaned(match act {
                    Act::Do => {
                        self.forget(keeping, now)?;
                        let cleaned = self.driver.clean(keeping, now)?;
                        Cleaned { files: self.sweep()?, ..cleaned }
                    }
                    Act::Tell => self.driver.overdue(keeping, now)?,
                }))
            }
            Request::Deploy(wish) => self.deploy(wish).map(|outcome| Reply::Deployed(Box::new(outcome))),
            Request::Put { workflow, wish } => {
                self.put(workflow, wish).map(|outcome| Reply::Deployed(Box::new(outcome)))
            }
            Request::Addresses { workflow, trigger, act } => {
                self.addresses(workflow, trigger.as_deref(), *act).map(Reply::Addresses)
            }
            Request::Watch => Ok(Reply::Watched(self.watched())),
            Request::Await { .. } | Request::Follow { .. } => {
                Err(Error::Protocol("a run is waited for and followed over the socket alone".into()))
            }
        }
    }

    /// Removes the contents of files that nothing refers to any more. One that came lately may belong to a call whose
    /// answer no log has yet.
    fn sweep(&self) -> Result<usize, Error> {
        let contents = self.hands.contents();
        if contents.is_empty() {
            return Ok(0);
        }
        let before = SystemTime::now() - LATELY;
        let needed = self.driver.files()?;
        let swept = contents.sweep(&needed, before);
        let folder = |source| Error::Directory {
            path: contents.folder().map(Path::to_owned).unwrap_or_default(),
            source,
        };
        Ok(swept.map_err(folder)?.files)
    }

    fn serve(&self, reach: Reach) -> Result<(usize, usize), Error> {
        self.hands.open_to(reach);
        let (id, zone) = (LOCAL.to_owned(), crate::zone::own());
        let owner = timekeeper::Owner { id, zone };
        let read = crate::kept::deployed_all(self.kept()?)?;
        // Before any run is moved of which they may hear.
        for deployed in read.iter().filter_map(|(_, deployed)| deployed.as_ref()) {
            self.driver.listeners().set(&deployed.workflow, Listener::all(&owner, deployed));
        }
        let mut resumed = 0;
        for run in self.driver.unfinished()? {
            // One that is damaged keeps nobody from the others; it is found late.
            match self.ready(&run, reach == Reach::Private).and_then(|()| Ok(self.driver.resume(&run)?)) {
                Ok(()) => resumed += 1,
                Err(error) => error!(%run, error = crate::chain(&error), "a run cannot be taken up"),
            }
        }
        let clock = Arc::new(Wall);
        let reader = self.desk.reader().map_err(DriverError::from)?;
        let mut keeper = Keeper::new(owner, reader.clone(), self.driver.clone(), clock.clone());
        let mut deployed = vec![];
        for (workflow, read) in read {
            match read {
                Some(read) => deployed.push(read),
                None => keeper.cannot_keep(&workflow, "this version of the program takes its text no more"),
            }
        }
        keeper.add(deployed)?;
        let schedules = keeper.len();
        // It is asked once for each owner.
        let _ = self.timekeeper.set(Timekeeper::new(keeper, clock));
        let data = self.desk.path().parent().map(Path::to_owned).unwrap_or_default();
        let meter = self.hands.meter().of(LOCAL, "");
        let services = Services::new(data, self.safe.clone(), self.hands.way(reach).clone(), meter);
        let _ = self.services.set(services.clone());
        let listeners = self.driver.listeners().all();
        let poller = Poller::open(reader, self.driver.clone(), Arc::new(services), listeners)?;
        let _ = self.poller.set(poller);
        Ok((resumed, schedules))
    }

    fn watched(&self) -> Option<Watched> {
        let watch = self.timekeeper.get()?.watch();
        let looked = watch.looked.map(|time| time.to_string());
        let polled = |watch: runtime::poller::Watch| Polled {
            workflow: watch.workflow,
            trigger: watch.text,
            asked: watch.asked.map(|time| time.to_string()),
            next: watch.next.map(|time| time.to_string()),
        };
        let polls =
            self.poller.get().map(Poller::watch).unwrap_or_default().into_iter().map(polled).collect();
        Some(Watched { looked, late: watch.late, found: watch.found, trouble: watch.trouble, polls })
    }

    /// Removes what became of times long ago that started no run; of those that did it goes with the run.
    fn forget(&self, keeping: &Keeping, now: Timestamp) -> Result<(), Error> {
        let before = now.saturating_sub(keeping.younger_than).unwrap_or(Timestamp::MIN);
        let mut batch = store::Batch::default();
        batch.books.push(Book::Forget { owner: LOCAL.into(), before: nanoseconds(before) });
        Ok(self.desk.append(&batch).map_err(DriverError::from)?)
    }

    fn start(&self, order: &Order) -> Result<RunId, Error> {
        let (plan, start) = self.prepared(order)?;
        self.begin(plan, start, order.allow_private)
    }

    /// What a run follows and how it starts; it has its connectors from here on.
    fn prepared(&self, order: &Order) -> Result<(Arc<Plan>, Start), Error> {
        let plan = self.plans.of(&order.file, &order.text)?;
        let inputs = match &order.inputs {
            Value::Object(given) => dsl::inputs::inputs(plan.workflow(), given),
            other => Err(vec![format!("the inputs are a {}, not an object", other.type_name())]),
        };
        let inputs = inputs.map_err(Error::Inputs)?;
        let note = Note {
            file: order.file.clone(),
            files: order.files.clone(),
            version: order.version,
            owner: order.owner.clone(),
        };
        let run = order.run.clone();
        self.hands.equip(&run, &note, order.allow_private);
        let trigger = Value::object([("kind", Value::text("manual")), ("at", Value::Time(Timestamp::now()))]);
        let start = Start {
            note: note.to_value(),
            zone: Some(crate::zone::own()),
            ..Start::new(run, inputs, trigger)
        };
        Ok((plan, start))
    }

    fn begin(&self, plan: Arc<Plan>, start: Start, allow_private: bool) -> Result<RunId, Error> {
        let run = start.run.clone();
        let begun = self.driver.start(plan, start);
        self.begun(run, begun, allow_private)
    }

    fn begun(&self, run: RunId, begun: Result<(), DriverError>, allow_private: bool) -> Result<RunId, Error> {
        match begun {
            Ok(()) => {}
            // Asked for again by somebody who did not hear the answer.
            Err(DriverError::Exists(_)) => {
                self.resume(Some(&run), allow_private)?;
            }
            Err(error) => {
                self.hands.release(&run);
                return Err(error.into());
            }
        }
        Ok(run)
    }

    /// Starts a run that takes over from an earlier one.
    fn again(&self, wish: &Again) -> Result<RunId, Error> {
        let old = self.timeline(&wish.of)?;
        let before = old.state();
        let mut note = Note::of(&before.note).ok_or_else(|| Error::NoNote { run: wish.of.clone() })?;
        let plan = match &wish.workflow {
            None => (**old.plan()).clone(),
            Some((file, text)) => {
                note.file.clone_from(file);
                note.version = None;
                Plan::new(&checked(file, text)?)
            }
        };
        let (past, inputs) = words::again(&old, wish, &plan)?;
        let start = Start {
            note: note.to_value(),
            zone: before.zone.clone(),
            past: Some(Arc::new(past)),
            ..Start::new(wish.run.clone(), inputs, before.trigger.clone())
        };
        self.hands.equip(&wish.run, &note, wish.allow_private);
        self.begin(Arc::new(plan), start, wish.allow_private)
    }

    fn timeline(&self, run: &RunId) -> Result<Timeline, Error> {
        let history = self.driver.history(run)?;
        let mut timeline = Timeline::new(&*self.driver.plan(run)?);
        history.iter().for_each(|row| {
            timeline.apply(row);
        });
        Ok(timeline)
    }

    fn say(&self, run: &RunId, word: &Word, allow_private: bool) -> Result<(), Error> {
        let input = words::meaning(&self.timeline(run)?, word)?;
        self.ready(run, allow_private)?;
        Ok(self.driver.tell(run, input)?)
    }

    fn resume(&self, run: Option<&RunId>, allow_private: bool) -> Result<Vec<RunId>, Error> {
        let unfinished: Vec<RunId> = match run {
            Some(run) => vec![run.clone()],
            None => self.driver.unfinished()?,
        };
        for run in &unfinished {
            self.ready(run, allow_private)?;
            self.driver.resume(run)?;
        }
        // Who names a run wants it to go on, also after a pause.
        if let Some(run) = run {
            match self.driver.tell(run, Input::Release(Hold::Paused)) {
                Ok(()) | Err(DriverError::Stale(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(unfinished)
    }

    /// How a run has ended, once it has. One that nobody moves here any more goes on somewhere else.
    pub(crate) async fn end_of(&self, run: &RunId) -> Result<State, Error> {
        if self.hands.holds(run) {
            let end = self.driver.end_of(run);
            // Where it has ended in between, nobody tells.
            if self.hands.holds(run)
                && let Ok(state) = end.await
            {
                return Ok(state);
            }
        }
        Ok(self.driver.summary(run)?.state)
    }

    fn cancel(&self, run: &RunId, allow_private: bool) -> Result<(), Error> {
        self.ready(run, allow_private)?;
        Ok(self.driver.cancel(run, Cancel::Finally)?)
    }

    /// Gives a run that was started by an earlier process its connectors. Those it has are kept, unless it
    /// may do more from here on.
    fn ready(&self, run: &RunId, allow_private: bool) -> Result<(), Error> {
        if self.hands.holds(run) && !allow_private {
            return Ok(());
        }
        let log = self.driver.history(run)?;
        let note = match log.first().and_then(|row| row.events.first()) {
            Some(Event::RunStarted { note, .. }) => Note::of(note),
            _ => None,
        };
        let note = note.ok_or_else(|| Error::NoNote { run: run.clone() })?;
        // Somebody who asks about a run that has ended needs none.
        if self.driver.summary(run)?.state == State::Running {
            self.hands.equip(run, &note, allow_private);
        }
        Ok(())
    }

    pub(crate) fn follow(
        &self,
        run: &RunId,
        seen: u64,
        allow_private: bool,
        hears: Hears,
    ) -> Result<Feed, Error> {
        let ear = match hears {
            Hears::Rows => None,
            Hears::Answers => Some(self.hands.live.listen(run)),
        };
        // Who asks may have started it with an owner that has gone since; then nobody moves it.
        self.ready(run, allow_private)?;
        self.driver.resume(run)?;
        let mut news = self.driver.watch(run);
        let history = self.driver.history(run)?;
        let (out, rows) = mpsc::unbounded_channel();
        let mut last = seen;
        for row in history {
            if row.seq > last {
                last = row.seq;
                let _ = out.send(row);
            }
        }
        tokio::spawn(async move {
            while let Some(row) = news.recv().await {
                if row.seq > last && out.send(row).is_err() {
                    return;
                }
            }
        });
        Ok(Feed { rows, ear })
    }
}

/// A workflow without errors.
pub(crate) fn checked(file: &Path, text: &str) -> Result<Workflow, Error> {
    let checked = dsl::check(text, &crate::beside::catalog(file, text));
    checked.workflow.ok_or(Error::Workflow { file: file.display().to_string() })
}
