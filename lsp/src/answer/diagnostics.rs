//! What is wrong with a text, as the protocol tells it.

use serde_json::{Value, json};

use dsl::codes::Code;
use dsl::diagnostic::{Diagnostic, Fix, Severity};

use crate::client::Client;
use crate::file::File;
use crate::message;

/// Tells what is wrong with a text.
pub fn told(file: &File, client: &Client, found: &[Diagnostic]) -> Value {
    let found: Vec<Value> = found.iter().map(|found| one(file, client, found)).collect();
    let mut params = json!({ "uri": file.uri, "diagnostics": found });
    if file.version.is_i64() {
        params["version"] = file.version.clone();
    }
    message::notification("textDocument/publishDiagnostics", params)
}

/// One problem. Its help follows its message; `data` has both apart, and its fixes.
pub fn one(file: &File, client: &Client, found: &Diagnostic) -> Value {
    let help = found.help.iter().map(|help| format!("\nhelp: {help}")).collect::<String>();
    let mut value = json!({
        "range": file.lines.range(&file.text, found.span),
        "severity": match found.severity {
            Severity::Error => 1,
            Severity::Warning => 2,
        },
        "code": found.code.id(),
        "source": "keyway",
        "message": format!("{}{help}", found.message),
        "data": {
            "message": found.message,
            "help": found.help,
            "fixes": found.fixes.iter().map(|fix| of_fix(file, fix)).collect::<Vec<_>>(),
        },
    });
    if let Some(pages) = &client.code_pages {
        value["codeDescription"] = json!({ "href": format!("{pages}{}.md", found.code.id()) });
    }
    if client.related && !found.labels.is_empty() {
        let related = found.labels.iter().map(|label| {
            let range = file.lines.range(&file.text, label.span);
            json!({ "location": { "uri": file.uri, "range": range }, "message": label.message })
        });
        value["relatedInformation"] = related.collect();
    }
    if found.code == Code::Unused {
        value["tags"] = json!([1]);
    }
    value
}

fn of_fix(file: &File, fix: &Fix) -> Value {
    let edits = fix.edits.iter().map(|edit| {
        let range = file.lines.range(&file.text, edit.span);
        json!({ "range": range, "newText": edit.text })
    });
    json!({ "title": fix.title, "edits": edits.collect::<Vec<_>>() })
}
