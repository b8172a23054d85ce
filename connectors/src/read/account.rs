//! What a connection has beside its way to sign in: what a person gives, what is found out, what tells that it works.

use dsl::codes::Code;
use dsl::diagnostic::Diagnostic;
use dsl::fields::{self, Fields, Owner, Reader};
use dsl::shape;
use dsl::types::{Field, Type};
use dsl::yaml::{Entry, Kind, Node};

use super::request::{self, Places};
use super::scope::{InScope, Scope};
use super::{entries, parameters, unknown_part};
use crate::keys;
use crate::manifest::{Account, Action, Choose, Derive, Source};

/// What a connection has, and the nodes of what is found out later with the fields that it gives.
pub(super) type Found<'n> = (Account, Vec<(&'n Entry, Field)>);

/// Reads what a connection has.
pub(super) fn account<'n>(fields: &mut Fields<'_, '_, 'n>) -> Found<'n> {
    let mut account = Account::default();
    let Some(node) = fields.take("connection") else { return (account, vec![]) };
    let owner = Owner { what: "`connection`", span: node.span };
    let known = shape::names(keys::CONNECTION);
    let Some(own) = &mut Fields::open(fields.reader, node, &owner, &known) else { return (account, vec![]) };
    for (key, into) in [("fields", &mut account.fields), ("secrets", &mut account.secrets)] {
        if let Some(node) = own.take(key) {
            *into = parameters(own.reader, node, key);
        }
    }
    let mut derived = vec![];
    if let Some(node) = own.take("derive") {
        for entry in entries(own.reader, node, "derive") {
            let name = fields::name(own.reader, &entry.key, "a field");
            let pattern = entry.value.get("pattern").and_then(|node| node.scalar());
            let pattern = pattern.map(|scalar| scalar.text.clone());
            derived.push((entry, Field { pattern, ..Field::required(&name, Type::String, "") }));
        }
    }
    (account, derived)
}

/// Reads how fields are found out.
pub(super) fn derive(
    reader: &mut Reader<'_>,
    entries: &[(&Entry, Field)],
    connection: &Scope,
    places: &Places<'_>,
) -> Vec<Derive> {
    let mut all = vec![];
    for (entry, field) in entries {
        let what = format!("the field `{}`", field.name);
        let owner = Owner { what: &what, span: entry.key.span() };
        let Some(fields) = &mut Fields::open(reader, &entry.value, &owner, &shape::names(keys::DERIVE))
        else {
            continue;
        };
        fields.required("take", &what);
        let Some(node) = fields.required("from", &what) else { continue };
        let Some(from) = fields.reader.choice(node, "from", keys::SOURCES) else { continue };
        let (source, scope) = match from {
            "token" => (Some(Source::Token), connection.with("token", Type::Any)),
            "redirect" => (Some(Source::Redirect), connection.with("redirect", Type::Any)),
            _ => {
                let found = fields.required("request", &what);
                let request = found.and_then(|node| request::read(fields.reader, node, connection, places));
                (request.map(|request| Source::Request(Box::new(request))), connection.with_response())
            }
        };
        let choose = fields.take("choose").and_then(|node| choose(fields.reader, node));
        let pattern = field.pattern.clone();
        if let Some(wrong) = pattern.as_deref().and_then(|pattern| regex::Regex::new(pattern).err()) {
            let message = format!("the pattern of `{}` is not a regular expression: {wrong}", field.name);
            let span = fields.take("pattern").map_or(owner.span, |node| node.span);
            fields.reader.diagnostics.push(Diagnostic::error(Code::InvalidPattern, span, message));
        }
        if let (Some(from), Some(take)) = (source, fields.expr_in("take", &scope)) {
            all.push(Derive { to: field.name.clone(), pattern, from, take, choose });
        }
    }
    all
}

fn choose(reader: &mut Reader<'_>, node: &Node) -> Option<Choose> {
    let owner = Owner { what: "`choose`", span: node.span };
    let fields = &mut Fields::open(reader, node, &owner, &shape::names(keys::CHOOSE))?;
    let item = Scope::default().with("item", Type::Any);
    fields.required("value", "`choose`");
    fields.required("label", "`choose`");
    Some(Choose { value: fields.expr_in("value", &item)?, label: fields.template_in("label", &item)? })
}

/// `verify` and `label`, which are about an action.
pub(super) fn verify(
    fields: &mut Fields<'_, '_, '_>,
    account: &mut Account,
    actions: &[Action],
    connection: &Scope,
) {
    let Some(node) = fields.take("connection").filter(|node| matches!(node.kind, Kind::Map(_))) else {
        return;
    };
    let Some(own) = node.get("verify") else { return };
    let Some(wrote) = fields.reader.text(own, "`verify`") else { return };
    let names: Vec<&str> = actions.iter().map(|action| action.name.as_str()).collect();
    match actions.iter().find(|action| action.name == wrote.value) {
        None => {
            let message = format!("there is no action `{}`", wrote.value);
            fields.reader.diagnostics.push(unknown_part(&wrote, message, &names));
        }
        Some(action) => {
            let needs = action.input.iter().find(|field| !field.optional && field.default.is_none());
            if action.safety != dsl::catalog::Safety::Read || needs.is_some() {
                let message = format!("`{}` cannot verify a connection", wrote.value);
                let wrong = Diagnostic::error(Code::UnkeptSafety, wrote.span, message);
                fields.reader.diagnostics.push(wrong.help("take an action that reads and needs no input"));
            }
        }
    }
    account.verify = Some(wrote.value);
    let known = shape::names(keys::CONNECTION);
    let owner = Owner { what: "`connection`", span: node.span };
    // Its keys were looked at before, so that nothing is said of them a second time.
    let said = fields.reader.diagnostics.len();
    if let Some(own) = &mut Fields::open(fields.reader, node, &owner, &known) {
        own.reader.diagnostics.truncate(said);
        account.label = own.template_in("label", &connection.with_response());
    }
}
