//! What an operator has: metrics, traces, the log, settings, the doctor, and the files to deploy with.
#![allow(clippy::unwrap_used)]

#[path = "operations/deploying.rs"]
mod deploying;
#[path = "operations/doctor.rs"]
mod doctor;
#[path = "operations/exposition.rs"]
mod exposition;
#[path = "operations/log.rs"]
mod log;
#[path = "operations/metrics.rs"]
mod metrics;
#[path = "operations/settings.rs"]
mod settings;
#[path = "operations/traces.rs"]
mod traces;
#[path = "operations/upgrading.rs"]
mod upgrading;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tests::place::Place;
use tests::web::request;

/// How long something may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A secret that must be told nowhere.
const CANARY: &str = "canary-5d1f0b7e9a3c";

/// A service as a process of its own. It ends when it is dropped.
struct Serving {
    service: Child,
    /// What it has said so far.
    said: Arc<Mutex<String>>,
    /// Where it answers, and where it tells metrics.
    address: SocketAddr,
    metrics: SocketAddr,
}

impl Serving {
    /// Begins to serve.
    fn of(place: &Place, more: &[&str]) -> Serving {
        let usual = ["serve", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--allow-private"];
        let arguments: Vec<&str> = usual.iter().chain(more).copied().collect();
        let mut service = place.keyway.spawn(&arguments);
        let mut lines = BufReader::new(service.stderr.take().unwrap()).lines();
        let said = Arc::new(Mutex::new(String::new()));
        let (mut address, mut metrics) = (None, None);
        while metrics.is_none() {
            let line = lines.next().expect("it says where it listens").unwrap();
            let after =
                |word: &str| line.split_once(word).map(|(_, it)| it.trim_end_matches("/metrics").to_owned());
            address = address.or(after("listening at http://").map(|it| it.parse().unwrap()));
            metrics = after("metrics at http://").map(|it| it.parse().unwrap());
            *said.lock().unwrap() += &(line + "\n");
        }
        let telling = said.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                *telling.lock().unwrap() += &(line + "\n");
            }
        });
        Serving { service, said, address: address.unwrap(), metrics: metrics.unwrap() }
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// All metrics, as text.
    fn told(&self) -> String {
        let (status, head, body) = get(self.metrics, "/metrics");
        assert_eq!(status, 200);
        assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
        body
    }

    /// Ends it as an operator does.
    fn stop(mut self) -> String {
        rustix::process::kill_process(
            rustix::process::Pid::from_child(&self.service),
            rustix::process::Signal::TERM,
        )
        .unwrap();
        assert_eq!(self.service.wait().unwrap().code(), Some(0));
        self.said()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.service.kill();
        let _ = self.service.wait();
    }
}

/// The status, head (in lower case) and body of an answer.
fn get(address: SocketAddr, path: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let asked = request("GET", path, None, None).replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    stream.write_all(asked.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_lowercase(), body.to_owned())
}

/// Waits until something is so.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "it does not come to this: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The Python that judges, with these modules; nothing where it has them not. With `CI` set it must.
fn python(modules: &str) -> Option<String> {
    let python = std::env::var("KEYWAY_PYTHON").unwrap_or_else(|_| "python3".into());
    let has = std::process::Command::new(&python).args(["-c", &format!("import {modules}")]).output();
    let has = has.is_ok_and(|output| output.status.success());
    assert!(has || std::env::var_os("CI").is_none(), "`{python}` has no {modules}");
    has.then_some(python)
}
