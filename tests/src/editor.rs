//! An editor that talks to `keyway lsp` over its standard input and output, as real ones do.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};

use crate::keyway::{Answer, Keyway, PATIENCE, wait};

/// A conversation with a server.
pub struct Editor {
    child: Child,
    input: ChildStdin,
    inbox: Receiver<Value>,
    last: u64,
    /// What came beside answers, in its order.
    pub told: Vec<Value>,
}

impl Editor {
    /// Starts a server beside a data directory, in a folder.
    ///
    /// # Panics
    /// Where it cannot be started.
    pub fn start(keyway: &Keyway, folder: &Path) -> Editor {
        let mut command = keyway.command(&["lsp", "--stdio"]);
        command.current_dir(folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("`keyway` can be started");
        let input = child.stdin.take().expect("standard input is piped");
        let output = child.stdout.take().expect("standard output is piped");
        let (send, inbox) = channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(message) = read(&mut output) {
                if send.send(message).is_err() {
                    return;
                }
            }
        });
        Editor { child, input, inbox, last: 0, told: vec![] }
    }

    /// Says what the editor can, and hears what the server can.
    pub fn initialize(&mut self, capabilities: Value) -> Value {
        let params = json!({
            "processId": null, "rootUri": null, "capabilities": capabilities,
            "initializationOptions": { "codePages": "keyway-code:/" },
        });
        let answer = self.ask("initialize", params);
        self.tell("initialized", json!({}));
        answer
    }

    /// Sends bytes as they are.
    ///
    /// # Panics
    /// Where the server has gone.
    pub fn send(&mut self, bytes: &[u8]) {
        self.input.write_all(bytes).and_then(|()| self.input.flush()).expect("the server reads");
    }

    /// Sends a message.
    pub fn message(&mut self, message: &Value) {
        let body = message.to_string();
        self.send(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }

    /// Tells something.
    pub fn tell(&mut self, method: &str, params: Value) {
        self.message(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Asks something, and waits for `{ result }` or `{ error }`.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let id = self.last;
        self.message(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        self.answer(&json!(id))
    }

    /// Waits for the answer with an id.
    pub fn answer(&mut self, id: &Value) -> Value {
        loop {
            let mut message = self.received();
            if message["id"] == *id && message.get("method").is_none() {
                let message = message.as_object_mut().expect("a message is an object");
                message.retain(|key, _| key != "id" && key != "jsonrpc");
                return Value::Object(std::mem::take(message));
            }
            self.told.push(message);
        }
    }

    /// Waits for what is wrong with a text in a version.
    pub fn diagnostics(&mut self, uri: &str, version: &Value) -> Value {
        let is = |message: &Value| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri
                && (message["params"]["version"] == *version || version.is_null())
        };
        if let Some(at) = self.told.iter().position(is) {
            return self.told.remove(at)["params"].take();
        }
        loop {
            let mut message = self.received();
            if is(&message) {
                return message["params"].take();
            }
            self.told.push(message);
        }
    }

    /// Opens a text.
    pub fn open(&mut self, uri: &str, language: &str, text: &str) {
        let document = json!({ "uri": uri, "languageId": language, "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// Waits for a message of whatever kind.
    ///
    /// # Panics
    /// Where none comes.
    pub fn received(&mut self) -> Value {
        match self.inbox.recv_timeout(PATIENCE) {
            Ok(message) => message,
            Err(error) => {
                let _ = self.child.kill();
                let mut said = String::new();
                let _ = self.child.stderr.take().map(|mut stderr| stderr.read_to_string(&mut said));
                panic!("the server says nothing ({error}); on standard error: {said}")
            }
        }
    }

    /// Ends the conversation as editors do.
    pub fn quit(mut self) -> Answer {
        assert_eq!(self.ask("shutdown", Value::Null), json!({ "result": null }));
        self.tell("exit", Value::Null);
        self.gone()
    }

    /// Closes the input and waits for the end.
    pub fn gone(self) -> Answer {
        drop(self.input);
        wait(self.child)
    }
}

/// Reads a message; nothing at the end.
fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => {
                let said = line.strip_prefix("Content-Length: ").expect("no other header is sent");
                length = said.parse().expect("a length is a number");
            }
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).expect("a message is JSON"))
}
