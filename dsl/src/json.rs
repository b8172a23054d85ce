//! Reading plain JSON without loss: what a number of 64 bits cannot hold stays text.

use std::borrow::Cow;

use crate::value::Value;

/// Reads plain JSON. Integers beyond 64 bits become text, exactly as they were written.
///
/// # Errors
/// Where it is no JSON, or nests deeper than 128.
pub fn parse(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(&with_long_integers_as_text(text)).map(Value::from_json)
}

/// The same JSON with quotes around integers that 64 bits cannot hold: the reader would round them.
fn with_long_integers_as_text(json: &str) -> Cow<'_, str> {
    let bytes = json.as_bytes();
    let mut text = String::new();
    let (mut at, mut copied) = (0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b'-' | b'0'..=b'9' => {
                let start = at;
                at += 1;
                while at < bytes.len() && matches!(bytes[at], b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')
                {
                    at += 1;
                }
                let number = &json[start..at];
                let digits = number.strip_prefix('-').unwrap_or(number);
                let well_formed =
                    digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
                if well_formed && number.len() > 18 && number.parse::<i64>().is_err() {
                    text.extend([&json[copied..start], "\"", number, "\""]);
                    copied = at;
                }
            }
            _ => at += 1,
        }
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    text.push_str(&json[copied..]);
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_digit_of_an_integer_is_lost() {
        let value =
            parse(r#"{"a":[9223372036854775807,9223372036854775808,-123456789012345678901],"b":"\\\"1"}"#);
        let expected =
            r#"{"a":[9223372036854775807,"9223372036854775808","-123456789012345678901"],"b":"\\\"1"}"#;
        assert_eq!(value.unwrap().to_json().to_string(), expected);
    }
}
