//! Files through connectors: taken piece by piece, kept whole or not at all, sent on as they are.

#![allow(clippy::unwrap_used)]

#[path = "../../egress/tests/support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use connectors::connection::{Coming, Connection, Connections};
use connectors::contents::Contents;
use connectors::library::Library;
use connectors::manifest::Manifest;
use connectors::{Connectors, Request, Settings};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::{Content, File, Hash, Value};
use egress::{Client, Policy};
use secret::{NoVault, Open, Refused, Secret};
use support::{Reply, Server, answer, body, header, line};
use tempfile::TempDir;

const CANARY: &str = "canary-0123456789";

/// More than a value carries.
const LARGE: usize = 10 * 1024 * 1024 + 1;

const DISK: &str = r#"
connector: disk
name: Disk
version: 1.0.0
about: A service that keeps files.
hosts: [disk.example]
base: https://disk.example
auth:
  bearer: { kind: bearer }
defaults:
  errors:
    - { when: response.status == 404, as: not_found, message: "{{ response.body.why }}" }
actions:
  download:
    about: Download.
    effect: read
    safety: read
    input: { id: { type: string, description: "Which." } }
    request: { method: GET, path: "/files/{{ input.id }}", reads: bytes }
    output: { file: "{{ response.body }}" }
    returns: { file: bytes }
  download_as:
    about: Download under a name.
    effect: read
    safety: read
    input: { name: { type: string, description: "The name." } }
    request: { method: GET, path: /files, reads: bytes, file_name: "{{ input.name }}" }
    output: { file: "{{ response.body }}" }
    returns: { file: bytes }
  upload:
    about: Upload.
    effect: create
    safety: once
    input: { file: { type: bytes, description: "The file." } }
    request: { method: POST, path: /up, bytes: "{{ input.file }}", query: { name: "{{ input.file.name }}", size: "{{ input.file.size }}" } }
    returns: any
  upload_parts:
    about: Upload.
    effect: create
    safety: once
    input: { file: { type: bytes, description: "The file." } }
    request: { method: POST, path: /up, multipart: { title: a, file: "{{ input.file }}" } }
    returns: any
  upload_related:
    about: Upload.
    effect: create
    safety: once
    input: { file: { type: bytes, description: "The file." } }
    request:
      method: POST
      path: /up
      related: { json: { name: "{{ input.file.name }}" }, file: "{{ input.file }}" }
    returns: any
"#;

static EGRESS: LazyLock<Client> =
    LazyLock::new(|| Client::new(Policy { allow_private: true, ..Policy::default() }, Arc::new(NoVault)));

struct One;

impl Open for One {
    fn open(&self, _: &str, _: &str) -> Result<Secret, Refused> {
        Ok(Secret::new(CANARY.into()))
    }
}

impl Connections for One {
    fn fresh<'a>(&'a self, _: &'a Manifest, _: Option<&'a str>) -> Coming<'a> {
        let secrets = [("token".to_owned(), "token".to_owned())].into();
        let connection = Connection { secrets, open: Arc::new(One), ..Connection::nobody("bearer") };
        Box::pin(std::future::ready(Ok(connection)))
    }

    fn refused<'a>(&'a self, _: &'a Manifest, _: &'a Connection) -> Coming<'a> {
        Box::pin(std::future::ready(Err(Failure::new(FailureKind::Auth, "connect again"))))
    }
}

/// A folder of files, and one of contents beside it.
struct Ground {
    folder: TempDir,
}

