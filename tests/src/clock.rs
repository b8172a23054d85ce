//! A clock of its own for the binary, by libfaketime: it is set while processes run, as an administrator or a bad battery
//! sets that of a machine. Time that only passes (`CLOCK_MONOTONIC`) goes on as it does.

use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::{SignedDuration, Timestamp};

/// Where Debian and Ubuntu keep the library.
const PLACES: [&str; 3] = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"];

/// A clock that stands this far before or behind that of the machine.
#[derive(Debug)]
pub struct Clock {
    library: PathBuf,
    file: PathBuf,
    ahead: SignedDuration,
}

impl Clock {
    /// Makes a clock that shows the time of the machine. Nothing where libfaketime is not installed, which is told.
    ///
    /// # Panics
    /// Where it is not installed and has to be, or its file cannot be written.
    pub fn new(folder: &Path) -> Option<Clock> {
        let library = PLACES.iter().map(|place| Path::new(place).join("faketime/libfaketime.so.1"));
        let Some(library) = library.into_iter().find(|path| path.exists()) else {
            println!("SKIPPED: libfaketime is not installed");
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "`apt-get install faketime` brings libfaketime"
            );
            return None;
        };
        let clock = Clock { library, file: folder.join("clock"), ahead: SignedDuration::ZERO };
        clock.write();
        Some(clock)
    }

    /// Has a command, and what it starts, see this clock.
    pub fn give(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library);
        command.env("FAKETIME_TIMESTAMP_FILE", &self.file).env("FAKETIME_NO_CACHE", "1");
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("NO_FAKE_STAT", "1");
    }

    /// What it shows.
    pub fn now(&self) -> Timestamp {
        Timestamp::now() + self.ahead
    }

    /// Moves it, forward or back.
    pub fn jump(&mut self, by: SignedDuration) {
        self.ahead += by;
        self.write();
    }

    /// Sets it to a time.
    pub fn set(&mut self, to: Timestamp) {
        self.ahead = to.duration_since(Timestamp::now());
        self.write();
    }

    /// The file is replaced, so that nobody reads half of it.
    fn write(&self) {
        let next = self.file.with_extension("next");
        std::fs::write(&next, format!("{:+.6}\n", self.ahead.as_secs_f64())).expect("a file of ours");
        std::fs::rename(&next, &self.file).expect("a file of ours");
    }
}
