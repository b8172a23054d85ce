//! Requests of OAuth 1.0a: each is signed when everything else of it stands. The secrets are opened for the signature, which is
//! itself a secret for one host.

use std::sync::Arc;

use dsl::catalog::{Failure, FailureKind};
use egress::{Header, Part};
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use secret::{Hole, Open, Refused, Secret};
use url::form_urlencoded;

use super::build::Outgoing;
use crate::connection::Connection;
use crate::manifest::auth::{Auth, Kind};
use crate::signin::{Consumer, Signing, sign};

/// What the signature is called where it is opened.
const NAME: &str = "signature of the request";

/// Signs a request where its way to sign in wants it; gives what opens its secrets.
pub(super) fn signed(
    outgoing: &mut Outgoing,
    way: &Auth,
    connection: &Connection,
    open: Arc<dyn Open>,
) -> Result<Arc<dyn Open>, Failure> {
    let Kind::Oauth1a(oauth1a) = &way.kind else { return Ok(open) };
    let host = crate::signin::host(&outgoing.url);
    let secret = |name: &str| -> Result<Secret, Failure> {
        let kept = connection.secrets.get(name);
        let kept = kept.ok_or_else(|| refused(&format!("the connection has no `{name}`")))?;
        open.open(kept, &host).map_err(|why| refused(&why.to_string()))
    };
    let who = Consumer {
        key: secret("consumer_key")?.expose().to_owned(),
        secret: secret("consumer_secret")?,
        token: Some((secret("access")?, secret("access_secret")?)),
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
    let header = sign(&signing, &who, &chance, Timestamp::now());
    outgoing.headers.retain(|header| header.name != "authorization");
    outgoing.headers.push(Header::credential("authorization", Hole::Name(NAME.into())));
    Ok(Arc::new(Signature { header, host, open }))
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
