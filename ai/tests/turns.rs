//! Two turns of a model with tools over each wire: what it wanted called goes back to it with what came of it, each result
//! at its call, and what the provider wants back with a call is there unchanged.

#![allow(clippy::unwrap_used)]

use ai::chat::{Answer, Message, Part, Question, Role, Tool, ToolResult};
use ai::provider::find;
use ai::refusal::Reply;
use jiff::Timestamp;
use serde_json::{Value, json};

fn question(model: &str) -> Question {
    let schema =
        json!({ "type": "object", "properties": { "at": { "type": "string" } }, "required": ["at"] });
    let tool = Tool { name: "weather".into(), about: "The weather at a place.".into(), schema };
    Question { tools: vec![tool], ..Question::new(model, "Where is it warmer?") }
}

/// The answer of a provider, and what is sent to it with the results of the calls in it.
fn turns(provider: &str, model: &str, says: &Value) -> (Answer, Value) {
    let provider = find(provider).unwrap();
    let question = question(model);
    let body = says.to_string();
    let reply = Reply { status: 200, headers: &[], body: body.as_bytes() };
    let answer = provider.answer(&question, &reply, Timestamp::UNIX_EPOCH).unwrap();
    let result = |(at, call): (usize, &ai::chat::Call)| {
        Part::Result(ToolResult {
            call: call.id.clone(),
            name: call.name.clone(),
            text: format!("{at} degrees"),
            failed: at == 1,
        })
    };
    let results: Vec<Part> = answer.calls().enumerate().map(result).collect();
    assert_eq!(results.len(), 2, "{answer:?}");
    let stored = serde_json::to_string(&[
        Message::new(Role::Model, answer.parts.clone()),
        Message::new(Role::User, results),
    ]);
    // Between the turns they stand in the log.
    let read: Vec<Message> = serde_json::from_str(&stored.unwrap()).unwrap();
    let mut next = question;
    next.messages.extend(read);
    (answer, provider.ask(&next, &Default::default()).body)
}

fn chosen(call: impl Fn(&str, &str) -> Value) -> Value {
    json!([call("one", "Ulm"), call("two", "Bonn")])
}

/// Where the wire of OpenAI is spoken, and where calls and results stand as they do there.
fn paired(body: &Value) {
    let messages = body["messages"].as_array().unwrap();
    let said = messages.iter().position(|message| message["role"] == "assistant").unwrap();
    let calls = messages[said]["tool_calls"].as_array().unwrap();
    assert_eq!(calls.len(), 2, "{body}");
    for (at, call) in calls.iter().enumerate() {
        let result = &messages[said + 1 + at];
        assert_eq!((&result["role"], &result["tool_call_id"]), (&json!("tool"), &call["id"]), "{body}");
        assert!(result["content"].to_string().contains(&format!("{at} degrees")), "{body}");
    }
    assert!(calls[0]["function"]["arguments"].as_str().unwrap().contains("Ulm"), "{body}");
    assert_eq!(body["tools"].as_array().map(Vec::len), Some(1), "{body}");
}

#[test]
fn over_the_wire_of_openai() {
    let call = |id: &str, at: &str| {
        let arguments = json!({ "at": at }).to_string();
        json!({ "id": id, "type": "function", "function": { "name": "weather", "arguments": arguments } })
    };
    let message = json!({ "role": "assistant", "content": null, "tool_calls": chosen(call) });
    let says = json!({ "id": "c", "model": "m", "choices": [{ "index": 0, "message": message, "finish_reason": "tool_calls" }],
        "usage": { "prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13 } });
    for (provider, model) in
        [("openai", "gpt-5.4-mini"), ("deepseek", "deepseek-v4-pro"), ("compatible", "m"), ("azure", "mine")]
    {
        paired(&turns(provider, model, &says).1);
    }
}

#[test]
fn over_the_wire_of_cohere() {
    let call = |id: &str, at: &str| {
        let arguments = json!({ "at": at }).to_string();
        json!({ "id": id, "type": "function", "function": { "name": "weather", "arguments": arguments } })
    };
    let message = json!({ "role": "assistant", "tool_plan": "I look at both.", "tool_calls": chosen(call) });
    let says = json!({ "id": "c", "finish_reason": "TOOL_CALL", "message": message,
        "usage": { "tokens": { "input_tokens": 9, "output_tokens": 4 } } });
    let (_, body) = turns("cohere", "command-a-plus-05-2026", &says);
    paired(&body);
    assert!(body.to_string().contains("I look at both."), "its plan goes back: {body}");
}

#[test]
fn over_the_wire_of_anthropic() {
    let call = |id: &str, at: &str| json!({ "type": "tool_use", "id": id, "name": "weather", "input": { "at": at } });
    let mut content = chosen(call);
    let thought = json!({ "type": "thinking", "thinking": "Two places.", "signature": "c2lnbmVk" });
    content.as_array_mut().unwrap().insert(0, thought.clone());
    let says = json!({ "id": "m", "type": "message", "role": "assistant", "model": "m", "content": content,
        "stop_reason": "tool_use", "usage": { "input_tokens": 9, "output_tokens": 4 } });
    let (_, body) = turns("anthropic", "claude-sonnet-5-5", &says);
    let (said, heard) = (&body["messages"][1]["content"], &body["messages"][2]["content"]);
    assert_eq!(said[0], thought, "a thought goes back as it came: {body}");
    for at in 0..2 {
        assert_eq!(said[at + 1]["id"], heard[at]["tool_use_id"], "{body}");
        assert!(heard[at]["content"].to_string().contains(&format!("{at} degrees")), "{body}");
    }
    assert_eq!((&heard[0]["is_error"], &heard[1]["is_error"]), (&Value::Null, &json!(true)), "{body}");
}

#[test]
fn over_the_wire_of_gemini() {
    // It gives no ids, and a signature with the first call.
    let call = |_: &str, at: &str| json!({ "functionCall": { "name": "weather", "args": { "at": at } } });
    let mut parts = chosen(call);
    parts[0]["thoughtSignature"] = json!("c2lnbmVk");
    let says = json!({ "candidates": [{ "content": { "role": "model", "parts": parts }, "finishReason": "STOP" }],
        "usageMetadata": { "promptTokenCount": 9, "candidatesTokenCount": 4, "totalTokenCount": 13 }, "modelVersion": "m" });
    let (answer, body) = turns("gemini", "gemini-3.5-flash", &says);
    let ids: Vec<&str> = answer.calls().map(|call| &*call.id).collect();
    assert!(ids[0] != ids[1], "{ids:?}");
    let (said, heard) = (&body["contents"][1]["parts"], &body["contents"][2]["parts"]);
    assert_eq!(said[0]["thoughtSignature"], json!("c2lnbmVk"), "{body}");
    for (at, place) in [(0, "Ulm"), (1, "Bonn")] {
        assert_eq!(said[at]["functionCall"]["args"]["at"], json!(place), "{body}");
        assert_eq!(said[at]["functionCall"]["id"], Value::Null, "an id of ours is not sent: {body}");
        let response = &heard[at]["functionResponse"];
        assert_eq!(response["name"], json!("weather"), "{body}");
        assert!(response["response"].to_string().contains(&format!("{at} degrees")), "{body}");
    }
    assert!(heard[1]["functionResponse"]["response"]["error"].is_string(), "{body}");
}
