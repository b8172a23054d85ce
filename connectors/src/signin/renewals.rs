//! Renewals under everything that can come between: others at the same time, a death before storing, a store that
//! fails, a token that is dead.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use dsl::catalog::{Failure, FailureKind};
use dsl::value::Value;
use jiff::{SignedDuration, Timestamp};
use secret::Secret;

use super::double::{Around, CANARY, CODE, Double, at, manifest};
use super::fresh::{Answering, Keep, Kept, LEASE, Lease, Leased, Outcome, Renewer, Standing};
use super::refusal::Refusal;
use super::tokens::Tokens;

/// A store in memory, with what a store of several processes has: versions and leases with an end.
struct Memory {
    inner: Mutex<Inner>,
    /// How many of the next storings fail; one that never answers where that is negative.
    fails: Mutex<i32>,
    /// False where leases are given to all: the control.
    leases: bool,
    stored: AtomicUsize,
}

struct Inner {
    kept: Kept,
    /// The end of a lease, its number and version.
    lease: Option<(Timestamp, i64, i64)>,
    unfinished: Option<i64>,
    count: i64,
}

impl Memory {
    fn new(refresh: &str, expires: i64) -> Memory {
        let tokens = Tokens {
            access: Secret::new(format!("{CANARY}-access-0")),
            refresh: Some(Secret::new(refresh.into())),
            expires: Some(at(expires)),
            scopes: vec!["read".into()],
            identity: None,
            extra: Value::Null,
        };
        let kept = Kept { version: 1, tokens, standing: Standing::Serves };
        let inner = Inner { kept, lease: None, unfinished: None, count: 0 };
        Memory { inner: Mutex::new(inner), fails: Mutex::new(0), leases: true, stored: AtomicUsize::new(0) }
    }

    fn kept(&self) -> Kept {
        self.inner.lock().unwrap().kept.clone()
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> Answering<'a, T> {
    Box::pin(std::future::ready(Ok(value)))
}

impl Keep for Memory {
    fn load(&self) -> Answering<'_, Kept> {
        ready(self.kept())
    }

    fn lease(&self, version: i64, now: Timestamp) -> Answering<'_, Leased> {
        let mut inner = self.inner.lock().unwrap();
        if inner.kept.version != version {
            return ready(Leased::Moved);
        }
        let before = inner.lease;
        if self.leases && before.is_some_and(|(end, _, of)| of == version && now < end) {
            return ready(Leased::Another);
        }
        inner.count += 1;
        let id = inner.count;
        let unfinished = before.is_some_and(|(_, _, of)| of == version) || inner.unfinished == Some(version);
        inner.lease = Some((now + SignedDuration::try_from(LEASE).unwrap(), id, version));
        ready(Leased::Mine(Lease { id, unfinished }))
    }

    fn swap<'a>(&'a self, from: i64, to: &'a Kept) -> Answering<'a, bool> {
        let mut fails = self.fails.lock().unwrap();
        if *fails < 0 {
            return Box::pin(std::future::pending());
        }
        if *fails > 0 {
            *fails -= 1;
            let full = Failure::passing(FailureKind::Server, "the disk is full");
            return Box::pin(std::future::ready(Err(full)));
        }
        let mut inner = self.inner.lock().unwrap();
        if inner.kept.version != from {
            return ready(false);
        }
        inner.kept = to.clone();
        inner.lease = None;
        self.stored.fetch_add(1, Ordering::Relaxed);
        ready(true)
    }

    fn give_back<'a>(&'a self, lease: &'a Lease, outcome: Outcome) -> Answering<'a, ()> {
        let mut inner = self.inner.lock().unwrap();
        if let Some((_, id, version)) = inner.lease
            && id == lease.id
        {
            inner.lease = None;
            if outcome == Outcome::Unknown {
                inner.unfinished = Some(version);
            }
        }
        ready(())
    }
}

/// A double with one account that is signed in, and the refresh token that it gave out.
async fn signed_in() -> (Double, Around, String) {
    let double = Double::start().await;
    let around = Around::new(manifest("demo", CODE), &double);
    let attempts = super::Attempts::new(&[1; 32]);
    let who = super::Who { person: "ada".into(), session: "1".into() };
    let wish = super::Wish { who: who.clone(), redirect: "https://k.example/c/demo".into(), scopes: vec![] };
    let begun = attempts.begin(&around.service(), wish, &super::double::chance(1), at(0)).unwrap();
    let query = double.agree(&begun.address, "ada");
    let callback =
        super::Callback { connector: "demo", address: "https://k.example/c/demo", who: &who, query: &query };
    let accepted = attempts.accept(&callback, at(1)).unwrap();
    let tokens = around.service().exchange(&accepted, at(1)).await.unwrap();
    let refresh = tokens.refresh.unwrap().expose().to_owned();
    (double, around, refresh)
}

