//! `wrk`, which asks as often as it is answered, and what it tells of that.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::place::Place;

/// What is asked, and how many at once.
pub struct Ask<'a> {
    /// Where.
    pub url: String,
    /// The token.
    pub token: &'a str,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// How many at once.
    pub at_once: u32,
}

/// What it tells.
pub struct Figures {
    /// How many were answered.
    pub asked: u64,
    /// How many of them otherwise than well.
    pub failed: u64,
    /// How many a second.
    pub a_second: f64,
    /// The time of the one in the middle.
    pub middle: Duration,
    /// The time that 99 of 100 are within.
    pub most: Duration,
}

impl Ask<'_> {
    /// Asks for so many seconds.
    pub fn figures(&self, place: &Place, seconds: u64) -> Result<Figures> {
        let body = json!({ "model": "openai/gpt-5.4-mini", "max_tokens": 100, "stream": self.stream,
                           "messages": [{ "role": "user", "content": "Say hello to all of them." }] });
        let script = format!(
            "wrk.method = \"POST\"\nwrk.body = [[{body}]]\nwrk.headers[\"content-type\"] = \"application/json\"\n\
             wrk.headers[\"authorization\"] = \"Bearer {}\"\n",
            self.token
        );
        let script = place.file("ask.lua", &script);
        let (at_once, length) = (self.at_once.to_string(), format!("{seconds}s"));
        let arguments = ["-t1", "-c", &at_once, "-d", &length, "--latency", "-s", &script, &self.url];
        let output = Command::new("wrk").args(arguments).output().context("`wrk` is not installed")?;
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(output.status.success(), "`wrk` fails: {told}{}", String::from_utf8_lossy(&output.stderr));
        read(&told).with_context(|| format!("what `wrk` says is not understood: {told}"))
    }
}

fn read(told: &str) -> Option<Figures> {
    let after = |word: &str| told.lines().find_map(|line| line.trim().strip_prefix(word).map(str::trim));
    let asked = told.lines().find_map(|line| line.trim().split_once(" requests in")?.0.parse().ok())?;
    let failed = after("Non-2xx or 3xx responses:").map_or(Some(0), |count| count.parse().ok())?;
    Some(Figures {
        asked,
        failed,
        a_second: after("Requests/sec:")?.parse().ok()?,
        middle: time(after("50%")?)?,
        most: time(after("99%")?)?,
    })
}

/// A time as in `635.00us`.
fn time(text: &str) -> Option<Duration> {
    let units = [("us", 1e-6), ("ms", 1e-3), ("s", 1.0)];
    let (number, unit) = units.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
    Some(Duration::from_secs_f64(number.parse::<f64>().ok()? * unit))
}
