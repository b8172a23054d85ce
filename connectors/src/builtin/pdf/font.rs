//! What the codes in a text stand for: letters, and how wide they are. The table that says which letters (`ToUnicode`) is read here: the
//! library makes an entry for each code of a range, and a range may have four billion.

use std::collections::HashMap;

use lopdf::{Dictionary, Document, Encoding, Object};

use super::tokens::{Token, Tokens};

/// The most entries of a table, and widths of a font.
const ENTRIES: usize = 100_000;

/// What stands for a letter that nobody knows.
pub(super) const UNKNOWN: char = '\u{fffd}';

/// How wide a letter is where nothing is said, in thousandths of its height.
const WIDTH: f32 = 500.0;

/// What gives the content of a part; nothing where it is damaged.
pub(super) type Unpack<'a, E> = dyn FnMut(&lopdf::Stream) -> Result<Option<Vec<u8>>, E> + 'a;

/// A font.
#[derive(Debug)]
pub(super) struct Font {
    /// Which letters, where the font says it itself.
    table: Option<Table>,
    codes: Codes,
    widths: HashMap<u32, f32>,
    /// Of letters that are not among `widths`.
    width: f32,
}

/// How codes become letters without a table.
#[derive(Debug)]
enum Codes {
    /// One byte each: the letters of all 256.
    Bytes(Box<[String; 256]>),
    /// Two bytes each, which are letters in UTF-16.
    Utf16,
    /// So many bytes each; which letters they are nobody knows.
    Glyphs(usize),
}

/// A letter of a text.
pub(super) struct Letter {
    pub(super) text: String,
    /// In thousandths of its height.
    pub(super) width: f32,
    /// Whether it is a blank of one byte, which may be stretched.
    pub(super) blank: bool,
}

impl Font {
    /// Reads a font; `unpack` gives the content of a part within limits.
    pub(super) fn read<E>(
        document: &Document,
        dict: &Dictionary,
        unpack: &mut Unpack<'_, E>,
    ) -> Result<Font, E> {
        let mut table = None;
        if let Ok(Object::Stream(stream)) = dict.get_deref(b"ToUnicode", document)
            && let Some(content) = unpack(stream)?
        {
            table = Some(Table::read(&content)).filter(|table| !table.entries.is_empty());
        }
        let kind = name(document, dict, b"Subtype");
        if kind == b"Type0" {
            let said = match dict.get_deref(b"Encoding", document) {
                Ok(Object::Name(said)) => said.clone(),
                _ => vec![],
            };
            let utf16 =
                said.starts_with(b"Uni") && said.windows(4).any(|part| part == b"UCS2" || part == b"UTF1");
            let codes = match (utf16, &table) {
                (true, _) => Codes::Utf16,
                // A table of codes of one byte is for texts of such.
                (false, Some(table)) if said.is_empty() => Codes::Glyphs(table.shortest()),
                (false, _) => Codes::Glyphs(2),
            };
            let (widths, width) = of_composite(document, dict);
            return Ok(Font { table, codes, widths, width });
        }
        let (mut widths, mut width) = of_simple(document, dict);
        if kind == b"Type3" {
            // Its widths are in units of its own.
            let unit = numbers(document, dict, b"FontMatrix").first().copied().unwrap_or(0.001) * 1000.0;
            widths.values_mut().for_each(|width| *width *= unit);
            width *= unit;
        }
        Ok(Font { table, codes: Codes::Bytes(Box::new(letters(document, dict))), widths, width })
    }

    /// The letters of a text.
    pub(super) fn letters<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = Letter> + 'a {
        let length = match &self.codes {
            Codes::Bytes(_) => 1,
            Codes::Utf16 => 2,
            Codes::Glyphs(length) => *length,
        };
        text.chunks(length).map(move |bytes| {
            let code = bytes.iter().fold(0_u32, |code, byte| code << 8 | u32::from(*byte));
            let known = self.table.as_ref().and_then(|table| table.letters(bytes.len(), code));
            let text = known.unwrap_or_else(|| match &self.codes {
                Codes::Bytes(letters) => letters[code as usize & 0xFF].clone(),
                Codes::Utf16 => char::from_u32(code).unwrap_or(UNKNOWN).to_string(),
                Codes::Glyphs(_) => UNKNOWN.to_string(),
            });
            let width = self.widths.get(&code).copied().unwrap_or(self.width);
            Letter { text, width, blank: bytes == b" " }
        })
    }
}

