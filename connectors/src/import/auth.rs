//! The ways to sign in of a manifest, from the schemes of a description and what its operations ask for.

use dsl::types::{Field, Type};
use url::Url;

use super::description::{Description, Flow, Grant, Operation, Place, Scheme, SchemeKind};
use super::names;
use super::server::is_address;
use super::yaml::{Entry, Tree};

/// A way to sign in.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// Its name.
    pub id: String,
    /// Its keys.
    pub keys: Vec<Entry>,
    /// Hosts that it needs beside those of the service.
    pub hosts: Vec<String>,
    /// What a person must decide about it.
    pub notes: Vec<String>,
}

/// The ways to sign in, and what a person must decide about all of them.
pub(super) fn of(
    description: &Description,
    operations: &[&Operation],
    base: &str,
) -> (Vec<Way>, Vec<String>) {
    let (mut ways, mut notes) = (vec![], vec![]);
    let sets = sets(description, operations);
    let nobody = !operations.is_empty()
        && operations
            .iter()
            .all(|operation| operation.security.as_ref().is_some_and(|sets| sets.iter().all(Vec::is_empty)));
    for set in &sets {
        let known: Vec<&Scheme> = set
            .iter()
            .filter_map(|name| description.schemes.iter().find(|scheme| scheme.name == *name))
            .collect();
        match &known[..] {
            [] => {}
            [one] => match of_scheme(one, base) {
                Ok(found) => {
                    for way in found {
                        if ways.iter().all(|known: &Way| known.keys != way.keys) {
                            ways.push(way);
                        }
                    }
                }
                Err(why) => notes.push(why),
            },
            several => match keys(several) {
                Some(way) => ways.push(way),
                None => {
                    let names: Vec<String> = several
                        .iter()
                        .map(|scheme| format!("`{}`", super::text::short(&scheme.name)))
                        .collect();
                    notes.push(format!(
                        "how {} are sent together, which no kind of signing in does",
                        names.join(" and ")
                    ));
                }
            },
        }
    }
    if ways.is_empty() {
        let (kind, about) =
            if nobody { ("none", "Nobody signs in.") } else { ("bearer", "A token of your account.") };
        if !nobody {
            notes.push("how somebody signs in; the description names no way that could be taken over".into());
        }
        let keys = vec![Entry::text("kind", kind), Entry::text("about", about)];
        let id = if nobody { "none" } else { "token" };
        ways.push(Way { id: id.into(), keys, hosts: vec![], notes: vec![] });
    }
    let mut used: Vec<String> = vec![];
    for way in &mut ways {
        let begin = way.id.clone();
        let mut number = 2;
        while used.contains(&way.id) {
            way.id = format!("{begin}_{number}");
            number += 1;
        }
        used.push(way.id.clone());
    }
    (ways, notes)
}

/// The sets of schemes that operations ask for, the most wanted first; all schemes where none says anything.
fn sets(description: &Description, operations: &[&Operation]) -> Vec<Vec<String>> {
    let mut found: Vec<(Vec<String>, usize)> = vec![];
    for set in operations
        .iter()
        .filter_map(|operation| operation.security.as_ref())
        .flatten()
        .filter(|set| !set.is_empty())
    {
        let mut names: Vec<String> = set.iter().map(|(name, _)| name.clone()).collect();
        names.sort();
        match found.iter_mut().find(|(known, _)| *known == names) {
            Some((_, count)) => *count += 1,
            None => found.push((names, 1)),
        }
    }
    found.sort_by_key(|(_, count)| usize::MAX - count);
    if found.is_empty() {
        return description.schemes.iter().map(|scheme| vec![scheme.name.clone()]).collect();
    }
    found.into_iter().map(|(names, _)| names).collect()
}

fn of_scheme(scheme: &Scheme, base: &str) -> Result<Vec<Way>, String> {
    let shown = super::text::short(&scheme.name);
    let way = |id: &str, keys: Vec<Entry>| Way { id: id.into(), keys, hosts: vec![], notes: vec![] };
    Ok(match &scheme.kind {
        SchemeKind::Bearer => {
            vec![way("token", vec![Entry::text("kind", "bearer"), about(scheme, "A token of your account.")])]
        }
        SchemeKind::Basic => {
            let user = parameter(&Field::required("user", Type::String, "The name of the user."));
            let mut found = way(
                "password",
                vec![
                    Entry::text("kind", "basic"),
                    about(scheme, "A user with a password."),
                    Entry::new("fields", Tree::Map(vec![Entry::new("user", user)])),
                    Entry::text("user", "{{ connection.user }}"),
                    Entry::text("password", "{{ password }}"),
                ],
            );
            found
                .notes
                .push("what stands for user and password; many services take a key for one of them".into());
            vec![found]
        }
        SchemeKind::ApiKey { .. } => keys(&[scheme]).into_iter().collect(),
        SchemeKind::OAuth(flows) => {
            let found: Vec<Way> = flows.iter().filter_map(|flow| oauth(scheme, flow, base)).collect();
            if found.is_empty() {
                return Err(format!(
                    "how an app signs in by `{shown}`; the description has no flow that a program could take"
                ));
            }
            found
        }
        SchemeKind::Other(kind) => {
            return Err(format!(
                "how somebody signs in by `{shown}`, which is `{}` and no kind that is known",
                super::text::short(kind)
            ));
        }
    })
}

