//! Settings: flags, environment, file, and what is found wrong.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;

use server::config::table::{env_template, toml_template};
use server::config::{Kind, SETTINGS};
use tests::keyway::{Answer, finish};
use tests::place::Place;

use super::{CANARY, get};

fn checked(place: &Place, text: &str) -> Answer {
    let file = place.file("keyway.toml", text);
    place.keyway.run(&["config", "check", &file, "--json"])
}

/// The complaints about a file, as `weight message help`.
fn complaints(place: &Place, text: &str) -> Vec<String> {
    let answer = checked(place, text);
    let told = answer.json();
    let told = told["problems"].as_array().unwrap().iter();
    let told: Vec<String> = told
        .map(|it| {
            let word = |name: &str| it[name].as_str().unwrap().to_owned();
            format!("{} {} => {}", word("weight"), word("message"), word("help"))
        })
        .collect();
    assert_eq!(answer.code, Some(i32::from(!told.is_empty())), "{told:?}");
    told
}

#[test]
fn each_fault_of_a_file_is_told_with_its_place_and_what_to_do() {
    let place = Place::new();
    let cases = [
        ("grace = \"10s\"\n", vec![]),
        ("gracce = \"10s\"\n", vec!["wrong there is no setting `gracce` => did you mean `grace`?"]),
        ("[http]\nlissten = \"127.0.0.1:1\"\n", vec!["did you mean `http.listen`?"]),
        ("listen = \"127.0.0.1:1\"\n", vec!["did you mean `http.listen`?"]),
        ("KEYWAY_LOG = \"info\"\n", vec!["did you mean `log.level`?"]),
        ("[htp]\nlisten = \"127.0.0.1:1\"\n", vec!["there is no setting `htp`"]),
        (
            "root_key = \"abc\"\n",
            vec!["it does not belong into a file of settings: give it as `KEYWAY_ROOT_KEY`"],
        ),
        ("grace = \"soon\"\n", vec!["`grace` is `soon`: it is not a duration"]),
        ("grace = 10\n", vec!["`grace` is `10`: it is not a duration"]),
        ("[calls]\nprocess = 0\n", vec!["nothing would ever be called"]),
        ("[calls]\nprocess = [1]\n", vec!["`calls.process` takes no value of this kind"]),
        ("[log]\nformat = \"xml\"\n", vec!["it is none of text, json"]),
        ("[log]\nlevel = \"loud\"\n", vec!["`loud` is no level"]),
        ("allow_private = \"yes\"\n", vec!["neither `true` nor `false`"]),
        ("grace = \n", vec!["the file is no TOML"]),
        ("[http]\noff = true\nlisten = \"127.0.0.1:1\"\n", vec!["what `http.off` leaves out"]),
        ("[http]\nlisten = \"0.0.0.0:1\"\n", vec!["wrong other machines reach 0.0.0.0:1"]),
        ("[metrics]\nlisten = \"0.0.0.0:1\"\n", vec!["wrong other machines reach 0.0.0.0:1"]),
        ("[metrics]\nlisten = \"127.0.0.1:7878\"\n", vec!["cannot both be told at 127.0.0.1:7878"]),
        ("workflows = \"/nowhere\"\n", vec!["`/nowhere` is not a directory"]),
        (
            "[http]\nallow_remote = true\nlisten = \"0.0.0.0:1\"\n",
            vec!["unsafe other machines reach it by its addresses"],
        ),
        (
            "allow_private = true\n[http]\nallow_remote = true\nlisten = \"0.0.0.0:1\"\nhosts = [\"a.example\"]\n",
            vec!["unsafe whoever may start runs from elsewhere reaches private addresses"],
        ),
        (
            "[http]\npublic_url = \"http://a.example\"\n",
            vec!["unsafe what is sent to webhooks goes over the network"],
        ),
        ("[http]\npublic_url = \"http://localhost:1\"\n", vec![]),
        (
            "[http]\nallow_remote = true\n[metrics]\nlisten = \"0.0.0.0:1\"\n",
            vec!["unsafe whoever reaches that address reads the names of workflows"],
        ),
        ("gracce = 1\n[calls]\nowner = 0\n", vec!["there is no setting `gracce`", "`calls.owner` is `0`"]),
    ];
    for (text, expected) in cases {
        let found = complaints(&place, text);
        assert_eq!(found.len(), expected.len(), "{text}{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{text}{found} does not tell: {expected}");
        }
    }
    let placed = checked(&place, "grace = \"1s\"\n\n[calls]\nowner = 0\n").json();
    assert!(placed["problems"][0]["place"].as_str().unwrap().ends_with("keyway.toml:4"), "{placed}");
    std::fs::set_permissions(place.path("keyway.toml"), std::fs::Permissions::from_mode(0o666)).unwrap();
    let writable = place.keyway.run(&["config", "check", &place.path("keyway.toml").display().to_string()]);
    assert!(writable.stdout.contains("others may change the file of settings"), "{writable:?}");
}

