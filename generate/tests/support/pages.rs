//! The catalog of the product, read from the pages of its connectors: they are made of the manifests, and a test holds them to
//! them. So this crate is tried against the real catalog without an edge to the connectors.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use dsl::catalog::{Action, Catalog, Event, Safety, Trust};
use dsl::types::{Field, Type, parse};
use dsl::value::Value;

/// The catalog that the pages in `docs/` tell of.
pub fn catalog() -> Catalog {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("docs");
    let mut actions = vec![];
    let mut events = vec![];
    let mut connected = std::collections::BTreeSet::new();
    let mut pages: Vec<_> =
        std::fs::read_dir(docs.join("connectors")).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.push(docs.join("actions.md"));
    pages.sort();
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        let text = text.replace("\n## `", "\n### `");
        let happening = text.find("\n## Events").unwrap_or(text.len());
        for (at, _) in text.match_indices("\n### `") {
            let section = text[at + 6..].split("\n### `").next().unwrap().split("\n## ").next().unwrap();
            let (id, rest) = section.split_once('`').unwrap();
            let about = rest
                .trim()
                .split(" Its safety is")
                .next()
                .unwrap()
                .split(" Heard of by")
                .next()
                .unwrap()
                .split('\n')
                .next()
                .unwrap()
                .to_owned();
            let input: Vec<Field> = rest.lines().filter_map(field).collect();
            if at >= happening {
                events.push(Event { id: id.into(), about, input, payload: gives(rest) });
                continue;
            }
            if !rest.contains("Its safety is") {
                continue;
            }
            let safety =
                match rest.split("Its safety is `").nth(1).unwrap_or("once").split('`').next().unwrap() {
                    "read" => Safety::Read,
                    "idempotent" => Safety::Idempotent,
                    "keyed" => Safety::Keyed,
                    _ => Safety::Once,
                };
            let trust =
                if rest.contains("the service's own word") { Trust::Trusted } else { Trust::Untrusted };
            actions.push(Action { id: id.into(), about, safety, input, output: gives(rest), trust });
            let connector = id.split('.').next().unwrap();
            if !["file", "http", "ai", "rss"].contains(&connector) {
                connected.insert(connector.to_owned());
            }
        }
    }
    let mut catalog = Catalog::new(actions);
    catalog.connected = connected;
    catalog.events.extend(events.into_iter().map(|event| (event.id.clone(), event)));
    catalog
}

fn gives(text: &str) -> Type {
    let said = text.split("Gives `").nth(1).or_else(|| text.split("it gives `").nth(1));
    said.and_then(|said| parse(said.split('`').next()?.trim()).ok()).map_or(Type::Any, Type::filled)
}

/// A row of a table of parameters: `| \`name\` | \`type\`, must be given | what for |`.
fn field(line: &str) -> Option<Field> {
    let line = line.replace("\\|", "\u{1}");
    let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
    let name = cells.next()?.trim_end_matches('`');
    let said = cells.next()?.replace('\u{1}', "|");
    let about = cells.next().unwrap_or_default().replace('\u{1}', "|");
    let ty = said.strip_prefix('`')?.split('`').next()?;
    let ty = parse(ty).ok()?;
    if said.contains("must be given") {
        return Some(Field::required(name, ty, &about));
    }
    let default = said.split("default `").nth(1).map(|text| text.split('`').next().unwrap_or_default());
    let default =
        default.map(|text| serde_json::from_str(text).map_or_else(|_| Value::text(text), Value::from_json));
    Some(Field { default, ..Field::optional(name, ty, &about) })
}
