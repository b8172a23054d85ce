//! Calling an action of a manifest: budget, connection, request, rules, pages, value. One attempt: nothing is tried
//! again here but a single time with a renewed token.

pub(crate) mod answer;
mod body;
pub(crate) mod build;
mod coded;
pub(crate) mod fill;
mod made;
mod pages;
mod preview;
mod received;
mod signed;
mod xml;

use std::sync::Arc;
use std::time::{Duration, Instant};

use dsl::catalog::{Failure, FailureKind, Safety};
use dsl::value::{Object, Value};
use dsl::workflow::Arg;
use futures_util::StreamExt;
use futures_util::stream;
use secret::Open;

use crate::catalog::{FREE, is_connected};
use crate::code::Code;
use crate::connection::{Connection, Connections, Measured, Within};
use crate::contents::Contents;
use crate::hook::Moment;
use crate::manifest::auth::Auth;
use crate::manifest::limits::{Class, Limits};
use crate::manifest::made::Made;
use crate::manifest::paging::Each;
use crate::manifest::request::{Body, Lists, Method, Reads, Request};
use crate::manifest::{Action, Idempotency, Manifest, Means};
use crate::meter::{Metered, Place, Want, Whose};
use crate::params::{Params, short};
use crate::record::Recorder;
use answer::{Judge, Meaning, Seen};
use build::{Outgoing, Sender, Turn};
use fill::Names;
pub use preview::Preview;

/// One call of an action of a manifest.
pub(crate) struct Job<'a> {
    pub(crate) manifest: &'a Manifest,
    /// The action's id.
    pub(crate) id: &'a str,
    pub(crate) egress: &'a egress::Client,
    pub(crate) contents: &'a Contents,
    pub(crate) connections: &'a dyn Connections,
    pub(crate) meter: &'a Metered,
    pub(crate) key: &'a str,
    /// What this call is known by when it comes back.
    pub(crate) name: &'a str,
    /// The name of the connection; the owner's only one where there is none.
    pub(crate) connection: Option<&'a str>,
    /// Where paths begin instead of at the manifest's base.
    pub(crate) base: Option<&'a str>,
    /// Who remembers what is said.
    pub(crate) recorder: Option<&'a Recorder>,
}

/// A request that is part of no action.
pub(crate) struct Sent<'a> {
    pub(crate) request: &'a Request,
    /// What it can read beside `connection`.
    pub(crate) names: &'a [(&'static str, Value)],
}

/// What is called: an action of the manifest, or a request of the author's own.
enum Called<'a> {
    Action(&'a Action),
    Free(Box<Request>),
}

/// How what is called is carried out.
enum Does<'a> {
    Code(Code),
    Request(&'a Request),
}

/// The limits of a request of the author's own, beside those of all.
static NONE: Limits = Limits { wait: vec![], fallback: None, budgets: vec![], concurrency: None };

impl<'a> Job<'a> {
    /// Makes the call with parameters that were checked.
    pub(crate) async fn run(&self, params: &Params) -> Result<Value, Failure> {
        let called = self.called(params)?;
        let mut session = self.session().await?;
        let names = self.names(&called, params, &session.connection)?;
        let outcome = self.carried_out(&mut session, &called, params, &names).await;
        self.tell(&session.connection, outcome.as_ref().err());
        answer::bounded(outcome?, self.id)
    }

    async fn carried_out(
        &self,
        session: &mut Session<'_>,
        called: &Called<'_>,
        params: &Params,
        names: &Names,
    ) -> Result<Value, Failure> {
        Ok(match called {
            Called::Free(request) => match session.exchange(called, request, names, None).await? {
                Some((seen, _)) => seen.response,
                None => Value::Null,
            },
            Called::Action(action) => match &action.pages {
                Some(pages) => match action.request() {
                    Some(request) => pages::all(session, called, (action, request), pages, names).await?,
                    None => Value::Null,
                },
                None => match &action.means {
                    Means::Code(code) => session.coded(*code, called, params, names).await?,
                    Means::Request(request) => match session.exchange(called, request, names, None).await? {
                        Some((seen, names)) => given(action, &seen, names)?,
                        None => Value::Null,
                    },
                },
            },
        })
    }

