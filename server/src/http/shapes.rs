//! What routes take and give.

use super::runs::STATUSES;
use super::shape::{Field, Known, Shape, always, perhaps};
use super::tokens::SCOPES;
use super::usage::{SCOPES as BUDGETS, WORDS};
use super::workflows::FORMATS;
use crate::role::Role;
use Shape::{Any, Count, Fields, Flag, List, Maybe, Moment, Named, Of, Open, Secret, Text, Word};

mod connecting;
mod drafts;
mod editor;
mod people;

pub(super) use connecting::*;
pub(super) use drafts::*;
pub(super) use editor::*;
pub(super) use people::*;

/// What is told where something is not done.
pub const REFUSAL: Known = Known {
    name: "Refusal",
    about: "Why something was not done.",
    shape: Fields(&[
        always("code", Text, "A word for programs."),
        always("message", Text, "What is the case."),
        always("help", Maybe(&Text), "What to do about it."),
    ]),
};

/// What is told where a question to a model is not answered, in the form of a provider.
pub const TROUBLE: Known = Known {
    name: "Trouble",
    about: "Why a question was not answered, as the libraries of OpenAI and Anthropic read it.",
    shape: Open(&[always(
        "error",
        Open(&[
            always("message", Text, "What is the case."),
            always("type", Text, "A word for programs, as the provider has it."),
        ]),
        "",
    )]),
};

const RUN_LISTED: Known = Known {
    name: "RunListed",
    about: "A run in a list.",
    shape: Fields(&[
        always("run", Text, "Its name."),
        always("workflow", Text, ""),
        always("status", Word(&STATUSES), ""),
        always("state", Text, "How it stands, more closely: also `waiting`, `paused` or `queued`."),
        always("started", Moment, ""),
        always("ended", Maybe(&Moment), ""),
        perhaps("version", Count, "The version that it started with, where it was deployed."),
        perhaps("called_by", Text, "The run that called it."),
        perhaps("takes_over_from", Text, "The run that it takes over from."),
        perhaps("waits", List(&Text), "For whom or what it waits."),
    ]),
};
pub const RUN_NOW: Shape = Of(&RUN_LISTED);
pub const RUNS: Shape = Fields(&[
    always("runs", List(&Of(&RUN_LISTED)), ""),
    always("next", Maybe(&Text), "Where it is not null, more come `before` it."),
]);
pub const RUNS_QUERY: &[Field] = &[
    perhaps("before", Text, "Only runs that began before this one."),
    perhaps("limit", Count, "How many, up to 1000; 100 where nothing is said."),
    perhaps("since", Text, "Only runs that began then or later: a moment, a day, or a length such as `24h`."),
    perhaps("status", Word(&STATUSES), "Only runs that stand like this."),
    perhaps("workflow", Text, "Only runs of this workflow."),
];
pub const BEGUN: Shape = Fields(&[always("run", Text, ""), always("workflow", Text, "")]);

