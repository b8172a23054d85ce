//! Large values at hand: a bounded shelf over the journal.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use dsl::value::{Big, Hash, Value, Values};
use tracing::error;

use crate::journal::Journal;

/// How many bytes of stored forms are kept at hand.
const ROOM: usize = 32 << 20;

/// Large values at hand; the rest comes from the journal.
pub(super) struct Shelf {
    journal: Arc<dyn Journal>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    values: HashMap<Hash, (Value, usize)>,
    order: VecDeque<Hash>,
    bytes: usize,
}

impl Shelf {
    pub fn new(journal: Arc<dyn Journal>) -> Shelf {
        Shelf { journal, kept: Mutex::default() }
    }

    /// Puts a value there that is likely to be asked for soon.
    pub fn put(&self, big: &Big) {
        if let Some(value) = &big.value {
            self.keep(big.hash, value, big.size as usize);
        }
    }

    fn keep(&self, hash: Hash, value: &Value, size: usize) {
        if size > ROOM {
            return;
        }
        let mut lock = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = &mut *lock;
        if kept.values.insert(hash, (value.clone(), size)).is_some() {
            return;
        }
        kept.order.push_back(hash);
        kept.bytes += size;
        while kept.bytes > ROOM
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.bytes -= kept.values.remove(&oldest).map_or(0, |(_, size)| size);
        }
    }
}

impl Values for Shelf {
    fn get(&self, hash: &Hash) -> Option<Value> {
        let found = {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.values.get(hash).map(|(value, _)| value.clone())
        };
        if found.is_some() {
            return found;
        }
        match self.journal.value(hash) {
            Ok(value) => {
                let value = value?;
                self.keep(*hash, &value, value.weight(ROOM));
                Some(value)
            }
            Err(error) => {
                error!(%hash, %error, "a large value cannot be read");
                None
            }
        }
    }
}
