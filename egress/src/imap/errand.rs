//! Errands: which commands they are, and what is made of the answers.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncRead, AsyncWrite};

use super::folder::{decoded, encoded};
use super::reply::Word;
use super::talk::{Data, Part, Said, Talk};
use super::{Brought, Errand, Folder, Mark, Message, MessageId, No, Sought, Within};
use crate::error::Error;

/// How many messages one command asks for: a longer line is refused by some servers.
const AT_ONCE: usize = 100;

/// The heads that are shown of messages.
const HEADS: &str = "UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (FROM TO CC REPLY-TO SUBJECT DATE MESSAGE-ID \
                     IN-REPLY-TO REFERENCES)]";

/// The most messages of a folder made anew that are looked through.
const ANEW: usize = 10_000;

/// Refuses what cannot be said in IMAP.
pub(super) fn check(errand: &Errand) -> Result<(), Error> {
    let mut names = vec![];
    match errand {
        Errand::SignIn | Errand::Folders => {}
        Errand::Find { folder, sought, .. } => {
            names.push(folder);
            names.extend(sought.says.iter().map(|(_, text)| text));
        }
        Errand::Move { folder, to, .. } => names.extend([folder, to]),
        Errand::News { folder, .. }
        | Errand::Fetch { folder, .. }
        | Errand::Mark { folder, .. }
        | Errand::Delete { folder, .. } => names.push(folder),
    }
    match names.iter().find(|name| name.is_empty() || name.len() > 1000 || name.contains(char::is_control)) {
        Some(name) => {
            let shown: String = name.chars().filter(|letter| !letter.is_control()).take(80).collect();
            let why = "a folder or a text to look for has 1 to 1000 bytes, and no line ends";
            Err(Error::Invalid(format!("`{shown}` cannot be told to a mail server: {why}")))
        }
        None => Ok(()),
    }
}

/// Runs an errand of whoever is signed in.
pub(super) async fn run<S: AsyncRead + AsyncWrite + Unpin>(
    talk: &mut Talk<'_, S>,
    errand: &Errand,
) -> Result<Brought, Error> {
    match errand {
        Errand::SignIn => Ok(Brought::Nothing),
        Errand::Folders => folders(talk).await,
        Errand::Find { folder, sought, most } => find(talk, folder, sought, *most).await,
        Errand::News { folder, after, most } => news(talk, folder, *after, *most).await,
        Errand::Fetch { folder, id } => fetch(talk, folder, *id).await,
        Errand::Mark { folder, id, read, flagged } => mark(talk, folder, *id, (*read, *flagged)).await,
        Errand::Move { folder, id, to } => move_to(talk, folder, *id, to).await,
        Errand::Delete { folder, id } => delete(talk, folder, *id).await,
    }
}

fn plain(text: impl Into<String>) -> Part<'static> {
    Part::Plain(text.into())
}

/// A folder that is open.
struct Opened {
    made: u32,
    messages: u32,
    next: Option<u32>,
}

/// Opens a folder: so that it can be changed, or not.
async fn open<S: AsyncRead + AsyncWrite + Unpin>(
    talk: &mut Talk<'_, S>,
    folder: &str,
    how: &'static str,
) -> Result<Opened, Error> {
    let said = match talk.ask(&[plain(how), Part::Text(&encoded(folder))]).await {
        // Many servers say no more than that.
        Err(Error::Mailbox { host, no: No::Other, said }) => {
            return Err(Error::Mailbox { host, no: No::Missing, said });
        }
        other => other?,
    };
    let made = said.number("UIDVALIDITY").ok_or_else(|| {
        let why = "the server does not keep the numbers of its messages, which nothing can be named by then";
        Error::Refused(format!("`{folder}` cannot be used: {why}"))
    })?;
    let messages = said.of("EXISTS").last().and_then(|data| data.number).unwrap_or_default();
    Ok(Opened { made, messages, next: said.number("UIDNEXT") })
}

async fn folders<S: AsyncRead + AsyncWrite + Unpin>(talk: &mut Talk<'_, S>) -> Result<Brought, Error> {
    let said = talk.ask(&[plain("LIST \"\" \"*\"")]).await?;
    let purposes = ["\\Sent", "\\Trash", "\\Drafts", "\\Junk", "\\Archive", "\\All", "\\Flagged"];
    let one = |data: &Data| {
        let [flags, _, name] = data.words.as_slice() else { return None };
        let flags: Vec<&str> = flags.list()?.iter().filter_map(Word::atom).collect();
        let has = |flag: &str| flags.iter().any(|own| own.eq_ignore_ascii_case(flag));
        let purpose = purposes.iter().find(|purpose| has(purpose));
        Some(Folder {
            name: decoded(&name.text()?),
            purpose: purpose.map(|purpose| purpose[1..].to_ascii_lowercase()),
            holds: !has("\\Noselect") && !has("\\NonExistent"),
        })
    };
    let mut folders: Vec<Folder> = said.of("LIST").filter_map(one).collect();
    folders.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Brought::Folders(folders))
}

