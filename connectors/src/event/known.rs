//! The schemes that an author names at a webhook: how the services sign whose scheme others have taken over.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dsl::value::{Hash as Digest, Value};
use jiff::Timestamp;
use secret::Secret;

use super::proof::{another, is_hmac, moment, needed, same, signatures, within};
use super::{Answer, Refused, Said, text};
use crate::event::proof::from_hex;
use crate::manifest::trigger::Hash;

/// How far from now a call may have been made that says when.
const TOLERANCE: Duration = Duration::from_secs(300);

/// How the sender of a webhook proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// User and password, `user:password`.
    Basic,
    /// A token in `authorization`.
    Bearer,
    /// As GitHub signs.
    Github,
    /// As GitLab shows a text that both know.
    Gitlab,
    /// HMAC-SHA256 of the body.
    Hmac,
    /// The address alone.
    Address,
    /// As Shopify signs.
    Shopify,
    /// As Slack signs.
    Slack,
    /// Standard Webhooks.
    Standard,
    /// As Stripe signs.
    Stripe,
    /// A header that is the secret itself.
    Token,
}

/// What is known of a call that proved who it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// What makes two tellings of it one; nothing where each is one of its own.
    pub key: Option<String>,
    /// How the sender is answered where it only asks something.
    pub asked: Option<Answer>,
}

impl Known {
    /// All of them.
    pub const ALL: [Known; 11] = [
        Known::Basic,
        Known::Bearer,
        Known::Github,
        Known::Gitlab,
        Known::Hmac,
        Known::Address,
        Known::Shopify,
        Known::Slack,
        Known::Standard,
        Known::Stripe,
        Known::Token,
    ];

