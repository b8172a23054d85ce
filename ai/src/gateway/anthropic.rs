//! Anthropic's shape, as its published libraries of autumn 2026 have it: what is asked. What is answered stands in
//! `says.rs`.

mod says;

use serde_json::{Value, json};

use super::fields::{Fields, Place, image, wrong};
use super::{Request, Tells, Wrong, sealed, tool_of};
use crate::chat::{
    Call, Calls, Delivery, Effort, Form, Image, Keep, Message, Part, Question, Role, Thinking, Tool,
    ToolChoice, ToolResult,
};
pub(super) use says::{Events, model, models, whole};

/// The wire to which thoughts of this shape go back.
const WIRE: &str = "anthropic";

/// What would change the meaning of an answer and is not kept.
const NOT_KEPT: [(&str, &str); 2] = [
    ("container", "is a place at the provider's, and none is used"),
    ("mcp_servers", "are called by the provider, and none is: offer their tools yourself"),
];

pub(super) fn read(said: &Value) -> Result<Request, Wrong> {
    let said = Fields::of(said, Place::Root)?;
    for (name, why) in NOT_KEPT {
        said.refuse(name, why)?;
    }
    let mut question = Question::new(said.required("model")?, "");
    let most = said.count("max_tokens")?.ok_or_else(|| said.wrong("max_tokens", "is missing"))?;
    question.max_output = Some(most);
    (question.system, question.keep) = system(&said)?;
    question.messages = turns(&said)?;
    for (at, one) in said.items("tools")?.iter().enumerate() {
        let (tool, keep) = tool(one, Place::Item(&Place::Root, "tools", at))?;
        question.tools.push(tool);
        // What is remembered of the tools is remembered with the system behind them.
        question.keep = question.keep.or(keep);
    }
    (question.tool_choice, question.calls) = tool_choice(&said)?;
    question.temperature = said.number("temperature", 1.0)?;
    question.top_p = said.number("top_p", 1.0)?;
    question.stop = said.texts("stop_sequences")?;
    (question.form, question.effort) = output(&said)?;
    if said.is_on("stream")? {
        question.delivery = Delivery::Stream;
    }
    Ok(Request { question, tells: Tells::Usage })
}

/// What the model is told first, and whether it is to be remembered.
fn system(said: &Fields<'_>) -> Result<(Option<String>, Option<Keep>), Wrong> {
    if let Some(Value::String(text)) = said.get("system") {
        return Ok((Some(text.clone()), None));
    }
    let (mut texts, mut keep) = (vec![], None);
    for (at, one) in said.items("system")?.iter().enumerate() {
        let block = Fields::of(one, Place::Item(&Place::Root, "system", at))?;
        texts.push(block.required("text")?);
        keep = keep.or(kept(&block)?);
    }
    Ok(((!texts.is_empty()).then(|| texts.join("\n\n")), keep))
}

/// How long all up to a block is to be remembered, if it says so.
fn kept(block: &Fields<'_>) -> Result<Option<Keep>, Wrong> {
    let Some(control) = block.get("cache_control") else { return Ok(None) };
    match control.get("ttl").and_then(Value::as_str) {
        None | Some("5m") => Ok(Some(Keep::Minutes)),
        Some("1h") => Ok(Some(Keep::Hour)),
        Some(_) => Err(block.wrong("cache_control", "has a `ttl` that is neither `5m` nor `1h`")),
    }
}

fn turns(said: &Fields<'_>) -> Result<Vec<Message>, Wrong> {
    let mut turns: Vec<Message> = vec![];
    for (at, one) in said.items("messages")?.iter().enumerate() {
        let place = Place::Item(&Place::Root, "messages", at);
        let message = Fields::of(one, place)?;
        let role = match message.required("role")? {
            "user" => Role::User,
            "assistant" => Role::Model,
            _ => return Err(message.wrong("role", "is neither `user` nor `assistant`")),
        };
        let mut turn = Message::new(role, vec![]);
        match message.get("content") {
            None => return Err(message.wrong("content", "is missing")),
            Some(Value::String(text)) => turn.parts.push(Part::text(text)),
            Some(_) => {
                for (at, block) in message.items("content")?.iter().enumerate() {
                    let block = Fields::of(block, Place::Item(&place, "content", at))?;
                    read_block(&block, &turns, &mut turn.parts)?;
                    turn.keep = kept(&block)?.or(turn.keep);
                }
            }
        }
        turns.push(turn);
    }
    if turns.is_empty() {
        return Err(said.wrong("messages", "has nothing to answer"));
    }
    Ok(turns)
}

