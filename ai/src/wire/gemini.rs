//! The wire of Google's Gemini API.
//!
//! Facts from the published SDKs and specification of autumn 2026. Its traps: the prompt includes what was read from the
//! cache; the candidates leave thoughts out; a call ends with `STOP`; a question that is blocked has no candidate at
//! all; each frame of a stream is a whole answer with what is new, and there is no last one; a wrong key has the status
//! 400; how long to wait stands in the body; parts may carry signatures that go back with them.

use serde_json::{Value, json};

use super::draft::{Draft, MADE, Told};
use super::{Meanings, Wire, items_at, numbers, object, text_at};
use crate::chat::{Call, Finish, Form, Image, Message, Part, Purpose, Question, Role, Texts, ToolChoice};
use crate::provider::{Provider, Quirks, Spoken};
use crate::refusal::{Class, Says};
use crate::usage::{Usage, count};

pub(super) const WIRE: Wire =
    Wire { name: "gemini", ask, takes: |_| true, whole, frame, texts, vectors, says: &SAYS };

/// What the status does not tell; it is repeated in the body, also within a stream.
const SAYS: [Says; 5] = [
    Says { status: &[400], codes: &["API_KEY_INVALID"], words: &[], class: Class::BadKey },
    Says { status: &[403], codes: &["BILLING_DISABLED"], words: &[], class: Class::NoCredit },
    Says { status: &[400], codes: &[], words: &["location is not supported"], class: Class::NotOffered },
    Says { status: &[400], codes: &[], words: &["exceeds the maximum"], class: Class::TooLong },
    Says { status: &[429], codes: &["PerDay"], words: &[], class: Class::DailyQuota },
];

fn ask(question: &Question, provider: &Provider) -> Value {
    let contents: Vec<Value> =
        question.messages.iter().map(turn).filter(|turn| turn["parts"] != json!([])).collect();
    let declared = |tool: &crate::chat::Tool| json!({ "name": tool.name, "description": tool.about, "parametersJsonSchema": tool.schema });
    let tools: Vec<Value> = question.tools.iter().map(declared).collect();
    let schema = match &question.form {
        Form::Text => None,
        Form::Json { schema, .. } => Some(schema.clone()),
    };
    let thinking = match provider.quirks.effort {
        Spoken::Yes => question.effort.map(|effort| json!({ "thinkingLevel": effort.name() })),
        Spoken::No => None,
    };
    let config = object([
        ("temperature", question.temperature.map(Value::from)),
        ("topP", question.top_p.map(Value::from)),
        ("stopSequences", (!question.stop.is_empty()).then(|| question.stop.clone().into())),
        ("maxOutputTokens", question.max_output.map(Value::from)),
        ("responseMimeType", schema.is_some().then(|| "application/json".into())),
        ("responseJsonSchema", schema),
        ("thinkingConfig", thinking),
    ]);
    object([
        ("contents", Some(contents.into())),
        ("systemInstruction", question.system.as_ref().map(|text| json!({ "parts": [{ "text": text }] }))),
        ("tools", (!tools.is_empty()).then(|| json!([{ "functionDeclarations": tools }]))),
        ("toolConfig", tool_config(question)),
        ("generationConfig", (config != json!({})).then_some(config)),
    ])
}

fn turn(message: &Message) -> Value {
    let role = match message.role {
        Role::User => "user",
        Role::Model => "model",
    };
    json!({ "role": role, "parts": message.parts.iter().filter_map(part).collect::<Vec<_>>() })
}

fn part(part: &Part) -> Option<Value> {
    match part {
        Part::Text { text, seal } if text.is_empty() && seal.is_none() => None,
        Part::Text { text, seal } => Some(sealed([("text", text.clone().into())], seal)),
        Part::Image(Image::Url(url)) => Some(json!({ "fileData": { "fileUri": url } })),
        Part::Image(Image::Bytes { media, data }) => {
            Some(json!({ "inlineData": { "mimeType": media, "data": data } }))
        }
        Part::Call(call) => Some(sealed([("functionCall", function_call(call))], &call.seal)),
        Part::Result(result) => {
            let response = if result.failed {
                json!({ "error": result.text })
            } else {
                json!({ "result": result.text })
            };
            let response = object([
                ("id", theirs(&result.call)),
                ("name", Some(result.name.clone().into())),
                ("response", Some(response)),
            ]);
            Some(json!({ "functionResponse": response }))
        }
        // What goes back of a thought is its signature, and that stands at texts and calls.
        Part::Thinking(_) => None,
    }
}

fn function_call(call: &Call) -> Value {
    let args = if call.arguments.is_object() { call.arguments.clone() } else { json!({}) };
    object([("id", theirs(&call.id)), ("name", Some(call.name.clone().into())), ("args", Some(args))])
}

/// The id of a call, if it came from there.
fn theirs(id: &str) -> Option<Value> {
    (!id.starts_with(MADE)).then(|| id.into())
}

fn sealed<const N: usize>(entries: [(&str, Value); N], seal: &Option<String>) -> Value {
    let mut part: Value = entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    if let Some(seal) = seal {
        part["thoughtSignature"] = seal.clone().into();
    }
    part
}

