//! What a program shows to be let in: 256 bits of chance behind `kw_`, with a checksum, so that typos are caught and
//! scanners for secrets know one when they see it. Only its hash is kept.

use dsl::value::Hash;
use secret::Secret;

/// What every token of a program begins with.
pub const PREFIX: &str = "kw_";

/// What a browser shows begins with this: no token of a program is taken for one, and none for that.
pub const SESSION: &str = "kws_";

/// What a link shows that lets somebody in once.
pub const LINK: &str = "kwl_";

/// What a browser shows when it comes back from a service at which somebody agreed to something.
pub const ATTEMPT: &str = "kwb_";

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
    /// Change what is deployed.
    Edit,
    /// Everything: keys, secrets, connections, budgets and tokens as well.
    Admin,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 5] = [Scope::Ai, Scope::Read, Scope::Run, Scope::Edit, Scope::Admin];

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Ai => "ai",
            Scope::Read => "read",
            Scope::Run => "run",
            Scope::Edit => "edit",
            Scope::Admin => "admin",
        }
    }

    /// True if it goes as far as another.
    pub fn covers(self, wanted: Scope) -> bool {
        match (self, wanted) {
            (Scope::Admin, _) | (Scope::Ai, Scope::Ai) | (Scope::Read, Scope::Read) => true,
            (Scope::Run, Scope::Read | Scope::Run) => true,
            (Scope::Edit, Scope::Read | Scope::Run | Scope::Edit) => true,
            (Scope::Ai | Scope::Read | Scope::Run | Scope::Edit, _) => false,
        }
    }

    /// The scope of a word.
    pub fn of(name: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

impl Token {
    /// Makes one for a program.
    pub fn random() -> Token {
        Token::random_as(PREFIX)
    }

    /// Makes one that begins so.
    pub fn random_as(prefix: &str) -> Token {
        let mut chance = [0; 32];
        getrandom::fill(&mut chance).expect("the system has randomness");
        Token::of(prefix, chance)
    }

    fn of(prefix: &str, chance: [u8; 32]) -> Token {
        let letters = base62(&chance, LETTERS);
        let check = checksum(&letters);
        Token(Secret::new(format!("{prefix}{letters}{check}")))
    }

    /// Reads what a program showed; nothing if it cannot be one of ours.
    pub fn read(text: &str) -> Option<Token> {
        Token::read_as(PREFIX, text)
    }

    /// Reads what was shown and begins so; nothing if it cannot be one of ours.
    pub fn read_as(prefix: &str, text: &str) -> Option<Token> {
        let rest = text.strip_prefix(prefix)?;
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
        assert!(
            Token::of(PREFIX, [0; 32]).expose().starts_with("kw_0000000000000000000000000000000000000000000")
        );
        let most = Token::of(PREFIX, [255; 32]);
        assert!(Token::read(most.expose()).is_some());
        // Nothing of the highest number is cut off.
        assert_ne!(most.hash(), Token::of(PREFIX, [127; 32]).hash());
        assert_eq!(base62(&[61], 2), "0z");
        assert_eq!(base62(&[1, 0], 3), "048");
    }

    #[test]
    fn what_is_for_one_purpose_is_not_taken_for_another() {
        let prefixes = [PREFIX, SESSION, LINK];
        for made in prefixes {
            let token = Token::random_as(made);
            let read: Vec<&str> =
                prefixes.into_iter().filter(|as_| Token::read_as(as_, token.expose()).is_some()).collect();
            assert_eq!(read, [made]);
        }
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
        assert_eq!(covered(Scope::Edit), ["read", "run", "edit"]);
        assert_eq!(covered(Scope::Admin), ["ai", "read", "run", "edit", "admin"]);
        for scope in Scope::ALL {
            assert_eq!(Scope::of(scope.name()), Some(scope));
        }
        assert_eq!(Scope::of("root"), None);
    }
}
