//! Bad input of every kind: one clear message, the right exit code, and nothing that was recorded is lost.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use tests::keyway::{Answer, Keyway};

const NO: i32 = 1;
const COULD_NOT_TRY: i32 = 2;

const GREETING: &str = "name: greeting\n\
                        inputs:\n  name: { type: string, default: world }\n  count: { type: integer, default: 1 }\n\
                        steps:\n  hello: { set: { text: \"hello {{ inputs.name }}\", next: \"{{ inputs.count + 1 }}\" } }\n\
                        output: { text: \"{{ steps.hello.text }}\" }\n";
const NEEDY: &str = "name: needy\ninputs: { who: string, many: integer }\n\
                     steps:\n  hello: { set: { text: \"{{ inputs.who }} {{ inputs.many }}\" } }\n\
                     output: { text: \"{{ steps.hello.text }}\" }\n";

const BIG: &str = "name: big\nsteps:\n  big: { use: file.read, with: { path: big.txt } }\n\
                   output: { length: \"{{ len(steps.big.text) }}\" }\n";

/// A folder with a workflow file and a data directory.
struct Place {
    folder: TempDir,
    keyway: Keyway,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let keyway = Keyway::at(folder.path().join("data"));
        Place { folder, keyway }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).expect("a file in a folder of ours");
        path
    }

    fn run(&self, file: &Path) -> Answer {
        self.keyway.run(&["run".as_ref(), file.as_os_str()])
    }

    fn run_with(&self, file: &Path, more: &[&str]) -> Answer {
        let mut arguments = vec!["run".to_owned(), file.display().to_string()];
        arguments.extend(more.iter().map(|it| (*it).to_owned()));
        self.keyway.run(&arguments)
    }

    /// Runs something that ends well, and gives the run's id.
    fn recorded(&self) -> String {
        let file = self.file("greeting.yaml", GREETING);
        let answer = self.run(&file);
        assert_eq!(answer.code, Some(0), "{answer:?}");
        answer.run_id()
    }
}

fn refused(answer: &Answer, code: i32, words: &[&str]) {
    assert_eq!(answer.faults_as_refusal(code), Vec::<String>::new(), "{answer:?}");
    for word in words {
        assert!(answer.stderr.contains(word), "`{word}` is not in the message: {}", answer.stderr);
    }
}

/// Both `run` and `check` refuse a file with this code, and name it.
fn file_refused(content: impl AsRef<[u8]>, words: &[&str]) {
    let place = Place::new();
    let file = place.file("wrong.yaml", content);
    let mut expected = vec!["wrong.yaml"];
    expected.extend(words);
    refused(&place.run(&file), NO, &expected);
    let checked = place.keyway.run(&["check".as_ref(), file.as_os_str()]);
    assert_eq!(checked.code, Some(NO), "{checked:?}");
    for word in expected {
        let said = format!("{}{}", checked.stdout, checked.stderr);
        assert!(said.contains(word), "`check` does not say `{word}`: {said}");
    }
    let runs = place.keyway.run(&["runs", "--json"]);
    assert!(!runs.stdout.contains("wrong"), "a run was recorded: {runs:?}");
}

#[test]
fn a_right_file_is_not_refused() {
    let place = Place::new();
    let file = place.file("greeting.yaml", GREETING);
    let answer = place.run(&file);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert!(!answer.faults_as_refusal(NO).is_empty(), "the judge of refusals can be red");
}

#[test]
fn a_file_that_is_not_there() {
    let place = Place::new();
    refused(&place.run(&place.path("absent.yaml")), COULD_NOT_TRY, &["absent.yaml"]);
}

#[test]
fn a_file_that_cannot_be_read() {
    let place = Place::new();
    refused(&place.run(place.folder.path()), COULD_NOT_TRY, &["directory"]);
    let below = place.file("plain.yaml", GREETING).join("below.yaml");
    refused(&place.run(&below), COULD_NOT_TRY, &["below.yaml"]);
    let turning = place.path("turning.yaml");
    symlink(&turning, &turning).expect("a link to itself");
    refused(&place.run(&turning), COULD_NOT_TRY, &["turning.yaml"]);
}

