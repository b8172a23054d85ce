//! Wire formats: a question becomes a request, an answer, whole or in pieces, becomes an `Answer` or a `Refusal`.
//!
//! Each wire is one file of code and one line here; what tells providers of the same wire apart is data (`Quirks`).
//! Nothing is sent here: the caller puts the path behind the base URL of the key, and the key into its header.
//! Every request is a POST of JSON.

mod anthropic;
pub mod batch;
mod cohere;
mod draft;
mod gemini;
mod openai;
mod schema;
mod sse;
mod stream;

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::chat::{Answer, Delivery, Form, Question, Texts, Tool, ToolChoice, Vectors};
use crate::provider::{Feature, Provider, Quirks, Structured};
use crate::refusal::{Refusal, Reply, Says, in_stream, unreadable};
use crate::usage::Usage;
pub use draft::Delta;
use draft::Draft;
pub use stream::Stream;

/// A wire format.
pub struct Wire {
    /// What it is called in the files of providers, and in stored thoughts.
    pub name: &'static str,
    /// The body of a question.
    ask: fn(&Question, &Provider) -> Value,
    /// True if an answer of this schema can be asked for without a tool that takes it.
    takes: fn(&Value) -> bool,
    /// Reads a whole answer; nothing where it is none.
    whole: fn(&mut Draft, &Value, &Quirks) -> Option<()>,
    /// Reads one frame of a stream.
    frame: fn(&mut Draft, &Value, &Quirks),
    /// The body of texts whose meaning is asked for.
    texts: fn(&Texts) -> Value,
    /// Reads their meaning and what it took, if that is said; nothing where it is none.
    vectors: fn(&Value) -> Option<Meanings>,
    /// What its refusals mean.
    says: &'static [Says],
}

/// What texts mean, each as numbers, and what that took, if it is said.
type Meanings = (Vec<Vec<f32>>, Option<Usage>);

/// All of them.
pub const WIRES: [&Wire; 4] = [&anthropic::WIRE, &cohere::WIRE, &gemini::WIRE, &openai::WIRE];

/// What is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// What stands behind the base URL of the key.
    pub path: String,
    /// The headers beside that of the key.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Value,
}

/// What belongs to a key beside it, such as a version of the API; as the vault keeps it.
pub type Settings = BTreeMap<String, String>;

impl Provider {
    /// The request of a question.
    pub fn ask(&self, question: &Question, settings: &Settings) -> Sent {
        let question = with_tool_for_form(question, self);
        let path = match (question.delivery, &self.paths.stream) {
            (Delivery::Stream, Some(path)) => path,
            (Delivery::Stream, None) | (Delivery::Whole, _) => &self.paths.chat,
        };
        let versioned = self.paths.versioned.as_ref().map(|paths| &paths.chat);
        let accept = match question.delivery {
            Delivery::Whole => "application/json",
            Delivery::Stream => "text/event-stream",
        };
        self.sent(path, versioned, (&question.model, settings), accept, (self.wire.ask)(&question, self))
    }

    /// The request of the meaning of texts; nothing where the provider does not tell it.
    pub fn embed(&self, texts: &Texts, settings: &Settings) -> Option<Sent> {
        let path = self.paths.embed.as_ref()?;
        let versioned = self.paths.versioned.as_ref().and_then(|paths| paths.embed.as_ref());
        let body = (self.wire.texts)(texts);
        Some(self.sent(path, versioned, (&texts.model, settings), "application/json", body))
    }

    fn sent(
        &self,
        path: &str,
        versioned: Option<&String>,
        (model, settings): (&str, &Settings),
        accept: &str,
        body: Value,
    ) -> Sent {
        let path = match (versioned, settings.get("api_version")) {
            (Some(path), Some(version)) => path.replace("{api_version}", &escaped(version)),
            (Some(_), None) | (None, _) => path.to_owned(),
        };
        let fixed = [("content-type", "application/json"), ("accept", accept)];
        let own = self.headers().into_iter().flatten().map(|(name, value)| (&**name, &**value));
        Sent {
            path: path.replace("{model}", &escaped(model)),
            headers: fixed
                .into_iter()
                .chain(own)
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body,
        }
    }

    /// Reads the whole answer to a question.
    ///
    /// # Errors
    /// Where it is a refusal, or cannot be read. An answer that ends as a refusal is an answer: it was paid for.
    pub fn answer(&self, question: &Question, reply: &Reply<'_>, now: Timestamp) -> Result<Answer, Refusal> {
        if !(200..300).contains(&reply.status) {
            return Err(self.refusal(reply, now));
        }
        let said = self.said(reply.body)?;
        let mut draft = Draft::new(question, self);
        match (self.wire.whole)(&mut draft, &said, &self.quirks) {
            Some(()) => Ok(draft.finished()),
            None => Err(unreadable(&self.title, reply.body, "it has no answer in it")),
        }
    }

