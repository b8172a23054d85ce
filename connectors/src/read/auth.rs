//! The ways to sign in, as a manifest or a family writes them. One that a family has too says more of it: what is
//! written replaces what the family says, key by key.

use std::time::Duration;

use dsl::codes::Code;
use dsl::diagnostic::Diagnostic;
use dsl::expr::{self, Expr};
use dsl::fields::{Fields, Owner, Reader};
use dsl::span::SpanMap;
use dsl::template::{self, Sink};
use dsl::types::{self, Field, Type};
use dsl::workflow::Arg;
use dsl::yaml::{Entry, Kind as NodeKind, Node};

use super::scope::{InScope, Scope};
use super::{duration, hosts, sentence, texts, word};
use crate::keys;
use crate::manifest::auth::{
    Apply, Assertion, AssertionPlace, Auth, AwsSigv4, Client, Code as CodeGrant, Expiry, Grant, Kind,
    Oauth1a, Oauth2, Pkce, Refreshed, Rotation, Scopes, Sends, Signature, TokenAnswer,
};

/// What ways to sign in are read with.
pub(super) struct Around<'a> {
    /// The hosts that secrets may be sent to.
    pub hosts: &'a [String],
    /// The fields that every connection has.
    pub fields: &'a [Field],
    /// The ways of the family.
    pub family: &'a [Auth],
}

/// Reads all ways to sign in; those of the family that are not written are taken over.
pub(super) fn all(reader: &mut Reader<'_>, node: Option<&Node>, around: &Around<'_>) -> Vec<Auth> {
    let mut ways: Vec<Auth> = vec![];
    let entries: &[Entry] = match node.map(|node| (&node.kind, node)) {
        Some((NodeKind::Map(entries), _)) => entries,
        Some((_, node)) => {
            let message = format!(
                "`auth` is a mapping of names to ways to sign in, and here stands {}",
                node.describe()
            );
            reader.fail(Diagnostic::error(Code::WrongShape, node.span, message), node.span);
            &[]
        }
        None => &[],
    };
    for entry in entries {
        let name = dsl::fields::name(reader, &entry.key, "a way to sign in");
        let family = around.family.iter().find(|way| way.id == name);
        ways.extend(one(reader, entry, name, family, around));
    }
    let missing = around.family.iter().filter(|own| ways.iter().all(|way| way.id != own.id));
    let missing: Vec<Auth> = missing.cloned().collect();
    ways.extend(missing);
    ways
}

