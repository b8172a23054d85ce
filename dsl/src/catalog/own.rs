//! The events that the product itself has: what happens to runs, to money, to connections and to providers of models.

use super::Event;
use crate::types::{Field, Type};

/// The shares of a budget that are told, in percent.
pub const SHARES: [i64; 4] = [50, 80, 90, 100];

/// All of them.
pub(super) fn events() -> impl Iterator<Item = Event> {
    [budget(), connection_expired(), provider_down()].into_iter().chain(of_runs())
}

fn field(name: &str, ty: Type, about: &str) -> Field {
    Field::required(name, ty, about)
}

fn or_null(ty: Type) -> Type {
    Type::Nullable(Box::new(ty))
}

fn budget() -> Event {
    Event {
        id: "keyway.budget".into(),
        about: "50, 80, 90 or 100 % of a budget for models is spent.".into(),
        input: vec![
            Field::optional("percent", Type::Integer, "Only this share: 50, 80, 90 or 100."),
            Field::optional("workflow", Type::String, "Only the budget of this workflow."),
        ],
        payload: Type::Object(vec![
            field("scope", Type::String, "What the budget counts: `owner`, `workflow`, `key` or `token`."),
            field("name", or_null(Type::String), "Of which workflow, key or token."),
            field("percent", Type::Integer, "The share that is reached: 50, 80, 90 or 100."),
            field("spent", Type::Number, "What is spent in this month, in US dollars."),
            field("most", Type::Number, "What may be spent in a month, in US dollars."),
            field("month", Type::String, "The month in UTC, as in `2026-11`."),
        ]),
    }
}

fn connection_expired() -> Event {
    Event {
        id: "keyway.connection_expired".into(),
        about: "The tokens of a connection serve no more, and somebody has to connect it again.".into(),
        input: vec![Field::optional("connector", Type::String, "Only connections to this service.")],
        payload: Type::Object(vec![
            field("connector", Type::String, "The service."),
            field("connection", Type::String, "The name of the connection."),
            field("account", or_null(Type::String), "What the account is called, as far as that is known."),
            field("why", Type::String, "What the service said."),
            field("command", Type::String, "The command that connects it again."),
        ]),
    }
}

fn provider_down() -> Event {
    Event {
        id: "keyway.provider_down".into(),
        about:
            "A provider of models, or one of its models, fails so often that it is left alone for a while."
                .into(),
        input: vec![Field::optional("provider", Type::String, "Only this provider.")],
        payload: Type::Object(vec![
            field("provider", Type::String, "The provider."),
            field("model", or_null(Type::String), "The model; null where it is the whole provider."),
            field("since", Type::Time, "Since when it has not answered."),
            field("until", Type::Time, "When it is tried again."),
        ]),
    }
}

fn of_runs() -> [Event; 2] {
    let error = Type::Object(vec![
        field("message", Type::String, "What happened."),
        field("kind", Type::String, "The kind of failure."),
        field("step", or_null(Type::String), "The step that failed."),
        field("attempts", Type::Integer, "How often it was tried."),
        field("status", or_null(Type::Integer), "The status of an HTTP answer."),
    ]);
    let failed = Event {
        id: "keyway.run_failed".into(),
        about: "A run failed.".into(),
        input: vec![Field::optional("workflow", Type::String, "Only runs of this workflow.")],
        payload: Type::Object(vec![
            field("run", Type::String, "The id of the run."),
            field("workflow", Type::String, "The name of its workflow."),
            field("started", Type::Time, "When it started."),
            field("ended", Type::Time, "When it failed."),
            field("error", error, "The first failure."),
        ]),
    };
    let succeeded = Event {
        id: "keyway.run_succeeded".into(),
        about: "A run succeeded.".into(),
        input: vec![Field::optional("workflow", Type::String, "Only runs of this workflow.")],
        payload: Type::Object(vec![
            field("run", Type::String, "The id of the run."),
            field("workflow", Type::String, "The name of its workflow."),
            field("started", Type::Time, "When it started."),
            field("ended", Type::Time, "When it ended."),
            field("output", Type::Any, "What it gave."),
        ]),
    };
    [failed, succeeded]
}