async fn find<S: AsyncRead + AsyncWrite + Unpin>(
    talk: &mut Talk<'_, S>,
    folder: &str,
    sought: &Sought,
    most: usize,
) -> Result<Brought, Error> {
    let Opened { made, .. } = open(talk, folder, "EXAMINE").await?;
    let says: Vec<(&str, &str)> =
        sought.says.iter().map(|(within, text)| (within.name(), text.as_str())).collect();
    let mut parts = vec![plain("UID SEARCH")];
    if !says.iter().all(|(_, text)| text.is_ascii()) {
        parts.push(plain("CHARSET UTF-8"));
    }
    parts.push(plain("UNDELETED"));
    let flag =
        |known: Option<bool>, yes: &str, no: &str| known.map(|known| plain(if known { yes } else { no }));
    parts.extend(flag(sought.read, "SEEN", "UNSEEN"));
    parts.extend(flag(sought.flagged, "FLAGGED", "UNFLAGGED"));
    parts.extend(sought.since.map(|since| plain(format!("SINCE {}", day(since)))));
    parts.extend(sought.before.map(|before| plain(format!("BEFORE {}", day(before)))));
    for (name, text) in says {
        parts.extend([plain(name), Part::Text(text)]);
    }
    let mut found = numbers(&talk.ask(&parts).await?);
    let more = found.len() > most;
    found.drain(..found.len().saturating_sub(most));
    let mut messages = messages(talk, made, &found, HEADS).await?;
    messages.reverse();
    Ok(Brought::Found(messages, more))
}

async fn news<S: AsyncRead + AsyncWrite + Unpin>(
    talk: &mut Talk<'_, S>,
    folder: &str,
    after: Option<Mark>,
    most: usize,
) -> Result<Brought, Error> {
    let opened = open(talk, folder, "EXAMINE").await?;
    let made = opened.made;
    match after {
        Some(after) if after.folder == made => {
            if opened.next.is_some_and(|next| next <= after.next) {
                return Ok(Brought::News(vec![], after));
            }
            let said = talk.ask(&[plain(format!("UID SEARCH UID {}:*", after.next))]).await?;
            // `7:*` holds the last message also where its number is smaller.
            let mut found: Vec<u32> = numbers(&said).into_iter().filter(|uid| *uid >= after.next).collect();
            found.truncate(most);
            let Some(last) = found.last().copied() else { return Ok(Brought::News(vec![], after)) };
            let messages = messages(talk, made, &found, HEADS).await?;
            let newest = messages.iter().filter_map(|message| message.came).chain(after.newest).max();
            Ok(Brought::News(messages, Mark { folder: made, next: last.saturating_add(1), newest }))
        }
        Some(after) => anew(talk, &opened, after, most).await,
        None => Ok(Brought::News(vec![], here(talk, &opened).await?)),
    }
}

/// Up to where a folder goes.
async fn here<S: AsyncRead + AsyncWrite + Unpin>(
    talk: &mut Talk<'_, S>,
    opened: &Opened,
) -> Result<Mark, Error> {
    let last = match opened.messages {
        0 => None,
        last => {
            let said = talk.ask(&[plain(format!("FETCH {last} (UID INTERNALDATE)"))]).await?;
            said.of("FETCH").filter_map(|data| attributes(data).of(opened.made)).last()
        }
    };
    let after = last.as_ref().map_or(1, |last| last.id.message.saturating_add(1));
    let next = opened.next.unwrap_or(after).max(after);
    Ok(Mark { folder: opened.made, next, newest: last.and_then(|last| last.came) })
}

/// The server has made the folder anew, and has given all messages other numbers: those are new that came after the newest
/// that is known. Where there are too many for once, the mark stays with the folder as it was, and goes on by time.
async fn anew<S: AsyncRead + AsyncWrite + Unpin>(
    talk: &mut Talk<'_, S>,
    opened: &Opened,
    after: Mark,
    most: usize,
) -> Result<Brought, Error> {
    let mark = here(talk, opened).await?;
    let Some(newest) = after.newest else { return Ok(Brought::News(vec![], mark)) };
    // Days are those of the server's own place.
    let since = newest.saturating_sub(SignedDuration::from_hours(36)).unwrap_or(Timestamp::MIN);
    let mut found = numbers(&talk.ask(&[plain(format!("UID SEARCH SINCE {}", day(since)))]).await?);
    found.drain(..found.len().saturating_sub(ANEW));
    let mut dated = messages(talk, opened.made, &found, "UID INTERNALDATE").await?;
    dated.retain(|message| message.came.is_some_and(|came| came > newest));
    dated.sort_by_key(|message| (message.came, message.id));
    let last = dated.get(most.saturating_sub(1)).and_then(|message| message.came);
    let more = last.is_some() && dated.len() > most;
    if more {
        dated.retain(|message| message.came <= last);
    }
    let mut uids: Vec<u32> = dated.iter().map(|message| message.id.message).collect();
    uids.sort_unstable();
    let messages = messages(talk, opened.made, &uids, HEADS).await?;
    let mark = if more { Mark { newest: last, ..after } } else { mark };
    Ok(Brought::News(messages, mark))
}

