//! A message of mail, handed to a mail server in one dialogue of SMTP (RFC 5321, 3207, 4954) within the policy: the same
//! guarded addresses, secrets that are opened last and for one host, limits of time and size. What a caller needs to know
//! after a failure is whether the message may have been taken: that is in doubt from the moment its end was sent.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use secret::Hole;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::client::{Client, SLOW};
use crate::error::Error;
use crate::line::{Security, crypt};
use crate::redact::Opened;

/// The most bytes of one answer of a server.
const LONGEST_ANSWER: usize = 64 * 1024;

/// What this end calls itself: an address that tells nothing about the machine.
const ME: &str = "[127.0.0.1]";

/// Who signs in at a mail server.
#[derive(Clone, Debug)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The place of the password.
    pub password: Hole,
}

/// A message and who carries it.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The mail server: a name or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether others can read along.
    pub security: Security,
    /// Who signs in, if anybody.
    pub login: Option<Login>,
    /// What is handed over; where there is nothing, it is only tried whether the server takes who signs in.
    pub letter: Option<Letter>,
    /// Longest time of the whole dialogue, to which comes what a slow line needs; the policy's where there is none.
    pub timeout: Option<Duration>,
}

/// A message in its envelope.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The address that it is from.
    pub from: String,
    /// The addresses that it is for.
    pub to: Vec<String>,
    /// The message itself, heads and body.
    pub message: Bytes,
}

impl Client {
    /// Hands a message to a mail server. Gives what the server said at last, without the secrets that were sent.
    ///
    /// The server takes it for all who it is for, or for nobody: where it refuses one of them, nothing is handed over.
    ///
    /// # Errors
    /// Where the policy forbids it, the server says no (`Error::Said`), or the dialogue breaks off. Where that has
    /// `before_send`, the message was surely not taken; any other `Network` or `Timeout` leaves it in doubt.
    pub async fn mail(&self, mail: &Mail) -> Result<String, Error> {
        let letter = mail.letter.as_ref();
        let most = self.policy.max_request;
        if letter.is_some_and(|letter| letter.message.len() > most) {
            return Err(Error::Invalid(format!(
                "the message for `{}` is longer than {most} bytes",
                mail.host
            )));
        }
        let addresses = letter.iter().flat_map(|letter| std::iter::once(&letter.from).chain(&letter.to));
        if let Some(wrong) = addresses.into_iter().find(|address| !is_plain(address)) {
            let shown: String = wrong.chars().filter(|letter| !letter.is_control()).take(80).collect();
            let why = "which this mail server cannot be told: it takes letters of ASCII alone";
            return Err(Error::Invalid(format!("there is the address `{shown}`, {why}")));
        }
        let length = letter.map_or(0, |letter| letter.message.len() as u64);
        let limit = mail.timeout.unwrap_or(self.policy.timeout) + Duration::from_secs(length / SLOW);
        let mut under_way = UnderWay { handed_over: false };
        let dialogue = tokio::time::timeout(limit, self.dialogue(mail, &mut under_way)).await;
        match dialogue {
            Ok(outcome) => outcome,
            Err(_) if under_way.handed_over => Err(Error::Timeout { host: mail.host.clone(), limit }),
            Err(_) => {
                let message = format!("`{}` took too long to answer", mail.host);
                Err(Error::Network { message, before_send: true })
            }
        }
    }

    async fn dialogue(&self, mail: &Mail, under_way: &mut UnderWay) -> Result<String, Error> {
        let opened = Opened::new(self.open.clone(), self.opens.clone());
        let (stream, address) = self.reach(&mail.host, mail.port).await?;
        if mail.security == Security::Open {
            self.check_open("mail", &mail.host, address)?;
        }
        let tls = |stream| crypt(stream, &mail.host, None);
        match mail.security {
            Security::Open => Talk::new(stream, mail, &opened).all(Greeting::Waits, under_way).await,
            Security::Tls => {
                Talk::new(tls(stream).await?, mail, &opened).all(Greeting::Waits, under_way).await
            }
            Security::StartTls => {
                let mut talk = Talk::new(stream, mail, &opened);
                talk.greeted().await?;
                let offered = talk.hello().await?;
                if !offered.iter().any(|line| line.eq_ignore_ascii_case("STARTTLS")) {
                    let host = &mail.host;
                    return Err(Error::Refused(format!(
                        "`{host}` does not offer TLS, and others could read the mail"
                    )));
                }
                talk.ask("STARTTLS", &[220]).await?;
                // What was said before TLS may be anybody's.
                if !talk.unread.is_empty() {
                    let message = format!("`{}` spoke before the encryption began", mail.host);
                    return Err(Error::Refused(message));
                }
                let stream = tls(talk.stream).await?;
                Talk::new(stream, mail, &opened).all(Greeting::Was, under_way).await
            }
        }
    }
}

/// How far a message is, for whoever gives up waiting.
struct UnderWay {
    /// True once the end of the message may have been sent.
    handed_over: bool,
}

/// Whether the server still has to say who it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Greeting {
    Was,
    Waits,
}

