//! The description of the API in OpenAPI 3.1, made of the table of routes and the shapes beside it, so that it cannot say
//! of a route what the route does not do.

use std::collections::BTreeSet;

use ai::gateway::Trouble;
use serde_json::{Map, Value, json};

use super::routes::{Handler, Policy, ROUTES, Route, Takes};
use super::shape::{Field, Must, Shape};
use super::shapes::{REFUSAL, TROUBLE};
use super::{Answer, Ask, Refusal};

/// The document for the table of this program.
pub fn show(_: &Ask<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::ok(document(ROUTES)))
}

/// The document for a table of routes.
pub fn document(table: &[Route]) -> Value {
    let (mut paths, mut named): (Map<String, Value>, _) = (Map::new(), Map::new());
    for route in table {
        let operation = operation(route, &mut named);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.to_ascii_lowercase()] = operation;
    }
    let refusal = Shape::Of(&REFUSAL).schema(&mut named);
    let trouble = Shape::Of(&TROUBLE).schema(&mut named);
    named.sort_keys();
    let mut tags: Vec<&str> = table.iter().map(tag).collect();
    tags.sort_unstable();
    tags.dedup();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Keyway",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Workflows, their runs, and what belongs to them. What can be asked is what the commands of the terminal do, by the same ways.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags.into_iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": named,
            "responses": {
                "Refused": {
                    "description": "It was not done; `code` says why, in a word for programs.",
                    "content": { "application/json": { "schema": refusal } },
                },
                "Troubled": {
                    "description": "It was not done; a provider of models says so in this form.",
                    "content": { "application/json": { "schema": trouble } },
                },
            },
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "What `keyway token add NAME` prints.",
                },
                "key": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "x-api-key",
                    "description": "The same token, as Anthropic's libraries show it; for questions to models alone.",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": super::door::COOKIE,
                    "description": "What `POST /api/v1/session` gives a browser. What changes anything needs the head `x-csrf-token` as well.",
                },
                "csrf": {
                    "type": "apiKey",
                    "in": "header",
                    "name": super::door::CSRF,
                    "description": "What `GET /api/v1/session` tells as `csrf`.",
                },
            },
        },
    })
}

/// What a route is about: the first word behind the version.
fn tag(route: &Route) -> &'static str {
    let below = route.path.strip_prefix("/api/v1/").map(|rest| rest.split(['/', '.']).next().unwrap_or(rest));
    match below {
        Some(word) => word,
        None if route.path.starts_with("/v1/") => "models",
        None if route.path.starts_with("/hooks/") => "hooks",
        None => "health",
    }
}

/// A name for programs: the method and the parts of the address.
pub fn name(route: &Route) -> String {
    let parts =
        route.path.split(['/', '.']).filter(|part| !part.is_empty() && *part != "api" && *part != "v1");
    let parts = parts.map(|part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
        Some(name) => format!("by_{name}"),
        None => part.to_owned(),
    });
    let words: Vec<String> = std::iter::once(route.method.to_ascii_lowercase()).chain(parts).collect();
    words.join("_")
}

fn operation(route: &Route, named: &mut Map<String, Value>) -> Value {
    let mut operation = json!({
        "operationId": name(route),
        "tags": [tag(route)],
        // Links lead to other pages of the docs, which are not here.
        "summary": without_links(route.about),
        "x-policy": route.policy.name(),
        "security": security(route),
    });
    let mut parameters = parts(route.path);
    parameters.extend(route.says.query.iter().map(|field| parameter(field, named)));
    if route.says.once {
        parameters.push(json!({
            "name": "idempotency-key",
            "in": "header",
            "required": false,
            "description": "Within a day, the same key with the same wish is done once.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255 },
        }));
    }
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let (Some(body), Takes::Json { .. } | Takes::Bytes { .. }) = (&route.says.body, route.takes) {
        operation["requestBody"] = json!({
            "required": needs_body(body),
            "content": { "application/json": { "schema": body.taken(named) } },
        });
    }
    operation["responses"] = answers(route, named);
    operation
}

