//! Seals: a short hash of what was written in a row, kept beside it and compared when it is read. SQLite sees damage
//! to the structure of its file, not to what stands in it.
//!
//! A seal guards against damage, not against somebody who writes a row and its seal.

use sha2::{Digest, Sha256};

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
        ];
        let different: std::collections::BTreeSet<i64> = seals.into();
        assert_eq!(different.len(), seals.len());
    }
}