const STEP: Known = Known {
    name: "Step",
    about: "How a step of a run stands: what there is of it.",
    shape: Fields(&[
        always("state", Text, ""),
        always("attempts", Count, ""),
        always("started", Maybe(&Moment), ""),
        always("ended", Maybe(&Moment), ""),
        perhaps("until", Moment, ""),
        perhaps("value", Any, ""),
        perhaps("error", Any, ""),
        perhaps("why", Text, ""),
        perhaps("waits_for", Any, ""),
        perhaps("reused", Any, ""),
        perhaps("action", Text, ""),
        perhaps("sent", Moment, ""),
        perhaps("key", Text, ""),
        perhaps("models", Any, "What models took that it has asked."),
        perhaps("children_done", Count, ""),
        perhaps("children_total", Count, ""),
        perhaps("run", Text, "The run that it called."),
    ]),
};
const RUN_SHOWN: Known = Known {
    name: "Run",
    about: "A run with all its steps, as `keyway show --json` shows it.",
    shape: Open(&[
        always("run", Text, ""),
        always("workflow", Text, ""),
        always("status", Text, ""),
        always("output", Any, ""),
        perhaps("error", Any, ""),
        always("steps", Named(&Of(&STEP)), "The steps by their paths."),
    ]),
};
pub const RUN: Shape = Of(&RUN_SHOWN);
pub const STORY: Shape = Open(&[
    always("run", Text, ""),
    always("workflow", Text, ""),
    always("status", Text, ""),
    always("text", Text, "Why the run began, stands or ended as it does."),
    always("facts", List(&Open(&[])), ""),
    always("steps", List(&Open(&[always("step", Text, ""), always("text", Text, "")])), ""),
]);
const EVENT: Known = Known {
    name: "Event",
    about: "Something that happened in a run: how the run stands since, and the steps that it changed.",
    shape: Fields(&[
        always("seq", Count, "Its number."),
        always("time", Moment, ""),
        always("status", Text, ""),
        always("steps", Named(&Of(&STEP)), ""),
    ]),
};
pub const EVENTS: Shape = Fields(&[
    always("events", List(&Of(&EVENT)), ""),
    always("next", Maybe(&Count), "Where it is not null, more come `after` it."),
]);
pub const EVENTS_QUERY: &[Field] = &[
    perhaps("after", Count, "Only what came after the one of this number; `last-event-id` says the same."),
    perhaps("limit", Count, "How many, up to 1000; 200 where nothing is said. A stream tells all."),
];
pub const INPUTS: Shape = Fields(&[perhaps("inputs", Open(&[]), "The inputs by their names.")]);
pub const NONE: Shape = Fields(&[]);
pub const FORK: Shape = Fields(&[
    perhaps("from", List(&Text), "The steps that are done anew, with what rests on them."),
    perhaps("set", Open(&[]), "Other values of steps, by their paths."),
    perhaps("inputs", Open(&[]), "Other inputs; the rest stays."),
]);
pub const ANSWER: Shape = Fields(&[
    perhaps("step", Text, "The step that asks; it may be left out where only one does."),
    perhaps(
        "reply",
        Word(&["yes", "no", "stop"]),
        "To a doubt, `yes` means that it happened, `no` that it did not and is done again, `stop` that the step fails.",
    ),
    perhaps("value", Any, "Yes, with what was asked for."),
    perhaps("comment", Text, ""),
]);
pub const APPROVALS: Shape = Fields(&[always(
    "approvals",
    List(&Fields(&[
        always("run", Text, ""),
        always("workflow", Text, ""),
        always("step", Text, ""),
        always("kind", Word(&["approval", "doubt"]), "A doubt is whether a call took effect."),
        always("person", Any, "Who may answer; null for the owner."),
        always("message", Maybe(&Text), ""),
        always("until", Maybe(&Moment), ""),
    ])),
    "",
)]);
pub const SIGNAL: Shape = Fields(&[
    perhaps("run", Text, "Only for this run; else for whoever has listened longest."),
    perhaps("with", Any, "What it carries."),
]);
pub const SIGNALLED: Shape = Fields(&[always("signal", Text, "")]);

const TOLD: Known = Known {
    name: "Told",
    about: "What became of a time of a schedule, or of several in a row.",
    shape: Fields(&[
        always("first", Moment, ""),
        always("last", Moment, ""),
        always("count", Maybe(&Count), ""),
        always("outcome", Text, ""),
        always("reason", Text, ""),
        always("run", Maybe(&Text), ""),
        always("version", Count, ""),
        always("decided", Moment, ""),
    ]),
};
pub const SCHEDULES: Shape = Fields(&[
    always(
        "schedules",
        List(&Fields(&[
            always("workflow", Text, ""),
            always("schedule", Text, ""),
            always("enabled", Flag, ""),
            always("next", Maybe(&Moment), ""),
            always("queued", Count, ""),
            always("last", Maybe(&Of(&TOLD)), ""),
        ])),
        "",
    ),
    always(
        "service",
        Maybe(&Fields(&[
            always("looked", Maybe(&Moment), "When it looked last for what is late."),
            always("late", List(&Text), ""),
            always("found_late", Count, ""),
            always("trouble", Maybe(&Text), ""),
            always(
                "polls",
                List(&Fields(&[
                    always("workflow", Text, ""),
                    always("trigger", Text, ""),
                    always("asked", Maybe(&Moment), "When the service was asked last."),
                    always("next", Maybe(&Moment), "When it is asked next; null while it is being asked."),
                ])),
                "The services that are asked again and again.",
            ),
        ])),
        "",
    ),
]);

