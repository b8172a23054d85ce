//! A service that gives out tokens, in this process, with a switch for each way in which it may misbehave. It is right
//! where nothing is switched: codes serve once, belong to an app, an address and a verifier, and refresh tokens rotate.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dsl::value::{Object, Value};
use egress::Policy;
use jiff::Timestamp;
use ring::digest;
use secret::{NoVault, Secret};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::service::{App, Service};
use crate::library::embedded_families;
use crate::manifest::Manifest;
use crate::manifest::auth::Kind;
use crate::read;

/// What every secret of these tests has in it.
pub(super) const CANARY: &str = "cnry";

/// The app's secret, which no answer and no message may hold.
pub(super) const APP_SECRET: &str = "cnry-app-secret/+7f3a";

/// A request that came.
#[derive(Clone, Debug)]
pub(super) struct Came {
    pub(super) path: String,
    pub(super) authorization: String,
    pub(super) pairs: BTreeMap<String, String>,
    pub(super) body: String,
}

/// What a code was given out for.
#[derive(Clone, Debug)]
struct Given {
    challenge: Option<String>,
    redirect: String,
    client: String,
    account: String,
}

/// What the double knows, and how it behaves.
#[derive(Default)]
pub(super) struct State {
    codes: BTreeMap<String, Given>,
    /// Refresh tokens with their families; one that was used has gone.
    live: BTreeMap<String, String>,
    used: BTreeMap<String, String>,
    dead: Vec<String>,
    count: usize,
    pub(super) came: Vec<Came>,
    /// Answers that are given before anything else is thought of: status, more of the head, body.
    pub(super) says: VecDeque<(u16, String, String)>,
    /// True where the last refresh token but one still serves.
    pub(super) grace: bool,
    /// True where a refresh token stays, and is said again.
    pub(super) stays: bool,
    /// True where a request to renew is carried out, and no answer ever comes.
    pub(super) silent: bool,
    /// True where codes are taken of whoever brings them, as often as they do.
    pub(super) lax: bool,
}

/// The double.
#[derive(Clone)]
pub(super) struct Double {
    pub(super) origin: String,
    state: Arc<Mutex<State>>,
}

impl Double {
    pub(super) async fn start() -> Double {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let double = Double { origin, state: Arc::default() };
        let serving = double.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        double
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The requests that came to a path.
    pub(super) fn came(&self, path: &str) -> Vec<Came> {
        self.state().came.iter().filter(|came| came.path == path).cloned().collect()
    }

    /// A person of this name agrees at the address where they were sent: the query with which they come back.
    pub(super) fn agree(&self, address: &str, account: &str) -> String {
        let url = Url::parse(address).unwrap();
        let pairs: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let mut state = self.state();
        state.count += 1;
        let code = format!("{CANARY}-code-{}", state.count);
        let given = Given {
            challenge: pairs.get("code_challenge").cloned(),
            redirect: pairs["redirect_uri"].clone(),
            client: pairs["client_id"].clone(),
            account: account.into(),
        };
        state.codes.insert(code.clone(), given);
        format!("code={code}&state={}", pairs["state"])
    }

    async fn serve(self, mut stream: TcpStream) {
        let Some((path, authorization, body)) = request(&mut stream).await else { return };
        let pairs: BTreeMap<String, String> =
            url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let (status, head, body) = {
            let mut state = self.state();
            let came = Came { path: path.clone(), authorization, pairs: pairs.clone(), body };
            state.came.push(came);
            match state.says.pop_front() {
                Some(said) => said,
                None => state.answer(&path, &pairs),
            }
        };
        if status == 0 {
            // The answer is lost, and the connection stays open.
            std::future::pending::<()>().await;
        }
        let head =
            format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{head}connection: close\r\n");
        let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
    }
}

impl State {
    fn answer(&mut self, path: &str, pairs: &BTreeMap<String, String>) -> (u16, String, String) {
        let pair = |name: &str| pairs.get(name).map(String::as_str).unwrap_or_default();
        let said = match (path, pair("grant_type")) {
            ("/token" | "/leak", "authorization_code") => self.of_code(pairs),
            ("/token", "refresh_token") => self.of_refresh(pair("refresh_token")),
            ("/token", "client_credentials") => Ok("the app".into()),
            ("/token", "urn:ietf:params:oauth:grant-type:jwt-bearer") => Ok("the robot".into()),
            ("/token", "urn:ietf:params:oauth:grant-type:device_code") => Ok("ada".into()),
            ("/revoke", _) => return (200, String::new(), String::new()),
            ("/device", _) => {
                let body = r#"{"device_code":"cnry-device","user_code":"ABCD","verification_uri":"https://as.example.com/device","interval":1,"expires_in":600}"#;
                return (200, String::new(), body.into());
            }
            _ => return (404, String::new(), "{}".into()),
        };
        match said {
            Ok(_) if self.silent => (0, String::new(), String::new()),
            Ok(account) => (200, String::new(), self.tokens(&account, pairs)),
            Err(error) => (400, String::new(), format!(r#"{{"error":"{error}"}}"#)),
        }
    }

    fn of_code(&mut self, pairs: &BTreeMap<String, String>) -> Result<String, &'static str> {
        let pair = |name: &str| pairs.get(name).map(String::as_str).unwrap_or_default();
        if self.lax {
            return Ok(self.codes.get(pair("code")).map_or("mallory".into(), |given| given.account.clone()));
        }
        let given = self.codes.remove(pair("code")).ok_or("invalid_grant")?;
        let made = digest::digest(&digest::SHA256, pair("code_verifier").as_bytes());
        let proven = match &given.challenge {
            Some(challenge) => URL_SAFE_NO_PAD.encode(made) == *challenge,
            None => true,
        };
        if !proven || given.redirect != pair("redirect_uri") || given.client.is_empty() {
            return Err("invalid_grant");
        }
        Ok(given.account)
    }

    /// A refresh token that comes a second time kills its family: somebody has stolen it.
    fn of_refresh(&mut self, token: &str) -> Result<String, &'static str> {
        if self.stays && self.live.contains_key(token) {
            return Ok(self.live[token].clone());
        }
        if let Some(family) = self.live.remove(token) {
            self.used.insert(token.into(), family.clone());
            return if self.dead.contains(&family) { Err("invalid_grant") } else { Ok(family) };
        }
        match self.used.get(token).cloned() {
            Some(family) if self.grace => Ok(family),
            Some(family) => {
                self.dead.push(family);
                Err("invalid_grant")
            }
            None => Err("invalid_grant"),
        }
    }