/// An answer of a server: its code and its lines.
struct Answer {
    code: u16,
    lines: Vec<String>,
}

/// A dialogue.
struct Talk<'a, S> {
    stream: S,
    unread: Vec<u8>,
    mail: &'a Mail,
    opened: &'a Opened,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Talk<'a, S> {
    fn new(stream: S, mail: &'a Mail, opened: &'a Opened) -> Talk<'a, S> {
        Talk { stream, unread: vec![], mail, opened }
    }

    /// The whole dialogue, but for what is said before encryption.
    async fn all(mut self, greeting: Greeting, under_way: &mut UnderWay) -> Result<String, Error> {
        if greeting == Greeting::Waits {
            self.greeted().await?;
        }
        let offered = self.hello().await?;
        if let Some(login) = &self.mail.login {
            self.sign_in(login, &offered).await?;
        }
        let said = match &self.mail.letter {
            Some(letter) => self.hand_over(letter, &offered, under_way).await?,
            None => String::new(),
        };
        // It was taken, whatever becomes of the farewell.
        let _ = self.stream.write_all(b"QUIT\r\n").await;
        let _ = self.stream.shutdown().await;
        Ok(said)
    }

    async fn greeted(&mut self) -> Result<(), Error> {
        let answer = self.answer().await.map_err(unsent)?;
        self.wanted(answer, &[220]).map(drop)
    }

    /// Says hello; gives what the server offers.
    async fn hello(&mut self) -> Result<Vec<String>, Error> {
        let answer = self.ask(&format!("EHLO {ME}"), &[250]).await?;
        Ok(answer.lines.into_iter().skip(1).collect())
    }

    async fn sign_in(&mut self, login: &Login, offered: &[String]) -> Result<(), Error> {
        let ways = offered.iter().filter_map(|line| {
            let (name, ways) = line.split_once([' ', '='])?;
            name.eq_ignore_ascii_case("AUTH").then_some(ways)
        });
        let ways: BTreeSet<String> =
            ways.flat_map(|ways| ways.split_whitespace().map(str::to_ascii_uppercase)).collect();
        self.opened.learn(login.password.names(), &self.mail.host).await?;
        let coded = |parts: Vec<Hole>| Hole::Base64(Box::new(Hole::Join(parts)));
        if ways.contains("PLAIN") {
            let user = Hole::Plain(format!("\0{}\0", login.user));
            let token = coded(vec![user, login.password.clone()]);
            return self.ask_secretly("AUTH PLAIN ", &token, &[235]).await;
        }
        if ways.contains("LOGIN") {
            self.ask("AUTH LOGIN", &[334]).await?;
            self.ask_secretly("", &coded(vec![Hole::Plain(login.user.clone())]), &[334]).await?;
            return self.ask_secretly("", &coded(vec![login.password.clone()]), &[235]).await;
        }
        let host = &self.mail.host;
        Err(Error::Refused(format!("`{host}` takes no password: it offers neither `PLAIN` nor `LOGIN`")))
    }

    async fn hand_over(
        &mut self,
        letter: &Letter,
        offered: &[String],
        under_way: &mut UnderWay,
    ) -> Result<String, Error> {
        let message = stuffed(&letter.message);
        let most = offered.iter().find_map(|line| line.strip_prefix("SIZE ")?.trim().parse::<usize>().ok());
        if let Some(most) = most.filter(|most| *most > 0 && message.len() > *most) {
            let host = &self.mail.host;
            return Err(Error::Invalid(format!(
                "the message is longer than the {most} bytes that `{host}` takes"
            )));
        }
        self.ask(&format!("MAIL FROM:<{}>", letter.from), &[250]).await?;
        for to in &letter.to {
            self.ask(&format!("RCPT TO:<{to}>"), &[250, 251]).await?;
        }
        self.ask("DATA", &[354]).await?;
        self.write(&message).await?;
        // A server takes nothing before the line with a dot: until here nothing has happened.
        under_way.handed_over = true;
        let broke = |error: std::io::Error| broken(&self.mail.host, &error, false);
        self.stream.write_all(b".\r\n").await.map_err(broke)?;
        self.stream.flush().await.map_err(|error| broken(&self.mail.host, &error, false))?;
        let answer = self.answer().await?;
        // By its first digit the server says whether it took the message.
        if (200..300).contains(&answer.code) { Ok(self.shown(&answer)) } else { Err(self.refused(&answer)) }
    }

    /// Sends a line; gives the answer, if it is one of those that are wanted.
    async fn ask(&mut self, line: &str, wanted: &[u16]) -> Result<Answer, Error> {
        self.write(format!("{line}\r\n").as_bytes()).await?;
        let answer = self.answer().await.map_err(unsent)?;
        self.wanted(answer, wanted)
    }

    /// Sends a line with a secret at its end.
    async fn ask_secretly(&mut self, before: &str, hole: &Hole, wanted: &[u16]) -> Result<(), Error> {
        let secret = self.opened.fill(hole, &self.mail.host)?;
        let line = secret::Secret::new(format!("{before}{}\r\n", secret.expose()));
        self.write(line.expose().as_bytes()).await?;
        let answer = self.answer().await.map_err(unsent)?;
        self.wanted(answer, wanted).map(drop)
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = self.stream.write_all(bytes).await;
        let flushed = match written {
            Ok(()) => self.stream.flush().await,
            Err(error) => Err(error),
        };
        flushed.map_err(|error| broken(&self.mail.host, &error, true))
    }

    fn wanted(&self, answer: Answer, wanted: &[u16]) -> Result<Answer, Error> {
        if wanted.contains(&answer.code) { Ok(answer) } else { Err(self.refused(&answer)) }
    }

    fn refused(&self, answer: &Answer) -> Error {
        Error::Said { host: self.mail.host.clone(), code: answer.code, said: self.shown(answer) }
    }

    /// What the server said, as it may be seen: without what was sent to it in secret, and then cut off, since a part of a
    /// secret is known as none.
    fn shown(&self, answer: &Answer) -> String {
        let said = self.opened.needles().redact_text(&answer.lines.join(" "));
        said.chars().filter(|letter| !letter.is_control()).take(300).collect()
    }

    /// The next answer: lines of a code and a `-`, and a last one without it.
    async fn answer(&mut self) -> Result<Answer, Error> {
        let strange = || Error::Network {
            message: format!("`{}` does not answer as a mail server", self.mail.host),
            before_send: false,
        };
        let (mut lines, mut size) = (vec![], 0);
        loop {
            let line = self.line().await?;
            size += line.len();
            if size > LONGEST_ANSWER {
                return Err(strange());
            }
            let code = line.get(..3).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
            let code = code.and_then(|code| code.parse().ok()).ok_or_else(strange)?;
            lines.push(line.get(4..).unwrap_or_default().trim_end().to_owned());
            match line.as_bytes().get(3) {
                Some(b'-') => {}
                Some(b' ') | None => return Ok(Answer { code, lines }),
                Some(_) => return Err(strange()),
            }
        }
    }

    async fn line(&mut self) -> Result<String, Error> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned());
            }
            let mut piece = [0; 4096];
            let read = self.stream.read(&mut piece).await;
            let read = read.map_err(|error| broken(&self.mail.host, &error, false))?;
            if read == 0 || self.unread.len() > LONGEST_ANSWER {
                let ended = std::io::Error::other("it ended the dialogue");
                return Err(broken(&self.mail.host, &ended, false));
            }
            self.unread.extend_from_slice(&piece[..read]);
        }
    }
}

