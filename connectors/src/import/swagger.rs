//! Swagger 2, which OpenAPI 3 grew out of: one body of one kind, types beside the names of parameters.

use dsl::types::{Field, Type};
use serde_json::{Map, Value as Json};

use super::Left;
use super::body;
use super::description::{
    Answer, AnswerKind, Body, BodyKind, Description, Grant, Parameter, Place, Scheme, SchemeKind, Server,
    Style,
};
use super::openapi::{
    about, api_key, begun, each, flow, is_sendable, parameters, security, security_of, word,
};
use super::schema::{Refs, Schemas, Side};
use super::text;

/// Reads a description.
pub(super) fn read(root: &Json) -> Description {
    let schemas = Schemas::new(root, Refs::Pointers);
    let mut found = Description {
        form: "Swagger 2.0".into(),
        servers: servers(root),
        schemes: schemes(root),
        ..about(root)
    };
    let security = security(root);
    each(root, &schemas, &mut found, |item, keys, method, path, left| {
        let keys = keys.as_object()?;
        let mut operation = begun(keys, method, path);
        operation.security = security_of(keys).or_else(|| security.clone());
        operation.parameters = parameters(&schemas, item, keys, |node| parameter(&schemas, node));
        let takes = kinds(root, keys, "consumes");
        match sent(&schemas, item, keys, &takes) {
            Ok(body) => operation.body = body,
            Err(why) => {
                left.push(Left { operation: format!("{} {path}", method.name()), why });
                return None;
            }
        }
        operation.answer = answer(&schemas, keys, &kinds(root, keys, "produces"));
        operation.notes = schemas.taken_notes();
        Some(operation)
    });
    found
}

fn kinds<'a>(root: &'a Json, keys: &'a Map<String, Json>, key: &str) -> Vec<&'a str> {
    let listed = |node: &'a Json| node.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    keys.get(key).or_else(|| root.get(key)).map(listed).unwrap_or_default()
}

fn lists(node: &Json) -> Style {
    match word(node, "collectionFormat") {
        "multi" => Style::Repeated,
        "pipes" => Style::Pipes,
        "ssv" => Style::Spaces,
        _ => Style::Commas,
    }
}

fn parameter<'a>(schemas: &Schemas<'a>, node: &'a Json) -> Option<Parameter> {
    let place = match word(node, "in") {
        "path" => Place::Path,
        "query" => Place::Query,
        "header" => Place::Header,
        _ => return None,
    };
    if !is_sendable(word(node, "name"), place) {
        return None;
    }
    let shape = schemas.read(node, Side::Sent);
    let optional = place != Place::Path && !is_required(node);
    let field = Field { name: word(node, "name").to_owned(), optional, ..shape.field };
    Some(Parameter { field, place, lists: lists(node), deprecated: false, constant: shape.constant })
}

fn is_required(node: &Json) -> bool {
    node.get("required").and_then(Json::as_bool).unwrap_or(false)
}

fn sent<'a>(
    schemas: &Schemas<'a>,
    item: &'a Json,
    keys: &'a Map<String, Json>,
    takes: &[&str],
) -> Result<Option<Body>, String> {
    let of = |place: &str| -> Vec<&'a Json> {
        parameters(schemas, item, keys, |node| (word(node, "in") == place).then_some(node))
    };
    if let Some(node) = of("body").first() {
        let none = &Json::Null;
        let shape = schemas.read(node.get("schema").unwrap_or(none), Side::Sent);
        let json = takes.is_empty() || takes.iter().any(|media| media.contains("json") || *media == "*/*");
        let (kind, media) = match takes.first() {
            Some(media) if !json && media.contains("xml") => {
                return Err(format!("it takes `{}` alone", text::short(media)));
            }
            Some(media) if !json && media.starts_with("text/") => (BodyKind::Text, *media),
            Some(media) if !json => (BodyKind::Bytes, *media),
            _ => (BodyKind::Json, "application/json"),
        };
        let told = text::sentence(word(node, "description"));
        let about = if told.is_empty() { shape.field.about.clone() } else { told };
        let field = Field { about, ..shape.field };
        let (media, required) = (media.to_owned(), is_required(node));
        return Ok(Some(Body { kind, media, required, field, open: shape.open, lists: Style::Repeated }));
    }
    let parts = of("formData");
    if parts.is_empty() {
        return Ok(None);
    }
    let file = parts.iter().any(|node| word(node, "type") == "file");
    let multipart = file || takes.contains(&"multipart/form-data");
    let field = |node: &&'a Json| {
        let shape = schemas.read(node, Side::Sent);
        Field { name: word(node, "name").to_owned(), optional: !is_required(node), ..shape.field }
    };
    let fields: Vec<Field> = parts.iter().filter(|node| !word(node, "name").is_empty()).map(field).collect();
    let (kind, media) = match multipart {
        true => (BodyKind::Multipart, "multipart/form-data"),
        false => (BodyKind::Form, "application/x-www-form-urlencoded"),
    };
    let lists =
        parts.iter().map(|node| lists(node)).find(|style| *style != Style::Commas).unwrap_or(Style::Repeated);
    let field = Field::required("", Type::Object(fields), "");
    Ok(Some(Body { kind, media: media.into(), required: true, field, open: false, lists }))
}

