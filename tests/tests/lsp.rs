//! `keyway lsp` as editors use it: the binary over its standard input and output.
//!
//! `lsp/session.txt` is a conversation with its exact answers. `KEYWAY_ACCEPT=1 cargo test -p tests --test lsp` writes the answers;
//! read them before they are committed. With `KEYWAY_LSP_SPEED=1`, and `KEYWAY_BIN` naming a release build, the times that the
//! product promises are held; without, generous ones.

#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dsl::span::Span;
use serde_json::{Value, json};
use tests::editor::Editor;
use tests::keyway::{Keyway, profile};
use tests::machine;
use tests::report::Report;

#[path = "lsp/edits.rs"]
mod edits;

fn folder() -> (tempfile::TempDir, Keyway) {
    let folder = tempfile::tempdir().unwrap();
    let keyway = Keyway::at(folder.path().join("data"));
    (folder, keyway)
}

/// What a modern editor can.
fn able() -> Value {
    json!({
        "textDocument": {
            "completion": { "completionItem": { "snippetSupport": true } },
            "hover": { "contentFormat": ["markdown"] },
            "publishDiagnostics": { "relatedInformation": true },
            "documentSymbol": { "hierarchicalDocumentSymbolSupport": true },
            "codeAction": { "dataSupport": true, "resolveSupport": { "properties": ["edit"] } },
            "rename": { "prepareSupport": true },
            "foldingRange": { "lineFoldingOnly": true },
        },
    })
}

/// The place of a byte, in units of UTF-16, counted anew here.
fn position(text: &str, offset: usize) -> Value {
    let before = &text[..offset];
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    json!({ "line": before.matches('\n').count(), "character": before[start..].encode_utf16().count() })
}

fn range(text: &str, span: Span) -> Value {
    json!({ "start": position(text, span.range().start), "end": position(text, span.range().end) })
}

// The session.

/// A line of the script, with what must come of it.
struct Line {
    said: String,
    wanted: Vec<String>,
}

/// Reads the script: `>` asks, `!` tells, `!!` tells and waits for diagnostics, `<` is what must come; the rest is for people.
fn script(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = vec![];
    for line in text.lines() {
        match line.strip_prefix("< ") {
            Some(wanted) => lines.last_mut().unwrap().wanted.push(wanted.into()),
            None => lines.push(Line { said: line.into(), wanted: vec![] }),
        }
    }
    lines
}

