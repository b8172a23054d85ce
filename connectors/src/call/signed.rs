//! Requests of OAuth 1.0a and of AWS: each is signed when everything else of it stands. The secrets are opened for the
//! signature, which is itself a secret for one host.

use std::sync::Arc;
use std::time::Duration;

use dsl::catalog::{Failure, FailureKind};
use dsl::value::Value;
use dsl::workflow::Arg;
use egress::{Header, Part, Text};
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use secret::{Hole, Open, Refused, Secret};
use url::form_urlencoded;

use super::Session;
use super::build::{Outgoing, plain};
use super::fill::{self, Names};
use crate::builtin::http::build::invalid;
use crate::connection::Connection;
use crate::manifest::auth::{Auth, AwsSigv4, Kind, Oauth1a};
use crate::signin::{Consumer, Key, Sealed, Signing, link, seal, sign, spell};

/// What the signature is called where it is opened.
const NAME: &str = "signature of the request";

/// The longest that a link of AWS serves.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Signs a request where its way to sign in wants it; gives what opens its secrets.
pub(super) fn signed(
    outgoing: &mut Outgoing,
    way: &Auth,
    connection: &Connection,
    open: Arc<dyn Open>,
) -> Result<Arc<dyn Open>, Failure> {
    let host = crate::signin::host(&outgoing.url);
    let secrets = Secrets { connection, open: &*open, host: &host };
    let header = match &way.kind {
        Kind::AwsSigv4(aws) => aws_sigv4(outgoing, aws, &secrets)?,
        Kind::Oauth1a(oauth1a) => oauth1(outgoing, oauth1a, &secrets)?,
        Kind::ApiKey | Kind::Basic { .. } | Kind::Bearer | Kind::BodyKeys | Kind::None | Kind::Oauth2(_) => {
            return Ok(open);
        }
    };
    outgoing.headers.retain(|header| header.name != "authorization");
    outgoing.headers.push(Header::credential("authorization", Hole::Name(NAME.into())));
    Ok(Arc::new(Signature { header, host, open }))
}

impl Session<'_> {
    /// The address of a request that is not sent, signed for whoever has it.
    pub(super) fn linked(
        &self,
        mut outgoing: Outgoing,
        lasts: &Arg,
        names: &Names,
    ) -> Result<String, Failure> {
        let way = self.job.auth(&self.connection)?;
        let Kind::AwsSigv4(aws) = &way.kind else {
            return Err(refused(&format!("the way to sign in `{}` makes no links", way.id)));
        };
        let lasts = match fill::value(lasts, names)? {
            Some(Value::Duration(lasts)) => Duration::try_from(lasts).ok(),
            _ => None,
        };
        let lasts = lasts.filter(|lasts| (Duration::from_secs(1)..=LONGEST).contains(lasts));
        let lasts = lasts.ok_or_else(|| invalid("a link lasts from a second to seven days"))?;
        let host = crate::signin::host(&outgoing.url);
        let open = self.within(outgoing.url.host_str().unwrap_or_default());
        let secrets = Secrets { connection: &self.connection, open: &*open, host: &host };
        let known = Known::of(aws, &secrets)?;
        spell(&mut outgoing.url);
        let sealed =
            Sealed { method: outgoing.method.as_str(), url: &outgoing.url, headers: &[], body: None };
        Ok(link(&sealed, &known.key(), Timestamp::now(), lasts).into())
    }
}

/// The secrets of a connection, for one host.
struct Secrets<'a> {
    connection: &'a Connection,
    open: &'a dyn Open,
    host: &'a str,
}

impl Secrets<'_> {
    fn get(&self, name: &str) -> Result<Secret, Failure> {
        let kept = self.connection.secrets.get(name);
        let kept = kept.ok_or_else(|| refused(&format!("the connection has no `{name}`")))?;
        self.open.open(kept, self.host).map_err(|why| refused(&why.to_string()))
    }
}

/// What signs by Signature Version 4.
struct Known {
    id: String,
    secret: Secret,
    region: String,
    service: String,
}

impl Known {
    fn of(aws: &AwsSigv4, secrets: &Secrets<'_>) -> Result<Known, Failure> {
        let names = Names::new("").with("connection", secrets.connection.value());
        Ok(Known {
            id: plain(&aws.key_id, &names, "key_id")?,
            secret: secrets.get("secret_key")?,
            region: plain(&aws.region, &names, "region")?,
            service: plain(&aws.service, &names, "service")?,
        })
    }

