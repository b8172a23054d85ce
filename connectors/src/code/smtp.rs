//! Mail by SMTP: a message built from parameters, handed to the server of a connection. Its `Message-ID` follows from the
//! step, so that a message which was sent twice is known as one by whoever receives it.

use std::time::SystemTime;

use dsl::catalog::{Failure, FailureKind, Safety};
use dsl::value::{Hash, Value};
use egress::{Letter, Login, Mail, Security};

use super::Coded;
use crate::builtin::http::build::invalid;
use crate::call::{Preview, unanswered};
use crate::hook::mime_message::{Posted, posted};
use crate::params::{Params, short};

/// What sending reads.
pub(super) const TAKES: &[(&str, bool)] = &[
    ("to", true),
    ("subject", true),
    ("attachments", false),
    ("bcc", false),
    ("cc", false),
    ("from", false),
    ("html", false),
    ("in_reply_to", false),
    ("references", false),
    ("reply_to", false),
    ("text", false),
];

/// The port where nothing else is said: STARTTLS, as mail programs use it.
const SUBMISSION: u16 = 587;

/// The port on which TLS begins with the first byte.
const SUBMISSIONS: u16 = 465;

/// Sends a message.
pub(super) async fn send(call: &Coded<'_>, params: &Params) -> Result<Value, Failure> {
    let posted = message(call, params)?;
    let (id, to) = (posted.id.clone(), posted.to.clone());
    let letter = Letter { from: posted.from, to: posted.to, message: posted.message.into() };
    let said = converse(call, Some(letter), Safety::Once).await?;
    Ok(Value::object([
        ("message_id", Value::text(id)),
        ("to", Value::list(to.into_iter().map(Value::text).collect())),
        ("said", Value::text(said)),
    ]))
}

/// Signs in and sends nothing.
pub(super) async fn attempt(call: &Coded<'_>) -> Result<Value, Failure> {
    converse(call, None, Safety::Read).await?;
    Ok(Value::object([("host", Value::text(server(call)?.host))]))
}

/// What would be sent.
pub(super) fn preview(call: &Coded<'_>, params: Option<&Params>) -> Result<Preview, Failure> {
    let server = server(call)?;
    let scheme = if server.security == Security::Tls { "smtps" } else { "smtp" };
    let body = match params {
        Some(params) => String::from_utf8_lossy(&message(call, params)?.message).into_owned(),
        None => String::new(),
    };
    let (method, url) = ("MAIL".into(), format!("{scheme}://{}:{}", server.host, server.port));
    Ok(Preview { method, url, headers: vec![], body })
}

async fn converse(call: &Coded<'_>, letter: Option<Letter>, safety: Safety) -> Result<String, Failure> {
    let Server { host, port, security } = server(call)?;
    let name = format!("MAIL {host}:{port}");
    let mail = Mail { host, port, security, login: Some(login(call)?), letter, timeout: Some(call.timeout) };
    call.egress.mail(&mail).await.map_err(|error| unanswered(&error, &name, safety))
}

/// A mail server.
pub(super) struct Server {
    pub host: String,
    pub port: u16,
    pub security: Security,
}

/// The server of a connection: by its fields, or elsewhere where somebody said so.
fn server(call: &Coded<'_>) -> Result<Server, Failure> {
    let field = |name: &str| call.connection.fields.get(name);
    let text = |name: &str| field(name).and_then(Value::as_text);
    if let Some(base) = call.base {
        return elsewhere(base, ("smtps", SUBMISSIONS), ("smtp", 25)).ok_or_else(|| {
            let forms = "`smtps://HOST:PORT`, or `smtp://HOST:PORT` on this machine";
            invalid(&format!("`{}` is no address of a mail server; write {forms}", short(base)))
        });
    }
    let host = text("host").ok_or_else(|| invalid("the connection has no `host`"))?.to_owned();
    let port = match field("port") {
        Some(Value::Int(port)) => u16::try_from(*port).map_err(|_| invalid("`port` is at most 65535"))?,
        _ => SUBMISSION,
    };
    let security = match text("security") {
        Some("tls") => Security::Tls,
        Some(_) => Security::StartTls,
        None if port == SUBMISSIONS => Security::Tls,
        None => Security::StartTls,
    };
    Ok(Server { host, port, security })
}

/// A server at an address by hand: TLS, or open on this machine, which the door sees to. Each scheme has its usual port.
pub(super) fn elsewhere(base: &str, tls: (&str, u16), open: (&str, u16)) -> Option<Server> {
    let (scheme, rest) = base.split_once("://")?;
    let (security, usual) = match scheme {
        "https" => (Security::Tls, tls.1),
        "http" => (Security::Open, open.1),
        _ if scheme == tls.0 => (Security::Tls, tls.1),
        _ if scheme == open.0 => (Security::Open, open.1),
        _ => return None,
    };
    let rest = rest.trim_end_matches('/');
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (rest, usual),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    (!host.is_empty() && !host.contains(['/', '@'])).then_some(Server { host, port, security })
}

fn login(call: &Coded<'_>) -> Result<Login, Failure> {
    let (user, password) = call.login("mail servers")?;
    Ok(Login { user, password })
}

/// The message, from whom the connection writes where the parameters do not say it.
fn message(call: &Coded<'_>, params: &Params) -> Result<Posted, Failure> {
    let own = ["from", "user"].iter().find_map(|name| call.connection.fields.get(*name)).cloned();
    let params = match (params.get("from"), own) {
        (None, Some(own)) => params.with("from", own),
        (Some(_), _) | (None, None) => params.clone(),
    };
    // Whoever knows the id knows no more than that: it is a hash.
    let id = Hash::of(format!("mail\n{}\n{}", call.id, call.key).as_bytes()).to_string();
    posted(&params, &id[..40], SystemTime::now())
}

/// What is refused by a mail server, by its code.
pub(crate) fn kind(code: u16) -> FailureKind {
    match code {
        421 | 450..=459 => FailureKind::Server,
        530 | 534 | 535 | 538 => FailureKind::Auth,
        552 => FailureKind::Limit,
        554 | 571 => FailureKind::Permission,
        400..=499 => FailureKind::Server,
        _ => FailureKind::Invalid,
    }
}
