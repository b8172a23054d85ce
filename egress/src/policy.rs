//! What the operator allows: which addresses, how much, how long.

use std::net::IpAddr;
use std::time::Duration;

use url::{Host, Url};

use crate::address::is_public;
use crate::error::{Error, refused_address};

/// What the operator allows.
#[derive(Clone, Debug)]
pub struct Policy {
    /// True if private addresses may be called: this machine, its network, cloud metadata.
    pub allow_private: bool,
    /// Private addresses that may be called though others may not.
    pub allowed: Vec<IpAddr>,
    /// Longest time of a whole call where the request says nothing.
    pub timeout: Duration,
    /// Most redirects that are followed where the request says nothing.
    pub redirects: usize,
    /// Longest head of an answer in bytes.
    pub max_head: usize,
    /// Longest body of a request in bytes.
    pub max_request: usize,
    /// Longest body in bytes that is read while it is sent, and longest that is read piece by piece.
    pub max_streamed: u64,
    /// Longest body of an answer in bytes. A request may ask for less.
    pub max_response: usize,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            allow_private: false,
            allowed: vec![],
            timeout: Duration::from_secs(30),
            redirects: 5,
            max_head: 64 * 1024,
            max_request: 10 * 1024 * 1024,
            max_streamed: 5 * 1024 * 1024 * 1024,
            max_response: 10 * 1024 * 1024,
        }
    }
}

impl Policy {
    /// True if a connection to this address may be made.
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        let same = |allowed: &IpAddr| allowed.to_canonical() == address.to_canonical();
        self.allow_private || is_public(address) || self.allowed.iter().any(same)
    }

    /// Refuses an address that is written in the URL itself: no resolver is asked for it. For names the
    /// resolver decides, and for those of this machine it need not be asked.
    pub(crate) fn check_host(&self, url: &Url) -> Result<(), Error> {
        let address: IpAddr = match url.host() {
            Some(Host::Ipv4(address)) => address.into(),
            Some(Host::Ipv6(address)) => address.into(),
            Some(Host::Domain(name)) => {
                let name = name.trim_end_matches('.');
                let here = name == "localhost" || name.ends_with(".localhost");
                if here && !self.allow_private {
                    return Err(Error::Refused(refused_address(name, name)));
                }
                return Ok(());
            }
            None => return Err(Error::Invalid("the URL has no host".into())),
        };
        let text = address.to_string();
        if self.allows(address) { Ok(()) } else { Err(Error::Refused(refused_address(&text, &text))) }
    }
}

/// The host of a URL: a name, or an address without brackets.
pub(crate) fn host_of(url: &Url) -> String {
    match url.host() {
        Some(Host::Ipv6(address)) => address.to_string(),
        Some(host) => host.to_string(),
        None => String::new(),
    }
}
