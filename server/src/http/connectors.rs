//! Services that workflows can name, and which of them are set up.

use connectors::manifest::Manifest;
use connectors::manifest::auth::{Auth, Grant};
use dsl::types::{Field, Type};
use secret::Secret;
use serde_json::{Value, json};

use super::keys::summary;
use super::session::text;
use super::{Answer, Ask, Refusal};
use crate::connections::{
    Known, NewApp, WORKS, add_app, app_for, asked_for, of_deployed, signs_in_by_app, way,
};
use crate::error::Error;

/// All services, with how many connections there are to each.
pub fn list(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let known = part.vault()?.connections(part.owner(), None).map_err(Error::from)?;
    let library = connectors::library();
    let row = |manifest: &Manifest| {
        let own = || known.iter().filter(|row| row.connector == manifest.id);
        let mut row = about(manifest);
        row["connections"] = own().count().into();
        row["working"] = own().any(|row| row.health == WORKS).into();
        row
    };
    let manifests = library.read_all().names().filter_map(|id| library.find(id));
    let rows: Vec<Value> = manifests.map(|it| row(it)).collect();
    let summary = summary(rows.iter().map(|row| (row["connections"] != 0, row["working"] == true)));
    Ok(Answer::ok(json!({ "connectors": rows, "summary": summary })))
}

fn about(manifest: &Manifest) -> Value {
    json!({
        "connector": manifest.id,
        "name": manifest.name,
        "version": manifest.version,
        "about": manifest.about,
        "actions": manifest.actions.iter().map(|action| &action.name).collect::<Vec<_>>(),
        "events": manifest.triggers.iter().map(|trigger| &trigger.name).collect::<Vec<_>>(),
        "auth": manifest.auth.iter().map(|way| way.kind.name()).collect::<Vec<_>>(),
    })
}

/// One, with its page and with what connecting an account takes.
pub fn show(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let id = ask.said.part("connector");
    let manifest = connectors::library().find(id).ok_or_else(|| Refusal::absent("connector", id))?;
    let part = ask.house.part(&ask.who);
    let vault = part.vault()?;
    let app = app_for(&vault, part.owner(), id).map_err(Error::from)?;
    let here = comes_back_here(ask, id);
    let mut told = about(manifest);
    told["docs"] = manifest.docs.clone().into();
    told["setup"] = manifest.setup.clone().into();
    told["page"] = connectors::page::of(manifest).into();
    told["comes_back_to"] = here.clone().into();
    let ways = manifest.auth.iter().map(|it| way_shown(manifest, it, (app.as_ref(), &here)));
    told["ways"] = ways.collect();
    told["usual"] = match manifest.auth.is_empty() {
        true => Value::Null,
        false => way((&vault, part.owner()), manifest, None)?.id.clone().into(),
    };
    let needs = match part.kept() {
        Some(_) => of_deployed(part.home())?,
        None => vec![],
    };
    let ours = needs.into_iter().filter(|(_, need)| need.connector == manifest.id);
    let need = ours.map(
        |(workflow, need)| json!({ "workflow": workflow, "connection": need.name, "scopes": need.scopes }),
    );
    told["needs"] = need.collect();
    Ok(Answer::ok(told))
}

/// Stores the app that people sign in to a service with. Browsers come back here where nothing else is said.
pub fn store_app(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let connector = ask.said.part("connector");
    let manifest =
        connectors::library().find(connector).ok_or_else(|| Refusal::absent("connector", connector))?;
    let (part, here) = (ask.house.part(&ask.who), comes_back_here(ask, connector));
    let redirect = ask.said.text("comes_back_to").unwrap_or(&here);
    let secret = ask.said.text("secret").map(|secret| Secret::new(secret.to_owned()));
    let hosts = ask.said.texts("hosts");
    let app = NewApp { manifest, id: text(ask, "id"), secret, redirect: Some(redirect), hosts: &hosts };
    let vault = part.vault()?;
    add_app(&vault, part.acts(&ask.who.actor()), app)?;
    Ok(Answer::ok(json!({ "stored": connector })).with(201))
}

/// Where a browser comes back to that is to end here.
pub(super) fn comes_back_here(ask: &Ask<'_>, connector: &str) -> String {
    format!("{}/connect/{connector}", ask.house.base())
}

fn way_shown(manifest: &Manifest, way: &Auth, (app, here): (Option<&Known>, &str)) -> Value {
    let (begins, scopes) = match way.kind.oauth2() {
        Some(oauth2) => {
            let begins = match oauth2.grant {
                Grant::Code(_) => "browser",
                Grant::DeviceCode { .. } => "device",
                Grant::ClientCredentials | Grant::JwtBearer(_) => "alone",
            };
            (begins, oauth2.scopes.default.clone())
        }
        None => ("given", vec![]),
    };
    let secret = |(name, about): (String, String)| json!({ "name": name, "about": about });
    let app = app.map(|app| json!({ "comes_back_to": app.redirect, "here": app.redirect == here }));
    let needs_app = signs_in_by_app(way);
    json!({
        "way": way.id,
        "kind": way.kind.name(),
        "about": way.about,
        "begins": begins,
        "needs_app": needs_app,
        "app": app.filter(|_| needs_app),
        "fields": manifest.account.fields.iter().chain(&way.fields).map(field).collect::<Vec<_>>(),
        "secrets": asked_for(way).into_iter().map(secret).collect::<Vec<_>>(),
        "scopes": scopes,
    })
}

fn field(field: &Field) -> Value {
    json!({
        "name": field.name,
        "about": field.about,
        "type": field.ty.to_string(),
        "choices": choices(&field.ty),
        "optional": field.optional,
        "default": field.default.as_ref().map(dsl::value::Value::to_json),
    })
}

/// What there is to choose from, where it is one of several texts.
fn choices(ty: &Type) -> &[String] {
    match ty {
        Type::Enum(words) => words,
        Type::Nullable(inner) => choices(inner),
        Type::Any
        | Type::Null
        | Type::Boolean
        | Type::Integer
        | Type::Number
        | Type::String
        | Type::Time
        | Type::Duration
        | Type::Bytes
        | Type::AnyObject
        | Type::Object(_)
        | Type::List(_)
        | Type::Union(_) => &[],
    }
}
