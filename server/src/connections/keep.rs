//! Tokens of an account, kept in the vault: renewed by one at a time across processes, stored before they are used.

use std::time::Duration;

use connectors::manifest::Manifest;
use connectors::manifest::auth::{Grant, Kind};
use connectors::signin::{
    Answering, App, Keep, Kept, LEASE, Lease, Leased, Outcome, Refusal, Renewer, Standing, Tokens,
};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::Value;
use jiff::{SignedDuration, Timestamp};
use secret::{Refused, Secret};
use vault::{Fresh, REFRESH, SignIn, Want as Wanted, What, secret_name};

use super::account::{Account, User};
use super::apps;

/// Why other tokens are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// They are nearly over.
    Early,
    /// The service takes this version no more.
    Refused(i64),
}

impl Account {
    /// Has tokens that serve; gives the version that they have then.
    pub(super) async fn renewed(
        &self,
        manifest: &Manifest,
        want: Want,
        egress: &egress::Client,
    ) -> Result<i64, Failure> {
        let fields = self.fields()?;
        let none = App { id: String::new(), secret: None };
        let host = self.service(manifest, (&fields, &none), egress)?.renewal_host();
        let host = host.map_err(Refusal::failure)?;
        let app = self.app(manifest, &host).await?;
        let key = self.private_key(manifest, &host).await?;
        let service = self.service(manifest, (&fields, &app), egress)?;
        let hosts = service.token_hosts().map_err(Refusal::failure)?;
        let keep = TokensOf { account: self.clone(), host, hosts };
        let renewer = Renewer { keep: &keep, service: &service, key: key.as_ref(), now: &Timestamp::now };
        let kept = match want {
            Want::Early => renewer.fresh().await,
            Want::Refused(version) => renewer.refused(version).await,
        };
        match kept {
            Ok(kept) => Ok(kept.version),
            Err(Refusal::Reconnect(why)) => Err(self.worn(manifest, &why)),
            Err(refusal) => Err(refusal.failure()),
        }
    }

    /// The app that it was made with.
    pub(super) async fn app(&self, manifest: &Manifest, host: &str) -> Result<App, Failure> {
        let of = self.sign_in.as_ref().map(|known| known.app.clone()).unwrap_or_default();
        if of.is_empty() {
            return Ok(App { id: String::new(), secret: None });
        }
        let (user, connector, host) = (self.user.clone(), manifest.id.clone(), host.to_owned());
        let opened = aside(move || apps::open(&user, &of, &connector, &host)).await?;
        opened.ok_or_else(|| {
            let message = format!(
                "the app at {} that the connection `{}` was made with is gone; `keyway app add {}` stores it again",
                manifest.name, self.row.name, manifest.id
            );
            Failure::new(FailureKind::Auth, message)
        })
    }

    /// The private key of a way that signs statements.
    async fn private_key(&self, manifest: &Manifest, host: &str) -> Result<Option<Secret>, Failure> {
        let way = self.way(manifest)?;
        let signs = matches!(&way.kind, Kind::Oauth2(oauth2) if matches!(oauth2.grant, Grant::JwtBearer(_)));
        let Some(field) = way.secrets.first().filter(|_| signs) else { return Ok(None) };
        let (account, name, host) = (self.clone(), field.name.clone(), host.to_owned());
        aside(move || account.opened(&name, &host)).await
    }

