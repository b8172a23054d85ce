//! The wire of Cohere's second chat API.
//!
//! Facts from the published SDKs of autumn 2026. Its traps: what is billed stands in `usage.billed_units`, not in
//! `usage.tokens`; a form of the answer and tools exclude each other; one tool alone cannot be demanded by its name;
//! codes of refusals are statuses, and the rest is in the words.

use serde_json::{Value, json};

use super::draft::{Draft, Told};
use super::openai::{calls, content, our_turns, thoughts, tool};
use super::schema::{self, narrowed};
use super::{Meanings, Wire, items_at, numbers, object, text_at};
use crate::chat::{Delivery, Finish, Form, Message, Purpose, Question, Role, Texts, ToolChoice};
use crate::provider::{Provider, Quirks};
use crate::refusal::{Class, Says};
use crate::usage::{Usage, count};

pub(super) const WIRE: Wire = Wire {
    name: "cohere",
    ask,
    takes: |schema| narrowed(schema, schema::Part::OneRequired).is_some(),
    whole,
    frame,
    texts,
    vectors,
    says: &SAYS,
};

/// Slots of an answer: its plan, its contents by their number, then its calls.
const PLAN: u64 = 0;
const CONTENTS: u64 = 1;
const CALLS: u64 = 1 << 32;

/// What the status does not tell.
const SAYS: [Says; 2] = [
    Says { status: &[400], codes: &[], words: &["too many tokens"], class: Class::TooLong },
    Says { status: &[429], codes: &[], words: &["/ month"], class: Class::DailyQuota },
];

fn ask(question: &Question, _: &Provider) -> Value {
    let system = question.system.iter().map(|text| json!({ "role": "system", "content": text }));
    let (choice, only) = match &question.tool_choice {
        ToolChoice::Auto => (None, None),
        ToolChoice::Never => (Some("NONE"), None),
        ToolChoice::Some => (Some("REQUIRED"), None),
        // One tool is demanded by offering no other.
        ToolChoice::This(name) => (Some("REQUIRED"), Some(name)),
    };
    let offered = question.tools.iter().filter(|tool| only.is_none_or(|name| tool.name == *name));
    let tools: Vec<Value> = offered.map(tool).collect();
    let choice = choice.filter(|_| !tools.is_empty());
    object([
        ("model", Some(question.model.clone().into())),
        ("messages", Some(system.chain(question.messages.iter().flat_map(turns)).collect())),
        ("max_tokens", question.max_output.map(Value::from)),
        ("temperature", question.temperature.map(Value::from)),
        ("p", question.top_p.map(Value::from)),
        ("stop_sequences", (!question.stop.is_empty()).then(|| question.stop.clone().into())),
        ("tools", (!tools.is_empty()).then(|| tools.into())),
        ("tool_choice", choice.map(Value::from)),
        ("response_format", response_format(&question.form)),
        ("stream", Some((question.delivery == Delivery::Stream).into())),
    ])
}

fn turns(message: &Message) -> Vec<Value> {
    match message.role {
        Role::User => our_turns(message),
        Role::Model => model_turn(message).into_iter().collect(),
    }
}

/// A turn of the model's; nothing where it only thought, and elsewhere.
fn model_turn(message: &Message) -> Option<Value> {
    let calls = calls(&message.parts);
    let thoughts = || thoughts(&message.parts, WIRE.name);
    let mut blocks: Vec<Value> = thoughts().filter(|raw| raw.get("type").is_some()).cloned().collect();
    let content = match content(&message.parts) {
        said if blocks.is_empty() => said,
        said => {
            match said {
                Some(Value::Array(items)) => blocks.extend(items),
                Some(text) => blocks.push(json!({ "type": "text", "text": text })),
                None => {}
            }
            Some(blocks.into())
        }
    };
    if content.is_none() && calls.is_none() {
        return None;
    }
    Some(object([
        ("role", Some("assistant".into())),
        ("content", content),
        ("tool_plan", thoughts().find_map(|raw| raw.get("tool_plan")).cloned()),
        ("tool_calls", calls),
    ]))
}

fn response_format(form: &Form) -> Option<Value> {
    let Form::Json { schema, .. } = form else { return None };
    let schema = narrowed(schema, schema::Part::OneRequired)?;
    Some(json!({ "type": "json_object", "json_schema": schema }))
}

