//! Tokens of JWT that services show: signed with keys that stand at an address of theirs.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::Value;

use super::Refused;
use super::proof::another;

/// A clock of a service may differ from ours by so many seconds.
const APART: i64 = 60;

/// What a token has to say.
pub(super) struct Wanted<'a> {
    /// `iss`
    pub issuer: &'a str,
    /// `aud`
    pub audience: Option<&'a str>,
    /// Other claims, as texts.
    pub says: &'a [(&'a str, String)],
    /// The time.
    pub now: Timestamp,
}

/// Looks whether a token is signed with one of the keys, of now, and says what it has to.
pub(super) fn check(given: &str, keys: &str, wanted: &Wanted<'_>) -> Result<(), Refused> {
    let token = given.strip_prefix("Bearer ").unwrap_or(given).trim();
    let mut parts = token.split('.');
    let (Some(head), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(another("token"));
    };
    let signed = token.rsplit_once('.').map_or("", |(signed, _)| signed);
    let (head, claims) = (object(head)?, object(claims)?);
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| another("token"))?;
    let keys: Value = serde_json::from_str(keys)
        .map_err(|_| Refused::Unproven("the keys of the service cannot be read".into()))?;
    let keys = keys["keys"].as_array().map_or(&[][..], Vec::as_slice);
    let named = |key: &&Value| head["kid"].is_null() || key["kid"] == head["kid"];
    let holds = keys.iter().filter(named).any(|key| is_signed(&head, key, signed.as_bytes(), &signature));
    if !holds {
        return Err(another("signature"));
    }
    says(&claims, wanted)
}

/// A key says itself what it is for: the head of a token cannot choose another algorithm than the key's own.
fn is_signed(head: &Value, key: &Value, signed: &[u8], signature: &[u8]) -> bool {
    let part = |name: &str| key[name].as_str().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    match (head["alg"].as_str(), key["kty"].as_str()) {
        (Some("RS256"), Some("RSA")) => {
            let (Some(n), Some(e)) = (part("n"), part("e")) else { return false };
            let key = RsaPublicKeyComponents { n: &n, e: &e };
            key.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature).is_ok()
        }
        (Some("ES256"), Some("EC")) => {
            let (Some(x), Some(y)) = (part("x"), part("y")) else { return false };
            let point = [&[4][..], &x, &y].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature).is_ok()
        }
        _ => false,
    }
}

fn says(claims: &Value, wanted: &Wanted<'_>) -> Result<(), Refused> {
    if claims["iss"].as_str() != Some(wanted.issuer) {
        return Err(another("issuer"));
    }
    let for_us = |audience: &str| match &claims["aud"] {
        Value::Array(all) => all.iter().any(|one| one.as_str() == Some(audience)),
        one => one.as_str() == Some(audience),
    };
    if wanted.audience.is_some_and(|audience| !for_us(audience)) {
        return Err(another("audience"));
    }
    let said = |name: &str| match &claims[name] {
        Value::String(text) => Some(text.clone()),
        claim @ (Value::Bool(_) | Value::Number(_)) => Some(claim.to_string()),
        _ => None,
    };
    if let Some((name, _)) = wanted.says.iter().find(|(name, value)| said(name).as_ref() != Some(value)) {
        return Err(another(name));
    }
    let now = wanted.now.as_second();
    let ends = claims["exp"].as_i64().ok_or(Refused::Stale)?;
    let begins = claims["nbf"].as_i64().or(claims["iat"].as_i64()).unwrap_or(now);
    if ends.saturating_add(APART) < now || begins.saturating_sub(APART) > now {
        return Err(Refused::Stale);
    }
    Ok(())
}

fn object(part: &str) -> Result<Value, Refused> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| another("token"))?;
    serde_json::from_slice(&bytes).map_err(|_| another("token"))
}
