//! Habits from other systems: a foreign word, whose it is, and what stands in its place here. Tables, asked
//! wherever an unknown word is reported, so that it gets one diagnostic that helps.

use std::sync::Arc;

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::expr::scan;
use crate::span::{Span, SpanMap};

/// A key of another system.
#[derive(Debug)]
pub struct Key {
    /// The key.
    pub word: &'static str,
    /// Whose it is.
    of: &'static str,
    /// What stands in its place.
    help: &'static str,
    /// How it is mended, where that is exact.
    mend: Mend,
}

/// How a foreign key becomes one of ours.
#[derive(Debug)]
enum Mend {
    /// Not by a change of one place.
    No,
    /// By another word; the value stays.
    Word(&'static str),
    /// By a value of another form, where the value is one that fits.
    Value(&'static str, fn(&str) -> Option<String>),
}

const fn key(word: &'static str, of: &'static str, mend: Mend, help: &'static str) -> Key {
    Key { word, of, help, mend }
}

const GITHUB: &str = "GitHub Actions";
const DATA_FLOW: &str = "the order follows from what a step reads; `after:` adds an order that no data shows";
const NO_SHELL: &str = "there is no shell: `http` calls any service, `use` an action, and `set` computes";
const INPUTS: &str =
    "what a run is given stands in `inputs:` and is read as `inputs.NAME`; a secret is `secret(\"NAME\")`";
const STEPS: &str = "a workflow has one mapping of `steps:`; blocks such as `for_each` and `try` nest";
const TRIGGERS: &str = "what starts a run is a list: `triggers: [{ cron: \"0 9 * * *\" }]`";
const NAMED: &str = "the name of a step is its key: `steps: { NAME: { … } }`";
const LOOP: &str = "`for_each: LIST` with the steps that run for each `item` in `steps:` below it";

const ITEMS: &str =
    "the value of a step is read as `steps.NAME.FIELD`, of an item in `for_each` as `item.FIELD`";

/// Keys of a workflow and of a step in other systems, sorted.
const KEYS: &[Key] = &[
    key("apiVersion", "Kubernetes", Mend::No, "a workflow begins with `name:` and has `steps:`"),
    key("args", "Airflow and Argo", Mend::Word("with"), "the parameters of an action stand in `with:`"),
    key("arguments", "Argo", Mend::Word("with"), "the parameters of an action stand in `with:`"),
    key("command", "docker compose", Mend::No, NO_SHELL),
    key("condition", "Azure Pipelines", Mend::Word("if"), "the condition of a step is `if:`"),
    key("continue-on-error", GITHUB, Mend::Value("on_error", continues), "write `on_error: continue`"),
    key("continue_on_failure", "Windmill", Mend::Value("on_error", continues), "write `on_error: continue`"),
    key("cron", "other schedulers", Mend::Value("triggers", cron), TRIGGERS),
    key("crontab", "other schedulers", Mend::Value("triggers", cron), TRIGGERS),
    key("dag", "Airflow and Argo", Mend::No, STEPS),
    key("dependencies", "Argo", Mend::Word("after"), DATA_FLOW),
    key("dependsOn", "Kestra", Mend::Word("after"), DATA_FLOW),
    key("depends_on", "docker compose", Mend::Word("after"), DATA_FLOW),
    key(
        "else",
        "other languages",
        Mend::No,
        "a step has no `else`; use `switch` with the cases `true` and `false`",
    ),
    key("entrypoint", "Argo", Mend::No, STEPS),
    key("env", GITHUB, Mend::No, INPUTS),
    key("environment", "docker compose", Mend::No, INPUTS),
    key(
        "errors",
        "Kestra",
        Mend::Word("on_failure"),
        "the steps for a run that failed stand in `on_failure:`",
    ),
    key("flow", "other systems", Mend::No, STEPS),
    key("id", "Kestra and GitHub Actions", Mend::Word("name"), NAMED),
    key("image", "docker compose", Mend::No, NO_SHELL),
    key("jobs", GITHUB, Mend::No, STEPS),
    key("kind", "Kubernetes", Mend::No, "a step has one verb, as `use`, `http` or `set`"),
    key("label", "other systems", Mend::Word("description"), NAMED),
    key("loop", "Ansible", Mend::No, LOOP),
    key("matrix", GITHUB, Mend::No, LOOP),
    key("metadata", "Kubernetes", Mend::No, "a workflow begins with `name:` and has `steps:`"),
    key("modules", "Windmill", Mend::No, STEPS),
    key("name", "GitHub Actions and Ansible", Mend::Word("description"), NAMED),
    key("namespace", "Kestra", Mend::No, "a workflow has a `name:` alone; leave this out"),
    key("needs", GITHUB, Mend::Word("after"), DATA_FLOW),
    key("nodes", "n8n", Mend::No, STEPS),
    key("on", GITHUB, Mend::No, TRIGGERS),
    key("onError", "n8n", Mend::Word("on_error"), "write `on_error: continue` or `on_error: fail`"),
    key("outputs", GITHUB, Mend::Word("output"), "what a workflow or a block gives is its `output:`"),
    key("parameters", "n8n and Argo", Mend::Word("with"), "the parameters of an action stand in `with:`"),
    key("params", "Airflow", Mend::Word("with"), "the parameters of an action stand in `with:`"),
    key("pipeline", "other systems", Mend::No, STEPS),
    key("register", "Ansible", Mend::No, "the value of each step is there by itself, as `steps.NAME`"),
    key(
        "retries",
        "Airflow",
        Mend::Value("retry", attempts),
        "`retry:` counts all attempts, the first included",
    ),
    key("run", GITHUB, Mend::No, NO_SHELL),
    key("runAfter", "Tekton", Mend::Word("after"), DATA_FLOW),
    key("runs-on", GITHUB, Mend::No, "a workflow runs where Keyway runs; leave this out"),
    key("schedule", "other schedulers", Mend::Value("triggers", cron), TRIGGERS),
    key("schedule_interval", "Airflow", Mend::Value("triggers", cron), TRIGGERS),
    key("script", "GitLab and Windmill", Mend::No, NO_SHELL),
    key("secrets", GITHUB, Mend::No, "a secret is read where it is needed, as `secret(\"NAME\")`"),
    key("services", "docker compose", Mend::No, STEPS),
    key("shell", GITHUB, Mend::No, NO_SHELL),
    key("spec", "Kubernetes and Argo", Mend::No, STEPS),
    key("stages", "GitLab", Mend::No, STEPS),
    key("strategy", GITHUB, Mend::No, LOOP),
    key("tasks", "Kestra, Airflow and Ansible", Mend::No, STEPS),
    key("templates", "Argo", Mend::No, STEPS),
    key(
        "timeout-minutes",
        GITHUB,
        Mend::Value("timeout", minutes),
        "a length of time has its unit, as `timeout: 5m`",
    ),
    key("title", "other systems", Mend::Word("description"), NAMED),
    key("trigger", "other systems", Mend::No, TRIGGERS),
    key(
        "type",
        "Kestra and n8n",
        Mend::No,
        "a step has one verb; an action of a service is `use: connector.action`",
    ),
    key(
        "uses",
        GITHUB,
        Mend::Word("use"),
        "an action is `use: connector.action`, with its parameters in `with:`",
    ),
    key("variables", "GitLab and Kestra", Mend::No, INPUTS),
    key("vars", "Ansible", Mend::No, INPUTS),
    key("when", "Ansible and Argo", Mend::Word("if"), "the condition of a step is `if:`"),
    key(
        "while",
        "other languages",
        Mend::No,
        "`repeat: N` runs its `steps:` at most N times, until `until:` holds",
    ),
    key("withItems", "Argo", Mend::No, LOOP),
    key("withParam", "Argo", Mend::No, LOOP),
    key("with_items", "Ansible", Mend::No, LOOP),
];

/// A foreign key, if it is one.
pub fn foreign_key(word: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.word == word)
}

impl Key {
    /// Which of the known keys it is read as, so that nothing cascades.
    pub fn read_as(&self) -> Option<&'static str> {
        match self.mend {
            Mend::Word(ours) => Some(ours),
            Mend::No | Mend::Value(..) => None,
        }
    }

