//! How fast the language is, and how much memory a check takes.
//!
//! `cargo run --release -p tests --bin language` runs the benchmarks of `dsl` and writes
//! `docs/measured/language.md`. The memory is that of a process of its own.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use tests::machine;

#[path = "../../../dsl/benches/texts.rs"]
mod texts;

fn main() -> ExitCode {
    let outcome = match std::env::args().nth(1).as_deref() {
        Some("--check") => {
            check_once();
            Ok(())
        }
        _ => measure(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Checks the large text once, so that the peak of this process is that of a check.
fn check_once() {
    let checked = dsl::check(&texts::large(), &server::catalog());
    let peak = machine::peak_memory_of(std::process::id()).unwrap_or(0);
    println!("{peak} {}", checked.diagnostics.len());
}

fn measure() -> Result<()> {
    let root = tests::root();
    let target = root.join("target");
    let status = Command::new("cargo")
        .args(["bench", "--package", "dsl", "--bench", "language"])
        .arg("--target-dir")
        .arg(&target)
        .current_dir(&root)
        .status()?;
    ensure!(status.success(), "the benchmarks failed");
    let criterion = target.join("criterion");
    let mut rows = String::new();
    for count in texts::COUNTS {
        let text = texts::small(count);
        rows += &row(&criterion, &format!("{count} steps"), text.len(), count)?;
    }
    rows += &row(&criterion, "1000 steps, 1 MB", texts::large().len(), 1_000)?;
    let output = Command::new(std::env::current_exe()?).arg("--check").output()?;
    let said = String::from_utf8(output.stdout)?;
    let peak: f64 = said.split(' ').next().unwrap_or_default().parse().context("a peak")?;
    let (name, cores) = machine::processor();
    let (parse, evaluate) =
        (median(&criterion, "expression/parse")?, median(&criterion, "expression/evaluate")?);
    let page = format!(
        "# The language\n\n\
         Measured on {}, commit {}, {cores} cores of {name}, load {} at the end, with\n\
         `cargo run --release -p tests --bin language`. Times are medians of criterion.\n\n\
         | Check | Bytes | Time | For each step |\n| --- | --- | --- | --- |\n{rows}\n\
         Peak memory of a process that checks the 1 MB: {:.1} MB.\n\n\
         An expression of ten operations, `{}`: read in {:.2} µs, evaluated in {:.2} µs.\n",
        &jiff::Timestamp::now().to_string()[..10],
        machine::commit(),
        machine::load(),
        peak / 1e6,
        texts::TEN_OPERATIONS,
        parse / 1e3,
        evaluate / 1e3,
    );
    std::fs::write(root.join("docs/measured/language.md"), &page)?;
    println!("{page}");
    Ok(())
}

fn row(criterion: &Path, name: &str, bytes: usize, steps: usize) -> Result<String> {
    let nanos = median(criterion, &format!("check/{name}"))?;
    let (millis, micros) = (nanos / 1e6, nanos / 1e3 / steps as f64);
    Ok(format!("| {name} | {bytes} | {millis:.2} ms | {micros:.1} µs |\n"))
}

/// The median of a benchmark in nanoseconds.
fn median(criterion: &Path, name: &str) -> Result<f64> {
    let path = criterion.join(name).join("new/estimates.json");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let json: serde_json::Value = serde_json::from_str(&text)?;
    json["median"]["point_estimate"].as_f64().context("a median")
}
