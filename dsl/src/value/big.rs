//! Large values: known by the hash of their stored form, so that each stands once however many values carry it.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Content, Object, Value};

/// The SHA-256 of a value's stored form.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

/// A large value by reference. Two are equal if their hashes are.
#[derive(Clone)]
pub struct Big {
    /// The hash of its stored form.
    pub hash: Hash,
    /// Length of its stored form in bytes.
    pub size: u32,
    /// The value itself, where it is at hand.
    pub value: Option<Arc<Value>>,
}

/// Finds large values by their hash. It is a pure function, since a hash names one content.
pub trait Values {
    /// The value with this hash, or nothing if it is not to be had.
    fn get(&self, hash: &Hash) -> Option<Value>;
}

/// No large values at all: for checks, tests and constant expressions.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoValues;

impl Values for NoValues {
    fn get(&self, _: &Hash) -> Option<Value> {
        None
    }
}

impl Value {
    /// The value itself where this is a reference: from memory, or else from `values`.
    /// Nothing if a large value is not to be had.
    pub fn load(&self, values: &dyn Values) -> Option<Value> {
        match self {
            Value::Big(big) => match &big.value {
                Some(value) => Some((**value).clone()),
                None => values.get(&big.hash),
            },
            other => Some(other.clone()),
        }
    }

    /// The value with every reference in it replaced by what it refers to.
    pub fn load_all(&self, values: &dyn Values) -> Option<Value> {
        match self {
            Value::Big(_) => self.load(values)?.load_all(values),
            Value::List(items) if items.iter().any(Value::holds_reference) => {
                items.iter().map(|item| item.load_all(values)).collect::<Option<Vec<_>>>().map(Value::list)
            }
            Value::Object(entries) if entries.values().any(Value::holds_reference) => {
                let loaded = entries.iter().map(|(key, value)| Some((key.clone(), value.load_all(values)?)));
                loaded.collect::<Option<Object>>().map(|entries| Value::Object(Arc::new(entries)))
            }
            other => Some(other.clone()),
        }
    }

    /// Calls `found` for each reference to a large value in this value.
    pub fn each_big(&self, found: &mut dyn FnMut(&Big)) {
        match self {
            Value::Big(big) => {
                found(big);
                if let Some(value) = &big.value {
                    value.each_big(found);
                }
            }
            Value::List(items) => items.iter().for_each(|item| item.each_big(found)),
            Value::Object(entries) => entries.values().for_each(|value| value.each_big(found)),
            _ => {}
        }
    }

    /// Calls `found` for the hash of each file in this value whose content is kept outside of memory.
    pub fn each_kept(&self, found: &mut dyn FnMut(&Hash)) {
        match self {
            Value::File(file) => {
                if let Content::Kept(hash, _) = &file.content {
                    found(hash);
                }
            }
            Value::List(items) => items.iter().for_each(|item| item.each_kept(found)),
            Value::Object(entries) => entries.values().for_each(|value| value.each_kept(found)),
            Value::Big(big) => big.value.iter().for_each(|value| value.each_kept(found)),
            _ => {}
        }
    }

    fn holds_reference(&self) -> bool {
        match self {
            Value::Big(_) => true,
            Value::List(items) => items.iter().any(Value::holds_reference),
            Value::Object(entries) => entries.values().any(Value::holds_reference),
            _ => false,
        }
    }

    /// The same value, as a reference by content hash if its stored form is longer than `limit` bytes.
    #[must_use]
    pub fn sealed(self, limit: usize) -> Value {
        let may_be_long = matches!(self, Value::Text(_) | Value::List(_) | Value::Object(_) | Value::File(_));
        if !may_be_long || self.weight(limit) <= limit {
            return self;
        }
        // A file stands alone, so that it is kept once however many values carry it.
        let value = if matches!(self, Value::File(_)) { self } else { self.with_files_sealed(limit) };
        if value.weight(limit) <= limit {
            return value;
        }
        let stored = value.stored();
        let hash = Hash::of(&stored);
        let size = u32::try_from(stored.len()).unwrap_or(u32::MAX);
        Value::Big(Arc::new(Big { hash, size, value: Some(Arc::new(value)) }))
    }

    fn with_files_sealed(self, limit: usize) -> Value {
        match &self {
            Value::File(_) => self.sealed(limit),
            Value::List(items) if items.iter().any(Value::holds_file) => {
                Value::list(items.iter().map(|item| item.clone().with_files_sealed(limit)).collect())
            }
            Value::Object(entries) if entries.values().any(Value::holds_file) => Value::object(
                entries.iter().map(|(key, value)| (key.clone(), value.clone().with_files_sealed(limit))),
            ),
            _ => self,
        }
    }

    fn holds_file(&self) -> bool {
        match self {
            Value::File(_) => true,
            Value::List(items) => items.iter().any(Value::holds_file),
            Value::Object(entries) => entries.values().any(Value::holds_file),
            _ => false,
        }
    }
}

impl Hash {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Hash {
        Hash(Sha256::digest(bytes).into())
    }

    /// Reads 64 hex digits.
    pub fn parse(text: &str) -> Option<Hash> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).ok()?;
        }
        Some(Hash(bytes))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Debug for Big {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Big({}, {} bytes)", &self.hash.to_string()[..8], self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_becomes_a_reference_and_comes_back() {
        let long = Value::list((0..1000).map(Value::Int).collect());
        let sealed = long.clone().sealed(100);
        assert!(matches!(sealed, Value::Big(_)));
        assert_eq!(sealed.load(&NoValues), Some(long.clone()));
        let Value::Big(stored) = serde_json::from_slice(&sealed.stored()).unwrap() else {
            panic!("a reference stays one")
        };
        assert!(stored.value.is_none());
        assert_eq!(stored.hash, Hash::of(&long.stored()));
        assert!(matches!(Value::Int(1).sealed(0), Value::Int(1)));
    }
}
