#![allow(clippy::unwrap_used)]
//! Workflows of other systems, imported: written examples against what they become, what makes a file whole, hostile
//! files, and figures over folders of real ones.
//!
//! `KEYWAY_WRITE=1` writes what the examples become anew. `KEYWAY_IMPORTS=DIR` names a folder with `n8n-workflows` and
//! `serverless-workflow`, of which `docs/measured/imports.md` is written.

#[path = "import/calls.rs"]
mod calls;
#[path = "import/computes.rs"]
mod computes;
#[path = "import/figures.rs"]
mod figures;
#[path = "import/replies.rs"]
mod replies;

use std::fs;
use std::path::{Path, PathBuf};

use dsl::catalog::{Action, Catalog, Safety, Trust};
use dsl::diagnostic::Severity;
use dsl::types::{Field, Type};
use migrate::{Fate, Imported, Kind, Refused, Verdict};
use serde_json::{Value, json};

type Reader = fn(&str, &Catalog) -> Result<Imported, Refused>;

fn catalog() -> Catalog {
    connectors::catalog()
}

fn here(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

fn files(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let listed = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let paths = listed.map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.to_string_lossy().ends_with(ending)).collect();
    paths.sort();
    paths
}

/// What was told of a file, a line for each node and each reason.
fn told(imported: &Imported) -> String {
    let mut out = format!("{}\n", imported.verdict.word());
    for part in imported.parts.iter().filter(|part| part.fate != Fate::Carried) {
        let fate = if part.fate == Fate::Person { "needs a person" } else { "not carried over" };
        out += &format!("{fate}: {}\n", part.node);
        for why in &part.why {
            out += &format!("  {}\n", why.text);
        }
    }
    for line in &imported.settle {
        out += &format!("to settle: {line}\n");
    }
    out
}

fn has_errors(text: &str, catalog: &Catalog) -> bool {
    dsl::check(text, catalog).diagnostics.iter().any(|found| found.severity == Severity::Error)
}

