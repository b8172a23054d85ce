//! The client: one call, from a request with holes to a whole answer, within the policy.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secret::{Hole, Open};
use tokio::sync::Semaphore;
use url::Url;

use crate::content::{Streamed, streamed};
use crate::error::{Error, refused_address};
use crate::incoming::Incoming;
use crate::limits::{Body, check_head, read_body};
use crate::policy::{Policy, host_of};
use crate::redact::{Opened, Veil};
use crate::redirect::{Hop, hop, may_travel};
use crate::request::{Header, Request, Text, fill_body, has_hole, names};
use crate::resolve::{Guard, Lookup, SystemLookup};

/// What callers may not set: these belong to the connection, and a wrong one confuses servers.
const OURS: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// How many bytes a second a line carries at least that is worth waiting for.
pub(crate) const SLOW: u64 = 50_000;

/// How many secrets are opened at once.
const OPENS: usize = 16;

/// An answer, whatever its status. Secrets that the server said back are replaced by `***`.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers as they came: names in lower case, a name may repeat.
    pub headers: Vec<(String, String)>,
    /// The body as it came; nothing is decompressed.
    pub body: Bytes,
    /// Where the answer is from, after redirects.
    pub url: String,
}

/// An answer as far as it came.
#[derive(Clone, Debug)]
pub struct Gathered {
    /// What came; its body may be cut off.
    pub response: Response,
    /// Why it is cut off, if it is.
    pub broken: Option<Error>,
    /// How long it took until the body began, where one did.
    pub first: Option<Duration>,
}

/// The one way out to the network. Clones share their connections.
#[derive(Clone)]
pub struct Client {
    pub(crate) policy: Arc<Policy>,
    pub(crate) open: Arc<dyn Open>,
    /// Opening waits for a disk: more at once would be as many threads that wait.
    pub(crate) opens: Arc<Semaphore>,
    pub(crate) lookup: Arc<dyn Lookup>,
    /// Made at the first call: it reads the system's trusted certificates, which takes its time, and which a
    /// workflow that calls nobody does not need.
    http: Arc<OnceLock<Result<reqwest::Client, String>>>,
}

impl Client {
    /// Makes a client that asks the operating system for addresses.
    pub fn new(policy: Policy, open: Arc<dyn Open>) -> Client {
        Client::with_lookup(policy, open, Arc::new(SystemLookup))
    }

    /// Makes a client that asks somebody else for addresses. What it answers is filtered all the same.
    pub fn with_lookup(policy: Policy, open: Arc<dyn Open>, lookup: Arc<dyn Lookup>) -> Client {
        let opens = Arc::new(Semaphore::new(OPENS));
        Client { policy: Arc::new(policy), open, opens, lookup, http: Arc::default() }
    }