    /// The diagnostic: `owner` is what has no such key, `value` the whole value with its text. A fix is offered
    /// where `known` has the key that it writes.
    pub fn diagnose(
        &self,
        owner: &str,
        span: Span,
        value: (Span, &str),
        known: impl Fn(&str) -> bool,
    ) -> Diagnostic {
        let message = format!("`{}` is a word of {}; {owner} has no such key", self.word, self.of);
        let wrong = Diagnostic::error(Code::ForeignKey, span, message).help(self.help);
        match self.mend {
            Mend::Word(ours) if known(ours) => wrong.fix(format!("write `{ours}`"), span, ours),
            Mend::Value(ours, mended) if known(ours) => match mended(value.1) {
                Some(text) => {
                    wrong.fix(format!("write `{ours}: {text}`"), span.to(value.0), format!("{ours}: {text}"))
                }
                None => wrong,
            },
            Mend::No | Mend::Word(_) | Mend::Value(..) => wrong,
        }
    }
}

fn continues(value: &str) -> Option<String> {
    match value {
        "true" => Some("continue".into()),
        "false" => Some("fail".into()),
        _ => None,
    }
}

fn cron(value: &str) -> Option<String> {
    let schedule = value.trim_matches(['"', '\'']);
    crate::cron::Schedule::parse(schedule).is_ok().then(|| format!("[{{ cron: \"{schedule}\" }}]"))
}

