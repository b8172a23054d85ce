//! The keys of a workflow beside those of the verbs: at the top, of a trigger, of the settings. All lists are sorted.

use crate::shape::{Field, Shape};

/// The keys of a workflow.
pub const TOP: &[Field] = &[
    Field::optional("concurrency", Shape::Fields(CONCURRENCY), "How many runs may be under way at once."),
    Field::optional(
        "connections",
        Shape::Map(&Shape::Text),
        "Which named connection each connector uses, as in `slack: work`.",
    ),
    Field::optional(
        "defaults",
        Shape::Fields(DEFAULTS),
        "What holds for all steps that do not say otherwise.",
    ),
    Field::optional("description", Shape::Text, "What the workflow is for."),
    Field::optional("inputs", Shape::Types, "What a run is given, with types."),
    Field::optional("limits", Shape::Fields(LIMITS), "What a run may take at most."),
    Field::required("name", Shape::Workflow, "Its name: `a` to `z`, digits and `-`."),
    Field::optional("on_failure", Shape::Steps, "Steps for a run that failed; they see `error`."),
    Field::optional("output", Shape::Any, "What the run gives; without it, the map of its steps' values."),
    Field::required("steps", Shape::Steps, "The steps by name; their order in the file means nothing."),
    Field::optional("triggers", Shape::Triggers, "What starts runs by itself."),
];

/// The keys of `concurrency`.
pub const CONCURRENCY: &[Field] = &[
    Field::optional(
        "key",
        Shape::Expression,
        "Runs with the same value share the limit; without it, all runs of the workflow do.",
    ),
    Field::optional("max", Shape::Integer(1, 10_000), "How many runs at once, by default 1."),
    Field::optional(
        "when_full",
        Shape::Choice(WHEN_FULL),
        "Whether a further run waits (the default), is left out, or ends the oldest.",
    ),
];

/// What happens to a run for which there is no room.
pub const WHEN_FULL: &[&str] = &["queue", "skip", "cancel_oldest"];

/// The keys of `defaults`.
pub const DEFAULTS: &[Field] = &[
    Field::optional("quality", Shape::Choice(QUALITY), "How good a model the `ai` steps ask."),
    Field::optional("retry", RETRY, "How often calls that may be repeated are tried."),
    Field::optional("timeout", Shape::Duration, "Longest time of one attempt of a call."),
];

/// How good a model is asked.
pub const QUALITY: &[&str] = &["low", "standard", "high"];

/// What stands behind `retry`.
pub const RETRY: Shape = Shape::Either(&[Shape::Integer(1, 1000), Shape::Fields(RETRIES)]);

/// The keys of `retry` in its long form.
pub const RETRIES: &[Field] = &[
    Field::optional("attempts", Shape::Integer(1, 1000), "Attempts in all."),
    Field::optional("delay", Shape::Duration, "The pause before the second, by default `1s`."),
    Field::optional(
        "factor",
        Shape::Number(1.0, 100.0),
        "By what each further pause is multiplied, by default 2.",
    ),
    Field::optional("max_delay", Shape::Duration, "The longest pause, by default `5m`."),
    Field::optional(
        "on",
        Shape::Either(&[KIND, Shape::List(&KIND)]),
        "Only these kinds of failure; without it, those that may pass.",
    ),
];

const KIND: Shape = Shape::Choice(&crate::catalog::FailureKind::NAMES);

/// The keys of `limits`.
pub const LIMITS: &[Field] = &[
    Field::optional("ai_cost", Shape::Number(0.0, f64::MAX), "US dollars that a run may spend on models."),
    Field::optional(
        "steps",
        Shape::Integer(1, i64::MAX),
        "How many steps a run may start, items and rounds counted.",
    ),
    Field::optional("timeout", Shape::Duration, "Longest time of a run."),
];

/// A way in which runs start by themselves.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The key that an author writes.
    pub key: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// The keys of such a trigger, its own included.
    pub fields: &'static [Field],
    /// A trigger of this kind, as an entry of `triggers`.
    pub example: &'static str,
}

