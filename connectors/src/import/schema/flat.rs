//! A schema in one piece: its references and parts put together.

use serde_json::Value as Json;

/// A schema with everything that its references and parts say.
#[derive(Default)]
pub(super) struct Flat<'a> {
    /// The words of `type`, without `null`.
    pub types: Vec<&'a str>,
    pub nullable: bool,
    pub fields: Vec<(&'a str, &'a Json)>,
    pub required: Vec<&'a str>,
    pub items: Option<&'a Json>,
    pub words: Option<&'a Vec<Json>>,
    pub constant: Option<&'a Json>,
    pub arms: Vec<&'a Json>,
    /// What stands for fields that have no name: true where any may be there.
    pub open: Option<bool>,
    pub format: &'a str,
    pub about: &'a str,
    pub pattern: Option<&'a str>,
    pub default: Option<&'a Json>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub read_only: bool,
    pub write_only: bool,
    /// The names of the references that led here.
    pub through: Vec<&'a str>,
    /// Whether it is in the end nothing that can be read.
    pub lost: bool,
}

impl Flat<'_> {
    pub fn is_object(&self) -> bool {
        self.types == ["object"]
            || (self.types.is_empty() && (!self.fields.is_empty() || self.open.is_some()))
    }

    /// The type of the words, where nothing else says it.
    pub fn word(&self) -> &'static str {
        let words = self.words.into_iter().flatten().chain(self.constant).filter(|word| !word.is_null());
        let mut types = words.map(|word| match word {
            Json::String(_) => "string",
            Json::Bool(_) => "boolean",
            Json::Number(number) if number.is_i64() => "integer",
            Json::Number(_) => "number",
            Json::Array(_) | Json::Object(_) | Json::Null => "any",
        });
        let first = types.next().unwrap_or("any");
        if types.all(|other| other == first) { first } else { "any" }
    }

    /// True for what says nothing but which fields are required.
    pub fn is_bare(&self) -> bool {
        (self.types.is_empty() || self.types == ["object"])
            && self.fields.is_empty()
            && self.arms.is_empty()
            && self.words.is_none()
            && self.items.is_none()
            && self.through.is_empty()
    }
}

/// A bound; discovery documents write them as texts.
pub(super) fn number(json: &Json) -> Option<f64> {
    let number = json.as_f64().or_else(|| json.as_str()?.parse().ok());
    // What is larger cannot be written without loss, and bounds nothing that anybody sends.
    number.filter(|number| number.is_finite() && number.abs() < 9e15)
}
