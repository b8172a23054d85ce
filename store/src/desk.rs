//! The one writer of a file, shared within a process. Who gets it takes along what others have laid down, so
//! that many small changes share a commit.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::{Batch, Change, Error, Pragmas, Unfit, Writer};

/// The most changes that share a transaction.
const MOST: usize = 256;

/// The one writer of a file, shared within a process.
pub struct Desk {
    writer: Mutex<Writer>,
    tray: Mutex<Vec<Arc<Paper>>>,
    path: PathBuf,
}

/// A change that was laid down, and what became of it.
struct Paper {
    change: Change,
    outcome: Mutex<Option<Outcome>>,
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
        Ok(Desk { writer, tray: Mutex::default(), path: path.to_owned() })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a batch of runs, and with it the changes that lie here. When this returns without an error,
    /// the batch is on disk; with an error, nothing of it is.
    ///
    /// # Errors
    /// Where somebody else wrote one of its rows, or the file cannot be written.
    pub fn append(&self, batch: &Batch) -> Result<(), Error> {
        let mut writer = self.writer();
        let papers = self.take();
        if papers.is_empty() {
            return writer.append(batch);
        }
        let result = writer.write(Some(batch), &changes(&papers));
        match result {
            Ok(outcomes) => {
                settle(&papers, outcomes);
                Ok(())
            }
            // It may be the batch's fault: the changes get a transaction of their own.
            Err(error) => {
                write(&mut writer, &papers);
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
        let paper = Arc::new(Paper { change, outcome: Mutex::new(None) });
        self.tray.lock().unwrap_or_else(PoisonError::into_inner).push(paper.clone());
        loop {
            let mut writer = self.writer();
            // Somebody who had the writer before took it along.
            if let Some(outcome) = paper.outcome.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return outcome;
            }
            write(&mut writer, &self.take());
        }
    }

    /// How many transactions it has written since it was opened.
    pub fn commits(&self) -> u64 {
        self.writer().commits()
    }

    /// Reads the settings back.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn pragmas(&self) -> Result<Pragmas, Error> {
        self.writer().pragmas()
    }

    /// Takes what was removed out of the file and its log, as far as this file goes.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn scrub(&self) -> Result<(), Error> {
        self.writer().scrub()
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<Arc<Paper>> {
        let mut tray = self.tray.lock().unwrap_or_else(PoisonError::into_inner);
        let most = tray.len().min(MOST);
        tray.drain(..most).collect()
    }
}

fn changes(papers: &[Arc<Paper>]) -> Vec<&Change> {
    papers.iter().map(|paper| &paper.change).collect()
}

/// Writes changes together; where that fails, each is told why.
fn write(writer: &mut Writer, papers: &[Arc<Paper>]) {
    match writer.write(None, &changes(papers)) {
        Ok(outcomes) => settle(papers, outcomes),
        Err(error) => {
            let told = error.to_string();
            let mut first = Some(error);
            for paper in papers {
                let error = first.take().unwrap_or_else(|| writer.trouble(&told));
                *paper.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(Err(error));
            }
        }
    }
}

fn settle(papers: &[Arc<Paper>], outcomes: Vec<Result<(), Unfit>>) {
    for (paper, outcome) in papers.iter().zip(outcomes) {
        *paper.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(Ok(outcome));
    }
}
