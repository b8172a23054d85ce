//! Lines and columns as the protocol counts them: both from 0, columns in the units that the two sides agreed on.

use serde_json::{Value, json};

use dsl::span::Span;

/// What columns count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// Units of UTF-16, which all editors know.
    #[default]
    Utf16,
    /// Characters.
    Utf32,
}

impl Encoding {
    /// As the protocol calls it.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Utf16 => "utf-16",
            Encoding::Utf32 => "utf-32",
        }
    }

    fn width(self, char: char) -> usize {
        match self {
            Encoding::Utf8 => char.len_utf8(),
            Encoding::Utf16 => char.len_utf16(),
            Encoding::Utf32 => 1,
        }
    }

    /// How wide a piece of text is.
    pub fn measure(self, text: &str) -> usize {
        match self {
            Encoding::Utf8 => text.len(),
            Encoding::Utf16 | Encoding::Utf32 => text.chars().map(|char| self.width(char)).sum(),
        }
    }
}

/// Where the lines of a text begin. `\n`, `\r\n` and `\r` end a line.
#[derive(Clone, Debug)]
pub struct Lines {
    starts: Vec<usize>,
    encoding: Encoding,
}

/// A place as the protocol counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 0.
    pub line: usize,
    /// The column, from 0.
    pub column: usize,
}

impl Position {
    /// Reads one; nothing where it is none.
    pub fn read(value: &Value) -> Option<Position> {
        let number = |key: &str| usize::try_from(value[key].as_u64()?).ok();
        Some(Position { line: number("line")?, column: number("character")? })
    }

    /// As the protocol writes it.
    pub fn json(self) -> Value {
        json!({ "line": self.line, "character": self.column })
    }
}

impl Lines {
    /// Reads where the lines of a text begin.
    pub fn new(text: &str, encoding: Encoding) -> Lines {
        let bytes = text.as_bytes();
        let ends = |at: usize| match bytes[at] {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        let starts = (0..bytes.len()).filter(|at| ends(*at)).map(|at| at + 1);
        Lines { starts: std::iter::once(0).chain(starts).collect(), encoding }
    }

    /// The place of a byte. Between the bytes of a character it is the character's.
    pub fn position(&self, text: &str, offset: usize) -> Position {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let piece = text.get(self.starts[line]..offset).unwrap_or_default();
        Position { line, column: self.encoding.measure(piece) }
    }

    /// The byte of a place: past the end of a line its end, past the last line the end of the text.
    pub fn offset(&self, text: &str, at: Position) -> usize {
        let Some(start) = self.starts.get(at.line) else { return text.len() };
        let end = self.starts.get(at.line + 1).copied().unwrap_or(text.len());
        let line = text[*start..end].trim_end_matches(['\n', '\r']);
        let mut left = at.column;
        for (place, char) in line.char_indices() {
            let width = self.encoding.width(char);
            if left < width {
                return start + place;
            }
            left -= width;
        }
        start + line.len()
    }

    /// A span as the protocol writes it.
    pub fn range(&self, text: &str, span: Span) -> Value {
        let span = span.range();
        let (start, end) = (self.position(text, span.start), self.position(text, span.end));
        json!({ "start": start.json(), "end": end.json() })
    }

    /// What columns count.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_what_was_agreed_on() {
        let text = "aä𝄞b\r\ncd\re\n";
        for (encoding, columns) in [
            (Encoding::Utf8, [0, 1, 3, 7, 8]),
            (Encoding::Utf16, [0, 1, 2, 4, 5]),
            (Encoding::Utf32, [0, 1, 2, 3, 4]),
        ] {
            let lines = Lines::new(text, encoding);
            for (offset, column) in [0, 1, 3, 7, 8].into_iter().zip(columns) {
                let at = Position { line: 0, column };
                assert_eq!(lines.position(text, offset), at, "{encoding:?}");
                assert_eq!(lines.offset(text, at), offset, "{encoding:?}");
            }
            assert_eq!(lines.position(text, 10), Position { line: 1, column: 0 });
            assert_eq!(lines.position(text, 13), Position { line: 2, column: 0 });
            assert_eq!(lines.position(text, 99), Position { line: 3, column: 0 });
            // Within a character, behind a line, behind the text.
            assert_eq!(lines.position(text, 2), lines.position(text, 1));
            assert_eq!(lines.offset(text, Position { line: 0, column: 999 }), 8);
            assert_eq!(lines.offset(text, Position { line: 9, column: 0 }), text.len());
        }
        let lines = Lines::new(text, Encoding::Utf16);
        assert_eq!(
            lines.offset(text, Position { line: 0, column: 3 }),
            3,
            "the middle of a pair is its character"
        );
    }

    #[test]
    fn every_offset_is_found_again() {
        let text = "é: \"𝄞\"\n\nü\r\n\r\na\u{301}b: 1";
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            let lines = Lines::new(text, encoding);
            for offset in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
                // The place between `\r` and `\n` is the end of their line.
                if text[..offset].ends_with('\r') {
                    continue;
                }
                assert_eq!(lines.offset(text, lines.position(text, offset)), offset, "{encoding:?} {offset}");
            }
        }
    }
}
