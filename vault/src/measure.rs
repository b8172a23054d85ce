//! How long it takes. By itself it measures little, so that it is known to work;
//! `KEYWAY_MEASURE=1 KEYWAY_WRITE=1 cargo test --release -p vault --lib measure` measures all and writes
//! `docs/measured/vault.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use secret::Secret;
use store::{Edit, vault as rows};

use crate::cipher::{self, Context, Key, Purpose};
use crate::keys::{Vault, Who};
use crate::owner::{LOCAL, new_owner};
use crate::resolve::{Want, What};
use crate::root::Source;
use crate::rotate::Rotation;
use crate::secrets::{About, Entry, Kind};

/// How much is measured.
struct Size {
    seals: usize,
    uses: usize,
    owners: usize,
    secrets: usize,
}

const LITTLE: Size = Size { seals: 200, uses: 50, owners: 20, secrets: 40 };
const ALL: Size = Size { seals: 100_000, uses: 5_000, owners: 10_000, secrets: 100_000 };

/// The middle and the hundredth of many lengths of time.
struct Spread {
    middle: Duration,
    most: Duration,
}

fn spread(count: usize, mut work: impl FnMut()) -> Spread {
    let mut times: Vec<Duration> = (0..count)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    Spread { middle: times[count / 2], most: times[count - 1 - count / 100] }
}

fn took(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

struct Place {
    vault: Vault,
    _folder: tempfile::TempDir,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    let source = Source::File(folder.path().join("keys/root.key"));
    let vault = Vault::at(&folder.path().join("data/keyway.db"), source).unwrap();
    vault.keys_or_make().unwrap();
    Place { vault, _folder: folder }
}

/// Adds owners with a key each, many in a transaction.
fn add_owners(vault: &Vault, count: usize) {
    let keys = vault.keys().unwrap();
    for first in (0..count).step_by(500) {
        let edits = (first..count.min(first + 500)).flat_map(|n| {
            let id = format!("owner-{n:06}");
            let key = vault.new_key(&keys, &id, 1).unwrap();
            let owner = vault.signed_owner(&keys.own, new_owner(&id, "user", &n.to_string(), "paid"));
            [Edit::Owner(owner), Edit::OwnerKey(rows::OwnerKey { current: true, ..key })]
        });
        vault.change(edits.collect(), vec![], "an owner").unwrap();
    }
}

/// Adds secrets of one owner, many in a transaction.
fn add_secrets(vault: &Vault, count: usize) {
    for first in (0..count).step_by(500) {
        let edits = (first..count.min(first + 500)).flat_map(|n| {
            let secret = rows::Secret {
                owner: LOCAL.into(),
                id: format!("secret-{n:06}"),
                kind: "secret".into(),
                name: format!("S{n}"),
                version: 1,
                status: "active".into(),
                rank: 0,
                mac: vec![],
                shown: "…".into(),
                created: 0,
                used: None,
            };
            let about =
                About { connector: "http".into(), hosts: "api.example.com".into(), settings: String::new() };
            let (secret, version) =
                vault.sealed(secret, about, b"sk-0123456789abcdef0123456789abcdef").unwrap();
            [Edit::Secret(secret), Edit::Version(version)]
        });
        vault.change(edits.collect(), vec![], "a secret").unwrap();
    }
}

fn want() -> Want<'static> {
    let who = Who { owner: LOCAL, actor: "run" };
    Want { who, what: What::Secret("S0"), connector: "http", host: "api.example.com" }
}

fn micros(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// How long a rotation takes while steps use a secret, one use after the other, and how many uses there were. None fails.
fn beside_uses(vault: &Vault, rotation: Rotation) -> (Duration, usize) {
    let (over, uses) = (AtomicBool::new(false), AtomicUsize::new(0));
    let time = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                drop(vault.resolve(&want()).unwrap());
                uses.fetch_add(1, Ordering::Relaxed);
            }
        });
        let who = Who { owner: LOCAL, actor: "measure" };
        let time = took(|| vault.rotate(who, rotation, &mut |_| ()).unwrap());
        over.store(true, Ordering::Relaxed);
        time
    });
    (time, uses.into_inner())
}