const WORKFLOW_LISTED: Known = Known {
    name: "Workflow",
    about: "A workflow that is deployed.",
    shape: Fields(&[
        always("workflow", Text, ""),
        always("version", Count, "The one in force."),
        always("enabled", Flag, "Whether its triggers start runs."),
        always("changed", Moment, "When it was enabled or disabled last."),
    ]),
};
pub const WORKFLOWS: Shape = Fields(&[always("workflows", List(&Of(&WORKFLOW_LISTED)), "")]);
const VERSION_LISTED: Known = Known {
    name: "Version",
    about: "A version of a workflow.",
    shape: Fields(&[
        always("version", Count, ""),
        always("deployed", Moment, ""),
        always("by", Text, ""),
        always("file", Maybe(&Text), ""),
        always("in_force", Flag, ""),
    ]),
};
pub const VERSIONS: Shape = Fields(&[always("versions", List(&Of(&VERSION_LISTED)), "")]);
pub const WORKFLOW: Shape = Fields(&[
    always("version", Count, ""),
    always("deployed", Moment, ""),
    always("by", Text, ""),
    always("file", Maybe(&Text), ""),
    always("in_force", Flag, ""),
    always("workflow", Text, ""),
    always("enabled", Flag, ""),
    always("text", Text, ""),
]);
pub const VERSION_QUERY: &[Field] = &[perhaps("version", Count, "A version; the one in force without.")];
pub const GRAPH_QUERY: &[Field] = &[
    perhaps("format", Word(&FORMATS), "How it is drawn; a picture without."),
    perhaps("version", Count, "A version; the one in force without."),
];
pub const GRAPH: Shape = Fields(&[always("format", Word(&FORMATS), ""), always("graph", Text, "")]);
pub const PLAN: Shape = Open(&[]);
pub const CHECK: Shape = Fields(&[always("text", Text, "A workflow in YAML.")]);
pub const CHECKED: Shape = Fields(&[
    always("workflow", Maybe(&Text), "Its name, where it has no errors."),
    always("errors", Count, ""),
    always("warnings", Count, ""),
    always(
        "diagnostics",
        List(&Open(&[
            always("code", Text, ""),
            always("severity", Word(&["error", "warning"]), ""),
            always("message", Text, ""),
            always("line", Count, ""),
            always("column", Count, ""),
        ])),
        "",
    ),
]);
pub const DRAW: Shape = Fields(&[
    always("text", Text, "A workflow in YAML."),
    perhaps("format", Word(&FORMATS), "How it is drawn; a picture without."),
]);
pub const PLAN_TEXT: Shape = Fields(&[
    always("text", Text, "A workflow in YAML."),
    perhaps("inputs", Open(&[]), "Inputs, so that what depends on them is known."),
]);
pub const DEPLOY: Shape = Fields(&[
    always("text", Text, "A workflow in YAML. It has no folder, so that it reads and writes no files."),
    perhaps("dry_run", Flag, "Only tell what would change."),
    perhaps(
        "enabled",
        Flag,
        "Whether its triggers start runs; as before without it, and those of a new one do.",
    ),
]);
pub const DEPLOYED: Shape = Fields(&[
    always("workflow", Text, ""),
    always("before", Maybe(&Count), "The version in force before."),
    always("version", Maybe(&Count), "The version from here on; null where nothing has changed."),
    always("enabled", Flag, ""),
    always("deployed", Flag, "Whether anything was changed by this."),
    always(
        "changes",
        List(&Fields(&[always("of", Text, ""), always("how", Text, ""), always("name", Text, "")])),
        "What it does otherwise.",
    ),
    always("addresses", List(&Fields(&[always("trigger", Text, ""), always("url", Text, "")])), ""),
]);
pub const ROLLBACK: Shape = Fields(&[perhaps("to", Count, "A version; the one before without.")]);

const SECRET_FIELDS: [Field; 12] = [
    always("name", Text, ""),
    always("kind", Text, ""),
    always("owner", Text, ""),
    always("connector", Text, "What may use it."),
    always("hosts", List(&Text), "Where it may be sent."),
    always("settings", Named(&Text), ""),
    always("shown", Text, "What may be seen of it."),
    always("status", Text, ""),
    always("version", Count, "How often it was entered."),
    always("priority", Count, ""),
    always("created", Moment, ""),
    always("used", Maybe(&Moment), ""),
];
const SECRET_LISTED: Known =
    Known { name: "Secret", about: "A secret, without what it holds.", shape: Fields(&SECRET_FIELDS) };
const KEY_FIELDS: [Field; 14] = {
    let mut all = [always("cost_usd", Text, "What it cost so far."); 14];
    let mut at = 0;
    while at < SECRET_FIELDS.len() {
        all[at] = SECRET_FIELDS[at];
        at += 1;
    }
    all[13] = always("calls_of_unknown_cost", Count, "");
    all
};
const KEY_LISTED: Known =
    Known { name: "Key", about: "A key of a provider, without what it holds.", shape: Fields(&KEY_FIELDS) };
