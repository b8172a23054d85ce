//! The wire of Anthropic's messages.
//!
//! Facts from the published SDKs of autumn 2026. Its traps: `input_tokens` leaves out what was read from the cache and
//! written to it; the output of a stream is told anew, not more of it; an error may come after a right status; thoughts
//! go back with their signatures, unchanged; a limit of the output must be given.

use serde_json::{Value, json};

use super::draft::{Draft, Told};
use super::schema::{self, narrowed};
use super::{Wire, object, text_at};
use crate::chat::{
    Calls, Delivery, Finish, Form, Image, Keep, Message, Part, Question, Role, Tool, ToolChoice,
};
use crate::provider::{Provider, Quirks};
use crate::refusal::{Class, Says};
use crate::usage::{Usage, count};

pub(super) const WIRE: Wire = Wire {
    name: "anthropic",
    ask,
    takes: |schema| narrowed(schema, schema::Part::Closed).is_some(),
    whole,
    frame,
    // There is no such call; no file of a provider of this wire has a path for it.
    texts: |_| Value::Null,
    vectors: |_| None,
    says: &SAYS,
};

/// The limit of the output where nobody gives one.
const OUTPUT: u64 = 8192;

/// Most places that are to be remembered in one question.
const MARKS: usize = 4;

/// What the status does not tell; codes without a status count where an error comes within a stream.
const SAYS: [Says; 8] = [
    Says {
        status: &[],
        codes: &["enforced_spend_limit_reached", "billing_error"],
        words: &["credit balance is too low"],
        class: Class::NoCredit,
    },
    Says {
        status: &[],
        codes: &["request_too_large"],
        words: &["prompt is too long", "exceed context limit"],
        class: Class::TooLong,
    },
    Says { status: &[], codes: &["overloaded_error"], words: &[], class: Class::Overloaded },
    Says { status: &[], codes: &["rate_limit_error"], words: &[], class: Class::RateLimited },
    Says {
        status: &[],
        codes: &["authentication_error", "permission_error"],
        words: &[],
        class: Class::BadKey,
    },
    Says { status: &[], codes: &["not_found_error"], words: &[], class: Class::NotOffered },
    Says { status: &[], codes: &[], words: &["content filtering policy"], class: Class::Filtered },
    Says { status: &[], codes: &["invalid_request_error"], words: &[], class: Class::Invalid },
];

fn ask(question: &Question, provider: &Provider) -> Value {
    let limit = question.max_output.unwrap_or_else(|| {
        let most = provider.models.get(&question.model).and_then(|model| model.max_output);
        most.map_or(OUTPUT, |most| most.min(OUTPUT))
    });
    let tools: Vec<Value> = question.tools.iter().map(tool).collect();
    let mut body = object([
        ("model", Some(question.model.clone().into())),
        ("max_tokens", Some(limit.into())),
        ("system", question.system.as_ref().map(|text| json!([{ "type": "text", "text": text }]))),
        ("tools", (!tools.is_empty()).then(|| tools.into())),
        ("tool_choice", tool_choice(question)),
        ("temperature", question.temperature.map(Value::from)),
        ("top_p", question.top_p.map(Value::from)),
        ("stop_sequences", (!question.stop.is_empty()).then(|| question.stop.clone().into())),
        ("output_config", output_config(question)),
        ("stream", (question.delivery == Delivery::Stream).then(|| true.into())),
    ]);
    if let Some(keep) = question.keep {
        // Tools stand before the system: a mark behind the system remembers both.
        let place = if question.system.is_some() { "system" } else { "tools" };
        mark(body.get_mut(place), keep);
    }
    body["messages"] = turns(question);
    body
}

fn turns(question: &Question) -> Value {
    let mut turns: Vec<Value> = question.messages.iter().map(turn).collect();
    let room = MARKS - usize::from(question.keep.is_some());
    let marked = question.messages.iter().enumerate().filter_map(|(at, message)| Some((at, message.keep?)));
    for (at, keep) in marked.rev().take(room) {
        mark(turns.get_mut(at).and_then(|turn| turn.get_mut("content")), keep);
    }
    turns.retain(|turn| turn["content"] != json!([]));
    turns.into()
}

fn turn(message: &Message) -> Value {
    let role = match message.role {
        Role::User => "user",
        Role::Model => "assistant",
    };
    // Results stand first in a turn.
    let results = message.parts.iter().filter(|part| matches!(part, Part::Result(_)));
    let others = message.parts.iter().filter(|part| !matches!(part, Part::Result(_)));
    json!({ "role": role, "content": results.chain(others).filter_map(block).collect::<Vec<_>>() })
}

