//! What can be folded.

use serde_json::{Value, json};

use dsl::ide::{Document, FoldKind};

use super::Asked;
use crate::file::Kind;
use crate::message::Refusal;

/// The lines that can be folded.
pub fn folds(asked: &mut Asked<'_>) -> Result<Value, Refusal> {
    let found = match asked.file.kind {
        Kind::Workflow => asked.document().folds(),
        // These are YAML as well; what they mean does not matter here.
        Kind::Test | Kind::Manifest | Kind::Other => {
            let catalog = asked.file.catalog(asked.world);
            Document::new(asked.file.text.as_str(), catalog).folds()
        }
    };
    let fold = |fold: &dsl::ide::Fold| {
        let place = |at| asked.file.lines.position(&asked.file.text, at);
        let (start, end) = (place(fold.start), place(fold.end));
        let mut value = json!({ "startLine": start.line, "endLine": end.line });
        if !asked.client.folds_lines {
            // What is folded begins behind the first line.
            let behind =
                asked.file.text[fold.start..].find(['\n', '\r']).map_or(fold.end, |end| fold.start + end);
            value["startCharacter"] = place(behind).column.into();
            value["endCharacter"] = end.column.into();
        }
        if fold.kind == FoldKind::Comment {
            value["kind"] = "comment".into();
        }
        value
    };
    Ok(found.iter().map(fold).collect())
}
