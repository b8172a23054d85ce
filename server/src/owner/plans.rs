//! Plans of texts that were checked before: who starts a workflow again and again has it checked once.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use dsl::value::Hash;
use engine::plan::Plan;

use super::checked;
use crate::error::Error;

/// How many are remembered.
const MOST: usize = 256;

/// The longest text that is remembered, in bytes: a plan takes many times as much memory as its text.
pub(super) const LONGEST: usize = 32 << 10;

/// Plans by the hashes of their texts.
#[derive(Default)]
pub(super) struct Plans(Mutex<HashMap<Hash, Arc<Plan>>>);

impl Plans {
    /// The plan of a text, which stands in this file.
    ///
    /// # Errors
    /// Where the text has errors, or this version cannot run it.
    pub fn of(&self, file: &Path, text: &str) -> Result<Arc<Plan>, Error> {
        if text.len() > LONGEST {
            return Ok(Arc::new(Plan::new(&checked(file, text)?)));
        }
        let digest = Hash::of(text.as_bytes());
        if let Some(plan) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&digest) {
            return Ok(plan.clone());
        }
        let plan = Arc::new(Plan::new(&checked(file, text)?));
        // What one means that calls others depends on the files beside it.
        if engine::outline::called(&plan).is_empty() {
            let mut plans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if plans.len() >= MOST {
                plans.clear();
            }
            plans.insert(digest, plan.clone());
        }
        Ok(plan)
    }
}
