//! Contents that are copied to another folder of contents, for a backup and out of one, and looked through.

use std::fs;
use std::io;
use std::path::Path;

use dsl::catalog::Failure;
use dsl::value::{Content, Hash};

use super::Contents;

/// What was copied or looked through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// How many contents.
    pub files: usize,
    /// How many bytes they have.
    pub bytes: u64,
    /// Those that are not what they were: their bytes have another hash.
    pub damaged: Vec<Hash>,
}

impl Contents {
    /// The contents that are here, with their lengths, whether they are what they were or not.
    ///
    /// # Errors
    /// Where the folder cannot be read. One that is not there has none.
    pub fn all(&self) -> io::Result<Vec<(Hash, u64)>> {
        let Some(root) = self.folder() else { return Ok(vec![]) };
        let entries = match fs::read_dir(root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
            entries => entries?,
        };
        let mut all = vec![];
        for entry in entries {
            let entry = entry?;
            let Some(hash) = entry.file_name().to_str().and_then(Hash::parse) else { continue };
            match entry.metadata() {
                // A cleaning may remove it meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                found => {
                    let found = found?;
                    if found.is_file() {
                        all.push((hash, found.len()));
                    }
                }
            }
        }
        all.sort();
        Ok(all)
    }

    /// Copies all contents that are not there yet. Each is read whole, and one that is not what it was is named and left
    /// out. What is copied is on the disk before it has its name.
    ///
    /// # Errors
    /// Where something cannot be read or written.
    pub fn copy_to(&self, to: &Contents) -> io::Result<Copied> {
        let mut copied = Copied::default();
        let Some(root) = self.folder() else { return Ok(copied) };
        for (hash, size) in self.all()? {
            if to.whole(&hash, size).is_ok() {
                continue;
            }
            let Some(mut file) = opened(&root.join(hash.to_string()))? else { continue };
            match to.take(&mut file, u64::MAX).map_err(told)? {
                Content::Kept(found, bytes) if found == hash => {
                    copied.files += 1;
                    copied.bytes += bytes;
                }
                Content::Kept(found, _) => {
                    // It stands under the hash that it has, which nothing refers to.
                    to.folder().map_or(Ok(()), |folder| fs::remove_file(folder.join(found.to_string())))?;
                    copied.damaged.push(hash);
                }
                Content::Here(_) => {}
            }
        }
        Ok(copied)
    }

    /// Reads all contents, and compares each with its hash.
    ///
    /// # Errors
    /// Where something cannot be read.
    pub fn look_through(&self) -> io::Result<Copied> {
        let mut seen = Copied::default();
        let Some(root) = self.folder() else { return Ok(seen) };
        for (hash, size) in self.all()? {
            let Some(mut file) = opened(&root.join(hash.to_string()))? else { continue };
            seen.files += 1;
            seen.bytes += size;
            if hash_of(&mut file)? != hash {
                seen.damaged.push(hash);
            }
        }
        Ok(seen)
    }
}

/// A content, if it is still there.
fn opened(path: &Path) -> io::Result<Option<fs::File>> {
    match fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        file => file.map(Some),
    }
}

fn hash_of(from: &mut dyn io::Read) -> io::Result<Hash> {
    let (mut sum, mut piece) = (ring::digest::Context::new(&ring::digest::SHA256), vec![0; 256 * 1024]);
    loop {
        match from.read(&mut piece)? {
            0 => break,
            read => sum.update(&piece[..read]),
        }
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(sum.finish().as_ref());
    Ok(Hash(hash))
}

fn told(failure: Failure) -> io::Error {
    io::Error::other(failure.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_what_it_was_is_left_out_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (Contents::new(folder.path().join("from")), Contents::new(folder.path().join("to")));
        let kept = |text: &str| match from.take(&mut text.as_bytes(), 100).unwrap() {
            Content::Kept(hash, _) => hash,
            Content::Here(_) => unreachable!("it is kept on the disk"),
        };
        let (good, bad) = (kept("good"), kept("bad"));
        assert_eq!(from.look_through().unwrap(), Copied { files: 2, bytes: 7, damaged: vec![] });
        fs::write(folder.path().join("from").join(bad.to_string()), "wrong").unwrap();
        let copied = from.copy_to(&to).unwrap();
        assert_eq!(copied, Copied { files: 1, bytes: 4, damaged: vec![bad] });
        assert_eq!(to.all().unwrap(), [(good, 4)]);
        assert_eq!(from.look_through().unwrap().damaged, [bad]);
        // What is there already is not copied again.
        assert_eq!(from.copy_to(&to).unwrap().files, 0);
    }
}
