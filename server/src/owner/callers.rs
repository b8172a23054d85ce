//! What waits for calls from outside: whether it has all it needs, and its address.

use connectors::event;
use connectors::manifest::Manifest;
use connectors::manifest::trigger::{Trigger as Declared, TriggerKind};
use dsl::workflow::{Start, Trigger, Workflow};
use jiff::Timestamp;
use runtime::driver::Error as DriverError;
use runtime::schedule::books::nanoseconds;
use runtime::schedule::texts;
use serde::{Deserialize, Serialize};
use store::Book;
use store::arrivals::Hook;
use store::subscriptions::Subscription;
use vault::{Kind, LOCAL, Vault, secret_name};

use super::Core;
use super::deploy::Outcome;
use super::subscriber::Subscriber;
use crate::connections::User;
use crate::error::Error;
use crate::hooks::{self, PATH, Seed, WEBHOOK};
use crate::protocol::Act;

/// The address of a trigger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The trigger's canonical text.
    pub trigger: String,
    /// The address; its last part is a secret.
    pub url: String,
    /// Whether it was made just now.
    pub fresh: bool,
}

/// The events of the product itself begin so.
const OWN: &str = "keyway.";

/// What a service declares of an event; nothing for those of the product itself.
pub(crate) fn declared(event: &str) -> Option<(&'static Manifest, &'static Declared)> {
    let (connector, name) = event.split_once('.')?;
    let manifest = connectors::library().find(connector)?;
    let declared = manifest.triggers.iter().find(|trigger| trigger.name == name)?;
    Some((manifest, declared))
}

/// True if others call an address for it.
fn is_called(start: &Start) -> bool {
    match start {
        Start::Webhook { .. } => true,
        Start::Event { event, .. } => {
            declared(event).is_some_and(|(_, declared)| event::webhook(declared).is_some())
        }
        Start::At { .. } | Start::Cron { .. } | Start::Every { .. } | Start::Signal { .. } => false,
    }
}

