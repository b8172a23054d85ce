//! Requests, and JSON in which expressions stand.

use serde_json::Value;

use super::params::Params;
use super::say::{Piece, Say, pieces};
use super::weave::{Bin, Flow, Item, List, Place, ROOT, Res, Rest, Weave};
use crate::names;
use crate::ours::{Bind, Ex, Sort};
use crate::report::{Kind, Why};
use crate::tree::{Entry, Tree};

/// Kinds of credentials whose secret goes as a bearer's token.
const BEARERS: &[&str] = &[
    "airtableTokenApi",
    "anthropicApiBearer",
    "clickUpApi",
    "cohereApi",
    "deepLApiBearer",
    "discordBotApiBearer",
    "grokApi",
    "groqApi",
    "hubspotAppToken",
    "huggingFaceApi",
    "linearApi",
    "mistralCloudApi",
    "notionApi",
    "openAiApi",
    "openRouterApi",
    "perplexityApi",
    "replicateApi",
    "sendGridApi",
    "slackApi",
    "httpBearerAuth",
    "supabaseBearer",
    "vercelApi",
    "webflowApi",
];

/// Kinds of credentials whose secret goes in a header of its own.
const HEADERS: &[(&str, &str)] = &[
    ("anthropicApi", "x-api-key"),
    ("clockifyApi", "x-api-key"),
    ("elevenLabsApi", "xi-api-key"),
    ("googlePalmApi", "x-goog-api-key"),
    ("n8nApi", "x-n8n-api-key"),
    ("pipedriveApi", "x-api-token"),
    ("qdrantApi", "api-key"),
    ("shopifyAccessTokenApi", "x-shopify-access-token"),
];

/// The statuses by which servers say no, as from and to.
const NO: &[(u16, u16)] = &[
    (300, 308),
    (400, 418),
    (421, 426),
    (428, 429),
    (431, 431),
    (451, 451),
    (500, 508),
    (510, 511),
    (520, 530),
];

