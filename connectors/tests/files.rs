//! `file` actions: what they do, and that nothing leads out of the folder of files.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may give up")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use connectors::contents::Contents;
use connectors::{Connectors, Request, Settings};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::{Hole, Value};
use serde_json::json;
use tempfile::TempDir;

fn connectors(root: &Path, protected: &[&Path]) -> Connectors {
    let egress = egress::Client::new(egress::Policy::default(), Arc::new(secret::NoVault));
    let protected = protected.iter().map(|path| path.to_path_buf()).collect();
    Connectors::new(Settings {
        files: root.into(),
        protected,
        contents: Contents::new(root.with_extension("contents")),
        egress,
        library: connectors::library().clone(),
        connections: std::sync::Arc::new(connectors::connection::NoConnections),
        meter: connectors::meter::Metered::default(),
    })
}

async fn call(root: &Path, action: &str, args: serde_json::Value) -> Result<serde_json::Value, Failure> {
    let args = Value::from_json(args);
    let call = Request::new(action, &args, "key");
    connectors(root, &[]).call(call).await.map(|value| value.to_json())
}

/// A folder of files beside a folder that nobody may reach, with links of every kind between them.
struct Ground {
    all: TempDir,
}

impl Ground {
    fn new() -> Ground {
        let all = TempDir::new().unwrap();
        let (root, outside) = (all.path().join("root"), all.path().join("outside"));
        fs::create_dir_all(root.join("dir/deep")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("secret.txt"), "outside").unwrap();
        fs::write(root.join("inside.txt"), "inside").unwrap();
        symlink("../outside/secret.txt", root.join("link_file")).unwrap();
        symlink(outside.join("secret.txt"), root.join("link_absolute")).unwrap();
        symlink("../outside", root.join("link_dir")).unwrap();
        symlink("../../../outside", root.join("dir/deep/nested")).unwrap();
        symlink("link_dir", root.join("chain")).unwrap();
        symlink("..", root.join("link_up")).unwrap();
        symlink("dir/../../outside/secret.txt", root.join("link_round")).unwrap();
        symlink("/", root.join("link_slash")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        symlink("nowhere", root.join("dangling")).unwrap();
        symlink("../outside/new.txt", root.join("dangling_out")).unwrap();
        symlink("inside.txt", root.join("link_inside")).unwrap();
        Ground { all }
    }

    fn root(&self) -> PathBuf {
        self.all.path().join("root")
    }

    fn outside(&self) -> PathBuf {
        self.all.path().join("outside")
    }

    /// True if nothing outside has changed.
    fn is_untouched(&self) -> bool {
        let names: Vec<_> =
            fs::read_dir(self.outside()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        let all: Vec<_> = fs::read_dir(self.all.path()).unwrap().collect();
        names == ["secret.txt"]
            && all.len() == 2
            && fs::read_to_string(self.outside().join("secret.txt")).unwrap() == "outside"
    }
}

/// Ways out that a path alone tries; `ROOT` is the folder of files.
const BY_PATH: [&str; 22] = [
    "..",
    "../outside/secret.txt",
    "./../outside/secret.txt",
    "dir/../../outside/secret.txt",
    "dir/./../../outside/secret.txt",
    "dir/deep/../../../outside/secret.txt",
    "inside.txt/../../outside/secret.txt",
    "missing/../../outside/secret.txt",
    "../root/../outside/secret.txt",
    "/etc/passwd",
    "//etc/passwd",
    "ROOT/inside.txt",
    "ROOT/../outside/secret.txt",
    "/proc/self/environ",
    "/dev/stdin",
    "..\\outside\\secret.txt",
    "\\\\server\\share\\file",
    "C:\\outside\\secret.txt",
    "C:/outside/secret.txt",
    "../outside/secret.txt\0.txt",
    "inside.txt\0",
    "a\nb",
];

/// Ways out through links.
const BY_LINK: [&str; 13] = [
    "link_file",
    "link_absolute",
    "link_dir/secret.txt",
    "link_dir/new.txt",
    "link_dir/new/new.txt",
    "dir/deep/nested/secret.txt",
    "chain/secret.txt",
    "link_up/outside/secret.txt",
    "link_up/root/inside.txt",
    "link_round",
    "link_slash/etc/passwd",
    "dangling_out",
    "loop/a",
];

fn all_ways_out(ground: &Ground) -> Vec<String> {
    let root = ground.root().display().to_string();
    BY_PATH.iter().chain(&BY_LINK).map(|path| path.replace("ROOT", &root)).collect()
}

#[tokio::test]
async fn no_path_and_no_link_leads_out() {
    let ground = Ground::new();
    for path in all_ways_out(&ground) {
        for (action, args) in [
            ("file.read", json!({ "path": path })),
            ("file.write", json!({ "path": path, "text": "changed" })),
            ("file.append", json!({ "path": path, "text": "changed" })),
            ("file.list", json!({ "path": path })),
        ] {
            let failure = call(&ground.root(), action, args).await.unwrap_err();
            let kinds = [FailureKind::Refused, FailureKind::Invalid, FailureKind::NotFound];
            assert!(kinds.contains(&failure.kind), "{action} {path:?}: {failure}");
            assert!(!failure.message.contains("outside of"), "{failure}");
            assert!(ground.is_untouched(), "{action} {path:?}");
        }
    }
    for path in BY_PATH.iter().filter(|path| path.starts_with(['.', '/', 'd'])) {
        let failure = call(&ground.root(), "file.read", json!({ "path": path })).await.unwrap_err();
        assert!(path.contains(['\0', '\\']) || failure.kind == FailureKind::Refused, "{path:?}: {failure}");
    }
    for path in
        ["link_file", "link_absolute", "link_dir/secret.txt", "chain/secret.txt", "link_up/root/inside.txt"]
    {
        let failure = call(&ground.root(), "file.read", json!({ "path": path })).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Refused, "{path}: {failure}");
    }
}

/// Paths put together at random from what leads in, out and round, the same ones each time.
fn random_paths() -> impl Iterator<Item = String> {
    const PARTS: [&str; 16] = [
        "",
        ".",
        "..",
        "dir",
        "deep",
        "nested",
        "link_dir",
        "link_up",
        "link_slash",
        "chain",
        "loop",
        "root",
        "outside",
        "secret.txt",
        "inside.txt",
        "link_file",
    ];
    let mut state: u64 = 7;
    let mut next = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    (0..4000).map(move |_| {
        let parts: Vec<&str> = (0..=next(5)).map(|_| PARTS[next(16) as usize]).collect();
        parts.join("/")
    })
}

#[tokio::test]
async fn no_random_path_leads_out() {
    let ground = Ground::new();
    let connectors = connectors(&ground.root(), &[]);
    let (mut inside, mut would_lead_out) = (0, 0);
    for path in random_paths() {
        let args = Value::object([("path", path.as_str().into())]);
        let got = connectors.call(Request::new("file.read", &args, "")).await;
        assert!(got.is_err() || got.as_ref().is_ok_and(|text| *text == "inside".into()), "{path}: {got:?}");
        inside += usize::from(got.is_ok());
        would_lead_out +=
            usize::from(fs::read(ground.root().join(&path)).is_ok_and(|bytes| bytes == b"outside"));
    }
    assert!(inside > 20 && would_lead_out > 20, "{inside} {would_lead_out}: the paths test nothing");
}

#[test]
fn without_the_sandbox_the_same_ways_do_lead_out() {
    let ground = Ground::new();
    let out = |path: &String| fs::read(ground.root().join(path)).is_ok_and(|bytes| bytes == b"outside");
    assert!(all_ways_out(&ground).iter().filter(|path| out(path)).count() >= 10);
}

#[tokio::test]
async fn a_link_within_the_folder_is_read_but_never_written_over() {
    let ground = Ground::new();
    assert_eq!(call(&ground.root(), "file.read", json!({ "path": "link_inside" })).await.unwrap(), "inside");
    for path in ["link_inside", "link_file", "dangling", "loop"] {
        for action in ["file.write", "file.append"] {
            let args = json!({ "path": path, "text": "changed" });
            let failure = call(&ground.root(), action, args).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::Refused, "{path}: {failure}");
        }
    }
    assert_eq!(fs::read_to_string(ground.root().join("inside.txt")).unwrap(), "inside");
    assert!(ground.root().join("dangling").is_symlink() && !ground.root().join("nowhere").exists());
}

