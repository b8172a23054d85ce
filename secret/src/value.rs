//! A secret text that cannot be printed or stored by accident, and that is wiped when it is dropped.

use std::fmt;

use zeroize::Zeroizing;

/// A secret text. It prints as `***`, and its memory is wiped when it is dropped.
///
/// It cannot be rendered into other text:
/// ```compile_fail
/// let secret = secret::Secret::new("canary".to_owned());
/// println!("{secret}");
/// ```
/// it cannot become a text by itself:
/// ```compile_fail
/// let secret = secret::Secret::new("canary".to_owned());
/// let text: String = secret.into();
/// ```
/// it cannot be compared, since that takes a time that depends on the secret:
/// ```compile_fail
/// let secret = secret::Secret::new("canary".to_owned());
/// assert!(secret == secret::Secret::new("canary".to_owned()));
/// ```
/// and it cannot be stored:
/// ```compile_fail
/// fn store<T: serde::Serialize>(_: T) {}
/// store(secret::Secret::new("canary".to_owned()));
/// ```
/// The same code without the last step compiles:
/// ```
/// fn store<T: serde::Serialize>(_: T) {}
/// store("canary".to_owned());
/// assert_eq!(format!("{:?}", secret::Secret::new("canary".to_owned())), "***");
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes over a text. Copies that were made of it before are not wiped.
    pub fn new(text: String) -> Secret {
        Secret(Zeroizing::new(text))
    }

    /// The text itself. Whoever calls this answers for where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debugging_shows_stars_also_within_other_types() {
        let secret = Secret::new("canary".into());
        assert_eq!(
            format!("{secret:?} {:?} {:#?}", Some(&secret), [&secret]),
            "*** Some(***) [\n    ***,\n]"
        );
        assert_eq!(secret.expose(), "canary");
    }
}
