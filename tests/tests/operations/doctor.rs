//! The doctor: silent where all is well, and one line for each fault that is planted.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use tests::keyway::{Answer, finish};
use tests::place::Place;

use super::{CANARY, Serving};

/// A workflow with a schedule.
const TICK: &str = "name: tick\ntriggers: [{ every: 1h }]\nsteps: { a: { set: { text: x } } }\n";

/// What is complained of: `part weight what`.
fn found(answer: &Answer) -> Vec<String> {
    let told = answer.json();
    let told = told.as_array().unwrap().iter();
    let word = |it: &Value, name: &str| it[name].as_str().unwrap().to_owned();
    told.inspect(|it| assert!(!word(it, "help").is_empty(), "{it}"))
        .map(|it| format!("{} {} {}", word(it, "part"), word(it, "weight"), word(it, "what")))
        .collect()
}

/// A place where all is well without a service: a run, a backup, nothing that waits.
fn healthy() -> Place {
    let place = Place::new();
    let file = place.file("a.yaml", "name: a\nsteps: { a: { set: { text: x } } }\n");
    assert_eq!(place.keyway.run(&["run", &file]).code, Some(0));
    let backup = place.path("backup.db").display().to_string();
    assert_eq!(place.keyway.run(&["backup", &backup]).code, Some(0));
    place
}

fn looked(place: &Place, more: &[&str]) -> Answer {
    let mut arguments = vec!["doctor", "--json"];
    arguments.extend(more);
    if more.is_empty() {
        // The disk of whoever tests is no matter of the test.
        arguments.extend(["--least-free", "1"]);
    }
    let config = place.path("doctor.toml");
    if !config.exists() {
        // No test shares a port with another.
        std::fs::write(&config, "[http]\noff = true\n").unwrap();
    }
    let mut command = place.keyway.command(&arguments);
    command.arg("--config").arg(config);
    finish(command)
}

/// Looks, and expects one complaint that says this.
fn complains(place: &Place, more: &[&str], says: &str) {
    let answer = looked(place, more);
    let found = found(&answer);
    assert_eq!((found.len(), answer.code), (1, Some(1)), "{found:?} instead of: {says}");
    assert!(found[0].contains(says), "{found:?} does not tell: {says}");
}

#[test]
fn a_healthy_installation_is_told_nothing_of() {
    let place = healthy();
    let mut command = place.keyway.command(&["doctor", "--least-free", "1"]);
    command.arg("--config").arg(place.file("doctor.toml", "[http]\noff = true\n"));
    let answer = finish(command);
    assert_eq!((answer.code, &*answer.stdout, &*answer.stderr), (Some(0), "", ""), "{answer:?}");
    // With a service that keeps schedules as well.
    let serving = Serving::of(&place, &[]);
    let file = place.file("tick.yaml", TICK);
    assert_eq!(place.keyway.run(&["deploy", &file, "--yes"]).code, Some(0));
    assert_eq!(found(&looked(&place, &[])), Vec::<String>::new());
    drop(serving);
    complains(&place, &[], "service wrong no service runs, and this waits for one: 1 schedule");
}

