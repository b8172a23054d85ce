//! A dialogue in IMAP: commands with their answers, each within limits, secrets filled in last.

use bytes::{BufMut as _, Bytes, BytesMut};
use secret::{Hole, Secret};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::reply::{self, Piece, Reply, State, Word};
use super::{Mailbox, No};
use crate::error::Error;
use crate::redact::{Needles, Opened};

/// The most bytes of the lines of one answer, without what they announce.
const LINES: usize = 2 * 1024 * 1024;

/// The most answers of a dialogue. A mailbox of many folders has thousands.
const ANSWERS: u32 = 50_000;

/// The most bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// A part of a command.
pub(super) enum Part<'a> {
    /// Written as it is.
    Plain(String),
    /// A text in quotes, or announced as bytes where quotes cannot hold it.
    Text(&'a str),
}

/// Data that a server gave.
pub(super) struct Data {
    pub name: String,
    pub number: Option<u32>,
    pub words: Vec<Word>,
}

/// What a command has brought.
#[derive(Default)]
pub(super) struct Said {
    pub data: Vec<Data>,
    /// The codes of states, as `UIDVALIDITY 7`.
    pub codes: Vec<Vec<String>>,
}

impl Said {
    /// The data of this name.
    pub fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Data> {
        self.data.iter().filter(move |data| data.name == name)
    }

    /// What stands behind the name of a code.
    pub fn code(&self, name: &str) -> Option<&[String]> {
        self.codes.iter().find_map(|code| {
            let (first, rest) = code.split_first()?;
            first.eq_ignore_ascii_case(name).then_some(rest)
        })
    }

    /// The number behind the name of a code.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.code(name)?.first()?.parse().ok()
    }
}

/// How far a dialogue is, for whoever gives up waiting.
#[derive(Default)]
pub(super) struct UnderWay {
    /// True once what changes the mailbox may have been sent.
    pub acts: bool,
}

/// A dialogue.
pub(super) struct Talk<'a, S> {
    pub stream: S,
    pub unread: BytesMut,
    mailbox: &'a Mailbox,
    opened: &'a Opened,
    needles: Option<Needles>,
    tags: u32,
    answers: u32,
    /// How many bytes may still come.
    left: usize,
    limit: usize,
    pub under_way: &'a mut UnderWay,
}

