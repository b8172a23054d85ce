//! Versions of workflows: they are deployed, enabled, disabled and rolled back by the process that owns the data
//! directory, in one commit with what that means to their schedules.

use dsl::diagnostic::Diagnostic;
use dsl::value::Hash;
use dsl::workflow::{Start, Workflow};
use jiff::Timestamp;
use runtime::driver::Error as DriverError;
use runtime::listeners::Listener;
use runtime::schedule::books::{Change as Moment, enforce, nanoseconds};
use runtime::timekeeper::Deployed;
use serde::{Deserialize, Serialize};
use store::Book;
use store::books::{Workflow as Standing, WorkflowVersion as Version};
use vault::LOCAL;

use super::callers::Address;
use super::subscriber::Subscriber;
use super::{Core, checked};
use crate::change::Change;
use crate::error::Error;
use crate::kept::{Kept, Known, note_text, read_text, zone};
use crate::order::Note;
use crate::protocol::Act;

/// A wish to keep a workflow.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Deployment {
    /// The workflow's file, absolute.
    pub file: std::path::PathBuf,
    /// Its text.
    pub text: String,
    /// The directory that `file.*` may use, absolute.
    pub files: std::path::PathBuf,
    /// Who deploys it.
    pub by: String,
    /// Whether it is done, or only told what would be.
    pub act: Act,
    /// Whether its triggers start runs from then on; without it, as they did before, and those of a fresh one do.
    #[serde(default)]
    pub enabled: Option<bool>,
}

/// What became of a deployment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The workflow.
    pub workflow: String,
    /// The version in force before, with its text.
    pub before: Option<(i64, String)>,
    /// The version in force from here on; nothing where nothing has changed.
    pub version: Option<i64>,
    /// Whether its triggers start runs.
    pub enabled: bool,
    /// What it does otherwise.
    pub change: Change,
    /// The addresses that were made for it.
    #[serde(default)]
    pub addresses: Vec<Address>,
}

/// What somebody wants of a workflow that is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// Its triggers start runs.
    Enable,
    /// They do not.
    Disable,
    /// An earlier version is in force.
    Rollback {
        /// Which; without it, the one before.
        to: Option<i64>,
    },
}

impl Core {
    /// Keeps a version of a workflow, if it is another one.
    pub(super) fn deploy(&self, wish: &Deployment) -> Result<Outcome, Error> {
        let workflow = deployable(wish, &self.kept()?)?;
        let name = workflow.name.clone();
        match wish.act {
            Act::Tell => Ok(self.deployment(wish, &workflow)?.0),
            Act::Do => self.changing(&name, || {
                let (mut outcome, mut books) = self.deployment(wish, &workflow)?;
                if outcome.version.is_some() {
                    let in_force = Some(&workflow).filter(|_| outcome.enabled);
                    self.address(in_force, Timestamp::now(), (&mut outcome, &mut books))?;
                }
                Ok((outcome, books))
            }),
        }
    }