fn compare(path: &Path, found: &str) {
    if std::env::var_os("KEYWAY_WRITE").is_some() {
        fs::write(path, found).unwrap();
        return;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(found, expected, "{}: `KEYWAY_WRITE=1` writes it anew", path.display());
}

fn examples(dir: &str, ending: &str, reader: Reader) -> usize {
    let catalog = catalog();
    let all = files(&here(dir), ending);
    for path in &all {
        let text = fs::read_to_string(path).unwrap();
        let imported =
            reader(&text, &catalog).unwrap_or_else(|refused| panic!("{}: {refused}", path.display()));
        let texts: Vec<&str> = imported.workflows.iter().map(|workflow| &*workflow.text).collect();
        for text in &texts {
            assert!(!has_errors(text, &catalog), "{}:\n{text}", path.display());
            assert_eq!(dsl::format::format(text, &catalog).unwrap(), *text, "{} is laid out", path.display());
        }
        let stem = path.to_string_lossy().strip_suffix(ending).unwrap().to_owned();
        compare(&PathBuf::from(format!("{stem}.out.yaml")), &texts.join("---\n"));
        compare(&PathBuf::from(format!("{stem}.told")), &told(&imported));
    }
    all.len()
}

#[test]
fn examples_of_n8n_become_what_stands_beside_them() {
    let count = examples("tests/n8n", ".json", migrate::n8n::import);
    assert!(count >= 25, "{count} examples");
}

#[test]
fn examples_of_serverless_workflow_become_what_stands_beside_them() {
    let count = examples("tests/serverless", ".in.yaml", migrate::serverless::import);
    assert!(count >= 8, "{count} examples");
}

/// An example that is whole, as a value.
fn whole_examples() -> Vec<(PathBuf, Value)> {
    let catalog = catalog();
    let all = files(&here("tests/n8n"), ".json").into_iter();
    let read =
        all.map(|path| (path.clone(), serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()));
    read.filter(|(_, value): &(PathBuf, Value)| {
        migrate::n8n::import(&value.to_string(), &catalog).unwrap().verdict == Verdict::Whole
    })
    .collect()
}

#[test]
fn a_file_is_whole_where_each_node_was_carried_over_and_only_there() {
    let catalog = catalog();
    for path in files(&here("tests/n8n"), ".json") {
        let imported = migrate::n8n::import(&fs::read_to_string(&path).unwrap(), &catalog).unwrap();
        let carried = imported.parts.iter().all(|part| part.fate == Fate::Carried);
        assert_eq!(imported.verdict == Verdict::Whole, carried, "{}", path.display());
        // What is not carried over stands in the workflow as a step that fails, or is told beside one that is there.
        for part in imported.parts.iter().filter(|part| part.fate == Fate::Lost && part.step.is_some()) {
            let step = part.step.as_ref().unwrap();
            let texts: String = imported.workflows.iter().map(|workflow| workflow.text.clone()).collect();
            assert!(texts.contains("fail: ") && texts.contains(step.as_str()), "{}: {step}", path.display());
        }
    }
}

#[test]
fn a_node_of_code_makes_a_whole_file_one_in_part() {
    let whole = whole_examples();
    assert!(whole.len() >= 12, "{} examples are whole", whole.len());
    for (path, mut value) in whole {
        let last = value["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .rev()
            .find(|node| node["type"] != "n8n-nodes-base.stickyNote");
        let last = last.unwrap()["name"].clone();
        let code = json!({ "name": "Own code", "type": "n8n-nodes-base.code", "typeVersion": 2, "position": [0, 0],
            "parameters": { "jsCode": "return [{ json: await (await fetch('https://example.com/')).json() }]" } });
        value["nodes"].as_array_mut().unwrap().push(code);
        let ports =
            value["connections"][last.as_str().unwrap()]["main"].as_array().cloned().unwrap_or_default();
        let mut ports = if ports.is_empty() { vec![json!([])] } else { ports };
        ports[0].as_array_mut().unwrap().push(json!({ "node": "Own code", "type": "main", "index": 0 }));
        value["connections"][last.as_str().unwrap()]["main"] = ports.into();
        let imported = migrate::n8n::import(&value.to_string(), &catalog()).unwrap();
        assert_ne!(imported.verdict, Verdict::Whole, "{}", path.display());
        assert!(imported.reasons().contains(&Kind::Code), "{}", path.display());
    }
}

#[test]
fn a_setting_that_nobody_knows_makes_a_whole_file_one_in_part() {
    for (path, value) in whole_examples() {
        for at in 0..value["nodes"].as_array().unwrap().len() {
            let form = value["nodes"][at]["type"].as_str().unwrap();
            if form.ends_with("stickyNote") || form.ends_with("noOp") || form.contains("anualTrigger") {
                continue;
            }
            let mut changed = value.clone();
            changed["nodes"][at]["parameters"]["unheardOf"] = "something".into();
            let imported = migrate::n8n::import(&changed.to_string(), &catalog()).unwrap();
            assert_ne!(imported.verdict, Verdict::Whole, "{}: node {at}", path.display());
        }
    }
}

#[test]
fn secrets_of_a_file_are_told_of_and_not_copied() {
    let secret = "sk-live0123456789abcdefABCDEF";
    let mut headers = vec![];
    for (name, value) in [
        ("Authorization", format!("Bearer {secret}")),
        ("X-Api-Key", secret.to_owned()),
        ("Other", secret.to_owned()),
    ] {
        headers.push(name);
        let file = json!({ "name": "leak", "nodes": [
            { "name": "Go", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "parameters": {} },
            { "name": "Ask", "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2, "parameters": {
                "url": "https://example.com/", "sendHeaders": true,
                "headerParameters": { "parameters": [{ "name": name, "value": value }] } } } ],
            "connections": { "Go": { "main": [[{ "node": "Ask", "type": "main", "index": 0 }]] } } });
        let imported = migrate::n8n::import(&file.to_string(), &catalog()).unwrap();
        let all = serde_json::to_string(&imported).unwrap();
        assert!(!all.contains(secret), "{name}: {all}");
        assert!(all.contains("is not copied"), "{name}: {all}");
    }
    // The control: a value that is none is copied.
    let file = json!({ "name": "no-leak", "nodes": [
        { "name": "Go", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "parameters": {} },
        { "name": "Ask", "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2, "parameters": {
            "url": "https://example.com/", "sendHeaders": true,
            "headerParameters": { "parameters": [{ "name": "Accept", "value": "application/json" }] } } } ],
        "connections": { "Go": { "main": [[{ "node": "Ask", "type": "main", "index": 0 }]] } } });
    assert!(
        migrate::n8n::import(&file.to_string(), &catalog()).unwrap().workflows[0]
            .text
            .contains("application/json")
    );
}