impl Ground {
    fn new() -> Ground {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("files")).unwrap();
        Ground { folder }
    }

    fn kept(&self) -> std::path::PathBuf {
        self.folder.path().join("contents")
    }

    fn names(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.kept()) else { return vec![] };
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn connectors(&self, contents: Contents) -> Connectors {
        let library = Library::default().with_text("disk", DISK.to_owned());
        let read = library.read("disk").unwrap();
        assert!(read.diagnostics.is_empty(), "{:#?}", read.diagnostics);
        Connectors::new(Settings {
            files: self.folder.path().join("files"),
            protected: vec![],
            contents,
            egress: EGRESS.clone(),
            library: Arc::new(library),
            connections: Arc::new(One),
            meter: connectors::meter::Metered::default(),
        })
    }

    async fn call(&self, server: Option<&Server>, action: &str, args: Value) -> Result<Value, Failure> {
        let base = server.map(|server| server.url(""));
        let request = Request { base: base.as_deref(), ..Request::new(action, &args, "key") };
        self.connectors(Contents::new(self.kept())).call(request).await
    }

    async fn download(&self, server: &Server) -> Result<Arc<File>, Failure> {
        let args = Value::object([("id", Value::text("a"))]);
        self.call(Some(server), "disk.download", args).await.map(|value| file(&value))
    }
}

fn file(value: &Value) -> Arc<File> {
    match value.get("file") {
        Some(Value::File(file)) => file.clone(),
        other => panic!("no file: {other:?}"),
    }
}

fn saying(size: usize) -> Server {
    Server::start(move |_| {
        let name = ("content-disposition", "attachment; filename=\"../../a.bin\"");
        answer(200, &[("content-type", "video/mp4"), name], &"x".repeat(size))
    })
}

#[tokio::test]
async fn a_short_file_is_in_its_value_and_a_long_one_on_the_disk() {
    for size in [0, 1, LARGE - 1, LARGE] {
        let (ground, server) = (Ground::new(), saying(size));
        let file = ground.download(&server).await.unwrap();
        assert_eq!((file.size(), &*file.media_type), (size as u64, "video/mp4"));
        assert_eq!(file.name.as_deref(), Some("a.bin"), "a name from the network is a name alone");
        match &file.content {
            Content::Here(_) => assert!(size < LARGE && ground.names().is_empty()),
            Content::Kept(hash, _) => {
                assert_eq!(*hash, Hash::of("x".repeat(size).as_bytes()));
                assert_eq!((size, ground.names()), (LARGE, vec![hash.to_string()]));
                // The same once more is kept once.
                assert_eq!(ground.download(&server).await.unwrap(), file);
                assert_eq!(ground.names().len(), 1);
            }
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_kept_is_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let ground = Ground::new();
    ground.download(&saying(LARGE)).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&ground.kept()), 0o700);
    assert_eq!(mode(&ground.kept().join(&ground.names()[0])), 0o600);
}

#[tokio::test]
async fn an_answer_that_is_cut_off_or_given_up_leaves_nothing() {
    let begun = |rest: &str| {
        let mut bytes = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", LARGE * 2).into_bytes();
        bytes.extend_from_slice(rest.repeat(LARGE).as_bytes());
        bytes
    };
    let (ground, bytes) = (Ground::new(), begun("y"));
    let server = Server::start(move |_| Reply::Bytes(bytes.clone()));
    let failure = ground.download(&server).await.unwrap_err();
    assert!(failure.kind == FailureKind::Network && failure.retryable, "{failure:?}");
    let bytes = begun("z");
    let server = Server::start(move |_| Reply::Stall(bytes.clone()));
    let gave_up = tokio::time::timeout(Duration::from_millis(500), ground.download(&server)).await;
    assert!(gave_up.is_err());
    drop(server);
    // The thread that writes sees the end of its pieces.
    for _ in 0..100 {
        if ground.names().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?}", ground.names());
}

#[tokio::test]
async fn a_file_that_is_too_long_is_refused_before_and_while_it_comes() {
    let ground = Ground::new();
    for head in ["content-length: 6000000000\r\n", ""] {
        let server =
            Server::start(move |_| Reply::Endless(format!("HTTP/1.1 200 OK\r\n{head}\r\n").into_bytes()));
        let args = Value::object([("id", Value::text("a"))]);
        let base = server.url("");
        let policy = Policy { allow_private: true, max_streamed: LARGE as u64 * 2, ..Policy::default() };
        let connectors = Connectors::new(Settings {
            files: ground.folder.path().into(),
            protected: vec![],
            contents: Contents::new(ground.kept()),
            egress: Client::new(policy, Arc::new(NoVault)),
            library: Arc::new(Library::default().with_text("disk", DISK.to_owned())),
            connections: Arc::new(One),
            meter: connectors::meter::Metered::default(),
        });
        let request = Request { base: Some(&base), ..Request::new("disk.download", &args, "key") };
        let failure = connectors.call(request).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Limit, "{failure}");
        assert!(failure.message.ends_with("a file is longer than 20971522 bytes"), "{failure}");
        assert!(!failure.retryable);
    }
}

