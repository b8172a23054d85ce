//! `keyway test`: plays the cases of test files, without a network, a clock or a secret.

mod coverage;
mod junit;
mod page;
mod watch;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args as ClapArgs;
use dsl::diagnostic::{Diagnostic, Severity};
use dsl::test::ENDING;
use serde_json::{Value, json};
use server::rehearse::{self, Tested, Tried};

use crate::error::{Exit, Trouble};
use crate::output::{self, GOOD};
use crate::rewrite::rewrite;

/// Play the cases of test files: mocks answer, and time jumps
///
/// A test file is called `NAME.test.yaml` and stands beside `NAME.yaml`.
#[derive(ClapArgs)]
pub struct Args {
    /// Test files, workflows that have one, or folders [default: this folder]
    #[arg(value_name = "FILE|FOLDER")]
    places: Vec<PathBuf>,
    /// Play the cases alone whose name holds this text, or one of several such texts
    #[arg(long = "case", value_name = "NAME")]
    cases: Vec<String>,
    /// Tell which steps and branches of the workflows no case goes through
    #[arg(long)]
    coverage: bool,
    /// Fail where the cases go through less than this share of the steps and branches
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    least: Option<u8>,
    /// Write what came into the test files as what is expected
    #[arg(long)]
    update: bool,
    /// Stay, and play the cases again whenever a file changes
    #[arg(long, conflicts_with_all = ["json", "junit", "update"])]
    watch: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Write the result as JUnit XML, too
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// What came of one file.
struct Played {
    file: String,
    path: PathBuf,
    text: String,
    tested: Tested,
    took: Duration,
}

/// How many there were.
struct Count {
    passed: usize,
    failed: usize,
    /// Files of which no case could be played.
    broken: usize,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    if args.watch { watch::main(args) } else { once(args) }
}

/// Plays all once.
fn once(args: &Args) -> Result<Exit, Trouble> {
    let began = Instant::now();
    let mut played = play(args)?;
    if args.update {
        update(args, &mut played)?;
    }
    let took = began.elapsed();
    let count = Count::of(&played);
    if let (0, 0, [part, ..]) = (count.passed + count.failed, count.broken, &args.cases[..]) {
        return Err(Trouble::no(format!("no case has `{part}` in its name")));
    }
    if let Some(path) = &args.junit {
        let xml = junit::xml(&played);
        std::fs::write(path, xml)
            .map_err(|error| Trouble::new(format!("`{}` cannot be written: {error}", path.display())))?;
    }
    let shares = coverage::of(&played);
    if args.json {
        output::json(&as_json(&played, &count, args.coverage.then_some(&shares)));
    } else {
        page::show(&played, &count, took);
        if args.coverage {
            output::result(&coverage::page(&shares));
        }
    }
    let least = args.least.map_or(0, usize::from);
    let reached = coverage::percent(&shares);
    if reached < least {
        output::error(
            &format!(
                "the cases go through {reached} % of the steps and branches, and {least} % are asked for"
            ),
            (!args.coverage).then_some("`--coverage` tells which they do not go through"),
        );
        return Ok(Exit::No);
    }
    Ok(if count.failed + count.broken > 0 { Exit::No } else { Exit::Done })
}

/// Plays the cases that are wanted of the files that are meant.
fn play(args: &Args) -> Result<Vec<Played>, Trouble> {
    let wanted =
        |name: &str| args.cases.is_empty() || args.cases.iter().any(|part| name.contains(part.as_str()));
    let read = |path: PathBuf| Ok((path.clone(), super::run::read(&path)?));
    let files = files(&args.places)?.into_iter().map(read).collect::<Result<Vec<_>, Trouble>>()?;
    let tested = rehearse::all(&files, &wanted);
    let played = files.into_iter().zip(tested).map(|((path, text), (tested, took))| Played {
        file: path.display().to_string(),
        path,
        text,
        tested,
        took,
    });
    Ok(played.collect())
}

/// Writes what came as what is expected, and plays what was written.
fn update(args: &Args, played: &mut Vec<Played>) -> Result<(), Trouble> {
    let mut changed = false;
    for file in played.iter() {
        if let Some(text) = rehearse::updated(&file.path, &file.text, &file.tested) {
            rewrite(&file.path, &text)?;
            output::note(&format!("{GOOD}written{GOOD:#} {}", file.file));
            changed = true;
        }
    }
    if changed {
        *played = play(args)?;
    } else {
        output::note("nothing was written: what is expected is what came, or no rewriting helps");
    }
    Ok(())
}

impl Count {
    fn of(played: &[Played]) -> Count {
        let tried = || played.iter().flat_map(|played| &played.tested.cases);
        let passed = tried().filter(|tried| tried.passed()).count();
        Count {
            passed,
            failed: tried().count() - passed,
            broken: played.iter().filter(|played| played.is_broken()).count(),
        }
    }
}

impl Played {
    fn is_broken(&self) -> bool {
        self.tested.diagnostics.iter().any(|wrong| wrong.severity == Severity::Error)
    }
}

/// The test files that are meant, in order.
pub fn files(places: &[PathBuf]) -> Result<Vec<PathBuf>, Trouble> {
    let here = [PathBuf::from(".")];
    let places = if places.is_empty() { &here } else { places };
    let mut files = vec![];
    for place in places {
        if place.is_dir() {
            let before = files.len();
            walk(place, &mut files)?;
            if files.len() == before {
                let message = format!("there is no test file in `{}`", place.display());
                return Err(Trouble::no(message).help("a test file is called `NAME.test.yaml`"));
            }
        } else if is_test(place) {
            files.push(place.clone());
        } else {
            let own = place.with_extension("").display().to_string() + ENDING;
            if !Path::new(&own).exists() {
                let message = format!("`{}` has no test file", place.display());
                return Err(Trouble::no(message).help(format!("write one: `{own}`")));
            }
            files.push(own.into());
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

/// True for the name of a test file.
pub fn is_test(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(ENDING))
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Trouble> {
    let unreadable =
        |error: std::io::Error| Trouble::new(format!("`{}` cannot be read: {error}", folder.display()));
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        // A link may lead back to where it stands.
        if entry.file_type().map_err(unreadable)?.is_dir() {
            if !hidden {
                walk(&path, files)?;
            }
        } else if is_test(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn as_json(played: &[Played], count: &Count, shares: Option<&Vec<coverage::Share<'_>>>) -> Value {
    let files: Vec<Value> = played.iter().map(file_json).collect();
    let mut json =
        json!({ "files": files, "passed": count.passed, "failed": count.failed, "broken": count.broken });
    if let Some(shares) = shares {
        json["coverage"] = coverage::json(shares);
    }
    json
}

fn file_json(played: &Played) -> Value {
    let diagnostics =
        |found: &[Diagnostic]| dsl::render::json(&played.file, &played.text, found)["diagnostics"].take();
    let case = |tried: &Tried| {
        let place = dsl::span::Lines::new(&played.text).place(tried.span.range().start);
        let unmet = tried.unmet.iter().map(|unmet| {
            let mut json = diagnostics(std::slice::from_ref(&unmet.diagnostic))[0].take();
            json["expected"] = unmet.expected.clone();
            json["got"] = unmet.got.clone();
            json
        });
        let steps = tried.came.steps.iter().map(|(path, entry)| (path.clone(), entry.to_json()));
        json!({
            "name": tried.name,
            "line": place.line,
            "passed": tried.passed(),
            "unmet": unmet.collect::<Vec<_>>(),
            "warnings": diagnostics(&tried.warnings),
            "took": dsl::value::Value::Duration(tried.came.took).to_json(),
            "cost_usd": server::engine::spent::dollars(tried.came.cost),
            "played_ms": tried.played.as_secs_f64() * 1000.0,
            "steps": steps.collect::<serde_json::Map<_, _>>(),
        })
    };
    json!({
        "file": played.file,
        "workflow": played.tested.workflow.as_ref().map(|(path, ..)| path.display().to_string()),
        "diagnostics": diagnostics(&played.tested.diagnostics),
        "cases": played.tested.cases.iter().map(case).collect::<Vec<_>>(),
    })
}
