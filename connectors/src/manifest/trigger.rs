//! What can start a run: declared and checked here. Expressions of webhooks are over `request { method, url,
//! headers, query, body, raw }` and `input`, those of polls over `item`, `input` and `connection`. `request.url` is the
//! address that the service was told, letter by letter, since some sign it too.

use std::time::Duration;

use dsl::expr::Expr;
use dsl::types::{Field, Type};
use dsl::workflow::Arg;

use super::request::Request;

/// Something that happens at the service.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// Its name within the connector.
    pub name: String,
    /// When it happens, in a sentence.
    pub about: String,
    /// The scopes that a token needs for it.
    pub scopes: Vec<String>,
    /// Its parameters.
    pub input: Vec<Field>,
    /// How it is heard of.
    pub kind: TriggerKind,
    /// What makes two tellings of it one: a text; and how long it is remembered.
    pub dedupe: Option<Dedupe>,
    /// Only where this holds.
    pub filter: Option<Expr>,
    /// The type of what the run is given.
    pub returns: Type,
    /// What the run is given; without it, the item or the body, as far as `returns` names its fields.
    pub output: Option<Arg>,
}

/// How something is heard of.
#[derive(Clone, Debug)]
pub enum TriggerKind {
    /// It is asked for again and again.
    Poll(Box<Poll>),
    /// The service calls an address that a person entered there.
    Webhook(Box<Webhook>),
    /// The service calls an address that a request tells it.
    Subscription(Box<Subscription>),
}

impl TriggerKind {
    /// As manifests write them, sorted.
    pub const NAMES: [&'static str; 3] = ["poll", "webhook", "webhook_subscription"];

    /// As manifests write it.
    pub fn name(&self) -> &'static str {
        match self {
            TriggerKind::Poll(_) => "poll",
            TriggerKind::Subscription(_) => "webhook_subscription",
            TriggerKind::Webhook(_) => "webhook",
        }
    }
}

/// What makes two tellings one.
#[derive(Clone, Debug)]
pub struct Dedupe {
    /// The text that they share.
    pub key: Arg,
    /// How long it is remembered.
    pub keep: Duration,
}

/// Something that is asked for again and again.
#[derive(Clone, Debug)]
pub struct Poll {
    /// The action that lists.
    pub action: String,
    /// Its parameters, over `input` and `since`, the largest cursor or the `next` so far (null at first).
    pub with: Vec<(String, Arg)>,
    /// Where the items stand in what it gives, over `result`.
    pub items: Expr,
    /// How often at most.
    pub every: Duration,
    /// What orders the items, over `item`: a time or a number that grows.
    pub cursor: Option<Expr>,
    /// How far back before the cursor it is asked again, for those that come late.
    pub overlap: Duration,
    /// From where to go on, over `result`, where the answer says so: it then holds nothing but what is new.
    pub next: Option<Expr>,
    /// Whether what is there at first starts runs.
    pub first: First,
}

/// Whether what is there at first starts runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// It does.
    Emit,
    /// It only tells where to go on.
    Skip,
}

impl First {
    /// All of them, sorted by their names.
    pub const ALL: [First; 2] = [First::Emit, First::Skip];

    /// As manifests write it.
    pub const fn name(self) -> &'static str {
        match self {
            First::Emit => "emit",
            First::Skip => "skip",
        }
    }
}

/// The service calls.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// How it proves that it is the service.
    pub verify: Verify,
    /// What it asks first, and how that is answered.
    pub handshake: Option<Handshake>,
    /// Where the events stand in the body where a call may bring several: a list, over `request`.
    pub items: Option<Expr>,
}

/// The service calls an address that a request tells it.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// How it proves that it is the service.
    pub webhook: Webhook,
    /// Tells the address: over `input`, `connection` and `hook { url, secret }`.
    pub subscribe: Request,
    /// The secret of the subscription, over `response`, where the service chooses it and says it in its answer. It is
    /// remembered nowhere but in the vault.
    pub secret: Option<Expr>,
    /// What is remembered of its answer, over `response`: `subscription` from then on.
    pub remember: Option<Arg>,
    /// Takes it back, over `subscription`.
    pub unsubscribe: Option<Request>,
    /// Keeps it from ending, over `subscription`.
    pub renew: Option<Renew>,
}

