//! The keys of test files. What reads them, what tells of them and what helps editors is made of these.

use crate::catalog::FailureKind;
use crate::shape::{Field, Shape};
use crate::test::{STATES, STATUSES};

/// At the top.
pub const TOP: &[Field] = &[
    Field::optional("workflow", Shape::Text, "The workflow's file; by default the one of the same name."),
    Field::optional("now", Shape::Time, "When each case starts."),
    Field::optional("zone", Shape::Text, "The zone of times without an offset; by default UTC."),
    Field::optional(
        "allow",
        Shape::List(&Shape::Action),
        "Actions that only read and are really carried out.",
    ),
    Field::optional("mocks", MOCKS, "What stands in for the world in all cases."),
    Field::required("cases", Shape::Map(&Shape::Fields(CASE)), "The cases by their names."),
];

/// Of a case.
pub const CASE: &[Field] = &[
    Field::optional("description", Shape::Text, "What it is about."),
    Field::optional("inputs", Shape::Map(&Shape::Any), "What the run is given."),
    Field::optional(
        "trigger",
        Shape::OneOf(TRIGGER),
        "The trigger that fires; without it a person starts the run.",
    ),
    Field::optional("now", Shape::Time, "When it starts."),
    Field::optional("zone", Shape::Text, "The zone of times without an offset."),
    Field::optional(
        "seed",
        Shape::Integer(0, i64::MAX),
        "What `random()`, `uuid()` and retries are drawn from.",
    ),
    Field::optional(
        "allow",
        Shape::List(&Shape::Action),
        "Actions that only read and are really carried out.",
    ),
    Field::optional("mocks", MOCKS, "What stands in for the world, by path of step or id of action."),
    Field::optional(
        "answers",
        Shape::Map(&Shape::Either(&[Shape::Choice(WORDS), Shape::Fields(ANSWER), Shape::List(&Shape::Any)])),
        "What people answer, by path of step.",
    ),
    Field::optional("signals", Shape::List(&Shape::Fields(SIGNAL)), "What comes from outside."),
    Field::optional(
        "crash",
        Shape::OneOf(CRASH),
        "When the process dies and goes on from what was recorded.",
    ),
    Field::required("expect", Shape::Fields(EXPECT), "What must come of it."),
];

const MOCKS: Shape = Shape::Map(&Shape::Either(&[Shape::Fields(REPLY), Shape::List(&Shape::Fields(REPLY))]));

/// Of the trigger of a case.
pub const TRIGGER: &[Field] = &[
    Field::optional("at", Shape::Time, "The time of an `at` trigger."),
    Field::optional("cron", Shape::Time, "The time that a `cron` trigger names."),
    Field::optional("every", Shape::Time, "The time that an `every` trigger names."),
    Field::optional("event", Shape::Any, "What an event carries."),
    Field::optional("signal", Shape::Any, "What a signal carries."),
    Field::optional("webhook", Shape::Fields(REQUEST), "What a request brings."),
];

/// Of a webhook's request.
pub const REQUEST: &[Field] = &[
    Field::optional("body", Shape::Any, "Its body."),
    Field::optional("headers", Shape::Map(&Shape::Any), "Its headers, by their names in lower case."),
    Field::optional("query", Shape::Map(&Shape::Any), "What stands behind `?` in its address."),
];

/// Of a mock's answer.
pub const REPLY: &[Field] = &[
    Field::optional("gives", Shape::Any, "What the call gives; holes see `args` and `attempt`."),
    Field::optional(
        "fails",
        Shape::Either(&[Shape::Choice(&FailureKind::NAMES), Shape::Fields(FAILS)]),
        "How the call fails.",
    ),
    Field::optional(
        "calls",
        Shape::List(&Shape::Fields(WANT)),
        "What a model with tools wants called in this turn, before it answers.",
    ),
    Field::optional("takes", Shape::Duration, "How long it takes; by default no time."),
    Field::optional(
        "with",
        Shape::Map(&Shape::Any),
        "Part of the parameters of the calls that it answers; without it, it answers any.",
    ),
    Field::optional(
        "times",
        Shape::Either(&[Shape::Choice(TIMES), Shape::Integer(1, u32::MAX as i64)]),
        "How many calls it answers: in a list by default one, else any number.",
    ),
    Field::optional(
        "costs",
        Shape::Number(0.0, f64::MAX),
        "US dollars that the model took; by default none.",
    ),
];

/// The words that stand for a number of calls.
pub const TIMES: &[&str] = &["any"];

/// Of a call that a model wants.
pub const WANT: &[Field] = &[
    Field::required("tool", Shape::Text, "The tool, as the step lists it."),
    Field::optional("with", Shape::Any, "Its parameters; holes see `args` and `attempt`."),
];