fn attempts(value: &str) -> Option<String> {
    value.parse::<u16>().ok().map(|retries| (u32::from(retries) + 1).to_string())
}

fn minutes(value: &str) -> Option<String> {
    value.parse::<u32>().ok().map(|minutes| format!("{minutes}m"))
}

/// Names that are read in expressions of other systems: the word, whose it is, what stands in its place.
const NAMES: &[(&str, &str, &str)] = &[
    ("dag_run", "Airflow", "what started a run is `trigger`, and what it was given `inputs.NAME`"),
    ("ds", "Airflow", "the day is `now() | format_time('%Y-%m-%d')`"),
    ("env", GITHUB, INPUTS),
    ("execution", "Kestra", "the run is `run`, with `id`, `workflow`, `version` and `started`"),
    ("flow", "Kestra", "the run is `run`, with `id`, `workflow`, `version` and `started`"),
    ("github", GITHUB, "what started a run is `trigger`; the payload of an event is `trigger.event`"),
    ("job", GITHUB, "the run is `run`, with `id`, `workflow`, `version` and `started`"),
    ("matrix", GITHUB, "in `for_each` the item is `item`, or what `as:` calls it"),
    ("needs", GITHUB, "the value of a step is read as `steps.NAME.FIELD`"),
    ("outputs", "Kestra", "the value of a step is read as `steps.NAME.FIELD`"),
    ("params", "Airflow", INPUTS),
    ("results", "Windmill", "the value of a step is read as `steps.NAME.FIELD`"),
    ("runner", GITHUB, "a workflow runs where Keyway runs; there is nothing to ask"),
    ("secrets", GITHUB, "a secret is `secret(\"NAME\")`"),
    ("task_instance", "Airflow", "the value of a step is read as `steps.NAME.FIELD`"),
    ("taskrun", "Kestra", "in `for_each` the item is `item`, or what `as:` calls it"),
    ("tasks", "Argo", "the value of a step is read as `steps.NAME.FIELD`"),
    ("ti", "Airflow", "the value of a step is read as `steps.NAME.FIELD`"),
    ("vars", GITHUB, INPUTS),
    ("workflow", "Argo", "the run is `run`, with `id`, `workflow`, `version` and `started`"),
];

/// A name of another system, with the field that is read of it.
pub fn foreign_name(name: &str, span: Span, field: Option<&(Arc<str>, Span)>) -> Option<Diagnostic> {
    let (word, of, help) = NAMES.iter().find(|(word, _, _)| *word == name)?;
    let message = format!("`{word}` is a name of {of}; there is no such name here");
    let wrong = Diagnostic::error(Code::ForeignName, span, message);
    Some(match field {
        Some((field, place)) if *word == "secrets" => {
            let ours = format!("secret(\"{field}\")");
            // Within a value in double quotes the other quotes need no escape.
            let text = format!("secret('{field}')");
            wrong.help(format!("write `{ours}`")).fix(format!("write `{text}`"), span.to(*place), text)
        }
        _ => wrong.help(*help),
    })
}

/// What a field of other languages is called here, if it is one that values have there.
pub fn field(name: &str, what: &str) -> Option<String> {
    match name {
        "length" | "size" | "count" => Some(format!("len({what})")),
        "first" => Some(format!("first({what})")),
        "last" => Some(format!("last({what})")),
        _ => None,
    }
}

/// What was meant by an expression that does not parse, where it begins with a name of another system.
pub fn foreign_expression(text: &str) -> Option<Diagnostic> {
    let start = text.len() - text.trim_start().len();
    let word: &str = text[start..].split(|char| !scan::is_name(char)).next().unwrap_or_default();
    let end = start + word.len();
    if !text[end..].starts_with(['.', '[']) {
        return None;
    }
    foreign_name(word, Span::new(start, end), None)
}

