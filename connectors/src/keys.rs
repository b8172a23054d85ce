//! The keys of manifests. What reads them, what tells of them and what helps editors is made of these.

mod trigger;

use dsl::shape::{Field, Shape};

use crate::code::Code;
use crate::hook::HOOKS;
use crate::manifest::auth::{Algorithm, AssertionPlace, Client, Kind, Pkce, Refreshed, Sends, Signature};
use crate::manifest::limits::{Class, Unit};
use crate::manifest::paging::PageKind;
use crate::manifest::request::{Lists, Method, Reads};
use crate::manifest::trigger::{Encoding, First, Hash};
use crate::manifest::{Certainty, Effect};
pub use trigger::{
    DEDUPE, HANDSHAKE, POLL, PROOF, RENEW, SIGNATURE, STAMP, SUBSCRIPTION, TRIGGER, VERIFY, WEBHOOK,
};

/// Names of words, for a key that takes one of them.
macro_rules! words {
    ($name:ident, $of:ty) => {
        pub(crate) const $name: &[&str] = &{
            let mut names = [""; <$of>::ALL.len()];
            let mut at = 0;
            while at < names.len() {
                names[at] = <$of>::ALL[at].name();
                at += 1;
            }
            names
        };
    };
}

words!(ALGORITHMS, Algorithm);
words!(ASSERTION_PLACES, AssertionPlace);
words!(CERTAINTIES, Certainty);
words!(CLASSES, Class);
words!(CLIENTS, Client);
words!(CODES, Code);
words!(EFFECTS, Effect);
words!(ENCODINGS, Encoding);
words!(FIRSTS, First);
words!(HASHES, Hash);
words!(LIST_FORMS, Lists);
words!(METHODS, Method);
words!(PKCE, Pkce);
words!(READS, Reads);
words!(REFRESHED, Refreshed);
words!(SENDS, Sends);
words!(SIGNATURES, Signature);
words!(UNITS, Unit);

/// The names of hooks.
pub(crate) const HOOK_NAMES: &[&str] = &{
    let mut names = [""; HOOKS.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = HOOKS[at].name;
        at += 1;
    }
    names
};

/// What may be repeated.
const SAFETIES: &[&str] = &["idempotent", "keyed", "once", "read"];

/// Whose word an answer is.
const TRUSTS: &[&str] = &["trusted", "untrusted"];

const VALUES: Shape = Shape::Map(&Shape::Any);
const TEXTS: Shape = Shape::List(&Shape::Text);

/// At the top.
pub const TOP: &[Field] = &[
    Field::required("connector", Shape::Name, "What workflows call it, which is the name of its file."),
    Field::required("name", Shape::Text, "What people call it."),
    Field::required("version", Shape::Text, "The version of this file, as in `1.0.0`."),
    Field::required("about", Shape::Text, "What the service is for, in a sentence."),
    Field::optional("docs", Shape::Text, "The address of the service's own reference."),
    Field::optional("setup", TEXTS, "How somebody makes a token or an app there: a sentence for each step."),
    Field::optional("extends", Shape::Text, "The family of services whose way to sign in it shares."),
    Field::optional(
        "hosts",
        TEXTS,
        "The hosts that secrets may be sent to: `slack.com`, `*.slack.com`, or `{{ connection.host }}` for one that a \
         person enters.",
    ),
    Field::optional("base", Shape::Template, "Where the paths of requests begin, over `connection`."),
    Field::optional(
        "connection",
        Shape::Fields(CONNECTION),
        "What a connection has beside its way to sign in.",
    ),
    Field::required(
        "auth",
        Shape::Map(&Shape::Fields(AUTH)),
        "The ways to sign in, by names of your choice.",
    ),
    Field::optional(
        "defaults",
        Shape::Fields(DEFAULTS),
        "What holds for all actions that do not say otherwise.",
    ),
    Field::required("actions", Shape::Map(&Shape::Fields(ACTION)), "What can be called, by name."),
    Field::optional("triggers", Shape::Map(&Shape::Fields(TRIGGER)), "What can start a run, by name."),
    Field::optional(
        "requests",
        Shape::List(&Shape::Choice(METHODS)),
        "The methods that a request of the author's own may have; by default all, none for `[]`.",
    ),
];

