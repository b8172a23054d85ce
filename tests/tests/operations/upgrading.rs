//! New versions of the tables: a run that waits in a database of each earlier version goes on in this one, a change that
//! fails leaves what there was, and a database of a later program is left alone.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tests::keyway::{Answer, Keyway, run_id};
use tests::place::Place;

const WAITS: &str = "name: waits\nsteps:\n  a: { set: { n: 41 } }\n  b: { after: [a], wait: { signal: go, timeout: 1d } }\n\
    \x20 c: { after: [b], set: { n: \"{{ steps.a.n + 1 }}\" } }\noutput: \"{{ steps.c.n }}\"\n";

/// A database in which a run waits, as its process left it, and the name of the run.
fn waiting() -> (Place, PathBuf, String) {
    let place = Place::new();
    let (mut process, run) = place.started(WAITS);
    place.until(&run, |shown| shown.to_string().contains("waiting"));
    process.kill().unwrap();
    process.wait().unwrap();
    let database = place.keyway.data.join("keyway.db");
    Connection::open(&database).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    (place, database, run)
}

/// The same run in a database of an earlier version: what it is made of has stood there from the first version on.
fn of_version(version: i64, from: &Path) -> Place {
    let place = Place::new();
    std::fs::create_dir_all(&place.keyway.data).unwrap();
    let made = Connection::open(place.keyway.data.join("keyway.db")).unwrap();
    for number in 1..=version {
        let file = tests::root().join(format!("store/migrations/{number}.sql"));
        made.execute_batch(&std::fs::read_to_string(file).unwrap()).unwrap();
    }
    made.execute("ATTACH ?1 AS later", [from.display().to_string()]).unwrap();
    for table in ["plans", "runs", "values", "events"] {
        let columns = |of: &str| -> Vec<String> {
            let mut names = made.prepare("SELECT name FROM pragma_table_info(?1, ?2)").unwrap();
            let names = names.query_map([table, of], |row| row.get(0)).unwrap();
            names.map(Result::unwrap).collect()
        };
        let later = columns("later");
        let both: Vec<String> =
            columns("main").into_iter().filter(|name| later.contains(name) && name != "row").collect();
        let both = both.join(", ");
        let order = if table == "events" { "ORDER BY run, seq" } else { "" };
        made.execute_batch(&format!(
            "INSERT INTO main.\"{table}\" ({both}) SELECT {both} FROM later.\"{table}\" {order}"
        ))
        .unwrap();
    }
    place
}

fn number(database: &Path, sql: &str) -> i64 {
    Connection::open(database).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Wakes the run and lets it come to its end.
fn ends(keyway: &Keyway, run: &str) -> Answer {
    let raised = keyway.run(&["signal", "go", "--run", run]);
    if raised.code != Some(0) {
        return raised;
    }
    keyway.run(&["resume", run, "--json"])
}

#[test]
fn a_run_that_waits_in_a_database_of_each_earlier_version_goes_on() {
    let (_place, from, run) = waiting();
    for version in 1..store::VERSION {
        let place = of_version(version, &from);
        let database = place.keyway.data.join("keyway.db");
        assert_eq!(number(&database, "PRAGMA user_version"), version);
        let told = ends(&place.keyway, &run);
        assert_eq!(told.code, Some(0), "{version}: {told:?}");
        assert_eq!(
            (&told.json()["status"], &told.json()["output"]),
            (&"succeeded".into(), &42.into()),
            "{told:?}"
        );
        assert_eq!(number(&database, "PRAGMA user_version"), store::VERSION);
        // As it was before stands beside it, whole and with its run.
        let kept = place.keyway.data.join(format!("keyway.db.version-{version}"));
        assert_eq!(number(&kept, "PRAGMA user_version"), version);
        assert_eq!(number(&kept, "SELECT count(*) FROM runs WHERE ended IS NULL"), 1);
    }
}

#[test]
fn a_change_of_tables_that_fails_leaves_what_there_was() {
    let (_place, from, run) = waiting();
    let place = of_version(1, &from);
    let database = place.keyway.data.join("keyway.db");
    let tables = "SELECT count(*) FROM sqlite_schema";
    let before = number(&database, tables);
    // What a change near the last makes is there already, so that all before it have happened by then.
    let clash = |sql: &str| Connection::open(&database).unwrap().execute_batch(sql).unwrap();
    clash("CREATE TABLE counted (x)");
    let told = ends(&place.keyway, &run);
    assert_eq!(told.code, Some(2), "{told:?}");
    assert!(told.stderr.contains("counted") && !told.stderr.contains("panicked"), "{told:?}");
    assert_eq!((number(&database, "PRAGMA user_version"), number(&database, tables)), (1, before + 1));
    assert_eq!(number(&database, "SELECT count(*) FROM runs WHERE ended IS NULL"), 1);
    // The control: where nothing is in the way it goes on.
    clash("DROP TABLE counted");
    let told = ends(&place.keyway, &run);
    assert_eq!(told.json()["output"], 42, "{told:?}");
}

#[test]
fn a_database_of_a_later_program_is_refused_and_not_touched() {
    let (place, database, run) = waiting();
    let keyway = &place.keyway;
    let later = store::VERSION + 1;
    Connection::open(&database).unwrap().execute_batch(&format!("PRAGMA user_version = {later}")).unwrap();
    let before = std::fs::read(&database).unwrap();
    for arguments in [vec!["runs"], vec!["serve", "--no-http"], vec!["resume", &run], vec!["doctor"]] {
        let told = keyway.run(&arguments);
        assert!(told.code.is_some_and(|code| code > 0), "{arguments:?}: {told:?}");
        let said = format!("{}{}", told.stdout, told.stderr);
        let polite = said.contains(&format!("has version {later}")) && said.contains("use the later version");
        assert!(polite && !said.contains("panicked"), "{arguments:?}: {said}");
    }
    assert_eq!(std::fs::read(&database).unwrap(), before);
    assert!(run_id(&keyway.run(&["runs"]).stdout).is_none());
    // The control: of this version it is taken.
    let back = format!("PRAGMA user_version = {}", store::VERSION);
    Connection::open(&database).unwrap().execute_batch(&back).unwrap();
    assert_eq!(ends(keyway, &run).json()["output"], 42);
}
