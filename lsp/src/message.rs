//! Messages of JSON-RPC, and how a request is refused.

use serde_json::{Value, json};

/// What an editor sends.
#[derive(Debug, PartialEq)]
pub enum Message {
    /// A question that is answered.
    Request {
        /// Its number, or its name.
        id: Value,
        /// What is asked.
        method: String,
        /// About what.
        params: Value,
    },
    /// Something that is told.
    Notification {
        /// What is told.
        method: String,
        /// About what.
        params: Value,
    },
    /// An answer to something that we asked; we ask nothing whose answer matters.
    Response,
}

/// Why a request is not answered: a code of the protocol and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    code: i32,
    message: String,
}

impl Refusal {
    fn new(code: i32, message: impl Into<String>) -> Refusal {
        Refusal { code, message: message.into() }
    }

    /// A message that is no JSON.
    pub fn unparsable(message: impl Into<String>) -> Refusal {
        Refusal::new(-32700, message)
    }

    /// JSON that is no message, or a request at the wrong time.
    pub fn invalid(message: impl Into<String>) -> Refusal {
        Refusal::new(-32600, message)
    }

    /// A method that there is not.
    pub fn unknown(method: &str) -> Refusal {
        Refusal::new(-32601, format!("there is no method `{method}`"))
    }

    /// Parameters that do not fit the method.
    pub fn params(message: impl Into<String>) -> Refusal {
        Refusal::new(-32602, message)
    }

    /// A fault of ours.
    pub fn internal(method: &str) -> Refusal {
        Refusal::new(
            -32603,
            format!("`{method}` could not be answered: a fault of `keyway lsp`, please report it"),
        )
    }

    /// A request before `initialize`.
    pub fn too_soon() -> Refusal {
        Refusal::new(-32002, "`initialize` comes first")
    }

    /// A request that was taken back.
    pub fn cancelled() -> Refusal {
        Refusal::new(-32800, "the request was taken back")
    }

    /// What is asked for cannot be done; people read why.
    pub fn failed(message: impl Into<String>) -> Refusal {
        Refusal::new(-32803, message)
    }

    /// It as an answer.
    pub fn answer(&self, id: &Value) -> Value {
        json!({ "jsonrpc": "2.0", "id": id, "error": { "code": self.code, "message": self.message } })
    }
}

/// An answer.
pub fn answer(id: &Value, result: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "result": result })
}

/// Something that is told.
pub fn notification(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

/// Reads a message.
///
/// # Errors
/// Where it is none.
pub fn parse(bytes: &[u8]) -> Result<Message, Refusal> {
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| Refusal::unparsable(format!("no JSON: {error}")))?;
    let Value::Object(mut fields) = value else { return Err(Refusal::invalid("a message is an object")) };
    let params = fields.remove("params").unwrap_or_default();
    match (fields.remove("method"), fields.remove("id")) {
        (Some(Value::String(method)), None) => Ok(Message::Notification { method, params }),
        (Some(Value::String(method)), Some(id @ (Value::Number(_) | Value::String(_)))) => {
            Ok(Message::Request { id, method, params })
        }
        (Some(Value::String(_)), Some(_)) => Err(Refusal::invalid("`id` is a number or a text")),
        (Some(_), _) => Err(Refusal::invalid("`method` is a text")),
        (None, Some(_)) => Ok(Message::Response),
        (None, None) => Err(Refusal::invalid("a message has a `method`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_message_is_refused() {
        for (text, code) in [
            ("{", -32700),
            ("\u{1}", -32700),
            ("[]", -32600),
            ("7", -32600),
            ("{}", -32600),
            (r#"{"method": 1}"#, -32600),
            (r#"{"method": "a", "id": {}}"#, -32600),
            (r#"{"method": "a", "id": null}"#, -32600),
        ] {
            assert_eq!(parse(text.as_bytes()).map_err(|refusal| refusal.code), Err(code), "{text}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(parse(deep.as_bytes()).map_err(|refusal| refusal.code), Err(-32700));
        assert_eq!(parse(br#"{"id": 1, "result": null}"#), Ok(Message::Response));
    }
}