fn whole(draft: &mut Draft, said: &Value, _: &Quirks) -> Option<()> {
    // In a refusal there stands a text.
    let message = said.get("message").filter(|message| message.is_object())?;
    draft.named(text_at(said, "/id"), None);
    plan(draft, text_at(message, "/tool_plan").unwrap_or_default());
    for (at, block) in (0..).zip(items_at(message, "/content")) {
        begin(draft, at, block);
    }
    for (at, call) in (0..).zip(items_at(message, "/tool_calls")) {
        read_call(draft, at, call);
    }
    draft.finish = Some(finish(text_at(said, "/finish_reason").unwrap_or_default()));
    if let Some(usage) = said.get("usage").and_then(read_usage) {
        draft.usage = Told::All(usage);
    }
    Some(())
}

fn frame(draft: &mut Draft, said: &Value, _: &Quirks) {
    let at = said.get("index").and_then(Value::as_u64).unwrap_or(0);
    let message = said.pointer("/delta/message").unwrap_or(&Value::Null);
    match text_at(said, "/type").unwrap_or_default() {
        "message-start" => draft.named(text_at(said, "/id"), None),
        "content-start" | "content-delta" => begin(draft, at, message.get("content").unwrap_or(&Value::Null)),
        "tool-plan-delta" => plan(draft, text_at(message, "/tool_plan").unwrap_or_default()),
        "tool-call-start" | "tool-call-delta" => {
            read_call(draft, at, message.get("tool_calls").unwrap_or(&Value::Null));
        }
        "message-end" => {
            draft.finish = Some(finish(text_at(said, "/delta/finish_reason").unwrap_or_default()));
            if let Some(usage) = said.pointer("/delta/usage").and_then(read_usage) {
                draft.usage = Told::All(usage);
            }
        }
        _ => {}
    }
}

/// What the model plans before it calls tools; it goes back with the calls.
fn plan(draft: &mut Draft, piece: &str) {
    if !piece.is_empty() {
        draft.think(PLAN, json!({ "tool_plan": "" }), "tool_plan");
        draft.think_on(PLAN, "tool_plan", piece);
    }
}

/// A block of content, or a piece of one.
fn begin(draft: &mut Draft, at: u64, block: &Value) {
    let slot = CONTENTS + at.min(CALLS - 2);
    if let Some(piece) = text_at(block, "/thinking") {
        draft.think(slot, json!({ "type": "thinking", "thinking": "" }), "thinking");
        draft.think_on(slot, "thinking", piece);
    }
    draft.text(slot, text_at(block, "/text").unwrap_or_default());
}

/// A call, or a piece of one.
fn read_call(draft: &mut Draft, at: u64, call: &Value) {
    let slot = CALLS.saturating_add(at);
    draft.call(slot, text_at(call, "/id"), text_at(call, "/function/name"));
    draft.arguments(slot, text_at(call, "/function/arguments").unwrap_or_default());
}

fn finish(reason: &str) -> Finish {
    match reason {
        "MAX_TOKENS" => Finish::Length,
        "TOOL_CALL" => Finish::Calls,
        "ERROR" | "TIMEOUT" => {
            Finish::Refused { class: Class::Broken, why: format!("the model broke off ({reason})") }
        }
        _ => Finish::Stop,
    }
}

/// What is billed counts, whatever was read.
fn read_usage(said: &Value) -> Option<Usage> {
    let mut usage = Usage::default();
    let billed = count(said, "/billed_units/input_tokens")?;
    usage.split_input(billed, count(said, "/cached_tokens").unwrap_or(0), 0);
    usage.output_visible = count(said, "/billed_units/output_tokens").unwrap_or(0);
    Some(usage)
}

fn texts(texts: &Texts) -> Value {
    let purpose = match texts.purpose {
        Purpose::Document => "search_document",
        Purpose::Query => "search_query",
    };
    object([
        ("model", Some(texts.model.clone().into())),
        ("texts", Some(texts.texts.clone().into())),
        ("input_type", Some(purpose.into())),
        ("embedding_types", Some(json!(["float"]))),
        ("output_dimension", texts.dims.map(Value::from)),
    ])
}

fn vectors(said: &Value) -> Option<Meanings> {
    let found = said.pointer("/embeddings/float")?.as_array()?;
    let usage = count(said, "/meta/billed_units/input_tokens")
        .map(|input| Usage { input_uncached: input, ..Usage::default() });
    Some((found.iter().map(numbers).collect::<Option<_>>()?, usage))
}
