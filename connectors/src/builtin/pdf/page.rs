//! What a page draws, as far as it is text: the words of its content are carried out, with limits for all of them together.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Instant;

use dsl::catalog::Failure;
use lopdf::{DecompressError, Dictionary, Document, Error, Object, ObjectId, Stream};

use super::font::{Font, UNKNOWN};
use super::lines::{Lines, Piece};
use super::load::UNPACKED;
use super::tokens::{Token, Tokens};
use super::{limit, too_long};

/// The most bytes that the contents of all pages become.
const CONTENTS: usize = 256 * 1024 * 1024;

/// The most bytes of text of all pages.
const TEXT: usize = 8 * 1024 * 1024;

/// How deep drawings nest.
const DEPTH: usize = 12;

/// How many words go before one: what has more is no operation.
const OPERANDS: usize = 32;

/// How many states are kept.
const STATES: usize = 128;

/// The most texts and gaps of one operation.
const ITEMS: usize = 100_000;

/// What reading may still take.
pub(super) struct Budget {
    due: Instant,
    contents: usize,
    text: usize,
}

impl Budget {
    pub(super) fn new(due: Instant) -> Budget {
        Budget { due, contents: CONTENTS, text: TEXT }
    }

    fn in_time(&self) -> Result<(), Failure> {
        if Instant::now() > self.due { Err(too_long()) } else { Ok(()) }
    }

    /// The content of a part; none where it is damaged.
    fn unpack(&mut self, stream: &Stream) -> Result<Option<Vec<u8>>, Failure> {
        self.in_time()?;
        match stream.get_plain_content_with_limit(UNPACKED.min(self.contents)) {
            Ok(content) => {
                self.contents -= content.len().min(self.contents);
                Ok(Some(content))
            }
            Err(Error::Decompress(DecompressError::MemoryLimitExceeded { .. })) => Err(limit(&format!(
                "the pages become more than {UNPACKED} bytes each, or {CONTENTS} together"
            ))),
            Err(_) => Ok(None),
        }
    }
}

/// Reads the pages of a file.
pub(super) struct Reader<'a> {
    document: &'a Document,
    budget: Budget,
    /// Fonts by where they are in memory: the parts of a file stay where they are.
    fonts: HashMap<usize, Rc<Font>>,
    /// Letters that were read, and those of them that nobody knows.
    pub(super) letters: usize,
    pub(super) unknown: usize,
    /// Pictures that were drawn.
    pub(super) pictures: usize,
}

/// A move, a turn and a stretch, as PDF writes it.
type Matrix = [f32; 6];

const STILL: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// First one, then the other.
fn then(a: Matrix, b: Matrix) -> Matrix {
    [
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
        a[4] * b[0] + a[5] * b[2] + b[4],
        a[4] * b[1] + a[5] * b[3] + b[5],
    ]
}

#[derive(Clone)]
struct State {
    place: Matrix,
    font: Option<Rc<Font>>,
    size: f32,
    letter_gap: f32,
    word_gap: f32,
    stretch: f32,
    leading: f32,
    rise: f32,
}

impl State {
    fn new(place: Matrix) -> State {
        State {
            place,
            font: None,
            size: 0.0,
            letter_gap: 0.0,
            word_gap: 0.0,
            stretch: 1.0,
            leading: 0.0,
            rise: 0.0,
        }
    }
}

/// What goes before an operation.
enum Operand {
    Number(f32),
    Name(Vec<u8>),
    Text(Vec<u8>),
    /// Texts, and gaps between them.
    List(Vec<Item>),
}

/// What shows texts where the pen stands.
type Show<'a> = dyn FnMut(&mut Pen, &[Item]) -> Result<(), Failure> + 'a;

enum Item {
    Text(Vec<u8>),
    Gap(f32),
}

impl<'a> Reader<'a> {
    pub(super) fn new(document: &'a Document, budget: Budget) -> Reader<'a> {
        Reader { document, budget, fonts: HashMap::new(), letters: 0, unknown: 0, pictures: 0 }
    }

    /// The text of a page.
    pub(super) fn page(&mut self, id: ObjectId) -> Result<String, Failure> {
        let mut lines = Lines::default();
        let mut content = vec![];
        for part in self.document.get_page_contents(id) {
            if let Ok(Object::Stream(stream)) = self.document.get_object(part)
                && let Some(more) = self.budget.unpack(stream)?
            {
                content.extend_from_slice(&more);
                content.push(b'\n');
            }
            if content.len() > UNPACKED {
                return Err(limit(&format!("a page becomes more than {UNPACKED} bytes when it is unpacked")));
            }
        }
        let resources = self.resources(id);
        self.draw(&content, &resources, STILL, 0, &mut lines)?;
        let text = lines.text();
        let Some(left) = self.budget.text.checked_sub(text.len()) else {
            return Err(limit(&format!(
                "the pages have more than {TEXT} bytes of text; take fewer with `limit`"
            )));
        };
        self.budget.text = left;
        Ok(text)
    }

    /// What the names on a page stand for: its own, or that of the branch it is on.
    fn resources(&self, id: ObjectId) -> Vec<&'a Dictionary> {
        let mut node = self.document.get_dictionary(id).ok();
        for _ in 0..64 {
            let Some(dict) = node else { break };
            if let Ok(Object::Dictionary(found)) = dict.get_deref(b"Resources", self.document) {
                return vec![found];
            }
            node = dict.get_deref(b"Parent", self.document).and_then(Object::as_dict).ok();
        }
        vec![]
    }

