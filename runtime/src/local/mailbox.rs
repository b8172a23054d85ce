//! Signals that nobody has taken yet, and the steps that listen, over all runs. One signal wakes one step: the
//! one that has listened longest.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use engine::run::{At, RunId};
use jiff::Timestamp;

use crate::journal::Mail;

/// Signals and listeners by the names of the signals.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    letters: HashMap<Arc<str>, VecDeque<Mail>>,
    listening: HashMap<Arc<str>, BTreeSet<(Timestamp, RunId, At)>>,
    of_run: HashMap<RunId, BTreeSet<(Arc<str>, Timestamp, At)>>,
    /// Those for runs that are not moved here yet.
    addressed: HashMap<RunId, Vec<Mail>>,
}

impl Mailbox {
    /// Keeps a signal that is for whoever listens.
    pub fn put(&mut self, mail: Mail) {
        self.letters.entry(mail.signal.name.clone()).or_default().push_back(mail);
    }

    /// Keeps a signal that is for a run which is not moved here yet.
    pub fn keep_for(&mut self, run: &RunId, mail: Mail) {
        self.addressed.entry(run.clone()).or_default().push(mail);
    }

    /// The signals for a run that is moved here from now on.
    pub fn take_for(&mut self, run: &RunId) -> Vec<Mail> {
        self.addressed.remove(run).unwrap_or_default()
    }

    /// Takes a signal back that its listener did not want any more.
    pub fn put_back(&mut self, mail: Mail) {
        self.letters.entry(mail.signal.name.clone()).or_default().push_front(mail);
    }

    /// Notes that a step listens. Noting it twice is noting it once.
    pub fn listen(&mut self, run: &RunId, at: At, name: &Arc<str>, since: Timestamp) {
        self.listening.entry(name.clone()).or_default().insert((since, run.clone(), at));
        self.of_run.entry(run.clone()).or_default().insert((name.clone(), since, at));
    }

    /// True if a step listens for a signal of this name.
    pub fn is_listened_for(&self, name: &str) -> bool {
        self.listening.contains_key(name)
    }

    /// A signal of this name and the step that it goes to. Both are taken out.
    pub fn pair(&mut self, name: &Arc<str>) -> Option<(Mail, RunId, At)> {
        let letters = self.letters.get_mut(name)?;
        let listening = self.listening.get_mut(name)?;
        let mail = letters.pop_front()?;
        let Some((since, run, at)) = listening.pop_first() else {
            letters.push_front(mail);
            return None;
        };
        if letters.is_empty() {
            self.letters.remove(name);
        }
        if listening.is_empty() {
            self.listening.remove(name);
        }
        if let Some(of_run) = self.of_run.get_mut(&run) {
            of_run.remove(&(name.clone(), since, at));
            if of_run.is_empty() {
                self.of_run.remove(&run);
            }
        }
        Some((mail, run, at))
    }

    /// Forgets what a run that has ended listened for.
    pub fn forget(&mut self, run: &RunId) {
        for (name, since, at) in self.of_run.remove(run).into_iter().flatten() {
            if let Some(listening) = self.listening.get_mut(&name) {
                listening.remove(&(since, run.clone(), at));
                if listening.is_empty() {
                    self.listening.remove(&name);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use dsl::value::Value;
    use engine::command::Emitted;

    use super::*;

    fn mail(id: &str) -> Mail {
        let signal = Emitted { id: id.into(), name: "go".into(), value: Value::Null, to: None };
        Mail { signal, time: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn the_first_signal_goes_to_the_step_that_has_listened_longest() {
        let (a, b): (RunId, RunId) = (RunId("a".into()), RunId("b".into()));
        let at = At { frame: 0, slot: 0 };
        let second = |second| Timestamp::from_second(second).unwrap();
        let (mut mailbox, name) = (Mailbox::default(), Arc::from("go"));
        mailbox.listen(&a, at, &name, second(2));
        mailbox.listen(&b, at, &name, second(1));
        mailbox.listen(&b, at, &name, second(1));
        assert_eq!(mailbox.pair(&name), None);
        mailbox.put(mail("1"));
        mailbox.put(mail("2"));
        mailbox.put(mail("3"));
        assert_eq!(mailbox.pair(&name), Some((mail("1"), b.clone(), at)));
        mailbox.put_back(mail("1"));
        assert_eq!(mailbox.pair(&name), Some((mail("1"), a.clone(), at)));
        assert_eq!(mailbox.pair(&name), None);
        mailbox.listen(&b, at, &name, second(3));
        mailbox.forget(&b);
        assert_eq!(mailbox.pair(&name), None);
        assert!(mailbox.of_run.is_empty() && mailbox.listening.is_empty());
    }
}
