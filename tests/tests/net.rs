//! The control of the last net: by a `keyway` that passes answers on as they came, the scan for a secret turns red.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use tests::canary::Canary;
use tests::keyway::{Keyway, binary, finish};

/// Builds the binary whose net is off, apart from the usual one.
fn bare() -> PathBuf {
    let target = tests::root().join("target/planted");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let mut build = Command::new(cargo);
    build
        .args(["build", "--quiet", "--package", "cli", "--features", "planted", "--target-dir"])
        .arg(&target);
    assert!(build.current_dir(tests::root()).status().expect("cargo can be run").success(), "it builds");
    target.join("debug/keyway")
}

/// A service that says back what it was sent.
fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it has an address").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream.try_clone().expect("a stream can be read"));
            let (mut head, mut length) = (String::new(), 0);
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).is_ok_and(|read| read > 0) {
                let last = head.lines().last().unwrap_or_default().to_ascii_lowercase();
                length =
                    last.strip_prefix("content-length: ").and_then(|it| it.parse().ok()).unwrap_or(length);
            }
            let mut body = vec![0; length];
            // A client that goes away has nothing to be told.
            let _ = reader.read_exact(&mut body);
            let said = serde_json::json!({ "you_said": head + &String::from_utf8_lossy(&body) }).to_string();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{said}",
                said.len()
            );
        }
    });
    port
}

/// How many traces a run leaves that sends a secret to a service which says it back.
fn traces(binary: &Path, port: u16) -> usize {
    let folder = tempfile::tempdir().expect("a folder");
    let keyway = Keyway::at(folder.path().join("data"));
    let canary = Canary::new("net");
    let add = keyway.run_with(&["secrets", "add", "CRM", "--host", "127.0.0.1", "--stdin"], &canary.value);
    assert_eq!(add.code, Some(0), "{add:?}");
    let file = folder.path().join("ask.yaml");
    let text = format!(
        "name: ask\nsteps:\n  ask:\n    http:\n      url: http://127.0.0.1:{port}/\n      \
         auth: {{ bearer: \"{{{{ secret('CRM') }}}}\" }}\noutput: {{ said: \"{{{{ steps.ask.body }}}}\" }}\n"
    );
    std::fs::write(&file, text).expect("a file in a folder of ours");
    let arguments = ["run".as_ref(), file.as_os_str(), "--json".as_ref(), "--allow-private".as_ref()];
    let answer = finish(keyway.command_of(binary, &arguments));
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let (_, found) = canary.in_folder(&keyway.data);
    found.len() + canary.in_bytes(Path::new("run"), answer.stdout.as_bytes()).len()
}

#[test]
fn answers_that_are_passed_on_as_they_came_would_be_seen() {
    let port = echo();
    assert_eq!(traces(binary(), port), 0, "the net holds");
    let seen = traces(&bare(), port);
    println!("{seen} traces without the net");
    assert!(seen > 1, "{seen}");
}
