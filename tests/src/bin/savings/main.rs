//! `savings DIR [OTHER] [--json] [--splits N]` replays recorded outcomes of models through the product and tells what its choices
//! save, at what quality. It learns on one part of the questions of a directory and reports on the other; with OTHER it learns on
//! all of the first and reports on the second. With `--splits` the directory is split in N other ways as well, and who would be
//! asked in each of them is told.

mod aims;
mod levers;
mod sets;
mod speed;
mod splits;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::outcomes::{Outcomes, Row};
use tests::replay::figures::{self, Part, Point};
use tests::replay::trial::Trial;
use tests::replay::{self, Step, lesson};
use tests::report::Report;

use sets::{Labels, Set};

/// What a set came to.
#[derive(serde::Serialize)]
struct Told {
    set: String,
    way: &'static str,
    learned: usize,
    rows: usize,
    strong: String,
    single: String,
    kept: Part,
    saved: Part,
    beside_single: Part,
    random_mix: f64,
    above_mix: f64,
    /// Why the router does not choose by words here.
    declined: Option<String>,
    /// What the choice came to where it was learned.
    learned_as: Option<Trial>,
    in_batches: Option<f64>,
    oracle_kept: f64,
    oracle_saved: f64,
    escalated: f64,
    failed: usize,
    ledger_usd: String,
    report_usd: String,
    report_reference_usd: String,
    recorded_reference_usd: f64,
    example: String,
}

/// What is wanted.
struct Wanted {
    first: PathBuf,
    other: Option<PathBuf>,
    json: bool,
    splits: u32,
}

const USAGE: &str = "usage: savings DIR [OTHER] [--json] [--splits N]";

fn wanted() -> Result<Wanted> {
    let (mut json, mut splits, mut directories) = (false, 0, vec![]);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match &*word {
            "--json" => json = true,
            "--splits" => splits = words.next().context(USAGE)?.parse::<u32>().context(USAGE)?,
            _ => directories.push(PathBuf::from(word)),
        }
    }
    ensure!(matches!(directories.len(), 1 | 2), USAGE);
    let other = if directories.len() == 2 { directories.pop() } else { None };
    Ok(Wanted { first: directories.remove(0), other, json, splits })
}

fn main() -> Result<()> {
    let Wanted { first, other, json, splits } = wanted()?;
    let all = Outcomes::read(&first)?;
    let (learn, report) = parts(&all, other.as_deref())?;
    let command = match (other.is_some(), splits) {
        (true, _) => "cargo run --release -p tests --bin savings -- DIR OTHER",
        (false, 0) => "cargo run --release -p tests --bin savings -- DIR",
        (false, _) => "cargo run --release -p tests --bin savings -- DIR --splits N",
    };
    let begun = Report::begin("What choices save", command);
    let mut told = vec![];
    let sets = sets::all(&learn);
    for set in &sets {
        if let Some(one) = tell(set, &learn, &report)? {
            eprintln!("{}: {} rows by {}", one.set, one.rows, one.way);
            told.push(one);
        }
    }
    ensure!(!told.is_empty(), "no set has 50 questions to learn from and 50 others to report on");
    let aims = aims::of(&told);
    let spread: Vec<_> = sets.iter().filter_map(|set| splits::of(set, &all, splits)).collect();
    let levers = levers::all();
    let speed = speed::of(report.files.values().flatten());
    if json {
        let told = json!({
            "sets": told, "aims": aims, "splits": spread, "levers": levers, "speed": speed
        });
        println!("{}", serde_json::to_string_pretty(&told)?);
    } else {
        let parts = [
            text(&told),
            aims::text(&aims),
            splits::text(&spread),
            speed::text(&speed),
            levers::text(&levers),
        ];
        begun.tell(parts.join("\n").trim_end());
    }
    Ok(())
}

