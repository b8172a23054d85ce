//! Answers in XML as values: an element is an object of those in it, a text where none is, or null where nothing is; one that
//! stands several times is a list. Names are without their prefixes; attributes, comments and instructions are left out. No entity is opened but
//! those that XML itself has.

use std::collections::BTreeMap;
use std::sync::Arc;

use dsl::value::{MAX_DEPTH, Value};
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

/// An element that is not over.
#[derive(Default)]
struct Open {
    name: String,
    text: String,
    /// The elements in it by name, in the order in which names came.
    inner: Vec<(String, Vec<Value>)>,
    /// Where each name stands there.
    places: BTreeMap<String, usize>,
}

impl Open {
    fn named(name: &str) -> Open {
        Open { name: name.to_owned(), ..Open::default() }
    }

    /// What it is; blanks between elements are none of it.
    fn value(self) -> Value {
        if self.inner.is_empty() {
            return if self.text.is_empty() { Value::Null } else { Value::text(self.text) };
        }
        let entries = self.inner.into_iter().map(|(name, mut values)| match values.len() {
            1 => (Arc::from(name), values.pop().unwrap_or_default()),
            _ => (Arc::from(name), Value::list(values)),
        });
        Value::Object(Arc::new(entries.collect()))
    }

    fn take(&mut self, mut inner: Open) {
        let name = std::mem::take(&mut inner.name);
        let place = *self.places.entry(name.clone()).or_insert_with(|| {
            self.inner.push((name, vec![]));
            self.inner.len() - 1
        });
        if let Some((_, values)) = self.inner.get_mut(place) {
            values.push(inner.value());
        }
    }
}

/// What the one element of a document is.
///
/// # Errors
/// Where it is no XML, or more than an answer is, in words without anything of it.
pub(super) fn value(body: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(body).map_err(|_| "it is no text in UTF-8".to_owned())?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let no = |_: &dyn std::fmt::Display| "it is no well-formed XML".to_owned();
    // The first stands for the document itself.
    let mut open = vec![Open::default()];
    loop {
        let event = reader.read_event().map_err(|error| no(&error))?;
        let top = open.last_mut().ok_or("it closes more than it opened")?;
        match event {
            Event::Start(start) => {
                let inner = Open::named(start.local_name().as_ref());
                if open.len() > MAX_DEPTH {
                    return Err(format!("it nests deeper than {MAX_DEPTH}"));
                }
                open.push(inner);
            }
            Event::Empty(start) => top.take(Open::named(start.local_name().as_ref())),
            Event::End(_) => {
                let inner = open.pop().unwrap_or_default();
                open.last_mut().ok_or("it closes more than it opened")?.take(inner);
            }
            Event::Text(text) => top.text += &text.xml10_content(),
            Event::CData(text) => top.text += &text.xml10_content(),
            Event::GeneralRef(name) => match name.resolve_char_ref().map_err(|error| no(&error))? {
                Some(letter) => top.text.push(letter),
                None => {
                    let known = resolve_predefined_entity(&name.xml10_content());
                    top.text += known.ok_or("it names an entity that XML has not")?;
                }
            },
            Event::DocType(_) => return Err("it has a document type, which is not read".into()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    let (Some(document), true) = (open.pop(), open.is_empty()) else {
        return Err("it ends before its elements do".into());
    };
    match document.value() {
        Value::Object(elements) if elements.len() == 1 => {
            Ok(elements.iter().next().map(|(_, value)| value.clone()).unwrap_or_default())
        }
        _ => Err("it has not one element".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::value;

    fn read(text: &str) -> String {
        value(text.as_bytes()).map_or_else(|why| why, |value| value.to_json().to_string())
    }

    #[test]
    fn elements_are_objects_texts_and_lists() {
        let text = "\u{feff}<?xml version=\"1.0\"?>\n<!-- a --><L xmlns=\"u:x\" a=\"1\">\n  <C><K>a &amp; b&#x21;</K><S>1</S></C>\n  \
                    <C><K><![CDATA[<c>]]></K></C><x:E/><T> two </T></L>\n";
        assert_eq!(read(text), r#"{"C":[{"K":"a & b!","S":"1"},{"K":"<c>"}],"E":null,"T":" two "}"#);
        assert_eq!(read("<L><C>1</C><C>2</C><C>3</C></L>"), r#"{"C":["1","2","3"]}"#);
        assert_eq!(read("<L/>"), "null");
    }

    #[test]
    fn what_is_no_answer_is_refused_and_nothing_is_opened() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bb\">]><a>&b;</a>";
        assert_eq!(read(bomb), "it has a document type, which is not read");
        assert_eq!(read("<a>&b;</a>"), "it names an entity that XML has not");
        for wrong in
            ["", "a", "<a>", "<a></b>", "</a>", "<a/><b/>", "<a><b></a></b>", "{}", "<a", "<a>&#x110000;</a>"]
        {
            assert!(value(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(value(b"<a>\xff</a>").is_err());
        let deep = "<a>".repeat(100_000);
        assert!(value(deep.as_bytes()).is_err());
    }
}
