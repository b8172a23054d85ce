//! Recorded outcomes of models: what each answered to a question, whether it was right, and how many tokens it took. A
//! directory has files `*.jsonl`, a question a line, and `prices_then.json`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A question with what came of it.
#[derive(Clone, Debug, Deserialize)]
pub struct Row {
    /// What names it.
    pub id: String,
    /// The question.
    pub prompt: String,
    /// The function or functions that are to be called, where there are any.
    #[serde(default)]
    pub functions: Value,
    /// What each model made of it that was asked.
    #[serde(deserialize_with = "asked")]
    pub models: BTreeMap<String, Outcome>,
}

/// What a model made of a question.
#[derive(Clone, Debug, Deserialize)]
pub struct Outcome {
    /// 1 where it was right, 0 where not.
    pub ok: Option<f64>,
    /// What it read.
    #[serde(rename = "in")]
    pub read: Option<u64>,
    /// What it wrote.
    #[serde(rename = "out")]
    pub wrote: Option<u64>,
    /// What was wrong, as its grader calls it.
    pub err: Option<String>,
}

/// What a directory holds.
#[derive(Clone)]
pub struct Outcomes {
    /// The rows of each file, by its name without `.jsonl`.
    pub files: BTreeMap<String, Vec<Row>>,
    /// Dollars for a million tokens that are read and written, by model.
    pub prices: BTreeMap<String, [f64; 2]>,
    /// The SHA-256 of all files, in the order of their names.
    pub digest: String,
}

/// The outcomes of those that were asked; a model that was not may stand there with nothing.
fn asked<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<BTreeMap<String, Outcome>, D::Error> {
    let all: BTreeMap<String, Option<Outcome>> = BTreeMap::deserialize(from)?;
    Ok(all.into_iter().filter_map(|(model, outcome)| Some((model, outcome?))).collect())
}

#[derive(Deserialize)]
struct Prices {
    models: BTreeMap<String, [f64; 2]>,
}

impl Outcomes {
    /// Reads a directory.
    ///
    /// # Errors
    /// Where it cannot be read, holds no rows, or has another form.
    pub fn read(directory: &Path) -> Result<Outcomes> {
        let prices = std::fs::read_to_string(directory.join("prices_then.json"))
            .context("`prices_then.json` cannot be read")?;
        let prices: Prices = serde_json::from_str(&prices)?;
        Outcomes::priced(directory, prices.models)
    }

    /// Reads a directory beside another one: where it has no prices of its own, those of the other count.
    ///
    /// # Errors
    /// As with `read`.
    pub fn read_beside(directory: &Path, other: &Outcomes) -> Result<Outcomes> {
        match directory.join("prices_then.json").exists() {
            true => Outcomes::read(directory),
            false => Outcomes::priced(directory, other.prices.clone()),
        }
    }

    fn priced(directory: &Path, prices: BTreeMap<String, [f64; 2]>) -> Result<Outcomes> {
        let mut paths: Vec<_> = std::fs::read_dir(directory)
            .with_context(|| format!("`{}` cannot be read", directory.display()))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
            .collect();
        paths.sort();
        if paths.is_empty() {
            bail!("`{}` holds no `*.jsonl`", directory.display());
        }
        let (mut files, mut digest) = (BTreeMap::new(), Sha256::new());
        for path in paths {
            let text = std::fs::read_to_string(&path)?;
            digest.update(text.as_bytes());
            let rows: Result<Vec<Row>, _> = text.lines().map(serde_json::from_str).collect();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            files.insert(name, rows.with_context(|| format!("`{}` has another form", path.display()))?);
        }
        let digest = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Outcomes { files, prices, digest })
    }
}

impl Row {
    /// What these models made of it, where each was asked, and its tokens counted.
    pub fn of(&self, models: &[String]) -> Option<Vec<&Outcome>> {
        let known =
            |outcome: &&Outcome| outcome.ok.is_some() && outcome.read.is_some() && outcome.wrote.is_some();
        models.iter().map(|model| self.models.get(model).filter(known)).collect()
    }

    /// Whether it is among those that are reported on, where a directory is split: two of five, by a hash of the question, so
    /// that the same question is always on the same side.
    pub fn is_reported(&self) -> bool {
        self.is_reported_in(0)
    }

    /// The same in another split; the one that is reported has the number 0.
    pub fn is_reported_in(&self, split: u32) -> bool {
        let mut text = self.prompt.trim().to_lowercase();
        if split > 0 {
            text += &format!("\n{split}");
        }
        Sha256::digest(text.as_bytes())[0] % 5 < 2
    }

    /// The question as the models saw it: where functions are to be called, they stand below it.
    pub fn shown(&self) -> String {
        match &self.functions {
            Value::Null => self.prompt.clone(),
            functions => format!("{}\n\n{functions}", self.prompt),
        }
    }

    /// Its functions, one or several.
    pub fn functions(&self) -> Vec<&Value> {
        match &self.functions {
            Value::Null => vec![],
            Value::Array(functions) => functions.iter().collect(),
            function => vec![function],
        }
    }
}