    fn key(&self) -> Key<'_> {
        Key { id: &self.id, secret: &self.secret, region: &self.region, service: &self.service }
    }
}

/// What is said of a request beside `authorization` is put into its headers.
fn aws_sigv4(outgoing: &mut Outgoing, aws: &AwsSigv4, secrets: &Secrets<'_>) -> Result<Secret, Failure> {
    if !outgoing.query.is_empty() || outgoing.path.is_some() {
        return Err(refused("a request with a secret in its address cannot be signed"));
    }
    let known = Known::of(aws, secrets)?;
    spell(&mut outgoing.url);
    // What was signed before: the rest of a file is asked for by a request of its own.
    outgoing.headers.retain(|header| !matches!(&*header.name, "x-amz-date" | "x-amz-content-sha256"));
    let mut headers = vec![];
    for header in &outgoing.headers {
        match &header.value {
            Text::Plain(value) => headers.push((&*header.name, value.as_str())),
            Text::Hole(_) => return Err(refused("a request with a secret in a header cannot be signed")),
        }
    }
    let body = whole(&outgoing.body)?;
    let sealed = Sealed {
        method: outgoing.method.as_str(),
        url: &outgoing.url,
        headers: &headers,
        body: body.as_deref(),
    };
    let (more, authorization) = seal(&sealed, &known.key(), Timestamp::now());
    outgoing.headers.extend(more.iter().map(|(name, value)| Header::new(*name, value.as_str())));
    Ok(authorization)
}

/// The bytes of a body; nothing where a part of it is read while it is sent.
fn whole(parts: &[Part]) -> Result<Option<Vec<u8>>, Failure> {
    let mut bytes = vec![];
    for part in parts {
        match part {
            Part::Plain(plain) => bytes.extend_from_slice(plain),
            Part::Content(_) => return Ok(None),
            Part::Hole(..) => return Err(refused("a body with a secret in it cannot be signed")),
        }
    }
    Ok(Some(bytes))
}

fn oauth1(outgoing: &Outgoing, oauth1a: &Oauth1a, secrets: &Secrets<'_>) -> Result<Secret, Failure> {
    let who = Consumer {
        key: secrets.get("consumer_key")?.expose().to_owned(),
        secret: secrets.get("consumer_secret")?,
        token: Some((secrets.get("access")?, secrets.get("access_secret")?)),
    };
    if !outgoing.query.is_empty() {
        return Err(refused("a request with a secret in its query cannot be signed"));
    }
    let form = form(outgoing)?;
    let mut chance = [0; 16];
    SystemRandom::new().fill(&mut chance).map_err(|_| refused("the system gives no randomness"))?;
    let signing = Signing {
        method: outgoing.method.as_str(),
        url: &outgoing.url,
        form: &form,
        more: &[],
        signature: oauth1a.signature,
    };
    Ok(sign(&signing, &who, &chance, Timestamp::now()))
}

/// The fields of a body that is a form: they are signed too.
fn form(outgoing: &Outgoing) -> Result<Vec<(String, String)>, Failure> {
    let kind = outgoing.headers.iter().find(|header| header.name == "content-type");
    let is_form = matches!(kind, Some(Header { value: egress::Text::Plain(kind), .. })
        if kind.starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        return Ok(vec![]);
    }
    let mut bytes = vec![];
    for part in &outgoing.body {
        match part {
            Part::Plain(plain) => bytes.extend_from_slice(plain),
            Part::Content(_) => return Err(refused("a form with a file in it cannot be signed")),
            Part::Hole(..) => return Err(refused("a form with a secret in it cannot be signed")),
        }
    }
    Ok(form_urlencoded::parse(&bytes).into_owned().collect())
}

fn refused(why: &str) -> Failure {
    Failure::new(FailureKind::Auth, why)
}

/// Opens the signature for its host, and everything else as before.
struct Signature {
    header: Secret,
    host: String,
    open: Arc<dyn Open>,
}

impl Open for Signature {
    fn open(&self, name: &str, host: &str) -> Result<Secret, Refused> {
        match name {
            NAME if host.eq_ignore_ascii_case(&self.host) => Ok(self.header.clone()),
            NAME => Err(Refused::Host { name: name.into(), host: host.into() }),
            _ => self.open.open(name, host),
        }
    }
}
