//! The files to deploy with: every flag, setting, variable and metric that they name is one, and what tools can look through
//! of them they do.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use server::config::table::OUTSIDE;
use server::config::{Flags, SETTINGS, read};
use server::metrics::{METRICS, Type};
use tests::place::Place;

fn folder() -> PathBuf {
    tests::root().join("docs/operations")
}

/// All files below the folder, with their texts.
fn files() -> Vec<(PathBuf, String)> {
    let mut found = vec![];
    let mut folders = vec![folder()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path => {
                    let text = std::fs::read_to_string(&path).unwrap();
                    found.push((path, text));
                }
            }
        }
    }
    found.sort();
    assert!(found.len() >= 15, "{found:?}");
    found
}

/// The words of a text that begin so and go on with letters of names.
fn words<'a>(text: &'a str, prefix: &str, more: &str) -> BTreeSet<&'a str> {
    let is_of = |letter: char| letter.is_ascii_alphanumeric() || more.contains(letter);
    text.match_indices(prefix)
        .filter(|(at, _)| !text[..*at].ends_with(is_of))
        .map(|(at, _)| {
            let rest = &text[at..];
            &rest[..rest.find(|letter| !is_of(letter)).unwrap_or(rest.len())]
        })
        .collect()
}

/// What a text names that there is not.
fn unknown(text: &str, flags: &BTreeSet<String>) -> Vec<String> {
    let mut found = vec![];
    let variables: BTreeSet<&str> =
        SETTINGS.iter().map(|it| it.variable).chain(OUTSIDE.iter().map(|it| it.name)).collect();
    for name in words(text, "KEYWAY_", "_") {
        if !variables.contains(name) {
            found.push(format!("there is no variable {name}"));
        }
    }
    for name in words(text, "keyway_", "_").into_iter().chain(words(text, "process_", "_")) {
        let parts = ["_bucket", "_sum", "_count"];
        let is_one = METRICS.iter().any(|metric| {
            metric.name == name
                || metric.kind == Type::Histogram
                    && parts.iter().any(|part| name.strip_suffix(part) == Some(metric.name))
        });
        if !is_one {
            found.push(format!("there is no metric {name}"));
        }
    }
    for line in text.lines().filter(|line| line.contains("keyway ")) {
        for flag in words(line, "--", "-") {
            if flag.len() > 2 && !flags.contains(flag) && !OTHERS.contains(&flag) {
                found.push(format!("there is no flag {flag}: {line}"));
            }
        }
    }
    found
}

/// Flags of other programs that stand in lines with `keyway`.
const OTHERS: [&str; 10] = [
    "--chown",
    "--from",
    "--home-dir",
    "--interval",
    "--package",
    "--recursive",
    "--release",
    "--shell",
    "--start-period",
    "--system",
];

/// All flags of all commands that the pages may name.
fn flags() -> BTreeSet<String> {
    let place = Place::new();
    let commands: &[&[&str]] = &[
        &["serve"],
        &["doctor"],
        &["config", "check"],
        &["config", "show"],
        &["config", "template"],
        &["backup"],
        &["backup", "verify"],
        &["restore"],
        &["clean"],
        &["vault", "root-key", "export"],
        &["vault", "status"],
        &["token", "add"],
        &["run"],
        &["schedules"],
        &["audit"],
        &["usage"],
        &["tier", "set"],
        &["owner", "tier"],
        &["budget", "set"],
    ];
    let mut flags = BTreeSet::new();
    for command in commands {
        let arguments: Vec<&str> = command.iter().chain(&["--help"]).copied().collect();
        let mut asked = place.keyway.command::<&str>(&[]);
        asked.args(&arguments);
        let help = tests::keyway::finish(asked);
        assert_eq!(help.code, Some(0), "{command:?}: {help:?}");
        flags.extend(words(&help.stdout, "--", "-").into_iter().map(str::to_owned));
    }
    flags
}

#[test]
fn everything_that_the_files_name_there_is() {
    let flags = flags();
    for (path, text) in files() {
        assert_eq!(unknown(&text, &flags), Vec::<String>::new(), "{}", path.display());
    }
}

