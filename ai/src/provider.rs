//! Providers as data: which wire one speaks and how it differs, which models it has, what they cost and when.
//!
//! Each is a file in `ai/providers/`. Its name, its base URL and the header of its key stand in the vault's file of the
//! same name (`vault/src/provider/`), and are said there alone.

mod agreed;
mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jiff::civil::Date;
use serde::Deserialize;

use crate::estimate::Estimate;
use crate::price::{Cached, Price, Priced};
use crate::wire::{Wire, batch};
pub use agreed::{Agreed, Agreements};
pub use read::Wrong;

/// A provider of models.
pub struct Provider {
    /// What it is called on the command line, and in the vault.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// How one talks to it.
    pub wire: &'static Wire,
    /// Where.
    pub paths: Paths,
    /// How it differs from others of its wire.
    pub quirks: Quirks,
    /// How it answers for half the price, if it does.
    pub batch: Option<Batch>,
    /// How it counts.
    pub estimate: Estimate,
    /// Its models that answer.
    pub models: BTreeMap<String, Model>,
    /// Its models that tell the meaning of texts.
    pub embeddings: BTreeMap<String, Model>,
}

/// What stands behind the base URL; `{model}` is the model.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paths {
    /// Questions.
    pub chat: String,
    /// Questions whose answers come piece by piece, where that is another place.
    pub stream: Option<String>,
    /// The meaning of texts.
    pub embed: Option<String>,
    /// What stands there instead where the key has a version of the API, `{api_version}`.
    pub versioned: Option<Versioned>,
}

/// How a provider answers within a day, for half the price.
pub struct Batch {
    /// How one talks about it.
    pub wire: &'static batch::Wire,
    /// What is read from the cache then.
    pub cached: Cached,
}

/// Paths with a version.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Versioned {
    /// Questions.
    pub chat: String,
    /// The meaning of texts.
    pub embed: Option<String>,
}

/// How a provider differs from others of its wire.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quirks {
    /// What the limit of the output is called.
    pub max_output: MaxOutput,
    /// How an answer gets a form.
    pub structured: Structured,
    /// Whether it takes an effort.
    pub effort: Spoken,
    /// Whether it takes a hint that beginnings are shared.
    pub cache_key: Spoken,
    /// Whether it must be asked for the usage of a stream.
    pub stream_usage: Spoken,
    /// When thoughts go back.
    pub thinking: SentBack,
    /// Where, in a usage, the tokens from the cache stand.
    pub cached: String,
    /// How many texts one call takes, whose meaning is asked for.
    pub texts: usize,
}

impl Default for Quirks {
    fn default() -> Quirks {
        Quirks {
            max_output: MaxOutput::MaxCompletionTokens,
            structured: Structured::Native,
            effort: Spoken::Yes,
            cache_key: Spoken::No,
            stream_usage: Spoken::Yes,
            thinking: SentBack::Never,
            cached: "/prompt_tokens_details/cached_tokens".into(),
            texts: 2048,
        }
    }
}

/// What the limit of the output is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxOutput {
    /// Models that reason take no other.
    MaxCompletionTokens,
    /// The old name.
    MaxTokens,
}

/// How an answer gets a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Structured {
    /// The provider holds the model to it.
    Native,
    /// So it does, but not beside tools.
    NativeWithoutTools,
    /// A tool that must be called takes the answer.
    Tool,
}

/// Whether a provider knows something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spoken {
    /// It is sent.
    Yes,
    /// It is left out.
    No,
}

/// When thoughts go back to a provider of the wire `openai`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SentBack {
    /// They stay here.
    Never,
    /// Beside calls, so that the model thinks on.
    WithCalls,
}

