//! What a page says, word by word: numbers, names, texts, and the words that do something with them. Nothing is kept but the word at
//! hand, however long a page is.

/// One word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    Number(f32),
    Name(Vec<u8>),
    Text(Vec<u8>),
    /// `[`.
    Open,
    /// `]`.
    Close,
    /// `<<` or `>>`.
    Fold,
    /// What does something.
    Word(&'a [u8]),
}

/// The words of a text, one after the other.
pub(super) struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// What stands between words.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0C | b'\r' | b' ')
}

/// What ends a word, and is one by itself.
pub(super) fn delimits(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

impl<'a> Tokens<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Tokens<'a> {
        Tokens { bytes, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn run(&mut self) -> &'a [u8] {
        let begin = self.at;
        while self.peek().is_some_and(|byte| !is_blank(byte) && !delimits(byte)) {
            self.at += 1;
        }
        &self.bytes[begin..self.at]
    }

    fn skip_blanks(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'%' => {
                    while self.peek().is_some_and(|byte| byte != b'\n' && byte != b'\r') {
                        self.at += 1;
                    }
                }
                _ if is_blank(byte) => self.at += 1,
                _ => return,
            }
        }
    }

    /// Skips a picture that stands within a page, from its `ID` to its `EI`.
    pub(super) fn skip_picture(&mut self) {
        while let Some(found) = self.bytes[self.at..].windows(2).position(|window| window == b"EI") {
            let begin = self.at + found;
            self.at = begin + 2;
            let before = begin == 0 || is_blank(self.bytes[begin - 1]);
            if before && self.peek().is_none_or(is_blank) {
                return;
            }
        }
        self.at = self.bytes.len();
    }

    fn name(&mut self) -> Vec<u8> {
        let run = self.run();
        let mut name = Vec::with_capacity(run.len());
        let mut rest = run;
        while let [byte, after @ ..] = rest {
            let digits = |bytes: &[u8]| {
                std::str::from_utf8(bytes).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok())
            };
            match (byte, after.get(..2).and_then(digits)) {
                (b'#', Some(code)) => {
                    name.push(code);
                    rest = &after[2..];
                }
                _ => {
                    name.push(*byte);
                    rest = after;
                }
            }
        }
        name
    }

    /// A text in parentheses, after the first of them.
    fn text(&mut self) -> Vec<u8> {
        let (mut text, mut depth) = (vec![], 1_usize);
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'(' => depth += 1,
                b')' => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                b'\\' => {
                    self.escaped(&mut text);
                    continue;
                }
                _ => {}
            }
            text.push(byte);
        }
        text
    }

    fn escaped(&mut self, text: &mut Vec<u8>) {
        let Some(byte) = self.peek() else { return };
        self.at += 1;
        match byte {
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            // The end of a line after `\` is none.
            b'\r' => self.at += usize::from(self.peek() == Some(b'\n')),
            b'\n' => {}
            b'0'..=b'7' => {
                let mut code = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else { break };
                    code = code * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                text.push(code as u8);
            }
            other => text.push(other),
        }
    }

    /// A text in hexadecimal digits, after its `<`.
    fn hex(&mut self) -> Vec<u8> {
        let (mut text, mut half) = (vec![], None);
        while let Some(byte) = self.peek() {
            self.at += 1;
            let Some(digit) = char::from(byte).to_digit(16) else {
                if byte == b'>' {
                    break;
                }
                continue;
            };
            match half.take() {
                None => half = Some(digit),
                Some(high) => text.push((high * 16 + digit) as u8),
            }
        }
        text.extend(half.map(|high| (high * 16) as u8));
        text
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_blanks();
        let byte = self.peek()?;
        if !delimits(byte) {
            let run = self.run();
            return Some(number(run).map_or(Token::Word(run), Token::Number));
        }
        self.at += 1;
        Some(match byte {
            b'/' => Token::Name(self.name()),
            b'(' => Token::Text(self.text()),
            b'[' => Token::Open,
            b']' => Token::Close,
            b'<' | b'>' if self.peek() == Some(byte) => {
                self.at += 1;
                Token::Fold
            }
            b'<' => Token::Text(self.hex()),
            _ => Token::Word(&self.bytes[self.at - 1..self.at]),
        })
    }
}

fn number(run: &[u8]) -> Option<f32> {
    if !matches!(run.first()?, b'0'..=b'9' | b'+' | b'-' | b'.') {
        return None;
    }
    let text = std::str::from_utf8(run).ok()?;
    let value = text.parse::<f32>().ok().or_else(|| {
        // Some programs write `--5` and `12.-3`.
        let plain = text.trim_start_matches('-');
        plain.split_once('-').map_or(plain, |(before, _)| before).parse::<f32>().ok()
    });
    value.filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart() {
        let tokens: Vec<Token<'_>> =
            Tokens::new(b"/F#31 12.5 Tf % note\n[(a\\)\\101(b)) -20<4 142>]TJ<</A(x)>>BDC T* --5").collect();
        let text = |text: &[u8]| Token::Text(text.to_vec());
        let wanted = vec![
            Token::Name(b"F1".to_vec()),
            Token::Number(12.5),
            Token::Word(b"Tf"),
            Token::Open,
            text(b"a)A(b)"),
            Token::Number(-20.0),
            text(b"AB"),
            Token::Close,
            Token::Word(b"TJ"),
            Token::Fold,
            Token::Name(b"A".to_vec()),
            text(b"x"),
            Token::Fold,
            Token::Word(b"BDC"),
            Token::Word(b"T*"),
            Token::Number(5.0),
        ];
        assert_eq!(tokens, wanted);
    }

    #[test]
    fn a_picture_is_no_text() {
        let mut tokens = Tokens::new(b"BI /W 1 ID \x00(EIx EI Q");
        while tokens.next().is_some_and(|token| token != Token::Word(b"ID")) {}
        tokens.skip_picture();
        assert_eq!(tokens.next(), Some(Token::Word(b"Q")));
        let mut open = Tokens::new(b"ID (((");
        open.next();
        open.skip_picture();
        assert_eq!(open.next(), None);
    }

    #[test]
    fn what_breaks_off_ends() {
        for bytes in [&b"(abc"[..], b"<41", b"/", b"(\\", b"[", b"<", b">", b"(\\1", b"% x"] {
            assert!(Tokens::new(bytes).count() <= 1, "{bytes:?}");
        }
    }
}