    /// What a name stands for, where it is looked for first in the last.
    fn named(&self, resources: &[&'a Dictionary], kind: &[u8], name: &[u8]) -> Option<&'a Object> {
        resources.iter().rev().find_map(|resources| {
            let names = resources.get_deref(kind, self.document).and_then(Object::as_dict).ok()?;
            names.get_deref(name, self.document).ok()
        })
    }

    fn font(&mut self, resources: &[&'a Dictionary], name: &[u8]) -> Result<Option<Rc<Font>>, Failure> {
        let Some(Object::Dictionary(dict)) = self.named(resources, b"Font", name) else { return Ok(None) };
        let key = std::ptr::from_ref(dict) as usize;
        if let Some(font) = self.fonts.get(&key) {
            return Ok(Some(font.clone()));
        }
        let budget = &mut self.budget;
        let font = Rc::new(Font::read(self.document, dict, &mut |stream| budget.unpack(stream))?);
        self.fonts.insert(key, font.clone());
        Ok(Some(font))
    }

    fn draw(
        &mut self,
        content: &[u8],
        resources: &[&'a Dictionary],
        place: Matrix,
        depth: usize,
        lines: &mut Lines,
    ) -> Result<(), Failure> {
        let mut pen = Pen { state: State::new(place), kept: vec![], text: STILL, line: STILL };
        let mut tokens = Tokens::new(content);
        let mut operands: Vec<Operand> = vec![];
        let mut count = 0_usize;
        while let Some(token) = tokens.next() {
            count += 1;
            if count.is_multiple_of(512) {
                self.budget.in_time()?;
            }
            if operands.len() > OPERANDS {
                operands.clear();
            }
            match token {
                Token::Number(number) => operands.push(Operand::Number(number)),
                Token::Name(name) => operands.push(Operand::Name(name)),
                Token::Text(text) => operands.push(Operand::Text(text)),
                Token::Open => operands.push(Operand::List(list(&mut tokens))),
                Token::Close | Token::Fold => {}
                Token::Word(b"ID") => {
                    tokens.skip_picture();
                    self.pictures += 1;
                    operands.clear();
                }
                Token::Word(b"Do") => {
                    if let Some(Operand::Name(name)) = operands.last()
                        && let Some(Object::Stream(stream)) = self.named(resources, b"XObject", name)
                    {
                        self.drawing(stream, resources, pen.state.place, depth, lines)?;
                    }
                    operands.clear();
                }
                Token::Word(b"Tf") => {
                    if let [.., Operand::Name(name), Operand::Number(size)] = &operands[..] {
                        pen.state.font = self.font(resources, name)?;
                        pen.state.size = *size;
                    }
                    operands.clear();
                }
                Token::Word(word) => {
                    pen.carry_out(word, &operands, &mut |pen, items| self.show(pen, items, lines))?;
                    operands.clear();
                }
            }
        }
        Ok(())
    }

    /// A drawing within one.
    fn drawing(
        &mut self,
        stream: &'a Stream,
        resources: &[&'a Dictionary],
        place: Matrix,
        depth: usize,
        lines: &mut Lines,
    ) -> Result<(), Failure> {
        match stream.dict.get_deref(b"Subtype", self.document).and_then(Object::as_name) {
            Ok(b"Image") => self.pictures += 1,
            Ok(b"Form") if depth < DEPTH => {
                let Some(content) = self.budget.unpack(stream)? else { return Ok(()) };
                let own = stream.dict.get_deref(b"Matrix", self.document).and_then(Object::as_array).ok();
                let mut matrix = STILL;
                for (part, said) in matrix.iter_mut().zip(own.into_iter().flatten()) {
                    *part = said.as_float().unwrap_or(*part);
                }
                let mut names = resources.to_vec();
                names.extend(stream.dict.get_deref(b"Resources", self.document).and_then(Object::as_dict));
                self.draw(&content, &names, then(matrix, place), depth + 1, lines)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Shows texts, and moves on by their widths.
    fn show(&mut self, pen: &mut Pen, items: &[Item], lines: &mut Lines) -> Result<(), Failure> {
        let State { size, letter_gap, word_gap, stretch, rise, .. } = pen.state;
        let Some(font) = pen.state.font.clone() else { return Ok(()) };
        for item in items {
            let text = match item {
                Item::Gap(gap) => {
                    pen.forward(-gap / 1000.0 * size * stretch);
                    continue;
                }
                Item::Text(text) => text,
            };
            let from = pen.at(rise);
            let (mut shown, mut letters) = (String::new(), 0_usize);
            // Where the last letter ends, without the gap that comes after it.
            let mut to = from;
            for letter in font.letters(text) {
                pen.forward(letter.width / 1000.0 * size * stretch);
                to = pen.at(rise);
                pen.forward((letter_gap + if letter.blank { word_gap } else { 0.0 }) * stretch);
                letters += usize::from(!letter.text.trim().is_empty());
                self.unknown += usize::from(letter.text.contains(UNKNOWN));
                shown.push_str(&letter.text);
            }
            self.letters += letters;
            let height = pen.height(size);
            let fits = lines.add(Piece { text: &shown, from, to, height });
            if !fits {
                return Err(limit("a page has more text than a page may have"));
            }
        }
        self.budget.in_time()
    }
}

/// What is between `[` and `]`.
fn list(tokens: &mut Tokens<'_>) -> Vec<Item> {
    let mut items = vec![];
    for token in tokens.by_ref() {
        match token {
            Token::Text(text) => items.push(Item::Text(text)),
            Token::Number(gap) => items.push(Item::Gap(gap)),
            Token::Close => break,
            _ => {}
        }
        if items.len() == ITEMS {
            break;
        }
    }
    items
}

/// What writes: where it stands and how.
struct Pen {
    state: State,
    kept: Vec<State>,
    text: Matrix,
    line: Matrix,
}

impl Pen {
    /// Carries out an operation, as far as it moves what is written.
    fn carry_out(&mut self, word: &[u8], operands: &[Operand], show: &mut Show<'_>) -> Result<(), Failure> {
        let number = |at: usize| match operands.get(at) {
            Some(Operand::Number(number)) => *number,
            _ => 0.0,
        };
        let matrix = || -> Matrix { std::array::from_fn(number) };
        match word {
            b"q" if self.kept.len() < STATES => self.kept.push(self.state.clone()),
            b"Q" => {
                if let Some(state) = self.kept.pop() {
                    self.state = state;
                }
            }
            b"cm" if operands.len() == 6 => self.state.place = then(matrix(), self.state.place),
            b"BT" => (self.text, self.line) = (STILL, STILL),
            b"Tm" if operands.len() == 6 => (self.text, self.line) = (matrix(), matrix()),
            b"Td" => self.next_line(number(0), number(1)),
            b"TD" => {
                self.state.leading = -number(1);
                self.next_line(number(0), number(1));
            }
            b"T*" => self.next_line(0.0, -self.state.leading),
            b"Tc" => self.state.letter_gap = number(0),
            b"Tw" => self.state.word_gap = number(0),
            b"Tz" => self.state.stretch = number(0) / 100.0,
            b"TL" => self.state.leading = number(0),
            b"Ts" => self.state.rise = number(0),
            b"Tj" | b"TJ" => return self.shown(operands.last(), show),
            b"'" | b"\"" => {
                if let [Operand::Number(words), Operand::Number(letters), _] = operands {
                    (self.state.word_gap, self.state.letter_gap) = (*words, *letters);
                }
                self.next_line(0.0, -self.state.leading);
                return self.shown(operands.last(), show);
            }
            _ => {}
        }
        Ok(())
    }

    fn shown(&mut self, operand: Option<&Operand>, show: &mut Show<'_>) -> Result<(), Failure> {
        match operand {
            Some(Operand::Text(text)) => show(self, &[Item::Text(text.clone())]),
            Some(Operand::List(items)) => show(self, items),
            _ => Ok(()),
        }
    }

    fn next_line(&mut self, x: f32, y: f32) {
        self.line = then([1.0, 0.0, 0.0, 1.0, x, y], self.line);
        self.text = self.line;
    }

    fn forward(&mut self, by: f32) {
        self.text[4] += by * self.text[0];
        self.text[5] += by * self.text[1];
    }

    /// Where it stands on the page.
    fn at(&self, rise: f32) -> (f32, f32) {
        let at = then(then([1.0, 0.0, 0.0, 1.0, 0.0, rise], self.text), self.state.place);
        (at[4], at[5])
    }

    /// How high letters of a size are on the page.
    fn height(&self, size: f32) -> f32 {
        let at = then(self.text, self.state.place);
        (at[2].hypot(at[3]) * size).abs()
    }
}
