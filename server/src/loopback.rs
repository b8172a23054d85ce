//! Where a browser comes back to that a command has sent away: one address of this machine, for one connector, until one
//! answer is there. Nothing is read of it but its query, and whether it belongs to the sign-in is for others to say.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The longest head of a request.
const LONGEST: usize = 16 * 1024;

/// How long a browser may take to send it.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most connections at once: browsers open some in advance.
const MOST: usize = 32;

/// What stands in every page: it loads nothing, is kept nowhere, and tells nobody its address.
const HEADS: &str = "content-type: text/html; charset=utf-8\r\ncache-control: no-store\r\nconnection: close\r\n\
    content-security-policy: default-src 'none'\r\nreferrer-policy: no-referrer\r\nx-content-type-options: nosniff\r\n";

/// An address of this machine that waits for a browser.
#[derive(Debug)]
pub struct Loopback {
    listener: TcpListener,
    host: String,
    path: String,
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// Nobody came back in time.
    #[error("no answer came back from the browser within {} minutes", .0.as_secs() / 60)]
    Late(Duration),
    /// The machine gives no more connections.
    #[error("this machine takes no more connections")]
    Network(#[source] io::Error),
}

impl Loopback {
    /// Listens for a connector, on the port that its app is registered with, or on any that is free.
    ///
    /// # Errors
    /// Where the port is taken.
    pub async fn open(connector: &str, port: Option<u16>) -> io::Result<Loopback> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap_or(0)))).await?;
        let host = listener.local_addr()?.to_string();
        Ok(Loopback { listener, host, path: format!("/connect/{connector}") })
    }

    /// What the service is told to send the browser to.
    pub fn address(&self) -> String {
        format!("http://{}{}", self.host, self.path)
    }

    /// The query of the first answer that is `wanted`, whatever else calls; then nothing listens here any more.
    ///
    /// # Errors
    /// Where none comes in time.
    pub async fn answer(
        self,
        wanted: impl Fn(&str) -> bool + Send + Sync,
        patience: Duration,
    ) -> Result<String, Unanswered> {
        let waiting = async {
            let mut heard: JoinSet<Option<(TcpStream, Asked)>> = JoinSet::new();
            loop {
                tokio::select! {
                    came = self.listener.accept(), if heard.len() < MOST => {
                        let (stream, _) = came.map_err(Unanswered::Network)?;
                        heard.spawn(hear(stream));
                    }
                    Some(asked) = heard.join_next() => {
                        let Ok(Some((stream, asked))) = asked else { continue };
                        match self.query(&asked).filter(|query| wanted(query)) {
                            Some(query) => {
                                say(stream, "200 OK", "Keyway has the answer. You can close this window, and go on where you began.").await;
                                return Ok(query.to_owned());
                            }
                            None => say(stream, "404 Not Found", "There is nothing here.").await,
                        }
                    }
                }
            }
        };
        tokio::time::timeout(patience, waiting).await.unwrap_or(Err(Unanswered::Late(patience)))
    }

    /// The query of a request to this address; nothing where it is to another, or says another host: a page of the web can
    /// have its own name lead here, and not ours.
    fn query<'a>(&self, asked: &'a Asked) -> Option<&'a str> {
        let (path, query) = asked.target.split_once('?')?;
        (asked.method == "GET" && asked.host == self.host && path == self.path).then_some(query)
    }
}

/// What a browser asks.
struct Asked {
    method: String,
    target: String,
    host: String,
}

/// Reads the head of a request; nothing where it is none, too long or too slow.
async fn hear(mut stream: TcpStream) -> Option<(TcpStream, Asked)> {
    let reading = async {
        let (mut bytes, mut piece) = (Vec::new(), [0; 1024]);
        while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
            let read = stream.read(&mut piece).await.ok().filter(|read| *read > 0)?;
            bytes.extend_from_slice(&piece[..read]);
            if bytes.len() > LONGEST {
                return None;
            }
        }
        asked(std::str::from_utf8(&bytes).ok()?)
    };
    let asked = tokio::time::timeout(PATIENCE, reading).await.ok().flatten()?;
    Some((stream, asked))
}

