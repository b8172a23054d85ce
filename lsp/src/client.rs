//! What the editor can do, as it says in `initialize`.

use serde_json::Value;

use crate::lines::Encoding;

/// What the editor can do. All that it does not say it cannot.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// What columns count.
    pub encoding: Encoding,
    /// It knows snippets.
    pub snippets: bool,
    /// It asks for the edits of an action when it is chosen.
    pub resolves_actions: bool,
    /// It shows related places of a diagnostic.
    pub related: bool,
    /// It shows a tree of symbols.
    pub tree: bool,
    /// It shows Markdown.
    pub markdown: bool,
    /// It asks whether something can be renamed.
    pub prepares_rename: bool,
    /// It folds whole lines alone.
    pub folds_lines: bool,
    /// It tells of files that change, if it is asked to.
    pub watches: bool,
    /// Where the pages of codes are: what comes before `KW0102.md`.
    pub code_pages: Option<String>,
}

impl Client {
    /// Reads the parameters of `initialize`.
    pub fn read(params: &Value) -> Client {
        let can = &params["capabilities"];
        let document = &can["textDocument"];
        let is = |value: &Value| value.as_bool() == Some(true);
        let has =
            |list: &Value, word: &str| list.as_array().is_some_and(|list| list.iter().any(|it| it == word));
        // The editor lists what it knows, the best first.
        let encodings = can["general"]["positionEncodings"].as_array();
        let known = encodings.into_iter().flatten().find_map(|name| {
            [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32].into_iter().find(|one| *name == one.name())
        });
        let action = &document["codeAction"];
        Client {
            encoding: known.unwrap_or_default(),
            snippets: is(&document["completion"]["completionItem"]["snippetSupport"]),
            resolves_actions: has(&action["resolveSupport"]["properties"], "edit")
                && is(&action["dataSupport"]),
            related: is(&document["publishDiagnostics"]["relatedInformation"]),
            tree: is(&document["documentSymbol"]["hierarchicalDocumentSymbolSupport"]),
            markdown: has(&document["hover"]["contentFormat"], "markdown"),
            prepares_rename: is(&document["rename"]["prepareSupport"]),
            folds_lines: is(&document["foldingRange"]["lineFoldingOnly"]),
            watches: is(&can["workspace"]["didChangeWatchedFiles"]["dynamicRegistration"]),
            code_pages: params["initializationOptions"]["codePages"].as_str().map(str::to_owned),
        }
    }
}
