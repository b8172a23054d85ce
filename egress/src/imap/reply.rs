//! What a server says in IMAP: a state, or data as words. Any bytes at all are read, or found to be none; there is neither
//! recursion nor a place that grows by what is announced and not sent.

use bytes::Bytes;

/// How deep lists may lie in each other.
const DEEPEST: usize = 32;

/// A part of what was said: a line, or bytes whose number was announced at the end of the line before.
#[derive(Debug)]
pub(super) enum Piece {
    Line(Vec<u8>),
    Literal(Bytes),
}

/// A word of data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Without quotes: a name, a number, a flag, `NIL`.
    Atom(String),
    /// In quotes, or as announced bytes.
    Text(Bytes),
    List(Vec<Word>),
}

impl Word {
    pub fn atom(&self) -> Option<&str> {
        match self {
            Word::Atom(atom) => Some(atom),
            Word::Text(_) | Word::List(_) => None,
        }
    }

    pub fn number(&self) -> Option<u32> {
        self.atom()?.parse().ok()
    }

    /// A text, however it was written; nothing for `NIL`.
    pub fn text(&self) -> Option<String> {
        match self {
            Word::Atom(atom) if atom.eq_ignore_ascii_case("NIL") => None,
            Word::Atom(atom) => Some(atom.clone()),
            Word::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            Word::List(_) => None,
        }
    }

    pub fn list(&self) -> Option<&[Word]> {
        match self {
            Word::List(words) => Some(words),
            Word::Atom(_) | Word::Text(_) => None,
        }
    }
}

/// How something went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Ok,
    No,
    Bad,
    Bye,
    PreAuth,
}

/// Something that a server said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// It waits for more.
    More,
    /// How something went: a command where there is a tag. The code are the words between `[` and `]`.
    State { tag: Option<String>, state: State, code: Vec<String>, said: String },
    /// Data: its name in capitals, the number before it, the words behind it.
    Data { name: String, number: Option<u32>, words: Vec<Word> },
}

impl State {
    fn of(word: &str) -> Option<State> {
        let states = [
            ("OK", State::Ok),
            ("NO", State::No),
            ("BAD", State::Bad),
            ("BYE", State::Bye),
            ("PREAUTH", State::PreAuth),
        ];
        states.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, state)| *state)
    }
}

/// How many bytes follow a line, where it announces some, and the line without that. The text of a state announces none,
/// whatever it says.
pub(super) fn announced(line: &[u8], begins: bool) -> Option<(usize, u64)> {
    if begins && (line.starts_with(b"+") || state(&String::from_utf8_lossy(line)).is_some()) {
        return None;
    }
    let inner = line.strip_suffix(b"}")?;
    let open = inner.iter().rposition(|byte| *byte == b'{')?;
    let digits = std::str::from_utf8(&inner[open + 1..]).ok()?;
    let size = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
    // `~{…}` announces bytes that are no text.
    let end = if inner[..open].ends_with(b"~") { open - 1 } else { open };
    Some((end, size))
}

/// Reads what was said; nothing where it is not IMAP.
pub(super) fn read(pieces: &[Piece]) -> Option<Reply> {
    if let [Piece::Line(line)] = pieces {
        let line = String::from_utf8_lossy(line);
        if line.starts_with('+') {
            return Some(Reply::More);
        }
        if let Some(state) = state(&line) {
            return Some(state);
        }
    }
    let mut words = words(pieces)?.into_iter();
    words.next().filter(|word| word.atom() == Some("*"))?;
    let first = words.next()?;
    let number = first.number();
    let name = if number.is_some() { words.next()? } else { first };
    Some(Reply::Data { name: name.atom()?.to_ascii_uppercase(), number, words: words.collect() })
}

fn state(line: &str) -> Option<Reply> {
    let (tag, rest) = line.split_once(' ')?;
    let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let state = State::of(word)?;
    let (code, said) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((code, said)) => (code.split_whitespace().map(str::to_owned).collect(), said),
        None => (vec![], rest),
    };
    let tag = (tag != "*").then(|| tag.to_owned());
    Some(Reply::State { tag, state, code, said: said.trim().to_owned() })
}

