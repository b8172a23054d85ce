//! A service on this machine that answers as the test says, and remembers what it was asked.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

/// A request that came.
#[derive(Clone, Debug)]
pub struct Came {
    /// The method.
    pub method: String,
    /// The path, without its query.
    pub path: String,
    /// The query.
    pub query: String,
    /// Headers, in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body as JSON; null where it is none.
    pub body: Value,
}

/// How one is answered: a status and a body.
type Answers = Arc<dyn Fn(&Came) -> (u16, Value) + Send + Sync>;

/// The service. It listens until the test ends.
#[derive(Clone)]
pub struct Service {
    /// Where it listens.
    pub address: SocketAddr,
    came: Arc<Mutex<Vec<Came>>>,
    answers: Answers,
}

impl Service {
    /// Begins to listen.
    ///
    /// # Panics
    /// Where no port is free.
    pub fn start(answers: impl Fn(&Came) -> (u16, Value) + Send + Sync + 'static) -> Service {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let service = Service { address, came: Arc::default(), answers: Arc::new(answers) };
        let serving = service.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                std::thread::spawn(move || serving.serve(stream));
            }
        });
        service
    }

    /// Its origin.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that came so far.
    pub fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What came of a method to a path.
    pub fn came_to(&self, method: &str, path: &str) -> Vec<Came> {
        self.came().into_iter().filter(|came| came.method == method && came.path == path).collect()
    }

    fn serve(self, mut stream: TcpStream) {
        let Some(came) = heard(&mut stream) else { return };
        self.came.lock().unwrap_or_else(PoisonError::into_inner).push(came.clone());
        let (status, body) = (self.answers)(&came);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        // Whoever asked may have gone.
        let _ = stream.write_all(answer.as_bytes());
    }
}

fn heard(stream: &mut TcpStream) -> Option<Came> {
    let (mut bytes, mut piece) = (vec![], [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.lines();
            let first = lines.next()?.to_owned();
            let headers: BTreeMap<String, String> = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect();
            let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                let mut words = first.split(' ');
                let method = words.next()?.to_owned();
                let target = words.next()?;
                let (path, query) = target.split_once('?').unwrap_or((target, ""));
                let body = serde_json::from_str(body).unwrap_or_default();
                return Some(Came { method, path: path.into(), query: query.into(), headers, body });
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
        }
    }
}
