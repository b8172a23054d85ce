//! How many passwords may be tried: for an account and from an address, each for itself, and how many are looked at at
//! once, since each takes memory and time.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// How many wrong passwords in a row are looked at, and after how many seconds one more is.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// At once after a pause.
    pub burst: u32,
    /// Seconds for one more.
    pub pause: u32,
}

/// For an account: ten guesses, then one a minute.
pub const OF_ACCOUNT: Share = Share { burst: 10, pause: 60 };

/// From an address, behind which a whole office may stand.
pub const OF_ADDRESS: Share = Share { burst: 60, pause: 5 };

/// How many passwords are looked at at once: 19 MiB each.
const AT_ONCE: usize = 8;

/// How many are remembered of each before those are forgotten that have their whole share again.
const REMEMBERED: usize = 10_000;

/// How many passwords were tried lately.
#[derive(Debug, Default)]
pub struct Gate {
    accounts: Mutex<HashMap<String, Left>>,
    addresses: Mutex<HashMap<Network, Left>>,
    looking: AtomicUsize,
}

#[derive(Clone, Copy, Debug)]
struct Left {
    left: f64,
    at: Instant,
}

/// Where somebody asks from: of IPv6 the part that one household or office has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Network {
    Four([u8; 4]),
    Six([u8; 8]),
}

impl Network {
    pub(crate) fn of(address: IpAddr) -> Network {
        match address.to_canonical() {
            IpAddr::V4(address) => Network::Four(address.octets()),
            IpAddr::V6(address) => {
                let mut first = [0; 8];
                first.copy_from_slice(&address.octets()[..8]);
                Network::Six(first)
            }
        }
    }
}

/// The right to look at one password.
pub struct Try<'a> {
    gate: &'a Gate,
    name: String,
    from: Option<Network>,
}

impl Gate {
    /// Asks to look at a password. Whether there is such an account plays no part.
    ///
    /// # Errors
    /// In how many seconds to ask again, where too many were tried.
    pub fn look(&self, name: &str, from: Option<IpAddr>) -> Result<Try<'_>, u32> {
        // Who is not looked at leaves nothing behind.
        if self.looking.load(Ordering::Acquire) >= AT_ONCE {
            return Err(1);
        }
        let now = Instant::now();
        let from = from.map(Network::of);
        if let Some(network) = from {
            take(&self.addresses, network, (OF_ADDRESS, now))?;
        }
        if let Err(again) = take(&self.accounts, name.to_owned(), (OF_ACCOUNT, now)) {
            self.back_to(from);
            return Err(again);
        }
        let tried = Try { gate: self, name: name.to_owned(), from };
        if self.looking.fetch_add(1, Ordering::AcqRel) >= AT_ONCE {
            tried.was_right();
            return Err(1);
        }
        Ok(tried)
    }

    /// Counts one of those that an address begins by a service: nobody is to keep all places taken.
    ///
    /// # Errors
    /// In how many seconds to ask again, where too many were begun.
    pub fn enter(&self, from: Option<IpAddr>) -> Result<(), u32> {
        from.map_or(Ok(()), |from| take(&self.addresses, Network::of(from), (OF_ADDRESS, Instant::now())))
    }

    /// Asks to make what is kept of a password.
    ///
    /// # Errors
    /// In how many seconds to ask again, where as many are at work as may be.
    pub fn hold(&self) -> Result<Hold<'_>, u32> {
        let hold = Hold(self);
        if self.looking.fetch_add(1, Ordering::AcqRel) >= AT_ONCE { Err(1) } else { Ok(hold) }
    }

    fn back_to(&self, from: Option<Network>) {
        if let Some(network) = from {
            back(&self.addresses, &network, OF_ADDRESS);
        }
    }
}

/// The right to make what is kept of one password.
pub struct Hold<'a>(&'a Gate);

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.0.looking.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Try<'_> {
    /// It was the right one: it counts as none.
    pub fn was_right(self) {
        back(&self.gate.accounts, &self.name, OF_ACCOUNT);
        self.gate.back_to(self.from);
    }
}

impl Drop for Try<'_> {
    fn drop(&mut self) {
        self.gate.looking.fetch_sub(1, Ordering::AcqRel);
    }
}

fn take<K: Eq + Hash>(
    of: &Mutex<HashMap<K, Left>>,
    key: K,
    (share, now): (Share, Instant),
) -> Result<(), u32> {
    let burst = f64::from(share.burst);
    let filled = |left: &Left| {
        burst.min(left.left + now.duration_since(left.at).as_secs_f64() / f64::from(share.pause))
    };
    let mut all = of.lock().unwrap_or_else(PoisonError::into_inner);
    if all.len() >= REMEMBERED {
        all.retain(|_, left| filled(left) < burst);
    }
    let left = all.entry(key).or_insert(Left { left: burst, at: now });
    *left = Left { left: filled(left), at: now };
    if left.left < 1.0 {
        return Err(share.pause);
    }
    left.left -= 1.0;
    Ok(())
}

fn back<K: Eq + Hash>(of: &Mutex<HashMap<K, Left>>, key: &K, share: Share) {
    let mut all = of.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(left) = all.get_mut(key) {
        left.left = f64::from(share.burst).min(left.left + 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many wrong passwords are looked at.
    fn tried(gate: &Gate, name: impl Fn(u32) -> String, from: impl Fn(u32) -> IpAddr) -> u32 {
        let tried = (0..1000).take_while(|at| gate.look(&name(*at), Some(from(*at))).is_ok());
        u32::try_from(tried.count()).unwrap()
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_account_and_an_address_have_shares_of_their_own() {
        let gate = Gate::default();
        let many = |at: u32| IpAddr::from([10, 0, 0, u8::try_from(at).unwrap_or(0)]);
        assert_eq!(tried(&gate, |_| "a".into(), many), OF_ACCOUNT.burst, "from many addresses");
        let gate = Gate::default();
        assert_eq!(tried(&gate, |at| at.to_string(), |_| address("10.0.0.1")), OF_ADDRESS.burst);
        let gate = Gate::default();
        let six = |at: u32| address(&format!("2001:db8:1:2::{at:x}"));
        assert_eq!(tried(&gate, |at| at.to_string(), six), OF_ADDRESS.burst, "of one network");
        assert_eq!(tried(&gate, |_| "b".into(), |_| address("2001:db8:1:3::1")), OF_ACCOUNT.burst);
    }

    #[test]
    fn the_right_password_counts_as_none_and_only_so_many_are_looked_at_at_once() {
        let gate = Gate::default();
        for _ in 0..1000 {
            gate.look("a", Some(address("10.0.0.1"))).unwrap().was_right();
        }
        let looking: Vec<_> = (0..AT_ONCE).map(|at| gate.look(&at.to_string(), None).unwrap()).collect();
        assert!(gate.look("b", None).is_err());
        assert!(gate.hold().is_err(), "making one takes as much as looking at one");
        drop(looking);
        let making: Vec<_> = (0..AT_ONCE).map(|_| gate.hold().unwrap()).collect();
        assert!(gate.hold().is_err() && gate.look("b", None).is_err());
        drop(making);
        assert!(gate.hold().is_ok() && gate.look("b", None).is_ok());
    }
}