#[test]
fn a_file_without_permission() {
    let place = Place::new();
    let file = place.file("closed.yaml", GREETING);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o000);
    fs::set_permissions(&file, mode).expect("our own file");
    if fs::read(&file).is_ok() {
        println!("SKIPPED a file without permission: this user may read everything");
        return;
    }
    refused(&place.run(&file), COULD_NOT_TRY, &["closed.yaml"]);
}

#[test]
fn an_empty_file() {
    file_refused("", &["no workflow"]);
    file_refused("# only a comment\n\n", &["no workflow"]);
}

#[test]
fn a_binary_file() {
    let bytes: Vec<u8> = (0..4096u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    file_refused(&bytes, &[]);
    file_refused([0x89, b'P', b'N', b'G', 0, 0, 0, 13], &[]);
    file_refused([GREETING.as_bytes(), &[0]].concat(), &[]);
}

#[test]
fn a_huge_file() {
    let huge = format!("{GREETING}# {}\n", "x".repeat(1_100_000));
    file_refused(huge, &["at most 1048576"]);
}

#[test]
fn an_endless_file_is_not_read_to_the_end() {
    let place = Place::new();
    refused(&place.run(Path::new("/dev/zero")), NO, &["at most 1048576"]);
}

#[test]
fn a_deeply_nested_file() {
    let nested =
        format!("name: deep\nsteps:\n  a: {{ set: {{ x: {}{} }} }}\n", "[".repeat(5_000), "]".repeat(5_000));
    file_refused(nested, &["KW0003"]);
    let lines: String = (0..200).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    file_refused(lines, &["KW0003"]);
}

#[test]
fn yaml_that_is_not_a_mapping() {
    for text in ["- a\n- b\n", "just text\n", "42\n", "null\n", "[1, 2]\n"] {
        file_refused(text, &[]);
    }
}

#[test]
fn yaml_that_is_no_yaml() {
    file_refused("name: a\nsteps: { b: [1, 2\n", &[]);
    file_refused("name: a\n\tsteps: b\n", &[]);
    file_refused("name: a\nname: b\nsteps: { c: { set: { x: 1 } } }\n", &["name"]);
}

#[test]
fn a_missing_input() {
    let place = Place::new();
    let file = place.file("needy.yaml", NEEDY);
    refused(&place.run(&file), NO, &["who", "many"]);
    refused(&place.run_with(&file, &["--input", "who=me"]), NO, &["many"]);
    let right = place.run_with(&file, &["--input", "who=me", "--input", "many=2"]);
    assert_eq!(right.code, Some(0), "{right:?}");
}

#[test]
fn an_input_of_the_wrong_type() {
    let place = Place::new();
    let file = place.file("needy.yaml", NEEDY);
    refused(
        &place.run_with(&file, &["--input", "who=me", "--input", "many=several"]),
        NO,
        &["many", "several"],
    );
    let inputs = place.file("inputs.json", "{ \"who\": [1], \"many\": 2 }");
    refused(&place.run_with(&file, &["--inputs", &inputs.display().to_string()]), NO, &["who"]);
}

#[test]
fn an_unknown_input() {
    let place = Place::new();
    let file = place.file("greeting.yaml", GREETING);
    refused(&place.run_with(&file, &["--input", "nmae=you"]), NO, &["nmae", "name"]);
    refused(&place.run_with(&file, &["--input", "name"]), NO, &["name=value"]);
}

#[test]
fn an_inputs_file_that_is_not_one() {
    let place = Place::new();
    let file = place.file("greeting.yaml", GREETING);
    for content in ["[1, 2]", "{ \"name\": ", ""] {
        let inputs = place.file("inputs.json", content);
        let answer = place.run_with(&file, &["--inputs", &inputs.display().to_string()]);
        refused(&answer, NO, &["inputs.json"]);
    }
    refused(
        &place.run_with(&file, &["--inputs", "/nowhere/inputs.json"]),
        COULD_NOT_TRY,
        &["/nowhere/inputs.json"],
    );
}

#[test]
fn a_run_that_is_not_there() {
    let place = Place::new();
    let run = place.recorded();
    for command in ["show", "resume", "cancel"] {
        refused(&place.keyway.run(&[command, "nosuchrun"]), COULD_NOT_TRY, &["nosuchrun"]);
    }
    assert_eq!(place.keyway.run(&["show", &run]).code, Some(0));
}

#[test]
fn a_data_directory_that_cannot_be_written() {
    let place = Place::new();
    let file = place.file("greeting.yaml", GREETING);
    let occupied = place.file("occupied", "a file where a directory should be");
    for data in [occupied.clone(), occupied.join("below"), PathBuf::from("/proc/keyway")] {
        let answer = Keyway::at(&data).run(&["run".as_ref(), file.as_os_str()]);
        refused(&answer, COULD_NOT_TRY, &[&data.display().to_string()]);
    }
    assert_eq!(
        fs::read_to_string(occupied).expect("it is still there"),
        "a file where a directory should be"
    );
}

#[test]
fn a_database_in_use_by_another_process() {
    let place = Place::new();
    let run = place.recorded();
    let holder = Held::new(&place.keyway.data.join("keyway.lock"));
    let file = place.path("greeting.yaml");
    refused(&place.run(&file), COULD_NOT_TRY, &["use", &place.keyway.data.display().to_string()]);
    let shown = place.keyway.run(&["show", &run, "--json"]);
    assert_eq!(shown.json()["status"], "succeeded", "reading goes on beside the owner");
    drop(holder);
    assert_eq!(place.run(&file).code, Some(0));
}

/// Holds a lock as another process would that does not listen.
struct Held {
    _file: fs::File,
}

impl Held {
    fn new(path: &Path) -> Held {
        let file = fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .expect("the lock file");
        rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)
            .expect("nobody holds it");
        Held { _file: file }
    }
}

