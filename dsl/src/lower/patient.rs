//! `ai` with `patience` becomes rounds that ask how its batch stands: the answer is waited for by the run, which may sleep,
//! and by no process. The first round submits it, the last gives the answer, or asks for one at once.
//!
//! What the author wrote is evaluated once, where the step stands. Each round is one step, `ai.batch`, that is given the same
//! every time: what became of the batch stands in the ledger.

use std::sync::Arc;

use jiff::SignedDuration;

use super::agent::{expression, fixed, once, plain, read};
use crate::ast;
use crate::catalog::Safety;
use crate::duration;
use crate::lower::Lowering;
use crate::value::Value;
use crate::workflow::{ASK, Act, Arg, BATCH, Block, Op, Step};

/// A batch is asked about so many times while it is waited for, as far as the shortest and the longest pause allow it.
const LOOKS: i32 = 60;

/// The shortest pause between two looks.
const SHORTEST: SignedDuration = SignedDuration::from_secs(1);

/// The longest.
const LONGEST: SignedDuration = SignedDuration::from_mins(15);

/// How long an answer may take, where a step says so that gives no tools to its model: with tools each turn would wait.
pub(super) fn patience(act: &ast::Act) -> Option<SignedDuration> {
    if act.action.value != ASK || super::agent::has_tools(act) {
        return None;
    }
    match fixed(act, "patience") {
        Some(Value::Duration(length)) if length.is_positive() => Some(*length),
        _ => None,
    }
}

impl Lowering<'_> {
    /// The rounds of a step that has time.
    pub(super) fn patient(
        &self,
        step: &ast::Step,
        mut act: ast::Act,
        patience: SignedDuration,
    ) -> Option<Op> {
        self.asking(step, &mut act);
        let every = pause(patience);
        let (written, fixed) = once(act.args, &["patience"])?;
        let mut start = written;
        start.push(("id".into(), read("uuid()")));
        start.push(("until".into(), read(&format!("now() + duration('{}')", duration::format(patience)))));
        let mut args: Vec<(Arc<str>, Arg)> =
            vec![("last".into(), read("last")), ("round".into(), read("round"))];
        args.extend(fixed);
        let poll = Op::Act(Act {
            action: BATCH.into(),
            args: Arg::Object(args),
            safety: Safety::Read,
            connection: None,
            cache: None,
        });
        let poll = Step {
            retry: self.retry(step.retry.value.as_ref(), Some(Safety::Read)),
            ..plain(step, "batch", poll)
        };
        Some(Op::Repeat {
            rounds: Arg::Value(Value::Int(rounds(patience, every))),
            start: Some(Arg::Object(start)),
            until: Some(expression("steps.batch.done")),
            every: Some(every),
            body: Block {
                steps: vec![poll],
                output: Some(read("steps.batch.done ? steps.batch.answer : last")),
            },
        })
    }
}

/// How long is waited between two looks.
fn pause(patience: SignedDuration) -> SignedDuration {
    (patience / LOOKS).clamp(SHORTEST, LONGEST)
}

/// How many rounds there are at most. The one that begins after the time is up ends it.
fn rounds(patience: SignedDuration, every: SignedDuration) -> i64 {
    i64::try_from(patience.as_nanos() / every.as_nanos()).unwrap_or(i64::MAX).saturating_add(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_asked_about_some_sixty_times_and_its_rounds_outlast_the_patience() {
        for (seconds, wanted, most) in
            [(3, 1, 5), (60, 1, 62), (3600, 60, 62), (6 * 3600, 360, 62), (86_400, 900, 98)]
        {
            let patience = SignedDuration::from_secs(seconds);
            let every = pause(patience);
            assert_eq!(every, SignedDuration::from_secs(wanted), "{patience}");
            assert_eq!(rounds(patience, every), most, "{patience}");
            // The pauses before the last round are longer than the patience: a sum that fell short would end in nothing.
            assert!(every * i32::try_from(most - 1).expect("few") > patience);
        }
    }
}
