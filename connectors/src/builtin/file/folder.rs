//! The folder of files. Whatever a path says and whatever links lie in the way, nothing outside of it is
//! reached: every step is taken through a handle of the folder.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, OpenOptions};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::Content;

use super::own::{Own, is_workflow};
use super::path;
use super::{LARGEST, LIMIT};
use crate::contents::{self, Contents};
use crate::failure::of_io;
use crate::params::short;

/// No workflow is longer, in bytes.
const LONGEST_WORKFLOW: u64 = 1024 * 1024;

/// How files are called that are not yet whole.
const UNFINISHED: (&str, &str) = (".keyway-", ".unfinished");

/// The folder of files, and what in it is no business of workflows.
pub(crate) struct Folder {
    pub(crate) root: PathBuf,
    pub(crate) own: Own,
}

/// Whether a file must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    Fine,
    Refused,
}

impl Folder {
    /// A handle of the folder.
    pub(crate) fn open(&self) -> Result<Dir, Failure> {
        Dir::open_ambient_dir(&self.root, ambient_authority())
            .map_err(|error| of_io(&error, "the folder of files"))
    }

    /// The bytes of a file.
    pub(crate) fn read(&self, text: &str) -> Result<Vec<u8>, Failure> {
        let path = path::parse_file(text)?;
        self.refuse_own(&path, text)?;
        read_whole(&self.open()?, &path, text)
    }

    /// The content of a file, kept elsewhere where it is too long for a value.
    pub(crate) fn take(&self, text: &str, contents: &Contents) -> Result<Content, Failure> {
        let path = path::parse_file(text)?;
        self.refuse_own(&path, text)?;
        let (mut file, size) = opened(&self.open()?, &path, text)?;
        if size > contents::AT_HAND as u64 {
            return contents.take(&mut file, LARGEST).map_err(|failure| Failure {
                message: format!("`{}`: {}", short(text), failure.message),
                ..failure
            });
        }
        Ok(Content::Here(read_some(file, text)?.into()))
    }

    /// Replaces a file as a whole, or makes it. Gives its length.
    pub(crate) fn write(&self, text: &str, from: &mut dyn Read) -> Result<u64, Failure> {
        let (parent, name) = self.place(text)?;
        self.refuse_protected(&parent, &name, text)?;
        let mut size = 0;
        let written = replace(&parent, &name, |file| {
            size = io::copy(from, file)?;
            Ok(())
        });
        written.map_err(|error| of_io(&error, text))?;
        Ok(size)
    }

    /// Adds to a file, as a whole or not at all, or makes it. Gives its length.
    pub(crate) fn append(
        &self,
        text: &str,
        more: impl FnOnce(&[u8]) -> Result<Vec<u8>, Failure>,
    ) -> Result<usize, Failure> {
        let (parent, name) = self.place(text)?;
        self.refuse_protected(&parent, &name, text)?;
        let old = match parent.symlink_metadata(&name) {
            Ok(_) => read_whole(&parent, Path::new(&name), text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => vec![],
            Err(error) => return Err(of_io(&error, text)),
        };
        let added = more(&old)?;
        let size = old.len() + added.len();
        if size > LIMIT {
            return Err(too_long(text));
        }
        replace(&parent, &name, |file| file.write_all(&old).and_then(|()| file.write_all(&added)))
            .map_err(|error| of_io(&error, text))?;
        Ok(size)
    }

    /// Where a file truly is, for whoever can open it by a path alone; no part of it is a link. With `Missing::Fine` it need
    /// not be there yet, and is one that may be written.
    pub(crate) fn true_path(&self, text: &str, missing: Missing) -> Result<PathBuf, Failure> {
        let path = path::parse_file(text)?;
        self.refuse_own(&path, text)?;
        let root = self.root.canonicalize().map_err(|error| of_io(&error, "the folder of files"));
        let found = match missing {
            Missing::Refused => {
                let dir = self.open()?;
                opened(&dir, &path, text)?;
                dir.canonicalize(&path)
            }
            Missing::Fine => {
                let (parent, name) = self.place(text)?;
                self.refuse_protected(&parent, &name, text)?;
                match path.parent().filter(|above| !above.as_os_str().is_empty()) {
                    None => Ok(PathBuf::from(name)),
                    Some(above) => self.open()?.canonicalize(above).map(|above| above.join(name)),
                }
            }
        };
        Ok(root?.join(found.map_err(|error| of_io(&error, text))?))
    }

    /// The folder that a file is to be in, made where it is missing, and the file's name.
    fn place(&self, text: &str) -> Result<(Dir, String), Failure> {
        let path = path::parse_file(text)?;
        self.refuse_own(&path, text)?;
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        Dir::create_ambient_dir_all(&self.root, ambient_authority())
            .map_err(|error| of_io(&error, "the folder of files"))?;
        let root = self.open()?;
        let above = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = match above {
            None => root,
            Some(above) => match root.open_dir(above) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => make(&root, above),
                opened => opened,
            }
            .map_err(|error| of_io(&error, text))?,
        };
        Ok((parent, name))
    }

