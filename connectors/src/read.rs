//! From the text of a manifest to what it says: parsed, checked and typed at once, with the diagnostics of workflows.
//! With any error there is no manifest.

mod account;
mod action;
mod auth;
pub(crate) mod hosts;
mod made;
mod request;
mod scope;
mod trigger;

use std::time::Duration;

use dsl::codes::Code;
use dsl::diagnostic::{Diagnostic, Severity, nearest};
use dsl::fields::{Fields, Owner, Reader, listed};
use dsl::shape;
use dsl::span::{Span, Spanned};
use dsl::types::{self, Field};
use dsl::value::Value;
use dsl::workflow::Arg;
use dsl::yaml::{self, Entry, Form, Kind, Node};

use crate::keys;
use crate::manifest::auth::Auth;
use crate::manifest::request::Method;
use crate::manifest::{Action, Manifest};
pub(crate) use auth::usual_oauth2;
use scope::{InScope, Scope};

/// What a manifest is, for messages.
const MANIFEST: Form = Form {
    what: "manifest",
    none: "there is no manifest in the file",
    begins: "a manifest begins with `connector:` and has `actions:`",
};

/// What a family is, for messages.
const FAMILY: Form = Form {
    what: "family",
    none: "there is no family in the file",
    begins: "a family begins with `family:` and has `auth:`",
};

