//! Messages on the wire: a header that says how long, an empty line, and JSON.

use std::io::{BufRead, Read, Write};

use serde_json::Value;

use crate::Error;

/// The longest header, in bytes: real ones have less than 100.
const MOST_HEADER: u64 = 8 * 1024;

/// The longest message, in bytes. The language takes texts of 1 MB.
const MOST_BODY: usize = 64 * 1024 * 1024;

/// Reads a message; nothing at the end of the input.
///
/// # Errors
/// Where what comes is not framed: nobody knows then where the next message begins.
pub fn read(input: &mut impl BufRead) -> Result<Option<Vec<u8>>, Error> {
    let mut length = None;
    let mut first = true;
    let mut header = input.by_ref().take(MOST_HEADER);
    loop {
        let mut line = vec![];
        header.read_until(b'\n', &mut line)?;
        if line.is_empty() && first {
            return Ok(None);
        }
        let Some(line) = line.strip_suffix(b"\n") else {
            return Err(Error::Framing("a header that does not end".into()));
        };
        let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned();
        if line.is_empty() {
            break;
        }
        first = false;
        let Some((name, value)) = line.split_once(':') else {
            return Err(Error::Framing("a line without a colon in a header".into()));
        };
        if name.trim().eq_ignore_ascii_case("content-length") {
            length = value.trim().parse::<usize>().ok();
        }
    }
    let Some(length) = length else {
        return Err(Error::Framing("a header without a `Content-Length`".into()));
    };
    if length > MOST_BODY {
        return Err(Error::Framing(format!("a message of {length} bytes, more than {MOST_BODY}")));
    }
    let mut body = vec![];
    // What is said to come is not reserved before it comes.
    input.by_ref().take(length as u64).read_to_end(&mut body)?;
    if body.len() < length {
        return Err(Error::Framing("a message that is shorter than its `Content-Length`".into()));
    }
    Ok(Some(body))
}

/// Writes a message.
///
/// # Errors
/// Where it cannot be written.
pub fn write(output: &mut dyn Write, message: &Value) -> Result<(), Error> {
    let body = message.to_string();
    write!(output, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    output.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut bytes: &[u8]) -> (Vec<String>, Option<String>) {
        let mut found = vec![];
        loop {
            match read(&mut bytes) {
                Ok(Some(body)) => found.push(String::from_utf8_lossy(&body).into_owned()),
                Ok(None) => return (found, None),
                Err(error) => return (found, Some(error.to_string())),
            }
        }
    }

    #[test]
    fn messages_follow_one_another() {
        let bytes = b"Content-Length: 2\r\n\r\n{}content-length:3\nContent-Type: x; charset=utf-8\n\n[1]";
        assert_eq!(all(bytes), (vec!["{}".to_owned(), "[1]".to_owned()], None));
        assert_eq!(all(b""), (vec![], None));
    }

    #[test]
    fn what_is_not_framed_ends_the_conversation() {
        for (bytes, why) in [
            (&b"{}"[..], "a header that does not end"),
            (b"hello\r\n\r\n", "without a colon"),
            (b"\r\n", "without a `Content-Length`"),
            (b"Content-Length: x\r\n\r\n", "without a `Content-Length`"),
            (b"Content-Length: -1\r\n\r\n", "without a `Content-Length`"),
            (b"Content-Length: 5\r\n\r\n{}", "shorter"),
            (b"Content-Length: 99999999999\r\n\r\n", "more than"),
            (b"Content-Length: 99999999999999999999999\r\n\r\n", "without a `Content-Length`"),
        ] {
            let (found, wrong) = all(bytes);
            assert_eq!(found, Vec::<String>::new());
            assert!(wrong.as_deref().is_some_and(|wrong| wrong.contains(why)), "{wrong:?}, not {why}");
        }
        let endless = vec![b'a'; 100_000];
        assert!(all(&endless).1.is_some_and(|wrong| wrong.contains("does not end")));
    }
}