fn name<'a>(document: &'a Document, dict: &'a Dictionary, key: &[u8]) -> &'a [u8] {
    dict.get_deref(key, document).and_then(Object::as_name).unwrap_or_default()
}

fn numbers(document: &Document, dict: &Dictionary, key: &[u8]) -> Vec<f32> {
    let items = dict.get_deref(key, document).and_then(Object::as_array);
    let number = |item: &Object| document.dereference(item).ok().and_then(|(_, item)| item.as_float().ok());
    items
        .map(|items| items.iter().take(ENTRIES).map(|item| number(item).unwrap_or(0.0)).collect())
        .unwrap_or_default()
}

fn of_simple(document: &Document, dict: &Dictionary) -> (HashMap<u32, f32>, f32) {
    let first = dict.get_deref(b"FirstChar", document).and_then(Object::as_i64).ok();
    let first = first.and_then(|first| u32::try_from(first).ok()).unwrap_or(0);
    let widths: HashMap<u32, f32> =
        (first..).zip(numbers(document, dict, b"Widths").into_iter().take(256)).collect();
    let described = dict.get_deref(b"FontDescriptor", document).and_then(Object::as_dict);
    let missing = described.and_then(|described| described.get_deref(b"MissingWidth", document)?.as_float());
    let width = missing.ok().filter(|width| *width > 0.0).unwrap_or(WIDTH);
    (widths, width)
}

fn of_composite(document: &Document, dict: &Dictionary) -> (HashMap<u32, f32>, f32) {
    let mut widths = HashMap::new();
    let below = dict.get_deref(b"DescendantFonts", document).and_then(Object::as_array);
    let below = below.ok().and_then(|below| document.dereference(below.first()?).ok()?.1.as_dict().ok());
    let Some(below) = below else { return (widths, 1000.0) };
    let width = below.get_deref(b"DW", document).and_then(Object::as_float).unwrap_or(1000.0);
    let Ok(said) = below.get_deref(b"W", document).and_then(Object::as_array) else { return (widths, width) };
    let plain = |item: &Object| document.dereference(item).map(|(_, item)| item.clone()).ok();
    let code = |item: Option<Object>| {
        item?.as_float().ok().filter(|code| (0.0..=65_535.0).contains(code)).map(|code| code as u32)
    };
    let mut items = said.iter();
    // `code [ width … ]`, or `first last width`.
    while let Some(first) = code(items.next().and_then(plain)) {
        match items.next().and_then(plain) {
            Some(Object::Array(each)) => {
                for (code, width) in (first..).zip(&each) {
                    widths.insert(code, width.as_float().unwrap_or(0.0));
                }
            }
            last => {
                let (Some(last), Some(width)) = (code(last), items.next().and_then(plain)) else { break };
                let width = width.as_float().unwrap_or(0.0);
                widths.extend((first..=last).map(|code| (code, width)));
            }
        }
        if widths.len() > ENTRIES {
            break;
        }
    }
    (widths, width)
}