fn read_block(block: &Fields<'_>, before: &[Message], parts: &mut Vec<Part>) -> Result<(), Wrong> {
    match block.required("type")? {
        "text" => parts.push(Part::text(block.required("text")?)),
        "image" => parts.push(picture(block)?),
        "tool_use" => {
            let (id, seal) = sealed::read(block.required("id")?);
            let name = block.required("name")?.to_owned();
            let arguments = block.get("input").cloned().unwrap_or_else(|| json!({}));
            parts.push(Part::Call(Call { id, name, arguments, seal }));
        }
        "tool_result" => result(block, before, parts)?,
        "thinking" => {
            // Without its signature it is refused where it goes back to.
            let text = block.required("thinking")?.to_owned();
            if block.text("signature")?.is_some_and(|signature| !signature.is_empty()) {
                let raw = block.whole();
                parts.push(Part::Thinking(Thinking { wire: WIRE.to_owned(), text, raw }));
            }
        }
        "redacted_thinking" => {
            let raw = block.whole();
            parts.push(Part::Thinking(Thinking { wire: WIRE.to_owned(), text: String::new(), raw }));
        }
        other => {
            let what = format!("is `{other}`; text, pictures, tools and thoughts are read");
            return Err(block.wrong("type", &what));
        }
    }
    Ok(())
}

fn picture(block: &Fields<'_>) -> Result<Part, Wrong> {
    let source = block.get("source").and_then(Value::as_object);
    let text = |name: &str| source?.get(name)?.as_str();
    let found = match text("type") {
        Some("base64") => text("media_type")
            .zip(text("data"))
            .map(|(media, data)| Image::Bytes { media: media.to_owned(), data: data.to_owned() }),
        Some("url") => text("url").and_then(image),
        Some(_) | None => None,
    };
    found.map(Part::Image).ok_or_else(|| block.wrong("source", "is neither an address nor base64"))
}

/// What a tool gave, with its name, which stands at the call alone. Pictures among it follow it.
fn result(block: &Fields<'_>, before: &[Message], parts: &mut Vec<Part>) -> Result<(), Wrong> {
    let (call, _) = sealed::read(block.required("tool_use_id")?);
    let name = tool_of(before, &call);
    let name = name.ok_or_else(|| block.wrong("tool_use_id", "is the id of no call before it"))?;
    let (mut texts, mut pictures) = (vec![], vec![]);
    match block.get("content") {
        Some(Value::String(text)) => texts.push(text.clone()),
        Some(_) => {
            let place = block.place();
            for (at, item) in block.items("content")?.iter().enumerate() {
                let item = Fields::of(item, Place::Item(&place, "content", at))?;
                match item.required("type")? {
                    "text" => texts.push(item.required("text")?.to_owned()),
                    "image" => pictures.push(picture(&item)?),
                    other => {
                        return Err(item.wrong("type", &format!("is `{other}`; text and pictures are read")));
                    }
                }
            }
        }
        None => {}
    }
    let failed = block.is_on("is_error")?;
    parts.push(Part::Result(ToolResult { call, name, text: texts.join("\n"), failed }));
    parts.extend(pictures);
    Ok(())
}

fn tool(one: &Value, place: Place<'_>) -> Result<(Tool, Option<Keep>), Wrong> {
    let one = Fields::of(one, place)?;
    match one.text("type")? {
        None | Some("custom") => {}
        Some(other) => {
            return Err(one.wrong("type", &format!("is `{other}`; only tools of the program's are called")));
        }
    }
    let name = one.required("name")?.to_owned();
    let about = one.text("description")?.unwrap_or_default().to_owned();
    let schema = one.get("input_schema").cloned();
    let schema = schema.ok_or_else(|| one.wrong("input_schema", "is missing"))?;
    Ok((Tool { name, about, schema }, kept(&one)?))
}

fn tool_choice(said: &Fields<'_>) -> Result<(ToolChoice, Calls), Wrong> {
    let Some(choice) = said.get("tool_choice") else { return Ok((ToolChoice::Auto, Calls::Many)) };
    let choice = Fields::of(choice, Place::Field(&Place::Root, "tool_choice"))?;
    let which = match choice.required("type")? {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Some,
        "none" => ToolChoice::Never,
        "tool" => ToolChoice::This(choice.required("name")?.to_owned()),
        _ => return Err(choice.wrong("type", "is none of `auto`, `any`, `none` and `tool`")),
    };
    let calls = if choice.is_on("disable_parallel_tool_use")? { Calls::One } else { Calls::Many };
    Ok((which, calls))
}

