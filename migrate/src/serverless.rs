//! Workflows of the Serverless Workflow specification, version 1. There each task is given what the one before gave; here a
//! step reads what it needs, so that what `.` is at each task is followed through the tasks and written where it is read.

mod jq;
mod tasks;

use std::collections::{BTreeMap, BTreeSet};

use dsl::catalog::Catalog;
use serde_json::{Map, Value};

use crate::Refused;
use crate::finish::{Draft, finish};
use crate::names;
use crate::ours::{Ex, plain};
use crate::report::{Imported, Kind, Part, Why, verdict};
use crate::tree::{Entry, Tree};
use jq::Around;
use tasks::{Cur, Tasks};

/// Reads a workflow of the specification, in YAML or JSON, and writes what it is here.
///
/// # Errors
/// Where the text is no such workflow, or longer than what is read.
pub fn import(text: &str, catalog: &Catalog) -> Result<Imported, Refused> {
    if text.len() > crate::MOST_BYTES {
        return Err(Refused::TooLong(text.len()));
    }
    let read = dsl::yaml::read_value_up_to(text, crate::MOST_BYTES);
    let root = read.map_err(|wrong| {
        Refused::Unreadable(
            wrong.first().map_or_else(|| "it is no YAML".into(), |wrong| wrong.message.clone()),
        )
    })?;
    let root = root.to_json();
    let document = root.get("document").and_then(Value::as_object);
    let (Some(document), Some(list)) = (document, root.get("do").and_then(Value::as_array)) else {
        return Err(Refused::Other(
            "the file has no `document` and `do`, as a Serverless Workflow has".into(),
        ));
    };
    let dsl = document.get("dsl").map(|version| version.to_string().replace('"', "")).unwrap_or_default();
    if !dsl.starts_with("1.") {
        return Err(Refused::Other(format!(
            "the file is of version `{}` of the language, and 1 is read",
            names::shown(&dsl)
        )));
    }
    let text_of = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut tasks = Tasks::new(&root);
    let mut top = Part::new("(the workflow)", "workflow");
    top.works = false;
    tasks.parts.push(top);
    let mut inputs = schema(&root);
    let declared = !inputs.is_empty();
    let mut cur = Cur::start();
    let mut triggers = vec![];
    if let Some(schedule) = root.get("schedule") {
        match started(schedule) {
            Ok(found) => triggers.push(Tree::Map(found)),
            Err(why) => tasks.parts[0].person(why),
        }
        if schedule.get("on").is_some() {
            tasks.event = true;
            cur.dot = Ex::path("[trigger.signal]");
            cur.given = false;
        }
    }
    if let Some(from) = root.pointer("/input/from") {
        tasks.within(0, &mut cur, |tasks, cur| {
            tasks.said(from, cur).map(|ex| (cur.dot, cur.given) = (ex, false))
        });
    }
    tasks.list(list, vec![cur], 0);
    let ends = std::mem::take(&mut tasks.ends);
    let mut output = None;
    if let Some(mut end) = tasks.join(ends) {
        if let Some(made) = root.pointer("/output/as") {
            tasks.within(0, &mut end, |tasks, cur| {
                tasks.said(made, cur).map(|ex| (cur.dot, cur.given) = (ex, false))
            });
        }
        tasks.whole |= end.given;
        output = Some(Tree::Text(end.dot.hole()));
    }
    for name in &tasks.inputs {
        if !inputs.iter().any(|entry| entry.key == *name) {
            inputs.push(Entry::map(&**name, vec![Entry::text("type", "any"), Entry::bare("optional", true)]));
        }
    }
    let mut settle = std::mem::take(&mut tasks.settle);
    if tasks.whole && !declared && !tasks.event {
        settle.insert(
            "the inputs: the file does not declare them, so that there are those alone that it reads by name"
                .into(),
        );
    }
    let mut more = vec![];
    if let Some(after) = root.pointer("/timeout/after") {
        match tasks::duration(after) {
            Ok(length) => more.push(Entry::map("limits", vec![Entry::bare("timeout", length)])),
            Err(why) => tasks.parts[0].person(why),
        }
    }
    for left in ["extensions", "catalogs"] {
        if root.pointer(&format!("/use/{left}")).is_some() {
            tasks.parts[0].lost(Why::new(Kind::Setting, format!("`use.{left}` has no equal")));
        }
    }
    if root.pointer("/output/schema").is_some() {
        tasks.parts[0].person(Why::new(Kind::Setting, "the schema of the output is not held"));
    }
    let about = [text_of("title"), text_of("summary")].into_iter().find(|text| !text.is_empty());
    let name = text_of("name");
    let steps = std::mem::take(&mut tasks.steps);
    let steps = if steps.is_empty() {
        vec![Entry::map("nothing", vec![Entry::map("set", vec![Entry::bare("done", true)])])]
    } else {
        steps
    };
    let draft = Draft {
        name: names::workflow(&name, &mut BTreeSet::new()),
        description: about.map(|about| plain(&names::shown(&about))),
        notes: vec![],
        inputs,
        triggers,
        steps,
        output,
        more,
    };
    let mut parts = std::mem::take(&mut tasks.parts);
    let workflow = finish(draft, &mut parts, catalog);
    let verdict = verdict(&parts);
    Ok(Imported { name, verdict, workflows: vec![workflow], parts, settle: settle.into_iter().collect() })
}

