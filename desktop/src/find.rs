//! Whether a service answers at an address. Only addresses on this machine are asked; one with TLS is left to the web view,
//! which looks at its certificate.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use crate::address::Address;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// The longest answer that is read.
const LONGEST: u64 = 16 * 1024;

/// What is at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A service of Keyway.
    Service,
    /// Something else, or a service that does not answer.
    Other,
    /// Nobody.
    Nobody,
}

/// Looks who answers at an address.
pub fn look(address: &Address) -> Found {
    let (host, port) = address.to_connect();
    let Ok(places) = (host.as_str(), port).to_socket_addrs() else { return Found::Nobody };
    let mut places = places.filter(|place| place.ip().is_loopback());
    let Some(stream) = places.find_map(|place| TcpStream::connect_timeout(&place, PATIENCE).ok()) else {
        return Found::Nobody;
    };
    match ask(stream, address.authority()) {
        Some(answer) if is_alive(&answer) => Found::Service,
        _ => Found::Other,
    }
}

/// Asks `/healthz`.
fn ask(mut stream: TcpStream, host: &str) -> Option<Vec<u8>> {
    let end = Instant::now() + PATIENCE;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    let question = format!("GET /healthz HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(question.as_bytes()).ok()?;
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    // Who sends a byte now and then holds nobody up.
    while (answer.len() as u64) < LONGEST {
        let left = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        stream.set_read_timeout(Some(left)).ok()?;
        match stream.read(&mut piece).ok()? {
            0 => break,
            read => answer.extend_from_slice(&piece[..read]),
        }
    }
    Some(answer)
}

/// Whether an answer is that of a service that lives.
fn is_alive(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let is_ok = head.starts_with("HTTP/1.1 200 ");
    is_ok && serde_json::from_str(body.trim()).is_ok_and(|body: serde_json::Value| body["status"] == "alive")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// An address at which one question is answered by a text.
    fn answers(text: &'static str) -> Address {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 1024];
            let read = stream.read(&mut asked).unwrap();
            assert!(asked[..read].starts_with(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1:"));
            let _ = stream.write_all(text.as_bytes());
        });
        Address::read(&format!("http://{address}")).unwrap()
    }

    #[test]
    fn a_service_is_known_by_its_answer() {
        let alive = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"status\":\"alive\"}\n";
        assert_eq!(look(&answers(alive)), Found::Service);
    }

    #[test]
    fn whoever_answers_otherwise_is_not_taken_for_one() {
        for text in [
            "HTTP/1.1 200 OK\r\n\r\n<h1>another program</h1>",
            "HTTP/1.1 200 OK\r\n\r\n{\"status\":\"ok\"}",
            "HTTP/1.1 404 Not Found\r\n\r\n{\"status\":\"alive\"}",
            "SSH-2.0-x\r\n",
            "",
        ] {
            assert_eq!(look(&answers(text)), Found::Other, "{text}");
        }
    }

    #[test]
    fn nobody_is_nobody() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::read(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        drop(listener);
        assert_eq!(look(&address), Found::Nobody);
    }
}
