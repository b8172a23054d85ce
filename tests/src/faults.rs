//! Lets the system say no to a process: the n-th write, sync or rename fails, is cut short, is skipped, or is the
//! last thing that the process does. `faults/shim.c` does it from within; this builds, loads and steers it.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

/// What becomes of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not carried out, and the process is killed.
    Kill,
    /// The disk is full.
    NoSpace,
    /// The device fails.
    Io,
    /// A signal came between.
    Interrupted,
    /// Half of what was to be written is written. Everything but a write is carried out.
    Short,
    /// It seems to succeed, and nothing is done: the broken machine of a negative control.
    Skip,
}

/// What an operation does, as bits that can be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(u32);

impl Kinds {
    /// Writes to files.
    pub const WRITE: Kinds = Kinds(1);
    /// Syncs of files and folders.
    pub const SYNC: Kinds = Kinds(2);
    /// All of them: beside these, lengths of files and names in folders are changed.
    pub const ALL: Kinds = Kinds(15);

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self.0 {
            1 => "write",
            2 => "sync",
            4 => "truncate",
            8 => "name",
            _ => "any",
        }
    }
}

/// Which operations a fault falls on, counted from 1 over all threads of all processes with this page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub from: u64,
    /// The last.
    pub until: u64,
}

impl Span {
    /// One operation.
    pub fn one(place: u64) -> Span {
        Span { from: place, until: place }
    }

    /// All from one on.
    pub fn from(place: u64) -> Span {
        Span { from: place, until: u64::MAX }
    }
}

/// The page through which a test and the shim in a process talk: counter, span, fault, error, kinds, how often it
/// came, and the kind of each operation, each in the order of `shim.c`.
#[derive(Debug)]
pub struct Page {
    file: File,
    path: PathBuf,
}

const LOGGED: usize = 1 << 16;
const LOG: u64 = 40;

impl Page {
    /// Makes a page in a folder; no fault is set.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn new(folder: &Path) -> Result<Page> {
        let path = folder.join("faults.page");
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(true).open(&path)?;
        file.set_len(LOG + LOGGED as u64)?;
        Ok(Page { file, path })
    }

    /// Loads the shim into a command.
    ///
    /// # Errors
    /// Where the shim cannot be built.
    pub fn equip(&self, command: &mut Command) -> Result<()> {
        command.env("LD_PRELOAD", shim()?).env("KEYWAY_FAULTS", &self.path);
        Ok(())
    }

    /// Sets a fault.
    ///
    /// # Errors
    /// Where the page cannot be written.
    pub fn set(&self, fault: Fault, kinds: Kinds, span: Span) -> Result<()> {
        self.clear()?;
        let (what, error) = match fault {
            Fault::Kill => (1, 0),
            Fault::NoSpace => (2, 28),
            Fault::Io => (2, 5),
            Fault::Interrupted => (2, 4),
            Fault::Short => (3, 0),
            Fault::Skip => (4, 0),
        };
        self.put(8, &span.from.to_ne_bytes())?;
        self.put(16, &span.until.to_ne_bytes())?;
        self.put(28, &u32::to_ne_bytes(error))?;
        self.put(32, &kinds.0.to_ne_bytes())?;
        self.put(36, &[0; 4])?;
        // Last, since a process that runs looks at this first.
        self.put(24, &u32::to_ne_bytes(what))
    }

    /// Takes the fault away.
    ///
    /// # Errors
    /// Where the page cannot be written.
    pub fn clear(&self) -> Result<()> {
        self.put(24, &[0; 4])
    }

    /// Begins to count from 1 again.
    ///
    /// # Errors
    /// Where the page cannot be written.
    pub fn restart(&self) -> Result<()> {
        self.put(0, &[0; 8])
    }

    /// How many operations there were.
    ///
    /// # Errors
    /// Where the page cannot be read.
    pub fn count(&self) -> Result<u64> {
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, 0)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    /// How often the fault that is set has come.
    ///
    /// # Errors
    /// Where the page cannot be read.
    pub fn fired(&self) -> Result<u32> {
        let mut bytes = [0; 4];
        self.file.read_exact_at(&mut bytes, 36)?;
        Ok(u32::from_ne_bytes(bytes))
    }

    /// What each operation so far did, as far as the page has room.
    ///
    /// # Errors
    /// Where the page cannot be read.
    pub fn log(&self) -> Result<Vec<Kinds>> {
        let mut bytes = vec![0; LOGGED.min(self.count()? as usize)];
        self.file.read_exact_at(&mut bytes, LOG)?;
        Ok(bytes.into_iter().map(|kind| Kinds(kind.into())).collect())
    }

    fn put(&self, at: u64, bytes: &[u8]) -> Result<()> {
        Ok(self.file.write_all_at(bytes, at)?)
    }
}

