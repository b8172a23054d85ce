//! A workflow under its mocks, in which everything goes wrong once: the process dies at each row of the log, each answer is late
//! or lost, each call is refused. What it tells is which step would act twice, which would be in doubt, and which acted though
//! the run takes it as failed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use dsl::catalog::Safety;
use dsl::diagnostic::Diagnostic;
use dsl::span::Span;
use dsl::test::{Case, general};
use dsl::workflow::{EMIT, OnDoubt, REQUEST};
use engine::plan::{CALL, Op, Plan, Step};
use engine::view::{Shown, Waits};
use runtime::rehearsal::{Fault, Lost, Moment, judge, rehearse, rehearse_with};
use serde_json::json;

use super::{Read, Rehearsed, Tested, Tester, Wanted, apart};

/// What came of it.
#[derive(Debug, Default)]
pub struct Crashed {
    /// What is wrong with the test file; with an error nothing was played.
    pub diagnostics: Vec<Diagnostic>,
    /// The workflow's file and text, with what is wrong with it.
    pub workflow: Option<(PathBuf, String, Vec<Diagnostic>)>,
    /// How many cases were played.
    pub cases: usize,
    /// How many faults were played in them, each in a run of its own.
    pub faults: usize,
    /// How many further ones were left out, since there are too many.
    pub left_out: usize,
    /// The cases that were not played, and why.
    pub not_played: Vec<(String, String)>,
    /// What was found, a line for each step and kind.
    pub findings: Vec<Finding>,
    /// The steps that act, and that nothing was found of.
    pub safe: Vec<(String, Safety)>,
}

/// What would become of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It acts twice.
    Twice,
    /// It acted, and the run takes it as failed.
    Unnoticed,
    /// Nobody knows whether it acted; a person is asked, or it fails.
    Doubt,
}

/// Something that would happen.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The path of the step, without numbers.
    pub step: String,
    /// The action that it calls.
    pub action: String,
    /// What may be done about it twice.
    pub safety: Safety,
    /// Where its name stands in the workflow; nothing for a step of a workflow that is called.
    pub span: Option<Span>,
    /// What would become of it.
    pub verdict: Verdict,
    /// When: each kind of moment once, with a case in which it comes.
    pub moments: Vec<(String, String)>,
    /// How many of the faults that were played show it.
    pub times: usize,
    /// What to write against it.
    pub advice: Vec<String>,
}

impl Crashed {
    /// True if a step would act twice.
    pub fn acts_twice(&self) -> bool {
        self.findings.iter().any(|finding| finding.verdict == Verdict::Twice)
    }
}

impl Verdict {
    /// As it stands in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Twice => "acts_twice",
            Verdict::Unnoticed => "acts_unnoticed",
            Verdict::Doubt => "in_doubt",
        }
    }
}

/// Plays the cases of a test file with faults: of each case at most `most`, chosen evenly.
pub fn crash(file: &Path, text: &str, wanted: Wanted<'_>, most: usize) -> Crashed {
    match Tester::find(file, text) {
        Ok(tester) => tester.crash(text, wanted, most),
        Err(wrong) => Crashed { diagnostics: vec![*wrong], ..Crashed::default() },
    }
}

impl Tester {
    /// Plays the cases of a test file with faults, as `crash` does.
    pub fn crash(&self, text: &str, wanted: Wanted<'_>, most: usize) -> Crashed {
        let read = match self.read(text) {
            Ok(read) => read,
            Err(tested) => {
                let Tested { diagnostics, workflow, .. } = *tested;
                return Crashed { diagnostics, workflow, ..Crashed::default() };
            }
        };
        let mut crashed = Crashed {
            diagnostics: read.diagnostics.clone(),
            workflow: Some(read.workflow.clone()),
            ..Crashed::default()
        };
        let mut gathered = Gathered::default();
        for case in read.suite.cases.iter().filter(|case| wanted(&case.name.value)) {
            let not = case.crash.as_ref().map(|_| "it has a `crash` of its own");
            let base = read.world().on_stage(&read, |stage| rehearse(stage, case));
            let fails = not.is_none() && !judge(case, &read.subject, &base).is_empty();
            let not = if fails {
                Some("it fails, even if nothing goes wrong: `keyway test` tells why")
            } else {
                not
            };
            if let Some(why) = not {
                crashed.not_played.push((case.name.value.clone(), why.into()));
                continue;
            }
            let all = faults(&base);
            let chosen = evenly(&all, most);
            crashed.cases += 1;
            crashed.faults += chosen.len();
            crashed.left_out += all.len() - chosen.len();
            gathered.base(&base);
            let came = apart::each(&chosen, &|| read.world(), &|world, fault| {
                let came = world.on_stage(&read, |stage| rehearse_with(stage, case, *fault));
                found(*fault, &base, &came)
            });
            for (step, verdict, moment) in came.into_iter().flatten() {
                gathered.add(step, verdict, moment, case);
            }
        }
        gathered.told(&read, &mut crashed);
        crashed
    }
}

