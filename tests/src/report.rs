//! What a long campaign writes down: date, commit, machine, command and figures.

use std::path::Path;
use std::time::Duration;

/// A report that has begun. Where `KEYWAY_REPORT` names a file, it is written there; it is printed in any case.
pub struct Report {
    title: &'static str,
    command: &'static str,
    commit: String,
}

impl Report {
    /// Begins a report, on the commit that is checked out at this moment. The command is the one that makes it,
    /// without its settings: those are told as they were.
    pub fn begin(title: &'static str, command: &'static str) -> Report {
        Report { title, command, commit: crate::machine::commit() }
    }

    /// Prints what was measured, in Markdown, and writes it where it is asked for.
    ///
    /// # Panics
    /// Where the file cannot be written.
    pub fn tell(self, body: &str) {
        println!("{body}");
        self.write(body);
    }

    /// Writes what is known so far where it is asked for: a campaign may be cut off.
    ///
    /// # Panics
    /// Where the file cannot be written.
    pub fn write(&self, body: &str) {
        let Some(path) = std::env::var_os("KEYWAY_REPORT") else { return };
        let now = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC");
        let (processor, cores) = crate::machine::processor();
        let Report { title, command, commit } = self;
        let name = path.to_string_lossy();
        let text = format!(
            "# {title}\n\nCommit {commit}, {cores} cores of {processor}. Written on {now} by \
             `KEYWAY_REPORT={name} {}{command}`; not to be changed by hand.\n\n{body}\n",
            settings()
        );
        std::fs::write(crate::root().join(path), text).expect("the report can be written");
    }
}

/// The settings of this campaign, as they are written before a command.
fn settings() -> String {
    let ours = |name: &str| name.starts_with("KEYWAY_") && name != "KEYWAY_REPORT";
    // A binary is told by its place in the project.
    let told = |name: &str, value: String| match name {
        "KEYWAY_BIN" => Path::new(&value)
            .strip_prefix(crate::root())
            .map_or_else(|_| value.clone(), |path| path.display().to_string()),
        _ => value,
    };
    let mut found: Vec<String> = std::env::vars()
        .filter(|(name, _)| ours(name))
        .map(|(name, value)| format!("{name}={} ", told(&name, value)))
        .collect();
    found.sort();
    found.concat()
}

/// How long a campaign may take: `KEYWAY_MINUTES`, or else as long as it needs. Its report says how far it came.
pub fn patience() -> Duration {
    Duration::from_secs(60 * number("KEYWAY_MINUTES", 1 << 32))
}

/// A number from the environment, or else this one.
pub fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}