fn one(
    reader: &mut Reader<'_>,
    entry: &Entry,
    id: String,
    family: Option<&Auth>,
    around: &Around<'_>,
) -> Option<Auth> {
    let what = format!("the way to sign in `{id}`");
    let owner = Owner { what: &what, span: entry.key.span() };
    let kind = match (entry.value.get("kind"), family) {
        (Some(node), _) => reader.choice(node, "kind", &Kind::NAMES)?,
        (None, Some(family)) => family.kind.name(),
        (None, None) => {
            Fields::open(reader, &entry.value, &owner, &dsl::shape::names(keys::AUTH))?
                .required("kind", &what);
            return None;
        }
    };
    let family = family.filter(|family| family.kind.name() == kind);
    let fields = &mut Fields::open(reader, &entry.value, &owner, &keys_of(kind))?;
    let about = match (fields.take("about"), family) {
        (Some(node), _) => sentence(fields.reader, node, "about"),
        (None, Some(family)) => family.about.clone(),
        (None, None) => String::new(),
    };
    let own = |fields: &mut Fields<'_, '_, '_>, key: &str| match fields.take(key) {
        Some(node) => types::read_fields(fields.reader, node, key),
        None => None,
    };
    let secrets = own(fields, "secrets").or_else(|| family.map(|way| way.secrets.clone()));
    let secrets = secrets.unwrap_or_else(|| given_secrets(kind));
    let more = own(fields, "fields").or_else(|| family.map(|way| way.fields.clone())).unwrap_or_default();
    let all: Vec<Field> = around.fields.iter().chain(&more).cloned().collect();
    let connection = Scope::default().with_given("connection", &all);
    let urls = Urls { hosts: around.hosts, fields: &all, scope: &connection };
    let base = urls.take(fields, "base").or_else(|| family.and_then(|way| way.base.clone()));
    let secret = connection.with_each(&secrets);
    let kind = match kind {
        "api_key" => Kind::ApiKey,
        "aws_sigv4" => Kind::AwsSigv4(Box::new(aws_sigv4(fields, &connection, &what)?)),
        "bearer" => Kind::Bearer,
        "body_keys" => Kind::BodyKeys,
        "none" => Kind::None,
        "basic" => {
            fields.required("user", &what);
            fields.required("password", &what);
            Kind::Basic {
                user: fields.template_in("user", &secret)?,
                password: fields.template_in("password", &secret)?,
            }
        }
        "oauth1a" => Kind::Oauth1a(Box::new(oauth1a(fields, &urls, &what)?)),
        _ => Kind::Oauth2(Box::new(oauth2(fields, kind, family, &urls, &what)?)),
    };
    let tokens = matches!(kind, Kind::Oauth2(_) | Kind::Oauth1a(_));
    let secret = if tokens { secret.with("access", Type::String) } else { secret };
    let apply = match (fields.take("apply"), family) {
        (Some(node), _) => apply(fields.reader, node, &secret)?,
        (None, Some(family)) => family.apply.clone(),
        (None, None) => standard(&kind, &secrets),
    };
    let empty =
        apply.path.is_none() && apply.headers.is_empty() && apply.query.is_empty() && apply.body.is_empty();
    if empty && matches!(kind, Kind::ApiKey | Kind::BodyKeys) {
        fields.required("apply", &what);
    }
    Some(Auth { id, about, kind, secrets, fields: more, base, apply })
}

/// The keys that a way to sign in of a kind may have.
fn keys_of(kind: &str) -> Vec<&'static str> {
    let own: &[&[&'static str]] = match kind {
        "aws_sigv4" => &[&["key_id", "region", "service"]],
        "basic" => &[&["password", "user"]],
        "oauth1a" => &[&["access", "authorize", "authorize_params", "request", "signature"]],
        "oauth2_code" => &[keys::OAUTH2, &["authorize", "authorize_params", "issuer", "pkce"]],
        "oauth2_client_credentials" => &[keys::OAUTH2],
        "oauth2_device_code" => &[keys::OAUTH2, &["device"]],
        "oauth2_jwt_bearer" => &[keys::OAUTH2, &["assertion"]],
        _ => &[],
    };
    keys::EVERY_AUTH.iter().chain(own.iter().copied().flatten()).copied().collect()
}

/// The secrets that a kind has where the manifest names none.
fn given_secrets(kind: &str) -> Vec<Field> {
    let one = |name: &str, about: &str| Field::required(name, Type::String, about);
    match kind {
        "api_key" => vec![one("key", "The key.")],
        "aws_sigv4" => vec![one("secret_key", "The secret access key.")],
        "bearer" => vec![one("token", "The token.")],
        "basic" => vec![one("password", "The password.")],
        "oauth2_jwt_bearer" => vec![one("private_key", "The private key, in PEM.")],
        _ => vec![],
    }
}

/// Where the secrets of a kind stand if the manifest does not say it.
fn standard(kind: &Kind, secrets: &[Field]) -> Apply {
    let bearer = |name: &str| Apply {
        headers: vec![("authorization".into(), made_text(&format!("Bearer {{{{ {name} }}}}")))],
        ..Apply::default()
    };
    match kind {
        Kind::Bearer => secrets.first().map_or_else(Apply::default, |secret| bearer(&secret.name)),
        Kind::Oauth2(_) => bearer("access"),
        Kind::ApiKey
        | Kind::AwsSigv4(_)
        | Kind::Basic { .. }
        | Kind::BodyKeys
        | Kind::None
        | Kind::Oauth1a(_) => Apply::default(),
    }
}

