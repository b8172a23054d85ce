//! Switches each mechanism off in turn, and says whether the test of its guarantee turns red.
//!
//! `cargo run -p tests --bin controls` runs the control of each guarantee. A control is a test that breaks the
//! mechanism and passes only where the judge of the guarantee sees it. A guarantee without a red control is printed as
//! untested. `KEYWAY_GUARANTEES=G1,backup` runs those alone, and says of the others that they were not run.
//! `KEYWAY_REPORT=docs/measured/controls.md` writes the table down.

use std::process::{Command, ExitCode, Stdio};

use tests::report::Report;

/// A guarantee, its test, and what turns it red.
struct Row {
    guarantee: &'static str,
    says: &'static str,
    /// The arguments of `cargo test` that run its test.
    test: &'static str,
    control: Option<Control>,
}

/// A mechanism that is switched off.
struct Control {
    off: &'static str,
    /// The arguments of `cargo test` that run the control.
    run: &'static str,
}

const ROWS: &[Row] = &[
    Row {
        guarantee: "G1",
        says: "a started run ends, and no completed step runs again",
        test: "-p tests --test kill",
        control: Some(Control {
            off: "rows that were committed are taken away",
            run: "-p tests --test kill a_lost_commit_would_be_seen",
        }),
    },
    Row {
        guarantee: "G2",
        says: "a history is consistent",
        test: "-p engine --test sim",
        control: Some(Control {
            off: "faults are planted in the engine, one after the other",
            run: "-p engine --features planted --test planted",
        }),
    },
    Row {
        guarantee: "fork",
        says: "what a fork takes over fits together",
        test: "-p engine --test scenarios",
        control: Some(Control {
            off: "it takes over too much, or too little",
            run: "-p tests --features planted --test patches a_fork_that_takes_over_wrongly_is_seen",
        }),
    },
    Row {
        guarantee: "G3",
        says: "a crash at any write is survived",
        test: "-p tests --test nth killed_at_any_write",
        control: Some(Control {
            off: "writes seem to succeed and do nothing",
            run: "-p tests --test nth a_lost_write_would_be_seen",
        }),
    },
    Row {
        guarantee: "G4",
        says: "a loss of power loses nothing that was acknowledged",
        test: "-p tests --test power a_power_cut",
        control: Some(Control {
            off: "syncs seem to succeed and do nothing",
            run: "-p tests --test power syncs_that_do_nothing_would_be_seen",
        }),
    },
    Row {
        guarantee: "G5",
        says: "a full disk and I/O errors are told, and nothing is lost",
        test: "-p tests --test no_room",
        control: Some(Control {
            off: "an operation fails and its error is ignored",
            run: "-p tests --test no_room ignored_errors_would_be_seen",
        }),
    },
    Row {
        guarantee: "G6",
        says: "damage to the database is noticed, never served",
        test: "-p tests --test damage",
        control: Some(Control {
            off: "rows have no seals",
            run: "-p tests --test damage flips_in_rows_without_seals_would_be_seen",
        }),
    },
    Row {
        guarantee: "G7",
        says: "each time of a schedule starts one run, or is accounted for",
        test: "-p runtime --test timekeeper over_500_jumps",
        control: Some(Control {
            off: "what became of a time is written apart from the start of its run",
            run: "-p runtime --test timekeeper a_keeper_that_writes_the_books_apart_from_the_start_is_seen",
        }),
    },
    Row {
        guarantee: "G7",
        says: "a read that fails starts no second run",
        test: "-p runtime --test timekeeper after_a_read_that_failed",
        control: Some(Control {
            off: "which runs are under way is forgotten before the books were read",
            run: "-p tests --features planted --test patches a_keeper_that_forgets_too_early_is_seen",
        }),
    },
    Row {
        guarantee: "G8",
        says: "what is sealed opens unchanged, with its key and in its place alone",
        test: "-p vault --lib",
        control: Some(Control {
            off: "the tag is not compared; what is sealed is bound to nothing",
            run: "-p vault --lib is_seen",
        }),
    },
    Row {
        guarantee: "G9",
        says: "a secret that a service says back stands nowhere",
        test: "-p tests --test vault a_secret_arrives_and_leaves_no_trace",
        control: Some(Control {
            off: "answers are passed on as they came",
            run: "-p tests --features planted --test net",
        }),
    },
    Row {
        guarantee: "G10",
        says: "a secret opens for its owner's runs, its connector and its hosts alone",
        test: "-p vault --test who",
        control: Some(Control {
            off: "each comparison, and the look at each use",
            run: "-p tests --features planted --test patches a_check_that_the_vault_leaves_out_is_seen",
        }),
    },
    Row {
        guarantee: "G23",
        says: "a rotation may be killed at any point",
        test: "-p vault --test rotation",
        control: Some(Control {
            off: "the old key goes before all is sealed by the new one",
            run: "-p vault --test rotation an_old_key_that_goes_too_early_is_seen",
        }),
    },
    Row {
        guarantee: "G24",
        says: "every use is in the audit before a secret is opened",
        test: "-p vault --test audit",
        control: Some(Control {
            off: "uses are not written down, or a secret is opened although they cannot be",
            run: "-p tests --features planted --test patches a_use_that_is_not_in_the_audit_is_seen",
        }),
    },
    Row {
        guarantee: "G24",
        says: "a change to the audit is found",
        test: "-p vault --test audit ten_thousand_changes",
        control: Some(Control {
            off: "rows are counted and their links are not compared",
            run: "-p vault --test audit a_look_that_only_counts_is_seen",
        }),
    },
    Row {
        guarantee: "backup",
        says: "a backup holds what was committed",
        test: "-p tests --test backup",
        control: Some(Control {
            off: "the database's own file is copied",
            run: "-p tests --test backup a_bare_copy_of_the_file_would_be_seen",
        }),
    },
    Row {
        guarantee: "cleaning",
        says: "a cleaning takes nothing that a run which is left needs",
        test: "-p runtime --test drivers cleaning_beside_runs_takes_nothing_that_they_need",
        control: Some(Control {
            off: "the logs of unfinished runs are not read for references",
            run: "-p runtime --test drivers cleaning_that_overlooks_unfinished_runs_is_found_out",
        }),
    },
    Row {
        guarantee: "G18",
        says: "what was filled is never read again as a template",
        test: "-p dsl --test naughty_strings no_value_is_read_again_as_a_template",
        control: Some(Control {
            off: "it is read again",
            run: "-p dsl --test naughty_strings a_second_reading_would_be_seen",
        }),
    },
    Row {
        guarantee: "G18",
        says: "what an author writes ends within its budget",
        test: "-p dsl --test budget",
        control: Some(Control {
            off: "each limit of steps, lengths, depths, events of an input and rounds, one after the other",
            run: "-p tests --features planted --test patches each_budget_that_is_switched_off_is_seen",
        }),
    },
];

