//! Backups: whole while runs go on, restored elsewhere, never half there; without the root key nothing opens.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tests::canary::Canary;
use tests::faults::{Fault, Kinds, Page, Span, available};
use tests::keyway::{Answer, Keyway, finish, wait};

/// Two data directories: one that is used, and one that a backup is restored into.
struct Places {
    folder: TempDir,
    used: Keyway,
    fresh: Keyway,
}

impl Places {
    fn new() -> Places {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| Keyway::at(folder.path().join(name));
        Places { used: at("used"), fresh: at("fresh"), folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).expect("a file in a folder of ours");
        self.path(name)
    }
}

fn done(answer: Answer) -> Answer {
    assert_eq!(answer.code, Some(0), "{answer:?}");
    answer
}

fn refused(answer: &Answer, code: i32, told: &str) {
    assert_eq!(answer.faults_as_refusal(code), Vec::<String>::new(), "{answer:?}");
    assert!(answer.stderr.contains(told), "{told}: {answer:?}");
}

const SMALL: &str = "name: small\nsteps:\n  a: { set: { x: 1 } }\noutput: { x: \"{{ steps.a.x }}\" }\n";

/// It takes some seconds, and writes all the time.
const LONG: &str = "name: long\nsteps:\n  all:\n    repeat: 60\n    every: 50ms\n    steps:\n      a: { set: { x: 1 } }\n\
                    output: { x: \"{{ steps.all.a.x }}\" }\n";

/// A data directory with an ended run and a secret, and a backup of it.
fn backed_up(places: &Places, value: &str) -> String {
    done(places.used.run(&["run", &places.file("small.yaml", SMALL)]));
    done(places.used.run_with(&["secrets", "add", "CRM", "--host", "a.example", "--stdin"], value));
    let backup = places.path("backup");
    done(places.used.run(&["backup", &backup]));
    backup
}

#[test]
fn a_backup_is_made_while_runs_go_on_and_restored_elsewhere() {
    let places = Places::new();
    done(places.used.run(&["run", &places.file("small.yaml", SMALL)]));
    let running = places.used.spawn(&["run", &places.file("long.yaml", LONG), "--json"]);
    let backups: Vec<String> = (0..8).map(|n| places.path(&format!("backup{n}"))).collect();
    backups.iter().for_each(|backup| drop(done(places.used.run(&["backup", backup]))));
    let (mut rows, mut under_way) = (vec![], vec![]);
    for backup in &backups {
        let checked = done(places.used.run(&["backup", "verify", backup, "--json"])).json();
        assert_eq!(checked["vault"], "empty", "{checked}");
        rows.push(checked["rows"].as_u64().expect("a number"));
        under_way.extend((checked["unfinished"] == 1).then_some(backup));
    }
    assert!(rows.is_sorted() && rows[0] < rows[7], "the run went on meanwhile: {rows:?}");
    done(wait(running));
    // Taken up where the backup was made, it comes to the same end.
    let restored = done(places.fresh.run(&["restore", under_way.first().expect("it went on meanwhile")]));
    assert!(restored.stderr.contains("2 runs (1 not ended)"), "{restored:?}");
    done(places.fresh.run(&["resume"]));
    let runs = |keyway: &Keyway| {
        let list = done(keyway.run(&["runs", "--json"])).json();
        let runs = list.as_array().expect("a list");
        runs.iter().map(|run| format!("{} {}", run["id"], run["status"])).collect::<Vec<_>>()
    };
    assert_eq!(runs(&places.fresh), runs(&places.used));
}