/// What came of reading a text.
#[derive(Clone, Debug)]
pub struct Read<T> {
    /// What it says, if there is no error.
    pub value: Option<T>,
    /// All problems, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// The ways to sign in that several services share.
#[derive(Clone, Debug)]
pub struct Family {
    /// What manifests call it.
    pub id: String,
    /// How somebody makes an app there.
    pub setup: Vec<String>,
    /// The hosts that secrets may be sent to.
    pub hosts: Vec<String>,
    /// The ways to sign in.
    pub auth: Vec<Auth>,
}

/// Finds families by their names.
pub trait Families {
    /// The family of this name.
    fn find(&self, name: &str) -> Option<&Family>;
    /// The names of all.
    fn names(&self) -> Vec<&str>;
}

/// Reads a family.
pub fn family(text: &str) -> Read<Family> {
    let (root, diagnostics) = yaml::read_as(text, &FAMILY);
    let mut reader = Reader::of_data(text, diagnostics);
    let found = root.and_then(|root| {
        let fields = &mut top(&mut reader, &root, "a family", &shape::names(keys::FAMILY))?;
        let id = name(fields, "family", "a family")?;
        if let Some(node) = fields.required("about", "a family") {
            sentence(fields.reader, node, "about");
        }
        let setup = sentences(fields, "setup");
        let given = given_hosts(fields);
        let allowed = hosts::checked(fields.reader, given);
        // A family has no fields that every connection has.
        hosts::known(fields.reader, &allowed.fields, &[]);
        let hosts = allowed.names;
        let node = fields.required("auth", "a family");
        let around = auth::Around { hosts: &hosts, fields: &[], family: &[] };
        let auth = auth::all(fields.reader, node, &around);
        Some(Family { id, setup, hosts, auth })
    });
    done(reader, found)
}

/// Reads a manifest. `file` is the name of its file without the ending, where there is one.
pub fn manifest(text: &str, file: Option<&str>, families: &dyn Families) -> Read<Manifest> {
    let (root, diagnostics) = yaml::read_as(text, &MANIFEST);
    let mut reader = Reader::of_data(text, diagnostics);
    let found = root.and_then(|root| whole(&mut reader, &root, file, families));
    done(reader, found)
}

fn done<T>(reader: Reader<'_>, found: Option<T>) -> Read<T> {
    let diagnostics = dsl::in_order(reader.diagnostics);
    let well = diagnostics.iter().all(|wrong| wrong.severity != Severity::Error);
    Read { value: found.filter(|_| well), diagnostics }
}

fn whole(
    reader: &mut Reader<'_>,
    root: &Node,
    file: Option<&str>,
    families: &dyn Families,
) -> Option<Manifest> {
    let fields = &mut top(reader, root, "a manifest", &shape::names(keys::TOP))?;
    let id = connector(fields, file);
    let text = |fields: &mut Fields<'_, '_, '_>, key: &str| {
        let node = fields.take(key)?;
        Some(fields.reader.text(node, &format!("`{key}`"))?.value)
    };
    for key in ["name", "version", "auth", "actions"] {
        fields.required(key, "a manifest");
    }
    let (shown, version, docs) = (text(fields, "name"), version(fields), text(fields, "docs"));
    let about = fields.required("about", "a manifest").map(|node| sentence(fields.reader, node, "about"));
    let family = family_of(fields, families);
    let own = sentences(fields, "setup");
    let setup =
        if own.is_empty() { family.map(|family| family.setup.clone()).unwrap_or_default() } else { own };
    let given = given_hosts(fields);
    let allowed = hosts::checked(fields.reader, given);
    let mut hosts = allowed.names;
    hosts.extend(family.iter().flat_map(|family| family.hosts.iter().cloned()));
    hosts.sort();
    hosts.dedup();
    let mut account = account::account(fields);
    let derived: Vec<Field> = account.1.iter().map(|(_, field)| field.clone()).collect();
    let always: Vec<Field> = account.0.fields.iter().chain(&derived).cloned().collect();
    let around = auth::Around {
        hosts: &hosts,
        fields: &always,
        family: family.map_or(&[][..], |family| &family.auth),
    };
    let node = fields.take("auth");
    let auth = auth::all(fields.reader, node, &around);
    let mut every = always.clone();
    for field in auth.iter().flat_map(|way| &way.fields) {
        if every.iter().all(|known| known.name != field.name) {
            every.push(field.clone());
        }
    }
    // What is found out later comes from the service: it may not widen where secrets go.
    let given: Vec<Field> =
        every.iter().filter(|field| derived.iter().all(|own| own.name != field.name)).cloned().collect();
    let entered = hosts::known(fields.reader, &allowed.fields, &given);
    let connection = Scope::default().with_given("connection", &every);
    let places = request::Places { hosts: &hosts, fields: &every };
    let base = match fields.take("base") {
        Some(node) => {
            let url = fields.template_in("base", &connection);
            if let Some(url) = &url {
                hosts::check(fields.reader, url, node.span, &hosts, &every);
            }
            url
        }
        None => None,
    };
    let defaults = action::defaults(fields, &connection);
    let actions = action::all(fields, &connection, &places);
    // Where code carries all of them out, there are no paths to begin anywhere.
    let coded = !actions.is_empty() && actions.iter().all(|action| action.request().is_none());
    let base = match base {
        None if coded && fields.take("base").is_none() => Some(Arg::Value(Value::text(""))),
        None => {
            fields.required("base", "a manifest");
            None
        }
        given => given,
    };
    let triggers = trigger::all(fields, &connection, &places, &account.0, &actions);
    account.0.derive = account::derive(fields.reader, &account.1, &connection, &places);
    account::verify(fields, &mut account.0, &actions, &connection);
    options(fields, &actions);
    let free = free(fields);
    Some(Manifest {
        id: id?,
        name: shown?,
        version: version?,
        about: about?,
        docs,
        setup,
        hosts,
        entered,
        base: base?,
        account: account.0,
        auth,
        defaults,
        actions,
        triggers,
        free,
    })
}

/// Opens the mapping at the top; keys that begin with `x-` are a home for anchors.
fn top<'r, 't, 'n>(
    reader: &'r mut Reader<'t>,
    root: &'n Node,
    what: &str,
    known: &[&'static str],
) -> Option<Fields<'r, 't, 'n>> {
    let Kind::Map(entries) = &root.kind else { return None };
    let first = entries.first().map_or(root.span, |entry| entry.key.span());
    let own = entries.iter().filter(|entry| !entry.key.text.starts_with("x-"));
    Some(Fields::of(reader, own, &Owner { what, span: first }, known))
}

fn name(fields: &mut Fields<'_, '_, '_>, key: &str, what: &str) -> Option<String> {
    let node = fields.required(key, what)?;
    let name = fields.reader.text(node, &format!("`{key}`"))?;
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    let begins = name.value.starts_with(|letter: char| letter.is_ascii_lowercase());
    if !begins || !name.value.chars().all(fits) {
        let message = format!("`{}` cannot be the name of {what}", name.value);
        let wrong = Diagnostic::error(Code::InvalidName, name.span, message);
        let help = "names are made of `a` to `z`, digits and `_`, and begin with a letter";
        fields.reader.diagnostics.push(wrong.help(help));
    }
    Some(name.value)
}

