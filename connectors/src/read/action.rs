//! Actions, and what holds for all of them.

use std::time::Duration;

use dsl::catalog::{Safety, Trust};
use dsl::codes::Code as ErrorCode;
use dsl::diagnostic::Diagnostic;
use dsl::fields::{self, Fields, Owner, Reader};
use dsl::shape;
use dsl::span::Span;
use dsl::types::{self, Field, Type};
use dsl::yaml::{Entry, Node};

use super::auth::made_text;
use super::made;
use super::request::{self, Places};
use super::scope::{self, InScope, Scope};
use super::{duration, entries, exclusive, parameters, sentence, texts, word};
use crate::code::Code;
use crate::hook::Moment;
use crate::keys;
use crate::manifest::answer::Answer;
use crate::manifest::limits::{Budget, Class, Limits, Rule, Unit, Wait, WaitPlace};
use crate::manifest::request::Method;
use crate::manifest::{Action, Certainty, Defaults, Effect, Idempotency, KeyPlace, Means, Options};

/// Reads what holds for all actions.
pub(super) fn defaults(fields: &mut Fields<'_, '_, '_>, connection: &Scope) -> Defaults {
    let mut defaults = Defaults {
        headers: vec![],
        timeout: Duration::from_secs(30),
        max_response: keys::MOST_BYTES as usize,
        errors: vec![],
        limits: Limits::default(),
    };
    let Some(node) = fields.take("defaults") else { return defaults };
    let owner = Owner { what: "`defaults`", span: node.span };
    let known = shape::names(keys::DEFAULTS);
    let Some(fields) = &mut Fields::open(fields.reader, node, &owner, &known) else { return defaults };
    defaults.headers = fields.pairs_in("headers", connection);
    if let Some(timeout) = duration(fields, "timeout") {
        defaults.timeout = timeout;
    }
    if let Some(most) = fields.integer("max_response", 1..=keys::MOST_BYTES) {
        defaults.max_response = usize::try_from(most).unwrap_or(defaults.max_response);
    }
    let any = connection.with("input", Type::Any);
    defaults.errors = rules(fields, &any);
    defaults.limits = limits(fields, &any);
    defaults
}

/// Reads all actions.
pub(super) fn all(fields: &mut Fields<'_, '_, '_>, connection: &Scope, places: &Places<'_>) -> Vec<Action> {
    let Some(node) = fields.take("actions") else { return vec![] };
    let all = entries(fields.reader, node, "actions");
    all.iter().filter_map(|entry| one(fields.reader, entry, connection, places)).collect()
}

