//! `keyway serve` as a process of its own, asked over HTTP by somebody with a token for models.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::place::Place;

/// How long an answer may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A service with a token. It ends when it is dropped.
pub struct Served {
    /// Its folder.
    pub place: Place,
    /// Where it listens.
    pub address: SocketAddr,
    /// A token that may ask models.
    pub token: String,
    metrics: SocketAddr,
    service: Child,
}

/// What came back, its body put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The status.
    pub status: u16,
    /// The head, in lower case.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Served {
    /// Begins to serve a folder in which something is done before.
    ///
    /// # Panics
    /// Where it cannot.
    pub fn with(prepare: impl FnOnce(&Place)) -> Served {
        let place = Place::new();
        prepare(&place);
        let made = place.keyway.run(&["token", "add", "editor", "--scope", "ai"]);
        assert_eq!(made.code, Some(0), "{made:?}");
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--allow-private"];
        let mut service = place.keyway.spawn(&arguments);
        let stderr = service.stderr.take().expect("it is piped");
        let mut lines = BufReader::new(stderr).lines();
        let address = lines.find_map(|line| line.ok()?.split_once("listening at http://")?.1.parse().ok());
        let metrics = lines.find_map(|line| {
            let line = line.ok()?;
            line.split_once("metrics at http://")?.1.trim_end_matches("/metrics").parse().ok()
        });
        let metrics = metrics.expect("it says where it tells metrics");
        // What it logs is read on, so that it does not wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let token = made.stdout.trim().to_owned();
        Served { place, address: address.expect("it says where it listens"), token, metrics, service }
    }

    /// Its address as programs are told it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its metrics, as Prometheus reads them.
    ///
    /// # Panics
    /// Where it tells none.
    pub fn metrics(&self) -> String {
        let mut stream = TcpStream::connect(self.metrics).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let request = "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer.split_once("\r\n\r\n").expect("a head").1.to_owned()
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.service.id()
    }

    /// Posts a body and hears the answer to its end.
    ///
    /// # Panics
    /// Where none comes.
    pub fn post(&self, path: &str, body: &Value) -> Said {
        let mut stream = self.begin(path, body);
        let mut bytes = vec![];
        stream.read_to_end(&mut bytes).expect("an answer");
        Said::read(&bytes).unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(&bytes)))
    }

    /// Posts a body, and leaves the answer to whoever reads it.
    ///
    /// # Panics
    /// Where it does not listen.
    pub fn begin(&self, path: &str, body: &Value) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let (token, body) = (&self.token, body.to_string());
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("it reads");
        stream
    }

    /// What the ledger has of the token, once it is as the test wants it.
    ///
    /// # Panics
    /// Where it does not come to that.
    pub fn ledger(&self, mut right: impl FnMut(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let told = self.place.keyway.run(&["usage", "--by", "token", "--json"]).json();
            if right(&told[0]) {
                return told[0].clone();
            }
            assert!(Instant::now() < end, "it does not come to this: {told}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.service.kill();
        let _ = self.service.wait();
    }
}

impl Said {
    /// Reads an answer; nothing where it has no head.
    pub fn read(bytes: &[u8]) -> Option<Said> {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n")?;
        let head = head.to_ascii_lowercase();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let body = match head.contains("transfer-encoding: chunked") {
            true => whole(body),
            false => body.to_owned(),
        };
        Some(Said { status, head, body })
    }

    /// A line of the head.
    pub fn head(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// Where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The events of a stream that are JSON.
    pub fn events(&self) -> Vec<Value> {
        let data = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
        data.filter_map(|data| serde_json::from_str(data).ok()).collect()
    }
}

/// A body that came in chunks, as far as it came.
fn whole(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((length, after)) = rest.split_once("\r\n") {
        let Some(length) = usize::from_str_radix(length, 16).ok().filter(|length| *length > 0) else { break };
        let Some(piece) = after.get(..length) else {
            body.push_str(after);
            break;
        };
        body.push_str(piece);
        rest = after.get(length + 2..).unwrap_or_default();
    }
    body
}
