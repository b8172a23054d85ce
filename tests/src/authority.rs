//! A service at which somebody signs in, and whose API wants the tokens that it gave out. It is strict: a code serves once and
//! belongs to its verifier and address, a refresh token serves once. Everything that comes is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

/// What stands in every secret that it gives out.
pub const CANARY: &str = "cnry7f3a9c2e";

/// The secret of the app that it knows.
pub const APP_SECRET: &str = "cnry7f3a9c2e-app-secret-0123456789";

/// A request that came.
#[derive(Clone, Debug)]
pub struct Came {
    /// The path.
    pub path: String,
    /// The header `authorization`.
    pub authorization: String,
    /// The fields of its form.
    pub pairs: BTreeMap<String, String>,
}

/// What it knows, and how it behaves.
#[derive(Default)]
pub struct State {
    codes: BTreeMap<String, (String, String)>,
    refresh: BTreeSet<String>,
    used: BTreeSet<String>,
    access: BTreeSet<String>,
    count: usize,
    /// All that came.
    pub came: Vec<Came>,
    /// How long an access token lasts, in seconds.
    pub lasts: i64,
    /// True where a refresh token that was used serves once more.
    pub grace: bool,
    /// True where no refresh token serves any more.
    pub dead: bool,
    /// True where a request to renew is carried out, and its answer never comes.
    pub silent: bool,
    /// True where the API takes no token at all.
    pub closed: bool,
    /// How long it takes to renew.
    pub slow: Duration,
    /// The scopes that it says it gave; those that were asked for where there are none.
    pub scope: Option<String>,
    /// Who is signed in.
    pub account: String,
    /// True once the person at the other device has agreed.
    pub agreed: bool,
}

/// The service. It listens until the test ends.
#[derive(Clone)]
pub struct Authority {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Authority {
    /// Begins to listen.
    ///
    /// # Panics
    /// Where no port is free.
    pub fn start() -> Authority {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let state = State { lasts: 3600, account: "ada".into(), ..State::default() };
        let authority = Authority { address, state: Arc::new(Mutex::new(state)) };
        let serving = authority.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                std::thread::spawn(move || serving.serve(stream));
            }
        });
        authority
    }

    /// Its origin.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it knows.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often it was asked for tokens in this way.
    pub fn asked_for(&self, grant: &str) -> usize {
        let is = |came: &&Came| came.pairs.get("grant_type").is_some_and(|given| given == grant);
        self.state().came.iter().filter(is).count()
    }

    /// How many requests came to a path.
    pub fn came_to(&self, path: &str) -> usize {
        self.state().came.iter().filter(|came| came.path == path).count()
    }

    /// No access token that was given out serves any more.
    pub fn forget_access(&self) {
        self.state().access.clear();
    }

    /// A person agrees at the address where they were sent; gives the address that their browser is sent back to.
    ///
    /// # Panics
    /// Where the address lacks something.
    pub fn agree(&self, address: &str) -> String {
        let url = Url::parse(address).expect("an address");
        let pairs: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let mut state = self.state();
        state.count += 1;
        let code = format!("{CANARY}-code-{}", state.count);
        let (challenge, redirect) = (pairs["code_challenge"].clone(), pairs["redirect_uri"].clone());
        state.codes.insert(code.clone(), (challenge, redirect.clone()));
        format!("{redirect}?code={code}&state={}", pairs["state"])
    }

    fn serve(self, mut stream: TcpStream) {
        let Some((path, authorization, body)) = heard(&mut stream) else { return };
        let pairs: BTreeMap<String, String> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let renews = pairs.get("grant_type").is_some_and(|given| given == "refresh_token");
        let (slow, silent) = {
            let mut state = self.state();
            let (path, pairs) = (path.clone(), pairs.clone());
            state.came.push(Came { path, authorization: authorization.clone(), pairs });
            (state.slow, state.silent)
        };
        if renews {
            std::thread::sleep(slow);
        }
        let (status, body) = self.state().answer(&path, &authorization, &pairs);
        if renews && silent {
            // It was carried out, and nobody hears of it.
            let _ = stream.read(&mut [0]);
            return;
        }
        let answer = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.write_all(answer.as_bytes());
    }
}

