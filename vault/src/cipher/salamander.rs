//! A file that AES-GCM-SIV opens under two keys, made on purpose. The commitment must refuse it.
//!
//! A tag and a nonce are chosen; they fix both key streams, and what POLYVAL must give under each key. Two
//! blocks of the file are then unknowns in two linear equations over GF(2^128).

use aes::Aes256;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt};
use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};

use super::*;

/// An element of POLYVAL's field: bit i is the coefficient of x^i.
type Element = u128;

/// x^127 + x^126 + x^121 + 1, which x^128 is equal to.
const REDUCED: u128 = (1 << 127) | (1 << 126) | (1 << 121) | 1;

fn times(a: Element, b: Element) -> Element {
    let mut out = 0;
    for bit in (0..128).rev() {
        let carry = out >> 127 == 1;
        out <<= 1;
        if carry {
            out ^= REDUCED;
        }
        if b >> bit & 1 == 1 {
            out ^= a;
        }
    }
    out
}

fn inverse(a: Element) -> Element {
    // a^(2^128 - 2), by squaring.
    let (mut power, mut out) = (times(a, a), 1);
    for _ in 1..128 {
        out = times(out, power);
        power = times(power, power);
    }
    out
}

/// POLYVAL's product: a · b · x^-128.
fn dot(a: Element, b: Element) -> Element {
    let x128 = REDUCED;
    times(times(a, b), inverse(x128))
}

/// What RFC 8452 makes of a key and a nonce.
struct Derived {
    hash: Element,
    cipher: Aes256,
}

fn derived(key: &[u8], nonce: &[u8; 12]) -> Derived {
    let generator = Aes256::new_from_slice(key).unwrap();
    let half = |counter: u32| {
        let mut block = [0; 16];
        block[..4].copy_from_slice(&counter.to_le_bytes());
        block[4..].copy_from_slice(nonce);
        let mut block = block.into();
        generator.encrypt_block(&mut block);
        <[u8; 8]>::try_from(&block[..8]).unwrap()
    };
    let hash: [u8; 16] = [half(0), half(1)].concat().try_into().unwrap();
    let sealing = [half(2), half(3), half(4), half(5)].concat();
    Derived { hash: u128::from_le_bytes(hash), cipher: Aes256::new_from_slice(&sealing).unwrap() }
}

impl Derived {
    /// What POLYVAL must have given for this tag; nothing where no message has this tag.
    fn sum(&self, tag: u128, nonce: &[u8; 12]) -> Option<Element> {
        let mut block = tag.to_le_bytes().into();
        self.cipher.decrypt_block(&mut block);
        let block = u128::from_le_bytes(block.into());
        let mut padded = [0; 16];
        padded[..12].copy_from_slice(nonce);
        (block >> 127 == 0).then(|| block ^ u128::from_le_bytes(padded))
    }

    /// A block of the key stream.
    fn stream(&self, tag: u128, index: u32) -> u128 {
        let first = tag | 1 << 127;
        let counter = (first as u32).wrapping_add(index);
        let mut block = (first >> 32 << 32 | u128::from(counter)).to_le_bytes().into();
        self.cipher.encrypt_block(&mut block);
        u128::from_le_bytes(block.into())
    }

    /// For a message of two blocks: the factors of the blocks of the ciphertext, and what they must sum up to.
    fn equation(&self, tag: u128, nonce: &[u8; 12]) -> Option<(Element, Element, Element)> {
        let h = self.hash;
        let last = dot(h, 1);
        // POLYVAL of blocks m0, m1, lengths: ((m0·h + m1)·h + lengths)·h, with the field's own product.
        let (second, lengths) = (dot(h, h), u128::from(256u64) << 64);
        let third = dot(second, h);
        // As plain products: dot(m, f) = m · (f · x^-128), so factors are dot(f, 1).
        let (f0, f1) = (dot(third, 1), dot(second, 1));
        let known = times(self.stream(tag, 0), f0) ^ times(self.stream(tag, 1), f1) ^ times(lengths, last);
        Some((f0, f1, self.sum(tag, nonce)? ^ known))
    }
}

/// A ciphertext of two blocks with its tag that opens under both keys, without associated data.
fn salamander(keys: [&[u8]; 2], nonce: &[u8; 12]) -> Vec<u8> {
    let both = keys.map(|key| derived(key, nonce));
    for tag in 1..u128::MAX {
        let (Some((a0, a1, a)), Some((b0, b1, b))) =
            (both[0].equation(tag, nonce), both[1].equation(tag, nonce))
        else {
            continue;
        };
        // Cramer's rule; plus and minus are the same here.
        let determinant = inverse(times(a0, b1) ^ times(a1, b0));
        let first = times(times(a, b1) ^ times(a1, b), determinant);
        let second = times(times(a0, b) ^ times(a, b0), determinant);
        return [first, second, tag].map(u128::to_le_bytes).concat();
    }
    unreachable!("a quarter of all tags will do")
}

/// What the vault makes of a key for a context: the key of the cipher.
fn sealing_key(key: &Key, context: &Context) -> [u8; 32] {
    let mut out = [0; 64];
    Hkdf::<Sha256>::new(Some(&context.bytes), key.bytes()).expand(context.purpose.label(), &mut out).unwrap();
    out[..32].try_into().unwrap()
}

#[test]
fn a_file_that_opens_under_two_keys_is_refused() {
    // The strongest case: nothing is bound, so that the cipher alone has to refuse.
    let context = Context::new(Purpose::Value);
    let keys = [Key::of(&[1; 32]).unwrap(), Key::of(&[2; 32]).unwrap()];
    let nonce = [7; 12];
    let sealing = [sealing_key(&keys[0], &context), sealing_key(&keys[1], &context)];
    let file = salamander([&sealing[0], &sealing[1]], &nonce);
    // The control: the cipher by itself opens the file under both keys, to two different texts.
    let texts: Vec<Vec<u8>> = sealing
        .iter()
        .map(|key| {
            let cipher = Aes256GcmSiv::new_from_slice(key).unwrap();
            cipher.decrypt(&Nonce::from(nonce), Payload { msg: &file, aad: b"" }).expect("it opens")
        })
        .collect();
    assert_ne!(texts[0], texts[1]);
    // With the commitment of either key, the other one is refused.
    for (own, other) in [(0, 1), (1, 0)] {
        let (_, commitment) = derive(&keys[own], &context, &nonce);
        let sealed = [&[FORM][..], &nonce, &commitment, &file].concat();
        assert_eq!(*open(&keys[own], &context, &sealed).unwrap(), texts[own]);
        assert_eq!(open(&keys[other], &context, &sealed).unwrap_err(), Unreadable);
    }
}
