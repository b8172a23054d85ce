//! A statement that a private key signs (RFC 7523): who asks, for whom, of whom, and for how long it holds.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use dsl::catalog::FailureKind;
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use secret::Secret;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::refusal::Refusal;
use super::service::Service;
use crate::manifest::auth::{Algorithm, Assertion, AssertionPlace, Grant};

/// A clock of a service that goes behind ours by less than this takes the statement all the same.
const BEHIND: i64 = 30;

/// A signed statement, and where it stands.
pub(super) fn made(
    service: &Service<'_>,
    key: &Secret,
    scopes: &[String],
    now: Timestamp,
) -> Result<(Secret, AssertionPlace), Refusal> {
    let Grant::JwtBearer(assertion) = &service.oauth2.grant else {
        let message = format!("`{}` of {} signs no statement", service.auth, service.name);
        return Err(Refusal::of(FailureKind::Invalid, message));
    };
    let (head, claims) = statement(service, assertion, scopes, now)?;
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(head), part(claims));
    let signature = signed(assertion.algorithm, key, text.as_bytes()).map_err(|why| {
        Refusal::of(FailureKind::Invalid, format!("the private key for {} {why}", service.name))
    })?;
    Ok((Secret::new(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))), assertion.place))
}

fn statement(
    service: &Service<'_>,
    assertion: &Assertion,
    scopes: &[String],
    now: Timestamp,
) -> Result<(Value, Value), Refusal> {
    let mut head = json!({ "alg": assertion.algorithm.name().to_uppercase(), "typ": "JWT" });
    if let Some(id) = &assertion.key_id {
        head["kid"] = service.text(id, "key_id")?.into();
    }
    let lifetime = i64::try_from(assertion.lifetime.as_secs()).unwrap_or(i64::MAX);
    let mut claims = Map::new();
    claims.insert("iss".into(), service.text(&assertion.issuer, "issuer")?.into());
    if let Some(subject) = &assertion.subject {
        claims.insert("sub".into(), service.text(subject, "subject")?.into());
    }
    let audience = match &assertion.audience {
        Some(audience) => service.text(audience, "audience")?,
        None => service.token()?.into(),
    };
    claims.insert("aud".into(), audience.into());
    claims.insert("iat".into(), (now.as_second() - BEHIND).into());
    claims.insert("exp".into(), now.as_second().saturating_add(lifetime).into());
    claims.insert("jti".into(), drawn()?.into());
    if !scopes.is_empty() {
        claims.insert("scope".into(), scopes.join(&service.oauth2.scopes.separator).into());
    }
    for (name, value) in service.pairs(&assertion.claims)? {
        claims.insert(name, value.into());
    }
    Ok((head, claims.into()))
}

/// A name for the statement, so that no two are alike.
fn drawn() -> Result<String, Refusal> {
    let mut bytes = [0; 16];
    let failed = |_| Refusal::of(FailureKind::Server, "the system gives no random numbers");
    SystemRandom::new().fill(&mut bytes).map_err(failed)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What a private key makes of a text; why not, in words that say nothing of the key.
fn signed(algorithm: Algorithm, key: &Secret, text: &[u8]) -> Result<Vec<u8>, &'static str> {
    let (kind, der) =
        pem(key.expose()).ok_or("is not in PEM: it begins with `-----BEGIN PRIVATE KEY-----`")?;
    let random = SystemRandom::new();
    match algorithm {
        Algorithm::Rs256 => {
            let pair = match kind {
                Pem::Pkcs8 => RsaKeyPair::from_pkcs8(&der),
                Pem::Rsa => RsaKeyPair::from_der(&der),
            };
            let pair = pair.map_err(|_| "is no RSA key of 2048 to 4096 bits")?;
            let mut signature = vec![0; pair.public().modulus_len()];
            let signing = pair.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature);
            signing.map_err(|_| "does not sign")?;
            Ok(signature)
        }
        Algorithm::Es256 => {
            let pair = match kind {
                Pem::Pkcs8 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &random),
                Pem::Rsa => return Err("is an RSA key, and one on the curve P-256 is needed"),
            };
            let pair = pair.map_err(|_| "is no key on the curve P-256 in PKCS #8")?;
            Ok(pair.sign(&random, text).map_err(|_| "does not sign")?.as_ref().to_vec())
        }
    }
}

/// What is in a PEM file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pem {
    /// A private key with the name of its algorithm.
    Pkcs8,
    /// An RSA key alone.
    Rsa,
}

/// The first private key of a PEM text. Keys that went through JSON or a form may have `\n` in letters.
fn pem(text: &str) -> Option<(Pem, Zeroizing<Vec<u8>>)> {
    let text = Zeroizing::new(text.replace("\\n", "\n"));
    for (label, kind) in [("PRIVATE KEY", Pem::Pkcs8), ("RSA PRIVATE KEY", Pem::Rsa)] {
        let Some((_, rest)) = text.split_once(&format!("-----BEGIN {label}-----")) else { continue };
        let (inner, _) = rest.split_once(&format!("-----END {label}-----"))?;
        let letters: Zeroizing<String> =
            Zeroizing::new(inner.chars().filter(|letter| !letter.is_whitespace()).collect());
        return Some((kind, Zeroizing::new(STANDARD.decode(letters.as_bytes()).ok()?)));
    }
    None
}
