//! The workflows in the folder of another: those that it can call.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use dsl::catalog::{Catalog, Failure, FailureKind, Signature};
use dsl::value::{Object, Value};
use dsl::workflow::Workflow;
use engine::outline::{Beside, Outline, called};
use engine::plan::Plan;
use runtime::executor::Found;

use crate::kept::{self, Kept};
use crate::order::Note;

/// What a workflow in a file can name. The folder is read only if it calls another workflow.
pub fn catalog(file: &Path, text: &str) -> Cow<'static, Catalog> {
    if dsl::signature(text).is_some_and(|(_, own)| !own.calls.is_empty()) {
        return Cow::Owned(Catalog { workflows: Some(workflows(file)), ..crate::catalog() });
    }
    Cow::Borrowed(crate::plain())
}

/// What workflows can name while somebody writes them: known again as long as no file beside them changes, since an editor
/// asks at every keystroke.
#[derive(Debug)]
pub struct Writing {
    plain: Arc<Catalog>,
    known: Mutex<BTreeMap<PathBuf, (Stamps, Arc<Catalog>)>>,
}

/// The workflows' files of a folder with their times and lengths.
type Stamps = Vec<(PathBuf, Option<SystemTime>, u64)>;

impl Default for Writing {
    fn default() -> Writing {
        Writing { plain: Arc::new(crate::plain().clone()), known: Mutex::default() }
    }
}

impl Writing {
    /// What a workflow in a file can name. Unlike `catalog` it knows the folder as soon as the text may be about to call
    /// a workflow.
    pub fn catalog(&self, file: &Path, text: &str) -> Arc<Catalog> {
        // A key may be written with escapes.
        if !text.contains("call") && !text.contains('\\') {
            return self.plain.clone();
        }
        let folder = folder(file).to_owned();
        let now = stamps(&folder);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, catalog)) = known.get(&folder).filter(|(then, _)| *then == now) {
            return catalog.clone();
        }
        let catalog = Arc::new(Catalog { workflows: Some(workflows(file)), ..crate::catalog() });
        known.insert(folder, (now, catalog.clone()));
        catalog
    }
}

fn stamps(folder: &Path) -> Stamps {
    let stamp = |path: PathBuf| {
        let known = path.metadata().ok();
        let length = known.as_ref().map_or(0, std::fs::Metadata::len);
        (path, known.and_then(|known| known.modified().ok()), length)
    };
    files(folder).into_iter().map(stamp).collect()
}

/// What an outline of a plan takes from beside its file: the workflows that it calls, as far as they are right.
pub fn outlines(file: &Path, plan: &Plan, catalog: &Catalog) -> Beside {
    let wanted = called(plan);
    let mut beside = Beside { connected: connected(plan, catalog), ..Beside::default() };
    if wanted.is_empty() {
        return beside;
    }
    for (name, (_, text)) in by_name(file) {
        if wanted.contains(&name)
            && let Some(workflow) = dsl::check(&text, catalog).workflow
        {
            let outline = Outline::new(&Plan::new(&workflow), None, &Beside::default());
            beside.workflows.insert(name, outline);
        }
    }
    beside
}

/// The connectors that a plan calls and that need a connection.
fn connected(plan: &Plan, catalog: &Catalog) -> BTreeSet<String> {
    let steps = plan.blocks.iter().flat_map(|block| &block.steps);
    let named = steps.filter_map(|step| match &step.op {
        engine::plan::Op::Act { action, .. } => action.split_once('.').map(|(connector, _)| connector),
        _ => None,
    });
    let all: BTreeSet<&str> = named.collect();
    all.into_iter().filter(|connector| catalog.is_connected(connector)).map(str::to_owned).collect()
}

/// The texts of the workflows that one beside them may call, by their names.
pub(crate) fn callable(file: &Path, text: &str) -> BTreeMap<String, String> {
    match dsl::signature(text) {
        Some((_, own)) if !own.calls.is_empty() => {
            by_name(file).map(|(name, (_, text))| (name, text)).collect()
        }
        _ => BTreeMap::new(),
    }
}

/// The workflows beside a file by their names.
fn workflows(file: &Path) -> BTreeMap<String, Signature> {
    by_name(file).map(|(name, (signature, _))| (name, signature)).collect()
}

/// The workflows beside a file by their names, with their texts; of two with one name the first file by its name counts.
fn by_name(file: &Path) -> impl Iterator<Item = (String, (Signature, String))> {
    let mut found = BTreeMap::new();
    for (_, text) in texts(folder(file)) {
        if let Some((name, signature)) = dsl::signature(&text) {
            found.entry(name).or_insert((signature, text));
        }
    }
    found.into_iter()
}

/// The workflow of this name beside a file, with its inputs filled in: what a step calls. It runs for the owner of the
/// run that calls it.
///
/// # Errors
/// Where there is none, it has errors, or the inputs do not fit it.
pub fn find(file: &Path, name: &str, inputs: &Value, owner: &str) -> Result<Found, Failure> {
    let named = |text: &str| dsl::signature(text).is_some_and(|(found, _)| found == name);
    let Some((path, text)) = texts(folder(file)).find(|(_, text)| named(text)) else {
        let message = format!("there is no workflow `{name}` in `{}`", folder(file).display());
        return Err(refused(FailureKind::NotFound, message));
    };
    let files = folder(&path).to_owned();
    found(&text, Note { file: path, files, version: None, owner: owner.into() }, inputs)
}

