//! The parameters of a node, read one by one: what nobody has read at the end is told, so that nothing is lost unseen.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::Value;

/// The parameters of one node.
#[derive(Debug)]
pub struct Params {
    root: Value,
    taken: RefCell<BTreeSet<String>>,
}

impl Params {
    pub fn new(root: &Value) -> Params {
        Params { root: root.clone(), taken: RefCell::default() }
    }

    /// The value at a path such as `options.timeout`, which counts as read. What is null, an empty text or an expression of
    /// nothing is not there.
    pub fn get(&self, path: &str) -> Option<Value> {
        self.taken.borrow_mut().insert(path.to_owned());
        let found = path.split('.').try_fold(&self.root, |at, key| at.get(key))?;
        (!found.is_null() && !matches!(found.as_str(), Some("" | "="))).then(|| found.clone())
    }

    /// True where a text stands there and is empty: the file says that there is something, and not what.
    pub fn is_blank(&self, path: &str) -> bool {
        let found = path.split('.').try_fold(&self.root, |at, key| at.get(key));
        let value = found.map(|found| found.get("value").unwrap_or(found));
        value.and_then(Value::as_str).is_some_and(|text| matches!(text, "" | "="))
    }

    /// A text, or what is written like one.
    pub fn text(&self, path: &str) -> Option<String> {
        match self.get(path)? {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    pub fn flag(&self, path: &str) -> Option<bool> {
        self.get(path)?.as_bool()
    }

    pub fn list(&self, path: &str) -> Vec<Value> {
        match self.get(path) {
            Some(Value::Array(items)) => items,
            _ => vec![],
        }
    }

    /// What is chosen of a list or typed: the value of `{ __rl, value, mode }`, or the value itself.
    pub fn chosen(&self, path: &str) -> Option<Value> {
        let found = self.get(path)?;
        match found.get("value") {
            Some(value) => Some(value.clone()).filter(|value| !value.is_null() && value.as_str() != Some("")),
            None => (!found.is_object()).then_some(found),
        }
    }

    /// The name under which something chosen of a list was shown.
    pub fn shown(&self, path: &str) -> Option<String> {
        self.get(path)?.get("cachedResultName")?.as_str().map(str::to_owned)
    }

    /// Counts as read.
    pub fn ignore(&self, paths: &[&str]) {
        self.taken.borrow_mut().extend(paths.iter().map(|path| (*path).to_owned()));
    }

    /// The paths of what was said and nobody has read.
    pub fn left(&self) -> Vec<String> {
        let mut left = vec![];
        self.look(&self.root, String::new(), &mut left);
        left
    }

    fn look(&self, at: &Value, path: String, left: &mut Vec<String>) {
        if self.taken.borrow().contains(&path) {
            return;
        }
        match at {
            Value::Object(entries) => {
                for (key, value) in entries {
                    let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    self.look(value, below, left);
                }
            }
            Value::Array(items) if items.is_empty() => {}
            Value::Null => {}
            Value::String(text) if text.is_empty() || text == "=" => {}
            _ => left.push(path),
        }
    }
}
