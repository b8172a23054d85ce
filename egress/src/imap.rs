//! A mailbox at a mail server, read and put in order in one dialogue of IMAP (RFC 3501, 6851, 4315) within the policy: the same
//! guarded addresses, secrets that are opened last and for one host, limits of time and size. What only reads opens a folder
//! so that nothing in it can change. A message is named by the number that the server gave it together with the number of the
//! folder's making (UIDVALIDITY): where that is another one, nothing is taken for a message that it is not.

mod errand;
mod folder;
mod reply;
mod talk;

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::client::Client;
use crate::error::Error;
use crate::line::{Security, crypt};
use crate::mail::Login;
use crate::redact::Opened;
use talk::{Part, Talk, UnderWay};

/// A mailbox at a server.
#[derive(Clone, Debug)]
pub struct Mailbox {
    /// The mail server: a name or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether others can read along.
    pub security: Security,
    /// Who signs in.
    pub login: Login,
    /// Longest time of the whole dialogue; the policy's where there is none.
    pub timeout: Option<Duration>,
}

/// A message of a folder. Its order is that in which messages came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageId {
    /// When the folder was made, as the server counts it (UIDVALIDITY).
    pub folder: u32,
    /// The message (UID).
    pub message: u32,
}

/// Up to where a folder is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When the folder was made, as the server counts it.
    pub folder: u32,
    /// The number of the first message that is not known.
    pub next: u32,
    /// When the newest known message came, by the server's clock.
    pub newest: Option<Timestamp>,
}

/// What is looked for. All of it must hold.
#[derive(Clone, Debug, Default)]
pub struct Sought {
    /// Whether it was read.
    pub read: Option<bool>,
    /// Whether somebody marked it.
    pub flagged: Option<bool>,
    /// It came on this day or later.
    pub since: Option<Timestamp>,
    /// It came before this day.
    pub before: Option<Timestamp>,
    /// What stands in its parts.
    pub says: Vec<(Within, String)>,
}

/// A part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// Who it is from.
    From,
    /// The subject.
    Subject,
    /// Heads and text.
    Text,
    /// Who it is for.
    To,
}

/// What is wanted of a mailbox.
#[derive(Clone, Debug)]
pub enum Errand {
    /// To sign in, and no more.
    SignIn,
    /// Its folders.
    Folders,
    /// The heads of those messages of a folder that are looked for, the newest first.
    Find {
        /// The folder.
        folder: String,
        /// What is looked for.
        sought: Sought,
        /// The most that are given.
        most: usize,
    },
    /// The heads of those messages that came to a folder, the oldest first.
    News {
        /// The folder.
        folder: String,
        /// Up to where it is known; nothing where only that is wanted.
        after: Option<Mark>,
        /// The most that are given.
        most: usize,
    },
    /// A whole message.
    Fetch {
        /// The folder.
        folder: String,
        /// The message.
        id: MessageId,
    },
    /// To mark a message.
    Mark {
        /// The folder.
        folder: String,
        /// The message.
        id: MessageId,
        /// Whether it was read from then on, if that changes.
        read: Option<bool>,
        /// Whether it is marked from then on, if that changes.
        flagged: Option<bool>,
    },
    /// To move a message to another folder.
    Move {
        /// The folder.
        folder: String,
        /// The message.
        id: MessageId,
        /// The other folder.
        to: String,
    },
    /// To delete a message for good.
    Delete {
        /// The folder.
        folder: String,
        /// The message.
        id: MessageId,
    },
}

/// A folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Its name, with those of the folders around it.
    pub name: String,
    /// What it is for, where the server says so: `sent`, `trash`, `drafts`, `junk`, `archive`, `all`, `flagged`.
    pub purpose: Option<String>,
    /// True if messages can be in it.
    pub holds: bool,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Its marks, as `\Seen`.
    pub flags: Vec<String>,
    /// When it came, by the server's clock.
    pub came: Option<Timestamp>,
    /// Its size in bytes, where that was asked.
    pub size: Option<u32>,
    /// Its heads, or the whole of it.
    pub raw: Bytes,
}