fn one(reader: &mut Reader<'_>, entry: &Entry, connection: &Scope, places: &Places<'_>) -> Option<Action> {
    let name = fields::name(reader, &entry.key, "an action");
    let what = format!("the action `{name}`");
    let owner = Owner { what: &what, span: entry.key.span() };
    if name == crate::catalog::FREE {
        let message = format!("every connector has an action `{name}` of its own");
        reader.diagnostics.push(Diagnostic::error(ErrorCode::DuplicateKey, entry.key.span(), message));
    }
    let fields = &mut Fields::open(reader, &entry.value, &owner, &shape::names(keys::ACTION))?;
    for key in ["effect", "safety", "returns"] {
        fields.required(key, &what);
    }
    let about = fields.required("about", &what).map(|node| sentence(fields.reader, node, "about"));
    let effect = word(fields, "effect", keys::EFFECTS, &Effect::ALL);
    let safety = safety(fields);
    let scopes = texts(fields, "scopes");
    let certainty = word(fields, "certainty", keys::CERTAINTIES, &Certainty::ALL).unwrap_or_default();
    let trust = fields.take("trust").and_then(|node| {
        let words = keys::choices(keys::ACTION, "trust");
        let word = fields.reader.choice(node, "trust", words)?;
        Some(if word == "trusted" { Trust::Trusted } else { Trust::Untrusted })
    });
    let input = fields.take("input").map(|node| parameters(fields.reader, node, "input")).unwrap_or_default();
    let connection = &connection.with("step", Type::object([("key", Type::String)]));
    let (scope, asked) = (connection.with_given("input", &input), connection.with_open_input(&input));
    let options = fields.take("options").map(|node| options(fields.reader, node)).unwrap_or_default();
    let hooks = fields.take("hooks").map(|node| made::all(fields.reader, node, &scope)).unwrap_or_default();
    let sent = made::seeing(&scope, &hooks, &[Moment::Before]);
    let means = match fields.take("code") {
        Some(_) => code(fields, &input, &what).map(Means::Code),
        None => {
            let request = fields.required("request", &what);
            let request = request.and_then(|node| request::read(fields.reader, node, &sent, places));
            request.map(|request| Means::Request(Box::new(request)))
        }
    };
    let input = match &means {
        Some(Means::Code(code)) => marked(*code, input),
        Some(Means::Request(_)) | None => input,
    };
    let idempotency = fields.take("idempotency").and_then(|node| idempotency(fields.reader, node, &scope));
    let pages = fields.take("pages").and_then(|node| request::pages(fields.reader, node, &scope, places));
    let each = fields.take("each").and_then(|node| {
        let seen = |scope: &Scope| made::seeing(scope, &hooks, &[Moment::Before, Moment::After]);
        request::each(fields.reader, node, (&sent, &seen(&scope)), places)
    });
    if let Some(entry) = fields.entry("each").filter(|_| fields.take("pages").is_none()) {
        let message = "`each` asks about the items of `pages`, and there are none";
        fields.reader.diagnostics.push(Diagnostic::error(ErrorCode::MissingKey, entry.key.span(), message));
    }
    let paged = fields.take("pages").is_some();
    let late = hooks.iter().find(|made| made.hook.moment == Moment::After);
    if let Some(late) = late.filter(|_| paged && fields.take("each").is_none()) {
        let span = fields.take("hooks").map_or(owner.span, |node| node.span);
        let message = format!("`{}` reads one answer, and {what} comes in pages", late.hook.name);
        let wrong = Diagnostic::error(ErrorCode::Exclusive, span, message);
        fields.reader.diagnostics.push(wrong.help("with `each` it reads the answer about each item"));
    }
    // Of a list, what is made of an answer belongs to one item.
    let moments: &[Moment] = if paged { &[Moment::Before] } else { &[Moment::Before, Moment::After] };
    let answered = made::seeing(&scope, &hooks, moments).with_response();
    let output = match paged {
        true => answered.with("items", Type::list(Type::Any)),
        false => answered.clone(),
    };
    let answer = Answer {
        success_when: fields.condition_in("success_when", &asked.with_response()),
        returns: returns(fields).unwrap_or_default(),
        output: fields.value_in("output", &output),
    };
    if paged && fields.take("output").is_none() {
        let message = format!("{what} comes in pages, and does not say what becomes of them");
        let wrong = Diagnostic::error(ErrorCode::MissingKey, owner.span, message);
        fields.reader.diagnostics.push(wrong.help("write `output: { things: \"{{ items }}\" }`"));
    }
    let errors = rules(fields, &asked);
    let limits = limits(fields, &scope);
    let action = Action {
        name,
        about: about?,
        effect: effect?,
        safety: safety?,
        scopes,
        certainty,
        trust: trust.unwrap_or_default(),
        input,
        options,
        made: hooks,
        means: means?,
        idempotency,
        pages,
        each,
        answer,
        errors,
        limits,
    };
    keeps(fields, &action, owner.span);
    Some(action)
}

/// The code that carries an action out: all else that says how is missing then, and the parameters are those that it reads.
fn code(fields: &mut Fields<'_, '_, '_>, input: &[Field], what: &str) -> Option<Code> {
    let node = fields.take("code")?;
    for key in ["request", "hooks", "idempotency", "pages", "each", "success_when", "output", "errors"] {
        if let Some(entry) = fields.entry(key) {
            exclusive(fields.reader, "code", key, entry.key.span());
        }
    }
    let found = word(fields, "code", keys::CODES, &Code::ALL)?;
    let known: Vec<&str> = found.takes().iter().map(|(name, _)| *name).collect();
    if let Some(other) = input.iter().find(|field| !known.contains(&field.name.as_str())) {
        let message = format!("the code `{}` reads no parameter `{}`", found.name(), other.name);
        let wrong = Diagnostic::error(ErrorCode::UnknownPart, node.span, message);
        fields.reader.diagnostics.push(wrong.help(format!("it reads {}", fields::listed(&known))));
    }
    let needed = found.takes().iter().filter(|(_, needed)| *needed).map(|(name, _)| *name);
    for name in needed.filter(|name| input.iter().all(|field| field.name != *name)) {
        let message =
            format!("the code `{}` needs the parameter `{name}`, and {what} has none", found.name());
        fields.reader.diagnostics.push(Diagnostic::error(ErrorCode::MissingParameter, node.span, message));
    }
    Some(found)
}