fn apply(reader: &mut Reader<'_>, node: &Node, secret: &Scope) -> Option<Apply> {
    let owner = Owner { what: "`apply`", span: node.span };
    let fields = &mut Fields::open(reader, node, &owner, &dsl::shape::names(keys::APPLY))?;
    Some(Apply {
        path: fields.template_in("path", secret),
        headers: fields.pairs_in("headers", secret),
        query: fields.pairs_in("query", secret),
        body: fields.pairs_in("body", secret),
    })
}

/// Addresses of a way to sign in.
struct Urls<'a> {
    hosts: &'a [String],
    fields: &'a [Field],
    scope: &'a Scope,
}

impl Urls<'_> {
    /// An address within the hosts, if the key is there.
    fn take(&self, fields: &mut Fields<'_, '_, '_>, key: &str) -> Option<Arg> {
        let span = fields.take(key)?.span;
        let url = fields.template_in(key, self.scope)?;
        hosts::check(fields.reader, &url, span, self.hosts, self.fields);
        Some(url)
    }

    /// An address where a person is sent: nothing secret goes there, so that it may be on any host.
    fn person(&self, fields: &mut Fields<'_, '_, '_>, key: &str) -> Option<Arg> {
        fields.template_in(key, self.scope)
    }
}

fn aws_sigv4(fields: &mut Fields<'_, '_, '_>, scope: &Scope, what: &str) -> Option<AwsSigv4> {
    for key in ["key_id", "region", "service"] {
        fields.required(key, what);
    }
    Some(AwsSigv4 {
        key_id: fields.template_in("key_id", scope)?,
        region: fields.template_in("region", scope)?,
        service: fields.template_in("service", scope)?,
    })
}

fn oauth1a(fields: &mut Fields<'_, '_, '_>, urls: &Urls<'_>, what: &str) -> Option<Oauth1a> {
    for key in ["request", "authorize", "access"] {
        fields.required(key, what);
    }
    let signature = word(fields, "signature", keys::SIGNATURES, &Signature::ALL);
    Some(Oauth1a {
        request: urls.take(fields, "request")?,
        authorize: urls.person(fields, "authorize")?,
        access: urls.take(fields, "access")?,
        authorize_params: fields.pairs_in("authorize_params", urls.scope),
        signature: signature.unwrap_or(Signature::HmacSha1),
    })
}

fn oauth2(
    fields: &mut Fields<'_, '_, '_>,
    kind: &str,
    family: Option<&Auth>,
    urls: &Urls<'_>,
    what: &str,
) -> Option<Oauth2> {
    let family = family.and_then(|way| way.kind.oauth2());
    let grant = grant(fields, kind, family, urls, what);
    let response = urls.scope.with_response();
    if family.is_none() {
        fields.required("token", what);
    }
    let token = urls.take(fields, "token").or_else(|| family.map(|own| own.token.clone()));
    let pairs = |fields: &mut Fields<'_, '_, '_>, key: &str, family: Option<&Vec<(String, Arg)>>| match fields
        .take(key)
    {
        Some(_) => fields.pairs_in(key, urls.scope),
        None => family.cloned().unwrap_or_default(),
    };
    let refresh = urls.take(fields, "refresh").or_else(|| family?.refresh.clone());
    let revoke = urls.take(fields, "revoke").or_else(|| family?.revoke.clone());
    let client = word(fields, "client", keys::CLIENTS, &Client::ALL).or_else(|| Some(family?.client));
    let sends = word(fields, "sends", keys::SENDS, &Sends::ALL).or_else(|| Some(family?.sends));
    let token_params = pairs(fields, "token_params", family.map(|own| &own.token_params));
    let token_headers = pairs(fields, "token_headers", family.map(|own| &own.token_headers));
    let success_when = fields.condition_in("success_when", &response);
    Some(Oauth2 {
        grant: grant?,
        token: token?,
        refresh,
        revoke,
        client: client.unwrap_or(Client::Basic),
        sends: sends.unwrap_or(Sends::Form),
        token_params,
        token_headers,
        scopes: scopes(fields, family),
        answer: answer(fields, family, &response),
        success_when: success_when.or_else(|| family?.success_when.clone()),
        expiry: expiry(fields, family, &response),
        rotation: rotation(fields, family, &response),
    })
}

