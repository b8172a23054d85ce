//! A key that is opened in one change with the row of its call: both are written down, or neither.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use store::calls::{Budget, Call, Limits, Outcome};
use store::{Change, Desk, Edit, Unfit};
use support::{HOST, Place, key, me, want};
use vault::{Beside, LOCAL, OwnerKind, PLATFORM, Payer, Source, Tier, Vault, What, Who};

fn waited<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

struct World {
    place: Place,
    desk: Arc<Desk>,
    vault: Vault,
}

fn world() -> World {
    let place = Place::new();
    let desk = Arc::new(Desk::open(&place.database(), Duration::from_secs(5)).unwrap());
    let vault = Vault::open(desk.clone(), Source::File(place.root())).unwrap();
    vault.add(me(), &key("mine", "openai", "sk-mine")).unwrap();
    World { place, desk, vault }
}

fn call(id: &str, owner: &str, reserved: i64) -> Edit {
    let call = Call {
        owner: owner.into(),
        id: id.into(),
        time: 1,
        workflow: String::new(),
        run: String::new(),
        step: String::new(),
        place: String::new(),
        attempt: 0,
        token: "t".into(),
        provider: "openai".into(),
        model: "m".into(),
        key: "mine".into(),
        payer: "own".into(),
        why: String::new(),
        reserved: Some(reserved),
        level: 0,
        single: String::new(),
        reference: String::new(),
        saved: None,
        outcome: Outcome::default(),
    };
    Edit::OpenCall { call: Box::new(call), limits: Limits { run: None, step: None, month: 0 } }
}

const MINE: What<'static> = What::PaidBy { payer: &Payer::Own, name: "mine" };

impl World {
    fn count(&self, sql: &str) -> i64 {
        self.place.file().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn calls(&self) -> i64 {
        self.count("SELECT count(*) FROM calls")
    }

    fn uses(&self) -> i64 {
        self.count("SELECT count(*) FROM audit WHERE action = 'used'")
    }
}

#[test]
fn both_are_on_disk_after_one_commit() {
    let world = world();
    let before = world.desk.commits();
    let wanted = want(LOCAL, MINE, "openai", HOST);
    let Ok(Beside::Opened(resolved)) = waited(world.vault.resolve_beside(&wanted, vec![call("a", LOCAL, 5)]))
    else {
        panic!("it does not open")
    };
    assert_eq!(resolved.secret.expose(), "sk-mine");
    assert_eq!((world.desk.commits() - before, world.calls(), world.uses()), (1, 1, 1));
    assert!(world.vault.verify().unwrap().wrong.is_empty());
    // Apart, it is two.
    let before = world.desk.commits();
    world.desk.make(Change::untold(vec![call("b", LOCAL, 5)])).unwrap().unwrap();
    world.vault.resolve(&wanted).unwrap();
    assert_eq!((world.desk.commits() - before, world.calls(), world.uses()), (2, 2, 2));
}

#[test]
fn a_call_that_may_not_go_out_opens_nothing() {
    let world = world();
    let budget = Budget { owner: LOCAL.into(), scope: "owner".into(), name: String::new(), most: 10 };
    world.desk.make(Change::untold(vec![Edit::Budget(budget)])).unwrap().unwrap();
    let wanted = want(LOCAL, MINE, "openai", HOST);
    let asked =
        |id: &str, cost: i64| waited(world.vault.resolve_beside(&wanted, vec![call(id, LOCAL, cost)]));
    assert!(matches!(asked("a", 11), Ok(Beside::Unfit(Unfit::Spent))));
    assert_eq!((world.calls(), world.uses()), (0, 0));
    assert!(matches!(asked("b", 10), Ok(Beside::Opened(_))));
    assert_eq!((world.calls(), world.uses()), (1, 1));
}

#[test]
fn a_key_that_may_not_be_used_writes_no_call() {
    let world = world();
    let other_host = want(LOCAL, MINE, "openai", "elsewhere.example.com");
    let other_provider = want(LOCAL, MINE, "anthropic", HOST);
    let absent = want(LOCAL, What::PaidBy { payer: &Payer::Own, name: "none" }, "openai", HOST);
    let other_payer = want(LOCAL, What::PaidBy { payer: &Payer::Platform, name: "mine" }, "openai", HOST);
    for wanted in [other_host, other_provider, absent, other_payer] {
        assert!(
            waited(world.vault.resolve_beside(&wanted, vec![call("a", LOCAL, 5)])).is_err(),
            "{wanted:?}"
        );
    }
    assert_eq!((world.calls(), world.uses()), (0, 0));
}

#[test]
fn a_use_that_counts_against_a_quota_is_left_to_be_resolved_apart() {
    let world = world();
    let bob = world.vault.add_owner("test", OwnerKind::User, "bob", "paid").unwrap();
    let of_bob = Who { owner: &bob, actor: "test" };
    world.vault.set_tier("test", &Tier { name: "trial".into(), own_keys: false, quota: 1 }).unwrap();
    world.vault.give_tier(of_bob, "trial").unwrap();
    let platform = Who { owner: PLATFORM, actor: "test" };
    world.vault.add(platform, &key("shared", "openai", "sk-shared")).unwrap();
    let paid = What::PaidBy { payer: &Payer::Platform, name: "shared" };
    let wanted = want(&bob, paid, "openai", HOST);
    let asked = waited(world.vault.resolve_beside(&wanted, vec![call("a", &bob, 5)]));
    assert!(matches!(asked, Ok(Beside::Apart)));
    assert_eq!((world.calls(), world.uses()), (0, 0));
    assert!(world.vault.resolve(&wanted).is_ok());
    assert!(world.vault.resolve(&wanted).is_err(), "the quota is one");
}