/// The parameters of an action that code carries out, with those known whose text is the author's alone.
fn marked(code: Code, input: Vec<Field>) -> Vec<Field> {
    let marked = |field: Field| Field { marks: code.marks(&field.name), ..field };
    input.into_iter().map(marked).collect()
}

fn safety(fields: &mut Fields<'_, '_, '_>) -> Option<Safety> {
    let words = keys::choices(keys::ACTION, "safety");
    word(fields, "safety", words, &[Safety::Idempotent, Safety::Keyed, Safety::Once, Safety::Read])
}

/// The type of what is given.
pub(super) fn returns(fields: &mut Fields<'_, '_, '_>) -> Option<Type> {
    let node = fields.take("returns")?;
    Some(types::read_field(fields.reader, "returns", node, node.span).0.ty)
}

/// A safety is a promise: the request must be able to keep it.
fn keeps(fields: &mut Fields<'_, '_, '_>, action: &Action, owner: Span) {
    let span = fields.take("safety").map_or(owner, |node| node.span);
    let keyed = action.idempotency.is_some();
    let reads = action.effect == Effect::Read;
    let changes_nothing = action.request().map(|request| request.method).filter(|method| method.reads());
    let (message, help) = match action.safety {
        Safety::Keyed if !keyed => (
            "`keyed` says that the request carries a key, and there is none".to_owned(),
            "write `idempotency: { header: Idempotency-Key }`, or `safety: once`",
        ),
        Safety::Once | Safety::Idempotent | Safety::Read if keyed => {
            ("the request carries a key, and `safety` does not say so".to_owned(), "write `safety: keyed`")
        }
        Safety::Read if !reads => (
            format!("what has the effect `{}` is more than a read", action.effect.name()),
            "write `safety: once`, or `idempotent` where doing it twice is doing it once",
        ),
        Safety::Once | Safety::Idempotent | Safety::Keyed if reads => (
            format!(
                "what only reads is `read`, not `{}`",
                fields.reader.text.get(span.range()).unwrap_or("")
            ),
            "write `safety: read`",
        ),
        Safety::Once | Safety::Idempotent | Safety::Keyed if changes_nothing.is_some() => (
            format!("a `{}` changes nothing", changes_nothing.map_or("", Method::name)),
            "write `effect: read` and `safety: read`, or another method",
        ),
        Safety::Keyed | Safety::Once | Safety::Idempotent | Safety::Read => match action.means {
            Means::Code(code) if code.safety() != action.safety => (
                format!("what the code `{}` does has another safety", code.name()),
                match code.safety() {
                    Safety::Read => "write `safety: read`",
                    Safety::Once | Safety::Idempotent | Safety::Keyed => "write `safety: once`",
                },
            ),
            Means::Code(_) | Means::Request(_) => return,
        },
    };
    fields.reader.diagnostics.push(Diagnostic::error(ErrorCode::UnkeptSafety, span, message).help(help));
}

fn options(reader: &mut Reader<'_>, node: &Node) -> Vec<Options> {
    let item = Scope::default().with("item", Type::Any);
    let mut all = vec![];
    for entry in entries(reader, node, "options") {
        let what = format!("the choices for `{}`", entry.key.text);
        let owner = Owner { what: &what, span: entry.key.span() };
        let Some(fields) = &mut Fields::open(reader, &entry.value, &owner, &shape::names(keys::OPTIONS))
        else {
            continue;
        };
        for key in ["value", "label"] {
            fields.required(key, &what);
        }
        let Some(node) = fields.required("action", &what) else { continue };
        let action = fields.reader.text(node, "`action`").map(|text| text.value);
        let (value, label) = (fields.expr_in("value", &item), fields.template_in("label", &item));
        if let (Some(action), Some(value), Some(label)) = (action, value, label) {
            all.push(Options { input: entry.key.text.clone(), action, value, label });
        }
    }
    all
}