fn grant(
    fields: &mut Fields<'_, '_, '_>,
    kind: &str,
    family: Option<&Oauth2>,
    urls: &Urls<'_>,
    what: &str,
) -> Option<Grant> {
    let family = family.map(|own| &own.grant);
    match kind {
        "oauth2_code" => {
            let own = match family {
                Some(Grant::Code(code)) => Some(code),
                _ => None,
            };
            if own.is_none() {
                fields.required("authorize", what);
            }
            let params = match fields.take("authorize_params") {
                Some(_) => fields.pairs_in("authorize_params", urls.scope),
                None => own.map(|code| code.params.clone()).unwrap_or_default(),
            };
            let issuer = fields.template_in("issuer", urls.scope).or_else(|| own?.issuer.clone());
            let pkce = word(fields, "pkce", keys::PKCE, &Pkce::ALL).or_else(|| Some(own?.pkce));
            Some(Grant::Code(CodeGrant {
                authorize: urls.person(fields, "authorize").or_else(|| Some(own?.authorize.clone()))?,
                params,
                issuer,
                pkce: pkce.unwrap_or(Pkce::Supported),
            }))
        }
        "oauth2_device_code" => {
            let own = match family {
                Some(Grant::DeviceCode { device }) => Some(device.clone()),
                _ => None,
            };
            if own.is_none() {
                fields.required("device", what);
            }
            Some(Grant::DeviceCode { device: urls.take(fields, "device").or(own)? })
        }
        "oauth2_jwt_bearer" => match (fields.take("assertion"), family) {
            (Some(node), _) => Some(Grant::JwtBearer(Box::new(assertion(fields.reader, node, urls.scope)?))),
            (None, Some(own @ Grant::JwtBearer(_))) => Some(own.clone()),
            (None, _) => {
                fields.required("assertion", what);
                None
            }
        },
        _ => Some(Grant::ClientCredentials),
    }
}

fn assertion(reader: &mut Reader<'_>, node: &Node, scope: &Scope) -> Option<Assertion> {
    let owner = Owner { what: "`assertion`", span: node.span };
    let fields = &mut Fields::open(reader, node, &owner, &dsl::shape::names(keys::ASSERTION))?;
    fields.required("algorithm", "`assertion`");
    fields.required("issuer", "`assertion`");
    let algorithm = word(fields, "algorithm", keys::ALGORITHMS, &crate::manifest::auth::Algorithm::ALL);
    let place = word(fields, "place", keys::ASSERTION_PLACES, &AssertionPlace::ALL);
    Some(Assertion {
        algorithm: algorithm?,
        issuer: fields.template_in("issuer", scope)?,
        subject: fields.template_in("subject", scope),
        audience: fields.template_in("audience", scope),
        key_id: fields.template_in("key_id", scope),
        claims: fields.pairs_in("claims", scope),
        lifetime: duration(fields, "lifetime").unwrap_or(Duration::from_secs(300)),
        place: place.unwrap_or(AssertionPlace::Body),
    })
}

fn scopes(fields: &mut Fields<'_, '_, '_>, family: Option<&Oauth2>) -> Scopes {
    let mut scopes = match family {
        Some(own) => own.scopes.clone(),
        None => usual_scopes(),
    };
    let Some(node) = fields.take("scopes") else { return scopes };
    let owner = Owner { what: "`scopes`", span: node.span };
    let Some(fields) = &mut Fields::open(fields.reader, node, &owner, &dsl::shape::names(keys::SCOPES))
    else {
        return scopes;
    };
    if fields.take("default").is_some() {
        scopes.default = texts(fields, "default");
    }
    for (key, own) in [("separator", &mut scopes.separator), ("parameter", &mut scopes.parameter)] {
        if let Some(node) = fields.take(key)
            && let Some(text) = fields.reader.text(node, &format!("`{key}`"))
        {
            *own = text.value;
        }
    }
    scopes
}

