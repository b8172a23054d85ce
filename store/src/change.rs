//! Changes of what the vault and the door keep, each whole or not at all, with the rows of the audit that tell of it.
//!
//! What is sealed is bytes here, and who owns it a text; what any of it means is the vault's business.

pub(crate) mod make;

use std::sync::Arc;

use crate::accounts::People;
use crate::calls::{Budget, Call, Limits, Outcome, Price};
use crate::connections::{Connection, Measured, SignIn, Told};
use crate::counted::Counted;
use crate::door::{Asked, Token};
use crate::vault::{Audit, Head, Member, Owner, OwnerKey, Secret, Tier, Version};
pub(crate) use make::{head, make};

/// Edits that belong together, and what the audit tells of them.
pub struct Change {
    /// What is edited, in order. Where one does not fit what stands there, none is made.
    pub edits: Vec<Edit>,
    /// What is recorded; `seq` and `link` are filled in here.
    pub audit: Vec<Audit>,
    /// Links the rows of the audit.
    pub chain: Arc<dyn Chain>,
}

/// Links rows of the audit; called within the transaction, so that no other row comes between.
pub trait Chain: Send + Sync {
    /// The link of a row, which follows a row with this link; the first follows an empty one.
    fn link(&self, before: &[u8], row: &Audit) -> Vec<u8>;
    /// What proves that the audit ends with this row.
    fn proof(&self, seq: i64, link: &[u8]) -> Vec<u8>;
    /// Whether a head is one that this chain has made.
    fn holds(&self, head: &Head) -> bool;
}

impl Change {
    /// Edits of which the audit tells nothing.
    pub fn untold(edits: Vec<Edit>) -> Change {
        Change { edits, audit: vec![], chain: Arc::new(NoChain) }
    }
}

/// Links nothing: it holds no head, so that no row of the audit can be written with it.
struct NoChain;

impl Chain for NoChain {
    fn link(&self, _: &[u8], _: &Audit) -> Vec<u8> {
        vec![]
    }

    fn proof(&self, _: i64, _: &[u8]) -> Vec<u8> {
        vec![]
    }

    fn holds(&self, _: &Head) -> bool {
        false
    }
}

