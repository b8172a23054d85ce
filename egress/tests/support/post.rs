//! A mail server on this machine for tests: it speaks SMTP as it is told, and remembers what it was told.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How a connection to it is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Not at all.
    None,
    /// When the other side asks for it.
    Offered,
    /// From the first byte on.
    First,
}

/// Where a server does something that it should not.
#[derive(Clone, Debug, Default)]
pub struct Manners {
    /// What it says instead, where a line begins so.
    pub instead: Vec<(&'static str, &'static str)>,
    /// It hangs up once a line begins so; `.` is the end of a message.
    pub hangs_up_at: Option<&'static str>,
    /// It says nothing more from a line on that begins so.
    pub silent_from: Option<&'static str>,
    /// What it says of itself, beside STARTTLS.
    pub offers: Vec<&'static str>,
    /// It speaks on behind the line with which encryption begins.
    pub injects: bool,
}

/// A mail server; it stops when it is dropped.
pub struct Post {
    pub address: SocketAddr,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    stop: AtomicBool,
    lines: Mutex<Vec<String>>,
    messages: Mutex<Vec<String>>,
}

trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

impl Post {
    /// Starts a server.
    pub fn start(tls: Tls, manners: Manners) -> Post {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let shared = state.clone();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.stop.load(Ordering::SeqCst) {
                    break;
                }
                let (shared, manners) = (shared.clone(), manners.clone());
                std::thread::spawn(move || serve(stream, tls, &manners, &shared));
            }
        });
        Post { address, state, thread: Some(thread) }
    }

    /// A server that does as it should.
    pub fn well(tls: Tls) -> Post {
        Post::start(tls, Manners { offers: vec!["AUTH PLAIN LOGIN", "SIZE 1000000"], ..Manners::default() })
    }

    /// What it was told, line by line, without messages.
    pub fn lines(&self) -> Vec<String> {
        self.state.lines.lock().unwrap().clone()
    }

    /// The messages that it took, as they came, dots and all.
    pub fn messages(&self) -> Vec<String> {
        self.state.messages.lock().unwrap().clone()
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The folder of the certificates of tests.
fn certificates() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../egress/tests/certificates")
}

/// The certificate that has signed the server's own.
pub fn root() -> std::path::PathBuf {
    certificates().join("root.pem")
}

fn crypt(stream: TcpStream) -> Option<StreamOwned<ServerConnection, TcpStream>> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let chain = CertificateDer::from_pem_file(certificates().join("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(certificates().join("server.key")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![chain], key).unwrap();
    Some(StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), stream))
}

fn serve(stream: TcpStream, tls: Tls, manners: &Manners, state: &State) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let raw = stream.try_clone().unwrap();
    match tls {
        Tls::First => {
            if let Some(stream) = crypt(stream) {
                talk(Box::new(stream), false, true, manners, state);
            }
        }
        Tls::None => {
            talk(Box::new(stream), false, true, manners, state);
        }
        Tls::Offered => {
            if talk(Box::new(stream), true, true, manners, state) == Over::Encrypts
                && let Some(stream) = crypt(raw)
            {
                talk(Box::new(stream), false, false, manners, state);
            }
        }
    }
}

#[derive(PartialEq, Eq)]
enum Over {
    Done,
    Encrypts,
}

fn talk(stream: Box<dyn Stream>, offers_tls: bool, greets: bool, manners: &Manners, state: &State) -> Over {
    // Read byte by byte: what comes behind STARTTLS belongs to the encryption.
    let mut stream = BufReader::with_capacity(1, stream);
    let say = |stream: &mut BufReader<Box<dyn Stream>>, text: &str| {
        let _ = stream.get_mut().write_all(format!("{text}\r\n").as_bytes());
        let _ = stream.get_mut().flush();
    };
    if greets {
        let instead = manners.instead.iter().find(|(at, _)| *at == "greeting");
        say(&mut stream, instead.map_or("220 double ESMTP", |(_, text)| text));
    }
    let mut waits_for_password = 0;
    loop {
        let Some(line) = line(&mut stream) else { return Over::Done };
        state.lines.lock().unwrap().push(line.clone());
        let upper = line.to_ascii_uppercase();
        let is = |at: Option<&str>| at.is_some_and(|at| at != "." && upper.starts_with(at));
        if is(manners.silent_from) {
            let _ = stream.get_mut().read(&mut [0]);
            return Over::Done;
        }
        if is(manners.hangs_up_at) {
            return Over::Done;
        }
        if let Some((_, text)) = manners.instead.iter().find(|(at, _)| upper.starts_with(at)) {
            say(&mut stream, text);
            continue;
        }
        if waits_for_password > 0 {
            waits_for_password -= 1;
            say(&mut stream, if waits_for_password > 0 { "334 UGFzc3dvcmQ6" } else { "235 welcome" });
            continue;
        }
        match upper.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => {
                let mut offers: Vec<&str> = vec!["double"];
                offers.extend(offers_tls.then_some("STARTTLS"));
                offers.extend(&manners.offers);
                let last = offers.len() - 1;
                for (at, offer) in offers.iter().enumerate() {
                    say(&mut stream, &format!("250{}{offer}", if at == last { " " } else { "-" }));
                }
            }
            "STARTTLS" if offers_tls => {
                say(&mut stream, if manners.injects { "220 go\r\n250 injected" } else { "220 go" });
                return Over::Encrypts;
            }
            "AUTH" if upper == "AUTH LOGIN" => {
                waits_for_password = 2;
                say(&mut stream, "334 VXNlcm5hbWU6");
            }
            "AUTH" => say(&mut stream, "235 welcome"),
            "MAIL" | "RCPT" => say(&mut stream, "250 fine"),
            "DATA" => {
                say(&mut stream, "354 go on");
                let mut message = String::new();
                loop {
                    let mut part = vec![];
                    if stream.read_until(b'\n', &mut part).unwrap_or(0) == 0 {
                        return Over::Done;
                    }
                    if part == b".\r\n" {
                        break;
                    }
                    message += &String::from_utf8_lossy(&part);
                    if manners.hangs_up_at == Some("body") {
                        return Over::Done;
                    }
                }
                state.messages.lock().unwrap().push(message);
                if manners.hangs_up_at == Some(".") {
                    return Over::Done;
                }
                if manners.silent_from == Some(".") {
                    let _ = stream.get_mut().read(&mut [0]);
                    return Over::Done;
                }
                let instead = manners.instead.iter().find(|(at, _)| *at == ".");
                say(&mut stream, instead.map_or("250 2.0.0 queued as 17", |(_, text)| text));
            }
            "QUIT" => {
                say(&mut stream, "221 bye");
                return Over::Done;
            }
            _ => say(&mut stream, "500 what"),
        }
    }
}

fn line(stream: &mut BufReader<Box<dyn Stream>>) -> Option<String> {
    let mut bytes = vec![];
    let read = stream.read_until(b'\n', &mut bytes).ok()?;
    (read > 0).then(|| String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned())
}
