//! What a newer description changes for the actions of a manifest. The manifest is what is held against it, and not an older
//! description: so a manifest that was written by hand is looked after as well, and what nobody uses changes nothing.

mod answers;
mod requests;
mod signing;

use std::collections::BTreeSet;

use dsl::workflow::Arg;
use url::Url;

use super::description::{Description, Operation, Server};
use crate::manifest::Manifest;
use crate::manifest::request::{Body, Request};

/// How much a change matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Calls fail, or workflows do not find what they read.
    Breaks,
    /// Some calls may fail, or will one day.
    MayBreak,
    /// There is something that could be used.
    New,
}

impl Weight {
    /// All of them, the heaviest first.
    pub const ALL: [Weight; 3] = [Weight::Breaks, Weight::MayBreak, Weight::New];

    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Weight::Breaks => "breaks",
            Weight::MayBreak => "may break",
            Weight::New => "new",
        }
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// How much it matters.
    pub weight: Weight,
    /// The action that it is about; nothing where it is about all of them.
    pub action: Option<String>,
    /// Where, as in ``query `state` `` or ``answer `id` ``.
    pub place: String,
    /// What, in a sentence without its full stop.
    pub what: String,
}

/// What a newer description changes.
#[derive(Clone, Debug, Default)]
pub struct Drift {
    /// The changes: the heaviest first, and those of one weight in the order of the manifest.
    pub changes: Vec<Change>,
    /// How many actions were held against it.
    pub actions: usize,
}

impl Drift {
    /// How many changes have a weight.
    pub fn count(&self, weight: Weight) -> usize {
        self.changes.iter().filter(|change| change.weight == weight).count()
    }
}

/// Gathers changes of one action.
struct Found<'a> {
    action: &'a str,
    changes: &'a mut Vec<Change>,
}

impl Found<'_> {
    fn push(&mut self, weight: Weight, place: impl Into<String>, what: impl Into<String>) {
        let change =
            Change { weight, action: Some(self.action.into()), place: place.into(), what: what.into() };
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }
}

/// What a description changes for a manifest; for these of its actions alone, where they are named.
pub fn of(manifest: &Manifest, description: &Description, used: Option<&BTreeSet<String>>) -> Drift {
    let mut drift = Drift::default();
    let mut known: BTreeSet<usize> = BTreeSet::new();
    base(manifest, description, &mut drift.changes);
    signing::look(manifest, description, &mut drift.changes);
    // What code carries out is no request, and no description tells of it.
    let requests = manifest.actions.iter().filter_map(|action| Some((action, action.request()?)));
    for (action, request) in requests {
        let found = operation(manifest, request, description);
        known.extend(found);
        if used.is_some_and(|used| !used.contains(&action.name)) {
            continue;
        }
        drift.actions += 1;
        let mut changes = Found { action: &action.name, changes: &mut drift.changes };
        let Some(operation) = found.and_then(|at| description.operations.get(at)) else {
            let place = format!("operation `{}`", shown(request));
            changes.push(Weight::Breaks, place, "it is gone");
            continue;
        };
        if operation.deprecated {
            let place = format!("operation `{}`", shown(request));
            changes.push(Weight::MayBreak, place, "it is said to go away");
        }
        requests::look(manifest, (action, request), operation, &mut changes);
        answers::look((action, request), operation, &mut changes);
        signing::scopes(manifest, action, description, operation, &mut changes);
    }
    let more = description.operations.len().saturating_sub(known.len());
    if more > 0 && used.is_none() {
        let what = match more {
            1 => "1 operation is no action of this manifest".to_owned(),
            more => format!("{more} operations are no actions of this manifest"),
        };
        drift.changes.push(Change { weight: Weight::New, action: None, place: "operations".into(), what });
    }
    drift.changes.sort_by_key(|change| change.weight);
    drift
}

/// What an action calls, for people.
fn shown(request: &Request) -> String {
    match &request.body {
        Body::Graphql { query, .. } => root_field(query).unwrap_or_default().to_owned(),
        _ => format!("{} {}", request.method.name(), outline(&request.path).replace('…', "*")),
    }
}

/// A text with `…` for its holes.
fn outline(arg: &Arg) -> String {
    match arg {
        Arg::Value(value) => value.to_string(),
        Arg::Text(template) => template.outline(),
        Arg::Expr(_) => "…".into(),
        Arg::List(_) | Arg::Object(_) => String::new(),
    }
}

/// The path of an address with holes, and its host.
fn parts(url: &str) -> (String, String) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (host, path) = rest.split_once('/').map_or((rest, ""), |(host, path)| (host, path));
    (host.to_ascii_lowercase(), format!("/{}", path.trim_matches('/')).trim_end_matches('/').to_owned())
}

