//! The whole history of a run as one document that can be read elsewhere.

use std::collections::BTreeMap;

use dsl::value::{Hash, Value, Values as _};
use engine::event::Recorded;
use engine::large::each_big;
use engine::plan::Plan;
use engine::run::RunId;
use engine::view::Timeline;
use runtime::driver::Error;
use serde::{Deserialize, Serialize};

use crate::history::History;

/// The form of the document. Fields may be added; one that changes its meaning makes another form.
pub const FORM: &str = "keyway.run/1";

/// The whole history of a run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Export {
    /// `keyway.run/1`.
    pub form: String,
    /// The run.
    pub run: RunId,
    /// The plan that it follows, as it is stored.
    pub plan: Plan,
    /// Its log, row by row, as it is stored.
    pub log: Vec<Recorded>,
    /// The large values that the log refers to, by their hashes, and those that they refer to.
    pub values: BTreeMap<String, Value>,
    /// How it stands, as `keyway show --json` prints it: for readers that do not know the log.
    pub shown: serde_json::Value,
}

impl History {
    /// The whole history of a run.
    ///
    /// # Errors
    /// Where there is no such run, or what is stored of it cannot be read.
    pub fn export(&self, run: &RunId) -> Result<serde_json::Value, Error> {
        let plan = (**self.timeline(run)?.plan()).clone();
        let log = self.log(run)?;
        let mut missing = vec![];
        let mut values = BTreeMap::new();
        for event in log.iter().flat_map(|row| &row.events) {
            each_big(event, &mut |big| missing.push(big.hash));
        }
        while let Some(hash) = missing.pop() {
            if values.contains_key(&hash.to_string()) {
                continue;
            }
            let value = self.get(&hash).ok_or_else(|| lost(run, &hash))?;
            value.each_big(&mut |big| missing.push(big.hash));
            values.insert(hash.to_string(), value);
        }
        let mut timeline = Timeline::new(&plan);
        log.iter().for_each(|row| {
            timeline.apply(row);
        });
        timeline.load(self);
        let shown = timeline.to_json();
        let export = Export { form: FORM.into(), run: run.clone(), plan, log, values, shown };
        serde_json::to_value(export).map_err(|error| Error::Damaged {
            run: run.clone(),
            detail: format!("it cannot be written: {error}"),
        })
    }
}

fn lost(run: &RunId, hash: &Hash) -> Error {
    Error::Damaged { run: run.clone(), detail: format!("its value {hash} is missing") }
}
