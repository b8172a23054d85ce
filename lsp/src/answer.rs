//! The questions of the protocol, each answered in a file of its own.

pub mod actions;
mod complete;
pub mod diagnostics;
mod folds;
mod format;
mod hints;
mod hover;
mod names;
mod symbols;
pub mod tokens;

use std::cell::OnceCell;

use serde_json::{Value, json};

use dsl::diagnostic::Edit;
use dsl::ide::{Connection, Document};
use dsl::span::Span;

use crate::client::Client;
use crate::file::{File, Kind};
use crate::lines::Position;
use crate::message::Refusal;
use crate::world::World;

/// A question, and who answers it.
pub struct Question {
    /// As the protocol calls it.
    pub method: &'static str,
    /// Of which files it is answered; of others the answer is null.
    pub of: &'static [Kind],
    /// The answer.
    pub answer: fn(&mut Asked<'_>) -> Result<Value, Refusal>,
}

const WORKFLOWS: &[Kind] = &[Kind::Workflow];
const ALL: &[Kind] = &[Kind::Workflow, Kind::Test, Kind::Manifest];

/// All questions, sorted by their names.
pub const QUESTIONS: &[Question] = &[
    Question { method: "codeAction/resolve", of: WORKFLOWS, answer: actions::resolve },
    Question { method: "textDocument/codeAction", of: ALL, answer: actions::actions },
    Question { method: "textDocument/completion", of: WORKFLOWS, answer: complete::complete },
    Question { method: "textDocument/definition", of: WORKFLOWS, answer: names::definition },
    Question { method: "textDocument/documentHighlight", of: WORKFLOWS, answer: names::highlight },
    Question { method: "textDocument/documentSymbol", of: WORKFLOWS, answer: symbols::symbols },
    Question { method: "textDocument/foldingRange", of: ALL, answer: folds::folds },
    Question { method: "textDocument/formatting", of: WORKFLOWS, answer: format::format },
    Question { method: "textDocument/hover", of: WORKFLOWS, answer: hover::hover },
    Question { method: "textDocument/inlayHint", of: WORKFLOWS, answer: hints::hints },
    Question { method: "textDocument/prepareRename", of: WORKFLOWS, answer: names::prepare },
    Question { method: "textDocument/references", of: WORKFLOWS, answer: names::references },
    Question { method: "textDocument/rename", of: WORKFLOWS, answer: names::rename },
    Question { method: "textDocument/semanticTokens/full", of: WORKFLOWS, answer: tokens::full },
    Question { method: "textDocument/semanticTokens/range", of: WORKFLOWS, answer: tokens::range },
];

/// What is asked, about what, by whom.
pub struct Asked<'s> {
    /// The text.
    pub file: &'s mut File,
    /// The editor.
    pub client: &'s Client,
    /// What stands around the text.
    pub world: &'s dyn World,
    /// The connections that there are, once they were asked for.
    pub connections: &'s OnceCell<Vec<Connection>>,
    /// The rest of the question.
    pub params: &'s Value,
}

impl Asked<'_> {
    /// The text as a workflow.
    fn document(&mut self) -> &Document<'static> {
        self.file.document(self.world)
    }

    /// The byte that is asked about.
    fn at(&self) -> Result<usize, Refusal> {
        let position = Position::read(&self.params["position"]);
        let position =
            position.ok_or_else(|| Refusal::params("`position` has a `line` and a `character`"))?;
        Ok(self.file.lines.offset(&self.file.text, position))
    }

    /// The bytes that are asked about.
    fn span(&self) -> Result<Span, Refusal> {
        let range = &self.params["range"];
        let place = |key: &str| Some(self.file.lines.offset(&self.file.text, Position::read(&range[key])?));
        match (place("start"), place("end")) {
            (Some(start), Some(end)) if start <= end => Ok(Span::new(start, end)),
            _ => Err(Refusal::params("`range` has a `start`, and an `end` behind it")),
        }
    }

    /// A place in the text as the protocol writes it.
    fn range(&self, span: Span) -> Value {
        self.file.lines.range(&self.file.text, span)
    }

    fn position(&self, at: usize) -> Value {
        self.file.lines.position(&self.file.text, at).json()
    }

    /// A place with the address of the text.
    fn location(&self, span: Span) -> Value {
        json!({ "uri": self.file.uri, "range": self.range(span) })
    }

    /// Changes of the text.
    fn change<'e>(&self, edits: impl IntoIterator<Item = &'e Edit>) -> Value {
        let edits =
            edits.into_iter().map(|edit| json!({ "range": self.range(edit.span), "newText": edit.text }));
        json!({ "changes": { &self.file.uri: edits.collect::<Vec<_>>() } })
    }

    /// Markdown, for an editor that shows it or one that does not.
    fn markup(&self, text: &str) -> Value {
        json!({ "kind": if self.client.markdown { "markdown" } else { "plaintext" }, "value": text })
    }
}
