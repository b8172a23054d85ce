//! Dovecot, a mail server by other people's hands, as a plain process on this machine. Where it is not installed, tests say
//! so; where everything must be proved, they fail.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub const CANARY: &str = "canary-0123456789";

/// A server whose users all have one password; it stops when it is dropped.
pub struct Dovecot {
    pub open: u16,
    pub tls: u16,
    process: Child,
    folder: tempfile::TempDir,
}

fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn said(command: &str, args: &[&str]) -> String {
    let out = Command::new(command).args(args).output().unwrap();
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

impl Dovecot {
    pub fn start() -> Option<Dovecot> {
        let program =
            ["/usr/sbin/dovecot", "/usr/local/sbin/dovecot"].into_iter().find(|at| Path::new(at).exists());
        let Some(program) = program else {
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "dovecot is not installed: .ci/run does it"
            );
            eprintln!("SKIPPED: dovecot is not installed");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().display().to_string();
        let certificates = concat!(env!("CARGO_MANIFEST_DIR"), "/../egress/tests/certificates");
        // Mail belongs to somebody who is not root, which Dovecot wants.
        let is_root = said("id", &["-u"]) == "0";
        let (user, group) = if is_root {
            ("nobody".to_owned(), "nogroup".to_owned())
        } else {
            (said("id", &["-un"]), said("id", &["-gn"]))
        };
        let own = if is_root {
            String::new()
        } else {
            format!(
                "default_internal_user = {user}\ndefault_internal_group = {group}\ndefault_login_user = {user}\n"
            )
        };
        std::fs::create_dir(folder.path().join("home")).unwrap();
        if is_root {
            assert!(
                Command::new("chown").args(["nobody", &format!("{at}/home")]).status().unwrap().success()
            );
            assert!(Command::new("chmod").args(["755", &at]).status().unwrap().success());
        }
        let (open, tls) = (free(), free());
        let config = format!(
            "base_dir = {at}/run\nstate_dir = {at}/run\nlog_path = {at}/log\nprotocols = imap\nlisten = 127.0.0.1\n{own}\
             mail_location = maildir:~/mail\nssl = yes\nssl_cert = <{certificates}/server.pem\n\
             ssl_key = <{certificates}/server.key\ndisable_plaintext_auth = no\nauth_mechanisms = plain login\n\
             auth_failure_delay = 0\nfirst_valid_uid = 1\n\
             passdb {{\n driver = static\n args = password={CANARY}\n}}\n\
             userdb {{\n driver = static\n args = uid={user} gid={group} home={at}/home/%u\n}}\n\
             service imap-login {{\n chroot =\n inet_listener imap {{\n port = {open}\n }}\n inet_listener imaps {{\n \
             port = {tls}\n ssl = yes\n }}\n}}\nservice anvil {{\n chroot =\n}}\n\
             namespace inbox {{\n inbox = yes\n separator = /\n mailbox Trash {{\n special_use = \\Trash\n auto = create\n }}\n}}\n"
        );
        let file = folder.path().join("dovecot.conf");
        std::fs::write(&file, config).unwrap();
        let process = Command::new(program)
            .arg("-F")
            .arg("-c")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let server = Dovecot { open, tls, process: process.unwrap(), folder };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", open)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "dovecot does not start:\n{}", server.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    /// What it wrote into its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Signs a user in by hand, past everything that is tested, and says these commands.
    pub fn by_hand(&self, user: &str, commands: &[String]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.open)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut all = String::new();
        let login = format!("LOGIN {user} {CANARY}");
        for (at, command) in std::iter::once(&login).chain(commands).enumerate() {
            stream.write_all(format!("t{at} {command}\r\n").as_bytes()).unwrap();
            loop {
                let mut line = String::new();
                assert!(reader.read_line(&mut line).unwrap() > 0, "{all}\n{}", self.log());
                all.push_str(&line);
                if line.starts_with(&format!("t{at} ")) {
                    assert!(line.starts_with(&format!("t{at} OK")), "{command}: {line}");
                    break;
                }
            }
        }
        all
    }

    /// A message arrives.
    pub fn arrives(&self, user: &str, folder: &str, message: &str) {
        let message = message.replace('\n', "\r\n");
        let command = format!("APPEND \"{folder}\" {{{}+}}\r\n{message}", message.len());
        self.by_hand(user, &[command]);
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        // Asked to, it ends those that it started.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}