/// At the top of a family.
pub const FAMILY: &[Field] = &[
    Field::required("family", Shape::Name, "What manifests call it, which is the name of its file."),
    Field::required("about", Shape::Text, "Whose services they are, in a sentence."),
    Field::optional("setup", TEXTS, "How somebody makes an app there: a sentence for each step."),
    Field::optional("hosts", TEXTS, "The hosts that secrets may be sent to."),
    Field::required(
        "auth",
        Shape::Map(&Shape::Fields(AUTH)),
        "The ways to sign in, by names of your choice.",
    ),
];

/// Of `connection`.
pub const CONNECTION: &[Field] = &[
    Field::optional("fields", Shape::Types, "What a person gives, with types; read as `connection`."),
    Field::optional("secrets", Shape::Types, "Secrets that check signatures of webhooks, with types."),
    Field::optional(
        "derive",
        Shape::Map(&Shape::Fields(DERIVE)),
        "Fields that are found out after signing in, in order; read as `connection`.",
    ),
    Field::optional("verify", Shape::Text, "The action that tells whether the connection works."),
    Field::optional("label", Shape::Template, "What the account is called, over the answer of `verify`."),
];

/// Of a field of the connection that is found out.
pub const DERIVE: &[Field] = &[
    Field::required("from", Shape::Choice(SOURCES), "Where it is looked for."),
    Field::required("take", Shape::Expression, "The value, over `token`, `redirect` or `response`."),
    Field::optional("pattern", Shape::Text, "A regular expression that it must match."),
    Field::optional("request", Shape::Fields(REQUEST), "The request, where it is looked for in an answer."),
    Field::optional("choose", Shape::Fields(CHOOSE), "How a person chooses, where `take` gives a list."),
];

/// Where a field of the connection is looked for.
pub const SOURCES: &[&str] = &["redirect", "request", "token"];

/// Of `choose`.
pub const CHOOSE: &[Field] = &[
    Field::required("value", Shape::Expression, "The value of a choice, over `item`."),
    Field::required("label", Shape::Template, "What is read, over `item`."),
];

/// Of a way to sign in, whatever its kind.
pub const AUTH: &[Field] = &[
    Field::required("kind", Shape::Choice(&Kind::NAMES), "What kind of signing in it is."),
    Field::optional("about", Shape::Text, "What a person reads who chooses, in a sentence."),
    Field::optional("secrets", Shape::Types, "The secrets that a person gives, with types."),
    Field::optional("fields", Shape::Types, "Fields of the connection that this way alone needs."),
    Field::optional("base", Shape::Template, "Where paths begin for this way, over `connection`."),
    Field::optional("apply", Shape::Fields(APPLY), "Where the secrets stand in a request."),
    // Of `basic`.
    Field::optional("user", Shape::Template, "The user, over the secrets and `connection`."),
    Field::optional("password", Shape::Template, "The password, over the secrets and `connection`."),
    // Of `aws_sigv4`.
    Field::optional("key_id", Shape::Template, "The id of the key, over `connection`."),
    Field::optional("region", Shape::Template, "The region, over `connection`."),
    Field::optional("service", Shape::Template, "The service, as in `s3`."),
    // Of OAuth.
    Field::optional("authorize", Shape::Template, "Where a person is sent."),
    Field::optional("authorize_params", VALUES, "What is added to that address."),
    Field::optional("issuer", Shape::Template, "What the service calls itself in `iss`, where it says it."),
    Field::optional(
        "pkce",
        Shape::Choice(PKCE),
        "Whether the code is bound to who asked; default `supported`.",
    ),
    Field::optional("device", Shape::Template, "Where a code for another device is had."),
    Field::optional("token", Shape::Template, "Where tokens are had."),
    Field::optional("refresh", Shape::Template, "Where they are had anew, where not there."),
    Field::optional("revoke", Shape::Template, "Where a token is taken back."),
    Field::optional("client", Shape::Choice(CLIENTS), "How the app says who it is; default `basic`."),
    Field::optional("sends", Shape::Choice(SENDS), "What a request for a token is; default `form`."),
    Field::optional("token_params", VALUES, "What is added to each request for a token."),
    Field::optional("token_headers", VALUES, "Headers of each request for a token."),
    Field::optional("scopes", Shape::Fields(SCOPES), "What may be asked for."),
    Field::optional("answer", Shape::Fields(TOKEN_ANSWER), "Where the parts of a token stand."),
    Field::optional("success_when", Shape::Expression, "Whether an answer is a token, over `response`."),
    Field::optional("expiry", Shape::Fields(EXPIRY), "How long a token lasts."),
    Field::optional("rotation", Shape::Fields(ROTATION), "What becomes of a refresh token that was used."),
    Field::optional("assertion", Shape::Fields(ASSERTION), "The statement that a private key signs."),
    Field::optional("request", Shape::Template, "Where a request token is had."),
    Field::optional("access", Shape::Template, "Where it becomes an access token."),
    Field::optional("signature", Shape::Choice(SIGNATURES), "How requests are signed."),
];

