//! What a draft may not do unasked: what cannot be taken back is approved by a person first, and a host or a secret that
//! nobody named is asked about, and so is a service that acts though nobody spoke of it. It looks at the checked workflow,
//! whoever drafted it.

mod asked;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use dsl::catalog::Safety;
use dsl::value::Value;
use dsl::workflow::{Act, Arg, Block, OnError, OnTimeout, Op, REQUEST, Start, TURN, Wait, Workflow};
use engine::outline::{Beside, Outline};
use engine::plan::Plan;
use regex::Regex;

/// How the names of actions begin that take something away, move money, or speak to many.
const GRAVE: &[&str] = &[
    "archive",
    "cancel",
    "clear",
    "create_payment",
    "create_subscription",
    "delete",
    "dispatch",
    "merge",
    "put_file",
    "refund",
    "remove",
    "run_pipeline",
    "send_campaign",
    "send_envelope",
    "send_template",
    "share",
    "trash",
    "unshare",
    "unsubscribe",
    "void",
];

/// True for an action that is approved by a person before a draft carries it out.
pub fn is_grave(action: &str) -> bool {
    let name = action.rsplit('.').next().unwrap_or(action);
    GRAVE.iter().any(|word| name.starts_with(word))
}

/// What a person has to know of a draft before anything of it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Hosts that it would call and that nobody named; `{}` where only the run knows which.
    pub hosts: BTreeSet<String>,
    /// Steps that act gravely, or let a model act, with no `approve` before them.
    pub unasked: BTreeSet<String>,
    /// Names of secrets that it would use and that nobody named.
    pub secrets: BTreeSet<String>,
    /// Channels, addresses and people that it would send something to and that nobody named.
    pub places: BTreeSet<String>,
}

impl Found {
    /// True if there is nothing to ask.
    pub fn is_empty(&self) -> bool {
        let Found { hosts, unasked, secrets, places } = self;
        [hosts, unasked, secrets, places].into_iter().all(BTreeSet::is_empty)
    }

    /// The question that stands in place of the draft.
    pub fn question(&self) -> String {
        let mut parts = vec![];
        let listed = |names: &BTreeSet<String>| {
            names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        };
        if !self.hosts.is_empty() {
            parts.push(format!("call {}, which you did not name", listed(&self.hosts)));
        }
        if !self.secrets.is_empty() {
            parts.push(format!("use the secret {}, which you did not name", listed(&self.secrets)));
        }
        if !self.places.is_empty() {
            parts.push(format!("send something to {}, whom you did not name", listed(&self.places)));
        }
        if !self.unasked.is_empty() {
            parts.push(format!("act in {} without asking anybody", listed(&self.unasked)));
        }
        format!(
            "the draft would {}. Is that what you want? Name it in the wish if it is",
            parts.join(", and ")
        )
    }
}

/// What stands for a host that only the run knows: nobody can have named it.
const UNKNOWN: &str = "{}";

/// An address that says its host before anything is filled in.
static HOST: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(?i:https?|wss?|ftp)://([\p{L}\p{N}.:\[\]-]+)(?:[/?#]|$)").ok());

/// Looks at a draft: `named` is all that a person wrote, a wish and answers.
pub fn look(workflow: &Workflow, text: &str, named: &str) -> Found {
    looked(workflow, text, named, BTreeSet::new())
}

/// The same, with services that act already.
fn looked(workflow: &Workflow, text: &str, named: &str, acting: BTreeSet<String>) -> Found {
    let mut services = asked::services(named);
    services.extend(acting);
    let named = named.to_lowercase();
    let mut look = Look { named: &named, services, found: Found::default(), hosts: BTreeSet::new() };
    look.block(&workflow.root, false);
    let Look { mut found, hosts, .. } = look;
    found.hosts = hosts.into_iter().filter(|host| host == UNKNOWN || !names_host(&named, host)).collect();
    found.secrets = secrets(workflow).into_iter().filter(|name| !names_secret(&named, name)).collect();
    found.places = asked::places(workflow, &named);
    if allows_tools(text) {
        found.unasked.insert(ALLOWS.into());
    }
    found
}

