//! What webhooks answer: with the output as JSON, or with a whole answer that has a status, headers and a body.

use serde_json::Value;

use super::file::{File, Node};
use super::params::Params;
use super::say::Say;
use super::weave::{Card, Flow, Item, List, ROOT, Res, Rest, Weave};
use crate::names::shown;
use crate::report::{Kind, Why};
use crate::tree::{Entry, Tree};

/// The headers that a workflow does not set, as `server/src/http/hooks.rs` has them.
const NOT_SET: &[&str] = &[
    "alt-svc",
    "clear-site-data",
    "connection",
    "content-encoding",
    "content-length",
    "content-security-policy",
    "date",
    "keep-alive",
    "nel",
    "report-to",
    "reporting-endpoints",
    "service-worker-allowed",
    "set-cookie",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "www-authenticate",
    "x-content-type-options",
];

/// True where an answer of the file is more than JSON with the status 200: then each of them says itself what it is.
pub fn are_whole(file: &File) -> bool {
    let waits = |node: &Node| {
        node.short == "webhook"
            && !node.on("disabled")
            && node.params.get("responseMode").and_then(Value::as_str) == Some("responseNode")
    };
    let answers = file.nodes.iter().filter(|node| node.short == "respondToWebhook" && !node.on("disabled"));
    file.nodes.iter().any(waits) && answers.into_iter().any(is_whole)
}

fn is_whole(node: &Node) -> bool {
    let params = Params::new(&node.params);
    let plain = |header: &Value| {
        let text = |key: &str| header.get(key).and_then(Value::as_str).unwrap_or_default().to_lowercase();
        text("name") == "content-type" && text("value").starts_with("application/json")
    };
    matches!(params.text("respondWith").as_deref(), Some("text" | "redirect"))
        || params.get("options.responseCode").is_some_and(|code| code.as_u64() != Some(200))
        || !params.list("options.responseHeaders.entries").iter().all(plain)
}

/// What is answered to who called: the first of the items that come at once, or all of them.
pub fn respond(weave: &mut Weave, node: usize, input: &Flow, params: &Params) -> Res<Vec<(usize, Flow)>> {
    let with = params.text("respondWith").unwrap_or_else(|| "firstIncomingItem".into());
    let flow = weave.gather(input);
    if flow.scope != ROOT {
        return Err(Why::new(Kind::Flow, "it answers in each round of a loop"));
    }
    let is_whole = are_whole(weave.file);
    params.ignore(&["options.enableStreaming"]);
    let closed = match &flow.card {
        Card::One(Item { rest: Rest::Closed(who), .. }) => Some(who.clone()),
        Card::Many(List { closed: Some((_, who)), .. }) => Some(who.clone()),
        Card::One(_) | Card::Many(_) => None,
    };
    let whole = |closed: Option<String>| match closed {
        Some(who) => Err(Why::new(
            Kind::Answer,
            format!("it answers with all that `{who}` gives, which is not all at hand"),
        )),
        None => Ok(()),
    };
    let (place, list) = match flow.card {
        Card::One(_) => (weave.place(node, &flow), weave.list_of(&Flow { guard: None, ..flow.clone() })),
        Card::Many(_) => weave.held(node, &flow),
    };
    let mut head = head(&mut Say::new(weave, &place), params)?;
    let body = match with.as_str() {
        "firstIncomingItem" => {
            whole(closed)?;
            Some(Tree::Text(place.item.whole.hole()))
        }
        "allIncomingItems" => {
            whole(closed)?;
            let key = params.text("options.responseKey");
            let key = key.map(|key| (key, list.clone()));
            Some(Tree::Text(key.map_or_else(|| list.hole(), |pair| crate::ours::object(&[pair]).hole())))
        }
        "json" => {
            let raw = params.text("responseBody").unwrap_or_else(|| "{}".into());
            Some(Say::new(weave, &place).json(&raw)?)
        }
        // What is a text is called HTML there, unless the file says otherwise.
        "text" if is_whole => {
            head.kind("text/html; charset=utf-8");
            let raw = params.text("responseBody").unwrap_or_default();
            Some(Tree::Text(Say::new(weave, &place).text(&raw)?))
        }
        "redirect" if is_whole => {
            let raw = params.text("redirectURL").unwrap_or_default();
            let to = Say::new(weave, &place).text(&raw)?;
            head.status = head.status.or(Some(307));
            head.headers.insert(0, Entry::text("location", to));
            None
        }
        "noData" => None,
        other => {
            let why = format!("it answers with `{}`, and webhooks here with JSON or texts", shown(other));
            return Err(Why::new(Kind::Setting, why));
        }
    };
    let name = weave.file.nodes[node].name.clone();
    let (set, read) = if is_whole {
        (head.with(body), "")
    } else {
        let body = body.unwrap_or_else(|| Tree::Bare("null".into()));
        (vec![Entry::new("answer", body)], "?.answer")
    };
    let step = weave.add(node, &place, &name, vec![Entry::map("set", set)]);
    let hole = match weave.output.take() {
        Some(Tree::Text(before)) => {
            let inner = before.trim_start_matches("{{ ").trim_end_matches(" }}").to_owned();
            format!("{{{{ {inner} ?? steps.{step}{read} }}}}")
        }
        _ => format!("{{{{ steps.{step}{read} }}}}"),
    };
    weave.output = Some(Tree::Text(hole));
    let mut out = input.clone();
    out.after.extend((input.scope == ROOT).then_some(step));
    Ok(vec![(0, out)])
}

/// What an answer says beside its body.
struct Head {
    status: Option<u64>,
    headers: Vec<Entry>,
}

impl Head {
    /// What kind of body it is, where the file does not say.
    fn kind(&mut self, kind: &str) {
        if !self.headers.iter().any(|entry| entry.key.eq_ignore_ascii_case("content-type")) {
            self.headers.insert(0, Entry::text("content-type", kind));
        }
    }

    fn with(self, body: Option<Tree>) -> Vec<Entry> {
        let mut all = vec![];
        if let Some(status) = self.status {
            all.push(Entry::bare("status", status));
        }
        if !self.headers.is_empty() {
            all.push(Entry::map("headers", self.headers));
        }
        all.extend(body.map(|body| Entry::new("body", body)));
        if all.is_empty() {
            all.push(Entry::bare("status", 200));
        }
        all
    }
}

fn head(say: &mut Say, params: &Params) -> Res<Head> {
    let status = match params.get("options.responseCode") {
        None => None,
        Some(code) => Some(code.as_u64().filter(|code| (200..600).contains(code)).ok_or_else(|| {
            Why::new(Kind::Setting, "an answer whose number is made, or is none from 200 to 599")
        })?),
    };
    let mut headers = vec![];
    for header in params.list("options.responseHeaders.entries") {
        let text = |key: &str| header.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let name = text("name");
        if name.is_empty() {
            continue;
        }
        if name.starts_with('=') || NOT_SET.contains(&&*name.to_lowercase()) {
            let why = format!("the header `{}` of an answer has no equal", shown(&name));
            return Err(Why::new(Kind::Setting, why));
        }
        headers.push(Entry::text(name, say.text(&text("value"))?));
    }
    Ok(Head { status: status.filter(|status| *status != 200), headers })
}
