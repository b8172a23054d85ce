//! Signing in, judged by what others wrote: `oauth2-mock-server` and `oidc-provider` of npm. Ours (`signin::double`) may
//! have our own mistakes in it; these have others, and the second holds whoever asks to the letter of the standards.
//!
//! `KEYWAY_DOUBLES` names the folder into which they are installed: `.ci/run` says how. A test whose tool is absent says
//! so and does nothing, and where `CI` is set it fails.

#[path = "signin/binary.rs"]
mod binary;

use std::sync::Arc;

use connectors::library::embedded_families;
use connectors::manifest::Manifest;
use connectors::signin::{Accepted, App, Attempts, Callback, Refusal, Service, Tokens, Who, Wish};
use dsl::value::Object;
use jiff::Timestamp;
use secret::{NoVault, Secret};
use tests::tool::Tool;
use tests::walker::Walker;
use url::Url;

/// The app's secret, which the script of `oidc-provider` has too.
const SECRET: &str = "cnry-app-secret-0123456789";

const ADDRESS: &str = "https://keyway.example/connect/demo";

fn mock(how: &str) -> Option<Tool> {
    Tool::script("oauth2-mock-server", include_str!("doubles/mock_oauth2.mjs"), &[("HOW", how)])
}

fn provider() -> Option<Tool> {
    Tool::script("oidc-provider", include_str!("doubles/oidc.mjs"), &[])
}

/// A person who signs in at a service.
struct Person {
    manifest: Manifest,
    fields: Object,
    app: App,
    egress: egress::Client,
    origin: String,
    attempts: Attempts,
    who: Who,
}

impl Person {
    fn new(tool: &Tool, auth: &str) -> Person {
        let text = format!(
            "connector: demo\nname: Demo\nversion: 1.0.0\nabout: A service for trying.\nhosts: [as.example.com]\n\
             base: https://as.example.com\nauth:\n  oauth:\n    about: Agree in a browser.\n{auth}actions:\n  whoami:\n    \
             about: Who is signed in.\n    effect: read\n    safety: read\n    request: {{ method: GET, path: /me }}\n    returns: any\n"
        );
        let read = connectors::read::manifest(&text, None, embedded_families());
        let policy = egress::Policy { allow_private: true, ..egress::Policy::default() };
        Person {
            manifest: read.value.unwrap_or_else(|| panic!("{:#?}", read.diagnostics)),
            fields: Object::new(),
            app: App { id: "keyway".into(), secret: Some(Secret::new(SECRET.into())) },
            egress: egress::Client::new(policy, Arc::new(NoVault)),
            origin: tool.base(""),
            attempts: Attempts::new(&[7; 32]),
            who: Who { person: "ada".into(), session: "browser".into() },
        }
    }

    fn service(&self) -> Service<'_> {
        let service = Service::of(&self.manifest, "oauth", (&self.fields, &self.app), &self.egress);
        Service { origin: Some(&self.origin), ..service.expect("the manifest has it") }
    }

    /// Agrees in a browser, and takes what it comes back with.
    fn agree(&self, chance: u8) -> Result<Accepted, Refusal> {
        let wish = Wish { who: self.who.clone(), redirect: ADDRESS.into(), scopes: vec![] };
        let begun = self.attempts.begin(&self.service(), wish, &[chance; 64], Timestamp::now())?;
        let query = Walker::default().agree(&begun.address, ADDRESS);
        let callback = Callback { connector: "demo", address: ADDRESS, who: &self.who, query: &query };
        self.attempts.accept(&callback, Timestamp::now())
    }
}

fn refresh(tokens: &Tokens) -> String {
    tokens.refresh.as_ref().expect("there is a refresh token").expose().to_owned()
}

const MOCK: &str = "    kind: oauth2_code\n    authorize: https://as.example.com/authorize\n    \
    token: https://as.example.com/token\n    revoke: https://as.example.com/revoke\n    scopes: { default: [read] }\n";

/// `prompt` makes the provider give out a refresh token; it says who it is in each answer.
fn strict(tool: &Tool, more: &str) -> String {
    format!(
        "    kind: oauth2_code\n    authorize: https://as.example.com/auth\n    token: https://as.example.com/token\n    \
         revoke: https://as.example.com/token/revocation\n    issuer: {}\n    authorize_params: {{ prompt: consent }}\n    \
         scopes: {{ default: [openid, offline_access] }}\n    rotation: {{ refreshed: rotates }}\n{more}",
        tool.base("")
    )
}

