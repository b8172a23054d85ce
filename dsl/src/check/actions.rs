//! Actions and their parameters: unknown and missing ones, and those of the wrong type.

use std::fmt;

use crate::ast::{Act, Arg, ArgKind, Op, Step};
use crate::catalog::Catalog;
use crate::check::{Checking, fits};
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, nearest};
use crate::fields::{a, listed};
use crate::span::{Span, Spanned};
use crate::spelling;
use crate::types::Field;

/// Compares every call with the catalog.
pub fn check(checking: &mut Checking<'_>) {
    let mut found = vec![];
    checking.ast.root.each(&mut |step| {
        if let Some(Op::Act(act)) = &step.op
            && !act.checked
        {
            call(checking, step, act, &mut found);
        }
        settings(step, &mut found);
    });
    checking.diagnostics.extend(found);
}

fn call(checking: &Checking<'_>, step: &Step, act: &Act, found: &mut Vec<Diagnostic>) {
    let id = &act.action.value;
    let action = match checking.catalog.get(id) {
        Some(action) => action,
        None => {
            let wrong = unknown(checking, id, act.action.span);
            found.push(wrong);
            match near(checking.catalog, id).and_then(|near| checking.catalog.get(&near)) {
                Some(near) => near,
                None => return,
            }
        }
    };
    let given = Given { to: &action.id, noun: Noun::Parameter, at: step.verb, values: &act.args };
    given.check(checking, &action.input, found);
    let connector = action.id.split('.').next().unwrap_or_default();
    if let Some(connection) = &step.connection
        && !checking.catalog.is_connected(connector)
    {
        let message = format!("`connection` has no effect, since `{connector}` has no accounts");
        found.push(Diagnostic::warning(Code::UselessSetting, connection.span, message).help("leave it out"));
    }
}

/// Says that there is no such action.
pub fn unknown(checking: &Checking<'_>, id: &str, span: Span) -> Diagnostic {
    let wrong = Diagnostic::error(Code::UnknownAction, span, format!("there is no action `{id}`"));
    if let Some(near) = near(checking.catalog, id) {
        return wrong.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), span, near);
    }
    let Some((connector, _)) = id.split_once('.') else {
        return wrong.help("an action is written `connector.action`, as in `file.read`");
    };
    let connectors = checking.catalog.callable();
    let siblings: Vec<&str> =
        checking.catalog.actions_of(connector).into_iter().take(8).map(|action| &*action.id).collect();
    if !siblings.is_empty() {
        return wrong.help(format!("`{connector}` has {}", listed(&siblings)));
    }
    match nearest(connector, connectors.iter().copied()) {
        Some(near) => wrong.help(format!("did you mean the connector `{near}`?")),
        None => wrong.help(format!("connectors are {}", listed(&connectors))),
    }
}

/// The action that was probably meant: one of the connector, or of one that is spelt nearly so.
fn near(catalog: &Catalog, id: &str) -> Option<String> {
    let connector = id.split_once('.').map_or(id, |(connector, _)| connector);
    let meant = [connector].into_iter().chain(nearest(connector, catalog.connectors()));
    let known = meant.flat_map(|connector| catalog.actions_of(connector)).map(|action| action.id.as_str());
    let at_hand = catalog.actions.keys().map(String::as_str);
    nearest(id, known.chain(at_hand)).map(str::to_owned)
}

/// Values that are given by name.
pub struct Given<'a> {
    /// The name of what they are given to.
    pub to: &'a str,
    /// What each of them is called.
    pub noun: Noun,
    /// Where it is said that one is missing: at the verb.
    pub at: Span,
    /// The values with their names.
    pub values: &'a [(Spanned<String>, Arg)],
}

/// What a value that is given by name is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noun {
    /// Of a workflow.
    Input,
    /// Of an action or an event.
    Parameter,
}

impl fmt::Display for Noun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Noun::Input => "input",
            Noun::Parameter => "parameter",
        })
    }
}

