//! Services that workflows can name, and which of them are set up.

use connectors::manifest::Manifest;
use serde_json::{Value, json};

use super::keys::summary;
use super::{Answer, Ask, Refusal};
use crate::connections::WORKS;
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
    let rows: Vec<Value> = library.names().filter_map(|id| library.find(id)).map(|it| row(it)).collect();
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

/// One, with its page.
pub fn show(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let id = ask.said.part("connector");
    let manifest = connectors::library().find(id).ok_or_else(|| Refusal::absent("connector", id))?;
    let mut told = about(manifest);
    told["docs"] = manifest.docs.clone().into();
    told["setup"] = manifest.setup.clone().into();
    told["page"] = connectors::page::of(manifest).into();
    Ok(Answer::ok(told))
}
