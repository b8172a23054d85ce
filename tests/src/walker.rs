//! A browser with cookies that goes where it is sent, as far as a form of one button needs it: at services that tests sign in at.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use url::Url;

/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came back.
#[derive(Clone, Debug)]
pub struct Page {
    /// The status.
    pub status: u16,
    /// The head, as it came.
    pub head: String,
    /// The body.
    pub body: String,
    /// Where it leads on to, if it does.
    pub location: Option<String>,
}

/// A browser.
#[derive(Debug, Default)]
pub struct Walker {
    /// By name: the path that a cookie is for, and its value.
    cookies: BTreeMap<String, (String, String)>,
}

impl Walker {
    /// Goes to an address, and on to where it is sent, answering each question; gives the query with which it is sent to
    /// the address `end`.
    ///
    /// # Panics
    /// Where it is not sent there.
    pub fn agree(&mut self, address: &str, end: &str) -> String {
        let url = self.follow(Url::parse(address).expect("an address"), end);
        assert!(url.as_str().starts_with(end), "it ends at {url}");
        url.query().unwrap_or_default().into()
    }

    /// Follows to where it is sent, answering each question, until that is the address `end` or nothing more is asked.
    ///
    /// # Panics
    /// Where it goes round in a circle.
    pub fn follow(&mut self, from: Url, end: &str) -> Url {
        let mut url = from;
        let mut questions = ["prompt=login&login=ada&password=secret", "prompt=consent"].into_iter();
        for _ in 0..12 {
            let sent_on = match self.page(&url, None).location {
                Some(sent_on) => sent_on,
                None => {
                    let Some(answer) = questions.next() else { return url };
                    self.page(&url, Some(answer)).location.expect("an answer leads on")
                }
            };
            url = url.join(&sent_on).expect("it is sent to an address");
            if url.as_str().starts_with(end) {
                return url;
            }
        }
        panic!("it goes round in a circle at {url}");
    }

    /// A page, or what comes of a form.
    ///
    /// # Panics
    /// Where no answer comes.
    pub fn page(&mut self, url: &Url, form: Option<&str>) -> Page {
        let method = if form.is_some() { "POST" } else { "GET" };
        let media = ("content-type", "application/x-www-form-urlencoded");
        self.send(method, url, &[media], form.unwrap_or_default())
    }

    /// One request with these heads beside the cookies.
    ///
    /// # Panics
    /// Where no answer comes.
    pub fn send(&mut self, method: &str, url: &Url, heads: &[(&str, &str)], body: &str) -> Page {
        let port = url.port().expect("a port of this machine");
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time can be set");
        let held = self.cookies.iter().filter(|(_, (path, _))| url.path().starts_with(path.as_str()));
        let cookies: Vec<String> = held.map(|(name, (_, value))| format!("{name}={value}")).collect();
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let heads: String = heads.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!(
            "{method} {}{query} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\ncookie: {}\r\n\
             {heads}content-length: {}\r\n\r\n{body}",
            url.path(),
            cookies.join("; "),
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = vec![];
        stream.read_to_end(&mut answer).expect("it answers");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        let mut page = Page { status, head: head.to_owned(), body: body.to_owned(), location: None };
        for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
            match name.to_ascii_lowercase().as_str() {
                "location" => page.location = Some(value.to_owned()),
                "set-cookie" => self.keep(value),
                _ => {}
            }
        }
        page
    }

    /// What a cookie says; nothing where it has none of this name.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(|(_, value)| value.as_str())
    }

    /// Has a cookie from here on.
    pub fn hold(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), ("/".into(), value.to_owned()));
    }

    fn keep(&mut self, cookie: &str) {
        let mut parts = cookie.split("; ");
        let pair = parts.next().and_then(|pair| pair.split_once('='));
        let path = parts.find_map(|part| part.strip_prefix("path=")).unwrap_or("/").to_owned();
        if let Some((name, value)) = pair {
            self.cookies.insert(name.to_owned(), (path, value.into()));
        }
    }
}
