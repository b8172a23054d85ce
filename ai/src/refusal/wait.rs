//! How long a provider asks us to wait: headers in seconds, milliseconds, dates and resets, and Gemini's body.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde_json::Value;

use super::Reply;

/// Nobody is believed who asks for more.
const LONGEST: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// How long the answer asks us to wait.
pub(super) fn wait(reply: &Reply<'_>, said: &Value, now: Timestamp) -> Option<Duration> {
    let millis = || reply.header("retry-after-ms").and_then(|text| seconds(text, 0.001));
    let header = || {
        reply.header("retry-after").and_then(|text| seconds(text, 1.0).or_else(|| until(date(text)?, now)))
    };
    let found = millis().or_else(header).or_else(|| in_body(said)).or_else(|| reset(reply, now));
    found.map(|wait| wait.min(LONGEST))
}

fn seconds(text: &str, unit: f64) -> Option<Duration> {
    let number = text.trim().parse().ok().filter(|number: &f64| number.is_finite())?;
    Duration::try_from_secs_f64((number * unit).max(0.0)).ok()
}

/// A date as HTTP writes it.
fn date(text: &str) -> Option<Timestamp> {
    rfc2822::parse(text.trim()).ok().map(|zoned| zoned.timestamp())
}

fn until(moment: Timestamp, now: Timestamp) -> Option<Duration> {
    Some(Duration::try_from(moment.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// `google.rpc.RetryInfo`: Gemini sends no header.
fn in_body(said: &Value) -> Option<Duration> {
    let details = said.pointer("/error/details")?.as_array()?;
    let delay = details.iter().find_map(|detail| detail.get("retryDelay")?.as_str())?;
    seconds(delay.strip_suffix('s')?, 1.0)
}

/// When that of which nothing remains is there again: the last of all.
fn reset(reply: &Reply<'_>, now: Timestamp) -> Option<Duration> {
    let spent = reply.headers.iter().filter(|(name, value)| {
        name.contains("ratelimit") && name.contains("-remaining") && value.trim() == "0"
    });
    let resets = spent.filter_map(|(name, _)| {
        let text = reply.header(&name.replace("-remaining", "-reset"))?;
        match text.parse::<Timestamp>() {
            Ok(moment) => until(moment, now),
            Err(_) => length(text),
        }
    });
    resets.max()
}

/// A length as in `1s`, `6m0s`, `20ms`, `1h2m3.5s`.
fn length(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut sum = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let unit = &rest[digits..];
        let letters = unit.find(|letter: char| letter.is_ascii_digit()).unwrap_or(unit.len());
        sum += number
            * match &unit[..letters] {
                "ms" => 0.001,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                "d" => 86400.0,
                _ => return None,
            };
        rest = &unit[letters..];
    }
    Duration::try_from_secs_f64(sum).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(headers: &[(&str, &str)], body: &str) -> Option<Duration> {
        let headers: Vec<(String, String)> =
            headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let reply = Reply { status: 429, headers: &headers, body: body.as_bytes() };
        let now = "2026-11-01T12:00:00Z".parse().unwrap();
        wait(&reply, &serde_json::from_str(body).unwrap_or_default(), now)
    }

    #[test]
    fn every_way_to_ask_for_time_is_understood() {
        let millis = |count| Some(Duration::from_millis(count));
        assert_eq!(waits(&[("retry-after", "20")], ""), millis(20_000));
        assert_eq!(waits(&[("retry-after", "1.5")], ""), millis(1_500));
        assert_eq!(waits(&[("retry-after", "20"), ("retry-after-ms", "19500")], ""), millis(19_500));
        assert_eq!(waits(&[("retry-after", "Sun, 01 Nov 2026 12:00:30 GMT")], ""), millis(30_000));
        assert_eq!(waits(&[("retry-after", "Sun, 01 Nov 2026 11:00:00 GMT")], ""), millis(0));
        let gemini = r#"{"error":{"details":[{"@type":"a"},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"17.25s"}]}}"#;
        assert_eq!(waits(&[], gemini), millis(17_250));
        let anthropic = [
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("anthropic-ratelimit-requests-reset", "2026-11-01T12:00:05Z"),
            ("anthropic-ratelimit-input-tokens-remaining", "0"),
            ("anthropic-ratelimit-input-tokens-reset", "2026-11-01T12:00:09Z"),
            ("anthropic-ratelimit-output-tokens-remaining", "5"),
            ("anthropic-ratelimit-output-tokens-reset", "2026-11-01T13:00:00Z"),
        ];
        assert_eq!(waits(&anthropic, ""), millis(9_000));
        let openai = [("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "6m0.5s")];
        assert_eq!(waits(&openai, ""), millis(360_500));
    }

    #[test]
    fn nonsense_asks_for_nothing() {
        for text in ["", "soon", "-", "NaN", "1e999"] {
            assert_eq!(waits(&[("retry-after", text)], ""), None, "{text}");
        }
        assert_eq!(waits(&[("retry-after", "-5")], ""), Some(Duration::ZERO));
        assert_eq!(waits(&[("retry-after", "1e15")], ""), Some(LONGEST));
        for text in ["x", "5", "5y", "s", "1s2"] {
            assert_eq!(length(text), None, "{text}");
        }
        assert_eq!(length("20ms"), Some(Duration::from_millis(20)));
    }
}
