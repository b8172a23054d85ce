//! Nodes that ask models: agents, chains, and the parts that belong to them.

use dsl::catalog::Safety;
use serde_json::Value;

use super::params::Params;
use super::say::Say;
use super::weave::{Flow, Gate, Item, Place, Res, Rest, Weave};
use crate::names::{is_name, shown};
use crate::ours::{Bind, Ex, Sort, object, plain};
use crate::report::{Kind, Why};
use crate::tree::{Entry, Tree};

type Out = Res<Vec<(usize, Flow)>>;

/// Providers by the node that stands for their models.
const PROVIDERS: &[(&str, &str)] = &[
    ("lc:lmChatAnthropic", "anthropic"),
    ("lc:lmChatAzureOpenAi", "azure"),
    ("lc:lmChatCohere", "cohere"),
    ("lc:lmChatDeepSeek", "deepseek"),
    ("lc:lmChatGoogleGemini", "gemini"),
    ("lc:lmChatOpenAi", "openai"),
    ("lc:lmOpenAi", "openai"),
];

/// Providers that speak as OpenAI does, and where.
const ALIKE: &[(&str, &str)] = &[
    ("lc:lmChatGroq", "https://api.groq.com/openai/v1"),
    ("lc:lmChatMistralCloud", "https://api.mistral.ai/v1"),
    ("lc:lmChatOllama", "http://127.0.0.1:11434/v1"),
    ("lc:lmChatOpenRouter", "https://openrouter.ai/api/v1"),
    ("lc:lmChatXAiGrok", "https://api.x.ai/v1"),
];

/// How a model draws its words.
const DRAWN: &[&str] = &[
    "options.frequencyPenalty",
    "options.presencePenalty",
    "options.temperature",
    "options.topK",
    "options.topP",
];

/// True for a node that is part of another one.
pub fn is_part(short: &str) -> bool {
    let Some(name) = short.strip_prefix("lc:") else { return short.ends_with("Tool") };
    [
        "lm",
        "memory",
        "outputParser",
        "tool",
        "embeddings",
        "document",
        "textSplitter",
        "retriever",
        "reranker",
    ]
    .iter()
    .any(|start| name.starts_with(start))
        || name == "mcpClientTool"
}

/// The keys of an `ai` step that come of the parts of a node: its model, its parser, its tools.
struct Parts {
    keys: Vec<Entry>,
    returns: Option<Tree>,
}

fn parts(weave: &mut Weave, node: usize) -> Res<Parts> {
    let mut keys = vec![];
    let models = weave.file.parts_of(node, "ai_languageModel");
    for model in models.iter().take(1) {
        keys.extend(model_of(weave, node, *model));
    }
    for memory in weave.file.parts_of(node, "ai_memory") {
        let why = || Why::new(Kind::Model, "what was said in runs before is not remembered");
        weave.parts[memory].lost(why());
        weave.parts[node].person(why());
    }
    let mut tools = vec![];
    for tool in weave.file.parts_of(node, "ai_tool") {
        if let Some(action) = tool_of(weave, tool) {
            tools.push(action);
        } else {
            let name = shown(&weave.file.nodes[tool].name);
            weave.parts[node].person(Why::new(Kind::Model, format!("the tool `{name}` has no equal")));
        }
    }
    tools.sort();
    tools.dedup();
    // What only reads is called without asking, here as there.
    let acts =
        tools.iter().any(|tool| weave.catalog.get(tool).is_none_or(|tool| tool.safety != Safety::Read));
    if !tools.is_empty() {
        keys.push(Entry::new("tools", Tree::List(tools.into_iter().map(Tree::Text).collect())));
    }
    if acts {
        keys.push(Entry::bare("confirm", true));
        weave.parts[node].person(Why::new(
            Kind::Model,
            "a person is asked before each call of a tool that acts: write `allow: [untrusted_tools]` in place of `confirm` if you mean that nobody is",
        ));
    }
    let mut returns = None;
    for parser in weave.file.parts_of(node, "ai_outputParser") {
        let short = weave.file.nodes[parser].short.clone();
        match short.as_str() {
            "lc:outputParserStructured" => returns = Some(shape(weave, parser)?),
            "lc:outputParserAutofixing" => {
                // Answers that do not fit go back here anyway; what is fixed is the shape behind it.
                for inner in weave.file.parts_of(parser, "ai_outputParser") {
                    returns = Some(shape(weave, inner)?);
                }
            }
            _ => {
                let why = || Why::new(Kind::Model, "the form of the answer has no equal");
                weave.parts[parser].lost(why());
                weave.parts[node].person(why());
            }
        }
    }
    for kind in ["ai_retriever", "ai_vectorStore", "ai_document", "ai_embedding"] {
        for part in weave.file.parts_of(node, kind) {
            let name = shown(&weave.file.nodes[part].name);
            weave.parts[part].lost(Why::new(Kind::Model, "stores of meanings are not at hand"));
            weave.parts[node]
                .person(Why::new(Kind::Model, format!("`{name}`, from which it reads, has no equal")));
        }
    }
    Ok(Parts { keys, returns })
}

