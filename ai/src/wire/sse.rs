//! Server-sent events: bytes, split anywhere, become events. It holds one event at most, and no more than is allowed.

/// The longest line in bytes.
const LINE: usize = 1 << 20;

/// The longest answer in bytes.
pub(super) const WHOLE: usize = 100 << 20;

/// Too much was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TooMuch {
    /// One line, or the lines of one event.
    Line,
    /// All of it.
    Whole,
}

impl TooMuch {
    /// What is said of it.
    pub(super) fn says(self) -> &'static str {
        match self {
            TooMuch::Line => "a line of it has more than 1 MB",
            TooMuch::Whole => "it has more than 100 MB",
        }
    }
}

/// Bytes to events. Of an event only its data counts: every wire says in it what it is.
#[derive(Debug, Default)]
pub(super) struct Reader {
    line: Vec<u8>,
    data: Vec<u8>,
    /// A carriage return was the last byte: a line feed belongs to it.
    returned: bool,
    begun: bool,
    total: usize,
}

impl Reader {
    /// Takes a piece, and gives the data of all events that it completes.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<Vec<Vec<u8>>, TooMuch> {
        self.total = self.total.saturating_add(piece.len());
        if self.total > WHOLE {
            return Err(TooMuch::Whole);
        }
        let mut events = vec![];
        let mut rest = match (self.returned, piece) {
            (true, [b'\n', rest @ ..]) => rest,
            (true | false, piece) => piece,
        };
        self.returned &= piece.is_empty();
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.grow(&rest[..end])?;
            self.complete(&mut events)?;
            rest = match &rest[end..] {
                [b'\r', b'\n', rest @ ..] => rest,
                [b'\r'] => {
                    self.returned = true;
                    &[]
                }
                [_, rest @ ..] => rest,
                [] => &[],
            };
        }
        self.grow(rest)?;
        Ok(events)
    }

    /// The data of an event that was not completed by an empty line, once nothing more comes.
    pub(super) fn end(mut self) -> Option<Vec<u8>> {
        let mut events = vec![];
        // A line that is cut off counts: whether its data is whole shows when it is read.
        self.complete(&mut events).and_then(|()| self.complete(&mut events)).ok()?;
        events.pop()
    }

    fn grow(&mut self, bytes: &[u8]) -> Result<(), TooMuch> {
        if self.line.len() + bytes.len() > LINE {
            return Err(TooMuch::Line);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn complete(&mut self, events: &mut Vec<Vec<u8>>) -> Result<(), TooMuch> {
        let line = match (self.begun, &*self.line) {
            (false, [0xEF, 0xBB, 0xBF, line @ ..]) => line,
            (true | false, line) => line,
        };
        self.begun = true;
        if line.is_empty() {
            if !self.data.is_empty() {
                events.push(std::mem::take(&mut self.data));
            }
        } else if let Some(value) = line.strip_prefix(b"data:") {
            let value = value.strip_prefix(b" ").unwrap_or(value);
            if self.data.len() + value.len() >= LINE {
                return Err(TooMuch::Line);
            }
            if !self.data.is_empty() {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(value);
        }
        self.line.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(pieces: &[&[u8]]) -> Vec<String> {
        let mut reader = Reader::default();
        let mut found: Vec<Vec<u8>> = pieces.iter().flat_map(|piece| reader.push(piece).unwrap()).collect();
        found.extend(reader.end());
        found.into_iter().map(|data| String::from_utf8(data).unwrap()).collect()
    }

    #[test]
    fn lines_end_in_three_ways_and_comments_are_nothing() {
        let expected = ["a", "b\nc", "d"];
        for ending in ["\n", "\r\n", "\r"] {
            let text =
                "\u{feff}: keep-alive\ndata: a\n\n\n: x\nevent: e\nid: 1\ndata:b\ndata: c\n\ndata: d\n\n"
                    .replace('\n', ending);
            assert_eq!(events(&[text.as_bytes()]), expected, "{ending:?}");
        }
    }

    #[test]
    fn where_the_bytes_are_split_does_not_matter() {
        let text = "data: {\"ü\":1}\r\n\r\n: c\r\ndata: x\r\ndata: y\r\n\r\ndata: last".as_bytes();
        let whole = events(&[text]);
        assert_eq!(whole, ["{\"ü\":1}", "x\ny", "last"]);
        for first in 0..=text.len() {
            for second in first..=text.len() {
                assert_eq!(
                    events(&[&text[..first], &text[first..second], &text[second..]]),
                    whole,
                    "{first} {second}"
                );
            }
        }
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let mut reader = Reader::default();
        assert_eq!(reader.push(&vec![b'x'; LINE]), Ok(vec![]));
        assert_eq!(reader.push(b"x"), Err(TooMuch::Line));
        let mut reader = Reader::default();
        let line = [b"data: ".as_slice(), &vec![b'x'; LINE / 2], b"\n"].concat();
        assert_eq!(reader.push(&line), Ok(vec![]));
        assert_eq!(reader.push(&line), Err(TooMuch::Line));
        let mut reader = Reader::default();
        let comments = [b": ".as_slice(), &vec![b'x'; 1 << 19], b"\n"].concat();
        let refused = (0..201).find_map(|_| reader.push(&comments).err());
        assert_eq!(refused, Some(TooMuch::Whole));
    }
}