    /// The same way out, with its connections, for whom somebody else opens secrets.
    pub fn opened_by(&self, open: Arc<dyn Open>) -> Client {
        Client { open, ..self.clone() }
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// Where the policy forbids it, a secret is refused, the request is wrong, or no whole answer comes.
    /// A status of any kind is an answer, not an error.
    pub async fn send(&self, request: Request) -> Result<Response, Error> {
        let url = checked_url(&request.url)?;
        let limit = self.patience(&request);
        let host = host_of(&url);
        // Not counted: the first call would pay for all.
        self.http.get_or_init(|| self.connect());
        let max_response = request.max_response.unwrap_or(usize::MAX).min(self.policy.max_response);
        let call = async {
            let (response, url, opened) = self.follow(request, url).await?;
            self.finish(response, url, &opened, max_response).await
        };
        tokio::time::timeout(limit, call).await.unwrap_or(Err(Error::Timeout { host, limit }))
    }

    /// Sends a request and gives the answer when its head is there. The request's time is that until then, and that from
    /// one piece of the body to the next; a body that is read while it is sent has as much more as a slow line needs.
    ///
    /// # Errors
    /// As for `send`.
    pub async fn open(&self, request: Request) -> Result<Incoming, Error> {
        let url = checked_url(&request.url)?;
        let limit = request.timeout.unwrap_or(self.policy.timeout);
        let host = host_of(&url);
        let patience = self.patience(&request);
        self.http.get_or_init(|| self.connect());
        let due = Instant::now() + patience;
        let followed = tokio::time::timeout(patience, self.follow(request, url)).await;
        let late = Err(Error::Timeout { host, limit: patience });
        let (response, url, opened) = followed.unwrap_or(late)?;
        Ok(Incoming::new((head(&response), url, opened), response, (limit, due)))
    }

    /// How long the head of an answer is waited for.
    fn patience(&self, request: &Request) -> Duration {
        let limit = request.timeout.unwrap_or(self.policy.timeout);
        limit + Duration::from_secs(streamed(&request.body) / SLOW)
    }

    /// The longest body that is read piece by piece, in bytes.
    pub fn max_streamed(&self) -> u64 {
        self.policy.max_streamed
    }

    /// As `send`, but keeps what came of an answer that breaks off, takes too long or is too long. No redirect is followed.
    /// Whoever hears is told of each piece as it comes, with the status of the answer; secrets are replaced there too.
    ///
    /// # Errors
    /// As for `send`, where not even the head of an answer comes.
    pub async fn gather(
        &self,
        request: Request,
        hear: &mut (dyn FnMut(u16, &[u8]) + Send),
    ) -> Result<Gathered, Error> {
        let url = checked_url(&request.url)?;
        let limit = request.timeout.unwrap_or(self.policy.timeout);
        let (host, began) = (host_of(&url), Instant::now());
        let late = || Error::Timeout { host: host.clone(), limit };
        self.http.get_or_init(|| self.connect());
        let opened = Opened::new(self.open.clone(), self.opens.clone());
        let exchange = tokio::time::timeout(limit, self.exchange(&request, &url, &opened, true));
        let response = exchange.await.unwrap_or_else(|_| Err(late()))?;
        let most = request.max_response.unwrap_or(usize::MAX).min(self.policy.max_response);
        let (status, heads) = head(&response);
        let mut body = Body::new(response, most);
        let left = limit.saturating_sub(began.elapsed());
        let mut veil = Veil::new(opened.needles());
        let mut tell = |piece: &[u8]| {
            let seen = veil.push(Bytes::copy_from_slice(piece));
            if !seen.is_empty() {
                hear(status, &seen);
            }
        };
        let read = tokio::time::timeout(left, body.read(&host, began, &mut tell)).await;
        let broken = read.unwrap_or_else(|_| Err(late())).err();
        let rest = veil.end();
        if !rest.is_empty() {
            hear(status, &rest);
        }
        let first = body.first;
        Ok(Gathered { response: told((status, heads), body.bytes(), url, &opened), broken, first })
    }

    fn connect(&self) -> Result<reqwest::Client, String> {
        install_cryptography();
        let guard = Guard { lookup: self.lookup.clone(), policy: self.policy.clone() };
        reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            // Trying again is the engine's business alone.
            .retry(reqwest::retry::never())
            .dns_resolver(Arc::new(guard))
            .connect_timeout(Duration::from_secs(10))
            .http2_max_header_list_size(u32::try_from(self.policy.max_head).unwrap_or(u32::MAX))
            .user_agent(concat!("keyway/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Error::deepest(&error))
    }

    /// The head of the answer behind all redirects, where it is from, and the secrets that were opened on the way.
    async fn follow(
        &self,
        mut request: Request,
        mut url: Url,
    ) -> Result<(reqwest::Response, Url, Opened), Error> {
        let opened = Opened::new(self.open.clone(), self.opens.clone());
        let most = request.redirects.unwrap_or(self.policy.redirects);
        let mut followed = 0;
        loop {
            let host = host_of(&url);
            let response = self.exchange(&request, &url, &opened, followed == 0).await?;
            let location = response.headers().get("location");
            let location = location.and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
            let next = match hop(&url, &request.method, response.status(), location)? {
                Some(next) if most > 0 => next,
                Some(_) | None => return Ok((response, url, opened)),
            };
            if followed == most {
                return Err(Error::Refused(format!("`{host}` redirects more than {most} times")));
            }
            prepare(&mut request, &next, &host)?;
            url = next.url;
            followed += 1;
        }
    }

    /// One request and the head of its answer.
    async fn exchange(
        &self,
        request: &Request,
        url: &Url,
        opened: &Opened,
        first: bool,
    ) -> Result<reqwest::Response, Error> {
        let host = host_of(url);
        self.policy.check_host(url)?;
        let http = self.http.get_or_init(|| self.connect()).as_ref().map_err(|reason| {
            let message = format!("no call can be made from this machine: {reason}");
            Error::Network { message, before_send: true }
        })?;
        opened.learn(names(request), &host).await?;
        let url = with_path(url, request.path.as_ref(), opened, &host)?;
        let url = with_query(&url, &request.query, opened, &host)?;
        let mut built = reqwest::Request::new(request.method.clone(), url);
        *built.headers_mut() = fill_headers(&request.headers, opened, &host)?;
        *built.body_mut() = self.body(request, opened, &host)?;
        let response =
            http.execute(built).await.map_err(|error| match Error::network(error, &host, first) {
                Error::Network { message, .. } if message.ends_with("message head is too large") => {
                    Error::TooLarge { host: host.clone(), what: "head", limit: self.policy.max_head }
                }
                other => other,
            })?;
        // The resolver has seen to this; an answer from elsewhere would be a fault of ours, and is not shown.
        if let Some(address) = response.remote_addr().map(|address| address.ip())
            && !self.policy.allows(address)
        {
            return Err(Error::Refused(refused_address(&host, &address.to_string())));
        }
        check_head(response.headers(), &host, self.policy.max_head)?;
        Ok(response)
    }

    /// The body of a request, if it has one, with its holes filled.
    fn body(&self, request: &Request, opened: &Opened, host: &str) -> Result<Option<reqwest::Body>, Error> {
        let (body, size, limit) = if streamed(&request.body) > 0 {
            let body = Streamed::begin(&request.body, opened, host)?;
            let size = body.size();
            (reqwest::Body::wrap(body), size, self.policy.max_streamed)
        } else {
            let body = fill_body(&request.body, opened, host)?;
            let size = body.len() as u64;
            (body.into(), size, self.policy.max_request as u64)
        };
        if size > limit {
            return Err(Error::Invalid(format!("the body for `{host}` is longer than {limit} bytes")));
        }
        Ok((!request.body.is_empty()).then_some(body))
    }

    async fn finish(
        &self,
        response: reqwest::Response,
        url: Url,
        opened: &Opened,
        limit: usize,
    ) -> Result<Response, Error> {
        let host = host_of(&url);
        let head = head(&response);
        let body = read_body(response, &host, limit).await?;
        Ok(told(head, body, url, opened))
    }
}

/// Status and headers of an answer.
pub(crate) type Head = (u16, Vec<(String, String)>);

fn head(response: &reqwest::Response) -> Head {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let heads = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value)));
    (response.status().as_u16(), heads.collect())
}