fn tool_config(question: &Question) -> Option<Value> {
    if question.tools.is_empty() {
        return None;
    }
    let (mode, only) = match &question.tool_choice {
        ToolChoice::Auto => return None,
        ToolChoice::Never => ("NONE", None),
        ToolChoice::Some => ("ANY", None),
        ToolChoice::This(name) => ("ANY", Some(json!([name]))),
    };
    let config = object([("mode", Some(mode.into())), ("allowedFunctionNames", only)]);
    Some(json!({ "functionCallingConfig": config }))
}

fn whole(draft: &mut Draft, said: &Value, quirks: &Quirks) -> Option<()> {
    let blocked = said.pointer("/promptFeedback/blockReason").is_some();
    if items_at(said, "/candidates").is_empty() && !blocked {
        return None;
    }
    frame(draft, said, quirks);
    // A whole answer without a reason has ended all the same.
    draft.finish.get_or_insert(Finish::Stop);
    if let Told::SoFar(usage) = draft.usage {
        draft.usage = Told::All(usage);
    }
    Some(())
}

fn frame(draft: &mut Draft, said: &Value, _: &Quirks) {
    draft.named(text_at(said, "/responseId"), text_at(said, "/modelVersion"));
    for part in items_at(said, "/candidates/0/content/parts") {
        read_part(draft, part);
    }
    if let Some(reason) =
        text_at(said, "/candidates/0/finishReason").or(text_at(said, "/promptFeedback/blockReason"))
    {
        let blocked = said.pointer("/promptFeedback/blockReason").is_some();
        draft.finish = Some(if blocked { filtered("the question", reason) } else { finish(reason) });
    }
    if let Some(usage) = said.get("usageMetadata").and_then(read_usage) {
        // The last one counts; before the end it is not the last.
        draft.usage = Told::SoFar(usage);
    }
    if let (Some(_), Told::SoFar(usage)) = (&draft.finish, draft.usage) {
        draft.usage = Told::All(usage);
    }
}

fn read_part(draft: &mut Draft, part: &Value) {
    let slot = if let Some(call) = part.get("functionCall") {
        let slot = draft.fresh();
        draft.call(slot, text_at(call, "/id"), text_at(call, "/name"));
        if let Some(args) = call.get("args") {
            draft.arguments(slot, &args.to_string());
        }
        slot
    } else if part.get("thought") == Some(&Value::Bool(true)) {
        let slot = draft.open_thought().unwrap_or_else(|| draft.fresh());
        draft.think(slot, json!({ "text": "", "thought": true }), "text");
        draft.think_on(slot, "text", text_at(part, "/text").unwrap_or_default());
        slot
    } else {
        let slot = draft.open_text().unwrap_or_else(|| draft.fresh());
        draft.text(slot, text_at(part, "/text").unwrap_or_default());
        slot
    };
    if let Some(seal) = text_at(part, "/thoughtSignature") {
        draft.seal(slot, seal);
    }
}

fn finish(reason: &str) -> Finish {
    match reason {
        "MAX_TOKENS" => Finish::Length,
        "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "IMAGE_SAFETY" => {
            filtered("the answer", reason)
        }
        "MISSING_THOUGHT_SIGNATURE" => Finish::Refused {
            class: Class::Invalid,
            why: "the signature of a thought did not come back".into(),
        },
        "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" | "TOO_MANY_TOOL_CALLS" | "OTHER" => {
            Finish::Refused { class: Class::Broken, why: format!("the model broke off ({reason})") }
        }
        _ => Finish::Stop,
    }
}

fn filtered(what: &str, reason: &str) -> Finish {
    let reason: String = reason.chars().take(40).collect();
    Finish::Refused {
        class: Class::Filtered,
        why: format!("the provider's filter stopped {what} ({reason})"),
    }
}

/// The prompt includes what was read from the cache; the candidates leave thoughts out, and both are output.
fn read_usage(said: &Value) -> Option<Usage> {
    let part = |place: &str| count(said, place).unwrap_or(0);
    let mut usage = Usage::default();
    usage.split_input(count(said, "/promptTokenCount")?, part("/cachedContentTokenCount"), 0);
    usage.input_uncached += part("/toolUsePromptTokenCount");
    usage.output_visible = part("/candidatesTokenCount");
    usage.output_reasoning = part("/thoughtsTokenCount");
    Some(usage)
}

fn texts(texts: &Texts) -> Value {
    let purpose = match texts.purpose {
        Purpose::Document => "RETRIEVAL_DOCUMENT",
        Purpose::Query => "RETRIEVAL_QUERY",
    };
    let request = |text: &String| {
        object([
            ("model", Some(format!("models/{}", texts.model).into())),
            ("content", Some(json!({ "parts": [{ "text": text }] }))),
            ("taskType", Some(purpose.into())),
            ("outputDimensionality", texts.dims.map(Value::from)),
        ])
    };
    json!({ "requests": texts.texts.iter().map(request).collect::<Vec<_>>() })
}

fn vectors(said: &Value) -> Option<Meanings> {
    let found = said.get("embeddings")?.as_array()?;
    let vectors = found.iter().map(|one| numbers(one.get("values")?)).collect::<Option<_>>()?;
    Some((vectors, said.get("usageMetadata").and_then(read_usage)))
}
