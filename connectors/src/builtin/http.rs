//! `http.request`: one call of any HTTP API, or all pages of a list.

pub(crate) mod answer;
pub(crate) mod body;
pub(crate) mod build;
pub(crate) mod multipart;
mod pages;

use dsl::catalog::{Action, Failure, Safety, Trust};
use dsl::types::{Field, Type};
use dsl::value::{Content, Value};
use egress::Bytes;

use crate::Settings;
use crate::contents::AT_HAND;
use crate::download::{Broken, Download, Same};
use crate::params::Params;
use answer::Answer;
use build::Call;

/// The longest body of an answer, in bytes: 5 GB.
const MOST: f64 = 5_368_709_120.0;

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// What the catalog says. Its safety is that of a POST; the language knows the one of each method.
pub(crate) fn request(id: &str) -> Action {
    let secret = "A secret may stand in it.";
    let pair = vec![
        Field::required("user", Type::String, secret),
        Field::required("password", Type::String, secret),
    ];
    let header = vec![
        Field::required("name", Type::String, "The header's name."),
        Field::required("value", Type::String, secret),
    ];
    let auth = vec![
        Field::optional("bearer", Type::String, "A token for `authorization: Bearer …`."),
        Field::optional("basic", Type::Object(pair), "User and password for `authorization: Basic …`."),
        Field::optional("header", Type::Object(header), "A header of the service's own."),
    ];
    let paginate = vec![
        between(Field::optional("max_pages", Type::Integer, "Most pages; default 10."), 1, 10_000),
        Field::required("items", Type::String, "An expression over the answer: the items of a page, a list."),
        Field::required("next", Type::String, "An expression over the answer: the next page's URL, or null."),
    ];
    let methods = Type::Enum(METHODS.map(String::from).to_vec());
    Action {
        id: id.into(),
        about: "Call an HTTP API and read its answer.".into(),
        safety: Safety::Once,
        input: vec![
            Field { default: Some("GET".into()), ..Field::optional("method", methods, "The method.") },
            Field::required("url", Type::String, "Where to: `http` or `https`. No secret may stand in it."),
            Field::optional(
                "query",
                Type::AnyObject,
                "Values that are added to the URL; a list gives one for each item.",
            ),
            Field::optional("headers", Type::AnyObject, "Headers by name; secrets may stand in them.").secret(),
            Field::optional("json", Type::Any, "A body that is sent as JSON; secrets may stand in it.")
                .secret(),
            Field::optional(
                "form",
                Type::AnyObject,
                "A body that is sent as a form; secrets may stand in it.",
            )
            .secret(),
            Field::optional("body", Type::Any, "A body as it is: text, a secret, or bytes.").secret(),
            Field::optional(
                "multipart",
                Type::AnyObject,
                "A body in parts, each a value or a file `{ content, filename, type }`; secrets may stand in it.",
            )
            .secret(),
            Field::optional(
                "auth",
                Type::Object(auth),
                "Who calls: exactly one of `bearer`, `basic`, `header`.",
            )
            .secret(),
            Field::optional(
                "expect",
                Type::List(Box::new(Type::Integer)),
                "Statuses beside 200 to 299 that are no failure.",
            ),
            between(
                Field::optional("redirects", Type::Integer, "Most redirects that are followed; default 5."),
                0,
                20,
            ),
            Field::optional("timeout", Type::Duration, "Longest time of one exchange; default 30s."),
            Field {
                min: Some(1.0),
                max: Some(MOST),
                ..Field::optional(
                    "max_bytes",
                    Type::Integer,
                    "Longest body of an answer in bytes; default 5 GB, and 10 MB for a page of `paginate`.",
                )
            },
            Field::optional(
                "paginate",
                Type::Object(paginate),
                "Follows pages and gives `{ items, pages }`.",
            ),
            Field::optional("idempotency", Type::String, "The header that carries the step's key."),
        ],
        output: Type::Object(vec![
            Field::required("status", Type::Integer, "The status."),
            Field::required(
                "headers",
                Type::AnyObject,
                "The headers: names in lower case, repeated ones joined.",
            ),
            Field::required(
                "body",
                Type::Any,
                "JSON as a value, text as text, else a file with `type` and `size`; of more than 10 MB always a file.",
            ),
            Field::required("url", Type::String, "Where the answer is from, after redirects."),
        ]),
        trust: Trust::Untrusted,
    }
}

fn between(field: Field, min: u32, max: u32) -> Field {
    Field { min: Some(f64::from(min)), max: Some(f64::from(max)), ..field }
}

/// Makes the call.
pub(crate) async fn call(settings: &Settings, params: &Params, key: &str) -> Result<Value, Failure> {
    let call = build::build(params, key, &settings.contents)?;
    let egress = &settings.egress;
    match params.object("paginate") {
        Some(_) if params.get("idempotency").is_some() => {
            // All pages would carry one key, and the service would give the first one each time.
            Err(build::invalid("`idempotency` and `paginate` do not go together"))
        }
        Some(paginate) => pages::all(egress, &call, &paginate, key).await,
        None => Ok(single(settings, &call).await?.value()),
    }
}

/// One request and its answer, which is a page.
async fn exchange(egress: &egress::Client, call: &Call) -> Result<Answer, Failure> {
    let name = call.name();
    let response =
        egress.send(call.request()).await.map_err(|error| crate::failure::of_egress(&error, &name))?;
    answer::read(response, call, &name)
}

/// One request and its answer. A body that a value cannot carry is kept, whatever it is.
async fn single(settings: &Settings, call: &Call) -> Result<Answer, Failure> {
    let (name, egress) = (call.name(), &settings.egress);
    let broken = |error: egress::Error| crate::failure::of_egress(&error, &name);
    let incoming = egress.open(call.request()).await.map_err(broken)?;
    let most = call.max_bytes.map_or(u64::MAX, |most| most as u64).min(egress.max_streamed());
    if !call.takes(incoming.status()) {
        // A refusal is read for what it says.
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(AT_HAND);
        return answer::read(incoming.whole(most).await.map_err(broken)?, call, &name);
    }
    let again = Same { client: egress, request: call.request() };
    // Who asks for a part of their own is given that part or nothing.
    let whole = call.headers.iter().all(|header| !header.name.eq_ignore_ascii_case("range"));
    let again = (call.method == egress::Method::GET && whole).then_some(again);
    let download = Download { contents: &settings.contents, most, due: Some(incoming.due()) };
    let taken = download.take(incoming, again.as_ref()).await.map_err(|error| match error {
        Broken::Line(error) => broken(error),
        Broken::Here(failure) => {
            Failure { message: format!("`{name}`: {}", failure.message), answered: true, ..failure }
        }
    })?;
    match taken {
        (response, Content::Here(bytes)) => {
            answer::read(egress::Response { body: Bytes::from_owner(bytes), ..response }, call, &name)
        }
        (response, kept @ Content::Kept(..)) => Ok(answer::kept(response, kept)),
    }
}