    /// One of its secrets, for a host; nothing where it has none of this name.
    pub(super) fn opened(&self, secret: &str, host: &str) -> Result<Option<Secret>, vault::Error> {
        let name = secret_name(&self.row.connector, &self.row.name, secret);
        let what = What::Connection { of: &self.row.owner, name: &name };
        let wanted = Wanted { who: self.user.who(), what, connector: &self.row.connector, host };
        match self.user.vault.resolve(&wanted) {
            Ok(resolved) => Ok(Some(resolved.secret)),
            Err(vault::Error::Refused(Refused::Unknown { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Does what may block aside from what must not.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, vault::Error> + Send + 'static,
) -> Result<T, Failure> {
    let unkept = |why: String| {
        let message = format!("the tokens of the connection cannot be had or kept: {why}");
        Failure::passing(FailureKind::Server, message)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| unkept(crate::chain(&error))),
        Err(_) => Err(unkept("it broke off".into())),
    }
}

/// The tokens of one account.
struct TokensOf {
    account: Account,
    /// Where they are renewed.
    host: String,
    /// Where a refresh token may be sent.
    hosts: Vec<String>,
}

impl TokensOf {
    fn user(&self) -> User {
        self.account.user.clone()
    }

    /// What is known now.
    async fn known(&self) -> Result<SignIn, Failure> {
        let (user, row) = (self.user(), self.account.row.clone());
        let known = aside(move || user.vault.sign_in(&row.owner, &row.connector, &row.name)).await?;
        known.ok_or_else(|| {
            let message = format!("the connection `{}` is gone", self.account.row.name);
            Failure::new(FailureKind::Auth, message)
        })
    }
}

impl Keep for TokensOf {
    fn load(&self) -> Answering<'_, Kept> {
        Box::pin(async move {
            let known = self.known().await?;
            let standing = match known.why.is_empty() {
                true => Standing::Serves,
                false => Standing::Reconnect { why: known.why, of: known.tried },
            };
            let expires = known.expires.and_then(|end| Timestamp::from_nanosecond(end.into()).ok());
            let tokens = Tokens {
                access: Secret::new(String::new()),
                refresh: None,
                expires,
                scopes: known
                    .scopes
                    .split(' ')
                    .filter(|scope| !scope.is_empty())
                    .map(str::to_owned)
                    .collect(),
                identity: None,
                extra: Value::Null,
            };
            Ok(Kept { version: known.version, tokens, standing })
        })
    }

    /// The access token stays shut: calls open it themselves, and a renewal has no use for it.
    fn opened(&self, kept: Kept) -> Answering<'_, Kept> {
        Box::pin(async move {
            let (account, host) = (self.account.clone(), self.host.clone());
            let refresh = aside(move || account.opened(REFRESH, &host)).await?;
            Ok(Kept { tokens: Tokens { refresh, ..kept.tokens }, ..kept })
        })
    }

    fn lease(&self, version: i64, now: Timestamp) -> Answering<'_, Leased> {
        Box::pin(async move {
            let known = self.known().await?;
            if known.version != version {
                return Ok(Leased::Moved);
            }
            if known.until.is_some_and(|until| holds(until, now)) {
                return Ok(Leased::Another);
            }
            let until = now.saturating_add(signed(LEASE)).unwrap_or(Timestamp::MAX);
            let (user, of) = (self.user(), known.clone());
            if aside(move || user.vault.lease(of, super::nanoseconds(until))).await? {
                return Ok(Leased::Mine(Lease { id: known.lease + 1, unfinished: known.open }));
            }
            match self.known().await?.version == version {
                true => Ok(Leased::Another),
                false => Ok(Leased::Moved),
            }
        })
    }

    fn swap<'a>(&'a self, from: i64, to: &'a Kept) -> Answering<'a, bool> {
        Box::pin(async move {
            let known = self.known().await?;
            let (user, hosts, tokens) = (self.user(), self.hosts.clone(), to.tokens.clone());
            let next = SignIn { version: to.version, ..known };
            match &to.standing {
                Standing::Serves => {
                    let next = SignIn {
                        expires: tokens.expires.map(super::nanoseconds),
                        scopes: tokens.scopes.join(" "),
                        why: String::new(),
                        tried: 0,
                        ..next
                    };
                    aside(move || {
                        let (access, refresh) = (&tokens.access, tokens.refresh.as_ref());
                        let fresh = Fresh { to: next, access, refresh, refresh_hosts: &hosts };
                        user.vault.renewed(user.who(), from, fresh)
                    })
                    .await
                }
                Standing::Reconnect { why, of } => {
                    let next = SignIn { why: why.clone(), tried: *of, ..next };
                    aside(move || user.vault.worn_out(user.who(), from, next)).await
                }
            }
        })
    }

    fn give_back<'a>(&'a self, lease: &'a Lease, outcome: Outcome) -> Answering<'a, ()> {
        Box::pin(async move {
            let of = SignIn { lease: lease.id, ..self.known().await? };
            // What one before this one left open stays so, whatever came of this one.
            let open = lease.unfinished || outcome == Outcome::Unknown;
            let user = self.user();
            aside(move || user.vault.end_lease(of, open)).await
        })
    }
}

/// True while a right to renew lasts. One that ends later than any that is given now was given by a clock that was wrong.
fn holds(until: i64, now: Timestamp) -> bool {
    let left = until.saturating_sub(super::nanoseconds(now));
    left > 0 && left <= i64::try_from(LEASE.as_nanos()).unwrap_or(i64::MAX)
}

fn signed(time: Duration) -> SignedDuration {
    SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use vault::{ACCESS, Connecting, Connection, Entry, LOCAL, Place, Vault};

    use super::*;
    use crate::home::Home;

    const HOST: &str = "as.example.com";

    struct Desk {
        _folder: tempfile::TempDir,
        tokens: TokensOf,
    }

    /// An account at Slack whose tokens are those of version 1.
    fn kept() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path().join("data")).with_keys(folder.path().join("roots"));
        let vault = Arc::new(crate::safe::open(&home).unwrap());
        let user = User { vault, owner: LOCAL.into(), actor: "test".into() };
        let row = Connection {
            owner: LOCAL.into(),
            connector: "slack".into(),
            name: "main".into(),
            auth: "oauth".into(),
            fields: "{}".into(),
            state: vault::READY.into(),
            ..Connection::default()
        };
        let sign_in = SignIn {
            owner: LOCAL.into(),
            connector: "slack".into(),
            name: "main".into(),
            app: String::new(),
            version: 1,
            expires: Some(1),
            scopes: "a b".into(),
            why: String::new(),
            tried: 0,
            lease: 0,
            until: None,
            open: false,
        };
        let entry = |secret: &str| {
            let name = secret_name("slack", "main", secret);
            Entry::of_connection("slack", name, &[HOST.to_owned()], &Secret::new(format!("first-{secret}")))
        };
        let secrets = [entry(ACCESS), entry(REFRESH)];
        let connecting = Connecting {
            connection: row.clone(),
            secrets: &secrets,
            sign_in: Some(sign_in.clone()),
            place: Place::Free,
        };
        user.vault.connect(user.who(), connecting).unwrap();
        let account = Account { user, row, sign_in: Some(sign_in) };
        let tokens = TokensOf { account, host: HOST.into(), hosts: vec![HOST.into()] };
        Desk { _folder: folder, tokens }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn fresh(version: i64) -> Kept {
        let tokens = Tokens {
            access: Secret::new(format!("access-{version}")),
            refresh: Some(Secret::new(format!("refresh-{version}"))),
            expires: Some(at(3600)),
            scopes: vec!["a".into()],
            identity: None,
            extra: Value::Null,
        };
        Kept { version, tokens, standing: Standing::Serves }
    }