/// Fills in what the script abbreviates: `=NAME` is a file beside it, `@…▮…` the place of a mark in the text.
fn filled(value: Value, text: &str) -> Value {
    match value {
        Value::String(word) => match (word.strip_prefix('='), word.strip_prefix('@')) {
            (Some(name), _) => {
                let path = tests::root().join("tests/tests/lsp").join(name);
                std::fs::read_to_string(path).unwrap().into()
            }
            (None, Some(mark)) => {
                let (before, after) = mark.split_once('▮').unwrap();
                let at = text.find(&format!("{before}{after}")).unwrap_or_else(|| panic!("{mark} in {text}"));
                position(text, at + before.len())
            }
            (None, None) => Value::String(word),
        },
        Value::Array(items) => items.into_iter().map(|item| filled(item, text)).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| (key, filled(value, text)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    }
}

/// What an editor makes of its own text by a change.
fn changed(text: &str, change: &Value) -> String {
    let new = change["text"].as_str().unwrap();
    let Some(range) = change.get("range") else { return new.into() };
    let offset = |at: &Value| {
        let (line, column) = (at["line"].as_u64().unwrap(), at["character"].as_u64().unwrap());
        let start: usize = text.split_inclusive('\n').take(line as usize).map(str::len).sum();
        let mut left = column as usize;
        let inner = text[start..].char_indices().find(|(_, char)| {
            let here = left == 0;
            left = left.saturating_sub(char.len_utf16());
            here
        });
        start + inner.map_or(text.len() - start, |(at, _)| at)
    };
    let (start, end) = (offset(&range["start"]), offset(&range["end"]));
    format!("{}{new}{}", &text[..start], &text[end..])
}

#[test]
fn a_session_is_answered_to_the_letter() {
    let path = tests::root().join("tests/tests/lsp/session.txt");
    let source = std::fs::read_to_string(&path).unwrap();
    let (place, keyway) = folder();
    std::fs::write(place.path().join("other.yaml"), "name: other\ninputs: { week: integer }\nsteps: {}\n")
        .unwrap();
    let here = format!("file://{}", place.path().display());
    let mut editor = Editor::start(&keyway, place.path());
    let mut text = String::new();
    let (mut asked, mut wrong, mut written) = (0, vec![], String::new());
    for Line { said, wanted } in script(&source) {
        let _ = writeln!(written, "{said}");
        let Some((mark, rest)) = said.split_once(' ').filter(|(mark, _)| [">", "!", "!!"].contains(mark))
        else {
            continue;
        };
        let (method, params) = rest.split_once(' ').unwrap_or((rest, "null"));
        let params = filled(serde_json::from_str(&params.replace("$here", &here)).unwrap(), &text);
        if method == "textDocument/didOpen" {
            text = params["textDocument"]["text"].as_str().unwrap().into();
        }
        for change in params["contentChanges"].as_array().into_iter().flatten() {
            text = changed(&text, change);
        }
        let got = match mark {
            ">" => {
                asked += 1;
                Some(editor.ask(method, params))
            }
            _ => {
                let (uri, version) =
                    (params["textDocument"]["uri"].clone(), params["textDocument"]["version"].clone());
                editor.tell(method, params);
                (mark == "!!").then(|| editor.diagnostics(uri.as_str().unwrap(), &version))
            }
        };
        let got: Vec<String> = got.iter().map(|got| got.to_string().replace(&here, "$here")).collect();
        for got in &got {
            let _ = writeln!(written, "< {got}");
        }
        let same = |one: &str, other: &str| {
            let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            read(one) == read(other)
        };
        if got.len() != wanted.len() || !got.iter().zip(&wanted).all(|(one, other)| same(one, other)) {
            wrong.push(format!("{said}\n  wanted {wanted:?}\n  got    {got:?}"));
        }
    }
    if std::env::var_os("KEYWAY_ACCEPT").is_some() {
        std::fs::write(&path, written).unwrap();
        wrong.clear();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(asked >= 50, "{asked} requests");
    let end = editor.quit();
    assert_eq!((end.code, end.stderr.as_str()), (Some(0), ""));
}

// Bad manners.

#[test]
fn what_is_no_message_is_refused_and_the_conversation_goes_on() {
    let (place, keyway) = folder();
    let mut editor = Editor::start(&keyway, place.path());
    let code = |answer: &Value| answer["error"]["code"].as_i64().unwrap();
    assert_eq!(code(&editor.ask("textDocument/hover", json!({}))), -32002, "before `initialize`");
    editor.tell("textDocument/didOpen", json!({}));
    editor.initialize(json!({}));
    assert_eq!(code(&editor.ask("initialize", json!({}))), -32600, "twice");
    for (body, wanted) in [
        ("{", -32700),
        ("[]", -32600),
        ("null", -32600),
        ("{}", -32600),
        ("{\"id\":{},\"method\":\"a\"}", -32600),
    ] {
        editor.send(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
        assert_eq!(code(&editor.answer(&Value::Null)), wanted, "{body}");
    }
    assert_eq!(code(&editor.ask("workspace/unheardOf", json!({}))), -32601);
    assert_eq!(code(&editor.ask("textDocument/hover", json!([1]))), -32602);
    assert_eq!(
        code(&editor.ask("textDocument/hover", json!({ "textDocument": { "uri": "file:///none" } }))),
        -32602
    );
    // What is told and makes no sense is logged or passed over.
    editor.tell("textDocument/didChange", json!(7));
    editor.tell("textDocument/didOpen", json!({ "textDocument": { "uri": 1 } }));
    editor.tell("$/setTrace", json!({ "value": "off" }));
    editor.message(&json!({ "jsonrpc": "2.0", "id": "x", "result": null }));
    editor.open("file:///a.yaml", "keyway", "name: a\n");
    assert_eq!(
        code(&editor.ask("textDocument/hover", json!({ "textDocument": { "uri": "file:///a.yaml" } }))),
        -32602
    );
    let place = json!({ "textDocument": { "uri": "file:///a.yaml" }, "position": { "line": 9_999_999_999_u64, "character": 1 } });
    assert_eq!(editor.ask("textDocument/hover", place), json!({ "result": null }));
    for range in [
        json!({ "start": { "line": 1, "character": 0 }, "end": { "line": 0, "character": 0 } }),
        json!("x"),
        json!({}),
    ] {
        editor.open("file:///b.yaml", "keyway", "name: a\n");
        let change = json!({ "range": range, "text": "x" });
        let document = json!({ "uri": "file:///b.yaml", "version": 2 });
        editor
            .tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": [change] }));
        assert_eq!(
            code(&editor.ask("textDocument/documentSymbol", json!({ "textDocument": document }))),
            -32602
        );
    }
    // A request that is taken back before its turn.
    let ask = |id| json!({ "jsonrpc": "2.0", "id": id, "method": "textDocument/documentSymbol", "params": { "textDocument": { "uri": "file:///a.yaml" } } });
    let cancel = json!({ "jsonrpc": "2.0", "method": "$/cancelRequest", "params": { "id": 901 } });
    let frames: String = [ask(900), ask(901), cancel]
        .iter()
        .map(Value::to_string)
        .map(|body| format!("Content-Length: {}\r\n\r\n{body}", body.len()))
        .collect();
    editor.send(frames.as_bytes());
    assert_eq!(editor.answer(&json!(900)), json!({ "result": [] }));
    let second = editor.answer(&json!(901));
    assert!(second == json!({ "result": [] }) || code(&second) == -32800, "{second}");
    assert_eq!(editor.ask("shutdown", Value::Null), json!({ "result": null }));
    assert_eq!(code(&editor.ask("textDocument/hover", json!({}))), -32600, "after `shutdown`");
    editor.tell("exit", Value::Null);
    let end = editor.gone();
    assert_eq!((end.code, end.stderr.as_str()), (Some(0), ""));
}

#[test]
fn without_shutdown_the_exit_code_is_1_and_without_frames_2() {
    for (bytes, wanted) in [
        (&b""[..], 1),
        (b"Content-Length: 33\r\n\r\n{\"jsonrpc\":\"2.0\",\"method\":\"exit\"}", 1),
        (b"hello\r\n\r\n", 2),
        (b"{\"jsonrpc\":\"2.0\"}", 2),
        (b"Content-Length: 1000\r\n\r\n{}", 2),
        (b"Content-Length: 99999999999999\r\n\r\n", 2),
        (b"Content-Type: x\r\n\r\n", 2),
        (b"\xff\xfe\x00", 2),
    ] {
        let (place, keyway) = folder();
        let mut editor = Editor::start(&keyway, place.path());
        editor.send(bytes);
        let end = editor.gone();
        assert_eq!(end.code, Some(wanted), "{end:?}");
        if wanted == 2 {
            assert_eq!(end.faults_as_refusal(2), Vec::<String>::new());
        }
    }
}

#[test]
fn a_file_that_is_not_ours_is_left_alone() {
    let (place, keyway) = folder();
    let mut editor = Editor::start(&keyway, place.path());
    editor.initialize(able());
    let compose = "name: x\nservices:\n  steps: { image: y }\n";
    editor.open("file:///compose.yaml", "yaml", compose);
    let place = json!({ "textDocument": { "uri": "file:///compose.yaml" }, "position": { "line": 0, "character": 0 } });
    for method in ["hover", "completion", "documentSymbol", "formatting", "rename"] {
        assert_eq!(
            editor.ask(&format!("textDocument/{method}"), place.clone()),
            json!({ "result": null }),
            "{method}"
        );
    }
    // It becomes ours as soon as it says so; nothing was told of it before.
    let change = json!([{ "text": "name: x\nsteps: { a: { fial: no } }\n" }]);
    let document = json!({ "uri": "file:///compose.yaml", "version": 2 });
    editor.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": change }));
    let first = editor.diagnostics("file:///compose.yaml", &Value::Null);
    assert_eq!(first["version"], 2);
    assert_eq!(first["diagnostics"][0]["code"], "KW0101");
    assert_eq!(editor.told, Vec::<Value>::new());
    editor.quit();
}

#[test]
fn test_files_and_manifests_are_checked() {
    let (place, keyway) = folder();
    std::fs::write(place.path().join("a.yaml"), "name: a\nsteps: { b: { fail: no } }\n").unwrap();
    let mut editor = Editor::start(&keyway, place.path());
    editor.initialize(able());
    for (name, text, wanted) in [
        ("a.test.yaml", "cases:\n  one: { expct: {} }\n", vec!["KW0101"]),
        ("a.test.yaml", "cases:\n  one: { expect: { error: { step: b } } }\n", vec![]),
        ("parcels.yaml", "connector: parcels\nactoins: {}\nhosts: []\n", vec!["KW0101"]),
    ] {
        let path = place.path().join(name);
        let uri = format!("file://{}", path.display());
        editor.open(&uri, "yaml", text);
        let params = editor.diagnostics(&uri, &json!(1));
        let codes: Vec<&str> =
            params["diagnostics"].as_array().unwrap().iter().map(|it| it["code"].as_str().unwrap()).collect();
        assert!(wanted.iter().all(|code| codes.contains(code)), "{name}: {codes:?}");
        assert_eq!(wanted.is_empty(), codes.is_empty(), "{name}: {codes:?}");
        // The command says the same.
        std::fs::write(&path, text).unwrap();
        let command: &[&str] =
            if name == "parcels.yaml" { &["connector", "check", "--json"] } else { &["check", "--json"] };
        let path = path.display().to_string();
        let said = keyway.run(&[command, &[path.as_str()]].concat()).json();
        let of_command: Vec<&str> =
            said["diagnostics"].as_array().unwrap().iter().map(|it| it["code"].as_str().unwrap()).collect();
        assert_eq!(of_command, codes);
        editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
        assert_eq!(editor.diagnostics(&uri, &Value::Null)["diagnostics"], json!([]));
    }
    editor.quit();
}

#[test]
fn columns_count_what_was_agreed_on() {
    // `output: "` has nine characters, and ` {{ ` four; between them stand a sign of four bytes or two units, and one of two bytes
    // or one unit.
    for (encodings, agreed, column) in [
        (json!(["utf-8", "utf-16"]), "utf-8", 9 + 6 + 4),
        (json!(["utf-16"]), "utf-16", 9 + 3 + 4),
        (json!(["utf-32", "utf-16"]), "utf-32", 9 + 2 + 4),
        (json!(null), "utf-16", 9 + 3 + 4),
    ] {
        let (place, keyway) = folder();
        let mut editor = Editor::start(&keyway, place.path());
        let said = editor.initialize(json!({ "general": { "positionEncodings": encodings } }));
        assert_eq!(said["result"]["capabilities"]["positionEncoding"], agreed);
        editor.open(
            "file:///a.yaml",
            "keyway",
            "name: a\r\nsteps: { é: { set: { 𝄞: 1 } } }\r\noutput: \"𝄞é {{ stesp.é }}\"\r\n",
        );
        let params = editor.diagnostics("file:///a.yaml", &json!(1));
        let found =
            params["diagnostics"].as_array().unwrap().iter().find(|it| it["range"]["start"]["line"] == 2);
        assert_eq!(found.unwrap()["range"]["start"]["character"], column, "{params}");
        editor.quit();
    }
}

// Speed.

/// A workflow of so many steps that read each other.
fn large(steps: usize) -> String {
    let mut text = String::from(
        "name: large\ninputs: { n: integer }\nsteps:\n  s0: { set: { n: \"{{ inputs.n }}\" } }\n",
    );
    for step in 1..steps {
        let before = step - 1;
        let _ = writeln!(text, "  s{step}:\n    set: {{ n: \"{{{{ steps.s{before}.n + 1 }}}}\" }}");
    }
    text + &format!("output: {{ n: \"{{{{ steps.s{}.n }}}}\" }}\n", steps - 1)
}

#[test]
fn a_keystroke_in_a_file_of_1_000_steps_is_answered_at_once() {
    let held = std::env::var_os("KEYWAY_LSP_SPEED").is_some();
    let (keystroke, start) = if held { (50, 100) } else { (2_000, 3_000) };
    let report = Report::begin("How long an editor waits", "cargo test --workspace --test lsp a_keystroke");
    let (place, keyway) = folder();
    let mut starts = vec![];
    for _ in 0..5 {
        let began = Instant::now();
        let mut editor = Editor::start(&keyway, place.path());
        editor.initialize(able());
        starts.push(began.elapsed());
        editor.quit();
    }
    let uri = "file:///large.yaml";
    let mut text = large(1_000);
    let mut editor = Editor::start(&keyway, place.path());
    editor.initialize(able());
    editor.open(uri, "keyway", &text);
    assert_eq!(editor.diagnostics(uri, &json!(1))["diagnostics"], json!([]));
    let (mut completions, mut hovers, mut checks) = (vec![], vec![], vec![]);
    let mark = "  s900:\n    set: { n: \"{{ steps.s89";
    let mut at = text.find(mark).unwrap() + mark.len();
    for (nth, typed) in
        ["9", ".", "n", " ", "+", " ", "s", "t", "e", "p", "s", ".", "s", "1"].into_iter().enumerate()
    {
        let place = position(&text, at);
        let change = json!([{ "range": { "start": place, "end": place }, "text": typed }]);
        text.insert_str(at, typed);
        at += typed.len();
        let document = json!({ "uri": uri, "version": nth + 2 });
        let began = Instant::now();
        editor.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": change }));
        let asked = json!({ "textDocument": { "uri": uri }, "position": position(&text, at) });
        assert!(editor.ask("textDocument/completion", asked.clone()).get("result").is_some());
        completions.push(began.elapsed());
        editor.diagnostics(uri, &json!(nth + 2));
        checks.push(began.elapsed());
        let began = Instant::now();
        assert!(editor.ask("textDocument/hover", asked).get("result").is_some());
        hovers.push(began.elapsed());
    }
    editor.quit();
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let (first, complete, check, hover) =
        (median(&mut starts), median(&mut completions), median(&mut checks), median(&mut hovers));
    let ms = |time: Duration| format!("{:.0} ms", time.as_secs_f64() * 1e3);
    report.tell(&format!(
        "`keyway lsp` of the profile `{}` over its standard input, a file of 1,000 steps, a letter at a time; in the middle of all.\n\n\
         | What | Aim | Measured |\n| --- | --- | --- |\n| start until it has said what it can | 100 ms | {} |\n\
         | completion after a keystroke | 50 ms | {} |\n| diagnostics after a keystroke and its completion | 50 ms | {} |\n\
         | hover | 50 ms | {} |\n\nLoad of the machine at the end: {}.",
        profile(),
        ms(first),
        ms(complete),
        ms(check),
        ms(hover),
        machine::load()
    ));
    let most =
        |time: Duration, most, what: &str| assert!(time < Duration::from_millis(most), "{what}: {time:?}");
    most(first, start, "start");
    most(complete, keystroke, "completion");
    most(hover, keystroke, "hover");
    most(check, keystroke * 2, "diagnostics after a completion");
}

// Judges.

/// A folder of the tools in which Node finds the client of VS Code.
fn client() -> Option<PathBuf> {
    tests::tool::installed("vscode/node_modules/vscode-languageserver-protocol")?;
    tests::tool::folder().map(|folder| folder.join("vscode/node_modules"))
}

#[test]
fn the_client_of_vs_code_is_understood() {
    let Some(modules) = client() else { return };
    let (place, _) = folder();
    let script = tests::root().join("tests/tests/lsp/client.js");
    let mut node = std::process::Command::new("node");
    node.arg(script).arg(tests::keyway::binary()).arg(place.path()).env("NODE_PATH", modules);
    let said = tests::keyway::finish(node);
    assert_eq!((said.code, said.stdout.trim()), (Some(0), "well"), "{said:?}");
}

#[test]
fn the_extension_for_vs_code_can_be_packed() {
    let Some(modules) = client() else { return };
    let Some(vsce) = tests::tool::installed("npm/node_modules/.bin/vsce") else { return };
    let (place, _) = folder();
    let there = place.path().join("vscode");
    let copy = |from: &Path, to: &Path| {
        let mut copy = std::process::Command::new("cp");
        copy.arg("-r").arg(from).arg(to);
        assert_eq!(tests::keyway::finish(copy).code, Some(0));
    };
    copy(&tests::root().join("editors/vscode"), &there);
    copy(&tests::root().join("LICENSE"), &there);
    copy(&modules, &there.join("node_modules"));
    let mut pack = std::process::Command::new(vsce);
    pack.args(["package", "--allow-missing-repository", "--out", "keyway.vsix"]).current_dir(&there);
    let said = tests::keyway::finish(pack);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(there.join("keyway.vsix").metadata().unwrap().len() > 100_000);
    // Where its program does not parse it is no extension, though it is packed all the same.
    let mut node = std::process::Command::new("node");
    node.arg("--check").arg(there.join("extension.js"));
    assert_eq!(tests::keyway::finish(node).code, Some(0));
}
