//! Anthropic's shape: what is answered, whole or as events, and the list of models.

use serde_json::{Value, json};

use super::WIRE;
use crate::chat::{Answer, Call, Finish, Part};
use crate::gateway::{Heading, Pieces, sealed};
use crate::usage::Usage;
use crate::wire::Delta;

pub(in crate::gateway) fn whole(heading: &Heading, answer: &Answer) -> Value {
    let mut message = message(heading);
    message["content"] = answer.parts.iter().filter_map(block).collect();
    message["stop_reason"] = stop_reason(&answer.finish).into();
    message["usage"] = usage(&answer.usage);
    message
}

/// A message without what comes in it.
fn message(heading: &Heading) -> Value {
    json!({
        "id": format!("msg_{}", heading.id),
        "type": "message",
        "role": "assistant",
        "model": heading.model,
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
    })
}

fn block(part: &Part) -> Option<Value> {
    match part {
        Part::Text { text, .. } => (!text.is_empty()).then(|| json!({ "type": "text", "text": text })),
        Part::Call(call) => {
            let id = sealed::id(call);
            Some(json!({ "type": "tool_use", "id": id, "name": call.name, "input": input(call) }))
        }
        Part::Thinking(thinking) if thinking.wire == WIRE => Some(thinking.raw.clone()),
        // Nobody signed it, so that it is told and does not come back.
        Part::Thinking(thinking) => (!thinking.text.is_empty())
            .then(|| json!({ "type": "thinking", "thinking": thinking.text, "signature": "" })),
        Part::Image(_) | Part::Result(_) => None,
    }
}

/// What a tool is called with: an object.
fn input(call: &Call) -> Value {
    if call.arguments.is_object() { call.arguments.clone() } else { json!({}) }
}

fn stop_reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::Calls => "tool_use",
        Finish::Length | Finish::Cut => "max_tokens",
        Finish::Paused => "pause_turn",
        Finish::Refused { .. } => "refusal",
    }
}

/// Here what was read anew leaves out what was remembered.
fn usage(usage: &Usage) -> Value {
    json!({
        "input_tokens": usage.input_uncached,
        "cache_creation_input_tokens": usage.cache_write_5m + usage.cache_write_1h,
        "cache_read_input_tokens": usage.input_cached,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_5m,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        },
        "output_tokens": usage.output(),
        "service_tier": "standard",
    })
}

/// An answer as events. Blocks come one after the other, and none is taken up again. Providers may write several calls by turns,
/// so that the first call stays open to the end, and what comes beside it follows there.
#[derive(Default)]
pub(in crate::gateway) struct Events {
    begun: bool,
    open: Option<Block>,
    /// How many blocks have begun.
    blocks: usize,
    /// How many bytes of the text were said.
    text: usize,
    /// How many calls have begun.
    calls: usize,
}

/// The block that is being written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    Text,
    Thinking,
    /// A call, by the part of the answer that it is.
    Call(usize),
}

impl Events {
    fn begin(&mut self, heading: &Heading, out: &mut String) {
        if self.begun {
            return;
        }
        self.begun = true;
        let mut message = message(heading);
        // What is known later replaces it, in `message_delta`.
        message["usage"] = usage(&Usage { input_uncached: heading.reads, ..Usage::default() });
        event("message_start", json!({ "type": "message_start", "message": message }), out);
        event("ping", json!({ "type": "ping" }), out);
    }

    /// Begins a block, unless it is the one that is open.
    fn block(&mut self, block: Block, content: impl FnOnce() -> Value, out: &mut String) {
        if self.open == Some(block) {
            return;
        }
        self.close(out);
        self.open = Some(block);
        let said = json!({ "type": "content_block_start", "index": self.blocks, "content_block": content() });
        event("content_block_start", said, out);
        self.blocks += 1;
    }

    fn close(&mut self, out: &mut String) {
        if self.open.take().is_some() {
            let index = self.blocks.saturating_sub(1);
            event("content_block_stop", json!({ "type": "content_block_stop", "index": index }), out);
        }
    }

    fn delta(&self, delta: Value, out: &mut String) {
        let index = self.blocks.saturating_sub(1);
        let said = json!({ "type": "content_block_delta", "index": index, "delta": delta });
        event("content_block_delta", said, out);
    }

    fn text(&mut self, text: &str, out: &mut String) {
        self.text += text.len();
        self.block(Block::Text, || json!({ "type": "text", "text": "" }), out);
        self.delta(json!({ "type": "text_delta", "text": text }), out);
    }

    fn call(&mut self, part: usize, (id, name): (&str, &str), out: &mut String) {
        self.calls += 1;
        let content = || json!({ "type": "tool_use", "id": id, "name": name, "input": {} });
        self.block(Block::Call(part), content, out);
    }

