//! A service that the shell starts itself, and therefore stops.

use std::io::{self, BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::address::Address;

/// The name of the program.
const PROGRAM: &str = if cfg!(windows) { "keyway.exe" } else { "keyway" };

/// How long it may take to stop: its own `--grace` is ten seconds.
pub const GRACE: Duration = Duration::from_secs(15);

/// Why it is not there.
#[derive(Debug, Error)]
pub enum Error {
    /// There is no program.
    #[error(
        "no service runs on this machine, and `{PROGRAM}` is neither beside this program nor on the path; put it there, or start `keyway serve`"
    )]
    Missing,
    /// It does not start.
    #[error("`{0}` cannot be started: {1}")]
    Start(PathBuf, #[source] io::Error),
}

/// What it tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It answers at an address.
    Listens(Address),
    /// Nobody can sign in yet; this makes the first account, once.
    Setup(String),
    /// Anything else, for people.
    Said(String),
}

/// A service that was started here. It is stopped when this is dropped.
#[derive(Debug)]
pub struct Service {
    child: Child,
    grace: Duration,
}

/// Looks for the program: in a folder first, then on a path of folders.
pub fn program(beside: Option<&Path>, path: Option<&std::ffi::OsStr>) -> Option<PathBuf> {
    let folders = path.map(std::env::split_paths).into_iter().flatten();
    // A folder without a root would be looked for wherever the shell happens to be started.
    let folders = beside.map(Path::to_owned).into_iter().chain(folders).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(PROGRAM)).find(|file| can_run(file))
}

