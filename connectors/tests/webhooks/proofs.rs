//! What a service wants proved before it calls, and what a token has to say beside whose it is.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::*;

/// The consumer secret of an app of X.
const CONSUMER: &str = "shh-consumer-secret";

/// The address that Pub/Sub calls.
const HERE: &str = "https://keyway.example/hooks/abc";

fn hmac(over: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, CONSUMER.as_bytes());
    format!("sha256={}", STANDARD.encode(ring::hmac::sign(&key, over.as_bytes())))
}

/// X looks whether the secret is known here.
fn asks(token: &str) -> Result<Heard, Refused> {
    let mut call = said(&[], b"");
    call.method = "GET".into();
    call.query = vec![("crc_token".into(), token.into())];
    by_x(&call)
}

fn by_x(call: &Said) -> Result<Heard, Refused> {
    let library = Library::embedded();
    let x = library.find("x").unwrap();
    heard(x, "account_activity", (&Connection::nobody("keys"), Some(CONSUMER), None), call)
}

#[test]
fn x_is_proved_that_its_secret_is_known_and_its_calls_are_held_against_it() {
    let Ok(Heard::Asked(answer)) = asks("VGhpcy1pcy1hLXRva2Vu") else { panic!("it is answered") };
    let body = answer.body.unwrap();
    assert_eq!(body.get("response_token").and_then(Value::as_text), Some(&*hmac("VGhpcy1pcy1hLXRva2Vu")));
    let body = r#"{"for_user_id":"1","tweet_create_events":[{"id_str":"2"}]}"#;
    let call = |signature: Option<String>| {
        let mut headers = vec![("content-type", "application/json".to_owned())];
        headers.extend(signature.map(|signature| ("x-twitter-webhooks-signature", signature)));
        by_x(&said(&headers, body.as_bytes()))
    };
    let Ok(Heard::Events(found)) = call(Some(hmac(body))) else { panic!("it is from X") };
    assert_eq!(found[0].value.get("activity").and_then(|it| it.get("for_user_id")), Some(&Value::text("1")));
    assert!(matches!(call(Some(hmac("{}"))), Err(Refused::Unproven(_))));
    assert!(matches!(call(None), Err(Refused::Unsigned(_))));
}

#[test]
fn nobody_has_a_signature_made_for_an_event() {
    // Else whoever knows the address could send what they like, signed.
    for token in [r#"{"for_user_id":"1"}"#, "[1]", "", " a", "a b", "\"a\"", &"a".repeat(257)] {
        assert!(matches!(asks(token), Err(Refused::Unreadable(_))), "{token}");
    }
    assert!(asks(&"a".repeat(256)).is_ok());
    for (body, kind) in [
        ("12345", "application/json"),
        ("true", "application/json"),
        ("abc", "application/x-www-form-urlencoded"),
    ] {
        let Ok(Heard::Asked(answer)) = asks(body) else { panic!("a signature is made for {body}") };
        let made = answer.body.unwrap().get("response_token").and_then(Value::as_text).unwrap().to_owned();
        let headers = [("content-type", kind.to_owned()), ("x-twitter-webhooks-signature", made)];
        let heard = by_x(&said(&headers, body.as_bytes()));
        assert_eq!(heard, Err(Refused::Unproven("its body is no object".into())), "{body}");
    }
}

#[test]
fn a_proof_is_made_with_a_secret_that_both_know() {
    let text = DOUBLE.replace(
        "    handshake:\n      when: request.body.type == 1\n",
        "    handshake:\n      when: request.body.type == 1\n      proof: { over: \"{{ request.query.token }}\" }\n",
    );
    assert_ne!(text, DOUBLE);
    let read = connectors::read::manifest(&text, None, connectors::library::embedded_families());
    let said: Vec<&str> = read.diagnostics.iter().map(|wrong| wrong.message.as_str()).collect();
    assert_eq!(said, ["a proof is made with the secret that `verify` by `hmac` names"]);
}

/// A token of Google's, by a key that was drawn for it; and the keys as they stand at their address.
fn pushed(claims: &str, account: &str) -> Result<Heard, Refused> {
    use ring::signature::KeyPair as _;
    let random = ring::rand::SystemRandom::new();
    let way = &ring::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = ring::signature::EcdsaKeyPair::generate_pkcs8(way, &random).unwrap();
    let pair = ring::signature::EcdsaKeyPair::from_pkcs8(way, pkcs8.as_ref(), &random).unwrap();
    let code = URL_SAFE_NO_PAD;
    let point = pair.public_key().as_ref();
    let (x, y) = (code.encode(&point[1..33]), code.encode(&point[33..]));
    let keys = format!(r#"{{"keys":[{{"kty":"EC","crv":"P-256","kid":"k","x":"{x}","y":"{y}"}}]}}"#);
    let text = format!("{}.{}", code.encode(r#"{"alg":"ES256","kid":"k"}"#), code.encode(claims));
    let token = format!("{text}.{}", code.encode(pair.sign(&random, text.as_bytes()).unwrap()));
    let data = STANDARD.encode(r#"{"emailAddress":"ada@example.com","historyId":9876543210}"#);
    let body = format!(
        r#"{{"message":{{"data":"{data}","messageId":"m1"}},"subscription":"projects/acme/subscriptions/mail"}}"#
    );
    let headers =
        vec![("content-type", "application/json".to_owned()), ("authorization", format!("Bearer {token}"))];
    let mut call = said(&headers, body.as_bytes());
    call.url = Secret::new(HERE.into());
    let mut connection = Connection::nobody("oauth");
    if !account.is_empty() {
        connection.fields.insert("push_account".into(), Value::text(account));
    }
    let library = Library::embedded();
    let gmail = library.find("gmail").unwrap();
    heard(gmail, "mailbox_changed", (&connection, None, Some(&keys)), &call)
}

#[test]
fn what_pub_sub_pushes_is_from_the_account_that_was_named_and_for_this_address() {
    let claims = |iss: &str, aud: &str, email: &str, verified: &str| {
        format!(
            r#"{{"iss":"{iss}","aud":"{aud}","email":"{email}","email_verified":{verified},"exp":1614265400}}"#
        )
    };
    let (google, push) = ("https://accounts.google.com", "push@acme.iam.gserviceaccount.com");
    let here = HERE;
    let Ok(Heard::Events(found)) = pushed(&claims(google, here, push, "true"), push) else {
        panic!("it is right")
    };
    assert_eq!(found[0].key, "m1");
    assert_eq!(found[0].value.get("email"), Some(&Value::text("ada@example.com")));
    assert_eq!(found[0].value.get("history_id"), Some(&Value::text("9876543210")));
    for (wrong, account) in [
        (claims("https://evil.example", here, push, "true"), push),
        (claims(google, "https://keyway.example/hooks/other", push, "true"), push),
        // Anybody has a project of their own, whose tokens Google signs as well.
        (claims(google, here, "push@evil.iam.gserviceaccount.com", "true"), push),
        (claims(google, here, push, "false"), push),
        (format!(r#"{{"iss":"{google}","aud":"{here}","exp":1614265400}}"#), push),
        // Nobody said which account it is.
        (claims(google, here, push, "true"), ""),
    ] {
        assert!(pushed(&wrong, account).is_err(), "{wrong}");
    }
}