/// Looks at a text that was changed: what the one before it did in the very same way is not asked about again. What it says
/// in comments and texts names nothing; whom and what it uses, it does.
pub fn look_beside(before: (&Workflow, &str), after: (&Workflow, &str), named: &str) -> Found {
    let acting = asked::acting(before.0);
    let mut found = looked(after.0, after.1, named, acting.clone());
    if found.is_empty() {
        return found;
    }
    let was = looked(before.0, before.1, named, acting);
    found.secrets.retain(|name| !was.secrets.contains(name));
    found.places.retain(|place| !was.places.contains(place));
    found.hosts.retain(|host| host == UNKNOWN || !was.hosts.contains(host));
    let (old, new) = (ways(before.0), ways(after.0));
    let none = Vec::new();
    let same = |name: &str| {
        let old = old.get(name).unwrap_or(&none);
        new.get(name).is_some_and(|ways| ways.iter().all(|way| old.contains(way)))
    };
    // As it is read, however it is written; what cannot be read counts as more than any other.
    let allows = |text: &str| {
        dsl::yaml::read_value(text)
            .map_or(usize::MAX, |value| value.to_json().to_string().matches(WORD).count())
    };
    found.unasked.retain(|name| {
        if name == ALLOWS {
            return !(was.unasked.contains(name) && allows(after.1) <= allows(before.1));
        }
        !(was.unasked.contains(name) && same(name))
    });
    // Of a host that only the run knows it counts whether any step is another one that could name it.
    if was.hosts.contains(UNKNOWN) && new.keys().all(|name| same(name) || !calls_unknown(after.0, name)) {
        found.hosts.remove(UNKNOWN);
    }
    found
}

/// Looks at a text that was mended and could not be read as a workflow before: what acts in it unasked stood there
/// already, by its name and its service.
pub fn look_mended(before: &str, (workflow, text): (&Workflow, &str)) -> Found {
    let said = without_words(before);
    let mut found = look(workflow, text, &said);
    let small = said.to_lowercase();
    let inside = |char: char| char.is_alphanumeric() || char == '_';
    let stands =
        |word: &str| stands_alone(&small, &word.to_lowercase(), &inside, &|rest| rest.starts_with(inside));
    found.unasked.retain(|name| {
        if name == ALLOWS {
            return !said.contains(WORD);
        }
        // Where somebody is asked, nobody can tell whether a step that asks nobody did so before.
        if said.contains("approve") {
            return true;
        }
        // A step is named by its key, and what it calls stands there too.
        let mut known = stands(name) && small.contains(&format!("{}:", name.to_lowercase()));
        each_step(&workflow.root, &mut |step| {
            if &*step.name == name.as_str() {
                known &= match &step.op {
                    Op::Act(act) => stands(act.action.split('.').next().unwrap_or_default()),
                    Op::Child { workflow, .. } => stands(workflow),
                    Op::Each { .. }
                    | Op::Fail { .. }
                    | Op::Repeat { .. }
                    | Op::Set { .. }
                    | Op::Switch { .. }
                    | Op::Try { .. }
                    | Op::Wait(_) => true,
                };
            }
        });
        !known
    });
    found
}

/// A text without what it says in comments and descriptions, which names nothing that it does.
fn without_words(text: &str) -> String {
    let mut kept = String::new();
    for line in text.lines() {
        let line = line.split_once(" #").map_or(line, |(before, _)| before);
        let bare = line.trim_start().trim_start_matches("- ");
        if !bare.starts_with('#') && !bare.starts_with("description:") {
            kept += line;
            kept.push('\n');
        }
    }
    kept
}

/// Each step by its name, in the form in which it is stored: places in the text are no part of it.
fn ways(workflow: &Workflow) -> std::collections::BTreeMap<String, Vec<String>> {
    let mut ways = std::collections::BTreeMap::<String, Vec<String>>::new();
    each_step(&workflow.root, &mut |step| {
        let mut json = serde_json::to_value(&step.op).unwrap_or_default();
        without_places(&mut json);
        ways.entry(step.name.to_string()).or_default().push(json.to_string());
    });
    ways
}

