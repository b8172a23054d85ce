//! Who asks, by what they show, and whether they may: a program by its token, a person by the cookie of a browser. Both are
//! found by their hashes, and counted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dsl::value::Hash;
use hyper::header::{AUTHORIZATION, COOKIE as COOKIES, HOST, HeaderMap, ORIGIN};
use hyper::http::request::Parts;
use jiff::Timestamp;
use runtime::driver::Error as DriverError;
use runtime::schedule::books::{nanoseconds, timestamp};
use store::door::Token as Row;

use super::routes::Policy;
use super::{Limits, Refusal};
use crate::accounts::is_over;
use crate::error::Error;
use crate::role::Role;
use crate::token::{SESSION, Scope, Token};

/// The cookie by which a browser is known again. Its name keeps other hosts and paths from setting it.
pub const COOKIE: &str = "__Host-keyway";

/// The head that a page of another site cannot send.
pub const CSRF: &str = "x-csrf-token";

/// How often it is written down that a token or a session is used.
const NOTED: Duration = Duration::from_secs(60);

/// How many askers are remembered before those are forgotten that have not asked for long.
const REMEMBERED: usize = 1024;

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// For whom they act; nobody's name where nothing was shown, and nobody owns anything.
    pub owner: String,
    /// The name of the token; of a person who is signed in, their own behind an `@`.
    pub token: String,
    /// How far a token goes.
    pub scope: Option<Scope>,
    /// The person who is signed in.
    pub person: Option<Person>,
    /// The account whose token it is, where it is a person's: what it makes is that person's as well.
    pub account: Option<String>,
    /// When a token counts no more, in nanoseconds since 1970: what it makes counts no longer.
    pub expires: Option<i64>,
}

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The account.
    pub account: String,
    /// Its name.
    pub name: String,
    /// Its role with the things of the owner; nothing where it has no seat there.
    pub role: Option<Role>,
    /// The hash of what the browser showed.
    pub session: [u8; 32],
    /// What a page has to send with everything that changes something.
    pub csrf: String,
    /// When it has to sign in again, whatever happens.
    pub until: Timestamp,
}

impl Who {
    /// Somebody who shows nothing.
    pub fn nobody() -> Who {
        Who::default()
    }

    /// As the audit and the runs tell who acted.
    pub fn actor(&self) -> String {
        match &self.person {
            Some(person) => person.name.clone(),
            None => format!("token {}", self.token),
        }
    }
}

/// Finds out who asks.
pub(super) struct Door {
    reader: Arc<store::Reader>,
    limits: Limits,
    /// Where the world reaches it, beside the name by which it is called.
    public: Option<String>,
    seen: Mutex<HashMap<(Asks, [u8; 32]), Seen>>,
}

/// What is counted of an asker, each for itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Asks {
    /// Questions to models.
    Models,
    /// All else.
    Others,
}

/// Whether a request is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Count {
    /// It is.
    Once,
    /// It was.
    Already,
}

/// When somebody asked last, how often they may ask at once, and when that was written down.
struct Seen {
    left: f64,
    at: Instant,
    noted: Option<Instant>,
}

/// Whether the use of a token or a session is to be written down.
pub(super) enum Use {
    /// It was, not long ago.
    Known,
    /// That of this owner's token is, by its hash.
    Token(String, [u8; 32]),
    /// That of a session is, by its hash.
    Session([u8; 32]),
}

impl Door {
    pub fn new(reader: Arc<store::Reader>, limits: Limits, public: Option<String>) -> Door {
        Door { reader, limits, public, seen: Mutex::default() }
    }

    /// True where requests come by a proxy, as far as that was said.
    pub fn is_behind_proxy(&self) -> bool {
        self.public.is_some()
    }

    /// Looks who asks, and whether a route is open to them. The request is counted.
    pub fn check(&self, policy: Policy, parts: &Parts) -> Result<(Who, Use), Refusal> {
        self.look(policy, parts, Count::Once)
    }

    /// Looks once more, right before something is done: the body may have taken long, and hands to do it may have been
    /// waited for, and who asks may have lost meanwhile what they had.
    pub fn again(&self, policy: Policy, parts: &Parts) -> Result<Who, Refusal> {
        Ok(self.look(policy, parts, Count::Already)?.0)
    }