impl State {
    fn answer(&mut self, path: &str, authorization: &str, pairs: &BTreeMap<String, String>) -> (u16, String) {
        let pair = |name: &str| pairs.get(name).map(String::as_str).unwrap_or_default();
        let no = |error: &str| (400, format!(r#"{{"error":"{error}"}}"#));
        match (path, pair("grant_type")) {
            ("/token", "authorization_code") => match self.codes.remove(pair("code")) {
                Some((challenge, redirect))
                    if redirect == pair("redirect_uri") && challenge == proof(pair("code_verifier")) =>
                {
                    (200, self.tokens(true))
                }
                _ => no("invalid_grant"),
            },
            ("/token", "refresh_token") => {
                let token = pair("refresh_token").to_owned();
                let fresh = self.refresh.remove(&token);
                let again = self.grace && self.used.contains(&token);
                self.used.insert(token);
                match (fresh || again) && !self.dead {
                    true => (200, self.tokens(true)),
                    false => no("invalid_grant"),
                }
            }
            ("/token", "client_credentials" | "urn:ietf:params:oauth:grant-type:jwt-bearer") => {
                (200, self.tokens(false))
            }
            ("/token", "urn:ietf:params:oauth:grant-type:device_code") => match self.agreed {
                true => (200, self.tokens(true)),
                false => {
                    self.agreed = true;
                    no("authorization_pending")
                }
            },
            ("/device", _) => (
                200,
                format!(
                    r#"{{"device_code":"{CANARY}-device","user_code":"ABCD-EFGH","verification_uri":"http://127.0.0.1/device","interval":0,"expires_in":600}}"#
                ),
            ),
            ("/revoke", _) => {
                self.refresh.remove(pair("token"));
                self.access.clear();
                (200, String::new())
            }
            ("/me", _) => {
                let token = authorization.strip_prefix("Bearer ").unwrap_or_default();
                match self.access.contains(token) && !self.closed {
                    true => (200, format!(r#"{{"name":"{}"}}"#, self.account)),
                    false => (401, r#"{"message":"no such token"}"#.into()),
                }
            }
            _ => (404, "{}".into()),
        }
    }

    fn tokens(&mut self, renewable: bool) -> String {
        self.count += 1;
        let (count, lasts) = (self.count, self.lasts);
        let access = format!("{CANARY}-access-{count}");
        self.access.insert(access.clone());
        let mut body = serde_json::json!({ "access_token": access, "expires_in": lasts });
        if renewable {
            let refresh = format!("{CANARY}-refresh-{count}");
            self.refresh.insert(refresh.clone());
            body["refresh_token"] = refresh.into();
        }
        if let Some(scope) = &self.scope {
            body["scope"] = scope.as_str().into();
        }
        body.to_string()
    }
}

/// The challenge that a verifier proves: base64url of its SHA-256.
fn proof(verifier: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digest = Sha256::digest(verifier.as_bytes());
    let mut text = String::new();
    for three in digest.chunks(3) {
        let bits = (0..3).fold(0u32, |bits, at| bits << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
        for shift in [18, 12, 6, 0].into_iter().take(three.len() + 1) {
            text.push(char::from(LETTERS[(bits >> shift & 63) as usize]));
        }
    }
    text
}

fn heard(stream: &mut TcpStream) -> Option<(String, String, String)> {
    let (mut bytes, mut piece) = (vec![], [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let header = |name: &str| {
                let lines = head.lines().filter_map(|line| line.split_once(": "));
                let mut found = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
                found.next().map(|(_, value)| value.to_owned()).unwrap_or_default()
            };
            if body.len() >= header("content-length").parse().unwrap_or(0) {
                let path = head.split(' ').nth(1).unwrap_or_default();
                let path = path.split('?').next().unwrap_or_default();
                return Some((path.to_owned(), header("authorization"), body.to_owned()));
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
        }
    }
}