/// The keys that every way to sign in may have.
pub const EVERY_AUTH: &[&str] = &["about", "apply", "base", "fields", "kind", "secrets"];

/// The keys that ways of OAuth 2.0 may have.
pub const OAUTH2: &[&str] = &[
    "answer",
    "client",
    "expiry",
    "refresh",
    "revoke",
    "rotation",
    "scopes",
    "sends",
    "success_when",
    "token",
    "token_headers",
    "token_params",
];

/// Of `apply`.
pub const APPLY: &[Field] = &[
    Field::optional("path", Shape::Template, "What stands between base and path: `/` and segments."),
    Field::optional("headers", VALUES, "Headers, over the secrets and `connection`."),
    Field::optional("query", VALUES, "Values of the query."),
    Field::optional("body", VALUES, "Fields of the body, which is JSON or a form."),
];

/// Of `scopes`.
pub const SCOPES: &[Field] = &[
    Field::optional("default", TEXTS, "Asked for in any case."),
    Field::optional("separator", Shape::Text, "What stands between two; default a blank."),
    Field::optional("parameter", Shape::Text, "The parameter that they stand in; default `scope`."),
];

/// Of `answer` of a way to sign in.
pub const TOKEN_ANSWER: &[Field] = &[
    Field::optional("access", Shape::Expression, "The access token; default `response.body.access_token`."),
    Field::optional("refresh", Shape::Expression, "The refresh token, or null."),
    Field::optional("expires_in", Shape::Expression, "How many seconds it lasts, or null."),
    Field::optional("scope", Shape::Expression, "The scopes that were given, or null."),
    Field::optional("error", Shape::Expression, "What went wrong, or null."),
];

/// Of `expiry`.
pub const EXPIRY: &[Field] = &[
    Field::optional("default", Shape::Duration, "Where the answer does not say it."),
    Field::optional("before", Shape::Duration, "How long before its end it is had anew; default `5m`."),
    Field::optional(
        "when",
        Shape::List(&Shape::Expression),
        "Answers that say that it is over, over `response`.",
    ),
];

/// Of `rotation`.
pub const ROTATION: &[Field] = &[
    Field::optional(
        "refreshed",
        Shape::Choice(REFRESHED),
        "Whether a use brings another one; default `stays`.",
    ),
    Field::optional("grace", Shape::Duration, "How long the one before still serves."),
    Field::optional(
        "invalid_when",
        Shape::List(&Shape::Expression),
        "Answers that say that it is worth nothing.",
    ),
];

/// Of `assertion`.
pub const ASSERTION: &[Field] = &[
    Field::required("algorithm", Shape::Choice(ALGORITHMS), "How it is signed."),
    Field::required("issuer", Shape::Template, "`iss`, over `connection`."),
    Field::optional("subject", Shape::Template, "`sub`, over `connection`."),
    Field::optional("audience", Shape::Template, "`aud`; by default the address of tokens."),
    Field::optional("key_id", Shape::Template, "`kid`, over `connection`."),
    Field::optional("claims", VALUES, "Further claims, over `connection`."),
    Field::optional("lifetime", Shape::Duration, "How long it holds; default `5m`."),
    Field::optional("place", Shape::Choice(ASSERTION_PLACES), "Where it stands; default `body`."),
];

/// Of `defaults`.
pub const DEFAULTS: &[Field] = &[
    Field::optional("headers", VALUES, "Headers of every request, over `connection`."),
    Field::optional("timeout", Shape::Duration, "Longest time of an exchange; default `30s`."),
    Field::optional(
        "max_response",
        Shape::Integer(1, MOST_BYTES),
        "Longest body of an answer; default 10 MB.",
    ),
    Field::optional(
        "errors",
        Shape::List(&Shape::Fields(RULE)),
        "How it says no; the first that holds is taken.",
    ),
    Field::optional("limits", Shape::Fields(LIMITS), "How often it may be asked."),
];