    fn look(&self, policy: Policy, parts: &Parts, count: Count) -> Result<(Who, Use), Refusal> {
        let headers = &parts.headers;
        match policy {
            // The address is the proof, and who calls it is no page.
            Policy::Address => Ok((Who::nobody(), Use::Known)),
            Policy::Public => {
                // A page of another site must not sign anybody in here, not even with its own name.
                if changes(parts) && came_from(headers) != Came::Unknown {
                    self.check_site(headers)?;
                }
                Ok((Who::nobody(), Use::Known))
            }
            Policy::Token(scope) if self.shows_token(scope, headers) => self.token(scope, headers, count),
            Policy::Token(scope) => {
                let (person, who) = self.person(parts, scope, count)?;
                match person.role {
                    Some(role) if role.covers(scope) => Ok(who),
                    Some(_) | None => Err(Refusal::role(scope.name())),
                }
            }
            Policy::Person => Ok(self.person(parts, Scope::Read, count)?.1),
            Policy::Role(least) => {
                let (person, who) = self.person(parts, Scope::Read, count)?;
                match person.role {
                    Some(role) if role >= least => Ok(who),
                    Some(_) | None => Err(Refusal::role(least.name())),
                }
            }
        }
    }

    /// True where something is shown that should be a token. Then no cookie counts.
    fn shows_token(&self, wanted: Scope, headers: &HeaderMap) -> bool {
        headers.contains_key(AUTHORIZATION)
            || wanted == Scope::Ai && headers.contains_key("x-api-key")
            || cookie(headers).is_none()
    }

    fn token(&self, wanted: Scope, headers: &HeaderMap, count: Count) -> Result<(Who, Use), Refusal> {
        let row = self.known(wanted, headers)?;
        if row.expires.is_some_and(|expires| expires <= nanoseconds(Timestamp::now())) {
            return Err(Refusal::unauthorized("the token counts no more: its time is over"));
        }
        let noting = self.counted(row.hash, wanted, count)?;
        // A word that a later version wrote lets nobody in.
        let scope = Scope::of(&row.scope).filter(|scope| scope.covers(wanted));
        if scope.is_none() {
            return Err(Refusal::forbidden(wanted.name()));
        }
        // What belongs to a person goes no further than the person, as things stand now.
        let role = row.role.as_deref().and_then(Role::of);
        if row.account.is_some() && !role.is_some_and(|role| role.covers(wanted)) {
            return Err(Refusal::role(wanted.name()));
        }
        let used = if noting { Use::Token(row.owner.clone(), row.hash) } else { Use::Known };
        let (account, expires) = (row.account, row.expires);
        Ok((Who { owner: row.owner, token: row.name, scope, person: None, account, expires }, used))
    }

    fn known(&self, wanted: Scope, headers: &HeaderMap) -> Result<Row, Refusal> {
        let unknown = || Refusal::unauthorized("the token is not known");
        // Anthropic's libraries show a key in a head of its own.
        let own = || only(headers, "x-api-key").filter(|_| wanted == Scope::Ai);
        let token = match (only(headers, AUTHORIZATION.as_str()), own()) {
            (None, None) => return Err(Refusal::unauthorized("this needs a token")),
            (Some(shown), _) => {
                let (scheme, token) = shown.split_once(' ').ok_or_else(unknown)?;
                Some(token).filter(|_| scheme.eq_ignore_ascii_case("bearer")).ok_or_else(unknown)?
            }
            (None, Some(shown)) => shown,
        };
        let token = Token::read(token.trim()).ok_or_else(unknown)?;
        let found = self.reader.token(&token.hash());
        found.map_err(|error| Error::from(DriverError::from(error)))?.ok_or_else(unknown)
    }

    /// Who is signed in, if what a request does is the wish of a page of ours.
    fn person(&self, parts: &Parts, asks: Scope, count: Count) -> Result<(Person, (Who, Use)), Refusal> {
        let headers = &parts.headers;
        let none = || Refusal::signed_out("this needs somebody who is signed in");
        let shown = cookie(headers).ok_or_else(none)?;
        let unknown = || Refusal::signed_out("the session is over");
        let shown = Token::read_as(SESSION, &shown).ok_or_else(unknown)?;
        let row = self.reader.session(&shown.hash());
        let row = row.map_err(|error| Error::from(DriverError::from(error)))?.ok_or_else(unknown)?;
        if is_over(&row, Timestamp::now()) {
            return Err(unknown());
        }
        let csrf = csrf(&shown);
        if changes(parts) {
            self.check_site(headers)?;
            let sent = only(headers, CSRF).unwrap_or_default();
            // The hashes of both are compared: how far they are alike tells nothing of the token.
            if Hash::of(sent.as_bytes()) != Hash::of(csrf.as_bytes()) {
                return Err(Refusal::forged("the head `x-csrf-token` is not that of the session"));
            }
        }
        let noting = self.counted(row.hash, asks, count)?;
        let person = Person {
            account: row.account,
            role: row.role.as_deref().and_then(Role::of),
            session: row.hash,
            csrf,
            until: timestamp(row.expires),
            name: row.name,
        };
        let used = if noting { Use::Session(row.hash) } else { Use::Known };
        let token = format!("@{}", person.name);
        let who = Who { owner: row.space, token, person: Some(person.clone()), ..Who::default() };
        Ok((person, (who, used)))
    }

