//! A double of the providers of models, of all four wires: it does with each call what its script says, counts exactly
//! what it sends, and remembers what it was asked, and when. It knows nothing of the product.

pub mod batches;
pub mod says;
pub mod scripted;

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::place::Place;
pub use says::{Takes, Wire};

/// How long it waits to be told to go on.
const PATIENCE: Duration = Duration::from_secs(60);

/// What it does with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    /// It answers piece by piece, and says what that took.
    Streams,
    /// It answers at once, though it may have been asked for pieces.
    AtOnce,
    /// It says half of its text, and the rest once it is told to go on.
    Pauses,
    /// It says nothing until it is told to go on.
    Waits,
    /// It breaks off after so many bytes of its text.
    Cuts(usize),
    /// After so many bytes of its text it says that it is overloaded, though it began with a 200.
    Errs(usize),
    /// It stops at the longest length of an answer.
    Stops,
    /// It calls a tool that nobody offered.
    Calls,
    /// It asks for time, in seconds.
    TooMany(u32),
    /// It fails.
    Fails,
    /// A page comes from somebody on the way, with this status.
    Page(u16),
    /// It never ends: more than 100 MB of text.
    Floods,
    /// The question is longer than it can read.
    TooLong,
    /// Its filter refuses the question.
    Refuses,
}

/// A call that came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The wire on which it came.
    pub wire: Wire,
    /// The path.
    pub path: String,
    /// The body.
    pub question: Value,
    /// The header with the key, as it came.
    pub key: String,
    /// What was done with it.
    pub does: Does,
    /// What its answer takes, where it has one.
    pub takes: Takes,
    /// When it came.
    pub when: Instant,
}

/// The double.
#[derive(Clone)]
pub struct Provider {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    script: Mutex<VecDeque<Does>>,
    /// What it does with every call until a time.
    storm: Mutex<Option<(Instant, Does)>>,
    text: String,
    asked: Mutex<Vec<Asked>>,
    /// Whether it lists its models, as providers do to who shows a key that is right.
    lists: AtomicBool,
    went_on: Mutex<usize>,
    goes_on: Condvar,
}