/// The longest body of an answer.
pub const MOST_BYTES: i64 = 10 * 1024 * 1024;

/// Of a rule of `errors`.
pub const RULE: &[Field] = &[
    Field::required("when", Shape::Expression, "When it holds, over `response`."),
    Field::required("as", Shape::Choice(CLASSES), "What it means."),
    Field::optional("message", Shape::Template, "What the service says, over `response`."),
    Field::optional("code", Shape::Expression, "The service's own code, over `response`."),
];

/// Of `limits`.
pub const LIMITS: &[Field] = &[
    Field::optional("wait", Shape::List(&Shape::Fields(WAIT)), "Where an answer says how long to wait."),
    Field::optional("fallback", Shape::Duration, "How long to wait where it does not say."),
    Field::optional(
        "budgets",
        Shape::List(&Shape::Fields(BUDGET)),
        "What is counted before anything is sent.",
    ),
    Field::optional("concurrency", Shape::Integer(1, 100), "How many requests of a connection at once."),
];

/// Of an entry of `wait`.
pub const WAIT: &[Field] = &[
    Field::optional("header", Shape::Text, "The header."),
    Field::optional("body", Shape::Expression, "The value, over `response`."),
    Field::optional("unit", Shape::Choice(UNITS), "What is counted; default `seconds`."),
];

/// Of an entry of `budgets`.
pub const BUDGET: &[Field] = &[
    Field::optional("key", Shape::Template, "What is counted together, over `input`."),
    Field::required("limit", Shape::Integer(1, 1_000_000), "How many requests."),
    Field::required("per", Shape::Duration, "In how much time."),
];

/// Of an action.
pub const ACTION: &[Field] = &[
    Field::required("about", Shape::Text, "What it does, in a sentence."),
    Field::required("effect", Shape::Choice(EFFECTS), "What it does to the service."),
    Field::required("safety", Shape::Choice(SAFETIES), "What may be repeated after a failure or a crash."),
    Field::optional("scopes", TEXTS, "The scopes that a token needs for it."),
    Field::optional(
        "certainty",
        Shape::Choice(CERTAINTIES),
        "What it was written after; default `described`.",
    ),
    Field::optional("trust", Shape::Choice(TRUSTS), "Whose word its answer is; default `untrusted`."),
    Field::optional("input", Shape::Types, "Its parameters, with types and a sentence for each."),
    Field::optional("options", Shape::Map(&Shape::Fields(OPTIONS)), "Parameters that another action lists."),
    Field::optional(
        "hooks",
        Shape::Map(&Shape::Fields(HOOK)),
        "Values that code makes, by names of your choice; read as `made`.",
    ),
    Field::optional("request", Shape::Fields(REQUEST), "What is sent; required where no `code` is."),
    Field::optional("code", Shape::Choice(CODES), "The code that carries it out, instead of a `request`."),
    Field::optional("idempotency", Shape::Fields(IDEMPOTENCY), "What makes repeats known as such."),
    Field::optional("pages", Shape::Fields(PAGES), "How the whole list is had."),
    Field::optional("each", Shape::Fields(EACH), "A further request for each item of the list."),
    Field::optional("success_when", Shape::Expression, "Whether an answer is a yes, over `response`."),
    Field::required("returns", Shape::Type, "The type of what it gives."),
    Field::optional(
        "output",
        Shape::Any,
        "The value, over `response`; by default what `returns` names of the body.",
    ),
    Field::optional(
        "errors",
        Shape::List(&Shape::Fields(RULE)),
        "Rules that come before those of `defaults`.",
    ),
    Field::optional("limits", Shape::Fields(LIMITS), "Limits of its own."),
];

/// Of an entry of `hooks`.
pub const HOOK: &[Field] = &[
    Field::required("hook", Shape::Choice(HOOK_NAMES), "The piece of code."),
    Field::optional(
        "with",
        VALUES,
        "What it is given, over `input` and `connection`; over `response` too where it reads the answer.",
    ),
];

/// Of `options`.
pub const OPTIONS: &[Field] = &[
    Field::required("action", Shape::Text, "The action that lists."),
    Field::required("value", Shape::Expression, "The value of a choice, over `item`."),
    Field::required("label", Shape::Template, "What is read, over `item`."),
];

