//! `keyway check --fix` and `keyway explain` as they are used.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use tests::keyway::Keyway;

const WRONG: &str = "name: x   # a name\r\nsteps:\r\n  get:\r\n    # from the service\r\n    \
    http: { ulr: 'https://example.com/a' }\r\n\r\n  say: { set: { text: \"{{ steps.gte.body }}\" } }\r\n\
    output: '{{ stesp.say }}'\r\n";

fn place() -> (tempfile::TempDir, Keyway) {
    let folder = tempfile::tempdir().expect("a folder");
    let keyway = Keyway::at(folder.path().join("data"));
    (folder, keyway)
}

#[test]
fn fixes_are_applied_and_the_rest_stays_byte_for_byte() {
    let (folder, keyway) = place();
    let file = folder.path().join("a.yaml");
    let link = folder.path().join("link.yaml");
    fs::write(&file, WRONG).expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("permissions");
    symlink(&file, &link).expect("a link");
    let answer = keyway.run(&["check", "--fix", &link.display().to_string()]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let wanted = WRONG.replace("ulr", "url").replace("gte", "get").replace("stesp", "steps");
    assert_eq!(fs::read_to_string(&file).expect("a file"), wanted);
    assert_eq!(fs::metadata(&file).expect("a file").mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(&link).expect("a link").is_symlink());
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2, "nothing is left behind");
    for (line, title) in [(5, "write `url`"), (7, "write `get`"), (8, "write `steps`")] {
        assert!(answer.stderr.contains(&format!("link.yaml:{line} ")), "{}", answer.stderr);
        assert!(answer.stderr.contains(title), "{}", answer.stderr);
    }
    // Without a problem nothing is written.
    let before = fs::metadata(&file).expect("a file").ino();
    assert_eq!(keyway.run(&["check", "--fix", &file.display().to_string()]).code, Some(0));
    assert_eq!(fs::metadata(&file).expect("a file").ino(), before);
}

#[test]
fn what_needs_a_choice_is_left_and_told() {
    let (folder, keyway) = place();
    let file = folder.path().join("a.yaml");
    fs::write(
        &file,
        "name: x\nsteps: { a: { set: { n: \"{{ nothing_like_it }}\" } } }\noutput: '{{ stesp.a }}'\n",
    )
    .expect("a file");
    let answer = keyway.run(&["check", "--fix", "--json", &file.display().to_string()]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert_eq!(answer.json()["errors"], 1);
    assert!(fs::read_to_string(&file).expect("a file").contains("{{ steps.a }}"));
}

#[test]
fn a_file_that_cannot_be_written_is_told() {
    let (folder, keyway) = place();
    let answer = keyway.run(&["check", "--fix", &folder.path().join("no.yaml").display().to_string()]);
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(answer.stderr.contains("no.yaml"), "{}", answer.stderr);
}

#[test]
fn codes_verbs_and_functions_are_explained() {
    let (_folder, keyway) = place();
    for (name, wanted) in [("kw0102", "an unknown step"), ("for_each", "parallel"), ("group_by", "gives")] {
        let answer = keyway.run(&["explain", name]);
        assert_eq!(answer.code, Some(0), "{answer:?}");
        assert!(answer.stdout.contains(wanted), "{}", answer.stdout);
    }
    let all = keyway.run(&["explain"]).stdout;
    assert!(all.lines().count() >= dsl::codes::Code::ALL.len(), "{all}");
    let unknown = keyway.run(&["explain", "for_eahc"]);
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.stderr.contains("did you mean `for_each`?"), "{}", unknown.stderr);
}

#[test]
fn sarif_names_rules_places_and_fixes() {
    let (folder, keyway) = place();
    let file = folder.path().join("a b.yaml");
    fs::write(&file, WRONG).expect("a file");
    let answer = keyway.run(&["check", "--format", "sarif", &file.display().to_string()]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    let run = &answer.json()["runs"][0];
    let results = run["results"].as_array().expect("a list");
    assert_eq!(results.len(), 3, "{results:?}");
    let rules = run["tool"]["driver"]["rules"].as_array().expect("a list");
    for result in results {
        let at = result["ruleIndex"].as_u64().expect("a number") as usize;
        assert_eq!(rules[at]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["artifactLocation"]["uri"].as_str().expect("text").ends_with("a%20b.yaml"));
        let replaced = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
        assert_eq!(replaced["deletedRegion"], place["region"]);
    }
}
