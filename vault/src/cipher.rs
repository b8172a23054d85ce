//! Sealing and opening: one way for every level, bound to what is sealed, and to one key alone.

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::error::Error;

/// The first byte of everything sealed; another one would be another way to seal.
const FORM: u8 = 1;
const NONCE: usize = 12;
const COMMITMENT: usize = 32;
const TAG: usize = 16;
const HEAD: usize = 1 + NONCE + COMMITMENT;

/// What a key is derived for. Each has a label of its own, so that no key serves two purposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// Shows that a root key is the right one.
    Proof,
    /// Seals the key of an owner, or of the audit.
    OwnerKey,
    /// Seals the key of a version of a secret.
    DataKey,
    /// Seals what was entered.
    Value,
    /// Signs the row of a secret.
    Row,
    /// Signs the row of an owner.
    Owner,
    /// Signs that somebody is a member.
    Member,
    /// Signs what a tier allows.
    Tier,
    /// Links the rows of the audit.
    AuditLink,
    /// Proves the end of the audit.
    AuditHead,
}

impl Purpose {
    #[cfg(test)]
    pub(crate) const ALL: [Purpose; 10] = [
        Purpose::Proof,
        Purpose::OwnerKey,
        Purpose::DataKey,
        Purpose::Value,
        Purpose::Row,
        Purpose::Owner,
        Purpose::Member,
        Purpose::Tier,
        Purpose::AuditLink,
        Purpose::AuditHead,
    ];

    /// Its label for HKDF. A label that was used once stays as it is for ever.
    pub(crate) fn label(self) -> &'static [u8] {
        match self {
            Purpose::Proof => b"keyway/1/proof of a root",
            Purpose::OwnerKey => b"keyway/1/key of an owner",
            Purpose::DataKey => b"keyway/1/key of a version",
            Purpose::Value => b"keyway/1/value",
            Purpose::Row => b"keyway/1/row of a secret",
            Purpose::Owner => b"keyway/1/row of an owner",
            Purpose::Member => b"keyway/1/row of a member",
            Purpose::Tier => b"keyway/1/row of a tier",
            Purpose::AuditLink => b"keyway/1/link of the audit",
            Purpose::AuditHead => b"keyway/1/head of the audit",
        }
    }
}

/// A key of 32 bytes. It has no text form, and its memory is wiped when it is dropped.
///
/// It cannot be printed:
/// ```compile_fail
/// fn print(key: &vault::Key) { println!("{key:?}") }
/// ```
/// ```compile_fail
/// fn print(key: &vault::Key) { println!("{key}") }
/// ```
/// or stored, or compared:
/// ```compile_fail
/// fn store<T: serde::Serialize>(_: T) {}
/// fn keep(key: vault::Key) { store(key) }
/// ```
/// ```compile_fail
/// fn same(one: &vault::Key, other: &vault::Key) -> bool { one == other }
/// ```
/// It can be passed on, and what may be stored is stored:
/// ```
/// fn store<T: serde::Serialize>(_: T) {}
/// fn keep(key: vault::Key) { drop(key); store("text") }
/// ```
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// Makes a key of the system's randomness.
    ///
    /// # Errors
    /// Where the system has none.
    pub(crate) fn random() -> Result<Key, Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes).map_err(|_| Error::Chance)?;
        Ok(Key(bytes))
    }

    /// Takes over bytes, if they are as many as a key has.
    pub(crate) fn of(bytes: &[u8]) -> Option<Key> {
        let bytes: [u8; 32] = bytes.try_into().ok()?;
        Some(Key(Zeroizing::new(bytes)))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// What something sealed is bound to: a purpose and fields, each with its length in front.
#[derive(Clone)]
pub(crate) struct Context {
    purpose: Purpose,
    bytes: Vec<u8>,
}

impl Context {
    pub(crate) fn new(purpose: Purpose) -> Context {
        Context { purpose, bytes: Vec::with_capacity(192) }
    }

    pub(crate) fn text(self, text: &str) -> Context {
        self.field(text.as_bytes())
    }

    pub(crate) fn number(self, number: i64) -> Context {
        self.field(&number.to_be_bytes())
    }

    pub(crate) fn field(mut self, bytes: &[u8]) -> Context {
        self.bytes.extend((bytes.len() as u64).to_be_bytes());
        self.bytes.extend(bytes);
        self
    }
}

/// It does not open. Why is told to nobody: a wrong key, a moved row and a changed byte look alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// Seals bytes: form, nonce, commitment, ciphertext with its tag.
pub(crate) fn seal(key: &Key, context: &Context, plain: &[u8]) -> Result<Vec<u8>, Error> {
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce).map_err(|_| Error::Chance)?;
    let (cipher, commitment) = derive(key, context, &nonce);
    let text = Payload { msg: plain, aad: &context.bytes };
    let sealed = cipher.encrypt(&Nonce::from(nonce), text).map_err(|_| Error::TooLong)?;
    let mut out = Vec::with_capacity(HEAD + sealed.len());
    out.push(FORM);
    out.extend(nonce);
    out.extend(commitment);
    out.extend(sealed);
    Ok(out)
}