/// The address of a server with `…` for its variables.
fn of_server(server: &Server) -> (String, String) {
    parts(&holes(server.url.trim_end_matches('/')))
}

/// What stands in braces as `…`.
fn holes(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out += before;
        out.push('…');
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    out + rest
}

/// The field at the root of a document.
fn root_field(document: &str) -> Option<&str> {
    let inner = document.split_once('{')?.1.trim_start();
    let end = inner.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))?;
    let (name, rest) = inner.split_at(end);
    // A name before a colon is the document's own.
    match rest.trim_start().strip_prefix(':') {
        Some(rest) => {
            rest.trim_start().split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')).next()
        }
        None => Some(name),
    }
}

/// The operation that an action calls: the one of the same method and path, wherever the base ends and the path begins.
fn operation(manifest: &Manifest, request: &Request, description: &Description) -> Option<usize> {
    if let Body::Graphql { query, .. } = &request.body {
        let field = root_field(query)?;
        return description.operations.iter().position(|known| {
            known.document.as_ref().is_some_and(|document| {
                document.field == field && document.mutates == query.trim_start().starts_with("mutation")
            })
        });
    }
    let own = outline(&request.path);
    let bases = request
        .base
        .iter()
        .chain([&manifest.base])
        .chain(manifest.auth.iter().filter_map(|way| way.base.as_ref()));
    let wanted: Vec<String> =
        bases.map(|base| format!("{}{own}", parts(&outline(base)).1)).chain([own.clone()]).collect();
    let mut best: Option<(usize, usize)> = None;
    for (at, operation) in description.operations.iter().enumerate() {
        if operation.method != request.method || operation.document.is_some() {
            continue;
        }
        let path = holes(operation.path.split('?').next().unwrap_or_default());
        let servers = operation.server.iter().chain(&description.servers);
        let full = servers.map(|server| format!("{}{path}", of_server(server).1));
        let known: Vec<String> = full.chain([path.clone()]).collect();
        let costs =
            known.iter().flat_map(|known| wanted.iter().filter_map(move |wanted| same(wanted, known)));
        if let Some(cost) = costs.min()
            && best.is_none_or(|(_, least)| cost < least)
        {
            best = Some((at, cost));
        }
    }
    best.map(|(at, _)| at)
}

/// How far a path of a manifest is from one of a description; nothing where they differ. What is fixed in the manifest may
/// be a parameter there.
fn same(own: &str, known: &str) -> Option<usize> {
    let split = |path: &str| -> Vec<String> {
        path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let (own, known) = (split(own), split(known));
    if own.len() != known.len() {
        return None;
    }
    let mut cost = 0;
    for (own, known) in own.iter().zip(&known) {
        match (own.as_str(), known.as_str()) {
            (own, known) if own == known => {}
            (own, "…") if !own.contains('…') => cost += 1,
            _ => return None,
        }
    }
    Some(cost)
}

/// Where the service stands.
fn base(manifest: &Manifest, description: &Description, changes: &mut Vec<Change>) {
    let (host, _) = parts(&outline(&manifest.base));
    let servers: Vec<&Server> = description
        .servers
        .iter()
        .chain(description.operations.iter().filter_map(|operation| operation.server.as_ref()))
        .filter(|server| Url::parse(&server.url.replace(['{', '}'], "x")).is_ok_and(|url| url.has_host()))
        .collect();
    if servers.is_empty() || host.starts_with('…') && !host.contains('.') {
        return;
    }
    let matches = |server: &&Server| {
        let (known, _) = of_server(server);
        let known = known.split(':').next().unwrap_or_default().to_owned();
        let last = |host: &str| host.rsplit('.').take(2).map(str::to_owned).collect::<Vec<_>>();
        // A name of one's own, whatever stands there for it.
        known == host
            || ((host.contains('…') || known.contains('…')) && last(&known) == last(&host))
            || known.starts_with('…')
    };
    if !servers.iter().any(matches) {
        let urls: Vec<String> =
            servers.iter().take(3).map(|server| format!("`{}`", super::text::short(&server.url))).collect();
        changes.push(Change {
            weight: Weight::Breaks,
            action: None,
            place: "base".into(),
            what: format!(
                "the service stands at {}, and not at `{}`",
                urls.join(", "),
                host.replace('…', "*")
            ),
        });
    }
}

/// An operation's parameter by its name, whatever its case where it is a header.
fn parameter<'a>(
    operation: &'a Operation,
    place: super::description::Place,
    name: &str,
) -> Option<&'a super::description::Parameter> {
    operation.parameters.iter().find(|known| {
        known.place == place
            && (known.field.name == name
                || (place == super::description::Place::Header
                    && known.field.name.eq_ignore_ascii_case(name)))
    })
}
