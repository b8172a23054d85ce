//! Who somebody is, as a service says it at which people sign in (OpenID Connect): where it stands, its keys, and what it
//! signs.
//!
//! What it says counts where it signed it with a key of its own, for this app, for this attempt, and not long ago. Of names and
//! addresses of mail only those are taken that it has verified.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dsl::catalog::FailureKind;
use jiff::Timestamp;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use secret::Secret;
use serde_json::Value;
use subtle::ConstantTimeEq as _;

use super::check::Check;
use super::refusal::Refusal;

/// How far the clocks of both may be apart, in seconds.
const SKEW: i64 = 60;

/// The longest name of somebody that a service may give, in bytes (OpenID Connect Core, section 2).
const LONGEST_SUBJECT: usize = 255;

/// The longest statement that is looked at, in bytes.
const LONGEST: usize = 32 * 1024;

/// What a statement has to be about.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Who makes it.
    pub issuer: &'a str,
    /// The app for which it is made.
    pub app: &'a str,
    /// What was sent with the attempt.
    pub nonce: &'a str,
    /// When it is looked at.
    pub now: Timestamp,
}

/// Somebody, as a service knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Somebody {
    /// Their name at the service, which stays theirs whatever else changes.
    pub subject: String,
    /// Their address of mail, in small letters, where the service has verified it.
    pub mail: Option<String>,
    /// The domain whose organisation keeps their account, where the service says one (`hd`, as Google does).
    pub hosted: Option<String>,
}

/// The public keys of a service.
#[derive(Clone, Debug, Default)]
pub struct Keys(Vec<Key>);

#[derive(Clone, Debug)]
struct Key {
    id: Option<String>,
    public: Public,
}

#[derive(Clone, Debug)]
enum Public {
    /// On the curve P-256: a point without compression.
    Ec(Vec<u8>),
    /// Modulus and exponent.
    Rsa(Vec<u8>, Vec<u8>),
}

/// How a statement is signed. There are no others: `none`, and what is made with a secret that both share, are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Es256,
    Rs256,
}

impl Keys {
    /// Reads a set of keys (RFC 7517). Keys of other kinds, and those that are not for signing, are passed over.
    ///
    /// # Errors
    /// Where it is none, or has no key that serves.
    pub fn read(body: &[u8]) -> Result<Keys, Refusal> {
        let none = || wrong("its keys cannot be read");
        let set: Value = serde_json::from_slice(body).map_err(|_| none())?;
        let all = set.get("keys").and_then(Value::as_array).ok_or_else(none)?;
        let keys: Vec<Key> = all.iter().filter_map(key).collect();
        if keys.is_empty() { Err(none()) } else { Ok(Keys(keys)) }
    }

    /// True if one of them has the name that a statement gives; a statement that names none may be of any.
    pub fn has(&self, statement: &Secret) -> bool {
        let Some(head) = statement.expose().split('.').next().and_then(part) else { return false };
        let named = head.get("kid").and_then(Value::as_str);
        self.0.iter().any(|key| named.is_none() || key.id.as_deref() == named)
    }
}

fn key(key: &Value) -> Option<Key> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
    if text("use").is_some_and(|used| used != "sig") {
        return None;
    }
    let public = match (text("kty")?, text("crv")) {
        ("RSA", _) => Public::Rsa(bytes("n")?, bytes("e")?),
        ("EC", Some("P-256")) => {
            let (x, y) = (bytes("x")?, bytes("y")?);
            Public::Ec([&[4][..], &x, &y].concat())
        }
        _ => return None,
    };
    Some(Key { id: text("kid").map(str::to_owned), public })
}

/// Who somebody is, by a statement that a service signed.
///
/// # Errors
/// Where it is not signed by one of these keys, not about what is expected, or its time is over.
pub fn verified(statement: &Secret, keys: &Keys, expected: &Expected<'_>) -> Result<Somebody, Refusal> {
    let text = statement.expose();
    let parts: Vec<&str> = text.split('.').collect();
    let [head, claims, signature] = parts[..] else { return Err(wrong("it is not in three parts")) };
    if text.len() > LONGEST {
        return Err(wrong("it is too long"));
    }
    let unreadable = || wrong("it cannot be read");
    let (head, claims_read) = (part(head).ok_or_else(unreadable)?, part(claims).ok_or_else(unreadable)?);
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| unreadable())?;
    let signed = &text.as_bytes()[..text.rfind('.').unwrap_or_default()];
    is_signed(&head, signed, &signature, keys)?;
    check_claims(&claims_read, expected)?;
    let claim = |name: &str| claims_read.get(name).and_then(Value::as_str);
    let subject = claim("sub").unwrap_or_default();
    if subject.is_empty() || subject.len() > LONGEST_SUBJECT {
        return Err(wrong("it names nobody"));
    }
    let is_verified = match claims_read.get("email_verified") {
        Some(Value::Bool(verified)) => *verified,
        // Some services write it as a text.
        Some(Value::String(verified)) => verified == "true",
        _ => false,
    };
    let mail = claim("email").filter(|mail| is_mail(mail) && (is_verified || !Check::Verified.is_made()));
    // What Unicode takes for small letters would make one domain of two.
    let small = str::to_ascii_lowercase;
    Ok(Somebody { subject: subject.into(), mail: mail.map(small), hosted: claim("hd").map(small) })
}

