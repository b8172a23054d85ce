//! Times as n8n's expressions have them, by Luxon: parts, sums, patterns.

use super::say::no;
use super::weave::Res;
use crate::ours::{Bind, Ex, Sort, quoted};

fn formatted(ex: &Ex, pattern: &str, zone: Option<&str>) -> Ex {
    let zone = zone.map(|zone| format!(", {}", quoted(zone))).unwrap_or_default();
    Ex::new(format!("format_time({}, {}{zone})", ex.text, quoted(pattern)), Bind::Path, Sort::Text)
}

/// A part of a time, as `$now.year`.
pub fn part(ex: &Ex, name: &str, zone: Option<&str>) -> Res<Ex> {
    let pattern = match name {
        "year" => "%Y",
        "month" => "%m",
        "day" => "%d",
        "hour" => "%H",
        "minute" => "%M",
        "second" => "%S",
        "ordinal" => "%j",
        "weekNumber" => "%V",
        "weekYear" => "%G",
        "weekday" => "%u",
        "monthShort" => return Ok(formatted(ex, "%b", zone)),
        "monthLong" => return Ok(formatted(ex, "%B", zone)),
        "weekdayShort" => return Ok(formatted(ex, "%a", zone)),
        "weekdayLong" => return Ok(formatted(ex, "%A", zone)),
        _ => return no(format!("`{name}` of a time")),
    };
    Ok(Ex::call("int", &[&formatted(ex, pattern, zone)], Sort::Number))
}

/// A pattern of Luxon as one of `strftime`.
///
/// # Errors
/// Where it has letters that mean nothing here.
pub fn pattern(luxon: &str) -> Res<String> {
    let (mut out, mut chars) = (String::new(), luxon.chars().peekable());
    while let Some(char) = chars.next() {
        if char == '\'' {
            out.extend(chars.by_ref().take_while(|char| *char != '\''));
            continue;
        }
        if !char.is_ascii_alphabetic() {
            out += if char == '%' { "%%" } else { "" };
            out.extend((char != '%').then_some(char));
            continue;
        }
        let mut run = String::from(char);
        while chars.peek() == Some(&char) {
            run.extend(chars.next());
        }
        out += match run.as_str() {
            "yyyy" | "y" => "%Y",
            "yy" => "%y",
            "MM" | "LL" => "%m",
            "M" | "L" => "%-m",
            "MMM" | "LLL" => "%b",
            "MMMM" | "LLLL" => "%B",
            "dd" => "%d",
            "d" => "%-d",
            "HH" => "%H",
            "H" => "%-H",
            "hh" => "%I",
            "h" => "%-I",
            "mm" => "%M",
            "m" => "%-M",
            "ss" => "%S",
            "s" => "%-S",
            "SSS" => "%3f",
            "a" => "%p",
            "EEE" | "ccc" => "%a",
            "EEEE" | "cccc" => "%A",
            "E" | "c" => "%u",
            "ooo" => "%j",
            "o" => "%-j",
            "WW" => "%V",
            "W" => "%-V",
            "kkkk" => "%G",
            "ZZ" => "%:z",
            "ZZZ" => "%z",
            "T" => "T",
            _ => return no(format!("`{run}` in the pattern of a time")),
        };
    }
    Ok(out)
}

/// A time moved by so many units, given as the text of a number or an expression.
pub fn moved(ex: &Ex, amount: &Ex, unit: &str, back: bool, zone: Option<&str>) -> Res<Ex> {
    let unit = unit.trim_end_matches('s');
    let zone = zone.map(|zone| format!(", {}", quoted(zone))).unwrap_or_default();
    let months = match unit {
        "month" => Some(1),
        "quarter" => Some(3),
        "year" => Some(12),
        _ => None,
    };
    if let Some(months) = months {
        let times = if months == 1 {
            amount.at(Bind::Minus)
        } else {
            format!("{months} * {}", amount.at(Bind::Minus))
        };
        let sign = match (back, months) {
            (false, _) => times,
            (true, 1) => format!("-{times}"),
            (true, _) => format!("-({times})"),
        };
        return Ok(Ex::new(format!("add_months({}, {sign}{zone})", ex.text), Bind::Path, Sort::Time));
    }
    let short = match unit {
        "millisecond" => "ms",
        "second" => "s",
        "minute" => "m",
        "hour" => "h",
        "day" => "d",
        "week" => "w",
        _ => return no(format!("`{unit}` as a unit of time")),
    };
    let length = match amount.text.parse::<u64>() {
        Ok(count) => format!("duration('{count}{short}')"),
        Err(_) => format!("duration('1{short}') * {}", amount.at(Bind::Minus)),
    };
    let sign = if back { "-" } else { "+" };
    Ok(Ex::new(format!("{} {sign} {length}", ex.at(Bind::Sum)), Bind::Sum, Sort::Time))
}

/// How much time has gone by since 1970, by a pattern that counts it.
pub fn since(ex: &Ex, pattern: &str) -> Ex {
    Ex::call("int", &[&formatted(ex, pattern, None)], Sort::Number)
}

/// A method of a time with a text for its one parameter.
pub fn method(ex: &Ex, name: &str, arg: Option<&str>, zone: Option<&str>) -> Res<Ex> {
    let zoned = zone.map(|zone| format!(", {}", quoted(zone))).unwrap_or_default();
    match (name, arg) {
        ("toISO" | "toString" | "toJSON", None) => Ok(super::say::iso(ex, zone)),
        ("toISOString", None) => Ok(formatted(ex, "%Y-%m-%dT%H:%M:%S%.3fZ", None)),
        ("toISODate", None) => Ok(formatted(ex, "%Y-%m-%d", zone)),
        ("toISOTime", None) => Ok(formatted(ex, "%H:%M:%S%.3f%:z", zone)),
        ("toUTCString", None) => Ok(formatted(ex, "%a, %d %b %Y %H:%M:%S GMT", None)),
        ("format" | "toFormat", Some(luxon)) => Ok(formatted(ex, &pattern(luxon)?, zone)),
        ("startOf" | "beginningOf", Some(unit)) => {
            Ok(Ex::new(format!("start_of({}, {}{zoned})", ex.text, quoted(unit)), Bind::Path, Sort::Time))
        }
        ("endOf" | "endOfMonth", Some(unit)) => {
            Ok(Ex::new(format!("end_of({}, {}{zoned})", ex.text, quoted(unit)), Bind::Path, Sort::Time))
        }
        ("toUTC" | "toLocal" | "toJSDate", None) => Ok(ex.clone()),
        ("getTime" | "toMillis" | "valueOf", None) => Ok(since(ex, "%s%3f")),
        ("toSeconds" | "toUnixInteger", None) => Ok(since(ex, "%s")),
        ("getFullYear", None) => part(ex, "year", zone),
        ("getDate", None) => part(ex, "day", zone),
        ("getHours", None) => part(ex, "hour", zone),
        ("getMinutes", None) => part(ex, "minute", zone),
        ("getSeconds", None) => part(ex, "second", zone),
        ("getMonth", None) => {
            Ok(part(ex, "month", zone)?.binary("-", &Ex::number("1"), Bind::Sum, Sort::Number))
        }
        _ => no(format!("`{name}()` of a time")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn patterns_become_those_of_strftime_or_are_refused() {
        assert_eq!(pattern("yyyy-MM-dd'T'HH:mm").unwrap(), "%Y-%m-%dT%H:%M");
        assert_eq!(pattern("cccc, d LLL yy, h:mm a").unwrap(), "%A, %-d %b %y, %-I:%M %p");
        assert!(pattern("DD").is_err());
    }
}