/// A page of what was measured.
fn measured(size: &Size) -> String {
    let mut page = String::new();
    let mut row = |what: String, middle: String, most: String, wanted: &str| {
        writeln!(page, "| {what} | {middle} | {most} | {wanted} |").unwrap();
    };
    let (key, value) = (Key::random().unwrap(), b"sk-0123456789abcdef0123456789abcdef");
    let context = Context::new(Purpose::Value)
        .text("0123456789abcdef0123456789abcdef")
        .text("local")
        .text("OPENAI")
        .number(1);
    let seal = spread(size.seals, || drop(cipher::seal(&key, &context, value).unwrap()));
    let sealed = cipher::seal(&key, &context, value).unwrap();
    let open = spread(size.seals, || drop(cipher::open(&key, &context, &sealed).unwrap()));
    row("seal a key".into(), micros(seal.middle), micros(seal.most), "10 µs");
    row("open a key".into(), micros(open.middle), micros(open.most), "10 µs");

    let Place { vault, _folder } = &place();
    add_secrets(vault, 1);
    let unlocked = spread(size.uses, || drop(vault.unlocked(&want()).unwrap()));
    row(
        "resolve: rows, MAC, three keys, value".into(),
        micros(unlocked.middle),
        micros(unlocked.most),
        "100 µs",
    );
    let used = spread(size.uses / 10, || drop(vault.resolve(&want()).unwrap()));
    row("the same with the audit on disk, one at a time".into(), micros(used.middle), micros(used.most), "–");
    let (before, count) = (vault.commits(), AtomicUsize::new(0));
    let together = took(|| {
        std::thread::scope(|scope| {
            for _ in 0..100 {
                scope.spawn(|| {
                    for _ in 0..size.uses / 50 {
                        drop(vault.resolve(&want()).unwrap());
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
    });
    let count = count.into_inner();
    let each = together / u32::try_from(count).unwrap();
    let commits = vault.commits() - before;
    row(
        format!("the same, 100 at a time: {count} uses in {commits} commits"),
        format!("{} each", micros(each)),
        "–".into(),
        "–",
    );
    let number = AtomicUsize::new(0);
    let added = spread(size.uses / 10, || {
        let entry = Entry {
            kind: Kind::Secret,
            name: format!("A{}", number.fetch_add(1, Ordering::Relaxed)),
            connector: "http".into(),
            hosts: vec!["api.example.com".into()],
            settings: BTreeMap::new(),
            rank: 0,
            value: Secret::new(String::from_utf8(value.to_vec()).unwrap()),
        };
        vault.add(want().who, &entry).unwrap();
    });
    row("add one: check, seal, audit, commit".into(), micros(added.middle), micros(added.most), "500 ms");

    let Place { vault, _folder } = &place();
    add_owners(vault, size.owners);
    add_secrets(vault, 1);
    let (root, uses) = beside_uses(vault, Rotation::Root);
    row(
        format!("change the root key over {} owners, beside {uses} uses", size.owners),
        seconds(root),
        "–".into(),
        "5 s",
    );

    let Place { vault, _folder } = &place();
    add_secrets(vault, size.secrets);
    let (owner, uses) = beside_uses(vault, Rotation::OwnerKey);
    row(
        format!("change an owner's key over {} secrets, beside {uses} uses", size.secrets),
        seconds(owner),
        "–".into(),
        "30 s",
    );
    let (data, uses) = beside_uses(vault, Rotation::DataKeys);
    row(
        format!("change all keys of {} secrets, beside {uses} uses", size.secrets),
        seconds(data),
        "–".into(),
        "–",
    );
    let verify = took(|| assert!(vault.verify().unwrap().wrong.is_empty()));
    row(format!("verify {} secrets", size.secrets), seconds(verify), "–".into(), "–");
    page
}

/// What a command prints.
fn said(command: &str, arguments: &[&str]) -> String {
    let output = Command::new(command).args(arguments).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn measure() {
    let all = std::env::var_os("KEYWAY_MEASURE").is_some();
    let table = measured(if all { &ALL } else { &LITTLE });
    assert_eq!(table.lines().count(), 10);
    println!("{table}");
    if all && std::env::var_os("KEYWAY_WRITE").is_some() {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split_whitespace().next().unwrap_or("?");
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let page = format!(
            "# How fast the vault is\n\nWritten by `KEYWAY_MEASURE=1 KEYWAY_WRITE=1 cargo test --release -p vault --lib \
             measure` on {}, commit {}, on {cores} cores of {}; the load was {load} at the end. Uses resolve a secret and \
             write the audit, one after the other.\n\n\
             | What | middle | 99 of 100 within | wanted |\n| --- | ---: | ---: | ---: |\n{table}",
            said("date", &["-u", "+%Y-%m-%d"]),
            said("git", &["rev-parse", "--short=10", "HEAD"]),
            said("sed", &["-n", "s/^model name.*: //p;T;q", "/proc/cpuinfo"]),
        );
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/measured/vault.md"), page).unwrap();
    }
}
