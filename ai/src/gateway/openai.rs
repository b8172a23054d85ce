//! OpenAI's shape, as its published specification and its libraries of autumn 2026 have it: what is asked. What is
//! answered stands in `says.rs`.

mod says;

use serde_json::{Value, json};

use super::fields::{Fields, Place, image, wrong};
use super::{Request, Tells, Wrong, sealed, tool_of};
use crate::chat::{
    Call, Calls, Delivery, Effort, Form, Message, Part, Question, Role, Tool, ToolChoice, ToolResult,
};
pub(super) use says::{Chunks, model, models, whole};

/// What would change the meaning of an answer and is not kept, each with what to say of it.
const NOT_KEPT: [(&str, &str); 8] = [
    ("audio", "asks for sound, and only text is answered"),
    ("frequency_penalty", "is not kept for every model: leave it out"),
    ("function_call", "is of an older form: send `tool_choice`"),
    ("functions", "are of an older form: send `tools`"),
    ("logit_bias", "is not kept for every model: leave it out"),
    ("logprobs", "are not told by every model: leave it out"),
    ("presence_penalty", "is not kept for every model: leave it out"),
    ("web_search_options", "ask for a search of the provider's, and none is made"),
];

pub(super) fn read(said: &Value) -> Result<Request, Wrong> {
    let said = Fields::of(said, Place::Root)?;
    for (name, why) in NOT_KEPT {
        said.refuse(name, why)?;
    }
    if said.count("n")?.is_some_and(|count| count > 1) {
        return Err(said.wrong("n", "asks for more than one answer, and one is given"));
    }
    if said.texts("modalities")?.iter().any(|kind| kind != "text") {
        return Err(said.wrong("modalities", "asks for more than text, and only text is answered"));
    }
    let mut question = Question::new(said.required("model")?, "");
    conversation(&said, &mut question)?;
    let tools = said.items("tools")?.iter().enumerate();
    question.tools =
        tools.map(|(at, one)| tool(one, Place::Item(&Place::Root, "tools", at))).collect::<Result<_, _>>()?;
    question.tool_choice = tool_choice(&said)?;
    if said.get("parallel_tool_calls") == Some(&Value::Bool(false)) {
        question.calls = Calls::One;
    }
    question.form = form(&said)?;
    question.max_output = match said.count("max_completion_tokens")? {
        Some(count) => Some(count),
        None => said.count("max_tokens")?,
    };
    question.temperature = said.number("temperature", 2.0)?;
    question.top_p = said.number("top_p", 1.0)?;
    question.stop = said.texts("stop")?;
    question.effort = effort(&said)?;
    question.cache_key = said.text("prompt_cache_key")?.map(str::to_owned);
    if said.is_on("stream")? {
        question.delivery = Delivery::Stream;
    }
    let options = said.get("stream_options");
    let options = options.map(|options| Fields::of(options, Place::Field(&Place::Root, "stream_options")));
    let tells = match options.transpose()?.map_or(Ok(false), |options| options.is_on("include_usage"))? {
        true => Tells::Usage,
        false => Tells::Nothing,
    };
    Ok(Request { question, tells })
}

/// The turns; what the system says goes before them, wherever it stands: not every provider takes it elsewhere.
fn conversation(said: &Fields<'_>, question: &mut Question) -> Result<(), Wrong> {
    let (mut system, mut turns): (Vec<String>, Vec<Message>) = (vec![], vec![]);
    for (at, one) in said.items("messages")?.iter().enumerate() {
        let place = Place::Item(&Place::Root, "messages", at);
        let message = Fields::of(one, place)?;
        match message.required("role")? {
            "system" | "developer" => system.push(plain(&message)?),
            "user" => turns.push(Message::new(Role::User, parts(&message)?)),
            "assistant" => turns.push(Message::new(Role::Model, answered(&message)?)),
            "tool" => {
                let result = Part::Result(result(&message, &turns)?);
                match turns.last_mut().filter(|turn| gives(turn)) {
                    Some(turn) => turn.parts.push(result),
                    None => turns.push(Message::new(Role::User, vec![result])),
                }
            }
            _ => {
                let what = "is none of `system`, `developer`, `user`, `assistant` and `tool`";
                return Err(message.wrong("role", what));
            }
        }
    }
    if turns.is_empty() {
        return Err(said.wrong("messages", "has nothing to answer"));
    }
    (question.system, question.messages) = ((!system.is_empty()).then(|| system.join("\n\n")), turns);
    Ok(())
}

