//! What the command line says of itself: `help`, topics, completions, manual pages; and that pages name what there is.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use tests::keyway::{Answer, Keyway, finish};

fn run(arguments: &[&str]) -> Answer {
    Keyway::at("/nonexistent").run(arguments)
}

/// The commands in a help text, with their sentences.
fn commands(help: &str) -> BTreeMap<String, String> {
    let list =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut last = String::new();
    for line in list {
        match line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')) {
            Some(rest) => {
                let (name, about) = rest.split_once(' ').unwrap_or((rest, ""));
                last = name.to_owned();
                found.insert(last.clone(), about.trim().to_owned());
            }
            None => found.get_mut(&last).unwrap().push_str(line.trim()),
        }
    }
    found
}

/// The topics at the end of the list of commands.
fn topics(help: &str) -> Vec<String> {
    let rest = help.split_once("Topics: ").unwrap().1.split_once('.').unwrap().0;
    rest.split(',').map(|name| name.trim().to_owned()).collect()
}

#[test]
fn each_topic_is_shown_and_none_is_called_like_a_command() {
    let all = run(&["--help"]).stdout;
    let (commands, topics) = (commands(&all), topics(&all));
    assert!(commands.len() > 50 && topics.len() >= 10, "{commands:?} {topics:?}");
    assert_eq!(run(&["help"]).stdout, all);
    let mut shown = BTreeSet::new();
    for topic in &topics {
        assert!(!commands.contains_key(topic), "`{topic}` is a command");
        let said = run(&["help", topic]);
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(
            said.stdout.lines().count() > 5 && !said.stdout.contains("```") && !said.stdout.contains("]("),
            "{}",
            said.stdout
        );
        assert!(!said.stdout.contains("| ---"), "{}", said.stdout);
        assert!(shown.insert(said.stdout));
    }
    let near = run(&["help", "expresions"]);
    assert_eq!((near.code, near.stderr.contains("did you mean `expressions`?")), (Some(1), true), "{near:?}");
    assert_eq!(run(&["help", "vault", "nothing"]).code, Some(1));
}

#[test]
fn help_of_a_command_is_what_its_flag_shows() {
    for command in
        [&["check"][..], &["run"], &["serve"], &["connector", "import"], &["keys", "add"], &["lsp"]]
    {
        let by_flag = run(&[command, &["--help"]].concat());
        let by_name = run(&[&["help"][..], command].concat());
        assert_eq!((by_name.code, &by_name.stdout), (Some(0), &by_flag.stdout));
        assert!(
            by_name.stdout.contains(&format!("Usage: keyway {}", command.join(" "))),
            "{}",
            by_name.stdout
        );
    }
}

#[test]
fn every_command_and_flag_has_a_sentence() {
    let script = run(&["completions", "fish"]).stdout;
    let lines: Vec<&str> = script.lines().filter(|line| line.starts_with("complete -c keyway")).collect();
    assert!(lines.len() > 300, "{}", lines.len());
    let silent: Vec<&&str> = lines.iter().filter(|line| !line.contains(" -d '")).collect();
    assert!(silent.is_empty(), "{silent:#?}");
    // One line of a list is a sentence that suffices: it begins large and does not end in a full stop.
    for (name, about) in commands(&run(&["--help"]).stdout) {
        assert!(about.starts_with(char::is_uppercase) && !about.ends_with('.'), "{name}: {about}");
    }
}

#[test]
fn completions_are_scripts_that_complete() {
    for (shell, sign) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef keyway"),
        ("fish", "complete -c keyway"),
        ("elvish", "edit:"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let script = run(&["completions", shell]);
        assert_eq!(script.code, Some(0));
        assert!(script.stdout.contains(sign) && script.stdout.contains("explain-run"), "{shell}");
    }
    assert_eq!(run(&["completions", "cmd"]).code, Some(2));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyway.bash");
    std::fs::write(&path, run(&["completions", "bash"]).stdout).unwrap();
    let complete = |words: &str| {
        let script = format!(
            "source {}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _keyway keyway \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; echo \"${{COMPREPLY[*]}}\"",
            path.display()
        );
        let mut bash = Command::new("bash");
        bash.args(["-c", &script]);
        let said = finish(bash);
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
        said.stdout.trim().to_owned()
    };
    assert_eq!(complete("keyway che"), "check");
    assert_eq!(complete("keyway check --fo"), "--format");
    assert_eq!(complete("keyway check --format s"), "sarif");
    assert_eq!(complete("keyway nothing-like-it"), "");
}

#[test]
fn each_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("man1");
    let said = run(&["man", &there.display().to_string()]);
    assert_eq!(said.code, Some(0), "{said:?}");
    for name in commands(&run(&["--help"]).stdout).keys() {
        let page = std::fs::read_to_string(there.join(format!("keyway-{name}.1"))).unwrap();
        assert!(page.contains(".TH") && page.contains(".SH NAME") && page.contains(".SH SYNOPSIS"), "{name}");
    }
    assert!(there.join("keyway.1").exists() && there.join("keyway-vault-rotate.1").exists());
    let nowhere = run(&["man", "/dev/null/x"]);
    assert_eq!(nowhere.faults_as_refusal(2), Vec::<String>::new());
}

/// Commands and flags in the code of a page that there are not; `help` gives the help of a command.
fn strangers(page: &str, help: &mut dyn FnMut(&[&str]) -> Option<String>) -> Vec<String> {
    let spans = page.split('`').skip(1).step_by(2);
    let lines = page.lines().filter(|line| line.starts_with("keyway ") || line.starts_with("$ keyway "));
    let mut found = vec![];
    for code in spans.chain(lines).filter_map(|code| code.trim_start_matches("$ ").strip_prefix("keyway ")) {
        let code = code.split(" #").next().unwrap().split(" > ").next().unwrap();
        let words: Vec<&str> = code.split_whitespace().collect();
        let named = |word: &&&str| {
            word.chars().all(|char| char.is_ascii_lowercase() || char == '-') && !word.starts_with('-')
        };
        let path: Vec<&str> = words.iter().take_while(named).copied().collect();
        // As many of the words as name commands.
        let known = (1..=path.len()).rev().find_map(|end| help(&path[..end]));
        let Some(known) = known else {
            found.push(format!("keyway {code}"));
            continue;
        };
        let flags = words.iter().filter(|word| word.starts_with("--") && word.len() > 2);
        found.extend(
            flags.filter(|flag| !known.contains(**flag)).map(|flag| format!("keyway {code}: {flag}")),
        );
    }
    found
}

#[test]
fn the_cheat_sheet_and_the_page_of_editors_name_commands_and_flags_that_there_are() {
    let mut known: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut help = |path: &[&str]| {
        let said = known.entry(path.join(" ")).or_insert_with(|| {
            let said = run(&[&["help"][..], path].concat());
            (said.code == Some(0)).then_some(said.stdout)
        });
        said.clone()
    };
    for page in ["cheatsheet.md", "editors.md"] {
        let text = std::fs::read_to_string(tests::root().join("docs").join(page)).unwrap();
        assert_eq!(strangers(&text, &mut help), Vec::<String>::new(), "{page}");
    }
    let wrong = "Use `keyway chekc FILE` or `keyway check --fxi FILE`.\n$ keyway run --inputt a\n";
    assert_eq!(strangers(wrong, &mut help).len(), 3);
}