    /// Tells whoever keeps the connection how a call went.
    fn tell(&self, connection: &Connection, failure: Option<&Failure>) {
        if is_connected(self.manifest) {
            self.connections.told(self.manifest, connection, failure);
        }
    }

    /// Asks what tells that a connection works, and gives what the account is called.
    pub(crate) async fn verify(&self, params: &Params) -> Result<String, Failure> {
        let called = self.called(params)?;
        let mut session = self.session().await?;
        let names = self.names(&called, params, &session.connection)?;
        let answered = match called.means() {
            Does::Request(request) => {
                let answered = session.exchange(&called, request, &names, None).await;
                answered.map(|answered| answered.map(|(_, names)| names))
            }
            Does::Code(code) => {
                let body = session.coded(code, &called, params, &names).await;
                body.map(|body| Some(names.with("response", Value::object([("body", body)]))))
            }
        };
        self.tell(&session.connection, answered.as_ref().err());
        let label = match (answered?, &self.manifest.account.label) {
            (Some(names), Some(label)) => fill::value(label, &names)?,
            (Some(_), None) | (None, _) => None,
        };
        Ok(label.map(|label| crate::params::short(&label.to_string())).unwrap_or_default())
    }

    /// Sends a request that is part of no action, with secrets that somebody else opens as well; gives the names with its
    /// answer, or nothing where there is none.
    pub(crate) async fn send(
        &self,
        sent: &Sent<'_>,
        opens: impl Fn(Arc<dyn Open>) -> Arc<dyn Open>,
    ) -> Result<Option<Names>, Failure> {
        let mut session = self.session().await?;
        session.connection.open = opens(session.connection.open.clone());
        let mut names = Names::new(self.key).with("connection", session.connection.value());
        for (name, value) in sent.names {
            names = names.with(*name, value.clone());
        }
        let called = Called::Free(Box::new(sent.request.clone()));
        let answered = session.exchange(&called, sent.request, &names, None).await?;
        Ok(answered.map(|(_, names)| names))
    }

    /// The first request of the call, as it would be sent.
    pub(crate) async fn preview(&self, params: &Params) -> Result<Preview, Failure> {
        let called = self.called(params)?;
        let session = self.session().await?;
        let names = self.names(&called, params, &session.connection)?;
        match called.means() {
            Does::Request(request) => Ok(preview::of(&session.outgoing(&called, request, &names, None)?)),
            Does::Code(code) => code.preview(&session.given_to_code(self.egress.clone())?, params),
        }
    }

    fn called(&self, params: &Params) -> Result<Called<'a>, Failure> {
        let name = self.id.split_once('.').map_or(self.id, |(_, name)| name);
        match self.manifest.actions.iter().find(|action| action.name == name) {
            Some(action) => Ok(Called::Action(action)),
            None if name == FREE => Ok(Called::Free(Box::new(free(params)?))),
            None => Err(Failure::new(FailureKind::NotFound, format!("there is no action `{}`", self.id))),
        }
    }

    /// The connection that it is made with.
    pub(crate) async fn connected(&self) -> Result<Connection, Failure> {
        match (is_connected(self.manifest), self.manifest.auth.first()) {
            (false, Some(auth)) => Ok(Connection::nobody(&auth.id)),
            _ => self.connections.fresh(self.manifest, self.connection).await,
        }
    }

    async fn session(&'a self) -> Result<Session<'a>, Failure> {
        Ok(Session { job: self, connection: self.connected().await?, renewed: false })
    }

    /// What a request sees, and what hooks make for it.
    fn names(&self, called: &Called<'_>, params: &Params, connection: &Connection) -> Result<Names, Failure> {
        let input: Object = params.entries().map(|(name, value)| (name.into(), value.clone())).collect();
        let names = Names::new(self.key)
            .with("input", Value::Object(Arc::new(input)))
            .with("connection", connection.value())
            .with("step", Value::object([("key", Value::text(self.key))]));
        match called {
            Called::Action(action) => made::made(&action.made, Moment::Before, names),
            Called::Free(_) => Ok(names),
        }
    }

    fn auth(&self, connection: &Connection) -> Result<&'a Auth, Failure> {
        self.manifest.auth.iter().find(|auth| auth.id == connection.auth).ok_or_else(|| {
            let (name, auth) = (&self.manifest.name, &connection.auth);
            let message =
                format!("{name} has no way to sign in `{auth}`, which the connection was made with");
            Failure::new(FailureKind::Auth, message)
        })
    }
}