/// The letters of all codes of a byte, by the font's list of letters and what differs from it.
fn letters(document: &Document, dict: &Dictionary) -> [String; 256] {
    let said = dict.get_deref(b"Encoding", document).ok();
    let (base, differences) = match said {
        Some(Object::Name(base)) => (base.clone(), None),
        Some(Object::Dictionary(said)) => {
            let differences = said.get_deref(b"Differences", document).and_then(Object::as_array).ok();
            (name(document, said, b"BaseEncoding").to_vec(), differences)
        }
        _ => (vec![], None),
    };
    let base: &[u8] = match &base[..] {
        known @ (b"MacRomanEncoding" | b"MacExpertEncoding" | b"WinAnsiEncoding") => known,
        _ => b"StandardEncoding",
    };
    let mut alone = Dictionary::new();
    alone.set("Type", "Font");
    alone.set("Encoding", Object::Name(base.to_vec()));
    let mut letters = std::array::from_fn(|_| String::new());
    if let Ok(encoding) = alone.get_font_encoding_with_limit(document, 0) {
        for (code, letter) in (0..=255_u8).zip(&mut letters) {
            *letter = Document::decode_text(&encoding, &[code]).unwrap_or_default();
        }
    }
    let mut code = 0_usize;
    for item in differences.into_iter().flatten().take(1024) {
        match item {
            Object::Integer(number) => code = usize::try_from(*number).unwrap_or(256),
            Object::Name(glyph) => {
                if let Some(letter) = letters.get_mut(code) {
                    *letter = of_glyph(document, glyph);
                }
                code += 1;
            }
            _ => {}
        }
    }
    letters
}

/// The letter that a glyph of this name draws.
fn of_glyph(document: &Document, glyph: &[u8]) -> String {
    if glyph == b".notdef" {
        return String::new();
    }
    // `a.alt` is an `a`, and `f_i` two letters.
    let stem = glyph.split(|byte| *byte == b'.').next().unwrap_or(glyph);
    let parts = stem.split(|byte| *byte == b'_');
    parts.map(|part| of_plain_glyph(document, part).unwrap_or_else(|| UNKNOWN.to_string())).collect()
}

fn of_plain_glyph(document: &Document, glyph: &[u8]) -> Option<String> {
    let mut differences = Dictionary::new();
    differences.set("Differences", vec![Object::Integer(0), Object::Name(glyph.to_vec())]);
    let mut alone = Dictionary::new();
    alone.set("Type", "Font");
    alone.set("Encoding", Object::Dictionary(differences));
    if let Ok(encoding @ Encoding::Differences(_)) = alone.get_font_encoding_with_limit(document, 0) {
        return Document::decode_text(&encoding, &[0]).ok();
    }
    let glyph = std::str::from_utf8(glyph).ok()?;
    let hex = glyph.strip_prefix("uni").or_else(|| glyph.strip_prefix('u'))?;
    let code = hex.get(..4.max(hex.len().min(6))).and_then(|hex| u32::from_str_radix(hex, 16).ok())?;
    char::from_u32(code).map(String::from)
}

/// Which letters codes stand for: ranges, by the bytes of a code and where they begin.
#[derive(Debug, Default)]
struct Table {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    /// How many bytes a code has.
    bytes: usize,
    first: u32,
    last: u32,
    /// The letters of the first, in UTF-16; those of the next end one later.
    letters: Vec<u16>,
}

impl Table {
    fn read(content: &[u8]) -> Table {
        let mut entries = vec![];
        let mut tokens = Tokens::new(content);
        while let Some(token) = tokens.next() {
            match token {
                Token::Word(b"beginbfchar") => chars(&mut tokens, &mut entries),
                Token::Word(b"beginbfrange") => ranges(&mut tokens, &mut entries),
                _ => {}
            }
            if entries.len() > ENTRIES {
                break;
            }
        }
        entries.sort_by_key(|entry: &Entry| (entry.bytes, entry.first));
        Table { entries }
    }

    fn letters(&self, bytes: usize, code: u32) -> Option<String> {
        let after = self.entries.partition_point(|entry| (entry.bytes, entry.first) <= (bytes, code));
        let entry = self.entries.get(after.checked_sub(1)?)?;
        if entry.bytes != bytes || entry.last < code {
            return None;
        }
        let mut letters = entry.letters.clone();
        if let Some(last) = letters.last_mut() {
            *last = last.wrapping_add((code - entry.first) as u16);
        }
        Some(String::from_utf16_lossy(&letters))
    }

