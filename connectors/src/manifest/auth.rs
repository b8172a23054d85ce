//! How a connection signs in. A secret is named here and never read: what stands in `apply` becomes a hole, and
//! the door to the network fills it for a host that is allowed.

use std::time::Duration;

use dsl::expr::Expr;
use dsl::types::Field;
use dsl::workflow::Arg;

/// One way to sign in.
#[derive(Clone, Debug)]
pub struct Auth {
    /// Its name within the manifest; a connection remembers it.
    pub id: String,
    /// What a person reads who chooses, in a sentence.
    pub about: String,
    /// What kind it is.
    pub kind: Kind,
    /// The secrets that a person gives; those of `oauth2_*` kinds come from signing in and are `access` and `refresh`.
    pub secrets: Vec<Field>,
    /// Fields of the connection that this way alone needs.
    pub fields: Vec<Field>,
    /// Where paths begin for this way, where not at the manifest's own base.
    pub base: Option<Arg>,
    /// Where the secrets stand in a request.
    pub apply: Apply,
}

/// Where secrets stand in a request: values over the names of the secrets, and over `connection`.
#[derive(Clone, Debug, Default)]
pub struct Apply {
    /// Between base and path: `/` and segments.
    pub path: Option<Arg>,
    /// In headers.
    pub headers: Vec<(String, Arg)>,
    /// In the query.
    pub query: Vec<(String, Arg)>,
    /// In the body, which is then JSON or a form.
    pub body: Vec<(String, Arg)>,
}

/// A kind of signing in.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A key that the service gave out, in a header or the query.
    ApiKey,
    /// Signature Version 4 of AWS: each request is signed.
    AwsSigv4(Box<AwsSigv4>),
    /// User and password in `authorization: Basic …`.
    Basic {
        /// The user, over the secrets and `connection`.
        user: Arg,
        /// The password.
        password: Arg,
    },
    /// A token in `authorization: Bearer …`.
    Bearer,
    /// Keys within the body of each request.
    BodyKeys,
    /// Nobody signs in.
    None,
    /// OAuth 1.0a: each request is signed.
    Oauth1a(Box<Oauth1a>),
    /// OAuth 2.0: a token that was given out for a while.
    Oauth2(Box<Oauth2>),
}

impl Kind {
    /// As manifests write them, sorted.
    pub const NAMES: [&'static str; 11] = [
        "api_key",
        "aws_sigv4",
        "basic",
        "bearer",
        "body_keys",
        "none",
        "oauth1a",
        "oauth2_client_credentials",
        "oauth2_code",
        "oauth2_device_code",
        "oauth2_jwt_bearer",
    ];

    /// As manifests write it.
    pub fn name(&self) -> &'static str {
        match self {
            Kind::ApiKey => "api_key",
            Kind::AwsSigv4(_) => "aws_sigv4",
            Kind::Basic { .. } => "basic",
            Kind::Bearer => "bearer",
            Kind::BodyKeys => "body_keys",
            Kind::None => "none",
            Kind::Oauth1a(_) => "oauth1a",
            Kind::Oauth2(oauth2) => match oauth2.grant {
                Grant::ClientCredentials => "oauth2_client_credentials",
                Grant::Code(_) => "oauth2_code",
                Grant::DeviceCode { .. } => "oauth2_device_code",
                Grant::JwtBearer(_) => "oauth2_jwt_bearer",
            },
        }
    }

    /// What is said of OAuth 2.0, where it is that.
    pub fn oauth2(&self) -> Option<&Oauth2> {
        match self {
            Kind::Oauth2(oauth2) => Some(oauth2),
            Kind::ApiKey
            | Kind::AwsSigv4(_)
            | Kind::Basic { .. }
            | Kind::Bearer
            | Kind::BodyKeys
            | Kind::None
            | Kind::Oauth1a(_) => None,
        }
    }

    /// True where a person gives all secrets at once, and nothing has to be asked of the service for them.
    pub fn is_given(&self) -> bool {
        match self {
            Kind::ApiKey
            | Kind::AwsSigv4(_)
            | Kind::Basic { .. }
            | Kind::Bearer
            | Kind::BodyKeys
            | Kind::None => true,
            Kind::Oauth1a(_) | Kind::Oauth2(_) => false,
        }
    }
}

/// Signature Version 4 of AWS, over `connection`. The secret is `secret_key`.
#[derive(Clone, Debug)]
pub struct AwsSigv4 {
    /// The id of the key.
    pub key_id: Arg,
    /// The region.
    pub region: Arg,
    /// The service, as in `s3`.
    pub service: Arg,
}

