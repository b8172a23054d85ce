//! `file`: reading and writing below one folder, the folder of files, and never outside of it.

mod content;
mod folder;
mod listing;
mod own;
mod path;

use std::path::PathBuf;

use dsl::catalog::{Action, Failure, FailureKind, Safety, Trust};
use dsl::types::{Field, Type};
use dsl::value::{Content, Value};

use crate::Settings;
use crate::params::Params;
pub(crate) use content::{bytes_of, file};
use folder::{Folder, Missing};
use own::Own;

/// The longest file that is read as anything but bytes, and the longest that is written out of values, in bytes.
pub(crate) const LIMIT: usize = 16 * 1024 * 1024;

/// The longest file that is read as bytes.
pub(crate) const LARGEST: u64 = 5 * 1024 * 1024 * 1024;

/// The folder of files, for whoever opens a file in it by a path.
pub(crate) struct Reached(Folder);

impl Reached {
    pub(crate) fn new(settings: &Settings) -> Reached {
        Reached(Folder { root: settings.files.clone(), own: Own::new(&settings.protected) })
    }

    /// Where a file truly is that is there.
    pub(crate) fn to_read(&self, path: &str) -> Result<PathBuf, Failure> {
        self.0.true_path(path, Missing::Refused)
    }

    /// Where a file truly is, or would be, that may be written.
    pub(crate) fn to_change(&self, path: &str) -> Result<PathBuf, Failure> {
        self.0.true_path(path, Missing::Fine)
    }
}

/// What is done with the folder of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Append,
    List,
    Read,
    Write,
}

pub(crate) fn read(id: &str) -> Action {
    let kinds = ["text", "json", "csv", "bytes"].map(String::from).to_vec();
    let kind = Field::optional(
        "as",
        Type::Enum(kinds),
        "What it is read as; a CSV gives a list of objects of texts.",
    );
    Action {
        id: id.into(),
        about: "Read a file below the folder of files: of at most 16 MB, or as bytes of at most 5 GB.".into(),
        safety: Safety::Read,
        input: vec![path_field(), Field { default: Some(Value::text("text")), ..kind }],
        output: Type::Any,
        trust: Trust::Untrusted,
    }
}

pub(crate) fn write(id: &str) -> Action {
    let about = "Write a file below the folder of files, as a whole or not at all; missing folders are made.";
    written(id, about, Safety::Idempotent)
}

pub(crate) fn append(id: &str) -> Action {
    written(id, "Add to the end of a file below the folder of files; a missing one is made.", Safety::Once)
}

fn written(id: &str, about: &str, safety: Safety) -> Action {
    let rows = Type::List(Box::new(Type::AnyObject));
    Action {
        id: id.into(),
        about: about.into(),
        safety,
        input: vec![
            path_field(),
            Field::optional("text", Type::String, "The content as text; one of the four must be given."),
            Field::optional("json", Type::Any, "The content as a value, written as JSON."),
            Field::optional(
                "csv",
                rows,
                "The content as a list of objects, written as CSV with a head line.",
            ),
            Field::optional("bytes", Type::Bytes, "The content as bytes, or as text in base64."),
        ],
        output: Type::Object(vec![
            Field::required("path", Type::String, "The file's path."),
            Field::required("size", Type::Integer, "Its length in bytes."),
        ]),
        trust: Trust::Trusted,
    }
}

pub(crate) fn list(id: &str) -> Action {
    let entry = vec![
        Field::required("path", Type::String, "Its path below the folder of files."),
        Field::required("size", Type::Integer, "Its length in bytes; 0 for a folder."),
        Field::required("modified", Type::Nullable(Box::new(Type::Time)), "When it was last changed."),
        Field::required("folder", Type::Boolean, "True for a folder."),
    ];
    let pattern = "Only paths that match: `*` and `?` within a name, `**` over folders, as in `**/*.csv`.";
    Action {
        id: id.into(),
        about: "List what is in a folder below the folder of files, sorted by path.".into(),
        safety: Safety::Read,
        input: vec![
            Field::optional("path", Type::String, "The folder; without it, the folder of files itself."),
            Field::optional("pattern", Type::String, pattern),
        ],
        output: Type::List(Box::new(Type::Object(entry))),
        // Names of files are given by whoever puts them there.
        trust: Trust::Untrusted,
    }
}

fn path_field() -> Field {
    Field::required("path", Type::String, "The file's path below the folder of files.")
}

/// Does it on a thread where waiting for a disk holds nobody up.
pub(crate) async fn call(settings: &Settings, task: Task, params: Params) -> Result<Value, Failure> {
    let (root, protected) = (settings.files.clone(), settings.protected.clone());
    let contents = settings.contents.clone();
    let work = tokio::task::spawn_blocking(move || {
        let folder = Folder { root, own: Own::new(&protected) };
        match task {
            Task::Read => {
                let path = params.required_text("path")?;
                match params.text("as")?.unwrap_or("text") {
                    "bytes" => Ok(content::of_bytes(folder.take(path, &contents)?, path)),
                    kind => content::parse(kind, folder.read(path)?, path),
                }
            }
            Task::Write => {
                let path = params.required_text("path")?;
                let size = match content::format(&params)? {
                    Content::Here(bytes) => folder.write(path, &mut &bytes[..])?,
                    Content::Kept(hash, size) => folder.write(path, &mut contents.open(&hash, size)?)?,
                };
                gives(path, size)
            }
            Task::Append => {
                let path = params.required_text("path")?;
                gives(path, folder.append(path, |old| content::format_more(&params, old))? as u64)
            }
            Task::List => folder.list(params.text("path")?, params.text("pattern")?),
        }
    });
    work.await.unwrap_or_else(|_| Err(Failure::new(FailureKind::Server, "the work on a file was cut off")))
}

fn gives(path: &str, size: u64) -> Result<Value, Failure> {
    Ok(Value::object([("path", Value::text(path)), ("size", Value::Int(size as i64))]))
}