fn renewals(double: &Double) -> usize {
    double.came("/token").iter().filter(|came| came.pairs["grant_type"] == "refresh_token").count()
}

/// Asks for fresh tokens at a time.
async fn fresh(memory: &Memory, around: &Around, seconds: i64) -> Result<Kept, Refusal> {
    let service = around.service();
    let now = move || at(seconds);
    Renewer { keep: memory, service: &service, key: None, now: &now }.fresh().await
}

#[tokio::test]
async fn tokens_are_renewed_before_they_are_over_and_not_earlier() {
    let (double, around, refresh) = signed_in().await;
    let memory = Memory::new(&refresh, 3600);
    assert_eq!(fresh(&memory, &around, 3299).await.unwrap().version, 1);
    assert_eq!(renewals(&double), 0);
    let kept = fresh(&memory, &around, 3300).await.unwrap();
    assert_eq!((kept.version, renewals(&double)), (2, 1));
    assert_eq!(kept.tokens.expires, Some(at(3300 + 3600)));
    assert_ne!(kept.tokens.refresh.unwrap().expose(), refresh);
    assert_eq!(kept.tokens.scopes, ["read"]);
}

#[tokio::test]
async fn many_callers_at_once_renew_once() {
    for (leases, least, most) in [(true, 1, 1), (false, 2, 8)] {
        let (double, around, refresh) = signed_in().await;
        let memory = Memory { leases, ..Memory::new(&refresh, 10) };
        double.state().grace = true;
        let calls = (0..8).map(|_| fresh(&memory, &around, 20));
        let kept = futures_util::future::join_all(calls).await;
        assert!(kept.iter().all(|kept| kept.as_ref().is_ok_and(|kept| kept.version == 2)), "{kept:?}");
        let made = renewals(&double);
        assert!((least..=most).contains(&made), "leases {leases}: {made} renewals");
    }
}

#[tokio::test]
async fn a_token_that_was_refused_is_renewed_once_for_all_that_had_it() {
    let (double, around, refresh) = signed_in().await;
    let memory = Memory::new(&refresh, 3600);
    let service = around.service();
    let now = || at(5);
    let renewer = Renewer { keep: &memory, service: &service, key: None, now: &now };
    let calls = (0..8).map(|_| renewer.refused(1));
    let kept = futures_util::future::join_all(calls).await;
    assert!(kept.iter().all(|kept| kept.as_ref().is_ok_and(|kept| kept.version == 2)), "{kept:?}");
    // One that comes late with the old version is given the new one.
    assert_eq!(renewer.refused(1).await.unwrap().version, 2);
    assert_eq!(renewals(&double), 1);
}

#[tokio::test]
async fn what_serves_for_a_while_is_given_while_another_renews() {
    let (double, around, refresh) = signed_in().await;
    let memory = Memory::new(&refresh, 100);
    assert!(matches!(memory.lease(1, at(20)).await.unwrap(), Leased::Mine(_)));
    assert_eq!(fresh(&memory, &around, 20).await.unwrap().version, 1);
    // What is over does not serve: the engine waits.
    memory.inner.lock().unwrap().lease = Some((at(200), 1, 1));
    let Err(Refusal::Failed(failure)) = fresh(&memory, &around, 101).await else { panic!("it waits") };
    assert!(failure.retryable && failure.retry_after.is_some(), "{failure:?}");
    assert_eq!(renewals(&double), 0);
}

#[tokio::test]
async fn a_dead_refresh_token_is_asked_for_once_and_never_again() {
    let (double, around, _) = signed_in().await;
    let memory = Memory::new("cnry-refresh-of-nobody", 10);
    for _ in 0..20 {
        let refusal = fresh(&memory, &around, 20).await.unwrap_err();
        assert!(refusal.needs_person(), "{refusal:?}");
        assert!(!format!("{refusal} {refusal:?}").contains(CANARY), "{refusal:?}");
    }
    assert_eq!(renewals(&double), 1);
    assert!(matches!(memory.kept().standing, Standing::Reconnect { of: 1, .. }));
}

/// Renews and dies between the answer and the storing.
async fn die(memory: &Memory, around: &Around, double: &Double) {
    *memory.fails.lock().unwrap() = -1;
    let before = renewals(double);
    let dying = fresh(memory, around, 20);
    let answered = async {
        while renewals(double) == before {
            tokio::task::yield_now().await;
        }
        // The answer is on its way; the storing is what never ends.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    tokio::select! {
        kept = dying => panic!("it was stored: {kept:?}"),
        () = answered => {}
    }
    *memory.fails.lock().unwrap() = 0;
}

