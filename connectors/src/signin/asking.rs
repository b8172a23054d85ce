//! Each way to have tokens, as the service sees it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use dsl::value::Value;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use secret::Secret;

use super::derive::{Choice, Derived, Signed, derive, label};
use super::device::Poll;
use super::double::{APP_SECRET, Around, CANARY, CODE, Double, at, manifest, manifest_with};
use super::refusal::Refusal;
use super::tokens::Tokens;
use crate::manifest::auth::{Client, Sends};

/// A way for the app itself.
const APP_ITSELF: &str = "    kind: oauth2_client_credentials\n    token: https://as.example.com/token\n";

#[tokio::test]
async fn an_app_says_who_it_is_in_each_way_that_services_want() {
    let encoded = "cnry-app-secret%2F%2B7f3a";
    let basic = format!("Basic {}", STANDARD.encode(format!("app-1:{encoded}")));
    for (client, sends, authorization, path, secret) in [
        (Client::Basic, Sends::Form, basic.as_str(), "/token", None),
        (Client::Body, Sends::Form, "", "/token", Some(APP_SECRET)),
        (Client::Public, Sends::Form, "", "/token", None),
        (Client::Query, Sends::Form, "", &format!("/token?client_id=app-1&client_secret={encoded}"), None),
        (Client::Body, Sends::Json, "", "/token", None),
    ] {
        let double = Double::start().await;
        let mut around = Around::new(manifest("demo", APP_ITSELF), &double);
        (around.oauth2().client, around.oauth2().sends) = (client, sends);
        let said = r#"{"access_token":"cnry-access"}"#;
        double.state().says.push_back((200, String::new(), said.into()));
        around.service().client_credentials(&["a".into(), "b".into()], at(0)).await.unwrap();
        let came = &double.came(path)[0];
        assert_eq!(came.authorization, authorization, "{client:?}");
        match sends {
            Sends::Form => {
                assert_eq!(came.pairs["grant_type"], "client_credentials");
                assert_eq!(came.pairs["scope"], "a b");
                assert_eq!(came.pairs.get("client_secret").map(String::as_str), secret, "{client:?}");
            }
            Sends::Json => {
                let body: serde_json::Value = serde_json::from_str(&came.body).unwrap();
                assert_eq!(body["client_secret"], APP_SECRET);
                assert_eq!(body["grant_type"], "client_credentials");
            }
        }
    }
}

#[tokio::test]
async fn a_service_may_have_a_name_of_its_own_for_the_grant_of_an_app() {
    let double = Double::start().await;
    let own = "    token_params: { grant_type: account_credentials, account_id: a1 }\n";
    let said = r#"{"access_token":"cnry-access"}"#;
    for (more, grant) in [(own, "account_credentials"), ("", "client_credentials")] {
        let around = Around::new(manifest("demo", &format!("{APP_ITSELF}{more}")), &double);
        double.state().says.push_back((200, String::new(), said.into()));
        around.service().client_credentials(&[], at(0)).await.unwrap();
        let all = double.came("/token");
        let came = all.last().unwrap();
        assert_eq!(came.pairs["grant_type"], grant);
        assert_eq!(came.body.matches("grant_type").count(), 1, "{}", came.body);
        assert_eq!(came.pairs.contains_key("account_id"), !more.is_empty());
    }
}

