//! Calls of services: what proves who they are, by the vectors that the services publish, and that nothing else does.

#![allow(clippy::unwrap_used)]

#[path = "webhooks/proofs.rs"]
mod proofs;
#[path = "webhooks/services.rs"]
mod services;

use bytes::Bytes;
use connectors::connection::Connection;
use connectors::event::{Answer, Called, Heard, Known, Refused, Said, hear};
use connectors::library::Library;
use connectors::manifest::Manifest;
use dsl::value::Value;
use jiff::Timestamp;
use secret::Secret;

/// A call with its scheme, its secret and the time at which it was made.
struct Vector {
    scheme: Known,
    secret: &'static str,
    headers: Vec<(&'static str, String)>,
    body: &'static str,
    made: i64,
    /// Which headers are signed, so that a change of one is found.
    signed: &'static [&'static str],
    /// Whether it says when it was made.
    timed: bool,
}

/// Slack's example, from its page about signed requests.
const SLACK_BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
    &channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=\
    https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=\
    398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";

fn vectors() -> Vec<Vector> {
    let vector = |scheme, secret, headers: &[(&'static str, &str)], body, made, signed, timed| Vector {
        scheme,
        secret,
        headers: headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
        body,
        made,
        signed,
        timed,
    };
    vec![
        // From GitHub's page about validating deliveries.
        vector(
            Known::Github,
            "It's a Secret to Everybody",
            &[(
                "x-hub-signature-256",
                "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
            )],
            "Hello, World!",
            0,
            &["x-hub-signature-256"],
            false,
        ),
        vector(
            Known::Slack,
            "8f742231b10e8888abcd99yyyzzz85a5",
            &[
                ("x-slack-signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"),
                ("x-slack-request-timestamp", "1531420618"),
            ],
            SLACK_BODY,
            1_531_420_618,
            &["x-slack-signature", "x-slack-request-timestamp"],
            true,
        ),
        // From the libraries of Standard Webhooks.
        vector(
            Known::Standard,
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            &[
                ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
                ("webhook-timestamp", "1614265330"),
                ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
            ],
            r#"{"test": 2432232314}"#,
            1_614_265_330,
            &["webhook-id", "webhook-timestamp", "webhook-signature"],
            true,
        ),
        // Made by the description in Stripe's documentation, with another program.
        vector(
            Known::Stripe,
            "whsec_test",
            &[(
                "stripe-signature",
                "t=1614265330,v1=2122e932c5908c40674d0d1984958294dc77107819bfeb565e6986058d78fa56",
            )],
            r#"{"id":"evt_1","type":"payment_intent.succeeded"}"#,
            1_614_265_330,
            &["stripe-signature"],
            true,
        ),
        // The same for Shopify's.
        vector(
            Known::Shopify,
            "hush",
            &[("x-shopify-hmac-sha256", "VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1/GSeY=")],
            r#"{"id":1}"#,
            0,
            &["x-shopify-hmac-sha256"],
            false,
        ),
        vector(
            Known::Hmac,
            "It's a Secret to Everybody",
            &[("x-signature", "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")],
            "Hello, World!",
            0,
            &["x-signature"],
            false,
        ),
        vector(
            Known::Basic,
            "Aladdin:open sesame",
            &[("authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")],
            "",
            0,
            &["authorization"],
            false,
        ),
        vector(
            Known::Bearer,
            "open-sesame",
            &[("authorization", "Bearer open-sesame")],
            "",
            0,
            &["authorization"],
            false,
        ),
        vector(
            Known::Gitlab,
            "open-sesame",
            &[("x-gitlab-token", "open-sesame")],
            "",
            0,
            &["x-gitlab-token"],
            false,
        ),
        vector(
            Known::Token,
            "open-sesame",
            &[("x-webhook-token", "open-sesame")],
            "",
            0,
            &["x-webhook-token"],
            false,
        ),
    ]
}

fn said(headers: &[(&str, String)], body: &[u8]) -> Said {
    Said {
        method: "POST".into(),
        url: Secret::new("https://keyway.example/hooks/kwh_1".into()),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        query: vec![],
        raw: Bytes::copy_from_slice(body),
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn checked(scheme: Known, vector: &Vector, said: &Said, now: i64) -> Result<(), Refused> {
    let secret = Secret::new(vector.secret.into());
    scheme.check(said, Some(&secret), None, at(now)).map(drop)
}

/// Every call that differs from a right one in one bit of what is signed.
fn bent(vector: &Vector) -> Vec<Said> {
    let mut all = vec![];
    // What a shared text proves is not what the body says.
    let signs = !matches!(vector.scheme, Known::Basic | Known::Bearer | Known::Gitlab | Known::Token);
    for bit in 0..vector.body.len() * 8 * usize::from(signs) {
        let mut body = vector.body.as_bytes().to_vec();
        body[bit / 8] ^= 1 << (bit % 8);
        all.push(said(&vector.headers, &body));
    }
    for name in vector.signed {
        let at = vector.headers.iter().position(|(known, _)| known == name).unwrap();
        for bit in 0..vector.headers[at].1.len() * 8 {
            let mut bytes = vector.headers[at].1.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            // A header that is no text does not come so far.
            let Ok(text) = String::from_utf8(bytes) else { continue };
            // Digits of base 16, and the words before a password, may be large or small.
            if text.eq_ignore_ascii_case(&vector.headers[at].1) {
                continue;
            }
            let mut headers = vector.headers.clone();
            headers[at].1 = text;
            all.push(said(&headers, vector.body.as_bytes()));
        }
    }
    all
}

#[test]
fn the_vectors_of_the_services_are_taken() {
    for vector in vectors() {
        let right = said(&vector.headers, vector.body.as_bytes());
        assert_eq!(checked(vector.scheme, &vector, &right, vector.made), Ok(()), "{:?}", vector.scheme);
        assert_eq!(Known::of(vector.scheme.name()), Some(vector.scheme));
    }
}

#[test]
fn every_change_of_one_bit_is_refused() {
    let mut tried = 0;
    for vector in vectors() {
        for wrong in bent(&vector) {
            tried += 1;
            let told = checked(vector.scheme, &vector, &wrong, vector.made);
            // A letter of base64 at the end can have bits that mean nothing; no such text is taken either.
            assert!(told.is_err(), "{:?} takes {wrong:?}", vector.scheme);
        }
    }
    assert!(tried > 6_000, "{tried}");
    // The control: where the address alone is enough, each of them is taken.
    let all = vectors();
    let wrong = all.iter().flat_map(bent);
    let taken = wrong.filter(|wrong| Known::Address.check(wrong, None, None, at(0)).is_ok());
    assert_eq!(taken.count(), tried);
}

#[test]
fn what_was_made_too_long_ago_or_too_far_ahead_is_refused() {
    for vector in vectors().iter().filter(|vector| vector.timed) {
        let right = said(&vector.headers, vector.body.as_bytes());
        for (apart, taken) in [(-300, true), (300, true), (-301, false), (301, false), (86_400, false)] {
            let told = checked(vector.scheme, vector, &right, vector.made + apart);
            assert_eq!(told.is_ok(), taken, "{:?} {apart}", vector.scheme);
            assert!(taken || told == Err(Refused::Stale));
        }
    }
    // The control: those that say nothing of the time are taken at any.
    for vector in vectors().iter().filter(|vector| !vector.timed) {
        let right = said(&vector.headers, vector.body.as_bytes());
        assert_eq!(checked(vector.scheme, vector, &right, 4_000_000_000), Ok(()));
    }
}

#[test]
fn without_what_proves_it_or_with_it_twice_nothing_is_taken() {
    for vector in vectors() {
        let none = said(&[], vector.body.as_bytes());
        assert!(matches!(checked(vector.scheme, &vector, &none, vector.made), Err(Refused::Unsigned(_))));
        let mut twice = vector.headers.clone();
        twice.push(vector.headers[0].clone());
        let twice = said(&twice, vector.body.as_bytes());
        assert!(checked(vector.scheme, &vector, &twice, vector.made).is_err(), "{:?}", vector.scheme);
        // A secret that is not there lets nobody in.
        let right = said(&vector.headers, vector.body.as_bytes());
        assert!(vector.scheme.check(&right, None, None, at(vector.made)).is_err(), "{:?}", vector.scheme);
    }
}

#[test]
fn several_signatures_may_stand_beside_each_other_while_a_secret_is_replaced() {
    let all = vectors();
    let stripe = all.iter().find(|vector| vector.scheme == Known::Stripe).unwrap();
    let mut headers = stripe.headers.clone();
    headers[0].1 = headers[0].1.replace(",v1=", &format!(",v1={},v1=", "00".repeat(32)));
    let both = said(&headers, stripe.body.as_bytes());
    assert_eq!(checked(Known::Stripe, stripe, &both, stripe.made), Ok(()));
    let standard = all.iter().find(|vector| vector.scheme == Known::Standard).unwrap();
    let mut headers = standard.headers.clone();
    headers[2].1 = format!("v1,{} {}", "A".repeat(43) + "=", headers[2].1);
    let both = said(&headers, standard.body.as_bytes());
    assert_eq!(checked(Known::Standard, standard, &both, standard.made), Ok(()));
}

#[test]
fn what_makes_two_tellings_one_is_signed_wherever_anything_is() {
    let key = |scheme: Known, vector: &Vector, more: &[(&'static str, &str)]| {
        let mut headers = vector.headers.clone();
        headers.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let secret = Secret::new(vector.secret.into());
        let told =
            scheme.check(&said(&headers, vector.body.as_bytes()), Some(&secret), None, at(vector.made));
        told.unwrap().key
    };
    for vector in vectors() {
        let one = key(vector.scheme, &vector, &[("x-github-delivery", "1"), ("idempotency-key", "1")]);
        let other = key(vector.scheme, &vector, &[("x-github-delivery", "2"), ("idempotency-key", "2")]);
        let signs = !matches!(vector.scheme, Known::Basic | Known::Bearer | Known::Gitlab | Known::Token);
        assert_eq!(one == other, signs, "{:?}", vector.scheme);
        assert_eq!(key(vector.scheme, &vector, &[]).is_some(), signs, "{:?}", vector.scheme);
    }
}

const DOUBLE: &str = r#"connector: double
name: Double
version: 1.0.0
about: A service that calls in every way.
docs: https://double.example/docs
setup: [Nothing.]
hosts: [api.double.example]
base: https://api.double.example
connection:
  fields:
    public_key: { type: string, description: "The key of the service." }
  secrets:
    shared: { type: string, optional: true, description: "What both know." }
auth:
  token: { kind: bearer, about: A token. }
actions:
  look:
    about: Look.
    effect: read
    safety: read
    request: { method: GET, path: /look }
    returns: { id: string }
triggers:
  edwards:
    about: It happens.
    kind: webhook
    verify:
      scheme: ed25519
      key: public_key
      signed: '{{ request.headers["x-time"] }}{{ request.raw }}'
      signature: { header: x-signature }
    handshake:
      when: request.body.type == 1
      body: { type: 1 }
    dedupe: { key: "{{ request.body.id }}" }
    output: "{{ request.body }}"
    returns: { id: string }
  curve:
    about: It happens.
    kind: webhook
    verify:
      scheme: ecdsa_p256
      key: public_key
      signature: { header: x-signature, encoding: base64 }
    dedupe: { key: "{{ request.body.id }}" }
    output: "{{ request.body }}"
    returns: { id: string }
  shared:
    about: It happens, several at once.
    kind: webhook
    verify: { scheme: shared_token, secret: shared, value: request.body.token }
    items: request.body.all
    dedupe: { key: "{{ item.id }}", keep: 2d }
    filter: item.good
    output: "{{ item }}"
    returns: { id: string }
  shown:
    about: It happens.
    kind: webhook
    verify: { scheme: jwt, header: authorization, keys: "https://api.double.example/keys", issuer: "https://double.example", audience: us }
    dedupe: { key: "{{ request.body.id }}" }
    output: "{{ request.body }}"
    returns: { id: string }
"#;

fn double() -> std::sync::Arc<Manifest> {
    let library = Library::default().with_text("double", DOUBLE.into());
    let read = library.read("double").unwrap();
    read.value.clone().unwrap_or_else(|| panic!("{:#?}", read.diagnostics))
}

fn connection(key: &str) -> Connection {
    let mut connection = Connection::nobody("token");
    connection.fields.insert("public_key".into(), Value::text(key));
    connection
}

fn heard(
    manifest: &Manifest,
    trigger: &str,
    (connection, secret, keys): (&Connection, Option<&str>, Option<&str>),
    said: &Said,
) -> Result<Heard, Refused> {
    let trigger = manifest.triggers.iter().find(|known| known.name == trigger).unwrap();
    let secret = secret.map(|secret| Secret::new(secret.into()));
    let input = Value::object::<&str>([]);
    let now = at(1_614_265_330);
    hear(&Called { trigger, input: &input, connection, secret: secret.as_ref(), keys, now }, said)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn events(heard: Result<Heard, Refused>) -> Vec<String> {
    match heard {
        Ok(Heard::Events(events)) => events.into_iter().map(|event| event.key).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn signatures_with_the_key_of_a_service_are_held_against_its_public_half() {
    use ring::signature::KeyPair as _;
    let manifest = double();
    let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let connection = connection(&hex(pair.public_key().as_ref()));
    let call = |time: &str, body: &str, signed: &str| {
        let headers = vec![
            ("content-type", "application/json".to_owned()),
            ("x-time", time.to_owned()),
            ("x-signature", hex(pair.sign(signed.as_bytes()).as_ref())),
        ];
        said(&headers, body.as_bytes())
    };
    let hear = |said: &Said| heard(&manifest, "edwards", (&connection, None, None), said);
    assert_eq!(events(hear(&call("9", r#"{"id":"e1"}"#, r#"9{"id":"e1"}"#))), ["e1"]);
    for wrong in
        [call("8", r#"{"id":"e1"}"#, r#"9{"id":"e1"}"#), call("9", r#"{"id":"e2"}"#, r#"9{"id":"e1"}"#)]
    {
        assert!(matches!(hear(&wrong), Err(Refused::Unproven(_))));
    }
    // What it asks first is answered, unless it is signed wrongly: the service tries that.
    let asked = Heard::Asked(Answer {
        status: 200,
        headers: vec![],
        body: Some(Value::object([("type", Value::Int(1))])),
    });
    assert_eq!(hear(&call("9", r#"{"type":1}"#, r#"9{"type":1}"#)), Ok(asked));
    assert!(matches!(hear(&call("9", r#"{"type":1}"#, "x")), Err(Refused::Unproven(_))));
}

#[test]
fn signatures_on_p256_are_held_against_a_key_with_or_without_its_name() {
    use base64::Engine as _;
    use ring::signature::KeyPair as _;
    let manifest = double();
    let random = ring::rand::SystemRandom::new();
    let way = &ring::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
    let pkcs8 = ring::signature::EcdsaKeyPair::generate_pkcs8(way, &random).unwrap();
    let pair = ring::signature::EcdsaKeyPair::from_pkcs8(way, pkcs8.as_ref(), &random).unwrap();
    let code = base64::engine::general_purpose::STANDARD;
    let point = pair.public_key().as_ref();
    // The name of the curve, as it stands before the point in a public key.
    let name = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
        0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];
    let body = r#"{"id":"e1"}"#;
    let signature = code.encode(pair.sign(&random, body.as_bytes()).unwrap());
    for key in [code.encode(point), code.encode([&name[..], point].concat())] {
        let connection = connection(&key);
        let call = |body: &str| {
            let headers =
                vec![("content-type", "application/json".to_owned()), ("x-signature", signature.clone())];
            heard(&manifest, "curve", (&connection, None, None), &said(&headers, body.as_bytes()))
        };
        assert_eq!(events(call(body)), ["e1"]);
        assert!(matches!(call(r#"{"id":"e2"}"#), Err(Refused::Unproven(_))));
    }
}

#[test]
fn of_several_events_in_one_call_each_is_one_and_the_filter_leaves_out() {
    let manifest = double();
    let connection = connection("");
    let body = r#"{"token":"open-sesame","all":[{"id":"a","good":true},{"id":"b","good":false},{"id":"c","good":true}]}"#;
    let call = said(&[("content-type", "application/json".to_owned())], body.as_bytes());
    let told = heard(&manifest, "shared", (&connection, Some("open-sesame"), None), &call);
    let Ok(Heard::Events(found)) = told else { panic!("{told:?}") };
    let keys: Vec<_> = found.iter().map(|event| (event.key.as_str(), event.keep.as_secs())).collect();
    assert_eq!(keys, [("a", 172_800), ("c", 172_800)]);
    for secret in [Some("open-sesamf"), Some("open"), None] {
        assert!(heard(&manifest, "shared", (&connection, secret, None), &call).is_err());
    }
}

#[test]
fn a_token_is_of_the_issuer_for_us_of_now_and_signed_with_a_key_of_its_own_kind() {
    use base64::Engine as _;
    use ring::signature::KeyPair as _;
    let manifest = double();
    let connection = connection("");
    let random = ring::rand::SystemRandom::new();
    let way = &ring::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = ring::signature::EcdsaKeyPair::generate_pkcs8(way, &random).unwrap();
    let pair = ring::signature::EcdsaKeyPair::from_pkcs8(way, pkcs8.as_ref(), &random).unwrap();
    let code = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let (x, y) =
        (code.encode(&pair.public_key().as_ref()[1..33]), code.encode(&pair.public_key().as_ref()[33..]));
    let keys = format!(r#"{{"keys":[{{"kty":"EC","crv":"P-256","kid":"k","x":"{x}","y":"{y}"}}]}}"#);
    let call = |head: &str, claims: &str| {
        let text = format!("{}.{}", code.encode(head), code.encode(claims));
        let token = format!("{text}.{}", code.encode(pair.sign(&random, text.as_bytes()).unwrap()));
        let headers = vec![
            ("content-type", "application/json".to_owned()),
            ("authorization", format!("Bearer {token}")),
        ];
        let said = said(&headers, br#"{"id":"e1"}"#);
        heard(&manifest, "shown", (&connection, None, Some(&keys)), &said)
    };
    let head = r#"{"alg":"ES256","kid":"k"}"#;
    let claims = |iss: &str, aud: &str, exp: i64| format!(r#"{{"iss":"{iss}","aud":{aud},"exp":{exp}}}"#);
    let right = claims("https://double.example", "\"us\"", 1_614_265_400);
    assert_eq!(events(call(head, &right)), ["e1"]);
    assert_eq!(
        events(call(head, &claims("https://double.example", "[\"x\",\"us\"]", 1_614_265_400))),
        ["e1"]
    );
    for (head, claims) in [
        (head, claims("https://evil.example", "\"us\"", 1_614_265_400)),
        (head, claims("https://double.example", "\"them\"", 1_614_265_400)),
        (head, claims("https://double.example", "\"us\"", 1_614_265_000)),
        (head, r#"{"iss":"https://double.example","aud":"us"}"#.into()),
        (r#"{"alg":"none","kid":"k"}"#, right.clone()),
        (r#"{"alg":"RS256","kid":"k"}"#, right.clone()),
        (r#"{"alg":"ES256","kid":"other"}"#, right.clone()),
    ] {
        assert!(call(head, &claims).is_err(), "{head} {claims}");
    }
}

#[test]
fn slacks_events_are_heard_by_its_manifest() {
    let library = Library::embedded();
    let slack = library.find("slack").unwrap();
    let body = |text: &str| format!(r#"{{"type":"event_callback","event_id":"Ev1","event":{text}}}"#);
    let signed = |body: &str| {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"shh");
        let tag = ring::hmac::sign(&key, format!("v0:1614265330:{body}").as_bytes());
        let headers = vec![
            ("content-type", "application/json".to_owned()),
            ("x-slack-request-timestamp", "1614265330".to_owned()),
            ("x-slack-signature", format!("v0={}", hex(tag.as_ref()))),
        ];
        said(&headers, body.as_bytes())
    };
    let connection = Connection::nobody("token");
    let hear = |said: &Said| heard(slack, "new_message", (&connection, Some("shh"), None), said);
    let message = body(r#"{"type":"message","channel":"C1","ts":"1.2","text":"hi","user":"U1","other":1}"#);
    let Ok(Heard::Events(found)) = hear(&signed(&message)) else { panic!() };
    assert_eq!((found[0].key.as_str(), found.len()), ("Ev1", 1));
    assert_eq!(found[0].value.get("text"), Some(&Value::text("hi")));
    assert_eq!(found[0].value.get("other"), None);
    // Not what is waited for, and not signed.
    let reaction = body(r#"{"type":"reaction_added","user":"U1","reaction":"x","item":{}}"#);
    assert_eq!(hear(&signed(&reaction)), Ok(Heard::Events(vec![])));
    let mut unsigned = signed(&message);
    unsigned.headers.retain(|(name, _)| name != "x-slack-signature");
    assert!(matches!(hear(&unsigned), Err(Refused::Unsigned(_))));
    let challenge = signed(r#"{"type":"url_verification","challenge":"c"}"#);
    assert!(matches!(hear(&challenge), Ok(Heard::Asked(Answer { status: 200, .. }))));
}