fn without_places(json: &mut serde_json::Value) {
    match json {
        serde_json::Value::Object(fields) => {
            fields.remove("span");
            fields.values_mut().for_each(without_places);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(without_places),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => {}
    }
}

/// True if a step of this name calls a host that only the run knows.
fn calls_unknown(workflow: &Workflow, name: &str) -> bool {
    let mut calls = false;
    each_step(&workflow.root, &mut |step| {
        if let Op::Act(act) = &step.op {
            calls |= &*step.name == name && host_of(act).as_deref() == Some(UNKNOWN);
        }
    });
    calls
}

fn each_step(block: &Block, found: &mut dyn FnMut(&dsl::workflow::Step)) {
    for step in &block.steps {
        found(step);
        match &step.op {
            Op::Each { body, .. } | Op::Repeat { body, .. } | Op::Try { body, .. } => each_step(body, found),
            Op::Switch { cases, default, .. } => {
                cases.iter().map(|case| &case.block).chain(default).for_each(|inner| each_step(inner, found));
            }
            Op::Act(_) | Op::Child { .. } | Op::Set { .. } | Op::Wait(_) | Op::Fail { .. } => {}
        }
    }
}

/// What lets a model act beside data from outside, as it is named in a question.
const ALLOWS: &str = "allow: [untrusted_tools]";
/// The word for it.
const WORD: &str = "untrusted_tools";

/// True for a text that lets a model act beside data from outside. The word may be written with escapes.
fn allows_tools(text: &str) -> bool {
    // What cannot be read counts as one that does.
    let reads =
        || dsl::yaml::read_value(text).map_or(true, |value| value.to_json().to_string().contains(WORD));
    text.contains(WORD) || text.contains('\\') && reads()
}

/// The secrets that a workflow uses, as the checker has read them, in whatever way they are written in the text.
fn secrets(workflow: &Workflow) -> BTreeSet<String> {
    let mut secrets = Outline::new(&Plan::new(workflow), None, &Beside::default()).secrets;
    secrets.extend(workflow.triggers.iter().filter_map(|trigger| match &trigger.start {
        Start::Webhook { verify, .. } => verify.as_ref()?.secret.clone(),
        _ => None,
    }));
    secrets
}

/// True where a person wrote the name of this secret as a word of its own.
fn names_secret(named: &str, name: &str) -> bool {
    let inside = |char: char| char.is_alphanumeric() || char == '_';
    stands_alone(named, &name.to_lowercase(), &inside, &|rest| rest.starts_with(inside))
}

/// True where a person wrote this very host.
fn names_host(named: &str, host: &str) -> bool {
    let inside = |char: char| char.is_alphanumeric() || char == '.' || char == '-';
    // A full stop ends a sentence, unless a name goes on behind it.
    let goes_on = |rest: &str| {
        let rest = rest.strip_prefix('.').unwrap_or(rest);
        rest.starts_with(|char: char| char.is_alphanumeric() || char == '-')
    };
    stands_alone(named, &host.to_lowercase(), &inside, &goes_on)
}

/// True where a word stands in a text and is no part of a longer one.
fn stands_alone(
    text: &str,
    word: &str,
    inside: &dyn Fn(char) -> bool,
    goes_on: &dyn Fn(&str) -> bool,
) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        !before.is_some_and(inside) && !goes_on(&text[at + word.len()..])
    })
}

/// A look at the blocks of a workflow.
struct Look<'a> {
    named: &'a str,
    /// The services that were asked to act.
    services: BTreeSet<String>,
    found: Found,
    hosts: BTreeSet<String>,
}