    fn deployment(&self, wish: &Deployment, workflow: &Workflow) -> Result<(Outcome, Vec<Book>), Error> {
        let kept = self.kept()?;
        let now = Timestamp::now();
        let standing = kept.find(&workflow.name)?;
        let before = match &standing {
            Some(standing) => Some(kept.version(&standing.name, standing.version)?),
            None => None,
        };
        let digest = Hash::of(wish.text.as_bytes()).0;
        let old = before.as_ref().and_then(read_text);
        let mut outcome = Outcome {
            workflow: workflow.name.clone(),
            version: None,
            enabled: wish
                .enabled
                .unwrap_or_else(|| standing.as_ref().is_none_or(|standing| standing.enabled)),
            change: Change::of(old.as_ref(), workflow),
            before: before.as_ref().map(|version| (version.number, version.text.clone())),
            addresses: vec![],
        };
        let note = note_text(&Note {
            file: wish.file.clone(),
            files: wish.files.clone(),
            version: None,
            owner: LOCAL.into(),
        });
        let same = before.is_some_and(|version| version.digest == digest && version.note == note);
        if same && standing.as_ref().is_none_or(|standing| standing.enabled == outcome.enabled) {
            return Ok((outcome, vec![]));
        }
        if outcome.enabled {
            self.check_callers(workflow)?;
        }
        if let Some(standing) = standing.as_ref().filter(|_| same) {
            // The text is as it was; whether its triggers count is not.
            let (enabled, changed) = (outcome.enabled, nanoseconds(now));
            let standing = Standing { enabled, changed, ..standing.clone() };
            outcome.version = Some(standing.version);
            let mut books = self.enforced(&standing, Some(workflow), now)?;
            books.push(Book::Workflow(standing));
            return Ok((outcome, books));
        }
        let latest = match &standing {
            Some(_) => kept.versions(&workflow.name)?.first().map_or(0, |version| version.number),
            None => 0,
        };
        let number = latest + 1;
        outcome.version = Some(number);
        let mut books = vec![Book::Version(Version {
            owner: LOCAL.into(),
            workflow: workflow.name.clone(),
            number,
            digest,
            text: wish.text.clone(),
            note,
            deployed: nanoseconds(now),
            author: wish.by.clone(),
            known: Known::text(workflow),
        })];
        let kept_so = standing.filter(|standing| standing.enabled == outcome.enabled);
        let changed = kept_so.map_or(nanoseconds(now), |standing| standing.changed);
        let standing = Standing {
            owner: LOCAL.into(),
            name: workflow.name.clone(),
            enabled: outcome.enabled,
            version: number,
            changed,
        };
        books.extend(self.enforced(&standing, Some(workflow), now)?);
        books.push(Book::Workflow(standing));
        Ok((outcome, books))
    }

    /// Does what is wanted of a workflow that is kept; tells how it stands from here on.
    pub(super) fn put(&self, name: &str, wish: &Wish) -> Result<Outcome, Error> {
        self.changing(name, || {
            let kept = self.kept()?;
            let now = Timestamp::now();
            let mut standing = kept.workflow(name)?;
            let before = kept.version(name, standing.version)?;
            let from = (standing.enabled, standing.version);
            match wish {
                Wish::Enable => standing.enabled = true,
                Wish::Disable => standing.enabled = false,
                Wish::Rollback { to } => standing.version = earlier(&kept, &standing, *to)?,
            }
            if from.0 != standing.enabled {
                standing.changed = nanoseconds(now);
            }
            let version = kept.version(name, standing.version)?;
            let file = crate::kept::note(&version).map(|note| note.file).unwrap_or_default();
            let workflow = match wish {
                // Also what this program takes no more can be stopped.
                Wish::Disable => read_text(&version),
                Wish::Enable | Wish::Rollback { .. } => Some(checked(&file, &version.text)?),
            };
            let old = read_text(&before);
            let mut outcome = Outcome {
                workflow: name.into(),
                version: (from != (standing.enabled, standing.version)).then_some(standing.version),
                enabled: standing.enabled,
                change: workflow.as_ref().map(|new| Change::of(old.as_ref(), new)).unwrap_or_default(),
                before: Some((before.number, before.text)),
                addresses: vec![],
            };
            if outcome.version.is_none() {
                return Ok((outcome, vec![]));
            }
            let in_force = workflow.as_ref().filter(|_| standing.enabled);
            if let Some(workflow) = in_force {
                self.check_callers(workflow)?;
            }
            let mut books = self.enforced(&standing, workflow.as_ref(), now)?;
            self.address(in_force, now, (&mut outcome, &mut books))?;
            books.push(Book::Workflow(standing));
            Ok((outcome, books))
        })
    }

