//! Reading the file of a provider. What is wrong is told with the place: the part, the model, the key.

use std::collections::BTreeMap;

use dsl::span::Lines;
use dsl::yaml;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Batch, Dated, Feature, Model, Paths, Provider};
use crate::estimate::Estimate;
use crate::price::Cached;
use crate::wire::{WIRES, batch};

/// What is wrong with the file of a provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct Wrong {
    /// Where, as in `models.gpt-6-luna`, or a line.
    pub place: String,
    /// What.
    pub message: String,
}

/// A file as it is written; its models are read one by one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    provider: String,
    wire: String,
    /// Where the models and prices are from, for readers of the file.
    #[serde(rename = "source")]
    _source: Option<String>,
    paths: Value,
    #[serde(default = "empty")]
    quirks: Value,
    batch: Option<Value>,
    estimate: Value,
    #[serde(default)]
    models: Map<String, Value>,
    #[serde(default)]
    embeddings: Map<String, Value>,
}

/// How it answers for half the price, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batches {
    wire: String,
    cached: Cached,
    /// Where that is from, for readers of the file.
    #[serde(rename = "source")]
    _source: String,
}

fn empty() -> Value {
    Value::Object(Map::new())
}

impl Provider {
    /// Reads the file of a provider.
    ///
    /// # Errors
    /// At the first thing that is wrong in it.
    pub fn read(text: &str) -> Result<Provider, Wrong> {
        let file: File = part("the file", value(text)?)?;
        let Some(wire) = WIRES.into_iter().find(|wire| wire.name == file.wire) else {
            let known = WIRES.map(|wire| format!("`{}`", wire.name)).join(", ");
            return Err(wrong("wire", format!("there is no wire `{}`; there are {known}", file.wire)));
        };
        let account = vault::provider::find(&file.provider);
        let provider = Provider {
            title: account.map_or_else(|| file.provider.clone(), |account| account.title.clone()),
            name: file.provider,
            wire,
            paths: part("paths", file.paths)?,
            quirks: part("quirks", file.quirks)?,
            batch: file.batch.map(batches).transpose()?,
            estimate: part("estimate", file.estimate)?,
            models: models("models", file.models)?,
            embeddings: models("embeddings", file.embeddings)?,
        };
        check(&provider)?;
        Ok(provider)
    }
}

fn value(text: &str) -> Result<Value, Wrong> {
    let value = yaml::read_value(text).map_err(|wrong| {
        let first = wrong.into_iter().next();
        let line = first.as_ref().map_or(1, |wrong| Lines::new(text).place(wrong.span.start as usize).line);
        Wrong { place: format!("line {line}"), message: first.map(|wrong| wrong.message).unwrap_or_default() }
    })?;
    Ok(value.to_json())
}

fn part<T: DeserializeOwned>(place: &str, value: Value) -> Result<T, Wrong> {
    T::deserialize(value).map_err(|error| wrong(place, error.to_string()))
}

fn wrong(place: &str, message: impl Into<String>) -> Wrong {
    Wrong { place: place.to_owned(), message: message.into() }
}

fn models(place: &str, entries: Map<String, Value>) -> Result<BTreeMap<String, Model>, Wrong> {
    let read = |(name, value): (String, Value)| {
        let place = format!("{place}.{name}");
        let model: Model = part(&place, value)?;
        check_model(&place, &model)?;
        Ok((name, model))
    };
    entries.into_iter().map(read).collect()
}

fn batches(value: Value) -> Result<Batch, Wrong> {
    let Batches { wire, cached, .. } = part("batch", value)?;
    let found = batch::WIRES.into_iter().find(|known| known.name == wire);
    let known = || batch::WIRES.map(|wire| format!("`{}`", wire.name)).join(", ");
    let wire =
        found.ok_or_else(|| wrong("batch", format!("there is no wire `{wire}`; there are {}", known())))?;
    Ok(Batch { wire, cached })
}

fn check(provider: &Provider) -> Result<(), Wrong> {
    if let Some(batch) = &provider.batch {
        let odd =
            |model: &&Model| model.prices.iter().any(|price| price.usd.in_batch(batch.cached).is_none());
        if provider.models.values().any(|model| odd(&model)) {
            return Err(wrong("batch", "half of a price has more than six decimals"));
        }
    }
    let Estimate { times, image, image_at_most } = provider.estimate;
    if !(0.1..=10.0).contains(&times) {
        return Err(wrong("estimate", format!("`times` is 0.1 to 10, not {times}")));
    }
    if image > image_at_most {
        return Err(wrong("estimate", "`image` is more than `image_at_most`"));
    }
    let Paths { chat, stream, embed, versioned } = &provider.paths;
    let versioned = versioned.iter().flat_map(|paths| [Some(&paths.chat), paths.embed.as_ref()]);
    let all = [Some(chat), stream.as_ref(), embed.as_ref()].into_iter().chain(versioned).flatten();
    for path in all {
        if !path.starts_with('/') {
            return Err(wrong("paths", format!("`{path}` does not begin with `/`")));
        }
    }
    if provider.quirks.texts == 0 {
        return Err(wrong("quirks", "a call takes at least one text"));
    }
    let cached = &provider.quirks.cached;
    if !cached.starts_with('/') {
        return Err(wrong(
            "quirks",
            format!("`{cached}` is no place in a usage: it does not begin with `/`"),
        ));
    }
    if let Some(name) = provider.embeddings.keys().find(|name| provider.models.contains_key(*name)) {
        return Err(wrong("embeddings", format!("`{name}` is among the models that answer")));
    }
    Ok(())
}

fn check_model(place: &str, model: &Model) -> Result<(), Wrong> {
    if model.context == 0 || model.max_output == Some(0) {
        return Err(wrong(place, "a model reads and writes at least one token"));
    }
    if model.remembers == Some(0) || model.remembers.is_some() && !model.has(Feature::Cache) {
        return Err(wrong(place, "`remembers` is at least one token, of a model with `cache`"));
    }
    let mut last = None;
    for Dated { from, until, usd } in &model.prices {
        if from.zip(*until).is_some_and(|(from, until)| from >= until) {
            return Err(wrong(place, "a price ends before it begins"));
        }
        match last {
            Some((Some(end), begin)) if begin < *from && *from >= Some(end) => {}
            None => {}
            Some(_) => {
                return Err(wrong(
                    place,
                    "prices stand in order, and each begins where the one before has ended",
                ));
            }
        }
        last = Some((*until, *from));
        if !usd.above.is_sorted_by(|one, next| one.tokens < next.tokens) {
            return Err(wrong(place, "the steps of a price stand in order, each once"));
        }
    }
    Ok(())
}
