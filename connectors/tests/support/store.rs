//! A storage server by other people's hands, moto, which makes each signature anew with the library of AWS for Python.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server with the bucket `invoices` and the user `ada`, who may do all in it; it ends when it is dropped.
pub struct Store {
    /// Where it listens on this machine.
    pub port: u16,
    /// The id of her key.
    pub id: String,
    /// Her key.
    pub secret: String,
    process: Child,
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What says whom a request that is not signed is for.
const IAM: &str = "authorization: AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, \
                   Signature=x\r\ncontent-type: application/x-www-form-urlencoded\r\n";

/// A policy that allows all of S3.
const POLICY: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A\
                      %22s3%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D";

/// The links that AWS's own library for Python makes; nothing where it is not installed, which fails in CI.
pub fn presigned(lines: &str) -> Option<Vec<String>> {
    let python = installed("python")?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/presigned.py");
    let (input, output) = (Stdio::piped(), Stdio::piped());
    let mut process = Command::new(python).arg(script).stdin(input).stdout(output).spawn().unwrap();
    process.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let done = process.wait_with_output().unwrap();
    assert!(done.status.success());
    Some(String::from_utf8(done.stdout).unwrap().lines().map(str::to_owned).collect())
}

/// A program of the double; nothing where it is not installed, which fails in CI.
fn installed(name: &str) -> Option<PathBuf> {
    let doubles = std::env::var_os("KEYWAY_DOUBLES").map(PathBuf::from);
    let folder = doubles.map(|folder| folder.join("s3/bin"));
    let program = folder.filter(|folder| folder.join("moto_server").exists()).map(|folder| folder.join(name));
    if program.is_none() {
        assert!(std::env::var_os("CI").is_none(), "`moto` is not installed in KEYWAY_DOUBLES");
        eprintln!("SKIPPED: `moto` is not installed in KEYWAY_DOUBLES");
    }
    program
}

/// Starts it; nothing where it is not installed, which fails in CI.
pub fn start() -> Option<Store> {
    let program = installed("moto_server")?;
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let process = Command::new(program)
        .args(["-H", "127.0.0.1", "-p", &port.to_string()])
        // Those that make the user and the bucket; from then on every request is held against its signature.
        .env("INITIAL_NO_AUTH_ACTION_COUNT", "4")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut store = Store { port, id: String::new(), secret: String::new(), process };
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < Duration::from_secs(180), "the server does not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    let iam = |body: &str| store.said("POST", "/", IAM, &format!("{body}&Version=2010-05-08"));
    iam("Action=CreateUser&UserName=ada");
    let key = iam("Action=CreateAccessKey&UserName=ada");
    iam(&format!("Action=PutUserPolicy&UserName=ada&PolicyName=p&PolicyDocument={POLICY}"));
    let made = store.said("PUT", "/invoices", "", "");
    assert!(made.starts_with("HTTP/1.1 200"), "{made}");
    let told = |name: &str| {
        let (_, rest) = key.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name}: {key}"));
        rest.split('<').next().unwrap_or_default().to_owned()
    };
    (store.id, store.secret) = (told("AccessKeyId"), told("SecretAccessKey"));
    Some(store)
}

impl Store {
    /// What it answers to a request that is not signed.
    fn said(&self, method: &str, target: &str, headers: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let length = body.len();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n",
            self.port
        );
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut answer = vec![];
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}
