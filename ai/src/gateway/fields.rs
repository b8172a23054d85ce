//! Fields of what a program sends: read by hand, so that a message names the place.

use serde_json::{Map, Value};

use super::Wrong;
use crate::chat::Image;

/// An object, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    entries: &'a Map<String, Value>,
    place: Place<'a>,
}

/// Where something stands: within another place, under a name or at a number.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// At the root.
    Root,
    /// An item of a list that is a field.
    Item(&'a Place<'a>, &'a str, usize),
    /// A field.
    Field(&'a Place<'a>, &'a str),
}

impl Place<'_> {
    fn words(self) -> String {
        match self {
            Place::Root => String::new(),
            Place::Item(within, name, at) => format!("{}[{at}]", Place::Field(within, name).words()),
            Place::Field(within, name) => match within.words() {
                root if root.is_empty() => name.to_owned(),
                within => format!("{within}.{name}"),
            },
        }
    }
}

/// Reads a body.
pub(super) fn json(body: &[u8]) -> Result<Value, Wrong> {
    serde_json::from_slice(body)
        .map_err(|error| Wrong { message: format!("the body is no JSON: {error}"), field: None })
}

/// Something is wrong at a place.
pub(super) fn wrong(place: Place<'_>, what: &str) -> Wrong {
    let field = Some(place.words()).filter(|words| !words.is_empty());
    let named = field.as_ref().map_or_else(|| "the body".to_owned(), |field| format!("`{field}`"));
    Wrong { message: format!("{named} {what}"), field }
}

impl<'a> Fields<'a> {
    /// An object.
    pub fn of(value: &'a Value, place: Place<'a>) -> Result<Fields<'a>, Wrong> {
        match value {
            Value::Object(entries) => Ok(Fields { entries, place }),
            _ => Err(wrong(place, "is no object")),
        }
    }

    /// All of it.
    pub fn whole(&self) -> Value {
        Value::Object(self.entries.clone())
    }

    /// Where it stands.
    pub fn place(&self) -> Place<'a> {
        self.place
    }

    /// What is wrong with a field.
    pub fn wrong(&self, name: &str, what: &str) -> Wrong {
        wrong(Place::Field(&self.place, name), what)
    }

    /// A field that is there. What is null is not there.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.entries.get(name).filter(|value| !value.is_null())
    }

    /// A text.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>, Wrong> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "is no text")),
        }
    }

    /// A text that must be there.
    pub fn required(&self, name: &str) -> Result<&'a str, Wrong> {
        self.text(name)?.ok_or_else(|| self.wrong(name, "is missing"))
    }

    /// A whole number above 0.
    pub fn count(&self, name: &str) -> Result<Option<u64>, Wrong> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => match value.as_u64() {
                Some(count @ 1..) => Ok(Some(count)),
                Some(0) | None => Err(self.wrong(name, "is no whole number above 0")),
            },
        }
    }

    /// A number within bounds.
    pub fn number(&self, name: &str, most: f64) -> Result<Option<f64>, Wrong> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => match value.as_f64() {
                Some(number) if (0.0..=most).contains(&number) => Ok(Some(number)),
                Some(_) | None => Err(self.wrong(name, &format!("is no number from 0 to {most}"))),
            },
        }
    }

    /// True where a field says so.
    pub fn is_on(&self, name: &str) -> Result<bool, Wrong> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(on)) => Ok(*on),
            Some(_) => Err(self.wrong(name, "is neither true nor false")),
        }
    }

    /// A list; nothing is an empty one.
    pub fn items(&self, name: &str) -> Result<&'a [Value], Wrong> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(self.wrong(name, "is no list")),
        }
    }

    /// Texts: one, or a list of them.
    pub fn texts(&self, name: &str) -> Result<Vec<String>, Wrong> {
        if let Some(Value::String(text)) = self.get(name) {
            return Ok(vec![text.clone()]);
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let texts = self.items(name)?.iter().map(text).collect::<Option<_>>();
        texts.ok_or_else(|| self.wrong(name, "has something that is no text"))
    }

    /// Refuses a field that asks for something. What says nothing, no and 0 does not.
    pub fn refuse(&self, name: &str, why: &str) -> Result<(), Wrong> {
        match self.get(name) {
            None | Some(Value::Bool(false)) => Ok(()),
            Some(Value::Array(items)) if items.is_empty() => Ok(()),
            Some(Value::Object(entries)) if entries.is_empty() => Ok(()),
            Some(Value::Number(number)) if number.as_f64() == Some(0.0) => Ok(()),
            Some(_) => Err(self.wrong(name, why)),
        }
    }
}

/// A picture by its address, which may be a `data:` URL.
pub(super) fn image(url: &str) -> Option<Image> {
    match url.strip_prefix("data:") {
        Some(data) => {
            let (media, data) = data.split_once(";base64,")?;
            Some(Image::Bytes { media: media.to_owned(), data: data.to_owned() })
        }
        None => {
            let is_address = url.starts_with("https://") || url.starts_with("http://");
            is_address.then(|| Image::Url(url.to_owned()))
        }
    }
}
