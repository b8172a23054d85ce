//! A secret that is looked for afterwards, in every spelling, in all that was written and said.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use memchr::memmem;

/// A secret to be looked for.
#[derive(Clone, Debug)]
pub struct Canary {
    /// The secret itself.
    pub value: String,
}

/// One trace of a canary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Where: a file, or what it was in.
    pub place: PathBuf,
    /// In which spelling.
    pub spelling: &'static str,
}

impl Canary {
    /// A canary whose value tells its name, and is written in each spelling in another way.
    pub fn new(name: &str) -> Canary {
        Canary { value: format!("cnry-{name}-\"/+&7f3a9c2e5b8d1046") }
    }

    /// The value in eight spellings. Base64 has three, since it depends on what stands before the value; of
    /// each only the letters that belong to the value alone are looked for.
    pub fn spellings(&self) -> Vec<(&'static str, Vec<u8>)> {
        let bytes = self.value.as_bytes();
        let hex = |upper: bool| {
            bytes.iter().fold(String::new(), |mut text, byte| {
                let written = if upper { write!(text, "{byte:02X}") } else { write!(text, "{byte:02x}") };
                written.expect("a text takes everything");
                text
            })
        };
        let url = bytes.iter().fold(String::new(), |mut text, byte| {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => text.push(char::from(*byte)),
                other => write!(text, "%{other:02X}").expect("a text takes everything"),
            }
            text
        });
        let json = self.value.replace('\\', "\\\\").replace('"', "\\\"");
        let texts = [
            ("as it is", self.value.clone()),
            ("base64", base64(bytes, 0)),
            ("base64, one behind", base64(bytes, 1)),
            ("base64, two behind", base64(bytes, 2)),
            ("of a URL", url),
            ("hexadecimal", hex(false)),
            ("hexadecimal in capitals", hex(true)),
            ("of JSON", json),
        ];
        texts.map(|(name, text)| (name, text.into_bytes())).into()
    }

    /// Looks for it in a text.
    pub fn in_bytes(&self, place: &Path, content: &[u8]) -> Vec<Trace> {
        let found =
            self.spellings().into_iter().filter(|(_, needle)| memmem::find(content, needle).is_some());
        found.map(|(spelling, _)| Trace { place: place.to_owned(), spelling }).collect()
    }

    /// Looks for it in every file of a folder, however deep, and in their names; gives how many files there are.
    ///
    /// # Panics
    /// Where a file cannot be read.
    pub fn in_folder(&self, folder: &Path) -> (usize, Vec<Trace>) {
        look_through(folder, |place, content| self.in_bytes(place, content))
    }
}

/// Many canaries that are looked for at once, in one pass.
#[derive(Clone, Debug)]
pub struct Flock {
    needles: AhoCorasick,
    spellings: Vec<&'static str>,
}

impl Flock {
    /// Those that are looked for.
    ///
    /// # Panics
    /// Where they are too many for one search, which takes hundreds of thousands.
    pub fn new(canaries: &[Canary]) -> Flock {
        let (spellings, needles): (Vec<_>, Vec<_>) = canaries.iter().flat_map(Canary::spellings).unzip();
        Flock { needles: AhoCorasick::new(needles).expect("a search of them"), spellings }
    }

    /// Looks for each of them in a text; one that stands there often is one trace.
    pub fn in_bytes(&self, place: &Path, content: &[u8]) -> Vec<Trace> {
        let found = self.needles.find_overlapping_iter(content).map(|found| found.pattern().as_usize());
        let found: BTreeSet<usize> = found.collect();
        found.into_iter().map(|at| Trace { place: place.to_owned(), spelling: self.spellings[at] }).collect()
    }

    /// Looks for each of them in every file of a folder, as [`Canary::in_folder`] does for one.
    ///
    /// # Panics
    /// Where a file cannot be read.
    pub fn in_folder(&self, folder: &Path) -> (usize, Vec<Trace>) {
        look_through(folder, |place, content| self.in_bytes(place, content))
    }
}

/// Has the names of all files of a folder, however deep, and what is in them looked at.
fn look_through(folder: &Path, look: impl Fn(&Path, &[u8]) -> Vec<Trace>) -> (usize, Vec<Trace>) {
    let (mut files, mut traces) = (0, vec![]);
    let mut open = vec![folder.to_owned()];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(&at).expect("a folder can be listed").flatten() {
            let path = entry.path();
            traces.extend(look(&path, path.as_os_str().as_encoded_bytes()));
            let kind = entry.file_type().expect("a file has a type");
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_file() {
                files += 1;
                traces.extend(look(&path, &std::fs::read(&path).expect("a file can be read")));
            }
        }
    }
    (files, traces)
}

/// The letters of base64 that depend on these bytes alone, where so many bytes stand before them.
fn base64(bytes: &[u8], before: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let skipped = (3 - before) % 3;
    let whole = bytes.len().saturating_sub(skipped) / 3 * 3;
    bytes[skipped..skipped + whole]
        .chunks(3)
        .flat_map(|three| {
            let bits = three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
            [18, 12, 6, 0].map(|shift| char::from(LETTERS[(bits >> shift & 63) as usize]))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_another_one_and_is_found() {
        let canary = Canary::new("a");
        let spellings = canary.spellings();
        assert_eq!(spellings.len(), 8);
        for (name, text) in &spellings {
            let content = [b"before ", &text[..], b" behind"].concat();
            let found = canary.in_bytes(Path::new("x"), &content);
            assert!(found.iter().any(|trace| trace.spelling == *name), "{name}");
            assert_eq!(found.len(), 1, "{name}: {found:?}");
        }
        assert_eq!(canary.in_bytes(Path::new("x"), b"nothing"), []);
    }

    #[test]
    fn many_are_found_as_each_is() {
        let canaries = ["a", "b", "ab"].map(Canary::new);
        let flock = Flock::new(&canaries);
        for (name, text) in canaries.iter().flat_map(Canary::spellings) {
            // Twice, and what they have in common just before.
            let content = [b"cnry-", &text[..], &text[..]].concat();
            let found = flock.in_bytes(Path::new("x"), &content);
            assert_eq!(found, [Trace { place: "x".into(), spelling: name }]);
        }
        assert_eq!(flock.in_bytes(Path::new("x"), b"cnry-c"), []);
    }

    #[test]
    fn base64_agrees_with_its_standard() {
        assert_eq!(base64(b"open sesame!", 0), "b3BlbiBzZXNhbWUh");
        // `a` + `open sesame!` is YW9wZW4gc2VzYW1lIQ==
        assert_eq!(base64(b"open sesame!", 1), "ZW4gc2VzYW1l");
        assert_eq!(base64(b"open sesame!", 2), "cGVuIHNlc2Ft"[..12].to_owned());
    }
}
