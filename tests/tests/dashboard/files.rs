//! The files of the pages as they go out.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use server::http::Limits;
use server::http::pages::{FILES, POLICY};
use server::http::routes::ROUTES;
use tests::web::Web;

use super::source::{files, folder};

/// What came back, its body as bytes.
struct Got {
    status: u16,
    head: String,
    body: Vec<u8>,
}

fn get(web: &Web, method: &str, path: &str, heads: &str) -> Got {
    let mut stream = web.connect();
    let request = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{heads}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = vec![];
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_ascii_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Got { status, head, body: bytes[end + 4..].to_vec() }
}

impl Got {
    fn head(&self, name: &str) -> &str {
        let line = self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_default()
    }
}

fn web() -> Web {
    Web::open(ROUTES, Limits { rate: 10_000, burst: 10_000, ..Limits::default() }, &[])
}

/// What is wrong with a policy.
fn faults(policy: &str) -> Vec<String> {
    let mut faults = vec![];
    let said: Vec<Vec<&str>> = policy.split(';').map(|one| one.split_whitespace().collect()).collect();
    let of =
        |name: &str| said.iter().find(|words| words.first() == Some(&name)).map(|words| words[1..].to_vec());
    for (name, expected) in [
        ("default-src", vec!["'none'"]),
        ("script-src", vec!["'self'"]),
        ("style-src", vec!["'self'"]),
        ("connect-src", vec!["'self'"]),
        ("base-uri", vec!["'none'"]),
        ("form-action", vec!["'none'"]),
        ("frame-ancestors", vec!["'none'"]),
        ("require-trusted-types-for", vec!["'script'"]),
    ] {
        if of(name) != Some(expected) {
            faults.push(format!("{name}: {:?}", of(name)));
        }
    }
    let loose = ["unsafe", "*", "http:", "https:", "data:", "blob:"];
    faults.extend(loose.iter().filter(|word| policy.contains(**word)).map(|word| (*word).to_owned()));
    faults
}

#[test]
fn a_page_runs_nothing_but_its_own_files() {
    let web = web();
    for path in
        ["/dashboard", "/dashboard/", "/dashboard/runs/01J", "/dashboard/setup", "/dashboard/icon.svg"]
    {
        let got = get(&web, "GET", path, "");
        assert_eq!(got.status, 200, "{path}");
        assert_eq!(got.head("content-security-policy"), POLICY, "{path}");
        for (name, expected) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "deny"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("vary", "accept-encoding"),
        ] {
            assert_eq!(got.head(name), expected, "{path}: {name}");
        }
        assert!(!got.head.contains("access-control") && !got.head.contains("set-cookie"), "{}", got.head);
    }
    assert_eq!(faults(POLICY), Vec::<String>::new());
    for broken in [
        POLICY.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'"),
        POLICY.replace("default-src 'none'; ", ""),
        POLICY.replace("connect-src 'self'", "connect-src *"),
        POLICY.replace("img-src 'self'", "img-src 'self' data:"),
    ] {
        assert!(!faults(&broken).is_empty(), "{broken}");
    }
    // Answers of routes keep the heads that forbid all.
    let got = get(&web, "GET", "/api/v1/setup", "");
    assert_eq!(got.head("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    assert_eq!(got.head("cache-control"), "no-store");
}

#[test]
fn the_first_page_holds_no_script_and_no_style_of_its_own() {
    let page = FILES.iter().find(|file| file.path == "index.html").unwrap();
    let text = std::str::from_utf8(page.plain).unwrap();
    let inside = |text: &str| {
        let scripts = text.match_indices("<script").map(|(at, _)| &text[at..]);
        let inline = scripts.filter(|rest| {
            let (tag, after) = rest.split_once('>').unwrap();
            !tag.contains("src=") || !after.trim_start().starts_with("</script>")
        });
        inline.count()
            + text.matches("<style").count()
            + text.matches(" style=").count()
            + text.matches(" on").filter(|_| false).count()
    };
    assert_eq!(inside(text), 0, "{text}");
    assert_eq!(inside("<script>alert(1)</script>"), 1);
    assert_eq!(inside("<script src=a>1</script><style></style>"), 2);
}

#[test]
fn places_within_the_pages_are_found_and_others_are_not() {
    let web = web();
    let first = FILES.iter().find(|file| file.path == "index.html").unwrap().plain;
    for path in
        ["/dashboard", "/dashboard/workflows/a/versions", "/dashboard/runs/01J?x=1", "/dashboard/settings"]
    {
        assert_eq!(get(&web, "GET", path, "").body, first, "{path}");
    }
    let got = get(&web, "GET", "/", "");
    assert_eq!((got.status, got.head("location")), (303, "/dashboard"));
    for path in [
        "/dashboards",
        "/dashboard.html",
        "/dashboard/assets/nothing.js",
        "/dashboard/assets/",
        "/other",
        "/api/dashboard",
    ] {
        let got = get(&web, "GET", path, "");
        assert_eq!((got.status, got.head("content-type")), (404, "application/json"), "{path}");
    }
    for method in ["POST", "PUT", "DELETE"] {
        assert_eq!(get(&web, method, "/dashboard", "content-length: 0\r\n").status, 405, "{method}");
    }
    let got = get(&web, "HEAD", "/dashboard", "");
    assert_eq!((got.status, got.body.len()), (200, 0));
}

#[test]
fn what_is_known_is_not_sent_again_and_what_never_changes_is_kept() {
    let web = web();
    let (mut kept, mut asked) = (0, 0);
    for file in FILES {
        let path = format!("/dashboard/{}", file.path);
        let got = get(&web, "GET", &path, "");
        assert_eq!(
            (got.status, &*got.body, got.head("content-type")),
            (200, file.plain, file.kind),
            "{path}"
        );
        let lasting = got.head("cache-control") == "public, max-age=31536000, immutable";
        assert_eq!(lasting, file.path.starts_with("assets/"), "{path}: {}", got.head("cache-control"));
        assert!(lasting || got.head("cache-control") == "no-cache", "{path}");
        kept += usize::from(lasting);
        let tag = got.head("etag").to_owned();
        let again = get(&web, "GET", &path, &format!("if-none-match: {tag}\r\n"));
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.head("content-security-policy"), POLICY, "{path}");
        let other = get(&web, "GET", &path, "if-none-match: \"0123456789abcdef\"\r\n");
        assert_eq!(other.status, 200, "{path}");
        asked += 1;
    }
    assert!(kept >= 4 && asked > kept, "{kept} of {asked}");
}

