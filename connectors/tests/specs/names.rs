//! Whether the names that a request gives are ones that the description of its service has: in the query, and at any depth of
//! the body. A validator lets pass what it does not know, so that a misspelt name would never be seen.

use serde_json::Value as Json;

/// What stands where a part of a description says that it stands elsewhere.
fn found<'a>(root: &'a Json, mut node: &'a Json) -> &'a Json {
    // A reference to itself has no end.
    for _ in 0..20 {
        match node["$ref"].as_str().and_then(|way| root.pointer(way.strip_prefix('#')?)) {
            Some(next) => node = next,
            None => break,
        }
    }
    node
}

/// Every schema that speaks of the same value: this one, and those which it is put together from.
fn all_of<'a>(root: &'a Json, schema: &'a Json, all: &mut Vec<&'a Json>, depth: usize) {
    let schema = found(root, schema);
    all.push(schema);
    for key in ["allOf", "anyOf", "oneOf"] {
        let parts = schema[key].as_array().into_iter().flatten().filter(|_| depth < 20);
        parts.for_each(|part| all_of(root, part, all, depth + 1));
    }
}

/// True if an object by these schemas may have names that they do not list.
fn is_open(schemas: &[&Json]) -> bool {
    let lists = |schema: &&Json| schema["properties"].as_object().is_some_and(|known| !known.is_empty());
    let more = |schema: &&Json| {
        let more = &schema["additionalProperties"];
        more.is_object() || *more == true || schema.get("patternProperties").is_some()
    };
    !schemas.iter().any(lists) || schemas.iter().any(more)
}

/// The schemas of what stands at a name, or at any place of a list.
fn below<'a>(root: &'a Json, schemas: &[&'a Json], name: Option<&str>) -> Vec<&'a Json> {
    let mut all = vec![];
    for schema in schemas {
        let next = name.map_or(schema.get("items"), |name| schema["properties"].get(name));
        if let Some(next) = next {
            all_of(root, next, &mut all, 0);
        }
    }
    all
}

/// The names of a value that no schema has, each with its place.
fn unknown(root: &Json, schemas: &[&Json], value: &Json, at: &str, out: &mut Vec<String>) {
    match value {
        Json::Object(fields) => {
            for (name, value) in fields {
                let place = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                let next = below(root, schemas, Some(name));
                if next.is_empty() {
                    out.extend((!is_open(schemas)).then(|| format!("body `{place}`")));
                } else {
                    unknown(root, &next, value, &place, out);
                }
            }
        }
        Json::Array(items) => {
            let next = below(root, schemas, None);
            items.iter().for_each(|item| unknown(root, &next, item, &format!("{at}[]"), out));
        }
        _ => {}
    }
}

/// The names of a form that no schema has. `a[b][]` is a list at `b` of `a`.
fn unknown_of_form(root: &Json, schemas: &[&Json], body: &str, out: &mut Vec<String>) {
    for (key, _) in url::form_urlencoded::parse(body.as_bytes()) {
        let (first, rest) = key.split_once('[').unwrap_or((&key, ""));
        let parts = std::iter::once(first).chain(rest.split('[').map(|part| part.trim_end_matches(']')));
        let mut schemas = schemas.to_vec();
        for part in parts.take(1 + key.matches('[').count()) {
            let is_place = part.is_empty() || part.bytes().all(|byte| byte.is_ascii_digit());
            let next = below(root, &schemas, (!is_place).then_some(part));
            if next.is_empty() {
                out.extend((!is_place && !is_open(&schemas)).then(|| format!("form `{key}`")));
                break;
            }
            schemas = next;
        }
    }
}

/// True if a path is one of a template.
fn is_path(own: &str, template: &str) -> bool {
    let (own, known): (Vec<&str>, Vec<&str>) = (own.split('/').collect(), template.split('/').collect());
    own.len() == known.len()
        && own.iter().zip(&known).all(|(own, known)| match (known.find('{'), known.rfind('}')) {
            (Some(from), Some(to)) => own.starts_with(&known[..from]) && own.ends_with(&known[to + 1..]),
            _ => own == known,
        })
}

/// The names in a request that its description does not have, and how many were looked at; nothing where the description does
/// not have the path. `path` is without the host and the path of the server.
pub fn of(root: &Json, method: &str, path: &str, kind: &str, body: &str) -> Option<(usize, Vec<String>)> {
    let url = url::Url::parse(&format!("https://x.example{path}")).ok()?;
    let method = method.to_lowercase();
    let paths = root["paths"].as_object()?.iter();
    let known = paths.filter(|(template, item)| {
        is_path(url.path(), template.split('?').next().unwrap_or_default()) && item.get(&method).is_some()
    });
    let (_, item) = known.min_by_key(|(template, _)| template.matches('{').count())?;
    let operation = &item[&method];
    let parameters: Vec<&Json> = [&item["parameters"], &operation["parameters"]]
        .into_iter()
        .filter_map(|list| list.as_array())
        .flatten()
        .map(|node| found(root, node))
        .collect();
    let keys = root["components"]["securitySchemes"].as_object().into_iter().flatten();
    let keys: Vec<&str> = keys.filter_map(|(_, scheme)| scheme["name"].as_str()).collect();
    let mut out = vec![];
    let mut looked = 0;
    for (name, _) in url.query_pairs() {
        looked += 1;
        let plain = name.split('[').next().unwrap_or_default();
        let in_query = parameters.iter().filter(|known| known["in"] == "query");
        let is_known = in_query.clone().any(|known| {
            let own = known["name"].as_str().unwrap_or_default();
            own == name || own == plain || own.strip_suffix("[]") == Some(plain)
        });
        // The fields of an object stand beside one another.
        let spread = in_query.clone().any(|known| {
            found(root, &known["schema"])["properties"].get(plain).is_some() && known["style"] != "deepObject"
        });
        if !is_known && !spread && !keys.contains(&plain) {
            out.push(format!("query `{name}`"));
        }
    }
    let content = found(root, &operation["requestBody"])["content"].as_object();
    let media =
        content.and_then(|content| content.iter().find(|(media, _)| media.split(';').next() == Some(kind)));
    if let Some((_, media)) = media.filter(|_| !body.is_empty()) {
        let mut schemas = vec![];
        all_of(root, &media["schema"], &mut schemas, 0);
        if kind == "application/x-www-form-urlencoded" {
            looked += body.matches('=').count();
            unknown_of_form(root, &schemas, body, &mut out);
        } else if let Ok(body) = serde_json::from_str::<Json>(body) {
            looked += names(&body);
            unknown(root, &schemas, &body, "", &mut out);
        }
    }
    Some((looked, out))
}

/// How many names a value has.
fn names(value: &Json) -> usize {
    match value {
        Json::Object(fields) => fields.len() + fields.values().map(names).sum::<usize>(),
        Json::Array(items) => items.iter().map(names).sum(),
        _ => 0,
    }
}
