//! The way in over HTTP within this process, by any table of routes and any limits, and somebody who writes bytes to it.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use jiff::SignedDuration;
use server::Secret;
use server::home::Home;
use server::http::routes::Route;
use server::http::{Http, Limits, Settings, bind};
use server::order::{Order, new_run};
use server::owner::Owner;
use server::owner::deploy::Deployment;
use server::protocol::{Act, Reply, Request};
use server::serve::Reach;
use server::token::{Scope, Token};
use server::tokens::{Wanted, add};
use server::vault::{Entry, Kind, Who, provider};

use crate::port::Port;

/// How long an answer may take before the test gives up.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A service. It ends when it is dropped.
pub struct Web {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its data directory.
    pub home: Home,
    table: &'static [Route],
    settings: Settings,
    http: Option<Http>,
    owner: Option<Owner>,
    tokio: tokio::runtime::Runtime,
    /// Its own also between an end and a new beginning.
    _port: Port,
    _folder: tempfile::TempDir,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The status.
    pub status: u16,
    /// The head, in lower case.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Web {
    /// Begins to serve an empty data directory.
    ///
    /// # Panics
    /// Where it cannot.
    pub fn open(table: &'static [Route], limits: Limits, names: &[&str]) -> Web {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::new(folder.path().join("data")).with_keys(folder.path().join("keys"));
        let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let tokio = tokio.expect("the system gives threads");
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let port = Port::free();
        let address = SocketAddr::from(([127, 0, 0, 1], port.number()));
        let settings = Settings { address, names, public: None, limits };
        let (http, owner) = (None, None);
        let mut web =
            Web { address, home, table, settings, http, owner, tokio, _port: port, _folder: folder };
        web.begin();
        web
    }

    /// Ends the service as a process that is killed does, and begins it again at the same address.
    ///
    /// # Panics
    /// Where it cannot.
    pub fn restart(&mut self) {
        self.end();
        self.begin();
    }

    fn begin(&mut self) {
        let (home, settings, table) = (&self.home, &self.settings, self.table);
        let (owner, http) = self.tokio.block_on(async {
            let lock = home.own().expect("a directory of ours").expect("nobody else has it");
            let listener = bind(settings).expect("the port is free");
            let owner = Owner::open(home, lock).expect("a database");
            owner.serve(Reach::Private).expect("what is to be taken up can be read");
            let http = Http::open(listener, settings, (&owner, home, Reach::Private), table);
            (owner, http.expect("the database can be read"))
        });
        self.address = http.address;
        (self.http, self.owner) = (Some(http), Some(owner));
    }

    fn end(&mut self) {
        let _inside = self.tokio.enter();
        self.http.take();
        self.owner.take();
    }

    /// Deploys a workflow.
    ///
    /// # Panics
    /// Where it is wrong.
    pub fn deploy(&self, text: &str) {
        let files = self.home.directory().join("files");
        let file = files.join("workflow.yaml");
        let wish =
            Deployment { file, text: text.into(), files, by: "test".into(), act: Act::Do, enabled: None };
        let owner = self.owner.as_ref().expect("it serves");
        let reply = owner.handle(&Request::Deploy(wish));
        assert!(matches!(reply, Ok(Reply::Deployed(_))), "{reply:?}");
    }

    /// Starts a run of a text for an owner, as the terminal does; gives its name.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn start_for(&self, owner: &str, text: &str) -> String {
        let files = self.home.directory().join("files");
        let order = Order {
            run: new_run(),
            file: files.join("workflow.yaml"),
            text: text.into(),
            inputs: dsl::value::Value::object::<&str>([]),
            files,
            version: None,
            owner: owner.into(),
            allow_private: false,
        };
        match self.owner.as_ref().expect("it serves").handle(&Request::Run(order)) {
            Ok(Reply::Started(run)) => run.to_string(),
            other => panic!("{other:?}"),
        }
    }

    /// Makes a token.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub fn token(&self, owner: &str, name: &str, scope: Scope, lasts: Option<SignedDuration>) -> Token {
        let vault = server::safe::open(&self.home).expect("a vault");
        let wanted = Wanted { name, scope, lasts, account: None };
        add(&vault, Who { owner, actor: "test" }, &wanted).expect("a free name").0
    }

    /// Stores a key of an owner for a double of a provider, one that speaks as OpenAI does.
    ///
    /// # Panics
    /// Where it cannot be stored.
    pub fn key(&self, owner: &str, of: &str, address: SocketAddr) {
        let vault = server::safe::open(&self.home).expect("a vault");
        let endpoint = provider::endpoint(&format!("http://{address}/v1")).expect("an address");
        let entry = Entry {
            kind: Kind::Key,
            name: of.into(),
            connector: of.into(),
            hosts: vec![endpoint.host],
            settings: [("base".to_owned(), endpoint.base)].into(),
            rank: 0,
            value: Secret::new("sk-canary-0f1e2d3c4b5a69788796".to_owned()),
        };
        vault.add(Who { owner, actor: "test" }, &entry).expect("a free name");
    }

    /// Sends a request and hears the answer.
    ///
    /// # Panics
    /// Where none comes.
    pub fn ask(&self, request: impl AsRef<[u8]>) -> Heard {
        let mut stream = self.connect();
        // It may have been answered before the end, and be closed.
        let _ = stream.write_all(request.as_ref());
        hear(&mut stream).expect("an answer")
    }

    /// Opens a connection.
    ///
    /// # Panics
    /// Where none is to be had.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let _ = stream.set_nodelay(true);
        stream
    }

    /// Takes nothing more.
    pub fn close(&self) {
        if let Some(http) = &self.http {
            http.close();
        }
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.http.as_ref().map_or(0, Http::connections)
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.end();
    }
}

/// A request with a body, where there is one.
pub fn request(method: &str, path: &str, token: Option<&str>, body: Option<&str>) -> String {
    let token = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let body = body.map_or("\r\n".into(), |body| {
        format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    });
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n{token}{body}")
}

/// The next answer; nothing where the connection ends without one.
pub fn hear(stream: &mut TcpStream) -> Option<Heard> {
    let mut bytes = vec![];
    let mut buffer = [0; 4096];
    loop {
        if let Some(heard) = parsed(&bytes) {
            return Some(heard);
        }
        match stream.read(&mut buffer) {
            Ok(0) => return None,
            Ok(more) => bytes.extend_from_slice(&buffer[..more]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

fn parsed(bytes: &[u8]) -> Option<Heard> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let head = head.to_ascii_lowercase();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.unwrap_or("0").parse().ok()?;
    (body.len() >= length).then(|| Heard { status, head: head.clone(), body: body[..length].to_owned() })
}

/// All answers up to the end of a connection, by their statuses.
pub fn statuses(stream: &mut TcpStream) -> Vec<u16> {
    let mut bytes = vec![];
    // Where it is cut off, what came before it counts.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.split("HTTP/1.1 ").skip(1).chain(text.split("HTTP/1.0 ").skip(1));
    lines.filter_map(|line| line.get(..3)?.parse().ok()).collect()
}
