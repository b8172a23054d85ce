//! What a program shows to be let in: 256 bits of chance behind `kw_`, with a checksum, so that typos are caught and
//! scanners for secrets know one when they see it. Only its hash is kept.

use dsl::value::Hash;
use secret::Secret;

/// What every token begins with.
pub const PREFIX: &str = "kw_";

/// How many letters the chance takes, and how many the checksum.
const LETTERS: usize = 43;
const CHECK: usize = 6;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A token. It is shown once, to whoever asked for it.
#[derive(Clone, Debug)]
pub struct Token(Secret);

/// How far a token goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Ask models, and nothing else: it stands in the settings of editors and other programs.
    Ai,
    /// Read what runs and is planned.
    Read,
    /// Start runs, cancel them, raise signals.
    Run,
    /// Change what is deployed, and who may do what.
    Admin,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 4] = [Scope::Ai, Scope::Read, Scope::Run, Scope::Admin];

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Ai => "ai",
            Scope::Read => "read",
            Scope::Run => "run",
            Scope::Admin => "admin",
        }
    }

    /// True if it goes as far as another.
    pub fn covers(self, wanted: Scope) -> bool {
        match (self, wanted) {
            (Scope::Admin, _) | (Scope::Ai, Scope::Ai) | (Scope::Read, Scope::Read) => true,
            (Scope::Run, Scope::Read | Scope::Run) => true,
            (Scope::Ai | Scope::Read | Scope::Run, _) => false,
        }
    }

    /// The scope of a word.
    pub fn of(name: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

impl Token {
    /// Makes one.
    pub fn random() -> Token {
        let mut chance = [0; 32];
        getrandom::fill(&mut chance).expect("the system has randomness");
        Token::of(chance)
    }

    fn of(chance: [u8; 32]) -> Token {
        let letters = base62(&chance, LETTERS);
        let check = checksum(&letters);
        Token(Secret::new(format!("{PREFIX}{letters}{check}")))
    }

    /// Reads what was shown; nothing if it cannot be one of ours.
    pub fn read(text: &str) -> Option<Token> {
        let rest = text.strip_prefix(PREFIX)?;
        if rest.len() != LETTERS + CHECK || !rest.bytes().all(|letter| DIGITS.contains(&letter)) {
            return None;
        }
        let (letters, check) = rest.split_at(LETTERS);
        (checksum(letters) == check).then(|| Token(Secret::new(text.to_owned())))
    }

    /// What is shown. Whoever calls this answers for where it goes.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is kept. It is looked up by its whole length, so that no comparison stops at the first difference.
    pub fn hash(&self) -> [u8; 32] {
        Hash::of(self.0.expose().as_bytes()).0
    }
}

/// The first 32 bits of SHA-256, as anybody can compute them who finds a token.
fn checksum(letters: &str) -> String {
    base62(&Hash::of(letters.as_bytes()).0[..4], CHECK)
}

/// A number of many bytes in so many digits, the highest first.
fn base62(bytes: &[u8], digits: usize) -> String {
    let mut number = bytes.to_vec();
    let mut text = vec![b'0'; digits];
    for digit in text.iter_mut().rev() {
        let mut rest = 0;
        for byte in &mut number {
            let value = rest * 256 + usize::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            rest = value % 62;
        }
        *digit = DIGITS[rest];
    }
    String::from_utf8(text).expect("digits are ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_each_typo_is_seen() {
        let token = Token::random();
        let text = token.expose().to_owned();
        assert_eq!(text.len(), 52);
        assert_eq!(Token::read(&text).unwrap().hash(), token.hash());
        let mut taken = 0;
        for at in 0..text.len() {
            for other in DIGITS {
                let mut typo = text.clone().into_bytes();
                if typo[at] != *other {
                    typo[at] = *other;
                    taken += usize::from(Token::read(std::str::from_utf8(&typo).unwrap()).is_some());
                }
            }
        }
        assert_eq!(taken, 0);
        for wrong in ["", "kw_", &text[..51], &format!("{text}0"), &text[3..], &text.replace("kw_", "kw-")] {
            assert!(Token::read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn the_whole_range_has_room() {
        assert!(Token::of([0; 32]).expose().starts_with("kw_0000000000000000000000000000000000000000000"));
        let most = Token::of([255; 32]);
        assert!(Token::read(most.expose()).is_some());
        // Nothing of the highest number is cut off.
        assert_ne!(most.hash(), Token::of([127; 32]).hash());
        assert_eq!(base62(&[61], 2), "0z");
        assert_eq!(base62(&[1, 0], 3), "048");
    }

    #[test]
    fn it_prints_as_stars() {
        let token = Token::random();
        assert_eq!(format!("{token:?}"), "Token(***)");
    }

    #[test]
    fn a_scope_goes_as_far_as_it_says() {
        let covered = |scope: Scope| -> Vec<&str> {
            Scope::ALL.into_iter().filter(|wanted| scope.covers(*wanted)).map(Scope::name).collect()
        };
        assert_eq!(covered(Scope::Ai), ["ai"], "a key in an editor's settings starts and reads nothing");
        assert_eq!(covered(Scope::Read), ["read"]);
        assert_eq!(covered(Scope::Run), ["read", "run"]);
        assert_eq!(covered(Scope::Admin), ["ai", "read", "run", "admin"]);
        for scope in Scope::ALL {
            assert_eq!(Scope::of(scope.name()), Some(scope));
        }
        assert_eq!(Scope::of("root"), None);
    }
}
