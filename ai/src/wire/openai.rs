//! The wire of OpenAI's chat completions, which DeepSeek, Azure OpenAI and many servers speak too.
//!
//! Facts from the published specification and SDKs of autumn 2026. Its traps: `prompt_tokens` includes what was read
//! from the cache and written to it; `completion_tokens` includes reasoning; a stream tells its usage only when asked,
//! in a last chunk without choices; a content of null; arguments are JSON within a text.

use serde_json::{Value, json};

use super::draft::{Draft, Told};
use super::schema::{self, narrowed};
use super::{Meanings, Wire, items_at, numbers, object, text_at};
use crate::chat::{
    Calls, Delivery, Finish, Form, Image, Message, Part, Question, Role, Texts, Tool, ToolChoice,
};
use crate::provider::{MaxOutput, Provider, Quirks, SentBack, Spoken};
use crate::refusal::{Class, Says};
use crate::usage::{Usage, count};

pub(super) const WIRE: Wire =
    Wire { name: "openai", ask, takes: |_| true, whole, frame, texts, vectors, says: &SAYS };

/// Slots of an answer: its text, what it thinks, and its calls.
const THOUGHT: u64 = 0;
const TEXT: u64 = 1;
const CALLS: u64 = 2;

/// What the status does not tell; codes without a status count where an error comes within a stream.
const SAYS: [Says; 6] = [
    Says {
        status: &[],
        codes: &[
            "insufficient_quota",
            "credit_balance_exhausted",
            "spend_limit_exceeded",
            "usage_limit_exceeded",
        ],
        words: &[],
        class: Class::NoCredit,
    },
    // Where a country is not served, every key gets this.
    Says { status: &[403], codes: &["unsupported_country"], words: &[], class: Class::NotOffered },
    Says {
        status: &[],
        codes: &["context_length_exceeded", "exceed_context_size"],
        // The last is a limit of tokens a minute below the size of one question: no wait helps.
        words: &["maximum context length", "request too large"],
        class: Class::TooLong,
    },
    Says {
        status: &[],
        codes: &["content_filter", "content_policy_violation"],
        words: &[],
        class: Class::Filtered,
    },
    Says { status: &[], codes: &["overloaded"], words: &[], class: Class::Overloaded },
    Says { status: &[], codes: &["rate_limit_exceeded", "slow_down"], words: &[], class: Class::RateLimited },
];

fn ask(question: &Question, provider: &Provider) -> Value {
    let quirks = &provider.quirks;
    let system = question.system.iter().map(|text| json!({ "role": "system", "content": text }));
    let turns = question.messages.iter().flat_map(|message| turns(message, quirks));
    let limit = question.max_output.map(Value::from);
    let (old_limit, new_limit) = match quirks.max_output {
        MaxOutput::MaxTokens => (limit, None),
        MaxOutput::MaxCompletionTokens => (None, limit),
    };
    let streams = question.delivery == Delivery::Stream;
    let spoken = |spoken: Spoken, value: Option<Value>| value.filter(|_| spoken == Spoken::Yes);
    let tools: Vec<Value> = question.tools.iter().map(tool).collect();
    object([
        ("model", Some(question.model.clone().into())),
        ("messages", Some(system.chain(turns).collect())),
        ("max_tokens", old_limit),
        ("max_completion_tokens", new_limit),
        ("temperature", question.temperature.map(Value::from)),
        ("top_p", question.top_p.map(Value::from)),
        ("stop", (!question.stop.is_empty()).then(|| question.stop.clone().into())),
        ("reasoning_effort", spoken(quirks.effort, question.effort.map(|effort| effort.name().into()))),
        ("tools", (!tools.is_empty()).then(|| tools.into())),
        ("tool_choice", tool_choice(question)),
        ("parallel_tool_calls", is_held_to_one(question).then(|| false.into())),
        ("response_format", response_format(&question.form)),
        ("prompt_cache_key", spoken(quirks.cache_key, question.cache_key.clone().map(Value::from))),
        ("stream", streams.then(|| true.into())),
        ("stream_options", spoken(quirks.stream_usage, streams.then(|| json!({ "include_usage": true })))),
    ])
}

fn turns(message: &Message, quirks: &Quirks) -> Vec<Value> {
    match message.role {
        Role::User => our_turns(message),
        Role::Model => model_turn(message, quirks).into_iter().collect(),
    }
}

