//! Metrics as OTLP has them: sums that count from the start of the process, gauges, histograms.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::text;
use crate::metrics::{BOUNDS, Gathered, Metric, Name, Number, Type};

/// Sums are told whole each time, not by what came since the last.
const CUMULATIVE: u8 = 2;

/// What was gathered.
pub fn of(gathered: &[Gathered]) -> Vec<Value> {
    let start = gathered.iter().find(|it| it.metric.id == Name::ProcessStart);
    let start = start.and_then(|it| it.series.first()).map(|(_, number)| number.clone());
    let start = if let Some(Number::Single(start)) = start { start } else { 0 };
    let now = Timestamp::now().as_nanosecond().to_string();
    gathered
        .iter()
        .filter(|it| !it.series.is_empty())
        .map(|it| metric(it, (&start.to_string(), &now)))
        .collect()
}

fn metric(gathered: &Gathered, (start, now): (&str, &str)) -> Value {
    let metric = gathered.metric;
    let points: Vec<Value> =
        gathered.series.iter().map(|(values, number)| point(metric, values, number, (start, now))).collect();
    let (kind, data) = match metric.kind {
        Type::Counter => (
            "sum",
            json!({ "dataPoints": points, "aggregationTemporality": CUMULATIVE, "isMonotonic": true }),
        ),
        Type::Gauge => ("gauge", json!({ "dataPoints": points })),
        Type::Histogram => {
            ("histogram", json!({ "dataPoints": points, "aggregationTemporality": CUMULATIVE }))
        }
    };
    json!({ "name": metric.name, "description": metric.about, kind: data })
}

fn point(metric: &Metric, values: &[String], number: &Number, (start, now): (&str, &str)) -> Value {
    let attributes: Vec<Value> =
        metric.labels.iter().zip(values).map(|(name, value)| text(name, value)).collect();
    let told = |raw: u64| raw as f64 / metric.scale as f64;
    match number {
        Number::Single(raw) => json!({
            "attributes": attributes, "startTimeUnixNano": start, "timeUnixNano": now, "asDouble": told(*raw),
        }),
        Number::Histogram { count, sum, buckets } => {
            let beyond = count.saturating_sub(buckets.iter().sum());
            let counts: Vec<String> = buckets.iter().chain([&beyond]).map(u64::to_string).collect();
            let bounds: Vec<f64> = BOUNDS.iter().map(|bound| told(*bound)).collect();
            json!({
                "attributes": attributes, "startTimeUnixNano": start, "timeUnixNano": now,
                "count": count.to_string(), "sum": told(*sum), "bucketCounts": counts, "explicitBounds": bounds,
            })
        }
    }
}