/// An answer as the caller sees it: without the secrets that were sent.
pub(crate) fn told((status, heads): Head, body: Bytes, mut url: Url, opened: &Opened) -> Response {
    url.set_fragment(None);
    let needles = opened.needles();
    Response {
        status,
        headers: heads.into_iter().map(|(name, value)| (name, needles.redact_text(&value))).collect(),
        body: needles.redact(body),
        url: needles.redact_text(url.as_str()),
    }
}

/// Changes a request into the one that a redirect asks for.
fn prepare(request: &mut Request, next: &Hop, host: &str) -> Result<(), Error> {
    if !next.keeps_body {
        request.body.clear();
        request.headers.retain(|header| !header.name.to_ascii_lowercase().starts_with("content-"));
    }
    if !next.same_origin {
        if has_hole(&request.body) {
            let text = format!("`{host}` redirects to another host a body that holds a secret");
            return Err(Error::Refused(text));
        }
        request.headers.retain(may_travel);
        request.query.clear();
    }
    request.path = None;
    request.method = next.method.clone();
    Ok(())
}

/// The URL with the secret part of its path, which is segments of letters, digits and `-._~:` alone: what else a secret may
/// hold leads nowhere.
fn with_path(url: &Url, path: Option<&(usize, Hole)>, opened: &Opened, host: &str) -> Result<Url, Error> {
    let mut url = url.clone();
    if let Some((at, hole)) = path {
        let filled = opened.fill(hole, host)?;
        let fits = |part: &str| {
            let plain = |letter: char| letter.is_ascii_alphanumeric() || "-._~:".contains(letter);
            !part.is_empty() && part != "." && part != ".." && part.chars().all(plain)
        };
        let segments = filled.expose().strip_prefix('/').filter(|rest| rest.split('/').all(fits));
        match (segments, url.path().split_at_checked(*at)) {
            (Some(segments), Some((before, after))) => {
                let whole = format!("{before}/{segments}{after}");
                url.set_path(&whole);
            }
            _ => return Err(Error::Invalid("a secret cannot stand in the path of a URL".into())),
        }
    }
    Ok(url)
}