/// A workflow of n8n with a node that sets a field to a value.
fn setting(name: &str, value: &str) -> Value {
    json!({ "name": "one", "nodes": [
        { "name": "Go", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "parameters": {} },
        { "name": "Hold", "type": "n8n-nodes-base.set", "typeVersion": 3.4, "parameters": {
            "assignments": { "assignments": [{ "id": "1", "name": name, "value": value, "type": "string" }] },
            "options": {} } },
        { "name": "Note", "type": "n8n-nodes-base.stickyNote", "typeVersion": 1,
          "parameters": { "content": format!("Take this:\n{name}={value}") } } ],
        "connections": { "Go": { "main": [[{ "node": "Hold", "type": "main", "index": 0 }]] } } })
}

fn serverless(rest: &Value) -> String {
    let mut file =
        json!({ "document": { "dsl": "1.0.0", "namespace": "a", "name": "one", "version": "1.0.0" } });
    for (key, value) in rest.as_object().unwrap() {
        file[key] = value.clone();
    }
    file.to_string()
}

#[test]
fn the_net_keeps_secrets_of_any_place_out() {
    let catalog = catalog();
    let secret = "abcdEFGH01234567";
    for file in [setting("apiToken", secret), setting("passphrase", secret), setting("x-auth", secret)] {
        let all = serde_json::to_string(&migrate::n8n::import(&file.to_string(), &catalog).unwrap()).unwrap();
        assert!(!all.contains(secret), "{all}");
        assert!(all.contains("is not copied"), "{all}");
    }
    for with in [
        json!({ "method": "get", "endpoint": "https://example.com/", "headers": { "x-auth": secret } }),
        json!({ "method": "get", "endpoint": format!("https://example.com/?api_key={secret}") }),
        json!({ "method": "get", "endpoint": format!("https://me:{secret}@example.com/") }),
        json!({ "method": "post", "endpoint": "https://example.com/", "body": { "list": [{ "pwd": secret }] } }),
    ] {
        let text = serverless(&json!({ "do": [{ "ask": { "call": "http", "with": with } }] }));
        let all = serde_json::to_string(&migrate::serverless::import(&text, &catalog).unwrap()).unwrap();
        assert!(!all.contains(secret), "{all}");
        assert!(all.contains("is not copied"), "{all}");
    }
}

#[test]
fn functions_that_call_themselves_and_values_that_double_have_an_end() {
    let catalog = catalog();
    let itself = json!({ "use": { "functions": { "again": { "call": "again" } } }, "do": [{ "a": { "call": "again" } }] });
    let imported = migrate::serverless::import(&serverless(&itself), &catalog).unwrap();
    assert_ne!(imported.verdict, Verdict::Whole);
    let doubled: Vec<Value> = (0..40)
        .map(
            |at| json!({ format!("t{at}"): { "set": { "a": 1 }, "output": { "as": ["${ . }", "${ . }"] } } }),
        )
        .collect();
    let twice: Vec<Value> = (0..40)
        .map(|at| json!({ format!("t{at}"): { "wait": { "seconds": 1 }, "output": { "as": ["${ . }", "${ . }"] } } }))
        .collect();
    for tasks in [doubled, twice] {
        migrate::serverless::import(&serverless(&json!({ "do": tasks })), &catalog).unwrap();
    }
    for (part, between) in [("'a'", " + "), ("$json.a", " || "), ("$json.a", " + "), ("$json", ".a")] {
        for count in [40, 1_900] {
            let chain = match between {
                ".a" => format!("{part}{}", between.repeat(count)),
                _ => vec![part; count].join(between),
            };
            let file = setting("a", &format!("={{{{ {chain} }}}}"));
            migrate::n8n::import(&file.to_string(), &catalog).unwrap();
        }
    }
}

