//! Every description at hand becomes a manifest that is right, each of its actions makes a request, and a validator judges
//! it: `KEYWAY_DESCRIPTIONS` names the folder of descriptions, `NAME.json` or `NAME.graphql` for each service, and
//! `KEYWAY_SPECS` that of the script `run-prism.sh`. `KEYWAY_DESCRIBED` names one of them, for a look at it. Without them
//! nothing is judged, since the project stands alone; what the project has itself is in `import.rs`.

#![allow(clippy::unwrap_used)]

mod asking;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use connectors::import::{self, Wish, drift};
use serde_json::{Value as Json, json};

/// A folder that is named. One that is named and is not there is a fault, and no reason to judge nothing.
fn named(variable: &str, what: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os(variable).map(PathBuf::from) else {
        println!("SKIPPED: no {what} is named by {variable}");
        return None;
    };
    assert!(folder.is_dir(), "{variable} names `{}`, which is no folder", folder.display());
    Some(folder)
}

/// The descriptions at hand.
fn descriptions() -> Option<(PathBuf, Vec<PathBuf>)> {
    let folder = named("KEYWAY_DESCRIPTIONS", "folder of descriptions")?;
    let one = std::env::var("KEYWAY_DESCRIBED").ok();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| {
        let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let stem = file.file_stem().unwrap().to_str().unwrap();
        matches!(ending, "json" | "graphql" | "yaml" | "yml") && one.as_ref().is_none_or(|one| one == stem)
    });
    files.sort();
    assert!(!files.is_empty(), "there is no description in `{}`", folder.display());
    Some((folder, files))
}

fn stem(file: &Path) -> String {
    file.file_stem().unwrap().to_str().unwrap().to_owned()
}

fn whole(id: &str) -> Wish {
    Wish { service: Some(id.to_owned()), all: true, ..Wish::default() }
}

#[test]
fn every_description_becomes_a_manifest_that_is_right() {
    let Some((_, files)) = descriptions() else { return };
    let (mut actions, mut decisions, mut paged, mut bytes, mut wrong) = (0, 0, 0, 0, vec![]);
    let mut table = String::new();
    for file in &files {
        let id = stem(file).replace('-', "_");
        let text = std::fs::read_to_string(file).unwrap();
        let begun = Instant::now();
        let description = match import::read(&text) {
            Ok(description) => description,
            Err(refused) => {
                wrong.push(format!("{id}: {refused}"));
                continue;
            }
        };
        let imported = match import::import(&description, &whole(&id)) {
            Ok(imported) => imported,
            Err(refused) => {
                wrong.push(format!("{id}: {refused}"));
                continue;
            }
        };
        let took = begun.elapsed().as_millis();
        if let Some(folder) = std::env::var_os("KEYWAY_WRITTEN") {
            std::fs::write(Path::new(&folder).join(format!("{id}.yaml")), &imported.text).unwrap();
        }
        if let Err(why) = asking::right(&imported.text, &id) {
            wrong.push(format!("{id}:\n    {why}"));
        }
        let lists = imported.text.matches("\n    pages:").count();
        let (made, open, left) = (imported.actions.len(), imported.decisions.len(), imported.left.len());
        let lines = imported.text.lines().count();
        writeln!(table, "{id:18} {made:4} actions {lists:3} paged {open:4} decisions {left:2} left {lines:5} lines {took:5} ms").unwrap();
        (actions, decisions, paged, bytes) =
            (actions + made, decisions + open, paged + lists, bytes + imported.text.len());
        for left in &imported.left {
            writeln!(table, "    left: {}: {}", left.operation, left.why).unwrap();
        }
        assert_eq!(
            made + left,
            description.operations.len() + description.left.len(),
            "{id} loses an operation"
        );
    }
    println!(
        "{table}{} descriptions, {actions} actions, {paged} of them lists that go on, {decisions} decisions, {bytes} bytes",
        files.len()
    );
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), files.len(), wrong.join("\n"));
}

