//! What is asked of a model: a question, which is answered in words, or texts, whose meaning is told as numbers. Who is
//! asked, what follows from a refusal and how it is counted is the same for both.

use jiff::Timestamp;

use crate::chat::{Answer, Finish, Part, Question, Texts, Vectors};
use crate::estimate::{self, Estimate};
use crate::provider::Provider;
use crate::refusal::{Class, Refusal, Reply};
use crate::remember::Remembered;
use crate::usage::Usage;
use crate::wire::{Delta, Sent, Settings, Stream};

/// Something that is asked.
pub(super) trait Matter: Sync {
    /// What is answered.
    type Answer: Send;
    /// An answer that is being read.
    type Reading: Send;

    /// It, asked of a model; its answer has at most so many tokens.
    fn of(&self, model: &str, length: Option<u64>) -> Self;

    /// It, with what a model is to remember of it, since that is read again soon.
    fn remembered(self, provider: &Provider, model: &str) -> Self;

    /// What it likely takes to read.
    fn likely(&self, by: &Estimate) -> u64;

    /// Its request; nothing where the provider does not answer such.
    fn sent(&self, provider: &Provider, settings: &Settings) -> Option<Sent>;

    /// Begins to read what comes after a status that is right.
    fn begin(&self, provider: &'static Provider) -> Self::Reading;

    /// Takes the next bytes, split anywhere, and gives what is new in them.
    fn hear(reading: &mut Self::Reading, bytes: &[u8]) -> Result<Vec<Delta>, Refusal>;

    /// What an answer took that broke off.
    fn cut(&self, reading: Self::Reading, provider: &Provider) -> Usage;

    /// Nothing more comes: the answer, or why there is none, and what it took.
    fn end(&self, reading: Self::Reading, provider: &Provider) -> (Result<Self::Answer, End>, Usage);
}

/// Why there is no answer where one had begun.
pub(super) enum End {
    /// It is a refusal.
    Refused(Refusal),
    /// It broke off.
    Cut(Refusal),
}

impl Matter for Question {
    type Answer = Answer;
    type Reading = Stream;

    fn of(&self, model: &str, length: Option<u64>) -> Question {
        Question { model: model.to_owned(), max_output: length, ..self.clone() }
    }

    fn remembered(self, provider: &Provider, model: &str) -> Question {
        Remembered::of(&self, provider, model).mark(self)
    }

    fn likely(&self, by: &Estimate) -> u64 {
        estimate::question(self, by).likely
    }

    fn sent(&self, provider: &Provider, settings: &Settings) -> Option<Sent> {
        Some(provider.ask(self, settings))
    }

    fn begin(&self, provider: &'static Provider) -> Stream {
        provider.stream(self)
    }

    fn hear(reading: &mut Stream, bytes: &[u8]) -> Result<Vec<Delta>, Refusal> {
        reading.push(bytes)
    }

    fn cut(&self, reading: Stream, _: &Provider) -> Usage {
        reading.cut().usage
    }

    fn end(&self, reading: Stream, _: &Provider) -> (Result<Answer, End>, Usage) {
        let answer = match reading.end() {
            Ok(answer) => answer,
            Err(refusal) => return (Err(End::Refused(refusal)), Usage::default()),
        };
        let usage = answer.usage;
        let read = match (answer.refusal(), &answer.finish) {
            (Some(refusal), _) => Err(End::Refused(refusal)),
            (None, Finish::Cut) => {
                Err(End::Cut(Refusal::new(Class::Broken, "the answer broke off before its end")))
            }
            (None, _) => Ok(answer),
        };
        (read, usage)
    }
}

impl Matter for Texts {
    type Answer = Vectors;
    type Reading = Vec<u8>;

    fn of(&self, model: &str, _: Option<u64>) -> Texts {
        Texts { model: model.to_owned(), ..self.clone() }
    }

    /// Nobody remembers texts.
    fn remembered(self, _: &Provider, _: &str) -> Texts {
        self
    }

    fn likely(&self, by: &Estimate) -> u64 {
        self.texts.iter().map(|text| by.text(text)).sum()
    }

    fn sent(&self, provider: &Provider, settings: &Settings) -> Option<Sent> {
        provider.embed(self, settings)
    }

    fn begin(&self, _: &'static Provider) -> Vec<u8> {
        vec![]
    }

    fn hear(reading: &mut Vec<u8>, bytes: &[u8]) -> Result<Vec<Delta>, Refusal> {
        reading.extend_from_slice(bytes);
        Ok(vec![])
    }

    /// All was read before anything is answered.
    fn cut(&self, _: Vec<u8>, provider: &Provider) -> Usage {
        Usage::guess(self.likely(&provider.estimate), 0)
    }

    fn end(&self, reading: Vec<u8>, provider: &Provider) -> (Result<Vectors, End>, Usage) {
        let reply = Reply { status: 200, headers: &[], body: &reading };
        match provider.vectors(self, &reply, Timestamp::now()) {
            Ok(vectors) => {
                let usage = vectors.usage;
                (Ok(vectors), usage)
            }
            Err(refusal) => (Err(End::Refused(refusal)), Usage::default()),
        }
    }
}

/// Texts as a question, for what is measured in questions.
pub(super) fn as_question(texts: &[String]) -> Question {
    let mut question = Question::new("", "");
    for message in &mut question.messages {
        message.parts = texts.iter().map(Part::text).collect();
    }
    question.max_output = Some(0);
    question
}