/// OAuth 1.0a. The secrets of the app are `consumer_key` and `consumer_secret`, those of the account `access` and
/// `access_secret`.
#[derive(Clone, Debug)]
pub struct Oauth1a {
    /// Where a request token is had.
    pub request: Arg,
    /// Where the person is sent.
    pub authorize: Arg,
    /// Where the request token becomes an access token.
    pub access: Arg,
    /// What is added to the address that the person is sent to.
    pub authorize_params: Vec<(String, Arg)>,
    /// How requests are signed.
    pub signature: Signature,
}

/// How requests of OAuth 1.0a are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// `HMAC-SHA1`
    HmacSha1,
    /// `HMAC-SHA256`
    HmacSha256,
    /// `PLAINTEXT`
    Plaintext,
}

impl Signature {
    /// All of them, sorted by their names.
    pub const ALL: [Signature; 3] = [Signature::HmacSha1, Signature::HmacSha256, Signature::Plaintext];

    /// As manifests write it.
    pub const fn name(self) -> &'static str {
        match self {
            Signature::HmacSha1 => "hmac_sha1",
            Signature::HmacSha256 => "hmac_sha256",
            Signature::Plaintext => "plaintext",
        }
    }
}

/// OAuth 2.0: how a token is had, used and had anew. URLs are over `connection`.
#[derive(Clone, Debug)]
pub struct Oauth2 {
    /// What a token is given out for.
    pub grant: Grant,
    /// Where tokens are had.
    pub token: Arg,
    /// Where they are had anew, where not there.
    pub refresh: Option<Arg>,
    /// Where a token is taken back.
    pub revoke: Option<Arg>,
    /// How the app says who it is.
    pub client: Client,
    /// What the body of a request for a token is.
    pub sends: Sends,
    /// Added to every request for a token, over `connection`.
    pub token_params: Vec<(String, Arg)>,
    /// Headers of every request for a token.
    pub token_headers: Vec<(String, Arg)>,
    /// What may be asked for.
    pub scopes: Scopes,
    /// Where the parts of an answer stand.
    pub answer: TokenAnswer,
    /// Whether an answer is a token, over `response`, for services that say no with status 200.
    pub success_when: Option<Expr>,
    /// How long a token lasts.
    pub expiry: Expiry,
    /// What becomes of a refresh token that was used.
    pub rotation: Rotation,
}

/// What a token is given out for.
#[derive(Clone, Debug)]
pub enum Grant {
    /// For the app itself.
    ClientCredentials,
    /// For a person who agreed in a browser.
    Code(Code),
    /// For a person who agreed at another device.
    DeviceCode {
        /// Where a code is had.
        device: Arg,
    },
    /// For a statement that a private key signed.
    JwtBearer(Box<Assertion>),
}

/// A person agrees in a browser.
#[derive(Clone, Debug)]
pub struct Code {
    /// Where the person is sent.
    pub authorize: Arg,
    /// What is added to that address, over `connection`.
    pub params: Vec<(String, Arg)>,
    /// What the service calls itself in `iss` where it sends the person back (RFC 9207); where this is said, an answer
    /// without it is none.
    pub issuer: Option<Arg>,
    /// Whether the code is bound to who asked for it.
    pub pkce: Pkce,
}

/// Whether a code is bound to who asked for it (RFC 7636, always with SHA-256).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pkce {
    /// The service refuses the parameters.
    Off,
    /// The service asks for it.
    Required,
    /// The service takes it; so it is sent.
    Supported,
}

impl Pkce {
    /// All of them, sorted by their names.
    pub const ALL: [Pkce; 3] = [Pkce::Off, Pkce::Required, Pkce::Supported];

    /// As manifests write it.
    pub const fn name(self) -> &'static str {
        match self {
            Pkce::Off => "off",
            Pkce::Required => "required",
            Pkce::Supported => "supported",
        }
    }
}

/// A statement that a private key signed (RFC 7523). The secret is `private_key`; values are over `connection`.
#[derive(Clone, Debug)]
pub struct Assertion {
    /// How it is signed.
    pub algorithm: Algorithm,
    /// `iss`
    pub issuer: Arg,
    /// `sub`, where there is one.
    pub subject: Option<Arg>,
    /// `aud`; the token's URL where nothing is said.
    pub audience: Option<Arg>,
    /// `kid` of its head, where there is one.
    pub key_id: Option<Arg>,
    /// Further claims.
    pub claims: Vec<(String, Arg)>,
    /// How long it holds.
    pub lifetime: Duration,
    /// Where it stands in the request for a token.
    pub place: AssertionPlace,
}