#[tokio::test]
async fn where_nothing_is_kept_a_long_file_is_a_failure() {
    let (ground, server) = (Ground::new(), saying(LARGE));
    let (args, base) = (Value::object([("id", Value::text("a"))]), server.url(""));
    let request = Request { base: Some(&base), ..Request::new("disk.download", &args, "key") };
    let failure = ground.connectors(Contents::none()).call(request).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Limit, "{failure}");
}

#[tokio::test]
async fn a_redirect_to_where_the_file_lies_goes_without_the_token() {
    let storage = saying(5);
    let to = storage.url("/signed?sig=abc");
    let server = Server::start(move |_| answer(302, &[("location", &to)], ""));
    let file = Ground::new().download(&server).await.unwrap();
    assert_eq!(file.size(), 5);
    let token = format!("Bearer {CANARY}");
    assert_eq!(header(&server.requests()[0], "authorization"), Some(token.as_str()));
    assert_eq!(header(&storage.requests()[0], "authorization"), None);
    assert!(!storage.requests()[0].contains(CANARY));
}

#[tokio::test]
async fn a_refusal_is_read_as_what_it_is_and_not_as_a_file() {
    let server =
        Server::start(|_| answer(404, &[("content-type", "application/json")], r#"{"why":"it is gone"}"#));
    let failure = Ground::new().download(&server).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotFound);
    assert!(failure.message.contains("it is gone"), "{failure}");
}

#[tokio::test]
async fn a_manifest_gives_a_file_its_name() {
    let server = saying(3);
    let args = Value::object([("name", Value::text("../up/b.txt"))]);
    let value = Ground::new().call(Some(&server), "disk.download_as", args).await.unwrap();
    assert_eq!(file(&value).name.as_deref(), Some("b.txt"));
}

#[tokio::test]
async fn a_file_goes_on_as_it_came_in_each_kind_of_body() {
    for size in [3, LARGE] {
        let ground = Ground::new();
        let file = ground.download(&saying(size)).await.unwrap();
        let content = "x".repeat(size);
        for action in ["disk.upload", "disk.upload_parts", "disk.upload_related"] {
            let up = Server::saying("thanks");
            let args = Value::object([("file", Value::File(file.clone()))]);
            ground.call(Some(&up), action, args).await.unwrap();
            let seen = &up.requests()[0];
            let kind = header(seen, "content-type").unwrap();
            let length: usize = header(seen, "content-length").unwrap().parse().unwrap();
            assert_eq!(length, body(seen).len(), "{action}");
            let line_of = kind.split_once("boundary=").map(|(_, text)| text.to_owned()).unwrap_or_default();
            let wanted = match action {
                "disk.upload" => {
                    assert_eq!(line(seen), format!("POST /up?name=a.bin&size={size} HTTP/1.1"));
                    content.clone()
                }
                "disk.upload_parts" => format!(
                    "--{line_of}\r\ncontent-disposition: form-data; name=\"title\"\r\n\r\na\r\n--{line_of}\r\n\
                     content-disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\
                     content-type: video/mp4\r\n\r\n{content}\r\n--{line_of}--\r\n"
                ),
                _ => format!(
                    "--{line_of}\r\ncontent-type: application/json; charset=utf-8\r\n\r\n{{\"name\":\"a.bin\"}}\r\n\
                     --{line_of}\r\ncontent-type: video/mp4\r\n\r\n{content}\r\n--{line_of}--\r\n"
                ),
            };
            assert!(body(seen) == wanted, "{action} with {size} bytes: {}", &body(seen)[..300.min(length)]);
        }
    }
}

#[tokio::test]
async fn a_file_comes_from_the_folder_and_goes_there_whatever_its_size() {
    for size in [3, LARGE, 17 * 1024 * 1024] {
        let ground = Ground::new();
        std::fs::write(ground.folder.path().join("files/in.bin"), "y".repeat(size)).unwrap();
        let args = Value::object([("path", Value::text("in.bin")), ("as", Value::text("bytes"))]);
        let Value::File(file) = ground.call(None, "file.read", args).await.unwrap() else {
            panic!("no file")
        };
        assert_eq!((file.size(), ground.names().len()), (size as u64, usize::from(size >= LARGE)));
        let args = Value::object([("path", Value::text("out/b.bin")), ("bytes", Value::File(file))]);
        let gave = ground.call(None, "file.write", args).await.unwrap();
        assert_eq!(gave.get("size"), Some(&Value::Int(size as i64)));
        assert!(
            std::fs::read(ground.folder.path().join("files/out/b.bin")).unwrap()
                == "y".repeat(size).as_bytes()
        );
    }
}

#[tokio::test]
async fn a_handle_leads_to_contents_alone() {
    let ground = Ground::new();
    let up = Server::saying("thanks");
    std::fs::create_dir(ground.kept()).unwrap();
    std::fs::write(ground.folder.path().join("secret"), "top").unwrap();
    let kept = |hash: Hash, size: u64| {
        Arc::new(File { content: Content::Kept(hash, size), ..File::new([], "text/plain") })
    };
    // One that is not there, one that was changed, and one that is a link to elsewhere.
    let (gone, changed, link) = (Hash::of(b"gone"), Hash::of(b"changed"), Hash::of(b"link"));
    std::fs::write(ground.kept().join(changed.to_string()), "four").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(ground.folder.path().join("secret"), ground.kept().join(link.to_string()))
        .unwrap();
    for (hash, size) in [(gone, 4), (changed, 5), (link, 3)] {
        let args = Value::object([("file", Value::File(kept(hash, size)))]);
        let failure = ground.call(Some(&up), "disk.upload", args).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::NotFound, "{failure}");
    }
    // What an author writes is no handle: neither the plain form of one, nor its stored one.
    let handle = Value::File(kept(changed, 4));
    for written in [handle.to_json(), serde_json::from_slice(&handle.stored()).unwrap()] {
        let args = Value::object([("file", Value::from_json(written))]);
        let failure = ground.call(Some(&up), "disk.upload", args).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Type, "{failure}");
    }
    assert!(up.requests().is_empty());
    // The handle itself does lead there.
    let args = Value::object([("file", handle)]);
    ground.call(Some(&up), "disk.upload", args).await.unwrap();
    assert_eq!(body(&up.requests()[0]), "four");
}