    /// As authors write it.
    pub fn name(self) -> &'static str {
        match self {
            Known::Basic => "basic",
            Known::Bearer => "bearer",
            Known::Github => "github",
            Known::Gitlab => "gitlab",
            Known::Hmac => "hmac_sha256",
            Known::Address => dsl::keys::NO_SCHEME,
            Known::Shopify => "shopify",
            Known::Slack => "slack",
            Known::Standard => "standard",
            Known::Stripe => "stripe",
            Known::Token => "token",
        }
    }

    /// The scheme of a word.
    pub fn of(name: &str) -> Option<Known> {
        Known::ALL.into_iter().find(|known| known.name() == name)
    }

    /// The header that proves it, where the author names none.
    pub fn header(self) -> &'static str {
        match self {
            Known::Address => "",
            Known::Basic | Known::Bearer => "authorization",
            Known::Github => "x-hub-signature-256",
            Known::Gitlab => "x-gitlab-token",
            Known::Hmac => "x-signature",
            Known::Shopify => "x-shopify-hmac-sha256",
            Known::Slack => "x-slack-signature",
            Known::Standard => "webhook-signature",
            Known::Stripe => "stripe-signature",
            Known::Token => "x-webhook-token",
        }
    }

    /// Looks whether a call proves who it is.
    ///
    /// # Errors
    /// Where it does not, or is not of now.
    pub fn check(
        self,
        said: &Said,
        secret: Option<&Secret>,
        header: Option<&str>,
        now: Timestamp,
    ) -> Result<Verified, Refused> {
        let header = header.unwrap_or(self.header());
        if self == Known::Address {
            return Ok(Verified { key: told(said), asked: None });
        }
        let shown = said.header(header).ok_or_else(|| Refused::Unsigned(format!("`{header}`")))?;
        let secret = needed(secret)?;
        let timed = |name: &str| said.header(name).ok_or_else(|| Refused::Unsigned(format!("`{name}`")));
        match self {
            Known::Address => {}
            Known::Basic => {
                let (scheme, rest) = shown.split_once(' ').unwrap_or_default();
                let pair = STANDARD.decode(rest.trim()).unwrap_or_default();
                prove(scheme.eq_ignore_ascii_case("basic") && same(&pair, secret.as_bytes()), "password")?;
            }
            Known::Bearer => {
                let (scheme, rest) = shown.split_once(' ').unwrap_or_default();
                let right = same(rest.trim().as_bytes(), secret.as_bytes());
                prove(scheme.eq_ignore_ascii_case("bearer") && right, "token")?;
            }
            Known::Gitlab | Known::Token => prove(same(shown.as_bytes(), secret.as_bytes()), "token")?,
            Known::Github => {
                let given = shown.strip_prefix("sha256=").and_then(from_hex);
                prove_signed(secret.as_bytes(), &said.raw, &given.into_iter().collect::<Vec<_>>())?;
            }
            Known::Hmac => {
                let plain = shown.strip_prefix("sha256=").unwrap_or(shown).trim();
                let given = [from_hex(plain), STANDARD.decode(plain).ok()];
                prove_signed(secret.as_bytes(), &said.raw, &given.into_iter().flatten().collect::<Vec<_>>())?;
            }
            Known::Shopify => {
                let given = STANDARD.decode(shown).ok();
                prove_signed(secret.as_bytes(), &said.raw, &given.into_iter().collect::<Vec<_>>())?;
            }
            Known::Slack => {
                let time = timed("x-slack-request-timestamp")?;
                let over = [b"v0:", time.as_bytes(), b":", &said.raw].concat();
                let given = shown.strip_prefix("v0=").and_then(from_hex);
                prove_signed(secret.as_bytes(), &over, &given.into_iter().collect::<Vec<_>>())?;
                fresh(time, now)?;
            }
            Known::Standard => {
                let (id, time) = (timed("webhook-id")?, timed("webhook-timestamp")?);
                let over = [id.as_bytes(), b".", time.as_bytes(), b".", &said.raw].concat();
                let key = match secret.strip_prefix("whsec_") {
                    Some(coded) => STANDARD.decode(coded).map_err(|_| another("secret"))?,
                    None => secret.as_bytes().to_vec(),
                };
                let given = shown.split(' ').filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok());
                prove_signed(&key, &over, &given.collect::<Vec<_>>())?;
                fresh(time, now)?;
            }
            Known::Stripe => {
                let time = signatures(shown, Some("t"), "");
                let time = time.first().ok_or_else(|| another("signature"))?;
                let over = [time.as_bytes(), b".", &said.raw].concat();
                let given = signatures(shown, Some("v1"), "").into_iter().filter_map(from_hex);
                prove_signed(secret.as_bytes(), &over, &given.collect::<Vec<_>>())?;
                fresh(time, now)?;
            }
        }
        Ok(Verified { key: self.key(said, shown), asked: self.asked(said) })
    }

    /// What makes two tellings one: something that is signed, wherever anything is.
    fn key(self, said: &Said, shown: &str) -> Option<String> {
        let in_body = |name: &str| said.body().get(name).and_then(text);
        match self {
            Known::Address | Known::Basic | Known::Bearer | Known::Gitlab | Known::Token => told(said),
            // Their ids of deliveries stand in headers that nobody signs.
            Known::Github | Known::Hmac | Known::Shopify => Some(Digest::of(&said.raw).to_string()),
            Known::Slack => in_body("event_id").or_else(|| Some(shown.to_owned())),
            Known::Standard => said.header("webhook-id").map(str::to_owned),
            Known::Stripe => in_body("id").or_else(|| Some(Digest::of(&said.raw).to_string())),
        }
    }

    fn asked(self, said: &Said) -> Option<Answer> {
        let body = said.body();
        let asks = self == Known::Slack
            && body.get("type").and_then(Value::as_text).is_some_and(|kind| kind == "url_verification");
        let challenge = body.get("challenge").filter(|_| asks)?;
        Some(Answer { status: 200, headers: vec![], body: Some(challenge.clone()) })
    }
}

/// What a sender that signs nothing calls a delivery.
fn told(said: &Said) -> Option<String> {
    let names = ["idempotency-key", "webhook-id", "x-gitlab-event-uuid", "x-github-delivery"];
    names.into_iter().find_map(|name| said.header(name)).filter(|id| !id.is_empty()).map(str::to_owned)
}

fn prove(right: bool, what: &str) -> Result<(), Refused> {
    if right { Ok(()) } else { Err(another(what)) }
}

fn prove_signed(secret: &[u8], over: &[u8], given: &[Vec<u8>]) -> Result<(), Refused> {
    prove(given.iter().any(|given| is_hmac(Hash::Sha256, secret, over, given)), "signature")
}

fn fresh(time: &str, now: Timestamp) -> Result<(), Refused> {
    within(moment(&Value::text(time)).ok_or(Refused::Stale)?, TOLERANCE, now)
}
