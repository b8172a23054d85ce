//! The one writer of a file, shared within a process. Who gets it takes along what others have laid down, so
//! that many small changes share a commit.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_channel::oneshot;

use crate::{Batch, Change, Error, Pragmas, Reader, Unfit, Writer};

/// The most changes that share a transaction.
const MOST: usize = 256;

/// How long a reader waits where SQLite must lock.
const READS: Duration = Duration::from_secs(5);

/// The one writer of a file, shared within a process. Dropping it waits for what was posted.
pub struct Desk {
    room: Arc<Room>,
    reader: OnceLock<Arc<Reader>>,
    clerk: OnceLock<JoinHandle<()>>,
}

/// What those who write share.
struct Room {
    writer: Mutex<Writer>,
    tray: Mutex<Tray>,
    /// Something was posted, or all of that was answered, or the desk is closed.
    ring: Condvar,
    path: PathBuf,
    /// Told of each change that is on disk.
    heard: OnceLock<Heard>,
}

/// Who is told of changes that are on disk.
type Heard = Box<dyn Fn(&Change) + Send + Sync>;

/// What waits to be written.
#[derive(Default)]
struct Tray {
    papers: Vec<Arc<Paper>>,
    /// How many were posted and not answered.
    posted: usize,
    closed: bool,
}

/// A change that was laid down, and what became of it.
struct Paper {
    change: Change,
    reply: Reply,
}

/// How whoever laid a change down is told what became of it.
enum Reply {
    /// They wait for the writer, and find it here.
    Here(Mutex<Option<Outcome>>),
    /// They may have gone away.
    Post(Mutex<Option<oneshot::Sender<Outcome>>>),
}

/// What became of a change: it was made, it did not fit, or the file cannot be written.
type Outcome = Result<Result<(), Unfit>, Error>;

impl Desk {
    /// Opens a file, or makes it, and brings its tables up to date. Other writers are waited for as long
    /// as `patience`.
    ///
    /// # Errors
    /// Where the file is none of ours, damaged, too new, in use, or cannot be written.
    pub fn open(path: &Path, patience: Duration) -> Result<Desk, Error> {
        let writer = Mutex::new(Writer::open(path, patience)?);
        let (ring, heard) = (Condvar::new(), OnceLock::new());
        let room = Room { writer, tray: Mutex::default(), ring, path: path.to_owned(), heard };
        Ok(Desk { room: Arc::new(room), reader: OnceLock::new(), clerk: OnceLock::new() })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.room.path
    }

    /// What reads the file beside the writer, shared by all who ask for it here: connections hold memory each.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn reader(&self) -> Result<Arc<Reader>, Error> {
        match self.reader.get() {
            Some(reader) => Ok(reader.clone()),
            None => {
                let opened = Arc::new(Reader::open(self.path(), READS)?);
                Ok(self.reader.get_or_init(|| opened).clone())
            }
        }
    }

    /// Writes a batch of runs, and with it the changes that lie here. When this returns without an error,
    /// the batch is on disk; with an error, nothing of it is.
    ///
    /// # Errors
    /// Where somebody else wrote one of its rows, or the file cannot be written.
    pub fn append(&self, batch: &Batch) -> Result<(), Error> {
        let mut writer = self.room.writer();
        let papers = self.room.take();
        if papers.is_empty() {
            return writer.append(batch);
        }
        let result = writer.write(Some(batch), &changes(&papers));
        match result {
            Ok(outcomes) => {
                self.room.settle(&papers, outcomes);
                Ok(())
            }
            // It may be the batch's fault: the changes get a transaction of their own.
            Err(error) => {
                self.room.write(&mut writer, &papers);
                Err(error)
            }
        }
    }

    /// Makes a change. When this returns `Ok(Ok(()))`, it is on disk. It may share a transaction with
    /// others, and does not share their fate. It blocks until a commit has ended.
    ///
    /// # Errors
    /// Where the file cannot be written. A change that does not fit what stands there is `Ok(Err(…))`.
    pub fn make(&self, change: Change) -> Outcome {
        let here = Arc::new(Paper { change, reply: Reply::Here(Mutex::new(None)) });
        self.room.tray().papers.push(here.clone());
        loop {
            let mut writer = self.room.writer();
            // Somebody who had the writer before took it along.
            if let Some(outcome) = here.outcome() {
                return outcome;
            }
            self.room.write(&mut writer, &self.room.take());
        }
    }

    /// As `make`, without a thread that waits. The change is made also where nobody waits for what became of it.
    ///
    /// # Errors
    /// As for `make`.
    pub fn post(&self, change: Change) -> impl Future<Output = Outcome> + use<> {
        let (tell, told) = oneshot::channel();
        let mut tray = self.room.tray();
        if !tray.closed {
            tray.papers.push(Arc::new(Paper { change, reply: Reply::Post(Mutex::new(Some(tell))) }));
            tray.posted += 1;
        }
        drop(tray);
        self.clerk.get_or_init(|| {
            let room = self.room.clone();
            let clerk = std::thread::Builder::new().name("clerk".into()).spawn(move || room.attend());
            clerk.expect("the system gives a thread")
        });
        self.room.ring.notify_all();
        let path = self.room.path.clone();
        async move {
            let detail = "its writer broke off".to_owned();
            told.await.unwrap_or(Err(Error::CannotWrite { path, detail }))
        }
    }

    /// Waits until all that was posted is written, and no longer than this.
    pub fn flush(&self, most: Duration) {
        let waiting = |tray: &mut Tray| tray.posted > 0;
        drop(self.room.ring.wait_timeout_while(self.room.tray(), most, waiting));
    }

    /// Has this called from here on with each change that was made here, once it is on disk. Whoever is told must neither
    /// block nor write. Only the first who asks is told.
    pub fn on_change(&self, told: impl Fn(&Change) + Send + Sync + 'static) {
        let _ = self.room.heard.set(Box::new(told));
    }

    /// How many transactions it has written since it was opened.
    pub fn commits(&self) -> u64 {
        self.room.writer().commits()
    }

    /// Reads the settings back.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn pragmas(&self) -> Result<Pragmas, Error> {
        self.room.writer().pragmas()
    }

    /// Takes what was removed out of the file and its log, as far as this file goes.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn scrub(&self) -> Result<(), Error> {
        self.room.writer().scrub()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.room.tray().closed = true;
        self.room.ring.notify_all();
        if let Some(clerk) = self.clerk.take() {
            // A panic there has been reported by the panic hook.
            let _ = clerk.join();
        }
        // Whoever closes the file last empties its log into it, and readers may not. Where some are left, it is done before.
        if self.reader.take().is_some_and(|reader| Arc::into_inner(reader).is_none()) {
            // Where that fails, the log stays beside its file, as after a crash, and is read from there.
            let _ = self.room.writer().scrub();
        }
    }
}

