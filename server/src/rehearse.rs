//! Test files: the workflow that each is about is found and checked, and its cases are rehearsed. Nothing is called
//! but what a case allows and what only reads, and no secret is opened.

mod apart;
pub mod crash;
pub mod record;

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use connectors::connection::NoConnections;
use connectors::contents::Contents;
use connectors::meter::Metered;
use connectors::{Connectors, Settings};
use dsl::catalog::{Catalog, Failure, FailureKind};
use dsl::codes::Code;
use dsl::diagnostic::Diagnostic;
use dsl::span::Span;
use dsl::test::{Case, ENDING, Mock, Rewrite, Subject, Suite, rewritten};
use dsl::value::Value;
use engine::command::Call;
use engine::plan::Plan;
use runtime::executor::Found;
use runtime::rehearsal::{Covered, Stage, judge, points, rehearse, written_out};
pub use runtime::rehearsal::{Made, Point, Rehearsed, Unmet, Way};
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
    /// What tests of the workflow should show, and what of it these cases have.
    pub points: Vec<Point>,
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
    /// What the case may expect, where it says nothing.
    pub written_out: Option<Rewrite>,
    /// How long it was played.
    pub played: Duration,
}

/// Whether the cases of this name are wanted.
pub type Wanted<'w> = &'w (dyn Fn(&str) -> bool + Sync);

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
    catalog: OnceLock<Cow<'static, Catalog>>,
    callable: OnceLock<BTreeMap<String, String>>,
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
pub fn test(file: &Path, text: &str, wanted: Wanted<'_>) -> Tested {
    match Tester::find(file, text) {
        Ok(tester) => tester.test(text, wanted),
        Err(wrong) => Tested { diagnostics: vec![*wrong], ..Tested::default() },
    }
}

impl Tester {
    /// Takes a workflow as if this text stood in this file.
    pub fn new(file: &Path, text: &str) -> Tester {
        Tester {
            file: file.to_owned(),
            text: text.to_owned(),
            catalog: OnceLock::new(),
            callable: OnceLock::new(),
        }
    }

