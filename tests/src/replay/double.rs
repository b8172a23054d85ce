//! A provider that gives to each question what was recorded of the model that is asked: as many tokens, and an answer that
//! is broken where the model's was. It knows nothing of who is right.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use serde_json::{Value, json};

use super::form;
use crate::outcomes::Row;

/// Starts one that knows these questions; it ends with the process.
///
/// # Panics
/// Where there is no port for it.
pub fn start(rows: &[Row]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    let rows: BTreeMap<String, Row> = rows.iter().map(|row| (row.shown(), row.clone())).collect();
    let rows = Arc::new(rows);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let rows = rows.clone();
            // A client that goes away has nothing to be told.
            std::thread::spawn(move || drop(serve(&rows, stream)));
        }
    });
    address
}

fn serve(rows: &BTreeMap<String, Row>, stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    while let Some(question) = read(&mut reader)? {
        let (status, body) = match answer(rows, &question) {
            Some(body) => ("200 OK", body),
            None => ("400 Bad Request", json!({ "error": { "message": "nobody recorded that" } })),
        };
        let body = body.to_string();
        write!(
            writer,
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
    }
    Ok(())
}

fn answer(rows: &BTreeMap<String, Row>, question: &Value) -> Option<Value> {
    let model = question["model"].as_str()?;
    let said = question["messages"].as_array()?.iter().find(|message| message["role"] == "user")?;
    let prompt = match &said["content"] {
        Value::String(text) => text.clone(),
        parts => parts[0]["text"].as_str()?.to_owned(),
    };
    let row = rows.get(&prompt)?;
    let outcome = row.models.get(model)?;
    let text = form::answer(row, outcome.err.as_deref());
    Some(json!({
        "id": "x", "object": "chat.completion", "created": 0, "model": model,
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": text }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": outcome.read?, "completion_tokens": outcome.wrote? }
    }))
}

/// The next question of a connection; nothing where it ends.
fn read(from: &mut impl BufRead) -> std::io::Result<Option<Value>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim().to_ascii_lowercase();
        if let Some(count) = line.strip_prefix("content-length:") {
            length = count.trim().parse().unwrap_or(0);
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    Ok(serde_json::from_slice(&body).ok())
}
