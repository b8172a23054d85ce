//! What is asked of a model and what it answers, in no provider's words.
//!
//! Messages and answers are stored between the turns of an agent, so their forms are kept: fields may be added,
//! none is renamed. Nothing here knows who sells a model or how one talks to it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::refusal::{Class, Refusal};
use crate::usage::Usage;

/// A question to a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The model, as its provider calls it; with Azure the deployment.
    pub model: String,
    /// What the model is told before the conversation.
    #[serde(default)]
    pub system: Option<String>,
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
    /// What the model may call.
    #[serde(default)]
    pub tools: Vec<Tool>,
    /// Whether it may, must or must not.
    #[serde(default)]
    pub tool_choice: ToolChoice,
    /// How many it may call in one turn.
    #[serde(default)]
    pub calls: Calls,
    /// The form of the answer.
    #[serde(default)]
    pub form: Form,
    /// Most tokens of the answer, reasoning included.
    #[serde(default)]
    pub max_output: Option<u64>,
    /// How much chance has a say.
    #[serde(default)]
    pub temperature: Option<f64>,
    /// Among how much of what is likely chance chooses.
    #[serde(default)]
    pub top_p: Option<f64>,
    /// Texts before which the answer ends.
    #[serde(default)]
    pub stop: Vec<String>,
    /// How hard a model that reasons is to try.
    #[serde(default)]
    pub effort: Option<Effort>,
    /// Whether the answer comes at once or piece by piece.
    #[serde(default)]
    pub delivery: Delivery,
    /// How long the provider is to remember tools and system, where that must be asked for.
    #[serde(default)]
    pub keep: Option<Keep>,
    /// Questions with the same text here share a beginning: a hint for providers that remember by themselves.
    #[serde(default)]
    pub cache_key: Option<String>,
}

impl Question {
    /// Asks one thing of a model.
    pub fn new(model: impl Into<String>, prompt: impl Into<String>) -> Question {
        Question {
            model: model.into(),
            system: None,
            messages: vec![Message::new(Role::User, vec![Part::text(prompt)])],
            tools: vec![],
            tool_choice: ToolChoice::Auto,
            calls: Calls::Many,
            form: Form::Text,
            max_output: None,
            temperature: None,
            top_p: None,
            stop: vec![],
            effort: None,
            delivery: Delivery::Whole,
            keep: None,
            cache_key: None,
        }
    }
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Whose turn it is.
    pub role: Role,
    /// What was said.
    pub parts: Vec<Part>,
    /// How long the provider is to remember all up to here, where that must be asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
}

impl Message {
    /// Makes a turn.
    pub fn new(role: Role, parts: Vec<Part>) -> Message {
        Message { role, parts, keep: None }
    }
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Ours: what is asked, and what tools gave.
    User,
    /// The model's.
    Model,
}

/// A part of a turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "part", rename_all = "snake_case", deny_unknown_fields)]
pub enum Part {
    /// Text.
    Text {
        /// The text.
        text: String,
        /// What the provider wants back with it, unchanged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seal: Option<String>,
    },
    /// A picture to look at.
    Image(Image),
    /// The model wants a tool called.
    Call(Call),
    /// What a tool gave.
    Result(ToolResult),
    /// What the model thought. It goes back to the wire that it came from, unchanged, and to no other.
    Thinking(Thinking),
}

impl Part {
    /// Makes a text.
    pub fn text(text: impl Into<String>) -> Part {
        Part::Text { text: text.into(), seal: None }
    }
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Image {
    /// The provider fetches it.
    Url(String),
    /// It goes along.
    Bytes {
        /// What it is, as in `image/png`.
        media: String,
        /// Its bytes in base64.
        data: String,
    },
}

/// A wish to call a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// What the result refers to.
    pub id: String,
    /// The tool. Whether there is one of this name is for the caller to see.
    pub name: String,
    /// What the model gives it: an object; a text where it wrote no JSON.
    pub arguments: Value,
    /// What the provider wants back with it, unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<String>,
}

