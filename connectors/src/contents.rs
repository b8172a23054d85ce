//! The contents of large files: each stands once in a folder of the program's own, under the hash of its bytes. A value
//! knows the hash, and no path: what a workflow or a service says leads nowhere else.

mod arrival;
mod copies;
mod name;
mod sweep;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dsl::catalog::{Failure, FailureKind};
use dsl::value::{Content, File, Hash};
use egress::{Bytes, Part};

pub use copies::Copied;
pub use sweep::Swept;

pub(crate) use arrival::Arrival;

pub(crate) use name::{of_disposition, of_path, safe};

/// The longest content that a value carries itself, in bytes: functions can read it, and it stands in the log.
pub(crate) const AT_HAND: usize = 10 * 1024 * 1024;

/// Where the contents of large files are kept.
#[derive(Clone, Debug)]
pub struct Contents {
    root: Option<Arc<Path>>,
}

impl Contents {
    /// Keeps them in a folder, which is made when the first one comes.
    pub fn new(root: impl Into<PathBuf>) -> Contents {
        Contents { root: Some(Arc::from(root.into())) }
    }

    /// Keeps none: what is too large for a value is a failure.
    pub fn none() -> Contents {
        Contents { root: None }
    }

    /// The folder that they are kept in, if they are.
    pub fn folder(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    fn root(&self) -> Result<&Path, Failure> {
        self.root.as_deref().ok_or_else(|| {
            let message = format!("a file of more than {AT_HAND} bytes cannot be kept here");
            Failure::new(FailureKind::Limit, message)
        })
    }

    fn path(&self, hash: &Hash) -> Result<PathBuf, Failure> {
        Ok(self.root()?.join(hash.to_string()))
    }

    /// The content of a file, as a part of a body.
    ///
    /// # Errors
    /// Where it is not kept any more.
    pub(crate) fn part(&self, file: &File) -> Result<Part, Failure> {
        match &file.content {
            Content::Here(bytes) => Ok(Part::Plain(Bytes::from_owner(bytes.clone()))),
            Content::Kept(hash, size) => {
                let path = self.whole(hash, *size)?;
                Ok(Part::Content(Arc::new(Kept { path, size: *size })))
            }
        }
    }

    /// Opens what is kept of a file, to be read.
    ///
    /// # Errors
    /// Where it is not kept any more.
    pub(crate) fn open(&self, hash: &Hash, size: u64) -> Result<fs::File, Failure> {
        let path = self.whole(hash, size)?;
        fs::File::open(path).map_err(|error| gone(&error))
    }

    /// The path of a content that is there with all its bytes.
    fn whole(&self, hash: &Hash, size: u64) -> Result<PathBuf, Failure> {
        let path = self.path(hash)?;
        let found = fs::symlink_metadata(&path).map_err(|error| gone(&error))?;
        if found.is_file() && found.len() == size { Ok(path) } else { Err(gone(&"it was changed")) }
    }
}

fn gone(why: &dyn std::fmt::Display) -> Failure {
    Failure::new(FailureKind::NotFound, format!("the content of a file is not kept any more: {why}"))
}

/// A content on the disk.
#[derive(Debug)]
struct Kept {
    path: PathBuf,
    size: u64,
}

impl egress::Content for Kept {
    fn size(&self) -> u64 {
        self.size
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(fs::File::open(&self.path)?))
    }
}
