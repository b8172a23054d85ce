//! A provider of the wire of OpenAI that says what a test has written down, answer by answer, and remembers what it was
//! asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// What it says to a question.
#[derive(Clone, Debug)]
pub enum Says {
    /// A text.
    Text(String),
    /// That these tools are to be called: names, and parameters as they are written.
    Calls(Vec<(String, String)>),
    /// Nothing, for so long; then that it is done.
    Late(Duration),
}

/// Says a text.
pub fn text(text: &str) -> Says {
    Says::Text(text.into())
}

/// Wants one tool called.
pub fn call(name: &str, arguments: &Value) -> Says {
    Says::Calls(vec![(name.into(), arguments.to_string())])
}

/// Wants several tools called at once.
pub fn calls(all: &[(&str, Value)]) -> Says {
    Says::Calls(all.iter().map(|(name, arguments)| ((*name).into(), arguments.to_string())).collect())
}

/// The provider. It ends with the process.
pub struct Double {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    book: Mutex<Book>,
    changed: Condvar,
}

#[derive(Default)]
struct Book {
    script: Vec<Says>,
    /// What is said when the script is over.
    rest: Option<Says>,
    questions: Vec<Value>,
    /// How many of them were answered.
    answered: usize,
}

/// Tokens of each answer: read and written.
pub const TAKES: (u64, u64) = (1_000, 200);

impl Double {
    /// Starts one that says this, and that it is done after that.
    pub fn start(script: &[Says]) -> Double {
        Double::with(script, text("Done."))
    }

    /// Starts one that says this again and again.
    pub fn always(says: Says) -> Double {
        Double::with(&[], says)
    }

    fn with(script: &[Says], rest: Says) -> Double {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let double = Double { address, shared: Arc::default() };
        {
            let mut book = double.shared.lock();
            book.script = script.iter().rev().cloned().collect();
            book.rest = Some(rest);
        }
        let shared = double.shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                // A client that goes away has nothing to be told.
                std::thread::spawn(move || drop(serve(stream, &shared)));
            }
        });
        double
    }

    pub fn base(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The questions that came.
    pub fn questions(&self) -> Vec<Value> {
        self.shared.lock().questions.clone()
    }

    /// How many of them were answered to the end.
    pub fn answered(&self) -> usize {
        self.shared.lock().answered
    }

    /// Waits until so many questions have come.
    pub fn wait_for(&self, count: usize) {
        let end = Instant::now() + Duration::from_secs(60);
        let mut book = self.shared.lock();
        while book.questions.len() < count {
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{} of {count} questions came", book.questions.len());
            book = self.shared.changed.wait_timeout(book, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let (number, says) = {
        let mut book = shared.lock();
        book.questions.push(serde_json::from_slice(&body).unwrap_or_default());
        shared.changed.notify_all();
        let says = book.script.pop().or_else(|| book.rest.clone());
        (book.questions.len(), says.unwrap_or(Says::Late(Duration::ZERO)))
    };
    let message = match says {
        Says::Text(text) => json!({ "role": "assistant", "content": text }),
        Says::Calls(calls) => {
            let call = |(at, (name, arguments)): (usize, &(String, String))| {
                let function = json!({ "name": name, "arguments": arguments });
                json!({ "id": format!("call_{number}_{at}"), "type": "function", "function": function })
            };
            let calls: Value = calls.iter().enumerate().map(call).collect();
            json!({ "role": "assistant", "content": null, "tool_calls": calls })
        }
        Says::Late(pause) => {
            std::thread::sleep(pause);
            json!({ "role": "assistant", "content": "Done at last." })
        }
    };
    let finish = if message["tool_calls"].is_array() { "tool_calls" } else { "stop" };
    let (read, written) = TAKES;
    let body = json!({ "id": "c", "model": "m",
        "choices": [{ "index": 0, "message": message, "finish_reason": finish }],
        "usage": { "prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written } })
    .to_string();
    let length = body.len();
    write!(writer, "HTTP/1.1 200 x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")?;
    writer.flush()?;
    shared.lock().answered += 1;
    Ok(())
}