/// All kinds of trigger. `event` comes before `every`, since an event may have an `every` of its own.
pub const TRIGGERS: &[Kind] = &[
    Kind {
        key: "at",
        about: "Start a run once, at a time.",
        fields: &[
            Field::required("at", Shape::Time, "When, as in `2026-12-24T09:00`."),
            CATCH_UP,
            INPUTS,
            TIMEZONE,
        ],
        example: "at: \"2026-12-24T09:00\"",
    },
    Kind {
        key: "cron",
        about: "Start runs by a schedule.",
        fields: &[
            CATCH_UP,
            Field::required(
                "cron",
                Shape::Cron,
                "Minute, hour, day, month and weekday, as in `0 9 * * MON-FRI`; a sixth field in front is seconds.",
            ),
            INPUTS,
            JITTER,
            OVERLAP,
            TIMEZONE,
        ],
        example: "cron: \"0 9 * * MON-FRI\"\ntimezone: Europe/Berlin",
    },
    Kind {
        key: "event",
        about: "Start a run for each event of a connector, or of this program itself.",
        fields: &[
            Field::required("event", Shape::Text, "The event, as in `gmail.new_message`."),
            Field::optional(
                "every",
                Shape::Duration,
                "How often it is asked for, where it must be asked for.",
            ),
            Field::optional(
                "filter",
                Shape::Expression,
                "Only events for which this condition over `event` holds.",
            ),
            INPUTS,
            Field::optional("with", Shape::Map(&Shape::Any), "The parameters of the event."),
        ],
        example: "event: keyway.run_failed\nfilter: event.workflow != \"example\"",
    },
    Kind {
        key: "every",
        about: "Start runs again and again, with the same time between them.",
        fields: &[
            CATCH_UP,
            Field::required("every", Shape::Duration, "The time between two runs, as in `2w`."),
            Field::optional("from", Shape::Time, "The first time; without it, when the workflow is enabled."),
            INPUTS,
            JITTER,
            OVERLAP,
            TIMEZONE,
        ],
        example: "every: 2w\nfrom: \"2026-01-05T09:00\"",
    },
    Kind {
        key: "signal",
        about: "Start a run for each signal of a name, as `emit` raises them.",
        fields: &[INPUTS, Field::required("signal", Shape::Text, "The name of the signal.")],
        example: "signal: order_paid",
    },
    Kind {
        key: "webhook",
        about: "Start a run for each request to an address of its own.",
        fields: &[
            INPUTS,
            Field::required(
                "webhook",
                Shape::Either(&[Shape::Fields(WEBHOOK), Shape::Nothing]),
                "How requests are told to be genuine, and answered.",
            ),
        ],
        example: "webhook: { verify: { scheme: github, secret: GITHUB_WEBHOOK }, respond: now }",
    },
];

const CATCH_UP: Field = Field::optional(
    "catch_up",
    Shape::Choice(CATCHING_UP),
    "Which of the times that were missed are made up for, by default `latest`; `all` is at most 100.",
);
const INPUTS: Field =
    Field::optional("inputs", Shape::Map(&Shape::Any), "What the run is given, with holes over `trigger`.");
const JITTER: Field =
    Field::optional("jitter", Shape::Duration, "Each start is put off by a random time up to this.");
const OVERLAP: Field = Field::optional(
    "overlap",
    Shape::Choice(OVERLAPPING),
    "What happens while the run before is still under way, by default `skip`.",
);
const TIMEZONE: Field =
    Field::optional("timezone", Shape::Text, "The time zone, as in `Europe/Berlin`; by default the owner's.");

/// Which missed times are made up for.
pub const CATCHING_UP: &[&str] = &["none", "latest", "all"];

/// What happens while the run before is under way.
pub const OVERLAPPING: &[&str] = &["skip", "queue", "allow", "cancel_oldest"];

/// The keys of `webhook`.
pub const WEBHOOK: &[Field] = &[
    Field::optional("method", Shape::Choice(METHODS), "The method of the requests, by default `post`."),
    Field::optional(
        "respond",
        Shape::Choice(RESPOND),
        "Whether a request is answered at once (the default), with the run's output as JSON, or with the output as the whole answer: `{ status, headers, body }`.",
    ),
    Field::optional("verify", Shape::Fields(VERIFY), "How a request is told to be genuine."),
];

/// When a request is answered.
pub const RESPOND: &[&str] = &["now", "output", "answer"];

/// The methods that a webhook may be called by.
pub const METHODS: &[&str] = &["get", "post"];

/// The keys of `verify`.
pub const VERIFY: &[Field] = &[
    Field::optional(
        "header",
        Shape::Text,
        "The header that proves it, for `hmac_sha256` (by default `x-signature`) and `token` (`x-webhook-token`).",
    ),
    Field::required("scheme", Shape::Choice(SCHEMES), "How the sender proves who it is."),
    Field::optional(
        "secret",
        Shape::Text,
        "The name of the secret that both know; all schemes but `none` need it.",
    ),
];

/// How senders prove who they are. `standard` is Standard Webhooks, `token` a header that is the secret itself; with
/// `none` the address alone proves it, which nobody can guess.
pub const SCHEMES: &[&str] = &[
    "basic",
    "bearer",
    "github",
    "gitlab",
    "hmac_sha256",
    NO_SCHEME,
    "shopify",
    "slack",
    "standard",
    "stripe",
    "token",
];

/// The scheme of a sender that proves nothing but that it knows the address.
pub const NO_SCHEME: &str = "none";

/// The schemes whose header an author may name.
pub const NAMED_HEADERS: &[&str] = &["hmac_sha256", "token"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verb::{STEP, VERBS};

    fn sorted(fields: &[Field]) {
        let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
        assert!(names.is_sorted(), "{names:?}");
        for field in fields {
            assert!(field.about.ends_with('.'), "{}", field.name);
            inner(&field.shape);
        }
    }

    fn inner(shape: &Shape) {
        match shape {
            Shape::Fields(fields) | Shape::OneOf(fields) => sorted(fields),
            Shape::Either(shapes) => shapes.iter().for_each(inner),
            Shape::List(shape) | Shape::Map(shape) => inner(shape),
            _ => {}
        }
    }

    #[test]
    fn lists_are_sorted_and_sentences_end() {
        sorted(TOP);
        sorted(STEP);
        assert!(TRIGGERS.is_sorted_by_key(|kind| kind.key));
        TRIGGERS.iter().for_each(|kind| sorted(kind.fields));
        // The key of the verb itself comes first, and what belongs to its head.
        VERBS.iter().flat_map(|verb| verb.fields).for_each(|field| inner(&field.shape));
    }
}