fn model_of(weave: &mut Weave, node: usize, model: usize) -> Option<Entry> {
    let (short, params) =
        (weave.file.nodes[model].short.clone(), Params::new(&weave.file.nodes[model].params));
    let named = ["model", "modelName", "modelId"].iter().find_map(|key| params.chosen(key));
    let named =
        named.and_then(|value| value.as_str().map(|name| name.trim_start_matches("models/").to_owned()));
    let provider = PROVIDERS.iter().find(|(known, _)| *known == short).map(|(_, provider)| *provider);
    params.ignore(&[
        "options.timeout",
        "options.maxRetries",
        "options.responseFormat",
        "options.baseURL",
        "builtInTools",
        "responsesApiEnabled",
        "model",
        "modelName",
        "modelId",
    ]);
    for left in params.left() {
        // How freely it chooses its words; what it is asked for stays the same.
        if DRAWN.contains(&&*left) {
            let of = shown(&weave.file.nodes[model].name);
            weave.settle.insert(format!(
                "`{left}` of `{of}`, which is left to the model here: say in the prompt how freely it is to write"
            ));
            continue;
        }
        let why = Why::new(Kind::Setting, format!("`{left}` of the model has no equal"));
        weave.parts[model].person(why);
    }
    let alike = ALIKE.iter().find(|(known, _)| *known == short).map(|(_, base)| (*base).to_owned());
    // A model of another server that speaks as OpenAI does.
    let own = params.text("options.baseURL").map(|base| base.trim_start_matches('=').to_owned());
    let own = own.filter(|base| short == "lc:lmChatOpenAi" && !base.contains("{{"));
    let (provider, alike) = match own {
        Some(base) => (None, Some(base)),
        None => (provider, alike),
    };
    if let Some(base) = params.text("options.baseURL").filter(|_| alike.is_none()) {
        weave.parts[model].person(Why::new(Kind::Setting, format!("the address `{}`", shown(&base))));
    }
    let Some(provider) = provider.or(alike.as_ref().map(|_| "compatible")) else {
        let service = super::services::service_of(&short);
        let why = format!(
            "models of `{service}` are asked by their address: `keyway keys add compatible --base-url …`, and `model:` at the step"
        );
        weave.parts[model].person(Why::new(Kind::Model, why));
        return None;
    };
    let _ = node;
    let at = alike.as_ref().map(|base| format!(" --base-url {base}")).unwrap_or_default();
    weave.settle.insert(format!("a key: `keyway keys add {provider}{at}`"));
    match named {
        None if alike.is_some() => {
            weave.parts[model]
                .person(Why::new(Kind::Model, "which model is asked, where the file leaves it to n8n"));
            None
        }
        Some(name) if !name.starts_with('=') => Some(Entry::text("model", format!("{provider}/{name}"))),
        Some(_) => {
            weave.parts[model].person(Why::new(Kind::Expression, "which model it is is made"));
            None
        }
        None => {
            weave.settle.insert("which model is asked, where the file leaves it to n8n: without one, the cheapest that is good enough is".into());
            None
        }
    }
}

/// The action that a tool is, where the model sets all that the tool is given.
fn tool_of(weave: &mut Weave, tool: usize) -> Option<String> {
    let node = &weave.file.nodes[tool];
    let short = node.short.strip_suffix("Tool").unwrap_or(&node.short).to_owned();
    let params = Params::new(&node.params);
    let action = super::services::action_of(weave, &short, &params, node.version);
    let Some(action) = action else {
        let service = super::services::service_of(&node.short);
        if !node.short.starts_with("lc:") {
            weave.parts[tool].service = Some(service.clone());
        }
        weave.parts[tool].lost(Why::new(Kind::Model, format!("no action of ours is the tool `{service}`")));
        return None;
    };
    super::services::connection(weave, &action);
    let fixed: Vec<String> = weave.file.nodes[tool]
        .params
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, value)| {
            !matches!(
                key.as_str(),
                "resource"
                    | "operation"
                    | "descriptionType"
                    | "toolDescription"
                    | "options"
                    | "authentication"
                    | "returnAll"
            ) && !value.to_string().contains("$fromAI")
        })
        .map(|(key, _)| key.clone())
        .collect();
    if !fixed.is_empty() {
        let why = format!("the model sets all parameters; n8n's are fixed for {}", fixed.join(", "));
        weave.parts[tool].person(Why::new(Kind::Model, why));
    }
    Some(action)
}