/// The URL with the secrets of its query, which a redirect may bring back.
fn with_query(url: &Url, query: &[(String, Hole)], opened: &Opened, host: &str) -> Result<Url, Error> {
    let mut url = url.clone();
    for (name, hole) in query {
        if url.query_pairs().all(|(known, _)| known != name.as_str()) {
            let filled = opened.fill(hole, host)?;
            url.query_pairs_mut().append_pair(name, filled.expose());
        }
    }
    Ok(url)
}

/// Reads the URL of a request.
pub(crate) fn checked_url(text: &str) -> Result<Url, Error> {
    // The text is left out: it may hold what only the receiver should see.
    let url = Url::parse(text).map_err(|error| Error::Invalid(format!("this is not a URL: {error}")))?;
    match url.scheme() {
        "http" | "https" => {}
        other => return Err(Error::Invalid(format!("a URL begins with http or https, not with `{other}:`"))),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::Invalid("a URL holds no user and no password; they belong into `auth`".into()));
    }
    Ok(url)
}

fn fill_headers(headers: &[Header], opened: &Opened, host: &str) -> Result<HeaderMap, Error> {
    let mut map = HeaderMap::new();
    for header in headers {
        let Ok(name) = HeaderName::from_bytes(header.name.as_bytes()) else {
            return Err(Error::Invalid(format!("`{}` cannot be the name of a header", header.name)));
        };
        if OURS.contains(&name.as_str()) {
            return Err(Error::Invalid(format!("the header `{name}` is set by the client alone")));
        }
        let value = match &header.value {
            Text::Plain(text) => HeaderValue::from_bytes(text.as_bytes()),
            Text::Hole(hole) => HeaderValue::from_bytes(opened.fill(hole, host)?.expose().as_bytes()),
        };
        let Ok(mut value) = value else {
            return Err(Error::Invalid(format!(
                "the value of the header `{name}` has a character that cannot be sent"
            )));
        };
        value.set_sensitive(header.credential || matches!(header.value, Text::Hole(_)));
        map.append(name, value);
    }
    Ok(map)
}

/// Chooses the cryptography of TLS for the whole process, once.
pub(crate) fn install_cryptography() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        // An error means that somebody has chosen before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