/// The rows that are learned from, and those that are reported on; no question is among both.
fn parts(all: &Outcomes, other: Option<&Path>) -> Result<(Outcomes, Outcomes)> {
    let mut learn = all.clone();
    let Some(other) = other else {
        let mut report = all.clone();
        learn.files.values_mut().for_each(|rows| rows.retain(|row| !row.is_reported()));
        report.files.values_mut().for_each(|rows| rows.retain(Row::is_reported));
        return Ok((learn, report));
    };
    let mut report = Outcomes::read_beside(other, all)?;
    report.files = report.files.into_iter().map(|(name, rows)| (partner(&name, &learn), rows)).collect();
    let seen: BTreeSet<String> = learn.files.values().flatten().map(question).collect();
    report.files.values_mut().for_each(|rows| rows.retain(|row| !seen.contains(&question(row))));
    Ok((learn, report))
}

/// The file that a file of the other directory is reported beside: that of its name, or else one with which its name begins.
fn partner(name: &str, learn: &Outcomes) -> String {
    let known = || learn.files.keys().find(|known| name.starts_with(known.as_str()));
    match learn.files.contains_key(name) {
        true => name.to_owned(),
        false => known().map_or_else(|| name.to_owned(), Clone::clone),
    }
}

fn question(row: &Row) -> String {
    row.prompt.trim().to_lowercase()
}

fn tell(set: &Set, learn: &Outcomes, report: &Outcomes) -> Result<Option<Told>> {
    let of = |all: &'_ Outcomes| -> Vec<Row> {
        let mut seen = BTreeSet::new();
        let rows = all.files.get(&set.file).into_iter().flatten();
        let known = rows.filter(|row| row.of(&set.models).is_some() && seen.insert(row.prompt.clone()));
        known.cloned().collect()
    };
    let (seen, unseen) = (of(learn), of(report));
    if seen.len() < 50 || unseen.len() < 50 {
        return Ok(None);
    }
    let seen = match set.labels {
        Labels::Recorded => seen,
        Labels::Dealt => lesson::dealt(&seen, 0x5EED),
    };
    let learned = lesson::of(&set.models, &seen.iter().collect::<Vec<_>>(), learn);
    let (strong, single) = (learned.strong, learned.single);
    let replayed = replay::replay(&learned, &unseen, set.step)?;
    ensure!(
        replayed.ledger == replayed.report.cost,
        "the ledger says {}, the report {}",
        replayed.ledger,
        replayed.report.cost
    );
    let rows: Vec<&Row> = unseen.iter().collect();
    let alone = |row: &Row, at: usize| {
        (lesson::right(row, &set.models[at]), lesson::paid(row, &set.models[at], report))
    };
    let points: Vec<Point> = unseen
        .iter()
        .zip(&replayed.ended)
        .map(|(row, ended)| {
            let right = ended.model.as_ref().map_or(0.0, |model| lesson::right(row, model));
            let cost = ended.cost.units() as f64 / 1e12;
            Point { ours: (right, cost), strong: alone(row, strong), single: alone(row, single) }
        })
        .collect();
    let kept = figures::kept(&points);
    let (oracle_kept, oracle_saved) = figures::oracle(&rows, &set.models, strong, report);
    let (saved, by_words) = (figures::saved(&points), set.step == Step::Text);
    let random_mix = figures::random_mix(&rows, &set.models, strong, kept.value, report);
    let escalated = replayed.ended.iter().filter(|ended| ended.escalated).count();
    Ok(Some(Told {
        set: set.name.clone(),
        way: set.way(),
        learned: seen.len(),
        rows: unseen.len(),
        strong: set.models[strong].clone(),
        single: set.models[single].clone(),
        kept,
        saved,
        beside_single: figures::saved_beside_single(&points),
        random_mix,
        above_mix: saved.value - random_mix,
        declined: learned.judge.lacks.clone().filter(|_| by_words),
        learned_as: learned.trial.filter(|_| by_words),
        in_batches: levers::is_sold_in_batches(&set.models).then(|| 1.0 - (1.0 - saved.value) / 2.0),
        oracle_kept,
        oracle_saved,
        escalated: escalated as f64 / unseen.len() as f64,
        failed: replayed.ended.iter().filter(|ended| ended.model.is_none()).count(),
        ledger_usd: replayed.ledger.to_string(),
        report_usd: replayed.report.cost.to_string(),
        report_reference_usd: replayed.report.reference.to_string(),
        recorded_reference_usd: points.iter().map(|point| point.strong.1).sum(),
        example: replayed.ended.first().map_or_else(String::new, |ended| ended.why.clone()),
    }))
}