#[test]
fn a_manifest_has_not_drifted_from_the_description_that_it_was_made_of() {
    let Some((_, files)) = descriptions() else { return };
    let (mut alarms, mut actions) = (vec![], 0);
    for file in &files {
        let id = stem(file).replace('-', "_");
        let description = import::read(&std::fs::read_to_string(file).unwrap()).unwrap();
        let imported = import::import(&description, &whole(&id)).unwrap();
        let Ok(manifest) = asking::right(&imported.text, &id) else { continue };
        let drift = drift::of(&manifest, &description, None);
        actions += drift.actions;
        let heavy = drift.changes.iter().filter(|change| {
            let said = change.what.contains("said to go away");
            change.weight != drift::Weight::New && !said
        });
        alarms.extend(
            heavy.map(|change| format!("{id} {:?} {}: {}", change.action, change.place, change.what)),
        );
    }
    println!("{actions} actions held against their own descriptions, {} false alarms", alarms.len());
    assert!(alarms.is_empty(), "{}", alarms.join("\n"));
}

/// What is said of made-up values and not of the mapping: types of workflows do not say these, each with the reason.
const UNSAID: &[(&str, &str)] = &[
    ("does not match", "the pattern of an item of a list"),
    ("is not a \"", "the format of an item of a list, or of a text that has bounds as well"),
    ("is not one of", "which numbers of a range there are, and words that are too many to list"),
    ("of the schemas listed", "which parameters belong together; the manifest marks it as a decision"),
    ("has less than 1 property", "that an object is not empty"),
];

/// True for what a type that is cut off or open does not say: it lies at least two levels within the body.
fn is_cut(why: &str) -> bool {
    let place = why.rsplit_once(" at /").map(|(_, place)| place.matches('/').count());
    why.contains("is a required property") && place.is_some_and(|deep| deep >= 1)
}