#[tokio::test]
async fn a_sweep_takes_what_is_old_and_not_needed() {
    let ground = Ground::new();
    let needed = ground.download(&saying(LARGE)).await.unwrap();
    let free = ground.download(&saying(LARGE + 1)).await.unwrap();
    std::fs::write(ground.kept().join("unfinished-1-1"), "half").unwrap();
    std::fs::write(ground.kept().join("README"), "not ours").unwrap();
    let hash = |file: &File| match &file.content {
        Content::Kept(hash, _) => *hash,
        Content::Here(_) => panic!("it is kept"),
    };
    let (contents, all) = (Contents::new(ground.kept()), BTreeSet::from([hash(&needed)]));
    // What came after the moment stays, needed or not.
    let young = contents.sweep(&all, SystemTime::now() - Duration::from_secs(3600)).unwrap();
    assert_eq!((young.files, ground.names().len()), (0, 4));
    let swept = contents.sweep(&all, SystemTime::now() + Duration::from_secs(1)).unwrap();
    assert_eq!((swept.files, swept.bytes), (2, LARGE as u64 + 1 + 4));
    let left: BTreeSet<String> = ground.names().into_iter().collect();
    assert_eq!(left, BTreeSet::from([hash(&needed).to_string(), "README".to_owned()]));
    assert!(!left.contains(&hash(&free).to_string()));
}
