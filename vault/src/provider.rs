//! The providers of models whose keys are kept, and where their keys may go.

use crate::error::Error;

/// A provider of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provider {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Where its API begins; nothing where the key brings that along.
    pub base: Option<&'static str>,
}

/// All of them. Another one is a line more.
pub const PROVIDERS: &[Provider] = &[
    Provider { name: "anthropic", title: "Anthropic", base: Some("https://api.anthropic.com") },
    Provider { name: "azure", title: "Azure OpenAI", base: None },
    Provider { name: "cohere", title: "Cohere", base: Some("https://api.cohere.com") },
    Provider { name: "compatible", title: "an endpoint that speaks as OpenAI does", base: None },
    Provider { name: "deepseek", title: "DeepSeek", base: Some("https://api.deepseek.com") },
    Provider {
        name: "gemini",
        title: "Google Gemini",
        base: Some("https://generativelanguage.googleapis.com"),
    },
    Provider { name: "openai", title: "OpenAI", base: Some("https://api.openai.com/v1") },
];

/// Where a key may go: the beginning of its API, and the host of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// As in `https://api.example.com/v1`.
    pub base: String,
    /// A bare name or address.
    pub host: String,
}

/// Reads a base URL. Without TLS it may only lead to this machine.
///
/// # Errors
/// Where it is none, or has a user, a query or a fragment.
pub fn endpoint(base: &str) -> Result<Endpoint, Error> {
    let wrong = || Error::Base { url: base.to_owned() };
    let (rest, local) = match (base.strip_prefix("https://"), base.strip_prefix("http://")) {
        (Some(rest), _) => (rest, false),
        (None, Some(rest)) => (rest, true),
        (None, None) => return Err(wrong()),
    };
    if base.contains(['@', '?', '#', '\\']) || base.contains(char::is_whitespace) {
        return Err(wrong());
    }
    let authority = rest.split('/').next().unwrap_or_default();
    // What stands behind the last colon is a port, unless the colon belongs to an address in brackets.
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => {
            port.parse::<u16>().map_err(|_| wrong())?;
            host
        }
        Some(_) | None => authority,
    };
    let host = host.to_ascii_lowercase();
    if host.is_empty() || local && !matches!(&*host, "localhost" | "127.0.0.1" | "[::1]") {
        return Err(wrong());
    }
    Ok(Endpoint { base: base.trim_end_matches('/').to_owned(), host })
}

/// The provider of this name.
pub fn find(name: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_leads_to_one_host() {
        let host = |base: &str| endpoint(base).map(|found| found.host).ok();
        assert_eq!(host("https://Models.example.com/v1/").as_deref(), Some("models.example.com"));
        assert_eq!(host("https://a.example:8443").as_deref(), Some("a.example"));
        assert_eq!(host("http://127.0.0.1:11434/v1").as_deref(), Some("127.0.0.1"));
        assert_eq!(host("https://[::1]:80/x").as_deref(), Some("[::1]"));
        for wrong in [
            "a.example",
            "http://a.example",
            "https://",
            "https://u:p@a.example",
            "https://a.example?x",
            "https://a.example:x",
            "https://a.example\\@b.example",
            "ftp://a.example",
        ] {
            assert_eq!(host(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_base_that_we_know_is_one() {
        for base in PROVIDERS.iter().filter_map(|provider| provider.base) {
            assert!(endpoint(base).is_ok(), "{base}");
        }
    }
}