/// A turn of ours is a message, and one for each result before it. Cohere writes it in the same way.
pub(super) fn our_turns(message: &Message) -> Vec<Value> {
    let results = message.parts.iter().filter_map(|part| match part {
        Part::Result(result) => {
            Some(json!({ "role": "tool", "tool_call_id": result.call, "content": result.text }))
        }
        Part::Text { .. } | Part::Image(_) | Part::Call(_) | Part::Thinking(_) => None,
    });
    let said = content(&message.parts).map(|content| json!({ "role": "user", "content": content }));
    results.chain(said).collect()
}

/// A turn of the model's; nothing where it only thought, and elsewhere.
fn model_turn(message: &Message, quirks: &Quirks) -> Option<Value> {
    let (said, calls) = (content(&message.parts), calls(&message.parts));
    if said.is_none() && calls.is_none() {
        return None;
    }
    let goes_back = match quirks.thinking {
        SentBack::Never => false,
        SentBack::WithCalls => calls.is_some(),
    };
    let thought = thoughts(&message.parts, WIRE.name).find_map(|raw| raw.get("reasoning_content"));
    Some(object([
        ("role", Some("assistant".into())),
        ("content", Some(said.unwrap_or(Value::Null))),
        ("reasoning_content", thought.filter(|_| goes_back).cloned()),
        ("tool_calls", calls),
    ]))
}

/// What a model of this wire thought, as it came.
pub(super) fn thoughts<'p>(parts: &'p [Part], wire: &str) -> impl Iterator<Item = &'p Value> {
    parts.iter().filter_map(move |part| match part {
        Part::Thinking(thinking) => Some(&thinking.raw).filter(|_| thinking.wire == wire),
        Part::Text { .. } | Part::Image(_) | Part::Call(_) | Part::Result(_) => None,
    })
}

/// The calls of a turn, if there are any. Cohere writes them in the same way.
pub(super) fn calls(parts: &[Part]) -> Option<Value> {
    let call = |part: &Part| match part {
        Part::Call(call) => {
            let arguments = match &call.arguments {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let function = json!({ "name": call.name, "arguments": arguments });
            Some(json!({ "id": call.id, "type": "function", "function": function }))
        }
        Part::Text { .. } | Part::Image(_) | Part::Result(_) | Part::Thinking(_) => None,
    };
    let calls: Vec<Value> = parts.iter().filter_map(call).collect();
    (!calls.is_empty()).then(|| calls.into())
}

/// Text alone is a text, pictures make it a list; nothing where there is neither. Cohere writes it in the same way.
pub(super) fn content(parts: &[Part]) -> Option<Value> {
    let shown: Vec<Value> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Text { text, .. } => Some(json!({ "type": "text", "text": text })),
            Part::Image(image) => {
                let url = match image {
                    Image::Url(url) => url.clone(),
                    Image::Bytes { media, data } => format!("data:{media};base64,{data}"),
                };
                Some(json!({ "type": "image_url", "image_url": { "url": url } }))
            }
            Part::Call(_) | Part::Result(_) | Part::Thinking(_) => None,
        })
        .collect();
    match &*shown {
        [] => None,
        [only] if only["type"] == "text" => Some(only["text"].clone()),
        _ => Some(shown.into()),
    }
}

/// Cohere writes it in the same way.
pub(super) fn tool(tool: &Tool) -> Value {
    let function = json!({ "name": tool.name, "description": tool.about, "parameters": tool.schema });
    json!({ "type": "function", "function": function })
}

/// True if only one tool may be called in a turn.
fn is_held_to_one(question: &Question) -> bool {
    !question.tools.is_empty() && question.calls == Calls::One
}

fn tool_choice(question: &Question) -> Option<Value> {
    if question.tools.is_empty() {
        return None;
    }
    match &question.tool_choice {
        ToolChoice::Auto => None,
        ToolChoice::Never => Some("none".into()),
        ToolChoice::Some => Some("required".into()),
        ToolChoice::This(name) => Some(json!({ "type": "function", "function": { "name": name } })),
    }
}

fn response_format(form: &Form) -> Option<Value> {
    let Form::Json { name, schema } = form else { return None };
    // A schema that cannot be narrowed is told and not enforced.
    let narrow = narrowed(schema, schema::Part::AllRequired);
    let strict = narrow.is_some();
    let schema = narrow.unwrap_or_else(|| schema.clone());
    Some(
        json!({ "type": "json_schema", "json_schema": { "name": name, "strict": strict, "schema": schema } }),
    )
}