    fn arguments(&self, text: &str, out: &mut String) {
        self.delta(json!({ "type": "input_json_delta", "partial_json": text }), out);
    }
}

fn event(name: &str, said: Value, out: &mut String) {
    for piece in ["event: ", name, "\ndata: ", &said.to_string(), "\n\n"] {
        out.push_str(piece);
    }
}

impl Pieces for Events {
    fn say(&mut self, heading: &Heading, delta: &Delta, out: &mut String) {
        if let Some(Block::Call(open)) = self.open {
            match delta {
                Delta::Arguments { part, text } if *part == open => self.arguments(text, out),
                Delta::Arguments { .. }
                | Delta::Beside(_)
                | Delta::Call { .. }
                | Delta::Text(_)
                | Delta::Thinking(_) => {}
            }
            return;
        }
        match delta {
            Delta::Beside(_) | Delta::Arguments { .. } => {}
            Delta::Text(text) => {
                self.begin(heading, out);
                self.text(text, out);
            }
            Delta::Thinking(text) => {
                self.begin(heading, out);
                let content = || json!({ "type": "thinking", "thinking": "", "signature": "" });
                self.block(Block::Thinking, content, out);
                self.delta(json!({ "type": "thinking_delta", "thinking": text }), out);
            }
            Delta::Call { part, id, name, seal } => {
                self.begin(heading, out);
                self.call(*part, (&sealed::told(id, seal.as_deref()), name), out);
            }
        }
    }

    fn end(&mut self, heading: &Heading, answer: &Answer, out: &mut String) {
        self.begin(heading, out);
        // A server that does not stream says all of it at the end.
        if let Some(rest) = answer.text().get(self.text..).filter(|rest| !rest.is_empty()) {
            self.text(rest, out);
        }
        for call in answer.calls().skip(self.calls) {
            self.call(usize::MAX - self.calls, (&sealed::id(call), &call.name), out);
            self.arguments(&input(call).to_string(), out);
        }
        self.close(out);
        let delta = json!({ "stop_reason": stop_reason(&answer.finish), "stop_sequence": null });
        let said = json!({ "type": "message_delta", "delta": delta, "usage": usage(&answer.usage) });
        event("message_delta", said, out);
        event("message_stop", json!({ "type": "message_stop" }), out);
    }
}

pub(in crate::gateway) fn models<'a>(names: impl Iterator<Item = &'a str>) -> Value {
    let all: Vec<&str> = names.collect();
    json!({
        "data": all.iter().map(|name| model(name)).collect::<Vec<_>>(),
        "has_more": false,
        "first_id": all.first(),
        "last_id": all.last(),
    })
}

pub(in crate::gateway) fn model(name: &str) -> Value {
    json!({ "type": "model", "id": name, "display_name": name, "created_at": "1970-01-01T00:00:00Z" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_are_written_by_turns_come_whole_one_after_the_other() {
        let heading = Heading { id: "x".into(), model: "m".into(), created: 0, reads: 1 };
        let made = |part, id: &str| Delta::Call { part, id: id.into(), name: "look".into(), seal: None };
        let piece = |part, text: &str| Delta::Arguments { part, text: text.into() };
        let deltas = [
            Delta::Text("I look.".into()),
            made(1, "a"),
            piece(1, "{\"at\":"),
            made(2, "b"),
            piece(2, "{\"at\":2}"),
            piece(1, "1}"),
        ];
        let call = |id: &str, at: u64| {
            let arguments = json!({ "at": at });
            Part::Call(Call { id: id.into(), name: "look".into(), arguments, seal: None })
        };
        let answer = Answer {
            id: None,
            model: "m".into(),
            parts: vec![Part::text("I look."), call("a", 1), call("b", 2)],
            finish: Finish::Calls,
            usage: Usage::default(),
        };
        let (mut events, mut out) = (Events::default(), String::new());
        deltas.iter().for_each(|delta| events.say(&heading, delta, &mut out));
        events.end(&heading, &answer, &mut out);
        let said: Vec<Value> =
            out.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok()).collect();
        let written = |block: u64| -> String {
            let of = said.iter().filter(|event| event["index"] == block);
            of.filter_map(|event| event.pointer("/delta/partial_json")?.as_str()).collect()
        };
        assert_eq!((written(1), written(2)), ("{\"at\":1}".to_owned(), "{\"at\":2}".to_owned()));
        let kinds: Vec<&str> = said.iter().filter_map(|event| event["type"].as_str()).collect();
        let blocks: Vec<&str> =
            kinds.into_iter().filter(|kind| kind.starts_with("content_block_st")).collect();
        assert_eq!(
            blocks,
            ["content_block_start", "content_block_stop"].repeat(3),
            "each is closed before the next"
        );
    }
}
