//! A call from outside, from the moment in which it is read to the commit in which its runs begin.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use connectors::event::{self, Called, Heard, Known, Refused, Said};
use dsl::value::{Hash, Value};
use dsl::workflow::{Respond, Start, Verify};
use jiff::Timestamp;
use runtime::arrival::{Came, Coming, KEEP, Means};
use runtime::driver::Error as DriverError;
use runtime::listeners::Listener;
use secret::Secret;
use store::arrivals::Hook;
use vault::{LOCAL, Want, What, Who, secret_name};

use super::Core;
use super::callers::declared;
use crate::connections::User;
use crate::error::Error;
use crate::hooks::{self, WEBHOOK};
use crate::serve::Reach;

/// How long an opened secret serves the calls that follow: of a thousand calls in a second one is written down.
const SERVES: Duration = Duration::from_secs(10);

/// How long the keys of a service serve that stand at an address.
const KEYS_SERVE: Duration = Duration::from_secs(600);

/// The most bytes of the keys of a service.
const KEYS: usize = 1 << 20;

/// What was opened and fetched not long ago.
#[derive(Default)]
pub(super) struct Ears {
    secrets: Mutex<HashMap<[u8; 32], (Instant, Secret)>>,
    keys: Mutex<HashMap<String, (Instant, Arc<str>)>>,
}

/// How a call is answered.
pub(crate) enum Answered {
    /// The sender asked something first.
    Asked(event::Answer),
    /// This is what became of what it brought, and whether the output of its run is waited for.
    Came(Vec<Came>, Respond),
}

/// Why a call is not heard.
#[derive(Debug)]
pub(crate) enum Unheard {
    /// There is nothing at this address.
    Nowhere,
    /// It is called by another method than its trigger says.
    Method,
    /// It does not prove who it is, or cannot be read.
    Refused(Refused),
    /// It cannot be told whether it is genuine.
    Unsure(String),
    /// It cannot be recorded.
    Error(Error),
}

impl From<Refused> for Unheard {
    fn from(refused: Refused) -> Unheard {
        Unheard::Refused(refused)
    }
}

impl From<Error> for Unheard {
    fn from(error: Error) -> Unheard {
        Unheard::Error(error)
    }
}

/// What a call has brought.
struct Brought {
    events: Vec<(String, Duration, Value)>,
    respond: Respond,
}

impl Core {
    /// Hears a call over an address, and starts what it starts. When this returns, that is on disk.
    pub(crate) async fn hear(self: &Arc<Core>, hook: Hook, said: Said) -> Result<Answered, Unheard> {
        let listener = self.driver.listeners().find(&hook.workflow, &hook.text);
        let listener = listener.filter(|_| hook.in_force).ok_or(Unheard::Nowhere)?;
        let brought = match &listener.trigger.start {
            Start::Webhook { method, .. } if method.word() != said.method => return Err(Unheard::Method),
            Start::Webhook { verify, respond, .. } => {
                self.webhook(&hook, &listener, verify.as_ref(), *respond, said).await?
            }
            Start::Event { event, connection, .. } => {
                self.event(&hook, &listener, (event, connection.as_deref()), said).await?
            }
            Start::At { .. } | Start::Cron { .. } | Start::Every { .. } | Start::Signal { .. } => {
                return Err(Unheard::Nowhere);
            }
        };
        let brought = match brought {
            Ok(brought) => brought,
            Err(asked) => return Ok(Answered::Asked(asked)),
        };
        let coming =
            |(key, keep, cause)| Coming { listener: listener.clone(), key, keep, means: Means::Start(cause) };
        let comings: Vec<Coming> = brought.events.into_iter().map(coming).collect();
        if comings.is_empty() {
            return Ok(Answered::Came(vec![], Respond::Now));
        }
        let came = self.driver.arrive(comings, None).await.unwrap_or(Err(DriverError::Stopped));
        Ok(Answered::Came(came.map_err(Error::from)?, brought.respond))
    }

