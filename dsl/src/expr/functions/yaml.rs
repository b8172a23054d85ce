//! Writes YAML: block style, with quotes wherever a reader could take a text for anything else.

use crate::value::Value;

/// A value as YAML, with a line break at its end.
///
/// # Errors
/// What the serialiser says.
pub fn write(value: &Value) -> Result<String, String> {
    let options = serde_yaml::ser_options! { compact_list_indent: false, prefer_block_scalars: false };
    serde_yaml::to_string_with_options(&value.to_json(), options).map_err(|error| error.to_string())
}
