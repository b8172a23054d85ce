//! Values that flow through a run: JSON with exact integers, times, durations, cheap clones, holes for
//! secrets and references to large values that stand elsewhere.
//!
//! Two forms of text exist. The *stored* form (serde) is exact: what has no JSON of its own is an object
//! with one key that begins with `$`. The *plain* form (`to_json`) is what people and services see.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::{SignedDuration, Timestamp};
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::duration;

mod big;
mod file;

pub use big::{Big, Hash, NoValues, Values};
pub use file::{Content, File, UNKNOWN};

/// An object; its keys keep the order in which they came.
pub type Object = IndexMap<Arc<str>, Value>;

/// The deepest nesting of a value. Stored forms may double it, and JSON readers stop at 128.
pub const MAX_DEPTH: usize = 56;

/// A value. Clones are cheap: what is long is shared.
// A wide tag lets what follows it be moved as whole words: with a tag of one byte, evaluation waits for half-words.
#[derive(Clone, Debug, Default)]
#[repr(u64)]
pub enum Value {
    /// Nothing; also what a skipped step gives.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// An exact integer of 64 bits.
    Int(i64),
    /// Any other number; never NaN or infinite.
    Number(f64),
    /// Text.
    Text(Arc<str>),
    /// A list.
    List(Arc<Vec<Value>>),
    /// An object.
    Object(Arc<Object>),
    /// A moment.
    Time(Timestamp),
    /// A length of time.
    Duration(SignedDuration),
    /// Bytes: a file, a body that is not text.
    File(Arc<File>),
    /// A secret that is filled in when the call leaves the process.
    Hole(Arc<Hole>),
    /// A large value, known by its content hash.
    Big(Arc<Big>),
}

/// The place of a secret: its name, or what is made of it. It never holds the secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hole {
    /// The secret of this name.
    Name(String),
    /// Plain text within a joined value.
    Plain(String),
    /// Parts put together.
    Join(Vec<Hole>),
    /// Base64 of a part.
    Base64(Box<Hole>),
    /// HMAC-SHA256 in hex: key, then message.
    Hmac(Box<Hole>, Box<Hole>),
}

impl Value {
    /// Makes a text.
    pub fn text(text: impl Into<Arc<str>>) -> Value {
        Value::Text(text.into())
    }

    /// Makes a list.
    pub fn list(items: Vec<Value>) -> Value {
        Value::List(Arc::new(items))
    }

    /// Makes an object.
    pub fn object<K: Into<Arc<str>>>(entries: impl IntoIterator<Item = (K, Value)>) -> Value {
        Value::Object(Arc::new(entries.into_iter().map(|(key, value)| (key.into(), value)).collect()))
    }

    /// True for null alone.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The value of a key, if this is an object at hand that has it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Object(entries) => entries.get(key),
            Value::Big(big) => big.value.as_deref()?.get(key),
            _ => None,
        }
    }

    /// The text, if this is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            Value::Big(big) => big.value.as_deref()?.as_text(),
            _ => None,
        }
    }

    /// What authors call its type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Int(_) => "integer",
            Value::Number(_) => "number",
            Value::Text(_) => "string",
            Value::List(_) => "list",
            Value::Object(_) => "object",
            Value::Time(_) => "time",
            Value::Duration(_) => "duration",
            Value::File(_) => "bytes",
            Value::Hole(_) => "secret",
            Value::Big(big) => big.value.as_deref().map_or("value", Value::type_name),
        }
    }

    /// The stored form.
    pub fn stored(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a value has only text keys")
    }

    /// About how many bytes the stored form has; counts no further once it is past `limit`.
    pub fn weight(&self, limit: usize) -> usize {
        match self {
            Value::Text(text) => text.len() + 2,
            Value::List(items) => items
                .iter()
                .try_fold(
                    2,
                    |sum, item| {
                        if sum > limit { Err(sum) } else { Ok(sum + 1 + item.weight(limit - sum)) }
                    },
                )
                .unwrap_or_else(|sum| sum),
            Value::Object(entries) => entries
                .iter()
                .try_fold(2, |sum, (key, value)| {
                    if sum > limit { Err(sum) } else { Ok(sum + 4 + key.len() + value.weight(limit - sum)) }
                })
                .unwrap_or_else(|sum| sum),
            Value::File(file) => file.weight(),
            Value::Time(_) | Value::Duration(_) => 40,
            Value::Hole(_) | Value::Big(_) => 100,
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Number(_) => 8,
        }
    }

    /// How deep it nests: 0 for what is neither list nor object.
    pub fn depth(&self) -> usize {
        match self {
            Value::List(items) => 1 + items.iter().map(Value::depth).max().unwrap_or(0),
            Value::Object(entries) => 1 + entries.values().map(Value::depth).max().unwrap_or(0),
            _ => 0,
        }
    }

    /// Takes over JSON that was read already; `json::parse` reads texts, and loses no digit.
    pub fn from_json(json: serde_json::Value) -> Value {
        match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(flag) => Value::Bool(flag),
            serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Value::Int(whole),
                (None, _) if number.is_u64() => Value::text(number.to_string()),
                (None, Some(float)) => Value::Number(float),
                (None, None) => Value::text(number.to_string()),
            },
            serde_json::Value::String(text) => Value::text(text),
            serde_json::Value::Array(items) => Value::list(items.into_iter().map(Value::from_json).collect()),
            serde_json::Value::Object(entries) => {
                Value::object(entries.into_iter().map(|(key, value)| (key, Value::from_json(value))))
            }
        }
    }

    /// Plain JSON: times and durations as text, files with their bytes in Base64, secrets as `***`, large values that are not at hand as
    /// an object that names their hash.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Value::Null => serde_json::Value::Null,
            Value::Bool(flag) => (*flag).into(),
            Value::Int(number) => (*number).into(),
            Value::Number(number) => (*number).into(),
            Value::Text(text) => (**text).into(),
            Value::List(items) => items.iter().map(Value::to_json).collect(),
            Value::Object(entries) => {
                entries.iter().map(|(key, value)| (key.to_string(), value.to_json())).collect()
            }
            Value::Time(time) => time.to_string().into(),
            Value::Duration(length) => duration::format(*length).into(),
            Value::File(file) => file.plain(),
            Value::Hole(_) => "***".into(),
            Value::Big(big) => match &big.value {
                Some(value) => value.to_json(),
                None => serde_json::json!({ "$big": big.hash.to_string(), "size": big.size }),
            },
        }
    }
}

