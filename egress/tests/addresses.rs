//! No spelling of a private address, no redirect and no name that changes its meaning leads to a
//! connection.

#![allow(clippy::unwrap_used, reason = "a test may give up")]

mod support;

use std::net::{IpAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use egress::{Client, Error, Looking, Lookup, Method, Policy, Request};
use secret::NoVault;
use support::{Server, ok, redirect};

/// Spellings of this machine, most of which a connection would reach; `PORT` is the listener's.
const HERE: [&str; 49] = [
    "http://127.0.0.1:PORT/",
    "http://127.0.0.1.:PORT/",
    "http://127.1:PORT/",
    "http://127.0.1:PORT/",
    "http://2130706433:PORT/",
    "http://2130706434:PORT/",
    "http://0x7f000001:PORT/",
    "http://0X7F000001:PORT/",
    "http://0x7f.0.0.1:PORT/",
    "http://0x7f.1:PORT/",
    "http://0x7f.0x0.0x0.0x1:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://0177.1:PORT/",
    "http://017700000001:PORT/",
    "http://0177.0.0.01:PORT/",
    "http://00177.0x0.0.1:PORT/",
    "http://127.00.000.0001:PORT/",
    "http://127.0.0x1:PORT/",
    "http://127.0.0.2:PORT/",
    "http://127.1.2.3:PORT/",
    "http://127.255.255.254:PORT/",
    "http://①②⑦.⓪.⓪.①:PORT/",
    "http://127.0.0.1:PORT/",
    "http://127。0。0。1:PORT/",
    "http://127.%30.0.1:PORT/",
    "http://%31%32%37.0.0.1:PORT/",
    "http://127.0.\t0.1:PORT/",
    "http://127.0.\n0.1:PORT/",
    "  http://127.0.0.1:PORT/  ",
    "http:127.0.0.1:PORT/",
    "http:/127.0.0.1:PORT/",
    "http:///127.0.0.1:PORT/",
    "http:\\\\127.0.0.1:PORT\\",
    "HTTP://127.0.0.1:PORT/",
    "http://0:PORT/",
    "http://0.0.0.0:PORT/",
    "http://0x0:PORT/",
    "http://00000000:PORT/",
    "http://localhost:PORT/",
    "http://LOCALHOST:PORT/",
    "http://lOcAlHoSt:PORT/",
    "http://localhost:PORT/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:PORT/",
    "http://[::1]:PORT/",
    "http://[0:0:0:0:0:0:0:1]:PORT/",
    "http://[0000::0001]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::FFFF:7F00:1]:PORT/",
    "http://[::]:PORT/",
];

/// Other private addresses, which nobody may try to reach.
const ELSEWHERE: [&str; 34] = [
    "http://10.0.0.1:PORT/",
    "http://167772161:PORT/",
    "http://0xa000001:PORT/",
    "http://012.0.0.1:PORT/",
    "http://172.16.0.1:PORT/",
    "http://172.31.255.255:PORT/",
    "http://192.168.0.1:PORT/",
    "http://192.168.257:PORT/",
    "http://3232235521:PORT/",
    "http://169.254.169.254:PORT/latest/meta-data/",
    "http://2852039166:PORT/",
    "http://0xa9fea9fe:PORT/",
    "http://0251.0376.0251.0376:PORT/",
    "http://169.254.43518:PORT/",
    "http://100.64.0.1:PORT/",
    "http://100.100.100.200:PORT/",
    "http://168.63.129.16:PORT/",
    "http://192.0.0.192:PORT/",
    "http://198.18.0.1:PORT/",
    "http://224.0.0.1:PORT/",
    "http://255.255.255.255:PORT/",
    "http://240.0.0.1:PORT/",
    "http://a.localhost:PORT/",
    "http://localhost.:PORT/",
    "http://a.localhost.:PORT/",
    "http://[::ffff:10.0.0.1]:PORT/",
    "http://[::ffff:a9fe:a9fe]:PORT/",
    "http://[::127.0.0.1]:PORT/",
    "http://[64:ff9b::7f00:1]:PORT/",
    "http://[2002:7f00:1::]:PORT/",
    "http://[fe80::1]:PORT/",
    "http://[fd00:ec2::254]:PORT/",
    "http://[fc00::1]:PORT/",
    "http://[ff02::1]:PORT/",
];

/// A server that is reached by every address of this machine, and whether IPv6 is one of them.
fn everywhere() -> (Server, bool) {
    let both = TcpListener::bind("[::]:0").is_ok() && TcpListener::bind("[::1]:0").is_ok();
    (Server::start_at(if both { "[::]:0" } else { "0.0.0.0:0" }, |_| ok("text/plain", "inside")), both)
}

fn client(policy: Policy) -> Client {
    Client::new(policy, Arc::new(NoVault))
}

async fn get(client: &Client, url: impl Into<String>) -> Result<egress::Response, Error> {
    client.send(Request::new(Method::GET, url)).await
}

fn at(spelling: &str, server: &Server) -> String {
    spelling.replace("PORT", &server.port().to_string())
}

/// Stands for a public server: its address is the only one of this machine that may be called.
const OUTSIDE: &str = "127.0.0.9";

fn guarded() -> Policy {
    Policy { allowed: vec![OUTSIDE.parse().unwrap()], ..Policy::default() }
}

#[tokio::test]
async fn no_spelling_of_a_private_address_is_connected_to() {
    let (server, _) = everywhere();
    let client = client(guarded());
    for spelling in HERE.iter().chain(&ELSEWHERE) {
        let got = get(&client, at(spelling, &server)).await;
        assert!(matches!(got, Err(Error::Refused(_))), "{spelling}: {got:?}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn the_same_spellings_reach_the_listener_where_private_addresses_are_allowed() {
    let (server, both) = everywhere();
    let client = client(Policy { allow_private: true, ..Policy::default() });
    let reachable: Vec<&str> = HERE.into_iter().filter(|spelling| both || !spelling.contains('[')).collect();
    for spelling in &reachable {
        let got = get(&client, at(spelling, &server)).await;
        assert!(matches!(&got, Ok(response) if response.body == "inside"), "{spelling}: {got:?}");
    }
    assert_eq!(server.requests().len(), reachable.len());
}

#[tokio::test]
async fn no_redirect_leads_to_a_private_address() {
    let (inside, _) = everywhere();
    let client = client(guarded());
    // A header cannot hold a line's end, and behind a lone `http:` stands a path.
    let cannot =
        |spelling: &str| spelling.contains('\n') || !spelling.contains("//") && !spelling.contains("\\\\");
    for spelling in HERE.iter().chain(&ELSEWHERE).filter(|spelling| !cannot(spelling)) {
        let target = at(spelling, &inside);
        let outside = Server::start_at(&format!("{OUTSIDE}:0"), move |_| redirect(302, &target));
        let got = get(&client, outside.url("/")).await;
        assert!(matches!(got, Err(Error::Refused(_))), "{spelling}: {got:?}");
        assert_eq!(outside.requests().len(), 1, "{spelling}: the redirect was asked for");
    }
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn a_redirect_reaches_the_listener_where_private_addresses_are_allowed() {
    let (inside, _) = everywhere();
    let target = at("http://127.1:PORT/", &inside);
    let outside = Server::start_at(&format!("{OUTSIDE}:0"), move |_| redirect(302, &target));
    let client = client(Policy { allow_private: true, ..Policy::default() });
    assert_eq!(get(&client, outside.url("/")).await.unwrap().body, "inside");
    assert_eq!(inside.connections(), 1);
}

/// Answers with the public address at the first look and with another one ever after.
struct Rebinding {
    then: Vec<IpAddr>,
    looks: AtomicUsize,
}

impl Lookup for Rebinding {
    fn look_up(&self, _: &str) -> Looking {
        let look = self.looks.fetch_add(1, Ordering::SeqCst);
        let found = if look == 0 { vec![OUTSIDE.parse().unwrap()] } else { self.then.clone() };
        Box::pin(async move { Ok(found) })
    }
}

fn rebinding(policy: Policy, then: &[&str]) -> Client {
    let then = then.iter().map(|address| address.parse().unwrap()).collect();
    Client::with_lookup(policy, Arc::new(NoVault), Arc::new(Rebinding { then, looks: AtomicUsize::new(0) }))
}

#[tokio::test]
async fn a_name_that_turns_private_is_refused_at_the_second_look() {
    for then in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::"] {
        let (server, _) = everywhere();
        let client = rebinding(guarded(), &[then]);
        let url = format!("http://rebind.example:{}/", server.port());
        assert_eq!(get(&client, &url).await.unwrap().body, "inside", "the first look is allowed");
        let got = get(&client, &url).await;
        assert!(
            matches!(&got, Err(Error::Refused(text)) if text.contains("rebind.example")),
            "{then}: {got:?}"
        );
        assert_eq!(server.connections(), 1, "{then}");
    }
}

#[tokio::test]
async fn a_name_that_turns_private_within_a_redirect_is_refused() {
    let server = Server::start_at("0.0.0.0:0", |_| redirect(302, "/again"));
    let got =
        get(&rebinding(guarded(), &["127.0.0.1"]), format!("http://rebind.example:{}/", server.port())).await;
    assert!(matches!(&got, Err(Error::Refused(text)) if text.contains("127.0.0.1")), "{got:?}");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_name_that_turns_private_is_followed_where_that_is_allowed() {
    let (server, _) = everywhere();
    let client = rebinding(Policy { allow_private: true, ..Policy::default() }, &["127.0.0.1"]);
    let url = format!("http://rebind.example:{}/", server.port());
    for _ in 0..2 {
        assert_eq!(get(&client, &url).await.unwrap().body, "inside");
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn of_several_addresses_only_the_allowed_ones_are_connected_to() {
    let server = Server::start_at(&format!("{OUTSIDE}:0"), |_| ok("text/plain", "outside"));
    let client = rebinding(guarded(), &["127.0.0.1", OUTSIDE, "::1"]);
    let url = format!("http://several.example:{}/", server.port());
    for _ in 0..2 {
        assert_eq!(get(&client, &url).await.unwrap().body, "outside");
    }
}

#[tokio::test]
async fn a_name_without_addresses_is_no_connection_and_nothing_was_sent() {
    let client = rebinding(guarded(), &[]);
    let _ = get(&client, "http://none.example:1/").await;
    let got = get(&client, "http://none.example:1/").await;
    assert!(matches!(&got, Err(Error::Network { before_send: true, .. })), "{got:?}");
}