#[test]
fn our_own_judge_has_nothing_against_the_requests_of_imported_actions() {
    let Some((_, files)) = descriptions() else { return };
    let (mut judged, mut actions, mut wrong, mut known) = (0, 0, vec![], 0);
    for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "json")) {
        let id = stem(file).replace('-', "_");
        let text = std::fs::read_to_string(file).unwrap();
        let root: Json = serde_json::from_str(&text).unwrap();
        let imported = import::import(&import::read(&text).unwrap(), &whole(&id)).unwrap();
        let manifest = match asking::right(&imported.text, &id) {
            Ok(manifest) => manifest,
            Err(_) => continue,
        };
        for action in &manifest.actions {
            actions += 1;
            for all in [false, true] {
                judged += 1;
                let args = asking::args(&action.input, all);
                let told = asking::preview(&manifest, &imported.text, action, &args).and_then(|preview| {
                    asking::judged(&root, &preview)
                        .map_err(|why| format!("{} {}: {why}", preview.method, preview.url))
                });
                let Err(why) = told else { continue };
                let excused = is_cut(&why) || UNSAID.iter().any(|(what, _)| why.contains(what));
                known += usize::from(excused);
                if !excused {
                    wrong.push(format!("{id}.{} {}: {why}", action.name, if all { "all" } else { "least" }));
                }
            }
        }
    }
    println!(
        "{actions} actions, {judged} requests judged, {} refused, of which {known} are excused",
        wrong.len() + known
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the validator says of made-up values, of a description or of what it cannot do itself, and not of the mapping, each with
/// the reason.
const REFUSED: &[(&str, &str)] = &[
    ("got 500, want 2xx | \"\"", "the validator cannot make an answer, whatever it is asked"),
    ("too complex to generate", "the validator cannot make an answer, whatever it is asked"),
    ("Cannot deserialize JSON object array", "the validator cannot read lists of objects in a form"),
    (
        "bamboohr: list_employees",
        "it wants OAuth alone, whose addresses the description tells without their host",
    ),
    ("quickbooks: send_invoice", "the description takes a body of a kind of file, and of no bytes"),
    ("jira: add_attachment", "the description takes the parts of the body for a list"),
    ("clickup: create_task_attachment", "the description takes the parts of the body for a list"),
    ("zendesk: list_groups", "the description has a parameter of the path that the path does not have"),
    ("\"location\":[\"body\",\"", "what an object holds whose type is cut off or open"),
    ("intercom: create_", "which fields belong together; the manifest marks it as a decision"),
    ("intercom: reply_conversation", "which fields belong together; the manifest marks it as a decision"),
    ("quickbooks: create_or_update_", "which fields belong together; the manifest marks it as a decision"),
    ("\"code\":\"pattern\"", "the pattern of an item of a list"),
    ("\"code\":\"format\"", "the format of an item of a list, or of a text that has bounds as well"),
    ("\"code\":\"enum\"", "which numbers of a range there are, and words that are too many to list"),
    ("\"code\":\"oneOf\"", "which parameters belong together; the manifest marks it as a decision"),
    ("\"code\":\"anyOf\"", "which parameters belong together; the manifest marks it as a decision"),
    ("\"code\":\"minProperties\"", "that an object is not empty"),
    ("request\",\"body\",\"", "what an object holds whose type is cut off or open"),
];

/// The path of the server that a description names, which the validator does not serve.
fn served(description: &Json) -> String {
    let url = description["servers"][0]["url"].as_str().unwrap_or_default();
    let path = url.splitn(4, '/').nth(3).map(|rest| format!("/{rest}")).unwrap_or_default();
    path.trim_end_matches('/').to_owned()
}

#[test]
fn every_request_of_an_imported_action_fits_its_description() {
    let Some((folder, files)) = descriptions() else { return };
    let Some(tools) = named("KEYWAY_SPECS", "validator") else { return };
    let (mut cases, mut unmade, mut actions, mut services) = (vec![], vec![], 0, 0);
    for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "json")) {
        let id = stem(file).replace('-', "_");
        let text = std::fs::read_to_string(file).unwrap();
        let below = served(&serde_json::from_str(&text).unwrap());
        let imported = import::import(&import::read(&text).unwrap(), &whole(&id)).unwrap();
        let manifest = asking::right(&imported.text, &id).unwrap();
        services += 1;
        for action in &manifest.actions {
            actions += 1;
            // An operation may want another way to sign in than the next one: in each way, and one must do.
            let ways = (0..manifest.auth.len()).flat_map(|way| [(way, false), (way, true)]);
            for (way, all) in ways {
                let args = asking::args(&action.input, all);
                let preview = match asking::preview_by(&manifest, &imported.text, action, &args, way) {
                    Ok(preview) => preview,
                    Err(why) => {
                        unmade.push(format!("{id}.{}: {why}", action.name));
                        continue;
                    }
                };
                let path = format!("/{}", preview.url.splitn(4, '/').nth(3).unwrap_or_default());
                let path = path.strip_prefix(&below).unwrap_or(&path).to_owned();
                // The validator answers in plain JSON alone, and looks for nothing else where that is not accepted.
                let headers: serde_json::Map<String, Json> = preview
                    .headers
                    .iter()
                    .filter(|(name, _)| name != "accept")
                    .map(|(name, value)| {
                        (name.clone(), json!(value.replace("Basic ***", "Basic bWFkZTptYWRl")))
                    })
                    .collect();
                let name = format!("{} {} {way}", action.name, if all { "all" } else { "least" });
                let mut case = json!({
                    "service": stem(file), "name": name, "method": preview.method, "path": path, "headers": headers, "expect": "2xx",
                });
                if !preview.body.is_empty() {
                    case["text"] = json!(preview.body);
                }
                cases.push(case);
            }
        }
    }
    assert!(unmade.is_empty(), "{} requests cannot be made:\n{}", unmade.len(), unmade.join("\n"));
    let work = tempfile::tempdir().unwrap();
    let file = work.path().join("cases.json");
    std::fs::write(&file, serde_json::to_string(&cases).unwrap()).unwrap();
    let mut command = Command::new("bash");
    command.arg(tools.join("run-prism.sh")).arg("check").arg(&file).arg(&folder).env("WHY", "400");
    let out = command.output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    let judged = said.lines().filter(|line| line.starts_with("ok") || line.starts_with("FAIL")).count();
    // By service, action and which parameters: what was said of each way.
    let mut requests: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for line in said.lines().filter(|line| line.starts_with("ok") || line.starts_with("FAIL")) {
        let words: Vec<&str> = line.split_whitespace().skip(1).take(3).collect();
        requests.entry(words.join(" ")).or_default().push(line);
    }
    let refused: Vec<&str> = requests
        .values()
        .filter(|ways| ways.iter().all(|line| line.starts_with("FAIL")))
        .map(|ways| ways.iter().copied().find(|line| !line.contains("got 401")).unwrap_or(ways[0]))
        .collect();
    let known = |line: &str| REFUSED.iter().position(|(what, _)| line.contains(what));
    let wrong: Vec<&&str> = refused.iter().filter(|line| known(line).is_none()).collect();
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for at in refused.iter().filter_map(|line| known(line)) {
        *reasons.entry(REFUSED[at].1).or_default() += 1;
    }
    println!(
        "{services} descriptions, {actions} actions, {} requests judged in {judged} ways to sign in, {} refused",
        requests.len(),
        refused.len()
    );
    for (reason, count) in reasons {
        println!("    {count:4} {reason}");
    }
    assert_eq!(judged, cases.len(), "{said}\n{}", String::from_utf8_lossy(&out.stderr));
    assert!(
        wrong.is_empty(),
        "{} of {judged} requests:\n{}",
        wrong.len(),
        wrong.iter().map(|line| **line).collect::<Vec<_>>().join("\n")
    );
}