/// True of a turn that only tells what tools gave: all that were called in one turn belong into one.
fn gives(turn: &Message) -> bool {
    turn.role == Role::User && turn.parts.iter().all(|part| matches!(part, Part::Result(_)))
}

/// A content that is text, whole or in parts.
fn plain(message: &Fields<'_>) -> Result<String, Wrong> {
    let parts = parts(message)?;
    let text = |part: &Part| match part {
        Part::Text { text, .. } => Some(text.clone()),
        Part::Image(_) | Part::Call(_) | Part::Result(_) | Part::Thinking(_) => None,
    };
    let texts: Option<Vec<String>> = parts.iter().map(text).collect();
    Ok(texts.ok_or_else(|| message.wrong("content", "has a picture, where only text can be"))?.join("\n"))
}

fn parts(message: &Fields<'_>) -> Result<Vec<Part>, Wrong> {
    if let Some(Value::String(text)) = message.get("content") {
        return Ok(vec![Part::text(text)]);
    }
    let items = message.items("content")?;
    if items.is_empty() {
        return Err(message.wrong("content", "is missing"));
    }
    items.iter().enumerate().map(|(at, item)| part(message, at, item)).collect()
}

fn part(message: &Fields<'_>, at: usize, item: &Value) -> Result<Part, Wrong> {
    let place = message.place();
    let place = Place::Item(&place, "content", at);
    let item = Fields::of(item, place)?;
    match item.required("type")? {
        "text" => Ok(Part::text(item.required("text")?)),
        "refusal" => Ok(Part::text(item.required("refusal")?)),
        "image_url" => {
            let url = item.get("image_url").and_then(|image| image.get("url")).and_then(Value::as_str);
            let image = url.and_then(image);
            let what = "has a `url` that is neither an address nor a `data:` URL with base64";
            image.map(Part::Image).ok_or_else(|| item.wrong("image_url", what))
        }
        other => Err(item.wrong("type", &format!("is `{other}`; text and pictures are read"))),
    }
}

/// A turn of the model's.
fn answered(message: &Fields<'_>) -> Result<Vec<Part>, Wrong> {
    let calls = message.items("tool_calls")?;
    let mut said = match message.get("content") {
        None if calls.is_empty() => vec![Part::text(message.text("refusal")?.unwrap_or_default())],
        None => vec![],
        Some(_) => parts(message)?,
    };
    said.retain(|part| !matches!(part, Part::Text { text, .. } if text.is_empty()) || calls.is_empty());
    let place = message.place();
    for (at, one) in calls.iter().enumerate() {
        let place = Place::Item(&place, "tool_calls", at);
        let one = Fields::of(one, place)?;
        let function = one.get("function").ok_or_else(|| one.wrong("function", "is missing"))?;
        let function = Fields::of(function, Place::Field(&place, "function"))?;
        let arguments = function.text("arguments")?.unwrap_or_default();
        let (id, seal) = sealed::read(one.required("id")?);
        said.push(Part::Call(Call {
            id,
            name: function.required("name")?.to_owned(),
            arguments: serde_json::from_str(arguments).unwrap_or_else(|_| match arguments.trim() {
                "" => json!({}),
                other => other.into(),
            }),
            seal,
        }));
    }
    Ok(said)
}

/// What a tool gave, with its name, which stands at the call alone.
fn result(message: &Fields<'_>, turns: &[Message]) -> Result<ToolResult, Wrong> {
    let (call, _) = sealed::read(message.required("tool_call_id")?);
    let name = tool_of(turns, &call);
    let name = name.ok_or_else(|| message.wrong("tool_call_id", "is the id of no call before it"))?;
    let text = if message.get("content").is_some() { plain(message)? } else { String::new() };
    Ok(ToolResult { call, name, text, failed: false })
}

