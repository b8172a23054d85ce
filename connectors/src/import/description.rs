//! What a description says, whatever its form. Types are those of workflows; a type that is cut off, since it nests too
//! deep or in a circle, is `object` or `any`.

use dsl::types::{Field, Type};

use super::Left;
use crate::manifest::request::Method;

/// A service as a description has it.
#[derive(Clone, Debug, Default)]
pub struct Description {
    /// The form and its version, as in `OpenAPI 3.1.0`.
    pub form: String,
    /// What it calls the service.
    pub title: String,
    /// The version of what is described, as it is written there.
    pub version: String,
    /// What the service is for.
    pub about: String,
    /// The service's own reference.
    pub docs: Option<String>,
    /// Where it stands, the first one first.
    pub servers: Vec<Server>,
    /// The ways to sign in.
    pub schemes: Vec<Scheme>,
    /// What can be called.
    pub operations: Vec<Operation>,
    /// What cannot.
    pub left: Vec<Left>,
}

/// Where a service stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its address; names in braces are variables.
    pub url: String,
    /// What is told of it.
    pub about: String,
    /// Its variables.
    pub variables: Vec<Variable>,
}

/// A variable of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What stands there where nothing else does; empty where nothing is said.
    pub default: String,
    /// What is told of it.
    pub about: String,
}

/// A way to sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// Its name in the description.
    pub name: String,
    /// What is told of it.
    pub about: String,
    /// What kind it is.
    pub kind: SchemeKind,
}

/// A kind of signing in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemeKind {
    /// A key in a header, the query or a cookie.
    ApiKey {
        /// Where.
        place: Place,
        /// The name there.
        name: String,
    },
    /// User and password.
    Basic,
    /// A token in `authorization: Bearer`.
    Bearer,
    /// OAuth 2.0.
    OAuth(Vec<Flow>),
    /// Something else, as it is called there.
    Other(String),
}

/// A flow of OAuth 2.0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// What a token is given out for.
    pub grant: Grant,
    /// Where a person is sent.
    pub authorize: String,
    /// Where tokens are had.
    pub token: String,
    /// Where they are had anew, where not there.
    pub refresh: String,
    /// Where a code for another device is had.
    pub device: String,
    /// The scopes that there are.
    pub scopes: Vec<String>,
}

/// What a token is given out for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// For the app itself.
    ClientCredentials,
    /// For a person who agreed in a browser.
    Code,
    /// For a person who agreed at another device.
    Device,
    /// For a person whose browser keeps it: no program has it.
    Implicit,
    /// For a person's own password.
    Password,
}

/// Schemes that serve together, each with the scopes that it needs.
pub type Needs = Vec<(String, Vec<String>)>;

/// Something that can be called.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its own name, where it has one.
    pub id: Option<String>,
    /// The method.
    pub method: Method,
    /// The path; names in braces are parameters.
    pub path: String,
    /// What it does, as it is told there.
    pub summary: String,
    /// Whether it is said to go away.
    pub deprecated: bool,
    /// Its parameters outside of the body.
    pub parameters: Vec<Parameter>,
    /// Its body, if it takes one.
    pub body: Option<Body>,
    /// The type of content that it wants to be named even where there is no body.
    pub content_type: Option<String>,
    /// Its answer where it goes well.
    pub answer: Answer,
    /// Which schemes may serve: one of these sets, each scheme with the scopes that it needs. Nothing where it is not said;
    /// an empty set is nobody.
    pub security: Option<Vec<Needs>>,
    /// Where it stands, where not where the others do.
    pub server: Option<Server>,
    /// The document, where it is one of GraphQL.
    pub document: Option<Document>,
    /// What a person must know of it, as of a type that could be several.
    pub notes: Vec<String>,
}

impl Operation {
    /// The method, or the kind of document, for people.
    pub fn kind(&self) -> String {
        match &self.document {
            Some(document) if document.mutates => "mutation".into(),
            Some(_) => "query".into(),
            None => self.method.name().into(),
        }
    }

    /// The path, or the field of GraphQL, for people.
    pub fn shown_path(&self) -> String {
        self.document.as_ref().map_or_else(|| self.path.clone(), |document| document.field.clone())
    }
}

/// A document of GraphQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The field that it asks for.
    pub field: String,
    /// Its text.
    pub text: String,
    /// Whether it changes something.
    pub mutates: bool,
    /// Whether its answer is a list with a cursor: `nodes` and `pageInfo`.
    pub paged: bool,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name, type and sentence. The name is the one that is sent.
    pub field: Field,
    /// Where it stands.
    pub place: Place,
    /// How a list stands there.
    pub lists: Style,
    /// Whether it is said to go away.
    pub deprecated: bool,
    /// The only value that it takes, where there is just one.
    pub constant: Option<String>,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a cookie.
    Cookie,
    /// In a header.
    Header,
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// Among the variables of a document.
    Variable,
}

impl Place {
    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Place::Cookie => "cookie",
            Place::Header => "header",
            Place::Path => "path",
            Place::Query => "query",
            Place::Variable => "variable",
        }
    }
}

/// How a list or an object stands in a parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Names in brackets: `a[b]=1`.
    Brackets,
    /// With commas between.
    Commas,
    /// As a text of JSON.
    Json,
    /// With `|` between.
    Pipes,
    /// The name once for each item.
    #[default]
    Repeated,
    /// With blanks between.
    Spaces,
}

/// A body that is sent.
#[derive(Clone, Debug)]
pub struct Body {
    /// What kind it is.
    pub kind: BodyKind,
    /// Its content type.
    pub media: String,
    /// Whether it must be there.
    pub required: bool,
    /// Its type and sentence.
    pub field: Field,
    /// Whether an object takes further fields, which the description does not name.
    pub open: bool,
    /// How lists stand in a form.
    pub lists: Style,
}

/// A kind of body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// A file.
    Bytes,
    /// Names and values.
    Form,
    /// JSON.
    Json,
    /// Parts.
    Multipart,
    /// Text.
    Text,
}

/// What an operation answers where it goes well.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// What kind it is.
    pub kind: AnswerKind,
    /// The type of its body, where that is JSON.
    pub ty: Type,
    /// Whether it says the address of the next page in a `link` header.
    pub links: bool,
}

/// A kind of answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnswerKind {
    /// A file.
    Bytes,
    /// JSON.
    #[default]
    Json,
    /// No body.
    Nothing,
    /// Text.
    Text,
}
