//! A draft is played before it is shown: mocks that are made of the types of what it calls stand in for the world, once as it
//! usually is, once with nothing there, once with fields left empty, once with a service that fails.

use std::collections::BTreeMap;
use std::sync::Arc;

use dsl::ast::TriggerKind;
use dsl::catalog::{Catalog, Failure, FailureKind};
use dsl::span::{Span, Spanned};
use dsl::test::{Answer, Case, Does, Expect, Fired, Mock, Reply, Says, Subject, Target, Word};
use dsl::types::{Field, Type};
use dsl::value::{Object, Value};
use dsl::workflow::{Arg, Start, Workflow};
use engine::plan::Plan;
use engine::run::Status;
use jiff::{SignedDuration, Timestamp};
use runtime::rehearsal::{Stage, rehearse};

use crate::when::Here;

/// What the world is like in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// As it usually is.
    Usual,
    /// Lists without items, texts without letters.
    Empty,
    /// What may be null is, and texts are what nobody expects.
    Odd,
    /// The last thing that is called fails for good.
    Failing,
}

impl World {
    /// All of them.
    pub const ALL: [World; 4] = [World::Usual, World::Empty, World::Odd, World::Failing];

    /// It in a word.
    pub fn name(self) -> &'static str {
        match self {
            World::Usual => "usual data",
            World::Empty => "nothing there",
            World::Odd => "fields left empty",
            World::Failing => "a service that fails",
        }
    }
}

/// What came of a case.
#[derive(Clone, Debug)]
pub struct Played {
    /// The world it was played in.
    pub world: World,
    /// True if the run succeeded.
    pub succeeded: bool,
    /// True if it came to an end.
    pub ended: bool,
    /// How it ended, in a few words.
    pub told: String,
    /// The actions that were called, in their order.
    pub calls: Vec<String>,
}

/// Plays a draft in all worlds; nothing where its text is no workflow.
pub fn simulate(text: &str, workflow: &Workflow, catalog: &Catalog, here: &Here) -> Vec<Played> {
    let beside = BTreeMap::new();
    let Some(subject) = Subject::new(text, &beside, catalog) else { return vec![] };
    let plan = Arc::new(Plan::new(workflow));
    World::ALL.iter().map(|world| play(*world, &plan, &subject, workflow, catalog, here)).collect()
}

fn play(
    world: World,
    plan: &Arc<Plan>,
    subject: &Subject<'_>,
    workflow: &Workflow,
    catalog: &Catalog,
    here: &Here,
) -> Played {
    let calling: Vec<(&String, &Type)> = subject
        .parts
        .iter()
        .filter_map(|(path, part)| match &part.does {
            Does::Calls { gives, .. } => Some((path, gives)),
            Does::Runs(_) | Does::Emits | Does::Asks(_) | Does::Computes => None,
        })
        .collect();
    let last = calling.len().saturating_sub(1);
    let order: Vec<&Arc<str>> = workflow.root.steps.iter().map(|step| &step.name).collect();
    let rank = |path: &str| {
        order.iter().position(|name| path == &***name || path.starts_with(&format!("{name}."))).unwrap_or(0)
    };
    let failing = calling.iter().max_by_key(|(path, _)| rank(path)).map(|(path, _)| (*path).clone());
    let mocks = calling.iter().enumerate().map(|(at, (path, gives))| {
        let span = Span::new(at * 2, at * 2 + 1);
        let fails =
            world == World::Failing && (failing.as_ref() == Some(*path) || (failing.is_none() && at == last));
        let says = if fails {
            Says::Fails(Failure {
                answered: true,
                ..Failure::new(FailureKind::Server, "the service is down")
            })
        } else {
            Says::Gives(Arg::Value(sample(gives, world, 0)))
        };
        Mock {
            of: Spanned::new(Target::Step((*path).clone()), span),
            replies: vec![Reply {
                span,
                with: None,
                times: None,
                says,
                takes: SignedDuration::ZERO,
                costs: None,
            }],
        }
    });
    let people = subject.parts.iter().enumerate().filter_map(|(at, (path, part))| match &part.does {
        Does::Asks(fields) => Some(Answer {
            step: Spanned::new(path.clone(), Span::new(10_000 + at * 2, 10_001 + at * 2)),
            says: Word::Yes,
            value: object(fields, world, 0),
            after: SignedDuration::ZERO,
            by: None,
            comment: None,
        }),
        _ => None,
    });
    let mut inputs = Object::new();
    for field in workflow.inputs.iter().filter(|field| field.default.is_none() && !field.optional) {
        inputs.insert(field.name.as_str().into(), sample(&field.ty, World::Usual, 0));
    }
    let case = Case {
        name: Spanned::new(world.name().into(), Span::new(20_000, 20_001)),
        inputs,
        fired: fired(workflow, catalog, world, here.now),
        now: here.now,
        zone: here.zone_name.as_str().into(),
        seed: 0,
        mocks: mocks.collect(),
        allow: vec![],
        answers: people.collect(),
        signals: vec![],
        crash: None,
        expect: Expect::default(),
    };
    let none = |name: &str, _: &Value| {
        Err(Failure::new(FailureKind::NotFound, format!("there is no workflow `{name}` here")))
    };
    let nothing = |_: &engine::command::Call| {
        Err(Failure::new(FailureKind::Refused, "nothing goes out of a simulation"))
    };
    let stage = Stage { plan: plan.clone(), subject, mocks: &[], find: &none, real: &nothing };
    let came = rehearse(&stage, &case);
    let calls = came.calls.iter().map(|made| made.action.to_string()).collect();
    let (succeeded, ended, told) = match (&came.trouble, &came.status) {
        (Some(trouble), _) => (false, false, trouble.message.clone()),
        (None, Status::Succeeded { .. }) => (true, true, "succeeds".into()),
        (None, status) if status.has_ended() => {
            let why = serde_json::to_value(status).ok().and_then(|json| {
                json.pointer("/failed/failure/message")
                    .or(json.pointer("/failed/error/message"))
                    .and_then(|it| it.as_str().map(str::to_owned))
            });
            let step = came
                .steps
                .iter()
                .find(|(_, entry)| entry.error.is_some())
                .map(|(path, entry)| (path.clone(), entry.error.clone()));
            let told = match (step, why) {
                (Some((path, Some(error))), _) => format!("fails at `{path}`: {}", error.failure.message),
                (_, Some(why)) => format!("fails: {why}"),
                _ => "fails".into(),
            };
            (false, true, told)
        }
        (None, _) => (false, false, "waits, and nothing comes".into()),
    };
    Played { world, succeeded, ended, told, calls }
}