fn tool(one: &Value, place: Place<'_>) -> Result<Tool, Wrong> {
    let one = Fields::of(one, place)?;
    match one.required("type")? {
        "function" => {}
        other => {
            return Err(one.wrong("type", &format!("is `{other}`; only a `function` can be called")));
        }
    }
    let function = one.get("function").ok_or_else(|| one.wrong("function", "is missing"))?;
    let function = Fields::of(function, Place::Field(&place, "function"))?;
    let schema = function.get("parameters").cloned();
    Ok(Tool {
        name: function.required("name")?.to_owned(),
        about: function.text("description")?.unwrap_or_default().to_owned(),
        schema: schema.unwrap_or_else(|| json!({ "type": "object", "properties": {} })),
    })
}

fn tool_choice(said: &Fields<'_>) -> Result<ToolChoice, Wrong> {
    match said.get("tool_choice") {
        None => Ok(ToolChoice::Auto),
        Some(Value::String(word)) => match &**word {
            "auto" => Ok(ToolChoice::Auto),
            "none" => Ok(ToolChoice::Never),
            "required" => Ok(ToolChoice::Some),
            _ => Err(said.wrong("tool_choice", "is none of `auto`, `none`, `required` and a function")),
        },
        Some(choice) => {
            let name = choice.pointer("/function/name").and_then(Value::as_str);
            let name = name.ok_or_else(|| said.wrong("tool_choice", "names no function"))?;
            Ok(ToolChoice::This(name.to_owned()))
        }
    }
}

fn form(said: &Fields<'_>) -> Result<Form, Wrong> {
    let Some(format) = said.get("response_format") else { return Ok(Form::Text) };
    let place = Place::Field(&Place::Root, "response_format");
    let format = Fields::of(format, place)?;
    match format.required("type")? {
        "text" => Ok(Form::Text),
        "json_object" => Ok(Form::Json { name: "answer".into(), schema: json!({ "type": "object" }) }),
        "json_schema" => {
            let wanted =
                format.get("json_schema").ok_or_else(|| format.wrong("json_schema", "is missing"))?;
            let wanted = Fields::of(wanted, Place::Field(&place, "json_schema"))?;
            let schema = wanted.get("schema").ok_or_else(|| wanted.wrong("schema", "is missing"))?;
            let name = wanted.text("name")?.unwrap_or("answer").to_owned();
            Ok(Form::Json { name, schema: schema.clone() })
        }
        _ => Err(format.wrong("type", "is none of `text`, `json_object` and `json_schema`")),
    }
}

