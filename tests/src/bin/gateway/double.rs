//! A provider that answers each question at once with the same answer, whole or as a stream, over connections that stay.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Serves a port until the process is ended.
pub fn serve(port: &str) -> Result<()> {
    let port: u16 = port.parse().context("a port is a number")?;
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let answers: &'static Answers = Box::leak(Box::new(Answers::new()));
        loop {
            let (stream, _) = listener.accept().await?;
            // A client that goes away has nothing to be told.
            tokio::spawn(async move { drop(answers.hold(stream).await) });
        }
    })
}

/// What it answers.
struct Answers {
    whole: Vec<u8>,
    streamed: Vec<u8>,
}

impl Answers {
    fn new() -> Answers {
        let usage = json!({ "prompt_tokens": 20, "completion_tokens": 20, "total_tokens": 40 });
        let message = json!({ "role": "assistant", "content": "word ".repeat(20) });
        let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
        let body = json!({ "id": "c", "object": "chat.completion", "created": 1, "model": "m",
                           "choices": [choice], "usage": usage });
        let body = body.to_string();
        let length = body.len();
        let whole = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let chunk = |choices: Value, usage: Value| {
            let chunk = json!({ "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                                "choices": choices, "usage": usage });
            format!("data: {chunk}\n\n")
        };
        let said = |delta: Value, finish: Value| {
            chunk(json!([{ "index": 0, "delta": delta, "finish_reason": finish }]), Value::Null)
        };
        let mut events = said(json!({ "role": "assistant", "content": "" }), Value::Null);
        (0..20).for_each(|_| events += &said(json!({ "content": "word " }), Value::Null));
        events += &said(json!({}), "stop".into());
        events += &chunk(json!([]), usage);
        events += "data: [DONE]\n\n";
        let streamed = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{events}\r\n0\r\n\r\n",
            events.len()
        );
        Answers { whole: whole.into_bytes(), streamed: streamed.into_bytes() }
    }

    /// Answers what comes over a connection.
    async fn hold(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut seen: Vec<u8> = vec![];
        loop {
            while let Some(length) = question(&seen) {
                let streams = seen[..length].windows(13).any(|word| word == b"\"stream\":true");
                seen.drain(..length);
                stream.write_all(if streams { &self.streamed } else { &self.whole }).await?;
            }
            if stream.read_buf(&mut seen).await? == 0 {
                return Ok(());
            }
        }
    }
}

/// How long the first question is, once all of it has come.
fn question(seen: &[u8]) -> Option<usize> {
    let head = seen.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&seen[..head]).to_ascii_lowercase();
    let body = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    Some(head + body.unwrap_or(0)).filter(|length| *length <= seen.len())
}