fn connector(fields: &mut Fields<'_, '_, '_>, file: Option<&str>) -> Option<String> {
    let id = name(fields, "connector", "a manifest")?;
    if let (Some(file), Some(node)) = (file.filter(|file| *file != id), fields.take("connector")) {
        let message = format!("the connector `{id}` stands in a file called `{file}.yaml`");
        let wrong = Diagnostic::error(Code::OtherName, node.span, message);
        fields.reader.diagnostics.push(wrong.help(format!("call the file `{id}.yaml`")));
    }
    Some(id)
}

fn version(fields: &mut Fields<'_, '_, '_>) -> Option<String> {
    let node = fields.take("version")?;
    let text = fields.reader.text(node, "`version`")?;
    let parts: Vec<&str> = text.value.split('.').collect();
    let number = |part: &&str| !part.is_empty() && part.chars().all(|letter| letter.is_ascii_digit());
    if parts.len() != 3 || !parts.iter().all(number) {
        let message = format!("`{}` is no version", text.value);
        let wrong = Diagnostic::error(Code::WrongType, text.span, message);
        fields.reader.diagnostics.push(wrong.help("write three numbers, as in `1.0.0`"));
    }
    Some(text.value)
}

fn family_of<'f>(fields: &mut Fields<'_, '_, '_>, families: &'f dyn Families) -> Option<&'f Family> {
    let node = fields.take("extends")?;
    let wrote = fields.reader.text(node, "`extends`")?;
    let found = families.find(&wrote.value);
    if found.is_none() {
        let unknown = format!("there is no family `{}`", wrote.value);
        fields.reader.diagnostics.push(unknown_part(&wrote, unknown, &families.names()));
    }
    found
}

/// Says that there is no such part, and which there are.
pub(super) fn unknown_part(wrote: &Spanned<String>, message: String, known: &[&str]) -> Diagnostic {
    let wrong = Diagnostic::error(Code::UnknownPart, wrote.span, message);
    match nearest(&wrote.value, known.iter().copied()) {
        Some(near) => {
            wrong.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), wrote.span, near)
        }
        None if known.is_empty() => wrong,
        None => wrong.help(format!("there are {}", listed(known))),
    }
}

fn given_hosts(fields: &mut Fields<'_, '_, '_>) -> Vec<Spanned<String>> {
    match fields.take("hosts") {
        Some(node) => fields.reader.texts(node, "`hosts`"),
        None => vec![],
    }
}

/// Each list of choices names an action that there is, which needs nothing.
fn options(fields: &mut Fields<'_, '_, '_>, actions: &[Action]) {
    let names: Vec<&str> = actions.iter().map(|action| action.name.as_str()).collect();
    let Some(Kind::Map(entries)) = fields.take("actions").map(|node| &node.kind) else { return };
    for entry in entries {
        let Some(Kind::Map(options)) = entry.value.get("options").map(|node| &node.kind) else { continue };
        let inputs = entry.value.get("input");
        for option in options {
            let parameter = Spanned::new(option.key.text.clone(), option.key.span());
            if inputs.is_none_or(|inputs| inputs.get(&parameter.value).is_none()) {
                let known: Vec<&str> = match inputs.map(|node| &node.kind) {
                    Some(Kind::Map(inputs)) => inputs.iter().map(|entry| entry.key.text.as_str()).collect(),
                    _ => vec![],
                };
                let message = format!("`{}` has no parameter `{}`", entry.key.text, parameter.value);
                fields.reader.diagnostics.push(unknown_part(&parameter, message, &known));
            }
            let Some(node) = option.value.get("action") else { continue };
            let Some(scalar) = node.scalar() else { continue };
            if !names.contains(&&*scalar.text) {
                let wrote = Spanned::new(scalar.text.clone(), node.span);
                let message = format!("there is no action `{}`", wrote.value);
                fields.reader.diagnostics.push(unknown_part(&wrote, message, &names));
            }
        }
    }
}

