//! What each wire says: the frames of an answer that comes in pieces, a whole answer, and how it says no. Written from
//! the vendors' documents, as the wires of the product are, and apart from them.

use serde_json::{Value, json};

use super::Does;

/// A wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wire {
    /// Chat completions.
    OpenAi,
    /// Messages.
    Anthropic,
    /// `generateContent`.
    Gemini,
    /// The second chat API.
    Cohere,
}

/// What an answer takes: tokens by kind, which do not overlap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Takes {
    /// Read anew.
    pub read: i64,
    /// Read from the cache.
    pub cached: i64,
    /// Read anew and kept.
    pub kept: i64,
    /// Written for the reader.
    pub visible: i64,
    /// Written in thinking.
    pub thought: i64,
}

impl Wire {
    /// The wire that has this path.
    pub fn of(path: &str) -> Option<Wire> {
        let path = path.split('?').next().unwrap_or_default();
        match path {
            _ if path.ends_with("/chat/completions") || path.ends_with("/embeddings") => Some(Wire::OpenAi),
            _ if path.ends_with("/v1/messages") => Some(Wire::Anthropic),
            _ if path.contains("/models/") && path.contains(':') => Some(Wire::Gemini),
            _ if path.ends_with("/v2/chat") || path.ends_with("/v2/embed") => Some(Wire::Cohere),
            _ => None,
        }
    }

    /// What the answer to a call takes: another number for each, of the kinds that the wire tells.
    pub fn takes(self, call: usize) -> Takes {
        let at = i64::try_from(call).unwrap_or(0);
        let all = Takes {
            read: 100 + at % 37,
            cached: at % 5 * 16,
            kept: at % 3 * 8,
            visible: 20 + at % 11,
            thought: at % 7,
        };
        match self {
            Wire::OpenAi => all,
            Wire::Anthropic => Takes { thought: 0, ..all },
            Wire::Gemini => Takes { kept: 0, ..all },
            Wire::Cohere => Takes { kept: 0, thought: 0, ..all },
        }
    }

    fn usage(self, takes: &Takes) -> Value {
        let Takes { read, cached, kept, visible, thought } = *takes;
        match self {
            Wire::OpenAi => json!({
                "prompt_tokens": read + cached + kept,
                "prompt_tokens_details": { "cached_tokens": cached, "cache_write_tokens": kept },
                "completion_tokens": visible + thought,
                "completion_tokens_details": { "reasoning_tokens": thought },
                "total_tokens": read + cached + kept + visible + thought,
            }),
            Wire::Anthropic => json!({
                "input_tokens": read,
                "cache_read_input_tokens": cached,
                "cache_creation_input_tokens": kept,
                "cache_creation": { "ephemeral_5m_input_tokens": kept, "ephemeral_1h_input_tokens": 0 },
                "output_tokens": visible,
            }),
            Wire::Gemini => json!({
                "promptTokenCount": read + cached,
                "cachedContentTokenCount": cached,
                "candidatesTokenCount": visible,
                "thoughtsTokenCount": thought,
                "totalTokenCount": read + cached + visible + thought,
            }),
            Wire::Cohere => json!({
                "billed_units": { "input_tokens": read + cached, "output_tokens": visible },
                "tokens": { "input_tokens": read + cached + 60, "output_tokens": visible + 3 },
                "cached_tokens": cached,
            }),
        }
    }

    /// A whole answer.
    pub fn whole(self, text: &str, takes: &Takes) -> String {
        let usage = self.usage(takes);
        match self {
            Wire::OpenAi => json!({ "id": "c", "model": "m", "usage": usage, "choices": [
                { "index": 0, "message": { "role": "assistant", "content": text }, "finish_reason": "stop" }] }),
            Wire::Anthropic => json!({ "id": "m", "type": "message", "role": "assistant", "model": "m",
                "content": [{ "type": "text", "text": text }], "stop_reason": "end_turn", "usage": usage }),
            Wire::Gemini => json!({ "usageMetadata": usage, "candidates": [
                { "content": { "role": "model", "parts": [{ "text": text }] }, "finishReason": "STOP" }] }),
            Wire::Cohere => json!({ "id": "c", "finish_reason": "COMPLETE", "usage": usage,
                "message": { "role": "assistant", "content": [{ "type": "text", "text": text }] } }),
        }
        .to_string()
    }

    /// The texts whose meaning is asked for; nothing where an answer is.
    pub fn texts(self, path: &str, question: &Value) -> Option<Vec<String>> {
        let (items, place) = match self {
            Wire::OpenAi => (question.get("input")?, ""),
            Wire::Anthropic => return None,
            Wire::Gemini if path.ends_with(":batchEmbedContents") => {
                (question.get("requests")?, "/content/parts/0/text")
            }
            Wire::Gemini => return None,
            Wire::Cohere => (question.get("texts")?, ""),
        };
        let text = |item: &Value| item.pointer(place).and_then(Value::as_str).map(str::to_owned);
        items.as_array()?.iter().map(text).collect()
    }

