//! What was gathered in Prometheus' text format, version 0.0.4.

use std::fmt::Write as _;

use super::{BOUNDS, Gathered, Number};

/// What the answer says that it is.
pub const CONTENT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Writes it down.
pub fn text(gathered: &[Gathered]) -> String {
    let mut out = String::with_capacity(16 << 10);
    for Gathered { metric, series } in gathered {
        let _ = writeln!(out, "# HELP {} {}", metric.name, escaped(metric.about, Place::Help));
        let _ = writeln!(out, "# TYPE {} {}", metric.name, metric.kind.name());
        for (values, number) in series {
            let labels = |more: Option<&str>| -> String {
                let pairs = metric.labels.iter().zip(values);
                let pairs = pairs.map(|(name, value)| format!("{name}=\"{}\"", escaped(value, Place::Label)));
                let pairs: Vec<String> = pairs.chain(more.map(|le| format!("le=\"{le}\""))).collect();
                if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) }
            };
            match number {
                Number::Single(number) => {
                    let _ =
                        writeln!(out, "{}{} {}", metric.name, labels(None), scaled(*number, metric.scale));
                }
                Number::Histogram { count, sum, buckets } => {
                    let mut upto = 0;
                    for (bound, inside) in BOUNDS.iter().zip(buckets) {
                        upto += inside;
                        let le = scaled(*bound, metric.scale);
                        let _ = writeln!(out, "{}_bucket{} {upto}", metric.name, labels(Some(&le)));
                    }
                    let _ = writeln!(out, "{}_bucket{} {count}", metric.name, labels(Some("+Inf")));
                    let sum = scaled(*sum, metric.scale);
                    let _ = writeln!(out, "{}_sum{} {sum}", metric.name, labels(None));
                    let _ = writeln!(out, "{}_count{} {count}", metric.name, labels(None));
                }
            }
        }
    }
    out
}

/// A number in the unit that it is told in: an exact decimal.
pub fn scaled(number: u64, scale: u64) -> String {
    if scale == 1 {
        return number.to_string();
    }
    let (whole, part) = (number / scale, number % scale);
    let digits = scale.ilog10() as usize;
    let text = format!("{whole}.{part:0digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Where a text stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Help,
    Label,
}

fn escaped(text: &str, place: Place) -> String {
    let text = text.replace('\\', "\\\\").replace('\n', "\\n");
    if place == Place::Label { text.replace('"', "\\\"") } else { text }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::metrics::{Metrics, Name};

    #[test]
    fn numbers_are_exact_decimals() {
        assert_eq!(scaled(1_500_000_000, 1_000_000_000), "1.5");
        assert_eq!(scaled(500_000, 1_000_000_000), "0.0005");
        assert_eq!(scaled(3_000_000_000, 1_000_000_000), "3");
        assert_eq!(scaled(0, 1_000_000_000), "0");
        assert_eq!(scaled(7, 1_000_000_000_000), "0.000000000007");
        assert_eq!(scaled(u64::MAX, 1), u64::MAX.to_string());
    }

    #[test]
    fn buckets_add_up_and_what_is_on_a_bound_is_within_it() {
        let metrics = Metrics::default();
        let cell = metrics.of(Name::CommitDuration, &[]);
        for took in [500_000, 500_001, 700_000_000_000] {
            cell.observe(Duration::from_nanos(took));
        }
        let text = text(&metrics.gather());
        for line in [
            "# TYPE keyway_commit_duration_seconds histogram",
            "keyway_commit_duration_seconds_bucket{le=\"0.0005\"} 1",
            "keyway_commit_duration_seconds_bucket{le=\"0.001\"} 2",
            "keyway_commit_duration_seconds_bucket{le=\"600\"} 2",
            "keyway_commit_duration_seconds_bucket{le=\"+Inf\"} 3",
            "keyway_commit_duration_seconds_count 3",
            "keyway_commit_duration_seconds_sum 700.001000001",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
    }

    #[test]
    fn a_label_cannot_break_out_of_its_line() {
        let metrics = Metrics::default();
        metrics.of(Name::RunsEnded, &["a\"} 1\nb\\", "failed"]).add(1);
        let text = text(&metrics.gather());
        let line = "keyway_runs_ended_total{workflow=\"a\\\"} 1\\nb\\\\\",status=\"failed\"} 1";
        assert!(text.lines().any(|it| it == line), "{text}");
    }

    #[test]
    fn however_many_names_there_are_the_series_are_so_many() {
        let metrics = Metrics::default();
        for number in 0..10 * crate::metrics::MOST {
            metrics.of(Name::RunsEnded, &[&format!("w{number}"), "failed"]).add(1);
        }
        let gathered = metrics.gather();
        let ended = &gathered[Name::RunsEnded as usize].series;
        assert_eq!(ended.len(), crate::metrics::MOST + 1);
        let sum: u64 =
            ended.iter().map(|(_, number)| if let Number::Single(it) = number { *it } else { 0 }).sum();
        assert_eq!(sum, 10 * crate::metrics::MOST as u64, "none is lost");
    }
}