async fn fetch<S: AsyncRead + AsyncWrite + Unpin>(
    talk: &mut Talk<'_, S>,
    folder: &str,
    id: MessageId,
) -> Result<Brought, Error> {
    named(talk, folder, id, "EXAMINE").await?;
    let asked = "UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[]";
    let message = one(talk, id, asked).await?.ok_or_else(|| missing(talk, id))?;
    Ok(Brought::Message(message))
}

async fn mark<S: AsyncRead + AsyncWrite + Unpin>(
    talk: &mut Talk<'_, S>,
    folder: &str,
    id: MessageId,
    (read, flagged): (Option<bool>, Option<bool>),
) -> Result<Brought, Error> {
    named(talk, folder, id, "SELECT").await?;
    one(talk, id, "UID FLAGS").await?.ok_or_else(|| missing(talk, id))?;
    for (wanted, sign) in [(true, '+'), (false, '-')] {
        let flags = [(read, "\\Seen"), (flagged, "\\Flagged")];
        let flags: Vec<&str> =
            flags.iter().filter(|(set, _)| *set == Some(wanted)).map(|(_, flag)| *flag).collect();
        if !flags.is_empty() {
            let command = format!("UID STORE {} {sign}FLAGS.SILENT ({})", id.message, flags.join(" "));
            talk.act(&[plain(command)]).await?;
        }
    }
    let message = one(talk, id, "UID FLAGS").await?.ok_or_else(|| missing(talk, id))?;
    Ok(Brought::Message(message))
}

async fn move_to<S: AsyncRead + AsyncWrite + Unpin>(
    talk: &mut Talk<'_, S>,
    folder: &str,
    id: MessageId,
    to: &str,
) -> Result<Brought, Error> {
    offered(talk, "MOVE", "to move a message at once").await?;
    named(talk, folder, id, "SELECT").await?;
    one(talk, id, "UID").await?.ok_or_else(|| missing(talk, id))?;
    let command = plain(format!("UID MOVE {}", id.message));
    let said = talk.act(&[command, Part::Text(&encoded(to))]).await?;
    let moved = said.code("COPYUID").and_then(|code| {
        let [folder, _, message] = code else { return None };
        Some(MessageId { folder: folder.parse().ok()?, message: message.parse().ok()? })
    });
    Ok(Brought::Moved(moved))
}

async fn delete<S: AsyncRead + AsyncWrite + Unpin>(
    talk: &mut Talk<'_, S>,
    folder: &str,
    id: MessageId,
) -> Result<Brought, Error> {
    offered(talk, "UIDPLUS", "to delete one message and no other").await?;
    named(talk, folder, id, "SELECT").await?;
    let was_there = one(talk, id, "UID").await?.is_some();
    if was_there {
        talk.act(&[plain(format!("UID STORE {} +FLAGS.SILENT (\\Deleted)", id.message))]).await?;
        talk.act(&[plain(format!("UID EXPUNGE {}", id.message))]).await?;
    }
    Ok(Brought::Deleted(was_there))
}

/// Opens the folder that a message is named in.
async fn named<S: AsyncRead + AsyncWrite + Unpin>(
    talk: &mut Talk<'_, S>,
    folder: &str,
    id: MessageId,
    how: &'static str,
) -> Result<(), Error> {
    let opened = open(talk, folder, how).await?;
    if opened.made == id.folder {
        return Ok(());
    }
    let why = "it is another folder, or was made anew since the message was listed, and its messages have other ids";
    Err(talk.no(No::Missing, &[], &format!("`{folder}` has no such message: {why}")))
}

/// Refuses where the server cannot do what it takes.
async fn offered<S: AsyncRead + AsyncWrite + Unpin>(
    talk: &mut Talk<'_, S>,
    name: &str,
    what: &str,
) -> Result<(), Error> {
    if talk.capabilities().await?.iter().any(|word| word == name) {
        return Ok(());
    }
    Err(talk.no(No::Unknown, &[], &format!("it does not offer `{name}`, which it takes {what}")))
}