#[test]
fn a_flag_comes_before_the_environment_that_before_the_file_and_a_root_key_is_shown_as_stars() {
    let place = Place::new();
    let file = place.file("keyway.toml", "grace = \"1s\"\nkeep = \"30d\"\n[calls]\nowner = 7\n");
    let mut command = place.keyway.command(&["config", "show", &file]);
    command
        .env("KEYWAY_GRACE", "2s")
        .env("KEYWAY_ROOT_KEY", CANARY)
        .env("KEYWAY_HOSTS", "a.example, b.example");
    let shown = finish(command);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let line = |key: &str| {
        let line = shown.stdout.lines().find(|line| line.split_whitespace().next() == Some(key));
        line.unwrap_or_else(|| panic!("{key}: {shown:?}")).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("grace"), "grace 2s KEYWAY_GRACE");
    assert!(line("keep").starts_with("keep 30d") && line("keep").ends_with("keyway.toml:2"));
    assert!(line("calls.owner").starts_with("calls.owner 7"));
    assert_eq!(line("calls.process"), "calls.process 1024 default");
    assert_eq!(line("http.hosts"), "http.hosts a.example, b.example KEYWAY_HOSTS");
    assert_eq!(line("KEYWAY_ROOT_KEY"), "KEYWAY_ROOT_KEY *** environment");
    assert!(!shown.stdout.contains(CANARY) && !shown.stderr.contains(CANARY));
}

#[test]
fn a_service_takes_its_settings_from_the_file_and_refuses_one_that_is_wrong() {
    let place = Place::new();
    let data = place.path("elsewhere");
    let text = format!(
        "data = \"{}\"\n[http]\nlisten = \"127.0.0.1:0\"\n[metrics]\nlisten = \"127.0.0.1:0\"\n",
        data.display()
    );
    let file = place.file("keyway.toml", &text);
    // The usual helper names a data directory; here the file does.
    let mut command = place.keyway.command(&["config", "check"]);
    let program = command.get_program().to_owned();
    command = std::process::Command::new(program);
    command.args(["serve", "--config", &file]).env("XDG_CONFIG_HOME", place.keyway.config());
    command.stdin(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
    let mut service = command.spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(service.stderr.take().unwrap()));
    let metrics = lines.find_map(|line| Some(line.ok()?.split_once("metrics at http://")?.1.to_owned()));
    let metrics = metrics.unwrap().trim_end_matches("/metrics").parse().unwrap();
    assert_eq!(get(metrics, "/healthz").0, 200);
    service.kill().unwrap();
    service.wait().unwrap();
    assert!(data.join("keyway.db").exists());
    let wrong = place.file("wrong.toml", "gracce = \"1s\"\n");
    let refused = place.keyway.run(&["serve", "--config", &wrong]);
    assert_eq!(refused.faults_as_refusal(1), Vec::<String>::new(), "{refused:?}");
    assert!(refused.stderr.contains("did you mean `grace`?"), "{refused:?}");
    let missing = place.keyway.run(&["serve", "--config", "/nowhere/keyway.toml"]);
    assert_eq!(missing.faults_as_refusal(2), Vec::<String>::new(), "{missing:?}");
}

#[test]
fn every_setting_is_a_flag_a_variable_and_a_key_and_the_templates_hold_each_once() {
    let place = Place::new();
    let help = place.keyway.run(&["serve", "--help"]).stdout;
    let mut keys = BTreeSet::new();
    for setting in SETTINGS {
        assert!(help.contains(&format!("--{}", setting.flag)), "{} is no flag\n{help}", setting.flag);
        assert!(keys.insert(setting.key) && setting.variable.starts_with("KEYWAY_"));
        for value in setting.usual.iter().chain([&setting.example]) {
            assert_eq!(setting.kind.check(value), Ok(()), "{}", setting.key);
        }
        let line = format!("# {}=", setting.variable);
        assert_eq!(env_template().lines().filter(|it| it.starts_with(&line)).count(), 1, "{line}");
        assert!(setting.kind != Kind::Switch || setting.usual == Some("false"), "{}", setting.key);
    }
    // The template is a file without complaints, as it is and with everything in it said.
    let said = toml_template()
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|it| it.contains(" = ")).unwrap_or(line).to_owned() + "\n")
        .collect::<String>();
    let said = said.replace("/etc/keyway/workflows", &place.folder.path().display().to_string());
    assert_eq!(complaints(&place, &toml_template()), Vec::<String>::new());
    assert_eq!(complaints(&place, &said), Vec::<String>::new(), "{said}");
    let file = place.file("all.toml", &said);
    let shown = place.keyway.run(&["config", "show", &file, "--json"]).json();
    let from_file = shown["settings"].as_array().unwrap().iter();
    let from_file = from_file.filter(|it| it["from"].as_str().unwrap().contains("all.toml")).count();
    assert_eq!(from_file, SETTINGS.len(), "{shown}");
}