    /// Looks whether a page of ours asks, and no other.
    fn check_site(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let other = || Refusal::forged("a page of another site asks");
        match came_from(headers) {
            Came::Unknown => Err(Refusal::forged("the head tells neither `origin` nor `sec-fetch-site`")),
            Came::Elsewhere => Err(other()),
            Came::Here => Ok(()),
            Came::From(origin) => {
                let host = only(headers, HOST.as_str()).unwrap_or_default();
                let own = ["http://", "https://"].iter().any(|scheme| {
                    origin.strip_prefix(scheme).is_some_and(|named| named.eq_ignore_ascii_case(host))
                });
                let public =
                    self.public.as_deref().is_some_and(|public| public.eq_ignore_ascii_case(&origin));
                if own || public { Ok(()) } else { Err(other()) }
            }
        }
    }

    /// Counts a request; true if its use is to be written down.
    fn counted(&self, hash: [u8; 32], scope: Scope, count: Count) -> Result<bool, Refusal> {
        let asks = if scope == Scope::Ai { Asks::Models } else { Asks::Others };
        if count == Count::Already {
            return Ok(false);
        }
        let (rate, burst) = match asks {
            Asks::Models => (self.limits.questions, self.limits.questions),
            Asks::Others => (self.limits.rate, self.limits.burst),
        };
        let (rate, burst) = (f64::from(rate), f64::from(burst));
        let now = Instant::now();
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED {
            all.retain(|_, seen| now.duration_since(seen.at) < NOTED);
        }
        let seen = all.entry((asks, hash)).or_insert(Seen { left: burst, at: now, noted: None });
        seen.left = burst.min(seen.left + now.duration_since(seen.at).as_secs_f64() * rate);
        seen.at = now;
        if seen.left < 1.0 {
            return Err(Refusal::often(1));
        }
        seen.left -= 1.0;
        let noting = seen.noted.is_none_or(|noted| now.duration_since(noted) >= NOTED);
        if noting {
            seen.noted = Some(now);
        }
        Ok(noting)
    }
}

/// True of a request that may change something.
fn changes(parts: &Parts) -> bool {
    !matches!(parts.method.as_str(), "GET" | "HEAD")
}

/// What a browser tells of the page that asks.
#[derive(Debug, PartialEq, Eq)]
enum Came {
    /// Nothing: it is no browser, or a very old one.
    Unknown,
    /// A page of this origin.
    From(String),
    /// A page of ours.
    Here,
    /// A page of another site.
    Elsewhere,
}

fn came_from(headers: &HeaderMap) -> Came {
    let site = only(headers, "sec-fetch-site");
    if site.is_some_and(|site| site != "same-origin") {
        return Came::Elsewhere;
    }
    match (only(headers, ORIGIN.as_str()), site) {
        (Some(origin), _) => Came::From(origin.to_owned()),
        (None, Some(_)) => Came::Here,
        (None, None) => Came::Unknown,
    }
}

/// What a page has to send with everything that changes something. It follows from what the browser shows, which no page
/// can read, and tells nothing of it.
pub fn csrf(session: &Token) -> String {
    let digest = Hash::of(format!("keyway csrf\0{}", session.expose()).as_bytes()).0;
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the cookie of a browser says; nothing where it has none, or two.
pub(super) fn cookie(headers: &HeaderMap) -> Option<String> {
    cookie_of(headers, COOKIE)
}

/// What a cookie of a browser says; nothing where it has none of this name, or two.
pub(super) fn cookie_of(headers: &HeaderMap, wanted: &str) -> Option<String> {
    let pairs = headers.get_all(COOKIES).iter().filter_map(|value| value.to_str().ok());
    let pairs = pairs.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut found = pairs.filter(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned());
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// What a head says; nothing where it is not there, and an empty text where it is there twice or is none.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut said = headers.get_all(name).iter();
    match (said.next(), said.next()) {
        (None, _) => None,
        (Some(one), None) => Some(one.to_str().unwrap_or("")),
        (Some(_), Some(_)) => Some(""),
    }
}