#[test]
fn a_backup_tells_no_secret_and_opens_with_its_root_key_alone() {
    use std::os::unix::fs::MetadataExt;
    let places = Places::new();
    let canary = Canary::new("backup");
    let backup = backed_up(&places, &canary.value);
    assert_eq!(std::fs::metadata(&backup).expect("it is there").mode() & 0o777, 0o600);
    let bytes = std::fs::read(&backup).expect("it can be read");
    assert_eq!(canary.in_bytes(Path::new(&backup), &bytes), []);
    let opened = |keyway: &Keyway| done(keyway.run(&["backup", "verify", &backup, "--json"])).json();
    assert_eq!(opened(&places.used)["secrets"], 1);
    assert_eq!(opened(&places.fresh)["vault"], "shut");
    let restored = done(places.fresh.run(&["restore", &backup]));
    assert!(restored.stderr.contains("its secrets do not open here"), "{restored:?}");
    refused(&places.fresh.run(&["vault", "verify"]), 2, "there is no root key at");
    // The key comes on its own way, and then everything opens.
    let key = places.path("root.key");
    done(places.used.run(&["vault", "root-key", "export", "--to", &key]));
    assert_eq!(std::fs::metadata(&key).expect("it is there").mode() & 0o777, 0o600);
    let audit = done(places.used.run(&["audit", "--json"])).json();
    let last = audit.as_array().and_then(|rows| rows.last()).expect("a row");
    assert_eq!((&last["action"], &last["detail"]), (&"root_exported".into(), &key.as_str().into()));
    let mut verify = places.fresh.command(&["vault", "verify", "--json"]);
    verify.env("KEYWAY_ROOT_KEY_FILE", &key);
    let verified = done(finish(verify)).json();
    assert_eq!((&verified["secrets"], &verified["wrong"]), (&1.into(), &serde_json::json!([])));
    let (files, traces) = canary.in_folder(places.folder.path());
    assert!(files > 5 && traces.is_empty(), "{traces:?}");
    // Once only, never beside what it opens, and not while the vault is sealed.
    refused(&places.used.run(&["vault", "root-key", "export", "--to", &key]), 2, "cannot be used");
    let inside = places.used.data.join("root.key").display().to_string();
    refused(
        &places.used.run(&["vault", "root-key", "export", "--to", &inside]),
        2,
        "within the data directory",
    );
    done(places.used.run(&["vault", "seal"]));
    refused(&places.used.run(&["vault", "root-key", "export", "--to", &places.path("b")]), 2, "sealed");
    assert!(!Path::new(&inside).exists() && !Path::new(&places.path("b")).exists());
}

