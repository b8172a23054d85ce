//! What of the world has changed since a test file was recorded: steps that are called or not, answers with other fields, requests
//! that ask otherwise. Shapes are compared, not values: another order has another number.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

/// Something that is otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// The step or the action, without numbers.
    pub step: String,
    /// Where: `gives.body.items[].sum`; empty for the step as a whole.
    pub place: String,
    /// What is the case.
    pub what: String,
    /// Whether a workflow that was right may be wrong by it.
    pub weight: Weight,
}

/// How much a difference matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// What the workflow relies on may be missing.
    Breaks,
    /// There is more than there was.
    Adds,
}

impl Drift {
    /// As it stands in JSON.
    pub fn to_json(&self) -> Json {
        let weight = match self.weight {
            Weight::Breaks => "breaks",
            Weight::Adds => "adds",
        };
        json!({ "step": self.step, "place": self.place, "what": self.what, "weight": weight })
    }
}

/// The types that stand at each place of what was said.
type Shapes = BTreeMap<String, BTreeSet<&'static str>>;

/// Compares the mocks of a test file with those of a newer recording.
pub fn drift(recorded: &str, newer: &str) -> Vec<Drift> {
    let (old, new) = (steps(recorded), steps(newer));
    let mut found = vec![];
    let whole = |step: &str, what: &str, weight| Drift {
        step: step.into(),
        place: String::new(),
        what: what.into(),
        weight,
    };
    for (step, shapes) in &old {
        match new.get(step) {
            None => found.push(whole(step, "was called, and is not called any more", Weight::Breaks)),
            Some(own) => between(step, shapes, own, &mut found),
        }
    }
    for step in new.keys().filter(|step| !old.contains_key(*step)) {
        found.push(whole(step, "was not called, and is called now", Weight::Adds));
    }
    found
}

fn between(step: &str, old: &Shapes, new: &Shapes, found: &mut Vec<Drift>) {
    let mut add = |place: &str, what: String, weight| {
        found.push(Drift { step: step.into(), place: place.into(), what, weight });
    };
    for (place, types) in old {
        let Some(own) = new.get(place) else {
            // Of an empty list, or of nothing, no fields are known; and what stands in what is gone is gone with it.
            if is_known(place, new) && parent(place).is_none_or(|parent| new.contains_key(parent)) {
                add(place, format!("was {}, and is missing", listed(types)), Weight::Breaks);
            }
            continue;
        };
        if own.iter().any(|kind| !types.contains(kind)) {
            let what = format!("was {}, and is {}", listed(types), listed(own));
            add(place, what, Weight::Breaks);
        }
    }
    let more = new.iter().filter(|(place, _)| !old.contains_key(*place) && is_known(place, old));
    for (place, types) in
        more.filter(|(place, _)| parent(place).is_none_or(|parent| old.contains_key(parent)))
    {
        add(place, format!("is {}, and was not there", listed(types)), Weight::Adds);
    }
}

/// True where the shape says what stands at a place: the list around it had items, the object was there.
fn is_known(place: &str, shapes: &Shapes) -> bool {
    match parent(place) {
        None => true,
        Some(parent) if place == format!("{parent}[]") => false,
        Some(parent) => {
            shapes.get(parent).is_none_or(|types| types.contains("an object") || types.contains("a list"))
        }
    }
}

fn parent(place: &str) -> Option<&str> {
    if let Some(list) = place.strip_suffix("[]") {
        return Some(list);
    }
    place.rsplit_once('.').map(|(parent, _)| parent)
}

fn listed(types: &BTreeSet<&'static str>) -> String {
    types.iter().copied().collect::<Vec<_>>().join(" or ")
}

/// What is said of each step, over all cases and answers.
fn steps(text: &str) -> BTreeMap<String, Shapes> {
    let mut steps: BTreeMap<String, Shapes> = BTreeMap::new();
    let Some(root) = dsl::test::raw(text) else { return steps };
    let cases = root.get("cases").and_then(Json::as_object);
    let own = cases.into_iter().flat_map(|cases| cases.values()).map(|case| case.get("mocks"));
    for mocks in own.chain([root.get("mocks")]).flatten().filter_map(Json::as_object) {
        for (key, replies) in mocks {
            let shapes = steps.entry(dsl::test::general(key)).or_default();
            let all = replies.as_array().map_or(std::slice::from_ref(replies), Vec::as_slice);
            for reply in all {
                for part in ["with", "gives", "fails"] {
                    if let Some(value) = reply.get(part) {
                        shape(value, part, shapes);
                    }
                }
            }
        }
    }
    steps
}

fn shape(json: &Json, place: &str, shapes: &mut Shapes) {
    let kind = match json {
        Json::Null => "null",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    };
    shapes.entry(place.to_owned()).or_default().insert(kind);
    match json {
        Json::Array(items) => items.iter().for_each(|item| shape(item, &format!("{place}[]"), shapes)),
        Json::Object(entries) => {
            entries.iter().for_each(|(key, value)| shape(value, &format!("{place}.{key}"), shapes));
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(old: &str, new: &str) -> Vec<String> {
        let file = |mocks: &str| format!("cases: {{ one: {{ mocks: {mocks}, expect: {{}} }} }}\n");
        let line = |it: &Drift| format!("{} {} {}", it.step, it.place, it.what);
        drift(&file(old), &file(new)).iter().map(line).collect()
    }

    #[test]
    fn shapes_are_compared_and_values_are_not() {
        let old = "{ get: { gives: { body: [{ a: 1, b: x }] } } }";
        assert_eq!(
            told(old, "{ get: { gives: { body: [{ a: 7, b: y }, { a: 8, b: z }] } } }"),
            Vec::<String>::new()
        );
        assert_eq!(told(old, "{ get: { gives: { body: [] } } }"), Vec::<String>::new());
        assert_eq!(
            told(old, "{ get: { gives: { body: [{ a: \"7\", c: 1 }] } } }"),
            [
                "get gives.body[].a was a number, and is a text",
                "get gives.body[].b was a text, and is missing",
                "get gives.body[].c is a number, and was not there"
            ]
        );
    }

    #[test]
    fn steps_that_are_called_or_not_and_answers_that_fail_are_told() {
        assert_eq!(
            told(
                "{ get: { gives: 1 }, put: { gives: 1 } }",
                "{ get: { fails: timeout }, post: { gives: 1 } }"
            ),
            [
                "get gives was a number, and is missing",
                "get fails is a text, and was not there",
                "put  was called, and is not called any more",
                "post  was not called, and is called now"
            ]
        );
    }
}
