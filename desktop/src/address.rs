//! Where a service answers: an origin to which a password may be sent.

use std::net::IpAddr;

use thiserror::Error;
use url::{Host, Url};

/// Where a service answers if nothing else is said.
pub const USUAL: &str = "http://127.0.0.1:7878";

/// Why an address is none.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Error {
    /// It cannot be read.
    #[error(
        "`{0}` is no address of a service; write it as `http://127.0.0.1:7878` or `https://keyway.example.com`"
    )]
    Unreadable(String),
    /// Whoever listens on the way could read passwords.
    #[error("`{0}` is asked without TLS and is not on this machine; name it with `https://`")]
    Open(String),
}

/// The origin of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(Url);

impl Address {
    /// Reads one.
    ///
    /// # Errors
    /// Where it is none, holds more than an origin, or leads off this machine without TLS.
    pub fn read(text: &str) -> Result<Address, Error> {
        let unreadable = || Error::Unreadable(text.to_owned());
        let url = Url::parse(text.trim()).map_err(|_| unreadable())?;
        let is_bare = url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none();
        if !is_bare || url.host().is_none() {
            return Err(unreadable());
        }
        match url.scheme() {
            "https" => Ok(Address(url)),
            "http" if is_own(&url) => Ok(Address(url)),
            "http" => Err(Error::Open(text.to_owned())),
            _ => Err(unreadable()),
        }
    }

    /// What it is, as an address to go to.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Whether it speaks TLS itself.
    pub fn has_tls(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Host and port as a connection is made to them.
    pub fn to_connect(&self) -> (String, u16) {
        let host = match self.0.host() {
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(host) => host.to_string(),
            None => String::new(),
        };
        (host, self.0.port_or_known_default().unwrap_or_default())
    }

    /// Host and port as the head of a request names them.
    pub fn authority(&self) -> &str {
        self.0.authority()
    }
}

/// Whether an address is on this machine.
fn is_own(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_origin_is_taken_on_this_machine_or_with_tls() {
        for text in [
            USUAL,
            "http://localhost:9",
            "http://[::1]:7878",
            "https://keyway.example.com",
            "https://10.0.0.7:8443/",
        ] {
            assert!(Address::read(text).is_ok(), "{text}");
        }
        let address = Address::read("http://[::1]:7878").unwrap();
        assert_eq!(address.to_connect(), ("::1".to_owned(), 7878));
        assert_eq!(address.authority(), "[::1]:7878");
    }

    #[test]
    fn what_leaves_the_machine_without_tls_is_refused() {
        for text in [
            "http://keyway.example.com",
            "http://192.168.1.7:7878",
            "http://localhost.example.com:7878",
            "http://0.0.0.0:7878",
        ] {
            assert_eq!(Address::read(text), Err(Error::Open(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_holds_more_than_an_origin_is_none() {
        let texts = [
            "",
            "127.0.0.1:7878",
            "file:///etc/passwd",
            "http://a:b@127.0.0.1",
            "http://127.0.0.1/x",
            "http://127.0.0.1/?a",
            "javascript:alert(1)",
        ];
        for text in texts {
            assert_eq!(Address::read(text), Err(Error::Unreadable(text.to_owned())), "{text}");
        }
    }
}