/// As it is rendered within other text: numbers shortest, null as nothing, lists and objects as compact JSON.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => Ok(()),
            Value::Bool(flag) => write!(f, "{flag}"),
            Value::Int(number) => write!(f, "{number}"),
            Value::Number(number) if number.abs() < 1e17 => write!(f, "{number}"),
            Value::Number(number) => write!(f, "{number:e}"),
            Value::Text(text) => f.write_str(text),
            Value::Time(time) => write!(f, "{time}"),
            Value::Duration(length) => f.write_str(&duration::format(*length)),
            Value::Hole(_) => f.write_str("***"),
            Value::Big(big) if let Some(value) = &big.value => value.fmt(f),
            Value::List(_) | Value::Object(_) | Value::File(_) | Value::Big(_) => {
                write!(f, "{}", self.to_json())
            }
        }
    }
}

/// As the language's `==`: `1 == 1.0`, and different types are never equal.
impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Number(a), Value::Number(b)) => a == b,
            // Exact, also where a float cannot hold the integer.
            (Value::Int(a), Value::Number(b)) | (Value::Number(b), Value::Int(a)) => {
                b.fract() == 0.0 && b.abs() < 9.3e18 && *b as i128 == i128::from(*a)
            }
            (Value::Text(a), Value::Text(b)) => a == b,
            (Value::List(a), Value::List(b)) => a == b,
            (Value::Object(a), Value::Object(b)) => a == b,
            (Value::Time(a), Value::Time(b)) => a == b,
            (Value::Duration(a), Value::Duration(b)) => a == b,
            (Value::File(a), Value::File(b)) => a == b,
            (Value::Hole(a), Value::Hole(b)) => a == b,
            (Value::Big(a), Value::Big(b)) => a.hash == b.hash,
            (Value::Big(big), other) | (other, Value::Big(big)) => big.value.as_deref() == Some(other),
            _ => false,
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => to.serialize_unit(),
            Value::Bool(flag) => to.serialize_bool(*flag),
            Value::Int(number) => to.serialize_i64(*number),
            Value::Number(number) => to.serialize_f64(*number),
            Value::Text(text) => to.serialize_str(text),
            Value::List(items) => {
                let mut list = to.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(item))?;
                list.end()
            }
            Value::Object(entries) if entries.keys().any(|key| key.starts_with('$')) => {
                tagged(to, "$object", &**entries)
            }
            Value::Object(entries) => entries.serialize(to),
            Value::Time(time) => tagged(to, "$time", time),
            Value::Duration(length) => tagged(to, "$duration", &(length.as_secs(), length.subsec_nanos())),
            Value::File(file) => tagged(to, "$file", &**file),
            Value::Hole(hole) => tagged(to, "$hole", &**hole),
            Value::Big(big) => tagged(to, "$big", &(big.hash.to_string(), big.size)),
        }
    }
}

