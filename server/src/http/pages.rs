//! The pages for people: files that stand in the program, the same for everybody, with heads that let a browser run nothing
//! but them. What they show, they ask the routes for.

use axum::body::{Body, Bytes};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Response, Uri};

use super::{Refusal, answer};

#[rustfmt::skip]
#[path = "../../dashboard/dist/files.rs"]
mod files;

pub use files::FILES;

/// A file of the pages.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// Where it stands below `/dashboard/`.
    pub path: &'static str,
    /// What it is.
    pub kind: &'static str,
    /// The beginning of its SHA-256, in hexadecimal.
    pub hash: &'static str,
    /// Whether its name changes with what it says, so that it can be kept for ever.
    pub kept: bool,
    /// What it says.
    pub plain: &'static [u8],
    /// The same by Brotli.
    pub brotli: &'static [u8],
    /// The same by gzip.
    pub gzip: &'static [u8],
}

/// Where the pages stand.
pub const BASE: &str = "/dashboard";

/// What a browser may do on a page: run the scripts of this host, and ask it. Nothing in a page is a script, a frame or a form
/// that goes elsewhere, and no text can become one.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types svelte-trusted-html";

/// The heads of every file.
const HEADS: [(&str, &str); 7] = [
    ("content-security-policy", POLICY),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("vary", "accept-encoding"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];

/// Marks an answer that has heads of its own.
#[derive(Clone, Copy)]
pub(super) struct OwnHeads;

/// Answers what no route does.
pub(super) fn answered(method: &Method, uri: &Uri, asked: &HeaderMap) -> Response<Body> {
    let path = uri.path();
    let below = path.strip_prefix(BASE).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    if path != "/" && below.is_none() {
        return answer::written(Err(Refusal::nowhere()));
    }
    if method != Method::GET && method != Method::HEAD {
        return answer::written(Err(Refusal::method()));
    }
    match below {
        None => moved(),
        Some(rest) => match found(rest.trim_start_matches('/')) {
            Some(file) => sent(file, asked),
            None => answer::written(Err(Refusal::nowhere())),
        },
    }
}

/// The file at an address. What looks like no file is a place within the pages, which the first of them knows.
fn found(path: &str) -> Option<&'static File> {
    let named = |name: &str| FILES.iter().find(|file| file.path == name);
    let is_file = path.starts_with("assets/");
    named(path).or_else(|| named("index.html").filter(|_| !is_file))
}

/// Who comes to the door is led to the pages.
fn moved() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = hyper::StatusCode::SEE_OTHER;
    response.headers_mut().insert("location", HeaderValue::from_static(BASE));
    response
}

fn sent(file: &'static File, asked: &HeaderMap) -> Response<Body> {
    let (form, bytes) = form(file, asked);
    let tag =
        if form.is_empty() { format!("\"{}\"", file.hash) } else { format!("\"{}-{form}\"", file.hash) };
    let known = asked.get("if-none-match").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_known =
        known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag || one.trim() == "*");
    let body = if is_known { Body::empty() } else { Body::from(Bytes::from_static(bytes)) };
    let mut response = Response::new(body);
    if is_known {
        *response.status_mut() = hyper::StatusCode::NOT_MODIFIED;
    }
    response.extensions_mut().insert(OwnHeads);
    let head = response.headers_mut();
    for (name, value) in HEADS {
        head.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let keeping = if file.kept { "public, max-age=31536000, immutable" } else { "no-cache" };
    head.insert("cache-control", HeaderValue::from_static(keeping));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        head.insert("etag", tag);
    }
    if !is_known {
        head.insert("content-type", HeaderValue::from_static(file.kind));
        if !form.is_empty() {
            head.insert("content-encoding", HeaderValue::from_static(form));
        }
    }
    response
}

/// The smallest form that who asks can read.
fn form(file: &'static File, asked: &HeaderMap) -> (&'static str, &'static [u8]) {
    let said = asked.get_all("accept-encoding").iter().filter_map(|value| value.to_str().ok());
    let reads = said
        .flat_map(|text| text.split(','))
        .filter_map(|one| {
            let (name, weight) = one.split_once(';').unwrap_or((one, ""));
            let none = weight.trim().strip_prefix("q=").is_some_and(|weight| weight.parse() == Ok(0.0_f32));
            (!none).then(|| name.trim().to_ascii_lowercase())
        })
        .collect::<Vec<_>>();
    let forms = [("br", file.brotli), ("gzip", file.gzip)];
    let form =
        forms.into_iter().find(|(name, bytes)| !bytes.is_empty() && reads.iter().any(|one| one == name));
    form.unwrap_or(("", file.plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_within_the_pages_is_the_first_of_them_and_a_file_is_itself_or_nothing() {
        for place in ["", "runs", "runs/01JD.x", "workflows/a/versions", "setup"] {
            assert_eq!(found(place).unwrap().path, "index.html", "{place}");
        }
        assert_eq!(found("manifest.webmanifest").unwrap().path, "manifest.webmanifest");
        assert!(found("assets/nothing.js").is_none() && found("assets/../index.html").is_none());
    }

    #[test]
    fn who_reads_no_packed_form_gets_none() {
        let file = found("").unwrap();
        let by = |said: &str| {
            let mut heads = HeaderMap::new();
            heads.insert("accept-encoding", HeaderValue::from_str(said).unwrap());
            form(file, &heads).0
        };
        assert_eq!(by("gzip, deflate, br, zstd"), "br");
        assert_eq!(by("GZIP"), "gzip");
        assert_eq!(by("br;q=0, gzip;q=0.5"), "gzip");
        assert_eq!((by("br;q=0.0, gzip;q=0"), by("identity"), by("")), ("", "", ""));
    }
}
