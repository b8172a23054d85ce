//! Who asks, by what they show, and whether they may: a token is found by its hash, and counted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::header::{AUTHORIZATION, HeaderMap};
use jiff::Timestamp;
use runtime::driver::Error as DriverError;
use runtime::schedule::books::nanoseconds;
use store::door::Token as Row;

use super::routes::Policy;
use super::{Limits, Refusal};
use crate::error::Error;
use crate::token::{Scope, Token};

/// How often it is written down that a token is used.
const NOTED: Duration = Duration::from_secs(60);

/// How many tokens are remembered before those are forgotten that have not asked for long.
const REMEMBERED: usize = 1024;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// For whom they act; nobody's name where nothing was shown, and nobody owns anything.
    pub owner: String,
    /// The name of the token.
    pub token: String,
    /// How far it goes.
    pub scope: Option<Scope>,
}

impl Who {
    /// Somebody who shows nothing.
    pub fn nobody() -> Who {
        Who { owner: String::new(), token: String::new(), scope: None }
    }
}

/// Finds out who asks.
pub(super) struct Door {
    reader: Arc<store::Reader>,
    limits: Limits,
    seen: Mutex<HashMap<(Asks, [u8; 32]), Seen>>,
}

/// What is counted of a token, each for itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Asks {
    /// Questions to models.
    Models,
    /// All else.
    Others,
}

/// When a token asked last, how often it may ask at once, and when its use was written down.
struct Seen {
    left: f64,
    at: Instant,
    noted: Option<Instant>,
}

/// Whether the use of a token is to be written down.
pub(super) enum Use {
    /// It was, not long ago.
    Known,
    /// It is: of this owner's token, by its hash.
    Fresh(String, [u8; 32]),
}

impl Door {
    pub fn new(reader: Arc<store::Reader>, limits: Limits) -> Door {
        Door { reader, limits, seen: Mutex::default() }
    }

    /// Looks who asks, and whether a route is open to them.
    pub fn check(&self, policy: Policy, headers: &HeaderMap) -> Result<(Who, Use), Refusal> {
        let wanted = match policy {
            Policy::Address | Policy::Public => return Ok((Who::nobody(), Use::Known)),
            Policy::Token(scope) => scope,
        };
        let row = self.known(wanted, headers)?;
        if row.expires.is_some_and(|expires| expires <= nanoseconds(Timestamp::now())) {
            return Err(Refusal::unauthorized("the token counts no more: its time is over"));
        }
        let asks = if wanted == Scope::Ai { Asks::Models } else { Asks::Others };
        let noting = self.counted(&row, asks)?;
        // A word that a later version wrote lets nobody in.
        let scope = Scope::of(&row.scope).filter(|scope| scope.covers(wanted));
        if scope.is_none() {
            return Err(Refusal::forbidden(wanted.name()));
        }
        let used = if noting { Use::Fresh(row.owner.clone(), row.hash) } else { Use::Known };
        Ok((Who { owner: row.owner, token: row.name, scope }, used))
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

    /// Counts a request of a token; true if its use is to be written down.
    fn counted(&self, row: &Row, asks: Asks) -> Result<bool, Refusal> {
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
        let seen = all.entry((asks, row.hash)).or_insert(Seen { left: burst, at: now, noted: None });
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

/// What a head says; nothing where it is not there, and an empty text where it is there twice or is none.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut said = headers.get_all(name).iter();
    match (said.next(), said.next()) {
        (None, _) => None,
        (Some(one), None) => Some(one.to_str().unwrap_or("")),
        (Some(_), Some(_)) => Some(""),
    }
}
