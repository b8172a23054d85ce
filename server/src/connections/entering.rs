//! Somebody signs in at a service: what is begun, what comes back, and what is stored of it. Who asks the person, opens a
//! browser and listens is the caller.

use std::collections::BTreeMap;
use std::sync::Arc;

use connectors::manifest::Manifest;
use connectors::manifest::auth::{Auth, Grant, Kind as WayKind, Oauth2};
use connectors::signin::{
    self, Accepted, App, Attempts, Begun, Callback, Choice, Derived, Device, Poll, Refusal, Service, Signed,
    Tokens, Who as Somebody,
};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::{Object, Value};
use jiff::Timestamp;
use secret::Secret;
use vault::{ACCESS, Connecting, ConnectionTold, Entry, Place, REFRESH, SignIn, Vault, secret_name};

use super::account::User;
use super::health::WORKS;
use super::trying::{allowed, way_out};
use super::{apps, check_secrets, fitted, hosts, nanoseconds};
use crate::error::Error;
use crate::serve::Reach;

/// What somebody wants.
pub struct Wish<'a> {
    /// The service.
    pub manifest: &'a Manifest,
    /// The way to sign in.
    pub way: &'a Auth,
    /// What to call the connection.
    pub name: String,
    /// Who acts, as the audit tells it.
    pub actor: String,
    /// What a person gave, as text.
    pub fields: Vec<(String, String)>,
    /// What they gave that is secret, by its name in the manifest.
    pub secrets: Vec<(String, Secret)>,
    /// The scopes beside those that the manifest always asks for.
    pub scopes: Vec<String>,
    /// Where the service stands, where not where its manifest says.
    pub base: Option<String>,
    /// Whether one of that name may be there already.
    pub place: Place,
    /// Which addresses may be called.
    pub reach: Reach,
}

/// Somebody who signs in.
pub struct Entering<'a> {
    wish: Wish<'a>,
    oauth2: &'a Oauth2,
    user: User,
    /// Whose app it is; empty where none is needed.
    of: String,
    app: App,
    redirect: String,
    fields: Object,
    egress: egress::Client,
    attempts: Attempts,
    who: Somebody,
}

/// How a way to sign in begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// In a browser.
    Browser,
    /// At another device.
    Device,
    /// With nobody: what is needed is at hand.
    Nobody,
}

/// Whether the service is asked what the account is called before it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// It is, and what does not work is not stored.
    Made,
    /// It is not.
    LeftOut,
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum Finished {
    /// It is stored.
    Stored {
        /// What the account is called, where that is known.
        label: String,
        /// What it may be used for, as far as the service said it.
        scopes: Vec<String>,
    },
    /// A person chooses; then it is asked again with what they chose.
    Choose {
        /// The field.
        field: String,
        /// What there is to choose from.
        choices: Vec<Choice>,
    },
}

