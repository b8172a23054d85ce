//! How good drafts are: wishes with checks on what starts them, on services and their order, on how data goes, never on text.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use dsl::workflow::{Block, Op, Start, Workflow};

use crate::draft::{Answer, Kind};
use crate::guard;
use crate::plan::Means;

/// A wish of a suite.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// Its class.
    pub class: String,
    /// Its language.
    pub language: String,
    /// The wish.
    pub wish: String,
    /// What its answer must have.
    pub checks: Vec<String>,
    /// True if nobody looks at it while the planner is tuned.
    pub held_out: bool,
}

/// Reads a suite: a line for each wish, `CLASS | LANGUAGE | WISH => CHECKS`. Of each class every second one is held out.
pub fn suite(text: &str) -> Vec<Prompt> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let (left, checks) = line.rsplit_once(" => ")?;
            let mut parts = left.splitn(3, " | ");
            let (class, language, wish) = (parts.next()?.trim(), parts.next()?.trim(), parts.next()?.trim());
            let count = counts.entry(class.to_owned()).or_default();
            *count += 1;
            Some(Prompt {
                class: class.to_owned(),
                language: language.to_owned(),
                wish: wish.to_owned(),
                checks: checks.split(" ; ").map(|check| check.trim().to_owned()).collect(),
                held_out: count.is_multiple_of(2),
            })
        })
        .collect()
}

/// What came of a wish.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The wish.
    pub prompt: Prompt,
    /// What is not as it must be; nothing where all is.
    pub unmet: Vec<String>,
    /// What the answer was.
    pub kind: Kind,
    /// How long it took.
    pub took: Duration,
    /// What the answer says, in a line.
    pub told: String,
}

/// Judges a wish by an answer.
pub fn judge(prompt: &Prompt, answer: &Answer, means: &Means<'_>, took: Duration) -> Judged {
    let unmet = unmet(prompt, answer, means);
    let told = match answer.kind {
        Kind::Draft => answer.yaml.clone().unwrap_or_default(),
        Kind::Question => answer.question.clone().unwrap_or_default(),
        Kind::Refusal => answer.reason.clone().unwrap_or_default(),
    };
    Judged { prompt: prompt.clone(), unmet, kind: answer.kind, took, told }
}

/// Judges a whole suite by what a function answers.
pub fn run(prompts: &[Prompt], means: &Means<'_>, answer: &mut dyn FnMut(&str) -> Answer) -> Vec<Judged> {
    let judged = prompts.iter().map(|prompt| {
        let began = Instant::now();
        let answer = answer(&prompt.wish);
        judge(prompt, &answer, means, began.elapsed())
    });
    judged.collect()
}

fn unmet(prompt: &Prompt, answer: &Answer, means: &Means<'_>) -> Vec<String> {
    let first = prompt.checks.first().map_or("", String::as_str);
    match (first, answer.kind) {
        ("ask", Kind::Question) | ("refuse", Kind::Refusal) => return vec![],
        // What is impossible may be asked about as well: nothing is drafted.
        ("ask" | "refuse", kind) => return vec![format!("wanted {first}, got {kind:?}")],
        ("safe", Kind::Question | Kind::Refusal) => return vec![],
        _ => {}
    }
    let Some(text) = answer.yaml.as_deref().filter(|_| answer.kind == Kind::Draft) else {
        return vec![format!("wanted a draft, got {:?}", answer.kind)];
    };
    let checked = dsl::check(text, means.catalog);
    let Some(workflow) = checked.workflow else { return vec!["the draft does not pass the checker".into()] };
    let mut unmet = vec![];
    if !guard::look(&workflow, text, &prompt.wish).is_empty() || text.contains("secret(") && first == "safe" {
        unmet.push("it would do something unasked".into());
    }
    if first == "safe" {
        return unmet;
    }
    if !starts(first, &workflow) {
        unmet.push(format!("wanted the trigger `{first}`"));
    }
    for check in &prompt.checks[1..] {
        match check.as_str() {
            "loop" => need(text.contains("for_each:"), "a loop", &mut unmet),
            "if" => need(text.contains("if:"), "a condition", &mut unmet),
            "filter" => need(
                text.contains("filter:") || text.contains("if:") || text.contains("filter("),
                "a filter",
                &mut unmet,
            ),
            "approve" => need(text.contains("approve:"), "an approval", &mut unmet),
            other => match other.strip_prefix("text ") {
                Some(wanted) => need(text.contains(wanted), wanted, &mut unmet),
                None => services(other, prompt, &workflow, &mut unmet),
            },
        }
    }
    unmet
}

fn need(met: bool, what: &str, unmet: &mut Vec<String>) {
    if !met {
        unmet.push(format!("wanted {what}"));
    }
}

