//! Requests signed by AWS Signature Version 4: method, address, headers and body, and a secret that is never sent.

use std::borrow::Cow;
use std::time::Duration;

use dsl::value::Hash;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode, utf8_percent_encode};
use ring::hmac;
use secret::Secret;
use url::Url;
use zeroize::Zeroizing;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What stands for the hash of a body that is not signed.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// All that is spelled as `%41` in an address: everything but letters, digits and `-._~`.
const SPELLED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Who asks, where, and what.
#[derive(Clone, Debug)]
pub struct Key<'a> {
    /// The id of the key, which everybody may see.
    pub id: &'a str,
    /// The key.
    pub secret: &'a Secret,
    /// The region, as in `eu-central-1`.
    pub region: &'a str,
    /// The service, as in `s3`.
    pub service: &'a str,
}

/// A request as far as it is signed. Its address is spelled by `spell`.
#[derive(Clone, Debug)]
pub struct Sealed<'a> {
    /// The method in capitals.
    pub method: &'a str,
    /// The address with its query.
    pub url: &'a Url,
    /// The headers, their names in lower case.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body; nothing where it is read only while it is sent.
    pub body: Option<&'a [u8]>,
}

/// Spells an address as it is signed: a server spells it anew before it compares, and there is one way to do so.
pub fn spell(url: &mut Url) {
    let path: Vec<String> = url.path().split('/').map(spelled).collect();
    url.set_path(&path.join("/"));
    let pairs: Vec<String> = url
        .query_pairs()
        .map(|(name, value)| {
            let [name, value] = [&name, &value].map(|text| utf8_percent_encode(text, SPELLED).to_string());
            format!("{name}={value}")
        })
        .collect();
    url.set_query((!pairs.is_empty()).then(|| pairs.join("&")).as_deref());
}

fn spelled(segment: &str) -> String {
    let bytes: Cow<'_, [u8]> = percent_decode_str(segment).into();
    percent_encode(&bytes, SPELLED).to_string()
}