/// The version in force of a workflow that is deployed, with its inputs filled in; nothing where there is none.
pub fn deployed(database: &Path, name: &str, inputs: &Value, owner: &str) -> Option<Result<Found, Failure>> {
    let version = Kept::at(database).and_then(|kept| kept.in_force(name)).ok()?;
    let note = Note { owner: owner.into(), ..kept::note(&version)? };
    Some(found(&version.text, note, inputs))
}

fn found(text: &str, note: Note, inputs: &Value) -> Result<Found, Failure> {
    let workflow = crate::owner::checked(&note.file, text)
        .map_err(|error| refused(FailureKind::Invalid, crate::chain(&error)))?;
    let inputs = filled(&workflow, inputs)?;
    Ok(Found { plan: Arc::new(Plan::new(&workflow)), inputs, note: note.to_value() })
}

/// The inputs of a workflow that is called, defaults filled in.
///
/// # Errors
/// Where they do not fit it.
pub(crate) fn filled(workflow: &Workflow, inputs: &Value) -> Result<Value, Failure> {
    let none = Object::new();
    let given = match inputs {
        Value::Object(given) => given,
        _ => &none,
    };
    dsl::inputs::inputs(workflow, given).map_err(|wrong| refused(FailureKind::Invalid, wrong.join("; ")))
}

/// A call of a workflow that cannot be made.
pub(crate) fn refused(kind: FailureKind, message: String) -> Failure {
    Failure { answered: true, ..Failure::new(kind, message) }
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The files of a folder that may be workflows, by their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml"))
        .collect();
    files.sort();
    files
}

/// The workflows' files in a folder, by their names, with their texts.
fn texts(folder: &Path) -> impl Iterator<Item = (PathBuf, String)> {
    // What cannot be read is no workflow; it is reported where it is checked itself.
    files(folder).into_iter().filter_map(|path| read(&path).ok().map(|text| (path, text)))
}

/// Reads a workflow's file that another file or a folder names: a plain file that is no longer than a workflow. A pipe would
/// never come to its end, nor would a device.
///
/// # Errors
/// Where it is another thing, is too long, or cannot be read.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    let known = path.metadata()?;
    if !known.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no plain file"));
    }
    let most = dsl::yaml::MAX_BYTES as u64;
    let mut text = String::new();
    // What a file says of its length is not always what comes.
    std::fs::File::open(path)?.take(most + 1).read_to_string(&mut text)?;
    if text.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it has more than {most} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workflows_in_the_same_folder_are_found_by_their_names() {
        let folder = std::env::temp_dir().join(format!("keyway-beside-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let other = "name: other\ninputs: { week: integer }\nsteps: { a: { set: { b: 1 } } }\noutput: { done: true }\n";
        std::fs::write(folder.join("b.yaml"), other).unwrap();
        std::fs::write(folder.join("broken.yaml"), "[").unwrap();
        let text = "name: one\nsteps: { a: { call: other, with: { week: 1 } } }\n";
        let known = catalog(&folder.join("a.yaml"), text).into_owned().workflows.unwrap();
        assert_eq!(known.keys().collect::<Vec<_>>(), ["other"]);
        assert_eq!(known["other"].inputs[0].name, "week");
        assert_eq!(catalog(&folder.join("a.yaml"), "name: one\nsteps: {}\n").workflows, None);
        // While somebody writes, the folder is read again as soon as it has changed, and not before.
        let writing = Writing::default();
        let names = || {
            let known = writing.catalog(&folder.join("a.yaml"), text);
            (known.workflows.iter().flatten().map(|(name, _)| name.clone()).collect::<Vec<_>>(), known)
        };
        let (first, again) = (names(), names());
        assert_eq!((first.0, Arc::ptr_eq(&first.1, &again.1)), (vec!["other".to_owned()], true));
        std::fs::write(folder.join("c.yaml"), "name: third\nsteps: {}\n").unwrap();
        assert_eq!(names().0, ["other", "third"]);
        assert_eq!(writing.catalog(&folder.join("a.yaml"), "name: one\nsteps: {}\n").workflows, None);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_plain_file_or_too_long_is_not_read() {
        let folder = std::env::temp_dir().join(format!("keyway-plain-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("folder.yaml")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", folder.join("zero.yaml")).unwrap();
        assert!(
            std::process::Command::new("mkfifo").arg(folder.join("pipe.yaml")).status().unwrap().success()
        );
        std::fs::write(folder.join("long.yaml"), "#".repeat(dsl::yaml::MAX_BYTES + 1)).unwrap();
        std::fs::write(folder.join("right.yaml"), "name: right\nsteps: { a: { set: { b: 1 } } }\n").unwrap();
        for name in ["folder", "zero", "pipe", "long"] {
            assert!(read(&folder.join(format!("{name}.yaml"))).is_err(), "{name}");
        }
        let text = "name: one\nsteps: { a: { call: right } }\n";
        let known = catalog(&folder.join("a.yaml"), text).into_owned().workflows.unwrap();
        assert_eq!(known.keys().collect::<Vec<_>>(), ["right"]);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
