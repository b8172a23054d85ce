//! What schedules decide: the books and the runs that begin stand in one commit.

use engine::input::{Cancel, Input};
use engine::run::RunId;
use store::Book;
use tracing::warn;

use super::{Mover, Reply};
use crate::driver::Error;
use crate::schedule::books::Became;
use crate::timekeeper::kept::{Begin, Entry, Kept, Place};

impl Mover {
    /// Begins the runs of a schedule and writes what became of its instants. Where something cannot be read, the
    /// schedule moves on only as far as all is well.
    pub(super) fn keep(&mut self, kept: Kept, reply: Reply) {
        let from = kept.schedule.accounted;
        let mut to = kept.schedule;
        let mut told = Ok(());
        for Entry { mut tick, begin, place } in kept.entries {
            if let Some(begin) = begin {
                let run = begin.start.run.clone();
                match self.begin_kept(begin) {
                    Ok(()) | Err(Error::Exists(_)) => tick.run = Some(run.to_string()),
                    Err(error @ (Error::Full(_) | Error::Refused(_))) => {
                        self.calls.executor().release(&run);
                        tick.outcome = Became::Refused.name().into();
                        tick.why = error.to_string();
                    }
                    Err(error) => {
                        told = Err(error);
                        break;
                    }
                }
            }
            match place {
                Place::Due => {
                    to.accounted = tick.last;
                    self.turn.batch.books.push(Book::Tick(tick));
                }
                Place::Queue => self.turn.batch.books.push(Book::Unqueued(tick)),
            }
        }
        if to.accounted != from {
            self.turn.batch.books.push(Book::Schedule { from: Some(from), to });
        }
        self.turn.answer(reply, told);
    }

    fn begin_kept(&mut self, begin: Begin) -> Result<(), Error> {
        self.calls.executor().equip(&begin.start.run, &begin.start.note);
        self.start(begin.plan, begin.start)?;
        if let Some(oldest) = begin.replaces {
            self.cancel_oldest(&oldest);
        }
        Ok(())
    }

    /// Cancels the run whose place another one takes, in the commit in which that begins.
    fn cancel_oldest(&mut self, oldest: &RunId) {
        let told = self.track(oldest).and_then(|()| self.apply(oldest, &Input::Cancel(Cancel::Finally)));
        if let Err(error) = told {
            warn!(run = %oldest, %error, "a run that another takes the place of cannot be cancelled");
        }
    }
}
