//! Secrets that are at hand for one exchange, and open for its host alone.

use std::collections::BTreeMap;

use secret::{Open, Refused, Secret};

/// Secrets by their names, for one host.
#[derive(Clone, Debug)]
pub struct Held {
    host: String,
    secrets: BTreeMap<String, Secret>,
}

impl Held {
    /// No secrets yet, for one host.
    pub fn new(host: impl Into<String>) -> Held {
        Held { host: host.into(), secrets: BTreeMap::new() }
    }

    /// These secrets and one more.
    pub fn with(mut self, name: impl Into<String>, secret: Secret) -> Held {
        self.secrets.insert(name.into(), secret);
        self
    }
}

impl Open for Held {
    fn open(&self, name: &str, host: &str) -> Result<Secret, Refused> {
        if !host.eq_ignore_ascii_case(&self.host) {
            return Err(Refused::Host { name: name.into(), host: host.into() });
        }
        self.secrets.get(name).cloned().ok_or_else(|| Refused::Unknown { name: name.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_opens_for_its_host_alone_and_is_not_shown() {
        let held = Held::new("as.example").with("code", Secret::new("canary".into()));
        assert_eq!(held.open("code", "AS.example").unwrap().expose(), "canary");
        assert!(matches!(held.open("code", "evil.example"), Err(Refused::Host { .. })));
        assert!(matches!(held.open("other", "as.example"), Err(Refused::Unknown { .. })));
        assert!(!format!("{held:?}").contains("canary"));
    }
}
