//! Texts whose meaning a program asks for, in OpenAI's shape; Anthropic has none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::fields::{self, Fields, Place};
use super::{Heading, Wrong};
use crate::chat::{Purpose, Texts, Vectors};

/// Texts whose meaning a program asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Vectored {
    /// The texts; their model is the name that was given.
    pub texts: Texts,
    /// How the numbers are written.
    pub numbers: Numbers,
}

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// As JSON.
    Plain,
    /// As the base64 of their bytes: four for each, the lowest first. The libraries ask for it by themselves.
    Base64,
}

impl Vectored {
    /// Reads what a program asks.
    ///
    /// # Errors
    /// Where it is no such question, or wants what cannot be kept.
    pub fn read(body: &[u8]) -> Result<Vectored, Wrong> {
        let said = fields::json(body)?;
        let said = Fields::of(&said, Place::Root)?;
        let is_number = |value: &Value| value.is_number() || value.is_array();
        if said.get("input").and_then(Value::as_array).is_some_and(|items| items.iter().any(is_number)) {
            let what = "is numbers of one vocabulary, which other models do not have: send texts";
            return Err(said.wrong("input", what));
        }
        let texts = said.texts("input")?;
        if texts.is_empty() || texts.iter().any(|text| text.trim().is_empty()) {
            return Err(said.wrong("input", "has no text, or an empty one, which has no meaning"));
        }
        let numbers = match said.text("encoding_format")? {
            None | Some("float") => Numbers::Plain,
            Some("base64") => Numbers::Base64,
            Some(_) => return Err(said.wrong("encoding_format", "is neither `float` nor `base64`")),
        };
        let (model, dims) = (said.required("model")?.to_owned(), said.count("dimensions")?);
        let texts = Texts { model, texts, purpose: Purpose::Document, dims };
        Ok(Vectored { texts, numbers })
    }

    /// Their meaning.
    pub fn told(&self, heading: &Heading, vectors: &Vectors) -> Value {
        let embedding = |vector: &Vec<f32>| match self.numbers {
            Numbers::Plain => json!(vector),
            Numbers::Base64 => STANDARD
                .encode(vector.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>())
                .into(),
        };
        let data: Vec<Value> = vectors
            .vectors
            .iter()
            .enumerate()
            .map(|(at, vector)| json!({ "object": "embedding", "index": at, "embedding": embedding(vector) }))
            .collect();
        let read = vectors.usage.input();
        let usage = json!({ "prompt_tokens": read, "total_tokens": read });
        json!({ "object": "list", "data": data, "model": heading.model, "usage": usage })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::Usage;

    fn read(said: Value) -> Result<Vectored, Wrong> {
        Vectored::read(said.to_string().as_bytes())
    }

    #[test]
    fn texts_are_read_and_numbers_of_a_vocabulary_are_not() {
        let one = read(json!({ "model": "m", "input": "a", "dimensions": 3, "user": "x" })).unwrap();
        assert_eq!(
            (one.texts.texts, one.texts.dims, one.numbers),
            (vec!["a".into()], Some(3), Numbers::Plain)
        );
        let base64 = json!({ "model": "m", "input": ["a", "b"], "encoding_format": "base64" });
        let two = read(base64).unwrap();
        assert_eq!((two.texts.texts.len(), two.numbers), (2, Numbers::Base64));
        for wrong in
            [json!([1, 2]), json!([[1], [2]]), json!([]), json!(""), json!([" "]), json!(null), json!({})]
        {
            assert!(read(json!({ "model": "m", "input": wrong })).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_are_told_as_they_are_asked_for() {
        let heading = Heading { id: "x".into(), model: "m".into(), created: 0, reads: 0 };
        let usage = Usage { input_uncached: 5, ..Usage::default() };
        let vectors = Vectors { vectors: vec![vec![1.0, -0.5]], usage };
        let told = |format: &str| {
            let asked = read(json!({ "model": "m", "input": "a", "encoding_format": format })).unwrap();
            asked.told(&heading, &vectors)
        };
        assert_eq!(told("float")["data"][0]["embedding"], json!([1.0, -0.5]));
        let base64 = told("base64");
        let bytes = STANDARD.decode(base64["data"][0]["embedding"].as_str().unwrap()).unwrap();
        assert_eq!(bytes, [0, 0, 128, 63, 0, 0, 0, 191]);
        assert_eq!(base64["usage"], json!({ "prompt_tokens": 5, "total_tokens": 5 }));
    }
}