impl Given<'_> {
    /// Compares what is given with what is taken.
    pub fn check(&self, checking: &Checking<'_>, taken: &[Field], found: &mut Vec<Diagnostic>) {
        let (to, noun) = (self.to, self.noun);
        let mut given: Vec<&str> = vec![];
        for (key, value) in self.values {
            let known = taken.iter().find(|field| field.name == key.value);
            let Some(field) = known.or_else(|| self.meant(key, taken, found)) else { continue };
            given.push(&field.name);
            if let Some(wrong) = fits::misfit(&checking.typed, value, field) {
                let message = format!("the {noun} `{}`: {}", field.name, wrong.message);
                let wrong = Diagnostic { message, ..wrong };
                found.push(match &value.kind {
                    ArgKind::Value(value) => spelling::mended(checking.text, wrong, value, &field.ty),
                    ArgKind::Expr(_)
                    | ArgKind::Text(_)
                    | ArgKind::List(_)
                    | ArgKind::Object(_)
                    | ArgKind::Wrong => wrong,
                });
            }
        }
        for field in taken.iter().filter(|field| is_needed(field) && !given.contains(&field.name.as_str())) {
            let message = format!("`{to}` needs the {noun} `{}`", field.name);
            let wrong = Diagnostic::error(Code::MissingParameter, self.at, message);
            let ty = a(&field.ty.to_string());
            found.push(match &*field.about {
                "" => wrong,
                about => wrong.help(format!("`{}`, {ty}: {}", field.name, behind_colon(about))),
            });
        }
    }

    /// Reports a name that is not taken; gives the one that was probably meant.
    fn meant<'f>(
        &self,
        key: &Spanned<String>,
        taken: &'f [Field],
        found: &mut Vec<Diagnostic>,
    ) -> Option<&'f Field> {
        let (to, noun) = (self.to, self.noun);
        let message = format!("`{to}` has no {noun} `{}`", key.value);
        let wrong = Diagnostic::error(Code::UnknownParameter, key.span, message);
        let free = taken.iter().map(|field| field.name.as_str()).filter(|name| !self.has(name));
        let Some(near) = nearest(&key.value, free).or_else(|| self.only_missing(taken)) else {
            let names: Vec<&str> = taken.iter().map(|field| field.name.as_str()).collect();
            found.push(match &names[..] {
                [] => wrong.help(format!("it takes no {noun}s")),
                names => wrong.help(format!("its {noun}s are {}", listed(names))),
            });
            return None;
        };
        let wrong = wrong.help(format!("did you mean `{near}`?"));
        found.push(wrong.fix(format!("write `{near}`"), key.span, near));
        taken.iter().find(|field| field.name == near)
    }

    /// The one that is needed and missing where one is given that there is not: the two are probably one.
    fn only_missing<'f>(&self, taken: &'f [Field]) -> Option<&'f str> {
        let missing: Vec<&Field> =
            taken.iter().filter(|field| is_needed(field) && !self.has(&field.name)).collect();
        let known = |name: &str| taken.iter().any(|field| field.name == name);
        let unknown = self.values.iter().filter(|(key, _)| !known(&key.value)).count();
        match (&missing[..], unknown) {
            ([field], 1) => Some(&field.name),
            _ => None,
        }
    }

    fn has(&self, name: &str) -> bool {
        self.values.iter().any(|(key, _)| key.value == name)
    }
}

fn is_needed(field: &Field) -> bool {
    !field.optional && field.default.is_none()
}

/// Settings that have no effect where they stand.
fn settings(step: &Step, found: &mut Vec<Diagnostic>) {
    let acts = matches!(step.op, Some(Op::Act(_)) | None);
    if step.retry.value.is_some() && !acts {
        let wrong = Diagnostic::warning(
            Code::UselessSetting,
            step.retry.span,
            "only calls of actions are tried again",
        );
        found.push(wrong.help("put `retry` on the calls, or into `defaults`"));
    }
}

/// A sentence as it stands behind a colon; an abbreviation keeps its capitals.
fn behind_colon(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches('.');
    let mut chars = sentence.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain([second]).chain(chars).collect()
        }
        _ => sentence.into(),
    }
}
