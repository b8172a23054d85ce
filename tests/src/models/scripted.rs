//! A double of a provider of OpenAI's wire that answers with written texts, one after the other, and then with the last. It
//! keeps what it was asked. It knows nothing of the product.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

/// The double.
pub struct Scripted {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    answers: Vec<String>,
    asked: Mutex<Vec<String>>,
}

impl Scripted {
    /// Starts one that says this.
    ///
    /// # Panics
    /// Where there is no port for it.
    pub fn start(answers: &[String]) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let state = Arc::new(State { answers: answers.to_vec(), asked: Mutex::default() });
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                // A client that goes away has nothing to be told.
                std::thread::spawn(move || drop(state.serve(stream)));
            }
        });
        Scripted { address, state }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The questions that came, whole.
    pub fn asked(&self) -> Vec<String> {
        self.state.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl State {
    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut writer = stream;
        let (mut length, mut first) = (0, String::new());
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 || line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if first.is_empty() {
                first = line;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let body = if first.contains("/chat/completions") {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            let text = self.answers.get(asked.len()).or(self.answers.last()).cloned().unwrap_or_default();
            let question: Value = serde_json::from_slice(&body).unwrap_or_default();
            asked.push(question.to_string());
            drop(asked);
            json!({ "id": "c", "model": "m",
                "usage": { "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120 },
                "choices": [{ "index": 0, "message": { "role": "assistant", "content": text }, "finish_reason": "stop" }] })
        } else {
            json!({ "object": "list", "data": [] })
        };
        let body = body.to_string();
        write!(
            writer,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
    }
}
