//! From a name to addresses that may be connected to. The connection is made to what comes out here, so
//! that a name cannot change its meaning between the look and the call.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::policy::Policy;

/// A look-up under way.
pub type Looking = Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send>>;

/// Finds the addresses of a name.
pub trait Lookup: Send + Sync + 'static {
    /// All addresses of a name, public or not; the guard picks.
    fn look_up(&self, name: &str) -> Looking;
}

/// Asks the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn look_up(&self, name: &str) -> Looking {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// A name of which every address is private.
#[derive(Debug, thiserror::Error)]
#[error("a private address")]
pub(crate) struct Blocked {
    pub(crate) host: String,
    pub(crate) address: String,
}

/// Lets only those addresses through that the policy allows.
pub(crate) struct Guard {
    pub(crate) lookup: Arc<dyn Lookup>,
    pub(crate) policy: Arc<Policy>,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let (looking, policy) = (self.lookup.look_up(&host), self.policy.clone());
        Box::pin(async move {
            match allowed(&policy, looking.await?) {
                Err(Some(address)) => Err(Blocked { host, address: address.to_string() }.into()),
                Err(None) => Err(std::io::Error::other("the name has no address").into()),
                Ok(allowed) => {
                    Ok(Box::new(allowed.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
                }
            }
        })
    }
}

/// Those of a name's addresses that the policy allows; where there are none, one that it forbids, if there is any.
pub(crate) fn allowed(policy: &Policy, found: Vec<IpAddr>) -> Result<Vec<IpAddr>, Option<IpAddr>> {
    let first = found.first().copied();
    let allowed: Vec<IpAddr> = found.into_iter().filter(|address| policy.allows(*address)).collect();
    if allowed.is_empty() { Err(first) } else { Ok(allowed) }
}
