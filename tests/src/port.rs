//! Ports for those who have to be told theirs before they listen: tools, and services that end and begin again at the same
//! address.
//!
//! A port that was free a moment ago, among those that the system hands out by itself, is soon somebody else's: all that
//! listens at port 0 and all that connects takes one of those. So these are from below them, each is kept by a lock on a file
//! until whoever has it is done, and other tests of this machine pass it over.

use std::fs::{File, TryLockError};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU16, Ordering};

/// What the system hands out by itself begins at 32768, where nobody says otherwise.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A port that is nobody else's while it is kept.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _lock: File,
}

impl Port {
    /// One that nobody listens on.
    ///
    /// # Panics
    /// Where there is none.
    pub fn free() -> Port {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        // Processes begin apart from each other, so that they seldom meet.
        let begin = std::process::id().wrapping_mul(101);
        let numbers = (0..COUNT).map(|_| {
            let at = begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed).into());
            FIRST + u16::try_from(at % u32::from(COUNT)).expect("it is less than that")
        });
        let mut free = numbers.filter_map(|number| {
            let lock = kept(number)?;
            TcpListener::bind(("127.0.0.1", number)).ok()?;
            Some(Port { number, _lock: lock })
        });
        free.next().expect("a port is free")
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }
}

/// The lock of a port; nothing where somebody else has it.
fn kept(number: u16) -> Option<File> {
    let folder: PathBuf =
        std::env::temp_dir().join(format!("keyway-ports-{}", rustix::process::geteuid().as_raw()));
    std::fs::create_dir_all(&folder).expect("a folder for locks");
    let file = File::create(folder.join(number.to_string())).expect("a file for a lock");
    match file.try_lock() {
        Ok(()) => Some(file),
        Err(TryLockError::WouldBlock) => None,
        Err(TryLockError::Error(error)) => panic!("no lock: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_port_is_nobody_elses_while_it_is_kept() {
        let kept: Vec<Port> = (0..500).map(|_| Port::free()).collect();
        let numbers: BTreeSet<u16> = kept.iter().map(Port::number).collect();
        assert_eq!(numbers.len(), kept.len());
        // Another process finds it taken: a lock belongs to who opened the file.
        assert!(kept.iter().all(|port| super::kept(port.number()).is_none()));
        let first = numbers.first().copied().expect("five hundred");
        drop(kept);
        assert!(super::kept(first).is_some(), "the control: it is free afterwards");
        // What the system hands out by itself is none of them.
        let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
        let least = range.split_whitespace().next().and_then(|least| least.parse().ok()).unwrap_or(32_768);
        assert!(FIRST + COUNT <= least, "{range}");
    }
}