fn words(pieces: &[Piece]) -> Option<Vec<Word>> {
    let mut open: Vec<Vec<Word>> = vec![vec![]];
    for piece in pieces {
        let line = match piece {
            Piece::Literal(bytes) => {
                open.last_mut()?.push(Word::Text(bytes.clone()));
                continue;
            }
            Piece::Line(line) => line,
        };
        let mut at = 0;
        while let Some(byte) = line.get(at) {
            at += 1;
            match byte {
                b' ' => {}
                b'(' if open.len() > DEEPEST => return None,
                b'(' => open.push(vec![]),
                b')' => {
                    let list = open.pop()?;
                    open.last_mut()?.push(Word::List(list));
                }
                b'"' => {
                    let mut text = vec![];
                    loop {
                        match line.get(at)? {
                            b'"' => break,
                            b'\\' => {
                                at += 1;
                                text.push(*line.get(at)?);
                            }
                            byte => text.push(*byte),
                        }
                        at += 1;
                    }
                    at += 1;
                    open.last_mut()?.push(Word::Text(text.into()));
                }
                _ => {
                    let begins = at - 1;
                    // `BODY[HEADER.FIELDS (FROM TO)]` is one word.
                    let mut within = *byte == b'[';
                    while let Some(byte) = line.get(at) {
                        match byte {
                            b'[' => within = true,
                            b']' => within = false,
                            b' ' | b'(' | b')' if !within => break,
                            _ => {}
                        }
                        at += 1;
                    }
                    let atom = String::from_utf8_lossy(&line[begins..at]).into_owned();
                    open.last_mut()?.push(Word::Atom(atom));
                }
            }
        }
    }
    let words = open.pop()?;
    open.is_empty().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Option<Reply> {
        read(&[Piece::Line(text.as_bytes().to_vec())])
    }

    fn atom(text: &str) -> Word {
        Word::Atom(text.into())
    }

    #[test]
    fn data_is_read_as_words() {
        let said = line(r#"* LIST (\HasNoChildren \Sent) "/" "a \"b\" \\ c""#).unwrap();
        let words = vec![
            Word::List(vec![atom("\\HasNoChildren"), atom("\\Sent")]),
            Word::Text("/".into()),
            Word::Text("a \"b\" \\ c".into()),
        ];
        assert_eq!(said, Reply::Data { name: "LIST".into(), number: None, words });
        let pieces = [
            Piece::Line(b"* 7 fetch (UID 12 BODY[HEADER.FIELDS (FROM TO)] ".to_vec()),
            Piece::Literal("From: (".into()),
            Piece::Line(b" FLAGS ())".to_vec()),
        ];
        let words = vec![Word::List(vec![
            atom("UID"),
            atom("12"),
            atom("BODY[HEADER.FIELDS (FROM TO)]"),
            Word::Text("From: (".into()),
            atom("FLAGS"),
            Word::List(vec![]),
        ])];
        assert_eq!(read(&pieces).unwrap(), Reply::Data { name: "FETCH".into(), number: Some(7), words });
    }

    #[test]
    fn states_have_a_code_and_announce_nothing() {
        let said = line("A1 NO [NONEXISTENT] there is none {12}").unwrap();
        let wanted = Reply::State {
            tag: Some("A1".into()),
            state: State::No,
            code: vec!["NONEXISTENT".into()],
            said: "there is none {12}".into(),
        };
        assert_eq!(said, wanted);
        assert_eq!(announced(b"A1 NO there is none {12}", true), None);
        assert_eq!(announced(b"* 1 FETCH (BODY[] {12}", true), Some((18, 12)));
        assert_eq!(announced(b"* 1 FETCH (BINARY[1] ~{12}", true), Some((21, 12)));
        for none in
            ["* 1 FETCH {}", "* 1 FETCH {-1}", "* 1 FETCH {1x}", "* 1 FETCH {99999999999999999999}", "}"]
        {
            assert_eq!(announced(none.as_bytes(), true), None, "{none}");
        }
        assert_eq!(line("+"), Some(Reply::More));
    }

    #[test]
    fn what_is_not_imap_is_found_and_nothing_panics() {
        for wrong in [
            "",
            "*",
            "* ",
            "* 1",
            "* (",
            "* FETCH )",
            "* X \"a",
            "* X \"\\",
            "220 smtp.example.com",
            "* \"x\"",
        ] {
            assert_eq!(line(wrong), None, "{wrong}");
        }
        assert_eq!(line(&format!("* X {}", "(".repeat(100_000))), None);
        let deep = |depth: usize| format!("* X {}{}", "(".repeat(depth), ")".repeat(depth));
        assert!(line(&deep(DEEPEST)).is_some() && line(&deep(DEEPEST + 1)).is_none());
        // Answers that a parser which is widely used panics at.
        assert!(line("* 1 FETCH (INTERNALDATE NIL)").is_some() && line("* OK [READ-ONLY]ü").is_some());
        let mut seed = 7_u64;
        let mut chance = |most: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).unwrap() % most
        };
        let bits: [&[u8]; 14] = [
            b"* ", b"1 ", b"FETCH ", b"(", b")", b"\"", b"\\", b"[", b"]", b"{3}", b"NIL", b" ", b"\xff",
            b"OK ",
        ];
        for _ in 0..100_000 {
            let line: Vec<u8> =
                (0..chance(20)).flat_map(|_| bits[chance(bits.len())].iter().copied()).collect();
            let _ = announced(&line, true);
            let _ = read(&[Piece::Line(line), Piece::Literal("x".into())]);
        }
    }
}