#[tokio::test]
async fn a_person_signs_in_at_the_mock_and_is_renewed() {
    let Some(tool) = mock("") else { return };
    let person = Person::new(&tool, MOCK);
    let accepted = person.agree(1).expect("it agrees");
    let tokens = person.service().exchange(&accepted, Timestamp::now()).await.expect("it gives tokens");
    assert!(tokens.expires.is_some() && !refresh(&tokens).is_empty());
    let renewed = person.service().renew(&tokens, None, Timestamp::now()).await.expect("it renews them");
    assert!(!renewed.access.expose().is_empty());
    let app = person.service().client_credentials(&[], Timestamp::now()).await.expect("it knows the app");
    assert!(!app.access.expose().is_empty());
    let printed = format!("{accepted:?} {tokens:?} {renewed:?} {:?}", person.attempts);
    for secret in [tokens.access.expose(), renewed.access.expose(), &refresh(&tokens), accepted.code.expose()]
    {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[tokio::test]
async fn the_mock_wants_the_verifier_that_the_challenge_was_made_of() {
    let Some(tool) = mock("") else { return };
    let person = Person::new(&tool, MOCK);
    let (mut injected, second) = (person.agree(1).expect("it agrees"), person.agree(2).expect("it agrees"));
    injected.code = second.code.clone();
    let refusal = person.service().exchange(&injected, Timestamp::now()).await.expect_err("it is another's");
    assert!(!refusal.to_string().contains(second.code.expose()), "{refusal}");
    // The control: with its own verifier a code serves. The mock has forgotten the one that was tried.
    let third = person.agree(3).expect("it agrees");
    person.service().exchange(&third, Timestamp::now()).await.expect("it is its own");
}

#[tokio::test]
async fn a_refresh_token_that_the_mock_takes_no_more_needs_a_person() {
    let Some(tool) = mock("dead") else { return };
    let person = Person::new(&tool, MOCK);
    let accepted = person.agree(1).expect("it agrees");
    let tokens = person.service().exchange(&accepted, Timestamp::now()).await.expect("it gives tokens");
    let refusal = person.service().renew(&tokens, None, Timestamp::now()).await.expect_err("it is dead");
    assert_eq!(refusal, Refusal::Reconnect("Demo takes its refresh token no more: invalid_grant".into()));
}

#[tokio::test]
async fn a_person_signs_in_at_a_strict_provider_whose_tokens_rotate() {
    let Some(tool) = provider() else { return };
    let person = Person::new(&tool, &strict(&tool, ""));
    let accepted = person.agree(1).expect("it agrees, and says who it is");
    let service = person.service();
    let tokens = service.exchange(&accepted, Timestamp::now()).await.expect("it gives tokens");
    assert!(!tokens.extra.to_string().contains(tokens.access.expose()), "{}", tokens.extra);
    let renewed = service.renew(&tokens, None, Timestamp::now()).await.expect("it renews them");
    assert_ne!(refresh(&tokens), refresh(&renewed));
    // Used a second time it is dead, and so is what came of it: somebody may have stolen it.
    let refusal = service.renew(&tokens, None, Timestamp::now()).await.expect_err("it was used");
    assert!(refusal.needs_person(), "{refusal:?}");
    assert!(
        service.renew(&renewed, None, Timestamp::now()).await.expect_err("its family is dead").needs_person()
    );
}

#[tokio::test]
async fn a_strict_provider_takes_a_code_once_and_tokens_back() {
    let Some(tool) = provider() else { return };
    let person = Person::new(&tool, &strict(&tool, ""));
    let service = person.service();
    let accepted = person.agree(1).expect("it agrees");
    let tokens = service.exchange(&accepted, Timestamp::now()).await.expect("it gives tokens");
    assert!(service.revoke(&tokens).await.expect("it takes them back"));
    assert!(service.renew(&tokens, None, Timestamp::now()).await.expect_err("it is gone").needs_person());
    let again = person.agree(2).expect("it agrees again");
    service.exchange(&again, Timestamp::now()).await.expect("once");
    let twice = service.exchange(&again, Timestamp::now()).await.expect_err("not twice");
    assert!(twice.to_string().contains("invalid_grant"), "{twice}");
}

#[tokio::test]
async fn a_strict_provider_says_no_without_pkce_and_to_another_secret() {
    let Some(tool) = provider() else { return };
    let person = Person::new(&tool, &strict(&tool, "    pkce: off\n"));
    let refusal = person.agree(1).expect_err("it asks for PKCE");
    assert_eq!(refusal, Refusal::Denied("invalid_request".into()));
    let mut person = Person::new(&tool, &strict(&tool, ""));
    person.app.secret = Some(Secret::new("cnry-another-secret".into()));
    let accepted = person.agree(1).expect("it agrees");
    let refusal =
        person.service().exchange(&accepted, Timestamp::now()).await.expect_err("it is another app");
    assert!(refusal.to_string().contains("invalid_client"), "{refusal}");
    assert!(!refusal.to_string().contains("cnry"), "{refusal}");
}

#[tokio::test]
async fn an_answer_of_the_provider_is_no_answer_of_somebody_else() {
    let Some(tool) = provider() else { return };
    let auth =
        strict(&tool, "").replace(&format!("issuer: {}", tool.base("")), "issuer: https://other.example");
    assert_eq!(Person::new(&tool, &auth).agree(1).expect_err("it says who it is"), Refusal::IssuerMismatch);
}