    fn shortest(&self) -> usize {
        self.entries.iter().map(|entry| entry.bytes).min().unwrap_or(2).clamp(1, 4)
    }
}

fn code(text: &[u8]) -> Option<u32> {
    (1..=4).contains(&text.len()).then(|| text.iter().fold(0, |code, byte| code << 8 | u32::from(*byte)))
}

fn utf16(text: &[u8]) -> Vec<u16> {
    // A ligature has a few letters; more than that is no letter.
    text.chunks(2)
        .take(16)
        .map(|pair| pair.iter().fold(0, |unit, byte| unit << 8 | u16::from(*byte)))
        .collect()
}

fn chars(tokens: &mut Tokens<'_>, entries: &mut Vec<Entry>) {
    while let Some(Token::Text(from)) = tokens.next() {
        let Some(Token::Text(to)) = tokens.next() else { return };
        if let Some(first) = code(&from) {
            entries.push(Entry { bytes: from.len(), first, last: first, letters: utf16(&to) });
        }
        if entries.len() > ENTRIES {
            return;
        }
    }
}

fn ranges(tokens: &mut Tokens<'_>, entries: &mut Vec<Entry>) {
    while let (Some(Token::Text(from)), Some(Token::Text(to))) = (tokens.next(), tokens.next()) {
        let (Some(first), Some(last)) = (code(&from), code(&to)) else { return };
        let bytes = from.len();
        match tokens.next() {
            Some(Token::Text(letters)) => {
                entries.push(Entry { bytes, first, last, letters: utf16(&letters) })
            }
            Some(Token::Open) => {
                let mut at = first;
                while let Some(Token::Text(letters)) = tokens.next() {
                    if at <= last && entries.len() <= ENTRIES {
                        entries.push(Entry { bytes, first: at, last: at, letters: utf16(&letters) });
                    }
                    at = at.saturating_add(1);
                }
            }
            _ => return,
        }
        if entries.len() > ENTRIES {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_table_gives_letters_and_a_range_of_all_codes_makes_one_entry() {
        let table = Table::read(
            b"2 beginbfchar <0003> <0020> <0004> <00660069> endbfchar\n\
              3 beginbfrange <0010> <0012> <0041> <0020> <0021> [<0078> <0079>] <00010000> <FFFFFFFF> <0061> endbfrange",
        );
        let letters = |code| table.letters(2, code);
        assert_eq!(letters(3).as_deref(), Some(" "));
        assert_eq!(letters(4).as_deref(), Some("fi"));
        assert_eq!(letters(0x12).as_deref(), Some("C"));
        assert_eq!(letters(0x21).as_deref(), Some("y"));
        assert_eq!((letters(0x13), letters(0x22), table.letters(1, 3)), (None, None, None));
        assert_eq!(table.letters(4, 0x0001_0001).as_deref(), Some("b"));
        assert_eq!(table.entries.len(), 6);
    }

    #[test]
    fn names_of_glyphs_are_letters() {
        let document = Document::new();
        for (glyph, letter) in [
            ("A", "A"),
            ("udieresis", "ü"),
            ("Euro", "€"),
            ("uni20AC", "€"),
            ("u1F600", "😀"),
            ("f_i", "fi"),
            ("a.alt", "a"),
            ("g17", "\u{fffd}"),
            (".notdef", ""),
        ] {
            assert_eq!(of_glyph(&document, glyph.as_bytes()), letter, "{glyph}");
        }
    }

    #[test]
    fn a_font_without_a_table_has_the_letters_of_its_list() {
        let document = Document::new();
        let mut dict = Dictionary::new();
        dict.set("Type", "Font");
        dict.set("Subtype", "Type1");
        dict.set("Encoding", "WinAnsiEncoding");
        let font = Font::read::<()>(&document, &dict, &mut |_| Ok(None)).unwrap();
        let text: String = font.letters(b"M\xfcller \x80 5").map(|letter| letter.text).collect();
        assert_eq!(text, "Müller € 5");
    }
}