impl Provider {
    /// Starts one that does this, call by call, and then streams; its answers are this text.
    ///
    /// # Panics
    /// Where there is no port for it.
    pub fn start(text: &str, script: &[Does]) -> Provider {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let state = State {
            script: Mutex::new(script.iter().copied().collect()),
            storm: Mutex::default(),
            text: text.to_owned(),
            asked: Mutex::default(),
            lists: AtomicBool::new(false),
            went_on: Mutex::default(),
            goes_on: Condvar::new(),
        };
        let provider =
            Provider { address: listener.local_addr().expect("it has an address"), state: Arc::new(state) };
        let state = provider.state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = state.clone();
                // A client that goes away has nothing to be told.
                std::thread::spawn(move || drop(state.serve(stream)));
            }
        });
        provider
    }

    /// From here on every key is right: it lists its models, which are none.
    pub fn takes_every_key(&self) {
        self.state.lists.store(true, Ordering::Relaxed);
    }

    /// The calls that came, in their order.
    pub fn asked(&self) -> Vec<Asked> {
        locked(&self.state.asked).clone()
    }

    /// Does the same with every call for so long, whatever its script says.
    pub fn storm(&self, length: Duration, does: Does) {
        *locked(&self.state.storm) = Some((Instant::now() + length, does));
    }

    /// Lets one call go on that pauses or waits.
    pub fn go_on(&self) {
        *locked(&self.state.went_on) += 1;
        self.state.goes_on.notify_all();
    }

    /// Waits until so many calls have come.
    ///
    /// # Panics
    /// Where they do not come.
    pub fn until(&self, calls: usize) {
        let end = Instant::now() + PATIENCE;
        while locked(&self.state.asked).len() < calls {
            assert!(Instant::now() < end, "{} calls came, not {calls}", locked(&self.state.asked).len());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stores a key for it, as one of a provider that we know: of which, and the name of the key.
    ///
    /// # Panics
    /// Where it cannot be stored.
    pub fn key(&self, place: &Place, of: &str, name: &str, key: &str) {
        let base = match of {
            "compatible" | "openai" => format!("http://{}/v1", self.address),
            _ => format!("http://{}", self.address),
        };
        let arguments = ["keys", "add", of, "--name", name, "--base-url", &base, "--no-test", "--stdin"];
        let added = place.keyway.run_with(&arguments, key);
        assert_eq!(added.code, Some(0), "{added:?}");
    }
}

impl State {
    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut writer = stream;
        let (path, key, question) = read(&mut reader)?;
        let Some(wire) = Wire::of(&path) else {
            if path.ends_with("/models") && self.lists.load(Ordering::Relaxed) {
                let body = "{\"object\":\"list\",\"data\":[]}";
                let length = body.len();
                return write!(
                    writer,
                    "HTTP/1.1 200 x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
            }
            return write!(writer, "HTTP/1.1 404 x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        };
        let (does, takes) = {
            let mut asked = locked(&self.asked);
            let storm = locked(&self.storm).filter(|(until, _)| Instant::now() < *until);
            let scripted = || locked(&self.script).pop_front().unwrap_or(Does::Streams);
            let does = storm.map_or_else(scripted, |(_, does)| does);
            let takes = match wire.texts(&path, &question) {
                Some(texts) => Takes { read: says::tokens(&texts), ..Takes::default() },
                None => wire.takes(asked.len()),
            };
            let when = Instant::now();
            let path = path.clone();
            asked.push(Asked { wire, path, question: question.clone(), key, does, takes, when });
            (does, takes)
        };
        if let Some((status, more, body)) = wire.refuses(does) {
            let length = body.len();
            return write!(
                writer,
                "HTTP/1.1 {status} x\r\n{more}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
        }
        if does == Does::Waits {
            self.wait(1);
        }
        let texts = wire.texts(&path, &question);
        if does == Does::AtOnce || texts.is_some() {
            let body = match texts {
                Some(texts) => wire.vectors(&texts, &takes),
                None => wire.whole(&self.text, &takes),
            };
            let head = "content-type: application/json\r\nconnection: close";
            return write!(
                writer,
                "HTTP/1.1 200 x\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
        }
        write!(
            writer,
            "HTTP/1.1 200 x\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        )?;
        let mut says = Says { writer: &mut writer, state: self, wire, takes };
        says.answer(does, &question)
    }

    /// Waits until it was told to go on so many times in all.
    fn wait(&self, times: usize) {
        let told = locked(&self.went_on);
        drop(self.goes_on.wait_timeout_while(told, PATIENCE, |told| *told < times));
    }
}

/// An answer that is said piece by piece.
struct Says<'a> {
    writer: &'a mut TcpStream,
    state: &'a State,
    wire: Wire,
    takes: Takes,
}

impl Says<'_> {
    fn answer(&mut self, does: Does, question: &Value) -> std::io::Result<()> {
        let text = self.state.text.clone();
        self.frames(&self.wire.begins(&self.takes))?;
        match does {
            Does::Pauses => {
                let (first, rest) = text.split_at(text.len() / 2);
                self.text(first)?;
                self.state.wait(1);
                self.text(rest)?;
            }
            Does::Cuts(bytes) => {
                // Without its last chunk the answer is no whole one.
                return self.text(&text[..bytes.min(text.len())]);
            }
            Does::Errs(bytes) => {
                self.text(&text[..bytes.min(text.len())])?;
                self.frames(&self.wire.errs())?;
                return self.last();
            }
            Does::Floods => {
                let much = "x".repeat(1 << 16);
                for _ in 0..1700 {
                    self.text(&much)?;
                }
            }
            Does::Calls => self.frames(&self.wire.calls(question))?,
            _ => self.text(&text)?,
        }
        self.frames(&self.wire.ends(does, &self.takes))?;
        self.last()
    }

    /// Says a text in pieces of some bytes.
    fn text(&mut self, text: &str) -> std::io::Result<()> {
        let mut rest = text;
        while !rest.is_empty() {
            let mut at = rest.len().min(if rest.len() > 10_000 { 1 << 16 } else { 24 });
            while !rest.is_char_boundary(at) {
                at += 1;
            }
            let (piece, after) = rest.split_at(at);
            self.frames(&self.wire.says(piece))?;
            rest = after;
        }
        Ok(())
    }

    fn frames(&mut self, frames: &str) -> std::io::Result<()> {
        if frames.is_empty() {
            return Ok(());
        }
        write!(self.writer, "{:x}\r\n{frames}\r\n", frames.len())
    }

    fn last(&mut self) -> std::io::Result<()> {
        write!(self.writer, "0\r\n\r\n")
    }
}

/// The path, the header with the key and the body of a request.
fn read(reader: &mut BufReader<TcpStream>) -> std::io::Result<(String, String, Value)> {
    let (mut path, mut key, mut length) = (String::new(), String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if path.is_empty() {
            path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        match &*name.to_ascii_lowercase() {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "authorization" | "x-api-key" | "x-goog-api-key" | "api-key" => key = value.trim().to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok((path, key, serde_json::from_slice(&body).unwrap_or_default()))
}

fn locked<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