/// True of a body that has to be there.
fn needs_body(body: &Shape) -> bool {
    match body {
        Shape::Fields(fields) | Shape::Open(fields) => fields.iter().any(|field| field.must == Must::Always),
        Shape::Of(known) => needs_body(&known.shape),
        Shape::Any
        | Shape::Flag
        | Shape::Count
        | Shape::Text
        | Shape::Moment
        | Shape::Secret
        | Shape::Word(_)
        | Shape::List(_)
        | Shape::Named(_)
        | Shape::Maybe(_) => false,
    }
}

fn security(route: &Route) -> Value {
    let reads = route.method == "GET";
    let session = if reads { json!({ "session": [] }) } else { json!({ "session": [], "csrf": [] }) };
    match route.policy {
        Policy::Address | Policy::Public => json!([]),
        Policy::Person | Policy::Role(_) => json!([session]),
        Policy::Token(_) if matches!(route.handler, Handler::Speaks(..)) => {
            json!([{ "token": [] }, { "key": [] }, session])
        }
        Policy::Token(_) => json!([{ "token": [] }, session]),
    }
}

/// The parts of an address that have names.
fn parts(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let part = |name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } });
    names.map(part).collect()
}

fn parameter(field: &Field, named: &mut Map<String, Value>) -> Value {
    json!({
        "name": field.name,
        "in": "query",
        "required": field.must == Must::Always,
        "description": field.about,
        "schema": field.shape.schema(named),
    })
}

fn answers(route: &Route, named: &mut Map<String, Value>) -> Value {
    let mut all = Map::new();
    for (status, shape) in route.says.answers {
        let mut content = json!({ "application/json": { "schema": shape.schema(named) } });
        if route.says.streams {
            content["text/event-stream"] = json!({ "schema": { "type": "string" } });
        }
        let told = match status {
            201 => "It is made.",
            202 => "It is taken on.",
            503 => "It does not work just now.",
            _ => "It is done.",
        };
        all.insert(status.to_string(), json!({ "description": told, "content": content }));
    }
    let (form, refusals) = match route.handler {
        Handler::Speaks(..) => ("Troubled", Trouble::statuses()),
        Handler::Blocks(_) | Handler::Hears | Handler::Streams(_) => ("Refused", refusals(route)),
    };
    for status in refusals {
        let refused = json!({ "$ref": format!("#/components/responses/{form}") });
        all.entry(status.to_string()).or_insert(refused);
    }
    all.sort_keys();
    all.into()
}

/// The statuses with which a route can refuse.
fn refusals(route: &Route) -> BTreeSet<u16> {
    // Who sends a body where none is taken is told that it is too long.
    let mut all = BTreeSet::from([400, 413, 500]);
    match route.policy {
        // What comes behind the proof is a run, whose output may be waited for.
        Policy::Address => all.extend([401, 405, 502, 503]),
        // Who signs in, or comes back from where they did, may be refused, or told to wait.
        Policy::Public if route.method != "GET" || route.says.open => all.extend([401, 403, 429, 503]),
        Policy::Public => {}
        Policy::Token(_) | Policy::Person | Policy::Role(_) => all.extend([401, 403, 429, 503]),
    }
    let (names, changes) = (route.path.contains('{'), route.method != "GET" || route.says.open);
    if names || changes {
        all.insert(404);
    }
    if changes {
        all.insert(409);
    }
    if names || changes || !route.says.query.is_empty() {
        all.insert(422);
    }
    if route.says.asks {
        all.insert(502);
    }
    if route.takes != Takes::Nothing {
        all.extend([408, 415]);
    }
    all
}

/// A sentence with the words of its links alone.
fn without_links(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, link)) = rest.split_once('[') {
        plain += before;
        let Some((words, after)) = link.split_once("](") else {
            plain.push('[');
            rest = link;
            continue;
        };
        plain += words;
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_become_words() {
        assert_eq!(without_links("in [one](a.md) of [two](b.md)."), "in one of two.");
        assert_eq!(without_links("a list [x, y] stays"), "a list [x, y] stays");
    }
}
