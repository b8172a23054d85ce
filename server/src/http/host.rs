//! By which names it may be called. A page in a browser can make a name of its own lead to this machine; the head of the
//! request still tells the name.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use hyper::Uri;
use hyper::header::{HOST, HeaderMap};

use super::Refusal;

/// The names by which it may be called.
#[derive(Clone, Debug)]
pub struct Names {
    of_address: OfAddress,
    more: Vec<String>,
}

/// What the address that it listens on lets it be called.
#[derive(Clone, Copy, Debug)]
enum OfAddress {
    /// The names of this machine, as it sees itself.
    Own,
    /// Any address as well: only a name can be made to lead elsewhere.
    Any,
}

impl Names {
    /// The names of a listener, and some more.
    pub fn new(address: SocketAddr, more: &[String]) -> Names {
        let of_address = if address.ip().is_loopback() { OfAddress::Own } else { OfAddress::Any };
        Names { of_address, more: more.iter().map(|name| name.to_ascii_lowercase()).collect() }
    }

    /// Looks whether a request calls it by one of them, and by one alone.
    ///
    /// # Errors
    /// Where it does not.
    pub(super) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Err(Refusal::bad("the head names no host, or more than one"));
        };
        let named = host.to_str().ok().is_some_and(|host| self.has(host));
        // Where the first line tells a host as well, both must be right.
        if named && uri.authority().is_none_or(|authority| self.has(authority.as_str())) {
            return Ok(());
        }
        Err(Refusal::misdirected())
    }

    fn has(&self, host: &str) -> bool {
        let Some(name) = without_port(host) else { return false };
        let name = name.to_ascii_lowercase();
        if name == "localhost" || self.more.contains(&name) {
            return true;
        }
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(&name);
        let Ok(address) = bare.parse::<IpAddr>() else { return false };
        // An address of IPv6 is written in brackets, and only one of IPv6.
        if address.is_ipv6() != name.starts_with('[') {
            return false;
        }
        match self.of_address {
            OfAddress::Own => address == Ipv4Addr::LOCALHOST || address == std::net::Ipv6Addr::LOCALHOST,
            OfAddress::Any => true,
        }
    }
}

/// The host without its port; nothing where what follows is none.
fn without_port(host: &str) -> Option<&str> {
    let end = host.rfind(']').map_or(0, |end| end + 1);
    match host[end..].split_once(':') {
        None => Some(host),
        Some((name, port)) => {
            let digits = !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit());
            digits.then(|| &host[..end + name.len()])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(address: &str) -> Names {
        Names::new(address.parse().unwrap(), &["Keyway.Example.com".into()])
    }

    #[test]
    fn on_this_machine_only_its_own_names_and_those_that_were_given_count() {
        let names = names("127.0.0.1:7878");
        for right in [
            "localhost",
            "LOCALHOST:80",
            "127.0.0.1",
            "127.0.0.1:7878",
            "[::1]",
            "[::1]:7878",
            "keyway.example.com",
            "KEYWAY.example.com:443",
        ] {
            assert!(names.has(right), "{right}");
        }
        for wrong in [
            "",
            ":80",
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "localhost.",
            "127.0.0.2",
            "192.168.1.7",
            "::1",
            "[::1",
            "[127.0.0.1]",
            "[::ffff:127.0.0.1]",
            "127.1",
            "2130706433",
            "localhost:",
            "localhost:80:80",
            "localhost:x",
            "user@localhost",
            "localhost@evil.example",
            "[::1]evil",
        ] {
            assert!(!names.has(wrong), "{wrong}");
        }
    }

    #[test]
    fn elsewhere_an_address_counts_and_a_name_only_if_it_was_given() {
        let names = names("0.0.0.0:7878");
        assert!(
            names.has("192.168.1.7:7878") && names.has("[2001:db8::1]") && names.has("keyway.example.com")
        );
        assert!(!names.has("evil.example") && !names.has("127.0.0.1.evil.example"));
    }
}