    fn opens(tokens: &TokensOf, secret: &str) -> Option<String> {
        let opened = tokens.account.opened(secret, HOST).unwrap();
        opened.map(|secret| secret.expose().to_owned())
    }

    fn uses(vault: &Vault) -> usize {
        let mut uses = 0;
        vault.audit(0, &mut |told| uses += usize::from(told.action == "used")).unwrap();
        uses
    }

    #[tokio::test]
    async fn what_is_loaded_is_shut_until_somebody_has_the_right_to_renew() {
        let kept = kept();
        let loaded = kept.tokens.load().await.unwrap();
        assert_eq!((loaded.version, loaded.tokens.refresh.is_none()), (1, true));
        assert_eq!(loaded.tokens.scopes, ["a", "b"]);
        let before = uses(&kept.tokens.account.user.vault);
        kept.tokens.load().await.unwrap();
        assert_eq!(uses(&kept.tokens.account.user.vault), before, "looking opens nothing");
        let opened = kept.tokens.opened(loaded).await.unwrap();
        assert_eq!(opened.tokens.refresh.unwrap().expose(), "first-refresh");
        assert_eq!(uses(&kept.tokens.account.user.vault), before + 1);
    }

    #[tokio::test]
    async fn a_lease_is_given_to_one_until_it_is_over_or_given_back() {
        let kept = kept();
        let lease = async |seconds: i64| kept.tokens.lease(1, at(seconds)).await.unwrap();
        let first = lease(0).await;
        assert_eq!(first, Leased::Mine(Lease { id: 1, unfinished: false }));
        assert_eq!(lease(59).await, Leased::Another);
        assert_eq!(kept.tokens.lease(0, at(1)).await.unwrap(), Leased::Moved);
        // Over without a word: nobody knows what came of it.
        let Leased::Mine(second) = lease(61).await else { panic!("it is over") };
        assert_eq!(second, Lease { id: 2, unfinished: true });
        // A no to this one does not tell what came of the one before.
        kept.tokens.give_back(&second, Outcome::Known).await.unwrap();
        let Leased::Mine(third) = lease(62).await else { panic!("it was given back") };
        assert!(third.unfinished);
        // Whoever has lost it gives nothing back.
        kept.tokens.give_back(&second, Outcome::Known).await.unwrap();
        assert_eq!(lease(63).await, Leased::Another);
    }

    #[tokio::test]
    async fn a_lease_of_a_clock_that_was_wrong_does_not_hold() {
        let kept = kept();
        assert!(matches!(kept.tokens.lease(1, at(1_000_000)).await.unwrap(), Leased::Mine(_)));
        assert!(matches!(kept.tokens.lease(1, at(0)).await.unwrap(), Leased::Mine(_)));
        assert_eq!(kept.tokens.lease(1, at(1)).await.unwrap(), Leased::Another);
    }

    #[tokio::test]
    async fn tokens_take_the_place_of_those_that_were_read_and_of_no_others() {
        let kept = kept();
        kept.tokens.lease(1, at(0)).await.unwrap();
        assert!(kept.tokens.swap(1, &fresh(2)).await.unwrap());
        assert_eq!(opens(&kept.tokens, ACCESS).as_deref(), Some("access-2"));
        assert_eq!(opens(&kept.tokens, REFRESH).as_deref(), Some("refresh-2"));
        assert!(!kept.tokens.swap(1, &fresh(9)).await.unwrap());
        assert_eq!(opens(&kept.tokens, ACCESS).as_deref(), Some("access-2"));
        let known = kept.tokens.known().await.unwrap();
        assert_eq!((known.version, known.until, known.open), (2, None, false));
        let standing = Standing::Reconnect { why: "gone".into(), of: 2 };
        let dead = Kept { standing: standing.clone(), ..fresh(3) };
        assert!(kept.tokens.swap(2, &dead).await.unwrap());
        assert_eq!(kept.tokens.load().await.unwrap().standing, standing);
        // What is dead keeps its tokens: whoever comes late with others in hand stores those.
        assert_eq!(opens(&kept.tokens, ACCESS).as_deref(), Some("access-2"));
        assert!(kept.tokens.swap(3, &fresh(4)).await.unwrap());
        assert_eq!(kept.tokens.load().await.unwrap().standing, Standing::Serves);
    }
}
