//! The workflows in the folder of another: those that it can call.

use std::collections::BTreeMap;
use std::path::Path;

use dsl::catalog::{Catalog, Signature};
use engine::outline::{Beside, Outline, called};
use engine::plan::Plan;

/// What a workflow in a file can name. The folder is read only if it calls another workflow.
pub fn catalog(file: &Path, text: &str) -> Catalog {
    let mut catalog = crate::catalog();
    if dsl::signature(text).is_some_and(|(_, own)| !own.calls.is_empty()) {
        catalog.workflows = Some(workflows(file));
    }
    catalog
}

/// What an outline of a plan takes from beside its file: the workflows that it calls, as far as they are right.
pub fn outlines(file: &Path, plan: &Plan, catalog: &Catalog) -> Beside {
    let wanted = called(plan);
    let mut beside = Beside { connected: catalog.connected.clone(), ..Beside::default() };
    if wanted.is_empty() {
        return beside;
    }
    for (name, text) in texts(file) {
        if wanted.contains(&name)
            && let Some(workflow) = dsl::check(&text, catalog).workflow
        {
            let outline = Outline::new(&Plan::new(&workflow), None, &Beside::default());
            beside.workflows.insert(name, outline);
        }
    }
    beside
}

/// The workflows beside a file by their names.
fn workflows(file: &Path) -> BTreeMap<String, Signature> {
    texts(file).into_values().filter_map(|text| dsl::signature(&text)).collect()
}

/// The texts of the workflows beside a file by their names; of two with one name the first file by its name counts.
fn texts(file: &Path) -> BTreeMap<String, String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml"))
        .collect();
    files.sort();
    let mut found = BTreeMap::new();
    for path in files {
        // What cannot be read is no workflow; it is reported where it is checked itself.
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        if let Some((name, _)) = dsl::signature(&text) {
            found.entry(name).or_insert(text);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workflows_in_the_same_folder_are_found_by_their_names() {
        let folder = std::env::temp_dir().join(format!("keyway-beside-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let other = "name: other\ninputs: { week: integer }\nsteps: { a: { set: { b: 1 } } }\noutput: { done: true }\n";
        std::fs::write(folder.join("b.yaml"), other).unwrap();
        std::fs::write(folder.join("broken.yaml"), "[").unwrap();
        let text = "name: one\nsteps: { a: { call: other, with: { week: 1 } } }\n";
        let known = catalog(&folder.join("a.yaml"), text).workflows.unwrap();
        assert_eq!(known.keys().collect::<Vec<_>>(), ["other"]);
        assert_eq!(known["other"].inputs[0].name, "week");
        assert_eq!(catalog(&folder.join("a.yaml"), "name: one\nsteps: {}\n").workflows, None);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
