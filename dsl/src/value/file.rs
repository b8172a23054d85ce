//! A file that flows through a run: bytes with their media type, by handle. Its content stands once, as other
//! large values do, and clones share it.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Value;

/// What is said of bytes of which nothing is known.
pub const UNKNOWN: &str = "application/octet-stream";

/// Bytes with what is known of them.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    /// The content.
    pub bytes: Arc<[u8]>,
    /// The media type, as `image/png`.
    pub media_type: Arc<str>,
    /// The name of the file, where it has one.
    pub name: Option<Arc<str>>,
}

impl File {
    /// A file without a name.
    pub fn new(bytes: impl Into<Arc<[u8]>>, media_type: &str) -> File {
        File { bytes: bytes.into(), media_type: media_type.into(), name: None }
    }

    /// Reads the plain form: text in Base64, or an object of `base64` with `type` and `name` where they are known.
    /// Nothing where it is neither.
    pub fn from_plain(value: &Value) -> Option<File> {
        let known = |key: &str| match value.get(key) {
            None | Some(Value::Null) => Some(None),
            Some(known) => known.as_text().map(|text| Some(Arc::from(text))),
        };
        let (text, media_type, name) = match value {
            Value::File(file) => return Some((**file).clone()),
            Value::Object(entries) => {
                if entries.keys().any(|key| !matches!(&**key, "base64" | "type" | "name" | "size")) {
                    return None;
                }
                (value.get("base64")?.as_text()?, known("type")?, known("name")?)
            }
            other => (other.as_text()?, None, None),
        };
        let bytes = STANDARD.decode(text.trim_end()).ok()?;
        Some(File { bytes: bytes.into(), media_type: media_type.unwrap_or_else(|| UNKNOWN.into()), name })
    }

    /// What an expression reads of it.
    pub fn field(&self, name: &str) -> Option<Value> {
        match name {
            "name" => Some(self.name.clone().map_or(Value::Null, Value::Text)),
            "size" => Some(Value::Int(self.bytes.len() as i64)),
            "type" => Some(Value::Text(self.media_type.clone())),
            _ => None,
        }
    }

    /// The content in Base64.
    pub fn base64(&self) -> String {
        STANDARD.encode(&self.bytes)
    }

    /// Length of the content in Base64.
    pub fn base64_len(&self) -> usize {
        self.bytes.len().div_ceil(3) * 4
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({}, {} bytes)", self.media_type, self.bytes.len())
    }
}

impl Serialize for File {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (&self.media_type, &self.name, self.base64()).serialize(to)
    }
}

impl<'de> Deserialize<'de> for File {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<File, D::Error> {
        let (media_type, name, text) = <(Arc<str>, Option<Arc<str>>, String)>::deserialize(from)?;
        let bytes = STANDARD.decode(text).map_err(D::Error::custom)?;
        Ok(File { bytes: bytes.into(), media_type, name })
    }
}
