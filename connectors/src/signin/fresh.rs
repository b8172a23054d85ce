//! One renewal at a time for each connection, across processes: a lease before anything is sent, tokens stored before
//! they are used, and a token that is dead said to be so once, and never tried again.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use dsl::catalog::{Failure, FailureKind};
use jiff::{SignedDuration, Timestamp};
use secret::Secret;

use super::refusal::Refusal;
use super::service::Service;
use super::tokens::Tokens;

/// How long a lease lasts: longer than an exchange may take, with what it takes to store what came of it.
pub const LEASE: Duration = Duration::from_secs(60);

/// How long a call waits for the renewal of another; a longer wait is the engine's.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often it looks meanwhile.
const PAUSE: Duration = Duration::from_millis(25);

/// How often tokens are brought to the store that it did not take: they may be the only ones that there are.
const STORINGS: usize = 3;

/// What is kept of a connection's tokens.
#[derive(Clone, Debug)]
pub struct Kept {
    /// One more each time that they change.
    pub version: i64,
    /// The tokens.
    pub tokens: Tokens,
    /// Whether they serve.
    pub standing: Standing,
}

/// Whether tokens serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// They do, or can be renewed.
    Serves,
    /// A person has to sign in again.
    Reconnect {
        /// Why, for them.
        why: String,
        /// The version that was tried.
        of: i64,
    },
}

/// A right to renew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which one it is.
    pub id: i64,
    /// True where one before it, over the same version, ended without saying what came of it: the refresh token may have
    /// been used.
    pub unfinished: bool,
}

/// What comes of asking for a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leased {
    /// It is given.
    Mine(Lease),
    /// Somebody else has one that is not over.
    Another,
    /// The tokens have changed since they were loaded.
    Moved,
}

/// What came of a renewal that brought no tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The service has not seen it, or said no: the refresh token is as it was.
    Known,
    /// No answer came: the service may have used the refresh token.
    Unknown,
}

/// What a store answers.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

/// Who keeps the tokens of one connection. What it says it has stored is on a disk.
pub trait Keep: Send + Sync {
    /// What is kept. The tokens themselves may be shut until they are `opened`.
    fn load(&self) -> Answering<'_, Kept>;
    /// The same with the tokens that a renewal needs, for whoever has the right to it.
    fn opened(&self, kept: Kept) -> Answering<'_, Kept> {
        Box::pin(std::future::ready(Ok(kept)))
    }

    /// Asks for the right to renew a version. Where it is given, that stands on the disk before anything is sent.
    fn lease(&self, version: i64, now: Timestamp) -> Answering<'_, Leased>;

    /// Stores what comes after a version, and ends the lease over it, in one commit; false, and nothing is stored, where
    /// that version is not the one that is kept.
    fn swap<'a>(&'a self, from: i64, to: &'a Kept) -> Answering<'a, bool>;

    /// Ends a lease that brought nothing.
    fn give_back<'a>(&'a self, lease: &'a Lease, outcome: Outcome) -> Answering<'a, ()>;
}

/// Why other tokens are wanted.
#[derive(Clone, Copy)]
enum Want {
    /// They are nearly over.
    Early,
    /// The service takes this version no more.
    Refused(i64),
}

/// Renews the tokens of one connection.
pub struct Renewer<'a> {
    /// Who keeps them.
    pub keep: &'a dyn Keep,
    /// Where they are renewed.
    pub service: &'a Service<'a>,
    /// The private key of a way that signs statements.
    pub key: Option<&'a Secret>,
    /// The clock.
    pub now: &'a (dyn Fn() -> Timestamp + Send + Sync),
}