/// The fields of an answer, by an example or a schema.
fn shape(weave: &mut Weave, parser: usize) -> Res<Tree> {
    let read = Params::new(&weave.file.nodes[parser].params);
    read.ignore(&["schemaType", "jsonSchemaExample", "inputSchema", "jsonSchema", "autoFix"]);
    if super::models::is_part(&weave.file.nodes[parser].short) {
        for left in read.left() {
            let why = Why::new(Kind::Setting, format!("`{left}` has no equal"));
            weave.parts[parser].person(why);
        }
    }
    let params = weave.file.nodes[parser].params.clone();
    let text = |key: &str| params.get(key).and_then(Value::as_str).map(str::to_owned);
    let read = |text: &str| {
        serde_json::from_str::<Value>(text)
            .map_err(|_| Why::new(Kind::Model, "the form of the answer is no JSON"))
    };
    let manual = text("schemaType").as_deref() == Some("manual");
    match (text("jsonSchemaExample"), text("inputSchema").or(text("jsonSchema"))) {
        (_, Some(schema)) if manual || text("jsonSchemaExample").is_none() => by_schema(&read(&schema)?),
        (Some(example), _) => by_example(&read(&example)?),
        _ => Err(Why::new(Kind::Model, "the form of the answer is not in the file")),
    }
}

fn by_example(value: &Value) -> Res<Tree> {
    Ok(match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| Ok(Entry::new(named(name)?, by_example(value)?)));
            Tree::Map(fields.collect::<Res<_>>()?)
        }
        Value::Array(items) => Tree::List(vec![match items.first() {
            Some(first) => by_example(first)?,
            None => Tree::text("any"),
        }]),
        Value::String(_) => Tree::text("string"),
        Value::Bool(_) => Tree::text("boolean"),
        Value::Number(_) => Tree::text("number"),
        Value::Null => Tree::text("any"),
    })
}

fn named(name: &str) -> Res<String> {
    if is_name(name) {
        Ok(name.to_owned())
    } else {
        Err(Why::new(Kind::Model, format!("a field of the answer is called `{}`", shown(name))))
    }
}

fn by_schema(schema: &Value) -> Res<Tree> {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words = words.iter().filter_map(Value::as_str).map(|word| Tree::text(plain(word))).collect();
        return Ok(Tree::Map(vec![Entry::new("enum", Tree::List(words))]));
    }
    Ok(match schema.get("type").and_then(Value::as_str) {
        Some("object") => {
            let required = schema.get("required").and_then(Value::as_array);
            let fields = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
            let fields = fields.map(|(name, inner)| {
                let must = required.is_none_or(|list| list.iter().any(|known| known.as_str() == Some(name)));
                let made = match (by_schema(inner)?, must) {
                    (Tree::Text(simple), false) => Tree::Text(format!("{simple}?")),
                    (made, _) => made,
                };
                Ok(Entry::new(named(name)?, made))
            });
            Tree::Map(fields.collect::<Res<_>>()?)
        }
        Some("array") => Tree::List(vec![schema.get("items").map_or(Ok(Tree::text("any")), by_schema)?]),
        Some(simple @ ("string" | "number" | "integer" | "boolean")) => Tree::text(simple),
        _ => Tree::text("any"),
    })
}

/// What is asked: the prompt that stands in the node, or what was typed.
fn prompt(weave: &mut Weave, place: &Place, params: &Params) -> Res<String> {
    let defined = params.text("promptType").is_some_and(|how| how == "define");
    params.ignore(&["agent"]);
    let raw = params.text("text").or_else(|| params.text("prompt"));
    match raw {
        Some(raw) if defined || params.get("promptType").is_none() => Say::new(weave, place).text(&raw),
        _ => Ok(place.item.field("chatInput")?.hole()),
    }
}

