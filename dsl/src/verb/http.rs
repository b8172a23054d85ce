//! `http` makes any request: sugar for the action `http.request`, whose safety follows from the method.

use crate::ast::{Act, Arg, ArgKind, Op};
use crate::catalog::Safety;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::fields::{Fields, Owner};
use crate::shape::{Field, Shape, names};
use crate::span::{Span, Spanned};
use crate::template::Sink;
use crate::types::{self, Type};
use crate::value::Value;
use crate::verb::{Args, Verb, put};
use crate::workflow;
use crate::yaml::{Kind, Node};

/// The verb.
pub const VERB: Verb = Verb {
    key: "http",
    about: "Make an HTTP request; the value is `{ status, headers, body, url }`.",
    fields: &[Field::required("http", Shape::Fields(REQUEST), "The request: `url`, and what else it needs.")],
    example: "page: { http: { url: \"https://example.com/\" } }",
    read,
};

/// The keys of a request, sorted.
pub const REQUEST: &[Field] = &[
    Field::optional("auth", Shape::OneOf(AUTH), "How the request says who asks."),
    Field::optional("body", Shape::Any, "The body as it is: text, or a file."),
    Field::optional(
        "expect",
        Shape::Either(&[STATUS, Shape::List(&STATUS)]),
        "Statuses outside of 200 to 299 that are no failure.",
    ),
    Field::optional("form", VALUES, "The body as form fields."),
    Field::optional("headers", VALUES, "The headers."),
    Field::optional(
        "idempotency",
        Shape::Text,
        "The header that carries the step's key, where the service honours one.",
    ),
    Field::optional("json", Shape::Any, "The body as JSON."),
    Field::optional("method", Shape::Choice(METHODS), "The method, by default `GET`."),
    Field::optional(
        "multipart",
        VALUES,
        "The body in parts, each a value or a file `{ content, filename, type }`.",
    ),
    Field::optional("paginate", Shape::Fields(PAGINATE), "Follows pages and gives `{ items, pages }`."),
    Field::optional("query", VALUES, "What is added to the URL after `?`."),
    Field::optional("redirects", Shape::Integer(0, 20), "How many redirects are followed, by default 5."),
    Field::required(
        "url",
        Shape::Template,
        "Where to: a hole in the path is one segment, in the query one value.",
    ),
];

const STATUS: Shape = Shape::Integer(100, 599);
const VALUES: Shape = Shape::Either(&[Shape::Map(&Shape::Any), Shape::Expression]);

/// The ways to say who asks.
const AUTH: &[Field] = &[
    Field::optional("basic", Shape::Fields(BASIC), "A user and a password."),
    Field::optional("bearer", Shape::Template, "A token in the header `Authorization`."),
    Field::optional("header", Shape::Fields(HEADER), "A header of any name."),
];

const BASIC: &[Field] = &[
    Field::required("password", Shape::Template, "The password."),
    Field::required("user", Shape::Template, "The user."),
];

const HEADER: &[Field] = &[
    Field::required("name", Shape::Template, "The name of the header."),
    Field::required("value", Shape::Template, "Its value."),
];

/// The keys of `paginate`.
const PAGINATE: &[Field] = &[
    Field::required("items", Shape::Expression, "What of a page is collected, as `body.items`."),
    Field::optional("max_pages", Shape::Integer(1, 10_000), "How many pages at most, by default 10."),
    Field::required("next", Shape::Expression, "The address of the next page, or null, as `body.next`."),
];