fn text(told: &[Told]) -> String {
    let mut text = String::from(
        "Each row of a table is a set of questions whose answers were recorded, learned on one part and reported on another, which was not \
         looked at before. In brackets the range in which 95 of 100 draws of the questions fall. *Mix* is what a random choice between \
         the strong model and one other saves at the same quality, and in brackets how many points more was saved than that; *oracle* \
         what whoever knew all answers would keep and save. *In batches* is what is saved where all calls go as batches for half the \
         price, of pools whose providers all sell that: exact, since each price is halved.\n\n\
         | Set | Way | Questions | Quality kept | Saved beside the strong model | beside the best single model | Mix | Oracle | Asked again | In batches |\n\
         | --- | --- | ---: | --- | --- | --- | ---: | --- | ---: | ---: |\n",
    );
    for one in told {
        text += &format!(
            "| {} | {} | {} of {} | {} | {} | {} | {} ({}) | {} / {} | {} | {} |\n",
            one.set,
            one.way,
            one.rows,
            one.rows + one.learned,
            part(one.kept),
            part(one.saved),
            part(one.beside_single),
            percent(one.random_mix),
            points(one.above_mix),
            percent(one.oracle_kept),
            percent(one.oracle_saved),
            percent(one.escalated),
            one.in_batches.map_or_else(|| "–".into(), percent),
        );
    }
    text += &format!(
        "\n## How the router was set\n\n\
         By the part that is learned from, and by nothing else: each of its questions is judged by judges that have not seen it. Of the \
         ways to choose that keep {:.0} % and a standard error more, the one is taken that saves most. Where it does not save two standard \
         errors more than a random mix, the router does not follow it: it takes who is good enough by price, and says why. What \
         is reported then lies where chance puts it: within a standard error in two of three sets.\n\n\
         | Set | Way | Kept there | Saved there | More than the mix there | Followed |\n| --- | --- | --- | ---: | --- | --- |\n",
        lesson::PROMISE * 100.0
    );
    for one in told.iter().filter(|one| one.way.starts_with("router")) {
        let trial = one.learned_as.map_or_else(
            || "– | – | –".into(),
            |trial| {
                format!(
                    "{} ± {:.1} | {} | {} ± {:.1} points",
                    percent(trial.kept),
                    trial.kept_error * 100.0,
                    percent(trial.saved),
                    points(trial.above),
                    trial.above_error * 100.0
                )
            },
        );
        let followed = one.declined.as_deref().map_or_else(|| "yes".into(), |why| format!("no: {why}"));
        text += &format!("| {} | {} | {trial} | {followed} |\n", one.set, one.way);
    }
    text += "\n## What it rests on\n\n\
         | Set | Way | Strong | Best single | In the ledger, USD | Report: strong, USD | Recorded: strong, USD | Steps without an answer | The first reason |\n\
         | --- | --- | --- | --- | ---: | ---: | ---: | ---: | --- |\n";
    for one in told {
        text += &format!(
            "| {} | {} | {} | {} | {} | {} | {:.6} | {} | {} |\n",
            one.set,
            one.way,
            one.strong,
            one.single,
            one.ledger_usd,
            one.report_reference_usd,
            one.recorded_reference_usd,
            one.failed,
            one.example
        );
    }
    text
}

fn percent(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

/// Points of a hundred, with their sign; what is rounded to nothing has none.
fn points(part: f64) -> String {
    let tenths = (part * 1000.0).round();
    match tenths == 0.0 {
        true => "0.0".into(),
        false => format!("{:+.1}", tenths / 10.0),
    }
}

fn part(part: Part) -> String {
    format!("{:.1} % ({:.1} to {:.1})", part.value * 100.0, part.from * 100.0, part.to * 100.0)
}
