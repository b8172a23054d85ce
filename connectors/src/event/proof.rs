//! Whether a call is from the service: signatures, times and shared texts. What is compared is compared in a time that
//! says nothing of where it differs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dsl::value::Value;
use jiff::Timestamp;
use ring::hmac;
use ring::signature::{ECDSA_P256_SHA256_ASN1, ED25519, UnparsedPublicKey};
use secret::Secret;
use subtle::ConstantTimeEq as _;

use super::{Called, Refused, Said, filled_text, jwt, text};
use crate::call::fill::{self, Names};
use crate::manifest::trigger::{Encoding, Hash, Proof, Scheme, Signed, Stamp, Verify, Webhook};

/// Numbers above this are times in milliseconds: in seconds it is the year 5138.
const MILLISECONDS: f64 = 1e11;

/// How long the point of a key on P-256 is, without what stands before it.
const POINT: usize = 65;

/// The secret that a scheme needs.
pub(super) fn secret_of(scheme: &Scheme) -> Option<&str> {
    match scheme {
        Scheme::Hmac { secret, .. } => Some(secret),
        Scheme::EcdsaP256 { .. } | Scheme::Ed25519 { .. } | Scheme::RsaCert { .. } => None,
    }
}

/// True if signatures of a scheme can be checked.
pub(super) fn is_known(scheme: &Scheme) -> bool {
    match scheme {
        Scheme::EcdsaP256 { .. } | Scheme::Ed25519 { .. } | Scheme::Hmac { .. } => true,
        Scheme::RsaCert { .. } => false,
    }
}

/// Looks whether a call proves that it is from the service, by its manifest.
pub(super) fn check(
    webhook: &Webhook,
    called: &Called<'_>,
    said: &Said,
    names: &Names,
) -> Result<(), Refused> {
    match &webhook.verify {
        Verify::Address => Ok(()),
        Verify::Token { value, .. } => {
            let given = text(&fill::found(value, names));
            let given = given.ok_or_else(|| Refused::Unsigned("the text that both know".into()))?;
            let secret = called.secret.ok_or_else(no_secret)?;
            if same(given.as_bytes(), secret.expose().as_bytes()) { Ok(()) } else { Err(another("text")) }
        }
        Verify::Jwt { header, issuer, audience, says, .. } => {
            let given = said.header(header).ok_or_else(|| Refused::Unsigned(format!("`{header}`")))?;
            let issuer = filled_text(issuer, names, "the issuer")?;
            let audience =
                audience.as_ref().map(|audience| filled_text(audience, names, "the audience")).transpose()?;
            let says = says.iter().map(|(name, value)| {
                let wanted = filled_text(value, names, &format!("what its token has to say as `{name}`"))?;
                Ok((name.as_str(), wanted))
            });
            let says = says.collect::<Result<Vec<_>, Refused>>()?;
            let audience = audience.as_deref();
            let wanted = jwt::Wanted { issuer: &issuer, audience, says: &says, now: called.now };
            jwt::check(given, called.keys.unwrap_or_default(), &wanted)
        }
        Verify::Signed(signed) => check_signed(signed, called, said, names),
    }
}

/// What a service may ask to be proved: letters and digits, which no body is that `check_body` takes. Else whoever knows the
/// address could have a signature made for an event.
const ASKED: std::ops::RangeInclusive<usize> = 1..=256;