fn asked(text: &str) -> Option<Asked> {
    let mut lines = text.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let heads = lines.take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(':'));
    let mut hosts = heads.filter(|(name, _)| name.eq_ignore_ascii_case("host"));
    let host = hosts.next()?.1.trim().to_owned();
    hosts.next().is_none().then_some(Asked { method, target, host })
}

/// Says a sentence to a browser. Whether it hears it changes nothing.
async fn say(mut stream: TcpStream, status: &str, sentence: &str) {
    let page = format!("<!doctype html><meta charset=utf-8><title>Keyway</title><p>{sentence}</p>\n");
    let answer = format!("HTTP/1.1 {status}\r\n{HEADS}content-length: {}\r\n\r\n{page}", page.len());
    let saying = async {
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
    };
    let _ = tokio::time::timeout(PATIENCE, saying).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    async fn ask(host: &str, request: String) -> String {
        let mut stream = TcpStream::connect(host).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn get(host: &str, target: &str, says: &str) -> String {
        ask(host, format!("GET {target} HTTP/1.1\r\nHost: {says}\r\n\r\n")).await
    }

    #[tokio::test]
    async fn the_first_answer_that_is_wanted_is_taken_and_then_nothing_listens() {
        let loopback = Loopback::open("slack", None).await.unwrap();
        let (host, address) = (loopback.host.clone(), loopback.address());
        assert_eq!(address, format!("http://{host}/connect/slack"));
        let asking = async {
            let port = host.split_once(':').unwrap().1;
            for (target, says) in [
                ("/favicon.ico", host.as_str()),
                ("/connect/slack", &host),
                ("/connect/other?state=ours", &host),
                ("/connect/slack/?state=ours", &host),
                ("/connect/slack?state=guessed", &host),
                ("/connect/slack?state=ours", "evil.example"),
                ("/connect/slack?state=ours", &format!("evil.example:{port}")),
                ("/connect/slack?state=ours", &format!("localhost:{port}")),
            ] {
                let answer = get(&host, target, says).await;
                assert!(answer.starts_with("HTTP/1.1 404 "), "{target} {says}: {answer}");
            }
            let post = format!(
                "POST /connect/slack?state=ours HTTP/1.1\r\nHost: {host}\r\ncontent-length: 0\r\n\r\n"
            );
            assert!(ask(&host, post).await.starts_with("HTTP/1.1 404 "));
            let two = format!(
                "GET /connect/slack?state=ours HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n\r\n"
            );
            assert_eq!(ask(&host, two).await, "");
            // One that says nothing holds up nobody.
            let _silent = TcpStream::connect(&host).await.unwrap();
            get(&host, "/connect/slack?code=1&state=ours", &host).await
        };
        let answering = loopback.answer(|query| query.contains("state=ours"), HOUR);
        let (query, page) = tokio::join!(answering, asking);
        assert_eq!(query.unwrap(), "code=1&state=ours");
        assert!(page.starts_with("HTTP/1.1 200 OK"), "{page}");
        assert!(page.contains("default-src 'none'") && page.contains("no-referrer"), "{page}");
        assert!(!page.contains("code=1"), "{page}");
        assert!(TcpStream::connect(&host).await.is_err());
    }

    #[tokio::test]
    async fn nobody_is_waited_for_for_ever() {
        let loopback = Loopback::open("slack", None).await.unwrap();
        let patience = Duration::from_millis(20);
        assert!(matches!(loopback.answer(|_| true, patience).await, Err(Unanswered::Late(_))));
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_told() {
        let first = Loopback::open("slack", None).await.unwrap();
        let port = first.listener.local_addr().unwrap().port();
        assert_eq!(Loopback::open("slack", Some(port)).await.unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}
