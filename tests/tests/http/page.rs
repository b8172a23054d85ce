//! What the page about HTTP shows is so: its commands are run, its answers compared, its tables with those of the code.

use std::process::{Command, Stdio};

use serde_json::Value;
use tests::keyway::{Keyway, binary, wait};
use tests::markdown::{Block, blocks};

fn page() -> String {
    std::fs::read_to_string(tests::root().join("docs/http.md")).expect("the page about HTTP")
}

/// Where an answer is not what the page says; `…` stands for anything.
fn differences(at: &str, said: &Value, found: &Value) -> Vec<String> {
    match (said, found) {
        (Value::String(text), _) if text == "…" => vec![],
        (Value::Object(said), Value::Object(found)) if said.keys().eq(found.keys()) => said
            .iter()
            .flat_map(|(key, said)| differences(&format!("{at}.{key}"), said, &found[key]))
            .collect(),
        (Value::Array(said), Value::Array(found)) if said.len() == found.len() => {
            said.iter().zip(found).flat_map(|(said, found)| differences(at, said, found)).collect()
        }
        _ if said == found => vec![],
        _ => vec![format!("{at}: {found} instead of {said}")],
    }
}

#[test]
fn the_commands_of_the_page_answer_as_it_says() {
    let folder = tempfile::tempdir().expect("a folder");
    // The page names no data directory: it means the usual one.
    let home = folder.path().join("home");
    let keyway = Keyway::at(home.join("share/keyway"));
    let page = page();
    let shown = blocks(&page);
    let workflow = shown.iter().find(|block| block.is("yaml")).expect("a workflow");
    std::fs::write(folder.path().join("greet.yaml"), &workflow.text).expect("a file in a folder of ours");
    let mut service = keyway.spawn(&["serve", "--listen", "127.0.0.1:0"]);
    let mut lines =
        std::io::BufRead::lines(std::io::BufReader::new(service.stderr.take().expect("it is piped")));
    let address = lines.find_map(|line| line.ok()?.split_once("listening at ").map(|(_, it)| it.to_owned()));
    let address = address.expect("it says where it listens");
    let commands: Vec<&Block> = shown.iter().filter(|block| block.is("sh")).collect();
    let script: String = commands.iter().map(|block| format!("{}\necho; echo ----\n", block.text)).collect();
    let mut shell = Command::new("sh");
    shell.args(["-eu", "-c", &script.replace("http://127.0.0.1:7878", &address)]).current_dir(folder.path());
    let path = format!(
        "{}:{}",
        binary().parent().expect("a folder").display(),
        std::env::var("PATH").unwrap_or_default()
    );
    shell.env("PATH", path).env("HOME", &home).env("XDG_DATA_HOME", home.join("share"));
    shell.env("XDG_CONFIG_HOME", home.join("config")).stdin(Stdio::null());
    let answer = wait(shell.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a shell"));
    service.kill().expect("it runs");
    service.wait().expect("it ends");
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let said: Vec<&str> = answer.stdout.split("----\n").collect();
    let mut compared = 0;
    for (block, said) in commands.iter().zip(said) {
        let next = shown.iter().find(|other| other.line > block.line).filter(|other| other.is("json"));
        let Some(next) = next else { continue };
        let expected: Value = serde_json::from_str(&next.text).expect("the page shows JSON");
        let found: Value = serde_json::from_str(said).unwrap_or_else(|error| panic!("{error}: {said}"));
        assert_eq!(differences("", &expected, &found), Vec::<String>::new(), "line {}", block.line);
        compared += 1;
    }
    assert!(compared >= 5, "only {compared} answers were compared");
}

#[test]
fn a_difference_is_seen() {
    let said = serde_json::json!({ "a": "…", "b": [1, 2] });
    let same = |found: Value| differences("", &said, &found).is_empty();
    assert!(same(serde_json::json!({ "a": 5, "b": [1, 2] })));
    assert!(!same(serde_json::json!({ "a": 5, "b": [1, 3] })));
    assert!(!same(serde_json::json!({ "a": 5, "b": [1] })));
    assert!(!same(serde_json::json!({ "b": [1, 2] })));
}
