//! The commands for authors at the command line: `fmt`, `graph`, `plan`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tests::place::Place;

const LOOSE: &str = "# About it.\nsteps:\n    a:   { with: {path: 'a.txt'}, use: file.read } # reads\nname: \"loose\"\n\
                     output: { text: '{{ steps.a.text }}' }\n";
const TIDY: &str = "name: loose\n# About it.\nsteps:\n  a: { use: file.read, with: { path: a.txt } } # reads\n\
                    output: { text: \"{{ steps.a.text }}\" }\n";

#[test]
fn fmt_rewrites_a_file_and_keeps_its_permissions() {
    let place = Place::new();
    let file = place.file("loose.yaml", LOOSE);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("a file of ours");
    let answer = place.keyway.run(&["fmt", &file]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert_eq!(place.text("loose.yaml"), TIDY);
    assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o640);
    let entries = fs::read_dir(place.folder.path()).expect("a folder").count();
    assert_eq!(entries, 1, "nothing is left beside it");
    let again = place.keyway.run(&["fmt", "--check", &file]);
    assert_eq!((again.code, &*again.stdout), (Some(0), ""), "{again:?}");
}

#[test]
fn fmt_writes_through_a_link() {
    let place = Place::new();
    place.file("loose.yaml", LOOSE);
    let link = place.path("link.yaml");
    std::os::unix::fs::symlink("loose.yaml", &link).expect("a link");
    let answer = place.keyway.run(&["fmt".as_ref(), link.as_os_str()]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
    assert_eq!(place.text("loose.yaml"), TIDY);
}

#[test]
fn fmt_check_changes_nothing_and_names_the_files() {
    let place = Place::new();
    let (loose, tidy) = (place.file("loose.yaml", LOOSE), place.file("tidy.yaml", TIDY));
    let answer = place.keyway.run(&["fmt", "--check", &loose, &tidy]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert_eq!(answer.stdout, format!("{loose}\n"));
    assert_eq!(place.text("loose.yaml"), LOOSE);
}

#[test]
fn fmt_refuses_what_is_no_yaml_and_goes_on_with_the_other_files() {
    let place = Place::new();
    let (broken, loose) = (place.file("broken.yaml", "steps: [1\n"), place.file("loose.yaml", LOOSE));
    let answer = place.keyway.run(&["fmt", &broken, &loose]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert!(answer.stderr.contains("broken.yaml"), "{answer:?}");
    assert_eq!(place.text("broken.yaml"), "steps: [1\n");
    assert_eq!(place.text("loose.yaml"), TIDY);
    let missing = place.path("missing.yaml").display().to_string();
    assert_eq!(place.keyway.run(&["fmt", &missing, &broken]).code, Some(2));
}

#[test]
fn the_examples_are_in_the_canonical_layout() {
    let place = Place::new();
    let folder = fs::read_dir(tests::root().join("workflows")).expect("the examples").flatten();
    let files =
        folder.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|it| it == "yaml"));
    let mut command = vec!["fmt".to_owned(), "--check".to_owned()];
    command.extend(files.map(|path| path.display().to_string()));
    assert!(command.len() > 2);
    let answer = place.keyway.run(&command);
    assert_eq!(answer.code, Some(0), "{answer:?}");
}

#[test]
fn fmt_from_standard_input_to_standard_output() {
    let place = Place::new();
    let answer = place.piped(&["fmt", "--stdin"], LOOSE);
    assert_eq!((answer.code, &*answer.stdout), (Some(0), TIDY), "{answer:?}");
    assert_eq!(place.piped(&["fmt", "--stdin", "--check"], LOOSE).code, Some(1));
    let broken = place.piped(&["fmt", "--stdin"], "a: [");
    assert_eq!((broken.code, &*broken.stdout), (Some(1), ""), "{broken:?}");
}

const STEPS: &str = "name: steps\ninputs: { urls: { type: [string], default: [] }, on: boolean }\nsteps:\n\
    \x20 head: { if: inputs.on, http: { url: \"https://example.com/\" }, timeout: 5s }\n\
    \x20 pages:\n    for_each: inputs.urls\n    as: url\n    parallel: 4\n    steps:\n\
    \x20     get: { http: { url: \"{{ url }}\", auth: { bearer: \"{{ secret('TOKEN') }}\" } } }\n\
    \x20   output: \"{{ steps.get.status }}\"\n\
    \x20 save: { use: file.append, with: { path: a, text: \"{{ steps.head.body }} {{ steps.pages?.[0] }}\" } }\n\
    output: { path: \"{{ steps.save.path }}\" }\n";

#[test]
fn graph_draws_in_four_ways() {
    let place = Place::new();
    let file = place.file("steps.yaml", STEPS);
    let text = place.keyway.run(&["graph", &file]);
    assert_eq!(text.code, Some(0), "{text:?}");
    assert!(text.stdout.contains("├─ pages") && text.stdout.contains("← head"), "{}", text.stdout);
    for (format, begin) in [("svg", "<svg "), ("mermaid", "---\ntitle: steps"), ("dot", "digraph \"steps\"")]
    {
        let answer = place.keyway.run(&["graph", &file, "--format", format]);
        assert!(answer.code == Some(0) && answer.stdout.starts_with(begin), "{answer:?}");
    }
    let picture = place.path("steps.svg").display().to_string();
    let answer = place.keyway.run(&["graph", &file, "-o", &picture]);
    assert_eq!((answer.code, &*answer.stdout), (Some(0), ""), "{answer:?}");
    assert!(place.text("steps.svg").contains("role=\"img\""));
}

#[test]
fn graph_and_plan_refuse_a_wrong_workflow() {
    let place = Place::new();
    let file = place.file("wrong.yaml", "name: wrong\nsteps: { a: { fail: \"{{ steps.b.x }}\" } }\n");
    for command in ["graph", "plan"] {
        let answer = place.keyway.run(&[command, &file]);
        assert_eq!((answer.code, &*answer.stdout), (Some(1), ""), "{answer:?}");
        assert!(answer.stderr.contains("KW0102"), "{answer:?}");
    }
}

#[test]
fn plan_tells_what_would_happen() {
    let place = Place::new();
    let file = place.file("steps.yaml", STEPS);
    let answer = place.keyway.run(&["plan", &file]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    for line in [
        "calls     2 calls at most, and 1 call for each item of pages",
        "longest   2 calls one after the other: head → save",
        "connects  file, http",
        "secrets   TOKEN",
        "calls http.request: changes nothing, tried 3 times at most, first pause 1s, 5s each",
        "calls file.append: is not repeated unasked, tried once",
        "skipped unless inputs.on",
        "skipped where head gives nothing",
        "reads head; reads pages, null included",
    ] {
        assert!(answer.stdout.contains(line), "`{line}` is not said: {}", answer.stdout);
    }
    let known =
        place.keyway.run(&["plan", &file, "--input", "urls=[\"a\",\"b\",\"c\"]", "--input", "on=true"]);
    assert!(known.stdout.contains("calls     5 calls at most\n"), "{}", known.stdout);
    let open = place.keyway.run(&["plan", &file, "--input", "urls=[]"]);
    assert!(open.code == Some(1) && open.stderr.contains("`on`"), "{open:?}");
}

#[test]
fn plan_as_json_has_the_keys_of_its_page() {
    let place = Place::new();
    let file = place.file("steps.yaml", STEPS);
    let json = place.keyway.run(&["plan", &file, "--json"]).json();
    assert_eq!(json["calls"], serde_json::json!({ "most": 2, "and": [{ "each": 1, "item_of": ["pages"] }] }));
    assert_eq!(json["critical_path"], serde_json::json!({ "calls": 2, "steps": ["head", "save"] }));
    assert_eq!(json["secrets"], serde_json::json!(["TOKEN"]));
    let page = fs::read_to_string(tests::root().join("docs/plan.md")).expect("the page is there");
    let mut keys = vec![];
    gather(&json, &mut keys);
    assert!(keys.len() > 20, "{keys:?}");
    for key in keys {
        assert!(page.contains(&format!("`{key}`")), "docs/plan.md does not tell of `{key}`");
    }
}

#[test]
fn plan_names_the_workflows_that_it_runs_with_their_bounds() {
    let place = Place::new();
    place.file("steps.yaml", STEPS);
    place.file("wrong.yaml", "name: wrong\nsteps: { a: { fail: \"{{ steps.b.x }}\" } }\n");
    let file = place.file(
        "main.yaml",
        "name: main\nsteps:\n  note: { use: file.read, with: { path: a } }\n  \
         pages: { call: steps, with: { on: true } }\n  broken: { call: wrong }\n",
    );
    let answer = place.keyway.run(&["plan", &file]);
    for line in [
        "calls     1 call at most\n",
        "runs      steps, wrong\n",
        "runs steps: 2 calls at most, and 1 call for each item of pages\n",
        "runs wrong, of which nothing is known here\n",
    ] {
        assert!(answer.stdout.contains(line), "`{line}` is not said: {}", answer.stdout);
    }
    // No action that is built in needs an account.
    assert!(!answer.stdout.contains("needs"), "{}", answer.stdout);
    let json = place.keyway.run(&["plan", &file, "--json"]).json();
    let known = serde_json::json!({
        "workflow": "steps", "calls": { "most": 2, "and": [{ "each": 1, "item_of": ["pages"] }] }, "workflows": [],
    });
    assert_eq!(json["stages"][0][1]["child"], known);
    assert_eq!(json["stages"][0][2]["child"], serde_json::json!({ "workflow": "wrong" }));
    assert_eq!(json["workflows"], serde_json::json!(["steps", "wrong"]));
    assert_eq!(json["connections"], serde_json::json!([]));
}

/// The keys of all objects in a value.
fn gather(json: &serde_json::Value, keys: &mut Vec<String>) {
    match json {
        serde_json::Value::Object(entries) => {
            for (key, value) in entries {
                keys.push(key.clone());
                gather(value, keys);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| gather(item, keys)),
        _ => {}
    }
}