/// The first trigger that fires, with what it brings.
fn fired(workflow: &Workflow, catalog: &Catalog, world: World, now: Timestamp) -> Option<Fired> {
    let trigger = workflow.triggers.first()?;
    let none = Value::object::<&str>([]);
    let (kind, at, brings) = match &trigger.start {
        Start::At { .. } => (TriggerKind::At, Some(now), none),
        Start::Cron { .. } => (TriggerKind::Cron, Some(now), none),
        Start::Every { .. } => (TriggerKind::Every, Some(now), none),
        Start::Signal { .. } => (TriggerKind::Signal, None, Value::object([("text", Value::text("a text"))])),
        Start::Event { event, .. } => (
            TriggerKind::Event,
            None,
            catalog.event(event).map_or(none, |event| sample(&event.payload, world, 0)),
        ),
        Start::Webhook { .. } => {
            let fields = [
                "id",
                "name",
                "email",
                "title",
                "text",
                "message",
                "company",
                "first_name",
                "last_name",
                "phone",
                "url",
            ];
            let body = Value::object(fields.map(|name| (name, sample_text(name, World::Usual))));
            (
                TriggerKind::Webhook,
                None,
                Value::object([("body", body), ("headers", none.clone()), ("query", none)]),
            )
        }
    };
    Some(Fired { kind, at, brings })
}

fn sample_text(name: &str, world: World) -> Value {
    Value::text(match (world, name) {
        (World::Empty, _) => "",
        (World::Odd, _) => "{{ 1 }} ignore this \u{200b}\"'<b>",
        (_, "email" | "from" | "to") => "ada@example.com",
        (_, "url" | "html_url" | "link") => "https://example.com/a",
        (_, "amount" | "total" | "total_price" | "value" | "price") => "12",
        _ => "a text",
    })
}

/// A value of a type, as it may come in such a world.
pub fn sample(ty: &Type, world: World, depth: usize) -> Value {
    named("", ty, world, depth)
}

fn named(name: &str, ty: &Type, world: World, depth: usize) -> Value {
    if depth > 6 {
        return Value::Null;
    }
    match ty {
        Type::Any => Value::object([
            ("id", Value::text("1")),
            ("name", sample_text(name, world)),
            ("email", sample_text("email", world)),
        ]),
        Type::Null => Value::Null,
        Type::Boolean => Value::Bool(world != World::Empty),
        Type::Integer => Value::Int(if world == World::Empty { 0 } else { 3 }),
        Type::Number => Value::Number(if world == World::Empty { 0.0 } else { 3.5 }),
        Type::String => sample_text(name, world),
        Type::Time => Value::Time("2026-01-05T08:00:00Z".parse().unwrap_or(Timestamp::UNIX_EPOCH)),
        Type::Duration => Value::Duration(SignedDuration::from_mins(5)),
        Type::Bytes => Value::text("dGV4dA=="),
        Type::AnyObject => Value::object([("id", Value::text("1")), ("name", sample_text(name, world))]),
        Type::Object(fields) => object(fields, world, depth),
        Type::List(_) if world == World::Empty => Value::list(vec![]),
        Type::List(item) => {
            Value::list(vec![named(name, item, world, depth + 1), named(name, item, World::Usual, depth + 1)])
        }
        Type::Enum(words) => words.first().map_or(Value::Null, |word| Value::text(word.as_str())),
        Type::Nullable(_) if world == World::Odd => Value::Null,
        Type::Nullable(inner) => named(name, inner, world, depth),
        Type::Union(arms) => arms.first().map_or(Value::Null, |arm| named(name, arm, world, depth)),
    }
}

fn object(fields: &[Field], world: World, depth: usize) -> Value {
    Value::object(fields.iter().map(|field| {
        let value = match field.min {
            Some(min) if matches!(field.ty, Type::Integer) => {
                Value::Int(min.max(3.0).min(field.max.unwrap_or(f64::MAX)) as i64)
            }
            _ => named(&field.name, &field.ty, world, depth + 1),
        };
        (field.name.as_str(), value)
    }))
}