#[tokio::test]
async fn a_folder_that_turns_into_a_link_meanwhile_leads_nowhere() {
    let ground = Ground::new();
    let (root, stop) = (ground.root(), Arc::new(AtomicBool::new(false)));
    fs::create_dir(root.join("real")).unwrap();
    symlink("../outside", root.join("bent")).unwrap();
    let (swapped, ended) = (root.clone(), stop.clone());
    let swapping = std::thread::spawn(move || {
        while !ended.load(Ordering::SeqCst) {
            let _ = fs::rename(swapped.join("real"), swapped.join("d"));
            let _ = fs::rename(swapped.join("d"), swapped.join("real"));
            let _ = fs::rename(swapped.join("bent"), swapped.join("d"));
            let _ = fs::rename(swapped.join("d"), swapped.join("bent"));
        }
    });
    for _ in 0..200 {
        let _ = call(&root, "file.write", json!({ "path": "d/secret.txt", "text": "changed" })).await;
        let read = call(&root, "file.read", json!({ "path": "d/secret.txt" })).await;
        assert!(read.is_err() || read.is_ok_and(|text| text == "changed"));
    }
    stop.store(true, Ordering::SeqCst);
    swapping.join().unwrap();
    assert!(ground.is_untouched());
}

#[tokio::test]
async fn names_that_no_system_has_are_invalid() {
    let root = TempDir::new().unwrap();
    for path in [
        "".to_owned(),
        ".".to_owned(),
        "/".to_owned(),
        "a/".to_owned(),
        "a\0b".to_owned(),
        "x".repeat(300),
        "x/".repeat(3000),
        format!("{}/a", "ü".repeat(200)),
    ] {
        for (action, args) in
            [("file.read", json!({ "path": path })), ("file.write", json!({ "path": path, "text": "" }))]
        {
            let failure = call(root.path(), action, args).await.unwrap_err();
            let kind = if path == "/" { FailureKind::Refused } else { FailureKind::Invalid };
            assert_eq!(failure.kind, kind, "{action} {path:?}: {failure}");
            assert!(failure.message.len() < 400, "{failure}");
        }
    }
}

