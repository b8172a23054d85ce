//! What the manifests of connectors cost: reading one, reading all, and their bytes in the program.
//!
//! `KEYWAY_REPORT=docs/measured/manifests.md cargo run --release -p tests --bin manifests`

use std::process::ExitCode;
use std::time::{Duration, Instant};

use connectors::library::{Library, family_texts};
use tests::report::Report;

/// How often each is read.
const TIMES: usize = 20;

/// What is aimed at.
const ONE: Duration = Duration::from_millis(2);
const ALL: Duration = Duration::from_millis(60);
const BYTES: usize = 5_000_000;

fn main() -> ExitCode {
    let report = Report::begin("Reading manifests", "cargo run --release -p tests --bin manifests");
    let names: Vec<String> = Library::embedded().names().map(str::to_owned).collect();
    let mut each = vec![];
    for name in &names {
        let mut times: Vec<Duration> = (0..TIMES).map(|_| timed(|library| read(library, name))).collect();
        times.sort();
        each.push((times[TIMES / 2], name.as_str()));
    }
    each.sort();
    let mut whole: Vec<Duration> = (0..TIMES)
        .map(|_| timed(|library| names.iter().for_each(|name| read(library.read_all(), name))))
        .collect();
    whole.sort();
    let library = Library::embedded();
    let own: usize = names.iter().filter_map(|name| library.text(name)).map(str::len).sum();
    let bytes = own + family_texts().map(|(_, text)| text.len()).sum::<usize>();
    let (Some((slowest, name)), all) = (each.last().copied(), whole[TIMES / 2]) else {
        return ExitCode::from(2);
    };
    let median = each[each.len() / 2].0;
    let kept = slowest < ONE && all < ALL && bytes < BYTES;
    let ms = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1e3);
    report.tell(&format!(
        "Each is read {TIMES} times by a library that has read nothing; times are medians.\n\n\
         | | Measured | Aimed at |\n| --- | --- | --- |\n\
         | one of {}, in the middle | {} | under 2 ms |\n| the slowest one, `{name}` | {} | under 2 ms |\n\
         | all | {} | under 60 ms |\n| their text in the program | {:.2} MB | under 5 MB |\n",
        names.len(),
        ms(median),
        ms(slowest),
        ms(all),
        bytes as f64 / 1e6
    ));
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn timed(act: impl FnOnce(&Library)) -> Duration {
    let library = Library::embedded();
    let begun = Instant::now();
    act(&library);
    begun.elapsed()
}

fn read(library: &Library, name: &str) {
    assert!(library.find(name).is_some(), "{name} has errors");
}