/// One edit. Each names its owner.
#[derive(Clone, Debug)]
pub enum Edit {
    /// A tier is added or changed.
    Tier(Tier),
    /// An owner is added; one that is there already stays.
    Owner(Owner),
    /// An owner changes from one state that was read to another: its tier, and how often its members were changed.
    RestateOwner {
        /// What stands there, as it was read: its `mac` is compared.
        from: Vec<u8>,
        /// What is to stand there.
        to: Owner,
    },
    /// An organisation has these members from here on, and no others.
    Members {
        /// The organisation.
        organisation: String,
        /// All of them.
        members: Vec<Member>,
    },
    /// An owner, all its keys and all that they seal are removed.
    RemoveOwner {
        /// The owner.
        owner: String,
    },
    /// A root key becomes known; it is not the current one yet.
    Root {
        /// Its number.
        generation: i64,
        /// The salt of its passphrase; empty where it has none.
        salt: Vec<u8>,
        /// What opens with it alone.
        proof: Vec<u8>,
    },
    /// A root key becomes the current one; it must seal the key of every owner.
    CurrentRoot {
        /// Its number.
        generation: i64,
    },
    /// A root key that is not current, and all that it seals, is removed; the current one must seal the same.
    RemoveRoot {
        /// Its number.
        generation: i64,
    },
    /// A key of an owner is added under a root. Where it is to be the current one, no other is.
    OwnerKey(OwnerKey),
    /// A key of an owner that is there under one root is added under another.
    OwnerKeyTwin(OwnerKey),
    /// A key of an owner that seals nothing is removed.
    RemoveOwnerKey {
        /// The owner.
        owner: String,
        /// The key's number.
        generation: i64,
    },
    /// A secret is added; its name must be free.
    Secret(Secret),
    /// A version of a secret is added.
    Version(Version),
    /// A secret changes from one state that was read to another.
    Restate {
        /// What stands there, as it was read: its `mac` is compared.
        from: Vec<u8>,
        /// What is to stand there.
        to: Secret,
    },
    /// The key of a version is sealed anew.
    Rewrap {
        /// The owner.
        owner: String,
        /// The secret.
        secret: String,
        /// Its version.
        version: i64,
        /// The number of the owner's key before.
        from: i64,
        /// The number of the owner's key from here on.
        to: i64,
        /// The key, sealed.
        key: Vec<u8>,
    },
    /// Versions of a secret other than the current one are removed.
    RemoveOldVersions {
        /// The owner.
        owner: String,
        /// The secret.
        secret: String,
    },
    /// A secret and its versions are removed.
    RemoveSecret {
        /// The owner.
        owner: String,
        /// The secret.
        secret: String,
    },
    /// A secret was used.
    Used {
        /// The owner.
        owner: String,
        /// The secret.
        secret: String,
        /// The version that was opened; it must be the current one.
        version: i64,
        /// When, in nanoseconds since 1970.
        time: i64,
    },
    /// A call is counted to an owner, unless that would be more than its quota.
    Count {
        /// The owner.
        owner: String,
        /// The month.
        month: String,
        /// Most calls of a month.
        quota: i64,
    },
    /// A call to a model is about to go out; with what it can cost it must not pass a limit.
    OpenCall {
        /// The call.
        call: Box<Call>,
        /// The limits that it brings along.
        limits: Limits,
    },
    /// A call to a model that is open is over.
    SettleCall {
        /// The owner.
        owner: String,
        /// The call.
        call: String,
        /// What came of it.
        outcome: Outcome,
    },
    /// Calls to models that are open belong to no process any more: they cost the most that they can. Those in batches
    /// stay open.
    LoseCalls,
    /// A call to a model is answered in a batch.
    NoteBatch {
        /// The owner.
        owner: String,
        /// The call.
        call: String,
        /// What the provider calls the batch; empty until it is known.
        name: String,
    },
    /// A budget is set.
    Budget(Budget),
    /// A budget is removed.
    RemoveBudget {
        /// The owner.
        owner: String,
        /// What it counts.
        scope: String,
        /// Of which workflow or key.
        name: String,
    },
    /// A price that an owner has agreed on is set.
    Price(Price),
    /// Prices that an owner has agreed on are removed: all of a model, or the one that began on a day.
    RemovePrices {
        /// The owner.
        owner: String,
        /// The provider.
        provider: String,
        /// The model.
        model: String,
        /// The day; without one, all.
        since: Option<String>,
    },
    /// Accounts change, their seats, sessions or links.
    People(People),
    /// A token is added; its name must be free among those of its owner.
    Token(Token),
    /// A token is removed.
    RemoveToken {
        /// The owner.
        owner: String,
        /// Its name.
        name: String,
    },
    /// A token was used.
    TokenUsed {
        /// The owner.
        owner: String,
        /// Its hash.
        hash: [u8; 32],
        /// When, in nanoseconds since 1970.
        time: i64,
    },
    /// Something is asked for under a key, which must be free. What was asked for before a time is forgotten.
    Asked {
        /// What.
        asked: Asked,
        /// In nanoseconds since 1970.
        before: i64,
    },
    /// What was asked for under a key did not come about: the key is free again.
    Unasked {
        /// The owner.
        owner: String,
        /// The key.
        key: String,
    },
    /// An account at a service is added; its name must be free among those of its owner at that service.
    Connection(Connection),
    /// A call told something of an account; nothing happens where it has gone.
    ConnectionTold(Told),
    /// Requests of an account were measured: they are kept behind those before, and the oldest go.
    Measured {
        /// The requests.
        more: Measured,
        /// The most bytes that are kept.
        most: usize,
    },
    /// What is counted of a connection, in the place of what was. Rows in which nothing matters any more go.
    Counted(Counted),
    /// An account is removed.
    RemoveConnection {
        /// The owner.
        owner: String,
        /// The service.
        connector: String,
        /// Its name.
        name: String,
    },
    /// Tokens of an account are known from here on.
    SignIn(SignIn),
    /// The tokens of an account change, and how it stands with them; a right to renew them ends.
    SwapSignIn {
        /// The version that was read.
        from: i64,
        /// What is known from here on.
        to: SignIn,
        /// How the account stands, in a word.
        state: &'static str,
    },
    /// Somebody renews the tokens of an account from here on.
    Lease {
        /// What was read: its version and its lease are compared.
        of: SignIn,
        /// When the right ends, in nanoseconds since 1970.
        until: i64,
    },
    /// A right to renew ends; nothing happens where it is no more the last one.
    EndLease {
        /// What was read, with the number of the right.
        of: SignIn,
        /// Whether nobody knows what came of it.
        open: bool,
    },
    /// A single value is set.
    Set {
        /// Its name.
        name: &'static str,
        /// The value.
        value: Vec<u8>,
    },
    /// A single value is removed.
    Unset {
        /// Its name.
        name: &'static str,
    },
    /// A single value is set that must not be there yet.
    SetOnce {
        /// Its name.
        name: &'static str,
        /// The value.
        value: Vec<u8>,
    },
}

/// Why a change was not made, where the file itself is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Something of that name is there already.
    Taken,
    /// What it rests on is not as it was read.
    Stale,
    /// The count would go beyond its limit.
    Spent,
    /// The end of the audit was changed by somebody else.
    Audit,
}