/// Of `request`.
pub const REQUEST: &[Field] = &[
    Field::required("method", Shape::Choice(METHODS), "The method."),
    Field::optional("base", Shape::Template, "Where the path begins, where not at the manifest's base."),
    Field::required("path", Shape::Template, "The path; every hole in it is one segment."),
    Field::optional("query", VALUES, "Values of the query."),
    Field::optional("headers", VALUES, "Headers."),
    Field::optional("bytes", Shape::Any, "A body that is the content of a file."),
    Field::optional("form", Shape::Any, "A body of names and values, nested ones in brackets."),
    Field::optional("graphql", Shape::Fields(GRAPHQL), "A body that is a document of GraphQL."),
    Field::optional("json", Shape::Any, "A body that is JSON."),
    Field::optional("multipart", VALUES, "A body in parts."),
    Field::optional(
        "related",
        Shape::Fields(RELATED),
        "A body of two parts: what is said of a file, and the file.",
    ),
    Field::optional("text", Shape::Template, "A body that is text."),
    Field::optional(
        "lists",
        Shape::Choice(LIST_FORMS),
        "How lists stand in query and form; default `repeated`.",
    ),
    Field::optional("reads", Shape::Choice(READS), "How the answer is read; by default as it says."),
    Field::optional(
        "file_name",
        Shape::Template,
        "The name of the file that is read; default the answer's own.",
    ),
    Field::optional(
        "link",
        Shape::Any,
        "How long it serves, where it is not sent: `response.body` is its address, signed for whoever has that.",
    ),
];

/// Of `related`.
pub const RELATED: &[Field] = &[
    Field::required("json", Shape::Any, "What is said of the file, as JSON."),
    Field::required("file", Shape::Any, "The file."),
];

/// The keys of `request` that are bodies.
pub const BODIES: &[&str] = &["bytes", "form", "graphql", "json", "multipart", "related", "text"];

/// Of `graphql`.
pub const GRAPHQL: &[Field] = &[
    Field::required("query", Shape::Text, "The document."),
    Field::optional("variables", VALUES, "Its variables."),
];

/// Of `idempotency`.
pub const IDEMPOTENCY: &[Field] = &[
    Field::optional("header", Shape::Text, "The header that carries the key."),
    Field::optional("body", Shape::Text, "The field of the body that carries it, as in `variables.key`."),
    Field::optional("query", Shape::Text, "The value of the query that carries it."),
    Field::optional("value", Shape::Template, "The key; by default `{{ step.key }}`."),
    Field::optional("keep", Shape::Duration, "How long the service honours it."),
];

/// Of `pages`.
pub const PAGES: &[Field] = &[
    Field::required("kind", Shape::Choice(&PageKind::NAMES), "How the next page is asked for."),
    Field::required("items", Shape::Expression, "The items of a page, over `response`."),
    Field::optional("next", Shape::Expression, "What continues it, over `response`, or `item` for `keyset`."),
    Field::optional("into", Shape::Fields(INTO), "Where that stands in the next request."),
    Field::optional(
        "request",
        Shape::Fields(REQUEST),
        "The request for further pages of `continue`, over `next`.",
    ),
    Field::optional("first", Shape::Integer(0, 1), "The number of the first page or item."),
    Field::optional(
        "stop_when",
        Shape::Expression,
        "Whether this page is the last, over `response` and `items`.",
    ),
    Field::optional("max_pages", Shape::Integer(1, 1_000), "Most pages; default 100."),
    Field::optional("limit", Shape::Expression, "Most items, over `input`."),
];

/// Of `into`.
pub const INTO: &[Field] = &[
    Field::optional("query", Shape::Text, "The value of the query."),
    Field::optional("body", Shape::Text, "The field of the body, as in `variables.after`."),
    Field::optional("header", Shape::Text, "The header."),
];

/// Of `each`.
pub const EACH: &[Field] = &[
    Field::required("request", Shape::Fields(REQUEST), "The request, over `item` and `input`."),
    Field::required("output", Shape::Any, "What becomes of an item, over `item` and `response`."),
    Field::optional("parallel", Shape::Integer(1, 16), "How many requests at once; default 4."),
    Field::required("max", Shape::Integer(1, 1_000), "Most items that are asked about."),
];

/// The words of a key that takes one of some.
pub fn choices(fields: &[Field], key: &str) -> &'static [&'static str] {
    match fields.iter().find(|field| field.name == key).map(|field| field.shape) {
        Some(Shape::Choice(words)) => words,
        _ => &[],
    }
}
