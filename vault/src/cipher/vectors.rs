//! The ciphers under the vault against Wycheproof's vectors (C2SP/wycheproof, `testvectors_v1`, Apache-2.0).

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes128GcmSiv, Aes256GcmSiv, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;

struct Tally {
    right: usize,
    wrong: Vec<i64>,
}

/// Asks about every vector of a file; the answer is what the file should have said.
fn judge(file: &str, ask: impl Fn(&Value, &Value) -> bool) -> Tally {
    let path = format!("{}/tests/wycheproof/{file}", env!("CARGO_MANIFEST_DIR"));
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut tally = Tally { right: 0, wrong: vec![] };
    for group in vectors["testGroups"].as_array().unwrap() {
        for test in group["tests"].as_array().unwrap() {
            match ask(group, test) == (test["result"] == "valid") {
                true => tally.right += 1,
                false => tally.wrong.push(test["tcId"].as_i64().unwrap()),
            }
        }
    }
    tally
}

fn bytes(value: &Value) -> Vec<u8> {
    let hex = value.as_str().unwrap().as_bytes();
    hex.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// True if a vector opens to its text, and its text seals to it.
fn siv<C: KeyInit + Aead<NonceSize = aes_gcm_siv::aead::consts::U12>>(test: &Value) -> bool {
    let Ok(cipher) = C::new_from_slice(&bytes(&test["key"])) else { return false };
    let Ok(nonce) = Nonce::try_from(&*bytes(&test["iv"])) else { return false };
    let aad = bytes(&test["aad"]);
    let (text, sealed) = (bytes(&test["msg"]), [bytes(&test["ct"]), bytes(&test["tag"])].concat());
    let opened = cipher.decrypt(&nonce, Payload { msg: &sealed, aad: &aad });
    let again = cipher.encrypt(&nonce, Payload { msg: &text, aad: &aad });
    opened.is_ok_and(|opened| opened == text) && again.is_ok_and(|again| again == sealed)
}

#[test]
fn aes_gcm_siv_agrees_with_202_of_202_vectors() {
    let tally = judge("aes_gcm_siv_test.json", |group, test| match group["keySize"].as_i64() {
        Some(128) => siv::<Aes128GcmSiv>(test),
        Some(256) => siv::<Aes256GcmSiv>(test),
        _ => false,
    });
    assert_eq!((tally.right, tally.wrong), (202, vec![]));
}

#[test]
fn hkdf_agrees_with_86_of_86_vectors() {
    let tally = judge("hkdf_sha256_test.json", |_, test| {
        let mut out = vec![0; test["size"].as_u64().unwrap() as usize];
        let made = Hkdf::<Sha256>::new(Some(&bytes(&test["salt"])), &bytes(&test["ikm"]))
            .expand(&bytes(&test["info"]), &mut out);
        made.is_ok() && out == bytes(&test["okm"])
    });
    assert_eq!((tally.right, tally.wrong), (86, vec![]));
}

#[test]
fn hmac_agrees_with_174_of_174_vectors() {
    let tally = judge("hmac_sha256_test.json", |group, test| {
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&bytes(&test["key"])).unwrap();
        mac.update(&bytes(&test["msg"]));
        let size = group["tagSize"].as_u64().unwrap() as usize / 8;
        mac.finalize().into_bytes()[..size] == *bytes(&test["tag"])
    });
    assert_eq!((tally.right, tally.wrong), (174, vec![]));
}

#[test]
fn a_wrong_answer_is_counted() {
    let tally = judge("hmac_sha256_test.json", |_, _| true);
    assert!(!tally.wrong.is_empty());
}
