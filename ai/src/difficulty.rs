//! How hard a question is: what its words say of the chance that a model gets it right.
//!
//! Words and pairs of words are hashed into buckets, each weighted by how rare it is; a few numbers tell length and
//! shape. Each head is a logistic regression over them: one of the shipped judge for a grade of models, one for each model
//! of a pool where outcomes of that pool are at hand. Pure and small: it reads the beginning and the end of a text,
//! and its numbers are whole ones in a file (`ai/data/difficulty.json`) that says what it was learned from.

pub mod learn;

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// The edition of what is taken of a text. A judge of another edition is not read.
pub const EDITION: u32 = 2;

/// How many buckets words fall into: so many more than there are words that count that an unknown one seldom falls into
/// the bucket of a known one.
const BUCKETS: usize = 1 << 18;

/// How many numbers of shape there are beside words.
const SHAPES: usize = 11;

/// How much of the beginning and of the end of a text is read, in bytes: it bounds what a look costs.
const READ: (usize, usize) = (1024, 256);

/// What one step of a weight is, so that weights are whole numbers in a file.
const STEP: f32 = 1.0 / 64.0;

/// What is taken of a text: buckets with how often they are met, in order, and its shape.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traits {
    counts: Vec<(u32, u32)>,
    shape: [f32; SHAPES],
}

/// What is foretold of one question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outlook {
    /// For each head its name and the chance of a right answer, 0 to 1.
    pub chances: Vec<(String, f64)>,
    /// Which part of the words was known, 0 to 1. Where it is small, the chances say little.
    pub known: f64,
}

/// Foretells how likely models answer rightly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judge {
    /// `EDITION` when it was learned.
    pub edition: u32,
    /// What it was learned from, and what it may be used for, for people.
    pub about: String,
    /// The SHA-256 of the rows that it was learned from.
    pub learned_from: String,
    /// The day.
    pub date: String,
    /// Why it is not to be followed: on questions that it had not seen it was no better than chance. Nothing where it was
    /// better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacks: Option<String>,
    /// Its buckets, ascending; in a file each as the distance from the one before.
    #[serde(with = "distances")]
    buckets: Vec<u32>,
    /// How rare each is, in steps.
    rarity: Vec<u16>,
    /// What it foretells.
    pub heads: Vec<Head>,
    /// Where each bucket stands in `buckets`, plus one.
    #[serde(skip)]
    places: Vec<u32>,
}

/// One thing that is foretold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Of what: a model, or a grade of models.
    pub name: String,
    /// What it rests on without any words, in steps.
    bias: i32,
    /// What shape adds, in steps.
    shape: [i32; SHAPES],
    /// What each bucket adds, in steps.
    weights: Vec<i16>,
}

impl Traits {
    /// Takes what counts of a text.
    pub fn of(text: &str) -> Traits {
        let (begin, end) = ends(text);
        let mut hashes = Vec::with_capacity(1024);
        let mut shape = Shape::default();
        for part in [begin, end] {
            let mut last = None;
            for word in words(part) {
                shape.words += 1;
                let hash = hashed(word);
                hashes.push(bucket(hash));
                if let Some(last) = last {
                    hashes.push(bucket(mixed(last, hash)));
                }
                last = Some(hash);
            }
            shape.read(part);
        }
        hashes.sort_unstable();
        let mut counts: Vec<(u32, u32)> = Vec::with_capacity(hashes.len());
        for hash in hashes {
            match counts.last_mut() {
                Some((last, count)) if *last == hash => *count += 1,
                _ => counts.push((hash, 1)),
            }
        }
        Traits { counts, shape: shape.numbers(text.len()) }
    }
}