#[cfg(unix)]
fn can_run(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn can_run(file: &Path) -> bool {
    file.is_file()
}

impl Service {
    /// Starts a program with `serve`, which reads its own settings, and gives what it tells. What it tells ends with it.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn start(program: &Path, grace: Duration) -> Result<(Service, Receiver<Told>), Error> {
        let mut child = Command::new(program)
            .arg("serve")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Error::Start(program.to_owned(), error))?;
        let (tell, told) = channel();
        if let Some(said) = child.stderr.take() {
            // It ends with the service. It reads on when nobody listens any more, so that the service never waits for it.
            thread::spawn(move || {
                for line in BufReader::new(said).split(b'\n').map_while(Result::ok) {
                    let _ = tell.send(read(&String::from_utf8_lossy(&line)));
                }
            });
        }
        Ok((Service { child, grace }, told))
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, where it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Asks it to end, and ends it where it does not within its grace.
    fn stop(&mut self) {
        if self.ended().is_some() {
            return;
        }
        ask_to_end(&mut self.child);
        let end = Instant::now() + self.grace;
        while self.ended().is_none() {
            if Instant::now() >= end {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(unix)]
fn ask_to_end(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process};
    // The child is not waited for yet, so that its number is no other's.
    if let Some(id) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process(id, Signal::TERM);
    }
}

#[cfg(not(unix))]
fn ask_to_end(child: &mut Child) {
    let _ = child.kill();
}

/// Reads a line of a service.
fn read(line: &str) -> Told {
    let said = || Told::Said(line.trim_end().to_owned());
    if let Some((_, link)) = line.split_once("/dashboard/setup#") {
        let token = link.split_whitespace().next().unwrap_or_default();
        let is_token = !token.is_empty()
            && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
        return if is_token {
            Told::Setup(token.to_owned())
        } else {
            Told::Said("nobody can sign in yet".to_owned())
        };
    }
    let Some(at) = line.strip_prefix("listening at http://") else { return said() };
    let Ok(at) = at.trim().parse::<SocketAddr>() else { return said() };
    let own = match at.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    Address::read(&format!("http://{}", SocketAddr::new(own, at.port())))
        .map_or_else(|_| said(), Told::Listens)
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use tempfile::TempDir;

    use super::*;

    /// A program that is still open for writing in a copy of this process cannot be run: tests that write one take turns.
    fn turn() -> MutexGuard<'static, ()> {
        static TURN: Mutex<()> = Mutex::new(());
        TURN.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A program with a shell's text.
    fn written(folder: &Path, text: &str) -> PathBuf {
        let file = folder.join(PROGRAM);
        fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        file
    }

    fn lives(id: u32) -> bool {
        Path::new(&format!("/proc/{id}")).exists()
    }

    #[test]
    fn the_program_beside_comes_before_the_path_and_what_cannot_run_is_left_out() {
        let _turn = turn();
        let (beside, first, second) =
            (TempDir::new().unwrap(), TempDir::new().unwrap(), TempDir::new().unwrap());
        let path = std::env::join_paths([Path::new("."), first.path(), second.path()]).unwrap();
        let found = || program(Some(beside.path()), Some(&path));
        assert_eq!(found(), None);
        let on_path = written(second.path(), "exit 0");
        fs::write(first.path().join(PROGRAM), "no program").unwrap();
        assert_eq!(found(), Some(on_path));
        let own = written(beside.path(), "exit 0");
        assert_eq!(found(), Some(own));
        assert_eq!(program(None, None), None);
    }

    #[test]
    fn a_line_tells_where_it_listens_or_who_may_begin() {
        let listens = |text: &str| Told::Listens(Address::read(text).unwrap());
        assert_eq!(read("listening at http://127.0.0.1:7878"), listens("http://127.0.0.1:7878"));
        assert_eq!(read("listening at http://0.0.0.0:80"), listens("http://127.0.0.1:80"));
        assert_eq!(read("listening at http://[::]:99"), listens("http://[::1]:99"));
        let link = "nobody can sign in yet: the first account is made by http://127.0.0.1:7878/dashboard/setup#kwi_1-a once, within half an hour";
        assert_eq!(read(link), Told::Setup("kwi_1-a".into()));
        // What is said in a name of a workflow leads nowhere.
        for line in [
            "deployed x; listening at http://127.0.0.1:1",
            "listening at http://192.168.1.7:7878",
            "listening at http://evil.example",
        ] {
            assert_eq!(read(line), Told::Said(line.into()), "{line}");
        }
        assert_eq!(read("x/dashboard/setup#';alert(1)"), Told::Said("nobody can sign in yet".into()));
    }

    #[test]
    fn what_was_started_is_asked_to_end_and_does() {
        let _turn = turn();
        let folder = TempDir::new().unwrap();
        let mark = folder.path().join("ended");
        let text = format!(
            "trap 'echo \"$1\" > {}; exit 0' TERM\necho listening at http://127.0.0.1:4 >&2\nwhile :; do sleep 0.05; done",
            mark.display()
        );
        let (service, told) = Service::start(&written(folder.path(), &text), GRACE).unwrap();
        assert_eq!(told.recv().unwrap(), Told::Listens(Address::read("http://127.0.0.1:4").unwrap()));
        let id = service.id();
        assert!(lives(id) && !mark.exists());
        drop(service);
        assert!(!lives(id));
        assert_eq!(fs::read_to_string(mark).unwrap(), "serve\n");
    }

    #[test]
    fn what_does_not_end_by_itself_is_ended() {
        let _turn = turn();
        let folder = TempDir::new().unwrap();
        let text = "trap '' TERM\necho deaf >&2\nwhile :; do sleep 0.05; done";
        let (service, told) =
            Service::start(&written(folder.path(), text), Duration::from_millis(200)).unwrap();
        assert_eq!(told.recv().unwrap(), Told::Said("deaf".into()));
        let id = service.id();
        drop(service);
        assert!(!lives(id));
    }

    #[test]
    fn a_service_that_refuses_says_why_and_then_nothing() {
        let _turn = turn();
        let folder = TempDir::new().unwrap();
        let (mut service, told) =
            Service::start(&written(folder.path(), "echo error: it is taken >&2; exit 2"), GRACE).unwrap();
        assert_eq!(told.iter().collect::<Vec<_>>(), [Told::Said("error: it is taken".into())]);
        while service.ended().is_none() {
            thread::yield_now();
        }
        assert_eq!(service.ended().unwrap().code(), Some(2));
    }
}