/// What a tool gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolResult {
    /// The call that it answers.
    pub call: String,
    /// The tool.
    pub name: String,
    /// What it gave, as the model is to read it.
    pub text: String,
    /// True if the tool failed.
    #[serde(default)]
    pub failed: bool,
}

/// What a model thought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thinking {
    /// The wire that it came from.
    pub wire: String,
    /// As far as it can be read.
    pub text: String,
    /// As it came, to go back.
    pub raw: Value,
}

/// A tool that the model may call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its name: letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// What it does.
    pub about: String,
    /// What it takes, as a JSON Schema of an object.
    pub schema: Value,
}

/// Whether tools are called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    /// As the model likes.
    #[default]
    Auto,
    /// No tool.
    Never,
    /// At least one.
    Some,
    /// This one.
    This(String),
}

/// How many tools are called in one turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calls {
    /// As many as the model likes.
    #[default]
    Many,
    /// One, where the provider can be held to that.
    One,
}

/// The form of an answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Form {
    /// Any text.
    #[default]
    Text,
    /// A JSON object.
    Json {
        /// A name for it: letters, digits, `_` and `-`.
        name: String,
        /// Its JSON Schema; the root is an object.
        schema: Value,
    },
}

/// How hard a model that reasons tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effort {
    /// Quickly.
    Low,
    /// As usual.
    Medium,
    /// Thoroughly.
    High,
}

impl Effort {
    /// As all providers that have it write it.
    pub fn name(self) -> &'static str {
        match self {
            Effort::Low => "low",
            Effort::Medium => "medium",
            Effort::High => "high",
        }
    }
}

/// How an answer comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// At once.
    #[default]
    Whole,
    /// Piece by piece.
    Stream,
}

/// How long a provider is to remember a beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Keep {
    /// Five minutes.
    #[serde(rename = "5m")]
    Minutes,
    /// An hour.
    #[serde(rename = "1h")]
    Hour,
}

/// What a model answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What the provider calls this answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The model that answered, as the provider says; as it was asked for where it says nothing.
    pub model: String,
    /// What was said.
    pub parts: Vec<Part>,
    /// Why it ended.
    pub finish: Finish,
    /// What it took.
    pub usage: Usage,
}

impl Answer {
    /// All that was said in words.
    pub fn text(&self) -> String {
        self.parts
            .iter()
            .filter_map(|part| if let Part::Text { text, .. } = part { Some(&**text) } else { None })
            .collect()
    }

    /// The tools that are to be called, in order.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.parts.iter().filter_map(|part| if let Part::Call(call) = part { Some(call) } else { None })
    }

    /// The refusal that this answer is, if it is one. It has its usage all the same.
    pub fn refusal(&self) -> Option<Refusal> {
        match &self.finish {
            Finish::Refused { class, why } => Some(Refusal::new(*class, why.clone())),
            Finish::Stop | Finish::Calls | Finish::Length | Finish::Paused | Finish::Cut => None,
        }
    }
}

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// All was said.
    Stop,
    /// Tools are to be called.
    Calls,
    /// The limit of its length was reached.
    Length,
    /// The provider paused; the answer sent back as it is goes on.
    Paused,
    /// It broke off: the connection ended, or nobody listened on.
    Cut,
    /// It is a refusal, though the status was right.
    Refused {
        /// Which.
        class: Class,
        /// Why, for people.
        why: String,
    },
}

/// Texts whose meaning is asked for as numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// The model.
    pub model: String,
    /// The texts, each on its own.
    pub texts: Vec<String>,
    /// What they are for; some models tell apart what is sought and what is searched.
    #[serde(default)]
    pub purpose: Purpose,
    /// How many numbers, where the model leaves the choice.
    #[serde(default)]
    pub dims: Option<u64>,
}

/// What the meaning of texts is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// They are stored, to be found.
    #[default]
    Document,
    /// It is sought.
    Query,
}

/// The meaning of texts as numbers, in their order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vectors {
    /// One for each text.
    pub vectors: Vec<Vec<f32>>,
    /// What it took.
    pub usage: Usage,
}
