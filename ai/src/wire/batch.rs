//! Batches: a question that a provider answers within a day, for less. Each is one file of code and one line here; the file
//! of a provider says which it speaks.
//!
//! A batch has one question and carries a tag of ours, by which it is found again. Nothing is sent here, and no address
//! that a provider names is followed: all paths are ours, behind the base URL of the key.

mod anthropic;
mod gemini;
mod openai;

use egress::Method;
use jiff::Timestamp;
use serde_json::Value;

use super::{Settings, escaped, text_at};
use crate::chat::{Answer, Delivery, Question};
use crate::provider::Provider;
use crate::refusal::{Refusal, Reply, unreadable};

/// How batches are talked about.
pub struct Wire {
    /// What it is called in the files of providers.
    pub name: &'static str,
    /// What is uploaded before, if anything is.
    upload: Option<fn(&Entry<'_>) -> Post>,
    /// The batch itself; with what the upload said, if there was one.
    submit: fn(&Entry<'_>, Option<&Value>) -> Option<Post>,
    /// Where what is said of a new batch has its name.
    name_at: &'static str,
    /// The list of batches.
    list: &'static str,
    /// Looks for one of ours in a list.
    find: fn(&Value, &str, Timestamp) -> Found,
    /// Where a batch stands.
    place: fn(&str) -> String,
    /// What is said there.
    state: fn(&Value) -> State,
    /// The answer in what came, by its tag.
    answer: fn(&[u8], &str) -> Option<Said>,
    /// Where it is cancelled.
    cancel: fn(&str) -> String,
}

/// All of them.
pub const WIRES: [&Wire; 3] = [&anthropic::WIRE, &gemini::WIRE, &openai::WIRE];

/// A question on its way into a batch.
struct Entry<'a> {
    /// What it is found by.
    tag: &'a str,
    /// Its model.
    model: &'a str,
    /// The body that it had if it were asked at once.
    body: Value,
}

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    /// The method.
    pub method: Method,
    /// What stands behind the base URL of the key.
    pub path: String,
    /// What the body is, if there is one.
    pub content: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Post {
    fn get(path: impl Into<String>) -> Post {
        Post { method: Method::GET, path: path.into(), content: None, body: vec![] }
    }

    fn json(path: impl Into<String>, body: &Value) -> Post {
        let (content, body) = (Some("application/json".to_owned()), body.to_string().into_bytes());
        Post { method: Method::POST, path: path.into(), content, body }
    }
}

/// What a list of batches says of one of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// What the provider calls it.
    Name(String),
    /// It is not there.
    Absent,
    /// The list does not tell ours from others.
    Unknown,
}

/// How a batch stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is waited for.
    Waiting,
    /// It is being cancelled.
    Cancelling,
    /// What came stands here.
    Here,
    /// What came stands at this path.
    At(String),
    /// It ended without an answer, and nothing is to be paid: how, in a word.
    Ended(&'static str),
}

/// What came of the question of a batch.
#[derive(Clone, Debug, PartialEq)]
enum Said {
    /// An answer, or a refusal with its status, as if it had been asked at once.
    Reply(u16, Value),
    /// Nothing: how it ended, in a word.
    Ended(&'static str),
}

/// What became of a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is answered.
    Answered(Box<Answer>),
    /// It is refused. Nothing is to be paid.
    Refused(Refusal),
    /// It was not asked, and nothing is to be paid: how it ended, in a word.
    Ended(&'static str),
}

impl Provider {
    fn entry<'a>(&self, question: &'a Question, settings: &Settings, tag: &'a str) -> Entry<'a> {
        let whole = Question { delivery: Delivery::Whole, ..question.clone() };
        Entry { tag, model: &question.model, body: self.ask(&whole, settings).body }
    }

    /// What is uploaded before a batch, where something is.
    pub fn upload(&self, question: &Question, settings: &Settings, tag: &str) -> Option<Post> {
        let upload = self.batch.as_ref()?.wire.upload?;
        Some(upload(&self.entry(question, settings, tag)))
    }

    /// The batch of a question; `uploaded` is what was said of the upload. Nothing where there are no batches, or that is of
    /// no use.
    pub fn submit(
        &self,
        question: &Question,
        settings: &Settings,
        tag: &str,
        uploaded: Option<&Value>,
    ) -> Option<Post> {
        (self.batch.as_ref()?.wire.submit)(&self.entry(question, settings, tag), uploaded)
    }

    /// What a new batch is called.
    pub fn batch_name(&self, said: &Value) -> Option<String> {
        text_at(said, self.batch.as_ref()?.wire.name_at).map(str::to_owned)
    }

    /// The request for the list of batches.
    pub fn batches(&self) -> Option<Post> {
        Some(Post::get(self.batch.as_ref()?.wire.list))
    }

    /// Looks for a batch by its tag in a list; it was made after a time.
    pub fn find_batch(&self, list: &Value, tag: &str, since: Timestamp) -> Found {
        self.batch.as_ref().map_or(Found::Absent, |batch| (batch.wire.find)(list, tag, since))
    }

    /// The request that asks how a batch stands.
    pub fn look(&self, name: &str) -> Option<Post> {
        Some(Post::get((self.batch.as_ref()?.wire.place)(name)))
    }

    /// The request for what came of a batch.
    pub fn results(&self, path: &str) -> Post {
        Post::get(path)
    }

    /// How a batch stands.
    pub fn batch_state(&self, said: &Value) -> State {
        self.batch.as_ref().map_or(State::Waiting, |batch| (batch.wire.state)(said))
    }

    /// The request that cancels a batch.
    pub fn cancel(&self, name: &str) -> Option<Post> {
        Some(Post::json((self.batch.as_ref()?.wire.cancel)(name), &Value::Object(Default::default())))
    }

    /// Reads what came of the question of a batch.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn outcome(
        &self,
        question: &Question,
        tag: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Outcome, Refusal> {
        let said = self.batch.as_ref().and_then(|batch| (batch.wire.answer)(body, tag));
        let said = said.ok_or_else(|| unreadable(&self.title, body, "it does not have what was asked"))?;
        let (status, body) = match said {
            Said::Ended(how) => return Ok(Outcome::Ended(how)),
            Said::Reply(status, body) => (status, body.to_string()),
        };
        let reply = Reply { status, headers: &[], body: body.as_bytes() };
        Ok(match self.answer(question, &reply, now) {
            Ok(answer) => Outcome::Answered(Box::new(answer)),
            Err(refusal) => Outcome::Refused(refusal),
        })
    }
}

/// The object of a file of lines that has this tag.
fn line(body: &[u8], tag: &str) -> Option<Value> {
    let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let values = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    values.into_iter().find(|value| text_at(value, "/custom_id") == Some(tag))
}
