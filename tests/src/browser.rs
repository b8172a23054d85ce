//! A browser of somebody who is signed in: it shows its cookie, says from which page it asks, and sends what a page of ours
//! sends with everything that changes something.

use server::Secret;
use server::accounts::{Account, Accounts};
use server::http::door::{COOKIE, csrf};
use server::role::Role;
use server::vault::Who;

use crate::web::Web;

/// A browser with a session.
#[derive(Clone, Debug)]
pub struct Browser {
    /// What it shows.
    pub cookie: String,
    /// What pages of ours send.
    pub csrf: String,
}

/// The password of everybody here.
pub const PASSWORD: &str = "a password of twelve";

/// The accounts of a service.
///
/// # Panics
/// Where they cannot be read.
pub fn accounts(web: &Web) -> Accounts {
    let vault = server::safe::open(&web.home).expect("a vault");
    Accounts::open(&web.home, vault).expect("a database")
}

/// Makes an account with a seat.
///
/// # Panics
/// Where the name is taken.
pub fn account(web: &Web, space: &str, name: &str, role: Role) -> Account {
    let (accounts, who) = (accounts(web), Who { owner: space, actor: "test" });
    accounts.add((who, role), name, &Secret::new(PASSWORD.to_owned())).expect("a free name")
}

impl Browser {
    /// Signs somebody in without asking for a password, which takes time.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn of(web: &Web, account: &Account) -> Browser {
        let accounts = accounts(web);
        let account = accounts.named(&account.name).expect("it is there");
        let begun = accounts.begin(&account).expect("a session");
        Browser { csrf: csrf(&begun.token), cookie: begun.token.expose().to_owned() }
    }

    /// The heads of a page of ours.
    pub fn heads(&self) -> Vec<(&'static str, String)> {
        vec![
            ("cookie", format!("{COOKIE}={}", self.cookie)),
            ("origin", "http://localhost".into()),
            ("sec-fetch-site", "same-origin".into()),
            ("x-csrf-token", self.csrf.clone()),
        ]
    }

    /// A request of a page of ours.
    pub fn request(&self, method: &str, path: &str, body: Option<&str>) -> String {
        with_heads(method, path, &self.heads(), body)
    }
}

/// A request with these heads.
pub fn with_heads(method: &str, path: &str, heads: &[(&str, String)], body: Option<&str>) -> String {
    let heads: String = heads.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let body = body.map_or("\r\n".into(), |body| {
        format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    });
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n{heads}{body}")
}
