//! How many tokens something will take, without a tokenizer: what is likely, and what is never passed.
//!
//! *Likely* counts words, digits and signs (`count`), as o200k_base makes tokens of them, times what is known of a
//! provider: of English, Anthropic's first public tokenizer makes about as many, of Russian twice as many. For others it
//! is a guess of the same kind.
//!
//! *At most* rests on what tokenizers are: they cut bytes, and at the worst each byte is a token (which o200k_base
//! reaches on rare scripts). Some normalise text before that (NFKC), and `ﷺ` of three bytes becomes 33: Anthropic's
//! first makes 15 tokens of it. So the longer of the two forms counts. What stands around a text (roles, tools, forms,
//! pictures) is not published and has generous allowances; they are no measurement.

mod count;

use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;

use crate::chat::{Form, Part, Question};
pub use count::Counter;

/// What is said around each turn, at most.
const TURN: u64 = 32;

/// What is said around a conversation, at most.
const QUESTION: u64 = 128;

/// What is said around tools and forms, at most: providers explain to the model how to use them.
const TOOLS: u64 = 2048;

/// Tools and forms are told in the provider's own words: so many times their length at most.
const RETOLD: u64 = 2;

/// How a provider counts, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// How many tokens it makes where o200k_base makes one.
    pub times: f64,
    /// What a picture takes, usually.
    pub image: u64,
    /// What a picture takes at most.
    pub image_at_most: u64,
}

impl Estimate {
    /// The likely tokens of what was counted.
    pub fn likely(&self, counted: u64) -> u64 {
        // In hundredths. A file whose rate is no number is refused; the cast saturates.
        (counted as f64 / 100.0 * self.times.max(0.1)).ceil() as u64
    }

    /// The likely tokens of a text.
    pub fn text(&self, text: &str) -> u64 {
        self.likely(Counter::of(text).hundredths())
    }
}

/// How many tokens a question takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// Likely.
    pub likely: u64,
    /// At most.
    pub at_most: u64,
}

/// The most tokens that a text can be.
pub fn at_most(text: &str) -> u64 {
    if text.is_ascii() {
        return text.len() as u64;
    }
    let normalised: usize = text.nfkc().map(char::len_utf8).sum();
    text.len().max(normalised) as u64
}

/// How many tokens a question takes to read.
pub fn question(question: &Question, by: &Estimate) -> Tokens {
    Size::of(question).tokens(by)
}

/// How large a question is, whoever reads it: measured once, counted for each provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// What is counted of its texts, in hundredths of a token.
    counted: u64,
    turns: u64,
    images: u64,
    /// The most tokens of all but pictures.
    at_most: u64,
}

impl Size {
    /// Measures a question.
    pub fn of(question: &Question) -> Size {
        let mut size = Size::of_beginning(question);
        for message in &question.messages {
            (size.turns, size.at_most) = (size.turns + 1, size.at_most + TURN);
            message.parts.iter().for_each(|part| size.part(part));
        }
        if let Form::Json { schema, .. } = &question.form {
            size.retold(&schema.to_string());
            if question.tools.is_empty() {
                size.at_most += TOOLS;
            }
        }
        size
    }

    /// Measures what a question begins with: its system and its tools.
    pub fn of_beginning(question: &Question) -> Size {
        let mut size = Size { at_most: QUESTION, ..Size::default() };
        question.system.iter().for_each(|text| size.text(text));
        if !question.tools.is_empty() {
            size.at_most += TOOLS;
        }
        for tool in &question.tools {
            [&*tool.name, &tool.about, &tool.schema.to_string()]
                .into_iter()
                .for_each(|text| size.retold(text));
            size.at_most += TURN;
        }
        size
    }

    /// What it takes with a provider.
    pub fn tokens(&self, by: &Estimate) -> Tokens {
        Tokens {
            likely: by.likely(self.counted) + 4 * self.turns + by.image * self.images,
            at_most: self.at_most + by.image_at_most * self.images,
        }
    }

    fn text(&mut self, text: &str) {
        self.counted += Counter::of(text).hundredths();
        self.at_most += at_most(text);
    }

    fn retold(&mut self, text: &str) {
        self.counted += Counter::of(text).hundredths();
        self.at_most += RETOLD * at_most(text);
    }

    fn part(&mut self, part: &Part) {
        match part {
            Part::Text { text, seal } => {
                self.text(text);
                self.at_most += seal.as_deref().map_or(0, at_most);
            }
            Part::Image(_) => self.images += 1,
            Part::Call(call) => {
                [&*call.id, &call.name, &call.arguments.to_string()]
                    .into_iter()
                    .for_each(|text| self.text(text));
                self.at_most += TURN + call.seal.as_deref().map_or(0, at_most);
            }
            Part::Result(result) => {
                [&result.call, &result.name, &result.text].into_iter().for_each(|text| self.text(text));
                self.at_most += TURN;
            }
            Part::Thinking(thinking) => {
                self.counted += Counter::of(&thinking.text).hundredths();
                self.at_most += at_most(&thinking.raw.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Image, Message, Role, Tool};

    /// Texts with what two published tokenizers made of them: o200k_base, and Anthropic's first.
    const COUNTED: [(&str, usize, [u64; 2]); 7] = [
        ("ﷺ", 200, [400, 3000]),
        ("ﷺ", 1, [2, 15]),
        ("㌀", 50, [100, 150]),
        ("½", 100, [100, 201]),
        ("é", 300, [300, 300]),
        ("\u{1}", 200, [200, 200]),
        ("한", 300, [300, 300]),
    ];

    #[test]
    fn no_text_passes_its_bound() {
        for (text, times, counts) in COUNTED {
            let bound = at_most(&text.repeat(times));
            assert!(counts.into_iter().all(|count| count <= bound), "{text:?}: {bound}");
        }
        assert_eq!(at_most("½"), 5, "normalised it is longer");
    }

    #[test]
    fn every_part_of_a_question_counts() {
        let by = Estimate { times: 1.0, image: 100, image_at_most: 1000 };
        let mut asked = Question::new("m", "xx, ".repeat(100));
        let mut last = self::question(&asked, &by);
        assert_eq!((last.likely, last.at_most), (204, 400 + TURN + QUESTION));
        let mut grows = |asked: &Question| {
            let tokens = self::question(asked, &by);
            assert!(
                tokens.likely > last.likely
                    && tokens.at_most > last.at_most
                    && tokens.likely <= tokens.at_most
            );
            last = tokens;
        };
        asked.system = Some("be brief and kind".into());
        grows(&asked);
        asked.tools.push(Tool {
            name: "find".into(),
            about: "Finds.".into(),
            schema: serde_json::json!({ "type": "object" }),
        });
        grows(&asked);
        asked.form = Form::Json { name: "a".into(), schema: serde_json::json!({ "type": "object" }) };
        grows(&asked);
        asked.messages.push(Message::new(
            Role::User,
            vec![Part::Image(Image::Url("https://example.com/a.png".into()))],
        ));
        grows(&asked);
    }
}