pub const SECRETS: Shape = Fields(&[always("secrets", List(&Of(&SECRET_LISTED)), "")]);
pub const SECRET_ADD: Shape = Fields(&[
    always("name", Text, "As in `secret(\"NAME\")`."),
    always("value", Secret, "What it holds; no route tells it."),
    perhaps("hosts", List(&Text), "Where it may be sent; nowhere without."),
    perhaps("webhook", Flag, "Calls of webhooks are held against it, and it is sent nowhere."),
]);
pub const SECRET_ROTATE: Shape = Fields(&[
    always("value", Secret, ""),
    perhaps("hosts", List(&Text), "Where it may be sent from here on; as before without."),
]);
pub const STORED: Shape = Fields(&[always("stored", Text, "")]);
pub const REMOVED: Shape = Fields(&[always("removed", Text, "")]);
pub const KEYS: Shape = Fields(&[always("keys", List(&Of(&KEY_LISTED)), "")]);
pub const KEY_ADD: Shape = Fields(&[
    always("provider", Text, ""),
    always("key", Secret, "The key; no route tells it."),
    perhaps("name", Text, "What to call it; as the provider without."),
    perhaps("base_url", Text, "Where its API begins; the key is sent nowhere else."),
    perhaps("api_version", Text, ""),
    perhaps("deployments", Named(&Text), "Deployments of Azure, and the models behind them."),
    perhaps("priority", Count, "Its place among the keys of its provider; the lowest is taken first."),
]);
pub const KEY_ROTATE: Shape = Fields(&[always("key", Secret, "")]);
pub const PREFERRED: Shape = Fields(&[always("preferred", Text, "")]);
pub const KEY_TESTED: Shape = Fields(&[
    always("name", Text, ""),
    always("status", Text, "How it stands from here on."),
    always("answered", Count, "The status of HTTP that the provider answered with."),
]);
const SUMMARY: Known = Known {
    name: "Summary",
    about: "How many there are, how many of them are set up, and how many work, as far as that was found out.",
    shape: Fields(&[
        always("available", Count, ""),
        always("configured", Count, ""),
        always("working", Count, ""),
    ]),
};
pub const PROVIDERS: Shape = Fields(&[
    always(
        "providers",
        List(&Fields(&[
            always("provider", Text, ""),
            always("title", Text, ""),
            always("base_url", Maybe(&Text), ""),
            always("keys", Count, ""),
            always("working", Flag, ""),
        ])),
        "",
    ),
    always("summary", Of(&SUMMARY), ""),
]);
const CONNECTION: Known = Known {
    name: "Connection",
    about: "An account at a service, without its secrets.",
    shape: Fields(&[
        always("connector", Text, ""),
        always("name", Text, ""),
        always("auth", Text, ""),
        always("fields", Any, ""),
        always("base_url", Maybe(&Text), ""),
        always("state", Text, ""),
        always("account", Text, ""),
        always("scopes", Maybe(&List(&Text)), ""),
        always("missing_scopes", List(&Text), ""),
        always("expires", Maybe(&Moment), ""),
        always("health", Any, ""),
        always("reconnect", Any, ""),
        always("workflows", List(&Text), "The deployed workflows that need it."),
        always("created", Moment, ""),
        always("used", Maybe(&Moment), ""),
    ]),
};
pub const CONNECTIONS: Shape = Fields(&[always("connections", List(&Of(&CONNECTION)), "")]);
pub const CONNECTION_TESTED: Shape =
    Fields(&[always("connector", Text, ""), always("name", Text, ""), always("account", Text, "")]);