/// A pause between requests, where the node makes one after so many of them.
fn paced(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Res<Place> {
    let number = |name: &str| {
        let value = params.get(&format!("options.batching.batch.{name}"));
        value.map_or(Ok(None), |value| {
            value
                .as_i64()
                .map(Some)
                .ok_or_else(|| Why::new(Kind::Setting, "how many requests go at once is made"))
        })
    };
    let (size, pause) = (number("batchSize")?.unwrap_or(50), number("batchInterval")?.unwrap_or(1000));
    let asked = params.get("options.batching.batch").is_some();
    if !asked || size < 1 || pause < 1 || place.scope == ROOT || weave.scopes[place.scope].batch {
        return Ok(place.clone());
    }
    let text = match size {
        1 => "index > 0".to_owned(),
        size => format!("index > 0 and index % {size} == 0"),
    };
    let guard = Ex::new(text, Bind::And, Sort::Bool);
    let mut out = place.clone();
    let guard = match &place.guard {
        Some(outer) => outer.and(&guard),
        None => guard,
    };
    let wish = format!("{} pause", weave.file.nodes[node].name);
    let here = Place { guard: Some(guard), ..place.clone() };
    let step = weave.add(node, &here, &wish, vec![Entry::bare("wait", format!("{pause}ms"))]);
    out.after.insert(step);
    Ok(out)
}

/// An HTTP Request node.
pub fn request(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Res<Vec<(usize, Flow)>> {
    let version = weave.file.nodes[node].version;
    let newer = version >= 3.0;
    let method = params.text(if newer { "method" } else { "requestMethod" }).unwrap_or_else(|| "GET".into());
    let mut http = vec![];
    if !matches!(method.as_str(), "DELETE" | "GET" | "HEAD" | "OPTIONS" | "PATCH" | "POST" | "PUT") {
        return Err(Why::new(Kind::Setting, format!("the method `{}`", names::shown(&method))));
    }
    let reads = method == "GET";
    if !reads {
        http.push(Entry::text("method", method));
    }
    let url = params.get("url").unwrap_or_else(|| Value::from(""));
    let url = address(&mut Say::new(weave, place), &url)?;
    http.push(Entry::text("url", settled(weave, node, url)));
    if newer {
        asked(weave, node, place, params, &mut http)?
    } else {
        asked_before(weave, node, place, params, &mut http)?
    }
    auth(weave, node, params, &mut http)?;
    let mut step_keys = vec![];
    if let Some(most) = params.get("options.timeout") {
        let most = most.as_u64().ok_or_else(|| Why::new(Kind::Setting, "how long it waits is made"))?;
        step_keys.push(Entry::bare("timeout", format!("{most}ms")));
    }
    let root = if newer { "options.response.response." } else { "options." };
    let at = |name: &str| format!("{root}{name}");
    let full = params.flag(&at("fullResponse")).unwrap_or(false);
    let never = params.flag(&at("neverError")).unwrap_or(false)
        || params.flag("options.ignoreResponseCode").unwrap_or(false);
    if never {
        // An answer that says no is an answer like any other.
        let all = NO.iter().flat_map(|(from, to)| *from..=*to).map(|status| Tree::Bare(status.to_string()));
        http.push(Entry::new("expect", Tree::List(all.collect())));
    }
    // Something that is asked for by a body says how.
    if reads && http.iter().any(|entry| matches!(&*entry.key, "body" | "form" | "json" | "multipart")) {
        http.insert(0, Entry::text("method", "GET"));
    }
    let place = &paced(weave, node, place, params)?;
    let format = params.text(&if newer { at("responseFormat") } else { "responseFormat".into() });
    let format = format.unwrap_or_else(|| if newer { "autodetect".into() } else { "json".into() });
    // What is read as a file comes as one: what it is, is only known when it comes.
    let format = if format == "autodetect" && goes_as_file(weave, node) { "file".into() } else { format };
    let called = params.text(&at("outputPropertyName")).or_else(|| params.text("dataPropertyName"));
    let called = called.unwrap_or_else(|| "data".into());
    for path in ["options.redirect.redirect.followRedirects", "options.followRedirect"] {
        if params.flag(path) == Some(false) {
            return Err(Why::new(Kind::Setting, "it does not follow where an answer leads"));
        }
    }
    params.ignore(&[
        "options.redirect.redirect.followRedirects",
        "options.redirect.redirect.maxRedirects",
        "options.followRedirect",
        "options.followAllRedirects",
        "options.lowercaseHeaders",
        "options.splitIntoItems",
        "options.bodyContentType",
        "provideSslCertificates",
        "responseFormat",
    ]);
    let pages = params
        .get("options.pagination.pagination.paginationMode")
        .and_then(|mode| mode.as_str().map(str::to_owned));
    if pages.as_deref().is_some_and(|mode| mode != "off") {
        return Err(Why::new(Kind::Setting, "it asks for page after page"));
    }
    params.ignore(&["options.pagination"]);
    let splits = newer || params.flag("options.splitIntoItems").unwrap_or(false);
    let mut body = vec![Entry::map("http", http)];
    body.extend(step_keys);
    let wish = weave.file.nodes[node].name.clone();
    let step = weave.add(node, place, &wish, body);
    let answer = Ex::path(format!("steps.{step}.body"));
    if full {
        let known = vec![
            ("body".to_owned(), answer),
            ("headers".to_owned(), Ex::path(format!("steps.{step}.headers"))),
            ("statusCode".to_owned(), Ex::path(format!("steps.{step}.status"))),
        ];
        return Ok(vec![(0, place.one(Item::of(known, Rest::Closed("an HTTP request".into())), &step))]);
    }
    Ok(vec![(
        0,
        match format.as_str() {
            "file" => {
                let mut flow = place.one(Item::of(vec![], Rest::Empty), &step);
                flow.files.insert(called, Bin { file: answer, name: None, is_text: false });
                flow
            }
            "string" | "text" => {
                place.one(Item::of(vec![(called, Ex { sort: Sort::Text, ..answer })], Rest::Empty), &step)
            }
            // What is gone round is one item.
            _ if !splits || weave.scopes[place.scope].until.is_some() => place.one(Item::open(answer), &step),
            _ => {
                let text = if format == "autodetect" {
                    format!("type({0}) == 'string' ? [{{ {called}: {0} }}] : ", answer.text)
                } else {
                    String::new()
                };
                let ex = format!("type({0}) == 'list' ? {0} : {text}[{0} ?? {{}}]", answer.text);
                place.many(List::open(Ex::new(ex, Bind::Choice, Sort::List)), &step)
            }
        },
    )])
}

/// True if all that follows at once takes a file.
fn goes_as_file(weave: &Weave, node: usize) -> bool {
    let takes = |node: usize| {
        let form = &weave.file.nodes[node];
        let said = |key: &str| form.params.get(key).and_then(Value::as_str);
        match form.short.as_str() {
            "extractFromFile" | "readPDF" | "writeBinaryFile" => true,
            "readWriteFile" => said("operation") == Some("write"),
            "moveBinaryData" => said("mode").is_none_or(|mode| mode == "binaryToJson"),
            "spreadsheetFile" => said("operation").is_none_or(|operation| operation == "fromFile"),
            "googleDrive" => {
                said("resource").is_none_or(|resource| resource == "file")
                    && said("operation").is_none_or(|operation| operation == "upload")
            }
            _ => false,
        }
    };
    let mut next = weave.file.links.iter().filter(|link| link.from == node).map(|link| link.to).peekable();
    next.peek().is_some() && next.all(takes)
}

/// Where a request goes whose address the file does not say: nowhere, as at n8n.
const NOWHERE: &str = "https://address.invalid/";

/// An address, or one that leads nowhere where what stands in the file is none.
pub fn settled(weave: &mut Weave, node: usize, url: String) -> String {
    let begins = ["http://", "https://", "{{"].iter().any(|start| url.to_lowercase().starts_with(start));
    if begins {
        return url;
    }
    let (of, said) = (names::shown(&weave.file.nodes[node].name), names::shown(&url));
    let said = if said.is_empty() { "nothing".to_owned() } else { format!("`{said}`") };
    weave.settle.insert(format!(
        "the address of `{of}`, for which {said} stands in the file: write it in the place of `{NOWHERE}`"
    ));
    NOWHERE.to_owned()
}

/// An address. A hole in a path or a query is one piece of it; where the place itself is made, all of it is one hole.
pub fn address(say: &mut Say, url: &Value) -> Res<String> {
    let raw = url.as_str().unwrap_or_default();
    let Some(code) = raw.strip_prefix('=') else { return Ok(crate::ours::plain(raw.trim())) };
    let parts = pieces(code.trim());
    let fixed = match parts.first() {
        Some(Piece::Plain(start)) => {
            let rest = start.split_once("://").map(|(_, rest)| rest);
            rest.is_some_and(|rest| rest.contains(['/', '?']))
        }
        _ => false,
    };
    if fixed || matches!(&parts[..], [Piece::Code(_)]) {
        return say.text(&format!("={}", code.trim()));
    }
    Ok(say.ex(&Value::from(format!("={}", code.trim())))?.hole())
}

fn asked(weave: &mut Weave, node: usize, place: &Place, params: &Params, http: &mut Vec<Entry>) -> Res<()> {
    for (on, how, list, json, key) in [
        ("sendQuery", "specifyQuery", "queryParameters.parameters", "jsonQuery", "query"),
        ("sendHeaders", "specifyHeaders", "headerParameters.parameters", "jsonHeaders", "headers"),
    ] {
        let is_json = params.text(how).as_deref() == Some("json");
        let pairs = params.list(list);
        let code = params.text(json);
        params.ignore(&[list.split('.').next().unwrap_or(list)]);
        if !params.flag(on).unwrap_or(false) {
            continue;
        }
        let mut say = Say::new(weave, place);
        let tree = match (is_json, code) {
            (true, Some(code)) => say.json(&code)?,
            (true, None) => continue,
            (false, _) => named(&mut say, &pairs)?,
        };
        let tree = guarded(weave, node, tree, key)?;
        if tree != Tree::Map(vec![]) {
            http.push(Entry::new(key, tree));
        }
    }
    let content = params.text("contentType").unwrap_or_else(|| "json".into());
    let how = params.text("specifyBody").unwrap_or_else(|| "keypair".into());
    let pairs = params.list("bodyParameters.parameters");
    let (code, text, kind) = (params.text("jsonBody"), params.text("body"), params.text("rawContentType"));
    let file = params.text("inputDataFieldName").unwrap_or_else(|| "data".into());
    params.ignore(&["bodyParameters"]);
    if !params.flag("sendBody").unwrap_or(false) {
        return Ok(());
    }
    let mut say = Say::new(weave, place);
    let entry = match (content.as_str(), how.as_str()) {
        ("json", "json") => Entry::new("json", say.json(&code.unwrap_or_else(|| "{}".into()))?),
        ("json", _) => Entry::new("json", named(&mut say, &pairs)?),
        ("form-urlencoded", "string") => Entry::text("body", say.text(&text.unwrap_or_default())?),
        ("form-urlencoded", _) => Entry::new("form", named(&mut say, &pairs)?),
        ("multipart-form-data", _) => Entry::new("multipart", parts(&mut say, &pairs)?),
        ("raw", _) => {
            let made = say.text(&text.unwrap_or_default())?;
            if let Some(kind) = kind {
                let kind = say.text(&kind)?;
                header(http, "content-type", kind);
            }
            Entry::text("body", made)
        }
        ("binaryData", _) => {
            let bin = place
                .files
                .get(&file)
                .ok_or_else(|| Why::new(Kind::File, format!("the file `{file}` is not at hand")))?;
            Entry::text("body", bin.file.hole())
        }
        (other, _) => {
            return Err(Why::new(Kind::Setting, format!("a body of the kind `{}`", names::shown(other))));
        }
    };
    let value = guarded(weave, node, entry.value, "the body")?;
    http.push(Entry { value, ..entry });
    Ok(())
}

fn asked_before(
    weave: &mut Weave,
    node: usize,
    place: &Place,
    params: &Params,
    http: &mut Vec<Entry>,
) -> Res<()> {
    let as_json = params.flag("jsonParameters").unwrap_or(false);
    let kind = params.text("options.bodyContentType").unwrap_or_else(|| "json".into());
    for (list, json, key) in [
        ("queryParametersUi.parameter", "queryParametersJson", "query"),
        ("headerParametersUi.parameter", "headerParametersJson", "headers"),
        ("bodyParametersUi.parameter", "bodyParametersJson", "json"),
    ] {
        let (pairs, code) = (params.list(list), params.text(json));
        params.ignore(&[list.split('.').next().unwrap_or(list)]);
        let key = match (key, kind.as_str()) {
            ("json", "form-urlencoded") => "form",
            ("json", "multipart-form-data") => "multipart",
            ("json", "raw") => return Err(Why::new(Kind::Setting, "a body of the kind `raw`")),
            _ => key,
        };
        let mut say = Say::new(weave, place);
        let tree = match (as_json, code) {
            (true, Some(code)) => say.json(&code)?,
            (true, None) => continue,
            (false, _) => named(&mut say, &pairs)?,
        };
        let tree = guarded(weave, node, tree, key)?;
        if tree != Tree::Map(vec![]) {
            http.push(Entry::new(key, tree));
        }
    }
    if params.flag("sendBinaryData") == Some(true) {
        return Err(Why::new(Kind::File, "it sends a file in an old way"));
    }
    params.ignore(&["sendBinaryData", "binaryPropertyName", "jsonParameters"]);
    Ok(())
}

/// Names and values.
fn named(say: &mut Say, pairs: &[Value]) -> Res<Tree> {
    let mut out: Vec<Entry> = vec![];
    for pair in pairs {
        let name = pair.get("name").and_then(Value::as_str).unwrap_or_default();
        if name.is_empty() {
            continue;
        }
        if name.starts_with('=') {
            return Err(Why::new(Kind::Expression, "the name of a parameter is made"));
        }
        let value = say.tree(pair.get("value").unwrap_or(&Value::Null))?;
        match out.iter_mut().find(|entry| entry.key == name) {
            Some(entry) => entry.value = value,
            None => out.push(Entry::new(name, value)),
        }
    }
    Ok(Tree::Map(out))
}

fn parts(say: &mut Say, pairs: &[Value]) -> Res<Tree> {
    let mut out = vec![];
    for pair in pairs {
        let text = |key: &str| pair.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let value = if text("parameterType") == "formBinaryData" {
            let name = text("inputDataFieldName");
            let bin = say.place.files.get(&name);
            let bin = bin.ok_or_else(|| {
                Why::new(Kind::File, format!("the file `{}` is not at hand", names::shown(&name)))
            })?;
            Tree::Text(bin.file.hole())
        } else {
            say.tree(pair.get("value").unwrap_or(&Value::Null))?
        };
        out.push(Entry::new(text("name"), value));
    }
    Ok(Tree::Map(out))
}

fn header(http: &mut Vec<Entry>, name: &str, value: String) {
    let entry = Entry::text(name, value);
    match http.iter_mut().find(|entry| entry.key == "headers") {
        Some(Entry { value: Tree::Map(headers), .. }) => headers.push(entry),
        _ => http.push(Entry::map("headers", vec![entry])),
    }
}

/// A place of a request, with secrets of the file replaced by their names: they are to be stored, and are not copied.
fn guarded(weave: &mut Weave, node: usize, tree: Tree, place: &str) -> Res<Tree> {
    let Tree::Map(mut entries) = tree else { return Ok(tree) };
    for entry in &mut entries {
        let key = entry.key.clone();
        match &mut entry.value {
            Tree::Text(text) if crate::secrets::is_secret(&key, text) => {
                let shown = names::shown(&key);
                // A query is written down by those whom it passes, and a part of a text cannot be told from the rest.
                if place == "query" || text.contains("{{") {
                    return Err(Why::new(
                        Kind::Setting,
                        format!(
                            "a secret stands in the file, as `{shown}` in {place}: it is not copied; store it by `keyway secrets add` and write `secret(\"NAME\")`"
                        ),
                    ));
                }
                let of = weave.file.nodes[node].name.clone();
                let name = names::secret(&format!("{of} {key}"));
                let scheme = ["Bearer ", "Basic ", "Token "].iter().find(|scheme| text.starts_with(**scheme));
                *text = format!("{}{{{{ secret(\"{name}\") }}}}", scheme.copied().unwrap_or_default());
                weave.settle.insert(format!(
                    "the secret `{shown}` of `{}`, which stands in the file and is not copied: `keyway secrets add {name}`",
                    names::shown(&of)
                ));
            }
            Tree::Map(_) => {
                let inner = std::mem::replace(&mut entry.value, Tree::Map(vec![]));
                entry.value = guarded(weave, node, inner, place)?;
            }
            _ => {}
        }
    }
    Ok(Tree::Map(entries))
}

fn auth(weave: &mut Weave, node: usize, params: &Params, http: &mut Vec<Entry>) -> Res<()> {
    let how = params.text("authentication").unwrap_or_else(|| "none".into());
    let generic = params.text("genericAuthType");
    let own = params.text("nodeCredentialType");
    let kind = match how.as_str() {
        "none" => return Ok(()),
        "genericCredentialType" => generic,
        "predefinedCredentialType" => own,
        "basicAuth" => Some("httpBasicAuth".into()),
        "headerAuth" => Some("httpHeaderAuth".into()),
        "queryAuth" => Some("httpQueryAuth".into()),
        other => Some(other.to_owned()),
    };
    let kind = kind.ok_or_else(|| Why::new(Kind::Setting, "it signs in by what the file does not name"))?;
    let credentials = weave.file.nodes[node].credentials.clone();
    let called = credentials.iter().find(|(known, _)| *known == kind).or(credentials.first());
    let called = names::secret(called.map_or(&*kind, |(_, name)| name));
    let secret = |name: &str| format!("{{{{ secret(\"{name}\") }}}}");
    let entry = match kind.as_str() {
        "httpBasicAuth" => {
            weave.settle.insert(format!(
                "the user and the password of `{called}`: `keyway secrets add {called}_USER` and `keyway secrets add {called}`"
            ));
            let user = secret(&format!("{called}_USER"));
            Entry::map("basic", vec![Entry::text("user", user), Entry::text("password", secret(&called))])
        }
        "httpCustomAuth" => {
            weave.settle.insert(format!(
                "what `{called}` adds to a request, which the file does not hold: a header is written, with `keyway secrets add {called}`; write its name, or what else it is"
            ));
            let header = vec![Entry::text("name", "Authorization"), Entry::text("value", secret(&called))];
            Entry::map("header", header)
        }
        "httpHeaderAuth" => {
            weave.settle.insert(format!(
                "the value of `{called}`: `keyway secrets add {called}`; its header is `Authorization` unless you say otherwise, since the file does not"
            ));
            let header = vec![Entry::text("name", "Authorization"), Entry::text("value", secret(&called))];
            Entry::map("header", header)
        }
        kind if HEADERS.iter().any(|(known, _)| *known == kind) => {
            weave.settle.insert(format!("the key of `{called}`: `keyway secrets add {called}`"));
            let name =
                HEADERS.iter().find(|(known, _)| *known == kind).map_or("authorization", |(_, name)| *name);
            Entry::map("header", vec![Entry::text("name", name), Entry::text("value", secret(&called))])
        }
        kind if BEARERS.contains(&kind) => {
            weave.settle.insert(format!("the token of `{called}`: `keyway secrets add {called}`"));
            Entry::text("bearer", secret(&called))
        }
        other => {
            return Err(Why::new(
                Kind::Setting,
                format!("it signs in by `{}`, which a request of one's own cannot", names::shown(other)),
            ));
        }
    };
    http.push(Entry::map("auth", vec![entry]));
    Ok(())
}

/// A question in GraphQL.
pub fn graphql(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Res<Vec<(usize, Flow)>> {
    let url = params.get("endpoint").ok_or_else(|| Why::new(Kind::Setting, "it has no address"))?;
    let mut say = Say::new(weave, place);
    let mut http = vec![Entry::text("method", "POST"), Entry::text("url", address(&mut say, &url)?)];
    let headers = named(&mut say, &params.list("headerParametersUi.parameter"))?;
    params.ignore(&["headerParametersUi"]);
    let headers = guarded(weave, node, headers, "headers")?;
    if headers != Tree::Map(vec![]) {
        http.push(Entry::new("headers", headers));
    }
    if params.text("requestMethod").is_some_and(|method| method != "POST") {
        return Err(Why::new(Kind::Setting, "it asks by GET"));
    }
    let mut say = Say::new(weave, place);
    let query = say.text(&params.text("query").unwrap_or_default())?;
    let variables = params.text("variables");
    let as_json = params.text("requestFormat").as_deref() == Some("json");
    if as_json {
        let mut json = vec![Entry::text("query", query)];
        if let Some(variables) = variables {
            json.push(Entry::new("variables", say.json(&variables)?));
        }
        http.push(Entry::map("json", json));
    } else {
        header(&mut http, "content-type", "application/graphql".into());
        http.push(Entry::text("body", query));
    }
    let format = params.text("responseFormat");
    params.ignore(&["operationName", "allowUnauthorizedCerts"]);
    auth(weave, node, params, &mut http)?;
    let wish = weave.file.nodes[node].name.clone();
    let step = weave.add(node, place, &wish, vec![Entry::map("http", http)]);
    let answer = Ex::path(format!("steps.{step}.body"));
    let item = match format.as_deref() {
        Some("string") => {
            let called = params.text("dataPropertyName").unwrap_or_else(|| "data".into());
            Item::of(vec![(called, Ex::call("json", &[&answer], Sort::Text))], Rest::Empty)
        }
        _ => Item::open(answer),
    };
    Ok(vec![(0, place.one(item, &step))])
}
