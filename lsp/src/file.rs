//! A text that is open: what kind of file it is, what it says now, and what is known of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use dsl::catalog::Catalog;
use dsl::diagnostic::Diagnostic;
use dsl::ide::Document;
use dsl::test::ENDING;

use crate::lines::{Encoding, Lines, Position};
use crate::world::World;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A workflow.
    Workflow,
    /// Tests of a workflow.
    Test,
    /// The manifest of a connector.
    Manifest,
    /// Nothing of ours: it is left alone.
    Other,
}

/// Keys that stand at the top of other systems' files, beside `name` and `steps`.
const FOREIGN: [&str; 12] = [
    "apiVersion",
    "image",
    "jobs",
    "kind",
    "labels",
    "on",
    "pool",
    "runs",
    "stages",
    "trigger",
    "variables",
    "when",
];

impl Kind {
    /// What a text is. Whoever calls a file `keyway` means a workflow, or a test by its name; of others the keys at the
    /// top must say it, whatever stands below them.
    pub fn of(path: &Path, language: &str, text: &str) -> Kind {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let ours = language == "keyway";
        let yaml = ours || language == "yaml" || name.ends_with(".yaml") || name.ends_with(".yml");
        let has = |key: &str| top(text).any(|line| is_key(line, key));
        if name.ends_with(ENDING) {
            return if ours || has("cases") { Kind::Test } else { Kind::Other };
        }
        if ours && !has("connector") {
            return Kind::Workflow;
        }
        if yaml && has("connector") && (has("actions") || has("triggers") || has("hosts")) {
            return Kind::Manifest;
        }
        let workflow = yaml && has("name") && has("steps") && !lists_steps(text);
        match workflow && !FOREIGN.iter().any(|key| has(key)) {
            true => Kind::Workflow,
            false => Kind::Other,
        }
    }
}

/// The lines that begin in the first column.
fn top(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with([' ', '\t', '#', '-']))
}

fn is_key(line: &str, key: &str) -> bool {
    let line = line.trim_start_matches('\u{feff}');
    line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':'))
}

/// True where `steps` is a list, as other systems have it.
fn lists_steps(text: &str) -> bool {
    let mut lines = text.lines().skip_while(|line| !is_key(line, "steps")).skip(1);
    let first = lines.find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    first.is_some_and(|line| line.trim_start().starts_with('-'))
}

/// A text that is open.
pub struct File {
    /// Its address, as the editor writes it.
    pub uri: String,
    /// Its path; of what is no file yet, a name.
    pub path: PathBuf,
    /// The editor's number for what it says now.
    pub version: Value,
    /// What it says now.
    pub text: String,
    /// Its lines.
    pub lines: Lines,
    /// What it is.
    pub kind: Kind,
    /// True if what is wrong with it was not told since it changed.
    pub untold: bool,
    language: String,
    document: Option<Document<'static>>,
    catalog: Option<Arc<Catalog>>,
}

impl File {
    /// Opens a text.
    pub fn new(uri: &str, language: &str, version: Value, text: String, encoding: Encoding) -> File {
        let path = path(uri);
        File {
            uri: uri.into(),
            version,
            lines: Lines::new(&text, encoding),
            kind: Kind::of(&path, language, &text),
            path,
            text,
            untold: true,
            language: language.into(),
            document: None,
            catalog: None,
        }
    }

    /// Changes the text as the editor says; nothing where it says nothing that makes sense.
    pub fn change(&mut self, changes: &[Value]) -> Option<()> {
        for change in changes {
            let new = change["text"].as_str()?;
            match change.get("range").filter(|range| !range.is_null()) {
                None => self.text = new.to_owned(),
                Some(range) => {
                    let place = |value: &Value| Some(self.lines.offset(&self.text, Position::read(value)?));
                    let (start, end) = (place(&range["start"])?, place(&range["end"])?);
                    if end < start {
                        return None;
                    }
                    self.text.replace_range(start..end, new);
                }
            }
            self.lines = Lines::new(&self.text, self.lines.encoding());
        }
        // What was a workflow once stays one, whatever becomes of its first keys while somebody writes.
        if self.kind == Kind::Other {
            self.kind = Kind::of(&self.path, &self.language, &self.text);
        }
        self.untold = true;
        self.document = None;
        self.catalog = None;
        Some(())
    }