/// Proves to a service that its secret is known here.
pub(super) fn made(
    (webhook, proof): (&Webhook, &Proof),
    called: &Called<'_>,
    names: &Names,
) -> Result<String, Refused> {
    let Verify::Signed(signed) = &webhook.verify else { return Err(no_secret()) };
    let Scheme::Hmac { hash, .. } = &signed.scheme else { return Err(no_secret()) };
    let over = filled_text(&proof.over, names, "what is to be proved")?;
    let plain = |letter: u8| letter.is_ascii_alphanumeric() || b"-._~".contains(&letter);
    if !ASKED.contains(&over.len()) || !over.bytes().all(plain) {
        return Err(Refused::Unreadable("what it wants proved is more than letters and digits".into()));
    }
    let secret = called.secret.ok_or_else(no_secret)?.expose().as_bytes();
    let tag = hmac::sign(&hmac::Key::new(algorithm(*hash), secret), over.as_bytes());
    Ok(match proof.encoding {
        Encoding::Base64 => STANDARD.encode(tag.as_ref()),
        Encoding::Hex => tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}

/// Looks whether a body could be one that a proof was made for. Whoever knows the address may have a signature made for letters
/// and digits, and `12345`, `true` and the form `abc` are bodies too; none of them begins as an object does.
pub(super) fn check_body(webhook: &Webhook, said: &Said) -> Result<(), Refused> {
    let proves = webhook.handshake.as_ref().is_some_and(|asked| asked.proof.is_some());
    match proves && said.raw.first() != Some(&b'{') {
        true => Err(Refused::Unproven("its body is no object".into())),
        false => Ok(()),
    }
}

fn check_signed(signed: &Signed, called: &Called<'_>, said: &Said, names: &Names) -> Result<(), Refused> {
    let header = &signed.header;
    let given = said.header(header).ok_or_else(|| Refused::Unsigned(format!("`{header}`")))?;
    let over = filled_text(&signed.over, names, "what is signed");
    // A body may be empty, and is signed all the same.
    let over = over.or_else(|refused| if said.raw.is_empty() { Ok(String::new()) } else { Err(refused) })?;
    let given = signatures(given, signed.part.as_deref(), &signed.prefix);
    let given: Vec<Vec<u8>> = given.iter().filter_map(|text| decoded(text, signed.encoding)).collect();
    let field = |name: &str| {
        let field = called.connection.fields.get(name).and_then(text);
        field.ok_or_else(|| Refused::Unproven(format!("the connection has no `{name}`")))
    };
    let holds = match &signed.scheme {
        Scheme::Hmac { hash, .. } => {
            let secret = called.secret.ok_or_else(no_secret)?;
            given.iter().any(|given| is_hmac(*hash, secret.expose().as_bytes(), over.as_bytes(), given))
        }
        Scheme::Ed25519 { key } => {
            let key = public(&field(key)?).ok_or_else(|| another("key"))?;
            let key = UnparsedPublicKey::new(&ED25519, key);
            given.iter().any(|given| key.verify(over.as_bytes(), given).is_ok())
        }
        Scheme::EcdsaP256 { key } => {
            let key = public(&field(key)?).ok_or_else(|| another("key"))?;
            let point = key.get(key.len().saturating_sub(POINT)..).unwrap_or_default();
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point);
            given.iter().any(|given| key.verify(over.as_bytes(), given).is_ok())
        }
        Scheme::RsaCert { .. } => false,
    };
    if !holds {
        return Err(another("signature"));
    }
    // Only what is signed says when it was.
    signed.timestamp.as_ref().map_or(Ok(()), |stamp| check_time(stamp, names, called.now))
}

fn check_time(stamp: &Stamp, names: &Names, now: Timestamp) -> Result<(), Refused> {
    let made = moment(&fill::found(&stamp.value, names)).ok_or(Refused::Stale)?;
    within(made, stamp.tolerance, now)
}

/// Looks whether a moment is no further from now than that.
pub(super) fn within(made: Timestamp, tolerance: std::time::Duration, now: Timestamp) -> Result<(), Refused> {
    let apart = made.duration_since(now).unsigned_abs();
    if apart <= tolerance { Ok(()) } else { Err(Refused::Stale) }
}

/// A moment: a time, seconds or milliseconds since 1970, or a text of one of these.
pub(crate) fn moment(value: &Value) -> Option<Timestamp> {
    let of_number = |number: f64| {
        let seconds = if number.abs() > MILLISECONDS { number / 1000.0 } else { number };
        let whole = seconds.is_finite() && seconds.abs() < MILLISECONDS;
        // Thousandths are exact enough, and fit.
        #[expect(clippy::cast_possible_truncation, reason = "it was looked at above")]
        whole.then(|| Timestamp::from_millisecond((seconds * 1000.0).round() as i64).ok()).flatten()
    };
    match value {
        Value::Time(time) => Some(*time),
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 have fewer digits")]
        Value::Int(number) => of_number(*number as f64),
        Value::Number(number) => of_number(*number),
        Value::Text(text) => {
            let number = text.trim().parse().ok().and_then(of_number);
            number.or_else(|| text.trim().parse().ok())
        }
        _ => None,
    }
}

/// The signatures in a header: the whole of it, or those of a key where it is a list, `t=1,v1=…`.
pub(super) fn signatures<'a>(header: &'a str, part: Option<&str>, prefix: &str) -> Vec<&'a str> {
    let of_part = |entry: &'a str| match part {
        None => Some(entry),
        Some(part) => entry.trim().split_once('=').filter(|(key, _)| key == &part).map(|(_, value)| value),
    };
    let entries: Vec<&str> = match part {
        None => vec![header],
        Some(_) => header.split(',').collect(),
    };
    entries.into_iter().filter_map(of_part).filter_map(|text| text.trim().strip_prefix(prefix)).collect()
}

/// The bytes of a signature as it is written.
pub(super) fn decoded(text: &str, encoding: Encoding) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Base64 => STANDARD.decode(text).ok(),
        Encoding::Hex => from_hex(text),
    }
}

/// The bytes of digits of base 16.
pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(pair.first()?)? * 16 + digit(pair.get(1)?)?)).collect()
}

/// Whether a signature is that of a text by a secret.
pub(super) fn is_hmac(hash: Hash, secret: &[u8], over: &[u8], given: &[u8]) -> bool {
    hmac::verify(&hmac::Key::new(algorithm(hash), secret), over, given).is_ok()
}

fn algorithm(hash: Hash) -> hmac::Algorithm {
    match hash {
        Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => hmac::HMAC_SHA256,
    }
}

/// Whether two texts are the same, in a time that depends on their lengths alone.
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

/// A public key: digits of base 16, or base64, with or without what PEM puts around it.
fn public(text: &str) -> Option<Vec<u8>> {
    let text: String = text.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    from_hex(&text).or_else(|| STANDARD.decode(&text).ok())
}

fn no_secret() -> Refused {
    Refused::Unproven("the secret that it is held against is not there".into())
}

pub(super) fn another(what: &str) -> Refused {
    Refused::Unproven(format!("its {what} is another"))
}

/// The text of a secret that an author names.
pub(super) fn needed(secret: Option<&Secret>) -> Result<&str, Refused> {
    secret.map(Secret::expose).ok_or_else(no_secret)
}