#[tokio::test]
async fn odd_names_stay_names() {
    let root = TempDir::new().unwrap();
    for path in
        ["%2e%2e/x", "~/x", "...", "..x", "file:/x", "a b", "$HOME", "-rf", "*", "日本語.txt", ".hidden"]
    {
        call(root.path(), "file.write", json!({ "path": path, "text": path })).await.unwrap();
        assert_eq!(call(root.path(), "file.read", json!({ "path": path })).await.unwrap(), path);
        assert!(root.path().join(path).is_file());
    }
}

#[tokio::test]
async fn what_is_written_is_read_again() {
    let root = TempDir::new().unwrap();
    let written =
        call(root.path(), "file.write", json!({ "path": "a/b/c.txt", "text": "hällo" })).await.unwrap();
    assert_eq!(written, json!({ "path": "a/b/c.txt", "size": 6 }));
    assert_eq!(call(root.path(), "file.read", json!({ "path": "./a//b/c.txt" })).await.unwrap(), "hällo");
    let value = json!({ "z": [1, 2.5, null], "a": { "b": "ü" } });
    call(root.path(), "file.write", json!({ "path": "v.json", "json": value })).await.unwrap();
    assert_eq!(
        call(root.path(), "file.read", json!({ "path": "v.json", "as": "json" })).await.unwrap(),
        value
    );
    let rows = json!([{ "name": "a,b", "n": 1, "x": null }, { "n": true, "name": "say \"hi\"\nto" }]);
    call(root.path(), "file.write", json!({ "path": "t.csv", "csv": rows })).await.unwrap();
    let read =
        json!([{ "name": "a,b", "n": "1", "x": "" }, { "name": "say \"hi\"\nto", "n": "true", "x": "" }]);
    assert_eq!(call(root.path(), "file.read", json!({ "path": "t.csv", "as": "csv" })).await.unwrap(), read);
    let bytes = json!({ "name": "b.png", "type": "image/png", "size": 2, "base64": "AP8=" });
    call(root.path(), "file.write", json!({ "path": "b.png", "bytes": bytes })).await.unwrap();
    assert_eq!(
        call(root.path(), "file.read", json!({ "path": "b.png", "as": "bytes" })).await.unwrap(),
        bytes
    );
    assert_eq!(fs::read(root.path().join("b.png")).unwrap(), [0, 255]);
}

