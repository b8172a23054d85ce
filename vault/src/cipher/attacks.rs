//! What was changed does not open: a million changes of bytes, cut ends, wrong keys.

use super::*;

/// SplitMix64, so that a failure can be tried again.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }
}

fn mutated(sealed: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut out = sealed.to_vec();
    match chance.below(5) {
        0 => out[chance.below(sealed.len())] ^= 1 << chance.below(8),
        1 => out.truncate(chance.below(sealed.len())),
        2 => out.extend((0..=chance.below(20)).map(|_| 0)),
        3 => {
            let at = chance.below(sealed.len());
            let value = u8::try_from(chance.below(256)).unwrap();
            out[at] = if value == sealed[at] { value ^ 0x55 } else { value };
        }
        _ => {
            let (one, other) = (chance.below(sealed.len()), chance.below(sealed.len()));
            if out[one] == out[other] {
                out[one] ^= 0x80;
            } else {
                out.swap(one, other);
            }
        }
    }
    out
}

/// How many mutations open.
fn opened(count: usize, open: impl Fn(&[u8]) -> bool, sealed: &[u8]) -> usize {
    let mut chance = Chance(1);
    (0..count).filter(|_| open(&mutated(sealed, &mut chance))).count()
}

#[test]
fn nothing_that_was_changed_opens() {
    let count = std::env::var("KEYWAY_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let (key, context) = (Key::random().unwrap(), Context::new(Purpose::Value).text("owner"));
    let sealed = seal(&key, &context, b"sk-canary-0123456789").unwrap();
    assert_eq!(opened(count, |bytes| open(&key, &context, bytes).is_ok(), &sealed), 0);
}

/// The control: a way to open that forgets to look at the tag is caught by the same mutations.
#[test]
fn a_cipher_that_forgets_its_tag_is_seen() {
    let (key, context) = (Key::random().unwrap(), Context::new(Purpose::Value).text("owner"));
    let sealed = seal(&key, &context, b"sk-canary-0123456789").unwrap();
    let end = sealed.len() - TAG;
    let forgetful = |bytes: &[u8]| bytes.len() >= end && bytes[..end] == sealed[..end];
    assert!(opened(20_000, forgetful, &sealed) > 100);
}

#[test]
fn another_key_opens_nothing() {
    let context = Context::new(Purpose::Value).text("owner");
    let sealed = seal(&Key::random().unwrap(), &context, b"text").unwrap();
    for _ in 0..1000 {
        assert_eq!(open(&Key::random().unwrap(), &context, &sealed).unwrap_err(), Unreadable);
    }
}
