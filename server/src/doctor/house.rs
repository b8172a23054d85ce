//! The directory, the disk, the database, the clock, the port.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use runtime::driver::Error as DriverError;
use runtime::schedule::books::timestamp;
use store::{Reader, look};

use super::{Complaint, Patient};
use crate::error::Error;
use crate::metrics::process;

/// How long a read waits for another process.
const PATIENCE: Duration = Duration::from_secs(5);

/// How far what was recorded may stand before the clock.
const AHEAD: SignedDuration = SignedDuration::from_secs(60);

/// This program was written after that.
const WRITTEN: i64 = 1_767_225_600;

pub(super) fn directory(patient: &Patient<'_>, found: &mut Vec<Complaint>) {
    let path = patient.home.directory();
    let shown = path.display();
    let about = match fs::metadata(path) {
        Ok(about) => about,
        Err(error) => {
            let help = "`keyway run` or `keyway serve` makes it; name another one with `--data DIR`";
            found.push(Complaint::wrong(
                "directory",
                format!("`{shown}` cannot be looked at: {error}"),
                help,
            ));
            return;
        }
    };
    let me = rustix::process::geteuid();
    if about.uid() != me.as_raw() {
        let what = format!("`{shown}` belongs to user {}, and this is user {}", about.uid(), me.as_raw());
        found.push(Complaint::wrong("directory", what, format!("run as that user, or `chown -R` {shown}")));
    }
    if rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_err() {
        let what = format!("nothing can be written in `{shown}`");
        found.push(Complaint::wrong(
            "directory",
            what,
            "mount it writable, and give this user the right to write",
        ));
    }
    for file in [path.to_owned(), patient.home.database()] {
        let mode = fs::metadata(&file).map_or(0, |about| about.mode());
        if mode & 0o077 != 0 {
            let what = format!("others may look into `{}` (mode {:o})", file.display(), mode & 0o777);
            found.push(Complaint::wrong("directory", what, format!("`chmod go-rwx {}`", file.display())));
        }
    }
}

pub(super) fn disk(patient: &Patient<'_>, found: &mut Vec<Complaint>) {
    let Some((free, _)) = process::disk(patient.home.directory()) else { return };
    if free < patient.limits.least_free {
        let what =
            format!("{} MB are free on the disk of `{}`", free >> 20, patient.home.directory().display());
        let help = "make room, or let runs that ended long ago go: `keyway clean --older-than 90d`";
        found.push(Complaint::wrong("disk", what, help));
    }
}

/// True if the database can be read by this program as it is.
pub(super) fn database(patient: &Patient<'_>, found: &mut Vec<Complaint>) -> bool {
    let path = patient.home.database();
    if !path.exists() {
        return false;
    }
    let told = |error: store::Error| Complaint::of("database", &DriverError::from(error).into());
    let version = match look::version(&path) {
        Ok(version) => version,
        Err(error) => {
            found.push(told(error));
            return false;
        }
    };
    if let Err(error) = look::quick(&path) {
        found.push(told(error));
        return false;
    }
    if version < store::VERSION {
        let what =
            format!("the database is of version {version}, and this program writes {}", store::VERSION);
        let help =
            "stop the service that runs and start this one: it keeps a copy first, and brings it up to date";
        found.push(Complaint::soon("database", what, help));
        return false;
    }
    true
}

pub(super) fn clock(found: &mut Vec<Complaint>) {
    if Timestamp::now().as_second() < WRITTEN {
        let what =
            format!("the clock says {:.0}, which is before this program was written", Timestamp::now());
        found.push(Complaint::wrong("clock", what, "set it, and let it be kept by NTP"));
    }
    // Where it names no zone that there is, that of the system counts, which nobody asked for.
    if let Ok(name) = std::env::var("TZ")
        && !name.is_empty()
        && dsl::cron::zone(name.trim_start_matches(':')).is_none()
    {
        let what =
            format!("`TZ` names the time zone `{name}`, which is not known; {} counts", crate::zone::own());
        found.push(Complaint::wrong("clock", what, "name it as in `Europe/Berlin`"));
    }
}

/// Whether the clock stands before what was recorded.
pub(super) fn recorded(patient: &Patient<'_>, found: &mut Vec<Complaint>) {
    let latest =
        Reader::open(&patient.home.database(), PATIENCE).and_then(|reader| reader.runs_before(None, 1));
    match latest {
        Ok(runs) => {
            let ahead = runs.first().map(|run| timestamp(run.started).duration_since(patient.now));
            if ahead.is_some_and(|ahead| ahead > AHEAD) {
                let what =
                    "the clock stands before what was recorded last: it was set back, or was ahead then";
                let help = "set it, and let it be kept by NTP; schedules go on when it has caught up";
                found.push(Complaint::wrong("clock", what, help));
            }
        }
        Err(error) => found.push(Complaint::of("database", &Error::from(DriverError::from(error)))),
    }
}

pub(super) fn port(patient: &Patient<'_>, found: &mut Vec<Complaint>) {
    // A service that runs has its ports itself.
    if patient.is_owned || patient.config.wrong().is_some() {
        return;
    }
    let service = patient.config.service();
    for settings in [&service.http, &service.metrics].into_iter().flatten() {
        if let Err(error) = TcpListener::bind(settings.address) {
            let what = format!("nobody can listen at {}: {error}", settings.address);
            let help = "end the program that listens there, or choose another address with `--listen` or `--metrics`";
            found.push(Complaint::wrong("port", what, help));
        }
    }
}