impl<'a> Entering<'a> {
    /// Makes everything ready; nothing is sent yet.
    ///
    /// # Errors
    /// Where something given does not fit, the way needs an app and there is none, or the vault cannot be read.
    pub async fn new(vault: Arc<Vault>, owner: &str, wish: Wish<'a>) -> Result<Entering<'a>, Error> {
        let manifest = wish.manifest;
        let WayKind::Oauth2(oauth2) = &wish.way.kind else {
            let why = format!("nobody signs in to {} by `{}`", manifest.name, wish.way.id);
            return Err(Error::Unfit { why });
        };
        let fields = fitted(manifest, wish.way, &wish.fields)?;
        check_secrets(manifest, wish.way, &wish.secrets)?;
        if let Some(base) = &wish.base {
            super::host_of(base)?;
            allowed(manifest, base, wish.reach)?;
        }
        let user = User { vault, owner: owner.into(), actor: wish.actor.clone() };
        let known = match apps::needs_app(oauth2) {
            true => apps::app_for(&user.vault, owner, &manifest.id)?,
            false => None,
        };
        if apps::needs_app(oauth2) && known.is_none() {
            return Err(Error::Unfit {
                why: format!("there is no app at {} to sign in with", manifest.name),
            });
        }
        let (of, redirect) = known.map(|app| (app.owner, app.redirect)).unwrap_or_default();
        let mut key = [0; 32];
        chance(&mut key)?;
        let mut session = [0; 16];
        chance(&mut session)?;
        let session = session.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut entering = Entering {
            egress: way_out(wish.reach),
            attempts: Attempts::new(&key),
            who: Somebody { person: owner.into(), session },
            app: App { id: String::new(), secret: None },
            wish,
            oauth2,
            user,
            of,
            redirect,
            fields,
        };
        if !entering.of.is_empty() {
            let host = entering.service()?.renewal_host()?;
            let (user, of, connector) = (entering.user.clone(), entering.of.clone(), manifest.id.clone());
            let opened = tokio::task::spawn_blocking(move || apps::open(&user, &of, &connector, &host)).await;
            let opened = opened.map_err(|_| broke_off())??;
            entering.app = opened.ok_or_else(broke_off)?;
        }
        Ok(entering)
    }

    /// How it begins.
    pub fn beginning(&self) -> Beginning {
        match self.oauth2.grant {
            Grant::Code(_) => Beginning::Browser,
            Grant::DeviceCode { .. } => Beginning::Device,
            Grant::ClientCredentials | Grant::JwtBearer(_) => Beginning::Nobody,
        }
    }

    /// The address that a browser comes back to, as the app is registered with it.
    pub fn redirect(&self) -> &str {
        &self.redirect
    }

    /// What is asked for.
    pub fn scopes(&self) -> Vec<String> {
        let mut all = self.oauth2.scopes.default.clone();
        let more = self.wish.scopes.iter().filter(|scope| !self.oauth2.scopes.default.contains(scope));
        all.extend(more.cloned());
        all
    }

    fn service(&self) -> Result<Service<'_>, Refusal> {
        let service =
            Service::of(self.wish.manifest, &self.wish.way.id, (&self.fields, &self.app), &self.egress)?;
        Ok(Service { origin: self.wish.base.as_deref(), ..service })
    }

    /// Begins in a browser that will come back to this address.
    ///
    /// # Errors
    /// Where the way has no page for people, or the system gives no chance.
    pub fn begin(&self, redirect: &str) -> Result<Begun, Error> {
        let mut drawn = [0; 64];
        chance(&mut drawn)?;
        let wish = signin::Wish {
            who: self.who.clone(),
            redirect: redirect.into(),
            scopes: self.wish.scopes.clone(),
        };
        Ok(self.attempts.begin(&self.service()?, wish, &drawn, Timestamp::now())?)
    }

    /// Takes what a browser came back with, and has tokens for it.
    ///
    /// # Errors
    /// Where it belongs to another sign-in, or the service says no.
    pub async fn came_back(&self, redirect: &str, query: &str) -> Result<(Tokens, Value), Error> {
        let connector = &self.wish.manifest.id;
        let callback = Callback { connector, address: redirect, who: &self.who, query };
        let accepted: Accepted = self.attempts.accept(&callback, Timestamp::now())?;
        let tokens = self.service()?.exchange(&accepted, Timestamp::now()).await?;
        Ok((tokens, accepted.query))
    }

    /// Has a code for another device.
    ///
    /// # Errors
    /// Where the service says no.
    pub async fn device(&self) -> Result<Device, Error> {
        Ok(self.service()?.device(&self.wish.scopes, Timestamp::now()).await?)
    }

    /// Asks once whether the person agreed there.
    ///
    /// # Errors
    /// Where they refused, it took too long, or the service says no.
    pub async fn poll(&self, device: &mut Device) -> Result<Poll, Error> {
        Ok(self.service()?.poll(device, Timestamp::now()).await?)
    }

    /// Has tokens with what is at hand.
    ///
    /// # Errors
    /// Where the service says no, or the private key is none.
    pub async fn alone(&self) -> Result<Tokens, Error> {
        let (service, now) = (self.service()?, Timestamp::now());
        match (&self.oauth2.grant, self.wish.secrets.first()) {
            (Grant::JwtBearer(_), Some((_, key))) => {
                Ok(service.jwt_bearer(key, &self.wish.scopes, now).await?)
            }
            (Grant::ClientCredentials, _) => Ok(service.client_credentials(&self.wish.scopes, now).await?),
            (Grant::JwtBearer(_) | Grant::Code(_) | Grant::DeviceCode { .. }, _) => {
                let why = format!("`{}` needs a private key or a person", self.wish.way.id);
                Err(Error::Unfit { why })
            }
        }
    }