/// `$json` and its like in an expression: `at` is the place of the `$`.
pub fn dollar(text: &str, at: usize) -> Diagnostic {
    let rest = &text[at + 1..];
    if rest.starts_with("{{") {
        let message = "`${{` is a hole of GitHub Actions; this field is an expression as it stands";
        let wrong = Diagnostic::error(Code::ForeignHole, Span::new(at, at + 3), message);
        let inner = rest.trim_end().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
        return match inner.map(str::trim).filter(|inner| !inner.contains("{{") && at == 0) {
            Some(inner) => wrong.help(format!("write `{inner}`")).fix(
                format!("write `{inner}`"),
                Span::new(0, text.len()),
                inner,
            ),
            None => wrong.help("leave `${{` and `}}` out"),
        };
    }
    let word = &rest[..rest.find(|char| !scan::is_name(char)).unwrap_or(rest.len())];
    let span = Span::new(at, at + 1 + word.len());
    let help = match word {
        "json" | "input" | "node" | "items" | "binary" | "prevNode" => ITEMS,
        "" if rest.starts_with('(') => ITEMS,
        "now" | "today" => "the time is `now()`, the day `today()`",
        "env" | "vars" | "secrets" | "parameter" => INPUTS,
        "execution" | "workflow" => "the run is `run`, with `id`, `workflow`, `version` and `started`",
        _ => {
            let message = "`$` means nothing here";
            let wrong = Diagnostic::error(Code::ExprSyntax, Span::new(at, at + 1), message);
            return wrong.help("names stand as they are, as `inputs.NAME` or `steps.NAME`");
        }
    };
    let message = format!("`${word}` is a name of n8n; there is no such name here");
    Diagnostic::error(Code::ForeignName, span, message).help(help)
}

/// Marks of other template languages in a text whose holes are well-formed.
pub fn marks(text: &str, map: &SpanMap) -> Option<Diagnostic> {
    let found = |at: usize, len: usize, message: &str| {
        let span = map.map(Span::new(at, at + len));
        Diagnostic::warning(Code::ForeignHole, span, message)
    };
    if text.starts_with("={{") {
        let wrong = found(0, 1, "an expression of n8n begins with `=`; here it would be part of the text");
        return Some(wrong.help("leave the `=` out").fix("leave the `=` out", map.map(Span::new(0, 1)), ""));
    }
    // Every other mark has one of them.
    if !text.contains('$') && !text.contains('%') {
        return None;
    }
    if let Some(at) = text.find("${{") {
        let inner = text[at + 3..].trim_start();
        let word = inner.split(|char| !scan::is_name(char)).next().unwrap_or_default();
        if NAMES.iter().any(|(name, _, _)| *name == word) {
            return None;
        }
        let wrong = found(at, 1, "a hole is `{{ … }}`; the `$` before it is part of the text");
        return Some(
            wrong
                .help("leave the `$` out; for an amount of dollars write `{{ \"$\" }}` before the hole")
                .fix("leave the `$` out", map.map(Span::new(at, at + 1)), ""),
        );
    }
    for (open, close) in [("{%", "%}"), ("<%", "%>")] {
        if let Some(at) = text.find(open)
            && text[at..].contains(close)
        {
            let wrong =
                found(at, 2, &format!("`{open}` is a mark of another template language and stays text"));
            return Some(wrong.help("write `{{#if c}} … {{/if}}`, `{{#each xs}} … {{/each}}` or `{{ x }}`"));
        }
    }
    let at = text.find("${").filter(|at| {
        let word = text[at + 2..].split(|char| !scan::is_name(char)).next().unwrap_or_default();
        matches!(word, "inputs" | "steps" | "trigger") && text[*at..].contains('}')
    })?;
    let len = text[at..].find('}').map_or(2, |end| end + 1);
    let inner = &text[at + 2..at + len - 1];
    let fixed = format!("{{{{ {inner} }}}}");
    let wrong = found(at, len, &format!("`${{{inner}}}` stays text: a hole has two braces"));
    Some(wrong.help(format!("write `{fixed}`")).fix(
        format!("write `{fixed}`"),
        map.map(Span::new(at, at + len)),
        fixed,
    ))
}

/// What a word of other systems is called where one of several words is wanted.
pub fn choice(word: &str) -> Option<&'static str> {
    match word {
        "ignore" | "skip" | "resume" | "warn" => Some("continue"),
        "abort" | "stop" | "error" | "raise" => Some("fail"),
        other => boolean(other),
    }
}

/// What `yes`, `no` and their like stand for where a boolean is wanted.
pub fn boolean(word: &str) -> Option<&'static str> {
    match word {
        "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => Some("true"),
        "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => Some("false"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_by_their_words() {
        assert!(KEYS.windows(2).all(|pair| pair[0].word < pair[1].word));
        assert!(NAMES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
