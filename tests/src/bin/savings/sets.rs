//! Which pools of models are replayed on which questions, and how their step is written.

use std::collections::BTreeSet;

use tests::outcomes::Outcomes;
use tests::replay::Step;

/// A pool of models and its questions.
#[derive(Clone)]
pub struct Set {
    /// What it is called.
    pub name: String,
    /// Its file, without `.jsonl`.
    pub file: String,
    /// The models.
    pub models: Vec<String>,
    /// How the step is written.
    pub step: Step,
    /// What is learned from.
    pub labels: Labels,
}

/// What a set's choice is learned from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Labels {
    /// What came of each question.
    Recorded,
    /// What came of another one: a control, from which nothing can be learned.
    Dealt,
}

const SONNET: &str = "claude-3-5-sonnet-20240620";
const OPUS: &str = "claude-3-opus-20240229";
const HAIKU: &str = "claude-3-haiku-20240307";
const MINI: &str = "gpt-4o-mini-2024-07-18";
const GPT4: &str = "gpt-4-0125-preview";
const GPT35: &str = "gpt-3.5-turbo-0125";
const PRO: &str = "gemini-1.5-pro-002";
const FLASH: &str = "gemini-1.5-flash-002";
const LARGE: &str = "llama-3.1-70b-instruct";
const SMALL: &str = "llama-3.1-8b-instruct";

/// Those that are known by name; questions of other files have a pool of all the models that answered most of them.
const KNOWN: [(&str, &str, Step, &[&str]); 11] = [
    ("BFCL, Opus and Haiku", "bfcl_2024_08", Step::Text, &[OPUS, HAIKU]),
    ("BFCL, GPT-4 and GPT-3.5", "bfcl_2024_08", Step::Text, &[GPT4, GPT35]),
    (
        "BFCL, 8 models",
        "bfcl_2024_08",
        Step::Text,
        &[
            SONNET,
            OPUS,
            HAIKU,
            MINI,
            GPT4,
            GPT35,
            "gemini-1.5-pro-preview-0514",
            "gemini-1.5-flash-preview-0514",
        ],
    ),
    ("BFCL, Opus and Haiku", "bfcl_2024_08", Step::Checked, &[OPUS, HAIKU]),
    ("BFCL, GPT-4 and GPT-3.5", "bfcl_2024_08", Step::Checked, &[GPT4, GPT35]),
    ("BFCL, GPT-4 and GPT-3.5", "bfcl_2024_08", Step::Unchecked, &[GPT4, GPT35]),
    ("MMLU-Pro, Gemini 1.5 Pro and Flash", "mmlu_pro", Step::Text, &[PRO, FLASH]),
    ("MMLU-Pro, Llama 70B and 8B", "mmlu_pro", Step::Text, &[LARGE, SMALL]),
    (
        "MMLU-Pro, 7 models",
        "mmlu_pro",
        Step::Text,
        &[PRO, FLASH, LARGE, SMALL, "jamba-1.5-large", "mixtral-8x7b-instruct", "command-r-v01"],
    ),
    (
        "MMLU, GPT-4 and Mixtral",
        "routellm_mmlu",
        Step::Text,
        &["gpt-4-1106-preview", "mixtral-8x7b-instruct"],
    ),
    (
        "GSM8K, GPT-4 and Mixtral",
        "routellm_gsm8k",
        Step::Text,
        &["gpt-4-1106-preview", "mixtral-8x7b-instruct"],
    ),
];

/// Those that are learned once more from labels that mean nothing.
const DEALT: [&str; 2] = ["BFCL, Opus and Haiku", "MMLU-Pro, Gemini 1.5 Pro and Flash"];

impl Set {
    /// How the step is written, in a word or two.
    pub fn way(&self) -> &'static str {
        match self.step {
            Step::Text if self.labels == Labels::Dealt => "router, its labels dealt at random",
            Step::Text => "router",
            Step::Checked => "cascade",
            Step::Unchecked => "cascade, its check off",
        }
    }
}

/// The sets of a directory.
pub fn all(outcomes: &Outcomes) -> Vec<Set> {
    let mut sets: Vec<Set> = KNOWN
        .iter()
        .filter(|(_, file, _, _)| outcomes.files.contains_key(*file))
        .map(|(name, file, step, models)| Set {
            name: (*name).into(),
            file: (*file).into(),
            models: models.iter().map(|model| (*model).to_owned()).collect(),
            step: *step,
            labels: Labels::Recorded,
        })
        .collect();
    let dealt = |set: &Set| DEALT.contains(&&*set.name) && set.step == Step::Text;
    let controls: Vec<Set> = sets
        .iter()
        .filter(|set| dealt(set))
        .map(|set| Set { labels: Labels::Dealt, ..set.clone() })
        .collect();
    sets.extend(controls);
    for (file, rows) in &outcomes.files {
        if KNOWN.iter().any(|(_, known, _, _)| known == file) {
            continue;
        }
        let names: BTreeSet<&String> = rows.iter().flat_map(|row| row.models.keys()).collect();
        let most = |model: &&&String| {
            let answered = rows.iter().filter(|row| row.of(std::slice::from_ref(**model)).is_some()).count();
            answered * 10 >= rows.len() * 9 && outcomes.prices.contains_key(**model)
        };
        let models: Vec<String> = names.iter().filter(most).map(|model| (*model).clone()).collect();
        if models.len() > 1 {
            sets.push(Set {
                name: file.clone(),
                file: file.clone(),
                models,
                step: Step::Text,
                labels: Labels::Recorded,
            });
        }
    }
    sets
}
