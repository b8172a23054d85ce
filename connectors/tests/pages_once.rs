#![allow(clippy::unwrap_used)]
#[test]
fn write() {
    let library = connectors::library::Library::embedded();
    for id in ["gmail", "x"] {
        let page = connectors::page::of(library.find(id).unwrap());
        std::fs::write(format!("/tmp/nine-{id}.md"), page).unwrap();
    }
}
