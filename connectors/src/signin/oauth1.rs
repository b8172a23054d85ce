//! Requests signed by OAuth 1.0a (RFC 5849): method, address and parameters, and two secrets that are never sent.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::hmac;
use secret::Secret;
use url::Url;
use zeroize::Zeroizing;

use crate::manifest::auth::Signature;

/// Who asks: an app, and the account that it asks for once there is one.
#[derive(Clone, Debug)]
pub struct Consumer {
    /// The app's key.
    pub key: String,
    /// The app's secret.
    pub secret: Secret,
    /// The token of the account, and the token's secret.
    pub token: Option<(Secret, Secret)>,
}

/// A request as far as it is signed.
#[derive(Clone, Copy, Debug)]
pub struct Signing<'a> {
    /// The method in capitals.
    pub method: &'a str,
    /// The address with its query.
    pub url: &'a Url,
    /// The fields of a body that is a form.
    pub form: &'a [(String, String)],
    /// Parameters of the protocol itself, as `oauth_callback` and `oauth_verifier`.
    pub more: &'a [(&'a str, &'a str)],
    /// How it is signed.
    pub signature: Signature,
}

/// The value of `authorization` for a request; `chance` is drawn for it alone.
pub fn sign(signing: &Signing<'_>, who: &Consumer, chance: &[u8; 16], now: Timestamp) -> Secret {
    signed(signing, who, &URL_SAFE_NO_PAD.encode(chance), now)
}

fn signed(signing: &Signing<'_>, who: &Consumer, nonce: &str, now: Timestamp) -> Secret {
    let mut own: Vec<(String, Zeroizing<String>)> = vec![];
    let mut add = |name: &str, value: &str| own.push((name.into(), Zeroizing::new(value.into())));
    add("oauth_consumer_key", &who.key);
    add("oauth_nonce", nonce);
    add("oauth_signature_method", method(signing.signature));
    add("oauth_timestamp", &now.as_second().to_string());
    if let Some((token, _)) = &who.token {
        add("oauth_token", token.expose());
    }
    add("oauth_version", "1.0");
    for (name, value) in signing.more {
        add(name, value);
    }
    let signature = signature(signing, who, &own);
    own.push(("oauth_signature".into(), signature));
    own.sort_by(|a, b| a.0.cmp(&b.0));
    let parts = own.iter().map(|(name, value)| format!("{}=\"{}\"", escaped(name), escaped(value)));
    Secret::new(format!("OAuth {}", parts.collect::<Vec<_>>().join(", ")))
}

fn signature(
    signing: &Signing<'_>,
    who: &Consumer,
    own: &[(String, Zeroizing<String>)],
) -> Zeroizing<String> {
    let token = who.token.as_ref().map_or("", |(_, secret)| secret.expose());
    let key = Zeroizing::new(format!("{}&{}", escaped(who.secret.expose()), escaped(token)));
    let algorithm = match signing.signature {
        Signature::Plaintext => return key,
        Signature::HmacSha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Signature::HmacSha256 => hmac::HMAC_SHA256,
    };
    let tag = hmac::sign(&hmac::Key::new(algorithm, key.as_bytes()), base(signing, own).as_bytes());
    Zeroizing::new(STANDARD.encode(tag))
}

/// What is signed: method, address without query, and all parameters in order (section 3.4.1).
fn base(signing: &Signing<'_>, own: &[(String, Zeroizing<String>)]) -> Zeroizing<String> {
    let mut pairs: Vec<(String, String)> =
        own.iter().map(|(name, value)| (escaped(name), escaped(value))).collect();
    pairs.extend(signing.url.query_pairs().map(|(name, value)| (escaped(&name), escaped(&value))));
    pairs.extend(signing.form.iter().map(|(name, value)| (escaped(name), escaped(value))));
    pairs.sort();
    let all: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut address = signing.url.clone();
    address.set_query(None);
    address.set_fragment(None);
    let parts = [signing.method, address.as_str(), &all.join("&")].map(escaped);
    Zeroizing::new(parts.join("&"))
}

fn method(signature: Signature) -> &'static str {
    match signature {
        Signature::HmacSha1 => "HMAC-SHA1",
        Signature::HmacSha256 => "HMAC-SHA256",
        Signature::Plaintext => "PLAINTEXT",
    }
}

/// Percent-encoding of section 3.6, which is stricter than that of forms.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.into())
    }

    /// The example that X (then Twitter) publishes.
    fn published(signature: Signature) -> String {
        let url =
            Url::parse("https://api.twitter.com/1.1/statuses/update.json?include_entities=true").unwrap();
        let form = [("status".to_owned(), "Hello Ladies + Gentlemen, a signed OAuth request!".to_owned())];
        let who = Consumer {
            key: "xvz1evFS4wEEPTGEFPHBog".into(),
            secret: secret("kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw"),
            token: Some((
                secret("370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"),
                secret("LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE"),
            )),
        };
        let signing = Signing { method: "POST", url: &url, form: &form, more: &[], signature };
        let nonce = "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg";
        let now = Timestamp::from_second(1_318_622_958).unwrap();
        signed(&signing, &who, nonce, now).expose().to_owned()
    }

    #[test]
    fn a_published_example_has_its_published_signature() {
        let header = published(Signature::HmacSha1);
        assert!(header.starts_with("OAuth oauth_consumer_key=\"xvz1evFS4wEEPTGEFPHBog\", "), "{header}");
        assert!(header.contains("oauth_signature=\"hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D\""), "{header}");
    }

    #[test]
    fn neither_secret_is_sent_but_in_plaintext() {
        for (signature, sent) in
            [(Signature::HmacSha1, false), (Signature::HmacSha256, false), (Signature::Plaintext, true)]
        {
            let header = published(signature);
            assert_eq!(header.contains("kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw"), sent, "{header}");
            assert_eq!(header.contains("LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE"), sent, "{header}");
        }
    }

    #[test]
    fn what_is_signed_is_in_order_whatever_the_order_of_the_request() {
        let url = Url::parse("http://EXAMPLE.com:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b").unwrap();
        let form = [("c2".to_owned(), String::new()), ("a3".into(), "2 q".into())];
        let signing =
            Signing { method: "POST", url: &url, form: &form, more: &[], signature: Signature::HmacSha1 };
        let own = [
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), Zeroizing::new(value.to_owned())));
        // RFC 5849, section 3.4.1.1.
        let expected = "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D\
                        %26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a\
                        %26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token\
                        %3Dkkk9d7dh3k39sjv7";
        assert_eq!(*base(&signing, &own), expected);
    }
}
