//! Google's discovery documents: resources with methods, types by their names, one way to sign in.

use dsl::types::{Field, Type};
use serde_json::Value as Json;

use super::description::{
    Answer, AnswerKind, Body, BodyKind, Description, Flow, Grant, Operation, Parameter, Place, Scheme,
    SchemeKind, Server, Style,
};
use super::openapi::{is_sendable, word};
use super::schema::{Refs, Schemas, Side};
use super::{Left, bounds, text};
use crate::manifest::request::Method;

/// How deep resources nest.
const DEEPEST: usize = 8;

/// Reads a description.
pub(super) fn read(root: &Json) -> Description {
    let schemas = Schemas::new(root, Refs::Names);
    let base = match word(root, "baseUrl") {
        "" => format!("{}{}", word(root, "rootUrl"), word(root, "servicePath")),
        base => base.to_owned(),
    };
    let scopes = root.pointer("/auth/oauth2/scopes").and_then(Json::as_object);
    let flow = Flow {
        grant: Grant::Code,
        authorize: "https://accounts.google.com/o/oauth2/v2/auth".into(),
        token: "https://oauth2.googleapis.com/token".into(),
        refresh: String::new(),
        device: String::new(),
        scopes: scopes.into_iter().flatten().map(|(name, _)| name.clone()).collect(),
    };
    let scheme = Scheme {
        name: "oauth2".into(),
        about: "Sign in with a Google account.".into(),
        kind: SchemeKind::OAuth(vec![flow]),
    };
    let title = match word(root, "canonicalName") {
        "" => word(root, "title"),
        name => name,
    };
    let docs = word(root, "documentationLink");
    let mut found = Description {
        form: format!("a discovery document, {}", word(root, "discoveryVersion")),
        title: title.to_owned(),
        version: text::short(word(root, "version")),
        about: text::sentence(word(root, "description")),
        docs: Some(docs.to_owned()).filter(|docs| super::server::is_address(docs)),
        servers: vec![Server {
            url: base.trim_end_matches('/').to_owned(),
            about: String::new(),
            variables: vec![],
        }],
        schemes: if scopes.is_some() { vec![scheme] } else { vec![] },
        ..Description::default()
    };
    resource(root, &schemas, &mut found, 0);
    found
}

fn resource<'a>(node: &'a Json, schemas: &Schemas<'a>, found: &mut Description, depth: usize) {
    for (_, method) in node.get("methods").and_then(Json::as_object).into_iter().flatten() {
        match operation(method, schemas) {
            Ok(operation) if found.operations.len() < bounds::MOST_OPERATIONS => {
                found.operations.push(operation)
            }
            Ok(_) => {}
            Err(left) => found.left.push(left),
        }
    }
    for (_, inner) in node.get("resources").and_then(Json::as_object).into_iter().flatten() {
        if depth < DEEPEST {
            resource(inner, schemas, found, depth + 1);
        }
    }
}

fn operation<'a>(node: &'a Json, schemas: &Schemas<'a>) -> Result<Operation, Left> {
    let path = match word(node, "flatPath") {
        "" => word(node, "path"),
        flat if word(node, "path").contains("{+") => flat,
        _ => word(node, "path"),
    };
    let left =
        |why: &str| Left { operation: format!("{} {path}", word(node, "httpMethod")), why: why.into() };
    let method = Method::ALL.into_iter().find(|method| method.name() == word(node, "httpMethod"));
    let method = method.ok_or_else(|| left("its method is not sent"))?;
    let mut parameters = vec![];
    let known = node.get("parameters").and_then(Json::as_object);
    for (name, node) in known.into_iter().flatten() {
        let place = if word(node, "location") == "path" { Place::Path } else { Place::Query };
        // Of a path that is written out, the parts are parameters, and not what they make together.
        if !is_sendable(name, place) || (place == Place::Path && !holes(path).contains(&name.as_str())) {
            continue;
        }
        let shape = schemas.read(node, Side::Sent);
        let optional = place != Place::Path && !node.get("required").and_then(Json::as_bool).unwrap_or(false);
        let field = Field { name: name.clone(), optional, ..shape.field };
        let deprecated = node.get("deprecated").and_then(Json::as_bool).unwrap_or(false);
        parameters.push(Parameter {
            field,
            place,
            lists: Style::Repeated,
            deprecated,
            constant: shape.constant,
        });
    }
    for hole in holes(path) {
        if parameters.iter().all(|known| known.field.name != hole) {
            let field = Field::required(hole, Type::String, "");
            let (place, lists) = (Place::Path, Style::Repeated);
            parameters.push(Parameter { field, place, lists, deprecated: false, constant: None });
        }
    }
    let body = node.get("request").map(|schema| {
        let mut shape = schemas.read(schema, Side::Sent);
        if let Type::Object(fields) = &mut shape.field.ty {
            let known = schemas.found(schema).get("properties");
            for field in fields {
                let methods = known
                    .and_then(|known| known.get(&field.name)?.pointer("/annotations/required")?.as_array());
                field.optional &= !methods.into_iter().flatten().any(|method| method == word(node, "id"));
            }
        }
        Body {
            kind: BodyKind::Json,
            media: "application/json".into(),
            required: false,
            field: shape.field,
            open: shape.open,
            lists: Style::Repeated,
        }
    });
    let answer = match node.get("response") {
        Some(schema) => Answer { ty: schemas.read(schema, Side::Given).field.ty, ..Answer::default() },
        None => Answer { kind: AnswerKind::Nothing, ty: Type::Null, links: false },
    };
    let scopes = node.get("scopes").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    let scopes: Vec<String> = scopes.map(str::to_owned).collect();
    // Any one of them is enough.
    let narrow = narrowest(&scopes).map(str::to_owned);
    Ok(Operation {
        id: Some(word(node, "id").to_owned()).filter(|id| !id.is_empty()),
        method,
        path: format!("/{}", path.trim_start_matches('/').replace("{+", "{")),
        summary: text::sentence(word(node, "description")),
        deprecated: node.get("deprecated").and_then(Json::as_bool).unwrap_or(false),
        parameters,
        body,
        answer,
        security: narrow.map(|scope| vec![vec![("oauth2".to_owned(), vec![scope])]]),
        server: None,
        content_type: None,
        document: None,
        notes: schemas.taken_notes(),
    })
}

/// The scope that lets an app do least, by its name.
fn narrowest(scopes: &[String]) -> Option<&str> {
    let words = |scope: &&String| {
        let broad = usize::from(!scope.contains(".readonly"));
        (broad, usize::MAX - scope.len())
    };
    scopes.iter().min_by_key(words).map(String::as_str)
}

/// The names within braces.
fn holes(path: &str) -> Vec<&str> {
    let inner = path.split('{').skip(1).filter_map(|part| part.split('}').next());
    inner.map(|name| name.trim_start_matches('+')).collect()
}
