//! Where the window may go: to the pages of its service and to the page of the shell. A link to anywhere else is for the
//! browser, and what is no link is for nobody.

use url::{Origin, Url};

/// What becomes of an address that a page wants to go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The window goes there.
    Here,
    /// The browser is asked to.
    Browser,
    /// Nobody goes there.
    Nowhere,
}

/// Decides it. `service` is the origin of the pages; nothing where there is none yet.
pub fn way(service: Option<&Origin>, to: &Url) -> Way {
    if is_shell(to) {
        return Way::Here;
    }
    let is_web = matches!(to.scheme(), "http" | "https");
    match service {
        Some(service) if is_web && to.origin() == *service => Way::Here,
        // Before there is a service, only the page of the shell is there, and it has no links.
        None => Way::Nowhere,
        Some(_) if is_web && to.username().is_empty() && to.password().is_none() => Way::Browser,
        Some(_) => Way::Nowhere,
    }
}

/// Whether an address is a page of the shell.
fn is_shell(to: &Url) -> bool {
    let windows =
        to.host_str() == Some("tauri.localhost") && matches!(to.scheme(), "http" | "https") && cfg!(windows);
    windows || (to.scheme() == "tauri" && to.host_str() == Some("localhost"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn goes(to: &str) -> Way {
        let service = Url::parse("https://127.0.0.1:17878/").unwrap().origin();
        way(Some(&service), &Url::parse(to).unwrap())
    }

    #[test]
    fn the_window_stays_with_its_service() {
        for to in [
            "https://127.0.0.1:17878/dashboard",
            "https://127.0.0.1:17878/dashboard/setup#kwi_x",
            "tauri://localhost/index.html",
        ] {
            assert_eq!(goes(to), Way::Here, "{to}");
        }
    }

    #[test]
    fn another_origin_is_for_the_browser() {
        for to in [
            "https://example.com/",
            "http://127.0.0.1:17878/dashboard",
            "https://127.0.0.1:17879/dashboard",
            "https://localhost:17878/dashboard",
            "https://127.0.0.1.example.com:17878/",
        ] {
            assert_eq!(goes(to), Way::Browser, "{to}");
        }
    }

    #[test]
    fn what_is_no_link_leads_nowhere() {
        for to in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "data:text/html,x",
            "blob:https://127.0.0.1:17878/x",
            "about:blank",
            "smb://a/b",
            "tauri://elsewhere/",
            "https://127.0.0.1:17878@example.com/",
        ] {
            assert_eq!(goes(to), Way::Nowhere, "{to}");
        }
        assert_eq!(way(None, &Url::parse("https://example.com/").unwrap()), Way::Nowhere);
    }
}
