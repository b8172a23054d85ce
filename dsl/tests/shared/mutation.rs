//! Texts made of other texts: parts cut out, doubled, moved and mixed, and pieces that mean something put in.

#![allow(missing_docs)]

/// A small generator: the same seed gives the same texts for ever.
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    pub fn below(&mut self, most: usize) -> usize {
        (self.next() % most.max(1) as u64) as usize
    }
}

const PIECES: &[&str] = &[
    "{{",
    "}}",
    "{",
    "}",
    "[",
    "]",
    ": ",
    "\n",
    "  ",
    "\t",
    " #",
    "\"",
    "'",
    "|",
    ">-",
    "&a ",
    "*a",
    "!x ",
    "<<: ",
    "- ",
    "?",
    "é",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\\",
    "\r\n",
    "---",
    "...",
    "%",
    "steps.a",
    "null",
    "1e999",
    "0x",
    "x-",
    "\0",
    "steps:",
    "for_each: ",
    "output: ",
    "catch: ",
    "if: ",
    "~",
    "𝄞",
    "\\u12",
    "{{#if",
    "{{/each}}",
    "\u{301}",
];

pub fn mutated(chance: &mut Chance, sources: &[String]) -> String {
    let mut chars: Vec<char> = sources[chance.below(sources.len())].chars().collect();
    for _ in 0..=chance.below(4) {
        let at = chance.below(chars.len() + 1);
        let end = (at + chance.below(12)).min(chars.len());
        match chance.below(5) {
            0 => drop(chars.drain(at..end)),
            1 => drop(chars.splice(at..at, PIECES[chance.below(PIECES.len())].chars())),
            2 => drop(chars.splice(at..end, PIECES[chance.below(PIECES.len())].chars())),
            3 => {
                let copy: Vec<char> = chars[at..end].to_vec();
                let to = chance.below(chars.len() + 1);
                drop(chars.splice(to..to, copy));
            }
            _ => {
                let other: Vec<char> = sources[chance.below(sources.len())].chars().collect();
                let from = chance.below(other.len());
                let to = (from + chance.below(60)).min(other.len());
                drop(chars.splice(at..at, other[from..to].iter().copied()));
            }
        }
    }
    chars.into_iter().collect()
}
