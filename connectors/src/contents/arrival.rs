//! A content that comes piece by piece: in memory while it is short, then on the disk beside its place, and in its place
//! when it is whole and safe. What breaks off leaves nothing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use dsl::catalog::{Failure, FailureKind};
use dsl::value::{Content, Hash};
use egress::Bytes;
use ring::digest;
use tokio::sync::{mpsc, oneshot};

use super::{AT_HAND, Contents};

/// How many pieces wait for the disk.
const AHEAD: usize = 8;

/// How contents are called that are not yet whole.
pub(super) const UNFINISHED: &str = "unfinished-";

/// A content under way.
pub(crate) struct Arrival<'a> {
    contents: &'a Contents,
    /// The most bytes that it may have.
    most: u64,
    size: u64,
    begun: Begun,
}

enum Begun {
    Memory(Vec<u8>),
    Disk { pieces: mpsc::Sender<Bytes>, done: oneshot::Receiver<io::Result<Content>> },
}

impl Contents {
    /// Begins to take a content of which this much is known: how long it is said to be, and how long it may be.
    ///
    /// # Errors
    /// Where it is too long.
    pub(crate) fn begin(&self, said: Option<u64>, most: u64) -> Result<Arrival<'_>, Failure> {
        let mut arrival = Arrival { contents: self, most, size: 0, begun: Begun::Memory(vec![]) };
        match said {
            Some(said) if said > most => return Err(too_long(most)),
            Some(said) if said > AT_HAND as u64 => arrival.begun = self.on_disk()?,
            Some(_) | None => {}
        }
        Ok(arrival)
    }

    fn on_disk(&self) -> Result<Begun, Failure> {
        let root = self.root()?.to_owned();
        let ((pieces, mut incoming), (tell, done)) = (mpsc::channel(AHEAD), oneshot::channel());
        tokio::task::spawn_blocking(move || {
            let mut disk = match Disk::begin(&root) {
                Ok(disk) => disk,
                Err(error) => return drop(tell.send(Err(error))),
            };
            // An empty piece is the end; a channel that closes without it was given up.
            while let Some(piece) = incoming.blocking_recv() {
                let piece: Bytes = piece;
                if piece.is_empty() {
                    return drop(tell.send(disk.finish()));
                }
                if let Err(error) = disk.write(&piece) {
                    return drop(tell.send(Err(error)));
                }
            }
        });
        Ok(Begun::Disk { pieces, done })
    }

    /// Takes a content that is read to its end. To be called where a thread may wait.
    ///
    /// # Errors
    /// Where it cannot be read or kept, or is too long.
    pub(crate) fn take(&self, from: &mut dyn Read, most: u64) -> Result<Content, Failure> {
        let mut disk = Disk::begin(self.root()?).map_err(|error| unkept(&error))?;
        let (mut size, mut piece) = (0, vec![0; 256 * 1024]);
        loop {
            let read = from.read(&mut piece).map_err(|error| unkept(&error))?;
            if read == 0 {
                return disk.finish().map_err(|error| unkept(&error));
            }
            size += read as u64;
            if size > most {
                return Err(too_long(most));
            }
            disk.write(&piece[..read]).map_err(|error| unkept(&error))?;
        }
    }
}

impl Arrival<'_> {
    /// Takes a piece.
    ///
    /// # Errors
    /// Where the content is too long, or cannot be kept.
    pub(crate) async fn push(&mut self, piece: Bytes) -> Result<(), Failure> {
        self.size += piece.len() as u64;
        if self.size > self.most {
            return Err(too_long(self.most));
        }
        if let Begun::Memory(bytes) = &mut self.begun {
            if bytes.len() + piece.len() <= AT_HAND {
                bytes.extend_from_slice(&piece);
                return Ok(());
            }
            let before = Bytes::from(std::mem::take(bytes));
            self.begun = self.contents.on_disk()?;
            self.send(before).await?;
        }
        self.send(piece).await
    }

    /// True while it is so short that a value can carry it.
    pub(crate) fn is_short(&self) -> bool {
        matches!(self.begun, Begun::Memory(_))
    }

    /// Gives the content when it is whole, and on the disk where it is kept there.
    ///
    /// # Errors
    /// Where it cannot be kept.
    pub(crate) async fn finish(mut self) -> Result<Content, Failure> {
        match self.begun {
            Begun::Memory(bytes) => Ok(Content::Here(bytes.into())),
            Begun::Disk { .. } => {
                self.send(Bytes::new()).await?;
                self.outcome().await
            }
        }
    }

    async fn send(&mut self, piece: Bytes) -> Result<(), Failure> {
        let Begun::Disk { pieces, .. } = &self.begun else { return Ok(()) };
        if pieces.send(piece).await.is_ok() { Ok(()) } else { self.outcome().await.map(drop) }
    }

    async fn outcome(&mut self) -> Result<Content, Failure> {
        let Begun::Disk { done, .. } = &mut self.begun else { return Err(broke_off()) };
        done.await.map_err(|_| broke_off())?.map_err(|error| unkept(&error))
    }
}

fn broke_off() -> Failure {
    Failure::new(FailureKind::Server, "keeping a file was cut off")
}

fn unkept(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Failure::new(FailureKind::Limit, "a file cannot be kept: there is no room left")
        }
        _ => Failure::new(FailureKind::Server, format!("a file cannot be kept: {error}")),
    }
}

fn too_long(most: u64) -> Failure {
    Failure::new(FailureKind::Limit, format!("a file is longer than {most} bytes"))
}

/// A content that is being written. Dropped before its end it leaves nothing.
struct Disk {
    root: PathBuf,
    path: PathBuf,
    file: Option<File>,
    hash: digest::Context,
    size: u64,
}

impl Disk {
    fn begin(root: &Path) -> io::Result<Disk> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        make(root)?;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = root.join(format!("{UNFINISHED}{}-{count}", std::process::id()));
        // A process of the same id may have left one behind.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = Some(private(&path)?);
        Ok(Disk { root: root.into(), path, file, hash: digest::Context::new(&digest::SHA256), size: 0 })
    }

    fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.hash.update(piece);
        self.size += piece.len() as u64;
        self.file.as_mut().map_or(Ok(()), |file| file.write_all(piece))
    }

    fn finish(mut self) -> io::Result<Content> {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.hash.clone().finish().as_ref());
        let hash = Hash(hash);
        if let Some(file) = self.file.take() {
            file.sync_all()?;
        }
        // Over one that is there: it is the same, and counts as young from here on.
        fs::rename(&self.path, self.root.join(hash.to_string()))?;
        sync(&self.root)?;
        Ok(Content::Kept(hash, self.size))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // What was renamed is not there any more, and that is as good.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(unix)]
fn make(root: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(root)
}

#[cfg(not(unix))]
fn make(root: &Path) -> io::Result<()> {
    fs::create_dir_all(root)
}

#[cfg(unix)]
fn private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Puts the new name on the disk, so that it outlives a loss of power.
#[cfg(unix)]
fn sync(root: &Path) -> io::Result<()> {
    File::open(root)?.sync_all()
}

/// Elsewhere folders cannot be synced.
#[cfg(not(unix))]
fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}