fn tagged<S: Serializer, T: Serialize + ?Sized>(to: S, tag: &str, value: &T) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(Some(1))?;
    map.serialize_entry(tag, value)?;
    map.end()
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
        from.deserialize_any(Stored)
    }
}

/// Reads the stored form.
struct Stored;

impl<'de> Visitor<'de> for Stored {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a stored value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        i64::try_from(number).map(Value::Int).map_err(|_| E::custom("an integer beyond 64 bits"))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::text(text))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(1024));
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::list(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Object::new();
        while let Some(key) = map.next_key::<Arc<str>>()? {
            let value = match &*key {
                "$object" => Value::Object(Arc::new(map.next_value()?)),
                "$time" => Value::Time(map.next_value()?),
                "$duration" => {
                    let (seconds, nanos): (i64, i32) = map.next_value()?;
                    Value::Duration(SignedDuration::new(seconds, nanos))
                }
                "$file" => Value::File(Arc::new(map.next_value()?)),
                "$hole" => Value::Hole(Arc::new(map.next_value()?)),
                "$big" => {
                    let (hash, size): (String, u32) = map.next_value()?;
                    let hash =
                        Hash::parse(&hash).ok_or_else(|| de::Error::custom("a hash of 64 hex digits"))?;
                    Value::Big(Arc::new(Big { hash, size, value: None }))
                }
                _ => {
                    entries.insert(key, map.next_value()?);
                    continue;
                }
            };
            return Ok(value);
        }
        Ok(Value::Object(Arc::new(entries)))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::text(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Int(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Value {
        Value::Bool(flag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(value: &Value) -> Value {
        serde_json::from_slice(&value.stored()).unwrap()
    }

    fn kept(size: u64) -> File {
        let content = Content::Kept(Hash::of(b"content"), size);
        File { content, media_type: "video/mp4".into(), name: Some("a.mp4".into()) }
    }

    #[test]
    fn the_stored_form_keeps_every_type() {
        let value = Value::object([
            ("int", Value::Int(i64::MIN)),
            ("number", Value::Number(2.0)),
            ("time", Value::Time("2026-01-02T03:04:05.006Z".parse().unwrap())),
            ("length", Value::Duration(SignedDuration::new(-1, -5))),
            ("file", Value::File(Arc::new(File::new([0, 255, 7], "image/png")))),
            ("kept", Value::File(Arc::new(kept(u64::MAX)))),
            (
                "hole",
                Value::Hole(Arc::new(Hole::Join(vec![Hole::Plain("a".into()), Hole::Name("b".into())]))),
            ),
            ("odd", Value::object([("$time", Value::text("not a time")), ("b", Value::Null)])),
            ("list", Value::list(vec![Value::Bool(true), Value::Null])),
        ]);
        let back = round_trip(&value);
        assert_eq!(back, value);
        assert_eq!(back.stored(), value.stored());
        assert!(matches!(back.get("number"), Some(Value::Number(_))));
    }

    #[test]
    fn a_file_has_a_plain_form_that_is_read_again() {
        let file = File { name: Some("a.png".into()), ..File::new([0, 255], "image/png") };
        let plain = Value::from_json(Value::File(Arc::new(file.clone())).to_json());
        assert_eq!(File::from_plain(&plain), Some(file));
        assert_eq!(File::from_plain(&Value::text("AP8=")), Some(File::new([0, 255], UNKNOWN)));
        assert_eq!(File::from_plain(&Value::text("not base64")), None);
        assert_eq!(File::from_plain(&Value::object([("base64", "AP8=".into()), ("a", Value::Null)])), None);
    }

    #[test]
    fn a_file_that_is_kept_cannot_be_written_down_by_an_author() {
        let file = Value::File(Arc::new(kept(7)));
        let plain = file.to_json();
        assert_eq!(plain["sha256"], Hash::of(b"content").to_string());
        // Neither what people see nor the stored form of it is read as a file from a text.
        for json in [plain, serde_json::from_slice(&file.stored()).unwrap()] {
            let written = Value::from_json(json);
            assert!(File::from_plain(&written).is_none(), "{written:?}");
            assert!(matches!(written, Value::Object(_)));
        }
        // The same bytes are the same file, wherever they are.
        let here = File { name: None, ..File::new(*b"content", "video/mp4") };
        assert_eq!(here, File { name: None, ..kept(7) });
        assert_ne!(here, File { name: None, ..kept(8) });
    }

    #[test]
    fn equality_is_exact_between_integers_and_numbers() {
        assert_eq!(Value::Int(1), Value::Number(1.0));
        assert_ne!(Value::Int(i64::MAX), Value::Number(i64::MAX as f64));
        assert_ne!(Value::Int(1), Value::text("1"));
    }
}
