//! A local HTTP service that does something when it is asked to, and remembers what it was asked.
//!
//! It honours the header `Idempotency-Key`: what a key was answered once, it is answered again, and its
//! effect is applied once. A request without a key has its effect each time. The JSON body says what is
//! wanted: `{ "step": "a name", "delay": 5, "flaky": true }`; `delay` is in milliseconds, and a flaky step
//! is answered 500, without an effect, for the first key that comes. `"status": 422` is always answered so.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// One request as the service saw it.
#[derive(Clone, Debug)]
pub struct Request {
    /// What the body calls the step.
    pub step: String,
    /// The idempotency key, if there was one.
    pub key: Option<String>,
    /// Which process of the product sent it, counted from 1.
    pub life: u32,
    /// When its last byte had come.
    pub arrived: Instant,
    /// When the answer had been written, and its status.
    pub answered: Option<(Instant, u16)>,
    /// True if the effect was applied because of this request.
    pub applied: bool,
}

/// Something that a test may wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// So many requests of this life have arrived.
    Arrived(usize),
    /// So many requests of this life have been answered.
    Answered(usize),
}

/// The service. It stops with the process that it runs in.
#[derive(Clone)]
pub struct Service {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    book: Mutex<Book>,
    changed: Condvar,
}

#[derive(Default)]
struct Book {
    life: u32,
    open: usize,
    requests: Vec<Request>,
    /// The status that each key was given.
    keys: BTreeMap<String, u16>,
}

