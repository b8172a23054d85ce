//! Tools that others wrote, which listen on a port of this machine: doubles of providers. `KEYWAY_DOUBLES` names the folder
//! into which `.ci/run` installs them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::port::Port;

/// How long a tool may take until it answers.
const PATIENCE: Duration = Duration::from_secs(120);

/// A tool that listens on a port of this machine.
pub struct Tool {
    child: Child,
    port: Port,
}

impl Tool {
    /// Starts one and waits until a path of it answers with 200; nothing where it is not installed.
    ///
    /// # Panics
    /// Where it does not answer, or is not installed though `CI` is set.
    pub fn start(program: &str, arguments: &[&str], ready: &str) -> Option<Tool> {
        let path = installed(program)?;
        let port = Port::free();
        let mut command = Command::new(path);
        command.args(arguments.iter().map(|argument| argument.replace("PORT", &port.number().to_string())));
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("what is installed can be started");
        let mut tool = Tool { child, port };
        let end = Instant::now() + PATIENCE;
        while tool.get(ready).is_none() {
            let ended = tool.child.try_wait().expect("a child can be asked");
            assert!(ended.is_none() && Instant::now() < end, "`{program}` does not answer: {ended:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(tool)
    }

    /// Starts a script of Node beside a package of npm, and waits until it listens; nothing where that is not installed.
    ///
    /// # Panics
    /// Where it does not answer, or the package is not installed though `CI` is set.
    pub fn script(package: &str, script: &str, environment: &[(&str, &str)]) -> Option<Tool> {
        installed(&format!("npm/node_modules/{package}"))?;
        let npm = folder()?.join("npm");
        let port = Port::free();
        let mut command = Command::new("node");
        command.args(["--input-type=module", "--eval", script]).current_dir(npm);
        command.env("PORT", port.number().to_string()).envs(environment.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("node can be started");
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port.number())).is_err() {
            let ended = child.try_wait().expect("a child can be asked");
            assert!(ended.is_none() && Instant::now() < end, "`{package}` does not answer: {ended:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(Tool { child, port })
    }

    /// Where a path of it is.
    pub fn base(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port.number())
    }

    /// What it gives at a path; nothing unless that is well.
    pub fn get(&self, path: &str) -> Option<Value> {
        self.exchange(&format!("GET {path} HTTP/1.0\r\nhost: localhost\r\n\r\n"))
    }

    /// What it gives for a body; nothing unless that is well.
    pub fn post(&self, path: &str, body: &Value) -> Option<Value> {
        let body = body.to_string();
        self.exchange(&format!(
            "POST {path} HTTP/1.0\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    fn exchange(&self, request: &str) -> Option<Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port.number())).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        head.split(' ').nth(1).filter(|status| ["200", "201"].contains(status))?;
        Some(serde_json::from_str(body).unwrap_or_default())
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where tools are installed.
pub fn folder() -> Option<PathBuf> {
    std::env::var_os("KEYWAY_DOUBLES").map(PathBuf::from)
}

/// The path of something that is installed there; nothing, which is said, where it is not.
///
/// # Panics
/// Where it is not, and `CI` is set.
pub fn installed(path: &str) -> Option<PathBuf> {
    let found = folder().map(|folder| folder.join(path)).filter(|path| path.exists());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "`{path}` is not installed in KEYWAY_DOUBLES");
        eprintln!("SKIPPED: `{path}` is not installed in KEYWAY_DOUBLES");
    }
    found
}