/// All that can go wrong in a case, each once.
fn faults(base: &Rehearsed) -> Vec<Fault> {
    let deaths = (1..=base.rows)
        .flat_map(|row| [Moment::Written, Moment::Sent].map(|moment| Fault::Dies { row, moment }));
    let mut all: Vec<Fault> = deaths.collect();
    for (made, call) in base.calls.iter().zip(0..) {
        if made.took && *made.action != *EMIT {
            all.extend([Lost::Slow, Lost::Broken].map(|told| Fault::Lost { call, told }));
        }
        if *made.action != *CALL && *made.action != *EMIT {
            all.push(Fault::Refused { call });
        }
    }
    all
}

/// So many of these, spread over all.
fn evenly(all: &[Fault], most: usize) -> Vec<Fault> {
    let count = all.len().min(most.max(1));
    (0..count).map(|at| all[at * all.len() / count]).collect()
}

/// What a run with a fault shows, in comparison with one without: the step, what became of it, and when.
fn found(fault: Fault, base: &Rehearsed, came: &Rehearsed) -> Vec<(String, Verdict, String)> {
    let mut found = vec![];
    let (usual, now) = (effects(base), effects(came));
    for (step, count) in &now {
        if *count > usual.get(step).copied().unwrap_or(0).max(1) {
            found.push(((*step).to_owned(), Verdict::Twice, moment(fault, step, came)));
        }
    }
    for (step, entry) in &came.steps {
        let waits = entry.waits == Some(Waits::Doubt) || entry.state == Shown::InDoubt;
        if waits && now.get(step.as_str()).is_none_or(|count| *count <= 1) {
            found.push((step.clone(), Verdict::Doubt, moment(fault, step, came)));
        }
        let lost = matches!(fault, Fault::Lost { call, .. } if base.calls.get(call).is_some_and(|made| made.step == *step));
        if lost && entry.state == Shown::Failed && now.contains_key(step.as_str()) {
            found.push((step.clone(), Verdict::Unnoticed, moment(fault, step, came)));
        }
    }
    found
}

/// How often each step acted, as the world sees it: what carries the same key is done once, and so is what may be
/// repeated.
fn effects(came: &Rehearsed) -> BTreeMap<&str, usize> {
    let mut once: BTreeMap<&str, usize> = BTreeMap::new();
    let mut known: BTreeSet<(&str, String)> = BTreeSet::new();
    for made in came.calls.iter().filter(|made| made.took && *made.action != *EMIT) {
        let mark = match made.safety {
            Safety::Read => continue,
            Safety::Once => None,
            Safety::Keyed => Some(made.key.to_string()),
            Safety::Idempotent => Some(String::new()),
        };
        if mark.is_none_or(|mark| known.insert((&made.step, mark))) {
            *once.entry(&made.step).or_default() += 1;
        }
    }
    once
}

fn moment(fault: Fault, step: &str, came: &Rehearsed) -> String {
    match fault {
        Fault::Dies { .. } => {
            let before = came.died.unwrap_or(0);
            let sent = came.calls.iter().take(before).any(|made| made.step == step);
            match sent {
                true => "the process dies while the answer is awaited".into(),
                false => "the process dies when the call is written down and not sent yet".into(),
            }
        }
        Fault::Lost { told: Lost::Slow, .. } => "the service does it, and answers too late".into(),
        Fault::Lost { told: Lost::Broken, .. } => {
            "the service does it, and the connection breaks before it answers".into()
        }
        Fault::Refused { .. } => "another call is refused".into(),
    }
}

/// What was found, by step and kind.
#[derive(Default)]
struct Gathered {
    found: BTreeMap<(Verdict, String), (BTreeMap<String, String>, usize)>,
    /// The steps that act, with their actions and what may be done about them twice.
    acts: BTreeMap<String, (String, Safety)>,
}

impl Gathered {
    fn base(&mut self, base: &Rehearsed) {
        for made in base.calls.iter().filter(|made| made.took && *made.action != *EMIT) {
            let entry = (made.action.to_string(), made.safety);
            self.acts.entry(general(&made.step)).or_insert(entry);
        }
    }

    fn add(&mut self, step: String, verdict: Verdict, moment: String, case: &Case) {
        let (moments, times) = self.found.entry((verdict, general(&step))).or_default();
        moments.entry(moment).or_insert_with(|| case.name.value.clone());
        *times += 1;
    }

    fn told(self, read: &Read<'_>, crashed: &mut Crashed) {
        for ((verdict, step), (moments, times)) in self.found {
            let (action, safety) =
                self.acts.get(&step).cloned().unwrap_or_else(|| (String::new(), Safety::Once));
            let own = step_at(&read.plan, &step);
            let advice = advice(verdict, &step, &action, own.map(|(step, _)| step), &moments);
            let span = own.map(|(_, span)| span);
            let moments = moments.into_iter().collect();
            crashed.findings.push(Finding { step, action, safety, span, verdict, moments, times, advice });
        }
        let safe = self
            .acts
            .into_iter()
            .filter(|(step, _)| !crashed.findings.iter().any(|finding| finding.step == **step));
        crashed.safe = safe.map(|(step, (_, safety))| (step, safety)).collect();
    }
}

