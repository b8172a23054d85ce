//! Where what came differs from what is expected.

use dsl::value::Value;
use jiff::Timestamp;
use serde_json::Value as Json;

/// How much of an object is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// The fields that are named.
    Part,
}

/// One difference.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    /// The way there, as in `.a[2]`; empty for the whole.
    pub path: String,
    /// What is expected there; nothing where nothing should be.
    pub expected: Option<Json>,
    /// What is there; nothing where nothing is.
    pub got: Option<Json>,
}

/// The first difference, if there is one.
pub(super) fn differ(expected: &Value, got: &Value, extent: Extent) -> Option<Difference> {
    between(&expected.to_json(), &got.to_json(), extent, String::new())
}

fn between(expected: &Json, got: &Json, extent: Extent, path: String) -> Option<Difference> {
    let missing = |path: String, expected: Option<&Json>, got: Option<&Json>| {
        Some(Difference { path, expected: expected.cloned(), got: got.cloned() })
    };
    match (expected, got) {
        (Json::Object(wanted), Json::Object(found)) => {
            for (key, value) in wanted {
                let path = format!("{path}.{key}");
                match found.get(key) {
                    Some(other) => {
                        if let Some(difference) = between(value, other, extent, path) {
                            return Some(difference);
                        }
                    }
                    None => return missing(path, Some(value), None),
                }
            }
            let more = found.iter().find(|(key, _)| extent == Extent::Whole && !wanted.contains_key(*key));
            more.and_then(|(key, value)| missing(format!("{path}.{key}"), None, Some(value)))
        }
        (Json::Array(wanted), Json::Array(found)) => {
            for at in 0..wanted.len().max(found.len()) {
                let path = format!("{path}[{at}]");
                match (wanted.get(at), found.get(at)) {
                    (Some(value), Some(other)) => {
                        if let Some(difference) = between(value, other, extent, path) {
                            return Some(difference);
                        }
                    }
                    (wanted, found) => return missing(path, wanted, found),
                }
            }
            None
        }
        _ if same(expected, got) => None,
        _ => missing(path, Some(expected), Some(got)),
    }
}

/// True for equal values: 1 is 1.0, and a moment is the same in whatever offset.
fn same(expected: &Json, got: &Json) -> bool {
    let moment = |json: &Json| json.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    match (expected, got) {
        (Json::Number(one), Json::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Json::String(one), Json::String(other)) => {
            one == other || moment(expected).is_some_and(|time| Some(time) == moment(got))
        }
        _ => expected == got,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(expected: &str, got: &str, extent: Extent) -> Option<String> {
        let value = |text: &str| dsl::json::parse(text).unwrap();
        differ(&value(expected), &value(got), extent).map(|difference| difference.path)
    }

    #[test]
    fn of_the_whole_nothing_may_be_more_or_less() {
        assert_eq!(first(r#"{"a":1}"#, r#"{"a":1.0}"#, Extent::Whole), None);
        assert_eq!(first(r#"{"a":1}"#, r#"{"a":1,"b":2}"#, Extent::Whole), Some(".b".into()));
        assert_eq!(first(r#"{"a":[1,2]}"#, r#"{"a":[1]}"#, Extent::Whole), Some(".a[1]".into()));
    }

    #[test]
    fn of_a_part_what_is_not_named_may_be_anything() {
        assert_eq!(first(r#"{"a":{"b":1}}"#, r#"{"a":{"b":1,"c":2},"d":3}"#, Extent::Part), None);
        assert_eq!(first(r#"{"a":{"b":1}}"#, r#"{"a":{"b":"1"}}"#, Extent::Part), Some(".a.b".into()));
        assert_eq!(first("[1]", "[1,2]", Extent::Part), Some("[1]".into()));
    }

    #[test]
    fn a_moment_is_the_same_in_any_offset() {
        let times = (r#""2026-01-05T09:00:00+01:00""#, r#""2026-01-05T08:00:00Z""#);
        assert_eq!(first(times.0, times.1, Extent::Whole), None);
    }
}