#[test]
fn the_table_names_actions_and_events_that_there_are() {
    let catalog = catalog();
    let there = |id: &str| catalog.get(id).is_some() || catalog.event(id).is_some();
    let named = migrate::n8n::services::named();
    assert!(named.len() >= 120, "{} rows", named.len());
    for id in &named {
        assert!(there(id), "{id}");
    }
    assert!(!there("slack.no_such_action"));
}

/// A workflow of n8n whose nodes follow one another.
fn chain(nodes: &[(&str, &str, f64, Value)]) -> String {
    let mut all = vec![
        json!({ "name": "Go", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "parameters": {} }),
    ];
    let mut connections = serde_json::Map::new();
    let mut before = "Go";
    for (name, form, version, params) in nodes {
        let form = format!("n8n-nodes-base.{form}");
        all.push(json!({ "name": name, "type": form, "typeVersion": version, "parameters": params }));
        connections
            .insert(before.into(), json!({ "main": [[{ "node": name, "type": "main", "index": 0 }]] }));
        before = name;
    }
    json!({ "name": "chain", "nodes": all, "connections": connections }).to_string()
}

#[test]
fn an_action_that_is_not_at_hand_is_told_and_one_that_is_becomes_a_step() {
    let all = catalog();
    let id = "html.extract";
    let without = Catalog::new(all.all_actions().into_iter().filter(|action| action.id != id).cloned());
    let page = Field::required("html", Type::String, "The page.");
    let fields = Field::required("fields", Type::AnyObject, "What is wanted.");
    let extract = Action {
        id: id.into(),
        about: "Take a page apart.".into(),
        safety: Safety::Read,
        input: vec![page, fields],
        output: Type::Any,
        trust: Trust::Untrusted,
    };
    let with = Catalog::new(without.all_actions().into_iter().cloned().chain([extract]));
    let text = chain(&[
        ("Page", "httpRequest", 4.2, json!({ "url": "https://example.com/" })),
        (
            "Title",
            "html",
            1.2,
            json!({ "operation": "extractHtmlContent", "extractionValues": { "values": [
            { "key": "title", "cssSelector": "h1" }, { "key": "links", "cssSelector": "a", "returnValue": "attribute", "attribute": "href", "returnArray": true } ] } }),
        ),
        (
            "Keep",
            "set",
            3.4,
            json!({ "assignments": { "assignments": [{ "id": "1", "name": "t", "value": "={{ $json.title }}", "type": "string" }] } }),
        ),
    ]);
    let found = migrate::n8n::import(&text, &with).unwrap();
    assert_eq!(found.verdict, Verdict::Whole, "{}", told(&found));
    assert!(found.workflows[0].text.contains("use: html.extract"), "{}", found.workflows[0].text);
    let lost = migrate::n8n::import(&text, &without).unwrap();
    assert_eq!((lost.verdict, lost.reasons().contains(&Kind::File)), (Verdict::InPart, true));
}

/// What a written statement of PostgreSQL becomes: its text and its values, or nothing where it is not carried over.
fn statement(query: &str, values: &str) -> Option<(String, Value)> {
    let params =
        json!({ "operation": "executeQuery", "query": query, "options": { "queryReplacement": values } });
    let found = migrate::n8n::import(&chain(&[("Ask", "postgres", 2.5, params)]), &catalog()).unwrap();
    let made = dsl::yaml::read_value(&found.workflows[0].text).unwrap().to_json();
    let with = &made["steps"]["ask"]["with"];
    with["sql"].as_str().map(|sql| (sql.to_owned(), with["params"].clone()))
}

