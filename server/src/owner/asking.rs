//! Services that are asked again and again, by their manifests and with their owner's connections.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use connectors::event::poll::Question;
use connectors::manifest::Manifest;
use connectors::manifest::trigger::{First as Declared, Poll, Trigger, TriggerKind};
use connectors::meter::Metered;
use connectors::{Connectors, Settings};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::Value;
use dsl::workflow::Start;
use runtime::listeners::Listener;
use runtime::poller::{Asking, First, Item, Manner, Source, Told};

use super::callers::declared;
use crate::connections::OfOwner;
use crate::safe::Safe;

/// Asks services with the connections of the local owner.
#[derive(Clone)]
pub(super) struct Services {
    connectors: Connectors,
}

impl Services {
    /// With this way out.
    pub fn new(data: PathBuf, safe: Arc<Safe>, egress: egress::Client, meter: Metered) -> Services {
        let connections = OfOwner::of_triggers(safe, egress.clone());
        let contents = crate::home::contents(&data);
        let connectors = Connectors::new(Settings {
            files: data.clone(),
            protected: vec![data],
            contents,
            egress,
            library: connectors::library().clone(),
            connections: Arc::new(connections),
            meter,
        });
        Services { connectors }
    }

    /// The actions, with the connections of the local owner.
    pub fn connectors(&self) -> &Connectors {
        &self.connectors
    }
}

/// What is asked for a trigger; nothing where its service is not asked.
fn poll(listener: &Listener) -> Option<(&'static Manifest, &'static Trigger, &'static Poll)> {
    let Start::Event { event, .. } = &listener.trigger.start else { return None };
    let (manifest, trigger) = declared(event)?;
    match &trigger.kind {
        TriggerKind::Poll(poll) => Some((manifest, trigger, poll)),
        TriggerKind::Subscription(_) | TriggerKind::Webhook(_) => None,
    }
}

impl Source for Services {
    fn manner(&self, listener: &Listener) -> Option<Manner> {
        let (_, _, poll) = poll(listener)?;
        let Start::Event { every, .. } = &listener.trigger.start else { return None };
        let own = every.and_then(|every| Duration::try_from(every).ok()).unwrap_or_default();
        let first = match poll.first {
            Declared::Emit => First::Starts,
            Declared::Skip => First::Noted,
        };
        // An author may ask more rarely than the manifest says, and not more often.
        Some(Manner { every: own.max(poll.every), first })
    }

    fn ask<'a>(&'a self, listener: &'a Listener, since: Option<&'a Value>) -> Asking<'a> {
        Box::pin(async move {
            let Start::Event { connection, .. } = &listener.trigger.start else {
                return Err(Failure::new(FailureKind::Invalid, "the trigger is no event"));
            };
            let Some((manifest, trigger, poll)) = poll(listener) else {
                return Err(Failure::new(FailureKind::NotFound, "the event is not known here"));
            };
            let input = listener.given();
            let connection = connection.as_deref();
            let question = Question { manifest, trigger, poll, input: &input, connection, since, base: None };
            let told = self.connectors.ask(&question).await?;
            let item = |event: connectors::event::Event| Item {
                key: event.key,
                keep: event.keep,
                event: event.value,
            };
            Ok(Told { items: told.events.into_iter().map(item).collect(), since: told.since })
        })
    }
}