fn idempotency(reader: &mut Reader<'_>, node: &Node, scope: &Scope) -> Option<Idempotency> {
    let owner = Owner { what: "`idempotency`", span: node.span };
    let fields = &mut Fields::open(reader, node, &owner, &shape::names(keys::IDEMPOTENCY))?;
    let mut place = None;
    for key in ["header", "body", "query"] {
        let Some(node) = fields.take(key) else { continue };
        let name = fields.reader.text(node, &format!("`{key}`"))?.value;
        if place.is_some() {
            exclusive(fields.reader, "header", key, node.span);
        }
        place = Some(match key {
            "header" => KeyPlace::Header(name),
            "body" => KeyPlace::Body(name.split('.').map(str::to_owned).collect()),
            _ => KeyPlace::Query(name),
        });
    }
    if place.is_none() {
        let message = "`idempotency` says where the key stands: `header`, `body` or `query`";
        fields.reader.diagnostics.push(Diagnostic::error(ErrorCode::MissingKey, node.span, message));
    }
    let value = match fields.take("value") {
        Some(_) => fields.template_in("value", scope)?,
        None => made_text("{{ step.key }}"),
    };
    let keep = duration(fields, "keep");
    Some(Idempotency { place: place?, value, keep })
}

/// The rules of `errors`.
fn rules(fields: &mut Fields<'_, '_, '_>, scope: &Scope) -> Vec<Rule> {
    let Some(node) = fields.take("errors") else { return vec![] };
    let scope = scope.with_response();
    let mut rules = vec![];
    for item in scope::items(fields.reader, node, "errors") {
        let owner = Owner { what: "a rule of `errors`", span: item.span };
        let Some(fields) = &mut Fields::open(fields.reader, item, &owner, &shape::names(keys::RULE)) else {
            continue;
        };
        for key in ["when", "as"] {
            fields.required(key, "a rule of `errors`");
        }
        let when = fields.condition_in("when", &scope);
        let class = word(fields, "as", keys::CLASSES, &Class::ALL);
        let (message, code) = (fields.template_in("message", &scope), fields.expr_in("code", &scope));
        if let (Some(when), Some(class)) = (when, class) {
            rules.push(Rule { when, class, message, code });
        }
    }
    rules
}

fn limits(fields: &mut Fields<'_, '_, '_>, scope: &Scope) -> Limits {
    let Some(node) = fields.take("limits") else { return Limits::default() };
    let owner = Owner { what: "`limits`", span: node.span };
    let Some(fields) = &mut Fields::open(fields.reader, node, &owner, &shape::names(keys::LIMITS)) else {
        return Limits::default();
    };
    let wait = match fields.take("wait") {
        Some(node) => {
            let items = scope::items(fields.reader, node, "wait");
            items.iter().filter_map(|item| wait(fields.reader, item, scope)).collect()
        }
        None => vec![],
    };
    let budgets = match fields.take("budgets") {
        Some(node) => {
            let items = scope::items(fields.reader, node, "budgets");
            items.iter().filter_map(|item| budget(fields.reader, item, scope)).collect()
        }
        None => vec![],
    };
    let concurrency = fields.integer("concurrency", 1..=100).and_then(|most| usize::try_from(most).ok());
    Limits { wait, fallback: duration(fields, "fallback"), budgets, concurrency }
}

fn wait(reader: &mut Reader<'_>, node: &Node, scope: &Scope) -> Option<Wait> {
    let owner = Owner { what: "an entry of `wait`", span: node.span };
    let fields = &mut Fields::open(reader, node, &owner, &shape::names(keys::WAIT))?;
    let unit = word(fields, "unit", keys::UNITS, &Unit::ALL).unwrap_or(Unit::Seconds);
    let header = fields.take("header").and_then(|node| fields.reader.text(node, "`header`"));
    let place = match (header, fields.expr_in("body", &scope.with_response())) {
        (Some(header), None) => WaitPlace::Header(header.value.to_lowercase()),
        (None, Some(body)) => WaitPlace::Body(body),
        (Some(_), Some(_)) => {
            exclusive(fields.reader, "header", "body", node.span);
            return None;
        }
        (None, None) => {
            let message = "an entry of `wait` says where: `header` or `body`";
            fields.reader.diagnostics.push(Diagnostic::error(ErrorCode::MissingKey, node.span, message));
            return None;
        }
    };
    Some(Wait { place, unit })
}

fn budget(reader: &mut Reader<'_>, node: &Node, scope: &Scope) -> Option<Budget> {
    let owner = Owner { what: "an entry of `budgets`", span: node.span };
    let fields = &mut Fields::open(reader, node, &owner, &shape::names(keys::BUDGET))?;
    for key in ["limit", "per"] {
        fields.required(key, "an entry of `budgets`");
    }
    let key = fields.template_in("key", scope);
    let limit = fields.integer("limit", 1..=1_000_000)?;
    Some(Budget { key, limit: u32::try_from(limit).ok()?, per: duration(fields, "per")? })
}