/// An error before the message was handed over.
fn unsent(error: Error) -> Error {
    match error {
        Error::Network { message, .. } => Error::Network { message, before_send: true },
        other => other,
    }
}

fn broken(host: &str, error: &std::io::Error, before_send: bool) -> Error {
    Error::Network { message: format!("the connection to `{host}` broke: {error}"), before_send }
}

/// True for an address that can stand in a command as it is: it ends no line and no bracket.
fn is_plain(address: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_graphic() && !b"<>".contains(&byte);
    !address.is_empty() && address.len() <= 320 && address.bytes().all(fits)
}

/// The message as it is sent: each line ends with both of its signs, and one that begins with a dot has two. So nothing
/// within it is read as its end, whichever signs a server takes for one.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 32 + 4);
    let (mut at, mut begins) = (0, true);
    while let Some(byte) = message.get(at) {
        match byte {
            b'\r' | b'\n' => {
                out.extend_from_slice(b"\r\n");
                at += if message[at..].starts_with(b"\r\n") { 2 } else { 1 };
                begins = true;
            }
            byte => {
                if begins && *byte == b'.' {
                    out.push(b'.');
                }
                out.push(*byte);
                at += 1;
                begins = false;
            }
        }
    }
    if !begins {
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_within_a_message_ends_it() {
        let shown = |text: &str| String::from_utf8(stuffed(text.as_bytes())).unwrap();
        assert_eq!(shown("a\r\n.\r\nb"), "a\r\n..\r\nb\r\n");
        assert_eq!(shown("a\n.\nb\r.\rc"), "a\r\n..\r\nb\r\n..\r\nc\r\n");
        assert_eq!(shown(".a\r\n..b\r\n"), "..a\r\n...b\r\n");
        assert_eq!(shown(""), "");
        for text in ["x\r\n.\r\nMAIL FROM:<a@b>", "x\n.\r\ny", "x\r\n.\ny", "x\r.\ry", "\n.\n", "."] {
            let sent = shown(text);
            assert!(!sent.contains("\r\n.\r\n") && !sent.starts_with(".\r\n"), "{sent:?}");
            assert!(!sent.replace("\r\n", "").contains(['\r', '\n']), "{sent:?}");
        }
    }

    #[test]
    fn an_address_ends_no_command() {
        assert!(is_plain("ada+x@example.com") && is_plain("\"a.b\"@example.com"));
        for wrong in ["", "a@b>\r\nRCPT TO:<c@d", "a b@c", "a@b>", "ä@example.com", "a\0@b", "a@b\n"] {
            assert!(!is_plain(wrong), "{wrong:?}");
        }
    }
}
