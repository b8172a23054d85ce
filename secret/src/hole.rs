//! The place of a secret within a value, and what fills it.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::open::{Open, Refused};
use crate::value::Secret;

/// The deepest nesting of a hole that is filled.
const MAX_DEPTH: usize = 64;

/// The place of a secret: its name, or what is made of it. It never holds the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hole {
    /// The secret of this name.
    Name(String),
    /// Plain text within a joined value.
    Plain(String),
    /// Parts put together.
    Join(Vec<Hole>),
    /// Base64 of a part, with padding.
    Base64(Box<Hole>),
    /// HMAC-SHA256 in lower-case hex: key, then message.
    Hmac(Box<Hole>, Box<Hole>),
}

impl Hole {
    /// The names of all secrets in it.
    pub fn names(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        let mut open = vec![self];
        while let Some(hole) = open.pop() {
            match hole {
                Hole::Name(name) => {
                    names.insert(name.as_str());
                }
                Hole::Plain(_) => {}
                Hole::Join(parts) => open.extend(parts),
                Hole::Base64(inner) => open.push(inner),
                Hole::Hmac(key, message) => open.extend([&**key, &**message]),
            }
        }
        names
    }
}

/// Fills a hole for one host.
///
/// # Errors
/// Where a secret in it is refused, or it nests too deep.
pub fn fill(hole: &Hole, open: &dyn Open, host: &str) -> Result<Secret, Refused> {
    filled(hole, open, host, 0)
}

fn filled(hole: &Hole, open: &dyn Open, host: &str, depth: usize) -> Result<Secret, Refused> {
    if depth > MAX_DEPTH {
        return Err(Refused::Depth { limit: MAX_DEPTH });
    }
    let part = |hole: &Hole| filled(hole, open, host, depth + 1);
    match hole {
        Hole::Name(name) => open.open(name, host),
        Hole::Plain(text) => Ok(Secret::new(text.clone())),
        Hole::Join(parts) => Ok(joined(&parts.iter().map(part).collect::<Result<Vec<_>, _>>()?)),
        Hole::Base64(inner) => Ok(Secret::new(STANDARD.encode(part(inner)?.expose()))),
        Hole::Hmac(key, message) => Ok(signed(&part(key)?, &part(message)?)),
    }
}

/// Puts parts together. The room is taken at once, since a text that grows leaves copies behind.
fn joined(parts: &[Secret]) -> Secret {
    let mut text = String::with_capacity(parts.iter().map(|part| part.expose().len()).sum());
    parts.iter().for_each(|part| text.push_str(part.expose()));
    Secret::new(text)
}

fn signed(key: &Secret, message: &Secret) -> Secret {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).expect("a key of HMAC may have any length");
    mac.update(message.expose().as_bytes());
    let bytes = mac.finalize().into_bytes();
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    Secret::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Knows `user` and `password`, for one host.
    struct Two;

    impl Open for Two {
        fn open(&self, name: &str, host: &str) -> Result<Secret, Refused> {
            match (name, host) {
                ("user", "a.example") => Ok(Secret::new("Aladdin".into())),
                ("password", "a.example") => Ok(Secret::new("open sesame".into())),
                ("user" | "password", _) => Err(Refused::Host { name: name.into(), host: host.into() }),
                _ => Err(Refused::Unknown { name: name.into() }),
            }
        }
    }

    fn name(name: &str) -> Hole {
        Hole::Name(name.into())
    }

    fn plain(text: &str) -> Hole {
        Hole::Plain(text.into())
    }

    fn filled_text(hole: &Hole) -> String {
        fill(hole, &Two, "a.example").unwrap().expose().to_owned()
    }

    #[test]
    fn joins_and_base64_make_basic_authorization() {
        let pair = Hole::Join(vec![name("user"), plain(":"), name("password")]);
        let header = Hole::Join(vec![plain("Basic "), Hole::Base64(Box::new(pair))]);
        assert_eq!(filled_text(&header), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }

    #[test]
    fn hmac_agrees_with_rfc_4231() {
        let hole = Hole::Hmac(Box::new(plain("Jefe")), Box::new(plain("what do ya want for nothing?")));
        assert_eq!(filled_text(&hole), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn one_refused_secret_refuses_the_whole() {
        let hole = Hole::Join(vec![name("user"), Hole::Base64(Box::new(name("other")))]);
        assert_eq!(fill(&hole, &Two, "a.example").unwrap_err(), Refused::Unknown { name: "other".into() });
        let elsewhere = Refused::Host { name: "user".into(), host: "b.example".into() };
        assert_eq!(fill(&hole, &Two, "b.example").unwrap_err(), elsewhere);
    }

    #[test]
    fn all_names_in_a_hole_are_told_once() {
        let signed = Hole::Hmac(Box::new(name("key")), Box::new(Hole::Base64(Box::new(name("user")))));
        let hole = Hole::Join(vec![plain("a"), signed, name("user")]);
        assert_eq!(hole.names().into_iter().collect::<Vec<_>>(), ["key", "user"]);
    }

    #[test]
    fn a_hole_too_deep_is_refused() {
        let deep = |levels| (0..levels).fold(plain("a"), |inner, _| Hole::Join(vec![inner]));
        assert_eq!(filled_text(&deep(64)), "a");
        assert_eq!(fill(&deep(65), &Two, "a.example").unwrap_err(), Refused::Depth { limit: 64 });
    }
}
