//! From the description of a service (OpenAPI 3, Swagger 2, a Google discovery document, a GraphQL schema) to a manifest
//! to begin with, and to what a newer description changes. Text in, values out; nothing is asked of any service.
//!
//! What a description says becomes a [`description::Description`], whatever its form; a choice of its operations becomes a
//! [`draft::Draft`]; that is written as a manifest. What a description cannot say is a [`Decision`], which stands as
//! `# decide:` in the manifest too.

mod auth;
mod body;
mod bounds;
pub mod description;
mod discovery;
mod draft;
pub mod drift;
mod graphql;
mod names;
mod openapi;
mod pages;
mod schema;
mod server;
mod source;
mod swagger;
mod text;
mod write;
mod yaml;

use description::{Description, Operation};

pub use bounds::{MOST_ACTIONS, MOST_BYTES};

/// What is wanted of a description.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// What workflows are to call the connector; made from the title where nothing is said.
    pub service: Option<String>,
    /// The actions by their names; as many as there are where nothing is said, if they are not too many.
    pub actions: Option<Vec<String>>,
    /// All actions, however many.
    pub all: bool,
    /// Where paths begin, instead of where the description says.
    pub base: Option<String>,
}

/// Something that a description does not say, and a person must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Where in the manifest: keys with dots between them, as in `actions.send.safety`.
    pub place: String,
    /// What, in a sentence without its full stop.
    pub what: String,
}

/// An operation that cannot be an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Its method and path, or its name.
    pub operation: String,
    /// Why.
    pub why: String,
}

/// What an operation is called as an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The name of the action.
    pub name: String,
    /// The method, or `query` and `mutation` of GraphQL.
    pub method: String,
    /// The path, or the field of GraphQL.
    pub path: String,
    /// What it does, in a sentence.
    pub about: String,
}

/// A manifest that was made.
#[derive(Clone, Debug)]
pub struct Imported {
    /// What workflows call the connector.
    pub id: String,
    /// The text of the manifest.
    pub text: String,
    /// The form of the description, as in `OpenAPI 3.1.0`.
    pub form: String,
    /// The names of its actions.
    pub actions: Vec<String>,
    /// What a person must decide, in the order of the manifest.
    pub decisions: Vec<Decision>,
    /// What was left out.
    pub left: Vec<Left>,
}

/// Why no manifest was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The text is too long.
    #[error("the description has {bytes} bytes, and at most {MOST_BYTES} are read")]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// It is no JSON, YAML or schema.
    #[error("the description cannot be read: {0}")]
    Unreadable(String),
    /// It is something else.
    #[error("this is no description that is known")]
    Unknown,
    /// Nothing in it can be called.
    #[error("the description has no operation that can be an action")]
    Empty,
    /// Names that are none of its actions, each with the nearest that there is.
    #[error("{}", unknown(.0))]
    NoAction(Vec<(String, Option<String>)>),
    /// More than are taken without being asked for.
    #[error("the description has {0} operations, and nothing says which are wanted")]
    TooMany(usize),
    /// The name of the connector is none.
    #[error("`{0}` cannot be the name of a connector")]
    Name(String),
    /// What `base` says is no address.
    #[error("`{0}` is no address that begins with `https://`")]
    Base(String),
    /// The manifest would be longer than manifests are.
    #[error("the manifest would have {bytes} bytes, and one has at most {}", dsl::yaml::MAX_BYTES)]
    Long {
        /// Its length.
        bytes: usize,
    },
}

impl Refused {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Refused::TooLarge { .. } => "cut it down to the operations that you want",
            Refused::Unreadable(_) => "is it the description itself, and not a page about it?",
            Refused::Unknown => {
                "OpenAPI 3 begins with `openapi`, Swagger 2 with `swagger`; Google's discovery documents and schemas of \
                 GraphQL (as text, or what introspection answers) are taken too"
            }
            Refused::Empty => "what was left out, and why, is told by `--list`",
            Refused::NoAction(_) => "`--list` lists the actions that there could be",
            Refused::TooMany(_) => "name some with `--actions a,b`, which `--list` lists, or take `--all`",
            Refused::Name(_) => "names are made of `a` to `z`, digits and `_`, and begin with a letter",
            Refused::Base(_) => "write it as in `--base https://api.example.com/v1`",
            Refused::Long { .. } => "name fewer actions with `--actions a,b`",
        }
    }
}

fn unknown(names: &[(String, Option<String>)]) -> String {
    let one = |(name, near): &(String, Option<String>)| match near {
        Some(near) => format!("there is no action `{name}`; did you mean `{near}`?"),
        None => format!("there is no action `{name}`"),
    };
    names.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// Reads a description.
///
/// # Errors
/// Where it is too long, cannot be read, or is something else.
pub fn read(text: &str) -> Result<Description, Refused> {
    source::read(text)
}

/// The actions that a description could have, by their names, and what was left out.
pub fn list(description: &Description) -> (Vec<Listed>, Vec<Left>) {
    let names = names::of(&description.operations);
    let listed = description.operations.iter().zip(names).map(|(operation, name)| Listed {
        about: draft::about(operation, &name),
        method: operation.kind(),
        path: operation.shown_path(),
        name,
    });
    (listed.collect(), description.left.clone())
}

/// Makes a manifest of what is wanted.
///
/// # Errors
/// Where nothing of it can be an action, a name is none of its actions, or nothing says which of very many are wanted.
pub fn import(description: &Description, wish: &Wish) -> Result<Imported, Refused> {
    let names = names::of(&description.operations);
    let named: Vec<(&Operation, String)> = description.operations.iter().zip(names).collect();
    if named.is_empty() {
        return Err(Refused::Empty);
    }
    let chosen = chosen(named, wish)?;
    let id = match &wish.service {
        Some(id) => id.clone(),
        None => names::service(&description.title),
    };
    if !names::is_service(&id) {
        return Err(Refused::Name(id));
    }
    if let Some(base) = &wish.base
        && !server::is_address(base)
    {
        return Err(Refused::Base(base.clone()));
    }
    let draft = draft::of(description, &chosen, &id, wish.base.as_deref());
    let written = write::manifest(&draft);
    let text = yaml::write(&written);
    if text.len() > dsl::yaml::MAX_BYTES {
        return Err(Refused::Long { bytes: text.len() });
    }
    let mut decisions = vec![];
    yaml::decisions(&written, "", &mut decisions);
    let actions = draft.actions.iter().map(|action| action.name.clone()).collect();
    let left = description.left.iter().chain(&draft.left).cloned().collect();
    Ok(Imported { id, text, form: description.form.clone(), actions, decisions, left })
}

fn chosen<'a>(
    named: Vec<(&'a Operation, String)>,
    wish: &Wish,
) -> Result<Vec<(&'a Operation, String)>, Refused> {
    let Some(wanted) = &wish.actions else {
        return match named.len() {
            count if count > MOST_ACTIONS && !wish.all => Err(Refused::TooMany(count)),
            _ => Ok(named),
        };
    };
    let known: Vec<&str> = named.iter().map(|(_, name)| name.as_str()).collect();
    let missing = wanted.iter().filter(|name| !known.contains(&name.as_str()));
    let missing: Vec<(String, Option<String>)> = missing
        .map(|name| {
            let near = dsl::diagnostic::nearest(name, known.iter().copied());
            (name.clone(), near.map(str::to_owned))
        })
        .collect();
    if !missing.is_empty() {
        return Err(Refused::NoAction(missing));
    }
    Ok(named.into_iter().filter(|(_, name)| wanted.contains(name)).collect())
}