/// The beginning and the end of a text that are read; the end is empty where the beginning is all of it.
fn ends(text: &str) -> (&str, &str) {
    if text.len() <= READ.0 + READ.1 {
        return (text, "");
    }
    (&text[..text.floor_char_boundary(READ.0)], &text[text.ceil_char_boundary(text.len() - READ.1)..])
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// FNV-1a over the bytes in lower case, as far as that is one of ASCII; numbers count by how long they are.
fn hashed(word: &str) -> u64 {
    let digits = word.bytes().all(|byte| byte.is_ascii_digit());
    let letter = |byte: u8| if digits { b'0' } else { byte.to_ascii_lowercase() };
    word.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(letter(byte))).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

fn mixed(one: u64, other: u64) -> u64 {
    (one.rotate_left(23) ^ other).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn bucket(hash: u64) -> u32 {
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (hash >> (64 - BUCKETS.trailing_zeros())) as u32
}

/// What is counted of a text beside its words.
#[derive(Default)]
struct Shape {
    words: usize,
    bytes: usize,
    digits: usize,
    signs: usize,
    lines: usize,
    asks: usize,
    opened: usize,
    commas: usize,
    stops: usize,
    capitals: usize,
}

impl Shape {
    fn read(&mut self, part: &str) {
        for byte in part.bytes() {
            self.bytes += 1;
            self.digits += usize::from(byte.is_ascii_digit());
            self.signs += usize::from(byte.is_ascii_punctuation());
            self.lines += usize::from(byte == b'\n');
            self.asks += usize::from(byte == b'?');
            self.opened += usize::from(byte == b'{');
            self.commas += usize::from(byte == b',');
            self.stops += usize::from(byte == b'.');
            self.capitals += usize::from(byte.is_ascii_uppercase());
        }
    }

    fn numbers(&self, length: usize) -> [f32; SHAPES] {
        let (bytes, words) = (self.bytes.max(1) as f32, self.words.max(1) as f32);
        // How much is asked at once shows in how often such signs stand there, whatever the length.
        let often = |count: usize| (count as f32 + 1.0).ln() / 4.0;
        [
            (length as f32 + 1.0).ln() / 8.0,
            (self.digits as f32 / bytes * 4.0).min(1.0),
            (self.signs as f32 / bytes * 4.0).min(1.0),
            often(self.lines),
            (bytes / words / 10.0).min(1.0),
            often(self.asks),
            often(self.opened),
            often(self.commas),
            often(self.stops),
            often(self.capitals),
            often(self.words),
        ]
    }
}

impl Judge {
    /// Reads one.
    ///
    /// # Errors
    /// Where it is none, or of another edition.
    pub fn read(text: &str) -> Result<Judge, String> {
        let judge: Judge = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let count = judge.buckets.len();
        if judge.edition != EDITION {
            return Err(format!("it is of edition {}, and {EDITION} is read", judge.edition));
        }
        let fits = judge.rarity.len() == count && judge.heads.iter().all(|head| head.weights.len() == count);
        let ordered = judge.buckets.is_sorted_by(|one, next| one < next)
            && judge.buckets.last().is_none_or(|last| (*last as usize) < BUCKETS);
        match fits && ordered {
            true => Ok(judge.placed()),
            false => Err("its lists do not fit together".into()),
        }
    }

    fn placed(mut self) -> Judge {
        self.places = vec![0; BUCKETS];
        for (at, bucket) in self.buckets.iter().enumerate() {
            if let Some(place) = self.places.get_mut(*bucket as usize) {
                *place = u32::try_from(at + 1).unwrap_or(0);
            }
        }
        self
    }

    /// What it foretells of a question with these traits.
    pub fn foretell(&self, traits: &Traits) -> Outlook {
        let (mut norm, mut known, mut all) = (0.0_f32, 0_u32, 0_u32);
        let mut sums = vec![0.0_f32; self.heads.len()];
        for (bucket, count) in &traits.counts {
            all += count;
            let Some(at) = self.place(*bucket) else { continue };
            known += count;
            let value = (1.0 + (*count as f32).ln()) * f32::from(self.rarity[at]) * STEP;
            norm += value * value;
            for (sum, head) in sums.iter_mut().zip(&self.heads) {
                *sum += value * f32::from(head.weights[at]);
            }
        }
        let norm = norm.sqrt().max(f32::MIN_POSITIVE);
        let chances = self.heads.iter().zip(sums).map(|(head, sum)| {
            let shape: f32 =
                head.shape.iter().zip(traits.shape).map(|(weight, value)| *weight as f32 * value).sum();
            let score = (sum / norm + shape + head.bias as f32) * STEP;
            (head.name.clone(), 1.0 / (1.0 + f64::from(-score).exp()))
        });
        Outlook { chances: chances.collect(), known: f64::from(known) / f64::from(all.max(1)) }
    }

    fn place(&self, bucket: u32) -> Option<usize> {
        (*self.places.get(bucket as usize)? as usize).checked_sub(1)
    }
}

/// Numbers that go up, written as the distance of each from the one before, which is short.
mod distances {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(numbers: &[u32], to: S) -> Result<S::Ok, S::Error> {
        let before = [0].iter().chain(numbers);
        to.collect_seq(numbers.iter().zip(before).map(|(number, before)| number - before))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u32>, D::Error> {
        let distances = Vec::<u32>::deserialize(from)?;
        let mut last = 0_u32;
        Ok(distances
            .into_iter()
            .map(|distance| {
                last = last.saturating_add(distance);
                last
            })
            .collect())
    }
}

impl Outlook {
    /// The chance of a head.
    pub fn chance(&self, name: &str) -> Option<f64> {
        self.chances.iter().find(|(head, _)| head == name).map(|(_, chance)| *chance)
    }
}

/// The judge that is shipped: what grades of models do with a question.
pub static SHIPPED: LazyLock<Judge> = LazyLock::new(|| {
    Judge::read(include_str!("../data/difficulty.json")).expect("a test reads the file that is shipped")
});