fn missing<S: AsyncRead + AsyncWrite + Unpin>(talk: &Talk<'_, S>, _: MessageId) -> Error {
    talk.no(No::Missing, &[], "the message is not in the folder any more")
}

/// One message, if it is there.
async fn one<S: AsyncRead + AsyncWrite + Unpin>(
    talk: &mut Talk<'_, S>,
    id: MessageId,
    asked: &str,
) -> Result<Option<Message>, Error> {
    Ok(messages(talk, id.folder, &[id.message], asked).await?.pop())
}

/// These messages, in this order, as far as they are there.
async fn messages<S: AsyncRead + AsyncWrite + Unpin>(
    talk: &mut Talk<'_, S>,
    made: u32,
    uids: &[u32],
    asked: &str,
) -> Result<Vec<Message>, Error> {
    let mut found: BTreeMap<u32, Message> = BTreeMap::new();
    for uids in uids.chunks(AT_ONCE) {
        let list: Vec<String> = uids.iter().map(ToString::to_string).collect();
        let said = talk.ask(&[plain(format!("UID FETCH {} ({asked})", list.join(",")))]).await?;
        for data in said.of("FETCH") {
            let Some(message) = attributes(data).of(made) else { continue };
            // Whatever else the server tells meanwhile was not asked.
            if !uids.contains(&message.id.message) {
                continue;
            }
            match found.get_mut(&message.id.message) {
                None => drop(found.insert(message.id.message, message)),
                Some(known) => known.add(message),
            }
        }
    }
    Ok(uids.iter().filter_map(|uid| found.remove(uid)).collect())
}

impl Message {
    /// What was told of it in a further answer.
    fn add(&mut self, more: Message) {
        if !more.flags.is_empty() {
            self.flags = more.flags;
        }
        self.came = more.came.or(self.came);
        self.size = more.size.or(self.size);
        if !more.raw.is_empty() {
            self.raw = more.raw;
        }
    }
}

/// What an answer tells of a message.
#[derive(Default)]
struct Attributes {
    uid: Option<u32>,
    flags: Vec<String>,
    came: Option<Timestamp>,
    size: Option<u32>,
    raw: Bytes,
}

impl Attributes {
    fn of(self, folder: u32) -> Option<Message> {
        let Attributes { uid, flags, came, size, raw } = self;
        Some(Message { id: MessageId { folder, message: uid? }, flags, came, size, raw })
    }
}

fn attributes(data: &Data) -> Attributes {
    let mut all = Attributes::default();
    let list = data.words.first().and_then(Word::list).unwrap_or_default();
    for pair in list.chunks_exact(2) {
        let [name, value] = pair else { continue };
        let Some(name) = name.atom().map(str::to_ascii_uppercase) else { continue };
        match name.as_str() {
            "UID" => all.uid = value.number(),
            "FLAGS" => {
                let flags = value.list().unwrap_or_default().iter();
                all.flags = flags.filter_map(|flag| flag.atom().map(str::to_owned)).collect();
            }
            "INTERNALDATE" => all.came = value.text().and_then(|text| time(&text)),
            "RFC822.SIZE" => all.size = value.number(),
            _ if name.starts_with("BODY[") => {
                if let Word::Text(bytes) = value {
                    all.raw = bytes.clone();
                }
            }
            _ => {}
        }
    }
    all
}

/// The numbers that a search found, each once, the smallest first.
fn numbers(said: &Said) -> Vec<u32> {
    let mut found: Vec<u32> =
        said.of("SEARCH").flat_map(|data| &data.words).filter_map(Word::number).collect();
    found.sort_unstable();
    found.dedup();
    found
}

impl Within {
    const fn name(self) -> &'static str {
        match self {
            Within::From => "FROM",
            Within::Subject => "SUBJECT",
            Within::Text => "TEXT",
            Within::To => "TO",
        }
    }
}

/// A day as a search names it.
fn day(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%-d-%b-%Y").to_string()
}

/// A time as servers write it: ` 1-Feb-2026 09:00:00 +0100`.
fn time(text: &str) -> Option<Timestamp> {
    strtime::parse("%d-%b-%Y %H:%M:%S %z", text.trim()).ok()?.to_timestamp().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_those_of_servers() {
        let at = time(" 1-Feb-2026 09:00:00 +0100").unwrap();
        assert_eq!(at.to_string(), "2026-02-01T08:00:00Z");
        assert_eq!(day(at), "1-Feb-2026");
        assert_eq!(time("17-Jul-1996 02:44:25 -0700").unwrap().to_string(), "1996-07-17T09:44:25Z");
        for wrong in ["", "NIL", "1996-07-17", "32-Jul-1996 02:44:25 -0700"] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }
}