#[tokio::test]
async fn writing_replaces_and_leaves_nothing_behind() {
    let root = TempDir::new().unwrap();
    for text in ["a long first text", "short", "short"] {
        call(root.path(), "file.write", json!({ "path": "a.txt", "text": text })).await.unwrap();
    }
    assert_eq!(fs::read_to_string(root.path().join("a.txt")).unwrap(), "short");
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn writing_keeps_the_rights_of_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let root = TempDir::new().unwrap();
    let path = root.path().join("a.txt");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    call(root.path(), "file.write", json!({ "path": "a.txt", "text": "new" })).await.unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn many_writers_of_one_file_leave_one_whole_text() {
    let root = TempDir::new().unwrap();
    let connectors = connectors(root.path(), &[]);
    let mut writers = tokio::task::JoinSet::new();
    for letter in 'a'..='p' {
        let connectors = connectors.clone();
        writers.spawn(async move {
            let text = letter.to_string().repeat(100_000);
            let args = Value::object([("path", "a.txt".into()), ("text", text.into())]);
            connectors.call(Request::new("file.write", &args, "")).await
        });
    }
    assert!(writers.join_all().await.into_iter().all(|written| written.is_ok()));
    let text = fs::read_to_string(root.path().join("a.txt")).unwrap();
    assert!(text.len() == 100_000 && text.bytes().all(|byte| byte == text.as_bytes()[0]));
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn appending_adds_to_the_end() {
    let root = TempDir::new().unwrap();
    for (args, wanted) in [
        (json!({ "path": "a.txt", "text": "one" }), "one"),
        (json!({ "path": "a.txt", "text": "two" }), "onetwo"),
        (json!({ "path": "l.jsonl", "json": { "a": 1 } }), "{\"a\":1}\n"),
        (json!({ "path": "l.jsonl", "json": 2 }), "{\"a\":1}\n2\n"),
        (json!({ "path": "t.csv", "csv": [{ "a": 1, "b": 2 }] }), "a,b\n1,2\n"),
        (json!({ "path": "t.csv", "csv": [{ "b": 4, "a": 3 }] }), "a,b\n1,2\n3,4\n"),
        (json!({ "path": "a.txt", "csv": [] }), "onetwo"),
    ] {
        let appended = call(root.path(), "file.append", args.clone()).await.unwrap();
        let text = fs::read_to_string(root.path().join(args["path"].as_str().unwrap())).unwrap();
        assert_eq!((text.as_str(), &appended["size"]), (wanted, &json!(wanted.len())));
    }
    let other = json!({ "path": "t.csv", "csv": [{ "c": 1 }] });
    assert_eq!(call(root.path(), "file.append", other).await.unwrap_err().kind, FailureKind::Invalid);
}

#[tokio::test]
async fn a_workflow_is_never_written_over() {
    let root = TempDir::new().unwrap();
    let workflow = "name: a\nsteps:\n  b: { wait: 1s }\n";
    for path in ["a.yaml", "b.yml", "C.YAML", "dir/d.yaml"] {
        fs::create_dir_all(root.path().join("dir")).unwrap();
        fs::write(root.path().join(path), workflow).unwrap();
        for action in ["file.write", "file.append"] {
            let failure = call(root.path(), action, json!({ "path": path, "text": "x" })).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::Refused, "{path}: {failure}");
        }
        assert_eq!(fs::read_to_string(root.path().join(path)).unwrap(), workflow);
    }
    for (path, text) in [("data.yaml", "rows: [1]"), ("steps.yaml", "a: { steps: 1 }"), ("w.txt", workflow)] {
        fs::write(root.path().join(path), text).unwrap();
        call(root.path(), "file.write", json!({ "path": path, "text": "x" })).await.unwrap();
    }
    call(root.path(), "file.write", json!({ "path": "fresh.yaml", "text": workflow })).await.unwrap();
}

#[tokio::test]
async fn a_protected_file_is_known_however_the_path_is_written() {
    let root = TempDir::new().unwrap();
    fs::create_dir(root.path().join("dir")).unwrap();
    let running = root.path().join("dir/running");
    fs::write(&running, "no yaml by its name").unwrap();
    symlink("dir", root.path().join("link")).unwrap();
    symlink(root.path(), root.path().join("self")).unwrap();
    let connectors = connectors(root.path(), &[&running]);
    for path in ["dir/running", "./dir//running", "link/running"] {
        let args = Value::object([("path", path.into()), ("text", "x".into())]);
        let call = Request::new("file.write", &args, "");
        assert_eq!(connectors.call(call).await.unwrap_err().kind, FailureKind::Refused, "{path}");
    }
    let args = Value::object([("path", "dir/other".into()), ("text", "x".into())]);
    connectors.call(Request::new("file.write", &args, "")).await.unwrap();
}

#[tokio::test]
async fn a_folder_of_the_program_is_not_there_for_workflows() {
    let root = TempDir::new().unwrap();
    let own = root.path().join("dir/own");
    fs::create_dir_all(own.join("deep")).unwrap();
    fs::write(own.join("key"), "key").unwrap();
    symlink("dir/own", root.path().join("link")).unwrap();
    symlink("dir/own/key", root.path().join("link_key")).unwrap();
    let list = |pattern: &str| Value::object([("pattern", pattern.into())]);
    let connectors = connectors(root.path(), &[&own]);
    let call = async |action: &str, args: Value| connectors.call(Request::new(action, &args, "")).await;
    let at = |path: &str| Value::object([("path", path.into())]);
    let put = |path: &str| Value::object([("path", path.into()), ("text", "changed".into())]);
    for path in ["dir/own/key", "link/key", "link_key", "dir/own/deep/key", "dir/own/none/none", "link/none"]
    {
        for (action, args) in [("file.read", at(path)), ("file.write", put(path)), ("file.append", put(path))]
        {
            let failure = call(action, args).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::Refused, "{action} {path}: {failure}");
        }
    }
    for path in ["dir/own", "link", "dir/own/deep"] {
        assert_eq!(call("file.list", at(path)).await.unwrap_err().kind, FailureKind::Refused, "{path}");
    }
    call("file.write", put("dir/owner")).await.unwrap();
    let listed = call("file.list", list("**/*")).await.unwrap().to_json();
    let paths: Vec<&str> =
        listed.as_array().unwrap().iter().filter_map(|entry| entry["path"].as_str()).collect();
    assert_eq!(paths, ["dir", "dir/owner"]);
    assert!(!own.join("none").exists() && fs::read_to_string(own.join("key")).unwrap() == "key");
}

