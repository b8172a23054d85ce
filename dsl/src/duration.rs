//! Lengths of time as authors write them: `500ms`, `10s`, `5m`, `1h30m`, `2d`, `1w`.

use jiff::SignedDuration;

const UNITS: [(&str, i64); 6] =
    [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads a length of time; nothing if it is none or beyond what 64 bits of milliseconds hold.
pub fn parse(text: &str) -> Option<SignedDuration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut total: i64 = 0;
    let mut last = i64::MAX;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let letters = rest[digits..].bytes().take_while(u8::is_ascii_lowercase).count();
        let (number, unit) = (&rest[..digits], &rest[digits..digits + letters]);
        let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit)?;
        if *millis >= last {
            return None;
        }
        last = *millis;
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(*millis)?)?;
        rest = &rest[digits + letters..];
    }
    Some(SignedDuration::from_millis(if negative { -total } else { total }))
}

/// Writes a length of time the way `parse` reads it, to the millisecond.
pub fn format(length: SignedDuration) -> String {
    let mut left = length.as_millis().unsigned_abs();
    if left == 0 {
        return "0s".into();
    }
    let mut text = String::from(if length.is_negative() { "-" } else { "" });
    for (name, millis) in UNITS {
        let millis = millis.unsigned_abs() as u128;
        if left >= millis {
            text += &format!("{}{name}", left / millis);
            left %= millis;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_written() {
        for text in ["500ms", "10s", "5m", "1h30m", "2d", "1w", "1w2d3h4m5s6ms", "0s", "-5m"] {
            assert_eq!(format(parse(text).unwrap()), text);
        }
        for wrong in ["", "-", "5", "m", "1m1h", "1m1m", "1 m", "1.5h", "99999999999999999w", "5M"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert_eq!(parse("90m").map(format).as_deref(), Some("1h30m"));
    }
}