impl Look<'_> {
    fn block(&mut self, block: &Block, approved: bool) {
        for (at, step) in block.steps.iter().enumerate() {
            let approved = approved || waits_for_a_person(block, at);
            let unasked = match &step.op {
                Op::Act(act) => {
                    self.hosts.extend(host_of(act));
                    self.acts_unasked(act)
                }
                Op::Child { workflow, .. } => !names_secret(self.named, workflow),
                Op::Repeat { body, .. } => {
                    let confirms =
                        serde_json::to_string(&step.op).is_ok_and(|text| text.contains("\"confirm\""));
                    let tools = step.op.turn().is_some() && !confirms && acts_with_tools(body);
                    self.block(body, approved);
                    tools
                }
                Op::Each { body, .. } | Op::Try { body, .. } => {
                    self.block(body, approved);
                    false
                }
                Op::Switch { cases, default, .. } => {
                    let all = cases.iter().map(|case| &case.block).chain(default);
                    all.for_each(|inner| self.block(inner, approved));
                    false
                }
                Op::Set { .. } | Op::Wait(_) | Op::Fail { .. } => false,
            };
            if unasked && !approved {
                self.found.unasked.insert(step.name.to_string());
            }
        }
    }

    /// True for a call that acts gravely, or by a service that nobody asked for.
    fn acts_unasked(&self, act: &Act) -> bool {
        let request = &*act.action == REQUEST || act.action.ends_with(".request");
        let asked = || asked::asks_for(&self.services, self.named, &act.action);
        act.safety != Safety::Read && (is_grave(&act.action) || request || !asked())
    }
}

/// True where a model is given tools that do more than read.
fn acts_with_tools(body: &Block) -> bool {
    body.steps.iter().any(|step| match &step.op {
        Op::Act(act) => &*act.action != TURN && act.safety != Safety::Read,
        Op::Switch { cases, default, .. } => {
            cases.iter().map(|case| &case.block).chain(default).any(acts_with_tools)
        }
        Op::Each { body, .. } | Op::Repeat { body, .. } | Op::Try { body, .. } => acts_with_tools(body),
        Op::Child { .. } | Op::Set { .. } | Op::Wait(_) | Op::Fail { .. } => false,
    })
}

/// True if a step waits, however far back, for a person who answers in the same block.
fn waits_for_a_person(block: &Block, at: usize) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![at];
    while let Some(at) = open.pop() {
        let Some(step) = block.steps.get(at).filter(|_| seen.insert(at)) else { continue };
        // Who is not asked in any case, whose silence is a yes, or whose no changes nothing, is not asked.
        if let Op::Wait(Wait::Person(question)) = &step.op
            && step.condition.is_none()
            && step.on_error == OnError::Fail
            && question.on_timeout != OnTimeout::Approve
        {
            return true;
        }
        open.extend(step.needs.iter().filter(|need| need.up == 0).map(|need| usize::from(need.step)));
    }
    false
}

/// The host that a call would go to, where its author says so and no connector does. Only its address counts: what is sent
/// there may name any host.
fn host_of(act: &Act) -> Option<String> {
    // What a connector downloads or shows is named by an address as well.
    let fetches = act.action.contains("save_url") || act.action.ends_with(".read");
    let url = match &act.args {
        Arg::Object(entries) => {
            entries.iter().find(|(name, _)| &**name == "url").map(|(_, url)| written(url))
        }
        Arg::Value(Value::Object(entries)) => entries.get("url").map(|url| url.as_text().map(str::to_owned)),
        _ => None,
    };
    match url {
        Some(url) if &*act.action == REQUEST || fetches => Some(host_in(url.as_deref())),
        None if &*act.action == REQUEST => Some(UNKNOWN.into()),
        _ => None,
    }
}

/// The text of an address, with `…` for all that follows where something is filled in; nothing where all of it is.
fn written(url: &Arg) -> Option<String> {
    match url {
        Arg::Value(value) => value.as_text().map(str::to_owned),
        Arg::Text(template) => Some(format!("{}…", template.start())),
        Arg::Expr(_) | Arg::List(_) | Arg::Object(_) => None,
    }
}

/// The host of an address. It is unknown where something is filled in before it ends.
fn host_in(url: Option<&str>) -> String {
    let host = HOST.as_ref().zip(url).and_then(|(form, url)| form.captures(url)?.get(1));
    host.map_or(UNKNOWN, |host| host.as_str()).to_owned()
}
