//! A service on this machine: it answers at once, and has a large file.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use anyhow::Result;
use tests::report::number;

const ANSWER: &str =
    r#"{"ok":true,"id":"m1","text":"Hello, world","author":{"id":"u1","name":"Ada"},"more":[1,2,3]}"#;

/// How many bytes its file has.
pub fn size() -> u64 {
    number("KEYWAY_FILE_MB", 1_000) * 1_000_000
}

/// Tells its address, and answers until it is ended.
pub fn serve() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let stream = stream?;
        stream.set_nodelay(true)?;
        // A client that goes away ends its thread, and nothing else.
        std::thread::spawn(move || answer(stream));
    }
    Ok(())
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut from = BufReader::with_capacity(256 * 1024, stream.try_clone()?);
    let mut line = String::new();
    loop {
        line.clear();
        if from.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let (is_file, reads) = (line.contains(" /file "), line.starts_with("GET"));
        let mut length = 0;
        loop {
            line.clear();
            from.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            if let Some(said) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = said.trim().parse().unwrap_or(0);
            }
        }
        let read = std::io::copy(&mut (&mut from).take(length), &mut std::io::sink())?;
        if is_file && reads {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/zip\r\n";
            write!(stream, "{head}content-length: {}\r\n\r\n", size())?;
            let piece = vec![7; 1_000_000];
            for _ in 0..size() / 1_000_000 {
                stream.write_all(&piece)?;
            }
            continue;
        }
        let text = if is_file { format!(r#"{{"ok":true,"size":{read}}}"#) } else { ANSWER.to_owned() };
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
        stream.write_all(format!("{head}content-length: {}\r\n\r\n{text}", text.len()).as_bytes())?;
    }
}