fn block(part: &Part) -> Option<Value> {
    match part {
        // An empty text is refused.
        Part::Text { text, .. } => (!text.is_empty()).then(|| json!({ "type": "text", "text": text })),
        Part::Image(Image::Url(url)) => {
            Some(json!({ "type": "image", "source": { "type": "url", "url": url } }))
        }
        Part::Image(Image::Bytes { media, data }) => {
            let source = json!({ "type": "base64", "media_type": media, "data": data });
            Some(json!({ "type": "image", "source": source }))
        }
        Part::Call(call) => {
            // What is no object is refused, also where the model wrote it.
            let input = if call.arguments.is_object() { call.arguments.clone() } else { json!({}) };
            Some(json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": input }))
        }
        Part::Result(result) => Some(object([
            ("type", Some("tool_result".into())),
            ("tool_use_id", Some(result.call.clone().into())),
            ("content", Some(result.text.clone().into())),
            ("is_error", result.failed.then(|| true.into())),
        ])),
        Part::Thinking(thinking) => (thinking.wire == WIRE.name).then(|| thinking.raw.clone()),
    }
}

fn tool(tool: &Tool) -> Value {
    json!({ "name": tool.name, "description": tool.about, "input_schema": tool.schema })
}

fn tool_choice(question: &Question) -> Option<Value> {
    if question.tools.is_empty() {
        return None;
    }
    let mut choice = match &question.tool_choice {
        ToolChoice::Auto if question.calls == Calls::Many => return None,
        ToolChoice::Auto => json!({ "type": "auto" }),
        ToolChoice::Never => return Some(json!({ "type": "none" })),
        ToolChoice::Some => json!({ "type": "any" }),
        ToolChoice::This(name) => json!({ "type": "tool", "name": name }),
    };
    if question.calls == Calls::One {
        choice["disable_parallel_tool_use"] = true.into();
    }
    Some(choice)
}

fn output_config(question: &Question) -> Option<Value> {
    let format = match &question.form {
        Form::Text => None,
        Form::Json { schema, .. } => narrowed(schema, schema::Part::Closed)
            .map(|schema| json!({ "type": "json_schema", "schema": schema })),
    };
    let effort = question.effort.map(|effort| effort.name().into());
    let config = object([("format", format), ("effort", effort)]);
    (config != json!({})).then_some(config)
}

/// Asks that all up to the last item of a list is remembered. A thought cannot be marked.
fn mark(list: Option<&mut Value>, keep: Keep) {
    let ttl = match keep {
        Keep::Minutes => "5m",
        Keep::Hour => "1h",
    };
    let thought =
        |item: &&mut Value| matches!(text_at(item, "/type"), Some("thinking" | "redacted_thinking"));
    let last = list.and_then(Value::as_array_mut).and_then(|items| items.last_mut());
    if let Some(item) = last.filter(|item| !thought(item)) {
        item["cache_control"] = json!({ "type": "ephemeral", "ttl": ttl });
    }
}

fn whole(draft: &mut Draft, said: &Value, _: &Quirks) -> Option<()> {
    let blocks = said.get("content")?.as_array()?;
    draft.named(text_at(said, "/id"), text_at(said, "/model"));
    for (slot, block) in (0..).zip(blocks) {
        begin(draft, slot, block);
    }
    draft.finish = Some(finish(text_at(said, "/stop_reason").unwrap_or_default()));
    if let Some(usage) = said.get("usage").and_then(|usage| read_usage(usage, &Usage::default())) {
        draft.usage = Told::All(usage);
    }
    Some(())
}

fn frame(draft: &mut Draft, said: &Value, _: &Quirks) {
    let slot = said.get("index").and_then(Value::as_u64).unwrap_or(0);
    match text_at(said, "/type").unwrap_or_default() {
        "message_start" => {
            draft.named(text_at(said, "/message/id"), text_at(said, "/message/model"));
            if let Some(usage) =
                said.pointer("/message/usage").and_then(|usage| read_usage(usage, &Usage::default()))
            {
                draft.usage = Told::SoFar(usage);
            }
        }
        "content_block_start" => begin(draft, slot, said.get("content_block").unwrap_or(&Value::Null)),
        "content_block_delta" => {
            let piece = |place: &str| text_at(said, place).unwrap_or_default();
            match text_at(said, "/delta/type").unwrap_or_default() {
                "text_delta" => draft.text(slot, piece("/delta/text")),
                "input_json_delta" => draft.arguments(slot, piece("/delta/partial_json")),
                "thinking_delta" => draft.think_on(slot, "thinking", piece("/delta/thinking")),
                "signature_delta" => draft.think_on(slot, "signature", piece("/delta/signature")),
                _ => {}
            }
        }
        "message_delta" => {
            if let Some(reason) = text_at(said, "/delta/stop_reason") {
                draft.finish = Some(finish(reason));
            }
            // It repeats what has changed since the beginning; what it does not name stays.
            let before = match draft.usage {
                Told::SoFar(usage) | Told::All(usage) => usage,
                Told::Nothing => Usage::default(),
            };
            if let Some(usage) = said.get("usage").and_then(|usage| read_usage(usage, &before)) {
                draft.usage = Told::All(usage);
            }
        }
        _ => {}
    }
}

/// Begins a block; a whole one has all in it.
fn begin(draft: &mut Draft, slot: u64, block: &Value) {
    match text_at(block, "/type").unwrap_or_default() {
        "text" => draft.text(slot, text_at(block, "/text").unwrap_or_default()),
        "thinking" => draft.think(slot, block.clone(), "thinking"),
        "redacted_thinking" => draft.think(slot, block.clone(), "thinking"),
        "tool_use" => {
            draft.call(slot, text_at(block, "/id"), text_at(block, "/name"));
            match block.get("input") {
                // A stream begins with an empty one, and its pieces follow.
                Some(Value::Object(input)) if !input.is_empty() => {
                    draft.arguments(slot, &Value::Object(input.clone()).to_string());
                }
                Some(_) | None => {}
            }
        }
        _ => {}
    }
}

fn finish(reason: &str) -> Finish {
    let refused = |class, why: &str| Finish::Refused { class, why: why.to_owned() };
    match reason {
        "max_tokens" => Finish::Length,
        "tool_use" => Finish::Calls,
        "pause_turn" => Finish::Paused,
        "refusal" => refused(Class::Filtered, "the model refuses to answer"),
        "model_context_window_exceeded" => {
            refused(Class::TooLong, "the answer does not fit into what the model can hold")
        }
        _ => Finish::Stop,
    }
}

/// `input_tokens` leaves out the cache. What is not named stays as it was.
fn read_usage(said: &Value, before: &Usage) -> Option<Usage> {
    let mut usage = *before;
    let output = count(said, "/output_tokens")?;
    usage.input_uncached = match (count(said, "/input_tokens"), before.input()) {
        (Some(input), _) => input,
        // Nobody has said what was read.
        (None, 0) => return None,
        (None, _) => before.input_uncached,
    };
    usage.input_cached = count(said, "/cache_read_input_tokens").unwrap_or(before.input_cached);
    if let Some(written) = count(said, "/cache_creation_input_tokens") {
        let hour = count(said, "/cache_creation/ephemeral_1h_input_tokens");
        let known = hour.unwrap_or(if before.cache_write_1h <= written { before.cache_write_1h } else { 0 });
        usage.estimated |= known > written;
        usage.cache_write_1h = known;
        usage.cache_write_5m = written.saturating_sub(known);
    }
    usage.split_output(output, count(said, "/output_tokens_details/thinking_tokens").unwrap_or(0));
    Some(usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stream_says_later_replaces_what_it_said_before() {
        let begin = json!({
            "input_tokens": 10, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 7,
            "cache_creation": { "ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4 }, "output_tokens": 1,
        });
        let begin = read_usage(&begin, &Usage::default()).unwrap();
        assert_eq!((begin.input(), begin.cache_write_5m, begin.cache_write_1h), (117, 3, 4));
        let end = read_usage(&json!({ "output_tokens": 9 }), &begin).unwrap();
        assert_eq!(end, Usage { output_visible: 9, ..begin });
        let end = read_usage(
            &json!({ "input_tokens": 12, "cache_creation_input_tokens": 7, "output_tokens": 9 }),
            &begin,
        );
        assert_eq!(end, Some(Usage { input_uncached: 12, output_visible: 9, ..begin }));
        assert_eq!(read_usage(&json!({ "output_tokens": 9 }), &Usage::default()), None);
    }

    #[test]
    fn no_more_than_four_places_are_marked() {
        let mut question = Question::new("m", "0");
        question.system = Some("s".into());
        question.keep = Some(Keep::Hour);
        question.messages = (0..9)
            .map(|at| Message {
                keep: Some(Keep::Minutes),
                ..Message::new(Role::User, vec![Part::text(at.to_string())])
            })
            .collect();
        let turns = turns(&question);
        let marked: Vec<usize> =
            (0..9).filter(|at| turns[at]["content"][0].get("cache_control").is_some()).collect();
        assert_eq!(marked, [6, 7, 8]);
    }
}