impl<'a> Called<'a> {
    fn means(&self) -> Does<'_> {
        match self {
            Called::Action(action) => match &action.means {
                Means::Code(code) => Does::Code(*code),
                Means::Request(request) => Does::Request(request),
            },
            Called::Free(request) => Does::Request(request),
        }
    }

    fn safety(&self) -> Safety {
        match self {
            Called::Action(action) => action.safety,
            Called::Free(request) if request.method.reads() => Safety::Read,
            Called::Free(_) => Safety::Once,
        }
    }

    fn idempotency(&self) -> Option<&'a Idempotency> {
        match self {
            Called::Action(action) => action.idempotency.as_ref(),
            Called::Free(_) => None,
        }
    }

    fn limits(&self) -> &Limits {
        match self {
            Called::Action(action) => &action.limits,
            Called::Free(_) => &NONE,
        }
    }

    fn judge<'j>(&'j self, job: &'j Job<'_>) -> Judge<'j> {
        let defaults = &job.manifest.defaults;
        let (own, success_when) = match self {
            Called::Action(action) => (&action.errors[..], action.answer.success_when.as_ref()),
            Called::Free(_) => (&[][..], None),
        };
        Judge {
            rules: own.iter().chain(&defaults.errors).collect(),
            success_when,
            limits: [self.limits(), &defaults.limits],
            safety: self.safety(),
            action: job.id,
        }
    }
}

/// A call under way with its connection.
struct Session<'a> {
    job: &'a Job<'a>,
    connection: Connection,
    /// True once the token was renewed: that is done once.
    renewed: bool,
}

/// An answer, and the names with `response` that it is read with.
type Answered = (Seen, Names);