#[tokio::test]
async fn a_refusal_says_what_the_service_says_and_never_a_secret() {
    let double = Double::start().await;
    let around = Around::new(manifest("demo", CODE), &double);
    let echo = format!(r#"{{"error":"invalid_client","error_description":"no such app: {APP_SECRET}"}}"#);
    for (said, expected) in [
        ((401, echo.clone()), "`POST 127.0.0.1/token` answered 401: invalid_client (no such app: ***)"),
        ((200, "{}".into()), "`POST 127.0.0.1/token` answered 200, and its answer holds no access token"),
        ((200, "<html>cnry".into()), "`POST 127.0.0.1/token` answered 200, and neither JSON nor a form"),
        ((400, r#"{"error":"cnry-1234 is wrong"}"#.into()), "answered 400: an error without a known name"),
        ((302, String::new()), "`POST 127.0.0.1/token` answered 302: no reason that is known"),
    ] {
        double.state().says.push_back((said.0, String::new(), said.1));
        let refusal = around.service().client_credentials(&[], at(0)).await.unwrap_err();
        assert!(refusal.to_string().contains(expected), "{refusal}");
        assert!(!format!("{refusal:?}").contains(CANARY), "{refusal:?}");
    }
}

#[tokio::test]
async fn tokens_are_stars_wherever_they_are_printed() {
    let double = Double::start().await;
    let around = Around::new(manifest("demo", APP_ITSELF), &double);
    let tokens = around.service().client_credentials(&[], at(0)).await.unwrap();
    assert!(tokens.access.expose().contains(CANARY));
    let printed = format!("{tokens:?} {:?} {}", around.app, tokens.extra);
    assert!(!printed.contains(CANARY), "{printed}");
}

#[tokio::test]
async fn an_answer_as_a_form_is_read_too() {
    let double = Double::start().await;
    let around = Around::new(manifest("demo", APP_ITSELF), &double);
    double.state().says.push_back((
        200,
        String::new(),
        "access_token=cnry%2D1&scope=a%2Cb&expires_in=60".into(),
    ));
    let tokens = around.service().client_credentials(&[], at(0)).await.unwrap();
    assert_eq!(tokens.access.expose(), "cnry-1");
    assert_eq!((tokens.scopes, tokens.expires), (vec!["a".into(), "b".into()], Some(at(60))));
}

#[tokio::test]
async fn a_statement_is_signed_as_its_public_key_says() {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
    let key = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(pkcs8.as_ref())
    );
    let double = Double::start().await;
    let auth = "    kind: oauth2_jwt_bearer\n    token: https://as.example.com/token\n    scopes: { default: [mail] }\n    \
                assertion: { algorithm: es256, issuer: robot@example.com, subject: ada@example.com, key_id: k1, lifetime: 10m }\n";
    let around = Around::new(manifest("demo", auth), &double);
    for written in [key.clone(), key.replace('\n', "\\n")] {
        around.service().jwt_bearer(&Secret::new(written), &[], at(100)).await.unwrap();
    }
    let came = double.came("/token").pop().unwrap();
    assert_eq!(came.pairs["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let (text, signature) = came.pairs["assertion"].rsplit_once('.').unwrap();
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref());
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert!(public.verify(text.as_bytes(), &signature).is_ok());
    assert!(public.verify(b"another text", &signature).is_err());
    let part = |at: usize| -> serde_json::Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text.split('.').nth(at).unwrap()).unwrap()).unwrap()
    };
    assert_eq!(part(0), serde_json::json!({ "alg": "ES256", "typ": "JWT", "kid": "k1" }));
    let claims = part(1);
    assert_eq!((&claims["iss"], &claims["sub"]), (&"robot@example.com".into(), &"ada@example.com".into()));
    assert_eq!(claims["aud"], format!("{}/token", double.origin));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 630);
    assert_eq!(claims["scope"], "mail");
}

#[tokio::test]
async fn a_key_that_is_none_is_told_without_it() {
    let double = Double::start().await;
    let auth = "    kind: oauth2_jwt_bearer\n    token: https://as.example.com/token\n    \
                assertion: { algorithm: rs256, issuer: robot@example.com }\n";
    let around = Around::new(manifest("demo", auth), &double);
    let block = |label: &str, inner: &str| format!("-----BEGIN {label}-----\n{inner}\n-----END {label}-----");
    for (key, said) in [
        ("cnry".to_owned(), "is not in PEM"),
        (block("PRIVATE KEY", "cnry!"), "is not in PEM"),
        (block("PRIVATE KEY", "Y25yeQ=="), "is no RSA key of 2048 to 4096 bits"),
        (block("RSA PRIVATE KEY", "Y25yeQ=="), "is no RSA key of 2048 to 4096 bits"),
    ] {
        let refusal = around.service().jwt_bearer(&Secret::new(key), &[], at(0)).await.unwrap_err();
        assert!(refusal.to_string().contains(said), "{refusal}");
        assert!(
            !refusal.to_string().contains(CANARY) && !refusal.to_string().contains("Y25yeQ"),
            "{refusal}"
        );
    }
    assert_eq!(double.came("/token").len(), 0);
}