fn whole(draft: &mut Draft, said: &Value, quirks: &Quirks) -> Option<()> {
    let choice = super::at(said, "/choices/0")?;
    heading(draft, said, quirks);
    message(draft, choice.get("message")?);
    draft.finish = finish(choice);
    // A whole answer without a reason has ended all the same.
    draft.finish.get_or_insert(Finish::Stop);
    Some(())
}

fn frame(draft: &mut Draft, said: &Value, quirks: &Quirks) {
    heading(draft, said, quirks);
    let Some(choice) = super::at(said, "/choices/0") else { return };
    if let Some(delta) = choice.get("delta") {
        message(draft, delta);
    }
    draft.finish = finish(choice).or_else(|| draft.finish.take());
}

fn heading(draft: &mut Draft, said: &Value, quirks: &Quirks) {
    draft.named(text_at(said, "/id"), text_at(said, "/model"));
    if let Some(usage) = said.get("usage").and_then(|usage| read_usage(usage, quirks)) {
        draft.usage = Told::All(usage);
    }
}

/// A message, or a piece of one: they have the same fields.
fn message(draft: &mut Draft, said: &Value) {
    if let Some(piece) = text_at(said, "/reasoning_content") {
        draft.think(THOUGHT, json!({ "reasoning_content": "" }), "reasoning_content");
        draft.think_on(THOUGHT, "reasoning_content", piece);
    }
    for place in ["/content", "/refusal"] {
        draft.text(TEXT, text_at(said, place).unwrap_or_default());
    }
    if text_at(said, "/refusal").is_some_and(|text| !text.is_empty()) {
        draft.refused = true;
    }
    for (at, call) in items_at(said, "/tool_calls").iter().enumerate() {
        let index = call.get("index").and_then(Value::as_u64).unwrap_or(at as u64);
        let slot = CALLS.saturating_add(index);
        draft.call(slot, text_at(call, "/id"), text_at(call, "/function/name"));
        draft.arguments(slot, text_at(call, "/function/arguments").unwrap_or_default());
    }
}

fn finish(choice: &Value) -> Option<Finish> {
    let refused = |class, why: &str| Finish::Refused { class, why: why.to_owned() };
    Some(match text_at(choice, "/finish_reason")? {
        "length" => Finish::Length,
        "tool_calls" | "function_call" => Finish::Calls,
        "content_filter" => refused(Class::Filtered, "the provider's filter stopped the answer"),
        "insufficient_system_resource" => refused(Class::Overloaded, "the provider had no room to go on"),
        _ => Finish::Stop,
    })
}

/// `prompt_tokens` includes what was read from the cache and written to it (DeepSeek's hit and miss make it up),
/// `completion_tokens` includes reasoning.
fn read_usage(said: &Value, quirks: &Quirks) -> Option<Usage> {
    let mut usage = Usage::default();
    let cached = count(said, &quirks.cached).unwrap_or(0);
    let written = count(said, "/prompt_tokens_details/cache_write_tokens").unwrap_or(0);
    let prompt = count(said, "/prompt_tokens")?;
    usage.split_input(prompt, cached, written);
    let reasoning = count(said, "/completion_tokens_details/reasoning_tokens").unwrap_or(0);
    usage.split_output(count(said, "/completion_tokens")?, reasoning);
    Some(usage)
}

fn texts(texts: &Texts) -> Value {
    object([
        ("model", Some(texts.model.clone().into())),
        ("input", Some(texts.texts.clone().into())),
        ("dimensions", texts.dims.map(Value::from)),
        ("encoding_format", Some("float".into())),
    ])
}

fn vectors(said: &Value) -> Option<Meanings> {
    let mut found = vec![];
    for (at, item) in said.get("data")?.as_array()?.iter().enumerate() {
        let index = item.get("index").and_then(Value::as_u64).unwrap_or(at as u64);
        found.push((index, numbers(item.get("embedding")?)?));
    }
    found.sort_by_key(|(index, _)| *index);
    let usage =
        count(said, "/usage/prompt_tokens").map(|input| Usage { input_uncached: input, ..Usage::default() });
    Some((found.into_iter().map(|(_, vector)| vector).collect(), usage))
}
