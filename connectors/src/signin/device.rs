//! A person agrees at another device (RFC 8628): a code is shown, and the service is asked now and then whether they
//! did.

use std::fmt;
use std::time::Duration;

use dsl::catalog::FailureKind;
use dsl::value::Value;
use jiff::{SignedDuration, Timestamp};
use oauth2::DeviceCodeErrorResponseType;
use oauth2::basic::BasicErrorResponseType;
use secret::Secret;

use super::answer::{self, Asked};
use super::attempt::scopes;
use super::exchange::{Ask, ask};
use super::refusal::Refusal;
use super::service::Service;
use super::tokens::Tokens;
use crate::call::fill::found;
use crate::manifest::auth::Grant;

/// How often a service is asked that does not say it.
const USUAL: Duration = Duration::from_secs(5);

/// What is added each time that a service finds it too often.
const SLOWER: Duration = Duration::from_secs(5);

/// The longest pause between two questions.
const SLOWEST: Duration = Duration::from_secs(60);

/// How long a code serves where the service does not say it, and the longest that is believed.
const LASTS: i64 = 1800;

/// A code that a person types in at another device.
#[derive(Clone)]
pub struct Device {
    /// What the person types in.
    pub user_code: String,
    /// Where.
    pub address: String,
    /// The same with the code in it, where the service has one.
    pub complete: Option<String>,
    /// How long to wait before the service is asked again.
    pub interval: Duration,
    /// When the code is over.
    pub expires: Timestamp,
    code: Secret,
    scopes: Vec<String>,
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("address", &self.address)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// What the service says when it is asked whether the person agreed.
#[derive(Debug)]
pub enum Poll {
    /// Not yet: ask again after `interval`.
    Wait,
    /// They did.
    Done(Box<Tokens>),
}

impl Service<'_> {
    /// Has a code for another device.
    ///
    /// # Errors
    /// Where the way has none, or the service says no.
    pub async fn device(&self, wished: &[String], now: Timestamp) -> Result<Device, Refusal> {
        let Grant::DeviceCode { device } = &self.oauth2.grant else {
            let message = format!("`{}` of {} has no codes for other devices", self.auth, self.name);
            return Err(Refusal::of(FailureKind::Invalid, message));
        };
        let mut wanted = Ask::new(self.address(device, "device")?, []);
        let asked = scopes(self, wished);
        self.add_scopes(&mut wanted, &asked);
        let heard = ask(self, wanted).await?;
        let body = heard.response.get("body").cloned().unwrap_or_default();
        let text = |name: &str| body.get(name).and_then(Value::as_text).filter(|text| !text.is_empty());
        // Some services still have the name of a draft.
        let address = text("verification_uri").or_else(|| text("verification_url"));
        let (Some(code), Some(user_code), Some(address)) = (text("device_code"), text("user_code"), address)
        else {
            let error = body.get("error").cloned().unwrap_or_default();
            return Err(answer::refused(self, &heard, &error, (false, false)));
        };
        let page = |address: &str| address.starts_with("https://") || self.origin.is_some();
        if !page(address) {
            let message = format!("{} names no page where the code is typed in", self.name);
            return Err(Refusal::of(FailureKind::Refused, message));
        }
        let whole = |name: &str| match body.get(name) {
            Some(Value::Int(seconds)) => Some(*seconds),
            _ => None,
        };
        let lasts = SignedDuration::from_secs(whole("expires_in").unwrap_or(LASTS).clamp(0, LASTS));
        let interval = whole("interval").and_then(|seconds| u64::try_from(seconds).ok());
        Ok(Device {
            user_code: user_code.into(),
            address: address.into(),
            complete: text("verification_uri_complete").filter(|text| page(text)).map(str::to_owned),
            interval: interval.map_or(USUAL, Duration::from_secs).min(SLOWEST),
            expires: now.saturating_add(lasts).unwrap_or(Timestamp::MAX),
            code: Secret::new(code.into()),
            scopes: asked,
        })
    }

    /// Asks once whether the person agreed.
    ///
    /// # Errors
    /// Where they refused, it took too long, or the service says no.
    pub async fn poll(&self, device: &mut Device, now: Timestamp) -> Result<Poll, Refusal> {
        if now >= device.expires {
            return Err(Refusal::Expired);
        }
        let grant = "urn:ietf:params:oauth:grant-type:device_code";
        let pairs = [("grant_type", grant.into()), ("device_code", (&device.code).into())];
        let heard = ask(self, Ask::new(self.token()?, pairs)).await?;
        let names = self.names().with("response", heard.response.clone());
        let error = match found(&self.oauth2.answer.error, &names) {
            Value::Text(text) => Some(kind(&text)),
            _ => None,
        };
        match error {
            Some(DeviceCodeErrorResponseType::AuthorizationPending) => Ok(Poll::Wait),
            Some(DeviceCodeErrorResponseType::SlowDown) => {
                device.interval = (device.interval + SLOWER).min(SLOWEST);
                Ok(Poll::Wait)
            }
            Some(DeviceCodeErrorResponseType::AccessDenied) => Err(Refusal::Denied("access_denied".into())),
            Some(DeviceCodeErrorResponseType::ExpiredToken) => Err(Refusal::Expired),
            Some(DeviceCodeErrorResponseType::Basic(_)) | None => {
                let asked = Asked { scopes: &device.scopes, refresh: None, now };
                Ok(Poll::Done(Box::new(answer::tokens(self, heard, asked)?)))
            }
        }
    }
}

/// The errors of RFC 8628 by their names.
fn kind(text: &str) -> DeviceCodeErrorResponseType {
    serde_json::from_value(text.into()).unwrap_or_else(|_| {
        DeviceCodeErrorResponseType::Basic(BasicErrorResponseType::Extension(text.into()))
    })
}