#[tokio::test]
async fn a_device_is_asked_for_slower_and_slower_until_somebody_agrees() {
    let double = Double::start().await;
    let auth = "    kind: oauth2_device_code\n    device: https://as.example.com/device\n    token: https://as.example.com/token\n";
    let around = Around::new(manifest("demo", auth), &double);
    let service = around.service();
    let mut device = service.device(&[], at(0)).await.unwrap();
    assert_eq!((device.user_code.as_str(), device.interval.as_secs()), ("ABCD", 1));
    assert!(!format!("{device:?}").contains(CANARY));
    let mut intervals = vec![];
    for error in ["authorization_pending", "slow_down", "authorization_pending", "slow_down"] {
        let said = (400, String::new(), format!(r#"{{"error":"{error}"}}"#));
        double.state().says.push_back(said);
        assert!(matches!(service.poll(&mut device, at(10)).await.unwrap(), Poll::Wait));
        intervals.push(device.interval.as_secs());
    }
    assert_eq!(intervals, [1, 6, 6, 11]);
    assert!(matches!(service.poll(&mut device, at(20)).await.unwrap(), Poll::Done(_)));
    for (error, refusal) in
        [("access_denied", Refusal::Denied("access_denied".into())), ("expired_token", Refusal::Expired)]
    {
        double.state().says.push_back((400, String::new(), format!(r#"{{"error":"{error}"}}"#)));
        assert_eq!(service.poll(&mut device, at(30)).await.unwrap_err(), refusal);
    }
    let asked = double.came("/token").len();
    assert_eq!(service.poll(&mut device, at(600)).await.unwrap_err(), Refusal::Expired);
    assert_eq!(double.came("/token").len(), asked);
}

#[tokio::test]
async fn tokens_are_taken_back_where_the_service_offers_it() {
    let double = Double::start().await;
    let mut around = Around::new(manifest("demo", CODE), &double);
    let tokens = around.service().client_credentials(&[], at(0)).await.unwrap();
    assert!(around.service().revoke(&tokens).await.unwrap());
    let came = double.came("/revoke").pop().unwrap();
    assert_eq!(came.pairs["token"], tokens.refresh.as_ref().unwrap().expose());
    around.oauth2().revoke = None;
    assert!(!around.service().revoke(&tokens).await.unwrap());
    assert_eq!(double.came("/revoke").len(), 1);
}

#[tokio::test]
async fn without_a_refresh_token_an_app_asks_again_and_a_person_is_needed_otherwise() {
    let double = Double::start().await;
    let app = Around::new(manifest("demo", APP_ITSELF), &double);
    let person = Around::new(manifest("demo", CODE), &double);
    let tokens = Tokens { refresh: None, ..app.service().client_credentials(&[], at(0)).await.unwrap() };
    assert!(app.service().renew(&tokens, None, at(0)).await.is_ok());
    assert!(person.service().renew(&tokens, None, at(0)).await.unwrap_err().needs_person());
}

/// A connection that finds out three fields, one from each place.
const FINDS: &str = "connection:\n  derive:\n    team: { from: token, take: token.team.id }\n    \
    realm: { from: redirect, take: redirect.realmId, pattern: \"^[0-9]+$\" }\n    \
    site: { from: request, request: { method: GET, path: /sites }, take: response.body, choose: { value: item.id, label: \"{{ item.name }}\" } }\n  \
    verify: whoami\n  label: \"{{ response.body.user }}\"\n";

#[tokio::test]
async fn what_the_service_knows_is_found_out_in_order() {
    let double = Double::start().await;
    let around = Around::new(manifest_with("demo", FINDS, CODE, super::double::ACTIONS), &double);
    let tokens = Tokens {
        extra: Value::object([("team", Value::object([("id", Value::text("T1"))]))]),
        ..around.service().client_credentials(&[], at(0)).await.unwrap()
    };
    let redirect = |realm: &str| Value::object([("realmId", Value::text(realm))]);
    let (realm, wrong) = (redirect("42"), redirect("42/../x"));
    let signed = Signed {
        manifest: &around.manifest,
        auth: "oauth",
        fields: &around.fields,
        tokens: &tokens,
        redirect: &realm,
        egress: &around.egress,
        base: Some(&double.origin),
    };
    let sites = r#"[{"id":"s1","name":"One"},{"id":"s2","name":"Two"}]"#;
    let says = |body: &str| double.state().says.push_back((200, String::new(), body.into()));
    says(sites);
    let Derived::Choose { field, choices } = derive(&signed, &BTreeMap::new()).await.unwrap() else {
        panic!("there are two")
    };
    let choice = |value: &str, label: &str| Choice { value: value.into(), label: label.into() };
    assert_eq!((field.as_str(), choices), ("site", vec![choice("s1", "One"), choice("s2", "Two")]));
    let chosen = |value: &str| BTreeMap::from([("site".to_owned(), value.to_owned())]);
    says(sites);
    let Derived::All(fields) = derive(&signed, &chosen("s2")).await.unwrap() else { panic!("s2 was chosen") };
    let found: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(found, ["team=T1", "realm=42", "site=s2"]);
    // What is not among the choices is not believed, and one alone is taken without asking.
    says(sites);
    assert!(matches!(derive(&signed, &chosen("s3")).await.unwrap(), Derived::Choose { .. }));
    says(r#"[{"id":"s1","name":"One"}]"#);
    assert!(matches!(derive(&signed, &BTreeMap::new()).await.unwrap(), Derived::All(_)));
    let bearer = format!("Bearer {}", tokens.access.expose());
    assert!(double.came("/sites").iter().all(|came| came.authorization == bearer));
    let refusal = derive(&Signed { redirect: &wrong, ..signed }, &chosen("s2")).await.unwrap_err();
    assert!(refusal.to_string().contains("`realm` is not what Demo is known to give"), "{refusal}");
    says(r#"{"user":"ada"}"#);
    assert_eq!(label(&signed).await.unwrap().as_deref(), Some("ada"));
    let refused = (401, String::new(), r#"{"why":"no"}"#.to_owned());
    double.state().says.push_back(refused);
    assert!(label(&signed).await.is_err());
}