#[tokio::test]
async fn each_trouble_has_its_kind() {
    let root = TempDir::new().unwrap();
    fs::write(root.path().join("latin.txt"), b"\xe4").unwrap();
    fs::write(root.path().join("bad.json"), "{").unwrap();
    fs::write(root.path().join("deep.json"), format!("{}{}", "[".repeat(90), "]".repeat(90))).unwrap();
    fs::write(root.path().join("short.csv"), "a,b\n1\n").unwrap();
    fs::write(root.path().join("twice.csv"), "a,a\n1,2\n").unwrap();
    fs::File::create(root.path().join("large")).unwrap().set_len(16 * 1024 * 1024 + 1).unwrap();
    fs::create_dir(root.path().join("dir")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.path().join("socket")).unwrap();
    let cases = [
        ("file.read", json!({ "path": "none" }), FailureKind::NotFound),
        ("file.read", json!({ "path": "none/none" }), FailureKind::NotFound),
        ("file.list", json!({ "path": "none" }), FailureKind::NotFound),
        ("file.read", json!({ "path": "dir" }), FailureKind::Invalid),
        ("file.read", json!({ "path": "latin.txt" }), FailureKind::Invalid),
        ("file.read", json!({ "path": "bad.json", "as": "json" }), FailureKind::Invalid),
        ("file.read", json!({ "path": "short.csv", "as": "csv" }), FailureKind::Invalid),
        ("file.read", json!({ "path": "twice.csv", "as": "csv" }), FailureKind::Invalid),
        ("file.read", json!({ "path": "latin.txt", "as": "xml" }), FailureKind::Invalid),
        ("file.read", json!({ "path": "large" }), FailureKind::Limit),
        ("file.append", json!({ "path": "large", "text": "x" }), FailureKind::Limit),
        ("file.read", json!({ "path": "deep.json", "as": "json" }), FailureKind::Limit),
        ("file.read", json!({ "path": "socket" }), FailureKind::Refused),
        ("file.write", json!({ "path": "dir", "text": "" }), FailureKind::Invalid),
        ("file.write", json!({ "path": "socket", "text": "" }), FailureKind::Invalid),
        ("file.write", json!({ "path": "latin.txt/a", "text": "" }), FailureKind::Invalid),
        ("file.write", json!({ "path": "a" }), FailureKind::Invalid),
        ("file.write", json!({ "path": "a", "text": "", "json": 1 }), FailureKind::Invalid),
        ("file.write", json!({ "path": "a", "bytes": "?" }), FailureKind::Invalid),
        ("file.write", json!({ "path": "a", "csv": [{ "a": 1 }, { "b": 1 }] }), FailureKind::Invalid),
        ("file.write", json!({ "path": "a", "csv": [1] }), FailureKind::Type),
        ("file.write", json!({ "path": "a", "text": [1] }), FailureKind::Type),
        ("file.read", json!({}), FailureKind::Type),
        ("file.read", json!([]), FailureKind::Type),
    ];
    for (action, args, kind) in cases {
        let failure = call(root.path(), action, args.clone()).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{action} {args}: {failure}");
        assert!(!failure.retryable && !failure.answered, "{failure}");
    }
    assert!(!root.path().join("a").exists());
}