    /// What it means to the schedules that a version is in force, or none.
    fn enforced(
        &self,
        standing: &Standing,
        workflow: Option<&Workflow>,
        now: Timestamp,
    ) -> Result<Vec<Book>, Error> {
        let kept = self.kept()?;
        let zone = zone();
        let triggers = workflow.filter(|_| standing.enabled).map_or(&[][..], |workflow| &workflow.triggers);
        let starts: Vec<&Start> = triggers.iter().map(|trigger| &trigger.start).collect();
        let moment =
            Moment { owner: LOCAL, workflow: &standing.name, version: standing.version, zone: &zone, now };
        enforce(moment, &starts, &kept.rows(&standing.name)?, &kept.queued(&standing.name)?)
            .map_err(|error| Error::Wrong(error.to_string()))
    }

    /// Makes a change to a workflow in one commit. Where schedules are kept here, what is due is decided before it, and
    /// what is kept follows it.
    fn changing(
        &self,
        name: &str,
        change: impl FnOnce() -> Result<(Outcome, Vec<Book>), Error>,
    ) -> Result<Outcome, Error> {
        let make = || {
            let (outcome, books) = change()?;
            if !books.is_empty() {
                let mut batch = store::Batch::default();
                batch.books = books;
                self.desk.append(&batch).map_err(DriverError::from)?;
            }
            Ok(outcome)
        };
        match self.timekeeper.get() {
            None => make(),
            Some(timekeeper) => timekeeper.change(|keeper| {
                let outcome = make()?;
                let in_force = self.in_force(name)?;
                self.listen(name, in_force.as_ref())?;
                keeper.set(name, in_force)?;
                Ok(outcome)
            }),
        }
    }

    /// Has the triggers of a workflow wait for what comes from outside, or no more.
    fn listen(&self, name: &str, deployed: Option<&Deployed>) -> Result<(), Error> {
        let owner = runtime::timekeeper::Owner { id: LOCAL.into(), zone: crate::zone::own() };
        let listeners = deployed.map(|deployed| Listener::all(&owner, deployed)).unwrap_or_default();
        self.driver.listeners().set(name, listeners.clone());
        if let Some(poller) = self.poller.get() {
            poller.set(name, listeners)?;
        }
        self.subscriber.get().into_iter().for_each(Subscriber::ring);
        Ok(())
    }

    /// The version of a workflow whose triggers are in force; nothing where it is disabled.
    fn in_force(&self, name: &str) -> Result<Option<Deployed>, Error> {
        let kept = self.kept()?;
        let standing = kept.workflow(name)?;
        if !standing.enabled {
            return Ok(None);
        }
        Ok(crate::kept::deployed(&kept.version(name, standing.version)?))
    }

    /// What is kept here.
    pub(super) fn kept(&self) -> Result<Kept, Error> {
        Kept::at(self.desk.path())
    }
}

/// The workflow of a deployment: one that this version can run, and all of whose calls are found.
fn deployable(wish: &Deployment, kept: &Kept) -> Result<Workflow, Error> {
    let workflow = checked(&wish.file, &wish.text)?;
    let plan = engine::plan::Plan::new(&workflow);
    let beside = crate::beside::catalog(&wish.file, &wish.text).into_owned().workflows.unwrap_or_default();
    for called in engine::outline::called(&plan) {
        if !beside.contains_key(&called) && kept.find(&called)?.is_none() {
            return Err(Error::Wanting { workflow: workflow.name, called });
        }
    }
    Ok(workflow)
}

fn earlier(kept: &Kept, standing: &Standing, to: Option<i64>) -> Result<i64, Error> {
    if let Some(to) = to {
        return Ok(kept.version(&standing.name, to)?.number);
    }
    let versions = kept.versions(&standing.name)?;
    let earlier = versions.iter().map(|version| version.number).find(|number| *number < standing.version);
    earlier.ok_or_else(|| Error::NoEarlier { name: standing.name.clone() })
}

/// What is wrong with a text, for whoever watches a folder.
pub(crate) fn problems(file: &std::path::Path, text: &str) -> Vec<Diagnostic> {
    dsl::check(text, &crate::beside::catalog(file, text)).diagnostics
}