    /// Refuses what is within a folder of the program's own.
    pub(crate) fn refuse_own(&self, path: &Path, text: &str) -> Result<(), Failure> {
        if self.own.is_within(&self.root.join(path)) {
            return Err(refused(text, "belongs to the program itself"));
        }
        Ok(())
    }

    /// Refuses to write over a link, a folder, or a workflow.
    fn refuse_protected(&self, parent: &Dir, name: &str, text: &str) -> Result<(), Failure> {
        let refused = |why| Err(refused(text, why));
        if is_unfinished(name) {
            return refused("has a name that is kept for files that are being written");
        }
        let found = match parent.symlink_metadata(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            found => found.map_err(|error| of_io(&error, text))?,
        };
        if found.is_symlink() {
            return refused("is a link, and links are not written over");
        }
        if !found.is_file() {
            return Err(Failure::new(FailureKind::Invalid, format!("`{}` is not a file", short(text))));
        }
        if self.own.is_file(&self.root.join(text)) {
            return refused("is a workflow, and workflows are not written over by one");
        }
        let lower = name.to_lowercase();
        if (lower.ends_with(".yaml") || lower.ends_with(".yml"))
            && found.len() <= LONGEST_WORKFLOW
            && is_workflow(&read_whole(parent, Path::new(name), text)?)
        {
            return refused("holds a workflow, and workflows are not written over by one");
        }
        Ok(())
    }
}

/// True for a name of a file that is not yet whole, or never became so.
pub(crate) fn is_unfinished(name: &str) -> bool {
    name.starts_with(UNFINISHED.0) && name.ends_with(UNFINISHED.1)
}

fn read_whole(dir: &Dir, path: &Path, text: &str) -> Result<Vec<u8>, Failure> {
    let (file, _) = opened(dir, path, text)?;
    read_some(file, text)
}

/// A file and its length.
fn opened(dir: &Dir, path: &Path, text: &str) -> Result<(File, u64), Failure> {
    let failed = |error: io::Error| of_io(&error, text);
    // Opening a pipe would wait for a writer, so that the kind is asked first.
    let found = dir.metadata(path).map_err(failed)?;
    if found.is_dir() {
        return Err(of_io(&io::ErrorKind::IsADirectory.into(), text));
    }
    if !found.is_file() {
        return Err(refused(text, "is not a file"));
    }
    Ok((dir.open(path).map_err(failed)?, found.len()))
}

fn read_some(file: File, text: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    file.take(LIMIT as u64 + 1).read_to_end(&mut bytes).map_err(|error| of_io(&error, text))?;
    if bytes.len() > LIMIT { Err(too_long(text)) } else { Ok(bytes) }
}

fn too_long(text: &str) -> Failure {
    Failure::new(FailureKind::Limit, format!("`{}` is longer than {LIMIT} bytes", short(text)))
}

fn refused(text: &str, why: &str) -> Failure {
    Failure::new(FailureKind::Refused, format!("`{}` {why}", short(text)))
}

/// Makes a folder and those around it, and puts their names on the disk.
fn make(root: &Dir, folder: &Path) -> io::Result<Dir> {
    root.create_dir_all(folder)?;
    for around in folder.ancestors().skip(1).filter(|around| !around.as_os_str().is_empty()) {
        sync(&root.open_dir(around)?)?;
    }
    sync(root)?;
    root.open_dir(folder)
}

/// Writes a file beside the old one and puts it in its place when it is whole and on the disk.
fn replace(parent: &Dir, name: &str, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let unfinished = format!("{}{}-{count}{}", UNFINISHED.0, std::process::id(), UNFINISHED.1);
    let done = (|| {
        // A process of the same id may have left one behind.
        match parent.remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = parent.open_with(&unfinished, OpenOptions::new().write(true).create_new(true))?;
        if let Ok(old) = parent.symlink_metadata(name) {
            file.set_permissions(old.permissions())?;
        }
        write(&mut file)?;
        file.sync_all()?;
        drop(file);
        parent.rename(&unfinished, parent, name)?;
        sync(parent)
    })();
    if done.is_err() {
        // The first error tells more than one of cleaning up.
        let _ = parent.remove_file(&unfinished);
    }
    done
}

/// Puts the folder's entries on the disk, so that the rename outlives a loss of power.
#[cfg(unix)]
fn sync(dir: &Dir) -> io::Result<()> {
    dir.open(".")?.sync_all()
}

/// Elsewhere folders cannot be synced.
#[cfg(not(unix))]
fn sync(_: &Dir) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.txt"), "old").unwrap();
        let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        let broken = |file: &mut File| {
            file.write_all(b"half of the ne")?;
            Err(io::ErrorKind::StorageFull.into())
        };
        let error = replace(&dir, "a.txt", broken).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(std::fs::read_to_string(folder.path().join("a.txt")).unwrap(), "old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        replace(&dir, "a.txt", |file| file.write_all(b"new")).unwrap();
        assert_eq!(std::fs::read_to_string(folder.path().join("a.txt")).unwrap(), "new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