pub const WEBHOOKS: Shape = Fields(&[always(
    "webhooks",
    List(&Fields(&[
        always("workflow", Text, ""),
        always("trigger", Text, ""),
        always("enabled", Flag, ""),
        always("address", Flag, "Whether it has an address; `keyway webhooks show` tells it."),
        always("poll", Any, "How far its service was asked, where it is asked."),
        always("subscription", Any, "Whether its service knows the address, where it has to be told."),
        always("last", Any, "What came last."),
    ])),
    "",
)]);
pub const DISCONNECTED: Shape = Fields(&[
    always("removed", Text, ""),
    always("revoked", Flag, "Whether the service took its tokens back."),
]);
pub const CONNECTORS: Shape = Fields(&[
    always(
        "connectors",
        List(&Fields(&[
            always("connector", Text, ""),
            always("name", Text, ""),
            always("version", Text, ""),
            always("about", Text, ""),
            always("actions", List(&Text), ""),
            always("events", List(&Text), ""),
            always("auth", List(&Text), ""),
            always("connections", Count, ""),
            always("working", Flag, ""),
        ])),
        "",
    ),
    always("summary", Of(&SUMMARY), ""),
]);
pub const USAGE_QUERY: &[Field] = &[
    perhaps("by", Word(&WORDS), "What is counted together; the model without."),
    perhaps("since", Text, "Only what is not older: a moment, a day, or a length such as `24h`."),
];
pub const USAGE: Shape = Fields(&[
    always("by", Word(&WORDS), ""),
    always("cost_usd", Text, "What all cost, as far as it is known."),
    always(
        "usage",
        List(&Fields(&[
            always("name", Text, ""),
            always("calls", Count, ""),
            always("failed", Count, ""),
            always("estimated", Count, ""),
            always("unpriced", Count, ""),
            always("tokens", Named(&Count), ""),
            always("cost_usd", Maybe(&Text), ""),
        ])),
        "",
    ),
]);
pub const BUDGET_LIST: Shape = Fields(&[always(
    "budgets",
    List(&Fields(&[
        always("scope", Word(&BUDGETS), ""),
        always("name", Text, ""),
        always("most_usd", Text, ""),
        always("spent_usd", Text, "Spent and reserved in this month."),
    ])),
    "",
)]);
pub const BUDGET_SET: Shape = Fields(&[
    always("scope", Word(&BUDGETS), "What it counts."),
    perhaps("name", Text, "Of which workflow, key or token."),
    always("most_usd", Text, "US dollars for each month of UTC."),
]);
pub const BUDGET_WAS_SET: Shape =
    Fields(&[always("scope", Text, ""), always("name", Text, ""), always("most_usd", Text, "")]);
pub const BUDGET_QUERY: &[Field] = &[
    perhaps("scope", Word(&BUDGETS), "What it counts; all of the owner without."),
    perhaps("name", Text, "Of which workflow, key or token."),
];
pub const BUDGET_REMOVED: Shape = Fields(&[always("removed", Text, ""), always("name", Text, "")]);
pub const AUDIT_QUERY: &[Field] = &[
    perhaps("actor", Text, "Only what this person, token or part did."),
    perhaps("after", Count, "Only rows after the one of this number."),
    perhaps("limit", Count, "How many, up to 1000; 200 where nothing is said."),
    perhaps("since", Text, "Only what is not older: a moment, a day, or a length such as `24h`."),
];
pub const AUDIT: Shape = Fields(&[
    always(
        "audit",
        List(&Fields(&[
            always("seq", Count, ""),
            always("time", Moment, ""),
            always("owner", Text, ""),
            always("actor", Text, ""),
            always("action", Text, ""),
            always("subject", Text, ""),
            always("detail", Text, ""),
        ])),
        "",
    ),
    always("next", Maybe(&Count), "Where it is not null, more come `after` it."),
]);
pub const TOKENS: Shape = Fields(&[always(
    "tokens",
    List(&Fields(&[
        always("name", Text, ""),
        always("scope", Text, ""),
        always("created", Moment, ""),
        always("expires", Maybe(&Moment), ""),
        always("used", Maybe(&Moment), ""),
        always("personal", Flag, "Whether it is a person's, and goes no further than they do."),
    ])),
    "",
)]);
pub const TOKEN_MAKE: Shape = Fields(&[
    always("name", Text, ""),
    perhaps("scope", Word(&SCOPES), "How far it goes; `read` without."),
    perhaps("expires", Text, "How long it counts, as in `90d`; for ever without."),
]);
pub const TOKEN_MADE: Shape = Fields(&[
    always("name", Text, ""),
    always("scope", Word(&SCOPES), ""),
    always("token", Text, "The token; it is told this once."),
]);
pub const ALIVE: Shape = Fields(&[always("status", Word(&["alive"]), "")]);
pub const READY: Shape = Fields(&[
    always("status", Word(&["ready", "not_ready"]), ""),
    always("parts", Named(&Word(&["well", "low", "empty", "sealed", "failing", "unknown"])), ""),
]);
/// What is another's to describe: a document, a body in a provider's shape, whatever a service sends.
pub const OPEN: Shape = Open(&[]);
pub const ANYTHING: Shape = Any;
