//! OpenAPI 3.0 and 3.1.

use dsl::types::{Field, Type};
use serde_json::{Map, Value as Json};

use super::Left;
use super::body;
use super::bounds;
use super::description::{
    Answer, Description, Flow, Grant, Needs, Operation, Parameter, Place, Scheme, SchemeKind, Server, Style,
    Variable,
};
use super::schema::{Refs, Schemas, Side};
use super::text;
use crate::manifest::request::Method;

/// Reads a description.
pub(super) fn read(root: &Json) -> Description {
    let schemas = Schemas::new(root, Refs::Pointers);
    let mut found = Description {
        form: format!("OpenAPI {}", word(root, "openapi")),
        servers: servers(root),
        schemes: schemes(&schemas),
        ..about(root)
    };
    let security = security(root);
    each(root, &schemas, &mut found, |item, keys, method, path, left| {
        let keys = keys.as_object()?;
        let mut operation = begun(keys, method, path);
        operation.security = security_of(keys).or_else(|| security.clone());
        operation.server = servers(&Json::Object(keys.clone())).into_iter().next();
        operation.server = operation.server.or_else(|| servers(item).into_iter().next());
        operation.parameters = parameters(&schemas, item, keys, |node| parameter(&schemas, node));
        operation.content_type = content_type(&schemas, item, keys);
        let taken = keys.get("requestBody").map(|node| schemas.found(node));
        match taken.map(|node| body::sent(&schemas, node)) {
            Some(Ok(body)) => operation.body = body,
            Some(Err(why)) => {
                left.push(Left { operation: format!("{} {path}", method.name()), why });
                return None;
            }
            None => {}
        }
        operation.answer = answer(&schemas, keys);
        operation.notes = schemas.taken_notes();
        Some(operation)
    });
    found
}

/// What stands at the top of OpenAPI and Swagger alike.
pub(super) fn about(root: &Json) -> Description {
    let info = root.get("info").unwrap_or(&Json::Null);
    let docs = root.pointer("/externalDocs/url").and_then(Json::as_str);
    Description {
        title: word(info, "title").to_owned(),
        version: text::short(&text::scalar(info.get("version").unwrap_or(&Json::Null)).unwrap_or_default()),
        about: text::sentence(word(info, "description")),
        docs: docs.filter(|url| super::server::is_address(url)).map(str::to_owned),
        ..Description::default()
    }
}

/// Calls a reader for each operation, in the order of the file.
pub(super) fn each<'a>(
    root: &'a Json,
    schemas: &Schemas<'a>,
    found: &mut Description,
    mut read: impl FnMut(&'a Json, &'a Json, Method, &'a str, &mut Vec<Left>) -> Option<Operation>,
) {
    let Some(Json::Object(paths)) = root.get("paths") else { return };
    let (mut operations, mut left) = (vec![], vec![]);
    for (path, item) in paths.iter().filter(|(path, _)| path.starts_with('/')) {
        let item = schemas.found(item);
        let Json::Object(keys) = item else { continue };
        for (word, operation) in keys {
            let method = Method::ALL.into_iter().find(|method| method.name().eq_ignore_ascii_case(word));
            let why = match method {
                None if matches!(word.as_str(), "options" | "trace") => "its method is not sent",
                None => continue,
                Some(_) if operations.len() >= bounds::MOST_OPERATIONS => "there are too many before it",
                Some(_)
                    if path.contains("{{") || path.contains("}}") || path.chars().any(char::is_control) =>
                {
                    "its path cannot be read"
                }
                Some(method) => {
                    operations.extend(read(item, operation, method, path, &mut left));
                    continue;
                }
            };
            left.push(Left { operation: format!("{} {path}", word.to_uppercase()), why: why.into() });
        }
    }
    found.operations = operations;
    found.left = left;
}

/// An operation with what all forms say alike.
pub(super) fn begun(keys: &Map<String, Json>, method: Method, path: &str) -> Operation {
    let word = |key: &str| keys.get(key).and_then(Json::as_str).unwrap_or_default();
    let summary = match text::sentence(word("summary")) {
        empty if empty.is_empty() => text::sentence(word("description")),
        summary => summary,
    };
    Operation {
        id: Some(word("operationId").to_owned()).filter(|id| !id.is_empty() && id.len() < 300),
        method,
        path: path.to_owned(),
        summary,
        deprecated: keys.get("deprecated").and_then(Json::as_bool).unwrap_or(false),
        parameters: vec![],
        body: None,
        content_type: None,
        answer: Answer::default(),
        security: None,
        server: None,
        document: None,
        notes: vec![],
    }
}