/// How a statement is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA on P-256.
    Es256,
    /// RSA with SHA-256.
    Rs256,
}

impl Algorithm {
    /// All of them, sorted by their names.
    pub const ALL: [Algorithm; 2] = [Algorithm::Es256, Algorithm::Rs256];

    /// As manifests write it.
    pub const fn name(self) -> &'static str {
        match self {
            Algorithm::Es256 => "es256",
            Algorithm::Rs256 => "rs256",
        }
    }
}

/// Where a signed statement stands in the request for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssertionPlace {
    /// In the body, as `assertion`.
    Body,
    /// In `authorization: Bearer …`.
    Header,
}

impl AssertionPlace {
    /// All of them, sorted by their names.
    pub const ALL: [AssertionPlace; 2] = [AssertionPlace::Body, AssertionPlace::Header];

    /// As manifests write it.
    pub const fn name(self) -> &'static str {
        match self {
            AssertionPlace::Body => "body",
            AssertionPlace::Header => "header",
        }
    }
}

/// How an app says who it is where it asks for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// In `authorization: Basic …`.
    Basic,
    /// As `client_id` and `client_secret` in the body.
    Body,
    /// As its id alone, in the body.
    Public,
    /// As `client_id` and `client_secret` in the query.
    Query,
}

impl Client {
    /// All of them, sorted by their names.
    pub const ALL: [Client; 4] = [Client::Basic, Client::Body, Client::Public, Client::Query];

    /// As manifests write it.
    pub const fn name(self) -> &'static str {
        match self {
            Client::Basic => "basic",
            Client::Body => "body",
            Client::Public => "public",
            Client::Query => "query",
        }
    }
}

/// What the body of a request for a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sends {
    /// A form.
    Form,
    /// JSON.
    Json,
}

impl Sends {
    /// All of them, sorted by their names.
    pub const ALL: [Sends; 2] = [Sends::Form, Sends::Json];

    /// As manifests write it.
    pub const fn name(self) -> &'static str {
        match self {
            Sends::Form => "form",
            Sends::Json => "json",
        }
    }
}

/// What may be asked for. What an action needs stands with the action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scopes {
    /// Asked for in any case.
    pub default: Vec<String>,
    /// What stands between two.
    pub separator: String,
    /// The parameter of the address that the person is sent to.
    pub parameter: String,
}

/// Where the parts of an answer stand, over `response`.
#[derive(Clone, Debug)]
pub struct TokenAnswer {
    /// The access token.
    pub access: Expr,
    /// The refresh token, or null.
    pub refresh: Expr,
    /// How many seconds the access token lasts, or null.
    pub expires_in: Expr,
    /// The scopes that were given, as a text or a list, or null where those are that were asked for.
    pub scope: Expr,
    /// What went wrong, or null.
    pub error: Expr,
}

/// How long a token lasts.
#[derive(Clone, Debug)]
pub struct Expiry {
    /// Where the answer does not say it; for ever where this does not either.
    pub default: Option<Duration>,
    /// How long before its end it is had anew.
    pub before: Duration,
    /// Answers of the service that say that it is over, over `response`; status 401 in any case.
    pub when: Vec<Expr>,
}

/// What becomes of a refresh token that was used.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// Whether each use brings another one.
    pub refreshed: Refreshed,
    /// How long the one before still serves.
    pub grace: Duration,
    /// Answers that say that it is worth nothing any more, over `response`: a person has to sign in again.
    pub invalid_when: Vec<Expr>,
}

/// Whether each use of a refresh token brings another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// It stays; one that comes all the same is kept.
    Stays,
    /// It is worth nothing once it was used.
    Rotates,
    /// There is none: a token is had again as it was had first.
    Never,
}

impl Refreshed {
    /// All of them, in the order of their words.
    pub const ALL: [Refreshed; 3] = [Refreshed::Never, Refreshed::Rotates, Refreshed::Stays];

    /// As manifests write it.
    pub const fn name(self) -> &'static str {
        match self {
            Refreshed::Never => "never",
            Refreshed::Rotates => "rotates",
            Refreshed::Stays => "stays",
        }
    }
}