/// An agent, or a chain.
pub fn ask(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Out {
    let is_agent = weave.file.nodes[node].short == "lc:agent";
    if is_agent
        && params.text("agent").is_some_and(|kind| {
            !matches!(
                kind.as_str(),
                "conversationalAgent" | "toolsAgent" | "openAiFunctionsAgent" | "reActAgent"
            )
        })
    {
        return Err(Why::new(Kind::Model, "an agent of a kind that is not at hand"));
    }
    let said = prompt(weave, place, params)?;
    let mut system = vec![];
    if let Some(raw) = params.text("options.systemMessage") {
        system.push(Say::new(weave, place).text(&raw)?);
    }
    for message in params.list("messages.messageValues") {
        let kind = message.get("type").and_then(Value::as_str).unwrap_or("SystemMessagePromptTemplate");
        let raw = message.get("message").and_then(Value::as_str).unwrap_or_default();
        if kind != "SystemMessagePromptTemplate"
            || message.get("messageType").is_some_and(|kind| kind != "text")
        {
            return Err(Why::new(Kind::Model, "messages of several sides, or with pictures"));
        }
        system.push(Say::new(weave, place).text(raw)?);
    }
    params.ignore(&[
        "messages",
        "hasOutputParser",
        "needsFallback",
        "options.returnIntermediateSteps",
        "options.passthroughBinaryImages",
        "options.enableStreaming",
        "batching",
    ]);
    let mut body = vec![Entry::text("ai", said)];
    if !system.is_empty() {
        body.push(Entry::text("system", system.join("\n\n")));
    }
    if let Some(turns) = params.get("options.maxIterations").and_then(|at| at.as_u64()) {
        if weave.file.parts_of(node, "ai_tool").is_empty() {
            // Without tools there is one turn.
        } else {
            body.push(Entry::bare("max_turns", turns.clamp(1, 100)));
        }
    }
    let parts = parts(weave, node)?;
    let shaped = parts.returns.is_some();
    body.extend(parts.returns.map(|returns| Entry::new("returns", returns)));
    body.extend(parts.keys);
    let wish = weave.file.nodes[node].name.clone();
    let step = weave.add(node, place, &wish, body);
    let whole = Ex::path(format!("steps.{step}"));
    let item = if shaped {
        let made = object(&[("output".into(), whole.clone())]);
        Item { whole: made, known: vec![("output".into(), whole.clone())], rest: Rest::Open(whole) }
    } else {
        let text = Ex { sort: Sort::Text, ..whole.sure("text") };
        let known = if is_agent {
            vec![("output".to_owned(), text)]
        } else {
            vec![("response".to_owned(), object(&[("text".into(), text.clone())])), ("text".to_owned(), text)]
        };
        Item::of(known, Rest::Empty)
    };
    Ok(vec![(0, place.one(item, &step))])
}

/// A message to a model of OpenAI.
pub fn open_ai(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Out {
    let resource = params.text("resource").unwrap_or_else(|| "text".into());
    let operation = params.text("operation").unwrap_or_else(|| "message".into());
    if (resource.as_str(), operation.as_str()) != ("text", "message") {
        weave.parts[node].service = Some("openAi".into());
        return Err(Why::new(
            Kind::Service,
            format!(
                "no action of ours does what `{}` of OpenAI does",
                shown(&format!("{resource}.{operation}"))
            ),
        ));
    }
    let (mut said, mut system) = (vec![], vec![]);
    for message in params.list("messages.values") {
        let raw = message.get("content").and_then(Value::as_str).unwrap_or_default();
        let text = Say::new(weave, place).text(raw)?;
        match message.get("role").and_then(Value::as_str).unwrap_or("user") {
            "system" => system.push(text),
            "user" => said.push(text),
            _ => return Err(Why::new(Kind::Model, "messages of several sides")),
        }
    }
    params.ignore(&["messages", "simplify"]);
    let as_json = params.flag("jsonOutput").unwrap_or(false);
    if params.flag("simplify") == Some(false) {
        return Err(Why::new(Kind::Answer, "the answer as the service gives it"));
    }
    let mut body = vec![Entry::text("ai", said.join("\n\n"))];
    if !system.is_empty() {
        body.push(Entry::text("system", system.join("\n\n")));
    }
    if let Some(Value::String(name)) =
        params.chosen("modelId").filter(|name| !name.to_string().contains("{{"))
    {
        body.push(Entry::text("model", format!("openai/{name}")));
    }
    weave.settle.insert("a key: `keyway keys add openai`".into());
    let parts = parts(weave, node)?;
    body.extend(parts.keys);
    let wish = weave.file.nodes[node].name.clone();
    let step = weave.add(node, place, &wish, body);
    let text = Ex::new(format!("steps.{step}.text"), Bind::Path, Sort::Text);
    let content = if as_json { Ex::call("parse_json", &[&text], Sort::Any) } else { text };
    let message = object(&[("role".into(), Ex::literal("assistant")), ("content".into(), content.clone())]);
    let known = vec![("message".to_owned(), message), ("content".to_owned(), content)];
    Ok(vec![(0, place.one(Item::of(known, Rest::Closed("a model of OpenAI".into())), &step))])
}

/// Fields that a model takes out of a text.
pub fn extract(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Out {
    let text = Say::new(weave, place).text(&params.text("text").unwrap_or_default())?;
    let returns = match params.text("schemaType").as_deref() {
        None | Some("fromAttributes") => {
            let mut fields = vec![];
            for attribute in params.list("attributes.attributes") {
                let at =
                    |key: &str| attribute.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
                let kind = match at("type").as_str() {
                    "" | "string" => "string",
                    "number" => "number",
                    "boolean" => "boolean",
                    "date" => "string",
                    _ => return Err(Why::new(Kind::Model, "a field of a kind that is not at hand")),
                };
                let must = attribute.get("required").and_then(Value::as_bool).unwrap_or(false);
                let kind = if must { kind.to_owned() } else { format!("{kind}?") };
                let mut long = vec![Entry::text("type", kind)];
                if !at("description").is_empty() {
                    long.push(Entry::text("description", plain(&at("description"))));
                }
                fields.push(Entry::map(named(&at("name"))?, long));
            }
            Tree::Map(fields)
        }
        Some(_) => shape(weave, node)?,
    };
    params.ignore(&["attributes", "jsonSchemaExample", "inputSchema", "schemaType"]);
    let system = params.text("options.systemPromptTemplate");
    let mut body = vec![Entry::text("ai", text)];
    let system = match system {
        Some(raw) => Say::new(weave, place).text(&raw)?,
        None => "Take the fields out of the text. Leave out what it does not say.".into(),
    };
    body.push(Entry::text("system", system));
    body.push(Entry::new("returns", returns));
    body.extend(parts(weave, node)?.keys);
    let wish = weave.file.nodes[node].name.clone();
    let step = weave.add(node, place, &wish, body);
    let whole = Ex::path(format!("steps.{step}"));
    Ok(vec![(0, place.one(Item::of(vec![("output".into(), whole)], Rest::Empty), &step))])
}

/// A model that chooses a way.
pub fn classify(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Out {
    let moods = weave.file.nodes[node].short == "lc:sentimentAnalysis";
    let text = Say::new(weave, place).text(&params.text("inputText").unwrap_or_default())?;
    let mut told = String::from("Choose the category that fits the text best.");
    let mut names = vec![];
    if moods {
        let all = params.text("options.categories").unwrap_or_else(|| "Positive, Neutral, Negative".into());
        names.extend(all.split(',').map(|name| name.trim().to_owned()));
    }
    for category in params.list("categories.categories") {
        let at = |key: &str| category.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        told += &format!("\n- {}: {}", at("category"), at("description"));
        names.push(at("category"));
    }
    params.ignore(&["categories"]);
    if names.is_empty() || names.iter().any(|name| name.starts_with('=')) {
        return Err(Why::new(Kind::Model, "the categories are made"));
    }
    if let Some(raw) = params.text("options.systemPromptTemplate") {
        told = Say::new(weave, place).text(&raw.replace("{categories}", &names.join(", ")))?;
    }
    if params.flag("options.multiClass").unwrap_or(false)
        || params.text("options.fallback").is_some_and(|how| how != "discard")
    {
        return Err(Why::new(Kind::Setting, "several categories at once, or one for what fits none"));
    }
    params.ignore(&["options.fallback", "options.enableAutoFixing"]);
    let kinds = names.iter().map(|name| Tree::text(plain(name))).collect();
    let returns =
        Entry::map("returns", vec![Entry::map("category", vec![Entry::new("enum", Tree::List(kinds))])]);
    let mut body = vec![Entry::text("ai", text), Entry::text("system", plain(&told)), returns];
    body.extend(parts(weave, node)?.keys);
    let wish = weave.file.nodes[node].name.clone();
    let step = weave.add(node, place, &wish, body);
    weave.gates.insert(node, Gate { guard: place.guard.clone(), ways: usize::MAX });
    let chosen = Ex::path(format!("steps.{step}?.category"));
    let mut item = place.item.clone();
    if moods {
        let found = object(&[("category".into(), chosen.clone())]);
        item.whole = Ex::call(
            "merge",
            &[&item.whole, &object(&[("sentimentAnalysis".into(), found.clone())])],
            Sort::Object,
        );
        item.known.push(("sentimentAnalysis".into(), found));
    }
    let flows = names.iter().enumerate().map(|(at, name)| {
        let mut flow = place.one(item.clone(), &step);
        flow.guard = Some(chosen.is(&Ex::literal(name)));
        flow.picks.insert(node, at);
        (at, flow)
    });
    Ok(flows.collect())
}