#[tokio::test]
async fn a_secret_is_not_written() {
    let root = TempDir::new().unwrap();
    let hole = Value::Hole(Arc::new(Hole::Name("A".into())));
    for (name, value) in [
        ("text", hole.clone()),
        ("json", Value::object([("a", Value::list(vec![hole.clone()]))])),
        ("csv", Value::list(vec![Value::object([("a", hole.clone())])])),
        ("bytes", hole),
    ] {
        let args = Value::object([("path", "a".into()), (name, value)]);
        let call = Request::new("file.write", &args, "");
        let failure = connectors(root.path(), &[]).call(call).await.unwrap_err();
        assert_eq!(failure.to_string(), format!("a secret cannot stand in `{name}` (refused)"));
    }
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
}

async fn paths(root: &Path, args: serde_json::Value) -> Vec<String> {
    let listed = call(root, "file.list", args).await.unwrap();
    listed.as_array().unwrap().iter().map(|entry| entry["path"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_listing_is_sorted_and_filtered() {
    let root = TempDir::new().unwrap();
    for path in ["b.csv", "a.txt", "dir/c.csv", "dir/deep/d.csv", ".keyway-1-1.unfinished"] {
        fs::create_dir_all(root.path().join(path).parent().unwrap()).unwrap();
        fs::write(root.path().join(path), path).unwrap();
    }
    assert_eq!(paths(root.path(), json!({})).await, ["a.txt", "b.csv", "dir"]);
    assert_eq!(paths(root.path(), json!({ "path": "dir" })).await, ["dir/c.csv", "dir/deep"]);
    assert_eq!(paths(root.path(), json!({ "pattern": "*.csv" })).await, ["b.csv"]);
    assert_eq!(
        paths(root.path(), json!({ "pattern": "**/*.csv" })).await,
        ["b.csv", "dir/c.csv", "dir/deep/d.csv"]
    );
    assert_eq!(paths(root.path(), json!({ "path": "dir", "pattern": "deep/*" })).await, ["dir/deep/d.csv"]);
    assert_eq!(paths(root.path(), json!({ "pattern": "none*" })).await, [""; 0]);
    let listed = call(root.path(), "file.list", json!({ "pattern": "[ad]*" })).await.unwrap();
    assert_eq!(listed, json!([]), "brackets are brackets");
    let listed = call(root.path(), "file.list", json!({})).await.unwrap();
    assert_eq!((&listed[0]["size"], &listed[0]["folder"]), (&json!(5), &json!(false)));
    assert_eq!((&listed[2]["size"], &listed[2]["folder"]), (&json!(0), &json!(true)));
    assert!(listed[0]["modified"].as_str().unwrap().starts_with("20"));
}

#[tokio::test]
async fn a_listing_does_not_look_through_links_that_lead_out() {
    let ground = Ground::new();
    let all = paths(&ground.root(), json!({ "pattern": "**/*" })).await;
    assert_eq!(all, ["dir", "dir/deep", "inside.txt", "link_inside"]);
}

#[tokio::test]
async fn the_folder_itself_is_made_by_the_first_write() {
    let all = TempDir::new().unwrap();
    let root = all.path().join("not/there");
    let failure = call(&root, "file.list", json!({})).await.unwrap_err();
    assert_eq!(failure.to_string(), "`the folder of files` does not exist (not_found)");
    call(&root, "file.write", json!({ "path": "a.txt", "text": "a" })).await.unwrap();
    assert_eq!(paths(&root, json!({})).await, ["a.txt"]);
}