fn answer(fields: &mut Fields<'_, '_, '_>, family: Option<&Oauth2>, response: &Scope) -> TokenAnswer {
    let mut answer = match family {
        Some(own) => own.answer.clone(),
        None => usual_answer(),
    };
    let Some(node) = fields.take("answer") else { return answer };
    let owner = Owner { what: "`answer`", span: node.span };
    let known = dsl::shape::names(keys::TOKEN_ANSWER);
    let Some(fields) = &mut Fields::open(fields.reader, node, &owner, &known) else { return answer };
    for (key, own) in [
        ("access", &mut answer.access),
        ("refresh", &mut answer.refresh),
        ("expires_in", &mut answer.expires_in),
        ("scope", &mut answer.scope),
        ("error", &mut answer.error),
    ] {
        if let Some(expr) = fields.expr_in(key, response) {
            *own = expr;
        }
    }
    answer
}

fn expiry(fields: &mut Fields<'_, '_, '_>, family: Option<&Oauth2>, response: &Scope) -> Expiry {
    let mut expiry = match family {
        Some(own) => own.expiry.clone(),
        None => usual_expiry(),
    };
    let Some(node) = fields.take("expiry") else { return expiry };
    let owner = Owner { what: "`expiry`", span: node.span };
    let Some(fields) = &mut Fields::open(fields.reader, node, &owner, &dsl::shape::names(keys::EXPIRY))
    else {
        return expiry;
    };
    expiry.default = duration(fields, "default").or(expiry.default);
    expiry.before = duration(fields, "before").unwrap_or(expiry.before);
    if fields.take("when").is_some() {
        expiry.when = fields.conditions_in("when", response);
    }
    expiry
}

fn rotation(fields: &mut Fields<'_, '_, '_>, family: Option<&Oauth2>, response: &Scope) -> Rotation {
    let mut rotation = match family {
        Some(own) => own.rotation.clone(),
        None => usual_rotation(),
    };
    let Some(node) = fields.take("rotation") else { return rotation };
    let owner = Owner { what: "`rotation`", span: node.span };
    let known = dsl::shape::names(keys::ROTATION);
    let Some(fields) = &mut Fields::open(fields.reader, node, &owner, &known) else { return rotation };
    let refreshed = word(fields, "refreshed", keys::REFRESHED, &Refreshed::ALL);
    rotation.refreshed = refreshed.unwrap_or(rotation.refreshed);
    rotation.grace = duration(fields, "grace").unwrap_or(rotation.grace);
    if fields.take("invalid_when").is_some() {
        rotation.invalid_when = fields.conditions_in("invalid_when", response);
    }
    rotation
}

/// An expression that stands for what an author leaves out.
pub(super) fn made(text: &str) -> Expr {
    expr::parse(text, &SpanMap::plain(0, text.len())).expect("what is written here is an expression")
}

fn usual_scopes() -> Scopes {
    Scopes { default: vec![], separator: " ".into(), parameter: "scope".into() }
}

fn usual_answer() -> TokenAnswer {
    let usual = |name: &str| made(&format!("response.body?.{name}"));
    TokenAnswer {
        access: usual("access_token"),
        refresh: usual("refresh_token"),
        expires_in: usual("expires_in"),
        scope: usual("scope"),
        error: usual("error"),
    }
}

fn usual_expiry() -> Expiry {
    Expiry { default: None, before: Duration::from_secs(300), when: vec![] }
}

fn usual_rotation() -> Rotation {
    Rotation {
        refreshed: Refreshed::Stays,
        grace: Duration::ZERO,
        invalid_when: vec![made("response.body?.error == \"invalid_grant\"")],
    }
}

/// OAuth 2.0 as it is where nothing else is written.
pub(crate) fn usual_oauth2(grant: Grant, token: Arg) -> Oauth2 {
    Oauth2 {
        grant,
        token,
        refresh: None,
        revoke: None,
        client: Client::Basic,
        sends: Sends::Form,
        token_params: vec![],
        token_headers: vec![],
        scopes: usual_scopes(),
        answer: usual_answer(),
        success_when: None,
        expiry: usual_expiry(),
        rotation: usual_rotation(),
    }
}

/// A text with holes that stands for what an author leaves out.
pub(super) fn made_text(text: &str) -> Arg {
    let parsed = template::parse(text, &SpanMap::plain(0, text.len()), Sink::Text);
    parsed.expect("what is written here is a text with holes")
}
