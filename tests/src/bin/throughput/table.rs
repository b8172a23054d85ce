//! The report: a table, and what it was measured with and on.

use std::fmt::Write;

use anyhow::Result;

use crate::parts::Measure;
use tests::machine::{self, Disk};

/// Writes the report.
pub fn report(measures: &[Measure], syncs: Option<&(Measure, u64)>, disk: &Disk) -> Result<String> {
    let mut text = String::from(
        "# Throughput\n\nWritten by `cargo run --release -p tests --bin throughput`; not to be changed by hand.\n\n",
    );
    let (processor, cores) = machine::processor();
    let now = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC");
    writeln!(text, "- {now}, commit {}, load of the last minute {}", machine::commit(), machine::load())?;
    writeln!(text, "- {cores} cores of {processor}; {} on {}", disk.kind, disk.device)?;
    let pragmas = measures.iter().find(|measure| !measure.pragmas.is_empty()).map(|measure| &measure.pragmas);
    let pragmas: Vec<String> =
        pragmas.into_iter().flatten().map(|(name, value)| format!("`{name}={value}`")).collect();
    writeln!(text, "- read back from the database: {}", pragmas.join(", "))?;
    writeln!(text, "- {}\n", told(syncs))?;
    runs(&mut text, measures)?;
    process(&mut text, measures)?;
    Ok(text)
}

fn told(syncs: Option<&(Measure, u64)>) -> String {
    match syncs {
        None => "fsyncs were not counted: there is no `strace` here".into(),
        Some((measure, count)) => format!(
            "fsyncs, counted by `strace` over the whole life of a process of its own with `{}`: {count} at {} commits \
             of the driver; the rest are checkpoints, and what opening and closing takes",
            measure.part, measure.all_commits,
        ),
    }
}

fn runs(text: &mut String, measures: &[Measure]) -> Result<()> {
    text.push_str(
        "`linear` is a workflow of ten steps that read one another, so many runs at a time; `light` one of forty; `for-each` is one run \
         with so many items, 100 in flight. `socket` asks a service in a process of its own over its socket, a connection for \
         each of those at a time; its steps compute two texts each and call `file.write`, which a stand-in answers, and CPU time and \
         memory are the service's. In the others each step calls an action of safety `keyed` within the process, and both \
         its events are durable. `raw` is plain SQLite in the same process just before: commits of one row of 200 \
         bytes per second, WAL, `synchronous=FULL`. Commits are counted by the driver.\n\n\
         | part | raw | runs | runs/s | steps/s | p50 ms | p99 ms | CPU s per 1,000 runs | commits | steps per \
         commit | peak memory MB |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for measure in measures.iter().filter(|measure| measure.commits > 0) {
        let per_second = |count: u64| count as f64 / measure.seconds;
        writeln!(
            text,
            "| {} | {:.0} | {} | {:.1} | {:.0} | {:.1} | {:.1} | {:.2} | {} | {:.1} | {:.1} |",
            measure.part,
            measure.raw,
            measure.runs,
            per_second(measure.runs),
            per_second(measure.steps),
            measure.half,
            measure.most,
            measure.cpu / measure.runs as f64 * 1e3,
            measure.commits,
            measure.steps as f64 / measure.commits as f64,
            megabytes(measure.memory),
        )?;
    }
    Ok(())
}

fn process(text: &mut String, measures: &[Measure]) -> Result<()> {
    for measure in measures.iter().filter(|measure| measure.binary > 0) {
        writeln!(
            text,
            "\n`keyway run` of one step, the whole process, {} times on a data directory that had been used before: \
             p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms, peak memory {:.1} MB. The binary has {:.1} MB.",
            measure.runs,
            measure.half,
            measure.most,
            measure.longest,
            megabytes(measure.memory),
            megabytes(measure.binary),
        )?;
    }
    Ok(())
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
