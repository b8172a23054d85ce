//! A mailbox on this machine for tests: it speaks IMAP as it is told, and remembers what it was told.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// What it answers to commands that begin so, instead of what it should; `{tag}` is the tag of the command.
#[derive(Clone, Debug)]
pub enum Instead {
    /// This.
    Says(Vec<u8>),
    /// It hangs up.
    HangsUp,
    /// It says nothing more.
    Silence,
    /// This again and again, for as long as somebody reads.
    Floods(Vec<u8>),
}

/// Where it does something that it should not; `` is the greeting.
pub type Manners = Vec<(&'static str, Instead)>;

pub fn says(text: impl Into<Vec<u8>>) -> Instead {
    Instead::Says(text.into())
}

/// A mailbox; it stops when it is dropped.
pub struct Double {
    pub address: SocketAddr,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    stop: AtomicBool,
    lines: Mutex<Vec<String>>,
}

/// The one message that it has.
pub const RAW: &str = "From: Ada <ada@example.com>\r\nSubject: Hi\r\nMessage-ID: <a@b>\r\n\r\nHello\r\n";

impl Double {
    pub fn start(manners: Manners) -> Double {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let shared = state.clone();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.stop.load(Ordering::SeqCst) {
                    break;
                }
                let (shared, manners) = (shared.clone(), manners.clone());
                std::thread::spawn(move || serve(stream, &manners, &shared));
            }
        });
        Double { address, state, thread: Some(thread) }
    }

    /// What it was told, line by line, without tags.
    pub fn lines(&self) -> Vec<String> {
        self.state.lines.lock().unwrap().clone()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What a mailbox with one message answers.
fn well(command: &str) -> String {
    let fetched = || {
        let size = RAW.len();
        let what = r#"UID 9 FLAGS (\Seen) INTERNALDATE "01-Feb-2026 09:00:00 +0100" RFC822.SIZE"#;
        format!("* 1 FETCH ({what} {size} BODY[] {{{size}}}\r\n{RAW})\r\n")
    };
    let data = match command {
        "CAPABILITY" => "* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR MOVE UIDPLUS\r\n".to_owned(),
        _ if command.starts_with("EXAMINE") || command.starts_with("SELECT") => {
            "* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 10] x\r\n".to_owned()
        }
        _ if command.starts_with("UID SEARCH") => "* SEARCH 9\r\n".to_owned(),
        _ if command.contains("FETCH") => fetched(),
        _ if command.starts_with("UID MOVE") => "* OK [COPYUID 8 9 21] x\r\n* 1 EXPUNGE\r\n".to_owned(),
        _ if command.starts_with("LIST") => {
            "* LIST (\\HasNoChildren \\Sent) \"/\" \"Gel&APY-scht\"\r\n* LIST () \"/\" {5}\r\nINBOX\r\n"
                .to_owned()
        }
        _ => String::new(),
    };
    format!("{data}{{tag}} OK done\r\n")
}

fn serve(mut stream: TcpStream, manners: &Manners, state: &State) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut answer = |command: &str, tag: &str, ordinary: String| -> bool {
        let instead = manners.iter().find(|(at, _)| match *at {
            "" => command.is_empty(),
            at => command.starts_with(at),
        });
        let tagged = |bytes: &[u8]| -> Vec<u8> {
            // Only texts have the mark.
            match std::str::from_utf8(bytes) {
                Ok(text) => text.replace("{tag}", tag).into_bytes(),
                Err(_) => bytes.to_vec(),
            }
        };
        match instead.map(|(_, instead)| instead) {
            None => stream.write_all(&tagged(ordinary.as_bytes())).is_ok(),
            Some(Instead::Says(bytes)) => stream.write_all(&tagged(bytes)).is_ok(),
            Some(Instead::HangsUp) => {
                let _ = stream.shutdown(std::net::Shutdown::Both);
                false
            }
            Some(Instead::Silence) => {
                std::thread::sleep(Duration::from_secs(5));
                false
            }
            Some(Instead::Floods(bytes)) => {
                while stream.write_all(bytes).is_ok() {}
                false
            }
        }
    };
    if !answer("", "*", "* OK a mailbox\r\n".into()) {
        return;
    }
    let mut line = String::new();
    while matches!(reader.read_line(&mut line), Ok(1..)) {
        let whole = line.trim_end().to_owned();
        line.clear();
        let (tag, command) = whole.split_once(' ').unwrap_or((&whole, ""));
        state.lines.lock().unwrap().push(command.to_owned());
        if command == "LOGOUT" || !answer(command, tag, well(command)) {
            return;
        }
    }
}