#[test]
fn a_name_that_there_is_not_is_seen() {
    let flags = BTreeSet::from(["--listen".to_owned()]);
    let right = "keyway serve --listen x\nKEYWAY_LISTEN\nkeyway_late keyway_run_duration_seconds_bucket";
    assert_eq!(unknown(right, &flags), Vec::<String>::new());
    for (from, to) in [
        ("--listen x", "--listn x"),
        ("KEYWAY_LISTEN", "KEYWAY_LISTN"),
        ("keyway_late", "keyway_lte"),
        ("keyway_late", "keyway_late_bucket"),
        ("seconds_bucket", "seconds_buckets"),
    ] {
        assert_eq!(unknown(&right.replace(from, to), &flags).len(), 1, "{to}");
    }
}

#[test]
fn the_settings_within_the_manifests_are_right() {
    let place = Place::new();
    let manifests = std::fs::read_to_string(folder().join("kubernetes.yaml")).unwrap();
    let block = manifests.split_once("keyway.toml: |\n").unwrap().1;
    let block: String = block
        .lines()
        .map_while(|line| line.strip_prefix("    "))
        .map(|line| line.to_owned() + "\n")
        .collect();
    let file = place.file("keyway.toml", &block);
    let config = read(&Flags::new(), &|_| None, (Some(Path::new(&file)), None)).unwrap();
    let wrong: Vec<_> = config.problems.iter().filter(|it| it.weight.name() == "wrong").collect();
    assert!(wrong.is_empty() && block.lines().count() > 5, "{wrong:?}\n{block}");
    assert_eq!(config.value("metrics.listen").as_deref(), Some("0.0.0.0:9464"));
    // One process writes a data directory.
    assert!(manifests.contains("replicas: 1\n"));
}

#[test]
fn the_dashboard_is_json_and_every_panel_asks_something() {
    let text = std::fs::read_to_string(folder().join("dashboard.json")).unwrap();
    let board: Value = serde_json::from_str(&text).unwrap();
    let panels = board["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row");
    let asked: Vec<&str> = panels
        .flat_map(|panel| panel["targets"].as_array().unwrap())
        .map(|it| it["expr"].as_str().unwrap())
        .collect();
    assert!(
        asked.len() >= 20
            && asked
                .iter()
                .all(|expr| !words(expr, "keyway_", "_").is_empty()
                    || !words(expr, "process_", "_").is_empty())
    );
}

/// Lets a tool judge, where it is there.
fn judged(program: &str, arguments: &[&str]) -> Option<String> {
    let Ok(output) = Command::new(program).args(arguments).current_dir(folder()).output() else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI has no `{program}`");
        println!("SKIPPED: there is no `{program}`");
        return None;
    };
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{program} {}: {said}", arguments.join(" "));
    (!output.status.success()).then_some(said)
}

#[test]
fn promtool_takes_the_rules_and_plays_their_tests() {
    let promtool = std::env::var("KEYWAY_PROMTOOL").unwrap_or_else(|_| "promtool".into());
    assert_eq!(judged(&promtool, &["check", "rules", "rules.yaml"]), None);
    assert_eq!(judged(&promtool, &["test", "rules", "rules.test.yaml"]), None);
}

#[test]
fn systemd_takes_the_units() {
    for unit in ["systemd/keyway.service", "systemd/keyway-backup.service", "systemd/keyway-backup.timer"] {
        let said = judged("systemd-analyze", &["verify", &format!("./{unit}")]).unwrap_or_default();
        // The binary need not be installed where this is tested.
        let wrong: Vec<&str> = said.lines().filter(|line| !line.contains("is not executable")).collect();
        assert!(wrong.is_empty(), "{unit}: {wrong:?}");
    }
}

/// The schemas of Kubernetes itself, of the version that the tool was made for: `kubernetes-validate` of PyPI.
#[test]
fn a_validator_of_others_takes_the_manifests_of_the_cluster() {
    let Some(tool) = tests::tool::installed("api/bin/kubernetes-validate") else { return };
    let tool = tool.display().to_string();
    // What it does not know is an error to it: a name that is mistyped would be left out without a word.
    assert_eq!(judged(&tool, &["--strict", "kubernetes.yaml"]), None);
    let place = Place::new();
    let right = std::fs::read_to_string(folder().join("kubernetes.yaml")).unwrap();
    for (from, to) in [
        ("replicas: 1", "replicas: one"),
        ("runAsNonRoot: true", "runAsNoRoot: true"),
        ("containerPort: 9464", "containerPort: metrics"),
    ] {
        let wrong = right.replace(from, to);
        assert_ne!(wrong, right, "{from}");
        let said = judged(&tool, &["--strict", &place.file("wrong.yaml", &wrong)]).unwrap_or_default();
        assert!(said.contains("ERROR"), "{to} is not seen: {said}");
    }
}
