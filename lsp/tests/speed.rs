//! How long an editor waits after a keystroke in a file of 1,000 steps. `KEYWAY_LSP_SPEED=1 cargo test --release -p lsp --test speed --
//! --nocapture` holds what the product promises, 50 ms; without, the bound is one that only a fault reaches.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Read, Write, pipe};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dsl::catalog::Catalog;
use dsl::diagnostic::Diagnostic;
use dsl::ide::Connection;
use lsp::{Ended, World};
use serde_json::{Value, json};

struct Nothing(Arc<Catalog>);

impl World for Nothing {
    fn catalog(&self, _: &Path, _: &str) -> Arc<Catalog> {
        self.0.clone()
    }

    fn test(&self, _: &Path, _: &str) -> Vec<Diagnostic> {
        vec![]
    }

    fn manifest(&self, _: &Path, _: &str) -> Vec<Diagnostic> {
        vec![]
    }

    fn connections(&self) -> Vec<Connection> {
        vec![]
    }
}

struct Editor {
    to: PipeWriter,
    from: BufReader<PipeReader>,
}

impl Editor {
    fn say(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.to, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    }

    fn hear(&mut self) -> Value {
        let (mut header, mut blank) = (String::new(), String::new());
        self.from.read_line(&mut header).unwrap();
        self.from.read_line(&mut blank).unwrap();
        let length = header.trim().strip_prefix("Content-Length: ").unwrap().parse().unwrap();
        let mut body = vec![0; length];
        self.from.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.say(&json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }));
        loop {
            let heard = self.hear();
            if heard["id"] == 1 {
                return heard;
            }
        }
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.say(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }
}

/// A workflow of 1,000 steps, each of some lines, that read each other.
fn large() -> String {
    let mut text = String::from(
        "name: large\ninputs: { n: integer, names: [string] }\nsteps:\n  s0: { set: { n: \"{{ inputs.n }}\" } }\n",
    );
    for step in 1..1_000 {
        let before = step - 1;
        let _ = writeln!(
            text,
            "  s{step}:\n    if: steps.s{before}.n > {step} and len(inputs.names) > 2\n    set:\n      n: \"{{{{ steps.s{before}.n + 1 }}}}\"\n      \
             text: \"{{{{ inputs.names | filter(name => name != 'x') | join(', ') }}}} of {{{{ steps.s{before}.n }}}}\""
        );
    }
    text + "output: { n: \"{{ steps.s999.n }}\" }\n"
}

#[test]
fn a_keystroke_in_a_file_of_1_000_steps_is_answered_at_once() {
    let (input, to) = pipe().unwrap();
    let (from, mut output) = pipe().unwrap();
    let server = std::thread::spawn(move || {
        lsp::serve(BufReader::new(input), &mut output, &Nothing(Arc::new(Catalog::new([])))).unwrap()
    });
    let mut editor = Editor { to, from: BufReader::new(from) };
    editor.ask("initialize", json!({ "capabilities": {} }));
    let mut text = large();
    let uri = "file:///large.yaml";
    editor.tell(
        "textDocument/didOpen",
        json!({ "textDocument": { "uri": uri, "languageId": "yaml", "version": 0, "text": text } }),
    );
    assert_eq!(editor.hear()["params"]["diagnostics"], json!([]));
    let (mut completions, mut told, mut hovers, mut changes) = (vec![], vec![], vec![], vec![]);
    let mark = "  s900:\n    if: ";
    let start = text.find(mark).unwrap() + mark.len();
    let line = text[..start].matches('\n').count();
    let typed = "steps.s500.n > 1 and steps.s89.n + inputs.n and ";
    for (nth, letter) in typed.chars().enumerate() {
        let column = |nth: usize| json!({ "line": line, "character": 8 + nth });
        text.insert(start + nth, letter);
        let change =
            json!({ "range": { "start": column(nth), "end": column(nth) }, "text": letter.to_string() });
        let document = json!({ "uri": uri, "version": nth + 1 });
        let asked = json!({ "textDocument": { "uri": uri }, "position": column(nth + 1) });
        // A change with the question that comes with it, and what is told then.
        let began = Instant::now();
        editor
            .tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": [change] }));
        assert!(editor.ask("textDocument/completion", asked.clone())["result"]["items"].is_array());
        completions.push(began.elapsed());
        assert_eq!(editor.hear()["params"]["version"], nth + 1);
        told.push(began.elapsed());
        let began = Instant::now();
        editor.ask("textDocument/hover", asked.clone());
        hovers.push(began.elapsed());
        // A change alone: the same text once more.
        let began = Instant::now();
        let nothing = json!({ "range": { "start": column(0), "end": column(0) }, "text": "" });
        editor
            .tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": [nothing] }));
        assert_eq!(editor.hear()["method"], "textDocument/publishDiagnostics");
        changes.push(began.elapsed());
    }
    editor.ask("shutdown", Value::Null);
    editor.tell("exit", Value::Null);
    assert_eq!(server.join().unwrap(), Ended::Orderly);
    let most = if std::env::var_os("KEYWAY_LSP_SPEED").is_some() { 50 } else { 5_000 };
    println!("{} KB", text.len() / 1024);
    for (what, mut times) in [
        ("completion after a keystroke", completions),
        ("diagnostics after a keystroke", changes),
        ("diagnostics after completion", told),
        ("hover", hovers),
    ] {
        times.sort();
        let (median, last) = (times[times.len() / 2], times[times.len() - 1]);
        println!("{what}: median {median:?}, most {last:?}");
        if what != "diagnostics after completion" {
            assert!(median < Duration::from_millis(most), "{what}: {median:?}");
        }
    }
}
