//! Attacks on what a service says of who signs in: each is refused, and each would succeed without the check that stops it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use secret::Secret;
use serde_json::{Value, json};

use super::check::{Check, LEFT_OUT};
use super::double::at;
use super::identity::{Expected, Keys, Somebody, verified};
use super::issuer::{Issuer, Transport};
use super::refusal::Refusal;

const ISSUER: &str = "https://id.example";

/// What is tried, the check that stops it, and what is said where it is refused.
const ATTACKS: [(&str, Check, &str); 17] = [
    ("signed by nobody", Check::Algorithm, "signed in no way"),
    ("signed by nobody, in capitals", Check::Algorithm, "signed in no way"),
    ("signed with the public key as a secret", Check::Algorithm, "signed in no way"),
    ("signed with another key", Check::Signature, "no key of the service"),
    ("claims put under a signature of others", Check::Signature, "no key of the service"),
    ("a signature without its last byte", Check::Signature, "no key of the service"),
    ("of another service", Check::StatedIssuer, "another service"),
    ("of a service of nearly the same name", Check::StatedIssuer, "another service"),
    ("of nobody", Check::StatedIssuer, "another service"),
    ("for another app", Check::Audience, "another app"),
    ("for several apps, of which another asked", Check::Audience, "another app"),
    ("for several apps, and nobody asked", Check::Audience, "another app"),
    ("of another attempt", Check::Nonce, "another sign-in"),
    ("of no attempt", Check::Nonce, "another sign-in"),
    ("a minute too old", Check::Stated, "its time is over"),
    ("without an end", Check::Stated, "its time is over"),
    ("from tomorrow", Check::Stated, "its time is over"),
];

fn pair() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &random).unwrap()
}

fn set(pair: &EcdsaKeyPair, id: &str) -> Value {
    let point = pair.public_key().as_ref();
    let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
    json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "x": x, "y": y }] })
}

fn keys(pair: &EcdsaKeyPair) -> Keys {
    Keys::read(set(pair, "k1").to_string().as_bytes()).unwrap()
}

fn claims() -> Value {
    let now = at(0).as_second();
    json!({
        "iss": ISSUER, "aud": "app-1", "sub": "248289761001", "nonce": "n-1", "iat": now - 5, "exp": now + 300,
        "email": "Ada@Example.com", "email_verified": true,
    })
}

