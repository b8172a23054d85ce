//! The conversation: what was agreed on, which texts are open, and who answers what.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Value, json};

use dsl::codes::Code;
use dsl::ide::Connection;

use crate::Ended;
use crate::answer::{self, Asked, diagnostics, tokens};
use crate::client::Client;
use crate::file::{File, Kind};
use crate::message::{self, Refusal};
use crate::world::World;

/// Where the conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    New,
    Ready,
    ShutDown,
}

/// What has been said so far.
pub struct Server<'w> {
    world: &'w dyn World,
    state: State,
    client: Client,
    files: BTreeMap<String, File>,
    connections: OnceCell<Vec<Connection>>,
}

impl<'w> Server<'w> {
    /// Before the first word.
    pub fn new(world: &'w dyn World) -> Server<'w> {
        let (files, connections) = (BTreeMap::new(), OnceCell::new());
        Server { world, state: State::New, client: Client::default(), files, connections }
    }

    /// How it ends if it ends now.
    pub fn ended(&self) -> Ended {
        match self.state {
            State::ShutDown => Ended::Orderly,
            State::New | State::Ready => Ended::Abruptly,
        }
    }

    /// Answers a request, in one message.
    pub fn answer(&mut self, id: &Value, method: &str, params: &Value) -> Vec<Value> {
        let result = match (self.state, method) {
            (State::New, "initialize") => Ok(self.initialize(params)),
            (State::New, _) => Err(Refusal::too_soon()),
            (State::ShutDown, _) => Err(Refusal::invalid("nothing is answered after `shutdown`")),
            (State::Ready, "initialize") => Err(Refusal::invalid("`initialize` was said before")),
            (State::Ready, "shutdown") => {
                self.state = State::ShutDown;
                Ok(Value::Null)
            }
            (State::Ready, "keyway/explain") => explain(params),
            // A fault of ours costs an answer, and not the editor's whole session.
            (State::Ready, _) => catch_unwind(AssertUnwindSafe(|| self.ask(method, params)))
                .unwrap_or_else(|_| Err(Refusal::internal(method))),
        };
        vec![match result {
            Ok(result) => message::answer(id, result),
            Err(refusal) => refusal.answer(id),
        }]
    }

    fn ask(&mut self, method: &str, params: &Value) -> Result<Value, Refusal> {
        let question = answer::QUESTIONS.iter().find(|question| question.method == method);
        let question = question.ok_or_else(|| Refusal::unknown(method))?;
        // An action carries along what it is about.
        let document = if method == "codeAction/resolve" { &params["data"] } else { &params["textDocument"] };
        let uri = document["uri"]
            .as_str()
            .ok_or_else(|| Refusal::params("`textDocument.uri` says which text is meant"))?;
        let file = self.files.get_mut(uri);
        let file = file.ok_or_else(|| Refusal::params(format!("`{uri}` was not opened")))?;
        if !question.of.contains(&file.kind) {
            return Ok(Value::Null);
        }
        let Server { world, client, connections, .. } = self;
        (question.answer)(&mut Asked { file, client, world: *world, connections, params })
    }

    fn initialize(&mut self, params: &Value) -> Value {
        self.client = Client::read(params);
        self.state = State::Ready;
        let rename = match self.client.prepares_rename {
            true => json!({ "prepareProvider": true }),
            false => json!(true),
        };
        json!({
            "capabilities": {
                "positionEncoding": self.client.encoding.name(),
                "textDocumentSync": { "openClose": true, "change": 2, "save": true },
                "completionProvider": { "triggerCharacters": [".", ":", " ", "{", "|", "#"] },
                "hoverProvider": true,
                "definitionProvider": true,
                "referencesProvider": true,
                "documentHighlightProvider": true,
                "documentSymbolProvider": true,
                "documentFormattingProvider": true,
                "codeActionProvider": {
                    "codeActionKinds": ["quickfix", answer::actions::ALL],
                    "resolveProvider": self.client.resolves_actions,
                },
                "renameProvider": rename,
                "foldingRangeProvider": true,
                "inlayHintProvider": true,
                "semanticTokensProvider": {
                    "legend": { "tokenTypes": tokens::TYPES, "tokenModifiers": [] },
                    "full": true,
                    "range": true,
                },
            },
            "serverInfo": { "name": "keyway", "version": env!("CARGO_PKG_VERSION") },
        })
    }

    /// Takes in what is told; gives what is said to it at once.
    pub fn hear(&mut self, method: &str, params: &Value) -> Vec<Value> {
        if self.state != State::Ready {
            return vec![];
        }
        let uri = params["textDocument"]["uri"].as_str().unwrap_or_default().to_owned();
        match method {
            "initialized" if self.client.watches => vec![watch()],
            "textDocument/didOpen" => self.opened(&uri, &params["textDocument"]),
            "textDocument/didChange" => self.changed(&uri, params),
            "textDocument/didClose" => match self.files.remove(&uri) {
                // What is closed has no problems to look at.
                Some(file) if file.kind != Kind::Other => vec![diagnostics::told(&file, &self.client, &[])],
                Some(_) | None => vec![],
            },
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {
                self.files.values_mut().for_each(File::forget);
                self.connections = OnceCell::new();
                vec![]
            }
            // What we do not know is not about us.
            _ => vec![],
        }
    }

    fn opened(&mut self, uri: &str, document: &Value) -> Vec<Value> {
        let (Some(text), false) = (document["text"].as_str(), uri.is_empty()) else {
            return vec![logged("a text was opened without its `uri` or `text`")];
        };
        let language = document["languageId"].as_str().unwrap_or_default();
        let version = document["version"].clone();
        let file = File::new(uri, language, version, text.into(), self.client.encoding);
        self.files.insert(uri.into(), file);
        vec![]
    }

    fn changed(&mut self, uri: &str, params: &Value) -> Vec<Value> {
        let Some(file) = self.files.get_mut(uri) else {
            return vec![logged(&format!("`{uri}` was changed, and was not opened"))];
        };
        let changes = params["contentChanges"].as_array().map_or(&[][..], Vec::as_slice);
        file.version = params["textDocument"]["version"].clone();
        if file.change(changes).is_some() {
            return vec![];
        }
        // What the text says now is not known: nothing can be told of it until it is opened again.
        self.files.remove(uri);
        vec![logged(&format!("a change of `{uri}` makes no sense; open it again"))]
    }

    /// True if something is to be told.
    pub fn has_news(&self) -> bool {
        self.files.values().any(|file| file.untold)
    }

    /// What is wrong with a text that was opened or changed; nothing where it is not ours.
    pub fn news(&mut self) -> Option<Value> {
        let file = self.files.values_mut().find(|file| file.untold)?;
        file.untold = false;
        if file.kind == Kind::Other {
            return None;
        }
        let found = catch_unwind(AssertUnwindSafe(|| file.diagnostics(self.world)));
        Some(match found {
            Ok(found) => diagnostics::told(file, &self.client, &found),
            Err(_) => logged(&format!("`{}` could not be checked: a fault of `keyway lsp`", file.uri)),
        })
    }
}

/// The story of a code, as Markdown.
fn explain(params: &Value) -> Result<Value, Refusal> {
    let name = params["code"].as_str().unwrap_or_default();
    let code = Code::find(name).ok_or_else(|| Refusal::params(format!("there is no code `{name}`")))?;
    Ok(json!({ "code": code.id(), "title": code.title(), "story": code.story() }))
}

/// Asks to be told of files that change beside those that are open: workflows call one another.
fn watch() -> Value {
    json!({
        "jsonrpc": "2.0",
        "id": "watch",
        "method": "client/registerCapability",
        "params": { "registrations": [{
            "id": "watch",
            "method": "workspace/didChangeWatchedFiles",
            "registerOptions": { "watchers": [{ "globPattern": "**/*.{yaml,yml}" }] },
        }] },
    })
}

fn logged(text: &str) -> Value {
    message::notification("window/logMessage", json!({ "type": 2, "message": text }))
}
