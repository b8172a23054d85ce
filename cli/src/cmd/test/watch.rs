//! Playing the cases again whenever a file changes: the test files, and all workflows beside them.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::Args;
use crate::error::{Exit, Trouble};
use crate::output::{self, FAINT};

/// How often the files are looked at. A look costs a few system calls a file.
const EVERY: Duration = Duration::from_millis(300);

/// How each file stood.
type Seen = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

/// Plays, and plays again, until somebody ends the process.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    loop {
        // What was changed while it was played is seen as a change.
        let before = look(args);
        if std::io::stdout().is_terminal() {
            output::result("\x1b[2J\x1b[H");
        }
        if let Err(trouble) = super::once(args) {
            trouble.tell();
        }
        output::note(&format!("{FAINT}waiting for a change; Ctrl-C ends it{FAINT:#}"));
        while look(args) == before {
            std::thread::sleep(EVERY);
        }
    }
}

/// How the files stand now that the cases depend on. What cannot be read stands as if it were not there.
fn look(args: &Args) -> Seen {
    let mut seen = Seen::new();
    let mut folders: Vec<PathBuf> = args.places.iter().map(|place| folder(place)).collect();
    if args.places.is_empty() {
        folders.push(PathBuf::from("."));
    }
    if let Ok(files) = super::files(&args.places) {
        folders.extend(files.iter().map(|file| folder(file)));
    }
    folders.sort();
    folders.dedup();
    for entry in folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten() {
        let path = entry.path();
        let known = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        if let (true, Ok(about)) = (known, entry.metadata()) {
            seen.insert(path, (about.modified().ok(), about.len()));
        }
    }
    seen
}

fn folder(place: &Path) -> PathBuf {
    if place.is_dir() {
        return place.to_owned();
    }
    let parent = place.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_owned()
}
