//! Somebody signs in by a service at which they have an account: the attempt, what comes back, and whose account that is.
//!
//! An attempt belongs to one browser, which is given a cookie of its own for it. What the service says of somebody finds their
//! account by the service and its name for them, never by an address of mail: that may be given to somebody else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use connectors::signin::{
    App, Attempts, Callback, Expected, Issuer, Keys, LASTS as ATTEMPT, Refusal, Somebody, Transport,
    Who as Browser, Wish, verified,
};
use dsl::value::{Hash, Object};
use jiff::Timestamp;
use runtime::schedule::books::nanoseconds;
use secret::Secret;
use store::accounts::{Account, Identity, People};
use tokio::sync::{Semaphore, SemaphorePermit};
use vault::{Action, LOCAL, Who};

use super::issuers::{KnownIssuer, issuers};
use super::{Accounts, Begun, No, is_over, new_account_of, seat};
use crate::error::Error;
use crate::token::{ATTEMPT as SHOWN, Token};

/// For how long it is remembered what a service tells of itself, and how often its keys are asked for at most.
const TOLD: Duration = Duration::from_secs(600);
const KEYS: Duration = Duration::from_secs(30);

/// How many attempts are under way at once; the oldest is dropped. Were a new one refused, whoever begins many would shut out
/// all others.
const MOST: usize = 10_000;

/// How many are at a service at once, since anybody may begin; and in how many seconds one more is tried again.
const AT_ONCE: usize = 8;
const AGAIN: u32 = 1;

/// For how long it is remembered that a service does not tell of itself.
const SILENT: Duration = Duration::from_secs(5);

/// What an attempt is for.
#[derive(Clone, Debug)]
pub enum Purpose {
    /// To sign in.
    SignIn,
    /// To accept an invitation, by what its link shows.
    Accept(Secret),
    /// To let an account sign in by it from here on: the account, and the session that asked.
    Link {
        /// The account.
        account: String,
        /// The hash of the session.
        session: [u8; 32],
    },
}

/// An attempt that was begun.
pub struct Started {
    /// Where the person goes.
    pub address: String,
    /// What their browser shows when it comes back.
    pub cookie: Token,
    /// When it is too late to come back.
    pub expires: Timestamp,
}

/// What came of an attempt.
pub enum Proven {
    /// Somebody is signed in.
    In(Begun),
    /// An account signs in by it from here on.
    Linked,
}

/// The attempts under way in this process, and what is known of services.
pub struct Provers {
    attempts: Attempts,
    open: Mutex<HashMap<[u8; 32], Open>>,
    known: Mutex<HashMap<String, Known>>,
    silent: Mutex<HashMap<String, (Refusal, Instant)>>,
    at_once: Semaphore,
}

impl std::fmt::Debug for Provers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provers").finish_non_exhaustive()
    }
}

struct Open {
    name: String,
    purpose: Purpose,
    began: Instant,
}

#[derive(Clone)]
struct Known {
    issuer: Arc<Issuer>,
    told: Instant,
    keys: Option<(Arc<Keys>, Instant)>,
}

/// How a service is reached.
#[derive(Clone)]
pub struct Way {
    /// The way out.
    pub egress: egress::Client,
    /// Which addresses it may have.
    pub transport: Transport,
}

impl Default for Provers {
    fn default() -> Provers {
        let mut key = [0; 32];
        getrandom::fill(&mut key).expect("the system has randomness");
        Provers {
            attempts: Attempts::new(&key),
            open: Mutex::default(),
            known: Mutex::default(),
            silent: Mutex::default(),
            at_once: Semaphore::new(AT_ONCE),
        }
    }
}