impl Session<'_> {
    /// One exchange; where the token is over, one more with another.
    async fn exchange(
        &mut self,
        called: &Called<'_>,
        request: &Request,
        names: &Names,
        turn: Option<&Turn>,
    ) -> Result<Option<Answered>, Failure> {
        loop {
            let names = names.with("connection", self.connection.value());
            match self.send(called, request, &names, turn).await? {
                (Meaning::Yes, answered) => return Ok(Some(answered)),
                (Meaning::Nothing, _) => return Ok(None),
                (Meaning::No(Class::AuthRefreshThenRetry, failure), _)
                    if !self.renewed && is_connected(self.job.manifest) =>
                {
                    self.renewed = true;
                    let renewed = self.job.connections.refused(self.job.manifest, &self.connection).await;
                    self.connection = renewed.map_err(|why| Failure {
                        message: format!("{}; {}", failure.message, why.message),
                        retryable: why.retryable,
                        retry_after: why.retry_after,
                        ..*failure
                    })?;
                }
                (Meaning::No(_, failure), _) => return Err(*failure),
            }
        }
    }

    /// One request and what its answer means.
    async fn send(
        &self,
        called: &Called<'_>,
        request: &Request,
        names: &Names,
        turn: Option<&Turn>,
    ) -> Result<(Meaning, Answered), Failure> {
        let job = self.job;
        let mut outgoing = self.outgoing(called, request, names, turn)?;
        if let Some(lasts) = &request.link {
            let seen = answer::of_link(self.linked(outgoing, lasts, names)?);
            let names = names.with("response", seen.response.clone());
            return Ok((Meaning::Yes, (seen, names)));
        }
        let line = self.line();
        let _place = self.admitted(called, names, &line).await?;
        let within = self.within(outgoing.url.host_str().unwrap_or_default());
        let way = job.auth(&self.connection)?;
        let client = job.egress.opened_by(signed::signed(&mut outgoing, way, &self.connection, within)?);
        let mut watch = Watch::start();
        let seen = match request.reads {
            Reads::Bytes => self.receive(&client, &outgoing, called, (request, &mut watch), names).await,
            Reads::Auto | Reads::Json | Reads::Text | Reads::Xml => {
                let (call, sent) = (outgoing.name(), client.send(outgoing.request()).await);
                watch.stop();
                sent.map_err(|error| unanswered(&error, &call, called.safety())).and_then(|response| {
                    if let Some(recorder) = job.recorder {
                        recorder.heard(&outgoing, &response);
                    }
                    answer::read(response, request.reads, &call)
                })
            }
        };
        let seen = match seen {
            Ok(seen) => seen,
            Err(failure) => {
                self.measured(&watch, Some(&failure));
                return Err(failure);
            }
        };
        let names = names.with("response", seen.response.clone());
        let meaning = called.judge(job).judge(&seen, &names);
        match &meaning {
            Meaning::Yes | Meaning::Nothing => self.measured(&watch, None),
            Meaning::No(_, failure) => self.measured(&watch, Some(failure)),
        }
        if let Meaning::No(Class::RateLimited, failure) = &meaning
            && let Some(wait) = failure.retry_after.and_then(|wait| wait.try_into().ok())
        {
            job.meter.hold(&line, wait);
        }
        Ok((meaning, (seen, names)))
    }

    /// The line in which calls of this connection wait.
    fn line(&self) -> Whose {
        self.job.meter.line(&self.job.manifest.id, &self.connection)
    }

    /// Waits until one more may be sent, by all limits.
    async fn admitted(&self, called: &Called<'_>, names: &Names, line: &Whose) -> Result<Place, Failure> {
        let job = self.job;
        let most = called.limits().concurrency.or(job.manifest.defaults.limits.concurrency);
        job.meter.admit(line, (job.name, job.id), self.wants(called, names)?, most).await
    }

    /// What one request is counted under.
    fn wants(&self, called: &Called<'_>, names: &Names) -> Result<Vec<Want>, Failure> {
        let mut wants = vec![];
        for (limits, whose) in [(called.limits(), self.job.id), (&self.job.manifest.defaults.limits, "")] {
            wants.extend(counted(limits, whose, names)?);
        }
        Ok(wants)
    }

    /// Opens the secrets of the connection for its hosts; for the one that is asked where somebody said so.
    fn within(&self, host: &str) -> Arc<dyn Open> {
        let hosts = match self.base() {
            Some(_) => vec![host.to_owned()],
            None => self.job.manifest.hosts_of(&self.connection.fields),
        };
        Arc::new(Within { open: self.connection.open.clone(), hosts })
    }

    /// Tells what was measured of a request. One that was not let out says nothing about its service.
    fn measured(&self, watch: &Watch, failure: Option<&Failure>) {
        let went_out = failure.is_none_or(|failure| {
            failure.answered || matches!(failure.kind, FailureKind::Network | FailureKind::Timeout)
        });
        if went_out && is_connected(self.job.manifest) {
            let measured = Measured { took: watch.took(), failure };
            self.job.connections.measured(self.job.manifest, &self.connection, measured);
        }
    }

    /// Where paths begin, where not at the manifest's base.
    fn base(&self) -> Option<&str> {
        self.job.base.or(self.connection.base.as_deref())
    }

    fn outgoing(
        &self,
        called: &Called<'_>,
        request: &Request,
        names: &Names,
        turn: Option<&Turn>,
    ) -> Result<Outgoing, Failure> {
        let from = Sender {
            manifest: self.job.manifest,
            connection: &self.connection,
            auth: self.job.auth(&self.connection)?,
            base: self.base(),
            idempotency: called.idempotency(),
            contents: self.job.contents,
        };
        build::build(&from, request, names, turn)
    }

    /// A further request for each item, several at once; they keep their order.
    async fn each(
        &self,
        called: &Called<'_>,
        (each, made): (&Each, &[Made]),
        items: Vec<Value>,
        names: &Names,
    ) -> Result<Vec<Value>, Failure> {
        let ask = |item: Value| async move {
            let names = names.with("item", item.clone());
            match self.send(called, &each.request, &names, None).await? {
                (Meaning::Yes, (_, names)) => {
                    let names = made::made(made, Moment::After, names)?;
                    Ok(fill::value(&each.output, &names)?.unwrap_or_default())
                }
                (Meaning::Nothing, _) => Ok(item),
                (Meaning::No(_, failure), _) => Err(*failure),
            }
        };
        let mut answers = stream::iter(items.into_iter().map(ask)).buffered(each.parallel);
        let mut all = vec![];
        while let Some(answer) = answers.next().await {
            all.push(answer?);
        }
        Ok(all)
    }
}

