//! Gmail: messages that are read whole, with the files that come with them.

use serde_json::{Value, json};

use super::params::Params;
use super::requests::made;
use super::services::connection;
use super::weave::{Bin, Flow, Item, List, Place, Res, Rest, Weave};
use crate::names::shown;
use crate::ours::{Bind, Ex, Sort};
use crate::report::{Kind, Why};
use crate::tree::{Entry, Tree};

/// How many files of a message are looked for by their names.
const MOST: usize = 10;

/// A node that reads messages whole; nothing for what the table has.
pub fn read(
    weave: &mut Weave,
    node: usize,
    place: &Place,
    params: &Params,
) -> Res<Option<Vec<(usize, Flow)>>> {
    let version = weave.file.nodes[node].version;
    let is_new = version >= 2.0;
    let files = if is_new {
        params.flag("options.downloadAttachments") == Some(true)
    } else {
        params.text("additionalFields.format").is_none_or(|format| format == "resolved")
    };
    let resource = params.text("resource").unwrap_or_else(|| "message".into());
    let operation = params.text("operation").unwrap_or_else(|| "send".into());
    let whole = if is_new { params.flag("simple") == Some(false) } else { files };
    // One message without its files stands in the table.
    let reads = match operation.as_str() {
        "getAll" => whole,
        "get" => whole && files,
        _ => false,
    };
    if resource != "message" || !reads {
        return Ok(None);
    }
    let options = if is_new { "options" } else { "additionalFields" };
    let prefix = params
        .text(&format!("{options}.dataPropertyAttachmentsPrefixName"))
        .unwrap_or_else(|| "attachment_".into());
    params.ignore(&["simple", "authentication", "options.downloadAttachments", "additionalFields.format"]);
    let named = if files { named(weave, node, &prefix) } else { vec![] };
    if !named.is_empty() && weave.file.nodes.iter().any(chooses) {
        let why = "files of messages, where what has none goes another way: here a message without one ends the run";
        return Err(Why::new(Kind::File, why));
    }
    connection(weave, "gmail.get_message");
    let wish = weave.file.nodes[node].name.clone();
    let (here, id) = if operation == "get" {
        let id = made(weave, place, params, &json!("messageId"))?;
        (place.clone(), id.unwrap_or_else(|| Tree::text("")))
    } else {
        let all = params.flag("returnAll") == Some(true);
        if all {
            weave.settle.insert(format!("how many `{}` gives: at most 500, where n8n asks on", shown(&wish)));
        }
        let limit = if all { json!(500) } else { json!(if is_new { "limit|=50" } else { "limit|=10" }) };
        let of = if is_new { "filters" } else { "additionalFields" };
        let with = json!({
            "query": format!("{of}.q"),
            "limit": limit,
            "label_ids": format!("{of}.labelIds"),
            "include_spam_trash": format!("{of}.includeSpamTrash"),
        });
        let with = match made(weave, place, params, &with)? {
            Some(Tree::Map(with)) => with,
            _ => vec![],
        };
        let body = vec![Entry::text("use", "gmail.list_messages"), Entry::map("with", with)];
        let step = weave.add(node, place, &format!("{wish} list"), body);
        let list = Ex::new(format!("steps.{step}.messages"), Bind::Path, Sort::List);
        let each = weave.place(node, &place.many(List::open(list), &step));
        let id = Tree::Text(each.item.whole.sure("id").hole());
        (each, id)
    };
    let with = Entry::map("with", vec![Entry::new("message_id", id)]);
    let message = weave.add(node, &here, &wish, vec![Entry::text("use", "gmail.get_message"), with]);
    let it = Ex::path(format!("steps.{message}"));
    let texts = |name: &str| crate::ours::object(&[("text".to_owned(), it.sure(name))]);
    let gives = [
        ("id", it.sure("id")),
        ("threadId", it.sure("thread_id")),
        ("labelIds", it.sure("label_ids")),
        ("subject", it.sure("subject")),
        ("date", it.sure("date")),
        ("text", it.sure("text")),
        ("html", it.sure("html")),
        ("from", texts("from")),
        ("to", texts("to")),
    ];
    let gives = gives.map(|(name, ex)| (name.to_owned(), ex)).to_vec();
    let mut flow = here.one(Item::of(gives, Rest::Closed("gmail".into())), &message);
    for at in named {
        let file = format!("steps.{message}.attachments[{at}]");
        let part = |name: &str, made: String| Entry::text(name, format!("{{{{ {made} }}}}"));
        let with = vec![
            part("message_id", format!("steps.{message}.id")),
            part("attachment_id", format!("{file}.id ?? ''")),
            part("name", format!("{file}.name")),
            part("type", format!("{file}.type")),
        ];
        let body = vec![Entry::text("use", "gmail.get_attachment"), Entry::map("with", with)];
        let step = weave.add(node, &here, &format!("{wish} file"), body);
        let name = Some(Ex::new(format!("{file}.name"), Bind::Path, Sort::Text));
        let file = Ex::path(format!("steps.{step}.file"));
        flow.after.insert(step);
        flow.files.insert(format!("{prefix}{at}"), Bin { file, name, is_text: false });
    }
    Ok(Some(vec![(0, flow)]))
}

/// Which files of a message other nodes name.
fn named(weave: &Weave, node: usize, prefix: &str) -> Vec<usize> {
    let others = weave.file.nodes.iter().enumerate().filter(|(at, other)| *at != node && !other.is_note());
    let texts: Vec<String> = others.map(|(_, other)| other.params.to_string()).collect();
    let is_named = |at: &usize| {
        let name = format!("{prefix}{at}");
        let after = |text: &str, from: usize| text[from + name.len()..].chars().next();
        texts.iter().any(|text| {
            text.match_indices(&name)
                .any(|(from, _)| after(text, from).is_none_or(|next| !next.is_ascii_digit()))
        })
    };
    (0..MOST).filter(is_named).collect()
}

fn chooses(node: &super::file::Node) -> bool {
    matches!(node.short.as_str(), "if" | "switch" | "filter") && !node.on("disabled")
}

/// The files that a node sends along, as the rows of a parameter name them.
pub fn sent(place: &Place, params: &Params, path: &str, key: &str) -> Res<Option<Tree>> {
    let mut all = vec![];
    for row in params.list(path) {
        let names = row.get(key).and_then(Value::as_str).unwrap_or("data");
        for name in names.split(',').map(str::trim) {
            let bin = place
                .files
                .get(name)
                .ok_or_else(|| Why::new(Kind::File, format!("the file `{}` is not at hand", shown(name))))?;
            let file = match (&bin.name, bin.is_text) {
                (Some(called), true) => crate::ours::object(&[
                    ("content".into(), bin.file.clone()),
                    ("name".into(), called.clone()),
                ]),
                (None, true) => crate::ours::object(&[
                    ("content".into(), bin.file.clone()),
                    ("name".into(), Ex::literal("file")),
                ]),
                (_, false) => bin.file.clone(),
            };
            all.push(Tree::Text(file.hole()));
        }
    }
    Ok((!all.is_empty()).then_some(Tree::List(all)))
}
