//! A file of n8n as it stands: nodes, what leads from one to another, settings.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::Refused;

/// A node.
#[derive(Clone, Debug)]
pub struct Node {
    pub name: String,
    /// Its type as the file has it.
    pub form: String,
    /// Its type without the package, as in `httpRequest` or `lc:agent`.
    pub short: String,
    pub version: f64,
    pub params: Value,
    /// The kind and the name of each credential.
    pub credentials: Vec<(String, String)>,
    /// The node's own settings, such as `retryOnFail`.
    pub settings: Value,
}

impl Node {
    /// A setting that is on.
    pub fn on(&self, name: &str) -> bool {
        self.settings.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    pub fn is_note(&self) -> bool {
        self.short == "stickyNote"
    }

    pub fn is_trigger(&self) -> bool {
        let short = self.short.as_str();
        short.to_lowercase().ends_with("trigger")
            || matches!(
                short,
                "webhook"
                    | "cron"
                    | "interval"
                    | "start"
                    | "emailReadImap"
                    | "rssFeedReadTrigger"
                    | "lc:chatTrigger"
            )
    }
}

/// What leads from a port of one node to an input of another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    pub from: usize,
    pub port: usize,
    pub to: usize,
    pub input: usize,
}

/// A part of another node, as a model of an agent.
#[derive(Clone, Debug)]
pub struct Sub {
    pub from: usize,
    pub to: usize,
    /// As in `ai_tool`.
    pub kind: String,
}

/// A workflow of n8n.
#[derive(Clone, Debug)]
pub struct File {
    pub name: String,
    pub nodes: Vec<Node>,
    /// The loops of batches that are read as such.
    pub loops: BTreeSet<usize>,
    pub links: Vec<Link>,
    pub subs: Vec<Sub>,
    pub zone: Option<String>,
    /// The settings of the workflow.
    pub settings: Value,
}

impl File {
    /// Reads a file's text.
    ///
    /// # Errors
    /// Where it is too long, no JSON, or no workflow of n8n.
    pub fn read(text: &str) -> Result<File, Refused> {
        if text.len() > crate::MOST_BYTES {
            return Err(Refused::TooLong(text.len()));
        }
        let text = text.trim_start_matches('\u{feff}');
        let root: Value = serde_json::from_str(text)
            .map_err(|error| Refused::Unreadable(format!("it is no JSON: {error}")))?;
        // Some ways of exporting put the workflow in a list, or below `data` or `workflow`.
        let root = match root {
            Value::Array(mut items) if items.len() == 1 => items.remove(0),
            Value::Array(_) => {
                return Err(Refused::Other(
                    "the file has several workflows of n8n, and one is read at a time".into(),
                ));
            }
            other => other,
        };
        let within =
            ["data", "workflow"].iter().filter_map(|key| root.get(key)).find(|at| at.get("nodes").is_some());
        let root = match root.get("nodes") {
            Some(_) => &root,
            None => within.unwrap_or(&root),
        };
        let Some(Value::Array(list)) = root.get("nodes") else {
            return Err(Refused::Other("the file has no list `nodes`, as a workflow of n8n has".into()));
        };
        if list.len() > crate::MOST_NODES {
            let message =
                format!("the workflow has {} nodes, and at most {} are read", list.len(), crate::MOST_NODES);
            return Err(Refused::Other(message));
        }
        let nodes: Vec<Node> = list.iter().map(node).collect();
        let loops = nodes.iter().enumerate().filter(|(_, node)| node.short == "splitInBatches");
        let loops = loops.map(|(at, _)| at).take(MOST_LOOPS).collect();
        let mut by_name = BTreeMap::new();
        for (at, node) in nodes.iter().enumerate() {
            by_name.entry(node.name.clone()).or_insert(at);
        }
        let (links, subs) = links(root.get("connections"), &by_name);
        let settings = root.get("settings").cloned().unwrap_or(Value::Null);
        let zone = settings.get("timezone").and_then(Value::as_str).filter(|zone| *zone != "DEFAULT");
        let name = root.get("name").and_then(Value::as_str).unwrap_or("imported").to_owned();
        Ok(File { name, nodes, loops, links, subs, zone: zone.map(str::to_owned), settings })
    }

    /// The node with this name.
    pub fn named(&self, name: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.name == name)
    }

    /// The parts of a node of one kind, in the order of the file.
    pub fn parts_of(&self, node: usize, kind: &str) -> Vec<usize> {
        self.subs.iter().filter(|sub| sub.to == node && sub.kind == kind).map(|sub| sub.from).collect()
    }
}

fn node(value: &Value) -> Node {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let form = text("type");
    let short = if let Some(short) = form.strip_prefix("n8n-nodes-base.") {
        short.to_owned()
    } else if let Some(short) = form.strip_prefix("@n8n/n8n-nodes-langchain.") {
        format!("lc:{short}")
    } else {
        form.clone()
    };
    let credentials = value.get("credentials").and_then(Value::as_object).into_iter().flatten();
    let credentials = credentials.map(|(kind, named)| {
        let name = named.get("name").or(Some(named)).and_then(Value::as_str).unwrap_or(kind);
        (kind.clone(), name.to_owned())
    });
    Node {
        name: text("name"),
        short,
        version: value.get("typeVersion").and_then(Value::as_f64).unwrap_or(1.0),
        params: value
            .get("parameters")
            .filter(|params| params.is_object())
            .cloned()
            .unwrap_or_else(|| serde_json::json!({})),
        credentials: credentials.collect(),
        form,
        settings: value.clone(),
    }
}

/// Most loops of batches of a workflow that are read: each is gone through against all links.
pub const MOST_LOOPS: usize = 100;

fn links(connections: Option<&Value>, by_name: &BTreeMap<String, usize>) -> (Vec<Link>, Vec<Sub>) {
    let (mut links, mut subs) = (vec![], vec![]);
    let mut seen = BTreeSet::new();
    for (name, kinds) in connections.and_then(Value::as_object).into_iter().flatten() {
        let Some(&from) = by_name.get(name) else { continue };
        for (kind, ports) in kinds.as_object().into_iter().flatten() {
            for (port, ends) in ports.as_array().into_iter().flatten().enumerate() {
                for end in ends.as_array().into_iter().flatten() {
                    let to = end.get("node").and_then(Value::as_str).and_then(|name| by_name.get(name));
                    let Some(&to) = to else { continue };
                    let input = end.get("index").and_then(Value::as_u64).unwrap_or(0) as usize;
                    if kind == "main" {
                        let link = Link { from, port: port.min(100), to, input: input.min(100) };
                        // A link that is there twice is one line on the canvas.
                        if seen.insert(link.clone()) {
                            links.push(link);
                        }
                    } else {
                        subs.push(Sub { from, to, kind: kind.clone() });
                    }
                    if links.len() + subs.len() > 4 * crate::MOST_NODES {
                        return (links, subs);
                    }
                }
            }
        }
    }
    (links, subs)
}
