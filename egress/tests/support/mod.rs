//! A server on this machine for tests: it answers as it is told, and remembers what it was asked.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// What a server does with a request.
pub enum Reply {
    /// Sends these bytes and closes.
    Bytes(Vec<u8>),
    /// Sends these bytes, then nothing until the client gives up.
    Stall(Vec<u8>),
    /// Sends these bytes, then one more every so often until the client gives up.
    Drip(Vec<u8>, Duration),
    /// Sends these bytes, then more and more until the client gives up.
    Endless(Vec<u8>),
}

/// A server; it stops when it is dropped.
pub struct Server {
    pub address: SocketAddr,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    stop: AtomicBool,
    connections: AtomicUsize,
    requests: Mutex<Vec<String>>,
    sent: AtomicUsize,
}

type Answer = dyn Fn(&str) -> Reply + Send + Sync;

impl Server {
    /// Starts a server that answers each request by this function, which gets the whole request as text.
    pub fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Server {
        Server::start_at("127.0.0.1:0", answer)
    }

    /// Starts a server at an address.
    pub fn start_at(address: &str, answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let (shared, answer): (_, Arc<Answer>) = (state.clone(), Arc::new(answer));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.stop.load(Ordering::SeqCst) {
                    break;
                }
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let (shared, answer) = (shared.clone(), answer.clone());
                std::thread::spawn(move || serve(stream, &shared, &*answer));
            }
        });
        Server { address, state, thread: Some(thread) }
    }

    /// A server that answers everything with this text.
    pub fn saying(text: &'static str) -> Server {
        Server::start(move |_| ok("text/plain", text))
    }

    /// A URL at this server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections it has seen.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// The requests it has seen, each as text.
    pub fn requests(&self) -> Vec<String> {
        self.state.requests.lock().unwrap().clone()
    }

    /// How many bytes of endless answers it got rid of.
    pub fn sent(&self) -> usize {
        self.state.sent.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(mut stream: TcpStream, state: &State, answer: &Answer) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let Some(request) = read_request(&mut stream) else { return };
    let reply = answer(&request);
    state.requests.lock().unwrap().push(request);
    match reply {
        Reply::Bytes(bytes) => {
            let _ = stream.write_all(&bytes);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            drain(&mut stream);
        }
        Reply::Stall(bytes) => {
            let _ = stream.write_all(&bytes);
            drain(&mut stream);
        }
        Reply::Drip(bytes, pause) => {
            let _ = stream.write_all(&bytes);
            while stream.write_all(b"x").is_ok() {
                std::thread::sleep(pause);
            }
        }
        Reply::Endless(bytes) => {
            let _ = stream.write_all(&bytes);
            let piece = [b'x'; 8192];
            while stream.write_all(&piece).is_ok() {
                state.sent.fetch_add(piece.len(), Ordering::SeqCst);
            }
        }
    }
}

/// Waits until the client has closed, so that nothing that was sent is lost to a reset.
fn drain(stream: &mut TcpStream) {
    let mut rest = [0; 1024];
    while matches!(stream.read(&mut rest), Ok(count) if count > 0) {}
}

fn read_request(stream: &mut TcpStream) -> Option<String> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        if let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
            if bytes.len() >= head + 4 + length {
                return Some(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        match stream.read(&mut piece) {
            // The first byte of TLS, which nobody speaks here.
            Ok(_) if piece[0] == 0x16 && bytes.is_empty() => return None,
            Ok(count) if count > 0 => bytes.extend_from_slice(&piece[..count]),
            _ => return None,
        }
    }
}

/// An answer of any status.
pub fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut text = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    Reply::Bytes(format!("{text}\r\n{body}").into_bytes())
}

/// An answer of status 200.
pub fn ok(kind: &str, body: &str) -> Reply {
    answer(200, &[("content-type", kind)], body)
}

/// An answer that leads elsewhere.
pub fn redirect(status: u16, location: &str) -> Reply {
    answer(status, &[("location", location)], "")
}

/// The first line of a request.
pub fn line(request: &str) -> &str {
    request.lines().next().unwrap_or_default()
}

/// The value of a header in a request.
pub fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let head = request.split("\r\n\r\n").next()?;
    head.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// The body of a request.
pub fn body(request: &str) -> &str {
    request.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}