    /// What texts mean: two numbers for each, by which a test knows them.
    pub fn vectors(self, texts: &[String], takes: &Takes) -> String {
        let vectors = texts.iter().map(|text| vector(text));
        match self {
            // Their order is not promised.
            Wire::OpenAi => json!({ "object": "list", "model": "m",
                "data": vectors.enumerate().map(|(at, vector)| json!({ "index": at, "embedding": vector })).rev().collect::<Vec<_>>(),
                "usage": { "prompt_tokens": takes.read, "total_tokens": takes.read } }),
            Wire::Gemini => json!({ "usageMetadata": { "promptTokenCount": takes.read },
                "embeddings": vectors.map(|vector| json!({ "values": vector })).collect::<Vec<_>>() }),
            Wire::Cohere | Wire::Anthropic => json!({ "id": "e", "embeddings": { "float": vectors.collect::<Vec<_>>() },
                "meta": { "billed_units": { "input_tokens": takes.read } } }),
        }
        .to_string()
    }

    /// How a stream begins.
    pub(super) fn begins(self, takes: &Takes) -> String {
        match self {
            Wire::OpenAi => chunk(json!({ "role": "assistant", "content": "" }), Value::Null),
            Wire::Anthropic => {
                let mut usage = self.usage(takes);
                usage["output_tokens"] = json!(1);
                let message = json!({ "id": "m", "type": "message", "role": "assistant", "content": [], "model": "m", "usage": usage });
                event("message_start", json!({ "message": message }))
                    + &event(
                        "content_block_start",
                        json!({ "index": 0, "content_block": { "type": "text", "text": "" } }),
                    )
            }
            Wire::Gemini => String::new(),
            Wire::Cohere => {
                event(
                    "message-start",
                    json!({ "delta": { "message": { "role": "assistant", "content": [] } } }),
                ) + &event(
                    "content-start",
                    json!({ "index": 0, "delta": { "message": { "content": { "type": "text", "text": "" } } } }),
                )
            }
        }
    }

    /// A piece of text.
    pub(super) fn says(self, text: &str) -> String {
        match self {
            Wire::OpenAi => chunk(json!({ "content": text }), Value::Null),
            Wire::Anthropic => event(
                "content_block_delta",
                json!({ "index": 0, "delta": { "type": "text_delta", "text": text } }),
            ),
            Wire::Gemini => frame(
                json!({ "candidates": [{ "content": { "role": "model", "parts": [{ "text": text }] } }] }),
            ),
            Wire::Cohere => event(
                "content-delta",
                json!({ "index": 0, "delta": { "message": { "content": { "text": text } } } }),
            ),
        }
    }

    /// A call of a tool that nobody offered.
    pub(super) fn calls(self, _: &Value) -> String {
        let function = json!({ "name": "burn_it_down", "arguments": "{\"now\":true}" });
        match self {
            Wire::OpenAi => chunk(
                json!({ "tool_calls": [{ "index": 0, "id": "t", "type": "function", "function": function }] }),
                Value::Null,
            ),
            Wire::Anthropic => {
                let block = json!({ "type": "tool_use", "id": "t", "name": "burn_it_down", "input": {} });
                event("content_block_stop", json!({ "index": 0 }))
                    + &event("content_block_start", json!({ "index": 1, "content_block": block }))
            }
            Wire::Gemini => frame(json!({ "candidates": [{ "content": { "role": "model", "parts": [
                { "functionCall": { "name": "burn_it_down", "args": { "now": true } } }] } }] })),
            Wire::Cohere => event(
                "tool-call-start",
                json!({ "index": 0, "delta": { "message": { "tool_calls": { "id": "t", "type": "function", "function": function } } } }),
            ),
        }
    }

    /// How a stream ends that says what it took.
    pub(super) fn ends(self, does: Does, takes: &Takes) -> String {
        let usage = self.usage(takes);
        let [stop, longest] = match self {
            Wire::OpenAi => ["stop", "length"],
            Wire::Anthropic => ["end_turn", "max_tokens"],
            Wire::Gemini => ["STOP", "MAX_TOKENS"],
            Wire::Cohere => ["COMPLETE", "MAX_TOKENS"],
        };
        let why = if does == Does::Stops { longest } else { stop };
        match self {
            Wire::OpenAi => {
                chunk(json!({}), json!(why))
                    + &frame(json!({ "id": "c", "model": "m", "choices": [], "usage": usage }))
                    + "data: [DONE]\n\n"
            }
            Wire::Anthropic => {
                event("content_block_stop", json!({ "index": 0 }))
                    + &event(
                        "message_delta",
                        json!({ "delta": { "stop_reason": why }, "usage": { "output_tokens": takes.visible } }),
                    )
                    + &event("message_stop", json!({}))
            }
            Wire::Gemini => frame(json!({ "usageMetadata": usage, "candidates": [
                { "content": { "role": "model", "parts": [{ "text": "" }] }, "finishReason": why }] })),
            Wire::Cohere => {
                event("content-end", json!({ "index": 0 }))
                    + &event("message-end", json!({ "delta": { "finish_reason": why, "usage": usage } }))
            }
        }
    }

