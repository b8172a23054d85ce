//! A draft as the values of a manifest, in the order in which people write them.

use dsl::types::{Field, Type};

use super::draft::{Action, Draft};
use super::pages::plain;
use super::yaml::{Entry, Tree};

/// The keys of the long form of a type: an object whose fields are called like that needs it.
const LONG: &[&str] =
    &["default", "description", "enum", "fields", "items", "max", "min", "optional", "pattern", "type"];

/// A manifest.
pub(super) fn manifest(draft: &Draft) -> Tree {
    let mut first = Entry::text("connector", &draft.id);
    first.why = Some(format!(
        "Made of {}. What it does not say is marked `# decide:`; remove such a line where you did.",
        draft.from
    ));
    let mut top = vec![
        first,
        Entry::text("name", &draft.name),
        Entry::new("version", Tree::Bare("1.0.0".into())),
        Entry::text("about", &draft.about),
    ];
    top.extend(draft.docs.as_ref().map(|docs| Entry::text("docs", docs)));
    top.push(Entry::new("hosts", Tree::texts(&draft.place.hosts)));
    top.push(Entry::text("base", &draft.place.base).noted(draft.place.notes.clone()));
    let mut connection = vec![];
    if !draft.place.fields.is_empty() {
        let fields = draft.place.fields.iter().map(|field| Entry::new(&*field.name, parameter(field)));
        connection.push(Entry::new("fields", Tree::Map(fields.collect())));
    }
    connection.extend(draft.verify.as_ref().map(|verify| Entry::text("verify", verify)));
    connection.extend(draft.label.as_ref().map(|label| Entry::text("label", label)));
    let auth = Entry::new(
        "auth",
        Tree::Map(
            draft
                .ways
                .iter()
                .map(|way| Entry::new(&*way.id, Tree::Map(way.keys.clone())).noted(way.notes.clone()))
                .collect(),
        ),
    );
    let mut auth = auth.noted(draft.auth_notes.clone()).apart();
    if draft.verify.is_none() {
        auth.notes
            .push("`connection: { verify: ACTION }`: which action tells whether a connection works".into());
    }
    if !connection.is_empty() {
        top.push(Entry::new("connection", Tree::Map(connection)).apart());
    }
    top.push(auth);
    top.push(defaults(draft).apart());
    let mut actions: Vec<Entry> = draft.actions.iter().map(action).collect();
    for action in actions.iter_mut().skip(1) {
        action.apart = true;
    }
    top.push(Entry::new("actions", Tree::Map(actions)).apart());
    Tree::Map(top)
}

fn defaults(draft: &Draft) -> Entry {
    let mut headers = vec![Entry::text("accept", "application/json")];
    headers.extend(draft.headers.iter().map(|(name, value)| Entry::text(name, value)));
    let mut keys = vec![Entry::new("headers", Tree::Map(headers))];
    if draft.graphql {
        let rule = |when: &str, class: &str, message: bool| {
            let mut rule = vec![Entry::text("when", when), Entry::text("as", class)];
            if message {
                rule.push(Entry::text("message", "{{ response.body.errors[0].message }}"));
            }
            Tree::Map(rule)
        };
        let mut errors = Entry::new(
            "errors",
            Tree::List(vec![
                rule("response.status == 429", "rate_limited", false),
                rule("response.status == 401", "auth_refresh_then_retry", false),
                rule("response.status >= 500", "retry", false),
                rule("len(response.body.errors) > 0", "invalid_input", true),
            ]),
        );
        errors
            .notes
            .push("which codes of `errors[0].extensions` mean too often, not allowed or not there".into());
        errors.why = Some("A no comes with status 200 too.".into());
        keys.push(errors);
    }
    Entry::new("defaults", Tree::Map(keys))
}

fn action(action: &Action) -> Entry {
    let mut keys = vec![Entry::text("about", &action.about), Entry::text("effect", action.effect)];
    let safety = Entry::text("safety", action.safety);
    keys.push(safety.noted(action.safety_note.clone()));
    if !action.scopes.is_empty() {
        keys.push(Entry::new("scopes", Tree::texts(&action.scopes)));
    }
    if !action.input.is_empty() {
        let input = action.input.iter().map(|field| Entry::new(&*field.name, parameter(field)));
        keys.push(Entry::new("input", Tree::Map(input.collect())));
    }
    keys.push(request(action));
    if let Some((place, name)) = &action.idempotency {
        keys.push(Entry::new("idempotency", Tree::Map(vec![Entry::text(*place, name)])));
    }
    if let Some((pages, limit)) = &action.pages {
        let mut own = pages.keys.clone();
        own.push(Entry::text("limit", format!("input.{limit}")));
        keys.push(Entry::new("pages", Tree::Map(own)).noted(pages.note.clone()));
    }
    keys.extend(action.output.clone().map(|output| Entry::new("output", output)));
    keys.push(Entry::new("returns", of_type(&action.returns, Side::Given)));
    Entry::new(&*action.name, Tree::Map(keys)).noted(action.notes.clone())
}

fn request(action: &Action) -> Entry {
    let mut keys = vec![Entry::text("method", action.method.name())];
    keys.extend(action.base.as_ref().map(|base| Entry::text("base", base)));
    keys.push(Entry::text("path", &action.path));
    for (key, entries) in [("query", &action.query), ("headers", &action.headers)] {
        if !entries.is_empty() {
            keys.push(Entry::new(key, Tree::Map(entries.clone())));
        }
    }
    if let Some(body) = &action.body {
        let named = action.idempotency.as_ref().filter(|(place, _)| *place == "body");
        let empty = matches!(&body.value, Tree::Map(entries) if entries.is_empty());
        // Of a body that holds nothing of its own, the key makes one.
        if !(empty && named.is_some()) {
            keys.push(body.clone());
        }
    }
    keys.extend(action.lists.map(|lists| Entry::text("lists", lists)));
    keys.extend(action.reads.map(|reads| Entry::text("reads", reads)));
    Entry::new("request", Tree::Map(keys))
}