/// The inputs that a schema declares.
fn schema(root: &Value) -> Vec<Entry> {
    let document = root.pointer("/input/schema/document");
    let required: Vec<&str> = document
        .and_then(|schema| schema.get("required"))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let fields = document.and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    let fields = fields.into_iter().flatten().filter(|(name, _)| names::is_name(name));
    let entry = |(name, schema): (&String, &Value)| {
        let kind = match schema.get("type").and_then(Value::as_str) {
            Some(kind @ ("string" | "integer" | "number" | "boolean" | "object")) => kind,
            Some("array") => "list",
            _ => "any",
        };
        let mut long = vec![Entry::text("type", kind)];
        if let Some(about) = schema.get("description").and_then(Value::as_str) {
            long.push(Entry::text("description", plain(&names::shown(about))));
        }
        for (theirs, ours) in
            [("minimum", "min"), ("maximum", "max"), ("minLength", "min"), ("maxLength", "max")]
        {
            if let Some(number) = schema.get(theirs).filter(|number| number.is_number()) {
                long.push(Entry::bare(ours, number));
            }
        }
        if !required.contains(&&**name) {
            long.push(Entry::bare("optional", true));
        }
        Entry::map(&**name, long)
    };
    fields.map(entry).collect()
}

/// What starts the workflow by itself.
fn started(schedule: &Value) -> Result<Vec<Entry>, Why> {
    if let Some(cron) = schedule.get("cron").and_then(Value::as_str) {
        return Ok(vec![Entry::text("cron", cron)]);
    }
    if let Some(every) = schedule.get("every") {
        return Ok(vec![Entry::bare("every", tasks::duration(every)?)]);
    }
    if let Some(one) = schedule.pointer("/on/one/with") {
        return Ok(vec![Entry::text("signal", tasks::signal(one)?)]);
    }
    Err(Why::new(Kind::Trigger, "a schedule by several events, or after the end of a run"))
}

impl Tasks<'_> {
    /// A value that may be an expression, wherever expressions may stand without `${ }`.
    pub(crate) fn said(&mut self, value: &Value, cur: &Cur) -> Result<Ex, Why> {
        let made = self.spoken(value, cur)?;
        if made.is_too_long() {
            return Err(Why::new(Kind::Expression, crate::ours::TOO_LONG));
        }
        Ok(made)
    }

    fn spoken(&mut self, value: &Value, cur: &Cur) -> Result<Ex, Why> {
        match value {
            Value::String(text) => self.jq(bare(text), cur),
            Value::Object(fields) => {
                let fields: Result<Vec<(String, Ex)>, Why> =
                    fields.iter().map(|(key, value)| Ok((key.clone(), self.made(value, cur)?))).collect();
                Ok(crate::ours::object(&fields?))
            }
            other => self.made(other, cur),
        }
    }

    /// A value whose texts are expressions only between `${` and `}`.
    pub(crate) fn made(&mut self, value: &Value, cur: &Cur) -> Result<Ex, Why> {
        Ok(match value {
            Value::String(text) if is_made(text) => self.jq(bare(text), cur)?,
            Value::String(text) => Ex::literal(text),
            Value::Null => Ex::null(),
            Value::Bool(flag) => Ex::bool(*flag),
            Value::Number(number) => Ex::number(number.to_string()),
            Value::Array(items) => {
                let items: Result<Vec<String>, Why> =
                    items.iter().map(|item| Ok(self.made(item, cur)?.text)).collect();
                Ex::new(format!("[{}]", items?.join(", ")), crate::ours::Bind::Path, crate::ours::Sort::List)
            }
            Value::Object(_) => self.said(value, cur)?,
        })
    }

    /// A value as YAML.
    pub(crate) fn tree(&mut self, value: &Value, cur: &Cur) -> Result<Tree, Why> {
        Ok(match value {
            Value::String(text) if is_made(text) => Tree::Text(self.jq(bare(text), cur)?.hole()),
            Value::Array(items) => {
                Tree::List(items.iter().map(|item| self.tree(item, cur)).collect::<Result<_, _>>()?)
            }
            Value::Object(fields) => Tree::Map(self.entries(fields, cur)?),
            other => Tree::of(other),
        })
    }

    pub(crate) fn entries(&mut self, fields: &Map<String, Value>, cur: &Cur) -> Result<Vec<Entry>, Why> {
        fields.iter().map(|(key, value)| Ok(Entry::new(key.clone(), self.tree(value, cur)?))).collect()
    }

    pub(crate) fn around(&self, cur: &Cur) -> Around {
        let mut vars: BTreeMap<String, Ex> = self.vars.clone();
        vars.insert("input".into(), cur.input.clone());
        if let Some(output) = &cur.output {
            vars.insert("output".into(), output.clone());
        }
        vars.insert("context".into(), cur.context.clone());
        Around { dot: cur.dot.clone(), given: cur.given, vars, inputs: vec![], whole: false }
    }

    pub(crate) fn keep(&mut self, around: Around) {
        self.whole |= around.whole;
        self.inputs.extend(around.inputs);
    }

    fn jq(&mut self, text: &str, cur: &Cur) -> Result<Ex, Why> {
        if let Some(name) = text.trim().strip_prefix("$secrets.") {
            let name = names::secret(name);
            self.settle.insert(format!("the secret `{name}`: `keyway secrets add {name}`"));
            return Ok(Ex::path(format!("secret(\"{name}\")")));
        }
        let text = text.replace("$workflow.input[0]", "$event");
        let mut around = self.around(cur);
        if self.event {
            around.vars.insert("event".into(), Ex::path("trigger.signal"));
        }
        let made = jq::said(&text, &mut around);
        self.keep(around);
        made
    }
}

/// True for a text that is an expression.
pub(crate) fn is_made(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("${") && text.ends_with('}')
}

/// An expression without its braces.
pub(crate) fn bare(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).map_or(text, str::trim)
}
