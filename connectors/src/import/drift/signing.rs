//! What a newer description changes of signing in.

use super::{Change, Found, Weight, outline};
use crate::import::description::{Description, Flow, Grant as Described, Operation, SchemeKind};
use crate::manifest::auth::{Auth, Grant, Kind};
use crate::manifest::{Action, Manifest};

/// Looks at the ways to sign in. A description that names none says nothing about them.
pub(super) fn look(manifest: &Manifest, description: &Description, changes: &mut Vec<Change>) {
    if description.schemes.is_empty() {
        return;
    }
    let ways: Vec<&Auth> = manifest.auth.iter().filter(|way| !matches!(way.kind, Kind::None)).collect();
    let gone: Vec<&&Auth> = ways.iter().filter(|way| !is_known(way, description)).collect();
    let weight = if gone.len() == ways.len() { Weight::Breaks } else { Weight::MayBreak };
    for way in gone {
        changes.push(Change {
            weight,
            action: None,
            place: format!("auth `{}`", way.id),
            what: format!("no way of the kind `{}` is described any more", way.kind.name()),
        });
    }
    for way in ways {
        addresses(way, description, changes);
    }
}

fn flows(description: &Description) -> impl Iterator<Item = &Flow> {
    description.schemes.iter().flat_map(|scheme| match &scheme.kind {
        SchemeKind::OAuth(flows) => flows.as_slice(),
        SchemeKind::ApiKey { .. } | SchemeKind::Basic | SchemeKind::Bearer | SchemeKind::Other(_) => &[],
    })
}

/// True where a description has a scheme by which a way could sign in.
fn is_known(way: &Auth, description: &Description) -> bool {
    let sends = |name: &str| {
        let header = way.apply.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        let query = way.apply.query.iter().any(|(own, _)| own == name);
        let cookie = way.apply.headers.iter().any(|(own, _)| own == "cookie");
        header || query || cookie
    };
    description.schemes.iter().any(|scheme| match (&scheme.kind, &way.kind) {
        (SchemeKind::Other(_), _) => true,
        // A token that a person has is sent as one that was signed in for.
        (SchemeKind::OAuth(_), Kind::Oauth2(_) | Kind::Bearer) => true,
        (SchemeKind::Bearer, Kind::Bearer | Kind::Oauth2(_)) => true,
        (SchemeKind::Bearer | SchemeKind::OAuth(_), Kind::ApiKey) => sends("authorization"),
        (SchemeKind::Basic, Kind::Basic { .. }) => true,
        (SchemeKind::ApiKey { name, .. }, Kind::ApiKey) => sends(name),
        (SchemeKind::ApiKey { name, .. }, Kind::Bearer | Kind::Oauth2(_)) => {
            name.eq_ignore_ascii_case("authorization") || sends(name)
        }
        (_, Kind::AwsSigv4(_) | Kind::BodyKeys | Kind::Oauth1a(_)) => true,
        _ => false,
    })
}

/// Where tokens are had and a person is sent, where a flow of the same kind says it otherwise.
fn addresses(way: &Auth, description: &Description, changes: &mut Vec<Change>) {
    let Kind::Oauth2(own) = &way.kind else { return };
    let wanted = match &own.grant {
        Grant::ClientCredentials => Described::ClientCredentials,
        Grant::Code(_) => Described::Code,
        Grant::DeviceCode { .. } => Described::Device,
        Grant::JwtBearer(_) => return,
    };
    let same: Vec<&Flow> = flows(description).filter(|flow| flow.grant == wanted).collect();
    let plain = |url: &str| url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/').to_owned();
    let mut look = |what: &str, own: &str, known: Vec<String>| {
        let known: Vec<String> =
            known.into_iter().filter(|url| url.contains("://") && !url.contains('{')).collect();
        if !known.is_empty() && !own.contains('…') && !known.contains(&plain(own)) {
            changes.push(Change {
                weight: Weight::MayBreak,
                action: None,
                place: format!("auth `{}`", way.id),
                what: format!("{what} at `{}`, and not at `{own}`", crate::import::text::short(&known[0])),
            });
        }
    };
    look("tokens are had", &outline(&own.token), same.iter().map(|flow| plain(&flow.token)).collect());
    if let Grant::Code(code) = &own.grant {
        look(
            "a person is sent",
            &outline(&code.authorize),
            same.iter().map(|flow| plain(&flow.authorize)).collect(),
        );
    }
}

/// The scopes that an action needs, where its manifest names some.
pub(super) fn scopes(
    manifest: &Manifest,
    action: &Action,
    description: &Description,
    operation: &Operation,
    found: &mut Found<'_>,
) {
    if action.scopes.is_empty() {
        return;
    }
    let default = manifest.auth.iter().flat_map(|way| match &way.kind {
        Kind::Oauth2(own) => own.scopes.default.as_slice(),
        _ => &[],
    });
    let known: Vec<&String> = action.scopes.iter().chain(default).collect();
    let is_oauth = |name: &str| {
        description
            .schemes
            .iter()
            .any(|scheme| scheme.name == name && matches!(scheme.kind, SchemeKind::OAuth(_)))
    };
    let sets = operation.security.iter().flatten();
    let sets: Vec<&Vec<String>> = sets
        .filter_map(|set| set.iter().find(|(name, _)| is_oauth(name)).map(|(_, scopes)| scopes))
        .collect();
    if sets.is_empty() || sets.iter().any(|scopes| scopes.iter().all(|scope| known.contains(&scope))) {
        return;
    }
    let shown: Vec<String> = sets[0]
        .iter()
        .filter(|scope| !known.contains(scope))
        .take(4)
        .map(|scope| format!("`{scope}`"))
        .collect();
    found.push(Weight::MayBreak, "scopes", format!("it needs {}", shown.join(", ")));
}
