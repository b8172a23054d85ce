//! What it was measured on: the disk, the processor, this process's own time and memory.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

/// The file system that a folder is on.
#[derive(Clone, Debug)]
pub struct Disk {
    /// Its type, as in `ext4`.
    pub kind: String,
    /// The device, as in `/dev/sda1`.
    pub device: String,
}

impl Disk {
    /// True if a sync costs nothing there.
    pub fn in_memory(&self) -> bool {
        ["tmpfs", "ramfs", "devtmpfs"].contains(&self.kind.as_str())
    }
}

/// Finds the file system of a folder.
pub fn disk(folder: &Path) -> Result<Disk> {
    let folder = folder.canonicalize()?;
    let mounts = std::fs::read_to_string("/proc/self/mounts").context("the mounts cannot be read")?;
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?, words.next()?, words.next()?))
    });
    // Of two mounts at one place the later one is seen, and `max_by_key` keeps the last.
    let found = mounts.filter(|(_, at, _)| folder.starts_with(at)).max_by_key(|(_, at, _)| at.len());
    let (device, _, kind) = found.context("no mount holds the folder")?;
    Ok(Disk { kind: kind.to_owned(), device: device.to_owned() })
}

/// The processor's name and the number of cores that this process may use.
pub fn processor() -> (String, usize) {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let name = name.map_or("unknown", |(_, name)| name.trim());
    (name.to_owned(), std::thread::available_parallelism().map_or(1, usize::from))
}

/// The load of the last minute: what else the machine was doing.
pub fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}

/// The commit that was measured, with a `+` where files differed from it.
pub fn commit() -> String {
    let git = |words: &[&str]| {
        let output = Command::new("git").args(words).current_dir(crate::root()).output();
        output
            .ok()
            .filter(|it| it.status.success())
            .map(|it| String::from_utf8_lossy(&it.stdout).trim().to_owned())
    };
    let changed =
        git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|text| !text.is_empty());
    let name = git(&["rev-parse", "--short=10", "HEAD"]).unwrap_or_else(|| "unknown".into());
    if changed { format!("{name}+") } else { name }
}

/// CPU time that this process has used, in user and system mode, over all its threads.
pub fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// CPU time that another process has used so far, in user and system mode, to the hundredth of a second.
///
/// # Errors
/// Where there is no such process.
pub fn cpu_time_of(process: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in parentheses may hold blanks; user and system time are the 14th and 15th field.
    let (_, rest) = stat.rsplit_once(')').context("no name is told")?;
    let ticks = rest.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    let ticks = ticks.sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}

/// The memory that a process has resident, in bytes.
///
/// # Errors
/// Where there is no such process.
pub fn memory_of(process: u32) -> Result<u64> {
    memory(process, "VmRSS:")
}

/// CPU time of the processes that this one has started and waited for, in hundredths of a second at best.
pub fn cpu_time_of_children() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name of the program stands in parentheses, and may have blanks.
    let (_, rest) = stat.rsplit_once(')').context("the system tells it")?;
    let ticks: u64 = rest.split_whitespace().skip(13).take(2).map(|ticks| ticks.parse().unwrap_or(0)).sum();
    Ok(Duration::from_millis(ticks * 10))
}

/// The most memory that a process has had resident, in bytes.
///
/// # Errors
/// Where there is no such process.
pub fn peak_memory_of(process: u32) -> Result<u64> {
    memory(process, "VmHWM:")
}

fn memory(process: u32, what: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(what)).context("no memory is told")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024)
}
