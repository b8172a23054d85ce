//! OpenAI's shape: what is answered, whole or in chunks, and the list of models.

use serde_json::{Value, json};

use crate::chat::{Answer, Call, Finish, Part};
use crate::gateway::{Heading, Pieces, Tells, sealed};
use crate::usage::Usage;
use crate::wire::Delta;

pub(in crate::gateway) fn whole(heading: &Heading, answer: &Answer) -> Value {
    let text = answer.text();
    let calls: Vec<Value> = answer.calls().map(call).collect();
    let content = if text.is_empty() && !calls.is_empty() { Value::Null } else { text.into() };
    let mut message = json!({ "role": "assistant", "content": content, "refusal": null });
    let thought = thought(answer);
    if !thought.is_empty() {
        message["reasoning_content"] = thought.into();
    }
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    let finish = finish(&answer.finish);
    json!({
        "id": format!("chatcmpl-{}", heading.id),
        "object": "chat.completion",
        "created": heading.created,
        "model": heading.model,
        "choices": [{ "index": 0, "message": message, "logprobs": null, "finish_reason": finish }],
        "usage": usage(&answer.usage),
    })
}

fn call(call: &Call) -> Value {
    let function = json!({ "name": call.name, "arguments": arguments(call) });
    json!({ "id": sealed::id(call), "type": "function", "function": function })
}

fn arguments(call: &Call) -> String {
    match &call.arguments {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What the model thought, as far as it can be read.
fn thought(answer: &Answer) -> String {
    let thought = |part: &Part| match part {
        Part::Thinking(thinking) => Some(thinking.text.clone()),
        Part::Text { .. } | Part::Image(_) | Part::Call(_) | Part::Result(_) => None,
    };
    answer.parts.iter().filter_map(thought).collect()
}

fn finish(finish: &Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::Paused => "stop",
        Finish::Calls => "tool_calls",
        Finish::Length | Finish::Cut => "length",
        Finish::Refused { .. } => "content_filter",
    }
}

/// Here a whole includes its parts.
fn usage(usage: &Usage) -> Value {
    json!({
        "prompt_tokens": usage.input(),
        "completion_tokens": usage.output(),
        "total_tokens": usage.input() + usage.output(),
        "prompt_tokens_details": {
            "cached_tokens": usage.input_cached,
            "cache_write_tokens": usage.cache_write_5m + usage.cache_write_1h,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.output_reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}

/// An answer in chunks.
pub(in crate::gateway) struct Chunks {
    tells: Tells,
    begun: bool,
    /// How many bytes of the text were said.
    text: usize,
    /// The parts of the answer that are calls, in their order.
    calls: Vec<usize>,
}

impl Chunks {
    pub fn new(tells: Tells) -> Chunks {
        Chunks { tells, begun: false, text: 0, calls: vec![] }
    }

    fn begin(&mut self, heading: &Heading, out: &mut String) {
        if !self.begun {
            self.begun = true;
            let delta = json!({ "role": "assistant", "content": "", "refusal": null });
            self.chunk(heading, delta, None, out);
        }
    }

    fn chunk(&self, heading: &Heading, delta: Value, finish: Option<&str>, out: &mut String) {
        let choice = json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish });
        self.frame(heading, json!([choice]), None, out);
    }

    fn frame(&self, heading: &Heading, choices: Value, usage: Option<Value>, out: &mut String) {
        let mut frame = json!({
            "id": format!("chatcmpl-{}", heading.id),
            "object": "chat.completion.chunk",
            "created": heading.created,
            "model": heading.model,
            "choices": choices,
        });
        // Who asks for it has the field in each chunk.
        if self.tells == Tells::Usage {
            frame["usage"] = usage.unwrap_or(Value::Null);
        }
        out.push_str("data: ");
        out.push_str(&frame.to_string());
        out.push_str("\n\n");
    }

    fn begin_call(&mut self, heading: &Heading, at: usize, (id, name): (&str, &str), out: &mut String) {
        let index = self.calls.len();
        self.calls.push(at);
        let function = json!({ "name": name, "arguments": "" });
        let call = json!({ "index": index, "id": id, "type": "function", "function": function });
        self.chunk(heading, json!({ "tool_calls": [call] }), None, out);
    }

    fn write_call(&self, heading: &Heading, index: usize, text: &str, out: &mut String) {
        let call = json!({ "index": index, "function": { "arguments": text } });
        self.chunk(heading, json!({ "tool_calls": [call] }), None, out);
    }
}

impl Pieces for Chunks {
    fn say(&mut self, heading: &Heading, delta: &Delta, out: &mut String) {
        match delta {
            Delta::Beside(_) => return,
            Delta::Text(_) | Delta::Thinking(_) | Delta::Call { .. } | Delta::Arguments { .. } => {}
        }
        self.begin(heading, out);
        match delta {
            Delta::Text(text) => {
                self.text += text.len();
                self.chunk(heading, json!({ "content": text }), None, out);
            }
            Delta::Thinking(text) => self.chunk(heading, json!({ "reasoning_content": text }), None, out),
            Delta::Call { part, id, name, seal } => {
                let id = sealed::told(id, seal.as_deref());
                self.begin_call(heading, *part, (&id, name), out);
            }
            Delta::Arguments { part, text } => {
                if let Some(index) = self.calls.iter().position(|call| call == part) {
                    self.write_call(heading, index, text, out);
                }
            }
            Delta::Beside(_) => {}
        }
    }

    fn end(&mut self, heading: &Heading, answer: &Answer, out: &mut String) {
        self.begin(heading, out);
        // A server that does not stream says all of it at the end.
        if let Some(rest) = answer.text().get(self.text..).filter(|rest| !rest.is_empty()) {
            self.chunk(heading, json!({ "content": rest }), None, out);
        }
        for call in answer.calls().skip(self.calls.len()) {
            let index = self.calls.len();
            self.begin_call(heading, usize::MAX, (&sealed::id(call), &call.name), out);
            self.write_call(heading, index, &arguments(call), out);
        }
        self.chunk(heading, json!({}), Some(finish(&answer.finish)), out);
        if self.tells == Tells::Usage {
            self.frame(heading, json!([]), Some(usage(&answer.usage)), out);
        }
        out.push_str("data: [DONE]\n\n");
    }
}

pub(in crate::gateway) fn models<'a>(names: impl Iterator<Item = &'a str>) -> Value {
    json!({ "object": "list", "data": names.map(model).collect::<Vec<_>>() })
}

pub(in crate::gateway) fn model(name: &str) -> Value {
    let owner = name.split_once('/').map_or("keyway", |(provider, _)| provider);
    json!({ "id": name, "object": "model", "created": 0, "owned_by": owner })
}