impl<'a> Talk<'a, ()> {
    /// The dialogue over another stream.
    pub fn over<S>(self, stream: S) -> Talk<'a, S> {
        let Talk { stream: (), unread, mailbox, opened, needles, tags, answers, left, limit, under_way } =
            self;
        Talk { stream, unread, mailbox, opened, needles, tags, answers, left, limit, under_way }
    }
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Talk<'a, S> {
    /// Begins, with the most bytes of what may be announced in all.
    pub fn new(
        stream: S,
        mailbox: &'a Mailbox,
        opened: &'a Opened,
        limit: usize,
        under_way: &'a mut UnderWay,
    ) -> Talk<'a, S> {
        let left = limit.saturating_add(2 * LINES);
        Talk {
            stream,
            unread: BytesMut::new(),
            mailbox,
            opened,
            needles: None,
            tags: 0,
            answers: 0,
            left,
            limit,
            under_way,
        }
    }

    /// The stream, and the dialogue without it.
    pub fn parted(self) -> (Talk<'a, ()>, S) {
        let Talk { stream, unread, mailbox, opened, needles, tags, answers, left, limit, under_way } = self;
        (Talk { stream: (), unread, mailbox, opened, needles, tags, answers, left, limit, under_way }, stream)
    }

    /// The greeting of a server at which nobody is signed in yet.
    pub async fn greeted(&mut self) -> Result<(), Error> {
        match self.reply().await? {
            Reply::State { tag: None, state: State::Ok, .. } => Ok(()),
            // Who that would be is not known; and before TLS it may be said by anybody.
            Reply::State { tag: None, state: State::PreAuth, .. } => {
                Err(Error::Refused(format!("`{}` does not ask who signs in", self.host())))
            }
            Reply::State { tag: None, state: State::Bye, code, said } => Err(self.no(No::Busy, &code, &said)),
            _ => Err(self.strange()),
        }
    }

    /// What the server can do, in capitals.
    pub async fn capabilities(&mut self) -> Result<Vec<String>, Error> {
        let said = self.ask(&[Part::Plain("CAPABILITY".into())]).await?;
        let words = said.of("CAPABILITY").flat_map(|data| &data.words);
        Ok(words.filter_map(|word| Some(word.atom()?.to_ascii_uppercase())).collect())
    }

    /// Signs in, by a password that is sent as the server wants it.
    pub async fn sign_in(&mut self, can: &[String]) -> Result<(), Error> {
        let login = &self.mailbox.login;
        let host = self.host();
        let has = |name: &str| can.iter().any(|word| word == name);
        if !has("AUTH=PLAIN") && has("LOGINDISABLED") {
            return Err(Error::Refused(format!("`{host}` takes no password")));
        }
        self.opened.learn(login.password.names(), &host).await?;
        let tag = self.tag();
        let done = if has("AUTH=PLAIN") {
            let user = Hole::Plain(format!("\0{}\0", login.user));
            let token = Hole::Base64(Box::new(Hole::Join(vec![user, login.password.clone()])));
            let token = self.opened.fill(&token, &host)?;
            let begins = format!("{tag} AUTHENTICATE PLAIN");
            if has("SASL-IR") {
                let line = Secret::new(format!("{begins} {}\r\n", token.expose()));
                self.write(line.expose().as_bytes()).await?;
            } else {
                self.write(format!("{begins}\r\n").as_bytes()).await?;
                self.goes_on(&tag).await?;
                let line = Secret::new(format!("{}\r\n", token.expose()));
                self.write(line.expose().as_bytes()).await?;
            }
            self.done(&tag).await
        } else {
            let password = self.opened.fill(&login.password, &host)?;
            self.write(format!("{tag} LOGIN {{{}}}\r\n", login.user.len()).as_bytes()).await?;
            self.goes_on(&tag).await?;
            self.write(format!("{} {{{}}}\r\n", login.user, password.expose().len()).as_bytes()).await?;
            self.goes_on(&tag).await?;
            let line = Secret::new(format!("{}\r\n", password.expose()));
            self.write(line.expose().as_bytes()).await?;
            self.done(&tag).await
        };
        self.needles = Some(self.opened.needles());
        match done {
            Ok(_) => Ok(()),
            Err(Error::Mailbox { host, no: No::Other, said }) => {
                Err(Error::Mailbox { host, no: No::SignIn, said })
            }
            Err(other) => Err(other),
        }
    }

    /// Sends a command; gives what it brought, where the server says yes.
    pub async fn ask(&mut self, parts: &[Part<'_>]) -> Result<Said, Error> {
        let tag = self.tag();
        let mut line = tag.clone();
        for part in parts {
            line.push(' ');
            match part {
                Part::Plain(text) => line.push_str(text),
                Part::Text(text)
                    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) && text.len() < 1000 =>
                {
                    line.push('"');
                    line.push_str(&text.replace('\\', "\\\\").replace('"', "\\\""));
                    line.push('"');
                }
                Part::Text(text) => {
                    self.write(format!("{line}{{{}}}\r\n", text.len()).as_bytes()).await?;
                    self.goes_on(&tag).await?;
                    line = (*text).to_owned();
                }
            }
        }
        self.write(format!("{line}\r\n").as_bytes()).await?;
        self.done(&tag).await
    }

    /// Sends a command that changes something.
    pub async fn act(&mut self, parts: &[Part<'_>]) -> Result<Said, Error> {
        self.under_way.acts = true;
        self.ask(parts).await
    }

    /// Says farewell. What was done is done, whatever becomes of it.
    pub async fn leave(mut self) {
        let tag = self.tag();
        let _ = self.stream.write_all(format!("{tag} LOGOUT\r\n").as_bytes()).await;
        let _ = self.stream.shutdown().await;
    }

    pub fn no(&self, otherwise: No, code: &[String], said: &str) -> Error {
        let known = code.first().map(|code| code.to_ascii_uppercase());
        let no = match known.as_deref() {
            Some("AUTHENTICATIONFAILED" | "AUTHORIZATIONFAILED" | "EXPIRED" | "PRIVACYREQUIRED") => {
                No::SignIn
            }
            Some("NONEXISTENT" | "TRYCREATE" | "UIDNOTSTICKY") => No::Missing,
            Some("UNAVAILABLE" | "INUSE" | "SERVERBUG" | "CONTACTADMIN") => No::Busy,
            Some("NOPERM") => No::Forbidden,
            Some("OVERQUOTA" | "LIMIT") => No::Full,
            _ => otherwise,
        };
        Error::Mailbox { host: self.host(), no, said: self.shown(said) }
    }

    pub fn strange(&self) -> Error {
        self.broken("it does not answer as a mailbox does")
    }

    fn host(&self) -> String {
        self.mailbox.host.clone()
    }

    fn tag(&mut self) -> String {
        self.tags += 1;
        format!("K{}", self.tags)
    }

    /// Waits until the server wants the rest of a command.
    async fn goes_on(&mut self, tag: &str) -> Result<(), Error> {
        loop {
            match self.reply().await? {
                Reply::More => return Ok(()),
                Reply::State { tag: Some(own), state: State::No | State::Bad, code, said } if own == tag => {
                    return Err(self.no(No::Other, &code, &said));
                }
                Reply::State { tag: None, state: State::Bye, code, said } => {
                    return Err(self.no(No::Busy, &code, &said));
                }
                Reply::State { tag: None, .. } | Reply::Data { .. } => {}
                Reply::State { .. } => return Err(self.strange()),
            }
        }
    }

    /// Reads until the command of this tag is done.
    async fn done(&mut self, tag: &str) -> Result<Said, Error> {
        let mut all = Said::default();
        loop {
            match self.reply().await? {
                Reply::Data { name, number, words } => all.data.push(Data { name, number, words }),
                Reply::State { tag: None, state: State::Bye, code, said } => {
                    return Err(self.no(No::Busy, &code, &said));
                }
                Reply::State { tag: None, code, .. } => all.codes.push(code),
                Reply::State { tag: Some(own), state, code, said } if own == tag => match state {
                    State::Ok => {
                        all.codes.push(code);
                        return Ok(all);
                    }
                    State::No => return Err(self.no(No::Other, &code, &said)),
                    State::Bad => return Err(self.no(No::Unknown, &code, &said)),
                    State::Bye | State::PreAuth => return Err(self.strange()),
                },
                Reply::State { .. } | Reply::More => return Err(self.strange()),
            }
        }
    }

    async fn reply(&mut self) -> Result<Reply, Error> {
        self.answers += 1;
        if self.answers > ANSWERS {
            return Err(self.too_large("body", self.limit));
        }
        let (mut pieces, mut lines) = (vec![], 0);
        loop {
            let mut line = self.line(LINES - lines).await?;
            lines += line.len();
            let announced = reply::announced(&line, pieces.is_empty());
            if let Some((end, _)) = announced {
                line.truncate(end);
            }
            pieces.push(Piece::Line(self.redacted(line.into()).into()));
            match announced {
                Some((_, size)) => pieces.push(Piece::Literal(self.literal(size).await?)),
                None => return reply::read(&pieces).ok_or_else(|| self.strange()),
            }
            if lines >= LINES {
                return Err(self.too_large("head", LINES));
            }
        }
    }

    /// The next line, without its end.
    async fn line(&mut self, most: usize) -> Result<Vec<u8>, Error> {
        let mut seen = 0;
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.unread[seen..]) {
                let line = self.unread.split_to(seen + end + 1);
                let line = line.strip_suffix(b"\n").unwrap_or(&line);
                return Ok(line.strip_suffix(b"\r").unwrap_or(line).to_vec());
            }
            seen = self.unread.len();
            if seen >= most {
                return Err(self.too_large("head", LINES));
            }
            self.fill().await?;
        }
    }

    /// As many bytes as were announced. No more room is taken than has come.
    async fn literal(&mut self, size: u64) -> Result<Bytes, Error> {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size > self.limit || size.saturating_sub(self.unread.len()) > self.left {
            return Err(self.too_large("body", self.limit));
        }
        while self.unread.len() < size {
            self.fill().await?;
        }
        let bytes = self.unread.split_to(size).freeze();
        Ok(self.redacted(bytes))
    }

    async fn fill(&mut self) -> Result<(), Error> {
        if self.left == 0 {
            return Err(self.too_large("body", self.limit));
        }
        // No room is taken on the stack: dialogues lie in other futures, each of which would hold it.
        let most = self.left.min(PIECE);
        self.unread.reserve(most);
        let mut room = (&mut self.unread).limit(most);
        let read = self.stream.read_buf(&mut room).await;
        let read = read.map_err(|error| self.broken(&error.to_string()))?;
        if read == 0 {
            return Err(self.broken("it ended the dialogue"));
        }
        self.left -= read;
        Ok(())
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = self.stream.write_all(bytes).await;
        let flushed = match written {
            Ok(()) => self.stream.flush().await,
            Err(error) => Err(error),
        };
        flushed.map_err(|error| self.broken(&error.to_string()))
    }

    fn redacted(&self, bytes: Bytes) -> Bytes {
        match &self.needles {
            Some(needles) => needles.redact(bytes),
            None => bytes,
        }
    }

    /// What the server said, as it may be seen: without what was sent to it in secret, and then cut off.
    fn shown(&self, said: &str) -> String {
        let said = self.opened.needles().redact_text(said);
        said.chars().filter(|letter| !letter.is_control()).take(300).collect()
    }

    fn broken(&self, why: &str) -> Error {
        let message = format!("the connection to `{}` broke: {why}", self.mailbox.host);
        Error::Network { message, before_send: !self.under_way.acts }
    }

    fn too_large(&self, what: &'static str, limit: usize) -> Error {
        Error::TooLarge { host: self.host(), what, limit }
    }
}