fn effort(said: &Fields<'_>) -> Result<Option<Effort>, Wrong> {
    Ok(match said.text("reasoning_effort")? {
        None => None,
        Some("none" | "minimal" | "low") => Some(Effort::Low),
        Some("medium") => Some(Effort::Medium),
        Some("high" | "xhigh" | "max") => Some(Effort::High),
        Some(_) => return Err(wrong(Place::Field(&Place::Root, "reasoning_effort"), "is no effort")),
    })
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
            "model": "m", "max_tokens": 9, "temperature": 0.5, "top_p": 0.9, "stop": "END", "stream": true,
            "parallel_tool_calls": false, "tool_choice": "required", "reasoning_effort": "minimal",
            "tools": [{ "type": "function", "function": { "name": "look", "parameters": { "type": "object" } } }],
            "messages": [
                { "role": "system", "content": "Be brief." },
                { "role": "user", "content": [
                    { "type": "text", "text": "What is this?" },
                    { "type": "image_url", "image_url": { "url": "data:image/png;base64,AA==" } } ] },
                { "role": "assistant", "content": null, "tool_calls": [
                    { "id": "a", "type": "function", "function": { "name": "look", "arguments": "{\"at\":1}" } },
                    { "id": "b__seal__c2VhbA", "type": "function", "function": { "name": "look", "arguments": "" } } ] },
                { "role": "tool", "tool_call_id": "a", "content": "a cat" },
                { "role": "tool", "tool_call_id": "b__seal__c2VhbA", "content": [{ "type": "text", "text": "a dog" }] },
            ],
        }))
        .unwrap();
        assert_eq!(question.system.as_deref(), Some("Be brief."));
        let shown: Vec<usize> = question.messages.iter().map(|turn| turn.parts.len()).collect();
        assert_eq!(shown, [2, 2, 2], "all that tools gave is one turn");
        let Part::Call(call) = &question.messages[1].parts[1] else { unreachable!() };
        assert_eq!((&*call.id, call.seal.as_deref(), &call.arguments), ("b", Some("seal"), &json!({})));
        let Part::Result(result) = &question.messages[2].parts[1] else { unreachable!() };
        assert_eq!((&*result.call, &*result.name, &*result.text), ("b", "look", "a dog"));
        assert_eq!(
            (question.max_output, question.temperature, question.top_p),
            (Some(9), Some(0.5), Some(0.9))
        );
        assert_eq!(
            (question.stop.len(), question.calls, question.effort),
            (1, Calls::One, Some(Effort::Low))
        );
        assert_eq!((question.tool_choice, question.delivery), (ToolChoice::Some, Delivery::Stream));
    }

    #[test]
    fn what_changes_the_meaning_is_refused_by_name_and_what_says_nothing_is_not() {
        let with = |name: &str, value: Value| {
            let mut said = json!({ "model": "m", "messages": [{ "role": "user", "content": "x" }] });
            said[name] = value;
            asked(said)
        };
        let refused = [
            ("n", json!(2)),
            ("logprobs", json!(true)),
            ("audio", json!({ "voice": "x" })),
            ("modalities", json!(["text", "audio"])),
            ("functions", json!([{ "name": "x" }])),
            ("logit_bias", json!({ "1": 2 })),
            ("frequency_penalty", json!(0.5)),
            ("web_search_options", json!({ "x": 1 })),
            ("max_tokens", json!(0)),
            ("temperature", json!(3)),
            ("temperature", json!("warm")),
            ("stream", json!("yes")),
            ("stop", json!([1])),
            ("tools", json!([{ "type": "web_search" }])),
            ("tool_choice", json!("maybe")),
            ("response_format", json!({ "type": "xml" })),
            ("reasoning_effort", json!("utmost")),
            ("messages", json!([])),
            ("messages", json!([{ "role": "system", "content": "x" }])),
            ("messages", json!([{ "role": "robot", "content": "x" }])),
            ("messages", json!([{ "role": "user", "content": [{ "type": "input_audio" }] }])),
            ("messages", json!([{ "role": "tool", "tool_call_id": "x", "content": "x" }])),
            ("model", json!(null)),
        ];
        for (name, value) in refused {
            let wrong = with(name, value.clone()).unwrap_err();
            assert!(
                wrong.field.as_deref().is_some_and(|field| field.starts_with(name)),
                "{name} {value}: {wrong}"
            );
        }
        let passed_over = [
            ("n", json!(1)),
            ("logprobs", json!(false)),
            ("modalities", json!(["text"])),
            ("frequency_penalty", json!(0)),
            ("presence_penalty", json!(0.0)),
            ("logit_bias", json!({})),
            ("functions", json!([])),
            ("audio", json!(null)),
            ("user", json!("somebody")),
            ("seed", json!(7)),
            ("store", json!(true)),
            ("metadata", json!({ "a": "b" })),
            ("something_of_tomorrow", json!(1)),
        ];
        for (name, value) in passed_over {
            assert!(with(name, value.clone()).is_ok(), "{name} {value}");
        }
    }

    #[test]
    fn what_is_wrong_names_its_place() {
        let said = json!({ "model": "m", "messages": [
            { "role": "user", "content": "x" },
            { "role": "user", "content": [{ "type": "text", "text": "x" }, { "type": "image_url", "image_url": {} }] },
        ] });
        let wrong = asked(said).unwrap_err();
        assert_eq!(wrong.field.as_deref(), Some("messages[1].content[1].image_url"));
    }
}