/// The parameters of an operation: its own, and those of its path that it does not replace.
pub(super) fn parameters<'a, T>(
    schemas: &Schemas<'a>,
    item: &'a Json,
    keys: &'a Map<String, Json>,
    read: impl Fn(&'a Json) -> Option<T>,
) -> Vec<T> {
    let listed = |keys: &'a Json| keys.as_array().into_iter().flatten().map(|node| schemas.found(node));
    let own: Vec<&Json> = keys.get("parameters").into_iter().flat_map(listed).collect();
    let same = |a: &Json, b: &Json| word(a, "name") == word(b, "name") && word(a, "in") == word(b, "in");
    let above = item.get("parameters").into_iter().flat_map(listed);
    let above = above.filter(|node| own.iter().all(|known| !same(known, node)));
    above.chain(own.iter().copied()).filter_map(read).collect()
}

/// The type of content that an operation wants to be named, where it lists that header among what must be given.
fn content_type(schemas: &Schemas<'_>, item: &Json, keys: &Map<String, Json>) -> Option<String> {
    let wanted = |node: &&Json| {
        let is_it = word(node, "in") == "header" && word(node, "name").eq_ignore_ascii_case("content-type");
        is_it && node.get("required").and_then(Json::as_bool).unwrap_or(false)
    };
    let lists = [keys.get("parameters"), item.get("parameters")].into_iter().flatten();
    let mut all = lists.filter_map(Json::as_array).flatten().map(|node| schemas.found(node));
    let node = all.find(wanted)?;
    let schema = node.get("schema").map_or(node, |schema| schemas.found(schema));
    let listed = schema.get("enum").and_then(|words| words.get(0));
    let said =
        [schema.get("const"), listed, schema.get("default")].into_iter().flatten().find_map(Json::as_str);
    let said = said.filter(|said| said.contains('/') && said.chars().all(|letter| letter.is_ascii_graphic()));
    Some(said.unwrap_or("application/json").to_owned())
}

fn parameter<'a>(schemas: &Schemas<'a>, node: &'a Json) -> Option<Parameter> {
    let name = word(node, "name");
    let place = match word(node, "in") {
        "path" => Place::Path,
        "query" => Place::Query,
        "header" => Place::Header,
        "cookie" => Place::Cookie,
        _ => return None,
    };
    if !is_sendable(name, place) {
        return None;
    }
    let content = node.get("content").and_then(Json::as_object).and_then(|kinds| kinds.values().next());
    let none = &Json::Null;
    let schema = node.get("schema").or_else(|| content?.get("schema")).unwrap_or(none);
    let shape = schemas.read(schema, Side::Sent);
    let explode = node.get("explode").and_then(Json::as_bool);
    let lists = match (word(node, "style"), explode, place) {
        _ if content.is_some() => Style::Json,
        ("deepObject", ..) => Style::Brackets,
        ("pipeDelimited", ..) => Style::Pipes,
        ("spaceDelimited", ..) => Style::Spaces,
        (_, Some(false), Place::Query) | (_, _, Place::Header | Place::Path) => Style::Commas,
        _ => Style::Repeated,
    };
    let required = place == Place::Path || node.get("required").and_then(Json::as_bool).unwrap_or(false);
    let told = text::sentence(word(node, "description"));
    let about =
        if told.is_empty() { shape.field.about.clone() } else { with_default(&told, &shape.field.about) };
    let field = Field { name: name.to_owned(), optional: !required, about, ..shape.field };
    let deprecated = node.get("deprecated").and_then(Json::as_bool).unwrap_or(false);
    Some(Parameter { field, place, lists, deprecated, constant: shape.constant })
}

/// The sentence of a parameter, with the default that its schema tells.
fn with_default(told: &str, schema: &str) -> String {
    match schema.rfind("Default `") {
        Some(at) if !told.to_lowercase().contains("default") => format!("{told} {}", &schema[at..]),
        _ => told.to_owned(),
    }
}

/// True for a name that can be sent, and that belongs to a parameter and not to the way of sending.
pub(super) fn is_sendable(name: &str, place: Place) -> bool {
    let well = !name.is_empty() && name.len() <= 100 && !name.chars().any(char::is_control);
    let own = ["accept", "authorization", "content-length", "content-type", "host"];
    let header = place == Place::Header
        && (own.contains(&name.to_lowercase().as_str())
            || !name
                .chars()
                .all(|letter| letter.is_ascii_graphic() && !"()<>@,;:\\\"/[]?={}".contains(letter)));
    well && !header
}

/// What an operation answers: the lowest of its statuses that are a yes.
fn answer<'a>(schemas: &Schemas<'a>, keys: &'a Map<String, Json>) -> Answer {
    let Some(Json::Object(all)) = keys.get("responses") else {
        return Answer { ty: Type::Any, ..Answer::default() };
    };
    let mut well: Vec<(&str, &Json)> = all
        .iter()
        .filter(|(status, _)| status.starts_with('2'))
        .map(|(status, node)| (&**status, node))
        .collect();
    well.sort_by_key(|(status, _)| *status);
    let seen = well.iter().map(|(_, node)| schemas.found(node)).collect::<Vec<_>>();
    let told =
        seen.iter().find(|node| node.get("content").is_some_and(|content| content != &serde_json::json!({})));
    let Some(node) =
        told.or(seen.first()).copied().or_else(|| all.get("default").map(|node| schemas.found(node)))
    else {
        return Answer { ty: Type::Any, ..Answer::default() };
    };
    let headers = node.get("headers").and_then(Json::as_object);
    let links = headers.is_some_and(|headers| headers.keys().any(|name| name.eq_ignore_ascii_case("link")));
    Answer { links, ..body::given(schemas, node.get("content")) }
}

