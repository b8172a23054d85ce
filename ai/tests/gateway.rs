//! What programs send is read or refused by name, whatever stands in it; and what a provider wants back with a call goes to
//! a program and comes back.

#![allow(clippy::unwrap_used)]

use ai::chat::{Delivery, Part, Question};
use ai::gateway::{Heading, Shape, Tells, Vectored};
use ai::provider::find;
use serde_json::{Value, json};

fn openai() -> Value {
    json!({
        "model": "m", "max_tokens": 9, "temperature": 0.5, "top_p": 0.9, "stop": ["END"], "stream": true, "n": 1,
        "stream_options": { "include_usage": true }, "parallel_tool_calls": false, "reasoning_effort": "low",
        "tool_choice": { "type": "function", "function": { "name": "look" } },
        "response_format": { "type": "json_schema", "json_schema": { "name": "x", "schema": { "type": "object" } } },
        "tools": [{ "type": "function", "function": { "name": "look", "description": "x", "parameters": { "type": "object" } } }],
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": [
                { "type": "text", "text": "What is this?" },
                { "type": "image_url", "image_url": { "url": "data:image/png;base64,AA==" } } ] },
            { "role": "assistant", "content": null, "tool_calls": [
                { "id": "a", "type": "function", "function": { "name": "look", "arguments": "{\"at\":1}" } } ] },
            { "role": "tool", "tool_call_id": "a", "content": "a cat" },
        ],
    })
}

fn anthropic() -> Value {
    json!({
        "model": "m", "max_tokens": 9, "temperature": 0.5, "stop_sequences": ["END"], "stream": true,
        "system": [{ "type": "text", "text": "Be brief.", "cache_control": { "type": "ephemeral", "ttl": "1h" } }],
        "tools": [{ "name": "look", "description": "x", "input_schema": { "type": "object" } }],
        "tool_choice": { "type": "tool", "name": "look", "disable_parallel_tool_use": true },
        "output_config": { "effort": "low", "format": { "type": "json_schema", "schema": { "type": "object" } } },
        "messages": [
            { "role": "user", "content": "What is this?" },
            { "role": "assistant", "content": [
                { "type": "thinking", "thinking": "Hm.", "signature": "s" },
                { "type": "tool_use", "id": "a", "name": "look", "input": { "at": 1 } } ] },
            { "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": "a", "is_error": true, "content": [
                    { "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "AA==" } } ] } ] },
        ],
    })
}

/// The places of all values within a value.
fn places(of: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    match of {
        Value::Object(entries) => {
            entries.iter().for_each(|(key, value)| places(value, &format!("{at}/{key}"), into));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(key, value)| places(value, &format!("{at}/{key}"), into));
        }
        _ => {}
    }
}

#[test]
fn whatever_stands_at_a_place_is_read_or_refused_by_name() {
    let others = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("ü__seal__ü"),
        json!([]),
        json!([[]]),
        json!([null]),
        json!({}),
        json!({ "type": "x" }),
    ];
    for (shape, whole) in [(Shape::OpenAi, openai()), (Shape::Anthropic, anthropic())] {
        assert!(shape.read(whole.to_string().as_bytes()).is_ok(), "{shape:?}");
        let mut all = vec![];
        places(&whole, "", &mut all);
        assert!(all.len() > 50, "{shape:?}: {}", all.len());
        let (mut read, mut refused) = (0, 0);
        for place in &all {
            for other in &others {
                let mut changed = whole.clone();
                *changed.pointer_mut(place).unwrap() = other.clone();
                match shape.read(changed.to_string().as_bytes()) {
                    Ok(_) => read += 1,
                    Err(wrong) => {
                        refused += 1;
                        let named = wrong.field.is_some() || place.is_empty();
                        assert!(named && !wrong.message.is_empty(), "{shape:?} {place} {other}: {wrong:?}");
                    }
                }
            }
        }
        assert!(read > 100 && refused > 100, "{shape:?}: {read} are read, {refused} refused");
        let text = whole.to_string();
        let cut = (0..text.len()).filter(|at| shape.read(&text.as_bytes()[..*at]).is_ok()).count();
        assert_eq!(cut, 0, "half of a body is none");
    }
    assert!(Vectored::read(b"{\"model\":\"m\",\"input\":{}}").is_err());
}

#[test]
fn what_a_provider_wants_back_with_a_call_goes_out_with_its_id_and_comes_back() {
    let frame = json!({ "candidates": [{ "content": { "parts": [
        { "functionCall": { "name": "look", "args": { "at": 1 } }, "thoughtSignature": "c2VhbA+/==" } ] }, "finishReason": "STOP" }],
        "usageMetadata": { "promptTokenCount": 9, "candidatesTokenCount": 3 } });
    let provider = find("gemini").unwrap();
    let question = Question { delivery: Delivery::Stream, ..Question::new("gemini-3.8-flash", "Look.") };
    let heading = Heading { id: "x".into(), model: "m".into(), created: 0, reads: 0 };
    for shape in [Shape::OpenAi, Shape::Anthropic] {
        let (mut pieces, mut out) = (shape.pieces(Tells::Nothing), String::new());
        let mut stream = provider.stream(&question);
        let deltas = stream.push(format!("data: {frame}\n\n").as_bytes()).unwrap();
        deltas.iter().for_each(|delta| pieces.say(&heading, delta, &mut out));
        let answer = stream.end().unwrap();
        pieces.end(&heading, &answer, &mut out);
        let said: Vec<Value> =
            out.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok()).collect();
        let place = ["/choices/0/delta/tool_calls/0/id", "/content_block/id"];
        let streamed: Vec<&str> =
            said.iter().flat_map(|event| place.iter().filter_map(|at| event.pointer(at)?.as_str())).collect();
        let whole = shape.whole(&heading, &answer);
        let id = ["/choices/0/message/tool_calls/0/id", "/content/0/id"];
        let id = id.iter().find_map(|at| whole.pointer(at)?.as_str()).unwrap();
        assert_eq!(streamed, [id], "{shape:?}: streamed or not it is the same");
        let back = match shape {
            Shape::OpenAi => json!({ "model": "m", "messages": [
                { "role": "assistant", "tool_calls": [{ "id": id, "type": "function", "function": { "name": "look", "arguments": "{}" } }] },
                { "role": "tool", "tool_call_id": id, "content": "a cat" } ] }),
            Shape::Anthropic => json!({ "model": "m", "max_tokens": 9, "messages": [
                { "role": "assistant", "content": [{ "type": "tool_use", "id": id, "name": "look", "input": {} }] },
                { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": id, "content": "a cat" }] } ] }),
        };
        let read = shape.read(back.to_string().as_bytes()).unwrap().question;
        let (Part::Call(call), Part::Result(result)) =
            (&read.messages[0].parts[0], &read.messages[1].parts[0])
        else {
            panic!("{read:?}")
        };
        assert_eq!((call.seal.as_deref(), &call.id), (Some("c2VhbA+/=="), &result.call), "{shape:?}");
    }
}
