//! The parts of a PDF, out of its bytes. The library makes all of them at once, so that what it may make is counted while it does:
//! each part as it comes, and those within compressed parts one by one, here.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Instant;

use dsl::catalog::Failure;
use lopdf::xref::XrefEntry;
use lopdf::{
    DecompressError, Dictionary, Document, Error, LoadOptions, Object, ObjectId, ObjectStream, Stream,
};

use super::tokens::{delimits, is_blank};
use super::{invalid, limit, too_long};

/// The most bytes that one compressed part of a file becomes.
pub(super) const UNPACKED: usize = 16 * 1024 * 1024;

/// The most bytes that all parts with parts in them become.
const WITHIN: usize = 64 * 1024 * 1024;

/// The most bytes of memory of all parts, about.
const WEIGHT: usize = 256 * 1024 * 1024;

/// The most words, numbers and names of a file, and of a part: each becomes a hundred bytes.
const WORDS: usize = 3_000_000;

/// What is said of a file that needs a key.
const LOCKED: &str =
    "the file is protected by a password; save a copy without protection, as by printing it into a PDF";

/// Reads the parts of a file.
pub(super) fn load(bytes: &[u8], due: Instant) -> Result<Document, Failure> {
    if !bytes.windows(5).take(1024 + 5).any(|window| window == b"%PDF-") {
        return Err(invalid("the file is no PDF"));
    }
    if words(bytes) > WORDS {
        return Err(limit(&format!("the file has more than {WORDS} words and numbers")));
    }
    // The library opens a file by an empty password without counting, so it never sees one.
    if has_name(bytes, b"Encrypt") {
        return Err(invalid(LOCKED));
    }
    let document = loaded(bytes, due, Places::AsWritten)?;
    if document.page_iter().next().is_some() {
        return Ok(document);
    }
    drop(document);
    loaded(bytes, due, Places::LookedFor)
}

/// Where the parts of a file are taken to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Places {
    /// Where its table says.
    AsWritten,
    /// Where they are found: its table is damaged.
    LookedFor,
}

/// What is counted while the library makes the parts.
struct Loading {
    due: Instant,
    weight: usize,
    /// Parts with parts in them, which the library does not get to open.
    aside: BTreeMap<ObjectId, Stream>,
}

thread_local! {
    // The library takes a bare function, which has nowhere else to count.
    static LOADING: RefCell<Option<Loading>> = const { RefCell::new(None) };
}

fn loaded(bytes: &[u8], due: Instant, places: Places) -> Result<Document, Failure> {
    LOADING.set(Some(Loading { due, weight: 0, aside: BTreeMap::new() }));
    let options = LoadOptions {
        filter: Some(counted),
        max_decompressed_size: Some(UNPACKED),
        force_reconstruct: places == Places::LookedFor,
        ..LoadOptions::default()
    };
    let document = Document::load_mem_with_options(bytes, options);
    let loading = LOADING.take();
    let mut document = document.map_err(|error| told(&error))?;
    if let Some(mut loading) = loading {
        let aside = std::mem::take(&mut loading.aside);
        let mut within = 0;
        for (id, stream) in aside {
            open(&mut document, &mut loading, id.0, &stream, &mut within)?;
        }
    }
    Ok(document)
}

/// Counts a part. There is no other way out of the library than to throw what is wrong.
fn counted(id: ObjectId, object: &mut Object) -> Option<(ObjectId, Object)> {
    let taken = LOADING.with_borrow_mut(|loading| {
        let Some(loading) = loading else { return Ok(true) };
        loading.count(object)?;
        match object {
            Object::Stream(stream) if stream.dict.has_type(b"ObjStm") => {
                loading.aside.insert(id, stream.clone());
                Ok(false)
            }
            _ => Ok(true),
        }
    });
    match taken {
        Ok(true) => Some((id, object.clone())),
        Ok(false) => None,
        Err(failure) => std::panic::resume_unwind(Box::<Failure>::new(failure)),
    }
}

impl Loading {
    fn count(&mut self, object: &Object) -> Result<(), Failure> {
        self.weight = self.weight.saturating_add(weight(object));
        if self.weight > WEIGHT {
            return Err(limit(&format!("the file becomes more than {WEIGHT} bytes when it is read")));
        }
        if Instant::now() > self.due { Err(too_long()) } else { Ok(()) }
    }
}

/// About how many bytes of memory a part takes.
fn weight(object: &Object) -> usize {
    let of_dictionary =
        |dict: &Dictionary| -> usize { dict.iter().map(|(key, value)| 64 + key.len() + weight(value)).sum() };
    size_of::<Object>()
        + match object {
            Object::Name(bytes) | Object::String(bytes, _) => bytes.len(),
            Object::Array(items) => items.iter().map(weight).sum(),
            Object::Dictionary(dict) => of_dictionary(dict),
            Object::Stream(stream) => of_dictionary(&stream.dict) + stream.content.len(),
            Object::Null
            | Object::Boolean(_)
            | Object::Integer(_)
            | Object::Real(_)
            | Object::Reference(_) => 0,
        }
}

