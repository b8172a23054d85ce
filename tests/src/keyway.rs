//! The binary as it is used: found or built, started, waited for with patience, killed.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a command may take before the test gives up.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The binary `keyway` of the profile that the test was built with. `KEYWAY_BIN` names another one.
///
/// # Panics
/// Where it cannot be built.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("KEYWAY_BIN") {
        Some(path) => path.into(),
        None => build(),
    })
}

/// The profile of [`binary`]: the folder of `target` in which it stands.
pub fn profile() -> String {
    let folder = binary().parent().and_then(Path::file_name).unwrap_or_default();
    folder.to_string_lossy().into_owned()
}

/// The binary in the folder of the program that asks, built if it is not there or older than what it is made of.
/// `cargo build --workspace --all-targets` before `cargo test --workspace` has built it already; building it here means other
/// features of its crates, and takes minutes.
fn build() -> PathBuf {
    let own = std::env::current_exe().expect("a test knows its own path");
    let folder = own.parent().expect("a file stands in a folder");
    // Tests stand in `target/PROFILE/deps`, binaries in `target/PROFILE`.
    let folder = if folder.ends_with("deps") { folder.parent().expect("a profile") } else { folder };
    let binary = folder.join("keyway");
    if is_fresh(&binary) {
        return binary;
    }
    let profile = folder.file_name().expect("a profile").to_string_lossy();
    let profile = if profile == "debug" { "dev".into() } else { profile };
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--package", "cli", "--bin", "keyway", "--profile", &profile])
        .arg("--target-dir")
        .arg(folder.parent().expect("a profile stands in target"))
        .current_dir(crate::root())
        .status()
        .expect("cargo can be run");
    assert!(status.success(), "`keyway` does not build");
    binary
}

/// True if a binary is younger than every file that Cargo says it was made of.
fn is_fresh(binary: &Path) -> bool {
    let changed = |path: &Path| std::fs::metadata(path).and_then(|it| it.modified()).ok();
    let Some(built) = changed(binary) else { return false };
    let Ok(made_of) = std::fs::read_to_string(binary.with_extension("d")) else { return false };
    let Some((_, files)) = made_of.split_once(": ") else { return false };
    files.split_whitespace().all(|file| changed(Path::new(file)).is_some_and(|time| time <= built))
}

/// A data directory and the commands upon it.
#[derive(Clone, Debug)]
pub struct Keyway {
    /// The directory that `--data` names.
    pub data: PathBuf,
}

/// What a command did.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The exit code; nothing if a signal ended it.
    pub code: Option<i32>,
    /// Results.
    pub stdout: String,
    /// Everything else.
    pub stderr: String,
}

impl Keyway {
    /// Takes a data directory, which need not exist.
    pub fn at(data: impl Into<PathBuf>) -> Keyway {
        Keyway { data: data.into() }
    }

    /// A command with its arguments and `--data`, in an environment without surprises.
    pub fn command<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Command {
        self.command_of(binary(), arguments)
    }

    /// The same by another binary.
    pub fn command_of<S: AsRef<std::ffi::OsStr>>(&self, binary: &Path, arguments: &[S]) -> Command {
        let mut command = Command::new(binary);
        command.args(arguments).stdin(Stdio::null());
        const KEEPS: &[&str] = &[
            "answer",
            "app",
            "audit",
            "backup",
            "budget",
            "cancel",
            "clean",
            "connect",
            "connections",
            "connectors",
            "deploy",
            "diff",
            "disable",
            "disconnect",
            "doctor",
            "enable",
            "explain-run",
            "export",
            "fix",
            "fork",
            "generate",
            "issuer",
            "keys",
            "lsp",
            "org",
            "owner",
            "pause",
            "plan",
            "prices",
            "record",
            "restore",
            "resume",
            "retry",
            "rollback",
            "run",
            "runs",
            "schedules",
            "secrets",
            "serve",
            "show",
            "signal",
            "tier",
            "usage",
            "user",
            "token",
            "vault",
            "versions",
            "webhooks",
            "why-not",
            "workflows",
        ];
        if arguments.first().is_some_and(|name| KEEPS.iter().any(|keeps| name.as_ref() == *keeps)) {
            command.arg("--data").arg(&self.data);
        }
        // Tests beside one another do not share a port.
        let named = ["--no-http", "--listen"];
        let is = |argument: &S, word: &str| argument.as_ref() == word;
        if arguments.first().is_some_and(|name| is(name, "serve"))
            && !arguments.iter().any(|argument| named.iter().any(|named| is(argument, named)))
        {
            command.arg("--no-http");
        }
        for (name, _) in std::env::vars_os() {
            let ours = name.to_string_lossy();
            if ours.starts_with("KEYWAY_")
                || ours.starts_with("RUST_LOG")
                || ours.starts_with("RUST_BACKTRACE")
            {
                command.env_remove(&name);
            }
        }
        command.env("NO_COLOR", "1");
        // Root keys are kept with the test, not with whoever runs it.
        command.env("XDG_CONFIG_HOME", self.config());
        command
    }