    /// A webhook of the author's own.
    async fn webhook(
        self: &Arc<Core>,
        hook: &Hook,
        listener: &Arc<Listener>,
        verify: Option<&Verify>,
        respond: Respond,
        said: Said,
    ) -> Result<Result<Brought, event::Answer>, Unheard> {
        let unsure = |why: &str| Unheard::Unsure(why.to_owned());
        let verify = verify.ok_or_else(|| unsure("the webhook does not say who may call it"))?.clone();
        let known = Known::of(&verify.scheme).ok_or_else(|| unsure("the scheme is not known here"))?;
        // What shows nothing opens nothing.
        let header = verify.header.clone().unwrap_or_else(|| known.header().to_owned());
        if known != Known::Address && said.header(&header).is_none() {
            return Err(Refused::Unsigned(format!("`{header}`")).into());
        }
        let (core, hash, workflow) = (self.clone(), hook.hash, listener.workflow.clone());
        let checked = aside(move || {
            let secret = match &verify.secret {
                Some(name) => Some(core.ears.opened(hash, || core.webhook_secret(&workflow, name))?),
                None => None,
            };
            let verified = known.check(&said, secret.as_ref(), verify.header.as_deref(), Timestamp::now())?;
            Ok((verified, said))
        });
        let (verified, said) = checked.await?;
        if let Some(asked) = verified.asked {
            return Ok(Err(asked));
        }
        let cause = Value::object([
            ("kind", Value::text("webhook")),
            ("at", Value::Time(Timestamp::now())),
            ("body", said.body()),
            ("headers", said.kept_headers(&[header])),
            ("query", said.query()),
        ]);
        let key = verified.key.unwrap_or_else(|| crate::order::new_run().to_string() + &chance());
        Ok(Ok(Brought { events: vec![(key, KEEP, cause)], respond }))
    }

    /// An event that a service tells.
    async fn event(
        self: &Arc<Core>,
        hook: &Hook,
        listener: &Arc<Listener>,
        (event, connection): (&str, Option<&str>),
        said: Said,
    ) -> Result<Result<Brought, event::Answer>, Unheard> {
        let unsure = |why: &str| Unheard::Unsure(why.to_owned());
        let (manifest, trigger) = declared(event).ok_or_else(|| unsure("the event is not known here"))?;
        let webhook = event::webhook(trigger).ok_or(Unheard::Nowhere)?;
        let (core, hash, named) = (self.clone(), hook.hash, connection.map(str::to_owned));
        let (actor, workflow) = (format!("webhook {}", listener.workflow), listener.workflow.clone());
        let text = listener.text.clone();
        let opened = aside(move || {
            let vault = core.safe.vault().map_err(Error::from)?;
            let user = User { vault, owner: LOCAL.into(), actor: actor.clone() };
            let found = crate::connections::find(&user, manifest, named.as_deref());
            let found = found.and_then(|account| account.connection(manifest, account.version()));
            let connection = found.map_err(|failure| Unheard::Unsure(failure.message))?;
            let secret = match event::secret_of(webhook) {
                None => None,
                Some(event::OWN) if event::chooses(trigger) => core.ears.opened_if(hash, || {
                    let vault = core.safe.vault().map_err(Error::from)?;
                    Ok(hooks::chosen(&vault, &actor, &workflow, &text)?)
                })?,
                Some(event::OWN) => Some(core.ears.opened(hash, || {
                    let vault = core.safe.vault().map_err(Error::from)?;
                    Ok(hooks::seed(&vault, &actor, &workflow, &text)?.signing())
                })?),
                Some(name) => Some(core.ears.opened(hash, || {
                    let auth = manifest.auth.iter().find(|auth| auth.id == connection.auth);
                    let auth = auth.ok_or_else(|| unsure("the way to sign in is not known here"))?;
                    let host = connectors::base_host(manifest, auth, &connection.fields)
                        .map_err(|failure| Unheard::Unsure(failure.message))?;
                    let name = secret_name(&manifest.id, &connection.name, name);
                    let secret = connection.open.open(&name, &host);
                    secret.map_err(|refused| Unheard::Unsure(refused.to_string()))
                })?),
            };
            Ok((connection, secret))
        });
        let (connection, secret) = opened.await?;
        let keys = match event::keys_of(webhook, &connection)? {
            Some(url) => Some(self.keys(manifest, url).await?),
            None => None,
        };
        let (now, listener, of) = (Timestamp::now(), listener.clone(), event.to_owned());
        let core = self.clone();
        let heard = aside(move || {
            let called = Called {
                trigger,
                input: &listener.given(),
                connection: &connection,
                secret: secret.as_ref(),
                keys: keys.as_deref(),
                now,
            };
            match event::hear(&called, &said)? {
                Heard::Asked(asked) => {
                    if let Some(secret) = event::chosen(&called, &said)? {
                        core.keep_chosen(&listener, hash, &secret)?;
                    }
                    Ok(Err(asked))
                }
                Heard::Events(events) => {
                    let mut kept = vec![];
                    for event in events {
                        if listener.wants(&event.value, now).map_err(Unheard::Unsure)? {
                            let cause = Value::object([
                                ("kind", Value::text("event")),
                                ("at", Value::Time(now)),
                                ("of", Value::text(of.as_str())),
                                ("event", event.value),
                            ]);
                            kept.push((event.key, event.keep, cause));
                        }
                    }
                    Ok(Ok(Brought { events: kept, respond: Respond::Now }))
                }
            }
        });
        heard.await
    }

