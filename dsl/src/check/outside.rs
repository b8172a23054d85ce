//! The types of values that come from people, signals and other workflows.

use crate::ast::{ArgKind, Ast, Op, Question, Trigger, TriggerKind, Wait};
use crate::catalog::{Catalog, Signature};
use crate::span::Spanned;
use crate::types::{Field, Type};

/// What another workflow gives, as far as it is known.
pub fn of_child(name: &str, catalog: &Catalog) -> Type {
    let known = catalog.workflows.as_ref().and_then(|workflows| workflows.get(name));
    known.map_or(Type::Any, |signature| signature.output.clone())
}

/// What a wait gives.
pub fn of_wait(wait: &Wait) -> Type {
    match wait {
        Wait::For { .. } | Wait::Until { .. } => Type::Null,
        Wait::Signal { .. } => Type::Any,
        Wait::Person(question) => of_answer(question),
    }
}

fn of_answer(question: &Question) -> Type {
    Type::Object(vec![
        Field::required("approved", Type::Boolean, "Whether it was a yes."),
        Field::required("by", Type::String.or_null(), "Who answered; null where nobody did in time."),
        Field::required("at", Type::Time, "When."),
        Field::required("comment", Type::String.or_null(), "What they wrote beside it."),
        Field::required("values", Type::Object(question.fields.clone()).filled(), "What they filled in."),
    ])
}

/// What `trigger` is in the steps: any of the workflow's triggers may have fired. That a person started the run is
/// left out: where all triggers are of one kind, authors read what it brings without asking whether it is there.
pub fn of_trigger(triggers: &[Trigger], catalog: &Catalog) -> Type {
    let any = |kinds: &[TriggerKind]| triggers.iter().any(|trigger| kinds.contains(&trigger.kind.value));
    let all = |kinds: &[TriggerKind]| triggers.iter().all(|trigger| kinds.contains(&trigger.kind.value));
    let where_any = |kinds: &[TriggerKind], ty: Type| match (any(kinds), all(kinds)) {
        (true, true) => ty,
        (true, false) => ty.or_null(),
        (false, _) => Type::Null,
    };
    let events = triggers.iter().filter(|trigger| trigger.kind.value == TriggerKind::Event);
    let event = events.map(|trigger| of_event(trigger, catalog)).fold(Type::NEVER, Type::or);
    let scheduled = [TriggerKind::At, TriggerKind::Cron, TriggerKind::Every];
    object(
        where_any(&scheduled, Type::Time),
        where_any(&[TriggerKind::Webhook], Type::AnyObject),
        where_any(&[TriggerKind::Event], event),
        where_any(&[TriggerKind::Signal], Type::Any),
    )
}

/// What `trigger` is in the inputs of one trigger, where it is the one that fired.
pub fn of_fired(trigger: &Trigger, catalog: &Catalog) -> Type {
    let null = || Type::Null;
    match trigger.kind.value {
        TriggerKind::At | TriggerKind::Cron | TriggerKind::Every => {
            object(Type::Time, null(), null(), null())
        }
        TriggerKind::Webhook => object(null(), Type::AnyObject, null(), null()),
        TriggerKind::Event => object(null(), null(), of_event(trigger, catalog), null()),
        TriggerKind::Signal => object(null(), null(), null(), Type::Any),
    }
}

/// What an event carries.
pub fn of_event(trigger: &Trigger, catalog: &Catalog) -> Type {
    let known = trigger.text.as_ref().and_then(|id| catalog.event(&id.value));
    known.map_or(Type::Any, |event| event.payload.clone())
}

/// `request` is the type of headers and query; a body that is not null may be anything.
fn object(scheduled: Type, request: Type, event: Type, signal: Type) -> Type {
    let body = if request == Type::Null { Type::Null } else { Type::Any };
    Type::Object(vec![
        Field::required("kind", Type::String, "What started the run; `manual` for a person."),
        Field::required("at", Type::Time, "When it started the run."),
        Field::required("scheduled_for", scheduled, "When it should have."),
        Field::required("body", body, "The body of the request."),
        Field::required("headers", request.clone(), "The headers of the request."),
        Field::required("query", request, "What stands after `?` in its address."),
        Field::required("event", event, "What the event carries."),
        Field::required("signal", signal, "What the signal carries."),
    ])
}

/// What a workflow looks like to those that call it. Of its output the fields are known: what a skipped step
/// was to give is null, so that their types are not.
pub fn signature(ast: &Ast) -> Signature {
    let output = match ast.root.output.as_ref().map(|output| &output.kind) {
        Some(ArgKind::Object(entries)) => {
            let field = |(key, _): &(Spanned<String>, _)| Field::required(&key.value, Type::Any, "");
            Type::Object(entries.iter().map(field).collect())
        }
        _ => Type::Any,
    };

    let mut calls = vec![];
    ast.root.each(&mut |step| {
        if let Some(Op::Child { workflow, .. }) = &step.op {
            calls.push(workflow.value.clone());
        }
    });
    calls.sort_unstable();
    calls.dedup();
    Signature { inputs: ast.inputs.iter().map(|input| input.field.clone()).collect(), output, calls }
}