#[tokio::test]
async fn after_a_death_before_storing_it_is_tried_once_more_where_the_service_has_grace() {
    let (double, around, refresh) = signed_in().await;
    double.state().grace = true;
    let memory = Memory::new(&refresh, 10);
    die(&memory, &around, &double).await;
    // Nobody else may while the lease lasts.
    assert!(fresh(&memory, &around, 21).await.is_err());
    assert_eq!(renewals(&double), 1);
    let kept = fresh(&memory, &around, 81).await.unwrap();
    assert_eq!((kept.version, renewals(&double)), (2, 2));
}

#[tokio::test]
async fn after_a_death_before_storing_a_strict_service_needs_a_person_and_is_asked_no_more() {
    let (double, around, refresh) = signed_in().await;
    let memory = Memory::new(&refresh, 10);
    die(&memory, &around, &double).await;
    for _ in 0..5 {
        let refusal = fresh(&memory, &around, 81).await.unwrap_err();
        let text = refusal.to_string();
        assert!(text.contains("a renewal before this one broke off"), "{text}");
    }
    assert_eq!(renewals(&double), 2);
}

#[tokio::test]
async fn an_answer_that_never_comes_is_known_as_such_afterwards() {
    let (double, around, refresh) = signed_in().await;
    let memory = Memory::new(&refresh, 10);
    // The connection breaks after the service has used the token.
    double.state().says.push_back((200, "content-length: 999\r\n".into(), "{}".into()));
    let refusal = fresh(&memory, &around, 20).await.unwrap_err();
    assert!(!refusal.needs_person(), "{refusal:?}");
    assert!(refusal.clone().failure().retryable, "{refusal:?}");
    let lease = memory.lease(1, at(21)).await.unwrap();
    assert!(matches!(lease, Leased::Mine(Lease { unfinished: true, .. })), "{lease:?}");
}

#[tokio::test]
async fn a_service_that_is_down_is_no_reason_to_sign_in_again() {
    for status in [400, 401, 403, 429, 500, 503] {
        let (double, around, refresh) = signed_in().await;
        let memory = Memory::new(&refresh, 10);
        double.state().says.push_back((
            status,
            String::new(),
            r#"{"error":"temporarily_unavailable"}"#.into(),
        ));
        let refusal = fresh(&memory, &around, 20).await.unwrap_err();
        assert!(!refusal.needs_person(), "{status}: {refusal:?}");
        assert!(refusal.failure().retryable, "{status}");
        let kept = fresh(&memory, &around, 21).await.unwrap();
        assert_eq!(kept.version, 2, "{status}");
    }
}

#[tokio::test]
async fn tokens_are_not_given_before_they_are_stored() {
    let (double, around, refresh) = signed_in().await;
    let memory = Memory::new(&refresh, 10);
    *memory.fails.lock().unwrap() = 2;
    let kept = fresh(&memory, &around, 20).await.unwrap();
    assert_eq!((kept.version, memory.stored.load(Ordering::Relaxed), renewals(&double)), (2, 1, 1));
    *memory.fails.lock().unwrap() = 3;
    let refusal = fresh(&memory, &around, 4000).await.unwrap_err();
    assert!(refusal.to_string().contains("the disk is full"), "{refusal}");
    assert_eq!(memory.kept().version, 2);
}

#[tokio::test]
async fn who_has_tokens_in_hand_is_believed_over_who_found_the_old_one_used() {
    let (double, around, refresh) = signed_in().await;
    let memory = Memory::new(&refresh, 10);
    // The first is held up after it was answered; its lease runs out, and a second finds the token used.
    let service = around.service();
    let now = || at(20);
    let renewer = Renewer { keep: &memory, service: &service, key: None, now: &now };
    let first = service.renew(&memory.kept().tokens, None, at(20)).await.unwrap();
    assert!(renewer.fresh().await.unwrap_err().needs_person());
    let kept =
        renewer.store(1, Kept { version: 2, tokens: first, standing: Standing::Serves }).await.unwrap();
    assert_eq!((kept.version, memory.kept().standing), (3, Standing::Serves));
    assert_eq!(renewals(&double), 2);
}

#[tokio::test]
async fn a_service_that_says_the_same_refresh_token_again_keeps_it() {
    let (double, around, refresh) = signed_in().await;
    double.state().stays = true;
    let memory = Memory::new(&refresh, 10);
    let kept = fresh(&memory, &around, 20).await.unwrap();
    assert_eq!(kept.tokens.refresh.unwrap().expose(), refresh);
    let kept = fresh(&memory, &around, 4000).await.unwrap();
    assert_eq!((kept.version, renewals(&double)), (3, 2));
}