#[test]
fn each_planted_fault_of_the_house_is_told() {
    let place = healthy();
    let (data, database) = (place.keyway.data.clone(), place.keyway.data.join("keyway.db"));
    let mode = |path: &std::path::Path, mode: u32| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&data, 0o755);
    complains(&place, &[], "directory wrong others may look into");
    mode(&data, 0o700);
    mode(&database, 0o644);
    complains(&place, &[], "directory wrong others may look into");
    mode(&database, 0o600);
    complains(&place, &["--least-free", "1000000000"], "disk wrong");
    std::fs::write(place.path("doctor.toml"), "gracce = 1\n[http]\noff = true\n").unwrap();
    complains(&place, &[], "settings wrong");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("[http]\nlisten = \"{}\"\n", taken.local_addr().unwrap());
    std::fs::write(place.path("doctor.toml"), listen).unwrap();
    complains(&place, &[], "port wrong nobody can listen at");
    drop(taken);
    assert_eq!(found(&looked(&place, &[])), Vec::<String>::new());
    // A time zone that there is not.
    let mut command = place.keyway.command(&["doctor", "--json", "--least-free", "1"]);
    command.arg("--config").arg(place.path("doctor.toml")).env("TZ", "Mars/Olympus");
    let found_zone = found(&finish(command));
    assert!(found_zone.len() == 1 && found_zone[0].contains("clock wrong `TZ` names"), "{found_zone:?}");
    // A run that began in the future: the clock was set back.
    sql(&place, "UPDATE runs SET started = started + 86400000000000, seal_begun = NULL");
    complains(&place, &[], "clock wrong the clock stands before what was recorded last");
    sql(&place, "UPDATE runs SET started = started - 86400000000000");
    assert_eq!(found(&looked(&place, &[])), Vec::<String>::new());
    sql(&place, "PRAGMA user_version = 999");
    complains(&place, &[], "database wrong");
    sql(&place, "PRAGMA user_version = 19");
    let older = looked(&place, &[]);
    assert!(older.code == Some(0) && found(&older)[0].contains("database soon"), "{older:?}");
    sql(&place, &format!("PRAGMA user_version = {}", store::VERSION));
    assert_eq!(found(&looked(&place, &[])), Vec::<String>::new());
    // What is damaged is found before anything else is read.
    let mut bytes = std::fs::read(&database).unwrap();
    for page in 2..bytes.len() / 4096 {
        bytes[page * 4096] = 0xff;
    }
    std::fs::write(&database, bytes).unwrap();
    complains(&place, &[], "database wrong");
    std::fs::remove_dir_all(&data).unwrap();
    complains(&place, &[], "directory wrong");
}

#[test]
fn each_planted_fault_of_the_work_is_told() {
    let place = healthy();
    let told = place.keyway.data.join("keyway.backup");
    let was = std::fs::read_to_string(&told).unwrap();
    std::fs::remove_file(&told).unwrap();
    complains(&place, &[], "backups wrong no backup was ever made");
    std::fs::write(&told, "2026-01-01T00:00:00Z /backups/old.db\n").unwrap();
    complains(&place, &[], "backups wrong the last backup is");
    std::fs::write(&told, was).unwrap();
    // A folder with a workflow that is broken.
    std::fs::create_dir(place.path("flows")).unwrap();
    place.file("flows/broken.yaml", "name: broken\nsteps: { a: { nothing: 1 } }\n");
    let config = format!("workflows = \"{}\"\n[http]\noff = true\n", place.path("flows").display());
    std::fs::write(place.path("doctor.toml"), config).unwrap();
    complains(&place, &[], "workflows wrong");
    std::fs::write(place.path("doctor.toml"), "[http]\noff = true\n").unwrap();
    // A key that its provider does not know.
    let stored =
        place.piped(&["keys", "add", "openai", "--stdin", "--no-test"], "sk-canary-0123456789abcdef\n");
    assert_eq!(stored.code, Some(0), "{stored:?}");
    assert_eq!(found(&looked(&place, &[])), Vec::<String>::new());
    // A token that ends soon is told, and wrong is nothing yet.
    assert_eq!(place.keyway.run(&["token", "add", "ci", "--expires", "2d"]).code, Some(0));
    let soon = looked(&place, &[]);
    assert!(soon.code == Some(0) && found(&soon)[0].contains("tokens soon the token `ci`"), "{soon:?}");
    assert_eq!(place.keyway.run(&["token", "rm", "ci"]).code, Some(0));
    // A vault that somebody sealed.
    assert_eq!(place.keyway.run(&["vault", "seal"]).code, Some(0));
    complains(&place, &[], "vault wrong the vault is sealed");
    assert_eq!(place.keyway.run(&["vault", "unseal"]).code, Some(0));
    assert_eq!(found(&looked(&place, &[])), Vec::<String>::new());
    // The root key is gone.
    std::fs::rename(place.keyway.config(), place.path("away")).unwrap();
    complains(&place, &[], "vault wrong");
    let answer = looked(&place, &[]);
    assert!(!answer.stdout.contains(CANARY));
}

fn sql(place: &Place, sql: &str) {
    let database = rusqlite::Connection::open(place.keyway.data.join("keyway.db")).unwrap();
    database.execute_batch(sql).unwrap();
}