    fn find(file: &Path, text: &str) -> Result<Tester, Box<Diagnostic>> {
        let path = about(file, text);
        match beside::read(&path) {
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
        match Subject::new(&self.text, self.callable(), self.catalog()) {
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
    pub fn test(&self, text: &str, wanted: Wanted<'_>) -> Tested {
        let read = match self.read(text) {
            Ok(read) => read,
            Err(tested) => return *tested,
        };
        let Read { suite, subject, plan, workflow, .. } = &read;
        let mut diagnostics = read.diagnostics.clone();
        let chosen: Vec<&Case> = suite.cases.iter().filter(|case| wanted(&case.name.value)).collect();
        let cases = apart::each(&chosen, &|| read.world(), &|world, case| {
            let began = Instant::now();
            let came = world.on_stage(&read, |stage| rehearse(stage, case));
            let unmet = judge(case, subject, &came);
            let warnings = if unmet.is_empty() { idle(case, &came) } else { vec![] };
            let written_out = written_out(case, &came);
            let (name, span) = (case.name.value.clone(), case.name.span);
            Tried { name, span, unmet, warnings, came, written_out, played: began.elapsed() }
        });
        let mut used = BTreeSet::new();
        let mut covered = Covered::default();
        for tried in &cases {
            used.extend(tried.came.used.iter().copied());
            covered.join(&tried.came.covered);
        }
        // What stands in for all cases is of use if one of them uses it: that is known where all were played to the end.
        let whole = cases.len() == suite.cases.len() && cases.iter().all(|tried| tried.unmet.is_empty());
        let idle = suite.mocks.iter().filter(|mock| whole && !used.contains(&mock.of.span));
        diagnostics.extend(idle.map(never_called));
        let points = points(plan, &covered);
        Tested { diagnostics, workflow: Some(workflow.clone()), cases, points }
    }

    /// Reads a test file and the workflow that it is about; where one has errors, what there is to tell.
    fn read<'t>(&'t self, text: &str) -> Result<Read<'t>, Box<Tested>> {
        let catalog: &'t Catalog = self.catalog();
        let checked = dsl::check(&self.text, catalog);
        let workflow = (self.file.clone(), self.text.clone(), checked.diagnostics);
        let callable = self.callable();
        let (Some(checked), Some(subject)) = (checked.workflow, Subject::new(&self.text, callable, catalog))
        else {
            let diagnostics = vec![self.unusable()];
            return Err(Box::new(Tested { diagnostics, workflow: Some(workflow), ..Tested::default() }));
        };
        let (suite, diagnostics) = dsl::test::check(text, &subject);
        let Some(suite) = suite else {
            return Err(Box::new(Tested { diagnostics, workflow: Some(workflow), ..Tested::default() }));
        };
        let plan = Arc::new(Plan::from(checked));
        Ok(Read { tester: self, suite, subject, plan, diagnostics, workflow })
    }

    fn catalog(&self) -> &Catalog {
        self.catalog.get_or_init(|| beside::catalog(&self.file, &self.text))
    }

    fn callable(&self) -> &BTreeMap<String, String> {
        self.callable.get_or_init(|| beside::callable(&self.file, &self.text))
    }
}

/// Plays the cases of several test files, files beside one another. What comes is in the order of the files.
pub fn all(files: &[(PathBuf, String)], wanted: Wanted<'_>) -> Vec<(Tested, Duration)> {
    apart::each(&files.iter().collect::<Vec<_>>(), &|| (), &|(), (path, text)| {
        let began = Instant::now();
        (test(path, text, wanted), began.elapsed())
    })
}

/// The text of a test file in which what came is what is expected, where that is a matter of rewriting; nothing where nothing is
/// to be written, or the cases do not pass with it. Comments stay.
pub fn updated(path: &Path, text: &str, tested: &Tested) -> Option<String> {
    let unmet = tested.cases.iter().flat_map(|tried| &tried.unmet).flat_map(|unmet| &unmet.rewrites);
    let bare = tested.cases.iter().filter_map(|tried| tried.written_out.as_ref());
    let rewrites: Vec<Rewrite> = unmet.chain(bare).cloned().collect();
    if rewrites.is_empty() {
        return None;
    }
    let out = rewritten(text, &rewrites);
    // A file in the canonical layout stays in it; another one is left as its author likes it.
    let canonical = dsl::format::format(text, crate::plain()).is_ok_and(|tidy| tidy == text);
    let out = match dsl::format::format(&out, crate::plain()) {
        Ok(tidy) if canonical => tidy,
        _ => out,
    };
    let failed = |tested: &Tested| tested.cases.iter().filter(|tried| !tried.passed()).count();
    let again = test(path, &out, &|name| tested.cases.iter().any(|tried| tried.name == name));
    let is_better = again.cases.len() == tested.cases.len() && failed(&again) <= failed(tested);
    (is_better && out != text).then_some(out)
}

/// A test file that was read, and the workflow that it is about.
struct Read<'t> {
    tester: &'t Tester,
    suite: Suite,
    subject: Subject<'t>,
    plan: Arc<Plan>,
    diagnostics: Vec<Diagnostic>,
    workflow: (PathBuf, String, Vec<Diagnostic>),
}

impl Read<'_> {
    fn world(&self) -> World<'_> {
        World::new(&self.tester.file, self.tester.callable(), self.tester.catalog())
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

    /// Does something with what cases are rehearsed with.
    fn on_stage<T>(&self, read: &Read<'_>, play: impl FnOnce(&Stage<'_>) -> T) -> T {
        play(&Stage {
            plan: read.plan.clone(),
            subject: &read.subject,
            mocks: &read.suite.mocks,
            find: &|name, inputs| self.find(name, inputs),
            real: &|call| self.call(call),
        })
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