    /// Keeps the secret that a service chooses while it is told an address. At no other time does anybody choose one.
    fn keep_chosen(&self, listener: &Listener, hook: [u8; 32], secret: &Secret) -> Result<(), Unheard> {
        let rows = self.kept()?.subscriptions()?;
        let [_, workflow, text] = listener.of();
        let is_told = rows
            .iter()
            .any(|row| row.workflow == workflow && row.text == text && row.wanted && row.kept.is_none());
        if !is_told {
            return Err(Refused::Unproven("nobody asked it to choose a secret".into()).into());
        }
        let vault = self.safe.vault().map_err(Error::from)?;
        hooks::choose(&vault, &format!("webhook {workflow}"), (workflow, text), secret)?;
        self.ears.forget(hook);
        Ok(())
    }

    fn webhook_secret(&self, workflow: &str, name: &str) -> Result<Secret, Unheard> {
        let actor = format!("webhook {workflow}");
        let who = Who { owner: LOCAL, actor: &actor };
        let want = Want { who, what: What::Secret(name), connector: WEBHOOK, host: WEBHOOK };
        let vault = self.safe.vault().map_err(Error::from)?;
        let resolved = vault.resolve(&want).map_err(|error| Unheard::Unsure(crate::chain(&error)))?;
        Ok(resolved.secret)
    }

    /// The keys of a service that stand at an address of its own.
    async fn keys(
        &self,
        manifest: &connectors::manifest::Manifest,
        url: String,
    ) -> Result<Arc<str>, Unheard> {
        if let Some(keys) = self.ears.known_keys(&url) {
            return Ok(keys);
        }
        let unsure = |why: String| Unheard::Unsure(format!("the keys at `{url}` cannot be had: {why}"));
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
        if scheme != "https" || !connectors::allows(manifest, host) {
            return Err(unsure(format!("`{host}` is not among the hosts of {}", manifest.name)));
        }
        let mut request = egress::Request::new(egress::Method::GET, url.clone());
        request.max_response = Some(KEYS);
        let answer = self.hands.way(Reach::Public).send(request).await;
        let answer = answer.map_err(|error| unsure(error.to_string()))?;
        if answer.status != 200 {
            return Err(unsure(format!("it answered {}", answer.status)));
        }
        let keys: Arc<str> = String::from_utf8_lossy(&answer.body).into();
        self.ears.keep_keys(&url, &keys);
        Ok(keys)
    }
}

impl Ears {
    /// A secret that was opened not long ago, or is opened now.
    fn opened(
        &self,
        hook: [u8; 32],
        open: impl FnOnce() -> Result<Secret, Unheard>,
    ) -> Result<Secret, Unheard> {
        let opened = self.opened_if(hook, || open().map(Some))?;
        opened.ok_or_else(|| Unheard::Unsure("there is no secret to hold it against".into()))
    }

    /// The same of one that may not be there.
    fn opened_if(
        &self,
        hook: [u8; 32],
        open: impl FnOnce() -> Result<Option<Secret>, Unheard>,
    ) -> Result<Option<Secret>, Unheard> {
        let now = Instant::now();
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        // None stays in memory that serves nobody.
        secrets.retain(|_, (since, _)| now.duration_since(*since) < SERVES);
        if let Some((_, secret)) = secrets.get(&hook) {
            return Ok(Some(secret.clone()));
        }
        let secret = open()?;
        if let Some(secret) = &secret {
            secrets.insert(hook, (now, secret.clone()));
        }
        Ok(secret)
    }

    /// A secret counts no more: the next call opens the one that does.
    pub(super) fn forget(&self, hook: [u8; 32]) {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).remove(&hook);
    }

    fn known_keys(&self, url: &str) -> Option<Arc<str>> {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.get(url).filter(|(since, _)| since.elapsed() < KEYS_SERVE).map(|(_, keys)| keys.clone())
    }

    fn keep_keys(&self, url: &str, keys: &Arc<str>) {
        let mut all = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, (since, _)| since.elapsed() < KEYS_SERVE);
        all.insert(url.into(), (Instant::now(), keys.clone()));
    }
}

/// Does what may block where that is allowed.
async fn aside<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, Unheard> + Send + 'static,
) -> Result<T, Unheard> {
    let done = tokio::task::spawn_blocking(act).await;
    // A panic there has been reported by the panic hook.
    done.unwrap_or_else(|_| Err(Unheard::Unsure("it broke off".into())))
}

/// What no other call has.
fn chance() -> String {
    let mut chance = [0; 16];
    getrandom::fill(&mut chance).expect("the system has randomness");
    Hash::of(&chance).to_string()
}