/// A model.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Most tokens that it reads.
    pub context: u64,
    /// Most tokens that it writes.
    pub max_output: Option<u64>,
    /// What it can do beside reading and writing text.
    #[serde(default)]
    pub features: BTreeSet<Feature>,
    /// How good it is: our own judgement, until it is measured.
    pub quality: Option<Quality>,
    /// How many numbers it tells of a text.
    pub dims: Option<u64>,
    /// From how many tokens on its provider remembers the beginning of a question, where it does so only if it is asked to.
    pub remembers: Option<u64>,
    /// The day from which on it is no longer offered.
    pub retired: Option<Date>,
    /// What it costs, and when. Without any its price is not known.
    #[serde(default)]
    pub prices: Vec<Dated>,
}

impl Model {
    /// True if it can do this.
    pub fn has(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }
}

/// What a model can do beside reading and writing text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// It calls tools.
    Tools,
    /// It looks at pictures.
    Images,
    /// The provider holds its answer to a form.
    Json,
    /// It thinks before it answers.
    Reasoning,
    /// The provider remembers what it has read, and sells that for less.
    Cache,
}

/// How good a model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// For simple things: sorting, finding, shortening.
    Low,
    /// For most things.
    Standard,
    /// For the hard ones.
    High,
}

impl Quality {
    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Quality::Low => "low",
            Quality::Standard => "standard",
            Quality::High => "high",
        }
    }
}

/// A price, and when it counts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dated {
    /// From this day on; without one, from ever on.
    pub from: Option<Date>,
    /// Until before this day; without one, until further notice.
    pub until: Option<Date>,
    /// What it costs, in US dollars for a million tokens.
    pub usd: Price,
}

impl Dated {
    fn counts(&self, on: Date) -> bool {
        self.from.is_none_or(|from| from <= on) && self.until.is_none_or(|until| on < until)
    }
}

/// All that we know, by name. Another one is a file and a line.
pub static PROVIDERS: LazyLock<Vec<Provider>> = LazyLock::new(|| {
    const FILES: [&str; 7] = [
        include_str!("../providers/anthropic.yaml"),
        include_str!("../providers/azure.yaml"),
        include_str!("../providers/cohere.yaml"),
        include_str!("../providers/compatible.yaml"),
        include_str!("../providers/deepseek.yaml"),
        include_str!("../providers/gemini.yaml"),
        include_str!("../providers/openai.yaml"),
    ];
    FILES.into_iter().map(|text| Provider::read(text).expect("a test reads each of them")).collect()
});

/// The provider of this name.
pub fn find(name: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.name == name)
}

impl Provider {
    /// The vault's part of it: base URL, header of the key, how a key is checked. Nothing for one without keys there.
    pub fn account(&self) -> Option<&'static vault::provider::Provider> {
        vault::provider::find(&self.name)
    }

    /// The headers that every request has beside that of the key.
    pub(crate) fn headers(&self) -> Option<&'static BTreeMap<String, String>> {
        self.account().map(|account| &account.check.headers)
    }

    /// A model that answers, or tells the meaning of texts.
    pub fn model(&self, name: &str) -> Option<&Model> {
        self.models.get(name).or_else(|| self.embeddings.get(name))
    }

    /// What its models cost on a day in a batch, as far as it takes them in one: half of what was agreed, too.
    pub fn batch_prices(&self, on: Date, agreed: &Agreed) -> BTreeMap<String, Price> {
        let Some(batch) = &self.batch else { return BTreeMap::new() };
        let of_model = |name: &String| {
            let price = self.price(name, on, agreed).known()?;
            Some((name.clone(), price.in_batch(batch.cached)?))
        };
        self.models.keys().filter_map(of_model).collect()
    }

    /// What a model costs on a day: what was agreed with the owner, else what the file says.
    pub fn price<'a>(&'a self, model: &str, on: Date, agreed: &'a Agreed) -> Priced<&'a Price> {
        let agreed = agreed.0.get(&self.name).and_then(|models| models.get(model));
        let listed =
            || self.model(model)?.prices.iter().find(|price| price.counts(on)).map(|price| &price.usd);
        match agreed.or_else(listed) {
            Some(price) => Priced::Known(price),
            None => {
                Priced::Unknown { why: format!("no price of `{model}` of {} is known for {on}", self.title) }
            }
        }
    }
}