impl Provers {
    /// Begins an attempt at a service; the browser comes back to `redirect`.
    ///
    /// # Errors
    /// Where there is no such service, it cannot be asked, or too many are asked now.
    pub async fn begin(
        &self,
        accounts: &Accounts,
        (name, purpose): (&str, Purpose),
        redirect: &str,
        way: &Way,
    ) -> Result<Started, No> {
        let known = found(accounts, name)?;
        let issuer = match self.lately(&known) {
            Some(issuer) => issuer,
            None => {
                let _one = self.one()?;
                self.issuer(&known, way).await?
            }
        };
        let cookie = Token::random_as(SHOWN);
        let oauth2 = issuer.way(&nonce(&cookie));
        let (fields, app) = (Object::new(), App { id: known.id.clone(), secret: None });
        let service = issuer.service((name, &oauth2), (&known.hosts, &fields, &app), &way.egress);
        let mut chance = [0; 64];
        getrandom::fill(&mut chance).map_err(|_| vault::Error::Chance)?;
        let wish = Wish { who: browser(&cookie), redirect: redirect.to_owned(), scopes: vec![] };
        let begun = self.attempts.begin(&service, wish, &chance, Timestamp::now()).map_err(Error::from)?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, it| it.began.elapsed() < ATTEMPT);
        make_room(&mut open, MOST);
        open.insert(cookie.hash(), Open { name: name.to_owned(), purpose, began: Instant::now() });
        Ok(Started { address: begun.address, cookie, expires: begun.expires })
    }

    /// Takes what a browser came back with, once.
    ///
    /// # Errors
    /// Where it belongs to no attempt of this browser, the service says no or something that does not count, or whoever it
    /// says may not come in.
    pub async fn finish(
        &self,
        accounts: &Accounts,
        (name, shown): (&str, Option<&str>),
        (redirect, query): (&str, &str),
        way: &Way,
    ) -> Result<Proven, No> {
        let known = found(accounts, name)?;
        let none = || Error::from(Refusal::OtherSession);
        let cookie = shown.and_then(|shown| Token::read_as(SHOWN, shown)).ok_or_else(none)?;
        // Before the attempt is taken: who comes again in a moment has it still.
        let _one = self.one()?;
        let taken = self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&cookie.hash());
        let open = taken.ok_or_else(none)?;
        let who = browser(&cookie);
        let callback = Callback { connector: name, address: redirect, who: &who, query };
        let accepted = self.attempts.accept(&callback, Timestamp::now()).map_err(Error::from)?;
        if open.name != name {
            return Err(Error::from(Refusal::OtherConnector).into());
        }
        let issuer = self.issuer(&known, way).await?;
        let secret = known.secret(&accounts.vault, &issuer.token_host)?;
        let oauth2 = issuer.way("");
        let (fields, app) = (Object::new(), App { id: known.id.clone(), secret });
        let service = issuer.service((name, &oauth2), (&known.hosts, &fields, &app), &way.egress);
        let tokens = service.exchange(&accepted, Timestamp::now()).await.map_err(Error::from)?;
        let unsaid = || Error::Unfit { why: format!("`{name}` does not say who signs in") };
        let statement = tokens.identity.ok_or_else(unsaid)?;
        let keys = self.keys(&known, &issuer, &statement, way).await?;
        let nonce = nonce(&cookie);
        let expected =
            Expected { issuer: &known.issuer, app: &known.id, nonce: &nonce, now: Timestamp::now() };
        let somebody = verified(&statement, &keys, &expected).map_err(Error::from)?;
        accounts.came_as(&known, &somebody, open.purpose)
    }

    /// The right to ask services, for as long as it is held.
    fn one(&self) -> Result<SemaphorePermit<'_>, No> {
        self.at_once.try_acquire().map_err(|_| No::TooMany { again: AGAIN })
    }

    /// What a service told of itself lately.
    fn lately(&self, known: &KnownIssuer) -> Option<Arc<Issuer>> {
        let all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&known.issuer).filter(|it| it.told.elapsed() < TOLD).map(|it| it.issuer.clone())
    }

    /// Why a service told nothing of itself a moment ago.
    fn silent(&self, known: &KnownIssuer) -> Option<Refusal> {
        let mut all = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, (_, at)| at.elapsed() < SILENT);
        all.get(&known.issuer).map(|(refusal, _)| refusal.clone())
    }

    async fn issuer(&self, known: &KnownIssuer, way: &Way) -> Result<Arc<Issuer>, No> {
        if let Some(issuer) = self.lately(known) {
            return Ok(issuer);
        }
        if let Some(refusal) = self.silent(known) {
            return Err(refusal.into());
        }
        let issuer = match Issuer::discover(&way.egress, &known.issuer, way.transport).await {
            Ok(found) => Arc::new(found),
            Err(refusal) => {
                let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
                silent.insert(known.issuer.clone(), (refusal.clone(), Instant::now()));
                return Err(refusal.into());
            }
        };
        let told = Known { issuer: issuer.clone(), told: Instant::now(), keys: None };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(known.issuer.clone(), told);
        Ok(issuer)
    }

    /// The keys of a service. Where a statement names one that is not among those that are known, they are asked for again.
    async fn keys(
        &self,
        known: &KnownIssuer,
        issuer: &Issuer,
        statement: &Secret,
        way: &Way,
    ) -> Result<Arc<Keys>, No> {
        let lately = {
            let all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            all.get(&known.issuer).and_then(|it| it.keys.clone())
        };
        if let Some((keys, at)) = lately
            && (keys.has(statement) && at.elapsed() < TOLD || at.elapsed() < KEYS)
        {
            return Ok(keys);
        }
        let keys = Arc::new(issuer.keys(&way.egress).await.map_err(Error::from)?);
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(it) = all.get_mut(&known.issuer) {
            it.keys = Some((keys.clone(), Instant::now()));
        }
        Ok(keys)
    }
}