impl Room {
    /// Writes what is posted until the desk is closed.
    fn attend(&self) {
        let _leaving = Leaving(self);
        loop {
            let nothing = |tray: &mut Tray| tray.papers.is_empty() && !tray.closed;
            let tray = self.ring.wait_while(self.tray(), nothing).unwrap_or_else(PoisonError::into_inner);
            if tray.papers.is_empty() {
                return;
            }
            drop(tray);
            let mut writer = self.writer();
            // What came while somebody else wrote comes along.
            self.write(&mut writer, &self.take());
        }
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tray(&self) -> MutexGuard<'_, Tray> {
        self.tray.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<Arc<Paper>> {
        let mut tray = self.tray();
        let most = tray.papers.len().min(MOST);
        tray.papers.drain(..most).collect()
    }

    /// Writes changes together; where that fails, each is told why.
    fn write(&self, writer: &mut Writer, papers: &[Arc<Paper>]) {
        if papers.is_empty() {
            return;
        }
        match writer.write(None, &changes(papers)) {
            Ok(outcomes) => self.settle(papers, outcomes),
            Err(error) => {
                let told = error.to_string();
                let mut first = Some(error);
                let errors = papers.iter().map(|_| first.take().unwrap_or_else(|| writer.trouble(&told)));
                self.tell(papers, errors.map(Err));
            }
        }
    }

    fn settle(&self, papers: &[Arc<Paper>], outcomes: Vec<Result<(), Unfit>>) {
        if let Some(heard) = self.heard.get() {
            let made = papers.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_ok());
            made.for_each(|(paper, _)| heard(&paper.change));
        }
        self.tell(papers, outcomes.into_iter().map(Ok));
    }

    fn tell(&self, papers: &[Arc<Paper>], outcomes: impl Iterator<Item = Outcome>) {
        let mut posted = 0;
        for (paper, outcome) in papers.iter().zip(outcomes) {
            posted += usize::from(paper.answer(outcome));
        }
        if posted > 0 {
            let mut tray = self.tray();
            tray.posted -= posted;
            if tray.posted == 0 {
                self.ring.notify_all();
            }
        }
    }
}

/// Where the clerk leaves early, nobody waits for it.
struct Leaving<'a>(&'a Room);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        let mut tray = self.0.tray();
        tray.closed = true;
        let posted = |paper: &Arc<Paper>| matches!(paper.reply, Reply::Post(_));
        tray.papers.retain(|paper| !posted(paper));
        tray.posted = 0;
        self.0.ring.notify_all();
    }
}

impl Paper {
    /// What became of it, where somebody waits for the writer.
    fn outcome(&self) -> Option<Outcome> {
        match &self.reply {
            Reply::Here(outcome) => outcome.lock().unwrap_or_else(PoisonError::into_inner).take(),
            Reply::Post(_) => None,
        }
    }

    /// Tells what became of it; true if it was posted.
    fn answer(&self, outcome: Outcome) -> bool {
        match &self.reply {
            Reply::Here(here) => {
                *here.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
                false
            }
            Reply::Post(tell) => {
                let tell = tell.lock().unwrap_or_else(PoisonError::into_inner).take();
                // Nobody may wait for it any more.
                let _ = tell.map(|tell| tell.send(outcome));
                true
            }
        }
    }
}

fn changes(papers: &[Arc<Paper>]) -> Vec<&Change> {
    papers.iter().map(|paper| &paper.change).collect()
}
