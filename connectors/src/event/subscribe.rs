//! Subscriptions: a service is told an address, reminded of it before it forgets, and told that nobody listens any more.
//! The address and the secret that goes with it are holes until they leave the process.

use std::sync::Arc;

use dsl::catalog::{Failure, FailureKind};
use dsl::value::{Hole, Value};
use dsl::workflow::Arg;
use jiff::Timestamp;
use secret::{Open, Refused, Secret};

use super::proof::moment;
use super::{UNFIT, fitting};
use crate::Connectors;
use crate::call::fill::{self, Names};
use crate::call::{Job, Sent};
use crate::manifest::Manifest;
use crate::manifest::request::Request;
use crate::manifest::trigger::{Subscription, Trigger};

/// What the address and its secret are called where they are opened.
const URL: &str = "hook/url";
const SECRET: &str = "hook/secret";

/// Which trigger it is about, and by whose account.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The service.
    pub manifest: &'a Manifest,
    /// The trigger.
    pub trigger: &'a Trigger,
    /// How it is subscribed to.
    pub subscription: &'a Subscription,
    /// The trigger's parameters.
    pub input: &'a Value,
    /// The name of the connection; the owner's only one where there is none.
    pub connection: Option<&'a str>,
    /// Where the paths of the manifest begin instead of at its own base, for trying.
    pub base: Option<&'a str>,
}

/// What a service is told.
#[derive(Clone, Debug)]
pub struct Hook {
    /// The address.
    pub url: Secret,
    /// The secret that its calls are held against.
    pub secret: Secret,
}

/// What came of telling a service an address.
#[derive(Clone, Debug)]
pub struct Subscribed {
    /// What is remembered of its answer.
    pub kept: Value,
    /// The secret that it chose, where it says one in its answer.
    pub secret: Option<Secret>,
}

impl Connectors {
    /// Tells a service an address.
    ///
    /// # Errors
    /// Where it says no.
    pub async fn subscribe(&self, about: &About<'_>, hook: &Hook) -> Result<Subscribed, Failure> {
        let hooked = Value::object([
            ("url", Value::Hole(Arc::new(Hole::Name(URL.into())))),
            ("secret", Value::Hole(Arc::new(Hole::Name(SECRET.into())))),
        ]);
        let names = self.sent(about, &about.subscription.subscribe, ("hook", hooked), Some(hook)).await?;
        let secret = chosen(about, names.as_ref())?;
        Ok(Subscribed { kept: remembered(about.subscription, names)?, secret })
    }

    /// Keeps a subscription from ending, or makes it anew where the manifest has no other way.
    ///
    /// # Errors
    /// Where the service says no.
    pub async fn renew(&self, about: &About<'_>, kept: &Value, hook: &Hook) -> Result<Subscribed, Failure> {
        let request = about.subscription.renew.as_ref().and_then(|renew| renew.request.as_ref());
        let Some(request) = request else { return self.subscribe(about, hook).await };
        let names = self.sent(about, request, ("subscription", kept.clone()), None).await?;
        Ok(Subscribed { kept: merged(kept, renewed(about.subscription, names)), secret: None })
    }

    /// Takes a subscription back. One that the service does not know any more is taken back.
    ///
    /// # Errors
    /// Where the service says no.
    pub async fn unsubscribe(&self, about: &About<'_>, kept: &Value) -> Result<(), Failure> {
        let Some(request) = &about.subscription.unsubscribe else { return Ok(()) };
        match self.sent(about, request, ("subscription", kept.clone()), None).await {
            Ok(_) => Ok(()),
            Err(failure) if failure.kind == FailureKind::NotFound => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    /// Sends a request of a trigger; gives the names with its answer.
    async fn sent(
        &self,
        about: &About<'_>,
        request: &Request,
        (name, value): (&'static str, Value),
        hook: Option<&Hook>,
    ) -> Result<Option<Names>, Failure> {
        let id = format!("{}.{}", about.manifest.id, about.trigger.name);
        let job = Job {
            manifest: about.manifest,
            id: &id,
            egress: &self.settings.egress,
            contents: &self.settings.contents,
            connections: &*self.settings.connections,
            meter: &self.settings.meter,
            key: &id,
            name: &id,
            connection: about.connection,
            base: about.base,
            recorder: None,
        };
        let opens = |inner: Arc<dyn Open>| -> Arc<dyn Open> {
            match hook {
                Some(hook) => Arc::new(WithHook { hook: hook.clone(), inner }),
                None => inner,
            }
        };
        let names = [("input", about.input.clone()), (name, value)];
        job.send(&Sent { request, names: &names }, opens).await
    }
}

/// The secret that a service chose, where it says one in its answer.
fn chosen(about: &About<'_>, names: Option<&Names>) -> Result<Option<Secret>, Failure> {
    let Some(secret) = &about.subscription.secret else { return Ok(None) };
    let given = names.and_then(|names| fitting(&fill::found(secret, names)));
    let unfit = || {
        let message = format!("{} was told an address, and {UNFIT}", about.manifest.name);
        Failure { answered: true, ..Failure::new(FailureKind::Server, message) }
    };
    given.map(Some).ok_or_else(unfit)
}

/// What is remembered of an answer.
fn remembered(subscription: &Subscription, names: Option<Names>) -> Result<Value, Failure> {
    match (&subscription.remember, names) {
        (Some(remember), Some(names)) => Ok(fill::value(remember, &names)?.unwrap_or_default()),
        (Some(_), None) | (None, _) => Ok(Value::Null),
    }
}

/// What an answer to a renewal tells of what is remembered: many tell only when it ends now, or nothing at all.
fn renewed(subscription: &Subscription, names: Option<Names>) -> Value {
    let filled = |arg: &Arg| fill::value(arg, names.as_ref()?).ok().flatten();
    match &subscription.remember {
        Some(Arg::Object(entries)) => {
            let told = entries.iter().filter_map(|(name, arg)| Some((name.clone(), filled(arg)?)));
            Value::object(told)
        }
        Some(whole) => filled(whole).unwrap_or_default(),
        None => Value::Null,
    }
}

/// What was known, and what is known better now.
fn merged(kept: &Value, fresh: Value) -> Value {
    match (kept, &fresh) {
        (Value::Object(old), Value::Object(new)) => {
            let mut all = (**old).clone();
            for (name, value) in new.iter().filter(|(_, value)| !value.is_null()) {
                all.insert(name.clone(), value.clone());
            }
            Value::Object(all.into())
        }
        (_, Value::Null) => kept.clone(),
        (_, _) => fresh,
    }
}

/// When a subscription has to be renewed; nothing where it lasts.
pub fn renewal(subscription: &Subscription, kept: &Value) -> Option<Timestamp> {
    let renew = subscription.renew.as_ref()?;
    let names = Names::new("").with("subscription", kept.clone());
    let expires = moment(&fill::found(&renew.expires, &names))?;
    let before = jiff::SignedDuration::try_from(renew.before).ok()?;
    expires.checked_sub(before).ok()
}

/// Opens the address and its secret, and what the connection opens.
struct WithHook {
    hook: Hook,
    inner: Arc<dyn Open>,
}

impl Open for WithHook {
    fn open(&self, name: &str, host: &str) -> Result<Secret, Refused> {
        match name {
            URL => Ok(self.hook.url.clone()),
            SECRET => Ok(self.hook.secret.clone()),
            other => self.inner.open(other, host),
        }
    }
}
