//! Test files: the workflow that each is about is found and checked, and its cases are rehearsed. Nothing is called
//! but what a case allows and what only reads, and no secret is opened.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use connectors::connection::NoConnections;
use connectors::contents::Contents;
use connectors::meter::Metered;
use connectors::{Connectors, Settings};
use dsl::catalog::{Catalog, Failure, FailureKind};
use dsl::codes::Code;
use dsl::diagnostic::Diagnostic;
use dsl::span::Span;
use dsl::test::{Case, ENDING, Mock, Subject, Suite};
use dsl::value::Value;
use engine::command::Call;
use engine::plan::Plan;
use runtime::executor::Found;
pub use runtime::rehearsal::{Made, Rehearsed, Unmet};
use runtime::rehearsal::{Stage, judge, rehearse};
use secret::{Open, Refused, Secret};

use crate::beside::{self, refused};

/// What came of a test file.
#[derive(Debug, Default)]
pub struct Tested {
    /// What is wrong with its text; with an error no case was played.
    pub diagnostics: Vec<Diagnostic>,
    /// The workflow's file and text, with what is wrong with it.
    pub workflow: Option<(PathBuf, String, Vec<Diagnostic>)>,
    /// The cases, in the order of the file.
    pub cases: Vec<Tried>,
}

/// What came of a case.
#[derive(Debug)]
pub struct Tried {
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub span: Span,
    /// What is not as expected.
    pub unmet: Vec<Unmet>,
    /// What had no effect, where all is as expected.
    pub warnings: Vec<Diagnostic>,
    /// What came.
    pub came: Rehearsed,
}

impl Tried {
    /// True if all is as expected.
    pub fn passed(&self) -> bool {
        self.unmet.is_empty()
    }
}

/// A workflow to be tested.
#[derive(Clone, Debug)]
pub struct Tester {
    /// Its file: what it calls and reads stands beside it.
    file: PathBuf,
    text: String,
}

/// The file of the workflow that a test file is about: the one it names, else the one of its name.
pub fn about(file: &Path, text: &str) -> PathBuf {
    let folder = file.parent().unwrap_or(Path::new(""));
    match dsl::test::workflow(text) {
        Some(named) => folder.join(named.value),
        None => {
            let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            folder.join(format!("{}.yaml", name.strip_suffix(ENDING).unwrap_or(&name)))
        }
    }
}

/// Reads a test file, without playing its cases.
pub fn check(file: &Path, text: &str) -> Vec<Diagnostic> {
    match Tester::find(file, text) {
        Ok(tester) => tester.look(text).1,
        Err(wrong) => vec![*wrong],
    }
}

/// Plays the cases of a test file: all, or those of which `wanted` says so.
pub fn test(file: &Path, text: &str, wanted: &dyn Fn(&str) -> bool) -> Tested {
    match Tester::find(file, text) {
        Ok(tester) => tester.test(text, wanted),
        Err(wrong) => Tested { diagnostics: vec![*wrong], ..Tested::default() },
    }
}

impl Tester {
    /// Takes a workflow as if this text stood in this file.
    pub fn new(file: &Path, text: &str) -> Tester {
        Tester { file: file.to_owned(), text: text.to_owned() }
    }

    fn find(file: &Path, text: &str) -> Result<Tester, Box<Diagnostic>> {
        let path = about(file, text);
        match std::fs::read_to_string(&path) {
            Ok(found) => Ok(Tester::new(&path, &found)),
            Err(error) => {
                let span = dsl::test::workflow(text).map_or(Span::new(0, 0), |named| named.span);
                let message = format!("the workflow `{}` cannot be read: {error}", path.display());
                let wrong = Diagnostic::error(Code::UnknownWorkflow, span, message);
                Err(Box::new(wrong.help("name its file: `workflow: FILE.yaml`, from the folder of this one")))
            }
        }
    }

    fn look(&self, text: &str) -> (Option<Suite>, Vec<Diagnostic>) {
        let catalog = beside::catalog(&self.file, &self.text);
        let callable = beside::callable(&self.file, &self.text);
        match Subject::new(&self.text, &callable, &catalog) {
            Some(subject) => dsl::test::check(text, &subject),
            None => (None, vec![self.unusable()]),
        }
    }

    fn unusable(&self) -> Diagnostic {
        let message = format!("the workflow `{}` has errors", self.file.display());
        let wrong = Diagnostic::error(Code::UnknownWorkflow, Span::new(0, 0), message);
        wrong.help(format!("`keyway check {}` tells which", self.file.display()))
    }