/// Whether a type is of what is sent or of what is given: what must be sent and may be null is sent as null where nothing
/// is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Given,
    Sent,
}

/// A parameter with its type and sentence.
pub(super) fn parameter(field: &Field) -> Tree {
    let mut keys = long(field, Side::Sent);
    keys.push(Entry::text("description", &field.about));
    Tree::Map(keys)
}

/// The long form of a type, without a sentence.
fn long(field: &Field, side: Side) -> Vec<Entry> {
    let mut keys = match plain(&field.ty) {
        Type::Enum(texts) if !matches!(field.ty, Type::Nullable(_)) => {
            vec![Entry::new("enum", Tree::texts(texts))]
        }
        _ => typed(&field.ty, side),
    };
    let optional = keys.iter().any(|entry| entry.key == "optional");
    if field.optional && !optional {
        keys.push(Entry::new("optional", Tree::Bare("true".into())));
    }
    if side == Side::Sent && !field.optional && !optional && matches!(field.ty, Type::Nullable(_)) {
        keys.push(Entry::new("default", Tree::Bare("null".into())));
    }
    for (key, bound) in [("min", field.min), ("max", field.max)] {
        keys.extend(bound.map(|bound| Entry::new(key, Tree::Bare(bound.to_string()))));
    }
    keys.extend(field.pattern.as_ref().map(|pattern| Entry::text("pattern", pattern)));
    keys
}

/// A type in its long form: `type` with `fields` or `items` where it does not stand in one text.
fn typed(ty: &Type, side: Side) -> Vec<Entry> {
    if let Some(text) = short(ty) {
        return vec![Entry::text("type", text)];
    }
    let mark = if matches!(ty, Type::Nullable(_)) { "?" } else { "" };
    match plain(ty) {
        Type::Object(fields) => vec![
            Entry::text("type", format!("object{mark}")),
            Entry::new("fields", Tree::Map(fields.iter().map(|field| inner(field, side)).collect())),
        ],
        Type::List(item) => {
            vec![Entry::text("type", format!("list{mark}")), Entry::new("items", of_type(item, side))]
        }
        Type::Enum(texts) => {
            let text = ty.to_string();
            if dsl::types::parse(&text).is_ok_and(|read| read == *ty) {
                return vec![Entry::text("type", text)];
            }
            vec![Entry::new("enum", Tree::texts(texts)), Entry::new("optional", Tree::Bare("true".into()))]
        }
        other => vec![Entry::text("type", other.to_string())],
    }
}

/// A field of an object.
fn inner(field: &Field, side: Side) -> Entry {
    let optional = field.optional && !matches!(field.ty, Type::Nullable(_));
    let filled = side == Side::Sent && !field.optional && matches!(field.ty, Type::Nullable(_));
    if field.min.is_none() && field.max.is_none() && field.pattern.is_none() && !optional && !filled {
        return Entry::new(&*field.name, of_type(&field.ty, side));
    }
    let optional = if filled { false } else { optional || (side == Side::Sent && field.optional) };
    let mut keys = long(&Field { optional, ..field.clone() }, side);
    if filled {
        // Without a sentence it could be read as an object with the fields `type` and `default`.
        keys.push(Entry::text("description", "Null where nothing is said."));
    }
    Entry::new(&*field.name, Tree::Map(keys))
}

/// A type in its short form: words, lists in brackets, objects as mappings.
fn of_type(ty: &Type, side: Side) -> Tree {
    match ty {
        Type::Object(fields) => {
            let entries: Vec<Entry> = fields.iter().map(|field| inner(field, side)).collect();
            // An object whose fields are all called as the keys of a type would be read as one.
            let looks = entries.iter().any(|entry| matches!(entry.key.as_str(), "type" | "enum"));
            if looks && entries.iter().all(|entry| LONG.contains(&entry.key.as_str())) {
                return Tree::Map(vec![
                    Entry::text("type", "object"),
                    Entry::new("fields", Tree::Map(entries)),
                ]);
            }
            Tree::Map(entries)
        }
        Type::List(item) => match short(ty) {
            Some(_) if matches!(**item, Type::Any) => Tree::Text("list".into()),
            _ => Tree::List(vec![of_type(item, side)]),
        },
        Type::Enum(texts) => Tree::Map(vec![Entry::new("enum", Tree::texts(texts))]),
        Type::Nullable(_) => match short(ty) {
            Some(text) => Tree::Text(text),
            None => Tree::Map(typed(ty, side)),
        },
        other => Tree::Text(other.to_string()),
    }
}

/// A type in one text, where it is short and says nothing else.
fn short(ty: &Type) -> Option<String> {
    let scalar = |ty: &Type| !matches!(ty, Type::Object(_) | Type::Enum(_) | Type::List(_));
    let simple = match plain(ty) {
        Type::List(item) => match plain(item) {
            Type::List(inner) => scalar(inner),
            other => scalar(other),
        },
        other => scalar(other),
    };
    let text = ty.to_string();
    (simple && dsl::types::parse(&text).is_ok_and(|read| read == *ty)).then_some(text)
}
