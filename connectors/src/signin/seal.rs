//! The `state` of a sign-in: chance, and a seal over it and everything that the sign-in belongs to.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

/// What keeps this seal apart from others that are made with keys of the same root.
const LABEL: &[u8] = b"keyway state of a sign-in, 1";

/// What a sign-in is known by here.
pub(super) type Nonce = [u8; 32];

/// Makes and reads seals.
pub(super) struct Sealer(hmac::Key);

impl Sealer {
    pub(super) fn new(key: &[u8; 32]) -> Sealer {
        Sealer(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The `state` for what a sign-in belongs to.
    pub(super) fn seal(&self, nonce: &Nonce, belongs: &[&str]) -> String {
        let tag = hmac::sign(&self.0, &message(nonce, belongs));
        let mut bytes = nonce.to_vec();
        bytes.extend_from_slice(tag.as_ref());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// True if a `state` was made here for what the sign-in belongs to.
    pub(super) fn holds(&self, state: &State, belongs: &[&str]) -> bool {
        hmac::verify(&self.0, &message(&state.nonce, belongs), &state.tag).is_ok()
    }
}

/// A `state` that has the form of one.
pub(super) struct State {
    pub(super) nonce: Nonce,
    tag: [u8; 32],
}

impl State {
    /// Reads one; nothing if it has another form.
    pub(super) fn read(text: &str) -> Option<State> {
        let bytes: [u8; 64] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (nonce, tag) = bytes.split_at(32);
        Some(State { nonce: nonce.try_into().ok()?, tag: tag.try_into().ok()? })
    }
}

/// Each part with its length, so that no two lists of parts read alike.
fn message(nonce: &Nonce, belongs: &[&str]) -> Vec<u8> {
    let mut out = LABEL.to_vec();
    out.extend_from_slice(nonce);
    for part in belongs {
        out.extend_from_slice(&(part.len() as u64).to_be_bytes());
        out.extend_from_slice(part.as_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_holds_for_what_it_was_made_for_and_for_nothing_else() {
        let sealer = Sealer::new(&[7; 32]);
        let text = sealer.seal(&[1; 32], &["ada", "browser"]);
        let state = State::read(&text).unwrap();
        assert!(sealer.holds(&state, &["ada", "browser"]));
        for other in [&["ada", "other"][..], &["adab", "rowser"], &["ada"], &["ada", "browser", ""]] {
            assert!(!sealer.holds(&state, other), "{other:?}");
        }
        assert!(!Sealer::new(&[8; 32]).holds(&state, &["ada", "browser"]));
    }

    #[test]
    fn each_changed_bit_breaks_a_seal() {
        let sealer = Sealer::new(&[7; 32]);
        let bytes = URL_SAFE_NO_PAD.decode(sealer.seal(&[1; 32], &["ada"])).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let state = State::read(&URL_SAFE_NO_PAD.encode(changed)).unwrap();
            assert!(!sealer.holds(&state, &["ada"]), "bit {bit}");
        }
    }

    #[test]
    fn what_has_another_form_is_no_state() {
        for text in ["", "x", "null", "undefined", &"A".repeat(85), &"A".repeat(87), &"=".repeat(86)] {
            assert!(State::read(text).is_none(), "{text}");
        }
    }
}
