//! A file by its type: what an expression can read of it, and the form in which JSON carries it.

use std::sync::LazyLock;

use crate::types::{Field, Type};

/// What `value::File::field` gives.
static READ: LazyLock<Vec<Field>> = LazyLock::new(|| {
    vec![
        Field::required("name", Type::String.or_null(), "The name of the file, where it has one."),
        Field::required("size", Type::Integer, "How many bytes it has."),
        Field::required("type", Type::String, "The media type, as in `image/png`."),
    ]
});

/// What `value::File::from_plain` takes.
pub(super) static PLAIN: LazyLock<Vec<Field>> = LazyLock::new(|| {
    vec![
        Field::required("base64", Type::String, "The content in Base64."),
        Field::optional("name", Type::String, "The name of the file."),
        Field::optional("size", Type::Any, "How many bytes it has; not read."),
        Field::optional("type", Type::String, "The media type."),
    ]
});

impl Type {
    /// The fields that its values have, where they are known.
    pub fn fields(&self) -> Option<&[Field]> {
        match self {
            Type::Object(fields) => Some(fields),
            Type::Bytes => Some(&READ),
            Type::Any
            | Type::Null
            | Type::Boolean
            | Type::Integer
            | Type::Number
            | Type::String
            | Type::Time
            | Type::Duration
            | Type::AnyObject
            | Type::List(_)
            | Type::Enum(_)
            | Type::Nullable(_)
            | Type::Union(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PLAIN, READ};
    use crate::types::fit;
    use crate::value::{File, Value};

    #[test]
    fn what_is_read_of_a_file_is_there_and_has_its_type() {
        for file in [File::new([1], "image/png"), File { name: Some("a.png".into()), ..File::new([], "a/b") }]
        {
            for field in READ.iter() {
                let value = file.field(&field.name).unwrap();
                assert_eq!(fit(&value, &field.ty), Ok(value));
            }
        }
    }

    #[test]
    fn the_plain_form_has_these_keys_and_no_others() {
        let plain = |key: &str| Value::object([("base64", Value::text("AA==")), (key, Value::Null)]);
        assert!(PLAIN.iter().skip(1).all(|field| File::from_plain(&plain(&field.name)).is_some()));
        assert!(File::from_plain(&plain("content")).is_none());
        assert!(File::from_plain(&Value::object([("type", Value::text("a/b"))])).is_none());
    }
}
