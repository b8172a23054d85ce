//! A folder of workflows that is watched: a file that has changed is deployed; one that is broken leaves what was in
//! force, and says so once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::owner::Owner;
use crate::owner::deploy::{Deployment, problems};
use crate::protocol::{Act, Reply, Request};
use crate::serve::News;

/// A folder that is watched.
pub struct Folder {
    path: PathBuf,
    seen: BTreeMap<PathBuf, Print>,
}

/// What tells that a file has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Print {
    changed: Option<SystemTime>,
    size: u64,
}

impl Folder {
    /// Watches a folder; nothing of it is known yet.
    pub fn new(path: PathBuf) -> Folder {
        Folder { path, seen: BTreeMap::new() }
    }

    /// Deploys what has changed since it was looked last.
    pub fn look(&mut self, owner: &Owner) -> Vec<News> {
        let mut news = vec![];
        let found = files(&self.path);
        let gone: Vec<PathBuf> =
            self.seen.keys().filter(|file| !found.contains_key(*file)).cloned().collect();
        for file in gone {
            self.seen.remove(&file);
            news.push(News::Gone(file));
        }
        for (file, print) in found {
            if self.seen.insert(file.clone(), print) != Some(print) {
                news.extend(deploy(owner, file));
            }
        }
        news
    }
}

/// Nothing where the file's workflow is in force as it is.
fn deploy(owner: &Owner, file: PathBuf) -> Option<News> {
    let broken = |text: String, problems, why| News::Broken { file: file.clone(), text, problems, why };
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) => return Some(broken(String::new(), vec![], format!("it cannot be read: {error}"))),
    };
    let files = file.parent().unwrap_or(Path::new("/")).to_owned();
    let by = "folder".into();
    let wish = Deployment { file: file.clone(), text: text.clone(), files, by, act: Act::Do, enabled: None };
    match owner.handle(&Request::Deploy(wish)) {
        Ok(Reply::Deployed(outcome)) => outcome.version.map(|_| News::Deployed(file, *outcome)),
        Ok(_) => None,
        Err(error) => {
            let problems = problems(&file, &text);
            Some(broken(text, problems, crate::chain(&error)))
        }
    }
}

/// The workflows' files in a folder, by their names.
pub(crate) fn names(folder: &Path) -> Vec<PathBuf> {
    files(folder).into_keys().collect()
}

/// The workflows' files in a folder; those of tests and hidden ones are none.
fn files(folder: &Path) -> BTreeMap<PathBuf, Print> {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter_map(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let stem = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"))?;
        let about = std::fs::metadata(entry.path()).ok().filter(std::fs::Metadata::is_file)?;
        let is_workflow = !name.starts_with('.') && !stem.ends_with(".test");
        let print = Print { changed: about.modified().ok(), size: about.len() };
        is_workflow.then(|| (entry.path(), print))
    });
    files.collect()
}