/// What a control showed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Red,
    Green,
    /// A tool is not there.
    Skipped,
    NoControl,
    NotRun,
}

impl Shown {
    fn name(self) -> &'static str {
        match self {
            Shown::Red => "red",
            Shown::Green => "**not red: untested**",
            Shown::Skipped => "**skipped: untested**",
            Shown::NoControl => "**no control: untested**",
            Shown::NotRun => "not run this time",
        }
    }
}

fn main() -> ExitCode {
    let report = Report::begin("Mechanisms switched off", "cargo run -p tests --bin controls");
    let wanted = std::env::var("KEYWAY_GUARANTEES").ok();
    let is_wanted = |name: &str| wanted.as_ref().is_none_or(|names| names.split(',').any(|it| it == name));
    let mut found = [Shown::NotRun; ROWS.len()];
    for (at, row) in ROWS.iter().enumerate() {
        found[at] = match &row.control {
            None => Shown::NoControl,
            Some(_) if !is_wanted(row.guarantee) => Shown::NotRun,
            Some(control) => run(control.run),
        };
        eprintln!("{}", line(row, found[at]));
        report.write(&tabulate(&found));
    }
    report.tell(&tabulate(&found));
    let green = found.contains(&Shown::Green);
    if green { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn tabulate(found: &[Shown]) -> String {
    let lines: Vec<String> = ROWS.iter().zip(found).map(|(row, shown)| line(row, *shown)).collect();
    format!(
        "| | Guarantee | Test | Switched off | Its test is |\n| --- | --- | --- | --- | --- |\n{}",
        lines.join("\n")
    )
}

fn line(row: &Row, shown: Shown) -> String {
    let off = row.control.as_ref().map_or("", |control| control.off);
    let Row { guarantee, says, test, .. } = row;
    format!("| {guarantee} | {says} | `cargo test {test}` | {off} | {} |", shown.name())
}

/// Runs a control. It must have run one test at least, and passed.
fn run(arguments: &str) -> Shown {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let mut command = Command::new(cargo);
    command.arg("test").args(arguments.split(' ')).args(["--", "--nocapture"]);
    command.current_dir(tests::root()).stderr(Stdio::null()).env_remove("KEYWAY_REPORT");
    let Ok(output) = command.output() else { return Shown::Green };
    let said = String::from_utf8_lossy(&output.stdout);
    if said.contains("SKIPPED") {
        return Shown::Skipped;
    }
    let ran = !said.contains("running 0 tests") && said.contains("test result: ok");
    if output.status.success() && ran { Shown::Red } else { Shown::Green }
}
