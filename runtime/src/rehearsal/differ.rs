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
    /// The way there: keys, and numbers of items. Empty for the whole.
    pub way: Vec<String>,
    /// What is expected there; nothing where nothing should be.
    pub expected: Option<Json>,
    /// What is there; nothing where nothing is.
    pub got: Option<Json>,
}

impl Difference {
    /// The way there, as in `.a[2]`.
    pub fn path(&self) -> String {
        let part = |part: &String| match part.parse::<usize>() {
            Ok(at) => format!("[{at}]"),
            Err(_) => format!(".{part}"),
        };
        self.way.iter().map(part).collect()
    }

    fn within(mut self, part: String) -> Difference {
        self.way.insert(0, part);
        self
    }
}

/// The first difference, if there is one.
pub(super) fn differ(expected: &Value, got: &Value, extent: Extent) -> Option<Difference> {
    between(Some(&expected.to_json()), Some(&got.to_json()), extent)
}

/// The same of JSON; nothing on a side where nothing stands.
pub(super) fn between(expected: Option<&Json>, got: Option<&Json>, extent: Extent) -> Option<Difference> {
    match (expected, got) {
        (Some(Json::Object(wanted)), Some(Json::Object(found))) => {
            let part = |key: &String| {
                between(wanted.get(key), found.get(key), extent)
                    .map(|difference| difference.within(key.clone()))
            };
            let more = found.keys().filter(|key| extent == Extent::Whole && !wanted.contains_key(*key));
            wanted.keys().chain(more).find_map(part)
        }
        (Some(Json::Array(wanted)), Some(Json::Array(found))) => {
            let part = |at: usize| {
                between(wanted.get(at), found.get(at), extent)
                    .map(|difference| difference.within(at.to_string()))
            };
            (0..wanted.len().max(found.len())).find_map(part)
        }
        (Some(wanted), Some(found)) if same(wanted, found) => None,
        (expected, got) => Some(Difference { way: vec![], expected: expected.cloned(), got: got.cloned() }),
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
        differ(&value(expected), &value(got), extent).map(|difference| difference.path())
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