#[test]
fn a_full_disk() {
    let place = Place::new();
    let disk = place.path("disk");
    fs::create_dir(&disk).expect("a folder");
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]).arg(&disk).output();
    let mounted = mount.as_ref().is_ok_and(|output| output.status.success());
    if !mounted {
        println!("SKIPPED a full disk: no small file system can be mounted here");
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI must be able to mount: {mount:?}");
        return;
    }
    let unmount = Unmount(disk.clone());
    let keyway = Keyway::at(disk.join("data"));
    let file = place.file("greeting.yaml", GREETING);
    let first = keyway.run(&["run".as_ref(), file.as_os_str()]);
    assert_eq!(first.code, Some(0), "{first:?}");
    fill(&disk.join("filler"));
    refused(
        &keyway.run(&["run".as_ref(), file.as_os_str()]),
        COULD_NOT_TRY,
        &["no room is left", "keyway.db"],
    );
    fs::write(disk.join("filler"), vec![7; 1_200_000]).expect("there is room for less");
    let big = place.file("big.yaml", BIG);
    // Text that does not compress, so that its value needs the room.
    let mut chance = tests::chance::Chance::new(7);
    let noise: String = (0..2_000_000).map(|_| char::from(b'!' + (chance.below(90) as u8))).collect();
    place.file("big.txt", noise);
    let full = keyway.run(&["run".as_ref(), big.as_os_str()]);
    refused(&full, COULD_NOT_TRY, &["no room is left", "keyway.db"]);
    let shown = keyway.run(&["show", &first.run_id(), "--json"]);
    assert_eq!(shown.json()["status"], "succeeded", "what was recorded is still there: {shown:?}");
    fs::remove_file(disk.join("filler")).expect("the filler");
    let after = keyway.run(&["run".as_ref(), place.path("greeting.yaml").as_os_str()]);
    assert_eq!(after.code, Some(0), "with room again, it works again: {after:?}");
    let resumed = keyway.run(&["resume"]);
    assert!(resumed.code.is_some_and(|code| code < COULD_NOT_TRY), "{resumed:?}");
    drop(unmount);
}

