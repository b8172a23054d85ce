//! A file that flows through a run: bytes with their media type, by handle. Its content stands once, as other
//! large values do, and clones share it. One that is too large for memory stands outside of it, and the value has its
//! hash and its length alone.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Hash, Value};

/// What is said of bytes of which nothing is known.
pub const UNKNOWN: &str = "application/octet-stream";

/// The content of a file.
#[derive(Clone)]
pub enum Content {
    /// The bytes themselves.
    Here(Arc<[u8]>),
    /// What is kept outside of memory under the SHA-256 of its bytes, and their number. Only who keeps contents makes
    /// these: no text that an author or a service writes is read as one.
    Kept(Hash, u64),
}

impl Content {
    /// How many bytes.
    pub fn size(&self) -> u64 {
        match self {
            Content::Here(bytes) => bytes.len() as u64,
            Content::Kept(_, size) => *size,
        }
    }

    fn hash(&self) -> Hash {
        match self {
            Content::Here(bytes) => Hash::of(bytes),
            Content::Kept(hash, _) => *hash,
        }
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Content) -> bool {
        match (self, other) {
            (Content::Here(a), Content::Here(b)) => a == b,
            (a, b) => a.size() == b.size() && a.hash() == b.hash(),
        }
    }
}

impl Eq for Content {}

/// Bytes with what is known of them.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    /// The content.
    pub content: Content,
    /// The media type, as `image/png`.
    pub media_type: Arc<str>,
    /// The name of the file, where it has one.
    pub name: Option<Arc<str>>,
}

impl File {
    /// A file without a name.
    pub fn new(bytes: impl Into<Arc<[u8]>>, media_type: &str) -> File {
        File { content: Content::Here(bytes.into()), media_type: media_type.into(), name: None }
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
        let media_type = media_type.unwrap_or_else(|| UNKNOWN.into());
        Some(File { content: Content::Here(bytes.into()), media_type, name })
    }

    /// The bytes, where they are at hand.
    pub fn bytes(&self) -> Option<&Arc<[u8]>> {
        match &self.content {
            Content::Here(bytes) => Some(bytes),
            Content::Kept(..) => None,
        }
    }

    /// Length of the content in bytes.
    pub fn size(&self) -> u64 {
        self.content.size()
    }

    /// What an expression reads of it.
    pub fn field(&self, name: &str) -> Option<Value> {
        match name {
            "name" => Some(self.name.clone().map_or(Value::Null, Value::Text)),
            "size" => Some(Value::Int(i64::try_from(self.size()).unwrap_or(i64::MAX))),
            "type" => Some(Value::Text(self.media_type.clone())),
            _ => None,
        }
    }

    /// The content in Base64, where it is at hand.
    pub fn base64(&self) -> Option<String> {
        self.bytes().map(|bytes| STANDARD.encode(bytes))
    }

    /// About how many bytes its stored form has.
    pub(super) fn weight(&self) -> usize {
        60 + match &self.content {
            Content::Here(bytes) => bytes.len().div_ceil(3) * 4,
            Content::Kept(..) => 80,
        }
    }

    /// What people and services see of it: the content in Base64, or its hash where it is not at hand.
    pub(super) fn plain(&self) -> serde_json::Value {
        let mut plain = serde_json::Map::new();
        if let Some(name) = &self.name {
            plain.insert("name".into(), (**name).into());
        }
        plain.insert("type".into(), (*self.media_type).into());
        plain.insert("size".into(), self.size().into());
        match &self.content {
            Content::Here(bytes) => plain.insert("base64".into(), STANDARD.encode(bytes).into()),
            Content::Kept(hash, _) => plain.insert("sha256".into(), hash.to_string().into()),
        };
        serde_json::Value::Object(plain)
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({}, {} bytes)", self.media_type, self.size())
    }
}

impl Serialize for File {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.content {
            Content::Here(bytes) => (&self.media_type, &self.name, STANDARD.encode(bytes)).serialize(to),
            Content::Kept(hash, size) => (&self.media_type, &self.name, hash.to_string(), size).serialize(to),
        }
    }
}

/// Three fields are a file whose bytes are at hand, four are one that is kept.
impl<'de> Deserialize<'de> for File {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<File, D::Error> {
        from.deserialize_seq(Stored)
    }
}

struct Stored;

impl<'de> Visitor<'de> for Stored {
    type Value = File;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a stored file")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<File, A::Error> {
        let short = || A::Error::custom("a stored file of three fields or four");
        let media_type: Arc<str> = seq.next_element()?.ok_or_else(short)?;
        let name: Option<Arc<str>> = seq.next_element()?.ok_or_else(short)?;
        let text: String = seq.next_element()?.ok_or_else(short)?;
        let content = match seq.next_element::<u64>()? {
            None => Content::Here(STANDARD.decode(text).map_err(A::Error::custom)?.into()),
            Some(size) => {
                let hash = Hash::parse(&text).ok_or_else(|| A::Error::custom("a hash of 64 hex digits"))?;
                Content::Kept(hash, size)
            }
        };
        Ok(File { content, media_type, name })
    }
}