    /// Finds out the rest of the fields and what the account is called, and stores it. `redirect` is what a browser came back
    /// with, `chosen` what a person chose.
    ///
    /// # Errors
    /// Where the service says no, the name is taken, or the vault cannot be written.
    pub async fn finish(
        &self,
        (tokens, redirect): (&Tokens, &Value),
        chosen: &BTreeMap<String, String>,
        check: Check,
    ) -> Result<Finished, Error> {
        let signed = Signed {
            manifest: self.wish.manifest,
            auth: &self.wish.way.id,
            fields: &self.fields,
            tokens,
            redirect,
            egress: &self.egress,
            base: self.wish.base.as_deref(),
        };
        let fields = match signin::derive(&signed, chosen).await? {
            Derived::All(fields) => fields,
            Derived::Choose { field, choices } => return Ok(Finished::Choose { field, choices }),
        };
        let label = match check {
            Check::Made => signin::label(&Signed { fields: &fields, ..signed }).await?,
            Check::LeftOut => None,
        };
        let label = label.unwrap_or_default();
        let hosts = hosts(self.wish.manifest, self.wish.way, &fields, self.wish.base.as_deref())?;
        let token_hosts = self.service()?.token_hosts()?;
        let (connector, name) = (&self.wish.manifest.id, self.wish.name.as_str());
        let entry = |secret: &str, hosts: &[String], value: &Secret| {
            Entry::of_connection(connector, secret_name(connector, name, secret), hosts, value)
        };
        let mut access_hosts = hosts;
        // It is taken back where it was given out.
        access_hosts.extend(self.service()?.revocation_host()?.filter(|host| !access_hosts.contains(host)));
        let mut secrets = vec![entry(ACCESS, &access_hosts, &tokens.access)];
        secrets.extend(tokens.refresh.iter().map(|refresh| entry(REFRESH, &token_hosts, refresh)));
        secrets.extend(self.wish.secrets.iter().map(|(name, value)| entry(name, &token_hosts, value)));
        let now = nanoseconds(Timestamp::now());
        let connection = vault::Connection {
            owner: self.user.owner.clone(),
            connector: connector.clone(),
            name: name.into(),
            auth: self.wish.way.id.clone(),
            fields: Value::Object(Arc::new(fields)).to_json().to_string(),
            state: vault::READY.into(),
            label: label.clone(),
            created: now,
            base: self.wish.base.clone().unwrap_or_default(),
            ..vault::Connection::default()
        };
        let sign_in = SignIn {
            owner: self.user.owner.clone(),
            connector: connector.clone(),
            name: name.into(),
            app: self.of.clone(),
            // No version comes again, also where the account is connected anew.
            version: Timestamp::now().as_second(),
            expires: tokens.expires.map(nanoseconds),
            scopes: tokens.scopes.join(" "),
            why: String::new(),
            tried: 0,
            lease: 0,
            until: None,
            open: false,
        };
        let (user, place) = (self.user.clone(), self.wish.place);
        let stored = tokio::task::spawn_blocking(move || {
            let wanted = Connecting { connection, secrets: &secrets, sign_in: Some(sign_in), place };
            user.vault.connect(user.who(), wanted)
        });
        stored.await.map_err(|_| broke_off())??;
        if check == Check::Made && self.wish.manifest.account.verify.is_some() {
            self.worked(now).await;
        }
        Ok(Finished::Stored { label, scopes: tokens.scopes.clone() })
    }

    /// Writes down that the service took the account: it was asked what that is called.
    async fn worked(&self, time: i64) {
        let told = ConnectionTold {
            owner: self.user.owner.clone(),
            connector: self.wish.manifest.id.clone(),
            name: self.wish.name.clone(),
            time,
            health: Some((WORKS, String::new())),
            label: None,
        };
        self.user.vault.told_connection(told).await;
    }

    /// Gives tokens back that are not stored after all.
    ///
    /// # Errors
    /// Where the service says no.
    pub async fn give_back(&self, tokens: &Tokens) -> Result<bool, Error> {
        Ok(self.service()?.revoke(tokens).await?)
    }
}

fn chance(into: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(into).map_err(|_| Error::Vault(vault::Error::Chance))
}

fn broke_off() -> Error {
    Refusal::from(Failure::new(FailureKind::Server, "signing in broke off")).into()
}