/// How long a service takes for an answer.
struct Watch {
    begun: Instant,
    took: Option<Duration>,
}

impl Watch {
    fn start() -> Watch {
        Watch { begun: Instant::now(), took: None }
    }

    fn stop(&mut self) {
        self.took.get_or_insert_with(|| self.begun.elapsed());
    }

    fn took(&self) -> Duration {
        self.took.unwrap_or_else(|| self.begun.elapsed())
    }
}

/// What a request is counted under, by the budgets of an action or of all.
fn counted(limits: &Limits, whose: &str, names: &Names) -> Result<Vec<Want>, Failure> {
    let mut wants = vec![];
    for (at, budget) in limits.budgets.iter().enumerate() {
        let key = match &budget.key {
            Some(key) => match fill::value(key, names)? {
                Some(key) => key.to_string(),
                None => continue,
            },
            None => String::new(),
        };
        wants.push(Want { key: format!("{whose}\n{at}\n{key}"), limit: budget.limit, per: budget.per });
    }
    Ok(wants)
}

/// The host that the requests of a connection go to.
pub(crate) fn base_host(manifest: &Manifest, auth: &Auth, fields: &Object) -> Result<String, Failure> {
    let connection = Connection { fields: fields.clone(), ..Connection::nobody(&auth.id) };
    let contents = &Contents::none();
    let from = Sender { manifest, connection: &connection, auth, base: None, idempotency: None, contents };
    let names = Names::new("").with("connection", connection.value());
    let base = auth.base.as_ref().unwrap_or(&manifest.base);
    let url = build::joined(&from, &build::plain(base, &names, "base")?, "")?;
    Ok(url.host_str().unwrap_or_default().to_owned())
}

/// What went wrong on the way. A call that must not be made twice may be made again only if nobody has seen it, or a no was
/// the answer.
pub(crate) fn unanswered(error: &egress::Error, call: &str, safety: Safety) -> Failure {
    let failure = crate::failure::of_egress(error, call);
    let unseen = matches!(error, egress::Error::Network { before_send: true, .. });
    Failure {
        retryable: failure.retryable && (safety.repeatable() || unseen || failure.answered),
        answered: failure.answered || unseen,
        ..failure
    }
}

/// What an action gives by its manifest.
fn given(action: &Action, seen: &Seen, names: Names) -> Result<Value, Failure> {
    let answered = |failure| Failure { answered: true, ..failure };
    let names = made::made(&action.made, Moment::After, names).map_err(answered)?;
    let value = match &action.answer.output {
        Some(output) => fill::value(output, &names).map_err(answered)?,
        None => seen.response.get("body").cloned(),
    };
    Ok(answer::picked(&value.unwrap_or_default(), &action.answer.returns))
}

/// The request that an author describes.
fn free(params: &Params) -> Result<Request, Failure> {
    let invalid = |message: &str| Failure::new(FailureKind::Invalid, message);
    let path = params.required_text("path")?;
    if !path.starts_with('/') || path.starts_with("//") {
        return Err(invalid(&format!("`path` begins with one `/`, and not as `{}`", short(path))));
    }
    let method = params.required_text("method")?;
    let method = Method::ALL.into_iter().find(|known| known.name() == method);
    let pairs = |name: &str| -> Vec<(String, Arg)> {
        let given = params.object(name).unwrap_or_default();
        given.entries().map(|(name, value)| (name.to_owned(), Arg::Value(value.clone()))).collect()
    };
    let body = match (params.get("json"), params.get("form")) {
        (Some(_), Some(_)) => return Err(invalid("`json` and `form` exclude each other")),
        (Some(json), None) => Body::Json(Arg::Value(json.clone())),
        (None, Some(form)) => Body::Form(Arg::Value(form.clone())),
        (None, None) => Body::None,
    };
    Ok(Request {
        method: method.ok_or_else(|| invalid("`method` is none of those that the connector takes"))?,
        base: None,
        path: Arg::Value(Value::text(path)),
        query: pairs("query"),
        headers: pairs("headers"),
        body,
        lists: Lists::Indexed,
        reads: Reads::Auto,
        file_name: None,
        link: None,
    })
}