/// Of a mock's failure.
pub const FAILS: &[Field] = &[
    Field::required("kind", Shape::Choice(&FailureKind::NAMES), "The kind of failure."),
    Field::optional("message", Shape::Text, "What happened."),
    Field::optional("status", Shape::Integer(100, 599), "The status of an HTTP answer."),
    Field::optional(
        "retry",
        Shape::Boolean,
        "Whether the same call may succeed later; by default by its kind.",
    ),
];

/// The words of an answer.
pub const WORDS: &[&str] = &["no", "stop", "yes"];

/// Of a person's answer.
pub const ANSWER: &[Field] = &[
    Field::required(
        "answer",
        Shape::Choice(WORDS),
        "Yes or no; `stop` for a call that is not to be made again.",
    ),
    Field::optional("values", Shape::Map(&Shape::Any), "What is filled in."),
    Field::optional("gave", Shape::Any, "What the call gave of which nobody knew."),
    Field::optional("after", Shape::Duration, "How long it takes; by default no time."),
    Field::optional("by", Shape::Text, "Who says so."),
    Field::optional("comment", Shape::Text, "What they add."),
];

/// Of a signal.
pub const SIGNAL: &[Field] = &[
    Field::required("name", Shape::Text, "Its name."),
    Field::optional("with", Shape::Any, "What it carries."),
    Field::optional("after", Shape::Duration, "How long after the start it comes; by default no time."),
];

/// Of a crash.
pub const CRASH: &[Field] = &[
    Field::optional("after", Shape::Text, "Once this step has ended."),
    Field::optional("during", Shape::Text, "While the call of this step is under way: its answer is lost."),
];

/// Of what is expected.
pub const EXPECT: &[Field] = &[
    Field::optional(
        "status",
        Shape::Choice(STATUSES),
        "How the run stands at the end; by default `succeeded`.",
    ),
    Field::optional("output", Shape::Any, "All that it gives."),
    Field::optional(
        "output_has",
        Shape::Any,
        "Part of what it gives: fields that do not stand here may be anything.",
    ),
    Field::optional("error", Shape::Either(&[Shape::Text, Shape::Fields(ERROR)]), "The failure of the run."),
    Field::optional(
        "steps",
        Shape::Map(&Shape::Either(&[Shape::Choice(STATES), Shape::Fields(STEP)])),
        "What came of steps, by their paths.",
    ),
    Field::optional(
        "calls",
        Shape::Map(&Shape::Either(&[
            Shape::Integer(0, i64::MAX),
            Shape::Fields(CALLS),
            Shape::List(&Shape::Map(&Shape::Any)),
        ])),
        "Which calls were made, by path of step or id of action.",
    ),
    Field::optional(
        "cost",
        Shape::Either(&[Shape::Number(0.0, f64::MAX), Shape::Fields(COST)]),
        "US dollars that its models took.",
    ),
    Field::optional("took", Shape::Duration, "How long the run took."),
    Field::optional(
        "that",
        Shape::Either(&[Shape::Expression, Shape::List(&Shape::Expression)]),
        "Conditions over `output`, `steps`, `errors`, `calls`, `cost`, `error`, `status`, `took` and `inputs`.",
    ),
];

/// Of the money that is expected.
pub const COST: &[Field] =
    &[Field::required("most", Shape::Number(0.0, f64::MAX), "It took no more than this.")];

/// Of a failure that is expected.
pub const ERROR: &[Field] = &[
    Field::optional("message", Shape::Text, "A text that stands in the message."),
    Field::optional("kind", Shape::Choice(&FailureKind::NAMES), "The kind of failure."),
    Field::optional("step", Shape::Text, "The path of the step."),
    Field::optional("status", Shape::Integer(100, 599), "The status of an HTTP answer."),
    Field::optional("attempts", Shape::Integer(0, i64::MAX), "How often it was tried."),
];

/// Of what is expected of a step.
pub const STEP: &[Field] = &[
    Field::optional("state", Shape::Choice(STATES), "How it stands."),
    Field::optional("value", Shape::Any, "All that it gave."),
    Field::optional("value_has", Shape::Any, "Part of what it gave."),
    Field::optional("attempts", Shape::Integer(0, i64::MAX), "How often it was tried."),
    Field::optional("error", Shape::Either(&[Shape::Text, Shape::Fields(ERROR)]), "Its failure."),
];

/// Of the calls that are expected.
pub const CALLS: &[Field] = &[
    Field::optional("count", Shape::Integer(0, i64::MAX), "How many."),
    Field::optional("with", Shape::Map(&Shape::Any), "Part of the parameters of every one."),
];
