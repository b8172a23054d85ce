//! What the pages are made of: the description of the API for their types, texts to begin with, and that no text becomes HTML.

use std::path::{Path, PathBuf};

use server::http::openapi::document;
use server::http::routes::ROUTES;

pub fn folder() -> PathBuf {
    tests::root().join("server/dashboard")
}

/// All files below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// `npm run types` makes the types of the pages of this file; where it changes, run that as well.
#[test]
fn the_description_that_the_types_are_made_of_is_current() {
    let path = folder().join("openapi.json");
    let current = serde_json::to_string_pretty(&document(ROUTES)).unwrap() + "\n";
    if std::env::var_os("KEYWAY_WRITE").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == current,
        "KEYWAY_WRITE=1 cargo test -p tests --test dashboard, then `npm run types` in server/dashboard"
    );
}

/// The types stand beside the description and name each of its addresses.
#[test]
fn the_types_name_every_address() {
    let types = std::fs::read_to_string(folder().join("src/lib/schema.ts")).unwrap();
    let document = document(ROUTES);
    let missing = |types: &str| -> Vec<String> {
        let paths = document["paths"].as_object().unwrap().keys();
        paths.filter(|path| !types.contains(&format!("\"{path}\": {{"))).cloned().collect()
    };
    assert_eq!(missing(&types), Vec::<String>::new(), "`npm run types` in server/dashboard");
    assert_eq!(missing(&types.replace("\"/api/v1/runs\": {", "")), ["/api/v1/runs"]);
}

/// Ways by which a text could become a script, a style or a page.
const WAYS: [&str; 12] = [
    "{@html",
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "createContextualFragment",
    "DOMParser",
    "eval(",
    "new Function",
    "srcdoc",
    " style=",
    "javascript:",
];

fn ways(text: &str) -> Vec<&'static str> {
    WAYS.into_iter().filter(|way| text.contains(way)).collect()
}

#[test]
fn no_text_becomes_html() {
    let mut read = 0;
    for path in files(&folder().join("src")) {
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(ways(&text), Vec::<&str>::new(), "{}", path.display());
        read += 1;
    }
    assert!(read > 40, "{read}");
    assert_eq!(ways("<p>{@html text}</p>"), ["{@html"]);
    assert_eq!(ways("it.innerHTML = text"), ["innerHTML"]);
    assert_eq!(ways("<p style=\"color: red\">"), [" style="]);
}

#[test]
fn texts_to_begin_with_are_right() {
    let mut read = 0;
    for path in files(&folder().join("src/templates")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let catalog = server::beside::catalog(&path, &text);
        let checked = dsl::check(&text, &catalog);
        assert_eq!(checked.diagnostics, vec![], "{}", path.display());
        assert_eq!(dsl::format::format(&text, &catalog).unwrap(), text, "{}", path.display());
        read += 1;
    }
    assert_eq!(read, 4);
}