    /// Where root keys are kept: beside the data directory, never in it.
    pub fn config(&self) -> PathBuf {
        let mut path = self.data.clone().into_os_string();
        path.push("-config");
        path.into()
    }

    /// Runs a command to its end that reads this from its standard input.
    ///
    /// # Panics
    /// Where it cannot be started or does not end.
    pub fn run_with<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S], input: &str) -> Answer {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("`keyway` can be started");
        let mut stdin = child.stdin.take().expect("standard input is piped");
        // A command that ends without reading closes the pipe.
        let _ = std::io::Write::write_all(&mut stdin, input.as_bytes());
        drop(stdin);
        wait(child)
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// Where it cannot be started or does not end.
    pub fn run<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Answer {
        finish(self.command(arguments))
    }

    /// Starts a command, with both its outputs piped.
    ///
    /// # Panics
    /// Where it cannot be started.
    pub fn spawn<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("`keyway` can be started")
    }
}

impl Answer {
    /// The result as JSON.
    ///
    /// # Panics
    /// Where standard output is anything else.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("standard output is no JSON ({error}): {self:?}"))
    }

    /// The run's id, from the line `run ID` among the progress.
    ///
    /// # Panics
    /// Where no such line is there.
    pub fn run_id(&self) -> String {
        run_id(&self.stderr).unwrap_or_else(|| panic!("no run is named: {self:?}"))
    }

    /// What is wrong with this as a refusal: one clear message on standard error, this code, nothing of our
    /// insides. Empty where all is well.
    pub fn faults_as_refusal(&self, code: i32) -> Vec<String> {
        let mut faults = vec![];
        if self.code != Some(code) {
            faults.push(format!("the exit code is {:?}, not {code}", self.code));
        }
        if self.stderr.trim().is_empty() {
            faults.push("nothing is said on standard error".into());
        }
        for inside in INSIDES {
            if self.stderr.contains(inside) || self.stdout.contains(inside) {
                faults.push(format!("`{inside}` is shown"));
            }
        }
        let errors = self.stderr.lines().filter(|line| line.trim_start().to_lowercase().starts_with("error"));
        if errors.count() > 1 {
            faults.push("more than one error is told".into());
        }
        if self.stderr.len() > 4_000 {
            faults.push(format!("the message has {} bytes", self.stderr.len()));
        }
        faults
    }
}

/// What a person must never see: panics, backtraces, the Debug form of our errors.
const INSIDES: &[&str] = &[
    "panicked",
    "RUST_BACKTRACE",
    "stack backtrace",
    "src/",
    "Error(",
    "Error {",
    "Err(",
    "Some(",
    "SqliteFailure",
    "Os {",
    "ErrorCode",
];

/// The run's id, from the line `run ID`.
pub fn run_id(stderr: &str) -> Option<String> {
    let id = stderr.lines().find_map(|line| line.strip_prefix("run "))?;
    id.split_whitespace().next().map(str::to_owned)
}

/// Runs a command to its end, reading both outputs meanwhile.
///
/// # Panics
/// Where it cannot be started or does not end.
pub fn finish(mut command: Command) -> Answer {
    let child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("`keyway` can be started");
    wait(child)
}

/// Waits for a started command.
///
/// # Panics
/// Where it does not end.
pub fn wait(mut child: Child) -> Answer {
    let stdout = child.stdout.take().map(read_aside);
    let stderr = child.stderr.take().map(read_aside);
    let end = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait().expect("a child can be waited for") {
            Some(status) => break status,
            None if Instant::now() > end => {
                let _ = child.kill();
                let _ = child.wait();
                let said = stderr.map(|thread| thread.join().expect("it reads")).unwrap_or_default();
                panic!("`keyway` did not end; it said: {}", String::from_utf8_lossy(&said));
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let text =
        |thread: Option<std::thread::JoinHandle<Vec<u8>>>| thread.map(|it| it.join().expect("it reads"));
    let output =
        Output { status, stdout: text(stdout).unwrap_or_default(), stderr: text(stderr).unwrap_or_default() };
    Answer {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Kills a process, as a power cut would.
///
/// # Panics
/// Where it runs no more.
pub fn kill(mut child: Child) {
    child.kill().expect("it runs");
    wait(child);
}

fn read_aside(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = vec![];
        // A broken pipe ends what there is to read; what came before it is kept.
        let _ = from.read_to_end(&mut bytes);
        bytes
    })
}
