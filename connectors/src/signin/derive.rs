//! What is found out once somebody is signed in: the fields of the connection that the service knows, and what the
//! account is called.

use std::collections::BTreeMap;
use std::sync::Arc;

use dsl::catalog::{Failure, FailureKind};
use dsl::value::{Object, Value};
use secret::{Open, Refused, Secret};

use super::refusal::Refusal;
use super::tokens::Tokens;
use crate::call::answer::{self, Judge, Meaning};
use crate::call::build::{self, Sender};
use crate::call::fill::{self, Names, found};
use crate::connection::{Connection, Within};
use crate::contents::Contents;
use crate::failure::of_egress;
use crate::manifest::request::Request;
use crate::manifest::{Choose, Derive, Manifest, Source};
use crate::params::short;

/// Somebody who has just signed in.
#[derive(Clone, Copy)]
pub struct Signed<'a> {
    /// The connector.
    pub manifest: &'a Manifest,
    /// The way to sign in, by its name in the manifest.
    pub auth: &'a str,
    /// The fields of the connection so far.
    pub fields: &'a Object,
    /// What signing in brought.
    pub tokens: &'a Tokens,
    /// What the browser came back with; null where there was none.
    pub redirect: &'a Value,
    /// The way out to the network.
    pub egress: &'a egress::Client,
    /// Where paths begin instead of at the manifest's own base, for trying.
    pub base: Option<&'a str>,
}

/// One of several that a person chooses from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What the field becomes.
    pub value: String,
    /// What the person reads.
    pub label: String,
}

/// What was found out.
#[derive(Clone, Debug)]
pub enum Derived {
    /// All fields of the connection.
    All(Object),
    /// A person chooses; then it is asked again with what they chose.
    Choose {
        /// The field.
        field: String,
        /// What there is to choose from: two at least.
        choices: Vec<Choice>,
    },
}

/// Finds out the fields of a connection, in order. `chosen` has what a person chose, by the names of the fields.
///
/// # Errors
/// Where the service says no, says nothing, or says what the manifest does not expect.
pub async fn derive(signed: &Signed<'_>, chosen: &BTreeMap<String, String>) -> Result<Derived, Refusal> {
    let mut fields = signed.fields.clone();
    for step in &signed.manifest.account.derive {
        let names = names(signed, &fields);
        let names = match &step.from {
            Source::Token => names.with("token", signed.tokens.extra.clone()),
            Source::Redirect => names.with("redirect", signed.redirect.clone()),
            Source::Request(request) => {
                let response = asked(signed, &fields, request, &names).await?.response;
                names.with("response", response)
            }
        };
        let value = found(&step.take, &names);
        let text = match &step.choose {
            None => text(&value).ok_or_else(|| missing(signed, step))?,
            Some(choose) => match choice(choose, &value, &names, chosen.get(&step.to)) {
                Chosen::One(text) => text,
                Chosen::None => return Err(missing(signed, step)),
                Chosen::Several(choices) => {
                    return Ok(Derived::Choose { field: step.to.clone(), choices });
                }
            },
        };
        let fits = step
            .pattern
            .as_ref()
            .is_none_or(|pattern| regex::Regex::new(pattern).is_ok_and(|regex| regex.is_match(&text)));
        if !fits {
            let message = format!(
                "`{}` is not what {} is known to give: `{}`",
                step.to,
                signed.manifest.name,
                short(&text)
            );
            return Err(Refusal::of(FailureKind::Refused, message));
        }
        fields.insert(step.to.as_str().into(), Value::text(text));
    }
    Ok(Derived::All(fields))
}

/// What the account is called, as the action that tries a connection tells it; nothing where the manifest has none.
///
/// # Errors
/// Where the service says no: then the connection does not work.
pub async fn label(signed: &Signed<'_>) -> Result<Option<String>, Refusal> {
    let manifest = signed.manifest;
    let Some(verify) = &manifest.account.verify else { return Ok(None) };
    let Some(action) = manifest.actions.iter().find(|action| action.name == *verify) else { return Ok(None) };
    let Some(request) = action.request() else { return Ok(None) };
    let names = names(signed, signed.fields);
    let seen = asked(signed, signed.fields, request, &names).await?;
    let names = names.with("response", seen.response.clone());
    let id = format!("{}.{verify}", manifest.id);
    let judge = Judge {
        rules: action.errors.iter().chain(&manifest.defaults.errors).collect(),
        success_when: action.answer.success_when.as_ref(),
        limits: [&action.limits, &manifest.defaults.limits],
        safety: action.safety,
        action: &id,
    };
    if let Meaning::No(_, failure) = judge.judge(&seen, &names) {
        return Err(Refusal::Failed(failure));
    }
    let Some(label) = &manifest.account.label else { return Ok(None) };
    let label = fill::value(label, &names)?.unwrap_or_default();
    Ok(text(&label).map(|text| crate::params::short_of(&text, 200)))
}