struct Unmount(PathBuf);

impl Drop for Unmount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn fill(path: &Path) {
    let mut file = fs::File::create(path).expect("an empty file still has room");
    let block = vec![7; 4096];
    while std::io::Write::write_all(&mut file, &block).is_ok() {}
}

/// Damages the database of a recorded run, and tells what the commands say then.
fn damaged(damage: impl Fn(&mut Vec<u8>)) -> Vec<(String, Answer)> {
    let place = Place::new();
    let run = place.recorded();
    let database = place.keyway.data.join("keyway.db");
    let mut bytes = fs::read(&database).expect("the database");
    damage(&mut bytes);
    fs::write(&database, bytes).expect("our own file");
    for beside in ["keyway.db-wal", "keyway.db-shm"] {
        let _ = fs::remove_file(place.keyway.data.join(beside));
    }
    let file = place.path("greeting.yaml");
    let arguments: [Vec<&str>; 4] =
        [vec!["run", file.to_str().expect("text")], vec!["runs"], vec!["show", &run], vec!["resume"]];
    arguments.into_iter().map(|it| (it[0].to_owned(), place.keyway.run(&it))).collect()
}

#[test]
fn a_database_that_is_garbage() {
    for (command, answer) in damaged(|bytes| bytes.fill(0x5a)) {
        assert_eq!(answer.faults_as_refusal(COULD_NOT_TRY), Vec::<String>::new(), "{command}: {answer:?}");
        assert!(answer.stderr.contains("keyway.db"), "{command}: {answer:?}");
    }
}

#[test]
fn a_database_that_was_cut_off() {
    for keep in [10, 2] {
        for (command, answer) in damaged(|bytes| bytes.truncate(bytes.len() * keep / 16)) {
            assert_eq!(
                answer.faults_as_refusal(COULD_NOT_TRY),
                Vec::<String>::new(),
                "{command}: {answer:?}"
            );
        }
    }
}

#[test]
fn a_database_with_changed_bytes_is_told_or_harmless() {
    let mut told = 0;
    for seed in 0..6 {
        let flips = |bytes: &mut Vec<u8>| {
            let mut chance = tests::chance::Chance::new(seed);
            // Behind the header: one flip in each 64 bytes, so that every page is hit.
            for at in (100..bytes.len()).step_by(64) {
                let place = at + chance.below(64) as usize;
                if let Some(byte) = bytes.get_mut(place) {
                    *byte ^= 1 << chance.below(8);
                }
            }
        };
        for (command, answer) in damaged(flips) {
            let fine = answer.code == Some(0);
            let faults = answer.faults_as_refusal(COULD_NOT_TRY);
            assert!(fine || faults.is_empty(), "{command}: {faults:?} {answer:?}");
            told += u32::from(!fine);
        }
    }
    assert!(told > 0, "flips in every page are seen somewhere");
}

#[test]
fn an_empty_database_file_is_taken_as_a_fresh_one() {
    let place = Place::new();
    fs::create_dir(&place.keyway.data).expect("a folder");
    fs::write(place.keyway.data.join("keyway.db"), "").expect("a file");
    place.recorded();
}

#[test]
fn the_command_line_refuses_what_it_does_not_know() {
    let place = Place::new();
    for arguments in [vec!["rnu"], vec!["run"], vec!["run", "a.yaml", "--no-such-flag"], vec!["check"]] {
        let answer = place.keyway.run(&arguments);
        refused(&answer, COULD_NOT_TRY, &[]);
    }
}