    /// Plays the cases of a test file: all, or those of which `wanted` says so.
    pub fn test(&self, text: &str, wanted: &dyn Fn(&str) -> bool) -> Tested {
        let catalog = beside::catalog(&self.file, &self.text);
        let checked = dsl::check(&self.text, &catalog);
        let workflow = Some((self.file.clone(), self.text.clone(), checked.diagnostics));
        let callable = beside::callable(&self.file, &self.text);
        let (Some(checked), Some(subject)) =
            (checked.workflow, Subject::new(&self.text, &callable, &catalog))
        else {
            return Tested { diagnostics: vec![self.unusable()], workflow, cases: vec![] };
        };
        let (suite, mut diagnostics) = dsl::test::check(text, &subject);
        let Some(suite) = suite else { return Tested { diagnostics, workflow, cases: vec![] } };
        let world = World::new(&self.file, &callable, &catalog);
        let stage = Stage {
            plan: Arc::new(Plan::from(checked)),
            subject: &subject,
            mocks: &suite.mocks,
            find: &|name, inputs| world.find(name, inputs),
            real: &|call| world.call(call),
        };
        let mut used = BTreeSet::new();
        let mut cases = vec![];
        for case in suite.cases.iter().filter(|case| wanted(&case.name.value)) {
            let came = rehearse(&stage, case);
            let unmet = judge(case, &subject, &came);
            used.extend(came.used.iter().copied());
            let warnings = if unmet.is_empty() { idle(case, &came) } else { vec![] };
            cases.push(Tried { name: case.name.value.clone(), span: case.name.span, unmet, warnings, came });
        }
        // What stands in for all cases is of use if one of them uses it: that is known where all were played to the end.
        let whole = cases.len() == suite.cases.len() && cases.iter().all(|tried| tried.unmet.is_empty());
        let idle = suite.mocks.iter().filter(|mock| whole && !used.contains(&mock.of.span));
        diagnostics.extend(idle.map(never_called));
        Tested { diagnostics, workflow, cases }
    }
}

/// What of a case had no effect.
fn idle(case: &Case, came: &Rehearsed) -> Vec<Diagnostic> {
    let idle = |span: &Span| !came.used.contains(span);
    let warn = |span, message| Diagnostic::warning(Code::NeverUsed, span, message);
    let mut found: Vec<Diagnostic> =
        case.mocks.iter().filter(|mock| idle(&mock.of.span)).map(never_called).collect();
    let answers = case.answers.iter().filter(|answer| idle(&answer.step.span));
    found.extend(answers.map(|it| warn(it.step.span, format!("`{}` never asks", it.step.value))));
    let signals = case.signals.iter().filter(|signal| idle(&signal.name.span));
    found.extend(
        signals.map(|it| warn(it.name.span, format!("no step waited for the signal `{}`", it.name.value))),
    );
    let crash = case.crash.iter().filter(|crash| idle(&crash.step.span));
    found.extend(crash.map(|it| {
        warn(it.step.span, format!("the process never died: `{}` did not come to it", it.step.value))
    }));
    found.dedup();
    found
}

fn never_called(mock: &Mock) -> Diagnostic {
    let message = "this mock is never used: nothing that it stands in for is called";
    Diagnostic::warning(Code::NeverUsed, mock.of.span, message).help("leave it out")
}

/// What is beside the workflow, and what it may really read.
struct World<'w> {
    file: &'w Path,
    callable: &'w BTreeMap<String, String>,
    catalog: &'w Catalog,
    plans: RefCell<BTreeMap<String, Option<Arc<Plan>>>>,
    hands: OnceCell<Option<(tokio::runtime::Runtime, Connectors)>>,
}

impl<'w> World<'w> {
    fn new(file: &'w Path, callable: &'w BTreeMap<String, String>, catalog: &'w Catalog) -> World<'w> {
        World { file, callable, catalog, plans: RefCell::default(), hands: OnceCell::new() }
    }

    /// The workflow of this name, with its inputs filled in.
    fn find(&self, name: &str, inputs: &Value) -> Result<Found, Failure> {
        let Some(text) = self.callable.get(name) else {
            let message = format!("there is no workflow `{name}` beside `{}`", self.file.display());
            return Err(refused(FailureKind::NotFound, message));
        };
        let plan = self
            .plans
            .borrow_mut()
            .entry(name.to_owned())
            .or_insert_with(|| {
                dsl::check(text, self.catalog).workflow.map(|workflow| Arc::new(Plan::from(workflow)))
            })
            .clone();
        let Some(plan) = plan else {
            return Err(refused(FailureKind::Invalid, format!("the workflow `{name}` has errors")));
        };
        let inputs = beside::filled(plan.workflow(), inputs)?;
        Ok(Found { plan, inputs, note: Value::Null })
    }

    /// Carries out an action that only reads.
    fn call(&self, call: &Call) -> Result<Value, Failure> {
        let hands = self.hands.get_or_init(|| {
            let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            let folder = std::path::absolute(self.file).ok()?.parent()?.to_owned();
            let egress = egress::Client::new(egress::Policy::default(), Arc::new(Nobody));
            let settings = Settings {
                files: folder,
                protected: vec![self.file.to_owned()],
                contents: Contents::none(),
                egress,
                library: connectors::library().clone(),
                connections: Arc::new(NoConnections),
                meter: Metered::default(),
            };
            Some((tokio, Connectors::new(settings)))
        });
        let Some((tokio, connectors)) = hands else {
            return Err(Failure::new(FailureKind::Refused, "nothing can be read here"));
        };
        let request = connectors::Request::new(&call.action, &call.args, &call.key);
        tokio.block_on(connectors.call(request))
    }
}

/// Opens no secret.
struct Nobody;

impl Open for Nobody {
    fn open(&self, name: &str, _: &str) -> Result<Secret, Refused> {
        Err(Refused::Sealed { name: name.into(), why: "a test opens no secret".into() })
    }
}
