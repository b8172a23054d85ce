//! What code remembers from run to run, which n8n keeps beside the workflow and a file keeps here; and fields of objects
//! whose names are made.

use super::run::Run;
use crate::js::Js;
use crate::n8n::say::{Val, no};
use crate::n8n::weave::{ROOT, Res};
use crate::names;
use crate::ours::{self, Bind, Ex, Sort};
use crate::tree::Entry;

/// A value that is remembered.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What the code calls it.
    pub name: String,
    /// What it was when the node began.
    was: Ex,
    /// The file.
    path: String,
}

impl Run<'_, '_, '_> {
    /// What a name is that stands for what is remembered.
    pub fn remembered(&mut self, name: &str, js: &Js) -> Res<Option<Val>> {
        let Some(own) = remembers(js) else { return Ok(None) };
        let (node, place) = match self.node() {
            Some(node) if self.within == 0 && self.say.place.scope == ROOT => (node, self.say.place),
            _ => return no("what is remembered from run to run, within a loop or a function"),
        };
        let file = names::workflow(&self.say.weave.file.name, &mut Default::default());
        let wish = self.say.weave.file.nodes[node].name.clone();
        let path = if own {
            format!("{file}/{}.json", names::workflow(&wish, &mut Default::default()))
        } else {
            format!("{file}.json")
        };
        let with = vec![Entry::text("path", &*path), Entry::text("as", "json")];
        // Before the first run there is no such file.
        let body = vec![
            Entry::text("use", "file.read"),
            Entry::map("with", with),
            Entry::text("on_error", "continue"),
        ];
        let step = self.say.weave.add(node, place, &format!("{wish} remembers"), body);
        self.say.weave.settle.insert(format!(
            "what `{}` remembers from run to run stands in the file `{path}`: what n8n remembered so far is not in the export",
            names::shown(&wish)
        ));
        let was = Ex::new(format!("(steps.{step} ?? {{}})"), Bind::Path, Sort::Object);
        self.kept.push(Kept { name: name.to_owned(), was: was.clone(), path });
        Ok(Some(Val::Ex(was)))
    }

    /// What is to be remembered in the end: files, and their values.
    pub fn keeps(&mut self) -> Res<Vec<(String, Ex)>> {
        let mut out = vec![];
        for kept in &self.kept {
            match self.say.var(&kept.name) {
                Some(Val::Ex(now)) if *now == kept.was => {}
                Some(Val::Ex(now)) => out.push((kept.path.clone(), now.clone())),
                _ => return no("what is remembered, as it stands"),
            }
        }
        Ok(out)
    }

    /// Gives an object of one's own a field whose name is made. Says whether the target is one.
    pub fn makes_field(&mut self, target: &Js, value: &Ex) -> Res<bool> {
        let (of, key) = match target {
            Js::Index(of, key) => (of, Some(&**key)),
            Js::Member(of, _) => (of, None),
            _ => return Ok(false),
        };
        let Js::Name(name) = &**of else { return Ok(false) };
        let grows = self.entries.contains(name);
        let key = match (key, target) {
            (Some(key), _) => {
                let key = self.ex(key)?;
                if matches!(key.sort, Sort::Number) {
                    return Ok(false);
                }
                key.as_text()
            }
            (None, Js::Member(_, key)) if grows => Ex::literal(key),
            _ => return Ok(false),
        };
        let Some(Val::Ex(var)) = self.say.var(name).cloned() else { return Ok(false) };
        self.may_change(name, &[String::new()])?;
        let entry = ours::object(&[("key".to_owned(), key), ("value".to_owned(), value.clone())]);
        let one = Ex::new(format!("[{}]", entry.text), Bind::Path, Sort::List);
        let new = if grows {
            if var.text == "[]" { one } else { var.binary("+", &one, Bind::Sum, Sort::List) }
        } else if var.sort == Sort::Object {
            object_of(&var, &one)
        } else {
            return Ok(false);
        };
        self.rebind(name, Val::Ex(new))?;
        Ok(true)
    }
}

/// An object with these entries as well.
pub fn object_of(object: &Ex, entries: &Ex) -> Ex {
    let made = Ex::call("from_entries", &[entries], Sort::Object);
    if object.text == "{}" { made } else { Ex::call("merge", &[object, &made], Sort::Object) }
}

/// Whether an expression is what is remembered: of the node alone, or of the workflow.
fn remembers(js: &Js) -> Option<bool> {
    let Js::Call(callee, args) = js else { return None };
    let Js::Name(name) = &**callee else { return None };
    if !matches!(name.as_str(), "$getWorkflowStaticData" | "getWorkflowStaticData") {
        return None;
    }
    match &args[..] {
        [Js::Text(kind)] if kind == "node" => Some(true),
        [Js::Text(kind)] if kind == "global" => Some(false),
        _ => None,
    }
}