/// Opens what was sealed by this key for this context.
pub(crate) fn open(key: &Key, context: &Context, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    if sealed.len() < HEAD + TAG || sealed[0] != FORM {
        return Err(Unreadable);
    }
    let (head, text) = sealed.split_at(HEAD);
    let nonce: [u8; NONCE] = head[1..=NONCE].try_into().map_err(|_| Unreadable)?;
    let (cipher, commitment) = derive(key, context, &nonce);
    if !bool::from(commitment.ct_eq(&head[1 + NONCE..])) {
        return Err(Unreadable);
    }
    let text = Payload { msg: text, aad: &context.bytes };
    cipher.decrypt(&Nonce::from(nonce), text).map(Zeroizing::new).map_err(|_| Unreadable)
}

/// Seals a key by another one.
pub(crate) fn wrap(by: &Key, context: &Context, key: &Key) -> Result<Vec<u8>, Error> {
    seal(by, context, key.bytes())
}

/// Opens a key that was sealed by another one.
pub(crate) fn unwrap(by: &Key, context: &Context, sealed: &[u8]) -> Result<Key, Unreadable> {
    Key::of(&open(by, context, sealed)?).ok_or(Unreadable)
}

/// Signs a context.
pub(crate) fn sign(key: &Key, context: &Context) -> [u8; 32] {
    let mut derived = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, key.bytes())
        .expand(context.purpose.label(), &mut *derived)
        .expect("32 bytes are less than HKDF can give");
    mac(&*derived, &[&context.bytes])
}

/// True if a signature is that of a context; takes the same time in either case.
pub(crate) fn is_signed(key: &Key, context: &Context, signature: &[u8]) -> bool {
    sign(key, context).ct_eq(signature).into()
}

/// The cipher and the commitment that a key gives for a context.
fn derive(key: &Key, context: &Context, nonce: &[u8]) -> (Aes256GcmSiv, [u8; COMMITMENT]) {
    let mut derived = Zeroizing::new([0; 64]);
    Hkdf::<Sha256>::new(Some(&context.bytes), key.bytes())
        .expand(context.purpose.label(), &mut *derived)
        .expect("64 bytes are less than HKDF can give");
    let (sealing, committing) = derived.split_at(32);
    let cipher = Aes256GcmSiv::new_from_slice(sealing).expect("32 bytes are a key");
    (cipher, mac(committing, &[&context.bytes, nonce]))
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac =
        <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("a key of HMAC may have any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod salamander;
#[cfg(test)]
mod vectors;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_purposes_share_a_label() {
        let labels: std::collections::BTreeSet<_> = Purpose::ALL.map(Purpose::label).into();
        assert_eq!(labels.len(), Purpose::ALL.len());
    }

    #[test]
    fn fields_cannot_be_shifted_into_one_another() {
        let key = Key::random().unwrap();
        let sealed = seal(&key, &Context::new(Purpose::Value).text("ab").text("c"), b"x").unwrap();
        assert!(open(&key, &Context::new(Purpose::Value).text("a").text("bc"), &sealed).is_err());
        assert!(open(&key, &Context::new(Purpose::Value).text("abc"), &sealed).is_err());
        assert!(open(&key, &Context::new(Purpose::DataKey).text("ab").text("c"), &sealed).is_err());
        let same = Context::new(Purpose::Value).text("ab").text("c");
        assert_eq!(*open(&key, &same, &sealed).unwrap(), b"x");
    }

    #[test]
    fn the_same_text_is_never_sealed_alike() {
        let (key, context) = (Key::random().unwrap(), Context::new(Purpose::Value));
        assert_ne!(seal(&key, &context, b"x").unwrap(), seal(&key, &context, b"x").unwrap());
    }
}
