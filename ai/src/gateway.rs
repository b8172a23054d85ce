//! The shapes in which programs ask: OpenAI's and Anthropic's. What a program sends becomes a `Question`, an `Answer`
//! becomes what the program's library reads, whole or piece by piece, and what went wrong becomes an error of the class
//! that this library knows.
//!
//! Pure: nothing is sent or counted here. What would change the meaning of a question and cannot be kept is refused; what
//! only hints, and what is not known, is passed over. The wires (`crate::wire`) are the other side of the same coin: there
//! we ask, here we are asked.

mod anthropic;
mod fields;
mod openai;
mod sealed;
mod texts;
mod trouble;

use serde_json::Value;

use crate::chat::{Answer, Message, Part, Question};
use crate::provider::Quality;
use crate::wire::Delta;
pub use texts::{Numbers, Vectored};
pub use trouble::{Again, Kind, Trouble};

/// A shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// OpenAI's chat completions, embeddings and models.
    OpenAi,
    /// Anthropic's messages and models.
    Anthropic,
}

/// What a program asks.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The question. Its model is the name that was given, whatever it stands for.
    pub question: Question,
    /// Whether what it took is told at the end of a stream.
    pub tells: Tells,
}

/// Whether what an answer took is told at the end of its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tells {
    /// It is told.
    Usage,
    /// Nobody asked.
    Nothing,
}

/// What is wrong with what a program asks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Wrong {
    /// What, for people.
    pub message: String,
    /// Which field it is about, as in `messages[0].content`.
    pub field: Option<String>,
}

/// Which model is asked: the one that is named, or one of a quality.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Model {
    /// This one.
    Named(String),
    /// The router chooses.
    Chosen(Quality),
}

/// The names under which the router chooses.
pub const CHOSEN: [(&str, Quality); 5] = [
    ("auto", Quality::Standard),
    ("keyway/auto", Quality::Standard),
    ("keyway/high", Quality::High),
    ("keyway/low", Quality::Low),
    ("keyway/standard", Quality::Standard),
];

impl Model {
    /// What a name stands for.
    pub fn of(name: &str) -> Model {
        match CHOSEN.iter().find(|(chosen, _)| *chosen == name) {
            Some((_, quality)) => Model::Chosen(*quality),
            None => Model::Named(name.to_owned()),
        }
    }
}

/// What stands at the head of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// What names the answer alone: letters and digits.
    pub id: String,
    /// The model that answers.
    pub model: String,
    /// When, in seconds since 1970.
    pub created: i64,
    /// How many tokens were likely read, for a stream that tells it before it is known.
    pub reads: u64,
}

/// An answer that is written piece by piece, as server-sent events.
pub trait Pieces: Send {
    /// Adds what a piece becomes, with the beginning before the first.
    fn say(&mut self, heading: &Heading, delta: &Delta, out: &mut String);
    /// Adds what is still missing of an answer, and its end.
    fn end(&mut self, heading: &Heading, answer: &Answer, out: &mut String);
}

impl Shape {
    /// Reads what a program asks.
    ///
    /// # Errors
    /// Where it is no question of this shape, or wants what cannot be kept.
    pub fn read(self, body: &[u8]) -> Result<Request, Wrong> {
        let said = fields::json(body)?;
        match self {
            Shape::OpenAi => openai::read(&said),
            Shape::Anthropic => anthropic::read(&said),
        }
    }

    /// An answer as a whole.
    pub fn whole(self, heading: &Heading, answer: &Answer) -> Value {
        match self {
            Shape::OpenAi => openai::whole(heading, answer),
            Shape::Anthropic => anthropic::whole(heading, answer),
        }
    }

    /// An answer that comes piece by piece.
    pub fn pieces(self, tells: Tells) -> Box<dyn Pieces> {
        match self {
            Shape::OpenAi => Box::new(openai::Chunks::new(tells)),
            Shape::Anthropic => Box::new(anthropic::Events::default()),
        }
    }

    /// What is sent where nothing has come for long, so that nobody on the way gives the stream up.
    pub fn alive(self) -> &'static str {
        match self {
            Shape::OpenAi => ": nothing new yet\n\n",
            Shape::Anthropic => "event: ping\ndata: {\"type\":\"ping\"}\n\n",
        }
    }

    /// The end of a stream that goes wrong.
    pub fn breaks(self, trouble: &Trouble) -> String {
        let said = trouble.body(self);
        match self {
            Shape::OpenAi => format!("data: {said}\n\n"),
            Shape::Anthropic => format!("event: error\ndata: {said}\n\n"),
        }
    }

    /// The models that can be asked, by their names.
    pub fn models<'a>(self, names: impl Iterator<Item = &'a str>) -> Value {
        match self {
            Shape::OpenAi => openai::models(names),
            Shape::Anthropic => anthropic::models(names),
        }
    }

    /// One model.
    pub fn model(self, name: &str) -> Value {
        match self {
            Shape::OpenAi => openai::model(name),
            Shape::Anthropic => anthropic::model(name),
        }
    }
}

/// The tool that was called under an id before: what it gave does not name it.
fn tool_of(turns: &[Message], id: &str) -> Option<String> {
    let mut calls = turns.iter().flat_map(|turn| &turn.parts).filter_map(|part| match part {
        Part::Call(call) if call.id == id => Some(call.name.clone()),
        Part::Call(_) | Part::Text { .. } | Part::Image(_) | Part::Result(_) | Part::Thinking(_) => None,
    });
    calls.next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_model_or_a_quality() {
        assert_eq!(Model::of("keyway/low"), Model::Chosen(Quality::Low));
        assert_eq!(Model::of("auto"), Model::Chosen(Quality::Standard));
        assert_eq!(Model::of("openai/gpt-5.4-mini"), Model::Named("openai/gpt-5.4-mini".into()));
        assert_eq!(Model::of("keyway/best"), Model::Named("keyway/best".into()));
    }
}
