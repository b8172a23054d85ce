//! `keyway cron next`: the next times of a cron expression.

use clap::Args as ClapArgs;
use dsl::cron;
use dsl::diagnostic::nearest;
use dsl::workflow::Moment;
use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::error::{Exit, Trouble};
use crate::output::{self, FAINT};

/// Show the next times of a cron expression
#[derive(ClapArgs)]
pub struct Args {
    /// The expression in quotes, as in "0 9 * * MON-FRI"
    #[arg(value_name = "EXPR")]
    expression: String,
    /// The time zone, as in Europe/Berlin
    #[arg(long = "tz", value_name = "ZONE", default_value = "UTC")]
    zone: String,
    /// Show the times after this one: RFC 3339, or local time without an offset [default: now]
    #[arg(long, value_name = "T")]
    from: Option<String>,
    /// Show so many
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: u32,
    /// Print the times as JSON
    #[arg(long)]
    json: bool,
}

/// Carries the command out.
pub fn main(args: &Args) -> Result<Exit, Trouble> {
    let zone = zone(&args.zone)?;
    let from = from(args.from.as_deref(), &zone)?;
    let Some(schedule) = super::schedule(&args.expression) else { return Ok(Exit::No) };
    let times: Vec<Timestamp> = schedule.after(from, &zone).take(args.count as usize).collect();
    if times.is_empty() {
        output::note(if schedule.comes() {
            "it does not come again before the year 10000"
        } else {
            "it never comes: no year has such a day"
        });
    }
    if args.json {
        let local = |time: &Timestamp| time.display_with_offset(zone.to_offset(*time)).to_string();
        let times: Vec<_> =
            times.iter().map(|time| json!({ "utc": time.to_string(), "local": local(time) })).collect();
        output::json(&json!({ "times": times }));
    } else if !times.is_empty() {
        output::result(&times.iter().map(|time| line(*time, &zone)).collect::<Vec<_>>().join("\n"));
    }
    Ok(Exit::Done)
}

fn zone(name: &str) -> Result<TimeZone, Trouble> {
    cron::zone(name).ok_or_else(|| {
        let trouble = Trouble::no(format!("there is no time zone `{name}`"));
        match nearest(name, cron::zones().iter().map(String::as_str)) {
            Some(near) => trouble.help(format!("did you mean `{near}`?")),
            None => trouble.help("zones are named as in `Europe/Berlin`"),
        }
    })
}

fn from(text: Option<&str>, zone: &TimeZone) -> Result<Timestamp, Trouble> {
    let Some(text) = text else { return Ok(Timestamp::now()) };
    let instant = match Moment::parse(text.trim()) {
        Some(Moment::Exact(instant)) => Some(instant),
        Some(Moment::Local(local)) => cron::instant(local, zone),
        None => None,
    };
    instant.ok_or_else(|| {
        Trouble::no(format!("`{text}` is not a time"))
            .help("write `2026-12-24T09:00`, or with an offset, as in `2026-12-24T09:00:00+01:00`")
    })
}

/// The time in its zone with the day of the week, and in UTC.
fn line(time: Timestamp, zone: &TimeZone) -> String {
    let local = time.to_zoned(zone.clone());
    let shown = strtime::format("%a %Y-%m-%d %H:%M:%S %:z", &local).unwrap_or_else(|_| local.to_string());
    format!("{shown}  {FAINT}{time}{FAINT:#}")
}