/// The form of the answer, and how hard the model is to try.
fn output(said: &Fields<'_>) -> Result<(Form, Option<Effort>), Wrong> {
    let place = Place::Field(&Place::Root, "output_config");
    let config = said.get("output_config").map(|config| Fields::of(config, place)).transpose()?;
    let effort = match config.as_ref().map_or(Ok(None), |config| config.text("effort"))? {
        None => None,
        Some("low") => Some(Effort::Low),
        Some("medium") => Some(Effort::Medium),
        Some("high" | "xhigh" | "max") => Some(Effort::High),
        Some(_) => return Err(wrong(Place::Field(&place, "effort"), "is no effort")),
    };
    // Its older name stands beside the config.
    let format = config.as_ref().and_then(|config| config.get("format")).or(said.get("output_format"));
    let form = match format {
        None => Form::Text,
        Some(format) => {
            let format = Fields::of(format, Place::Field(&place, "format"))?;
            let schema = format.get("schema").filter(|_| format.get("type") == Some(&"json_schema".into()));
            let schema = schema.ok_or_else(|| format.wrong("schema", "of a `json_schema` is missing"))?;
            Form::Json { name: "answer".into(), schema: schema.clone() }
        }
    };
    Ok((form, effort))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(said: Value) -> Result<Question, Wrong> {
        read(&said).map(|request| request.question)
    }

    #[test]
    fn a_conversation_with_tools_becomes_a_question() {
        let question = asked(json!({
            "model": "m", "max_tokens": 9, "stop_sequences": ["END"], "stream": true,
            "system": [{ "type": "text", "text": "Be brief.", "cache_control": { "type": "ephemeral", "ttl": "1h" } }],
            "tools": [{ "name": "look", "description": "Looks.", "input_schema": { "type": "object" } }],
            "tool_choice": { "type": "any", "disable_parallel_tool_use": true },
            "output_config": { "effort": "max" }, "thinking": { "type": "enabled", "budget_tokens": 1024 },
            "messages": [
                { "role": "user", "content": "What is this?" },
                { "role": "assistant", "content": [
                    { "type": "thinking", "thinking": "Hm.", "signature": "s" },
                    { "type": "thinking", "thinking": "Nobody signed this.", "signature": "" },
                    { "type": "tool_use", "id": "a", "name": "look", "input": { "at": 1 } } ] },
                { "role": "user", "content": [
                    { "type": "tool_result", "tool_use_id": "a", "is_error": true, "content": [
                        { "type": "text", "text": "no cat" },
                        { "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "AA==" } } ],
                      "cache_control": { "type": "ephemeral" } } ] },
            ],
        }))
        .unwrap();
        assert_eq!((question.system.as_deref(), question.keep), (Some("Be brief."), Some(Keep::Hour)));
        let shown: Vec<usize> = question.messages.iter().map(|turn| turn.parts.len()).collect();
        assert_eq!(shown, [1, 2, 2], "a thought without its signature cannot go back");
        let Part::Result(result) = &question.messages[2].parts[0] else { unreachable!() };
        assert_eq!((&*result.name, &*result.text, result.failed), ("look", "no cat", true));
        assert!(matches!(question.messages[2].parts[1], Part::Image(_)));
        assert_eq!(question.messages[2].keep, Some(Keep::Minutes));
        assert_eq!((question.tool_choice, question.calls), (ToolChoice::Some, Calls::One));
        assert_eq!((question.max_output, question.effort), (Some(9), Some(Effort::High)));
    }

    #[test]
    fn what_changes_the_meaning_is_refused_by_name_and_what_says_nothing_is_not() {
        let with = |name: &str, value: Value| {
            let mut said =
                json!({ "model": "m", "max_tokens": 5, "messages": [{ "role": "user", "content": "x" }] });
            said[name] = value;
            asked(said)
        };
        let refused = [
            ("mcp_servers", json!([{ "url": "x" }])),
            ("container", json!("x")),
            ("max_tokens", json!(null)),
            ("temperature", json!(1.5)),
            ("tools", json!([{ "type": "web_search_20250305", "name": "web_search" }])),
            ("tools", json!([{ "name": "x" }])),
            ("tool_choice", json!({ "type": "perhaps" })),
            ("messages", json!([])),
            ("messages", json!([{ "role": "system", "content": "x" }])),
            ("messages", json!([{ "role": "user", "content": [{ "type": "document" }] }])),
            (
                "messages",
                json!([{ "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "x" }] }]),
            ),
            ("system", json!([{ "type": "text", "text": "x", "cache_control": { "ttl": "1y" } }])),
            ("output_config", json!({ "effort": "utmost" })),
            ("output_config", json!({ "format": { "type": "xml" } })),
        ];
        for (name, value) in refused {
            let wrong = with(name, value.clone()).unwrap_err();
            assert!(
                wrong.field.as_deref().is_some_and(|field| field.starts_with(name)),
                "{name} {value}: {wrong}"
            );
        }
        for (name, value) in [
            ("mcp_servers", json!([])),
            ("top_k", json!(5)),
            ("metadata", json!({ "user_id": "x" })),
            ("thinking", json!({ "type": "disabled" })),
            ("service_tier", json!("auto")),
            ("something_of_tomorrow", json!(1)),
        ] {
            assert!(with(name, value.clone()).is_ok(), "{name} {value}");
        }
    }
}
