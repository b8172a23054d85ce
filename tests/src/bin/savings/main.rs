//! `savings DIR [OTHER] [--json]` replays recorded outcomes of models through the product and tells what its choices save, at
//! what quality. It learns on one part of the questions of a directory and reports on the other; with OTHER it learns on the first
//! and reports on the second.

mod levers;
mod sets;
mod speed;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::outcomes::{Outcomes, Row};
use tests::replay::figures::{self, Part, Point};
use tests::replay::{self, lesson};
use tests::report::Report;

use sets::Set;

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

fn main() -> Result<()> {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let json = words.iter().any(|word| word == "--json");
    words.retain(|word| word != "--json");
    let mut directories = words.iter().map(PathBuf::from);
    let first = directories.next().context("usage: savings DIR [OTHER] [--json]")?;
    let (learn, report) = parts(&first, directories.next().as_deref())?;
    let begun = Report::begin("What choices save", "cargo run --release -p tests --bin savings -- DIR");
    let mut told = vec![];
    for set in sets::all(&learn) {
        if let Some(one) = tell(&set, &learn, &report)? {
            if !json {
                eprintln!("{}: {} of {} rows", one.set, one.rows, one.way);
            }
            told.push(one);
        }
    }
    let levers = levers::all();
    let speed = speed::of(report.files.values().flatten());
    if json {
        println!(
            "{}",
            serde_json::to_string_pretty(&json!({ "sets": told, "levers": levers, "speed": speed }))?
        );
    } else {
        begun.tell(&(text(&told) + "\n" + &speed::text(&speed) + &levers::text(&levers)));
    }
    Ok(())
}

/// The rows that are learned from, and those that are reported on; no question is among both.
fn parts(first: &Path, other: Option<&Path>) -> Result<(Outcomes, Outcomes)> {
    let mut learn = Outcomes::read(first)?;
    let mut report = Outcomes::read(other.unwrap_or(first))?;
    match other {
        None => {
            learn.files.values_mut().for_each(|rows| rows.retain(|row| !row.is_reported()));
            report.files.values_mut().for_each(|rows| rows.retain(Row::is_reported));
        }
        Some(_) => {
            let seen: BTreeSet<String> = learn.files.values().flatten().map(question).collect();
            report.files.values_mut().for_each(|rows| rows.retain(|row| !seen.contains(&question(row))));
        }
    }
    Ok((learn, report))
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
    let learned = lesson::of(&set.models, &seen.iter().collect::<Vec<_>>(), learn);
    let (strong, single) = (learned.strong, learned.single);
    let replayed = replay::replay(learned, &unseen, set.step)?;
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
    let escalated = replayed.ended.iter().filter(|ended| ended.escalated).count();
    Ok(Some(Told {
        set: set.name.clone(),
        way: set.way(),
        learned: seen.len(),
        rows: unseen.len(),
        strong: set.models[strong].clone(),
        single: set.models[single].clone(),
        kept,
        saved: figures::saved(&points),
        beside_single: figures::saved_beside_single(&points),
        random_mix: figures::random_mix(&rows, &set.models, strong, kept.value, report),
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
        "Each row of a table is a set of questions whose answers were recorded, learned on one part and reported on another. \
         In brackets the range in which 95 of 100 draws of the questions fall. *Mix* is what a random choice between the strong \
         model and one other saves at the same quality, *oracle* what whoever knew all answers would keep and save.\n\n\
         | Set | Way | Questions | Quality kept | Saved beside the strong model | beside the best single model | Mix | Oracle | Asked again |\n\
         | --- | --- | ---: | --- | --- | --- | ---: | --- | ---: |\n",
    );
    for one in told {
        text += &format!(
            "| {} | {} | {} of {} | {} | {} | {} | {} | {} / {} | {} |\n",
            one.set,
            one.way,
            one.rows,
            one.rows + one.learned,
            part(one.kept),
            part(one.saved),
            part(one.beside_single),
            percent(one.random_mix),
            percent(one.oracle_kept),
            percent(one.oracle_saved),
            percent(one.escalated),
        );
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

fn part(part: Part) -> String {
    format!("{:.1} % ({:.1} to {:.1})", part.value * 100.0, part.from * 100.0, part.to * 100.0)
}