    fn tokens(&mut self, account: &str, pairs: &BTreeMap<String, String>) -> String {
        self.count += 1;
        let count = self.count;
        let refresh = match pairs.get("refresh_token") {
            Some(same) if self.stays => same.clone(),
            _ => format!("{CANARY}-refresh-{count}"),
        };
        self.live.insert(refresh.clone(), account.into());
        format!(
            r#"{{"access_token":"{CANARY}-access-{count}","refresh_token":"{refresh}","expires_in":3600,"account":"{account}"}}"#
        )
    }
}

async fn request(stream: &mut TcpStream) -> Option<(String, String, String)> {
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
                return Some((path.to_owned(), header("authorization"), body.to_owned()));
            }
        }
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
        }
    }
}

/// A manifest whose way to sign in is `oauth`; what is given stands in it.
pub(super) fn manifest(connector: &str, auth: &str) -> Manifest {
    manifest_with(connector, "", auth, ACTIONS)
}

/// The same with more of the connection, and actions.
pub(super) fn manifest_with(connector: &str, connection: &str, auth: &str, actions: &str) -> Manifest {
    let text = format!(
        "connector: {connector}\nname: Demo\nversion: 1.0.0\nabout: A service for trying.\n\
         hosts: [as.example.com]\nbase: https://as.example.com\n{connection}auth:\n  oauth:\n    about: Agree in a browser.\n{auth}{actions}"
    );
    let read = read::manifest(&text, None, embedded_families());
    assert!(read.value.is_some(), "{text}\n{:#?}", read.diagnostics);
    read.value.unwrap()
}

/// What tells who is signed in.
pub(super) const ACTIONS: &str = "actions:\n  whoami:\n    about: Who is signed in.\n    effect: read\n    \
    safety: read\n    request: { method: GET, path: /whoami }\n    output: \"{{ response.body }}\"\n    returns: any\n";

/// What stands in most manifests of these tests.
pub(super) const CODE: &str = "    kind: oauth2_code\n    authorize: https://as.example.com/authorize\n    \
    token: https://as.example.com/token\n    revoke: https://as.example.com/revoke\n    \
    scopes: { default: [read] }\n    rotation: { refreshed: rotates }\n";

/// What a service needs around it.
pub(super) struct Around {
    pub(super) manifest: Manifest,
    pub(super) fields: Object,
    pub(super) app: App,
    pub(super) egress: egress::Client,
    pub(super) origin: String,
}

impl Around {
    pub(super) fn new(manifest: Manifest, double: &Double) -> Around {
        let policy = Policy { allow_private: true, ..Policy::default() };
        Around {
            manifest,
            fields: Object::new(),
            app: App { id: "app-1".into(), secret: Some(Secret::new(APP_SECRET.into())) },
            egress: egress::Client::new(policy, Arc::new(NoVault)),
            origin: double.origin.clone(),
        }
    }

    pub(super) fn service(&self) -> Service<'_> {
        let service = Service::of(&self.manifest, "oauth", (&self.fields, &self.app), &self.egress).unwrap();
        Service { origin: Some(&self.origin), ..service }
    }

    /// The same with an answer of OAuth 2.0 read in another way.
    pub(super) fn oauth2(&mut self) -> &mut crate::manifest::auth::Oauth2 {
        match &mut self.manifest.auth[0].kind {
            Kind::Oauth2(oauth2) => oauth2,
            other => panic!("{} is no OAuth 2.0", other.name()),
        }
    }
}

/// Chance that is none.
pub(super) fn chance(of: u8) -> [u8; 64] {
    std::array::from_fn(|at| of.wrapping_mul(31).wrapping_add(at as u8))
}

/// So many seconds after the beginning of these tests.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

/// A text value.
pub(super) fn text(value: &Value) -> String {
    value.as_text().unwrap_or_default().to_owned()
}