/// Holds documents and their variables against a schema; prints what is wrong, and nothing else.
const JUDGE: &str = r#"
import json, sys
try:
    from graphql import build_schema, parse, validate
    from graphql.execution.values import get_variable_values
except ImportError:
    print("NO JUDGE"); sys.exit(0)
schema = build_schema(open(sys.argv[1], encoding="utf-8").read())
for case in json.load(open(sys.argv[2], encoding="utf-8")):
    body = case["body"]
    document = parse(body["query"])
    wrong = [error.message for error in validate(schema, document)]
    if not wrong:
        declared = document.definitions[0].variable_definitions or ()
        known = {variable.variable.name.value for variable in declared}
        wrong = [f"{name} is not declared" for name in body["variables"] if name not in known]
        got = get_variable_values(schema, declared, body["variables"])
        wrong += [error.message for error in got] if isinstance(got, list) else []
    if wrong: print(case["name"], wrong[:3])
"#;

#[test]
fn every_document_of_an_imported_schema_fits_it() {
    let Some((_, files)) = descriptions() else { return };
    for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "graphql")) {
        let id = stem(file).replace('-', "_");
        let imported =
            import::import(&import::read(&std::fs::read_to_string(file).unwrap()).unwrap(), &whole(&id))
                .unwrap();
        let manifest = asking::right(&imported.text, &id).unwrap();
        let mut cases = vec![];
        for action in &manifest.actions {
            for all in [false, true] {
                let args = asking::args(&action.input, all);
                let preview = asking::preview(&manifest, &imported.text, action, &args).unwrap();
                let mut body: Json = serde_json::from_str(&preview.body).unwrap();
                if body.get("variables").is_none() {
                    body["variables"] = json!({});
                }
                cases.push(json!({ "name": action.name, "body": body }));
            }
        }
        let work = tempfile::tempdir().unwrap();
        let list = work.path().join("cases.json");
        std::fs::write(&list, serde_json::to_string(&cases).unwrap()).unwrap();
        let out = Command::new("python3").arg("-c").arg(JUDGE).arg(file).arg(&list).output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        if said.starts_with("NO JUDGE") {
            println!("SKIPPED: Python has no `graphql`");
            return;
        }
        println!(
            "{id}: {} actions, {} documents judged, {} refused",
            manifest.actions.len(),
            cases.len(),
            said.lines().count()
        );
        assert!(said.is_empty() && out.status.success(), "{said}\n{}", String::from_utf8_lossy(&out.stderr));
    }
}