const METHODS: &[&str] = &["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// What a question to a page sees.
const PAGE: &[&str] = &["body", "headers", "status", "url"];

fn read(step: &mut Fields<'_, '_, '_>) -> Option<Op> {
    let node = step.required("http", "the step")?;
    let owner = Owner { what: "`http`", span: step.owner };
    let verb = step.owner;
    let mut request = Fields::open(step.reader, node, &owner, &names(REQUEST))?;
    let mut args: Args = vec![];
    let url = request.required("url", "`http`").map(|node| url(&mut request, node));
    let method = method(&mut request);
    let keyed = idempotency(&mut request, &mut args);
    put(&mut args, "method", Arg::value(method.value, method.span));
    args.extend(url.map(|url| (Spanned::new("url".into(), url.span), url)));
    body(&mut request, &mut args);
    for key in ["headers", "query"] {
        mapping(&mut request, key, &mut args);
    }
    auth(&mut request, &mut args);
    expect(&mut request, &mut args);
    if let Some(number) = request.integer("redirects", 0..=20) {
        let span = request.take("redirects").map_or(verb, |node| node.span);
        put(&mut args, "redirects", Arg::value(number, span));
    }
    paginate(&mut request, &mut args);
    let safety = match method.value {
        _ if keyed => Safety::Keyed,
        "GET" | "HEAD" | "OPTIONS" => Safety::Read,
        "PUT" | "DELETE" => Safety::Idempotent,
        _ => Safety::Once,
    };
    let action = Spanned::new(workflow::REQUEST.into(), verb);
    let gives = if request.take("paginate").is_some() { pages() } else { answer() };
    Some(Op::Act(Act { action, args, safety: Some(safety), checked: true, check: None, gives: Some(gives) }))
}

fn answer() -> Type {
    let field = |name: &str, ty| types::Field::required(name, ty, "");
    Type::Object(vec![
        field("status", Type::Integer),
        field("headers", Type::AnyObject),
        field("body", Type::Any),
        field("url", Type::String),
    ])
}

fn pages() -> Type {
    let field = |name: &str, ty| types::Field::required(name, ty, "");
    Type::Object(vec![field("items", Type::List(Box::new(Type::Any))), field("pages", Type::Integer)])
}

fn url(request: &mut Fields<'_, '_, '_>, node: &Node) -> Arg {
    let arg = request.reader.arg(node, Sink::Url);
    let wrote = node.scalar().map_or("", |scalar| &*scalar.text);
    let scheme = wrote.split("://").next().unwrap_or("").to_ascii_lowercase();
    let opens = wrote.starts_with("{{");
    let fits = matches!(&*scheme, "http" | "https") && wrote.contains("://");
    if matches!(arg.kind, ArgKind::Value(_) | ArgKind::Text(_) | ArgKind::List(_) | ArgKind::Object(_))
        && !opens
        && !fits
    {
        let message = format!(
            "`url` begins with `https://` or `http://`, and here stands {}",
            request.reader.shown(node)
        );
        request.reader.diagnostics.push(Diagnostic::error(Code::WrongType, node.span, message));
    }
    arg
}

fn method(request: &mut Fields<'_, '_, '_>) -> Spanned<&'static str> {
    let Some(node) = request.take("method") else { return Spanned::new("GET", request.owner) };
    let wrote = node.scalar().map_or("", |scalar| &*scalar.text);
    if let Some(method) = METHODS.iter().find(|method| method.eq_ignore_ascii_case(wrote)) {
        return Spanned::new(method, node.span);
    }
    if wrote.contains("{{") {
        let message = "`method` is one fixed word: what may be repeated depends on it";
        let wrong = Diagnostic::error(Code::InvalidChoice, node.span, message);
        request.reader.fail(wrong.help("use `switch` with a request for each method"), node.span);
    } else {
        request.reader.choice(node, "method", METHODS);
    }
    Spanned::new("GET", node.span)
}

fn idempotency(request: &mut Fields<'_, '_, '_>, args: &mut Args) -> bool {
    let Some(node) = request.take("idempotency") else { return false };
    let Some(header) = request.reader.text(node, "`idempotency`") else { return true };
    if !header.value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
        let message = format!("`{}` cannot be the name of a header", header.value);
        request.reader.diagnostics.push(Diagnostic::error(Code::WrongType, node.span, message));
    }
    put(args, "idempotency", Arg::value(header.value, node.span));
    true
}

/// At most one of the kinds of body, and none where the method is left to be `GET`.
fn body(request: &mut Fields<'_, '_, '_>, args: &mut Args) {
    let mut first: Option<(&str, Span)> = None;
    for key in ["json", "form", "body", "multipart"] {
        let Some(entry) = request.entry(key) else { continue };
        let span = entry.key.span();
        if let Some((other, place)) = first {
            let message = format!("a request has one body, and here are `{other}` and `{key}`");
            let wrong = Diagnostic::error(Code::TwoVerbs, span, message);
            request.reader.diagnostics.push(wrong.label(place, "the first"));
        } else if request.take("method").is_none() {
            let message = format!("a request with `{key}` needs a `method`");
            let wrong = Diagnostic::error(Code::MissingKey, span, message);
            request.reader.diagnostics.push(wrong.help("say `method: POST`, `PUT` or `PATCH`"));
        }
        first = first.or(Some((key, span)));
        if matches!(key, "form" | "multipart") {
            mapping(request, key, args);
        } else {
            let arg = request.reader.arg(&entry.value, Sink::Text);
            put(args, key, arg);
        }
    }
}

fn mapping(request: &mut Fields<'_, '_, '_>, key: &str, args: &mut Args) {
    let Some(node) = request.take(key) else { return };
    let arg = request.reader.arg(node, Sink::Text);
    match &arg.kind {
        ArgKind::Object(_) | ArgKind::Expr(_) => put(args, key, arg),
        ArgKind::Wrong => {}
        ArgKind::Value(_) | ArgKind::Text(_) | ArgKind::List(_) => {
            let message = format!("`{key}` is a mapping, and here stands {}", node.describe());
            request.reader.fail(Diagnostic::error(Code::WrongShape, node.span, message), node.span);
        }
    }
}

fn auth(request: &mut Fields<'_, '_, '_>, args: &mut Args) {
    let Some(node) = request.take("auth") else { return };
    let owner = Owner { what: "`auth`", span: node.span };
    let ways = names(AUTH);
    let Some(auth) = Fields::open(request.reader, node, &owner, &ways) else { return };
    let kinds: Vec<_> = ways.iter().filter_map(|kind| auth.entry(kind)).collect();
    match &kinds[..] {
        [one] => {
            let (name, value) = (one.key.text.clone(), &one.value);
            let way = AUTH.iter().find(|way| way.name == name).map(|way| way.shape);
            if let Some(Shape::Fields(known)) = way {
                let what = format!("`{name}`");
                let owner = Owner { what: &what, span: one.key.span() };
                let Some(mut parts) = Fields::open(auth.reader, value, &owner, &names(known)) else { return };
                for field in known {
                    parts.required(field.name, &what);
                }
            }
        }
        [] if matches!(&node.kind, Kind::Map(entries) if !entries.is_empty()) => {}
        [] => {
            let wrong =
                Diagnostic::error(Code::MissingKey, node.span, "`auth` needs `bearer`, `basic` or `header`");
            auth.reader.diagnostics.push(wrong);
        }
        [one, other, ..] => {
            let (one, other) = (one.key.span(), other.key.span());
            let (first, second) = if one < other { (one, other) } else { (other, one) };
            let message = "`auth` has one of `bearer`, `basic` and `header`";
            let wrong = Diagnostic::error(Code::TwoVerbs, second, message).label(first, "the first");
            auth.reader.diagnostics.push(wrong.help("leave one of them out"));
        }
    }
    let arg = request.reader.arg(node, Sink::Text);
    put(args, "auth", arg);
}

fn expect(request: &mut Fields<'_, '_, '_>, args: &mut Args) {
    let Some(node) = request.take("expect") else { return };
    let one = std::slice::from_ref(node);
    let items = match &node.kind {
        Kind::List(items) => items,
        Kind::Scalar(_) | Kind::Map(_) => one,
    };
    let statuses: Vec<Value> = items
        .iter()
        .filter_map(|item| request.reader.integer(item, "expect", 100..=599))
        .map(Value::Int)
        .collect();
    put(args, "expect", Arg { span: node.span, kind: ArgKind::Value(Value::list(statuses)) });
}

/// `next` and `items` are asked of each page, so that they go on as text.
fn paginate(request: &mut Fields<'_, '_, '_>, args: &mut Args) {
    let Some(node) = request.take("paginate") else { return };
    let owner = Owner { what: "`paginate`", span: node.span };
    let Some(mut pages) = Fields::open(request.reader, node, &owner, &names(PAGINATE)) else { return };
    let mut entries: Args = vec![];
    for key in ["next", "items"] {
        let Some(node) = pages.required(key, "`paginate`") else { continue };
        let Some(expr) = pages.reader.expr(node, key) else { continue };
        pages.reader.sees_only(&expr, "a question to a page", PAGE);
        let text = node.scalar().map_or("", |scalar| scalar.text.trim());
        let text = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(text).trim();
        put(&mut entries, key, Arg::value(text, node.span));
    }
    if let Some(number) = pages.integer("max_pages", 1..=10_000) {
        put(&mut entries, "max_pages", Arg::value(number, node.span));
    }
    put(args, "paginate", Arg { span: node.span, kind: ArgKind::Object(entries) });
}