/// What came of an errand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Brought {
    /// Nothing is to be said.
    Nothing,
    /// The folders.
    Folders(Vec<Folder>),
    /// Messages, and whether there are more.
    Found(Vec<Message>, bool),
    /// Messages, and up to where the folder is known.
    News(Vec<Message>, Mark),
    /// A message; where it was marked, without its heads.
    Message(Message),
    /// The message was moved, and has this id there where the server says so.
    Moved(Option<MessageId>),
    /// The message is gone; true if it was there before.
    Deleted(bool),
}

/// How a mailbox says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum No {
    /// It may do so later.
    Busy,
    /// Whoever signed in may not do that.
    Forbidden,
    /// There is no room.
    Full,
    /// There is no such folder or message.
    Missing,
    /// For some reason.
    Other,
    /// It does not take who signs in.
    SignIn,
    /// It does not know the command.
    Unknown,
}

impl Client {
    /// Runs an errand at a mailbox. What it brings has no secrets that were sent.
    ///
    /// # Errors
    /// Where the policy forbids it, the server says no (`Error::Mailbox`), or the dialogue breaks off. Where that has
    /// `before_send`, nothing was changed.
    pub async fn imap(&self, mailbox: &Mailbox, errand: &Errand) -> Result<Brought, Error> {
        errand::check(errand)?;
        let limit = mailbox.timeout.unwrap_or(self.policy.timeout);
        let mut under_way = UnderWay::default();
        match tokio::time::timeout(limit, Box::pin(self.talk(mailbox, errand, &mut under_way))).await {
            Ok(outcome) => outcome,
            Err(_) if under_way.acts => Err(Error::Timeout { host: mailbox.host.clone(), limit }),
            Err(_) => {
                let message = format!("`{}` took too long to answer", mailbox.host);
                Err(Error::Network { message, before_send: true })
            }
        }
    }

    async fn talk(
        &self,
        mailbox: &Mailbox,
        errand: &Errand,
        under_way: &mut UnderWay,
    ) -> Result<Brought, Error> {
        let opened = Opened::new(self.open.clone(), self.opens.clone());
        let most = self.policy.max_response;
        let (stream, address) = self.reach(&mailbox.host, mailbox.port).await?;
        match mailbox.security {
            Security::Open => {
                self.check_open("mail", &mailbox.host, address)?;
                let mut talk = Talk::new(stream, mailbox, &opened, most, under_way);
                talk.greeted().await?;
                run(talk, errand).await
            }
            Security::Tls => {
                let stream = crypt(stream, &mailbox.host, None).await?;
                let mut talk = Talk::new(stream, mailbox, &opened, most, under_way);
                talk.greeted().await?;
                run(talk, errand).await
            }
            Security::StartTls => {
                let mut talk = Talk::new(stream, mailbox, &opened, most, under_way);
                talk.greeted().await?;
                let host = &mailbox.host;
                if !talk.capabilities().await?.iter().any(|word| word == "STARTTLS") {
                    return Err(Error::Refused(format!(
                        "`{host}` does not offer TLS, and others could read the mail"
                    )));
                }
                talk.ask(&[Part::Plain("STARTTLS".into())]).await?;
                // What was said before TLS may be anybody's.
                if !talk.unread.is_empty() {
                    return Err(Error::Refused(format!("`{host}` spoke before the encryption began")));
                }
                let (talk, stream) = talk.parted();
                let stream = crypt(stream, host, None).await?;
                run(talk.over(stream), errand).await
            }
        }
    }
}

/// The dialogue from signing in on.
async fn run<S: AsyncRead + AsyncWrite + Unpin>(
    mut talk: Talk<'_, S>,
    errand: &Errand,
) -> Result<Brought, Error> {
    let can = talk.capabilities().await?;
    talk.sign_in(&can).await?;
    let brought = errand::run(&mut talk, errand).await;
    talk.leave().await;
    brought
}
