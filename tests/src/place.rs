//! A folder of a test's own, with files and a `keyway` that keeps its runs in it.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::keyway::{Answer, Keyway, wait};

/// A folder that goes when the test ends.
pub struct Place {
    /// The folder.
    pub folder: TempDir,
    /// The binary, with a data directory below the folder.
    pub keyway: Keyway,
}

impl Place {
    /// An empty folder.
    #[allow(clippy::new_without_default, reason = "it makes a folder on the disk")]
    pub fn new() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let keyway = Keyway::at(folder.path().join("data"));
        Place { folder, keyway }
    }

    /// Writes a file; gives its path as an argument.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).expect("a file in a folder of ours");
        path.display().to_string()
    }

    /// The path of a file that may not be there.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What stands in a file.
    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a file of ours")
    }

    /// Checks a file; the answer is JSON.
    pub fn check(&self, file: &str) -> Answer {
        self.keyway.run(&["check", file, "--json"])
    }

    /// Runs a command with this on its standard input.
    pub fn piped(&self, arguments: &[&str], text: &str) -> Answer {
        let mut command = self.keyway.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("`keyway` can be started");
        child.stdin.take().expect("it is piped").write_all(text.as_bytes()).expect("it reads");
        wait(child)
    }

    /// A run as `keyway show` gives it.
    pub fn shown(&self, run: &str) -> Value {
        let answer = self.keyway.run(&["show", run, "--json"]);
        assert_eq!(answer.code, Some(0), "{answer:?}");
        answer.json()
    }

    /// Starts a run of this workflow that may go to private addresses; gives the process that moves it, and the run once it
    /// has begun.
    ///
    /// # Panics
    /// Where it does not begin.
    pub fn started(&self, workflow: &str) -> (Child, String) {
        let file = self.file("flow.yaml", workflow);
        let child = self.keyway.spawn(&["run", &file, "--allow-private", "--json"]);
        (child, self.begun())
    }

    /// The run that has begun.
    fn begun(&self) -> String {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let runs = self.keyway.run(&["runs", "--json"]);
            let runs: Value = serde_json::from_str(&runs.stdout).unwrap_or_default();
            if let Some(run) = runs[0]["run"].as_str() {
                return run.to_owned();
            }
            assert!(Instant::now() < end, "no run begins");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Takes a run up again to its end; nothing that is told may have a secret.
    ///
    /// # Panics
    /// Where it has.
    pub fn resumed(&self, run: &str, secret: &str) -> Value {
        let answer = self.keyway.run(&["resume", run, "--allow-private", "--json"]);
        assert!(
            !answer.stderr.contains(secret) && !answer.stdout.contains(secret),
            "the key is told: {answer:?}"
        );
        answer.json()
    }

    /// Looks that no file of the data directory has a secret in the clear.
    ///
    /// # Panics
    /// Where one has.
    pub fn hides(&self, secret: &str) {
        for ending in ["", "-wal"] {
            let mut path = self.keyway.data.join("keyway.db").into_os_string();
            path.push(ending);
            let bytes = fs::read(&path).unwrap_or_default();
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{path:?} has the key");
        }
    }

    /// Waits until a run is shown as the test wants it.
    pub fn until(&self, run: &str, mut right: impl FnMut(&Value) -> bool) -> Value {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let answer = self.keyway.run(&["show", run, "--json"]);
            let shown = serde_json::from_str(&answer.stdout).unwrap_or_default();
            if right(&shown) {
                return shown;
            }
            assert!(Instant::now() < end, "it does not come to this: {answer:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
