//! What the system says of this process. Where it does not say it, nothing is told.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::{Metrics, Name};

/// What the system says of this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Processor time, in user and system mode.
    pub cpu: Duration,
    /// Bytes of memory in use.
    pub memory: u64,
    /// Files and connections that are open.
    pub files: u64,
}

impl Process {
    /// As it stands; nothing where the system has no `/proc`.
    pub fn now() -> Option<Process> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kilobytes: u64 = resident.trim().trim_end_matches("kB").trim().parse().ok()?;
        // The name of the program may hold blanks and brackets; what follows the last one does not.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        // Linux counts both in hundredths of a second.
        let cpu = Duration::from_millis((number(11)? + number(12)?) * 10);
        let files = fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64);
        Some(Process { cpu, memory: kilobytes * 1024, files })
    }
}

/// Bytes that are free on the disk of a folder for this user, and its size; nothing where the system does not say.
pub fn disk(folder: &Path) -> Option<(u64, u64)> {
    let about = rustix::fs::statvfs(folder).ok()?;
    Some((about.f_bavail * about.f_frsize, about.f_blocks * about.f_frsize))
}

impl Metrics {
    /// Takes in what the system says, of this process and of a database.
    pub(crate) fn look_around(&self, database: &Path) {
        if let Some(process) = Process::now() {
            self.of(Name::ProcessCpu, &[]).set(process.cpu.as_nanos() as u64);
            self.of(Name::ProcessMemory, &[]).set(process.memory);
            self.of(Name::ProcessFiles, &[]).set(process.files);
        }
        let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        self.of(Name::ProcessFilesMost, &[]).set(most.unwrap_or(0));
        if let Some((free, _)) = database.parent().and_then(disk) {
            self.of(Name::DiskFree, &[]).set(free);
        }
        let length = |ending: &str| {
            let mut path = database.as_os_str().to_owned();
            path.push(ending);
            fs::metadata(path).map_or(0, |file| file.len())
        };
        self.of(Name::DatabaseBytes, &[]).set(length("") + length("-wal"));
    }
}