fn free(fields: &mut Fields<'_, '_, '_>) -> Vec<Method> {
    let Some(node) = fields.take("requests") else {
        return vec![Method::Delete, Method::Get, Method::Patch, Method::Post, Method::Put];
    };
    let items = scope::items(fields.reader, node, "requests");
    let read = |item: &Node| {
        let word = fields.reader.choice(item, "requests", keys::METHODS)?;
        Method::ALL.into_iter().find(|method| method.name() == word)
    };
    items.iter().filter_map(read).collect()
}

/// The entries of a mapping, or what stands there instead.
pub(super) fn entries<'n>(reader: &mut Reader<'_>, node: &'n Node, key: &str) -> &'n [Entry] {
    match &node.kind {
        Kind::Map(entries) => entries,
        Kind::Scalar(_) if node.is_null() => &[],
        Kind::List(_) | Kind::Scalar(_) => {
            let message = format!("`{key}` is a mapping, and here stands {}", node.describe());
            reader.fail(Diagnostic::error(Code::WrongShape, node.span, message), node.span);
            &[]
        }
    }
}

/// A mapping of names to types in which each has a sentence.
pub(super) fn parameters(reader: &mut Reader<'_>, node: &Node, key: &str) -> Vec<Field> {
    let fields = types::read_fields(reader, node, key).unwrap_or_default();
    let entries: &[Entry] = match &node.kind {
        Kind::Map(entries) => entries,
        Kind::List(_) | Kind::Scalar(_) => &[],
    };
    for (field, entry) in fields.iter().zip(entries) {
        if !is_sentence(&field.about) {
            let message = format!("`{}` has no sentence that says what it is", field.name);
            let wrong = Diagnostic::error(Code::NoSentence, entry.key.span(), message);
            let help = format!("write `{{ type: {}, description: \"What it is.\" }}`", field.ty);
            reader.diagnostics.push(wrong.help(help));
        }
    }
    fields
}

/// A sentence: it ends as one.
pub(super) fn sentence(reader: &mut Reader<'_>, node: &Node, key: &str) -> String {
    let Some(text) = reader.text(node, &format!("`{key}`")) else { return String::new() };
    if !is_sentence(&text.value) {
        let wrong = Diagnostic::error(Code::NoSentence, text.span, format!("`{key}` is no sentence"));
        reader.diagnostics.push(wrong.help("begin it with a capital, and end it with a full stop"));
    }
    text.value
}

fn sentences(fields: &mut Fields<'_, '_, '_>, key: &str) -> Vec<String> {
    let Some(node) = fields.take(key) else { return vec![] };
    let items = scope::items(fields.reader, node, key);
    items.iter().map(|item| sentence(fields.reader, item, key)).collect()
}

fn is_sentence(text: &str) -> bool {
    let text = text.trim();
    text.len() > 3
        && text.ends_with(['.', '!', '?', ')'])
        && !text.starts_with(|first: char| first.is_lowercase())
}

/// A list of texts; empty if the key is not there.
pub(super) fn texts(fields: &mut Fields<'_, '_, '_>, key: &str) -> Vec<String> {
    let Some(node) = fields.take(key) else { return vec![] };
    fields.reader.texts(node, &format!("`{key}`")).into_iter().map(|text| text.value).collect()
}

/// One of several words as what it stands for, if the key is there. Both lists have the same order.
pub(super) fn word<T: Copy>(
    fields: &mut Fields<'_, '_, '_>,
    key: &str,
    words: &[&'static str],
    meanings: &[T],
) -> Option<T> {
    let node = fields.take(key)?;
    let word = fields.reader.choice(node, key, words)?;
    let at = words.iter().position(|known| *known == word)?;
    meanings.get(at).copied()
}

/// A length of time, if the key is there.
pub(super) fn duration(fields: &mut Fields<'_, '_, '_>, key: &str) -> Option<Duration> {
    Duration::try_from(fields.duration(key)?).ok()
}

/// Reports two keys of which one at most may stand there.
pub(super) fn exclusive(reader: &mut Reader<'_>, first: &str, second: &str, span: Span) {
    let message = format!("`{first}` and `{second}` exclude each other");
    reader.diagnostics.push(Diagnostic::error(Code::Exclusive, span, message));
}