impl Service {
    /// Starts a service on a free port of the loopback address.
    ///
    /// # Errors
    /// Where there is no free port.
    pub fn start() -> Result<Service> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no port is free")?;
        let service = Service { address: listener.local_addr()?, shared: Arc::default() };
        let shared = service.shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Counted before the thread begins, so that `drain` sees every connection accepted before.
                shared.lock().open += 1;
                let shared = shared.clone();
                std::thread::spawn(move || {
                    // An error here is a peer that was killed in the middle: nothing to tell.
                    let _ = serve(stream, &shared);
                    shared.lock().open -= 1;
                    shared.changed.notify_all();
                });
            }
        });
        Ok(service)
    }

    /// The address of a path, as in `http://127.0.0.1:4000/path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// All requests so far, in the order in which they came.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().requests.clone()
    }

    /// Which life it is.
    pub fn life(&self) -> u32 {
        self.shared.lock().life
    }

    /// Begins a life: requests from here on are counted to the next process.
    pub fn next_life(&self) -> u32 {
        let mut book = self.shared.lock();
        book.life += 1;
        book.life
    }

    /// Waits for a moment of this life. False if it did not come in time, or `over` says that it never will.
    pub fn wait_for(&self, moment: Moment, patience: Duration, mut over: impl FnMut() -> bool) -> bool {
        let end = Instant::now() + patience;
        let mut book = self.shared.lock();
        loop {
            let ours = book.requests.iter().filter(|request| request.life == book.life);
            let come = match moment {
                Moment::Arrived(count) => ours.count() >= count,
                Moment::Answered(count) => ours.filter(|request| request.answered.is_some()).count() >= count,
            };
            if come {
                return true;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || over() {
                return false;
            }
            let step = left.min(Duration::from_millis(5));
            book = self.shared.changed.wait_timeout(book, step).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until everything that a dead process had sent has been read.
    ///
    /// # Errors
    /// Where a connection stays open, so that the process is not dead.
    pub fn drain(&self) -> Result<()> {
        // Connections are accepted in order: once this one has been answered, all earlier ones are counted.
        let mut marker = TcpStream::connect(self.address)?;
        marker.write_all(b"GET /marker HTTP/1.1\r\n\r\n")?;
        marker.read_exact(&mut [0; 12])?;
        let end = Instant::now() + Duration::from_secs(10);
        let mut book = self.shared.lock();
        while book.open > 1 {
            if Instant::now() > end {
                bail!("{} connections of a dead process are still open", book.open - 1);
            }
            let step = Duration::from_millis(5);
            book = self.shared.changed.wait_timeout(book, step).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(book);
        drop(marker);
        Ok(())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request, and decides what it is answered: its place, the status, and after how long.
    fn take(&self, key: Option<String>, wish: &Value) -> (usize, u16, Duration) {
        let mut book = self.lock();
        let step = wish["step"].as_str().unwrap_or("?").to_owned();
        let known = key.as_ref().and_then(|key| book.keys.get(key).copied());
        let first = !book.requests.iter().any(|request| request.step == step);
        let wished = wish["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
        let status = known.unwrap_or(if wish["flaky"] == true && first { 500 } else { wished });
        if let Some(key) = &key {
            book.keys.insert(key.clone(), status);
        }
        let applied = known.is_none() && status == 200;
        let life = book.life;
        let request = Request { step, key, life, arrived: Instant::now(), answered: None, applied };
        book.requests.push(request);
        self.changed.notify_all();
        let delay = Duration::from_millis(wish["delay"].as_u64().unwrap_or(0));
        (book.requests.len() - 1, status, delay)
    }
}

fn serve(stream: TcpStream, shared: &Shared) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    loop {
        let Some(Asked { path, key, body }) = read_request(&mut reader)? else { return Ok(()) };
        if path == "/marker" {
            writer.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
            continue;
        }
        let wish: Value = serde_json::from_slice(&body).unwrap_or_default();
        let (place, status, delay) = shared.take(key, &wish);
        std::thread::sleep(delay);
        let body = match status {
            200 => json!({ "receipt": format!("done {}", wish["step"].as_str().unwrap_or("?")) }),
            _ => json!({ "message": "not today" }),
        };
        let body = body.to_string();
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        writer.write_all(format!("{head}{body}").as_bytes())?;
        shared.lock().requests[place].answered = Some((Instant::now(), status));
        shared.changed.notify_all();
    }
}

/// What was read of one request.
struct Asked {
    path: String,
    key: Option<String>,
    body: Vec<u8>,
}

/// Reads one request. Nothing at the end of the connection.
fn read_request(reader: &mut impl BufRead) -> Result<Option<Asked>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).context("a request line has a path")?.to_owned();
    let (mut key, mut length) = (None, 0);
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            bail!("the head was cut off");
        }
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "idempotency-key" => key = Some(value.trim().to_owned()),
            "content-length" => length = value.trim().parse()?,
            "transfer-encoding" => bail!("this service reads no chunks"),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Asked { path, key, body }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(service: &Service, key: Option<&str>, wish: &Value) -> u16 {
        let mut stream = TcpStream::connect(service.address).expect("the service listens");
        let body = wish.to_string();
        let key = key.map(|key| format!("Idempotency-Key: {key}\r\n")).unwrap_or_default();
        let request = format!("POST /do HTTP/1.1\r\n{key}Content-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).expect("it answers");
        String::from_utf8_lossy(&answer[9..]).parse().expect("a status")
    }

    #[test]
    fn a_key_has_its_effect_once_and_a_request_without_one_each_time() {
        let service = Service::start().expect("a port");
        let wish = json!({ "step": "a" });
        for key in [Some("k"), Some("k"), None, None] {
            assert_eq!(ask(&service, key, &wish), 200);
        }
        let applied: Vec<bool> = service.requests().iter().map(|request| request.applied).collect();
        assert_eq!(applied, [true, false, true, true]);
    }

    #[test]
    fn a_flaky_step_fails_for_its_first_key_alone() {
        let service = Service::start().expect("a port");
        let wish = json!({ "step": "a", "flaky": true });
        let answers: Vec<u16> = ["k", "k", "l", "k"].map(|key| ask(&service, Some(key), &wish)).into();
        assert_eq!(answers, [500, 500, 200, 500]);
        assert_eq!(service.requests().iter().filter(|request| request.applied).count(), 1);
    }

    #[test]
    fn lives_and_moments_are_counted() {
        let service = Service::start().expect("a port");
        service.next_life();
        ask(&service, None, &json!({ "step": "a" }));
        service.drain().expect("nothing is open");
        service.next_life();
        assert!(!service.wait_for(Moment::Arrived(1), Duration::from_millis(20), || false));
        ask(&service, None, &json!({ "step": "b" }));
        assert!(service.wait_for(Moment::Answered(1), Duration::from_secs(5), || false));
        let lives: Vec<u32> = service.requests().iter().map(|request| request.life).collect();
        assert_eq!(lives, [1, 2]);
    }
}
