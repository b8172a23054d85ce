//! What editors ask, over the language server protocol (3.17): `serve` reads messages, keeps the texts that are open,
//! and answers out of `dsl::ide`.
//!
//! It reads no file and calls nothing: what stands beside a text, and what is not about workflows alone, its caller
//! tells as a `World`. It decides nothing about the language.

mod answer;
mod client;
mod file;
mod lines;
mod message;
mod server;
mod wire;
mod world;

use std::collections::VecDeque;
use std::io::{BufRead, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::Value;

use message::{Message, Refusal};
use server::Server;
pub use world::World;

/// How long diagnostics wait for a question that comes with a change: an editor that sends a keystroke mostly asks at once
/// what may stand there, and that answer is not to wait for a check of the whole.
const PAUSE: Duration = Duration::from_millis(8);

/// Why the conversation cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What comes cannot be read, or the answer not be written.
    #[error("the editor cannot be talked to")]
    Io(#[from] std::io::Error),
    /// What comes is not framed, so that nobody knows where the next message begins.
    #[error("the editor does not speak the language server protocol: {0}")]
    Framing(String),
}

/// How the conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The editor said `shutdown` before it went.
    Orderly,
    /// It went without a word.
    Abruptly,
}

/// Talks to an editor until it goes.
///
/// # Errors
/// Where messages cannot be read, are not framed, or answers cannot be written.
pub fn serve(
    input: impl BufRead + Send + 'static,
    output: &mut dyn Write,
    world: &dyn World,
) -> Result<Ended, Error> {
    let (send, inbox) = channel();
    // It ends with the input, or with the process.
    std::thread::spawn(move || {
        let mut input = input;
        loop {
            let read = wire::read(&mut input);
            let last = !matches!(read, Ok(Some(_)));
            if send.send(read).is_err() || last {
                return;
            }
        }
    });
    let mut server = Server::new(world);
    let mut queue = VecDeque::new();
    let mut open = true;
    loop {
        if open && queue.is_empty() {
            open = take(&mut queue, wait(&inbox, &mut server, output)?)?;
        }
        while open && let Ok(read) = inbox.try_recv() {
            open = take(&mut queue, read)?;
        }
        let Some(next) = queue.pop_front() else { return Ok(server.ended()) };
        if let Ok(Message::Notification { method, .. }) = &next
            && method == "exit"
        {
            return Ok(server.ended());
        }
        for answer in handle(&mut server, next, &queue) {
            wire::write(output, &answer)?;
        }
    }
}

type Bytes = Result<Option<Vec<u8>>, Error>;
type Queue = VecDeque<Result<Message, Refusal>>;

/// Waits for a message. What is to be told is told as soon as none comes at once.
fn wait(inbox: &Receiver<Bytes>, server: &mut Server<'_>, output: &mut dyn Write) -> Result<Bytes, Error> {
    while server.has_news() {
        match inbox.recv_timeout(PAUSE) {
            Ok(read) => return Ok(read),
            Err(RecvTimeoutError::Disconnected) => return Ok(Ok(None)),
            Err(RecvTimeoutError::Timeout) => {
                if let Some(news) = server.news() {
                    wire::write(output, &news)?;
                }
            }
        }
    }
    Ok(inbox.recv().unwrap_or(Ok(None)))
}

/// Puts what was read into the queue; false at its end.
fn take(queue: &mut Queue, read: Bytes) -> Result<bool, Error> {
    let Some(bytes) = read? else { return Ok(false) };
    queue.push_back(message::parse(&bytes));
    Ok(true)
}

/// What is answered to a message. A request that the editor has taken back meanwhile is not looked at.
fn handle(server: &mut Server<'_>, next: Result<Message, Refusal>, queue: &Queue) -> Vec<Value> {
    match next {
        Err(refusal) => vec![refusal.answer(&Value::Null)],
        Ok(Message::Response) => vec![],
        Ok(Message::Notification { method, params }) => server.hear(&method, &params),
        Ok(Message::Request { id, method, params }) => {
            let taken_back = |other: &Result<Message, Refusal>| match other {
                Ok(Message::Notification { method, params }) => {
                    method == "$/cancelRequest" && params["id"] == id
                }
                Ok(Message::Request { .. } | Message::Response) | Err(_) => false,
            };
            if queue.iter().any(taken_back) {
                return vec![Refusal::cancelled().answer(&id)];
            }
            server.answer(&id, &method, &params)
        }
    }
}
