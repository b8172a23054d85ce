//! `keyway record`: a real run as a test file, and what has changed since one was made.

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use dsl::test::ENDING;
use server::connector::record::Veil;
use server::engine::run::RunId;
use server::history::History;
use server::rehearse::record::drift::{self, Drift, Weight};
use server::rehearse::record::{self, Recording, Refused, Wish};

use super::Data;
use super::check::plural;
use crate::error::{Exit, Trouble};
use crate::fresh;
use crate::output::{self, BAD, BUSY, FAINT, GOOD};

/// Write a test file out of a real run
///
/// Each call of the run stands in it with its answer. Secrets, tokens and headers are hidden. It is played before it is written.
#[derive(ClapArgs)]
pub struct Args {
    /// The run
    run: String,
    /// The workflow's file [default: the one that ran]
    file: Option<PathBuf>,
    /// The test file to write [default: that of the workflow, or `NAME-RUN.test.yaml` where there is one]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What the case is called [default: by its run]
    #[arg(long, value_name = "NAME")]
    case: Option<String>,
    /// Hide people's e-mail addresses, too
    #[arg(long)]
    hide_people: bool,
    /// Write nothing: tell in which way the run differs from this recording
    #[arg(long, value_name = "FILE", conflicts_with_all = ["output", "case"])]
    drift: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let run = RunId(args.run.as_str().into());
    let home = args.data.home()?;
    let history = History::open(&home).map_err(server::error::Error::from)?;
    let note = record::note(&history, &run)?;
    let missing = || {
        Trouble::no(format!("the run `{run}` does not say where its workflow stands"))
            .help(format!("name its file: `keyway record {run} FILE`"))
    };
    let file = match (&args.file, &note) {
        (Some(file), _) => file.clone(),
        (None, Some(note)) => shorter(&note.file),
        (None, None) => return Err(missing()),
    };
    if !file.exists() {
        let message =
            format!("`{}` is not there, where the workflow of the run `{run}` stood", file.display());
        return Err(Trouble::no(message).help(format!("name its file: `keyway record {run} FILE`")));
    }
    let text = super::run::read(&file)?;
    let output = match &args.output {
        Some(output) => output.clone(),
        None => usual(&file, &run),
    };
    if !output.file_name().is_some_and(|name| name.to_string_lossy().ends_with(ENDING)) {
        let message = format!("`{}` is not the name of a test file", output.display());
        return Err(Trouble::no(message).help(format!("let it end in `{ENDING}`")));
    }
    let mut veil = Veil::default();
    let owner = note.map_or_else(|| server::vault::LOCAL.to_owned(), |note| note.owner);
    let sealed = record::hide_secrets(&history, &run, &owner, || server::safe::open(&home), &mut veil)?;
    for name in sealed {
        output::note(&format!(
            "{BUSY}warning{BUSY:#}: the secret `{name}` cannot be opened: if an answer repeats it, it stands there as it is"
        ));
    }
    let wish = Wish {
        run: &run,
        workflow: (&file, &text),
        file: &output,
        hides_people: args.hide_people,
        case: args.case.as_deref(),
    };
    let recording = record::record(&history, &wish, veil).map_err(refused)?;
    match &args.drift {
        Some(older) => drifted(args, older, &recording),
        None => written(args, &output, &recording),
    }
}

fn written(args: &Args, path: &Path, recording: &Recording) -> Result<Exit, Trouble> {
    let wrong = recording.wrong();
    if !wrong.is_empty() {
        let errors: Vec<_> = wrong.into_iter().cloned().collect();
        output::diagnostics(&path.display().to_string(), &recording.text, &errors);
        return Err(Trouble::no("what was recorded does not go the way of its run when it is played")
            .help("nothing was written; the workflow may have been changed since, or it depends on what is made anew each time"));
    }
    let told =
        |error: std::io::Error| Trouble::no(format!("`{}` cannot be written: {error}", path.display()));
    fresh::write(path, &recording.text).map_err(told)?;
    if args.json {
        output::json(&serde_json::json!({
            "file": path.display().to_string(),
            "calls": recording.calls,
            "hidden": recording.hidden,
            "not_compared": recording.not_compared,
        }));
        return Ok(Exit::Done);
    }
    let (calls, hidden) = (plural(recording.calls, "call"), plural(recording.hidden, "spelling"));
    output::note(&format!(
        "{GOOD}✓{GOOD:#} wrote {}: {calls}, {hidden} hidden, and it passes",
        path.display()
    ));
    for place in &recording.not_compared {
        output::note(&format!("  {FAINT}not compared, since it is another one each time:{FAINT:#} {place}"));
    }
    output::note("read it before you give it to anybody: names, texts and numbers of the run are in it");
    Ok(Exit::Done)
}

fn drifted(args: &Args, older: &Path, recording: &Recording) -> Result<Exit, Trouble> {
    let text = super::run::read(older)?;
    let found = drift::drift(&text, &recording.text);
    let breaks = found.iter().any(|drift| drift.weight == Weight::Breaks);
    if args.json {
        output::json(&serde_json::json!({ "drift": found.iter().map(Drift::to_json).collect::<Vec<_>>() }));
    } else if found.is_empty() {
        output::result(&format!("{GOOD}✓{GOOD:#} as in {}: no shape has changed\n", older.display()));
    } else {
        let mut page = String::new();
        for drift in &found {
            let (style, word) = match drift.weight {
                Weight::Breaks => (BAD, "breaks"),
                Weight::Adds => (BUSY, "adds"),
            };
            let place = if drift.place.is_empty() { String::new() } else { format!(" {}", drift.place) };
            page += &format!("  {style}{word:<7}{style:#} {}{place} {}\n", drift.step, drift.what);
        }
        output::result(&page);
    }
    Ok(if breaks { Exit::No } else { Exit::Done })
}

fn refused(refused: Refused) -> Trouble {
    match refused {
        Refused::Error(error) => error.into(),
        Refused::UnderWay(_) => Trouble::no(refused.to_string())
            .help("`keyway runs` tells how it stands; record it once it has ended"),
        Refused::Cancelled(_) => Trouble::no(refused.to_string()).help("record a run that came to its end"),
        Refused::Workflow(_) => {
            Trouble::no(refused.to_string()).help("name the file of what ran: `keyway record RUN FILE`")
        }
    }
}

/// The test file of a workflow, or one of the run's own where there is one already.
fn usual(file: &Path, run: &RunId) -> PathBuf {
    let stem = file.with_extension("").display().to_string();
    let own = PathBuf::from(format!("{stem}{ENDING}"));
    if own.exists() { PathBuf::from(format!("{stem}-{run}{ENDING}")) } else { own }
}

/// A path from this folder where it stands below it.
fn shorter(path: &Path) -> PathBuf {
    let here = std::env::current_dir().ok();
    here.and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path).to_owned()
}