#[test]
fn no_value_becomes_a_part_of_a_statement() {
    let hole = "{{ $json.name }}";
    for query in [
        format!("select * from {hole}"),
        format!("select * from a where b = {hole}"),
        format!("select * from a where b like '%{hole}%'"),
        format!("select \"{hole}\" from a"),
        format!("select * from a where b = '{hole}{hole}'"),
        format!("select * from a where b = '{hole}' order by {hole}"),
        format!("select * from a -- it's {hole}"),
        "select * from $1:name".to_owned(),
        "select * from a where b = '$1'".to_owned(),
        "select * from a where b = $2".to_owned(),
        "select 1; drop table a".to_owned(),
    ] {
        assert_eq!(statement(&query, "x"), None, "{query}");
    }
    // The control: where it can be nothing but a value, it is one.
    let (sql, params) = statement(&format!("select * from a where b = '{hole}' and c = $1"), "x").unwrap();
    assert_eq!(sql, "select * from a where b = $2 and c = $1");
    assert_eq!((&params[0], params.as_array().unwrap().len()), (&json!("x"), 2), "{params}");
    let (sql, params) =
        statement("select * from a where b = $1 and c::text = $2;", "={{ $json.a }}, y").unwrap();
    assert_eq!(sql, "select * from a where b = $1 and c::text = $2");
    assert_eq!(params[1], json!("y"));
}

#[test]
fn more_loops_than_are_read_leave_the_rest_of_the_file() {
    let names: Vec<String> = (0..120).map(|at| format!("Loop {at}")).collect();
    let nodes: Vec<(&str, &str, f64, Value)> =
        names.iter().map(|name| (&**name, "splitInBatches", 3.0, json!({}))).collect();
    let found = migrate::n8n::import(&chain(&nodes), &catalog()).unwrap();
    let lost = found.parts.iter().filter(|part| part.fate == Fate::Lost).count();
    assert_eq!((found.verdict, lost), (Verdict::InPart, 20));
    let few = migrate::n8n::import(&chain(&nodes[..100]), &catalog()).unwrap();
    assert!(few.parts.iter().all(|part| part.fate != Fate::Lost));
}

#[test]
fn ways_that_part_and_meet_again_and_again_have_an_end() {
    let mut nodes = vec![
        json!({ "name": "Go", "type": "n8n-nodes-base.webhook", "typeVersion": 2, "parameters": { "httpMethod": "POST" } }),
    ];
    let mut connections = serde_json::Map::new();
    let to = |name: &str| json!({ "node": name, "type": "main", "index": 0 });
    let mut before = "Go".to_owned();
    for at in 0..30 {
        let [choice, yes, no, both] = ["If", "Yes", "No", "Both"].map(|name| format!("{name} {at}"));
        let condition = json!({ "leftValue": "={{ $json.a }}", "rightValue": "x", "operator": { "type": "string", "operation": "equals" } });
        nodes.push(json!({ "name": choice, "type": "n8n-nodes-base.if", "typeVersion": 2,
            "parameters": { "conditions": { "combinator": "and", "conditions": [condition] } } }));
        for (name, value) in [(&yes, "1"), (&no, "2")] {
            let field = json!({ "id": "1", "name": format!("a{at}"), "value": value, "type": "string" });
            nodes.push(json!({ "name": name, "type": "n8n-nodes-base.set", "typeVersion": 3.4,
                "parameters": { "includeOtherFields": true, "assignments": { "assignments": [field] } } }));
            connections.insert(name.clone(), json!({ "main": [[to(&both)]] }));
        }
        nodes
            .push(json!({ "name": both, "type": "n8n-nodes-base.noOp", "typeVersion": 1, "parameters": {} }));
        connections.insert(before, json!({ "main": [[to(&choice)]] }));
        connections.insert(choice, json!({ "main": [[to(&yes)], [to(&no)]] }));
        before = both;
    }
    let text = json!({ "name": "diamonds", "nodes": nodes, "connections": connections }).to_string();
    let found = migrate::n8n::import(&text, &catalog()).unwrap();
    assert_ne!(found.verdict, Verdict::Whole);
    assert!(found.workflows[0].text.len() < 4 << 20, "{} bytes", found.workflows[0].text.len());
}

/// Chance that is the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most.max(1) as u64) as usize
    }
}

/// Texts that files could hold, and that have broken other readers.
const ODD: &[&str] = &[
    "={{ $json.",
    "={{ }}",
    "={{ $('nobody').item.json.x }}",
    "={{ (((((1)))))",
    "=}}{{",
    "{{#each x}}",
    "\\{{",
    "\u{0}",
    "\u{feff}",
    "${ .a | ",
    "${ [.[] | {a: .b}] }",
    "$json",
    "../../etc/passwd",
    "- a\n- b: {",
    "'\"`",
    "={{ `${` }}",
    "={{ $json['\u{1f600}'] }}",
    "yes",
    "={{ {...$json, a: [1,2,{b:null}]} }}",
    "1e400",
    "={{ /[/.test($json.x) }}",
    "name\nsteps: {}",
    "🎉",
    "={{ $now.minus(-1,'days') }}",
];