    /// Reads the answer to a question piece by piece, once its status is known to be right.
    pub fn stream(&self, question: &Question) -> Stream {
        Stream::new(question, self)
    }

    /// Reads the meaning of texts.
    ///
    /// # Errors
    /// Where it is a refusal, cannot be read, or is not of as many texts as were sent.
    pub fn vectors(&self, texts: &Texts, reply: &Reply<'_>, now: Timestamp) -> Result<Vectors, Refusal> {
        if !(200..300).contains(&reply.status) {
            return Err(self.refusal(reply, now));
        }
        let said = self.said(reply.body)?;
        let guess = || Usage::guess(texts.texts.iter().map(|text| self.estimate.text(text)).sum(), 0);
        match (self.wire.vectors)(&said) {
            Some((vectors, usage)) if vectors.len() == texts.texts.len() => {
                // As with answers, nothing is no usage.
                let usage = usage.filter(|usage| usage.input() > 0);
                Ok(Vectors { vectors, usage: usage.unwrap_or_else(guess) })
            }
            Some(_) | None => {
                Err(unreadable(&self.title, reply.body, "it does not have one vector for each text"))
            }
        }
    }

    /// Reads a refusal: an answer whose status says no.
    pub fn refusal(&self, reply: &Reply<'_>, now: Timestamp) -> Refusal {
        crate::refusal::refusal(self.wire.says, &self.title, reply, now)
    }

    /// The JSON of an answer; an error in it is a refusal, whatever its status was.
    fn said(&self, body: &[u8]) -> Result<Value, Refusal> {
        let said: Value = serde_json::from_slice(body)
            .map_err(|error| unreadable(&self.title, body, &error.to_string()))?;
        match error_in(&said) {
            true => Err(in_stream(self.wire.says, &self.title, said)),
            false => Ok(said),
        }
    }
}

/// True if what should be an answer is an error, whatever the status was.
fn error_in(said: &Value) -> bool {
    said.get("error").is_some_and(|error| !error.is_null())
}

/// Where a provider gives no answers in a form of ours, or not beside tools, a tool that must be called takes it.
fn with_tool_for_form<'q>(question: &'q Question, provider: &Provider) -> Cow<'q, Question> {
    let (Form::Json { schema, .. }, Some(name)) = (&question.form, tool_for_form(question, provider)) else {
        return Cow::Borrowed(question);
    };
    let tool_choice = match &question.tool_choice {
        ToolChoice::Auto | ToolChoice::Some if !question.tools.is_empty() => ToolChoice::Some,
        // The answer comes in a later turn.
        ToolChoice::This(tool) => ToolChoice::This(tool.clone()),
        ToolChoice::Auto | ToolChoice::Some | ToolChoice::Never => ToolChoice::This(name.clone()),
    };
    let about = "Give the answer. Call this once all is known.".to_owned();
    let mut asked = Question { form: Form::Text, tool_choice, ..question.clone() };
    asked.tools.push(Tool { name, about, schema: schema.clone() });
    Cow::Owned(asked)
}

/// The name of that tool, where it is needed: that of the form, and other than those of the tools.
fn tool_for_form(question: &Question, provider: &Provider) -> Option<String> {
    let Form::Json { name, schema } = &question.form else { return None };
    let gives = provider.models.get(&question.model).is_none_or(|model| model.has(Feature::Json));
    let native = gives && (provider.wire.takes)(schema);
    let needed = match provider.quirks.structured {
        Structured::Native => !native,
        Structured::NativeWithoutTools => !native || !question.tools.is_empty(),
        Structured::Tool => true,
    };
    let mut name = name.clone();
    while needed && question.tools.iter().any(|tool| tool.name == name) {
        name.push('_');
    }
    needed.then_some(name)
}

/// A segment of a path or a value of a query: whatever stands in it stays in it.
fn escaped(text: &str) -> String {
    const OTHERS: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, &OTHERS).to_string()
}

/// A JSON object of what is there.
fn object<const N: usize>(entries: [(&str, Option<Value>); N]) -> Value {
    entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

/// What stands at a place such as `/choices/0`, as `Value::pointer` tells it for names without `~`; that makes a text of each
/// name, which is felt where an answer comes in many pieces.
pub(crate) fn at<'a>(from: &'a Value, place: &str) -> Option<&'a Value> {
    place.split('/').skip(1).try_fold(from, |value, name| match value {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        other => other.get(name),
    })
}

/// A text at a place.
fn text_at<'a>(from: &'a Value, place: &str) -> Option<&'a str> {
    at(from, place).and_then(Value::as_str)
}

/// The items of a list at a place; none where there is no list.
fn items_at<'a>(from: &'a Value, place: &str) -> &'a [Value] {
    at(from, place).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Lists of numbers.
fn numbers(from: &Value) -> Option<Vec<f32>> {
    // Providers send no more digits than these have.
    from.as_array()?.iter().map(|number| number.as_f64().map(|number| number as f32)).collect()
}