fn stated(head: &Value, claims: &Value, pair: &EcdsaKeyPair) -> String {
    let text = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(head.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let signature = pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn held(text: String, pair: &EcdsaKeyPair) -> Result<Somebody, Refusal> {
    let expected = Expected { issuer: ISSUER, app: "app-1", nonce: "n-1", now: at(0) };
    verified(&Secret::new(text), &keys(pair), &expected)
}

fn play(attack: &str) -> Result<Somebody, Refusal> {
    let (own, other) = (pair(), pair());
    let (mut head, mut claims) = (json!({ "alg": "ES256", "kid": "k1" }), claims());
    let now = at(0).as_second();
    match attack {
        "signed by nobody" => head["alg"] = "none".into(),
        "signed by nobody, in capitals" => head["alg"] = "nOnE".into(),
        "signed with the public key as a secret" => head["alg"] = "HS256".into(),
        "signed with another key" => return held(stated(&head, &claims, &other), &own),
        "claims put under a signature of others" => {
            let right = stated(&head, &claims, &own);
            claims["sub"] = "mallory".into();
            let forged = stated(&head, &claims, &other);
            let (before, _) = forged.rsplit_once('.').unwrap();
            let (_, signature) = right.rsplit_once('.').unwrap();
            return held(format!("{before}.{signature}"), &own);
        }
        "a signature without its last byte" => {
            let right = stated(&head, &claims, &own);
            let (before, signature) = right.rsplit_once('.').unwrap();
            let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
            return held(format!("{before}.{}", URL_SAFE_NO_PAD.encode(&bytes[..bytes.len() - 1])), &own);
        }
        "of another service" => claims["iss"] = "https://evil.example".into(),
        "of a service of nearly the same name" => claims["iss"] = "https://id.example/".into(),
        "of nobody" => drop(claims.as_object_mut().unwrap().remove("iss")),
        "for another app" => claims["aud"] = "app-2".into(),
        "for several apps, of which another asked" => {
            (claims["aud"], claims["azp"]) = (json!(["app-1", "app-2"]), "app-2".into());
        }
        "for several apps, and nobody asked" => claims["aud"] = json!(["app-1", "app-2"]),
        "of another attempt" => claims["nonce"] = "n-2".into(),
        "of no attempt" => drop(claims.as_object_mut().unwrap().remove("nonce")),
        "a minute too old" => claims["exp"] = (now - 60).into(),
        "without an end" => drop(claims.as_object_mut().unwrap().remove("exp")),
        "from tomorrow" => {
            (claims["iat"], claims["exp"]) = ((now + 86_400).into(), (now + 90_000).into());
        }
        other => panic!("nobody knows how to play `{other}`"),
    }
    let unsigned = stated(&head, &claims, &own);
    match head["alg"].as_str() {
        Some("ES256") => held(unsigned, &own),
        _ => held(format!("{}.", unsigned.rsplit_once('.').unwrap().0), &own),
    }
}

#[test]
fn every_statement_of_an_attacker_is_refused_and_its_check_is_what_refuses_it() {
    let (mut refused, mut succeeded) = (0, 0);
    for (attack, check, says) in ATTACKS {
        let refusal = play(attack).expect_err(attack).to_string();
        assert!(refusal.contains(says), "{attack}: {refusal}");
        refused += 1;
        LEFT_OUT.set(Some(check));
        let reached = play(attack);
        LEFT_OUT.set(None);
        assert!(reached.is_ok(), "{attack} without {check:?}: {reached:?}");
        succeeded += 1;
    }
    assert_eq!((refused, succeeded), (17, 17));
}

#[test]
fn an_honest_statement_is_taken_and_mail_only_where_it_is_verified() {
    let own = pair();
    let head = json!({ "alg": "ES256", "kid": "k1" });
    let who = |claims: &Value| held(stated(&head, claims, &own), &own).unwrap();
    let mut said = claims();
    assert_eq!(
        who(&said),
        Somebody { subject: "248289761001".into(), mail: Some("ada@example.com".into()), hosted: None }
    );
    for unverified in [json!(false), json!("false"), Value::Null, json!(1), json!("yes")] {
        said["email_verified"] = unverified;
        assert_eq!(who(&said).mail, None, "{said}");
        // The control: without the check it would be taken.
        LEFT_OUT.set(Some(Check::Verified));
        assert!(who(&said).mail.is_some());
        LEFT_OUT.set(None);
    }
    said["email_verified"] = "true".into();
    assert!(who(&said).mail.is_some());
    for none in ["", "ada", "@example.com", "a da@example.com", "ada@x@example.com", "ada@localhost"] {
        said["email"] = none.into();
        assert_eq!(who(&said).mail, None, "{none}");
    }
    (said["aud"], said["azp"]) = (json!(["app-1", "app-2"]), "app-1".into());
    assert_eq!(who(&said).subject, "248289761001");
}

#[test]
fn each_changed_bit_of_a_statement_is_seen() {
    let own = pair();
    let right = stated(&json!({ "alg": "ES256", "kid": "k1" }), &claims(), &own);
    let (text, signature) = right.rsplit_once('.').unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(held(format!("{text}.{}", URL_SAFE_NO_PAD.encode(changed)), &own).is_err(), "bit {bit}");
    }
    assert!(held(right, &own).is_ok());
    for odd in ["", ".", "..", "a.b", "a.b.c.d", "e30.e30.", "bnVsbA.e30."] {
        assert!(held(odd.into(), &own).is_err(), "{odd}");
    }
}

#[test]
fn keys_that_are_not_for_signing_serve_nothing() {
    let own = pair();
    let mut set = set(&own, "k1");
    set["keys"][0]["use"] = "enc".into();
    assert!(Keys::read(set.to_string().as_bytes()).is_err());
    for none in ["", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#] {
        assert!(Keys::read(none.as_bytes()).is_err(), "{none}");
    }
    let known = keys(&own);
    let statement = |id: &str| Secret::new(stated(&json!({ "alg": "ES256", "kid": id }), &claims(), &own));
    assert!(known.has(&statement("k1")) && !known.has(&statement("k2")), "a key that is new is fetched");
}

#[test]
fn a_service_tells_of_itself_alone_and_by_addresses_that_are_encrypted() {
    let mut said = json!({
        "issuer": ISSUER, "authorization_endpoint": "https://id.example/auth",
        "token_endpoint": "https://tokens.id.example/token", "jwks_uri": "https://id.example/keys",
    });
    let read =
        |said: &Value, transport: Transport| Issuer::read(said.to_string().as_bytes(), ISSUER, transport);
    assert_eq!(read(&said, Transport::Encrypted).unwrap().token_host, "tokens.id.example");
    for other in ["https://evil.example", "https://id.example/", ""] {
        said["issuer"] = other.into();
        assert_eq!(read(&said, Transport::Encrypted).unwrap_err(), Refusal::IssuerMismatch, "{other}");
    }
    said["issuer"] = ISSUER.into();
    for other in
        ["http://id.example/token", "https://user:x@id.example/", "javascript:alert(1)", "", "/token"]
    {
        said["token_endpoint"] = other.into();
        assert!(read(&said, Transport::Encrypted).is_err(), "{other}");
    }
    said["token_endpoint"] = "http://127.0.0.1/token".into();
    assert!(read(&said, Transport::Plain).is_err(), "a service that is encrypted leads to one that is not");
    // For trying a service may stand on this machine.
    let here = "http://127.0.0.1:9";
    said["issuer"] = here.into();
    let here_as = |said: &Value, transport| Issuer::read(said.to_string().as_bytes(), here, transport);
    for own in
        ["http://127.0.0.1:9/token", "http://[::1]/token", "http://localhost/token", "https://id.example/"]
    {
        said["token_endpoint"] = own.into();
        assert!(here_as(&said, Transport::Plain).is_ok(), "{own}");
    }
    for other in
        ["http://id.example/token", "http://10.0.0.1/token", "http://127.0.0.1.example/", "http://[::2]/"]
    {
        said["token_endpoint"] = other.into();
        assert!(here_as(&said, Transport::Plain).is_err(), "{other}");
    }
    said["token_endpoint"] = "http://127.0.0.1:9/token".into();
    assert!(here_as(&said, Transport::Encrypted).is_err());
}
