//! Hashes, and chance that is none: ids and numbers are drawn from the seed of the step's attempt.

use std::fmt::Write;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::shape::{BYTES, INTEGERS, TEXTS};
use super::{Function, optional, value};
use crate::expr::Halt;
use crate::expr::call::Call;
use crate::types::Type;
use crate::value::{Hole, Value};

pub const CHANCE: &[Function] = &[
    Function {
        name: "hmac_sha256",
        parameters: &[value("key", TEXTS), value("message", BYTES)],
        gives: |_| Type::String,
        about: "The HMAC-SHA256 of a message in hex; with a secret it stays one.",
        example: "hmac_sha256('key', 'x') | len => 64",
        body: |call| match (call.any(0), call.any(1)) {
            (key @ (Value::Hole(_) | Value::Text(_)), message @ (Value::Hole(_) | Value::Text(_)))
                if matches!(key, Value::Hole(_)) || matches!(message, Value::Hole(_)) =>
            {
                Ok(Value::Hole(Arc::new(Hole::Hmac(Box::new(hole(&key)), Box::new(hole(&message))))))
            }
            _ => {
                let (key, message) = (call.text(0)?, call.bytes(1)?);
                let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())
                    .map_err(|_| call.fail("the key has no usable length"))?;
                mac.update(&message);
                Ok(Value::text(hex(&mac.finalize().into_bytes())))
            }
        },
    },
    Function {
        name: "random",
        parameters: &[optional("below", INTEGERS)],
        gives: |given| if given.has(0) { Type::Integer } else { Type::Number },
        about: "A number from 0 to below 1, or an integer from 0 to below another.",
        example: "random(1) => 0",
        body: |call| {
            let drawn = call.draw();
            let bits = u64::from_be_bytes(std::array::from_fn(|at| drawn[at]));
            if !call.has(0) {
                // 53 bits are what a float holds.
                return Ok(Value::Number((bits >> 11) as f64 / (1_u64 << 53) as f64));
            }
            match u64::try_from(call.int(0)?) {
                Ok(below) if below > 0 => {
                    let scaled = (u128::from(bits) * u128::from(below)) >> 64;
                    Ok(Value::Int(i64::try_from(scaled).unwrap_or(0)))
                }
                _ => Err(call.fail("there is no integer from 0 to below this one")),
            }
        },
    },
    Function {
        name: "sha256",
        parameters: &[value("of", BYTES)],
        gives: |_| Type::String,
        about: "The SHA-256 of a text or a file in hex.",
        example: "sha256('a') | slice(0, 8) => 'ca978112'",
        body: |call| Ok(Value::text(hex(&Sha256::digest(call.bytes(0)?)))),
    },
    Function {
        name: "uuid",
        parameters: &[],
        gives: |_| Type::String,
        about: "An id of its own: a UUID of version 4, the same in every replay.",
        example: "uuid() | len => 36",
        body: uuid,
    },
];

fn hole(value: &Value) -> Hole {
    match value {
        Value::Hole(hole) => (**hole).clone(),
        other => Hole::Plain(other.to_string()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn uuid(call: &mut Call<'_, '_>) -> Result<Value, Halt> {
    let mut bytes = call.draw();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex(&bytes[..16]);
    Ok(Value::text([&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")))
}

impl Call<'_, '_> {
    /// 32 bytes of chance: each draw of an evaluation gives others, and a replay the same.
    fn draw(&mut self) -> [u8; 32] {
        let number = self.machine.draws;
        self.machine.draws = number.wrapping_add(1);
        let digest = Sha256::new().chain_update(self.machine.scope.seed()).chain_update(number.to_be_bytes());
        digest.finalize().into()
    }
}