impl Renewer<'_> {
    /// Tokens that serve: those that are kept, or others where these are nearly over.
    ///
    /// # Errors
    /// Where only a person can help, or it cannot be had now.
    pub async fn fresh(&self) -> Result<Kept, Refusal> {
        self.have(Want::Early).await
    }

    /// Tokens after the service refused those of a version: newer ones, or others.
    ///
    /// # Errors
    /// Where only a person can help, or it cannot be had now.
    pub async fn refused(&self, version: i64) -> Result<Kept, Refusal> {
        self.have(Want::Refused(version)).await
    }

    async fn have(&self, want: Want) -> Result<Kept, Refusal> {
        let began = tokio::time::Instant::now();
        loop {
            let kept = self.keep.load().await?;
            if let Standing::Reconnect { why, .. } = &kept.standing {
                return Err(Refusal::Reconnect(why.clone()));
            }
            let now = (self.now)();
            let wanted = match want {
                Want::Early => kept.tokens.end_within(self.service.oauth2.expiry.before, now),
                Want::Refused(version) => kept.version <= version,
            };
            if !wanted {
                return Ok(kept);
            }
            match self.keep.lease(kept.version, now).await? {
                Leased::Mine(lease) => {
                    return match self.keep.opened(kept).await {
                        Ok(kept) => self.renew(kept, lease).await,
                        Err(failure) => {
                            self.keep.give_back(&lease, Outcome::Known).await?;
                            Err(failure.into())
                        }
                    };
                }
                Leased::Moved => {}
                // They serve for a while yet: whoever renews them need not be waited for.
                Leased::Another
                    if matches!(want, Want::Early) && !kept.tokens.end_within(Duration::ZERO, now) =>
                {
                    return Ok(kept);
                }
                Leased::Another => {}
            }
            if began.elapsed() >= PATIENCE {
                let message = format!("the sign-in at {} is being renewed", self.service.name);
                let later = Some(SignedDuration::from_secs(1));
                let failure = Failure::passing(FailureKind::Auth, message);
                return Err(Failure { retry_after: later, ..failure }.into());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn renew(&self, kept: Kept, lease: Lease) -> Result<Kept, Refusal> {
        match self.service.renew(&kept.tokens, self.key, (self.now)()).await {
            Ok(tokens) => {
                let version = kept.version + 1;
                self.store(kept.version, Kept { version, tokens, standing: Standing::Serves }).await
            }
            Err(Refusal::Reconnect(mut why)) => {
                if lease.unfinished {
                    why += "; a renewal before this one broke off, and may have used it";
                }
                self.bury(kept, why).await
            }
            Err(refusal) => {
                let outcome = outcome(&refusal);
                self.keep.give_back(&lease, outcome).await?;
                Err(refusal)
            }
        }
    }

    /// Stores tokens, and gives them only when they are.
    pub(super) async fn store(&self, from: i64, mut to: Kept) -> Result<Kept, Refusal> {
        let (mut from, mut tries) = (from, 0);
        loop {
            match self.keep.swap(from, &to).await {
                Ok(true) => return Ok(to),
                Ok(false) => {
                    let kept = self.keep.load().await?;
                    match &kept.standing {
                        // Somebody who tried later found the token used up: by this renewal, whose tokens are at hand.
                        Standing::Reconnect { of, .. } if *of == from => {
                            (from, to.version) = (kept.version, kept.version + 1);
                        }
                        Standing::Reconnect { why, .. } => return Err(Refusal::Reconnect(why.clone())),
                        Standing::Serves => return Ok(kept),
                    }
                }
                Err(failure) if tries + 1 >= STORINGS => return Err(failure.into()),
                Err(_) => tries += 1,
            }
        }
    }

    /// Says that tokens are dead, unless others came meanwhile.
    async fn bury(&self, kept: Kept, why: String) -> Result<Kept, Refusal> {
        let standing = Standing::Reconnect { why: why.clone(), of: kept.version };
        let dead = Kept { version: kept.version + 1, standing, tokens: kept.tokens };
        if self.keep.swap(kept.version, &dead).await? {
            return Err(Refusal::Reconnect(why));
        }
        let kept = self.keep.load().await?;
        match &kept.standing {
            Standing::Serves => Ok(kept),
            Standing::Reconnect { why, .. } => Err(Refusal::Reconnect(why.clone())),
        }
    }
}

/// What is known of a renewal that failed.
fn outcome(refusal: &Refusal) -> Outcome {
    match refusal {
        Refusal::Failed(failure) if failure.kind == FailureKind::Network => Outcome::Unknown,
        Refusal::Failed(failure) if !failure.answered && failure.retryable => Outcome::Unknown,
        _ => Outcome::Known,
    }
}