fn answer<'a>(schemas: &Schemas<'a>, keys: &'a Map<String, Json>, gives: &[&str]) -> Answer {
    let Some(Json::Object(all)) = keys.get("responses") else {
        return Answer { ty: Type::Any, ..Answer::default() };
    };
    let mut well: Vec<(&String, &Json)> = all.iter().filter(|(status, _)| status.starts_with('2')).collect();
    well.sort_by_key(|(status, _)| *status);
    let seen: Vec<&Json> = well.iter().map(|(_, node)| schemas.found(node)).collect();
    let told = seen.iter().find(|node| node.get("schema").is_some()).or(seen.first()).copied();
    let Some(node) = told.or_else(|| all.get("default").map(|node| schemas.found(node))) else {
        return Answer { ty: Type::Any, ..Answer::default() };
    };
    let headers = node.get("headers").and_then(Json::as_object);
    let links = headers.is_some_and(|headers| headers.keys().any(|name| name.eq_ignore_ascii_case("link")));
    let json = gives.is_empty() || gives.iter().any(|media| media.contains("json") || *media == "*/*");
    let given = match (node.get("schema"), json) {
        (None, _) => Answer { kind: AnswerKind::Nothing, ty: Type::Null, links: false },
        (Some(schema), true) => body::of_schema(schemas, schema),
        (Some(_), false) if gives.iter().any(|media| media.starts_with("text/") || media.contains("xml")) => {
            Answer { kind: AnswerKind::Text, ty: Type::String, links: false }
        }
        (Some(_), false) => Answer { kind: AnswerKind::Bytes, ty: Type::Bytes, links: false },
    };
    Answer { links, ..given }
}

fn servers(root: &Json) -> Vec<Server> {
    let host = word(root, "host");
    if host.is_empty() {
        return vec![];
    }
    let schemes: Vec<&str> =
        root.get("schemes").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect();
    let scheme = if schemes.is_empty() || schemes.contains(&"https") { "https" } else { "http" };
    let path = word(root, "basePath").trim_end_matches('/');
    vec![Server { url: format!("{scheme}://{host}{path}"), about: String::new(), variables: vec![] }]
}

fn schemes(root: &Json) -> Vec<Scheme> {
    let all = root.get("securityDefinitions").and_then(Json::as_object);
    let one = |(name, node): (&String, &Json)| {
        let grant = match word(node, "flow") {
            "accessCode" => Some(Grant::Code),
            "application" => Some(Grant::ClientCredentials),
            "implicit" => Some(Grant::Implicit),
            "password" => Some(Grant::Password),
            _ => None,
        };
        let kind = match (word(node, "type"), grant) {
            ("basic", _) => SchemeKind::Basic,
            ("apiKey", _) => api_key(node),
            ("oauth2", Some(grant)) => SchemeKind::OAuth(vec![flow(node, grant)]),
            (other, _) => SchemeKind::Other(other.to_owned()),
        };
        Scheme { name: name.clone(), about: text::sentence(word(node, "description")), kind }
    };
    all.into_iter().flatten().map(one).collect()
}
