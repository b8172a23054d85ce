//! A text in the form in which grammars and indexes read it: small letters without accents, apostrophes as spaces; with the
//! places where each letter stood.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A text in its normal form.
#[derive(Clone, Debug, Default)]
pub struct Normal {
    /// The text: letters, digits and signs, all of them small and without accents.
    pub text: String,
    /// Where each byte of it came from, and at the end where the original ends.
    origins: Vec<usize>,
}

impl Normal {
    /// Brings a text into its normal form.
    pub fn of(original: &str) -> Normal {
        let mut normal = Normal::default();
        for (at, char) in original.char_indices() {
            match char {
                '\'' | '’' | '`' | '\u{a0}' | '\t' | '\n' | '\r' => normal.push(' ', at),
                '–' | '—' => normal.push('-', at),
                'ß' => ['s', 's'].into_iter().for_each(|char| normal.push(char, at)),
                _ => {
                    for part in char.to_lowercase().flat_map(|small| std::iter::once(small).nfd()) {
                        if !is_combining_mark(part) {
                            normal.push(part, at);
                        }
                    }
                }
            }
        }
        normal.origins.push(original.len());
        normal
    }

    fn push(&mut self, char: char, origin: usize) {
        self.text.push(char);
        self.origins.resize(self.text.len(), origin);
    }

    /// The place in the original of a place in the normal form.
    pub fn origin(&self, range: Range<usize>) -> Range<usize> {
        let at = |place: usize| self.origins.get(place).or(self.origins.last()).copied().unwrap_or(0);
        at(range.start)..at(range.end)
    }

    /// The beginnings of its words.
    pub fn words(&self) -> impl Iterator<Item = usize> + '_ {
        let bytes = self.text.as_bytes();
        let inside = |at: usize| bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric());
        (0..bytes.len())
            .filter(move |at| self.text.is_char_boundary(*at) && inside(*at) && (*at == 0 || !inside(at - 1)))
    }
}

/// The normal form of a text alone.
pub fn normal(text: &str) -> String {
    Normal::of(text).text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_go_and_places_stay() {
        let normal = Normal::of("Täglich à l’Élysée");
        assert_eq!(normal.text, "taglich a l elysee");
        assert_eq!(normal.origin(0..7), 0..8);
        assert_eq!(normal.origin(0..normal.text.len()), 0.."Täglich à l’Élysée".len());
    }
}
