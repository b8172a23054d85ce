//! What people answer, and signals from outside.

use dsl::test::{Answer, Word, names};
use dsl::value::Value;
use engine::input::{Answer as Answered, Choice, Input, Known};
use engine::run::{At, RunId};

use super::turns::of_agent;
use super::{Asks, Due, Play};

impl<'s> Play<'s> {
    /// A step asks: the next answer of the case is on its way, if there is one.
    pub(super) fn ask(&mut self, run: &RunId, path: &str, at: At, asks: Asks) {
        // What comes of a doubt is what a fault is played for.
        if self.fault.is_some() && asks == Asks::Doubt {
            return;
        }
        let Some(answer) = self.answer(path) else { return };
        self.out.used.insert(answer.step.span);
        let input = match asks {
            Asks::Question => {
                let choice = match answer.says {
                    Word::Yes => Choice::Approve,
                    Word::No | Word::Stop => Choice::Reject,
                };
                let answer = Answered {
                    choice,
                    by: answer.by.clone(),
                    comment: answer.comment.clone(),
                    values: answer.value.clone(),
                };
                Input::Answer { at, answer }
            }
            Asks::Doubt => {
                let known = match answer.says {
                    Word::Yes => Known::Happened(answer.value.clone()),
                    Word::No => Known::DidNot,
                    Word::Stop => Known::Stop,
                };
                Input::Resolve { at, known }
            }
        };
        self.put_after(answer.after, Due::Person(run.clone(), input));
    }

    /// The next answer to a step. The last one holds for all further questions.
    fn answer(&mut self, path: &str) -> Option<&'s Answer> {
        // Whether a model with tools may call something is asked within its step, which is the one that the file has.
        let asks = of_agent(path).filter(|_| self.stage.subject.part(path).is_none());
        let path = asks.unwrap_or(path);
        let closeness = |answer: &&'s Answer| names(&answer.step.value, path);
        let key = self.case.answers.iter().filter_map(|it| Some((closeness(&it)?, it.step.span)));
        let (_, key) = key.max_by_key(|(closeness, _)| *closeness)?;
        let own: Vec<&'s Answer> =
            self.case.answers.iter().filter(|answer| answer.step.span == key).collect();
        let count = self.answered.entry(key).or_default();
        let next = own.get(*count).or(own.last()).copied();
        *count += 1;
        next
    }

    /// A signal of the case comes: to the step that has listened longest for it, else it is kept until one does.
    pub(super) fn post(&mut self, at: usize) {
        let signal = &self.case.signals[at];
        let name: std::sync::Arc<str> = signal.name.value.as_str().into();
        let waits = self.runs.iter().filter_map(|(id, moved)| {
            let at = *moved.run.listening.get(&name)?.first()?;
            Some((moved.run.slot(at)?.started, id.clone(), at))
        });
        match waits.min() {
            None => self.mail.push(at),
            Some((_, run, to)) => {
                self.out.used.insert(signal.name.span);
                let value: Value = signal.value.clone();
                self.tell(&run, &Input::Signal { name, value, to: Some(to) });
            }
        }
    }
}