fn broken(value: &mut Value, chance: &mut Chance, depth: usize) {
    let deeper = depth < 12 && chance.below(10) > 0;
    match value {
        Value::Object(fields) if deeper && !fields.is_empty() => {
            let at = chance.below(fields.len());
            let key = fields.keys().nth(at).unwrap().clone();
            match chance.below(12) {
                0 => drop(fields.remove(&key)),
                1 => drop(fields.insert(ODD[chance.below(ODD.len())].into(), Value::Null)),
                _ => broken(&mut fields[&key], chance, depth + 1),
            }
        }
        Value::Array(items) if deeper && !items.is_empty() => {
            let at = chance.below(items.len());
            match chance.below(12) {
                0 => drop(items.remove(at)),
                1 => items.push(items[at].clone()),
                _ => broken(&mut items[at], chance, depth + 1),
            }
        }
        other => {
            *other = match chance.below(8) {
                0 => Value::Null,
                1 => json!([]),
                2 => json!({}),
                3 => json!(chance.below(1 << 40)),
                4 => json!(true),
                5 => json!(-0.5),
                _ => ODD[chance.below(ODD.len())].into(),
            };
        }
    }
}

/// Breaks each example again and again; gives how many files were read all the same.
fn hostile(dir: &str, ending: &str, reader: Reader, tries: usize) -> usize {
    let catalog = catalog();
    let sources: Vec<Value> = files(&here(dir), ending)
        .iter()
        .map(|path| {
            let text = fs::read_to_string(path).unwrap();
            dsl::yaml::read_value(&text)
                .map_or_else(|_| serde_json::from_str(&text).unwrap(), |value| value.to_json())
        })
        .collect();
    let mut chance = Chance(0x5eed_0001);
    let mut read = 0;
    for round in 0..tries {
        let mut value = sources[chance.below(sources.len())].clone();
        for _ in 0..=chance.below(4) {
            broken(&mut value, &mut chance, 0);
        }
        let mut text = value.to_string();
        if round % 10 == 0 {
            let cut = chance.below(text.len());
            text = text.chars().take(cut).collect();
        }
        let Ok(imported) = reader(&text, &catalog) else { continue };
        read += 1;
        for workflow in &imported.workflows {
            assert!(!has_errors(&workflow.text, &catalog), "round {round}: {text}\n{}", workflow.text);
            assert!(!workflow.name.contains(['/', '.', '\\']), "{}", workflow.name);
        }
    }
    read
}

#[test]
fn no_broken_file_breaks_the_import_or_passes_the_checker_by_accident() {
    let tries = std::env::var("KEYWAY_TRIES").ok().and_then(|tries| tries.parse().ok()).unwrap_or(1_000);
    let read = hostile("tests/n8n", ".json", migrate::n8n::import, tries)
        + hostile("tests/serverless", ".in.yaml", migrate::serverless::import, tries);
    assert!(read > tries, "{read} files of {} were read all the same", 2 * tries);
}

#[test]
fn what_is_too_long_or_something_else_is_refused() {
    let long = " ".repeat(migrate::MOST_BYTES + 1);
    assert_eq!(migrate::n8n::import(&long, &catalog()), Err(Refused::TooLong(long.len())));
    assert!(matches!(migrate::n8n::import("{", &catalog()), Err(Refused::Unreadable(_))));
    assert!(matches!(migrate::n8n::import("{\"nodes\": 1}", &catalog()), Err(Refused::Other(_))));
    assert!(matches!(migrate::serverless::import("name: a", &catalog()), Err(Refused::Other(_))));
    let many: Vec<Value> =
        (0..=migrate::MOST_NODES).map(|at| json!({ "name": at.to_string(), "type": "x" })).collect();
    let text = json!({ "nodes": many }).to_string();
    assert!(matches!(migrate::n8n::import(&text, &catalog()), Err(Refused::Other(_))));
}
