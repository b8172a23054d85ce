//! Attacks on linking an account: each is refused, and each would succeed without the check that stops it.

use dsl::value::Value;
use secret::Secret;

use super::attempt::{Attempts, Callback, Who, Wish};
use super::check::{Check, LEFT_OUT};
use super::double::{Around, CANARY, CODE, Double, at, chance, manifest, text};
use super::refusal::Refusal;
use super::service::{App, Service};

/// Where browsers come back to.
const ADDRESS: &str = "https://keyway.example/connect/demo";

/// What is tried, the check that stops it, and how it is refused.
type Attack = (&'static str, Check, fn(&Refusal) -> bool);

/// All of them.
const ATTACKS: [Attack; 32] = [
    ("an answer without a state", Check::State, |no| *no == Refusal::StateMissing),
    ("an answer with an empty state", Check::State, |no| *no == Refusal::StateMissing),
    ("a state that is a guess", Check::State, |no| *no == Refusal::StateForged),
    ("a known name with a seal of chance", Check::Seal, |no| *no == Refusal::StateForged),
    ("a known name with the seal of another", Check::Seal, |no| *no == Refusal::StateForged),
    ("the same answer again", Check::Once, |no| *no == Refusal::StateUsed),
    ("the same state with another code", Check::Once, |no| *no == Refusal::StateUsed),
    ("a state that was refused before", Check::Once, |no| *no == Refusal::StateUsed),
    ("an hour late", Check::Expiry, |no| *no == Refusal::Expired),
    ("late by a second", Check::Expiry, |no| *no == Refusal::Expired),
    ("a clock that went back", Check::Expiry, |no| *no == Refusal::Expired),
    ("a victim finishes what another began", Check::Person, |no| *no == Refusal::OtherPerson),
    ("a stolen answer is brought by a thief", Check::Person, |no| *no == Refusal::OtherPerson),
    ("an answer in another browser", Check::Session, |no| *no == Refusal::OtherSession),
    ("an answer in a browser without a session", Check::Session, |no| *no == Refusal::OtherSession),
    ("no session, twice", Check::Somebody, |no| *no == Refusal::Nobody),
    ("nobody, twice", Check::Somebody, |no| *no == Refusal::Nobody),
    ("an answer at the address of another connector", Check::Connector, |no| *no == Refusal::OtherConnector),
    ("an answer at another address", Check::Address, |no| *no == Refusal::OtherAddress),
    ("an answer below the address", Check::Address, |no| *no == Refusal::OtherAddress),
    ("the app is another one meanwhile", Check::App, |no| *no == Refusal::OtherApp),
    ("an answer from another service", Check::Issuer, |no| *no == Refusal::IssuerMismatch),
    ("an answer that does not say from whom", Check::Issuer, |no| *no == Refusal::IssuerMissing),
    ("an answer from one of nearly the same name", Check::Issuer, |no| *no == Refusal::IssuerMismatch),
    ("a code of an honest service for a bad one", Check::Issuer, |no| *no == Refusal::IssuerMismatch),
    ("two states", Check::Repeated, |no| *no == Refusal::Repeated("state")),
    ("two codes", Check::Repeated, |no| *no == Refusal::Repeated("code")),
    ("an error beside a code", Check::Denied, |no| matches!(no, Refusal::Denied(_))),
    ("no code", Check::Code, |no| *no == Refusal::CodeMissing),
    ("a code of another attempt", Check::Pkce, |no| matches!(no, Refusal::Failed(_))),
    ("the service of tokens leads elsewhere", Check::Redirect, |no| matches!(no, Refusal::Failed(_))),
    ("an error beside a token", Check::Error, |no| matches!(no, Refusal::Failed(_))),
];

/// One world for each try.
struct World {
    honest: Double,
    bad: Double,
    attempts: Attempts,
    demo: Around,
}

fn who(person: &str, session: &str) -> Who {
    Who { person: person.into(), session: session.into() }
}

impl World {
    async fn new() -> World {
        let (honest, bad) = (Double::start().await, Double::start().await);
        let demo = Around::new(manifest("demo", CODE), &honest);
        World { honest, bad, attempts: Attempts::new(&[7; 32]), demo }
    }

    fn begin(&self, service: &Service<'_>, who: &Who, seed: u8) -> Result<String, Refusal> {
        let wish = Wish { who: who.clone(), redirect: ADDRESS.into(), scopes: vec![] };
        Ok(self.attempts.begin(service, wish, &chance(seed), at(0))?.address)
    }

    /// Brings an answer; success is that it is taken and, where it can be, becomes tokens of an account.
    async fn bring(&self, query: &str, who: &Who) -> Result<String, Refusal> {
        self.bring_to("demo", ADDRESS, query, who, 1).await
    }

    async fn bring_to(
        &self,
        connector: &str,
        address: &str,
        query: &str,
        who: &Who,
        seconds: i64,
    ) -> Result<String, Refusal> {
        let callback = Callback { connector, address, who, query };
        let accepted = self.attempts.accept(&callback, at(seconds))?;
        let tokens = self.demo.service().exchange(&accepted, at(seconds)).await?;
        Ok(text(tokens.extra.get("account").unwrap_or(&Value::Null)))
    }
}

/// Plays one attack: what the attacker wanted, or why not.
async fn play(attack: &str) -> Result<String, Refusal> {
    let mut world = World::new().await;
    let (ada, mallory) = (who("ada", "browser-1"), who("mallory", "browser-2"));
    if attack.starts_with("an answer from") || attack.starts_with("an answer that") {
        let named = format!("{CODE}    issuer: https://as.example.com\n");
        world.demo = Around::new(manifest("demo", &named), &world.honest);
    }
    let beginner = match attack {
        "a victim finishes what another began" => mallory.clone(),
        "no session, twice" => who("ada", ""),
        "nobody, twice" => who("", "browser-1"),
        _ => ada.clone(),
    };
    let address = world.begin(&world.demo.service(), &beginner, 1)?;
    let query = world.honest.agree(&address, "ada's account");
    let state = query.split_once("state=").map(|(_, state)| state.to_owned()).unwrap();
    // What Mallory has for himself: an attempt of his own, and a code for his account.
    let own = world.begin(&world.demo.service(), &mallory, 2)?;
    let own = world.honest.agree(&own, "mallory's account");
    let (own_code, own_state) = own.split_once("&state=").unwrap();
    match attack {
        "an answer without a state" => {
            world.honest.state().lax = true;
            world.bring(own_code, &ada).await
        }
        "an answer with an empty state" => {
            world.honest.state().lax = true;
            world.bring(&format!("{own_code}&state="), &ada).await
        }
        "a state that is a guess" => {
            world.honest.state().lax = true;
            world.bring(&format!("{own_code}&state=undefined"), &ada).await
        }
        "a known name with a seal of chance" => {
            let forged = format!("{}{}", &state[..43], "A".repeat(43));
            world.bring(&query.replace(&state, &forged), &ada).await
        }
        "a known name with the seal of another" => {
            let forged = format!("{}{}", &state[..43], &own_state[43..]);
            world.bring(&query.replace(&state, &forged), &ada).await
        }
        "the same answer again" => {
            world.honest.state().lax = true;
            world.bring(&query, &ada).await.unwrap();
            world.bring(&query, &ada).await
        }
        "the same state with another code" => {
            world.honest.state().lax = true;
            world.bring(&query, &ada).await.unwrap();
            world.bring(&format!("{own_code}&state={state}"), &ada).await
        }
        "a state that was refused before" => {
            world.bring(&query, &mallory).await.unwrap_err();
            world.bring(&query, &ada).await
        }
        "an hour late" => world.bring_to("demo", ADDRESS, &query, &ada, 3600).await,
        "late by a second" => world.bring_to("demo", ADDRESS, &query, &ada, 600).await,
        "a clock that went back" => world.bring_to("demo", ADDRESS, &query, &ada, -61).await,
        "a victim finishes what another began" => world.bring(&query, &who("ada", "browser-2")).await,
        "a stolen answer is brought by a thief" => world.bring(&query, &who("mallory", "browser-1")).await,
        "an answer in another browser" => world.bring(&query, &who("ada", "browser-2")).await,
        "an answer in a browser without a session" => world.bring(&query, &who("ada", "")).await,
        "no session, twice" | "nobody, twice" => world.bring(&query, &beginner).await,
        "an answer at the address of another connector" => {
            world.bring_to("other", ADDRESS, &query, &ada, 1).await
        }
        "an answer at another address" => {
            world.bring_to("demo", "https://evil.example/connect/demo", &query, &ada, 1).await
        }
        "an answer below the address" => {
            world.bring_to("demo", &format!("{ADDRESS}/../other"), &query, &ada, 1).await
        }
        "the app is another one meanwhile" => {
            world.demo.app = App { id: "app-of-mallory".into(), secret: None };
            world.bring(&query, &ada).await
        }
        "an answer from another service" => {
            world.bring(&format!("{query}&iss=https://evil.example"), &ada).await
        }
        "an answer that does not say from whom" => world.bring(&query, &ada).await,
        "an answer from one of nearly the same name" => {
            world.bring(&format!("{query}&iss=https://as.example.com.evil.example"), &ada).await
        }
        "a code of an honest service for a bad one" => {
            // Ada begins at a connector of Mallory's, whose page sends her on to the honest service.
            let bad = Around::new(manifest("bad", CODE), &world.bad);
            let address = world.begin(&bad.service(), &ada, 3)?;
            let query =
                format!("{}&iss={}", world.honest.agree(&address, "ada's account"), world.honest.origin);
            let callback = Callback { connector: "bad", address: ADDRESS, who: &ada, query: &query };
            let accepted = world.attempts.accept(&callback, at(1))?;
            let _ = bad.service().exchange(&accepted, at(1)).await;
            let caught = world.bad.came("/token");
            Ok(caught.first().map(|came| came.pairs["code"].clone()).unwrap_or_default())
        }
        "two states" => world.bring(&format!("{query}&state={own_state}"), &ada).await,
        "two codes" => world.bring(&format!("{query}&{own_code}"), &ada).await,
        "an error beside a code" => world.bring(&format!("{query}&error=access_denied"), &ada).await,
        "no code" => {
            world.honest.state().lax = true;
            world.bring(&format!("code=&state={state}"), &ada).await
        }
        "a code of another attempt" => world.bring(&format!("{own_code}&state={state}"), &ada).await,
        "the service of tokens leads elsewhere" => {
            let away = (307, "location: /leak\r\n".to_owned(), String::new());
            world.honest.state().says.push_back(away);
            let brought = world.bring(&query, &ada).await;
            let leaked = world.honest.came("/leak");
            leaked.first().map(|came| came.pairs["code"].clone()).map_or(brought, Ok)
        }
        "an error beside a token" => {
            let both = r#"{"error":"invalid_scope","access_token":"cnry-less","account":"less"}"#;
            world.honest.state().says.push_back((200, String::new(), both.into()));
            world.bring(&query, &ada).await
        }
        other => panic!("nobody knows how to play `{other}`"),
    }
}

#[tokio::test]
async fn every_attack_is_refused_and_its_check_is_what_refuses_it() {
    let (mut refused, mut succeeded) = (0, 0);
    for (attack, check, expected) in ATTACKS {
        let refusal = play(attack).await.expect_err(attack);
        assert!(expected(&refusal), "{attack}: {refusal:?}");
        assert!(!format!("{refusal} {refusal:?}").contains(CANARY), "{attack}: {refusal:?}");
        refused += 1;
        LEFT_OUT.set(Some(check));
        let reached = play(attack).await;
        LEFT_OUT.set(None);
        assert!(
            reached.as_ref().is_ok_and(|what| !what.is_empty()),
            "{attack} without {check:?}: {reached:?}"
        );
        succeeded += 1;
    }
    assert_eq!((refused, succeeded), (32, 32));
}

#[tokio::test]
async fn an_honest_sign_in_is_not_refused() {
    for issuer in ["", "    issuer: https://as.example.com\n"] {
        let mut world = World::new().await;
        world.demo = Around::new(manifest("demo", &format!("{CODE}{issuer}")), &world.honest);
        let ada = who("ada", "browser-1");
        let address = world.begin(&world.demo.service(), &ada, 1).unwrap();
        let query = world.honest.agree(&address, "ada's account");
        let query =
            if issuer.is_empty() { query } else { format!("{query}&iss=https%3A%2F%2Fas.example.com") };
        assert_eq!(world.bring(&query, &ada).await.unwrap(), "ada's account");
    }
}

#[test]
fn a_token_address_outside_the_hosts_is_never_asked() {
    let around_hosts = |check: Option<Check>| {
        let mut manifest = manifest("demo", CODE);
        manifest.hosts = vec!["other.example.com".into()];
        let app = App { id: "app".into(), secret: Some(Secret::new("cnry-secret".into())) };
        let egress = egress::Client::new(egress::Policy::default(), std::sync::Arc::new(secret::NoVault));
        let fields = dsl::value::Object::new();
        let service = Service::of(&manifest, "oauth", (&fields, &app), &egress).unwrap();
        LEFT_OUT.set(check);
        let address = service.token();
        LEFT_OUT.set(None);
        address
    };
    assert!(matches!(around_hosts(None), Err(Refusal::OutsideHosts { what: "token", .. })));
    assert_eq!(around_hosts(Some(Check::Hosts)).unwrap().as_str(), "https://as.example.com/token");
}

#[test]
fn the_address_of_a_person_holds_what_is_needed_and_no_secret() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let more =
        "    authorize_params: { prompt: consent, state: evil, redirect_uri: \"https://evil.example\" }\n";
    let around = Around::new(manifest("demo", &format!("{CODE}{more}")), &world.honest);
    let wish = Wish {
        who: who("ada", "browser-1"),
        redirect: ADDRESS.into(),
        scopes: vec!["write".into(), "read".into()],
    };
    let begun = world.attempts.begin(&around.service(), wish, &chance(1), at(0)).unwrap();
    let url = url::Url::parse(&begun.address).unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let one = |name: &str| {
        let found: Vec<&String> =
            pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value).collect();
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        found[0].clone()
    };
    assert_eq!(one("response_type"), "code");
    assert_eq!(one("client_id"), "app-1");
    assert_eq!(one("redirect_uri"), ADDRESS);
    assert_eq!(one("scope"), "read write");
    assert_eq!(one("prompt"), "consent");
    assert_eq!(one("code_challenge_method"), "S256");
    assert_eq!(one("code_challenge").len(), 43);
    assert_eq!(one("state").len(), 86);
    assert!(!begun.address.contains(CANARY) && !begun.address.contains("verifier"), "{}", begun.address);
    assert!(!format!("{:?}", world.attempts).contains(&one("state")));
}

#[test]
fn one_person_cannot_fill_the_place_of_all() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let (ada, mallory) = (who("ada", "browser-1"), who("mallory", "browser-2"));
    let first = world.begin(&world.demo.service(), &ada, 0).unwrap();
    for seed in 1..=200 {
        world.begin(&world.demo.service(), &mallory, seed).unwrap();
    }
    assert_eq!(format!("{:?}", world.attempts), "Attempts { open: 17, .. }");
    let query = world.honest.agree(&first, "ada's account");
    let callback = Callback { connector: "demo", address: ADDRESS, who: &ada, query: &query };
    assert!(world.attempts.accept(&callback, at(1)).is_ok());
}