/// Drops the oldest where there are so many already.
fn make_room(open: &mut HashMap<[u8; 32], Open>, most: usize) {
    if open.len() >= most {
        let oldest = open.iter().min_by_key(|(_, it)| it.began).map(|(hash, _)| *hash);
        if let Some(oldest) = oldest {
            open.remove(&oldest);
        }
    }
}

fn found(accounts: &Accounts, name: &str) -> Result<KnownIssuer, No> {
    let all = issuers(&accounts.vault)?;
    let unknown = || vault::Error::Unknown { what: "service for signing in", name: name.into() };
    Ok(all.into_iter().find(|it| it.name == name).ok_or_else(unknown)?)
}

/// A browser is known by what it was given for the attempt; what is kept of that is its hash.
fn browser(cookie: &Token) -> Browser {
    let hash: String = cookie.hash().iter().map(|byte| format!("{byte:02x}")).collect();
    Browser { person: hash.clone(), session: hash }
}

/// What is sent to a service so that it says it back: it follows from what the browser shows, and tells nothing of it.
fn nonce(cookie: &Token) -> String {
    let digest = Hash::of(format!("keyway nonce\0{}", cookie.expose()).as_bytes()).0;
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Accounts {
    /// Does what an attempt was for, for whoever a service says that it is.
    fn came_as(&self, known: &KnownIssuer, somebody: &Somebody, purpose: Purpose) -> Result<Proven, No> {
        let account = self.read(|reader| reader.account_known_as(&known.issuer, &somebody.subject))?;
        match (purpose, account) {
            (Purpose::SignIn, Some(account)) => Ok(Proven::In(self.begin(&account)?)),
            (Purpose::SignIn, None) => {
                let account = self.let_in(known, somebody)?;
                Ok(Proven::In(self.begin(&account)?))
            }
            (Purpose::Accept(link), account) => {
                let (account, made) = match account {
                    Some(account) => (account, vec![]),
                    None => {
                        let name = somebody.mail.clone();
                        let name = name.unwrap_or_else(|| format!("{}@{}", somebody.subject, known.name));
                        let account = new_account_of(&name)?;
                        let identity = identity(known, somebody, &account.id);
                        (account.clone(), vec![People::Account(account), People::Identity(identity)])
                    }
                };
                self.seated(link.expose(), &account, made)?;
                Ok(Proven::In(self.begin(&account)?))
            }
            (Purpose::Link { account, session }, before) => {
                self.still_there(&account, session)?;
                if before.is_some() {
                    return Err(No::Unfit("an account signs in by this one already".into()));
                }
                let identity = identity(known, somebody, &account);
                self.known_as(&account, known, vec![People::Identity(identity)])?;
                Ok(Proven::Linked)
            }
        }
    }

    /// Makes an account for somebody who comes in unasked, by the domain of an address that the service has verified.
    fn let_in(&self, known: &KnownIssuer, somebody: &Somebody) -> Result<Account, No> {
        let mail = somebody.mail.as_deref().filter(|mail| known.lets_in(mail, somebody.hosted.as_deref()));
        let (Some(mail), Some(role)) = (mail, known.role) else {
            let who = Who { owner: LOCAL, actor: "nobody" };
            self.record((who, Action::SignInRefused), ("session", &format!("by {}", known.name)), vec![])?;
            return Err(No::Uninvited);
        };
        let account = new_account_of(mail)?;
        let edits = vec![
            People::Account(account.clone()),
            People::Identity(identity(known, somebody, &account.id)),
            seat(LOCAL, &account.id, role, Timestamp::now()),
        ];
        let who = Who { owner: LOCAL, actor: &account.name };
        let detail = format!("{} by {}", role.name(), known.name);
        match self.record((who, Action::AccountAdded), (&format!("account/{}", account.name), &detail), edits)
        {
            // Whose account that is, the service does not say: an address may have changed hands.
            Err(vault::Error::Taken { .. }) => Err(No::Taken(account.name)),
            other => other.map(|_| account).map_err(No::from),
        }
    }

    /// Looks whether somebody who asked for something before they went away is still signed in.
    fn still_there(&self, account: &str, session: [u8; 32]) -> Result<(), No> {
        let found = self.read(|reader| reader.session(&session))?;
        let there = found.is_some_and(|it| it.account == account && !is_over(&it, Timestamp::now()));
        if there { Ok(()) } else { Err(No::SignedOut) }
    }

    fn known_as(&self, account: &str, known: &KnownIssuer, edits: Vec<People>) -> Result<(), No> {
        let name = self.read(|reader| reader.account(account))?.map(|it| it.name).unwrap_or_default();
        let (who, subject) = (Who { owner: LOCAL, actor: &name }, format!("account/{name}"));
        match self.record((who, Action::IdentityAdded), (&subject, &known.name), edits) {
            Err(vault::Error::Taken { .. }) => {
                Err(No::Unfit("an account signs in by this one already".into()))
            }
            other => other.map(drop).map_err(No::from),
        }
    }

    /// By which services an account signs in: their names here, where they are kept still, and what they call themselves.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub fn identities(&self, account: &str) -> Result<Vec<(Option<String>, Identity)>, Error> {
        let all = issuers(&self.vault)?;
        let name = |identity: &Identity| {
            all.iter().find(|it| it.issuer == identity.issuer).map(|it| it.name.clone())
        };
        let found = self.read(|reader| reader.identities(account))?;
        Ok(found.into_iter().map(|identity| (name(&identity), identity)).collect())
    }

    /// Lets an account sign in by a service no more. What an account without a password signs in by last stays.
    ///
    /// # Errors
    /// Where it does not sign in by it, or by nothing else.
    pub fn unlink(&self, (account, actor): (&str, &str), issuer: &str) -> Result<(), Error> {
        let found = self.identities(account)?;
        let known = found
            .iter()
            .find(|(name, identity)| name.as_deref() == Some(issuer) || identity.issuer == issuer);
        let unknown = || vault::Error::Unknown { what: "service for signing in", name: issuer.into() };
        let (_, identity) = known.ok_or_else(unknown)?;
        let edits = vec![People::RemoveIdentity { account: account.into(), issuer: identity.issuer.clone() }];
        let (who, subject) = (Who { owner: LOCAL, actor }, format!("account/{actor}"));
        match self.record((who, Action::IdentityRemoved), (&subject, issuer), edits) {
            Err(vault::Error::Stale { .. }) => Err(Error::LastWayIn),
            other => Ok(other.map(drop)?),
        }
    }
}

fn identity(known: &KnownIssuer, somebody: &Somebody, account: &str) -> Identity {
    Identity {
        issuer: known.issuer.clone(),
        subject: somebody.subject.clone(),
        account: account.to_owned(),
        since: nanoseconds(Timestamp::now()),
    }
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> No {
        No::Error(refusal.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_begins_many_shuts_nobody_out() {
        let (mut open, began) = (HashMap::new(), Instant::now());
        for count in 0..5_u8 {
            make_room(&mut open, 3);
            let began = began + Duration::from_secs(u64::from(count));
            open.insert([count; 32], Open { name: String::new(), purpose: Purpose::SignIn, began });
        }
        let mut left: Vec<u8> = open.keys().map(|hash| hash[0]).collect();
        left.sort_unstable();
        assert_eq!(left, [2, 3, 4]);
    }

    #[test]
    fn no_more_than_so_many_are_at_services_at_once() {
        let provers = Provers::default();
        let mut held: Vec<_> = (0..AT_ONCE).map(|_| provers.one().unwrap()).collect();
        assert!(matches!(provers.one(), Err(No::TooMany { again: AGAIN })));
        held.pop();
        assert!(provers.one().is_ok());
    }
}
