//! What a provider wants back with a call, unchanged, has no field in these shapes. It goes along in the id of the call,
//! which every library gives back with what the tool gave.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::chat::Call;

/// What stands between an id and its seal. Ids have letters, digits, `_` and `-`.
const BETWEEN: &str = "__seal__";

/// The id of a call as a program is told it.
pub(super) fn told(id: &str, seal: Option<&str>) -> String {
    match seal {
        Some(seal) => format!("{id}{BETWEEN}{}", URL_SAFE_NO_PAD.encode(seal)),
        None => id.to_owned(),
    }
}

/// The id and the seal of what a program was told.
pub(super) fn read(told: &str) -> (String, Option<String>) {
    let sealed = told.rsplit_once(BETWEEN).and_then(|(id, seal)| {
        let seal = URL_SAFE_NO_PAD.decode(seal).ok()?;
        Some((id.to_owned(), Some(String::from_utf8(seal).ok()?)))
    });
    sealed.unwrap_or_else(|| (told.to_owned(), None))
}

/// The id of a call, with what goes along in it.
pub(super) fn id(call: &Call) -> String {
    told(&call.id, call.seal.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_goes_along_and_comes_back() {
        for seal in [None, Some("EjQKMgG/+=="), Some("")] {
            let told = told("call_1", seal);
            assert!(told.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)), "{told}");
            assert_eq!(read(&told), ("call_1".to_owned(), seal.map(str::to_owned)));
        }
        assert_eq!(read("a__seal__*"), ("a__seal__*".to_owned(), None), "that is no seal of ours");
    }
}