/// What to write against it.
fn advice(
    verdict: Verdict,
    step: &str,
    action: &str,
    own: Option<&Step>,
    moments: &BTreeMap<String, String>,
) -> Vec<String> {
    let by_death = moments.keys().any(|moment| moment.starts_with("the process dies"));
    let by_answer = moments.keys().any(|moment| moment.starts_with("the service does it"));
    let mut advice = vec![];
    if action == REQUEST {
        advice.push(
            "write `idempotency: Idempotency-Key` below `http` if the service honours such a key: all tries carry the same one"
                .into(),
        );
    }
    match verdict {
        Verdict::Twice => {
            if by_answer {
                advice.push(
                    "write `retry: { attempts: 3, on: [rate_limited] }`, or no `retry`: what was lost on its way is not tried again"
                        .into(),
                );
            }
            if by_death && own.is_some_and(|step| step.on_doubt == OnDoubt::Retry) {
                advice.push("write `on_doubt: ask`, or leave `on_doubt` out: a person looks before it is done again".into());
            }
        }
        Verdict::Doubt => {
            if own.is_some_and(|step| step.on_doubt == OnDoubt::Fail) {
                advice.push(format!("`on_doubt: fail` lets `{step}` fail: a `catch` around it can look whether it was done"));
            } else {
                advice.push(format!(
                    "a person is asked, and nothing is done twice; `on_doubt: fail` with a `catch` around `{step}` can look instead"
                ));
            }
        }
        Verdict::Unnoticed => advice.push(format!(
            "whoever handles the failure of `{step}` must look first whether it was done; it does not do it again by itself"
        )),
    }
    advice
}

/// A step of a plan by its path without numbers, and where its name stands.
fn step_at<'p>(plan: &'p Plan, path: &str) -> Option<(&'p Step, Span)> {
    let mut blocks = vec![(0_u32, plan.workflow().root.clone())];
    let mut found = None;
    for name in path.split('.') {
        let mut inner = vec![];
        found = None;
        for (block, written) in &blocks {
            let steps = plan.block(*block).map_or(&[][..], |block| &block.steps);
            for (step, source) in steps.iter().zip(&written.steps).filter(|(step, _)| *step.name == *name) {
                found = found.or(Some((step, source.span)));
                inner.extend(within(&step.op, &source.op));
            }
        }
        found?;
        blocks = inner;
    }
    found
}

/// The blocks in a step, with what is written of them.
fn within(op: &Op, source: &dsl::workflow::Op) -> Vec<(u32, dsl::workflow::Block)> {
    use dsl::workflow::Op as Written;
    match (op, source) {
        (Op::Each { body, .. }, Written::Each { body: inner, .. })
        | (Op::Repeat { body, .. }, Written::Repeat { body: inner, .. })
        | (Op::Try { body }, Written::Try { body: inner, .. }) => vec![(*body, inner.clone())],
        (Op::Switch { cases, default, .. }, Written::Switch { cases: written, default: other, .. }) => {
            let cases = cases.iter().zip(written).map(|((_, body), case)| (*body, case.block.clone()));
            cases.chain(default.zip(other.clone())).collect()
        }
        _ => vec![],
    }
}

/// As JSON: the findings, the steps that act and of which nothing was found, and how much was played.
pub fn to_json(crashed: &Crashed) -> serde_json::Value {
    let text = crashed.workflow.as_ref().map_or("", |(_, text, _)| text);
    let lines = dsl::span::Lines::new(text);
    let findings = crashed.findings.iter().map(|finding| {
        let place = finding.span.map(|span| lines.place(span.range().start));
        let moments = finding.moments.iter().map(|(moment, case)| json!({ "when": moment, "case": case }));
        json!({
            "step": finding.step,
            "verdict": finding.verdict.name(),
            "action": finding.action,
            "safety": safety(finding.safety),
            "line": place.map(|place| place.line),
            "moments": moments.collect::<Vec<_>>(),
            "times": finding.times,
            "advice": finding.advice,
        })
    });
    let safe = crashed.safe.iter().map(|(step, own)| json!({ "step": step, "safety": safety(*own) }));
    let not_played = crashed.not_played.iter().map(|(case, why)| json!({ "case": case, "why": why }));
    json!({
        "workflow": crashed.workflow.as_ref().map(|(path, ..)| path.display().to_string()),
        "cases": crashed.cases,
        "faults": crashed.faults,
        "left_out": crashed.left_out,
        "not_played": not_played.collect::<Vec<_>>(),
        "findings": findings.collect::<Vec<_>>(),
        "safe": safe.collect::<Vec<_>>(),
    })
}

/// The word for what may be done twice.
pub fn safety(safety: Safety) -> &'static str {
    match safety {
        Safety::Read => "read",
        Safety::Idempotent => "idempotent",
        Safety::Keyed => "keyed",
        Safety::Once => "once",
    }
}