impl Core {
    /// Looks whether the triggers of a workflow have all they need: none is in force that would hear anybody.
    pub(super) fn check_callers(&self, workflow: &Workflow) -> Result<(), Error> {
        for trigger in &workflow.triggers {
            match &trigger.start {
                Start::Webhook { verify: None, .. } => {
                    return Err(Error::Unready {
                        why: format!("the webhook of `{}` does not say who may call it", workflow.name),
                        help: "write `webhook: { verify: { scheme: …, secret: NAME } }`, or the scheme `none` where the address alone is enough".into(),
                    });
                }
                Start::Webhook { verify: Some(verify), .. } => {
                    if let Some(secret) = &verify.secret {
                        self.check_secret(secret)?;
                    }
                }
                Start::Event { event, connection, .. } if !event.starts_with(OWN) => {
                    self.check_event(event, connection.as_deref())?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check_secret(&self, name: &str) -> Result<(), Error> {
        let known = self.safe.vault()?.list(LOCAL, Kind::Secret)?;
        let Some(found) = known.iter().find(|secret| secret.name == name) else {
            return Err(Error::Unready {
                why: format!("there is no secret `{name}` to hold calls against"),
                help: format!("`keyway secrets add {name} --webhook` stores it"),
            });
        };
        if found.connector == WEBHOOK {
            return Ok(());
        }
        Err(Error::Unready {
            why: format!("the secret `{name}` is one to be sent, and not one to hold calls against"),
            help: format!("remove it, and `keyway secrets add {name} --webhook` stores it anew"),
        })
    }

    fn check_event(&self, event: &str, connection: Option<&str>) -> Result<(), Error> {
        let Some((manifest, declared)) = declared(event) else {
            return Err(Error::Unready {
                why: format!("there is no event `{event}`"),
                help: "`keyway connector docs NAME` lists those of a connector".into(),
            });
        };
        let Some(webhook) = event::webhook(declared) else { return Ok(()) };
        if !event::is_provable(webhook) {
            return Err(Error::NotYet(vec![format!(
                "the event `{event}` starts no runs in this version: its calls are signed in a way that is not known here"
            )]));
        }
        // A subscription brings a secret of its own.
        let secret = event::secret_of(webhook).filter(|secret| *secret != event::OWN);
        let subscribes = matches!(declared.kind, TriggerKind::Subscription(_));
        if secret.is_none() && !subscribes {
            return Ok(());
        }
        let vault = self.safe.vault()?;
        let user = User { vault: vault.clone(), owner: LOCAL.into(), actor: "keyway".into() };
        let found = crate::connections::find(&user, manifest, connection);
        let found = found.map_err(|failure| Error::Unready {
            why: format!("the event `{event}` needs a connection: {}", failure.message),
            help: format!("`keyway connect {}` makes one", manifest.id),
        })?;
        let Some(secret) = secret else { return Ok(()) };
        let name = secret_name(&manifest.id, &found.row.name, secret);
        if vault.list(LOCAL, Kind::Connection)?.iter().any(|listed| listed.name == name) {
            return Ok(());
        }
        Err(Error::Unready {
            why: format!(
                "the event `{event}` needs the `{secret}` of the connection `{}` to {}, to hold calls against",
                found.row.name, manifest.name
            ),
            help: format!("make the connection anew with it: `keyway connect {}`", manifest.id),
        })
    }

    /// What it means to the addresses of a workflow that these triggers are in force, or none: those that are not there yet
    /// are made.
    pub(super) fn address(
        &self,
        workflow: Option<&Workflow>,
        now: Timestamp,
        (outcome, books): (&mut Outcome, &mut Vec<Book>),
    ) -> Result<(), Error> {
        let name = outcome.workflow.clone();
        let rows = self.kept()?.hooks(&name)?;
        let triggers = workflow.map_or(&[][..], |workflow| &workflow.triggers);
        let starts = || triggers.iter().map(|trigger| &trigger.start);
        let called: Vec<String> = starts()
            .zip(texts(starts()))
            .filter(|(start, _)| is_called(start))
            .map(|(_, text)| text)
            .collect();
        for row in rows.iter().filter(|row| row.in_force && !called.contains(&row.text)) {
            books.push(Book::Hook(Hook { in_force: false, ..row.clone() }));
        }
        let asked: Vec<String> = starts().zip(texts(starts())).map(|(_, text)| text).collect();
        for poll in self.kept()?.polls(&name)?.into_iter().filter(|poll| !asked.contains(&poll.text)) {
            books.push(Book::Unpoll { of: [poll.owner, poll.workflow, poll.text] });
        }
        let subscribes = |trigger: &Trigger| match &trigger.start {
            Start::Event { event, .. } => declared(event)
                .is_some_and(|(_, declared)| matches!(declared.kind, TriggerKind::Subscription(_))),
            _ => false,
        };
        let wanted: Vec<(String, &Trigger)> =
            asked.iter().cloned().zip(triggers).filter(|(_, trigger)| subscribes(trigger)).collect();
        books.extend(self.subscribed(&name, &wanted, now)?);
        for text in called {
            let known = rows.iter().find(|row| row.text == text);
            if let Some(row) = known {
                if !row.in_force {
                    books.push(Book::Hook(Hook { in_force: true, ..row.clone() }));
                }
                continue;
            }
            let vault = self.safe.vault()?;
            let (row, address) = self.made(&vault, &name, &text, now)?;
            books.push(Book::Hook(row));
            outcome.addresses.push(address);
        }
        Ok(())
    }

    fn made(
        &self,
        vault: &Vault,
        workflow: &str,
        text: &str,
        now: Timestamp,
    ) -> Result<(Hook, Address), Error> {
        let seed = hooks::sow(vault, "keyway", workflow, text)?;
        let row = Hook {
            owner: LOCAL.into(),
            workflow: workflow.into(),
            text: text.into(),
            hash: seed.hash(),
            in_force: true,
            made: nanoseconds(now),
        };
        Ok((row, self.at(text, &seed, true)))
    }

    /// Where addresses begin, as far as that is known here.
    pub(crate) fn base(&self) -> &str {
        self.base.get().map_or("", String::as_str)
    }

    /// The addresses of a workflow, or that of one of its triggers: as they are, or others in their place, so that those
    /// before count no more.
    pub(super) fn addresses(
        &self,
        workflow: &str,
        trigger: Option<&str>,
        act: Act,
    ) -> Result<Vec<Address>, Error> {
        let rows = self.kept()?.hooks(workflow)?;
        let wanted: Vec<&Hook> =
            rows.iter().filter(|row| trigger.is_none_or(|trigger| row.text == trigger)).collect();
        if wanted.is_empty() {
            self.kept()?.workflow(workflow)?;
            return Err(Error::NoAddress { workflow: workflow.into() });
        }
        let (vault, now) = (self.safe.vault()?, Timestamp::now());
        let mut addresses = vec![];
        for row in wanted {
            addresses.push(match act {
                Act::Tell => {
                    let seed = hooks::seed(&vault, "keyway", workflow, &row.text)?;
                    self.at(&row.text, &seed, false)
                }
                Act::Do => {
                    let (fresh, address) = self.made(&vault, workflow, &row.text, now)?;
                    let mut batch = store::Batch::default();
                    batch.books.push(Book::Hook(Hook { in_force: row.in_force, ..fresh }));
                    // A service that knows the one before is told the other.
                    let told = self.kept()?.subscriptions()?.into_iter();
                    let told = told.filter(|told| told.workflow == workflow && told.text == row.text);
                    let anew = |told| Book::Subscription(Subscription { base: String::new(), ..told });
                    batch.books.extend(told.map(anew));
                    self.desk.append(&batch).map_err(DriverError::from)?;
                    self.subscriber.get().into_iter().for_each(Subscriber::ring);
                    address
                }
            });
        }
        Ok(addresses)
    }

    fn at(&self, text: &str, seed: &Seed, fresh: bool) -> Address {
        let url = format!("{}{PATH}{}", self.base(), seed.token().expose());
        Address { trigger: text.into(), url, fresh }
    }
}