/// The servers of a document, a path or an operation.
fn servers(node: &Json) -> Vec<Server> {
    let all = node.get("servers").and_then(Json::as_array).into_iter().flatten();
    let one = |node: &Json| {
        let variables = node.get("variables").and_then(Json::as_object).into_iter().flatten();
        let variables = variables.map(|(name, node)| Variable {
            name: name.clone(),
            default: text::scalar(node.get("default").unwrap_or(&Json::Null)).unwrap_or_default(),
            about: text::sentence(word(node, "description")),
        });
        let url = word(node, "url").to_owned();
        Server { url, about: text::sentence(word(node, "description")), variables: variables.collect() }
    };
    all.map(one).filter(|server| !server.url.is_empty()).collect()
}

fn schemes(schemas: &Schemas<'_>) -> Vec<Scheme> {
    let all = schemas.root.pointer("/components/securitySchemes").and_then(Json::as_object);
    let one = |(name, node): (&String, &Json)| {
        let node = match node.get("$ref").and_then(Json::as_str).and_then(|way| way.strip_prefix('#')) {
            Some(way) => schemas.root.pointer(way).unwrap_or(node),
            None => node,
        };
        let scheme = word(node, "scheme").to_ascii_lowercase();
        let kind = match (word(node, "type"), scheme.as_str()) {
            ("http", "basic") => SchemeKind::Basic,
            ("http", "bearer") => SchemeKind::Bearer,
            ("http", other) => SchemeKind::Other(other.to_owned()),
            ("apiKey", _) => api_key(node),
            ("oauth2", _) => SchemeKind::OAuth(flows(node)),
            (other, _) => SchemeKind::Other(other.to_owned()),
        };
        Scheme { name: name.clone(), about: text::sentence(word(node, "description")), kind }
    };
    all.into_iter().flatten().map(one).collect()
}

/// A key in a header, the query or a cookie.
pub(super) fn api_key(node: &Json) -> SchemeKind {
    let place = match word(node, "in") {
        "query" => Place::Query,
        "cookie" => Place::Cookie,
        _ => Place::Header,
    };
    let name = word(node, "name").trim();
    // Some descriptions write a header into the name.
    let name = name.split([':', ' ']).next().unwrap_or_default();
    if !is_sendable(name, Place::Query) || name.contains(['{', '}']) {
        SchemeKind::Other("apiKey".into())
    } else {
        SchemeKind::ApiKey { place, name: name.into() }
    }
}

fn flows(node: &Json) -> Vec<Flow> {
    let grants = [
        ("authorizationCode", Grant::Code),
        ("clientCredentials", Grant::ClientCredentials),
        ("deviceAuthorization", Grant::Device),
        ("implicit", Grant::Implicit),
        ("password", Grant::Password),
    ];
    let flow = |(key, grant): (&str, Grant)| {
        let node = node.get("flows")?.get(key)?;
        Some(flow(node, grant))
    };
    grants.into_iter().filter_map(flow).collect()
}

/// One flow of OAuth 2.0.
pub(super) fn flow(node: &Json, grant: Grant) -> Flow {
    let scopes = node.get("scopes").and_then(Json::as_object).into_iter().flatten();
    Flow {
        grant,
        authorize: word(node, "authorizationUrl").to_owned(),
        token: word(node, "tokenUrl").to_owned(),
        refresh: word(node, "refreshUrl").to_owned(),
        device: word(node, "deviceAuthorizationUrl").to_owned(),
        scopes: scopes.map(|(name, _)| name.clone()).collect(),
    }
}

/// Which schemes may serve where nothing else is said.
pub(super) fn security(node: &Json) -> Option<Vec<Needs>> {
    node.as_object().and_then(security_of)
}

/// Which schemes may serve.
pub(super) fn security_of(keys: &Map<String, Json>) -> Option<Vec<Needs>> {
    let all = keys.get("security")?.as_array()?;
    let one = |(name, scopes): (&String, &Json)| {
        let scopes = scopes.as_array().into_iter().flatten().filter_map(Json::as_str);
        (name.clone(), scopes.map(str::to_owned).collect())
    };
    let set = |set: &Json| set.as_object().into_iter().flatten().map(one).collect();
    Some(all.iter().map(set).collect())
}

/// A text of a key; empty where there is none.
pub(super) fn word<'a>(node: &'a Json, key: &str) -> &'a str {
    node.get(key).and_then(Json::as_str).unwrap_or_default()
}