/// The shim as a library, built once for a process.
fn shim() -> Result<&'static Path> {
    static SHIM: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    let built = SHIM.get_or_init(|| build().map_err(|error| format!("{error:#}")));
    built.as_deref().map_err(|error| anyhow::anyhow!("the shim cannot be built: {error}"))
}

fn build() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().context("a file stands in a folder")?;
    // Tests build it at the same time: each its own, moved into its place.
    let draft = folder.join(format!("shim-{}.so", std::process::id()));
    let source = crate::root().join("tests/src/faults/shim.c");
    let output =
        Command::new("cc").args(["-shared", "-fPIC", "-O2", "-o"]).arg(&draft).arg(source).output()?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    let library = folder.join("keyway-shim.so");
    std::fs::rename(&draft, &library)?;
    Ok(library)
}

/// True if the shim works here. Where it does not, the reason is printed, and a test in CI must fail.
///
/// # Panics
/// In CI, where it does not work.
pub fn available() -> bool {
    let tried = shim().and_then(|_| {
        let folder = tempfile::tempdir()?;
        let page = Page::new(folder.path())?;
        let mut command = Command::new("touch");
        command.arg(folder.path().join("touched"));
        page.equip(&mut command)?;
        let status = command.status()?;
        if status.success() && page.count()? > 0 { Ok(()) } else { bail!("it counts nothing ({status})") }
    });
    skip_without("the shim for system calls", tried)
}

/// True if a tool that a test needs works. Where it does not, `SKIPPED` is printed, and a test in CI must fail.
///
/// # Panics
/// In CI, where it does not work.
pub fn skip_without(tool: &str, tried: Result<()>) -> bool {
    let Err(error) = tried else { return true };
    println!("SKIPPED: {tool} does not work here: {error:#}");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{tool} must work in CI: {error:#}");
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `dd` with a fault, and gives its exit code and what it wrote.
    fn dd(fault: Fault, kinds: Kinds, span: Span) -> (Option<i32>, usize, u32) {
        let folder = tempfile::tempdir().expect("a folder");
        let page = Page::new(folder.path()).expect("a page");
        page.set(fault, kinds, span).expect("our own file");
        let target = folder.path().join("out");
        let mut command = Command::new("dd");
        command.args(["if=/dev/zero", "bs=1000", "count=3", "conv=fsync", "status=none"]);
        command.arg(format!("of={}", target.display())).stderr(std::process::Stdio::null());
        page.equip(&mut command).expect("the shim is there");
        let code = command.status().expect("dd starts").code();
        let length = std::fs::metadata(target).map_or(0, |file| file.len() as usize);
        (code, length, page.fired().expect("a number"))
    }

    #[test]
    fn each_fault_does_what_it_says() {
        if !available() {
            return;
        }
        // Opening counts as the first operation, then come three writes and a sync.
        assert_eq!(dd(Fault::Kill, Kinds::ALL, Span::one(3)), (None, 1000, 1));
        assert_eq!(dd(Fault::NoSpace, Kinds::WRITE, Span::from(1)), (Some(1), 0, 1));
        assert_eq!(dd(Fault::Io, Kinds::SYNC, Span::from(1)), (Some(1), 3000, 1));
        assert_eq!(dd(Fault::Skip, Kinds::WRITE, Span::one(4)), (Some(0), 2000, 1));
        let (code, length, fired) = dd(Fault::Short, Kinds::WRITE, Span::one(2));
        assert_eq!((code, fired), (Some(0), 1));
        assert_eq!(length, 3000, "what was cut short is written again");
    }
}
