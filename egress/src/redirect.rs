//! Where a redirect leads, and what may go along.

use reqwest::{Method, StatusCode};
use url::Url;

use crate::error::Error;
use crate::request::Header;

/// Headers that say nothing about who calls. Any other one stays behind when the origin changes.
const SAFE: [&str; 9] = [
    "accept",
    "accept-charset",
    "accept-language",
    "cache-control",
    "content-language",
    "content-type",
    "if-range",
    "range",
    "user-agent",
];

/// What the next request of a chain of redirects looks like.
#[derive(Debug, PartialEq)]
pub(crate) struct Hop {
    pub(crate) url: Url,
    pub(crate) method: Method,
    pub(crate) keeps_body: bool,
    pub(crate) same_origin: bool,
}

/// Decides what a redirect means; nothing if the answer is none.
pub(crate) fn hop(
    from: &Url,
    method: &Method,
    status: StatusCode,
    location: Option<&str>,
) -> Result<Option<Hop>, Error> {
    let (301 | 302 | 303 | 307 | 308, Some(location)) = (status.as_u16(), location) else {
        return Ok(None);
    };
    let host = from.host_str().unwrap_or_default();
    let Ok(url) = from.join(location) else {
        return Err(Error::Refused(format!("`{host}` redirects to something that is not a URL")));
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Error::Refused(format!("`{host}` redirects to a URL that is not of the web")));
    }
    if from.scheme() == "https" && url.scheme() == "http" {
        return Err(Error::Refused(format!("`{host}` redirects from https to http")));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::Refused(format!("`{host}` redirects to a URL with a user or a password")));
    }
    let becomes_get = match status.as_u16() {
        301 | 302 => *method == Method::POST,
        303 => *method != Method::HEAD,
        _ => false,
    };
    let method = if becomes_get { Method::GET } else { method.clone() };
    let same_origin = from.origin() == url.origin();
    Ok(Some(Hop { url, method, keeps_body: !becomes_get, same_origin }))
}

/// True if a header may go to another origin.
pub(crate) fn may_travel(header: &Header) -> bool {
    let plain = matches!(header.value, crate::request::Text::Plain(_));
    plain && !header.credential && SAFE.iter().any(|safe| header.name.eq_ignore_ascii_case(safe))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(from: &str, method: Method, status: u16, location: &str) -> Result<Option<Hop>, Error> {
        hop(&Url::parse(from).unwrap(), &method, StatusCode::from_u16(status).unwrap(), Some(location))
    }

    fn method_after(method: Method, status: u16) -> (Method, bool) {
        let hop = to("http://a.example/x", method, status, "/y").unwrap().unwrap();
        (hop.method, hop.keeps_body)
    }

    #[test]
    fn the_method_follows_the_standard() {
        assert_eq!(method_after(Method::POST, 301), (Method::GET, false));
        assert_eq!(method_after(Method::POST, 302), (Method::GET, false));
        assert_eq!(method_after(Method::PUT, 302), (Method::PUT, true));
        assert_eq!(method_after(Method::PUT, 303), (Method::GET, false));
        assert_eq!(method_after(Method::HEAD, 303), (Method::HEAD, true));
        assert_eq!(method_after(Method::POST, 307), (Method::POST, true));
        assert_eq!(method_after(Method::POST, 308), (Method::POST, true));
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let same =
            |location| to("https://a.example/x", Method::GET, 302, location).unwrap().unwrap().same_origin;
        assert!(same("y"));
        assert!(same("https://a.example:443/"));
        assert!(same("//A.example/"));
        assert!(!same("https://a.example:8443/"));
        assert!(!same("https://b.a.example/"));
        let up = to("http://a.example/", Method::GET, 302, "https://a.example/").unwrap().unwrap();
        assert!(!up.same_origin);
    }

    #[test]
    fn a_redirect_out_of_the_web_or_to_a_weaker_scheme_is_refused() {
        for location in
            ["http://a.example/", "file:///etc/passwd", "ftp://a.example/", "https://u:p@a.example/"]
        {
            let refused = to("https://a.example/?token=canary", Method::GET, 302, location);
            assert!(matches!(&refused, Err(Error::Refused(text)) if !text.contains("canary")), "{refused:?}");
        }
    }

    #[test]
    fn other_statuses_are_no_redirects() {
        for status in [200, 300, 304, 305, 306, 404] {
            assert_eq!(to("http://a.example/", Method::GET, status, "/y").unwrap(), None);
        }
    }
}
