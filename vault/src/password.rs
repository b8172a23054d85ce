//! Passwords of people: what is kept of one, and whether somebody knows it. Argon2id makes each guess cost memory and time,
//! for us once and for whoever stole the file each time.

use argon2::{Algorithm, Argon2, Params, Version};
use secret::Secret;
use subtle::ConstantTimeEq as _;

use crate::error::Error;

/// Memory in KiB, passes, lanes: what OWASP recommends at least.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// How many bytes of chance, and of what comes out.
const SALT: usize = 16;
const LENGTH: usize = 32;

/// The shortest password in letters, and the longest in bytes.
pub const SHORTEST: usize = 12;
/// The longest password in bytes: what is longer only costs time.
pub const LONGEST: usize = 512;

/// What is kept of a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept(String);

impl Kept {
    /// Makes what is kept.
    ///
    /// # Errors
    /// Where the system gives no randomness.
    pub fn of(password: &Secret) -> Result<Kept, Error> {
        let mut salt = [0; SALT];
        getrandom::fill(&mut salt).map_err(|_| Error::Chance)?;
        let out = stretched(COST, &salt, password).ok_or(Error::Chance)?;
        let (memory, passes, lanes) = COST;
        Ok(Kept(format!("argon2id,{memory},{passes},{lanes},{},{}", hex(&salt), hex(&out))))
    }

    /// As it was stored.
    pub fn stored(text: &str) -> Kept {
        Kept(text.to_owned())
    }

    /// As it is stored.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// True if it was made of this password. It takes as long where it was not; what cannot be read is of none, at once:
    /// where nothing was made, `is_of_nobody` takes the time.
    pub fn is_of(&self, password: &Secret) -> bool {
        let Some((cost, salt, expected)) = self.parts() else { return false };
        stretched(cost, &salt, password).is_some_and(|out| bool::from(out[..].ct_eq(&expected)))
    }

    /// Takes as long as to look at a password where there is nothing to hold it against.
    pub fn is_of_nobody(password: &Secret) {
        let _ = stretched(COST, &[0; SALT], password);
    }

    fn parts(&self) -> Option<Parts> {
        let mut parts = self.0.split(',');
        if parts.next()? != "argon2id" {
            return None;
        }
        let mut number = || parts.next()?.parse().ok();
        let cost = (number()?, number()?, number()?);
        let (salt, out) = (bytes(parts.next()?)?, bytes(parts.next()?)?);
        (parts.next().is_none() && out.len() == LENGTH).then_some((cost, salt, out))
    }
}

/// What it cost to make, its salt, and what came out.
type Parts = ((u32, u32, u32), Vec<u8>, Vec<u8>);

fn stretched(
    (memory, passes, lanes): (u32, u32, u32),
    salt: &[u8],
    password: &Secret,
) -> Option<[u8; LENGTH]> {
    let params = Params::new(memory, passes, lanes, Some(LENGTH)).ok()?;
    let mut out = [0; LENGTH];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into(password.expose().as_bytes(), salt, &mut out).ok()?;
    Some(out)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| Some(digit(pair[0])? * 16 + digit(pair[1])?);
    if !hex.len().is_multiple_of(2) {
        return None;
    }
    hex.as_bytes().chunks_exact(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[test]
    fn a_password_is_known_again_and_no_other() {
        let kept = Kept::of(&secret("correct horse battery")).unwrap();
        assert!(kept.is_of(&secret("correct horse battery")));
        for wrong in ["", "correct horse batter", "correct horse battery ", "Correct horse battery"] {
            assert!(!kept.is_of(&secret(wrong)), "{wrong}");
        }
        assert!(!kept.text().contains("horse"));
        let other = Kept::of(&secret("correct horse battery")).unwrap();
        assert_ne!(kept, other, "each has chance of its own");
        assert_eq!(Kept::stored(kept.text()), kept);
    }

    #[test]
    fn what_is_damaged_lets_nobody_in() {
        let kept = Kept::of(&secret("correct horse battery")).unwrap();
        let text = kept.text();
        let cut: Vec<String> = (0..text.len()).map(|end| text[..end].to_owned()).collect();
        let other = [text.replace("argon2id", "plain"), text.replace(",2,", ",1,"), format!("{text},x")];
        for broken in cut.iter().chain(&other) {
            assert!(!Kept::stored(broken).is_of(&secret("correct horse battery")), "{broken}");
        }
    }
}