/// How a subscription is kept from ending.
#[derive(Clone, Debug)]
pub struct Renew {
    /// The request, over `subscription`; `subscribe` anew where there is none.
    pub request: Option<Request>,
    /// When it ends, over `subscription`: a time or a number of seconds since 1970.
    pub expires: Expr,
    /// How long before.
    pub before: Duration,
}

/// What the service asks first.
#[derive(Clone, Debug)]
pub struct Handshake {
    /// Whether this is it, over `request`.
    pub when: Expr,
    /// The status of the answer.
    pub status: u16,
    /// The headers of the answer, over `request`.
    pub headers: Vec<(String, Arg)>,
    /// What the answer proves, which is `proof` for its headers and its body.
    pub proof: Option<Proof>,
    /// The body of the answer, over `request`: text as it is, else JSON.
    pub body: Option<Arg>,
    /// The secret of the subscription from then on, over `request`, where the service chooses it.
    pub secret: Option<Expr>,
}

/// What proves to a service that its secret is known here: the HMAC of `verify` over what it asks.
#[derive(Clone, Debug)]
pub struct Proof {
    /// Over what, over `request`: letters and digits, which no event consists of.
    pub over: Arg,
    /// How it is written.
    pub encoding: Encoding,
}

/// How a call proves that it is from the service.
#[derive(Clone, Debug)]
pub enum Verify {
    /// A signature over what was sent.
    Signed(Box<Signed>),
    /// A token of JWT in a header, whose keys stand at an address.
    Jwt {
        /// The header; `Bearer ` before the token is taken off.
        header: String,
        /// Where the keys are had.
        keys: Arg,
        /// `iss`
        issuer: Arg,
        /// `aud`, over `connection` and `request`.
        audience: Option<Arg>,
        /// What else the token has to say, by the names of its claims, over `connection`.
        says: Vec<(String, Arg)>,
    },
    /// A text that both know.
    Token {
        /// Where it stands.
        value: Expr,
        /// The secret of the connection that it must be.
        secret: String,
    },
    /// The address alone, which nobody can guess.
    Address,
}

impl Verify {
    /// As manifests write them, sorted.
    pub const NAMES: [&'static str; 7] =
        ["address", "ecdsa_p256", "ed25519", "hmac", "jwt", "rsa_cert", "shared_token"];
}

/// A signature over what was sent.
#[derive(Clone, Debug)]
pub struct Signed {
    /// How it is made.
    pub scheme: Scheme,
    /// What is signed, over `request`; `request.raw` is the body as it came.
    pub over: Arg,
    /// Where it stands.
    pub header: String,
    /// What stands before it.
    pub prefix: String,
    /// Where the header is a list, `t=1,v1=…`: the key of the signature. Several of one key may stand there.
    pub part: Option<String>,
    /// How it is written.
    pub encoding: Encoding,
    /// When it was made, and how long it holds.
    pub timestamp: Option<Stamp>,
}

/// How a signature is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// With a secret that both know.
    Hmac {
        /// The hash.
        hash: Hash,
        /// The secret of the connection.
        secret: String,
    },
    /// With the service's key, whose public half is a field of the connection.
    Ed25519 {
        /// The field.
        key: String,
    },
    /// As `Ed25519`, on P-256.
    EcdsaP256 {
        /// The field.
        key: String,
    },
    /// With a certificate, whose address stands in a header and is on an allowed host.
    RsaCert {
        /// The header.
        header: String,
    },
}

/// The hash of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-1, where a service knows no other.
    Sha1,
    /// SHA-256
    Sha256,
}

impl Hash {
    /// All of them, sorted by their names.
    pub const ALL: [Hash; 2] = [Hash::Sha1, Hash::Sha256];

    /// As manifests write it.
    pub const fn name(self) -> &'static str {
        match self {
            Hash::Sha1 => "sha1",
            Hash::Sha256 => "sha256",
        }
    }
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Base64.
    Base64,
    /// Digits of base 16.
    Hex,
}

impl Encoding {
    /// All of them, sorted by their names.
    pub const ALL: [Encoding; 2] = [Encoding::Base64, Encoding::Hex];

    /// As manifests write it.
    pub const fn name(self) -> &'static str {
        match self {
            Encoding::Base64 => "base64",
            Encoding::Hex => "hex",
        }
    }
}

/// When a call was made, as it says itself, and how long that holds.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// The time, over `request`: a time, or a number of seconds since 1970, be it a text.
    pub value: Expr,
    /// How far from now it may be.
    pub tolerance: Duration,
}
