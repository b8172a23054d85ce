//! What a comparison found, and the page that tells it.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result};
use jiff::Timestamp;
use tests::machine;

/// Why times differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// cronsim applies the rule of fixed times to five fields only.
    SixFields,
    /// At a change of the clock cronsim names a time that the clock does not show, or leaves one out that it shows.
    Wandering,
}

impl Reason {
    fn text(self) -> &'static str {
        match self {
            Reason::SixFields => {
                "Six fields with a fixed minute and hour. cronsim keeps Debian's rule for five fields only, and lets six \
                 follow the clock: nothing in the gap, twice where an hour comes twice. Here a second in front changes \
                 nothing about the rule."
            }
            Reason::Wandering => {
                "A `*` in the minute or hour, at a change of the clock. cronsim walks by days, hours and minutes of a \
                 clock that it sets itself, and at a change it comes to a time that the clock does not show, goes past \
                 one that it shows, or searches for ever (the test ends that after half a second of processor time, and \
                 begins it anew 26 hours later). Times here are those at which the clock, read at each minute (or second) around the \
                 change, shows what the expression names: the test looks at each of them, with croner as the judge."
            }
        }
    }
}

/// Expressions that only one of the two takes, and why.
const REFUSALS: &[(&str, &str)] = &[
    ("0 0 15W * *", "cronsim knows no `W`"),
    ("0 0 1W,31W * *", "cronsim knows no `W`"),
    ("0 9 * * FRIL", "cronsim takes `5L`, not the name"),
    ("0 9 * * SAT-SUN", "cronsim has Sunday only as the first day of a range"),
    ("0 0 ? * MON", "cronsim knows no `?`"),
    ("@daily", "cronsim knows no words"),
    ("5/15 * * * *", "it does not say where it ends; here it is an error with a fix, `5-59/15`"),
    (
        "*/90 * * * *",
        "cronsim takes it as `0 * * * *`, which is hardly meant; here it is an error that names `every: 90m`",
    ),
    ("*,5 * * * *", "a `*` beside others says nothing, or what nobody can guess; here it is an error"),
    (
        "0 0 30 2 *",
        "no year has such a day: cronsim refuses it, here it is a warning, and there are no times",
    ),
];

/// An expression in a zone, with what differs.
pub struct Case {
    /// The expression.
    pub expression: String,
    /// The zone.
    pub zone: String,
    /// Times that only we have.
    pub ours_alone: Vec<i64>,
    /// Times that only cronsim has.
    pub theirs_alone: Vec<i64>,
}

/// Why times differ, of which expression, in which zone.
type Where = (Reason, String, String);

/// All that was found.
#[derive(Default)]
pub struct Report {
    /// How many times were compared.
    pub times: u64,
    refused: BTreeMap<String, (Option<String>, Option<String>)>,
    differences: BTreeMap<Where, (Vec<i64>, Vec<i64>)>,
}

impl Report {
    /// Notes an expression that one of the two refuses, or both.
    pub fn refused(&mut self, expression: &str, ours: Option<String>, theirs: Option<String>) {
        self.refused.insert(expression.to_owned(), (ours, theirs));
    }

    /// Notes times that differ, with the reason.
    pub fn differs(&mut self, reason: Reason, case: Case) {
        let (ours, theirs) =
            self.differences.entry((reason, case.expression, case.zone)).or_insert((vec![], vec![]));
        ours.extend(case.ours_alone);
        theirs.extend(case.theirs_alone);
    }

    /// Both together.
    pub fn with(mut self, other: Report) -> Report {
        self.times += other.times;
        self.refused.extend(other.refused);
        for ((reason, expression, zone), (ours_alone, theirs_alone)) in other.differences {
            self.differs(reason, Case { expression, zone, ours_alone, theirs_alone });
        }
        self
    }

    /// Looks whether each expression that only one of the two takes has a reason.
    pub fn explained(&self) -> Result<()> {
        for (expression, (ours, theirs)) in &self.refused {
            if ours.is_none() || theirs.is_none() {
                why(expression).with_context(|| {
                    format!("`{expression}` is refused by one alone: here {ours:?}, by cronsim {theirs:?}")
                })?;
            }
        }
        Ok(())
    }

    /// Writes `docs/measured/cron.md`.
    pub fn write(
        &self,
        page_name: &str,
        wanted: &str,
        expressions: usize,
        zones: &[&str],
        (from, to): (&str, &str),
    ) -> Result<()> {
        let (processor, _) = machine::processor();
        let day = &Timestamp::now().to_string()[..10];
        let mut page = format!(
            "# Cron beside cronsim\n\nMeasured on {day}, commit {}, {processor}, zones of {}, cronsim 2.8, with\n\
             `KEYWAY_CRONSIM={wanted} cargo test -p tests --test cron`.\n\n\
             {} expressions, {} zones, from {} to {}: {} times compared. An expression with more than 2,500 times in a \
             zone is compared around each change of the clock and in 23 stretches between. \
             [schedules.md](../schedules.md) tells the rule.\n\nZones: {}.\n",
            machine::commit(),
            dsl::cron::version(),
            expressions,
            zones.len(),
            &from[..10],
            &to[..10],
            self.times,
            zones.join(", "),
        );
        page +=
            "\n## Taken by one alone\n\n| Expression | Here | cronsim | Why |\n| --- | --- | --- | --- |\n";
        for (expression, (ours, theirs)) in &self.refused {
            let told = |refused: &Option<String>| refused.clone().unwrap_or_else(|| "taken".into());
            let why = why(expression).unwrap_or("both refuse it");
            let _ = writeln!(page, "| `{expression}` | {} | {} | {why} |", told(ours), told(theirs));
        }
        for reason in [Reason::SixFields, Reason::Wandering] {
            let cases: Vec<_> = self.differences.iter().filter(|((why, ..), _)| *why == reason).collect();
            let _ = write!(page, "\n## {} expressions in a zone: {}\n\n", cases.len(), title(reason));
            let _ = writeln!(page, "{}\n", reason.text());
            page += "| Expression | Zone | Only here | Only in cronsim | The first |\n| --- | --- | ---: | ---: | --- |\n";
            for ((_, expression, zone), (ours, theirs)) in cases {
                let _ = writeln!(
                    page,
                    "| `{expression}` | {zone} | {} | {} | {} |",
                    ours.len(),
                    theirs.len(),
                    first(zone, ours, theirs)
                );
            }
        }
        std::fs::write(tests::root().join("docs/measured").join(page_name), page)?;
        Ok(())
    }
}

fn title(reason: Reason) -> &'static str {
    match reason {
        Reason::SixFields => "six fields",
        Reason::Wandering => "a `*` at a change of the clock",
    }
}

fn why(expression: &str) -> Option<&'static str> {
    REFUSALS.iter().find(|(known, _)| *known == expression).map(|(_, why)| *why)
}

/// The first time that differs, on the clock of its zone.
fn first(zone: &str, ours: &[i64], theirs: &[i64]) -> String {
    let told = |times: &[i64], who: &str| {
        let time = Timestamp::from_second(*times.iter().min()?).ok()?;
        let local = time.display_with_offset(dsl::cron::zone(zone)?.to_offset(time));
        Some((time, format!("{local} {who}")))
    };
    let both = [told(ours, "here"), told(theirs, "in cronsim")];
    both.into_iter().flatten().min().map_or(String::new(), |(_, text)| text)
}
