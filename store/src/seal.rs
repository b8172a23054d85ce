//! Seals: a short hash of what was written in a row, kept beside it and compared when it is read. SQLite sees damage
//! to the structure of its file, not to what stands in it.
//!
//! A seal guards against damage, not against somebody who writes a row and its seal.

use sha2::{Digest, Sha256};

use crate::{Answer, Signal};

/// The seal of a row of a log.
pub(crate) fn of_event(run: &str, seq: i64, time: i64, body: &[u8]) -> i64 {
    seal(1, &[run.as_bytes(), &seq.to_le_bytes(), &time.to_le_bytes(), body])
}

/// The seal of what a run began with.
pub(crate) fn of_begun(id: &str, workflow: &str, plan: &[u8; 32], started: i64) -> i64 {
    seal(2, &[id.as_bytes(), workflow.as_bytes(), plan, &started.to_le_bytes()])
}

/// The seal of how a run stands.
pub(crate) fn of_state(id: &str, state: &str, ended: Option<i64>) -> i64 {
    let ended = ended.map_or([0; 9], |ended| {
        let mut bytes = [1; 9];
        bytes[1..].copy_from_slice(&ended.to_le_bytes());
        bytes
    });
    seal(3, &[id.as_bytes(), state.as_bytes(), &ended])
}

/// The seal of a signal that nobody has taken yet.
pub(crate) fn of_signal(signal: &Signal) -> i64 {
    let Signal { id, name, run, time, body } = signal;
    let (of_one, run) = (u8::from(run.is_some()), run.as_deref().unwrap_or_default());
    let parts: [&[u8]; 6] =
        [id.as_bytes(), name.as_bytes(), &[of_one], run.as_bytes(), &time.to_le_bytes(), body.as_bytes()];
    seal(4, &parts)
}

/// The seal of an answer that may be used again.
pub(crate) fn of_answer(answer: &Answer) -> i64 {
    seal(5, &[&answer.hash, &answer.time.to_le_bytes(), answer.body.as_bytes()])
}

/// The first 64 bits of SHA-256 over the kind of row and its parts, each with its length.
fn seal(kind: u8, parts: &[&[u8]]) -> i64 {
    let mut hash = Sha256::new();
    hash.update([kind]);
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let mut short = [0; 8];
    short.copy_from_slice(&digest[..8]);
    i64::from_le_bytes(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_counts() {
        let signal = Signal { id: "a".into(), name: "w".into(), run: None, time: 1, body: "x".into() };
        let answer = Answer { hash: [0; 32], time: 1, body: "x".into() };
        let seals = [
            of_event("a", 1, 2, b"x"),
            of_event("b", 1, 2, b"x"),
            of_event("a", 2, 2, b"x"),
            of_event("a", 1, 3, b"x"),
            of_event("a", 1, 2, b"y"),
            of_begun("a", "w", &[0; 32], 1),
            of_begun("aw", "", &[0; 32], 1),
            of_begun("a", "w", &[1; 32], 1),
            of_state("a", "running", None),
            of_state("a", "running", Some(0)),
            of_state("a", "failed", None),
            of_signal(&signal),
            of_signal(&Signal { id: "b".into(), ..signal.clone() }),
            of_signal(&Signal { name: "v".into(), ..signal.clone() }),
            of_signal(&Signal { run: Some("".into()), ..signal.clone() }),
            of_signal(&Signal { run: Some("r".into()), ..signal.clone() }),
            of_signal(&Signal { time: 2, ..signal.clone() }),
            of_signal(&Signal { body: "y".into(), ..signal.clone() }),
            of_answer(&answer),
            of_answer(&Answer { hash: [1; 32], ..answer.clone() }),
            of_answer(&Answer { time: 2, ..answer.clone() }),
            of_answer(&Answer { body: "y".into(), ..answer.clone() }),
        ];
        let different: std::collections::BTreeSet<i64> = seals.into();
        assert_eq!(different.len(), seals.len());
    }
}