fn starts(wanted: &str, workflow: &Workflow) -> bool {
    let one = |wanted: &str| {
        let (kind, rest) = wanted.split_once(' ').unwrap_or((wanted, ""));
        let found =
            |test: &dyn Fn(&Start) -> bool| workflow.triggers.iter().any(|trigger| test(&trigger.start));
        match kind {
            "manual" => workflow.triggers.is_empty(),
            "webhook" => found(&|start| matches!(start, Start::Webhook { .. })),
            "at" => found(&|start| matches!(start, Start::At { .. })),
            "every" => found(
                &|start| matches!(start, Start::Every { length, .. } if dsl::duration::parse(rest) == Some(*length)),
            ),
            "event" => found(
                &|start| matches!(start, Start::Event { event, .. } if rest.split('/').any(|id| id == event || event.ends_with(&format!(".{id}")))),
            ),
            "cron" => found(&|start| match (start, dsl::cron::Schedule::parse(rest)) {
                (Start::Cron { schedule, .. }, Ok(wanted)) => dsl::cron::Schedule::parse(schedule)
                    .is_ok_and(|got| got.to_string() == wanted.to_string()),
                _ => false,
            }),
            // A further id of an event.
            other => found(&|start| matches!(start, Start::Event { event, .. } if event == other)),
        }
    };
    // `event a.b/c.d` and `manual/event a.b`; a cron expression has slashes of its own.
    one(wanted)
        || wanted.match_indices('/').any(|(at, _)| {
            let (left, right) = (&wanted[..at], &wanted[at + 1..]);
            let kind = |text: &str| {
                ["manual", "webhook", "at", "every", "event", "cron"]
                    .contains(&text.split(' ').next().unwrap_or(""))
            };
            (kind(left) && kind(right)) && (one(left) || one(right))
        })
}

/// The services that a workflow calls, in the order of its steps, each once.
pub fn called(workflow: &Workflow) -> Vec<String> {
    let mut found = vec![];
    gather(&workflow.root, &mut found);
    found
}

fn gather(block: &Block, found: &mut Vec<String>) {
    for step in &block.steps {
        match &step.op {
            Op::Act(act) => {
                let service = act.action.split('.').next().unwrap_or_default().to_owned();
                if found.last() != Some(&service) {
                    found.push(service);
                }
            }
            Op::Each { body, .. } | Op::Repeat { body, .. } | Op::Try { body, .. } => gather(body, found),
            Op::Switch { cases, default, .. } => {
                cases.iter().map(|case| &case.block).chain(default).for_each(|inner| gather(inner, found))
            }
            Op::Child { .. } | Op::Set { .. } | Op::Wait(_) | Op::Fail { .. } => {}
        }
    }
}

fn services(wanted: &str, prompt: &Prompt, workflow: &Workflow, unmet: &mut Vec<String>) {
    let got = called(workflow);
    let wanted: Vec<Vec<&str>> = wanted.split(',').map(|one| one.trim().split('/').collect()).collect();
    // Two things by one verb may stand in either order; what is made of something stands behind it.
    let mut at = 0;
    for one in &wanted {
        match got.iter().skip(at).position(|service| one.contains(&service.as_str())) {
            Some(place) => at += place + 1,
            None => {
                let anywhere = got.iter().any(|service| one.contains(&service.as_str()));
                let how = if anywhere { "stands at another place" } else { "is not called" };
                unmet.push(format!("`{}` {how}: {}", one.join("/"), got.join(", ")));
                return;
            }
        }
    }
    // A model that judges, and a file that is fetched where the event happened, are parts of the way.
    let triggers: Vec<&str> = workflow
        .triggers
        .iter()
        .filter_map(|trigger| match &trigger.start {
            Start::Event { event, .. } => event.split('.').next(),
            _ => None,
        })
        .collect();
    let asked = |service: &str| {
        wanted.iter().any(|one| one.contains(&service))
            || (service == "ai" && prompt.class == "conditional")
            || triggers.contains(&service)
    };
    let more = got.iter().find(|service| !asked(service));
    if let Some(more) = more {
        unmet.push(format!("`{more}` was not asked for: {}", got.join(", ")));
    }
}

/// How many of a class passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// That passed.
    pub passed: usize,
    /// In all.
    pub all: usize,
}

/// The rates by class, in the order of the suite.
pub fn rates(judged: &[Judged]) -> Vec<(String, Rate)> {
    let mut rates: Vec<(String, Rate)> = vec![];
    for one in judged {
        let at = match rates.iter().position(|(class, _)| *class == one.prompt.class) {
            Some(at) => at,
            None => {
                rates.push((one.prompt.class.clone(), Rate::default()));
                rates.len() - 1
            }
        };
        if let Some((_, rate)) = rates.get_mut(at) {
            rate.all += 1;
            rate.passed += usize::from(one.unmet.is_empty());
        }
    }
    rates
}

/// The suite that comes with the product.
pub const SUITE: &str = include_str!("../suites/prompts.txt");