fn is_signed(head: &Value, signed: &[u8], signature: &[u8], keys: &Keys) -> Result<(), Refusal> {
    let algorithm = match head.get("alg").and_then(Value::as_str) {
        Some("ES256") => Some(Algorithm::Es256),
        Some("RS256") => Some(Algorithm::Rs256),
        _ => None,
    };
    let Some(algorithm) = algorithm else {
        if !Check::Algorithm.is_made() {
            return Ok(());
        }
        return Err(wrong("it is signed in no way that is taken"));
    };
    // What must be understood of it is not.
    if head.get("crit").is_some() {
        return Err(wrong("it wants something that is not known"));
    }
    let named = head.get("kid").and_then(Value::as_str);
    let fits = |key: &&Key| named.is_none() || key.id.as_deref() == named;
    let holds = keys.0.iter().filter(fits).any(|key| key.holds(algorithm, signed, signature));
    match holds || !Check::Signature.is_made() {
        true => Ok(()),
        false => Err(wrong("no key of the service has signed it")),
    }
}

impl Key {
    fn holds(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> bool {
        match (&self.public, algorithm) {
            (Public::Rsa(n, e), Algorithm::Rs256) => {
                // A number begins with no zero here, which some services write all the same.
                let plain = |bytes: &[u8]| {
                    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
                    bytes[first..].to_vec()
                };
                let key = RsaPublicKeyComponents { n: plain(n), e: plain(e) };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature).is_ok()
            }
            (Public::Ec(point), Algorithm::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature).is_ok()
            }
            (Public::Rsa(..), Algorithm::Es256) | (Public::Ec(_), Algorithm::Rs256) => false,
        }
    }
}

fn check_claims(claims: &Value, expected: &Expected<'_>) -> Result<(), Refusal> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if Check::StatedIssuer.is_made() && text("iss") != Some(expected.issuer) {
        return Err(Refusal::IssuerMismatch);
    }
    let audience: Vec<&str> = match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    let azp = text("azp");
    // What is for several names the one that asked for it.
    let for_us = audience.contains(&expected.app)
        && azp.is_none_or(|azp| azp == expected.app)
        && (audience.len() == 1 || azp.is_some());
    if Check::Audience.is_made() && !for_us {
        return Err(wrong("it is for another app"));
    }
    let sent = text("nonce").unwrap_or_default();
    let same = !expected.nonce.is_empty() && bool::from(sent.as_bytes().ct_eq(expected.nonce.as_bytes()));
    if Check::Nonce.is_made() && !same {
        return Err(wrong("it belongs to another sign-in"));
    }
    let now = expected.now.as_second();
    let time =
        |name: &str| claims.get(name).and_then(|time| time.as_i64().or(time.as_f64().map(|it| it as i64)));
    let over = time("exp").is_none_or(|end| end.saturating_add(SKEW) <= now);
    let early = |name: &str| time(name).is_some_and(|begin| begin.saturating_sub(SKEW) > now);
    if Check::Stated.is_made() && (over || early("iat") || early("nbf")) {
        return Err(wrong("its time is over, or has not come"));
    }
    Ok(())
}

/// A part of a statement as JSON; nothing where it is no object.
fn part(text: &str) -> Option<Value> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    serde_json::from_slice(&bytes).ok().filter(Value::is_object)
}

/// True of what has one `@` with something before and a host behind it, and no blanks.
fn is_mail(text: &str) -> bool {
    let odd = |letter: char| letter.is_whitespace() || letter.is_control();
    match text.split_once('@') {
        Some((name, host)) => {
            !name.is_empty()
                && host.contains('.')
                && !host.contains('@')
                && !text.contains(odd)
                && text.len() <= 200
        }
        None => false,
    }
}

/// A statement that does not count. What stands in it is not shown.
fn wrong(why: &str) -> Refusal {
    Refusal::of(FailureKind::Auth, format!("what the service says of who signs in does not count: {why}"))
}