#[test]
fn nothing_is_lost_by_restoring() {
    let places = Places::new();
    let backup = backed_up(&places, "old-value");
    done(places.used.run_with(&["secrets", "add", "LATER", "--stdin"], "later-value"));
    refused(&places.used.run(&["restore", &backup]), 1, "there is a database");
    let restored = done(places.used.run(&["restore", &backup, "--replace"]));
    let names = |keyway: &Keyway| {
        let list = done(keyway.run(&["secrets", "list", "--json"])).json();
        list.as_array().expect("a list").iter().map(|row| row["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&places.used), ["CRM"]);
    let told = restored.stderr.split('`').find(|word| word.contains("replaced-")).expect("it is named");
    done(places.fresh.run(&["restore", &format!("{told}/keyway.db")]));
    assert_eq!(names(&places.fresh), ["CRM", "LATER"]);
    let audit = done(places.used.run(&["audit"]));
    assert!(audit.stdout.contains("restored"), "{audit:?}");
    done(places.used.run(&["audit", "verify"]));
    // Beside a process that moves runs nothing is restored.
    let mut running = places.used.spawn(&["run", &places.file("long.yaml", LONG)]);
    let socket = places.used.data.join("keyway.sock");
    while std::os::unix::net::UnixStream::connect(&socket).is_err() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    refused(
        &places.used.run(&["restore", &backup, "--replace"]),
        2,
        "another process uses the data directory",
    );
    running.kill().expect("it is running");
    running.wait().expect("it ends");
}

#[test]
fn what_is_no_backup_is_told_and_nothing_is_changed() {
    let places = Places::new();
    let backup = backed_up(&places, "value");
    let sqlite = |file: &str, sql: &str| {
        rusqlite::Connection::open(file).expect("a database").execute_batch(sql).expect("it is changed");
    };
    let changed = |name: &str, sql: &str| {
        let path = places.path(name);
        std::fs::copy(&backup, &path).expect("it can be copied");
        sqlite(&path, sql);
        path
    };
    let newer = changed("newer", "PRAGMA user_version = 99");
    let event = changed("event", "UPDATE events SET body = replace(body, '1', '2')");
    let text = places.file("text", "this is text");
    let before = std::fs::read(places.used.data.join("keyway.db")).expect("it is there");
    for (file, told) in [
        (&newer, "has version 99, and this program knows versions up to"),
        (&event, "is not what was written"),
        (&text, "is not a database"),
        (&places.path("nowhere"), "there is no store at"),
    ] {
        refused(&places.used.run(&["backup", "verify", file]), 2, told);
        refused(&places.used.run(&["restore", file, "--replace"]), 2, told);
        refused(&places.fresh.run(&["restore", file]), 2, told);
    }
    assert_eq!(std::fs::read(places.used.data.join("keyway.db")).expect("it is there"), before);
    // What is sealed is looked at as well.
    let secret = changed("secret", "UPDATE versions SET value = zeroblob(length(value))");
    let verified = places.used.run(&["backup", "verify", &secret]);
    assert_eq!(verified.code, Some(1), "{verified:?}");
    assert!(verified.stdout.contains("wrong the secret `CRM` does not open"), "{verified:?}");
    refused(&places.used.run(&["backup", &backup]), 2, "cannot be used");
    refused(&places.used.run(&["backup", "/nowhere/at/all"]), 2, "cannot be used");
}

/// What is in a folder but for what was cut off.
fn named(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    entries.filter(|path| !path.to_string_lossy().contains("/.keyway-")).collect()
}

/// Lets each operation of a command in turn fail, until one run of it needs no more of them.
fn failing(fault: Fault, kinds: Kinds, each: &mut dyn FnMut(&Page, u64) -> Answer) -> u64 {
    let folder = tempfile::tempdir().expect("a folder");
    for place in 1.. {
        let page = Page::new(folder.path()).expect("a page");
        page.set(fault, kinds, Span::one(place)).expect("our own file");
        let answer = each(&page, place);
        if page.fired().expect("our own file") == 0 {
            assert_eq!(answer.code, Some(0), "{answer:?}");
            return place;
        }
    }
    unreachable!("it ends")
}

#[test]
fn a_backup_that_was_cut_off_anywhere_has_no_name() {
    if !available() {
        return;
    }
    let places = Places::new();
    backed_up(&places, "value");
    for fault in [Fault::Kill, Fault::NoSpace] {
        let mut made = 0;
        let places_tried = failing(fault, Kinds::ALL, &mut |page, place| {
            let folder = places.folder.path().join(format!("{fault:?}{place}"));
            std::fs::create_dir(&folder).expect("a folder");
            let backup = folder.join("backup").display().to_string();
            let mut command = places.used.command(&["backup", &backup]);
            page.equip(&mut command).expect("the shim is there");
            let answer = finish(command);
            if Path::new(&backup).exists() {
                made += 1;
                done(places.used.run(&["backup", "verify", &backup]));
            } else {
                assert_ne!(answer.code, Some(0), "{answer:?}");
                assert_eq!(named(&folder), Vec::<PathBuf>::new());
            }
            if fault == Fault::NoSpace && answer.code != Some(0) {
                refused(&answer, 2, "error");
                assert_eq!(
                    std::fs::read_dir(&folder).expect("a folder").count(),
                    usize::from(Path::new(&backup).exists())
                );
            }
            answer
        });
        println!("{fault:?}: {places_tried} operations, {made} backups");
        assert!(places_tried > 4, "{places_tried}");
    }
}

#[test]
fn a_restore_that_was_killed_anywhere_leaves_one_whole_database() {
    if !available() {
        return;
    }
    let places = Places::new();
    let backup = backed_up(&places, "value");
    let pristine = std::fs::read(places.used.data.join("keyway.db")).expect("it is there");
    let tried = failing(Fault::Kill, Kinds::ALL, &mut |page, place| {
        let keyway = Keyway::at(places.folder.path().join(format!("data{place}")));
        std::fs::create_dir(&keyway.data).expect("a folder");
        std::fs::write(keyway.data.join("keyway.db"), &pristine).expect("our own file");
        let mut command = keyway.command(&["restore", &backup, "--replace"]);
        command.env("XDG_CONFIG_HOME", places.used.config());
        page.equip(&mut command).expect("the shim is there");
        let answer = finish(command);
        let runs = done(keyway.run(&["runs", "--json"])).json();
        assert_eq!(runs.as_array().map(Vec::len), Some(1), "{place}: {:?}", named(&keyway.data));
        done(keyway.run(&["restore", &backup, "--replace"]));
        answer
    });
    println!("{tried} operations");
    assert!(tried > 8, "{tried}");
}

/// The control: a copy of the file alone, while its log holds more, is not what was committed.
#[test]
fn a_bare_copy_of_the_file_would_be_seen() {
    let places = Places::new();
    let waits = "name: waits\nsteps:\n  a: { set: { x: 1 } }\n  b: { after: a, wait: 10m }\n";
    let mut running = places.used.spawn(&["run", &places.file("waits.yaml", waits)]);
    let (database, copy) = (places.used.data.join("keyway.db"), places.path("copy"));
    while !places.used.run(&["runs"]).stdout.contains("waits") {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    // While a process has it open, what it wrote last stands in the log beside it.
    std::fs::copy(&database, &copy).expect("it can be copied");
    let good = places.path("good");
    done(places.used.run(&["backup", &good]));
    let runs = |file: &str| {
        let answer = places.used.run(&["backup", "verify", file, "--json"]);
        (answer.code == Some(0)).then(|| answer.json()["runs"].as_u64().unwrap_or(0))
    };
    assert_eq!(runs(&good), Some(1));
    assert_ne!(runs(&copy), Some(1));
    running.kill().expect("it is running");
    running.wait().expect("it ends");
}

/// Keeps a file that is too large for a value.
const LARGE: &str = "name: large\nsteps:\n  a: { use: file.read, with: { path: large.bin, as: bytes } }\n\
                     output: { file: \"{{ steps.a }}\" }\n";

/// The files in the contents of a folder.
fn contents(folder: &str) -> Vec<PathBuf> {
    std::fs::read_dir(folder).map_or(vec![], |all| all.flatten().map(|entry| entry.path()).collect())
}

#[test]
fn a_backup_takes_large_files_along_and_says_where_one_is_missing() {
    let places = Places::new();
    std::fs::write(places.path("large.bin"), vec![7; 11 * 1024 * 1024]).expect("a file in a folder of ours");
    done(places.used.run(&["run", &places.file("large.yaml", LARGE)]));
    let backup = places.path("backup");
    let told = done(places.used.run(&["backup", &backup]));
    assert!(told.stderr.contains("1 large file of 11534336 bytes"), "{told:?}");
    let kept = contents(&places.path("backup.contents"));
    assert_eq!(kept.len(), 1);
    let looked = done(places.used.run(&["backup", "verify", &backup]));
    assert!(looked.stdout.contains("1 large file of 11534336 bytes"), "{looked:?}");
    done(places.fresh.run(&["restore", &backup]));
    let restored = contents(&places.fresh.data.join("contents").display().to_string());
    assert_eq!(restored.len(), 1);
    assert_eq!(std::fs::read(&restored[0]).expect("it is there"), vec![7; 11 * 1024 * 1024]);
    // The controls: one that is not what it was, and one that is not there.
    std::fs::write(&kept[0], vec![8; 11 * 1024 * 1024]).expect("a file of ours");
    let wrong = places.used.run(&["backup", "verify", &backup]);
    assert!(wrong.code == Some(1) && wrong.stdout.contains("is not what it was"), "{wrong:?}");
    let third = Keyway::at(places.folder.path().join("third"));
    refused(&third.run(&["restore", &backup]), 2, "cannot be used");
    assert!(!third.data.join("keyway.db").exists());
    std::fs::remove_file(&kept[0]).expect("it is there");
    let wrong = places.used.run(&["backup", "verify", &backup]);
    assert!(wrong.code == Some(1) && wrong.stdout.contains("is missing"), "{wrong:?}");
    let told = done(third.run(&["restore", &backup]));
    assert!(told.stderr.contains("1 large file that its runs refer to did not come with it"), "{told:?}");
}