/// Makes the parts that are within another one. Each ends where the next begins, so that none is made twice.
fn open(
    document: &mut Document,
    loading: &mut Loading,
    container: u32,
    stream: &Stream,
    within: &mut usize,
) -> Result<(), Failure> {
    let content = match stream.get_plain_content_with_limit(UNPACKED) {
        Ok(content) => content,
        Err(error @ Error::Decompress(DecompressError::MemoryLimitExceeded { .. })) => {
            return Err(told(&error));
        }
        // A damaged one loses what is in it.
        Err(_) => return Ok(()),
    };
    *within += content.len();
    if *within > WITHIN {
        return Err(limit(&format!(
            "the parts of the file become more than {WITHIN} bytes when they are unpacked"
        )));
    }
    if words(&content) > WORDS {
        return Err(limit(&format!("a part of the file has more than {WORDS} words and numbers")));
    }
    let first =
        stream.dict.get(b"First").and_then(Object::as_i64).ok().and_then(|first| usize::try_from(first).ok());
    let Some((index, parts)) = first.and_then(|first| content.split_at_checked(first)) else { return Ok(()) };
    let mut numbers = index
        .split(|byte| is_blank(*byte))
        .filter(|word| !word.is_empty())
        .map(|word| std::str::from_utf8(word).ok().and_then(|word| word.parse::<u32>().ok()));
    let mut places: BTreeMap<usize, u32> = BTreeMap::new();
    while let (Some(Some(number)), Some(Some(place))) = (numbers.next(), numbers.next()) {
        places.entry(place as usize).or_insert(number);
    }
    let ends: Vec<usize> = places.keys().skip(1).copied().chain([parts.len()]).collect();
    for ((begin, number), end) in places.into_iter().zip(ends) {
        let Some(part) = parts.get(begin..end.min(parts.len())) else { continue };
        let here = match document.reference_table.entries.get(&number) {
            Some(XrefEntry::Compressed { container: said, .. }) => *said == container,
            Some(XrefEntry::Normal { .. } | XrefEntry::Free | XrefEntry::UnusableFree) => false,
            None => true,
        };
        if !here {
            continue;
        }
        if let Some(object) = made(part) {
            loading.count(&object)?;
            document.objects.entry((number, 0)).or_insert(object);
        }
    }
    Ok(())
}

/// A part out of its bytes.
fn made(part: &[u8]) -> Option<Object> {
    let mut dict = Dictionary::new();
    dict.set("Type", "ObjStm");
    dict.set("N", 1);
    dict.set("First", 4);
    let alone = Stream::new(dict, [b"1 0 ", part].concat());
    let mut made = ObjectStream::new_with_limit(&alone, Some(part.len() + 4)).ok()?;
    made.objects.remove(&(1, 0))
}

/// How many words, numbers, names and beginnings there are, whatever they belong to.
fn words(bytes: &[u8]) -> usize {
    let mut apart = true;
    let mut count = 0;
    for byte in bytes {
        let ends = is_blank(*byte) || delimits(*byte);
        if matches!(byte, b'[' | b'<' | b'(' | b'/') || (apart && !ends && byte.is_ascii_graphic()) {
            count += 1;
        }
        apart = ends;
    }
    count
}

/// Whether a name stands anywhere, also with its letters written as numbers.
fn has_name(bytes: &[u8], name: &[u8]) -> bool {
    let slashes = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    slashes.into_iter().any(|(at, _)| {
        let mut rest = &bytes[at + 1..];
        for wanted in name {
            let (found, length) = match rest {
                [b'#', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
                    (digit(*high) * 16 + digit(*low), 3)
                }
                [byte, ..] => (*byte, 1),
                [] => return false,
            };
            if found != *wanted {
                return false;
            }
            rest = &rest[length..];
        }
        rest.first().is_none_or(|byte| is_blank(*byte) || delimits(*byte))
    })
}

fn told(error: &Error) -> Failure {
    match error {
        Error::Decompress(DecompressError::MemoryLimitExceeded { .. }) => {
            limit(&format!("a part of the file becomes more than {UNPACKED} bytes when it is unpacked"))
        }
        Error::InvalidPassword | Error::Decryption(_) => invalid(LOCKED),
        _ => invalid("the file is a damaged PDF; open it and save it anew"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_however_it_is_written() {
        for text in ["<</Encrypt 5 0 R>>", "/#45ncrypt<<", "/Encr#79pt", "a/Encrypt/B"] {
            assert!(has_name(text.as_bytes(), b"Encrypt"), "{text}");
        }
        for text in ["<</EncryptMetadata true>>", "/Encryp", "Encrypt", "/#4ncrypt", "/encrypt "] {
            assert!(!has_name(text.as_bytes(), b"Encrypt"), "{text}");
        }
    }

    #[test]
    fn words_are_counted_before_they_are_made() {
        assert_eq!(words(b"1 0 obj [1 2 (a) <41>/N/M] endobj"), 15);
        assert_eq!(words(&[0, 200, 0, 7, 0, 255]), 0);
    }
}