fn names(signed: &Signed<'_>, fields: &Object) -> Names {
    Names::new(&signed.manifest.id)
        .with("input", Value::object::<&str>([]))
        .with("connection", Value::Object(Arc::new(fields.clone())))
        .with("step", Value::object([("key", Value::text("signing in"))]))
}

/// Sends a request of the manifest with the fresh token.
async fn asked(
    signed: &Signed<'_>,
    fields: &Object,
    request: &Request,
    names: &Names,
) -> Result<answer::Seen, Refusal> {
    let manifest = signed.manifest;
    let Some(auth) = manifest.auth.iter().find(|way| way.id == signed.auth) else {
        let message = format!("{} has no way to sign in `{}`", manifest.name, short(signed.auth));
        return Err(Refusal::of(FailureKind::Invalid, message));
    };
    let open: Arc<dyn Open> = Arc::new(Access(signed.tokens.access.clone()));
    let connection = Connection {
        name: String::new(),
        owner: String::new(),
        auth: auth.id.clone(),
        fields: fields.clone(),
        secrets: [("access".to_owned(), "access".to_owned())].into(),
        made: 0,
        version: 0,
        base: None,
        open: open.clone(),
    };
    let contents = &Contents::none();
    let from =
        Sender { manifest, connection: &connection, auth, base: signed.base, idempotency: None, contents };
    let outgoing = build::build(&from, request, names, None)?;
    let hosts = match signed.base {
        Some(_) => outgoing.url.host_str().map(str::to_owned).into_iter().collect(),
        None => manifest.hosts_of(fields),
    };
    let client = signed.egress.opened_by(Arc::new(Within { open, hosts }));
    let call = outgoing.name();
    let response = client.send(outgoing.request()).await.map_err(|error| of_egress(&error, &call))?;
    let status = response.status;
    let seen = answer::read(response, request.reads, &call)?;
    if !(200..300).contains(&status) {
        let message = format!("`{call}` answered {status} right after signing in");
        let failure =
            Failure { status: Some(status), answered: true, ..Failure::new(FailureKind::Auth, message) };
        return Err(failure.into());
    }
    Ok(seen)
}

/// The fresh token.
struct Access(Secret);

impl Open for Access {
    fn open(&self, name: &str, _: &str) -> Result<Secret, Refused> {
        match name {
            "access" => Ok(self.0.clone()),
            _ => Err(Refused::Unknown { name: name.into() }),
        }
    }
}

/// What became of a choice.
enum Chosen {
    One(String),
    None,
    Several(Vec<Choice>),
}

/// One alone is taken without asking, and what a person chose only where it is among what there is.
fn choice(choose: &Choose, value: &Value, names: &Names, chosen: Option<&String>) -> Chosen {
    let Value::List(items) = value else { return Chosen::None };
    let read = |item: &Value| {
        let names = names.with("item", item.clone());
        let value = text(&found(&choose.value, &names))?;
        let label = fill::value(&choose.label, &names).ok().flatten();
        let label = label.as_ref().and_then(text).unwrap_or_else(|| value.clone());
        Some(Choice { value, label: crate::params::short_of(&label, 200) })
    };
    let mut choices: Vec<Choice> = items.iter().filter_map(read).collect();
    match (chosen, choices.len()) {
        (_, 0) => Chosen::None,
        (None, 1) => Chosen::One(choices.swap_remove(0).value),
        (Some(chosen), _) if choices.iter().any(|choice| choice.value == *chosen) => {
            Chosen::One(chosen.clone())
        }
        (Some(_) | None, _) => Chosen::Several(choices),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) if !text.is_empty() => Some(text.to_string()),
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

fn missing(signed: &Signed<'_>, step: &Derive) -> Refusal {
    let place = match step.from {
        Source::Token => "with its token",
        Source::Redirect => "where it sent the browser back",
        Source::Request(_) => "when it was asked",
    };
    let message = format!("{} did not say `{}` {place}", signed.manifest.name, step.to);
    Refusal::of(FailureKind::Invalid, message)
}