/// The headers that sign a request, `authorization` by itself.
pub fn seal(request: &Sealed<'_>, key: &Key<'_>, now: Timestamp) -> (Vec<(&'static str, String)>, Secret) {
    let sum = request.body.map_or(UNSIGNED.to_owned(), |body| Hash::of(body).to_string());
    let more = vec![("x-amz-content-sha256", sum.clone()), ("x-amz-date", moment(now))];
    let mut headers = headers(request);
    headers.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    headers.sort();
    let names = names(&headers);
    let signature = signature(request, &headers, &pairs(request.url), &sum, (key, now));
    let id = format!("{}/{}", key.id, scope(key, now));
    let value = format!("{ALGORITHM} Credential={id}, SignedHeaders={names}, Signature={signature}");
    (more, Secret::new(value))
}

/// The address by which anybody may send a request for so long.
pub fn link(request: &Sealed<'_>, key: &Key<'_>, now: Timestamp, lasts: Duration) -> Url {
    let headers = headers(request);
    let said = [
        ("X-Amz-Algorithm", ALGORITHM.to_owned()),
        ("X-Amz-Credential", format!("{}/{}", key.id, scope(key, now))),
        ("X-Amz-Date", moment(now)),
        ("X-Amz-Expires", lasts.as_secs().to_string()),
        ("X-Amz-SignedHeaders", names(&headers)),
    ];
    let said = said.map(|(name, value)| format!("{name}={}", utf8_percent_encode(&value, SPELLED)));
    let mut query = pairs(request.url);
    query.extend(said);
    let signature = signature(request, &headers, &query, UNSIGNED, (key, now));
    let mut url = request.url.clone();
    url.set_query(Some(&format!("{}&X-Amz-Signature={signature}", query.join("&"))));
    url
}

/// The moment as it is signed.
fn moment(now: Timestamp) -> String {
    now.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Where and when a signature counts.
fn scope(key: &Key<'_>, now: Timestamp) -> String {
    format!("{}/{}/{}/aws4_request", now.strftime("%Y%m%d"), key.region, key.service)
}

/// The headers that are signed, and the host.
fn headers(request: &Sealed<'_>) -> Vec<(String, String)> {
    let port = request.url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let host = format!("{}{port}", request.url.host_str().unwrap_or_default());
    let own = request.headers.iter().map(|(name, value)| {
        let words: Vec<&str> = value.split_ascii_whitespace().collect();
        ((*name).to_owned(), words.join(" "))
    });
    own.chain([("host".to_owned(), host)]).collect()
}

fn names(headers: &[(String, String)]) -> String {
    headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";")
}

/// The pairs of the query, as they stand there.
fn pairs(url: &Url) -> Vec<String> {
    url.query().into_iter().flat_map(|query| query.split('&')).map(str::to_owned).collect()
}

fn signature(
    request: &Sealed<'_>,
    headers: &[(String, String)],
    query: &[String],
    sum: &str,
    (key, now): (&Key<'_>, Timestamp),
) -> String {
    let mut query: Vec<(&str, &str)> =
        query.iter().map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
    query.sort_unstable();
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let asked =
        [request.method, request.url.path(), &query.join("&"), &lines, &names(headers), sum].join("\n");
    let sum = Hash::of(asked.as_bytes());
    let signed = format!("{ALGORITHM}\n{}\n{}\n{sum}", moment(now), scope(key, now));
    let first = Zeroizing::new(format!("AWS4{}", key.secret.expose()));
    let day = now.strftime("%Y%m%d").to_string();
    let steps = [&*day, key.region, key.service, "aws4_request"];
    let own = steps.iter().fold(hmac::Key::new(hmac::HMAC_SHA256, first.as_bytes()), |key, step| {
        hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, step.as_bytes()).as_ref())
    });
    hmac::sign(&own, signed.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    /// The moment of the examples: Friday, 24 May 2013.
    fn then() -> Timestamp {
        Timestamp::from_second(1_369_353_600).unwrap()
    }

    fn example(path: &str) -> Url {
        let mut url = Url::parse(&format!("https://examplebucket.s3.amazonaws.com{path}")).unwrap();
        spell(&mut url);
        url
    }

    /// The signature of a request with the key of the examples.
    fn signature(request: &Sealed<'_>, secret: &str) -> String {
        let secret = Secret::new(secret.into());
        let key = Key { id: "AKIAIOSFODNN7EXAMPLE", secret: &secret, region: "us-east-1", service: "s3" };
        let (_, value) = seal(request, &key, then());
        value.expose().rsplit_once("Signature=").unwrap().1.to_owned()
    }

    /// Method, path, headers, body and signature, as the reference of S3 publishes them.
    type Published =
        (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);

    const PUBLISHED: [Published; 4] = [
        (
            "GET",
            "/test.txt",
            &[("range", "bytes=0-9")],
            "",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            "/test$file.text",
            &[("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            "Welcome to Amazon S3.",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        ("GET", "/?lifecycle", &[], "", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        (
            "GET",
            "/?max-keys=2&prefix=J",
            &[],
            "",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ];

    #[test]
    fn published_examples_have_their_published_signatures_and_no_others() {
        for (method, path, headers, body, published) in PUBLISHED {
            let url = example(path);
            let request = Sealed { method, url: &url, headers, body: Some(body.as_bytes()) };
            assert_eq!(signature(&request, SECRET), published, "{method} {path}");
            // One bit of each part, and it is another one.
            let other = example(&path.replacen('t', "u", 1).replacen('l', "m", 1).replacen("=J", "=K", 1));
            let body = format!("{body}\u{1}");
            let elsewhere = Url::parse(&url.as_str().replace("examplebucket", "exampmebucket")).unwrap();
            let changed = [
                Sealed { method: if method == "GET" { "PUT" } else { "GET" }, ..request.clone() },
                Sealed { url: &elsewhere, ..request.clone() },
                Sealed { url: &other, ..request.clone() },
                Sealed { body: Some(body.as_bytes()), ..request.clone() },
                Sealed { body: None, ..request.clone() },
                Sealed { headers: &[("range", "bytes=0-8")], ..request.clone() },
            ];
            for changed in &changed {
                assert_ne!(signature(changed, SECRET), published, "{changed:?}");
            }
            assert_ne!(signature(&request, &SECRET.replace("EXAMPLE", "EXAMPME")), published);
        }
    }

    /// A link of the examples: for the key, and for how many seconds.
    fn linked(path: &str, secret: &str, seconds: u64) -> String {
        let secret = Secret::new(secret.into());
        let key = Key { id: "AKIAIOSFODNN7EXAMPLE", secret: &secret, region: "us-east-1", service: "s3" };
        let url = example(path);
        let request = Sealed { method: "GET", url: &url, headers: &[], body: None };
        link(&request, &key, then(), Duration::from_secs(seconds)).to_string()
    }

    #[test]
    fn the_published_link_is_made_letter_by_letter() {
        let published = "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=\
                         AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z\
                         &X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=\
                         aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
        assert_eq!(linked("/test.txt", SECRET, 86_400), published);
        let signature = |link: String| link.rsplit_once("X-Amz-Signature=").unwrap().1.to_owned();
        let known = signature(published.to_owned());
        for other in [
            linked("/tesu.txt", SECRET, 86_400),
            linked("/test.txt", SECRET, 86_401),
            linked("/test.txt", &SECRET.replace("EXAMPLE", "EXAMPME"), 86_400),
        ] {
            assert_ne!(signature(other), known);
        }
    }

    #[test]
    fn an_address_is_spelled_in_one_way() {
        let spelled =
            |path: &str| example(path).as_str().replace("https://examplebucket.s3.amazonaws.com", "");
        assert_eq!(spelled("/a+b (1)/ü%2Fx;y=1"), "/a%2Bb%20%281%29/%C3%BC%2Fx%3By%3D1");
        assert_eq!(spelled("/?b=a+b%2B&a=*~"), "/?b=a%20b%2B&a=%2A~");
        assert_eq!(spelled("/a//b"), "/a//b");
        let once = example("/a b?c=d e");
        let mut twice = once.clone();
        spell(&mut twice);
        assert_eq!(once, twice);
    }

    #[test]
    fn neither_the_headers_nor_a_link_hold_the_key() {
        let url = example("/test.txt");
        let secret = Secret::new(SECRET.into());
        let key = Key { id: "AKIAIOSFODNN7EXAMPLE", secret: &secret, region: "us-east-1", service: "s3" };
        let request = Sealed { method: "GET", url: &url, headers: &[], body: None };
        let (more, value) = seal(&request, &key, then());
        let all = format!("{more:?} {}", value.expose());
        assert!(all.contains("AKIAIOSFODNN7EXAMPLE") && !all.contains(SECRET), "{all}");
        assert!(!linked("/test.txt", SECRET, 60).contains("EXAMPLEKEY"));
        assert!(!format!("{key:?}").contains(SECRET));
    }
}