    /// Forgets what was known, since something beside it may have changed.
    pub fn forget(&mut self) {
        self.untold = true;
        self.document = None;
        self.catalog = None;
    }

    /// What it can call.
    pub fn catalog(&mut self, world: &dyn World) -> Arc<Catalog> {
        let catalog = self.catalog.take().unwrap_or_else(|| world.catalog(&self.path, &self.text));
        self.catalog = Some(Arc::clone(&catalog));
        catalog
    }

    /// It as a workflow, read and checked.
    pub fn document(&mut self, world: &dyn World) -> &Document<'static> {
        let catalog = self.catalog(world);
        self.document.get_or_insert_with(|| Document::new(self.text.as_str(), catalog))
    }

    /// What is wrong with it.
    pub fn diagnostics(&mut self, world: &dyn World) -> Vec<Diagnostic> {
        match self.kind {
            Kind::Workflow => self.document(world).diagnostics.clone(),
            Kind::Test => world.test(&self.path, &self.text),
            Kind::Manifest => world.manifest(&self.path, &self.text),
            Kind::Other => vec![],
        }
    }
}

/// The path of an address: of `file:` what follows, with its escapes undone; of others the whole, which names nothing.
fn path(uri: &str) -> PathBuf {
    let Some(rest) = uri.strip_prefix("file://") else { return PathBuf::from(uri) };
    // A host may stand there; a file of this machine has none, or `localhost`.
    let rest = rest.find('/').map_or(rest, |slash| &rest[slash..]);
    let mut bytes = vec![];
    let mut left = rest.as_bytes();
    while let Some((first, after)) = left.split_first() {
        let escaped = (*first == b'%').then(|| after.get(..2)).flatten();
        let decoded = escaped.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        left = if decoded.is_some() { &after[2..] } else { after };
        bytes.push(decoded.unwrap_or(*first));
    }
    let path = String::from_utf8_lossy(&bytes).into_owned();
    // `/C:/x` is `C:/x`.
    match path.as_bytes() {
        [b'/', drive, b':', ..] if drive.is_ascii_alphabetic() => PathBuf::from(&path[1..]),
        _ => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str, text: &str) -> Kind {
        Kind::of(Path::new(name), "yaml", text)
    }

    #[test]
    fn a_file_that_is_not_ours_is_left_alone() {
        assert_eq!(kind("a.yaml", "# x\nname: a\nsteps:\n  b: { set: { c: 1 } }\n"), Kind::Workflow);
        assert_eq!(kind("a.yaml", "name: a\nsteps:\n  b: [{{ \n"), Kind::Workflow);
        assert_eq!(kind("a.test.yaml", "cases:\n  one: {}\n"), Kind::Test);
        assert_eq!(kind("a.yaml", "connector: a\nactions: {}\n"), Kind::Manifest);
        for (name, text) in [
            ("a.yaml", ""),
            ("a.yaml", "name: a\n"),
            ("ci.yml", "name: ci\non: push\njobs:\n  a:\n    steps: []\n"),
            ("azure.yml", "name: a\nsteps:\n- script: x\n"),
            ("azure.yml", "name: a\npool: x\nsteps:\n  a: b\n"),
            ("drone.yml", "kind: pipeline\nname: a\nsteps:\n  - name: x\n"),
            ("compose.yaml", "name: a\nservices:\n  steps: {}\n"),
            ("a.test.yaml", "name: x\nsteps: {}\n"),
            ("a.txt", "name: a\nsteps: {}\n"),
        ] {
            let language = if name.ends_with(".txt") { "plaintext" } else { "yaml" };
            assert_eq!(Kind::of(Path::new(name), language, text), Kind::Other, "{name} {text}");
        }
        assert_eq!(Kind::of(Path::new("untitled:1"), "keyway", ""), Kind::Workflow);
        assert_eq!(Kind::of(Path::new("a.test.yaml"), "keyway", ""), Kind::Test);
    }

    #[test]
    fn addresses_become_paths() {
        for (uri, wanted) in [
            ("file:///a/b%20c/%C3%A9.yaml", "/a/b c/é.yaml"),
            ("file://localhost/a", "/a"),
            ("file:///C:/a%", "C:/a%"),
            ("file:///a%zz", "/a%zz"),
            ("untitled:Untitled-1", "untitled:Untitled-1"),
        ] {
            assert_eq!(path(uri), PathBuf::from(wanted));
        }
    }
}
