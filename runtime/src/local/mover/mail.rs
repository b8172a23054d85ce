//! Signals that go from run to run, or from outside to whoever listens.

use std::sync::Arc;

use engine::input::Input;
use engine::run::RunId;
use tracing::error;

use super::{Mover, Work};
use crate::driver::State;
use crate::journal::Mail;

impl Mover {
    /// Takes up the signals that nobody has taken yet.
    pub(super) fn read_mail(&mut self) {
        match self.journal.signals() {
            Ok(kept) => kept.into_iter().for_each(|mail| match mail {
                Ok(mail) => self.deliver(mail),
                Err(error) => error!(%error, "a signal that waits cannot be read, and is not delivered"),
            }),
            Err(error) => error!(%error, "signals that wait cannot be read, and are not delivered"),
        }
    }

    /// Brings a signal on its way, once it is kept.
    pub(super) fn deliver(&mut self, mail: Mail) {
        match mail.signal.to.clone() {
            None => {
                let name = mail.signal.name.clone();
                self.mailbox.put(mail);
                self.pair(&name);
            }
            Some(run) if self.runs.contains_key(&run) => self.hand_to(&run, mail),
            Some(run) => match self.journal.run(&run) {
                // It is for a run that will be taken up later, or stays where it is kept for the next start.
                Ok(Some((summary, _))) if summary.state == State::Running => {
                    self.mailbox.keep_for(&run, mail);
                }
                Ok(_) => self.lapsed.push(mail.signal.id),
                Err(error) => error!(%run, %error, "a signal cannot be delivered"),
            },
        }
    }

    /// Delivers the signals for a run that is moved here from now on.
    pub(super) fn catch_up(&mut self, run: &RunId) {
        for mail in self.mailbox.take_for(run) {
            self.hand_to(run, mail);
        }
    }

    fn hand_to(&mut self, run: &RunId, mail: Mail) {
        let (name, value) = (mail.signal.name.clone(), mail.signal.value.clone());
        let input = Input::Signal { name, value, to: None };
        self.prepare(Work { mail: Some(mail), ..Work::new(run, input) });
    }

    /// Gives kept signals of a name to the steps that listen for it.
    pub(super) fn pair(&mut self, name: &Arc<str>) {
        while let Some((mail, run, at)) = self.mailbox.pair(name) {
            let input = Input::Signal { name: name.clone(), value: mail.signal.value.clone(), to: Some(at) };
            self.prepare(Work { mail: Some(mail), ..Work::new(&run, input) });
        }
    }

    /// A signal did not find what it was for: another listener is looked for. One that is for a run that has
    /// ended is dropped.
    pub(super) fn undelivered(&mut self, work: Work) {
        let Some(mail) = work.mail else { return };
        match &mail.signal.to {
            Some(_) => self.turn.batch.taken.push(mail.signal.id),
            None => {
                let name = mail.signal.name.clone();
                self.mailbox.put_back(mail);
                self.pair(&name);
            }
        }
    }
}
