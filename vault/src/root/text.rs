//! Root keys as text: a line each, `keyway-root`, the generation, 32 bytes in base64. `#` begins a comment.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::cipher::Key;

const WORD: &str = "keyway-root";

/// Reads keys by their generations. What stands in a wrong line is told to nobody.
pub(super) fn keys(text: &str) -> Result<BTreeMap<i64, Key>, &'static str> {
    let mut keys = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let parts: Vec<&str> = line.split_whitespace().collect();
        let [WORD, generation, encoded] = parts[..] else {
            return Err("a line is not `keyway-root`, a number and a key");
        };
        let generation = generation.parse::<i64>().ok().filter(|number| *number > 0);
        let generation = generation.ok_or("a generation is not a number above 0")?;
        let bytes = STANDARD.decode(encoded).map(Zeroizing::new);
        let key = bytes.ok().and_then(|bytes| Key::of(&bytes)).ok_or("a key is not 32 bytes in base64")?;
        if keys.insert(generation, key).is_some() {
            return Err("two keys have the same generation");
        }
    }
    Ok(keys)
}

/// Writes one key.
pub(super) fn line(generation: i64, key: &Key) -> Zeroizing<String> {
    let encoded = Zeroizing::new(STANDARD.encode(key.bytes()));
    let mut line = Zeroizing::new(String::with_capacity(80));
    line.push_str(WORD);
    line.push(' ');
    line.push_str(&generation.to_string());
    line.push(' ');
    line.push_str(&encoded);
    line.push('\n');
    line
}

/// Writes keys.
pub(super) fn of(keys: &BTreeMap<i64, Key>) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(80 * (keys.len() + 1)));
    keys.iter().for_each(|(generation, key)| text.push_str(&line(*generation, key)));
    text
}

/// Writes keys and one more.
pub(super) fn with(keys: &BTreeMap<i64, Key>, generation: i64, key: &Key) -> Zeroizing<String> {
    let mut text = of(keys);
    text.push_str(&line(generation, key));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let (one, two) = (Key::random().unwrap(), Key::random().unwrap());
        let text = with(&BTreeMap::from([(1, one.clone())]), 7, &two);
        let read = keys(&format!("# a comment\n\n{}", *text)).unwrap();
        assert_eq!(read.keys().collect::<Vec<_>>(), [&1, &7]);
        assert_eq!((read[&1].bytes(), read[&7].bytes()), (one.bytes(), two.bytes()));
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_repeated() {
        let key = line(1, &Key::random().unwrap());
        for text in [
            "canary",
            "keyway-root 1 canary",
            "keyway-root x AAAA",
            "keyway-root 0 AAAA",
            &format!("{}{}", *key, *key),
        ] {
            let why = keys(text).err().unwrap();
            assert!(!why.contains("canary"), "{why}");
        }
        assert!(keys("\n# nothing\n").unwrap().is_empty());
    }
}
