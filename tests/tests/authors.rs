//! The commands for authors at the command line: `fmt`, `graph`, `plan`.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;

use tempfile::TempDir;
use tests::keyway::{Answer, Keyway, wait};

const LOOSE: &str = "# About it.\nsteps:\n    a:   { with: {path: 'a.txt'}, use: file.read } # reads\nname: \"loose\"\n\
                     output: { text: '{{ steps.a.text }}' }\n";
const TIDY: &str = "name: loose\n# About it.\nsteps:\n  a: { use: file.read, with: { path: a.txt } } # reads\n\
                    output: { text: \"{{ steps.a.text }}\" }\n";

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

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).expect("a file in a folder of ours");
        path.display().to_string()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a file of ours")
    }

    /// Runs a command with this on its standard input.
    fn piped(&self, arguments: &[&str], text: &str) -> Answer {
        let mut command = self.keyway.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("`keyway` can be started");
        child.stdin.take().expect("it is piped").write_all(text.as_bytes()).expect("it reads");
        wait(child)
    }
}

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
fn fmt_from_standard_input_to_standard_output() {
    let place = Place::new();
    let answer = place.piped(&["fmt", "--stdin"], LOOSE);
    assert_eq!((answer.code, &*answer.stdout), (Some(0), TIDY), "{answer:?}");
    assert_eq!(place.piped(&["fmt", "--stdin", "--check"], LOOSE).code, Some(1));
    let broken = place.piped(&["fmt", "--stdin"], "a: [");
    assert_eq!((broken.code, &*broken.stdout), (Some(1), ""), "{broken:?}");
}