    /// An error in the middle of an answer.
    pub(super) fn errs(self) -> String {
        match self {
            Wire::OpenAi => {
                frame(json!({ "error": { "message": "too much to do", "code": "server_is_overloaded" } }))
            }
            Wire::Anthropic => {
                event("error", json!({ "error": { "type": "overloaded_error", "message": "Overloaded" } }))
            }
            Wire::Gemini => {
                frame(json!({ "error": { "code": 503, "message": "overloaded", "status": "UNAVAILABLE" } }))
            }
            Wire::Cohere => event("message-end", json!({ "delta": { "finish_reason": "ERROR" } })),
        }
    }

    /// How it says no before an answer begins: status, headers, body; nothing where it answers.
    pub(super) fn refuses(self, does: Does) -> Option<(u16, String, String)> {
        let plain = |status, body: Value| Some((status, String::new(), body.to_string()));
        let error = |status: u16, kind: &str, message: &str| match self {
            Wire::OpenAi => json!({ "error": { "message": message, "type": kind, "code": kind } }),
            Wire::Anthropic => json!({ "type": "error", "error": { "type": kind, "message": message } }),
            Wire::Gemini => json!({ "error": { "code": status, "message": message, "status": kind } }),
            Wire::Cohere => json!({ "id": "e", "message": message }),
        };
        let named = |names: [&'static str; 4]| match self {
            Wire::OpenAi => names[0],
            Wire::Anthropic => names[1],
            Wire::Gemini => names[2],
            Wire::Cohere => names[3],
        };
        match does {
            Does::Fails => {
                let kind = named(["server_error", "api_error", "INTERNAL", ""]);
                plain(500, error(500, kind, "oh"))
            }
            Does::Page(status) => {
                let page = "<html><body>Bad gateway</body></html>".to_owned();
                Some((status, "content-type: text/html\r\n".to_owned(), page))
            }
            Does::TooMany(seconds) => {
                let kind = named(["rate_limit_exceeded", "rate_limit_error", "RESOURCE_EXHAUSTED", ""]);
                let mut body = error(429, kind, "slow down");
                if self == Wire::Gemini {
                    // It has no header: the time stands in the body.
                    body["error"]["details"] = json!([{
                        "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": format!("{seconds}s") }]);
                    return plain(429, body);
                }
                Some((429, format!("retry-after: {seconds}\r\n"), body.to_string()))
            }
            Does::TooLong => {
                let kind =
                    named(["context_length_exceeded", "invalid_request_error", "INVALID_ARGUMENT", ""]);
                let message = named([
                    "This model's maximum context length is 8192 tokens.",
                    "prompt is too long: 9000 tokens > 8192 maximum",
                    "The input token count (9000) exceeds the maximum number of tokens allowed (8192).",
                    "too many tokens: total number of tokens in this prompt cannot exceed 8192.",
                ]);
                plain(400, error(400, kind, message))
            }
            Does::Refuses => match self {
                Wire::OpenAi => plain(400, error(400, "content_filter", "it was filtered")),
                Wire::Anthropic => plain(
                    200,
                    json!({ "id": "m", "type": "message", "role": "assistant", "model": "m", "content": [],
                        "stop_reason": "refusal", "usage": { "input_tokens": 9, "output_tokens": 1 } }),
                ),
                Wire::Gemini => plain(
                    200,
                    json!({ "promptFeedback": { "blockReason": "SAFETY" }, "usageMetadata": { "promptTokenCount": 9 } }),
                ),
                Wire::Cohere => plain(422, error(422, "", "it was refused")),
            },
            Does::Streams
            | Does::AtOnce
            | Does::Pauses
            | Does::Waits
            | Does::Cuts(_)
            | Does::Errs(_)
            | Does::Stops
            | Does::Calls
            | Does::Floods => None,
        }
    }
}

/// What a text takes to read here.
pub fn tokens(texts: &[String]) -> i64 {
    texts.iter().map(|text| i64::try_from(text.split_whitespace().count()).unwrap_or(0)).sum()
}

/// The two numbers of a text: its length, and a tenth.
pub fn vector(text: &str) -> Value {
    json!([text.len(), 0.1])
}

fn chunk(delta: Value, finish: Value) -> String {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
    frame(json!({ "id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice] }))
}

/// An event of a wire whose events have names.
fn event(name: &str, mut said: Value) -> String {
    said["type"] = name.into();
    format!("event: {name}\n{}", frame(said))
}

fn frame(said: Value) -> String {
    format!("data: {said}\n\n")
}