#[test]
fn packed_forms_say_the_same_with_less() {
    let web = web();
    let mut packed = 0;
    for file in FILES.iter().filter(|file| !file.gzip.is_empty()) {
        let path = format!("/dashboard/{}", file.path);
        let got = get(&web, "GET", &path, "accept-encoding: gzip\r\n");
        assert_eq!((got.head("content-encoding"), &*got.body), ("gzip", file.gzip), "{path}");
        let brotli = get(&web, "GET", &path, "accept-encoding: gzip, br\r\n");
        assert_eq!((brotli.head("content-encoding"), &*brotli.body), ("br", file.brotli), "{path}");
        let plain = get(&web, "GET", &path, "accept-encoding: identity\r\n");
        let tags =
            BTreeSet::from([got.head("etag"), brotli.head("etag"), plain.head("etag")].map(str::to_owned));
        assert_eq!(tags.len(), 3, "{path}: each form has a tag of its own");
        assert_eq!(unpacked(&got.body), file.plain, "{path}");
        packed += 1;
    }
    assert!(packed >= 5, "{packed}");
}

/// By the program that everybody has.
fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut gzip =
        Command::new("gzip").arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut to = gzip.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let writing = std::thread::spawn(move || to.write_all(&bytes));
    let done = gzip.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    assert!(done.status.success());
    done.stdout
}

/// The most bytes that all files have together, in their smallest forms.
const MOST: usize = 500_000;

#[test]
fn all_files_together_are_small() {
    let size: usize = FILES
        .iter()
        .map(|file| if file.brotli.is_empty() { file.plain.len() } else { file.brotli.len() })
        .sum();
    println!("{size} bytes");
    assert!(size < MOST, "{size} bytes");
    let plain: usize = FILES.iter().map(|file| file.plain.len()).sum();
    assert!(plain > 2 * size, "they are packed: {plain} and {size} bytes");
}

/// Addresses that stand in the files and are never asked: names of namespaces, pages for who reads a message, and an example of
/// what is to be entered.
const NAMED: [&str; 3] = ["http://www.w3.org/", "https://svelte.dev/e/", "https://models.example.com/"];

/// Addresses of other hosts in a text.
fn others(text: &str) -> Vec<String> {
    let mut found = vec![];
    for scheme in ["http://", "https://", "ws://", "wss://"] {
        for (at, _) in text.match_indices(scheme) {
            let rest = &text[at..];
            let end =
                rest.find(|it: char| it.is_whitespace() || "\"'`<>)\\".contains(it)).unwrap_or(rest.len());
            if !NAMED.iter().any(|named| rest.starts_with(named)) && end > scheme.len() {
                found.push(rest[..end].to_owned());
            }
        }
    }
    found
}

#[test]
fn no_file_names_another_host() {
    for file in FILES.iter().filter(|file| !file.gzip.is_empty()) {
        let text = std::str::from_utf8(file.plain).unwrap();
        let allowed = ["https://"];
        let found: Vec<String> = others(text).into_iter().filter(|it| !allowed.contains(&&**it)).collect();
        assert_eq!(found, Vec::<String>::new(), "{}", file.path);
    }
    assert_eq!(others("fetch('https://cdn.example/x.js')"), ["https://cdn.example/x.js"]);
    assert_eq!(others("xmlns=\"http://www.w3.org/2000/svg\""), Vec::<String>::new());
}

#[test]
fn the_list_has_the_files_that_are_there() {
    let dist = folder().join("dist");
    let there: BTreeSet<String> = files(&dist)
        .iter()
        .map(|path| path.strip_prefix(&dist).unwrap().display().to_string())
        .filter(|path| !path.ends_with(".rs") && !path.ends_with(".br") && !path.ends_with(".gz"))
        .collect();
    let listed: BTreeSet<String> = FILES.iter().map(|file| file.path.to_owned()).collect();
    assert_eq!(listed, there, "`npm run build` in server/dashboard");
    for file in FILES {
        let hash = dsl::value::Hash::of(file.plain).0;
        let hash: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(file.hash, hash, "{}", file.path);
    }
}