/// One or several keys that are sent together.
fn keys(schemes: &[&Scheme]) -> Option<Way> {
    let (mut secrets, mut headers, mut query, mut notes) = (vec![], vec![], vec![], vec![]);
    for scheme in schemes {
        let SchemeKind::ApiKey { place, name } = &scheme.kind else { return None };
        let secret = if schemes.len() == 1 { "key".to_owned() } else { names::parameter(&scheme.name) };
        let said =
            if scheme.about.is_empty() { format!("What stands in `{name}`.") } else { scheme.about.clone() };
        secrets.push(Entry::new(&*secret, parameter(&Field::required(&secret, Type::String, &said))));
        let hole = format!("{{{{ {secret} }}}}");
        match place {
            Place::Query => query.push(Entry::text(name, hole)),
            Place::Cookie => headers.push(Entry::text("cookie", format!("{name}={hole}"))),
            Place::Header | Place::Path | Place::Variable => {
                headers.push(Entry::text(name.to_lowercase(), hole))
            }
        }
        if name.eq_ignore_ascii_case("authorization") {
            notes.push("whether a word as `Bearer` stands before the key".into());
        }
    }
    let mut apply = vec![];
    for (key, entries) in [("headers", headers), ("query", query)] {
        if !entries.is_empty() {
            apply.push(Entry::new(key, Tree::Map(entries)));
        }
    }
    let first = schemes.first()?;
    let id = if schemes.len() == 1 { "key" } else { "keys" };
    let default = if schemes.len() == 1 { "A key of your account." } else { "Keys of your app." };
    let told = if schemes.len() == 1 { about(first, default) } else { Entry::text("about", default) };
    let keys = vec![
        Entry::text("kind", "api_key"),
        told,
        Entry::new("secrets", Tree::Map(secrets)),
        Entry::new("apply", Tree::Map(apply)),
    ];
    Some(Way { id: id.into(), keys, hosts: vec![], notes })
}

fn oauth(scheme: &Scheme, flow: &Flow, base: &str) -> Option<Way> {
    // An address may be told from where the service stands on.
    let whole = |text: &str| -> Option<String> {
        let joined = match Url::parse(text) {
            Ok(_) => text.to_owned(),
            Err(_) if text.is_empty() || base.contains("{{") => return None,
            Err(_) => Url::parse(base).ok()?.join(text).ok()?.to_string(),
        };
        is_address(&joined).then_some(joined)
    };
    let token = whole(&flow.token)?;
    let mut keys = vec![];
    let (id, kind, default) = match flow.grant {
        Grant::Code => ("oauth", "oauth2_code", "Sign in with your account."),
        Grant::ClientCredentials => ("app", "oauth2_client_credentials", "An app, where nobody signs in."),
        Grant::Device => ("device", "oauth2_device_code", "Sign in at another device."),
        Grant::Implicit | Grant::Password => return None,
    };
    keys.push(Entry::text("kind", kind));
    keys.push(about(scheme, default));
    match flow.grant {
        Grant::Code => {
            let url = whole(&flow.authorize)?;
            // What stands in the address of a page is sent by itself.
            keys.push(Entry::text("authorize", url.split('?').next().unwrap_or_default()));
        }
        Grant::Device => keys.push(Entry::text("device", whole(&flow.device)?)),
        Grant::ClientCredentials | Grant::Implicit | Grant::Password => {}
    }
    keys.push(Entry::text("token", &token));
    if let Some(refresh) = whole(&flow.refresh).filter(|refresh| *refresh != token) {
        keys.push(Entry::text("refresh", refresh));
    }
    let mut hosts: Vec<String> = vec![];
    for url in [Some(token), whole(&flow.refresh), whole(&flow.device)].into_iter().flatten() {
        let url = Url::parse(&url).ok()?;
        if url.port().is_some() || url.scheme() != "https" {
            return None;
        }
        hosts.extend(url.host_str().map(str::to_owned));
    }
    let what = match flow.grant {
        Grant::ClientCredentials => {
            "how the app says who it is (`client`), and which scopes it has in any case"
        }
        _ => {
            "how the app says who it is (`client`), whether a refresh token is used once (`rotation`), and `setup`"
        }
    };
    Some(Way { id: id.into(), keys, hosts, notes: vec![what.into()] })
}

fn about(scheme: &Scheme, default: &str) -> Entry {
    Entry::text("about", if scheme.about.is_empty() { default } else { &scheme.about })
}

/// A parameter as a manifest writes it.
pub(super) fn parameter(field: &Field) -> Tree {
    super::write::parameter(field)
}

/// The scopes that an operation needs, of the way that asks for the fewest; the narrowest where several are enough.
pub(super) fn scopes(description: &Description, operation: &Operation) -> Vec<String> {
    let is_oauth = |name: &str| {
        description
            .schemes
            .iter()
            .any(|scheme| scheme.name == name && matches!(scheme.kind, SchemeKind::OAuth(_)))
    };
    let sets = operation.security.iter().flatten();
    let needed = sets.filter_map(|set| set.iter().find(|(name, _)| is_oauth(name)).map(|(_, scopes)| scopes));
    let least = needed
        .min_by_key(|scopes| (scopes.len(), usize::MAX - scopes.iter().map(String::len).sum::<usize>()));
    let plain = |scope: &&String| {
        !scope.is_empty() && scope.len() < 200 && scope.chars().all(|letter| letter.is_ascii_graphic())
    };
    least.into_iter().flatten().filter(plain).cloned().collect()
}
