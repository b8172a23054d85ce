//! The thread that keeps schedules. It does the same thing always: it takes the instant up to which a schedule is
//! accounted for, decides, has the entries, the instant and the starts written in one commit, and waits.

mod keeper;
pub mod kept;
mod recipe;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tracing::{error, info};

use crate::clock::{Clock, NAP};
use crate::driver::Error;
pub use keeper::{Deployed, Keeper, Owner};
pub use recipe::Recipe;

/// How long it waits after something could not be recorded.
const RETRY: Duration = Duration::from_millis(500);

/// How often it is looked whether anything is late.
const ROUND: Duration = Duration::from_secs(60);

/// The thread that keeps schedules. Dropping it stops it.
pub struct Timekeeper {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    keeper: Mutex<Keeper>,
    bell: Mutex<Bell>,
    ring: Condvar,
    clock: Arc<dyn Clock>,
    watch: Mutex<Watch>,
    /// Whether starts wait for a run to end.
    waits: AtomicBool,
}

#[derive(Default)]
struct Bell {
    rung: bool,
    stop: bool,
}

/// What was found late.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// When it was looked last.
    pub looked: Option<Timestamp>,
    /// What was late then.
    pub late: Vec<String>,
    /// How many times something was found late since the thread began.
    pub found: u64,
    /// Why nothing can be kept just now.
    pub trouble: Option<String>,
}

impl Timekeeper {
    /// Begins to keep.
    pub fn new(keeper: Keeper, clock: Arc<dyn Clock>) -> Timekeeper {
        let driver = keeper.driver().clone();
        let shared = Arc::new(Shared {
            keeper: Mutex::new(keeper),
            bell: Mutex::default(),
            ring: Condvar::new(),
            clock,
            watch: Mutex::default(),
            waits: AtomicBool::new(true),
        });
        let bell = Arc::downgrade(&shared);
        shared.clock.on_jump(Box::new(move || bell.upgrade().iter().for_each(|shared| shared.ring())));
        let bell = Arc::downgrade(&shared);
        driver.on_end(move || {
            let shared = bell.upgrade().filter(|shared| shared.waits.load(Ordering::Relaxed));
            shared.iter().for_each(|shared| shared.ring());
        });
        let keeping = shared.clone();
        let thread = std::thread::Builder::new().name("schedules".into()).spawn(move || keeping.run());
        Timekeeper { shared, thread: Mutex::new(Some(thread.expect("the system gives a thread"))) }
    }

    /// Changes what is kept, once all that is due is decided. Meanwhile nothing else is.
    ///
    /// # Errors
    /// Where what is due cannot be recorded, or the change fails.
    pub fn change<T, E: From<Error>>(
        &self,
        change: impl FnOnce(&mut Keeper) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut keeper = lock(&self.shared.keeper);
        keeper.look()?;
        let changed = change(&mut keeper);
        drop(keeper);
        self.shared.ring();
        changed
    }

    /// What was found late when it was looked last.
    pub fn watch(&self) -> Watch {
        lock(&self.shared.watch).clone()
    }

    /// Stops keeping. What is due from here on is late for whoever keeps next.
    pub fn stop(&self) {
        if let Some(thread) = lock(&self.thread).take() {
            lock(&self.shared.bell).stop = true;
            self.shared.ring.notify_all();
            // A panic there has been reported by the panic hook.
            let _ = thread.join();
        }
    }
}

impl Drop for Timekeeper {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn run(&self) {
        let mut round = Instant::now();
        loop {
            let looked = self.look();
            let nap = match looked {
                Ok(wake) => {
                    self.relieved();
                    wake.map_or(NAP, |wake| self.until(wake))
                }
                Err(Error::Stopped) => return,
                Err(error) => {
                    self.troubled(&error);
                    RETRY
                }
            };
            if round.elapsed() >= ROUND {
                round = Instant::now();
                self.look_for_late();
            }
            let bell = lock(&self.bell);
            let waits = |bell: &mut Bell| !bell.rung && !bell.stop;
            let (mut bell, _) = self
                .ring
                .wait_timeout_while(bell, nap.min(NAP), waits)
                .unwrap_or_else(PoisonError::into_inner);
            if bell.stop {
                return;
            }
            bell.rung = false;
        }
    }

    fn look(&self) -> Result<Option<Timestamp>, Error> {
        let mut keeper = lock(&self.keeper);
        // A run that ends from here on rings, also where only this look lets a start wait for it.
        self.waits.store(true, Ordering::Relaxed);
        let looked = keeper.look();
        self.waits.store(keeper.waits_for_runs(), Ordering::Relaxed);
        looked
    }

    fn until(&self, wake: Timestamp) -> Duration {
        // Rounded up: who wakes a moment early would only wait again.
        let left = wake.duration_since(self.clock.now()) + SignedDuration::from_micros(1);
        Duration::try_from(left).unwrap_or(Duration::ZERO)
    }

    fn troubled(&self, error: &Error) {
        let mut watch = lock(&self.watch);
        let told = error.to_string();
        if watch.trouble.as_ref() != Some(&told) {
            error!(%error, "schedules cannot be kept, and it is tried again");
        }
        watch.trouble = Some(told);
    }

    fn relieved(&self) {
        if lock(&self.watch).trouble.take().is_some() {
            info!("schedules are kept again");
        }
    }

    fn look_for_late(&self) {
        let late = lock(&self.keeper).late();
        let late = late.unwrap_or_else(|error| vec![format!("it cannot be looked what is late: {error}")]);
        late.iter().for_each(|late| error!("late: {late}"));
        let mut watch = lock(&self.watch);
        watch.found += late.len() as u64;
        watch.late = late;
        watch.looked = Some(self.clock.now());
    }

    fn ring(&self) {
        lock(&self.bell).rung = true;
        self.ring.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
